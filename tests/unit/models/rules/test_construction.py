"""What construction promises: whatever a generator makes of what it learnt, the rules hold in the rows that come of it."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smartsynth.constraints import broken, rules_of
from smartsynth.errors import ConfigError, DataError
from smartsynth.inference import infer_schema
from smartsynth.models.rules.construction import Construction, steps_of
from smartsynth.models.rules.order import _usual
from smartsynth.models.rules.places import PlaceStep
from smartsynth.places import MOST_DEPTH
from smartsynth.schema import Kind

RNG = np.random.default_rng(0)
RULES = [
    "total == net + tax", "net == price * quantity", "tax == net * 0.2", "0 < price", "quantity >= 1", "quantity <= 50",
    "ordered <= paid <= shipped", "if cancelled then is_missing(shipped)", "if sex == 'M' then pregnant == False",
    {"one_hot": ["red", "green", "blue"]}, {"combinations": ["city", "country"]},
]  # fmt: skip


def orders(n=600, seed=0):
    rng = np.random.default_rng(seed)
    place = rng.integers(4, size=n)
    ordered = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 300, n), unit="D")
    paid = ordered + pd.to_timedelta(rng.integers(0, 20, n), unit="D")
    rows = pd.DataFrame(
        {
            "price": rng.gamma(2, 10, n).round(2) + 0.01, "quantity": rng.integers(1, 30, n), "net": 0.0, "tax": 0.0, "total": 0.0,
            "ordered": ordered, "paid": paid, "shipped": paid + pd.to_timedelta(rng.integers(0, 9, n), unit="D"),
            "cancelled": rng.random(n) < 0.1, "sex": rng.choice(["F", "M"], n), "pregnant": False,
            "city": np.array(["Rome", "Milan", "Paris", "Lyon"])[place], "country": np.array(["Italy", "Italy", "France", "France"])[place],
        }
    )  # fmt: skip
    colour = rng.integers(3, size=n)
    rows = rows.assign(**{name: (colour == i).astype(int) for i, name in enumerate(("red", "green", "blue"))})
    rows["net"] = (rows["price"] * rows["quantity"]).round(2)
    rows["tax"] = (rows["net"] * 0.2).round(2)
    rows["total"] = (rows["net"] + rows["tax"]).round(2)
    rows.loc[rows["cancelled"], "shipped"] = pd.NaT
    rows["pregnant"] = (rows["sex"] == "F") & (rng.random(n) < 0.2)
    return rows


@pytest.fixture(scope="module")
def fitted():
    rows = orders()
    schema = infer_schema(rows)
    rules = rules_of(RULES, schema)
    assert broken(rules, rows) == ()
    return rows, Construction.fit(rows, schema, rules, k=5)


def test_what_is_learnt_comes_back_as_it_was(fitted):
    rows, made = fitted
    learnt, schema = made.learnt(rows)
    assert {"total", "net", "tax", "red", "city"}.isdisjoint(schema.names)
    assert "city & country" in schema.names
    assert list(learnt.columns) == [name for name in learnt.columns if name in schema.names]
    pd.testing.assert_frame_equal(made.made(learnt, rng=RNG), rows)


def shuffled(frame, seed):
    """Each column in an order of its own: what the worst generator makes, which knows columns and no rows."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame({name: frame[name].to_numpy()[rng.permutation(len(frame))] for name in frame.columns}).astype(
        frame.dtypes
    )


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_rules_hold_in_what_the_worst_generator_makes(seed):
    rows = orders()
    schema = infer_schema(rows)
    made = Construction.fit(rows, schema, rules_of(RULES, schema), k=5)
    found = made.made(shuffled(made.learnt(rows)[0], seed), rng=RNG)
    assert made.holds(found).all()
    assert found.dtypes.equals(rows.dtypes)
    assert broken(made.rules, shuffled(rows, seed))


def test_what_cannot_be_constructed_is_left_to_be_rejected():
    rows = orders()
    schema = infer_schema(rows)
    made = Construction.fit(rows, schema, rules_of(["price * quantity < 800"], schema), k=5)
    found = made.made(shuffled(made.learnt(rows)[0], 0), rng=RNG)
    assert 0 < (~made.holds(found)).sum() < len(found)
    assert made.steps == ()


def test_rows_that_break_an_order_are_learnt_as_if_they_kept_it():
    rows = orders().head(100)
    rows.loc[3, "paid"] = rows.loc[3, "ordered"] - pd.Timedelta(days=5)
    schema = infer_schema(rows)
    made = Construction.fit(rows, schema, rules_of(["ordered <= paid"], schema), k=5)
    again = made.made(made.learnt(rows)[0], rng=RNG)
    assert again.loc[3, "paid"] == rows.loc[3, "ordered"]
    assert again.drop(index=3).equals(rows.drop(index=3))


