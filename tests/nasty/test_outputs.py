"""What bad inputs become on the way out: pages that run nothing, spreadsheets that compute nothing, files that read back."""

from __future__ import annotations

import html.parser
import json
import re

import numpy as np
import pandas as pd
import pytest
from commands import invoke
from nasty.cases import covers, remade

import smartsynth as ss
from smartsynth import export, ingest
from smartsynth.config import ExportConfig
from smartsynth.dataset import Dataset
from smartsynth.errors import SmartSynthError
from smartsynth.inference import infer_schema
from smartsynth.result import write_profile

EVIL = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "=cmd|'/c calc'!A0",
    "{{7*7}}",
    "</style><script>x",
    "' onload='x",
    "javascript:x",
)
LINKS = ("href", "src", "action", "xlink:href")
FORMULAS = ("=1+1", "+1-1", "-1+1", "@SUM(A1)", "\t=1", "\r=1")


def hostile(n=120):
    """A table whose names and values would run if a page or a spreadsheet let them."""
    frame = pd.DataFrame({name: [f"{EVIL[i % len(EVIL)]}{k}" for i in range(n)] for k, name in enumerate(EVIL)})
    return frame.assign(number=np.arange(n) % 17)


class _Page(html.parser.HTMLParser):
    """Notes what in a page could run."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        runs = [n for n, value in attrs if n.startswith("on") or (n in LINKS and "javascript:" in (value or ""))]
        if runs or tag in ("iframe", "object", "embed", "base") or (tag == "img" and dict(attrs).get("src") == "x"):
            self.found.append((tag, attrs))


def runs_nothing(page):
    """Whether a page holds no sign of the hostile table that would run."""
    reader = _Page()
    reader.feed(page)
    scripts = re.findall(r"<script[^>]*>(.*?)</script>", page, re.DOTALL)
    return not reader.found and not any("alert(1)" in script or "</style" in script for script in scripts)


@covers(11, 117, 121)
def test_a_profile_of_hostile_names_and_values_runs_nothing(tmp_path):
    """Names, levels and titles are text."""
    page = write_profile(tmp_path / "page.html", ss.profile(hostile())).read_text("utf-8")
    assert "alert(1)" in page
    assert runs_nothing(page)


@covers(11, 117, 118, 121)
def test_a_report_of_hostile_names_and_values_runs_nothing(tmp_path):
    """Nor do the scores, their charts and the card of the model."""
    result = ss.synthesize(hostile(), generator="copula", seed=1, privacy={"filter": False}, target=EVIL[0])
    for path in result.report(tmp_path / "report.html"):
        if path.suffix == ".html":
            assert runs_nothing(path.read_text("utf-8"))
        else:
            json.loads(path.read_text("utf-8"))


def test_the_search_for_what_runs_can_fail():
    """It finds each of the signs where nothing was escaped."""
    assert not runs_nothing("<p><script>alert(1)</script>")
    assert not runs_nothing('<p title=""><img src=x onerror=alert(1)>')
    assert not runs_nothing("<p onload='x'>")


@covers(11)
@pytest.mark.parametrize("format", ["csv", "tsv", "json", "jsonl", "parquet", "excel"])
def test_hostile_tables_read_back_as_they_were_written(format):
    """Names with quotes, line ends and markup; values with delimiters, quotes and formulas."""
    names = [*EVIL, 'say "hi"', "two\nlines", "a,b;c\td"]
    values = ["=1+1", 'x"y', "a,b", "two\nlines", " padded ", "NA", "007", "é😀שלום"]
    frame = pd.DataFrame({name: [values[(i + k) % len(values)] for i in range(40)] for k, name in enumerate(names)})
    content = export.to_bytes(Dataset(frame, infer_schema(frame)), format=format)
    back = ingest.read(content, format=format).frame
    assert list(back.columns) == names
    pd.testing.assert_frame_equal(back.astype(object), frame.astype(object), check_dtype=False)


@covers(11)
def test_a_spreadsheet_is_guarded_where_that_is_asked_for():
    """Each cell of text that a spreadsheet would run has a sign before it, names too."""
    frame = pd.DataFrame({"=name": [FORMULAS[i % len(FORMULAS)] for i in range(30)], "n": range(-15, 15)})
    content = export.to_bytes(Dataset(frame, infer_schema(frame)), config=ExportConfig(formula_guard=True)).decode()
    rows = ingest.read(content.encode()).frame
    assert all(str(name)[0] not in "=+-@\t\r" for name in rows.columns)
    texts = rows[rows.columns[0]]
    assert all(cell[0] == "'" for cell in texts)
    assert rows["n"].min() == -15


CONTENT = {
    "csv": hostile(30).to_csv(index=False).encode(),
    "json": hostile(30).to_json(orient="records").encode(),
    "parquet": hostile(30).to_parquet(),
    "excel": export.to_bytes(Dataset(hostile(30), infer_schema(hostile(30))), format="excel"),
}


@covers(65, 82, 97)
@pytest.mark.parametrize("format", CONTENT)
def test_files_that_are_cut_or_changed_anywhere_are_read_or_refused(format):
    """Never anything else, wherever the damage is."""
    content, rng = CONTENT[format], np.random.default_rng(0)
    for i in range(60):
        damaged = bytearray(content)
        if i % 2:
            damaged = damaged[: int(rng.integers(1, len(content)))]
        else:
            for place in rng.integers(0, len(content), 8):
                damaged[place] = int(rng.integers(0, 256))
        try:
            data = ingest.read(bytes(damaged), name=f"x.{format}")
        except SmartSynthError:
            continue
        assert len(data) > 0


@covers(29, 30, 55)
def test_extremes_come_back_in_no_synthetic_row():
    """A lone infinite, huge or ancient cell of a person is not made again as it was."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"x": rng.normal(50, 9, 200).round(1), "d": pd.date_range("2020", periods=200).astype("datetime64[us]")}
    )
    frame.loc[3, "x"], frame.loc[4, "x"] = np.inf, 1e300
    frame.loc[5, "d"] = pd.Timestamp("1500-01-01").as_unit("us")
    made = remade(frame, rows=500)
    assert not np.isinf(made["x"]).any()
    assert not made["x"].isin([1e300]).any()
    assert not made["d"].isin([pd.Timestamp("1500-01-01")]).any()


NAME = "Quillon"
BROKEN = {
    "csv": [
        b"a,b\n1,2\nQuillon,2,3\n", b'a,b\n1,2\n"Quillon,3\n', b"a,b\n1,2\nQuillon,\x00\n", b"a,b\n1,2\nQuillon\n",
        "a,b\n1,ä\nQuillon,".encode() + b"\xff\n", b'a,b\n"Quillon"x,2\n"',
    ],
    "json": [
        b'[{"a": 1}, {"a": "Quillon"', b'[{"a": ["Quillon"]}]', b'[{"a": 1}, "Quillon"]', b'[{"a": {"b": {"c": {"d": "Quillon"}}}}]',
    ],
    "jsonl": [b'{"a": 1}\n{"a": "Quillon\n', b'{"a": 1}\n"Quillon"\n'],
}  # fmt: skip


@pytest.mark.parametrize(("format", "content"), [(f, c) for f, found in BROKEN.items() for c in found], ids=str)
def test_an_error_quotes_no_cell(format, content, tmp_path):
    """Neither the message nor what the command prints."""
    path = tmp_path / f"x.{format}"
    path.write_bytes(content)
    with pytest.raises(SmartSynthError) as caught:
        ss.profile(path)
    answer = invoke("profile", path)
    assert NAME not in str(caught.value) + answer.stderr + answer.stdout
