"""Several tables → Model: for each table in its order the number of children, the rows given what they know, and what they ask of further parents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth import registry
from smartsynth.constraints import rules_of
from smartsynth.errors import ConfigError
from smartsynth.models.family_forest import Families, FamilyForest
from smartsynth.models.ruled_generator import keeping
from smartsynth.models.rules.construction import Construction
from smartsynth.models.surrogates import surrogate_of
from smartsynth.progress import Progress, under
from smartsynth.relational import features
from smartsynth.relational.clocks import clocks
from smartsynth.relational.features import View
from smartsynth.relational.model import Model, Number, RowModel, TableModel, Wish
from smartsynth.relational.plan import Part, roots
from smartsynth.relational.structure import Link, Positions, Tables
from smartsynth.schema import Kind, Schema

STATES = ROW, NONE, ITSELF, CIRCLE = ("row", "none", "itself", "circle")
MOST_OFFERED = 16
OFTEN = 0.05
"""A row says whether its further parent is the same as that of the row before if that happens so much more often than by chance."""
NUMBER = "number"
REFINEMENTS = 1


@dataclass(slots=True)
class Known:
    """What rows know of each other, table after table: the same while learning as while making.

    Args:
        views: What is known of the rows of each table.
        children: What is known of a table's rows by their children, one view for each child table up to now.
    """

    views: dict[str, View] = field(default_factory=dict)
    children: dict[str, list[View]] = field(default_factory=dict)

    def of_parent(self, table: str) -> View:
        """What a table's rows are like, for their children."""
        return features.beside(self.views[table], *self.children.get(table, ()))

    def context(self, part: Part, rows: Positions, sizes: NDArray[np.int64]) -> View:
        """What each row of a table knows beforehand: `rows` are those of its main parent, `sizes` their numbers of children."""
        if part.main is None:
            return features.empty(len(rows))
        parent = features.taken(self.of_parent(part.main.parent), rows)
        number = np.where(rows >= 0, sizes[np.maximum(rows, 0)] if len(sizes) else 0, np.nan)
        return features.beside(parent, features.numbers(f"number of {part.table}", number))

    def add(self, part: Part, own: View, rows: Positions) -> None:
        """The rows of a table: their own columns, and the rows of the main parent."""
        if part.main is None:
            self.views[part.table] = own
            return
        parent = part.main.parent
        inherited = features.first(features.taken(self.views[parent], rows), features.MOST_INHERITED)
        self.views[part.table] = features.beside(own, features.prefixed(inherited, parent))
        some = features.of_children(own, rows, len(self.views[parent][0]), part.table)
        self.children.setdefault(parent, []).append(some)


def learn(
    tables: Tables,
    parts: tuple[Part, ...],
    held: Mapping[str, NDArray[np.bool_]],
    *,
    generator: str,
    rules: Mapping[str, Sequence[Any]],
    unique: Mapping[str, tuple[tuple[str, ...], ...]],
    seed: int,
    k: int,
    progress: Progress,
) -> Model:
    """What is learnt of the rows that are not held out.

    Args:
        tables: All real rows.
        parts: `plan_of(tables)`.
        held: Rows of each table that nothing is learnt from, but for what their neighbours in other families say of them.
        generator: Makes the rows of tables without a main parent.
        rules: Of each table, as `constraints.rules_of` reads them, but for `unique`.
        unique: Columns of each table whose values together no two rows share.
        seed: Draws everything.
        k: A value that fewer families hold is not kept.
        progress: Called with the share done; may raise `Cancelled`.
    """
    root, known = roots(tables, parts), Known()
    learnt = []
    weights = np.cumsum([0.0, *(len(tables.data[p.table]) * (2 + len(p.own)) for p in parts)])
    for i, one in enumerate(parts):
        rng = np.random.default_rng([seed, 0x2E1A, i])
        share = weights[[i, i + 1]] / weights[-1]

        def report(fraction: float, message: str = "", /, share: NDArray[np.float64] = share, one: Part = one) -> None:
            progress(float(share[0] + fraction * (share[1] - share[0])), under(one.table, message))

        wanted = rules.get(one.table, ()), unique.get(one.table, ())
        try:
            learnt.append(_learn_table(tables, one, held, root, known, generator, *wanted, rng, k, report))
        except ConfigError as error:
            said = str(error).splitlines()
            raise ConfigError("\n".join(f"tables.{one.table}: {line}" for line in said)) from None
    models = [
        _with_degrees(tables, one, held, root, known, np.random.default_rng([seed, 0xDE61, i]), k)
        for i, one in enumerate(learnt)
    ]
    kept = {name: tables.data[name] for name in tables.structure.kept}
    return Model(tables.structure, tuple(models), kept, {name: one.source for name, one in tables.data.items()})


