import numpy as np
import pandas as pd
import pytest

from smartsynth import relational

LINKS = {
    "customers.region → regions.code", "customers.referred_by → customers.id", "lines.order_id → orders.id",
    "lines.sku → products.sku", "orders.customer_id → customers.id", "product_tags.sku → products.sku",
    "product_tags.tag_id → tags.id", "products.supplier_id → suppliers.id", "profiles.customer_id → customers.id",
}  # fmt: skip


def test_all_keys_of_the_shop_are_found_and_said(shop, schema):
    found, document = relational.read(shop)
    assert {str(link) for link in found.structure.links} == LINKS
    told, _ = relational.read(shop, schema=schema)
    assert found.structure.primary == told.structure.primary
    assert "Found: lines.(order_id, number) is the primary key of lines." in found.structure.found
    assert document.tables["lines"].primary_key == ("order_id", "number")


def test_what_is_told_wins(shop):
    told = {
        "tables": {"profiles": {"foreign_keys": [{"columns": "customer_id", "table": "orders", "references": "id"}]}}
    }
    orders = shop["orders"].assign(id=np.arange(len(shop["orders"])) + shop["customers"].id.min())
    found, _ = relational.read({**shop, "orders": orders}, schema=told)
    assert [str(link) for link in found.structure.of("profiles")] == ["profiles.customer_id → orders.id"]


@pytest.mark.parametrize("column", ["age", "since"])
def test_numbers_and_dates_that_happen_to_fit_are_no_keys(shop, column):
    found, _ = relational.read(shop)
    assert not any(column in link.columns for link in found.structure.links)


@pytest.fixture(scope="module")
def staff():
    rng = np.random.default_rng(1)
    numbers = rng.choice(np.arange(100_000, 999_999), 300, replace=False)
    keys = [f"EMP-{number}" for number in numbers]
    by = [None, *(int(rng.integers(0, min(i, 30))) for i in range(1, 300))]
    return pd.DataFrame({
        "emp_no": keys, "pay": rng.normal(50, 9, 300).round(1), "introduced_by": [None if i is None else keys[i] for i in by],
    })  # fmt: skip


@pytest.mark.parametrize("schema", [None, {"tables": {"staff": {"primary_key": "emp_no"}}}])
def test_a_column_of_any_name_that_holds_keys_is_one(staff, schema, tmp_path):
    made = relational.synthesize({"staff": staff}, schema=schema, seed=1)
    assert "Found by its values: staff.introduced_by → staff.emp_no." in made.notes
    table = made.tables["staff"]
    assert table.introduced_by.notna().sum() > 250
    assert table.introduced_by.dropna().isin(table.emp_no).all()
    saved = "".join(path.read_text() for path in made.save(tmp_path / "model").rglob("*.json"))
    assert not any(key in saved for key in staff.emp_no)
    assert "No key that was made anew is a real one." in made.evaluation.verdict


def test_keys_that_are_whole_numbers_with_gaps_are_told_by_their_values_too(staff):
    numbers = staff.assign(
        emp_no=staff.emp_no.str[4:].astype(int), introduced_by=staff.introduced_by.str[4:].astype(float)
    )
    found, _ = relational.read({"staff": numbers})
    assert [str(link) for link in found.structure.links] == ["staff.introduced_by → staff.emp_no"]
    small, _ = relational.read(
        {"a": pd.DataFrame({"id": range(99)}), "b": pd.DataFrame({"age": np.arange(40) % 20 + 20})}
    )
    assert not small.structure.links


def test_real_keys_in_other_columns_are_counted(staff):
    made = relational.synthesize({"staff": staff}, seed=1, evaluate=False)
    copied = made.tables["staff"].assign(introduced_by=None)
    real = staff.assign(introduced_by=[key if i % 2 else f"EMP-X{i}" for i, key in enumerate(staff.emp_no)])
    copied["introduced_by"] = staff.emp_no.where(np.arange(300) < 20, "EMP-none")
    found = relational.evaluate({"staff": real}, {"staff": copied})
    assert found.tables[0].copied == 20
    assert any("20 cells hold keys of real rows" in said for said in found.verdict)
