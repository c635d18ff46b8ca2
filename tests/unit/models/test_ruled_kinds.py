"""Every kind of rule around a generator: rows keep it, also those of a saved model and of blocks far on."""

import numpy as np
import pandas as pd
import pytest

from smartsynth import registry
from smartsynth.constraints import broken
from smartsynth.errors import ConfigError, DataError
from smartsynth.inference import infer_schema
from smartsynth.models.base import BLOCK_ROWS
from smartsynth.models.copula_generator import CopulaGenerator
from smartsynth.models.forest_generator import ForestGenerator
from smartsynth.models.panel_generator import PanelGenerator
from smartsynth.models.ruled_generator import RuledGenerator
from smartsynth.schema import Kind
from smartsynth.sequences import marked

RULES = [
    {"matches": {"code": "[A-Z]{2}[0-9]{4}"}}, {"unique": "code"}, {"geographic": ["latitude", "longitude"]}, {"zero_together": ["claims", "cost"]},
    {"combinations": {"columns": ["plan", "fee"], "rows": [["basic", 5], ["plus", 10]]}}, "fee <= limit", "cost <= 10 * limit",
]  # fmt: skip


def policies(n=400, seed=0):
    rng = np.random.default_rng(seed)
    plan, none, town = rng.integers(2, size=n), rng.random(n) < 0.5, rng.integers(2, size=n)
    fee = np.array([5, 10])[plan]
    limit = fee + rng.integers(0, 90, n)
    rows = pd.DataFrame(
        {
            "code": [f"{'AB'[i % 2]}Z{i:04d}" for i in rng.permutation(n)], "latitude": (np.array([41.9, 48.8])[town] + rng.normal(0, 0.1, n)).round(4),
            "longitude": (np.array([12.5, 2.3])[town] + rng.normal(0, 0.1, n)).round(4), "claims": rng.integers(1, 40, n).astype(int),
            "cost": (10 * limit * (1 - rng.random(n))).round(2), "plan": np.array(["basic", "plus"])[plan], "fee": fee, "limit": limit,
        }
    )  # fmt: skip
    return rows.assign(claims=rows["claims"].mask(none, 0), cost=rows["cost"].mask(none, 0.0))


@pytest.fixture(scope="module")
def fitted():
    rows = policies()
    schema = infer_schema(rows)
    for name in ("claims", "fee", "limit"):
        schema = schema.with_column(name, kind=Kind.NUMERIC, decimals=0)
    return rows, RuledGenerator(ForestGenerator(trees=4, refinement_rounds=0), RULES).fit(rows, schema=schema, seed=1)


def test_rows_keep_all_kinds_of_rules(fitted, tmp_path):
    rows, model = fitted
    made = model.sample(BLOCK_ROWS + 300, seed=2)
    assert broken(model.kept, made) == ()
    assert made.dtypes.equals(rows.dtypes)
    assert made["code"].is_unique
    pd.testing.assert_frame_equal(
        model.sample(200, seed=2, start=BLOCK_ROWS), made.iloc[BLOCK_ROWS : BLOCK_ROWS + 200].reset_index(drop=True)
    )
    model.save(tmp_path / "model")
    pd.testing.assert_frame_equal(registry.load(tmp_path / "model").sample(300, seed=2), made.head(300))
    told = {rule.said: model.told(place) for place, rule in enumerate(model.kept)}
    assert [said for said, (is_made, _, _) in told.items() if not is_made] == []
    assert sum(count for _, count, _ in told.values()) < 0.02 * model.told(0)[2]


def test_conditions_are_kept_beside_them(fitted):
    _, model = fitted
    made = model.sample(100, where={"cost": (1, None), "latitude": (45, None), "plan": "plus"}, seed=1)
    assert made["cost"].min() >= 1 and made["claims"].min() >= 1
    assert made["latitude"].min() >= 45
    assert (made["plan"] == "plus").all() and broken(model.kept, made) == ()


def test_cells_are_filled_by_them(fitted):
    rows, model = fitted
    known = rows.head(60).astype({"claims": "Int64", "fee": "Int64"})
    for i, name in enumerate(("code", "longitude", "claims", "cost", "fee")):
        known.loc[i::7, name] = None
    known.loc[5::7, ["claims", "cost"]] = None
    filled = model.impute(known, seed=1)
    assert filled.attrs["broken_rules"] <= 1  # a pair of which one is known may lie in no cell
    assert filled.notna().all().all()
    for name in rows.columns:
        there = known[name].notna()
        assert (filled[name][there] == known[name][there]).all()


def test_codes_of_texts_stay_different_where_rows_are_replaced():
    rows = policies()
    schema = infer_schema(rows).with_column("code", kind=Kind.TEXT).with_column("claims", kind=Kind.NUMERIC, decimals=0)
    rules = [{"matches": {"code": "[A-Z]{2}[0-9]{4}"}}, {"unique": "code"}, "claims + limit < 100"]
    made = RuledGenerator(CopulaGenerator(), rules).fit(rows, schema=schema, seed=1).sample(BLOCK_ROWS + 100, seed=1)
    assert made["code"].is_unique
    assert (made["claims"] + made["limit"] < 100).all()


def test_a_pattern_may_have_fewer_texts_than_a_block():
    rows = policies().assign(code=lambda t: [f"{i:03d}X" for i in range(len(t))])
    schema = infer_schema(rows).with_column("claims", kind=Kind.NUMERIC, decimals=0)
    rules = [{"matches": {"code": "[0-9]{3}X"}}, {"unique": "code"}, "claims + limit < 100"]
    model = RuledGenerator(CopulaGenerator(), rules).fit(rows, schema=schema, seed=1)
    made = model.sample(1000, seed=1)
    assert made["code"].is_unique
    assert (made["claims"] + made["limit"] < 100).all()
    pd.testing.assert_frame_equal(model.sample(10, seed=1, start=500), made[500:510].reset_index(drop=True))
    with pytest.raises(DataError, match=r"1,000, and 1,001 are asked for"):
        model.sample(1, seed=1, start=1000)


def test_places_are_not_read_within_a_budget():
    rows = policies()[["latitude", "longitude", "plan"]]
    with pytest.raises(ConfigError, match="geographic: where"):
        RuledGenerator(registry.create("marginal", epsilon=1.0), [RULES[2]]).fit(rows, seed=1)


def test_entities_keep_the_rules_of_rows_in_time():
    rng = np.random.default_rng(0)
    m = rng.integers(2, 6, 80)
    rows = pd.DataFrame(
        {"car": np.repeat([f"car {i}" for i in range(80)], m), "day": np.concatenate([np.arange(k) for k in m])}
    )
    rows["paid"] = rng.gamma(2, 20, len(rows)).round(2)
    rows["total"] = rows.groupby("car")["paid"].cumsum().round(2)
    rows["odometer"] = rng.integers(0, 900, len(rows))
    rows["odometer"] = rows.groupby("car")["odometer"].cumsum()
    rules = [
        {"cumulative": {"column": "total", "of": "paid"}}, {"monotone": {"column": "odometer"}}, {"matches": {"car": "[A-Z]{3}-[0-9]{2}"}},
        "paid <= 150",
    ]  # fmt: skip
    schema = marked(rows, infer_schema(rows), entity="car", time="day")
    model = RuledGenerator(PanelGenerator(), rules).fit(rows, schema=schema, seed=1)
    made = model.sample(150, seed=1)
    assert broken(model.kept, made) == ()
    assert made["car"].nunique() == 150
    assert made.dtypes.equals(rows.dtypes)
