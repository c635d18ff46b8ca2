"""What is done about columns that say who somebody is, before anything is learnt.

    finding (privacy/identifiers.py)  →  Treatment, with its reason  →  treated rows and their schema

    drop         the column goes
    regenerate   its cells are made up anew, none is learnt
    generalise   ZIP codes to three digits, dates to years, ages over 89 to 90, and births before that to one year
    keep         it stays as it is, for a stated reason

Without a wish, identifiers and free text are regenerated and all others kept, because rare values are pooled and the
report says whom they single out. `safe_harbor` takes what
45 CFR 164.514(b)(2) asks of each of its 18 classes. It sees columns, not what a reader may know besides: whether a data set
meets the rule is for people to decide.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd

from smartsynth.columns import with_columns
from smartsynth.config import ColumnConfig, Handling
from smartsynth.errors import ConfigError
from smartsynth.facts import Identifier
from smartsynth.moments import read_moments
from smartsynth.privacy.identifiers import HIPAA_CLASSES, class_of, scan
from smartsynth.schema import Column, Kind, Role, Schema

SPARSE_ZIP3 = frozenset(
    {
        "036",
        "059",
        "063",
        "102",
        "203",
        "556",
        "692",
        "790",
        "821",
        "823",
        "830",
        "831",
        "878",
        "879",
        "884",
        "890",
        "893",
    }
)
"""First three digits of ZIP codes whose areas together had 20,000 people or fewer in the census of 2000 (HHS guidance of
2012 on de-identification)."""
OLDEST = 90
GENERALISED = {"zip": "three digits", "age": f"{OLDEST} and over as {OLDEST}"}
DATES = ("date_of_birth", "event_date")
ANEW = (Kind.IDENTIFIER, Kind.TEXT)


def plan(schema: Schema, wanted: Mapping[str, ColumnConfig], *, safe_harbor: bool = False) -> tuple[Identifier, ...]:
    """What is done about each column that says who somebody is, and about each that a treatment was asked for.

    Raises:
        ConfigError: A treatment is not possible, or a column that names persons is kept without a reason.
    """
    found, wrong = [], []
    for column in schema:
        asked = wanted.get(column.name, ColumnConfig())
        says_who = (
            column.role in (Role.KEY, Role.QUASI_IDENTIFIER) or column.kind in ANEW or column.semantic is not None
        )
        if not (says_who or asked.treatment is not None or (safe_harbor and column.kind is Kind.DATETIME)):
            continue
        try:
            found.append(_planned(column, asked, safe_harbor=safe_harbor))
        except ConfigError as error:
            wrong.append(str(error))
    if wrong:
        raise ConfigError(" ".join(wrong))
    return tuple(found)


def _planned(column: Column, asked: ColumnConfig, *, safe_harbor: bool) -> Identifier:
    letter = class_of(column.semantic)
    direct = column.role is Role.KEY or column.kind is Kind.IDENTIFIER
    how, reason = _usual(column, letter, direct=direct, safe_harbor=safe_harbor)
    if asked.treatment is not None:
        how, reason = asked.treatment, asked.reason or "It was asked for."
    if asked.treatment is Handling.KEEP and direct and asked.reason is None:
        raise ConfigError(
            f"columns.{column.name}.treatment=keep: the column names persons ({column.semantic or column.kind.value}), so give "
            f"columns.{column.name}.reason as well, or regenerate or drop it."
        )
    if how is Handling.GENERALISE and not _can_generalise(column):
        raise ConfigError(
            f"columns.{column.name}.treatment=generalise: only ZIP codes, dates and ages can be made coarser, and this is "
            f"{column.semantic or column.kind.value}. Use drop, regenerate or keep."
        )
    return Identifier(column.name, column.semantic, letter, direct, how.value, reason)


def _usual(column: Column, letter: str | None, *, direct: bool, safe_harbor: bool) -> tuple[Handling, str]:
    if safe_harbor and letter is not None and not direct:
        if _can_generalise(column):
            return Handling.GENERALISE, f"Safe Harbor, class {letter}: {HIPAA_CLASSES[letter]}."
        return Handling.DROP, f"Safe Harbor, class {letter}: {HIPAA_CLASSES[letter]}."
    if safe_harbor and column.kind is Kind.DATETIME:
        return Handling.GENERALISE, "Safe Harbor, class C: dates of a person's life are told by their year."
    if column.kind in ANEW:
        return Handling.REGENERATE, "Identifiers and free text are made up anew."
    if direct:
        return (
            Handling.DROP if safe_harbor else Handling.REGENERATE,
            "It names persons, so none of its cells is learnt.",
        )
    return (
        Handling.KEEP,
        "It names nobody alone: rare values are pooled, and the report says whom it singles out with others.",
    )


def _can_generalise(column: Column) -> bool:
    return column.semantic in GENERALISED or column.kind is Kind.DATETIME


def treated_schema(schema: Schema, found: tuple[Identifier, ...]) -> Schema:
    """The schema of the treated rows.

    Raises:
        ConfigError: The target would go.
    """
    how = {one.column: one.treatment for one in found}
    columns = []
    for column in schema:
        handling = how.get(column.name)
        if handling == Handling.DROP:
            if column.role is Role.TARGET:
                raise ConfigError(f"target={column.name!r} is to be dropped. Name another target, or keep the column.")
            continue
        if handling == Handling.REGENERATE and column.kind not in ANEW:
            column = replace(column, kind=Kind.IDENTIFIER, format=None, low=None, high=None, categories=None)
        elif handling == Handling.GENERALISE:
            column = _coarse_column(column)
        columns.append(column)
    return replace(schema, columns=tuple(columns))


def _coarse_column(column: Column) -> Column:
    plain: dict[str, Any] = {"format": None, "low": None, "high": None, "categories": None}
    if column.kind is Kind.DATETIME:
        return replace(column, kind=Kind.NUMERIC, dtype="Int64", decimals=0, semantic="year", **plain)
    if column.semantic == "zip":
        return replace(column, kind=Kind.CATEGORICAL, dtype="object", decimals=None, **plain)
    return column


def treated(frame: pd.DataFrame, schema: Schema, found: tuple[Identifier, ...]) -> pd.DataFrame:
    """The rows as `treated_schema` says; the given ones stay as they are.

    Args:
        frame: Real rows, stored as `schema` says.
        schema: The schema before the treatment.
        found: The plan.
    """
    made = {
        one.column: _coarse(frame[one.column], schema[one.column])
        for one in found
        if one.treatment == Handling.GENERALISE
    }
    gone = [one.column for one in found if one.treatment == Handling.DROP]
    return with_columns(frame, made).drop(columns=gone)


def _coarse(cells: pd.Series[Any], column: Column) -> pd.Series[Any]:
    if column.kind is Kind.DATETIME:
        return _years(cells, column)
    if column.semantic == "zip":
        return cells.map(_zip3, na_action="ignore").astype(object)
    return cells.clip(upper=OLDEST)


def _years(cells: pd.Series[Any], column: Column) -> pd.Series[Any]:
    if cells.dtype == object and cells.dropna().map(lambda cell: isinstance(cell, str)).any():
        cells = read_moments(cells, column.format)
    years = cells.map(lambda day: day.year, na_action="ignore") if cells.dtype == object else cells.dt.year
    numbers = pd.Series(pd.to_numeric(years, errors="coerce").to_numpy(np.float64, na_value=np.nan), cells.index)
    if column.semantic == "date_of_birth":  # a year of birth that tells of an age over 89 is no more than that either
        numbers = numbers.clip(lower=datetime.now(UTC).year - OLDEST)
    return numbers.astype("Int64")


def _zip3(cell: Any) -> str:
    """The first three digits of a ZIP code, or 000.

    >>> _zip3(3601), _zip3("94110-1234"), _zip3(10001.0)
    ('000', '941', '100')
    """
    text = str(int(cell)).zfill(5) if isinstance(cell, int | float | np.number) else str(cell).strip()
    return "000" if text[:3] in SPARSE_ZIP3 else text[:3]


def looked_for(
    found: tuple[Identifier, ...], train: pd.DataFrame, synthetic: pd.DataFrame, holdout: pd.DataFrame
) -> tuple[Identifier, ...]:
    """The plan with what the synthetic rows show: what each column looks like there, and which real cells came back.

    Columns that no treatment was planned for are scanned as well.
    """
    known = {one.column: one for one in found}
    made = []
    for name in synthetic.columns:
        seen = scan(synthetic[name], name)
        one = known.pop(name, None)
        if one is None and (seen is None or not seen.direct):
            continue
        one = one or Identifier(
            name, None, None, False, Handling.KEEP.value, "Nothing was recognised in the real rows."
        )
        back = _back(train[name], synthetic[name]), _back(holdout[name], synthetic[name])
        made.append(
            replace(one, seen_in_output=None if seen is None else seen.semantic, came_back=back[0], of_others=back[1])
        )
    return (*made, *known.values())


def _back(real: pd.Series[Any], synthetic: pd.Series[Any]) -> float:
    """Share of the distinct real cells that occur among the synthetic ones, without regard to case and spaces."""
    ours, theirs = ({str(cell).strip().casefold() for cell in cells.dropna().unique()} for cells in (real, synthetic))
    return len(ours & theirs) / len(ours) if ours else 0.0
