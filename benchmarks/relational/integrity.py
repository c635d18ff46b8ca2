"""Every key of the made shop holds when 100,000 rows of its largest table are made; seconds and memory.

python benchmarks/relational/integrity.py [--customers 6000] [--scale 3]
    leaves docs/benchmarks/relational_integrity.json
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from pathlib import Path

from compare import SEED, machine
from shop import SCHEMA, shop

from smartsynth import relational

OUT = Path(__file__).resolve().parents[2] / "docs" / "benchmarks" / "relational_integrity.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=6000)
    parser.add_argument("--scale", type=float, default=3.0)
    options = parser.parse_args()
    real = shop(options.customers, seed=SEED)
    began, cpu = time.perf_counter(), time.process_time()
    made = relational.synthesize(real, schema=SCHEMA, seed=SEED, scale=options.scale, evaluate=False)
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
    OUT.write_text(json.dumps(said, indent=1) + "\n", "utf-8")
    print(json.dumps(said))


if __name__ == "__main__":
    main()
