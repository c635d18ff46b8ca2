"""How columns hang together: correlations, associations, pair and triple margins."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from smartsynth.metrics.marginals import binned, quantile_bins, total_variation
from smartsynth.metrics.rows import Layout, Rows, filled

TRIPLES = 60
PAIR_BINS = 10
TRIPLE_BINS = 5
HUGE = 1e100
"""Sums of squares of smaller numbers are floats."""


def correlations(numbers: NDArray[np.float64], *, ranks: bool = False) -> NDArray[np.float64]:
    """Pearson correlations of the columns, or Spearman's if `ranks`; 0 where a column does not vary."""
    values = filled(numbers, numbers)
    if ranks:
        values = rankdata(values, axis=0)
    values = _squarable(values)
    centred = values - values.mean(0)
    size = np.sqrt((centred**2).sum(0))
    with np.errstate(divide="ignore", invalid="ignore"):
        found = centred.T @ centred / np.outer(size, size)
    return np.asarray(np.nan_to_num(np.clip(found, -1.0, 1.0)), dtype=np.float64)


def _squarable(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The values, those of a column divided by its largest if their squares are more than a float can hold."""
    most = np.abs(values).max(0, initial=0.0)
    return np.asarray(values / np.where(most > HUGE, most, 1.0), dtype=np.float64)


def cramers_v(a: NDArray[np.int64], b: NDArray[np.int64]) -> float:
    """Cramér's V with Bergsma's bias correction (2013): 0 for independent categories, 1 for a function."""
    n, ka, kb = len(a), int(a.max()) + 1, int(b.max()) + 1
    table = np.bincount(a * kb + b, minlength=ka * kb).reshape(ka, kb).astype(float)
    table = table[table.sum(1) > 0][:, table.sum(0) > 0]
    r, c = table.shape
    if min(r, c) < 2 or n < 3:
        return 0.0
    expected = np.outer(table.sum(1), table.sum(0)) / n
    phi = ((table - expected) ** 2 / expected).sum() / n
    phi = max(0.0, phi - (r - 1) * (c - 1) / (n - 1))
    r_fixed, c_fixed = r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)
    return float(min(np.sqrt(phi / max(min(r_fixed, c_fixed) - 1, 1e-9)), 1.0))


def correlation_ratio(codes: NDArray[np.int64], values: NDArray[np.float64]) -> float:
    """Fisher's correlation ratio η: the share of a number's spread that a category explains, as a root."""
    known = ~np.isnan(values)
    codes, values = codes[known], values[known]
    values = _squarable(values)
    if len(values) < 2 or values.std() == 0:
        return 0.0
    counts = np.bincount(codes).astype(float)
    means = np.bincount(codes, weights=values) / np.maximum(counts, 1)
    between = (counts * (means - values.mean()) ** 2).sum()
    return float(np.sqrt(min(between / ((values - values.mean()) ** 2).sum(), 1.0)))


def associations(rows: Rows, layout: Layout) -> NDArray[np.float64]:
    """Association matrix, numeric columns first: Pearson (-1 … 1), correlation ratio and Cramér's V (0 … 1)."""
    p, q = len(layout.numeric), len(layout.categorical)
    out = np.eye(p + q)
    if p:
        out[:p, :p] = correlations(rows.numbers)
        np.fill_diagonal(out, 1.0)
    for j in range(q):
        for i in range(p):
            out[i, p + j] = out[p + j, i] = correlation_ratio(rows.codes[:, j], rows.numbers[:, i])
        for k in range(j):
            out[p + k, p + j] = out[p + j, p + k] = cramers_v(rows.codes[:, k], rows.codes[:, j])
    return out


def off_diagonal(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Mean absolute difference of two matrices off their diagonals; NaN when there is only one column."""
    n = len(a)
    if n < 2:
        return float("nan")
    return float(np.abs(a - b)[~np.eye(n, dtype=bool)].mean())


def pair_trend(a: Rows, b: Rows, by: Rows, layout: Layout) -> float:
    """Mean distance of all pairs of columns: half the difference in Pearson correlation for two numbers, else the total
    variation of the joint table with numbers in ten equal-width bins of `by`'s central range.

    SDMetrics' "column pair trends" error with bins shared by both tables; bins found in each table apart would measure
    the extremes instead of the trend.
    """
    p = len(layout.numeric)
    gaps = list((np.abs(correlations(a.numbers) - correlations(b.numbers)) / 2)[np.triu_indices(p, 1)]) if p > 1 else []
    codes_a, codes_b = _equal_width(a, by), _equal_width(b, by)
    for i, j in itertools.combinations(range(p + len(layout.categorical)), 2):
        if j >= p:
            gaps.append(_joint_distance([codes_a[:, i], codes_a[:, j]], [codes_b[:, i], codes_b[:, j]]))
    return float(np.mean(gaps)) if gaps else float("nan")


def three_way(a: Rows, b: Rows, by: Rows, rng: np.random.Generator) -> float:
    """Mean total variation over triples of columns (at most 60, drawn at random), numbers in quintiles of `by`."""
    codes_a, codes_b = _quantiles(a, by), _quantiles(b, by)
    triples = list(itertools.combinations(range(codes_a.shape[1]), 3))
    if not triples:
        return float("nan")
    chosen = rng.choice(len(triples), min(TRIPLES, len(triples)), replace=False)
    gaps = [_joint_distance([codes_a[:, k] for k in triples[i]], [codes_b[:, k] for k in triples[i]]) for i in chosen]
    return float(np.mean(gaps))


def _joint_distance(a: list[NDArray[np.int64]], b: list[NDArray[np.int64]]) -> float:
    n = len(a[0])
    joint = np.zeros(n + len(b[0]), dtype=np.int64)
    for one, two in zip(a, b, strict=True):
        both = np.concatenate([one, two])
        joint = joint * (int(both.max()) + 1) + both
        joint = np.unique(joint, return_inverse=True)[1].astype(np.int64)
    size = int(joint.max()) + 1
    return total_variation(
        np.bincount(joint[:n], minlength=size) / n, np.bincount(joint[n:], minlength=size) / len(b[0])
    )


def _equal_width(rows: Rows, by: Rows) -> NDArray[np.int64]:
    columns = []
    for j in range(rows.numbers.shape[1]):
        known = by.numbers[:, j][~np.isnan(by.numbers[:, j])]
        low, high = np.quantile(known, [0.001, 0.999]) if len(known) else (0.0, 1.0)
        columns.append(binned(rows.numbers[:, j], np.linspace(low, high, PAIR_BINS + 1)[1:-1]))
    return _beside(columns, rows)


def _quantiles(rows: Rows, by: Rows) -> NDArray[np.int64]:
    n = rows.numbers.shape[1]
    return _beside([binned(rows.numbers[:, j], quantile_bins(by.numbers[:, j], TRIPLE_BINS)) for j in range(n)], rows)


def _beside(columns: list[NDArray[np.int64]], rows: Rows) -> NDArray[np.int64]:
    numbers = np.stack(columns, axis=1) if columns else np.zeros((len(rows), 0), dtype=np.int64)
    return np.concatenate([numbers, rows.codes], axis=1)


def named_pairs(a: Rows, b: Rows, by: Rows, layout: Layout, pairs: Sequence[tuple[str, str]]) -> float:
    """As `pair_trend`, of these pairs of columns alone; NaN if there are none."""
    names = [*layout.numeric, *layout.categorical]
    place = {name: i for i, name in enumerate(names)}
    p = len(layout.numeric)
    ones, others = correlations(a.numbers) if p > 1 else None, correlations(b.numbers) if p > 1 else None
    codes_a, codes_b = _equal_width(a, by), _equal_width(b, by)
    gaps = []
    for one, other in pairs:
        i, j = place[one], place[other]
        if max(i, j) < p and ones is not None and others is not None:
            gaps.append(abs(float(ones[i, j] - others[i, j])) / 2)
        else:
            gaps.append(_joint_distance([codes_a[:, i], codes_a[:, j]], [codes_b[:, i], codes_b[:, j]]))
    return float(np.mean(gaps)) if gaps else float("nan")
