"""Columns of a table set anew, whatever they are called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd


def with_columns(frame: pd.DataFrame, cells: Mapping[str, Any]) -> pd.DataFrame:
    """A copy of the table with some columns set, new ones at its end; `DataFrame.assign` cannot set one called `self`.

    Args:
        frame: The table; it stays as it is.
        cells: What each column holds.
    """
    whole = frame.copy(deep=False)  # a column that is set is a new one, so that the cells of the others can be shared
    for name, values in cells.items():
        whole[name] = values
    return whole
