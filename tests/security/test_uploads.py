"""Requests that are too large or too slow, sent over real sockets to a real server in a process of its own, whose memory is measured."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
import time

import httpx
import psutil
import pytest
from servers import free_port, served

from smartsynth import patience
from smartsynth.errors import ConfigError

PREFIX = "/api/v1"
MB = 1024**2
LIMIT = 8 * MB
SERVER = f"""
import sys
from smartsynth.api.access import Limits
from smartsynth.api.app import Service, create_app
from pathlib import Path
from smartsynth.jobs import Jobs
from smartsynth.patience import Patience, protocol
import uvicorn
jobs = Jobs(Path(sys.argv[2]), workers=1)
service = Service(jobs, Limits(rate="100000/second", body={LIMIT}, settings=100_000), open=True)
how = protocol(Patience(head_seconds=1.0, body_seconds=1.0, least_rate=1000, rest_seconds=1.0))
uvicorn.run(create_app(service, close=True), port=int(sys.argv[1]), log_config=None, access_log=False, http=how, limit_concurrency=200)
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Its port and its process."""
    port, folder = free_port(), tmp_path_factory.mktemp("server")
    command = [sys.executable, "-c", SERVER, str(port), str(folder / "home")]
    with served(command, port, folder, health="/healthz") as process:
        yield port, psutil.Process(process.pid), folder
    assert b"Traceback" not in (folder / "log").read_bytes()


@pytest.fixture
def port(server):
    return server[0]


def memory(process: psutil.Process) -> int:
    return process.memory_info().rss


def connected(port: int) -> socket.socket:
    made = socket.create_connection(("127.0.0.1", port), timeout=15)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def head(port: int, path: str, *more: str, kind: str = "text/csv", method: str = "POST") -> bytes:
    lines = [f"{method} {PREFIX}{path} HTTP/1.1", f"Host: 127.0.0.1:{port}", f"Content-Type: {kind}", *more, "", ""]
    return "\r\n".join(lines).encode()


def status(answer: bytes) -> int:
    assert answer.startswith(b"HTTP/1.1 "), answer[:100]
    return int(answer[9:12])


def heard(made: socket.socket, seconds: float = 15) -> bytes:
    """What the server says until it ends the connection, or for so long."""
    made.settimeout(seconds)
    parts = []
    with contextlib.suppress(OSError):
        while part := made.recv(65_536):
            parts.append(part)
    return b"".join(parts)


def poured(made: socket.socket, pieces: int, piece: bytes) -> int:
    """How many bytes could be sent before the server ended the connection."""
    sent = 0
    with contextlib.suppress(OSError):
        for _ in range(pieces):
            made.sendall(piece)
            sent += len(piece)
    return sent


def chunk(content: bytes) -> bytes:
    return f"{len(content):x}\r\n".encode() + content + b"\r\n"


def test_a_length_beyond_the_limit_is_refused_before_a_byte_of_it_is_read(port):
    """The answer comes though nothing was sent yet."""
    with connected(port) as made:
        made.sendall(head(port, "/datasets", f"Content-Length: {10 * 1024**3}"))
        assert status(made.recv(4096)) == 413


FORM = "multipart/form-data; boundary=xx"
ENDLESS = [
    ("/datasets", "text/csv", 413), ("/datasets", FORM, 413), ("/jobs", FORM, 413), ("/jobs", "text/csv", 422),
    ("/datasets/partial", "application/json", 413), ("/models", "text/plain", 413), ("/models", "application/json", 413),
]  # fmt: skip


@pytest.mark.parametrize(("path", "kind", "code"), ENDLESS)
def test_an_endless_body_is_refused_while_it_is_sent(server, path, kind, code):
    """In chunks, without a length: the connection ends soon after the limit, and the server's memory does not grow with it."""
    port, process, _ = server
    begun = b'--xx\r\nContent-Disposition: form-data; name="file"; filename="x.csv"\r\n\r\n'
    start = begun if kind == FORM else b'{"name": "'
    before = memory(process)
    with connected(port) as made:
        made.sendall(head(port, path, "Transfer-Encoding: chunked", kind=kind) + chunk(start))
        got: list[bytes] = []
        listener = threading.Thread(target=lambda: got.append(heard(made)))
        listener.start()
        # A gigabyte if nobody stops it; what follows the answer is thrown away for a second.
        poured(made, 1000, chunk(b"a" * MB))
        listener.join(20)
    assert status(got[0]) == code, got[0][:300]
    assert memory(process) - before < 60 * MB


