"""Values that are computed only to be compared: the `0.2 * salary` of `bonus <= 0.2 * salary`.

Each is a column of its own while rows are made: a formula gives it, the column that it is compared with is put above or below it (order.py),
and then it is dropped.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import numpy as np
import pandas as pd

from smartsynth.columns import with_columns
from smartsynth.constraints import Chain, Condition, Rule
from smartsynth.expressions import Expression
from smartsynth.models.rules.order import Edge
from smartsynth.models.rules.step import Step
from smartsynth.schema import Column, Kind, Schema

_RISING, _FALLING = (ast.Lt, ast.LtE), (ast.Gt, ast.GtE)


@dataclass(frozen=True, slots=True)
class PartsStep(Step):
    """Computed values beside the columns of a table.

    Args:
        columns: By names that are their expressions.
        texts: The expressions.
    """

    columns: tuple[Column, ...]
    texts: tuple[str, ...]

    def only(self, names: Collection[str]) -> Self:
        """Those with some names."""
        kept = [(column, text) for column, text in zip(self.columns, self.texts, strict=True) if column.name in names]
        return replace(self, columns=tuple(column for column, _ in kept), texts=tuple(text for _, text in kept))

    @property
    def writes(self) -> tuple[str, ...]:
        """No column that a table has."""
        return ()

    @property
    def changes(self) -> tuple[str, ...]:
        """Columns that are learnt as something else, or not at all."""
        return ()

    def makes(self, rule: Rule) -> bool:
        """Whether a rule holds because of this step."""
        return _compared(rule) != [] and all(
            end.text in self.texts for pair in _compared(rule) for end in pair[:2] if isinstance(end, Expression)
        )

    def learnt(self, rows: pd.DataFrame, schema: Schema) -> tuple[pd.DataFrame, Schema]:
        """The table with the values, for the steps that come after."""
        pairs = zip(self.columns, self.texts, strict=True)
        made = {column.name: Expression.parse(text)(rows).array for column, text in pairs}
        return with_columns(rows, made), Schema((*schema.columns, *self.columns), schema.modality)

    def made(self, rows: pd.DataFrame, *, rng: np.random.Generator, start: int) -> pd.DataFrame:
        """The table without the values."""
        return rows.drop(columns=[column.name for column in self.columns])

    def to_json(self) -> dict[str, Any]:
        return {"columns": [asdict(column) for column in self.columns], "texts": list(self.texts)}

    @classmethod
    def restore(cls, value: Mapping[str, Any]) -> Self:
        """What `to_json` came from."""
        return cls(tuple(map(Column.from_json, value["columns"])), tuple(value["texts"]))


def parts_of(rules: Sequence[Rule], rows: pd.DataFrame) -> tuple[PartsStep, list[Edge]]:
    """The values that conditions compare with columns, and what is below what then."""
    columns: dict[str, Column] = {}
    texts: dict[str, str] = {}
    edges: list[Edge] = []
    for rule in rules:
        for low, high, strict in _compared(rule):
            ends = []
            for end in (low, high):
                if isinstance(end, str):
                    ends.append(end)
                elif (column := _column(end, rows)) is not None:
                    columns[column.name], texts[column.name] = column, end.text
                    ends.append(column.name)
            if len(ends) == 2:
                edges.append(Edge(ends[0], ends[1], strict))
    return PartsStep(tuple(columns.values()), tuple(texts.values())), edges


def _compared(rule: Rule) -> list[tuple[str | Expression, str | Expression, bool]]:
    """Neighbours in a condition of which one is a column and the other is computed of columns, the lower first."""
    if not isinstance(rule, Condition) or isinstance(rule, Chain) or not isinstance(rule.expression.tree, ast.Compare):
        return []
    tree, found = rule.expression.tree, []
    nodes = [tree.left, *tree.comparators]
    for one, how, other in zip(nodes, tree.ops, nodes[1:], strict=False):
        if isinstance(how, _RISING + _FALLING):
            low, high = (one, other) if isinstance(how, _RISING) else (other, one)
            ends = [
                rule.expression.name(e) if isinstance(e, ast.Name) else rule.expression.part(e) for e in (low, high)
            ]
            computed = [end for end in ends if isinstance(end, Expression) and end.names]
            if len(computed) == 1 and any(isinstance(end, str) for end in ends):
                found.append((ends[0], ends[1], isinstance(how, ast.Lt | ast.Gt)))
    return found


def _column(expression: Expression, rows: pd.DataFrame) -> Column | None:
    """What an expression gives, as a column; None if it has no order, or no row tells."""
    if not len(rows) and any(rows[name].dtype == object for name in expression.names):
        return None
    dtype = expression(rows).dtype
    if pd.api.types.is_bool_dtype(dtype):
        return None
    if pd.api.types.is_numeric_dtype(dtype):
        return Column(f"({expression.text})", Kind.NUMERIC, "float64")
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return Column(f"({expression.text})", Kind.DATETIME, str(dtype))
    return Column(f"({expression.text})", Kind.DURATION, str(dtype)) if dtype.kind == "m" else None