def test_strict_orders_between_values_and_columns():
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"a": rng.integers(1, 8, 200)}).assign(b=lambda t: t["a"] + 1 + rng.integers(0, 1, 200))
    rows.loc[::7, "a"] = None
    rows["a"] = rows["a"].astype("Int64")
    schema = infer_schema(rows)
    made = Construction.fit(rows, schema, rules_of(["0 < a < b < 10"], schema), k=5)
    pd.testing.assert_frame_equal(made.made(made.learnt(rows)[0], rng=RNG), rows)
    found = made.made(shuffled(made.learnt(rows)[0], 1), rng=RNG)
    assert made.holds(found).all()
    wild = made.learnt(rows)[0].assign(b=rng.normal(0, 30, 200))
    assert made.holds(made.made(wild, rng=RNG)).mean() > 0.8


def test_rare_combinations_do_not_come_back():
    rows = orders()
    rows.loc[0, ["city", "country"]] = ["Geneva", "Switzerland"]
    schema = infer_schema(rows)
    made = Construction.fit(rows, schema, rules_of([{"combinations": ["city", "country"]}], schema), k=5)
    learnt, _ = made.learnt(rows)
    assert len(learnt) == len(rows) - 1
    assert "Geneva" not in str(made.to_json())


def test_steps_are_kept_as_json(fitted):
    import json

    rows, made = fitted
    again = steps_of(json.loads(json.dumps(made.to_json())))
    pd.testing.assert_frame_equal(
        Construction(made.rules, again, made.schema).made(made.learnt(rows)[0], rng=RNG), rows
    )


@pytest.mark.parametrize(
    ("rules", "error", "said"),
    [
        (["price < quantity", "quantity < price"], ConfigError, "run in a circle"), (["net == tax * 5", "tax == net / 5"], ConfigError, "run in a circle"),
        (["net == tax * 5", "net == total / 3"], ConfigError, "Two rules give the column 'net'"),
        (["price < ordered"], ConfigError, "cannot be computed"), (["sex < city"], ConfigError, "only numbers, dates and durations"),
        (['price >= "abc"'], ConfigError, "cannot be computed"), (["city >= 3"], ConfigError, "cannot be computed"),
        (['ordered >= "junk"'], ConfigError, "cannot be computed"), (["price >= None"], ConfigError, "compares with None"),
        (["sex == price * 2"], ConfigError, "the column 'sex' is "), (["total == net + city"], ConfigError, "cannot be computed"),
        ([{"one_hot": ["sex", "city"]}], ConfigError, "one_hot: the column 'sex' is "),
        ([{"combinations": {"columns": ["sex", "city"], "rows": 5}}], ConfigError, "the row 5 must have a value"),
        (["a" + ".a" * 900], ConfigError, "which is not allowed"), (["a" + "[0]" * 80 + " > 1"], ConfigError, "which is not allowed"),
        (["a" + ".a" * 900 + "(3) > 1"], ConfigError, "calls"),
        ([{"combinations": ["price", "net"]}], DataError, "No combination of 'price', 'net'"),
    ],
)  # fmt: skip
def test_what_contradicts_itself_is_refused(rules, error, said):
    rows = orders()
    schema = infer_schema(rows)
    with pytest.raises(error, match=said):
        Construction.fit(rows, schema, rules_of(rules, schema), k=5)


def test_a_column_that_is_never_missing_stays_where_its_formula_gives_nothing():
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"x": rng.integers(0, 10, 300).astype(float), "y": rng.integers(0, 5, 300)})
    rows["total"] = (rows["x"] + rows["y"]).astype(int)
    rows["share"] = np.where(rows["y"] > 0, rows["total"] / rows["y"].clip(lower=1), 0.0).round(3)
    rows["name"] = np.where(rows["y"] > 2, "a", "b")
    rows["title"] = rows["name"] + "!"
    rows.loc[::3, ["x", "name"]] = None
    made = Construction.fit(
        rows,
        infer_schema(rows),
        rules_of(["total == x + y", "share == total / y", 'title == name + "!"'], infer_schema(rows)),
    )
    learnt = made.learnt(rows)[0]
    pd.testing.assert_frame_equal(made.made(learnt, rng=RNG), rows)
    found = made.made(shuffled(learnt, 0), rng=RNG)
    assert found.dtypes.equals(rows.dtypes) and made.holds(found).all()
    assert not found[["total", "share", "title"]].isna().any(axis=None)
    again = steps_of(made.to_json())
    pd.testing.assert_frame_equal(Construction(made.rules, again, made.schema).made(learnt, rng=RNG), rows)


