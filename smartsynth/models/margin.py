"""The distribution of a number in the data, put in place of the one that a generator draws it with.

    x ──share of drawn numbers below it──▶ u ──quantile of the data──▶ x'

The order of numbers stays, so that what hangs on it does: correlations over time and between channels. The data's quantiles come
from a grid (grid.py): no value that fewer than `min_count` rows share is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from smartsynth.models.grid import NumericGrid

QUANTILES = 1_001


@dataclass(frozen=True, slots=True)
class Margin:
    """A monotone map of drawn numbers to those of the data.

    Args:
        drawn: Quantiles of drawn numbers at even shares from 0 to 1, ascending.
        grid: Of the data.
    """

    drawn: NDArray[np.float64]
    grid: NumericGrid

    @classmethod
    def fit(cls, drawn: NDArray[Any], real: NDArray[Any], *, min_count: int) -> Self:
        """The map of numbers as they are `drawn` to those that are `real`; both may have any shape."""
        shares = np.linspace(0, 1, QUANTILES)
        grid = NumericGrid.fit(np.asarray(real, np.float64).ravel(), n_bins=256, min_count=min_count)
        return cls(np.quantile(np.asarray(drawn, np.float64), shares), grid)

    def mapped(self, numbers: NDArray[Any]) -> NDArray[np.float32]:
        """Numbers of the data's distribution; those beyond all that were drawn keep their distance to the outermost."""
        flat = np.asarray(numbers, np.float64).ravel()
        share = np.interp(flat, self.drawn, np.linspace(0, 1, QUANTILES))
        beyond = flat - np.clip(flat, self.drawn[0], self.drawn[-1])
        return np.asarray((self._quantile(share) + beyond).reshape(np.shape(numbers)), np.float32)

    def _quantile(self, share: NDArray[np.float64]) -> NDArray[np.float64]:
        grid = self.grid
        total = np.cumsum(grid.mass)
        at = np.minimum(share * total[-1], np.nextafter(total[-1], 0))
        atom = np.minimum(np.searchsorted(total, at, side="right"), len(total) - 1)
        inside = np.clip((at - (total[atom] - grid.mass[atom])) / grid.mass[atom], 0.0, 1.0)
        return np.asarray(grid.low[atom] + inside * (grid.high[atom] - grid.low[atom]))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The map as arrays by name."""
        return {"drawn": self.drawn, **self.grid.arrays()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        return cls(arrays["drawn"], NumericGrid.from_arrays(arrays, nullable=False))
