"""Keys: columns, and pairs of columns, whose values no two rows share.

A column of measurements is unique as well, by chance. So one column counts if its values are names of rows (the kind `identifier`), or if as many
values drawn at random from those that it could have would meet often; a pair or three columns count if they would meet when shuffled apart.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from smartsynth.discovery.evidence import Criterion, Evidence, shuffled
from smartsynth.discovery.names import ends_as_key
from smartsynth.discovery.proposal import Proposal, What
from smartsynth.discovery.view import Codes, View
from smartsynth.schema import Kind

MOST_COLUMNS, FIRST_ROWS, MOST_SETS = 30, 2_000, 4
"""Columns of which pairs and threes are looked at, rows on which most of them are ruled out, and sets that are told."""


def find(view: View, criterion: Criterion) -> list[Proposal]:
    """The primary key first, if there is one; then other unique columns."""
    single = list(_single(view, criterion))
    if single:
        best = min(single, key=lambda one: _rank(view, one.columns))
        return [
            Proposal(
                What.KEY if one is best else What.UNIQUE,
                {"unique": list(one.columns)},
                one.columns,
                one.evidence,
                one.note,
            )
            for one in [best, *(other for other in single if other is not best)]
        ]
    several = _several(view, criterion)[:MOST_SETS]
    return [
        Proposal(
            What.KEY if i == 0 else What.UNIQUE, {"unique": list(one.columns)}, one.columns, one.evidence,
            left_out="another set of columns names a row" if i else None,
        )
        for i, one in enumerate(several)
    ]  # fmt: skip


def _rank(view: View, columns: Sequence[str]) -> tuple[bool, bool, int]:
    """Names of keys before others, numbers and codes before texts, earlier columns before later ones."""
    name = columns[0]
    return not ends_as_key(name), view.schema[name].kind is not Kind.IDENTIFIER, view.schema.names.index(name)


def _single(view: View, criterion: Criterion) -> Iterator[Proposal]:
    for name, levels in view.levels.items():
        known = int((levels.codes >= 0).sum())
        if known < criterion.min_support or len(levels) < known:
            continue
        meetings = known * known / 2 / _room(view, name)
        evidence = Evidence(known, 0, float(min(meetings, known)))
        is_name = view.schema[name].kind is Kind.IDENTIFIER
        if is_name or evidence.convinces(criterion, len(view.levels)):
            note = None if known == len(view) else "some cells are missing"
            yield Proposal(What.UNIQUE, {"unique": [name]}, (name,), evidence, note=note)


def _room(view: View, name: str) -> float:
    """How many values a column could have, at least; without end for measurements, dates and free text."""
    if name in view.numbers and view.schema[name].decimals == 0:
        return float(np.ptp(view.numbers[name][~np.isnan(view.numbers[name])])) + 1
    return float("inf")


def _several(view: View, criterion: Criterion) -> list[Proposal]:
    """Pairs of columns that name a row together, the entity with the time first; else threes."""
    n = len(view)
    names = [
        name for name, levels in view.levels.items()
        if 2 <= len(levels) < n and (levels.codes >= 0).all() and not _is_measured(view, name)
    ]  # fmt: skip
    names = sorted(names, key=lambda name: (view.schema[name].kind is not Kind.IDENTIFIER, -len(view.levels[name])))[
        :MOST_COLUMNS
    ]
    for size in (2, 3):
        tried = float(len(list(itertools.combinations(names, size))))
        found = [
            one for columns in itertools.combinations(names, size)
            if np.prod([float(len(view.levels[name])) for name in columns]) >= n
            and (one := _together(view, columns, tried, criterion)) is not None
        ]  # fmt: skip
        if found:
            marked = {column.name for column in (view.schema.entity, view.schema.time) if column is not None}
            return sorted(
                found, key=lambda one: (set(one.columns) != marked, sum(not ends_as_key(name) for name in one.columns))
            )
    return []


def _is_measured(view: View, name: str) -> bool:
    return name in view.numbers and view.schema[name].decimals != 0


def _together(view: View, columns: tuple[str, ...], tried: float, criterion: Criterion) -> Proposal | None:
    codes = [view.levels[name].codes for name in columns]
    if _repeated([one[:FIRST_ROWS] for one in codes]):
        return None
    if _repeated(codes):
        return None
    apart = [one[shuffled(len(one), i)] for i, one in enumerate(codes)]
    evidence = Evidence(len(view), 0, float(_repeated(apart)))
    columns = tuple(name for name in view.schema.names if name in columns)
    return (
        Proposal(What.UNIQUE, {"unique": list(columns)}, columns, evidence)
        if evidence.convinces(criterion, tried)
        else None
    )


def _repeated(codes: Sequence[Codes]) -> int:
    """Rows whose values together an earlier row has."""
    joint = codes[0].astype(np.int64)
    for one in codes[1:]:
        joint = np.unique(joint, return_inverse=True)[1] * (int(one.max()) + 1) + one
    return len(joint) - len(np.unique(joint))
