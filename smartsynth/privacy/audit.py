"""Who did what to which data set: an append-only log whose entries are chained by hashes.

Each line is one entry as JSON; its hash covers the entry and the hash of the one before, so that an entry that is changed,
removed, put in or moved breaks the chain, and `verify` names the place. The newest hash stands in a file beside the log
(`.head`), so that a cut-off end is found as well; the next entry says so, and `verify` for ever after. Whoever can write both files can write a new history: print the head
(`smartsynth audit --head`) and keep it elsewhere, such as in a ticket or a signed mail, and no history before it can be
changed unseen.

The log is off unless SMARTSYNTH_AUDIT names its file; then nothing runs that cannot be logged. A data set is known by a keyed
hash of its rows, whose key lies beside the log (`.key`). No cell, column name, file name or content ever enters, because
entries hold the fields of `FIELDS` alone.
"""

from __future__ import annotations

import functools
import getpass
import hashlib
import json
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, ParamSpec, TypeVar

from smartsynth.errors import ConfigError
from smartsynth.privacy.fingerprint import keyed

if TYPE_CHECKING:
    import pandas as pd

P = ParamSpec("P")
R = TypeVar("R")

FIELDS = (
    "dataset", "workspace", "job", "run", "generator", "seed", "rows", "epsilon", "delta", "outcome", "error", "files", "bytes",
)  # fmt: skip
START = "0" * 64
RECOVERED = "recovered"
"""Action of the entry that follows a line that a crash cut off."""
MISSING = "entries missing"
"""Action of the entry that is written first where the end of the log is gone; `rows` is the number of the last entry."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log.

    Args:
        seq: Its number, from 1.
        time: When, in UTC.
        actor: Who: the user of the machine, or SMARTSYNTH_ACTOR, or the API key of a request.
        action: What was done, such as `synthesize started`.
        what: Details, of the fields in FIELDS.
        prev, hash: Hash of the entry before, and its own.
    """

    seq: int
    time: str
    actor: str
    action: str
    what: dict[str, Any]
    prev: str
    hash: str


