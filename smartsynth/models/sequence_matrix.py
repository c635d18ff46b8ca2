"""A panel ⇄ matrices of numbers in about [0, 1]: what neural generators of time series learn from.

    static   a row per entity: columns that it keeps, and its first moment
    values   a row per row: the channels, and the gap before the row where gaps differ (clock.py)

    number                      one column, scaled linearly between softened ends; nothing outside them is decoded
    number with missing cells   the last known number (else the mean), and a column that is 1 where the cell is missing
    category, truth value       one column per level
    identifier, text, constant  not encoded: made anew, for each entity or for each row

What is rare, and how far the ends are softened, is counted in entities where there are many, else in rows: a value that one entity
repeats in all its rows is as rare as one that it has once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.errors import DataError, Problem
from smartsynth.models.clock import ENTITIES, Clock, ends, scaled, unscaled
from smartsynth.models.encoding import Codec, LevelCodec, NumberCodec, TableEncoder, once, tally
from smartsynth.models.storage import natural_unit, restore
from smartsynth.schema import Column, Kind, Role, Schema
from smartsynth.sequences import Panel, windows_in

Matrix = NDArray[np.float32]
MOST_LEVELS = 256
"""Levels of a category that have a column of their own; the less frequent ones count as rare."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A panel as numbers.

    Args:
        static: One row per entity, (entities, static width).
        values: One row per row, (rows, width).
        bounds: First row of each entity, and the number of rows.
        starts: The moment of each row, scaled as the last column of `static` is; None if there is no time.
    """

    static: Matrix
    values: Matrix
    bounds: NDArray[np.int64]
    starts: Matrix | None

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Rows of each entity."""
        return np.diff(self.bounds)


@dataclass(frozen=True, slots=True)
class Span:
    """The columns of a matrix that stand for one column of the data.

    Args:
        name: Column of the data; empty for the moment of a row.
        begin: Its first column in the matrix.
        width: Columns.
        is_levels: Whether each column is a level, the largest one being meant; else the first is a number.
        has_mask: Whether the second column says that a number is missing.
    """

    name: str
    begin: int
    width: int
    is_levels: bool
    has_mask: bool


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two matrices: the encoder of its columns and where each of them lies.

    Args:
        encoder: Of the columns.
        means: Of each modelled column, scaled; fills what nothing is known of.
    """

    encoder: TableEncoder
    means: NDArray[np.float64]

    @property
    def spans(self) -> tuple[Span, ...]:
        """The columns of each codec."""
        made, at = [], 0
        for codec in self.encoder.codecs:
            has_mask = not codec.is_categorical and codec.nullable
            width = codec.n_levels if codec.is_categorical else 1 + has_mask
            made.append(Span(codec.name, at, width, codec.is_categorical, has_mask))
            at += width
        return tuple(made)

    @property
    def width(self) -> int:
        """Columns of the matrix."""
        return sum(span.width for span in self.spans)

    @classmethod
    def fit(cls, encoder: TableEncoder, frame: pd.DataFrame) -> Self:
        means = [
            0.0 if isinstance(codec, LevelCodec) else _mean(scaled(codec.encode(frame[codec.name]), codec))
            for codec in encoder.codecs
        ]
        return cls(encoder, np.array(means, np.float64))

    def encode(self, frame: pd.DataFrame, first: NDArray[np.int64]) -> Matrix:
        """The matrix of rows; `first` says in which of them nothing is known of the row before."""
        out = np.zeros((len(frame), self.width), np.float32)
        for codec, span, mean in zip(self.encoder.codecs, self.spans, self.means, strict=True):
            if isinstance(codec, LevelCodec):
                out[np.arange(len(frame)), span.begin + codec.encode(frame[codec.name])] = 1.0
                continue
            numbers = scaled(codec.encode(frame[codec.name]), codec)
            missing = np.isnan(numbers)
            out[:, span.begin] = np.nan_to_num(_forward(numbers, first), nan=mean)
            if span.has_mask:
                out[missing, span.begin + 1] = 1.0
        return out

    def columns(self, matrix: NDArray[Any], rng: np.random.Generator, *, draw: bool) -> list[NDArray[Any]]:
        """The matrix as the encoder's columns."""
        made: list[NDArray[Any]] = []
        for codec, span in zip(self.encoder.codecs, self.spans, strict=True):
            part = np.asarray(matrix[:, span.begin : span.begin + span.width], np.float64)
            if isinstance(codec, LevelCodec):
                made.append(_drawn(part, rng) if draw else part.argmax(axis=1))
                continue
            numbers = unscaled(part[:, 0], codec)
            made.append(np.where(part[:, 1] > 0.5, np.nan, numbers) if span.has_mask else numbers)
        return made


