"""How commands talk to a shell: data on stdout, everything else on stderr, one exit code per outcome.

stdout   the data or the answer, nothing else
stderr   progress (only on a terminal), notes, errors
exit     0 done · 2 wrong usage · 3 unusable data · 4 wrong setting · 5 optional part not installed
         6 privacy promise not kept · 7 a score is worse than asked for, nothing is gained, or rows are not made again ·
         130 cancelled · 1 anything else
"""

from __future__ import annotations

import functools
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ParamSpec, TextIO, TypeVar, cast

import typer
from rich.console import Console
from rich.table import Table

from smartsynth.errors import TOO_LITTLE_MEMORY, Cancelled, SmartSynthError, lacks_memory, outcome
from smartsynth.formats import MISSING, are_years, count, moment, number, percent, plain, span, year
from smartsynth.progress import Progress, silent

if TYPE_CHECKING:
    from pathlib import Path

    from smartsynth.facts import Battery, ColumnProfile, Evaluation, Profile, Race, RuleFact, SequenceProfile
    from smartsynth.parts import PartsEvaluation
    from smartsynth.privacy.audit import Entry
    from smartsynth.privacy.spending import Spent
    from smartsynth.result import Result
    from smartsynth.sketches import Whole

P = ParamSpec("P")
R = TypeVar("R")
NOT_GOOD_ENOUGH = 7
FILE_WIDTH = 140
"""Columns of tables that go to a file or a pipe."""


@dataclass(frozen=True, slots=True)
class Screen:
    """The two streams of one command."""

    quiet: bool = False
    color: bool = True
    debug: bool = False

    @property
    def out(self) -> Console:
        return self._console(sys.stdout)

    @property
    def err(self) -> Console:
        return self._console(sys.stderr)

    def _console(self, stream: TextIO) -> Console:
        width = None if stream.isatty() else FILE_WIDTH
        colour = None if self.color else True
        return Console(file=stream, no_color=colour, highlight=False, markup=False, emoji=False, width=width)

    def note(self, *parts: Table | str) -> None:
        """Lines and tables for the person at the terminal."""
        if not self.quiet:
            _print(self.err, parts)

    def fail(self, *lines: str) -> None:
        """What went wrong, also for those who want no notes."""
        for line in lines:
            self.err.print(safe(line), soft_wrap=True, style="red")

    def show(self, parts: Iterable[Table | str]) -> None:
        """The answer, for a person."""
        _print(self.out, parts)

    def answer(self, value: Any) -> None:
        """One JSON object on stdout."""
        sys.stdout.write(json.dumps(value, ensure_ascii=False, allow_nan=False, indent=2) + "\n")

    def data(self, content: bytes) -> None:
        """Data on stdout, byte for byte."""
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()

    @contextmanager
    def progress(self) -> Iterator[Progress]:
        """A progress callback that can be interrupted; drawn as a bar if stderr is a terminal."""
        with _interruptible(self) as check:
            if self.quiet or not sys.stderr.isatty():
                yield check
                return
            with _bar(self.err) as draw:

                def report(fraction: float, message: str = "", /) -> None:
                    check(fraction, message)
                    draw(fraction, message)

                yield report


def safe(text: str) -> str:
    """A text that came from data: no control characters of it reach the terminal. Markup means nothing there (`Screen`)."""
    return "".join(c if c.isprintable() or c == "\n" else " " for c in text)


def _print(console: Console, parts: Iterable[Table | str]) -> None:
    for item in parts:
        console.print(safe(item) if isinstance(item, str) else item, soft_wrap=isinstance(item, str))


@contextmanager
def _bar(console: Console) -> Iterator[Progress]:
    from rich import progress

    columns = (
        progress.TextColumn("{task.description}", markup=False), progress.BarColumn(), progress.TaskProgressColumn(),
        progress.TimeRemainingColumn(compact=True, elapsed_when_finished=True),
    )  # fmt: skip
    with progress.Progress(*columns, console=console, transient=True) as bars:
        task = bars.add_task("Starting", total=1.0)

        def draw(fraction: float, message: str = "", /) -> None:
            bars.update(task, completed=fraction, description=safe(message)[:60].ljust(40))

        yield draw


@contextmanager
def _interruptible(screen: Screen) -> Iterator[Progress]:
    """A callback that raises Cancelled after Ctrl-C, so that work stops between two steps; a second one is at once."""
    asked = False

    def ask(signum: int, frame: object) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        screen.note("Stopping after this step. Press Ctrl-C again to stop at once.")

    def check(fraction: float, message: str = "", /) -> None:
        if asked:
            raise Cancelled("Cancelled. Nothing was kept.")

    try:
        before = signal.signal(signal.SIGINT, ask)
    except ValueError:  # only the main thread may handle signals
        yield silent
        return
    try:
        yield check
    finally:
        signal.signal(signal.SIGINT, before)


