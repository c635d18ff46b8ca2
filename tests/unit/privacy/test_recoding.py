"""k-anonymity by coarser values: what is asked for holds afterwards, dtypes stay, and nobody is asked for the impossible."""

import decimal

import numpy as np
import pandas as pd
import pytest

import smartsynth as ss
from smartsynth.errors import ConfigError, PrivacyError
from smartsynth.inference import infer_schema
from smartsynth.privacy.anonymity import closeness, k_anonymity, telling_columns
from smartsynth.privacy.recoding import Wanted, recoded


def people(n=2_000, seed=0):
    rng = np.random.default_rng(seed)
    born = pd.Timestamp("1940-01-01") + pd.to_timedelta(rng.integers(0, 22_000, n), unit="D")
    town = rng.choice([f"town {i}" for i in range(40)], n, p=np.r_[[0.02] * 30, [0.04] * 10])
    return pd.DataFrame({
        "age": rng.integers(18, 95, n), "sex": rng.choice(["f", "m"], n), "town": town, "born": born,
        "ill": rng.choice(["no", "flu", "hiv"], n, p=[0.7, 0.25, 0.05]), "income": rng.lognormal(10, 1, n).round(2),
    })  # fmt: skip


ROWS = people()
SCHEMA = infer_schema(ROWS)


def wanted(k, names=("age", "sex", "town"), **more):
    return Wanted(k, names, **more)


@pytest.mark.parametrize("k", [2, 5, 25])
def test_every_class_has_k_rows(k):
    made, told = recoded(ROWS, SCHEMA, wanted(k))
    assert k_anonymity(made, ["age", "sex", "town"]).k >= k
    assert told.k >= k
    assert len(made) == len(ROWS)
    assert told.changed["age"] > 0
    assert list(made.dtypes) == list(ROWS.dtypes)
    assert made["income"].isin(ROWS["income"]).all()


def test_more_is_lost_the_more_is_asked():
    few, many = (recoded(ROWS, SCHEMA, wanted(k))[1] for k in (2, 25))
    assert many.classes < few.classes / 5
    assert few.changed["age"] < many.changed["age"]


def test_what_is_k_anonymous_already_stays_as_it_is():
    rows = pd.concat([ROWS.head(200)] * 5, ignore_index=True)
    made, told = recoded(rows, SCHEMA, wanted(5))
    pd.testing.assert_frame_equal(made, rows)
    assert told.changed == {}


def test_a_middle_value_is_one_of_its_class():
    """Nothing is made up: numbers and dates of a class are those of one of its rows."""
    made, _ = recoded(ROWS, SCHEMA, Wanted(10, ("age", "born")))
    assert made["age"].isin(ROWS["age"]).all()
    assert made["born"].isin(ROWS["born"]).all()
    assert (made["age"] - ROWS["age"]).abs().mean() < 6


def test_classes_are_diverse_and_close():
    made, told = recoded(ROWS, SCHEMA, wanted(5, sensitive=("ill",), l=2, t=0.25))
    found = k_anonymity(made, ["age", "sex", "town"], sensitive=["ill"])
    assert found.diversity["ill"] >= 2
    assert told.closeness["ill"] <= 0.25
    assert "2-diverse" in told.sentence() or "3-diverse" in told.sentence()


def test_kinds_of_cells_keep_their_kind():
    """Dates of all kinds, decimals, missing cells, truth values, numbered categories."""
    n = len(ROWS)
    rng = np.random.default_rng(1)
    rows = pd.DataFrame({
        "day": [d.date() for d in ROWS["born"]], "text": ROWS["born"].dt.strftime("%d.%m.%Y"), "zoned": ROWS["born"].dt.tz_localize("UTC"),
        "price": [decimal.Decimal(int(c)) / 100 for c in rng.integers(0, 99_999, n)],
        "holes": np.where(rng.random(n) < 0.3, np.nan, rng.normal(size=n).round(2)), "small": rng.integers(-120, 120, n).astype("int8"),
        "grade": pd.Categorical(rng.choice(["a", "b", "c", "d"], n, p=[0.6, 0.3, 0.098, 0.002])),
    })  # fmt: skip
    schema = infer_schema(rows)
    for name in rows:
        made, _ = recoded(rows, schema, Wanted(20, (name,)))
        assert made[name].dtype.kind == rows[name].dtype.kind, name
        assert k_anonymity(made, [name]).k >= 20, name
        kinds = set(map(type, made[name].dropna())) - {str}
        assert kinds <= set(map(type, rows[name].dropna())), name
    made, _ = recoded(rows, schema, Wanted(20, ("grade",)))
    assert set(made["grade"]) < {"a", "b", "c", "d", "other"}


def test_the_impossible_is_refused():
    with pytest.raises(PrivacyError, match="even 30 rows that share all quasi-identifiers"):
        recoded(ROWS.head(30), SCHEMA, wanted(31))
    with pytest.raises(ConfigError, match="needs quasi-identifiers"):
        recoded(ROWS, SCHEMA, wanted(5, ()))
    with pytest.raises(ConfigError, match="need a sensitive column"):
        recoded(ROWS, SCHEMA, wanted(5, l=2))


def test_closeness_of_numbers_is_over_their_ranks():
    """Li et al.'s example: salaries 3k to 11k, a class of the three lowest is 0.375 away from all nine."""
    salaries = pd.Series([3, 4, 5, 6, 11, 8, 7, 9, 10])
    of = np.array([0, 0, 0, 1, 1, 1, 2, 2, 2])
    assert closeness(of, salaries)[0] == pytest.approx(0.375)


def test_columns_that_single_people_out_are_proposed():
    assert telling_columns(ROWS, SCHEMA)[0] == "income"
    assert len(telling_columns(ROWS[["sex", "ill"]], infer_schema(ROWS[["sex", "ill"]]))) == 2


def test_a_run_releases_k_anonymous_rows_and_makes_them_again(tmp_path):
    asked = {"k_anonymity": 5, "quasi_identifiers": ["age", "sex", "town"]}
    result = ss.synthesize(ROWS, generator="copula", seed=1, privacy=asked, evaluate={"enabled": False})
    rows = result.synthetic.frame
    assert k_anonymity(rows, ["age", "sex", "town"]).k >= 5
    assert result.manifest["recoding"]["k"] >= 5
    assert result.manifest["data"]["synthetic"] == len(rows)
    again = ss.resample(result.save(tmp_path / "run"))
    pd.testing.assert_frame_equal(again.synthetic.frame, rows)
    assert again.unchecked == 0
    assert again.manifest["scores"] == result.manifest["scores"]


def test_diversity_without_classes_is_refused():
    with pytest.raises(ConfigError, match="need k_anonymity"):
        ss.synthesize(ROWS, privacy={"l_diversity": 3})
