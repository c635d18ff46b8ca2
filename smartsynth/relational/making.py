"""Model → tables: parents before children, keys made anew, every foreign key pointing to a row that is there.

rows       as many children as each parent is to have, family after family; those too near to real rows are drawn again
parents    of further keys are found for rows (matching.py), and pairs that must be unique are kept apart
keys       serial ones in the format of the real ones, counters from the first number on, foreign ones as their parents have them
late keys  when all tables are there
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.dataset import Dataset
from smartsynth.errors import PrivacyError
from smartsynth.metrics.rows import prepared
from smartsynth.models.base import Generator
from smartsynth.models.family_forest import Families, FamilyForest
from smartsynth.models.privacy_filter import affordable_decoys, filtered
from smartsynth.models.storage import from_float, natural_unit, restore, to_float
from smartsynth.progress import Progress, part, silent, under
from smartsynth.relational import features
from smartsynth.relational.features import View
from smartsynth.relational.gates import Gate
from smartsynth.relational.learning import CIRCLE, ITSELF, NUMBER, ROW, Known, families_of, said
from smartsynth.relational.matching import allocated, matched, without_repeats
from smartsynth.relational.model import Model, Number, TableModel, Wish
from smartsynth.relational.structure import Link, Positions, Tables, positions
from smartsynth.schema import Kind, Schema

Flags = NDArray[np.bool_]
DRAWS = 3
"""Times that a family with rows too near to real ones is drawn again before these rows are left out."""
LARGEST_REDRAWN = 24
MOST_REMOVED = 0.5
PILOT = 4096
BUMPS = 50
COARSE, FINE = 4, 16


@dataclass(slots=True)
class Made:
    """Tables as they come into being.

    Args:
        frames: Rows with the key columns that are known up to now.
        own: The modelled columns of each table, and what its rows say of further parents.
        named: The rows that foreign keys name.
        left_out: Rows that were made and left out, by table and reason.
    """

    frames: dict[str, pd.DataFrame] = field(default_factory=dict)
    own: dict[str, View] = field(default_factory=dict)
    named: dict[Link, Positions] = field(default_factory=dict)
    left_out: dict[str, dict[str, int]] = field(default_factory=dict)

    def leave_out(self, table: str, why: str, n: int) -> None:
        """Count rows that are left out."""
        if n:
            reasons = self.left_out.setdefault(table, {})
            reasons[why] = reasons.get(why, 0) + n


def make(
    model: Model, *, scale: float, seed: int, gates: Mapping[str, Gate] | None = None, progress: Progress = silent
) -> tuple[Tables, Mapping[str, Mapping[str, int]]]:
    """Tables of `scale` times as many roots as the real ones, and how many rows were left out, by table and reason.

    Args:
        model: What was learnt.
        scale: Rows of tables without a main parent, as a multiple of the real ones; those of the others follow.
        seed: Same seed, same tables.
        gates: Keep rows too near to real ones out, by table.
        progress: Called with the share done; may raise `Cancelled`.
    """
    made, known = Made(), Known()
    for name, data in model.kept.items():
        made.frames[name] = data.frame
    weights = np.cumsum([0.0, *(one.n_rows * (1 + len(one.part.own)) for one in model.tables)])
    for i, one in enumerate(model.tables):
        share = weights[[i, i + 1]] / weights[-1]

        def report(
            fraction: float, message: str = "", /, share: NDArray[np.float64] = share, one: TableModel = one
        ) -> None:
            progress(float(share[0] + fraction * (share[1] - share[0])), under(one.part.table, message))

        rng = np.random.default_rng([seed, 0x3A4E, i])
        _make_table(one, model, made, known, scale, rng, (gates or {}).get(one.part.table), report)
    for i, one in enumerate(model.tables):
        rng = np.random.default_rng([seed, 0x1A7E, i])
        for link, wish in zip(one.part.others, one.wishes, strict=True):
            if link in one.part.late:
                made.named[link] = _found(link, wish, one, made, known, rng)
                _write(link, made, one)
        for link in one.part.implied:
            made.named[link] = positions(
                made.frames[link.child][list(link.columns)], made.frames[link.parent][list(link.references)]
            )
    return _tables(model, made), made.left_out


def _tables(model: Model, made: Made) -> Tables:
    data = {}
    schemas = {one.part.table: one.schema for one in model.tables}
    for name in model.structure.tables:
        if name in model.kept:
            data[name] = model.kept[name]
        else:
            frame = made.frames[name][list(schemas[name].names)].reset_index(drop=True)
            data[name] = Dataset(frame, schemas[name], model.sources[name])
    return Tables.of(data, model.structure)


def _make_table(
    one: TableModel,
    model: Model,
    made: Made,
    known: Known,
    scale: float,
    rng: np.random.Generator,
    gate: Gate | None,
    progress: Progress,
) -> None:
    table = one.part.table
    rows, sizes = _parents(one, known, scale, rng)
    context = known.context(one.part, rows, sizes)
    own, keep = _rows(one, context, rows, rng, gate, progress)
    made.leave_out(
        table,
        "too near to real rows" if one.built is None else "too near to real rows, or against a rule",
        int((~keep).sum()),
    )
    rows, own = rows[keep], (own[0][keep].reset_index(drop=True), own[1])
    for step in (_matched_links, _distinct):
        keep = step(one, model, made, known, rows, own, rng)
        made.leave_out(table, "a key that must be unique repeats", int((~keep).sum()))
        rows, own = rows[keep], (own[0][keep].reset_index(drop=True), own[1])
        for link in model.structure.of(table):
            if link in made.named:
                made.named[link] = made.named[link][keep]
        made.frames[table] = made.frames[table][keep].reset_index(drop=True)
    _keys(one, made, rows, rng)
    made.own[table] = own
    known.add(one.part, features.modelled(*own), rows)


def _parents(
    one: TableModel, known: Known, scale: float, rng: np.random.Generator
) -> tuple[Positions, NDArray[np.int64]]:
    """The main parent of each row, family after family, -1 for none; and the number of children of each parent."""
    if one.part.main is None or one.children is None:
        return np.full(max(round(one.n_rows * scale), 1), -1), np.zeros(0, np.int64)
    parent = known.of_parent(one.part.main.parent)
    sizes = _numbers(one.children, parent, rng)
    if one.part.single:
        sizes = np.minimum(sizes, 1)
    orphans = np.full(round(one.orphans * scale), -1)
    return np.r_[np.repeat(np.arange(len(sizes)), sizes), orphans], sizes


def _numbers(number: Number, context: View, rng: np.random.Generator) -> NDArray[np.int64]:
    n = len(context[0])
    if number.model is None or n == 0:
        return np.full(n, number.always or 0, np.int64)
    names = [codec.name for codec in number.model.context.codecs]
    found = number.model.sample(context[0][names], rng)[NUMBER]
    return np.asarray(np.maximum(found.to_numpy(np.float64).round(), 0).astype(np.int64))


def _rows(
    one: TableModel, context: View, rows: Positions, rng: np.random.Generator, gate: Gate | None, progress: Progress
) -> tuple[View, Flags]:
    """Own columns of all rows, and which of them may stay."""
    n = len(rows)
    if isinstance(one.rows, Generator):
        return _alone(one, one.rows, n, rng, gate, progress), np.ones(n, bool)
    families = None if one.part.main is None else families_of(rows)
    schema = _own_schema(one, one.rows.coding.encoder.schema)
    frame = _drawn(one, one.rows, context, families, rng, part(progress, 0.0, 0.7))
    keep = np.ones(n, bool)
    if n == 0 or (gate is None and one.built is None):
        return (frame, schema), keep

    def fine(rows: pd.DataFrame, known: pd.DataFrame) -> Flags:
        near = np.ones(len(rows), bool) if gate is None else gate.keep(rows, known)
        return near if one.built is None else near & one.built.holds(rows)

    keep = fine(frame, context[0])
    for _ in range(DRAWS):
        again, exchanged = _drawn_again(one, ~keep, families)
        if not exchanged.any():
            break
        some, inside = np.flatnonzero(again), None if families is None else families_of(rows[again])
        fresh = _drawn(one, one.rows, features.taken(context, some), inside, rng, silent, raked=False)[exchanged[again]]
        frame = pd.concat([frame[~exchanged], fresh.set_axis(frame.index[exchanged])]).sort_index()
        keep[exchanged] = fine(fresh.reset_index(drop=True), context[0][exchanged].reset_index(drop=True))
    if keep.mean() < MOST_REMOVED:
        raise PrivacyError(
            f"{one.part.table}: {int((~keep).sum()):,} of {n:,} rows lay too near to real ones, or broke a rule, more than half. Use more rows, "
            "drop columns that are not needed, or set filter=false if such rows reveal nobody."
        )
    progress(1.0, "Checked")
    return (frame, schema), keep


def _own_schema(one: TableModel, learnt: Schema) -> Schema:
    """The columns as they are made, steps as what they stand for."""
    if one.built is not None:
        return one.built.schema
    stored = {clock.column.name: clock.column for clock in one.clocks}
    return Schema(tuple(stored.get(column.name, column) for column in learnt))


def _drawn(
    one: TableModel,
    model: FamilyForest,
    context: View,
    families: Families | None,
    rng: np.random.Generator,
    progress: Progress,
    *,
    raked: bool = True,
) -> pd.DataFrame:
    names = [codec.name for codec in model.context.codecs]
    frame = model.sample(context[0][names], rng, families=families, raked=raked, progress=progress)
    for clock in one.clocks:
        steps = frame[clock.column.name].to_numpy(np.float64)
        frame[clock.column.name] = clock.cells(steps, context[0], families)
    return frame if one.built is None else one.built.made(frame, rng=rng)


def _alone(
    one: TableModel, model: Generator, n: int, rng: np.random.Generator, gate: Gate | None, progress: Progress
) -> View:
    seed = int(rng.integers(2**31))
    if gate is None:
        return model.sample(n, seed=seed, progress=progress), model.schema_

    def stream(start: int, size: int) -> pd.DataFrame:
        return model.sample(size, seed=seed, start=start)

    _afford_decoys(gate, stream(0, PILOT))
    rows, _ = filtered(stream, n, gate.filter, seed=seed, take=model.taken, block=model.block, progress=progress)
    return rows, model.schema_


def _afford_decoys(gate: Gate, pilot: pd.DataFrame) -> None:
    """Fewer decoys where so many rows are removed that decoys for all of them would be most of the table."""
    most, gate.filter.decoys = gate.filter.decoys, 0
    kept, _ = gate.filter.keep(pilot)
    gate.filter.decoys = min(most, affordable_decoys(float(1 - kept.mean())))


def _drawn_again(one: TableModel, bad: Flags, families: Families | None) -> tuple[Flags, Flags]:
    """Rows that are drawn again because of some that are too near to real ones, and those of them that are put in place.

    A small family is exchanged as a whole. Of a large one, whose rows hardly depend on a single one, only the bad rows are; if they
    count on from each other, they cannot be.
    """
    if families is None:
        return bad, bad
    sizes, wrong = np.bincount(families.family), np.bincount(families.family, bad) > 0
    is_small = (sizes <= LARGEST_REDRAWN)[families.family]
    again = wrong[families.family]
    if any(clock.counts_on for clock in one.clocks):
        again = again & is_small
    return again, again & (is_small | bad)


def _matched_links(
    one: TableModel, model: Model, made: Made, known: Known, rows: Positions, own: View, rng: np.random.Generator
) -> Flags:
    """Find the rows of looked-up and further parents; which rows have all that they need."""
    table = one.part.table
    made.frames[table] = own[0][list(one.part.own)].copy()
    made.own[table] = own
    keep = np.ones(len(rows), bool)
    if one.part.main is not None:
        made.named[one.part.main] = rows
        _write(one.part.main, made, one)
    for link in one.part.looked_up:
        cells = own[0][said(link, "row")]
        made.named[link] = np.where(cells.isna(), -1, pd.to_numeric(cells).fillna(-1)).astype(np.int64)
        _write(link, made, one)
    for link, wish in zip(one.part.others, one.wishes, strict=True):
        if link not in one.part.matched:
            continue
        found = _found(link, wish, one, made, known, rng, main=rows)
        if not wish.nullable:
            keep &= found >= 0
        made.named[link] = found
        _write(link, made, one)
    return keep


def _found(
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
    state = own[0][said(link, "state")].to_numpy(object) if said(link, "state") in own[1] else np.full(n, ROW, object)
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
    degree = _numbers(wish.degree, known.views[link.parent], rng)
    want, offer = [*want, *(a for a, _ in coarse)], [*offer, *(b for _, b in coarse)]
    free = allocated(degree, want, offer, len(rows), rng, must=len(must), most=1 if wish.unique else None)
    want, offer = [*want, *(a for a, _ in fine)], [*offer, *(b for _, b in fine)]
    found[rows] = matched(len(rows), want, offer, free, rng, must=len(must), near=near)
    if again.any():
        source = np.maximum.accumulate(np.where(again, 0, np.arange(n)))
        found[again] = found[source[again]]
    lost = seeking & (found < 0)
    if link in one.part.late and lost.any() and not wish.nullable and m:
        found[lost] = np.flatnonzero(lost) if link.is_own else rng.integers(m, size=int(lost.sum()))
    return found


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


def _write(link: Link, made: Made, one: TableModel) -> None:
    """The cells of a foreign key, as the parents have them; what another key has written stays."""
    frame, rows = made.frames[link.child], made.named[link]
    parent = made.frames[link.parent]
    for name, reference in zip(link.columns, link.references, strict=True):
        cells = np.full(len(rows), None, object)
        some = rows >= 0
        cells[some] = parent[reference].to_numpy(object)[rows[some]]
        column = one.schema[name]
        if name in frame:
            before = frame[name].to_numpy(object)
            cells = np.where(pd.isna(before), cells, before)
        frame[name] = (
            restore(column, cells)
            if not _is_whole(column.dtype) or not pd.isna(cells).any()
            else pd.Series(cells).astype("Int64")
        )


def _is_whole(dtype: str) -> bool:
    return dtype.startswith(("int", "uint"))


def _distinct(
    one: TableModel, model: Model, made: Made, known: Known, rows: Positions, own: View, rng: np.random.Generator
) -> Flags:
    """Keep primary keys apart that hold data: numbers and dates move on to the next free one; which rows stay."""
    key = list(model.structure.primary[one.part.table])
    frame = made.frames[one.part.table]
    counted = one.part.counter is not None and one.part.counter[0] in key
    late = {name for link in one.part.late for name in link.columns}
    if not key or counted or set(key) & (set(one.part.serial) | late):
        return np.ones(len(frame), bool)
    links = [k for k in (*one.part.matched, *one.part.looked_up) if set(k.columns) <= set(key)]
    if links and frame.duplicated(key).any():
        _exchange(links[-1], one, made, own, key, rng)
    moving = [one.schema[name] for name in key if name in one.part.own]
    moving = [c for c in moving if c.kind is Kind.DATETIME or (c.kind is Kind.NUMERIC and c.decimals == 0)]
    again = frame.duplicated(key).to_numpy()
    for column in moving[-1:]:
        unit = natural_unit(column, frame[column.name])
        values = to_float(column, frame[column.name], unit)
        for _ in range(BUMPS):
            if not again.any():
                break
            values[again] += 1
            frame[column.name] = from_float(column, values, unit)
            again = frame.duplicated(key).to_numpy()
    return ~again & ~frame[key].isna().any(axis=1).to_numpy()


def _exchange(link: Link, one: TableModel, made: Made, own: View, key: list[str], rng: np.random.Generator) -> None:
    """Rows exchange their parents until no primary key repeats, as far as that can be."""
    frame, found = made.frames[one.part.table], made.named[link].copy()
    fixed = {name for other in made.named if other.child == link.child and other != link for name in other.columns}
    shared = [name for name in link.columns if name in fixed]
    stays = _numbered(frame, [name for name in key if name not in link.columns or name in shared])
    wish = dict(zip(one.part.others, one.wishes, strict=True)).get(link)
    group = _numbered(own[0], [said(link, name) for name in wish.columns] if wish is not None else [])
    some = np.flatnonzero(found >= 0)
    found[some], _ = without_repeats(stays[some], found[some], group[some], _numbered(frame, shared)[some], rng)
    made.named[link] = found
    frame.drop(columns=[name for name in link.columns if name not in shared], inplace=True)
    _write(link, made, one)


def _numbered(frame: pd.DataFrame, names: list[str]) -> Positions:
    """A number for each combination of cells."""
    code = np.zeros(len(frame), np.int64)
    for name in names:
        found, levels = pd.factorize(frame[name], use_na_sentinel=False)
        code = pd.factorize(code * (len(levels) + 1) + found)[0]
    return code


def _keys(one: TableModel, made: Made, rows: Positions, rng: np.random.Generator) -> None:
    """Serial keys and counters."""
    frame = made.frames[one.part.table]
    for name, surrogate in one.serial.items():
        cells = np.empty(len(frame), object)
        cells[:] = surrogate.make(len(frame), 0, rng)
        frame[name] = restore(one.schema[name], cells)
    if one.part.counter is not None:
        name, first = one.part.counter
        frame[name] = restore(one.schema[name], (families_of(rows).place + first).astype(np.int64))
