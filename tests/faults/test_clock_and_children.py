"""Clocks that are set while a run works, and the library in child processes."""

from __future__ import annotations

import json
import math
import multiprocessing
import time
from dataclasses import replace

import pytest
from faults.conftest import QUICK, run
from faults.work import made, put

import smartsynth as ss
from smartsynth.jobs import Jobs, State


def jumping(by: float):
    """Makes the wall clock of this process jump by so many seconds at every look, as if somebody set it again and again."""

    def trouble() -> None:
        real, looks = time.time, [0]

        def now() -> float:
            looks[0] += 1
            return real() + by * looks[0]

        time.time = now
        time.time_ns = lambda: int(now() * 1e9)

    return trouble


@pytest.mark.parametrize("by", [-3600.0, 86_400.0], ids=["back", "forward"])
def test_a_clock_that_is_set_changes_nothing(by, csv, tmp_path):
    """The same bytes, exit code and seconds of stages that are none below 0."""
    for name, trouble in (("plain", lambda: None), ("odd", jumping(by))):
        place = tmp_path / name
        ended = run("synthesize", csv, "-o", place / "rows.csv", *QUICK[:2], "--seed", 1, "--json", trouble=trouble)
        assert ended.code == 0, ended
        assert all(0 <= seconds < 60 for seconds in json.loads(ended.out)["timings"].values())
    for name in ("rows.csv", "rows.manifest.json"):
        assert (tmp_path / "plain" / name).read_bytes() == (tmp_path / "odd" / name).read_bytes()


def test_progress_never_falls_when_the_clock_does(table, monkeypatch):
    """Shares of progress rise from 0 to 1 whatever the clock says."""
    monkeypatch.setattr(time, "time", lambda: 0.0 - time.perf_counter())
    seen = []
    ss.synthesize(table, generator="copula", seed=1, progress=lambda share, message="": seen.append(share))
    assert seen == sorted(seen) and seen[-1] == 1.0 and not any(map(math.isnan, seen))


def test_jobs_outlive_a_clock_that_goes_back(table, tmp_path, monkeypatch):
    """A job ends, and is not taken for one whose time is over, though the server's clock is set back by a day."""
    jobs = Jobs(tmp_path, keep_spare=False)
    try:
        space = jobs.open("customers.csv", table.to_csv(index=False).encode())
        asked = jobs.submit(space.id, "profile", {})
        real = time.time
        monkeypatch.setattr(time, "time", lambda: real() - 86_400)
        until = time.monotonic() + 60
        while not (job := jobs.watch(asked.id)).state.is_final and time.monotonic() < until:
            time.sleep(0.05)
        assert job.state is State.SUCCEEDED
        assert job.started is not None and replace(job, ended=None).seconds(job.started - 60.0) == 0.0
    finally:
        monkeypatch.undo()
        jobs.close()


HOW = {
    "forest": {"generator": "forest", "seed": 3, "evaluate": {"enabled": False}},
    "refined": {"generator": {"name": "copula", "refine": True}, "seed": 3, "evaluate": {"enabled": False}},
}


@pytest.mark.parametrize("name", HOW)
def test_a_forked_child_makes_the_same_rows(name, table):
    """Also after its parent has used all cores, whose OpenMP does not survive a fork."""
    assert _of_child("fork", table, HOW[name]) == made(table, **HOW[name])
    assert _of_child("fork", table, HOW[name]) == made(table, **HOW[name])


@pytest.mark.slow
def test_a_spawned_child_makes_the_same_rows(table):
    for settings in HOW.values():
        assert _of_child("spawn", table, settings) == made(table, **settings)


def test_a_model_of_the_parent_makes_the_same_rows_in_a_child(table):
    """A fitted generator goes along through a fork."""
    model = ss.create("forest").fit(table, seed=1)
    context = multiprocessing.get_context("fork")
    with context.Pool(2) as pool:
        found = [pool.apply(model.sample, (500,), {"seed": 7}) for _ in range(2)]
    assert all(rows.equals(model.sample(500, seed=7)) for rows in found)


def _of_child(method: str, table, settings) -> str:
    context = multiprocessing.get_context(method)
    queue = context.Queue()
    child = context.Process(target=put, args=(queue, table, settings))
    child.start()
    found = queue.get(timeout=120)
    child.join()
    assert child.exitcode == 0
    return found
