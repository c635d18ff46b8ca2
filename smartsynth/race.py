"""The race: generators learn a part of the training data within a budget of time, rows kept aside judge them, the best
one learns all of it.

    train ──▶ learn 80 % ──▶ each generator, in a child process that ends when its time is over ──▶ rows
          └─▶ judge 20 % ──▶ detection, utility, closeness ──▶ leaderboard ──▶ the best one learns everything

The cheapest generator comes first, so that there is a model however little time there is; then the most promising ones.
The time that the best one so far needs to learn everything is kept for it. Where that is not enough, what the winner learnt
in the race is its model. The judging rows are training
rows: the holdout of the run is never touched.
"""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, TimeoutError
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from loky import ProcessPoolExecutor

from smartsynth import registry, selector
from smartsynth.cluster import cluster, packed, unpack
from smartsynth.errors import Cancelled, ConfigError, SmartSynthError
from smartsynth.facts import Choice, Contender, Profile, Race
from smartsynth.formats import number, span
from smartsynth.metrics import utility
from smartsynth.metrics.detection import detection_auc
from smartsynth.metrics.rows import prepared
from smartsynth.models.base import Generator
from smartsynth.models.ruled_generator import keeping
from smartsynth.privacy import attacks
from smartsynth.privacy.neighbours import MixedDistance
from smartsynth.progress import Progress, silent
from smartsynth.schema import Schema

JUDGED_SHARE = 0.2
MOST_JUDGES = 5_000
TOO_NEAR = 0.05
"""A closeness so far above 0.5, beyond chance, puts a generator behind all that are not."""
LEAST_EFFORT = 0.03
"""A generator whose effort can be set is not worth a try with less of it."""
LEARN_ALL = 1.35
"""Time to learn everything, over the time to learn the racing part: a quarter more rows, and a margin."""
PATIENCE = 3.0
"""A generator is stopped after so many times the time that it was expected to take, or when it could not learn everything
in what is left, whichever comes later."""
LAST_SECONDS = 0.04
"""Share of the budget that is left for reading the model back."""
TICK = 0.1
OUT_OF_TIME = "Out of time:"


def run(
    train: pd.DataFrame,
    schema: Schema,
    profile: Profile,
    *,
    budget: float,
    seed: int = 0,
    refine: bool = False,
    candidates: Sequence[str] | None = None,
    engine: str = "local",
    rules: Sequence[Any] = (),
    k: int = 5,
    progress: Progress | None = None,
) -> tuple[Choice, Generator]:
    """The best generator for these data that `budget` seconds allow, fitted, with the leaderboard.

    Args:
        train: Rows to learn from.
        schema: Their columns.
        profile: What they look like; says the target and how long generators take.
        budget: Seconds of wall clock for everything.
        seed: Same seed, same split and models; which generators finish depends on the machine.
        refine: Whether every generator is refined; otherwise each that can be races with and without.
        candidates: Names of generators; all of them if not given.
        engine: `local` for one generator after the other on this machine, or `ray` for all of them side by side on a cluster
            (see `cluster.cluster`).
        rules: What every row keeps, whoever makes it (constraints.py), and functions.
        k: Combinations that fewer rows share do not come back where rules fix them.
        progress: Called with the share of the budget that is used; may raise `Cancelled`.

    Raises:
        ConfigError: No generator finished in time.
    """
    clock = _Clock(budget, progress or silent)
    jury = _Jury(train, schema, profile.target, seed)
    kept = _Kept(tuple(rules), k)
    lanes: type[_Lane | _Cluster] = _Cluster if engine == "ray" else _Lane
    with tempfile.TemporaryDirectory(prefix="smartsynth-race-") as folder, lanes(clock, Path(folder), kept) as lane:
        heats: list[_Heat] = []
        entries, left_out = _entries(
            replace(profile, rows=len(jury.learn)), candidates or registry.generators(), refine
        )
        if not entries:
            why = "; ".join(f"{one.label}: {one.reason}" for one in left_out)
            raise ConfigError(f"budget={budget:g}: no generator can race on {len(jury.learn)} rows. {why}")
        if isinstance(lane, _Cluster):
            heats = _side_by_side(entries, jury, lane, clock, schema, seed)
        else:
            for entry in entries:
                heats.append(_heat(entry, jury, lane, clock, heats, schema, seed))
        best = _ranked(heats)[0]
        if not best.contender.finished:
            why = "; ".join(f"{heat.contender.label}: {heat.contender.reason}" for heat in heats)
            raise ConfigError(f"budget={budget:g}: no generator finished within {span(budget)}. {why}")
        whole = lane.learn(best.entry, train, schema, seed, rows=0, until=clock.end)
        checks = [rule for rule in rules if callable(rule)]
        model = registry.load(whole.folder if isinstance(whole, _Learnt) else best.folder, checks=checks)
    ranked = tuple(heat.contender for heat in _ranked(heats)) + left_out
    found = Race(
        budget, clock.used, len(jury.learn), len(jury.judge), jury.measure, jury.detection, jury.utility, ranked
    )
    return _choice(found, "" if isinstance(whole, _Learnt) else whole), model


