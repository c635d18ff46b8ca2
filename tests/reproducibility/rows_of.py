"""Learns and makes rows with the generators that are named, in a process of its own, and prints the hash of what each would write.

python rows_of.py GENERATOR …
"""

from __future__ import annotations

import hashlib
import json
import sys
from typing import Any

import numpy as np
import pandas as pd

import smartsynth as ss
from smartsynth import export

TINY = {"evaluate": {"enabled": False}, "seed": 7}
OPTIONS: dict[str, dict[str, Any]] = {
    "ctgan": {"epochs": 3}, "flow": {"steps": 30, "width": 64}, "timegan": {"pretraining": 10, "steps": 20},
}  # fmt: skip


def customers(n: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    age = rng.integers(18, 90, n)
    spent = np.round(rng.gamma(2, 50, n) + age, 2)
    return pd.DataFrame({
        "age": age, "city": rng.choice(["Berlin", "Łódź", "São Paulo"], n, p=[0.5, 0.3, 0.2]), "spent": spent,
        "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, n), "D"),
        "churned": np.where(spent + rng.normal(0, 30, n) > 170, "yes", "no"),
    })  # fmt: skip


def visits() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    rows = []
    for patient in range(60):
        level = rng.normal(70, 8)
        for k in range(int(rng.integers(3, 9))):
            rows.append(
                (
                    patient,
                    pd.Timestamp("2024-01-01") + pd.Timedelta(days=k),
                    round(level + rng.normal(), 1),
                    "ab"[k % 2],
                )
            )
    return pd.DataFrame(rows, columns=["patient", "day", "pulse", "ward"])


def series() -> pd.DataFrame:
    rng = np.random.default_rng(2)
    at = np.arange(400)
    return pd.DataFrame(
        {"load": np.round(np.sin(at / 6) * 10 + rng.normal(0, 1, 400), 3), "price": np.round(rng.normal(30, 3, 400), 2)}
    )


def result(name: str) -> ss.Result:
    settings = dict(TINY)
    if name == "refined":
        return ss.synthesize(customers(), generator={"name": "copula", "refine": True}, **settings)
    if name == "ruled":
        return ss.synthesize(customers(), generator="forest", rules=["spent >= age"], **settings)
    if name == "balanced":
        return ss.synthesize(customers(), generator="forest", balance="churned", **settings)
    asked = {"name": name, "options": OPTIONS.get(name, {})}
    if name == "panel":
        return ss.synthesize(visits(), entity="patient", time="day", generator=asked, **settings)
    if name in ("flow", "timegan"):
        return ss.synthesize(series(), window=8, generator=asked, **settings)
    return ss.synthesize(customers(), generator=asked, **settings)


def digest(made: ss.Result) -> str:
    parts = [export.to_bytes(made.synthetic, format=form, manifest=made.manifest) for form in ("csv", "parquet")]
    return hashlib.sha256(b"".join(parts)).hexdigest()


if __name__ == "__main__":
    sys.stdout.write(json.dumps({name: digest(result(name)) for name in sys.argv[1:]}) + "\n")
