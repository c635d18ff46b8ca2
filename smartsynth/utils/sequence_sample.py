"""Three samples of a time series, brought into the forms that measures take.

    frames ──▶ panels ──▶ rows       numbers and codes of all rows, record after record
                     └──▶ records    one row per record (sequences.record_table), for everything that compares records
                     └──▶ windows    records of one length as one array (n, length, channels), scaled to [0, 1]

A record is an entity with its rows. If the synthetic records are windows of one length, real rows are cut into windows of that
length as well, so that records are comparable: one window of each entity, or of a plain series all overlapping ones. Those of one
block of time depend on one another, so each window of a plain series knows its block.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.errors import DataError
from smartsynth.formats import count
from smartsynth.metrics.rows import Layout, Rows, prepared
from smartsynth.schema import Role, Schema
from smartsynth.sequences import Panel, record_table, times, windows_of

NAMES = ("train", "synthetic", "holdout")
LENGTH = "length"
BLOCK, BLOCKS = 4, 10
"""A block of a plain series has the rows of so many windows, or a share of all rows."""
MOST_LEARNT = 10_000
"""Windows of the training rows that synthetic ones are compared with for nearness."""
MOST_LEVELS = 20
"""Levels of a category that is one channel each in windows as arrays; one with more is left out."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One of the three samples.

    Args:
        panel: Its rows in order.
        rows: The same as numbers and codes.
        when: Their times; None if there is no time.
        records: The records, cut into windows if they are windows.
        table: One row per record.
        groups: For each record a number; records of one number depend on one another.
        apart: Places of records that share no row.
    """

    panel: Panel
    rows: Rows
    when: NDArray[np.float64] | None
    records: Panel
    table: pd.DataFrame
    groups: NDArray[np.int64]
    apart: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Samples:
    """Training rows, synthetic rows and holdout, coded alike.

    Args:
        train, synthetic, holdout: The samples.
        schema: Columns of the rows.
        layout: Columns of `Sample.rows`.
        table_schema: Columns of `Sample.table`.
        length: Rows of each record; None if they differ.
    """

    train: Sample
    synthetic: Sample
    holdout: Sample
    schema: Schema
    layout: Layout
    table_schema: Schema
    length: int | None

    @property
    def every(self) -> tuple[Sample, Sample, Sample]:
        return self.train, self.synthetic, self.holdout

    @property
    def plain(self) -> bool:
        """Whether all rows are of a single series, which stretches and windows were cut from."""
        return self.schema.is_series

    @property
    def what(self) -> str:
        """What a record is, in the plural."""
        return f"windows of {count(self.length)} rows" if self.plain and self.length else "entities"

    @property
    def numeric(self) -> list[int]:
        """Places of the channels of numbers among the numeric columns of the layout."""
        channels = {column.name for column in self.schema.channels}
        return [j for j, name in enumerate(self.layout.numeric) if name in channels]

    @property
    def categorical(self) -> list[int]:
        """Places of the channels of categories among the categorical columns of the layout."""
        channels = {column.name for column in self.schema.channels}
        return [j for j, name in enumerate(self.layout.categorical) if name in channels]


def samples_of(
    frames: Sequence[pd.DataFrame],
    schema: Schema,
    *,
    window: int | None,
    most_rows: int,
    most_records: int,
    rng: np.random.Generator,
) -> Samples:
    """Training rows, synthetic rows and holdout, in this order, as samples.

    Args:
        frames: Event rows of each, with an entity.
        schema: Their columns, marked.
        window: Rows of a synthetic window, if they are windows.
        most_rows: Entities are drawn until there are so many rows of each sample.
        most_records: At most so many records of each sample are compared as records.
        rng: Decides which.

    Raises:
        DataError: There is no stretch of real rows as long as a window.
    """
    every = [Panel.of(frame, schema) for frame in frames]
    length = _common_length(every, window)
    cut = [_cut(name, panel, length, most_records, rng) for name, panel in zip(NAMES, every, strict=True)]
    panels = [_fewer_rows(panel, most_rows, rng) for panel in every]
    layout, rows = prepared([panel.frame for panel in panels], _of_rows(schema))
    tables, table_schema = _tables([records for records, _, _ in cut], schema)
    made = [
        Sample(panel, found, None if schema.time is None else times(panel.frame, schema), records, table, groups, apart)
        for panel, found, (records, groups, apart), table in zip(panels, rows, cut, tables, strict=True)
    ]
    return Samples(made[0], made[1], made[2], schema, layout, table_schema, length)


def _common_length(every: Sequence[Panel], window: int | None) -> int | None:
    """The length of all synthetic records, if it is that of a window or of all training records."""
    made = np.unique(every[1].lengths)
    if len(made) != 1:
        return None
    alike = window is not None and made[0] == window
    return int(made[0]) if alike or (every[0].lengths == made[0]).all() else None


Cut = tuple[Panel, NDArray[np.int64], NDArray[np.int64]]
"""Records, their groups, and the places of those that share no row."""


def _cut(name: str, panel: Panel, length: int | None, most: int, rng: np.random.Generator) -> Cut:
    """At most `most` records of a panel, cut into windows where they have one length."""
    if length is None or (panel.lengths == length).all():
        kept = np.sort(rng.permutation(len(panel))[:most])
        return panel.take(kept), kept, np.arange(len(kept))
    starts = windows_of(panel, length)
    if len(starts) == 0:
        raise DataError(
            f"No entity of the {name} rows has {length} rows, so windows of {length} rows cannot be compared with them. "
            "Use shorter windows (window)."
        )
    owner = panel.entity_of_row[starts]
    if not panel.schema.is_series:
        order = rng.permutation(len(starts))
        starts = np.sort(starts[order[np.unique(owner[order], return_index=True)[1]]][:most])
        return _cut_at(panel, starts, length), np.arange(len(starts)), np.arange(len(starts))
    place = starts - panel.first[owner]
    block = max(BLOCK * length, -(-len(panel.frame) // BLOCKS))
    whole = place // block == (place + length - 1) // block
    starts, place = starts[whole], place[whole]
    number = owner[whole] * (len(panel.frame) // block + 1) + place // block
    kept = np.sort(rng.permutation(len(starts))[:most])
    apart = np.flatnonzero((place % block % length == 0)[kept])
    return _cut_at(panel, starts[kept], length), number[kept], apart


def _cut_at(panel: Panel, starts: NDArray[np.int64], length: int) -> Panel:
    places = (starts[:, None] + np.arange(length)).ravel()
    bounds = np.arange(len(starts) + 1, dtype=np.int64) * length
    return Panel(panel.frame.iloc[places].reset_index(drop=True), panel.schema, bounds)


def _fewer_rows(panel: Panel, most: int, rng: np.random.Generator) -> Panel:
    """Entities drawn at random until their rows would be more than `most`; at least one."""
    if len(panel.frame) <= most:
        return panel
    order = rng.permutation(len(panel))
    kept = max(int(np.searchsorted(np.cumsum(panel.lengths[order]), most, side="right")), 1)
    return panel.take(np.sort(order[:kept]))


def _of_rows(schema: Schema) -> Schema:
    """The columns that are compared row by row: all that are modelled, of a plain series without the time."""
    kept = tuple(c for c in schema if c.is_modelled and not (schema.is_series and c.role is Role.TIME))
    return replace(schema, columns=kept)


def _tables(records: Sequence[Panel], schema: Schema) -> tuple[list[pd.DataFrame], Schema]:
    """One row per record of each panel, and the columns, which are the same for all."""
    if schema.is_series and schema.time is not None:
        schema = replace(schema, columns=tuple(c for c in schema if c.role is not Role.TIME))
    frame = pd.concat([panel.frame[list(schema.names)] for panel in records], ignore_index=True)
    lengths = np.concatenate([panel.lengths for panel in records])
    table, columns = record_table(Panel(frame, schema, np.r_[0, np.cumsum(lengths)].astype(np.int64)))
    table, columns = _called(table, columns)
    ends = np.cumsum([len(panel) for panel in records])[:-1]
    return [part.reset_index(drop=True) for part in _split(table, ends)], columns


def _split(table: pd.DataFrame, ends: NDArray[np.int64]) -> list[pd.DataFrame]:
    return [table.iloc[a:b] for a, b in pairwise([0, *map(int, ends), len(table)])]


def _called(table: pd.DataFrame, schema: Schema) -> tuple[pd.DataFrame, Schema]:
    """The number of rows of a record under a name that texts about records can tell from rows."""
    if "rows" not in schema or LENGTH in schema:
        return table, schema
    columns = tuple(replace(c, name=LENGTH) if c.name == "rows" else c for c in schema)
    return table.rename(columns={"rows": LENGTH}), replace(schema, columns=columns)


Arrays = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]


def arrays(samples: Samples) -> tuple[Arrays, NDArray[np.float32]]:
    """Records of one length as arrays (n, length, channels) scaled to [0, 1] by the training rows, of each sample; and all windows of
    the training rows, as far as they are no more than MOST_LEARNT.

    A category is one channel per level, if it has at most MOST_LEVELS; a missing number is the median of the training rows.
    """
    length = samples.length
    assert length is not None  # noqa: S101  (asked by the caller)
    schema = replace(samples.schema, columns=samples.schema.channels)
    starts = windows_of(samples.train.panel, length)
    learnt = _cut_at(samples.train.panel, starts[:: -(-len(starts) // MOST_LEARNT)], length)
    frames = [*(sample.records.frame for sample in samples.every), learnt.frame]
    layout, rows = prepared(frames, schema)
    low, high = _range(rows[0].numbers)
    median = np.nan_to_num(_by_column(np.nanmedian, rows[0].numbers))
    found = []
    for one in rows:
        numbers = np.where(np.isnan(one.numbers), median, one.numbers)
        parts = [np.clip((numbers - low) / (high - low + 1e-7), -1, 2)]
        parts += [
            (one.codes[:, [j]] == np.arange(len(levels))).astype(float)
            for j, levels in enumerate(layout.levels)
            if len(levels) <= MOST_LEVELS
        ]
        flat = np.concatenate(parts, axis=1).astype(np.float32)
        found.append(flat.reshape(len(flat) // length, length, flat.shape[1]))
    return (found[0], found[1], found[2]), found[3]


def _range(numbers: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return np.nan_to_num(_by_column(np.nanmin, numbers)), np.nan_to_num(_by_column(np.nanmax, numbers))


def _by_column(how: object, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    out = np.full(numbers.shape[1], np.nan)
    has = ~np.isnan(numbers).all(axis=0)
    if has.any():
        out[has] = how(numbers[:, has], axis=0)  # type: ignore[operator]
    return out
