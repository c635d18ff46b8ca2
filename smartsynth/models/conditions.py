"""What synthetic rows must be like: conditions on cells, as Python values or as text.

{"income": ">50K"}                    this value
{"education": ["Masters", "PhD"]}     one of these
{"age": (60, None)}                   from 60 on; (18, 65) from 18 to 65, both included
{"age": None}                         missing
"income=>50K", "age>=60", "age<65"    the same as text, as on the command line
'education=["Masters", "PhD"]'        a JSON list is a choice
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.alignment import as_column
from smartsynth.errors import ConfigError
from smartsynth.models.storage import natural_unit, to_float
from smartsynth.schema import Column, Kind, Schema

OPERATORS = (">=", "<=", "!=", "=", ">", "<")


@dataclass(frozen=True, slots=True)
class Condition:
    """What the cells of one column must be: all that is given at once.

    Args:
        column: Name of the column.
        values: One of these; None leaves it open. None among them stands for a missing cell.
        excluded: None of these.
        low, high: Bounds of a number, date or duration; None leaves an end open.
        low_open, high_open: Whether the bound itself is left out.
    """

    column: str
    values: tuple[Any, ...] | None = None
    excluded: tuple[Any, ...] = ()
    low: Any = None
    high: Any = None
    low_open: bool = False
    high_open: bool = False

    @property
    def allows_missing(self) -> bool:
        """Whether a missing cell is asked for, and nothing speaks against it."""
        asked = self.values is not None and None in self.values
        return asked and None not in self.excluded and self.low is None and self.high is None

    def __str__(self) -> str:
        parts = []
        if self.values is not None:
            parts.append(f"{self.column}={self.values[0] if len(self.values) == 1 else list(self.values)}")
        parts += [f"{self.column}!={value}" for value in self.excluded]
        if self.low is not None:
            parts.append(f"{self.column}{'>' if self.low_open else '>='}{self.low}")
        if self.high is not None:
            parts.append(f"{self.column}{'<' if self.high_open else '<='}{self.high}")
        return ", ".join(parts)


Given = Mapping[str, Any] | Sequence[str]


def conditions_of(given: Given | None, schema: Schema) -> dict[str, Condition]:
    """Conditions by column.

    Args:
        given: A mapping from column to value, list of values, (low, high), None or Condition; or texts.
        schema: Columns of the table.

    Raises:
        ConfigError: A column is not known or not learnt, an operator is missing, or a column has two conditions that
            cannot be joined.

    >>> from smartsynth.schema import Column
    >>> schema = Schema((Column("age", Kind.NUMERIC, "int64"), Column("income", Kind.CATEGORICAL, "object")))
    >>> [str(c) for c in conditions_of(["age>=60", "income=>50K", "age<70"], schema).values()]
    ['age>=60, age<70', 'income=>50K']
    """
    if isinstance(given, str):
        given = [given]
    if given is None:
        return {}
    if isinstance(given, Mapping):
        single = [_of_value(name, value) for name, value in given.items()]
    else:
        single = [_of_text(text, schema) for text in given]
    found: dict[str, Condition] = {}
    for one in single:
        column = schema[one.column]
        if not column.is_modelled:
            raise ConfigError(
                f"where={str(one)!r}: column {one.column!r} is of the kind {column.kind.value!r}, whose cells are made "
                f"anew and not learnt. Name one of: {', '.join(c.name for c in schema if c.is_modelled)}."
            )
        found[one.column] = one if one.column not in found else _joined(found[one.column], one)
    return found


def _of_value(name: str, value: Any) -> Condition:
    if isinstance(value, Condition):
        return value
    if isinstance(value, tuple):
        if len(value) != 2 or value == (None, None):
            raise ConfigError(
                f"where={{{name!r}: {value!r}}}: a range is (low, high), one of which may be None. Use a list for a choice."
            )
        return Condition(name, low=value[0], high=value[1])
    if isinstance(value, list | set | frozenset | np.ndarray | pd.Index | pd.Series):
        if len(value) == 0:
            raise ConfigError(f"where={{{name!r}: {value!r}}}: the choice is empty. Name at least one value.")
        return Condition(name, values=tuple(map(_cell, value)))
    return Condition(name, values=(_cell(value),))


def _cell(value: Any) -> Any:
    """A value, None for every way to write a missing cell."""
    return None if pd.api.types.is_scalar(value) and pd.isna(value) else value


def _of_text(text: str, schema: Schema) -> Condition:
    """`COLUMN OPERATOR VALUE`; the longest column name that fits is meant."""
    for name in sorted(schema.names, key=len, reverse=True):
        rest = text[len(name) :].lstrip()
        if text.startswith(name) and rest.startswith(OPERATORS):
            operator = next(o for o in OPERATORS if rest.startswith(o))
            return _compared(name, operator, rest[len(operator) :].strip())
    name = min((text.partition(o)[0] for o in OPERATORS if o in text), key=len, default="").strip()
    if name:
        schema[name]  # names the columns and the nearest of them
    raise ConfigError(
        f"where={text!r} is not a condition. Write COLUMN, one of {' '.join(OPERATORS)}, and a value, such as 'age>=60'."
    )


def _compared(name: str, operator: str, text: str) -> Condition:
    values: tuple[Any, ...] = (text if text else None,)
    if text.startswith("["):
        try:
            values = tuple(json.loads(text))
        except ValueError:
            raise ConfigError(
                f"""where={name + operator + text!r}: a choice is a JSON list, such as '{name}=["a", "b"]'."""
            ) from None
    if operator in ("=", "!=") and not values:
        raise ConfigError(f"where={name + operator + text!r}: the choice is empty. Name at least one value.")
    if operator == "=":
        return Condition(name, values=values)
    if operator == "!=":
        return Condition(name, excluded=values)
    if operator.startswith(">"):
        return Condition(name, low=text, low_open=operator == ">")
    return Condition(name, high=text, high_open=operator == "<")


def _joined(one: Condition, two: Condition) -> Condition:
    """Both conditions of a column in one."""
    for part in ("values", "low", "high"):
        if getattr(one, part) is not None and getattr(two, part) is not None:
            raise ConfigError(f"where: {one} and {two} say two things about the same column. Leave one out.")
    low, high = (one if one.low is not None else two), (one if one.high is not None else two)
    return Condition(
        one.column, one.values if one.values is not None else two.values, (*one.excluded, *two.excluded),
        low.low, high.high, low.low_open, high.high_open,
    )  # fmt: skip


def number_of(column: Column, value: Any, unit: int, text: Condition) -> float:
    """A number, date or duration as a float in the column's unit; ConfigError if it is none."""
    cell = pd.Series([value], dtype=object)
    number = math.nan
    try:
        if column.kind is Kind.NUMERIC:
            number = float(pd.to_numeric(cell, errors="coerce").iloc[0])
        elif column.kind is Kind.DATETIME:
            number = _moment(column, value) / unit
        else:
            number = float(to_float(column, as_column(cell, column), 1)[0]) / unit
    except (ValueError, TypeError, OverflowError):
        pass
    if math.isnan(number):
        example = f" as {column.format}" if column.format else ""
        raise ConfigError(f"where={str(text)!r}: {value!r} cannot be read as {column.kind.value}{example}.")
    return number


