"""Data sets and splits of the tabular benchmarks.

The files are public: UCI Adult (official split), UCI MAGIC gamma telescope, UCI German credit and NMES; `--data` is the
folder that holds adult_train.csv, adult_test.csv, magic.csv, credit_g.csv and nmes.csv.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd


class Split(NamedTuple):
    """Rows to learn from, rows that nobody learns from, and the column to predict."""

    train: pd.DataFrame
    holdout: pd.DataFrame
    target: str


FILES = {
    "adult": ("adult_train.csv", "income"),
    "magic": ("magic.csv", "class"),
    "credit": ("credit_g.csv", "class"),
    "nmes": ("nmes.csv", "visits"),
}


def halves(folder: Path, name: str, seed: int = 1) -> Split:
    """One half of the shuffled rows trains, the other is the holdout."""
    file, target = FILES[name]
    rows = read(folder / file).sample(frac=1, random_state=seed)
    middle = len(rows) // 2
    return Split(rows.iloc[:middle].reset_index(drop=True), rows.iloc[middle:].reset_index(drop=True), target)


def published(folder: Path, name: str) -> Split:
    """The split of the published protocol: Adult's official one, else nine tenths of rows shuffled with seed 1234."""
    file, target = FILES[name]
    rows = read(folder / file)
    if name == "adult":
        return Split(rows, read(folder / "adult_test.csv"), target)
    order = np.random.RandomState(1234).permutation(len(rows))
    most = int(0.9 * len(rows))
    train, holdout = (rows.iloc[part].reset_index(drop=True) for part in (order[:most], order[most:]))
    return Split(train, holdout, target)


def noisy(folder: Path, n: int, seed: int = 0) -> pd.DataFrame:
    """Adult resampled to `n` rows, with noise so that rows differ."""
    rng = np.random.default_rng(seed)
    rows = read(folder / "adult_train.csv").sample(n, replace=True, random_state=seed).reset_index(drop=True)
    rows["fnlwgt"] = (rows["fnlwgt"] * rng.lognormal(0, 0.05, n)).astype(int)
    rows["age"] = np.clip(rows["age"] + rng.integers(-1, 2, n), 17, 90)
    rows["hours-per-week"] = np.clip(rows["hours-per-week"] + rng.integers(-1, 2, n), 1, 99)
    for name in rows.select_dtypes(object):
        some = rng.random(n) < 0.01
        rows.loc[some, name] = rng.permutation(rows[name].to_numpy())[: some.sum()]
    return rows


def wide(n: int, columns: int, seed: int = 0) -> pd.DataFrame:
    """Numbers, counts and categories that eight hidden factors tie together."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n, 8)) @ rng.normal(size=(8, columns)) + rng.normal(size=(n, columns))
    made: dict[str, object] = {}
    for j in range(columns):
        if j % 3 == 0:
            made[f"c{j}"] = np.array(list("abcdef"))[np.digitize(values[:, j], [-2, -1, 0, 1, 2])]
        elif j % 3 == 1:
            made[f"x{j}"] = values[:, j].round(3)
        else:
            made[f"k{j}"] = np.exp(values[:, j] / 2).astype(int)
    return pd.DataFrame(made)


def read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, skipinitialspace=True)


def through_csv(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows as they are read back from a file."""
    return pd.read_csv(io.StringIO(rows.to_csv(index=False)), skipinitialspace=True)
