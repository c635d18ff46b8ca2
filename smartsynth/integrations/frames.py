"""Arrays, sparse matrices and tables of other tools as frames that generators learn from, and rows back in the same form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from smartsynth.columns import with_columns
from smartsynth.inference import infer_schema
from smartsynth.schema import Kind, Role, Schema


def framed(X: Any) -> pd.DataFrame:
    """The columns of an array, a sparse matrix or a frame under names that are text; sparse columns become dense.

    >>> framed(np.zeros((1, 2))).columns.tolist()
    ['0', '1']
    """
    if isinstance(X, pd.DataFrame):
        columns = {str(i): _dense(X.iloc[:, i]) for i in range(X.shape[1])}
        names = [str(name) for name in X.columns]
        unique = names if len(set(names)) == len(names) else list(columns)
        return pd.DataFrame(columns).set_axis(unique, axis=1).reset_index(drop=True)
    dense = X.toarray() if sparse.issparse(X) else np.asarray(X)
    return pd.DataFrame({str(i): _inferred(dense[:, i]) for i in range(dense.shape[1])})


def with_target(frame: pd.DataFrame, y: NDArray[Any]) -> tuple[pd.DataFrame, str]:
    """The frame with a target beside its columns, and the target's name."""
    name = "target"
    while name in frame.columns:
        name = f"_{name}"
    return with_columns(frame, {name: pd.Series(y, index=frame.index)}), name


def schema_of(frame: pd.DataFrame, target: str | None = None) -> Schema:
    """The schema of a frame whose target, if it has one, is a class."""
    schema = infer_schema(frame)
    return schema if target is None else schema.with_column(target, kind=Kind.CATEGORICAL, role=Role.TARGET)


def formed(rows: pd.DataFrame, like: Any) -> Any:
    """Rows of a frame in the form of an array, a sparse matrix or a frame: same dtypes, same names."""
    if isinstance(like, pd.DataFrame):
        cells = {i: rows.iloc[:, i].astype(dtype) for i, dtype in enumerate(like.dtypes)}
        return pd.DataFrame(cells).set_axis(like.columns, axis=1)
    if sparse.issparse(like):
        return type(like)(rows.to_numpy(dtype=like.dtype))
    found = np.empty(rows.shape, dtype=np.asarray(like).dtype)
    for i in range(rows.shape[1]):
        found[:, i] = rows.iloc[:, i].to_numpy(dtype=found.dtype)
    return found


def empty_like(X: Any, *, k: int) -> Any:
    """No rows, in the form of an array, a sparse matrix or a frame, and nothing of its cells: levels that fewer than k rows hold are left out."""
    if not isinstance(X, pd.DataFrame):
        return X[:0].copy()
    columns = {i: pd.Series([], dtype=_common(X.iloc[:, i], k)) for i in range(X.shape[1])}
    return pd.DataFrame(columns).set_axis(X.columns, axis=1)


def _common(cells: pd.Series[Any], k: int) -> Any:
    """The dtype of a column; of categories with those levels alone that k rows hold."""
    if not isinstance(cells.dtype, pd.CategoricalDtype):
        return cells.dtype
    counts = np.bincount(cells.cat.codes[cells.cat.codes >= 0], minlength=len(cells.cat.categories))
    return pd.CategoricalDtype(cells.cat.categories[counts >= k], ordered=cells.cat.ordered)


def below(first: Any, second: Any) -> Any:
    """The rows of one table, array or sparse matrix, then those of another of its form."""
    if isinstance(first, pd.DataFrame):
        return pd.concat([first, second], ignore_index=True)
    if sparse.issparse(first):
        return sparse.vstack([first, second], format=first.format)
    return np.concatenate([np.asarray(first), second])


def _dense(series: pd.Series[Any]) -> pd.Series[Any]:
    if isinstance(series.dtype, pd.SparseDtype):
        return pd.Series(series.to_numpy())
    return series.reset_index(drop=True)


def _inferred(cells: NDArray[Any]) -> pd.Series[Any]:
    """A column of an array; of an array of objects, with the dtype that its cells have."""
    series = pd.Series(cells)
    return series.infer_objects() if series.dtype == object else series
