"""Ten rules on Adult: are they kept, what does it cost to learn with them, and how many rows are rejected?

    python benchmarks/rules/adult.py --data DATA --out docs/benchmarks/rule_costs.json

Adult as it is, with columns that such tables have besides: the year of birth, net capital, when somebody was hired, two flags. The same
generators learn it with and without the rules, one after the other, in processor time. `plain` is rejection sampling: rows of the generator
without rules, those thrown away that break one.
"""

import argparse
import json
import platform
import time
from pathlib import Path

import numpy as np
import pandas as pd

from smartsynth import registry
from smartsynth.constraints import broken, rules_of
from smartsynth.inference import infer_schema, refine_schema
from smartsynth.models.base import Generator
from smartsynth.models.ruled_generator import RuledGenerator

RULES = [
    {"combinations": ["education", "education-num"]},
    "`capital-net` == `capital-gain` - `capital-loss`",
    "born == 1994 - age",
    "born < hired <= 1994",
    "17 <= age <= 90",
    "1 <= `hours-per-week` <= 99",
    {"one_hot": ["male", "female"]},
    "if `capital-gain` > 0 then `capital-loss` == 0",
    'if relationship == "Husband" then sex == "Male"',
    "hired - born >= 14",
]


def table(data: Path) -> pd.DataFrame:
    """Adult with more columns; rows that break a rule are left out, as an owner of the data would correct them."""
    rng = np.random.default_rng(0)
    rows = pd.read_csv(data / "adult_train.csv", na_values="?", keep_default_na=False)
    rows["capital-net"] = rows["capital-gain"] - rows["capital-loss"]
    rows["born"] = 1994 - rows["age"]
    rows["hired"] = np.minimum(1994, rows["born"] + 14 + rng.integers(0, rows["age"] - 14 + 1))
    rows["male"] = (rows["sex"] == "Male").astype(int)
    rows["female"] = 1 - rows["male"]
    rules = rules_of(RULES, infer_schema(rows))
    return rows[np.logical_and.reduce([rule.holds(rows) for rule in rules])].reset_index(drop=True)


def measured(name: str, rows: pd.DataFrame, n: int, turns: int) -> dict[str, object]:
    schema = refine_schema(rows, infer_schema(rows))
    seconds: dict[str, list[float]] = {"plain": [], "ruled": []}
    models: dict[str, Generator] = {}
    registry.create(name).fit(rows.head(1_000), schema=schema).sample(
        1_000, seed=0
    )  # what is compiled once is no part of a fit
    for turn in range(turns):
        for way, taken in seconds.items():
            model = registry.create(name)
            model = RuledGenerator(model, RULES) if way == "ruled" else model
            began = time.process_time()
            model.fit(rows, schema=schema, seed=turn)
            taken.append(time.process_time() - began)
            models.setdefault(way, model)
    kept = models["ruled"]
    made, sampling = sampled(kept, n)
    free, plain_sampling = sampled(models["plain"], n)
    told = {rule: kept.told(place) for place, rule in enumerate(kept.kept)}
    looked_at = next(iter(told.values()))[2]
    breaks = {rule: ~rule.holds(free) for rule in kept.kept}
    by_rule = [
        {"rule": rule.said, "plain": float(breaks[rule].mean()), "rejected": told[rule][1] / looked_at, "is_made": told[rule][0]} for rule in kept.kept
    ]  # fmt: skip
    return {
        "generator": name, "rows": n, "broken": sum(one.rows for one in broken(kept.kept, made)), "fit_plain": seconds["plain"],
        "fit_ruled": seconds["ruled"], "fit_ratio": float(np.median(seconds["ruled"]) / np.median(seconds["plain"])),
        "sample_plain": plain_sampling, "sample_ruled": sampling, "plain_rejected": float(np.logical_or.reduce(list(breaks.values())).mean()),
        "ruled_rejected": sum(one["rejected"] for one in by_rule), "by_rule": by_rule,
    }  # fmt: skip


def sampled(model: Generator, n: int) -> tuple[pd.DataFrame, float]:
    """Rows, and the processor time that they took."""
    began = time.process_time()
    return model.sample(n, seed=1), time.process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("docs/benchmarks/rule_costs.json"))
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--generators", nargs="*", default=["forest", "copula"])
    args = parser.parse_args()
    rows = table(args.data)
    found = {
        "machine": platform.processor() or platform.machine(),
        "real": len(rows),
        "columns": len(rows.columns),
        "rules": len(RULES),
        "runs": [],
    }
    for name in args.generators:
        found["runs"].append(measured(name, rows, args.rows, args.turns))
        print(json.dumps({k: v for k, v in found["runs"][-1].items() if k != "by_rule"}))
    args.out.write_text(json.dumps(found, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
