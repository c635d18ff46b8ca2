"""The whole journey in a real browser, from a file to downloaded rows; accessibility; two people at once.

Screenshots of every page are left in out/screenshots, to be looked at.
"""

import importlib.util
import io
import re
import sys

import numpy as np
import pandas as pd
import pytest
from chromium import NEEDS_CHROMIUM
from servers import ROOT, free_port, served

pytestmark = [
    *NEEDS_CHROMIUM,
    pytest.mark.skipif(importlib.util.find_spec("streamlit") is None, reason="extra ui not installed"),
]
SCREENSHOTS = ROOT / "out" / "screenshots"
THEIRS = {"presentation-role-conflict", "scrollable-region-focusable"}
"""What axe finds in Streamlit's own file uploader and data tables."""
HOSTILE = "<img src=x onerror=alert(1)>"


def table(n: int = 400, seed: int = 0) -> bytes:
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 90, n)
    frame = pd.DataFrame({
        "patient_id": [f"P{i:06d}" for i in range(n)], "age": age, HOSTILE: rng.choice(["a", "b", "c"], n),
        "admitted": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 500, n), unit="D"),
        "cost": (age * 30 + rng.normal(0, 300, n)).round(2), "readmitted": rng.choice(["yes", "no"], n, p=[0.2, 0.8]),
    })  # fmt: skip
    return frame.to_csv(index=False).encode()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The app's address and the folder of its sessions."""
    folder, port = tmp_path_factory.mktemp("server"), free_port()
    command = [sys.executable, "-m", "smartsynth", "serve", "--port", str(port)]  # with its headers
    with served(command, port, folder):
        yield f"http://127.0.0.1:{port}", folder


@pytest.fixture
def somebody(browser, server):
    """A function that opens the app for a person of their own; what went wrong in the page is in `page.noise`."""
    contexts = []

    def come(path="", *, scheme="light", width=1440):
        context = browser.new_context(
            color_scheme=scheme, viewport={"width": width, "height": 900}, accept_downloads=True
        )
        contexts.append(context)
        page = context.new_page()
        page.noise = []
        page.on("pageerror", lambda error: page.noise.append(f"error {error}"))
        page.on("dialog", lambda dialog: page.noise.append(f"dialog {dialog.message}"))
        page.on("console", lambda m: page.noise.append(f"console {m.text}") if m.type == "error" else None)
        page.on(
            "request",
            lambda r: (
                page.noise.append(f"request {r.url}")
                if not r.url.startswith((server[0], server[0].replace("http", "ws"), "data:", "blob:"))
                else None
            ),
        )
        page.goto(server[0] + path)
        page.get_by_test_id("stMain").get_by_role("heading", level=1).wait_for(timeout=30_000)
        return page

    yield come
    for context in contexts:
        told_at_the_end(context.pages[0])
        context.close()


def told_at_the_end(page):
    """What the page said last; pytest prints it beside a test that failed."""
    seen = [page.url.partition("?")[0], *page.noise, page.get_by_test_id("stMain").inner_text()[:2000]]
    sys.stdout.write("\n".join(seen))


def button(page, name):
    return page.get_by_test_id("stMain").get_by_role("button", name=name, exact=True).first


def upload(page, name, content):
    page.set_input_files("input[type=file]", {"name": name, "mimeType": "text/csv", "buffer": content})


QUIET = """() => new Promise((done) => {
    const quiet = 250, end = performance.now() + 30000;
    let last = performance.now();
    const watch = new MutationObserver(() => { last = performance.now(); });
    watch.observe(document, {subtree: true, childList: true, attributes: true, characterData: true});
    const fades = (one) => one.playState === 'running' && one.effect.getComputedTiming().endTime !== Infinity;
    const look = () => {
        const now = performance.now();
        if (document.querySelector('[data-testid=stStatusWidget]') || document.getAnimations().some(fades)) last = now;
        if (now - last < quiet && now < end) return setTimeout(look, 50);
        watch.disconnect();
        done(now < end);
    };
    look();
})"""
"""Whether nothing has run, moved or changed on a page for a quarter of a second, within half a minute."""


