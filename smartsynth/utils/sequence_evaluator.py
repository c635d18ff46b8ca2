"""Train, synthetic, holdout → Evaluation of a time series, every score beside the same measure of real records.

rows      columns and their relations, over all rows                                 fidelity.py
records   entities (or windows) with all their rows, as one row each: detection,
          spread, utility, attacks                                                   fidelity.py, usefulness.py, leakage.py
order     how rows follow one another: correlation over time, steps, rhythm          sequence_scores.py
pictures  what there is to see of it                                                 sequence_views.py
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.config import EvaluateConfig
from smartsynth.facts import (
    Battery,
    Better,
    ColumnComparison,
    Curve,
    Evaluation,
    Family,
    Matrix,
    Outcome,
    Score,
)
from smartsynth.facts import UtilityRow as Row
from smartsynth.formats import percent
from smartsynth.metrics import timeseries
from smartsynth.metrics.coverage import coverage, near_share
from smartsynth.metrics.rows import Layout, Rows, prepared, sampled
from smartsynth.metrics.utility import guessed_target
from smartsynth.privacy import replay
from smartsynth.privacy.battery import Found, p_text, with_more
from smartsynth.privacy.neighbours import MixedDistance
from smartsynth.progress import Progress, silent
from smartsynth.schema import Kind, Role, Schema
from smartsynth.utils import fidelity, leakage, usefulness
from smartsynth.utils.evaluator import check, naming_target, threads, ticker, verdict
from smartsynth.utils.sequence_sample import Arrays, Samples, arrays, samples_of
from smartsynth.utils.sequence_scores import dynamics, forecasts, moments, windows
from smartsynth.utils.sequence_views import view
from smartsynth.utils.series_leakage import assess_series, verbatim_runs

STEPS = (
    "samples", "columns", "pairs", "detection", "manifold", "coverage", "utility", "forecasts", "distances", "attacks", "membership",
    "order", "windows",
)  # fmt: skip
HEADLINES = {"detection_auc", "ks", "autocorrelation_difference", "step_ks"}
ONE_SERIES = (
    "All rows are of one series, and what was kept aside are other times, not other people: attacks that look for persons do not "
    "apply. What was looked for are runs of rows that come back and windows that lie too near to the series."
)


def evaluate_sequences(
    train: pd.DataFrame,
    synthetic: pd.DataFrame,
    holdout: pd.DataFrame,
    *,
    schema: Schema,
    window: int | None = None,
    target: str | None = None,
    config: EvaluateConfig | None = None,
    seed: int = 0,
    k: int = 5,
    progress: Progress | None = None,
) -> Evaluation:
    """Every score of a synthetic time series.

    Args:
        train: Real rows that the generator learnt from, with an entity.
        synthetic: Rows that it made.
        holdout: Rows of real entities that it never saw.
        schema: The columns of all three, marked (sequences.py).
        window: Rows of each synthetic entity, if they are windows; real rows are then cut into such windows.
        target: Column that models predict from a record: as it is if it is static, else its last value; the schema's, or a guess,
            if not given.
        config: What is measured, and on how many rows.
        seed: Same seed, same scores.
        k: A place of a picture with fewer real records is left out.
        progress: Called with the share done; may raise `Cancelled`.

    Raises:
        DataError: A table is empty or lacks a column, or no real stretch is as long as a window.
        ConfigError: The schema names no entity.
    """
    start = time.perf_counter()
    config = config or EvaluateConfig()
    check(schema, train=train, synthetic=synthetic, holdout=holdout)
    tick = ticker(progress or silent, STEPS)
    rng = np.random.default_rng([seed, 0x5E9])
    samples = samples_of(
        [train, synthetic, holdout], schema, window=window, rng=rng,
        most_rows=_most_rows(schema, config.max_rows), most_records=max(config.max_rows // 2, 100),
    )  # fmt: skip
    tick("samples")
    scores, compared, found = _of_rows(samples, config.max_rows, seed, tick)
    table_schema = _with_target(samples, target)
    layout, every = prepared([sample.table for sample in samples.every], table_schema)
    scores += _of_records(samples, table_schema, layout, every, config.max_rows, seed, tick)
    useful, rows, task, aim = _utility(table_schema, layout, every, samples, config.max_rows, seed)
    tick("utility")
    guessed = aim is not None and table_schema.target is None
    if aim is None:  # what comes next is a task that every time series has
        useful = [replace(score, headline=False) for score in useful]
    more, answers = forecasts(samples, most=config.max_rows // 2, seed=seed, threads=threads(), rng=rng)
    tick("forecasts")
    by_array, near = _arrays(samples)
    if samples.plain:
        private, curves, battery = assess_series(samples, near, rng)
    else:
        private, curves, battery = _privacy(samples, table_schema, layout, (train, synthetic, holdout), seed, tick)
    tick("membership")
    measured = moments(samples)
    scores += dynamics(samples, measured, (train, synthetic))
    tick("order")
    alike = windows(samples, by_array, near, published=config.published, seed=seed)
    tick("windows")
    scores = [_headlined(score) for score in [*scores, *useful, *more, *private, *alike]]
    return Evaluation(
        scores=tuple(scores),
        columns=compared,
        matrices=found,
        utility=(*rows, *answers),
        curves=tuple(curves),
        verdict=naming_target(_verdict(samples, scores, battery), useful, aim, guessed),
        limits=_limits(samples, scores, battery),
        rows={"train": len(train), "synthetic": len(synthetic), "holdout": len(holdout)},
        target=aim,
        guessed=guessed,
        task=task,
        seconds=time.perf_counter() - start,
        battery=battery,
        sequence=view(samples, measured, by_array, k=k, seed=seed),
    )


def _arrays(samples: Samples) -> tuple[Arrays | None, timeseries.Nearest | None]:
    """Records as arrays and how near they come to training rows, where records have one length and channels."""
    if samples.length is None:
        return None, None
    every, learnt = arrays(samples)
    return (every, timeseries.nearest(learnt, every[1], every[2])) if learnt.shape[2] else (None, None)


def _most_rows(schema: Schema, max_rows: int) -> int:
    """Rows that are looked at in order: fewer of many channels, of which every pair is correlated at every lag."""
    return min(4 * max_rows, max(2_000, int(2e8) // max(len(schema.channels), 1) ** 2))


def _of_rows(
    samples: Samples, max_rows: int, seed: int, tick: Callable[[str], None]
) -> tuple[list[Score], tuple[ColumnComparison, ...], tuple[Matrix, ...]]:
    """Columns and their relations, over all rows, whatever their record."""
    rng = np.random.default_rng([seed, 0xE7A1])
    t, s, h = (sampled(sample.rows, 4 * max_rows, rng) for sample in samples.every)
    kinds = {column.name: column.kind.value for column in samples.schema}
    compared = fidelity.columns(samples.layout, t, s, h, kinds)
    if not compared:
        why = "Not computed: no column is modelled."
        return [Score("ks", "KS distance", Family.FIDELITY, float("nan"), Better.LOWER, why)], (), ()
    found = fidelity.matrices(samples.layout, t, s, h)
    scores, _ = fidelity.margins(
        samples.layout, t, s, h, compared, found, max_rows=max_rows, seed=seed, rng=rng, tick=tick
    )
    return scores, compared, found


def _with_target(samples: Samples, target: str | None) -> Schema:
    """The columns of records with the target that models predict, if there is one."""
    schema = samples.table_schema
    target = target or (samples.schema.target.name if samples.schema.target else None)
    if target is None:
        return schema
    return schema.with_target(next((name for name in (target, f"{target}: last") if name in schema), None))


def _of_records(
    samples: Samples,
    schema: Schema,
    layout: Layout,
    every: Sequence[Rows],
    max_rows: int,
    seed: int,
    tick: Callable[[str], None],
) -> list[Score]:
    """Whether records can be told apart, how they spread, and which real ones have a synthetic neighbour."""
    if not layout.numeric and not layout.categorical:
        return []
    rng = np.random.default_rng([seed, 0xF1DE])
    n = min(*map(len, every), max(max_rows // 4, 100))
    places = [rng.permutation(len(rows))[:n] for rows in every]
    t, s, h = (rows.take(at) for rows, at in zip(every, places, strict=True))
    groups = [sample.groups[at] for sample, at in zip(samples.every, places, strict=True)]
    scores = [
        fidelity.detected(
            layout, s, t, h, seed=seed, threads=threads(), groups=(groups[1], groups[0], groups[2]) if samples.plain else None,
            independent=min(n, *(len(sample.apart) for sample in samples.every)),
        )
    ]  # fmt: skip
    tick("detection")
    apart = [rng.permutation(sample.apart)[:n] for sample in samples.every]
    apart = [places[: min(map(len, apart))] for places in apart]
    t, s, h = (rows.take(at) for rows, at in zip(every, apart, strict=True))
    scores += fidelity.spread(layout, s, t, h, rng)
    tick("manifold")
    scores.append(_covered(samples, schema, apart))
    tick("coverage")
    return [_in_records(score) for score in scores]


def _covered(samples: Samples, schema: Schema, places: Sequence[NDArray[np.int64]]) -> Score:
    distance = MixedDistance.fit(samples.train.table, schema)
    t, s, h = (distance.encode(sample.table.iloc[at]) for sample, at in zip(samples.every, places, strict=True))
    value, best = coverage(h, s), coverage(h, t)
    key, name = "record_coverage", "Coverage of records"
    if not np.isfinite(value):
        return Score(key, name, Family.FIDELITY, value, Better.HIGHER, "Not computed: there are too few records.")
    text = f"{percent(value)} of unseen real records have a synthetic one in their neighbourhood; {percent(best)} a training record."
    return Score(key, name, Family.FIDELITY, value, Better.HIGHER, text, best)


def _utility(
    schema: Schema, layout: Layout, every: Sequence[Rows], samples: Samples, max_rows: int, seed: int
) -> tuple[list[Score], list[Row], str | None, str | None]:
    """Models that predict the target of a record from the rest of it."""
    target = schema.target.name if schema.target else _guessed(samples, layout)
    layout, every = _without_hints(layout, every, target)
    t, s, h = every
    scores, rows, task = usefulness.compare(
        layout, t, s, h, target, max_rows=max_rows // 2, seed=seed, threads=threads()
    )
    return [_in_records(score) for score in scores], rows, task, target


def _guessed(samples: Samples, layout: Layout) -> str | None:
    """A column of records that looks like a target: a static one, else the last value of a channel of few categories."""
    names = {c.name: c.name if c.static else f"{c.name}: last" for c in samples.schema if c.is_modelled}
    known = {name: column for name, column in names.items() if column in (*layout.numeric, *layout.categorical)}
    for candidates in ([c for c in known if known[c] == c], list(known)):
        kept = [j for j, name in enumerate(layout.categorical) if name in {known[c] for c in candidates}]
        some = Layout((), tuple(layout.categorical[j] for j in kept), tuple(layout.levels[j] for j in kept))
        found = guessed_target(samples.train.panel.frame[candidates], some)
        if found is not None:
            return known.get(found, found)
    return None


def _without_hints(layout: Layout, every: Sequence[Rows], target: str | None) -> tuple[Layout, list[Rows]]:
    """The columns without what else is known of the target's channel than its first value: a mean tells much of the last one."""
    if target is None or not target.endswith(": last"):
        return layout, list(every)
    stem = target.removesuffix("last")

    def kept(names: tuple[str, ...]) -> list[int]:
        return [j for j, name in enumerate(names) if not name.startswith(stem) or name in (target, f"{stem}first")]

    numeric, categorical = kept(layout.numeric), kept(layout.categorical)
    less = Layout(
        tuple(layout.numeric[j] for j in numeric),
        tuple(layout.categorical[j] for j in categorical),
        tuple(layout.levels[j] for j in categorical),
    )
    return less, [Rows(rows.numbers[:, numeric], rows.codes[:, categorical]) for rows in every]


