"""From a frame to its Schema: how each column is stored, how it is modelled and what it means.

    cells ─ storage ─┬─ numbers                → numeric | categorical (codes, flags) | identifier (keys)
                     ├─ dates, times, booleans → datetime | duration | boolean
                     └─ strings                → datetime (dates as text) | identifier | text | categorical

Uniqueness alone never makes a key: a salary or a measurement is unique as well. A key needs a name that says so, or
cells that count rows, or cells of one fixed format. The schema holds no value of the data.
"""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api import types

from smartsynth.errors import DataError, Problem
from smartsynth.images import form_of, is_cell, is_image
from smartsynth.moments import moments
from smartsynth.privacy.identifiers import scan
from smartsynth.schema import JSON_OBJECT, MESSAGES, QAS, Column, Kind, Role, Schema

PATTERN_ROWS = 1_000
"""Distinct values that pattern tests look at."""

DATE_FORMATS = tuple(
    date + time
    for date in (
        "%Y-%m-%d", "%Y/%m/%d", "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y",
        "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d-%b-%Y",
    )
    for time in ("", " %H:%M:%S", "T%H:%M:%S", " %H:%M", " %H:%M:%S.%f", "T%H:%M:%S.%f", "T%H:%M:%SZ", "T%H:%M:%S%z")
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Found:
    """What the cells of one column say."""

    kind: Kind
    dtype: str
    decimals: int | None = None
    format: str | None = None


def infer_schema(frame: pd.DataFrame) -> Schema:
    """The schema of a frame: storage, kind, role and meaning of every column.

    >>> frame = pd.DataFrame({"patient_id": range(30), "age": [20.5, 31.0, 44.5] * 10, "sex": ["f", "m", "f"] * 10})
    >>> [(column.kind.value, column.decimals) for column in infer_schema(frame)]
    [('identifier', 0), ('numeric', 1), ('categorical', None)]

    Raises:
        DataError: Cells that no column can hold (lists, dicts, bytes …), every such column at once.
    """
    columns: list[Column] = []
    problems: list[Problem] = []
    for i, name in enumerate(frame.columns):
        try:
            columns.append(_infer_column(str(name), frame.iloc[:, i]))
        except DataError as error:
            problems += error.problems
    if problems:
        raise DataError(problems)
    return Schema(tuple(columns))


def refine_schema(frame: pd.DataFrame, schema: Schema) -> Schema:
    """The schema with kinds, roles and meanings found in the frame; what it says about storage is kept."""
    found = infer_schema(frame)
    return replace(schema, columns=tuple(_refined(column, found[column.name]) for column in schema))


def _refined(stored: Column, found: Column) -> Column:
    return replace(
        found,
        dtype=stored.dtype,
        decimals=found.decimals if stored.decimals is None else stored.decimals,
        format=stored.format or found.format,
        missing=stored.missing,
        nullable=stored.nullable or found.nullable,
    )


def _infer_column(name: str, cells: pd.Series[Any]) -> Column:
    known = cells.dropna()
    if len(known) and is_image(known.iloc[0]):
        if not all(map(is_cell, known)):
            fix = "Read the data with smartsynth.ingest.read, or hand them to synthesize, which keeps pixels and nothing else."
            raise DataError(Problem("holds image files that were not read yet.", column=name, fix=fix))
        forms = {str(form_of(cell)) for cell in known}
        form = forms.pop() if len(forms) == 1 else None
        return Column(name, Kind.IMAGE, str(cells.dtype), format=form, nullable=len(known) < len(cells))
    found = _look(name, cells, known)
    if (shape := _json_shape(known)) is not None:
        return Column(name, Kind.TEXT, found.dtype, semantic=shape, nullable=len(known) < len(cells))
    meaning = scan(cells, name) if found.kind is not Kind.CONSTANT else None
    kind = found.kind
    if meaning is not None and meaning.direct and kind in (Kind.CATEGORICAL, Kind.NUMERIC):
        kind = Kind.IDENTIFIER
    return Column(
        name,
        kind,
        found.dtype,
        role=meaning.role if meaning is not None else Role.FEATURE,
        semantic=meaning.semantic if meaning is not None else None,
        decimals=found.decimals,
        format=found.format,
        nullable=len(known) < len(cells),
    )


def _look(name: str, cells: pd.Series[Any], known: pd.Series[Any]) -> _Found:
    """The finding for a column, by how its cells are stored."""
    dtype = str(cells.dtype)
    if isinstance(cells.dtype, pd.CategoricalDtype):
        return _Found(Kind.CATEGORICAL if known.nunique() > 1 else Kind.CONSTANT, dtype)
    if types.is_bool_dtype(cells.dtype):
        return _Found(Kind.BOOLEAN if known.nunique() > 1 else Kind.CONSTANT, dtype)
    if types.is_datetime64_any_dtype(cells.dtype):
        return _Found(Kind.DATETIME if known.nunique() > 1 else Kind.CONSTANT, dtype)
    if types.is_timedelta64_dtype(cells.dtype):
        return _Found(Kind.DURATION if known.nunique() > 1 else Kind.CONSTANT, dtype)
    if types.is_complex_dtype(cells.dtype) or isinstance(cells.dtype, pd.PeriodDtype | pd.IntervalDtype):
        raise DataError(
            Problem(f"has dtype {dtype}, which cannot be modelled.", column=name, fix="Convert or drop it.")
        )
    if types.is_numeric_dtype(cells.dtype):
        return _number(name, known, dtype)
    return _objects(name, known, dtype)


def _objects(name: str, known: pd.Series[Any], dtype: str) -> _Found:
    """The finding for a column of Python objects or strings."""
    inside = types.infer_dtype(known, skipna=True)
    _refuse_unhashable(name, known, inside)
    several = known.nunique() > 1
    plain = {
        "date": (Kind.DATETIME, "date"),
        "datetime": (Kind.DATETIME, dtype),
        "datetime64": (Kind.DATETIME, dtype),
        "time": (Kind.DURATION, "time"),
        "timedelta": (Kind.DURATION, dtype),
        "timedelta64": (Kind.DURATION, dtype),
        "boolean": (Kind.BOOLEAN, dtype),
    }
    if inside in plain:
        kind, stored = plain[inside]
        return _Found(kind if several else Kind.CONSTANT, stored)
    if inside == "decimal":
        places = max((max(-int(cell.as_tuple().exponent), 0) for cell in known if cell.is_finite()), default=0)
        return _Found(Kind.NUMERIC if several else Kind.CONSTANT, "decimal", decimals=places)
    if inside in ("integer", "floating", "mixed-integer-float"):
        numbers = pd.to_numeric(known, errors="coerce")
        if types.is_numeric_dtype(numbers.dtype) and numbers.notna().all():
            return _number(name, numbers, dtype)
    return _strings(name, known.astype(str), dtype) if several else _Found(Kind.CONSTANT, dtype)


def _refuse_unhashable(name: str, known: pd.Series[Any], inside: str) -> None:
    if inside not in ("mixed", "bytes", "complex", "mixed-integer"):
        return
    bad = sorted({kind.__name__ for kind in set(map(type, known)) if not issubclass(kind, Hashable) or kind is bytes})
    if bad:
        raise DataError(
            Problem(
                f"holds {' and '.join(bad)} cells; a cell must be one number, text, date or truth value.",
                column=name,
                fix="Spread them over columns of their own, or drop the column.",
            )
        )


def _number(name: str, known: pd.Series[Any], dtype: str) -> _Found:
    """The finding for numbers: a quantity, unless name and values together say code or key."""
    whole = types.is_integer_dtype(known.dtype)
    values = known.to_numpy() if whole else known.to_numpy(np.float64)
    decimals = 0 if whole else count_decimals(known.to_numpy())
    distinct = known.nunique()
    if distinct <= 1:
        return _Found(Kind.CONSTANT, dtype, decimals)
    if decimals == 0 and distinct == 2:
        return _Found(Kind.CATEGORICAL, dtype, decimals)
    if decimals == 0 and distinct == len(values) and re.search(r"(?i)(^|[^a-z])id$|Id$|ID$", name):
        return _Found(Kind.IDENTIFIER, dtype, decimals)
    return _Found(Kind.NUMERIC, dtype, decimals)


def count_decimals(values: NDArray[Any]) -> int | None:
    """The number of decimal places that the numbers were written with; None when it is not bounded.

    A cell x has d places when x·10^d is whole within a few units in the last place: the nearest double to a decimal of
    at most 13 digits always is, a computed fraction is not.

    >>> count_decimals(np.array([0.1, 2.25, 1e6])), count_decimals(np.array([1 / 3, 0.5]))
    (2, None)
    """
    precision = np.finfo(values.dtype).eps if values.dtype.kind == "f" else np.finfo(np.float64).eps
    finite = values.astype(np.float64)
    finite = finite[np.isfinite(finite)]
    with np.errstate(over="ignore"):  # of the two largest floats' mean
        size = float(np.median(np.abs(finite[finite != 0]))) if np.any(finite) else 1.0
    places = 0
    for part in (finite[:: max(len(finite) // 2_000, 1)], finite):
        while not _has_places(part, places, float(precision)):
            places += 1
            if size * 10.0**places > 0.002 / precision or places > 15:
                return None
    return places


def _has_places(values: NDArray[np.float64], places: int, precision: float) -> bool:
    scaled = values * 10.0**places
    return bool(np.all(np.abs(scaled - np.rint(scaled)) <= 4 * precision * np.abs(scaled)))


def _strings(name: str, known: pd.Series[Any], dtype: str) -> _Found:
    """The finding for strings: dates, identifiers, free text, or categories."""
    unique = cast("NDArray[Any]", known.unique())
    sample = _sampled(unique)
    form = _date_format(sample, unique)
    if form is not None:
        return _Found(Kind.DATETIME, dtype, format=form)
    share = len(unique) / len(known)
    words = float(np.mean([len(text.split()) for text in sample]))
    if share >= 0.5 and words >= 4:
        return _Found(Kind.TEXT, dtype)
    if share >= 0.9 and len(known) >= 20:
        return _Found(Kind.IDENTIFIER if words < 1.5 else Kind.TEXT, dtype)
    return _Found(Kind.CATEGORICAL, dtype)


def _json_shape(known: pd.Series[Any]) -> str | None:
    """What the cells are if all of them are JSON: the turns of a conversation, questions about a text, or objects.

    >>> _json_shape(pd.Series(['[{"role": "user", "content": "Hello"}]', '[{"role": "user", "content": "Thanks"}]']))
    'messages'
    """
    first = known.iloc[0] if len(known) else None
    if not isinstance(first, str) or first[:1] not in ("[", "{") or first[-1:] not in ("]", "}") or known.nunique() < 2:
        return None
    kinds = {_json_kind(cell) for cell in known}
    return kinds.pop() if len(kinds) == 1 else None


def _json_kind(cell: object) -> str | None:
    try:
        value = json.loads(str(cell))
    except (ValueError, RecursionError):
        return None
    if isinstance(value, dict):
        return JSON_OBJECT if value else None
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        return None
    if all({"role", "content"} <= set(one) for one in value):
        return MESSAGES
    return QAS if all("question" in one for one in value) else None


def _sampled(unique: NDArray[Any]) -> list[str]:
    if len(unique) > PATTERN_ROWS:
        unique = np.random.default_rng(0).choice(unique, PATTERN_ROWS, replace=False)
    return [str(text) for text in unique]


def _date_format(sample: Sequence[str], unique: NDArray[Any]) -> str | None:
    """The `strftime` format that every string follows, if there is one."""
    if not sample or not all(6 <= len(text) <= 40 and any(map(str.isdigit, text)) for text in sample[:20]):
        return None
    first = pd.Series(sample[:20], dtype=object)
    for form in DATE_FORMATS:
        if moments(first, form) is not None and moments(pd.Series(unique, dtype=object), form) is not None:
            return form
    return None
