"""What the measures say about samples whose answer is known."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp, wasserstein_distance

from smartsynth.inference import infer_schema
from smartsynth.metrics import detection, marginals, pairs, utility
from smartsynth.metrics.rows import Layout, prepared
from smartsynth.metrics.utility import guessed_target
from smartsynth.privacy.intervals import auc_interval

RNG = np.random.default_rng(0)


def table(n, seed, *, shuffled=False):
    rng = np.random.default_rng(seed)
    a = rng.normal(size=n)
    frame = pd.DataFrame(
        {
            "a": a,
            "b": a * 2 + rng.normal(size=n),
            "c": np.where(a + rng.normal(size=n) > 0, "yes", "no"),
            "d": rng.choice(["x", "y", None], n),
            "when": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 999, n), "D"),
        }
    )
    if shuffled:
        frame = pd.DataFrame({name: rng.permutation(frame[name]) for name in frame})
    return frame


def rows(*frames):
    return prepared(frames, infer_schema(frames[0]))


@pytest.mark.parametrize("seed", range(5))
def test_distances_agree_with_scipy(seed):
    """KS and Wasserstein are SciPy's, with ties and missing cells."""
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, 9, 300).astype(float), rng.normal(4, 2, 200).round(1)
    assert marginals.ks_distance(np.r_[a, np.nan], b) == pytest.approx(ks_2samp(a, b).statistic)
    assert marginals.wasserstein_distance(a, np.r_[b, np.nan]) == pytest.approx(wasserstein_distance(a, b) / b.std())


@pytest.mark.parametrize(
    ("p", "q", "tv", "js"), [([1, 0], [1, 0], 0, 0), ([1, 0], [0, 1], 1, 1), ([0.5, 0.5], [1, 0], 0.5, 0.5579)]
)
def test_distances_of_categories(p, q, tv, js):
    """Known values of total variation and Jensen-Shannon distance."""
    p, q = np.array(p, float), np.array(q, float)
    assert marginals.total_variation(p, q) == pytest.approx(tv)
    assert marginals.jensen_shannon(p, q) == pytest.approx(js, abs=1e-4)


def test_missing_cells_have_a_place():
    """NaN for numbers, a level of their own for categories."""
    frame = pd.DataFrame({"a": [1.5, np.nan, *np.arange(28.0)], "b": ["x", None, "y"] * 10})
    layout, (coded,) = rows(frame)
    assert np.isnan(coded.numbers[1, 0])
    assert "(missing)" in layout.levels[0]


def test_associations_find_dependence_and_nothing_else():
    """Cramér's V, correlation ratio and Pearson are near 0 for independent columns."""
    rng = np.random.default_rng(1)
    a, b = rng.integers(0, 4, 5000), rng.integers(0, 6, 5000)
    assert pairs.cramers_v(a, b) < 0.03
    assert pairs.cramers_v(a, a) == pytest.approx(1, abs=0.01)
    assert pairs.correlation_ratio(a, rng.normal(size=5000)) < 0.06
    assert pairs.correlation_ratio(a, a.astype(float)) == pytest.approx(1)
    assert pairs.correlations(np.c_[a, a * -2.0])[0, 1] == pytest.approx(-1)


def test_pairs_and_triples_see_a_shuffled_table():
    """Shuffling every column keeps the margins and breaks the rest."""
    real, other, broken = table(4000, 0), table(4000, 1), table(4000, 2, shuffled=True)
    layout, (r, o, s) = rows(real, other, broken)
    assert pairs.pair_trend(s, r, r, layout) > 2 * pairs.pair_trend(o, r, r, layout)
    assert pairs.three_way(s, r, r, RNG) > 2 * pairs.three_way(o, r, r, RNG)


def test_the_detective_sees_a_shuffled_table_and_not_a_real_one():
    """AUC near 0.5 for a sample of the same table, far from it for a shuffled one."""
    real, other, broken = table(2000, 0), table(2000, 1), table(2000, 2, shuffled=True)
    layout, (r, o, s) = rows(real, other, broken)
    assert detection.detection_auc(r, o, layout, seed=0) == pytest.approx(0.5, abs=0.04)
    assert detection.detection_auc(r, s, layout, seed=0) > 0.75


def test_precision_and_recall_know_collapse_and_spread():
    """Collapsed rows are precise nowhere and cover little; a real sample does both."""
    layout, (r, o) = rows(table(1500, 0), table(1500, 1))
    real, other = (detection.embedded(x, r, layout) for x in (r, o))
    good = detection.precision_recall(real, other)
    collapsed = detection.precision_recall(real, np.repeat(other[:1], 1500, axis=0))
    assert good[0] > 0.9
    assert collapsed[0] < 0.6
    assert collapsed[1] < good[1] / 2


def test_auc_interval_holds_the_true_value():
    """About 95 of 100 intervals hold it."""
    inside = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        truth = np.r_[np.ones(150, bool), np.zeros(150, bool)]
        value = detection.auc(truth, rng.normal(size=300) + truth)
        low, high = auc_interval(value, 150, 150)
        inside += low <= 0.7602 <= high
    assert inside > 180


@pytest.mark.parametrize("target", ["c", "d", "a"])
def test_models_learn_what_there_is(target):
    """A binary, a three-class and a numeric target; better than the guess exactly where there is signal."""
    layout, (train, test) = rows(table(1500, 0), table(800, 1))
    task = utility.task_of(layout, target, train, test)
    X, y, categorical = utility.features(train, layout, task)
    T, truth, _ = utility.features(test, layout, task)
    metric = next(iter(utility.metrics_of(task).values()))
    n_numeric = len(layout.numeric) - (task.kind == "regression")
    for model in (utility.boosted(task, categorical, 0), utility.linear(task, layout, X, n_numeric)):
        gain = metric(truth, model(X, y, T)) - metric(truth, utility.guess(task, y, len(T)))
        assert (gain > 0.1) == (target != "d")


def test_targets_that_cannot_be_scored_say_why():
    """A single class, an unknown column."""
    layout, (train, test) = rows(table(100, 0).assign(one=["k"] * 99 + ["l"]), table(50, 1).assign(one="k"))
    assert "single class" in utility.task_of(layout, "one", train, test)
    assert "not a modelled column" in utility.task_of(layout, "nowhere", train, test)


def test_what_is_hardly_a_target_is_guessed_last():
    """A column with many gaps, sentences, or the name of a number; but before nothing at all."""
    n = 100
    frame = pd.DataFrame({
        "age": np.arange(n, dtype=float), "alive": ["no", "yes"] * 50, "ward_no": ["1", "2"] * 50,
        "note": ["seen", None] * 50, "said": ["comes back in a week", "does not come back again"] * 50,
    })  # fmt: skip
    layout, _ = prepared([frame], infer_schema(frame))
    assert guessed_target(frame, layout) == "alive"
    assert guessed_target(frame[["age", "note"]], Layout(("age",), ("note",), (("seen", "gone"),))) == "note"
    assert guessed_target(frame.rename(columns={"age": "Income"}), layout) == "Income"
