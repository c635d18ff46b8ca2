"""Keys that nobody told, found by the names of columns and by what they hold.

    primary key   whole numbers or texts, all known and different, of a column that is named like a key
                  (`id`, `customer_id` in `customers`, a first column that ends in id, key, code, no or num); if there is none, the
                  foreign keys and whole numbers of a table that are different together
    foreign key   values that are nearly all among those of a primary key, of a column whose name says which:
                  `customer_id` for customers.id, `home_team_id` for teams.team_id, `tailnum` for planes.tailnum,
                  `manager_id` for a table's own id
    by values     values that chance cannot put among those of a key: of a column of any name, in tables with keys that are told as well,
                  because its cells would be real keys if it were learnt like other columns

Names decide and values confirm: numbers from 1 on are among those of every counted key, so that values alone would find far too many.
Texts of four characters and more, and numbers that leave most of their range free, are told apart by their values.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from smartsynth.dataset import Dataset
from smartsynth.discovery.names import SAME_NAME, ends_as_key, is_key_of, named_for, one_of, plain
from smartsynth.relational.structure import Link, Structure, positions

MOST_KEY_PARTS = 4
FEWEST_BY_VALUES, SHORTEST, SPARSE = 10, 4, 100
"""Different values of a column that names a key by its values; characters of a text key, and how many times as many numbers as rows lie
between the quartiles of a whole-number one, so that values tell."""
INSIDE, INSIDE_BY_SAME_NAME = 0.95, 0.5
"""Share of the values of a foreign key that must be among those of the key; fewer are enough where both have one telling name."""


def completed(data: Mapping[str, Dataset], told: Structure) -> Structure:
    """The structure with the keys that can be found of tables for which none are told."""
    primary, found = dict(told.primary), []
    for name, one in data.items():
        if not primary[name] and (key := _single_key(name, one.frame)) is not None:
            primary[name] = (key,)
            found.append(f"Found: {name}.{key} is the primary key of {name}.")
    links = list(told.links)
    silent = [name for name in data if not told.of(name)]
    for name in silent:
        for link in _links(name, data, primary):
            links.append(link)
            found.append(f"Found: {link}.")
    for name in data:
        for link in _by_values(name, data, primary, [link for link in links if link.child == name], told.kept):
            links.append(link)
            found.append(f"Found by its values: {link}.")
    for name, one in data.items():
        if not primary[name]:
            own = [link for link in links if link.child == name]
            if together := _joint_key(one.frame, own):
                primary[name] = together
                found.append(f"Found: {name}.({', '.join(together)}) is the primary key of {name}.")
    return replace(told, primary=primary, links=tuple(links), found=(*told.found, *found))


def _may_be_key(cells: pd.Series[Any]) -> bool:
    dtype = cells.dtype.categories.dtype if isinstance(cells.dtype, pd.CategoricalDtype) else cells.dtype
    if pd.api.types.is_bool_dtype(dtype) or pd.api.types.is_datetime64_any_dtype(dtype):
        return False
    if pd.api.types.is_float_dtype(dtype):
        known = cells.dropna()
        return len(known) > 0 and bool((known == known.round()).all())
    return (
        pd.api.types.is_integer_dtype(dtype)
        or pd.api.types.is_object_dtype(dtype)
        or pd.api.types.is_string_dtype(dtype)
    )


def _single_key(table: str, frame: pd.DataFrame) -> str | None:
    """The column that is named like a key of the table and is unique."""
    ranked = []
    for i, name in enumerate(map(str, frame.columns)):
        if is_key_of(name, table):
            ranked.append((0, i, name))
        elif i == 0 and ends_as_key(name):
            ranked.append((1, i, name))
    for _, _, name in sorted(ranked):
        cells = frame[name]
        if _may_be_key(cells) and not cells.isna().any() and cells.is_unique:
            return name
    # A first column of different texts without spaces names the rows of a list, such as codes of airports.
    first = frame.iloc[:, 0]
    if (
        not pd.api.types.is_numeric_dtype(first.dtype)
        and _may_be_key(first)
        and first.is_unique
        and not first.isna().any()
    ) and first.astype(str).str.fullmatch(r"\S{1,40}").all():
        return str(frame.columns[0])
    return None


def _links(child: str, data: Mapping[str, Dataset], primary: Mapping[str, tuple[str, ...]]) -> Iterable[Link]:
    """Foreign keys of a table, at most one a column."""
    frame = data[child].frame
    taken: set[str] = set()
    whole = [(parent, key) for parent, key in primary.items() if len(key) > 1 and parent != child]
    for parent, key in whole:
        if set(key) <= set(map(str, frame.columns)) and _inside(frame, key, data[parent].frame, key) >= INSIDE:
            taken |= set(key)
            yield Link(child, key, parent, key)
    for name in map(str, frame.columns):
        if name in taken or not _may_be_key(frame[name]) or not frame[name].notna().any():
            continue
        best: tuple[int, Link] | None = None
        for parent, key in primary.items():
            if len(key) != 1 or (parent == child and key[0] == name):
                continue
            rank = named_for(name, child, parent, key[0])
            if rank is None or (best is not None and best[0] <= rank):
                continue
            if primary[child] == (name,) and not _is_part(frame[name], data[parent].frame[key[0]], name, child, parent):
                continue
            least = INSIDE_BY_SAME_NAME if rank == SAME_NAME else INSIDE
            if _inside(frame, (name,), data[parent].frame, key) >= least:
                best = rank, Link(child, (name,), parent, key)
        if best is not None:
            yield best[1]


def _by_values(
    child: str,
    data: Mapping[str, Dataset],
    primary: Mapping[str, tuple[str, ...]],
    known: Sequence[Link],
    kept: frozenset[str],
) -> Iterable[Link]:
    """Foreign keys of columns that no name tells, to keys whose values chance does not hit."""
    frame = data[child].frame
    taken = {name for link in known for name in link.columns}
    keys = [(parent, key) for parent, key in primary.items() if len(key) == 1 and parent not in kept]
    keys = [(parent, key) for parent, key in keys if is_telling(data[parent].frame[key[0]])]
    if child in kept or not keys:
        return
    for name in map(str, frame.columns):
        cells = frame[name]
        if name in taken or not _may_be_key(cells) or cells.nunique() < FEWEST_BY_VALUES:
            continue
        for parent, key in keys:
            of = data[parent].frame[key[0]]
            if (parent, key) == (child, (name,)) or (primary[child] == (name,) and len(cells) >= len(of)):
                continue
            if _inside(frame, (name,), data[parent].frame, key) >= INSIDE:
                yield Link(child, (name,), parent, key)
                break


def is_text(cells: pd.Series[Any]) -> bool:
    """Whether a column may hold keys that are texts."""
    return _may_be_key(cells) and not pd.api.types.is_numeric_dtype(cells.dtype)


def is_telling(key: pd.Series[Any]) -> bool:
    """Whether a cell that is among the values of a key can hardly be there by chance."""
    if not len(key) or not _may_be_key(key):
        return False
    if pd.api.types.is_numeric_dtype(key.dtype):
        low, high = key.quantile([0.25, 0.75])
        return float(high - low) >= SPARSE * len(key) / 2
    return bool(key.astype(str).str.len().min() >= SHORTEST)


def _is_part(cells: pd.Series[Any], of: pd.Series[Any], column: str, child: str, parent: str) -> bool:
    """Of two tables with one key: whether the first is the part of the second, and not the other way round."""
    if len(cells) != len(of):
        return len(cells) < len(of)
    return one_of(parent) in plain(column) and one_of(child) not in plain(column)


def _inside(frame: pd.DataFrame, columns: Sequence[str], parent: pd.DataFrame, key: Sequence[str]) -> float:
    """Share of the different known values that are among those of a key; kinds of values must agree."""
    for name, other in zip(columns, key, strict=True):
        if pd.api.types.is_numeric_dtype(frame[name].dtype) != pd.api.types.is_numeric_dtype(parent[other].dtype):
            return 0.0
    known = frame[list(columns)].dropna().drop_duplicates()
    return float((positions(known, parent[list(key)]) >= 0).mean()) if len(known) else 0.0


def _joint_key(frame: pd.DataFrame, links: Sequence[Link]) -> tuple[str, ...]:
    """The fewest columns that are different together: foreign keys first, then whole numbers and dates."""
    keys = list(dict.fromkeys(name for link in links for name in link.columns))
    if not keys:
        return ()
    names = [str(name) for name in frame.columns]
    others = [
        name for name in names
        if name not in keys and not frame[name].isna().any()
        and (pd.api.types.is_integer_dtype(frame[name].dtype) or pd.api.types.is_datetime64_any_dtype(frame[name].dtype))
    ]  # fmt: skip
    keys = [name for name in keys if not frame[name].isna().any()]
    for size in range(1, MOST_KEY_PARTS):
        for some in itertools.combinations(keys + others[:4], size):
            if set(some) & set(keys) and not frame.duplicated(list(some)).any():
                return tuple(sorted(some, key=names.index))
    return ()
