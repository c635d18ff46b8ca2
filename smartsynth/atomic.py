"""Files and folders that appear whole or not at all, whatever happens while they are made.

    made in a workshop beside its place, `.NAME-XXXXXXXX.part`   →   moved to its place in one step

A link stays one: what it points to is exchanged. Devices, pipes and files that this process has open, such as /dev/stdout, are
written to as they are.

Whoever works in a workshop holds a lock on it, which ends with its process: so the next one that writes the same name
knows what a killed process left, and removes it. A folder changes places with an older one in one step, and only while
nobody reads it (`reading`), so that readers see the one or the other and never a mixture of both.
"""

from __future__ import annotations

import ctypes
import errno
import hashlib
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from io import BufferedWriter
from pathlib import Path

from smartsynth.errors import ConfigError

try:
    import fcntl
except ImportError:  # not on Windows: there nobody waits for others, and what a killed process left stays
    fcntl = None  # type: ignore[assignment]

PART = ".part"
LONGEST = 50
"""Letters of a name that names of its workshops begin with."""
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


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


_UMASK = _umask()
"""Of this process when it began: it cannot be asked for without being set, which other threads would see."""


def _mode(place: Path, usual: int) -> int:
    """Who may read what is written: as of what it takes the place of, else as the user's umask leaves it."""
    try:
        return stat.S_IMODE(place.stat().st_mode) & usual
    except OSError:
        return usual & ~_UMASK


def write_file(path: Path, content: str | bytes, *, mode: int = 0o644) -> Path:
    """Write a whole file or nothing; an older one stays until the new one is whole.

    Raises:
        ConfigError: The place cannot be written to.
    """
    write_files({path: content}, mode=mode)
    return path


@contextmanager
def file(path: Path) -> Iterator[BufferedWriter]:
    """A new file to write to, which takes the place of an older one if nothing fails.

    Raises:
        ConfigError: The place cannot be written to.
    """
    with _told(path):
        if _is_stream(path):
            with _opened(path) as stream:
                yield stream
            return
        place = _real(path)
        with _workshop(place) as work:
            with _whole(work / "0", place, 0o644) as stream:
                yield stream
            (work / "0").replace(place)


def write_files(parts: Mapping[Path, str | bytes], *, mode: int = 0o644) -> None:
    """Write all of these files or none; no file ever stands beside one of another writer. They lie in one folder, but for links.

    Raises:
        ConfigError: A place cannot be written to, or two of them are one.
    """
    streams = [path for path in parts if _is_stream(path)]
    whole: dict[Path, Path] = {}
    with ExitStack() as held:
        places = _places([path for path in parts if path not in streams])
        works = _workshops(places, held)
        for number, (path, place) in enumerate(places.items()):
            with _told(path):
                if place.is_dir():
                    raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
                whole[place] = works[place.parent] / str(number)
                with _whole(whole[place], place, mode) as stream:
                    stream.write(_bytes(parts[path]))
        for path in streams:
            with _told(path), _opened(path) as stream:
                stream.write(_bytes(parts[path]))
        with _told(next(iter(parts))):
            for above in works:
                held.enter_context(_locked(above))
            for place in list(whole)[1:]:  # so that whoever is stopped here leaves no old file beside a new one
                place.unlink(missing_ok=True)
            for place, made in whole.items():
                made.replace(place)


def _places(paths: Iterable[Path]) -> dict[Path, Path]:
    """Where files that are given as these are, in folders of which each is called one way; the folders are made."""
    called: dict[tuple[int, int], Path] = {}
    places: dict[Path, Path] = {}
    for path in paths:
        with _told(path):
            real = _real(path)
            real.parent.mkdir(parents=True, exist_ok=True)
            about = real.parent.stat()
            above = called.setdefault((about.st_dev, about.st_ino), Path(os.path.realpath(real.parent)))
        if above / real.name in places.values():
            raise ConfigError(
                f"{path} cannot be written: another file of the same run is written there. Name another place."
            )
        places[path] = above / real.name
    return places


def _workshops(places: Mapping[Path, Path], held: ExitStack) -> dict[Path, Path]:
    """A workshop in each of the folders, which are in an order that is the same for all processes."""
    firsts = {place.parent: (path, place) for path, place in reversed(list(places.items()))}
    works = {}
    for above in sorted(firsts):
        path, place = firsts[above]
        with _told(path):
            works[above] = held.enter_context(_workshop(place))
    return works


def folder(place: Path, *, mode: int = 0o755) -> AbstractContextManager[Path]:
    """An empty folder to be filled; it takes the place of an older one if nothing fails.

    Raises:
        ConfigError: The place cannot be written to.
    """

    def put(made: Path, place: Path) -> None:
        made.chmod(_mode(place, mode))
        _put(made, place)

    return _filled(place, put)


def files_of(place: Path) -> AbstractContextManager[Path]:
    """An empty folder to be filled; if nothing fails its files join those of a folder, while nobody else adds to that one.

    Raises:
        ConfigError: The place cannot be written to.
    """

    def put(made: Path, place: Path) -> None:
        place.mkdir(exist_ok=True)
        with _locked(place):
            for path in sorted(made.iterdir()):
                path.replace(place / path.name)

    return _filled(place, put)


@contextmanager
def _filled(place: Path, put: Callable[[Path, Path], None]) -> Iterator[Path]:
    """An empty folder to be filled, which is put in its place, or into it, if nothing fails."""
    with _told(place):
        place = _real(place)
        with _workshop(place) as work:
            made = work / "new"
            made.mkdir()
            yield made
            _sync(made)
            put(made, place)


