"""How rows follow one another: correlation over time, steps, rhythm and order of records of any length.

    lagged_correlations   how each channel hangs together with each other, so many rows later
    steps                 how far a channel moves from one row to the next
    spectrum              how much of a channel's movement is slow and how much is fast
    gaps, out_of_order    how much time lies between rows, and whether any lies backwards
    transitions           which category follows which; `persistence` is how often one follows itself

Rows lie record after record, and `bounds` holds the first row of each record and the number of rows. Missing numbers are NaN and
count for nothing. Each measure describes one sample; the distance of two samples is in `marginals.py` or the function after it.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Places = NDArray[np.int64]

FEWEST_PAIRS = 100
"""Pairs of rows that a correlation needs: its standard error is at most a tenth then."""


def pairs_of_rows(bounds: Places, lag: int) -> tuple[Places, Places]:
    """Places of all rows that have another one `lag` rows later in their record, and the places of these.

    >>> [places.tolist() for places in pairs_of_rows(np.array([0, 3, 4]), 1)]
    [[0, 1], [1, 2]]
    """
    ends = np.repeat(bounds[1:], np.diff(bounds))
    first = np.flatnonzero(np.arange(len(ends)) + lag < ends)
    return first, first + lag


def lagged_correlations(values: Numbers, bounds: Places, lags: int) -> Numbers:
    """Correlation of channel i with channel j 0 … `lags` rows later, shape (lags + 1, channels, channels).

    ρ_ij(l) = mean of z_i(t)·z_j(t + l) over all rows of all records that have a row l later, z being standardised over all rows (Box &
    Jenkins 1970, pooled over records, so that records too short for a correlation of their own count too). The diagonal is the
    autocorrelation. NaN: under FEWEST_PAIRS pairs, or a constant channel.
    """
    known = ~np.isnan(values)
    spread = _over_known(np.nanstd, values)
    with np.errstate(invalid="ignore", divide="ignore"):
        z = np.where(known, (values - _over_known(np.nanmean, values)) / np.where(spread > 1e-12, spread, np.nan), 0.0)
    z, there = np.nan_to_num(z), known.astype(np.float64)
    out = np.full((lags + 1, values.shape[1], values.shape[1]), np.nan)
    for lag in range(lags + 1):
        first, later = pairs_of_rows(bounds, lag)
        n = there[first].T @ there[later]
        enough = (n >= FEWEST_PAIRS) & (spread > 1e-12)[:, None] & (spread > 1e-12)[None, :]
        found = z[first].T @ z[later] / np.maximum(n, 1)
        out[lag] = np.where(enough, np.clip(found, -1, 1), np.nan)
    return out


def _over_known(how: Any, values: Numbers) -> Numbers:
    """A statistic of each channel; NaN of one that is missing throughout."""
    out = np.full(values.shape[1], np.nan)
    has = ~np.isnan(values).all(axis=0)
    if has.any():
        out[has] = how(values[:, has], axis=0)
    return out


def autocorrelation_difference(a: Numbers, b: Numbers) -> float:
    """Mean absolute difference of autocorrelations over channels and lags from 1 on, of two `lagged_correlations`.

    The ACF score of Wiese et al. (2020), "Quant GANs", as a mean; NaN if there is none to compare.
    """
    gaps = np.abs(np.diagonal(a, axis1=1, axis2=2) - np.diagonal(b, axis1=1, axis2=2))[1:]
    return _mean(gaps)


def cross_correlation_difference(a: Numbers, b: Numbers) -> float:
    """Mean absolute difference of the correlations of different channels over all lags, of two `lagged_correlations`."""
    off = ~np.eye(a.shape[1], dtype=bool)
    return _mean(np.abs(a - b)[:, off])


def _mean(values: Numbers) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def steps(values: Numbers, bounds: Places) -> Numbers:
    """What is added from each row to the next of its record, for each channel; NaN if either is missing.

    >>> steps(np.array([[1.0], [3.0], [7.0]]), np.array([0, 2, 3])).tolist()
    [[2.0]]
    """
    first, later = pairs_of_rows(bounds, 1)
    return np.asarray(values[later] - values[first])


def segments(bounds: Places, length: int) -> Places:
    """Places of stretches of `length` rows inside records, half overlapping, shape (stretches, length)."""
    found = [np.arange(a, b - length + 1, max(length // 2, 1)) for a, b in pairwise(bounds)]
    starts = np.concatenate(found) if found else np.zeros(0)
    return np.asarray(starts.astype(np.int64)[:, None] + np.arange(length))


def spectrum(values: Numbers, bounds: Places, length: int) -> tuple[Numbers, Numbers]:
    """Frequencies in cycles per row, and the share of each channel's power at each of them, shape (frequencies, channels).

    The mean of periodograms of half overlapping stretches without their mean and under a Hann window (Welch 1967), divided by its
    sum. Missing cells of a stretch are taken as its mean. NaN: no stretch is as long, or none of them moves.
    """
    frequencies = np.asarray(np.fft.rfftfreq(length)[1:], np.float64)
    places = segments(bounds, length)
    if len(places) == 0:
        return frequencies, np.full((len(frequencies), values.shape[1]), np.nan)
    taper = np.hanning(length + 2)[1:-1, None]
    power = np.zeros((len(frequencies), values.shape[1]))
    for start in range(0, len(places), 4096):
        block = values[places[start : start + 4096]]
        known = ~np.isnan(block)
        mean = np.where(known, block, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
        centred = np.where(known, block - mean[:, None], 0.0)
        power += (np.abs(np.fft.rfft(centred * taper, axis=1)[:, 1:]) ** 2).sum(axis=0)
    total = power.sum(axis=0)
    moves = total > 1e-12 * np.maximum(np.nan_to_num(_over_known(np.nanmax, np.abs(values))) ** 2, 1e-300)
    return frequencies, np.where(moves, power / np.where(moves, total, 1.0), np.nan)


def spectral_distance(a: Numbers, b: Numbers) -> Numbers:
    """Wasserstein-1 distance of two spectra of `spectrum`, for each channel, over frequencies from 0 to 1 (the fastest there is).

    How far power must be moved on average (the Wasserstein-Fourier distance, Cazelles, Robert & Tobar 2021, with exponent 1).
    """
    return np.asarray(np.abs(np.cumsum(a - b, axis=0)).sum(axis=0) / len(a))


def gaps(when: Numbers, bounds: Places) -> Numbers:
    """Time from each row to the next of its record."""
    first, later = pairs_of_rows(bounds, 1)
    return when[later] - when[first]


def out_of_order(when: Numbers, owner: Places) -> float:
    """Share of the rows whose time lies before that of an earlier row of their record, in the order in which the rows are given.

    >>> out_of_order(np.array([1.0, 5.0, 3.0, 4.0]), np.array([0, 0, 0, 1]))
    0.25
    """
    if len(when) == 0:
        return 0.0
    order = np.argsort(owner, kind="stable")
    times, owners = when[order], owner[order]
    begins = np.r_[True, owners[1:] != owners[:-1]]
    # Latest time so far within each record: the ranks of times, lifted above those of the record before.
    ranks = np.unique(times, return_inverse=True)[1] + (np.cumsum(begins) - 1) * len(times)
    return float((ranks < np.maximum.accumulate(ranks)).mean())


def transitions(codes: Places, bounds: Places, levels: int) -> Numbers:
    """Share of the steps from each category to each, shape (levels, levels), over all pairs of neighbouring rows.

    >>> transitions(np.array([0, 0, 1]), np.array([0, 3]), 2).tolist()
    [[0.5, 0.5], [0.0, 0.0]]
    """
    first, later = pairs_of_rows(bounds, 1)
    counts = np.bincount(codes[first] * levels + codes[later], minlength=levels * levels)
    return np.asarray(counts.reshape(levels, levels) / max(len(first), 1))


def persistence(codes: Places, bounds: Places) -> float:
    """Share of the rows with the category of the row before; NaN if no record has two rows."""
    first, later = pairs_of_rows(bounds, 1)
    return float((codes[first] == codes[later]).mean()) if len(first) else float("nan")