def _moment(column: Column, value: Any) -> int:
    """Nanoseconds since 1970 in the column's wall time; ValueError if it is no moment."""
    moment: Any = pd.NaT
    if column.format is not None:
        moment = pd.to_datetime(str(value), format=column.format, errors="coerce")
    if moment is pd.NaT:
        moment = pd.Timestamp(value)
    if moment is pd.NaT:
        raise ValueError
    if moment.tz is not None:
        zone = column.dtype.partition(", ")[2].rstrip("]") if column.dtype.startswith("datetime64[") else ""
        moment = (moment.tz_convert(zone) if zone else moment).tz_localize(None)
    return int(moment.as_unit("ns").value)


def intervals(
    condition: Condition, column: Column, unit: int, step: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Low and high ends of what a number, date or duration may be.

    Args:
        condition: What is asked for.
        column: Its column.
        unit: Nanoseconds of one step of dates and durations.
        step: Distance of neighbouring values, 0 if they may lie anywhere.
    """
    half = step * (0.5 - 1e-6)  # so that rounding never leads to a neighbour
    beyond = step - half
    low, high = -math.inf, math.inf
    if condition.low is not None:
        low = number_of(column, condition.low, unit, condition)
        if not _on_grid(low, step):  # the next value of the grid, whether the bound itself counts or not
            low = math.ceil(low / step) * step - half
        else:
            low = max(low + beyond, math.nextafter(low, math.inf)) if condition.low_open else low - half
    if condition.high is not None:
        high = number_of(column, condition.high, unit, condition)
        if not _on_grid(high, step):
            high = math.floor(high / step) * step + half
        else:
            high = min(high - beyond, math.nextafter(high, -math.inf)) if condition.high_open else high + half
    span = (low, high)
    if condition.values is None:
        found = [span]
    else:
        points = [number_of(column, value, unit, condition) for value in condition.values]
        found = [(max(x - half, span[0]), min(x + half, span[1])) for x in points if _on_grid(x, step)]
    for value in condition.excluded:
        if value is None:
            continue  # a missing cell is no number
        x = number_of(column, value, unit, condition)
        if not _on_grid(x, step):
            continue
        below, above = min(x - beyond, math.nextafter(x, -math.inf)), max(x + beyond, math.nextafter(x, math.inf))
        found = [part for a, b in found for part in ((a, min(b, below)), (max(a, above), b))]
    found = [(a, b) for a, b in found if a <= b]
    return np.array([a for a, _ in found], float), np.array([b for _, b in found], float)


def _on_grid(x: float, step: float) -> bool:
    """Whether a number is a value that the column can have, up to the rounding of floats."""
    return step == 0 or abs(x / step - round(x / step)) <= 1e-9 * max(1.0, abs(x / step))


def holds(condition: Condition, column: Column, values: Sequence[Any]) -> NDArray[np.bool_]:
    """Which of a categorical column's values fulfil the condition.

    Raises:
        ConfigError: The condition is a range, and the values are not numbers.
    """
    known = pd.Series(list(values), dtype=object)
    fits = np.ones(len(known), bool)
    if condition.values is not None:
        fits &= _among(known, column, condition.values)
    if condition.excluded:
        fits &= ~_among(known, column, condition.excluded)
    if condition.low is not None or condition.high is not None:
        numbers = pd.to_numeric(known, errors="coerce")
        if numbers.isna().any():
            raise ConfigError(
                f"where={str(condition)!r}: column {column.name!r} is categorical, and ranges are for numbers and dates. "
                f"Name values instead, such as {column.name}={known.iloc[0] if len(known) else ''}."
            )
        bounds = [
            None if b is None else number_of(Column(column.name, Kind.NUMERIC, "float64"), b, 1, condition)
            for b in (condition.low, condition.high)
        ]
        if bounds[0] is not None:
            fits &= (numbers > bounds[0]) if condition.low_open else (numbers >= bounds[0])
        if bounds[1] is not None:
            fits &= (numbers < bounds[1]) if condition.high_open else (numbers <= bounds[1])
    return np.asarray(fits, bool)


def fulfilled(condition: Condition, column: Column, cells: pd.Series[Any]) -> NDArray[np.bool_]:
    """Which cells of a column fulfil the condition, whatever the column's kind.

    Raises:
        ConfigError: The condition asks for something that the column cannot be.

    >>> cells = pd.Series([3.0, 4.0, None])
    >>> fulfilled(Condition("a", low=4), Column("a", Kind.NUMERIC, "float64"), cells).tolist()
    [False, True, False]
    """
    missing = cells.isna().to_numpy()
    fits = np.full(len(cells), condition.allows_missing)
    if column.kind in (Kind.NUMERIC, Kind.DATETIME, Kind.DURATION):
        asked = tuple(value for value in condition.values or () if value is not None)
        known = replace(condition, values=None if condition.values is None else asked)
        unit = natural_unit(column, cells)
        step = 10.0**-column.decimals if column.kind is Kind.NUMERIC and column.decimals is not None else 0.0
        low, high = intervals(known, column, unit, step)
        values = to_float(column, cells, unit)[:, None]
        inside = (values >= low) & (values <= high)
        fits[~missing] = inside[~missing].any(axis=1)
    else:
        fits[~missing] = holds(condition, column, list(cells[~missing].astype(object)))
    return fits


def _among(known: pd.Series[Any], column: Column, values: Sequence[Any]) -> NDArray[np.bool_]:
    """Which known values are one of `values`, read as the column's dtype or written in the same way."""
    asked = pd.Series([value for value in values if value is not None], dtype=object)
    if asked.empty:
        return np.zeros(len(known), bool)
    read = as_column(asked, column).astype(object).dropna()
    plain = [value.item() if hasattr(value, "item") else value for value in read]
    return np.asarray(known.isin(plain) | known.map(str).isin([str(value) for value in asked]))
