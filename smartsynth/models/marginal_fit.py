"""The distribution that agrees best with noisy tables of counts: private-PGM (McKenna, Sheldon & Miklau 2019).

Among all distributions with the cliques of the measured tables, the one that minimises

    Σ over tables  ½ Σ over cells ((n · p - y) / σ)²

and, of those, the one of the largest entropy. Mirror descent on the log-potentials: a step along the gradient, a pass of
messages, and the step is taken back and halved where it did not go down.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from smartsynth.models.junction_tree import Clique, JunctionTree, Table, triangulated

STEPS = 400
ENOUGH = 1e-5
"""Fitting ends when a step lowers the loss by less than this share of it."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A noisy table of counts.

    Args:
        columns: What it is a table of, ascending.
        counts: Noisy counts, one axis per column.
        sigma: Standard deviation of the noise of each cell; a number if it is the same for all.
    """

    columns: Clique
    counts: Table
    sigma: Table | float


@dataclass(frozen=True, slots=True)
class Fitted:
    """A distribution that was fitted: its tree, log-potentials and probabilities of the cliques."""

    tree: JunctionTree
    potentials: list[Table]
    probabilities: list[Table]


def edges_of(tables: Sequence[Clique]) -> set[tuple[int, int]]:
    """The pairs of columns that some table holds together."""
    return {pair for columns in tables for pair in itertools.combinations(columns, 2)}


def fitted(
    measured: Sequence[Measured],
    sizes: Sequence[int],
    n: float,
    *,
    start: Fitted | None = None,
    tick: Callable[[float], None] | None = None,
) -> Fitted:
    """The distribution of largest entropy that fits the measured tables best.

    Args:
        measured: Noisy tables; every column in at least one.
        sizes: Number of codes of each column.
        n: Rows that the counts are of.
        start: A distribution to begin from, fitted to some of the tables.
        tick: Called with the share done; may raise.
    """
    tree = JunctionTree(triangulated(edges_of([m.columns for m in measured]), sizes), sizes)
    loss = _Loss(tree, measured, n)
    potentials = _carried(start, tree)
    chances = tree.probabilities(potentials)
    value, slope = loss(chances)
    step = loss.first_step
    for i in range(STEPS):
        while True:
            tried = [p - step * g for p, g in zip(potentials, slope, strict=True)]
            after = tree.probabilities(tried)
            lower, next_slope = loss(after)
            expected = sum(float((g * (a - b)).sum()) for g, a, b in zip(slope, chances, after, strict=True))
            if value - lower >= 0.5 * expected or step < 1e-18:
                break
            step /= 2
        gain = value - lower
        if gain <= 0:
            break
        potentials, chances, value, slope = tried, after, lower, next_slope
        step *= 1.3
        if tick is not None:
            tick((i + 1) / STEPS)
        if gain < ENOUGH * max(value, 1.0):
            break
    return Fitted(tree, potentials, chances)


class _Loss:
    """Loss of cliques' probabilities and its gradient."""

    def __init__(self, tree: JunctionTree, measured: Sequence[Measured], n: float) -> None:
        self.tree, self.measured, self.n = tree, measured, n
        self.homes = [tree.home(m.columns) for m in measured]
        self.axes = [tree.others(home, m.columns) for home, m in zip(self.homes, measured, strict=True)]

    @property
    def first_step(self) -> float:
        """A step that suits the table with the least noise."""
        return 4.0 * float(min(np.min(m.sigma) for m in self.measured)) ** 2 / self.n**2

    def __call__(self, chances: Sequence[Table]) -> tuple[float, list[Table]]:
        total, slope = 0.0, self.tree.flat()
        for table, home, axes in zip(self.measured, self.homes, self.axes, strict=True):
            off = (self.n * chances[home].sum(axis=axes) - table.counts) / table.sigma
            total += 0.5 * float((off**2).sum())
            slope[home] += self.tree.spread(off * (self.n / table.sigma), table.columns, home)
        return total, slope


def _carried(start: Fitted | None, tree: JunctionTree) -> list[Table]:
    """The log-potentials of an earlier fit on a new tree; flat where a clique of it found no home."""
    potentials = tree.flat()
    if start is None:
        return potentials
    for clique, potential in zip(start.tree.cliques, start.potentials, strict=True):
        home = tree.home(clique)
        if home < 0:
            return tree.flat()
        potentials[home] += tree.spread(potential, clique, home)
    return potentials