def screen_of(context: typer.Context, *, quiet: bool = False) -> Screen:
    """The screen that the global options ask for."""
    shared: dict[str, Any] = context.obj or {}
    return Screen(quiet=quiet, **shared)


def command(function: Callable[P, R]) -> Callable[P, R]:
    """Turns errors into one line on stderr and an exit code; a closed pipe ends the command in silence.

    The function takes the `typer.Context` as `context`.
    """

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        screen = screen_of(cast("typer.Context", kwargs["context"]))
        try:
            result = function(*args, **kwargs)
            sys.stdout.flush()
            return result
        except (typer.Exit, typer.BadParameter):
            raise
        except BrokenPipeError:
            # Whoever reads our output has seen enough. Python would complain again when it flushes at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(0) from None
        except (Exception, KeyboardInterrupt) as error:
            raise _exit(error, screen) from None

    return run


def _exit(error: BaseException, screen: Screen) -> typer.Exit:
    if screen.debug:
        traceback.print_exception(error)
    screen.fail(_message(error))
    return typer.Exit(outcome(error).exit_code)


def _message(error: BaseException) -> str:
    if isinstance(error, Cancelled | KeyboardInterrupt):
        return str(error) or "Cancelled. Nothing was kept."
    if isinstance(error, SmartSynthError):
        return f"{type(error).__name__}: {error}"
    if lacks_memory(error):
        return TOO_LITTLE_MEMORY
    if isinstance(error, OSError) and error.strerror:
        return f"{type(error).__name__}: {error.strerror}: {error.filename or ''}"
    # The text of an unforeseen error may hold cells of the data.
    return (
        f"Internal error ({type(error).__name__}). `smartsynth --debug …` shows where, and may show cells of your data."
    )


FOR_THE_OWNER = (
    "The scores, the profile and the report were made of the real rows without noise: they are for you, not for those who "
    "get the synthetic rows."
)


def result_parts(result: Result, written: Sequence[Path]) -> Iterator[Table | str]:
    """What a run did: the generator and why, what the filter removed, the main scores, the files."""
    yield from result.synthetic.source.notes
    yield f"Generator: {result.choice.generator}. {' '.join(result.choice.reasons)}"
    if result.choice.race is not None:
        yield from race_parts(result.choice.race)
    if result.filter is not None:
        done, schema = result.filter, result.synthetic.schema
        yield (
            f"Privacy filter: {count(done.checked)} {schema.records} checked, {count(done.removed)} removed "
            f"({count(done.exact_copies)} copies, {count(done.too_close)} too close, {count(done.decoys)} decoys)."
        )
        yield from done.notes
    if told := [one for one in result.identifiers if one.treatment != "keep"]:
        yield f"Columns that say who somebody is: {', '.join(f'{plain(one.column)} ({one.treatment})' for one in told)}."
    if result.recoding is not None:
        yield f"Rows made {result.recoding.sentence()}"
    yield from rule_parts(result.rules)
    yield f"Privacy: {result.ledger.statement()}"
    if result.ledger.measured and {entry.stage for entry in result.ledger.open} == {"schema"}:
        yield "If they are public knowledge, say so with --public-schema (privacy.public_schema: true)."
    if result.ledger.measured and result.evaluation is not None:
        yield FOR_THE_OWNER
    if result.evaluation is not None:
        yield from evaluation_parts(result.evaluation, headline_only=True)
    seconds = ", ".join(f"{name.lower()} {value:.1f} s" for name, value in result.timings.items() if value >= 0.05)
    yield f"\nSeed {result.config.seed}. Time: {seconds}."
    if written:
        yield f"Wrote {', '.join(_briefly(written))}."


def rule_parts(rules: Sequence[RuleFact]) -> Iterator[str]:
    """What rules took, and which of them rows break."""
    from smartsynth.facts import rule_sentences

    return rule_sentences(rules)


def _briefly(written: Sequence[Path]) -> Iterator[str]:
    """Files by their paths; images by how many there are in a folder."""
    pictures = [path for path in written if path.suffix == ".png"]
    yield from (str(path) for path in written if path.suffix != ".png")
    if pictures:
        yield f"{count(len(pictures))} images below {os.path.commonpath([path.parent for path in pictures])}"


