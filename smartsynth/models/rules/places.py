"""A latitude and a longitude: learnt beside the cell of the globe that they lie in, and made within the cell.

The cell is one category more. A pair that a generator makes stays if it lies in the row's cell; one that does not is drawn anew, anywhere in
the cell. Rows outside of all cells that `k` rows, or entities, share are not learnt from (smartsynth/places.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.columns import with_columns
from smartsynth.constraints import Rule
from smartsynth.errors import ConfigError, DataError
from smartsynth.models.rules.step import ColumnsStep, Holders, called, places_of
from smartsynth.models.storage import from_float, to_float
from smartsynth.named_rules import Geographic
from smartsynth.places import Cells, Floats
from smartsynth.schema import Column, Kind, Schema


@dataclass(frozen=True, slots=True)
class PlaceStep(ColumnsStep):
    """Two columns and the cells that they lie in.

    Args:
        columns: Latitude and longitude, as they are stored.
        cells: Where pairs lie.
    """

    columns: tuple[Column, Column]
    cells: Cells

    @classmethod
    def fit(
        cls, rows: pd.DataFrame, schema: Schema, names: tuple[str, ...], *, k: int, holders: Holders | None = None
    ) -> Self:
        """The cells of a table.

        Raises:
            ConfigError: There are no rows to see them in.
            DataError: Fewer than `k` rows, or holders of rows if these are given, are on the globe.
        """
        if not len(rows):
            raise ConfigError(
                f"geographic: where {list(names)} lie is read off the real rows, which differential privacy does not account for. Leave the "
                "rule out."
            )
        columns = (schema[names[0]], schema[names[1]])
        cells = Cells.fit(*_pair(columns, rows), k=k, owners=holders)
        if not cells.codes:
            raise DataError(
                f"Fewer than {k} {called(schema, holders)} have a latitude {names[0]!r} of -90 to 90 and a longitude {names[1]!r} of -180 to 180. "
                "Name the two in this order, or leave the rule out."
            )
        return cls(columns, cells)

    @property
    def name(self) -> str:
        """Of the category that is learnt."""
        return " & ".join(column.name for column in self.columns)

    @property
    def changes(self) -> tuple[str, ...]:
        """Columns that are learnt as something else, or not at all."""
        return ()

    def makes(self, rule: Rule) -> bool:
        """Whether a rule holds because of this step."""
        return isinstance(rule, Geographic) and rule.columns == self.writes

    def learnt(self, rows: pd.DataFrame, schema: Schema) -> tuple[pd.DataFrame, Schema]:
        """The table with one category more, missing in rows that are in no cell."""
        latitude, longitude = _pair(self.columns, rows)
        lost = np.isnan(latitude) | np.isnan(longitude)
        place = self.cells.locate(latitude, longitude)
        codes = np.array([f"cell {self.cells.codes[p]}" for p in place], object)
        codes[place < 0] = None
        category = Column(
            self.name, Kind.CATEGORICAL, "object", nullable=bool(lost.any()), static=all(c.static for c in self.columns)
        )
        return with_columns(rows, {self.name: codes}), Schema((*schema.columns, category), schema.modality)

    def is_learnt(self, rows: pd.DataFrame) -> NDArray[np.bool_]:
        """Which rows of those that `learnt` gave lie in a cell, or have no pair."""
        lost = rows[list(self.writes)].isna().any(axis=1)
        return np.asarray(rows[self.name].notna() | lost, bool)

    def made(self, rows: pd.DataFrame, *, rng: np.random.Generator, start: int) -> pd.DataFrame:
        """The table with every pair in its cell; where no cell is known, a pair of which both are known is missing."""
        place = places_of(rows[self.name], [f"cell {code}" for code in self.cells.codes], rng)
        lost = rows[self.name].isna().to_numpy()
        places = np.array([0 if pd.isna(code) else place[str(code)] for code in rows[self.name]], np.int64)
        pair = [_rounded(column, to_float(column, rows[column.name], 1)) for column in self.columns]
        off = ~lost & (self.cells.locate(*pair) != places)
        both = lost & ~np.isnan(pair[0]) & ~np.isnan(pair[1])
        drawn = self.cells.drawn(places, [column.decimals for column in self.columns], rng)
        made = {
            column.name: from_float(column, np.where(off, new, np.where(both, np.nan, old)), 1).array
            for column, old, new in zip(self.columns, pair, drawn, strict=True)
        }
        return with_columns(rows.drop(columns=self.name), made)

    def to_json(self) -> dict[str, Any]:
        return {"columns": [asdict(column) for column in self.columns], "cells": list(self.cells.codes)}

    @classmethod
    def restore(cls, value: Mapping[str, Any]) -> Self:
        """What `to_json` came from."""
        latitude, longitude = map(Column.from_json, value["columns"])
        return cls((latitude, longitude), Cells(tuple(value["cells"])))


def _pair(columns: tuple[Column, Column], rows: pd.DataFrame) -> tuple[Floats, Floats]:
    latitude, longitude = (to_float(column, rows[column.name], 1) for column in columns)
    return latitude, longitude


def _rounded(column: Column, values: Floats) -> Floats:
    return values if column.decimals is None else np.round(values, column.decimals)
