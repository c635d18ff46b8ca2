"""The fast baseline: a Gaussian copula.

    table ──encoding──▶ numbers and category codes ──grid──▶ codes, each an interval of [0, 1] seen through Φ⁻¹
    fit     score of a code = mean of a standard normal over its interval
            covariances of the scores ──▶ correlations of the normals behind them ──▶ shrunk, positive definite
    sample  correlated normals ──Φ──▶ uniforms ──intervals──▶ codes and places ──grid, encoding──▶ table

Each column keeps its own distribution, each pair of columns one number for its dependence. A numeric column with
missing cells has a second normal that decides which cells are missing. Stored are the shares of the codes and the
correlations; see grid.py and encoding.py for what a code may stand for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.errors import ConfigError
from smartsynth.models.base import Generator, State
from smartsynth.models.encoding import TableEncoder
from smartsynth.models.grid import NumericGrid
from smartsynth.progress import Progress, part
from smartsynth.schema import Schema

N_BINS = 256
"""Bins of a numeric column: its rank is known to 0.4 %, and exactly for values that many rows share."""
DEGREE = 15
"""Terms of the Hermite series."""


class CopulaGenerator(Generator):
    """Gaussian copula: every column's own distribution, one correlation for every pair.

    Args:
        min_count: A value held by fewer rows is never stored and never comes back on purpose.
    """

    name: ClassVar[str] = "copula"
    summary: ClassVar[str] = "Gaussian copula: the fastest, keeps every column and the correlation of every pair."
    cost: ClassVar[float] = 0.05
    cost_per_sample: ClassVar[float] = 0.03
    quality: ClassVar[float] = 0.04
    min_rows: ClassVar[int] = 20

    def __init__(self, *, min_count: int = 5) -> None:
        self.min_count = min_count

    def _fit(self, data: pd.DataFrame, schema: Schema, rng: np.random.Generator, progress: Progress) -> None:
        if not isinstance(self.min_count, int) or isinstance(self.min_count, bool) or self.min_count < 1:
            raise ConfigError(f"min_count={self.min_count!r} must be a whole number of at least 1.")
        self._encoder = TableEncoder.fit(data, schema, min_count=self.min_count, rng=rng)
        columns = self._encoder.encode(data)
        progress(0.5, "Encoded")
        report = part(progress, 0.5, 0.9)
        self._margins: list[_Margin] = []
        scores: list[NDArray[np.float64]] = []
        for i, (codec, values) in enumerate(zip(self._encoder.codecs, columns, strict=True)):
            if codec.is_categorical:
                margin = _Margin.fit(values, codec.n_levels, None)
                scores.append(margin.scores(values))
            else:
                grid = NumericGrid.fit(values, n_bins=N_BINS, min_count=self.min_count)
                codes, missing = grid.encode(values), np.isnan(values)
                known = codes if missing.all() else codes[~missing]
                margin = _Margin.fit(known, grid.n_bins, grid, missing=float(missing.mean()))
                scores.append(np.where(missing, np.nan, margin.scores(codes)))
                if margin.flag is not None:
                    scores.append(margin.flag.scores(missing.astype(np.int64)))
            self._margins.append(margin)
            report((i + 1) / len(columns), f"Column {i + 1} of {len(columns)}")
        self._correlation = _correlation(scores, self._latents())

    def _latents(self) -> list[_Margin]:
        """The margins of all normals: one per column, and one more for its missing cells."""
        return [margin for column in self._margins for margin in (column, column.flag) if margin is not None]

    def _sample_block(
        self, n: int, start: int, rng: np.random.Generator, conditions: Mapping[str, Any], progress: Progress
    ) -> pd.DataFrame:
        from scipy.special import ndtr

        width = len(self._correlation)
        uniforms = iter(ndtr(rng.standard_normal((n, width)) @ np.linalg.cholesky(self._correlation).T).T)
        progress(0.3, "Drawn")
        values = []
        for margin in self._margins:
            made = margin.values(next(uniforms))
            if margin.flag is not None:
                made = np.where(margin.flag.values(next(uniforms)) == 1, np.nan, made)
            values.append(made)
        return self._encoder.decode(values, rng, start=start, n=n)

    def _state(self) -> State:
        arrays: dict[str, NDArray[Any]] = {"correlation": self._correlation}
        for i, margin in enumerate(self._margins):
            arrays |= {f"margin{i}.edges": margin.edges, f"margin{i}.order": margin.order}
            if margin.grid is not None:
                arrays |= {f"grid{i}.{name}": array for name, array in margin.grid.arrays().items()}
        missing = [None if margin.grid is None else margin.missing for margin in self._margins]
        return State({"encoder": self._encoder.to_json(), "missing": missing}, arrays)

    def _restore(self, state: State) -> None:
        self._encoder = TableEncoder.from_json(state.values["encoder"])
        self._correlation = state.arrays["correlation"]
        self._margins = []
        for i, missing in enumerate(state.values["missing"]):
            edges, order = state.arrays[f"margin{i}.edges"], state.arrays[f"margin{i}.order"]
            grid = None
            if missing is not None:
                grid = NumericGrid.from_arrays({k: state.arrays[f"grid{i}.{k}"] for k in _GRID}, nullable=missing > 0)
            self._margins.append(_Margin(edges, order, grid, missing or 0.0))


_GRID = ("low", "high", "mass", "bin_of_atom")


@dataclass(frozen=True, slots=True)
class _Margin:
    """One column's codes as neighbouring intervals of [0, 1].

    Args:
        edges: Ends of the intervals, from 0 to 1.
        order: The code of each interval: numbers ascending, categories from the most frequent to the rarest.
        grid: What the codes of a numeric column stand for.
        missing: Share of missing cells of a numeric column; those of a categorical one have a code.
    """

    edges: NDArray[np.float64]
    order: NDArray[np.int64]
    grid: NumericGrid | None
    missing: float = 0.0

    @classmethod
    def fit(cls, codes: NDArray[Any], n_codes: int, grid: NumericGrid | None, *, missing: float = 0.0) -> Self:
        counts = np.bincount(codes, minlength=n_codes)
        order = np.arange(n_codes) if grid is not None else np.argsort(-counts, kind="stable")
        edges = np.r_[0.0, np.cumsum(counts[order]) / counts.sum()]
        edges[-1] = 1.0
        return cls(edges, order, grid, missing)

    @property
    def flag(self) -> _Margin | None:
        """The margin of "this cell is missing" (code 1)."""
        if not self.missing:
            return None
        return _Margin(np.array([0.0, 1.0 - self.missing, 1.0]), np.array([0, 1]), None)

    def scores(self, codes: NDArray[Any]) -> NDArray[np.float64]:
        """The mean of a standard normal over each code's interval."""
        by_code = np.empty(len(self.order))
        by_code[self.order] = self._means()
        return np.asarray(by_code[codes])

    def _means(self) -> NDArray[np.float64]:
        """E[z | interval] = (φ(a) - φ(b)) / (Φ(b) - Φ(a)) for each interval."""
        mass = np.diff(self.edges)
        return np.asarray(-np.diff(_density(self.edges)) / np.where(mass > 0, mass, 1.0))

    def hermite(self, degree: int) -> NDArray[np.float64]:
        """Coefficients of the score, as a function of the normal, in normalised Hermite polynomials 1 … degree.

        ∫ₐᵇ h_k φ = (h_{k-1}(a) φ(a) - h_{k-1}(b) φ(b)) / √k, with h_k = He_k / √k!.
        """
        from scipy.special import ndtri

        ends = np.clip(ndtri(self.edges), -40.0, 40.0)
        density, before, current = _density(self.edges), np.zeros(len(ends)), np.ones(len(ends))
        found = np.empty(degree)
        for k in range(1, degree + 1):
            found[k - 1] = -self._means() @ np.diff(current * density) / np.sqrt(k)
            before, current = current, (ends * current - np.sqrt(k - 1) * before) / np.sqrt(k)
        return found

    def values(self, uniform: NDArray[np.float64]) -> NDArray[Any]:
        """Codes of a categorical column, numbers of a numeric one."""
        place = np.clip(np.searchsorted(self.edges, uniform, side="right") - 1, 0, len(self.order) - 1)
        codes = self.order[place]
        if self.grid is None:
            return codes
        width = self.edges[place + 1] - self.edges[place]
        inside = (uniform - self.edges[place]) / np.where(width > 0, width, 1.0)
        return self.grid.decode(codes, np.clip(inside, 0.0, 1.0 - 1e-12))


