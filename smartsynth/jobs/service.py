"""Jobs: workspaces, data sets and the work on them, wherever it is done.

`Jobs` keeps the records and the files. With `workers` it also works (worker.py); without, processes elsewhere do, which share
its database and storage. Any number of them may share one folder, or one PostgreSQL and one bucket.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from smartsynth.errors import ConfigError, SmartSynthError
from smartsynth.jobs.blobs import Blobs, file_name
from smartsynth.jobs.database import Database
from smartsynth.jobs.facts import Claim, Job, State, StoredData, Workspace
from smartsynth.jobs.steps import drop_steps
from smartsynth.jobs.store import Store
from smartsynth.jobs.tasks import INPUTS, TASKS
from smartsynth.jobs.worker import Bounds, Worker
from smartsynth.privacy import audit

STOPPED_SECONDS = 2.0
"""How long `cancel` waits at most until the work has stopped."""
MOST_WAITING = 50
"""Jobs of passing workspaces that may wait; others have quotas of their own."""
SPARE_BYTES = 200 * 1024**2
"""An upload is refused that would leave less than this on the disk."""
MOST_PARTS = 10_000
GONE_SECONDS = 90 * 86400.0
"""How long it is remembered that something was there once."""


class Gone(SmartSynthError):  # noqa: N818 - a state of things rather than a mistake
    """What was asked for has been deleted or never was there."""


class Busy(SmartSynthError):  # noqa: N818 - a state of things rather than a mistake
    """Something else needs it at the moment."""


class TooMany(SmartSynthError):  # noqa: N818 - a state of things rather than a mistake
    """More is waiting than may wait; later it may be possible."""


class Full(SmartSynthError):  # noqa: N818 - a state of things rather than a mistake
    """There is no room left for what was sent."""


class OtherRequest(SmartSynthError):  # noqa: N818 - a state of things rather than a mistake
    """The same Idempotency-Key was used for another request before."""


class Jobs:
    """Workspaces, data sets and jobs.

    Args:
        root: Folder for everything that is not put elsewhere; made if needed, readable by this user alone.
        database: URL of the records; an SQLite file in `root` if not given.
        storage: URL of the files; a folder in `root` if not given.
        ttl_seconds: A passing workspace that nobody looked at for so long is deleted.
        keep_seconds: In a workspace that stays, what is older than this is deleted.
        workers: Long jobs that this process works on at once; with 0 others work.
        keep_spare: Keep one child process ready.
        bounds: What one job may use.

    Raises:
        ConfigError: The folder belongs to somebody else, or a URL is wrong.
    """

    def __init__(
        self,
        root: Path,
        *,
        database: str | None = None,
        storage: str | None = None,
        ttl_seconds: float = 7200.0,
        keep_seconds: float = 30 * 86400.0,
        workers: int = 1,
        keep_spare: bool = True,
        bounds: Bounds | None = None,
    ) -> None:
        _own(root)
        self.root, self.ttl_seconds, self.keep_seconds = root, ttl_seconds, keep_seconds
        self.store = Store(Database(database or f"sqlite:///{root / 'records.sqlite'}"))
        self.blobs = Blobs(storage or str(root / "work"), root / "scratch")
        self._touched: dict[str, float] = {}
        self.worker: Worker | None = None
        if workers:
            place = {"root": str(root), "database": self.store.database.url, "storage": storage or str(root / "work")}
            self.worker = Worker(
                self, place, lanes={"quick": 1, "long": workers}, keep_spare=keep_spare, bounds=bounds or Bounds()
            )

    # Workspaces

    def open(self, name: str, content: bytes | IO[bytes], notes: Mapping[str, Any] | None = None) -> Workspace:
        """A new workspace with a data set in it."""
        workspace = secrets.token_urlsafe(18)
        self.store.add_workspace(workspace, name, notes or {})
        self.add_dataset(workspace, name, content)
        return self.workspace(workspace)

    def account(self, workspace: str, name: str) -> None:
        """A workspace of this id that stays, made if there is none."""
        self.store.add_workspace(workspace, name, {}, kept=True)

    def workspace(self, workspace: str) -> Workspace:
        """A workspace; looking at it puts off its deletion.

        Raises:
            Gone: It was deleted, or there never was one of this id.
        """
        record = self.store.workspace(workspace)
        if record is None:
            raise Gone("This session has ended: its data were deleted.")
        name, notes, _, kept = record
        now = time.time()
        if not kept and now - self._touched.get(workspace, 0.0) > min(10.0, self.ttl_seconds / 10):
            self.store.touch(workspace)
            self._touched[workspace] = now
        return Workspace(workspace, name, notes, now + self.ttl_seconds)

    def note(self, workspace: str, notes: Mapping[str, Any]) -> None:
        """Keep what the pages want to find again, as plain JSON types."""
        self.store.note(workspace, notes)

    def delete(self, workspace: str) -> None:
        """Stop what runs in a workspace and delete everything that is in it."""
        folder = _checked(workspace)
        if self.worker is not None:
            self.worker.stop(workspace)
        self.store.remove_workspace(workspace)
        self._touched.pop(workspace, None)
        sizes = self.blobs.sizes(folder)
        self.blobs.delete(folder)
        audit.note("delete workspace", workspace=known_as(workspace), files=len(sizes), bytes=sum(sizes))
        self._wake()

    # Data sets

    def add_dataset(self, workspace: str, name: str, content: bytes | IO[bytes]) -> StoredData:
        """Keep a file in a workspace.

        Raises:
            Full: The disk has no room for it.
        """
        return self.fill_dataset(self.begin_dataset(workspace, name), content)

    def fill_dataset(self, data: StoredData, content: bytes | IO[bytes]) -> StoredData:
        """The whole content of a data set that was begun; if that fails, the data set is gone."""
        try:
            self.check_room(len(content) if isinstance(content, bytes) else 0)
            size = self.blobs.put(_input(data), content)
        except BaseException:
            self.store.remove_dataset(data.id)
            raise
        return self._complete(data, size)

    def stored_bytes(self, workspace: str) -> int:
        """Bytes of the data sets of a workspace."""
        return self.store.stored_bytes(workspace)

    def begin_dataset(self, workspace: str, name: str, *, id: str | None = None) -> StoredData:
        """A data set whose content comes later; the one of this id, if there is one already."""
        self.workspace(workspace)
        dataset = id or secrets.token_urlsafe(12)
        self.store.add_dataset(dataset, workspace, name)
        return self.dataset(dataset, workspace)

    def put_part(self, data: StoredData, number: int, content: bytes | IO[bytes]) -> int:
        """Keep a part of a data set, from 1; sent again, it takes the place of the first one."""
        if data.ready:
            raise ConfigError(f"The data set {data.id} is complete: no part can be added.")
        if not 1 <= number <= MOST_PARTS:
            raise ConfigError(f"part={number}: parts are numbered from 1 to {MOST_PARTS}.")
        self.check_room(len(content) if isinstance(content, bytes) else 0)
        return self.blobs.put(f"{_parts(data)}/{number:05d}", content)

    def parts(self, data: StoredData) -> list[int]:
        """The parts that have come so far."""
        return [] if data.ready else [int(name) for name in self.blobs.names(_parts(data))]

    def complete_dataset(self, data: StoredData) -> StoredData:
        """Put the parts together.

        Raises:
            ConfigError: A part is missing.
        """
        if data.ready:
            return data
        found = self.parts(data)
        if lost := sorted(set(range(1, max(found, default=1) + 1)) - set(found)):
            raise ConfigError(f"The data set {data.id} lacks part {', '.join(map(str, lost[:10]))}. Send it first.")
        self.check_room(sum(self.blobs.sizes(_parts(data))))
        with _Parts(self.blobs, [f"{_parts(data)}/{number:05d}" for number in found]) as whole:
            size = self.blobs.put(_input(data), whole)
        made = self._complete(data, size)
        self.blobs.delete(_parts(data))
        return made

    def _complete(self, data: StoredData, size: int) -> StoredData:
        self.store.complete_dataset(data.id, _input(data), size)
        audit.note("upload", workspace=known_as(data.workspace), bytes=size)
        return self.dataset(data.id, data.workspace)

    def dataset(self, dataset: str, workspace: str) -> StoredData:
        """A data set of a workspace.

        Raises:
            Gone: It was deleted, or the workspace has none of this id.
        """
        found = self.store.dataset(dataset)
        if found is None or found.workspace != workspace:
            raise Gone("There is no such data set.")
        return found

    def opened(self, data: StoredData) -> contextlib.AbstractContextManager[IO[bytes]]:
        """The content of a data set, to be read."""
        return self.blobs.open(_input(data))

    def delete_dataset(self, dataset: str, workspace: str) -> None:
        """Delete a data set; what was learnt from it stays.

        Raises:
            Busy: A job needs it.
        """
        found = self.dataset(dataset, workspace)
        if self.store.unfinished_from(dataset, workspace):
            raise Busy("A job that waits or runs needs this data set. Cancel it, or wait until it has ended.")
        self.store.remove_dataset(dataset)
        self.blobs.delete(_input(found))
        self.blobs.delete(_parts(found))
        audit.note("delete dataset", workspace=known_as(workspace), bytes=found.bytes)

    def input(self, workspace: str) -> Path:
        """The newest data set of a workspace, as a file of this machine."""
        _checked(workspace)
        for found in self.store.datasets(workspace):
            if found.place is not None:
                with contextlib.suppress(FileNotFoundError):
                    return self.blobs.local(found.place)
        raise Gone("This session has ended: its data were deleted.")

    # Jobs

    def submit(
        self, workspace: str, task: str, settings: Mapping[str, Any] | None = None, *, request: str | None = None
    ) -> Job:
        """Queue a job.

        Args:
            workspace: Whose it is.
            task: What it does, a name of `tasks.TASKS`.
            settings: What it is asked to do. `dataset`, `holdout` and so on name data sets and jobs of this workspace; the
                newest data set is used if `dataset` is not given.
            request: The caller's own name of this request: sent again, it gives the job that it made the first time.

        Raises:
            ConfigError: There is no such task, or the workspace is busy with one.
            TooMany: Too many jobs are waiting.
            Gone: The workspace, or something that `settings` names, has been deleted.
            OtherRequest: `request` was used for something else.
        """
        if task not in TASKS:
            raise ConfigError(f"task={task!r} is not known. Tasks: {', '.join(TASKS)}.")
        record = self.store.workspace(workspace)
        self.workspace(workspace)
        asked = dict(settings or {})
        if "dataset" in TASKS[task].needs and "dataset" not in asked:
            asked["dataset"] = self._newest(workspace)
        fingerprint = hashlib.sha256(json.dumps([task, asked], sort_keys=True).encode()).hexdigest()
        if request is not None and (known := self.store.by_request(workspace, request)) is not None:
            return _same(known.job, known.fingerprint, fingerprint)
        self._check_inputs(workspace, task, asked)
        if record is not None and not record[3]:
            try:
                self._check_idle(workspace, task)
            except (ConfigError, TooMany):  # the job in the way may be the one that this very request has just made
                if request is not None and (known := self.store.by_request(workspace, request)) is not None:
                    return _same(known.job, known.fingerprint, fingerprint)
                raise
        job = secrets.token_urlsafe(12)
        audit.note(f"submit {task}", workspace=known_as(workspace), job=known_as(job))
        known = self.store.add_job(
            job, workspace, task, TASKS[task].lane, asked, request=request, fingerprint=fingerprint
        )
        if known is not None:
            return _same(known.job, known.fingerprint, fingerprint)
        self._wake()
        return self.watch(job)

    def _newest(self, workspace: str) -> str:
        found = [data for data in self.store.datasets(workspace, limit=20) if data.ready]
        if not found:
            raise Gone("This session has ended: its data were deleted.")
        return found[0].id

    def _check_inputs(self, workspace: str, task: str, settings: Mapping[str, Any]) -> None:
        """Everything that a job needs must be there, and its workspace's own."""
        for name in TASKS[task].needs:
            if settings.get(name) is None:
                raise ConfigError(f"{name} is not given, and {task!r} needs it.")
        for name, kind in INPUTS.items():
            if settings.get(name) is None:
                continue
            if kind == "dataset":
                if not self.dataset(str(settings[name]), workspace).ready:
                    raise ConfigError(f"The data set {settings[name]!r} is not complete yet.")
            elif self.job(str(settings[name]), workspace).state is not State.SUCCEEDED:
                raise ConfigError(f"{name}={settings[name]!r} has not succeeded, so it has no result.")

    def _check_idle(self, workspace: str, task: str) -> None:
        before = self.store.latest(workspace, task)
        if before is not None and not before.state.is_final:
            raise ConfigError("This session already has such a job running. Wait for it, or cancel it.")
        if self.store.count(State.QUEUED) >= MOST_WAITING:
            raise TooMany(f"{MOST_WAITING} jobs are waiting already. Try again in a few minutes.")

    def watch(self, job: str) -> Job:
        """How a job stands.

        Raises:
            Gone: It was deleted.
        """
        found = self.store.job(job)
        if found is None:
            raise Gone("This job is no longer there: its session was deleted.")
        return found

    def job(self, job: str, workspace: str) -> Job:
        """How a job of a workspace stands.

        Raises:
            Gone: It was deleted, or the workspace has none of this id.
        """
        found = self.store.job(job)
        if found is None or found.workspace != workspace:
            raise Gone("There is no such job.")
        return found

    def preview(self, job: str) -> bytes | None:
        """A picture of what a running job is learning, as a PNG file; None if there is none, or none any more.

        It has passed no privacy filter: it is for the data's owner alone, and goes when the job ends.
        """
        return self.store.preview(job)

    def unfinished(self, workspace: str) -> int:
        """How many jobs of a workspace wait or run."""
        return self.store.count(State.QUEUED, State.RUNNING, workspace=workspace)

    def latest(self, workspace: str, task: str, state: State | None = None) -> Job | None:
        """The newest job of a task in a workspace, of those in `state` if given."""
        return self.store.latest(workspace, task, state)

    def cancel(self, job: str, *, wait: bool = True) -> None:
        """Stop a job, of which nothing is kept. Nothing happens if it has ended. Comes back once it is gone."""
        audit.note("cancel job", job=known_as(job))
        self.store.ask_to_cancel(job)
        self._wake()
        until = time.monotonic() + (STOPPED_SECONDS if wait else 0.0)
        while time.monotonic() < until:
            found = self.store.job(job)
            if found is None or found.state.is_final:
                return
            time.sleep(0.02)

    def delete_job(self, job: str, workspace: str) -> None:
        """Delete a job that has ended, with everything that it made.

        Raises:
            Busy: It has not ended, or another job needs its result.
        """
        found = self.job(job, workspace)
        if not found.state.is_final:
            raise Busy("The job has not ended. Cancel it first.")
        if self.store.unfinished_from(job, workspace):
            raise Busy("A job that waits or runs needs the result of this one. Cancel it, or wait until it has ended.")
        place = self.store.result_place(job)
        self.store.remove_job(job)
        if place is not None:
            self.blobs.delete(place)
        drop_steps(self.blobs, job, workspace)
        audit.note("delete job", workspace=known_as(workspace), job=known_as(job))

    def result(self, job: str) -> Path:
        """The folder of what a job that succeeded made, on this machine.

        Raises:
            ConfigError: It has not succeeded.
            Gone: It was deleted.
        """
        found = self.watch(job)
        if found.state is not State.SUCCEEDED:
            raise ConfigError(f"The job is {found.state.value}, so it has no result.")
        place = self.store.result_place(job)
        try:
            if place is not None:
                return self.blobs.local(place)
        except FileNotFoundError:
            pass
        raise Gone("The result of this job was replaced by a newer one.")

    def close(self) -> None:
        """Stop working; unfinished jobs go back to the queue. Workspaces stay until they expire."""
        if self.worker is not None:
            self.worker.close()
        self.store.database.close()

    def tidy(self) -> None:
        """Delete what has expired, and files that belong to nothing."""
        for workspace in self.store.untouched(self.ttl_seconds):
            self.delete(workspace)
        for job in self.store.ended_before(self.keep_seconds):
            with contextlib.suppress(Gone, Busy):
                self.delete_job(job, self.watch(job).workspace)
        for dataset in self.store.datasets_before(self.keep_seconds):
            found = self.store.dataset(dataset)
            if found is not None:
                with contextlib.suppress(Gone, Busy):
                    self.delete_dataset(dataset, found.workspace)

    def sweep(self) -> None:
        """Delete files that no record knows: what a crash left behind."""
        self.store.forget_gone(GONE_SECONDS)
        for workspace in self.blobs.names():
            if self.store.workspace(workspace) is None:
                self.blobs.delete(workspace)
                continue
            names = [name for name in self.blobs.names(workspace) if name != "input"]
            idle = [name for name in names if not self._at_work(name)]
            known = self.store.places()  # asked last: what was at work until now is known by now
            for name in idle:
                if f"{workspace}/{name}" not in known:
                    self.blobs.delete(f"{workspace}/{name}")
            for name in self.blobs.names(f"{workspace}/input"):
                if self.store.dataset(name.partition(".")[0]) is None:
                    self.blobs.delete(f"{workspace}/input/{name}")

        for folder in (self.root / "scratch").glob("*.*"):
            job, _, rest = folder.name.partition(".")
            holder = rest.partition(".")[0]
            if not (holder.isdigit() and self.store.holds(Claim(job, int(holder)))):
                shutil.rmtree(folder, ignore_errors=True)

    def drop_unfinished(self, claim: Claim) -> None:
        """Delete what an attempt was making, on this machine."""
        for folder in (self.root / "scratch").glob(f"{claim.name}*"):
            shutil.rmtree(folder, ignore_errors=True)

    def _at_work(self, name: str) -> bool:
        """Whether files of this name may be those that an attempt is writing now."""
        job, _, rest = name.partition(".")
        found = self.store.job(job)
        return found is not None and not found.state.is_final and rest.partition(".")[0].isdigit()

    def check_room(self, size: int) -> None:
        """Whether so many more bytes may be stored.

        Raises:
            Full: The disk has no room for them.
        """
        if self.blobs.is_local and shutil.disk_usage(self.root).free < size + SPARE_BYTES:
            raise Full("The disk of the server is nearly full: nothing was stored. Delete what is no longer needed.")

    def _wake(self) -> None:
        if self.worker is not None:
            self.worker.wake()


