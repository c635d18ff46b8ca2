"""The report as a file: complete, self-contained, escaped, and equal to its JSON twin."""

import json
import math
import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import report_examples as examples

from smartsynth.errors import ConfigError
from smartsynth.facts import Battery, Outcome
from smartsynth.report import html
from smartsynth.utils.visualizer import charts, profile_charts

WHEN = datetime(2026, 11, 2, 14, 3, tzinfo=UTC)


class Page(HTMLParser):
    """Elements, texts and headings of a page; also checks that elements are closed in order."""

    void = frozenset({"meta", "link", "br", "img"})

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.texts, self.headings, self.open = set(), [], [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs
        if tag not in self.void:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_startendtag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.texts.append(data)
        if self.open and self.open[-1] in ("h1", "h2", "h3", "h4"):
            self.headings.append((int(self.open[-1][1]), data))


def render(evaluation, **changes):
    settings = {"profile": examples.profile(), "context": examples.context(), **changes}
    return html.render(evaluation, charts(evaluation), **settings)


@pytest.fixture(scope="module")
def pages():
    """Each kind of page."""
    hostile = examples.profile(examples.HOSTILE)
    return {
        "report": render(examples.evaluation()),
        "hostile": render(examples.renamed(), profile=hostile, context={"name": examples.HOSTILE[0], "created": WHEN}),
        "wide": render(examples.wide()),
        "nothing": render(examples.nothing(), profile=None, context={}),
        "profile": html.render_profile(examples.profile(), profile_charts(examples.profile()), created=WHEN),
        "hostile profile": html.render_profile(hostile, profile_charts(hostile), name=examples.HOSTILE[1]),
    }


@pytest.mark.parametrize("outcome", Outcome)
def test_a_verdict_on_privacy_is_told_apart_by_its_colour(outcome):
    """Leakage is not shown as a pass is: each outcome has a class of its own, and each class a colour of its own."""
    found = replace(examples.evaluation(), battery=Battery(outcome, smallest=0.01, reason="too few rows."))
    assert f'class="card verdict {outcome.name.lower()}"' in render(found)
    assert render(found).count('class="card verdict"') == 2
    styles = dict(re.findall(r"\.verdict\.(\w+) { border-top-color: var\((--\w+)\)", html.embedded_stylesheet()))
    assert styles == {"pass": "--synthetic", "warn": "--warning", "fail": "--error"}


def test_pages_ask_nothing_of_anybody(pages):
    """No script, no frame, no image, no address: a page works without a network and cannot tell on its reader."""
    for text in pages.values():
        page = Page(text)
        assert not page.tags & {"script", "img", "iframe", "object", "embed", "form", "base", "video", "audio"}
        assert not [name for name, _ in page.attributes if name.startswith("on") or name in ("src", "srcset", "action")]
        links = [value for name, value in page.attributes if name in ("href", "xlink:href")]
        assert all(link.startswith("#") or link == "data:," for link in links)
        assert "http" not in text.replace("http-equiv", "").replace("http://www.w3.org/2000/svg", "")
        assert "url(" not in text and "@import" not in text
        assert "default-src 'none'" in text


def test_links_lead_somewhere(pages):
    """Every entry of the contents has its section, and no two elements share an id."""
    for text in pages.values():
        attributes = Page(text).attributes
        ids = [value for name, value in attributes if name == "id"]
        assert len(ids) == len(set(ids))
        assert {value[1:] for name, value in attributes if name == "href" and value.startswith("#")} <= set(ids)
        assert {value for name, value in attributes if name == "aria-labelledby"} <= set(ids)


def test_headings_are_in_order(pages):
    """One first heading, and no level left out on the way down."""
    for text in pages.values():
        levels = [level for level, _ in Page(text).headings]
        assert levels.count(1) == 1 and levels[0] == 1
        assert all(b <= a + 1 for a, b in pairwise(levels))


def test_sections_come_in_the_order_that_was_promised(pages):
    """All nine sections are there, from verdict to glossary, whether or not there are findings."""
    for name in ("report", "nothing"):
        found = [text for level, text in Page(pages[name]).headings if level == 2]
        assert found == [
            "Verdict", "Privacy", "Columns, worst first", "Relations between columns", "Utility", "All scores",
            "What this report does not show", "How it was made", "Glossary",
        ]  # fmt: skip


def test_the_header_says_what_and_how(pages):
    """Data, rows, generator, seed, settings, version and time stand on top."""
    text = pages["report"].split("<nav")[0]
    for expected in ("credit_data.csv", "3,000", "1,454", "forest", "0.1.0", "2026-11-02 14:03 UTC", "Status"):
        assert expected in text
    assert html._hash(examples.context()["manifest"]["config"]) in text


def test_hostile_names_are_shown_as_text(pages):
    """Names that are markup, templates, very long or written from right to left appear as they are."""
    for name in ("hostile", "hostile profile"):
        shown = "".join(Page(pages[name]).texts)
        for expected in (*examples.HOSTILE[:3], "العمر بالسنوات", "line break and turned", "a very long name a very"):
            assert expected in shown
        assert "\u202e" not in pages[name]


def test_no_column_is_missing_from_the_page(pages):
    """Also the columns that are folded away are there, with the first dozen open."""
    shown = "".join(Page(pages["wide"]).texts)
    assert all(f"{column.name}: " in shown for column in examples.wide().columns)
    assert "38 more columns" in shown


def test_fifty_columns_fit_into_a_megabyte(pages):
    """The page stays small enough to send by mail."""
    assert len(pages["wide"].encode()) < 1_000_000


def test_every_score_stands_beside_its_yardstick(pages):
    """The table of scores has value, yardstick, interval, direction and sentence; what was not computed says why."""
    table = pages["report"].split('id="scores"')[1].split("</section>")[0]
    for score in examples.scores():
        assert score.name in table and score.sentence in table
    assert "not computed" in table
    assert "0.590 to 0.634" in table


def test_what_is_absent_is_explained(pages):
    """Without a holdout, a target or a known origin each section says so instead of being empty."""
    shown = "".join(Page(pages["nothing"]).texts)
    for sentence in (
        "without real rows kept aside there is no yardstick",
        "there is no target column",
        "No column could be compared",
        "The synthetic data came from elsewhere",
        "Nothing was scored",
        "This was not measured",
    ):
        assert sentence in shown


def test_no_guarantee_is_claimed(pages):
    """Differential privacy is named only to say that it is not given."""
    shown = "".join(Page(pages["report"]).texts).lower()
    assert shown.count("differential") == shown.count("no differential-privacy guarantee") == 1


def test_how_it_was_made_is_complete(pages):
    """Settings, versions, timings, the filter's counts and the reasons for the generator."""
    section = pages["report"].split('id="method"')[1]
    for expected in ("name: forest", "lightgbm", "12.4 s", "3,081", "No GPU was found", "It needs more rows"):
        assert expected in section


def test_twin_holds_the_same_numbers():
    """The JSON twin is strict JSON with every score, column and curve; NaN is null."""
    evaluation = examples.evaluation()
    twin = html.to_dict(evaluation, profile=examples.profile(), context=examples.context())
    back = json.loads(json.dumps(twin, allow_nan=False))
    assert back == twin
    assert [score["key"] for score in back["evaluation"]["scores"]] == [score.key for score in evaluation.scores]
    assert next(s for s in back["evaluation"]["scores"] if s["key"] == "k_anonymity")["value"] is None
    assert len(back["evaluation"]["columns"]) == len(evaluation.columns)
    assert math.isclose(back["evaluation"]["columns"][0]["distance"], evaluation.columns[0].distance)
    assert back["filter"]["checked"] == 3081 and back["choice"]["generator"] == "forest"
    assert back["format"] == "smartsynth-report/1"
    assert back["created"] == "2026-11-02 14:03 UTC"


def test_unknown_context_is_refused():
    """A misspelt part of the context is an error, not a part that silently goes missing."""
    with pytest.raises(ConfigError, match="Did you mean 'timings'"):
        render(examples.nothing(), context={"timing": {}})


def test_profile_without_alerts_says_so():
    """A profile with nothing to warn of says that nothing stands out."""
    from dataclasses import replace

    bare = replace(examples.profile(), alerts=(), dependencies=(), associations=())
    text = html.render_profile(bare, profile_charts(bare))
    assert "Nothing stands out" in text and "No column follows from another" in text


def test_same_input_same_page():
    """A page depends on its input alone."""
    evaluation = examples.evaluation()
    assert render(evaluation) == render(evaluation)


def test_charts_have_a_style_sheet_of_their_own():
    """Other pages can show the charts with the same colours."""
    assert ".chart .line.synthetic" in html.stylesheet()


@pytest.mark.slow
def test_no_real_row_is_in_a_page():
    """Neither names, nor rare categories, nor the largest value of a column get into a report or a profile."""
    from smartsynth.config import EvaluateConfig
    from smartsynth.dataset import Dataset
    from smartsynth.inference import infer_schema
    from smartsynth.utils.evaluator import evaluate
    from smartsynth.utils.profiler import profile

    rng = np.random.default_rng(0)

    def frame(n):
        return pd.DataFrame(
            {
                "name": [f"Person {i:05d}" for i in rng.permutation(10**5)[:n]],
                "city": rng.choice(["Bern", "Basel"], n),
                "wage": rng.normal(5000, 500, n).round(2),
            }
        )

    train, synthetic, holdout = frame(300), frame(300), frame(150)
    train.loc[7, ["city", "wage"]] = ["Zzyzx", 98765.43]
    schema = infer_schema(train)
    found = evaluate(train, synthetic, holdout, schema=schema, target="city", config=EvaluateConfig(max_rows=200))
    seen = profile(Dataset(train, schema))
    twin = json.dumps(html.to_dict(found, profile=seen, context={}), ensure_ascii=False)
    for text in (render(found, profile=seen, context={}), html.render_profile(seen, profile_charts(seen)), twin):
        assert "Bern" in text
        for secret in ("Zzyzx", "98765", "98,765", "98.8k", *train["name"]):
            assert secret not in text
