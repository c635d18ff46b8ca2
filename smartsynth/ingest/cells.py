"""Text cells → a typed column, only where every cell comes back the way it was written.

    whole numbers   int64 (Int64 with missing cells); leading zeros, signs and more than 18 digits stay text
    decimals        float64 with the number of places
    true/false …    bool (boolean with missing cells)
    dates           datetime64 with the format they were written in
    anything else   text

A blank cell is missing in every column. Another token (NA, null, ? …) is missing only in a column whose other cells are
all numbers, dates or truth values: "NA" among country codes is Namibia, "?" among categories is a category.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isinf
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.moments import moments

MISSING = frozenset({"NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "none", "-", "?", ".", "#N/A", "NaT"})
_WORDS = "true/false True/False TRUE/FALSE yes/no Yes/No YES/NO t/f T/F y/n Y/N"
BOOLEANS = tuple((pair.split("/")[0], pair.split("/")[1]) for pair in _WORDS.split())
_DATES = ("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%d-%b-%Y", "%d %b %Y", "%d %B %Y")
_TIMES = (
    "",
    " %H:%M",
    "T%H:%M",
    " %H:%M:%S",
    "T%H:%M:%S",
    " %H:%M:%S.%f",
    "T%H:%M:%S.%f",
    "T%H:%M:%SZ",
    "T%H:%M:%S.%fZ",
)
DATE_FORMATS = tuple(date + time for date in _DATES for time in _TIMES)
_WHOLE = re.compile(r"-?(0|[1-9]\d{0,17})")
NANOSECOND_YEARS = (1678, 2261)
"""Whole years that can be counted in nanoseconds."""
MOST_DIGITS = 17
"""That a number keeps."""
_DECIMAL = re.compile(r"-?(?:(?:0|[1-9]\d*)(?:\.(\d+))?|\.(\d+))([eE][+-]?\d+)?")


@dataclass(frozen=True, slots=True)
class Typed:
    """A typed column and how it was written."""

    series: pd.Series[Any]
    stored: dict[str, Any] = field(default_factory=dict)
    note: str | None = None


def typed(codes: NDArray[np.int64], words: Sequence[str], *, decimal: str = ".") -> Typed:
    """The column of a dictionary-encoded text column: cell i is `words[codes[i]]`, or blank if the code is negative.

    >>> typed(np.array([0, 1, -1]), ["1.5", "2.25"]).stored
    {'decimals': 2, 'missing': ''}
    """
    blank = np.array([word == "" for word in words], dtype=bool)
    token = np.array([word in MISSING for word in words], dtype=bool)
    endless = np.array([_is_infinite(word) for word in words], dtype=bool)
    real = [word for word, out in zip(words, blank | token | endless, strict=True) if not out]
    made = _numbers(real, decimal)
    if made is None and not endless.any():
        made = _booleans(real) or _dates(real)
    if made is None:
        return _text(codes, words, blank)
    values, stored = made
    absent = blank | token | endless
    everything = np.full(len(words) + 1, None, dtype=object)
    everything[np.flatnonzero(~absent)] = values
    missing = np.append(absent, True)[codes]
    tokens = [words[int(i)] for i in np.flatnonzero(token)]
    column = _series(everything[codes], missing, stored.pop("dtype"))
    infinite = int(np.append(endless, False)[codes].sum())
    return Typed(column, {**stored, "missing": tokens[0] if tokens else ""}, _note(tokens, real, infinite, column))


def _is_infinite(word: str) -> bool:
    """Whether a cell is `inf` or `Infinity` in some spelling, or a number beyond the largest float."""
    if word.endswith(("f", "F", "y", "Y")):
        return word.lower().lstrip("+-") in ("inf", "infinity")
    if "e" not in word and "E" not in word:
        return False
    return _DECIMAL.fullmatch(word) is not None and isinf(float(word))


def _note(tokens: Sequence[str], real: Sequence[str], infinite: int, column: pd.Series[Any]) -> str | None:
    """What is not as it was written: infinite numbers, several signs for a missing cell, digits beyond a number's."""
    notes = []
    if infinite:
        notes.append(f"{infinite} cells are infinite and count as missing.")
    if len(tokens) > 1:
        notes.append(
            f"cells with {', '.join(tokens)} count as missing, and a missing cell is written {tokens[0]} again."
        )
    if column.dtype.kind == "f":
        long = sum(len(re.sub(r"^-?0*\.?0*|\.|[eE].*", "", word)) > MOST_DIGITS for word in real)
        if long:
            notes.append(
                f"{long} different numbers have more digits than a number keeps ({MOST_DIGITS}), and are rounded."
            )
    return " ".join(notes) or None


