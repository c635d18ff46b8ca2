"""The exhaustive page of fg-data-profiling."""

import sys

import pandas as pd
import pytest
from sklearn.datasets import load_iris

from smartsynth import ingest
from smartsynth.errors import MissingExtraError
from smartsynth.utils.exploration import harmless, write_exploration

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


HOSTILE = "<img src=x onerror=alert(1)>"


def test_no_markup_comes_of_names_and_texts():
    """Whatever the package does with them; numbers stay as they are, and no two columns become one."""
    frame = pd.DataFrame({HOSTILE: [1, 2], "a<": ["<b>", None], "a‹": pd.Categorical(["x&y", '"'])})
    plain = harmless(frame)
    assert list(plain) == ["‹img src=x onerror=alert(1)›", "a‹", "a‹ (2)"]
    assert plain.iloc[0].tolist() == [1, "‹b›", "x＆y"]
    assert list(frame) == [HOSTILE, "a<", "a‹"]


@pytest.mark.slow
def test_the_page_of_hostile_names_runs_nothing(tmp_path):
    """The package would write them as they are."""
    pytest.importorskip("data_profiling", reason="needs pip install 'smartsynth[profile]'")
    frame = pd.DataFrame({HOSTILE: range(60), "b": [HOSTILE, "plain", "</script><script>alert(1)</script>"] * 20})
    page = write_exploration(ingest.read(frame), tmp_path / "page.html").read_text("utf-8")
    assert "onerror=alert(1) src" not in page
    assert "<img src=x onerror" not in page
    assert "<script>alert" not in page
    assert "‹img src=x onerror=alert(1)›" in page
