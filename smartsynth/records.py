"""What a record is, for the stages that treat records as a whole: a row of a table, an entity with its rows, a window of a series.

arranged     the schema of rows that follow one another, and what a run may not ask of them
divided      records to learn from, and records kept aside
gate         the filter that judges records
as_many      how many there are
comparable   synthetic records of any tool, as the real ones are stored
evaluated    every score of synthetic records
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from smartsynth import images, registry, sequences
from smartsynth.alignment import align
from smartsynth.columns import with_columns
from smartsynth.config import Handling, RunConfig
from smartsynth.errors import ConfigError, DataError
from smartsynth.facts import Evaluation, Identifier
from smartsynth.models.image_filter import ImageFilter
from smartsynth.models.options import is_whole
from smartsynth.models.privacy_filter import PrivacyFilter
from smartsynth.models.record_filter import RecordFilter, WindowFilter
from smartsynth.models.text_filter import TextFilter
from smartsynth.progress import Progress
from smartsynth.schema import WINDOW, Kind, Modality, Schema
from smartsynth.texts import has_parts
from smartsynth.utils import evaluator, image_evaluator, sequence_evaluator, text_evaluator

LENGTH = 24
"""Rows of a window if none are asked for, as in the published benchmarks."""
FEW_OTHERS = 1
"""Columns beside texts up to which data are texts, and not a table with notes."""
CLASSES, MOST_CLASSES = ("label", "class", "target", "y", "category"), 100
"""Names of columns beside images whose whole numbers name classes, and how many there may be."""
LEAST_RECORDS = 2
"""Of the training, the synthetic and the holdout data, if they are to be compared."""


def window_of(run: RunConfig) -> int:
    """Rows of a window of a plain series."""
    asked = run.generator.options.get("window")
    if asked is not None and (not is_whole(asked) or asked < 2):
        raise ConfigError(f"generator.options: window={asked!r} must be a whole number of at least 2.")
    return int(asked or run.window or LENGTH)


def framing_of(run: RunConfig) -> str:
    """How images of another form are brought to that of the synthetic ones."""
    asked = run.generator.options.get("framing", images.CROP)
    if asked not in images.FITS:
        raise ConfigError(f"generator.options: framing={asked!r} must be one of {', '.join(images.FITS)}.")
    return str(asked)


def arranged(frame: pd.DataFrame, schema: Schema, run: RunConfig) -> Schema:
    """The schema with entity, time and static columns marked, or as that of texts, if the run says so or the data are texts."""
    if any(c.kind is Kind.IMAGE and not _goes(c.name, run) for c in schema):
        return _of_images(frame, schema, run)
    if not run.is_sequential:
        return _of_texts(frame, schema, run)
    return sequences.marked(frame, schema, entity=run.entity, time=run.time)


def _goes(name: str, run: RunConfig) -> bool:
    """Whether a column is dropped before anything is learnt."""
    return name in run.columns and run.columns[name].treatment is Handling.DROP


def _of_images(frame: pd.DataFrame, schema: Schema, run: RunConfig) -> Schema:
    """The schema as one of images; whole numbers that name classes are categories."""
    if run.privacy.safe_harbor:
        name = next(c.name for c in schema if c.kind is Kind.IMAGE)
        raise ConfigError(
            f"privacy.safe_harbor=True: the images of {name!r} may show faces, which Safe Harbor removes: a profile counts some, and nothing removes any. Drop "
            f"them (columns.{name}.treatment=drop), or leave safe_harbor out."
        )
    if run.is_sequential:
        raise ConfigError(
            "Images cannot follow one another here: leave entity, time and window out, or drop the column of images."
        )
    asked = run.generator.name
    if asked != "auto" and registry.generator_class(asked).modality is not Modality.IMAGE:
        kind = registry.generator_class(asked).modality.value
        raise ConfigError(
            f"generator={asked!r} makes {kind} data, and there are images. Use auto, or drop the column of images."
        )
    for name, value in _for_rows(run).items():
        raise ConfigError(f"{name}={value!r} is for tables, and there are images. Leave it out, or drop the column.")
    for column in schema:
        if column.kind is Kind.NUMERIC and column.decimals == 0 and column.name not in run.columns:
            levels = frame[column.name].nunique()
            if levels <= MOST_CLASSES and (column is schema.target or column.name.lower() in CLASSES):
                schema = schema.with_column(column.name, kind=Kind.CATEGORICAL)
    return replace(schema, modality=Modality.IMAGE)


def _of_texts(frame: pd.DataFrame, schema: Schema, run: RunConfig) -> Schema:
    """The schema as one of texts if some are named, a generator of texts is, or hardly anything else is there."""
    for name in run.text or ():
        if not pd.api.types.is_object_dtype(frame[schema[name].name].dtype) and schema[name].kind is not Kind.TEXT:
            raise ConfigError(f"text={name!r} is a column of the dtype {schema[name].dtype}, which holds no texts.")
        schema = schema.with_column(name, kind=Kind.TEXT)
    texts = [c for c in schema if c.kind is Kind.TEXT]
    if run.generator.name != "auto":
        is_text = _names_a_writer(run)
    elif run.text is not None:
        is_text = True
    else:
        few = sum(c.is_modelled for c in schema) <= FEW_OTHERS or any(has_parts(c) for c in texts)
        is_text = bool(texts) and few and not _for_tables(run)
    return replace(schema, modality=Modality.TEXT) if is_text else schema


def _names_a_writer(run: RunConfig) -> bool:
    """Whether the generator is asked for by name and writes texts."""
    name = run.generator.name
    return name != "auto" and registry.generator_class(name).modality is Modality.TEXT


def _for_rows(run: RunConfig) -> dict[str, Any]:
    """Settings of the run that neither texts nor images go with."""
    asked = {
        "generator.budget": run.generator.budget, "generator.refine": run.generator.refine or None,
        "privacy.k_anonymity": run.privacy.k_anonymity,
    }  # fmt: skip
    return {name: value for name, value in asked.items() if value is not None}


def _for_tables(run: RunConfig) -> dict[str, Any]:
    """Settings of the run that texts do not go with."""
    return {**_for_rows(run), **({"evaluate.thorough": True} if run.evaluate.thorough else {})}


def _check_texts(run: RunConfig) -> None:
    """Refuse settings that texts do not go with, where texts were asked for."""
    if run.text is None and not _names_a_writer(run):
        return
    for name, value in _for_tables(run).items():
        raise ConfigError(
            f"{name}={value!r} is for tables, and texts are written by a language model. Leave one of the two out."
        )


def check(run: RunConfig) -> None:
    """Refuse what goes with rows of a table alone.

    Raises:
        ConfigError: A setting does not go with time series.
    """
    _check_texts(run)
    if not run.is_sequential:
        return
    window_of(run)
    if run.evaluate.enabled and run.rows is not None and run.rows < LEAST_RECORDS:
        raise ConfigError(
            f"rows={run.rows} is the number of entities or windows, and a single one cannot be compared with the real ones. Make at "
            f"least {LEAST_RECORDS}, or switch the evaluation off (evaluate.enabled)."
        )
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


def check_treated(named: Sequence[Identifier], run: RunConfig) -> None:
    """Refuse treatments after which nobody knows whose rows are whose, or what came first.

    Raises:
        ConfigError: The entity would go or be made coarser, or the time would go or be made up.
    """
    refused = {run.entity: ("entity", ("drop", "generalise")), run.time: ("time", ("drop", "regenerate"))}
    for one in named:
        what, wrong = refused.get(one.column, ("", ()))
        if one.treatment in wrong:
            raise ConfigError(
                f"columns.{one.column}.treatment={one.treatment}: the column is the {what} of the time series, which is read before "
                f"anything is learnt. Leave the treatment out: names of entities are made anew anyway."
            )


def ordered(frame: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """The rows by their times, if they have any: a treatment may leave only the year of them."""
    return frame if schema.time is None else sequences.in_order(frame, schema)


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

    Raises:
        DataError: The holdout is the real rows themselves.
    """
    if (
        unseen is not None
        and len(unseen) == len(real)
        and unseen.reset_index(drop=True).equals(real.reset_index(drop=True))
    ):
        raise DataError(
            "The holdout has the very rows of the real data, so nothing would be kept aside, and no copy could be told from chance. Give other "
            "real rows, or leave it out."
        )
    if schema.is_series:
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
    if len(other) < window:
        raise DataError(
            f"The holdout has {len(other):,} rows, and a window {window}. Give more, or use shorter windows (window)."
        )
    cut = [sequences.one_stretch(frame, schema) for frame in (real, other)]
    return cut[0], cut[1], sequences.with_window(schema)


