"""Keeps rows that are too near to real ones out: each table's own columns beside those of its main parent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.config import PrivacyConfig
from smartsynth.models.privacy_filter import PrivacyFilter
from smartsynth.progress import Progress, part
from smartsynth.relational import features
from smartsynth.relational.plan import Part
from smartsynth.relational.structure import Tables
from smartsynth.schema import Schema

LEAST_ROWS = 20


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
    parts: tuple[Part, ...],
    held: Mapping[str, NDArray[np.bool_]],
    config: PrivacyConfig,
    *,
    seed: int,
    progress: Progress,
) -> dict[str, Gate]:
    """The filters of all tables that have columns to compare. They hold real rows and are never saved."""
    found = {}
    for i, one in enumerate(parts):
        report = part(progress, i / len(parts), (i + 1) / len(parts))
        data = tables.data[one.table]
        own = features.modelled(data.frame[list(one.own)], Schema(tuple(data.schema[name] for name in one.own)))
        if not own[1].columns or len(data) < LEAST_ROWS:
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
        fitted = PrivacyFilter(config).fit(
            frame[~aside].reset_index(drop=True), frame[aside].reset_index(drop=True), schema, seed=seed, progress=report
        )
        found[one.table] = Gate(fitted, own[1].names, one.main.parent if one.main is not None else None, inherited)
    return found
