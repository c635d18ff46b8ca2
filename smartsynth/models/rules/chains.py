"""Chains as steps: which columns are compared with which, in one step for all that hang together."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

import numpy as np
import pandas as pd

from smartsynth.constraints import Chain
from smartsynth.equations import COUNTED
from smartsynth.expressions import Expression
from smartsynth.models.rules.order import TIED, Edge, OrderStep
from smartsynth.models.rules.step import Holders
from smartsynth.models.storage import to_float, unit_of
from smartsynth.schema import Column, Kind, Schema


def edges_of(chains: Sequence[Chain], schema: Schema, rows: pd.DataFrame) -> list[Edge]:
    """What is below what, as chains say, but for columns of other kinds than numbers, dates and durations.

    Those whose cells can be compared all the same, such as categories that are numbers, are left to be looked for in the rows that are made.
    """
    made = []
    for chain in chains:
        for low, high, strict in zip(chain.members, chain.members[1:], chain.strict, strict=False):
            names = [end for end in (low, high) if isinstance(end, str)]
            if names and not _is_only_compared([schema[name] for name in names]):
                made.append(Edge(_end(low, high, schema, rows), _end(high, low, schema, rows), strict))
    return made


def bounds_of(edges: Sequence[Edge]) -> dict[str, tuple[float, float]]:
    """The values that columns are at least and at most; a strict one counts as if it were not."""
    found: dict[str, tuple[float, float]] = {}
    for edge in edges:
        if isinstance(edge.high, str) and not isinstance(edge.low, str):
            low, high = found.get(edge.high, (-np.inf, np.inf))
            found[edge.high] = (max(low, edge.low), high)
        elif isinstance(edge.low, str) and not isinstance(edge.high, str):
            low, high = found.get(edge.low, (-np.inf, np.inf))
            found[edge.low] = (low, min(high, edge.high))
    return found


def _is_only_compared(columns: Sequence[Column]) -> bool:
    """Whether a column has no order that could be made, though its cells can be compared; one that is always the same is as it is."""
    if any(column.kind is Kind.CONSTANT for column in columns):
        return True
    counted = len(columns) == 1 or all(column.dtype.lower().startswith(COUNTED) for column in columns)
    return counted and any(column.kind not in TIED for column in columns)


def order_steps(
    edges: Sequence[Edge], rows: pd.DataFrame, schema: Schema, fixed: Collection[str],
    needed: Callable[[Collection[str]], set[str]], k: int = 5, holders: Holders | None = None,
) -> list[OrderStep]:  # fmt: skip
    """The steps of columns that are compared, one for all that are compared with each other.

    Args:
        edges: What is below what.
        rows: Real ones.
        schema: Their columns.
        fixed: Columns that other steps make.
        needed: The columns that some fixed ones are made of. Where these are compared with what they are part of, such as `price <= total`
            of a total that is a sum of prices, that comparison is left to be rejected.
        k: No number that steps keep is of fewer rows.
        holders: Whose each row is, where several rows of one count once.

    Raises:
        ConfigError: Comparisons run in a circle, or join what cannot be compared.
    """
    if edges:
        OrderStep.fit(rows, schema, edges)  # says what runs in a circle, through fixed columns too
    found = []
    for part in _parts([edge for edge in edges if _free(edge, fixed)], fixed):
        own = _names(part) - set(fixed)
        late = {name for name in _names(part) & set(fixed) if needed([name]) & own}
        found += [edge for edge in part if not _ends(edge) & late]
    return [
        OrderStep.fit(rows, schema, part, _names(part) & set(fixed), k=k, holders=holders)
        for part in _parts(found, fixed)
    ]


def _free(edge: Edge, fixed: Collection[str]) -> bool:
    """Whether one of the columns is not made by another step."""
    return any(end not in fixed for end in _ends(edge))


def _ends(edge: Edge) -> set[str]:
    return {end for end in (edge.low, edge.high) if isinstance(end, str)}


def _names(edges: Iterable[Edge]) -> set[str]:
    return {end for edge in edges for end in _ends(edge)}


def _parts(edges: Sequence[Edge], fixed: Collection[str]) -> list[list[Edge]]:
    """The edges in groups that share no column but fixed ones."""
    parts: list[list[Edge]] = []
    for edge in edges:
        own = _ends(edge) - set(fixed)
        near = [part for part in parts if (_names(part) - set(fixed)) & own]
        parts = [part for part in parts if part not in near]
        parts.append([*(one for part in near for one in part), edge])
    return parts


def _end(end: str | Expression, other: str | Expression, schema: Schema, rows: pd.DataFrame) -> str | float:
    """A column, or the number of a value in the units of the column that it is compared with."""
    if isinstance(end, str):
        return end
    column = schema[str(other)]
    value = end(pd.DataFrame(index=[0])).iloc[0]
    if column.kind is Kind.NUMERIC:
        return float(value)
    cell = pd.Series([pd.Timedelta(value) if column.kind is Kind.DURATION else pd.Timestamp(value)])
    plain = Column(column.name, column.kind, str(cell.dtype))
    return float(to_float(plain, cell, unit_of(column, rows[column.name]))[0])
