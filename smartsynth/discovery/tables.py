"""Several tables: what holds in each, and columns whose values are keys of another.

Values that are all among a key's say much where they are texts or numbers with gaps between them. Numbers from 1 on are among any long key;
they count as pointing there if the column's name says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from smartsynth.dataset import Dataset
from smartsynth.discovery import discover
from smartsynth.discovery.evidence import Criterion, Evidence
from smartsynth.discovery.names import named_for
from smartsynth.discovery.proposal import Proposal, What
from smartsynth.progress import Progress, part, silent
from smartsynth.schema import Kind


@dataclass(frozen=True, slots=True)
class Found:
    """One table with what is proposed for it.

    Args:
        data: Its rows.
        proposals: The most telling first.
    """

    data: Dataset
    proposals: tuple[Proposal, ...]


def discover_tables(
    tables: Mapping[str, Dataset], *, criterion: Criterion | None = None, progress: Progress = silent
) -> dict[str, Found]:
    """What seems to hold in each of several tables, and between them."""
    criterion = criterion or Criterion()
    found = {
        name: Found(
            data,
            discover(
                data.frame,
                data.schema,
                criterion=criterion,
                progress=part(progress, i / len(tables), (i + 1) / len(tables)),
            ),
        )
        for i, (name, data) in enumerate(tables.items())
    }
    keys = [(name, one) for name, table in found.items() for one in table.proposals if _is_key(one)]
    return {
        name: Found(table.data, (*table.proposals, *_pointing(name, table.data, keys, tables, criterion)))
        for name, table in found.items()
    }


def _is_key(one: Proposal) -> bool:
    return one.what in (What.KEY, What.UNIQUE) and one.is_written


def _pointing(
    name: str, data: Dataset, keys: Sequence[tuple[str, Proposal]], tables: Mapping[str, Dataset], criterion: Criterion
) -> Iterator[Proposal]:
    """Foreign keys of a table; a column points to one key at most."""
    taken: set[str] = set()
    candidates = [
        one for parent, key in keys if (one := _candidate(name, data, parent, key, tables[parent], criterion))
    ]
    for _, columns, best in sorted(candidates, key=lambda item: (-item[0], -item[2].evidence.strength, -len(item[1]))):
        if not taken & set(columns):
            taken |= set(columns)
            yield best


def _candidate(
    name: str, data: Dataset, parent: str, key: Proposal, other: Dataset, criterion: Criterion
) -> tuple[int, tuple[str, ...], Proposal] | None:
    """The columns of a table that point to a key, if some do: how well their name fits, they, and what is proposed."""
    best: tuple[int, tuple[str, ...], Proposal] | None = None
    for columns in _columns(name, data, parent, key):
        evidence = _evidence(data.frame, columns, other.frame, key.columns)
        fit = _fit(columns, parent, key.columns, name)
        enough = evidence.support >= criterion.min_support or evidence.support == len(data) > 0
        keeps = enough and evidence.broken <= (1 - criterion.min_confidence) * evidence.support
        if not keeps or not (fit or (evidence.convinces(criterion, len(data.schema)) and _has_many(data, columns))):
            continue
        value = {"columns": list(columns), "table": parent, "references": list(key.columns)}
        one = Proposal(What.FOREIGN_KEY, value, columns, evidence, note="its name says so" if fit else None)
        if best is None or (fit, evidence.strength) > (best[0], best[2].evidence.strength):
            best = fit, columns, one
    return best


def _columns(name: str, data: Dataset, parent: str, key: Proposal) -> Iterator[tuple[str, ...]]:
    """Columns that may point to a key: of a key of several columns those of the same names."""
    if len(key.columns) > 1:
        if name != parent and all(column in data.schema for column in key.columns):
            yield key.columns
        return
    for column in data.schema:
        is_it = name == parent and column.name == key.columns[0]
        if not is_it and column.kind not in (Kind.TEXT, Kind.IMAGE, Kind.DATETIME, Kind.BOOLEAN, Kind.DURATION):
            yield (column.name,)


def _has_many(data: Dataset, columns: Sequence[str]) -> bool:
    return bool(data.frame[list(columns)].drop_duplicates().shape[0] >= 5)


def _evidence(rows: pd.DataFrame, columns: Sequence[str], others: pd.DataFrame, key: Sequence[str]) -> Evidence:
    """Rows whose values are no key, and how many would not be if they were any values of the same range."""
    known = rows[list(columns)].dropna()
    mine, theirs = _values(known, columns), _values(others[list(key)].dropna(), key)
    lost = ~mine.isin(theirs)
    share = 1.0
    if len(columns) == 1 and all(pd.api.types.is_integer_dtype(cells.dtype) for cells in (mine, theirs)) and len(mine):
        low, high = int(mine.min()), int(mine.max())
        share = 1 - float(((theirs >= low) & (theirs <= high)).sum()) / (high - low + 1)
    elif len(mine) and (mine.dtype == object) != (theirs.dtype == object):
        return Evidence(len(known), len(known), float(len(known)))
    return Evidence(len(known), int(lost.sum()), len(known) * share)


def _values(rows: pd.DataFrame, columns: Sequence[str]) -> pd.Series[Any]:
    if len(columns) > 1:
        return pd.Series(list(zip(*(rows[name] for name in columns), strict=True)), dtype=object)
    cells = rows[columns[0]]
    if pd.api.types.is_float_dtype(cells.dtype) and np.array_equal(cells, np.floor(cells)):
        return cells.astype("int64")
    return cells


def _fit(columns: Sequence[str], parent: str, key: Sequence[str], name: str) -> int:
    """How well the name of a column fits a key; 0 for not at all."""
    rank = 0 if len(columns) > 1 else named_for(columns[0], name, parent, key[0])
    return 0 if rank is None else 6 - rank
