"""Numbers brought to the distribution of the data, in their order."""

import numpy as np
import pytest
from scipy.stats import ks_2samp

from smartsynth.models.margin import Margin


@pytest.fixture(scope="module")
def parts():
    rng = np.random.default_rng(0)
    drawn = rng.normal(0.2, 1.3, 20_000)
    real = np.where(rng.random(20_000) < 0.3, 0.0, rng.lognormal(0, 1, 20_000))
    return drawn, real, Margin.fit(drawn, real, min_count=5)


def test_numbers_keep_their_order(parts):
    numbers = np.sort(np.r_[parts[0], np.linspace(-20, 20, 999)])
    assert (np.diff(parts[2].mapped(numbers)) >= 0).all()


def test_heavy_values_come_back_exactly_and_in_their_share(parts):
    made = parts[2].mapped(parts[0])
    assert (made == 0.0).mean() == pytest.approx(0.3, abs=0.01)


def test_the_distribution_is_that_of_the_data(parts):
    fresh = np.random.default_rng(1).normal(0.2, 1.3, 20_000)
    assert ks_2samp(parts[2].mapped(fresh), parts[1]).statistic < 0.02
    assert ks_2samp(fresh, parts[1]).statistic > 0.3


def test_what_lies_beyond_all_that_was_drawn_keeps_its_distance(parts):
    margin = parts[2]
    last = margin.drawn[-1]
    far = margin.mapped(np.array([last, last + 2.0]))
    assert far[1] - far[0] == pytest.approx(2.0, rel=1e-5)


def test_shape_stays_and_arrays_bring_it_back(parts):
    numbers = parts[0][:60].reshape(3, 4, 5)
    made = parts[2].mapped(numbers)
    assert made.shape == (3, 4, 5)
    assert (Margin.from_arrays(parts[2].arrays()).mapped(numbers) == made).all()


def test_no_value_of_few_rows_is_kept():
    real = np.r_[np.zeros(100), np.random.default_rng(0).normal(5, 1, 500), 98765.43]
    margin = Margin.fit(np.random.default_rng(1).normal(size=2_000), real, min_count=5)
    for array in margin.arrays().values():
        assert not np.isclose(np.asarray(array, float), 98765.43).any()
