"""Rows that follow one another: whose they are, when they happened, and what an entity's rows look like together.

    marked(frame, schema, …)    the schema with entity, time and static columns named; everything wrong is said at once
    stretches(frame, schema)    a plain series cut into stretches, each an entity of its own
    Panel.of(frame, schema)     rows put in order, entity after entity, and where each entity begins
    record_table(panel)         one row per entity: what tells entities apart, for everything that compares whole records

A record of a time series is an entity with all its rows: it is what is drawn, kept aside, filtered and protected as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.columns import with_columns
from smartsynth.errors import ConfigError, DataError, Problem
from smartsynth.schema import WINDOW, Column, Kind, Modality, Role, Schema

TIMES = (Kind.NUMERIC, Kind.DATETIME, Kind.DURATION)
HELD_STRETCHES = 5
"""A plain series is kept aside in so many stretches, spread over all of its time."""


def marked(frame: pd.DataFrame, schema: Schema, *, entity: str | None, time: str | None) -> Schema:
    """The schema of a time series: who and when are named, and which columns an entity keeps the same.

    Args:
        frame: Rows.
        schema: Their columns.
        entity: Column that names whom a row is about; None for a plain series.
        time: Column that says when; None if the order of the rows does.

    Raises:
        ConfigError: There is no such column, or it is of a kind that cannot be a time.
        DataError: Rows without an entity or a time; every problem at once.
    """
    if entity is not None and entity == time:
        raise ConfigError(f"entity={entity!r} and time={time!r} are the same column. Name two, or leave one out.")
    _check_known(
        frame, {what: schema[name].name for what, name in (("entity", entity), ("time", time)) if name is not None}
    )
    if time is not None:
        found = schema[time]
        kind = _time_kind(frame[time], found)
        schema = schema.with_column(time, role=Role.TIME, kind=kind)
    if entity is not None:
        schema = schema.with_column(entity, role=Role.ENTITY, kind=Kind.IDENTIFIER, static=True)
        codes = pd.factorize(frame[entity])[0]
        schema = replace(
            schema, columns=tuple(c if c.role in (Role.ENTITY, Role.TIME) else _judged(c, frame, codes) for c in schema)
        )
    return replace(schema, modality=Modality.TIMESERIES)


def _check_known(frame: pd.DataFrame, names: Mapping[str, str | None]) -> None:
    """DataError if an entity or a time is missing in a row; every such column at once."""
    problems = []
    for what, name in names.items():
        if name is not None and (missing := int(frame[name].isna().sum())):
            text = f"is the {what}, and {missing:,} of its cells {'is' if missing == 1 else 'are'} missing."
            problems.append(Problem(text, column=name, fix="Drop these rows, or fill the cells."))
    if problems:
        raise DataError(problems)


def _time_kind(cells: pd.Series[Any], column: Column) -> Kind:
    """The kind of a column of times; whole numbers that count up may have been taken for keys."""
    if column.kind in TIMES:
        return column.kind
    if pd.api.types.is_numeric_dtype(cells.dtype) and not pd.api.types.is_bool_dtype(cells.dtype):
        return Kind.NUMERIC
    raise ConfigError(
        f"time={column.name!r} is of kind {column.kind.value}; a time is a date, a duration or a number. Name another column, "
        f"or correct columns.{column.name}.kind."
    )


def _judged(column: Column, frame: pd.DataFrame, codes: NDArray[np.int64]) -> Column:
    """The column with whether every entity keeps its value."""
    values = pd.factorize(frame[column.name], use_na_sentinel=False)[0]
    first = np.full(codes.max() + 1, -1)
    first[codes[::-1]] = values[::-1]
    repeated = len(first) < len(codes)
    return replace(column, static=bool(repeated and np.array_equal(first[codes], values)))


@dataclass(frozen=True, slots=True)
class Panel:
    """Rows in order: entity after entity, each by time.

    Args:
        frame: The rows.
        schema: Their columns, with an entity.
        bounds: First row of each entity, and the number of rows.
    """

    frame: pd.DataFrame
    schema: Schema
    bounds: NDArray[np.int64]

    @classmethod
    def of(cls, frame: pd.DataFrame, schema: Schema) -> Self:
        """The rows put in order; entities stay in the order of their first rows, and rows of one time in theirs.

        >>> from smartsynth.schema import Column, Kind
        >>> schema = Schema((Column("who", Kind.IDENTIFIER, "object", Role.ENTITY), Column("t", Kind.NUMERIC, "int64", Role.TIME)))
        >>> frame = pd.DataFrame({"who": ["b", "a", "b"], "t": [2, 5, 1]})
        >>> panel = Panel.of(frame, schema)
        >>> panel.frame["t"].tolist(), panel.bounds.tolist()
        ([1, 2, 5], [0, 2, 3])
        """
        order, codes = cls.order(frame, schema)
        bounds = np.r_[0, np.cumsum(np.bincount(codes))] if len(codes) else np.zeros(1)
        return cls(frame.iloc[order].reset_index(drop=True), schema, bounds.astype(np.int64))

    @staticmethod
    def order(frame: pd.DataFrame, schema: Schema) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Places of the rows as `of` puts them in order, and the number of each row's entity, from 0.

        Raises:
            ConfigError: The schema names no entity.
            DataError: Rows without an entity or a time.
        """
        if schema.entity is None:
            raise ConfigError("The schema names no entity. Mark it with `marked`, or cut the series into stretches.")
        _check_known(frame, {"entity": schema.entity.name, "time": None if schema.time is None else schema.time.name})
        codes = pd.factorize(frame[schema.entity.name])[0].astype(np.int64)
        if schema.time is None:
            return np.argsort(codes, kind="stable").astype(np.int64), codes
        return np.lexsort((times(frame, schema), codes)).astype(np.int64), codes

    def __len__(self) -> int:
        return len(self.bounds) - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Rows of each entity."""
        return np.diff(self.bounds)

    @property
    def first(self) -> NDArray[np.int64]:
        """The first row of each entity."""
        return self.bounds[:-1]

    @property
    def entity_of_row(self) -> NDArray[np.int64]:
        """The place of each row's entity."""
        return np.repeat(np.arange(len(self)), self.lengths)

    def take(self, places: Sequence[int] | NDArray[np.integer[Any]]) -> Panel:
        """Some of the entities, in the order of `places`."""
        places = np.asarray(places, np.int64)
        lengths = self.lengths[places]
        bounds = np.r_[0, np.cumsum(lengths)].astype(np.int64)
        rows = np.arange(bounds[-1]) - np.repeat(bounds[:-1], lengths) + np.repeat(self.first[places], lengths)
        return Panel(self.frame.iloc[rows].reset_index(drop=True), self.schema, bounds)


