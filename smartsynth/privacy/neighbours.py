"""How far apart two rows of a mixed table are, which rows are the nearest, and which rows are the same.

    MixedDistance.fit(train, schema)   learns the scale of each column
      .encode(frame)   rows as a float32 matrix in which every column is compared in the same way
      .keys(frame)     one 64-bit number per row, equal for rows that are equal after normalisation: never misses a copy
    nearest(queries, reference, k)     the k nearest rows of encoded matrices
      Neighbours(reference)            the same for many rounds of queries against one reference
    matches(keys, reference_keys)      how many reference rows are equal to each row

The distance is Gower's (1971): the mean over the columns of a number from 0 to 1. Numbers, dates and durations count
|a - b| over a robust range, at most 1, and log(a / b) far outside that range, so that two fortunes that differ by 2 %
are near each other; categories and booleans 0 or 1; a missing cell against a known one 1, against another missing one
0. Identifiers, free text and constants say nothing about a person that a generator could have learnt, and are ignored.

In the encoded matrix a number is divided by its range, a category is a whole number and a missing cell is a number far
away from all others. Then min(|a - b|, 1) is the right distance for each of them, and one tight loop does them all.

Small references are searched exhaustively. Larger ones are cut into lists around landmark rows drawn from the
reference, and a query looks into the lists of its nearest landmarks only (an inverted file, Jégou et al. 2011, in the
table's own distance); the distances that come back are exact. benchmarks/privacy_filter.py compares this with faiss'
k-means lists over an embedding of the rows: it finds more of the true neighbours, is built faster, needs no embedding
and gives the same answer on every machine.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from pandas.api import types

from smartsynth.errors import DataError, Problem
from smartsynth.moments import read_moments
from smartsynth.progress import Progress, silent
from smartsynth.schema import Column, Kind, Schema

if TYPE_CHECKING:
    from numpy.typing import NDArray

MISSING = np.float32(1e30)
"""Stands for a missing number in the encoded matrix."""
_FARTHEST = 1e29
_CODES = 2**24  # whole numbers up to here are exact in float32
_MISSING_CODE = -1.0

EXHAUSTIVE_ROWS = 20_000
EXHAUSTIVE_CELLS = 1_000_000
"""References of so many rows, or so many cells, are searched exhaustively: about 0.1 ms a query on one core."""
LISTS_PER_QUERY = 32
"""Lists that a query looks into. Of 8, 16, 32 and 64, the first that found the source of every planted near copy."""
_QUERIES_PER_STEP = 16_384
_COLUMNS_PER_LOOK = 4


@dataclass(frozen=True, slots=True)
class _Number:
    """A column of numbers, dates or durations: centre and range of its training cells."""

    column: Column
    centre: float
    scale: float

    @classmethod
    def fit(cls, column: Column, cells: pd.Series) -> Self:
        known = to_numbers(cells, column)
        known = known[np.isfinite(known)]
        if len(known) == 0:
            return cls(column, 0.0, 1.0)
        low, centre, high = np.quantile(known, [0.01, 0.5, 0.99])
        scale = float(high - low)
        if scale <= 0:  # nearly always the same value, such as zero: the range of the others
            others = np.abs(known[known != centre] - centre)
            scale = float(np.quantile(others, 0.9)) if len(others) else 1.0
        return cls(column, float(centre), scale)

    def encode(self, cells: pd.Series) -> NDArray[np.float32]:
        values = (to_numbers(cells, self.column) - self.centre) / self.scale
        size = np.abs(values)
        with np.errstate(divide="ignore"):
            size = np.where(size > 1, 1 + np.log(size), size)
        return np.where(np.isnan(values), MISSING, np.sign(values) * np.minimum(size, _FARTHEST)).astype(np.float32)

    def keys(self, cells: pd.Series) -> NDArray[np.uint64]:
        values = to_numbers(cells, self.column)
        if self.column.decimals is not None:
            values = np.round(values, self.column.decimals)
        else:  # a billionth of the range is noise of arithmetic
            values = np.round((values - self.centre) / self.scale, 9)
        values = np.where(np.isnan(values), np.nan, values + 0.0)  # one NaN, and no minus zero
        return _mixed(values.view(np.uint64))


@dataclass(frozen=True, slots=True)
class _Category:
    """A column of categories or booleans: its training levels in normalised spelling."""

    column: Column
    levels: pd.Index

    @classmethod
    def fit(cls, column: Column, cells: pd.Series) -> Self:
        return cls(column, pd.Index(_levels(cells)[1], dtype=object).unique())

    def encode(self, cells: pd.Series) -> NDArray[np.float32]:
        codes, levels = _levels(cells)
        known = self.levels.get_indexer(pd.Index(levels, dtype=object)).astype(np.int64)
        # Levels that training never saw get numbers of their own from a hash, the same in every frame.
        room = max(_CODES - len(self.levels), 1)
        unseen = len(self.levels) + (_text_keys(levels) % np.uint64(room)).astype(np.int64)
        code_of_level = np.where(known >= 0, known, unseen) % _CODES
        return np.append(code_of_level, _MISSING_CODE)[codes].astype(np.float32)

    def keys(self, cells: pd.Series) -> NDArray[np.uint64]:
        codes, levels = _levels(cells)
        return np.append(_text_keys(levels), np.uint64(1))[codes]


@dataclass(frozen=True, slots=True)
class MixedDistance:
    """The distance between rows of one table, with the scales that its training rows taught.

    >>> from smartsynth.schema import Column, Kind, Schema
    >>> schema = Schema((Column("age", Kind.NUMERIC, "int64", decimals=0), Column("sex", Kind.CATEGORICAL, "object")))
    >>> rows = pd.DataFrame({"age": [20, 40, 60], "sex": ["f", "f", "m"]})
    >>> distance = MixedDistance.fit(rows, schema)
    >>> matrix = distance.encode(rows)
    >>> nearest(matrix[:1], matrix[1:])[1]
    array([[0]])
    """

    parts: tuple[_Number | _Category, ...]

    @classmethod
    def fit(cls, frame: pd.DataFrame, schema: Schema) -> Self:
        """Learn the scale of each modelled column from training rows."""
        parts: list[_Number | _Category] = []
        for column in schema:
            if not column.is_modelled:
                continue
            cells = _cells(frame, column)
            is_category = column.kind in (Kind.CATEGORICAL, Kind.BOOLEAN)
            parts.append(_Category.fit(column, cells) if is_category else _Number.fit(column, cells))
        return cls(tuple(parts))

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns that count."""
        return tuple(part.column.name for part in self.parts)

    def encode(self, frame: pd.DataFrame) -> NDArray[np.float32]:
        """The rows as a matrix in which min(|a - b|, 1) is the distance of two cells."""
        matrix = np.empty((len(frame), len(self.parts)), np.float32)
        for j, part in enumerate(self.parts):
            matrix[:, j] = part.encode(_cells(frame, part.column))
        return matrix

    def keys(self, frame: pd.DataFrame) -> NDArray[np.uint64]:
        """One number per row; rows that are equal in all columns that count get equal numbers.

        Equal means: after rounding to the column's decimals, and without regard to case or spaces around text.
        Rows that differ share a number by chance once in 2^64 pairs.
        """
        keys = np.zeros(len(frame), np.uint64)
        for part in self.parts:
            keys = _mixed(keys * np.uint64(0x9E3779B97F4A7C15) + part.keys(_cells(frame, part.column)))
        return keys

    def cells(self, frame: pd.DataFrame, name: str) -> NDArray[np.uint64]:
        """One number per cell of a column that is not missing; cells that count as equal get equal numbers."""
        part = next(part for part in self.parts if part.column.name == name)
        found = _cells(frame, part.column)
        return part.keys(found[found.notna()])


