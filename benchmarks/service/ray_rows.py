"""Rows per second and core on a Ray cluster of two nodes of one core each, beside a plain loop in one process.

python benchmarks/service/ray_rows.py adult_train.csv --rows 4000000
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

import ray
from ray.cluster_utils import Cluster

import smartsynth as ss
from smartsynth import scale


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--rows", type=int, default=4_000_000)
    parser.add_argument("--generator", default="copula")
    parser.add_argument("--out", type=Path, default=None)
    asked = parser.parse_args()
    os.environ |= {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        saved = ss.synthesize(
            asked.data, generator=asked.generator, seed=1, rows=1000, evaluate={"enabled": False}
        ).save(folder / "model")
        small = scale.plan(saved, scale.PART_ROWS)
        scale.write(small, folder / "warm")
        plan = scale.plan(saved, asked.rows)
        began = time.perf_counter()
        scale.write(scale.plan(saved, asked.rows // 4), folder / "plain")
        plain = asked.rows // 4 / (time.perf_counter() - began)
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
        for _ in range(2):
            cluster.add_node(num_cpus=1)
        cluster.wait_for_nodes()
        ray.init(address=cluster.address, log_to_driver=False)
        began = time.perf_counter()
        scale.write(small, folder / "start", engine="ray")
        start = time.perf_counter() - began
        began = time.perf_counter()
        scale.write(plan, folder / "ray", engine="ray")
        seconds = time.perf_counter() - began
        ray.shutdown()
        cluster.shutdown()
        same = all((folder / "plain" / path.name).read_bytes() == (folder / "ray" / path.name).read_bytes()
                   for path in sorted((folder / "plain").glob("part-*"))[:-1])  # fmt: skip
    found = {
        "command": f"python benchmarks/service/ray_rows.py {asked.data.name} --rows {asked.rows}",
        "rows": asked.rows, "plain rows/s": round(plain), "ray rows/s per core": round(asked.rows / seconds / 2),
        "share": round(asked.rows / seconds / 2 / plain, 3), "seconds to the first part": round(start, 1), "same bytes": same,
    }  # fmt: skip
    print(json.dumps(found, indent=1))
    if asked.out is not None:
        asked.out.write_text(json.dumps(found, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
