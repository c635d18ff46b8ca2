"""How the rows of a data set follow one another: entities, times, gaps, and what numbers do along time.

    detected(frame, schema)          whether they seem to, found without being told        (sequence_finder.py)
    sequence_profile(frame, schema)  what a time series looks like, declared or found

Entities are counted in all rows; everything else is about some of the entities, or about a stretch of a plain series. All of it is
an aggregate, and a quantile has at least five entities, or five steps, on either side.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.facts import ChannelProfile, SequenceProfile
from smartsynth.schema import Column, Kind, Role, Schema
from smartsynth.sequences import marked
from smartsynth.utils.rhythm import rhythm_of
from smartsynth.utils.sequence_columns import PARTS, numbers_of, words
from smartsynth.utils.sequence_finder import Found, detected
from smartsynth.utils.serial import Bounds, Floats, autocorrelation, dickey_fuller, season, shifted

__all__ = ["detected", "sequence_profile"]

MIN_ENTITIES = 5
SAMPLE_ROWS = 20_000
MOST_CHANNELS, MOST_LAGS = 40, 48
_LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
_BINS = 20


def sequence_profile(frame: pd.DataFrame, schema: Schema, *, found: Found | None = None) -> SequenceProfile:
    """What the rows look like as a time series.

    Args:
        frame: Rows, of any order.
        schema: Their columns; `marked`, unless entity and time were found.
        found: What `detected` said.

    Numbers that are parts of a date, such as a column `month`, are no channels: they say when, not what.
    """
    entity = schema.entity.name if schema.entity else None
    time = schema.time.name if schema.time else None
    if found is not None:
        entity, time, reasons = found
    rows = _ordered(frame, schema, entity, time)
    if found is not None:
        schema = marked(rows.frame, schema, entity=entity, time=time)
    timed = None if time is None else schema[time]
    rhythm = rhythm_of(rows.when, rows.bounds, timed)
    channels = [c for c in schema.channels if c.kind is Kind.NUMERIC and not _is_part_of_date(c)]
    looked = [_channel(column, rows, plain=entity is None) for column in channels[:MOST_CHANNELS]]
    return SequenceProfile(
        entity=entity,
        time=time,
        declared=found is None,
        reasons=() if found is None else reasons,
        entities=len(rows.lengths),
        rows=_quantiles(rows.lengths.astype(np.float64)) if entity is not None else {},
        lengths=_lengths(rows.lengths) if entity is not None else ((), ()),
        statics=tuple(c.name for c in schema if c.static and c.role is not Role.ENTITY and c.kind is not Kind.CONSTANT),
        kind="order" if timed is None else timed.kind.value,
        order=rows.order,
        duplicates=rows.duplicates,
        frequency=rhythm.words,
        step=rhythm.step,
        gaps=_quantiles(rhythm.gaps),
        missing=rhythm.missing,
        channels=tuple(channel for channel in looked if channel is not None),
        sampled=len(rows.frame) if entity is None else len(rows.bounds) - 1,
    )


def _is_part_of_date(column: Column) -> bool:
    said = words(column.name)
    return bool(said) and set(said) <= set(PARTS)


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows of some entities in order.

    Args:
        frame: The rows, entity after entity, each by time.
        when: Their times as numbers.
        bounds: First row of each entity, and the number of rows.
        lengths: Rows of every entity of the data.
        order, duplicates: Shares of the rows as they came.
    """

    frame: pd.DataFrame
    when: Floats
    bounds: Bounds
    lengths: Bounds
    order: float
    duplicates: float


