"""The limits that real rows set each other."""

import numpy as np
import pytest

from smartsynth.privacy.yardstick import TOO_CLOSE, Yardstick, is_copy, measured, too_close


def neighbour_distances(n: int, seed: int, decimals: int = 8) -> np.ndarray:
    """Distances to five neighbours, nearest first."""
    distances = np.sort(np.random.default_rng(seed).gamma(3, 0.02, (n, 5)), axis=1)
    return distances.round(decimals).astype(np.float32)


@pytest.mark.parametrize("decimals", [8, 2])
def test_limits_drop_no_more_than_the_share_they_are_set_for(decimals):
    """Rows like those that set the limits lose TOO_CLOSE of them, fewer where distances come in steps."""
    distances = neighbour_distances(20_000, 0, decimals)
    limits = measured(distances, np.zeros(20_000, bool), np.zeros(20_000, int))
    lost = too_close(neighbour_distances(20_000, 1, decimals), limits).mean()
    assert lost < 1.5 * TOO_CLOSE
    assert decimals == 2 or lost > 0.5 * TOO_CLOSE


def test_rows_in_a_crowd_and_rows_far_away_pass():
    """Nearer than the threshold to one row is too close; to five rows is a crowd; a row with no neighbours is free."""
    limits = Yardstick(threshold=0.1, ratio=0.05, coincidence=0.0, rows=100)
    distances = np.array(
        [[0.05, 0.2, 0.2, 0.2, 0.2], [0.05, 0.06, 0.07, 0.08, 0.09], [0.2, 0.3, 0.3, 0.3, 0.3],
         [0.04, 0.9, 0.9, 0.9, 0.9], [0.001, 0.06, 0.07, 0.08, 0.09], [0.5, np.inf, np.inf, np.inf, np.inf]],
        np.float32,
    )  # fmt: skip
    assert too_close(distances, limits).tolist() == [True, False, False, True, True, False]


def test_rows_like_others_do_not_set_the_limits():
    """Limits come from rows that equal no other; how often rows do is kept as the coincidence."""
    distances = neighbour_distances(1000, 0)
    others = np.zeros(1000, int)
    distances[:300, 0], others[:300] = 0, 1
    limits = measured(distances, others > 0, others)
    alone = measured(distances[300:], np.zeros(700, bool), others[300:])
    assert (limits.threshold, limits.ratio) == (alone.threshold, alone.ratio)
    assert limits.coincidence == pytest.approx(0.3)


def test_no_limits_without_distances():
    """Nothing but equal rows, or no rows at all: limits of 0, which drop nothing."""
    same = measured(np.zeros((10, 5), np.float32), np.ones(10, bool), np.full(10, 9))
    none = measured(np.zeros((0, 5), np.float32), np.zeros(0, bool), np.zeros(0, int))
    assert (same.threshold, same.ratio, none.threshold, none.ratio) == (0, 0, 0, 0)
    assert not too_close(neighbour_distances(50, 1), same).any()


@pytest.mark.parametrize(
    ("in_train", "in_all", "expected"),
    [
        (0, 0, False),
        (1, 1, True),
        (4, 4, True),
        (5, 5, False),
        (1, 9, True),
        (0, 3, True),
        (0, 5, False),
        (6, 7, False),
    ],
)
def test_copies_are_of_rare_rows(in_train, in_all, expected):
    """Equal to 1 to k - 1 real rows, or training rows, is a copy; to none or to k is not."""
    assert is_copy(np.array([in_train]), np.array([in_all]), 5).tolist() == [expected]
