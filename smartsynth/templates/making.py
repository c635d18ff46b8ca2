"""A template, a seed and the number of a block → the rows of all tables that belong to the block's rows of the root table.

Block k depends on (template, seed, k) alone, and each column on a stream of chance of its own, named after it: whoever changes
one column changes no other that does not depend on it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from smartsynth.errors import ConfigError
from smartsynth.templates.cells import Coded, Flags, Ints, join, missing_like
from smartsynth.templates.document import Stream, Table, Template
from smartsynth.templates.language import Draw, Drawn
from smartsynth.templates.people import check_locale
from smartsynth.templates.scope import Scope
from smartsynth.templates.task import Chance
from smartsynth.templates.ways import column, drawn, naming

MOST_ROWS, MOST_ROOTS = 5_000_000, 1_000_000_000
"""Of one table in one block, and of the root table."""


def _unseen(table: str, stream: str | None, rows: Scope) -> None:
    """Nobody looks."""


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes blocks of a template.

    Args:
        template: Which.
        seed: Same seed, same rows.
        locale: Language of names.
        constants: Those of the template, as numbers and days.
        fixed: Tables of fixed size.
        watch: Called with a table, a stream or None, and their rows as soon as these are made.
    """

    template: Template
    seed: int
    locale: str
    constants: Mapping[str, Any]
    fixed: Mapping[str, Scope]
    watch: Callable[[str, str | None, Scope], None] = _unseen

    @classmethod
    def of(
        cls,
        template: Template,
        *,
        seed: int,
        locale: str | None = None,
        watch: Callable[[str, str | None, Scope], None] | None = None,
    ) -> Maker:
        """A maker that has made the tables of fixed size.

        Raises:
            ConfigError: The locale is not known, or something in the template cannot be computed.
        """
        locale = locale or template.locale
        if template.locales is not None or _has_persons(template):
            check_locale(locale, template.locales)
        constants = {name: _constant(value) for name, value in template.constants.items()}
        fixed: dict[str, Scope] = {}
        maker = cls(template, seed, locale, constants, fixed, watch or _unseen)
        maker._make(Chance(seed, None, locale), [name for name in template.tables if template.is_fixed(name)], fixed)
        return maker

    def blocks(self, n: int) -> int:
        """How many blocks n rows of the root table are."""
        return -(-n // self.template.block)

    def block(self, k: int, n: int | None = None, *, upto: Collection[str] = ()) -> dict[str, Scope]:
        """The rows of the tables of block k; those of fixed size are not among them.

        Args:
            k: Which block.
            n: Rows of the root table of the whole run; those beyond are left out.
            upto: Make no tables after the last of these, and no summaries.
        """
        size = self.template.block if n is None else min(self.template.block, n - k * self.template.block)
        made: dict[str, Scope] = dict(self.fixed)
        root = self.template.root
        serial = k * self.template.block + np.arange(1, self.template.block + 1)
        names = [name for name in self.template.tables if not self.template.is_fixed(name)]
        if upto:
            names = names[: max(names.index(name) for name in upto) + 1]
        whole = Scope(root, self.template.block, self.constants, number=serial, serial=serial)
        self._make(Chance(self.seed, k, self.locale), names, made, root=whole, summed=not upto)
        tables = {name: made[name] for name in names}
        return tables if size == self.template.block else _first(tables, root, size)

    def _make(
        self,
        chance: Chance,
        names: list[str],
        made: dict[str, Scope],
        root: Scope | None = None,
        *,
        summed: bool = True,
    ) -> None:
        for name in names:
            with naming(f"table {name!r}"):
                made[name] = self._table(chance.below(name), name, made, root if name == self.template.root else None)
        for name in reversed(names) if summed else ():
            with naming(f"table {name!r}"):
                for key, said in self.template.tables[name].summary.items():
                    column(chance.below(name), made[name], key, said, made)

    def _table(self, chance: Chance, name: str, made: dict[str, Scope], scope: Scope | None) -> Scope:
        said = self.template.tables[name]
        if scope is None:
            scope = self._rows(chance, name, said, made)
        scope.key = said.primary_key
        for key, way in said.columns.items():
            column(chance, scope, key, way, made, remap=said.calibrated.get(key))
        self.watch(name, None, scope)
        return scope if said.only is None else scope.only(np.flatnonzero(scope.condition(said.only)))

    def _rows(self, chance: Chance, name: str, said: Table, made: dict[str, Scope]) -> Scope:
        """The rows of a table before its columns are made."""
        if said.given is not None:
            n = len(said.given.rows)
            scope = Scope(name, n, self.constants, number=np.arange(1, n + 1), serial=np.arange(1, n + 1))
            for key, cells in zip(said.given.columns, zip(*said.given.rows, strict=True), strict=True):
                scope.columns[key] = _written(cells)
            return scope
        if said.parent is None:
            n = said.rows or 0
            return Scope(name, n, self.constants, number=np.arange(1, n + 1), serial=np.arange(1, n + 1))
        parent = made[said.parent]
        if said.streams:
            return self._streams(chance, name, said, parent, made)
        assert said.count is not None  # noqa: S101
        return _children(name, parent, self._count(chance, parent, said.count), said.digits)

    def _count(self, chance: Chance, scope: Scope, said: Drawn, where: Flags | None = None) -> Ints:
        with naming("count"):
            counts = drawn(chance.below("count"), scope, said)
        if isinstance(counts, Coded) or not isinstance(counts, np.ndarray):
            raise ConfigError("count: must be a number.")
        whole = np.maximum(np.nan_to_num(np.floor(counts.astype(float) + 1e-9)), 0).astype(np.int64)
        if where is not None:
            whole = np.where(where, whole, 0)
        if (total := int(whole.sum())) > MOST_ROWS:
            raise ConfigError(
                f"count={total:,} rows in one block are more than {MOST_ROWS:,}. Lower `block` or the count."
            )
        return np.asarray(whole, np.int64)

    def _streams(self, chance: Chance, name: str, said: Table, parent: Scope, made: dict[str, Scope]) -> Scope:
        """The rows of all streams, sorted within each parent."""
        parts = [
            self._stream(chance.below(key), (name, key), stream, made[stream.of or parent.table], made)
            for key, stream in said.streams.items()
        ]
        above = np.concatenate([scope.places_of(parent.table)[1] for scope in parts])
        columns = {}
        for key in dict.fromkeys(key for scope in parts for key in scope.columns):
            like = next(scope.columns[key] for scope in parts if key in scope.columns)
            columns[key] = join([scope.columns.get(key, missing_like(like, scope.n)) for scope in parts])
        pointers: dict[str, tuple[Scope, Ints]] = {}
        for key in dict.fromkeys(key for scope in parts for key in scope.pointers):
            target = next(scope.pointers[key][0] for scope in parts if key in scope.pointers)
            nowhere = [np.full(scope.n, -1, np.int64) for scope in parts]
            pointers[key] = target, np.concatenate([
                scope.pointers[key][1] if key in scope.pointers else nowhere[i] for i, scope in enumerate(parts)
            ])  # fmt: skip
        scope = Scope(
            name,
            len(above),
            self.constants,
            parent,
            above,
            np.zeros(len(above), np.int64),
            np.zeros(0, np.int64),
            columns,
            pointers,
        )
        keys = [above] if said.order is None else [np.asarray(scope[said.order]), above]
        return _numbered(scope.only(np.lexsort(keys)), said.digits)

    def _stream(self, chance: Chance, names: tuple[str, str], said: Stream, of: Scope, made: dict[str, Scope]) -> Scope:
        name, key_of_stream = names
        where = None if said.where is None else of.condition(said.where)
        scope = _children(name, of, self._count(chance, of, said.count, where), None)
        for key, way in said.columns.items():
            column(chance, scope, key, way, made, remap=said.calibrated.get(key))
        self.watch(name, key_of_stream, scope)
        return scope if said.only is None else scope.only(np.flatnonzero(scope.condition(said.only)))


def _has_persons(template: Template) -> bool:
    def within(columns: Mapping[str, Draw]) -> bool:
        return any(way.person is not None for way in columns.values())

    return any(
        within(table.columns) or any(within(stream.columns) for stream in table.streams.values())
        for table in template.tables.values()
    )


def _constant(value: float | str) -> Any:
    if not isinstance(value, str):
        return float(value)
    try:
        return np.datetime64(value, "s")
    except ValueError:
        raise ConfigError(f"constants: {value!r} is neither a number nor a day such as 2024-01-31.") from None


def _written(cells: tuple[Any, ...]) -> Any:
    """A column of rows that the template holds."""
    known = [cell for cell in cells if cell is not None]
    if all(isinstance(cell, bool) for cell in known) and len(known) == len(cells):
        return np.array(cells, bool)
    if all(isinstance(cell, int | float) and not isinstance(cell, bool) for cell in known):
        if all(isinstance(cell, int) for cell in cells):
            return np.array(cells, np.int64)
        return np.array([np.nan if cell is None else cell for cell in cells], float)
    levels = tuple(dict.fromkeys(str(cell) for cell in known))
    place = {level: i for i, level in enumerate(levels)}
    return Coded(np.array([-1 if cell is None else place[str(cell)] for cell in cells], np.int32), levels)


def _children(name: str, parent: Scope, counts: Ints, digits: int | None) -> Scope:
    above = np.repeat(np.arange(parent.n), counts)
    return _numbered(Scope(name, len(above), parent.constants, parent, above), digits)


def _numbered(scope: Scope, digits: int | None) -> Scope:
    """Rows, sorted by their parents, with their places below these and a number of their own."""
    begins = np.searchsorted(scope.above, scope.above, side="left")
    scope.number = np.arange(1, scope.n + 1) - begins
    if digits is not None and scope.parent is not None:
        if scope.n and (most := int(scope.number.max())) >= 10**digits:
            raise ConfigError(
                f"digits={digits} is too few for {most:,} rows below one of {scope.parent.table!r}. Raise `digits`."
            )
        scope.serial = scope.parent.serial[scope.above] * 10**digits + scope.number
    return scope


def _first(tables: dict[str, Scope], root: str, n: int) -> dict[str, Scope]:
    """The rows that belong to the first n of the root table."""
    kept: dict[str, Scope] = {}
    for name, scope in tables.items():
        places = scope.places_of(root)[1]
        kept[name] = scope.only(np.flatnonzero(places < n))
    return kept
