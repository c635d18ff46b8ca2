"""What construction promises of patterns, places, zeros, rows in time, and of columns that several rules are about."""

import json
import re
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smartsynth.constraints import broken, rules_of
from smartsynth.errors import ConfigError, DataError
from smartsynth.inference import infer_schema
from smartsynth.models.rules.construction import Construction, steps_of
from smartsynth.models.rules.seen import Seen
from smartsynth.models.rules.zeros import ZeroStep
from smartsynth.schema import Kind, Role
from smartsynth.sequences import marked


def fitted(rows, rules, schema=None, k=5):
    schema = schema or infer_schema(rows)
    return Construction.fit(rows, schema, rules_of(rules, schema), k=k)


def made_of(made, learnt, start=0, seed=0):
    return made.made(learnt, rng=np.random.default_rng(seed), start=start)


def shuffled(frame, seed, keep=()):
    """Each column in an order of its own: what the worst generator makes, which knows columns and no rows."""
    rng = np.random.default_rng(seed)
    cells = {name: frame[name].to_numpy() for name in frame.columns}
    mixed = {name: one if name in keep else one[rng.permutation(len(frame))] for name, one in cells.items()}
    return pd.DataFrame(mixed).astype(frame.dtypes)


def kept(made):
    """The same construction, from its steps as JSON."""
    return Construction(made.rules, steps_of(json.loads(json.dumps(made.to_json()))), made.schema)


# Patterns


def people(n=300, seed=0):
    rng = np.random.default_rng(seed)
    code = [f"{'AB'[i % 2]}{i:04d}" for i in rng.permutation(n)]
    return pd.DataFrame({"code": code, "age": rng.integers(18, 90, n), "site": rng.choice(["x", "y"], n)})


def test_texts_of_a_pattern_are_made_of_it_alone():
    rows = people()
    made = fitted(rows, [{"matches": {"code": "[AB][0-9]{4}"}}])
    learnt, schema = made.learnt(rows)
    assert "code" not in schema and list(learnt.columns) == ["age", "site"]
    found = made_of(kept(made), learnt)
    assert made.holds(found).all()
    assert found.dtypes.equals(rows.dtypes)
    assert set(found["code"]) - set(rows["code"])
    assert not any(code in str(made.to_json()) for code in rows["code"])


def test_different_texts_stay_different_over_all_blocks():
    rows = people()
    made = fitted(rows, [{"matches": {"code": "[AB][0-9]{3}"}}, {"unique": "code"}])
    learnt = made.learnt(rows)[0]
    blocks = [made_of(made, learnt.head(250), start, seed=start)["code"] for start in range(0, 2000, 250)]
    assert pd.concat(blocks).nunique() == 2000
    assert blocks[3].equals(made_of(made, learnt.head(250), 750, seed=1)["code"])
    with pytest.raises(
        DataError,
        match=re.escape(
            "'code' must have different texts of the pattern '[AB][0-9]{3}', of which there are 2,000, and 2,001"
        ),
    ):
        made.check_reaches(2001)
    assert made.most == 2000


@pytest.mark.parametrize(
    "rules",
    [
        [{"matches": {"code": "[a-z]{3}"}}, "length(code) >= 5"], [{"matches": {"code": "Z[a-z]{5}"}}, 'startswith(code, "A")'],
        ["total == age + 1000", "total <= 500"],
    ],
)  # fmt: skip
def test_rules_that_no_row_keeps_that_is_made_are_refused(rules):
    with pytest.raises(ConfigError, match="rows that were made of real ones by the rules broke"):
        fitted(people().assign(total=np.arange(300)), rules)


def test_keys_of_declared_values_are_counted():
    rows = people().drop_duplicates(["age", "site"]).assign(old=lambda t: t["age"] > 50)
    schema = infer_schema(rows).with_column("site", categories=("x", "y", "z")).with_column("old", kind=Kind.BOOLEAN)
    made = fitted(rows, [{"unique": ["site", "old"]}], schema)
    assert made.most == 6
    made.check_reaches(6)
    with pytest.raises(DataError, match=r"unique: \[site, old\].* make 6 different keys, and 7 rows are asked"):
        made.check_reaches(7)
    assert np.isinf(fitted(rows, [{"unique": ["site", "age"]}], schema).most)


