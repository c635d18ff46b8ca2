"""Files of the service under one URL: a folder of this machine by default, or a bucket that fsspec can reach.

A file or folder is written whole under a name that nothing else ever takes, and counts from the moment that the records
name it. So nobody sees a half-made one, and what a crash left behind belongs to nobody and is swept away.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import fsspec
from fsspec.core import url_to_fs

from smartsynth.errors import ConfigError, MissingExtraError

CHUNK = 1 << 20
EXTRAS = {"s3": "s3", "gs": "gcs", "gcs": "gcs", "az": "azure", "abfs": "azure"}


class Blobs:
    """Files by name under a URL.

    Args:
        url: Folder, or a URL such as `s3://bucket/prefix`.
        scratch: Folder of this machine for what is being made, and for copies of what lies elsewhere.
    """

    def __init__(self, url: str, scratch: Path) -> None:
        self.scratch = scratch
        scratch.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._fs, self._root = _filesystem(url)
        self.is_local = type(self._fs).__name__ == "LocalFileSystem"
        if self.is_local:
            Path(self._root).mkdir(parents=True, exist_ok=True, mode=0o700)

    def put(self, name: str, content: bytes | IO[bytes]) -> int:
        """Write a file; its size."""
        if not self.is_local:
            with self._fs.open(self._at(name), "wb") as file:
                return _copy(content, file)
        path = Path(self._at(name))
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, work = tempfile.mkstemp(prefix=".part-", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                size = _copy(content, file)
                file.flush()
                os.fsync(file.fileno())
            Path(work).replace(path)
            _sync_folder(path.parent)
        except BaseException:
            Path(work).unlink(missing_ok=True)
            raise
        return size

    def put_folder(self, name: str, folder: Path) -> None:
        """Move a folder of `scratch` here, with everything in it."""
        if not self.is_local:
            for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                self._fs.put_file(str(path), self._at(f"{name}/{path.relative_to(folder).as_posix()}"))
            shutil.rmtree(folder, ignore_errors=True)
            return
        for path in [*folder.rglob("*"), folder]:
            _sync_folder(path) if path.is_dir() else _sync_file(path)
        target = Path(self._at(name))
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        shutil.rmtree(target, ignore_errors=True)  # of the same attempt, which was told that it failed
        folder.rename(target)
        _sync_folder(target.parent)

    def local(self, name: str) -> Path:
        """The file or folder on this machine; what lies elsewhere is copied once.

        Raises:
            FileNotFoundError: There is none of this name.
        """
        if self.is_local:
            path = Path(self._at(name))
            if not path.exists():
                raise FileNotFoundError(name)
            return path
        copy = self.scratch / "copies" / name
        if not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            work = Path(tempfile.mkdtemp(prefix=".part-", dir=copy.parent))
            try:
                self._fs.get(self._at(name), str(work / "it"), recursive=self._fs.isdir(self._at(name)))
                with contextlib.suppress(OSError):  # another process was quicker
                    (work / "it").rename(copy)
            finally:
                shutil.rmtree(work, ignore_errors=True)
        return copy

    def exists(self, name: str) -> bool:
        return bool(self._fs.exists(self._at(name)))

    @contextlib.contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """A file to be read."""
        with self._fs.open(self._at(name), "rb") as file:
            yield file

    def names(self, folder: str = "") -> list[str]:
        """Names of the files and folders in a folder, without those that are being written."""
        self._fs.invalidate_cache()
        with contextlib.suppress(FileNotFoundError):
            found = self._fs.ls(self._at(folder), detail=False)
            plain = [str(path).rstrip("/").rpartition("/")[2] for path in found]
            return sorted(name for name in plain if not name.startswith(".part-"))
        return []

    def sizes(self, name: str) -> list[int]:
        """The sizes of a file, or of all files in a folder."""
        self._fs.invalidate_cache()
        with contextlib.suppress(FileNotFoundError):
            return [int(info["size"]) for info in self._fs.find(self._at(name), detail=True).values()]
        return []

    def delete(self, name: str) -> None:
        """Delete a file or folder, and its copy on this machine; nothing happens if there is none."""
        if self.is_local:
            path = Path(self._at(name))
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
            return
        with contextlib.suppress(FileNotFoundError):
            self._fs.rm(self._at(name), recursive=True)
        copy = self.scratch / "copies" / name
        shutil.rmtree(copy, ignore_errors=True) if copy.is_dir() else copy.unlink(missing_ok=True)

    def _at(self, name: str) -> str:
        if name and (name.startswith("/") or ".." in name.split("/")):
            raise ValueError("A name may not lead out of its folder.")
        return f"{self._root}/{name}".rstrip("/")


def file_name(name: str) -> str:
    """A file name without folders or anything else that could lead elsewhere; its suffix stays.

    >>> file_name("../../my data.csv")
    'my_data.csv'
    """
    plain = re.sub(r"[^\w.-]+", "_", Path(name.replace("\\", "/")).name).lstrip(".")
    return plain[-100:] or "data"


def _filesystem(url: str) -> tuple[Any, str]:
    scheme = url.partition("://")[0] if "://" in url else "file"
    try:
        fs, root = url_to_fs(url)
    except ImportError:
        raise MissingExtraError(f"Storage at {scheme}://", EXTRAS.get(scheme, "s3")) from None
    except ValueError:
        known = ", ".join(sorted(set(EXTRAS) & set(fsspec.available_protocols())))
        raise ConfigError(
            f"SMARTSYNTH_BLOBS begins with {scheme!r}: it must be a folder or a URL of {known}."
        ) from None
    return fs, str(root).rstrip("/")


def _copy(content: bytes | IO[bytes], file: IO[bytes]) -> int:
    if isinstance(content, bytes):
        file.write(content)
        return len(content)
    size = 0
    while chunk := content.read(CHUNK):
        file.write(chunk)
        size += len(chunk)
    return size


def _sync_file(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
