"""The main job on a table of yours: time, memory and scores of each generator, holdout given.

    python benchmarks/main_job.py TRAIN.csv HOLDOUT.csv TARGET [--generators forest,copula] [--seed 1]

Every run is a process of its own, `smartsynth synthesize TRAIN --holdout HOLDOUT …`, as a user would start it. Prints a
Markdown table; each score stands beside its yardstick (the real training data measured against the holdout).
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def run(command: list[str]) -> tuple[float, float, str]:
    """Seconds, peak memory in GiB, and standard output of a command."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    out = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{' '.join(command)} ended with status {os.waitstatus_to_exitcode(status)}")
    return time.perf_counter() - start, usage.ru_maxrss / 2**20, out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("train", "holdout", "target"):
        parser.add_argument(name)
    parser.add_argument("--generators", default="forest,copula")
    parser.add_argument("--seed", default="1")
    args = parser.parse_args()
    for generator in args.generators.split(","):
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "smartsynth", "synthesize", args.train, "--holdout", args.holdout]
            command += ["--target", args.target, "-g", generator, "--seed", args.seed, "-q", "--json"]
            seconds, gib, out = run([*command, "-o", str(Path(folder) / "synthetic.csv")])
        found = json.loads(out)
        stages = ", ".join(f"{name.lower()} {value:.1f} s" for name, value in found["timings"].items())
        print(f"\n{generator}: {seconds:.1f} s in all, {gib:.2f} GiB; stages {stages}\n")
        print("| score | value | yardstick |\n|---|---|---|")
        for score in found["evaluation"]["scores"]:
            cells = (f"{score[part]:.4f}" if score[part] is not None else "–" for part in ("value", "reference"))
            print(f"| {score['name']} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