def test_missing_texts_are_learnt_as_such():
    rows = people()
    rows.loc[::3, "code"] = None
    made = fitted(rows, [{"matches": {"code": "[AB][0-9]{4}"}}])
    learnt, schema = made.learnt(rows)
    assert schema["code is known"].kind is Kind.BOOLEAN
    assert made_of(made, learnt)["code"].isna().tolist() == rows["code"].isna().tolist()


def test_patterns_of_categories_and_numbers_are_left_to_be_rejected():
    rows = people().assign(kind="A1", number=np.arange(300) + 100)
    rows.loc[:100, "kind"] = "b2"
    schema = infer_schema(rows).with_column("number", kind=Kind.IDENTIFIER)
    assert fitted(rows, [{"matches": {"kind": "[A-Z][0-9]"}}, {"matches": {"number": "[0-9]{3}"}}], schema).steps == ()


def test_patterns_that_no_text_can_be_made_of_are_refused():
    with pytest.raises(ConfigError, match="has a back-reference"):
        fitted(people(), [{"matches": {"code": r"(A)\1"}}])


def test_a_pattern_of_a_column_that_another_rule_gives_is_left_to_be_rejected():
    rows = people().assign(given=lambda t: t["site"].str.upper() * 2, full=lambda t: t["code"] + "-" + t["site"])
    rows["other"] = np.where(rows["site"] == "x", "K7", "L8")
    schema = infer_schema(rows).with_column("full", kind=Kind.IDENTIFIER).with_column("other", kind=Kind.TEXT)
    rules = [
        'full == code + "-" + site', {"matches": {"code": "[AB][0-9]{4}"}}, {"matches": {"full": "[AB][0-9]{4}-[xy]"}},
        {"combinations": {"columns": ["site", "other"], "rows": [["x", "K7"], ["y", "L8"]]}}, {"matches": {"other": "[A-Z][0-9]"}},
    ]  # fmt: skip
    made = fitted(rows, rules, schema)
    found = made_of(kept(made), made.learnt(rows)[0])
    assert made.holds(found).all()
    assert [made.is_made(rule) for rule in made.rules] == [True, True, False, True, True]


# Places


def shops(n=800, seed=0):
    rng = np.random.default_rng(seed)
    town = rng.integers(3, size=n)
    centre = np.array([[41.9, 12.5], [45.46, 9.19], [48.85, 2.35]])[town] + rng.normal(0, 0.05, (n, 2))
    rows = pd.DataFrame(
        {
            "latitude": centre[:, 0].round(4),
            "longitude": centre[:, 1].round(4),
            "town": np.array(["Rome", "Milan", "Paris"])[town],
        }
    )
    rows.loc[0, ["latitude", "longitude"]] = [-33.1234, -70.4321]
    return rows


def test_pairs_of_the_worst_generator_lie_where_real_ones_do():
    rows = shops()
    made = fitted(rows, [{"geographic": ["latitude", "longitude"]}])
    learnt, schema = made.learnt(rows)
    assert schema.names == ("latitude", "longitude", "town", "latitude & longitude")
    assert 0 < len(rows) - len(learnt) <= 0.05 * len(rows)
    found = made_of(kept(made), shuffled(learnt, 0))
    assert made.holds(found).all() and found.dtypes.equals(rows.dtypes)
    assert (~made.holds(shuffled(rows, 0))).mean() > 0.3
    assert found["latitude"].min() > 41 and not {-33.1234, -70.4321} & set(np.r_[found["latitude"], found["longitude"]])
    pd.testing.assert_frame_equal(made_of(made, learnt), rows[made.rules[0].holds(rows)].reset_index(drop=True))
    elsewhere = made_of(
        made, learnt.assign(latitude=0.0)
    )  # anywhere in the cell: within some kilometres of the real pair
    assert made.holds(elsewhere).all()
    assert (elsewhere["latitude"] - learnt["latitude"]).abs().median() < 0.03


def test_missing_pairs_stay_missing():
    rows = shops()
    rows.loc[:99, ["latitude", "longitude"]] = None
    rows.loc[100:149, "longitude"] = None
    made = fitted(rows, [{"geographic": ["latitude", "longitude"]}])
    learnt = made.learnt(rows)[0]
    assert made_of(made, learnt).equals(rows[made.rules[0].holds(rows)].reset_index(drop=True))
    assert made.holds(made_of(made, shuffled(learnt, 0))).all()


