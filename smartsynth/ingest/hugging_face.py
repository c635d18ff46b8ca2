"""A data set of Hugging Face's `datasets` → Dataset: classes by their names, images by their bytes, turns as conversations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from smartsynth.config import Limits
from smartsynth.dataset import Dataset
from smartsynth.errors import DataError
from smartsynth.ingest import arrow
from smartsynth.ingest.frames import check_shape

if TYPE_CHECKING:
    import pyarrow as pa


def is_data_set(source: object) -> bool:
    """Whether something is of the package `datasets`, which is not imported to find out."""
    return type(source).__module__.partition(".")[0] == "datasets"


def read(source: Any, limits: Limits, *, name: str) -> Dataset:
    """A `datasets.Dataset`, with what it selects and in its order.

    Raises:
        DataError: It has several splits, or is a stream; or it has columns that cannot be read.
    """
    import datasets

    if isinstance(source, datasets.DatasetDict | datasets.IterableDatasetDict):
        splits = ", ".join(map(repr, source))
        raise DataError(f"A {type(source).__name__} has splits. Give one of them, such as data[…] of {splits}.")
    if not isinstance(source, datasets.Dataset):
        raise DataError(
            f"A {type(source).__name__} is not a table. Give a datasets.Dataset; of a stream take rows: "
            "datasets.Dataset.from_list(list(stream.take(10_000)))."
        )
    check_shape(len(source), len(source.column_names), limits, name)
    table = datasets.table.embed_table_storage(source.with_format("arrow")[:])
    for column, feature in source.features.items():
        if isinstance(feature, datasets.ClassLabel):
            place = table.column_names.index(column)
            table = table.set_column(place, column, _named(table[column], feature.names))
    return arrow.read_table(table.replace_schema_metadata(None), limits, name=name, backend="datasets")


def _named(codes: pa.ChunkedArray, names: list[str]) -> pa.Array:
    """Classes by their names; -1, which stands for an unknown one, is missing."""
    import pyarrow as pa
    import pyarrow.compute as pc

    places = pc.if_else(pc.less(codes, 0), None, codes).combine_chunks().cast(pa.int32())
    return pa.DictionaryArray.from_arrays(places, pa.array(names, pa.string()))
