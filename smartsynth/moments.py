"""Text and Python's dates → moments, also of years that pandas cannot count in nanoseconds (before 1678, after 2261)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd


def moments(cells: pd.Series[Any], form: str | None = None) -> pd.Series[Any] | None:
    """The moments of cells that are not missing, in UTC if the form has an offset; None unless all of them are moments.

    Args:
        cells: Text, or Python's dates and times.
        form: What text follows, as for `strftime`; None for Python's dates and times.

    >>> moments(pd.Series(["1600-01-01", "2300-05-06"]), "%Y-%m-%d").dt.year.tolist()
    [1600, 2300]
    """
    found: Any = _counted_finely(cells, form)
    if found is not None:
        return found  # type: ignore[no-any-return]
    try:
        counted = [_moment(cell, form) for cell in cells]
    except (TypeError, ValueError, OverflowError):
        return None
    return pd.Series(np.array(counted, dtype="datetime64[us]"), index=cells.index)


def read_moments(cells: pd.Series[Any], form: str | None) -> pd.Series[Any]:
    """The moments of texts, in UTC; missing where a cell is missing or no moment.

    >>> read_moments(pd.Series(["1600-01-01", None]), "%Y-%m-%d").isna().tolist()
    [False, True]
    """
    found: Any = pd.to_datetime(cells, format=form or "ISO8601", errors="coerce", utc=True)
    if form is not None and (found.isna() & cells.notna()).any():
        every: Any = moments(cells.dropna().astype(str), form)
        if every is not None:
            return every.reindex(cells.index).dt.tz_localize("UTC")  # type: ignore[no-any-return]
    return found  # type: ignore[no-any-return]


def _counted_finely(cells: pd.Series[Any], form: str | None) -> pd.Series[Any] | None:
    zoned = form is not None and "%z" in form
    try:
        found: Any = pd.to_datetime(cells, format=form, errors="coerce", utc=zoned)
    except (TypeError, ValueError):
        return None
    if not pd.api.types.is_datetime64_any_dtype(found.dtype) or found.isna().any():
        return None
    if found.dt.tz is not None and zoned:
        found = found.dt.tz_localize(None)
    return found  # type: ignore[no-any-return]


def _moment(cell: Any, form: str | None) -> dt.datetime:
    """A moment without a zone, of wall time, or of UTC if the text has an offset."""
    if form is not None:
        moment = dt.datetime.strptime(str(cell), form)
        return moment.astimezone(dt.UTC).replace(tzinfo=None) if "%z" in form else moment
    if isinstance(cell, dt.datetime):
        return cell.replace(tzinfo=None)
    return dt.datetime.combine(cell, dt.time())
