"""A numeric column as a short list of bins, without any value that fewer than `min_count` rows share.

The sorted column is cut into atoms. A value held by at least `min_count` rows is an atom of its own (a point), so
zeros, round numbers and counts come back exactly. The values in between are put in groups of at least `min_count`
neighbours (microaggregation, Domingo-Ferrer & Mateo-Sanz 2002); an atom then is the stretch around a group's mean.
Neighbouring atoms are joined into bins of about equal mass; heavy atoms stay alone.

    value ──▶ atom ──▶ bin (the code that models learn)          encode
    bin + uniform number ──▶ atom by mass ──▶ value              decode
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

MAX_GROUPS = 512
"""Most stretches per column; 512 put the Kolmogorov-Smirnov error of the grid itself under 0.1 %."""
FEWEST_GROUPS = 4
CROWD = 3
"""A stretch stands for so many times `min_count` rows where there are enough. One that is cut at every m rows is narrower
than their density says, by m / (m - 1) on average, so that values drawn in it would hit theirs too often."""


@dataclass(frozen=True, slots=True)
class NumericGrid:
    """Bins of a numeric column and what is inside them.

    Args:
        low, high: Ends of each atom, ascending by their middle; equal for a point.
        mass: Number of training rows of each atom.
        bin_of_atom: Bin of each atom, ascending.
        nullable: Whether a last bin stands for missing cells.
    """

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    mass: NDArray[np.float64]
    bin_of_atom: NDArray[np.int64]
    nullable: bool

    @classmethod
    def fit(cls, values: NDArray[np.float64], *, n_bins: int, min_count: int) -> Self:
        """The grid of a column; `values` may hold NaN for missing cells.

        Fewer than `min_count` known cells in all make a single point at their mean.
        """
        known = values[~np.isnan(values)]
        nullable = len(known) < len(values)
        distinct, counts = np.unique(known, return_counts=True)
        frequent = counts >= min_count
        rare = np.repeat(distinct[~frequent], counts[~frequent])
        low, high, mass = _stretches(rare, min_count)
        points, weights = distinct[frequent], counts[frequent].astype(float)
        if len(points) and len(rare) < min_count:
            low = high = mass = np.zeros(0)
        low, high, mass = np.r_[points, low], np.r_[points, high], np.r_[weights, mass]
        order = np.argsort(low + high, kind="stable")
        return cls(low[order], high[order], mass[order], _bins(mass[order], n_bins), nullable)

    @property
    def n_bins(self) -> int:
        """Number of codes, the one for missing cells included."""
        return (int(self.bin_of_atom[-1]) + 1 if len(self.bin_of_atom) else 0) + int(self.nullable)

    def encode(self, values: NDArray[np.float64]) -> NDArray[np.int64]:
        """The bin of each value; missing cells get the last one."""
        is_point = self.low == self.high
        points = self.low[is_point]
        middles = (self.low + self.high) / 2
        known = ~np.isnan(values)
        codes = np.full(len(values), self.n_bins - 1, dtype=np.int64)
        x = values[known]
        atom = np.searchsorted((middles[1:] + middles[:-1]) / 2, x, side="right")
        if not is_point.all():
            stretch = np.flatnonzero(~is_point)
            atom = stretch[np.searchsorted(self.high[stretch][:-1], x, side="left")]
        if len(points):
            at = np.minimum(np.searchsorted(points, x), len(points) - 1)
            atom = np.where(points[at] == x, np.flatnonzero(is_point)[at], atom)
        codes[known] = self.bin_of_atom[atom]
        return codes

    def decode(self, codes: NDArray[np.int64], uniform: NDArray[np.float64]) -> NDArray[np.float64]:
        """A value inside each bin; `uniform` in [0, 1) picks it, ascending within the bin."""
        values = np.full(len(codes), np.nan)
        known = codes < self.n_bins - int(self.nullable)
        code, u = codes[known], uniform[known]
        total = np.r_[0.0, np.cumsum(self.mass)]
        first = np.searchsorted(self.bin_of_atom, code, side="left")
        last = np.searchsorted(self.bin_of_atom, code, side="right")
        at = total[first] + u * (total[last] - total[first])
        atom = np.clip(np.searchsorted(total, at, side="right") - 1, first, last - 1)
        inside = np.clip((at - total[atom]) / self.mass[atom], 0.0, 1.0)
        values[known] = self.low[atom] + inside * (self.high[atom] - self.low[atom])
        return values

    def within(self, low: NDArray[np.float64], high: NDArray[np.float64]) -> tuple[Self, NDArray[np.float64]]:
        """The parts of the bins that lie in the intervals low … high, and the share of each bin that does.

        The grid that comes back has the same bins, but those without a part in any interval cannot be decoded.
        """
        pieces = []
        for a, b in zip(low, high, strict=True):
            left, right = np.maximum(self.low, a), np.minimum(self.high, b)
            some = left <= right
            width = np.where(self.high > self.low, self.high - self.low, 1.0)
            share = np.where(self.high > self.low, np.maximum((right - left) / width, 1e-9), 1.0)
            pieces.append([x[some] for x in (left, right, self.mass * share, self.bin_of_atom)])
        parts = [np.concatenate(part) for part in zip(*pieces, strict=True)]
        # By bin and then by place, as `decode` needs them.
        order = np.lexsort((parts[0] + parts[1], parts[3]))
        cut = type(self)(parts[0][order], parts[1][order], parts[2][order], parts[3][order], nullable=False)
        whole = np.bincount(self.bin_of_atom, self.mass, minlength=self.n_bins)
        inside = np.bincount(cut.bin_of_atom, cut.mass, minlength=self.n_bins)
        return cut, np.divide(inside, whole, out=np.zeros(self.n_bins), where=whole > 0)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The grid as arrays by name."""
        return {"low": self.low, "high": self.high, "mass": self.mass, "bin_of_atom": self.bin_of_atom}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], *, nullable: bool) -> Self:
        return cls(arrays["low"], arrays["high"], arrays["mass"], arrays["bin_of_atom"], nullable)


