"""How numbers hang together along time: autocorrelation, seasons, unit roots, shifts of level.

    autocorrelation   how much a value says about the one so many rows later
    season            the period after which values repeat, and how strongly
    dickey_fuller     whether a plain series wanders without a level of its own
    shifted           entities whose level changes on the way
    local_likeness    whether consecutive rows are alike, whatever blocks the rows come in

Values are one channel in order, entity after entity, NaN where missing; `bounds` holds the first row of each entity and the
number of rows. Nothing crosses from one entity to the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft

Floats = NDArray[np.float64]
Bounds = NDArray[np.int64]

MOST_PERIOD = 1_500
LEAST_STRENGTH = 0.3
"""A season that repeats less of what varies around the trend is none."""
_LEAST_OF_ONE_PERIOD = 1.6
"""Over k periods a season must be 1 / √k of this: random walks then have one in less than 2 of 100 cases (walks of 100 and of 300 rows)."""
_CANDIDATES = 12
BLOCK = 20
_TESTED_ROWS = 5_000
_LEAST_ROWS_OF_A_TEST = 20
_SHIFT_ROWS = 10
_SUP_F, _SUP_F_SHORT = 12.35, 8.0


def autocorrelation(values: Floats, bounds: Bounds, lags: int) -> Floats:
    """Correlation of each value with the one 1, 2, … `lags` rows later, pooled within entities; NaN without any pair.

    Entities of three known values and more count, with values measured from their mean. That alone makes neighbours of a short
    entity look unlike each other, so the coefficient is set to 0 for what an exchangeable order of the rows would give, and stays
    1 for 1.

    >>> values, bounds = np.tile([1.0, -1.0], 50), np.array([0, 100])
    >>> autocorrelation(values, bounds, 2).round(2).tolist()
    [-0.98, 1.0]
    """
    lengths, owner = np.diff(bounds), _owners(bounds)
    known = np.isfinite(values)
    count = np.bincount(owner, known, len(lengths))
    total = np.bincount(owner, np.where(known, values, 0.0), len(lengths))
    usable = (count > 2)[owner] & known
    centred = np.where(usable, values - np.divide(total, count, where=count > 0, out=np.zeros(len(count)))[owner], 0.0)
    square = np.bincount(owner, centred**2, len(lengths))
    if not usable.any() or square.sum() <= 1e-24 * max(float(np.abs(total).max()), 1.0) ** 2:
        return np.full(lags, np.nan)
    products, pairs = _lagged(centred, usable, bounds, lags)
    scale = square.sum() / usable.sum()
    share = np.divide(count, lengths, where=lengths > 0, out=np.zeros(len(count)))
    weight = np.divide(square * share**2, count * (count - 1), where=count > 2, out=np.zeros(len(count)))
    expected = -_beyond(np.bincount(lengths, weight, lags + 1), lags) / np.maximum(pairs, 1) / scale
    found = products / np.maximum(pairs, 1) / scale
    return np.where(pairs > 0, (found - expected) / (1 - expected), np.nan)


def _owners(bounds: Bounds) -> Bounds:
    lengths = np.diff(bounds)
    return np.repeat(np.arange(len(lengths)), lengths)


def _lagged(centred: Floats, known: NDArray[np.bool_], bounds: Bounds, lags: int) -> tuple[Floats, Floats]:
    """Sums of products of values 1 … `lags` rows apart, and how many products there are, by Fourier transform."""
    places = np.arange(len(centred)) + _owners(bounds) * lags
    size = fft.next_fast_len(len(centred) + len(bounds) * lags, real=True)
    sums = []
    for numbers in (centred, known.astype(np.float64)):
        spread = np.zeros(size)
        spread[places] = numbers
        spectrum = np.abs(fft.rfft(spread)) ** 2
        sums.append(fft.irfft(spectrum, size)[1 : lags + 1])
    return sums[0], np.rint(sums[1])


def _beyond(by_length: NDArray[Any], lags: int) -> Floats:
    """Sum over all lengths L of weight(L) · max(L - k, 0), for k = 1 … lags."""
    above = np.cumsum(by_length[::-1])[::-1]
    return np.append(np.cumsum(above[::-1])[::-1], np.zeros(lags + 1))[2 : lags + 2]


@dataclass(frozen=True, slots=True)
class Season:
    """A period in rows, and the share of what varies around the trend that repeats after it."""

    period: int
    strength: float


def season(values: Floats, bounds: Bounds) -> Season | None:
    """The shortest period after which values repeat about best; None if none repeats LEAST_STRENGTH of them.

    Candidates are the peaks of the autocorrelation of the series without its straight trend and of its steps. The strength of
    a candidate p is the autocorrelation at p of what is left without the moving average over p rows, as a decomposition into
    trend, season and rest would leave it (Cleveland et al. 1990, "STL"); a period is judged by entities of three of it.

    >>> t = np.arange(240)
    >>> season(np.sin(2 * np.pi * t / 12) + 0.1 * t, np.array([0, 240])).period
    12
    """
    lengths = np.diff(bounds)
    typical = np.repeat(lengths, lengths)
    most = min(MOST_PERIOD, int(np.median(typical)) // 3) if len(typical) else 0
    if most < 2:
        return None
    steps = np.diff(values, prepend=np.nan)
    steps[bounds[:-1][lengths > 0]] = np.nan
    candidates = np.unique(np.r_[_peaks(_straightened(values, bounds), bounds, most), _peaks(steps, bounds, most)])
    strengths = _strengths(values, bounds, candidates)
    best = max(strengths, default=0.0)
    if best < LEAST_STRENGTH:
        return None
    found = [Season(int(p), s) for p, s in zip(candidates, strengths, strict=True) if s >= 0.9 * best]
    return max((one for one in found if one.period <= 1.3 * found[0].period), key=lambda one: one.strength)


def _peaks(values: Floats, bounds: Bounds, most: int) -> Bounds:
    """The shortest lags at which the autocorrelation stands high above its lowest point before."""
    found = autocorrelation(values, bounds, most + 1)
    inner = np.nan_to_num(found[1:-1], nan=-1.0)
    before, after = np.nan_to_num(found[:-2], nan=-1.0), np.nan_to_num(found[2:], nan=-1.0)
    lags = np.flatnonzero((inner > before) & (inner >= after) & (inner > 0)) + 2
    height = found[lags - 1] - np.fmin.accumulate(found)[lags - 1]
    return np.asarray(lags[height >= 0.5 * height.max(initial=0.0)][:_CANDIDATES], np.int64)


def _straightened(values: Floats, bounds: Bounds) -> Floats:
    """Values without the straight line through those of their entity."""
    owner, n = _owners(bounds), len(bounds) - 1
    known = np.isfinite(values)
    place = np.where(known, np.arange(len(values)) - bounds[:-1][owner], np.nan)
    count = np.maximum(np.bincount(owner, known, n), 1)

    def centred(numbers: Floats) -> Floats:
        return numbers - (np.bincount(owner, np.where(known, numbers, 0.0), n) / count)[owner]

    x, y = centred(place), centred(values)
    both = np.bincount(owner, np.where(known, x * y, 0.0), n)
    own = np.bincount(owner, np.where(known, x * x, 0.0), n)
    return np.asarray(y - np.divide(both, own, where=own > 0, out=np.zeros(n))[owner] * x)


def _strengths(values: Floats, bounds: Bounds, periods: Bounds) -> list[float]:
    """How much of the values around their moving average repeats after each period; 0 where too few periods say so."""
    owner = _owners(bounds)
    begin, end = bounds[:-1][owner], bounds[1:][owner]
    known = np.isfinite(values)
    filled = np.where(known, values, 0.0)
    sums, counts = (np.r_[0.0, np.cumsum(numbers)] for numbers in (filled, known.astype(np.float64)))
    place, found = np.arange(len(values)), []
    for period in map(int, periods):
        half = period // 2
        inside = (place - half >= begin) & (place + half < end) & (end - begin >= 3 * period) & known
        at = place[inside]
        total, number = (c[at + half + 1] - c[at - half] for c in (sums, counts))
        if period % 2 == 0:  # the outermost two count half each
            total = total - (filled[at - half] + filled[at + half]) / 2
            number = number - (known[at - half] * 0.5 + known[at + half] * 0.5)
        rest = np.full(len(values), np.nan)
        rest[at] = np.where(number >= 0.8 * period, values[at] - total / np.maximum(number, 1), np.nan)
        found.append(_repeating(rest, owner, period))
    return found


def _repeating(rest: Floats, owner: Bounds, period: int) -> float:
    """The autocorrelation at the period of values around their moving average, if it is more than chance gives."""
    both = rest[:-period] * rest[period:]
    both = both[np.isfinite(both) & (owner[:-period] == owner[period:])]
    square = float(np.nanmean(rest**2)) if np.isfinite(rest).any() else 0.0
    if len(both) < period or square <= 0:
        return 0.0
    found = float(both.mean()) / square
    if period == 2:  # what neighbours of white noise have in common through their averages
        found = (found - 1 / 6) / (1 - 1 / 6)
    return found if found > max(_LEAST_OF_ONE_PERIOD / np.sqrt(len(both) / period), 4 / np.sqrt(len(both))) else 0.0


@dataclass(frozen=True, slots=True)
class UnitRoot:
    """The test statistic, below which critical value it speaks for a level of its own, and the lags of steps in the test."""

    statistic: float
    critical: tuple[float, float, float]
    lags: int


def dickey_fuller(values: Floats) -> UnitRoot | None:
    """The augmented Dickey-Fuller test of a plain series: below the critical value it returns to a level, above it wanders.

    Steps are regressed on a constant, the value before and earlier steps, as many as Akaike's criterion chooses up to
    12 (n / 100)^¼ (Said & Dickey 1984; Schwert 1989). Critical values for 1, 5 and 10 % are from MacKinnon (2010), "Critical
    values for cointegration tests". Missing values are left out, and only the last 5,000 rows are tested.

    Returns:
        None for fewer than 20 values, or where they do not vary.
    """
    x = values[np.isfinite(values)][-_TESTED_ROWS:]
    if len(x) < _LEAST_ROWS_OF_A_TEST or np.ptp(x) == 0:
        return None
    most = min(len(x) // 2 - 2, int(np.ceil(12 * (len(x) / 100) ** 0.25)))
    y, regressors = _regression(x, most)
    q, r = np.linalg.qr(regressors)
    if np.min(np.abs(np.diag(r))) < 1e-10 * np.max(np.abs(r)):
        return None
    residual = float(y @ y) - np.cumsum((q.T @ y) ** 2)[1:]
    rows = len(y)
    akaike = rows * np.log(np.maximum(residual, 1e-300) / rows) + 2 * np.arange(2, most + 3)
    lags = int(np.argmin(akaike))
    y, regressors = _regression(x, lags)
    found = np.linalg.lstsq(regressors, y, rcond=None)[0]
    rest = y - regressors @ found
    spread = rest @ rest / (len(y) - regressors.shape[1])
    error = float(np.sqrt(spread * np.linalg.inv(regressors.T @ regressors)[1, 1]))
    if not error > 0:
        return None
    return UnitRoot(float(found[1]) / error, _critical(len(y)), lags)


def _regression(x: Floats, lags: int) -> tuple[Floats, Floats]:
    """Steps, and what they are regressed on: a constant, the value before, the `lags` steps before."""
    steps = np.diff(x)
    before = [steps[lags - k : len(steps) - k] for k in range(1, lags + 1)]
    return steps[lags:], np.column_stack([np.ones(len(steps) - lags), x[lags:-1], *before])


def _critical(rows: int) -> tuple[float, float, float]:
    table = (
        (-3.43035, -6.5393, -16.786, -79.433),
        (-2.86154, -2.8903, -4.234, -40.040),
        (-2.56677, -1.5384, -2.809, 0.0),
    )
    one, five, ten = (sum(b / rows**i for i, b in enumerate(row)) for row in table)
    return one, five, ten


def shifted(values: Floats, bounds: Bounds) -> NDArray[np.bool_]:
    """Of each entity of ten known values and more, whether its level changes on the way.

    The mean before and after the best place to cut, at least 15 % of the values from either end, differ more than in 99 of 100
    series of one level (sup-F of Andrews 1993, "Tests for parameter instability and structural change with unknown change point";
    its critical value is raised for short entities). What neighbours have in common counts as inertia: of series with an
    autocorrelation of ½ 1 to 6 in 100 are taken for shifted, with 0.8 up to 15, of those with two levels three deviations apart 95
    from 20 rows on.
    """
    known = np.isfinite(values)
    owner = _owners(bounds)[known]
    long = np.bincount(owner, minlength=len(bounds) - 1) >= _SHIFT_ROWS
    x, owner = values[known][long[owner]], (np.cumsum(long) - 1)[owner[long[owner]]]
    count = np.bincount(owner)
    if not len(count):
        return np.zeros(0, bool)
    first = np.r_[0, np.cumsum(count)[:-1]].astype(np.int64)
    x = x - (np.add.reduceat(x, first) / count)[owner]
    place = np.arange(len(x)) - first[owner] + 1
    sums = np.cumsum(x)
    sums = sums - (sums[first] - x[first])[owner]
    left = count[owner] - place
    allowed = np.minimum(place, left) >= np.ceil(0.15 * count)[owner]
    gain = np.where(allowed, sums**2 * count[owner] / (place * np.maximum(left, 1)), 0.0)  # explained by two levels
    best = np.maximum.reduceat(gain, first)
    cut = np.maximum.reduceat(np.where(gain == best[owner], place, 0), first)
    before = place <= cut[owner]
    level = np.where(
        before, (sums[first + cut - 1] / cut)[owner], (-sums[first + cut - 1] / np.maximum(count - cut, 1))[owner]
    )
    rest = x - level
    square = np.add.reduceat(rest**2, first)
    product = np.r_[0.0, np.where(owner[1:] == owner[:-1], rest[1:] * rest[:-1], 0.0)]
    inertia = np.clip(np.add.reduceat(product, first) / np.maximum(square, 1e-300) + 2 / count, 0, 0.95)
    variance = square / np.maximum(count - 2, 1) * (1 + inertia) / (1 - inertia)
    return np.asarray((best > _SUP_F * (1 + _SUP_F_SHORT / count) * variance) & (best > 1e-18 * count))


def local_likeness(values: Floats, bounds: Bounds) -> float:
    """Median autocorrelation from one row to the next within blocks of 20 rows; NaN where nothing varies within blocks.

    Rows that were sorted by a class or come in groups are alike over long distances, but in no order within a block. Rows of a
    series are.
    """
    lengths = np.diff(bounds) // BLOCK
    first = np.repeat(bounds[:-1], lengths)
    within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    blocks = values[(first + BLOCK * within)[:, None] + np.arange(BLOCK)]
    blocks = blocks[np.isfinite(blocks).all(axis=1)]
    blocks = blocks - blocks.mean(axis=1, keepdims=True)
    square = (blocks**2).mean(axis=1)
    varied = square > 1e-24
    if varied.mean() < 0.5 if len(varied) else True:
        return float("nan")
    found = (blocks[varied, 1:] * blocks[varied, :-1]).mean(axis=1) / square[varied]
    expected = -1 / (BLOCK - 1)
    return float((np.median(found) - expected) / (1 - expected))