@dataclass(frozen=True, slots=True)
class _Kept:
    """Rules that every entry keeps, and from how many rows on a combination may come back."""

    rules: tuple[Any, ...]
    k: int


@dataclass(frozen=True, slots=True)
class _Entry:
    """A generator that enters the race, its options, and about how long it takes."""

    generator: str
    refined: bool
    options: Mapping[str, Any]
    seconds: float


@dataclass(frozen=True, slots=True)
class _Learnt:
    """What a child process left behind."""

    folder: Path
    rows: pd.DataFrame | None
    seconds: float


@dataclass(frozen=True, slots=True)
class _Heat:
    """How an entry did."""

    entry: _Entry
    contender: Contender
    folder: Path
    is_near: bool


class _Clock:
    """What is left of the budget."""

    def __init__(self, budget: float, progress: Progress) -> None:
        self.start = time.monotonic()
        self.budget = budget
        self.end = self.start + budget * (1 - LAST_SECONDS)
        self._progress = progress

    @property
    def used(self) -> float:
        return time.monotonic() - self.start

    @property
    def left(self) -> float:
        return self.end - time.monotonic()

    def tick(self, message: str) -> None:
        self._progress(min(self.used / self.budget, 1.0), message)


def _entries(profile: Profile, names: Sequence[str], refine: bool) -> tuple[list[_Entry], tuple[Contender, ...]]:
    """Who races, the cheapest first and then the most promising, and who cannot."""
    machine = selector.machine()
    found, left_out = [], []
    for name in names:
        cls = registry.generator_class(name)
        if cls.dp:
            left_out.append(_without(_Entry(name, False, {}, 0.0), "Left out: its noise is for differential privacy."))
            continue
        why = selector.refusal(cls, profile, machine)
        if why is not None:
            left_out.append(_without(_Entry(name, False, {}, 0.0), f"Left out: it {why}."))
            continue
        seconds = selector.seconds(cls, profile, machine)
        ways = [False] if cls.refines else [True] if refine else [False, True]
        found += [_Entry(name, way, {}, seconds + 10.0 * way) for way in ways]
    if not found:
        return [], tuple(left_out)
    cheapest = min(found, key=lambda entry: entry.seconds)
    others = [entry for entry in found if entry is not cheapest]
    others.sort(key=lambda entry: -registry.generator_class(entry.generator).quality)
    return [cheapest, *others], tuple(left_out)


def _heat(
    entry: _Entry, jury: _Jury, lane: _Lane, clock: _Clock, before: Sequence[_Heat], schema: Schema, seed: int
) -> _Heat:
    """One entry learns the racing rows, as long as the budget allows, and is judged."""
    done = [heat for heat in before if heat.contender.finished]
    if any(heat.entry.generator == entry.generator and not heat.contender.finished for heat in before):
        return _Heat(entry, _without(entry, "Not tried: there are no rows of it without refinement."), Path(), False)
    reserve = LEARN_ALL * _ranked(done)[0].contender.seconds if done else 0.0
    left = clock.left - jury.seconds - reserve
    most = min(left, max(left / (1 + LEARN_ALL), PATIENCE * entry.seconds))
    entry = _scaled(entry, left / (1 + LEARN_ALL))
    if entry.seconds * LEAST_EFFORT > most or (entry.seconds > 4 * most and done):
        return _Heat(entry, _without(entry, _no_time(entry, most)), Path(), False)
    learnt = lane.learn(entry, jury.learn, schema, seed, rows=len(jury.judge), until=time.monotonic() + most)
    if not isinstance(learnt, _Learnt) or learnt.rows is None:
        return _Heat(entry, _without(entry, str(learnt)), Path(), False)
    clock.tick(f"Judging {entry.generator}")
    contender, is_near = jury.judged(entry, learnt.rows, learnt.seconds)
    return _Heat(entry, contender, learnt.folder, is_near)


