"""Columns that are the sum, product or ratio of two others, with a factor where it is one of few digits."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from smartsynth.discovery.evidence import Criterion
from smartsynth.discovery.formulas.sources import LOOSE, Sources, proposal, shortest
from smartsynth.discovery.proposal import Proposal
from smartsynth.discovery.view import Floats
from smartsynth.equations import plain
from smartsynth.expressions import quoted

ROWS = 64
"""On which every pair is tried with every target."""
NEAR = 0.02
"""Share by which a product may be off in this first look."""


def find_sums(sources: Sources, criterion: Criterion) -> list[Proposal]:
    """Sums of two columns."""
    names = list(sources.numbers)
    return list(_sums(sources, names, 4.0 * len(names) ** 3, criterion)) if len(names) > 2 else []


def find_products(sources: Sources, criterion: Criterion) -> list[Proposal]:
    """Products and ratios of two columns."""
    names = list(sources.numbers)
    return list(_products(sources, names, 4.0 * len(names) ** 3, criterion)) if len(names) > 2 else []


def _rows(sources: Sources, names: list[str]) -> Floats:
    """Some rows, of those with fewest missing numbers and zeros."""
    part = sources.view.sample
    table = np.column_stack([sources.numbers[name][part] for name in names])
    idle = np.isnan(table).sum(axis=1) + 0.5 * (table == 0).sum(axis=1)
    return table[np.argsort(idle, kind="stable")[:ROWS]]


def _sums(sources: Sources, names: list[str], tried: float, criterion: Criterion) -> Iterator[Proposal]:
    table = _rows(sources, names)
    room = np.array([sources.view.tolerance(name) for name in names]) + 1e-9 * np.maximum(np.abs(table), 1)
    at = {name: i for i, name in enumerate(names)}
    targets = [at[name] for name in sources.targets]
    for i, j in itertools.combinations(range(len(names)), 2):
        off = np.abs(table[:, targets] - (table[:, i] + table[:, j])[:, None]) - room[:, targets]
        known = ~np.isnan(off)
        share = (known & (off <= 0)).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        for t in np.flatnonzero((share >= LOOSE) & (known.sum(axis=0) >= 8)):
            target, a, b = names[targets[t]], names[i], names[j]
            if target in (a, b):
                continue
            evidence = sources.check(target, sources.numbers[a] + sources.numbers[b], tried=tried, criterion=criterion)
            if evidence is not None:
                yield proposal(target, f"{quoted(a)} + {quoted(b)}", (a, b), evidence)


def _products(sources: Sources, names: list[str], tried: float, criterion: Criterion) -> Iterator[Proposal]:
    table = np.abs(_rows(sources, names))
    logs = np.log(np.where(table > 0, table, np.nan))
    at = {name: i for i, name in enumerate(names)}
    targets = [at[name] for name in sources.targets]
    for i, j in itertools.permutations(range(len(names)), 2):
        for divided in (False, True) if i < j else (True,):
            gap = logs[:, targets] - (logs[:, i] - logs[:, j] if divided else logs[:, i] + logs[:, j])[:, None]
            known = ~np.isnan(gap)
            middle = np.partition(gap, len(gap) // 2, axis=0)[len(gap) // 2]
            share = (np.abs(gap - middle) <= NEAR).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
            for t in np.flatnonzero((share >= LOOSE - 0.2) & (known.sum(axis=0) >= 8)):
                if targets[t] not in (i, j):
                    yield from _checked(sources, names[targets[t]], names[i], names[j], divided, tried, criterion)


def _checked(
    sources: Sources, target: str, a: str, b: str, divided: bool, tried: float, criterion: Criterion
) -> Iterator[Proposal]:
    """The product or ratio on all rows, with the factor that most of them have."""
    one, other = sources.numbers[a], sources.numbers[b]
    with np.errstate(all="ignore"):
        given = np.where(other != 0, one / other, np.nan) if divided else one * other
        factors = (sources.numbers[target] / given)[sources.view.sample]
    factors = factors[np.isfinite(factors) & (factors != 0)]
    if not len(factors):
        return
    largest = float(np.nanmax(np.abs(given[sources.view.sample])))
    room = max(sources.view.tolerance(target) / largest if largest else 0.0, 1e-9)
    factor = shortest(float(np.median(factors)), max(room, 1e-6 * abs(float(np.median(factors)))), most=6)
    if len(f"{factor:.5e}".split("e")[0].rstrip("0")) > 5:
        return  # more digits than a unit has
    evidence = sources.check(target, factor * given, tried=100 * tried, criterion=criterion)
    if evidence is not None:
        head = "" if factor == 1 else f"{plain(factor)} * "
        yield proposal(target, f"{head}{quoted(a)} {'/' if divided else '*'} {quoted(b)}", (a, b), evidence)
