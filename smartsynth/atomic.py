"""Files and folders that appear whole or not at all, whatever happens while they are made.

    made in a workshop beside its place, `.NAME-XXXXXXXX.part`   →   moved to its place in one step

Whoever works in a workshop holds a lock on it, which ends with its process: so the next one that writes the same name
knows what a killed process left, and removes it. A folder changes places with an older one in one step, and only while
nobody reads it (`reading`), so that readers see the one or the other and never a mixture of both.
"""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from smartsynth.errors import ConfigError

try:
    import fcntl
except ImportError:  # not on Windows: there nobody waits for others, and what a killed process left stays
    fcntl = None  # type: ignore[assignment]

PART = ".part"
_HERE, _EXCHANGE = -100, 2
"""AT_FDCWD and RENAME_EXCHANGE of Linux."""
_TAKEN = (errno.ENOTEMPTY, errno.EEXIST)
_NEXT_STEP = {
    errno.ENOSPC: "Free some space there, or name a place on another disk.",
    errno.EDQUOT: "Free some space there, or name a place on another disk.",
    errno.EFBIG: "This process may not write files of that size: raise `ulimit -f`, or ask for fewer rows.",
    errno.EROFS: "Name a place that can be written to.",
    errno.EACCES: "Name a place that you may write to.",
    errno.EPERM: "Name a place that you may write to.",
    errno.ENOTDIR: "A part of that path is a file. Name another place.",
    errno.EEXIST: "A part of that path is a file. Name another place.",
    errno.ENAMETOOLONG: "Give it a shorter name.",
}


def write_file(path: Path, content: str | bytes, *, mode: int = 0o644) -> Path:
    """Write a whole file or nothing; an older one stays until the new one is whole.

    Raises:
        ConfigError: The place cannot be written to.
    """
    write_files({path: content}, mode=mode)
    return path


def write_files(parts: Mapping[Path, str | bytes], *, mode: int = 0o644) -> None:
    """Write all of these files, which lie in one folder, or none; no file ever stands beside one of another writer.

    Raises:
        ConfigError: The place cannot be written to.
    """
    first, *others = parts
    with _told(first), _workshop(first) as work:
        made = {path: work / str(number) for number, path in enumerate(parts)}
        for path, content in parts.items():
            if path.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            with made[path].open("wb") as file:
                file.write(content.encode() if isinstance(content, str) else content)
                file.flush()
                os.fsync(file.fileno())
            made[path].chmod(mode)
        with _locked(first.parent):
            for path in others:  # so that whoever is stopped here leaves no old file beside a new one
                path.unlink(missing_ok=True)
            for path, whole in made.items():
                whole.replace(path)


@contextmanager
def folder(place: Path) -> Iterator[Path]:
    """An empty folder to be filled; it takes the place of an older one if nothing fails.

    Raises:
        ConfigError: The place cannot be written to.
    """
    with _told(place), _workshop(place) as work:
        made = work / "new"
        made.mkdir(mode=0o755)
        yield made
        for path in made.rglob("*"):
            if path.is_file():
                with path.open("rb") as file:
                    os.fsync(file.fileno())
        _put(made, place)


@contextmanager
def reading(place: Path) -> Iterator[None]:
    """While this lasts nobody changes the folder for another, so that all files read from it belong together."""
    while True:
        with _locked(place, shared=True) as is_there:
            if is_there:
                yield
                return


def check_writable(path: Path) -> None:
    """ConfigError if nothing can be written at this place, said before any work is done for it."""
    parent = next(above for above in path.absolute().parents if above.exists())
    if not parent.is_dir():
        raise unwritable(path, NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)))
    try:
        # Not os.access, which asks for the rights of a user and not of a process, and knows nothing of a full disk.
        tempfile.TemporaryFile(dir=parent).close()  # noqa: SIM115
    except OSError as error:
        raise unwritable(path, error) from error


def unwritable(path: Path, error: OSError) -> ConfigError:
    """What an error of the system means for whoever wanted a file or folder there, and what to do about it.

    >>> str(unwritable(Path("rows.csv"), OSError(errno.ENOSPC, "No space left on device")))
    'rows.csv cannot be written: No space left on device. Free some space there, or name a place on another disk.'
    """
    why = error.strerror or type(error).__name__
    return ConfigError(f"{path} cannot be written: {why}. {_NEXT_STEP.get(error.errno or 0, 'Name another place.')}")


@contextmanager
def _told(place: Path) -> Iterator[None]:
    """Errors of the system are told of the place that was meant, not of the workshop."""
    try:
        yield
    except OSError as error:
        raise unwritable(place, error) from error


@contextmanager
def _workshop(place: Path) -> Iterator[Path]:
    """A folder beside a place, to make in it what is meant for that place; it is gone afterwards."""
    place.parent.mkdir(parents=True, exist_ok=True)
    _clear(place)
    while True:
        work = Path(tempfile.mkdtemp(prefix=f".{place.name}-", suffix=PART, dir=place.parent))
        try:
            with _locked(work) as is_there:
                if is_there:  # else somebody took it for one that was left, in the moment before it was locked
                    yield work
                    return
        finally:
            shutil.rmtree(work, ignore_errors=True)


def _clear(place: Path) -> None:
    """Remove the workshops of this place whose processes were killed."""
    if fcntl is None:
        return
    begin = f".{place.name}-"
    for left in place.parent.iterdir():
        if left.name.startswith(begin) and left.name.endswith(PART) and len(left.name) == len(begin) + 8 + len(PART):
            with suppress(OSError), _locked(left, waits=False):
                shutil.rmtree(left, ignore_errors=True)


def _put(made: Path, place: Path) -> None:
    """Move a folder to its place; the older one lies where the new one was made, or beside it."""
    while True:
        try:
            made.rename(place)  # onto nothing, or an empty folder
            return
        except OSError as error:
            if error.errno not in _TAKEN:
                raise
        with _locked(place) as is_there:
            if is_there:
                _exchange(made, place)
                return


def _exchange(made: Path, place: Path) -> None:
    """Two folders change places: in one step on Linux, in two elsewhere."""
    swap = getattr(ctypes.CDLL(None), "renameat2", None) if os.name == "posix" else None
    if swap is not None and swap(_HERE, os.fsencode(made), _HERE, os.fsencode(place), _EXCHANGE) == 0:
        return
    place.rename(made.with_name("old"))
    made.rename(place)


@contextmanager
def _locked(place: Path, *, shared: bool = False, waits: bool = True) -> Iterator[bool]:
    """Holds a lock on a folder; False if, when it got the lock, another folder stood at this place.

    Raises:
        OSError: There is no such folder, or somebody else holds it and this one does not wait.
    """
    if fcntl is None:
        yield True
        return
    handle = os.open(place, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if waits else fcntl.LOCK_NB))
        except OSError as error:
            if error.errno not in (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS):  # some network file systems lock nothing
                raise
        yield _is_at(handle, place)
    finally:
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_UN)  # said aloud, because a forked child may hold a copy of the handle
        os.close(handle)


def _is_at(handle: int, place: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), place.stat())
    except FileNotFoundError:
        return False
