"""Columns that may say whom a row is about and when it happened, by their names, their cells and the order of the rows.

What speaks for a pair of them is weighed in sequence_finder.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.moments import read_moments
from smartsynth.privacy.neighbours import to_numbers
from smartsynth.schema import Column, Kind, Schema

SAMPLE_ROWS = 20_000
MOST_ENTITIES, MOST_TIMES = 12, 6
_ROWS_OF_ONE = 500

PARTS = ("year", "quarter", "month", "week", "day", "hour", "minute", "second")
_TIME_WORDS = {
    *PARTS, *(f"{part}s" for part in PARTS), "time", "times", "timestamp", "datetime", "date", "yr", "yrs", "qtr", "tick",
    "season", "semester", "period", "step", "visit", "wave", "round", "session", "occasion", "age", "start", "tstart",
}  # fmt: skip
_COUNTED = {"visit", "wave", "round", "session", "occasion", "age", "start", "tstart"}
"""Words that make a time only of what repeats within entities."""
_OF_A_LIFE = {"birth", "born", "birthday", "dob", "death"}
_NO_TIME = _OF_A_LIFE | {
    "per", "of", "in", "experience", "old", "education", "work", "spent", "duration", "length", "until", "between",
}  # fmt: skip
"""Words of lengths of time and of times of a life; the former are no bar to dates."""
WHO = {
    "patient", "subject", "customer", "client", "user", "member", "account", "person", "player", "student", "pupil", "employee",
    "worker", "respondent", "participant", "card", "cardholder", "household", "child", "device", "sensor", "machine", "vehicle",
    "animal", "id", "uuid", "key", "nr",
}  # fmt: skip
_WHAT = {
    "firm", "company", "country", "state", "city", "county", "region", "province", "nation", "station", "site", "plant", "tree",
    "school", "bank", "store", "shop", "ticker", "symbol", "stock", "asset", "airline", "industry", "sector", "team", "product",
    "item", "series", "unit", "individual", "cow", "rat", "pig", "dog", "chick", "plot", "run", "batch",
}  # fmt: skip
_JOINED_ID = re.compile(
    r"(?i)^(pat|pt|subj?|cust|emp|pers|case|stud|hh|resp|nr|idn|u|p|s|c)?_?(id|idnum|no)$|[a-z](Id|ID)$"
)


def words(name: str) -> tuple[str, ...]:
    """The words of a column name, in small letters.

    >>> words("playerID"), words("visit_no2")
    (('player', 'id'), ('visit', 'no'))
    """
    return tuple(re.sub(r"([a-z])([A-Z])", r"\1 \2", name).lower().replace("_", " ").translate(_NO_LETTERS).split())


_NO_LETTERS = {ord(character): " " for character in "0123456789.-/()[]%#:"}


@dataclass(frozen=True, slots=True)
class Time:
    """A column, or several from years to seconds, that may say when."""

    columns: tuple[Column, ...]
    counted: bool = False

    @property
    def name(self) -> str:
        return self.columns[0].name

    @property
    def given(self) -> str | None:
        """What can be named as the time: one column, not parts of a date."""
        return self.name if len(self.columns) == 1 else None

    def numbers(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        """A number per row that grows with the time."""
        parts = [numbers_of(frame[column.name], column) for column in self.columns]
        if len(parts) == 1:
            return parts[0]
        return np.asarray(pd.factorize(pd.MultiIndex.from_arrays(parts), sort=True)[0], np.float64)


def numbers_of(cells: pd.Series[Any], column: Column) -> NDArray[np.float64]:
    """The cells of a number, date or duration as floats; dates as text are read all at once."""
    if column.kind is Kind.DATETIME and not pd.api.types.is_datetime64_any_dtype(cells.dtype):
        cells = read_moments(cells, column.format)
    values = np.asarray(to_numbers(cells, column), np.float64)
    return np.where(np.isfinite(values), values, np.nan)


def times_of(frame: pd.DataFrame, schema: Schema) -> list[Time]:
    """Columns that may be times, dates first; then the parts of a date together."""
    found: list[Time] = []
    parts: dict[str, Column] = {}
    for column in schema:
        said, cells = set(words(column.name)), frame[column.name]
        dated = column.kind is Kind.DATETIME
        told = bool(said & _TIME_WORDS) or column.name in ("t", "T")
        if said & (_OF_A_LIFE if dated else _NO_TIME):
            continue
        if (not dated and not (told and (column.kind is Kind.DURATION or _is_number(cells)))) or cells.isna().any():
            continue
        plural = len(said) > 1 and any(word.endswith("s") and word[:-1] in PARTS for word in said)
        counted = not dated and (plural or bool(said & _COUNTED and not said & set(PARTS)))
        found.append(Time((column,), counted=counted))
        part = next((part for part in PARTS if part in said), None)
        if part is not None and not dated:
            parts.setdefault(part, column)
    found.sort(key=lambda time: (time.columns[0].kind is not Kind.DATETIME, time.counted))
    together = tuple(parts[part] for part in PARTS if part in parts)
    return [*found[:MOST_TIMES], *([Time(together)] if len(together) > 1 else [])]


def _is_number(cells: pd.Series[Any]) -> bool:
    return pd.api.types.is_numeric_dtype(cells.dtype) and not pd.api.types.is_bool_dtype(cells.dtype)


@dataclass(frozen=True, slots=True)
class Entity:
    """A column that may name whom a row is about."""

    name: str
    codes: NDArray[np.int64]
    entities: int
    who: bool
    named: bool
    together: bool

    def sample(self, rng: np.random.Generator) -> NDArray[np.int64]:
        """Rows of some entities in their order, not too many of any."""
        sizes = np.minimum(np.bincount(self.codes), _ROWS_OF_ONE)
        order = rng.permutation(self.entities)
        most = max(int(np.searchsorted(np.cumsum(sizes[order]), SAMPLE_ROWS)), 2)
        chosen = np.zeros(self.entities, bool)
        chosen[order[:most]] = True
        rows = np.flatnonzero(chosen[self.codes])
        place = pd.Series(self.codes[rows]).groupby(self.codes[rows]).cumcount().to_numpy()
        return np.asarray(rows[place < _ROWS_OF_ONE], np.int64)


def entities_of(frame: pd.DataFrame, schema: Schema, times: set[str]) -> list[Entity]:
    """Columns that repeat and may name entities, those whose name says so first."""
    found = []
    for column in schema:
        said, cells = set(words(column.name)), frame[column.name]
        who = bool(said & WHO) or _JOINED_ID.search(column.name) is not None
        named = who or bool(said & _WHAT)
        number = column.kind is Kind.NUMERIC and column.decimals == 0
        if column.name in times or (said & _TIME_WORDS and not who) or cells.isna().any():
            continue
        if number and not named and float((cells.to_numpy()[1:] == cells.to_numpy()[:-1]).mean()) < 0.3:
            continue  # a count, not a key: it would stand together
        if number or column.kind in (Kind.IDENTIFIER, Kind.CATEGORICAL):
            found.append((not named, number, column.name, who))
    entities: list[Entity] = []
    for unnamed, number, name, who in sorted(found):
        codes, levels = pd.factorize(frame[name])
        if not 2 <= len(levels) <= len(frame) / 2:
            continue
        together = 1 + int((codes[1:] != codes[:-1]).sum()) <= 1.1 * len(levels)
        if not unnamed or together or not number:
            entities.append(Entity(name, codes, len(levels), who, not unnamed, together))
        if len(entities) == MOST_ENTITIES:
            break
    return entities
