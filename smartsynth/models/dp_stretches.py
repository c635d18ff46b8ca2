"""A column of numbers as stretches that hold enough rows, found and counted with noise.

    declared range     16 equal stretches, or every value where there are at most FLAT
    no declared range  powers of two on both sides of zero; only those that surely hold rows are kept
    explore            a stretch with many rows is cut into 16, three times at most, with little of the budget
    count              the stretches that came of it, with the rest

Edges are in steps of the column's grid (whole numbers wherever its decimals are known). What is cut depends on noisy
counts alone. The budget of a column may be spent as the answers suggest, as long as the squares add up: Gaussian
differential privacy composes fully adaptively (Smith & Thakurta 2022).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PARTS = 16
CUTS = 3
EXPLORE = 0.1
"""Share of a column's budget for each look that only decides what to cut."""
FLAT = 256
"""A declared range of so few values is counted value by value."""
POWERS = range(-20, 41)
"""Powers of two that numbers without a declared range may have; whole numbers begin at 2⁰."""
DOUBT = 1e-3
"""Chance that noise alone makes a stretch of a column without a declared range seem to hold rows."""
MOST_BINS = 28
SHARP = 5.0
"""A code stands for at least so many standard deviations of noise."""

Count = Callable[[NDArray[np.int64], float], tuple[NDArray[np.float64], float]]
"""Counts and a share of the column's budget → noisy counts and the standard deviation of their noise."""


@dataclass(frozen=True, slots=True)
class Stretches:
    """Neighbouring stretches of a column and their noisy counts.

    Args:
        low, high: Ends in steps of the grid; `high` is not part of the stretch.
        counts: Noisy rows of each; one more for missing cells if the column can have them.
        sigma: Standard deviation of the noise of each count.
    """

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    counts: NDArray[np.float64]
    sigma: float


def stretches(
    values: NDArray[np.float64],
    edges: NDArray[np.float64],
    *,
    declared: bool,
    whole: bool,
    nullable: bool,
    count: Count,
) -> Stretches:
    """The stretches of a column.

    Args:
        values: Cells in steps of the grid, NaN for missing ones.
        edges: The first stretches' edges.
        declared: Whether the range is public.
        whole: Whether all cells are whole steps.
        nullable: Whether missing cells are counted.
        count: Adds the noise, and spends for it.
    """
    inside = np.clip(values, edges[0], edges[-1] - 1 if whole else np.nextafter(edges[-1], -np.inf))
    known = np.sort(inside[~np.isnan(inside)])
    missing = [int(np.isnan(inside).sum())] * nullable
    low, high = edges[:-1], edges[1:]
    left = 1.0
    if not (declared and whole and bool(np.all(high - low == 1))):
        low, high, left = _explored(known, low, high, declared=declared, whole=whole, count=count)
    noisy, sigma = count(np.array([*_inside(known, low, high), *missing], np.int64), left)
    return Stretches(low, high, noisy, sigma)


def _explored(
    known: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64], *, declared: bool, whole: bool,
    count: Count,
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:  # fmt: skip
    """The stretches after cutting those with many rows, and the share of the budget that is left."""
    noisy, sigma = count(_inside(known, low, high), EXPLORE)
    left = 1 - EXPLORE
    if not declared:
        sure = noisy > _doubtless(sigma, len(low))
        low, high, noisy = (
            (low[sure], high[sure], noisy[sure]) if sure.any() else (np.zeros(1), np.ones(1), np.zeros(1))
        )
    fresh = np.ones(len(low), bool)
    for turn in range(CUTS):
        wide = (high - low > 1) if whole else (high > low)
        final = sigma * math.sqrt(EXPLORE / left)
        cut = fresh & wide & (noisy > max(PARTS * final, 3 * sigma))
        if not cut.any():
            break
        pieces = [_parts(a, b, whole) for a, b in zip(low[cut], high[cut], strict=True)]
        new_low, new_high = np.concatenate([p[:-1] for p in pieces]), np.concatenate([p[1:] for p in pieces])
        found = np.zeros(len(new_low))
        if turn < CUTS - 1:
            found, sigma = count(_inside(known, new_low, new_high), EXPLORE)
            left -= EXPLORE
        order = np.argsort(np.r_[low[~cut], new_low], kind="stable")
        low, high = np.r_[low[~cut], new_low][order], np.r_[high[~cut], new_high][order]
        noisy = np.r_[noisy[~cut], found][order]
        fresh = np.r_[np.zeros((~cut).sum(), bool), np.ones(len(new_low), bool)][order]
    return low, high, left


def _inside(known: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.int64]:
    """Rows in each stretch; `known` ascends."""
    return np.searchsorted(known, high, side="left") - np.searchsorted(known, low, side="left")


def _parts(low: float, high: float, whole: bool) -> NDArray[np.float64]:
    edges = np.linspace(low, high, PARTS + 1)
    return np.unique(np.round(edges)) if whole else edges


def _doubtless(sigma: float, n: int) -> float:
    """A noisy count that no empty one of `n` reaches but with probability DOUBT."""
    from scipy.special import ndtri

    return -sigma * float(ndtri(DOUBT / n))


def undeclared_edges(whole: bool) -> NDArray[np.float64]:
    """Edges of stretches that any number falls into: powers of two on both sides of zero.

    >>> undeclared_edges(True)[40:44].tolist()
    [0.0, 1.0, 2.0, 4.0]
    """
    side = np.array([2.0**k for k in POWERS if k >= 0 or not whole])
    return np.unique(np.r_[-side + 1, 0.0, side]) if whole else np.unique(np.r_[-side, side])


def declared_edges(low: float, high: float, whole: bool) -> NDArray[np.float64]:
    """Edges of the first stretches of a declared range; zero is a stretch of its own.

    >>> declared_edges(1, 4, True).tolist()
    [1.0, 2.0, 3.0, 4.0, 5.0]
    """
    if not whole:
        return np.linspace(low, np.nextafter(high, np.inf), PARTS + 1)
    low, high = math.floor(low), math.ceil(high) + 1
    if high - low <= FLAT:
        return np.arange(low, high + 1, dtype=float)
    zero = [x for x in (0.0, 1.0) if low <= 0 < high and low <= x]
    return np.unique(np.r_[np.round(np.linspace(low, high, PARTS + 1)), zero])


def joined(counts: NDArray[np.float64], sigma: float) -> NDArray[np.int64]:
    """A bin for each stretch: neighbours together until they hold enough rows; a stretch that holds enough is alone.

    >>> joined(np.array([1.0, 2.0, 90.0, 3.0, 4.0, 50.0]), 1.0).tolist()
    [0, 0, 1, 2, 2, 3]
    """
    least_share = float(counts.sum()) / MOST_BINS
    bins = np.zeros(len(counts), np.int64)
    at, held, members = 0, 0.0, 0
    for i, rows in enumerate(counts):
        heavy = rows >= max(least_share, SHARP * sigma)
        if members and (heavy or held >= max(least_share, SHARP * sigma * math.sqrt(members))):
            at, held, members = at + 1, 0.0, 0
        bins[i], held, members = at, held + rows, members + 1
    return bins
