"""TimeGAN on the published Stocks windows: the published scores beside the published figures, and the minutes that training took.

    python benchmarks/timeseries/timegan.py --data DATA [--device cpu|cuda] [--steps N] …

`DATA` holds stock_data.csv, 3,685 days of six channels, as in the reference code of TimeGAN. The generator learns the series as users
give it, makes as many windows of 24 days as there are real ones, and these are scored in the units of the protocol: each channel by
the ends of the real series. As in the protocol, real windows are those that it learnt from. Published figures are those of Yuan & Qiao
(2024), "Diffusion-TS", table 1.

Prints losses on the way, what training took, each score, and all of it as JSON at the end.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

WINDOW = 24
PUBLISHED = {"discriminative": 0.102, "predictive": 0.038, "correlational": 0.063, "context_fid": 0.103}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of stock_data.csv")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    for name, kind in (
        ("steps", int), ("pretraining", int), ("hidden-dim", int), ("layers", int), ("batch-size", int), ("learning-rate", float),
    ):  # fmt: skip
        parser.add_argument(f"--{name}", type=kind, help="option of the generator; its own default if not given")
    parser.add_argument("--full-precision", action="store_true", help="no half precision on a GPU")
    parser.add_argument("--seed", type=int, default=0, help="of training and of the windows")
    parser.add_argument("--runs", type=int, default=5, help="runs of each score, with seeds of their own")
    parser.add_argument("--out", type=Path, help="file for the scores")
    options = parser.parse_args()
    if options.device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    import torch

    if options.device == "cuda" and not torch.cuda.is_available():
        raise SystemExit("--device cuda: torch finds no GPU. Leave it out, or use a machine with one.")
    found = measured(options)
    if options.out:
        options.out.write_text(json.dumps(found, indent=1) + "\n", "utf-8")


def measured(options: argparse.Namespace) -> dict[str, Any]:
    """Train, sample, score; says how far it is on the way."""
    import numpy as np
    import pandas as pd
    import torch

    from smartsynth.inference import infer_schema
    from smartsynth.metrics.timeseries import windows_of
    from smartsynth.models.timegan_generator import TimeGANGenerator
    from smartsynth.sequences import marked, one_stretch, with_window

    series = pd.read_csv(options.data / "stock_data.csv")
    plain = marked(series, infer_schema(series), entity=None, time=None)
    given = {
        name: getattr(options, name)
        for name in ("steps", "pretraining", "hidden_dim", "layers", "batch_size", "learning_rate")
        if getattr(options, name) is not None
    }
    generator = TimeGANGenerator(window=WINDOW, mixed_precision=not options.full_precision, **given)
    began, cpu = time.perf_counter(), time.process_time()

    def progress(share: float, message: str = "") -> None:
        figures = {name: round(value, 4) for name, value in getattr(message, "figures", {}).items()}
        if figures and message.split()[1].endswith("0"):
            print(f"{message} {(time.perf_counter() - began) / 60:.1f} min {figures}", flush=True)

    generator.fit(one_stretch(series, plain), schema=with_window(plain), seed=options.seed, progress=progress)
    found: dict[str, Any] = {
        "options": generator.get_params(), "seed": options.seed, "minutes": round((time.perf_counter() - began) / 60, 2),
        "cpu_minutes": round((time.process_time() - cpu) / 60, 2), "torch": torch.__version__,
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else f"{os.cpu_count()} cores",
    }  # fmt: skip
    print(json.dumps(found), flush=True)
    real = windows_of(series.to_numpy(np.float64), WINDOW)
    made = generator.sample(len(real), seed=options.seed)[list(series.columns)].to_numpy(np.float64)
    low, high = series.min().to_numpy(), series.max().to_numpy()
    made = ((made - low) / (high - low + 1e-7)).astype(np.float32).reshape(real.shape)
    # Processes of one thread each: the scores' networks are too small to share among cores.
    with ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("spawn")) as pool:
        jobs = {
            name: [pool.submit(scored, name, real, made, seed) for seed in range(options.runs)] for name in PUBLISHED
        }
        for name, started in jobs.items():
            runs = [round(job.result(), 4) for job in started]
            found[name] = {"mean": round(float(np.mean(runs)), 4), "runs": runs, "published": PUBLISHED[name]}
            print(name, json.dumps(found[name]), flush=True)
    found["within"] = found["discriminative"]["mean"] <= PUBLISHED["discriminative"]
    print(json.dumps(found), flush=True)
    return found


def scored(name: str, real: Any, made: Any, seed: int) -> float:
    """One run of a score, on one thread of the processor."""
    import torch

    from smartsynth.metrics import timeseries as scores
    from smartsynth.metrics.context_fid import context_fid

    torch.set_num_threads(1)
    measures = {
        "discriminative": scores.discriminative_score, "predictive": scores.predictive_score,
        "correlational": scores.correlational_score, "context_fid": context_fid,
    }  # fmt: skip
    return float(measures[name](real, made, seed=seed))


if __name__ == "__main__":
    main()
