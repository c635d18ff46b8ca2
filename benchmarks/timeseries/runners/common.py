"""What every runner does: read train.csv, fit, sample, write synthetic.csv and times.json, all in one folder.

python RUNNER.py METHOD FOLDER

The folder also holds task.json: the entity, what orders its rows, the columns that never change within it, a seed, and
the method's settings that are not its defaults. times.json has the seconds that fit and sample took, how many threads
there were, the share of an entity's steps that went back in time before the rows were put in order, the versions of
the packages that matter, and what the runner says of itself.
"""

from __future__ import annotations

import json
import platform
import sys
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd


class Task(NamedTuple):
    """What task.json says."""

    entity: str
    time: str
    static: list[str]
    seed: int
    settings: dict[str, Any]


Made = Callable[[int], pd.DataFrame]
Fit = Callable[[pd.DataFrame, Task], tuple[Made, dict[str, Any]]]
"""`fit(panel, task)` gives `sample(entities)` and what is to be said of the run; sampling may add to that."""


def main(methods: Mapping[str, Fit], packages: tuple[str, ...]) -> None:
    import torch

    method, folder = sys.argv[1], Path(sys.argv[2])
    task = Task(**json.loads((folder / "task.json").read_text("utf-8")))
    panel = pd.read_csv(folder / "train.csv")
    np.random.seed(task.seed)
    torch.manual_seed(task.seed)
    began = time.perf_counter()
    sample, said = methods[method](panel, task)
    fitted = time.perf_counter()
    made = sample(panel[task.entity].nunique())
    sampled = time.perf_counter()
    like(made, panel, task).to_csv(folder / "synthetic.csv", index=False)
    found = {
        "fit": fitted - began, "sample": sampled - fitted, "threads": torch.get_num_threads(),
        "steps_back": steps_back(made, task), **said,
        "versions": {"python": platform.python_version(), **{name: version(name) for name in packages}},
    }  # fmt: skip
    (folder / "times.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")


def steps_back(made: pd.DataFrame, task: Task) -> float:
    """The share of steps from a row of an entity to its next that go back in time."""
    steps = made.groupby(task.entity, sort=False)[task.time].diff().dropna()
    return float((steps < 0).mean())


def like(made: pd.DataFrame, panel: pd.DataFrame, task: Task) -> pd.DataFrame:
    """The panel's columns in its order, rows sorted as it is, whole numbers where the real column has whole numbers."""
    made = made[list(panel.columns)]
    whole = [c for c in panel.select_dtypes("integer") if c != task.entity]
    made = made.assign(**{c: pd.to_numeric(made[c]).round().astype("Int64") for c in whole})
    return made.sort_values([task.entity, task.time], kind="stable").reset_index(drop=True)
