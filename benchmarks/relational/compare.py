"""SmartSynth beside SDV's HMA and MOSTLY AI's engine on tables with keys: closeness, keys, seconds, memory.

    python benchmarks/relational/compare.py --data DATA [--work out/relational] [--only METHOD …] [--sets SET …] [--minutes 15]
        adds to docs/benchmarks/relational.json; a method that has its line there is not run again without --again

Every tool learns from the same families, in a process of its own with one thread, and makes as many; four fifths of the families are
learnt from, and all tools are judged against the last fifth, which none has seen, by `relational.evaluate`. SmartSynth keeps a fifth of
what it is given aside for its own evidence, so that it learns from fewer rows than the others. A method that fails is listed with the
reason.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

sys.path.append(str(Path(__file__).resolve().parents[1]))
from watched import machine, watched

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
OUT = ROOT / "docs" / "benchmarks" / "relational.json"
SEED = 1
Frames = dict[str, pd.DataFrame]
Record = dict[str, Any]


def baseball(data: Path) -> tuple[Frames, Record]:
    """Players and their seasons (Lahman): 3,000 players drawn at random, without their names, with dates as such."""
    players = pd.read_csv(data / "timeseries" / "baseball_players.csv.gz")
    seasons = pd.read_csv(data / "timeseries" / "baseball_batting.csv.gz")
    players = players.sample(3000, random_state=SEED).sort_index().drop(columns=["nameFirst", "nameLast"])
    for column in ("birthDate", "deathDate"):
        players[column] = pd.to_datetime(players[column], errors="coerce")
    seasons = seasons[seasons.players_id.isin(players.id)].sort_values(["players_id", "year"], kind="stable")
    schema = {"tables": {
        "players": {"primary_key": "id"},
        "seasons": {"foreign_keys": [{"columns": "players_id", "table": "players"}]},
    }}  # fmt: skip
    return {"players": players.reset_index(drop=True), "seasons": seasons.reset_index(drop=True)}, schema


def made_shop(data: Path) -> tuple[Frames, Record]:
    """The made shop of nine tables: a self-reference, many-to-many, one-to-one, two parents, a composite key."""
    from shop import SCHEMA, shop

    return shop(1000, seed=SEED), SCHEMA


def plain_shop(data: Path) -> tuple[Frames, Record]:
    """The part of the made shop that HMA can read: customers with their orders and profiles."""
    from shop import shop

    tables = shop(1500, seed=SEED)
    schema = {"tables": {
        "customers": {"primary_key": "id"},
        "orders": {"primary_key": "id", "foreign_keys": [{"columns": "customer_id", "table": "customers"}]},
        "profiles": {"foreign_keys": [{"columns": "customer_id", "table": "customers"}]},
    }}  # fmt: skip
    customers = tables["customers"].drop(columns="referred_by")
    return {"customers": customers, "orders": tables["orders"], "profiles": tables["profiles"]}, schema


def made_school(data: Path) -> tuple[Frames, Record]:
    """A made school, where students take the courses of their own year: what hangs together lies in two parents of a row."""
    from school import SCHEMA, school

    return school(1500, seed=SEED), SCHEMA


SETS: dict[str, Callable[[Path], tuple[Frames, Record]]] = {
    "baseball": baseball,
    "plain shop": plain_shop,
    "shop": made_shop,
    "school": made_school,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT / "data")
    parser.add_argument("--work", type=Path, default=ROOT / "out" / "relational")
    parser.add_argument("--mostly", type=Path, help="interpreter of an environment that has mostlyai-engine")
    parser.add_argument("--only", nargs="+", choices=RUNNERS, default=list(RUNNERS))
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    for name in options.sets:
        for method in options.only:
            lines = {(one["data"], one["method"]): one for one in known(options.out)}
            if (name, method) in lines and not options.again:
                continue
            lines[name, method] = {"data": name, "method": method, **measured(options, name, method)}
            print(json.dumps(lines[name, method]), flush=True)
            content = {
                "command": "python benchmarks/relational/compare.py --data DATA --mostly PYTHON",
                "seed": SEED,
                "machine": machine(),
                "results": list(lines.values()),
            }
            options.out.write_text(json.dumps(content, indent=1) + "\n", "utf-8")


def known(out: Path) -> list[Record]:
    return list(json.loads(out.read_text("utf-8"))["results"]) if out.is_file() else []


def measured(options: argparse.Namespace, name: str, method: str) -> Record:
    """What a method took, and how near its tables are."""
    from smartsynth import relational
    from smartsynth.facts import to_json
    from smartsynth.relational.plan import held_out, plan_of

    frames, schema = SETS[name](options.data)
    tables, _ = relational.read(frames, schema=schema)
    parts = plan_of(tables)
    held, _ = held_out(tables, parts, fraction=0.2, seed=SEED)
    folder = options.work / name.replace(" ", "-") / method
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "train").mkdir(parents=True)
    train = {t: frames[t][~held[t]].reset_index(drop=True) for t in frames}
    for table, frame in train.items():
        frame.to_parquet(folder / "train" / f"{table}.parquet")
    (folder / "schema.json").write_text(json.dumps(schema), "utf-8")
    said: Record = {"train": {t: len(frame) for t, frame in train.items()}}
    python = options.mostly if method == "mostlyai-engine" and options.mostly else Path(sys.executable)
    said |= watched(
        [str(python), str(HERE / "compare_run.py"), method, str(folder)], folder / "log.txt", options.minutes * 60
    )
    if "failed" in said:
        return said
    made = {t: pd.read_parquet(folder / "made" / f"{t}.parquet") for t in frames}
    found = relational.evaluate(frames, made, schema=schema, seed=SEED)  # the same seed holds the same families out
    scores = {s.key: [s.value, s.reference] for s in found.scores if s.available}
    if name == "school":
        from school import own_year

        said["own year"] = {"made": own_year(made), "real": own_year(frames)}
    times = json.loads((folder / "times.json").read_text("utf-8"))
    return {
        **said, **times, "made": {t: len(frame) for t, frame in made.items()}, "scores": to_json(scores), "integrity": found.integrity,
        "tables": {one.table: {s.key: [s.value, s.reference] for s in one.scores} for one in found.tables},
        "keys": {one.link: {s.key: [s.value, s.reference] for s in one.scores} for one in found.links},
    }  # fmt: skip


RUNNERS = ("smartsynth", "sdv-hma", "mostlyai-engine")

if __name__ == "__main__":
    main()
