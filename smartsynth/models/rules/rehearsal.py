"""Rules tried on rows that are made up of the schema alone, so that one that cannot be computed is found before real rows are looked at.

Within a budget of differential privacy that is before the budget is spent.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pandas as pd

from smartsynth.alignment import as_column
from smartsynth.constraints import Check, Rule
from smartsynth.schema import Column, Kind, Schema

ROWS = 4


def rehearse(rules: Sequence[Rule], schema: Schema) -> None:
    """Compute every rule for a few made-up rows; functions, and rules about columns whose cells cannot be made up, are left out.

    Raises:
        ConfigError: One cannot be computed with these columns.
    """
    cells = {column.name: made for column in schema if (made := _cells(column)) is not None}
    rows = pd.DataFrame(cells)
    for rule in rules:
        order = getattr(rule, "order", None)
        needed = {*rule.columns, *(order.names if isinstance(order, Schema) else ())}
        if not isinstance(rule, Check) and needed <= set(cells):
            rule.holds(rows)


def _cells(column: Column) -> pd.Series[Any] | None:
    """A few cells as a column stores them; None if its schema does not say what they are like."""
    values = _values(column)
    if values is None:
        return None
    several = (values * ROWS)[:ROWS]
    return as_column(pd.Series(several, dtype=object), column)


def _values(column: Column) -> list[Any] | None:
    if column.categories:
        return list(column.categories)
    if column.dtype == "date":
        return [datetime.date(2020, 1, 1), datetime.date(2021, 6, 15)]
    if column.dtype == "decimal":
        return [Decimal(1), Decimal(2)]
    if column.kind is Kind.IMAGE or column.dtype in ("time", "category"):
        return None
    match pd.api.types.pandas_dtype(column.dtype).kind:
        case "i" | "u" | "f":
            return [1, 2, 3]
        case "M":
            return ["2020-01-01", "2021-06-15"]
        case "m":
            return ["1 days", "3 days"]
        case "b":
            return [True, False]
    return _texts(column)


def _texts(column: Column) -> list[Any] | None:
    if column.kind is Kind.BOOLEAN:
        return None if column.format is None else list(column.format.split("/"))
    if column.kind is Kind.DATETIME:
        days = (datetime.datetime(2020, 1, 1), datetime.datetime(2021, 6, 15))
        return None if column.format is None else [day.strftime(column.format) for day in days]
    return ["a", "b"] if column.kind in (Kind.CATEGORICAL, Kind.IDENTIFIER, Kind.TEXT) else None
