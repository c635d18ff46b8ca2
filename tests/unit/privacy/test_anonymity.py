"""k-anonymity, l-diversity and matches with single real people."""

import datetime as dt
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smartsynth.errors import ConfigError, DataError
from smartsynth.facts import to_json
from smartsynth.privacy.anonymity import (
    class_sizes,
    default_quasi_identifiers,
    k_anonymity,
    reidentification,
    sensitive_columns,
)
from smartsynth.schema import Column, Kind, Role, Schema

PEOPLE = pd.DataFrame(
    {
        "age": [30, 30, 30, 41, 41, 50],
        "sex": ["f", "f", "f", "m", "m", None],
        "illness": ["flu", "flu", "cold", "flu", "flu", "cold"],
    }
)


def test_classes_are_counted():
    """Smallest class, rows alone, rows below the wanted k, fewest distinct sensitive values."""
    result = k_anonymity(PEOPLE, ["age", "sex"], wanted=3, sensitive=["illness"])
    assert (result.k, result.classes, result.rows) == (1, 3, 6)
    assert result.unique == pytest.approx(1 / 6)
    assert result.below == pytest.approx(3 / 6)
    assert result.diversity == {"illness": 1}
    assert result.diversity_sentences == ["Every class has at least 1 value of illness."]
    many = k_anonymity(PEOPLE[2:4].assign(age=30, sex="f"), ["age", "sex"], sensitive=["illness"])
    assert many.diversity_sentences == ["Every class has at least 2 different values of illness."]
    assert class_sizes(PEOPLE, ["age", "sex"]).tolist() == [3, 3, 3, 2, 2, 1]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 4))
def test_class_sizes_are_those_of_a_group_by(seed, n_columns):
    """Any table: the same sizes as pandas' own group-by with missing cells as values."""
    rng = np.random.default_rng(seed)
    names = [f"q{j}" for j in range(n_columns)]
    frame = pd.DataFrame({name: rng.choice(["a", "b", None], 60) for name in names})
    expected = frame.groupby(names, dropna=False)[names[0]].transform("size")
    assert class_sizes(frame, names).tolist() == expected.tolist()


def test_single_real_people_are_counted_with_their_yardstick():
    """Only combinations of exactly one training row count; the holdout is judged in the same way."""
    synthetic = pd.DataFrame({"age": [50, 41, 30, 99], "sex": [None, "m", "f", "x"]})
    holdout = pd.DataFrame({"age": [50.0, 50.0], "sex": [None, "f"]})
    result = reidentification(PEOPLE, synthetic, holdout, ["age", "sex"])
    assert result.matched == 1
    assert result.share == 0.25
    assert result.reference == 0.5
    assert result.unique == pytest.approx(1 / 6)
    assert result.interval[0] < result.share < result.interval[1]


def test_without_holdout_there_is_no_yardstick():
    """No holdout: the reference is not a number, and JSON says null."""
    result = reidentification(PEOPLE, PEOPLE, None, ["age"])
    assert math.isnan(result.reference)
    assert to_json(result)["reference"] is None
    assert result.matched == 1


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (pd.to_datetime(pd.Series(["2020-01-01 08:00"])), pd.to_datetime(pd.Series(["2020-01-01 23:00"]))),
        (pd.Series([dt.date(2020, 1, 1)]), pd.Series([dt.date(2020, 1, 1)])),
        (pd.Series([dt.datetime(2020, 1, 1, 5)], dtype=object), pd.Series([dt.date(2020, 1, 1)])),
        (pd.to_datetime(pd.Series(["2020-01-01 08:00"])), pd.Series([dt.date(2020, 1, 1)])),
        (pd.Series([3], dtype="Int64"), pd.Series([3.0])),
        (pd.Series(["a"], dtype="category"), pd.Series(["a"])),
        (pd.Series([None], dtype=object), pd.Series([np.nan])),
    ],
)
def test_cells_that_mean_the_same_match(left, right):
    """Dates match by day, numbers by value whatever their storage, missing matches missing."""
    assert reidentification(pd.DataFrame({"q": left}), pd.DataFrame({"q": right}), None, ["q"]).matched == 1


def test_time_zones_keep_their_local_day():
    """A late evening in New York is that day, not the next one in London."""
    local = pd.to_datetime(pd.Series(["2020-01-01 23:00", "2020-01-01 01:00"])).dt.tz_localize("America/New_York")
    assert class_sizes(pd.DataFrame({"q": local}), ["q"]).tolist() == [2, 2]


def test_neighbouring_numbers_do_not_match():
    """Numbers are compared exactly."""
    assert reidentification(pd.DataFrame({"q": [1.0]}), pd.DataFrame({"q": [1.0 + 1e-9]}), None, ["q"]).matched == 0


def test_roles_decide_the_columns():
    """Quasi-identifiers and sensitive columns are those with these roles."""
    schema = Schema(
        (
            Column("age", Kind.NUMERIC, "int64", Role.QUASI_IDENTIFIER),
            Column("illness", Kind.CATEGORICAL, "object", Role.SENSITIVE),
            Column("hours", Kind.NUMERIC, "int64"),
        )
    )
    assert default_quasi_identifiers(schema) == ("age",)
    assert sensitive_columns(schema) == ("illness",)


def test_wrong_columns_are_refused():
    """No column, or one that is not there: the message says which."""
    with pytest.raises(ConfigError, match="at least one"):
        k_anonymity(PEOPLE, [])
    with pytest.raises(DataError, match="'zip'"):
        k_anonymity(PEOPLE, ["age", "zip"])


def test_empty_table_has_no_class():
    """No rows: no class, and shares that are not numbers."""
    result = k_anonymity(PEOPLE[:0], ["age"])
    assert (result.k, result.classes) == (0, 0)
    assert math.isnan(result.unique)