def row_model(
    rows: pd.DataFrame,
    schema: Schema,
    context: View,
    families: Families | None,
    holders: NDArray[np.int64],
    *,
    generator: str,
    rules: Sequence[Any],
    rng: np.random.Generator,
    k: int,
    progress: Progress,
) -> RowModel:
    """What makes the own columns of a table, fitted. This is the one place where that is chosen."""
    if is_alone(rows, schema, context, families, generator):
        model = keeping(registry.create(generator), rules, k=k)
        return model.fit(rows, schema=schema, seed=int(rng.integers(2**31)), progress=progress)
    return FamilyForest.fit(
        rows,
        schema,
        *context,
        families=families,
        holders=holders,
        rng=rng,
        min_count=k,
        rounds=REFINEMENTS,
        progress=progress,
    )


def is_alone(rows: pd.DataFrame, schema: Schema, context: View, families: Families | None, generator: str) -> bool:
    """Whether a table's rows depend on no others, so that any generator of tables can make them."""
    enough = len(rows) >= registry.generator_class(generator).min_rows and any(c.is_modelled for c in schema)
    return families is None and not context[1].columns and enough


def _learn_table(
    tables: Tables,
    one: Part,
    held: Mapping[str, NDArray[np.bool_]],
    root: Mapping[str, NDArray[np.int64]],
    known: Known,
    generator: str,
    rules: Sequence[Any],
    unique: tuple[tuple[str, ...], ...],
    rng: np.random.Generator,
    k: int,
    progress: Progress,
) -> TableModel:
    data = tables.data[one.table]
    n = len(data)
    rows = tables.named[one.main] if one.main is not None else np.full(n, -1)
    sizes = np.zeros(0, np.int64)
    children = None
    if one.main is not None:
        sizes = np.bincount(rows[rows >= 0], minlength=len(tables.data[one.main.parent]))
        parent = known.of_parent(one.main.parent)
        taught = np.flatnonzero(~held[one.main.parent])
        children = number_of(sizes[taught], features.taken(parent, taught), root[one.main.parent][taught], rng, k)
    order = in_families(data.frame, data.schema, one, rows)
    order = order[~held[one.table][order]]
    families = None if one.main is None else families_of(rows[order])
    context = known.context(one, rows, sizes)
    own, wishes = own_view(tables, one, context, rng)
    known.add(one, feature_view(own, one), rows)

    taught_context = features.taken(context, order)
    taught_own = (own[0].iloc[order].reset_index(drop=True), own[1])
    frame, schema, built = taught_own[0].copy(), own[1], None
    if rules and not is_alone(frame, schema, taught_context, families, generator):
        whose = root[one.table][order]
        built = Construction.fit(frame, schema, rules_of(rules, schema), k=k, holders=whose)
        frame, schema = built.known(frame)
    changed = {name for step in built.steps for name in step.changes} if built is not None else set()
    plain = [name for name in one.own if name in schema and name not in changed]
    found = clocks(
        (frame[plain], Schema(tuple(schema[name] for name in plain))),
        taught_context,
        families,
        root[one.table][order],
        k=k,
    )
    for clock in found:
        frame[clock.column.name] = clock.steps(frame[clock.column.name], taught_context[0], families)
        schema = Schema(tuple(clock.learnt if c.name == clock.column.name else c for c in schema))
    model = row_model(
        frame,
        schema,
        taught_context,
        families,
        root[one.table][order],
        generator=generator,
        rules=(*rules, *({"unique": list(names)} for names in unique if set(names) <= set(one.own))),
        rng=rng,
        k=k,
        progress=progress,
    )
    serial = {
        name: surrogate_of(
            replace(data.schema[name], kind=Kind.IDENTIFIER), data.frame[name].dropna(), min_count=k, rng=rng
        )
        for name in one.serial
    }
    orphans = int((rows < 0).sum()) if one.main is not None else 0
    return TableModel(
        one,
        data.schema,
        model,
        tuple(found),
        serial,
        n,
        orphans,
        children,
        wishes,
        built,
        tuple(rules) if built is not None else (),
        unique,
    )


