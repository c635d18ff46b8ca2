"""The evaluation of an output that is too large to be read at once: part by part, here or on a Ray cluster.

A draw of all parts says how good the rows are on the whole (`evaluate` of the folder). Parts one by one say that it is so
everywhere: one that was damaged, made by another model, or holds real rows stands out.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from smartsynth import ingest, pipeline, records
from smartsynth.alignment import align
from smartsynth.cluster import check_engine, cluster
from smartsynth.config import EvaluateConfig, Limits, RunConfig
from smartsynth.errors import ConfigError, DataError
from smartsynth.facts import Better, Evaluation, Outcome, Score
from smartsynth.ingest.arrow import frame_of
from smartsynth.privacy.battery import FAIL
from smartsynth.progress import Progress, Stages
from smartsynth.scale import Target
from smartsynth.schema import Schema
from smartsynth.utils import evaluator

MOST_RETRIES = 20


@dataclass(frozen=True, slots=True)
class Part:
    """How one part did.

    Args:
        name: Its file.
        rows: Rows in it.
        scores: Headline scores by key.
        p: Smallest p-value of the attacks that found leakage, corrected for all attacks on this part; 1 if none did.
        sentence: What the attacks found.
    """

    name: str
    rows: int
    scores: Mapping[str, float]
    p: float
    sentence: str


@dataclass(frozen=True, slots=True)
class Spread:
    """One score over all parts.

    Args:
        key, name: The score.
        best, median, worst: Over the parts.
        worst_part: Where it is worst.
        reference: The same measure of real training data against a real holdout.
    """

    key: str
    name: str
    best: float
    median: float
    worst: float
    worst_part: str
    reference: float | None


@dataclass(frozen=True, slots=True)
class PartsEvaluation:
    """An output, part by part.

    Args:
        outcome: What the attacks say of all parts together: leakage in a part counts if its p-value, times the number of
            parts (Bonferroni), is at most 0.01.
        leaking: Names of the parts in which leakage counts.
        rows: Rows of all parts.
        spreads: The headline scores over the parts.
        parts: Each of them.
    """

    outcome: Outcome
    leaking: tuple[str, ...]
    rows: int
    spreads: tuple[Spread, ...]
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class _Order:
    """What every part is compared with."""

    target: Target
    train: pd.DataFrame
    holdout: pd.DataFrame
    schema: Schema
    column: str | None
    config: EvaluateConfig
    limits: Limits
    seed: int
    k: int


def evaluate_parts(
    real: Any,
    url: str | Path,
    *,
    holdout: Any = None,
    config: RunConfig | Mapping[str, Any] | str | Path | None = None,
    engine: str = "local",
    progress: Progress | None = None,
    **settings: Any,
) -> PartsEvaluation:
    """The headline scores and the attacks of every Parquet file of a folder.

    Args:
        real: The real rows that the output was made from, as for `synthesize`.
        url: Folder, or a URL that fsspec can reach, as `scale.write` fills it.
        holdout: Real rows that the generator never saw. Without them nothing can be said about leakage.
        config: Settings, or a YAML file of them.
        engine: `local`, or `ray` for the cluster that RAY_ADDRESS names; each worker holds one part.
        progress: Called with the share of the parts that are done; may raise `Cancelled`.
        settings: Fields of RunConfig, such as `target="income"`.

    Raises:
        ConfigError: There is no Parquet file, or a setting is wrong.
        DataError: A part does not have the columns of the real data.
        MissingExtraError: Ray, or the file system of the URL, is not installed.
    """
    check_engine(engine)
    run, target = pipeline.settled(config, settings), Target.of(url)
    names = sorted(name for name in target.names() if name.endswith(".parquet"))
    if not names:
        raise ConfigError(f"{target.root} holds no Parquet file. Name the folder that `smartsynth sample` has filled.")
    stages = Stages(progress, {"Read": 5, "Evaluate": 95})
    with stages("Read"):
        train = ingest.read(real, limits=run.limits)
        unseen = None if holdout is None else ingest.read(holdout, limits=run.limits)
        train = ingest.with_texts_of(train, unseen)
        unseen = None if unseen is None else ingest.beside(unseen, train.schema)
        found = pipeline.profile(train, config=run)
        seed = run.seed or 0
        if run.is_sequential:
            raise ConfigError("Parts of time series are not scored one by one yet: use `evaluate` on all of them.")
        kept, held, _ = records.divided(
            train.frame, None if unseen is None else unseen.frame, found.schema, run, seed=seed
        )
    order = _Order(target, kept, held, found.schema, found.target, run.evaluate, run.limits, seed, run.privacy.k)
    done: dict[str, tuple[Part, tuple[Score, ...], Outcome]] = {}
    with stages("Evaluate") as report:
        for part in _here(order, names) if engine == "local" else _on_ray(order, names):
            done[part[0].name] = part
            report(len(done) / len(names), f"part {len(done):,} of {len(names):,}")
    return _together([done[name] for name in names], is_unseen=unseen is not None)


def _together(done: Sequence[tuple[Part, tuple[Score, ...], Outcome]], *, is_unseen: bool) -> PartsEvaluation:
    parts = tuple(part for part, _, _ in done)
    leaking = tuple(part.name for part in parts if part.p * len(parts) <= FAIL)
    outcome = Outcome.FAIL if leaking else Outcome.PASS
    if not leaking and (not is_unseen or all(one is Outcome.UNKNOWN for _, _, one in done)):
        outcome = Outcome.UNKNOWN
    keys = {score.key: score for _, scores, _ in done for score in scores}
    spreads = tuple(_spread(score, parts) for score in keys.values())
    return PartsEvaluation(outcome, leaking, sum(part.rows for part in parts), spreads, parts)


def _spread(score: Score, parts: Sequence[Part]) -> Spread:
    known = sorted((_goodness(score, part.scores[score.key]), part.name, part.scores[score.key])
                   for part in parts if score.key in part.scores)  # fmt: skip
    _, where, worst = known[0]
    return Spread(score.key, score.name, known[-1][2], known[len(known) // 2][2], worst, where, score.reference)


def _goodness(score: Score, value: float) -> float:
    if score.better is Better.NEARER:
        return -abs(value - (score.reference or 0.0))
    return value if score.better is Better.HIGHER else -value


def _here(order: _Order, names: Sequence[str]) -> Iterator[tuple[Part, tuple[Score, ...], Outcome]]:
    for name in names:
        yield _scored(order, name)


def _on_ray(order: _Order, names: Sequence[str]) -> Iterator[tuple[Part, tuple[Score, ...], Outcome]]:
    """A part whose worker was lost is scored by another one."""
    ray = cluster()
    shared, task = ray.put(order), ray.remote(num_cpus=1, max_retries=MOST_RETRIES)(_scored)
    waiting = [task.remote(shared, name) for name in names]
    while waiting:
        done, waiting = ray.wait(waiting, num_returns=1)
        try:
            yield ray.get(done[0])
        except ray.exceptions.RayTaskError as error:
            for one in waiting:
                ray.cancel(one, force=True)
            raise error.cause from None


def _scored(order: _Order, name: str) -> tuple[Part, tuple[Score, ...], Outcome]:
    """The headline scores of one part, with their yardsticks."""
    try:
        table = pq.read_table(io.BytesIO(order.target.get(name)))
    except (pa.ArrowException, UnicodeDecodeError, OSError) as error:
        raise DataError(
            f"{name} is no Parquet file that can be read ({type(error).__name__}). Make it again."
        ) from None
    rows = align(frame_of(table, order.limits, name), order.schema, what=name)
    found = evaluator.evaluate(
        order.train, rows, order.holdout, schema=order.schema, target=order.column, config=order.config, seed=order.seed,
        k=order.k,
    )  # fmt: skip
    scores = tuple(score for score in found.scores if score.headline and not math.isnan(score.value))
    return _part(name, len(rows), scores, found), scores, _outcome(found)


def _part(name: str, rows: int, scores: Sequence[Score], found: Evaluation) -> Part:
    attacks = () if found.battery is None else found.battery.attacks
    p = min((attack.corrected for attack in attacks if attack.outcome is Outcome.FAIL), default=1.0)
    return Part(name, rows, {score.key: score.value for score in scores}, p, found.verdict["privacy"])


def _outcome(found: Evaluation) -> Outcome:
    return Outcome.UNKNOWN if found.battery is None else found.battery.outcome
