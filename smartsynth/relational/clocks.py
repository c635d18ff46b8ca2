"""Columns that count on: learnt as the step from the row before, or from a column of the parent, and summed up again.

    date of an order          days since the order before; of the first one, days since the customer signed up
    date of a line's delivery days since the date of its order
    year of a season          years since the season before; of the first one, years since the year of birth

A column counts on within families if nearly no row of a family lies before the row before it. It hangs on a column of the parent
if the distance from that varies much less than the column itself, or never goes below zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.models.family_forest import Families
from smartsynth.models.storage import from_float, natural_unit, to_float
from smartsynth.relational.features import View
from smartsynth.schema import Column, Kind, Schema

IN_ORDER = 0.995
FEWEST_PAIRS = 50
FEWEST_ROWS = 100
NARROWER = 0.5
YEARS = 1400, 2200
DAY = 86_400_000_000_000


Ends = tuple[float | None, float | None]
"""Softened ends of numbers, as `_ends` finds them; None where too few families have one."""


@dataclass(frozen=True, slots=True)
class Clock:
    """How one column is learnt.

    Args:
        column: The schema's column.
        unit: Nanoseconds of a step; 1 for numbers.
        anchor: Column of the context that the first row of a family (or each row) is counted from; None for `origin`.
        origin: Where counting begins without an anchor: the mean.
        counts_on: Whether each row is counted from the one before.
        ends: Nothing outside them is made.
        first, later: Shortest and longest step of first rows and of those after them.
        never_before: Whether no row lies before what it is counted from.
    """

    column: Column
    unit: int
    anchor: Column | None
    origin: float
    counts_on: bool
    ends: Ends
    first: Ends
    later: Ends
    never_before: bool

    @property
    def learnt(self) -> Column:
        """The column that is learnt instead."""
        return replace(
            self.column, kind=Kind.NUMERIC, dtype="float64", decimals=0, format=None, low=None, high=None, nullable=True
        )

    def steps(self, cells: pd.Series[Any], context: pd.DataFrame, families: Families | None) -> NDArray[np.float64]:
        """What is learnt of the cells."""
        values = to_float(self.column, cells, self.unit)
        return values - self._bases(values, context, families)

    def cells(self, steps: NDArray[np.float64], context: pd.DataFrame, families: Families | None) -> pd.Series[Any]:
        """The cells of steps."""
        is_first = np.ones(len(steps), bool) if not self.counts_on or families is None else families.place == 0
        steps = np.where(is_first, _within(steps, self.first), _within(steps, self.later))
        base = self._anchored(context, len(steps))
        if self.counts_on and families is not None:
            sums = pd.Series(np.nan_to_num(steps)).groupby(families.family).cumsum().to_numpy()
            first = pd.Series(base).groupby(families.family).transform("first").to_numpy()
            values = np.where(np.isnan(steps), np.nan, first + sums)
        else:
            values = base + steps
        return from_float(self.column, np.round(_within(values, self.ends)), self.unit)

    def _anchored(self, context: pd.DataFrame, n: int) -> NDArray[np.float64]:
        if self.anchor is None:
            return np.full(n, self.origin)
        base = _counted(self.column, self.anchor, context[self.anchor.name], self.unit)
        return np.where(np.isnan(base), self.origin, base)

    def _bases(
        self, values: NDArray[np.float64], context: pd.DataFrame, families: Families | None
    ) -> NDArray[np.float64]:
        base = self._anchored(context, len(values))
        if not self.counts_on or families is None:
            return base
        before = pd.Series(values).groupby(families.family).ffill().groupby(families.family).shift().to_numpy()
        return np.where(np.isnan(before), base, before)

    def to_json(self) -> dict[str, Any]:
        from dataclasses import asdict

        one = Schema((self.column, *((self.anchor,) if self.anchor is not None else ()))).to_json()["columns"]
        rest = {k: v for k, v in asdict(self).items() if k not in ("column", "anchor")}
        return {**rest, "column": one[0], "anchor": one[1] if len(one) > 1 else None}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        anchor = None if value["anchor"] is None else Column.from_json(value["anchor"])
        return cls(
            **{
                **value,
                **{name: tuple(value[name]) for name in ("ends", "first", "later")},
                "column": Column.from_json(value["column"]),
                "anchor": anchor,
            }
        )


def clocks(own: View, context: View, families: Families | None, holders: NDArray[np.int64], *, k: int) -> list[Clock]:
    """The columns that are to be learnt as steps; `holders` are the families whose rows they are, of which `k` hide each other."""
    found = []
    for column in own[1]:
        if column.kind is not Kind.DATETIME and not (column.kind is Kind.NUMERIC and column.decimals == 0):
            continue
        clock = _clock(column, own[0][column.name], context, families, holders, k)
        found += [clock] if clock is not None else []
    return found


def _clock(
    column: Column,
    cells: pd.Series[Any],
    context: View,
    families: Families | None,
    holders: NDArray[np.int64],
    k: int,
) -> Clock | None:
    anchors = [c for c in context[1] if c.kind is column.kind and (column.kind is Kind.DATETIME or c.decimals == 0)]
    units = [natural_unit(c, context[0][c.name]) for c in anchors]
    unit = min([natural_unit(column, cells), *units]) if column.kind is Kind.DATETIME else 1
    values = to_float(column, cells, unit)
    if column.kind is Kind.NUMERIC and _are_years(values):
        anchors += [c for c in context[1] if c.kind is Kind.DATETIME]
    known = np.sort(values[~np.isnan(values)])
    if len(known) < FEWEST_ROWS:
        return None
    counts_on = families is not None and _counts_on(values, families)
    starts = values if not counts_on or families is None else np.where(families.place == 0, values, np.nan)
    anchor, never = _anchor(column, starts, anchors, context[0], unit)
    if anchor is None and not counts_on:
        return None
    never = never and anchor is not None
    origin = float(np.round(known.mean()))
    nothing = (None, None)
    clock = Clock(column, unit, anchor, origin, counts_on, _ends(values, holders, k), nothing, nothing, never)
    steps = clock.steps(cells, context[0], families)
    is_first = np.ones(len(steps), bool) if not counts_on or families is None else families.place == 0
    first, later = (_ends(steps[some], holders[some], k) for some in (is_first, ~is_first))
    first = (max(first[0] or 0.0, 0.0) if never else first[0], first[1])
    return replace(clock, first=first, later=(max(later[0] or 0.0, 0.0), later[1]))


def _ends(values: NDArray[np.float64], holders: NDArray[np.int64], k: int) -> Ends:
    """Softened ends: the means of the outermost values of the `k` outermost families; none where fewer families have values.

    >>> _ends(np.array([1.0, 2, 3, 90, 91]), np.array([0, 1, 2, 3, 3]), 2)
    (1.0, 47.0)
    """
    families = pd.Series(values).groupby(holders)
    low, high = families.min().dropna(), families.max().dropna()
    if len(low) < k:
        return None, None
    return float(np.floor(low.nsmallest(k).mean())), float(np.ceil(high.nlargest(k).mean()))


def _within(values: NDArray[np.float64], ends: Ends) -> NDArray[np.float64]:
    """The values, those beyond an end put there."""
    low, high = (-np.inf if ends[0] is None else ends[0]), (np.inf if ends[1] is None else ends[1])
    return np.clip(values, low, high)


def _counts_on(values: NDArray[np.float64], families: Families) -> bool:
    """Whether rows of a family lie in the order of this column, and mostly not all at one place."""
    same = families.family[1:] == families.family[:-1]
    steps = np.diff(values)[same]
    steps = steps[~np.isnan(steps)]
    return len(steps) >= FEWEST_PAIRS and bool((steps >= 0).mean() >= IN_ORDER and (steps > 0).mean() >= 0.2)


def _are_years(values: NDArray[np.float64]) -> bool:
    """Whether numbers look like years."""
    known = values[~np.isnan(values)]
    return len(known) > 0 and bool(((known > YEARS[0]) & (known < YEARS[1])).mean() >= 0.99)


def _counted(column: Column, anchor: Column, cells: pd.Series[Any], unit: int) -> NDArray[np.float64]:
    """The cells of an anchor in the unit of a column; dates as years where that holds numbers."""
    if anchor.kind is column.kind:
        return to_float(anchor, cells, unit)
    days = to_float(anchor, cells, DAY)
    known = ~np.isnan(days)
    years = np.full(len(days), np.nan)
    years[known] = days[known].astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
    return years


def _anchor(
    column: Column, values: NDArray[np.float64], anchors: list[Column], context: pd.DataFrame, unit: int
) -> tuple[Column | None, bool]:
    """The column of the context from which the values are the least far apart, if that is worth it; and whether none lies before it."""
    best: tuple[float, Column, bool] | None = None
    spread = _spread(values)
    for one in anchors:
        away = values - _counted(column, one, context[one.name], unit)
        known = away[~np.isnan(away)]
        if len(known) < FEWEST_ROWS:
            continue
        width, never = _spread(away), bool((known >= 0).mean() >= 0.9999)
        follows = never and one.kind is Kind.DATETIME
        if (width < NARROWER * spread or (follows and width <= spread)) and (best is None or width < best[0]):
            best = width, one, never
    return (None, False) if best is None else best[1:]


def _spread(values: NDArray[np.float64]) -> float:
    """Distance of the quartiles; of a column that is mostly one value, its deviation."""
    known = values[~np.isnan(values)]
    if not len(known):
        return 0.0
    low, high = np.quantile(known, [0.25, 0.75])
    return float(high - low) or float(known.std())
