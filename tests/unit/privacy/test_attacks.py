"""Attacks find known leaks and nothing in rows that nobody has learnt from."""

import numpy as np
import pytest

from smartsynth.metrics.detection import auc
from smartsynth.privacy import attacks


def people(n, seed):
    return np.random.default_rng(seed).normal(size=(n, 6)).astype(np.float32)


TRAIN, HOLDOUT, NEW = people(1000, 0), people(1000, 1), people(1000, 2)


def leaked(share):
    rows = NEW.copy()
    rows[: int(share * len(rows))] = TRAIN[: int(share * len(rows))]
    return rows


def test_nothing_is_found_in_rows_of_others():
    """Shares near a half, p-values not small, AUC near 0.5."""
    share, error = attacks.dcr_share(NEW, TRAIN, HOLDOUT)
    assert abs(share - 0.5) < 3 * error + 0.02
    assert attacks.pooled_labels(NEW, TRAIN, HOLDOUT, [1.0])[0].p > 0.01
    assert auc(*attacks.membership_scores(TRAIN, HOLDOUT, NEW)) == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(("share", "tail"), [(0.05, 0.02), (0.05, 1.0), (1.0, 1.0)])
def test_copies_attach_themselves_to_training_rows(share, tail):
    """The label test sees five per cent of copies."""
    limit = 1e-3 if tail < 1 or share == 1 else 0.2
    assert attacks.pooled_labels(leaked(share), TRAIN, HOLDOUT, [tail])[0].p < limit


def test_a_copy_is_a_leak_by_every_measure():
    """Share, membership AUC, hits at 1 % false alarms, distance ratio."""
    assert attacks.dcr_share(TRAIN, TRAIN, HOLDOUT)[0] == 1
    truth, score = attacks.membership_scores(TRAIN, HOLDOUT, TRAIN)
    assert auc(truth, score) == 1
    assert attacks.tpr_at(truth, score, 0.01) == 1
    assert attacks.nndr(TRAIN, TRAIN) == 0


def test_ties_are_split():
    """Equal distances count half, and tied attack scores are one straight step."""
    same = np.zeros((50, 2), np.float32)
    assert attacks.dcr_share(same, same, same) == (0.5, 0.0)
    truth = np.r_[np.ones(50, bool), np.zeros(50, bool)]
    assert attacks.tpr_at(truth, np.zeros(100), 0.01) == pytest.approx(0.01)


def test_lone_values_that_come_back_are_seen():
    """Copying single numbers is a leak even when rows are new; real rows of others are not."""
    rng = np.random.default_rng(0)
    train, holdout, new = (rng.lognormal(8, 1, 2000).round(2) for _ in range(3))
    assert attacks.lone_values(rng.choice(train, 2000), train, holdout).p < 1e-6
    assert attacks.lone_values(new, train, holdout).p > 0.01


def test_a_value_that_three_people_have_is_nobodys_own():
    train, holdout = np.array([1, 1, 1, 2, 2, 3, 4]), np.array([4, 5])
    found = attacks.lone_values(np.array([1, 2, 4]), train, holdout)
    assert found.value == 0.5  # of 2 and 3, which training rows alone have, 2 comes back
    assert found.expected == 0  # of the holdout 5 alone counts: 4 is on both sides


def test_advantage_is_what_is_gained_beyond_a_guess():
    test = attacks.excess(80, 100, 60, 100)
    assert test.advantage == pytest.approx(0.5)
    low, high = test.interval
    assert 0.15 < low < 0.25 < 0.7 < high < 0.9
    assert attacks.half(0, 0).p == 1


def test_excess_is_fishers_test():
    """As many hits as the control gives no evidence."""
    assert attacks.excess(10, 100, 10, 100).p > 0.4
    assert attacks.excess(30, 100, 10, 100).p < 0.001
