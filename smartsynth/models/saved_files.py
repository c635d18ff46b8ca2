"""What is read of a saved model: files that lie in its folder, decoded only after a look at how large they will be.

A folder may come from a stranger. Nothing in it is run: there are JSON, NPZ without pickles and safetensors, and nothing else is opened.

    checked_folder   no links, no devices, not too many files or folders in folders, together no larger than a model may be
    read_json        no deeper than Python reads, none of its values beyond what memory is for
    read_arrays      what the zip says it holds is what the arrays' own heads say, and fits
    read_weights     safetensors, which checks its head against its size

`SMARTSYNTH_MODEL_GB` says how large a model may be, also unpacked.
"""

from __future__ import annotations

import json
import math
import os
import stat
import tokenize
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from smartsynth.errors import ConfigError, ModelFormatError

LIMIT = "SMARTSYNTH_MODEL_GB"
USUAL_GB = 4
MOST_FILES, MOST_DEPTH, MOST_ARRAYS = 10_000, 8, 50_000
JSON_SHARE = 8
"""A JSON file may have a part of what a whole model may."""
BYTES_OF_A_VALUE = 64
"""What Python keeps of a value of JSON besides its text, at most."""
MOST_HEAD = 100_000
_CHUNK = 1 << 20
_ENTRY = b"PK\x01\x02"


def checked_folder(folder: str | Path) -> Path:
    """The folder of a saved model, of which nothing was read yet.

    Raises:
        ModelFormatError: It holds links, devices, very many files or folders in folders, or more bytes than a model may have.
    """
    folder = Path(folder)
    if not folder.exists():
        raise ModelFormatError(
            f"There is no folder {str(folder)!r}. Name one that `smartsynth synthesize --save` wrote."
        )
    if not folder.is_dir():
        raise ModelFormatError(f"{folder} is not a saved model: it has no model.json.")
    files, total = 0, 0
    waiting = [(str(folder), 1)]
    while waiting:
        place, depth = waiting.pop()
        if depth > MOST_DEPTH:
            raise ModelFormatError(
                f"{folder} holds folders in folders, more than {MOST_DEPTH} deep. It is no saved model."
            )
        with os.scandir(place) as entries:
            for entry in entries:
                kind = entry.stat(follow_symlinks=False)
                name = Path(entry.path).relative_to(folder)
                if stat.S_ISDIR(kind.st_mode):
                    waiting.append((entry.path, depth + 1))
                elif stat.S_ISLNK(kind.st_mode):
                    raise ModelFormatError(
                        f"{folder} holds {str(name)!r}, a link, and links may lead anywhere. Copy what it leads to, if you trust it: "
                        "`cp -rL`."
                    )
                elif not stat.S_ISREG(kind.st_mode):
                    raise ModelFormatError(
                        f"{folder} holds {str(name)!r}, which is neither a file nor a folder. Remove it."
                    )
                else:
                    files, total = files + 1, total + kind.st_size
                if files > MOST_FILES:
                    raise ModelFormatError(f"{folder} holds more than {MOST_FILES:,} files. It is no saved model.")
    if total > most_bytes():
        raise _too_large(folder, f"has {total:,} bytes")
    return folder


