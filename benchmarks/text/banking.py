"""banking77: what classifiers learn from synthetic queries, and what of real ones comes back.

    python benchmarks/text/banking.py --data DATA [--base auto] [--epochs 1] [--rows 3000] [--shots 5 --shot-epochs 10] [--seeds 0 1 2]
    python benchmarks/text/banking.py --data DATA --made FOLDER --only made … then the same with --only scored: where a GPU makes them

`DATA` holds banking77_train.csv and banking77_test.csv: 10,003 and 3,080 queries of 77 intents (Casanueva et al. 2020, CC BY 4.0).

    tstr       macro F1 of a classifier of sentence embeddings on the test queries, after learning from synthetic queries; beside it, after
               learning from all real ones, and from as many real ones as there are synthetic ones
    gains      the same after learning from `shots` real queries per intent alone, and together with synthetic ones of a generator that
               learnt from these alone, with the 95 % interval of the gain; by sentence embeddings, and by words alone
    copies     share of synthetic queries with a run of eight words of a training query, and of test queries

Prints a line of JSON per seed, and writes docs/benchmarks/banking.json.
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

OUT = Path(__file__).parents[2] / "docs" / "benchmarks" / "banking.json"
LABEL = "category"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--base", default="auto")
    parser.add_argument("--method", default="lora")
    parser.add_argument("--epochs", type=float, default=1.0)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--rows", type=int, default=3_000)
    parser.add_argument("--shots", type=int, default=0, help="real queries per intent; 0 leaves augmentation out")
    parser.add_argument("--shot-epochs", type=float, default=10.0)
    parser.add_argument("--batch-tokens", type=int, default=512)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="each a generator of its own")
    parser.add_argument(
        "--decoys", type=int, default=1, help="as privacy.decoys; 0 keeps what would hide what was dropped"
    )
    parser.add_argument("--what", choices=("full", "augmented"), nargs="+", default=["full", "augmented"])
    parser.add_argument("--made", type=Path, help="folder that keeps the synthetic queries")
    parser.add_argument("--only", choices=("made", "scored"), help="make them alone, or score those of the folder")
    options = parser.parse_args()
    train, test = (pd.read_csv(options.data / f"banking77_{part}.csv") for part in ("train", "test"))
    found: list[dict[str, Any]] = json.loads(OUT.read_text("utf-8")) if OUT.is_file() else []
    for seed in options.seeds:
        for measure in (full, augmented):
            if measure.__name__ not in options.what or (measure is augmented and not options.shots):
                continue
            scores = measure(options, train, test, seed)
            if options.only == "made":
                continue
            line = {"what": measure.__name__, "seed": seed, **scores, **({} if options.only else machine())}
            print(json.dumps(line), flush=True)
            same = ("what", "seed", "base", "epochs", "shots")
            found = [one for one in found if [one.get(k) for k in same] != [line.get(k) for k in same]] + [line]
            OUT.write_text(json.dumps(found, indent=1) + "\n", "utf-8")


def full(options: argparse.Namespace, train: pd.DataFrame, test: pd.DataFrame, seed: int) -> dict[str, Any]:
    """A generator that learnt from all training queries."""
    from smartsynth.metrics.text import distinct, overlap

    made, took = generated(options, train, options.rows, seed, options.epochs, "full")
    if options.only == "made":
        return {}
    some = train.sample(min(len(made), len(train)), random_state=seed)
    return {
        **took, "rows": len(made), "tstr_f1": f1(made, test), "real_f1": f1(train, test), "as_many_real_f1": f1(some, test),
        "copies": [round(overlap(list(frame["text"]), list(train["text"]), 8).texts, 4) for frame in (made, test)],
        "distinct_2": [round(distinct(list(frame["text"]), 2), 4) for frame in (made, some)],
    }  # fmt: skip


def augmented(options: argparse.Namespace, train: pd.DataFrame, test: pd.DataFrame, seed: int) -> dict[str, Any]:
    """A generator that learnt from a few queries of each intent."""
    few = train.groupby(LABEL, group_keys=False).sample(options.shots, random_state=seed).reset_index(drop=True)
    made, took = generated(options, few, options.rows, seed, options.shot_epochs, "augmented")
    if options.only == "made":
        return {}
    by = {"meaning": guesses, "words": guesses_by_words}
    gains = {name: gain(*guess([few, pd.concat([few, made])], test)) for name, guess in by.items()}
    return {**took, "shots": options.shots, "rows": len(made), "gains": gains}


def generated(
    options: argparse.Namespace, train: pd.DataFrame, n: int, seed: int, epochs: float, what: str
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Synthetic queries that the privacy filter released, and what they took; those of the folder if they are to be scored alone."""
    file = None if options.made is None else options.made / f"{what}-{seed}.csv"
    if options.only == "scored" and file is not None:
        return pd.read_csv(file), json.loads(file.with_suffix(".json").read_text("utf-8"))
    made, took = learnt(options, train, n, seed, epochs)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        made.to_csv(file, index=False)
        file.with_suffix(".json").write_text(json.dumps({**took, **machine()}) + "\n", "utf-8")
    return made, took