@contextmanager
def reading(place: Path) -> Iterator[None]:
    """While this lasts nobody changes the folder for another, so that all files read from it belong together."""
    while place.is_dir():
        with ExitStack() as held:
            try:
                is_there = held.enter_context(_locked(place, shared=True))
            except FileNotFoundError:  # it went in this moment
                continue
            if is_there:
                yield
                return
    yield  # whoever reads says what is missing


def is_workshop(name: str) -> bool:
    """Whether a file name is that of something that is not whole yet, or was left so."""
    return name.startswith(".") and name.endswith(PART)


def check_writable(path: Path) -> None:
    """ConfigError if nothing can be written at this place, said before any work is done for it."""
    try:
        if _is_stream(path):
            if not os.access(path, os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            return
        parent = next((above for above in _real(path).absolute().parents if above.exists()), path)
        if not parent.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        tempfile.TemporaryFile(dir=parent).close()
    except OSError as error:
        raise unwritable(path, error) from error


def unwritable(path: Path, error: OSError) -> ConfigError:
    """What an error of the system means for whoever wanted a file or folder there, and what to do about it.

    >>> str(unwritable(Path("rows.csv"), OSError(errno.ENOSPC, "No space left on device")))
    'rows.csv cannot be written: No space left on device. Free some space there, or name a place on another disk.'
    """
    why = error.strerror or type(error).__name__
    return ConfigError(f"{path} cannot be written: {why}. {_NEXT_STEP.get(error.errno or 0, 'Name another place.')}")


def _bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


def _is_stream(path: Path) -> bool:
    """Whether it is a device, a pipe, or a file that this process has open, such as /dev/stdout: nothing can take its place."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)) or _handle(path) is not None


def _handle(path: Path) -> int | None:
    """The number under which this process has open what a path names by it, as /dev/stdout does, or a link to that."""
    for _ in range(40):  # as many links as Linux follows
        if path.name.isdigit() and os.path.realpath(path.parent) == f"/proc/{os.getpid()}/fd":
            return int(path.name)
        if not path.is_symlink():
            return None
        path = path.parent / path.readlink()
    return None


def _opened(path: Path) -> BufferedWriter:
    """A stream to write to, after what was written to it before."""
    number = _handle(path)
    if number is None:
        return path.open("wb")
    for text in (sys.stdout, sys.stderr):
        if text is not None:
            text.flush()
    return os.fdopen(os.dup(number), "wb")


def _real(path: Path) -> Path:
    """What a link points to, be it there or not; anything else as it is."""
    if not path.is_symlink():
        return path
    place = Path(os.path.realpath(path))
    if place.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    return place


@contextmanager
def _told(place: Path) -> Iterator[None]:
    """Errors of the system are told of the place that was meant, not of the workshop."""
    try:
        yield
    except OSError as error:
        if place.parent.name.endswith(PART):  # a part of something larger, whose place says more
            raise
        raise unwritable(place, error) from error


@contextmanager
def _workshop(place: Path) -> Iterator[Path]:
    """A folder beside a place, to make in it what is meant for that place; it is gone afterwards."""
    place.parent.mkdir(parents=True, exist_ok=True)
    _clear(place)
    while True:
        work = Path(tempfile.mkdtemp(prefix=_begin(place), suffix=PART, dir=place.parent))
        with ExitStack() as held:
            held.callback(shutil.rmtree, work, ignore_errors=True)
            try:
                is_mine = held.enter_context(_locked(work))
            except FileNotFoundError:
                is_mine = False
            if is_mine:  # else somebody took it for one that was left, in the moment before it was locked
                yield work
                return


def _begin(place: Path) -> str:
    """How the names of the workshops of a place begin; short enough for any file system, and of no other place."""
    name = place.name
    if len(name) > LONGEST:
        name = f"{name[:LONGEST]}-{hashlib.sha256(os.fsencode(name)).hexdigest()[:12]}"
    return f".{name}-"


def _clear(place: Path) -> None:
    """Remove the workshops of this place whose processes were killed."""
    if fcntl is None:
        return
    begin = _begin(place)
    for left in place.parent.iterdir():
        if left.name.startswith(begin) and left.name.endswith(PART) and len(left.name) == len(begin) + 8 + len(PART):
            with suppress(OSError), _locked(left, waits=False):
                if not place.exists() and (left / "old").exists():  # killed between the two steps of `_exchange`
                    (left / "old").rename(place)
                shutil.rmtree(left, ignore_errors=True)


@contextmanager
def _whole(made: Path, place: Path, mode: int) -> Iterator[BufferedWriter]:
    """A file to write to, which is on the disk afterwards, to be read by those who may read what is at its place."""
    with made.open("wb") as stream:
        yield stream
        _flush(stream)
    made.chmod(_mode(place, mode))


def _flush(stream: BufferedWriter) -> None:
    """What was written is on the disk, or an error says that it is not."""
    stream.flush()
    os.fsync(stream.fileno())


def _sync(place: Path) -> None:
    """The same of everything in a folder."""
    for path in place.rglob("*"):
        if path.is_file():
            with path.open("rb") as stream:
                os.fsync(stream.fileno())


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
            if error.errno not in (
                errno.ENOLCK,
                errno.EOPNOTSUPP,
                errno.ENOSYS,
            ):  # some network file systems lock nothing
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
