"""Give one table the columns, order and dtypes of another: a holdout or a synthetic file read beside a real one.

Two files of the same table can be read with different dtypes (a column of codes without a leading zero in one of them,
a whole-number column with decimal points). What can be read as the schema's dtype is converted; the rest is reported,
every problem at once, as counts and row numbers and never as cell values.
"""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pandas as pd

from smartsynth.errors import DataError, Problem, did_you_mean
from smartsynth.schema import Column, Kind, Schema  # noqa: F401 - Kind is for the doctest

_WORDS = {"true": True, "yes": True, "1": True, "1.0": True, "t": True, "y": True} | {
    "false": False, "no": False, "0": False, "0.0": False, "f": False, "n": False
}  # fmt: skip


def align(frame: pd.DataFrame, schema: Schema, *, what: str) -> pd.DataFrame:
    """The columns of the schema, in its order and with its dtypes.

    A dtype that cannot hold missing cells becomes its nullable twin where there are some.

    Args:
        frame: Rows of the same table, read on their own. Never changed.
        schema: Columns to give back; columns of `frame` beyond these are a problem.
        what: Name of `frame` in messages, such as `"holdout"`.

    Raises:
        DataError: A column is missing or unknown, or has cells that cannot be read as the schema's dtype.

    >>> schema = Schema((Column("age", Kind.NUMERIC, "int64"),))
    >>> align(pd.DataFrame({"age": ["31", "4"]}), schema, what="holdout")["age"].dtype
    dtype('int64')
    """
    problems = _name_problems(frame, schema, what)
    converted: dict[str, pd.Series[Any]] = {}
    for column in schema:
        if column.name not in frame.columns:
            continue
        before = frame[column.name]
        after = as_column(before, column)
        lost = np.flatnonzero(after.isna().to_numpy() & before.notna().to_numpy())
        if len(lost):
            problems.append(
                Problem(
                    f"{len(lost)} cells of the {what} data, the first in data row {lost[0] + 1}, cannot be read as "
                    f"{column.dtype}.",
                    column=column.name,
                    fix="Write this column as in the real data.",
                )
            )
        converted[column.name] = after
    if problems:
        raise DataError(problems)
    return pd.DataFrame(converted, index=frame.index)


def _name_problems(frame: pd.DataFrame, schema: Schema, what: str) -> list[Problem]:
    names = [str(name) for name in frame.columns]
    lost = [name for name in schema.names if name not in frame.columns]
    surplus = [name for name in names if name not in schema]
    problems = [Problem(f"is missing from the {what} data.{did_you_mean(name, surplus)}", column=name) for name in lost]
    return problems + [
        Problem(f"is in the {what} data but not in the real data.", column=name, fix="Remove it.") for name in surplus
    ]


def as_column(values: pd.Series[Any], column: Column) -> pd.Series[Any]:
    """The cells as the column's dtype; cells that cannot be read become missing."""
    if str(values.dtype) == column.dtype:
        return values
    if column.dtype in _OBJECTS:
        return _objects(values, _OBJECTS[column.dtype])
    dtype: Any = pd.api.types.pandas_dtype(column.dtype)
    if dtype.kind == "M":
        return _datetimes(values, dtype)
    if dtype.kind == "m":
        return pd.to_timedelta(values, errors="coerce").astype(dtype)
    if dtype.kind == "b":
        flags = pd.Series([_WORDS.get(_plain(cell)) for cell in values], values.index, dtype="boolean")
        return flags if flags.hasnans else flags.astype(dtype)
    if dtype.kind in "iuf":
        return _numbers(values, dtype)
    return _texts(values, dtype)


def is_truth(cell: object) -> bool:
    """Whether a cell can be read as true or false."""
    return _plain(cell) in _WORDS


def _plain(cell: object) -> str:
    return str(cell).strip().lower()


def _numbers(values: pd.Series[Any], dtype: Any) -> pd.Series[Any]:
    numbers: pd.Series[Any] = pd.to_numeric(values, errors="coerce")
    if dtype.kind == "f":
        return numbers.astype(dtype)
    if numbers.dtype.kind == "f":
        numbers = numbers.where(numbers % 1 == 0)
    if numbers.isna().any():
        return numbers.astype(cast("Any", dtype.name.replace("int", "Int").replace("u", "U")))
    return numbers.astype(dtype)


def _datetimes(values: pd.Series[Any], dtype: Any) -> pd.Series[Any]:
    zone = getattr(dtype, "tz", None)
    times = pd.to_datetime(values, errors="coerce", utc=True, format=None if values.dtype.kind == "M" else "ISO8601")
    return (times.dt.tz_convert(zone) if zone is not None else times.dt.tz_localize(None)).astype(dtype)


def _texts(values: pd.Series[Any], dtype: Any) -> pd.Series[Any]:
    if dtype.name == "category":
        return values.astype("category")
    if values.dtype.kind == "f" and bool((values.dropna() % 1 == 0).all()):
        values = values.astype("Int64")
    texts = values.astype(object).map(lambda cell: cell if isinstance(cell, str) else str(cell), na_action="ignore")
    return texts.where(texts.notna(), cast("Any", np.nan)).astype(dtype)


def _objects(values: pd.Series[Any], read: Callable[[str], object]) -> pd.Series[Any]:
    def cell(value: object) -> object:
        try:
            return read(str(value))
        except (ValueError, decimal.InvalidOperation):
            return None

    return values.map(cast("Any", cell), na_action="ignore").astype(object)


_OBJECTS: dict[str, Callable[[str], object]] = {
    "date": lambda text: datetime.datetime.fromisoformat(text).date(),
    "time": datetime.time.fromisoformat,
    "decimal": decimal.Decimal,
}
