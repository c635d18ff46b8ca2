"""Keys of which a part is found late, when all tables are there, are kept apart.

exchange    rows exchange their late parents; of those in one table only rows at the same depth do, so that no circle comes about
another     rows that still repeat a key get any other parent with which they do not, rather one that others name too
missing     rows that still repeat a key name no parent, where that may be
left out    others are left out, unless a row names them
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.relational.learning import NONE, ROW, depths, said
from smartsynth.relational.model import TableModel
from smartsynth.relational.parents import Made, exchange, rewrite, shared_columns, without
from smartsynth.relational.structure import Link, Structure

REPEATS = "a key that must be unique repeats"
MOST_TRIED = 1000
"""Parents that are looked at for a row that repeats a key."""


def keep_apart(one: TableModel, structure: Structure, made: Made, rng: np.random.Generator) -> None:
    """No two rows share the primary key, or what is to be unique, as far as that can be; a note counts the rest."""
    keys = [
        (names, links)
        for names in (structure.primary[one.part.table], *one.unique)
        if (links := [link for link in one.part.late if set(link.columns) & set(names)])
    ]
    for names, links in keys:
        for link in links:
            if _repeats(made.frames[one.part.table], names).any():
                exchange(link, one, made, made.own[one.part.table], list(names), rng)
    for names, links in keys:
        for link in links:
            _other_parents(link, names, one, made, rng)
    for names, links in keys:
        for link in links:
            _without_parents(link, names, one, structure, made)
    for names, _ in keys:
        _leave_out(names, one.part.table, structure, made)


def _repeats(frame: pd.DataFrame, names: Sequence[str], last: NDArray[np.bool_] | None = None) -> NDArray[np.bool_]:
    """Which rows repeat the key of another one, those in `last` before others; with missing cells none does."""
    cells = frame[list(names)]
    order = np.arange(len(frame)) if last is None else np.argsort(last, kind="stable")
    again = np.zeros(len(frame), bool)
    again[order] = cells.iloc[order].duplicated().to_numpy()
    return again & cells.notna().all(axis=1).to_numpy()


def _other_parents(link: Link, names: Sequence[str], one: TableModel, made: Made, rng: np.random.Generator) -> None:
    """Rows that repeat a key get another parent that is free, which has what is settled of the key, and lies as far above in one table."""
    frame, parents, found = made.frames[link.child], made.frames[link.parent], made.named[link].copy()
    shared = shared_columns(link, made, one)
    again = _repeats(frame, names)
    if not again.any() or not {name for name in link.columns if name not in shared} <= set(names):
        return
    there = dict(zip(link.columns, link.references, strict=True))
    depth, state = depths(found) if link.is_own else (np.zeros(len(found), np.int64), np.where(found >= 0, ROW, NONE))
    levels = depth if link.is_own else np.full(len(parents), -1)
    offered: dict[tuple[object, ...], list[int]] = {}
    order = rng.permutation(len(parents))
    order = order[np.argsort(~np.isin(order, found), kind="stable")]
    cells = list(zip(*(parents[there[name]].tolist() for name in shared), levels.tolist(), strict=True))
    for at in order.tolist():
        offered.setdefault(cells[at], []).append(at)
    stays = [name for name in names if name not in link.columns or name in shared]
    kept = list(zip(*(frame[name].tolist() for name in stays), strict=True)) if stays else [()] * len(frame)
    asked = list(zip(*(frame[name].tolist() for name in shared), (depth - 1).tolist(), strict=True))
    taken = set(zip(kept, found.tolist(), strict=True))
    for at in np.flatnonzero(again & (state == ROW)).tolist():
        some = offered.get(asked[at], [])[:MOST_TRIED]
        free = next((parent for parent in some if (kept[at], parent) not in taken), None)
        if free is not None:
            found[at] = free
            taken.add((kept[at], free))
    made.named[link] = found
    rewrite(link, made, one)


def _without_parents(link: Link, names: Sequence[str], one: TableModel, structure: Structure, made: Made) -> None:
    """Rows that repeat a key name no parent by a link, where real rows do so and no rule speaks against it."""
    table = one.part.table
    wish = dict(zip(one.part.others, one.wishes, strict=True))[link]
    again = _repeats(made.frames[table], names)
    if not wish.nullable or names == structure.primary[table] or not again.any():
        return
    own = made.own[table]
    again &= without(link, one, own, again)
    if (state := said(link, "state")) in own[1]:
        own[0][state] = own[0][state].mask(again, NONE)
    made.named[link] = np.where(again, -1, made.named[link])
    rewrite(link, made, one)
    if lost := int(again.sum()):
        made.notes.append(f"{link}: {lost:,} keys are missing so that no two rows share ({', '.join(names)}).")


def _leave_out(names: Sequence[str], table: str, structure: Structure, made: Made) -> None:
    """Rows that repeat a key and that no row names are left out."""
    while True:
        named = np.zeros(len(made.frames[table]), bool)
        for link in structure.to(table):
            rows = made.named[link]
            named[rows[rows >= 0]] = True
        again = _repeats(made.frames[table], names, last=~named)
        if not (again & ~named).any():
            break
        _drop(again & ~named, table, structure, made)
    if left := int(again.sum()):
        made.notes.append(
            f"{table}: {left:,} rows repeat ({', '.join(names)}) of another one, and stay as rows name them."
        )


def _drop(gone: NDArray[np.bool_], table: str, structure: Structure, made: Made) -> None:
    """Leave rows out that no row names."""
    made.leave_out(table, REPEATS, int(gone.sum()))
    made.frames[table] = made.frames[table][~gone].reset_index(drop=True)
    frame, schema = made.own[table]
    made.own[table] = frame[~gone].reset_index(drop=True), schema
    place = np.cumsum(~gone) - 1
    for link in structure.links:
        if link in made.named and link.child == table:
            made.named[link] = made.named[link][~gone]
        if link in made.named and link.parent == table:
            made.named[link] = np.where(made.named[link] >= 0, place[made.named[link]], -1)
