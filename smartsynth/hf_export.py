"""Dataset → a data set of Hugging Face's `datasets`, and the folder of one.

categories of text   ClassLabel with their names      images          Image
conversations        lists of turns                   anything else   Value of its Arrow type
folder               data/SPLIT-00000-of-00001.parquet, the card README.md, manifest.json
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

import pandas as pd
import pyarrow as pa

from smartsynth import conversations, export
from smartsynth.dataset import Dataset
from smartsynth.errors import DataError, MissingExtraError
from smartsynth.schema import MESSAGES, QAS, Column, Kind

MOST_CLASSES = 1_000
"""Of a ClassLabel, whose names stand in every file and on the card; columns of more stay texts."""


def to_hugging_face(dataset: Dataset, *, features: Any = None, split: str = "train") -> Any:
    """The rows as a `datasets.Dataset`.

    Args:
        dataset: The rows.
        features: `datasets.Features` of another data set, such as the real one, that theirs shall be; found if not given.
        split: What the data set is called among others.

    Raises:
        MissingExtraError: `datasets` is not installed.
        DataError: The rows do not fit `features`; every column that does not is named.
    """
    try:
        import datasets
    except ImportError:
        raise MissingExtraError("A data set of Hugging Face", "hf") from None

    table, found = _table(dataset)
    table, features = (table, found) if features is None else _cast(table, found, features)
    features = datasets.Features({name: features[name] for name in table.column_names})
    table = table.cast(features.arrow_schema)
    return datasets.Dataset(table, info=datasets.DatasetInfo(features=features), split=datasets.NamedSplit(split))


def files(splits: Mapping[str, Any], manifest: Mapping[str, Any] | None, card: str | None = None) -> dict[str, bytes]:
    """The files of a folder that `datasets.load_dataset` reads, by their paths.

    Args:
        splits: `datasets.Dataset` by name; all have the same features.
        manifest: JSON to put beside them.
        card: A card whose text theirs has.
    """
    import pyarrow.parquet

    found: dict[str, bytes] = {}
    tables = {name: rows.with_format("arrow")[:] for name, rows in splits.items()}
    for name, table in tables.items():
        sink = io.BytesIO()
        pyarrow.parquet.write_table(table, sink)
        found[f"data/{name}-00000-of-00001.parquet"] = sink.getvalue()
    found["README.md"] = export.card(_on_card(next(iter(splits.values())).features), tables, card).encode()
    return found if manifest is None else {**found, "manifest.json": export.as_json(manifest)}


def _on_card(features: Any) -> list[dict[str, Any]]:
    """Features as the head of a card has them."""
    import datasets
    from huggingface_hub import DatasetCardData

    card = DatasetCardData()
    datasets.info.DatasetInfosDict({"default": datasets.DatasetInfo(features=features)}).to_dataset_card_data(card)
    listed: list[dict[str, Any]] = card.to_dict()["dataset_info"]["features"]
    return listed


def _table(dataset: Dataset) -> tuple[pa.Table, dict[str, Any]]:
    """The columns as `datasets` stores them, and their features."""
    import datasets

    columns: dict[str, Any] = {}
    features: dict[str, Any] = {}
    for column in dataset.schema:
        cells = dataset.frame[column.name]
        if column.kind is Kind.IMAGE:
            columns[column.name] = export.pictures_array(cells)
            features[column.name] = datasets.Image()
        elif column.semantic in (MESSAGES, QAS):
            name, values = _parts(column, cells, dataset.source.shape)
            columns[name] = pa.array(values)
        elif _is_class(column, cells):
            names = sorted(cells.dropna().unique())
            columns[column.name] = _codes(pa.array(cells.astype(object), from_pandas=True), names)
            features[column.name] = datasets.ClassLabel(names=names)
        else:
            plain = cells.astype(object) if isinstance(cells.dtype, pd.CategoricalDtype) else cells
            columns[column.name] = export.to_arrow(plain.to_frame())[column.name]
    table = pa.table(columns)
    return table, dict(datasets.Features.from_arrow_schema(table.schema)) | features


def _is_class(column: Column, cells: pd.Series[Any]) -> bool:
    """Whether a column's categories are texts, and few enough to name."""
    if column.kind is not Kind.CATEGORICAL:
        return False
    distinct = cells.dropna().unique()
    return len(distinct) <= MOST_CLASSES and all(isinstance(value, str) for value in distinct)


def _parts(column: Column, cells: pd.Series[Any], shape: str) -> tuple[str, list[Any]]:
    """The name and the cells of a column whose cells are JSON of several parts."""
    known = [None if pd.isna(cell) else cell for cell in cells]
    if column.semantic == MESSAGES and shape == conversations.SHAREGPT:
        rows = [{MESSAGES: "[]" if cell is None else cell} for cell in known]
        return "conversations", [next(iter(row.values())) for row in conversations.conversations_of(rows, shape)]
    return column.name, [None if cell is None else json.loads(cell) for cell in known]


def _codes(texts: pa.Array, names: list[str]) -> pa.Array:
    import pyarrow.compute as pc

    return pc.index_in(texts, pa.array(names, pa.string())).cast(pa.int64())


def _cast(table: pa.Table, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> tuple[pa.Table, dict[str, Any]]:
    """The table with features of another one where both have a column."""
    import datasets

    features = dict(found)
    wrong: list[str] = []
    for name in table.column_names:
        if name not in wanted:
            continue
        cells = _texts(table[name], found[name])
        if isinstance(wanted[name], datasets.ClassLabel):
            cells = _codes(cells.combine_chunks().cast(pa.string()), wanted[name].names)
            wrong += [name] if cells.null_count > table[name].null_count else []
        table = table.set_column(table.column_names.index(name), name, cells)
        features[name] = wanted[name]
    if wrong:
        raise DataError(
            f"The columns {', '.join(map(repr, wrong))} have classes that the features do not name. Leave features out, or add the classes."
        )
    return table, features


def _texts(cells: pa.ChunkedArray, feature: Any) -> pa.ChunkedArray:
    """Classes by their names, anything else as it is."""
    import datasets

    if not isinstance(feature, datasets.ClassLabel):
        return cells
    return pa.chunked_array([pa.array(feature.names, pa.string()).take(chunk) for chunk in cells.chunks], pa.string())
