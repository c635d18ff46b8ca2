"""The figures of docs/schema.md from docs/benchmarks/discovery.json.

python benchmarks/schema/page.py
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[1]))
from page_text import DOCS, between, found


def figures(result: dict[str, Any]) -> str:
    """What was measured, as a list and a table."""
    rows = [
        f"| {one['rows']:,} | {one['noise']:.0%} | {one['recall']:.0%} | {one['precision']:.0%} | {', '.join(one['missed']) or '–'} |"
        for one in result["planted"]
    ]
    shuffles = sum(one["shuffles"] for one in result["shuffled"])
    surprises = sum(one["proposed"] for one in result["shuffled"])
    adult, speed = result["adult"], result["speed"][0]
    tested = adult["test_rows"]
    return "\n".join([
        f"Tables in which {result['planted'][0].get('rules', 13)} rules were planted among columns that have nothing to do with each other, {result['planted'][0]['tables']} "
        "tables a line; recall is the share of the rules that are proposed, precision the share of what is proposed about several columns that is a planted rule or a piece of one. "
        "Noise is the share of cells of each ruled column that come from other rows.",
        "",
        "| Rows | Noise | Recall | Precision | Missed in some table |",
        "| ---: | ---: | ---: | ---: | --- |",
        *rows,
        "",
        f"- Shuffled: {surprises} proposals about several columns in {shuffles} tables whose columns were shuffled apart (planted tables of 500 to 100,000 rows, Adult of 2,000 and "
        "32,561 rows). The yardstick is 0; the criterion allows one in a hundred tables and finder.",
        f"- Adult, 32,561 rows, {adult['seconds']:.1f} s: `combinations: [education, education-num]` and conditions of relationship, marital status, sex, work class and occupation. Of "
        f"{tested['rules']} statements that all training rows keep, {tested['kept_by_all']} are kept by all 16,281 test rows, which discovery did not see; the worst by "
        f"{tested['worst']:.1%} of those on which it could be checked.",
        f"- Speed: {speed['rows']:,} rows of {speed['columns']} columns in {speed['cpu_seconds']:.1f} s of one core ({speed['seconds']:.1f} s by the clock of a machine that others used too), after {speed['read_seconds']:.1f} s of reading. Time grows with the square of the columns.",
    ])  # fmt: skip


def main() -> None:
    page, made = DOCS / "schema.md", f"\n{figures(found('discovery'))}\n\n"
    text = between(page.read_text("utf-8"), "figures: benchmarks/schema/page.py", made, "end of figures")
    page.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
