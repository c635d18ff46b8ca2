"""The web app under a real browser: how long the journey takes, how quick pages stay, what a refused upload costs.

    python benchmarks/web_app.py DATA.csv --target COLUMN

1. journey    from choosing the file to the downloaded CSV, seconds by step (goal: 90 s on two cores)
2. reaction   while a model trains in one session, the time from a click to the answer in another (goal: under 1 s),
              and from Cancel to the notice that nothing was kept
3. refusal    a file of 200 MB: the sentence, and by how much the server's memory grew

Needs the extra `ui`, Playwright and Chromium (`apt-get install chromium`). Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--target")
    given = parser.parse_args()
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        port = free_port()
        server = start(port, Path(folder))
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        try:
            address = f"http://127.0.0.1:{port}"
            found = {
                "journey": journey(browser, address, given.data, given.target),
                "reaction": reaction(browser, address, given.data),
                "refusal": refusal(browser, address, Path(folder), server.pid),
            }
        finally:
            browser.close()
            server.terminate()
            server.wait(20)
    print(json.dumps(found, indent=1))


def journey(browser: Any, address: str, data: Path, target: str | None) -> dict[str, float]:
    """Seconds from choosing the file to each step."""
    page = visit(browser, address)
    start, steps = time.perf_counter(), {}
    page.set_input_files("input[type=file]", str(data))
    press(page, "Configure")
    steps["profiled"] = time.perf_counter() - start
    button(page, "Generate").wait_for(timeout=60_000)
    if target:
        page.get_by_test_id("stSelectbox").filter(has_text="Target").locator("input").click()
        page.keyboard.type(target)
        page.keyboard.press("Enter")
        page.get_by_text(f"target: {target}").wait_for()
    press(page, "Generate")
    steps["configured"] = time.perf_counter() - start
    press(page, "Evaluate")
    steps["generated"] = time.perf_counter() - start
    page.get_by_role("heading", name="Is anybody given away?").wait_for(timeout=60_000)
    steps["evaluated"] = time.perf_counter() - start
    press(page, "Download")
    button(page, "Download CSV").wait_for(timeout=60_000)
    with page.expect_download() as event:
        press(page, "Download CSV")
    rows = Path(event.value.path()).read_bytes().count(b"\n") - 1
    steps["downloaded"] = time.perf_counter() - start
    page.context.close()
    return {name: round(seconds, 1) for name, seconds in steps.items()} | {"rows": rows}


def reaction(browser: Any, address: str, data: Path) -> dict[str, float]:
    """Seconds from a click to the answer in one session while another one's model trains."""
    one, two = visit(browser, address), visit(browser, address)
    one.set_input_files("input[type=file]", str(data))
    press(one, "Configure")
    press(one, "Generate")
    two.set_input_files("input[type=file]", str(data))
    begun = time.perf_counter()
    press(two, "Configure")
    profiled = time.perf_counter() - begun
    two.get_by_text("Distance filter", exact=True).first.wait_for(timeout=60_000)
    seconds = clicks(two)
    still_training = button(one, "Cancel").is_visible()
    begun = time.perf_counter()
    press(one, "Cancel")
    one.get_by_text("Nothing was kept").wait_for(timeout=30_000)
    cancelled = time.perf_counter() - begun
    idle = clicks(two)
    for page in (one, two):
        page.context.close()
    return {
        "median": round(statistics.median(seconds), 2), "worst": round(max(seconds), 2),
        "median when nothing trains": round(statistics.median(idle), 2),
        "profile beside a training": round(profiled, 1), "still training at the end": still_training,
        "from Cancel to its notice": round(cancelled, 2),
    }  # fmt: skip


def clicks(page: Any) -> list[float]:
    """Seconds from each of ten clicks on a setting to the YAML that shows it."""
    seconds = []
    for turn in range(10):
        name, answer = (("Off", "filter: false"), ("Distance filter", "Every setting has its default"))[turn % 2]
        begun = time.perf_counter()
        page.get_by_text(name, exact=True).first.click()
        page.get_by_text(answer).first.wait_for(timeout=30_000)
        seconds.append(time.perf_counter() - begun)
    return seconds


def refusal(browser: Any, address: str, folder: Path, pid: int) -> dict[str, Any]:
    """What is said to a file of 200 MB in the browser and past it, and how much the server's memory grew."""
    huge = folder / "huge.csv"
    with huge.open("wb") as file:
        file.truncate(200 * 2**20)
    page, before = visit(browser, address), memory(pid)
    page.set_input_files("input[type=file]", str(huge))
    said = page.get_by_text("or smaller").inner_text(timeout=20_000)
    page.wait_for_timeout(2000)
    page.context.close()
    return {"said": said, "memory grew by MB": round((memory(pid) - before) / 2**20, 1)}


def visit(browser: Any, address: str) -> Any:
    page = browser.new_context(accept_downloads=True).new_page()
    page.goto(address)
    page.locator("input[type=file]").wait_for(state="attached", timeout=60_000)
    return page


def button(page: Any, name: str) -> Any:
    return page.get_by_test_id("stMain").get_by_role("button", name=name, exact=True).first


def press(page: Any, name: str) -> None:
    button(page, name).click(timeout=300_000)


def memory(pid: int) -> int:
    """Resident bytes of a process."""
    fields = Path(f"/proc/{pid}/statm").read_text().split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")


def start(port: int, folder: Path) -> subprocess.Popen[bytes]:
    command = [
        sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port),
        "--server.address", "127.0.0.1", "--server.headless", "true",
    ]  # fmt: skip
    server = subprocess.Popen(command, cwd=ROOT, env=os.environ | {"SMARTSYNTH_HOME": str(folder / "sessions")})
    for _ in range(300):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=5):
                return server
        except OSError:
            time.sleep(0.2)
    raise SystemExit("The app did not start.")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


if __name__ == "__main__":
    main()
