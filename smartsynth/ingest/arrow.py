"""Arrow tables, polars frames and Parquet files → Dataset, with dtypes that convert back without loss.

Lists of turns are conversations (conversations.py), images are structures with bytes; nothing else may be nested.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pandas as pd

from smartsynth import conversations
from smartsynth.columns import with_columns
from smartsynth.config import Limits
from smartsynth.dataset import Dataset, Source
from smartsynth.errors import DataError, Problem
from smartsynth.formats import plain
from smartsynth.images import is_image
from smartsynth.ingest.frames import check_shape, dataset


def read_table(source: Any, limits: Limits, *, name: str, backend: str | None = None) -> Dataset:
    """A table in memory that has the Arrow PyCapsule interface.

    Args:
        source: The table.
        limits: How large it may be.
        name: What to call it in messages.
        backend: What the caller handed in, if not this very table.
    """
    import pyarrow as pa

    try:
        table = source if isinstance(source, pa.Table) else pa.table(source)
    except pa.ArrowException as error:
        raise DataError(
            f"{name} has a column of a type that Arrow cannot hold: {str(error).splitlines()[0]}"
        ) from error
    if backend is None:
        backend = "polars" if type(source).__module__.partition(".")[0] == "polars" else "arrow"
    table, shape = with_conversations(table)
    return dataset(frame_of(table, limits, name), Source(name=name, backend=backend, shape=shape), limits)


def read_parquet(content: bytes, limits: Limits, *, name: str) -> Dataset:
    """A Parquet file; its size is checked from its metadata before a row is decoded."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(io.BytesIO(content))
        check_shape(file.metadata.num_rows, file.metadata.num_columns, limits, name)
        table, shape = with_conversations(file.read())
        frame = frame_of(table, limits, name)
    except (pa.ArrowException, UnicodeDecodeError, OSError) as error:
        raise DataError(f"{name} is not a readable Parquet file: {str(error).splitlines()[0]}") from error
    return dataset(frame, Source(name=name, format="parquet", shape=shape), limits)


def with_conversations(table: Any) -> tuple[Any, str]:
    """The table with lists of turns as JSON in the column `messages`, and their shape; `rows` if there are none.

    Raises:
        DataError: A conversation has no turns, or a turn is not plain text; every such row at once.
    """
    import pyarrow as pa

    for place, field in enumerate(table.schema):
        turns = getattr(field.type, "value_type", None)
        if turns is None or not pa.types.is_struct(turns):
            continue
        shape = conversations.shape_of({field.name: [{one.name: "" for one in turns}]})
        if shape != conversations.ROWS:
            rows = [{field.name: _without_gaps(cell)} for cell in table[field.name].to_pylist()]
            cells = [row[conversations.MESSAGES] for row in conversations.conversation_rows(rows, shape)]
            return table.set_column(place, conversations.MESSAGES, pa.array(cells, pa.string())), shape
    return table, conversations.ROWS


def _without_gaps(turns: list[dict[str, Any]] | None) -> list[dict[str, Any]] | None:
    """Turns without the keys that only others have, which Arrow fills with null."""
    return (
        None if turns is None else [{key: value for key, value in turn.items() if value is not None} for turn in turns]
    )


def has_bytes(path: Path) -> bool:
    """Whether a Parquet file has columns of bytes, or of structures with bytes; no row is read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return any(_is_nested(field.type) for field in pq.read_schema(path))
    except (pa.ArrowException, UnicodeDecodeError, OSError):
        return False


def frame_of(table: Any, limits: Limits, name: str) -> pd.DataFrame:
    """The rows of an Arrow table, with nullable dtypes where cells are missing."""
    import pyarrow as pa

    check_shape(table.num_rows, table.num_columns, limits, name)
    nested = [f.name for f in table.schema if _is_nested(f.type) and not _holds_pictures(table[f.name])]
    if nested:
        fix = "Spread it over columns of its own, or drop it."
        raise DataError([Problem("holds nested or binary cells.", column=column, fix=fix) for column in nested])
    odd = [f.name for f in table.schema if pa.types.is_interval(f.type)]
    if odd:
        what, fix = "holds intervals of months, days and nanoseconds.", "Write durations, or whole numbers of one unit."
        raise DataError([Problem(what, column=column, fix=fix) for column in odd])
    columns: dict[str, pd.Series[Any]] = {}
    for field, column in zip(table.schema, table.columns, strict=True):
        if field.name in columns:
            raise DataError(Problem("this name is used more than once.", column=field.name, fix="Rename one."))
        try:
            columns[field.name] = column.to_pandas(types_mapper=_nullable(column), date_as_object=True)
        except (pa.ArrowException, KeyError, ValueError, OverflowError) as error:
            what = f"cells of the type {field.type} cannot be read ({type(error).__name__})."
            raise DataError(Problem(what, column=field.name, fix="Convert or drop it.")) from error
    return pd.DataFrame(columns)


def in_pandas_dtypes(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """A pandas frame with columns of pandas' own dtypes in place of Arrow's, and a sentence about each that changed.

    >>> frame = pd.DataFrame({"a": pd.Series([1, None], dtype="int64[pyarrow]")})
    >>> in_pandas_dtypes(frame)[1]
    ["Column 'a': int64[pyarrow] is given back as Int64."]
    """
    import pyarrow as pa

    made: dict[str, pd.Series[Any]] = {}
    for name, cells in frame.items():
        if isinstance(cells.dtype, pd.ArrowDtype):
            table = pa.table({str(name): pa.chunked_array(pa.array(cells.array))})
            made[str(name)] = frame_of(table, Limits(), str(name)).iloc[:, 0].set_axis(frame.index)
    notes = [
        f"Column {plain(name, 40)!r}: {frame[name].dtype} is given back as {cells.dtype}."
        for name, cells in made.items()
    ]
    return (with_columns(frame, made) if made else frame), notes


def _is_nested(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _holds_pictures(column: Any) -> bool:
    """Whether the first cell that is there is an image: its bytes, or a struct with them (Hugging Face's `Image`)."""
    for chunk in column.chunks:
        known = chunk.drop_null()
        if len(known):
            first = known[0].as_py()
            return is_image(first.get("bytes") if isinstance(first, dict) else first)
    return False


def _nullable(column: Any) -> Any:
    """Pandas' nullable dtypes for whole numbers and truth values with missing cells, plain dtypes otherwise."""
    import pyarrow as pa

    if not column.null_count:
        return None
    types = {
        pa.int8(): pd.Int8Dtype(),
        pa.int16(): pd.Int16Dtype(),
        pa.int32(): pd.Int32Dtype(),
        pa.int64(): pd.Int64Dtype(),
        pa.uint8(): pd.UInt8Dtype(),
        pa.uint16(): pd.UInt16Dtype(),
        pa.uint32(): pd.UInt32Dtype(),
        pa.uint64(): pd.UInt64Dtype(),
        pa.bool_(): pd.BooleanDtype(),
    }
    return types.get
