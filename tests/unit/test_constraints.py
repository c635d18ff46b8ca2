"""What rules promise: each is read as the most telling kind that it is, and finds the rows that break it, and no others."""

import pandas as pd
import pytest

from smartsynth.constraints import (
    Among,
    Chain,
    Combinations,
    Condition,
    Consequence,
    Formula,
    Matches,
    OneHot,
    Unique,
    broken,
    rules_of,
)
from smartsynth.errors import ConfigError
from smartsynth.inference import infer_schema

ROWS = pd.DataFrame(
    {
        "price": [2.5, 3.25, None, 4.0],
        "quantity": [2, 3, 4, 5],
        "total": [5.0, 9.75, 1.0, 19.0],
        "unit price": [2.5, 3.25, 1.0, 4.0],
        "start": pd.to_datetime(["2024-01-01", "2024-01-05", "2024-02-01", "2024-03-01"]),
        "end": pd.to_datetime(["2024-01-03", "2024-01-04", None, "2024-03-01"]),
        "sex": ["F", "M", "M", None],
        "pregnant": [True, True, False, True],
        "red": [1, 0, 1, 0],
        "green": [0, 1, 1, 0],
        "city": ["Rome", "Milan", "Paris", "Rome"],
        "country": ["Italy", "Italy", "France", "France"],
        "code": ["A1", "B22", "c3", None],
    }
)
SCHEMA = infer_schema(pd.concat([ROWS] * 10, ignore_index=True))


def rule(value):
    (found,) = rules_of([value], SCHEMA)
    return found


@pytest.mark.parametrize(
    ("value", "kind", "holds"),
    [
        ("total == price * quantity", Formula, [True, True, True, False]), ("price * quantity == total", Formula, [True, True, True, False]),
        ("total == `unit price` * quantity", Formula, [True, True, False, False]), ("start <= end", Chain, [True, False, True, True]),
        ("end > start", Chain, [True, False, True, False]), ("0 < quantity <= 4", Chain, [True, True, True, False]),
        ("if sex == 'M' then not pregnant", Consequence, [True, False, True, True]), ("length(city) == 4", Condition, [True, False, False, True]),
        ("quantity == 3", Condition, [False, True, False, False]), ("start + end == 3", None, None),
        ({"one_hot": ["red", "green"]}, OneHot, [True, True, False, False]), ({"unique": "city"}, Unique, [True, True, True, False]),
        ({"unique": ["city", "country"]}, Unique, [True] * 4), ({"combinations": ["city", "country"]}, Combinations, [True] * 4),
        ({"matches": {"code": "[A-Z][0-9]+"}}, Matches, [True, True, False, True]), ("end - start >= 2", Condition, None),
        ({"among": {"city": ["Rome", "Oslo"]}}, Among, [True, False, False, True]), ({"among": {"price": [4, "2.5"]}}, Among, [True, False, True, True]),
        ({"among": {"start": ["2024-01-05"]}}, Among, [False, True, False, False]),
    ],
)  # fmt: skip
def test_kinds_and_what_breaks_them(value, kind, holds):
    if kind is None:
        assert isinstance(rule(value), Condition)
        return
    found = rule(value)
    assert type(found) is kind
    if holds is None:
        with pytest.raises(ConfigError, match="cannot be computed"):
            found.holds(ROWS)
    else:
        assert found.holds(ROWS).tolist() == holds


def test_chains_rise():
    falling, rising = rule("end > start"), rule("start < end")
    assert (falling.members, falling.strict) == (rising.members, rising.strict) == (("start", "end"), (True,))
    assert [getattr(m, "text", m) for m in rule("0 < quantity <= 4").members] == ["0", "quantity", "4"]
    assert rule("0 < quantity <= 4").strict == (True, False)


def test_formulas_are_kept_to_the_decimals_of_their_column():
    rows = pd.DataFrame({"a": [1.0, 2.0, 3.0] * 10, "b": [0.33, 0.67, 1.0] * 10})
    (found,) = rules_of(["b == a / 3"], infer_schema(rows))
    assert found.decimals == 2
    assert found.holds(rows).all()
    assert not found.holds(rows.assign(b=rows["b"] + 0.01)).any()
    assert found.said == "b == a / 3"
    assert found.columns == ("b", "a")


def test_formulas_of_texts_and_dates():
    rows = pd.DataFrame({"city": ["Rome", "Milan"] * 10, "loud": ["ROME", "milan"] * 10})
    (found,) = rules_of(["loud == upper(city)"], infer_schema(rows))
    assert found.holds(rows).tolist() == [True, False] * 10


def test_combinations_that_were_seen_hold():
    seen = Combinations(("city", "country"), frozenset({("Rome", "Italy"), ("Milan", "Italy")}))
    assert seen.holds(ROWS).tolist() == [True, True, False, False]
    assert seen.holds(ROWS.assign(city=None)).all()


def test_rules_that_are_broken_are_counted():
    found = broken(rules_of(["total == price * quantity", "quantity > 0", {"unique": "city"}], SCHEMA), ROWS)
    assert [(one.rule.said, one.rows) for one in found] == [("total == price * quantity", 1), ("unique: [city]", 1)]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("totel > 1", "names 'totel', and there is no such column. Did you mean 'total'"), ("1 < 2", "names no column"),
        ("price < quantity < price", "names a column twice"), ({"one_hot": ["red"]}, "needs two columns"), ({"unique": ["x"]}, "no column 'x'"),
        ({"one_hot": ["red", "red"]}, "different columns"), ({"sorted": ["red"]}, "must be an expression, or one of one_hot"),
        ({"matches": {"code": "("}}, "is no regular expression"), ({"matches": ["code"]}, "by column"), (3, "must be an expression"),
        ("if sex == 'M' then", "cannot be read"), ({}, "must be an expression"),
    ],
)  # fmt: skip
def test_what_is_no_rule_is_said(value, said):
    with pytest.raises(ConfigError) as told:
        rules_of([value], SCHEMA)
    assert said in str(told.value)


def test_all_wrong_rules_are_named_at_once():
    with pytest.raises(ConfigError) as told:
        rules_of(["a > 1", "quantity > 0", "b > 1"], SCHEMA)
    assert len(str(told.value).splitlines()) == 2


@pytest.mark.parametrize("said", [{"price": ["cheap"]}, {"price": []}, {"price": 3}, ["price"], {"prise": [3]}])
def test_values_that_a_column_cannot_have_are_refused(said):
    with pytest.raises(ConfigError, match=r"among: |no column"):
        rules_of([{"among": said}], SCHEMA)
