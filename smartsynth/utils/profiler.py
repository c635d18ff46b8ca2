"""Dataset → Profile: what each column is, how it is distributed, how columns hang together, what to watch out for.

Everything in a Profile is an aggregate: percentiles instead of extremes, histogram bins and levels of at least MIN_ROWS
rows.
"""

from __future__ import annotations

import itertools
import time
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.dataset import Dataset
from smartsynth.facts import Alert, Association, ColumnProfile, Profile, SequenceProfile, Severity
from smartsynth.inference import refine_schema
from smartsynth.metrics import pairs
from smartsynth.metrics.rows import Layout, Rows, prepared, sampled
from smartsynth.metrics.utility import guessed_target
from smartsynth.privacy.neighbours import to_numbers
from smartsynth.progress import Progress, silent
from smartsynth.schema import Column, Kind, Modality, Schema
from smartsynth.utils.alerts import READING, alerts
from smartsynth.utils.image_profiler import image_profiles
from smartsynth.utils.sequence_profiler import detected, sequence_profile
from smartsynth.utils.text_profiler import text_profiles

MIN_ROWS = 5
BINS = 30
LEVELS = 30
ASSOCIATION_ROWS = 20_000
MOST_ASSOCIATED_COLUMNS = 200
HUGE = 1e100
"""Sums of squares of smaller numbers are floats."""
_QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


def profile(dataset: Dataset, *, target: str | None = None, progress: Progress | None = None) -> Profile:
    """What a data set looks like.

    Args:
        dataset: Real rows with their schema.
        target: Column that models predict; the schema's, or a guess, if not given.
        progress: Called with the share done; may raise `Cancelled`.

    Raises:
        ConfigError: The target is not a column.
    """
    start = time.perf_counter()
    report = progress or silent
    frame = dataset.frame
    schema = refine_schema(frame, dataset.schema)
    schema = Schema(tuple(_merged(old, new) for old, new in zip(dataset.schema, schema, strict=True)), schema.modality)
    if target is not None:
        schema = schema.with_target(target)
    columns = []
    for i, column in enumerate(schema):
        columns.append(_column(column, frame[column.name]))
        report(0.6 * (i + 1) / len(schema), f"Looked at {i + 1} of {len(schema)} columns")
    layout, (rows,) = prepared([frame], schema)
    rows = sampled(rows, ASSOCIATION_ROWS, np.random.default_rng(0))
    found = _associations(rows, layout)
    report(0.85, "Associations")
    sequence = _sequence(frame, schema)
    report(0.9, "Rows along time")
    duplicates = int(frame.duplicated().sum())
    given = target or (schema.target.name if schema.target else None)
    result = Profile(
        schema=schema,
        rows=len(frame),
        missing_cells=int(frame.isna().to_numpy().sum()),
        duplicate_rows=duplicates,
        memory_bytes=int(frame.memory_usage(deep=False).sum()),
        columns=tuple(columns),
        associations=found,
        dependencies=_dependencies(frame, schema),
        geographic_pairs=_geographic(schema),
        target=given or guessed_target(frame[[c.name for c in schema if c.is_modelled]], layout),
        whole=dataset.whole,
        sequence=sequence,
        texts=text_profiles(frame, schema),
        images=image_profiles(frame, schema),
    )
    read = tuple(Alert(Severity.INFO, READING, note) for note in dataset.source.notes)
    result = replace(result, alerts=(*alerts(result), *read), seconds=time.perf_counter() - start)
    report(1.0, "Profiled")
    return result


def _merged(given: Column, found: Column) -> Column:
    """What the user corrected or declared stays: a role or meaning that the given schema has wins over the found one."""
    role = given.role if given.role.value != "feature" else found.role
    return replace(
        found, kind=given.kind, role=role, semantic=given.semantic or found.semantic, static=given.static, low=given.low, high=given.high,
        categories=given.categories,
    )  # fmt: skip


def _sequence(frame: pd.DataFrame, schema: Schema) -> SequenceProfile | None:
    """How the rows follow one another, where they are said to or seem to."""
    if schema.modality is Modality.TIMESERIES:
        return sequence_profile(frame, schema)
    found = detected(frame, schema) if schema.modality is Modality.TABLE else None
    return None if found is None else sequence_profile(frame, schema, found=found)