def test_tables_without_places_are_refused():
    with pytest.raises(DataError, match="Fewer than 5 rows have a latitude 'longitude'"):
        fitted(shops().assign(longitude=np.arange(800) / 7 + 1000), [{"geographic": ["longitude", "latitude"]}])


# Zeros


def claims(n=500, seed=0):
    rng = np.random.default_rng(seed)
    none = rng.random(n) < 0.6
    rows = pd.DataFrame(
        {"claims": rng.integers(1, 5, n), "cost": rng.gamma(2, 100, n).round(2) + 1, "age": rng.integers(18, 80, n)}
    )
    return rows.assign(claims=rows["claims"].mask(none, 0), cost=rows["cost"].mask(none, 0.0))


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.booleans())
def test_zeros_come_together_whatever_is_made(seed, bounded):
    rows = claims()
    schema = infer_schema(rows).with_column("claims", kind=Kind.NUMERIC, decimals=0)
    made = fitted(
        rows, [{"zero_together": ["claims", "cost"]}, *(["0 <= claims <= 4", "cost >= 0"] if bounded else [])], schema
    )
    learnt, learnt_schema = made.learnt(rows)
    pd.testing.assert_frame_equal(made_of(kept(made), learnt), rows)
    assert learnt_schema["claims & cost are 0"].kind is Kind.BOOLEAN
    found = made_of(made, shuffled(learnt, seed), seed=seed)
    assert made.holds(found).all()
    assert found.dtypes.equals(rows.dtypes)
    assert found["cost"].notna().all()
    assert broken(made.rules, shuffled(rows, seed))
    assert abs((found["cost"] == 0).mean() - (rows["cost"] == 0).mean()) < 0.02


# Rows that follow one another


def test_columns_that_are_learnt_of_zeros_tell_nothing_of_cells():
    """Whether cells are missing, or 0, would be one bit of real rows beyond a budget."""
    rows = pd.DataFrame({"x": [1.0, 2.0, 3.0] * 20, "y": [4.0, 5.0, 6.0] * 20})
    schema = infer_schema(rows).with_column("x", nullable=True).with_column("y", nullable=True)
    step = ZeroStep.of(schema, ["x", "y"])
    told = {step.learnt(rows.replace({"x": {1.0: cell}, "y": {4.0: cell}}), schema)[1] for cell in (0.0, np.nan, 7.0)}
    assert len(told) == 1
    strict = ZeroStep.of(infer_schema(rows), ["x", "y"]).learnt(rows, infer_schema(rows))[1]
    assert not strict["x & y are 0"].nullable


def readings(n=60, seed=0):
    """Cars with an odometer that rises, a battery that falls, and what was paid up to each day."""
    rng = np.random.default_rng(seed)
    frames = []
    for car in range(n):
        m = int(rng.integers(1, 9))
        frames.append(
            pd.DataFrame(
                {
                    "car": f"car {car}", "day": np.sort(rng.choice(60, m, replace=False)), "opening": float(rng.integers(0, 50)),
                    "paid": rng.gamma(2, 20, m).round(2), "odometer": rng.integers(0, 90_000) + np.cumsum(rng.integers(0, 300, m)),
                    "battery": 100 - np.cumsum(rng.integers(1, 9, m)), "seen": pd.Timestamp("2024-01-01") + pd.to_timedelta(np.cumsum(rng.integers(0, 9, m)), "D"),
                }
            )
        )  # fmt: skip
    rows = pd.concat(frames, ignore_index=True)
    rows["total"] = (rows["opening"] + rows.groupby("car")["paid"].cumsum()).round(2)
    rows["net"] = (rows["total"] / 2).round(2)
    return rows


IN_TIME = [
    {"cumulative": {"column": "total", "of": "paid", "start": "opening"}}, {"monotone": {"column": "odometer"}}, "net == total / 2",
    {"monotone": {"column": "battery", "direction": "falling", "strict": True}}, {"monotone": {"column": "seen"}}, "odometer >= 0",
]  # fmt: skip


def panel(rows):
    return marked(rows, infer_schema(rows), entity="car", time="day")


