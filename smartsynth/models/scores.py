"""Additive scores: what several columns say together about another one, as one number that a tree can split on.

A tree needs many splits to follow a sum or a straight line. So each column's trees are also offered the directions in
which a linear model (ridge regression, Hoerl & Kennard 1970) predicts the column from the earlier ones. Numeric columns
enter as normal scores, their squares and cubes (Hermite polynomials) and indicators of heavy values; categories as
indicators. A score is a sum of one table cell per column, cut into bins.

All regressions come from one matrix of sums of squares and products, made in one pass over the rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.special import ndtri

if TYPE_CHECKING:
    from smartsynth.models.autoregression import CodeColumn, Codes

N_BINS = 64
ROWS = 50_000
MOST_LEVELS = 40
MOST_TERMS = 1_000
"""Terms of all columns together; a wide table gets fewer indicators per category."""
RIDGE = 5.0
HEAVY = 0.15
STEP_ROWS = 8_192


@dataclass(frozen=True, slots=True)
class Basis:
    """Terms of each column and their sums of products over the rows.

    Args:
        terms: For each column a table codes × terms.
        first: Place of each column's first term among all terms; one more at the end.
        products: Centred sums of products of all terms, divided by the number of rows.
        n_rows: Number of rows they come from.
    """

    terms: Sequence[NDArray[np.float64]]
    first: NDArray[np.int64]
    products: NDArray[np.float64]
    n_rows: int

    @classmethod
    def fit(cls, codes: Codes, columns: Sequence[CodeColumn], rng: np.random.Generator) -> Self:
        n = codes.shape[1]
        rows = np.sort(rng.permutation(n)[:ROWS]) if n > ROWS else np.arange(n)
        levels = int(np.clip(MOST_TERMS // max(len(columns), 1), 2, MOST_LEVELS))
        terms = [
            _terms(np.bincount(codes[j], minlength=column.n_codes).astype(float), column, levels)
            for j, column in enumerate(columns)
        ]
        first = np.r_[0, np.cumsum([table.shape[1] for table in terms])].astype(np.int64)
        sums, products = np.zeros(first[-1]), np.zeros((first[-1], first[-1]))
        for at in range(0, len(rows), STEP_ROWS):
            part = codes[:, rows[at : at + STEP_ROWS]]
            X = np.concatenate([table[part[j]] for j, table in enumerate(terms)], axis=1)
            sums += X.sum(axis=0)
            products += X.T @ X
        mean = sums / len(rows)
        return cls(terms, first, products / len(rows) - np.outer(mean, mean), len(rows))

    def places(self, columns: Sequence[int]) -> NDArray[np.int64]:
        """Places of the columns' terms."""
        return np.asarray(np.concatenate([np.arange(self.first[j], self.first[j + 1]) for j in columns]))


def _terms(counts: NDArray[np.float64], column: CodeColumn, levels: int) -> NDArray[np.float64]:
    codes = np.arange(column.n_codes)
    if not column.ordered:
        common = np.argsort(-counts, kind="stable")[:levels]
        return np.asarray(codes[:, None] == common[None, :], dtype=float)
    known = counts.copy()
    if column.missing_code is not None:
        known[column.missing_code] = 0
    share = (np.cumsum(known) - known / 2) / max(known.sum(), 1.0)
    z = ndtri(np.clip(share, 1e-4, 1 - 1e-4))
    if column.missing_code is not None:
        z[column.missing_code] = 0.0
    z = z / np.sqrt((z**2 * known).sum() / max(known.sum(), 1.0) + 1e-9)
    heavy = np.flatnonzero(known > HEAVY * known.sum())
    special = heavy if column.missing_code is None else np.r_[heavy, column.missing_code]
    return np.asarray(np.c_[z, z**2 - 1, (z**3 - 3 * z) / 3, codes[:, None] == special[None, :]], dtype=float)


@dataclass(frozen=True, slots=True)
class Scores:
    """Additive scores of some columns.

    Args:
        columns: The columns they are made of.
        tables: For each of these a table codes × scores.
        edges: Bin edges of each score.
    """

    columns: NDArray[np.int32]
    tables: Sequence[NDArray[np.float32]]
    edges: Sequence[NDArray[np.float32]]

    @classmethod
    def fit(
        cls, codes: Codes, columns: Sequence[CodeColumn], basis: Basis, before: Sequence[int], target: int, n: int
    ) -> Self:
        """The `n` scores of the columns `before` that predict most of the target column."""
        x, y = basis.places(before), basis.places([target])
        gram = basis.products[np.ix_(x, x)]
        ridge = RIDGE / basis.n_rows * (1.0 + np.maximum(gram.diagonal(), 0.05))
        weights = cho_solve(cho_factor(gram + np.diag(ridge)), basis.products[np.ix_(x, y)])
        if not columns[target].ordered:
            # Each category counts the same per row, however rare it is.
            share = basis.products[y, y]
            weights = weights / np.sqrt(np.maximum(share, 0.01))
        _, directions = np.linalg.eigh(weights.T @ gram @ weights)
        chosen = weights @ directions[:, ::-1][:, :n]
        tables, at = [], 0
        for j in before:
            width = basis.terms[j].shape[1]
            tables.append((basis.terms[j] @ chosen[at : at + width]).astype(np.float32))
            at += width
        scores = cls(np.asarray(before, dtype=np.int32), tables, [])
        values = scores.values(codes[:, :: max(codes.shape[1] // ROWS, 1)])
        edges = [np.unique(np.quantile(row, np.linspace(0, 1, N_BINS + 1)[1:-1])).astype(np.float32) for row in values]
        return cls(scores.columns, tables, edges)

    def values(self, codes: Codes) -> NDArray[np.float32]:
        """Scores × rows."""
        from smartsynth.models.count_trees import add_scores

        out = np.zeros((self.tables[0].shape[1], codes.shape[1]), np.float32)
        add_scores(codes, self.columns, self.offsets, np.concatenate(self.tables), out)
        return out

    def encode(self, codes: Codes) -> NDArray[np.uint16]:
        """Bins of the scores, scores × rows."""
        return np.stack([
            np.searchsorted(edges, row, side="right").astype(np.uint16)
            for edges, row in zip(self.edges, self.values(codes), strict=True)
        ])  # fmt: skip

    @property
    def offsets(self) -> NDArray[np.int64]:
        """Row of each column's first code in the tables put below each other."""
        return np.asarray(np.r_[0, np.cumsum([len(table) for table in self.tables])[:-1]], dtype=np.int64)
