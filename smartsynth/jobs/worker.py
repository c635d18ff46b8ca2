"""Works on jobs: takes them from the queue, gives each a child process, renews their leases, stops what must stop.

    lanes    quick jobs (a look at a file) never wait behind long ones (a training)
    spare    one child process is kept ready with everything imported, so that a job starts at once
    quick    a child that has done a quick job takes another one; after a long one it is ended
    bounds   a child that uses more memory or time than one job may is ended, and its job says so

A job whose child died goes back to the queue and goes on after its last finished step. One that dies again and again at
the same step fails.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import platform
import secrets
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from smartsynth.jobs.database import Unavailable
from smartsynth.jobs.facts import Claim, State
from smartsynth.jobs.steps import drop_steps
from smartsynth.jobs.store import LEASE_SECONDS

if TYPE_CHECKING:
    from smartsynth.jobs.service import Jobs

GRACE_SECONDS = 0.15
"""How long a job that was asked to stop may go on before its process is ended; what it left is tidied up for it."""
TICK_SECONDS = 0.1
IDLE_SECONDS = 1.0
RENEW_SECONDS = LEASE_SECONDS / 4
TIDY_UP_SECONDS = 60.0
"""So long a child may delete what its result replaces."""
MEMORY_SECONDS = 0.5
TIDY_SECONDS = 20.0
SWEEP_SECONDS = 3600.0
MOST_QUICK = 20
"""Quick jobs that one child does before another one takes its place."""
MOST_DEATHS = 10
"""A job whose process dies so often at one step is not begun again: it is the job that kills it."""
MOST_ATTEMPTS = 20
"""A job with which servers go down so often at one step is not begun again."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one job may use.

    Args:
        memory: Bytes of memory of its processes together; four fifths of the machine's, shared by the long lane, if not given.
        seconds: How long it may run.
    """

    memory: int | None = None
    seconds: float = 86400.0


@dataclass(slots=True)
class _Child:
    """A child process and the job that it works on."""

    process: subprocess.Popen[str]
    claim: Claim
    lane: str
    workspace: str
    began: float
    done: int = 0


class Worker:
    """The thread that watches over the children of one server.

    Args:
        jobs: Whose jobs it works on.
        place: How a child finds the records and files.
        lanes: Children that work at once, by lane.
        keep_spare: Keep one child ready.
        bounds: What one job may use.
    """

    def __init__(
        self, jobs: Jobs, place: Mapping[str, str], *, lanes: Mapping[str, int], keep_spare: bool, bounds: Bounds
    ) -> None:
        self._jobs, self._store, self._place = jobs, jobs.store, dict(place)
        self._lanes, self._keep_spare = dict(lanes), keep_spare
        self._memory, self._seconds = bounds.memory or _own_share(self._lanes["long"]), bounds.seconds
        self.holder = f"{_host()}:{os.getpid()}:{_start_of(os.getpid())}:{secrets.token_hex(4)}"
        self.children: dict[str, _Child] = {}
        self.spare: subprocess.Popen[str] | None = None
        self._idle: list[tuple[subprocess.Popen[str], int]] = []
        self._guard = threading.RLock()
        self._wake, self._closing = threading.Event(), threading.Event()
        self._next: dict[str, float] = {}
        self._thread = threading.Thread(target=self._watch_over, name="smartsynth-jobs", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def wake(self) -> None:
        """Look at the queue now."""
        self._wake.set()

    def stop(self, workspace: str) -> None:
        """End the children that work in a workspace."""
        with self._guard:
            for child in [child for child in self.children.values() if child.workspace == workspace]:
                self._end(child)

    def close(self) -> None:
        """End every child; unfinished jobs go back to the queue."""
        self._closing.set()
        self._wake.set()
        self._thread.join(10)
        with self._guard:
            for child in list(self.children.values()):
                self._end(child)
                with contextlib.suppress(Unavailable):
                    self._store.give_back(child.claim, counted=False)
            for process, _ in self._idle:
                _end(process)
            if self.spare is not None:
                _end(self.spare)

    def _watch_over(self) -> None:
        while not self._closing.is_set():
            try:
                with self._guard:
                    if not self._closing.is_set():
                        self._look_after()
            except Exception as error:
                _log.error("worker: %s; it goes on", type(error).__name__)
                self._closing.wait(0.5)
            self._wake.wait(TICK_SECONDS if self.children else IDLE_SECONDS)
            self._wake.clear()

    def _look_after(self) -> None:
        if self._due("dead", SWEEP_SECONDS):
            self._free_dead()
        self._reap()
        if self.children and self._due("renew", RENEW_SECONDS):
            for claim in self._store.renew([child.claim for child in self.children.values()]):
                if not self._is_tidying(self.children[claim.job]):
                    self._end(self.children[claim.job])
        self._stop_cancelled()
        if self.children and self._due("bounds", MEMORY_SECONDS):
            self._keep_bounds()
        self._start_waiting()
        if self._due("tidy", min(TIDY_SECONDS, self._jobs.ttl_seconds / 4)):
            self._jobs.tidy()
        if self._due("sweep", SWEEP_SECONDS):
            self._jobs.sweep()

    def _is_tidying(self, child: _Child) -> bool:
        """Whether a child has ended its job and deletes what is no longer needed."""
        found = self._store.job(child.claim.job)
        if found is None or found.ended is None:
            return False
        return found.state is State.SUCCEEDED and time.time() - found.ended < TIDY_UP_SECONDS

    def _due(self, what: str, seconds: float) -> bool:
        now = time.monotonic()
        if now < self._next.get(what, 0.0):
            return False
        self._next[what] = now + seconds
        return True

    def _free_dead(self) -> None:
        """Take back at once what servers of this machine held that are gone; others' leases run out."""
        for holder in self._store.holders():
            host, pid, start, *_ = [*holder.rsplit(":", 3), "", ""]
            if host == _host() and pid.isdigit() and _start_of(int(pid)) != start:
                self._store.free(holder)

    def _reap(self) -> None:
        for child in list(self.children.values()):
            said = _said(child.process)
            status = child.process.poll()
            if said:
                self._after_job(child)
            elif status is not None:
                self._end(child)
                self._after_death(child, status)

    def _after_job(self, child: _Child) -> None:
        """A child that has done its job does another one, if it is one of the quick ones."""
        del self.children[child.claim.job]
        if child.lane == "quick" and child.done + 1 < MOST_QUICK and child.process.poll() is None:
            self._idle.append((child.process, child.done + 1))
        else:
            _end(child.process)
        self._wake.set()

    def _after_death(self, child: _Child, status: int) -> None:
        """A child that ended without a word about its job: it is begun again, unless it was stopped or dies every time."""
        found = self._store.job(child.claim.job)
        if found is None or not self._store.holds(child.claim):
            return
        if child.claim.job in self._store.cancel_asked([child.claim.job]):
            self._mark_cancelled(child, found.message)
        elif found.deaths + 1 >= MOST_DEATHS:
            how = "killed, perhaps for want of memory" if status == -signal.SIGKILL else "stopped"
            at = f" at “{found.message}”" if found.message else ""
            text = f"Its process was {how} (status {status}){at}, {found.deaths + 1} times."
            self._finish(child, State.FAILED, text, "stopped")
        else:
            self._store.give_back(child.claim, counted=True)
            self._wake.set()

    def _stop_cancelled(self) -> None:
        if not self.children:
            return
        for job, seconds in self._store.cancel_asked(self.children).items():
            if seconds > GRACE_SECONDS:
                child = self.children[job]
                self._end(child)
                found = self._store.job(job)
                self._mark_cancelled(child, "" if found is None else found.message)

    def _mark_cancelled(self, child: _Child, message: str) -> None:
        at = f" at “{message}”" if message else ""
        self._finish(child, State.CANCELLED, f"Cancelled{at}. Nothing was kept.", "cancelled")

    def _finish(self, child: _Child, state: State, text: str, kind: str) -> None:
        """Write down how a job ended whose child could not."""
        drop_steps(self._jobs.blobs, child.claim.job, child.workspace)
        self._store.finish(child.claim, state, text, kind)

    def _keep_bounds(self) -> None:
        for child in list(self.children.values()):
            used = _memory_of(child.process.pid)
            if used > self._memory:
                self._fail(
                    child,
                    f"It needed more memory than one job may use here ({self._memory / 1024**3:.1f} GB). Use fewer rows or "
                    "columns, or a larger machine.",
                )
            elif time.monotonic() - child.began > self._seconds:
                self._fail(child, f"It took longer than one job may take here ({self._seconds / 60:,.0f} min).")

    def _fail(self, child: _Child, text: str) -> None:
        self._end(child)
        self._finish(child, State.FAILED, text, "too-large")

    def _start_waiting(self) -> None:
        for lane, most in self._lanes.items():
            while sum(child.lane == lane for child in self.children.values()) < most:
                claim = self._store.claim(lane, self.holder)
                if claim is None:
                    break
                self._start(claim, lane)
        if self._keep_spare and (self.spare is None or self.spare.poll() is not None):
            self.spare = self._spawn()

    def _start(self, claim: Claim, lane: str) -> None:
        found = self._store.job(claim.job)
        if found is None:
            return
        if found.attempts > MOST_ATTEMPTS:  # its holders died with it
            text = f"The server stopped {found.attempts - 1} times while this job ran at “{found.message}”."
            self._store.finish(claim, State.FAILED, text, "stopped")
            return
        process, done = self._free_process(lane)
        self.children[claim.job] = _Child(process, claim, lane, found.workspace, time.monotonic(), done)
        _tell(process, claim)

    def _free_process(self, lane: str) -> tuple[subprocess.Popen[str], int]:
        """A process that waits for a job, and how many it has done."""
        while lane == "quick" and self._idle:
            process, done = self._idle.pop()
            if process.poll() is None:
                return process, done
            _end(process)
        process, self.spare = self.spare or self._spawn(), None
        return (process, 0) if process.poll() is None else (self._spawn(), 0)

    def _spawn(self) -> subprocess.Popen[str]:
        place = json.dumps({**self._place, "memory": self._memory})
        return subprocess.Popen(
            [sys.executable, "-m", "smartsynth.jobs.child"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
            env={**os.environ, "SMARTSYNTH_CHILD": place},
        )  # fmt: skip

    def _end(self, child: _Child) -> None:
        """End a child, and delete what it was making."""
        self.children.pop(child.claim.job, None)
        _end(child.process)
        self._jobs.drop_unfinished(child.claim)


def _tell(process: subprocess.Popen[str], claim: Claim) -> None:
    """Give a child its job; a child that is gone is found by `_reap`."""
    if process.stdin is None:
        return
    try:
        process.stdin.write(f"{claim.fence} {claim.job}\n")
        process.stdin.flush()
    except BrokenPipeError:
        process.kill()


def _end(process: subprocess.Popen[str]) -> None:
    """End a process and everything that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


def _said(process: subprocess.Popen[str]) -> bool:
    """Whether a child has said that its job is done; never waits."""
    if process.stdout is None or not select.select([process.stdout], [], [], 0)[0]:
        return False
    return bool(os.read(process.stdout.fileno(), 64))


def _memory_of(pid: int) -> int:
    """Bytes that a process and its descendants hold, pages that they share counted once each."""
    import psutil

    total = 0
    with contextlib.suppress(psutil.Error):
        root = psutil.Process(pid)
        for process in [root, *root.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):
                info = process.memory_info()
                total += info.rss - (info.shared if process is not root else 0)
    return total


def _own_share(workers: int) -> int:
    """Memory of one long job: four fifths of what this machine or container has, shared among them."""
    import psutil

    most = int(psutil.virtual_memory().total)
    with contextlib.suppress(OSError, ValueError):
        most = min(most, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return int(0.8 * most / max(workers, 1))


def _host() -> str:
    """Name of this machine, or of the container whose process numbers this process sees."""
    try:
        space = str(Path("/proc/self/ns/pid").readlink()).removeprefix("pid:")
    except OSError:
        space = ""
    return f"{platform.node()}/{space}".replace(":", "_")


def _start_of(pid: int) -> str:
    """When a process began, so that a number that was given anew is not taken for it; empty if there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
