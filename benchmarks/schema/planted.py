"""Made tables in which some rules hold and nothing else does."""

from __future__ import annotations

import numpy as np
import pandas as pd

CITIES = {
    "Berlin": "DE", "Hamburg": "DE", "Köln": "DE", "Lyon": "FR", "Paris": "FR", "Nice": "FR", "Łódź": "PL", "Gdańsk": "PL",
    "Oslo": "NO", "Bergen": "NO", "Porto": "PT", "Lisboa": "PT",
}  # fmt: skip
SIZES = {
    "shirt": ("S", "M", "L"),
    "trousers": ("28", "30", "32"),
    "shoes": ("38", "40", "42"),
    "cap": ("M", "L", "one"),
}

PLANTED: dict[str, tuple[str, frozenset[str]]] = {
    "key": ("key", frozenset({"order_id"})),
    "sum": ("formula", frozenset({"total", "net", "tax", "shipping"})),
    "product": ("formula", frozenset({"net", "price", "quantity"})),
    "unit": ("formula", frozenset({"length_cm", "length_in"})),
    "days": ("formula", frozenset({"days", "ordered", "delivered"})),
    "chain": ("order", frozenset({"ordered", "shipped", "delivered"})),
    "one-hot": ("one-hot", frozenset({"red", "green", "blue"})),
    "dependency": ("dependency", frozenset({"city", "country"})),
    "combinations": ("combinations", frozenset({"product", "size"})),
    "consequence": ("condition", frozenset({"sex", "pregnant"})),
    "missing": ("condition", frozenset({"status", "closed"})),
    "zero": ("condition", frozenset({"visits", "spent"})),
    "form": ("pattern", frozenset({"code"})),
}
"""Rules by name: what discovery calls them, and the columns that they are about."""


def planted(n: int, seed: int = 0, *, noise: float = 0.0) -> pd.DataFrame:
    """A table of orders that keeps every rule of PLANTED; with noise, so many of its rows break some."""
    rng = np.random.default_rng(seed)
    ordered = pd.Timestamp("2021-01-01") + pd.to_timedelta(rng.integers(0, 1200, n), unit="D")
    shipped = ordered + pd.to_timedelta(rng.integers(0, 200, n), unit="D")
    delivered = shipped + pd.to_timedelta(rng.integers(0, 200, n), unit="D")
    price, quantity = np.round(rng.gamma(3, 8, n) + 1, 2), rng.integers(1, 20, n)
    net = np.round(price * quantity, 2)
    tax, shipping = np.round(rng.gamma(2, 9, n), 2), np.round(rng.gamma(2, 3, n), 2)
    length = np.round(rng.normal(30, 6, n), 1)
    colour = rng.integers(0, 3, n)
    product = rng.choice(list(SIZES), n)
    sex = rng.choice(["F", "M"], n)
    status = rng.choice(["open", "done", "returned"], n, p=[0.3, 0.5, 0.2])
    visits = np.where(rng.random(n) < 0.3, 0, rng.poisson(4, n) + 1)
    city = rng.choice(list(CITIES), n)
    table = pd.DataFrame({
        "order_id": rng.permutation(n) + 1001,
        "ordered": ordered, "shipped": shipped, "delivered": delivered, "days": (delivered - ordered).days,
        "price": price, "quantity": quantity, "net": net, "tax": tax, "shipping": shipping,
        "total": np.round(net + tax + shipping, 2),
        "length_in": length, "length_cm": np.round(length * 2.54, 2),
        "red": (colour == 0).astype(int), "green": (colour == 1).astype(int), "blue": (colour == 2).astype(int),
        "city": city, "country": [CITIES[one] for one in city],
        "product": product, "size": [SIZES[one][i] for one, i in zip(product, rng.integers(0, 3, n), strict=True)],
        "sex": sex, "pregnant": (sex == "F") & (rng.random(n) < 0.3),
        "status": status,
        "closed": np.where(status == "open", None, rng.choice(["north", "south", "west"], n)),
        "visits": visits, "spent": np.where(visits == 0, 0, np.round(rng.gamma(2, 30, n) + 1, 2)),
        "code": ["".join(rng.choice(list("ABCDEFGH"), 2)) + f"{rng.integers(0, 10_000):04d}" for _ in range(n)],
        "weight": np.round(rng.normal(70, 12, n), 1), "score": np.round(rng.beta(2, 3, n), 3),
        "channel": rng.choice(["web", "shop", "phone"], n), "age": rng.integers(18, 90, n),
    })  # fmt: skip
    return _disturbed(table, rng, noise) if noise else table


def _disturbed(table: pd.DataFrame, rng: np.random.Generator, noise: float) -> pd.DataFrame:
    """The table with cells of other rows in some rows, a draw of its own for each column that a rule gives."""
    for name in ("total", "net", "length_cm", "days", "country", "size", "pregnant", "shipped", "spent"):
        rows = np.flatnonzero(rng.random(len(table)) < noise)
        table[name] = table[name].astype(object)
        table.loc[rows, name] = table[name].to_numpy()[rng.integers(0, len(table), len(rows))]
        table[name] = table[name].infer_objects()
    return table


def wide(n: int = 100_000, columns: int = 50, seed: int = 0) -> pd.DataFrame:
    """The planted table, filled up with columns that have nothing to do with anything."""
    rng = np.random.default_rng(seed)
    table = planted(n, seed)
    for i in range(columns - table.shape[1]):
        table[f"other_{i}"] = _other(i, n, rng)
    return table


def _other(i: int, n: int, rng: np.random.Generator) -> np.ndarray:
    """A column of one of five kinds."""
    match i % 5:
        case 0:
            return np.round(rng.normal(50 + i, 10, n), 2)
        case 1:
            return rng.integers(0, 1000, n)
        case 2:
            return rng.choice([f"value {j}" for j in range(12)], n)
        case 3:
            return rng.choice([f"group {j}" for j in range(300)], n)
        case _:
            return np.where(rng.random(n) < 0.8, 0, rng.integers(1, 50, n))


def shuffled(table: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """The table with each column in an order of its own."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame({name: table[name].to_numpy()[rng.permutation(len(table))] for name in table})
