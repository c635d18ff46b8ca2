"""What the scores of all tables and keys say together: means, a verdict in sentences, and what they do not say."""

from __future__ import annotations

import numpy as np

from smartsynth.facts import Better, Family, Score
from smartsynth.formats import number, percent
from smartsynth.relational.scores import LinkScores, TableScores

NAN = float("nan")


HEADLINE = (
    ("columns", "Columns", "tables"),
    ("pairs", "Pairs of columns", "tables"),
    ("cardinality", "Numbers of children", "keys"),
    ("parents", "Child with parent", "keys"),
    ("siblings", "Siblings", "keys"),
    ("detection", "Detection of joined rows", "tables"),
)


def headline(tables: list[TableScores], links: list[LinkScores]) -> tuple[Score, ...]:
    """The mean of each score over all tables or keys that have it."""
    every = [score for table in tables for score in table.scores] + [score for link in links for score in link.scores]
    found = []
    for key, name, of in HEADLINE:
        some = [
            s for s in every if s.key == key and s.available and s.reference is not None and np.isfinite(s.reference)
        ]
        better = Better.NEARER if key == "detection" else Better.LOWER
        if not some:
            found.append(
                Score(
                    key, name, Family.FIDELITY, NAN, better, "Not computed: there is nothing to compare.", headline=True
                )
            )
            continue
        if key == "detection":
            value, reference = (
                float(np.mean([max(x, 1 - x) for x in values]))
                for values in ([s.value for s in some], [s.reference or 0.0 for s in some])
            )
            said = f"On average over {len(some)} tables a detective ranks a synthetic row right in {percent(value)} of pairs; of real ones {percent(reference)}."
        else:
            value, reference = (
                float(np.mean([s.value for s in some])),
                float(np.mean([s.reference or 0.0 for s in some])),
            )
            said = f"Mean over {len(some)} {of}: {number(value)}, of real training rows {number(reference)}."
        found.append(Score(key, name, Family.FIDELITY, value, better, said, reference, headline=True))
    return tuple(found)


def verdict(scores: tuple[Score, ...], links: list[LinkScores], tables: list[TableScores]) -> tuple[str, ...]:
    """What the scores say, in sentences."""
    whole = all(link.integrity == 1.0 for link in links) and all(t.unique in (None, 1.0) for t in tables)
    copied = sum(t.copied or 0 for t in tables)
    keys = (
        f"All {len(links)} foreign keys name rows that are there, and all primary keys are unique."
        if whole
        else "Keys are broken: "
        + ", ".join(
            [f"{link.link} ({percent(link.integrity)} whole)" for link in links if link.integrity < 1.0]
            + [
                f"{t.table} ({percent(t.unique or 0.0)} of primary keys unique)"
                for t in tables
                if t.unique not in (None, 1.0)
            ]
        )
        + ". Make the tables with these keys in schema.yaml, or correct them there."
    )
    real = (
        "No key that was made anew is a real one."
        if not copied
        else f"{copied:,} cells hold keys of real rows. Name their columns as keys in schema.yaml (foreign_keys), so that they are made anew, or leave them out."
    )
    worst = [s for s in scores if s.available and s.reference is not None]
    far = max(worst, key=lambda s: abs(s.value - (s.reference or 0.0)), default=None)
    away = (
        f"Farthest from its yardstick: {far.name.lower()}, {number(far.value)} against {number(far.reference)}."
        if far
        else ""
    )
    return tuple(text for text in (keys, real, away) if text)


def limits(shared: frozenset[str], tables: list[TableScores]) -> tuple[str, ...]:
    """What the scores do not say, in sentences."""
    said = [
        "Distances are means over many pairs of columns. A single rare pair can be drawn worse than they say.",
        "Families are held out whole, along each table's main parent. What a row says of further parents was learnt from all real rows.",
    ]
    if shared:
        names = ", ".join(sorted(shared))
        said.append(
            f"All families share {names}: no rows of these were held out, and their yardstick is one half of the real rows against the other."
        )
    few = [t.table for t in tables if t.real < 100]
    if few:
        said.append(
            f"{', '.join(few)}: fewer than 100 rows. What is rare there is left out or made up; if the rows are public knowledge, declare `reference: true`."
        )
    return tuple(said)
