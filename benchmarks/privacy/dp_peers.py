"""Differentially private tables of other projects beside ours: same rows, same public knowledge, same scores.

    python benchmarks/privacy/dp_peers.py --data DATA --work FOLDER
        [--only METHOD …] [--epsilon E …] [--runs N] [--minutes 20]
        makes an environment for each peer in FOLDER, runs all and adds to docs/benchmarks/dp_peers.json; a run that has
        its line there is not made again

Adult, scores and δ are those of dp_tables.py: every method makes a table of all 48,842 rows, which is compared with
them, and one of the training rows, from which LightGBM learns. Nobody spends anything on preparing the data: numbers
come in the 100 equal parts (or single values) in which errors are counted, all codes of all columns are public, and a
part is written as its middle. `smartsynth-raw` has the declared ranges of dp_tables.py instead and finds parts within
its ε. Each method has its own defaults and 20 minutes a table; one that takes longer is listed with that. Beside them
there are `1mb`, AIM with a model of at most one megabyte, and `mended`: SmartNoise and OpenDP stand on mbi 1.1.0, which
draws columns nearly sorted together; here the same fitted model draws rows that follow it (runners/mbi_drawing.py).

What ε covers, as read in each tool's source:

    smartsynth    all of it, to its own account (`spent`)
    dpmm          the model alone; its separate `proc_epsilon` is switched off with the processing
    smartnoise    the model alone; preprocessing is 0 as its own odometer says; MST takes the number of rows as known
    opendp        all of it, as the ρ of zero-concentrated privacy that OpenDP converts to (ε, δ)
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from dp_tables import DELTA, NAMES, RANGES, codes, errors, read, schema, utility

from smartsynth.models.marginal_generator import MarginalGenerator
from smartsynth.schema import Column, Kind, Role, Schema

sys.path.append(str(Path(__file__).resolve().parents[1]))
from watched import last_line

HERE = Path(__file__).parent
OUT = HERE.parents[1] / "docs" / "benchmarks" / "dp_peers.json"
ENVIRONMENTS: dict[str, tuple[str, ...]] = {
    "dpmm_": ("dpmm==0.1.9",),
    "smartnoise_": ("smartnoise-synth==1.0.8", "torch==2.13.0"),
    "opendp_": ("opendp[mbi]==0.16.0", "pandas"),
}
METHODS = {
    # method: its runner; none for ours
    "smartsynth-raw": "", "smartsynth": "", "smartsynth-tree": "",
    "dpmm-mst": "dpmm_", "dpmm-privbayes": "dpmm_", "smartnoise-mst": "smartnoise_", "opendp-mst": "opendp_",
    "opendp-fixed-income": "opendp_", "smartnoise-mst-mended": "smartnoise_", "opendp-mst-mended": "opendp_",
    "opendp-fixed-income-mended": "opendp_", "dpmm-aim-1mb": "dpmm_", "opendp-aim-1mb-mended": "opendp_",
    "smartnoise-aim-1mb-mended": "smartnoise_", "dpmm-aim": "dpmm_", "opendp-aim-mended": "opendp_",
    "smartnoise-aim-mended": "smartnoise_",
}  # fmt: skip
Record = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets")
    parser.add_argument("--work", type=Path, required=True, help="folder of virtual environments, made if need be")
    parser.add_argument("--only", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--epsilon", nargs="+", type=float, default=[1.0])
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=20.0, help="most time for a table")
    options = parser.parse_args()
    train, test = read(options.data)
    everything = pd.concat([train, test], ignore_index=True)
    MarginalGenerator(epsilon=1.0).fit(train.head(500), schema=schema(train, declared=True))  # imports
    if not known():
        write([{"method": "real training rows in parts", "utility": utility(in_parts(train, everything), test)}])
    if not any(line["method"] == "mbi drawing" for line in known()):
        python = environment(options.work / "opendp_", ENVIRONMENTS["opendp_"])
        trial = answer([str(python), str(HERE / "runners" / "mbi_drawing.py")], options.minutes)
        write([*known(), {"method": "mbi drawing", **trial}])
    for epsilon in options.epsilon:
        for turn in range(options.runs):
            for method in options.only:
                if any(is_done(line, method, epsilon, turn) for line in known()):
                    continue
                found = scored(options, method, epsilon, train, test)
                line = {"method": method, "epsilon": epsilon, "run": turn, **found}
                print(line, flush=True)
                write([*(one for one in known() if not is_open(one, method, epsilon)), line])


def known() -> list[Record]:
    return list(json.loads(OUT.read_text("utf-8"))["results"]) if OUT.is_file() else []


def is_done(line: Record, method: str, epsilon: float, turn: int) -> bool:
    """A method that failed once at this ε is not tried again."""
    same = (line["method"], line.get("epsilon")) == (method, epsilon)
    return same and ("failed" in line or line.get("run") == turn)


def is_open(line: Record, method: str, epsilon: float) -> bool:
    """A line that a person wrote: the method was not run, or not to its end, and why."""
    return "open" in line and (line["method"], line["epsilon"]) == (method, epsilon)


def write(results: list[Record]) -> None:
    command = "python benchmarks/privacy/dp_peers.py --data DATA --work FOLDER"
    OUT.write_text(json.dumps({"command": command, "delta": DELTA, "results": results}, indent=1) + "\n", "utf-8")


def scored(options: argparse.Namespace, method: str, epsilon: float, train: pd.DataFrame, test: pd.DataFrame) -> Record:
    """Errors of a table made of all rows and utility of one made of the training rows, or why there are none."""
    everything = pd.concat([train, test], ignore_index=True)
    make = ours if not METHODS[method] else theirs
    made, result = make(options, method, epsilon, everything, everything)
    if made is None:
        return result
    one, two, three = errors(codes(everything, everything), codes(made, everything))
    result |= {"one": one, "two": two, "three": three}
    made, half = make(options, method, epsilon, train, everything)
    if made is None:
        return result | {"utility_failed": half["failed"]}
    return result | {"utility": utility(made, test)}


Made = tuple[pd.DataFrame | None, Record]


def ours(options: argparse.Namespace, method: str, epsilon: float, rows: pd.DataFrame, real: pd.DataFrame) -> Made:
    is_raw = method == "smartsynth-raw"
    table = rows if is_raw else coded(rows, real)
    columns = schema(real, declared=True) if is_raw else schema_of_codes(sizes(real))
    structure = "tree" if method == "smartsynth-tree" else "cliques"
    began, cpu = time.perf_counter(), time.process_time()
    model = MarginalGenerator(epsilon=epsilon, delta=DELTA, structure=structure).fit(table, schema=columns)
    fitted = time.perf_counter()
    made = model.sample(len(rows), seed=0)
    result = {
        "fit": fitted - began, "sample": time.perf_counter() - fitted, "cpu": time.process_time() - cpu, "spent": model.ledger_.spent(),
        "version": version("smartsynth"),
    }  # fmt: skip
    return (made if is_raw else decoded(made, real)), result


def theirs(options: argparse.Namespace, method: str, epsilon: float, rows: pd.DataFrame, real: pd.DataFrame) -> Made:
    """A peer's table, made in its own environment."""
    runner = METHODS[method]
    try:
        python = environment(options.work / runner, ENVIRONMENTS[runner])
    except subprocess.CalledProcessError as error:
        return None, {"failed": f"cannot be installed: {last_line(error.stderr)}"}
    with tempfile.TemporaryDirectory() as folder:
        train, public, out = (Path(folder) / name for name in ("codes.csv", "sizes.json", "out.csv"))
        coded(rows, real).to_csv(train, index=False)
        public.write_text(json.dumps(sizes(real)), "utf-8")
        given = [method, str(epsilon), str(DELTA), str(train), str(public), str(out)]
        result = answer([str(python), str(HERE / "runners" / f"{runner}.py"), *given], options.minutes)
        return (None if "failed" in result else decoded(pd.read_csv(out), real)), result


