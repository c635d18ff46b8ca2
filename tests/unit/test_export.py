"""What writing promises: the source's style, whole files or none."""

import io
import json

import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from smartsynth import export, ingest
from smartsynth.config import ExportConfig
from smartsynth.errors import ConfigError

TEXT = (
    'id,when,price,ok,code,note\n1,2020-01-02,1.50,yes,007,plain\n2,,22.25,no,012,=1+1\n3,2021-12-31,0.00,yes,,"a,b"\n'
)


@pytest.mark.parametrize(
    "text", [TEXT, "a;b\n1,5;x\n2,25;y\n", "a\n1\n\n3\n", "t\n2020-01-01T00:00:00Z\n2020-02-01T10:30:00Z\n"]
)
def test_csv_comes_back_to_the_byte(text):
    """Delimiter, decimal mark, places, dates, words and blanks."""
    assert export.to_bytes(ingest.read(text.encode()), format="csv").decode() == text.replace("\n\n", '\n""\n')


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(-999, 999), st.sampled_from(["x", "y z", 'q"', "a,b", "é"]), st.floats(-9, 9)),
        min_size=2,
        max_size=20,
    )
)
def test_reading_what_was_written_gives_the_same(rows):
    """Any table of numbers and words."""
    frame = pd.DataFrame(rows, columns=["n", "w", "f"])
    first = ingest.read(export.to_bytes(ingest.read(frame), format="csv"))
    second = ingest.read(export.to_bytes(first, format="csv"))
    pd.testing.assert_frame_equal(first.frame, second.frame)
    assert first.frame["n"].tolist() == frame["n"].tolist()


@pytest.mark.parametrize("suffix", ["csv", "tsv", "json", "jsonl", "parquet", "xlsx"])
def test_every_format_reads_back(suffix, tmp_path):
    """Rows and names survive, and the manifest lies beside the file."""
    data = ingest.read(TEXT.encode())
    written = export.write(data, tmp_path / f"out.{suffix}", manifest={"seed": 1})
    assert json.loads((tmp_path / "out.manifest.json").read_text()) == {"seed": 1}
    back = ingest.read(written[0]).frame
    assert back["id"].tolist() == [1, 2, 3]
    assert back["code"].tolist()[:2] == ["007", "012"]
    if suffix == "parquet":
        assert json.loads(pq.read_schema(written[0]).metadata[b"smartsynth"]) == {"seed": 1}


def test_a_data_set_folder_has_a_card(tmp_path):
    """Hugging Face reads the YAML head and the Parquet file."""
    data = ingest.read(TEXT.encode())
    export.write(data, tmp_path / "set", format="hf", manifest={"seed": 1})
    head = yaml.safe_load((tmp_path / "set" / "README.md").read_text().split("---")[1])
    assert head["configs"][0]["data_files"][0]["path"] == "data/train-*"
    assert len(pd.read_parquet(tmp_path / "set" / "data" / "train-00000-of-00001.parquet")) == 3
    export.write(data, tmp_path / "set", format="hf")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "x").write_text("keep")
    with pytest.raises(ConfigError, match="not a data-set folder"):
        export.write(data, tmp_path / "mine", format="hf")


def test_formulas_are_defused_on_request():
    """Off by default, so that data stay data."""
    data = ingest.read(TEXT.encode())
    assert ",=1+1\n" in export.to_bytes(data).decode()
    assert ",'=1+1\n" in export.to_bytes(data, config=ExportConfig(formula_guard=True)).decode()


def test_nothing_half_written_stays(tmp_path, monkeypatch):
    """A full disk leaves the old file and no other."""
    target = tmp_path / "out.csv"
    target.write_text("old")

    def full(self, *args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(ConfigError, match="No space left"):
        export.write(ingest.read(TEXT.encode()), target, manifest={})
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]
    assert target.read_text() == "old"


@pytest.mark.parametrize(("name", "format"), [("out.doc", None), ("out.csv", "cvs")])
def test_unknown_formats_are_named(name, format, tmp_path):
    """The error says what is known."""
    with pytest.raises(ConfigError, match="csv"):
        export.write(ingest.read(TEXT.encode()), tmp_path / name, format=format)


def test_line_ends_within_cells_stay_within_them():
    """A lone carriage return ends a row for most readers, unless its cell is quoted."""
    frame = pd.DataFrame({"note": ["a\rb", "c\nd", "e\r\nf", "plain"], "n": [1, 2, 3, 4]})
    content = export.to_bytes(ingest.read(frame), format="csv")
    again = pd.read_csv(io.BytesIO(content), lineterminator=None)
    assert len(again) == 4
    assert content.count(b'"') == 6
    assert content.endswith(b"plain,4\n")
    assert list(ingest.read(content).frame["note"]) == list(frame["note"])
