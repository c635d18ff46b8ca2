"""PneumoniaMNIST: whether synthetic healthy chests make up for those that are missing.

    python benchmarks/image/pneumonia.py --data DATA [--epochs 60] [--seeds 0]

`DATA` holds pneumoniamnist_full.npz and pneumoniamnist_imbalanced.npz (MedMNIST, Yang et al. 2023, CC BY 4.0): chest X-rays of 28 × 28 pixels;
the second has 388 healthy ones to 3,494 with pneumonia, the first all 1,214.

Balanced accuracy on the 624 test images of small networks (the mean of ten) that learnt from: the imbalanced images alone; the same, each
healthy one repeated; the same with synthetic healthy ones until both are as many; the full set. `recovered` is the share of the gap between
first and last that synthetic ones close, with its 95 % interval over the test images (bootstrap).

Prints a line of JSON per seed, and writes docs/benchmarks/pneumonia.json.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mnist import guesses, machine  # isort: skip  (this folder's)

OUT = Path(__file__).parents[2] / "docs" / "benchmarks" / "pneumonia.json"
NETWORKS, DRAWS = 10, 1_000
HEALTHY = "normal"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--epochs", type=float, default=60.0)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--guidance", type=float, default=1.0)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    options = parser.parse_args()
    full, test = (chests(options.data / "pneumoniamnist_full.npz", part) for part in ("train", "test"))
    few = chests(options.data / "pneumoniamnist_imbalanced.npz", "train")
    found: list[dict[str, Any]] = json.loads(OUT.read_text("utf-8")) if OUT.is_file() else []
    for seed in options.seeds:
        line = measured(options, few, full, test, seed)
        print(json.dumps(line), flush=True)
        same = ("seed", "epochs", "width", "guidance")
        found = [one for one in found if [one.get(k) for k in same] != [line.get(k) for k in same]] + [line]
        OUT.write_text(json.dumps(found, indent=1) + "\n", "utf-8")


def chests(file: Path, part: str) -> pd.DataFrame:
    """X-rays and what they show."""
    from smartsynth import images

    with np.load(file) as data:
        pixels, labels = data[f"{part}_images"], data[f"{part}_labels"].ravel()
    names = np.where(labels == 0, HEALTHY, "pneumonia")
    return pd.DataFrame({"image": images.unstacked(pixels.reshape(-1, 28, 28, 1)), "label": names})


def measured(
    options: argparse.Namespace, few: pd.DataFrame, full: pd.DataFrame, test: pd.DataFrame, seed: int
) -> dict[str, Any]:
    """Synthetic healthy chests of one generator, and what they are good for."""
    from smartsynth.config import PrivacyConfig
    from smartsynth.inference import infer_schema
    from smartsynth.models.image_filter import ImageFilter
    from smartsynth.models.privacy_filter import filtered
    from smartsynth.registry import create

    schema = infer_schema(few).with_target("label")
    began = time.perf_counter()
    model = create("diffusion", epochs=options.epochs, width=options.width, guidance=options.guidance)
    model.fit(few, schema=schema, seed=seed)
    fitted = time.perf_counter() - began
    healthy = few[few["label"] == HEALTHY]
    missing = len(few) - 2 * len(healthy)
    gate = ImageFilter(PrivacyConfig(decoys=1)).fit(few, None, schema, seed=seed)
    made, _ = filtered(
        lambda start, n: model.sample(n, where={"label": HEALTHY}, seed=seed, start=start), missing, gate, seed=seed, block=model.block
    )  # fmt: skip
    repeated = healthy.sample(missing, replace=True, random_state=seed)
    sides = {"alone": few, "repeated": pd.concat([few, repeated]), "synthetic": pd.concat([few, made]), "full": full}
    told = {name: guesses(frame.reset_index(drop=True), test, NETWORKS) for name, frame in sides.items()}
    scores = {name: round(float(np.mean([balanced(*one) for one in some])), 4) for name, some in told.items()}
    return {
        "seed": seed, "epochs": options.epochs, "width": options.width, "guidance": options.guidance, "fit_seconds": round(fitted),
        "made": len(made), "removed": gate.summary().removed, **scores, "recovered": recovered(told), **machine(),
    }  # fmt: skip


def balanced(truth: Any, found: Any) -> float:
    """Mean of the shares of right guesses of both kinds."""
    right = found.argmax(1) == truth
    return float(np.mean([right[truth == kind].mean() for kind in np.unique(truth)]))


def recovered(told: dict[str, list[tuple[Any, Any]]]) -> list[float]:
    """The share of the gap that is closed, and its 95 % interval over draws of the test images."""
    truth = told["full"][0][0]
    rng, n = np.random.default_rng(0), len(truth)

    def share(rows: Any) -> float:
        alone, with_made, full = (
            np.mean([balanced(truth[rows], found[rows]) for _, found in told[name]])
            for name in ("alone", "synthetic", "full")
        )
        return float((with_made - alone) / (full - alone))

    draws = [share(rng.integers(n, size=n)) for _ in range(DRAWS)]
    return [round(x, 3) for x in (share(np.arange(n)), *np.quantile(draws, [0.025, 0.975]).tolist())]


if __name__ == "__main__":
    main()
