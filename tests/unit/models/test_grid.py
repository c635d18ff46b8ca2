"""What NumericGrid promises."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from smartsynth.models.grid import MAX_GROUPS, NumericGrid


def fit(values, n_bins=32, min_count=5):
    return NumericGrid.fit(np.asarray(values, dtype=float), n_bins=n_bins, min_count=min_count)


def test_frequent_values_come_back_exactly():
    """Zeros, round numbers and counts are points, not stretches."""
    values = np.repeat([0.0, 1.0, 7.5], [500, 40, 5])
    grid = fit(values)
    codes = grid.encode(values)
    assert np.array_equal(grid.decode(codes, np.random.default_rng(0).random(len(codes))), values)


def test_rare_values_are_never_stored():
    """No stored end of an atom is a value that fewer than min_count rows share."""
    values = np.random.default_rng(1).lognormal(size=3000)
    values[:200] = 1.0
    grid = fit(values)
    stored = set(np.r_[grid.low, grid.high])
    assert not stored & set(values[values != 1.0])
    assert 1.0 in stored


def test_lone_extremes_do_not_come_back():
    """One huge value is averaged with its neighbours."""
    values = np.r_[np.random.default_rng(2).normal(size=2000), 1e6]
    grid = fit(values)
    assert grid.high.max() < 5e5


def test_the_distribution_is_kept():
    """Encoding and decoding moves the distribution by less than half a percent."""
    values = np.random.default_rng(3).gamma(2.0, 10.0, size=20_000)
    values[:4000] = 0.0
    grid = fit(values, n_bins=96)
    back = grid.decode(grid.encode(values), np.random.default_rng(0).random(len(values)))
    assert ks_2samp(values, back).statistic < 0.005
    assert grid.n_bins <= 1.2 * 96


def test_bins_share_the_mass_that_heavy_values_leave():
    """A column of mostly zeros still resolves what is not zero."""
    values = np.r_[np.zeros(30_000), np.random.default_rng(4).lognormal(8, 1, size=2500)]
    codes = fit(values, n_bins=64).encode(values)
    assert len(np.unique(codes[values > 0])) > 50


def test_missing_cells_have_the_last_bin():
    """NaN in, NaN out."""
    values = np.r_[np.arange(100.0), [np.nan] * 20]
    grid = fit(values)
    codes = grid.encode(values)
    assert (codes[-20:] == grid.n_bins - 1).all()
    assert np.isnan(grid.decode(codes, np.zeros(len(codes)))[-20:]).all()


def test_a_column_with_few_known_cells_is_one_point():
    """Three known cells are not enough to store any of them."""
    values = np.r_[[1.0, 2.0, 6.0], [np.nan] * 50]
    grid = fit(values)
    assert grid.low.tolist() == [3.0]
    assert grid.n_bins == 2


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(-1e9, 1e9).map(lambda x: round(x, 2)), min_size=5, max_size=300),
    st.integers(2, 40),
    st.integers(1, 10),
)
def test_every_value_has_a_bin_and_every_bin_a_value(values, n_bins, min_count):
    """Codes are in range, masses are positive and add up, decoded values lie between the softened ends."""
    grid = fit(values, n_bins, min_count)
    codes = grid.encode(np.asarray(values))
    assert codes.min() >= 0
    assert codes.max() < grid.n_bins
    back = grid.decode(codes, np.random.default_rng(0).random(len(codes)))
    assert np.isfinite(back).all()
    assert back.min() >= grid.low.min()
    assert back.max() <= grid.high.max()
    assert (np.diff(grid.bin_of_atom) >= 0).all()


@pytest.mark.parametrize("n", [10, 1000, 100_000])
def test_the_grid_stays_small(n):
    """At most MAX_GROUPS stretches, however many rows."""
    assert len(fit(np.random.default_rng(0).normal(size=n)).low) <= MAX_GROUPS


def test_drawn_values_hit_lone_ones_no_more_often_than_fresh_rows_do():
    """Stretches are as wide as the density of their rows says, not as narrow as the rows that they were cut at."""
    made, fresh = [], []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        rows = rng.lognormal(8, 0.6, 500).round()
        values, counts = np.unique(rows, return_counts=True)
        lone = values[counts <= 2]
        grid = NumericGrid.fit(rows, n_bins=96, min_count=5)
        drawn = grid.decode(np.resize(grid.encode(rows), 20_000), rng.random(20_000)).round()
        made.append(np.isin(drawn, lone).mean())
        fresh.append(np.isin(rng.lognormal(8, 0.6, 20_000).round(), lone).mean())
    assert np.mean(made) < 1.1 * np.mean(fresh)
