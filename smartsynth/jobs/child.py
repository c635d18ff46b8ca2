"""The child process of a job: `python -m smartsynth.jobs.child`.

It imports what any job needs, waits for a claim on standard input, does that job, says so on standard output and waits for
the next. The server ends it after a long job, and after some quick ones. When the server goes away, standard input closes
and the child goes too. What it says about an unforeseen error holds no value of the data.
"""

from __future__ import annotations

import contextlib
import json
import logging
import math
import os
import queue
import resource
import shutil
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from pathlib import Path

from smartsynth.errors import TOO_LITTLE_MEMORY, Cancelled, SmartSynthError, lacks_memory, outcome
from smartsynth.formats import plain
from smartsynth.jobs.blobs import Blobs
from smartsynth.jobs.database import Database, Unavailable
from smartsynth.jobs.facts import Claim, Job, State
from smartsynth.jobs.steps import Steps, drop_steps
from smartsynth.jobs.store import Store
from smartsynth.jobs.tasks import INPUTS, TASKS, Work, warm_up

NICE = 5
"""How far a child stands back behind the server; a long job stands back further (see `Task.patience`)."""
REPORT_SECONDS = 0.2
MOST_POINTS = 300
PATIENCE = 30.0
"""Seconds for which a child tries to reach the database again."""
DONE = b"."
"""What it says after each job."""
SLACK = 2.0
"""How far over its bound the system lets a child get: the server ends it there, and says why. A child that the system stops at once may
hang, because OpenBLAS waits for ever for memory that it does not get."""
AGAIN = 75
"""Exit status of an attempt that met with trouble of the machine and may be made again."""
_log = logging.getLogger(__name__)


def main() -> None:
    """Wait for one job and do it."""
    place = json.loads(os.environ["SMARTSYNTH_CHILD"])
    with contextlib.suppress(ValueError, OSError):
        most = int(SLACK * place["memory"])
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    server = os.dup(1)
    os.dup2(2, 1)  # what a library prints goes to the log and not to the server
    os.nice(NICE)
    warm_up()
    claims: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_follow_the_server, args=(claims,), daemon=True).start()
    fence, _, job = claims.get().partition(" ")
    store = Store(Database(place["database"], patience=PATIENCE))
    blobs = Blobs(place["storage"], Path(place["root"]) / "scratch")
    while True:
        run(store, blobs, Claim(job, int(fence)))
        os.write(server, DONE)
        fence, _, job = claims.get().partition(" ")


def run(store: Store, blobs: Blobs, claim: Claim) -> None:
    """Do a job and write down how it ended. Its result appears whole or not at all."""
    found = store.job(claim.job)
    if found is None or not store.holds(claim):
        return
    work, place = blobs.scratch / claim.name, f"{found.workspace}/{claim.name}"
    try:
        work.mkdir(mode=0o700)
        os.nice(TASKS[found.task].patience)
        steps = Steps(store, blobs, claim, found.workspace)
        reporter = Reporter(store, claim)
        TASKS[found.task].do(Work(_inputs(store, blobs, found), work, found.settings, reporter, steps))
        blobs.put_folder(place, work)
        if not store.finish(claim, State.SUCCEEDED, result=place):
            blobs.delete(place)
            return
        _drop_older(store, blobs, found, keep=place)
    except BaseException as error:
        shutil.rmtree(work, ignore_errors=True)
        _write_down(store, claim, error, found)
    ended = store.job(claim.job)
    if ended is None or ended.state.is_final:
        drop_steps(blobs, claim.job, found.workspace)


def _inputs(store: Store, blobs: Blobs, job: Job) -> dict[str, Path]:
    """The files and results that the settings name, on this machine."""
    found: dict[str, Path] = {}
    for name, kind in INPUTS.items():
        asked = job.settings.get(name)
        if asked is None:
            continue
        if kind == "dataset":
            data = store.dataset(str(asked))
            place = None if data is None or data.workspace != job.workspace else data.place
        else:
            other = store.job(str(asked))
            place = None if other is None or other.workspace != job.workspace else store.result_place(other.id)
        if place is None:
            raise Cancelled(f"{name}={asked!r} was deleted before the job began.")
        found[name] = blobs.local(place)
    return found