def environment(folder: Path, needs: tuple[str, ...]) -> Path:
    """The interpreter of an environment with the packages that it needs."""
    python = folder / "bin" / "python"
    if not python.is_file():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, capture_output=True, text=True)
        install = [str(python), "-m", "pip", "install", "-q", *needs]
        try:
            subprocess.run(install, check=True, capture_output=True, text=True)
        except subprocess.CalledProcessError:
            shutil.rmtree(folder)
            raise
    return python


def answer(command: list[str], minutes: float) -> Record:
    """What the command says in its last line, or why it says nothing."""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as child:  # fmt: skip
        try:
            out, err = child.communicate(timeout=minutes * 60)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, 9)
            return {"failed": f"had not made the table after {minutes:.0f} minutes"}
    if child.returncode:
        return {"failed": last_line(err) or f"ended with status {child.returncode}"}
    return dict(json.loads(out.splitlines()[-1]))


def sizes(real: pd.DataFrame) -> dict[str, int]:
    """How many codes each column can have; public."""
    return {name: RANGES[name][2] if name in RANGES else int(real[name].nunique()) for name in NAMES}


def coded(rows: pd.DataFrame, real: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(codes(rows, real), columns=NAMES)


def decoded(made: pd.DataFrame, real: pd.DataFrame) -> pd.DataFrame:
    """Values for codes: the whole number in the middle of a part; nothing for a code outside the domain."""
    columns = {}
    for name, size in sizes(real).items():
        code = made[name].to_numpy(int)
        inside = (code >= 0) & (code < size)
        if name in RANGES:
            low, high, parts = RANGES[name]
            middle = np.floor(low + (code + 0.5) * (high + 1 - low) / parts)
            columns[name] = np.where(inside, middle, np.nan)
        else:
            levels = np.array(sorted(real[name].unique()), dtype=object)
            columns[name] = pd.Series(levels[np.where(inside, code, 0)]).where(inside).infer_objects()
    return pd.DataFrame(columns)


def in_parts(rows: pd.DataFrame, real: pd.DataFrame) -> pd.DataFrame:
    """The real rows, as precise as what every method was given."""
    found = decoded(coded(rows, real), real)
    assert (codes(found, real) == codes(rows, real)).all()
    return found


def schema_of_codes(public: dict[str, int]) -> Schema:
    """Codes of numbers as whole numbers with declared bounds, all others as declared categories."""
    columns = []
    for name, size in public.items():
        if name in RANGES:
            columns.append(Column(name, Kind.NUMERIC, "int64", decimals=0, low=0, high=size - 1))
        else:
            role = Role.TARGET if name == "income" else Role.FEATURE
            columns.append(Column(name, Kind.CATEGORICAL, "int64", role=role, categories=tuple(range(size))))
    return Schema(tuple(columns))


if __name__ == "__main__":
    main()