class _Parts:
    """Several files read one after the other as one."""

    def __init__(self, blobs: Blobs, names: list[str]) -> None:
        self._blobs, self._names = blobs, names
        self._stack = contextlib.ExitStack()
        self._file: IO[bytes] | None = None

    def __enter__(self) -> IO[bytes]:
        return self  # type: ignore[return-value]

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def read(self, size: int = -1) -> bytes:
        while True:
            if self._file is None:
                if not self._names:
                    return b""
                self._file = self._stack.enter_context(self._blobs.open(self._names.pop(0)))
            if chunk := self._file.read(size):
                return chunk
            self._stack.close()
            self._file = None


def from_environment(*, workers: int | None = None) -> Jobs:
    """Jobs as the environment asks for; docs/deploy.md lists the variables."""
    home = os.environ.get("SMARTSYNTH_HOME")
    root = Path(home) if home else Path(tempfile.gettempdir()) / f"smartsynth-{os.getuid()}"
    memory = os.environ.get("SMARTSYNTH_JOB_MEMORY_GB")
    return Jobs(
        root,
        database=os.environ.get("SMARTSYNTH_DATABASE") or None,
        storage=os.environ.get("SMARTSYNTH_BLOBS") or None,
        ttl_seconds=60.0 * _positive("SMARTSYNTH_TTL_MINUTES", 120),
        keep_seconds=86400.0 * _positive("SMARTSYNTH_KEEP_DAYS", 30),
        workers=int(_positive("SMARTSYNTH_WORKERS", 1)) if workers is None else workers,
        bounds=Bounds(
            memory=int(_positive("SMARTSYNTH_JOB_MEMORY_GB", 1) * 1024**3) if memory else None,
            seconds=60.0 * _positive("SMARTSYNTH_JOB_MINUTES", 1440),
        ),
    )


def known_as(token: str) -> str:
    """How the audit log knows a workspace or a job: whoever reads the log must not be able to open it."""
    return hashlib.sha256(token.encode()).hexdigest()[:12]


def _same(job: Job, before: str, now: str) -> Job:
    if before != now:
        raise OtherRequest(
            "This Idempotency-Key was used for another request before. Give each request one of its own."
        )
    return job


def _positive(name: str, default: float) -> float:
    text = os.environ.get(name, str(default))
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not value > 0:
        raise ConfigError(f"{name}={text!r} must be a number above 0.")
    return value


def _own(root: Path) -> None:
    """Makes a folder that is this user's alone."""
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    if root.stat().st_uid != os.getuid():
        raise ConfigError(f"SMARTSYNTH_HOME={str(root)!r} belongs to another user. Name a folder of your own.")
    root.chmod(0o700)


def _checked(workspace: str) -> str:
    if re.fullmatch(r"[\w-]{4,64}", workspace) is None:
        raise Gone("This session has ended: its data were deleted.")
    return workspace


def _input(data: StoredData) -> str:
    return f"{data.workspace}/input/{data.id}.{file_name(data.name)}"


def _parts(data: StoredData) -> str:
    return f"{data.workspace}/input/{data.id}.parts"
