"""Rows of a result as a stream: CSV, JSON, JSON lines or Parquet, made a batch at a time.

Rows with images are Parquet, a zip of PNG files (Hugging Face's imagefolder, image_export.py), or JSON whose images are data URLs.
"""

from __future__ import annotations

import base64
import io
import itertools
import json
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from smartsynth import export, image_export, images
from smartsynth.api.problems import Problem
from smartsynth.columns import with_columns
from smartsynth.dataset import Dataset, Source
from smartsynth.schema import Kind, Schema

BATCH_ROWS, BATCH_IMAGES = 16_384, 256
"""Rows that are in memory at once, and rows with images."""
MOST_JSON = 100 * 2**20
"""Bytes of images that one answer gives as JSON, in which they are a third longer."""
PIECE, KEPT = 1 << 20, 1 << 24
"""Bytes of a file that are sent at once, and of a table that is kept in memory before it goes to the disk."""
MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/x-ndjson",
    "json": "application/json",
    "parquet": "application/vnd.apache.parquet",
    "zip": "application/zip",
}
FOR_IMAGES, FOR_TABLES = ("parquet", "zip", "jsonl", "json"), ("csv", "jsonl", "json", "parquet")
_ACCEPTED = {
    "text/csv": ("csv",), "text/*": ("csv",), "*/*": ("csv", "parquet"), "application/json": ("json",),
    "application/x-ndjson": ("jsonl",), "application/jsonl": ("jsonl",), "application/vnd.apache.parquet": ("parquet",),
    "application/*": ("json",), "application/octet-stream": ("parquet",), "application/zip": ("zip",),
    "application/x-zip-compressed": ("zip",),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stored:
    """Rows in Parquet files, and how they are written.

    Args:
        parts: The files, in order.
        schema: Its columns.
        source: The format of the real data.
        manifest: How the rows came about.
    """

    parts: tuple[Path, ...]
    schema: Schema
    source: Source
    manifest: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, folder: Path) -> Stored:
        """The rows of a result folder."""
        record = json.loads((folder / "rows.json").read_text("utf-8"))
        parts = tuple(sorted(folder.glob("part-*.parquet"))) or (folder / "files" / "synthetic.parquet",)
        schema = _dated(Schema.from_json(record["schema"]), parts)
        return cls(parts, schema, Source(**{**record["source"], "notes": ()}), record["manifest"])

    @property
    def pictures(self) -> str | None:
        """The name of the column of images, if there is one."""
        column = image_export.column_of(self.schema)
        return None if column is None else column.name

    @property
    def formats(self) -> tuple[str, ...]:
        """The formats that can hold the rows."""
        return FOR_TABLES if self.pictures is None else FOR_IMAGES

    def batches(self, most: int | None) -> Iterator[Dataset]:
        """The rows, some at a time, with images as cells (images.py)."""
        left = most
        for path in self.parts:
            file = pq.ParquetFile(path)
            for batch in file.iter_batches(BATCH_ROWS if self.pictures is None else BATCH_IMAGES):
                table = pa.Table.from_batches([batch])
                rows = table.slice(0, left) if left is not None else table
                if rows.num_rows:
                    yield Dataset(_with_cells(_frame(rows, self.schema), self.pictures), self.schema, self.source)
                if left is not None:
                    left -= rows.num_rows
                    if left <= 0:
                        return


def chosen(rows: Stored, accept: str | None, format: str | None) -> str:
    """The format to answer in: the one asked for by name, else the first of `Accept` that can be given.

    Raises:
        Problem: None of them can be given.
    """
    if format is not None:
        if format not in rows.formats:
            raise _refused(rows)
        return format
    wanted = []
    for place, part in enumerate((accept or "*/*").split(",")):
        kind, *rest = [piece.strip() for piece in part.split(";")]
        quality = next((piece[2:] for piece in rest if piece.startswith("q=")), "1")
        try:
            wanted.append((-float(quality), place, kind.lower()))
        except ValueError:
            continue
    for less, _, kind in sorted(wanted):
        possible = [name for name in _ACCEPTED.get(kind, ()) if name in rows.formats]
        if less < 0 and possible:
            return possible[0]
    raise _refused(rows)


def _refused(rows: Stored) -> Problem:
    what = "Rows" if rows.pictures is None else "Rows with images"
    return Problem(
        406, "not-acceptable", f"{what} can be given as {', '.join(MEDIA_TYPES[name] for name in rows.formats)}."
    )


def stream(rows: Stored, format: str, most: int | None) -> Iterator[bytes]:
    """The bytes of one file with the first rows, or all.

    Raises:
        Problem: As JSON, and the images are too large for it.
    """
    if format == "parquet":
        return _parquet(rows, most)
    if format == "zip":
        return _sent(_zip(rows, most))
    if format in ("json", "jsonl"):
        _check_size(rows, most)
        return _json(rows, most) if format == "json" else (_lines(batch) for batch in rows.batches(most))
    return _csv(rows, most)


def _csv(rows: Stored, most: int | None) -> Iterator[bytes]:
    for index, batch in enumerate(rows.batches(most)):
        content = export.to_bytes(batch, format="csv")
        yield content if index == 0 else content[_header_length(batch) :]


def _header_length(batch: Dataset) -> int:
    """Bytes of the first line of a CSV file, whose names may hold line ends."""
    return len(export.to_bytes(Dataset(batch.frame.head(0), batch.schema, batch.source), format="csv"))


def _lines(batch: Dataset) -> bytes:
    """Rows as JSON lines, images as data URLs."""
    column = image_export.column_of(batch.schema)
    if column is not None:
        cells = batch.frame[column.name]
        urls = [None if cell is None else f"data:image/png;base64,{base64.b64encode(cell).decode()}" for cell in cells]
        frame = with_columns(batch.frame, {column.name: pd.Series(urls, batch.frame.index, dtype=object)})
        batch = Dataset(frame, batch.schema.with_column(column.name, kind=Kind.TEXT), batch.source)
    return export.to_bytes(batch, format="jsonl")