def homes(entities=60, days=10):
    """Entities whose rows say where each lives; one lives where no other does."""
    rng = np.random.default_rng(0)
    town = rng.integers(3, size=entities)
    names = np.array(["Rome", "Milan", "Paris", "Hamlet"], object)
    town[7] = 3
    here = np.array([[41.9, 12.5], [45.46, 9.19], [48.85, 2.35], [54.12345, 20.0]])[town]
    rows = pd.DataFrame({"car": np.repeat(np.arange(entities), days), "day": np.tile(np.arange(days), entities)})
    rows["city"], rows["job"] = np.repeat(names[town], days), np.repeat(np.array(["a", "b", "c", "keeper"])[town], days)
    rows["lat"], rows["lon"] = np.repeat(here, days, axis=0).T
    return rows.assign(v=rng.normal(0, 1, len(rows)).round(2))


def test_what_one_entity_alone_has_is_kept_nowhere():
    rows = homes()
    built = fitted(rows, ["combinations: [city, job]", "geographic: [lat, lon]"], panel(rows))
    kept_as = json.dumps(built.to_json())
    assert "Rome" in kept_as and "Hamlet" not in kept_as and "keeper" not in kept_as
    cells = next(rule.cells for rule in built.rules if rule.said.startswith("geographic"))
    assert (
        cells.holds(rows["lat"], rows["lon"]).mean() > 0.9
        and not cells.holds(np.array([54.12345]), np.array([20.0])).any()
    )
    learnt, _ = built.learnt(rows)
    assert learnt["car"].nunique() == 59
    with pytest.raises(DataError, match="shared by 5 entities"):
        fitted(rows[rows["car"].isin([7, 8, 9])], ["combinations: [city, job]"], panel(rows))


def test_codes_that_a_generator_makes_up_are_those_of_known_combinations():
    rows = homes()
    built = fitted(rows, ["combinations: [city, job]", "geographic: [lat, lon]"], panel(rows))
    learnt, _ = built.learnt(rows)
    odd = learnt.assign(**{"city & job": "combination 42", "lat & lon": "cell 999"})
    made = made_of(built, odd)
    assert built.holds(made).all() and made["city"].nunique() == 1


def test_rows_in_time_come_back_as_they_were():
    rows = readings()
    rows.loc[::9, "odometer"] = None
    rows["odometer"] = rows["odometer"].astype("Int64")
    rows = rows.sample(frac=1, random_state=0).reset_index(drop=True)
    made = fitted(rows, IN_TIME, panel(rows))
    assert broken(made.rules, rows) == ()
    learnt, schema = made.learnt(rows)
    assert {"total", "net"}.isdisjoint(schema.names)
    assert {"odometer at the start", "battery at the start", "seen at the start"} <= {c.name for c in schema.statics}
    assert set(learnt.columns) == set(schema.names)
    assert learnt.loc[:, ["odometer", "battery", "seen"]].min().min() >= 0
    pd.testing.assert_frame_equal(made_of(kept(made), learnt), rows)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000))
def test_rows_in_time_of_the_worst_generator_keep_their_rules(seed):
    rows = readings(seed=seed)
    made = fitted(rows, IN_TIME, panel(rows))
    learnt = made.learnt(rows)[0]
    found = made_of(made, shuffled(learnt, seed, keep=("car", "day")))
    assert made.holds(found).all()
    assert found.dtypes.equals(rows.dtypes)
    assert len(broken(made.rules, shuffled(rows, seed, keep=("car", "day")))) == 5


def test_a_total_whose_start_may_be_missing_is_learnt_too():
    rows = readings()
    rows["total"] = (rows["total"] * 100).round().astype(int)
    rows["paid"], rows["opening"] = rows["paid"] * 100, rows["opening"] * 100
    rows.loc[rows["car"].isin(["car 1", "car 5"]), "opening"] = None
    made = fitted(rows, IN_TIME[:1], panel(rows))
    learnt = made.learnt(rows)[0]
    pd.testing.assert_frame_equal(made_of(kept(made), learnt), rows)
    found = made_of(made, shuffled(learnt, 0, keep=("car", "day")))
    assert made.holds(found).all() and found.dtypes.equals(rows.dtypes)


def test_bounds_of_what_rises_are_kept():
    rows = readings()
    made = fitted(rows, [{"monotone": {"column": "battery", "direction": "falling"}}, "battery >= 60"], panel(rows))
    found = made_of(made, made.learnt(rows)[0].assign(battery=30.0))
    assert found["battery"].min() == 60
    assert made.holds(found).all()


