"""`smartsynth serve`: the web app and the API in one process; and its parts alone."""

import json
import os
import re
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pandas as pd
import pytest
from api.conftest import COPULA, people
from servers import ROOT, free_port, served

import smartsynth as ss


def command(port: int, *more: str) -> list[str]:
    return [sys.executable, "-m", "smartsynth", "serve", "--port", str(port), *more]


def asked(port: int, path: str, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_one_command_serves_pages_and_api(tmp_path):
    """Both see the same jobs; the log holds no address of a page and ends with the server."""
    port = free_port()
    with served(command(port), port, tmp_path):
        assert json.loads(asked(port, "/healthz")[1]) == {"status": "ok", "checks": None}
        assert json.loads(asked(port, "/readyz")[1])["checks"] == {"database": True, "storage": True, "worker": True}
        assert asked(port, "/metrics")[0] == 200
        assert b"<title>Streamlit</title>" in asked(port, "/?session=planted-secret")[1]
        assert json.loads(asked(port, "/api/v1/openapi.json")[1])["info"]["title"] == "SmartSynth"
        assert asked(port, "/api/v1/datasets", {"X-Forwarded-For": "203.0.113.9"})[0] == 401
        with ss.Client(f"http://127.0.0.1:{port}") as client:
            assert len(client.synthesize(people(), **COPULA).data) == 300
    log = (tmp_path / "log").read_text()
    assert '"route": "/api/v1/models"' in log or '"route": "/models"' in log
    assert "planted-secret" not in log


def test_parts_that_share_a_folder_work_together(tmp_path):
    """An API that works on nothing, and a worker that listens nowhere."""
    port = free_port()
    environment = os.environ | {"HOME": str(tmp_path), "SMARTSYNTH_HOME": str(tmp_path / "sessions")}
    with served(command(port, "--only", "api"), port, tmp_path, health="/healthz"):
        worker = subprocess.Popen(command(port, "--only", "worker"), env=environment, stderr=subprocess.DEVNULL)
        try:
            with ss.Client(f"http://127.0.0.1:{port}") as client:
                assert client.profile(people()).rows == 300
        finally:
            worker.terminate()
            assert worker.wait(20) == 0


def test_keys_are_made_listed_and_revoked(tmp_path):
    """On the command line, for a server that asks for them."""
    environment = os.environ | {"HOME": str(tmp_path), "SMARTSYNTH_HOME": str(tmp_path / "sessions")}

    def keys(*words: str) -> subprocess.CompletedProcess[str]:
        full = [sys.executable, "-m", "smartsynth", "keys", *words]
        return subprocess.run(full, env=environment, capture_output=True, text=True, timeout=60)

    text = keys("create", "--name", "ci", "--scope", "read", "--days", "30").stdout.strip()
    assert text.startswith("sk_")
    (known,) = json.loads(keys("list", "--json").stdout)
    assert (known["name"], known["scope"]) == ("ci", "read")
    assert text not in keys("list").stdout
    port = free_port()
    with served(command(port, "--only", "api"), port, tmp_path, health="/healthz"):
        bearer = {"Authorization": f"Bearer {text}"}
        assert asked(port, "/api/v1/datasets", bearer)[0] == 200
        assert asked(port, "/metrics", bearer)[0] == 403
        assert keys("revoke", known["id"]).returncode == 0
        assert asked(port, "/api/v1/datasets", bearer)[0] == 401
    assert keys("revoke", "none").returncode == 4
    assert keys("create", "--scope", "all").returncode == 4


def test_a_server_that_was_killed_goes_on_where_it_was(tmp_path):
    """Whoever waits for a job gets it after the restart."""
    port = free_port()
    with served(command(port), port, tmp_path) as process:
        with ss.Client(f"http://127.0.0.1:{port}") as client, client._uploaded(people(5_000), keep=True) as dataset:
            config = {"generator": "forest", "seed": 1, "evaluate": {"enabled": False}}
            job = client._answer("POST", "/api/v1/models", json={"dataset": dataset, "config": config}).json()
            while not client._get(job["links"]["self"])["message"].startswith("Fit"):
                time.sleep(0.05)
        process.kill()
        process.wait()
    with served(command(port), port, tmp_path), ss.Client(f"http://127.0.0.1:{port}") as client:
        until = time.monotonic() + 120
        while (now := client._get(job["links"]["self"]))["state"] == "running" and time.monotonic() < until:
            time.sleep(0.2)
        assert (now["state"], now["problem"]) == ("succeeded", None)


@pytest.mark.parametrize("words", [("--only", "nothing"), ("--port", "0"), ("--host", "203.0.113.77")])
def test_what_cannot_be_served_is_said_at_once(words):
    """Before anything starts."""
    done = subprocess.run(
        [sys.executable, "-m", "smartsynth", "serve", *words], capture_output=True, text=True, timeout=60
    )
    assert done.returncode in (2, 4)
    assert "Traceback" not in done.stderr


def test_the_commands_of_the_documentation_do_what_it_says(tmp_path):
    """docs/api.md, from the first line to the last, in one shell against a real server."""
    page = (ROOT / "docs" / "api.md").read_text("utf-8")
    (script,) = re.findall(r"```bash\n(.+?)```", page, re.DOTALL)
    port = free_port()
    home = tmp_path / "home"
    home.mkdir()
    (data,) = re.findall(r"```python\n([^`]+to_csv\(\"loans.csv\"[^`]+)```", page)
    subprocess.run([sys.executable, "-c", data], cwd=home, check=True)
    with served(command(port), port, tmp_path):
        script = "set -euo pipefail\n" + script.replace("127.0.0.1:8501", f"127.0.0.1:{port}")
        done = subprocess.run(["bash", "-c", script], cwd=home, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "succeeded"
    assert len(pd.read_csv(home / "synthetic.csv")) == 300
    assert len(pd.read_parquet(home / "more.parquet")) == 100_000
    assert "event: end" in (home / "events.txt").read_text()
    assert json.loads((home / "scores.json").read_text())["scores"]
    assert zipfile.is_zipfile(home / "model.zip")


def test_requests_are_spans_for_whoever_collects_them(tmp_path):
    """Sent by OpenTelemetry's protocol, with the pattern of the route and no address."""
    received = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self):
            received.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    collector = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=collector.serve_forever, daemon=True).start()
    port = free_port()
    told = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.server_port}",
        "OTEL_BSP_SCHEDULE_DELAY": "200",
    }
    try:
        with served(command(port, "--only", "api"), port, tmp_path, settings=told, health="/healthz"):
            assert asked(port, "/api/v1/datasets/planted-id?planted=query")[0] == 404
            until = time.monotonic() + 20
            while b"/datasets/{dataset}" not in b"".join(body for _, body in received) and time.monotonic() < until:
                time.sleep(0.1)
    finally:
        collector.shutdown()
        collector.server_close()
    whole = b"".join(body for _, body in received)
    assert {path for path, _ in received} == {"/v1/traces"}
    assert b"/datasets/{dataset}" in whole
    assert b"smartsynth" in whole
    assert b"planted" not in whole