@dataclass(frozen=True, slots=True)
class SequenceMatrix:
    """Encodes panels and makes panels out of matrices.

    Args:
        schema: Of the panel.
        statics: What an entity keeps.
        channels: What changes from row to row.
        clock: Makes the time; None if there is none.
        gap: The mean gap, scaled.
        stride: No entity has more rows; identifiers of rows count by it.
    """

    schema: Schema
    statics: Side
    channels: Side
    clock: Clock | None
    gap: float
    stride: int

    @classmethod
    def fit(cls, panel: Panel, *, min_count: int = 5, rng: np.random.Generator) -> Self:
        """The matrix of a panel.

        Raises:
            DataError: Cells that are not what the schema says; every such column at once.
        """
        static, changing = _divided(panel.schema)
        firsts = panel.frame.iloc[panel.first].reset_index(drop=True)
        statics = Side.fit(TableEncoder.fit(_some(firsts, static), static, min_count=min_count, rng=rng), firsts)
        channels = Side.fit(_channel_encoder(panel, changing, min_count, rng), panel.frame)
        clock = Clock.fit(panel, min_count=min_count)
        gap = _mean(clock.gaps(panel)) if clock is not None and clock.gap is not None else 0.0
        # A power of two: the longest entity is told no closer.
        stride = 1 << int(panel.lengths.max(initial=1) - 1).bit_length()
        return cls(panel.schema, statics, channels, clock, gap, stride)

    @property
    def static_width(self) -> int:
        """Columns of the static matrix."""
        return self.statics.width + (self.clock is not None)

    @property
    def width(self) -> int:
        """Columns of the matrix of values."""
        return self.channels.width + self._has_gaps

    @property
    def static_spans(self) -> tuple[Span, ...]:
        """What the columns of the static matrix are."""
        moment = (Span("", self.statics.width, 1, False, False),)
        return self.statics.spans + (moment if self.clock is not None else ())

    @property
    def spans(self) -> tuple[Span, ...]:
        """What the columns of the matrix of values are."""
        gap = (Span("", self.channels.width, 1, False, False),)
        return self.channels.spans + (gap if self._has_gaps else ())

    @property
    def _has_gaps(self) -> bool:
        return self.clock is not None and self.clock.gap is not None

    def encode(self, panel: Panel) -> Encoded:
        """The panel as numbers; values beyond the softened ends lie a little outside [0, 1]."""
        firsts = panel.frame.iloc[panel.first].reset_index(drop=True)
        static = self.statics.encode(firsts, np.arange(len(firsts)))
        values = self.channels.encode(panel.frame, panel.first)
        if self.clock is None:
            return Encoded(static, values, panel.bounds, None)
        starts = self.clock.starts(panel.frame).astype(np.float32)
        static = np.c_[static, starts[panel.first]]
        if self._has_gaps:
            values = np.c_[values, np.nan_to_num(self.clock.gaps(panel), nan=self.gap).astype(np.float32)]
        return Encoded(static, values, panel.bounds, starts)

    def decode(
        self,
        static: NDArray[Any],
        values: NDArray[Any],
        lengths: NDArray[np.int64],
        rng: np.random.Generator,
        *,
        start: int,
        names: Sequence[Any] | None = None,
        draw: bool = False,
    ) -> Panel:
        """The entities of matrices, with exact dtypes.

        Args:
            static: A row per entity.
            values: Their rows, entity after entity.
            lengths: Rows of each entity.
            rng: Draws what numbers leave open.
            start: Place of the first entity in the whole stream; identifiers count it.
            names: Of the entities; made anew, no two alike in the whole stream, if not given.
            draw: Whether a level is drawn by its share; else the largest one is meant.

        Raises:
            ValueError: An entity is longer than `stride`.
        """
        if lengths.max(initial=0) > self.stride:
            raise ValueError(f"An entity has {lengths.max()} rows; at most {self.stride} can be decoded.")
        n, rows = len(lengths), int(lengths.sum())
        bounds = np.r_[0, np.cumsum(lengths)].astype(np.int64)
        held = self.statics.encoder.decode(self.statics.columns(static, rng, draw=draw), rng, start=start, n=n)
        columns = self.channels.columns(values, rng, draw=draw)
        frame = self.channels.encoder.decode(columns, rng, start=start * self.stride, n=rows)
        frame.index = pd.RangeIndex(rows)
        parts: dict[str, pd.Series[Any]] = {str(name): frame[name] for name in frame}
        owner = np.repeat(np.arange(n), lengths)
        for name in held:
            parts[str(name)] = held[name].iloc[owner].reset_index(drop=True)
        if self.clock is not None:
            gaps = values[:, -1] if self._has_gaps else None
            parts[self.clock.column.name] = self.clock.cells(static[:, -1], gaps, lengths)
        if (named := self._names(n, start, names)) is not None:
            entity, cells = named
            parts[entity.name] = restore(entity, cells[owner])
        return Panel(pd.DataFrame({name: parts[name] for name in self.schema.names}), self.schema, bounds)

    def _names(self, n: int, start: int, names: Sequence[Any] | None) -> tuple[Column, NDArray[Any]] | None:
        """The entity column and its names, unless its surrogate made them."""
        entity = self.schema.entity
        if entity is None:
            return None
        if names is not None:
            cells = np.empty(n, object)
            cells[:] = list(names)
            return entity, cells
        # The number of a stretch names nobody, so that new ones are counted from 0.
        return (entity, np.arange(start, start + n)) if self.schema.is_series and entity.dtype == "int64" else None

    def to_json(self) -> dict[str, Any]:
        """What is not an array, as plain JSON types."""
        return {
            "schema": self.schema.to_json(), "statics": self.statics.encoder.to_json(),
            "channels": self.channels.encoder.to_json(), "stride": self.stride, "gap": self.gap,
            "clock": None if self.clock is None else self.clock.to_json(),
        }  # fmt: skip

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What is an array, by name."""
        return {"static_means": self.statics.means, "channel_means": self.channels.means}

    @classmethod
    def restore(cls, values: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The matrix that `to_json` and `arrays` came from."""
        schema = Schema.from_json(values["schema"])
        clock = None
        if values["clock"] is not None and schema.time is not None:
            clock = Clock.from_json(schema.time, values["clock"])
        sides = [
            Side(TableEncoder.from_json(values[name]), np.asarray(arrays[means], np.float64))
            for name, means in (("statics", "static_means"), ("channels", "channel_means"))
        ]
        return cls(schema, sides[0], sides[1], clock, float(values["gap"]), int(values["stride"]))


