"""Rules that have a name because no expression says them: of places, of zeros, and of rows that follow one another.

    geographic: [latitude, longitude]                         pairs lie only where real ones do
    zero_together: [a, b]                                     all of these are 0, or none is
    cumulative: {column: total, of: amount, start: opening}   an entity's running sum, from a column, a number or 0 on
    monotone: {column: odometer, direction: rising}           an entity's values rise (or fall) in time; with strict: true always

A rule of rows that follow one another marks the rows in which it breaks; whoever rejects rows has to reject the whole entity.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.errors import ConfigError, did_you_mean
from smartsynth.places import Cells, on_globe
from smartsynth.privacy.neighbours import to_numbers
from smartsynth.schema import Column, Kind, Schema
from smartsynth.sequences import TIMES, Panel

DIRECTIONS = ("rising", "falling")
Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Geographic:
    """A latitude and a longitude that lie together where real pairs do.

    Args:
        columns: The two names.
        cells: Where real pairs lie; None while none was looked at, when all of the globe holds.
    """

    columns: tuple[str, ...]
    cells: Cells | None = None

    @classmethod
    def parsed(cls, said: Any, schema: Schema) -> Self:
        """The rule of two columns."""
        if not isinstance(said, list | tuple) or len(said) != 2 or said[0] == said[1]:
            raise ConfigError(f"geographic: {said!r:.120} must be two columns, a latitude and a longitude.")
        for name in said:
            _check_kind("geographic", schema[name], (Kind.NUMERIC,))
        return cls(tuple(said))

    def seen_in(self, rows: pd.DataFrame, *, k: int) -> Self:
        """The rule with the cells in which `k` pairs of real rows and more lie."""
        return replace(self, cells=Cells.fit(*(_floats(rows[name]) for name in self.columns), k=k))

    @property
    def said(self) -> str:
        return f"geographic: [{', '.join(self.columns)}]"

    def holds(self, rows: pd.DataFrame) -> Flags:
        pair = [_floats(rows[name]) for name in self.columns]
        lost = np.isnan(pair[0]) | np.isnan(pair[1])
        return lost | (on_globe(*pair) if self.cells is None else self.cells.holds(*pair))


@dataclass(frozen=True, slots=True)
class ZeroTogether:
    """Numbers that are all 0, or none of them is; rows in which one is missing hold.

    Args:
        columns: Two or more.
    """

    columns: tuple[str, ...]

    @classmethod
    def parsed(cls, said: Any, schema: Schema) -> Self:
        """The rule of some columns."""
        if not isinstance(said, list | tuple) or len(said) < 2 or len(set(map(str, said))) < len(said):
            raise ConfigError(f"zero_together: {said!r:.120} must be a list of two or more different columns.")
        for name in said:
            _check_kind("zero_together", schema[name], (Kind.NUMERIC,))
        return cls(tuple(said))

    @property
    def said(self) -> str:
        return f"zero_together: [{', '.join(self.columns)}]"

    def holds(self, rows: pd.DataFrame) -> Flags:
        values = np.stack([_floats(rows[name]) for name in self.columns], axis=1)
        zeros = (values == 0).sum(axis=1)
        return np.asarray(np.isnan(values).any(axis=1) | (zeros == 0) | (zeros == len(self.columns)), bool)


@dataclass(frozen=True, slots=True)
class Cumulative:
    """A column that is the running sum of another in each entity's order of time; missing amounts count nothing, as in SQL.

    Args:
        column: The total after each row.
        of: What is summed.
        start: A number, or the column that an entity's first row has it in.
        decimals: Of the total, to which it is compared; None compares as floats are compared.
        order: Entity and time.
    """

    column: str
    of: str
    start: str | float
    decimals: int | None
    order: Schema = field(repr=False)

    @classmethod
    def parsed(cls, said: Any, schema: Schema) -> Self:
        """The rule of `column`, `of` and perhaps `start`."""
        value = _settings("cumulative", said, ("column", "of"), {"start": 0})
        order = _order("cumulative", schema)
        names = [value["column"], value["of"], *([value["start"]] if isinstance(value["start"], str) else [])]
        for name in names:
            _check_kind("cumulative", schema[name], (Kind.NUMERIC,))
        if (
            len(set(names)) < len(names)
            or isinstance(value["start"], bool)
            or not isinstance(value["start"], str | int | float)
        ):
            raise ConfigError(f"cumulative: {said!r:.120} must name different columns; start is one too, or a number.")
        if schema.is_series:
            raise ConfigError(
                "cumulative: a plain series is learnt in stretches, which do not start at the start. Name an entity."
            )
        return cls(value["column"], value["of"], value["start"], schema[value["column"]].decimals, order)

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.column, self.of, *([self.start] if isinstance(self.start, str) else []))

    @property
    def said(self) -> str:
        start = f", start: {self.start}" if self.start != 0 else ""
        return f"cumulative: {{column: {self.column}, of: {self.of}{start}}}"

    def holds(self, rows: pd.DataFrame) -> Flags:
        wanted, known = running(rows, self.of, self.start, self.order), _floats(rows[self.column])
        room = 0.5 * 10.0**-self.decimals if self.decimals is not None else 0.0
        off = np.abs(known - wanted)
        return np.asarray(np.isnan(off) | (off <= room + 1e-9 * np.maximum(np.abs(known), 1.0)), bool)


@dataclass(frozen=True, slots=True)
class Monotone:
    """A column that never falls (or never rises) in each entity's order of time; missing cells are passed over.

    Args:
        column: Its name.
        direction: `rising` or `falling`.
        strict: Whether it never stays the same either.
        order: Entity and time.
        kind: The column as it is read.
    """

    column: str
    direction: str
    strict: bool
    order: Schema = field(repr=False)
    kind: Column = field(repr=False)

    @classmethod
    def parsed(cls, said: Any, schema: Schema) -> Self:
        """The rule of `column` and perhaps `direction` and `strict`."""
        value = _settings("monotone", said, ("column",), {"direction": "rising", "strict": False})
        order, column = _order("monotone", schema), schema[value["column"]]
        _check_kind("monotone", column, TIMES)
        if value["direction"] not in DIRECTIONS or not isinstance(value["strict"], bool):
            raise ConfigError(
                f"monotone: {said!r:.120}: direction is {' or '.join(DIRECTIONS)}, strict is true or false."
            )
        return cls(column.name, value["direction"], value["strict"], order, column)

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.column,)

    @property
    def said(self) -> str:
        strict = ", strict: true" if self.strict else ""
        return f"monotone: {{column: {self.column}, direction: {self.direction}{strict}}}"

    def holds(self, rows: pd.DataFrame) -> Flags:
        order, codes = Panel.order(rows, self.order)
        values = pd.Series(to_numbers(rows[self.column], self.kind)[order])
        values = values if self.direction == "rising" else -values
        before = values.groupby(codes[order]).transform(lambda one: one.ffill().shift())
        breaks = (values <= before) if self.strict else (values < before)
        found = np.ones(len(rows), bool)
        found[order] = ~breaks.to_numpy()
        return found


def running(rows: pd.DataFrame, of: str, start: str | float, order: Schema) -> Floats:
    """The running sum of a column in each entity's order of time, in the order of the rows."""
    places, codes = Panel.order(rows, order)
    codes = codes[places]
    amounts = pd.Series(np.nan_to_num(_floats(rows[of]))[places])
    first = np.full(len(rows), start) if not isinstance(start, str) else _floats(rows[start])[places]
    opening = pd.Series(first).groupby(codes).transform(lambda one: one.iloc[0])
    found = np.empty(len(rows))
    found[places] = (amounts.groupby(codes).cumsum() + opening).to_numpy()
    return found


