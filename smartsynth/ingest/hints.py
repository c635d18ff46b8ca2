"""What to say about a column that is nearly something else: numbers, truth values, dates; or that holds what none learns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api import types

from smartsynth.formats import plain
from smartsynth.ingest.cells import DATE_FORMATS, is_number

NEARLY = 0.8
"""Share of the cells from which on a column is nearly something."""
LOOKED_AT = 10_000
"""Distinct cells."""
LAST_YEAR = 9999
SINCE, UNTIL = 631_152_000, 4_102_444_800
"""Seconds from 1970 to 1990 and to 2100."""
_NUMBER = r"-?\d+(?:[.,]\d+)*"
_THOUSANDS = re.compile(r"[-+]?\d{1,3}(?:[,.' \u00a0\u202f]\d{3})+(?:[.,]\d+)?")
_UNIT = re.compile(rf"([$€£¥])\s?{_NUMBER}|{_NUMBER}\s?([%‰$€£¥°]|[A-Za-zµ°²³/]{{1,6}})")
_TRUTH = frozenset({"true", "false", "yes", "no", "y", "n", "t", "f", "1", "0", "on", "off"})
_OFFSET = re.compile(r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?[+-]\d{2}:?\d{2}")
_SINCE_1970 = re.compile(r"(?i)time|date|(^|_)(at|on|ts)$|stamp|epoch|created|updated|modified")
_DATE = re.compile(r"\d{1,5}[-/.]\d{1,2}[-/.]\d{1,5}([ T].*)?")


def hint(codes: NDArray[np.int64], words: Sequence[str], decimal: str) -> str | None:
    """A sentence about a column that was kept as text, if its cells look as if they were meant otherwise.

    Args:
        codes: Cell i is `words[codes[i]]`, or blank if the code is negative.
        words: Distinct cells.
        decimal: Decimal mark of the file.

    >>> hint(np.array([0, 1, 2]), ["5 kg", "7 kg", "12.5 kg"], ".")
    'its cells are numbers with a sign or a unit, so it is kept as text. Write the numbers alone to have them learnt as such.'
    """
    known = list(words[:LOOKED_AT])
    counts = np.bincount(codes[(codes >= 0) & (codes < len(known))], minlength=len(known))
    if not counts.sum():
        return None
    return _numbers(known, counts, decimal) or _written(known, counts) or _dates(known, counts)


def _share(fits: Sequence[bool], counts: NDArray[Any]) -> float:
    return float(counts[np.asarray(fits, dtype=bool)].sum() / counts.sum())


def _numbers(words: list[str], counts: NDArray[Any], decimal: str) -> str | None:
    fits = [is_number(word, decimal) for word in words]
    if all(fits) or _share(fits, counts) < NEARLY:
        return None
    odd = int(counts[~np.asarray(fits)].sum())
    return f"{odd} of {int(counts.sum())} cells are not numbers, so the column is kept as text."


def _written(words: list[str], counts: NDArray[Any]) -> str | None:
    """Numbers with something around them, and truth values in several words."""
    thousands = [_THOUSANDS.fullmatch(word) is not None for word in words]
    plain = [is_number(word, ".") for word in words]
    either = [one or other for one, other in zip(thousands, plain, strict=True)]
    if any(thousands) and _share(either, counts) >= NEARLY:
        return (
            "its cells are numbers with marks between thousands, so it is kept as text. Write them without to have them "
            "learnt as numbers."
        )
    found = [_UNIT.fullmatch(word) for word in words]
    units = {match[1] or match[2] for match in found if match}
    if len(units) == 1 and len(words) > 2 and _share([match is not None for match in found], counts) >= NEARLY:
        return (
            "its cells are numbers with a sign or a unit, so it is kept as text. Write the numbers alone to have them "
            "learnt as such."
        )
    if len(words) > 2 and {word.lower() for word in words if word} <= _TRUTH:
        return "it has several words for true and false, so it is kept as text. Write one pair, such as true and false."
    return None


def _dates(words: list[str], counts: NDArray[Any]) -> str | None:
    """Dates that most cells follow, or that can be read in two ways."""
    if _share([_OFFSET.fullmatch(word) is not None for word in words], counts) == 1:
        return "its times have offsets from UTC; synthetic ones are written in UTC (+00:00)."
    if _share([_DATE.fullmatch(word) is not None for word in words], counts) < NEARLY:
        return None
    cells = pd.Series(words, dtype=object)
    shares = {}
    for form in DATE_FORMATS:
        fits = pd.to_datetime(cells, format=form, errors="coerce").notna().tolist()
        shares[form] = _share(fits, counts)
    whole = [form for form, share in shares.items() if share == 1]
    if len(whole) > 1:
        return (
            f"its dates can be read as {' or as '.join(whole[:2])}. Write them as %Y-%m-%d if the difference matters."
        )
    best = max(shares, key=lambda form: shares[form])
    if not NEARLY <= shares[best] < 1:
        return None
    odd = round((1 - shares[best]) * counts.sum())
    return f"{odd} of {int(counts.sum())} cells are no dates of the form {best}, so the column is kept as text."


def hints_of(frame: pd.DataFrame) -> Iterator[str]:
    """Sentences about columns with infinite numbers, with dates that stand for none, or with numbers that are times."""
    for name, cells in frame.items():
        found = _of_numbers(str(name), cells)
        if found:
            yield f"Column {plain(str(name), 40)!r}: {found}"


def _of_numbers(name: str, cells: pd.Series[Any]) -> str | None:
    if types.is_float_dtype(cells.dtype):
        infinite = int(np.isinf(cells.to_numpy(np.float64, na_value=np.nan)).sum())
        return f"{infinite:,} cells are infinite and count as missing." if infinite else None
    if types.is_datetime64_any_dtype(cells.dtype):
        endless = int((cells.dt.year == LAST_YEAR).sum())
        what = f"{endless:,} dates lie in {LAST_YEAR}, as 9999-12-31 does where it stands for no date"
        return f"{what}. Leave such cells blank to have them learnt as missing." if endless else None
    if types.is_integer_dtype(cells.dtype) and not types.is_bool_dtype(cells.dtype) and _SINCE_1970.search(name):
        known = cells.dropna()
        for unit, size in (("seconds", 1), ("milliseconds", 1_000), ("microseconds", 1_000_000)):
            if len(known) and known.between(SINCE * size, UNTIL * size).all():
                return f"its numbers look like {unit} since 1970. Write them as dates to have them learnt as dates."
    return None
