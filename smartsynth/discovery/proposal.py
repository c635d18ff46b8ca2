"""What is proposed, and how it is said."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from smartsynth.discovery.evidence import Evidence


class What(StrEnum):
    """What a proposal is about."""

    KEY = "key"
    FOREIGN_KEY = "foreign key"
    UNIQUE = "unique"
    FORMULA = "formula"
    ORDER = "order"
    ONE_HOT = "one-hot"
    DEPENDENCY = "dependency"
    COMBINATIONS = "combinations"
    CONDITION = "condition"
    SERIES = "series"
    PATTERN = "pattern"
    BOUND = "bound"


@dataclass(frozen=True, slots=True)
class Proposal:
    """Something that seems to hold for all rows of a table.

    Args:
        what: What it is about.
        value: As it stands in a schema file: a rule; the settings of one column, for bounds and patterns; a foreign key.
        columns: That it is about.
        evidence: What the rows say of it.
        note: What else is to be known of it.
        left_out: Why it is not among the rules that are written, though it holds; None if it is.
    """

    what: What
    value: str | Mapping[str, Any]
    columns: tuple[str, ...]
    evidence: Evidence
    note: str | None = None
    left_out: str | None = None

    @property
    def holds(self) -> bool:
        """Whether no row breaks it."""
        return self.evidence.broken == 0

    @property
    def is_written(self) -> bool:
        """Whether it stands among the rules of the file; else it is a comment there."""
        return self.holds and self.left_out is None

    @property
    def said(self) -> str:
        """One line of YAML."""
        return inline(self.value)

    def sentence(self) -> str:
        """The evidence for a person."""
        seen = self.evidence
        kept = "kept by all of" if self.holds else f"kept by {seen.confidence:.2%} of"
        few = "" if self.holds else f" ({seen.told:,} break it)" if seen.told >= 5 else " (fewer than 5 break it)"
        chance = f"; by chance {seen.telling:.0%} would break it" if seen.expected else ""
        more = "".join(f"; {text}" for text in (self.note, self.left_out) if text)
        return f"{kept} {seen.support:,} rows{few}{chance}{more}"

    def to_json(self) -> dict[str, Any]:
        """As plain JSON types; counts of broken rows under 5 are told as 4."""
        seen = self.evidence
        return {
            "what": self.what.value, "value": self.value if isinstance(self.value, str) else dict(self.value), "columns": list(self.columns),
            "support": seen.support, "broken_at_most": seen.told, "expected_by_chance": round(seen.expected, 1),
            "confidence": round(seen.confidence, 6), "strength": round(1 - seen.told / seen.expected, 6) if seen.expected else None,
            "written": self.is_written, "note": self.note, "left_out": self.left_out,
        }  # fmt: skip


def inline(value: Any) -> str:
    """A value as YAML on one line."""
    from smartsynth.yaml_text import dumped

    text = dumped(value, width=10_000, flow=True).removesuffix("\n...\n").rstrip("\n")
    return text if "\n" not in text else json.dumps(value, ensure_ascii=False)


def literal(value: Any) -> str:
    """A value as expressions write it."""
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return repr(value)
