"""What a pipeline is told of a row, in words.

    template         "a chest x-ray, {label}": a column's name in braces stands for its value
    none             the columns one after the other: "label: pneumonia, age: 63"
    categories       values that at least `min_count` rows have; others are `unknown`, or left out where there is no template
    numbers, dates   the nearest of a few round values (years) that at least `min_count` rows have
    texts            as they are

No exact extreme and no rare value is kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.errors import ConfigError, did_you_mean
from smartsynth.models.storage import to_float
from smartsynth.schema import Column, Kind, Schema

UNKNOWN, NO_WORDS = "unknown", "an image"
YEAR = 365.2425 * 86_400_000_000_000
"""In nanoseconds."""
EPOCH_YEAR = 1970
_FIELD = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class RowWords:
    """Rows as prompts.

    Args:
        template: In the user's words; empty for the columns one after the other.
        columns: That are told, in this order.
        levels: Known values of categories, and round values of numbers and dates, by column name.
    """

    template: str
    columns: tuple[Column, ...]
    levels: Mapping[str, Sequence[Any]]

    @classmethod
    def fit(cls, data: pd.DataFrame, schema: Schema, template: str, *, min_count: int) -> Self:
        """The words of the modelled columns and of the texts of a schema.

        Raises:
            ConfigError: The template names a column that is not there, or that is not told.
        """
        check_template(template, schema)
        columns = tuple(c for c in tellable(schema) if not template or f"{{{c.name}}}" in template)
        levels: dict[str, Sequence[Any]] = {}
        for column in columns:
            cells = data[column.name]
            if _is_named(column):
                counts = cells.dropna().astype(str).value_counts()
                levels[column.name] = sorted(counts.index[counts >= min_count])
            elif column.kind is not Kind.TEXT:
                levels[column.name] = _round_values(column, _numbers(column, cells), min_count)
        return cls(template, columns, levels)

    def __call__(self, rows: pd.DataFrame) -> list[str]:
        """The prompt of each row."""
        told = {column.name: self._words(column, rows[column.name]) for column in self.columns}
        return [self._prompt({name: words[i] for name, words in told.items()}) for i in range(len(rows))]

    def _prompt(self, words: Mapping[str, str | None]) -> str:
        if self.template:
            return _FIELD.sub(lambda found: words[found[1]] or UNKNOWN, self.template)
        return ", ".join(f"{name}: {word}" for name, word in words.items() if word) or NO_WORDS

    def _words(self, column: Column, cells: pd.Series[Any]) -> list[str | None]:
        if column.kind is Kind.TEXT:
            return [" ".join(str(cell).split()) if pd.notna(cell) else None for cell in cells]
        known = self.levels[column.name]
        if _is_named(column):
            among = set(known)
            return [str(cell) if pd.notna(cell) and str(cell) in among else None for cell in cells]
        values, marks = _numbers(column, cells), np.asarray(known, np.float64)
        if not len(marks):
            return [None] * len(cells)
        nearest = marks[np.abs(np.nan_to_num(values)[:, None] - marks[None, :]).argmin(1)]
        return [f"{mark:.10g}" if np.isfinite(value) else None for mark, value in zip(nearest, values, strict=True)]

    def to_json(self) -> dict[str, Any]:
        return {
            "template": self.template,
            "columns": Schema(self.columns).to_json(),
            "levels": {name: list(values) for name, values in self.levels.items()},
        }

    @classmethod
    def restore(cls, values: Mapping[str, Any]) -> Self:
        """What `to_json` came from."""
        return cls(values["template"], Schema.from_json(values["columns"]).columns, values["levels"])


def tellable(schema: Schema) -> list[Column]:
    """Columns that can stand in a prompt: those that are modelled, and texts."""
    return [c for c in schema if (c.is_modelled or c.kind is Kind.TEXT) and c.kind is not Kind.IMAGE]


def check_template(template: Any, schema: Schema) -> None:
    """ConfigError if a prompt is no text, or names columns that cannot stand in it."""
    if not isinstance(template, str):
        raise ConfigError(f"prompt={template!r} must be a text, with names of columns in braces.")
    known = [c.name for c in tellable(schema)]
    for name in _FIELD.findall(template):
        if name not in known:
            raise ConfigError(
                f"prompt={template!r} names {{{name}}}, and there is no such column that can be told.{did_you_mean(name, known)} "
                f"Allowed are {', '.join(known) or 'none'}."
            )


def _is_named(column: Column) -> bool:
    return column.kind in (Kind.CATEGORICAL, Kind.BOOLEAN)


def _numbers(column: Column, cells: pd.Series[Any]) -> NDArray[np.float64]:
    """Numbers as they are, dates as years."""
    values = to_float(column, cells, 1)
    if column.kind is Kind.NUMERIC:
        return values
    return np.floor(values / YEAR) + EPOCH_YEAR if column.kind is Kind.DATETIME else values / 1e9


def _spread(values: NDArray[np.float64]) -> float:
    """The standard deviation of a normal distribution with the same quartiles."""
    if not len(values):
        return 0.0
    low, high = np.quantile(values, [0.25, 0.75])
    return float(high - low) / 1.349


def _round_values(column: Column, values: NDArray[np.float64], min_count: int) -> list[float]:
    """Round values about half a standard deviation apart or nearer, each of at least `min_count` rows."""
    known = values[np.isfinite(values)]
    if not len(known):
        return []
    spread = _spread(known) or _spread(known[known != np.median(known)])
    step = 10.0 ** np.floor(np.log10(spread / 2)) if spread > 0 else max(abs(float(np.median(known))), 1.0)
    marks, counts = np.unique((known / step).round(), return_counts=True)
    return [float(f"{mark * step:.10g}") for mark in marks[counts >= min_count]]
