"""What the measures of rows over time say of series whose answer is known."""

import numpy as np
import pytest

from smartsynth.metrics import coverage, forecasting
from smartsynth.metrics import sequence_moments as of
from smartsynth.metrics.rows import Rows


def autoregressive(n, rows, phi, seed, *, channels=1):
    """`n` records of an AR(1) series in its stationary state, and their bounds."""
    rng = np.random.default_rng(seed)
    values = np.empty((n, rows, channels))
    values[:, 0] = rng.normal(size=(n, channels))
    for t in range(1, rows):
        values[:, t] = phi * values[:, t - 1] + np.sqrt(1 - phi**2) * rng.normal(size=(n, channels))
    return values.reshape(-1, channels), np.arange(n + 1) * rows


def test_autocorrelations_are_powers():
    """φ, φ², φ³ of an AR(1) series, also from records of four rows."""
    values, bounds = autoregressive(20_000, 4, 0.7, 0)
    found = of.lagged_correlations(values, bounds, 3)[:, 0, 0]
    assert found == pytest.approx([1, 0.7, 0.49, 0.343], abs=0.02)


def test_records_are_not_joined():
    """Rows of different records are no pair."""
    values, bounds = autoregressive(2000, 2, 0.9, 0)
    found = of.lagged_correlations(values, bounds, 2)[:, 0, 0]
    assert found[1] == pytest.approx(0.9, abs=0.02)
    assert np.isnan(found[2])


def test_a_channel_that_follows_another_is_seen_at_its_lag():
    values, bounds = autoregressive(200, 50, 0.0, 0)
    late = np.c_[values, np.roll(values, 3)]
    found = of.lagged_correlations(late, bounds, 4)[:, 0, 1]
    assert int(np.argmax(found)) == 3
    assert found[3] == pytest.approx(1, abs=0.05)


def test_missing_cells_leave_autocorrelations_as_they_are():
    values, bounds = autoregressive(5000, 5, 0.8, 0)
    values[np.random.default_rng(1).random(len(values)) < 0.3] = np.nan
    assert of.lagged_correlations(values, bounds, 1)[1, 0, 0] == pytest.approx(0.8, abs=0.02)


def test_constant_and_missing_channels_have_no_correlation():
    values, bounds = autoregressive(100, 5, 0.8, 0)
    odd = np.c_[values, np.full(len(values), 3.0), np.full(len(values), np.nan)]
    found = of.lagged_correlations(odd, bounds, 1)
    assert np.isfinite(found[:, 0, 0]).all()
    assert np.isnan(found[:, 1:, :]).all()


def test_the_autocorrelation_difference_is_the_mean_over_lags():
    one, two = (of.lagged_correlations(*autoregressive(20_000, 4, phi, 0), 2) for phi in (0.8, 0.5))
    assert of.autocorrelation_difference(one, two) == pytest.approx((0.3 + 0.39) / 2, abs=0.02)
    assert of.autocorrelation_difference(one, one) == 0
    assert np.isnan(of.cross_correlation_difference(one, two))


def test_steps_stay_inside_records():
    values = np.array([[1.0], [4.0], [np.nan], [7.0], [9.0]])
    found = of.steps(values, np.array([0, 3, 5]))
    assert found[[0, 2]].ravel().tolist() == [3, 2]
    assert np.isnan(found[1, 0])


def test_the_spectrum_of_a_sine_is_at_its_frequency():
    series = np.sin(2 * np.pi * np.arange(640) / 8)[:, None]
    frequencies, power = of.spectrum(series, np.array([0, 640]), 32)
    assert frequencies[np.argmax(power[:, 0])] == pytest.approx(1 / 8)
    assert power[:, 0].sum() == pytest.approx(1)


def test_the_spectrum_of_noise_is_flat():
    series = np.random.default_rng(0).normal(size=(64_000, 1))
    _, power = of.spectrum(series, np.array([0, 64_000]), 16)
    assert power[:-1, 0] == pytest.approx(np.full(7, power[:-1, 0].mean()), rel=0.2)


def test_the_spectral_distance_is_how_far_power_moves():
    """All power a quarter of the way from slow to fast."""
    one, two = np.zeros((8, 1)), np.zeros((8, 1))
    one[1], two[3] = 1, 1
    assert of.spectral_distance(one, two).tolist() == [0.25]
    assert of.spectral_distance(one, one).tolist() == [0]


