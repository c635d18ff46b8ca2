"""A column that is the running sum of another: left out of what is learnt, and summed up over the rows that are made.

A total that is never missing, though where it starts may be, is learnt too: an entity without a start keeps what was made of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from smartsynth.columns import with_columns
from smartsynth.constraints import Rule
from smartsynth.models.rules.step import ComputedStep
from smartsynth.models.storage import from_float
from smartsynth.named_rules import Cumulative, running
from smartsynth.schema import Column, Schema


@dataclass(frozen=True, slots=True)
class CumulativeStep(ComputedStep):
    """A total and what it sums up.

    Args:
        column: That is computed.
        of: What is summed.
        start: A number, or the column that an entity's first row has it in.
        order: Entity and time.
    """

    of: str
    start: str | float
    order: Schema

    @classmethod
    def of_rule(cls, rule: Cumulative, schema: Schema) -> Self:
        """The step of a rule."""
        column, start = schema[rule.column], rule.start
        stays = not column.nullable and isinstance(start, str) and schema[start].nullable
        return cls(column, rule.of, start, rule.order, stays=stays)

    @property
    def reads(self) -> tuple[str, ...]:
        """Columns that it is computed of."""
        return (self.of, *([self.start] if isinstance(self.start, str) else []), *self.order.names)

    def makes(self, rule: Rule) -> bool:
        """Whether a rule holds because of this step."""
        return isinstance(rule, Cumulative) and rule.column == self.column.name

    def made(self, rows: pd.DataFrame, *, rng: np.random.Generator, start: int) -> pd.DataFrame:
        """The table with it; entities are whole, and those without a start keep what was made of them, or nothing."""
        values = running(rows, self.of, self.start, self.order)
        if self.column.decimals is not None:
            values = np.round(values, self.column.decimals)
        return with_columns(rows, {self.column.name: from_float(self.column, self._whole(values, rows), 1).array})

    def to_json(self) -> dict[str, Any]:
        return {
            "column": asdict(self.column), "of": self.of, "start": self.start, "order": self.order.to_json(), "stays": self.stays,
        }  # fmt: skip

    @classmethod
    def restore(cls, value: Mapping[str, Any]) -> Self:
        """What `to_json` came from."""
        return cls(
            Column.from_json(value["column"]), value["of"], value["start"], Schema.from_json(value["order"]), stays=value.get("stays", False)
        )  # fmt: skip
