"""What rules of a file are about, without a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from smartsynth.errors import ConfigError
from smartsynth.expressions import Expression


def columns_of(value: Any) -> tuple[str, ...]:
    """The columns that a rule names.

    >>> columns_of("if a > 0 then b == c"), columns_of({"one_hot": ["a", "b"]}), columns_of({"matches": {"a": "x+"}})
    (('a', 'b', 'c'), ('a', 'b'), ('a',))
    """
    if isinstance(value, str):
        try:
            text = value.strip()
            parts = (
                text.removeprefix("if ").split(" then ", 1) if text.startswith("if ") and " then " in text else [text]
            )
            return tuple(dict.fromkeys(name for part in parts for name in Expression.parse(part).names))
        except ConfigError:
            return ()
    if not isinstance(value, Mapping):
        return ()
    found: list[str] = []
    for said in value.values():
        named = _of_mapping(said) if isinstance(said, Mapping) else said
        found += [named] if isinstance(named, str) else [one for one in named if isinstance(one, str)]
    return tuple(dict.fromkeys(found))


def _of_mapping(said: Mapping[str, Any]) -> list[Any]:
    """The columns of a rule with settings: those that are listed, named by a setting, or that forms are for."""
    if "columns" in said:
        return list(said["columns"])
    return [said[name] for name in ("column", "of", "start") if name in said] or list(said)
