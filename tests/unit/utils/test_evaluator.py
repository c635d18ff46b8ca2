"""What an Evaluation says of tables whose answer is known."""

import json

import numpy as np
import pandas as pd
import pytest

from smartsynth.errors import Cancelled, DataError
from smartsynth.facts import to_json
from smartsynth.inference import infer_schema
from smartsynth.utils.evaluator import evaluate


def people(n, seed):
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 90, n)
    pay = (rng.lognormal(10, 0.5, n) * (0.5 + age / 90)).round(2)
    return pd.DataFrame(
        {
            "person_id": np.arange(n) + 1000 * seed,
            "age": age,
            "pay": np.where(rng.random(n) < 0.1, np.nan, pay),
            "job": rng.choice(["clerk", "nurse", "pilot"], n, p=[0.5, 0.3, 0.2]),
            "since": pd.Timestamp("2015-01-01") + pd.to_timedelta(rng.integers(0, 3000, n), "D"),
            "rich": np.where(pay > 22_000, "yes", "no"),
        }
    )


TRAIN, HOLDOUT, NEW = people(1000, 0), people(800, 1), people(1000, 2)
SCHEMA = infer_schema(TRAIN).with_target("rich")


@pytest.fixture(scope="module")
def good():
    return evaluate(TRAIN, NEW, HOLDOUT, schema=SCHEMA)


@pytest.fixture(scope="module")
def copy():
    return evaluate(TRAIN, TRAIN.copy(), HOLDOUT, schema=SCHEMA)


def test_a_real_sample_is_as_good_as_its_yardstick(good):
    """New real rows: no detective, full utility, no leak."""
    assert good["detection_auc"].value == pytest.approx(0.5, abs=0.05)
    assert good["lightgbm_auc"].value == pytest.approx(good["lightgbm_auc"].reference, abs=0.03)
    assert good["exact_copies"].value == 0
    assert "No leakage found" in good.verdict["privacy"]


def test_the_verdict_names_what_is_predicted_and_says_if_it_is_a_guess(good):
    assert not good.guessed
    assert good.verdict["utility"].endswith("The models predict 'rich'.")
    found = evaluate(TRAIN.head(300), NEW.head(300), HOLDOUT.head(200), schema=SCHEMA.with_target(None))
    assert found.guessed
    assert "'rich', probably the target: a guess, name it with --target." in found.verdict["utility"]


def test_a_copy_leaks(copy):
    """All rows copied: every privacy measure says so, and fidelity is not worse than real."""
    assert copy["exact_copies"].value == 1
    assert copy["dcr_share"].value > 0.7
    assert copy["membership_auc"].value > 0.95
    assert "Leakage found" in copy.verdict["privacy"]


def test_five_per_cent_of_copies_are_seen():
    """A leak that averages hide."""
    mixed = pd.concat([TRAIN.head(50), NEW.tail(950)], ignore_index=True)
    found = evaluate(TRAIN, mixed, HOLDOUT, schema=SCHEMA)
    assert found["exact_copies"].value == pytest.approx(0.05)
    assert "Leakage found" in found.verdict["privacy"]


def test_a_shuffled_table_has_no_fidelity_and_no_utility():
    """Right margins alone are worth nothing."""
    rng = np.random.default_rng(0)
    broken = pd.DataFrame({name: NEW[name].to_numpy()[rng.permutation(len(NEW))] for name in NEW})
    found = evaluate(TRAIN, broken, HOLDOUT, schema=SCHEMA)
    assert found["detection_auc"].value > 0.65
    assert found["lightgbm_auc"].value < 0.6
    assert found["ks"].value < 0.05


def test_every_score_has_a_sentence_and_a_yardstick_or_a_reason(good):
    """No number without its yardstick, no silent hole."""
    for score in good.scores:
        assert score.sentence
        assert (score.reference is not None) if score.available else score.sentence.startswith("Not ")
    assert len({score.key for score in good.scores}) == len(good.scores)
    assert {score.family.value for score in good.scores if score.headline} == {"fidelity", "utility", "privacy"}


def test_an_evaluation_is_json_without_values_of_single_rows(good):
    """No lone number, no exact extreme, no identifier in it."""
    text = json.dumps(to_json(good), allow_nan=False)
    lone = TRAIN["pay"].value_counts()
    assert not any(repr(float(value)) in text for value in lone.index[lone == 1])
    assert str(TRAIN["pay"].max()) not in text
    assert "person_id" in " ".join(good.limits)


def test_same_seed_same_scores(good):
    """Nothing depends on the clock."""
    again = evaluate(TRAIN, NEW, HOLDOUT, schema=SCHEMA)
    assert [s.value for s in again.scores if s.available] == [s.value for s in good.scores if s.available]


def test_odd_tables_are_scored_without_a_crash():
    """One column, constants, all missing, no target, twenty rows, booleans and nullable types."""
    rng = np.random.default_rng(0)

    def odd(n):
        return pd.DataFrame(
            {
                "flag": pd.array(rng.choice([True, False, None], n), dtype="boolean"),
                "count": pd.array(rng.choice([1, 2, 3, None], n), dtype="Int64"),
                "empty": np.full(n, np.nan),
                "same": "x",
                "span": pd.to_timedelta(rng.integers(0, 99, n), "s"),
            }
        )

    for columns in (["flag"], ["count"], ["empty", "same"], ["flag", "count", "empty", "same", "span"]):
        tables = [odd(n)[columns] for n in (40, 30, 20)]
        found = evaluate(*tables, schema=infer_schema(tables[0]))
        assert found.scores


def test_wrong_tables_are_refused():
    """Empty tables and lost columns are named."""
    with pytest.raises(DataError, match="synthetic table has no rows"):
        evaluate(TRAIN, NEW.head(0), HOLDOUT, schema=SCHEMA)
    with pytest.raises(DataError, match="holdout table lacks the columns age"):
        evaluate(TRAIN, NEW, HOLDOUT.drop(columns="age"), schema=SCHEMA)


def test_progress_grows_and_cancelling_stops():
    """The callback hears growing shares and can stop the work."""
    heard = []

    def stop(fraction, message="", /):
        heard.append(fraction)
        if fraction > 0.2:
            raise Cancelled

    with pytest.raises(Cancelled):
        evaluate(TRAIN, NEW, HOLDOUT, schema=SCHEMA, progress=stop)
    assert heard == sorted(heard)
