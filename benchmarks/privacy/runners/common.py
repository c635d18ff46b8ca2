"""What every runner does: read codes and sizes, fit, sample, write codes, and say what it took.

python RUNNER.py METHOD EPSILON DELTA CODES.csv SIZES.json OUT.csv

Codes are whole numbers from 0; `sizes` has the number of codes that are possible in each column and is public. A cell
that a method leaves without a code is written as the code after the last one.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd


class Model(NamedTuple):
    """Fitted: `sample(n)` gives codes, `account` what the tool says that it spent."""

    sample: Callable[[int], pd.DataFrame]
    account: dict[str, Any]


Fit = Callable[[str, pd.DataFrame, dict[str, int], float, float], Model]
"""`fit(method, codes, sizes, epsilon, delta)`."""


def main(fit: Fit, package: str, more: Mapping[str, str] | None = None) -> None:
    method, epsilon, delta, codes, sizes, out = sys.argv[1:7]
    rows, public = pd.read_csv(codes), json.loads(Path(sizes).read_text("utf-8"))
    began, cpu = time.perf_counter(), time.process_time()
    model = fit(method, rows, public, float(epsilon), float(delta))
    fitted = time.perf_counter()
    made = model.sample(len(rows))[list(rows.columns)]
    sampled, cpu = time.perf_counter(), time.process_time() - cpu
    made = made.apply(pd.to_numeric).fillna(pd.Series(public)).astype(int)
    made.to_csv(out, index=False)
    found = {"fit": fitted - began, "sample": sampled - fitted, "cpu": cpu, "rows_made": len(made), **model.account}
    print(json.dumps({**found, "version": version(package), **(more or {})}))
