"""Writes docs/benchmarks-relational.md from the figures in docs/benchmarks.

python benchmarks/relational/page.py
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parents[2] / "docs"
NAMES = {"smartsynth": "SmartSynth", "sdv-hma": "SDV's HMA", "mostlyai-engine": "MOSTLY AI's engine"}
SCORES = ("columns", "pairs", "cardinality", "parents", "siblings", "detection")
SETS = {
    "baseball": "Players and their seasons (Lahman's baseball database): 3,000 players drawn at random, without their names.",
    "plain shop": "The part of the made shop that HMA can read: 1,500 customers with their orders and profiles.",
    "school": "A made school: 1,500 students take courses of their own year and mostly of their own bent, which no enrolment says itself.",
    "shop": "The made shop of nine tables: four levels, two parents, a self-reference, many-to-many, one-to-one, composite keys, a kept list.",
}
HEAD = """<!-- Made by benchmarks/relational/page.py from the figures in docs/benchmarks. -->

# Benchmarks of several tables

Every tool learns from the same four fifths of the families, in a process of its own with one thread, and makes as many; all are judged by
`relational.evaluate` against the last fifth, which none has seen. The yardstick is the same measure of the real families that were learnt from.
Lower is better, and detection, the share of pairs of a held-out and a synthetic row that a classifier ranks right, is best at 0.5. SmartSynth
keeps a fifth of what it is given aside for its own evidence, so it learns from fewer rows than the others. What is measured is told in
[Several tables](relational.md#evidence). One seed each: four runs of SmartSynth on baseball with other seeds had detections of 0.56 to 0.61. Rows of tables that all families share (products, courses) have the children of four fifths of
the families in what is made and of all in the real tables, and small ones are made anew and not held out: this raises *children* and *detection* of every tool.
"""


def main() -> None:
    parts = [HEAD, *compared(read("relational.json")), *integrity(read("relational_integrity.json"))]
    (DOCS / "benchmarks-relational.md").write_text("\n".join(parts) + "\n", "utf-8")


def read(name: str) -> dict[str, Any]:
    path = DOCS / "benchmarks" / name
    return json.loads(path.read_text("utf-8")) if path.is_file() else {}


def compared(found: dict[str, Any]) -> list[str]:
    if not found:
        return []
    lines = []
    for name, about in SETS.items():
        results = [one for one in found["results"] if one["data"] == name]
        if not results:
            continue
        lines += [f"## {name.capitalize()}", "", about, ""]
        lines += [
            "| Tool | Columns | Pairs | Children | With parent | Siblings | Detection | Keys hold | CPU s | GiB |",
            "| --- | " + "--: | " * 9,
        ]
        done = [one for one in results if "failed" not in one]
        if done:
            real = [done[0]["scores"].get(key, [None, None])[1] for key in SCORES]
            lines.append(
                "| *real families learnt from* | " + " | ".join(f"*{number(x)}*" for x in real) + " | *100 %* | – | – |"
            )
        for one in done:
            cells = [number(one["scores"].get(key, [None])[0]) for key in SCORES]
            lines.append(
                f"| {NAMES[one['method']]} | {' | '.join(cells)} | {100 * one['integrity']:.4g} % | {one['cpu']:.0f} | {one['gib_peak']:.1f} |"
            )
        if years := [one for one in done if "own year" in one]:
            told = ", ".join(f"{NAMES[one['method']]} {one['own year']['made']:.0%}" for one in years)
            lines += [
                "",
                f"Enrolments in courses of the student's own year: {told}; real ones {years[0]['own year']['real']:.0%}.",
            ]
        failed = [one for one in results if "failed" in one]
        lines += ["", *(f"{NAMES[one['method']]} made nothing: `{one['failed']}`\n" for one in failed)]
    machine = found["machine"]
    lines += [
        f"`{found['command']}`, seed {found['seed']}, on {machine['processor']} ({machine['cores']} cores, {machine['gib']:.0f} GiB), {machine['note']}. "
        "HMA with its defaults (sdv 2.0.0), told the keys; the engine with its defaults and at most 10 minutes of training for each of its two models, "
        "players and their seasons (mostlyai-engine 2.7.3), which on the shared machine were about 220 CPU seconds together. Keys of several tables are a matter of MOSTLY AI's platform, which was not set up.",
        "",
    ]
    return lines


def integrity(found: dict[str, Any]) -> list[str]:
    if not found:
        return []
    keys, unique = found["foreign keys"], found["unique keys"]
    largest = max(found["made"], key=lambda name: found["made"][name])
    rows = sum(found["made"].values())
    rules = found.get("rules", {})
    told = (
        f" {len(rules)} rules of {len({rule.split(':')[0] for rule in rules})} tables (a formula, bounds, values that follow from others) are broken by "
        f"{sum(count for _, count in rules.values())} of these rows."
        if rules
        else ""
    )
    return [
        "## 100,000 rows whose keys and rules hold", "",
        f"The made shop with {found['real']['customers']:,} customers: {found['made'][largest]:,} rows of `{largest}` were made, {rows:,} of all tables. "
        f"Foreign keys that name a row which is there: {100 * min(keys.values()):.6g} % of each of {len(keys)}. Primary keys that are unique: "
        f"{100 * min(unique.values()):.6g} % of each of {len(unique)}.{told} {found['cpu']:.0f} CPU seconds ({found['wall']:.0f} seconds on a shared machine), "
        f"{found['gib_peak']:.1f} GiB at most.", "",
        "| Stage | Seconds |", "| --- | --: |", *(f"| {name} | {value:.0f} |" for name, value in found["stages"].items() if value >= 0.5), "",
        f"`{found['command']}`",
    ]  # fmt: skip


def number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


if __name__ == "__main__":
    main()