def number_of(
    counts: NDArray[np.int64], context: View, holders: NDArray[np.int64], rng: np.random.Generator, k: int
) -> Number:
    """How many children parents have, learnt given what is known of them."""
    if len(counts) == 0:
        return Number(0, None)
    if (counts == counts[0]).all() or len(counts) < k:
        return Number(round(counts.mean()), None)
    frame, schema = features.numbers(NUMBER, counts)
    schema = schema.with_column(NUMBER, nullable=False)
    return Number(None, FamilyForest.fit(frame, schema, *context, holders=holders, rng=rng, min_count=k, rounds=0))


def in_families(frame: pd.DataFrame, schema: Schema, one: Part, rows: Positions) -> NDArray[np.int64]:
    """Places of a table's rows, family after family, in the order of time if one column says it; rows without a parent last."""
    if one.main is None:
        return np.arange(len(frame))
    dates = [schema[name] for name in one.own if schema[name].kind is Kind.DATETIME]
    dates = [column for column in dates if not frame[column.name].isna().any()]
    keys: list[NDArray[np.int64]] = [np.arange(len(frame))]
    if one.counter is not None:
        keys.append(frame[one.counter[0]].to_numpy(np.int64))
    elif len(dates) == 1:
        from smartsynth.models.storage import to_float

        keys.append(to_float(dates[0], frame[dates[0].name], 1))  # type: ignore[arg-type]
    return np.lexsort([*keys, np.where(rows < 0, np.iinfo(np.int64).max, rows)])


def families_of(rows: Positions) -> Families:
    """Families of rows that are put one family after the other; one without a parent is a family of its own."""
    starts = np.r_[True, (rows[1:] != rows[:-1]) | (rows[1:] < 0)] if len(rows) else np.zeros(0, bool)
    family = np.cumsum(starts) - 1
    at = np.arange(len(rows))
    return Families(family, at - np.maximum.accumulate(np.where(starts, at, 0)))


def said(link: Link, what: str) -> str:
    """Name of a column in which a row says something of a parent."""
    return f"{link}: {what}"


def depths(rows: Positions) -> tuple[NDArray[np.int64], NDArray[np.object_]]:
    """Of a table's rows that name others of it: how many lie above each, and its state; a row of a circle has none above.

    >>> [x.tolist() for x in depths(np.array([-1, 0, 1, 3, 5, 4]))]
    [[0, 1, 2, 0, 0, 0], ['none', 'row', 'row', 'itself', 'circle', 'circle']]
    """
    n = len(rows)
    state = np.full(n, CIRCLE, object)
    depth = np.zeros(n, np.int64)
    state[rows < 0] = NONE
    state[rows == np.arange(n)] = ITSELF
    done = state != CIRCLE
    while True:
        new = np.flatnonzero(~done & done[np.maximum(rows, 0)])
        if not len(new):
            return depth, state
        depth[new], state[new] = depth[rows[new]] + 1, ROW
        done[new] = True


