"""What a pipeline is told of a row, in words: a template with names of columns in braces, or all columns one after the other.

    categories       as they are, of the values that at least `min_count` rows have; others are `other`
    numbers, dates   in three digits; the month
    texts            as they are

No exact extreme and no rare value is kept.
"""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import pandas as pd

from smartsynth.errors import ConfigError
from smartsynth.schema import Column, Kind, Schema

OTHER, MISSING, NOTHING = "other", "unknown", "an image"


@dataclass(frozen=True, slots=True)
class ImagePrompts:
    """Prompts of rows.

    Args:
        template: With names of columns in braces.
        columns: That it names.
        levels: Known values of its categories, by column name.
    """

    template: str
    columns: tuple[Column, ...]
    levels: Mapping[str, Sequence[str]]

    @classmethod
    def fit(cls, data: pd.DataFrame, schema: Schema, template: str | None, *, min_count: int) -> Self:
        """The prompts by a template, or by all columns that are modelled or texts if there is none.

        Raises:
            ConfigError: The template names a column that there is not, or is not well formed.
        """
        known = {c.name: c for c in schema if c.is_modelled or c.kind is Kind.TEXT}
        if template is None:
            quoted = [name.replace("{", "{{").replace("}", "}}") for name in known]
            template = ", ".join(f"{q}: {{{n}}}" for q, n in zip(quoted, known, strict=True)) or NOTHING
        columns = tuple(known[name] for name in dict.fromkeys(names_in(template, tuple(known))))
        levels = {}
        for column in columns:
            if _is_named(column):
                counts = data[column.name].dropna().astype(str).value_counts()
                levels[column.name] = sorted(counts.index[counts >= min_count])
        return cls(template, columns, levels)

    def __call__(self, rows: pd.DataFrame) -> list[str]:
        """The prompt of each row."""
        words = {column.name: [self._word(column, cell) for cell in rows[column.name]] for column in self.columns}
        pieces = _pieces(self.template)
        return ["".join(said if name is None else words[name][i] for said, name in pieces) for i in range(len(rows))]

    def _word(self, column: Column, cell: Any) -> str:
        if pd.isna(cell):
            return MISSING
        if _is_named(column):
            return str(cell) if str(cell) in self.levels[column.name] else OTHER
        if column.kind is Kind.TEXT:
            return " ".join(str(cell).split())
        if column.kind is Kind.DATETIME:
            return str(pd.Timestamp(cell).strftime("%Y-%m"))
        return f"{float(cell):.3g}" if isinstance(cell, int | float) or hasattr(cell, "__float__") else str(cell)

    def to_json(self) -> dict[str, Any]:
        return {
            "template": self.template, "columns": Schema(self.columns).to_json(),
            "levels": {name: list(values) for name, values in self.levels.items()},
        }  # fmt: skip

    @classmethod
    def restore(cls, values: Mapping[str, Any]) -> Self:
        """What `to_json` came from."""
        return cls(values["template"], Schema.from_json(values["columns"]).columns, values["levels"])


def names_in(template: str, known: Sequence[str]) -> list[str]:
    """The columns that a template names.

    >>> names_in("an x-ray, {label}, {age} years", ["label", "age", "sex"])
    ['label', 'age']

    Raises:
        ConfigError: It names something else, or its braces do not match.
    """
    names = [name for _, name in _pieces(template) if name is not None]
    wrong = [name for name in names if name not in known]
    if wrong:
        raise ConfigError(
            f"prompt={template!r} names {', '.join(map(repr, wrong))}, and the columns that can be told are {', '.join(known) or 'none'}. "
            "Write braces that are no column twice: {{ }}."
        )
    return names


def _pieces(template: str) -> list[tuple[str, str | None]]:
    """Words of a template as they are, and names of columns."""
    made: list[tuple[str, str | None]] = []
    try:
        for said, name, form, how in string.Formatter().parse(template):
            made += [(said, None)] if said else []
            if name is not None:
                if form or how:
                    raise ValueError("a form after the name")
                made.append(("", name))
    except ValueError as error:
        raise ConfigError(
            f"prompt={template!r} cannot be read: {error}. Write names of columns in braces, such as {{label}}, and nothing else in them."
        ) from error
    return made


def _is_named(column: Column) -> bool:
    return column.kind in (Kind.CATEGORICAL, Kind.BOOLEAN)
