"""`smartsynth app`: the real server starts, answers and stops; what keeps it from starting is said."""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from commands import invoke

needs_streamlit = pytest.mark.skipif(importlib.util.find_spec("streamlit") is None, reason="extra ui not installed")
PATIENCE = 60.0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def read(url: str) -> str:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return answer.read().decode()


@contextmanager
def started(port: int, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """The command as a process in an empty folder, once it answers."""
    process = subprocess.Popen(
        [sys.executable, "-m", "smartsynth", "app", "--port", str(port), "--no-browser"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=folder,
        env=os.environ | {"HOME": str(folder), "SMARTSYNTH_HOME": str(folder / "sessions")},
    )  # fmt: skip
    try:
        end = time.monotonic() + PATIENCE
        while process.poll() is None and time.monotonic() < end:
            try:
                read(f"http://127.0.0.1:{port}/_stcore/health")
            except OSError:
                time.sleep(0.2)
            else:
                break
        else:
            process.kill()
            pytest.fail(f"The app did not answer within {PATIENCE:.0f} s:\n{process.communicate()[0]}")
        yield process
    finally:
        process.kill()
        process.communicate()


@needs_streamlit
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "end of a service"])
def test_the_app_starts_answers_and_stops(end, tmp_path):
    """The server is the process that was started: it is healthy, serves the page, and ends when it is told to."""
    port = free_port()
    with started(port, tmp_path) as process:
        assert read(f"http://127.0.0.1:{port}/_stcore/health") == "ok"
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
            assert "<html" in answer.read().decode()
            assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
            assert answer.headers["Referrer-Policy"] == "no-referrer"
        process.send_signal(end)
        assert process.wait(20) == 0
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), 5).close()


@needs_streamlit
def test_a_port_in_use_is_said_with_the_way_out():
    """Instead of a second server on another port, the option to change."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        result = invoke("app", "--port", port, "--no-browser")
    assert result.exit_code == 4
    assert f"port={port}" in result.stderr
    assert "--port" in result.stderr
    assert result.stdout == ""


@needs_streamlit
def test_a_host_that_is_not_this_machine_is_refused():
    """An address of another machine cannot be listened on."""
    result = invoke("app", "--host", "192.0.2.1", "--no-browser")
    assert result.exit_code == 4
    assert "192.0.2.1" in result.stderr


def test_without_streamlit_the_cure_is_said(monkeypatch):
    """The extra `ui` is named, with the command that installs it."""
    monkeypatch.setitem(sys.modules, "streamlit", None)
    result = invoke("app", "--no-browser")
    assert result.exit_code == 5
    assert "pip install 'smartsynth[ui]'" in result.stderr
