"""The report of several tables: one HTML file and its JSON twin, in the style of the others."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from smartsynth import atomic
from smartsynth.facts import Chart, Score, to_json
from smartsynth.formats import number, percent
from smartsynth.relational.scores import LinkScores, RelationalEvaluation, TableScores
from smartsynth.report.html import page
from smartsynth.utils.plots import DotRow, Series, dots, paired_bars

FORMAT = "smartsynth-relational-report/1"
TERMS = (
    ("Column", "Kolmogorov-Smirnov distance of a number or a date, total variation of a category: 0 is the same, 1 nothing in common."),
    ("Pair of columns", "Half the difference of two numbers' correlations, else the total variation of both columns together."),
    ("Number of children", "Kolmogorov-Smirnov distance of how many rows name each parent, parents without any included."),
    ("Child with parent", "As a pair of columns, one of a row and one of the row that its key names."),
    ("Siblings", "As a pair of columns: a column and the same column of the next child of the same parent."),
    ("Detection", "A classifier sees rows with their parents' columns and their children's counts and means. The value is the share of pairs of a held-out and a synthetic row that it ranks right: 0.5 is a guess."),
    ("Yardstick", "The same measure of the real families that were learnt from, against real families that were not."),
)  # fmt: skip


def write_report(
    evaluation: RelationalEvaluation, path: str | Path, *, name: str = "", facts: Mapping[str, Any] | None = None
) -> list[Path]:
    """Write both files, and say where they are."""
    path = Path(path)
    content = {"format": FORMAT, **(facts or {}), "evaluation": to_json(evaluation)}
    twin = json.dumps(content, ensure_ascii=False, allow_nan=False, indent=2) + "\n"
    parts = {path: render(evaluation, name=name, facts=facts), path.with_suffix(".json"): twin}
    atomic.write_files(parts)
    return list(parts)


def render(evaluation: RelationalEvaluation, *, name: str = "", facts: Mapping[str, Any] | None = None) -> str:
    """The report as HTML.

    Args:
        evaluation: The scores.
        name: What the data are called.
        facts: How the tables were made: `RelationalResult.manifest()`.
    """
    facts = facts or {}
    return page(
        "relational.html",
        title=name or "Synthetic tables and their evidence",
        evaluation=evaluation,
        created=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        overview=_overview(evaluation),
        children=[_children(link) for link in evaluation.links],
        tables=[_table_row(one) for one in evaluation.tables],
        links=[_link_row(one) for one in evaluation.links],
        facts=facts,
        schema=yaml.safe_dump(facts["schema"], sort_keys=False, allow_unicode=True) if "schema" in facts else "",
        terms=TERMS,
    )


def _overview(evaluation: RelationalEvaluation) -> Chart:
    known = [s for s in evaluation.scores if s.available]
    rows = [DotRow(s.name, s.value, s.reference) for s in known]
    title = "How far the synthetic tables are from held-out families, and how far real ones are"
    return Chart(
        "overview", "overview", title,
        "Each row is a mean over all tables or keys. The grey mark is the yardstick; nearer to it is better, and left of it is chance.",
        dots(rows, title, low=0.0),
        ("Measure", "Synthetic", "Real"),
        tuple((s.name, number(s.value), number(s.reference)) for s in known),
    )  # fmt: skip


def _children(link: LinkScores) -> Chart:
    title = f"{link.link}: {number(link.mean[1])} children of a parent, in the real tables {number(link.mean[0])}"
    return Chart(
        "children", "children", title,
        f"Share of parents with so many children. {percent(link.missing[1])} of synthetic rows name no parent, and {percent(link.missing[0])} of real ones.",
        paired_bars(link.ranges, [Series("real", link.shares[0]), Series("synthetic", link.shares[1])], title),
        ("Children", "Real", "Synthetic"),
        tuple((label, percent(a), percent(b)) for label, a, b in zip(link.ranges, *link.shares, strict=True)),
    )  # fmt: skip


def _pair(scores: tuple[Score, ...], key: str) -> str:
    """A value with its yardstick."""
    for score in scores:
        if score.key == key and score.available:
            return f"{number(score.value)} (real {number(score.reference)})"
    return "–"


def _table_row(one: TableScores) -> tuple[str, ...]:
    if one.kept:
        return (one.table, f"{one.real:,}", f"{one.synthetic:,}", "kept as it is", "–", "–", "–")
    unique = "no primary key" if one.unique is None else percent(one.unique)
    scores = [_pair(one.scores, key) for key in ("columns", "pairs", "detection")]
    return (one.table, f"{one.real:,}", f"{one.synthetic:,}", unique, *scores)


def _link_row(one: LinkScores) -> tuple[str, ...]:
    scores = [_pair(one.scores, key) for key in ("cardinality", "parents", "siblings")]
    return (one.link, percent(one.integrity), f"{percent(one.missing[1])} (real {percent(one.missing[0])})", *scores)