def settled(page):
    """Until nothing on the page is being drawn any more."""
    assert page.evaluate(QUIET), "The page never comes to rest."


def kept(page, name, width, scheme):
    """A screenshot of the whole page, which has settled."""
    height = page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollHeight + 80")
    page.set_viewport_size({"width": width, "height": min(height, 5000)})
    settled(page)
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}-{width}-{scheme}.png")
    page.set_viewport_size({"width": width, "height": 900})


def faults(page):
    """What axe finds and is ours, and text that is wider than the page."""
    from axe_playwright_python.sync_playwright import Axe

    settled(page)
    found = [v for v in Axe().run(page).response["violations"] if v["id"] not in THEIRS]
    told = [f"{v['id']}: {node['html'][:200]}" for v in found for node in v["nodes"][:3]]
    if page.evaluate("() => document.documentElement.scrollWidth > window.innerWidth + 1"):
        told.append("the page is wider than the window")
    return told


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 390)])
def test_the_journey_from_a_file_to_downloaded_rows(somebody, scheme, width, tmp_path):
    """Five pages, one primary button each, accessible, nothing asked of any other server."""
    page = somebody(scheme=scheme, width=width)
    assert faults(page) == []
    kept(page, "0-empty", width, scheme)

    upload(page, "patients.csv", table())
    button(page, "Configure").wait_for(timeout=60_000)
    assert faults(page) == []
    kept(page, "1-upload", width, scheme)

    button(page, "Configure").click()
    page.get_by_role("heading", name="Configure", level=1).wait_for()
    button(page, "Generate").wait_for()
    page.get_by_text("copula", exact=True).click()
    page.get_by_text("Gaussian copula").first.wait_for()
    settled(page)
    assert faults(page) == []
    kept(page, "2-configure", width, scheme)

    button(page, "Generate").click()
    page.get_by_role("heading", name="Generate", level=1).wait_for()
    button(page, "Evaluate").wait_for(timeout=120_000)
    assert faults(page) == []
    kept(page, "3-generate", width, scheme)

    button(page, "Evaluate").click()
    page.get_by_role("heading", name="Is anybody given away?").wait_for()
    assert page.get_by_text("(real ").count() >= 5
    assert faults(page) == []
    for tab in ("Columns", "Privacy", "Relations", "Utility", "All scores", "Limits"):
        page.get_by_role("tab", name=tab).click()
        settled(page)
        assert faults(page) == [], tab
        kept(page, f"4-evaluate-{tab.replace(' ', '-').lower()}", width, scheme)

    button(page, "Download").click()
    button(page, "Download CSV").wait_for()
    assert faults(page) == []
    kept(page, "5-download", width, scheme)
    got = {}
    for name in ("CSV", "JSON", "Parquet", "Report", "Model"):
        with page.expect_download() as event:
            button(page, f"Download {name}").click()
        event.value.save_as(tmp_path / event.value.suggested_filename)
        got[name] = (tmp_path / event.value.suggested_filename).read_bytes()
    rows = pd.read_csv(io.BytesIO(got["CSV"]), parse_dates=["admitted"])
    assert rows.shape == (400, 6)
    assert set(rows["readmitted"]) == {"yes", "no"}
    assert not set(rows["patient_id"]) & {f"P{i:06d}" for i in range(400)}
    assert len(pd.read_json(io.BytesIO(got["JSON"]))) == len(pd.read_parquet(io.BytesIO(got["Parquet"]))) == 400
    assert got["Report"].startswith(b"<!doctype html>")
    assert got["Model"].startswith(b"PK")
    assert page.noise == []


def test_a_reload_in_the_middle_of_a_run_loses_nothing(somebody):
    """The address is enough; progress goes on, the run can be cancelled, and started again."""
    page = somebody()
    upload(page, "big.csv", table(80_000))
    button(page, "Configure").click(timeout=60_000)
    button(page, "Generate").click()
    button(page, "Cancel").wait_for(timeout=30_000)
    learning = re.compile("Learning column|Refining|Drawing rows")
    page.get_by_text(learning).first.wait_for(timeout=60_000)
    page.reload()
    page.get_by_text(learning).first.wait_for(timeout=30_000)
    button(page, "Cancel").click()
    page.get_by_text("Nothing was kept").wait_for(timeout=20_000)
    button(page, "Generate again").wait_for()


