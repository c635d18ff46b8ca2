"""Train, synthetic, holdout → Evaluation: every score beside the same measure of real rows.

fidelity.py    are the rows like unseen real ones
usefulness.py  do models trained on them work on unseen real rows
leakage.py     do they give away whom they were learnt from
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from smartsynth.config import EvaluateConfig
from smartsynth.errors import DataError, MissingExtraError
from smartsynth.facts import Battery, Better, ColumnComparison, Evaluation, Family, Matrix, Score
from smartsynth.formats import number, plain
from smartsynth.metrics.rows import Layout, Rows, as_text, prepared, same_mix, sampled
from smartsynth.metrics.utility import guessed_target
from smartsynth.progress import Progress, silent
from smartsynth.schema import Kind, Schema
from smartsynth.threads import cores
from smartsynth.utils import fidelity, leakage, usefulness

STEPS = ("columns", "pairs", "detection", "manifold", "utility", "distances", "attacks", "membership", "sdmetrics")


def evaluate(
    train: pd.DataFrame,
    synthetic: pd.DataFrame,
    holdout: pd.DataFrame,
    *,
    schema: Schema,
    target: str | None = None,
    guessed: bool = False,
    config: EvaluateConfig | None = None,
    seed: int = 0,
    k: int = 5,
    mix: tuple[str, Sequence[str]] | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Every score of synthetic rows.

    Args:
        train: Real rows that the generator learnt from.
        synthetic: Rows that it made.
        holdout: Real rows that it never saw.
        schema: The columns of all three.
        target: Column that models predict; the schema's, or a guess, if not given.
        guessed: Whether the target that is given is a guess.
        config: What is measured, and on how many rows.
        seed: Same seed, same scores.
        k: A value held by fewer rows is not named.
        mix: A column and those of its values that were made equally often. Fidelity is then measured against real rows
            brought to the same mix; utility and privacy against all of them, as they are.
        progress: Called with the share done; may raise `Cancelled`.

    Raises:
        DataError: A table is empty or lacks a column.
    """
    start = time.perf_counter()
    config = config or EvaluateConfig()
    check(schema, train=train, synthetic=synthetic, holdout=holdout)
    tick = ticker(progress or silent, STEPS)
    layout, every = prepared([train, synthetic, holdout], schema)
    rng = np.random.default_rng([seed, 0xE7A1])
    t, s, h = (sampled(rows, 4 * config.max_rows, rng) for rows in every)
    if target is None and schema.target is not None:
        target = schema.target.name
    elif target is None:
        guessed, target = True, guessed_target(train[[c.name for c in schema if c.is_modelled]], layout)
    kinds = {column.name: column.kind.value for column in schema}
    like = (t, s, h) if mix is None else _same_mix(every, (train, synthetic, holdout), mix, 4 * config.max_rows, seed)
    compared = fidelity.columns(layout, *like, kinds)
    found = fidelity.matrices(layout, *like)
    size = {"max_rows": config.max_rows, "seed": seed, "threads": threads()}
    scores = _fidelity(layout, like, compared, found, size, tick)
    useful, rows, task = usefulness.compare(layout, t, s, h, target, **size)
    scores += useful
    tick("utility")
    private, curves, battery = leakage.assess(train, synthetic, holdout, schema, layout, seed=seed, tick=tick)
    scores += private
    if config.sdmetrics:
        scores.append(_sdmetrics(train, synthetic, schema))
    tick("sdmetrics")
    return Evaluation(
        scores=tuple(scores),
        columns=compared,
        matrices=found,
        utility=tuple(rows),
        curves=tuple(curves),
        verdict={**naming_target(verdict(scores), scores, target, guessed), "privacy": battery.sentence()},
        limits=_limits(schema, scores, battery, None if mix is None else mix[0]),
        rows={"train": len(train), "synthetic": len(synthetic), "holdout": len(holdout)},
        target=target,
        guessed=guessed and target is not None,
        task=task,
        seconds=time.perf_counter() - start,
        battery=battery,
    )


def _fidelity(
    layout: Layout,
    rows: tuple[Rows, Rows, Rows],
    compared: tuple[ColumnComparison, ...],
    found: tuple[Matrix, ...],
    size: dict[str, int],
    tick: Callable[[str], None],
) -> list[Score]:
    if not compared:
        why = "Not computed: no column is modelled."
        return [Score("ks", "KS distance", Family.FIDELITY, float("nan"), Better.LOWER, why, headline=True)]
    t, s, h = rows
    return fidelity.scores(layout, t, s, h, compared, found, tick=tick, **size)


def _same_mix(
    every: Sequence[Rows],
    frames: Sequence[pd.DataFrame],
    mix: tuple[str, Sequence[str]],
    most: int,
    seed: int,
) -> tuple[Rows, Rows, Rows]:
    """The rows of each table in which the values of the mix are equally frequent.

    Raises:
        DataError: A table has none of one of the values.
    """
    rng = np.random.default_rng([seed, 0xBA1A])
    column, values = mix
    found = []
    for rows, frame in zip(every, frames, strict=True):
        index = same_mix(as_text(frame[column]).to_numpy(), values, rng)
        if not len(index):
            raise DataError(
                f"Some values of {column!r} are so rare that the holdout has none of them, so balanced rows cannot be "
                "measured. Give a holdout that has them, or switch evaluate.enabled off."
            )
        found.append(sampled(rows.take(index), most, rng))
    return found[0], found[1], found[2]


