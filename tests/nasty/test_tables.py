"""CSV files as they should not be: numbers 1 to 54."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import time

import numpy as np
import openpyxl
import pandas as pd
import pytest
from nasty.cases import ROWS, Case, column, judge, remade, table

from smartsynth import ingest
from smartsynth.config import Limits


def cells(name, *wanted):
    """Whether the column begins with these cells."""
    return lambda data: data.frame[name].tolist()[: len(wanted)] == list(wanted)


def dtype(name, wanted):
    return lambda data: str(data.frame[name].dtype) == wanted


def quoted(*header):
    """A CSV file with these names, as a careful program would write it."""
    sink = io.StringIO()
    writer = csv.writer(sink)
    writer.writerows([header, *([i % 7] * len(header) for i in range(ROWS))])
    return sink.getvalue().encode()


def workbook():
    book = openpyxl.Workbook()
    for row in (["a", "b"], *([i, i % 3] for i in range(ROWS))):
        book.active.append(row)
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()


def wide(columns):
    return lambda: (",".join(map(str, range(columns))) + "\n" + "1," * (columns - 1) + "1\n").encode()


def names(n):
    """Nearly as many different texts as rows."""
    return [f"k{i * 7919 % n:06d}" for i in range(n)]


FEW = "a,b\n" + "".join(f"{i},x\n" for i in range(5))
HOSTILE = ('say "hi"', "two\nlines", "<script>alert(1)</script>", "=cmd|'/c calc'!A0", "`rm`", "{{7*7}}", "../../x")
EMPTY_COLUMN = ("\n".join(["a,b", *(f"{i % 9}," for i in range(ROWS))]) + "\n").encode()
UTF16 = "\n".join(["name,n", *(f"Ärger {i % 3},{i % 5}" for i in range(ROWS))])

CASES = (
    Case(1, "no byte", b"", refused=("is empty",)),
    Case(2, "blank lines", b" \n\n \t\n", refused=("is empty",)),
    Case(3, "header only", b"a,b\n", refused=("header but no rows",)),
    Case(3, "header without line end", b"a,b", refused=("header but no rows",)),
    Case(4, "one row", b"a,b\n1,2\n", refused=("1 row", "at least 20")),
    Case(4, "five rows", FEW.encode(), refused=("5 rows", "at least 20")),
    Case(5, "one column", ("a\n" + "".join(f"{i * 3 % 11}\n" for i in range(ROWS))).encode()),
    Case(5, "one column with blank cells", ("a\n" + "1\n\n2\n" * ROWS).encode(), holds=lambda d: len(d) == 3 * ROWS),
    Case(6, "all missing", EMPTY_COLUMN, noticed=("no value in any row",), holds=lambda d: d.frame["b"].isna().all()),
    Case(7, "constant", column("x"), noticed=("single value",), holds=cells("b", "x")),
    Case(7, "constant number", column("3"), holds=cells("b", 3)),
    Case(8, "double name", table(header="a,a"), refused=("'a'", "more than once", "rename")),
    Case(8, "double names, many", table(header="a,b,a,b,c"), refused=("'a'", "'b'", "more than once")),
    Case(9, "no name", table(header="a,, "), noticed=("column_2", "column_3"), holds=lambda d: "column_2" in d.frame),
    Case(9, "no name beside its stand-in", table(header="a,,column_2"), refused=("column_2", "more than once")),
    Case(10, "name of 300 characters", quoted("a", "n" * 300), holds=lambda d: "n" * 300 in d.frame),
    Case(10, "name of 10,000 characters", quoted("a", "n" * 10_000), refused=("longer than 1,000 characters", "row 1")),
    Case(11, "hostile names", quoted(*HOSTILE), holds=lambda d: list(d.frame) == list(HOSTILE)),
    Case(12, "no header", table(header="1,2"), noticed=("only numbers", "taken as the header")),
    Case(13, "byte order mark", b"\xef\xbb\xbf" + table(), holds=lambda d: list(d.frame) == ["a", "b"]),
    Case(14, "UTF-16 LE", UTF16.encode("utf-16"), holds=cells("name", "Ärger 0")),
    Case(14, "UTF-16 BE without mark", UTF16.encode("utf-16-be"), holds=cells("name", "Ärger 0")),
    Case(14, "UTF-16 cut in half", UTF16.encode("utf-16")[:-1], refused=("utf-16", "byte")),
    Case(14, "UTF-32", UTF16.encode("utf-32"), refused=("UTF-8",)),
    Case(15, "Latin-1", UTF16.encode("latin-1"), noticed=("not UTF-8",), holds=cells("name", "Ärger 0")),
    Case(15, "cp1252", UTF16.replace("Ärger", "“Größe” – 5 €").encode("cp1252"), noticed=("not UTF-8",), holds=cells("name", "“Größe” – 5 € 0")),
    Case(16, "two encodings", (UTF16 + "\n").encode() + "Öl,1\n".encode("latin-1"), refused=(f"row {ROWS + 2}", "byte", "one encoding")),
    Case(17, "NUL byte", table("1,\x002"), refused=("NUL", f"row {ROWS + 2}")),
    Case(18, "more cells in the first row", b"a,b\n1,2,3\n" + b"1,2\n" * ROWS, refused=("row 2", "3 cells", "header has 2")),
    Case(18, "more cells in every row", b"a,b\n" + b"1,2,3\n" * ROWS, refused=("row 2", "3 cells")),
    Case(19, "more cells later", table("1,2,3"), refused=(f"row {ROWS + 2}", "3 cells")),
    Case(20, "fewer cells", table("1"), refused=(f"row {ROWS + 2}", "1 cell")),
    Case(21, "open quote", table('"x,2', "3,4"), refused=(f"row {ROWS + 2}", "never closed")),
    Case(22, "semicolons", table().replace(b",", b";"), holds=lambda d: list(d.frame) == ["a", "b"]),
    Case(22, "tabs", table().replace(b",", b"\t"), holds=lambda d: list(d.frame) == ["a", "b"]),
    Case(22, "bars", table().replace(b",", b"|"), holds=lambda d: list(d.frame) == ["a", "b"]),
    Case(23, "decimal comma", ("n;b\n" + "1;1,5\n2;2,25\n3;3,0\n" * ROWS).encode(), noticed=("decimal comma",), holds=cells("b", 1.5, 2.25, 3.0)),
    Case(24, "thousands", column('"1,234"', '"12,345"', '"1,234,567"', "5"), noticed=("'b'", "thousands"), holds=cells("b", "1,234")),
    Case(25, "money", column("$5.00", "$17.25", "$8.10", "$9.99"), noticed=("'b'", "unit"), holds=cells("b", "$5.00")),
    Case(25, "percent", column("5%", "17.5%", "8%"), noticed=("'b'", "unit"), holds=cells("b", "5%")),
    Case(25, "units", column("5 kg", "17 kg", "8.5 kg"), noticed=("'b'", "unit"), holds=cells("b", "5 kg")),
    Case(26, "leading zeros", column("00501", "10001"), holds=cells("b", "00501", "10001")),
    Case(27, "Namibia", column("NA", "DE", "FR"), holds=cells("b", "NA", "DE")),
    Case(28, "tokens for missing", column("1", "2", "NULL", "n/a", "-", "?", "3"), noticed=("'b'", "NULL", "missing"), holds=lambda d: d.frame["b"].isna().mean() > 0.5),
    Case(29, "inf in a file", column("1.5", "inf", "2.5", "-inf", "3.5", "1e400"), noticed=("'b'", "12 cells are infinite"), holds=lambda d: d.frame["b"].isna().sum() == 12),
    Case(29, "inf in memory", lambda: pd.DataFrame({"a": np.arange(40.0), "b": [1.5, np.inf, 2.5, -np.inf] * 10}), noticed=("'b'", "20 cells are infinite")),
    Case(30, "whole numbers over 2^63", column(str(2**63), str(2**64 + 1), str(2**70), "5"), holds=cells("b", str(2**63), str(2**64 + 1))),
    Case(30, "whole numbers over 2^63 in memory", lambda: pd.DataFrame({"a": np.arange(40), "b": [2**64 + i for i in range(40)]})),
    Case(30, "unsigned in memory", lambda: pd.DataFrame({"a": np.arange(40), "b": np.array([2**63 + i for i in range(40)], np.uint64)})),
    Case(31, "17 digits", column("0.1234567890123456", "0.30000000000000004"), holds=cells("b", 0.1234567890123456, 0.30000000000000004)),
    Case(31, "30 digits", column("3.14159265358979323846264338327950", "2.5"), holds=cells("b", np.pi), noticed=("'b'", "digits")),
    Case(32, "mixed cells", column("1", "2", "3", "4", "five", "6", "7", "8"), noticed=("'b'", "not numbers"), holds=cells("b", "1", "2")),
    Case(32, "mixed objects", lambda: pd.DataFrame({"a": np.arange(40), "b": [1, "x", 2.5, None] * 10})),
    Case(33, "truth with blanks", ("ok\n" + "yes\n\nno\n" * ROWS).encode(), holds=lambda d: len(d) == 3 * ROWS and str(d.frame["ok"].dtype) == "boolean"),
    Case(34, "many words for truth", column("TRUE", "yes", "Y", "1", "no", "false", "N"), noticed=("'b'", "true and false"), holds=cells("b", "TRUE", "yes")),
    Case(35, "all texts different", column(*(f"AB{i:04d}X" for i in range(60))), noticed=("identifier",)),
    Case(36, "key", column(*map(str, range(60)), name="customer_id"), noticed=("identifier",)),
    Case(37, "many categories", lambda: pd.DataFrame({"a": np.arange(4000) % 7, "b": names(2000) * 2}), noticed=("2,000 levels",)),
    Case(38, "20,000 columns", wide(20_000), refused=("20,000 columns", "5,000")),
    Case(38, "100,000 columns", wide(100_000), refused=("100,000 columns", "5,000")),
    Case(39, "a million columns", wide(1_000_000), refused=("columns", "5,000")),
    Case(40, "too many rows", table(), refused=("rows", "at most 10"), limits=Limits(max_rows=10)),
    Case(41, "cell of 50 MB", lambda: b"a,b\n1," + b"x" * 50_000_000 + b"\n", refused=("1,000,000 characters",)),
    Case(41, "cell of 2 MB", lambda: table("1," + "x" * 2_000_000), refused=("'b'", "1,000,000 characters")),
    Case(42, "free text", column(*(f"the patient number {i} came in at noon and left" for i in range(40))), noticed=("free text",)),
    Case(43, "JSON in cells", column(*(f'"{{""k"": {i}}}"' for i in range(40))), noticed=("'b'",)),
    Case(44, "addresses of mail", column(*(f"a{i}@example.org" for i in range(40)), name="contact"), noticed=("email", "personal data")),
    Case(44, "addresses of machines", column(*(f"10.0.{i}.{i * 3 % 200}" for i in range(40)), name="host"), noticed=("(ip)", "personal data")),
    Case(45, "class of one", column(*["yes", "no"] * 20, "maybe", name="label"), noticed=("rarest class",), settings=(("target", "label"),)),
    Case(46, "nearly one class", column(*["yes"] * 999, "no", name="label"), noticed=("rarest class",), settings=(("target", "label"),)),
    Case(47, "columns that are the same", "\n".join(["a,b,c", *(f"{i % 7},{i % 7},{i % 7 * 2}" for i in range(ROWS)), ""]).encode(), noticed=("nearly the same",)),
    Case(48, "all rows the same", column("x").replace(b"\n1,", b"\n0,"), noticed=("repeat another row",)),
    Case(49, "CRLF", table().replace(b"\n", b"\r\n"), holds=lambda d: len(d) == ROWS),
    Case(49, "CR", table().replace(b"\n", b"\r"), holds=lambda d: len(d) == ROWS),
    Case(49, "mixed line ends", table("1,2\r", "3,4\r5,6"), holds=lambda d: len(d) == ROWS + 3),
    Case(50, "lines before the header", b"Report of 2024\n\n" + table(), refused=("header has 1 cells", "above the header", "delete")),
    Case(50, "comments before the header", b"# made by x\n" + table(), refused=("header has 1 cells", "row 2", "above the header")),
    Case(50, "total below", table("Total,99"), noticed=("not numbers",)),
    Case(51, "two tables", table() + b"\nc,d,e\n1,2,3\n", refused=(f"row {ROWS + 3}", "3 cells")),
    Case(52, "gzip bomb", lambda: gzip.compress(b"a\n" + b"0" * 100_000_000, 6), refused=("unpacks to more",), file="x.csv.gz"),
    Case(52, "bzip2", lambda: bz2.compress(table()), refused=("bzip2", "unpack"), file="x.csv.bz2"),
    Case(52, "zstd", b"\x28\xb5\x2f\xfd" + bytes(range(40, 140)), refused=("zstandard", "unpack"), file="x.csv.zst"),
    Case(52, "xz", b"\xfd7zXZ\x00" + bytes(range(40, 140)), refused=("xz", "unpack"), file="x.csv.xz"),
    Case(53, "workbook named .csv", workbook, holds=lambda d: len(d) == ROWS),
    Case(53, "Parquet named .csv", lambda: pd.DataFrame({"a": range(30), "b": [1, 2, 3] * 10}).to_parquet(), holds=lambda d: len(d) == 30),
    Case(54, "program", b"MZ\x90\x00\x03" + bytes(200), refused=("a program",)),
    Case(54, "ELF", b"\x7fELF\x02\x01\x01" + bytes(200), refused=("a program",)),
    Case(54, "test string of scanners", rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE!$H+H*", refused=("no rows",)),
    Case(54, "noise", np.random.default_rng(0).integers(1, 256, 5000, dtype=np.uint8).tobytes(), refused=("not a text",)),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_table_that_should_not_be(case, tmp_path):
    """Refused in words that name the place, or read and told of."""
    judge(case, tmp_path)


@pytest.mark.slow
def test_a_million_categories_are_made_anew(tmp_path):
    """Each is held by two rows, so none comes back; what is made looks like them."""
    codes = np.random.default_rng(0).permutation(np.repeat(np.arange(1_000_000), 2))
    path = tmp_path / "many.csv"
    path.write_text("a,b\n" + "".join(f"{i % 7},c{code:07d}\n" for i, code in enumerate(codes)), "utf-8")
    start = time.process_time()
    made = remade(path, rows=1_000)
    assert time.process_time() - start < 60
    assert made["b"].str.fullmatch(r"c\d+").all()
    assert not made["b"].isin({f"c{code:07d}" for code in range(1_000_000)}).any()


def test_notes_are_as_many_as_people_read(tmp_path):
    """However many columns there are to tell of."""
    path = tmp_path / "wide.csv"
    path.write_text(
        ",".join(f"c{i}" for i in range(200))
        + "\n"
        + (
            ",".join(["5 kg,7 kg"] * 100)
            + "\n"
            + ",".join(["6 kg,9 kg"] * 100)
            + "\n"
            + ",".join(["1 kg,2 kg"] * 100)
            + "\n"
        )
    )
    notes = ingest.read(path).source.notes
    assert len(notes) == 51
    assert notes[-1].startswith("150 more columns")