@pytest.mark.slow
def test_memory_stays_flat_however_many_send(server):
    """Ten connections at once, each up to the limit."""
    port, process, _ = server
    before = memory(process)

    def send() -> None:
        with connected(port) as made:
            made.sendall(head(port, "/datasets", "Transfer-Encoding: chunked"))
            poured(made, 100, chunk(b"1,2,3\n" * 170_000))
            assert status(heard(made)) == 413

    threads = [threading.Thread(target=send) for _ in range(10)]
    for thread in threads:
        thread.start()
    most = 0
    while any(thread.is_alive() for thread in threads):
        most = max(most, memory(process) - before)
        time.sleep(0.02)
    assert most < 100 * MB


def test_a_length_that_is_too_small_ends_the_body_there(port):
    """What follows is the next request, which is none."""
    with connected(port) as made:
        made.sendall(head(port, "/datasets?name=x.csv", "Content-Length: 6") + b"a\n1\n2\n" + b"b" * 3 * MB)
        answer = heard(made)
    assert status(answer) == 201
    assert answer.count(b"HTTP/1.1 ") == 2
    assert b"HTTP/1.1 400 " in answer


def test_a_length_that_is_too_large_waits_no_longer_than_it_may(server):
    """The body never comes; nothing of it is kept."""
    port, _, folder = server
    with connected(port) as made:
        began = time.monotonic()
        made.sendall(head(port, "/datasets", f"Content-Length: {5 * MB}") + b"a,b\n" * 600_000)
        assert heard(made) == b""
    assert 0.5 < time.monotonic() - began < 6
    assert list((folder / "home").rglob("*.tmp*")) == []


@pytest.mark.parametrize(
    "lines",
    [
        ["Content-Length: 5", "Content-Length: 6"], ["Content-Length: -5"], ["Content-Length: 5x"], ["Content-Length: 99999999999999999999999999"],
        ["Transfer-Encoding: chunked", "Transfer-Encoding: gzip"], ["Transfer-Encoding: gzip, chunked"],
    ],
)  # fmt: skip
def test_lengths_that_contradict_themselves_are_refused(port, lines):
    """Two servers that understood them differently could be led astray."""
    with connected(port) as made:
        made.sendall(head(port, "/datasets", *lines) + b"0\r\n\r\n")
        assert status(made.recv(4096)) in (400, 413, 501)


def test_chunks_that_lie_are_refused(port):
    """A size that is no number, or larger than anything."""
    for size in (b"xyz", b"-5", b"f" * 40):
        with connected(port) as made:
            made.sendall(head(port, "/datasets", "Transfer-Encoding: chunked") + size + b"\r\nabc\r\n")
            answer = heard(made, 5)
        assert answer == b"" or status(answer) in (400, 413)


def test_a_body_is_not_read_before_the_key_was_looked_at(port):
    """Who has no key fills neither memory nor disk: the answer comes before the body."""
    for path, kind in (
        ("/datasets", "text/csv"),
        ("/jobs", "multipart/form-data; boundary=xx"),
        ("/datasets/x/parts/1", "text/csv"),
    ):
        with connected(port) as made:
            method = "PUT" if "parts" in path else "POST"
            made.sendall(
                head(port, path, "Content-Length: 5000000", "Authorization: Bearer wrong", kind=kind, method=method)
            )
            assert status(made.recv(4096)) == 401, path


def test_heads_that_trickle_end(port):
    """A byte of a head now and then, which no request ever comes of: 408 after a second here, not never."""
    with connected(port) as made:
        began = time.monotonic()
        with contextlib.suppress(OSError):
            for letter in head(port, "/datasets") * 3:
                made.sendall(bytes([letter]))
                time.sleep(0.05)
                if time.monotonic() - began > 10:
                    break
        answer = heard(made)
    assert time.monotonic() - began < 6
    assert answer == b"" or status(answer) == 408


def test_connections_that_say_nothing_end(port):
    """Also after a first request was answered."""
    with connected(port) as made:
        assert status(heard(made)) == 408
    with connected(port) as made:
        made.sendall(head(port, "/generators", method="GET"))
        assert status(made.recv(65_536)) == 200
        made.sendall(b"GET /healthz HTTP/1.1\r\nX-Slow: ")
        began = time.monotonic()
        heard(made)
    assert time.monotonic() - began < 5


