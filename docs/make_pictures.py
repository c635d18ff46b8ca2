"""Photograph a report for the README: `make demo`, then

    python docs/make_pictures.py out/report.html docs/images/report.png

Or a page of the app, by the address that the browser shows:

    python docs/make_pictures.py 'http://127.0.0.1:8501/evaluate?session=…' docs/images/app.png

Needs the development set (playwright) and Chromium.
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

SIZE = {"width": 1280, "height": 1960}
SCALE = 0.75


def main(report: str, picture: Path) -> None:
    """Write the upper part of the page `report` (a file or an address), as it looks in a browser, to the PNG `picture`."""
    picture.parent.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport=SIZE, device_scale_factor=SCALE, color_scheme="light")
        if report.startswith("http"):
            page.goto(report)
            page.get_by_role("tab").first.wait_for()
            page.wait_for_timeout(2000)
        else:
            page.goto(Path(report).resolve().as_uri())
        page.screenshot(path=picture)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
