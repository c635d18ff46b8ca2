"""Shadow models and canaries find a generator that remembers, and say nothing of one that does not."""

import numpy as np
import pandas as pd
import pytest

from smartsynth.inference import infer_schema
from smartsynth.privacy import canaries, shadow
from smartsynth.privacy.neighbours import MixedDistance
from smartsynth.progress import silent

N = 800


def people(seed, n=N):
    rng = np.random.default_rng(seed)
    wealth = rng.normal(size=n)
    return pd.DataFrame({
        "a": (wealth + rng.normal(size=n)).round(3), "b": (wealth + rng.normal(size=n)).round(3),
        "c": rng.normal(size=n).round(3), "d": rng.choice(list("wxyz"), n), "e": rng.integers(0, 50, n),
    })  # fmt: skip


TRAIN, HOLDOUT = people(0), people(1)
ENCODE = MixedDistance.fit(TRAIN, infer_schema(TRAIN)).encode


def remembers(share):
    """A generator whose rows are others', but for a share that is drawn from the rows learnt from with a little noise."""

    def make(rows, seed, progress=silent):
        rng = np.random.default_rng(seed)
        made = people(int(rng.integers(2**31)), len(rows))
        n = round(share * len(rows))
        known = rows.iloc[rng.permutation(len(rows))[:n]].reset_index(drop=True)
        for name in "abc":
            known[name] += rng.normal(0, 0.02, n)
        return pd.concat([known, made.iloc[n:]], ignore_index=True)

    return make


def attacked(make, seed=0):
    return shadow.likelihood_ratio(make, TRAIN, make(TRAIN, 99), HOLDOUT, ENCODE, models=8, seed=seed)


def test_a_generator_that_remembers_is_found():
    every, surest = attacked(remembers(0.2))
    assert every.p < 1e-6
    assert surest.value > 0.9


def test_a_generator_that_remembers_nothing_is_not():
    found = [test for seed in range(5) for test in attacked(remembers(0.0), seed)]
    assert sum(test.p < 0.01 for test in found) == 0


def test_each_target_is_in_half_of_the_shadows():
    coins = shadow._coins(50, 6, np.random.default_rng(0))
    assert (coins.sum(axis=1) == 3).all()
    assert 0.3 < coins[:, 0].mean() < 0.7


def test_shadows_learn_as_many_rows_as_the_release_and_half_of_the_targets():
    sizes = []

    def make(rows, seed, progress):
        sizes.append((len(rows), rows["mark"].isin(range(N)).sum()))
        return rows

    train, holdout = TRAIN.assign(mark=range(N)), HOLDOUT.assign(mark=range(N, 2 * N))
    shadow.likelihood_ratio(make, train, train, holdout, ENCODE, models=4, seed=0)
    assert [size for size, _ in sizes] == [N] * 4
    assert all(0.4 * N < members < 0.6 * N for _, members in sizes)  # no shadow is the release


@pytest.mark.parametrize("share, least, most", [(0.0, 0.0, 0.7), (0.5, 0.7, 9.0)])
def test_canaries_bound_what_a_generator_remembers(share, least, most):
    found = canaries.least_epsilon(remembers(share), TRAIN, ENCODE, seed=0)
    assert least <= found <= most


def test_canaries_of_an_innocent_generator_say_nothing():
    found = [canaries.least_epsilon(remembers(0.0), TRAIN, ENCODE, seed=seed) for seed in range(20)]
    assert sum(value > 0 for value in found) <= 2  # one in twenty by chance


def test_the_bound_holds_for_randomised_response():
    """Coins reported truly with probability e/(1 + e) are exactly 1-differentially private."""
    rng = np.random.default_rng(0)
    over = 0
    for _ in range(200):
        inside = rng.random(400) < 0.5
        told = np.where(rng.random(400) < np.e / (1 + np.e), inside, ~inside)
        over += canaries.bound(np.where(told, 0.0, 1.0) + 1e-9 * rng.random(400), inside) > 1
    assert over <= 0.05 * 200 + 6
    inside = rng.random(400) < 0.5
    assert canaries.bound(np.where(inside, 0.0, 1.0), inside) > 3


def test_canaries_have_nobodys_row():
    found = canaries.planted(TRAIN, 100, np.random.default_rng(0))
    assert len(found.merge(TRAIN)) == 0
    assert set(found["d"]) <= set(TRAIN["d"])
