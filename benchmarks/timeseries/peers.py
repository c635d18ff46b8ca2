"""Synthetic event panels of other projects' tools: same rows, each tool in an environment of its own.

    python benchmarks/timeseries/peers.py --data DATA [--work out/peers] [--only METHOD …] [--minutes 60]
        leaves WORK/timeseries/METHOD/SET/synthetic.csv (and train.csv, task.json and times.json beside it), and adds
        to docs/benchmarks/timeseries_peers_runs.json; a method that has its line there is not run again

A method learns the rows of one half of the entities (seed 1) and makes as many entities. Each has its own defaults but
for the settings listed in METHODS, and one thread. Wall and CPU time and the highest memory are those of its whole
process, imports included; `fit` and `sample` are what it took inside. A method that fails is listed with the reason.
`score` hands a method's panel, with the two real ones, to whoever judges them.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from data import PANELS, ROLES, halves

sys.path.append(str(Path(__file__).resolve().parents[1]))
from watched import last_line, machine, watched

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
OUT = ROOT / "docs" / "benchmarks" / "timeseries_peers_runs.json"
SEED = 1
TORCH = "torch==2.13.0"
ENVIRONMENTS = {
    # runner: packages, and those that others ask for in a build that does not fit its torch; no method here uses them
    "par_": (("sdv==2.0.0",), ()),
    "mostly_": (("mostlyai-engine==2.7.3",), ("torchvision", "torchaudio")),
}
Record = dict[str, Any]


class Method(NamedTuple):
    """A runner, what is not the tool's default, and why."""

    runner: str
    settings: Record
    note: str
    trial: int | None = None  # so many training entities only, to learn how long it takes; what it makes is not kept


METHODS = {
    "sdv-par-batched": Method(
        "par_", {},
        "all training players, 128 epochs as by default; the same model, loss, gradients and law of what is drawn, but "
        "all sequences at once in place of loops over them, because as it is PAR would take hours: see sdv-par",
    ),
    "mostlyai-engine": Method(
        "mostly_", {"max_training_time": 15.0},
        "at most 15 minutes of training for each of its two models, players and their rows; the rest as by default",
    ),
    "sdv-par-mended": Method(
        "par_", {},
        "as sdv-par-batched, with errors of deepecho 0.8.1 mended: targets of numbers aligned with predictions in "
        "sequences shorter than the longest, and end marks neither learned nor given out as rows",
    ),
    "sdv-par": Method(
        "par_", {"epochs": 2},
        "a trial of the tool as it is, for its time only: its loss is a loop over players, so that seconds an epoch "
        "grow with their number",
        trial=300,
    ),
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets")
    parser.add_argument("--work", type=Path, default=ROOT / "out" / "peers", help="folder of environments and results")
    parser.add_argument("--only", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--sets", nargs="+", choices=PANELS, default=["baseball"])
    parser.add_argument("--minutes", type=float, default=60.0, help="most time for a method")
    parser.add_argument("--again", action="store_true", help="run methods that have their line too")
    options = parser.parse_args()
    for name in options.sets:
        for method in options.only:
            lines = {(one["data"], one["method"]): one for one in known()}
            if (name, method) in lines and not options.again:
                continue
            lines[name, method] = {"data": name, "method": method, **run(options, name, method)}
            print(lines[name, method], flush=True)
            write(list(lines.values()))


def known() -> list[Record]:
    return list(json.loads(OUT.read_text("utf-8"))["results"]) if OUT.is_file() else []


def write(results: list[Record]) -> None:
    command = "python benchmarks/timeseries/peers.py --data DATA"
    content = {"command": command, "seed": SEED, "machine": machine(), "results": results}
    OUT.write_text(json.dumps(content, indent=1) + "\n", "utf-8")


def run(options: argparse.Namespace, name: str, method: str) -> Record:
    """What a method took to make its panel, or why there is none."""
    about = METHODS[method]
    said: Record = {"note": about.note, "settings": about.settings}
    try:
        python = environment(options.work / "envs" / about.runner, *ENVIRONMENTS[about.runner])
    except subprocess.CalledProcessError as error:
        return {**said, "failed": f"cannot be installed: {last_line(error.stderr)}"}
    folder = place(options.work, name, method)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    rows = given(options.data, name, about)
    rows.to_csv(folder / "train.csv", index=False)
    task = {**ROLES[name]._asdict(), "seed": SEED, "settings": about.settings}
    (folder / "task.json").write_text(json.dumps(task, indent=1) + "\n", "utf-8")
    entity = ROLES[name].entity
    said |= {"train": {"rows": len(rows), "entities": rows[entity].nunique()}, "load_before": os.getloadavg()[0]}
    command = [str(python), str(HERE / "runners" / f"{about.runner}.py"), method, str(folder)]
    said |= watched(command, folder / "log.txt", options.minutes * 60)
    if "failed" in said:
        return said
    made = pd.read_csv(folder / "synthetic.csv")
    assert list(made.columns) == list(rows.columns)
    if about.trial:
        (folder / "synthetic.csv").unlink()
    times = json.loads((folder / "times.json").read_text("utf-8"))
    return {**said, "made": {"rows": len(made), "entities": made[entity].nunique()}, **times}


def place(work: Path, name: str, method: str) -> Path:
    """Where a method's files for a data set are."""
    return work / "timeseries" / method / name


def given(data: Path, name: str, about: Method) -> pd.DataFrame:
    """The rows that a method learns from: the training half, or those of some of its entities."""
    entity = ROLES[name].entity
    train, _ = halves(PANELS[name](data), entity, SEED)
    if about.trial is None:
        return train
    some = np.random.default_rng(SEED).choice(train[entity].unique(), about.trial, replace=False)
    return train[train[entity].isin(some)].reset_index(drop=True)


def score(data: Path, work: Path, name: str, method: str, judge: Callable[..., Record]) -> Record:
    """What `judge(train, holdout, made, roles)` says of the panel that a method has left."""
    train, holdout = halves(PANELS[name](data), ROLES[name].entity, SEED)
    made = pd.read_csv(place(work, name, method) / "synthetic.csv")
    return judge(train, holdout, made, ROLES[name])


def environment(folder: Path, needs: tuple[str, ...], unwanted: tuple[str, ...]) -> Path:
    """The interpreter of an environment with the packages that it needs, without those that are unwanted."""
    python = folder / "bin" / "python"
    if python.is_file():
        return python
    pip = [str(python), "-m", "pip"]
    steps = [[sys.executable, "-m", "venv", str(folder)], [*pip, "install", "-q", TORCH]]
    steps.append([*pip, "install", "-q", TORCH, *needs])
    if unwanted:
        steps.append([*pip, "uninstall", "-q", "-y", *unwanted])
    try:
        for step in steps:
            subprocess.run(step, check=True, capture_output=True, text=True)
    except subprocess.CalledProcessError:
        shutil.rmtree(folder)
        raise
    return python


if __name__ == "__main__":
    main()
