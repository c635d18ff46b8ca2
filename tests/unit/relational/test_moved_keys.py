"""Keys that hold data are kept apart by moving them; what moved is looked at again as if it were made so."""

import numpy as np
import pandas as pd
import pytest

from smartsynth import relational
from smartsynth.errors import BrokenKeysError
from smartsynth.inference import infer_schema
from smartsynth.relational.gates import making_seed
from smartsynth.relational.late_keys import _leave_out
from smartsynth.relational.parents import Made
from smartsynth.relational.source import read
from smartsynth.relational.structure import Link, Structure


def key(columns, table, references="id"):
    return {"columns": columns, "table": table, "references": references}


def apart(seed=1):
    """Customers of an age, and the days of their orders, no two of one customer on one day."""
    rng = np.random.default_rng(0)
    customers = pd.DataFrame({"id": range(150), "age": rng.integers(20, 90, 150)})
    orders = pd.DataFrame(
        {"oid": range(3000), "day": rng.integers(0, 170, 3000), "customer": rng.integers(0, 150, 3000)}
    )
    orders = orders[~orders.duplicated(["customer", "day"])].reset_index(drop=True)
    told = {
        "customers": {"primary_key": "id", "columns": {"age": {"kind": "numeric"}}},
        "orders": {
            "primary_key": "oid", "columns": {"day": {"kind": "numeric"}}, "rules": [{"unique": ["customer", "day"]}],
            "foreign_keys": [key("customer", "customers")],
        },
    }  # fmt: skip
    real = {"customers": customers, "orders": orders}
    return real, relational.synthesize(real, schema={"tables": told}, seed=seed, evaluate=False)


@pytest.fixture(scope="module")
def moved():
    return apart()


def with_age(tables):
    joined = tables["orders"].merge(tables["customers"], left_on="customer", right_on="id")
    return list(zip(joined.day, joined.age, strict=True))


def test_rows_that_move_onto_a_rare_real_row_are_left_out(moved):
    real, made = moved
    rare = {pair for pair, n in pd.Series(with_age(real)).value_counts().items() if n < 5}
    assert not sum(pair in rare for pair in with_age(made.tables))
    assert not made.tables["orders"].duplicated(["customer", "day"]).any()
    assert set(made.left_out["orders"]) == {"too near to real rows"}


def test_nothing_moves_beyond_the_last_number(moved):
    real, made = moved
    assert made.tables["orders"].day.max() <= real["orders"].day.max()


def test_a_saved_model_and_the_seed_do_not_give_the_tables_without_the_filter(moved, tmp_path):
    """Who had both could see which rows were left out, and these lie near to real ones."""
    real, made = moved
    unfiltered = relational.sample(made.save(tmp_path / "model"), seed=made.seed).tables["orders"]
    n = min(len(unfiltered), len(made.tables["orders"]))
    same = (unfiltered.day[:n].to_numpy() == made.tables["orders"].day[:n].to_numpy()).mean()
    assert same < 0.1
    tables = read(real)[0]
    other = read({**real, "orders": real["orders"].assign(day=real["orders"].day.where(real["orders"].oid > 0, 7))})[0]
    seeds = {making_seed(tables, 1), making_seed(tables, 1), making_seed(tables, 2), making_seed(other, 1)}
    assert len(seeds) == 3


def test_rules_about_a_date_hold_after_it_moved():
    """Days that others refer to are each there once, so that they move; what they are compared with does not."""
    rng = np.random.default_rng(0)
    days = pd.DataFrame({"day": pd.date_range("2024-01-01", periods=60), "k": np.arange(60) + 1})
    days["end"] = days.day + pd.to_timedelta(rng.integers(0, 2, 60), "D")
    visits = pd.DataFrame({"id": range(300), "day": rng.choice(days.day, 300)})
    told = {
        "days": {"primary_key": "k", "rules": ["day <= end"]},
        "visits": {"primary_key": "id", "foreign_keys": [key("day", "days", "day")]},
    }
    made = relational.synthesize({"days": days, "visits": visits}, schema={"tables": told}, seed=1, evaluate=False)
    found = made.tables["days"]
    assert len(found) > 30 and (found.day <= found.end).all() and found.day.is_unique
    assert found.day.max() <= days.day.max()
    assert set(made.left_out["days"]) == {"against a rule", "a key that must be unique repeats"}
    assert sum(made.left_out["days"].values()) == 60 - len(found)


