"""Frames as matrices that measures can work on: numbers as floats, categories as codes shared by all frames.

Dates are seconds since 1970, durations seconds; a missing number is NaN, a missing category a code of its own.
Identifiers, free text and constants are left out: they are made anew and say nothing about likeness.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.privacy.neighbours import to_numbers
from smartsynth.schema import Kind, Schema


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one frame.

    Args:
        numbers: rows × numeric columns, NaN for missing.
        codes: rows × categorical columns, 0 … levels - 1.
    """

    numbers: NDArray[np.float64]
    codes: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.numbers)

    def take(self, index: NDArray[np.int64]) -> Rows:
        return Rows(self.numbers[index], self.codes[index])


@dataclass(frozen=True, slots=True)
class Layout:
    """What the columns of Rows are.

    Args:
        numeric, categorical: Column names.
        levels: Names of the levels of each categorical column, by code; a missing cell is "(missing)".
    """

    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    levels: tuple[tuple[str, ...], ...]


def prepared(frames: Sequence[pd.DataFrame], schema: Schema) -> tuple[Layout, list[Rows]]:
    """The frames' modelled columns with one coding for all of them."""
    modelled = [column for column in schema if column.is_modelled]
    names = tuple(c.name for c in modelled if c.kind not in (Kind.CATEGORICAL, Kind.BOOLEAN))
    categories = tuple(c.name for c in modelled if c.kind in (Kind.CATEGORICAL, Kind.BOOLEAN))
    numbers = []
    for frame in frames:
        columns = [to_numbers(frame[name], schema[name]) for name in names]
        values = np.stack(columns, axis=1) if columns else np.zeros((len(frame), 0))
        numbers.append(np.where(np.isfinite(values), values, np.nan))
    codes = [np.zeros((len(frame), len(categories)), dtype=np.int64) for frame in frames]
    levels = []
    bounds = np.cumsum([0, *map(len, frames)])
    for j, name in enumerate(categories):
        texts = pd.concat([_texts(frame[name]) for frame in frames], ignore_index=True)
        found, names_of = pd.factorize(texts, sort=True)
        levels.append(tuple(str(level) for level in names_of))
        for i in range(len(frames)):
            codes[i][:, j] = found[bounds[i] : bounds[i + 1]]
    rows = [Rows(n, c) for n, c in zip(numbers, codes, strict=True)]
    return Layout(names, categories, tuple(levels)), rows


def _texts(cells: pd.Series) -> pd.Series:
    texts: pd.Series = cells.astype(object).where(cells.notna(), "(missing)").map(_text)
    return texts


def _text(cell: object) -> str:
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def sampled(rows: Rows, n: int, rng: np.random.Generator) -> Rows:
    """At most `n` of the rows, in random order: tables are often sorted, and measures look at the first rows alone."""
    return rows.take(rng.permutation(len(rows))[:n])


def filled(numbers: NDArray[np.float64], by: NDArray[np.float64]) -> NDArray[np.float64]:
    """The numbers with missing ones replaced by the median of `by`, column by column."""
    if numbers.shape[1] == 0:
        return numbers
    has = ~np.isnan(by).all(0)
    medians = np.zeros(by.shape[1])
    medians[has] = np.nanmedian(by[:, has], axis=0)
    return np.where(np.isnan(numbers), medians, numbers)


def as_text(cells: pd.Series[Any]) -> pd.Series[Any]:
    """Cells as text to compare them by, whatever their dtype: 1, 1.0 and True stay three values; missing stays missing."""
    return cells.astype(object).where(cells.notna(), None).map(str, na_action="ignore")


def same_mix(texts: NDArray[Any], values: Sequence[str], rng: np.random.Generator) -> NDArray[np.int64]:
    """Places of rows in which the values are as frequent as one another: all of the rarest, as many of the others."""
    places = [np.flatnonzero(texts == value) for value in values]
    n = min(map(len, places))
    return np.sort(np.concatenate([rng.permutation(place)[:n] for place in places]))