def _side_by_side(
    entries: Sequence[_Entry], jury: _Jury, field: _Cluster, clock: _Clock, schema: Schema, seed: int
) -> list[_Heat]:
    """All entries learn the racing rows at once, and are judged one after the other."""
    most = (clock.left - len(entries) * jury.seconds) / (1 + LEARN_ALL)
    until, heats = time.monotonic() + most, []
    shared = field.shared(jury.learn)
    running = []
    for entry in (_scaled(entry, most) for entry in entries):
        if entry.seconds * LEAST_EFFORT > most or entry.seconds > 4 * most:
            heats.append(_Heat(entry, _without(entry, _no_time(entry, most)), Path(), False))
        else:
            running.append((entry, field.start(entry, shared, schema, seed, rows=len(jury.judge))))
    for entry, job in running:
        learnt = field.result(entry, job, until)
        if not isinstance(learnt, _Learnt) or learnt.rows is None:
            heats.append(_Heat(entry, _without(entry, str(learnt)), Path(), False))
            continue
        clock.tick(f"Judging {entry.generator}")
        contender, is_near = jury.judged(entry, learnt.rows, learnt.seconds)
        heats.append(_Heat(entry, contender, learnt.folder, is_near))
    return heats


def _scaled(entry: _Entry, most: float) -> _Entry:
    """The entry with its effort cut to what fits in `most` seconds, if its effort can be set."""
    cls = registry.generator_class(entry.generator)
    if entry.seconds <= most or not cls.effort:
        return entry
    share = max(most / entry.seconds, LEAST_EFFORT) * 0.8
    options = {name: max(1, round(usual * share)) for name, usual in cls.effort.items()}
    return replace(entry, options=options, seconds=entry.seconds * share)


def _no_time(entry: _Entry, most: float) -> str:
    left = span(max(most, 0.0))
    return f"Not tried: it would take about {span(entry.seconds)}, and {left} were left for it. Give more time."


def _without(entry: _Entry, reason: str) -> Contender:
    nan = math.nan
    return Contender(entry.generator, entry.refined, dict(entry.options), False, nan, nan, nan, nan, nan, reason)


class _Lane:
    """Runs one generator at a time in a child process that can be ended."""

    def __init__(self, clock: _Clock, folder: Path, kept: _Kept) -> None:
        self._clock, self._folder, self._kept = clock, folder, kept
        self._pool: ProcessPoolExecutor | None = None
        self._count = 0

    def __enter__(self) -> _Lane:
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop()

    def _stop(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, kill_workers=True)
            self._pool = None

    def learn(
        self, entry: _Entry, data: pd.DataFrame, schema: Schema, seed: int, *, rows: int, until: float
    ) -> _Learnt | str:
        """The fitted generator and `rows` rows, or why there are none."""
        self._pool = self._pool or ProcessPoolExecutor(max_workers=1)
        self._count += 1
        folder, label = self._folder / str(self._count), _without(entry, "").label
        job = self._pool.submit(
            _learn, entry.generator, dict(entry.options), entry.refined, data, schema, seed, rows, self._kept, folder
        )  # fmt: skip
        began = time.monotonic()
        try:
            made, seconds = _result(job, until, lambda: self._clock.tick(f"Racing {label}"))
            return _Learnt(folder, made, seconds)
        except TimeoutError:
            self._stop()
            return f"{OUT_OF_TIME} it was stopped after {span(time.monotonic() - began)}. Give more time."
        except Cancelled:
            self._stop()
            raise
        except SmartSynthError as error:
            return f"It cannot learn these data: {error}"
        except Exception as error:  # a generator of another package may fail in any way; the others go on
            self._stop()
            return f"It failed ({type(error).__name__})."
        except BaseException:
            self._stop()
            raise


