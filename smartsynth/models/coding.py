"""Table ⇄ small integer codes, columns × rows: what forests and density ratios learn from.

    table ──encoding──▶ numbers and categories ──grid, groups──▶ codes        fit, codes, known_codes
    codes ──grid, groups──▶ values inside bins and groups ──encoding──▶ table   values, table

A code stands for a bin of a number (grid.py), a category, or a group of very many categories (groups.py). No value that
fewer than `min_count` rows share is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.models.autoregression import CodeColumn, Codes, likeness
from smartsynth.models.encoding import Codec, TableEncoder, once
from smartsynth.models.grid import NumericGrid
from smartsynth.models.groups import MOST_CODES, Groups
from smartsynth.schema import Schema


class Inside(NamedTuple):
    """What lies inside each column's codes: a grid, groups, or neither (a code is a category)."""

    grids: Sequence[NumericGrid | None]
    groups: Sequence[Groups | None]


class Coding:
    """Codes of a table's modelled columns.

    Args:
        encoder: Encodes columns and makes whole tables.
        inside: What lies inside the codes of each column.
        columns: What a model must know of each column.
    """

    def __init__(self, encoder: TableEncoder, inside: Inside, columns: Sequence[CodeColumn]) -> None:
        self.encoder = encoder
        self.inside = inside
        self.columns = list(columns)

    @classmethod
    def fit(
        cls,
        data: pd.DataFrame,
        schema: Schema,
        *,
        n_bins: int,
        min_count: int,
        rng: np.random.Generator,
        holders: NDArray[np.int64] | None = None,
    ) -> tuple[Self, Codes]:
        """The coding of a table, and the table's codes.

        Args:
            data: Real rows.
            schema: Their columns.
            n_bins: Bins of a numeric column, besides its heavy values.
            min_count: A value held by fewer rows is not kept.
            rng: Picks what stands for rare values.
            holders: Whose each row is: a value is then as rare as the number of those who hold it.

        Raises:
            DataError: Cells that are not what the schema says.
        """
        encoder = TableEncoder.fit(data, schema, min_count=min_count, rng=rng, holders=holders)
        values = encoder.encode(data)
        grids = [
            None if codec.is_categorical else grid_of(v, holders, n_bins=n_bins, min_count=min_count)
            for codec, v in zip(encoder.codecs, values, strict=True)
        ]
        codes, groups = _codes(values, grids, [codec.n_levels for codec in encoder.codecs])
        columns = [_column(*parts) for parts in zip(encoder.codecs, grids, groups, strict=True)]
        return cls(encoder, Inside(grids, groups), columns), codes

    @property
    def codecs(self) -> tuple[Codec, ...]:
        return self.encoder.codecs

    def codes(self, data: pd.DataFrame) -> Codes:
        """Columns × rows of codes of a whole table."""
        rows = [self._code(i, data[codec.name]) for i, codec in enumerate(self.codecs)]
        return np.array(rows, np.uint16).reshape(len(rows), len(data))

    def order(self, codes: Codes) -> list[int]:
        """Categories before numbers, few codes before many: later columns then have sharp features to hold on to."""
        distinct = [len(np.unique(column)) for column in codes]
        return sorted(range(len(codes)), key=lambda i: (self.columns[i].ordered, distinct[i]))

    def known_codes(self, data: pd.DataFrame) -> NDArray[np.int32]:
        """Columns × rows of codes, -1 for cells that are missing or hold a value that is not kept."""
        rows = [
            np.where(codec.knows(data[codec.name]), self._code(i, data[codec.name]).astype(np.int32), -1)
            for i, codec in enumerate(self.codecs)
        ]
        return np.array(rows, np.int32).reshape(len(rows), len(data))

    def _code(self, i: int, series: pd.Series[Any]) -> NDArray[Any]:
        return self.code(i, self.codecs[i].encode(series))

    def code(self, i: int, values: NDArray[Any]) -> NDArray[Any]:
        """Codes of encoded values of column i."""
        grid, groups = self.inside.grids[i], self.inside.groups[i]
        if grid is not None:
            return grid.encode(values)
        return values if groups is None else groups.of_code[values]

    def values(
        self, codes: Codes, rngs: Sequence[np.random.Generator], n: int, inside: Inside | None = None
    ) -> list[NDArray[Any]]:
        """Values inside the codes, column by column; `n` rows for each generator of random numbers.

        Args:
            codes: Columns × rows.
            rngs: One for each block of `n` rows.
            n: Rows of a block.
            inside: Parts of the bins and groups to stay in; the whole of them if not given.
        """
        values: list[NDArray[Any]] = []
        for code, grid, groups in zip(codes, *(inside or self.inside), strict=True):
            if grid is None and groups is None:
                values.append(code)
                continue
            uniform = np.concatenate([rng.random(n) for rng in rngs])
            values.append(grid.decode(code.astype(np.int64), uniform) if grid else groups.draw(code, uniform))  # type: ignore[union-attr]
        return values

    def to_json(self) -> dict[str, Any]:
        """What is not an array, as plain JSON types."""
        return {
            "encoder": self.encoder.to_json(),
            "columns": [[c.n_codes, c.ordered, c.missing_code] for c in self.columns],
        }

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What is an array, by name."""
        arrays: dict[str, NDArray[Any]] = {}
        for name, parts in self.inside._asdict().items():
            for i, one in enumerate(parts):
                if one is not None:
                    arrays |= {f"{name}{i}.{key}": array for key, array in one.arrays().items()}
        return arrays

    @classmethod
    def restore(cls, values: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The coding that `to_json` and `arrays` came from."""
        columns = [CodeColumn(*column) for column in values["columns"]]
        grids = [
            NumericGrid.from_arrays(under(arrays, f"grids{i}."), nullable=column.missing_code is not None)
            if column.ordered
            else None
            for i, column in enumerate(columns)
        ]
        groups = [
            Groups.from_arrays(found) if (found := under(arrays, f"groups{i}.")) else None for i in range(len(columns))
        ]
        return cls(TableEncoder.from_json(values["encoder"]), Inside(grids, groups), columns)


