"""What the forest generator promises beyond the contract that all generators keep."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict, train_test_split

from smartsynth.errors import ConfigError
from smartsynth.inference import infer_schema
from smartsynth.models.forest_generator import ForestGenerator


def customers(n, seed):
    """Mixed columns with strong dependence, zero inflation, missing cells and many lone values."""
    rng = np.random.default_rng(seed)
    segment = rng.choice(["basic", "plus", "pro"], n, p=[0.6, 0.3, 0.1])
    level = np.select([segment == "basic", segment == "plus"], [1.0, 2.0], 4.0)
    age = np.clip(rng.normal(40, 12, n), 18, 90).round()
    income = (rng.lognormal(9 + level / 4, 0.4, n) * (0.7 + age / 100)).round(2)
    spend = np.where(rng.random(n) < 0.6, 0.0, (income * rng.beta(2, 20, n)).round(2))
    score = np.where(rng.random(n) < 0.1 * level, np.nan, (income / 1000 + rng.normal(0, 1, n)).round(1))
    churn = rng.random(n) < 1 / (1 + np.exp(level - age / 20))
    return pd.DataFrame(
        {"segment": segment, "age": age.astype(int), "income": income, "spend": spend, "score": score, "churn": churn}
    )


@pytest.fixture(scope="module")
def real():
    return customers(4000, 0)


@pytest.fixture(scope="module")
def model(real):
    return ForestGenerator().fit(real, seed=1)


def codes(frame):
    return frame.assign(segment=frame["segment"].astype("category").cat.codes, churn=frame["churn"].astype(int))


def test_a_detective_hardly_tells_the_rows_from_unseen_real_ones(model):
    """Cross-validated boosted trees stay near a coin toss."""
    both = pd.concat([codes(customers(4000, 1)), codes(model.sample(4000, seed=2))], ignore_index=True)
    truth = np.r_[np.ones(4000), np.zeros(4000)]
    guess = cross_val_predict(HistGradientBoostingClassifier(), both, truth, cv=3, method="predict_proba")[:, 1]
    assert roc_auc_score(truth, guess) < 0.6


def test_zeros_and_missing_cells_keep_their_shares(real, model):
    """Zero inflation and missingness come back, given what they depend on."""
    made = model.sample(8000, seed=3)
    assert (made["spend"] == 0).mean() == pytest.approx((real["spend"] == 0).mean(), abs=0.03)
    for segment in ("basic", "plus"):
        shares = [f.loc[f["segment"] == segment, "score"].isna().mean() for f in (real, made)]
        assert shares[0] == pytest.approx(shares[1], abs=0.05)


def test_a_model_trained_on_the_rows_works_on_real_ones():
    """Train on synthetic, test on real: nearly as good as trained on real."""
    data = load_breast_cancer(as_frame=True).frame
    train, test = train_test_split(data, test_size=0.3, random_state=0)
    made = ForestGenerator().fit(train, seed=0).sample(len(train), seed=1)

    def auc(frame):
        model = HistGradientBoostingClassifier(random_state=0).fit(frame.drop(columns="target"), frame["target"])
        return roc_auc_score(test["target"], model.predict_proba(test.drop(columns="target"))[:, 1])

    assert auc(made) > auc(train) - 0.05


def test_lone_values_come_back_no_more_often_than_chance(real, model):
    """A value that one real row has alone appears no more often than the same kind of value of unseen rows."""
    made = set(model.sample(4000, seed=4)["income"])

    def share(frame):
        counts = frame["income"].value_counts()
        return np.mean([value in made for value in counts.index[counts == 1]])

    assert share(real) <= share(customers(4000, 5)) + 0.01


def test_the_saved_model_cannot_be_matched_with_training_rows(real, model, tmp_path):
    """Attack on the folder: no lone value in it, no array as long as the table, nothing that needs unpickling."""
    folder = model.save(tmp_path / "model")
    with np.load(folder / "arrays.npz", allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    assert all(len(array) != len(real) for array in arrays.values())
    stored = set(np.concatenate([array for name, array in arrays.items() if name.startswith("grid")]))
    text = (folder / "model.json").read_text()
    for column in ("income", "spend"):
        counts = real[column].value_counts()
        lone = counts.index[counts < model.min_count]
        assert not set(lone) & stored
        assert not any(repr(float(value)) in text for value in lone[:500])
    assert str(real["income"].max()) not in text
    assert set(json.loads(text)) == {"format", "generator", "options", "schema", "state"}


def test_the_likelihood_hardly_tells_members_from_others(real, model):
    """Attack with the model's own grid: training rows are not nearer to synthetic rows than unseen rows are."""
    made = codes(model.sample(4000, seed=6)).to_numpy(float)
    scale = np.nanstd(codes(real).to_numpy(float), axis=0)

    def nearest(frame):
        rows = np.nan_to_num(codes(frame).to_numpy(float)[:800] / scale, nan=-9)
        other = np.nan_to_num(made / scale, nan=-9)
        return np.array([np.abs(other - row).sum(1).min() for row in rows])

    members, others = nearest(real), nearest(customers(4000, 7))
    truth = np.r_[np.ones(800), np.zeros(800)]
    assert roc_auc_score(truth, -np.r_[members, others]) < 0.55


@pytest.mark.parametrize("option", [{"n_bins": 1}, {"trees": 0}, {"refinement_rounds": 1.5}, {"min_count": True}])
def test_wrong_options_are_named(real, option):
    """The error names the option and its value."""
    with pytest.raises(ConfigError, match=next(iter(option))):
        ForestGenerator(**option).fit(real)


def test_more_threads_do_not_change_the_rows(real, monkeypatch):
    """The number of cores decides the speed only."""
    schema = infer_schema(real)
    rows = []
    for cores in (1, 2):
        monkeypatch.setattr("smartsynth.models.forest_generator.threads", lambda cores=cores: cores)
        rows.append(ForestGenerator(trees=4).fit(real, schema=schema, seed=3).sample(500, seed=3))
    pd.testing.assert_frame_equal(*rows)