def test_heads_without_end_are_refused(server):
    """However quickly they come."""
    port, process, _ = server
    before = memory(process)
    with connected(port) as made:
        made.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
        sent = poured(made, 2_000, b"X-More: " + b"y" * 10_000 + b"\r\n")
        answer = heard(made)
    assert sent < 15 * MB
    assert answer == b"" or status(answer) in (400, 408, 431)
    assert memory(process) - before < 30 * MB


def test_bodies_that_trickle_end(port):
    """Ten bytes a second, where a thousand are the least."""
    with connected(port) as made:
        made.sendall(head(port, "/datasets", "Content-Length: 100000"))
        began = time.monotonic()
        with contextlib.suppress(OSError):
            while time.monotonic() - began < 10:
                made.sendall(b"a")
                time.sleep(0.1)
    assert 0.5 < time.monotonic() - began < 6


def test_who_sends_on_after_the_answer_is_cut_off(port):
    """A body whose request has been answered is thrown away for a moment, not for ever."""
    with connected(port) as made:
        made.sendall(head(port, "/datasets", "Transfer-Encoding: chunked", "Authorization: Bearer wrong"))
        assert status(made.recv(4096)) == 401
        began = time.monotonic()
        with contextlib.suppress(OSError):
            while time.monotonic() - began < 10:
                made.sendall(chunk(b"a" * 1000))
                time.sleep(0.05)
    assert time.monotonic() - began < 6


@pytest.mark.slow
def test_many_slow_ones_do_not_keep_others_out(port):
    """A hundred and fifty that trickle: a request beside them is answered, and a moment later all of them are gone."""
    slow = [connected(port) for _ in range(150)]
    try:
        for made in slow:
            made.sendall(b"POST /api/v1/datasets HTTP/1.1\r\nX: ")
        assert httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=5).status_code == 200
        deadline = time.monotonic() + 8
        for made in slow:
            assert status(heard(made, max(deadline - time.monotonic(), 0.1))) == 408
    finally:
        for made in slow:
            made.close()


@pytest.mark.slow
def test_one_process_holds_so_many_connections_and_no_more(port):
    """Then it says 503 and lives on."""
    many = [connected(port) for _ in range(230)]
    try:
        for made in many:
            made.sendall(b"GET /he")
        time.sleep(0.2)
        with connected(port) as made:
            made.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert status(made.recv(4096)) == 503
    finally:
        for made in many:
            made.close()
    time.sleep(0.3)
    assert httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=5).status_code == 200


def test_who_is_quick_enough_is_not_disturbed(port):
    """A slow but steady upload, which takes longer than a look, and a request after a pause on the same connection."""
    with connected(port) as made:
        made.sendall(head(port, "/datasets?name=steady.csv", "Content-Length: 12000"))
        for _ in range(8):
            made.sendall(b"1,2\n" * 375)
            time.sleep(0.2)
        assert status(made.recv(4096)) == 201
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        for pause in (0.0, 1.3):
            time.sleep(pause)
            assert client.get("/healthz").status_code == 200


def test_every_answer_tells_browsers_to_trust_nothing(port):
    """Answers, errors, refusals of a middleware and what is not there."""
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        answers = [
            client.get("/healthz"), client.get(f"{PREFIX}/datasets"), client.get("/nothing"), client.get(f"{PREFIX}/openapi.json"),
            client.post(f"{PREFIX}/models", content=b"x" * 200_000), client.request("TRACE", f"{PREFIX}/datasets"),
        ]  # fmt: skip
    assert {answer.status_code for answer in answers} >= {200, 404, 413}
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "script-src" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert "access-control-allow-origin" not in answer.headers
        assert "server" not in answer.headers or answer.headers["server"] == "uvicorn"


@pytest.mark.parametrize(
    "name", ["SMARTSYNTH_API_HEAD_SECONDS", "SMARTSYNTH_API_BODY_SECONDS", "SMARTSYNTH_API_CONNECTIONS"]
)
@pytest.mark.parametrize("value", ["0", "-1", "soon", "1e9", "nan"])
def test_a_patience_that_is_none_is_refused(monkeypatch, name, value):
    """By its name and its value."""
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=f"{name}='{value}' must be a number"):
        patience.limits()


def test_patience_comes_from_the_environment(monkeypatch):
    """And goes to uvicorn."""
    monkeypatch.setenv("SMARTSYNTH_API_HEAD_SECONDS", "3")
    monkeypatch.setenv("SMARTSYNTH_API_CONNECTIONS", "50")
    found = patience.limits()
    assert (found["http"].patience.head_seconds, found["http"].patience.body_seconds, found["limit_concurrency"]) == (
        3.0,
        30.0,
        50,
    )