def windows(encoded: Encoded, length: int, *, stride: int = 1) -> tuple[Matrix, Matrix]:
    """All windows of `length` rows that lie inside an entity, (n, length, width), and the static row of each, (n, static width).

    The last column of a static row is the moment of the window's first row.
    """
    first, owner = windows_in(encoded.bounds, length, stride=stride)
    static = encoded.static[owner]
    if encoded.starts is not None:
        static[:, -1] = encoded.starts[first]
    return encoded.values[first[:, None] + np.arange(length)], static


def _divided(schema: Schema) -> tuple[Schema, Schema]:
    """The columns that an entity keeps, and those that change; the time is in neither."""
    others = [column for column in schema if column.role is not Role.TIME]
    held = tuple(column for column in others if column.static)
    return Schema(held, schema.modality), Schema(tuple(c for c in others if not c.static), schema.modality)


def _some(frame: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    return frame[list(schema.names)]


def _channel_encoder(panel: Panel, schema: Schema, min_count: int, rng: np.random.Generator) -> TableEncoder:
    """The encoder of channels, which counts entities where there are enough of them."""
    modelled = [column for column in schema if column.is_modelled]
    rest = Schema(tuple(column for column in schema if not column.is_modelled), schema.modality)
    surrogates = TableEncoder.fit(_some(panel.frame, rest), rest, min_count=min_count, rng=rng).surrogates
    codecs: list[Codec] = []
    problems = []
    for column in modelled:
        series = panel.frame[column.name]
        try:
            if column.kind in (Kind.CATEGORICAL, Kind.BOOLEAN):
                codecs.append(_levels(column, series, panel, min_count, rng))
            else:
                unit = natural_unit(column, series)
                codecs.append(ends(NumberCodec(column, unit, 0.0, 0.0, False), series, panel, min_count))
        except (TypeError, ValueError) as error:
            what = f"its cells cannot be read as {column.kind.value} ({type(error).__name__})."
            problems.append(Problem(what, column=column.name, fix="Correct the column's kind."))
    if problems:
        raise DataError(problems)
    return TableEncoder(schema, codecs, surrogates)


def _levels(
    column: Column, series: pd.Series[Any], panel: Panel, min_count: int, rng: np.random.Generator
) -> LevelCodec:
    """The codec of a category; levels are counted once per entity where there are enough entities."""
    counted = series
    if len(panel) >= ENTITIES * min_count:
        counted = series[once(series, panel.entity_of_row)]
    counts = np.sort(tally(counted.dropna()).to_numpy())[::-1]
    least = max(min_count, int(counts[MOST_LEVELS]) + 1) if len(counts) > MOST_LEVELS else min_count
    return LevelCodec.fit(column, counted, least, rng)


def _forward(numbers: NDArray[np.float64], first: NDArray[np.int64]) -> NDArray[np.float64]:
    """The last known number of each row's entity; NaN before the first one."""
    known = ~np.isnan(numbers)
    begins = np.zeros(len(numbers), np.int64)
    begins[first] = first
    begins = np.maximum.accumulate(begins)
    last = np.maximum.accumulate(np.where(known, np.arange(len(numbers)), -1))
    return np.where(last >= begins, numbers[np.maximum(last, 0)], np.nan) if len(numbers) else numbers


def _mean(shares: NDArray[np.float64]) -> float:
    return float(np.nanmean(shares)) if not np.isnan(shares).all() else 0.0


def _drawn(shares: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.int64]:
    """A level of each row, by its share."""
    total = np.cumsum(np.maximum(shares, 1e-9), axis=1)
    return np.asarray((total < rng.random(len(shares))[:, None] * total[:, -1:]).sum(axis=1), np.int64)
