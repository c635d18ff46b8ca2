"""Files before they are decoded: sizes, archives, formats by content."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from pathlib import Path
from typing import IO

from smartsynth.config import Limits
from smartsynth.errors import DataError
from smartsynth.images import is_image

MAX_RATIO = 200
"""An archive that grows more than so many times is refused; text rarely packs better than 20 times."""
_REFUSED = {
    b"\x80\x04\x95": "a pickle, which can run code when it is opened",
    b"\x80\x05\x95": "a pickle, which can run code when it is opened",
    b"\x93NUMPY": "a NumPy array",
    b"SQLite format 3\x00": "an SQLite database",
    b"\x89HDF": "an HDF5 file",
    b"%PDF": "a PDF document",
    b"MZ": "a program",
    b"\x7fELF": "a program",
    b"\xd0\xcf\x11\xe0": "an old Excel file (.xls)",
}


def load(path: Path, limits: Limits) -> bytes:
    """The bytes of a file."""
    if not path.exists():
        raise DataError(f"{path} does not exist. Check the path.")
    if not path.is_file():
        raise DataError(f"{path} is not a file. Give one file.")
    _check_size(path.stat().st_size, limits, path.name)
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from error


def capped(content: bytes, limits: Limits, name: str) -> bytes:
    """The content, if it is not too large."""
    _check_size(len(content), limits, name)
    return content


def _check_size(size: int, limits: Limits, name: str) -> None:
    if size > limits.max_bytes:
        raise DataError(f"{name} has more than {limits.max_bytes:,} bytes. Raise limits.max_bytes or take fewer rows.")
    if size == 0:
        raise DataError(f"{name} is empty.")


def unpacked(content: bytes, limits: Limits, name: str) -> tuple[bytes, str]:
    """The content of a gzip file or of a zip with one file in it, and its name; other content as it is."""
    if content[:2] == b"\x1f\x8b":
        return _inflated(gzip.GzipFile(fileobj=io.BytesIO(content)), len(content), limits, name), name.removesuffix(
            ".gz"
        )
    if content[:4] == b"PK\x03\x04" and not _is_workbook(content):
        return _single_member(content, limits, name)
    if is_image(content):
        raise DataError(
            f"{name} is a single image. Give a folder or a zip of images, or a Parquet file with a column of them."
        )
    for magic, what in _REFUSED.items():
        if content.startswith(magic):
            raise DataError(f"{name} is {what}. Save the table as CSV, JSON, JSONL, Parquet or Excel (.xlsx).")
    return content, name


def _is_workbook(content: bytes) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except zipfile.BadZipFile:
        return False


def _single_member(content: bytes, limits: Limits, name: str) -> tuple[bytes, str]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            if len(members) != 1:
                raise DataError(f"{name} holds {len(members)} files. Give an archive with one table in it.")
            if members[0].flag_bits & 1:
                raise DataError(f"{name} is encrypted. Decrypt it first.")
            with archive.open(members[0]) as stream:
                return _inflated(stream, len(content), limits, name), Path(members[0].filename).name
    except zipfile.BadZipFile as error:
        raise DataError(f"{name} is not a valid zip archive. Pack it again.") from error


def _inflated(stream: IO[bytes] | gzip.GzipFile, packed: int, limits: Limits, name: str) -> bytes:
    most = min(limits.max_bytes, MAX_RATIO * packed + 1_000_000)
    try:
        content = stream.read(most + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{name} is a damaged archive. Pack it again.") from error
    if len(content) > most:
        raise DataError(
            f"{name} unpacks to more than {most:,} bytes from {packed:,}. Unpack it yourself if you trust it."
        )
    return content


def format_of(content: bytes, name: str) -> str:
    """The format of unpacked content: by its first bytes, by its name only where text leaves a doubt."""
    if content[:4] == b"PAR1":
        return "parquet"
    if content[:4] == b"PARE":
        raise DataError(f"{name} is an encrypted Parquet file. Decrypt it first.")
    if content[:4] == b"PK\x03\x04":
        return "excel"
    head = content[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head[:1] == b"[" and name.lower().endswith((".json", ".csv", "stdin", "memory", "stream")) and b"{" in head[:50]:
        return "json"
    if head[:1] == b"{":
        first = head.split(b"\n", 1)[0].rstrip()
        return "jsonl" if first.endswith(b"}") else "json"
    suffix = Path(name).suffix.lower()
    return {".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl", ".tsv": "tsv"}.get(suffix, "csv")
