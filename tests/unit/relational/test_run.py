import json

import numpy as np
import pandas as pd
import pytest

from smartsynth import relational
from smartsynth.errors import ConfigError, ModelFormatError


def test_every_key_holds(made):
    tables = made.tables
    assert made.evaluation.integrity == 1.0
    assert all(link.integrity == 1.0 for link in made.evaluation.links)
    for name, key in {
        "customers": ["id"],
        "lines": ["order_id", "number"],
        "product_tags": ["sku", "tag_id"],
        "profiles": ["customer_id"],
    }.items():
        assert not tables[name].duplicated(key).any()
    assert tables["orders"].customer_id.isin(tables["customers"].id).all()
    assert tables["lines"].order_id.isin(tables["orders"].id).all()
    assert tables["lines"].sku.isin(tables["products"].sku).all()
    assert tables["customers"].referred_by.dropna().isin(tables["customers"].id).all()


def test_columns_and_dtypes_are_those_of_the_real_tables(made, shop):
    for name, real in shop.items():
        assert list(made.tables[name].columns) == list(real.columns)
        assert made.tables[name].dtypes.to_dict() == real.dtypes.to_dict()


def test_no_key_is_a_real_one_and_kept_tables_stay(made, shop):
    for table, column in (
        ("customers", "id"),
        ("orders", "id"),
        ("products", "sku"),
        ("suppliers", "id"),
        ("tags", "id"),
    ):
        assert not set(made.tables[table][column]) & set(shop[table][column])
    pd.testing.assert_frame_equal(made.tables["regions"], shop["regions"])


def test_lines_are_counted_and_orders_follow_the_sign_up(made):
    lines, orders, customers = (made.tables[name] for name in ("lines", "orders", "customers"))
    counted = lines.groupby("order_id").number
    assert (counted.min() == 1).all()
    assert (counted.max() == counted.size()).all()
    joined = orders.merge(customers, left_on="customer_id", right_on="id")
    assert (joined.placed > joined.since).all()
    assert orders.groupby("customer_id", sort=False).placed.is_monotonic_increasing.all()


def test_numbers_of_children_are_kept(made, shop):
    def shares(frames):
        counts = frames["orders"].customer_id.value_counts().reindex(frames["customers"].id, fill_value=0)
        return np.array([(counts == n).mean() for n in range(6)])

    assert np.abs(shares(made.tables) - shares(shop)).max() < 0.09
    assert abs(len(made.tables["profiles"]) / 300 - len(shop["profiles"]) / 300) < 0.06


def test_relations_with_parents_and_siblings_are_kept(made, shop):
    def seen(frames):
        joined = frames["lines"].merge(frames["products"], on="sku")
        orders = frames["orders"].merge(frames["customers"], left_on="customer_id", right_on="id")
        before = orders.groupby("customer_id").channel.shift()
        known = before.notna()
        referred = frames["customers"].merge(frames["customers"], left_on="referred_by", right_on="id")
        return np.array([
            joined.quantity.corr(joined.price, method="spearman"), (orders.sex == "f").mean(),
            (orders.channel == before)[known].mean(), referred.age_x.corr(referred.age_y),
        ])  # fmt: skip

    real, synthetic = seen(shop), seen(made.tables)
    assert np.abs(real - synthetic)[:3].max() < 0.12
    assert synthetic[3] > 0.15


def test_the_same_seed_makes_the_same_tables(shop, schema):
    some = {name: shop[name] for name in ("customers", "profiles", "regions")}
    told = {"tables": {name: schema["tables"][name] for name in some}}
    one, other, third = (relational.synthesize(some, schema=told, seed=seed, evaluate=False) for seed in (5, 5, 6))
    for name, frame in one.tables.items():
        pd.testing.assert_frame_equal(other.tables[name], frame)
    assert not third.tables["profiles"].equals(one.tables["profiles"])
    with pytest.raises(ConfigError, match="nothing was measured"):
        one.report("never.html")


def test_a_saved_model_makes_more_and_holds_no_key_of_the_real_tables(made, shop, tmp_path):
    folder = made.save(tmp_path / "model")
    more = relational.sample(folder, scale=2.0, seed=9)
    assert len(more.tables["customers"]) == 600
    assert more.unchecked
    assert more.tables["lines"].order_id.isin(more.tables["orders"].id).all()
    again = relational.sample(folder, scale=2.0, seed=9)
    pd.testing.assert_frame_equal(again.tables["lines"], more.tables["lines"])
    text = (folder / "relational.json").read_text("utf-8")
    assert not any(f'"{sku}"' in text for sku in shop["products"].sku)
    kinds = {path.suffix for path in folder.rglob("*") if path.is_file()}
    assert kinds <= {".json", ".npz", ".parquet"}


def test_a_folder_that_is_no_model_is_refused(tmp_path):
    with pytest.raises(ModelFormatError, match=r"has no relational\.json"):
        relational.sample(tmp_path)
    (tmp_path / "relational.json").write_text('{"format": "smartsynth-relational/1"}')
    with pytest.raises(ModelFormatError, match="damaged or incomplete"):
        relational.sample(tmp_path)


def test_every_score_stands_beside_its_yardstick(made):
    for score in made.evaluation.scores:
        assert score.available
        assert score.reference is not None
    assert {one.table for one in made.evaluation.tables} == set(made.tables)
    assert made.evaluation.score("detection").value < 0.7


