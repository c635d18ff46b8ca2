"""Rows in an order in which every beginning is as balanced as all of them together.

Rows drawn at random miss each share p by about √(p (1 - p) / n): as much again as what a model of n rows got wrong. Herding
(Welling 2009; Chen, Welling & Smola 2010) draws the next row so that the shares so far come back to their targets, and
misses them by about 1 / n. The shares are those of each column's codes and of coarse codes of pairs of columns; their
targets are the model's own, so nothing is learnt here and no row comes nearer to a real one.

    Σ_x w_x (count_x - (t + ½) p_x)   over the cells x that a candidate falls into: the least one is row t

Each row is the best of a few candidates picked at random, so the other traits of a row stay what the model says.
Importing this module imports numba; machine code is cached on disk.
"""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

from collections.abc import Sequence

import numba
import numpy as np
from numpy.typing import NDArray

from smartsynth.models.autoregression import CodeColumn, Codes
from smartsynth.models.count_trees import uniform
from smartsynth.threads import parallel

CANDIDATES = 32
LEVELS = 8
"""Coarse codes of a column in a pair."""
MOST_PAIRS = 240
PAIR_WEIGHT = 0.5
LEAST_SHARE = 1e-4
COUNT, SHARE, WEIGHT = range(3)


class Herd:
    """What is balanced.

    Args:
        columns: What the codes are.
        shares: For each column the share of rows that each code should have.
    """

    def __init__(self, columns: Sequence[CodeColumn], shares: Sequence[NDArray[np.float64]]) -> None:
        self._shares = shares
        self._coarse = [_coarse(column, share) for column, share in zip(columns, shares, strict=True)]
        self._pairs = _pairs(len(columns))
        sizes = [len(share) for share in shares] + [LEVELS * LEVELS] * len(self._pairs)
        self._first = np.r_[0, np.cumsum(sizes)].astype(np.int64)

    def orders(self, blocks: Sequence[Codes], n: int, seeds: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Blocks × `n` places: rows of each block (columns × rows of codes, all of one size), well balanced ones first."""
        cells = np.stack([self._cells(block) for block in blocks])
        state = np.stack([self._targets(block) for block in cells])
        out = np.empty((len(cells), n), np.int64)
        herd(cells, state, seeds, CANDIDATES, out)
        return out

    def _cells(self, codes: Codes) -> NDArray[np.int32]:
        """Rows × cells that they fall into."""
        rough = [coarse[row] for coarse, row in zip(self._coarse, codes, strict=True)]
        pairs = [rough[i] * LEVELS + rough[j] for i, j in self._pairs]
        return np.asarray(np.stack([*codes, *pairs], axis=1) + self._first[:-1], dtype=np.int32)

    def _targets(self, cells: NDArray[np.int32]) -> NDArray[np.float64]:
        """Cells × count, share that rows should have, weight. Pairs should have the shares of all the block's rows."""
        share = np.bincount(cells.ravel(), minlength=self._first[-1]) / len(cells)
        own = np.concatenate(self._shares)
        share[: len(own)] = own
        weight = 1.0 / np.sqrt(np.maximum(share, LEAST_SHARE))
        weight[len(own) :] *= PAIR_WEIGHT
        return np.stack([np.zeros(len(share)), share, weight], axis=1)


def _coarse(column: CodeColumn, share: NDArray[np.float64]) -> NDArray[np.int64]:
    """A coarse code for each code: neighbours together if they are ordered, otherwise rare ones together."""
    if len(share) <= LEVELS:
        return np.arange(len(share))
    if column.ordered:
        return np.minimum((np.cumsum(share) - share / 2) * LEVELS, LEVELS - 1).astype(np.int64)
    out = np.full(len(share), LEVELS - 1)
    out[np.argsort(-share, kind="stable")[: LEVELS - 1]] = np.arange(LEVELS - 1)
    return out


def _pairs(n: int) -> list[tuple[int, int]]:
    """All pairs of n columns, or each column with the same number of those that follow it, round the table."""
    found = {(min(i, j), max(i, j)) for step in range(1, n // 2 + 1) for i in range(n) if (j := (i + step) % n) != i}
    by_step = sorted(found, key=lambda pair: (min(pair[1] - pair[0], n - pair[1] + pair[0]), pair))
    return by_step[:MOST_PAIRS]


@parallel()
def herd(cells, state, seeds, n_candidates, out):
    """Fill blocks × rows of places with the order in which a block's rows are taken; see the module's formula.

    Args:
        cells: Blocks × rows × cells that a row falls into.
        state: Blocks × cells × (count, share, weight); counts change.
        seeds: One for each block, which depends on nothing else.
        n_candidates: Rows that are looked at for each that is taken.
        out: Blocks × rows to take.
    """
    for b in numba.prange(len(cells)):
        random = seeds[b]
        left = np.arange(cells.shape[1])
        n_left = len(left)
        for t in range(out.shape[1]):
            best, best_at = np.inf, 0
            for _ in range(min(n_candidates, n_left)):
                random, u = uniform(random)
                at = int(u * n_left)
                cost = 0.0
                for x in cells[b, left[at]]:
                    cost += state[b, x, WEIGHT] * (state[b, x, COUNT] - (t + 0.5) * state[b, x, SHARE])
                if cost < best:
                    best, best_at = cost, at
            out[b, t] = left[best_at]
            for x in cells[b, left[best_at]]:
                state[b, x, COUNT] += 1.0
            n_left -= 1
            left[best_at] = left[n_left]
