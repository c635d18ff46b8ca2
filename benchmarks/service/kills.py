"""Servers and children are killed at random moments: is a job lost, done twice, or half-made?

    python benchmarks/service/kills.py --kills 200

Two servers share one folder and work on jobs that a third process asks for. `kill -9` hits a server (and with it its children)
or a child alone; a killed server is started again. All jobs have the same data and seed, so each must end with the same bytes
as one that was left alone.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import psutil
from injected import people

from smartsynth.jobs import Jobs, State

SERVER = "import sys, time; from pathlib import Path; from smartsynth.jobs import Jobs; Jobs(Path(sys.argv[1])); time.sleep(1e6)"
SETTINGS = {"config": {"generator": "forest", "seed": 1, "evaluate": {"enabled": False}}}


def server(root: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", SERVER, str(root)], stderr=subprocess.DEVNULL)


def children(one: subprocess.Popen[bytes]) -> list[psutil.Process]:
    try:
        return psutil.Process(one.pid).children()
    except psutil.Error:
        return []


def strike(servers: list[subprocess.Popen[bytes]], root: Path, chance: random.Random) -> str:
    """One kill -9; what it hit."""
    place = chance.randrange(len(servers))
    victims = children(servers[place])
    if victims and chance.random() < 0.6:
        with contextlib.suppress(psutil.Error):
            chance.choice(victims).send_signal(signal.SIGKILL)
        return "child"
    servers[place].kill()
    servers[place].wait()
    servers[place] = server(root)
    return "server"


def digest(jobs: Jobs, job: str) -> str:
    return hashlib.sha256((jobs.result(job) / "files" / "synthetic.csv").read_bytes()).hexdigest()


def run(kills: int, seed: int) -> dict[str, object]:
    root, chance = Path(tempfile.mkdtemp(prefix="smartsynth-kills-")) / "home", random.Random(seed)
    asks = Jobs(root, workers=0)
    asks.account("account", "somebody")
    data = asks.add_dataset("account", "people.csv", people(400))
    servers = [server(root), server(root)]
    began, hit, ids = time.monotonic(), Counter[str](), []
    try:
        while sum(hit.values()) < kills:
            while asks.store.count(State.QUEUED, State.RUNNING) < 4:
                ids.append(
                    asks.submit("account", "synthesize", {**SETTINGS, "dataset": data.id}, request=f"job {len(ids)}").id
                )
            time.sleep(chance.uniform(0.5, 3.0))
            hit[strike(servers, root, chance)] += 1
        until = time.monotonic() + 300
        while asks.store.count(State.QUEUED, State.RUNNING) and time.monotonic() < until:
            time.sleep(0.2)
        seconds = time.monotonic() - began
        found = [asks.watch(job) for job in ids]
        asks.sweep()
        time.sleep(1)
        kept = Counter(name.partition(".")[0] for name in asks.blobs.names("account") if name != "input")
        bytes_of = Counter(digest(asks, job.id) for job in found if job.state is State.SUCCEEDED)
        return {
            "kills": dict(hit), "seconds": round(seconds), "jobs": len(ids),
            "states": dict(Counter(job.state.value for job in found)),
            "problems": dict(Counter((job.problem or "")[:60] for job in found if job.problem)),
            "results of one job": max(kept.values(), default=0), "different results": len(bytes_of),
            "files of no job": sorted(set(kept) - set(ids)),
        }  # fmt: skip
    finally:
        for one in servers:
            one.kill()
            one.wait()
        asks.close()
        shutil.rmtree(root.parent, ignore_errors=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=None)
    asked = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    found = run(asked.kills, asked.seed)
    print(json.dumps(found, indent=1))
    if asked.out is not None:
        asked.out.write_text(
            json.dumps({"command": f"python benchmarks/service/kills.py --kills {asked.kills}", **found}, indent=1)
            + "\n",
            "utf-8",
        )


if __name__ == "__main__":
    main()
