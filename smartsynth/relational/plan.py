"""In which order tables are made, and what becomes of each of their keys.

    main       the parent whose children a table's rows are made as, family after family
    matched    further parents: each row says what its parent is like, and one like that is found for it
    late       parents that are made later, or at the same time: the table itself, tables in a circle
    looked up  tables that are kept as they are: their keys are categories
    implied    a key whose columns are a part of another one's, and follow from it

Key columns that others refer to and that no parent made before can tell, as a tenant's code among users who name their boss, are made
as columns of the table itself; what its late links ask for has to fit them.

Of several parents the main one is that with the most rows: its families are the smallest and say the most about a row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from smartsynth.errors import ConfigError
from smartsynth.relational.structure import Link, Structure, Tables
from smartsynth.schema import Kind

MOST_MISSING_OF_MAIN = 0.5
UNNAMED = ("bool", "date", "time")
"""How dtypes begin whose values name no row in a format that new ones could be made in; dates are made as dates where there are several."""


@dataclass(frozen=True, slots=True)
class Part:
    """What is done with a table.

    Args:
        table: Its name.
        main, matched, late, looked_up, implied: Its links, as above.
        own: Columns that are made as rows of a table, in their order.
        serial: Key columns that are made anew in their format.
        counter: A part of the primary key that numbers a family's rows, and its first number.
        single: Whether a parent has at most one child.
    """

    table: str
    main: Link | None
    matched: tuple[Link, ...]
    late: tuple[Link, ...]
    looked_up: tuple[Link, ...]
    implied: tuple[Link, ...]
    own: tuple[str, ...]
    serial: tuple[str, ...]
    counter: tuple[str, int] | None
    single: bool

    @property
    def others(self) -> tuple[Link, ...]:
        """Links for which a row says what its parent is like."""
        return (*self.matched, *self.late)

    def to_json(self, links: tuple[Link, ...]) -> dict[str, Any]:
        place = {link: i for i, link in enumerate(links)}
        kinds = ("matched", "late", "looked_up", "implied")
        return {
            "table": self.table, "main": None if self.main is None else place[self.main],
            **{kind: [place[link] for link in getattr(self, kind)] for kind in kinds},
            "own": list(self.own), "serial": list(self.serial), "counter": self.counter, "single": self.single,
        }  # fmt: skip

    @classmethod
    def from_json(cls, value: Mapping[str, Any], links: tuple[Link, ...]) -> Self:
        kinds = ("matched", "late", "looked_up", "implied")
        return cls(
            table=value["table"],
            main=None if value["main"] is None else links[value["main"]],
            **{kind: tuple(links[i] for i in value[kind]) for kind in kinds},
            own=tuple(value["own"]),
            serial=tuple(value["serial"]),
            counter=None if value["counter"] is None else (str(value["counter"][0]), int(value["counter"][1])),
            single=bool(value["single"]),
        )


def plan_of(tables: Tables) -> tuple[Part, ...]:
    """The parts in the order in which tables are made; tables that are kept have none.

    Raises:
        ConfigError: A kept table names rows of one that is made anew, or new keys of a dtype cannot be made.
    """
    structure = tables.structure
    for link in structure.links:
        if link.child in structure.kept and link.parent not in structure.kept:
            raise ConfigError(
                f"tables.{link.child}.reference=true keeps its rows, and {link} names rows of a table that is made anew. "
                f"Keep {link.parent!r} too, or neither."
            )
    todo = [name for name in structure.tables if name not in structure.kept]
    parents = {
        name: [k for k in structure.of(name) if not k.is_own and k.parent not in structure.kept] for name in todo
    }
    made: list[str] = []
    parts = []
    while todo:
        ready = [name for name in todo if all(link.parent in made for link in parents[name])]
        # In a circle: the table of which the fewest columns have to be made before their parents and the fewest keys have to wait, and
        # of these the one whose key may be missing most often.
        name = ready[0] if ready else min(todo, key=lambda n: _waiting(parents[n], made, tables))
        parts.append(_part(name, made, parents[name], tables))
        made.append(name)
        todo.remove(name)
    return tuple(parts)


def _waiting(links: list[Link], made: list[str], tables: Tables) -> tuple[int, int, float]:
    structure, name = tables.structure, links[0].child
    late = [link for link in links if link.parent not in made]
    shared = [names for names in _unique(structure, name) if len(names) > 1]
    early = {column for column in _early(structure, name, late) if any(column in names for names in shared)}
    return len(early), len(late), -min(float((tables.named[link] < 0).mean()) for link in late)


def _unique(structure: Structure, name: str) -> set[tuple[str, ...]]:
    """Columns of a table that are unique together."""
    return {structure.primary[name], *(k.references for k in structure.to(name))}


def _early(structure: Structure, name: str, late: Sequence[Link]) -> set[str]:
    """Columns that others refer to and that only late links could tell, so that the table itself makes them."""
    told = {column for link in structure.of(name) if link not in late and not link.is_own for column in link.columns}
    waiting = {column for link in structure.of(name) for column in link.columns} - told
    return {column for link in structure.to(name) for column in link.references if column in waiting}


def _is_implied(link: Link, structure: Structure, made: Sequence[str]) -> bool:
    """Whether another key of the table, to a table that is made before, names a row whose own key names this one."""
    for other in structure.of(link.child):
        if not set(link.columns) < set(other.columns) or other.is_own or other.parent not in made:
            continue
        there = dict(zip(other.columns, other.references, strict=True))
        mapped = tuple(there[name] for name in link.columns)
        for further in structure.of(other.parent):
            same = dict(zip(further.columns, further.references, strict=True))
            if further.parent == link.parent and tuple(same.get(name) for name in mapped) == link.references:
                return True
    return False


def _part(name: str, made: list[str], parents: list[Link], tables: Tables) -> Part:
    structure, data = tables.structure, tables.data[name]
    implied = [link for link in structure.of(name) if _is_implied(link, structure, made)]
    before = [link for link in parents if link.parent in made and link not in implied]
    late = [k for k in structure.of(name) if k.is_own or (k in parents and k.parent not in made and k not in implied)]
    candidates = [link for link in before if (tables.named[link] < 0).mean() <= MOST_MISSING_OF_MAIN]
    main = max(candidates, key=lambda link: len(tables.data[link.parent]), default=None)
    named = {column for link in structure.of(name) for column in link.columns} - _early(structure, name, late)
    unique = _unique(structure, name)
    serial, counter, own = [], None, []
    for column in data.schema:
        if column.name in named:
            continue
        in_keys = [columns for columns in unique if column.name in columns]
        alone = any(len(columns) == 1 for columns in in_keys)
        if alone and column.kind is Kind.DATETIME:
            own.append(column.name)  # days of a calendar: made as dates, and kept apart
        elif alone and (column.kind in (Kind.BOOLEAN, Kind.DURATION) or column.dtype.startswith(UNNAMED)):
            raise ConfigError(
                f"tables.{name}: {column.name!r} is a key of dtype {column.dtype}, of which no new values can be made. "
                f"Say tables.{name}.reference=true if its rows are public knowledge, or leave the key out."
            )
        elif alone or (in_keys and column.kind in (Kind.IDENTIFIER, Kind.TEXT)):
            serial.append(column.name)
        elif (
            in_keys
            and main is not None
            and counter is None
            and (first := _counts(column.name, main, tables)) is not None
        ):
            counter = column.name, first
        else:
            own.append(column.name)
    rows = tables.named[main] if main is not None else np.zeros(0, np.int64)
    known = rows[rows >= 0]
    own_links = structure.of(name)
    return Part(
        table=name,
        main=main,
        matched=tuple(link for link in before if link != main),
        late=tuple(late),
        looked_up=tuple(link for link in own_links if link.parent in structure.kept and link not in implied),
        implied=tuple(implied),
        own=tuple(own),
        serial=tuple(serial),
        counter=counter,
        single=main is not None and len(np.unique(known)) == len(known),
    )


def _counts(column: str, main: Link, tables: Tables) -> int | None:
    """The number of a family's first row, if the column numbers the rows of each family without a gap."""
    import pandas as pd

    cells, row = tables.frame(main.child)[column], tables.named[main]
    if not pd.api.types.is_numeric_dtype(cells.dtype) or cells.isna().any() or (row < 0).any():
        return None
    groups = cells.astype("float64").groupby(row)
    low, high, n, different = groups.min(), groups.max(), groups.size(), groups.nunique()
    first = low.iloc[0]
    if (
        first in (0.0, 1.0)
        and (low == first).all()
        and (high - low + 1 == n).all()
        and (different == n).all()
        and (n > 1).any()
    ):
        return int(first)
    return None


