"""What a template may know of real columns: quantiles and shares of enough rows, from data or from a profile of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from smartsynth.errors import ConfigError
from smartsynth.privacy.neighbours import to_numbers
from smartsynth.schema import Column, Kind, Schema
from smartsynth.templates.cells import Floats

MIN_ROWS = 5
"""Fewest rows that a quantile or a share is of."""
FEWEST = 3 * MIN_ROWS
"""Fewest numbers of which there are quantiles."""
LEVELS = 201
"""Most quantiles."""


@dataclass(frozen=True, slots=True)
class Real:
    """What is known of a real column.

    Args:
        name: As the data have it.
        numeric: Whether it holds numbers.
        quantiles: Evenly spaced, of numbers; each is a mean of several rows.
        shares: Of categories that enough rows hold; those of the others are missing from the sum.
        decimals: Places of numbers.
        cells: The numbers or texts themselves, to measure distances; None if only a profile is known.
    """

    name: str
    numeric: bool
    quantiles: tuple[float, ...] = ()
    shares: Mapping[str, float] | None = None
    decimals: int | None = None
    cells: Any = None


def columns_of(frame: pd.DataFrame, schema: Schema) -> list[Real]:
    """What a template may know of real columns."""
    return [_real(column, frame[column.name]) for column in schema]


def _real(column: Column, cells: pd.Series[Any]) -> Real:
    if column.kind is Kind.NUMERIC:
        values = to_numbers(cells, column)
        values = np.sort(values[np.isfinite(values)])
        return Real(column.name, True, _quantiles(values), decimals=column.decimals, cells=values)
    known = cells.dropna()
    texts = known.map(lambda cell: str(cell).lower() if isinstance(cell, bool | np.bool_) else str(cell)).to_numpy(
        object
    )
    shares = None
    if column.kind in (Kind.CATEGORICAL, Kind.BOOLEAN):
        counts = pd.Series(texts).value_counts()
        shares = {str(level): float(count / len(texts)) for level, count in counts[counts >= MIN_ROWS].items()}
    return Real(column.name, False, shares=shares, cells=texts)


def _quantiles(values: Floats) -> tuple[float, ...]:
    """Quantiles of sorted numbers, each the mean of MIN_ROWS neighbours; none if there are too few.

    What fewer than MIN_ROWS rows reach is cut down before, so that no mean tells of them, however far out they are.
    """
    if len(values) < FEWEST:
        return ()
    values = np.clip(values, -_reached(-values[::-1]), _reached(values))
    means = np.convolve(values, np.ones(MIN_ROWS) / MIN_ROWS, "valid")
    means = np.where(
        values[MIN_ROWS - 1 :] == values[: len(means)], values[: len(means)], means
    )  # equal ones stay what they are
    places = np.linspace(0, len(means) - 1, min(LEVELS, len(values) // MIN_ROWS)).round().astype(int)
    return tuple(means[places].tolist())


def _reached(values: Floats) -> float:
    """The upper end of sorted numbers: the highest if MIN_ROWS rows have it, else the mean of as many rows below those that fewer reach."""
    if values[-MIN_ROWS] == values[-1]:
        return float(values[-1])
    return float(values[1 - 2 * MIN_ROWS : 1 - MIN_ROWS].mean())


def is_profile(path: Path) -> bool:
    """Whether a file is what `smartsynth profile --json` writes."""
    if path.suffix != ".json" or not path.is_file():
        return False
    try:
        said = json.loads(path.read_text("utf-8"))
    except ValueError:
        return False
    return isinstance(said, dict) and isinstance(said.get("columns"), list) and "schema" in said


def columns_of_profile(path: Path) -> list[Real]:
    """What a template may know of real columns, from what `smartsynth profile --json` wrote.

    Raises:
        ConfigError: The file holds something else.
    """
    try:
        columns = [_profiled(one) for one in json.loads(path.read_text("utf-8"))["columns"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise ConfigError(
            f"calibrate={str(path)!r} is not a profile. `smartsynth profile DATA --json` writes one."
        ) from None
    return columns


def _profiled(said: Mapping[str, Any]) -> Real:
    if said["kind"] == "numeric":
        edges, shares = np.asarray(said["edges"], float), np.asarray(said["shares"], float)
        if len(edges) < 2:
            return Real(said["name"], True)
        sums = np.concatenate([[0.0], np.cumsum(shares) / shares.sum()])
        levels, whole = np.linspace(0, 1, LEVELS), "discrete" in said["flags"]
        values = np.interp(levels, sums, edges)
        if whole:  # what bins narrower than 1 hold is the whole number below their upper edge
            upper = np.clip(np.searchsorted(sums, levels, side="left"), 1, len(edges) - 1)
            narrow = edges[upper] - np.floor(edges[upper]) < edges[upper] - edges[upper - 1]
            values = np.where(narrow, np.floor(edges[upper]), values)
        return Real(said["name"], True, tuple(values.tolist()), decimals=0 if whole else None)
    common = {
        str(level).lower() if said["kind"] == "boolean" else str(level): float(share) for level, share in said["levels"]
    }
    return Real(said["name"], False, shares=common or None)
