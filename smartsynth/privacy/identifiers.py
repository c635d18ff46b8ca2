"""Which columns say who somebody is: recognisers vote over a sample of a column's distinct cells.

    column name ───────┐
    format of cells ───┼─ Recognizer ─ share of cells that agree ─→ Finding(semantic, role, HIPAA class, share)
    checksum ──────────┤
    word lists ────────┘
    longer texts ──────── texts.py ──── what stands inside ────────→ Finding(…, inside)

One cell proves nothing, a column does: when the name of a column agrees, a tenth of the cells is enough for formats
that hardly occur by chance; without the name more cells have to agree, and formats that other numbers share never
count. Classes A to R are those of the HIPAA Safe Harbor rule, 45 CFR 164.514(b)(2)(i).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from smartsynth.privacy import texts
from smartsynth.privacy.cell_formats import IS_TOKEN
from smartsynth.privacy.column_words import label
from smartsynth.privacy.recognizers import RECOGNIZERS, Cells, Recognizer
from smartsynth.schema import Role

if TYPE_CHECKING:
    import pandas as pd

SAMPLE_ROWS = 20_000
SAMPLE_CELLS = 400
LONG_TEXT_WORDS = 6
"""Cells of so many words on average are texts: what matters is what stands inside."""
FEWEST_CODES, UNIQUE_SHARE = 50, 0.95
READ_CHARACTERS = 2_000
"""So much of a cell is read: the time of some patterns grows with the square of a text's length."""
IN_TEXT = "identifiers_in_text"

