"""Write docs/bad-inputs.md: what becomes of each bad input, and how many tests there are of each kind of data.

    python tests/nasty/page.py

A test fails while the page differs from what this script makes.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parents[1]
ROOT = TESTS.parent
PAGE, FUZZED = ROOT / "docs" / "bad-inputs.md", ROOT / "docs" / "benchmarks" / "fuzz.json"
KINDS = {
    "Tables (CSV, TSV)": range(1, 55), "Dates and times": range(55, 65), "Parquet, JSON, Excel and others": range(65, 85),
    "Archives": range(85, 95), "Images": range(95, 111), "Texts": range(111, 122), "Time series": range(122, 135),
    "Settings, service and outputs": range(135, 141),
}  # fmt: skip
HEAD = """<!-- Made by tests/nasty/page.py. Change the tests, then run it. -->

# Bad inputs

Whatever comes in is read, read with a note that says what was made of it, or refused with an error that names the place and what to do. It
is never a traceback, a hang, a silent change or a leak. Each line below is one or more tests in `tests/nasty`, made by scripts:

```console
$ make nasty
```

Each input is judged within {seconds:.0f} seconds of processor time, with no value of the data in the error.
"""


def main() -> None:
    sys.path.insert(0, str(TESTS))
    PAGE.write_text(page(), "utf-8")


def page() -> str:
    """The text of the page."""
    from nasty.cases import SECONDS

    told = _told()
    lines = [HEAD.format(seconds=SECONDS), "| Kind of data | Inputs by number | Tests |", "| --- | --: | --: |"]
    for kind, numbers in KINDS.items():
        lines.append(f"| {kind} | {len(numbers)} | {sum(len(told[number]) for number in numbers)} |")
    lines.append(f"| All | {sum(map(len, KINDS.values()))} | {sum(map(len, told.values()))} |")
    lines += ["", *_fuzzed()]
    for kind, numbers in KINDS.items():
        lines += [f"## {kind}", "", "| | Input | What becomes of it |", "| --: | --- | --- |"]
        lines += [f"| {number} | {what} | {outcome} |" for number in numbers for what, outcome in told[number]]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _told() -> dict[int, list[tuple[str, str]]]:
    """Each number's tests: the input, and what becomes of it."""
    from nasty.test_coverage import MODULES, NUMBERS

    told: dict[int, list[tuple[str, str]]] = {number: [] for number in NUMBERS}
    for name in MODULES:
        module = importlib.import_module(f"nasty.{name}")
        for case in getattr(module, "CASES", ()):
            told[case.number].append((_plain(case.name), _outcome(case)))
        for test in vars(module).values():
            for number in getattr(test, "covers", ()):
                told[number].append((_plain(test.__name__.removeprefix("test_").replace("_", " ")), "as the name says"))
    return told


def _outcome(case: Any) -> str:
    if case.refused:
        return "refused: " + " … ".join(f"“{_plain(word)}”" for word in case.refused)
    if case.noticed:
        return "read, with the note " + " … ".join(f"“{_plain(word)}”" for word in case.noticed)
    return "read"


def _plain(text: str) -> str:
    """A text in a cell of a table of Markdown."""
    shown = "".join(f"\\{c}" if c in "\\|*_`<>[]#" else c for c in " ".join(text.split()))
    return shown if len(shown) < 160 else shown[:157] + "…"


def _fuzzed() -> Iterator[str]:
    """How often each parser was tried with bytes that coverage led to."""
    if not FUZZED.is_file():
        return
    lines = json.loads(FUZZED.read_text("utf-8"))["targets"]
    total = sum(line["executions"] for line in lines)
    found = [line["target"] for line in lines if line["finding"]]
    yield from (
        "## Fuzzing", "",
        f"Every parser, and loading and sampling of saved models with a file of any bytes, was executed {total:,} times by "
        "[atheris](https://github.com/google/atheris), which changes bytes by what they cover. "
        + (f"Findings left: {', '.join(found)}." if found else "No finding is left: each ended in rows or in an error of ours."),
        "", "`make fuzz RUNS=20000`", "", "| Parser | Executions | Edges covered |", "| --- | --: | --: |",
    )  # fmt: skip
    for line in lines:
        yield f"| {line['target'].replace('_', ' ')} | {line['executions']:,} | {line['edges']:,} |"
    yield ""


if __name__ == "__main__":
    main()
