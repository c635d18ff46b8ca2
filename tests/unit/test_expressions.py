"""What expressions promise: they say what Python says of each row, run nothing, and leave unknown what a missing cell hides."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smartsynth.errors import ConfigError
from smartsynth.expressions import FUNCTIONS, Expression

ROWS = pd.DataFrame(
    {
        "a": [1, 2, 3, 4],
        "b": [1.5, None, 0.0, 4.0],
        "sex": ["F", "M", None, "F"],
        "pregnant": [True, False, False, None],
        "born": pd.to_datetime(["2000-01-01", "1999-12-31", None, "2024-02-29"]),
        "seen": pd.to_datetime(["2001-01-01", "1999-12-01", "2020-01-01", "2024-03-01"]),
        "unit price": [2.0, 3.0, 4.0, 5.0],
        "kind": pd.Categorical(["x", "y", "x", None]),
    }
)
NA = pd.NA


def value(text):
    return Expression.parse(text, list(ROWS.columns))(ROWS).tolist()


def holds(text):
    return Expression.parse(text, list(ROWS.columns)).holds(ROWS).tolist()


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a + 2 * b", [4.0, NA, 3.0, 12.0]), ("a / b", [1 / 1.5, NA, NA, 1.0]), ("-a % 3", [2, 1, 0, 2]), ("a // 2", [0, 1, 1, 2]),
        ("round(b * 1.11, 1)", [1.7, NA, 0.0, 4.4]), ("floor(b)", [1.0, NA, 0.0, 4.0]), ("ceil(b)", [2.0, NA, 0.0, 4.0]),
        ("min(a, b)", [1.0, NA, 0.0, 4.0]), ("max(a, 3)", [3, 3, 3, 4]), ("abs(a - 3)", [2, 1, 0, 1]),
        ("`unit price` * a", [2.0, 6.0, 12.0, 20.0]), ("year(born)", [2000, 1999, NA, 2024]), ("month(born)", [1, 12, NA, 2]),
        ("days(seen - born)", [366.0, -30.0, NA, 1.0]), ("lower(sex)", ["f", "m", NA, "f"]), ("length(kind)", [1, 1, 1, NA]),
        ("a if pregnant else 0", [1, 0, 0, NA]), ("0.0 if a >= 3 else 4.95", [4.95, 4.95, 0.0, 0.0]), ("sex + '!'", ["F!", "M!", NA, "F!"]),
    ],
)  # fmt: skip
def test_values(text, wanted):
    found = value(text)
    assert len(found) == 4
    for one, other in zip(found, wanted, strict=True):
        assert (one is NA or pd.isna(one)) if other is NA else one == pytest.approx(other)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("0 < a <= 3", [True, True, True, False]), ("b > 1", [True, True, False, True]), ("born <= seen", [True, False, True, True]),
        ('sex == "F" or not pregnant', [True, True, True, True]), ('sex != "F"', [False, True, True, False]),
        ('sex == "M" and pregnant', [False, False, False, False]), ('born < "2000-01-02"', [True, True, True, False]),
        ("born >= date('2000-01-01')", [True, False, True, True]), ('kind in ("x", "z")', [True, False, True, True]),
        ('kind not in ["x"]', [False, True, False, True]), ("is_missing(b)", [False, True, False, False]),
        ("startswith(kind, 'x')", [True, False, True, True]), ("matches(sex, '[FM]')", [True, True, True, True]), ("True", [True] * 4),
        ("b == None", [True] * 4),
    ],
)  # fmt: skip
def test_truths(text, wanted):
    assert holds(text) == wanted


def test_names_that_are_read():
    assert Expression.parse("`unit price` * a > a", list(ROWS.columns)).names == ("unit price", "a")


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('x')", "a.values", "(lambda: 1)()", "[x for x in (1, 2)]", "a ** 9", "open('x')", "a[0]", "f'{a}'",
        "a := 3", "exec('x')", "{1: a}", "a @ b", "a & b", "1j", "b'x'", "...", "min(*a)", "round(a, places=1)", "a is None",
    ],
)  # fmt: skip
def test_nothing_else_is_read(text):
    with pytest.raises(ConfigError, match="The expression"):
        Expression.parse(text, list(ROWS.columns))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("aa > 1", "names 'aa', and there is no such column. Did you mean 'a'"), ("a >", "cannot be read"), ("", "must be a text of 1"),
        ("(" * 90 + "a" + ")" * 90, None), ("-" * 60 + "a", "parts within parts"), ("rund(a)", "calls 'rund'. Did you mean 'round'"),
        ("year()", "year takes 1 values"), (None, "must be a text"), ("a" * 3_000, "must be a text of 1 to 2,000"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_said(text, said):
    if said is None:
        assert Expression.parse(text, ["a"]).names == ("a",)
        return
    with pytest.raises(ConfigError) as told:
        Expression.parse(text, list(ROWS.columns))
    assert said in str(told.value)


@pytest.mark.parametrize(
    "text",
    [
        "sex - 1",
        "sex > a",
        "year(a)",
        "not a",
        "sex * 3",
        "born + seen",
        "a and sex",
        "a in b",
        "lower(a)",
        "matches(sex, '(')",
        "date('x') < born",
    ],
)
def test_what_cannot_be_computed_names_the_columns(text):
    with pytest.raises(ConfigError, match=r"cannot be computed with these columns \(.*: .*\)"):
        value(text)


def test_a_number_is_no_condition():
    with pytest.raises(ConfigError, match="neither true nor false"):
        holds("a + 1")


def test_dates_with_zones_are_compared_with_texts():
    rows = pd.DataFrame({"at": pd.to_datetime(["2024-01-01 10:00", "2024-01-02 00:00"]).tz_localize("Europe/Paris")})
    assert Expression.parse('at < "2024-01-01 12:00"', ["at"]).holds(rows).tolist() == [True, False]


def test_an_empty_table_has_no_rows():
    assert len(Expression.parse("a > 1", ["a"]).holds(pd.DataFrame({"a": []}))) == 0


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text):
    try:
        Expression.parse(text, ["a"])
    except ConfigError:
        return


@settings(max_examples=100, deadline=None)
@given(st.recursive(
    st.sampled_from(["a", "b", "1", "2.5"]),
    lambda inner: st.tuples(inner, st.sampled_from(["+", "-", "*"]), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"), max_leaves=8,
))  # fmt: skip
def test_arithmetic_is_that_of_python(text):
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"a": rng.normal(size=5), "b": rng.normal(size=5)})
    found = Expression.parse(text, ["a", "b"])(rows)
    wanted = [eval(text, {"a": a, "b": b}) for a, b in zip(rows["a"], rows["b"], strict=True)]  # noqa: S307
    assert found.astype(float).tolist() == pytest.approx(wanted)


def test_each_function_is_tried_here():
    tried = {
        "abs",
        "round",
        "floor",
        "ceil",
        "min",
        "max",
        "is_missing",
        "date",
        "year",
        "month",
        "days",
        "lower",
        "length",
        "startswith",
        "matches",
    }
    assert set(FUNCTIONS) - tried == {"day", "weekday", "upper", "endswith"}
    assert value("day(born)")[3] == 29
    assert value("weekday(born)")[0] == 5
    assert value("upper(kind)")[0] == "X"
    assert holds("endswith(kind, 'y')") == [False, True, False, True]


@pytest.mark.filterwarnings("ignore:invalid value encountered in cast")  # of pandas, for infinity
@pytest.mark.parametrize(
    ("text", "true"),
    [
        ("a * 0.1 <= b", True), ("a * 0.1 >= b", True), ("a * 0.1 == b", True), ("a * 0.1 != b", False), ("a * 0.1 > b", False), ("b < a * 0.1", False),
        ("b < a", True), ("c > 0", True), ("c == 0", False), ("d < d + 1", True), ("d + 1 == d", False), ("0.3 == a * 0.1", True), ("b in (0.3, 1)", True),
        ("e > b", True), ("e == e", True), ("e == b", False),
    ],
)  # fmt: skip
def test_numbers_that_differ_only_as_computers_round_are_the_same(text, true):
    rows = pd.DataFrame(
        {"a": [3, None], "b": [0.3, 0.3], "c": [1e-300, 1.0], "d": [2**60, 2**60], "e": [np.inf, 1.0]}
    ).astype({"a": "Int64"})
    assert 3 * 0.1 != 0.3
    assert Expression.parse(text)(rows)[0] == true


@pytest.mark.parametrize("dtype", ["uint8", "int8", "UInt8", "uint16", "int32", "uint64", "uint8[pyarrow]", "category"])
def test_small_whole_numbers_do_not_wrap_around(dtype):
    cells = pd.Series([100, 120, 1], dtype="uint8" if dtype == "category" else dtype).astype(dtype)
    rows = pd.DataFrame({"u": cells, "w": cells[::-1].reset_index(drop=True)})
    assert Expression.parse("w - u")(rows).tolist() == [-99, 0, 99]
    assert Expression.parse("u * u * u")(rows).tolist() == [1_000_000, 1_728_000, 1]
    assert Expression.parse("u + w + 100 < 220").holds(rows).tolist() == [True, False, True]


def test_what_64_bits_do_not_hold_is_computed_in_floats():
    rows = pd.DataFrame({"a": [2**40, 3, None], "b": [-(2**40), 3, 1], "c": [2**62, 5, 1], "d": [2**64 - 1, 1, 2]})
    rows = rows.astype({"a": "Int64", "d": "uint64"})
    assert Expression.parse("a * b")(rows).tolist() == [-(2.0**80), 9, NA]
    assert Expression.parse("c + c - c > 0").holds(rows).all()
    assert Expression.parse("a * 99999999999999999999 > 0").holds(rows).all()
    assert Expression.parse("d + d")(rows).tolist() == [2.0**65, 2, 4]
    assert Expression.parse("c + 1")(rows).tolist() == [2**62 + 1, 6, 2]


def test_truths_are_counted():
    rows = pd.DataFrame({"p": [True, True, False], "q": [True, False, False]})
    assert Expression.parse("p + q")(rows).tolist() == [2, 1, 0]
    assert Expression.parse("p + q <= 1").holds(rows).tolist() == [False, True, True]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("capital-gain >= 0", "`capital-gain`"),
        ("Unit Price > 0", "`Unit Price`"),
        ("discount % >= 0", "`discount %`"),
        ("nett > 1", "Did you mean 'net'"),
    ],
)
def test_a_name_that_needs_backticks_is_said_with_them(text, said):
    with pytest.raises(ConfigError, match=re.escape(said)):
        Expression.parse(text, ["capital-gain", "capital-loss", "Unit Price", "discount %", "net"])
