"""Kinds of keys, and keys that do not fit each other: what is made holds, and what cannot be made is said."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from smartsynth import relational
from smartsynth.errors import BrokenKeysError, ConfigError, DataError, outcome
from smartsynth.relational import making
from smartsynth.relational.parents import write as written

TABLES = {"p": {"primary_key": "id"}, "c": {"foreign_keys": [{"columns": "p", "table": "p"}]}}


def two(ids, named, x=None):
    rng = np.random.default_rng(len(ids))
    x = rng.normal(size=len(ids)).round(2) if x is None else x
    return {
        "p": pd.DataFrame({"id": ids, "x": x}),
        "c": pd.DataFrame({"p": named, "v": rng.normal(size=len(named)).round(2)}),
    }


def made(frames, tables=TABLES, **settings):
    found = relational.synthesize(frames, schema={"tables": tables}, seed=1, evaluate=False, filter=False, **settings)
    assert relational.evaluate(frames, found.tables, schema={"tables": tables}).integrity == 1.0
    return found


def test_a_foreign_key_that_is_always_missing_stays_so(tmp_path):
    found = made(two(range(60), pd.array([None] * 100, dtype="Int64")))
    assert found.tables["c"].p.isna().all()
    again = relational.sample(found.save(tmp_path / "model"), seed=2)
    assert again.tables["c"].p.isna().all()


def test_a_foreign_key_that_never_names_a_row_is_an_error():
    frames = two([f"{i:05}" for i in range(60)], np.arange(100) % 60)
    with pytest.raises(DataError, match=r"none of the 100 keys names a row that is there\. Write both alike"):
        relational.synthesize(frames, schema={"tables": TABLES})


def test_numbers_that_name_texts_become_texts():
    ids = [str(i) if i < 100 else f"K{i}" for i in range(120)]
    tables = made(two(ids, np.random.default_rng(0).integers(0, 100, 300))).tables
    assert set(tables["c"].p) <= set(tables["p"].id)


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
def test_keys_that_outgrow_their_dtype_get_a_wider_one(dtype):
    n = 100
    tables = made(two(np.arange(n).astype(dtype), (np.arange(300) % n).astype(dtype)), scale=3.0).tables
    assert tables["p"].id.is_unique
    assert tables["p"].id.max() > np.iinfo(dtype).max


def test_days_of_a_calendar_are_made_as_days():
    days = pd.date_range("2020-01-01", periods=60)
    """None lies outside the days that were drawn, so that some rows find no day that is free."""
    found = made(two(days, np.random.default_rng(0).choice(days, 200)))
    cells = found.tables["p"].id
    assert cells.is_unique and cells.dtype.kind == "M"
    assert set(cells) <= set(days)
    assert len(cells) == 60 - found.left_out.get("p", {}).get("a key that must be unique repeats", 0) >= 50


@pytest.mark.parametrize(("ids", "named"), [([True, False], "bool"), ([dt.time(8), dt.time(9)], "time")])
def test_keys_of_which_no_new_ones_can_be_made_are_named(ids, named):
    with pytest.raises(ConfigError, match=rf"tables\.p: 'id' is a key of dtype {named}.*tables\.p\.reference=true"):
        relational.synthesize(two(ids, ids * 60), schema={"tables": TABLES})


def test_nothing_is_given_if_a_key_does_not_hold(monkeypatch):
    def astray(link, made, one):
        written(link, made, one)
        made.frames[link.child][link.columns[0]] += 1_000_000

    monkeypatch.setattr(making, "write", astray)
    with pytest.raises(BrokenKeysError, match=r"c\.p → p\.id: 100 of 100 rows name a row that is not there"):
        relational.synthesize(two(range(50), np.arange(100) % 50), schema={"tables": TABLES}, seed=1, evaluate=False)
    assert outcome(BrokenKeysError("")).exit_code == 7


@pytest.mark.parametrize("n", [1, 4])
@pytest.mark.parametrize("cells", [[True, False, True, True], [7, 7, 7, 7], [1, 2, 3, 4]])
def test_lists_of_a_few_rows_are_made(n, cells):
    frames = two([f"Z{i}X" for i in range(n)], [f"Z{i % n}X" for i in range(200)], cells[:n])
    assert len(made(frames).tables["p"]) == n
