"""How much privacy a row of Gaussian releases costs: ε at a stated δ, and the noise that a target leaves.

A release whose sensitivity is Δ and whose noise has the standard deviation σ is μ-Gaussian differentially private with
μ = Δ / σ, and releases with μ₁, μ₂ … are together √(μ₁² + μ₂² + …)-Gaussian differentially private, even if each is
chosen after looking at those before (Dong, Roth & Su 2022, Corollary 3.3). So a plan hands out shares of μ² and can
never spend more than it has.

    gaussian_delta   δ(ε) of μ, in closed form (Balle & Wang 2018, Theorem 8)
    largest_mu       the largest μ under a target (ε, δ)
    epsilon_of       ε of μ at δ
    spent_epsilon    ε of what was really released, by the accountant of Google's dp-accounting
"""

from __future__ import annotations

import math
from collections.abc import Sequence

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


def spent_epsilon(mus: Sequence[float], delta: float) -> float:
    """ε of Gaussian releases with these μ at δ, by dp-accounting's privacy loss distributions (an upper bound).

    >>> spent_epsilon([], 1e-9)
    0.0
    """
    try:
        from dp_accounting import GaussianDpEvent
        from dp_accounting.pld import PLDAccountant
    except ImportError:
        raise MissingExtraError("Accounting for differential privacy", "dp") from None
    if not mus:
        return 0.0
    accountant = PLDAccountant()
    accountant.compose(GaussianDpEvent(1 / math.hypot(*mus)))
    return float(accountant.get_epsilon(delta))


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