def check(schema: Schema, **frames: pd.DataFrame) -> None:
    """Refuse tables without rows, or without a column of the schema."""
    for name, frame in frames.items():
        if len(frame) == 0:
            raise DataError(f"The {name} table has no rows, so nothing can be measured.")
        lost = [column for column in schema.names if column not in frame.columns]
        if lost:
            raise DataError(f"The {name} table lacks the columns {', '.join(lost)}.")


def ticker(progress: Progress, steps: Sequence[str]) -> Callable[[str], None]:
    """A function that is told which of the steps is done and reports the share."""
    done = 0

    def tick(step: str) -> None:
        nonlocal done
        done = max(done, steps.index(step) + 1)
        progress(done / len(steps), f"Measured {step}")

    return tick


def threads() -> int:
    """Processor cores that this process may use."""
    return cores()


def detective(value: float, reference: float, what: str) -> str:
    """What a detection AUC beside its yardstick says of synthetic rows, or of what else was looked at."""
    excess = value - max(reference, 0.5)
    level = "hard to tell" if excess < 0.08 else "partly told" if excess < 0.25 else "easily told"
    step = (
        ""
        if level == "hard to tell"
        else " Look at what is farthest from its yardstick, learn from more rows, or try another generator."
    )
    return (
        f"Synthetic {what} are {level} from unseen real ones: a detective reaches AUC {number(value)} "
        f"({number(reference)} between real samples).{step}"
    )


def verdict_of(scores: Sequence[Score], detection: str, what: str) -> dict[str, str]:
    """A sentence on fidelity and one on utility, of texts or images.

    Args:
        scores: All of them.
        detection: Key of the score that says whether synthetic ones are told.
        what: What they are, in the plural.
    """
    said = {}
    by_key = {score.key: score for score in scores if score.available}
    if (found := by_key.get(detection)) and found.reference is not None:
        said["fidelity"] = detective(found.value, found.reference, what)
    useful = [s for s in scores if s.family is Family.UTILITY and s.headline and s.available and s.reference]
    if useful:
        said["utility"] = (
            f"{useful[0].name}: {number(useful[0].value)} trained on synthetic {what}, {number(useful[0].reference)} on real ones."
        )
    return said


def verdict(scores: list[Score]) -> dict[str, str]:
    """One sentence on fidelity and one on utility, from their headline scores."""
    by_key = {score.key: score for score in scores if score.available}
    said = {}
    if (found := by_key.get("detection_auc")) and found.reference is not None:
        said["fidelity"] = detective(found.value, found.reference, "rows")
    useful = [s for s in scores if s.family is Family.UTILITY and s.headline and s.available and s.reference]
    if useful:
        s = useful[0]
        said["utility"] = f"{s.name}: {number(s.value)} trained on synthetic rows, {number(s.reference)} on real rows."
    return said


def naming_target(said: dict[str, str], scores: Sequence[Score], target: str | None, guessed: bool) -> dict[str, str]:
    """The verdict, with the column that its models predict, and whether that is a guess."""
    if (
        target is None
        or "utility" not in said
        or not any(s.headline and s.available and s.key.startswith("lightgbm_") for s in scores)
    ):
        return said
    column = f"'{plain(target, 60)}'"
    told = f"{column}, probably the target: a guess, name it with --target" if guessed else column
    return {**said, "utility": f"{said['utility']} The models predict {told}."}


def _limits(schema: Schema, scores: list[Score], battery: Battery, balanced: str | None) -> tuple[str, ...]:
    limits = ["The scores are measurements, not proofs, and were made of the real rows without noise."]
    if balanced is not None:
        limits.append(
            f"The values of {balanced!r} were made equally often on purpose. Fidelity was measured against real rows "
            "brought to the same mix, utility and privacy against all real rows as they are."
        )
    left_out = [c.name for c in schema if c.kind in (Kind.IDENTIFIER, Kind.TEXT)]
    if left_out:
        limits.append(f"Made anew and not compared: {', '.join(left_out)}.")
    limits += battery.notes
    limits += [f"{score.name}: {score.sentence}" for score in scores if not score.available]
    return tuple(limits)


def _sdmetrics(train: pd.DataFrame, synthetic: pd.DataFrame, schema: Schema) -> Score:
    """SDMetrics' own quality score, which has no yardstick and compares with the training rows."""
    key, name = "sdmetrics_quality", "SDMetrics quality"
    try:
        from sdmetrics.reports.single_table import QualityReport
    except ImportError:
        why = str(MissingExtraError("SDMetrics' quality score", "sdv"))
        return Score(key, name, Family.FIDELITY, float("nan"), Better.HIGHER, f"Not computed: {why}")
    types = {Kind.NUMERIC: "numerical", Kind.DATETIME: "datetime", Kind.BOOLEAN: "boolean"}
    kept = [column for column in schema if column.is_modelled and column.kind is not Kind.DURATION]
    names = [column.name for column in kept]
    metadata = {"columns": {c.name: {"sdtype": types.get(c.kind, "categorical")} for c in kept}}
    report = QualityReport()
    report.generate(train[names], synthetic[names], metadata, verbose=False)
    value = float(report.get_score())
    text = (
        f"{number(value)} of 1 against the training rows; it has no yardstick, and copies of the training rows reach 1."
    )
    return Score(key, name, Family.FIDELITY, value, Better.HIGHER, text)