def _privacy(
    samples: Samples,
    schema: Schema,
    layout: Layout,
    frames: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame],
    seed: int,
    tick: Callable[[str], None],
) -> tuple[list[Score], list[Curve], Battery]:
    """Attacks on records, and the verdict."""
    train, synthetic, holdout = (sample.table for sample in samples.every)
    scores, curves, battery = leakage.assess(train, synthetic, holdout, schema, layout, seed=seed, tick=tick)
    if battery.attacks:
        distance = MixedDistance.fit(train, schema)
        t, s, h = (distance.encode(table) for table in (train, synthetic, holdout))
        value = near_share(t, s, h)
        text = (
            f"{percent(value)} of the synthetic records lie nearer to a training record than all but the nearest 1 % of unseen ones; "
            "a hundredth is expected."
        )
        scores.append(
            Score("near_records", "Nearer than real records", Family.PRIVACY, value, Better.LOWER, text, 0.01)
        )
        runs, repeated = verbatim_runs(samples)
        scores += runs
        battery = _with_more(battery, [*repeated, *_texts(samples, frames)])
    battery = replace(
        battery,
        reason=in_records(battery.reason),
        notes=tuple(map(in_records, battery.notes)),
        attacks=tuple(replace(a, name=in_records(a.name), sentence=in_records(a.sentence)) for a in battery.attacks),
    )
    return [_in_records(score) for score in scores], [_curve_in_records(curve) for curve in curves], battery


