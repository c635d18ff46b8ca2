"""A real server of the API, and keys that open it."""

import threading
import time
from contextlib import contextmanager

import httpx
import numpy as np
import pandas as pd
import pytest
import uvicorn
from servers import free_port

from smartsynth.api.access import Limits
from smartsynth.api.app import Service, create_app
from smartsynth.jobs import Jobs

PREFIX = "/api/v1"
COPULA = {"generator": "copula", "seed": 1, "target": "label"}


def people(n: int = 300, seed: int = 0) -> bytes:
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 80, n)
    frame = pd.DataFrame({
        "age": age, "group": rng.choice(["red", "green", "blue"], n), "income": (age * 100 + rng.normal(0, 500, n)).round(2),
        "label": rng.choice(["yes", "no"], n),
    })  # fmt: skip
    return frame.to_csv(index=False).encode()


@contextmanager
def listening(service: Service):
    """The address of a server in a thread of this process."""
    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(create_app(service), port=port, log_config=None, access_log=False, ws="none")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 30
    while not server.started and time.monotonic() < until:
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)


@pytest.fixture(scope="session")
def service(tmp_path_factory):
    """A service that works on jobs."""
    jobs = Jobs(tmp_path_factory.mktemp("service") / "home", workers=2)
    yield Service(jobs, Limits(rate="100000/second", unfinished=500, body=5_000_000, settings=100_000))
    jobs.close()


@pytest.fixture(scope="session")
def address(service):
    with listening(service) as url:
        yield url


@pytest.fixture
def http(service, address):
    """Somebody with an account of his own."""
    with someone(service, address) as client:
        yield client


@contextmanager
def someone(service: Service, address: str, scope: str = "admin", **how):
    text, key = service.keys.create(service.jobs, "somebody", scope=scope, **how)
    with httpx.Client(base_url=address + PREFIX, headers={"Authorization": f"Bearer {text}"}, timeout=60) as client:
        client.key, client.text = key, text
        yield client


def send(http: httpx.Client, content: bytes | None = None, name: str = "people.csv") -> str:
    """The id of a data set."""
    answer = http.post("/datasets", params={"name": name}, content=people() if content is None else content)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def finished(http: httpx.Client, answer: httpx.Response, patience: float = 120) -> dict:
    """The job of a 202 once it has ended."""
    assert answer.status_code == 202, answer.text
    until = time.monotonic() + patience
    while time.monotonic() < until:
        found = http.get(answer.headers["Location"].removeprefix(PREFIX)).json()
        if found["state"] in ("succeeded", "failed", "cancelled"):
            return found
        time.sleep(0.05)
    raise AssertionError(f"still {found['state']}: {found['message']}")
