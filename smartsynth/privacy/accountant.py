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

A step that looks at each person with a small probability only is no Gaussian release of its own; what many of them cost
is what privacy loss distributions say (Koskela, Jälkö & Honkela 2020), by dp-accounting.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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


def spent_epsilon(mus: Sequence[float], delta: float, sampled: Sequence[Sampled] = (), *, fast: bool = False) -> float:
    """ε of Gaussian releases with these μ, and of sampled steps, at δ: an upper bound by privacy loss distributions.

    The bound is wider and there sooner if it is to be `fast`: by Rényi differential privacy.

    >>> spent_epsilon([], 1e-9)
    0.0
    """
    events, accountant = _accounting(fast=fast)
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

    Args:
        epsilon: The target ε.
        delta: The target δ.
        mu: What Gaussian releases spend besides; less than the target allows alone.
        rate: Probability with which a person is in a step.
        steps: Number of steps.

    Returns:
        σ over the most that one person changes a step, at most 1 % more than needed.
    """
    before = [mu] if mu > 0 else []
    if rate >= 1:  # everybody is in every step: Gaussian releases like any other
        left = largest_mu(epsilon, delta) ** 2 - mu**2
        if left <= 0:
            raise ValueError(f"mu={mu!r} leaves nothing of ε = {epsilon!r}.")
        return math.sqrt(steps / left)
    if spent_epsilon(before, delta) >= epsilon:
        raise ValueError(f"mu={mu!r} leaves nothing of ε = {epsilon!r}.")
    high = _enough(epsilon, delta, before, rate, steps)
    low = high / 2
    while high - low > 0.01 * high:
        middle = (low + high) / 2
        if spent_epsilon(before, delta, [Sampled(middle, rate, steps)]) > epsilon:
            low = middle
        else:
            high = middle
    return high


def _enough(epsilon: float, delta: float, before: Sequence[float], rate: float, steps: int) -> float:
    """A noise that is enough and at most twice what is needed, by Rényi differential privacy (Mironov 2017): fast."""

    def fits(sigma: float) -> bool:
        return spent_epsilon(before, delta, [Sampled(sigma, rate, steps)], fast=True) <= epsilon

    sigma = 1.0
    while not fits(sigma):
        sigma *= 1.25
        if sigma > 1e6:
            raise ValueError(f"No noise keeps {steps} steps within ε = {epsilon!r}.")
    while sigma > 0.2 and fits(sigma / 1.25):
        sigma /= 1.25
    return sigma


def _accounting(*, fast: bool) -> tuple[Any, Any]:
    """The events of dp-accounting, and an accountant for one person added or removed."""
    try:
        import dp_accounting
        from dp_accounting.pld import PLDAccountant
        from dp_accounting.rdp import RdpAccountant
    except ImportError:
        raise MissingExtraError("Accounting for differential privacy", "dp") from None
    neighbours = dp_accounting.NeighboringRelation.ADD_OR_REMOVE_ONE
    accountant = RdpAccountant(range(2, 257), neighbours) if fast else PLDAccountant(neighbours)
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
