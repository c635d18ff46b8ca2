"""The battery can fail: known-bad generators are found, rows that no generator saw pass."""

import numpy as np
import pandas as pd
import pytest

from smartsynth.inference import infer_schema
from smartsynth.privacy.battery import Outcome, battery, holm

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
    assert found_by in {finding.key for finding in found.findings if finding.corrected < 0.01}
    assert found.sentence().startswith("Leakage found: ")


def test_rows_of_others_pass_and_the_smallest_leak_is_told():
    found = [battery(TRAIN, people(seed), HOLDOUT, SCHEMA, seed=seed) for seed in range(10, 20)]
    assert sum(one.outcome is Outcome.FAIL for one in found) == 0
    assert sum(one.outcome is Outcome.PASS for one in found) >= 8
    best = next(one for one in found if one.outcome is Outcome.PASS)
    assert 0.005 < best.smallest < 0.01
    assert "copied, would have been seen" in best.sentence()
    assert battery(TRAIN, leaked(best.smallest * 1.3), HOLDOUT, SCHEMA).outcome is Outcome.FAIL


def test_a_smaller_holdout_is_allowed_for():
    small = HOLDOUT.iloc[:300]
    assert battery(TRAIN, FRESH, small, SCHEMA).outcome is not Outcome.FAIL
    assert battery(TRAIN, leaked(0.05), small, SCHEMA).outcome is Outcome.FAIL


@pytest.mark.parametrize("train, holdout", [(199, 1_000), (1_000, 99)])
def test_too_few_rows_are_not_assessable(train, holdout):
    found = battery(TRAIN.iloc[:train], FRESH, HOLDOUT.iloc[:holdout], SCHEMA)
    assert found.outcome is Outcome.UNKNOWN
    assert found.sentence().startswith("Not assessable: it needs 200 training and 100 holdout rows")


def test_holm_is_no_milder_than_it_should_be():
    assert holm([0.04, 0.001, 0.5]) == pytest.approx([0.08, 0.003, 0.5])