def _names(store: Store, job: Job) -> dict[str, str]:
    """What the files of a job are called here, and what their owner calls them."""
    asked = [str(job.settings[name]) for name, kind in INPUTS.items() if kind == "dataset" and job.settings.get(name)]
    known = [data for data in map(store.dataset, asked) if data is not None and data.workspace == job.workspace]
    return {data.place.rpartition("/")[2]: plain(data.name, 100) for data in known if data.place is not None}


class Reporter:
    """The progress callback of a job: writes to the records a few times a second, and raises `Cancelled` when asked to."""

    def __init__(self, store: Store, claim: Claim) -> None:
        self._store, self._claim = store, claim
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
        if not self._store.report(self._claim, fraction, str(message), self._figures):
            raise Cancelled(f"Cancelled at “{message}”. Nothing was kept.")
        picture: bytes | None = getattr(message, "picture", None)
        if picture is not None:
            self._store.show(self._claim, picture)

    def _add(self, name: str, fraction: float, value: float) -> None:
        line = self._figures.setdefault(name, [])
        line.append((round(fraction, 5), value))
        if len(line) > MOST_POINTS:
            del line[1:-1:2]


def _write_down(store: Store, claim: Claim, error: BaseException, job: Job) -> None:
    """How a job ended; a message of the library calls files what their owner calls them."""
    if (trouble := _of_the_machine(error)) is not None:
        _try_again(store, claim, trouble)
    if isinstance(error, Cancelled):
        store.finish(claim, State.CANCELLED, str(error) or "Cancelled. Nothing was kept.", "cancelled")
        return
    kind = outcome(error).problem_type
    if isinstance(error, SmartSynthError):
        text = str(error)
        for here, theirs in _names(store, job).items():
            text = text.replace(here, theirs)
        store.finish(claim, State.FAILED, text, kind)
        return
    _log_place(error)
    if lacks_memory(error):
        store.finish(claim, State.FAILED, TOO_LITTLE_MEMORY, "too-large")
        return
    text = f"Internal error ({type(error).__name__}). The server's log says where it happened."
    store.finish(claim, State.FAILED, text, kind)


def _of_the_machine(error: BaseException) -> BaseException | None:
    """The trouble with the disk or the database that an error is, or came from; None if it is of another kind."""
    cause = error.__cause__ if isinstance(error, SmartSynthError) else error
    if isinstance(error, Unavailable) or (isinstance(error, OSError) and not isinstance(error, SmartSynthError)):
        return error
    return cause if isinstance(cause, OSError) and cause.errno is not None else None


def _try_again(store: Store, claim: Claim, error: BaseException) -> None:
    """The disk or the database failed: the server gives the job to another attempt, unless this was the last one."""
    from smartsynth.jobs.worker import MOST_DEATHS

    _log_place(error)
    found = store.job(claim.job)
    if found is not None and found.deaths + 1 >= MOST_DEATHS:
        what = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
        text = f"The server could not write what it made, {found.deaths + 1} times ({what}). Start it again later."
        store.finish(claim, State.FAILED, text, "internal")
    time.sleep(0.3)
    sys.exit(AGAIN)


def _log_place(error: BaseException) -> None:
    place = traceback.extract_tb(error.__traceback__)[-1]
    _log.error("job failed: %s in %s, line %s", type(error).__name__, place.filename, place.lineno)


def _drop_older(store: Store, blobs: Blobs, job: Job, *, keep: str) -> None:
    """Only the newest result of each task is kept in a passing workspace.

    The records forget a result first, so that what a process leaves that is killed meanwhile is swept away.
    """
    record = store.workspace(job.workspace)
    if record is None or record[3]:
        return
    for older in store.jobs(job.workspace, [job.task]):
        place = store.result_place(older.id) if older.state is State.SUCCEEDED else None
        if place is not None and place != keep:
            store.forget_result(older.id)
            blobs.delete(place)


def _follow_the_server(claims: queue.SimpleQueue[str]) -> None:
    """Hand on the claims that the server sends, and end with the server, whose end closes our standard input."""
    text = ""
    while read := os.read(0, 4096):  # not sys.stdin, whose lock a thread must not hold when the process ends
        *lines, text = (text + read.decode()).split("\n")
        for line in lines:
            claims.put(line)
    os._exit(0 if not claims.qsize() else 1)


if __name__ == "__main__":
    main()
