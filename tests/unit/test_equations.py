"""Equations are solved for a column that the others give exactly, and for no other."""

import numpy as np
import pandas as pd
import pytest

from smartsynth.constraints import Formula, rules_of
from smartsynth.equations import solutions
from smartsynth.expressions import Expression
from smartsynth.inference import infer_schema
from smartsynth.models.rules.construction import Construction
from smartsynth.schema import Column, Kind, Schema

SCHEMA = Schema(
    (
        *(Column(name, Kind.NUMERIC, "float64", decimals=2) for name in ("a", "b", "c", "unit price")),
        *(Column(name, Kind.NUMERIC, "int64", decimals=0) for name in ("n", "m")),
        Column("x", Kind.NUMERIC, "float64"), Column("word", Kind.TEXT, "str"), Column("other", Kind.TEXT, "str"),
        *(Column(name, Kind.DATETIME, "datetime64[ns]") for name in ("start", "end")), Column("stay", Kind.DURATION, "timedelta64[ns]"),
    )
)  # fmt: skip


@pytest.mark.parametrize(
    ("said", "solved"),
    [
        ("a + b + c == 50", ["c == -a - b + 50", "b == -a - c + 50", "a == -b - c + 50"]),
        ("a - b * n == 0", ["a == (b * n)"]), ("-a == b * n", ["a == -(b * n)"]), ("2 * a == b + c", ["c == 2 * a - b", "b == 2 * a - c"]),
        ("a == b", ["a == b", "b == a"]), ("n + a == 3 * m", ["a == 3 * m - n"]), ("2 * x + a == 1", ["x == -0.5 * a + 0.5"]),
        ("`unit price` + a == b * c", ["a == (b * c) - `unit price`", "`unit price` == (b * c) - a"]),
        ("end - start == stay", ["stay == end - start", "start == end - stay", "end == start + stay"]),
        ("a * b == b * c", []), ("word + other == word", []), ("start + end == 3", []), ("a == 3", []), ("a < b", []), ("a * b + b == 3", []),
    ],
)  # fmt: skip
def test_what_an_equation_gives(said, solved):
    found = solutions(Expression.parse(said, SCHEMA.names), SCHEMA)
    assert [
        f"{Expression.parse('`' + name + '`').text if ' ' in name else name} == {given.text}" for name, given in found
    ] == solved


@pytest.mark.parametrize(
    ("rules", "given"),
    [
        (["a == b", "a == c"], ["a", "c"]), (["a == b == c"], ["a", "b"]), (["a == b * n", "a == c + `unit price`"], ["a", "unit price"]),
        (["a == c + b", "a == b * n and b >= 0"], ["c", "a", None]), ([{"combinations": ["a", "n"]}, "a == b - c"], [None, "c"]),
        (["a == b + c", "b == a - c"], ["a", "b"]), (["if n > 3 then a == b and c == 0"], [None, None]),
    ],
)  # fmt: skip
def test_rules_give_different_columns_where_they_can(rules, given):
    found = rules_of(rules, SCHEMA)
    assert [getattr(rule, "column", None) for rule in found] == given


def test_equations_in_any_form_hold_in_what_the_worst_generator_makes():
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({name: rng.normal(0, 900, 300).round(2) for name in ("a", "b", "x", "p")})
    rows = rows.assign(c=(5000 - rows["a"] - rows["b"]).round(2), q=rng.integers(1, 9, 300), p2=rows["p"], p3=rows["p"])
    rows["total"] = (rows["p"] * rows["q"]).round(2)
    rows["paid"] = (rows["total"] - rng.gamma(2, 30, 300)).round(2)
    rows["flag"] = rng.random(300) < 0.4
    rows.loc[rows["flag"], ["x"]] = 0.0
    schema = infer_schema(rows)
    rules = rules_of(
        [
            "a + b + c == 5000",
            "p == p2 == p3",
            "total - p * q == 0 and paid <= total",
            "if flag then x == 0 and q >= 1",
        ],
        schema,
    )
    made = Construction.fit(rows, schema, rules)
    learnt = made.learnt(rows)[0]
    mixed = pd.DataFrame({name: learnt[name].to_numpy()[rng.permutation(300)] for name in learnt}).astype(learnt.dtypes)
    found = made.made(mixed, rng=rng)
    assert made.holds(found).all()
    assert np.allclose(found["a"] + found["b"] + found["c"], 5000) and (found["p"] == found["p3"]).all()
    assert sum(isinstance(rule, Formula) for rule in rules) == 4
