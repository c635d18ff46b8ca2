"""Plain text: lines or paragraphs are texts, a table that is named .txt stays one, and a file comes back as it was."""

import pandas as pd
import pytest

from smartsynth import export, ingest
from smartsynth.config import Limits
from smartsynth.dataset import Dataset
from smartsynth.errors import ConfigError, DataError

LINES = "It rained, again.\nNo wind; none at all, they say.\nThe sea was calm.\n\n"
PARAGRAPHS = "It rained\nall day.\n\nThen the sun\ncame out.\n   \nNobody saw it.\n"


def read(tmp_path, text, name="notes.txt"):
    (tmp_path / name).write_text(text, "utf-8")
    return ingest.read(tmp_path / name)


@pytest.mark.parametrize(
    ("text", "texts", "again"),
    [(LINES, ["It rained, again.", "No wind; none at all, they say.", "The sea was calm."], LINES[:-1]),
     (PARAGRAPHS, ["It rained\nall day.", "Then the sun\ncame out.", "Nobody saw it."], PARAGRAPHS.replace("   ", "")),
     ("Über uns\r\nder Himmel\r\n", ["Über uns", "der Himmel"], "Über uns\nder Himmel\n")],
)  # fmt: skip
def test_texts_are_read_and_written_as_they_stand(tmp_path, text, texts, again):
    data = read(tmp_path, text)
    assert data.source.format == "txt"
    assert list(data.frame["text"]) == texts
    [path] = export.write(data, tmp_path / "out.txt")
    assert path.read_text("utf-8") == again
    assert list(ingest.read(path).frame["text"]) == texts


@pytest.mark.parametrize(
    ("text", "columns"),
    [("age;sex\n31;f\n29;m\n44;f\n", ["age", "sex"]), ("age\n12\n34\n", ["age"]),
     ('id,review\n1,"good, really good"\n2,bad\n3,"so, so, so"\n4,"fine, I think"\n', ["id", "review"])],
)  # fmt: skip
def test_a_table_that_is_named_txt_stays_a_table(tmp_path, text, columns):
    data = read(tmp_path, text)
    assert list(data.frame.columns) == columns
    assert data.source.format == "csv"


def test_a_blank_line_within_a_text_does_not_part_it(tmp_path):
    frame = pd.DataFrame({"text": ["one here\n\ntwo there", "three of them"]})
    [path] = export.write(ingest.read(frame), tmp_path / "out.txt")
    assert list(ingest.read(path).frame["text"]) == ["one here\ntwo there", "three of them"]


def test_what_cannot_be_done_is_said(tmp_path):
    with pytest.raises(DataError):
        read(tmp_path, " \n\n", "empty.txt")
    with pytest.raises(DataError, match="holds no text"):
        ingest.read_bytes(b"  \n \n", Limits(), name="empty.txt", format="txt")
    table = read(tmp_path, "age;sex\n31;f\n29;m\n44;f\n")
    with pytest.raises(ConfigError, match="single column of texts, and there are 2: age, sex"):
        export.write(Dataset(table.frame, table.schema, table.source), tmp_path / "out.txt")
