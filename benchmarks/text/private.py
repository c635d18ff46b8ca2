"""banking77 within budgets of differential privacy: what classifiers learn from the queries, and whether planted secrets are exposed.

    python benchmarks/text/private.py --data DATA [--epsilon 1 4 inf] [--base auto] [--rows 3000] [--made FOLDER] [--only STAGE]
                                      [--option NAME=VALUE …]

Each model learns the 10,003 training queries together with 40 planted secrets, 20 of which stand there once (models/exposure.py). `inf` is
`gpt2` without a budget, the others are `dpgpt2`; options after `--option NAME=VALUE` go to the latter.

    tstr       macro F1 on the test queries of a classifier of sentence embeddings that learnt from synthetic queries
    exposure   mean bits by which the 20 secrets are exposed, beside 20 others that were not learnt from; at most 10
    phrase     synthetic queries that hold the words before the secrets
    copies     share of synthetic queries with a run of eight words of a training query, beside the same of test queries

Stages leave what they make in FOLDER, so that each can run where it is fastest: `learnt` (on a GPU), `made`, `scored`.
Prints a line of JSON per budget, and writes docs/benchmarks/text_private.json.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import time
from pathlib import Path
from typing import Any

import pandas as pd

from banking import LABEL, f1, machine  # isort: skip  (this folder's)

OUT = Path(__file__).parents[2] / "docs" / "benchmarks" / "text_private.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--epsilon", type=float, nargs="+", default=[1.0, 4.0, math.inf])
    parser.add_argument("--base", default="auto")
    parser.add_argument("--epochs", type=float, default=3.0, help="of the model without a budget")
    parser.add_argument("--batch-tokens", type=int, default=512, help="of the model without a budget")
    parser.add_argument("--option", action="append", default=[], help="of dpgpt2: NAME=VALUE")
    parser.add_argument("--rows", type=int, default=3_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--name", default="", help="of the setting, beside its budget")
    parser.add_argument("--made", type=Path, default=Path("made"))
    parser.add_argument("--only", choices=("learnt", "made", "scored"))
    options = parser.parse_args()
    train, test = (pd.read_csv(options.data / f"banking77_{part}.csv") for part in ("train", "test"))
    options.made.mkdir(parents=True, exist_ok=True)
    if options.only in (None, "learnt"):
        for epsilon in options.epsilon:
            learn(options, train, epsilon)
    if options.only in (None, "made"):
        for file in sorted(options.made.glob("epsilon-*.json")):
            make(options, file)
    if options.only in (None, "scored"):
        lines = [scored(file, train, test) for file in sorted(options.made.glob("epsilon-*.json"))]
        OUT.write_text(json.dumps(lines, indent=1) + "\n", "utf-8")


def learn(options: argparse.Namespace, train: pd.DataFrame, epsilon: float) -> None:
    """Learn with planted secrets, and keep the model and what is known of it."""
    from smartsynth.inference import infer_schema
    from smartsynth.models.exposure import exposure
    from smartsynth.registry import create

    schema = infer_schema(train).with_target(LABEL)
    kept: list[Any] = []
    took: dict[str, Any] = {}

    def fit(rows: pd.DataFrame) -> Any:
        began = time.perf_counter()
        given = {name: number(value) for name, _, value in (one.partition("=") for one in options.option)}
        if math.isinf(epsilon):
            model = create("gpt2", base=options.base, epochs=options.epochs, batch_tokens=options.batch_tokens, rank=8)
        else:
            model = create("dpgpt2", base=options.base, epsilon=epsilon, **given)
        model.fit(rows, schema=schema, seed=options.seed)
        took["fit_seconds"] = round(time.perf_counter() - began)
        kept.append(model)
        return model

    found = exposure(fit, train, schema, seed=options.seed, asked=0)
    name = f"epsilon-{epsilon:g}{options.name and '-' + options.name}"
    kept[0].save(options.made / name)
    spent = None if kept[0].ledger_ is None else round(kept[0].ledger_.spent(), 3)
    line = {
        "epsilon": None if math.isinf(epsilon) else epsilon, "spent": spent, "options": kept[0].get_params(), **took,
        "exposure": dataclasses.asdict(found), "learnt_on": machine(),
    }  # fmt: skip
    (options.made / f"{name}.json").write_text(json.dumps(line, default=str) + "\n", "utf-8")
    print(name, found.sentence(), took, flush=True)


def make(options: argparse.Namespace, file: Path) -> None:
    """Queries of a model that was kept."""
    from smartsynth.registry import load

    line = json.loads(file.read_text("utf-8"))
    began = time.perf_counter()
    rows = load(file.with_suffix("")).sample(options.rows, seed=options.seed)
    rows.to_csv(file.with_suffix(".csv"), index=False)
    line |= {"sample_seconds": round(time.perf_counter() - began), "made_on": machine()}
    file.write_text(json.dumps(line) + "\n", "utf-8")
    print(file.stem, line["sample_seconds"], "s", flush=True)


def scored(file: Path, train: pd.DataFrame, test: pd.DataFrame) -> dict[str, Any]:
    """What is known of a model, with the scores of its queries."""
    from smartsynth.metrics.text import overlap

    made = pd.read_csv(file.with_suffix(".csv")).dropna()
    line: dict[str, Any] = json.loads(file.read_text("utf-8"))
    some = train.sample(len(made), random_state=0)
    line |= {
        "name": file.stem, "rows": len(made), "tstr_f1": f1(made, test), "as_many_real_f1": f1(some, test), "real_f1": f1(train, test),
        "phrase_written": int(made["text"].str.contains("secret code").sum()),
        "copies": [round(overlap(list(frame["text"]), list(train["text"]), 8).texts, 4) for frame in (made, test)],
    }  # fmt: skip
    print(json.dumps(line), flush=True)
    return line


def number(value: str) -> Any:
    """A number if it is one."""
    try:
        return int(value)
    except ValueError:
        try:
            return float(value)
        except ValueError:
            return value


if __name__ == "__main__":
    main()