def test_names_of_entities_are_made_of_a_pattern():
    rows = readings()
    schema = panel(rows)
    assert schema["car"].role is Role.ENTITY
    made = fitted(rows, [{"matches": {"car": "[A-Z]{3}-[0-9]{2}"}}, *IN_TIME], schema)
    found = made_of(made, made.learnt(rows)[0])
    assert made.holds(found).all()
    assert found.groupby("car").size().tolist() == rows.groupby(found["car"]).size().tolist()
    assert found["car"].nunique() == rows["car"].nunique()


# Columns that several rules are about


def orders(n=500, seed=0):
    rng = np.random.default_rng(seed)
    plan = rng.integers(3, size=n)
    rows = pd.DataFrame(
        {
            "price": rng.gamma(2, 10, n).round(2) + 0.01, "quantity": rng.integers(1, 30, n), "paid": rng.random(n), "limit": rng.gamma(2, 100, n),
            "plan": np.array(["basic", "plus", "old"])[plan], "fee": np.array([5, 10, -1])[plan], "tip": rng.integers(0, 9, n),
        }
    )  # fmt: skip
    rows["total"] = (rows["price"] * rows["quantity"]).round(2)
    rows["paid"] = (rows["paid"] * rows["total"]).round(2)
    rows["limit"] = (rows["limit"] + rows["total"]).round(2)
    rows["left"] = (rows["total"] - rows["paid"]).round(2)
    rows["tip"] += rows["fee"]
    rows["big"] = rows["total"] > 300
    return rows


BOTH = [
    "total == price * quantity", "0 <= paid <= total", "total <= limit", "left == total - paid", "price > 0", "1 <= quantity",
    {"combinations": ["plan", "fee"]}, "fee <= tip", "if total > 300 then big",
]  # fmt: skip


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000))
def test_chains_on_computed_and_grouped_columns_hold(seed):
    rows = orders()
    schema = (
        infer_schema(rows)
        .with_column("fee", kind=Kind.NUMERIC, decimals=0)
        .with_column("tip", kind=Kind.NUMERIC, decimals=0)
    )
    made = fitted(rows, BOTH, schema)
    assert broken(made.rules, rows) == ()
    learnt = made.learnt(rows)[0]
    pd.testing.assert_frame_equal(made_of(kept(made), learnt), rows)
    found = made_of(made, shuffled(learnt, seed))
    assert [(one.rule.said, one.rows) for one in broken(made.rules, found)] == []
    assert found.dtypes.equals(rows.dtypes)


def test_computed_values_are_compared_too():
    rows = orders().assign(begins=pd.Timestamp("2024-01-01"))
    rng = np.random.default_rng(1)
    rows["begins"] += pd.to_timedelta(rng.integers(0, 90, len(rows)), "D")
    rows["ends"] = rows["begins"] + pd.to_timedelta(rng.integers(0, 9, len(rows)), "D")
    rows["until"] = rows["ends"] + (rows["ends"] - rows["begins"])
    rows["bonus"] = np.floor(12.5 * rows["price"] * rng.random(len(rows))) / 100
    rules = [
        "bonus <= 0.125 * price",
        "paid + tip <= limit + 50",
        "until >= ends + (ends - begins)",
        "price > 0",
        "if big then paid == total",
    ]
    rows.loc[rows["big"], "paid"] = rows["total"]
    schema = infer_schema(rows).with_column("tip", kind=Kind.NUMERIC, decimals=0)
    made = fitted(rows, rules, schema)
    learnt, learnt_schema = made.learnt(rows)
    assert learnt_schema.names == schema.names and list(learnt.columns) == list(rows.columns)
    pd.testing.assert_frame_equal(made_of(kept(made), learnt), rows)
    found = made_of(made, shuffled(learnt, 0))
    assert [one.rule.said for one in broken(made.rules, found)] == [
        "paid + tip <= limit + 50"
    ]  # of two sums none is put above the other
    assert found.dtypes.equals(rows.dtypes)


