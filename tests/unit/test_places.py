"""What cells promise: pairs lie in them only where others do, and their borders are nobody's."""

import numpy as np
import pytest

from smartsynth.places import LOST, MOST_DEPTH, Cells, borders_of, on_globe


def towns(n=4_000, seed=0):
    """Pairs in three towns and along a road, to four decimal places, and one alone in the sea."""
    rng = np.random.default_rng(seed)
    centre = np.array([[41.9, 12.5], [45.46, 9.19], [48.85, 2.35]])[rng.integers(3, size=n)]
    pairs = centre + rng.normal(0, 0.05, (n, 2))
    road = rng.random(n) < 0.2
    along = rng.random(n)[:, None]
    pairs = np.where(road[:, None], np.array([41.9, 12.5]) * (1 - along) + np.array([45.46, 9.19]) * along, pairs)
    pairs[0] = [38.0, -40.0]
    return pairs.round(4).T


@pytest.fixture(scope="module")
def cells():
    return Cells.fit(*towns(), k=5)


def test_every_cell_has_k_pairs_and_few_pairs_have_none(cells):
    place = cells.locate(*towns())
    assert np.bincount(place[place >= 0], minlength=len(cells.codes)).min() >= 5
    assert 0 < (place < 0).mean() <= LOST
    assert place[0] == -1  # alone in the sea
    assert len(cells.codes) > 100


def test_pairs_are_made_in_their_cell_to_their_decimals(cells):
    rng = np.random.default_rng(1)
    places = rng.integers(len(cells.codes), size=3_000)
    for decimals in ((4, 4), (None, None), (6, 5)):
        latitude, longitude = cells.drawn(places, decimals, rng)
        assert np.array_equal(cells.locate(latitude, longitude), places)
        if decimals[0] is not None:
            assert np.array_equal(latitude, latitude.round(decimals[0]))


def test_pairs_that_are_made_lie_near_real_ones(cells):
    """As near to real pairs as other real pairs are, within the size of a cell; columns drawn apart are far off."""
    rng = np.random.default_rng(2)
    real, other = np.stack(towns()), np.stack(towns(seed=1))
    place = cells.locate(*real)
    made = np.stack(cells.drawn(rng.choice(place[place >= 0], 1_000), (4, 4), rng))
    apart = np.stack([rng.choice(real[0], 1_000), rng.choice(real[1], 1_000)])

    def far(pairs):
        return np.quantile([np.abs(real.T - pair).max(axis=1).min() for pair in pairs.T[:400]], 0.9)

    assert far(made) < 3 * far(other) < far(apart) / 10


def test_borders_are_those_of_the_globe(cells):
    for code in cells.codes:
        south, north, west, east = borders_of(code)
        assert (north - south, east - west) == (180 / 2 ** len(code), 360 / 2 ** len(code))
        assert (south + 90) % (north - south) == 0
        assert len(code) <= MOST_DEPTH
    assert borders_of("") == (-90, 90, -180, 180)


def test_the_rim_of_the_globe_is_in_it():
    whole = Cells(("",))
    assert (
        whole.holds(np.array([90.0, -90, 0, 91, np.nan]), np.array([180.0, -180, 0, 0, 0])).tolist()
        == [True] * 3 + [False] * 2
    )
    assert on_globe(np.array([0.0, 0.0]), np.array([-180.0, 180.1])).tolist() == [True, False]
    corner = Cells.fit(np.full(9, 90.0), np.full(9, 180.0), k=5)
    assert corner.codes == ("3" * MOST_DEPTH,)


def test_fewer_than_k_pairs_have_no_cell():
    assert Cells.fit(np.zeros(4), np.zeros(4), k=5).codes == ()
    assert Cells(()).locate(np.zeros(2), np.zeros(2)).tolist() == [-1, -1]
    assert Cells.fit(np.full(9, 95.0), np.zeros(9), k=5).codes == ()
