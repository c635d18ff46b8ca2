"""JSON, JSON lines and Excel → Dataset: cells that have a type already. Conversations and questions: conversations.py."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from smartsynth import conversations
from smartsynth.config import Limits
from smartsynth.dataset import Dataset, Source
from smartsynth.errors import DataError, EmptyTableError, Problem
from smartsynth.formats import plain
from smartsynth.ingest.cells import NANOSECOND_YEARS, typed
from smartsynth.ingest.files import MAX_RATIO
from smartsynth.ingest.frames import check_shape, dataset
from smartsynth.ingest.text import decoded

MAX_DEPTH = 3
MOST_NOTES = 20
_DAMAGED = (
    ArithmeticError, AttributeError, EOFError, LookupError, NotImplementedError, OSError, RuntimeError, SyntaxError, TypeError, ValueError,
    zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""What the reader of workbooks raises where one is damaged."""


def read_json(content: bytes, limits: Limits, *, name: str, lines: bool) -> Dataset:
    """A JSON array of objects, an object of columns, one object a line, or a SQuAD document."""
    text, encoding, notes = decoded(content, name)
    if lines and "\n" not in text.strip():
        lines = not _is_whole(text)
    twice = _Twice()
    rows = _lines(text, twice) if lines else _document(text, name, twice)
    notes += twice.notes()
    shape = conversations.SQUAD if isinstance(rows, Mapping) else conversations.shape_of(rows[0] if rows else None)
    if isinstance(rows, Mapping):
        rows = conversations.paragraph_rows(rows)
    elif shape != conversations.ROWS:
        rows = conversations.conversation_rows(rows, shape)
    check_shape(len(rows), 1, limits, name)
    problems: list[Problem] = []
    flat = [_flat(row, i, problems) for i, row in enumerate(rows, 1)]
    if problems:
        raise DataError(problems[:50])
    names = list(dict.fromkeys(key for row in flat for key in row))
    check_shape(len(flat), len(names), limits, name)
    columns = {key: [row.get(key) for row in flat] for key in names}
    source = Source(name=name, format="jsonl" if lines else "json", encoding=encoding, notes=tuple(notes), shape=shape)
    return _dataset(columns, source, limits)


class _Twice:
    """Notices keys that an object has twice, of which the last counts."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def __call__(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(pairs)
        if len(value) < len(pairs):
            self._counts.update({key for key, times in Counter(key for key, _ in pairs).items() if times > 1})
        return value

    def notes(self) -> list[str]:
        return [
            f"{times:,} objects have the key {plain(key, 40)!r} twice; the last of its values counts."
            for key, times in self._counts.items()
        ][:MOST_NOTES]


def _is_whole(text: str) -> bool:
    """Whether a single line holds a SQuAD document, or an object of columns, rather than one row."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return False
    if not isinstance(value, dict) or not value:
        return False
    shape = conversations.shape_of(value)
    return shape == conversations.SQUAD or (
        shape == conversations.ROWS and all(isinstance(column, list) for column in value.values())
    )


def _document(text: str, name: str, twice: _Twice) -> list[Any] | dict[str, Any]:
    try:
        value = json.loads(text, object_pairs_hook=twice)
    except RecursionError:
        raise DataError(f"{name} is nested too deeply. Give an array of flat objects.") from None
    except ValueError as error:
        raise DataError(f"{name} is not valid JSON: {error}.") from None
    shape = conversations.shape_of(value)
    if shape != conversations.ROWS:
        return value if shape == conversations.SQUAD else [value]
    if isinstance(value, dict) and value and all(isinstance(column, list) for column in value.values()):
        if len({len(column) for column in value.values()}) > 1:
            raise DataError(f"{name} is an object of columns of different lengths.")
        return [dict(zip(value, row, strict=True)) for row in zip(*value.values(), strict=True)]
    if not isinstance(value, list) or not value:
        kind = EmptyTableError if value == [] else DataError
        raise kind(f'{name} holds no array of objects. Give [{{"column": value, …}}, …].')
    return value


def _lines(text: str, twice: _Twice) -> list[Any]:
    rows, problems = [], []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                rows.append(json.loads(line, object_pairs_hook=twice))
            except (ValueError, RecursionError):
                problems.append(Problem("is not a JSON object.", row=number, fix="Correct or drop the line."))
    if problems:
        raise DataError(problems[:50])
    return rows


def _flat(row: Any, number: int, problems: list[Problem], prefix: str = "", depth: int = 1) -> dict[str, Any]:
    """An object with inner objects as `outer.inner`."""
    if not isinstance(row, Mapping):
        problems.append(Problem("is not an object with named values.", row=number))
        return {}
    out: dict[str, Any] = {}
    for key, value in row.items():
        if isinstance(value, Mapping) and depth < MAX_DEPTH:
            inner = _flat(value, number, problems, f"{prefix}{key}.", depth + 1)
            problems += [_used_twice(number, name) for name in inner if name in out]
            out |= inner
        elif isinstance(value, Mapping | list):
            fix = "Spread it over columns of its own."
            problems.append(Problem("holds a list or a deep object.", row=number, column=f"{prefix}{key}", fix=fix))
        else:
            problems += [_used_twice(number, f"{prefix}{key}")] if f"{prefix}{key}" in out else []
            out[f"{prefix}{key}"] = value
    return out


def _used_twice(number: int, name: str) -> Problem:
    what = "this name is used more than once, for a value and for one in an inner object."
    return Problem(what, row=number, column=name, fix="Rename one.")


