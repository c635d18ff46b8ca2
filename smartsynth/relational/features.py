"""What a row knows of others: its parents' columns and their parents', how many children its parent has, and what they are like.

Everything is a frame with a schema, so that a model learns it like any other table. A view of a table holds the modelled columns of its
rows and, under "table · column", what these knew themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.metrics.rows import prepared
from smartsynth.privacy.neighbours import to_numbers
from smartsynth.schema import Column, Kind, Schema

MOST_INHERITED = 24
"""Columns that a view takes over from the parent's."""
MOST_OF_CHILDREN = 6
"""Numbers of a child table of which a parent's other children know the mean."""
MOST_WANTED = 5
CHILDREN = "number of children"
BINS, ROWS = 10, 20_000

View = tuple[pd.DataFrame, Schema]


def empty(n: int) -> View:
    """A view of nothing."""
    return pd.DataFrame(index=pd.RangeIndex(n)), Schema(())


def modelled(frame: pd.DataFrame, schema: Schema) -> View:
    """The columns that say something of a row, as features: what was an identifier, a text or a constant is left out."""
    columns = tuple(_nullable(column) for column in schema if column.is_modelled)
    return frame[[column.name for column in columns]].reset_index(drop=True), Schema(columns)


def _nullable(column: Column) -> Column:
    """The column in a dtype that can hold missing cells."""
    dtype = "boolean" if column.dtype == "bool" else column.dtype
    return replace(column, nullable=True, dtype="Int64" if dtype.startswith(("int", "uint")) else dtype)


def prefixed(view: View, table: str) -> View:
    """The view with the table's name before each column."""
    frame, schema = view
    names = {name: f"{table} · {name}" for name in schema.names}
    columns = tuple(replace(column, name=names[column.name]) for column in schema)
    return frame.rename(columns=names), Schema(columns)


def beside(*views: View) -> View:
    """Views of the same rows, side by side."""
    frames = [frame for frame, _ in views if frame.shape[1]]
    columns = tuple(column for _, schema in views for column in schema)
    n = len(views[0][0])
    return pd.concat(frames, axis=1) if frames else pd.DataFrame(index=pd.RangeIndex(n)), Schema(columns)


def first(view: View, most: int) -> View:
    """The first columns of a view."""
    frame, schema = view
    some = Schema(schema.columns[:most])
    return frame[list(some.names)], some


def taken(view: View, rows: NDArray[np.int64]) -> View:
    """The rows of a view at these places; -1 is a row of missing cells."""
    frame, schema = view
    if len(frame) == 0:
        blank = {c.name: pd.Series([None] * len(rows), dtype=object) for c in schema}
        return pd.DataFrame(blank, index=pd.RangeIndex(len(rows))), schema
    known = frame.iloc[np.maximum(rows, 0)].reset_index(drop=True)
    if not (rows < 0).any():
        return known, schema
    cells = {c.name: _blank(known[c.name], rows < 0) for c in schema}
    return pd.DataFrame(cells, index=pd.RangeIndex(len(rows))), schema


def _blank(cells: pd.Series, missing: NDArray[np.bool_]) -> pd.Series:
    """The cells with some of them missing, in a dtype that can hold that."""
    if pd.api.types.is_bool_dtype(cells.dtype) or (
        pd.api.types.is_integer_dtype(cells.dtype) and not pd.api.types.is_extension_array_dtype(cells.dtype)
    ):
        cells = cells.astype("boolean" if pd.api.types.is_bool_dtype(cells.dtype) else "Int64")
    return cells.mask(missing)


def numbers(name: str, values: NDArray[np.float64] | NDArray[np.int64]) -> View:
    """A view of one column of whole numbers."""
    column = Column(name, Kind.NUMERIC, "float64", decimals=0, nullable=True)
    return pd.DataFrame({name: np.asarray(values, np.float64)}), Schema((column,))


def categories(name: str, values: Sequence[object] | NDArray[np.object_]) -> View:
    """A view of one column of names."""
    cells = np.empty(len(values), object)
    cells[:] = list(values)
    return pd.DataFrame({name: pd.Series(cells, dtype=object)}), Schema(
        (Column(name, Kind.CATEGORICAL, "object", nullable=True),)
    )


def of_children(view: View, rows: NDArray[np.int64], n: int, table: str) -> View:
    """For each of `n` parents: how many rows of a child table name it, and the means of their numbers."""
    frame, schema = view
    some = rows >= 0
    counts = np.bincount(rows[some], minlength=n).astype(float)
    found = [numbers(f"{table} · {CHILDREN}", counts)]
    numeric = [c for c in schema if c.kind in (Kind.NUMERIC, Kind.DATETIME, Kind.DURATION) and " · " not in c.name]
    for column in numeric[:MOST_OF_CHILDREN]:
        values = to_numbers(frame[column.name], column)
        known = some & np.isfinite(values)
        sums = np.bincount(rows[known], values[known], minlength=n)
        with np.errstate(invalid="ignore", divide="ignore"):
            means = sums / np.bincount(rows[known], minlength=n)
        name = f"{table} · mean {column.name}"
        found.append((pd.DataFrame({name: means}), Schema((Column(name, Kind.NUMERIC, "float64", nullable=True),))))
    return beside(*found)


def telling(offered: View, own: View, rng: np.random.Generator) -> list[str]:
    """Columns of `offered` that say most about those of `own`, row by row; none if none says anything beyond chance."""
    n = len(offered[0])
    some = np.sort(rng.permutation(n)[:ROWS])
    a, b = (coarse((frame.iloc[some].reset_index(drop=True), schema)) for frame, schema in (offered, own))
    told = {name: sum(max(_mutual(code, other), 0.0) for other in b.values()) for name, code in a.items()}
    ranked = sorted((name for name, bits in told.items() if bits > 0), key=lambda name: -told[name])
    return ranked[:MOST_WANTED]


def coarse(view: View) -> dict[str, NDArray[np.int64]]:
    """Each column as a few codes, fewer of few rows: parts of its numbers, its commonest categories."""
    frame, schema = view
    bins = int(np.clip(np.sqrt(len(frame) / 10), 3, BINS))
    layout, (rows,) = prepared([frame], Schema(tuple(schema)))
    out = {}
    for j, name in enumerate(layout.numeric):
        values = rows.numbers[:, j]
        known = np.isfinite(values)
        edges = np.unique(np.quantile(values[known], np.linspace(0, 1, bins + 1)[1:-1])) if known.any() else np.zeros(0)
        out[name] = np.where(known, np.searchsorted(edges, values), len(edges) + 1)
    for j, name in enumerate(layout.categorical):
        counts = np.bincount(rows.codes[:, j])
        place = np.empty(len(counts), np.int64)
        place[np.argsort(-counts, kind="stable")] = np.arange(len(counts))
        out[name] = np.minimum(place[rows.codes[:, j]], 2 * bins)
    return out


def _mutual(x: NDArray[np.int64], y: NDArray[np.int64]) -> float:
    """Nats of mutual information, less three times what chance alone would show (Miller 1955)."""
    kx, ky = int(x.max()) + 1, int(y.max()) + 1
    joint = np.bincount(x * ky + y, minlength=kx * ky).reshape(kx, ky) / len(x)
    px, py = joint.sum(1), joint.sum(0)
    some = joint > 0
    bits = float((joint[some] * np.log(joint[some] / np.outer(px, py)[some])).sum())
    return float(bits - 3 * ((px > 0).sum() - 1) * ((py > 0).sum() - 1) / (2 * len(x)))
