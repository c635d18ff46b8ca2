"""A distribution over many discrete columns as a tree of small tables: exact marginals, exact sampling.

Columns that are measured together are neighbours in a graph. Elimination makes the graph chordal; its maximal cliques,
joined by the columns that they share, form a tree in which two passes of messages give the marginals of all cliques
(Lauritzen & Spiegelhalter 1988).

    triangulated   cliques of the chordal graph, the cheapest column eliminated first
    JunctionTree   log-potentials of the cliques ──messages──▶ probabilities of the cliques
    sample_codes   probabilities of the cliques ──clique after clique──▶ rows
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

Clique = tuple[int, ...]
Table = NDArray[np.float64]


def triangulated(edges: Iterable[tuple[int, int]], sizes: Sequence[int]) -> list[Clique]:
    """Maximal cliques of a chordal graph with these edges; every column is in one.

    >>> triangulated([(0, 1), (1, 2), (2, 3), (0, 3)], [2, 2, 2, 2])
    [(0, 1, 3), (1, 2, 3)]
    """
    near: dict[int, set[int]] = {i: set() for i in range(len(sizes))}
    for a, b in edges:
        near[a].add(b)
        near[b].add(a)
    found: list[frozenset[int]] = []
    while near:
        column = min(near, key=lambda c: (_cells([c, *near[c]], sizes), c))
        around = near.pop(column)
        clique = frozenset(around | {column})
        if not any(clique <= other for other in found):
            found.append(clique)
        for a, b in itertools.combinations(around, 2):
            near[a].add(b)
            near[b].add(a)
        for other in around:
            near[other].discard(column)
    return [tuple(sorted(clique)) for clique in found]


def cells(edges: Iterable[tuple[int, int]], sizes: Sequence[int]) -> int:
    """Cells of all clique tables that these edges need.

    >>> cells([(0, 1)], [2, 3, 4])
    10
    """
    return sum(_cells(clique, sizes) for clique in triangulated(edges, sizes))


def _cells(columns: Iterable[int], sizes: Sequence[int]) -> int:
    return math.prod(sizes[c] for c in columns)


class JunctionTree:
    """Cliques and how they hang together.

    Args:
        cliques: Maximal cliques of a chordal graph, each ascending.
        sizes: Number of codes of each column.
    """

    def __init__(self, cliques: Sequence[Clique], sizes: Sequence[int]) -> None:
        self.cliques = [tuple(clique) for clique in cliques]
        self.sizes = tuple(sizes)
        self.shapes = [tuple(self.sizes[c] for c in clique) for clique in self.cliques]
        self.order = self._spanning()

    def _spanning(self) -> list[tuple[int, int, Clique]]:
        """Cliques from the root outwards, each with its parent (-1: none) and the columns that they share."""
        shared = np.array([[len(set(a) & set(b)) for b in self.cliques] for a in self.cliques])
        order: list[tuple[int, int, Clique]] = [(0, -1, ())]
        best, parent = shared[0].astype(float), np.zeros(len(self.cliques), int)
        best[0] = -1
        while len(order) < len(self.cliques):
            new = int(best.argmax())
            both = set(self.cliques[new]) & set(self.cliques[parent[new]])
            order.append((new, int(parent[new]), tuple(sorted(both))))
            closer = (shared[new] > best) & (best >= 0)
            best[closer], parent[closer] = shared[new][closer], new
            best[new] = -1
        return order

    def flat(self) -> list[Table]:
        """Log-potentials of the uniform distribution."""
        return [np.zeros(shape) for shape in self.shapes]

    def home(self, columns: Sequence[int]) -> int:
        """The smallest clique with these columns; -1 if there is none."""
        within = [i for i, clique in enumerate(self.cliques) if set(columns) <= set(clique)]
        return min(within, key=lambda i: math.prod(self.shapes[i]), default=-1)

    def others(self, clique: int, columns: Sequence[int]) -> tuple[int, ...]:
        """The axes of a clique's table that are none of these columns."""
        return tuple(axis for axis, c in enumerate(self.cliques[clique]) if c not in columns)

    def spread(self, table: Table, columns: Sequence[int], clique: int) -> Table:
        """A table over some columns in the shape that adds to a clique's table."""
        return table.reshape([self.sizes[c] if c in columns else 1 for c in self.cliques[clique]])

    def probabilities(self, potentials: Sequence[Table]) -> list[Table]:
        """The cliques' probabilities under the distribution exp(Σ potentials) / Z."""
        belief = [potential.copy() for potential in potentials]
        sent: dict[int, Table] = {}
        for clique, parent, shared in reversed(self.order):
            if parent >= 0:
                sent[clique] = _log_sum(belief[clique], self.others(clique, shared))
                belief[parent] += self.spread(sent[clique], shared, parent)
        root = self.order[0][0]
        belief[root] -= _log_sum(belief[root], tuple(range(belief[root].ndim)))
        for clique, parent, shared in self.order[1:]:
            back = _log_sum(belief[parent], self.others(parent, shared)) - sent[clique]
            belief[clique] += self.spread(back, shared, clique)
        return [np.exp(table) for table in belief]


def _log_sum(table: Table, axes: tuple[int, ...]) -> Table:
    """Log Σ exp over some axes; the axes go."""
    if not axes:
        return table.copy()
    top = table.max(axis=axes, keepdims=True)
    total: Table = np.log(np.exp(table - top).sum(axis=axes)) + top.squeeze(axis=axes)
    return total


def sample_codes(
    tree: JunctionTree, probabilities: Sequence[Table], n: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Columns × n rows of codes, clique after clique.

    Rows that agree in what a clique shares with its parent get its other columns by systematic draws (one uniform
    number, equal steps), so that their shares are as near to the probabilities as whole rows can be.
    """
    codes = np.zeros((len(tree.sizes), n), np.int64)
    for clique, _, shared in tree.order:
        columns = tree.cliques[clique]
        new = [c for c in columns if c not in shared]
        if not new:
            continue
        table = np.transpose(probabilities[clique], [columns.index(c) for c in (*shared, *new)])
        table = table.reshape(math.prod(tree.sizes[c] for c in shared), -1)
        key = np.zeros(n, np.int64)
        for c in shared:
            key = key * tree.sizes[c] + codes[c]
        drawn = np.unravel_index(_systematic(table, key, rng), [tree.sizes[c] for c in new])
        for c, values in zip(new, drawn, strict=True):
            codes[c] = values
    return codes


def _systematic(table: Table, key: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """A column of `table` for each row, drawn from the table's row `key`."""
    order = rng.permutation(len(key))
    order = order[np.argsort(key[order], kind="stable")]
    keys = key[order]
    first = np.r_[True, keys[1:] != keys[:-1]] if len(keys) else np.zeros(0, bool)
    start = np.flatnonzero(first)
    length = np.diff(np.r_[start, len(keys)])
    group = np.cumsum(first) - 1
    step = (np.arange(len(keys)) - start[group] + rng.random(len(start))[group]) / length[group]
    weights = np.maximum(table[keys[start]], 0.0)
    total = weights.sum(axis=1, keepdims=True)
    weights = np.where(total > 0, weights / np.where(total > 0, total, 1.0), 1.0 / table.shape[1])
    ladder = (np.cumsum(weights, axis=1) + np.arange(len(start))[:, None]).ravel()
    place = np.searchsorted(ladder, step + group, side="right") - group * table.shape[1]
    drawn = np.empty(len(key), np.int64)
    drawn[order] = np.clip(place, 0, table.shape[1] - 1)
    return drawn