def _density(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """φ(Φ⁻¹(p)): 0 at both ends."""
    from scipy.special import ndtri

    return np.asarray(np.exp(-(ndtri(p) ** 2) / 2) / np.sqrt(2 * np.pi))


def _correlation(scores: list[NDArray[np.float64]], margins: list[_Margin]) -> NDArray[np.float64]:
    """Correlations of the normals behind the scores, as a positive definite matrix.

    For a pair with correlation ρ, cov(sᵢ, sⱼ) = Σₖ ρᵏ aᵢₖ aⱼₖ with the Hermite coefficients a (Mehler 1866): it rises
    with ρ, so bisection finds the ρ of the covariance seen in the rows that have both cells. Each ρ is then shrunk by
    its own sampling variance, ρ (1 - Var/ρ²)₊ (James & Stein 1961), so that rare codes do not add noise.
    """
    if not scores:
        return np.eye(0)
    table = np.column_stack(scores)
    known = ~np.isnan(table)
    table[~known] = 0.0
    both = known.T.astype(np.float32) @ known.astype(np.float32) if not known.all() else np.float64(len(table))
    seen = np.maximum(both, 1.0)
    covariance = table.T @ table / seen
    a = np.array([margin.hermite(DEGREE) for margin in margins])
    low, high = np.full(covariance.shape, -0.999), np.full(covariance.shape, 0.999)
    for _ in range(30):
        middle = (low + high) / 2
        below = _series(middle, a) < covariance
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    rho = (low + high) / 2
    variance = 1.0 / (seen * np.maximum(np.outer(a[:, 0], a[:, 0]) ** 2, 1e-12))
    variance = variance * (1 - rho**2)
    return _positive(rho * np.maximum(1 - variance / np.maximum(rho**2, 1e-12), 0.0))


def _series(rho: NDArray[np.float64], a: NDArray[np.float64]) -> NDArray[np.float64]:
    """Σₖ ρᵏ aᵢₖ aⱼₖ for all pairs, by Horner's rule."""
    total = np.zeros_like(rho)
    for k in range(a.shape[1] - 1, -1, -1):
        total = rho * (np.outer(a[:, k], a[:, k]) + total)
    return total


def _positive(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """The matrix with unit diagonal and no eigenvalue under 1e-6 (before the diagonal is set back to 1)."""
    np.fill_diagonal(matrix, 1.0)
    values, vectors = np.linalg.eigh(matrix)
    fixed = (vectors * np.maximum(values, 1e-6)) @ vectors.T
    scale = np.sqrt(np.diag(fixed))
    return np.asarray(fixed / np.outer(scale, scale))