def test_combinations_that_break_a_rule_do_not_come_back():
    rows = orders()
    schema = infer_schema(rows).with_column("fee", kind=Kind.NUMERIC, decimals=0)
    made = fitted(rows, [{"combinations": ["plan", "fee"]}, "fee > 0", "if plan == 'basic' then fee == 5"], schema)
    learnt = made.learnt(rows)[0]
    assert len(learnt) == (rows["fee"] > 0).sum()
    assert made.holds(made_of(made, shuffled(learnt, 0))).all()
    with pytest.raises(ConfigError, match="No combination of 'plan', 'fee' keeps the rules 'fee > 100'"):
        fitted(rows, [{"combinations": ["plan", "fee"]}, "fee > 100"], schema)


def test_a_total_that_must_be_above_its_own_parts_is_left_to_be_rejected():
    rows = orders()
    made = fitted(rows, ["total == price * quantity", "price <= total", "price > 0"])
    assert {type(step).__name__ for step in made.steps} == {"FormulaStep", "OrderStep"}
    assert made.holds(made_of(made, shuffled(made.learnt(rows)[0], 0))).all()


def test_what_follows_is_left_out_where_it_would_run_in_a_circle():
    rows = orders()
    made = fitted(rows, ["total == price * quantity", "if total > 100 then quantity == 7"])
    assert [type(step).__name__ for step in made.steps] == ["FormulaStep"]


def test_listed_combinations_read_nothing_off_the_data():
    rows = orders()
    rule = {"combinations": {"columns": ["plan", "fee"], "rows": [["basic", 5], ["plus", 10], ["gold", 20]]}}
    schema = infer_schema(rows).with_column("fee", kind=Kind.NUMERIC, decimals=0)
    made, other = (fitted(some, [rule], schema).to_json() for some in (rows, rows.head(3)))
    assert made == other
    made = fitted(rows, [rule], schema)
    learnt = made.learnt(rows)[0]
    assert len(learnt) == (rows["plan"] != "old").sum()
    found = made_of(kept(made), shuffled(learnt, 0))
    assert made.holds(found).all() and found.dtypes.equals(rows.dtypes)


def test_rules_that_share_columns_hold_together():
    rng = np.random.default_rng(0)
    place, none = rng.integers(4, size=400), rng.random(400) < 0.4
    rows = pd.DataFrame({
        "city": np.array(["Rome", "Milan", "Paris", "Lyon"])[place], "country": np.array(["IT", "IT", "FR", "FR"])[place],
        "zone": np.array(["south", "north", "north", "south"])[place], "lat": 40 + place + rng.normal(0, 0.1, 400).round(3), "lon": 9 + rng.normal(0, 0.1, 400).round(3),
        "a": np.where(none, 0, rng.integers(1, 9, 400)), "b": np.where(none, 0.0, rng.gamma(2, 9, 400).round(2) + 1), "c": np.where(none, 0, rng.integers(1, 90, 400)),
    })  # fmt: skip
    rows["far"] = (2 * rows["lon"]).round(3)
    rules = [
        {"combinations": ["city", "country"]}, {"combinations": ["country", "zone"]}, {"zero_together": ["a", "b"]}, {"zero_together": ["b", "c"]},
        {"geographic": ["lat", "lon"]}, {"geographic": ["lat", "far"]}, "far == 2 * lon",
    ]  # fmt: skip
    schema = infer_schema(rows)
    for name in ("a", "c"):
        schema = schema.with_column(name, kind=Kind.NUMERIC, decimals=0)
    made = fitted(rows.assign(zone=rows["zone"].where(rows.index != 3, "lost")), rules, schema)
    assert [made.is_made(rule) for rule in made.rules] == [True, False, True, True, True, False, True]
    found = made_of(made, shuffled(made.learnt(rows)[0], 0))
    assert {rule.said.split(":")[0] for rule in made.rules if not rule.holds(found).all()} <= {
        "combinations",
        "geographic",
    }
    again = Construction.restore(rules_of(rules, schema), json.loads(json.dumps(made.to_json())), schema)
    assert again.rules == made.rules
    assert 0.05 < made.holds(found).mean() < 1
    assert not made.rules[1].holds(rows.assign(zone="lost")).any(), "what one row has does not come back"


def test_a_running_sum_may_be_said_to_rise():
    rows = readings()
    made = fitted(rows, [*IN_TIME[:1], {"monotone": {"column": "total"}}], panel(rows))
    assert [made.is_made(rule) for rule in made.rules] == [True, False]
    assert made.holds(made_of(made, shuffled(made.learnt(rows)[0], 0, keep=("car", "day")))).all()


