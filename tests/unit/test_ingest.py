"""What reading promises: every cell as it was written, every problem at once."""

import gzip
import io
import json
import pickle
import zipfile

import numpy as np
import openpyxl
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import smartsynth as ss
from smartsynth import export, ingest
from smartsynth.alignment import align
from smartsynth.config import Limits
from smartsynth.errors import DataError


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("a,b\n1,x\n2,y\n", {"a": [1, 2], "b": ["x", "y"]}),
        ("a;b\n1,5;x\n2,25;y\n", {"a": [1.5, 2.25], "b": ["x", "y"]}),
        ("a\tb\n1\tx\n2\ty\n", {"a": [1, 2], "b": ["x", "y"]}),
        ("a|b\n1|x\n2|y\n", {"a": [1, 2], "b": ["x", "y"]}),
        ("a, b\n1, x\n2, y\n", {"a": [1, 2], "b": ["x", "y"]}),
        ('a,b\n1,"x,1"\n2,"y\nz"\n', {"a": [1, 2], "b": ["x,1", "y\nz"]}),
        ("zip,n\n00501,1\n10001,2\n", {"zip": ["00501", "10001"], "n": [1, 2]}),
        ("id,n\n12345678901234567890,1\n2,2\n", {"id": ["12345678901234567890", "2"], "n": [1, 2]}),
        ("land,n\nNA,1\nDE,2\n", {"land": ["NA", "DE"], "n": [1, 2]}),
        ("ok,n\nyes,1\nno,2\n", {"ok": [True, False], "n": [1, 2]}),
        ("work,n\n?,1\nPrivate,2\n", {"work": ["?", "Private"], "n": [1, 2]}),
        ("a\r\n1\r\n2\r\n", {"a": [1, 2]}),
    ],
)
def test_csv_cells_are_read_as_they_were_meant(text, columns):
    """Delimiters, decimal marks, quotes, codes, words."""
    frame = ingest.read(text.encode()).frame
    assert {name: frame[name].tolist() for name in frame} == columns


def test_missing_cells_by_the_rest_of_the_column():
    """A blank is missing everywhere; NA is missing only among numbers; no row is lost."""
    data = ingest.read(b"n,t,d\n1,x,2020-01-01\nNA,NA,\n,,2021-05-06\n")
    assert data.frame["n"].isna().tolist() == [False, True, True]
    assert data.frame["t"].isna().tolist() == [False, False, True]
    assert str(data.frame["n"].dtype) == "Int64"
    assert str(data.frame["d"].dtype) == "datetime64[ns]"
    assert data.schema["n"].missing == "NA"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings_are_found(encoding):
    """UTF-8 with and without mark, UTF-16, the code page of Windows."""
    text = "name,n\n" + "Müller é ß,1\nGroß à ö,2\n" * 20
    assert ingest.read(text.encode(encoding)).frame["name"][0] == "Müller é ß"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ["empty"]),
        (b" \n\n", ["empty"]),
        (b"a,b\n", ["no rows"]),
        (b"a,a\n1,2\n", ["'a'", "more than once"]),
        (b"a,b\n1,2,3\n4\n5,6\n", ["row 2", "3 cells", "row 3", "1 cells"]),
        (b'a,b\n"x,2\n3,4\n', ["row 2", "never closed"]),
        (b"a,b\n1,\x002\n", ["row 2", "NUL"]),
        (pickle.dumps([1]), ["pickle"]),
        (b"SQLite format 3\x00" + bytes(50), ["SQLite"]),
        (b"PAR1 not really", ["Parquet"]),
        (b'{"a": 1}\n{"a": \n{"a": 3}\n', ["row 2"]),
        (b'[{"a": [1]}, {"a": 2}]', ["'a'", "list"]),
        (b'[{"a": 1}, 5]', ["row 2"]),
        (b"[" * 100_000 + b"{", ["is nested too deeply"]),
    ],
)
def test_bad_files_are_refused_with_every_problem(content, words):
    """The message names the rows and the columns."""
    with pytest.raises(DataError) as caught:
        ingest.read(content, format="json" if content.startswith(b"[[") else None)
    assert any(word in str(caught.value) for word in words[-1:]) or all(word in str(caught.value) for word in words)


