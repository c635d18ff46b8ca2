"""Which row of a further parent each row names: one that is like what the row says of it, with as many children as it is to have.

found_for  a row of the parent for each row of a table
write      the cells of a foreign key, as the parents have them
exchange   rows exchange their parents until no key repeats
rewrite    the cells of a foreign key anew, after rows got other parents
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.metrics.rows import prepared
from smartsynth.models.storage import restore
from smartsynth.relational.features import View
from smartsynth.relational.learning import CIRCLE, ITSELF, NONE, NUMBER, ROW, Known, depths, said
from smartsynth.relational.matching import allocated, matched, without_repeats
from smartsynth.relational.model import Number, TableModel, Wish
from smartsynth.relational.structure import Link, Positions, positions, same_keys
from smartsynth.schema import Column, Schema

COARSE, FINE = 4, 16
"""Parts of the numbers that rows ask for."""


@dataclass(slots=True)
class Made:
    """Tables as they come into being.

    Args:
        frames: Rows with the key columns that are known up to now.
        own: The modelled columns of each table, and what its rows say of further parents.
        named: The rows that foreign keys name.
        left_out: Rows that were made and left out, by table and reason.
        notes: What came out otherwise than in the real tables, in sentences.
    """

    frames: dict[str, pd.DataFrame] = field(default_factory=dict)
    own: dict[str, View] = field(default_factory=dict)
    named: dict[Link, Positions] = field(default_factory=dict)
    left_out: dict[str, dict[str, int]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def leave_out(self, table: str, why: str, n: int) -> None:
        """Count rows that are left out."""
        if n:
            reasons = self.left_out.setdefault(table, {})
            reasons[why] = reasons.get(why, 0) + n


def numbers_of(number: Number, context: View, rng: np.random.Generator) -> NDArray[np.int64]:
    """A number of children for each parent."""
    n = len(context[0])
    if number.model is None or n == 0:
        return np.full(n, number.always or 0, np.int64)
    names = [codec.name for codec in number.model.context.codecs]
    found = number.model.sample(context[0][names], rng)[NUMBER]
    return np.asarray(np.maximum(found.to_numpy(np.float64).round(), 0).astype(np.int64))


def found_for(
    link: Link,
    wish: Wish,
    one: TableModel,
    made: Made,
    known: Known,
    rng: np.random.Generator,
    main: Positions | None = None,
) -> Positions:
    """A row of the parent for each row of a table, -1 for none."""
    own, offered = made.own[link.child], made.own[link.parent]
    n, m = len(own[0]), len(offered[0])
    state = (
        own[0][said(link, "state")].to_numpy(object)
        if said(link, "state") in own[1]
        else np.full(n, wish.state, object)
    )
    seeking = np.isin(state, [ROW, CIRCLE])
    found = np.where(state == ITSELF, np.arange(n), -1) if link.is_own else np.full(n, -1)
    again = np.zeros(n, bool)
    if wish.again and main is not None:
        again = (own[0][said(link, "again")].to_numpy(object) == "yes") & seeking
        again[1:] &= (main[1:] == main[:-1]) & (main[1:] >= 0) & seeking[:-1]
        again[:1] = False
    rows = np.flatnonzero(seeking & ~again)
    must = _must(link, one, made, rows)
    if link.is_own:
        level = own[0][said(link, "depth")].fillna(0).to_numpy(np.float64).round().astype(np.int64)
        level = _without_gaps(np.where(np.isin(state, [ROW]), np.maximum(level, 1), 0))
        must.append((np.where(state[rows] == CIRCLE, 0, level[rows] - 1), level))
    want, offer = [a for a, _ in must], [b for _, b in must]
    coarse, fine, near = _levels(link, wish, own, offered, rows)
    degree = numbers_of(wish.degree, known.views[link.parent], rng)
    want, offer = [*want, *(a for a, _ in coarse)], [*offer, *(b for _, b in coarse)]
    free = allocated(degree, want, offer, len(rows), rng, must=len(must), most=1 if wish.unique else None)
    want, offer = [*want, *(a for a, _ in fine)], [*offer, *(b for _, b in fine)]
    found[rows] = matched(len(rows), want, offer, free, rng, must=len(must), near=near)
    if again.any():
        source = np.maximum.accumulate(np.where(again, 0, np.arange(n)))
        found[again] = found[source[again]]
    lost = seeking & (found < 0)
    if link in one.part.late and lost.any() and m:
        lost = lost if not wish.nullable else lost & ~without(link, one, own, lost)
        rows = np.flatnonzero(lost)
        must = _must(link, one, made, rows)
        if link.is_own and wish.nullable:
            must.append((np.where(state[rows] == CIRCLE, 0, level[rows] - 1), level))
        found[lost] = rows if link.is_own and not wish.nullable else _any_of(len(rows), must, m, rng)
        if missing := int((found[lost] < 0).sum()):
            shared = ", ".join(name for name in link.columns if name in made.frames[link.child])
            made.notes.append(f"{link}: {missing:,} keys are missing, as no row has the same {shared}.")
    return found


def without(link: Link, one: TableModel, own: View, rows: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which rows of a table keep its rules if some of them have no parent by a link."""
    name = said(link, "state")
    if name not in own[1] or not rows.any():
        return np.ones(len(rows), bool)
    state = own[0][name].mask(rows, NONE)
    return one.holds(own[0].assign(**{name: state}))


