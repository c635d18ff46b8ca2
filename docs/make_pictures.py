"""Photograph reports and the app for the pages.

Of a report its upper part, or one section of it by its name in the address:

    make demo
    python docs/make_pictures.py out/report.html docs/images/report.png
    python docs/run_pages.py docs/tutorials/healthcare.md --keep out/healthcare
    python docs/make_pictures.py out/healthcare/out/report.html docs/images/rules.png rules
    python docs/run_pages.py docs/tutorials/fraud.md --keep out/fraud
    python docs/make_pictures.py out/fraud/out/augmentation.html docs/images/augmentation.png

Pictures that a page makes itself are taken from where it ran:

    python docs/run_pages.py docs/tutorials/images.md --keep out/images
    cp out/images/out/real.png docs/images/digits-real.png
    cp out/images/out/synthetic.png docs/images/digits-synthetic.png

Of the app its pages, with the tour of purchases:

    python docs/make_pictures.py app docs/images

Or one page of it, by the address that the browser shows:

    python docs/make_pictures.py 'http://127.0.0.1:8501/evaluate?session=…' docs/images/app.png

Needs the development set (playwright) and Chromium.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
SIZE = {"width": 1280, "height": 1960}
SCALE = 0.75
STEPS = (  # a page, the button that says that it is ready, and its picture
    ("Upload", "Configure", "app-upload.png"),
    ("Configure", "Generate", "app-configure.png"),
    ("Generate", "Evaluate", None),
    ("Evaluate", "Download", "app.png"),
)
PATIENCE = 600_000  # milliseconds: a run on a busy machine


def main(what: str, picture: Path, section: str | None = None) -> None:
    """Write the upper part of `what` (a file or an address), or a section, as it looks in a browser, to the PNG `picture`."""
    picture.parent.mkdir(parents=True, exist_ok=True)
    with _browser() as page:
        if what.startswith("http"):
            page.goto(what)
            page.get_by_role("tab").first.wait_for()
            page.wait_for_timeout(2000)
        else:
            page.goto(Path(what).resolve().as_uri())
        if section is None:
            height = page.evaluate("() => document.documentElement.scrollHeight")
            page.set_viewport_size({**SIZE, "height": min(height, SIZE["height"])})
            page.screenshot(path=picture)
        else:
            page.locator(f"#{section}").screenshot(path=picture)


def app(folder: Path) -> None:
    """Write pictures of the pages Upload, Configure and Evaluate to `folder`."""
    with _server() as address, _browser() as page:
        page.goto(address)
        _button(page, "Tour: purchase history").click(timeout=PATIENCE)
        page.get_by_role("heading", name="Generate", level=1).wait_for(timeout=PATIENCE)
        for name, ready, picture in STEPS:
            page.get_by_role("link", name=name, exact=True).click()
            _button(page, ready).wait_for(timeout=PATIENCE)
            if picture:
                _settled(page)
                page.screenshot(path=folder / picture)


def _button(page: Any, name: str) -> Any:
    return page.get_by_test_id("stMain").get_by_role("button", name=name, exact=True).first


def _settled(page: Any) -> None:
    """Until nothing is being drawn any more, and the window is as high as the page, within bounds."""
    page.set_viewport_size({**SIZE, "height": 700})
    page.wait_for_function("() => !document.querySelector('[data-testid=stStatusWidget]')", timeout=PATIENCE)
    page.wait_for_timeout(3000)
    height = page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollHeight + 80")
    page.set_viewport_size({**SIZE, "height": min(height, SIZE["height"])})
    page.wait_for_timeout(2000)


@contextlib.contextmanager
def _browser() -> Iterator[Any]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser.new_page(viewport=SIZE, device_scale_factor=SCALE, color_scheme="light")
        browser.close()


@contextlib.contextmanager
def _server() -> Iterator[str]:
    """Address of an app of its own, whose sessions are thrown away."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    command += ["--server.address", "127.0.0.1", "--server.headless", "true"]
    with tempfile.TemporaryDirectory() as home:
        process = subprocess.Popen(command, cwd=ROOT, env=os.environ | {"SMARTSYNTH_HOME": home})  # noqa: S603 - our own app
        try:
            for _ in range(300):
                with contextlib.suppress(urllib.error.URLError):
                    urllib.request.urlopen(f"{address}/_stcore/health").close()  # noqa: S310 - our own app
                    break
                time.sleep(0.2)
            yield address
        finally:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    if sys.argv[1] == "app":
        app(Path(sys.argv[2]))
    else:
        main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
