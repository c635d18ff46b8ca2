"""What boosted trees expect of a column: of each row by those that have not seen its group."""

import numpy as np
import pytest

from smartsynth.models.autoregression import CodeColumn
from smartsynth.models.boosted_scores import N_BINS, BoostedScore

ORDERED = CodeColumn(16, ordered=True)
NUMBER = CodeColumn(17, ordered=True, missing_code=16)
FLAG = CodeColumn(2, ordered=True)
NAMES = CodeColumn(5, ordered=False)


def codes(n=1_200, groups=120, seed=0):
    """Three ordered columns; a number and a flag that add them up; noise that is the same in all rows of a group."""
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 16, (3, n))
    owner = np.repeat(np.arange(groups), n // groups)
    total = X.sum(axis=0)
    number = np.clip(total // 3 + rng.integers(0, 2, n), 0, 15)
    flag = (total > 22).astype(int)
    luck = rng.integers(0, 16, groups)[owner]
    sign = (rng.permutation(groups) % 16)[owner]
    every = np.array([*X, sign, number, flag, luck], np.uint16)
    return every, [ORDERED, ORDERED, ORDERED, ORDERED, NUMBER, FLAG, ORDERED], owner


def fitted(target, before=(0, 1, 2), **changes):
    every, columns, owner = codes(**changes)
    return every, owner, BoostedScore.fit(every, columns, before, target, owner, np.random.default_rng(1))


@pytest.mark.parametrize("target", [4, 5])
def test_rows_that_were_not_seen_are_foreseen_all_the_same(target):
    """A number and a truth value that hang on three columns together."""
    every, _, (score, bins) = fitted(target)
    assert bins.max() < N_BINS
    assert np.corrcoef(bins, every[target])[0, 1] > 0.75
    assert np.corrcoef(score.bins(every), every[target])[0, 1] > 0.75


def test_what_is_known_of_a_group_tells_its_own_rows_nothing():
    """Luck that only the group's own rows know is not foreseen for them, though a booster that saw them would."""
    every, columns, owner = codes()
    score, bins = BoostedScore.fit(every, columns, (0, 1, 2, 3), 6, owner, np.random.default_rng(1))
    assert abs(np.corrcoef(bins, every[6])[0, 1]) < 0.2
    assert np.corrcoef(score.bins(every), every[6])[0, 1] > np.corrcoef(bins, every[6])[0, 1] + 0.2


def test_it_says_nothing_of_names_or_of_few_rows():
    every, columns, owner = codes()
    columns[4] = NAMES
    assert BoostedScore.fit(every % 5, columns, (0, 1), 4, owner, np.random.default_rng(0)) is None
    few = BoostedScore.fit(every[:, :100], columns, (0, 1), 5, owner[:100], np.random.default_rng(0))
    assert few is None
    same = np.ones_like(every)
    assert BoostedScore.fit(same, columns, (0, 1), 5, owner, np.random.default_rng(0)) is None


def test_missing_cells_are_not_taken_for_numbers():
    every, columns, owner = codes()
    gone = np.random.default_rng(2).random(every.shape[1]) < 0.4
    every[4, gone] = 16
    _, bins = BoostedScore.fit(every, columns, (0, 1, 2), 4, owner, np.random.default_rng(1))
    assert np.corrcoef(bins[~gone], every[4, ~gone])[0, 1] > 0.75


def test_one_group_alone_has_no_score_that_it_did_not_see():
    every, columns, _ = codes()
    _, bins = BoostedScore.fit(
        every, columns, (0, 1, 2), 4, np.zeros(every.shape[1], np.int64), np.random.default_rng(1)
    )
    assert len(set(bins)) == 1


def test_the_same_seed_gives_the_same_score_and_arrays_bring_it_back():
    every, _, (score, bins) = fitted(4)
    _, _, (_, again) = fitted(4)
    assert (bins == again).all()
    assert (BoostedScore.from_arrays(score.arrays()).bins(every) == score.bins(every)).all()
