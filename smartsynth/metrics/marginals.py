"""How far apart two columns are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def ks_distance(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Kolmogorov-Smirnov distance: the largest gap between two cumulative distributions; NaN cells do not count.

    >>> ks_distance(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    1.0
    """
    a, b = np.sort(a[~np.isnan(a)]), np.sort(b[~np.isnan(b)])
    if len(a) == 0 or len(b) == 0:
        return float(len(a) != len(b))
    points = np.concatenate([a, b])
    gaps = np.searchsorted(a, points, side="right") / len(a) - np.searchsorted(b, points, side="right") / len(b)
    return float(np.abs(gaps).max())


def wasserstein_distance(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Wasserstein-1 distance in standard deviations of `b`: how far cells must be moved on average.

    W1 = ∫ |F_a(x) - F_b(x)| dx / sd(b)   (Ramdas, García Trillos & Cuturi 2017).
    """
    a, b = np.sort(a[~np.isnan(a)]), np.sort(b[~np.isnan(b)])
    if len(a) == 0 or len(b) == 0:
        return float("nan")
    points = np.sort(np.concatenate([a, b]))
    gaps = np.searchsorted(a, points[:-1], side="right") / len(a) - np.searchsorted(b, points[:-1], side="right") / len(
        b
    )
    spread = float(b.std())
    return float((np.abs(gaps) * np.diff(points)).sum() / spread) if spread > 0 else float((a != b[0]).mean())


def shares(codes: NDArray[np.int64], n_levels: int) -> NDArray[np.float64]:
    """Share of rows of each code."""
    return np.bincount(codes, minlength=n_levels) / max(len(codes), 1)


def total_variation(p: NDArray[np.float64], q: NDArray[np.float64]) -> float:
    """Total variation distance of two discrete distributions: ½ Σ |p - q|."""
    return float(np.abs(p - q).sum() / 2)


def jensen_shannon(p: NDArray[np.float64], q: NDArray[np.float64]) -> float:
    """Jensen-Shannon distance, base 2: √(½ KL(p‖m) + ½ KL(q‖m)) with m = (p + q) / 2 (Endres & Schindelin 2003).

    >>> jensen_shannon(np.array([1.0, 0.0]), np.array([0.0, 1.0]))
    1.0
    """
    m = (p + q) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [np.where(x > 0, x * np.log2(x / m), 0.0).sum() for x in (p, q)]
    return float(np.sqrt(max(sum(parts) / 2, 0.0)))


def quantile_bins(by: NDArray[np.float64], n_bins: int) -> NDArray[np.float64]:
    """Inner edges of at most `n_bins` bins of about equal mass; NaN does not count."""
    known = by[~np.isnan(by)]
    return np.unique(np.quantile(known, np.linspace(0, 1, n_bins + 1)[1:-1])) if len(known) else np.zeros(0)


def binned(values: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.int64]:
    """Bin numbers 0 … len(edges); missing cells get len(edges) + 1."""
    return np.where(np.isnan(values), len(edges) + 1, np.searchsorted(edges, values, side="right")).astype(np.int64)