def test_two_people_at_once_never_see_each_other(somebody, server):
    """While one trains, the other uploads and reads; each sees their own; deleting removes one alone."""
    one, two = somebody(), somebody()
    upload(one, "first-person.csv", table(20_000, seed=1))
    button(one, "Configure").click(timeout=60_000)
    button(one, "Generate").click()
    button(one, "Cancel").wait_for(timeout=30_000)
    upload(two, "second-person.csv", table(333, seed=2))
    button(two, "Configure").wait_for(timeout=60_000)
    two.get_by_test_id("stMetric").get_by_text("333", exact=True).wait_for()
    assert "first-person" not in two.content()
    assert "second-person" not in one.content()
    addresses = [re.search(r"session=([\w-]+)", page.url)[1] for page in (one, two)]
    assert addresses[0] != addresses[1]
    button(two, "Delete my data").click()
    two.get_by_role("button", name="Delete now").press("Enter")  # the page below may still grow and move the popover
    two.get_by_text("Your data were deleted").wait_for()
    folders = {path.name for path in (server[1] / "sessions" / "work").iterdir()}
    assert addresses[0] in folders
    assert addresses[1] not in folders
    button(one, "Cancel").click()
    one.get_by_text("Nothing was kept").wait_for(timeout=60_000)  # or the run of the next test waits behind this one


def test_a_file_that_is_too_large_is_refused_before_it_is_sent(somebody, tmp_path):
    """With the limit in words, and not a byte of it on the wire."""
    huge = tmp_path / "huge.csv"
    with huge.open("wb") as file:
        file.truncate(200 * 1024 * 1024)
    page = somebody()
    sent = []
    page.on("request", lambda r: sent.append(r.url) if r.method in ("PUT", "POST") else None)
    page.set_input_files("input[type=file]", str(huge))
    page.get_by_text(re.compile(r"must be 100\.?0?\s?MB or smaller")).wait_for(timeout=10_000)
    assert not [url for url in sent if "upload_file" in url]


def test_a_tour_takes_one_click_to_its_report(somebody):
    """From the first page to the report on the last one."""
    page = somebody()
    button(page, "Tour: purchase history").click()
    page.get_by_role("heading", name="Generate", level=1).wait_for(timeout=30_000)
    page.get_by_role("progressbar").first.wait_for(timeout=30_000)
    button(page, "Evaluate").click(timeout=180_000)
    page.get_by_role("heading", name="Is anybody given away?").wait_for()
    button(page, "Download").click()
    page.get_by_text("Show the report here").click()
    frame = page.frame_locator("iframe").first
    frame.get_by_role("heading", name="Verdict").wait_for(timeout=20_000)
    assert page.noise == []


def test_no_foreign_script_runs_and_nothing_leaves(somebody, server, browser):
    """If markup ever got into a page: its script does not run, and it reaches no other server. Nor does another page show this one."""
    page = somebody()
    before = len(page.noise)
    page.evaluate("""async () => {
        const inside = document.createElement('script');
        inside.textContent = 'window.ran = 1';
        document.body.append(inside);
        document.body.insertAdjacentHTML('beforeend', '<img src="https://thief.example.org/x.png" onerror="window.ran = 2">');
        document.body.insertAdjacentHTML('beforeend', '<a id="trap" href="javascript:window.ran = 3">x</a>');
        document.getElementById('trap').click();
        window.sent = await fetch('https://thief.example.org/').then(() => true, () => false);
    }""")
    page.wait_for_timeout(300)
    assert page.evaluate("[window.ran, window.sent]") == [None, False]
    refused = [text for text in page.noise[before:] if "Content Security Policy" in text]
    assert len(refused) >= 4
    answer = page.request.get(server[0])
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    other = browser.new_page()
    said = []
    other.on("console", lambda message: said.append(message.text))
    other.set_content(f'<iframe src="{server[0]}" onload="document.title = this.contentDocument ? 1 : 2"></iframe>')
    other.wait_for_timeout(500)
    assert any("frame-ancestors" in text for text in said)
    other.close()
