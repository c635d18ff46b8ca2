"""The child process of a job: `python -m smartsynth.jobs.child ROOT`.

It imports what any job needs, waits for a job's id on standard input, does that one job and ends. When the server goes
away, standard input closes and the child goes too. What it says about an unforeseen error holds no value of the data.
"""

from __future__ import annotations

import logging
import math
import os
import shutil
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from pathlib import Path

from smartsynth.errors import Cancelled, SmartSynthError, outcome
from smartsynth.jobs.facts import State
from smartsynth.jobs.store import Store
from smartsynth.jobs.tasks import TASKS, warm_up

NICE = 5
"""How far a child stands back behind the server; a long job stands back further (see `Task.patience`)."""
REPORT_SECONDS = 0.2
MOST_POINTS = 300
_log = logging.getLogger(__name__)


def main(root: Path) -> None:
    """Wait for one job and do it."""
    os.nice(NICE)
    warm_up()
    job = sys.stdin.readline().strip()
    if not job:
        return
    threading.Thread(target=_follow_the_server, daemon=True).start()
    store = Store(root / "jobs.sqlite")
    run(store, root, job)


def run(store: Store, root: Path, job: str) -> None:
    """Do a job and write down how it ended. Its folder appears whole or not at all."""
    found = store.job(job)
    if found is None or found.state is not State.RUNNING:
        return
    home = root / "work" / found.workspace
    work, done = home / f".{job}", home / job
    try:
        source = next(iter(sorted((home / "input").glob("*"))))
        work.mkdir(mode=0o700)
        os.nice(TASKS[found.task].patience)
        TASKS[found.task].do(source, work, found.settings, Reporter(store, job))
        work.rename(done)
        store.finish(job, State.SUCCEEDED)  # before the older result goes, so that the newest one is always there
        _drop_older(store, found.workspace, found.task, keep=done)
    except BaseException as error:
        shutil.rmtree(work, ignore_errors=True)
        _write_down(store, job, error)


class Reporter:
    """The progress callback of a job: writes to the store a few times a second, and raises `Cancelled` when asked to."""

    def __init__(self, store: Store, job: str) -> None:
        self._store, self._job = store, job
        self._figures: dict[str, list[tuple[float, float]]] = {}
        self._last, self._stage = 0.0, ""

    def __call__(self, fraction: float, message: str = "", /) -> None:
        figures: Mapping[str, float] = getattr(message, "figures", {})
        for name, value in figures.items():
            if math.isfinite(value):
                self._add(name, fraction, float(value))
        now, stage = time.monotonic(), message.partition(":")[0]
        if now - self._last < REPORT_SECONDS and stage == self._stage:
            return
        self._last, self._stage = now, stage
        if not self._store.report(self._job, fraction, str(message), self._figures):
            raise Cancelled(f"Cancelled at “{message}”. Nothing was kept.")

    def _add(self, name: str, fraction: float, value: float) -> None:
        line = self._figures.setdefault(name, [])
        line.append((round(fraction, 5), value))
        if len(line) > MOST_POINTS:
            del line[1:-1:2]


def _write_down(store: Store, job: str, error: BaseException) -> None:
    if isinstance(error, Cancelled):
        store.finish(job, State.CANCELLED, str(error) or "Cancelled. Nothing was kept.", "cancelled")
        return
    kind = outcome(error).problem_type
    if isinstance(error, SmartSynthError):
        store.finish(job, State.FAILED, str(error), kind)
        return
    place = traceback.extract_tb(error.__traceback__)[-1]
    _log.error("job failed: %s in %s, line %s", type(error).__name__, place.filename, place.lineno)
    if isinstance(error, MemoryError):
        text = "This machine has too little memory for these data. Use fewer rows or columns, or a larger machine."
        store.finish(job, State.FAILED, text, kind)
        return
    text = f"Internal error ({type(error).__name__}). The server's log says where it happened."
    store.finish(job, State.FAILED, text, kind)


def _drop_older(store: Store, workspace: str, task: str, *, keep: Path) -> None:
    """Only the newest result of each task is kept."""
    for folder in keep.parent.iterdir():
        if folder.name in ("input", keep.name) or folder.name.startswith("."):
            continue
        older = store.job(folder.name)
        if older is None or (older.workspace, older.task) == (workspace, task):
            shutil.rmtree(folder, ignore_errors=True)


def _follow_the_server() -> None:
    """End with the server, whose end closes our standard input."""
    while os.read(0, 4096):  # not sys.stdin, whose lock a thread must not hold when the process ends
        pass
    os._exit(1)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
