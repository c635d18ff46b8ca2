"""What follows from a condition, where that is what one column is: written into the rows in which the condition is true."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from smartsynth.columns import with_columns
from smartsynth.constraints import Consequence, Formula, Rule
from smartsynth.expressions import Expression
from smartsynth.models.rules.step import Step
from smartsynth.models.storage import from_float, restore, to_float
from smartsynth.schema import Column, Kind, Schema


@dataclass(frozen=True, slots=True)
class ConsequenceStep(Step):
    """A condition, and what a column is where it is true.

    Args:
        condition: When.
        column: Whose value follows.
        value: That it has then; None is a missing cell.
        text: The expression of other columns that it is then, if it is one.
    """

    condition: str
    column: Column
    value: Any = None
    text: str | None = None

    @classmethod
    def of(cls, condition: Expression, follows: Expression, schema: Schema) -> Self | None:
        """The step of a rule, if what follows is what a column is: `a == 3`, `flag`, `not flag`, `is_missing(a)`, `a == b + c`."""
        found = _assigned(follows)
        if found is None or found[0] in condition.names:
            return None
        name, value = found
        column = schema[name]
        if isinstance(value, Expression):
            return cls(condition.text, column, text=value.text) if column.kind is Kind.NUMERIC else None
        return None if value is None and not column.nullable else cls(condition.text, column, value)

    @property
    def reads(self) -> tuple[str, ...]:
        """Columns that its condition, and what follows, are about."""
        follows = () if self.text is None else Expression.parse(self.text).names
        return (*Expression.parse(self.condition).names, *follows)

    @property
    def writes(self) -> tuple[str, ...]:
        """Columns that it writes."""
        return (self.column.name,)

    @property
    def changes(self) -> tuple[str, ...]:
        """Columns that are learnt as something else, or not at all."""
        return ()

    def makes(self, rule: Rule) -> bool:
        """Whether a rule holds because of this step."""
        return (
            isinstance(rule, Consequence)
            and rule.condition.text == self.condition
            and self.column.name in rule.follows.names
        )

    def writes_over(self, rule: Rule) -> bool:
        """Whether what it writes may break a rule that another step made hold; a missing cell breaks none, and formulas come after."""
        return not isinstance(rule, Consequence | Formula) and not (self.value is None and self.text is None)

    def learnt(self, rows: pd.DataFrame, schema: Schema) -> tuple[pd.DataFrame, Schema]:
        """The table as it is: what follows is learnt like all else."""
        return rows, schema

    def made(self, rows: pd.DataFrame, *, rng: np.random.Generator, start: int) -> pd.DataFrame:
        """The table with the value where the condition is true."""
        applies = Expression.parse(self.condition)(rows).fillna(False).to_numpy(bool)
        values = rows[self.column.name].astype(object).to_numpy(copy=True)
        values[pd.isna(values)] = None
        if self.text is None:
            values[applies] = self.value
            return with_columns(rows, {self.column.name: restore(self.column, values).array})
        given = Expression.parse(self.text)(rows).to_numpy(float, na_value=np.nan)
        given = given if self.column.decimals is None else np.round(given, self.column.decimals)
        old = to_float(self.column, rows[self.column.name], 1)
        written = np.where(applies & (~np.isnan(given) | self.column.nullable), given, old)
        return with_columns(rows, {self.column.name: from_float(self.column, written, 1).array})

    def to_json(self) -> dict[str, Any]:
        return {"condition": self.condition, "column": asdict(self.column), "value": self.value, "text": self.text}

    @classmethod
    def restore(cls, value: Mapping[str, Any]) -> Self:
        """What `to_json` came from."""
        return cls(value["condition"], Column.from_json(value["column"]), value["value"], value["text"])


def _assigned(follows: Expression) -> tuple[str, Any] | None:
    """The column and the value that an expression says it has; None if it says something else."""
    match follows.tree:
        case ast.Name() as name:
            return follows.name(name), True
        case ast.UnaryOp(op=ast.Not(), operand=ast.Name() as name):
            return follows.name(name), False
        case ast.Compare(left=ast.Name() as name, ops=[ast.Eq()], comparators=[ast.Constant() as one]):
            return follows.name(name), one.value
        case ast.Compare(left=ast.Name() as name, ops=[ast.Eq()], comparators=[one]):
            given = follows.part(one)
            return None if follows.name(name) in given.names else (follows.name(name), given)
        case ast.Call(func=ast.Name(id="is_missing"), args=[ast.Name() as name]):
            return follows.name(name), None
    return None
