"""What each part of the flagship brings: the same halves with one part taken out at a time.

python benchmarks/tabular/ablation.py --data DATA --scorer score_tabular.py [--seeds 3]
    writes docs/benchmarks/ablation.json
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from data import halves, through_csv
from quality import OUT, scored

from smartsynth.models import autoregression, forest_generator, refinement
from smartsynth.models.forest_generator import ForestGenerator
from smartsynth.models.scores import Scores

Change = tuple[dict[str, Any], list[tuple[Any, str, Any]]]
PARTS: dict[str, Change] = {
    # what is taken out: options of the generator, values that are replaced
    "everything in": ({}, []),
    "no refinement": ({"refinement_rounds": 0}, []),
    "one round of refinement": ({"refinement_rounds": 1}, []),
    "no raking": ({}, [(refinement, "RAKINGS", 0)]),
    "no components for the ratio": ({}, [(Scores, "components", staticmethod(lambda codes, columns: None))]),
    "rows in random order": ({}, [(forest_generator, "BALANCED_BLOCKS", 0)]),
    "leaves of names lean no more": ({}, [(autoregression, "MOST_LEAN", 1.0)]),
    "one tree a column": ({"trees": 1}, []),
    "hardly any shrinkage": ({}, [(autoregression, "STRENGTHS", (0.5,))]),
    "no scores": ({}, []),
    "32 bins": ({"n_bins": 32}, []),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets")
    parser.add_argument("--scorer", type=Path, required=True, help="script that scores halves")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    found = []
    for name, times in (("adult", 1), ("magic", 1), ("credit", 4)):  # chance moves the figures of a small table more
        split, seeds = halves(options.data, name), times * options.seeds
        for part, (arguments, values) in PARTS.items():
            records = []
            for seed in range(1, seeds + 1):
                with replaced(part, values):
                    began = time.perf_counter()
                    model = ForestGenerator(**arguments).fit(split.train, seed=seed)
                    seconds = time.perf_counter() - began
                    rows = through_csv(model.sample(len(split.train), seed=seed))
                records.append({**scored(options, split, rows), "fit": seconds})
            means = {key: float(np.mean([record[key] for record in records])) for key in records[0]}
            found.append({"data": name, "part": part, "seeds": seeds, **means})
            print(found[-1], flush=True)
    command = "python benchmarks/tabular/ablation.py --data DATA --scorer SCORER"
    (OUT / "ablation.json").write_text(json.dumps({"command": command, "results": found}, indent=1) + "\n", "utf-8")


@contextmanager
def replaced(part: str, values: list[tuple[Any, str, Any]]) -> Iterator[None]:
    """Values of the library replaced for a while."""
    if part == "no scores":
        plain = forest_generator.Growth
        with mock.patch.object(forest_generator, "Growth", lambda **given: plain(**given, scores=0)):
            yield
        return
    patches = [mock.patch.object(where, name, value) for where, name, value in values]
    for patch in patches:
        patch.start()
    try:
        yield
    finally:
        for patch in patches:
            patch.stop()


if __name__ == "__main__":
    main()
