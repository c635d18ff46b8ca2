"""Characters that no file of text can hold: control characters are taken out, halves of a character are refused."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd
from pandas.api import types

from smartsynth.columns import with_columns
from smartsynth.errors import DataError, Problem
from smartsynth.formats import plain

_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
"""All that neither Excel nor XML can hold; tabs and line ends can stay."""


def readable(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    r"""The frame without control characters in its texts, and a sentence about each column that had some.

    >>> readable(pd.DataFrame({"a": ["x\x00y", "z"]}))[0]["a"].tolist()
    ['xy', 'z']

    Raises:
        DataError: Names or texts hold half a character (a lone surrogate), which no encoding can write.
    """
    problems = [_half(str(name)) for name in frame.columns if not _is_whole(str(name))]
    notes: list[str] = []
    cleaned: dict[str, pd.Series[Any]] = {}
    for name, cells in frame.items():
        texts = _texts(cells)
        whole = "".join(texts)
        if not _is_whole(whole):
            problems.append(_half(str(name)))
        if _CONTROLS.search(whole):
            changed = {text: _CONTROLS.sub("", text) for text in texts if _CONTROLS.search(text)}
            made = cells.map(lambda cell, new=changed: new.get(cell, cell) if isinstance(cell, str) else cell)
            cleaned[str(name)] = made.astype(cells.dtype)
            odd = int(cells.isin(list(changed)).sum())
            notes.append(f"Column {plain(str(name), 40)!r}: control characters were taken out of {odd:,} cells.")
    if problems:
        raise DataError(problems)
    return (with_columns(frame, cleaned) if cleaned else frame), notes


def _texts(cells: pd.Series[Any]) -> list[str]:
    """The distinct texts of a column."""
    if not (cells.dtype == object or types.is_string_dtype(cells.dtype)) or types.is_numeric_dtype(cells.dtype):
        return []
    try:
        return [cell for cell in cells.dropna().unique() if isinstance(cell, str)]
    except TypeError:  # of lists, arrays and the like, which are no texts
        return []


def _is_whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _half(name: str) -> Problem:
    what = "holds half a character (a lone surrogate), which cannot be written to a file."
    return Problem(what, column=plain(name, 40), fix="Write the texts again from their source, in UTF-8.")
