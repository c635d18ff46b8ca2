"""When the rows of an entity happen: the time column as a first moment and what follows from it.

    steps      every gap is the same: the k-th row lies k steps after the first
    months     periods of the calendar: every month, quarter or year, on its first, its last or a fixed day
    weekdays   every day from Monday to Friday; holidays are filled in
    gaps       anything else: the gap before each row is learnt, never negative, a multiple of what all real gaps are multiples of

Moments are counted in positions: natural units of the column (storage.py), months, or weekdays. What a clock keeps of the data are
softened ends (as encoding.py's) and what all gaps have in common.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.models.encoding import NumberCodec
from smartsynth.models.storage import UNITS, from_float, natural_unit, to_float
from smartsynth.schema import Column, Kind
from smartsynth.sequences import Panel

Floats = NDArray[np.float64]
DAY = UNITS[0]
TOLERANCE = 1e-6
"""Gaps that differ by this share of the step are the same."""
WORKDAYS = 0.9
"""Share of the gaps between weekdays that must be one weekday; the rest are holidays."""
MOST_WEEKDAYS = 6
"""No holidays are longer than so many weekdays."""
ENTITIES = 4
"""Cells are counted by entity, not by row, where there are so many times `min_count` entities."""


@dataclass(frozen=True, slots=True)
class Clock:
    """How the time of rows is made.

    Args:
        column: The time.
        kind: See the module.
        unit: Nanoseconds of a position; 1 for numbers.
        start: Softened ends of the moments, in positions.
        step: Positions between rows; of `gaps`, what all gaps are multiples of, or 0.
        phase: What is left of each moment when steps are taken away, the same for all of them; None if it is not.
        day: `months`: day of the month, 0 for the last one.
        is_utc: Whether moments are counted in UTC instead of wall time.
        gap: `gaps`: softened ends of the gaps, in steps.
    """

    column: Column
    kind: Literal["steps", "months", "weekdays", "gaps"]
    unit: int
    start: NumberCodec
    step: float
    phase: float | None
    day: int = 1
    is_utc: bool = False
    gap: NumberCodec | None = None

    @classmethod
    def fit(cls, panel: Panel, *, min_count: int) -> Self | None:
        """The clock of a panel; None if it has no time."""
        column = panel.schema.time
        if column is None:
            return None
        series = panel.frame[column.name]
        views = [cls(column, "steps", natural_unit(column, series), _number(None), 0.0, None)]
        if _zone(column) and views[0].unit != DAY:
            # Hours of wall time are not all alike where clocks change.
            views.append(replace(views[0], unit=natural_unit(column, _utc(series)), is_utc=True))
        found = next((made for view in views if (made := view._regular(panel))), None)
        found = found or views[-1]._irregular(panel, min_count)
        return replace(found, start=ends(_number(found._decimals), found._series(series), panel, min_count))

    def _regular(self, panel: Panel) -> Self | None:
        """The clock with the step that all gaps are; None if there is no such step."""
        series = panel.frame[self.column.name]
        at = self._at(series)
        gaps = _gaps(at, panel)
        step = float(np.median(gaps)) if len(gaps) else 1.0
        if step >= 0 and np.all(np.abs(gaps - step) <= TOLERANCE * abs(step)):
            return replace(self, step=step, phase=_phase(at, step))
        if self.column.kind is not Kind.DATETIME or self.unit != DAY:
            return None
        days = at.astype(np.int64).astype("datetime64[D]")
        if (day := _day(days)) is not None:
            monthly = replace(self, kind="months", day=day)
            gaps = _gaps(monthly._at(series), panel)
            if gaps[0] > 0 and np.all(gaps == gaps[0]):
                return replace(monthly, step=float(gaps[0]), phase=_phase(monthly._at(series), float(gaps[0])))
        weekly = replace(self, kind="weekdays", step=1.0, phase=0.0)
        gaps = _gaps(weekly._at(series), panel)
        is_usual = np.mean(gaps == 1) >= WORKDAYS and gaps.min() >= 1 and gaps.max() <= MOST_WEEKDAYS
        return weekly if is_usual and np.is_busday(days).all() else None

    def _irregular(self, panel: Panel, min_count: int) -> Self:
        at = self._at(panel.frame[self.column.name])
        step = _common_step(_gaps(at, panel), self._decimals)
        counted = _number(0 if step else None)
        gaps = np.diff(at, prepend=np.nan)
        gaps[panel.first] = np.nan
        # Without a common step gaps are counted in usual ones, rounded so that none of them is told.
        usual = step or float(f"{max(float(np.nanmedian(gaps)), 1e-9):.1g}")
        gap = ends(counted, pd.Series(gaps / usual), panel, min_count)
        gap = replace(gap, low=max(gap.low, 0.0), high=max(gap.high, gap.low, 0.0), unit=1)
        return replace(self, kind="gaps", step=usual, phase=_phase(at, step) if step else None, gap=gap)

    def positions(self, frame: pd.DataFrame) -> Floats:
        """The moment of each row, in positions."""
        return self._at(frame[self.column.name])

    def starts(self, frame: pd.DataFrame) -> Floats:
        """The moment of each row, scaled to about [0, 1]."""
        return scaled(self.positions(frame), self.start)

    def gaps(self, panel: Panel) -> Floats:
        """The gap before each row as log(1 + gap), scaled to about [0, 1]; NaN in first rows."""
        assert self.gap is not None  # noqa: S101  (only of the kind `gaps`)
        at = self.positions(panel.frame)
        gaps = np.diff(at, prepend=np.nan)
        gaps[panel.first] = np.nan
        return scaled(np.log1p(np.maximum(gaps, 0) / self.step), self._log_gap)

    def cells(self, starts: NDArray[Any], gaps: NDArray[Any] | None, lengths: NDArray[np.int64]) -> pd.Series[Any]:
        """The time column of entities, put below each other.

        Args:
            starts: First moment of each entity, as `starts` scales it.
            gaps: Of the kind `gaps`: the gap before each row, as `gaps` scales it; those of first rows are not used.
            lengths: Rows of each entity.
        """
        first = np.clip(unscaled(np.asarray(starts, np.float64), self.start), self.start.low, self.start.high)
        return self.after(first, gaps, lengths)

    def after(self, first: Floats, gaps: NDArray[Any] | None, lengths: NDArray[np.int64]) -> pd.Series[Any]:
        """`cells` of entities whose first moments are known in positions."""
        bounds = np.r_[0, np.cumsum(lengths)].astype(np.int64)
        begins = bounds[:-1][lengths > 0]
        if self.kind != "gaps":
            at = np.repeat(self._snapped(first), lengths)
            place = np.arange(bounds[-1]) - np.repeat(bounds[:-1], lengths)
            return self._written(at + self.step * place)
        assert self.gap is not None and gaps is not None  # noqa: S101
        steps = np.expm1(unscaled(np.asarray(gaps, np.float64), self._log_gap))
        steps = np.clip(steps, self.gap.low, self.gap.high)
        steps = np.round(steps) if self.gap.decimals == 0 else steps
        steps[begins] = 0.0
        total = np.cumsum(steps)
        total = total - np.repeat(total[begins], lengths[lengths > 0])
        return self._written(np.repeat(self._snapped(first), lengths) + self.step * total)

    def _snapped(self, first: Floats) -> Floats:
        if self.phase is not None and self.step > 0:
            return np.round((first - self.phase) / self.step) * self.step + self.phase
        return first if self._decimals is None else np.round(first, self._decimals)

    @property
    def _log_gap(self) -> NumberCodec:
        assert self.gap is not None  # noqa: S101
        return replace(self.gap, low=float(np.log1p(self.gap.low)), high=float(np.log1p(self.gap.high)))

    @property
    def _decimals(self) -> int | None:
        return self.column.decimals if self.column.kind is Kind.NUMERIC else 0

    def _series(self, series: pd.Series[Any]) -> pd.Series[Any]:
        return pd.Series(self._at(series))

    def _at(self, series: pd.Series[Any]) -> Floats:
        if self.is_utc:
            series = _utc(series)
        at = to_float(self.column, series, self.unit)
        if self.kind == "months":
            return np.asarray(at.astype(np.int64).astype("datetime64[D]").astype("datetime64[M]"), np.float64)
        if self.kind == "weekdays":
            return np.asarray(np.busday_count("1970-01-01", at.astype(np.int64).astype("datetime64[D]")), np.float64)
        return at

    def _written(self, at: Floats) -> pd.Series[Any]:
        """The cells of moments."""
        if self.kind == "months":
            months = np.round(at).astype(np.int64).astype("datetime64[M]")
            days = months.astype("datetime64[D]") + (self.day - 1) if self.day else _last_day(months)
            at = days.astype(np.float64)
        elif self.kind == "weekdays":
            at = np.busday_offset(np.zeros(len(at), "datetime64[D]"), np.round(at).astype(np.int64)).astype(np.float64)
        if self._decimals is not None:
            at = np.round(at, self._decimals)
        if not self.is_utc:
            return from_float(self.column, at, self.unit)
        moments = pd.Series((np.round(at).astype(np.int64) * self.unit).astype("datetime64[ns]"))
        dtype: Any = self.column.dtype
        return moments.dt.tz_localize("UTC").dt.tz_convert(_zone(self.column)).astype(dtype)

    def to_json(self) -> dict[str, Any]:
        """The clock as plain JSON types."""
        return {
            "kind": self.kind, "unit": self.unit, "step": self.step, "phase": self.phase, "day": self.day,
            "is_utc": self.is_utc, "start": [self.start.low, self.start.high],
            "gap": None if self.gap is None else [self.gap.low, self.gap.high, self.gap.decimals],
        }  # fmt: skip

    @classmethod
    def from_json(cls, column: Column, value: Mapping[str, Any]) -> Self:
        """The clock that `to_json` came from."""
        parts = {k: v for k, v in value.items() if k not in ("start", "gap")}
        clock = cls(column=column, start=_number(None), **parts)
        low, high, decimals = value["gap"] or (0.0, 0.0, None)
        gap = None if value["gap"] is None else replace(_number(decimals), low=low, high=high)
        start = replace(_number(clock._decimals), low=value["start"][0], high=value["start"][1])
        return replace(clock, start=start, gap=gap)


def ends(codec: NumberCodec, series: pd.Series[Any], panel: Panel, min_count: int) -> NumberCodec:
    """The codec of a column of rows, whose softened ends are means over `min_count` entities where there are enough of them."""
    made = replace(NumberCodec.fit(codec.column, series, min_count), unit=codec.unit)
    if len(panel) < ENTITIES * min_count:
        return made
    numbers = to_float(codec.column, series, codec.unit)
    known = ~np.isnan(numbers)
    owner = panel.entity_of_row[known]
    grouped = pd.Series(numbers[known]).groupby(owner)
    lowest, highest = (
        # Entities of which nothing is known count as missing cells.
        NumberCodec.fit(_number(codec.decimals).column, values.reindex(range(len(panel))), min_count)
        for values in (grouped.min(), grouped.max())
    )
    if lowest.low > lowest.high:
        return replace(made, low=lowest.low, high=lowest.high)
    return replace(made, low=lowest.low, high=max(lowest.low, highest.high))


def scaled(values: Floats, codec: NumberCodec) -> Floats:
    """Values as shares of the way between the softened ends; not clipped."""
    return (values - codec.low) / _width(codec)


def unscaled(shares: Floats, codec: NumberCodec) -> Floats:
    """The values that `scaled` made the shares of."""
    return codec.low + shares * _width(codec)


def _width(codec: NumberCodec) -> float:
    return codec.high - codec.low if codec.high > codec.low else 1.0


def _number(decimals: int | None) -> NumberCodec:
    return NumberCodec(Column("position", Kind.NUMERIC, "float64", decimals=decimals), 1, 0.0, 0.0, False)


def _utc(series: pd.Series[Any]) -> pd.Series[Any]:
    moments: pd.Series[Any] = series.dt.tz_convert("UTC").dt.tz_localize(None)
    return moments


def _zone(column: Column) -> str:
    return column.dtype.partition(", ")[2].rstrip("]") if column.dtype.startswith("datetime64[") else ""


def _gaps(at: Floats, panel: Panel) -> Floats:
    """Gaps between neighbouring rows of an entity."""
    inside = np.ones(len(at), bool)
    inside[panel.first] = False
    return np.diff(at, prepend=np.nan)[inside]


def _phase(at: Floats, step: float) -> float | None:
    """What is left of all moments when steps are taken away, if that is the same for all."""
    if step <= 0:
        return None
    left = at - at[0] - np.round((at - at[0]) / step) * step
    if np.any(np.abs(left) > TOLERANCE * step):
        return None
    phase = float(at[0] % step)
    return 0.0 if abs(phase - step) <= TOLERANCE * step else phase


def _day(days: NDArray[np.datetime64]) -> int | None:
    """The day of the month that all dates are, 0 for the last one; None if they differ."""
    of_month = (days - days.astype("datetime64[M]").astype("datetime64[D]")).astype(np.int64) + 1
    if (of_month == of_month[0]).all() and of_month[0] <= 28:
        return int(of_month[0])
    return 0 if (days == _last_day(days.astype("datetime64[M]"))).all() else None


def _last_day(months: NDArray[np.datetime64]) -> NDArray[np.datetime64]:
    return np.asarray((months + 1).astype("datetime64[D]") - 1)


def _common_step(gaps: Floats, decimals: int | None) -> float:
    """What all gaps are multiples of; 0 if they have as many decimals as a float."""
    if decimals is None:
        return 0.0
    whole = np.round(gaps * 10.0**decimals).astype(np.int64)
    found = int(np.gcd.reduce(whole)) if len(whole) else 1
    return max(found, 1) / 10.0**decimals
