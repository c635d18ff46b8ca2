"""95 % confidence intervals of shares, of their differences and of areas under ROC curves."""

from __future__ import annotations

import math

Z = 1.959964
"""Standard normal quantile of 97.5 %."""


def wilson(hits: int, n: int) -> tuple[float, float]:
    """Interval of a share (Wilson 1927): sound for few or no hits; NaN without tries.

    >>> [round(end, 3) for end in wilson(0, 10)]
    [0.0, 0.278]
    """
    if n == 0:
        return math.nan, math.nan
    p = hits / n
    middle = (p + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * math.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
    return max(middle - half, 0.0), min(middle + half, 1.0)


def clopper_pearson(hits: int, n: int) -> tuple[float, float]:
    """Exact interval of a share (Clopper & Pearson 1934); NaN without tries.

    >>> [round(end, 3) for end in clopper_pearson(1, 100)]
    [0.0, 0.054]
    """
    from scipy.stats import beta

    if n == 0:
        return math.nan, math.nan
    low = float(beta.ppf(0.025, hits, n - hits + 1)) if hits else 0.0
    return low, float(beta.ppf(0.975, hits + 1, n - hits)) if hits < n else 1.0


def difference(hits: int, n: int, other_hits: int, m: int) -> tuple[float, float]:
    """Interval of the difference of two shares (Newcombe 1998, method 10); NaN if one has no tries.

    >>> [round(end, 4) for end in difference(56, 70, 48, 80)]  # the paper's first example
    [0.0524, 0.3339]
    """
    if n == 0 or m == 0:
        return math.nan, math.nan
    p, q = hits / n, other_hits / m
    (low, high), (other_low, other_high) = wilson(hits, n), wilson(other_hits, m)
    below, above = math.hypot(p - low, other_high - q), math.hypot(high - p, q - other_low)
    return p - q - below, p - q + above


def auc_interval(value: float, n: int, m: int) -> tuple[float, float]:
    """Interval of an AUC from `n` true and `m` false rows (Hanley & McNeil 1982)."""
    q1, q2 = value / (2 - value), 2 * value**2 / (1 + value)
    variance = value * (1 - value) + (n - 1) * (q1 - value**2) + (m - 1) * (q2 - value**2)
    half = Z * math.sqrt(max(variance, 0.0) / (n * m))
    return max(value - half, 0.0), min(value + half, 1.0)
