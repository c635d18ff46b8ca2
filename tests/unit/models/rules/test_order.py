"""Columns in order: what is made of gaps."""

import numpy as np
import pandas as pd

import smartsynth as ss


def test_a_column_of_few_values_keeps_them():
    """List prices above costs, days of terms after births; a value of fewer than k rows is none of them."""
    rng = np.random.default_rng(0)
    n = 600
    price = rng.choice([9.99, 24.99, 99.99], n)
    cost = (price * rng.uniform(0.3, 0.95, n)).round(2)
    price[:3] = 1234.5
    rows = pd.DataFrame({
        "price": price, "cost": cost,
        "born": pd.Timestamp("1990-01-01") + pd.to_timedelta(rng.integers(0, 3000, n), unit="D"),
        "term": rng.choice(pd.to_datetime(["2015-09-01", "2016-09-01"]), n),
    })  # fmt: skip
    settings = {"generator": "copula", "seed": 1, "evaluate": {"enabled": False}, "rows": 2_000}
    made = ss.synthesize(rows, rules=["cost < price", "born < term"], **settings).data
    assert set(made["price"]) == {9.99, 24.99, 99.99}
    assert set(made["term"]) == set(rows["term"])
    assert (made["cost"] < made["price"]).all() and (made["born"] < made["term"]).all()
    shares = [frame["price"].value_counts(normalize=True).get(9.99) for frame in (rows, made)]
    assert abs(shares[0] - shares[1]) < 0.1
