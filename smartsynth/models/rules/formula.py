"""A column that other columns give: left out of what is learnt, and computed of the rows that are made.

A column that is never missing, though cells that it is computed of are or its formula divides, is learnt too: a row in which the formula
gives nothing keeps what was made.
"""

from __future__ import annotations

import ast
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
from smartsynth.schema import Column, Kind, Schema


@dataclass(frozen=True, slots=True)
class FormulaStep(ComputedStep):
    """A column and what gives it.

    Args:
        column: That is computed.
        text: The expression of the others.
    """

    text: str

    @classmethod
    def of_rule(cls, rule: Formula, schema: Schema) -> Self:
        """The step of a rule."""
        column = schema[rule.column]
        stays = not column.nullable and _may_be_missing(rule.expression, schema)
        return cls(column, rule.expression.text, stays=stays)

    @property
    def reads(self) -> tuple[str, ...]:
        """Columns that it is computed of."""
        return self._expression().names

    def makes(self, rule: Rule) -> bool:
        """Whether a rule holds because of this step."""
        return isinstance(rule, Formula) and rule.column == self.column.name

    def made(self, rows: pd.DataFrame, *, rng: np.random.Generator, start: int) -> pd.DataFrame:
        """The table with it, to its own decimal places; missing, or as it was made, where a cell that it needs is missing."""
        found = self._expression()(rows)
        if self.column.kind is Kind.NUMERIC:
            values = found.to_numpy(float, na_value=np.nan)
            if self.column.decimals is not None:
                values = np.round(values, self.column.decimals)
            cells = from_float(self.column, self._whole(values, rows), 1)
        else:
            others = rows[self.column.name].to_numpy(object) if self.stays else None
            cells = restore(self.column, found.astype(object).where(found.notna(), others).to_numpy())
        return with_columns(rows, {self.column.name: cells.to_numpy() if cells.dtype == object else cells.array})

    def _expression(self) -> Expression:
        return Expression.parse(self.text, None)

    def to_json(self) -> dict[str, Any]:
        return {"column": asdict(self.column), "text": self.text, "stays": self.stays}

    @classmethod
    def restore(cls, value: Mapping[str, Any]) -> Self:
        """What `to_json` came from."""
        return cls(Column.from_json(value["column"]), value["text"], stays=value.get("stays", False))


def _may_be_missing(expression: Expression, schema: Schema) -> bool:
    """Whether an expression may give nothing: what it reads can be missing, or it divides by what may be 0."""
    return any(schema[name].nullable for name in expression.names) or any(
        map(_gives_nothing, ast.walk(expression.tree))
    )


def _gives_nothing(node: ast.AST) -> bool:
    match node:
        case ast.BinOp(op=ast.Div() | ast.FloorDiv() | ast.Mod(), right=divisor):
            return not (isinstance(divisor, ast.Constant) and divisor.value)
        case ast.Constant(value=value):
            return value is None
    return False
