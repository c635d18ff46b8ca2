"""Keeps rows that are too near to real ones out: each table's own columns beside those of its main parent and what it says of others."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.config import PrivacyConfig
from smartsynth.formats import percent
from smartsynth.models.privacy_filter import PrivacyFilter
from smartsynth.progress import Progress, part
from smartsynth.relational import features
from smartsynth.relational.features import View
from smartsynth.relational.learning import offered_view, row_names, said
from smartsynth.relational.model import Model, Wish
from smartsynth.relational.plan import Part
from smartsynth.relational.structure import Tables
from smartsynth.schema import Schema

LEAST_ROWS = 100
MOST_COINCIDENCE = 0.25


@dataclass(frozen=True, slots=True)
class Gate:
    """A fitted filter of one table.

    Args:
        filter: Of its own columns and its main parent's.
        own: Its own columns.
        parent: The main parent; None if there is none.
        inherited: The parent's columns.
    """

    filter: PrivacyFilter
    own: tuple[str, ...]
    parent: str | None
    inherited: tuple[str, ...]

    def keep(self, rows: pd.DataFrame, context: pd.DataFrame) -> NDArray[np.bool_]:
        """Which rows may stay."""
        known = context[list(self.inherited)].rename(columns=lambda name: f"{self.parent} · {name}")
        kept, _ = self.filter.keep(pd.concat([rows[list(self.own)].reset_index(drop=True), known], axis=1))
        return np.asarray(kept)


def gates(
    tables: Tables,
    model: Model,
    held: Mapping[str, NDArray[np.bool_]],
    config: PrivacyConfig,
    *,
    seed: int,
    progress: Progress,
) -> tuple[dict[str, Gate], list[str]]:
    """The filters of all tables that have columns to compare, and which tables are not filtered and why.

    Filters hold real rows and are never saved. Where real rows equal each other by chance all the time, as numbers of a single short
    column do, to equal one gives nothing away, and a filter would only bend the table.
    """
    found, notes, parts = {}, [], tuple(one.part for one in model.tables)
    for i, (one, learnt) in enumerate(zip(parts, model.tables, strict=True)):
        report = part(progress, i / len(parts), (i + 1) / len(parts))
        data = tables.data[one.table]
        own = features.modelled(data.frame[list(one.own)], Schema(tuple(data.schema[name] for name in one.own)))
        own = features.beside(own, *_said(tables, one, learnt.wishes))
        if not own[1].columns:
            continue
        if len(data) < LEAST_ROWS:
            notes.append(
                f"{one.table} has fewer than {LEAST_ROWS} rows, too few to say what is near: they were not filtered."
            )
            continue
        joined = own
        inherited: tuple[str, ...] = ()
        if one.main is not None:
            above = next(p for p in parts if p.table == one.main.parent)
            parent = tables.data[above.table]
            columns = Schema(tuple(parent.schema[name] for name in above.own))
            view = features.modelled(parent.frame[list(above.own)], columns)
            inherited = view[1].names
            joined = features.beside(own, features.prefixed(features.taken(view, tables.named[one.main]), above.table))
        aside = held[one.table]
        frame, schema = joined
        # Rows of families that are drawn again, moved or left out cannot be seen, as nobody can make the tables without a filter:
        # `making_seed` is told nowhere. So no decoy has to hide them.
        gate_config = config if one.main is None else config.model_copy(update={"decoys": 0})
        fitted = PrivacyFilter(gate_config).fit(
            frame[~aside].reset_index(drop=True),
            frame[aside].reset_index(drop=True),
            schema,
            seed=seed,
            progress=report,
        )
        if fitted.yardstick.coincidence > MOST_COINCIDENCE:
            notes.append(
                f"{one.table}: {percent(fitted.yardstick.coincidence)} of real rows equal another rare one by chance, so that its rows were "
                "not filtered."
            )
            continue
        found[one.table] = Gate(fitted, own[1].names, one.main.parent if one.main is not None else None, inherited)
    return found, notes


def _said(tables: Tables, one: Part, wishes: Sequence[Wish]) -> list[View]:
    """What real rows say of their further parents."""
    made = [features.categories(said(link, "row"), row_names(tables.named[link])) for link in one.looked_up]
    for link, wish in zip(one.others, wishes, strict=True):
        frame, schema = features.taken(offered_view(tables, link), tables.named[link])
        for name in wish.columns:
            column = replace(schema[name], name=said(link, name))
            made.append((frame[[name]].rename(columns={name: column.name}), Schema((column,))))
    return made


def making_seed(tables: Tables, seed: int) -> int:
    """The seed that tables are made with when a filter looks at them: the same for the same real tables and seed, and told nowhere.

    Whoever could make the same tables without a filter would see which rows it took out, and these lie near to real ones. Like the key
    that draws decoys (privacy_filter.py), it is a hash of real rows, so that a saved model and `seed` do not give it.
    """
    hashed = hashlib.blake2b(str(seed).encode(), digest_size=16, person=b"smartsynth-make")
    for name in sorted(set(tables.data) - tables.structure.kept):
        rows = pd.util.hash_pandas_object(tables.frame(name), index=False)
        hashed.update(name.encode())
        hashed.update(rows.to_numpy().tobytes())
    return int.from_bytes(hashed.digest(), "little")