HIPAA_CLASSES = {
    "A": "names",
    "B": "places smaller than a state",
    "C": "dates of a person's life and ages over 89",
    "D": "telephone numbers",
    "E": "fax numbers",
    "F": "e-mail addresses",
    "G": "social security numbers",
    "H": "medical record numbers",
    "I": "health plan numbers",
    "J": "account numbers",
    "K": "certificate and licence numbers",
    "L": "vehicle identifiers",
    "M": "device identifiers",
    "N": "web addresses",
    "O": "IP addresses",
    "P": "biometric identifiers",
    "Q": "face photographs",
    "R": "any other code that is unique to a person",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What a column tells about a person.

    Args:
        semantic: Meaning of the cells, such as `email`.
        role: KEY names a person directly, QUASI_IDENTIFIER does so together with others, SENSITIVE is what nobody
            should learn about a person.
        hipaa: Letter of the HIPAA Safe Harbor class, if it is one of the 18.
        share: Share of the sampled distinct cells that agree.
        named: Whether the name of the column says so too.
        inside: Letters of the classes that stand inside longer texts.
    """

    semantic: str
    role: Role
    hipaa: str | None
    share: float
    named: bool
    inside: tuple[str, ...] = ()

    @property
    def direct(self) -> bool:
        """Whether the cells name a person by themselves."""
        return self.role is Role.KEY


def scan(series: pd.Series[Any], name: str) -> Finding | None:
    """What a column tells about a person, or None if nothing was recognised.

    >>> import pandas as pd
    >>> scan(pd.Series(["ann@example.org", "bob@example.org", None]), "contact").semantic
    'email'
    """
    cells, sample = _sample(series)
    if not sample:
        return None
    sample = [text[:READ_CHARACTERS] for text in sample]
    fitting = [recognizer for recognizer in RECOGNIZERS if recognizer.cells & cells]
    long = Cells.TEXT in cells and np.mean([text.count(" ") for text in sample]) >= LONG_TEXT_WORDS - 1
    found = _by_name(fitting, label(name), sample)
    if long and (found is None or found.role is Role.SENSITIVE):
        return _in_texts(sample) or found
    return found or _by_cells(fitting, sample) or _unique_code(series, cells, label(name))


def _by_name(fitting: Sequence[Recognizer], words: str, sample: list[str]) -> Finding | None:
    for one in fitting:
        if one.label is None or not one.label.search(words):
            continue
        if one.alone is None and len(sample) < one.distinct:
            continue
        share = one.share(sample)
        if share >= one.named:
            return Finding(one.semantic, one.role, one.hipaa, share, True)
    return None


def _by_cells(fitting: Sequence[Recognizer], sample: list[str]) -> Finding | None:
    for one in fitting:
        if one.alone is not None and len(sample) >= one.distinct:
            share = one.share(sample)
            if share >= one.alone:
                return Finding(one.semantic, one.role, one.hipaa, share, False)
    return None


def _unique_code(series: pd.Series[Any], cells: Cells, words: str) -> Finding | None:
    """A code of the row itself: the name says id or number, and nearly every cell is another one."""
    ends = ("_id",) if Cells.WHOLE in cells else ("_id", "_number")
    if not cells & (Cells.TEXT | Cells.WHOLE) or not words.endswith(ends):
        return None
    known = series.dropna().iloc[:SAMPLE_ROWS].astype(str)
    codes = known[known.map(IS_TOKEN)]
    if len(codes) < FEWEST_CODES or len(codes) < 0.5 * len(known) or codes.nunique() < UNIQUE_SHARE * len(codes):
        return None
    return Finding("record_id", Role.KEY, "R", len(codes) / len(known), True)


def _in_texts(sample: list[str]) -> Finding | None:
    found, share = texts.inside(sample)
    if not found:
        return None
    role = Role.QUASI_IDENTIFIER if set(found) <= {"B", "C"} else Role.KEY
    return Finding(IN_TEXT, role, None, share, False, found)


def _sample(series: pd.Series[Any]) -> tuple[Cells, list[str]]:
    """What the cells are, and some distinct ones as text."""
    known = series.dropna()
    if len(known) > SAMPLE_ROWS:
        known = known.iloc[np.random.default_rng(0).choice(len(known), SAMPLE_ROWS, replace=False)]
    unique = np.asarray(known.unique())
    if len(unique) > SAMPLE_CELLS:
        unique = np.random.default_rng(0).choice(unique, SAMPLE_CELLS, replace=False)
    if unique.dtype.kind == "O" and len(unique) and all(_is_number(cell) for cell in unique):
        unique = unique.astype(np.float64)  # numbers that are kept as objects, such as beside missing cells
    if unique.dtype.kind == "b":
        return Cells.TRUTH, [str(cell) for cell in unique]
    if unique.dtype.kind in "iuf":
        finite = unique[np.isfinite(unique)]
        return (Cells.WHOLE if np.all(finite == np.floor(finite)) else Cells.REAL), _numbers(finite)
    if unique.dtype.kind == "M" or (len(unique) > 0 and hasattr(unique[0], "year")):
        return Cells.DATE, [str(cell) for cell in unique]
    return _written(unique)


def _written(unique: np.ndarray[Any, Any]) -> tuple[Cells, list[str]]:
    """Cells that are text, some or most of which may be numbers: a few words beside many numbers are dirt."""
    numbers = [float(cell) for cell in unique if _reads_as_number(cell)]
    if len(numbers) >= 10 and len(numbers) >= 0.7 * len(unique):
        finite = np.array(numbers)
        if np.all(finite == np.floor(finite)):
            return Cells.TEXT | Cells.WHOLE, [_spelt(cell) for cell in unique]
        return Cells.TEXT | Cells.REAL, [str(cell).strip() for cell in unique]
    return Cells.TEXT, [str(cell).strip() for cell in unique]


def _spelt(cell: Any) -> str:
    return str(int(cell)) if _is_number(cell) and float(cell).is_integer() else str(cell).strip()


def _numbers(finite: np.ndarray[Any, Any]) -> list[str]:
    whole = bool(np.all(finite == np.floor(finite)))
    return [str(int(cell)) if whole else repr(float(cell)) for cell in finite]


def _is_number(cell: Any) -> bool:
    return isinstance(cell, int | float | np.number) and not isinstance(cell, bool | np.bool_)


def _reads_as_number(cell: Any) -> bool:
    try:
        return bool(np.isfinite(float(cell)))
    except (TypeError, ValueError):
        return False


def class_of(semantic: str | None) -> str | None:
    """Letter of the HIPAA Safe Harbor class that a meaning belongs to.

    >>> class_of("email"), class_of("income")
    ('F', None)
    """
    return next((recognizer.hipaa for recognizer in RECOGNIZERS if recognizer.semantic == semantic), None)
