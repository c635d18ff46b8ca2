"""Differentially private tables: error of all one-, two- and three-way marginals, and utility, at several ε.

    python benchmarks/privacy/dp_tables.py --data FOLDER [--seeds N]
    python benchmarks/privacy/dp_tables.py --data FOLDER [--seeds N] --generator dpctgan

Data are UCI Adult in 14 columns (`education` goes, `education-num` says the same). Errors are total variation distances
on all 48,842 rows, numbers in 100 equal parts of their range (single values for age and hours), beside a bootstrap of
the real rows. Utility is LightGBM's AUC on adult_test.csv after learning from rows made of adult_train.csv alone. The
noise cannot be seeded, so every figure is a mean over runs.

    declared   ranges and categories are public, as in the papers
    paid       ranges and categories are found within ε
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from pathlib import Path

import numpy as np
import pandas as pd

from smartsynth import registry
from smartsynth.models.marginal_generator import MarginalGenerator
from smartsynth.schema import Column, Kind, Role, Schema

RANGES = {
    "age": (17, 90, 74), "fnlwgt": (12285, 1490400, 100), "capital-gain": (0, 99999, 100), "capital-loss": (0, 4356, 100),
    "hours-per-week": (1, 99, 99),
}  # fmt: skip
NAMES = [
    "age", "workclass", "fnlwgt", "education-num", "marital-status", "occupation", "relationship", "race", "sex",
    "capital-gain", "capital-loss", "hours-per-week", "native-country", "income",
]  # fmt: skip
DELTA = 1e-9


def read(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    train, test = (
        pd.read_csv(folder / f"adult_{part}.csv", keep_default_na=False)[NAMES] for part in ("train", "test")
    )
    test["income"] = test["income"].str.rstrip(".")
    return train, test


def schema(rows: pd.DataFrame, *, declared: bool) -> Schema:
    columns = []
    for name in NAMES:
        if name in RANGES:
            bounds = {"low": RANGES[name][0], "high": RANGES[name][1]} if declared else {}
            columns.append(Column(name, Kind.NUMERIC, "int64", decimals=0, **bounds))
        else:
            levels = {"categories": tuple(sorted(rows[name].unique().tolist()))} if declared else {}
            role = Role.TARGET if name == "income" else Role.FEATURE
            columns.append(Column(name, Kind.CATEGORICAL, str(rows[name].dtype), role=role, **levels))
    return Schema(tuple(columns))


def codes(rows: pd.DataFrame, real: pd.DataFrame) -> np.ndarray:
    """Each row as one code per column, in the domain of the real rows; a last code for anything else."""
    found = []
    for name in NAMES:
        if name in RANGES:
            low, high, parts = RANGES[name]
            place = (rows[name].to_numpy(float) - low) / (high + 1 - low) * parts
            found.append(np.where(np.isnan(place), parts, np.clip(np.nan_to_num(place), 0, parts - 1)).astype(int))
        else:
            levels = pd.Index(sorted(real[name].unique()))
            code = levels.get_indexer(pd.Index(rows[name]))
            found.append(np.where(code < 0, len(levels), code))
    return np.column_stack(found)


def errors(real: np.ndarray, made: np.ndarray) -> list[float]:
    """Mean total variation distance of all 1-, 2- and 3-way marginals."""
    sizes = np.maximum(real.max(axis=0), made.max(axis=0)) + 1
    means = []
    for k in (1, 2, 3):
        found = []
        for columns in itertools.combinations(range(real.shape[1]), k):
            keys = []
            for table in (real, made):
                key = np.zeros(len(table), np.int64)
                for c in columns:
                    key = key * sizes[c] + table[:, c]
                keys.append(key)
            _, place = np.unique(np.concatenate(keys), return_inverse=True)
            n = int(place.max()) + 1
            one, two = (np.bincount(p, minlength=n) / len(p) for p in np.split(place, [len(real)]))
            found.append(np.abs(one - two).sum() / 2)
        means.append(float(np.mean(found)))
    return means


def utility(made: pd.DataFrame, test: pd.DataFrame) -> float:
    """AUC on real test rows of LightGBM that learnt from `made`."""
    import lightgbm
    from sklearn.metrics import roc_auc_score

    made = made.dropna(subset=["income"])
    both = pd.concat([made, test])
    table = pd.DataFrame({
        c: both[c].astype("category").cat.codes if both[c].dtype == object else both[c].astype(float) for c in NAMES
    })  # fmt: skip
    x, y = table.drop(columns="income").to_numpy(float), table["income"].to_numpy()
    model = lightgbm.LGBMClassifier(n_estimators=200, learning_rate=0.05, verbose=-1, n_jobs=2)
    model.fit(x[: len(made)], y[: len(made)])
    return float(roc_auc_score(y[len(made) :], model.predict_proba(x[len(made) :])[:, 1]))


def run(
    train: pd.DataFrame,
    test: pd.DataFrame,
    epsilon: float,
    *,
    declared: bool,
    structure: str,
    generator: str = "marginal",
) -> dict[str, float]:
    everything = pd.concat([train, test], ignore_index=True)
    options = {"epsilon": epsilon, "delta": DELTA}
    if generator == "marginal":
        options["structure"] = structure
    begin = time.perf_counter()
    model = registry.create(generator, **options).fit(everything, schema=schema(everything, declared=declared))
    fit = time.perf_counter() - begin
    made = model.sample(len(everything), seed=0)
    sample = time.perf_counter() - begin - fit
    one, two, three = errors(codes(everything, everything), codes(made, everything))
    half = registry.create(generator, **options).fit(train, schema=schema(everything, declared=declared))
    auc = utility(half.sample(len(train), seed=0), test)
    return {
        "one": one, "two": two, "three": three, "utility": auc, "fit": fit, "sample": sample,
        "spent": model.ledger_.spent(),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, help="docs/benchmarks/dp.json, or dpctgan.json for that generator")
    parser.add_argument("--generator", choices=("marginal", "dpctgan"), default="marginal")
    given = parser.parse_args()
    train, test = read(given.data)
    MarginalGenerator(epsilon=1.0).fit(train.head(500), schema=schema(train, declared=True))  # imports
    everything = codes(pd.concat([train, test]), pd.concat([train, test]))
    again = np.random.default_rng(0).integers(0, len(everything), len(everything))
    one, two, three = errors(everything, everything[again])
    rows = [
        {"what": "bootstrap of the real rows", "one": one, "two": two, "three": three, "utility": utility(train, test)}
    ]
    plans = [(e, d, "cliques") for e in (0.1, 1.0, 3.0, 10.0) for d in (True, False)] + [(1.0, True, "tree"), (10.0, True, "tree")]  # fmt: skip
    if given.generator == "dpctgan":
        plans = [(epsilon, True, "dpctgan") for epsilon in (1.0, 10.0)]
    for epsilon, declared, structure in plans:
        runs = [
            run(train, test, epsilon, declared=declared, structure=structure, generator=given.generator)
            for _ in range(given.seeds)
        ]
        mean = {name: float(np.mean([r[name] for r in runs])) for name in runs[0]}
        spread = {f"{name}_sd": float(np.std([r[name] for r in runs])) for name in ("one", "two", "three", "utility")}
        rows.append({"epsilon": epsilon, "declared": declared, "structure": structure, **mean, **spread})
        print(json.dumps({k: round(v, 4) if isinstance(v, float) else v for k, v in rows[-1].items()}), flush=True)
    command = f"python benchmarks/privacy/dp_tables.py --data DATA --seeds {given.seeds} --generator {given.generator}"
    out = given.out or Path("docs/benchmarks") / {"marginal": "dp.json", "dpctgan": "dpctgan.json"}[given.generator]
    out.write_text(json.dumps({"command": command, "delta": DELTA, "results": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
