"""The cells of a column while it is made: an array of NumPy, texts as codes of levels, or an array of Arrow for texts that hardly repeat.

    numbers     float64, missing as NaN; int64 and bool without missing cells
    moments     datetime64[s], missing as NaT
    Coded       texts of few kinds: codes, -1 where missing
    pa.Array    any other texts

Every function here takes cells of any kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from smartsynth.errors import ConfigError

TRUTHS = ("false", "true")
"""Levels of truths some of which are missing."""
Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Coded:
    """Texts as codes of their levels; -1 is a missing cell."""

    codes: NDArray[np.int32]
    levels: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.codes)

    def texts(self) -> pa.Array:
        """The texts themselves."""
        indices = pa.array(self.codes, mask=self.codes < 0)
        return pa.DictionaryArray.from_arrays(indices, pa.array(self.levels, pa.string())).cast(pa.string())


Cells: TypeAlias = "NDArray[Any] | Coded | pa.Array"


def take(cells: Cells, index: Ints) -> Cells:
    """The cells at some places."""
    if isinstance(cells, Coded):
        return Coded(cells.codes[index], cells.levels)
    if isinstance(cells, pa.Array):
        return cells.take(pa.array(index))
    return cells[index]


def found(cells: Cells, index: Ints) -> Cells:
    """The cells at some places, missing where the place is -1."""
    lost = index < 0
    if not lost.any():
        return take(cells, index)
    if len(cells) == 0:
        return missing_like(cells, len(index))
    return without(take(cells, np.where(lost, 0, index)), lost)


def without(cells: Cells, lost: Flags) -> Cells:
    """The same cells, missing where `lost` is true."""
    if not lost.any():
        return cells
    if isinstance(cells, Coded):
        return Coded(np.where(lost, np.int32(-1), cells.codes), cells.levels)
    if isinstance(cells, pa.Array):
        return pc.if_else(pa.array(lost), pa.scalar(None, cells.type), cells)
    if cells.dtype.kind == "M":
        return np.where(lost, np.datetime64("NaT", "s"), cells)
    if cells.dtype.kind == "b":
        return Coded(np.where(lost, -1, cells).astype(np.int32), TRUTHS)
    return np.where(lost, np.nan, cells.astype(float))


def missing_like(cells: Cells, n: int) -> Cells:
    """Missing cells of the same kind."""
    if isinstance(cells, Coded):
        return Coded(np.full(n, -1, np.int32), cells.levels)
    if isinstance(cells, pa.Array):
        return pa.nulls(n, cells.type)
    if cells.dtype.kind == "M":
        return np.full(n, np.datetime64("NaT", "s"))
    if cells.dtype.kind == "b":
        return Coded(np.full(n, -1, np.int32), TRUTHS)
    return np.full(n, np.nan)


def is_missing(cells: Cells) -> Flags:
    """Which cells are missing."""
    if isinstance(cells, Coded):
        return np.asarray(cells.codes < 0)
    if isinstance(cells, pa.Array):
        return np.asarray(cells.is_null().to_numpy(zero_copy_only=False), bool)
    if cells.dtype.kind == "M":
        return np.isnat(cells)
    return np.isnan(cells) if cells.dtype.kind == "f" else np.zeros(len(cells), bool)


def join(parts: Sequence[Cells]) -> Cells:
    """The cells of several columns, one below the other."""
    if any(isinstance(part, Coded | pa.Array) for part in parts):
        parts = [_truths(part) for part in parts]
    if all(isinstance(part, Coded) for part in parts):
        levels = tuple(dict.fromkeys(level for part in parts for level in part.levels))  # type: ignore[union-attr]
        place = {level: i for i, level in enumerate(levels)}
        codes = []
        for part in parts:
            assert isinstance(part, Coded)  # noqa: S101
            codes.append(np.array([*(place[level] for level in part.levels), -1], np.int32)[part.codes])
        return Coded(np.concatenate(codes), levels)
    if any(isinstance(part, pa.Array | Coded) for part in parts):
        return pa.concat_arrays([texts(part) for part in parts])
    return np.concatenate([np.asarray(part) for part in parts])


def _truths(cells: Cells) -> Cells:
    """Truths as codes, as they are where some are missing; anything else as it is."""
    if isinstance(cells, np.ndarray) and cells.dtype.kind == "b":
        return Coded(cells.astype(np.int32), TRUTHS)
    return cells


def texts(cells: Cells) -> pa.Array:
    """Any cells as texts."""
    if isinstance(cells, Coded):
        return cells.texts()
    if isinstance(cells, pa.Array):
        return cells
    if cells.dtype.kind == "b":
        return pc.if_else(pa.array(cells), "true", "false")
    if cells.dtype.kind == "f" and np.all(np.mod(cells[np.isfinite(cells)], 1) == 0):
        return pa.array(cells, from_pandas=True).cast(pa.int64()).cast(pa.string())
    return pa.array(cells, from_pandas=True).cast(pa.string())


def series(cells: Cells) -> pd.Series[Any]:
    """The cells as a series with a dtype that expressions know missing cells of."""
    if isinstance(cells, Coded) and cells.levels == TRUTHS:
        return pd.Series(pd.arrays.BooleanArray(cells.codes == 1, cells.codes < 0))
    if isinstance(cells, Coded | pa.Array):
        return pd.Series(pd.array(texts(cells), dtype="string[pyarrow]"))
    if cells.dtype.kind == "f":
        return pd.Series(pd.arrays.FloatingArray(cells, np.isnan(cells)))
    return pd.Series(cells)


def of_series(found: pd.Series[Any]) -> Cells:
    """The cells of what an expression gave; truths that are unknown are false, and durations are days."""
    if found.dtype == "boolean" or found.dtype == bool:
        return np.asarray(found.fillna(False), bool)
    if pd.api.types.is_datetime64_any_dtype(found.dtype):
        return np.asarray(found.to_numpy(), "datetime64[s]")
    if pd.api.types.is_timedelta64_dtype(found.dtype):
        return np.asarray(found.dt.total_seconds() / 86_400, float)
    if pd.api.types.is_numeric_dtype(found.dtype):
        if pd.api.types.is_integer_dtype(found.dtype) and not found.isna().any():
            return found.to_numpy(np.int64)
        return found.to_numpy(float, na_value=np.nan)
    return coded(pa.array(found, from_pandas=True).cast(pa.string()))


def coded(cells: pa.Array) -> Cells:
    """Texts as codes, if there are few kinds of them."""
    held = pc.dictionary_encode(cells)
    if len(held.dictionary) > max(1000, len(cells) // 4):
        return cells
    codes = held.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)
    return Coded(codes, tuple(held.dictionary.to_pylist()))


def numbers(cells: Cells) -> Floats:
    """Numbers, truths as 0 and 1, moments as seconds since 1970.

    Raises:
        ConfigError: They are texts.
    """
    if isinstance(cells, Coded | pa.Array):
        raise ConfigError("texts stand where numbers or moments are needed.")
    if cells.dtype.kind == "M":
        return np.where(np.isnat(cells), np.nan, cells.astype("datetime64[s]").astype(np.int64).astype(float))
    return cells.astype(float)
