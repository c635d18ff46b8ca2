"""What every runner does: read, fit, sample, write, and say how many seconds fit and sample took.

python RUNNER.py METHOD TRAIN.csv OUT.csv SEED
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

Fit = Callable[[pd.DataFrame, int], Callable[[int], pd.DataFrame]]
"""`fit(rows, seed)` gives `sample(n)`."""


def main(methods: Mapping[str, Fit]) -> None:
    method, train, out, seed = sys.argv[1:5]
    rows = pd.read_csv(train, skipinitialspace=True)
    np.random.seed(int(seed))
    began = time.perf_counter()
    sample = methods[method](rows, int(seed))
    fitted = time.perf_counter()
    made = sample(len(rows))[list(rows.columns)]
    sampled = time.perf_counter()
    made.to_csv(out, index=False)
    print(json.dumps({"fit": fitted - began, "sample": sampled - fitted}))


def torch_seed(seed: int) -> None:
    import torch

    torch.manual_seed(seed)


def is_number(rows: pd.DataFrame) -> dict[str, bool]:
    """Numbers with more than two values are numeric."""
    return {c: bool(pd.api.types.is_numeric_dtype(rows[c]) and rows[c].nunique() > 2) for c in rows}


def like(made: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Whole numbers where the real column has whole numbers."""
    whole: Any = [c for c in rows.select_dtypes("integer") if c in made]
    return made.assign(**{c: pd.to_numeric(made[c]).round().astype(int) for c in whole})
