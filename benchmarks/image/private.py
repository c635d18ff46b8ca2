"""MNIST within budgets of differential privacy: what a classifier learns from synthetic digits.

    python benchmarks/image/private.py --data DATA [--generator dpmoments] [--epsilon 1 4 10] [--delta 1e-6] [--runs 3] [--rows 8000]
    python benchmarks/image/private.py --data DATA --generator dpdiffusion --epsilon 10 --runs 1 --rows 3000     (about half an hour)

8,000 digits are learnt, 2,000 kept aside (mnist.py). Noise is drawn by the system, so that runs differ: `tstr` is the mean over them, with
the lowest and the highest. Prints a line of JSON per budget, and writes docs/benchmarks/image_private.json.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from mnist import accuracy, digits, machine  # isort: skip  (this folder's)

OUT = Path(__file__).parents[2] / "docs" / "benchmarks" / "image_private.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--generator", choices=["dpmoments", "dpdiffusion"], default="dpmoments")
    parser.add_argument("--epsilon", type=float, nargs="+", default=[1.0, 4.0, 10.0])
    parser.add_argument("--delta", type=float, default=1e-6)
    parser.add_argument("--frequencies", type=int, default=12)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--rows", type=int, default=8_000)
    options = parser.parse_args()
    found: list[dict[str, Any]] = json.loads(OUT.read_text("utf-8")) if OUT.is_file() else []
    for epsilon in options.epsilon:
        line = measured(options, epsilon)
        found = [one for one in found if (one["generator"], one["epsilon"]) != (options.generator, epsilon)] + [line]
        OUT.write_text(json.dumps(found, indent=1) + "\n", "utf-8")


def measured(options: argparse.Namespace, epsilon: float) -> dict[str, Any]:
    """A budget: several fits, and what their digits teach."""
    from smartsynth.inference import infer_schema
    from smartsynth.registry import create
    from smartsynth.utils.image_evaluator import evaluate_images

    train, test = digits(options.data)
    schema = infer_schema(train).with_target("label")
    found, seconds, near, outcomes, spent = [], [], [], [], 0.0
    for run in range(options.runs):
        began = time.perf_counter()
        model = create(options.generator, epsilon=epsilon, delta=options.delta, frequencies=options.frequencies)
        model.fit(train, schema=schema, seed=run)
        seconds.append(time.perf_counter() - began)
        made = model.sample(options.rows, seed=run)
        found.append(accuracy(made, test, seeds=1))
        spent = float(model.ledger_.spent()) if model.ledger_ is not None else 0.0
        if run == 0:
            scores = evaluate_images(train, made, test, schema=schema, seed=0)
            near = [round(float(scores[key].value), 4) for key in ("near_images", "near_pixels", "membership_auc")]
            outcomes = [str(scores.battery.outcome)] if scores.battery else []
            far = [round(float(x), 1) for x in (scores["frechet_image"].value, scores["frechet_image"].reference or 0)]
    line = {
        "generator": options.generator, "epsilon": epsilon, "delta": options.delta, "spent": round(spent, 3), "rows": options.rows, "runs": options.runs,
        "tstr": [round(float(x), 4) for x in (np.mean(found), min(found), max(found))], "real": accuracy(train, test, seeds=1),
        "fit_seconds": round(float(np.median(seconds)), 2), "frechet": far, "near": near, "outcome": outcomes, **machine(),
    }  # fmt: skip
    print(json.dumps(line), flush=True)
    return line


if __name__ == "__main__":
    main()
