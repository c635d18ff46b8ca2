"""Writes the table of docs/release.md from docs/benchmarks/release.json.

    python benchmarks/release/page.py

A test fails while the page differs from what this script makes.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[1]))
from page_text import DOCS, between, found

PAGE = DOCS / "release.md"


def main() -> None:
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")


def page(text: str) -> str:
    """The page with its table made anew."""
    return between(text, "figures", f"\n{table(found('release'))}\n\n", "/figures")


def table(figures: dict[str, Any]) -> str:
    """Sizes and times beside what they are measured against."""
    imports = figures["imports"]
    largest = ", ".join(f"{name} {size / 1e6:.0f} MB" for name, size in list(figures["largest"].items())[:4])
    rows = [
        ("Wheel", f"{figures['wheel_bytes'] / 1e6:.2f} MB", "at most 2.00 MB, held by a test"),
        ("Source distribution", f"{figures['sdist_bytes'] / 1e6:.2f} MB", ""),
        ("SmartSynth installed", f"{figures['own_bytes'] / 1e6:.1f} MB", f"{figures['files']:,} files"),
        ("The core with its dependencies", f"{figures['installed_bytes'] / 1e6:,.0f} MB", f"{figures['packages']} packages, of which {largest}"),
        ("`import pandas`", f"{imports['pandas']['seconds']:.2f} s", "the yardstick"),
        ("`import smartsynth`", f"{imports['smartsynth']['seconds']:.3f} s", ratio(imports["smartsynth"])),
        ("`smartsynth.synthesize`, which imports the data path", f"{imports['smartsynth.synthesize']['seconds']:.2f} s", ratio(imports["smartsynth.synthesize"])),
        ("`smartsynth --version`", f"{imports['smartsynth --version']['seconds']:.2f} s", ratio(imports["smartsynth --version"])),
    ]  # fmt: skip
    lines = ["| What | Measured | Beside |", "| --- | ---: | --- |"]
    return "\n".join([*lines, *(f"| {what} | {measured} | {beside} |" for what, measured, beside in rows)])


def ratio(one: dict[str, float]) -> str:
    return f"{one['of_pandas']:.2f} of pandas' import"


if __name__ == "__main__":
    main()
