"""The exhaustive page of fg-data-profiling."""

import sys

import pytest
from sklearn.datasets import load_iris

from smartsynth import ingest
from smartsynth.errors import MissingExtraError
from smartsynth.utils.exploration import write_exploration

DATA = ingest.read(load_iris(as_frame=True).frame)


def test_without_the_package_the_cure_is_named(monkeypatch, tmp_path):
    """The error is the command that installs it, and nothing is written."""
    monkeypatch.setitem(sys.modules, "data_profiling", None)
    with pytest.raises(MissingExtraError, match=r"smartsynth\[profile\]"):
        write_exploration(DATA, tmp_path / "page.html")
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_the_page_is_written(tmp_path):
    """Every column is on it."""
    pytest.importorskip("data_profiling", reason="needs pip install 'smartsynth[profile]'")
    page = write_exploration(DATA, tmp_path / "page.html").read_text("utf-8")
    assert all(name in page for name in DATA.frame.columns)
