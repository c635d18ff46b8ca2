"""A column that never falls in an entity's time: learnt as where each entity starts, and by how much each row is above the one before.

    learnt   the column as the rise since the last known row, never below 0 (of a strict rule one unit less); an entity's first row, which
             has none before it, repeats its next row's; a static column says where the entity starts
    made     the start, and the rises added up, within the values that other rules say the column is at least and at most

A column that never rises is the same with its sign turned.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.columns import with_columns
from smartsynth.constraints import Rule
from smartsynth.models.rules.step import ColumnStep
from smartsynth.models.storage import from_float, to_float, unit_of
from smartsynth.named_rules import DIRECTIONS, Monotone
from smartsynth.schema import Column, Kind, Role, Schema
from smartsynth.sequences import Panel

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class MonotoneStep(ColumnStep):
    """A column that rises, or falls, row by row.

    Args:
        column: As it is stored.
        unit: Nanoseconds of a unit of dates and durations; 1 of numbers.
        falling: Whether it falls.
        strict: Whether it never stays the same.
        low, high: What it is at least and at most, in units.
        order: Entity and time.
    """

    unit: int
    falling: bool
    strict: bool
    low: float
    high: float
    order: Schema

    @classmethod
    def of_rule(
        cls, rule: Monotone, rows: pd.DataFrame, schema: Schema, *, low: float = -np.inf, high: float = np.inf
    ) -> Self:
        """The step of a rule, and of the values that its column is between."""
        column = schema[rule.column]
        unit = unit_of(column, rows[rule.column])
        return cls(column, unit, rule.direction == DIRECTIONS[1], rule.strict, low, high, rule.order)

    @property
    def start(self) -> str:
        """Of the static column that is learnt."""
        return f"{self.column.name} at the start"

    @property
    def reads(self) -> tuple[str, ...]:
        """Columns that the order of the rows is read off."""
        return self.order.names

    def makes(self, rule: Rule) -> bool:
        """Whether a rule holds because of this step."""
        return isinstance(rule, Monotone) and rule.column == self.column.name

    def learnt(self, rows: pd.DataFrame, schema: Schema) -> tuple[pd.DataFrame, Schema]:
        """The table with rises instead of the column, and where each entity starts."""
        places, codes = Panel.order(rows, self.order)
        values = pd.Series(to_float(self.column, rows[self.column.name], self.unit)[places])
        groups = values.groupby(codes[places])
        starts = groups.transform("first")
        rises = (values - groups.transform(lambda one: one.ffill().shift())) * self._sign - self._least
        rises = rises.clip(lower=0.0)
        nexts = rises.groupby(codes[places]).bfill().fillna(0.0)
        rises = rises.fillna(nexts).mask(values.isna())
        learnt = {self.column.name: _placed(rises, places), self.start: self._stored(_placed(starts, places))}
        column = replace(
            self.column, kind=Kind.NUMERIC, dtype="float64", decimals=self.column.decimals if self._is_number else 0, format=None,
            low=None, high=None, static=False, semantic=None,
        )  # fmt: skip
        start = replace(self.column, name=self.start, static=True, role=Role.FEATURE)
        columns = [column if c.name == column.name else c for c in schema]
        return with_columns(rows, learnt), Schema((*columns, start), schema.modality)

    def made(self, rows: pd.DataFrame, *, rng: np.random.Generator, start: int) -> pd.DataFrame:
        """The table with the column as it was stored; entities are whole."""
        places, codes = Panel.order(rows, self.order)
        codes = codes[places]
        rises = pd.Series(rows[self.column.name].to_numpy(float, na_value=np.nan)[places])
        starts = pd.Series(to_float(self.column, rows[self.start], self.unit)[places])
        known = rises.notna()
        steps = (self._rounded(rises.fillna(0.0)).clip(lower=0.0) + self._least).where(known, 0.0)
        steps = steps.where(known.groupby(codes).cumsum() > 1, 0.0)
        sums = starts.groupby(codes).transform("first") + self._sign * steps.groupby(codes).cumsum()
        values = self._rounded(_placed(sums.where(known), places))
        made = self._stored(np.clip(values, self.low, self.high))
        return with_columns(rows.drop(columns=self.start), {self.column.name: made})

    @property
    def _is_number(self) -> bool:
        return self.column.kind is Kind.NUMERIC

    @property
    def _sign(self) -> int:
        return -1 if self.falling else 1

    @property
    def _least(self) -> float:
        """By how much a row is above the one before at least."""
        if not self.strict:
            return 0.0
        if not self._is_number:
            return 1.0
        return 10.0**-self.column.decimals if self.column.decimals is not None else 1e-9

    def _rounded(self, values: Any) -> Any:
        if self._is_number and self.column.decimals is None:
            return values
        return np.round(values, self.column.decimals or 0)

    def _stored(self, values: Floats) -> Any:
        return from_float(self.column, values, self.unit).array

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "order": self.order.to_json(), "low": _finite(self.low), "high": _finite(self.high)}

    @classmethod
    def restore(cls, value: Mapping[str, Any]) -> Self:
        """What `to_json` came from."""
        low, high = (value["low"], value["high"])
        return cls(
            Column.from_json(value["column"]), value["unit"], value["falling"], value["strict"], -np.inf if low is None else low,
            np.inf if high is None else high, Schema.from_json(value["order"]),
        )  # fmt: skip


def _placed(values: pd.Series[Any], places: NDArray[np.int64]) -> Floats:
    """Values of rows in order, in the order in which the rows came."""
    found = np.empty(len(values))
    found[places] = values.to_numpy()
    return found


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
