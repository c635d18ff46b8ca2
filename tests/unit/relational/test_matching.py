import numpy as np
import pytest

from smartsynth.relational.matching import allocated, matched, places, repeats, without_repeats


@pytest.mark.parametrize("n", [0, 1, 7, 1000])
def test_places_sum_up_and_follow_the_wishes(n):
    wish = np.array([0.0, 1.0, 3.0, 0.0, 6.0])
    found = places(wish, n, np.random.default_rng(0))
    assert found.sum() == n
    assert (found[wish == 0] == 0).all()
    assert np.abs(found - wish * n / 10).max() <= 1


def test_no_parent_gets_more_than_allowed():
    found = places(np.array([9.0, 1.0, 0.0, 0.0]), 3, np.random.default_rng(0), most=1)
    assert found.sum() == 3
    assert found.max() == 1


def test_rows_get_what_they_ask_for_and_every_place_is_taken_once():
    rng = np.random.default_rng(1)
    offered = [rng.integers(0, 4, 50), rng.integers(0, 9, 50)]
    wanted = [rng.integers(0, 4, 400), rng.integers(0, 9, 400)]
    free = allocated(np.ones(50), wanted, offered, 400, rng, must=0, most=None)
    assert free.sum() == 400
    found = matched(400, wanted, offered, free, rng)
    assert np.array_equal(np.bincount(found, minlength=50), free)
    assert (offered[0][found] == wanted[0]).mean() > 0.95


def test_what_must_agree_is_never_given_up():
    wanted, offered = [np.array([0, 0, 1, 2])], [np.array([0, 1])]
    found = matched(4, wanted, offered, np.array([5, 5]), np.random.default_rng(0), must=1)
    assert found.tolist() == [0, 0, 1, -1]


def test_those_left_over_get_the_next_number_in_order():
    asked, there = np.arange(200) / 200, np.sort(np.random.default_rng(0).random(200))
    found = matched(200, [], [], np.ones(200, np.int64), np.random.default_rng(0), near=(asked, there))
    assert np.corrcoef(asked, there[found])[0, 1] > 0.99


def test_pairs_are_kept_apart_without_changing_how_often_each_occurs():
    rng = np.random.default_rng(2)
    one, other = rng.integers(0, 60, 500), rng.integers(0, 30, 500)
    zeros = np.zeros(500, np.int64)
    found, again = without_repeats(one, other, other % 3, zeros, rng)
    assert repeats(one, other).sum() > 30
    assert not again.any()
    assert np.array_equal(np.bincount(found), np.bincount(other))


def test_pairs_that_cannot_be_kept_apart_are_said():
    one, other = np.zeros(4, np.int64), np.array([0, 0, 1, 1])
    assert without_repeats(one, other, one, one, np.random.default_rng(0))[1].sum() == 2
