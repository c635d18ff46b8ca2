"""What is said of rules that cannot hold together: which they are, and nothing of rules that can."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smartsynth.clashes import clashes, unsatisfied
from smartsynth.constraints import rules_of
from smartsynth.schema import Column, Kind, Schema

SCHEMA = Schema(
    (
        *(Column(name, Kind.NUMERIC, "int64", decimals=0) for name in "abcd"), Column("x", Kind.NUMERIC, "float64"),
        Column("begins", Kind.DATETIME, "datetime64[ns]"), Column("ends", Kind.DATETIME, "datetime64[ns]"),
        Column("waits", Kind.DURATION, "timedelta64[ns]"), *(Column(name, Kind.BOOLEAN, "bool") for name in ("red", "green", "blue")),
        Column("city", Kind.CATEGORICAL, "object"), Column("code", Kind.IDENTIFIER, "object"),
        Column("age", Kind.NUMERIC, "int64", decimals=0, low=0, high=120),
        Column("sex", Kind.CATEGORICAL, "object", categories=("F", "M")),
        Column("born", Kind.DATETIME, "datetime64[ns]", low="1900-01-01"),
    )
)  # fmt: skip


def found(*values):
    return clashes(rules_of(values, SCHEMA), SCHEMA)


LISTED = {"combinations": {"columns": ["city", "a"], "rows": [["Rome", 1], ["Paris", 2]]}}


@pytest.mark.parametrize(
    ("rules", "named", "why"),
    [
        (["a >= 10", "b >= a", "b <= 5"], ["a >= 10", "b >= a", "b <= 5"], "'a' would have to be at least 10 and at most 5"),
        (["a == 3", "a == 4"], ["a == 3", "a == 4"], "'a' cannot have a value"), (["a in (1, 2)", "a == 3", "b > 0"], ["a in (1, 2)", "a == 3"], ""),
        (["city == 'Rome'", "city == 'Paris'"], ["city == 'Rome'", "city == 'Paris'"], ""), (["sex == 'X'"], ["sex == 'X'", "categories of sex"], ""),
        ([{"one_hot": ["red", "green", "blue"]}, "red", "blue == True"], ["one_hot: [red, green, blue]", "red", "blue == True"], "no row of the group"),
        ([{"one_hot": ["red", "green"]}, "not red", "not green"], ["one_hot: [red, green]", "not red", "not green"], ""),
        (["age > 130"], ["age > 130", "high of age: 120"], "at least 131 and at most 120"), (["age == -1"], ["age == -1", "low of age: 0"], ""),
        (["born < date('1850-01-01')"], ["born < date(", "low of born: 1900-01-01"], "at least 1900-01-01 00:00:00 and less than 1850"),
        (["begins > '2024-02-01'", "ends >= begins", "ends < '2024-01-01'"], ["begins > ", "ends >= begins", "ends < "], ""),
        (["a < b", "b < c", "c < a"], ["a < b", "b < c", "c < a"], "would be less than itself"), (["a < b", "a == b"], ["a < b", "a == b"], ""),
        (["3 < a", "a < 4"], ["3 < a", "a < 4"], "'a' would have to be at least 4 and at most 3"), (["5 <= a <= 3"], ["5 <= a <= 3"], ""),
        (["x > 0", "x < 0"], ["x > 0", "x < 0"], "more than 0 and less than 0"), (["a >= 3 and b >= a", "b < 2"], ["a >= 3", "b >= a", "b < 2"], ""),
        (["a == b", "a == 3", "b == 4"], ["a == b", "a == 3", "b == 4"], ""), (["waits > '2h'", "waits < '1h'"], ["waits > ", "waits < "], "0 days 02:00:00"),
        ([{"zero_together": ["a", "b"]}, "a == 0", "b > 0"], ["zero_together: [a, b]", "a == 0", "b > 0"], "'a' is 0 and 'b' cannot be"),
        ([{"matches": {"code": "[A-Z]+"}}, "code in ('a', 'b')"], ["code in"], "has the form"), ([LISTED, "city == 'Lyon'"], ["2 listed", "Lyon"], ""),
        ([LISTED, "city == 'Rome'", "a == 2"], ["2 listed", "Rome", "a == 2"], "no row of the group"),
    ],
)  # fmt: skip
def test_clashes_are_named(rules, named, why):
    (said,) = found(*rules)
    assert why in said
    for name in named:
        assert name in said


@pytest.mark.parametrize(
    "rules",
    [
        ["a >= 10", "b >= a", "b <= 10"], ["3 < a", "a < 5"], ["a == 3", "a in (3, 4)", "a >= 3"], ["x > 0", "x < 1e-9"],
        [{"one_hot": ["red", "green", "blue"]}, "not red", "not green"], ["sex == 'F'", "age <= 120"], ["a <= b", "b <= c", "c <= a"],
        [{"zero_together": ["a", "b"]}, "a == 0", "b >= 0"], [LISTED, "city == 'Rome'", "a == 1"], ["a == 1 or a == 2", "a == 3 or b == 1"],
        ["if a == 1 then b == 2", "b == 3"], ["a == -1", "a < 0"], [{"matches": {"code": "[A-Z]+"}}, "code in ('a', 'B')"],
    ],
)  # fmt: skip
def test_rules_that_can_hold_do_not_clash(rules):
    assert found(*rules) == ()


PARTS = st.sampled_from(
    [f"{a} {how} {b}" for a in "abc" for b in ("a", "b", "c", "0", "1", "2") for how in ("<", "<=", "==") if a != b]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(PARTS, min_size=1, max_size=5, unique=True))
def test_clashes_are_found_where_no_row_can_be(rules):
    """Of all small whole numbers none keeps rules that clash; rules of ends, values and pairs that none keeps clash."""
    places = np.stack(np.meshgrid(*[np.arange(-6, 9)] * 3), axis=-1).reshape(-1, 3)
    rows = pd.DataFrame(places, columns=list("abc"))
    keep = np.all([rule.holds(rows) for rule in rules_of(rules, SCHEMA)], axis=0).any()
    assert keep == (found(*rules) == ())


def test_rules_that_no_real_row_keeps_are_few():
    rows = pd.DataFrame({"a": [1, 2, 3, 4], "b": [4, 3, 2, 1], "c": [0, 0, 0, 0], "d": [1, 1, 2, 2]})

    def named(*values):
        return [rule.said for rule in unsatisfied(rules_of(values, SCHEMA), rows)]

    assert named("a >= 1", "b >= 1") == []
    assert named("a >= 1", "c > 0", "b < 0") == ["c > 0"]
    assert named("a >= 1", "a > 2", "b > 2", "d > 0") == ["a > 2", "b > 2"]
    assert named("d >= 1", "a != 1", "a != 2 or b < 0", "a <= 2 or d == 1", "c == 0") == [
        "a != 1",
        "a != 2 or b < 0",
        "a <= 2 or d == 1",
    ]
    assert unsatisfied((), rows) == unsatisfied(rules_of(["a > 9"], SCHEMA), rows.head(0)) == ()


@pytest.mark.parametrize(
    ("rule", "clashes"),
    [
        ("a + a > 100", True), ("a * b == 60", True), ("a - b < -6", True), ("-a > 5", True), ("a + c > 100", False), ("a + b >= 11", False),
        ("a * b >= 30", False), ("a - b == 3.5", False), ("a / b > 900", False),
    ],
)  # fmt: skip
def test_what_declared_ends_leave_no_room_for(rule, clashes):
    schema = SCHEMA.with_column("a", low=0, high=5).with_column("b", low=1, high=6)
    rows = pd.DataFrame({"a": [0.0, 5.0, 5.0, 4.75], "b": [1.0, 6.0, 1.0, 0.25], "c": [0.0, 0.0, 96.0, 0.0]})
    said = [str(one) for one in found_in(schema, rule)]
    assert bool(said) == clashes
    if clashes:
        assert "between these ends" in said[0] and "high of a: 5" in said[0]
        assert not rules_of([rule], schema)[0].holds(rows).any()


def found_in(schema, *rules):
    return [one for one in clashes(rules_of(rules, schema), schema) if "between these ends" in one]
