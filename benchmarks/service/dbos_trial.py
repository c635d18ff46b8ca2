"""What DBOS Transact does under the faults that the jobs must survive: figures behind docs/decisions.md.

    pip install dbos==3.4.0
    python benchmarks/service/dbos_trial.py kills       servers are killed and started again under the same executor id
    python benchmarks/service/dbos_trial.py failover    one of two servers dies and does not come back
    python benchmarks/service/dbos_trial.py commits     one commit fails, for each k

A workflow has four steps of 0.15 s, each of which writes a line. Records are in SQLite, with the JSON serializer.
"""

from __future__ import annotations

import contextlib
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

PATIENCE = 60.0


def serve(root: Path, executor: str, fail_commit: int) -> None:
    """A server: two workflows at a time; its k-th commit fails once."""
    import sqlalchemy as sa
    from dbos import DBOS
    from dbos._dbos import _get_dbos_instance
    from dbos._serialization import DBOSPortableJSONSerializer

    DBOS(config={
        "name": "trial", "system_database_url": f"sqlite:///{root}/db.sqlite", "executor_id": executor,
        "application_version": "1", "log_level": "CRITICAL", "serializer": DBOSPortableJSONSerializer(),
    })  # fmt: skip

    @DBOS.step()
    def step(job: str, number: int) -> int:
        time.sleep(0.15)
        with (root / "effects").open("a") as file:
            file.write(f"{job} {number}\n")
        return number

    @DBOS.workflow(name="work")
    def work(job: str) -> str:
        for number in range(4):
            step(job, number)
        return job

    DBOS.launch()
    DBOS.register_queue("queue", worker_concurrency=2, polling_interval_sec=0.1)
    if fail_commit:
        count = 0

        @sa.event.listens_for(_get_dbos_instance()._sys_db.engine, "commit")
        def commit(_: object) -> None:
            nonlocal count
            count += 1
            if count == fail_commit:
                raise sqlite3.OperationalError("disk I/O error")

    (root / f"up-{os.getpid()}").touch()
    while True:
        time.sleep(1)


def started(root: Path, executor: str, fail_commit: int = 0) -> subprocess.Popen[bytes]:
    server = subprocess.Popen([sys.executable, __file__, "serve", str(root), executor, str(fail_commit)])
    while not (root / f"up-{server.pid}").exists() and server.poll() is None:
        time.sleep(0.05)
    return server


def enqueue(root: Path, n: int) -> None:
    from dbos import DBOSClient
    from dbos._serialization import DBOSPortableJSONSerializer

    client = DBOSClient(system_database_url=f"sqlite:///{root}/db.sqlite", serializer=DBOSPortableJSONSerializer())
    for i in range(n):
        how = {"workflow_name": "work", "queue_name": "queue", "workflow_id": f"job{i}", "app_version": "1"}
        client.enqueue(how, f"job{i}")


def states(root: Path) -> Counter[str]:
    with contextlib.closing(sqlite3.connect(root / "db.sqlite", timeout=30)) as db:
        return Counter(row[0] for row in db.execute("SELECT status FROM workflow_status"))


def steps_twice(root: Path) -> int:
    lines = Counter((root / "effects").read_text().splitlines()) if (root / "effects").exists() else Counter[str]()
    return sum(n - 1 for n in lines.values())


def waited(root: Path, jobs: int, seconds: float = PATIENCE) -> Counter[str]:
    until = time.monotonic() + seconds
    while time.monotonic() < until and states(root)["SUCCESS"] + states(root)["ERROR"] < jobs:
        time.sleep(0.5)
    return states(root)


def kills(root: Path, jobs: int = 200) -> None:
    servers, n = {name: started(root, name) for name in "ab"}, 0
    enqueue(root, jobs)
    while states(root)["SUCCESS"] < jobs and n < 200:
        time.sleep(random.uniform(0.5, 3))
        name = random.choice("ab")
        servers[name].kill()
        servers[name].wait()
        servers[name], n = started(root, name), n + 1
    print({"kills": n, "states": dict(waited(root, jobs)), "steps twice": steps_twice(root)})
    end(*servers.values())


def failover(root: Path, jobs: int = 8) -> None:
    dead, alive = started(root, "a"), started(root, "b")
    enqueue(root, jobs)
    time.sleep(1)
    dead.kill()
    print({"seconds after the death": PATIENCE, "states": dict(waited(root, jobs))})
    end(dead, alive)


def commits(root: Path) -> None:
    ends: Counter[str] = Counter()
    for k in range(1, 25):
        folder = root / str(k)
        folder.mkdir()
        end(started(folder, "a"))
        server = started(folder, "a", k)
        enqueue(folder, 1)
        ends.update(waited(folder, 1, 15).keys())
        end(server)
    print({"commits that failed once": 24, "ends": dict(ends)})


def end(*servers: subprocess.Popen[bytes]) -> None:
    for server in servers:
        server.kill()
        server.wait()


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
    {"kills": kills, "failover": failover, "commits": commits}[sys.argv[1]](Path(tempfile.mkdtemp()))
