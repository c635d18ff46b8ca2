"""What is said about a budget of differential privacy that is too small, before it is spent."""

import numpy as np
import pandas as pd
import pytest

from smartsynth.inference import infer_schema
from smartsynth.models.dp_advice import advice, collapsed, rows_over_noise

RNG = np.random.default_rng(0)
DATA = pd.DataFrame({
    "age": RNG.integers(18, 90, 500), "pay": RNG.normal(2000, 300, 500).round(2), "job": RNG.choice(["a", "b", "c"], 500),
})  # fmt: skip
SCHEMA = infer_schema(DATA)
DECLARED = (
    SCHEMA.with_column("age", low=18, high=90)
    .with_column("pay", low=0, high=9000)
    .with_column("job", categories=("a", "b", "c"))
)


def test_the_noise_of_a_column_is_what_its_ledger_says():
    """σ = √c / (μ √0.45): at ε = 1 and δ = 1e-9, where μ is 0.182, about 14.2 rows for three columns."""
    assert rows_over_noise(SCHEMA, 500, 1.0, 1e-9) == pytest.approx(500 / 14.19, rel=0.01)


def test_a_budget_that_is_hardly_of_use_says_so_with_what_helps():
    told = advice(SCHEMA, 500, 1.0, 1e-9)
    assert "epsilon=1 is hardly of use for 500 rows and 3 columns" in told
    for step in ("low, high, categories in --schema", "about 1,500", "larger epsilon"):
        assert step in told
    assert "declare" not in advice(DECLARED, 500, 1.0, 1e-9)
    assert advice(SCHEMA, 1_500, 1.0, 1e-9) is None
    assert advice(DECLARED, 600, 1.0, 1e-9) is None


def test_columns_that_came_out_with_one_value_say_why():
    assert collapsed(SCHEMA, ["age"]).startswith("One value alone in age: its range was not declared")
    assert collapsed(DECLARED, ["age"]) is None
