"""Rows of a result as a stream: CSV, JSON, JSON lines or Parquet, made a batch at a time."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from smartsynth import export
from smartsynth.api.problems import Problem
from smartsynth.dataset import Dataset, Source
from smartsynth.schema import Kind, Schema

BATCH_ROWS = 16_384
MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/x-ndjson",
    "json": "application/json",
    "parquet": "application/vnd.apache.parquet",
}
_ACCEPTED = {
    "text/csv": "csv", "text/*": "csv", "*/*": "csv", "application/json": "json", "application/x-ndjson": "jsonl",
    "application/jsonl": "jsonl", "application/vnd.apache.parquet": "parquet", "application/*": "json",
    "application/octet-stream": "parquet",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stored:
    """Rows in Parquet files, and how they are written.

    Args:
        parts: The files, in order.
        schema: Its columns.
        source: The format of the real data.
    """

    parts: tuple[Path, ...]
    schema: Schema
    source: Source

    @classmethod
    def of(cls, folder: Path) -> Stored:
        """The rows of a result folder."""
        record = json.loads((folder / "rows.json").read_text("utf-8"))
        parts = tuple(sorted(folder.glob("part-*.parquet"))) or (folder / "files" / "synthetic.parquet",)
        schema = _dated(Schema.from_json(record["schema"]), parts)
        return cls(parts, schema, Source(**{**record["source"], "notes": ()}))

    def batches(self, most: int | None) -> Iterator[Dataset]:
        """The rows, some thousand at a time."""
        left = most
        for path in self.parts:
            file = pq.ParquetFile(path)
            for batch in file.iter_batches(BATCH_ROWS):
                table = pa.Table.from_batches([batch])
                rows = table.slice(0, left) if left is not None else table
                if rows.num_rows:
                    yield Dataset(_frame(rows, self.schema), self.schema, self.source)
                if left is not None:
                    left -= rows.num_rows
                    if left <= 0:
                        return


def chosen(accept: str | None, format: str | None) -> str:
    """The format to answer in: the one asked for by name, else the first of `Accept` that can be given.

    Raises:
        Problem: None of them can be given.
    """
    if format is not None:
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
        if less < 0 and kind in _ACCEPTED:
            return _ACCEPTED[kind]
    raise Problem(406, "not-acceptable", f"Rows can be given as {', '.join(MEDIA_TYPES.values())}.")


def stream(rows: Stored, format: str, most: int | None) -> Iterator[bytes]:
    """The bytes of one file with the first rows, or all.

    Raises:
        Problem: There are images, and the format cannot hold them.
    """
    if format == "parquet":
        return _parquet(rows, most)
    if any(column.kind is Kind.IMAGE for column in rows.schema):
        raise Problem(406, "not-acceptable", f"Rows with images can be given as {MEDIA_TYPES['parquet']} alone.")
    if format == "json":
        return _json(rows, most)
    if format == "jsonl":
        return (export.to_bytes(batch, format="jsonl") for batch in rows.batches(most))
    return _csv(rows, most)


def _csv(rows: Stored, most: int | None) -> Iterator[bytes]:
    for index, batch in enumerate(rows.batches(most)):
        content = export.to_bytes(batch, format="csv")
        yield content if index == 0 else content[_header_length(rows) :]


def _header_length(rows: Stored) -> int:
    """Bytes of the first line of a CSV file, whose names may hold line ends."""
    names = pa.table({name: pa.array([], pa.string()) for name in rows.schema.names}).to_pandas()
    return len(export.to_bytes(Dataset(names, rows.schema, rows.source), format="csv"))


def _json(rows: Stored, most: int | None) -> Iterator[bytes]:
    yield b"[\n"
    first = True
    for batch in rows.batches(most):
        lines = export.to_bytes(batch, format="jsonl").rstrip(b"\n").replace(b"\n", b",\n")
        yield lines if first else b",\n" + lines
        first = False
    yield b"\n]\n"


def _parquet(rows: Stored, most: int | None) -> Iterator[bytes]:
    """One Parquet file with a row group for each batch."""
    if most is None and len(rows.parts) == 1:
        with rows.parts[0].open("rb") as file:
            yield from iter(lambda: file.read(1 << 20), b"")
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


def nonempty(parts: Iterator[bytes]) -> Iterator[bytes]:
    """Without pieces that hold nothing, which would end a chunked answer."""
    return itertools.filterfalse(lambda piece: not piece, parts)