def _column(column: Column, cells: pd.Series[Any]) -> ColumnProfile:
    known = cells.dropna()
    distinct = int(known.nunique())
    statistics: dict[str, float] = {}
    edges: tuple[float, ...] = ()
    shares: tuple[float, ...] = ()
    levels: tuple[tuple[str, float], ...] = ()
    flags: list[str] = []
    if column.kind in (Kind.NUMERIC, Kind.DATETIME, Kind.DURATION):
        values = to_numbers(cells, column)
        values = values[np.isfinite(values)]
        statistics = _statistics(values)
        edges, shares = _histogram(values)
        flags = _number_flags(values, distinct, column)
    elif column.kind in (Kind.CATEGORICAL, Kind.BOOLEAN):
        counts = (known if isinstance(known.dtype, pd.CategoricalDtype) else known.astype(object)).value_counts()
        common = counts[counts >= MIN_ROWS].head(LEVELS)
        levels = tuple((str(level), float(count / max(len(cells), 1))) for level, count in common.items())
        flags = ["high-cardinality"] if distinct > max(50, len(known) // 20) or distinct > 1000 else []
    elif column.kind is Kind.TEXT:
        sample = [str(cell) for cell in known.head(10_000)]
        lengths, words = [len(text) for text in sample], [len(text.split()) for text in sample]
        statistics = {"mean_length": float(np.mean(lengths)), "words": float(np.mean(words))}
    if distinct == len(known) > 1:
        flags.append("unique")
    return ColumnProfile(
        column.name, column.kind.value, column.role.value, column.semantic, len(cells), len(cells) - len(known),
        distinct, statistics, edges, shares, levels, tuple(flags),
    )  # fmt: skip


def _statistics(values: NDArray[np.float64]) -> dict[str, float]:
    if len(values) == 0:
        return {}
    mean, spread, skew = _moments(values)
    quantiles = np.quantile(values, _QUANTILES)
    names = ("q01", "q05", "q25", "q50", "q75", "q95", "q99")
    return {
        "mean": mean,
        "std": spread,
        "skew": skew,
        "zeros": float((values == 0).mean()),
        **{name: float(q) for name, q in zip(names, quantiles, strict=True)},
    }


def _moments(values: NDArray[np.float64]) -> tuple[float, float, float]:
    """Mean, standard deviation and skewness, also of numbers whose sums or squares no float can hold."""
    most = float(np.abs(values).max())
    size = most if most > HUGE else 1.0
    scaled = values / size
    mean, spread = float(scaled.mean()), float(scaled.std())
    skew = float((((scaled - mean) / spread) ** 3).mean()) if spread > 0 else 0.0
    return mean * size, spread * size, skew


def _histogram(values: NDArray[np.float64]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Bins of equal width between the 1st and 99th percentile, what lies outside counted in the outermost; bins of fewer
    than MIN_ROWS rows are merged with their neighbours.
    """
    if len(values) < MIN_ROWS:
        return (), ()
    low, high = np.quantile(values, [0.01, 0.99])
    if high <= low:
        return (float(low) - 0.5, float(low) + 0.5), (1.0,)
    edges = np.linspace(low, high, BINS + 1)
    counts = np.histogram(np.clip(values, low, high), edges)[0]
    kept, totals, held = [float(edges[0])], [], 0
    for i, count in enumerate(counts):
        held += int(count)
        if held >= MIN_ROWS:
            kept.append(float(edges[i + 1]))
            totals.append(held)
            held = 0
    totals[-1] += held
    kept[-1] = float(edges[-1])
    return tuple(kept), tuple(total / len(values) for total in totals)


def _number_flags(values: NDArray[np.float64], distinct: int, column: Column) -> list[str]:
    flags: list[str] = []
    if len(values) == 0:
        return flags
    zeros = float((values == 0).mean())
    if column.kind is Kind.NUMERIC and zeros >= 0.3 and distinct > 2:
        flags.append("zero-inflated")
    if column.decimals == 0 and column.kind is Kind.NUMERIC:
        flags.append("discrete")
    if abs(_moments(values)[2]) > 3:
        flags.append("skewed")
    return flags


def _associations(rows: Rows, layout: Layout) -> tuple[Association, ...]:
    """Every pair of columns, strongest first."""
    p, names = len(layout.numeric), (*layout.numeric, *layout.categorical)
    if len(names) > MOST_ASSOCIATED_COLUMNS:
        return ()
    matrix = pairs.associations(rows, layout)
    out = []
    for i, j in itertools.combinations(range(len(names)), 2):
        measure = "pearson" if j < p else "correlation-ratio" if i < p else "cramers-v"
        out.append(Association(names[i], names[j], abs(float(matrix[i, j])), measure))
    return tuple(sorted(out, key=lambda pair: -pair.value))


def _dependencies(frame: pd.DataFrame, schema: Schema) -> tuple[tuple[str, str], ...]:
    """Functional dependencies between repeating columns: each value of the first has one value of the second.

    A sample rules most pairs out; what is left is checked on all rows.
    """
    names = [c.name for c in schema if c.is_modelled and c.kind is not Kind.BOOLEAN]
    codes = {name: pd.factorize(frame[name], use_na_sentinel=False)[0] for name in names[:100]}
    distinct = {name: int(column.max()) + 1 for name, column in codes.items()}
    repeating = [name for name in codes if 2 < distinct[name] <= len(frame) / 3]
    sample = np.random.default_rng(0).permutation(len(frame))[:2_000]
    found = []
    for one, two in itertools.permutations(repeating, 2):
        likely = distinct[two] <= distinct[one] and _determines(codes[one][sample], codes[two][sample])
        if likely and _determines(codes[one], codes[two]):
            found.append((one, two))
    return tuple(found)


def _determines(one: NDArray[np.int64], two: NDArray[np.int64]) -> bool:
    both = one.astype(np.int64) * (int(two.max()) + 1) + two
    return len(np.unique(both)) == len(np.unique(one))


def _geographic(schema: Schema) -> tuple[tuple[str, str], ...]:
    places = {
        which: [c.name for c in schema if c.semantic == which or c.name.lower() in names]
        for which, names in (("latitude", ("lat", "latitude")), ("longitude", ("lon", "lng", "long", "longitude")))
    }
    return tuple(zip(places["latitude"], places["longitude"], strict=False))