def test_combinations_of_decimals_are_kept_as_json():
    rows = pd.DataFrame({"price": [Decimal("1.50"), Decimal("2.25")] * 20, "size": ["s", "l"] * 20})
    built = fitted(rows, ["combinations: [price, size]"])
    learnt, _ = built.learnt(rows)
    again = made_of(kept(built), learnt)
    pd.testing.assert_frame_equal(again, rows)
    assert {type(cell) for cell in again["price"]} == {Decimal}
    assert kept(built).holds(rows).all()


@pytest.mark.parametrize("dtype", ["float64", "float32", "Float64"])
def test_zero_is_one_number_with_any_sign(dtype):
    rows = pd.DataFrame({"x": pd.Series([0.0, -0.0, 0.5, None], dtype=dtype), "k": "a"})
    seen = Seen()
    assert seen.repeats(rows, ["x", "k"]).tolist() == [False, True, False, False]
    seen.add(rows.head(1), ["x"])
    assert seen.repeats(rows, ["x"]).tolist() == [True, True, False, False]


def test_moments_of_different_zones_are_in_order_by_utc():
    rng = np.random.default_rng(0)
    left = pd.Series(pd.Timestamp("2024-03-01", tz="UTC") + pd.to_timedelta(rng.integers(0, 10**6, 300), unit="s"))
    came = (left + pd.to_timedelta(rng.integers(0, 7_200, 300), unit="s")).dt.tz_convert("America/New_York")
    rows = pd.DataFrame({"left": left, "came": came})
    built = fitted(rows, ["left <= came", "came >= '2024-02-29'"])
    learnt, _ = built.learnt(rows)
    assert learnt["came"].between(0, 7_200).all() and learnt["came"].max() > 6_000
    pd.testing.assert_frame_equal(made_of(kept(built), learnt), rows)
    made = made_of(built, shuffled(learnt, 1))
    assert built.holds(made).all() and (made["came"] - made["left"]).max() <= pd.Timedelta("2h")


def test_times_of_day_stay_where_no_rows_are_looked_at():
    rows = pd.DataFrame({"a": pd.to_datetime(["2024-01-01 10:30:05", "2024-01-02 23:00:00"])})
    rows["b"] = rows["a"] + pd.to_timedelta([65, 4_000], unit="s")
    schema = infer_schema(rows)
    built = Construction.fit(rows.head(0), schema, rules_of(["a <= b", "b >= '2024-01-01'"], schema))
    learnt, _ = built.learnt(rows)
    assert learnt["b"].tolist() == [65, 4_000]
    pd.testing.assert_frame_equal(made_of(built, learnt), rows)


def test_no_number_of_few_rows_is_kept_in_an_order():
    rng = np.random.default_rng(3)
    rows = pd.DataFrame({"salary": rng.normal(5000, 700, 401).round(2)})
    rows["tax"] = (rows["salary"] * 0.3 * rng.random(401)).round(2)
    rows["bonus"] = (0.3 * rows["salary"] * rng.random(401)).round(2)
    rows["paid"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 10**8, 401), unit="s")
    rows["seen"] = rows["paid"] + pd.to_timedelta(rng.integers(0, 10**6, 401), unit="s")
    rules = ["tax <= salary", "bonus <= 0.3 * salary", "paid < seen"]
    steps = fitted(rows, rules).to_json()
    fills = [fill for step in steps for fill in step.get("fills", ()) if fill]
    seconds = (rows["paid"] - pd.Timestamp("1970-01-01")).dt.total_seconds()
    real = [*rows[["salary", "tax", "bonus"]].to_numpy().ravel(), *seconds, *(seconds * 1e9), *(0.3 * rows["salary"])]
    assert fills
    for fill in fills:
        assert not np.isclose(real, fill, rtol=0, atol=1e-6).any()
    few = rows.head(4).copy()
    assert {fill for step in fitted(few, rules).to_json() for fill in step.get("fills", ())} == {0.0}


def test_combinations_bring_no_identifier_back():
    rows = pd.DataFrame(
        {"mail": [f"ann{i % 40}@mail.com" for i in range(400)], "city": [f"c{i % 4}" for i in range(400)]}
    )
    for kind in (Kind.IDENTIFIER, Kind.TEXT):
        schema = infer_schema(rows).with_column("mail", kind=kind)
        with pytest.raises(ConfigError, match="would bring back real cells of 'mail'"):
            fitted(rows, ["combinations: [city, mail]"], schema)
        listed = {"combinations": {"columns": ["city", "mail"], "rows": [["c1", "ann1@mail.com"]]}}
        assert fitted(rows, [listed], schema).steps


