"""Conditions as values and as text, and what is said about wrong ones."""

import numpy as np
import pandas as pd
import pytest

from smartsynth.errors import ConfigError
from smartsynth.models.conditions import Condition, conditions_of, holds, intervals
from smartsynth.schema import Column, Kind, Schema

AGE = Column("age", Kind.NUMERIC, "int64", decimals=0)
JOB = Column("job", Kind.CATEGORICAL, "object")
SCHEMA = Schema((
    AGE, JOB, Column("age group", Kind.CATEGORICAL, "int64"), Column("id", Kind.IDENTIFIER, "object"),
    Column("day", Kind.DATETIME, "object", format="%d.%m.%Y"), Column("a=b", Kind.NUMERIC, "float64"),
))  # fmt: skip


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("job=>50K", Condition("job", values=(">50K",))),
        ("job = Sales", Condition("job", values=("Sales",))),
        ("job!=Sales", Condition("job", excluded=("Sales",))),
        ('job=["Sales", "Tech"]', Condition("job", values=("Sales", "Tech"))),
        ("job=", Condition("job", values=(None,))),
        ("age>=60", Condition("age", low="60")),
        ("age>60", Condition("age", low="60", low_open=True)),
        ("age<=1e2", Condition("age", high="1e2")),
        ("age<70", Condition("age", high="70", high_open=True)),
        ("age group=3", Condition("age group", values=("3",))),
        ("a=b>=1", Condition("a=b", low="1")),
    ],
)
def test_texts_are_read(text, meant):
    """The longest column name wins, then the operator, then everything else is the value."""
    assert conditions_of([text], SCHEMA) == {meant.column: meant}


def test_values_are_read():
    """A value, a choice, a range, nothing."""
    given = {"job": ["a", "b"], "age": (18, None), "age group": 3, "day": None}
    found = conditions_of(given, SCHEMA)
    assert found["job"].values == ("a", "b")
    assert (found["age"].low, found["age"].high) == (18, None)
    assert found["age group"].values == (3,)
    assert found["day"].values == (None,)
    assert conditions_of(None, SCHEMA) == conditions_of([], SCHEMA) == {}


def test_conditions_of_one_column_are_joined():
    """Both ends of a range, and what is excluded from it."""
    found = conditions_of(["age>=18", "age<65", "age!=30"], SCHEMA)["age"]
    assert (found.low, found.high, found.high_open, found.excluded) == ("18", "65", True, ("30",))
    assert str(found) == "age!=30, age>=18, age<65"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["agee>=60"], r"no column 'agee'.*Did you mean 'age'"),
        (["age"], r"'age' is not a condition\. Write COLUMN"),
        (["age~3"], r"is not a condition"),
        (["id=7"], r"'id' is of the kind 'identifier'.*Name one of: age, job"),
        (["age>=1", "age>=2"], r"two things about the same column"),
        (["job=[Sales]"], r"a choice is a JSON list"),
        (["job=[]"], r"the choice is empty"),
        ({"job": []}, r"the choice is empty"),
        ({"age": (1, 2, 3)}, r"a range is \(low, high\)"),
        ({"nobody": 1}, r"no column 'nobody'"),
    ],
)
def test_wrong_conditions_are_explained(given, says):
    """With what is allowed and the next step."""
    with pytest.raises(ConfigError, match=says):
        conditions_of(given, SCHEMA)


def test_intervals_end_between_the_values():
    """So that rounding leads to a value that fulfils the condition."""
    low, high = intervals(conditions_of(["age>60", "age<=70", "age!=65"], SCHEMA)["age"], AGE, 1, 1.0)
    kept = [x for x in range(50, 80) if ((low <= x) & (x <= high)).any()]
    assert kept == [61, 62, 63, 64, 66, 67, 68, 69, 70]
    assert set(np.round(np.r_[low, high])) <= {61, 64, 66, 70}


def test_an_open_end_excludes_the_bound_itself():
    """Also where values may lie anywhere."""
    low, _ = intervals(Condition("x", low=0, low_open=True), Column("x", Kind.NUMERIC, "float64"), 1, 0.0)
    assert low[0] > 0
    low, high = intervals(Condition("x", excluded=(0.0,)), Column("x", Kind.NUMERIC, "float64"), 1, 0.0)
    assert not ((low <= 0) & (high >= 0)).any()
    assert ((low <= 1e-9) & (high >= 1e-9)).any()


