"""Every key and every rule of the made shop holds when 100,000 rows of its largest table are made; seconds and memory.

python benchmarks/relational/integrity.py [--customers 6000] [--scale 3]
    leaves docs/benchmarks/relational_integrity.json
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from compare import SEED
from shop import SCHEMA, shop

from smartsynth import relational
from smartsynth.constraints import broken, rules_of
from smartsynth.inference import infer_schema

sys.path.append(str(Path(__file__).resolve().parents[1]))
from watched import machine

RULES = {
    "customers": ["age >= 18", "age <= 90", 'since >= "2018-01-01"'],
    "products": ["price > 0", 'if kind == "tool" then price >= 10'],
    "orders": ['if channel == "shop" then shipping == 0', 'if channel == "web" then shipping >= 3', "shipping <= 5"],
    "lines": ["total == quantity * (100 - discount)", "quantity >= 1", "discount in (0, 5, 10)"],
    "profiles": ["height > 120"],
}
OUT = Path(__file__).resolve().parents[2] / "docs" / "benchmarks" / "relational_integrity.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=6000)
    parser.add_argument("--scale", type=float, default=3.0)
    options = parser.parse_args()
    real = shop(options.customers, seed=SEED)
    lines = real["lines"]
    real["lines"] = lines.assign(total=lines["quantity"] * (100 - lines["discount"]))
    tools = real["products"]["kind"].eq("tool")
    real["products"]["price"] = real["products"]["price"].where(~tools, real["products"]["price"].clip(lower=10))
    began, cpu = time.perf_counter(), time.process_time()
    made = relational.synthesize(real, schema=ruled(SCHEMA), seed=SEED, scale=options.scale, evaluate=False)
    said = {
        "command": f"python benchmarks/relational/integrity.py --customers {options.customers} --scale {options.scale:g}",
        "machine": machine(), "real": {name: len(frame) for name, frame in real.items()},
        "made": {name: len(frame) for name, frame in made.tables.items()}, "left_out": {t: dict(r) for t, r in made.left_out.items()},
        "stages": dict(made.timings), "wall": time.perf_counter() - began, "cpu": time.process_time() - cpu,
        "gib_peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
    }  # fmt: skip
    tables, structure = made.synthetic, made.synthetic.structure
    said["foreign keys"] = {
        str(link): float(
            (rows[tables.frame(link.child)[list(link.columns)].notna().all(axis=1).to_numpy()] >= 0).mean()
        )
        for link, rows in tables.named.items()
    }
    said["unique keys"] = {
        name: float(1 - tables.frame(name).duplicated(list(key)).mean())
        for name, key in structure.primary.items()
        if key
    }
    said["rules"] = {
        f"{name}: {rule}": _broken(name, rule, real, made.tables) for name, rules in RULES.items() for rule in rules
    }
    OUT.write_text(json.dumps(said, indent=1) + "\n", "utf-8")
    print(json.dumps(said))


def ruled(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with the rules of its tables."""
    tables = {name: {**table, "rules": RULES.get(name, [])} for name, table in schema["tables"].items()}
    return {**schema, "tables": tables}


def _broken(name: str, rule: str, real: dict[str, pd.DataFrame], made: Mapping[str, pd.DataFrame]) -> list[int]:
    """Real and made rows that break a rule."""
    rules = rules_of([rule], infer_schema(real[name]))
    return [sum(one.rows for one in broken(rules, rows[name])) for rows in (real, made)]


if __name__ == "__main__":
    main()