@pytest.mark.parametrize("source", ["/nowhere/x.csv", "a folder", None, 5, io.StringIO("a\n1\n")])
def test_what_is_not_a_table_is_refused(source, tmp_path, monkeypatch):
    """Paths that are not files, and things of other kinds."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a folder" / "in it").mkdir(parents=True)
    (tmp_path / "a folder" / "notes.md").write_text("no table", "utf-8")
    with pytest.raises(DataError):
        ingest.read(source)


def test_archives_are_unpacked_and_bombs_are_not():
    """One gzip or zip file is fine; what grows beyond measure is refused."""
    plain = b"a,b\n" + b"1,2\n" * 100
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("x.csv", plain)
    for content in (gzip.compress(plain), packed.getvalue()):
        assert len(ingest.read(content)) == 100
    with pytest.raises(DataError, match="unpacks to more"):
        ingest.read(gzip.compress(b"a\n" + b"0" * 50_000_000))


@pytest.mark.parametrize(
    ("limits", "word"), [({"max_rows": 5}, "rows"), ({"max_columns": 1}, "columns"), ({"max_bytes": 10}, "bytes")]
)
@pytest.mark.parametrize("format", ["csv", "parquet"])
def test_limits_hold(limits, word, format):
    """Too many rows, columns or bytes."""
    frame = pd.DataFrame({"a": range(20), "b": range(20)})
    content = frame.to_csv(index=False).encode() if format == "csv" else frame.to_parquet()
    with pytest.raises(DataError, match=word):
        ingest.read(content, limits=Limits(**limits))


def test_json_lines_and_columns():
    """Array of objects, object of columns, one object a line; inner objects become names with dots."""
    rows = [{"a": 1, "b": {"c": "x"}}, {"a": None, "b": {"c": "y"}}]
    lines = "\n".join(map(json.dumps, rows))
    for content in (json.dumps(rows), lines, json.dumps({"a": [1, None], "b.c": ["x", "y"]})):
        frame = ingest.read(content.encode()).frame
        assert frame["b.c"].tolist() == ["x", "y"]
        assert str(frame["a"].dtype) == "Int64"


def test_excel_values_are_read_and_macros_refused():
    """The first sheet's values; a workbook with macros is not opened."""
    book = openpyxl.Workbook()
    for row in (["a", "b"], [1, "x"], [2, None]):
        book.active.append(row)
    content = io.BytesIO()
    book.save(content)
    assert ingest.read(content.getvalue()).frame["a"].tolist() == [1, 2]
    with zipfile.ZipFile(content, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"x")
    with pytest.raises(DataError, match="macros"):
        ingest.read(content.getvalue())


def test_a_workbook_of_charts_alone_has_no_cells():
    book = openpyxl.Workbook()
    book.remove(book.active)
    book.create_chartsheet("only").add_chart(openpyxl.chart.BarChart())
    content = io.BytesIO()
    book.save(content)
    with pytest.raises(DataError, match="no sheet with cells"):
        ingest.read(content.getvalue())


def test_tables_in_memory_come_back_as_they_were():
    """polars and Arrow in, the same kind and types out; pandas dtypes stay."""
    arrow = pa.table(
        {
            "i": pa.array([1, None, 3], pa.int32()),
            "t": pa.array(["x", None, "y"]),
            "w": pa.array([1, 2, 3], pa.timestamp("us", tz="Europe/Paris")),
        }
    )
    back = export.to_native(ingest.read(arrow))
    assert back.schema.field("i").type == pa.int32()
    assert back.column("i").to_pylist() == [1, None, 3]
    frame = pl.DataFrame({"i": [1, None, 3], "f": [0.5, 1.5, None], "t": ["a", "b", None]})
    assert export.to_native(ingest.read(frame)).equals(frame)
    pandas = pd.DataFrame({0: pd.Categorical(["a", "b"]), "n": pd.array([1, None], dtype="Int64")})
    before = pandas.copy()
    assert ingest.read(pandas).frame.dtypes.astype(str).tolist() == ["category", "Int64"]
    pd.testing.assert_frame_equal(pandas, before)


