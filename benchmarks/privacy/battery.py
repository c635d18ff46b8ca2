"""Power and false alarms of the attack battery: known-bad generators must be found, independent real rows must pass.

    python benchmarks/privacy/battery.py --data FOLDER [--rows 1500] [--runs 20] [--good 300]
    OMP_NUM_THREADS=1 NUMBA_NUM_THREADS=1 taskset -c 0 python benchmarks/privacy/battery.py --speed

Data are Adult with and without its nearly unique column fnlwgt, MAGIC and NMES; training, holdout and independent rows are
disjoint, as many of each. The bad generators: verbatim rows in an independent sample, noise on training rows, rows between
neighbours (SMOTE), sequential trees whose leaves hold one row, and a copy.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from smartsynth.facts import Outcome
from smartsynth.inference import infer_schema
from smartsynth.privacy.battery import battery
from smartsynth.privacy.neighbours import MixedDistance, nearest

BAD = ("leak 1 %", "leak 5 %", "jitter 1 %", "jitter 5 %", "jitter 20 %", "smote", "cart leaf 1", "copy")


def tables(folder: Path) -> dict[str, pd.DataFrame]:
    adult = pd.read_csv(folder / "adult_train.csv")
    return {
        "adult": adult, "adult without fnlwgt": adult.drop(columns="fnlwgt"), "magic": pd.read_csv(folder / "magic.csv"),
        "nmes": pd.read_csv(folder / "nmes.csv"),
    }  # fmt: skip


def made(kind: str, train: pd.DataFrame, fresh: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Rows of a generator of this kind; `fresh` are real rows that it does not know."""
    what, _, amount = kind.partition(" ")
    if what == "leak":
        n = max(round(float(amount.split()[0]) / 100 * len(train)), 1)
        return pd.concat([train.iloc[rng.permutation(len(train))[:n]], fresh.iloc[n:]], ignore_index=True)
    if what == "jitter":
        return jittered(train, float(amount.split()[0]) / 100, rng)
    return {"smote": smote, "cart": trees, "copy": lambda rows, _: rows.copy(), "good": lambda *_: fresh}[what](
        train, rng
    )


def jittered(train: pd.DataFrame, share: float, rng: np.random.Generator) -> pd.DataFrame:
    rows = train.copy()
    for name in train.columns:
        if is_number(train[name]):
            rows[name] = like(train[name], train[name] + rng.normal(0, share * train[name].std(), len(train)))
        else:
            flipped = rng.random(len(train)) < share
            rows.loc[flipped, name] = rng.permutation(train[name].to_numpy())[flipped]
    return rows


def smote(train: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    encoded = MixedDistance.fit(train, infer_schema(train)).encode(train)
    other = nearest(encoded, encoded, k=6)[1][np.arange(len(train)), rng.integers(1, 6, len(train))]
    u = rng.random(len(train))
    rows = train.copy()
    for name in train.columns:
        one, two = train[name].to_numpy(), train[name].to_numpy()[other]
        rows[name] = (
            like(train[name], one * (1 - u) + two * u) if is_number(train[name]) else np.where(u < 0.5, one, two)
        )
    return rows


def trees(train: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Each column from the leaf that the columns before it lead to; a leaf may hold one row."""

    def matrix(rows: pd.DataFrame) -> np.ndarray:
        return np.column_stack([
            rows[c].to_numpy(float) if is_number(train[c]) else pd.Categorical(rows[c], sorted(train[c].unique())).codes
            for c in rows.columns
        ])  # fmt: skip

    rows = pd.DataFrame(index=range(len(train)))
    for place, name in enumerate(train.columns):
        cells = train[name].to_numpy()
        if place == 0:
            rows[name] = rng.choice(cells, len(train))
            continue
        before = list(train.columns[:place])
        tree = (DecisionTreeRegressor if is_number(train[name]) else DecisionTreeClassifier)(random_state=0)
        tree.fit(matrix(train[before]), cells if is_number(train[name]) else cells.astype(str))
        real, drawn = tree.apply(matrix(train[before])), tree.apply(matrix(rows[before]))
        found = np.empty(len(train), cells.dtype)
        for leaf in np.unique(drawn):
            found[drawn == leaf] = rng.choice(cells[real == leaf], int((drawn == leaf).sum()))
        rows[name] = found
    return rows


def is_number(cells: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(cells)


def like(cells: pd.Series, values: np.ndarray) -> np.ndarray:
    return np.round(values).astype(cells.dtype) if cells.dtype.kind == "i" else values


def speed(rows: int = 10_000, columns: int = 20) -> None:
    """Seconds for a table of made-up numbers and categories, half of each."""
    rng = np.random.default_rng(0)

    def table() -> pd.DataFrame:
        numbers = {f"n{i}": rng.normal(size=rows).round(3) for i in range(columns // 2)}
        return pd.DataFrame(numbers | {f"c{i}": rng.integers(0, 8, rows).astype(str) for i in range(columns // 2)})

    train, synthetic, holdout = table(), table(), table()
    schema = infer_schema(train)
    battery(train.head(300), synthetic.head(300), holdout.head(300), schema)  # compiles
    begin = time.perf_counter()
    found = battery(train, synthetic, holdout, schema)
    print(
        f"{rows:,} × {columns}: {time.perf_counter() - begin:.1f} s, {len(found.attacks)} attacks, {found.outcome.value}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--speed", action="store_true", help="time 10,000 rows of 20 columns instead")
    parser.add_argument("--rows", type=int, default=1500)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--good", type=int, default=300)
    given = parser.parse_args()
    if given.speed:
        speed()
        return
    if given.data is None:
        parser.error("--data is needed")
    for name, rows in tables(given.data).items():
        schema = infer_schema(rows)
        n = min(given.rows, len(rows) // 3)
        for kind in (*BAD, "good"):
            runs = given.good if kind == "good" else given.runs
            found, begin = [], time.perf_counter()
            for run in range(runs):
                rng = np.random.default_rng([run, 1])
                order = rng.permutation(len(rows))
                train, holdout, fresh = (rows.iloc[order[i * n : (i + 1) * n]].reset_index(drop=True) for i in range(3))
                found.append(battery(train, made(kind, train, fresh, rng), holdout, schema, seed=run))
            failed = sum(one.outcome is Outcome.FAIL for one in found)
            smallest = np.median([one.smallest for one in found])
            print(
                f"{name}, {n:,} rows, {kind}: {failed} of {runs} failed, smallest leak {smallest:.2%}, "
                f"{(time.perf_counter() - begin) / runs:.2f} s a run", flush=True,
            )  # fmt: skip


if __name__ == "__main__":
    main()