def _stretches(rare: NDArray[np.float64], min_count: int) -> tuple[NDArray[np.float64], ...]:
    """Stretches around the means of groups of neighbours: their low ends, high ends and row counts."""
    if len(rare) == 0:
        return np.zeros(0), np.zeros(0), np.zeros(0)
    fewest = max(1, min(len(rare) // min_count, FEWEST_GROUPS))
    n_groups = int(np.clip(len(rare) // (CROWD * min_count), fewest, MAX_GROUPS))
    edges = np.linspace(0, len(rare), n_groups + 1).round().astype(int)
    counts = np.diff(edges).astype(float)
    means = np.add.reduceat(rare, edges[:-1]) / counts
    if n_groups == 1:
        return means, means, counts
    between = (means[1:] + means[:-1]) / 2
    low = np.r_[2 * means[0] - between[0], between]
    high = np.r_[between, 2 * means[-1] - between[-1]]
    return low, high, counts


def _bins(mass: NDArray[np.float64], n_bins: int) -> NDArray[np.int64]:
    """Bins of about equal mass from neighbouring atoms; an atom of nearly a bin's mass stays alone."""
    if len(mass) <= n_bins:
        return np.arange(len(mass))
    # A heavy atom takes a bin, whatever its mass; what is left of the bins is shared by the mass that is left.
    heavy = np.zeros(len(mass), dtype=bool)
    while True:
        target = mass[~heavy].sum() / max(n_bins - heavy.sum(), 1)
        more = ~heavy & (mass >= 0.8 * target)
        if not more.any() or heavy.sum() + more.sum() >= n_bins - 1:
            break
        heavy |= more
    bins = np.zeros(len(mass), dtype=np.int64)
    current, held = 0, 0.0
    for i, weight in enumerate(mass):
        alone = bool(heavy[i])
        if held > 0 and (alone or held + weight / 2 > target):
            current, held = current + 1, 0.0
        bins[i] = current
        held += weight
        if alone:
            current, held = current + 1, 0.0
    return bins