def _any_of(n: int, must: list[tuple[Positions, Positions]], m: int, rng: np.random.Generator) -> Positions:
    """For each of `n` rows any of the `m` parents that have the same codes, -1 where none has."""
    code = np.zeros(n + m, np.int64)
    for ask, offer in must:
        code = np.unique(np.stack([code, np.r_[ask, offer]]), axis=1, return_inverse=True)[1].ravel()
    order = rng.permutation(m)
    order = order[np.argsort(code[n:][order], kind="stable")]
    first, after = (np.searchsorted(code[n:][order], code[:n], side=side) for side in ("left", "right"))
    at = first + (rng.random(n) * (after - first)).astype(np.int64)
    return np.where(after > first, order[np.minimum(at, m - 1)], -1)


def _must(link: Link, one: TableModel, made: Made, rows: Positions) -> list[tuple[Positions, Positions]]:
    """Codes of key columns that are known already, of the rows and of the parents: they have to be the same."""
    child, parent = made.frames[link.child], made.frames[link.parent]
    found = []
    for column, reference in zip(link.columns, link.references, strict=True):
        if column in child and reference in parent:
            keys = parent[[reference]].drop_duplicates().reset_index(drop=True)
            ask = positions(child[[column]].iloc[rows], keys)
            found.append((np.where(ask < 0, -2, ask), positions(parent[[reference]], keys)))
    return found


def _without_gaps(level: Positions) -> Positions:
    return np.unique(level, return_inverse=True)[1].astype(np.int64)


Asked = list[tuple[Positions, Positions]]


def _levels(
    link: Link, wish: Wish, own: View, offered: View, rows: Positions
) -> tuple[Asked, Asked, tuple[NDArray[np.float64], NDArray[np.float64]] | None]:
    """What rows ask for and parents offer as coarse and as fine codes, and the number among it that tells most."""
    coarse: Asked = []
    fine: Asked = []
    near = None
    for name in wish.columns:
        column = replace(offered[1][name], name=name)
        asked = own[0][[said(link, name)]].iloc[rows].rename(columns={said(link, name): name}).reset_index(drop=True)
        _, (a, b) = prepared([asked, offered[0][[name]].reset_index(drop=True)], Schema((column,)))
        if a.codes.shape[1]:
            coarse.append((a.codes[:, 0], b.codes[:, 0]))
            continue
        values = b.numbers[:, 0]
        near = near or (a.numbers[:, 0], values)
        known = values[np.isfinite(values)]
        for bins, kind in ((COARSE, coarse), (FINE, fine)):
            edges = np.unique(np.quantile(known, np.linspace(0, 1, bins + 1)[1:-1])) if len(known) else np.zeros(0)
            kind.append((_binned(a.numbers[:, 0], edges), _binned(values, edges)))
    return coarse, fine, near


def _binned(values: NDArray[np.float64], edges: NDArray[np.float64]) -> Positions:
    return np.where(np.isfinite(values), np.searchsorted(edges, values, side="right"), len(edges) + 1).astype(np.int64)


def write(link: Link, made: Made, one: TableModel) -> None:
    """The cells of a foreign key, as the parents have them; what another key has written stays."""
    frame, rows = made.frames[link.child], made.named[link]
    parent = made.frames[link.parent]
    for name, reference in zip(link.columns, link.references, strict=True):
        cells = np.full(len(rows), None, object)
        some = rows >= 0
        cells[some] = parent[reference].to_numpy(object)[rows[some]]
        if name in frame:
            before = frame[name].to_numpy(object)
            cells = np.where(pd.isna(before), cells, before)
        frame[name] = _stored(one.schema[name], cells, parent[reference].dtype)


def _stored(column: Column, cells: NDArray[np.object_], dtype: Any) -> pd.Series[Any]:
    """Cells of a foreign key in the column's own dtype if they are the same keys in it, else in that of the key."""
    as_key = restore(replace(column, dtype=str(dtype)), cells)
    try:
        found = restore(column, cells)
    except (ValueError, TypeError, OverflowError):  # a text among numbers, or a number too large
        return as_key
    return found if same_keys(found, as_key).all() else as_key


def exchange(link: Link, one: TableModel, made: Made, own: View, key: list[str], rng: np.random.Generator) -> None:
    """Rows exchange their parents until no key repeats, as far as that can be."""
    frame, found = made.frames[one.part.table], made.named[link].copy()
    shared = shared_columns(link, made, one)
    stays = _numbered(frame, [name for name in key if name not in link.columns or name in shared])
    wish = dict(zip(one.part.others, one.wishes, strict=True)).get(link)
    group = _numbered(own[0], [said(link, name) for name in wish.columns] if wish is not None else [])
    within, some = _numbered(frame, shared), found >= 0
    if link.is_own:
        depth, state = depths(found)
        within, some = within * (int(depth.max(initial=0)) + 1) + depth, state == ROW
    found[some], _ = without_repeats(stays[some], found[some], group[some], within[some], rng)
    made.named[link] = found
    rewrite(link, made, one)


def rewrite(link: Link, made: Made, one: TableModel) -> None:
    """The cells of a foreign key as its parents now have them; those that other keys or the table itself have made stay."""
    frame, shared = made.frames[link.child], shared_columns(link, made, one)
    frame.drop(columns=[name for name in link.columns if name not in shared], inplace=True)
    write(link, made, one)


def shared_columns(link: Link, made: Made, one: TableModel) -> list[str]:
    """Columns of a link that other links have too, or that are made as columns of the table."""
    others = {name for other in made.named if other.child == link.child and other != link for name in other.columns}
    return [name for name in link.columns if name in others or name in one.part.own]


def _numbered(frame: pd.DataFrame, names: list[str]) -> Positions:
    """A number for each combination of cells."""
    code = np.zeros(len(frame), np.int64)
    for name in names:
        found, levels = pd.factorize(frame[name], use_na_sentinel=False)
        code = pd.factorize(code * (len(levels) + 1) + found)[0]
    return code
