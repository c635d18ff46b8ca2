"""What the scripts that write pages of results share."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parents[1] / "docs"


def found(name: str) -> Any:
    """What a benchmark left in docs/benchmarks; nothing if it did not run."""
    file = DOCS / "benchmarks" / f"{name}.json"
    return json.loads(file.read_text("utf-8")) if file.is_file() else []


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table in Markdown."""
    return "\n".join(
        [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}", *(f"| {' | '.join(map(str, row))} |" for row in rows)]
    )


def between(text: str, start: str, made: str, end: str) -> str:
    """The text with what stands between two comments made anew."""
    start, end = f"<!-- {start} -->\n", f"<!-- {end} -->"
    return re.sub(f"({re.escape(start)}).*?({re.escape(end)})", lambda at: at[1] + made + at[2], text, flags=re.DOTALL)
