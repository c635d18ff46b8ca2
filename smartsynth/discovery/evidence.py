"""How strongly rows speak for a rule, beside what chance alone would give.

A rule that no row breaks says little if hardly a row could have broken it. So each candidate is held against the same rows with their columns
shuffled apart: *expected* is the number of rows that would break it then. It is proposed if

1. so few broken rows are next to impossible by chance: P(Poisson(expected) ≤ broken) ≤ 0.01 / (number of candidates that were tried)
2. at least 1 % of the rows on which it could be checked would break it by chance, or it would say nothing
3. at least nine of ten of these breaks do not happen
4. it could be checked on `min_support` rows, of which `min_confidence` keep it

With no broken row the first asks for expected ≥ ln(100 · tried): 18 rows for a million candidates.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CHANCE = 0.01
"""Of one rule or more proposed by one finder for columns that have nothing to do with each other."""
TELLING, STRENGTH = 0.01, 0.9
FEW = 5
"""A value of fewer rows (entities, where rows are about some), or a count of rows, below this is not told."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """When a rule is proposed.

    Args:
        min_support: Fewest rows on which it could be checked.
        min_confidence: Least share of these that keep it.
    """

    min_support: int = 20
    min_confidence: float = 0.95


@dataclass(frozen=True, slots=True)
class Evidence:
    """What rows say of a rule.

    Args:
        support: Rows on which it could be checked.
        broken: Rows that break it.
        expected: Rows that would break it if the columns had nothing to do with each other.
    """

    support: int
    broken: int
    expected: float

    @property
    def told(self) -> int:
        """Most rows that may break it: counts of one to four are all told as four."""
        return 0 if self.broken == 0 else max(self.broken, FEW - 1)

    @property
    def confidence(self) -> float:
        """Least share of the rows that keep it, as counts are told."""
        return max(1.0 - self.told / self.support, 0.0) if self.support else 0.0

    @property
    def strength(self) -> float:
        """Share of the breaks expected by chance that do not happen: 1 for a rule that always holds, 0 for none."""
        return 1.0 - self.broken / self.expected if self.expected > 0 else 0.0

    @property
    def telling(self) -> float:
        """Share of the rows that would break it by chance."""
        return self.expected / self.support if self.support else 0.0

    def convinces(self, criterion: Criterion, tried: float) -> bool:
        """Whether the rule is proposed, as one of so many that were tried."""
        return (
            self.support >= criterion.min_support
            and self.broken <= (1 - criterion.min_confidence) * self.support
            and self.telling >= TELLING
            and self.strength >= STRENGTH
            and log_chance(self.broken, self.expected) <= math.log(CHANCE / max(tried, 1.0))
        )


def log_chance(broken: int, expected: float) -> float:
    """Logarithm of the chance of so few broken rows or fewer, where so many are expected (Poisson).

    >>> round(log_chance(0, 18.4), 1)
    -18.4
    """
    from scipy.stats import poisson

    return float(poisson.logcdf(broken, expected)) if expected > 0 else 0.0


def least_expected(tried: float) -> float:
    """Broken rows that chance must give for a rule without any to be proposed."""
    return math.log(max(tried, 1.0) / CHANCE)


def shuffled(n: int, seed: int = 0) -> NDArray[np.int64]:
    """An order of n rows that has nothing to do with the one they have."""
    return np.random.default_rng([seed, n]).permutation(n)
