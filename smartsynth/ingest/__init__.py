"""Anything that holds a table → Dataset, with every problem of it reported at once.

path | bytes | stream | "-"  ──files──▶ bytes of one format ──▶ text.py     CSV, TSV
                                                                lines.py    plain text
records.py  JSON, JSONL, Excel
pandas | polars | Arrow      ─────────────────────────────────▶ arrow.py    Parquet, Arrow
datasets.Dataset             ─────────────────────────────────▶ hugging_face.py
folder | zip of images       ─────────────────────────────────▶ pictures.py
several of them              ─────────────────────────────────▶ together.py
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import IO, Any

import pandas as pd

from smartsynth.config import Limits
from smartsynth.dataset import Dataset, Source
from smartsynth.errors import DataError
from smartsynth.ingest import arrow, files, hugging_face, lines, pictures, records, text
from smartsynth.ingest.frames import dataset, named
from smartsynth.ingest.together import beside as beside
from smartsynth.ingest.together import with_texts_of as with_texts_of

FORMATS = ("csv", "tsv", "txt", "json", "jsonl", "parquet", "excel")
SUFFIXES = ("csv", "tsv", "txt", "json", "jsonl", "ndjson", "parquet", "pq", "xlsx", "gz", "zip")
"""Endings of the names of files that may hold a table; what they hold is found from their content."""


def read(source: Any, *, limits: Limits | None = None, name: str | None = None, format: str | None = None) -> Dataset:
    """A table from wherever it is, with the dtypes it was written with.

    Args:
        source: Path, bytes, binary stream, `"-"` (standard input), a pandas, polars or Arrow table (anything with
            the Arrow PyCapsule interface), or a `datasets.Dataset`. A folder, or a zip, may hold images (pictures.py).
        limits: How large the input may be; more is refused before it is decoded.
        name: What to call it in messages; the file's name if not given.
        format: `csv`, `tsv`, `txt`, `json`, `jsonl`, `parquet` or `excel`; found from the content if not given.

    Raises:
        DataError: The input cannot be read; its `problems` list everything found wrong, with row numbers.
    """
    limits = limits or Limits()
    if format is not None and format not in FORMATS:
        raise DataError(f"format={format!r} is not known. Formats: {', '.join(FORMATS)}.")
    if isinstance(source, Dataset):
        return source
    if isinstance(source, pd.DataFrame):
        frame, notes = arrow.in_pandas_dtypes(named(source, name or "memory"))
        return dataset(frame, Source(name=name or "memory", notes=tuple(notes)), limits)
    if hugging_face.is_data_set(source):
        return hugging_face.read(source, limits, name=name or "memory")
    if hasattr(source, "__arrow_c_stream__"):
        return arrow.read_table(source, limits, name=name or "memory")
    if isinstance(source, str | Path) and source != "-" and Path(source).is_dir():
        return pictures.read_folder(Path(source), limits)
    content, found_name = _content(source, limits)
    return read_bytes(content, limits, name=name or found_name, format=format)


def may_hold_images(path: Path) -> bool:
    """Whether a file is a zip with images in it, or a Parquet file with columns of bytes; nothing is decoded."""
    if not path.is_file():
        return False
    if path.suffix.lower() == ".zip":
        return pictures.holds_pictures(path.read_bytes())
    return path.suffix.lower() in (".parquet", ".pq") and arrow.has_bytes(path)


def read_bytes(content: bytes, limits: Limits, *, name: str, format: str | None) -> Dataset:
    """A table from the bytes of a file."""
    if format is None and content[:4] == b"PK\x03\x04" and pictures.holds_pictures(content):
        return pictures.read_archive(content, limits, name=name)
    content, inner = files.unpacked(content, limits, name)
    if format is None:
        format = files.format_of(content, inner)
        if format == "csv" and Path(inner).suffix.lower() == ".txt" and lines.is_prose(content):
            format = "txt"
    if format == "parquet":
        return arrow.read_parquet(content, limits, name=name)
    if format == "excel":
        return records.read_excel(content, limits, name=name)
    if format in ("json", "jsonl"):
        return records.read_json(content, limits, name=name, lines=format == "jsonl")
    if format == "txt":
        return lines.read_text(content, limits, name=name)
    return text.read_csv(content, limits, name=name, delimiter="\t" if format == "tsv" else None)


def _content(source: str | Path | bytes | bytearray | memoryview | IO[bytes], limits: Limits) -> tuple[bytes, str]:
    if isinstance(source, bytes | bytearray | memoryview):
        return files.capped(bytes(source), limits, "memory"), "memory"
    if source == "-":
        return files.capped(sys.stdin.buffer.read(limits.max_bytes + 1), limits, "stdin"), "stdin"
    if isinstance(source, str | Path):
        return files.load(Path(source), limits), Path(source).name
    if hasattr(source, "read"):
        content = source.read(limits.max_bytes + 1)
        if isinstance(content, bytes):
            name = Path(str(getattr(source, "name", "stream"))).name
            return files.capped(content, limits, name), name
        raise DataError("The stream gives text. Open it in binary mode: open(path, 'rb').")
    kind = type(source).__name__
    raise DataError(
        f"A {kind} is not a table. Give a path, bytes, a binary stream, a pandas, polars or Arrow table, or a datasets.Dataset."
    )
