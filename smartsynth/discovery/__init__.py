"""Rules that rows seem to keep, with what speaks for each: proposals for a schema file that a person reads and changes.

rows ──view.py──▶ View ──▶ formulas/       columns that others give
                           keys.py         columns that name a row; nothing but copies is looked for in these
                           dependencies.py columns that others decide, fixed combinations
                           groups.py       one-hot groups
                           order.py        columns that are never less than others
                           conditions.py   what follows from a value of another column
                           series.py       an entity's rows in time: running sums, columns that only rise
                           patterns.py     forms of texts
                           bounds.py       public ends of numbers
evidence.py   when a rule is proposed: what chance alone would give
tables.py     several tables: keys that point from one to another
document.py   proposals as a schema file with comments
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import pandas as pd

from smartsynth.discovery import bounds, conditions, dependencies, formulas, groups, keys, order, patterns, series
from smartsynth.discovery.evidence import Criterion, Evidence
from smartsynth.discovery.proposal import Proposal, What
from smartsynth.discovery.view import View
from smartsynth.progress import Progress, silent
from smartsynth.schema import Role, Schema

__all__ = ["Criterion", "Evidence", "Proposal", "What", "discover"]


GROUPS = (What.ONE_HOT, What.DEPENDENCY, What.COMBINATIONS)


def discover(
    rows: pd.DataFrame, schema: Schema, *, criterion: Criterion | None = None, progress: Progress = silent
) -> tuple[Proposal, ...]:
    """What seems to hold for all rows of a table, the most telling first within each kind.

    Args:
        rows: As they are stored.
        schema: Their columns.
        criterion: When a rule is proposed (evidence.py).
        progress: Told what is looked for.

    >>> rows = pd.DataFrame({"a": range(200), "b": [2.5 * i for i in range(200)]})
    >>> from smartsynth.ingest import read
    >>> [str(one.value) for one in discover(rows, read(rows).schema) if one.what is What.FORMULA]
    ['b == 2.5 * a']
    """
    criterion = criterion or Criterion()
    progress(0.0, "Looking at the columns")
    view = View.of(rows, schema)
    progress(0.1, "Looking for keys and formulas")
    named = keys.find(view, criterion)
    names = {column.name for column in schema if column.role in (Role.ENTITY, Role.TIME)}
    told = view.without(names.union(*(one.columns for one in named if len(one.columns) == 1 and one.holds)))
    found = formulas.find(view, told, criterion)
    progress(0.4, "Looking for dependencies")
    found += _apart([*groups.find(told, criterion), *dependencies.find(told, criterion)], found)
    progress(0.6, "Looking for columns in order")
    found += order.find(told, criterion, found)
    progress(0.7, "Looking for conditions")
    found += conditions.find(told, criterion, found)
    found += [*named, *_given_once(series.find(view, criterion), found)]
    progress(0.9, "Looking for forms and bounds")
    found += [*patterns.find(view, criterion), *bounds.find(view, criterion)]
    progress(1.0, "Done")
    return tuple(_sorted(found))


def _apart(made: Iterable[Proposal], formulas: Sequence[Proposal]) -> Iterator[Proposal]:
    """Groups without those that formulas say, the strongest first; one that shares a column with another says so."""
    given = {one.columns[0] for one in formulas if one.what is What.FORMULA and one.is_written}
    said = [set(one.columns) for one in formulas if one.what is What.FORMULA and one.holds]
    taken: set[str] = set()
    for one in sorted(made, key=lambda one: (not one.is_written, one.what is not What.ONE_HOT, -len(one.columns))):
        if any(set(one.columns) <= columns for columns in said):
            continue
        said += [set(one.columns)] if one.holds else []
        if not one.is_written:
            yield one
        elif set(one.columns) & given:
            yield replace(one, left_out=f"{', '.join(sorted(set(one.columns) & given))} is given by a formula")
        elif set(one.columns) & taken:
            yield replace(one, left_out=f"{', '.join(sorted(set(one.columns) & taken))} is in a group above")
        else:
            taken |= set(one.columns)
            yield one


def _given_once(series: Iterable[Proposal], others: Sequence[Proposal]) -> Iterator[Proposal]:
    """Proposals about rows in time; one whose column a formula gives, or a group holds, says so."""
    formulas = {one.columns[0] for one in others if one.what is What.FORMULA and one.is_written}
    groups = {name for one in others if one.what in GROUPS and one.is_written for name in one.columns}
    for one in series:
        name = one.columns[0]
        said = "is given by a formula" if name in formulas else "is in a group" if name in groups else None
        yield replace(one, left_out=f"{name} {said}") if one.is_written and said else one


def _sorted(found: Iterable[Proposal]) -> list[Proposal]:
    kinds = list(What)
    return sorted(
        found,
        key=lambda one: (kinds.index(one.what), not one.is_written, -one.evidence.strength, -one.evidence.telling),
    )
