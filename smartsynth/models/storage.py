"""Cells as they are stored ⇄ floats on a grid, for numbers, dates, times and durations.

A date-time is counted in its natural unit (whole days, hours, … nanoseconds, the largest that all cells are multiples
of) since 1970 in local wall time, so that time zones come back and midnight stays midnight. Text with offsets from UTC
is counted in UTC, and written in it.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.moments import moments as moments_of
from smartsynth.schema import Column, Kind

UNITS = (86_400_000_000_000, 3_600_000_000_000, 60_000_000_000, 1_000_000_000, 1_000_000, 1_000, 1)
"""Nanoseconds of a day, hour, minute, second, millisecond, microsecond, nanosecond."""
NANOSECONDS_REACH = (-9_223_372_036_854_775, 9_223_372_036_854_775)
DATES_REACH = (-62_135_596_800_000_000, 253_402_300_799_999_999)
"""Microseconds since 1970 that nanoseconds can count, and those of the years 1 to 9999."""


def natural_unit(column: Column, series: pd.Series[Any]) -> int:
    """Nanoseconds of the largest unit that all cells are whole multiples of; 1 for numbers."""
    if column.kind is Kind.NUMERIC:
        return 1
    ticks, size = _ticks(column, series.dropna())
    return next(unit for unit in UNITS if unit <= size or not np.any(ticks % (unit // size)))


def unit_of(column: Column, series: pd.Series[Any]) -> int:
    """The natural unit of cells; that of the column alone where there are no rows, as within a budget of differential privacy."""
    return natural_unit(column, series) if len(series) else told_unit(column)


def told_unit(column: Column) -> int:
    """Nanoseconds of a step of dates and durations, by the schema: a day unless the format or dtype tells a time; 1 for numbers."""
    if column.kind is Kind.NUMERIC:
        return 1
    if column.dtype == "date" or (column.format is not None and not any(f in column.format for f in ("%H", "%I", "T"))):
        return UNITS[0]
    return UNITS[3]


def to_float(column: Column, series: pd.Series[Any], unit: int) -> NDArray[np.float64]:
    """Cells as floats in units, NaN for missing (and for infinite) ones."""
    if column.kind is Kind.NUMERIC:
        values = pd.to_numeric(series.astype(object) if column.dtype == "decimal" else series)
        values = values.astype("Float64") if pd.api.types.is_extension_array_dtype(values.dtype) else values
        floats: NDArray[np.float64] = np.array(values.to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)
        floats[~np.isfinite(floats)] = np.nan
        return floats
    known = series.notna().to_numpy()
    floats = np.full(len(series), np.nan)
    ticks, size = _ticks(column, series[known])
    floats[known] = ticks // (unit // size) if unit >= size else ticks * float(size // unit)
    return floats


def _ticks(column: Column, known: pd.Series[Any]) -> tuple[NDArray[np.int64], int]:
    """Ticks since 1970 (wall time) or of duration of cells that are not missing, and the nanoseconds of a tick.

    Nanoseconds reach from 1677 to 2262; what is stored more coarsely is counted in microseconds, which reach far beyond.
    """
    if column.kind is Kind.DURATION:
        if column.dtype == "time":
            known = pd.Series([_span(cell) for cell in known], dtype="timedelta64[us]")
        spans = pd.to_timedelta(known)
        return _counted(spans, "timedelta64")
    if pd.api.types.is_datetime64_any_dtype(known.dtype):
        moments = known
    else:
        found = moments_of(known, column.format)
        if found is None:
            raise ValueError("some cells are no dates")
        moments = found
    if moments.dt.tz is not None:
        moments = moments.dt.tz_localize(None)
    return _counted(moments, "datetime64")


def _counted(cells: pd.Series[Any], kind: str) -> tuple[NDArray[np.int64], int]:
    unit, size = ("ns", 1) if str(cells.dtype).endswith("[ns]") else ("us", 1_000)
    dtype: Any = f"{kind}[{unit}]"
    return np.asarray(cells.astype(dtype).astype("int64")), size


def from_float(column: Column, numbers: NDArray[np.float64], unit: int) -> pd.Series[Any]:
    """Cells in their stored form from floats in units."""
    if column.kind is Kind.NUMERIC:
        return _numbers(column, numbers)
    missing = np.isnan(numbers)
    if column.kind is Kind.DURATION:
        if column.dtype == "time":
            nanoseconds = np.where(missing, 0, np.round(numbers)).astype(np.int64) * unit
            return restore(column, _objects([_time(int(t)) for t in nanoseconds], missing))
        ticks, size = _whole_ticks(column, numbers, unit)
        spans = pd.Series(ticks.astype(f"timedelta64[{size}]")).mask(missing)
        dtype: Any = column.dtype
        return spans.astype(dtype if column.dtype.startswith("timedelta") else object)
    ticks, size = _whole_ticks(column, numbers, unit)
    return _moments(column, pd.Series(ticks.astype(f"datetime64[{size}]")).mask(missing), missing)


def _whole_ticks(column: Column, numbers: NDArray[np.float64], unit: int) -> tuple[NDArray[np.int64], str]:
    """Whole ticks of floats in units, 0 for missing ones, and what a tick is; within what the column's dtype can hold."""
    whole = np.where(np.isnan(numbers), 0, np.round(numbers))
    low, high = NANOSECONDS_REACH
    if unit % 1_000 and np.all(np.abs(whole) * unit < high * 1e3):
        return whole.astype(np.int64) * unit, "ns"
    if not column.dtype.startswith(("datetime64[ns", "timedelta64[ns")):
        low, high = DATES_REACH
    if unit % 1_000:
        return np.clip(np.round(whole * (unit / 1_000)), low, high).astype(np.int64), "us"
    step = unit // 1_000
    return np.clip(whole, np.ceil(low / step), np.floor(high / step)).astype(np.int64) * step, "us"


