"""Columns of which some are at least, or more than, others or values: what is learnt of each is the gap above all that it must exceed.

    floor    of a column, the largest of the columns and values below it; of a strict rule one unit more
    learnt   column less floor, never below 0; where nothing below it is known, column less a round number near the floor's median
    made     floor plus gap, column after column from the lowest on, and then no more than what is above allows

A column with no other below it is learnt as it is, and what is made of it is brought within its bounds. A column that another step makes (a formula gives it, a group holds it) is fixed: it stays what it is, and the others are put around it. A
column with no other below it that is below fixed ones hangs from them: what is learnt of it is the gap down to it, in the same way.

A column that has few values, such as list prices or the first days of terms, gets the nearest of them that its floor leaves, for floor plus gap would be another one.

Moments are compared by the clock on the wall, and by UTC where zones differ. A unit is the last decimal place of a number, or the natural unit of dates. Rows that break a rule are learnt as if they just kept it. Where
values above and below leave no room, a row that is made may still break a rule, and is rejected (construction.py).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.columns import with_columns
from smartsynth.constraints import Chain, Rule
from smartsynth.errors import ConfigError
from smartsynth.expressions import ALIKE
from smartsynth.models.rules.step import Holders, Step
from smartsynth.models.storage import from_float, to_float, unit_of
from smartsynth.schema import Column, Kind, Schema

Floats = NDArray[np.float64]
MOST_LEVELS, FREQUENT = 50, 0.9
"""A column has few values if they are not more than these, and so many of its rows have one that is frequent."""
TIED = (Kind.NUMERIC, Kind.DATETIME, Kind.DURATION)


@dataclass(frozen=True, slots=True)
class Edge:
    """One column or value that is to be at most, or less than, another.

    Args:
        low, high: Names of columns, or a number in the units of the other.
        strict: Whether it is less.
    """

    low: str | float
    high: str | float
    strict: bool


@dataclass(frozen=True, slots=True)
class OrderStep(Step):
    """Columns in order, from the lowest on.

    Args:
        columns: As they are stored, each after those below it.
        units: Nanoseconds of a unit of dates and durations; 1 of numbers.
        edges: What is below what.
        fills: What is taken to be below a column (above one that hangs) where nothing there is known.
        fixed: Names of columns that are not made here.
        levels: By column that has few different values: these, from the lowest on.
    """

    columns: tuple[Column, ...]
    units: tuple[int, ...]
    edges: tuple[Edge, ...]
    fills: tuple[float, ...]
    fixed: tuple[str, ...] = ()
    levels: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    @classmethod
    def fit(
        cls, rows: pd.DataFrame, schema: Schema, edges: Sequence[Edge], fixed: Collection[str] = (), *, k: int = 5,
        holders: Holders | None = None,
    ) -> Self:  # fmt: skip
        """The order that some edges make around fixed columns; no fill or level is a value of fewer than `k` rows, or holders of rows.

        Raises:
            ConfigError: They run in a circle, or join columns that cannot be compared.
        """
        names = _sorted(edges)
        if _has_zones([schema[name] for name in names]):  # a value is of one zone: what breaks it is rejected
            edges = [edge for edge in edges if isinstance(edge.low, str) and isinstance(edge.high, str)]
        columns = tuple(schema[name] for name in names)
        _check_kinds(columns, edges)
        units = _units(columns, rows)
        step = cls(columns, units, tuple(edges), (0.0,) * len(columns), tuple(name for name in names if name in fixed))
        values = step._values(rows)
        fills = []
        for name in names:
            near = (
                step._ceiling(name, values, step.fixed) if step._hangs(name) else step._floor(name, values, len(rows))
            )
            known = np.isfinite(near)
            fills.append(_usual(near[known], k, None if holders is None else holders[known]))
        levels = {name: found for name in step.changes if (found := _levels(values[name], holders, k))}
        return replace(step, fills=tuple(fills), levels=levels)

    @property
    def reads(self) -> tuple[str, ...]:
        """Columns that others make."""
        return self.fixed

    @property
    def writes(self) -> tuple[str, ...]:
        """Columns that it writes."""
        return tuple(column.name for column in self.columns if column.name not in self.fixed)

    @property
    def changes(self) -> tuple[str, ...]:
        """Columns that are learnt as something else, or not at all."""
        return tuple(name for name in self.writes if self._is_gap(name) or self._hangs(name))

    def makes(self, rule: Rule) -> bool:
        """Whether a rule holds because of this step."""
        return isinstance(rule, Chain) and set(rule.columns) <= {column.name for column in self.columns}

    def learnt(self, rows: pd.DataFrame, schema: Schema) -> tuple[pd.DataFrame, Schema]:
        """The table with gaps instead of the columns that are above others."""
        values, made = self._values(rows), {}
        for column, fill in zip(self.columns, self.fills, strict=True):
            if column.name not in self.changes:
                continue
            own = values[column.name]
            if self._hangs(column.name):
                ceiling = self._ceiling(column.name, values, self.fixed)
                made[column.name] = _gap(np.where(np.isinf(ceiling), fill, ceiling) - own, _known(ceiling))
            else:
                floor = self._floor(column.name, values, len(rows))
                made[column.name] = _gap(own - np.nan_to_num(floor, nan=fill), floor)
            schema = schema.with_column(
                column.name, kind=Kind.NUMERIC, dtype="float64", decimals=column.decimals if column.kind is Kind.NUMERIC else 0,
                format=None, low=None, high=None,
            )  # fmt: skip
        return with_columns(rows, made), schema

    def made(self, rows: pd.DataFrame, *, rng: np.random.Generator, start: int) -> pd.DataFrame:
        """The table with the columns as they were stored."""
        values: dict[str, Floats] = {}
        own = list(zip(self.columns, self.units, self.fills, strict=True))
        for column, unit, fill in sorted(own, key=lambda one: one[0].name not in self.fixed):
            values[column.name] = self._value(column, unit, fill, rows, values)
        for column in reversed(self.columns):
            if column.name not in self.fixed:
                ceiling = self._ceiling(column.name, values)
                values[column.name] = np.where(values[column.name] > ceiling, ceiling, values[column.name])
        made = {
            column.name: self._cells(column, _stored(column, values[column.name]), unit).array
            for column, unit, _ in own if column.name not in self.fixed
        }  # fmt: skip
        return with_columns(rows, made)

    def _value(
        self, column: Column, unit: int, fill: float, rows: pd.DataFrame, values: Mapping[str, Floats]
    ) -> Floats:
        """A column of what was made of it, once all below it and all that is fixed have values."""
        name = column.name
        if name in self.fixed:
            return self._floats(column, rows, unit)
        floor = self._floor(name, values, len(rows))
        if name not in self.changes:
            own = self._floats(column, rows, unit)
            return np.where(own < floor, floor, own)
        gap = rows[name].to_numpy(float, na_value=np.nan)
        if not self._hangs(name):
            return self._on_level(name, np.nan_to_num(floor, nan=fill) + _gap(gap, floor), floor)
        ceiling = self._ceiling(name, values, self.fixed, len(rows))
        hung = np.where(np.isinf(ceiling), fill, ceiling) - _gap(gap, _known(ceiling))
        return -self._on_level(name, -np.where(hung < floor, floor, hung), -ceiling, mirrored=True)

    def _on_level(self, name: str, values: Floats, floor: Floats, *, mirrored: bool = False) -> Floats:
        """Values at the nearest of the few that their column has, at their floor or above; where there is none they stay."""
        if name not in self.levels:
            return values
        levels = np.sort(np.array(self.levels[name]) * (-1.0 if mirrored else 1.0))
        after = np.clip(np.searchsorted(levels, values), 1, len(levels) - 1)
        nearest = np.where(values - levels[after - 1] <= levels[after] - values, after - 1, after)
        least = np.searchsorted(levels, np.nan_to_num(floor, nan=-np.inf))
        place = np.maximum(nearest, least)
        fits = (place < len(levels)) & ~np.isnan(values)
        return np.where(fits, levels[np.minimum(place, len(levels) - 1)], values)

    def _hangs(self, name: str) -> bool:
        """Whether a column is below fixed ones and above no other."""
        above = any(edge.low == name and edge.high in self.fixed for edge in self.edges)
        return above and name not in self.fixed and not self._is_gap(name)

    def _values(self, rows: pd.DataFrame) -> dict[str, Floats]:
        pairs = zip(self.columns, self.units, strict=True)
        return {column.name: self._floats(column, rows, unit) for column, unit in pairs}

    def _floats(self, column: Column, rows: pd.DataFrame, unit: int) -> Floats:
        return to_float(*_in_one_zone(column, rows[column.name], self.columns), unit)

    def _cells(self, column: Column, values: Floats, unit: int) -> pd.Series[Any]:
        """Cells as they are stored, of numbers as they are compared."""
        if not (_has_zones(self.columns) and "," in column.dtype):
            return from_float(column, values, unit)
        plain = replace(column, dtype=f"{column.dtype.partition(',')[0]}, UTC]")
        return from_float(plain, values, unit).astype(pd.api.types.pandas_dtype(column.dtype))

    def _below(self, name: str) -> list[Edge]:
        return [edge for edge in self.edges if edge.high == name]

    def _is_gap(self, name: str) -> bool:
        """Whether a column is learnt as the gap above others."""
        return any(isinstance(edge.low, str) for edge in self._below(name))

    def _floor(self, name: str, values: Mapping[str, Floats], n: int) -> Floats:
        """The least that a column can be in each of `n` rows; NaN where nothing below it is known."""
        floor = np.full(n, np.nan)
        for edge in self._below(name):
            low = values[edge.low] if isinstance(edge.low, str) else np.full(n, edge.low)
            floor = np.fmax(floor, low + (self._least(name) if edge.strict else 0.0))
        return -_on_grid(self._column(name), -floor)

    def _ceiling(
        self, name: str, values: Mapping[str, Floats], among: Collection[str] | None = None, n: int | None = None
    ) -> Floats:
        """The most that a column can be, by all above it or by some columns; infinity where nothing of these is known."""
        ceiling = np.full(len(values[name]) if n is None else n, np.inf)
        for edge in self.edges:
            if edge.low == name and (among is None or edge.high in among):
                high = values[edge.high] if isinstance(edge.high, str) else np.full(len(ceiling), edge.high)
                most = high - (self._least(name) if edge.strict else 0.0)
                ceiling = np.fmin(ceiling, np.where(np.isnan(most), np.inf, most))
        return _on_grid(self._column(name), ceiling)

    def _column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    def _least(self, name: str) -> float:
        """The smallest step from a value of a column to another."""
        column = self._column(name)
        if column.kind is not Kind.NUMERIC:
            return 1.0
        return 10.0**-column.decimals if column.decimals is not None else 1e-9

    def to_json(self) -> dict[str, Any]:
        return {
            "columns": [asdict(column) for column in self.columns], "units": list(self.units),
            "edges": [asdict(edge) for edge in self.edges], "fills": list(self.fills), "fixed": list(self.fixed),
            "levels": {name: list(levels) for name, levels in self.levels.items()},
        }  # fmt: skip

    @classmethod
    def restore(cls, value: Mapping[str, Any]) -> Self:
        """What `to_json` came from."""
        return cls(
            tuple(map(Column.from_json, value["columns"])), tuple(value["units"]), tuple(Edge(**edge) for edge in value["edges"]),
            tuple(value["fills"]), tuple(value["fixed"]), {name: tuple(levels) for name, levels in value["levels"].items()},
        )  # fmt: skip


def _usual(values: Floats, k: int, holders: Holders | None = None) -> float:
    """A value in the middle of some, to so few digits that it is of `k` of them, or of their holders, or more; 0 if there are not so many.

    >>> _usual(np.array([713.21, 702.4, 731.9, 688.0, 745.2]), 5), _usual(np.array([713.21, 702.4]), 5)
    (700.0, 0.0)
    """
    whose = np.arange(len(values)) if holders is None else holders
    if len(np.unique(whose)) < k:
        return 0.0
    middle = float(np.median(values))
    size = np.floor(np.log10(abs(middle))) if middle else 0.0
    for digits in range(2, -1, -1):  # three digits of it, then two, then one
        unit = 10.0 ** (size - digits)
        rounded = float(np.round(np.round(middle / unit) * unit, 12))
        near, same = (len(np.unique(whose[some])) for some in (np.abs(values - rounded) <= unit / 2, values == rounded))
        if near >= k and same not in range(1, k):
            return rounded
    return 0.0


def _levels(values: Floats, holders: Holders | None, k: int) -> tuple[float, ...]:
    """The values of a column that has few, each of `k` rows or more (of holders where several rows are of one); none of a column that has many.

    >>> _levels(np.repeat([10.0, 25.0, 7.5], [40, 30, 4]), None, 5), _levels(np.arange(74.0), None, 5)
    ((10.0, 25.0), ())
    """
    known = pd.DataFrame({"value": values, "who": np.arange(len(values)) if holders is None else holders}).dropna()
    counts = known.drop_duplicates().groupby("value").size()
    frequent = counts[counts >= k]
    is_few = len(frequent) >= 2 and len(counts) <= MOST_LEVELS and frequent.sum() >= FREQUENT * counts.sum()
    return tuple(sorted(map(float, frequent.index))) if is_few else ()


def _gap(gap: Floats, floor: Floats) -> Floats:
    """A gap that is not below 0 where there is a floor."""
    return np.where(np.isnan(floor), gap, np.maximum(gap, 0.0))


def _on_grid(column: Column, values: Floats) -> Floats:
    """Values at the next lower one that their column can have, by its decimal places."""
    if column.kind is Kind.NUMERIC and column.decimals is None:
        return values
    places = (column.decimals or 0) if column.kind is Kind.NUMERIC else 0
    units = values * 10.0**places
    near = np.round(units)
    with np.errstate(invalid="ignore"):  # infinity is as near to itself as can be
        units = np.where(np.abs(units - near) <= ALIKE * np.maximum(np.abs(near), 1.0), near, np.floor(units))
    return np.asarray(np.round(units / 10.0**places, places), np.float64)


def _known(ceiling: Floats) -> Floats:
    """A ceiling that is NaN where there is none."""
    return np.where(np.isinf(ceiling), np.nan, ceiling)


def _stored(column: Column, values: Floats) -> Floats:
    """Values to the decimal places of their column."""
    if column.kind is Kind.NUMERIC and column.decimals is None:
        return values
    return np.round(values, column.decimals or 0)


def _sorted(edges: Sequence[Edge]) -> list[str]:
    """The columns of edges, each after those below it; ConfigError if there is no such order."""
    names = dict.fromkeys(end for edge in edges for end in (edge.low, edge.high) if isinstance(end, str))
    below = {name: {e.low for e in edges if e.high == name and isinstance(e.low, str)} for name in names}
    order: list[str] = []
    while below:
        free = [name for name, lower in below.items() if not lower]
        if not free:
            raise ConfigError(
                f"The rules about {', '.join(map(repr, below))} run in a circle: each would have to be above the others. Leave one of them out."
            )
        order += free
        below = {name: lower - set(free) for name, lower in below.items() if name not in free}
    return order


def _check_kinds(columns: Sequence[Column], edges: Sequence[Edge]) -> None:
    kinds = {column.name: column.kind for column in columns}
    for name, kind in kinds.items():
        if kind not in TIED:
            raise ConfigError(
                f"The column {name!r} is of the kind {kind.value!r}, and only numbers, dates and durations are in order. "
                f"Name another column, or correct columns.{name}.kind."
            )
    for edge in edges:
        if isinstance(edge.low, str) and isinstance(edge.high, str) and kinds[edge.low] is not kinds[edge.high]:
            raise ConfigError(
                f"The columns {edge.low!r} ({kinds[edge.low].value}) and {edge.high!r} ({kinds[edge.high].value}) cannot be compared."
            )


def _has_zones(columns: Sequence[Column]) -> bool:
    """Whether moments of different zones are compared."""
    return (
        len({column.dtype for column in columns if column.dtype.startswith("datetime64") and "," in column.dtype}) > 1
    )


def _in_one_zone(column: Column, cells: pd.Series[Any], columns: Sequence[Column]) -> tuple[Column, pd.Series[Any]]:
    """A column and its cells as they are compared: in UTC where zones differ."""
    if not (_has_zones(columns) and isinstance(cells.dtype, pd.DatetimeTZDtype)):
        return column, cells
    moments = cells.dt.tz_convert("UTC")
    return replace(column, dtype=str(moments.dtype)), moments


def _units(columns: Sequence[Column], rows: pd.DataFrame) -> tuple[int, ...]:
    """One unit for all dates and durations that are compared: the smallest that any of them has."""
    pairs = [_in_one_zone(column, rows[column.name], columns) for column in columns]
    own = [unit_of(column, cells) for column, cells in pairs]
    timed = [unit for unit, column in zip(own, columns, strict=True) if column.kind is not Kind.NUMERIC]
    return tuple(1 if column.kind is Kind.NUMERIC else min(timed) for column in columns)