def test_the_report_is_one_page_with_a_twin(made, tmp_path):
    page, twin = made.report(tmp_path / "report.html", name="<b>shop</b>")
    text = page.read_text("utf-8")
    assert "<script" not in text
    assert "http://" not in text.replace("http://www.w3.org", "")
    assert "&lt;b&gt;shop&lt;/b&gt;" in text
    content = json.loads(twin.read_text("utf-8"))
    assert content["seed"] == 5
    assert len(content["evaluation"]["links"]) == 9


@pytest.mark.parametrize(
    ("settings", "said"), [({"scale": 0}, "scale=0"), ({"generator": "panel"}, "generator='panel'")]
)
def test_wrong_settings_are_named(shop, schema, settings, said):
    with pytest.raises(ConfigError, match=said):
        relational.synthesize(shop, schema=schema, **settings)


def test_broken_tables_of_others_are_measured(shop, schema):
    some = {name: shop[name] for name in ("customers", "profiles", "regions")}
    told = {"tables": {name: schema["tables"][name] for name in some}}
    frames = {name: frame.copy() for name, frame in some.items()}
    lost = np.arange(len(frames["profiles"])) % 4 == 0
    frames["profiles"]["customer_id"] = frames["profiles"].customer_id + np.where(lost, 10**7, 0)
    frames["customers"] = pd.concat([frames["customers"], frames["customers"].head(3)], ignore_index=True)
    found = relational.evaluate(some, frames, schema=told)
    broken = {link.link: link.integrity for link in found.links if link.integrity < 1}
    assert broken == {"profiles.customer_id → customers.id": pytest.approx(0.75, abs=0.01)}
    assert next(t.unique for t in found.tables if t.table == "customers") == pytest.approx(300 / 303)
    assert "Keys are broken" in found.verdict[0]
    assert any(
        said.startswith("303 cells hold keys of real rows. Name their columns as keys") for said in found.verdict
    )


def test_a_holdout_is_the_yardstick_when_it_is_given(shop, schema):
    some = {name: schema["tables"][name] for name in ("customers", "profiles", "regions")}
    customers = shop["customers"].assign(referred_by=pd.array([None] * 300, "Int64"))
    is_held = customers.id.isin(customers.id.iloc[::3])

    def part(of):
        return {
            "customers": customers[of], "regions": shop["regions"],
            "profiles": shop["profiles"][shop["profiles"].customer_id.isin(customers.id[of])],
        }  # fmt: skip

    found = relational.evaluate(part(~is_held), part(~is_held), schema={"tables": some}, holdout=part(is_held))
    assert found.rows["holdout"] == len(part(is_held)["customers"]) + len(part(is_held)["profiles"])
    assert not any("No holdout" in text for text in found.limits)
    assert all(
        s.value == pytest.approx(s.reference, abs=0.02)
        for s in found.scores
        if s.key in ("columns", "pairs", "cardinality")
    )


def test_a_rule_that_a_key_keeps_by_itself_is_no_hindrance():
    """`unique` of a primary key, as templates write it."""
    orders = pd.DataFrame({"id": range(60), "total": np.arange(60) % 9})
    lines = pd.DataFrame({"id": range(120), "order_id": np.arange(120) % 60, "n": np.arange(120) % 4})
    told = {
        "tables": {
            "orders": {"primary_key": "id", "rules": [{"unique": "id"}, "total < 9"]},
            "lines": {"primary_key": "id"},
        }
    }
    made = relational.synthesize({"orders": orders, "lines": lines}, schema=told, seed=0, evaluate=False, filter=False)
    assert made.tables["orders"]["id"].is_unique
    assert (made.tables["orders"]["total"] < 9).all()


def test_rules_save_nothing_that_one_family_alone_holds(tmp_path):
    """A customer with more than k orders of a country, a city and a price that nobody else has."""
    rng = np.random.default_rng(0)
    owner, low = np.repeat(np.arange(60), 5), rng.choice([100.0, 200.0], 300)
    country = rng.choice(["NO", "SE"], 300)
    orders = pd.DataFrame({"who": owner, "country": country, "low": low, "high": low + rng.choice([0.0, 50.0], 300)})
    own = pd.DataFrame({"who": 7, "country": "ZZSECRET", "low": 200.0, "high": 987_654.0}, range(12))
    orders = pd.concat([orders, own], ignore_index=True)
    orders["city"] = orders["country"].map({"NO": "Oslo", "SE": "Malmo", "ZZSECRET": "QQHIDDEN"})
    told = {
        "customers": {"primary_key": "id"},
        "orders": {
            "columns": {"low": {"kind": "numeric"}, "high": {"kind": "numeric"}},
            "foreign_keys": [{"columns": "who", "table": "customers", "references": "id"}],
            "rules": [{"combinations": ["country", "city"]}, "low <= high"],
        },
    }
    customers = pd.DataFrame({"id": range(60), "age": rng.integers(20, 70, 60)})
    result = relational.synthesize(
        {"customers": customers, "orders": orders}, schema={"tables": told}, seed=1, filter=False, evaluate=False
    )
    result.save(tmp_path / "model")
    saved = b"".join(path.read_bytes() for path in (tmp_path / "model").rglob("*") if path.is_file())
    assert b"Oslo" in saved and b"250.0" in saved
    assert not any(secret in saved for secret in (b"ZZSECRET", b"QQHIDDEN", b"987654.0"))