def test_categories_that_are_numbers_are_compared_in_the_rows_that_are_made():
    rng = np.random.default_rng(0)
    rows = pd.DataFrame(
        {"kids": rng.integers(0, 2, 300), "rooms": rng.integers(1, 9, 300), "size": rng.normal(50, 9, 300)}
    )
    schema = infer_schema(rows).with_column("kids", kind=Kind.CATEGORICAL)
    made = Construction.fit(rows, schema, rules_of(["kids <= rooms", "kids >= 0", "kids < 0.1 * size"], schema))
    assert [made.is_made(rule) for rule in made.rules] == [False] * 3
    found = made.made(made.learnt(rows)[0].assign(kids=5), rng=RNG)
    assert (made.holds(found) == (found["rooms"] >= 5) & (found["size"] > 50)).all()


def test_one_of_two_hot_columns_may_be_missing():
    rows = orders().assign(none=np.nan)
    schema = infer_schema(rows)
    made = Construction.fit(rows, schema, rules_of([{"one_hot": ["none", "red"]}], schema), k=5)
    assert made.holds(made.made(made.learnt(rows)[0], rng=RNG)).all()


@pytest.fixture(scope="module")
def families():
    """Fifty families of six rows, and one of twelve whose values nobody else has, with whose each row is."""
    rng = np.random.default_rng(0)
    n = 300
    low = rng.choice([100.0, 200.0, 300.0], n)
    rows = pd.DataFrame({
        "country": rng.choice(["NO", "SE"], n), "low": low, "high": low + rng.choice([0.0, 50.0, 100.0], n),
        "lat": rng.normal(60, 0.5, n).round(3), "lon": rng.normal(10, 0.5, n).round(3),
    })  # fmt: skip
    own = pd.DataFrame(
        {"country": "ZZSECRET", "low": 300.0, "high": 987_654.0, "lat": -33.123, "lon": 151.5}, range(12)
    )
    rows = pd.concat([rows, own], ignore_index=True)
    rows["city"] = rows["country"].map({"NO": "Oslo", "SE": "Malmo", "ZZSECRET": "QQHIDDEN"})
    return rows, np.r_[np.repeat(np.arange(50), 6), np.full(12, 50)]


def test_no_step_keeps_what_one_family_alone_holds(families):
    """Its combination of values, a level, and a place; families count as rows do where each is its own."""
    rows, whose = families
    schema = infer_schema(rows).with_column("high", kind=Kind.NUMERIC)
    rules = rules_of([{"combinations": ["country", "city"]}, "low <= high", {"geographic": ["lat", "lon"]}], schema)
    kept = {
        what: Construction.fit(rows, schema, rules, k=5, holders=whose)
        for what, whose in (("rows", None), ("families", whose))
    }
    saved = {what: json.dumps(made.to_json()) for what, made in kept.items()}
    for secret in ("ZZSECRET", "QQHIDDEN", "987654.0"):
        assert secret in saved["rows"] and secret not in saved["families"]
    cells = {what: next(s.cells for s in made.steps if isinstance(s, PlaceStep)) for what, made in kept.items()}
    there = np.array([-33.123]), np.array([151.5])
    depths = {
        what: len(one.codes[place]) if (place := int(one.locate(*there)[0])) >= 0 else 0 for what, one in cells.items()
    }
    assert depths["rows"] == MOST_DEPTH and depths["families"] == 0


def test_no_number_that_fills_gaps_is_of_one_family(families):
    assert _usual(np.full(12, 987_654.0), 5) == 988_000.0
    assert _usual(np.full(12, 987_654.0), 5, np.zeros(12, int)) == 0.0
    assert _usual(np.r_[np.full(90, 987_654.0), 1, 2, 3, 4, 5, 6], 5, np.r_[np.zeros(90, int), 1:7]) == 0.0


def test_a_rule_that_one_family_keeps_is_refused_as_if_none_did(families):
    rows, whose = families
    schema = infer_schema(rows).with_column("high", kind=Kind.NUMERIC)
    for rule, number in (("high >= 987654", None), ("high >= 987654", whose), ("high >= 987655", whose)):
        if number is None:
            Construction.fit(rows, schema, rules_of([rule], schema), k=5)
            continue
        with pytest.raises(ConfigError, match="All or almost all of 312 real rows broke"):
            Construction.fit(rows, schema, rules_of([rule], schema), k=5, holders=number)


def test_an_error_names_what_is_counted(families):
    rows, whose = families
    alone, schema = rows.tail(12), infer_schema(rows)
    for rule in ({"combinations": ["country", "city"]}, {"geographic": ["lat", "lon"]}):
        with pytest.raises(DataError, match="5 families"):
            Construction.fit(alone, schema, rules_of([rule], schema), k=5, holders=whose[-12:])
