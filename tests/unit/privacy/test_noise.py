"""Noise is exact, from the operating system, and what it says."""

import numpy as np
import pytest

pytest.importorskip("opendp")

from smartsynth.privacy.noise import STEPS, Noise


@pytest.mark.parametrize("sigma", [0.5, 26.0])
def test_the_noise_is_gaussian_of_that_width(sigma):
    drawn = Noise().gaussian(np.zeros(20_000, int), sigma=sigma, sensitivity=1, what="zeros")
    scaled = np.sort(drawn / sigma)
    from scipy.stats import kstest

    assert kstest(scaled, "norm").pvalue > 1e-4
    assert abs(drawn.mean()) < 5 * sigma / np.sqrt(len(drawn))
    assert drawn.std() == pytest.approx(sigma, rel=0.03)


def test_what_comes_out_lies_on_the_lattice_and_keeps_its_shape():
    counts = np.array([[3, 0], [1_000_000_000, 7]])
    noisy = Noise().gaussian(counts, sigma=2.0, sensitivity=1, what="counts")
    assert noisy.shape == counts.shape
    assert (noisy * STEPS == np.rint(noisy * STEPS)).all()
    assert np.abs(noisy - counts).max() < 20


def test_no_seed_decides_the_noise():
    def drawn():
        np.random.seed(0)
        return Noise().gaussian(np.zeros(5, int), sigma=1.0, sensitivity=1, what="zeros")

    assert not np.array_equal(drawn(), drawn())


def test_fractions_of_a_count_are_kept():
    """Distances are multiples of one step; none is rounded away."""
    made = Noise().gaussian(np.full(4, 1 / STEPS), sigma=1e-9, sensitivity=1, what="step")
    assert (made == 1 / STEPS).all()
