"""Rules around generators: every record keeps them, whoever makes it."""

import numpy as np
import pandas as pd
import pytest

from smartsynth import registry
from smartsynth.constraints import broken, rules_of
from smartsynth.errors import ConfigError
from smartsynth.inference import infer_schema
from smartsynth.models.base import BLOCK_ROWS
from smartsynth.models.copula_generator import CopulaGenerator
from smartsynth.models.forest_generator import ForestGenerator
from smartsynth.models.marginal_generator import MarginalGenerator
from smartsynth.models.panel_generator import PanelGenerator
from smartsynth.models.ruled_generator import RuledGenerator
from smartsynth.sequences import marked

RULES = [
    "total == price * quantity", "ordered <= shipped", "if vip then quantity >= 2", {"one_hot": ["red", "blue"]},
    {"combinations": ["city", "country"]}, "price * quantity < 900", "0 < price < 100",
]  # fmt: skip


def orders(n=500, seed=0):
    rng = np.random.default_rng(seed)
    place = rng.integers(4, size=n)
    ordered = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 300, n), unit="D")
    rows = pd.DataFrame(
        {
            "order": [f"A-{i:05d}" for i in rng.permutation(n)], "price": rng.gamma(2, 10, n).round(2).clip(0.01, 99), "quantity": rng.integers(1, 30, n),
            "total": 0.0, "ordered": ordered, "shipped": ordered + pd.to_timedelta(rng.integers(0, 9, n), unit="D"), "vip": rng.random(n) < 0.2,
            "red": rng.integers(0, 2, n), "city": np.array(["Rome", "Milan", "Paris", "Lyon"])[place],
            "country": np.array(["Italy", "Italy", "France", "France"])[place], "line": rng.integers(1, 40, n),
        }
    )  # fmt: skip
    rows["blue"] = 1 - rows["red"]
    rows["quantity"] = np.where(rows["vip"], np.maximum(rows["quantity"], 2), rows["quantity"])
    rows = rows[rows["price"] * rows["quantity"] < 900].reset_index(drop=True)
    rows["total"] = (rows["price"] * rows["quantity"]).round(2)
    return rows


@pytest.fixture(scope="module")
def rows():
    return orders()


@pytest.fixture(scope="module")
def fitted(rows):
    return RuledGenerator(ForestGenerator(trees=4, refinement_rounds=1), RULES).fit(rows, seed=1)


def the_rules(rows):
    return rules_of(RULES, infer_schema(rows))


def test_no_record_breaks_a_rule(rows, fitted):
    made = fitted.sample(10_000, seed=3)
    assert broken(the_rules(rows), made) == ()
    assert made.dtypes.equals(rows.dtypes)
    assert list(made.columns) == list(rows.columns)
    assert made["order"].is_unique


def test_a_generator_that_knows_no_rule_breaks_them(rows):
    made = CopulaGenerator().fit(rows, seed=1).sample(2_000, seed=3)
    assert len(broken(the_rules(rows), made)) >= 4
    ruled = RuledGenerator(CopulaGenerator(), RULES).fit(rows, seed=1).sample(2_000, seed=3)
    assert broken(the_rules(rows), ruled) == ()


def test_rows_do_not_depend_on_how_many_are_asked_for(fitted):
    whole = fitted.sample(BLOCK_ROWS + 500, seed=5)
    pd.testing.assert_frame_equal(fitted.sample(700, seed=5), whole.head(700))
    some = fitted.sample(600, seed=5, start=BLOCK_ROWS - 100)
    pd.testing.assert_frame_equal(some, whole.iloc[BLOCK_ROWS - 100 :].reset_index(drop=True))
    assert not fitted.sample(700, seed=6).equals(whole.head(700))


def test_a_saved_model_makes_the_same_rows(fitted, tmp_path):
    fitted.save(tmp_path / "model")
    again = registry.load(tmp_path / "model")
    pd.testing.assert_frame_equal(again.sample(900, seed=2), fitted.sample(900, seed=2))
    assert again.name == "forest" and again.conditional
    again.save(tmp_path / "model")
    pd.testing.assert_frame_equal(registry.load(tmp_path / "model").sample(50, seed=2), fitted.sample(50, seed=2))


@pytest.mark.parametrize(
    "where",
    [
        {"vip": True}, {"country": "Italy", "city": ["Rome", "Lyon"]}, {"total": (100, None)}, ["shipped>=2024-06-01", "vip=True"],
        {"red": 1, "price": (10, 30)},
    ],
)  # fmt: skip
def test_conditions_and_rules_hold_together(rows, fitted, where):
    from smartsynth.models.conditions import conditions_of, fulfilled

    made = fitted.sample(800, where=where, seed=1)
    for name, condition in conditions_of(where, fitted.schema_).items():
        assert fulfilled(condition, fitted.schema_[name], made[name]).all()
    assert broken(the_rules(rows), made) == ()
    assert 0 < made.attrs["effective_rows"] <= 800


def test_conditions_that_no_combination_fulfils_are_refused(fitted):
    with pytest.raises(ConfigError, match="no combination of city & country"):
        fitted.sample(10, where={"city": "Rome", "country": "France"})


