"""Columns that others decide, and columns of which only some combinations occur: both are said as `combinations`.

city → country       each value of one column has one value of the other
product, size        fewer pairs than chance would bring together; listed in half of the rows, looked for in the other half
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from smartsynth.discovery.evidence import Criterion, Evidence, shuffled
from smartsynth.discovery.proposal import Proposal, What
from smartsynth.discovery.view import Codes, View
from smartsynth.schema import Kind

MOST_CELLS = 4_000_000
"""Of a table of counts; beyond, pairs are sorted."""
MOST_VALUES, LEAST_EXCLUDED = 200, 0.2
"""Of a column of fixed combinations; and the share of rows that must break them by chance."""
MOST_COLUMNS = 25
"""Of which two may decide a third; those with fewest values."""
LEAST_COMMON = 0.9
"""Share of the rows whose values are common enough to be learnt as combinations."""
Pair = tuple[str, str]


def find(view: View, criterion: Criterion) -> list[Proposal]:
    """Dependencies, joined by the column that decides; then those of two columns together, and fixed combinations of pairs."""
    names = [
        name for name, levels in view.levels.items()
        if len(levels) >= 2 and not view.is_fine(name) and view.schema[name].kind is not Kind.DURATION
        and len(levels) <= len(view) / 2 and not view.is_anew(name)
    ]  # fmt: skip
    decided = dict(_decided(names, view, criterion))
    taken = {frozenset(pair) for pair in decided}
    return [
        *_joined(decided, view),
        *_decided_together(names, set(decided), view, criterion),
        *_fixed(names, taken, view, criterion),
    ]


def _decided(names: list[str], view: View, criterion: Criterion) -> Iterator[tuple[Pair, Evidence]]:
    """Pairs of which the first decides the second."""
    tried = len(names) * (len(names) - 1)
    for a, b in itertools.permutations(names, 2):
        one, other = view.levels[a], view.levels[b]
        if len(one) < len(other):
            continue  # values that are fewer cannot decide more
        part = _lost(one.codes[view.sample], other.codes[view.sample])
        if part.broken > 0.3 * part.expected + 5 or part.broken > 2 * (1 - criterion.min_confidence) * part.support + 5:
            continue
        evidence = _lost(one.codes, other.codes)
        if evidence.convinces(criterion, tried):
            yield (a, b), evidence


def _lost(one: Codes, other: Codes) -> Evidence:
    """Rows whose value is not the commonest one of their group, here and with the values shuffled."""
    known = (one >= 0) & (other >= 0)
    a, b = one[known], other[known]
    if not len(a):
        return Evidence(0, 0, 0.0)
    sizes = np.bincount(a)
    support = int(sizes[sizes >= 2].sum())
    lone = int((sizes == 1).sum())
    here, there = _commonest(a, b) - lone, _commonest(a, b[shuffled(len(b))]) - lone
    return Evidence(support, support - here, float(support - there))


def _commonest(a: Codes, b: Codes) -> int:
    """Rows that have the commonest value of b among those with their value of a."""
    wide = int(b.max()) + 1
    cells = (int(a.max()) + 1) * wide
    joint = a.astype(np.int64) * wide + b
    if cells <= MOST_CELLS:
        return int(np.bincount(joint, minlength=cells).reshape(-1, wide).max(axis=1).sum())
    pairs, counts = np.unique(joint, return_counts=True)
    groups = pairs // wide
    starts = np.flatnonzero(np.r_[True, groups[1:] != groups[:-1]])
    return int(np.maximum.reduceat(counts, starts).sum())


def _joined(decided: Mapping[Pair, Evidence], view: View) -> Iterator[Proposal]:
    """One proposal for each column that decides, of all that it decides; what is in another is left out."""
    exact = {pair for pair, evidence in decided.items() if evidence.broken == 0}
    groups: dict[str, list[str]] = {}
    for a, b in sorted(exact, key=lambda pair: -len(view.levels[pair[0]])):
        groups.setdefault(a, []).append(b)
    kept: list[tuple[str, ...]] = []
    for a, others in groups.items():
        columns = _in_order((a, *others), view)
        if not any(set(columns) <= set(larger) for larger in kept):
            kept.append(columns)
            weakest = min((decided[a, b] for b in others), key=lambda evidence: evidence.telling)
            yield _proposal(columns, a, others, weakest, view)
    for (a, b), evidence in decided.items():
        if evidence.broken and (b, a) not in exact and not any({a, b} <= set(columns) for columns in kept):
            yield _proposal(_in_order((a, b), view), a, [b], evidence, view)


def _decided_together(names: list[str], decided: set[Pair], view: View, criterion: Criterion) -> Iterator[Proposal]:
    """Columns that two others decide of which neither does alone: shuffled, each of the two must make breaks."""
    few = sorted(
        (name for name in names if len(view.levels[name]) <= MOST_VALUES), key=lambda one: len(view.levels[one])
    )
    few = few[:MOST_COLUMNS]
    tried = len(few) ** 3 / 2
    part = view.sample
    for a, b in itertools.combinations(few, 2):
        joint = _both(view.levels[a].codes, view.levels[b].codes, len(view.levels[b]))
        if (a, b) in decided or (b, a) in decided or len(np.unique(joint[part])) > len(part) / 4:
            continue
        for c in few:
            if c in (a, b) or (a, c) in decided or (b, c) in decided:
                continue
            first = _lost(joint[part], view.levels[c].codes[part])
            if first.broken > min(0.05 * first.support, 0.1 * first.expected) + 2:
                continue
            evidence = _least(view, a, b, c, joint)
            if evidence.convinces(criterion, tried) and evidence.telling >= LEAST_EXCLUDED / 4:
                columns = _in_order((a, b, c), view)
                note = f"{a} and {b} together decide {c}"
                yield Proposal(What.DEPENDENCY, {"combinations": list(columns)}, columns, evidence, note=note)


def _both(one: Codes, other: Codes, wide: int) -> Codes:
    return np.where((one >= 0) & (other >= 0), one * wide + other, -1).astype(np.int32)


def _least(view: View, a: str, b: str, c: str, joint: Codes) -> Evidence:
    """Breaks of two columns that decide a third, and the fewer that there are if one of the two is shuffled."""
    one, other, third = (view.levels[name].codes for name in (a, b, c))
    here, wide, order = _lost(joint, third), len(view.levels[b]), shuffled(len(view))
    apart = [_lost(_both(one[order], other, wide), third).broken, _lost(_both(one, other[order], wide), third).broken]
    return Evidence(here.support, here.broken, float(min(apart)))


def _in_order(columns: tuple[str, ...], view: View) -> tuple[str, ...]:
    return tuple(name for name in view.schema.names if name in columns)


def _proposal(columns: tuple[str, ...], a: str, others: list[str], evidence: Evidence, view: View) -> Proposal:
    rare = view.levels[a].common < LEAST_COMMON
    return Proposal(
        What.DEPENDENCY,
        {"combinations": list(columns)},
        columns,
        evidence,
        note=f"{a} decides {', '.join(others)}",
        left_out=f"most values of {a} are held by fewer than five rows, too few to be learnt" if rare else None,
    )


def _fixed(names: list[str], taken: set[frozenset[str]], view: View, criterion: Criterion) -> Iterator[Proposal]:
    """Pairs of columns of which few combinations occur."""
    few = [
        name
        for name in names
        if 3 <= len(view.levels[name]) <= MOST_VALUES and view.levels[name].common >= LEAST_COMMON
    ]
    tried = len(few) * (len(few) - 1) / 2
    first = np.random.default_rng(1).random(len(view)) < 0.5
    for a, b in itertools.combinations(few, 2):
        if frozenset((a, b)) in taken:
            continue
        evidence = _new(view.levels[a].codes, view.levels[b].codes, first)
        if evidence.telling >= LEAST_EXCLUDED and evidence.convinces(criterion, tried):
            note = "listed in half of the rows, looked for in the other half"
            yield Proposal(What.COMBINATIONS, {"combinations": [a, b]}, (a, b), evidence, note=note)


def _new(one: Codes, other: Codes, first: NDArray[np.bool_]) -> Evidence:
    """Rows of the second half with a pair of values that the first half has not."""
    known = (one >= 0) & (other >= 0)
    a, b, first = one[known], other[known], first[known]
    if not first.any() or first.all():
        return Evidence(0, 0, 0.0)
    seen = np.zeros((int(a.max()) + 1, int(b.max()) + 1), bool)
    seen[a[first], b[first]] = True
    rest, other_rest = a[~first], b[~first]
    return Evidence(
        len(rest), int((~seen[rest, other_rest]).sum()), float((~seen[rest, other_rest[shuffled(len(rest))]]).sum())
    )
