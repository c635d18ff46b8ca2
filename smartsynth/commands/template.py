"""The command `smartsynth template`: tables without real data."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from smartsynth import atomic
from smartsynth.commands.options import Quiet
from smartsynth.errors import ConfigError
from smartsynth.formats import count, number
from smartsynth.shell import command, safe, screen_of

if TYPE_CHECKING:
    from smartsynth.templates import Template
    from smartsynth.templates.calibration import Outcome
    from smartsynth.templates.figures import Compared
    from smartsynth.templates.real import Real

_FAR = 1.5
"""How many times as many rows as --scale asked for are told of."""


@command
def template(
    context: typer.Context,
    name: Annotated[
        str | None,
        typer.Argument(
            help="healthcare, finance, retail, or a YAML file that --copy made.", metavar="TEMPLATE", show_default=False
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder to write: a file for each table, schema.yaml, manifest.json."),
    ] = None,
    rows: Annotated[
        int | None,
        typer.Option(
            "--rows", "-n", min=1, help="Rows of the root table, such as patients or customers; 1000 if not given."
        ),
    ] = None,
    scale: Annotated[
        int | None, typer.Option("--scale", min=1, help="Instead of -n: about so many rows of all tables together.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, help="Same seed, same bytes. Drawn and written down if not given.")
    ] = None,
    locale: Annotated[
        str | None,
        typer.Option(
            "--locale", help="Language of names and addresses, such as de or en-gb; that of the template if not given."
        ),
    ] = None,
    format: Annotated[str, typer.Option("--format", help="csv or parquet.")] = "csv",
    calibrate: Annotated[
        list[str] | None,
        typer.Option(
            "--calibrate",
            metavar="TABLE=DATA",
            help="Move columns to the distributions of real data, or of a profile that `smartsynth profile --json` wrote. May be repeated.",
        ),
    ] = None,
    copy: Annotated[
        Path | None, typer.Option("--copy", help="YAML file to write: the template to change, calibrated if asked for.")
    ] = None,
    show: Annotated[bool, typer.Option("--show", help="Print the template as YAML.")] = False,
    list_: Annotated[bool, typer.Option("--list", help="List the templates that come along.")] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print the manifest as one JSON object on standard output.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Make tables without real data, from public figures that a template names: patients, accounts, orders."""
    from smartsynth import templates

    screen = screen_of(context, quiet=quiet)
    if list_:
        screen.show([_listed()])
        return
    if name is None:
        raise typer.BadParameter("TEMPLATE is missing. `smartsynth template --list` names those that come along.")
    if output is None and copy is None and not show:
        raise typer.BadParameter("--output, --copy or --show is missing: nothing would come of it.")
    if rows is not None and scale is not None:
        raise typer.BadParameter("-n and --scale both say how many rows to make. Give one of them.")
    if output == Path("-"):
        raise typer.BadParameter("--output must be a folder: there are several tables.")
    if show and json:
        raise typer.BadParameter("--show and --json would both write to standard output.")
    said = templates.load(name)
    if calibrate:
        said, outcomes = _calibrated(said, calibrate)
        screen.note(*_outcomes(outcomes))
    text = said.to_yaml() if calibrate else templates.path_of(name).read_text("utf-8")
    if show:
        screen.data(text.encode())
    if copy is not None:
        _write_copy(copy, text)
        screen.note(f"Wrote {copy}. `smartsynth template {copy} -n 1000 -o FOLDER` makes its tables.")
    if output is None:
        return
    seed = secrets.randbelow(2**31) if seed is None else seed
    if scale is not None:
        rows = templates.roots_for(said, scale, seed=seed, locale=locale)
    with screen.progress() as progress:
        made = templates.make(said, output, rows or 1000, seed=seed, locale=locale, format=format, progress=progress)
    if scale is not None and sum(made.rows.values()) > scale * _FAR:
        screen.note(_more_than_asked(said, made.rows, scale))
    screen.note(*_made(made.rows, made.figures), str(made.manifest["basis"]), f"Wrote {output} (seed {seed}).")
    if json:
        screen.answer(dict(made.manifest))


