"""What Groups promises."""

import numpy as np

from smartsynth.models.groups import Groups


def categories(n=60_000, seed=0):
    """Ten thousand categories, the upper half of which goes with a = 1."""
    rng = np.random.default_rng(seed)
    a = rng.integers(0, 2, n)
    return a, rng.integers(0, 5000, n) + 5000 * a


def test_alike_categories_share_a_group():
    """Groups do not mix the two kinds, and are of about equal mass."""
    a, y = categories()
    groups = Groups.fit(y, 10_000, np.arange(10_000.0), 64)
    mixed = [len(np.unique(a[groups.of_code[y] == g])) for g in range(groups.n_groups)]
    assert sum(mixed) <= groups.n_groups + 1
    assert np.bincount(groups.of_code[y]).max() < 1.2 * len(y) / 64


def test_a_code_is_drawn_from_its_group_by_frequency():
    """Drawn codes have the group they were drawn for, and are as frequent as in the data."""
    rng = np.random.default_rng(1)
    y = rng.choice(600, 50_000, p=np.arange(1, 601) / np.arange(1, 601).sum())
    groups = Groups.fit(y, 700, np.arange(700.0), 32)
    wanted = groups.of_code[y]
    made = groups.draw(wanted, rng.random(len(y)))
    assert np.array_equal(groups.of_code[made], wanted)
    assert 0.5 * np.abs(np.bincount(made, minlength=600) - np.bincount(y, minlength=600)).sum() / len(y) < 0.06
    assert made.max() < 600


def test_arrays_carry_the_groups():
    """Groups from their arrays draw the same codes."""
    _, y = categories()
    groups = Groups.fit(y, 10_000, np.arange(10_000.0))
    again = Groups.from_arrays(groups.arrays())
    u = np.random.default_rng(0).random(500)
    assert np.array_equal(groups.draw(groups.of_code[y[:500]], u), again.draw(groups.of_code[y[:500]], u))
