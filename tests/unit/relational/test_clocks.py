"""Dates that count on: their ends give no family away."""

import json

import numpy as np
import pandas as pd
import pytest

from smartsynth import relational

TABLES = {
    "p": {"primary_key": "id"},
    "c": {"primary_key": "id", "foreign_keys": [{"columns": "p", "table": "p"}]},
}


def clocks(frames, tmp_path):
    found = relational.synthesize(frames, schema={"tables": TABLES}, seed=1, evaluate=False, filter=False)
    head = json.loads((found.save(tmp_path / "model") / "relational.json").read_text())
    return found.tables, [clock for table in head["tables"] for clock in table["clocks"]]


def test_an_end_that_one_family_holds_many_times_is_not_kept(tmp_path):
    rng, n = np.random.default_rng(0), 150
    signup = pd.Timestamp("2010-01-01") + pd.to_timedelta(rng.integers(0, 3600, n), "D")
    parents = pd.DataFrame({"id": np.arange(n) + 1, "signup": signup})
    count = rng.integers(1, 6, n)
    count[0] = 7
    of = np.repeat(np.arange(n), count)
    placed = signup[of] + pd.to_timedelta(rng.integers(0, 200, len(of)), "D")
    placed = pd.Series(placed).where(of > 0, pd.Timestamp("2041-09-17"))
    children = pd.DataFrame({"id": np.arange(len(of)), "p": of + 1, "placed": placed})
    tables, (clock,) = clocks({"p": parents, "c": children}, tmp_path)
    high = pd.Timestamp(clock["ends"][1] * clock["unit"])
    assert high < pd.Timestamp("2030-01-01")
    assert tables["c"].placed.max() <= high


@pytest.mark.parametrize("families", [1, 3])
def test_fewer_than_five_families_tell_no_ends(families, tmp_path):
    rng, n = np.random.default_rng(1), 160
    day = pd.Timestamp("1987-01-17") + pd.to_timedelta(np.sort(rng.integers(10, 3000, n)), "D")
    parents = pd.DataFrame({"id": np.arange(families) + 1, "name": [f"HQ{i}" for i in range(families)]})
    children = pd.DataFrame({"id": range(n), "p": np.sort(rng.integers(1, families + 1, n)), "day": day})
    found = clocks({"p": parents, "c": children}, tmp_path)[1]
    assert found
    for clock in found:
        assert clock["ends"] == [None, None]
        assert clock["first"][1] is None
        assert clock["later"][1] is None
