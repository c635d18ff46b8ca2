"""`fit(refine=True)`: any generator's rows become more like the real ones, or it says why not."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict

import smartsynth as ss
from smartsynth.errors import ConfigError
from smartsynth.models.copula_generator import CopulaGenerator
from smartsynth.models.refinement import systematic


def rings(n, seed):
    """Two numbers whose dependence no correlation shows, and a category that follows them."""
    rng = np.random.default_rng(seed)
    angle, radius = rng.uniform(0, 2 * np.pi, n), rng.normal(10, 1, n)
    x, y = radius * np.cos(angle), radius * np.sin(angle)
    return pd.DataFrame({"x": x.round(2), "y": y.round(2), "side": np.where(x > 0, "right", "left")})


REAL = rings(4000, 0)


@pytest.fixture(scope="module")
def models():
    return {refine: CopulaGenerator().fit(REAL, seed=1, refine=refine) for refine in (False, True)}


def detection(made, unseen):
    """AUC of a detective that looks at squares and the radius."""
    both = pd.concat([made, unseen], ignore_index=True)
    X = np.c_[both["x"], both["y"], both["x"] ** 2, both["y"] ** 2, np.hypot(both["x"], both["y"])]
    y = np.r_[np.ones(len(made)), np.zeros(len(unseen))]
    model = LogisticRegression(max_iter=2000)
    return roc_auc_score(y, cross_val_predict(model, X, y, cv=3, method="predict_proba")[:, 1])


def test_rows_come_nearer_to_unseen_real_ones(models):
    """Much of what a Gaussian copula cannot show is repaired, and the columns keep their distributions."""
    unseen = rings(4000, 9)
    plain, refined = (detection(models[refine].sample(4000, seed=2), unseen) for refine in (False, True))
    assert plain > 0.75
    assert refined < plain - 0.1
    made = models[True].sample(4000, seed=2)
    assert made["side"].value_counts(normalize=True)["left"] == pytest.approx(0.5, abs=0.03)
    assert np.abs(np.quantile(made["x"], [0.1, 0.5, 0.9]) - np.quantile(unseen["x"], [0.1, 0.5, 0.9])).max() < 1.5
    assert models[True].ratio_.sentence().startswith("Refined in ")


def test_rows_of_a_refined_model_are_one_endless_table(models):
    """Row i is the same row however many are asked for."""
    whole = models[True].sample(5000, seed=3)
    pd.testing.assert_frame_equal(
        models[True].sample(400, seed=3, start=4000), whole.iloc[4000:4400].reset_index(drop=True)
    )


def test_the_saved_model_makes_the_same_rows(models, tmp_path):
    """With its ratio."""
    again = ss.load(models[True].save(tmp_path / "model"))
    pd.testing.assert_frame_equal(again.sample(500, seed=4), models[True].sample(500, seed=4))
    assert again.ratio_.sentence() == models[True].ratio_.sentence()


def test_a_second_fit_forgets_the_ratio(models):
    """`refine` holds for one fit."""
    model = CopulaGenerator().fit(REAL, seed=1, refine=True).fit(REAL, seed=1)
    pd.testing.assert_frame_equal(model.sample(100, seed=1), models[False].sample(100, seed=1))


def test_where_nothing_can_be_improved_nothing_is_done():
    """Independent columns, which a copula has right: the generator stays as it was and says so."""
    rng = np.random.default_rng(0)
    real = pd.DataFrame({"a": rng.normal(size=3000).round(2), "b": rng.normal(size=3000).round(2)})
    model = CopulaGenerator().fit(real, seed=1, refine=True)
    assert model.ratio_.blocks == 1
    assert model.ratio_.sentence().startswith("Refinement could not help")
    pd.testing.assert_frame_equal(model.sample(50, seed=1), CopulaGenerator().fit(real, seed=1).sample(50, seed=1))


def test_identifiers_stay_unique():
    """Rows are chosen from different places of the stream."""
    real = REAL.assign(id=[f"R{i:06d}" for i in range(len(REAL))])
    made = CopulaGenerator().fit(real, seed=1, refine=True).sample(9000, seed=1)
    assert made["id"].is_unique


def test_a_generator_that_refines_itself_is_left_alone():
    """Forest does so anyway."""
    options = {"trees": 2, "refinement_rounds": 1}
    small = REAL.head(300)
    one, two = (ss.create("forest", **options).fit(small, seed=1, refine=refine) for refine in (False, True))
    assert two.ratio_ is None
    pd.testing.assert_frame_equal(one.sample(50, seed=1), two.sample(50, seed=1))


def test_a_private_model_is_never_refined():
    """It would read the real rows again."""

    class Private(CopulaGenerator):
        is_private = True

    with pytest.raises(ConfigError, match="differential privacy"):
        Private().fit(REAL, refine=True)


def test_a_run_says_what_refinement_brought():
    """Among the reasons of the choice, in the report."""
    result = ss.synthesize(
        REAL, generator={"name": "copula", "refine": True}, seed=1, rows=500, evaluate={"enabled": False}
    )
    assert any(reason.startswith("Refined in ") for reason in result.choice.reasons)


def test_systematic_sampling_keeps_the_chances():
    """Rows come up as often as their weights say, at most once each."""
    rng = np.random.default_rng(0)
    weight = np.r_[np.full(90, 1.0), np.full(10, 5.0), [1000.0], np.zeros(5)]
    counts = np.zeros(len(weight))
    for _ in range(2000):
        places = systematic(weight, 29, rng)
        assert len(set(places)) == 29
        counts[places] += 1
    assert counts[100] == 2000
    assert counts[101:].sum() == 0
    assert counts[90:100].mean() / counts[:90].mean() == pytest.approx(5.0, rel=0.05)


def test_a_first_round_that_makes_it_worse_leaves_the_generator_as_it_was(monkeypatch):
    """No row is drawn in vain, and the reason says what happened."""
    from smartsynth.models import refinement

    losses = iter([0.70, 0.60])
    monkeypatch.setattr(refinement, "_loss", lambda *_: next(losses))
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=600), "y": rng.normal(size=600)})
    frame["y"] += frame["x"] ** 2
    model = CopulaGenerator().fit(frame, seed=0, refine=True)
    assert model.ratio_.blocks == 1
    assert "made them easier to tell" in model.ratio_.sentence()
    assert model.ratio_.refinement.n_rounds == 0
