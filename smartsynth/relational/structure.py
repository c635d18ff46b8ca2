"""How tables hang together: primary keys, links from foreign keys to the keys that they name, and which row names which.

    customers(id)  ◀── orders(id, customer_id)  ◀── lines(order_id, number, product_id) ──▶ products(id)

A link's values are looked up as they are stored: 7, 7.0 and a nullable 7 are one key. A key of which a part is missing names no row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.dataset import Dataset
from smartsynth.errors import ConfigError, DataError, Problem, did_you_mean
from smartsynth.schema_document import ForeignKey, SchemaDocument, TableDocument

LARGEST_WHOLE = 2.0**53
"""From here on not every whole number is a float."""
Positions = NDArray[np.int64]
"""Row of the parent that each row of a child names; -1 for none."""


@dataclass(frozen=True, slots=True)
class Link:
    """A foreign key.

    Args:
        child: The table that has it.
        columns: Its columns there.
        parent: The table that it names rows of; may be the same one.
        references: The columns of that table, one for each.
    """

    child: str
    columns: tuple[str, ...]
    parent: str
    references: tuple[str, ...]

    @property
    def is_own(self) -> bool:
        """Whether rows name rows of their own table."""
        return self.child == self.parent

    def __str__(self) -> str:
        return f"{self.child}.{_listed(self.columns)} → {self.parent}.{_listed(self.references)}"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"({', '.join(names)})"


@dataclass(frozen=True, slots=True)
class Structure:
    """Keys of several tables.

    Args:
        primary: Columns of each table's primary key; empty if it has none.
        links: All foreign keys.
        kept: Tables whose rows are public knowledge and stay as they are.
        found: What was found and not told, in sentences.
    """

    primary: Mapping[str, tuple[str, ...]]
    links: tuple[Link, ...] = ()
    kept: frozenset[str] = frozenset()
    found: tuple[str, ...] = ()

    @property
    def tables(self) -> tuple[str, ...]:
        return tuple(self.primary)

    def of(self, table: str) -> tuple[Link, ...]:
        """The links from a table."""
        return tuple(link for link in self.links if link.child == table)

    def to(self, table: str) -> tuple[Link, ...]:
        """The links to a table."""
        return tuple(link for link in self.links if link.parent == table)

    def key_columns(self, table: str) -> frozenset[str]:
        """Columns of the primary key, of links, and those that others refer to."""
        names = [*self.primary[table]]
        names += [name for link in self.of(table) for name in link.columns]
        names += [name for link in self.to(table) for name in link.references]
        return frozenset(names)

    @classmethod
    def of_document(cls, document: SchemaDocument, data: Mapping[str, Dataset]) -> Self:
        """The keys that a schema tells.

        Raises:
            ConfigError: It names tables or columns that are not there; all of them are listed.
        """
        wrong = [
            f"tables.{name} is not among the tables.{did_you_mean(name, data)} Tables: {', '.join(data)}."
            for name in document.tables
            if name not in data
        ]
        primary, links, kept = {}, [], set()
        for name in data:
            table = document.tables.get(name, TableDocument())
            wrong += _unknown(f"tables.{name}.primary_key", table.primary_key, data[name])
            wrong += _unknown(f"tables.{name}.columns", tuple(table.columns), data[name])
            primary[name] = table.primary_key
            if table.reference:
                kept.add(name)
            for key in table.foreign_keys:
                link, problems = _link(name, key, document, data)
                links += [link] if link is not None else []
                wrong += problems
        if wrong:
            raise ConfigError("\n".join(wrong))
        return cls(primary, tuple(links), frozenset(kept))

    def to_document(self, told: SchemaDocument | None = None) -> SchemaDocument:
        """The keys as a schema that a user can correct; the rest as it was told."""
        known = told.tables if told is not None else {}
        tables = {}
        for name in self.tables:
            keys = [ForeignKey(columns=k.columns, table=k.parent, references=k.references) for k in self.of(name)]
            changes = {
                "primary_key": self.primary[name], "foreign_keys": tuple(keys), "reference": name in self.kept,
            }  # fmt: skip
            tables[name] = known.get(name, TableDocument()).model_copy(update=changes)
        return SchemaDocument(tables=tables)

    def to_json(self) -> dict[str, Any]:
        return {
            "primary": {name: list(columns) for name, columns in self.primary.items()},
            "links": [[k.child, list(k.columns), k.parent, list(k.references)] for k in self.links],
            "kept": sorted(self.kept),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        links = tuple(Link(c, tuple(a), p, tuple(b)) for c, a, p, b in value["links"])
        primary = {name: tuple(columns) for name, columns in value["primary"].items()}
        return cls(primary, links, frozenset(value["kept"]))


def _unknown(place: str, columns: Sequence[str], data: Dataset) -> list[str]:
    names = [str(name) for name in data.frame.columns]
    return [
        f"{place} names the column {column!r}, which is not there.{did_you_mean(column, names)} Columns: {', '.join(names)}."
        for column in columns
        if column not in names
    ]


def _link(
    child: str, key: ForeignKey, document: SchemaDocument, data: Mapping[str, Dataset]
) -> tuple[Link | None, list[str]]:
    place = f"tables.{child}.foreign_keys"
    if key.table not in data:
        return None, [
            f"{place} names the table {key.table!r}, which is not there.{did_you_mean(key.table, data)} Tables: {', '.join(data)}."
        ]
    references = key.references or document.tables.get(key.table, TableDocument()).primary_key
    wrong = _unknown(place, key.columns, data[child]) + _unknown(place, references, data[key.table])
    if len(references) != len(key.columns):
        wrong.append(
            f"{place}: columns={list(key.columns)} need as many columns of {key.table!r}, and its primary key has {len(references)}. "
            "Say which with `references`."
        )
    return (None, wrong) if wrong else (Link(child, key.columns, key.table, references), [])


@dataclass(frozen=True, slots=True)
class Tables:
    """Several tables, and which row names which.

    Args:
        data: The tables by name.
        structure: Their keys.
        named: For each link, the row of the parent that each row of the child names.
        notes: What was noticed, in sentences.
    """

    data: Mapping[str, Dataset]
    structure: Structure
    named: Mapping[Link, Positions] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, data: Mapping[str, Dataset], structure: Structure, notes: Sequence[str] = (), *, checked: bool = True
    ) -> Self:
        """The tables with every key looked up. A foreign key that names no row counts as missing, and a note says so.

        Args:
            data: The tables.
            structure: Their keys.
            notes: What is known already.
            checked: Whether a key that should be unique and is not is an error; if not, it names the first of its rows.

        Raises:
            DataError: A key that must be unique repeats, a part of one is missing, or no foreign key at all names a row.
        """
        problems = list(broken(data, structure)) if checked else []
        if problems:
            raise DataError(problems)
        named, said = {}, list(notes)
        for link in structure.links:
            child, parent = data[link.child].frame, data[link.parent].frame
            named[link] = positions(child[list(link.columns)], parent[list(link.references)])
            known = child[list(link.columns)].notna().all(axis=1).to_numpy()
            lost = int((known & (named[link] < 0)).sum())
            if checked and lost and lost == known.sum():
                problems.append(_astray(link, lost))
            elif lost:
                said.append(
                    f"{link}: {lost:,} of {len(child):,} rows name a row that is not there; their key counts as missing."
                )
        if problems:
            raise DataError(problems)
        return cls(data, structure, named, tuple(said))

    def __iter__(self) -> Iterator[str]:
        return iter(self.data)

    def frame(self, table: str) -> pd.DataFrame:
        """The rows of a table."""
        return self.data[table].frame

    def taken(self, rows: Mapping[str, NDArray[np.int64]]) -> Tables:
        """Some rows of each table; a key that names a row which is left out is kept as text, and names none."""
        data = {
            name: one.with_frame(one.frame.iloc[rows[name]].reset_index(drop=True)) for name, one in self.data.items()
        }
        named = {}
        for link, row in self.named.items():
            place = np.full(len(self.data[link.parent]) + 1, -1)
            place[rows[link.parent]] = np.arange(len(rows[link.parent]))
            named[link] = place[row[rows[link.child]]]
        return replace(self, data=data, named=named)


def _astray(link: Link, n: int) -> Problem:
    """A foreign key that never names a row."""
    return Problem(
        f"{link}: none of the {n:,} keys names a row that is there.",
        fix=f"Write both alike (12 and '00012', or '12' and 'C12', are not one key), name the columns that are meant, or leave the key out of "
        f"tables.{link.child}.foreign_keys.",
    )


def broken(data: Mapping[str, Dataset], structure: Structure) -> Iterator[Problem]:
    """Keys that are not unique, or missing."""
    wanted = {(name, columns) for name, columns in structure.primary.items() if columns}
    wanted |= {(link.parent, link.references) for link in structure.links}
    for name, columns in sorted(wanted):
        keys = data[name].frame[list(columns)]
        missing = int(keys.isna().any(axis=1).sum())
        # What others refer to may be missing in some rows, as long as it is no primary key.
        if missing and columns == structure.primary[name]:
            yield Problem(
                f"{name}.{_listed(columns)} is a primary key, and missing in {missing:,} rows.",
                fix="Fill these cells, or leave the key out of the schema.",
            )
        repeated = int(keys.dropna().duplicated().sum())
        if repeated:
            yield Problem(
                f"{name}.{_listed(columns)} is a key, and {repeated:,} of {len(keys):,} rows repeat an earlier one.",
                fix="Drop these rows, or name the columns that are unique together (primary_key, references).",
            )


def positions(keys: pd.DataFrame, of: pd.DataFrame) -> Positions:
    """The row of `of` with each key, -1 for none; columns by their order.

    >>> positions(pd.DataFrame({"a": [2.0, None, 9.0]}), pd.DataFrame({"id": [1, 2]})).tolist()
    [1, -1, -1]
    """
    n = len(keys)
    codes = np.zeros(n + len(of), np.int64)
    missing = np.zeros(n + len(of), bool)
    for name, reference in zip(keys.columns, of.columns, strict=True):
        both, lost = _comparable(keys[name], of[reference])
        code, found = pd.factorize(both)
        codes = pd.factorize(codes * (len(found) + 1) + code)[0]
        missing |= lost
    index = pd.Series(np.arange(len(of)), index=codes[n:])[~missing[n:]]
    index = index[~index.index.duplicated()]
    place = index.reindex(codes[:n]).fillna(-1).to_numpy(np.int64)
    place[missing[:n]] = -1
    return np.asarray(place, np.int64)


def _comparable(one: pd.Series[Any], other: pd.Series[Any]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """The cells of both in one form, and which are missing."""
    missing = np.r_[one.isna().to_numpy(), other.isna().to_numpy()]
    if all(pd.api.types.is_numeric_dtype(cells.dtype) for cells in (one, other)):
        whole = [pd.api.types.is_integer_dtype(cells.dtype) for cells in (one, other)]
        if all(whole):
            return np.concatenate([cells.fillna(0).to_numpy(np.int64) for cells in (one, other)]), missing
        return np.concatenate(
            [cells.astype("Float64").fillna(0).to_numpy(np.float64) for cells in (one, other)]
        ), missing
    return np.concatenate([cells.astype(object).map(_text).to_numpy(object) for cells in (one, other)]), missing


def same_keys(one: pd.Series[Any], other: pd.Series[Any]) -> NDArray[np.bool_]:
    """Whether two columns of the same rows hold the same keys, row by row; numbers too large for a float are none.

    >>> same_keys(pd.Series([16, 17]), pd.Series(["00016", "17"])).tolist()
    [False, True]
    """
    both, missing = _comparable(one, other)
    n = len(one)
    found = missing[:n] == missing[n:]
    found &= missing[:n] | (both[:n] == both[n:])
    if both.dtype.kind == "f":
        found &= missing[:n] | (np.abs(both[:n]) < LARGEST_WHOLE)
    return np.asarray(found)


def _text(cell: Any) -> str:
    """A cell as text, whole numbers without a point."""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