def grid_of(
    values: NDArray[np.float64], holders: NDArray[np.int64] | None, *, n_bins: int, min_count: int
) -> NumericGrid:
    """The grid of numbers, each counted once per holder if there are holders."""
    if holders is not None:
        values = values[once(values, holders)]
    return NumericGrid.fit(values, n_bins=n_bins, min_count=min_count)


def under(arrays: Mapping[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    """The arrays whose names begin with `prefix`, without it."""
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def _column(codec: Codec, grid: NumericGrid | None, groups: Groups | None) -> CodeColumn:
    if grid is not None:
        return CodeColumn(grid.n_bins, ordered=True, missing_code=grid.n_bins - 1 if grid.nullable else None)
    return CodeColumn(codec.n_levels if groups is None else groups.n_groups, ordered=False)


def _codes(
    values: list[NDArray[Any]], grids: list[NumericGrid | None], n_levels: list[int]
) -> tuple[Codes, list[Groups | None]]:
    """Columns × rows of codes, and the groups of columns with very many categories."""
    columns = [v if grid is None else grid.encode(v) for v, grid in zip(values, grids, strict=True)]
    groups: list[Groups | None] = [None] * len(columns)
    few = np.array(
        [c for c, grid, n in zip(columns, grids, n_levels, strict=True) if grid is not None or n <= MOST_CODES]
    )
    for i, (grid, n) in enumerate(zip(grids, n_levels, strict=True)):
        if grid is None and n > MOST_CODES:
            counts = np.bincount(columns[i], minlength=n).astype(float)
            groups[i] = Groups.fit(columns[i], n, likeness(counts, few, columns[i]))
            columns[i] = groups[i].of_code[columns[i]]  # type: ignore[union-attr]
    return np.array(columns, dtype=np.uint16) if columns else np.zeros((0, 0), np.uint16), groups
