"""The sampler for imbalanced-learn: its own checks, pipelines, and all forms of data."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("imblearn")
from imblearn.pipeline import make_pipeline
from imblearn.utils.estimator_checks import estimator_checks_generator
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score

from smartsynth.integrations import imblearn as module
from smartsynth.integrations.imblearn import SyntheticSampler

pytestmark = pytest.mark.filterwarnings("default")


def checks(**options):
    """imbalanced-learn's checks of a sampler, which its `parametrize_with_checks` and `check_estimator` run."""
    found = list(estimator_checks_generator(SyntheticSampler(random_state=0, **options)))
    return pytest.mark.parametrize("estimator, check", found, ids=[check.func.__name__ for _, check in found])


@checks(generator="copula")
def test_it_is_a_sampler_as_imbalanced_learn_understands_it(estimator, check):
    check(estimator)


@pytest.mark.slow
@checks(options={"trees": 4, "refinement_rounds": 0})
def test_so_it_is_with_the_default_generator(estimator, check):
    check(estimator)


def classes(n=200, seed=0):
    rng = np.random.default_rng(seed)
    y = (np.arange(n) % 5 == 0).astype(int)
    return np.c_[y + rng.normal(0, 0.8, n), rng.normal(size=(n, 2))], y


def test_in_a_pipeline_only_training_rows_are_learnt(monkeypatch):
    """Cross-validation scores real rows alone; the sampler saw the others."""
    X, y = classes()
    seen = []
    original = module.with_target

    def spy(frame, y):
        seen.append(set(frame["0"]))
        return original(frame, y)

    monkeypatch.setattr(module, "with_target", spy)
    model = make_pipeline(SyntheticSampler(generator="copula", random_state=0), LogisticRegression())
    cv = StratifiedKFold(4)
    scores = cross_val_score(model, X, y, cv=cv, scoring="balanced_accuracy")
    assert len(scores) == 4 and scores.mean() > 0.6
    for learnt, (train, test) in zip(seen, cv.split(X, y), strict=True):
        assert learnt == set(X[train, 0])
        assert not learnt & set(X[test, 0])


@pytest.mark.parametrize("generator", ["copula", "forest"])
def test_no_two_classes_share_made_identifiers(generator):
    """Each made row has a key of its own, whichever class it is of."""
    X, _ = classes()
    frame = pd.DataFrame(X, columns=["a", "b", "c"]).assign(key=[f"K-{i:06d}" for i in range(0, 600, 3)])
    y = np.array(["often"] * 140 + ["seldom"] * 40 + ["rare"] * 20)
    options = {"trees": 4, "refinement_rounds": 0} if generator == "forest" else None
    sampler = SyntheticSampler(generator=generator, options=options, random_state=0)
    got, _ = sampler.fit_resample(frame, y)
    assert len(got) == 3 * 140
    assert got.key.is_unique


@pytest.mark.parametrize(
    "strategy, after",
    [("auto", {0: 160, 1: 160}), (0.5, {0: 160, 1: 80}), ({1: 100}, {0: 160, 1: 100}), ("minority", {0: 160, 1: 160})],
)
def test_the_sampling_strategy_is_that_of_imbalanced_learn(strategy, after):
    X, y = classes()
    got_X, got_y = SyntheticSampler(sampling_strategy=strategy, generator="copula", random_state=0).fit_resample(X, y)
    assert Counter(got_y.tolist()) == after
    np.testing.assert_array_equal(got_X[: len(X)], X)


def test_mixed_frames_come_back_as_frames():
    """Texts, categories, missing cells and names of columns stay what they are."""
    rng = np.random.default_rng(0)
    n = 150
    y = pd.Series(np.where(np.arange(n) % 6 == 0, "fraud", "fine"), name="kind")
    X = pd.DataFrame({
        "amount": rng.gamma(2, 10, n), "country": rng.choice(["DE", "FR"], n),
        "channel": pd.Categorical(rng.choice(["app", "web"], n)), "items": rng.integers(1, 5, n),
    })  # fmt: skip
    X.loc[::11, "amount"] = np.nan
    got, labels = SyntheticSampler(generator="copula", random_state=0).fit_resample(X, y)
    assert got.dtypes.equals(X.dtypes)
    assert labels.name == "kind"
    assert set(got.country) == {"DE", "FR"}
    assert labels.value_counts().to_dict() == {"fine": 125, "fraud": 125}
    pd.testing.assert_frame_equal(got.head(n), X)


def test_balanced_classes_need_no_generator():
    X, _ = classes()
    sampler = SyntheticSampler()
    got, _ = sampler.fit_resample(X[:40], np.arange(40) % 2)
    assert len(got) == 40
    assert sampler.generator_ is None


def test_a_class_of_few_rows_is_refused():
    X, y = classes(60)
    y[:] = 0
    y[:3] = 1
    with pytest.raises(ValueError, match="fewer than 5"):
        SyntheticSampler(generator="copula").fit_resample(X, y)


def test_a_sparse_matrix_comes_back_sparse():
    X, y = classes()
    got, _ = SyntheticSampler(generator="copula", random_state=0).fit_resample(sparse.csr_matrix(X.round(1)), y)
    assert sparse.issparse(got)
    assert got.shape == (320, 3)
