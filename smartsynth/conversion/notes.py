"""What a conversion could not carry over, and where it stood."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Note:
    """Something that is lost, or said in another way.

    Args:
        where: Its place in what was converted, such as `orders.rules[2]`.
        what: What it is and what became of it.
    """

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" if self.where else self.what


class Notes:
    """A list of notes that is written below a place.

    Args:
        where: The place.
        found: The list.
    """

    def __init__(self, where: str = "", found: list[Note] | None = None) -> None:
        self.where, self.found = where, [] if found is None else found

    def below(self, part: str) -> Notes:
        """The same list, at a place further down."""
        return Notes(f"{self.where}.{part}".lstrip("."), self.found)

    def add(self, part: str, what: str) -> None:
        """One more."""
        self.found.append(Note(f"{self.where}.{part}".strip("."), what))

    def lost(self, values: Mapping[str, Any], names: Iterable[str], why: str = "has no counterpart") -> None:
        """One for each of the names that are there."""
        for name in names:
            if values.get(name) not in (None, [], {}, ()):
                self.add(name, f"{brief(values[name])} {why}")


def brief(value: Any) -> str:
    """A value in few characters."""
    import json

    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else text[:77] + "..."
