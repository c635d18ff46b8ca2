"""Two hundred clients at once for a minute: how long do reads take, does anything fail, does every job end?

    python benchmarks/service/load.py --clients 200 --seconds 60

A server of its own (`smartsynth serve`: pages, API and worker in one process) and the clients share this machine. Each client
asks, waits about a second as a program that polls does, and asks again: nine of ten times it reads (a job, a list, a data set,
the generators), else it asks for a small job (a profile of 300 rows) until its account has as many as it may.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import aiohttp
import numpy as np
from injected import people

PREFIX = "/api/v1"
ACCOUNTS = 40


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class Clients:
    """What the clients saw."""

    def __init__(self, url: str, keys: list[str], seconds: float) -> None:
        self.url, self.keys, self.until = url, keys, time.monotonic() + seconds
        self.reads: list[float] = []
        self.writes: list[float] = []
        self.statuses: Counter[str] = Counter()
        self.accepted: list[tuple[str, str]] = []

    async def ask(
        self, http: aiohttp.ClientSession, key: str, method: str, path: str, **more: object
    ) -> dict[str, object] | None:
        began = time.perf_counter()
        try:
            async with http.request(
                method, self.url + PREFIX + path, headers={"Authorization": f"Bearer {key}"}, **more
            ) as answer:
                body = await answer.json()
                self.statuses[f"{method} {answer.status}"] += 1
                (self.reads if method == "GET" else self.writes).append(time.perf_counter() - began)
                return body if answer.status < 400 else None
        except (aiohttp.ClientError, OSError) as error:
            self.statuses[type(error).__name__] += 1
            return None

    async def live(self, http: aiohttp.ClientSession, number: int, dataset: str) -> None:
        chance, key = random.Random(number), self.keys[number % len(self.keys)]
        jobs: list[str] = []
        await asyncio.sleep(chance.random())
        while time.monotonic() < self.until:
            if chance.random() < 0.1:
                made = await self.ask(http, key, "POST", "/profiles", json={"dataset": dataset})
                if made is not None:
                    jobs.append(str(made["id"]))
                    self.accepted.append((key, jobs[-1]))
            else:
                paths = ["/jobs?limit=10", "/datasets", f"/datasets/{dataset}", "/generators"]
                if jobs:
                    paths += [f"/jobs/{chance.choice(jobs)}"] * 6
                await self.ask(http, key, "GET", chance.choice(paths))
            await asyncio.sleep(chance.expovariate(1.0))


async def drive(url: str, keys: list[str], clients: int, seconds: float) -> Clients:
    seen = Clients(url, keys, seconds)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(60)
    ) as http:
        sets = [await seen.ask(http, key, "POST", "/datasets?name=people.csv", data=people(300)) for key in keys]
        seen.reads.clear()
        seen.writes.clear()
        seen.until = time.monotonic() + seconds
        await asyncio.gather(*(seen.live(http, i, str(sets[i % len(keys)]["id"])) for i in range(clients)))  # type: ignore[index]
        until = time.monotonic() + 1200
        left = dict.fromkeys(seen.accepted)
        ends: Counter[str] = Counter()
        while left and time.monotonic() < until:
            for key, job in list(left):
                found = await seen.ask(http, key, "GET", f"/jobs/{job}")
                if found is not None and found["state"] in ("succeeded", "failed", "cancelled"):
                    ends[str(found["state"])] += 1
                    left.pop((key, job))
            await asyncio.sleep(2)
        seen.statuses["jobs that did not end"] = len(left)
        seen.statuses.update({f"jobs {state}": n for state, n in ends.items()})
    return seen


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--jobs", type=int, default=5, help="Unfinished jobs that an account may have.")
    parser.add_argument("--out", type=Path, default=None)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="smartsynth-load-") as home:
        environment = os.environ | {
            "SMARTSYNTH_HOME": f"{home}/s",
            "SMARTSYNTH_API_JOBS": str(asked.jobs),
            "OMP_NUM_THREADS": "1",
        }
        make = [sys.executable, "-m", "smartsynth", "keys", "create"]
        keys = [
            subprocess.run(make, env=environment, capture_output=True, text=True, check=True).stdout.strip()
            for _ in range(1)
        ]
        keys += _more_keys(environment, ACCOUNTS - 1)
        port = free_port()
        log = Path(home) / "log"
        with log.open("wb") as out:
            server = subprocess.Popen(
                [sys.executable, "-m", "smartsynth", "serve", "--port", str(port)], env=environment, stderr=out
            )
        try:
            _wait(port)
            seen = asyncio.run(drive(f"http://127.0.0.1:{port}", keys, asked.clients, asked.seconds))
        finally:
            server.terminate()
            server.wait(30)
    p50, p95, p99 = (1000 * float(np.quantile(seen.reads, q)) for q in (0.5, 0.95, 0.99))
    found = {
        "command": f"python benchmarks/service/load.py --clients {asked.clients} --seconds {asked.seconds:g}",
        "requests per second": round((len(seen.reads) + len(seen.writes)) / asked.seconds),
        "reads": {"n": len(seen.reads), "p50 ms": round(p50, 1), "p95 ms": round(p95, 1), "p99 ms": round(p99, 1)},
        "writes p95 ms": round(1000 * float(np.quantile(seen.writes, 0.95)), 1),
        "jobs accepted": len(seen.accepted),
        "answers": dict(sorted(seen.statuses.items())),
    }
    print(json.dumps(found, indent=1))
    if asked.out is not None:
        asked.out.write_text(json.dumps(found, indent=1) + "\n", "utf-8")


def _more_keys(environment: dict[str, str], n: int) -> list[str]:
    code = (
        "import sys; from smartsynth.jobs import from_environment; from smartsynth.api.keys import Keys\n"
        "jobs = from_environment(workers=0); keys = Keys(jobs.store.database)\n"
        "[print(keys.create(jobs, 'load')[0]) for _ in range(int(sys.argv[1]))]; jobs.close()"
    )
    made = subprocess.run(
        [sys.executable, "-c", code, str(n)], env=environment, capture_output=True, text=True, check=True
    )
    return made.stdout.split()


def _wait(port: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            with socket.create_connection(("127.0.0.1", port), 1):
                return
        except OSError:
            time.sleep(0.2)
    raise SystemExit("the server did not start")


if __name__ == "__main__":
    main()