def _moments(column: Column, moments: pd.Series[Any], missing: NDArray[np.bool_]) -> pd.Series[Any]:
    if column.dtype == "date":
        return restore(column, _objects(list(moments.dt.date), missing))
    zone = column.dtype.partition(", ")[2].rstrip("]") if column.dtype.startswith("datetime64[") else ""
    if zone:
        # An hour that a clock change repeats is taken as summer time; one that it skips moves forward.
        doubtful = np.ones(len(moments), dtype=bool)
        moments = moments.dt.tz_localize(zone, ambiguous=doubtful, nonexistent="shift_forward")
    if column.dtype.startswith("datetime64"):
        dtype: Any = column.dtype
        return moments.astype(dtype)
    if column.format is not None:
        form = column.format.replace("%z", "+00:00")
        return restore(column, _objects(list(moments.dt.strftime(form)), missing))
    return moments.astype(object)


def _numbers(column: Column, numbers: NDArray[np.float64]) -> pd.Series[Any]:
    missing = np.isnan(numbers)
    if column.dtype == "decimal":
        made = [Decimal(f"{x:.{column.decimals or 0}f}") if np.isfinite(x) else None for x in numbers]
        return restore(column, _objects(made, missing))
    if column.decimals == 0 and not column.dtype.lower().startswith("float"):
        whole = np.where(missing, 0, np.round(numbers))
        info = (
            np.iinfo(column.dtype.lower()) if column.dtype.lower().startswith(("int", "uint")) else np.iinfo(np.int64)
        )
        most = float(info.max)
        most = most if int(most) == info.max else np.nextafter(most, 0)  # 2⁶³ is a float, but no int64
        whole = np.clip(whole, float(info.min), most).astype(info.dtype)
        if missing.any():
            return restore(column, _objects([int(x) for x in whole], missing))
        return restore(column, whole)
    if missing.any() and column.dtype == "object":
        return restore(column, _objects([float(x) for x in numbers], missing))
    return restore(column, numbers)


def restore(column: Column, values: NDArray[Any]) -> pd.Series[Any]:
    """Values as a series of the column's dtype; None becomes that dtype's missing cell."""
    if column.dtype in ("date", "time", "decimal", "object"):
        return pd.Series(values.astype(object), dtype=object)
    series: Any = pd.Series(values)
    if column.dtype in ("bool", "boolean") and series.dtype == object:
        series = series.astype("boolean")
    if column.dtype.startswith("float") and series.dtype == object:
        series = series.astype("Float64").astype(column.dtype)
    restored: pd.Series[Any] = series.astype(column.dtype)
    return restored


def _objects(values: list[Any], missing: NDArray[np.bool_]) -> NDArray[Any]:
    out = np.empty(len(values), dtype=object)
    out[:] = values
    out[missing] = None
    return out


def _span(time: dt.time) -> dt.timedelta:
    return dt.datetime.combine(dt.date.min, time) - dt.datetime.min


def _time(nanoseconds: int) -> dt.time:
    return (dt.datetime(1970, 1, 1) + dt.timedelta(microseconds=nanoseconds // 1000)).time()