def _more_than_asked(said: Template, rows: Mapping[str, int], scale: int) -> str:
    """Why there are more rows than were asked for."""
    fixed = [name for name in rows if said.is_fixed(name)]
    kept = (
        f" Tables of fixed size ({', '.join(fixed)}) have {count(sum(rows[name] for name in fixed))}." if fixed else ""
    )
    return (
        f"--scale {scale} asked for {count(scale)} rows, and there are {count(sum(rows.values()))}: {count(rows[said.root])} "
        f"of {said.root!r} with what belongs to them.{kept}"
    )


def _listed() -> Table:
    from smartsynth import templates

    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("Template", "What it is", "Rows asked for", "Tables"):
        table.add_column(title, no_wrap=title == "Template")
    for name in templates.names():
        said = templates.load(name)
        table.add_row(name, said.title, said.root, ", ".join(one for one, part in said.tables.items() if part.keep))
    return table


def _write_copy(path: Path, text: str) -> None:
    if path.exists():
        raise ConfigError(f"copy={str(path)!r} is there already. Name a new file.")
    atomic.write_file(path, text)


def _calibrated(said: Template, wanted: Sequence[str]) -> tuple[Template, tuple[Outcome, ...]]:
    """The template moved to the data of TABLE=DATA[,TABLE2=DATA2]; a table that is not named is the one that fits best."""
    from smartsynth.templates.calibration import best_table
    from smartsynth.templates.calibration import calibrate as moved

    real = {}
    for part in (part for one in wanted for part in one.split(",")):
        table, equals, path = part.partition("=")
        columns = _real(path if equals else part)
        real[table if equals else best_table(said, columns)] = columns
    return moved(said, real)


def _real(path: str) -> list[Real]:
    from smartsynth import ingest
    from smartsynth.templates.real import columns_of, columns_of_profile, is_profile

    if is_profile(Path(path)):
        return columns_of_profile(Path(path))
    data = ingest.read(path)
    return columns_of(data.frame, data.schema)


def _outcomes(outcomes: Sequence[Outcome]) -> Iterator[Table | str]:
    """What was calibrated, with its distance before and after; and what was not, and why."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("Column", "In the data", "Measure", "Distance before", "after"):
        table.add_column(title, justify="right" if title in ("Distance before", "after") else "left", no_wrap=True)
    done = [one for one in outcomes if not one.reason]
    for one in done:
        place = f"{one.table}.{one.column}"
        table.add_row(safe(place), safe(one.real), one.measure, number(one.before), number(one.after))
    if done:
        yield table
        yield "Distances are to the real data: 0 is equal, 1 is apart (KS of numbers, TV of categories)."
    yield from (
        f"Not calibrated: {one.table}.{one.column or one.real}, because {one.reason}." for one in outcomes if one.reason
    )


def _made(rows: Mapping[str, int], figures: Sequence[Compared]) -> Iterator[Table | str]:
    """The rows of each table, and published figures beside the same of these rows."""
    yield f"{count(sum(rows.values()))} rows: {', '.join(f'{name} {count(n)}' for name, n in rows.items())}."
    if not figures:
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("Figure", "Published", "Made", "± chance", "Source"):
        table.add_column(title, justify="left" if title in ("Figure", "Source") else "right", no_wrap=title != "Figure")
    for one in figures:
        values = (number(one.figure.cited), number(one.made), number(2 * one.error))
        source = one.figure.source if one.is_near else f"{one.figure.source}  (off)"
        table.add_row(safe(one.figure.what), *values, source, style=None if one.is_near else "yellow")
    yield table
    yield "± chance is two standard errors of what was made."
    if not all(one.is_near for one in figures):
        yield "(off) marks what is off by more than chance and the template allow."
