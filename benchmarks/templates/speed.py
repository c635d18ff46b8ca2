"""Speed and memory of templates: rows a second and peak memory at 100 thousand, 1 million and 10 million rows, on one core.

    python benchmarks/templates/speed.py --out docs/benchmarks/templates.json

Each run is a process of its own, so that its peak is its own; what it writes is deleted.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SIZES = (100_000, 1_000_000, 10_000_000)
RUNS = [(name, size, "csv") for name in ("healthcare", "finance", "retail") for size in SIZES]
RUNS += [(name, 1_000_000, "parquet") for name in ("healthcare", "finance", "retail")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/benchmarks/templates.json"))
    parser.add_argument("--one", nargs=3, metavar=("TEMPLATE", "ROWS", "FORMAT"))
    parser.add_argument("--most", type=int, default=SIZES[-1], help="Leave out runs of more rows.")
    given = parser.parse_args()
    if given.one:
        print(json.dumps(one(given.one[0], int(given.one[1]), given.one[2])))
        return
    runs = []
    for name, size, form in RUNS:
        if size > given.most:
            continue
        child = [sys.executable, __file__, "--one", name, str(size), form]
        runs.append(json.loads(subprocess.run(child, check=True, capture_output=True, text=True).stdout))
        print(runs[-1], file=sys.stderr)
        machine = {"cpu": _cpu(), "cores": os.cpu_count(), "python": platform.python_version()}
        given.out.write_text(json.dumps({"machine": machine, "runs": runs}, indent=2) + "\n")


def one(name: str, size: int, form: str) -> dict[str, object]:
    from smartsynth import templates

    template = templates.load(name)
    n = templates.roots_for(template, size)
    folder = Path(tempfile.mkdtemp())
    start, cpu = time.perf_counter(), time.process_time()
    made = templates.make(template, folder / "out", n, seed=1, format=form)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    size_mb = sum(path.stat().st_size for path in (folder / "out").iterdir()) / 1e6
    shutil.rmtree(folder)
    rows = sum(made.rows.values())
    return {
        "template": name, "format": form, "n": n, "rows": rows, "tables": dict(made.rows), "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu, 1), "rows_per_second": round(rows / seconds), "rows_per_cpu_second": round(rows / cpu),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, "written_mb": round(size_mb),
        "load": os.getloadavg()[0],
    }  # fmt: skip


def _cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())


if __name__ == "__main__":
    main()
