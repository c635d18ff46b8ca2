"""How long the flagship takes, and how much memory: a million rows, a hundred columns, and how both grow.

    python benchmarks/tabular/speed.py --data DATA
        writes docs/benchmarks/speed.json

Each measurement is a process of its own, which first compiles on a small table. `rows` is Adult resampled with noise to
15 columns, `wide` is made up of numbers, counts and categories. Also: 10,000 rows under conditions that about one row
in a hundred fulfils.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from data import noisy, read, wide

import smartsynth as ss

OUT = Path(__file__).parents[2] / "docs" / "benchmarks"
ROWS = (10_000, 31_623, 100_000, 316_228, 1_000_000)
CONDITIONS = (["education=Doctorate"], ["age>=75"], ["income=>50K", "age>=65"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measured(options.data, options.one)))
        return
    jobs = [f"rows:{n}" for n in ROWS] + ["wide:100000", "given:0"]
    found = []
    for job in jobs:
        command = [sys.executable, __file__, "--data", str(options.data), "--one", job]
        answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        found.append(json.loads(answer.splitlines()[-1]))
        print(found[-1], flush=True)
    text = json.dumps({"command": "python benchmarks/tabular/speed.py --data DATA", "results": found}, indent=1)
    (OUT / "speed.json").write_text(text + "\n", "utf-8")


def measured(folder: Path, job: str) -> dict[str, Any]:
    kind, _, n = job.partition(":")
    small = noisy(folder, 2_000)
    warm = ss.create("forest").fit(small)
    warm.sample(100)
    if kind == "given":
        return under_conditions(folder)
    table = noisy(folder, int(n)) if kind == "rows" else wide(int(n), 100)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    began, cpu = time.perf_counter(), time.process_time()
    model = ss.create("forest").fit(table, seed=1)
    fitted, cpu_fitted = time.perf_counter(), time.process_time()
    model.sample(len(table), seed=1)
    sampled = time.perf_counter()
    return {
        "job": kind, "rows": len(table), "columns": len(table.columns), "fit": fitted - began,
        "fit_cpu": cpu_fitted - cpu, "sample": sampled - fitted, "rows_per_second": len(table) / (sampled - fitted),
        "gib_before": before, "gib_peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
    }  # fmt: skip


def under_conditions(folder: Path) -> dict[str, Any]:
    table = read(folder / "adult_train.csv")
    model = ss.create("forest").fit(table, seed=1)
    model.sample(10, where=["age>=30"])
    found = []
    for where in CONDITIONS:
        began = time.perf_counter()
        rows = model.sample(10_000, where=where, seed=1)
        found.append({
            "where": where, "seconds": time.perf_counter() - began, "effective_rows": rows.attrs["effective_rows"],
        })  # fmt: skip
    return {"job": "given", "rows": 10_000, "conditions": found}


if __name__ == "__main__":
    main()
