"""What Gaussian releases cost, against dp-accounting and against sums over the lattice."""

import math

import numpy as np
import pytest

from smartsynth.errors import ConfigError
from smartsynth.privacy.accountant import gaussian_delta, largest_mu, spent_epsilon

GRID = [(0.1, 1e-9), (1.0, 1e-9), (1.0, 1e-6), (4.0, 1e-9), (10.0, 1e-7)]


@pytest.mark.parametrize("epsilon, delta", GRID)
def test_the_largest_mu_spends_the_whole_budget_and_no_more(epsilon, delta):
    mu = largest_mu(epsilon, delta)
    assert gaussian_delta(mu, epsilon) <= delta
    assert gaussian_delta(mu * 1.001, epsilon) > delta


@pytest.mark.parametrize("epsilon, delta", GRID)
def test_the_closed_form_agrees_with_dp_accounting(epsilon, delta):
    pytest.importorskip("dp_accounting")
    mu = largest_mu(epsilon, delta)
    parts = [mu * 0.6, mu * 0.8 * 0.28, mu * 0.8 * 0.96]
    assert spent_epsilon(parts, delta) == pytest.approx(epsilon, rel=1e-4)
    assert spent_epsilon(parts, delta) <= epsilon
    assert spent_epsilon([2 * part for part in parts], delta) > 1.9 * epsilon


@pytest.mark.parametrize("mu, epsilon", [(0.18, 1.0), (0.67, 4.0)])
def test_the_finer_the_lattice_the_nearer_discrete_noise_comes_to_gaussian(mu, epsilon):
    """δ of the discrete Gaussian, summed over all its values, falls onto the closed form with the square of the step."""

    def off(steps):
        sigma = steps / mu
        x = np.arange(-int(14 * sigma), int(14 * sigma) + 1, dtype=float)
        here, there = (np.exp(-((x - shift) ** 2) / (2 * sigma**2)) for shift in (0.0, steps))
        lost = np.maximum(here / here.sum() - math.exp(epsilon) * there / there.sum(), 0.0).sum()
        return abs(lost / gaussian_delta(mu, epsilon) - 1)

    assert off(64) < 1e-3
    assert off(1024) < off(64) / 50


@pytest.mark.parametrize("epsilon", [0, -1, math.nan, math.inf, "1", 101])
def test_what_is_no_epsilon_is_refused(epsilon):
    with pytest.raises(ConfigError, match="epsilon="):
        largest_mu(epsilon, 1e-9)


@pytest.mark.parametrize("delta", [0, 1e-5, -1e-9, math.nan])
def test_what_is_no_delta_is_refused(delta):
    with pytest.raises(ConfigError, match="delta="):
        largest_mu(1.0, delta)