def race_parts(race: Race) -> Iterator[Table | str]:
    """The leaderboard of a race, with its yardsticks in the last line."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("Place", "Generator", "Score", "Detection", race.measure or "Utility", "Closeness", "Time"):
        table.add_column(title, justify="left" if title == "Generator" else "right", no_wrap=True)
    for place, one in enumerate(race.contenders, 1):
        values = (number(value) for value in (one.score, one.detection, one.utility, one.closeness))
        time = span(one.seconds) if one.finished else MISSING
        table.add_row(str(place) if one.finished else MISSING, safe(one.label), *values, time)
    table.add_row("", "real rows", "", number(race.detection), number(race.utility), number(0.5), "", style="dim")
    yield table
    yield (
        f"Each learnt {count(race.rows)} rows and was judged by {count(race.judged)} others; {span(race.seconds)} of "
        f"{span(race.budget)} were used."
    )
    yield from (f"{one.label}: {one.reason}" for one in race.contenders if not one.finished)


def evaluation_parts(evaluation: Evaluation, *, headline_only: bool = False) -> Iterator[Table | str]:
    """The scores, each beside its yardstick; then the verdicts and what was not shown."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("Score")
    table.add_column("Key", no_wrap=True, style="dim")
    table.add_column("Value", justify="right", no_wrap=True)
    table.add_column("Yardstick", justify="right", no_wrap=True)
    table.add_column("Better")
    family = None
    for score in evaluation.scores:
        if headline_only and not score.headline:
            continue
        if score.family is not family:
            family = score.family
            table.add_row(family.value.capitalize(), style="bold")
        values = number(score.value), number(score.reference)
        table.add_row(f"  {safe(score.name)}", safe(score.key), *values, score.better.value)
    yield table
    yield "The yardstick is the same measure of real training data against real data kept aside."
    if evaluation.battery is not None and evaluation.battery.attacks and not headline_only:
        yield attack_table(evaluation.battery)
        yield (
            "An advantage of 0 is a guess, 1 finds everybody; the surest come first. p is of one attack, p, corrected of all "
            "together, and the verdict goes by that."
        )
    yield from (f"{family.capitalize()}: {sentence}" for family, sentence in evaluation.verdict.items())
    yield from (f"Limit: {sentence}" for sentence in evaluation.limits)


def leaks(evaluation: Evaluation | None) -> str | None:
    """Why --fail-on-leakage ends a command; None if the attacks were made and found no leakage."""
    from smartsynth.facts import Outcome

    if evaluation is None:
        return "--fail-on-leakage: the rows were not evaluated (evaluate.enabled=False), so nothing is known."
    if evaluation.battery is not None and evaluation.battery.outcome is Outcome.PASS:
        return None
    return f"--fail-on-leakage: {evaluation.verdict['privacy']}"


