"""What the privacy rules of other tools say about the generators that the attack battery is tested with.

    python benchmarks/privacy/rules.py --data DATA --work FOLDER [--runs 5] [--only TOOL …]
        adds to what FOLDER holds, writes docs/benchmarks/rules.json; benchmarks/tabular/page.py makes the table of it

Data, splits, seeds and generators are those of battery.py: 1,500 training, holdout and synthetic rows (NMES, which has
fewer, 1,468). Each tool gets the same rows, in an environment of its own under FOLDER, one process at a time; judges.py
has the calls. A run is done for all kinds of generators and all tools before the next one begins.

    tool         version          rule                                             caught
    SmartSynth   this one         the attack battery                               its verdict is "leakage found"
    Anonymeter   1.1.0            singling out by one column and by three,         the 95 % interval of the risk beyond
                                  linkability of every second column with the      that of the holdout lies above 0; the
                                  others, inference of one column from the         tool itself gives the interval and
                                  others; 500 attacks each                         leaves the threshold to its user
    NeMo Safe    0.1.16           membership inference protection, 0 to 10         no threshold, a grade
    Synthesizer                   data privacy score, the mean of it and of        graded below Excellent: its report then
                                  attribute inference protection                   advises against sharing with the public;
                                                                                   below Very Good: with trusted partners
    SDMetrics    the installed    DCROverfittingProtection, DCRBaselineProtection  no threshold; 1 is best
    mostlyai-qa  1.10.11          DCR share, the highest of several parts of the   no threshold; its report says that the
                                  columns; identical match share                   share should not much exceed 50 %

NeMo's membership inference is asked twice: with as many holdout rows as it keeps unless told otherwise (5 % of all real
rows, here 79), which its score is made of too, and with all of them.
Anonymeter infers income, class and visits. SDMetrics gets categories as numbers, which leaves its distances as they are
and takes a third of the time on Adult; it is still the slowest, has no threshold, and gets three runs at most. A tool that
cannot be installed or fails is named with the reason and left out.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from battery import BAD, made, tables

from smartsynth.inference import infer_schema

sys.path.append(str(Path(__file__).resolve().parents[1]))
from watched import last_line

OUT = Path(__file__).parents[2] / "docs" / "benchmarks" / "rules.json"
ROWS = 1500
KINDS = (*BAD, "good")
SECRET = {"adult": "income", "adult without fnlwgt": "income", "magic": "class", "nmes": "visits"}
TORCH = "torch==2.13.0"
NEEDS: dict[str, tuple[str, ...]] = {
    # what the environment of a tool needs (nothing: the one this script runs in)
    "smartsynth": (),
    "mostly": (TORCH, "mostlyai-qa==1.10.11"),
    "anonymeter": ("anonymeter==1.1.0",),
    # the part of it that judges asks for more than its package names
    "nemo": (
        TORCH, "nemo-safe-synthesizer==0.1.16", "category_encoders", "sentence-transformers", "dython", "plotly", "tenacity"
    ),
    "sdmetrics": (),  # extra sdv
}  # fmt: skip
MOST = {"sdmetrics": 3}
"""Tools that get fewer runs."""

Record = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets")
    parser.add_argument("--work", type=Path, required=True, help="folder for environments, rows and what was found")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=NEEDS, default=list(NEEDS))
    given = parser.parse_args()
    for run in range(given.runs):
        cases = list(written(given.data, given.work / "cases", run))
        for tool in given.only:
            if run >= MOST.get(tool, given.runs):
                continue
            judged(tool, cases, given.work)
            save(given.work)


def written(data: Path, folder: Path, run: int) -> Iterator[Path]:
    """The folders of a run, one for each table and kind of generator."""
    for name, rows in tables(data).items():
        schema, n = infer_schema(rows).to_json(), min(ROWS, len(rows) // 3)
        for kind in KINDS:
            case = folder / name / kind / str(run)
            yield case
            if (case / "about.json").is_file():
                continue
            rng = np.random.default_rng([run, 1])
            order = rng.permutation(len(rows))
            train, holdout, fresh = (rows.iloc[order[i * n : (i + 1) * n]].reset_index(drop=True) for i in range(3))
            case.mkdir(parents=True, exist_ok=True)
            frames = {"train": train, "holdout": holdout, "synthetic": made(kind, train, fresh, rng)}
            for part, frame in frames.items():
                frame.to_csv(case / f"{part}.csv", index=False)
            about = {"data": name, "kind": kind, "run": run, "schema": schema, "secret": SECRET[name]}
            (case / "about.json").write_text(json.dumps(about), "utf-8")


def judged(tool: str, cases: list[Path], work: Path) -> None:
    """Lines of what a tool says about the cases, those that it has said already left out."""
    path = work / "found" / f"{tool}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    known = {line["case"] for line in read(path)}
    left = [str(case) for case in cases if str(case) not in known]
    if not left:
        return
    try:
        python = environment(work / "envs" / tool, NEEDS[tool])
    except subprocess.CalledProcessError as error:
        print(f"{tool} cannot be installed: {last_line(error.stderr)}", flush=True)
        return
    command = [str(python), str(Path(__file__).with_name("judges.py")), tool, *left]
    keep = {} if NEEDS[tool] else {"PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    variables = {**{k: v for k, v in os.environ.items() if k != "PYTHONPATH"}, **keep}
    with path.open("a", encoding="utf-8") as out:
        done = subprocess.run(command, stdout=out, stderr=subprocess.PIPE, text=True, env=variables)
    print(f"{tool}: {len(read(path))} cases", f", {last_line(done.stderr)}" if done.returncode else "", flush=True)


def read(path: Path) -> list[Record]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.is_file() else []


def environment(folder: Path, needs: tuple[str, ...]) -> Path:
    """The interpreter of an environment with the packages that it needs."""
    if not needs:
        return Path(sys.executable)
    python, ready = folder / "bin" / "python", folder / "ready"
    if not ready.is_file():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, capture_output=True, text=True)
        install = [str(python), "-m", "pip", "install", "-q", *needs]
        subprocess.run(install, check=True, capture_output=True, text=True)
        ready.touch()
    return python


def save(work: Path) -> None:
    """Medians and counts over the runs of each table, kind and rule."""
    cells: dict[tuple[str, str, str], list[Record]] = defaultdict(list)
    for tool in NEEDS:
        for line in read(work / "found" / f"{tool}.jsonl"):
            kind, data = Path(line["case"]).parts[-2], Path(line["case"]).parts[-3]
            for rule, found in derived(line["found"]).items():
                cells[data, kind, rule].append(found)
    results = [
        {"data": data, "kind": kind, "rule": rule, **told(cells[data, kind, rule])}
        for data in SECRET
        for rule in dict.fromkeys(rule for _, _, rule in cells)
        for kind in KINDS
        if cells.get((data, kind, rule))
    ]
    command = "python benchmarks/privacy/rules.py --data DATA --work FOLDER"
    lines = ",\n".join(f"  {json.dumps(result)}" for result in results)
    OUT.write_text(f'{{\n "command": {json.dumps(command)},\n "results": [\n{lines}\n ]\n}}\n', "utf-8")


def derived(found: dict[str, Record]) -> dict[str, Record]:
    """Rules made of others: any attack of Anonymeter, and the milder advice that NeMo's grades stand for."""
    more = {}
    if risks := [one for rule, one in found.items() if rule.startswith("anonymeter")]:
        more["anonymeter any"] = {
            "value": max(one["value"] for one in risks), "caught": any(one["caught"] for one in risks),
            "seconds": sum(one["seconds"] for one in risks),
        }  # fmt: skip
    if whole := found.get("nemo privacy"):
        more["nemo partners"] = {**whole, "caught": whole["words"] in ("Poor", "Moderate", "Good")}
    return {**found, **more}


def told(runs: list[Record]) -> Record:
    """One line for several runs: the words are those of the run with the median."""
    middle = sorted(runs, key=lambda run: run["value"])[(len(runs) - 1) // 2]
    told: Record = {"runs": len(runs), "value": rounded(middle["value"])}
    if "holdout" in middle:
        told["holdout"] = rounded(statistics.median(run["holdout"] for run in runs))
    if "words" in middle:
        told["words"] = middle["words"]
    if "caught" in middle:
        told["caught"] = sum(run["caught"] for run in runs)
    return {**told, "seconds": rounded(statistics.median(run["seconds"] for run in runs))}


def rounded(value: float) -> float:
    return float(f"{value:.4g}")


if __name__ == "__main__":
    main()
