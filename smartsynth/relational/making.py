"""Model → tables: parents before children, keys made anew, every foreign key pointing to a row that is there.

rows       as many children as each parent is to have, family after family; those too near to real rows are drawn again
parents    of further keys are found for rows (parents.py), and pairs that must be unique are kept apart
keys       serial ones in the format of the real ones, counters from the first number on, foreign ones as their parents have them
late keys  when all tables are there
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.dataset import Dataset
from smartsynth.errors import BrokenKeysError, PrivacyError
from smartsynth.models.base import Generator
from smartsynth.models.family_forest import Families, FamilyForest
from smartsynth.models.privacy_filter import affordable_decoys, filtered
from smartsynth.models.storage import from_float, natural_unit, restore, to_float
from smartsynth.progress import Progress, part, silent, under
from smartsynth.relational import features
from smartsynth.relational.features import View
from smartsynth.relational.gates import Gate
from smartsynth.relational.late_keys import REPEATS, keep_apart
from smartsynth.relational.learning import NONE, Known, families_of, row_names, said
from smartsynth.relational.model import Model, TableModel
from smartsynth.relational.parents import Made, exchange, found_for, numbers_of, without, write
from smartsynth.relational.structure import Positions, Tables, broken, positions
from smartsynth.schema import Column, Kind, Schema

Flags = NDArray[np.bool_]
DRAWS, SINGLE_DRAWS = 3, 3
"""Times that a family with rows too near to real ones is drawn again, and then such rows alone, before they are left out."""
LARGEST_REDRAWN = 24
MOST_REMOVED = 0.5
NEAR, AGAINST, WITHOUT = "too near to real rows", "against a rule", "no parent is free"
"""Why rows are left out; beside REPEATS."""
PILOT = 4096
ADVICE = (
    "Use more rows, drop columns that are not needed, or set filter=false (--no-filter) if such rows reveal nobody."
)


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a table while it is made.

    Args:
        main: The row of the main parent of each, -1 for none.
        own: Their own columns, and what they say of further parents.
        context: What they knew beforehand.
    """

    main: Positions
    own: View
    context: View

    def where(self, keep: Flags) -> Rows:
        """Some of them."""
        own, context = ((frame[keep].reset_index(drop=True), schema) for frame, schema in (self.own, self.context))
        return Rows(self.main[keep], own, context)


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
                made.named[link] = found_for(link, wish, one, made, known, rng)
                write(link, made, one)
        _implied(one, made)
    for i, one in enumerate(model.tables):
        keep_apart(one, model.structure, made, np.random.default_rng([seed, 0xD15C, i]))
    for one in model.tables:
        _implied(one, made)
    return _tables(model, made), made.left_out


def _implied(one: TableModel, made: Made) -> None:
    """The rows that keys name which follow from others."""
    for link in one.part.implied:
        made.named[link] = positions(
            made.frames[link.child][list(link.columns)], made.frames[link.parent][list(link.references)]
        )


def _tables(model: Model, made: Made) -> Tables:
    data = {}
    schemas = {one.part.table: one.schema for one in model.tables}
    for name in model.structure.tables:
        if name in model.kept:
            data[name] = model.kept[name]
        else:
            frame = made.frames[name][list(schemas[name].names)].reset_index(drop=True)
            data[name] = Dataset(frame, _as_made(schemas[name], frame), model.sources[name])
    tables = Tables.of(data, model.structure, made.notes, checked=False)
    _check_keys(tables)
    return tables


def _as_made(schema: Schema, frame: pd.DataFrame) -> Schema:
    """The schema with the dtypes of columns that could not be made in the real one: with missing cells, or a key of other cells."""
    for column in schema:
        dtype = str(frame[column.name].dtype)
        wrapped = dtype == "object" and not _is_number(column.dtype) and column.dtype != "bool"
        if dtype != column.dtype and not wrapped:
            kind = column.kind if _is_number(column.dtype) == _is_number(dtype) else Kind.IDENTIFIER
            nullable = column.nullable or bool(frame[column.name].hasnans)
            schema = schema.with_column(column.name, dtype=dtype, kind=kind, nullable=nullable)
    return schema


