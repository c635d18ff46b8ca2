"""The rectified flow on normal data, of which everything is known."""

import numpy as np
import pytest

from smartsynth.models.window_flow import WindowFlow

pytest.importorskip("torch")

D = 6
MEAN = np.array([1.0, -2.0, 0.5, 0.0, 3.0, 0.2])
BASE = np.random.default_rng(5).normal(size=(D, D))
COVARIANCE = BASE @ BASE.T / D + 0.3 * np.eye(D)


@pytest.fixture(scope="module")
def points():
    return np.random.default_rng(0).multivariate_normal(MEAN, COVARIANCE, 8_000).astype(np.float32)


@pytest.fixture(scope="module")
def flow(points):
    return WindowFlow.fit(points, steps=600, batch_size=256, width=48, layers=2, seed=1)


def test_mean_and_covariance_are_those_of_the_data(points, flow):
    """The calibration sees to it, however short the training; within the sampling error of 8,000 draws."""
    made = flow.sample(8_000, np.random.default_rng(2)).astype(np.float64)
    spread = points.std(axis=0)
    assert made.shape == (8_000, D)
    assert np.abs((made.mean(axis=0) - points.mean(axis=0)) / spread).max() < 0.06
    assert np.abs((np.cov(made.T) - np.cov(points.T)) / np.outer(spread, spread)).max() < 0.08


def test_conditional_draws_have_the_conditional_normal_distribution(points, flow):
    """Mean and covariance of what is free given three coordinates, by the textbook formula."""
    mean, covariance = points.mean(axis=0).astype(float), np.cov(points.T.astype(float))
    given, free = [0, 2, 5], [1, 3, 4]
    values = mean[given] + np.sqrt(np.diag(covariance)[given]) * np.array([1.0, -0.7, 0.5])
    known = np.full((4_000, D), np.nan)
    known[:, given] = values
    made = flow.under(known, np.random.default_rng(3)).astype(float)
    gain = covariance[np.ix_(free, given)] @ np.linalg.inv(covariance[np.ix_(given, given)])
    expected = mean[free] + gain @ (values - mean[given])
    left = covariance[np.ix_(free, free)] - gain @ covariance[np.ix_(given, free)]
    spread = np.sqrt(np.diag(covariance)[free])
    assert np.allclose(made[:, given], values, atol=1e-5)
    assert np.abs((made[:, free].mean(axis=0) - expected) / spread).max() < 0.15
    assert np.abs((np.cov(made[:, free].T) - left) / np.outer(spread, spread)).max() < 0.15


def test_each_row_may_know_other_coordinates(flow):
    known = np.full((60, D), np.nan)
    known[:20, 0], known[20:40, 3:] = 1.5, 0.0
    made = flow.under(known, np.random.default_rng(4))
    assert np.isfinite(made).all()
    assert (made[:20, 0] == 1.5).all()
    assert (made[20:40, 3:] == 0.0).all()
    assert made[40:].std(axis=0).min() > 0.1


def test_the_same_seed_gives_the_same_points_and_arrays_bring_them_back(points, flow):
    one, two = (
        WindowFlow.fit(points[:500], steps=100, batch_size=64, width=16, layers=1, seed=7).sample(
            9, np.random.default_rng(0)
        )
        for _ in range(2)
    )
    assert (one == two).all()
    again = WindowFlow.restore(flow.arrays(), flow.weights)
    assert (again.sample(9, np.random.default_rng(0)) == flow.sample(9, np.random.default_rng(0))).all()


def test_training_leaves_the_callers_random_state_alone(points):
    import torch

    torch.manual_seed(3)
    expected = torch.rand(3)
    torch.manual_seed(3)
    WindowFlow.fit(points[:200], steps=100, batch_size=32, width=8, layers=1, seed=1)
    assert torch.equal(torch.rand(3), expected)


def test_coordinates_that_hang_on_others_do_so_in_what_is_drawn():
    """Ten coordinates of which five are copies: the copies agree, also under conditions."""
    half = np.random.default_rng(0).normal(size=(2_000, 5))
    twice = np.concatenate([half, 2 * half], axis=1).astype(np.float32)
    model = WindowFlow.fit(twice, steps=100, batch_size=64, width=16, layers=1, seed=1)
    made = model.sample(200, np.random.default_rng(1))
    assert np.allclose(made[:, 5:], 2 * made[:, :5], atol=1e-3)
    known = np.full((50, 10), np.nan)
    known[:, 0] = 1.0
    assert np.allclose(model.under(known, np.random.default_rng(2))[:, 5], 2.0, atol=0.02)
