"""How many rows of which class are added.

balance        every class as frequent as the most frequent one
ratio=0.5      every class at least half as frequent as the most frequent one is now; ratio=3 adds rows to that one too
minority=20%   every class at least a fifth of all rows
grow=2         twice as many rows, in the mix of the real ones; of any target, also a number
auto           whichever of a few helps most inside the training rows, or nothing (choosing.py)
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from smartsynth.errors import ConfigError, did_you_mean
from smartsynth.formats import percent

KINDS = ("balance", "ratio", "minority", "grow", "auto")
PLAIN = ("balance", "auto")
"""Kinds without a value."""
DEFAULTS = {"ratio": 0.5, "minority": 0.2, "grow": 2.0}
MOST_GROWTH = 100.0


@dataclass(frozen=True, slots=True)
class Strategy:
    """A rule for the number of rows to add.

    Args:
        kind: `balance`, `ratio`, `minority`, `grow` or `auto`.
        value: The least multiple of the most frequent class (`ratio`), the least share of all rows (`minority`), or the factor (`grow`).
        chosen: Of `auto`: the strategy that was chosen for all rows, or `nothing`.

    >>> str(Strategy.parse("minority=20%"))
    'minority=0.2'
    """

    kind: str
    value: float = 1.0
    chosen: str | None = None

    def __str__(self) -> str:
        if self.chosen is not None:
            return f"{self.kind}, which chose {self.chosen}"
        return self.kind if self.kind in PLAIN else f"{self.kind}={self.value:g}"

    @classmethod
    def parse(cls, text: str) -> Strategy:
        """The strategy of a text such as `balance`, `ratio=0.5`, `minority=20%`, `grow=3` or `auto`.

        Raises:
            ConfigError: It is none, or its value cannot be.
        """
        kind, equals, value = (part.strip() for part in str(text).partition("="))
        if kind not in KINDS or (equals and not value) or (kind in PLAIN and equals):
            raise ConfigError(
                f"strategy={text!r} is not known.{did_you_mean(kind, KINDS)} Use balance, ratio=0.5, minority=20%, grow=2 or auto."
            )
        strategy = cls(kind, _value(kind, value) if equals else DEFAULTS.get(kind, 1.0))
        strategy._check()
        return strategy

    def _check(self) -> None:
        allowed = {
            "balance": (self.value == 1.0, "none"),
            "auto": (self.value == 1.0, "none"),
            "ratio": (0 < self.value <= MOST_GROWTH, f"above 0, at most {MOST_GROWTH:g}"),
            "minority": (0 < self.value < 1, "above 0 and below 100%"),
            "grow": (1 < self.value <= MOST_GROWTH, f"above 1, at most {MOST_GROWTH:g}"),
        }
        fits, what = allowed[self.kind]
        if not fits:
            raise ConfigError(f"strategy={self!s}: the value must be {what}.")

    @property
    def needs_classes(self) -> bool:
        """Whether it says how many rows each class gets."""
        return self.kind not in ("grow", "auto")

    def added(self, counts: Mapping[str, int]) -> dict[str, int]:
        """Rows to add of each class, in the order of `counts`; classes that get none are left out.

        >>> Strategy("balance").added({"no": 90, "yes": 10})
        {'yes': 80}
        >>> Strategy("minority", 0.25).added({"no": 90, "yes": 10})
        {'yes': 20}

        Raises:
            ConfigError: So large a share of all rows is not possible for each class.
        """
        least = self._least(counts)
        wanted = {name: math.ceil(least - 1e-9) - n for name, n in counts.items()}
        return {name: n for name, n in wanted.items() if n > 0}

    def grown(self, rows: int) -> int:
        """Rows to add to so many, of all classes together."""
        return round((self.value - 1) * rows)

    def _least(self, counts: Mapping[str, int]) -> float:
        """How many rows each class shall have at least."""
        if self.kind != "minority":
            return self.value * max(counts.values())
        if self.value * len(counts) > 1 + 1e-9:
            raise ConfigError(
                f"strategy={self!s}: each of {len(counts)} classes cannot be {percent(self.value, rounded=math.ceil)} of all rows. "
                f"Use at most {percent(1 / len(counts), rounded=math.floor)}."
            )
        rare: set[str] = set()
        while True:  # raising one class makes the others rarer
            rest = sum(n for name, n in counts.items() if name not in rare)
            if self.value * len(rare) >= 1 - 1e-9:
                return float(max(counts.values()))
            total = rest / (1 - self.value * len(rare))
            more = {name for name, n in counts.items() if name not in rare and n < self.value * total - 1e-9}
            if not more:
                return self.value * total if rare else 0.0
            rare |= more


def _value(kind: str, text: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?|\.\d+)\s*(%?)", text)
    if found is None or (found[2] and kind == "grow"):
        raise ConfigError(f"strategy={kind}={text!r}: {text!r} is not a number. Write {kind}={DEFAULTS[kind]:g}.")
    return float(found[1]) / (100 if found[2] else 1)