def times(frame: pd.DataFrame, schema: Schema) -> NDArray[np.float64]:
    """The time of each row as a number: seconds for dates and durations; the place of the row if there is no time."""
    from smartsynth.privacy.neighbours import to_numbers

    if schema.time is None:
        return np.arange(len(frame), dtype=np.float64)
    return np.asarray(to_numbers(frame[schema.time.name], schema.time), np.float64)


def in_order(frame: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """The rows of a plain series by time."""
    if schema.time is None:
        return frame.reset_index(drop=True)
    return frame.iloc[np.argsort(times(frame, schema), kind="stable")].reset_index(drop=True)


def stretches(
    frame: pd.DataFrame, schema: Schema, *, window: int, held: float, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame, Schema]:
    """A plain series as stretches to learn from and stretches kept aside, each an entity, and the schema with their number.

    Args:
        frame: The series.
        schema: Its columns, marked; without an entity.
        window: Rows of a window; no stretch is shorter than two.
        held: Share of the rows kept aside, in HELD_STRETCHES stretches spread over all of the time; 0 keeps all together.
        seed: Of where in its part of the time each of them lies.

    Raises:
        DataError: The series is too short to be cut.
    """
    frame = in_order(frame, schema)
    n, schema = len(frame), with_window(schema)
    parts = min(HELD_STRETCHES, int(held * n) // (2 * window))
    if held and parts < 1:
        raise DataError(
            f"The series has {n:,} rows: too few to keep {held:.0%} of them aside in windows of {window} rows. Use shorter windows "
            "(window), or give a holdout."
        )
    is_held, rng = np.zeros(n, bool), np.random.default_rng([seed, 0x57E7])
    for k in range(parts):
        begin, end = n * k // parts, n * (k + 1) // parts
        size = round(held * (end - begin))
        at = begin + int(rng.integers(end - begin - size + 1))
        is_held[at : at + size] = True
    number = np.r_[0, np.cumsum(is_held[1:] != is_held[:-1])] if n else np.zeros(0, np.int64)
    cut = with_columns(frame, {WINDOW: number})[list(schema.names)]
    sizes = np.bincount(number)
    whole = sizes[number] >= window
    return cut[~is_held & whole].reset_index(drop=True), cut[is_held & whole].reset_index(drop=True), schema


def with_window(schema: Schema) -> Schema:
    """The schema of a plain series with the column in front that numbers its stretches."""
    if WINDOW in schema:
        raise ConfigError(f"The series has a column {WINDOW!r}, which is the name of the column added. Rename yours.")
    column = Column(WINDOW, Kind.IDENTIFIER, "int64", role=Role.ENTITY, decimals=0, static=True)
    return replace(schema, columns=(column, *schema.columns))


def one_stretch(frame: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """A plain series as a single entity, under the schema that `with_window` makes."""
    return with_columns(in_order(frame, schema), {WINDOW: 0})[[WINDOW, *schema.names]]


def split_entities(
    frame: pd.DataFrame, schema: Schema, *, fraction: float, rng: np.random.Generator
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of the entities to learn from, and of those kept aside."""
    panel = Panel.of(frame, schema)
    order = rng.permutation(len(panel))
    n = min(max(1, round(fraction * len(panel))), len(panel) - 1)
    return panel.take(np.sort(order[n:])).frame, panel.take(np.sort(order[:n])).frame


def windows_of(panel: Panel, length: int, *, stride: int = 1) -> NDArray[np.int64]:
    """First rows of all windows of `length` rows that lie inside an entity."""
    return windows_in(panel.bounds, length, stride=stride)[0]


def windows_in(
    bounds: NDArray[np.int64], length: int, *, stride: int = 1
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First rows of all windows inside entities with these bounds, and the place of each one's entity."""
    per = np.maximum((np.diff(bounds) - length) // stride + 1, 0)
    owner = np.repeat(np.arange(len(per)), per)
    within = np.arange(len(owner)) - np.repeat(np.cumsum(per) - per, per)
    return np.asarray(bounds[owner] + stride * within, np.int64), owner


def record_table(panel: Panel, like: Schema | None = None) -> tuple[pd.DataFrame, Schema]:
    """One row per entity, and the schema of these rows.

    Static columns as they are; of a number its first, last, mean, lowest and highest value, standard deviation and mean step;
    of a category its first and last value and how often it changes; the number of rows, the first time, the mean and the
    standard deviation of the gaps. Missing cells are left out of each, and a column where some are missing has their share.

    Args:
        panel: The entities.
        like: Columns that are wanted, as this function gave them for other entities; if not given, all but those of the number
            of rows, the gaps and the missing cells that are the same for every entity.
    """
    made: dict[str, pd.Series[Any]] = {}
    columns: list[Column] = []

    def add(name: str, values: Any, source: Column | None = None, *, wanted: bool = True) -> None:
        while name in made:  # a static column may be called so
            name += "'"
        column = Column(name, Kind.NUMERIC, "float64", nullable=True) if source is None else replace(source, name=name)
        made[name] = values if isinstance(values, pd.Series) else pd.Series(np.asarray(values, np.float64))
        if wanted:
            columns.append(replace(column, static=False))

    def cells(column: Column, places: NDArray[np.int64]) -> pd.Series[Any]:
        return panel.frame[column.name].iloc[places].reset_index(drop=True)

    last = panel.bounds[1:] - 1
    for column in panel.schema:
        if column.static and column.role is not Role.ENTITY and column.is_modelled:
            add(column.name, cells(column, panel.first), column)
    if panel.schema.time is not None:
        for name, numbers in _of_gaps(panel).items():
            add(f"{panel.schema.time.name}: {name}", numbers, wanted=_varies(numbers))
    for column in panel.schema.channels:
        if column.kind in TIMES:
            for name, numbers in _of_numbers(panel, column).items():
                add(f"{column.name}: {name}", numbers, wanted=name != "missing" or bool(numbers.any()))
        else:
            feature = column if column.role is Role.TARGET else replace(column, role=Role.FEATURE)
            add(f"{column.name}: last", cells(column, last), feature)
            add(f"{column.name}: first", cells(column, panel.first), replace(column, role=Role.FEATURE))
            add(f"{column.name}: changes", _changes(panel, column))
    count = Column("rows", Kind.NUMERIC, "int64", decimals=0)
    add("rows", pd.Series(panel.lengths), count, wanted=_varies(panel.lengths))
    schema = Schema(tuple(columns)) if like is None else like
    return pd.DataFrame({name: made[name] for name in schema.names}, index=pd.RangeIndex(len(panel))), schema


def _varies(values: NDArray[Any]) -> bool:
    return len(np.unique(values[~np.isnan(values)])) > 1


def _of_gaps(panel: Panel) -> dict[str, NDArray[np.float64]]:
    when = times(panel.frame, panel.schema)
    gaps = np.diff(when, prepend=np.nan)
    gaps[panel.first] = np.nan
    return {"first": when[panel.first], "mean gap": _mean(gaps, panel), "deviation of gaps": _deviation(gaps, panel)}


def _of_numbers(panel: Panel, column: Column) -> dict[str, NDArray[np.float64]]:
    from smartsynth.privacy.neighbours import to_numbers

    values = np.array(to_numbers(panel.frame[column.name], column), np.float64)
    values[~np.isfinite(values)] = np.nan
    steps = np.abs(np.diff(values, prepend=np.nan))
    steps[panel.first] = np.nan
    known = ~np.isnan(values)
    first, last = _ends(values, panel)
    return {
        "first": first, "last": last, "mean": _mean(values, panel),
        "lowest": _reduced(np.minimum, np.where(known, values, np.inf), panel),
        "highest": _reduced(np.maximum, np.where(known, values, -np.inf), panel),
        "deviation": _deviation(values, panel), "mean step": _mean(steps, panel),
        "missing": _mean((~known).astype(np.float64), panel),
    }  # fmt: skip


def _reduced(how: np.ufunc, values: NDArray[np.float64], panel: Panel) -> NDArray[np.float64]:
    out = np.asarray(how.reduceat(values, panel.first), np.float64)
    return np.where(np.isfinite(out), out, np.nan)


def _mean(values: NDArray[np.float64], panel: Panel) -> NDArray[np.float64]:
    known = ~np.isnan(values)
    count = np.add.reduceat(known.astype(np.float64), panel.first)
    total = np.add.reduceat(np.where(known, values, 0.0), panel.first)
    return np.asarray(np.divide(total, count, out=np.full(len(panel), np.nan), where=count > 0), np.float64)


def _deviation(values: NDArray[np.float64], panel: Panel) -> NDArray[np.float64]:
    centred = values - _mean(values, panel)[panel.entity_of_row]
    return np.asarray(np.sqrt(_mean(centred**2, panel)), np.float64)


def _ends(values: NDArray[np.float64], panel: Panel) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The first and the last known value of each entity."""
    known = np.flatnonzero(~np.isnan(values))
    owner = panel.entity_of_row[known]
    first, last = np.full(len(panel), np.nan), np.full(len(panel), np.nan)
    first[owner[::-1]] = values[known[::-1]]
    last[owner] = values[known]
    return first, last


def _changes(panel: Panel, column: Column) -> NDArray[np.float64]:
    """Share of an entity's rows whose category differs from that of the row before."""
    codes = pd.factorize(panel.frame[column.name], use_na_sentinel=False)[0]
    differs = np.r_[False, codes[1:] != codes[:-1]].astype(np.float64)
    differs[panel.first] = np.nan
    return _mean(differs, panel)