def roots(tables: Tables, parts: tuple[Part, ...]) -> dict[str, NDArray[np.int64]]:
    """A number for each row, the same for all that descend from one row by main links."""
    found: dict[str, NDArray[np.int64]] = {}
    offset = 0
    for name in (*tables.structure.kept, *(part.table for part in parts)):
        n = len(tables.data[name])
        found[name] = offset + np.arange(n)
        offset += n
    for part in parts:
        if part.main is not None:
            row = tables.named[part.main]
            found[part.table] = np.where(row >= 0, found[part.main.parent][row], found[part.table])
    return found


def held_out(
    tables: Tables, parts: tuple[Part, ...], *, fraction: float, seed: int
) -> tuple[dict[str, NDArray[np.bool_]], frozenset[str]]:
    """Which rows of each table are kept aside, whole families at a time; and the tables of which none are, as others share their rows.

    A family is a row without a main parent, with all that descends from it. Rows that families share, such as products and their
    suppliers, stay whole.
    """
    root, shared = roots(tables, parts), _shared(tables, parts)
    rng = np.random.default_rng([seed, 0x5917])
    aside = np.zeros(max((int(r.max()) + 1 for r in root.values() if len(r)), default=0), bool)
    for part in parts:
        if part.table in shared:
            continue
        n = len(tables.data[part.table])
        alone = np.flatnonzero(np.ones(n, bool) if part.main is None else tables.named[part.main] < 0)
        numbers = root[part.table][alone]
        aside[rng.permutation(numbers)[: round(fraction * len(numbers))]] = True
    kept = {name: np.zeros(len(tables.data[name]), bool) for name in tables.structure.kept}
    return {**kept, **{part.table: aside[root[part.table]] for part in parts}}, shared


def _shared(tables: Tables, parts: tuple[Part, ...]) -> frozenset[str]:
    """Tables of trees that rows of other trees name; never those of the tree with the most rows."""
    tree: dict[str, str] = {}
    for part in parts:
        tree[part.table] = part.table if part.main is None else tree[part.main.parent]
    rows = {top: sum(len(tables.data[name]) for name in tree if tree[name] == top) for top in set(tree.values())}
    largest = max(rows, key=lambda top: rows[top], default=None)
    named = {tree[link.parent] for part in parts for link in part.others if tree[link.parent] != tree[part.table]}
    return frozenset(name for name, top in tree.items() if top in named and top != largest)
