"""What a balanced order of rows promises."""

import numpy as np
import pytest

from smartsynth.models.autoregression import CodeColumn
from smartsynth.models.herding import LEVELS, MOST_PAIRS, Herd, _pairs

COLUMNS = [CodeColumn(40, True), CodeColumn(20, False), CodeColumn(3, False)]
SEEDS = np.arange(1, 2, dtype=np.uint64)


def rows(n, seed):
    """Columns × rows of codes that depend on each other."""
    rng = np.random.default_rng(seed)
    x = np.clip(rng.normal(20, 8, n), 0, 39)
    return np.stack([x, (x / 2 + rng.integers(0, 4, n)) % 20, rng.random(n) * 3]).astype(np.uint16)


def shares(codes):
    return [
        np.bincount(row, minlength=column.n_codes) / codes.shape[1] for row, column in zip(codes, COLUMNS, strict=True)
    ]


def miss(codes, wanted):
    """Mean total variation distance of the columns' shares from the wanted ones."""
    return np.mean([np.abs(a - b).sum() / 2 for a, b in zip(shares(codes), wanted, strict=True)])


def pair_miss(codes, of):
    """The same for pairs of the first two columns, ten codes each."""
    both = [np.bincount(c[0] // 4 * 10 + c[1] // 2, minlength=100) / c.shape[1] for c in (codes, of)]
    return np.abs(both[0] - both[1]).sum() / 2


@pytest.fixture(scope="module")
def pool():
    return rows(4400, 0)


@pytest.fixture(scope="module")
def order(pool):
    return Herd(COLUMNS, shares(pool)).orders([pool], 4000, SEEDS)[0]


def test_every_row_is_taken_once(order):
    """An order is of different places of the block."""
    assert order.shape == (4000,)
    assert len(set(order.tolist())) == 4000
    assert order.min() >= 0 and order.max() < 4400


@pytest.mark.parametrize("n", [100, 400, 2000, 4000])
def test_every_beginning_has_the_shares_that_are_wanted(pool, order, n):
    """The first rows miss the shares of columns, and of pairs, by less than half of what as many random rows do."""
    wanted, first = shares(pool), pool[:, order[:n]]
    by_chance = [pool[:, np.random.default_rng(seed).permutation(4400)[:n]] for seed in range(8)]
    tight = 0.5 if n < 4000 else 1.0
    assert miss(first, wanted) < tight * np.mean([miss(some, wanted) for some in by_chance])
    assert pair_miss(first, pool) < np.mean([pair_miss(some, pool) for some in by_chance])


def test_shares_that_the_block_lacks_are_made_up_for_with_its_spare_rows(pool):
    """Wanted shares count, not those of the block."""
    wanted = shares(pool)
    wanted[2] = np.array([0.35, 0.325, 0.325])
    order = Herd(COLUMNS, wanted).orders([pool], 4000, SEEDS)[0]
    assert shares(pool[:, order])[2][0] == pytest.approx(0.35, abs=0.007)


def test_the_traits_that_are_not_balanced_stay_as_they_are(pool, order):
    """A fine relation between columns is that of the block."""
    gaps = [np.mean((codes[1].astype(int) - codes[0] // 2) % 20) for codes in (pool, pool[:, order[:1000]])]
    assert gaps[1] == pytest.approx(gaps[0], abs=0.2)


def test_a_block_depends_on_its_own_seed_alone(pool):
    """Blocks together or one by one, and other blocks beside them, make no difference."""
    herd, other = Herd(COLUMNS, shares(pool)), rows(4400, 1)
    seeds = np.array([5, 6], np.uint64)
    together = herd.orders([pool, other], 300, seeds)
    assert (together[1] == herd.orders([other], 300, seeds[1:])[0]).all()
    assert (herd.orders([pool], 300, seeds[1:])[0] != together[0]).any()


@pytest.mark.parametrize("n", [1, 2, 3, 7, 22, 60])
def test_pairs_are_different_and_bounded_and_all_columns_take_part(n):
    """All pairs of a narrow table; a wide one's columns all have some."""
    pairs = _pairs(n)
    assert len(set(pairs)) == len(pairs) == min(n * (n - 1) // 2, MOST_PAIRS)
    assert all(i < j < n for i, j in pairs)
    assert {i for pair in pairs for i in pair} == set(range(n if n > 1 else 0))
    assert LEVELS >= 2