def _floats(cells: pd.Series[Any]) -> Floats:
    return np.asarray(pd.to_numeric(cells).astype("Float64").to_numpy(float, na_value=np.nan), np.float64)


def _check_kind(rule: str, column: Column, kinds: tuple[Kind, ...]) -> None:
    if column.kind not in kinds:
        raise ConfigError(
            f"{rule}: the column {column.name!r} is of the kind {column.kind.value!r}; it must be one of {', '.join(k.value for k in kinds)}. "
            f"Name another column, or correct columns.{column.name}.kind."
        )


def _settings(rule: str, said: Any, needed: tuple[str, ...], others: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a rule that has some by name, with what is not given as in `others`."""
    known = (*needed, *others)
    if not isinstance(said, Mapping) or not all(isinstance(said.get(name), str) for name in needed):
        raise ConfigError(f"{rule}: {said!r:.120} must hold {' and '.join(needed)}, each a column.")
    for name in said:
        if name not in known:
            raise ConfigError(
                f"{rule} has no setting {name!r}.{did_you_mean(str(name), known)} Known: {', '.join(known)}."
            )
    return {**others, **said}


def _order(rule: str, schema: Schema) -> Schema:
    """Entity and time of a schema; ConfigError if it names no entity."""
    if schema.entity is None:
        raise ConfigError(
            f"{rule} is about the rows of an entity in the order of time, and the schema names no entity. Name the column that says whose "
            "a row is (entity=…, --entity), and the one that says when (time=…, --time)."
        )
    return Schema(tuple(c for c in (schema.entity, schema.time) if c is not None), schema.modality)