def test_keys_that_are_found_late_are_kept_apart_too():
    """A person names another one as the boss, and no two sit at one desk of a boss; bosses of bosses end somewhere."""
    rng = np.random.default_rng(0)
    boss = pd.array([None] * 10 + rng.integers(1, np.minimum(np.arange(11, 301), 61)).tolist(), "Int64")
    people = pd.DataFrame({"id": np.arange(300) + 1, "boss": boss})
    people["desk"] = people.groupby(people.boss.fillna(-1)).cumcount()
    told = {"p": {"primary_key": "id", "foreign_keys": [key("boss", "p")], "rules": [{"unique": ["boss", "desk"]}]}}
    made = relational.synthesize({"p": people}, schema={"tables": told}, seed=1, evaluate=False, filter=False)
    found = made.tables["p"]
    assert not found.dropna().duplicated(["boss", "desk"]).any()
    above = found.set_index("id").boss
    who = found.boss
    for _ in range(30):
        who = who.map(above)
    assert who.isna().all()
    assert found.boss.isna().sum() <= 20, "10 real ones have no boss"


@pytest.mark.parametrize("named", [False, True])
def test_rows_that_repeat_a_late_key_which_may_not_be_missing_are_left_out(named):
    """Only rows that none names can go; whoever names others names the same ones after it."""
    people = pd.DataFrame({"id": [1, 2, 3, 4], "mentor": [1, 1, 2, 2], "day": [5, 6, 7, 7]})
    link = Link("p", ("mentor",), "p", ("id",))
    made = Made({"p": people}, {"p": (people[["day"]].copy(), infer_schema(people[["day"]]))})
    made.named[link] = np.array([0, 0, 1, 1])
    visits = Link("v", ("who",), "p", ("id",))
    made.named[visits] = np.array([3, 3, 1] if named else [0, 2, 1])
    structure = Structure({"p": ("id",), "v": ()}, (link, visits))
    _leave_out(("mentor", "day"), "p", structure, made)
    assert made.left_out == {"p": {"a key that must be unique repeats": 1}}
    assert made.frames["p"].id.tolist() == ([1, 2, 4] if named else [1, 2, 3])
    assert made.named[visits].tolist() == ([2, 2, 1] if named else [0, 2, 1])
    assert not made.notes and made.named[link].tolist() == [0, 0, 1]


def paid(**columns):
    rng = np.random.default_rng(0)
    orders = pd.DataFrame({"id": range(120), "customer": rng.integers(0, 40, 120), "coupon": rng.integers(0, 30, 120)})
    orders["coupon"] = orders.coupon.astype("Int64").mask(orders.index < 40)
    frames = {
        "customers": pd.DataFrame({"id": range(40)}),
        "coupons": pd.DataFrame({"id": range(30)}),
        "orders": orders,
    }
    told = {
        "customers": {"primary_key": "id"}, "coupons": {"primary_key": "id"},
        "orders": {
            "primary_key": "id", "columns": columns,
            "foreign_keys": [key("customer", "customers"), key("coupon", "coupons")],
        },
    }  # fmt: skip
    return relational.synthesize(frames, schema={"tables": told}, seed=1, evaluate=False, filter=False)


def test_a_foreign_key_that_is_required_is_never_missing():
    assert paid().tables["orders"].coupon.isna().any()
    assert not paid(coupon={"required": True}).tables["orders"].coupon.isna().any()


def test_a_table_of_which_more_than_half_would_be_left_out_is_an_error():
    with pytest.raises(BrokenKeysError, match=r"orders: .* more than half: .*'a key that must be unique repeats'"):
        paid(customer={"unique": True})