class _Cluster:
    """Runs generators side by side on a Ray cluster."""

    def __init__(self, clock: _Clock, folder: Path, kept: _Kept) -> None:
        self._clock, self._folder, self._count, self._kept = clock, folder, 0, kept
        self._ray = cluster()
        self._task = self._ray.remote(num_cpus=1, max_retries=1)(_learn_away)
        self._jobs: list[Any] = []

    def __enter__(self) -> _Cluster:
        return self

    def __exit__(self, *exception: object) -> None:
        for job in self._jobs:
            self._ray.cancel(job, force=True)

    def shared(self, data: pd.DataFrame) -> Any:
        """Rows that all of them learn, sent once."""
        return self._ray.put(data)

    def start(self, entry: _Entry, data: Any, schema: Schema, seed: int, *, rows: int) -> Any:
        """Let an entry learn."""
        job = self._task.remote(
            entry.generator, dict(entry.options), entry.refined, data, schema, seed, rows, self._kept
        )
        self._jobs.append(job)
        return job

    def result(self, entry: _Entry, job: Any, until: float) -> _Learnt | str:
        """What an entry learnt, or why there is nothing."""
        began, errors = time.monotonic(), self._ray.exceptions
        while not self._ray.wait([job], timeout=TICK)[0]:
            self._clock.tick(f"Racing {_without(entry, '').label}")
            if time.monotonic() >= until:
                self._ray.cancel(job, force=True)
                return f"{OUT_OF_TIME} it was stopped after {span(time.monotonic() - began)}. Give more time."
        try:
            content, made, seconds = self._ray.get(job)
        except errors.RayTaskError as error:
            if isinstance(error.cause, SmartSynthError):
                return f"It cannot learn these data: {error.cause}"
            return f"It failed ({type(error.cause).__name__})."
        except errors.RayError as error:  # the process died, and the one after it
            return f"It failed ({type(error).__name__})."
        self._count += 1
        return _Learnt(unpack(content, self._folder / str(self._count)), made, seconds)

    def learn(
        self, entry: _Entry, data: pd.DataFrame, schema: Schema, seed: int, *, rows: int, until: float
    ) -> _Learnt | str:
        """The fitted generator and `rows` rows, or why there are none."""
        return self.result(entry, self.start(entry, data, schema, seed, rows=rows), until)


def _learn_away(
    generator: str,
    options: dict[str, Any],
    refine: bool,
    data: pd.DataFrame,
    schema: Schema,
    seed: int,
    rows: int,
    kept: _Kept,
) -> tuple[bytes, pd.DataFrame | None, float]:
    """On the cluster: fit, sample, and the saved model as one file."""
    with tempfile.TemporaryDirectory(prefix="smartsynth-race-") as home:
        made, seconds = _learn(generator, options, refine, data, schema, seed, rows, kept, Path(home) / "model")
        return packed(Path(home) / "model"), made, seconds


def _result(job: Future[Any], until: float, tick: Callable[[], None]) -> Any:
    """A job's result; TimeoutError if it is not there in time."""
    while True:
        tick()
        try:
            return job.result(timeout=TICK)
        except TimeoutError:
            if job.done() or time.monotonic() >= until:
                raise


def _learn(
    generator: str,
    options: dict[str, Any],
    refine: bool,
    data: pd.DataFrame,
    schema: Schema,
    seed: int,
    rows: int,
    kept: _Kept,
    folder: Path,
) -> tuple[pd.DataFrame | None, float]:
    """In the child: fit, sample, save."""
    began = time.monotonic()
    model = keeping(registry.create(generator, **options), kept.rules, k=kept.k)
    model.fit(data, schema=schema, seed=seed, refine=refine)
    made = model.sample(rows, seed=seed) if rows else None
    model.save(folder)
    return made, time.monotonic() - began


