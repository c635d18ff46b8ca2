"""A table as finders look at it: numbers, moments and codes of levels, once for all of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.discovery.evidence import FEW
from smartsynth.schema import Kind, Role, Schema

SAMPLE, LARGE_SAMPLE = 4_000, 20_000
"""Rows on which pairs of columns, and conditions, are looked for; what is found is checked on all."""
Floats = NDArray[np.float64]
Codes = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Levels:
    """A column by its distinct values.

    Args:
        codes: Which of them each row has, -1 where it is missing.
        values: The values.
        counts: Rows of each.
        holders: Entities of each, if rows are about some; rows else.
    """

    codes: Codes
    values: NDArray[Any]
    counts: NDArray[np.int64]
    holders: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.values)

    @property
    def common(self) -> float:
        """Share of the known rows whose value at least five rows, or entities, hold."""
        return float(self.counts[self.holders >= FEW].sum() / max(self.counts.sum(), 1))


@dataclass(frozen=True, slots=True)
class View:
    """A table for finders.

    Args:
        rows: With dates and decimals as pandas stores them.
        schema: Its columns.
        numbers: Values of columns of numbers, NaN where missing.
        moments: Days since 1970 of columns of dates.
        levels: Every column but images and long texts by its distinct values.
        sample: Numbers of some rows.
    """

    rows: pd.DataFrame
    schema: Schema
    numbers: dict[str, Floats]
    moments: dict[str, Floats]
    levels: dict[str, Levels]
    sample: NDArray[np.int64] = field(repr=False)

    @classmethod
    def of(cls, rows: pd.DataFrame, schema: Schema) -> View:
        """The view of rows; columns of images, and those that no expression can name, are left out."""
        rows = rows.reset_index(drop=True)
        kept = [column for column in schema if column.kind is not Kind.IMAGE and "`" not in column.name]
        rows = rows.copy()
        for column in kept:
            rows[column.name] = _typed(rows[column.name])
        whose = None if schema.entity is None else pd.factorize(rows[schema.entity.name])[0]
        numbers, moments, levels = {}, {}, {}
        for column in kept:
            cells = rows[column.name]
            if column.kind is Kind.DATETIME and pd.api.types.is_datetime64_any_dtype(cells.dtype):
                moments[column.name] = _days(cells)
            elif pd.api.types.is_timedelta64_dtype(cells.dtype):
                pass
            elif pd.api.types.is_numeric_dtype(cells.dtype) and not pd.api.types.is_bool_dtype(cells.dtype):
                numbers[column.name] = cells.to_numpy(float, na_value=np.nan)
            if column.kind is not Kind.TEXT:
                levels[column.name] = _levels(cells, whose)
        return cls(rows, schema, numbers, moments, levels, _drawn(len(rows), SAMPLE))

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def texts(self) -> tuple[str, ...]:
        """Columns whose cells are text."""
        return tuple(
            column.name for column in self.schema
            if column.kind in (Kind.CATEGORICAL, Kind.IDENTIFIER, Kind.TEXT) and "`" not in column.name
            and column.name not in self.numbers and not pd.api.types.is_bool_dtype(self.rows[column.name].dtype)
        )  # fmt: skip

    def is_anew(self, name: str) -> bool:
        """Whether cells of a column name persons or are free text: such are made up anew, so that no rule may bring them back."""
        column = self.schema[name]
        return column.kind in (Kind.IDENTIFIER, Kind.TEXT) or column.role is Role.KEY

    @property
    def large_sample(self) -> NDArray[np.int64]:
        return _drawn(len(self), LARGE_SAMPLE)

    def has_zone(self, name: str) -> bool:
        """Whether the dates of a column have a time zone: such are compared with their like alone."""
        return isinstance(self.rows[name].dtype, pd.DatetimeTZDtype)

    def decimals(self, name: str) -> int | None:
        """Places after the point of a column of numbers."""
        return self.schema[name].decimals

    def tolerance(self, name: str) -> float:
        """Half of the last place of a column of numbers."""
        places = self.schema[name].decimals
        return 0.0 if places is None or self.schema[name].kind is not Kind.NUMERIC else 0.5 * 10.0**-places

    def without(self, names: Iterable[str]) -> View:
        """The view without some columns of numbers and levels; their rows stay."""
        lost = set(names)
        return replace(
            self,
            numbers={name: cells for name, cells in self.numbers.items() if name not in lost},
            moments={name: cells for name, cells in self.moments.items() if name not in lost},
            levels={name: one for name, one in self.levels.items() if name not in lost},
        )

    def is_fine(self, name: str) -> bool:
        """Whether a column has more values than are worth naming one by one: dates, and numbers with many values."""
        return name in self.moments or (name in self.numbers and len(self.levels[name]) > 100)


def _typed(cells: pd.Series[Any]) -> pd.Series[Any]:
    """Dates and decimals that are Python objects as pandas stores them, as expressions read them too."""
    if cells.dtype != object:
        return cells
    kind = pd.api.types.infer_dtype(cells, skipna=True)
    if kind == "date":
        return pd.to_datetime(cells)
    return cells.astype(float) if kind == "decimal" else cells


def _drawn(n: int, most: int) -> NDArray[np.int64]:
    if n <= most:
        return np.arange(n)
    return np.sort(np.random.default_rng(0).choice(n, most, replace=False))


def _days(cells: pd.Series[Any]) -> Floats:
    plain = cells.dt.tz_convert("UTC").dt.tz_localize(None) if cells.dt.tz is not None else cells
    days = plain.to_numpy("datetime64[us]").astype(np.int64) / 86_400e6
    return np.where(plain.isna().to_numpy(), np.nan, days)


def _levels(cells: pd.Series[Any], whose: NDArray[np.int64] | None) -> Levels:
    codes, values = pd.factorize(cells)
    counts = np.bincount(codes[codes >= 0], minlength=len(values))
    holders = counts
    if whose is not None:
        pairs = np.unique(np.stack([codes, whose])[:, codes >= 0], axis=1)
        holders = np.bincount(pairs[0], minlength=len(values))
    return Levels(codes.astype(np.int32), np.asarray(values, object), counts, holders)
