"""A real disk that is full: uploads are refused in words, jobs end in words or wait, and go on once there is room."""

import os
import time

import disks
import pytest
from api.conftest import PREFIX, finished, listening, people, send, someone

from smartsynth.api.app import Service
from smartsynth.jobs import Jobs, State


@pytest.fixture
def disk(tmp_path):
    """A small disk of its own."""
    with disks.small_disk(tmp_path / "disk", "260m") as place:
        yield place


def fill(disk) -> None:
    """Take every byte that is left."""
    with (disk / "filler").open("ab", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                pass


def test_a_full_disk_loses_nothing(disk):
    """What was accepted ends as if nothing had been, once there is room again."""
    jobs = Jobs(disk / "home", keep_spare=False)
    try:
        service = Service(jobs)
        with listening(service) as address, someone(service, address) as http:
            dataset = send(http, people(2_000))
            asked = http.post(
                "/models",
                json={"dataset": dataset, "config": {"generator": "forest", "seed": 1, "evaluate": {"enabled": False}}},
            )
            job = asked.json()["id"]
            while not jobs.watch(job).message.startswith("Fit"):
                time.sleep(0.02)
            fill(disk)
            refused = http.post("/datasets", params={"name": "more.csv"}, content=people())
            assert (refused.status_code, refused.json()["type"]) in (
                (507, f"{PREFIX}/problems/full"), (503, f"{PREFIX}/problems/unavailable"),
            )  # fmt: skip
            time.sleep(5)
            assert http.get("/datasets").status_code == 200  # what is there can be looked at
            assert jobs.watch(job).state in (State.RUNNING, State.QUEUED)
            os.unlink(disk / "filler")
            done = finished(http, asked)
            assert (done["state"], done["problem"]) == ("succeeded", None)
            rows = http.get(done["links"]["data"].removeprefix(PREFIX), params={"format": "csv"})
            assert rows.content.count(b"\n") == 2_001
            jobs.sweep()
            known = {place.rpartition("/")[2] for place in jobs.store.places()}
            assert {name for name in jobs.blobs.names(http.key.account) if name != "input"} <= known
    finally:
        jobs.close()
