"""The web app as a process of its own, for tests that talk to it as a browser does."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
PATIENCE = 60.0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def app_command(port: int) -> list[str]:
    """`streamlit run app.py` for this machine alone."""
    return [
        sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port),
        "--server.address", "127.0.0.1", "--server.headless", "true",
    ]  # fmt: skip


@contextmanager
def served(
    command: Sequence[str],
    port: int,
    folder: Path,
    *,
    cwd: Path = ROOT,
    settings: Mapping[str, str] | None = None,
    health: str = "/_stcore/health",
) -> Iterator[subprocess.Popen[bytes]]:
    """A server from the moment that it answers; its sessions and its log lie in `folder`."""
    environment = os.environ | {"HOME": str(folder), "SMARTSYNTH_HOME": str(folder / "sessions")} | (settings or {})
    log = folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=cwd, env=environment, stdout=out, stderr=out)
    try:
        end = time.monotonic() + PATIENCE
        while not answers(port, health):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < end, f"no answer within {PATIENCE:.0f} s:\n{log.read_text()}"
            time.sleep(0.2)
        yield process
    finally:
        process.terminate()
        process.wait(20)


def apart(paths: Iterable[Path]) -> bytes:
    """The bytes of files, read by another process: a database that this one closes loses its locks. Some may go meanwhile."""
    return subprocess.run(["cat", *map(str, paths)], check=False, capture_output=True).stdout


def answers(port: int, path: str = "/_stcore/health") -> bool:
    """Whether the server says that it is well."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5):
            return True
    except OSError:
        return False