def read_excel(content: bytes, limits: Limits, *, name: str) -> Dataset:
    """The values of the first sheet of an Excel workbook; its first row holds the names."""
    book = _workbook(content, limits, name)
    notes = (f"Read the first of {len(book.worksheets)} sheets.",) if len(book.worksheets) > 1 else ()
    found = _sheet(book.worksheets[0], limits, name, notes)
    if found is None:
        raise DataError(f"{name} is empty.")
    return found


def read_sheets(content: bytes, limits: Limits, *, name: str) -> dict[str, Dataset | None]:
    """The values of every sheet of an Excel workbook that has any, by the sheets' names; None of those with a header and no rows."""
    sheets: dict[str, Dataset | None] = {}
    for sheet in _workbook(content, limits, name).worksheets:
        try:
            found = _sheet(sheet, limits, sheet.title, ())
        except EmptyTableError:
            sheets[sheet.title] = None
            continue
        if found is not None:
            sheets[sheet.title] = found
    return sheets


def _workbook(content: bytes, limits: Limits, name: str) -> Any:
    """DataError if it cannot be read, holds macros, or unpacks to very much."""
    import openpyxl

    try:
        _check_workbook(content, limits, name)
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    except DataError:
        raise
    except _DAMAGED as error:
        raise _unreadable(name) from error
    if not book.worksheets:
        raise DataError(f"{name} has no sheet with cells. Save it again with one, or as CSV.")
    return book


def _unreadable(name: str) -> DataError:
    return DataError(f"{name} is not a readable Excel workbook. Save it again, or as CSV.")


def _check_workbook(content: bytes, limits: Limits, name: str) -> None:
    """DataError if a workbook holds macros, or unpacks to very much."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if any(member.endswith("vbaProject.bin") for member in archive.namelist()):
            raise DataError(f"{name} holds macros. Save it as .xlsx without macros, or as CSV.")
        most = min(limits.max_bytes, MAX_RATIO * len(content) + 1_000_000)
        if sum(member.file_size for member in archive.infolist()) > most:
            raise DataError(f"{name} unpacks to more than {most:,} bytes. Save it as CSV if you trust it.")


def _sheet(sheet: Any, limits: Limits, name: str, notes: tuple[str, ...]) -> Dataset | None:
    """The table of a sheet; None if it has no cell."""
    try:
        if sheet.max_row is not None:  # streamed workbooks do not say how large they are
            check_shape(sheet.max_row, sheet.max_column or 0, limits, name)
        rows = [row for row in sheet.iter_rows(values_only=True) if any(cell is not None for cell in row)]
    except DataError:
        raise
    except _DAMAGED as error:
        raise _unreadable(name) from error
    if not rows:
        return None
    width = max(map(len, rows))
    check_shape(len(rows) - 1, width, limits, name)
    head, *body = [(*row, *(None,) * (width - len(row))) for row in rows]
    told = [f"Column {i + 1} had no name and is called column_{i + 1}." for i, cell in enumerate(head) if cell is None]
    names = [f"column_{i + 1}" if cell is None else str(cell) for i, cell in enumerate(head)]
    twice = sorted({column for column in names if names.count(column) > 1})
    if twice:
        raise DataError([Problem("this name is used more than once.", column=n, fix="Rename one.") for n in twice])
    columns = {key: [row[i] for row in body] for i, key in enumerate(names)}
    return _dataset(columns, Source(name=name, format="excel", notes=(*told, *notes)), limits)


def _dataset(columns: Mapping[str, list[Any]], source: Source, limits: Limits) -> Dataset:
    series: dict[str, pd.Series[Any]] = {}
    stored: dict[str, dict[str, Any]] = {}
    notes = list(source.notes)
    for key, cells in columns.items():
        series[key], stored[key] = _column(cells)
        kinds = {type(cell) for cell in cells if cell is not None}
        if (len(kinds) > 1 and not kinds <= {int, float}) or (series[key].dtype == object and int in kinds):
            why = "whole numbers that are too large" if kinds <= {int, float} else "cells of several kinds"
            notes.append(f"Column {plain(key, 40)!r}: it has {why}, so it is kept as text.")
    if not series:
        raise DataError(f"{source.name} has no columns.")
    return dataset(pd.DataFrame(series), replace(source, notes=tuple(notes)), limits, stored)


def _column(cells: list[Any]) -> tuple[pd.Series[Any], dict[str, Any]]:
    known = [cell for cell in cells if cell is not None]
    kinds = {type(cell) for cell in known}
    nullable = len(known) < len(cells)
    if kinds == {bool}:
        return pd.Series(cells, dtype="boolean" if nullable else "bool"), {}
    if kinds == {int}:
        if all(abs(cell) < 2**63 for cell in known):
            return pd.Series(cells, dtype="Int64" if nullable else "int64"), {}
        return pd.Series([None if cell is None else str(cell) for cell in cells], dtype=object), {}
    if kinds and kinds <= {int, float}:
        return pd.Series([np.nan if cell is None else float(cell) for cell in cells], dtype="float64"), {}
    if kinds == {str}:
        codes, words = pd.factorize(pd.Series(cells, dtype=object))
        found = typed(np.asarray(codes, dtype=np.int64), list(words))
        # A string that looks like a number was meant as a string.
        if str(found.series.dtype).startswith("datetime64"):
            return found.series, found.stored
        return pd.Series(cells, dtype=object), {}
    if kinds and all(kind.__module__ == "datetime" and kind.__name__ == "datetime" for kind in kinds):
        first, last = NANOSECOND_YEARS
        unit = "ns" if all(first <= cell.year <= last for cell in known) else "us"
        return pd.Series(np.array(cells, dtype=f"datetime64[{unit}]")), {}
    if len(kinds) <= 1 or kinds <= {str}:
        return pd.Series(cells, dtype=object), {}
    return pd.Series([None if cell is None else str(cell) for cell in cells], dtype=object), {}