def _texts(samples: Samples, frames: tuple[pd.DataFrame, ...]) -> list[Found]:
    """Whether texts and keys of rows come back, which a table of records does not have, or names of entities."""
    found: list[Found] = []
    for column in samples.schema:
        if column.kind not in (Kind.TEXT, Kind.IDENTIFIER):
            continue
        test = replay.texts(*(frame[column.name].drop_duplicates() for frame in frames))
        found.append((
            "replay", f"Texts of {column.name} that come back", (
                f"{percent(test.value)} of the texts of {column.name} that one training row alone has come back, whole or in a "
                f"longer part, and {percent(test.expected)} of such holdout texts ({p_text(test)})."
            ), test,
        ))  # fmt: skip
    return found


def _with_more(battery: Battery, found: list[Found]) -> Battery:
    """The verdict with further findings; too few records stay too few, unless there is leakage."""
    if not found:
        return battery
    after = with_more(battery, found, battery.notes)
    if battery.outcome is Outcome.UNKNOWN and after.outcome is not Outcome.FAIL:
        return replace(after, outcome=Outcome.UNKNOWN, reason=battery.reason)
    return after


def in_records(text: str) -> str:
    """A sentence about rows of a table as one about records.

    >>> in_records("Of the synthetic rows, one row equals a training row.")
    'Of the synthetic records, one record equals a training record.'
    """
    return re.sub(r"\brow(s?)\b", r"record\1", text)