def test_records_shorter_than_a_stretch_and_constants_have_no_spectrum():
    values = np.c_[np.arange(12.0), np.full(12, 5.0)]
    assert np.isnan(of.spectrum(values, np.array([0, 6, 12]), 8)[1]).all()
    power = of.spectrum(values, np.array([0, 12]), 8)[1]
    assert np.isnan(power[:, 1]).all()
    assert power[:, 0].sum() == pytest.approx(1)


def test_rows_out_of_order_are_counted_against_the_latest_row_before():
    """Also where records are mixed; equal times are in order."""
    when, owner = np.array([5.0, 1, 3, 1, 4, 6]), np.array([0, 1, 0, 1, 0, 1])
    assert of.out_of_order(when, owner) == pytest.approx(2 / 6)
    assert of.out_of_order(np.sort(when), np.zeros(6, int)) == 0


def test_gaps_are_times_to_the_next_row_of_the_record():
    assert of.gaps(np.array([1.0, 4, 0, 9]), np.array([0, 2, 4])).tolist() == [3, 9]


def test_persistence_and_transitions_of_a_chain():
    """A chain that stays with 0.8 and else goes to the next of three."""
    rng = np.random.default_rng(0)
    codes = np.cumsum(rng.random(30_000) < 0.2) % 3
    bounds = np.array([0, 10_000, 30_000])
    assert of.persistence(codes, bounds) == pytest.approx(0.8, abs=0.01)
    found = of.transitions(codes, bounds, 3)
    assert found.sum() == pytest.approx(1)
    assert np.diag(found) == pytest.approx(np.full(3, 0.8 / 3), abs=0.01)
    assert found[0, 2] == 0


def test_records_of_one_row_have_no_persistence():
    assert np.isnan(of.persistence(np.zeros(5, int), np.arange(6)))


def points(n, seed, *, spread=1.0):
    return (np.random.default_rng(seed).normal(size=(n, 3)) * spread / 6).astype(np.float32)


def test_coverage_of_the_same_distribution_is_nearly_all():
    """1 - 2⁻⁵ for five neighbours."""
    assert coverage.coverage(points(2000, 0), points(2000, 1)) == pytest.approx(31 / 32, abs=0.02)


def test_coverage_of_a_collapsed_sample_is_nearly_nothing():
    assert coverage.coverage(points(500, 0), np.repeat(points(1, 1), 500, axis=0)) < 0.05


def test_copies_are_nearer_than_fresh_records():
    train, fresh = points(1000, 0), points(1000, 1)
    assert coverage.near_share(train, train, fresh) == 1
    assert coverage.near_share(train, points(1000, 2), fresh) < 0.03


def asked(phi, seed, *, n=300):
    """Questions about an AR(1) series and a chain of categories that stays with the same share."""
    values, bounds = autoregressive(n, 10, phi, seed)
    rng = np.random.default_rng(seed)
    moved = rng.random(len(values)) < 0.2
    codes = (np.cumsum(moved) % 3)[:, None]
    return forecasting.questions(Rows(values, codes), bounds, most=2500, rng=rng)


def test_a_forecast_is_as_good_as_the_process_allows():
    """Of an AR(1) series with φ = 0.8 the mean absolute error is 0.6·√(2/π) standard deviations, "as now" √(0.4)·√(2/π)."""
    found, lazy = forecasting.numbers(asked(0.8, 0), asked(0.8, 1), 0, seed=0)
    assert found == pytest.approx(0.6 * np.sqrt(2 / np.pi), rel=0.08)
    assert lazy == pytest.approx(np.sqrt(0.4 * 2 / np.pi), rel=0.08)


def test_what_learnt_from_the_wrong_process_foretells_worse():
    right, _ = forecasting.numbers(asked(0.8, 0), asked(0.8, 1), 0, seed=0)
    wrong, _ = forecasting.numbers(asked(-0.8, 0), asked(0.8, 1), 0, seed=0)
    assert wrong > 1.5 * right


def test_categories_are_foretold_as_often_as_they_stay():
    found, lazy = forecasting.categories(asked(0.8, 0), asked(0.8, 1), 0, 3, seed=0)
    assert lazy == pytest.approx(0.8, abs=0.03)
    assert found == pytest.approx(0.8, abs=0.04)


def test_a_forecast_of_a_constant_is_none():
    still = forecasting.questions(Rows(np.ones((40, 1)), np.zeros((40, 0), int)), np.array([0, 40]), most=99, rng=np.random.default_rng(0))  # fmt: skip
    assert np.isnan(forecasting.numbers(still, still, 0, seed=0)).all()