def test_filled_cells_keep_the_rules(rows, fitted):
    known = rows.drop(columns=["total", "country"]).head(60).astype({"quantity": "Int64"})
    known.loc[::3, "quantity"] = None
    filled = fitted.impute(known, seed=1)
    assert filled.attrs["broken_rules"] == 0
    assert broken(the_rules(rows), filled) == ()
    assert (filled["price"] == known["price"]).all()
    kept = known["quantity"].notna().to_numpy()
    assert (filled["quantity"][kept] == known["quantity"][kept]).all()


def test_keys_are_unique_over_all_blocks(rows):
    model = RuledGenerator(CopulaGenerator(), [{"unique": ["line", "quantity", "city"]}]).fit(rows, seed=1)
    made = model.sample(3_000, seed=1)
    assert not made.duplicated(["line", "quantity", "city"]).any()
    pd.testing.assert_frame_equal(model.sample(500, seed=1, start=1_000), made.iloc[1_000:1_500].reset_index(drop=True))
    with pytest.raises(ConfigError, match=r"Too few records keep the rules.*unique: \[red, vip\]"):
        RuledGenerator(CopulaGenerator(), [{"unique": ["red", "vip"]}]).fit(rows, seed=1).sample(100, seed=1)


def no_late_orders(rows):
    return (rows["ordered"] < "2024-09-01").to_numpy()


def test_a_function_decides_too_and_is_given_again_to_a_saved_model(rows, tmp_path):
    model = RuledGenerator(CopulaGenerator(), ["ordered <= shipped", no_late_orders]).fit(rows, seed=1)
    made = model.sample(1_000, seed=1)
    assert no_late_orders(made).all()
    model.save(tmp_path / "model")
    with pytest.raises(ConfigError, match=r"'no_late_orders' decides.*checks=\[no_late_orders\]"):
        registry.load(tmp_path / "model")
    again = registry.load(tmp_path / "model", checks=[no_late_orders])
    pd.testing.assert_frame_equal(again.sample(1_000, seed=1), made)
    with pytest.raises(ConfigError, match="must say True or False of each"):
        RuledGenerator(CopulaGenerator(), [len]).fit(rows)


def test_what_hardly_any_record_keeps_is_refused_with_its_name(rows):
    twice = rows.assign(twice=rows["price"] * 2, thrice=rows["price"] * 3)
    with pytest.raises(ConfigError, match=r"None of 4,096 records.*broke 'abs\(twice"):
        RuledGenerator(
            CopulaGenerator(), ["price > 0", "abs(twice - 2 * price) + abs(thrice - 3 * price) < 0.001"]
        ).fit(twice)


def test_what_rules_took_is_counted(rows, fitted):
    fitted.sample(5_000, seed=9)
    told = {rule.said: fitted.told(place) for place, rule in enumerate(fitted.kept)}
    assert len(told) == len(RULES)
    assert told["total == price * quantity"][:2] == (True, 0)
    is_made, rejected, looked_at = told["price * quantity < 900"]
    assert not is_made and 0 < rejected < looked_at
    assert looked_at >= 5_000


def test_all_rows_of_an_entity_keep_the_rules_or_none_comes():
    rng = np.random.default_rng(0)
    n = 120
    lengths = rng.integers(3, 8, n)
    who = np.repeat(np.arange(n), lengths)
    rows = pd.DataFrame(
        {
            "who": [f"P{i:04d}" for i in who], "day": np.concatenate([np.cumsum(rng.integers(1, 5, k)) for k in lengths]),
            "a": rng.integers(0, 50, len(who)), "sex": np.repeat(rng.choice(["F", "M"], n), lengths),
        }
    )  # fmt: skip
    rows["b"] = rows["a"] + rng.integers(0, 9, len(rows))
    rows["c"] = rows["a"] + rows["b"]
    schema = marked(rows, infer_schema(rows), entity="who", time="day")
    model = RuledGenerator(PanelGenerator(), ["a <= b", "c == a + b", "a + b < 90"]).fit(rows, schema=schema, seed=1)
    made = model.sample(200, seed=1)
    assert made["who"].nunique() == 200
    assert broken(rules_of(["a <= b", "c == a + b", "a + b < 90"], schema), made) == ()
    assert (made.groupby("who")["day"].diff().dropna() >= 0).all()
    assert model.taken(made, np.array([3, 5]))["who"].nunique() == 2
    with pytest.raises(ConfigError, match="'day' anew, which is the time"):
        RuledGenerator(PanelGenerator(), ["a <= day"]).fit(rows, schema=schema, seed=1)


def test_what_a_budget_keeps_for_thresholds_is_that_of_what_is_learnt(rows):
    schema = infer_schema(rows)
    for name in ("city", "country", "red", "blue"):
        schema = schema.with_column(name, categories=tuple(sorted(rows[name].unique().tolist())))
    plain = MarginalGenerator(epsilon=1.0)
    assert plain.threshold_share(schema) == 0.0
    assert RuledGenerator(plain, ["total == price * quantity", "price < 100"]).threshold_share(schema) == 0.0
    assert (
        RuledGenerator(plain, ["ordered <= shipped"]).threshold_share(schema.with_column("city", categories=None)) > 0.0
    )
