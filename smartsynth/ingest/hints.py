"""What to say about a column of text that is nearly something else: numbers, truth values, dates."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.ingest.cells import DATE_FORMATS, is_number

NEARLY = 0.8
"""Share of the cells from which on a column is nearly something."""
LOOKED_AT = 10_000
"""Distinct cells."""
_NUMBER = r"-?\d+(?:[.,]\d+)*"
_THOUSANDS = re.compile(r"[-+]?\d{1,3}(?:[,.' \u00a0\u202f]\d{3})+(?:[.,]\d+)?")
_UNIT = re.compile(rf"([$€£¥])\s?{_NUMBER}|{_NUMBER}\s?([%‰$€£¥°]|[A-Za-zµ°²³/]{{1,6}})")
_TRUTH = frozenset({"true", "false", "yes", "no", "y", "n", "t", "f", "1", "0", "on", "off"})
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
    if _share([_DATE.fullmatch(word) is not None for word in words], counts) < NEARLY:
        return None
    cells = pd.Series(words, dtype=object)
    shares = {}
    for form in DATE_FORMATS:
        fits = pd.to_datetime(cells, format=form, errors="coerce").notna().to_numpy()
        shares[form] = _share(fits.tolist(), counts)
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
