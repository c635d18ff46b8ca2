"""How much privacy a row of Gaussian releases costs: ε at a stated δ, and the noise that a target leaves.

A release whose sensitivity is Δ and whose noise has the standard deviation σ is μ-Gaussian differentially private with
μ = Δ / σ, and releases with μ₁, μ₂ … are together √(μ₁² + μ₂² + …)-Gaussian differentially private, even if each is
chosen after looking at those before (Dong, Roth & Su 2022, Corollary 3.3). So a plan hands out shares of μ² and can
never spend more than it has.

    gaussian_delta   δ(ε) of μ, in closed form (Balle & Wang 2018, Theorem 8)
    largest_mu       the largest μ under a target (ε, δ)
    epsilon_of       ε of μ at δ
    spent_epsilon    ε of what was really released, by the accountant of Google's dp-accounting
    sampled_sigma    the noise of steps on random parts of the rows (DP-SGD) that is left by a target

A step that looks at each person with a small probability only is no Gaussian release of its own. Here the probability
comes from a noisy number of rows, and the noise from both, so that the mechanism itself depends on what was released
before. Sums of privacy loss distributions do not cover that; Rényi differential privacy of one order, fixed before the data
are read, does (Feldman & Zrnic 2021; Lécuyer 2021). So the noise answers to the latter, 7 % wider than the former would
have it, and what fixed steps cost is told by privacy loss distributions (Koskela, Jälkö & Honkela 2020), both by
dp-accounting.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from smartsynth.errors import ConfigError, MissingExtraError


def gaussian_delta(mu: float, epsilon: float) -> float:
    """δ at which a μ-Gaussian differentially private release is (ε, δ)-differentially private.

    δ(ε) = Φ(μ/2 - ε/μ) - e^ε Φ(-μ/2 - ε/μ).

    >>> round(gaussian_delta(1.0, 1.0), 6)
    0.126937
    """
    from scipy.special import log_ndtr, ndtr

    if mu <= 0:
        return 0.0
    return float(ndtr(mu / 2 - epsilon / mu) - math.exp(epsilon + float(log_ndtr(-mu / 2 - epsilon / mu))))


def largest_mu(epsilon: float, delta: float) -> float:
    """The largest μ whose releases are together (ε, δ)-differentially private.

    >>> round(largest_mu(1.0, 1e-9), 4)
    0.182
    """
    from scipy.optimize import brentq

    checked(epsilon, delta)
    return float(brentq(lambda mu: gaussian_delta(mu, epsilon) - delta, 1e-9, 200.0, xtol=1e-12)) * (1 - 1e-6)


def epsilon_of(mu: float, delta: float) -> float:
    """The smallest ε at which a μ-Gaussian differentially private release is (ε, δ)-differentially private.

    >>> round(epsilon_of(largest_mu(2.0, 1e-9), 1e-9), 4)
    2.0
    """
    from scipy.optimize import brentq

    if gaussian_delta(mu, 0.0) <= delta:
        return 0.0
    return float(brentq(lambda epsilon: gaussian_delta(mu, epsilon) - delta, 0.0, 200.0 + mu**2, xtol=1e-9))


@dataclass(frozen=True, slots=True)
class Sampled:
    """Steps with Gaussian noise, each on a part of the persons.

    Args:
        sigma: Standard deviation of the noise over the most that one person changes a step.
        rate: Probability with which a person is in a step, independently of all others (Poisson sampling).
        steps: Number of steps.
    """

    sigma: float
    rate: float
    steps: int


def spent_epsilon(
    mus: Sequence[float], delta: float, sampled: Sequence[Sampled] = (), *, order: int | None = None
) -> float:
    """ε of Gaussian releases with these μ, and of sampled steps, at δ: an upper bound by privacy loss distributions.

    Args:
        mus: Gaussian differential privacy of each release.
        delta: Chance that the bound fails.
        sampled: Steps on parts of the persons.
        order: By Rényi differential privacy of this order instead: a wider bound.

    >>> spent_epsilon([], 1e-9)
    0.0
    """
    events, accountant = _accounting(order)
    if not mus and not sampled:
        return 0.0
    if mus:
        accountant.compose(events.GaussianDpEvent(1 / math.hypot(*mus)))
    for one in sampled:
        if one.rate >= 1:
            accountant.compose(events.GaussianDpEvent(one.sigma / math.sqrt(one.steps)))
            continue
        step = events.PoissonSampledDpEvent(one.rate, events.GaussianDpEvent(one.sigma))
        accountant.compose(events.SelfComposedDpEvent(step, one.steps))
    return float(accountant.get_epsilon(delta))


@functools.lru_cache(maxsize=256)
def sampled_sigma(epsilon: float, delta: float, *, mu: float, rate: float, steps: int) -> float:
    """The least noise of sampled steps that, with Gaussian releases of μ before them, keep within (ε, δ).

    Holds also if `rate` was chosen after looking at the releases before.

    Args:
        epsilon: The target ε.
        delta: The target δ.
        mu: What Gaussian releases spend besides; less than the target allows alone.
        rate: Probability with which a person is in a step.
        steps: Number of steps; like ε, δ and μ, chosen before the data are read.

    Returns:
        σ over the most that one person changes a step, at most 0.1 % more than the order needs.
    """
    order = fixed_order(epsilon, delta, mu, steps)
    return _least(epsilon, delta, mu, Sampled(math.nan, rate, steps), order)


ORDERS = (2, 3, 4, 5, 6, 8, 10, 12, 14, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128, 192, 256, 384, 512)
RATES = (0.003, 0.01, 0.03, 0.1, 1.0)
"""The rates for which the order must be good."""


@functools.lru_cache(maxsize=256)
def fixed_order(epsilon: float, delta: float, mu: float, steps: int) -> int:
    """The order of Rényi differential privacy that costs the least noise too many at any rate; no data decide it.

    Args:
        epsilon: The target ε.
        delta: The target δ.
        mu: What Gaussian releases spend besides.
        steps: Number of steps.
    """
    least = np.log([
        [_least(epsilon, delta, mu, Sampled(math.nan, rate, steps), order) for rate in RATES] for order in ORDERS
    ])  # fmt: skip
    best = least.min(axis=0)
    if not np.isfinite(best).all():
        raise ValueError(f"No noise keeps {steps} steps and mu={mu!r} within ε = {epsilon!r}.")
    return ORDERS[int(np.argmin((least - best).max(axis=1)))]


def _least(epsilon: float, delta: float, mu: float, sampled: Sampled, order: int) -> float:
    """The least noise of the steps at one order, by bisection; infinite if none is enough."""

    def fits(sigma: float) -> bool:
        steps = replace(sampled, sigma=sigma)
        return spent_epsilon([mu] if mu > 0 else [], delta, [steps], order=order) <= epsilon

    low, high = 0.1, 1e5
    if not fits(high):
        return math.inf
    while high > 1.001 * low:
        middle = math.sqrt(low * high)
        low, high = (low, middle) if fits(middle) else (middle, high)
    return high


def _accounting(order: int | None) -> tuple[Any, Any]:
    """The events of dp-accounting, and an accountant for one person added or removed."""
    try:
        import dp_accounting
        from dp_accounting.pld import PLDAccountant
        from dp_accounting.rdp import RdpAccountant
    except ImportError:
        raise MissingExtraError("Accounting for differential privacy", "dp") from None
    neighbours = dp_accounting.NeighboringRelation.ADD_OR_REMOVE_ONE
    accountant = PLDAccountant(neighbours) if order is None else RdpAccountant([order], neighbours)
    return dp_accounting, accountant


def checked(epsilon: float, delta: float) -> None:
    """Refuse what is no privacy budget.

    Raises:
        ConfigError: ε or δ is out of range.
    """
    if not (isinstance(epsilon, int | float) and math.isfinite(epsilon) and 0 < epsilon <= 100):
        raise ConfigError(f"epsilon={epsilon!r} must be a number over 0 and at most 100; 1 is strong, over 10 is weak.")
    if not (isinstance(delta, int | float) and 0 < delta <= 1e-6):
        raise ConfigError(
            f"delta={delta!r} must be over 0 and at most 1e-6: it is the chance that the promise fails for one person."
        )
