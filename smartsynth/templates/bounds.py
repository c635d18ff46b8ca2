"""What the numbers of a way may be, whether a template holds them or formulas give them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from smartsynth.errors import ConfigError
from smartsynth.templates.cells import Floats
from smartsynth.templates.language import By, Value

LARGEST = float(2**53)
"""Whole numbers beyond are not exact."""


@dataclass(frozen=True, slots=True)
class Bound:
    """From what to what a number may be; missing ones may be anywhere.

    Args:
        low, high: The ends, which belong to it.
        open: Whether `low` does not belong to it.
    """

    low: float = -np.inf
    high: float = np.inf
    open: bool = False

    def __str__(self) -> str:
        low = f"above {self.low:g}" if self.open else f"{self.low:g} or more"
        return low if np.isinf(self.high) else f"{self.low:g} to {self.high:g}"

    def broken(self, values: float | Floats) -> Floats:
        """The values outside; infinite ones always are."""
        found = np.atleast_1d(np.asarray(values, float))
        below = found <= self.low if self.open else found < self.low
        return np.asarray(found[below | (found > self.high) | np.isinf(found)])


ANY, SHARE, WEIGHT = Bound(), Bound(0, 1), Bound(0)
OF: Mapping[str, Mapping[str, Bound]] = {
    "normal": {"mean": ANY, "sd": Bound(0)},
    "lognormal": {"median": Bound(0), "sigma": Bound(0, 10)},
    "gamma": {"mean": Bound(0), "shape": Bound(0, open=True)},
    "exponential": {"mean": Bound(0)},
    "poisson": {"mean": Bound(0, 1e9)},
    "negative_binomial": {"mean": Bound(0, 1e9), "shape": Bound(0, open=True)},
    "uniform": {"low": ANY, "high": ANY},
    "integers": {"low": Bound(-LARGEST, LARGEST), "high": Bound(-LARGEST, LARGEST)},
}
"""Of the parameters of simple ways."""


def check(what: str, values: float | Floats, bound: Bound) -> None:
    """ConfigError if a number is outside."""
    outside = bound.broken(values)
    if len(outside):
        many = f" in {len(outside):,} rows" if np.size(values) > 1 else ""
        raise ConfigError(f"{what}={outside[0]:g}{many} must be {bound if bound is not ANY else 'finite'}.")


def check_order(what: str, low: float | Floats, high: float | Floats) -> None:
    """ConfigError if the lower end lies above the upper one."""
    wrong = np.atleast_1d(np.asarray(low > np.asarray(high)))
    if wrong.any():
        place = int(wrong.argmax())
        ends = [np.broadcast_to(np.atleast_1d(end), wrong.shape)[place] for end in (low, high)]
        raise ConfigError(f"{what}: low={ends[0]:g} is above high={ends[1]:g}. Swap them.")


def leaves(value: Value) -> Iterator[float]:
    """The numbers that a value holds as they are."""
    if isinstance(value, By):
        for one in (
            *value.values,
            *(value.map or {}).values(),
            *([] if value.otherwise is None else [value.otherwise]),
        ):
            yield from leaves(one)
    elif not isinstance(value, str):
        yield value


def problems(what: str, value: Value, bound: Bound) -> Iterator[str]:
    """What is wrong about the numbers that a value holds as they are."""
    for number in leaves(value):
        try:
            check(what, number, bound)
        except ConfigError as error:
            yield str(error)