def _check_size(rows: Stored, most: int | None) -> None:
    """Refuse images that are too large for a document, which whoever reads it holds in memory as text."""
    if rows.pictures is None:
        return
    size = n = 0
    for path in rows.parts:
        about = pq.ParquetFile(path).metadata
        n += about.num_rows
        columns = [about.row_group(g).column(c) for g in range(about.num_row_groups) for c in range(about.num_columns)]
        size += sum(
            c.total_uncompressed_size for c in columns if f"{c.path_in_schema}.".startswith(f"{rows.pictures}.")
        )
    asked = min(most or n, n)
    if size * asked > MOST_JSON * n:
        raise Problem(
            406, "not-acceptable",
            f"The images of {asked:,} rows have about {size * asked // n:,} bytes, and at most {MOST_JSON:,} are given as JSON. Ask for "
            f"?rows={MOST_JSON * n // size} or fewer, or for {MEDIA_TYPES['zip']} or {MEDIA_TYPES['parquet']}.",
        )  # fmt: skip


def _zip(rows: Stored, most: int | None) -> IO[bytes]:
    """A temporary file without a name, which is gone when it is closed: images as files, and a table of the other columns."""
    start, in_folders = 0, _has_few_labels(rows)
    with ExitStack() as stack:
        made = stack.enter_context(tempfile.TemporaryFile())
        table = stack.enter_context(tempfile.SpooledTemporaryFile(KEPT))
        with zipfile.ZipFile(made, "w") as archive:
            for batch in rows.batches(most):
                files, beside = image_export.parts(batch, start=start, in_folders=in_folders)
                for path, content in files.items():
                    image_export.put(archive, path, content)
                content = export.to_bytes(beside, format="csv")
                table.write(content if start == 0 else content[_header_length(beside) :])
                start += len(batch)
            table.seek(0)
            image_export.put(archive, f"{image_export.SPLIT}/{image_export.INDEX}", table.read())
            image_export.put(archive, "README.md", export.picture_card(start).encode())
            image_export.put(archive, "manifest.json", json.dumps(rows.manifest, ensure_ascii=False, indent=2).encode())
        table.close()
        stack.pop_all()  # the file is closed when it was sent
    made.seek(0)
    return made


def _has_few_labels(rows: Stored) -> bool:
    """Whether there are few enough labels for a folder each."""
    label = image_export.label_of(rows.schema)
    if label is None:
        return False
    found: set[Any] = set()
    for path in rows.parts:
        for batch in pq.ParquetFile(path).iter_batches(BATCH_ROWS, columns=[label.name]):
            found |= set(batch.column(0).unique().to_pylist())
    return len(found) <= image_export.MOST_FOLDERS


def _sent(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        yield from iter(lambda: file.read(PIECE), b"")


def _json(rows: Stored, most: int | None) -> Iterator[bytes]:
    yield b"[\n"
    first = True
    for batch in rows.batches(most):
        lines = _lines(batch).rstrip(b"\n").replace(b"\n", b",\n")
        yield lines if first else b",\n" + lines
        first = False
    yield b"\n]\n"


def _parquet(rows: Stored, most: int | None) -> Iterator[bytes]:
    """One Parquet file with a row group for each batch."""
    if most is None and len(rows.parts) == 1:
        with rows.parts[0].open("rb") as file:
            yield from iter(lambda: file.read(PIECE), b"")
        return
    buffer = _Tail()
    layout = pq.read_schema(rows.parts[0])
    with pq.ParquetWriter(buffer, layout) as writer:
        left = most
        for path in rows.parts:
            for batch in pq.ParquetFile(path).iter_batches(4 * BATCH_ROWS):
                kept = batch if left is None else batch.slice(0, left)
                if kept.num_rows:
                    writer.write_batch(kept.cast(layout) if hasattr(kept, "cast") else kept)
                    yield buffer.take()
                left = None if left is None else left - kept.num_rows
            if left is not None and left <= 0:
                break
    yield buffer.take()


class _Tail(io.RawIOBase):
    """A file that is only written to, and whose bytes are taken away as they come."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._at = 0

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        self._parts.append(bytes(content))
        self._at += len(self._parts[-1])
        return len(self._parts[-1])

    def tell(self) -> int:
        return self._at

    def take(self) -> bytes:
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken


def _dated(schema: Schema, parts: Sequence[Path]) -> Schema:
    """The schema with one way to write each date: the shortest that loses nothing in any row."""
    for column in schema:
        if not column.dtype.startswith("datetime64") or column.format is not None:
            continue
        ways = [
            export.iso_format(batch.to_pandas()[column.name].dropna())
            for path in parts
            for batch in pq.ParquetFile(path).iter_batches(BATCH_ROWS, columns=[column.name])
        ]
        schema = schema.with_column(column.name, format=max(ways, key=len, default=None))
    return schema


def _frame(table: pa.Table, schema: Schema) -> Any:
    """Rows as the data frame that the schema speaks of."""
    from smartsynth.alignment import align

    return align(table.to_pandas(), schema, what="stored")


def _with_cells(frame: Any, name: str | None) -> Any:
    """The rows with their images as bytes, however Parquet holds them."""
    if name is None:
        return frame
    return with_columns(frame, {name: pd.Series(map(images.content_of, frame[name]), frame.index, dtype=object)})


def nonempty(parts: Iterator[bytes]) -> Iterator[bytes]:
    """Without pieces that hold nothing, which would end a chunked answer."""
    return itertools.filterfalse(lambda piece: not piece, parts)
