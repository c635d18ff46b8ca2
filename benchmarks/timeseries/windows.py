"""Windows of 24 rows by `flow` on the published protocol, and on a split by time that a copy of the series does not win.

    python benchmarks/timeseries/windows.py --data DATA [--sets stocks energy] [--seeds 5] [--runs 1] [--only PROTOCOL]

Published protocol (Yoon et al. 2019; Yuan & Qiao 2024): all overlapping windows of the whole series, channels scaled to [0, 1] by
the ends of the series, as many synthetic windows as real ones; scores are those of smartsynth.metrics. `real` scores the real
windows against themselves, which is the least that the scores can show.

Split by time: the first four fifths are learnt, the rest is kept aside. `near` is the share of synthetic windows that lie nearer to a
training window than the 1 % quantile of the windows kept aside; 0.01 is expected where later times are like earlier ones. `near_real` is
the same share of the training windows themselves, each beside those that share no row with it: what a generator of the very process
that was learnt from would have. Blocks: the same with stretches of 240 rows, of which every fifth is kept aside, so that what is kept
aside is of the same times.

Prints a line of JSON per seed, and writes docs/benchmarks/windows.json.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

WINDOW = 24
BLOCK = 10 * WINDOW
FILES = {"stocks": "stock_data.csv", "energy": "energy_data.csv.gz"}
OUT = Path(__file__).parents[2] / "docs" / "benchmarks" / "windows.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", choices=FILES, default=list(FILES))
    parser.add_argument("--seeds", type=int, default=5, help="generators, each of a seed of its own")
    parser.add_argument("--runs", type=int, default=1, help="runs of each score per generator")
    parser.add_argument("--only", choices=("published", "split", "blocks"), help="one of the three protocols")
    options = parser.parse_args()
    found: list[dict[str, Any]] = json.loads(OUT.read_text("utf-8")) if OUT.is_file() else []
    for name in options.sets:
        series = pd.read_csv(options.data / FILES[name])
        jobs = [(published, seed) for seed in range(options.seeds)] + [(split, 0), (blocks, 0)]
        jobs = [(measure, seed) for measure, seed in jobs if options.only in (None, measure.__name__)]
        for measure, seed in jobs:
            line = {
                "set": name,
                "protocol": measure.__name__,
                "seed": seed,
                **measure(series, seed, options.runs),
                **machine(),
            }
            print(json.dumps(line), flush=True)
            key = ("set", "protocol", "seed")
            found = [one for one in found if [one[k] for k in key] != [line[k] for k in key]]
            found.append(line)
            OUT.write_text(json.dumps(found, indent=1) + "\n", "utf-8")


def published(series: pd.DataFrame, seed: int, runs: int) -> dict[str, Any]:
    """The published scores of one generator."""
    from smartsynth.metrics import timeseries as scores
    from smartsynth.metrics.context_fid import context_fid

    real = scores.windows_of(series.to_numpy(np.float64), WINDOW)
    made, line = windows_like(series, series, len(real), seed)
    seeds = [100 * seed + run for run in range(runs)]
    measures = {
        "discriminative": scores.discriminative_score, "context_fid": context_fid,
        "correlational": scores.correlational_score, "predictive": scores.predictive_score,
    }  # fmt: skip
    for key, measure in measures.items():
        line[key] = round(float(np.mean([measure(real, made, seed=s) for s in seeds])), 5)
    if seed == 0:
        line["real"] = {key: round(float(measure(real, real, seed=0)), 5) for key, measure in measures.items()}
    return line


def split(series: pd.DataFrame, seed: int, runs: int) -> dict[str, Any]:
    """How near synthetic windows lie to those learnt from, beside windows of later times."""
    from smartsynth.metrics.timeseries import windows_of

    at = 4 * len(series) // 5
    real = windows_of(series.to_numpy(np.float64), WINDOW)
    known, fresh = real[: at - WINDOW + 1], real[at:]
    made, line = windows_like(series.iloc[:at], series, len(known), seed)
    return {**line, **nearness(known, np.arange(len(known)), made, fresh), "holdout_rows": len(series) - at}


def blocks(series: pd.DataFrame, seed: int, runs: int) -> dict[str, Any]:
    """How near synthetic windows lie to those learnt from, beside windows of the same times that were kept aside."""
    from smartsynth.metrics.timeseries import windows_of

    real = windows_of(series.to_numpy(np.float64), WINDOW)
    block = np.arange(len(series)) // BLOCK
    first, last = block[: len(real)], block[WINDOW - 1 :]
    at = np.flatnonzero((first == last) & (first % 5 != 2))
    fresh = real[(first == last) & (first % 5 == 2)]
    made, line = windows_like(series[block % 5 != 2], series, len(at), seed, entity=block[block % 5 != 2])
    return {**line, **nearness(real[at], at, made, fresh), "holdout_rows": int((block % 5 == 2).sum())}


def nearness(
    known: np.ndarray, begins: np.ndarray, made: np.ndarray, fresh: np.ndarray, *, judged: int = 1_000
) -> dict[str, Any]:
    """Shares of windows nearer than the 1 % quantile of fresh ones, and medians of distances to the nearest training window."""
    from scipy.spatial.distance import cdist

    from smartsynth.metrics.timeseries import nearest

    found = nearest(known, made, fresh)
    flat = known.reshape(len(known), -1).astype(np.float64)
    limit = np.quantile(cdist(fresh.reshape(len(fresh), -1), flat).min(axis=1), 0.01)
    some = np.random.default_rng(0).permutation(len(flat))[:judged]
    apart = np.abs(begins[some][:, None] - begins[None, :]) >= WINDOW
    own = np.where(apart, cdist(flat[some], flat), np.inf).min(axis=1)
    return {
        "near": round(found.near, 4), "near_real": round(float(np.mean(own < limit)), 4), "median": round(found.median, 4),
        "real_median": round(float(np.median(own)), 4), "holdout_median": round(found.holdout, 4),
    }  # fmt: skip


def windows_like(
    series: pd.DataFrame, whole: pd.DataFrame, n: int, seed: int, *, entity: np.ndarray | None = None
) -> tuple[np.ndarray, dict[str, Any]]:
    """`n` windows of a generator that learnt `series`, scaled by the ends of `whole`; and what it took.

    `entity` names the stretch of each row, where there are several.
    """
    from smartsynth.inference import infer_schema
    from smartsynth.registry import create
    from smartsynth.sequences import marked, one_stretch, with_window

    if entity is None:
        plain = marked(series, infer_schema(series), entity=None, time=None)
        frame, schema = one_stretch(series, plain), with_window(plain)
    else:
        frame = series.assign(stretch=entity)
        schema = marked(frame, infer_schema(frame), entity="stretch", time=None)
    began, cpu = time.perf_counter(), time.process_time()
    model = create("flow", window=WINDOW).fit(frame, schema=schema, seed=seed)
    fitted, used = time.perf_counter(), time.process_time()
    made = model.sample(n, seed=seed)[list(series.columns)].to_numpy(np.float64)
    took = {
        "fit_seconds": round(fitted - began), "fit_cpu_seconds": round(used - cpu), "sample_seconds": round(time.perf_counter() - fitted),
    }  # fmt: skip
    low, high = whole.min().to_numpy(), whole.max().to_numpy()
    scaled = np.clip((made - low) / (high - low + 1e-7), 0, 1).astype(np.float32)
    return scaled.reshape(n, WINDOW, -1), took


def machine() -> dict[str, Any]:
    """Where it ran."""
    import torch

    where = torch.cuda.get_device_name() if torch.cuda.is_available() else f"{len(os.sched_getaffinity(0))} cores"
    return {"device": where, "torch": torch.__version__, "load": round(os.getloadavg()[0], 1)}


if __name__ == "__main__":
    main()