def own_view(tables: Tables, one: Part, context: View, rng: np.random.Generator) -> tuple[View, tuple[Wish, ...]]:
    """A table's own columns with what its rows say of parents that are matched or looked up, and what is known of each wish.

    Of a further parent a row says what tells most about the row: its own columns, what it knows beforehand (`context`),
    and what it says of the further parents before.
    """
    data = tables.data[one.table]
    own: View = data.frame[list(one.own)], Schema(tuple(data.schema[name] for name in one.own))
    n, extra, wishes = len(data), [], []
    for link in one.looked_up:
        row = tables.named[link]
        extra.append(features.categories(said(link, "row"), row_names(row)))
    about = features.modelled(*own)
    if n and one.main is not None:
        about = features.beside(about, features.prefixed(context, one.main.parent))
    for link in one.others:
        row = tables.named[link]
        state = np.where(row >= 0, ROW, NONE).astype(object)
        if link.is_own:
            depth, state = depths(row)
            extra.append(features.numbers(said(link, "depth"), depth.astype(float)))
        states = set(state.tolist())
        if len(states) > 1:
            extra.append(features.categories(said(link, "state"), state))
        same = _same_as_before(tables, one, link)
        known = row[row >= 0]
        unique = len(np.unique(known)) == len(known)
        again = same is not None and not unique and _is_often(same, known)
        if again and same is not None:
            extra.append(features.categories(said(link, "again"), np.where(same, "yes", "no").astype(object)))
        offered = offered_view(tables, link)
        with_parent = np.flatnonzero(row >= 0)
        columns: list[str] = []
        if len(with_parent) and about[1].columns:
            columns = features.telling(
                features.taken(offered, row[with_parent]), features.taken(about, with_parent), rng
            )
        wanted = features.taken(offered, row)
        for name in columns:
            column = replace(wanted[1][name], name=said(link, name), nullable=True)
            extra.append((wanted[0][[name]].rename(columns={name: column.name}), Schema((column,))))
            about = features.beside(about, extra[-1])
        wishes.append(
            Wish(
                tuple(columns),
                bool(again),
                bool(unique),
                bool((row < 0).any()),
                states.pop() if len(states) == 1 else ROW,
                Number(1, None),
            )
        )
    return (features.beside((own[0].reset_index(drop=True), own[1]), *extra) if n else own), tuple(wishes)


def row_names(rows: Positions) -> list[str | None]:
    """The rows of a kept table as names."""
    return [str(row) if row >= 0 else None for row in rows]


def offered_view(tables: Tables, link: Link) -> View:
    """What rows of a parent can be asked for."""
    data, structure = tables.data[link.parent], tables.structure
    keys = structure.key_columns(link.parent)
    some = Schema(tuple(c for c in data.schema if c.name not in keys))
    return features.first(features.modelled(data.frame[list(some.names)], some), MOST_OFFERED)


def _same_as_before(tables: Tables, one: Part, link: Link) -> NDArray[np.bool_] | None:
    """Whether each row names the same parent as the row before it in its family; None without families."""
    if one.main is None or link.is_own:
        return None
    rows, named = tables.named[one.main], tables.named[link]
    data = tables.data[one.table]
    order = in_families(data.frame, data.schema, one, rows)
    same = np.zeros(len(rows), bool)
    here, before = order[1:], order[:-1]
    same[here] = (rows[here] == rows[before]) & (rows[here] >= 0) & (named[here] == named[before]) & (named[here] >= 0)
    return same


def _is_often(same: NDArray[np.bool_], named: Positions) -> bool:
    share = np.bincount(named) / max(len(named), 1)
    return bool(same.mean() > float((share**2).sum()) + OFTEN)


def feature_view(own: View, one: Part) -> View:
    """Of a table's columns those that others may know: its own ones, and what it says of parents."""
    return features.modelled(*own)


def _with_degrees(
    tables: Tables,
    one: TableModel,
    held: Mapping[str, NDArray[np.bool_]],
    root: Mapping[str, NDArray[np.int64]],
    known: Known,
    rng: np.random.Generator,
    k: int,
) -> TableModel:
    """The table's wishes with the number of children of each further parent."""
    wishes = []
    for link, wish in zip(one.part.others, one.wishes, strict=True):
        row = tables.named[link].copy()
        if wish.again:
            same = _same_as_before(tables, one.part, link)
            row[same] = -1
        if link.is_own:
            row[depths(tables.named[link])[1] == ITSELF] = -1
        counts = np.bincount(row[row >= 0], minlength=len(tables.data[link.parent]))
        taught = np.flatnonzero(~held[link.parent])
        context = features.first(features.taken(known.views[link.parent], taught), features.MOST_INHERITED)
        wishes.append(replace(wish, degree=number_of(counts[taught], context, root[link.parent][taught], rng, k)))
    return replace(one, wishes=tuple(wishes))
