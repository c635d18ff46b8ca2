"""What follows from a condition, where that is one value of one column: written into the rows in which the condition is true."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from smartsynth.constraints import Consequence, Rule
from smartsynth.expressions import Expression
from smartsynth.models.storage import restore
from smartsynth.schema import Column, Schema


@dataclass(frozen=True, slots=True)
class ConsequenceStep:
    """A condition, and the value that a column has where it is true.

    Args:
        condition: When.
        column: Whose value follows.
        value: That it has then; None is a missing cell.
    """

    condition: str
    column: Column
    value: Any

    @classmethod
    def of(cls, condition: Expression, follows: Expression, schema: Schema) -> Self | None:
        """The step of a rule, if what follows is one value of a column: `a == 3`, `flag`, `not flag`, `is_missing(a)`."""
        found = _assigned(follows)
        if found is None or found[0] in condition.names:
            return None
        name, value = found
        column = schema[name]
        return None if value is None and not column.nullable else cls(condition.text, column, value)

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

    def learnt(self, rows: pd.DataFrame, schema: Schema) -> tuple[pd.DataFrame, Schema]:
        """The table as it is: what follows is learnt like all else."""
        return rows, schema

    def made(self, rows: pd.DataFrame, *, rng: np.random.Generator, start: int) -> pd.DataFrame:
        """The table with the value where the condition is true."""
        applies = Expression.parse(self.condition)(rows).fillna(False).to_numpy(bool)
        values = rows[self.column.name].astype(object).to_numpy(copy=True)
        values[pd.isna(values)] = None
        values[applies] = self.value
        return rows.assign(**{self.column.name: restore(self.column, values).array})

    def to_json(self) -> dict[str, Any]:
        return {"condition": self.condition, "column": asdict(self.column), "value": self.value}

    @classmethod
    def restore(cls, value: Mapping[str, Any]) -> Self:
        """What `to_json` came from."""
        return cls(value["condition"], Column.from_json(value["column"]), value["value"])


def _assigned(follows: Expression) -> tuple[str, Any] | None:
    """The column and the value that an expression says it has; None if it says something else."""
    match follows.tree:
        case ast.Name() as name:
            return follows.name(name), True
        case ast.UnaryOp(op=ast.Not(), operand=ast.Name() as name):
            return follows.name(name), False
        case ast.Compare(left=ast.Name() as name, ops=[ast.Eq()], comparators=[ast.Constant() as one]):
            return follows.name(name), one.value
        case ast.Call(func=ast.Name(id="is_missing"), args=[ast.Name() as name]):
            return follows.name(name), None
    return None
