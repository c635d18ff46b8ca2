"""A column that other columns give: left out of what is learnt, and computed of the rows that are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from smartsynth.columns import with_columns
from smartsynth.constraints import Formula, Rule
from smartsynth.expressions import Expression
from smartsynth.models.rules.step import ComputedStep
from smartsynth.models.storage import from_float, restore
from smartsynth.schema import Column, Kind


@dataclass(frozen=True, slots=True)
class FormulaStep(ComputedStep):
    """A column and what gives it.

    Args:
        column: That is computed.
        text: The expression of the others.
    """

    text: str

    @property
    def reads(self) -> tuple[str, ...]:
        """Columns that it is computed of."""
        return self._expression().names

    def makes(self, rule: Rule) -> bool:
        """Whether a rule holds because of this step."""
        return isinstance(rule, Formula) and rule.column == self.column.name

    def made(self, rows: pd.DataFrame, *, rng: np.random.Generator, start: int) -> pd.DataFrame:
        """The table with it, to its own decimal places, missing where a cell that it needs is."""
        found = self._expression()(rows)
        if self.column.kind is Kind.NUMERIC:
            values = found.to_numpy(float, na_value=np.nan)
            if self.column.decimals is not None:
                values = np.round(values, self.column.decimals)
            cells = from_float(self.column, values, 1)
        else:
            cells = restore(self.column, found.astype(object).where(found.notna(), None).to_numpy())
        return with_columns(rows, {self.column.name: cells.to_numpy() if cells.dtype == object else cells.array})

    def _expression(self) -> Expression:
        return Expression.parse(self.text, None)

    def to_json(self) -> dict[str, Any]:
        return {"column": asdict(self.column), "text": self.text}

    @classmethod
    def restore(cls, value: Mapping[str, Any]) -> Self:
        """What `to_json` came from."""
        return cls(Column.from_json(value["column"]), value["text"])