def _is_number(dtype: str) -> bool:
    return dtype.lower().startswith(("int", "uint", "float"))


def _check_keys(tables: Tables) -> None:
    """That every key holds.

    Raises:
        BrokenKeysError: One does not.
    """
    wrong = [problem.message for problem in broken(tables.data, tables.structure)]
    for link in tables.structure.links:
        cells = tables.frame(link.child)[list(link.columns)].notna().all(axis=1).to_numpy()
        if lost := int((cells & (tables.named[link] < 0)).sum()):
            wrong.append(f"{link}: {lost:,} of {len(cells):,} rows name a row that is not there.")
    if wrong:
        raise BrokenKeysError(
            "\n".join(
                [
                    *wrong,
                    "Keys of the made tables do not hold, so nothing is given. Try another seed, declare a table of these as "
                    "reference: true if it is public knowledge, or leave the key out of the schema.",
                ]
            )
        )


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
    made.leave_out(table, NEAR if one.built is None else f"{NEAR}, or {AGAINST}", int((~keep).sum()))
    some = Rows(rows, own, context).where(keep)
    for step in (_matched_links, _distinct):
        keep = np.ones(len(some.main), bool)
        gone: dict[str, int] = {}
        for why, fine in step(one, model, made, known, some, gate, rng).items():
            gone[why] = int((keep & ~fine).sum())
            made.leave_out(table, why, gone[why])
            keep &= fine
        if keep.size and keep.mean() < MOST_REMOVED:
            raise _too_few(table, gone, len(keep))
        some = some.where(keep)
        for link in model.structure.of(table):
            if link in made.named:
                made.named[link] = made.named[link][keep]
        made.frames[table] = made.frames[table][keep].reset_index(drop=True)
    _keys(one, made, some.main, rng)
    made.own[table] = some.own
    known.add(one.part, features.modelled(*some.own), some.main)


def _too_few(table: str, gone: Mapping[str, int], n: int) -> PrivacyError | BrokenKeysError:
    """That more than half of a table's rows would be left out, why, and what to do."""
    counted = ", ".join(f"{rows:,} for {why!r}" for why, rows in gone.items() if rows)
    said = f"{table}: {sum(gone.values()):,} of {n:,} rows would be left out, more than half: {counted}."
    if max(gone, key=lambda why: gone[why]) == NEAR:
        return PrivacyError(f"{said} {ADVICE}")
    return BrokenKeysError(
        f"{said} Correct or leave out what the schema tells of the table's keys and rules, such as what is unique, or say "
        f"tables.{table}.reference=true if its rows are public knowledge."
    )