def attack_table(battery: Battery) -> Table:
    """What each attack gained over a guess, the surest first."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("Attack")
    for title in ("Advantage", "95% interval", "p", "p, corrected"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("Outcome")
    for attack in battery.attacks:
        low, high = attack.interval
        table.add_row(
            safe(attack.name), number(attack.advantage), f"{number(low)} to {number(high)}", number(attack.p), number(attack.corrected),
            attack.outcome.value,
        )  # fmt: skip
    return table


def parts_of_output(found: PartsEvaluation) -> Iterator[Table | str]:
    """The spread of each score over the parts, and the parts that hold what they must not."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("Score")
    for title in ("Best", "Median", "Worst", "Yardstick"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("Worst part", no_wrap=True)
    for one in found.spreads:
        figures = [number(value) for value in (one.best, one.median, one.worst, one.reference)]
        table.add_row(safe(one.name), *figures, safe(one.worst_part))
    yield table
    yield "The yardstick is the same measure of real training data against real data kept aside."
    yield f"{count(len(found.parts))} parts, {count(found.rows)} rows. Privacy: {found.outcome.value}."
    for part in found.parts:
        if part.name in found.leaking:
            yield f"{plain(part.name)}: {part.sentence}"


def generator_table(rows: Iterable[Mapping[str, Any]]) -> Table:
    """The generators with what each is for and what it needs."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("Name", "For", "Needs"):
        table.add_column(title)
    for row in rows:
        needs = "" if row["installed"] else f"pip install 'smartsynth[{row['extra']}]'"
        table.add_row(row["name"], safe(row["summary"]), safe(needs))
    return table


def budget_table(found: Iterable[Spent]) -> Table:
    """What each data set has spent, the last first."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("Data set")
    for title in ("Releases", "ε in all", "δ in all"):
        table.add_column(title, justify="right")
    table.add_column("Last")
    for spent in found:
        table.add_row(
            safe(spent.dataset), count(spent.releases), number(spent.epsilon), f"{spent.delta:.2g}", spent.last
        )
    return table


def key_table(keys: Iterable[Any]) -> Table:
    """API keys, the oldest first."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("Key", "Name", "May", "Account", "Made", "Expires", "State"):
        table.add_column(title)
    for key in keys:
        state = "revoked" if key.revoked is not None else "open" if key.holds else "expired"
        until = "never" if key.expires is None else moment(key.expires)
        table.add_row(key.id, safe(key.name), key.scope, key.account, moment(key.created), until, state)
    return table


def audit_table(entries: Iterable[Entry]) -> Table:
    """What was done, the last at the end."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("No.", "Time", "Who", "What", "Details"):
        table.add_column(title, justify="right" if title == "No." else "left")
    for entry in entries:
        details = ", ".join(f"{name} {value}" for name, value in entry.what.items())
        table.add_row(str(entry.seq), entry.time[:19], safe(entry.actor), safe(entry.action), safe(details))
    return table


def _whole_table(whole: Whole) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("Column")
    for title in ("Missing", "Distinct", "5 %", "Median", "95 %"):
        table.add_column(title, justify="right", no_wrap=True)
    for column in whole.columns:
        shown = [number(column.quantiles[i]) for i in (1, 3, 5)] if column.quantiles else ["", "", ""]
        share = percent(column.missing / max(whole.rows, 1))
        table.add_row(safe(plain(column.name)), share, f"~{count(column.distinct)}", *shown)
    return table


def profile_parts(profile: Profile) -> Iterator[Table | str]:
    """A profile for a terminal: its size, its columns, its alerts worst first, its strongest associations."""
    missing = percent(profile.missing_cells / max(profile.rows * len(profile.columns), 1))
    yield (
        f"{count(profile.rows)} rows, {len(profile.columns)} columns, {missing} of the cells missing, "
        f"{count(profile.duplicate_rows)} duplicate rows"
    )
    columns = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("Column", "Kind", "Meaning", "Missing", "Distinct", "Typical", "Notes"):
        columns.add_column(title, justify="right" if title in ("Missing", "Distinct") else "left")
    for column in profile.columns:
        role = None if column.role == "feature" else column.role
        columns.add_row(
            safe(plain(column.name)), column.kind, ", ".join(filter(None, (column.semantic, role))),
            percent(column.missing / max(column.count, 1)), count(column.distinct), safe(_typical(column)),
            ", ".join(column.flags),
        )  # fmt: skip
    yield columns
    if profile.sequence is not None:
        yield from _sequence_parts(profile.sequence)
    from smartsynth import image_words, text_words

    for pictures in profile.images:
        yield from _facts(image_words.heading(pictures), image_words.facts_of(pictures))
    for text in profile.texts:
        yield from _facts(text_words.heading(text), text_words.facts_of(text))
    if profile.whole is not None:
        yield f"\nAll {count(profile.whole.rows)} rows, of which the above is a draw"
        yield _whole_table(profile.whole)
        yield "Quantiles are right within 0.5 % of the rows, distinct values within 3 %."
    if profile.alerts:
        alerts = Table(box=None, pad_edge=False, show_header=False)
        for alert in profile.alerts:
            alerts.add_row(alert.severity.value, safe(plain(alert.column)) if alert.column else "", safe(alert.message))
        yield "\nAlerts, worst first"
        yield alerts
    if profile.associations:
        pairs = Table(box=None, pad_edge=False, show_header=False)
        for pair in sorted(profile.associations, key=lambda pair: -pair.value)[:5]:
            pairs.add_row(f"{safe(plain(pair.left))} – {safe(plain(pair.right))}", number(pair.value), pair.measure)
        yield "\nStrongest associations"
        yield pairs


def _sequence_parts(sequence: SequenceProfile) -> Iterator[Table | str]:
    """What the rows are along time: entities and times, then the numbers that change."""
    from smartsynth import sequence_words

    yield f"\n{sequence_words.heading(sequence)}"
    about = Table(box=None, pad_edge=False, show_header=False)
    for name, text in sequence_words.facts_of(sequence):
        about.add_row(name, safe(text))
    yield about
    if sequence.channels:
        channels = Table(box=None, pad_edge=False, header_style="bold")
        for title in sequence_words.CHANNEL_HEADER:
            channels.add_column(title, justify="right" if title == "Next row" else "left")
        for channel in sequence.channels:
            channels.add_row(*map(safe, sequence_words.channel_row(channel)))
        yield ""
        yield channels


def _facts(heading: str, facts: Sequence[tuple[str, str]]) -> Iterator[Table | str]:
    """What a column of texts or images holds."""
    yield f"\n{heading}"
    about = Table(box=None, pad_edge=False, show_header=False)
    for name, said in facts:
        about.add_row(name, safe(said))
    yield about


def _typical(column: ColumnProfile) -> str:
    """The commonest level, or the middle half of the numbers. Exact extremes are never shown."""
    if column.levels:
        value, share = column.levels[0]
        return f"{plain(value)} ({percent(share)})"
    low, high = column.statistics.get("q25"), column.statistics.get("q75")
    if low is None or high is None:
        return ""
    writers: dict[str, Callable[[float], str]] = {"datetime": moment, "duration": span}
    write = writers.get(column.kind, year if are_years(column.name, low, high) else number)
    return f"{write(low)} to {write(high)}"