def _series(cells: NDArray[Any], missing: NDArray[np.bool_], dtype: str) -> pd.Series[Any]:
    nullable: dict[str, Any] = {"int64": "Int64", "bool": "boolean"}
    kind: Any = nullable.get(dtype, dtype) if missing.any() else dtype
    return pd.Series(cells, dtype=object).astype(kind)


def _numbers(words: Sequence[str], decimal: str) -> tuple[list[Any], dict[str, Any]] | None:
    if not words:
        return None
    if all(_WHOLE.fullmatch(word) and word != "-0" for word in words):
        return [int(word) for word in words], {"dtype": "int64", "decimals": 0}
    if decimal != ".":
        if any("." in word for word in words):
            return None
        words = [word.replace(decimal, ".") for word in words]
    if any(len(word) > 18 and word.lstrip("-").isdigit() for word in words):
        return None
    found = [_DECIMAL.fullmatch(word) for word in words]
    if not all(found):
        return None
    places = [len(match[1] or match[2] or "") for match in found if match]
    stored: dict[str, Any] = {"dtype": "float64", "decimals": max(places)}
    if any(match and match[3] for match in found) or max(places) > 15:
        stored["decimals"] = None
    elif min(places) == max(places):
        stored["format"] = f".{places[0]}f"
    return [float(word) for word in words], stored


def _booleans(words: Sequence[str]) -> tuple[list[Any], dict[str, Any]] | None:
    """Both words of a pair; of `true` and `false` one alone says enough."""
    for yes, no in BOOLEANS:
        is_alone = len(words) == 1 and yes.lower() == "true" and words[0] in (yes, no)
        if is_alone or (len(words) == 2 and set(words) == {yes, no}):
            return [word == yes for word in words], {"dtype": "bool", "format": f"{yes}/{no}"}
    return None


def _dates(words: Sequence[str]) -> tuple[list[Any], dict[str, Any]] | None:
    if not words or not all(6 <= len(word) <= 32 and word[0].isdigit() for word in words[:50]):
        return None
    sample, everything = pd.Series(words[:50], dtype=object), pd.Series(words, dtype=object)
    fitting = [form for form in DATE_FORMATS if _written_as(sample, form) is not None]
    fitting = [form for form in fitting if _written_as(everything, form) is not None]
    if len(fitting) != 1:
        return None
    found: Any = _written_as(everything, fitting[0])
    zone = ", UTC" if fitting[0].endswith("Z") else ""
    values = list(found.dt.tz_localize("UTC") if zone else found)
    unit = "ns" if found.dt.year.between(*NANOSECOND_YEARS).all() else "us"
    return values, {"dtype": f"datetime64[{unit}{zone}]", "format": fitting[0]}


def _written_as(words: pd.Series[Any], form: str) -> pd.Series[Any] | None:
    """The moments, if writing them in this format gives the very same text."""
    found: Any = moments(words, form)
    if found is None or not (found.dt.strftime(form) == words).all():
        return None
    return found  # type: ignore[no-any-return]


def _text(codes: NDArray[np.int64], words: Sequence[str], blank: NDArray[np.bool_]) -> Typed:
    cells = np.array([*words, None], dtype=object)
    cells[:-1][blank] = None
    return Typed(pd.Series(cells[codes], dtype=object), {})


def is_number(word: str, decimal: str) -> bool:
    """Whether a cell would be read as a number.

    >>> is_number("-1.5", "."), is_number("1 kg", ".")
    (True, False)
    """
    return _numbers([word], decimal) is not None
