"""A run's manifest → a card in Markdown that says what a saved model makes, how near to real rows that is, and what is promised."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from smartsynth.formats import MISSING, number
from smartsynth.report.glossary import explanation


def model_card(manifest: Mapping[str, Any]) -> str:
    """The card of a run; every score stands beside the same of real rows.

    Args:
        manifest: Of the run (manifest.py), without scores where a budget of differential privacy forbids to tell them.
    """
    rows = manifest.get("data", {}).get("synthetic", manifest.get("rows"))
    told = "" if rows is None else f" The run released {rows:,}."
    lines = [
        f"# Synthetic rows of `{manifest.get('generator')}`",
        "",
        f"Made by SmartSynth {manifest['smartsynth']} with seed {manifest['seed']}. It makes synthetic rows and holds no real one.{told}",
        "",
        "## Privacy",
        "",
        manifest["privacy"]["statement"],
        "",
        _filtered(manifest.get("filter"), private=manifest["privacy"]["epsilon"] is not None),
        "",
        "## Scores",
        "",
        *_scores(manifest.get("scores", ())),
        "",
    ]
    return "\n".join(lines)


def _filtered(summary: Mapping[str, Any] | None, *, private: bool) -> str:
    if private:
        return "No privacy filter looked at the rows: the model itself is private, and so is every row of it."
    if summary is None:
        return "No privacy filter looked at the rows."
    removed = summary["exact_copies"] + summary["too_close"]
    return (
        f"A privacy filter looked at {summary['checked']:,} rows and removed {removed:,} as copies or near copies of real ones, with "
        f"{summary['decoys']:,} decoys. Rows beyond those that were released, and rows of another seed, it never saw."
    )


def _scores(scores: Any) -> list[str]:
    """A table of scores, or a sentence if there are none."""
    if not scores:
        return ["None were measured, or none may be told."]
    lines = ["| Score | Synthetic | Real | Better |", "| --- | --- | --- | --- |"]
    for score in scores:
        known = explanation(score["key"])
        name = score["key"] if known is None else f"{known[0]} (`{score['key']}`)"
        real = MISSING if score["reference"] is None else number(score["reference"])
        lines.append(f"| {name} | {number(score['value'])} | {real} | {score['better']} |")
    return lines