def test_parquet_types_and_nested_columns():
    """Dates stay dates; nested columns are named."""
    table = pa.table({"d": pa.array([1, 2], pa.date32()), "l": pa.array([[1], [2]])})
    content = io.BytesIO()
    pq.write_table(table, content)
    with pytest.raises(DataError, match="'l'"):
        ingest.read(content.getvalue())
    content = io.BytesIO()
    pq.write_table(table.drop_columns("l"), content)
    assert ingest.read(content.getvalue()).schema["d"].dtype == "date"


def test_decimals_are_counted():
    """The number of places, and None where there is no limit."""
    data = ingest.read(b"a,b\n1.50,1e-3\n2.25,0.5\n")
    assert data.schema["a"].decimals == 2
    assert np.isclose(data.frame["b"], [0.001, 0.5]).all()


@pytest.mark.parametrize(
    ("word", "dtype"), [("false", "bool"), ("True", "bool"), ("TRUE", "bool"), ("no", "object"), ("t", "object")]
)
def test_true_or_false_alone_is_a_truth(tmp_path, word, dtype):
    """As in a table in which nobody is ill; the file comes back as it was."""
    (tmp_path / "a.csv").write_text("x,y\n" + f"1,{word}\n" * 30)
    data = ingest.read(tmp_path / "a.csv")
    assert (data.frame["y"].dtype == "bool") is (dtype == "bool")
    assert export.to_bytes(data, format="csv").decode().splitlines()[1] == f"1,{word}"


def read_of(words):
    return ingest.read(("x,y\n" + "".join(f"{i},{word}\n" for i, word in enumerate(words))).encode(), format="csv")


@pytest.mark.parametrize("word", ["true", "TRUE", "True", "false", "FALSE"])
def test_a_word_alone_is_the_same_text_beside_a_table_of_texts(word):
    """Read as a truth, it is written as it was where the real table has another word; missing cells stay what they are."""
    real, alone = read_of([word, "unknown"] * 30), read_of([word, word, ""] * 20)
    assert alone.frame["y"].dtype == "boolean" and real.frame["y"].dtype == object
    made = ingest.beside(alone, real.schema)
    aligned = align(made.frame, real.schema, what="synthetic")["y"]
    assert aligned.value_counts().to_dict() == {word: 40} and aligned.isna().sum() == 20
    assert ingest.with_texts_of(real, alone) is real
    back = ingest.with_texts_of(alone, real)
    assert (back.frame["y"].dropna() == word).all() and back.schema["y"].dtype == "object"
    assert ingest.with_texts_of(alone, alone, None) is alone
    assert ingest.beside(read_of([word] * 9), alone.schema).frame["y"].dtype == bool


def test_truths_stay_truths_beside_words_that_are_truths_too():
    alone, numbers, words = read_of(["true"] * 40), read_of([0, 1] * 20), read_of(["True", "FALSE"] * 20)
    assert ingest.with_texts_of(alone, numbers, words) is alone
    both, other = read_of(["true", "false"] * 20), read_of(["true", "unknown"] * 20)
    assert ingest.with_texts_of(both, other) is both
    gone = ingest.with_texts_of(read_of(["true", "NA"] * 20), other)
    assert gone.frame["y"].value_counts().to_dict() == {"true": 20, "NA": 20}


def test_a_holdout_may_have_a_word_that_training_rows_lack(tmp_path):
    """A run, and scores of rows that hold the one word alone, against texts and the other way round."""
    rng = np.random.default_rng(0)
    for name, words in (("alone", ["true"] * 60), ("mixed", ["true"] * 50 + ["unknown"] * 10)):
        rows = pd.DataFrame({"flag": words, "n": rng.normal(size=60).round(3)})
        rows.to_csv(tmp_path / f"{name}.csv", index=False)
    alone, mixed = tmp_path / "alone.csv", tmp_path / "mixed.csv"
    made = ss.synthesize(
        alone,
        holdout=mixed,
        generator="copula",
        seed=1,
        rows=40,
        evaluate={"enabled": False},
        privacy={"filter": False},
    )
    assert (made.data["flag"] == "true").all()
    scores = {score.key: score.value for score in ss.evaluate(mixed, alone, seed=1).scores}
    assert scores["tv"] == pytest.approx(1 / 6, abs=0.08)
    assert ss.evaluate(alone, mixed, seed=1).rows["synthetic"] == 60
