"""The command of the Dockerfile, shown the way a Space shows it: in a frame of another origin, without cookies."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from chromium import CHROMIUM, FLAGS, NEEDS_CHROMIUM
from servers import ROOT, free_port, served

pytestmark = [
    pytest.mark.slow,
    *NEEDS_CHROMIUM,
    pytest.mark.skipif(importlib.util.find_spec("streamlit") is None, reason="extra ui not installed"),
]


def command(port: int) -> list[str]:
    """The Dockerfile's CMD on another port, reachable from this machine alone."""
    text = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", "")
    given = json.loads(re.search(r"^CMD (\[.*\])$", text, re.MULTILINE)[1])
    given[given.index("--server.port") + 1] = str(port)
    given[given.index("--server.address") + 1] = "127.0.0.1"
    return [sys.executable, "-m", *given]


@pytest.fixture
def outside():
    """A function that gives the address of a page of another site with the app in a frame."""
    servers = []

    def show(port: int) -> str:
        page = (
            f"<!doctype html><title>Space</title><iframe src='http://127.0.0.1:{port}/' width=1200 height=800></iframe>"
        )

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(page.encode())

            def log_message(self, *_: object) -> None:
                """Nothing to say."""

        servers.append(ThreadingHTTPServer(("localhost", 0), Handler))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http://localhost:{servers[-1].server_port}/"

    yield show
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("protected", [False, True], ids=["as in the Dockerfile", "with Streamlit's protection"])
def test_a_file_can_be_uploaded_from_a_frame(outside, tmp_path, protected):
    """With the Dockerfile's command an upload arrives; with the protection it switches off, it would be refused."""
    from playwright.sync_api import expect, sync_playwright

    rows = "\n".join(f"{20 + i % 60},{'ab'[i % 2]},{i * 37 % 101}" for i in range(120))
    (tmp_path / "people.csv").write_text(f"age,group,score\n{rows}\n", "utf-8")
    port = free_port()
    flags = command(port)
    if protected:
        flags[flags.index("--server.enableXsrfProtection") + 1] = "true"
    frames = {"SMARTSYNTH_FRAME_ANCESTORS": "http://localhost:*"}
    with served(flags, port, tmp_path, settings=frames), sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=[*FLAGS, "--test-third-party-cookie-phaseout"]
        )
        page = chromium.new_page()
        page.goto(outside(port))
        frame = page.frame_locator("iframe")
        frame.locator("input[type=file]").first.set_input_files(tmp_path / "people.csv", timeout=60_000)
        sign = "status code 403" if protected else "What to know about these data"
        expect(frame.get_by_text(sign)).to_be_visible(timeout=60_000)
        chromium.close()
