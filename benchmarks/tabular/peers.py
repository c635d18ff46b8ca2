"""The flagship beside its peers: same rows, same scorer, each method with its own defaults in an environment of its own.

    python benchmarks/tabular/peers.py --data DATA --scorer score_tabular.py --envs FOLDER [--only METHOD …]
        adds to docs/benchmarks/peers.json; a method that has its line for a data set there is not run again

A method learns one half of a data set (seed 1) and makes as many rows; the other half judges. It gets an hour. Wall and
CPU time and the highest memory are those of its whole process, imports included; `fit` and `sample` are what it took
inside. A method that fails is listed with the reason.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pandas as pd
from data import halves
from quality import scored

sys.path.append(str(Path(__file__).resolve().parents[1]))
from watched import last_line

HERE = Path(__file__).parent
OUT = HERE.parents[1] / "docs" / "benchmarks" / "peers.json"
HOUR = 3600.0
TORCH = "torch==2.13.0"
METHODS: dict[str, tuple[str, tuple[str, ...]]] = {
    # method: runner, what its environment needs (nothing: the one this script runs in)
    "forest": ("smartsynth_", ()),
    "copula": ("smartsynth_", ()),
    "sdv-gaussian-copula": ("sdv_", ()),
    "sdv-ctgan": ("sdv_", ()),
    "sdv-tvae": ("sdv_", ()),
    "synthpop-cart": ("cart_", ()),
    "mostlyai-engine": ("mostly_", ("mostlyai-engine", TORCH)),
    "arf": ("arf_", ("arfpy", "numpy<2", "pandas<2.2")),
    "forest-diffusion": ("diffusion_", ("ForestDiffusion",)),
    "tabddpm-synthcity": ("synthcity_", ("synthcity", TORCH)),
}

UNWANTED = {"mostly_": ("torchvision", "torchaudio")}
"""Packages that an environment's others ask for in a build that does not fit its torch; no method here uses them."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets")
    parser.add_argument("--scorer", type=Path, required=True, help="script that scores halves")
    parser.add_argument("--envs", type=Path, required=True, help="folder of virtual environments, made if need be")
    parser.add_argument("--only", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--sets", nargs="+", default=["adult", "magic"])
    parser.add_argument("--again", action="store_true", help="run methods that have their line too")
    options = parser.parse_args()
    for name in options.sets:
        for method in options.only:
            known = {(one["data"], one["method"]): one for one in read()}
            if (name, method) in known and not options.again:
                continue
            known[name, method] = {"data": name, "method": method, **run(options, name, method)}
            print(known[name, method], flush=True)
            command = "python benchmarks/tabular/peers.py --data DATA --scorer SCORER --envs FOLDER"
            OUT.write_text(json.dumps({"command": command, "results": list(known.values())}, indent=1) + "\n", "utf-8")


def read() -> list[dict[str, Any]]:
    return list(json.loads(OUT.read_text("utf-8"))["results"]) if OUT.is_file() else []


def run(options: argparse.Namespace, name: str, method: str) -> dict[str, Any]:
    runner, needs = METHODS[method]
    split = halves(options.data, name)
    try:
        python = environment(options.envs / runner, needs, UNWANTED.get(runner, ()))
    except subprocess.CalledProcessError as error:
        return {"failed": f"cannot be installed: {last_line(error.stderr)}"}
    with tempfile.TemporaryDirectory() as folder:
        train, out = Path(folder) / "train.csv", Path(folder) / "out.csv"
        split.train.to_csv(train, index=False)
        command = [str(python), str(HERE / "runners" / f"{runner}.py"), method, str(train), str(out), "1"]
        result = measured(command, HOUR)
        if "failed" in result:
            return result
        rows = pd.read_csv(out, skipinitialspace=True)
        result["rows_per_second"] = len(rows) / max(result["sample"], 1e-9)
        return {**scored(options, split, rows), **result}


def environment(folder: Path, needs: tuple[str, ...], unwanted: tuple[str, ...]) -> Path:
    """The interpreter of an environment with the packages that it needs, without those that are unwanted."""
    if not needs:
        return Path(sys.executable)
    python = folder / "bin" / "python"
    if not python.is_file():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, capture_output=True, text=True)
        pip = [str(python), "-m", "pip"]
        subprocess.run([*pip, "install", "-q", *needs], check=True, capture_output=True, text=True)
        if unwanted:
            subprocess.run([*pip, "uninstall", "-q", "-y", *unwanted], check=True, capture_output=True, text=True)
    return python


def measured(command: list[str], seconds: float) -> dict[str, Any]:
    """Wall and CPU seconds, peak memory in GiB and what the command says of itself; or why it failed."""
    began = time.perf_counter()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        child = subprocess.Popen(command, stdout=out, stderr=err, start_new_session=True)
        while True:
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
            if pid:
                break
            if time.perf_counter() - began > seconds:
                os.killpg(child.pid, 9)
                os.wait4(child.pid, 0)
                return {"failed": f"was stopped after {seconds / 60:.0f} minutes"}
            time.sleep(0.05)
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if child.returncode:
            return {"failed": last_line(err.read()) or f"ended with status {child.returncode}"}
        own = json.loads(out.read().splitlines()[-1])
    return {
        **own, "wall": time.perf_counter() - began, "cpu": usage.ru_utime + usage.ru_stime,
        "gib_peak": usage.ru_maxrss / 2**20,
    }  # fmt: skip


if __name__ == "__main__":
    main()
