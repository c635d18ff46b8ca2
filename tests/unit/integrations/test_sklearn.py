"""Estimators for scikit-learn: its checks, forms of data, and training on real and synthetic rows."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.utils.estimator_checks import estimator_checks_generator

from smartsynth.errors import ConfigError, DataError
from smartsynth.integrations.sklearn import AugmentedClassifier, SyntheticGenerator

pytestmark = pytest.mark.filterwarnings("default")
TOO_SMALL = {"check_n_features_in_after_fitting": "It fits 15 rows, and a generator needs 20 to learn from."}


def checks(estimator, expected):
    """scikit-learn's checks, which its `check_estimator` runs."""
    return list(estimator_checks_generator(estimator, expected_failed_checks=expected, mark="xfail"))


@pytest.mark.parametrize(
    "estimator, check",
    [
        *checks(AugmentedClassifier(generator="copula", random_state=0), {}),
        *checks(SyntheticGenerator("copula", random_state=0), TOO_SMALL),
    ],
)
def test_they_are_estimators_as_scikit_learn_understands_them(estimator, check):
    check(estimator)


def people(n=160, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"age": rng.integers(18, 80, n), "job": rng.choice(["clerk", "cook"], n)})
    y = np.where(rng.random(n) < np.where(frame.age > 60, 0.5, 0.08), "ill", "well")
    return frame, y


def classifier():
    wide = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["job"]), remainder="passthrough")
    return AugmentedClassifier(make_pipeline(wide, LogisticRegression()), generator="copula", random_state=0)


def test_a_frame_is_sampled_as_a_frame():
    frame, _ = people()
    model = SyntheticGenerator("copula", random_state=0).fit(frame)
    rows = model.sample(50, random_state=1)
    assert rows.dtypes.equals(frame.dtypes)
    assert len(rows) == 50
    assert rows.age.between(18, 79).all()
    pd.testing.assert_frame_equal(rows, model.sample(50, random_state=1))
    assert model.feature_names_in_.tolist() == ["age", "job"]


@pytest.mark.parametrize("kind", ["category", "string", "index", "array"])
def test_nothing_that_few_rows_hold_is_kept_or_sampled(kind):
    """A level of a category, a text, the index: neither the pickle nor the levels of sampled rows have it."""
    rng = np.random.default_rng(0)
    cells = rng.choice(["clerk", "cook"], 120).astype(object)
    cells[7] = "RARESECRET"
    frame = pd.DataFrame({"age": rng.normal(size=120), "job": cells})
    if kind == "category":
        frame["job"] = pd.Categorical(cells, categories=["RARESECRET", "cook", "clerk"], ordered=True)
    elif kind == "string":
        frame["job"] = frame["job"].astype("string[pyarrow]")
    elif kind == "index":
        frame = frame.set_index(pd.MultiIndex.from_arrays([cells, range(120)])).assign(job="clerk")
    model = SyntheticGenerator("copula", random_state=0).fit(frame.to_numpy() if kind == "array" else frame)
    assert b"RARESECRET" not in pickle.dumps(model)
    rows = model.sample(40, random_state=1)
    if kind == "category":
        assert rows.job.cat.categories.tolist() == ["cook", "clerk"]
        assert rows.job.cat.ordered
        assert set(rows.job.dropna()) == {"cook", "clerk"}


def test_an_array_is_sampled_as_an_array():
    X = np.random.default_rng(0).normal(size=(100, 3)).astype(np.float32)
    rows = SyntheticGenerator("copula", random_state=0).fit(X).sample(20, random_state=0)
    assert rows.shape == (20, 3)
    assert rows.dtype == np.float32


def test_rows_under_conditions():
    frame, _ = people()
    few = {"trees": 4, "refinement_rounds": 0}
    rows = SyntheticGenerator("forest", options=few, random_state=0).fit(frame).sample(30, where={"job": "cook"})
    assert (rows.job == "cook").all()


def test_a_pipeline_of_mixed_columns_is_trained_on_more_rows():
    """The rare class is found more often than without synthetic rows."""
    frame, y = people(400)
    model = classifier().fit(frame, y)
    counts = pd.Series(y).value_counts()
    assert model.n_synthetic_ == counts["well"] - counts["ill"]
    plain = model.estimator.fit(frame, y)
    assert (model.predict(frame) == "ill").mean() > (plain.predict(frame) == "ill").mean()
    np.testing.assert_allclose(model.predict_proba(frame).sum(1), 1)
    assert cross_val_score(classifier(), frame, y, scoring="balanced_accuracy", cv=3).mean() > 0.6


def test_the_strategy_can_be_searched_for():
    frame, y = people()
    search = GridSearchCV(classifier(), {"strategy": ["balance", "grow=2"]}, cv=2, scoring="average_precision")
    y = (y == "ill").astype(int)
    assert search.fit(frame, y).best_params_["strategy"] in ("balance", "grow=2")


def test_what_cannot_be_done_is_said():
    frame, y = people()
    with pytest.raises(ConfigError, match="Ridge is not a classifier"):
        AugmentedClassifier(Ridge()).fit(frame, y)
    with pytest.raises(ConfigError, match="GridSearchCV"):
        AugmentedClassifier(strategy="auto").fit(frame, y)
    with pytest.raises(DataError, match="needs at least 20"):
        SyntheticGenerator("copula").fit(frame.head(9))
    assert not hasattr(AugmentedClassifier(Ridge()), "predict_proba")