@pytest.mark.parametrize("day", ["01.02.2020", "2020-02-01"])
def test_dates_are_read_in_the_format_of_the_column_or_iso(day):
    """Days since 1970."""
    low, _ = intervals(Condition("day", low=day), SCHEMA["day"], 86_400_000_000_000, 1.0)
    assert round(low[0]) == (pd.Timestamp("2020-02-01") - pd.Timestamp(0)).days


def test_what_is_no_number_is_refused():
    """With the column's kind, and its format if it has one."""
    with pytest.raises(ConfigError, match=r"'old' cannot be read as numeric"):
        intervals(Condition("age", low="old"), AGE, 1, 1.0)
    with pytest.raises(ConfigError, match=r"'soon' cannot be read as datetime as %d.%m.%Y"):
        intervals(Condition("day", low="soon"), SCHEMA["day"], 86_400_000_000_000, 1.0)


def test_categories_are_compared_as_values_and_as_text():
    """A text from the command line finds a number or a truth value."""
    group = SCHEMA["age group"]
    assert list(holds(Condition("age group", values=("2",)), group, [1, 2, 3])) == [False, True, False]
    assert list(holds(Condition("age group", low="2"), group, [1, 2, 3])) == [False, True, True]
    assert list(holds(Condition("age group", high=2, high_open=True), group, [1, 2, 3])) == [True, False, False]
    assert list(holds(Condition("job", excluded=("b",)), JOB, ["a", "b"])) == [True, False]
    yes = Column("paid", Kind.BOOLEAN, "bool")
    assert list(holds(Condition("paid", values=("true",)), yes, [False, True])) == [False, True]
    with pytest.raises(ConfigError, match=r"column 'job' is categorical, and ranges are for numbers and dates"):
        holds(Condition("job", low="b"), JOB, ["a", "b"])


HOURS = Column("t", Kind.DATETIME, "datetime64[ns]")
NEW_YORK = Column("t", Kind.DATETIME, "datetime64[ns, America/New_York]")
HOUR = 3_600_000_000_000


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("age>=2.5", {3, 4, 5}),
        ("age>2.5", {3, 4, 5}),
        ("age<=2.5", {0, 1, 2}),
        ("age<2.5", {0, 1, 2}),
        ("age>=2", {2, 3, 4, 5}),
        ("age>2", {3, 4, 5}),
        ("age=2.5", set()),
        ("age!=2.5", {0, 1, 2, 3, 4, 5}),
        ("age!=2", {0, 1, 3, 4, 5}),
    ],
)
def test_a_bound_between_two_values_of_the_grid_is_none_of_them(text, kept):
    (condition,) = conditions_of([text], SCHEMA).values()
    low, high = intervals(condition, AGE, 1, 1.0)
    assert {x for x in range(6) if ((low <= x) & (x <= high)).any()} == kept


@pytest.mark.parametrize(
    ("column", "text", "first"),
    [
        (HOURS, "t>=2024-01-10 10:30", "2024-01-10 11:00"),
        (HOURS, "t>2024-01-10 10:00", "2024-01-10 11:00"),
        (HOURS, "t>=2024-01-10 10:00", "2024-01-10 10:00"),
        (NEW_YORK, "t>=2024-01-10", "2024-01-10 00:00"),
        (NEW_YORK, "t>=2024-01-10T00:00+00:00", "2024-01-09 19:00"),
    ],
)
def test_moments_are_taken_as_the_column_writes_them(column, text, first):
    """Between two hours the next one begins; without an offset the column's own wall time is meant."""
    (condition,) = conditions_of([text], Schema((column,))).values()
    low, _ = intervals(condition, column, HOUR, 1.0)
    assert np.ceil(low[0]) == pd.Timestamp(first).value // HOUR


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA, pd.NaT])
def test_every_way_to_write_a_missing_cell_means_one(missing):
    assert conditions_of({"age": missing}, SCHEMA)["age"].values == (None,)
    assert conditions_of({"age": [missing, 3]}, SCHEMA)["age"].values == (None, 3)


def test_a_missing_cell_and_a_bound_exclude_each_other():
    assert conditions_of(["age="], SCHEMA)["age"].allows_missing
    assert not conditions_of(["age=", "age>=60"], SCHEMA)["age"].allows_missing
    assert not conditions_of(["age=", "age!="], SCHEMA)["age"].allows_missing