def _in_records(score: Score) -> Score:
    return replace(score, name=in_records(score.name), sentence=in_records(score.sentence))


def _curve_in_records(curve: Curve) -> Curve:
    return replace(
        curve,
        name=in_records(curve.name),
        x_label=in_records(curve.x_label),
        y_label=in_records(curve.y_label),
        lines={in_records(name): line for name, line in curve.lines.items()},
        sentence=in_records(curve.sentence),
    )


def _headlined(score: Score) -> Score:
    """Of fidelity, what a time series is judged by first; of the rest, what tables are."""
    if score.family is not Family.FIDELITY:
        return score
    return replace(score, headline=score.key in HEADLINES)


def _verdict(samples: Samples, scores: list[Score], battery: Battery) -> dict[str, str]:
    said = {name: in_records(text) for name, text in verdict(scores).items()}
    by_key = {score.key: score for score in scores if score.available}
    if "fidelity" not in said and (columns := by_key.get("ks")):
        said["fidelity"] = in_records(columns.sentence)
    if (order := by_key.get("out_of_order")) and order.value > 0:
        said["fidelity"] = f"{said.get('fidelity', '')} {order.sentence}".strip()
    private = battery.sentence()
    if samples.plain:  # its attacks are about runs of rows
        private = private.replace("of the rows were copies", "of the windows were copies").replace(
            "these rows", "these windows"
        )
    else:
        private = in_records(private)
    return {**said, "privacy": private}


def _limits(samples: Samples, scores: list[Score], battery: Battery) -> tuple[str, ...]:
    limits = ["The scores are measurements, not proofs, and were made of the real rows without noise."]
    limits.append(
        f"A record is one of the {samples.what}. Records are compared by what their rows are like together: first, last, mean, lowest "
        "and highest values, deviations and steps, how often categories change."
    )
    if samples.plain:
        limits.append(ONE_SERIES)
    left_out = [c.name for c in samples.schema if c.kind in (Kind.IDENTIFIER, Kind.TEXT) and c.role is not Role.ENTITY]
    if left_out:
        limits.append(f"Made anew and not compared: {', '.join(left_out)}.")
    limits += battery.notes
    limits += [f"{score.name}: {score.sentence}" for score in scores if not score.available]
    return tuple(limits)
