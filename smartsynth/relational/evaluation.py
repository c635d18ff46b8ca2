"""Real tables, synthetic tables, held-out families → RelationalEvaluation: every measure beside its yardstick.

The yardstick of a measure is the same measure of the real families that were learnt from against those that were held out. Tables that
all families share (a product list) are not held out: theirs is one half of the real rows against the other.

    tables   columns, pairs of columns, and whether a detective can tell rows with all that is joined to them
    keys     numbers of children, pairs of a child's and a parent's column, a column and the same column of the next sibling
    always   every foreign key names a row that is there; every primary key is unique; no cell is a real key of a column made anew
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.facts import Better, Family, Score
from smartsynth.formats import number, percent
from smartsynth.metrics.detection import detection_auc
from smartsynth.metrics.marginals import ks_distance, shares, total_variation
from smartsynth.metrics.pairs import named_pairs, pair_trend
from smartsynth.metrics.rows import prepared
from smartsynth.privacy.neighbours import to_numbers
from smartsynth.progress import Progress, silent
from smartsynth.relational import features, summary
from smartsynth.relational.discovery import is_telling, is_text
from smartsynth.relational.features import View
from smartsynth.relational.learning import in_families
from smartsynth.relational.plan import Part, roots
from smartsynth.relational.scores import LinkScores, RelationalEvaluation, TableScores
from smartsynth.relational.structure import Link, Tables
from smartsynth.schema import Kind, Schema

MOST_ROWS = 20_000
DETECTION_ROWS = 6_000
MOST_JOINED = 60
COUNTED = 6
FEWEST = 20
NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Sides:
    """What is compared.

    Args:
        real: All real tables.
        synthetic: The made ones.
        parts: How they hang together.
        train, held: Rows of each real table that were learnt from, and that were not.
        shared: Tables of which no row is held out.
        keys: Real keys that are texts and were made anew, which no other column may hold either.
        rng: Draws samples and halves.
    """

    real: Tables
    synthetic: Tables
    parts: tuple[Part, ...]
    train: Mapping[str, NDArray[np.int64]]
    held: Mapping[str, NDArray[np.int64]]
    shared: frozenset[str]
    keys: tuple[pd.Series[Any], ...]
    rng: np.random.Generator

    def rows(self, table: str, most: int = MOST_ROWS) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Training, synthetic and held-out rows of a table; of a shared one two halves of the real rows are the first and the last."""
        made = np.arange(len(self.synthetic.data[table]))
        train, held = self.train[table], self.held[table]
        if table in self.shared or len(held) == 0:
            order = self.rng.permutation(len(self.real.data[table]))
            train, held = order[: len(order) // 2], order[len(order) // 2 :]
        return tuple(self.rng.permutation(rows)[:most] for rows in (train, made, held))  # type: ignore[return-value]


def evaluate(
    real: Tables,
    synthetic: Tables,
    parts: tuple[Part, ...],
    held: Mapping[str, NDArray[np.bool_]],
    shared: frozenset[str],
    *,
    seed: int = 0,
    progress: Progress = silent,
) -> RelationalEvaluation:
    """Every score of synthetic tables.

    Args:
        real: Real tables.
        synthetic: Tables of the same names and columns.
        parts: `plan_of(real)`.
        held: Real rows that nothing was learnt from.
        shared: Tables of which none are held out.
        seed: Same seed, same scores.
        progress: Called with the share done; may raise `Cancelled`.
    """
    start = time.perf_counter()
    sides = Sides(
        real, synthetic, parts, {name: np.flatnonzero(~aside) for name, aside in held.items()},
        {name: np.flatnonzero(aside) for name, aside in held.items()}, shared, _serial_texts(real, parts),
        np.random.default_rng([seed, 0xE7A2]),
    )  # fmt: skip
    joined = Joined.of(real, parts, real), Joined.of(synthetic, parts, real)
    steps = len(parts) + len(real.structure.links)
    tables, links = [], []
    for i, one in enumerate(parts):
        tables.append(_table(sides, one, joined, seed))
        progress((i + 1) / steps, f"Compared {one.table}")
    kept = [
        TableScores(name, len(real.data[name]), len(synthetic.data[name]), True) for name in sorted(real.structure.kept)
    ]
    main = {one.main for one in parts}
    for i, link in enumerate(real.structure.links):
        links.append(_link(sides, link, link in main))
        progress((len(parts) + i + 1) / steps, f"Compared {link}")
    scores = summary.headline(tables, links)
    return RelationalEvaluation(
        scores=scores,
        tables=(*tables, *kept),
        links=tuple(links),
        verdict=summary.verdict(scores, links, tables),
        limits=summary.limits(shared, tables),
        rows={
            "train": sum(map(len, sides.train.values())), "synthetic": sum(len(d) for d in synthetic.data.values()),
            "holdout": sum(map(len, sides.held.values())),
        },
        seconds=time.perf_counter() - start,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Joined:
    """Each table with its parents' columns, and counts and means of its children's: what a detective sees of a row.

    Args:
        views: By table.
        root: The family of each row.
    """

    views: Mapping[str, View]
    root: Mapping[str, NDArray[np.int64]]

    @classmethod
    def of(cls, tables: Tables, parts: tuple[Part, ...], real: Tables) -> Joined:
        """What is seen of each row; of parents that many families share, numbers only as tenths of the real ones."""
        own = {}
        tenths = {
            link: _tenths(real, link) for part in parts for link in (*part.others, *part.looked_up, *part.implied)
        }
        for name, data in tables.data.items():
            keys = tables.structure.key_columns(name)
            some = Schema(tuple(c for c in data.schema if c.name not in keys))
            own[name] = features.modelled(data.frame[list(some.names)], some)
        views: dict[str, View] = {}
        for one in parts:
            found = [own[one.table]]
            for link in tables.structure.of(one.table):
                row = tables.named[link]
                parent = features.taken(own[link.parent], row)
                found.append(_renamed(_coarse(parent, tenths[link]) if link in tenths else parent, str(link)))
            for link in tables.structure.to(one.table):
                found.append(
                    _renamed(
                        features.of_children(own[link.child], tables.named[link], len(own[one.table][0]), ""), str(link)
                    )
                )
            views[one.table] = features.first(features.beside(*found), MOST_JOINED)
        return cls(views, roots(tables, parts))


def _tenths(real: Tables, link: Link) -> dict[str, NDArray[np.float64]]:
    """Edges of ten parts of the numbers of a parent's columns."""
    frame, schema = _own(real, link.parent)
    found = {}
    for column in schema:
        if column.kind not in (Kind.CATEGORICAL, Kind.BOOLEAN):
            values = _known(to_numbers(frame[column.name], column))
            found[column.name] = np.unique(np.quantile(values, np.linspace(0, 1, 11)[1:-1])) if len(values) else values
    return found


def _coarse(view: View, tenths: Mapping[str, NDArray[np.float64]]) -> View:
    """The view with numbers as the part that they lie in."""
    frame, schema = view
    parts = []
    for column in schema:
        if column.name not in tenths:
            parts.append((frame[[column.name]], Schema((column,))))
            continue
        values = to_numbers(frame[column.name], column)
        part = np.where(np.isfinite(values), np.searchsorted(tenths[column.name], values, side="right"), np.nan)
        parts.append(features.numbers(column.name, part))
    return features.beside(features.empty(len(frame)), *parts)


def _renamed(view: View, by: str) -> View:
    return features.prefixed(view, by)


def _table(sides: Sides, one: Part, joined: tuple[Joined, Joined], seed: int) -> TableScores:
    name = one.table
    data, made = sides.real.data[name], sides.synthetic.data[name]
    own = features.modelled(data.frame[list(one.own)], Schema(tuple(data.schema[c] for c in one.own)))
    scores = [_detection(sides, name, joined, seed)]
    if own[1].columns and len(made):
        t, s, h = sides.rows(name)
        frames = [data.frame.iloc[t], made.frame.iloc[s], data.frame.iloc[h]]
        layout, (train, synthetic, held) = prepared([f.reset_index(drop=True) for f in frames], own[1])

        def columns(i: int) -> float:
            a = (synthetic, train)[i]
            gaps = [
                ks_distance(_known(a.numbers[:, j]), _known(held.numbers[:, j])) for j in range(len(layout.numeric))
            ]
            for j, levels in enumerate(layout.levels):
                gaps.append(total_variation(shares(a.codes[:, j], len(levels)), shares(held.codes[:, j], len(levels))))
            return float(np.nanmean(gaps)) if np.isfinite(gaps).any() else NAN

        scores.insert(0, _low("columns", "Columns", columns(0), columns(1), "Mean distance of a column"))
        pairs = [pair_trend(a, held, train, layout) for a in (synthetic, train)] if len(own[1]) > 1 else [NAN, NAN]
        scores.insert(1, _low("pairs", "Pairs of columns", pairs[0], pairs[1], "Mean distance of a pair of columns"))
    key = list(sides.real.structure.primary[name])
    unique = None
    if key:
        unique = (
            1.0 - float((made.frame.duplicated(key) | made.frame[key].isna().any(axis=1)).mean()) if len(made) else 1.0
        )
    copied = None
    if one.serial or sides.keys:
        copied = sum(_copied(made.frame[c], data.frame[c]) for c in one.serial)
        copied += sum(_copied(made.frame[c], key) for c in _texts(sides.real, one) for key in sides.keys)
    return TableScores(name, len(data), len(made), False, tuple(s for s in scores if s.available), unique, copied)


def _copied(cells: pd.Series[Any], key: pd.Series[Any]) -> int:
    """Cells that are among the values of a real key."""
    return int(cells.dropna().astype(str).isin(set(key.dropna().astype(str))).sum())


def _texts(tables: Tables, one: Part) -> list[str]:
    """Columns of a table that hold texts and are no keys themselves."""
    data, keys = tables.data[one.table], tables.structure.key_columns(one.table)
    return [c.name for c in data.schema if c.name not in keys and is_text(data.frame[c.name])]


def _serial_texts(tables: Tables, parts: tuple[Part, ...]) -> tuple[pd.Series[Any], ...]:
    """The real keys that are texts and were made anew."""
    cells = [tables.frame(one.table)[name] for one in parts for name in one.serial]
    return tuple(key for key in cells if is_text(key) and is_telling(key))


def _known(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values[np.isfinite(values)]


def _detection(sides: Sides, name: str, joined: tuple[Joined, Joined], seed: int) -> Score:
    real, made = joined
    (frame, schema), (other, _) = real.views[name], made.views[name]
    value = reference = NAN
    t, s, h = sides.rows(name, DETECTION_ROWS)
    if schema.columns and min(len(t), len(s), len(h)) >= FEWEST:
        n = min(len(t), len(s), len(h))
        frames = [f.iloc[r[:n]].reset_index(drop=True) for f, r in ((frame, t), (other, s), (frame, h))]
        layout, (train, synthetic, held) = prepared(frames, schema)
        of = real.root[name], made.root[name]
        value = detection_auc(held, synthetic, layout, seed=seed, groups=(of[0][h[:n]], of[1][s[:n]]))
        reference = detection_auc(held, train, layout, seed=seed, groups=(of[0][h[:n]], of[0][t[:n]]))
    return Score(
        "detection", "Detection of joined rows", Family.FIDELITY, value, Better.NEARER,
        f"A detective who sees rows with their parents' columns and their children's counts and means ranks a synthetic one right in "
        f"{percent(max(value, 1 - value)) if np.isfinite(value) else '–'} of pairs; of real ones {percent(max(reference, 1 - reference)) if np.isfinite(reference) else '–'}.",
        reference,
    )  # fmt: skip


def _low(key: str, name: str, value: float, reference: float, what: str) -> Score:
    said = f"{what} from held-out real rows: {number(value)}, of real training rows {number(reference)}."
    return Score(key, name, Family.FIDELITY, value, Better.LOWER, said, reference)


def _link(sides: Sides, link: Link, is_main: bool) -> LinkScores:
    real, made = sides.real, sides.synthetic
    row, other = real.named[link], made.named[link]
    cells = made.frame(link.child)[list(link.columns)].notna().all(axis=1).to_numpy()
    integrity = float((other[cells] >= 0).mean()) if cells.any() else 1.0
    counts = _children(row, len(real.data[link.parent])), _children(other, len(made.data[link.parent]))
    starts = _starts(counts[0])
    t, s, h = sides.rows(link.parent, 10**9)
    scores = []
    if link.parent not in real.structure.kept and min(len(t), len(s), len(h)) > 0:
        cardinality = [ks_distance(a.astype(float), counts[0][h].astype(float)) for a in (counts[1][s], counts[0][t])]
        scores.append(
            _low(
                "cardinality",
                "Numbers of children",
                cardinality[0],
                cardinality[1],
                "Distance of the numbers of children",
            )
        )
    scores.append(_parents(sides, link))
    if is_main:
        scores.append(_siblings(sides, link))
    return LinkScores(
        link=str(link),
        main=is_main,
        integrity=integrity,
        missing=(float((row < 0).mean()), float((other < 0).mean()) if len(other) else 0.0),
        mean=(float(counts[0].mean()), float(counts[1].mean()) if len(counts[1]) else 0.0),
        ranges=_named(starts),
        shares=(_shares(counts[0], starts), _shares(counts[1], starts)),
        scores=tuple(score for score in scores if score.available),
    )


def _children(row: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    return np.bincount(row[row >= 0], minlength=n)


def _starts(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where ranges of numbers of children begin: 0, 1, … where most parents have few, else about equally many parents in each."""
    if len(counts) == 0 or np.quantile(counts, 0.9) <= COUNTED:
        return np.arange(COUNTED + 1)
    some = counts[counts > 0]
    return np.unique(np.r_[0, 1, np.quantile(some, np.linspace(0, 1, COUNTED)[1:-1]).round().astype(np.int64)])


def _named(starts: NDArray[np.int64]) -> tuple[str, ...]:
    """The ranges in words.

    >>> _named(np.array([0, 1, 5]))
    ('0', '1–4', '5 or more')
    """
    ends = [*(int(start) - 1 for start in starts[1:]), None]
    return tuple(
        f"{a} or more" if b is None else str(a) if a == b else f"{a}–{b}"
        for a, b in zip(starts.tolist(), ends, strict=True)
    )


def _shares(counts: NDArray[np.int64], starts: NDArray[np.int64]) -> tuple[float, ...]:
    place = np.searchsorted(starts, counts, side="right") - 1
    found = np.bincount(place, minlength=len(starts)) / max(len(counts), 1)
    return tuple(float(share) for share in found)


def _own(tables: Tables, table: str) -> View:
    keys, data = tables.structure.key_columns(table), tables.data[table]
    some = Schema(tuple(c for c in data.schema if c.name not in keys))
    return features.first(features.modelled(data.frame[list(some.names)], some), 20)


def _parents(sides: Sides, link: Link) -> Score:
    """Pairs of a child's and a parent's column."""

    def view(tables: Tables, rows: NDArray[np.int64]) -> View:
        own, parent = _own(tables, link.child), _own(tables, link.parent)
        rows = rows[tables.named[link][rows] >= 0]
        above = features.prefixed(features.taken(parent, tables.named[link][rows]), "parent")
        return features.beside(features.taken(own, rows), above)

    child, parent = _own(sides.real, link.child)[1], _own(sides.real, link.parent)[1]
    pairs = [(a, f"parent · {b}") for a in child.names for b in parent.names]
    value, reference = _compared(sides, link.child, view, pairs)
    return _low(
        "parents", "Child with parent", value, reference, "Mean distance of a pair of a child's and its parent's column"
    )


def _siblings(sides: Sides, link: Link) -> Score:
    """Each column beside the same column of the next child of the same parent."""
    one = next(p for p in sides.parts if p.table == link.child)

    def view(tables: Tables, rows: NDArray[np.int64]) -> View:
        own, row, data = _own(tables, link.child), tables.named[link], tables.data[link.child]
        order = in_families(data.frame, data.schema, one, row)
        chosen = np.zeros(len(row), bool)
        chosen[rows] = True
        here, after = order[:-1], order[1:]
        some = (row[here] == row[after]) & (row[here] >= 0) & chosen[here]
        return features.beside(
            features.taken(own, here[some]), features.prefixed(features.taken(own, after[some]), "next")
        )

    names = _own(sides.real, link.child)[1].names
    value, reference = _compared(sides, link.child, view, [(name, f"next · {name}") for name in names])
    return _low(
        "siblings", "Siblings", value, reference, "Mean distance of a column with the same column of the next child"
    )


def _compared(
    sides: Sides, table: str, view: Callable[[Tables, NDArray[np.int64]], View], pairs: list[tuple[str, str]]
) -> tuple[float, float]:
    """Distance of pairs of columns of synthetic from held-out rows, and of training from held-out ones."""
    t, s, h = sides.rows(table)
    if not pairs or min(len(t), len(s), len(h)) < FEWEST:
        return NAN, NAN
    views = [view(sides.real, t), view(sides.synthetic, s), view(sides.real, h)]
    if min(len(frame) for frame, _ in views) < FEWEST:
        return NAN, NAN
    layout, (train, synthetic, held) = prepared([frame for frame, _ in views], views[0][1])
    return named_pairs(synthetic, held, train, layout, pairs), named_pairs(train, held, train, layout, pairs)
