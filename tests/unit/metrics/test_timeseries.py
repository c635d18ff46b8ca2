"""What the published scores of windows say of windows whose answer is known."""

import numpy as np
import pytest

from smartsynth.errors import DataError
from smartsynth.metrics import timeseries
from smartsynth.metrics.context_fid import context_fid, encoded, frechet

LENGTH, CHANNELS = 12, 6


def sines(n, seed):
    """Sines of six channels with their own frequency and phase, scaled to [0, 1]."""
    rng = np.random.default_rng(seed)
    speed, phase = rng.uniform(0.1, 0.4, (n, 1, CHANNELS)), rng.uniform(0, 3, (n, 1, CHANNELS))
    return (0.5 + 0.5 * np.sin(speed * np.arange(LENGTH)[None, :, None] + phase)).astype(np.float32)


def noise(n, seed):
    return np.random.default_rng(seed).random((n, LENGTH, CHANNELS)).astype(np.float32)


def linked(n, seed, strength):
    """Windows of two channels with a known correlation."""
    rng = np.random.default_rng(seed)
    one = rng.normal(size=(n, LENGTH))
    two = strength * one + np.sqrt(1 - strength**2) * rng.normal(size=(n, LENGTH))
    return np.stack([one, two], axis=2).astype(np.float32)


def test_windows_are_all_overlapping_ones_scaled_over_the_series():
    series = np.c_[np.arange(10.0), 5 - np.arange(10.0)]
    found = timeseries.windows_of(series, 4)
    assert found.shape == (7, 4, 2)
    assert found[0, :, 0] == pytest.approx(np.arange(4) / 9)
    assert found[-1, -1].tolist() == pytest.approx([1, 0], abs=1e-6)


def test_a_series_shorter_than_a_window_is_refused():
    with pytest.raises(DataError, match="3 moments, and a window 4"):
        timeseries.windows_of(np.zeros((3, 1)), 4)


@pytest.mark.parametrize("made", [sines(600, 0), sines(600, 1)], ids=["copy", "another half"])
def test_real_windows_are_not_told_apart(made):
    assert timeseries.discriminative_score(sines(600, 0), made, steps=100) < 0.09


def test_noise_is_told_apart_at_once():
    assert timeseries.discriminative_score(sines(300, 0), 0.3 * noise(300, 0), steps=400) > 0.45


def test_a_detective_needs_windows():
    with pytest.raises(DataError, match="10 windows"):
        timeseries.discriminative_score(sines(600, 0), sines(5, 0))


def test_what_learnt_from_real_windows_predicts_better_than_what_learnt_from_noise():
    real = sines(400, 0)
    best, worst = (timeseries.predictive_score(real, made, steps=300) for made in (sines(400, 1), noise(400, 1)))
    assert best < 0.9 * worst


def test_a_single_channel_cannot_be_predicted_from_the_others():
    with pytest.raises(DataError, match="two channels"):
        timeseries.predictive_score(sines(50, 0)[:, :, :1], sines(50, 1)[:, :, :1])


def test_the_correlational_score_is_the_difference_of_correlations_over_ten():
    """Both the correlation of the pair and the diagonal, which is 1 on both sides, are summed."""
    found = timeseries.correlational_score(linked(20_000, 0, 0.8), linked(20_000, 1, 0.2))
    assert found == pytest.approx(0.06, abs=0.003)


def test_the_correlational_score_of_a_copy_is_what_draws_of_a_fifth_differ():
    assert timeseries.correlational_score(sines(2000, 0), sines(2000, 0)) < 0.06


def test_a_constant_channel_has_no_correlation():
    """Neither a division by nothing nor noise of rounding."""
    real = linked(2000, 0, 0.8)
    still = real.copy()
    still[:, :, 1] = 0.1
    assert timeseries.correlational_score(still, still) < 1e-9
    assert timeseries.correlational_score(real, still) == pytest.approx(0.08, abs=0.005)


def test_nearest_windows_tell_a_copy_from_fresh_windows():
    train, holdout = sines(500, 0), sines(500, 1)
    copy, fresh = (timeseries.nearest(train, made, holdout) for made in (train, sines(500, 2)))
    assert (copy.near, copy.median) == (1, pytest.approx(0, abs=1e-6))
    assert fresh.near < 0.04
    assert fresh.median == pytest.approx(fresh.holdout, rel=0.1)


def test_the_frechet_distance_of_normal_samples_has_a_closed_form():
    """|μ1 - μ2|² + Σ (s1 - s2)² for diagonal covariances; sampled."""
    rng = np.random.default_rng(0)
    one, two = rng.normal(size=(200_000, 3)), rng.normal(size=(200_000, 3)) * [1, 2, 0.5] + [1, 0, -2]
    assert frechet(one, two) == pytest.approx(5 + 1 + 0.25, rel=0.02)


def test_the_frechet_distance_is_that_of_the_root_of_the_product():
    """The eigenvalues are those of the textbook's matrix root."""
    from scipy.linalg import sqrtm

    rng = np.random.default_rng(1)
    one, two = rng.normal(size=(50, 4)) @ rng.normal(size=(4, 4)), rng.normal(size=(40, 4)) @ rng.normal(size=(4, 4))
    c1, c2 = np.cov(one, rowvar=False), np.cov(two, rowvar=False)
    shift = one.mean(0) - two.mean(0)
    known = shift @ shift + np.trace(c1 + c2 - 2 * sqrtm(c1 @ c2).real)
    assert frechet(one, two) == pytest.approx(known)


def test_fewer_windows_than_dimensions_have_a_frechet_distance():
    one = np.random.default_rng(0).normal(size=(5, 20))
    assert frechet(one, one) == pytest.approx(0, abs=1e-5)
    assert frechet(one[:, :1], one[:, :1] + 2) == pytest.approx(4)


def test_context_fid_orders_a_copy_real_windows_and_noise():
    real = sines(120, 0)
    encodings = encoded(real, [real, sines(120, 1), noise(120, 0)], steps=10)
    copy, fresh, far = (frechet(encodings[0], one) for one in encodings)
    assert copy == pytest.approx(0, abs=1e-6)
    assert copy < fresh < far / 5


def test_same_seed_same_context_fid():
    real, made = sines(40, 0), sines(40, 1)
    assert context_fid(real, made, steps=2) == context_fid(real, made, steps=2)
