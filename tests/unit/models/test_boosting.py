"""What the flat form of boosters promises."""

import lightgbm
import numpy as np
import pytest

from smartsynth.models.boosting import FlatTrees, Training, flatten, train
from smartsynth.models.kernels import score_rows

HOW = Training(rounds=40, learning_rate=0.1, num_leaves=15, min_data_in_leaf=20, lambda_l2=1.0)


def scores(trees: FlatTrees, codes):
    out = np.zeros(len(codes))
    score_rows(np.ascontiguousarray(codes.T).astype(np.uint16), out, *trees)
    return out


def table(n=3000, n_categories=300, seed=0):
    rng = np.random.default_rng(seed)
    codes = np.c_[rng.integers(0, 64, n), rng.integers(0, n_categories, n), rng.integers(0, 2, n)].astype(np.int32)
    odds = np.sin(codes[:, 0] / 9) * 2 + (codes[:, 1] % 7 < 3) * 2 - 1
    return codes, rng.random(n) < 1 / (1 + np.exp(-odds))


@pytest.mark.parametrize("categorical", [[], [1], [1, 2]])
def test_flat_trees_score_like_lightgbm(categorical):
    """Numeric splits, bit sets of categories and leaves all read the same."""
    codes, y = table()
    text = train(codes.astype(np.float32), y, categorical=categorical, how=HOW, rng=np.random.default_rng(1))
    expected = lightgbm.Booster(model_str=text).predict(codes.astype(np.float32), raw_score=True)
    assert np.allclose(scores(flatten([text]), codes), expected, atol=1e-5)


def test_several_boosters_add_up():
    """The score of a row is the sum over all boosters."""
    codes, y = table()
    X = codes.astype(np.float32)
    texts = [train(X, t, categorical=[1], how=HOW, rng=np.random.default_rng(1)) for t in (y, codes[:, 0] > 30)]
    expected = sum(lightgbm.Booster(model_str=text).predict(X, raw_score=True) for text in texts)
    assert np.allclose(scores(flatten(texts), codes), expected, atol=1e-4)


def test_a_booster_without_a_split_scores_its_constant():
    """Nothing to learn from: every row gets the log-odds of the base rate."""
    codes = np.zeros((200, 1), dtype=np.int32)
    y = np.arange(200) < 50
    trees = flatten([train(codes.astype(np.float32), y, categorical=[], how=HOW, rng=np.random.default_rng(0))])
    out = scores(trees, codes)
    assert np.ptp(out) == 0
    assert out[0] == pytest.approx(np.log(1 / 3), abs=0.3)


def test_same_seed_same_booster():
    """Training depends on its generator alone."""
    codes, y = table()
    X = codes.astype(np.float32)
    one, two = (train(X, y, categorical=[1], how=HOW, rng=np.random.default_rng(5)) for _ in range(2))
    assert one == two


def test_watching_shows_the_loss_and_changes_nothing():
    """One loss in bits after each tree, falling from about one bit; the same trees come out."""
    codes, y = table()
    X, losses = codes.astype(np.float32), []
    plain = train(X, y, categorical=[1], how=HOW, rng=np.random.default_rng(1))
    watched = train(X, y, categorical=[1], how=HOW, rng=np.random.default_rng(1), watch=losses.append)
    assert flatten([watched]).value.tolist() == flatten([plain]).value.tolist()
    assert len(losses) == HOW.rounds
    assert losses[-1] < losses[0] < 1.05


def test_weights_count_as_rows():
    """A class with three times the weight has three times the odds."""
    codes = np.zeros((400, 1), dtype=np.int32)
    y = np.arange(400) < 200
    text = train(
        codes.astype(np.float32), y, weight=np.where(y, 3.0, 1.0), categorical=[], how=HOW, rng=np.random.default_rng(0)
    )
    assert scores(flatten([text]), codes)[0] == pytest.approx(np.log(3))
