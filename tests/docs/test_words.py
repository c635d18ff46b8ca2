"""Words that no software may say of data: what the law calls data is decided by people, not by a tool."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BANNED = re.compile(
    r"(hipaa|gdpr|iso[ /]?27001)[- ]?(compliant|certified)|(?<!k-)(?<!pseudo)\banonymous\b|guaranteed[- ](private|safe)|"
    r"no re-?identification risk|completely (safe|private)|100 ?% (safe|private)",
    re.IGNORECASE,
)
PAGES = sorted(
    path
    for pattern in (
        "smartsynth/**/*.py",
        "smartsynth/**/*.html",
        "docs/**/*.md",
        "examples/**/*.py",
        "examples/**/*.ipynb",
        "*.md",
        "app.py",
    )
    for path in ROOT.glob(pattern)
)


@pytest.mark.parametrize(
    "text, banned",
    [
        ("The rows are anonymous.", True),
        ("HIPAA compliant", True),
        ("It is GDPR-compliant.", True),
        ("guaranteed private", True),
        ("the table is k-anonymous", False),
        ("evidence for HIPAA Safe Harbor", False),
    ],
)
def test_the_lint_can_fail(text, banned):
    assert bool(BANNED.search(text)) is banned


def test_no_page_promises_what_it_cannot_know():
    assert len(PAGES) > 100
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in PAGES
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if BANNED.search(line)
    ]
    assert found == []
