"""How often something happens, in words: the usual step between times, and the moments at which nothing was written down."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smartsynth.formats import number
from smartsynth.schema import Column, Kind
from smartsynth.utils.sequence_columns import words
from smartsynth.utils.serial import Bounds, Floats

_DAY = 86_400.0
_UNITS = (("week", 7 * _DAY), ("day", _DAY), ("hour", 3_600.0), ("min", 60.0), ("s", 1.0), ("ms", 1e-3))
_ONE = {"week": "weekly", "day": "daily", "hour": "hourly", "min": "every minute", "s": "every second"}
_MONTHS = {1: "monthly", 3: "quarterly", 6: "half-yearly", 12: "yearly"}
_OF_A_YEAR = ((1, "yearly"), (4, "quarterly"), (12, "monthly"), (52, "weekly"))
_SAID = {
    "year": "yearly",
    "quarter": "quarterly",
    "month": "monthly",
    "week": "weekly",
    "day": "daily",
    "hour": "hourly",
}
_LEAST_USUAL, _LEAST_WHOLE = 0.5, 0.9
_TOLERANCE = 0.02


@dataclass(frozen=True, slots=True)
class Rhythm:
    """The usual step.

    Args:
        words: Such as `daily`, `every 10 min`, `irregular`.
        step: In seconds, or in units of a numeric time; None if there is none.
        missing: Share of the moments of that step at which there is no row, between the first and the last of an entity.
        gaps: All steps between rows of an entity that are not of one moment.
    """

    words: str
    step: float | None
    missing: float | None
    gaps: Floats


def rhythm_of(when: Floats, bounds: Bounds, column: Column | None) -> Rhythm:
    """The rhythm of the rows of entities.

    Args:
        when: Time of each row, in order within entities; dates and durations in seconds.
        bounds: First row of each entity, and the number of rows.
        column: Of the time; None if the order of the rows is all there is.

    >>> column = Column("at", Kind.DATETIME, "datetime64[ns]")
    >>> rhythm_of(600.0 * np.array([0, 1, 2, 4, 5]), np.array([0, 5]), column).words
    'every 10 min'
    """
    if column is None:
        return Rhythm("by the order of the rows", None, None, np.zeros(0))
    last = np.ones(len(when), bool)
    last[bounds[:-1][np.diff(bounds) > 0]] = False
    later = np.flatnonzero(last)
    later = later[when[later] > when[later - 1]]
    before, after = when[later - 1], when[later]
    gaps = after - before
    if len(gaps) < 3:
        return Rhythm("too few rows to say", None, None, gaps)
    dated = column.kind is Kind.DATETIME
    found = (_by_months(before, after) or _by_business_days(before, after)) if dated else None
    return Rhythm(*(found or _by_step(gaps, column)), gaps)


_Answer = tuple[str, float | None, float | None]


def _by_step(gaps: Floats, column: Column) -> _Answer:
    """One step that half of the gaps keep to, and of which nearly all are multiples."""
    step = float(np.median(gaps))
    near = np.abs(gaps / step - 1) < _TOLERANCE
    multiples = gaps / step
    whole = np.abs(multiples - np.rint(multiples)) < _TOLERANCE * np.maximum(multiples, 1)
    if near.mean() < _LEAST_USUAL or (whole & (multiples > 0.5)).mean() < _LEAST_WHOLE:
        return "irregular", None, None
    step = float(gaps[near].mean()) if column.kind is Kind.NUMERIC else step
    missing = 1 - len(gaps) / max(float(np.rint(multiples[whole]).sum() + (~whole).sum()), 1.0)
    said = _numeric(step, column.name) if column.kind is Kind.NUMERIC else _every(step)
    return said, step, max(missing, 0.0)


def _by_months(before: Floats, after: Floats) -> _Answer | None:
    """Whole months between times: the same day of the month, or its last one."""
    ends = [np.asarray(times, np.int64).astype("datetime64[s]").astype("datetime64[D]") for times in (before, after)]
    months = [days.astype("datetime64[M]") for days in ends]
    days = [(d - m.astype("datetime64[D]")).astype(np.int64) for d, m in zip(ends, months, strict=True)]
    lasts = [d + 1 == (m + 1).astype("datetime64[D]") for d, m in zip(ends, months, strict=True)]
    between = (months[1] - months[0]).astype(np.int64)
    usual = int(np.median(between))
    alike = (days[0] == days[1]) | (lasts[0] & lasts[1])
    if usual < 1 or alike.mean() < _LEAST_WHOLE or (between == usual).mean() < _LEAST_USUAL:
        return None
    step = float(np.median((after - before)[between == usual]))
    missing = 1 - len(between) / max(float(np.maximum(np.rint(between / usual), 1).sum()), 1.0)
    return _MONTHS.get(usual, f"every {usual} months"), step, max(missing, 0.0)


def _by_business_days(before: Floats, after: Floats) -> _Answer | None:
    """Daily, and never on a Saturday or Sunday."""
    first, second = ((np.floor(times / _DAY)).astype(np.int64) for times in (before, after))
    weekday = (second + 3) % 7  # 1970 began on a Thursday
    daily = np.abs((after - before) / _DAY - 1) < _TOLERANCE
    if len(second) < 10 or weekday.max() > 4 or daily.mean() < _LEAST_USUAL:
        return None
    steps: NDArray[np.int64] = np.busday_count(first.astype("datetime64[D]"), second.astype("datetime64[D]"))
    return "business days", _DAY, max(1 - len(steps) / float(np.maximum(steps, 1).sum()), 0.0)


def _every(seconds: float) -> str:
    """A step in words.

    >>> [_every(s) for s in (86_400, 600, 7_200, 90)]
    ['daily', 'every 10 min', 'every 2 hours', 'every 90 s']
    """
    unit, size = next(((u, s) for u, s in _UNITS if seconds >= s and (seconds / s) % 1 < 1e-6), ("s", 1.0))
    times = seconds / size
    if abs(times - 1) < 1e-9 and unit in _ONE:
        return _ONE[unit]
    return f"every {number(times)} {unit}{'s' if unit in ('week', 'day', 'hour') else ''}"


def _numeric(step: float, name: str) -> str:
    """The step of a numeric time in words, with the unit that its name says."""
    said = {word.removesuffix("s") for word in words(name)}
    if "year" in said or "time" in said or "date" in said:
        for parts, word in _OF_A_YEAR:
            if abs(step * parts - 1) < _TOLERANCE and (parts > 1 or "year" in said):
                return word
    if abs(step - 1) < 1e-6:
        unit = next((word for part, word in _SAID.items() if part in said), None)
        if unit is not None:
            return unit
    return f"in steps of {number(step)}"
