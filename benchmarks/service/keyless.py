"""How much memory of a server somebody without a key can take: a body without an end, sent to a place for settings.

    python benchmarks/service/keyless.py --megabytes 600

To see another version, let PYTHONPATH name it.
"""

from __future__ import annotations

import argparse
import contextlib
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

import psutil

SERVER = """
import sys
from pathlib import Path
import uvicorn
from smartsynth.api.app import Service, create_app
from smartsynth.jobs import Jobs
how = {}
try:
    from smartsynth.patience import limits
    how = limits()
except ImportError:
    pass
app = create_app(Service(Jobs(Path(sys.argv[2]), workers=0)))
uvicorn.run(app, port=int(sys.argv[1]), log_config=None, access_log=False, **how)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=600)
    parser.add_argument("--path", default="/api/v1/models")
    given = parser.parse_args()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen([sys.executable, "-c", SERVER, str(port), f"{folder}/home"])
        try:
            answer, sent, grown = poured(server, port, given.path, given.megabytes)
        finally:
            server.terminate()
            server.wait(20)
    print(f"{sent} MB sent to {given.path}; the server grew by {grown / 1e6:.0f} MB and said {answer}.")


def poured(server: subprocess.Popen[bytes], port: int, path: str, megabytes: int) -> tuple[str, int, int]:
    """What the server says, megabytes that were sent, and by how many bytes its memory grew at most."""
    while True:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5)
            break
        time.sleep(0.1)
    process = psutil.Process(server.pid)
    before, most, sent = process.memory_info().rss, 0, 0
    with socket.create_connection(("127.0.0.1", port), timeout=20) as made:
        made.sendall(
            f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        )
        with contextlib.suppress(OSError):
            for _ in range(megabytes):
                made.sendall(b"f4240\r\n" + b"a" * 1_000_000 + b"\r\n")
                sent += 1
                most = max(most, process.memory_info().rss - before)
            made.sendall(b"0\r\n\r\n")
        for _ in range(20):
            most = max(most, process.memory_info().rss - before)
            time.sleep(0.05)
        return made.recv(100).split(b"\r\n")[0].decode(), sent, most


if __name__ == "__main__":
    main()
