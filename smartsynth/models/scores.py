"""Additive scores: what several columns say together about another one, as one number that a tree can split on.

A tree needs many splits to follow a sum or a straight line. So each column's trees are also offered the directions in
which a linear model (ridge regression, Hoerl & Kennard 1970) predicts the column from the earlier ones. Numeric columns
enter as normal scores, their squares and cubes (Hermite polynomials) and indicators of heavy values; categories as
indicators. A score is a sum of one table cell per column, cut into bins.

In a small table a row pulls its own prediction towards itself, and trees grown on such scores would take that for
knowledge. There each row gets the scores of a regression on the other folds of the rows (stacking; Wolpert 1992). All
regressions come from one matrix of sums of squares and products per fold, made in one pass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.special import ndtri

from smartsynth.errors import ModelFormatError

if TYPE_CHECKING:
    from smartsynth.models.autoregression import CodeColumn, Codes

N_BINS = 64
MOST_COMPONENTS = 16
ROWS = 50_000
"""Rows that regressions use at most; with more, no row pulls its own prediction, and there is one fold."""
N_FOLDS = 5
MOST_LEVELS = 40
MOST_TERMS = 1_000
"""Terms of all columns together; a wide table gets fewer indicators per category."""
RIDGE = 5.0
HEAVY = 0.15
STEP_ROWS = 8_192


@dataclass(frozen=True, slots=True)
class Moments:
    """Mean and covariance of all terms over some rows."""

    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]
    n_rows: int


@dataclass(frozen=True, slots=True)
class Basis:
    """Terms of each column, and their moments.

    Args:
        terms: For each column a table codes × terms.
        first: Place of each column's first term among all terms; one more at the end.
        whole: Moments over all rows.
        fold: Fold of each row; empty if there are no folds.
        others: For each fold the moments over all rows but its own.
    """

    terms: Sequence[NDArray[np.float64]]
    first: NDArray[np.int64]
    whole: Moments
    fold: NDArray[np.int64]
    others: Sequence[Moments]

    @classmethod
    def fit(cls, codes: Codes, columns: Sequence[CodeColumn], rng: np.random.Generator) -> Self:
        n = codes.shape[1]
        levels = int(np.clip(MOST_TERMS // max(len(columns), 1), 2, MOST_LEVELS))
        terms = [
            _terms(np.bincount(codes[j], minlength=column.n_codes).astype(float), column, levels)
            for j, column in enumerate(columns)
        ]
        first = np.r_[0, np.cumsum([table.shape[1] for table in terms])].astype(np.int64)
        if n > ROWS:
            sums = _sums(terms, codes[:, np.sort(rng.permutation(n)[:ROWS])])
            return cls(terms, first, _moments(*sums), np.zeros(0, np.int64), [])
        fold = rng.permutation(n) % N_FOLDS
        parts = [_sums(terms, codes[:, fold == k]) for k in range(N_FOLDS)]
        whole = tuple(sum(some) for some in zip(*parts, strict=True))
        others = [_moments(*(a - b for a, b in zip(whole, part, strict=True))) for part in parts]
        return cls(terms, first, _moments(*whole), fold, others)

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


def _sums(terms: Sequence[NDArray[np.float64]], codes: Codes) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
    """Sums of all terms, sums of their products, and the number of rows."""
    width = sum(table.shape[1] for table in terms)
    sums, products = np.zeros(width), np.zeros((width, width))
    for at in range(0, codes.shape[1], STEP_ROWS):
        part = codes[:, at : at + STEP_ROWS]
        X = np.concatenate([table[part[j]] for j, table in enumerate(terms)], axis=1)
        sums += X.sum(axis=0)
        products += X.T @ X
    return sums, products, codes.shape[1]


def _moments(sums: NDArray[np.float64], products: NDArray[np.float64], n_rows: int) -> Moments:
    """Mean and covariance; of no rows, as of the other folds of a single one, nothing is known and all are 0."""
    n = max(n_rows, 1)
    mean = sums / n
    return Moments(mean, products / n - np.outer(mean, mean), n)


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
    ) -> tuple[Self, Codes]:
        """The `n` scores of the columns `before` that predict most of the target column, and their bins for each row."""
        x, y = basis.places(before), basis.places([target])
        scale = np.ones(len(y))
        if not columns[target].ordered:
            # Each category counts the same per row, however rare it is.
            scale = 1.0 / np.sqrt(np.maximum(basis.whole.covariance[y, y], 0.01))
        weights = _ridge(basis.whole, x, y) * scale
        _, directions = np.linalg.eigh(weights.T @ basis.whole.covariance[np.ix_(x, x)] @ weights)
        directions = directions[:, ::-1][:, :n]
        scores = cls._of(basis, before, weights @ directions, [])
        if basis.others:
            values = np.empty((directions.shape[1], codes.shape[1]), np.float32)
            for k, moments in enumerate(basis.others):
                mine = basis.fold == k
                unseen = cls._of(basis, before, _ridge(moments, x, y) * scale @ directions, [])
                values[:, mine] = unseen.values(codes[:, mine])
        else:
            values = scores.values(codes)
        some = values[:, :: max(codes.shape[1] // ROWS, 1)]
        edges = _edges(some)
        return cls(scores.columns, scores.tables, edges), _binned(values, edges)

    @classmethod
    def _of(
        cls,
        basis: Basis,
        columns: Sequence[int],
        weights: NDArray[np.float64],
        edges: Sequence[NDArray[np.float32]],
    ) -> Self:
        """Scores from the weights of all terms of the columns."""
        ends = np.cumsum([basis.terms[j].shape[1] for j in columns])[:-1]
        parts = zip(columns, np.split(weights, ends), strict=True)
        tables = [(basis.terms[j] @ part).astype(np.float32) for j, part in parts]
        return cls(np.asarray(columns, dtype=np.int32), tables, edges)

    @classmethod
    def components(cls, codes: Codes, columns: Sequence[CodeColumn]) -> Self | None:
        """Principal components of the normal scores of columns that are numeric or have two codes; None if fewer than two.

        Of many components only the widest, and the narrowest, which tell of relations that nearly always hold.
        """
        numeric = [j for j, column in enumerate(columns) if column.n_codes > 1 and not column.is_categorical]
        if len(numeric) < 2:
            return None
        tables = [
            _terms(np.bincount(codes[j], minlength=columns[j].n_codes).astype(float), in_order, 1)[:, :1]
            for j in numeric
            for in_order in [replace(columns[j], ordered=True)]
        ]
        some = codes[:, :: max(codes.shape[1] // ROWS, 1)]
        spread = _moments(*_sums(tables, some[numeric])).covariance
        # A little of the identity keeps columns apart that are copies of each other.
        _, directions = np.linalg.eigh(spread + 1e-3 * np.eye(len(numeric)))
        few = min(len(numeric), MOST_COMPONENTS)
        weights = np.c_[directions[:, : few // 2], directions[:, len(numeric) - (few - few // 2) :]]
        parts = [(table * row).astype(np.float32) for table, row in zip(tables, weights, strict=True)]
        return cls.cut(cls(np.asarray(numeric, dtype=np.int32), parts, []), some)

    @classmethod
    def cut(cls, scores: Scores, codes: Codes) -> Self:
        """The scores with bins of about equal mass among the rows of `codes`."""
        return cls(scores.columns, scores.tables, _edges(scores.values(codes)))

    def bins(self, codes: Codes) -> NDArray[np.uint16]:
        """Scores × rows of bins."""
        from smartsynth.models.count_trees import score_bins

        self._check(codes)
        out = np.empty((self.tables[0].shape[1], codes.shape[1]), np.uint16)
        first_edge = np.r_[0, np.cumsum([len(edges) for edges in self.edges])]
        score_bins(
            codes, self.columns, self.offsets, np.concatenate(self.tables), first_edge, np.concatenate(self.edges), out
        )
        return out

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The scores as arrays by name."""
        sizes = np.array([len(table) for table in self.tables])
        cuts = np.array([len(edges) for edges in self.edges])
        return {
            "columns": self.columns, "table": np.concatenate(self.tables), "sizes": sizes,
            "edges": np.concatenate(self.edges), "cuts": cuts,
        }  # fmt: skip

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        tables = np.split(arrays["table"], np.cumsum(arrays["sizes"])[:-1])
        edges = np.split(arrays["edges"], np.cumsum(arrays["cuts"])[:-1])
        if len(arrays["columns"]) != len(tables) or arrays["table"].ndim != 2 or len(edges) != arrays["table"].shape[1]:
            raise ModelFormatError("The model's scores do not fit each other. Save the model again.")
        return cls(arrays["columns"], tables, edges)

    def values(self, codes: Codes) -> NDArray[np.float32]:
        """Scores × rows."""
        from smartsynth.models.count_trees import add_scores

        self._check(codes)
        out = np.zeros((self.tables[0].shape[1], codes.shape[1]), np.float32)
        add_scores(codes, self.columns, self.offsets, np.concatenate(self.tables), out)
        return out

    def _check(self, codes: Codes) -> None:
        """ModelFormatError if a table ends before a code: compiled loops would read on."""
        for column, table in zip(self.columns.tolist(), self.tables, strict=True):
            if not 0 <= column < len(codes) or (codes.shape[1] and int(codes[column].max()) >= len(table)):
                raise ModelFormatError("The model's scores do not fit its columns. Save the model again.")

    @property
    def offsets(self) -> NDArray[np.int64]:
        """Row of each column's first code in the tables put below each other."""
        return np.asarray(np.r_[0, np.cumsum([len(table) for table in self.tables])[:-1]], dtype=np.int64)


def _ridge(moments: Moments, x: NDArray[np.int64], y: NDArray[np.int64]) -> NDArray[np.float64]:
    """Weights of the terms x that predict the terms y."""
    gram = moments.covariance[np.ix_(x, x)]
    ridge = RIDGE / moments.n_rows * (1.0 + np.maximum(gram.diagonal(), 0.05))
    return np.asarray(cho_solve(cho_factor(gram + np.diag(ridge)), moments.covariance[np.ix_(x, y)]))


def _edges(values: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """Bin edges of each row of values."""
    return [np.unique(np.quantile(row, np.linspace(0, 1, N_BINS + 1)[1:-1])).astype(np.float32) for row in values]


def _binned(values: NDArray[np.float32], edges: Sequence[NDArray[np.float32]]) -> NDArray[np.uint16]:
    rows = [np.searchsorted(cuts, row, side="right") for cuts, row in zip(edges, values, strict=True)]
    return np.stack(rows).astype(np.uint16)
