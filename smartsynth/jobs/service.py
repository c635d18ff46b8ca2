"""Jobs on one machine: a queue in SQLite, a thread that watches over it, a child process per job.

lanes    quick jobs (a look at a file) never wait behind long ones (a training)
spare    one child process is kept ready with everything imported, so that a job starts at once
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from smartsynth.errors import ConfigError, SmartSynthError
from smartsynth.jobs.facts import Job, State, Workspace
from smartsynth.jobs.store import Store
from smartsynth.jobs.tasks import TASKS
from smartsynth.privacy import audit

GRACE_SECONDS = 0.15
"""How long a job that was asked to stop may go on before its process is ended; what it left is tidied up for it."""
STOPPED_SECONDS = 2.0
"""How long `cancel` waits for that at most."""
TICK_SECONDS = 0.1
PURGE_SECONDS = 20.0
MOST_WAITING = 50


class Gone(SmartSynthError):  # noqa: N818 - a state of things rather than a mistake
    """What was asked for has been deleted or never was there."""


def from_environment() -> Jobs:
    """Jobs as the environment asks for: SMARTSYNTH_HOME, SMARTSYNTH_TTL_MINUTES, SMARTSYNTH_WORKERS."""
    home = os.environ.get("SMARTSYNTH_HOME")
    root = Path(home) if home else Path(tempfile.gettempdir()) / f"smartsynth-{os.getuid()}"
    return Jobs(
        root,
        ttl_seconds=60.0 * _positive("SMARTSYNTH_TTL_MINUTES", 120),
        workers=int(_positive("SMARTSYNTH_WORKERS", 1)),
    )


def _positive(name: str, default: float) -> float:
    text = os.environ.get(name, str(default))
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not value > 0:
        raise ConfigError(f"{name}={text!r} must be a number above 0.")
    return value


class Jobs:
    """Workspaces and the jobs on them, in one folder of one machine.

    Args:
        root: Folder for everything; made if needed, readable by this user alone.
        ttl_seconds: A workspace that nobody looked at for so long is deleted.
        workers: Long jobs that run at once.
        keep_spare: Keep one child process ready.

    Raises:
        ConfigError: The folder belongs to somebody else, or another server uses it.
    """

    def __init__(self, root: Path, *, ttl_seconds: float = 7200.0, workers: int = 1, keep_spare: bool = True) -> None:
        self.root, self.ttl_seconds = root, ttl_seconds
        self._lanes = {"quick": 1, "long": max(1, workers)}
        self._keep_spare = keep_spare
        self._lock = _owned(root)
        self._store = Store(root / "jobs.sqlite")
        self._children: dict[str, subprocess.Popen[str]] = {}
        self._lane_of: dict[str, str] = {}
        self._spare: subprocess.Popen[str] | None = None
        self._touched: dict[str, float] = {}
        self._guard = threading.RLock()
        self._wake, self._closing = threading.Event(), threading.Event()
        self._next_purge = 0.0
        self._recover()
        self._thread = threading.Thread(target=self._watch_over, name="smartsynth-jobs", daemon=True)
        self._thread.start()

    def open(self, name: str, content: bytes | IO[bytes], notes: Mapping[str, Any] | None = None) -> Workspace:
        """A new workspace with a file in it, stored under its own name."""
        workspace = secrets.token_urlsafe(18)
        folder = self._folder(workspace) / "input"
        folder.mkdir(parents=True, mode=0o700)
        with (folder / _file_name(name)).open("xb") as file:
            if isinstance(content, bytes):
                file.write(content)
            else:
                shutil.copyfileobj(content, file, 1 << 20)
        self._store.add_workspace(workspace, name, notes or {})
        audit.note("upload", workspace=_known_as(workspace))
        return self.workspace(workspace)

    def workspace(self, workspace: str) -> Workspace:
        """A workspace; looking at it puts off its deletion.

        Raises:
            Gone: It was deleted, or there never was one of this id.
        """
        record = self._store.workspace(workspace)
        if record is None:
            raise Gone("This session has ended: its data were deleted.")
        name, notes, _ = record
        now = time.time()
        if now - self._touched.get(workspace, 0.0) > min(10.0, self.ttl_seconds / 10):
            self._store.touch(workspace)
            self._touched[workspace] = now
        return Workspace(workspace, name, notes, now + self.ttl_seconds)

    def note(self, workspace: str, notes: Mapping[str, Any]) -> None:
        """Keep what the pages want to find again, as plain JSON types."""
        self._store.note(workspace, notes)

    def input(self, workspace: str) -> Path:
        """The uploaded file."""
        found = sorted((self._folder(workspace) / "input").glob("*"))
        if not found:
            raise Gone("This session has ended: its data were deleted.")
        return found[0]

    def delete(self, workspace: str) -> None:
        """Stop what runs in a workspace and delete everything that is in it."""
        with self._guard:
            for job in [job for job in self._children if self._owner(job) in (workspace, None)]:
                self._kill(job)
            self._store.remove_workspace(workspace)
            self._touched.pop(workspace, None)
            files = [path for path in self._folder(workspace).rglob("*") if path.is_file()]
            size = sum(path.stat().st_size for path in files)
            shutil.rmtree(self._folder(workspace), ignore_errors=True)
        audit.note("delete workspace", workspace=_known_as(workspace), files=len(files), bytes=size)
        self._wake.set()

    def submit(self, workspace: str, task: str, settings: Mapping[str, Any] | None = None) -> Job:
        """Queue a job.

        Raises:
            ConfigError: There is no such task, the workspace is busy with one, or too many jobs are waiting.
            Gone: The workspace has been deleted.
        """
        if task not in TASKS:
            raise ConfigError(f"task={task!r} is not known. Tasks: {', '.join(TASKS)}.")
        self.workspace(workspace)
        with self._guard:
            before = self._store.latest(workspace, task)
            if before is not None and not before.state.is_final:
                raise ConfigError("This session already has such a job running. Wait for it, or cancel it.")
            if self._store.count(State.QUEUED) >= MOST_WAITING:
                raise ConfigError(f"{MOST_WAITING} jobs are waiting already. Try again in a few minutes.")
            job = secrets.token_urlsafe(12)
            audit.note(f"submit {task}", workspace=_known_as(workspace), job=_known_as(job))
            self._store.add_job(job, workspace, task, TASKS[task].lane, settings or {})
        self._wake.set()
        return self.watch(job)

    def watch(self, job: str) -> Job:
        """How a job stands.

        Raises:
            Gone: It was deleted with its workspace.
        """
        found = self._store.job(job)
        if found is None:
            raise Gone("This job is no longer there: its session was deleted.")
        return found

    def latest(self, workspace: str, task: str, state: State | None = None) -> Job | None:
        """The newest job of a task in a workspace, of those in `state` if given."""
        return self._store.latest(workspace, task, state)

    def cancel(self, job: str) -> None:
        """Stop a job, of which nothing is kept. Nothing happens if it has ended. Comes back once it is gone."""
        audit.note("cancel job", job=_known_as(job))
        self._store.ask_to_cancel(job)
        self._wake.set()
        until = time.monotonic() + STOPPED_SECONDS
        while time.monotonic() < until:
            found = self._store.job(job)
            if found is None or found.state.is_final:
                return
            time.sleep(0.02)

    def result(self, job: str) -> Path:
        """The folder of what a job that succeeded made.

        Raises:
            ConfigError: It has not succeeded.
            Gone: It was deleted.
        """
        found = self.watch(job)
        if found.state is not State.SUCCEEDED:
            raise ConfigError(f"The job is {found.state.value}, so it has no result.")
        folder = self._folder(found.workspace) / found.id
        if not folder.is_dir():
            raise Gone("The result of this job was replaced by a newer one.")
        return folder

    def close(self) -> None:
        """Stop every job and the thread that watches over them. Workspaces stay until they expire."""
        self._closing.set()
        self._wake.set()
        self._thread.join(10)
        with self._guard:
            for job in list(self._children):
                self._kill(job)
                self._store.finish(job, State.FAILED, "The server was stopped while this job ran.", "stopped")
            if self._spare is not None:
                _end(self._spare)
        self._lock.close()

    def _folder(self, workspace: str) -> Path:
        if re.fullmatch(r"[\w-]{10,}", workspace) is None:
            raise Gone("This session has ended: its data were deleted.")
        return self.root / "work" / workspace

    def _owner(self, job: str) -> str | None:
        found = self._store.job(job)
        return None if found is None else found.workspace

    def _recover(self) -> None:
        """Close the books of a server that stopped without doing so."""
        for job in self._store.running():
            self._store.finish(job, State.FAILED, "The server stopped while this job ran. Start it again.", "stopped")
        known = set(self._store.workspaces())
        for folder in (self.root / "work").glob("*"):
            if folder.name not in known:
                shutil.rmtree(folder, ignore_errors=True)

    def _watch_over(self) -> None:
        while not self._closing.is_set():
            with self._guard:
                if not self._closing.is_set():
                    self._reap()
                    self._stop_cancelled()
                    self._start_waiting()
                    self._purge()
            self._wake.wait(TICK_SECONDS if self._children else 1.0)
            self._wake.clear()

    def _reap(self) -> None:
        for job, child in list(self._children.items()):
            if child.poll() is None:
                continue
            del self._children[job]
            _end(child)
            self._drop_unfinished(job)
            if self._store.cancel_asked(job) is not None:
                self._mark_cancelled(job)
            how = "killed, perhaps for want of memory" if child.returncode == -signal.SIGKILL else "stopped"
            self._store.finish(job, State.FAILED, f"Its process was {how} (status {child.returncode}).", "stopped")

    def _stop_cancelled(self) -> None:
        for job in list(self._children):
            asked = self._store.cancel_asked(job)
            if asked is not None and time.time() - asked > GRACE_SECONDS:
                self._kill(job)
                self._drop_unfinished(job)
                self._mark_cancelled(job)

    def _mark_cancelled(self, job: str) -> None:
        found = self._store.job(job)
        at = f" at “{found.message}”" if found is not None and found.message else ""
        self._store.finish(job, State.CANCELLED, f"Cancelled{at}. Nothing was kept.", "cancelled")

    def _drop_unfinished(self, job: str) -> None:
        found = self._store.job(job)
        if found is not None:
            shutil.rmtree(self._folder(found.workspace) / f".{job}", ignore_errors=True)

    def _start_waiting(self) -> None:
        for lane, most in self._lanes.items():
            while sum(self._lane_of.get(job) == lane for job in self._children) < most:
                job = self._store.claim(lane)
                if job is None:
                    break
                child, self._spare = self._spare or self._spawn(), None
                if child.poll() is not None:
                    child = self._spawn()
                self._lane_of[job] = lane
                self._children[job] = child
                _tell(child, job)
        self._lane_of = {job: lane for job, lane in self._lane_of.items() if job in self._children}
        if self._keep_spare and (self._spare is None or self._spare.poll() is not None):
            self._spare = self._spawn()

    def _spawn(self) -> subprocess.Popen[str]:
        return subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", "smartsynth.jobs.child", str(self.root)],
            stdin=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip

    def _kill(self, job: str) -> None:
        child = self._children.pop(job, None)
        if child is not None:
            _end(child)

    def _purge(self) -> None:
        if time.time() < self._next_purge:
            return
        self._next_purge = time.time() + min(PURGE_SECONDS, self.ttl_seconds / 4)
        for workspace in self._store.untouched(time.time() - self.ttl_seconds):
            self.delete(workspace)


def _known_as(token: str) -> str:
    """How the audit log knows a workspace or a job: whoever reads the log must not be able to open it."""
    return hashlib.sha256(token.encode()).hexdigest()[:12]


def _tell(child: subprocess.Popen[str], job: str) -> None:
    """Give a child its job; a child that is gone is found by `_reap`."""
    if child.stdin is None:
        return
    try:
        child.stdin.write(job + "\n")
        child.stdin.flush()
    except BrokenPipeError:
        child.kill()


def _end(child: subprocess.Popen[str]) -> None:
    """End a child and everything that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    if child.stdin is not None:
        child.stdin.close()


def _owned(root: Path) -> IO[str]:
    """The lock of a folder that is this user's alone."""
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    if root.stat().st_uid != os.getuid():
        raise ConfigError(f"SMARTSYNTH_HOME={str(root)!r} belongs to another user. Name a folder of your own.")
    root.chmod(0o700)
    lock = (root / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise ConfigError(
            f"SMARTSYNTH_HOME={str(root)!r} is in use by another server. Name another folder, or stop that server."
        ) from None
    return lock


def _file_name(name: str) -> str:
    """A file name without folders or anything else that could lead elsewhere; its suffix stays."""
    plain = re.sub(r"[^\w.-]+", "_", Path(name.replace("\\", "/")).name).lstrip(".")
    return plain[-100:] or "data"