def test_combinations_of_dates_are_kept_as_json():
    rows = pd.DataFrame(
        {"day": pd.to_datetime(["2024-12-25", "2024-01-01"] * 20), "name": ["Christmas", "New Year"] * 20}
    )
    made = fitted(rows, [{"combinations": ["day", "name"]}], infer_schema(rows).with_column("day", kind=Kind.DATETIME))
    pd.testing.assert_frame_equal(made_of(kept(made), made.learnt(rows)[0]), rows)


POOL = [
    *BOTH, {"matches": {"code": "[AB][0-9]{4}"}}, {"geographic": ["latitude", "longitude"]}, {"zero_together": ["claims", "cost"]}, "claims >= 0",
    {"one_hot": ["red", "green"]}, "bonus <= 0.125 * price", "if red == 1 then is_missing(ended)", "began <= ended", "cost <= 5000",
    "price + quantity > 0", "if plan == 'basic' then fee == 5", "bonus >= 0", "began >= '2024-01-01'", "paid <= limit",
]  # fmt: skip


def everything(n=400):
    """A table in which every rule of the pool holds."""
    rng = np.random.default_rng(3)
    rows = pd.concat([orders(n), shops(n)[["latitude", "longitude"]].tail(n).reset_index(drop=True)], axis=1)
    rows = rows.assign(code=people(n)["code"], **claims(n)[["claims", "cost"]], red=rng.integers(0, 2, n))
    rows["green"] = 1 - rows["red"]
    rows["bonus"] = np.floor(12.5 * rows["price"] * rng.random(n)) / 100
    rows["began"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 200, n), "D")
    rows["ended"] = (rows["began"] + pd.to_timedelta(rng.integers(0, 30, n), "D")).mask(rows["red"] == 1)
    rows = rows[rows["latitude"] > 0].reset_index(drop=True)
    schema = infer_schema(rows)
    for name in ("fee", "tip", "claims"):
        schema = schema.with_column(name, kind=Kind.NUMERIC, decimals=0)
    return rows, schema


@settings(max_examples=12, deadline=None)
@given(st.lists(st.sampled_from(POOL), min_size=3, max_size=12, unique_by=str), st.integers(0, 10_000))
def test_any_rules_can_be_together(rules, seed):
    """Rows come back but for their codes and those in no cell, and no rule that is said to be constructed is broken by the worst generator."""
    rows, schema = everything()
    made = fitted(rows, rules, schema)
    learnt = made.learnt(rows)[0]
    back = made_of(kept(made), learnt)
    in_cell = np.all([rule.holds(rows) for rule in made.rules], axis=0)
    pd.testing.assert_frame_equal(back.drop(columns="code"), rows[in_cell].reset_index(drop=True).drop(columns="code"))
    found = made_of(made, shuffled(learnt, seed))
    assert [one.rule.said for one in broken([rule for rule in made.rules if made.is_made(rule)], found)] == []
    assert made.holds(found).all() or not all(map(made.is_made, made.rules))


def test_rules_that_cannot_hold_together_are_refused_by_name():
    rows = orders()
    with pytest.raises(ConfigError, match="'price >= 10', 'paid >= price' and 'paid <= 5' clash"):
        fitted(rows, ["price >= 10", "paid >= price", "paid <= 5"])
    with pytest.raises(ConfigError, match="All or almost all of 500 real rows broke 'price > 500'"):
        fitted(rows, ["price > 500", "paid >= 0"])
    with pytest.raises(ConfigError, match="All or almost all of 500 real rows broke one of 'big' and 'total < 200'"):
        fitted(rows, ["price > 0", "big", "total < 200"])


def test_texts_that_a_language_model_writes_are_not_made_of_a_pattern():
    from dataclasses import replace

    from smartsynth.schema import Modality

    schema = infer_schema(people()).with_column("code", kind=Kind.TEXT)
    rule = {"matches": {"code": "[AB][0-9]{4}"}}
    assert len(fitted(people(), [rule], schema).steps) == 1
    assert fitted(people(), [rule], replace(schema, modality=Modality.TEXT)).steps == ()
