"""Writes the tables of docs/templates.md: the language, the speed of docs/benchmarks/templates.json, figures and sources.

    python benchmarks/templates/page.py

A test fails while the page differs from what this script makes.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from smartsynth.templates import load, names
from smartsynth.templates.document import Stream, Table
from smartsynth.templates.language import WAYS, Column, Draw

sys.path.append(str(Path(__file__).resolve().parents[1]))
from page_text import DOCS, between, found

PAGE = DOCS / "templates.md"


def main() -> None:
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")


def page(text: str) -> str:
    """The page with its tables made anew."""
    for key, made in (("language", language()), ("speed", speed()), ("figures", figures())):
        text = between(text, key, f"\n{made}\n", f"/{key}")
    return text


MEANINGS = {
    "normal": "A normal distribution: `mean`, `sd`.", "lognormal": "One whose logarithm is normal: `median`, `sigma`.",
    "gamma": "A gamma distribution: `mean`, `shape`; the lower the shape, the more spread.", "exponential": "An exponential one: `mean`.",
    "poisson": "Counts around a `mean`.", "negative_binomial": "Counts with more spread: `mean`, `shape`.",
    "uniform": "Anything from `low` to `high` alike.", "histogram": "`shares` of bins between `edges`.",
    "quantiles": "`values` below which shares (`levels`, from 0 to 1) lie.", "constant": "The same in each row.",
    "moment": "Between `after` and `before`, by `months`, `weekdays`, `hours` and yearly `growth`; `ordered` below each parent.",
    "shift": "So long after `start`: `by`, `unit` (seconds to years).", "id": "A number that no other row has; with `prefix` and `digits` a text.",
    "person": "`part`: first_name (by `sex`), last_name, phone, street, city, postcode.", "text": "Put together: `form: \"{first_name}.{row}@example.org\"`, `plain` for small letters.",
    "pick": "A row of a `table` of fixed size, by `weight`, `where` columns are equal; the cell is its key.",
    "lookup": "A `column` of the row that another one points to (`through`).",
    "asof": "The latest row of a `table` `since` a column, `at` a moment; below the same parent, or `through` what points to it.",
    "aggregate": "In `summary`: `how` (sum, count, min, max) of a `column` of a `table` below, `where`.",
    "running": "The sum `of` a column up to each row, from `start` on, to the cent.",
    "earlier": "What rows before below the same parent had in a column (`of`): the last, max or min (`how`).",
    "settle": "A column `of` amounts in which rows `when` undo what came since the last such row.",
}  # fmt: skip


def language() -> str:
    lines = ["A cell comes about in exactly one way:", "", "| Way | Means |", "| --- | --- |"]
    lines += [f"| `{way}` | {cell(MEANINGS.get(way) or Draw.model_fields[way].description or '')} |" for way in WAYS]
    for title, model, left in (
        ("column", Column, WAYS),
        ("table", Table, ()),
        ("stream (several kinds of rows in one table)", Stream, ()),
    ):
        lines += [
            "",
            f"What else a {title} may say:" if left else f"What a {title} says:",
            "",
            "| Key | Means |",
            "| --- | --- |",
        ]
        for key, field in model.model_fields.items():
            if key not in left:
                lines.append(f"| `{key}` | {cell(field.description or 'Its columns, from left to right.')} |")
    return "\n".join(lines) + "\n"


def speed() -> str:
    measured: dict[str, Any] = found("templates")
    lines = [
        "Blocks of some thousand rows are made with NumPy and written at once, so memory does not grow with the rows "
        f"(`benchmarks/templates/speed.py`, one core of {measured['machine']['cores']}, {measured['machine']['cpu']}, shared with other work; seconds of the "
        "processor tell what the work takes, seconds of the clock what it took then).",
        "", "| Template | Format | Rows | Seconds | of the processor | Rows a second | of the processor | Peak memory, MB | Written, MB |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]  # fmt: skip
    for run in measured["runs"]:
        lines.append(
            f"| `{run['template']}` | {run['format']} | {run['rows']:,} | {run['seconds']} | {run['cpu_seconds']} | {run['rows_per_second']:,} | "
            f"{run['rows_per_cpu_second']:,} | {run['peak_mb']} | {run['written_mb']:,} |"
        )
    return "\n".join(lines) + "\n"


def figures() -> str:
    lines: list[str] = []
    for name in names():
        template = load(name)
        lines += [f"### {name}", "", "| Figure | Published | Off by design | Source |", "| --- | ---: | ---: | --- |"]
        for one in template.figures:
            lines.append(f"| {cell(one.what)} | {one.cited:g} | {one.within or '':} | `{one.source}` |")
        lines += ["", "| Source | Publication | What was read off it |", "| --- | --- | --- |"]
        for key, source in template.sources.items():
            title = f"[{cell(source.title)}]({source.url}), {source.publisher}, {source.year}"
            lines.append(f"| `{key}` | {title} | {cell(source.note or '')} |")
        lines.append("")
    return "\n".join(lines)


def cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    main()
