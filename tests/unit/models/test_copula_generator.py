"""What the copula generator promises beyond the contract that all generators keep."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp, spearmanr

from smartsynth.errors import ConfigError
from smartsynth.models.copula_generator import CopulaGenerator


def table(n, seed):
    """Dependent numbers with heavy tails, zeros and missing cells; an ordered and a free category."""
    rng = np.random.default_rng(seed)
    z = rng.multivariate_normal([0, 0, 0], [[1, 0.8, -0.5], [0.8, 1, -0.3], [-0.5, -0.3, 1]], n)
    return pd.DataFrame(
        {
            "income": np.exp(10 + z[:, 0] / 2).round(6),
            "spend": np.where(z[:, 1] < -0.5, 0.0, np.exp(z[:, 1]).round(9)),
            "score": np.where(rng.random(n) < 0.2, np.nan, z[:, 2].round(1)),
            "size": np.array(["L", "M", "S"])[np.digitize(z[:, 0], [-1.0, 0.3])],
            "town": rng.choice([f"t{i}" for i in range(30)], n),
        }
    )


@pytest.fixture(scope="module")
def real():
    return table(4000, 0)


@pytest.fixture(scope="module")
def model(real):
    return CopulaGenerator().fit(real, seed=1)


@pytest.fixture(scope="module")
def made(model):
    return model.sample(8000, seed=2)


def test_every_column_keeps_its_distribution(real, made):
    """Numbers by Kolmogorov-Smirnov distance, categories and missing cells by their shares."""
    for name in ("income", "spend", "score"):
        assert ks_2samp(real[name].dropna(), made[name].dropna()).statistic < 0.03
    assert made["score"].isna().mean() == pytest.approx(0.2, abs=0.02)
    assert (made["spend"] == 0).mean() == pytest.approx((real["spend"] == 0).mean(), abs=0.02)
    for name in ("size", "town"):
        gap = real[name].value_counts(normalize=True).sub(made[name].value_counts(normalize=True), fill_value=0)
        assert gap.abs().max() < 0.02


def test_pairs_keep_their_rank_correlation(real, made):
    """Continuous pairs come back as they were."""
    for one, two in (("income", "spend"), ("income", "score"), ("spend", "score")):
        both = [frame[[one, two]].dropna() for frame in (real, made)]
        rho = [spearmanr(frame[one], frame[two]).statistic for frame in both]
        assert rho[0] == pytest.approx(rho[1], abs=0.06)


def test_more_columns_than_rows_give_a_proper_correlation_matrix():
    """Shrinkage keeps the matrix positive definite."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(25, 60)), columns=[f"x{i}" for i in range(60)])
    frame["copy"] = frame["x0"]
    model = CopulaGenerator().fit(frame, seed=0)
    assert np.linalg.eigvalsh(model._correlation).min() > 0
    assert len(model.sample(10, seed=0)) == 10


def test_equal_columns_stay_nearly_equal():
    """A column that repeats another is followed closely."""
    values = np.random.default_rng(0).normal(size=2000).round(2)
    made = CopulaGenerator().fit(pd.DataFrame({"a": values, "b": values}), seed=0).sample(2000, seed=0)
    assert np.corrcoef(made["a"], made["b"])[0, 1] > 0.99


def test_the_saved_model_cannot_be_matched_with_training_rows(real, model, tmp_path):
    """Attack on the folder: no lone value in it, no array as long as the table."""
    folder = model.save(tmp_path / "model")
    with np.load(folder / "arrays.npz", allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    assert all(len(real) not in array.shape for array in arrays.values())
    stored = set(np.concatenate([array.ravel() for array in arrays.values()]))
    text = (folder / "model.json").read_text()
    for column in ("income", "spend"):
        counts = real[column].value_counts()
        lone = counts.index[counts < model.min_count]
        assert not set(lone) & stored
        assert not any(repr(float(value)) in text for value in lone[:500])
    assert set(json.loads(text)) == {"format", "generator", "options", "schema", "state"}


def test_nothing_is_modelled_when_all_columns_are_made_anew():
    """A table of identifiers alone gives new identifiers."""
    frame = pd.DataFrame({"order_id": [f"A-{i:05d}" for i in range(100)]})
    made = CopulaGenerator().fit(frame, seed=0).sample(50, seed=0)
    assert made["order_id"].is_unique
    assert not set(made["order_id"]) & set(frame["order_id"])


@pytest.mark.parametrize("min_count", [0, -1, 2.5, True, "5", None])
def test_wrong_options_are_named(real, min_count):
    """The error names the option and its value."""
    with pytest.raises(ConfigError, match="min_count"):
        CopulaGenerator(min_count=min_count).fit(real)


def test_its_repr_is_how_to_make_it():
    assert repr(CopulaGenerator()) == "CopulaGenerator(min_count=5)"
