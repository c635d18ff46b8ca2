"""Texts in the app: what they hold is told, generators of texts are offered, and rows come out."""

import pytest
from tiny_language import queries

from smartsynth.ui import runs, session

for needed in ("torch", "transformers"):
    pytest.importorskip(needed)

CONFIG = {
    "text": ["text"], "target": "about", "seed": 1, "rows": 40, "privacy": {"decoys": 0},
    "generator": {"name": "gpt2", "options": {"base": "scratch", "epochs": 3, "batch_tokens": 2048, "tries": 1, "most_tokens": 40}},
}  # fmt: skip


@pytest.fixture
def shown(visitor):
    """Somebody who uploaded queries to a bank."""
    return visitor.upload("queries.csv", queries(150).to_csv(index=False).encode())


def test_generators_of_texts_are_offered(shown):
    assert "- Words: median" in shown.text
    shown.go("configure")
    offered = shown.at.radio[0].options
    assert offered[0] == "Recommended: gpt2"
    assert not {"forest", "diffusion", "panel"} & set(offered)
    assert "150 rows of 2 columns" in shown.text


def test_rows_with_texts_are_made(shown):
    space = session.jobs().workspace(shown.session)
    session.keep(space, CONFIG)
    runs.start(session.jobs().workspace(space.id), CONFIG)
    shown.go("generate").until(lambda v: "next" in v.buttons and v.at.success)
    assert "40 synthetic rows" in shown.at.success[0].value
    shown.go("evaluate")
    assert "Texts" in [tab.label for tab in shown.at.tabs]
    assert "Some synthetic texts" in [header.value for header in shown.at.header]
