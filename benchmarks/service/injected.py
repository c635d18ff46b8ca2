"""Every k-th write, fsync, rename and commit of a job fails, once or always: is the job ever lost, or anything half-made?

    python benchmarks/service/injected.py --task synthesize

For each k one job is done from its beginning. `once`: the k-th call fails one time, as after a passing trouble, and the job
must succeed. `always`: from the k-th call on every call of this kind fails, as on a full or broken disk, and the job must
end in words or, where not even that can be written down, wait for a server that can.
"""

from __future__ import annotations

import argparse
import builtins
import contextlib
import errno
import json
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import sqlalchemy as sa

from smartsynth.jobs import Jobs, State, child
from smartsynth.jobs.database import Unavailable

KINDS = ("write", "fsync", "rename", "commit")
SETTINGS = {"profile": {}, "synthesize": {"config": {"generator": "copula", "seed": 1, "evaluate": {"enabled": False}}}}
MOST_ROUNDS = 12


class Faults:
    """Fails the k-th call of one kind below a folder, once or from then on.

    Args:
        kind: One of KINDS.
        k: Which call, from 1; 0 fails none and counts.
        always: Whether all calls after it fail too.
        folder: Only files below it count.
    """

    def __init__(self, kind: str, k: int, always: bool, folder: Path) -> None:
        self.kind, self.k, self.always, self.folder = kind, k, always, str(folder)
        self.calls = self.failed = 0

    def meet(self, what: object) -> None:
        """Count a call, and fail it if its turn has come."""
        self.calls += 1
        if self.k and (self.calls == self.k or (self.always and self.calls > self.k)):
            self.failed += 1
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(what))

    @contextlib.contextmanager
    def on(self, jobs: Jobs) -> Iterator[Faults]:
        """Let calls fail while the block runs."""
        if self.kind == "commit":
            engine = jobs.store.database.engine

            def commit(_: sa.Connection) -> None:
                try:
                    self.meet("commit")
                except OSError:
                    import sqlite3

                    raise sa.exc.OperationalError("COMMIT", {}, sqlite3.OperationalError("disk I/O error")) from None

            sa.event.listen(engine, "commit", commit)
            try:
                yield self
            finally:
                sa.event.remove(engine, "commit", commit)
            return
        with _patched(self):
            yield self


@contextlib.contextmanager
def _patched(faults: Faults) -> Iterator[None]:
    real = {"open": builtins.open, "fsync": os.fsync, "rename": os.rename, "replace": os.replace}

    def ours(path: object) -> bool:
        text = os.fspath(path) if isinstance(path, (str, os.PathLike)) else ""
        return isinstance(text, str) and text.startswith(faults.folder) and "records.sqlite" not in text

    def opened(file, mode="r", *more, **how):  # type: ignore[no-untyped-def]
        if set(mode) & set("wxa+") and (ours(file) or isinstance(file, int)):
            faults.meet(file)
        return real["open"](file, mode, *more, **how)

    def fsync(handle):  # type: ignore[no-untyped-def]
        faults.meet("fsync")
        return real["fsync"](handle)

    def rename(one, two, **how):  # type: ignore[no-untyped-def]
        if ours(one):
            faults.meet(two)
        return real["rename"](one, two, **how)

    def replace(one, two, **how):  # type: ignore[no-untyped-def]
        if ours(one):
            faults.meet(two)
        return real["replace"](one, two, **how)

    import io

    io_open = io.open
    try:
        if faults.kind == "write":
            builtins.open = opened
            io.open = opened
        elif faults.kind == "fsync":
            os.fsync = fsync
        else:
            os.rename, os.replace = rename, replace
        yield
    finally:
        builtins.open, io.open, os.fsync = real["open"], io_open, real["fsync"]
        os.rename, os.replace = real["rename"], real["replace"]


