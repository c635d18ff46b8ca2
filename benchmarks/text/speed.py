"""Tokens per second of learning and of writing.

    python benchmarks/text/speed.py --data DATA [--base smollm2 scratch] [--batch-tokens 512] [--seconds 30]

Learns banking77 by adapters (scratch: all weights) and by DP-SGD for some seconds each after a first step, and writes as many queries as
fit into the same time, 64 at once. Tokens are those that are read and written. Prints a line of JSON per base, and writes
docs/benchmarks/text_speed.json.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from banking import LABEL, machine  # isort: skip  (this folder's)

OUT = Path(__file__).parents[2] / "docs" / "benchmarks" / "text_speed.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--base", nargs="+", default=["smollm2", "scratch"])
    parser.add_argument("--batch-tokens", type=int, default=512)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    train = pd.read_csv(options.data / "banking77_train.csv")
    found = json.loads(options.out.read_text("utf-8")) if options.out.is_file() else []
    for base in options.base:
        line = {"base": base, "batch_tokens": options.batch_tokens, **measured(options, train, base), **machine()}
        print(json.dumps(line), flush=True)
        same = ("base", "device", "batch_tokens")
        found = [one for one in found if [one[k] for k in same] != [line[k] for k in same]] + [line]
        options.out.write_text(json.dumps(found, indent=1) + "\n", "utf-8")


def measured(options: argparse.Namespace, train: pd.DataFrame, base: str) -> dict[str, Any]:
    from smartsynth.inference import infer_schema
    from smartsynth.models.language_model import SCRATCH, LanguageModel
    from smartsynth.models.text_generator import told_rows
    from smartsynth.models.text_layout import example
    from smartsynth.models.text_rows import TextRows
    from smartsynth.models.text_training import FULL, LORA, Plan, TextTraining

    schema = infer_schema(train).with_target(LABEL)
    some = train.sample(2_000, random_state=0)

    def opened() -> tuple[LanguageModel, TextRows, list[Any]]:
        model = LanguageModel.open(base, list(train["text"]))
        rows = TextRows.fit(some, schema, lambda text: len(model.ids(text)), min_count=5)
        return model, rows, [example(model, rows.layout, row, most=256) for row in told_rows(some)]

    model, rows, examples = opened()
    mean = float(np.mean([len(e.ids) for e in examples]))
    plan = Plan(FULL if base == SCRATCH else LORA, 16, 1_000.0, options.batch_tokens, 1e-3)
    training = TextTraining(model, examples, plan, 0)
    steps = paced(lambda k: training._step(k), options.seconds)
    per_step = mean * len(examples) / len(training._dealt)
    found = {"method": plan.method, "learnt_tokens_per_second": round(per_step * steps)}
    model.network.eval()
    if base != SCRATCH:
        found["private_tokens_per_second"] = round(private(options, opened(), mean))
    return found | {"written_tokens_per_second": round(written(model, rows, schema, some, options.seconds))}


def private(options: argparse.Namespace, opened: Any, mean: float) -> float:
    """Tokens per second of steps of DP-SGD, noise included."""
    from smartsynth.models.dp_sgd import Persons
    from smartsynth.models.private_text_training import PrivatePlan, PrivateTextTraining
    from smartsynth.privacy.noise import FloatNoise

    model, _, examples = opened
    expected = max(options.batch_tokens / mean, 8.0)
    persons = Persons(None, len(examples), rate=expected / len(examples), noise=FloatNoise())
    plan = PrivatePlan(8, 10_000, expected, 1e-3, 0.1, 1.0)
    training = PrivateTextTraining(model, examples, persons, plan, FloatNoise(), 0)
    return expected * mean * paced(training.epoch, options.seconds)


def written(model: Any, rows: Any, schema: Any, some: pd.DataFrame, seconds: float) -> float:
    """Tokens per second that are written."""
    from smartsynth.models.text_generator import WRITE_BLOCK, told_rows
    from smartsynth.models.text_sampling import Style, write

    table, _ = rows.table(some, schema)
    told = told_rows(table)
    counts: list[int] = []

    def block(k: int) -> None:
        mine = told[k * WRITE_BLOCK % 1_920 :][:WRITE_BLOCK]
        rngs = [np.random.default_rng([k, i]) for i in range(len(mine))]
        texts = write(model, [rows.script(row, model, rng) for row, rng in zip(mine, rngs, strict=True)], rngs, Style())
        counts.append(sum(len(model.ids(text.cells["text"] or "")) + 1 for text in texts))

    return paced(block, seconds) * float(np.mean(counts))


def paced(step: Callable[[int], object], seconds: float) -> float:
    """Steps per second after a first one."""
    step(0)
    began, done = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        done += 1
        step(done)
    return done / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
