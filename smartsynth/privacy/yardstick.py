"""How near real rows naturally are to each other: the limits under which a synthetic row counts as too near.

    is_copy     the row equals a real row that fewer than k people share
    too_close   the row singles out one real row:
                  fewer than k real rows lie nearer than the threshold, but at least one does, or
                  the nearest is so much nearer than the k-th that the row points at it
    measured    both limits, set so that together they apply to TOO_CLOSE of real rows judged by the other real rows

The threshold finds near copies where real rows are dense, the ratio where they are sparse, around the most exposed
people.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

TOO_CLOSE = 0.005
"""Share of real rows that count as too close to the other real rows."""


@dataclass(frozen=True, slots=True)
class Yardstick:
    """How near real rows are to each other.

    Args:
        threshold: Distance under which a row is too close to a real one.
        ratio: Share of the distance to the k-th nearest real row under which the nearest one is singled out.
        coincidence: Share of real rows that equal a rare other real row by chance.
        rows: Number of real rows it was measured on.
    """

    threshold: float
    ratio: float
    coincidence: float
    rows: int


def is_copy(in_train: NDArray[np.int64], in_all: NDArray[np.int64], k: int) -> NDArray[np.bool_]:
    """Rows that equal a rare real row, from the numbers of training rows and of all real rows they are equal to."""
    return ((in_train > 0) & (in_train < k)) | ((in_all > 0) & (in_all < k))


def too_close(distances: NDArray[np.float32], yardstick: Yardstick) -> NDArray[np.bool_]:
    """Rows that single out a real row; `distances` are those to the k nearest real rows, nearest first."""
    nearest, kth = distances[:, 0], np.minimum(distances[:, -1], 1)  # 1 is the farthest, infinity is nobody
    few_within = (nearest < yardstick.threshold) & (kth >= yardstick.threshold)
    return few_within | (nearest < yardstick.ratio * kth)


def measured(distances: NDArray[np.float32], copies: NDArray[np.bool_], others: NDArray[np.int64]) -> Yardstick:
    """The limits that real rows set each other.

    Args:
        distances: From each real row to its k nearest other real rows, nearest first.
        copies: Whether it would count as a copy of other real rows.
        others: Number of other real rows equal to it; the limits come from the rows that are like no other.
    """
    coincidence = float(copies.mean()) if len(copies) else 0.0
    unlike = distances[(others == 0) & (distances[:, -1] > 0) & np.isfinite(distances[:, -1])].astype(np.float64)
    if len(unlike) == 0:
        return Yardstick(0.0, 0.0, coincidence, len(distances))
    nearest = unlike[:, 0]
    ratios = nearest / unlike[:, -1]
    rank = np.minimum(np.searchsorted(np.sort(nearest), nearest), np.searchsorted(np.sort(ratios), ratios))
    at = int(np.sort(rank)[int(TOO_CLOSE * len(rank))])  # so many rows lie below one limit or the other
    return Yardstick(_rounded(np.sort(nearest)[at]), _rounded(np.sort(ratios)[at]), coincidence, len(distances))


def _rounded(limit: float) -> float:
    """Three digits: enough to decide by, too few to be the exact distance of two people."""
    return float(f"{limit:.3g}")
