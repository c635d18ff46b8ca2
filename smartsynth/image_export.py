"""Images → files of a folder or a zip, and a table beside them: Hugging Face's imagefolder layout.

train/LABEL/000000.png …     a file a row, in the folder of its label, if there is one
train/metadata.csv           `file_name` and all other columns
README.md, manifest.json     what it is, and the scores
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from smartsynth.dataset import Dataset
from smartsynth.errors import ConfigError
from smartsynth.schema import Column, Kind, Schema

SPLIT, INDEX, FILE_NAME = "train", "metadata.csv", "file_name"
MOST_FOLDERS = 1_000
_LONG_AGO = (1980, 1, 1, 0, 0, 0)


def column_of(schema: Schema) -> Column | None:
    """The column of images, if there is one."""
    return next((column for column in schema if column.kind is Kind.IMAGE), None)


def check_none(schema: Schema, format: str) -> None:
    """ConfigError if there are images, which the format cannot hold."""
    column = column_of(schema)
    if column is not None:
        raise ConfigError(f"format={format!r} cannot hold the images of {column.name!r}. Use folder, zip or parquet.")


def check_some(schema: Schema, what: str) -> None:
    """ConfigError if there are no images, which something is for."""
    if column_of(schema) is None:
        raise ConfigError(f"{what} is for images, and the data have no column of images. Leave it out.")


def parts(dataset: Dataset, *, start: int = 0, in_folders: bool | None = None) -> tuple[dict[str, bytes], Dataset]:
    """The files of the images by their paths, and the table of their names and of the other columns.

    Args:
        dataset: Rows with a column of images.
        start: Number of the first row, where there are rows before these.
        in_folders: Whether images stand in folders of their labels; if not given, where there are few labels.

    Raises:
        ConfigError: There are no images, or a column has the name of the files' names.
    """
    column = column_of(dataset.schema)
    if column is None:
        raise ConfigError("format='folder' and 'zip' are for images, and there are none. Use csv, json, parquet or hf.")
    if FILE_NAME in dataset.schema:
        raise ConfigError(f"A column is called {FILE_NAME!r}, which names the images' files. Rename it.")
    rest = Schema(tuple(c for c in dataset.schema if c is not column))
    folders = _folders(dataset.frame, rest, in_folders)
    names = [
        None if cell is None or pd.isna(cell) else f"{folder}{i:06d}.png"
        for i, (cell, folder) in enumerate(zip(dataset.frame[column.name], folders, strict=True), start)
    ]
    cells = zip(names, dataset.frame[column.name], strict=True)
    files = {f"{SPLIT}/{name}": cell for name, cell in cells if name is not None}
    table = dataset.frame[list(rest.names)].copy()
    table.insert(0, FILE_NAME, pd.Series(names, table.index, dtype=object))
    named = Column(FILE_NAME, Kind.IDENTIFIER, "object")
    return files, Dataset(
        table, Schema((named, *rest)), replace(dataset.source, format="csv", delimiter=",", encoding="utf-8")
    )


def label_of(schema: Schema) -> Column | None:
    """The column whose values name folders: the target, or the first with categories."""
    kinds = (Kind.CATEGORICAL, Kind.BOOLEAN)
    label = schema.target or next((c for c in schema if c.kind in kinds), None)
    return label if label is not None and label.kind in kinds else None


def _folders(frame: pd.DataFrame, rest: Schema, asked: bool | None) -> list[str]:
    """The folder of each row's image, by its label."""
    label = label_of(rest)
    if label is None or asked is False or (asked is None and frame[label.name].nunique() > MOST_FOLDERS):
        return [""] * len(frame)
    return [f"{_plain(str(value))}/" if pd.notna(value) else "unknown/" for value in frame[label.name]]


def _plain(name: str) -> str:
    """A name as a folder of any system has it."""
    return re.sub(r"[^\w\- ]+", "_", name).strip(" _")[:80] or "label"


def zipped(files: Mapping[str, bytes]) -> bytes:
    """The files as a zip; the same files are the same bytes."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for path, content in files.items():
            put(archive, path, content)
    return sink.getvalue()


def put(archive: zipfile.ZipFile, path: str, content: bytes) -> None:
    """Add a file to a zip, the same whenever and by whomever it is done."""
    head = zipfile.ZipInfo(path, _LONG_AGO)
    head.external_attr = 0o644 << 16
    packed = not path.endswith(".png")
    archive.writestr(head, content, zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED)