def _ordered(frame: pd.DataFrame, schema: Schema, entity: str | None, time: str | None) -> _Rows:
    """The rows of some entities by time; of a plain series as many as SAMPLE_ROWS from its middle."""
    codes = np.zeros(len(frame), np.int64) if entity is None else pd.factorize(frame[entity])[0].astype(np.int64)
    lengths = np.bincount(codes)
    if entity is not None:
        chosen = _some(lengths)
        rows = np.flatnonzero(chosen[codes])
        frame, codes = frame.iloc[rows], codes[rows]
    when = np.arange(len(frame), dtype=np.float64) if time is None else numbers_of(frame[time], schema[time])
    as_they_came = np.argsort(codes, kind="stable")
    order = np.lexsort((when, codes))
    back, same = _steps(when, codes, as_they_came) < 0, _steps(when, codes, order) == 0
    each = SAMPLE_ROWS if entity is None else max(SAMPLE_ROWS // MIN_ENTITIES, 2)
    order = _stretch(order, codes, each)
    counts = np.unique(codes[order], return_counts=True)[1]
    return _Rows(
        frame.iloc[order].reset_index(drop=True),
        when[order],
        np.r_[0, np.cumsum(counts)].astype(np.int64),
        lengths,
        1.0 - float(back.mean()) if len(back) else 1.0,
        float(same.sum() / max(len(frame), 1)),
    )


def _some(lengths: Bounds) -> NDArray[np.bool_]:
    """Whether each entity is looked at: at random, until there are SAMPLE_ROWS rows, but no fewer than MIN_ENTITIES."""
    order = np.random.default_rng(0).permutation(len(lengths))
    most = max(int(np.searchsorted(np.cumsum(lengths[order]), SAMPLE_ROWS)) + 1, MIN_ENTITIES)
    chosen = np.zeros(len(lengths), bool)
    chosen[order[:most]] = True
    return chosen


def _steps(when: Floats, codes: Bounds, order: Bounds) -> Floats:
    """Steps in time from row to row of the same entity."""
    return np.asarray(np.diff(when[order])[np.diff(codes[order]) == 0])


def _stretch(order: Bounds, codes: Bounds, most: int) -> Bounds:
    """At most so many consecutive rows of each entity, from the middle of it."""
    counts = np.unique(codes[order], return_counts=True)[1]
    place = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    begin = np.repeat(np.maximum(counts - most, 0) // 2, counts)
    return order[(place >= begin) & (place < begin + most)]


def _quantiles(values: Floats) -> dict[str, float]:
    """Quantiles with MIN_ENTITIES values or more on either side."""
    n = len(values)
    levels = [level for level in _LEVELS if n * min(level, 1 - level) >= MIN_ENTITIES]
    return {f"q{round(100 * level):02d}": float(np.quantile(values, level)) for level in levels}


def _lengths(lengths: Bounds) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Histogram between the 5 and the 95 % quantile, what lies outside counted in the outermost bins, none of fewer than five."""
    if len(lengths) < MIN_ENTITIES / _LEVELS[0]:
        return (), ()
    low, high = (float(np.round(np.quantile(lengths, level))) for level in (_LEVELS[0], _LEVELS[-1]))
    width = max(np.ceil((high - low + 1) / _BINS), 1.0)
    edges = np.arange(low - 0.5, high + 0.5 + width, width)
    counts = np.histogram(np.clip(lengths, low, high), edges)[0]
    kept, totals, held = [float(edges[0])], [], 0
    for right, number in zip(edges[1:], counts, strict=True):
        held += int(number)
        if held >= MIN_ENTITIES:
            kept.append(float(right))
            totals.append(held)
            held = 0
    totals[-1] += held
    return tuple(kept), tuple(total / len(lengths) for total in totals)


def _channel(column: Column, rows: _Rows, *, plain: bool) -> ChannelProfile | None:
    """What one number does along time; None if it does not vary within any entity of three rows."""
    values = numbers_of(rows.frame[column.name], column)
    typical = np.repeat(np.diff(rows.bounds), np.diff(rows.bounds))
    lags = int(np.clip(np.median(typical) // 2 if len(typical) else 1, 1, MOST_LAGS))
    found = autocorrelation(values, rows.bounds, lags)
    known = found[: int(np.argmax(np.isnan(found)))] if np.isnan(found).any() else found
    if not len(known):
        return None
    repeats = season(values, rows.bounds)
    test = dickey_fuller(values) if plain else None
    moved = np.zeros(0, bool) if plain else shifted(values, rows.bounds)
    return ChannelProfile(
        column.name,
        tuple(float(np.clip(one, -1, 1)) for one in known),
        None if repeats is None else repeats.period,
        0.0 if repeats is None else min(repeats.strength, 1.0),
        None if test is None else test.statistic,
        () if test is None else test.critical,
        float(moved.mean()) if len(moved) >= MIN_ENTITIES else None,
    )
