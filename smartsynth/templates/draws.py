"""Draws of many cells at once; every parameter is one number, or one for each cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smartsynth.templates.cells import Floats, Ints
from smartsynth.templates.language import Moment

Parameter = float | Floats
_DAY = 86_400


def chosen(rng: np.random.Generator, n: int, weights: Sequence[Parameter]) -> NDArray[np.int32]:
    """The place of a category in each row."""
    u = rng.random(n)
    if all(isinstance(weight, float) for weight in weights):
        shares = np.cumsum(np.asarray(weights, float))
        places = np.searchsorted(shares, u * shares[-1], side="right").clip(0, len(weights) - 1)
        return np.asarray(places, np.int32)
    found = np.zeros(n, np.int32)
    total = np.zeros(n)
    for weight in weights:
        total = total + weight
    u *= total
    reached = np.zeros(n)
    for weight in weights[:-1]:
        reached = reached + weight
        found += u >= reached
    return found


def normal(rng: np.random.Generator, n: int, mean: Parameter, sd: Parameter) -> Floats:
    """Draws of a normal distribution."""
    return np.asarray(mean + sd * rng.standard_normal(n))


def lognormal(rng: np.random.Generator, n: int, median: Parameter, sigma: Parameter) -> Floats:
    """Draws whose logarithm is normal."""
    return np.asarray(median * np.exp(sigma * rng.standard_normal(n)))


def gamma(rng: np.random.Generator, n: int, mean: Parameter, shape: Parameter) -> Floats:
    """Draws of a gamma distribution."""
    return np.asarray(mean / shape * rng.standard_gamma(shape, n))


def exponential(rng: np.random.Generator, n: int, mean: Parameter) -> Floats:
    """Draws of an exponential distribution."""
    return np.asarray(mean * rng.standard_exponential(n))


def poisson(rng: np.random.Generator, n: int, mean: Parameter) -> Ints:
    """Counts of a Poisson distribution."""
    return rng.poisson(np.maximum(mean, 0.0), n)


def negative_binomial(rng: np.random.Generator, n: int, mean: Parameter, shape: Parameter) -> Ints:
    """Counts of Poisson distributions whose means are gamma."""
    return rng.poisson(gamma(rng, n, np.maximum(mean, 0.0), shape))


def uniform(rng: np.random.Generator, n: int, low: Parameter, high: Parameter) -> Floats:
    """Draws from low to high."""
    return np.asarray(low + (np.asarray(high) - low) * rng.random(n))


def integers(rng: np.random.Generator, n: int, low: Parameter, high: Parameter) -> Ints:
    """Whole numbers from low to high, both included."""
    first = np.ceil(low)
    return np.asarray(first + np.floor((np.floor(high) - first + 1) * rng.random(n))).astype(np.int64)


def histogram(rng: np.random.Generator, n: int, edges: Sequence[float], shares: Sequence[float]) -> Floats:
    """Draws by bins, alike within each."""
    sums = np.concatenate([[0.0], np.cumsum(shares)])
    return np.asarray(np.interp(rng.random(n) * sums[-1], sums, edges))


def quantiles(rng: np.random.Generator, n: int, levels: Sequence[float], values: Sequence[float]) -> Floats:
    """Draws by quantiles, with straight lines between them."""
    return np.asarray(np.interp(rng.random(n), levels, values))


def moments(
    rng: np.random.Generator, after: NDArray[np.datetime64], before: NDArray[np.datetime64], said: Moment
) -> NDArray[np.datetime64]:
    """A moment for each row; missing where there is none between its two.

    Days are drawn whole from those between the two, by their weights, and then the time of the day. Where there is no whole day
    between, any second is as good as another.
    """
    start, end = after.astype("datetime64[s]").astype(np.int64), before.astype("datetime64[s]").astype(np.int64)
    known = ~(np.isnat(after) | np.isnat(before)) & (start < end)
    made = np.full(len(start), np.datetime64("NaT", "s"))
    if not known.any():
        return made
    first, last = -(-start // _DAY), end // _DAY
    day, second = rng.random(len(start)), _seconds(rng, len(start), said.hours)
    whole = known & (first < last)
    inside = known & ~whole
    if whole.any():
        calendar = _Calendar.of(int(first[whole].min()), int(last[whole].max()), said)
        found = calendar.at(day[whole], first[whole], last[whole])
        made[whole] = (found * _DAY + second[whole]).astype("datetime64[s]")
    made[inside] = (start[inside] + (day[inside] * (end[inside] - start[inside])).astype(np.int64)).astype(
        "datetime64[s]"
    )
    return made


def _seconds(rng: np.random.Generator, n: int, hours: Sequence[float]) -> Ints:
    if not hours:
        return np.zeros(n, np.int64)
    return np.minimum(histogram(rng, n, range(0, _DAY + 1, 3600), hours), _DAY - 1).astype(np.int64)


@dataclass(frozen=True, slots=True)
class _Calendar:
    """How much of all there is lies before each day."""

    first: int
    before: Floats

    @classmethod
    def of(cls, first: int, last: int, said: Moment) -> _Calendar:
        days = np.arange(first, last).astype("datetime64[D]")
        weights = np.ones(len(days))
        if said.months:
            weights *= np.asarray(said.months)[days.astype("datetime64[M]").astype(int) % 12]
        if said.weekdays:
            weights *= np.asarray(said.weekdays)[(days.astype(int) + 3) % 7]  # the day 0 was a Thursday
        if said.growth:
            weights *= (1 + said.growth) ** ((days - days[0]).astype(int) / 365.25)
        return cls(first, np.concatenate([[0.0], np.cumsum(weights)]))

    def at(self, u: Floats, first: Ints, last: Ints) -> Ints:
        low, high = self.before[first - self.first], self.before[last - self.first]
        place = np.searchsorted(self.before, low + u * (high - low), side="right") - 1
        return self.first + np.clip(place, first - self.first, last - self.first - 1)


def digits(rng: np.random.Generator, masks: Sequence[str], which: Ints) -> list[bytes] | NDArray[np.bytes_]:
    """Texts in which each # of a mask has become a digit; which mask, for each row."""
    width = max((len(mask.encode()) for mask in masks), default=1)
    table = np.array([mask.encode() for mask in masks], f"S{width}").view(np.uint8).reshape(len(masks), width)
    made = table[which]
    places = made == ord("#")
    made[places] = ord("0") + rng.integers(0, 10, int(places.sum()), dtype=np.uint8)
    return made.view(f"S{width}").ravel()
