"""Files before they are decoded: sizes, archives, formats by content."""

from __future__ import annotations

import gzip
import io
import lzma
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from smartsynth.config import Limits
from smartsynth.errors import DataError, EmptyTableError, SmartSynthError
from smartsynth.formats import plain
from smartsynth.images import is_image

MAX_RATIO = 200
"""An archive that grows more than so many times is refused; text rarely packs better than 20 times."""
_DAMAGED = (
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
    lzma.LZMAError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)
"""What the reader of archives raises where one is damaged."""
MOST_MEMBERS = 100_000
"""Files that an archive may hold."""
_REFUSED = {
    **{b"\x80" + bytes([protocol]): "a pickle, which can run code when it is opened" for protocol in range(2, 6)},
    b"\x93NUMPY": "a NumPy array",
    b"SQLite format 3\x00": "an SQLite database",
    b"\x89HDF": "an HDF5 file",
    b"%PDF": "a PDF document",
    b"%!PS": "a PostScript file",
    b"MZ\x90\x00": "a program",
    b"\x7fELF": "a program",
    b"\xd0\xcf\x11\xe0": "an old Excel file (.xls)",
    b"ARROW1\x00\x00": "an Arrow (Feather) file",
    b"GIF87a": "an animation or a picture (GIF)",
    b"GIF89a": "an animation or a picture (GIF)",
}
_PACKED = {
    **{b"BZh%d1AY&SY" % level: "bzip2" for level in range(1, 10)}, b"\xfd7zXZ\x00": "xz", b"\x28\xb5\x2f\xfd": "zstandard", b"7z\xbc\xaf\x27\x1c": "7-Zip", b"Rar!\x1a": "RAR",
    b"\x1f\x8b": "gzip", b"PK\x03\x04": "zip", b"PK\x05\x06": "zip", b"\x04\x22\x4d\x18": "lz4",
}  # fmt: skip


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
        raise EmptyTableError(f"{name} is empty.")


def unpacked(content: bytes, limits: Limits, name: str) -> tuple[bytes, str]:
    """The content of a gzip file or of a zip with one file in it, and its name; other content as it is."""
    if content[:2] == b"\x1f\x8b":
        inner = _inflated(gzip.GzipFile(fileobj=io.BytesIO(content)), len(content), limits, name)
        _check_kind(inner, f"What is in {name}")
        return inner, name.removesuffix(".gz")
    if content[:4] == b"PK\x03\x04" and not _is_workbook(content):
        return _single_member(content, limits, name)
    _check_kind(content, name)
    return content, name


def _check_kind(content: bytes, name: str) -> None:
    """DataError if the content is of a kind that holds no table, or that is not opened."""
    if is_image(content):
        raise DataError(
            f"{name} is a single image. Give a folder or a zip of images, or a Parquet file with a column of them."
        )
    for magic, what in _REFUSED.items():
        if content.startswith(magic):
            raise DataError(f"{name} is {what}. Save the table as CSV, JSON, JSONL, Parquet or Excel (.xlsx).")
    for magic, packer in _PACKED.items():
        if content.startswith(magic) and not _is_workbook(content):
            raise DataError(f"{name} is packed with {packer}. Unpack it first, or pack the one table with zip or gzip.")
    if content[257:262] == b"ustar":
        raise DataError(f"{name} is a tar archive. Unpack it first, or pack the one table with zip or gzip.")


def _is_workbook(content: bytes) -> bool:
    try:
        with opened(content, "") as archive:
            return "xl/workbook.xml" in archive.namelist()
    except DataError:
        return False


def _single_member(content: bytes, limits: Limits, name: str) -> tuple[bytes, str]:
    with opened(content, name) as archive:
        members = [member for member in checked_members(archive, name) if not is_hidden(member.filename)]
        if len(members) != 1:
            shown = ", ".join(plain(member.filename, 60) for member in members[:5])
            raise DataError(
                f"{name} holds {len(members):,} files{f' ({shown} …)' if members else ''}. Give an archive with one table in it."
            )
        with archive.open(members[0]) as stream:
            inner = _inflated(stream, len(content), limits, name)
    _check_kind(inner, f"What is in {name}")
    return inner, Path(members[0].filename).name


@contextmanager
def opened(content: bytes, name: str) -> Iterator[zipfile.ZipFile]:
    """A zip archive to read from.

    Raises:
        DataError: It is damaged, wherever that shows.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            yield archive
    except SmartSynthError:
        raise
    except _DAMAGED as error:
        raise DataError(f"{name} is a damaged archive. Pack it again.") from error


def checked_members(archive: zipfile.ZipFile, name: str) -> list[zipfile.ZipInfo]:
    """The files of an archive.

    Raises:
        DataError: It is encrypted, holds very many files or one name twice, or names a place outside of itself.
    """
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) > MOST_MEMBERS:
        raise DataError(f"{name} holds {len(members):,} files; at most {MOST_MEMBERS:,} are read.")
    seen: set[str] = set()
    for member in members:
        shown = plain(member.filename, 100)
        if member.flag_bits & 1:
            raise DataError(f"{name} is encrypted. Decrypt it first.")
        if _leads_outside(member.filename):
            raise DataError(
                f"{name} holds {shown}, a path that leads out of the archive. Pack it again without such paths."
            )
        if stat.S_ISLNK(member.external_attr >> 16):
            raise DataError(f"{name} holds {shown}, a link. Pack the file that it points to instead.")
        if member.filename in seen:
            raise DataError(f"{name} holds {shown} twice. Pack it again with each file once.")
        seen.add(member.filename)
    return members


def _leads_outside(path: str) -> bool:
    parts = path.replace("\\", "/").split("/")
    return parts[0] == "" or ":" in parts[0][1:2] or ".." in parts


def is_hidden(path: str) -> bool:
    """Whether a file of an archive is what a system leaves there, such as __MACOSX or .DS_Store."""
    return any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(path).parts)


def _inflated(stream: IO[bytes] | gzip.GzipFile, packed: int, limits: Limits, name: str) -> bytes:
    most = min(limits.max_bytes, MAX_RATIO * packed + 1_000_000)
    try:
        content = stream.read(most + 1)
    except _DAMAGED as error:
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
    if suffix in (".parquet", ".pq"):
        raise DataError(
            f"{name} is named like a Parquet file and is none: it does not begin with PAR1. It may be cut off or overwritten: write it again. "
            "If it holds a table as text, name it .csv."
        )
    return {".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl", ".tsv": "tsv"}.get(suffix, "csv")