def people(n: int = 150) -> bytes:
    rng = np.random.default_rng(0)
    age = rng.integers(18, 80, n)
    income = (age * 100 + rng.normal(0, 500, n)).round(2)
    return (
        pd.DataFrame({"age": age, "income": income, "label": rng.choice(["yes", "no"], n)}).to_csv(index=False).encode()
    )


def done(jobs: Jobs, workspace: str, job: str, faults: Faults) -> str:
    """Work on a job as a server does, until it has ended or nobody gets any further; how it stands then."""
    claim = None
    for _ in range(MOST_ROUNDS):
        with contextlib.suppress(Unavailable, OSError, SystemExit), faults.on(jobs):
            claim = jobs.store.claim("quick", "me") or jobs.store.claim("long", "me")
            if claim is not None:
                child.run(jobs.store, jobs.blobs, claim)
        found = jobs.watch(job)
        if found.state.is_final:
            return found.state.value
        if found.state is State.RUNNING and claim is not None:
            with contextlib.suppress(Unavailable):
                jobs.store.give_back(
                    claim, counted=True
                )  # as its server does when the process has ended without a word
    return jobs.watch(job).state.value


def trial(task: str, kind: str, k: int, *, always: bool) -> tuple[str, int, list[str]]:
    """How one job ended, how many calls there were, and what is wrong about what it left."""
    root = Path(tempfile.mkdtemp(prefix="smartsynth-faults-"))
    child.PATIENCE, patience = 0.2, 0.2
    jobs = Jobs(root / "home", workers=0)
    jobs.store.database.patience = patience
    try:
        jobs.account("account", "somebody")
        data = jobs.add_dataset("account", "people.csv", people())
        job = jobs.submit("account", task, {"dataset": data.id, **SETTINGS[task]})
        faults = Faults(kind, k, always, root)
        state = done(jobs, "account", job.id, faults)
        return state, faults.calls, wrongs(jobs, job.id, state, always=always)
    finally:
        jobs.close()
        shutil.rmtree(root, ignore_errors=True)


def wrongs(jobs: Jobs, job: str, state: str, *, always: bool) -> list[str]:
    """What is not as it should be after a job."""
    found = []
    allowed = ("succeeded", "failed", "queued", "running") if always else ("succeeded",)
    if state not in allowed:
        found.append(f"ended as {state}")
    if state == "failed" and not jobs.watch(job).problem:
        found.append("failed without a word")
    if state == "succeeded":
        folder = jobs.result(job)
        if not (folder / "profile.json").is_file() and not (folder / "files" / "synthetic.csv").is_file():
            found.append("its result is not whole")
    jobs.sweep()
    known = {place.rpartition("/")[2] for place in jobs.store.places()}
    if state in ("succeeded", "failed"):
        found += [f"left {name}" for name in jobs.blobs.names("account") if name != "input" and name not in known]
        found += [f"left scratch/{path.name}" for path in (jobs.root / "scratch").iterdir()]
    return found


def every(task: str, kind: str, *, always: bool) -> dict[str, object]:
    """All k of one kind, until no call is left to fail."""
    _, calls, _ = trial(task, kind, 0, always=False)
    states: Counter[str] = Counter()
    bad = []
    for k in range(1, calls + 1):
        state, _, wrong = trial(task, kind, k, always=always)
        states[state] += 1
        bad += [f"k={k}: {one}" for one in wrong]
    return {"task": task, "kind": kind, "mode": "always" if always else "once", "calls": calls, **states, "wrong": bad}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--task", choices=sorted(SETTINGS), default="synthesize")
    parser.add_argument("--out", type=Path, default=None)
    asked = parser.parse_args()
    found = []
    for kind in KINDS:
        for always in (False, True):
            found.append(every(asked.task, kind, always=always))
            print(json.dumps(found[-1]), flush=True)
    if asked.out is not None:
        asked.out.write_text(
            json.dumps({"command": "python " + " ".join(sys.argv), "results": found}, indent=1) + "\n", "utf-8"
        )


if __name__ == "__main__":
    main()
