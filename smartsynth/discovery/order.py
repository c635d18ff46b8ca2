"""Columns that are never less than others: pairs, joined to chains, without what follows from others.

admitted <= treated, treated <= discharged, admitted <= discharged   →   admitted <= treated <= discharged
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from smartsynth.discovery.evidence import Criterion, Evidence, least_expected, shuffled
from smartsynth.discovery.proposal import Proposal, What
from smartsynth.discovery.view import Floats, View
from smartsynth.expressions import quoted

Pair = tuple[str, str]
STRIP = 0.1
LEAST_LEVELS = 3
"""A column of two values is a matter of conditions."""


def find(view: View, criterion: Criterion, known: Sequence[Proposal] = ()) -> list[Proposal]:
    """Chains of columns of numbers, and of dates; not between a column and what gives it by a formula that is known."""
    said = _explained(known)
    zoned = {name: cells for name, cells in view.moments.items() if view.has_zone(name)}
    plain = {name: cells for name, cells in view.moments.items() if name not in zoned}
    return [one for cells in (view.numbers, plain, zoned) for one in _among(cells, view, criterion, said)]


def _among(
    cells: Mapping[str, Floats], view: View, criterion: Criterion, said: Mapping[str, set[str]]
) -> Iterator[Proposal]:
    cells = {name: values for name, values in cells.items() if len(view.levels[name]) >= LEAST_LEVELS}
    tried = len(cells) * (len(cells) - 1)
    found: dict[Pair, Evidence] = {}
    for low, high in _candidates(cells, view, criterion):
        if low in said.get(high, ()) or high in said.get(low, ()):
            continue
        evidence = _evidence(cells[low], cells[high])
        if evidence.convinces(criterion, tried) and not _are_equal(cells[low], cells[high]):
            found[low, high] = evidence
    exact = [pair for pair, evidence in found.items() if evidence.broken == 0]
    close = [(low, high) for low, high in exact if _near(cells[low], cells[high]) >= least_expected(tried)]
    written = chains(close)
    yield from (_chain(path, cells, view) for path in written)
    for path in chains(exact):
        for low, high in itertools.pairwise(path):
            if (low, high) not in close and not any(_is_in((low, high), one) for one in written):
                yield replace(_chain((low, high), cells, view), left_out="no row comes near to breaking it")
    weaker = (_chain(path, cells, view) for path in chains(found))
    yield from (one for one in weaker if not one.holds and one.evidence.convinces(criterion, tried))


def _near(low: Floats, high: Floats) -> int:
    """Rows in which two columns are as near as a tenth of the spread of their gap; of positive ones also of their ratio."""
    known = ~np.isnan(low) & ~np.isnan(high)
    low, high = low[known], high[known]
    gaps = [high - low, *([np.log(high / low)] if low.min() > 0 else [])]
    spreads = [np.ptp(np.quantile(gap, [0.05, 0.95])) for gap in gaps]
    return min(int((gap <= STRIP * spread).sum()) for gap, spread in zip(gaps, spreads, strict=True))


def _is_in(pair: Pair, path: tuple[str, ...]) -> bool:
    return set(pair) <= set(path) and path.index(pair[0]) < path.index(pair[1])


def _explained(known: Sequence[Proposal]) -> dict[str, set[str]]:
    """Columns that formulas give, each with all that it comes from, through other formulas too."""
    reads: dict[str, set[str]] = {}
    for one in known:
        if one.what is What.FORMULA:
            reads.setdefault(one.columns[0], set()).update(one.columns[1:])
    for _ in reads:
        reads = {name: below.union(*(reads.get(other, set()) for other in below)) for name, below in reads.items()}
    return reads


def _candidates(cells: Mapping[str, Floats], view: View, criterion: Criterion) -> Iterator[Pair]:
    """Pairs that a sample of the rows does not rule out."""
    if len(cells) < 2:
        return
    names, table = list(cells), np.column_stack([values[view.sample] for values in cells.values()])
    room = 1 - criterion.min_confidence
    for i, low in enumerate(names):
        known = ~np.isnan(table) & ~np.isnan(table[:, [i]])
        support = known.sum(axis=0)
        over = (table[:, [i]] > table).sum(axis=0)
        slack = 3 * np.sqrt(np.maximum(support, 1) * room)
        for j in np.flatnonzero((over <= room * support + slack) & (support > 0)):
            if j != i:
                yield low, names[j]


def _evidence(low: Floats, high: Floats) -> Evidence:
    """How often one column is over another, and how often any two of their values would be."""
    known = ~np.isnan(low) & ~np.isnan(high)
    a, b = low[known], high[known]
    if not len(a):
        return Evidence(0, 0, 0.0)
    over = np.searchsorted(np.sort(b), a, side="left").mean() / len(a)
    return Evidence(len(a), int((a > b).sum()), float(over * len(a)))


def _are_equal(a: Floats, b: Floats) -> bool:
    known = ~np.isnan(a) & ~np.isnan(b)
    return bool((a[known] == b[known]).mean() > 0.9)


def _is_strict(low: Floats, high: Floats, view: View, name: str) -> bool:
    """Whether no two are equal, though many are only one step apart."""
    gap = (high - low)[~np.isnan(high - low)]
    places = view.decimals(name)
    step = 1.0 if name in view.moments or places is None else 10.0**-places
    near = ((gap > 0) & (gap <= step * 1.000001)).sum()
    return bool((gap > 0).all() and near >= least_expected(1))


def chains(pairs: Iterable[Pair]) -> list[tuple[str, ...]]:
    """Paths that cover all pairs of an order that do not follow from others.

    >>> chains([("a", "b"), ("b", "c"), ("a", "c"), ("b", "d")])
    [('a', 'b', 'c'), ('b', 'd')]
    """
    after: dict[str, set[str]] = {}
    for low, high in pairs:
        after.setdefault(low, set()).add(high)
        after.setdefault(high, set())
    between = {
        low: {high for high in highs if any(high in after[middle] for middle in highs)} for low, highs in after.items()
    }
    left = {low: sorted(after[low] - between[low]) for low in sorted(after)}
    made: list[tuple[str, ...]] = []
    while any(left.values()):
        path = max((_longest(low, left) for low in left), key=len)
        for low, high in itertools.pairwise(path):
            left[low].remove(high)
        made.append(path)
    return made


def _longest(start: str, steps: Mapping[str, list[str]], passed: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The longest way up from a column."""
    here = (*passed, start)
    ways = [_longest(high, steps, here) for high in steps[start] if high not in here]
    return max(ways, key=len, default=here)


def _chain(path: tuple[str, ...], cells: Mapping[str, Floats], view: View) -> Proposal:
    text = quoted(path[0])
    for low, high in itertools.pairwise(path):
        text += f" {'<' if _is_strict(cells[low], cells[high], view, high) else '<='} {quoted(high)}"
    table = np.column_stack([cells[name] for name in path])
    whole = table[~np.isnan(table).any(axis=1)]
    by_chance = np.column_stack([whole[shuffled(len(whole), i), i] for i in range(len(path))])
    return Proposal(What.ORDER, text, path, Evidence(len(whole), _breaks(whole), float(_breaks(by_chance))))


def _breaks(table: NDArray[np.float64]) -> int:
    return int((np.diff(table, axis=1) < 0).any(axis=1).sum())