def read_json(path: Path) -> Any:
    """The value of a JSON file.

    Raises:
        ModelFormatError: It is not JSON, too large, or nested too deeply.
    """
    size, most = path.stat().st_size, most_bytes()
    if size > most // JSON_SHARE:
        raise _too_large(path, f"has {size:,} bytes", most // JSON_SHARE)
    content = path.read_bytes()
    unpacked = size + BYTES_OF_A_VALUE * sum(content.count(mark) for mark in (b",", b"[", b"{", b":"))
    if unpacked > most:
        raise _too_large(path, f"would unpack to about {unpacked:,} bytes")
    try:
        return json.loads(content.decode("utf-8"), parse_constant=_no_number)
    except RecursionError:
        raise ModelFormatError(f"{path} is nested too deeply. It is no file of a saved model.") from None
    except ValueError as error:
        raise ModelFormatError(f"{path} is not valid JSON. Save the model again.") from error


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of an NPZ file by name; none if there is no file.

    Raises:
        ModelFormatError: It is larger than a model may be once unpacked, holds objects, or its parts contradict each other.
    """
    if not path.is_file():
        return {}
    with path.open("rb") as file:
        _check_entries(file, path)
        try:
            with zipfile.ZipFile(file) as archive:
                _check_members(archive, path)
            file.seek(0)
            with np.load(file, allow_pickle=False) as arrays:
                return {name: arrays[name] for name in arrays.files}
        except MemoryError:
            raise _too_large(path, "does not fit into memory") from None


def read_weights(path: Path) -> dict[str, NDArray[Any]]:
    """The weights of a safetensors file by name; none if there is no file.

    Raises:
        ModelFormatError: Its head does not agree with its size.
    """
    if not path.is_file():
        return {}
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    if path.stat().st_size > most_bytes():
        raise _too_large(path, f"has {path.stat().st_size:,} bytes")
    try:
        return dict(load_file(path))
    except (SafetensorError, OverflowError, MemoryError) as error:
        raise ModelFormatError(f"{path} cannot be read as safetensors. Save the model again.") from error


def most_bytes() -> int:
    """Bytes that a saved model may have, and its parts once they are unpacked."""
    text = os.environ.get(LIMIT, str(USUAL_GB))
    if not text.isdecimal() or int(text) < 1:
        raise ConfigError(f"{LIMIT}={text!r} must be a whole number of gigabytes, at least 1.")
    return int(text) * 1024**3


def _check_entries(file: IO[bytes], path: Path) -> None:
    """Count the entries of a zip without making an object of each."""
    found, last = 0, b""
    while chunk := file.read(_CHUNK):
        found += (last + chunk).count(_ENTRY)
        last = chunk[-len(_ENTRY) + 1 :]
        if found > MOST_ARRAYS:
            raise ModelFormatError(f"{path} holds more than {MOST_ARRAYS:,} arrays. It is no file of a saved model.")
    file.seek(0)


def _check_members(archive: zipfile.ZipFile, path: Path) -> None:
    """Whether each member is an array that is as large as the zip says, and all together are no larger than a model may be."""
    members = archive.infolist()
    unpacked = sum(member.file_size for member in members)
    if unpacked > most_bytes():
        raise _too_large(path, f"would unpack to {unpacked:,} bytes from {path.stat().st_size:,}")
    seen: set[str] = set()
    for member in members:
        parts = member.filename.replace("\\", "/").split("/")
        if parts[0] == "" or ".." in parts or not member.filename.endswith(".npy") or member.filename in seen:
            raise ModelFormatError(
                f"{path} holds {member.filename[:80]!r}, which is no name of an array. Save the model again."
            )
        seen.add(member.filename)
        with archive.open(member) as stream:
            if _size_of(stream, path, member.filename) != member.file_size:
                raise ModelFormatError(
                    f"{path}: the array {member.filename[:80]!r} is not as large as it says. Save the model again."
                )


def _size_of(stream: IO[bytes], path: Path, name: str) -> int:
    """Bytes of an array with its head, as the head says."""
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    try:
        shape, _, dtype = read(stream, max_header_size=MOST_HEAD)
    except tokenize.TokenError as error:
        raise ModelFormatError(f"{path}: the array {name[:80]!r} has a damaged head. Save the model again.") from error
    if dtype.hasobject:
        raise ModelFormatError(
            f"{path}: the array {name[:80]!r} holds objects, which only a pickle can, and pickles run code."
        )
    if any(length < 0 for length in shape):
        raise ModelFormatError(f"{path}: the array {name[:80]!r} has a negative length. Save the model again.")
    return int(stream.tell() + math.prod(shape) * dtype.itemsize)


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number of JSON")


def _too_large(path: Path, what: str, most: int | None = None) -> ModelFormatError:
    return ModelFormatError(
        f"{path} {what}, and {most or most_bytes():,} are allowed. If you trust the model, set {LIMIT} to more than "
        f"{most_bytes() // 1024**3}."
    )
