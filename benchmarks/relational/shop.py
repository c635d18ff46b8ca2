"""A made shop of nine tables that hang together in every way that a database knows, with known dependencies.

    regions ◀── customers ──┬─▶ customers (referred by)        self-reference, nullable, several generations
                │           └── profiles                       one-to-one
                orders                                          0 to many, in time, after the customer's sign-up
                │
                lines ──▶ products ──▶ suppliers               composite key (order, number), second parent
    tags of products                                            many-to-many: (product, tag)

Line counts, amounts and kinds depend on the customer, on earlier orders of the customer, and on the product.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

SCHEMA = {
    "tables": {
        "regions": {"primary_key": "code", "reference": True},
        "suppliers": {"primary_key": "id"},
        "products": {"primary_key": "sku", "foreign_keys": [{"columns": "supplier_id", "table": "suppliers"}]},
        "customers": {
            "primary_key": "id",
            "foreign_keys": [
                {"columns": "region", "table": "regions"},
                {"columns": "referred_by", "table": "customers"},
            ],
        },
        "profiles": {"primary_key": "customer_id", "foreign_keys": [{"columns": "customer_id", "table": "customers"}]},
        "orders": {"primary_key": "id", "foreign_keys": [{"columns": "customer_id", "table": "customers"}]},
        "lines": {
            "primary_key": ["order_id", "number"],
            "foreign_keys": [
                {"columns": "order_id", "table": "orders"},
                {"columns": "sku", "table": "products"},
            ],
        },
        "tags": {"primary_key": "id"},
        "product_tags": {
            "primary_key": ["sku", "tag_id"],
            "foreign_keys": [{"columns": "sku", "table": "products"}, {"columns": "tag_id", "table": "tags"}],
        },
    }
}


def shop(n_customers: int = 2000, seed: int = 0) -> dict[str, pd.DataFrame]:
    """The tables; about 2.4 orders a customer and 2.6 lines an order."""
    rng = np.random.default_rng(seed)
    regions = pd.DataFrame({"code": ["N", "E", "S", "W"], "name": ["North", "East", "South", "West"]})
    suppliers = pd.DataFrame(
        {"id": np.arange(501, 561), "country": rng.choice(["DE", "FR", "PL"], 60, p=[0.5, 0.3, 0.2])}
    )
    products = _products(suppliers, rng)
    customers = _customers(n_customers, rng)
    has = rng.random(n_customers) < 0.8
    profiles = pd.DataFrame({
        "customer_id": customers.id[has], "newsletter": np.where(customers.age[has] < 40, rng.random(has.sum()) < 0.7, rng.random(has.sum()) < 0.3),
        "height": (160 + 10 * (customers.sex[has] == "m") + rng.normal(0, 7, has.sum())).round(1),
    }).reset_index(drop=True)  # fmt: skip
    taste = rng.normal(size=n_customers)
    orders, taste_of_order = _orders(customers, taste, rng)
    lines = _lines(orders, taste_of_order, products, rng)
    tags = pd.DataFrame({"id": np.arange(30) + 9000, "colour": rng.choice(["red", "green", "blue"], 30)})
    pairs = np.unique(np.stack([rng.integers(len(products), size=900), rng.integers(30, size=900)]), axis=1)
    product_tags = pd.DataFrame({"sku": products.sku.to_numpy()[pairs[0]], "tag_id": tags.id.to_numpy()[pairs[1]]})
    return {
        "regions": regions, "suppliers": suppliers, "products": products, "customers": customers, "profiles": profiles,
        "orders": orders, "lines": lines, "tags": tags, "product_tags": product_tags,
    }  # fmt: skip


def _products(suppliers: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    n = 400
    kind = rng.choice(["book", "food", "tool"], n, p=[0.5, 0.3, 0.2])
    german = suppliers.index[suppliers.country == "DE"].to_numpy()
    others = suppliers.index[suppliers.country != "DE"].to_numpy()
    of = np.where(kind == "tool", rng.choice(german, n), rng.choice(others, n))
    price = np.exp(rng.normal(np.select([kind == "book", kind == "food"], [2.5, 1.5], 3.8), 0.4)).round(2)
    sku = [f"{k[:2].upper()}-{i:04d}" for i, k in enumerate(kind)]
    return pd.DataFrame({"sku": sku, "kind": kind, "price": price, "supplier_id": suppliers.id.to_numpy()[of]})


def _customers(n: int, rng: np.random.Generator) -> pd.DataFrame:
    age = np.clip(rng.normal(42, 14, n), 18, 90).round().astype(int)
    sex = rng.choice(["f", "m"], n)
    region = np.where(age < 35, rng.choice(list("NE"), n), rng.choice(list("NESW"), n))
    since = pd.Timestamp("2018-01-01") + pd.to_timedelta(rng.integers(0, 2000, n), "D")
    ids = rng.permutation(np.arange(10_000, 10_000 + 3 * n))[:n]
    frame = pd.DataFrame({"id": ids, "age": age, "sex": sex, "region": region, "since": since})
    referred = np.full(n, None, object)
    for i in range(1, n):  # a friend of about the same age, who was there before in the table
        if rng.random() < 0.35:
            some = rng.integers(0, i, 8)
            referred[i] = int(ids[some[np.argmin(np.abs(age[some] - age[i]))]])
    return frame.assign(referred_by=pd.array(referred, dtype="Int64"))


def _orders(customers: pd.DataFrame, taste: np.ndarray, rng: np.random.Generator) -> tuple[pd.DataFrame, np.ndarray]:
    n = np.where(rng.random(len(customers)) < 0.15, 0, rng.poisson(np.where(customers.sex == "f", 3.6, 2.0)))
    who = np.repeat(np.arange(len(customers)), n)
    gap = np.ceil(rng.exponential(np.where(customers.age.to_numpy()[who] < 40, 20, 60))).astype(int) + 1
    day = pd.Series(gap).groupby(who).cumsum().to_numpy()
    placed = customers.since.to_numpy()[who] + pd.to_timedelta(day, "D").to_numpy()
    channel = np.where(rng.random(len(who)) < 1 / (1 + np.exp(-2 * taste[who])), "web", "shop")
    frame = pd.DataFrame({
        "id": rng.permutation(np.arange(100_000, 100_000 + 2 * len(who)))[: len(who)], "customer_id": customers.id.to_numpy()[who],
        "placed": placed, "channel": channel,
        "shipping": np.where(channel == "web", (3 + 2 * rng.random(len(who))).round(2), 0.0),
    })  # fmt: skip
    return frame, taste[who]


def _lines(orders: pd.DataFrame, taste: np.ndarray, products: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    n = 1 + rng.poisson(np.where(orders.channel == "web", 2.2, 0.9))
    order = np.repeat(np.arange(len(orders)), n)
    number = np.arange(len(order)) - np.repeat(np.cumsum(n) - n, n) + 1
    wish = np.where(
        rng.random(len(order)) < 1 / (1 + np.exp(-2 * taste[order])),
        "book",
        np.where(rng.random(len(order)) < 0.6, "food", "tool"),
    )
    popular = rng.dirichlet(np.full(len(products), 0.6))
    chosen = np.zeros(len(order), int)
    for kind in ("book", "food", "tool"):
        some = np.flatnonzero(products.kind == kind)
        mine = wish == kind
        chosen[mine] = rng.choice(some, mine.sum(), p=popular[some] / popular[some].sum())
    price = products.price.to_numpy()[chosen]
    return pd.DataFrame({
        "order_id": orders.id.to_numpy()[order], "number": number, "sku": products.sku.to_numpy()[chosen],
        "quantity": 1 + rng.poisson(np.clip(20 / price, 0, 4)),
        "discount": np.where(orders.channel.to_numpy()[order] == "web", rng.choice([0, 5, 10], len(order), p=[0.5, 0.3, 0.2]), 0),
    })  # fmt: skip


def main() -> None:
    """python benchmarks/relational/shop.py FOLDER [CUSTOMERS]: write the tables as CSV, and schema.yaml."""
    import sys
    from pathlib import Path

    import yaml

    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in shop(int(sys.argv[2]) if len(sys.argv) > 2 else 2000).items():
        frame.to_csv(folder / f"{name}.csv", index=False)
    (folder / "schema.yaml").write_text(yaml.safe_dump(SCHEMA, sort_keys=False), "utf-8")


if __name__ == "__main__":
    main()
