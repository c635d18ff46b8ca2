"""How good and how close the flagship's rows are: halves under an independent scorer, and the published protocol.

    python benchmarks/tabular/quality.py --data DATA --scorer score_tabular.py
        writes docs/benchmarks/halves.json and docs/benchmarks/published.json

Halves: one half of a data set trains, the other judges, seeds 1 … 5, the mean is what counts. The scorer is a script of
its own: `python SCORER train.csv holdout.csv synthetic.csv TARGET` prints a JSON object. Rows of the holdout in place
of synthetic ones give the yardstick.

Published: metrics.py on the published splits, five seeds, the generator's defaults; DCR on halves of the training rows.

Lone values: numbers that one or two training rows have come back how often, and how often do holdout rows have them?
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import metrics
import numpy as np
import pandas as pd
from data import FILES, Split, halves, published, through_csv

import smartsynth as ss

OUT = Path(__file__).parents[2] / "docs" / "benchmarks"
SEEDS = range(1, 6)
Record = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets")
    parser.add_argument("--scorer", type=Path, required=True, help="script that scores halves")
    parser.add_argument("--seeds", type=int, default=len(SEEDS))
    options = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    ss.create("forest").fit(halves(options.data, "credit").train).sample(10)  # compiles
    write("halves", [one for name in FILES for one in on_halves(options, name)])
    write("published", [one for name in ("adult", "magic") for one in on_published(options, name)])


def write(name: str, records: list[Record]) -> None:
    command = "python benchmarks/tabular/quality.py --data DATA --scorer SCORER"
    text = json.dumps({"command": command, "version": ss.__version__, "results": records}, indent=1)
    (OUT / f"{name}.json").write_text(text + "\n", "utf-8")


def made(split: Split, seed: int) -> tuple[pd.DataFrame, Record]:
    """As many rows as were learnt from, and the seconds they took."""
    began = time.perf_counter()
    model = ss.create("forest").fit(split.train, seed=seed)
    fitted = time.perf_counter()
    rows = through_csv(model.sample(len(split.train), seed=seed))
    return rows, {"fit": fitted - began, "sample": time.perf_counter() - fitted}


def on_halves(options: argparse.Namespace, name: str) -> list[Record]:
    split = halves(options.data, name)
    found = [{"data": name, "seed": None, "method": "training rows", **scored(options, split, split.train)}]
    # The yardstick of closeness: one half of the holdout plays the generator against the other.
    for seed in list(SEEDS)[: options.seeds]:
        rows, seconds = made(split, seed)
        lone = lone_values(split, rows)
        found.append(
            {"data": name, "seed": seed, "method": "forest", **scored(options, split, rows), **lone, **seconds}
        )
        print(found[-1], flush=True)
    return found


def scored(options: argparse.Namespace, split: Split, rows: pd.DataFrame) -> Record:
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{name}.csv" for name in ("train", "holdout", "synthetic")]
        for path, table in zip(paths, (split.train, split.holdout, rows), strict=True):
            table.to_csv(path, index=False)
        command = [sys.executable, str(options.scorer), *map(str, paths), split.target]
        answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {key: value for key, value in json.loads(answer).items() if key != "worst"}


def lone_values(split: Split, rows: pd.DataFrame) -> Record:
    """Share of the cells that hold a number which one or two training rows have, in synthetic and in holdout rows."""
    shares = []
    for table in (rows, split.holdout):
        hits = cells = 0
        for column in split.train.select_dtypes("number"):
            counts = split.train[column].value_counts()
            hits += int(table[column].isin(counts.index[counts <= 2]).sum())
            cells += len(table)
        shares.append(hits / max(cells, 1))
    return {"lone_values": shares[0], "lone_values_real": shares[1]}


def on_published(options: argparse.Namespace, name: str) -> list[Record]:
    split = published(options.data, name)
    columns = metrics.Columns.of(split.train)
    measures: dict[str, Callable[[pd.DataFrame], Any]] = {
        "shape": lambda rows: metrics.shape_error(split.train, rows, columns),
        "trend": lambda rows: metrics.trend_error(split.train, rows, columns),
        "c2st": lambda rows: metrics.c2st(split.train, rows, columns),
        "mle": lambda rows: metrics.utility(rows, split.holdout, columns, split.target),
    }
    real = {"data": name, "seed": None, "method": "training rows", "mle": measures["mle"](split.train)}
    found: list[Record] = [real]
    for seed in list(SEEDS)[: options.seeds]:
        rows, seconds = made(split, seed)
        record = {key: measure(rows) for key, measure in measures.items()}
        record["alpha"], record["beta"] = metrics.alpha_beta(split.train, rows, columns)
        half = halved(split, seed)
        record["dcr"] = metrics.dcr_share(half.train, half.holdout, made(half, seed)[0], columns)
        found.append({"data": name, "seed": seed, "method": "forest", **record, **seconds})
        print(found[-1], flush=True)
    return found


def halved(split: Split, seed: int) -> Split:
    """The training rows, cut in two."""
    order = np.random.default_rng(seed).permutation(len(split.train))
    parts = np.array_split(order, 2)
    one, two = (split.train.iloc[part].reset_index(drop=True) for part in parts)
    return Split(one, two, split.target)


if __name__ == "__main__":
    main()
