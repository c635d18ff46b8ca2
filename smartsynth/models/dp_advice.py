"""Whether a budget of differential privacy is of use for so few rows and so many columns, and what helps.

The columns on their own share a part of the budget (marginal_generator.py). Each gets counts with noise of a standard deviation of

    σ = √columns / (μ √share)   rows,   μ: what ε and δ come to (accountant.py)

A range that was not declared is looked for with a tenth of that part, among sixty powers of two, so that one of them must hold about
13 σ rows to stand out; where none does, every number becomes 0. Measured on three tables with 300 to 2,400 rows
(docs/benchmarks/dp_rows.json, docs/privacy.md): below ENOUGH_PAID rows for each σ undeclared columns collapse, below ENOUGH_DECLARED
also declared ones are twice as far from real ones as these are from each other.
"""

from __future__ import annotations

import math

from smartsynth.formats import count, number, plain
from smartsynth.models.dp_domain import is_open
from smartsynth.models.marginal_generator import DOMAIN
from smartsynth.privacy.accountant import largest_mu
from smartsynth.schema import Column, Kind, Modality, Schema

ENOUGH_PAID, ENOUGH_DECLARED = 100.0, 40.0
"""Rows for each row of noise in a column's counts, under which a run is hardly of use."""


def rows_over_noise(schema: Schema, rows: float, epsilon: float, delta: float) -> float:
    """How many rows there are for each row of noise in the counts of one column."""
    columns = max(sum(column.is_modelled for column in schema), 1)
    return rows * largest_mu(epsilon, delta) * math.sqrt(DOMAIN / columns)


def undeclared(schema: Schema) -> list[Column]:
    """The modelled columns of which neither range nor categories are public, so that both cost budget."""
    return [c for c in schema if c.is_modelled and (is_open(c) or (_is_number(c) and c.low is None))]


def advice(schema: Schema, rows: float, epsilon: float, delta: float) -> str | None:
    """What to expect and what helps, if the budget is too small for these rows and columns."""
    if schema.modality is not Modality.TABLE:
        return None
    found, paid = rows_over_noise(schema, rows, epsilon, delta), undeclared(schema)
    enough = ENOUGH_PAID if paid else ENOUGH_DECLARED
    if found >= enough:
        return None
    columns = sum(column.is_modelled for column in schema)
    steps = [] if not paid else [
        f"declare ranges and categories of {'all columns' if len(paid) == columns else f'{len(paid)} columns'} (low, high, categories in "
        "--schema or --config), which then cost nothing"
    ]  # fmt: skip
    least = math.ceil(rows * enough / max(found, 1e-9) / 100) * 100
    steps += [
        "drop columns that are not needed",
        f"learn from more rows (about {count(least)})",
        "allow a larger epsilon",
    ]
    return (
        f"epsilon={epsilon:g} is hardly of use for {count(round(rows))} rows and {count(columns)} columns: each count of a column gets noise of "
        f"about {number(rows / max(found, 1e-9), 2)} rows, and there are {number(found, 2)} rows for each of these; it takes about {enough:g}. "
        f"Columns may come out with one value alone. What helps: {'; '.join(steps)}."
    )


def collapsed(schema: Schema, constant: list[str]) -> str | None:
    """Why columns of numbers that were not declared hold one value alone, and what helps."""
    names = [column.name for column in undeclared(schema) if column.name in constant]
    if not names:
        return None
    return (
        f"One value alone in {', '.join(plain(name, 40) for name in names)}: {'its' if len(names) == 1 else 'their'} range was not declared, and "
        "no part of it held enough rows to stand out of the noise. Declare ranges and categories (low, high, categories in --schema), learn "
        "from more rows, or allow a larger epsilon."
    )


def _is_number(column: Column) -> bool:
    return column.kind in (Kind.NUMERIC, Kind.DATETIME, Kind.DURATION)