def learnt(
    options: argparse.Namespace, train: pd.DataFrame, n: int, seed: int, epochs: float
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Synthetic queries of a model that learns now, and what they took."""
    from smartsynth.config import PrivacyConfig
    from smartsynth.inference import infer_schema
    from smartsynth.models.privacy_filter import filtered
    from smartsynth.models.text_filter import TextFilter
    from smartsynth.registry import create
    from smartsynth.resampling import stream

    schema = infer_schema(train).with_target(LABEL)
    began, cpu = time.perf_counter(), time.process_time()
    model = create(
        "gpt2",
        base=options.base,
        method=options.method,
        epochs=epochs,
        learning_rate=options.learning_rate,
        batch_tokens=options.batch_tokens,
        min_count=5,
    ).fit(train, schema=schema, seed=seed)
    fitted, used = time.perf_counter(), time.process_time()
    gate = TextFilter(PrivacyConfig(decoys=options.decoys)).fit(train, None, schema, seed=seed)
    made, _ = filtered(stream(model, seed), n, gate, seed=seed, block=model.block)
    words = int(made["text"].str.split().str.len().sum())
    drawn = time.perf_counter() - fitted
    dropped = gate.summary()
    return made, {
        "base": model._base.name, "epochs": epochs, "fit_seconds": round(fitted - began), "fit_cpu_seconds": round(used - cpu),
        "sample_seconds": round(drawn), "words_per_second": round(words / drawn, 1), "dropped": dropped.removed, "looked_at": dropped.checked,
    }  # fmt: skip


def gain(truth: Any, found: list[Any], draws: int = 500) -> list[float]:
    """Macro F1 before and after, and the 95 % interval of the gain over draws of the test queries (bootstrap)."""
    from smartsynth.metrics.utility import macro_f1

    before, after = found
    rng, gains = np.random.default_rng(0), []
    for _ in range(draws):
        rows = rng.integers(len(truth), size=len(truth))
        gains.append(macro_f1(truth[rows], after[rows]) - macro_f1(truth[rows], before[rows]))
    ends = np.quantile(gains, [0.025, 0.975])
    return [round(float(x), 4) for x in (macro_f1(truth, before), macro_f1(truth, after), *ends)]


def f1(learnt: pd.DataFrame, tested: pd.DataFrame) -> float:
    """Macro F1 on other queries of a classifier of sentence embeddings."""
    from smartsynth.metrics.utility import macro_f1

    truth, [guess] = guesses([learnt], tested)
    return round(macro_f1(truth, guess), 4)


def guesses(learnt: list[pd.DataFrame], tested: pd.DataFrame) -> tuple[Any, list[Any]]:
    """The intents of the tested queries, and what classifiers that learnt from each of some frames say they are."""
    from smartsynth.metrics.embedding import MiniLM
    from smartsynth.utils.text_scores import predictions

    names = sorted(set(tested[LABEL]))
    place = {name: i for i, name in enumerate(names)}
    embed = MiniLM()
    Z = embed(list(tested["text"]))
    found = [
        predictions(embed(list(one["text"])), np.array([place[label] for label in one[LABEL]]), Z, len(names))
        for one in learnt
    ]
    return np.array([place[label] for label in tested[LABEL]]), found


def guesses_by_words(learnt: list[pd.DataFrame], tested: pd.DataFrame) -> tuple[Any, list[Any]]:
    """The same of classifiers that see words, pairs of words and groups of letters alone (TF-IDF, logistic regression)."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline, make_union

    found = []
    for one in learnt:
        words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
        letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True)
        model = make_pipeline(make_union(words, letters), LogisticRegression(C=30, max_iter=300))
        found.append(model.fit(one["text"], one[LABEL]).predict_proba(tested["text"]))
    names = sorted(set(tested[LABEL]))
    return np.array([names.index(label) for label in tested[LABEL]]), found


def machine() -> dict[str, Any]:
    """Where it ran."""
    import torch

    where = torch.cuda.get_device_name() if torch.cuda.is_available() else f"{len(os.sched_getaffinity(0))} cores"
    return {"device": where, "threads": torch.get_num_threads(), "load": round(os.getloadavg()[0], 1)}


if __name__ == "__main__":
    main()
