"""What a record is, for the stages that treat records as a whole: a row of a table, an entity with its rows, a window of a series.

arranged     the schema of rows that follow one another, and what a run may not ask of them
divided      records to learn from, and records kept aside
gate         the filter that judges records
as_many      how many there are
evaluated    every score of synthetic records
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from smartsynth import sequences
from smartsynth.alignment import align
from smartsynth.config import RunConfig
from smartsynth.errors import ConfigError, DataError
from smartsynth.facts import Evaluation
from smartsynth.models.privacy_filter import PrivacyFilter
from smartsynth.models.record_filter import RecordFilter, WindowFilter
from smartsynth.progress import Progress
from smartsynth.schema import WINDOW, Modality, Schema
from smartsynth.utils import evaluator, sequence_evaluator

if TYPE_CHECKING:
    import pandas as pd

LENGTH = 24
"""Rows of a window if none are asked for, as in the published benchmarks."""


def is_series(schema: Schema) -> bool:
    """Whether all rows are of one plain series."""
    if schema.modality is not Modality.TIMESERIES:
        return False
    return schema.entity is None or schema.entity.name == WINDOW


def window_of(run: RunConfig) -> int:
    """Rows of a window of a plain series."""
    return int(run.generator.options.get("window") or run.window or LENGTH)


def arranged(frame: pd.DataFrame, schema: Schema, run: RunConfig) -> Schema:
    """The schema with entity, time and static columns marked, if the run names any of them."""
    if not run.is_sequential:
        return schema
    return sequences.marked(frame, schema, entity=run.entity, time=run.time)


def check(run: RunConfig) -> None:
    """Refuse what goes with rows of a table alone.

    Raises:
        ConfigError: A setting does not go with time series.
    """
    if not run.is_sequential:
        return
    if run.window is not None and run.entity is not None:
        raise ConfigError(
            f"window={run.window} cuts a plain series, and entity={run.entity!r} says whose the rows are. Leave one out; a generator of "
            "windows takes its length as an option (--option window=…)."
        )
    for setting, value in (
        ("balance", run.balance), ("generator.budget", run.generator.budget), ("generator.refine", run.generator.refine or None),
        ("privacy.k_anonymity", run.privacy.k_anonymity), ("evaluate.thorough", run.evaluate.thorough or None),
    ):  # fmt: skip
        if value is not None:
            raise ConfigError(
                f"{setting}={value!r} is for tables: rows of a time series belong together. Leave it out."
            )


def divided(
    real: pd.DataFrame,
    unseen: pd.DataFrame | None,
    schema: Schema,
    run: RunConfig,
    *,
    seed: int,
    draw: int | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame, Schema]:
    """The rows to learn from and the rows kept aside, before anything is learnt; and their schema.

    With a holdout of its own, all of the real rows train. With `draw`, a secret that nobody chose, each record is kept aside by a
    draw of its own, so that one record more or less changes nothing for the others. A plain series is cut into stretches, and gets
    a column that numbers them.
    """
    if is_series(schema):
        return _divided_series(real, unseen, schema, run, seed)
    if unseen is not None:
        return real, align(unseen, schema, what="holdout"), schema
    fraction = run.holdout.fraction
    if schema.modality is Modality.TIMESERIES:
        panel = sequences.Panel.of(real, schema)
        if len(panel) < 2:
            raise DataError(
                f"The column {run.entity!r} names {len(panel)} entity; at least 2 are needed, one to be kept aside."
            )
        if draw is not None:
            aside = np.random.default_rng(draw).random(len(panel)) < fraction
            return panel.take(np.flatnonzero(~aside)).frame, panel.take(np.flatnonzero(aside)).frame, schema
        return *sequences.split_entities(
            real, schema, fraction=fraction, rng=np.random.default_rng([seed, 0x5917])
        ), schema
    if draw is not None:
        held = np.random.default_rng(draw).random(len(real)) < fraction
    else:
        held = np.zeros(len(real), bool)
        held[np.random.default_rng([seed, 0x5917]).permutation(len(real))[: max(1, round(fraction * len(real)))]] = True
    return real.loc[~held].reset_index(drop=True), real.loc[held].reset_index(drop=True), schema


def _divided_series(
    real: pd.DataFrame, unseen: pd.DataFrame | None, schema: Schema, run: RunConfig, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame, Schema]:
    window = window_of(run)
    if len(real) < 2 * window:
        raise DataError(
            f"The series has {len(real):,} rows, and a window {window}. Use windows of at most {len(real) // 2}."
        )
    if unseen is None:
        return sequences.stretches(real, schema, window=window, held=run.holdout.fraction, seed=seed)
    other = align(unseen, schema, what="holdout")
    cut = [sequences.one_stretch(frame, schema) for frame in (real, other)]
    return cut[0], cut[1], sequences.with_window(schema)


def gate(
    train: pd.DataFrame, held: pd.DataFrame, schema: Schema, run: RunConfig, progress: Progress
) -> PrivacyFilter | None:
    """The filter of the run, fitted; None if it is off."""
    if not run.privacy.filter:
        return None
    kind = PrivacyFilter if schema.modality is Modality.TABLE else WindowFilter if is_series(schema) else RecordFilter
    return kind(run.privacy).fit(train, held, schema, seed=run.seed or 0, progress=progress)


def as_many(real: pd.DataFrame, schema: Schema, run: RunConfig) -> int:
    """The number of real records: rows, entities, or windows that the series would fill."""
    if schema.modality is Modality.TABLE:
        return len(real)
    if is_series(schema):
        return math.ceil(len(real) / window_of(run))
    assert schema.entity is not None  # noqa: S101  (it is no plain series)
    return int(real[schema.entity.name].nunique())


def evaluated(
    train: pd.DataFrame,
    rows: pd.DataFrame,
    held: pd.DataFrame,
    schema: Schema,
    run: RunConfig,
    *,
    target: str | None,
    mix: tuple[str, Sequence[str]] | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Every score of synthetic records beside its yardstick."""
    shared: dict[str, Any] = {
        "schema": schema, "target": target, "config": run.evaluate, "seed": run.seed or 0, "k": run.privacy.k, "progress": progress,
    }  # fmt: skip
    if schema.modality is Modality.TABLE:
        return evaluator.evaluate(train, rows, held, mix=mix, **shared)
    window = window_of(run) if is_series(schema) else None
    shared["target"] = run.target
    return sequence_evaluator.evaluate_sequences(train, rows, held, window=window, **shared)


def comparable(rows: pd.DataFrame, schema: Schema) -> tuple[pd.DataFrame, Schema]:
    """Synthetic rows of a plain series as stretches: as they are numbered, or all of them as one.

    Also the schema that they are read with.
    """
    if not is_series(schema):
        return rows, schema
    numbered = sequences.with_window(schema)
    if WINDOW in rows.columns:
        return rows, numbered
    return rows.assign(**{WINDOW: 0})[[WINDOW, *rows.columns]], numbered