def _parents(
    one: TableModel, known: Known, scale: float, rng: np.random.Generator
) -> tuple[Positions, NDArray[np.int64]]:
    """The main parent of each row, family after family, -1 for none; and the number of children of each parent."""
    if one.part.main is None or one.children is None:
        return np.full(max(round(one.n_rows * scale), 1), -1), np.zeros(0, np.int64)
    parent = known.of_parent(one.part.main.parent)
    sizes = numbers_of(one.children, parent, rng)
    if one.part.single:
        sizes = np.minimum(sizes, 1)
    orphans = np.full(round(one.orphans * scale), -1)
    return np.r_[np.repeat(np.arange(len(sizes)), sizes), orphans], sizes


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
    for draw in range(DRAWS + SINGLE_DRAWS):
        again, exchanged = _drawn_again(one, ~keep, families, whole=draw < DRAWS)
        if not exchanged.any():
            break
        some, inside = np.flatnonzero(again), None if families is None else families_of(rows[again])
        fresh = _drawn(one, one.rows, features.taken(context, some), inside, rng, silent, raked=False)[exchanged[again]]
        frame = pd.concat([frame[~exchanged], fresh.set_axis(frame.index[exchanged])]).sort_index()
        keep[exchanged] = fine(fresh.reset_index(drop=True), context[0][exchanged].reset_index(drop=True))
    if keep.mean() < MOST_REMOVED:
        raise PrivacyError(
            f"{one.part.table}: {int((~keep).sum()):,} of {n:,} rows lay too near to real ones, or broke a rule, more than half. {ADVICE}"
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
    try:
        rows, _ = filtered(stream, n, gate.filter, seed=seed, take=model.taken, block=model.block, progress=progress)
    except PrivacyError as error:
        counted = str(error).partition(". ")[0]
        raise PrivacyError(f"{one.part.table}: {counted}. {ADVICE}") from None
    return rows, model.schema_


def _afford_decoys(gate: Gate, pilot: pd.DataFrame) -> None:
    """Fewer decoys where so many rows are removed that decoys for all of them would be most of the table."""
    most, gate.filter.decoys = gate.filter.decoys, 0
    kept, _ = gate.filter.keep(pilot)
    gate.filter.decoys = min(most, affordable_decoys(float(1 - kept.mean())))


def _drawn_again(one: TableModel, bad: Flags, families: Families | None, *, whole: bool) -> tuple[Flags, Flags]:
    """Rows that are drawn again because of some that are too near to real ones, and those of them that are put in place.

    A small family is exchanged as a whole if that is asked for. Else, and of a large one, whose rows hardly depend on a single
    one, only the bad rows are; if they count on from each other, they cannot be.
    """
    if families is None:
        return bad, bad
    sizes, wrong = np.bincount(families.family), np.bincount(families.family, bad) > 0
    counts_on = any(clock.counts_on for clock in one.clocks)
    at_once = (sizes <= LARGEST_REDRAWN)[families.family] & (whole or counts_on)
    again = wrong[families.family]
    if counts_on:
        again = again & at_once
    return again, again & (at_once | bad)


def _matched_links(
    one: TableModel,
    model: Model,
    made: Made,
    known: Known,
    some: Rows,
    gate: Gate | None,
    rng: np.random.Generator,
) -> dict[str, Flags]:
    """Find the rows of looked-up and further parents; which rows have all that they need, by the reason why the others go."""
    table, rows, own = one.part.table, some.main, some.own
    made.frames[table] = own[0][list(one.part.own)].copy()
    made.own[table] = own
    with_parents = with_rules = np.ones(len(rows), bool)
    if one.part.main is not None:
        made.named[one.part.main] = rows
        write(one.part.main, made, one)
    for link in one.part.looked_up:
        cells = own[0][said(link, "row")]
        made.named[link] = np.where(cells.isna(), -1, pd.to_numeric(cells).fillna(-1)).astype(np.int64)
        write(link, made, one)
    for link, wish in zip(one.part.others, one.wishes, strict=True):
        if link not in one.part.matched:
            continue
        found = found_for(link, wish, one, made, known, rng, main=rows)
        if wish.nullable:
            with_rules = with_rules & without(link, one, own, found < 0)
        else:
            with_parents = with_parents & (found >= 0)
        if said(link, "state") in own[1]:
            own[0][said(link, "state")] = own[0][said(link, "state")].mask(found < 0, NONE)
        made.named[link] = found
        write(link, made, one)
    return {WITHOUT: with_parents, AGAINST: with_rules}


def _distinct(
    one: TableModel,
    model: Model,
    made: Made,
    known: Known,
    some: Rows,
    gate: Gate | None,
    rng: np.random.Generator,
) -> dict[str, Flags]:
    """Keep keys apart that hold data: numbers and dates move to one that is free; which rows stay, by the reason why the others go."""
    frame = made.frames[one.part.table]
    days = sorted(
        {k.references[0] for k in model.structure.to(one.part.table) if len(k.references) == 1} & set(one.part.own)
    )
    for name in days:
        _move(one.schema[name], frame, [name])
    key = model.structure.primary[one.part.table]
    # Keys that are not there yet are serial numbers, counters, or come later.
    keys = [list(names) for names in (key, *one.unique) if names and set(names) <= set(frame.columns)]
    for names in keys:
        _apart(names, one, made, some.own, rng)
    far = _still_far(one, made, some, gate)
    ruled = one.holds(some.own[0])
    keep = far & ruled
    for names in (*keys, *([name] for name in days)):
        missing = frame[names].isna().any(axis=1).to_numpy()
        again = np.zeros(len(frame), bool)
        again[keep] = frame.loc[keep, names].duplicated()
        keep &= (~again | missing) & ~(missing & (tuple(names) == key))
    return {NEAR: far, AGAINST: ruled, REPEATS: keep}


def _still_far(one: TableModel, made: Made, some: Rows, gate: Gate | None) -> Flags:
    """Which rows are not too near to real ones as they are now that keys are apart; `some` gets the cells that moved."""
    frame, own = made.frames[one.part.table], some.own[0]
    now = {name: frame[name] for name in one.part.own}
    now |= {said(link, "row"): pd.Series(row_names(made.named[link]), own.index, object) for link in one.part.looked_up}
    moved = np.zeros(len(own), bool)
    for name, cells in now.items():
        before = own[name]
        moved |= ~((cells == before).fillna(False).to_numpy(bool) | (cells.isna() & before.isna()).to_numpy())
        own[name] = cells
    far = np.ones(len(own), bool)
    if gate is not None and moved.any():
        again = some.where(moved)
        far[moved] = gate.keep(again.own[0], again.context[0])
    return far


def _apart(key: list[str], one: TableModel, made: Made, own: View, rng: np.random.Generator) -> None:
    """Rows that share a key exchange their parents, or move to a number or date that is free."""
    frame = made.frames[one.part.table]
    links = [k for k in (*one.part.matched, *one.part.looked_up) if set(k.columns) <= set(key)]
    if links and frame.duplicated(key).any():
        exchange(links[-1], one, made, own, key, rng)
    moving = [one.schema[name] for name in key if name in one.part.own]
    moving = [c for c in moving if c.kind is Kind.DATETIME or (c.kind is Kind.NUMERIC and c.decimals == 0)]
    for column in moving[-1:]:
        _move(column, frame, key)


def _move(column: Column, frame: pd.DataFrame, key: list[str]) -> None:
    """Where a key repeats, its number or date moves on to the next one that is free, or back where it would come after all that there are.

    Where there are more rows than numbers from the first to the last one, some go on repeating a key.
    """
    whole = frame[key].notna().all(axis=1).to_numpy()
    if not frame.loc[whole, key].duplicated().any():
        return
    unit = natural_unit(column, frame[column.name])
    values = to_float(column, frame[column.name], unit)
    first, last = np.nanmin(values), np.nanmax(values)
    others = [name for name in key if name != column.name]
    group = frame.groupby(others, sort=False, dropna=False).ngroup().to_numpy() if others else np.zeros(len(frame), int)
    order = np.lexsort((values, group))
    order = order[whole[order]]
    group, place = group[order].astype(np.int64), families_of(group[order].astype(np.int64)).place
    moved = pd.Series(values[order] - place).groupby(group).cummax().to_numpy() + place
    moved = np.minimum(moved, last - (np.bincount(group)[group] - 1 - place))
    values[order] = np.where(moved < first, values[order], moved)
    frame[column.name] = from_float(column, values, unit)


def _keys(one: TableModel, made: Made, rows: Positions, rng: np.random.Generator) -> None:
    """Serial keys and counters."""
    frame = made.frames[one.part.table]
    for name, surrogate in one.serial.items():
        frame[name] = _serial(one.schema[name], surrogate.make(len(frame), 0, rng))
    if one.part.counter is not None:
        name, first = one.part.counter
        frame[name] = restore(one.schema[name], (families_of(rows).place + first).astype(np.int64))


def _serial(column: Column, made: list[Any]) -> pd.Series[Any]:
    """Serial numbers as a column's cells, in a wider dtype where they do not fit into its own."""
    cells = np.empty(len(made), object)
    cells[:] = [Decimal(cell) for cell in made] if column.dtype == "decimal" else made
    if column.dtype.lower().startswith(("int", "uint")) and made:
        info = np.iinfo(column.dtype.lower())
        if max(made) > info.max or min(made) < info.min:
            column = replace(column, dtype="int64")
    return restore(column, cells)
