"""What a name means while a table is made, and what formulas and values come to."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.errors import ConfigError, did_you_mean
from smartsynth.expressions import Expression
from smartsynth.templates.cells import (
    TRUTHS,
    Cells,
    Coded,
    Flags,
    Floats,
    Ints,
    is_missing,
    numbers,
    of_series,
    series,
    take,
)  # fmt: skip
from smartsynth.templates.language import By, Value

_MOST_COMBINATIONS = 4_096
NUMBER, ROW = "number", "row"
"""The place of a row below its parent, from 1, and that of the row of the root table, from 0."""


@lru_cache(maxsize=4096)
def parsed(text: str) -> Expression:
    """The expression of a text."""
    return Expression.parse(text)


@lru_cache(maxsize=4096)
def _constant(text: str) -> float:
    """What an expression of no column comes to."""
    return float(numbers(of_series(parsed(text)(pd.DataFrame(index=range(1)))))[0])


@lru_cache(maxsize=4096)
def _parts(text: str) -> tuple[str, ...]:
    """The parts of `a and b` or `a or b`."""
    expression = parsed(text)
    assert isinstance(expression.tree, ast.BoolOp)  # noqa: S101
    return tuple(expression.part(node).text for node in expression.tree.values)


@dataclass(frozen=True, slots=True)
class _Grid:
    """All combinations of categories, so that a formula of them is computed once for each and not for each row."""

    rows: pd.DataFrame
    places: Ints

    @classmethod
    def of(cls, cells: Mapping[str, Cells], n: int) -> _Grid | None:
        """The combinations of columns of categories and truths; None if there are others, or hardly fewer combinations than rows."""
        held = {}
        for name, one in cells.items():
            truths = isinstance(one, np.ndarray) and one.dtype.kind == "b"
            coded = Coded(one.astype(np.int32), TRUTHS) if truths else one  # type: ignore[union-attr]
            if not isinstance(coded, Coded):
                return None
            held[name] = coded
        sizes = [len(one.levels) + 1 for one in held.values()]
        if (combinations := int(np.prod(sizes))) > min(_MOST_COMBINATIONS, n // 4):
            return None
        places = np.ravel_multi_index([one.codes + 1 for one in held.values()], sizes)
        codes = np.unravel_index(np.arange(combinations), sizes)
        columns = {
            name: series(Coded(code.astype(np.int32) - 1, one.levels))
            for (name, one), code in zip(held.items(), codes, strict=True)
        }
        return cls(pd.DataFrame(columns), places)


@dataclass(slots=True)
class Scope:
    """The rows of a table so far.

    Args:
        table: Its name.
        n: How many rows.
        constants: Of the template.
        parent: The rows above, if there are any.
        above: For each row, the place of its parent.
        number: Place below the parent, from 1.
        serial: A whole number that names each row among all rows of all blocks.
        columns: What has been made.
        pointers: For columns that point to rows of other tables: their scope and the places.
        key: The column that names a row, if there is one.
    """

    table: str
    n: int
    constants: Mapping[str, Any]
    parent: Scope | None = None
    above: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    number: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    serial: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    columns: dict[str, Cells] = field(default_factory=dict)
    pointers: dict[str, tuple[Scope, Ints]] = field(default_factory=dict)
    key: str | None = None
    _seen: dict[str, Cells] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Cells:
        """The cells that a name means, one for each row."""
        if name in self.columns:
            return self.columns[name]
        if name in self._seen:
            return self._seen[name]
        self._seen[name] = cells = self._elsewhere(name)
        return cells

    def _elsewhere(self, name: str) -> Cells:
        if name == NUMBER:
            return self.number
        if self.parent is not None:
            return take(self.parent[name], self.above)
        if name == ROW:
            return self.serial - 1
        if name in self.constants:
            return np.full(self.n, self.constants[name])
        known = (*self.columns, *self.constants, NUMBER, ROW)
        raise ConfigError(f"table {self.table!r}: there is no {name!r}.{did_you_mean(name, known)}")

    def pointer(self, name: str) -> tuple[Scope, Ints]:
        """The rows that a column points to, here or above."""
        if name in self.pointers:
            return self.pointers[name]
        if self.parent is None:
            raise ConfigError(f"table {self.table!r}: the column {name!r} does not point to rows of a table.")
        scope, places = self.parent.pointer(name)
        return scope, places[self.above]

    def places_of(self, table: str) -> tuple[Scope, Ints]:
        """The rows of a table above, and for each row here the place of its own there."""
        scope, places = self, np.arange(self.n)
        while scope.table != table:
            if scope.parent is None:
                raise ConfigError(f"table {self.table!r}: {table!r} is not a table above it.")
            scope, places = scope.parent, scope.above[places]
        return scope, places

    def only(self, index: Ints) -> Scope:
        """Some of the rows."""
        return Scope(
            self.table, len(index), self.constants, self.parent, self.above[index] if self.parent else self.above,
            self.number[index], self.serial[index] if len(self.serial) else self.serial,
            {name: take(cells, index) for name, cells in self.columns.items()},
            {name: (scope, places[index]) for name, (scope, places) in self.pointers.items()}, self.key,
        )  # fmt: skip

    def formula(self, text: str) -> Cells:
        """What a formula comes to in each row."""
        expression = parsed(text)
        if isinstance(expression.tree, ast.Name):
            return self[expression.name(expression.tree)]
        if not expression.names:
            return take(of_series(expression(pd.DataFrame(index=range(1)))), np.zeros(self.n, np.int64))
        cells = {name: self[name] for name in expression.names}
        if (grid := _Grid.of(cells, self.n)) is not None:
            return take(of_series(expression(grid.rows)), grid.places)
        return of_series(
            expression(pd.DataFrame({name: series(one) for name, one in cells.items()}, index=range(self.n)))
        )

    def condition(self, text: str) -> Flags:
        """Where a condition is true; where it is unknown it is not."""
        tree = parsed(text).tree
        if isinstance(tree, ast.BoolOp):
            parts = [self.condition(part) for part in _parts(text)]
            whole = np.logical_and if isinstance(tree.op, ast.And) else np.logical_or
            return np.asarray(whole.reduce(parts), bool)
        cells = self.formula(text)
        if isinstance(cells, np.ndarray) and cells.dtype.kind == "b":
            return cells
        if isinstance(cells, Coded) and cells.levels == TRUTHS:
            return np.asarray(cells.codes == 1)
        raise ConfigError(f"table {self.table!r}: the condition {text!r} is neither true nor false.")

    def holds(self, text: str) -> Flags:
        """Where a rule is true, or its truth is unknown because a cell is missing."""
        expression = parsed(text)
        rows = pd.DataFrame({name: series(self[name]) for name in expression.names}, index=range(self.n))
        return expression.holds(rows)

    def moment(self, text: str) -> Cells:
        """What a formula of moments comes to."""
        cells = self.formula(text)
        if isinstance(cells, np.ndarray) and cells.dtype.kind == "M":
            return cells.astype("datetime64[s]")
        raise ConfigError(f"table {self.table!r}: {text!r} is no moment.")

    def value(self, value: Value) -> float | Floats:
        """A value: one number, or one for each row."""
        if isinstance(value, str):
            expression = parsed(value)
            if not expression.names:
                return _constant(value)
            if isinstance(expression.tree, ast.Name) and (name := expression.name(expression.tree)) in self.constants:
                constant = self.constants[name]
                if isinstance(constant, float):
                    return constant
            return self._numbers(value)
        return self._by(value) if isinstance(value, By) else float(value)

    def _numbers(self, text: str) -> Floats:
        cells = self.formula(text)
        try:
            return numbers(cells)
        except ConfigError:
            raise ConfigError(f"table {self.table!r}: {text!r} is no number.") from None

    def _by(self, value: By) -> Floats:
        places, leaves = self._mapped(value) if value.map is not None else self._banded(value)
        made = [self.value(leaf) for leaf in leaves]
        if all(isinstance(leaf, float) for leaf in made):
            return np.array([*made, np.nan], float)[places]
        found = np.full(self.n, np.nan)
        for i, leaf in enumerate(made):
            here = places == i
            found[here] = leaf if isinstance(leaf, float) else leaf[here]
        return found

    def _banded(self, value: By) -> tuple[Ints, list[Value]]:
        cells = self._numbers(value.by)
        places = np.searchsorted(value.bands, cells, side="right")
        return np.where(np.isnan(cells), -1, places), list(value.values)

    def _mapped(self, value: By) -> tuple[Ints, list[Value]]:
        assert value.map is not None  # noqa: S101
        cells = self.formula(value.by)
        leaves = list(value.map.values())
        place = {level: i for i, level in enumerate(value.map)}
        if value.otherwise is not None:
            leaves.append(value.otherwise)
        other = len(value.map) if value.otherwise is not None else None
        codes: NDArray[np.signedinteger[Any]]
        if isinstance(cells, Coded):
            levels, codes = cells.levels, cells.codes
        elif isinstance(cells, np.ndarray) and cells.dtype.kind == "b":
            levels, codes = TRUTHS, cells.astype(np.int32)
        elif isinstance(cells, np.ndarray) and cells.dtype.kind in "if":
            held, codes = np.unique(cells, return_inverse=True)
            levels = tuple(f"{one:g}" for one in held)
        else:
            raise ConfigError(f"table {self.table!r}: by={value.by!r} with map needs a column of few kinds of values.")
        found = []
        used = set(np.unique(codes[codes >= 0]).tolist())
        for i, level in enumerate(levels):
            if level not in place and other is None and i in used:
                raise ConfigError(
                    f"table {self.table!r}: by={value.by!r} has no value for {level!r}. Known: {', '.join(place)}. Add it, or `otherwise`."
                )
            found.append(place.get(level, -1 if other is None else other))
        places = np.array([*found, -1 if other is None else other])[codes]
        lost = is_missing(cells)
        return np.where(lost & (other is None), -1, places), leaves