def gate(
    train: pd.DataFrame, held: pd.DataFrame, schema: Schema, run: RunConfig, progress: Progress
) -> PrivacyFilter | None:
    """The filter of the run, fitted; None if it is off."""
    if not run.privacy.filter:
        return None
    if schema.modality is Modality.IMAGE:
        gate = ImageFilter(run.privacy, side=run.generator.options.get("side"), framing=framing_of(run))
        return gate.fit(train, held, schema, seed=run.seed or 0, progress=progress)
    if schema.modality is Modality.TEXT:
        return TextFilter(run.privacy).fit(train, held, schema, seed=run.seed or 0, progress=progress)
    kind = PrivacyFilter if schema.modality is Modality.TABLE else WindowFilter if schema.is_series else RecordFilter
    return kind(run.privacy).fit(train, held, schema, seed=run.seed or 0, progress=progress)


def as_many(real: pd.DataFrame, schema: Schema, run: RunConfig) -> int:
    """The number of real records: rows, entities, or windows that the series would fill."""
    if schema.modality in (Modality.TABLE, Modality.TEXT, Modality.IMAGE):
        return len(real)
    if schema.is_series:
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
        return evaluator.evaluate(train, rows, held, mix=mix, guessed=schema.target is None, **shared)
    if schema.modality is Modality.IMAGE:
        shared["target"] = run.target
        return image_evaluator.evaluate_images(train, rows, held, framing=framing_of(run), **shared)
    if schema.modality is Modality.TEXT:
        return text_evaluator.evaluate_texts(train, rows, held, **{**shared, "target": run.target})
    for what, some in (("training", train), ("synthetic", rows), ("holdout", held)):
        if (found := _records(some, schema, run)) < LEAST_RECORDS:
            raise DataError(
                f"The {what} data have {found} record{'' if found == 1 else 's'} (entities with all their rows, or windows); at least "
                f"{LEAST_RECORDS} are needed to compare. Give more, or switch the evaluation off (evaluate.enabled)."
            )
    window = window_of(run) if schema.is_series else None
    shared["target"] = run.target
    return sequence_evaluator.evaluate_sequences(train, rows, held, window=window, **shared)