class _Jury:
    """Rows to learn from, rows to judge by, and the yardsticks."""

    def __init__(self, train: pd.DataFrame, schema: Schema, target: str | None, seed: int) -> None:
        order = np.random.default_rng([seed, 0x4ACE]).permutation(len(train))
        n = int(np.clip(round(JUDGED_SHARE * len(train)), 1, MOST_JUDGES))
        self.judge = train.iloc[order[:n]].reset_index(drop=True)
        self.learn = train.iloc[order[n:]].reset_index(drop=True)
        self._schema, self._target, self._seed = schema, target, seed
        self._distance = MixedDistance.fit(self.learn, schema)
        began = time.monotonic()
        self.detection, self.utility, self.measure, self._floor = self._compared(self.learn.head(n))
        self.seconds = 2 * (time.monotonic() - began) + 1.0

    def judged(self, entry: _Entry, rows: pd.DataFrame, seconds: float) -> tuple[Contender, bool]:
        """The contender with its scores, and whether it lies too near to the rows that it learnt from."""
        auc, useful, _, _ = self._compared(rows)
        n = len(self.judge)
        encoded = [self._distance.encode(frame) for frame in (rows, self.learn.head(n), self.judge)]
        closeness, error = attacks.dcr_share(*encoded) if self._distance.columns else (0.5, 0.0)
        fidelity = 2.0 * (1.0 - max(auc, 0.5))
        score = fidelity
        if not math.isnan(useful):
            reach = self.utility - self._floor
            share = (useful - self._floor) / reach if reach > 0 else 0.0
            score = (fidelity + float(np.clip(share, 0.0, 1.0))) / 2
        is_near = closeness - 1.96 * error > 0.5 + TOO_NEAR
        contender = Contender(
            entry.generator, entry.refined, dict(entry.options), True, score, auc, useful, closeness, seconds,
            self._reason(score, auc, useful, closeness, is_near),
        )  # fmt: skip
        return contender, is_near

    def _reason(self, score: float, auc: float, useful: float, closeness: float, is_near: bool) -> str:
        parts = [f"a detective's AUC is {number(auc)}"]
        if self.measure:
            parts.append(f"{self.measure} {number(useful)} where real rows reach {number(self.utility)}")
        near = " It lies too near to the rows it learnt from, so it comes after all that do not." if is_near else ""
        return f"Score {number(score)}: {', '.join(parts)}; DCR share {number(closeness)}.{near}"

    def _compared(self, rows: pd.DataFrame) -> tuple[float, float, str, float]:
        """Detection AUC against the judging rows, utility on them, its name, and what a guess reaches."""
        layout, (made, judge, learn) = prepared([rows, self.judge, self.learn], self._schema)
        if not layout.numeric and not layout.categorical:
            return 0.5, math.nan, "", 0.0
        auc = detection_auc(made, judge, layout, seed=self._seed)
        task = utility.task_of(layout, self._target, learn, judge) if self._target else ""
        if isinstance(task, str):
            return auc, math.nan, "", 0.0
        X, y, categorical = utility.features(made, layout, task)
        H, truth, _ = utility.features(judge, layout, task)
        name, measure = next(iter(utility.metrics_of(task).items()))
        floor = measure(truth, utility.guess(task, y, len(H)))
        if task.kind != "regression" and len(np.unique(y)) < 2:
            return auc, floor, name, floor
        return auc, measure(truth, utility.boosted(task, categorical, self._seed)(X, y, H)), name, floor


def _ranked(heats: Sequence[_Heat]) -> list[_Heat]:
    """The best first: those that finished, those not too near, by score."""
    return sorted(heats, key=lambda heat: (not heat.contender.finished, heat.is_near, -_known(heat.contender.score)))


def _known(value: float) -> float:
    return -1.0 if math.isnan(value) else value


def _choice(race: Race, failure: str) -> Choice:
    winner, *others = race.contenders
    finished = sum(contender.finished for contender in race.contenders)
    reasons = [
        f"It won a race of {finished} on these data within {span(race.budget)}. {winner.reason}",
        registry.generator_class(winner.generator).summary,
    ]
    if failure.startswith(OUT_OF_TIME):
        reasons.append(
            f"There was no time to learn all rows after the race: the model knows {race.rows:,} of them. A larger budget "
            "lets it learn all."
        )
    elif failure:
        reasons.append(f"The model knows {race.rows:,} rows alone; learning all of them failed. {failure}")
    return Choice(winner.generator, tuple(reasons), tuple((c.label, c.reason) for c in others), race)
