"""From a frame to its Schema: how each column is stored and how it is modelled."""

from __future__ import annotations

import pandas as pd
from pandas.api import types

from smartsynth.schema import Column, Kind, Schema


def infer_schema(data: pd.DataFrame) -> Schema:
    """The schema of a frame: dtype, kind, role and meaning of every column."""
    return Schema(tuple(_infer_column(str(name), data.iloc[:, i]) for i, name in enumerate(data.columns)))


def _infer_column(name: str, cells: pd.Series) -> Column:
    known = cells.dropna()
    nullable = len(known) < len(cells)
    kind = Kind.CATEGORICAL
    if known.nunique() <= 1:
        kind = Kind.CONSTANT
    elif types.is_bool_dtype(cells.dtype):
        kind = Kind.BOOLEAN
    elif types.is_numeric_dtype(cells.dtype):
        kind = Kind.NUMERIC
    elif types.is_datetime64_any_dtype(cells.dtype):
        kind = Kind.DATETIME
    return Column(name, kind, str(cells.dtype), nullable=nullable)
