"""What all rows of a table look like when only a draw of them fits into memory: one pass, and a few kilobytes a column.

    missing     exact
    distinct    HyperLogLog: within 3 % in 95 % of the cases (Flajolet et al. 2007)
    quantiles   KLL: ranks within 0.5 % of the rows in 99 % of the cases (Karnin, Lang & Liberty 2016)

The sketches are those of Apache DataSketches. No extreme and no category leaves them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from datasketches import hll_sketch, kll_doubles_sketch

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
LOG_REGISTERS = 12
KLL_K = 600


@dataclass(frozen=True, slots=True)
class WholeColumn:
    """One column of all rows.

    Args:
        name: Its name.
        missing: Cells that are missing.
        distinct: About how many values it has.
        quantiles: Numbers at the shares QUANTILES; moments in seconds since 1970; empty for other columns.
    """

    name: str
    missing: int
    distinct: float
    quantiles: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Whole:
    """All rows of a table of which a draw was read.

    Args:
        rows: How many there are.
        columns: What each column looks like.
    """

    rows: int
    columns: tuple[WholeColumn, ...]


class Sketcher:
    """Looks at a table batch by batch."""

    def __init__(self) -> None:
        self._rows = 0
        self._columns: dict[str, _ColumnSketch] = {}

    def add(self, batch: pd.DataFrame) -> None:
        """Further rows; all batches have the same columns."""
        self._rows += len(batch)
        for name in batch:
            self._columns.setdefault(str(name), _ColumnSketch()).add(batch[name])

    def whole(self) -> Whole:
        """What was seen so far."""
        return Whole(self._rows, tuple(sketch.column(name) for name, sketch in self._columns.items()))


class _ColumnSketch:
    def __init__(self) -> None:
        self._missing = 0
        self._values = hll_sketch(LOG_REGISTERS)
        self._numbers = kll_doubles_sketch(KLL_K)

    def add(self, cells: pd.Series[Any]) -> None:
        known = cells.dropna()
        self._missing += len(cells) - len(known)
        for value in pd.unique(known.astype(object) if isinstance(known.dtype, pd.CategoricalDtype) else known):
            self._values.update(str(value))
        numbers = _numbers(known)
        if numbers is not None:
            self._numbers.update(numbers[np.isfinite(numbers)])

    def column(self, name: str) -> WholeColumn:
        found = () if self._numbers.is_empty() else tuple(self._numbers.get_quantiles(list(QUANTILES)))
        return WholeColumn(name, self._missing, float(self._values.get_estimate()), tuple(map(float, found)))


def _numbers(known: pd.Series[Any]) -> np.ndarray[Any, np.dtype[np.float64]] | None:
    """The cells as numbers, if they have a size."""
    if isinstance(known.dtype, pd.CategoricalDtype) or pd.api.types.is_bool_dtype(known.dtype):
        return None
    if pd.api.types.is_datetime64_any_dtype(known.dtype):
        moments = pd.DatetimeIndex(known)
        moments = moments if moments.tz is None else moments.tz_convert("UTC").tz_localize(None)
        return np.asarray(moments.as_unit("ns").asi8 / 1e9, dtype=np.float64)
    if pd.api.types.is_numeric_dtype(known.dtype):
        return known.to_numpy(dtype=np.float64, na_value=np.nan)
    return None
