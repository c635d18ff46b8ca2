"""How well rules are found: planted ones, none on shuffled columns, Adult, and the time of 100,000 rows of 50 columns.

    python benchmarks/schema/discovery.py --data ../shared/data      writes docs/benchmarks/discovery.json

Recall is the share of the planted rules that are proposed, precision the share of proposals of what the columns have to do with each other
that are planted or follow from what is. Rules of Adult are found on the training rows and held against the test rows.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import pandas as pd
from planted import PLANTED, planted, shuffled, wide

from smartsynth import ingest
from smartsynth.discovery import Criterion, Proposal, What, discover, document
from smartsynth.discovery.checking import check
from smartsynth.discovery.tables import Found
from smartsynth.schema_document import SchemaDocument

BETWEEN = (What.FORMULA, What.ORDER, What.ONE_HOT, What.DEPENDENCY, What.COMBINATIONS, What.CONDITION)
"""Kinds of proposals that shuffled columns must not give."""


def found_in(rows: pd.DataFrame) -> tuple[Proposal, ...]:
    data = ingest.read(rows)
    return discover(data.frame, data.schema)


def is_planted(one: Proposal) -> bool:
    """Whether a proposal is a planted rule, or a piece of one: of its columns alone."""
    return any(set(one.columns) <= columns for _, columns in PLANTED.values())


def measure(rows: pd.DataFrame) -> dict[str, Any]:
    """Recall of the planted rules, and precision of what is said of several columns."""
    proposals = found_in(rows)
    hits = {
        name
        for name, (what, columns) in PLANTED.items()
        if any(p.what.value == what and set(p.columns) == columns for p in proposals)
    }
    between = [one for one in proposals if one.what in BETWEEN]
    wrong = [str(one.value) for one in between if not is_planted(one)]
    return {
        "planted": len(PLANTED), "found": len(hits), "missed": sorted(set(PLANTED) - hits), "proposed": len(between), "others": wrong,
        "recall": len(hits) / len(PLANTED), "precision": 1 - len(wrong) / len(between) if between else None,
        "written_others": sum(one.is_written and not is_planted(one) for one in between),
    }  # fmt: skip


def by_size(sizes: tuple[int, ...], seeds: int) -> list[dict[str, Any]]:
    rows = []
    for n in sizes:
        for noise in (0.0, 0.01):
            runs = [measure(planted(n, seed, noise=noise)) for seed in range(seeds)]
            rows.append({
                "rows": n, "rules": len(PLANTED), "noise": noise, "tables": seeds, "recall": sum(run["recall"] for run in runs) / seeds,
                "precision": sum(run["precision"] or 0 for run in runs) / seeds,
                "missed": sorted({name for run in runs for name in run["missed"]}),
                "others": sorted({text for run in runs for text in run["others"]})[:20],
            })  # fmt: skip
            print(rows[-1])
    return rows


def by_chance(tables: dict[str, pd.DataFrame], seeds: int) -> list[dict[str, Any]]:
    """What is proposed of columns that were shuffled apart."""
    rows = []
    for name, table in tables.items():
        found = [one for seed in range(seeds) for one in found_in(shuffled(table, seed)) if one.what in BETWEEN]
        rows.append(
            {
                "table": name,
                "rows": len(table),
                "shuffles": seeds,
                "proposed": len(found),
                "which": [str(one.value) for one in found],
            }
        )
        print(rows[-1])
    return rows


def adult(folder: Path) -> dict[str, Any]:
    """Rules of Adult's training rows, and how its test rows keep those that all training rows keep."""
    data = ingest.read(folder / "adult_train.csv")
    start = time.perf_counter()
    proposals = discover(data.frame, data.schema)
    seconds = time.perf_counter() - start
    text = document.as_yaml({"adult": Found(data, proposals)}, Criterion(), as_tables=False)
    path = Path("/tmp/adult.schema.yaml")  # noqa: S108
    path.write_text(text)
    checked = check(SchemaDocument.read(path), {"adult": ingest.read(folder / "adult_test.csv")})
    rules = [one for one in checked if "is_missing" not in one.said]
    return {
        "seconds": seconds, "proposals": [one.to_json() for one in proposals],
        "test_rows": {"rules": len(rules), "kept_by_all": sum(not one.broken for one in rules), "worst": min(one.confidence for one in rules)},
    }  # fmt: skip


def speed(n: int, columns: int) -> dict[str, Any]:
    """Seconds by the clock, and of the processor: others use the machine too."""
    table = wide(n, columns)
    start = time.perf_counter()
    data = ingest.read(table)
    read, begun = time.perf_counter() - start, time.process_time()
    found = discover(data.frame, data.schema)
    seconds = time.perf_counter() - start - read
    return {
        "rows": n, "columns": columns, "read_seconds": read, "seconds": seconds, "cpu_seconds": time.process_time() - begun,
        "proposals": len(found),
    }  # fmt: skip


def shuffled_tables(data: Path) -> dict[str, pd.DataFrame]:
    rows = pd.read_csv(data / "adult_train.csv")
    return {
        "planted, 500 rows": planted(500, 1), "planted, 5,000 rows": planted(5000, 1), "Adult, 2,000 rows": rows.head(2000), "Adult": rows,
        "planted, 100,000 rows": wide(100_000),
    }  # fmt: skip


PARTS = ("speed", "adult", "planted", "shuffled")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("docs/benchmarks/discovery.json"))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--part", action="append", choices=PARTS, help="all if not given")
    given = parser.parse_args()
    parts = {
        "speed": lambda: [speed(100_000, 50)],
        "adult": lambda: adult(given.data),
        "planted": lambda: by_size((200, 500, 1000, 5000), given.seeds),
        "shuffled": lambda: by_chance(shuffled_tables(given.data), given.seeds),
    }
    results = json.loads(given.out.read_text()) if given.out.is_file() else {}
    results |= {name: measured() for name, measured in parts.items() if name in (given.part or parts)}
    given.out.write_text(json.dumps(results, indent=1) + "\n")
    print(
        f"Measured: {', '.join(given.part or parts)}. `python benchmarks/schema/page.py` makes the page of {given.out}."
    )


if __name__ == "__main__":
    main()
