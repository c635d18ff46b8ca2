"""MNIST: what a classifier learns from synthetic digits, how like real ones they are, and whether any is a copy.

    python benchmarks/image/mnist.py --data DATA [--epochs 18] [--rows 3000] [--width 64] [--seeds 0]

`DATA` holds mnist-t10k-images-idx3-ubyte.gz and -labels-idx1-ubyte.gz, the 10,000 digits of the test set (LeCun et al. 1998): 8,000 of them
are learnt, 2,000 kept aside.

    tstr       accuracy on the digits kept aside of a small network that learnt from synthetic digits; beside it, after learning from all
               real ones and from as many real ones as there are synthetic ones
    frechet    distance of synthetic and unseen digits by EfficientNet-Lite0; beside it, of training and unseen ones
    near       share of synthetic digits nearer to a training digit than all but one in a hundred unseen ones, by features and by pixels

Prints a line of JSON per seed, and writes docs/benchmarks/mnist.json.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

OUT = Path(__file__).parents[2] / "docs" / "benchmarks" / "mnist.json"
SCORES = (
    "frechet_image",
    "kernel_image",
    "image_precision",
    "image_recall",
    "image_density",
    "image_coverage",
    "image_detection_auc",
)
PRIVATE = ("near_images", "near_pixels", "image_copies", "membership_auc")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--epochs", type=float, default=18.0)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--layers", type=int, default=1)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--rows", type=int, default=3_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    options = parser.parse_args()
    train, test = digits(options.data)
    found: list[dict[str, Any]] = json.loads(OUT.read_text("utf-8")) if OUT.is_file() else []
    for seed in options.seeds:
        line = measured(options, train, test, seed)
        print(json.dumps(line), flush=True)
        same = ("seed", "epochs", "width", "device", "rows")
        found = [one for one in found if [one.get(k) for k in same] != [line.get(k) for k in same]] + [line]
        OUT.write_text(json.dumps(found, indent=1) + "\n", "utf-8")


def digits(data: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The digits that are learnt, and those kept aside."""
    from smartsynth import images

    pixels = np.frombuffer(
        gzip.decompress((data / "mnist-t10k-images-idx3-ubyte.gz").read_bytes()), np.uint8, offset=16
    )
    labels = np.frombuffer(gzip.decompress((data / "mnist-t10k-labels-idx1-ubyte.gz").read_bytes()), np.uint8, offset=8)
    frame = pd.DataFrame(
        {"image": images.unstacked(pixels.reshape(-1, 28, 28, 1)), "label": [f"digit {k}" for k in labels]}
    )
    frame = frame.sample(frac=1, random_state=1).reset_index(drop=True)
    return frame.iloc[:8_000].reset_index(drop=True), frame.iloc[8_000:].reset_index(drop=True)


def measured(options: argparse.Namespace, train: pd.DataFrame, test: pd.DataFrame, seed: int) -> dict[str, Any]:
    """One generator, and everything about its digits."""
    from smartsynth.config import PrivacyConfig
    from smartsynth.inference import infer_schema
    from smartsynth.models.image_filter import ImageFilter
    from smartsynth.models.privacy_filter import filtered
    from smartsynth.registry import create
    from smartsynth.resampling import stream
    from smartsynth.utils.image_evaluator import evaluate_images

    schema = infer_schema(train).with_target("label")
    began, cpu = time.perf_counter(), time.process_time()
    model = create(
        "diffusion", epochs=options.epochs, width=options.width, layers=options.layers, steps=options.steps,
        batch_size=options.batch_size, learning_rate=options.learning_rate,
    ).fit(train, schema=schema, seed=seed)  # fmt: skip
    fitted, used = time.perf_counter(), time.process_time()
    gate = ImageFilter(PrivacyConfig()).fit(train, None, schema, seed=seed)
    made, _ = filtered(stream(model, seed), options.rows, gate, seed=seed, block=model.block)
    drawn = time.perf_counter() - fitted
    scores = evaluate_images(train, made, test, schema=schema, seed=seed)
    some = train.sample(min(len(made), len(train)), random_state=seed)
    return {
        "seed": seed, "epochs": options.epochs, "width": options.width, "rows": len(made), "fit_seconds": round(fitted - began, 1),
        "fit_cpu_seconds": round(used - cpu, 1), "images_per_second_learnt": round(options.epochs * len(train) / (fitted - began), 1),
        "images_per_second_painted": round(len(made) / drawn, 1), "removed": gate.summary().removed,
        "tstr": [accuracy(frame, test) for frame in (made, train, some)],
        **{key: [round(float(scores[key].value), 5), round(float(scores[key].reference or 0), 5)] for key in (*SCORES, *PRIVATE)},
        "outcome": str(scores.battery.outcome) if scores.battery else None, **machine(),
    }  # fmt: skip


def accuracy(learnt: pd.DataFrame, test: pd.DataFrame, seeds: int = 3) -> float:
    """Share of right guesses on other images of small networks that learnt from some, the mean of a few."""
    return round(
        float(np.mean([(found.argmax(1) == truth).mean() for truth, found in guesses(learnt, test, seeds)])), 4
    )


def guesses(learnt: pd.DataFrame, test: pd.DataFrame, seeds: int) -> list[tuple[Any, Any]]:
    """The labels of the tested images, and the probabilities that each network gives."""
    from smartsynth import images
    from smartsynth.metrics.image_classifier import predictions

    names = sorted(set(test["label"]))
    codes = np.array([names.index(label) for label in learnt["label"]])
    truth = np.array([names.index(label) for label in test["label"]])
    pixels, others = (images.stacked(frame["image"].tolist()) for frame in (learnt, test))
    return [(truth, predictions(pixels, codes, others, len(names), seed=seed)) for seed in range(seeds)]


def machine() -> dict[str, Any]:
    """Where it ran."""
    import torch

    where = torch.cuda.get_device_name() if torch.cuda.is_available() else f"{len(os.sched_getaffinity(0))} cores"
    return {"device": where, "threads": torch.get_num_threads(), "load": round(os.getloadavg()[0], 1)}


if __name__ == "__main__":
    main()
