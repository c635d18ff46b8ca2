"""Columns that are 0 together: learnt as whether they are, and what each is where it is not.

learnt   one truth, and the columns with missing cells in rows in which all are 0
made     0 where it is true; elsewhere a cell that is 0, or missing without need, is that of another row that is not
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.columns import with_columns
from smartsynth.constraints import Rule
from smartsynth.models.rules.step import ColumnsStep
from smartsynth.models.storage import from_float, to_float
from smartsynth.named_rules import ZeroTogether
from smartsynth.schema import Column, Kind, Schema

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ZeroStep(ColumnsStep):
    """Columns of which all are 0, or none is.

    Args:
        columns: As they are stored.
    """

    @classmethod
    def of(cls, schema: Schema, names: Sequence[str]) -> Self:
        """The step of some columns."""
        return cls(tuple(schema[name] for name in names))

    @property
    def name(self) -> str:
        """Of the truth that is learnt."""
        return " & ".join(column.name for column in self.columns) + " are 0"

    def makes(self, rule: Rule) -> bool:
        """Whether a rule holds because of this step."""
        return isinstance(rule, ZeroTogether) and set(rule.columns) <= set(self.writes)

    def learnt(self, rows: pd.DataFrame, schema: Schema) -> tuple[pd.DataFrame, Schema]:
        """The table with one column more, and values where they are not 0."""
        values = [to_float(column, rows[column.name], 1) for column in self.columns]
        lost = np.all([np.isnan(one) for one in values], axis=0)
        zero = ~lost & np.all([(one == 0) | np.isnan(one) for one in values], axis=0)
        learnt: dict[str, Any] = {}
        for column, one in zip(self.columns, values, strict=True):
            learnt[column.name] = np.where(zero, np.nan, one)
            schema = schema.with_column(column.name, dtype="float64", nullable=True)
        learnt[self.name] = pd.array(zero, dtype="boolean")
        learnt[self.name][lost] = pd.NA
        is_static = all(column.static for column in self.columns)
        may_miss = all(column.nullable for column in self.columns)  # by the schema: within a budget cells must not tell
        truth = Column(self.name, Kind.BOOLEAN, "boolean", nullable=may_miss, static=is_static)
        return with_columns(rows, learnt), Schema((*schema.columns, truth), schema.modality)

    def made(self, rows: pd.DataFrame, *, rng: np.random.Generator, start: int) -> pd.DataFrame:
        """The table with the columns as they were stored."""
        zero = rows[self.name].astype("boolean").fillna(False).to_numpy(bool)
        made = {}
        for column in self.columns:
            values = rows[column.name].to_numpy(float, na_value=np.nan)
            if column.decimals is not None:
                values = np.round(values, column.decimals)
            wrong = ~zero & ((values == 0) | (np.isnan(values) & (not column.nullable)))
            right = values[~zero & ~wrong & ~np.isnan(values)]
            least = 10.0 ** -(column.decimals or 0)
            values = np.where(zero, 0.0, values)
            values[wrong] = rng.choice(right, int(wrong.sum())) if len(right) else least
            made[column.name] = from_float(column, values, 1).array
        return with_columns(rows.drop(columns=self.name), made)

    def to_json(self) -> dict[str, Any]:
        return {"columns": [asdict(column) for column in self.columns]}

    @classmethod
    def restore(cls, value: Mapping[str, Any]) -> Self:
        """What `to_json` came from."""
        return cls(tuple(map(Column.from_json, value["columns"])))
