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
    found, _ = relational.read(shop, schema=told)
    assert [str(link) for link in found.structure.of("profiles")] == ["profiles.customer_id → orders.id"]


@pytest.mark.parametrize("column", ["age", "since"])
def test_numbers_and_dates_that_happen_to_fit_are_no_keys(shop, column):
    found, _ = relational.read(shop)
    assert not any(column in link.columns for link in found.structure.links)
