"""A small table, and one run of `smartsynth synthesize` that many tests look at."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from commands import invoke


@pytest.fixture(scope="session")
def table() -> pd.DataFrame:
    """300 made-up customers; the target depends on the others."""
    rng = np.random.default_rng(0)
    age = rng.integers(18, 90, 300)
    city = rng.choice(["Berlin", "Łódź", "São Paulo"], 300, p=[0.5, 0.3, 0.2])
    spent = np.round(rng.gamma(2, 50, 300) + age, 2)
    churned = np.where(spent + rng.normal(0, 30, 300) > 170, "yes", "no")
    return pd.DataFrame({"age": age, "city": city, "spent": spent, "churned": churned})


@pytest.fixture(scope="session")
def csv(table, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("data") / "customers.csv"
    table.to_csv(path, index=False)
    return path


@dataclass(frozen=True)
class Run:
    folder: Path
    stderr: str
    answer: dict[str, Any]


@pytest.fixture(scope="session")
def run(csv, tmp_path_factory) -> Run:
    """`smartsynth synthesize` with everything on."""
    folder = tmp_path_factory.mktemp("run")
    result = invoke(
        "synthesize", csv, "-o", folder / "synthetic.csv", "-g", "copula", "-n", 200, "--seed", 1,
        "--target", "churned", "--report", folder / "report.html", "--save", folder / "model", "--json",
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    return Run(folder, result.stderr, json.loads(result.stdout))