class Log:
    """The log of one file.

    Args:
        path: JSON lines; made if needed, readable by this user alone.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._head = self.path.with_name(self.path.name + ".head")
        self._key = self.path.with_name(self.path.name + ".key")

    @classmethod
    def of_this_machine(cls) -> Log | None:
        """The log that SMARTSYNTH_AUDIT names; None if none is kept."""
        given = os.environ.get("SMARTSYNTH_AUDIT", "")
        return cls(given) if given else None

    def dataset(self, rows: pd.DataFrame) -> str:
        """How the log knows a data set: the keyed hash of its rows, in any order."""
        with self._locked():
            return keyed(rows, self._key.read_bytes())[:32]

    def write(self, action: str, **what: Any) -> Entry:
        """Add an entry; it is on the disk when this returns.

        Raises:
            ConfigError: The log cannot be written, so that nothing may go on.
            ValueError: A field is none of FIELDS.
        """
        unknown = set(what) - set(FIELDS)
        if unknown:
            raise ValueError(f"{sorted(unknown)} may not enter the audit log.")
        with self._locked() as file:
            seq, prev, torn = self._last(file)
            lost = self._lost(file)
            if torn:
                file.write(b"\n")
                seq, prev = self._append(file, seq, prev, RECOVERED, {})
            if lost:
                seq, prev = self._append(file, seq, prev, MISSING, {"rows": lost})
            self._append(file, seq, prev, action, {k: v for k, v in what.items() if v is not None})
            file.flush()
            os.fsync(file.fileno())
            last = _read(file, None)[-1]
            self._remember(last)
        return last

    def entries(self) -> list[Entry]:
        """All entries, as they are; lines that are none are left out."""
        if not self.path.exists():
            return []
        with self._locked() as file:
            return _read(file, None)

    def verify(self) -> str | None:
        """What is wrong with the log, and where first; None if nothing is."""
        if not self.path.exists():
            return f"{self.path} is not there, though {self._head} is." if self._head.exists() else None
        with self._locked() as file:
            problems: list[str] = []
            found = _read(file, problems)
            head = self._newest()
        if problems:
            return problems[0]
        last = found[-1] if found else None
        if not head:
            return f"{self._head} is missing: a cut-off end could not be seen." if found else None
        if last is None or [str(last.seq), last.hash] != head:
            return (
                f"The log ends with entry {last.seq if last else 0}, and entry {head[0]} was the last that was written."
            )
        return None

    def _append(self, file: IO[bytes], seq: int, prev: str, action: str, what: dict[str, Any]) -> tuple[int, str]:
        entry: dict[str, Any] = {
            "seq": seq + 1, "time": datetime.now(UTC).isoformat(timespec="milliseconds"), "actor": _actor(), "action": action,
            "what": what, "prev": prev,
        }  # fmt: skip
        own = _hash(entry)
        file.write(json.dumps(entry | {"hash": own}, ensure_ascii=True, allow_nan=False).encode() + b"\n")
        return seq + 1, own

    def _last(self, file: IO[bytes]) -> tuple[int, str, bool]:
        """Number and hash of the last whole entry, and whether a torn line follows it."""
        found = _read(file, None)
        file.seek(0)
        content = file.read()
        torn = bool(content) and not content.endswith(b"\n")
        return (found[-1].seq, found[-1].hash, torn) if found else (0, START, torn)

    def _newest(self) -> list[str]:
        """Number and hash of the entry that was written last; nothing if none was."""
        return self._head.read_text("ascii").split() if self._head.exists() else []

    def _lost(self, file: IO[bytes]) -> int:
        """Number of the entry that was written last, if the log no longer has it; else 0."""
        head = self._newest()
        if not head or [head[0], head[1]] in [[str(entry.seq), entry.hash] for entry in _read(file, None)]:
            return 0
        return int(head[0])

    def _remember(self, last: Entry) -> None:
        work = self._head.with_name(self._head.name + ".new")
        work.write_text(f"{last.seq} {last.hash}\n", "ascii")
        work.chmod(0o600)
        work.replace(self._head)

    @contextmanager
    def _locked(self) -> Iterator[IO[bytes]]:
        """The open file, locked against all other processes; the key exists."""
        import fcntl  # POSIX only

        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        except OSError as error:
            raise self._unusable(error) from None
        with os.fdopen(handle, "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if not self._key.exists():
                self._key.touch(0o600)
                self._key.write_bytes(secrets.token_bytes(32))
            try:
                yield file
            except OSError as error:
                raise self._unusable(error) from None

    def _unusable(self, error: OSError) -> ConfigError:
        return ConfigError(
            f"The audit log {str(self.path)!r} cannot be written ({error.strerror}), and nothing runs that is not logged. Set "
            "SMARTSYNTH_AUDIT to a file that can be written, or unset it to keep no log."
        )


def audited(action: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Logs how a function that calls `about` ended; nothing if no log is kept."""

    def around(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            log = Log.of_this_machine()
            if log is None:
                return function(*args, **kwargs)
            run_id, outer = secrets.token_hex(8), _current.set(None)
            _current.set((log, action, run_id))
            try:
                result = function(*args, **kwargs)
            except BaseException as error:
                log.write(f"{action} ended", run=run_id, outcome="failed", error=type(error).__name__)
                raise
            finally:
                _current.reset(outer)
            log.write(f"{action} ended", run=run_id, outcome="succeeded")
            return result

        return run

    return around


def about(rows: pd.DataFrame, **what: Any) -> None:
    """Logs that the audited function begins to work on these rows, before anything is learnt from them."""
    current = _current.get()
    if current is not None:
        log, action, run_id = current
        log.write(f"{action} started", run=run_id, dataset=log.dataset(rows), rows=len(rows), **what)


def note(action: str, **what: Any) -> None:
    """Logs one action; nothing if no log is kept."""
    log = Log.of_this_machine()
    if log is not None:
        log.write(action, **what)


_current: ContextVar[tuple[Log, str, str] | None] = ContextVar("audit", default=None)


ACTOR: ContextVar[str | None] = ContextVar("actor", default=None)
"""Who asks, where one process works for many; else the user of the machine."""


def _actor() -> str:
    asking = ACTOR.get()
    if asking is not None:
        return asking
    try:
        return os.environ.get("SMARTSYNTH_ACTOR") or getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def _hash(entry: dict[str, Any]) -> str:
    text = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _read(file: IO[bytes], problems: list[str] | None) -> list[Entry]:
    """The entries of a log; what breaks the chain is added to `problems`."""
    file.seek(0)
    found: list[Entry] = []
    before, torn = START, ""
    for number, line in enumerate(file.read().split(b"\n"), 1):
        if not line:
            continue
        entry = _parsed(line)
        if entry is None:
            torn = f"Line {number} is no entry."
            continue
        if problems is not None:
            if torn and entry.action != RECOVERED:
                problems.append(torn)
            if entry.action == MISSING:
                problems.append(
                    f"Line {number}, entry {entry.seq}: entries up to {entry.what.get('rows')} were gone before it."
                )
            if entry.prev != before or entry.seq != len(found) + 1:
                problems.append(
                    f"Line {number}, entry {entry.seq}, does not follow the one before: an entry was removed, put in or moved."
                )
            fields = {name: getattr(entry, name) for name in Entry.__slots__ if name != "hash"}
            if _hash(fields) != entry.hash:
                problems.append(f"Line {number}, entry {entry.seq}, was changed.")
        torn, before = "", entry.hash
        found.append(entry)
    if torn and problems is not None:
        problems.append(f"{torn} It is the last: a write was cut off, and the next entry will say so.")
    return found


def _parsed(line: bytes) -> Entry | None:
    try:
        entry = Entry(**json.loads(line))
    except (ValueError, TypeError):
        return None
    return entry if isinstance(entry.what, dict) else None
