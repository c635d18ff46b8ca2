"""The audit passes noise that is as wide as the ledger says, and finds noise that is not."""

import numpy as np
import pytest

pytest.importorskip("opendp")
pytest.importorskip("dp_accounting")

from smartsynth.models.dp_audit import audit, lower_bound
from smartsynth.privacy.noise import Noise


class Weak(Noise):
    """Noise that is a half, or none at all, of what the ledger is told."""

    def __init__(self, factor):
        self.factor = factor

    def gaussian(self, counts, *, sigma, sensitivity, what):
        return super().gaussian(counts, sigma=max(sigma * self.factor, 1e-6), sensitivity=sensitivity, what=what)


@pytest.mark.parametrize("epsilon", [1.0, 4.0])
def test_true_noise_passes_and_halved_noise_is_found(epsilon):
    true, halved = audit(epsilon, seed=0), audit(epsilon, noise=Weak(0.5), seed=0)
    assert not true.violated
    assert true.epsilon_bound < epsilon
    assert halved.violated
    assert halved.sentence().startswith("The claim is wrong")
    assert true.sentence().startswith("No violation found")


def test_noise_that_was_left_out_shows_itself_above_the_claimed_epsilon():
    missing = audit(1.0, noise=Weak(0.0), canaries=500, seed=1)
    assert missing.violated
    assert missing.epsilon_bound > 10


def test_the_bound_holds_as_often_as_it_says():
    """Samples with a known μ: the bound lies above it in no more than a twentieth of the cases, and near it."""
    rng = np.random.default_rng(0)
    bounds = np.array([
        lower_bound(rng.normal(0.3, 1, 400), rng.normal(0, 1, 400), 0.95) for _ in range(1_000)
    ])  # fmt: skip
    assert 0.03 < (bounds > 0.3).mean() < 0.07
    assert np.median(bounds) > 0.15
    assert lower_bound(np.ones(1), np.zeros(5), 0.95) == 0.0