class Neighbours:
    """The rows of a reference, ordered so that the nearest of a query are found quickly.

    Args:
        reference: Encoded rows.
        k: Most neighbours that will be asked for. Of equal rows only the first k are kept.
        exhaustive: Whether every row is looked at; by default if the reference is small enough.
    """

    def __init__(self, reference: NDArray[np.float32], *, k: int = 1, exhaustive: bool | None = None) -> None:
        n, n_columns = reference.shape
        if exhaustive is None:
            exhaustive = n <= EXHAUSTIVE_ROWS or n * n_columns <= EXHAUSTIVE_CELLS
        kept = _first_of_equal(reference, k)
        rows = reference[kept]
        self.k, self.size = k, n
        self._columns = _telling_columns(rows)
        self._landmarks: Neighbours | None = None
        list_of_row = np.zeros(len(rows), np.int64)
        if not exhaustive:
            distinct = _first_of_equal(reference, 1)
            n_lists = min(4 * math.isqrt(len(rows)), len(distinct))
            chosen = np.random.default_rng(0).choice(distinct, n_lists, replace=False)
            self._landmarks = Neighbours(reference[np.sort(chosen)], k=LISTS_PER_QUERY, exhaustive=True)
            list_of_row = self._landmarks.nearest(rows)[1][:, 0]
        self._tiles, self._row_of_slot, self._tiles_of_list = _tiled(rows[:, self._columns], kept, list_of_row)

    def nearest(
        self, queries: NDArray[np.float32], k: int = 1, *, progress: Progress | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Distances and row numbers of the k nearest reference rows of each query, both (queries, k), nearest first.

        Equally near rows come in the order of the reference: shuffle it first if that order has a meaning. Where the
        reference has fewer than k rows, the distance is infinite and the row number -1.
        """
        from smartsynth.privacy.kernels import nearest_in_tiles

        if k > self.k:
            raise ValueError(f"k={k} is more than the k={self.k} that the reference was prepared for.")
        distances = np.full((len(queries), k), np.inf, np.float32)
        rows = np.full((len(queries), k), -1, np.int64)
        for start in range(0, len(queries), _QUERIES_PER_STEP):
            block = slice(start, start + _QUERIES_PER_STEP)
            nearest_in_tiles(
                np.ascontiguousarray(queries[block][:, self._columns]), self._tiles, self._row_of_slot,
                self._tiles_of_list, self._lists(queries[block]), _COLUMNS_PER_LOOK, distances[block], rows[block],
            )  # fmt: skip
            (progress or silent)(min((start + _QUERIES_PER_STEP) / len(queries), 1.0), "Comparing rows")
        return distances / np.float32(max(queries.shape[1], 1)), rows

    def _lists(self, queries: NDArray[np.float32]) -> NDArray[np.int64]:
        """The lists that each query looks into, most promising first."""
        if self._landmarks is None:
            return np.zeros((len(queries), 1), np.int64)
        lists = self._landmarks.nearest(queries, min(LISTS_PER_QUERY, self._landmarks.size))[1]
        return np.ascontiguousarray(lists)


def nearest(
    queries: NDArray[np.float32], reference: NDArray[np.float32], k: int = 1, *, progress: Progress | None = None
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Distances and row numbers of the k nearest reference rows of each query, both (queries, k), nearest first.

    Equally near rows come in the order of the reference: shuffle it first if that order has a meaning.
    """
    return Neighbours(reference, k=k).nearest(queries, k, progress=progress)


def matches(keys: NDArray[np.uint64], reference: NDArray[np.uint64]) -> NDArray[np.int64]:
    """How many reference rows are equal to each row, by their keys.

    >>> matches(np.array([1, 2], np.uint64), np.array([2, 2, 3], np.uint64))
    array([0, 2])
    """
    distinct, counts = np.unique(reference, return_counts=True)
    if len(distinct) == 0:
        return np.zeros(len(keys), np.int64)
    at = np.minimum(np.searchsorted(distinct, keys), len(distinct) - 1)
    return np.where(distinct[at] == keys, counts[at], 0).astype(np.int64)


def to_numbers(cells: pd.Series, column: Column) -> NDArray[np.float64]:
    """Numeric cells as floats, dates as seconds since 1970, durations and times of day as seconds; NaN if missing.

    A cell that cannot be read as what its column holds counts as missing.
    """
    dtype = cells.dtype
    if isinstance(dtype, pd.DatetimeTZDtype):
        cells = cells.dt.tz_convert("UTC").dt.tz_localize(None)
    if types.is_datetime64_any_dtype(dtype) or types.is_timedelta64_dtype(dtype):
        ticks = cells.to_numpy()
        unit = np.datetime_data(ticks.dtype)[0]
        per_second = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
        return np.where(np.isnat(ticks), np.nan, ticks.view(np.int64) / per_second)
    if types.is_numeric_dtype(dtype):
        return np.asarray(cells.to_numpy(np.float64, na_value=np.nan), np.float64)
    codes, distinct = pd.factorize(np.asarray(cells, dtype=object))
    numbers = np.fromiter((_number(value, column) for value in distinct), np.float64, len(distinct))
    return np.asarray(np.append(numbers, np.nan)[codes], np.float64)


def _number(value: Any, column: Column) -> float:
    """One cell that pandas keeps as a Python object, as a number."""
    if isinstance(value, str) and column.kind is Kind.DATETIME:
        value = _moment(value, column.format)
    elif isinstance(value, str) and column.kind is Kind.DURATION:
        value = pd.to_timedelta(value, errors="coerce")
    if value is pd.NaT:
        return math.nan
    if isinstance(value, dt.datetime):
        return (value if value.tzinfo else value.replace(tzinfo=dt.UTC)).timestamp()
    if isinstance(value, dt.date):
        return (value - dt.date(1970, 1, 1)).total_seconds()
    if isinstance(value, dt.time):
        return value.hour * 3600.0 + value.minute * 60.0 + value.second + value.microsecond / 1e6
    if isinstance(value, dt.timedelta):
        return value.total_seconds()
    return float(pd.to_numeric(value, errors="coerce"))


def _moment(text: str, form: str | None) -> Any:
    """The moment that a text says; NaT if it says none."""
    found = pd.to_datetime(text, format=form or "ISO8601", errors="coerce")
    return read_moments(pd.Series([text], dtype=object), form).iloc[0] if found is pd.NaT else found


def _cells(frame: pd.DataFrame, column: Column) -> pd.Series:
    if column.name not in frame.columns:
        raise DataError(Problem("is in the schema but not in the data.", column=column.name))
    return frame[column.name]


def _levels(cells: pd.Series) -> tuple[NDArray[np.int64], list[str]]:
    """Number of each cell's level (-1 if missing), and the levels as normalised text."""
    codes, distinct = pd.factorize(cells)
    return codes.astype(np.int64), [_normalised(value) for value in distinct]


def _normalised(value: Any) -> str:
    """One level as text: no case, no spaces around it, and 1.0 is 1."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip().casefold()


def _text_keys(texts: Sequence[str]) -> NDArray[np.uint64]:
    return pd.util.hash_array(np.asarray(texts, dtype=object), categorize=False)


def _mixed(keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A bijection of 64-bit numbers that spreads each bit over all (SplitMix64's finaliser, Steele et al. 2014)."""
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return keys ^ (keys >> np.uint64(31))


def _first_of_equal(rows: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """Numbers of the rows of which fewer than k equal ones come earlier, ascending."""
    keys = np.zeros(len(rows), np.uint64)
    for column in rows.T:
        keys = _mixed(keys * np.uint64(0x9E3779B97F4A7C15) + np.ascontiguousarray(column).view(np.uint32))
    order = np.argsort(keys, kind="stable")
    is_first = np.diff(keys[order], prepend=~keys[order][:1]) != 0
    first = np.flatnonzero(is_first)
    earlier = np.arange(len(rows)) - first[np.cumsum(is_first) - 1]
    return np.sort(order[earlier < k])


def _telling_columns(rows: NDArray[np.float32]) -> NDArray[np.int64]:
    """The columns, those in which two rows are farthest apart on average first: they rule out most rows soonest."""
    a, b = np.random.default_rng(0).integers(max(len(rows), 1), size=(2, 2_000 if len(rows) else 0))
    return np.argsort(-np.minimum(np.abs(rows[a] - rows[b]), 1).sum(axis=0), kind="stable")


def _tiled(
    rows: NDArray[np.float32], number_of_row: NDArray[np.int64], list_of_row: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int64]]:
    """Rows in tiles, the row number in each slot of each tile (-1: padding), and the first tile of each list.

    Within a list the rows are sorted, so that the rows of a tile agree in the columns that are looked at first.
    """
    from smartsynth.privacy.kernels import LANES

    n, n_columns = rows.shape
    order = np.lexsort([*rows[:, : 3 * _COLUMNS_PER_LOOK].T[::-1], list_of_row])
    rows_of_list = np.bincount(list_of_row, minlength=1)
    tiles_of_list = np.r_[0, np.cumsum(-(-rows_of_list // LANES))]
    first_of_list = np.r_[0, np.cumsum(rows_of_list)[:-1]]
    lists = list_of_row[order]
    slots = tiles_of_list[lists] * LANES + np.arange(n) - first_of_list[lists]
    padded = np.full((tiles_of_list[-1] * LANES, n_columns), _FARTHEST, np.float32)
    padded[slots] = rows[order]
    row_of_slot = np.full(len(padded), -1, np.int64)
    row_of_slot[slots] = number_of_row[order]
    tiles = padded.reshape(tiles_of_list[-1], LANES, n_columns).transpose(0, 2, 1)
    return np.ascontiguousarray(tiles), row_of_slot, tiles_of_list
