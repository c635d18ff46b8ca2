"""The battery can fail: known-bad generators are found, rows that no generator saw pass."""

import numpy as np
import pandas as pd
import pytest

from smartsynth.facts import Battery, Outcome, from_json, to_json
from smartsynth.inference import infer_schema
from smartsynth.privacy.attacks import Test
from smartsynth.privacy.battery import battery, holm, judged

N = 1_500


def people(seed, n=N):
    """Mixed columns that hang together; rows are nearly unique."""
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 90, n)
    return pd.DataFrame({
        "age": age, "income": (age * 300 + rng.lognormal(8, 1, n)).round(2), "town": rng.choice(list("abcdefgh"), n),
        "job": np.where(rng.random(n) < age / 120, "yes", "no"), "score": rng.normal(age / 10, 1, n).round(3),
        "hours": rng.integers(1, 60, n),
    })  # fmt: skip


TRAIN, HOLDOUT, FRESH = people(0), people(1), people(2)
SCHEMA = infer_schema(TRAIN)


def leaked(share):
    n = round(share * N)
    return pd.concat([TRAIN.iloc[:n], FRESH.iloc[n:]], ignore_index=True)


def jittered(share):
    rng = np.random.default_rng(3)
    rows = TRAIN.copy()
    for name in ("age", "income", "score", "hours"):
        rows[name] = (TRAIN[name] + rng.normal(0, share * TRAIN[name].std(), N)).astype(TRAIN[name].dtype)
    return rows


def outliers():
    """An independent sample in which the most unusual people come back, a little changed."""
    rows = FRESH.copy()
    odd = TRAIN["income"].nlargest(30).index
    rows.iloc[:30] = TRAIN.loc[odd].assign(hours=TRAIN.loc[odd, "hours"] + 1).to_numpy()
    return rows.astype(TRAIN.dtypes.to_dict())


def bootstrap():
    """Columns drawn one by one: no row comes back, but every lone value does."""
    rng = np.random.default_rng(4)
    return pd.DataFrame({name: rng.choice(TRAIN[name], N) for name in TRAIN})


@pytest.mark.parametrize(
    "rows, found_by",
    [
        (leaked(0.01), "replay"),
        (leaked(0.05), "replay"),
        (TRAIN, "attachment"),
        (jittered(0.01), "attachment"),
        (jittered(0.2), "membership"),
        (outliers(), "attachment"),
        (bootstrap(), "lone values"),
    ],
    ids=["1 % verbatim", "5 % verbatim", "copy", "1 % noise", "20 % noise", "outliers", "bootstrap"],
)
def test_known_leaks_are_found(rows, found_by):
    found = battery(TRAIN, rows, HOLDOUT, SCHEMA)
    assert found.outcome is Outcome.FAIL
    assert found_by in {attack.key for attack in found.attacks if attack.outcome is Outcome.FAIL}
    assert found.sentence().startswith("Leakage found: ")


def test_a_category_that_single_people_have_is_found():
    """Rare names in one column of an otherwise independent sample: 40 people, one name each."""
    rows = {name: frame.assign(club="none") for name, frame in (("t", TRAIN), ("s", FRESH), ("h", HOLDOUT))}
    for name, letter in (("t", "T"), ("s", "T"), ("h", "H")):
        rows[name].loc[:39, "club"] = [f"{letter}{i}" for i in range(40)]
    found = battery(rows["t"], rows["s"], rows["h"], infer_schema(rows["t"]))
    assert found.outcome is Outcome.FAIL
    assert "values of club" in found.sentence()


def test_texts_that_come_back_are_found():
    """Words in a new order and spelling are a replay if eight in a row are somebody's own."""
    rng = np.random.default_rng(7)
    words = np.array([f"w{i}" for i in range(2_000)])

    def notes(n):
        return [" ".join(rng.choice(words, 20)) for _ in range(n)]

    train, fresh, holdout = (frame.assign(note=notes(N)) for frame in (TRAIN, FRESH, HOLDOUT))
    schema = infer_schema(train)
    assert battery(train, fresh, holdout, schema).outcome is Outcome.PASS
    fresh.loc[:29, "note"] = ["New: " + " ".join(note.upper().split()[3:12]) + "!" for note in train["note"][:30]]
    found = battery(train, fresh, holdout, schema)
    assert found.outcome is Outcome.FAIL
    assert "2% of the texts of note" in found.sentence()


