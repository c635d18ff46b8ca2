"""Dates, and Parquet, JSON and Excel as they should not be: numbers 55 to 84."""

from __future__ import annotations

import datetime
import decimal
import io
import json
import pickle
import sqlite3
import zipfile

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from nasty.cases import ROWS, Case, column, judge, table
from nasty.test_tables import cells, dtype

from smartsynth.config import Limits

DAYS = [f"2020-{1 + i % 12:02d}-{1 + i % 28:02d}" for i in range(40)]


def parquet(**columns):
    """A Parquet file of these Arrow arrays."""
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


def rows(*odd):
    """A JSON array of ordinary objects and these."""
    return json.dumps([*({"a": i % 7, "b": "xyz"[i % 3]} for i in range(ROWS)), *odd]).encode()


def lines(*odd):
    return "\n".join([*(json.dumps({"a": i % 7, "b": "xyz"[i % 3]}) for i in range(ROWS)), *odd]).encode()


def twice():
    """A Parquet file with two columns of one name."""
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_arrays([pa.array([1, 2]), pa.array([3, 4])], names=["a", "a"]), sink)
    return sink.getvalue()


def sheet(*extra, fill=None):
    """A workbook, with files put into its archive."""
    book = openpyxl.Workbook()
    for row in (["a", "b"], *([i, i % 3] for i in range(ROWS))):
        book.active.append(row)
    if fill:
        fill(book)
    sink = io.BytesIO()
    book.save(sink)
    with zipfile.ZipFile(sink, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, content in extra:
            archive.writestr(name, content)
    return sink.getvalue()


def formulas(book):
    book.active["C1"] = "sum"
    for i in range(2, ROWS + 2):
        book.active[f"C{i}"] = f"=A{i}+B{i}"


def database(folder):
    path = folder / "rows.csv"
    with sqlite3.connect(path) as connection:
        connection.execute("create table t (a)")
    connection.close()
    return path


def archive(name, content):
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(name, content)
    return sink.getvalue()


def array():
    sink = io.BytesIO()
    np.save(sink, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    return sink.getvalue()


DECIMALS = [decimal.Decimal("12345678901234567890.1234567890") + i for i in range(30)]
ZONED = pd.Series(pd.date_range("2021-03-27 20:00", periods=40, freq="h", tz="Europe/Paris"))
TEXT_DATES = pa.array([datetime.date(1500 + i, 1, 1) for i in range(30)])

CASES = (
    Case(55, "1600 and 2300", column("1600-01-01", "2300-05-06", "1850-07-08"), holds=lambda d: d.schema["b"].kind == "datetime"),
    Case(55, "before 1677 in Parquet", lambda: parquet(a=pa.array(range(30)), d=TEXT_DATES), file="x.parquet"),
    Case(55, "before 1677 as text in memory", lambda: pd.DataFrame({"a": range(40), "d": [f"{1300 + i}-01-05" for i in range(40)]}), holds=lambda d: d.schema["d"].kind == "datetime"),
    Case(55, "2300 in a workbook", lambda: sheet(fill=lambda book: [book.active.cell(i + 2, 3, datetime.datetime(2250 + 5 * i, 1, 1)) for i in range(ROWS)]), holds=dtype("column_3", "datetime64[us]"), file="x.xlsx"),
    Case(56, "9999-12-31", column(*DAYS[:20], "9999-12-31", name="until"), noticed=("'until'", "9999-12-31"), holds=cells("until", pd.Timestamp(DAYS[0]))),
    Case(57, "year 10000", column(*DAYS[:20], "10000-01-01", name="d"), noticed=("'d'", "1 of", "no dates"), holds=cells("d", DAYS[0])),
    Case(58, "day and month in either order", column("01/02/2020", "03/04/2021", "05/06/2022", name="d"), noticed=("'d'", "%d/%m/%Y", "%m/%d/%Y")),
    Case(58, "both orders in one column", column(*(f"{1 + i % 28:02d}/{1 + i % 12:02d}/2020" for i in range(40)), "12/31/2020", name="d"), noticed=("'d'", "no dates")),
    Case(59, "with a zone in memory", lambda: pd.DataFrame({"a": range(40), "d": ZONED})),
    Case(59, "with Z", column(*(f"{day}T10:00:00Z" for day in DAYS)), holds=dtype("b", "datetime64[ns, UTC]")),
    Case(60, "several offsets", column(*(f"{day}T10:00:00+0{i % 3}:00" for i, day in enumerate(DAYS)), name="d"), noticed=("'d'", "offsets")),
    Case(61, "hours that are skipped and that come twice", lambda: pd.DataFrame({"a": range(40), "d": pd.date_range("2021-10-30 20:00", periods=40, freq="30min", tz="Europe/Paris")})),
    Case(61, "leap second", column(*(f"{day} 23:59:59" for day in DAYS[:20]), "2016-12-31 23:59:60", name="d"), holds=lambda d: d.schema["d"].kind == "datetime"),
    Case(62, "milliseconds since 1970", column(*(str(1_600_000_000_000 + i * 86_400_000) for i in range(40)), name="created_at"), noticed=("'created_at'", "1970"), holds=dtype("created_at", "int64")),
    Case(63, "30 February", column(*DAYS[:20], "2020-02-30", name="d"), noticed=("'d'", "1 of", "no dates"), holds=cells("d", DAYS[0])),
    Case(64, "times of a day", column("10:15", "11:20", "23:59"), holds=cells("b", "10:15")),
    Case(64, "weeks", column("2020-W05", "2020-W17", "2021-W01"), holds=cells("b", "2020-W05")),
    Case(65, "Parquet cut in half", lambda: pd.DataFrame({"a": range(99)}).to_parquet()[:-40], refused=("not a readable Parquet",), file="x.parquet"),
    Case(65, "Parquet with changed bytes", lambda: (lambda b: b[:20] + bytes(200) + b[220:])(pd.DataFrame({"a": range(999)}).to_parquet()), refused=("x.parquet", "Parquet"), file="x.parquet"),
    Case(66, "CSV named .parquet", table(), refused=("x.parquet", "PAR1", ".csv"), file="x.parquet"),
    Case(67, "structures and lists", lambda: parquet(a=pa.array([{"b": 1}] * 30), c=pa.array([[1, 2]] * 30)), refused=("'a'", "'c'", "nested"), file="x.parquet"),
    Case(67, "bytes", lambda: parquet(a=pa.array([b"ab"] * 30)), refused=("'a'", "binary"), file="x.parquet"),
    Case(68, "decimals", lambda: parquet(a=pa.array(DECIMALS, pa.decimal128(38, 10)), b=pa.array(range(30))), holds=cells("a", DECIMALS[0], DECIMALS[1]), file="x.parquet"),
    Case(69, "seconds", lambda: parquet(a=pa.array(range(30), pa.timestamp("s")), b=pa.array(range(30))), file="x.parquet"),
    Case(69, "times and durations", lambda: parquet(a=pa.array(range(30), pa.time64("us")), b=pa.array(range(30), pa.duration("s"))), file="x.parquet"),
    Case(70, "dictionary", lambda: parquet(a=pa.array(["x", "y", None] * 10).dictionary_encode(), b=pa.array(range(30))), file="x.parquet", holds=dtype("a", "category")),
    Case(70, "halves, nulls and large strings", lambda: parquet(a=pa.array([1.5, 2.5] * 15, pa.float16()), b=pa.nulls(30), c=pa.array(["x", "y"] * 15, pa.large_string())), file="x.parquet"),
    Case(70, "extension type", lambda: parquet(a=pa.ExtensionArray.from_storage(pa.uuid(), pa.array([bytes([i] * 16) for i in range(30)], pa.binary(16)))), file="x.parquet"),
    Case(70, "month intervals", lambda: pa.table({"a": pa.array([pa.MonthDayNano([1, 2, 3])] * 30)}), refused=("'a'",)),
    Case(71, "double name in Parquet", twice, refused=("'a'", "more than once"), file="x.parquet"),
    Case(72, "Parquet of more rows than are read", lambda: parquet(a=pa.array(np.zeros(1_000_000, np.int8))), refused=("1,000,000 rows", "at most 1,000"), file="x.parquet", limits=Limits(max_rows=1000)),
    Case(72, "Parquet that unpacks to very much", lambda: parquet(a=pa.array(np.zeros(20_000_001, np.int8))), refused=("20,000,001 rows",), file="x.parquet"),
    Case(73, "encrypted Parquet", b"PARE" + bytes(100) + b"PARE", refused=("encrypted",), file="x.parquet"),
    Case(74, "objects with different keys", rows({"a": 1, "c": 5}), holds=lambda d: list(d.frame) == ["a", "b", "c"] and d.frame["c"].isna().sum() == ROWS, file="x.json"),
    Case(75, "objects in objects", rows({"a": 1, "o": {"p": {"q": 1}}}), holds=lambda d: "o.p.q" in d.frame, file="x.json"),
    Case(75, "deep objects", rows({"a": 1, "o": {"p": {"q": {"r": 1}}}}), refused=(f"row {ROWS + 1}", "'o.p.q'"), file="x.json"),
    Case(75, "key that is the name of an inner one", rows({"o": {"p": 1}, "o.p": 2}), refused=(f"row {ROWS + 1}", "'o.p'", "more than once"), file="x.json"),
    Case(76, "bad line", lines('{"a": 1', '{"a": 2}'), refused=(f"row {ROWS + 1}",), file="x.jsonl"),
    Case(76, "line that is no object", lines("5"), refused=(f"row {ROWS + 1}", "object"), file="x.jsonl"),
    Case(77, "NaN", rows({"a": float("nan"), "b": "x"}), holds=lambda d: d.frame["a"].isna().sum() == 1, file="x.json"),
    Case(77, "Infinity", rows({"a": float("inf"), "b": "x"}), noticed=("'a'", "infinite"), file="x.json"),
    Case(78, "100,000 lists in one another", b'[{"a": ' + b"[" * 100_000, refused=("nested too deeply",), file="x.json"),
    Case(78, "100,000 objects in one another", b'{"a":' * 100_000 + b"1" + b"}" * 100_000, refused=("nested too deeply",), file="x.json"),
    Case(78, "100,000 lists in a line", lines("[" * 100_000), refused=(f"row {ROWS + 1}",), file="x.jsonl"),
    Case(79, "whole number of 5,000 digits", b'[{"a": ' + b"9" * 5000 + b"}]", refused=("x.json", "JSON"), file="x.json"),
    Case(79, "whole number of 30 digits", rows({"a": 10**30, "b": "x"}), holds=cells("a", "0", "1"), noticed=("'a'", "text"), file="x.json"),
    Case(80, "key twice", rows()[:-1] + b', {"a": 1, "a": 2, "b": "x"}]', noticed=("'a'", "twice", "last"), holds=lambda d: d.frame["a"].iloc[-1] == 2, file="x.json"),
    Case(81, "number alone", b"5", refused=("x.json",), file="x.json"),
    Case(81, "text alone", b'"abc"', refused=("x.json", "no array of objects"), file="x.json"),
    Case(81, "null alone", b"null", refused=("x.json", "no array of objects"), file="x.json"),
    Case(81, "empty object", b"{}", refused=("x.json",), file="x.json"),
    Case(81, "empty array", b"[]", refused=("x.json", "no array of objects"), file="x.json"),
    Case(81, "empty objects", b"[{}, {}]", refused=("x.json", "no columns"), file="x.json"),
    Case(81, "columns of different lengths", b'{"a": [1, 2], "b": [1]}', refused=("different lengths",), file="x.json"),
    Case(82, "macros", lambda: sheet(("xl/vbaProject.bin", b"x")), refused=("macros",), file="x.xlsx"),
    Case(82, "links to other files", lambda: sheet(("xl/externalLinks/externalLink1.xml", b"<x/>")), holds=lambda d: len(d) == ROWS, file="x.xlsx"),
    Case(82, "formulas without values", lambda: sheet(fill=formulas), noticed=("no value in any row",), file="x.xlsx"),
    Case(82, "workbook bomb", lambda: sheet(("xl/media/x.bin", bytes(60_000_000))), refused=("unpacks to more",), file="x.xlsx"),
    Case(82, "damaged workbook", lambda: (lambda b: b[:600] + bytes(300) + b[900:])(sheet()), refused=("x.xlsx", "workbook"), file="x.xlsx"),
    Case(82, "empty sheet", lambda: (lambda sink: (openpyxl.Workbook().save(sink), sink.getvalue())[1])(io.BytesIO()), refused=("empty",), file="x.xlsx"),
    Case(82, "error values and long rows", lambda: sheet(fill=lambda book: book.active.append([1, 2, 3])), noticed=("column_3",), file="x.xlsx"),
    *(Case(83, f"pickle, protocol {p}", pickle.dumps({"a": 1}, protocol=p), refused=("pickle",)) for p in (2, 3, 4, 5)),
    Case(83, "pickle, protocol 0", pickle.dumps([1, "a"], protocol=0), refused=("at least 20",)),
    Case(83, "array of objects", array, refused=("NumPy",), file="x.npy"),
    Case(83, "weights", lambda: archive("archive/data.pkl", pickle.dumps({"a": 1})), refused=("pickle",), file="x.pt"),
    Case(83, "pickle in gzip", lambda: __import__("gzip").compress(pickle.dumps({"a": 1})), refused=("pickle",), file="x.csv.gz"),
    Case(84, "SQLite", database, refused=("SQLite",)),
    Case(84, "HDF5", b"\x89HDF\r\n\x1a\n" + bytes(50), refused=("HDF5",), file="x.h5"),
    Case(84, "Feather", b"ARROW1\x00\x00" + bytes(50), refused=("Arrow",), file="x.feather"),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_date_or_format_that_should_not_be(case, tmp_path):
    """Refused in words that name the place, or read and told of."""
    judge(case, tmp_path)
