"""The threat model names tests that there are."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text("utf-8")


def named():
    """Files and tests of them; a test without a file is of the file before it."""
    file = ""
    for word in re.findall(r"`((?:tests/[\w/]+\.py)?(?:::\w+)?)`", PAGE):
        path, _, test = word.partition("::")
        file = path or file
        if word:
            yield file, test


def test_every_test_that_is_named_exists():
    """By its file and its name."""
    found = list(named())
    assert len(found) > 40
    for file, test in found:
        assert (ROOT / file).is_file(), file
        assert f"def {test}" in (ROOT / file).read_text("utf-8"), f"{file}::{test}"


def test_every_threat_has_a_test_or_a_command():
    """The last cell of each row says what shows it."""
    tables = PAGE.split("## Threats")[1].split("## What a server")[0]
    rows = [
        line for line in tables.splitlines() if line.startswith("| ") and not line.startswith(("| Threat", "| ---"))
    ]
    assert len(rows) > 35
    for row in rows:
        assert re.search(r"`(tests/|make )|the same", row.rsplit(" | ", 1)[1]), row


def test_how_to_report_is_said():
    """At the place where people and GitHub look."""
    text = (ROOT / "SECURITY.md").read_text("utf-8")
    assert "Report a vulnerability" in text
    assert "docs/security.md" in text
    assert "Send no real data" in text