def _records(rows: pd.DataFrame, schema: Schema, run: RunConfig) -> int:
    """The number of entities, or of windows of a plain series at every offset."""
    assert schema.entity is not None  # noqa: S101  (it is divided)
    lengths = rows[schema.entity.name].value_counts().to_numpy()
    return int(np.maximum(lengths - window_of(run) + 1, 0).sum()) if schema.is_series else len(lengths)


def comparable(rows: pd.DataFrame, schema: Schema, run: RunConfig) -> tuple[pd.DataFrame, Schema]:
    """Synthetic rows of any tool as the real ones are stored, and the schema that they are read with.

    Those of a plain series are stretches as they are numbered; if they are not, windows one after the other are cut out of them.

    Raises:
        DataError: The columns are not those of the real rows, or there are fewer rows than a window has.
    """
    if not schema.is_series:
        return align(rows, schema, what="synthetic"), schema
    numbered = sequences.with_window(schema)
    if WINDOW in rows.columns:
        return align(rows, numbered, what="synthetic"), numbered
    whole, window = sequences.in_order(align(rows, schema, what="synthetic"), schema), window_of(run)
    n = len(whole) // window
    if n == 0:
        raise DataError(
            f"The synthetic series has {len(whole):,} rows, and a window {window}. Use shorter windows (window)."
        )
    number = np.repeat(np.arange(n), window)
    return with_columns(whole.head(n * window), {WINDOW: number})[list(numbered.names)], numbered