@pytest.mark.parametrize(
    "key, p, least, outcome",
    [
        ("membership", 1e-6, 0.04, Outcome.PASS),
        ("membership", 1e-6, 0.07, Outcome.WARN),
        ("membership", 1e-6, 0.10, Outcome.FAIL),
        ("membership", 0.02, 0.10, Outcome.WARN),
        ("membership", 0.2, 0.3, Outcome.PASS),
        ("replay", 1e-6, 0.0001, Outcome.FAIL),
        ("replay", 0.02, 0.0001, Outcome.WARN),
    ],
)
def test_people_in_general_must_be_found_often_and_single_ones_at_all(key, p, least, outcome):
    found = judged([(key, "An attack", "It was found.", Test(0.55, 0.5, p, 0.1, (least, 0.2)))], 0.01)
    assert found.outcome is outcome
    slight = outcome is Outcome.PASS and p < 0.01
    assert [note.startswith("Certain, but too small") for note in found.notes] == [True] * slight


def test_what_is_too_small_to_count_says_why_it_changes_nothing():
    (note,) = judged(
        [("membership", "An attack", "Many are found.", Test(0.55, 0.5, 0.0001, 0.1, (0.03, 0.2)))], 0.01
    ).notes
    assert note == (
        "Certain, but too small to change the verdict: Many are found, which is an advantage over a guess of at least 3%, and more "
        "than 6% would count (p, corrected = 0.0001)."
    )


def test_every_attack_survives_json():
    found = battery(TRAIN, jittered(0.05), HOLDOUT, SCHEMA)
    assert from_json(Battery, to_json(found)) == found


def test_rows_of_others_pass_and_the_smallest_leak_is_told():
    found = [battery(TRAIN, people(seed), HOLDOUT, SCHEMA, seed=seed) for seed in range(10, 20)]
    assert sum(one.outcome is Outcome.FAIL for one in found) == 0
    assert sum(one.outcome is Outcome.PASS for one in found) >= 8
    best = next(one for one in found if one.outcome is Outcome.PASS)
    assert 0.005 < best.smallest < 0.01
    assert "of the rows were copies, that would have been seen" in best.sentence()
    assert battery(TRAIN, leaked(best.smallest * 1.3), HOLDOUT, SCHEMA).outcome is Outcome.FAIL


def test_a_smaller_holdout_is_allowed_for():
    small = HOLDOUT.iloc[:300]
    assert battery(TRAIN, FRESH, small, SCHEMA).outcome is not Outcome.FAIL
    assert battery(TRAIN, leaked(0.05), small, SCHEMA).outcome is Outcome.FAIL


@pytest.mark.parametrize("train, holdout", [(199, 1_000), (1_000, 99)])
def test_too_few_rows_are_not_assessable_unless_they_leak(train, holdout):
    few, others = TRAIN.iloc[:train], HOLDOUT.iloc[:holdout]
    found = battery(few, FRESH, others, SCHEMA)
    assert found.outcome is Outcome.UNKNOWN
    assert found.sentence().startswith("Not assessable: a verdict needs 200 training and 100 holdout rows")
    assert battery(few, few, others, SCHEMA).outcome is Outcome.FAIL


def test_holm_is_no_milder_than_it_should_be():
    assert holm([0.04, 0.001, 0.5]) == pytest.approx([0.08, 0.003, 0.5])


@pytest.mark.parametrize("made", [leaked(0.3), jittered(0.001)])
def test_what_leaks_and_what_cannot_be_said_name_the_next_step(made):
    found = battery(TRAIN, made, HOLDOUT, SCHEMA)
    assert found.outcome is Outcome.FAIL
    assert "Do not share these rows." in found.sentence() and "measure again." in found.sentence()
    assert all(
        word in found.sentence() for word in ("--k-anonymity", "--epsilon", "-g copula", "Another seed is no cure")
    )
    assert "--holdout" in battery(TRAIN.iloc[:100], FRESH, HOLDOUT, SCHEMA).sentence()


def test_the_least_leak_that_is_seen_is_not_said_to_be_less():
    found = Battery(Outcome.PASS, smallest=0.0312)
    assert "if 3.2% of the rows were copies" in found.sentence()
