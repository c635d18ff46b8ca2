"""CSV and TSV → Dataset: encoding, delimiter, quoting and decimal mark found from the content.

pyarrow parses and refuses ragged rows; only when it finds something wrong does a slower pass list every problem with
its line. No row is shifted, dropped or cut.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from smartsynth.config import Limits
from smartsynth.dataset import Dataset, Source
from smartsynth.errors import DataError, Problem
from smartsynth.formats import plain
from smartsynth.ingest.cells import typed
from smartsynth.ingest.frames import check_shape, dataset
from smartsynth.ingest.hints import hint

DELIMITERS = (",", ";", "\t", "|")
MOST_PROBLEMS = 50
SNIFFED_CHARS = 200_000
MOST_CONTROLS = 0.01
"""Share of control characters up to which bytes are taken for text."""
_CONTROLS = bytes({*range(32), 127} - set(b"\t\n\v\f\r\x1a\x1b"))

# Python's own limit of a cell is far below `limits.max_cell_chars`.
csv.field_size_limit(2**31 - 1)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a text file separates its cells."""

    delimiter: str
    space_after: bool
    decimal: str = "."


def read_csv(content: bytes, limits: Limits, *, name: str, delimiter: str | None = None) -> Dataset:
    """The table of a CSV file.

    Raises:
        DataError: Ragged rows, open quotes, double names, undecodable bytes …, all at once, with line numbers.
    """
    text, encoding, notes = decoded(content, name)
    dialect = sniffed(text, delimiter)
    names, header_notes = _header(text, dialect, limits, name)
    columns = _columns(text, names, dialect, limits, name)
    series: dict[str, pd.Series[Any]] = {}
    stored: dict[str, dict[str, Any]] = {}
    notes += header_notes
    for column, (codes, words) in columns.items():
        cells = typed(codes, words, decimal=dialect.decimal)
        series[column], stored[column] = cells.series, cells.stored
        note = hint(codes, words, dialect.decimal) if cells.series.dtype == object else cells.note
        if note:
            notes.append(f"Column {plain(column, 40)!r}: {note}")
    if dialect.decimal == "," and any(cells.dtype.kind == "f" for cells in series.values()):
        notes.append("Numbers are read with a decimal comma: 1,5 is one and a half.")
    source = Source(
        name=name,
        format="tsv" if dialect.delimiter == "\t" else "csv",
        encoding=encoding,
        delimiter=dialect.delimiter + (" " if dialect.space_after else ""),
        decimal=dialect.decimal,
        notes=tuple(notes),
    )
    return dataset(pd.DataFrame(series), source, limits, stored)


def decoded(content: bytes, name: str) -> tuple[str, str, list[str]]:
    """The text, its encoding, and what was noticed."""
    if content.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise DataError(f"{name} is UTF-32. Save it as UTF-8.")
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if content.startswith(mark):
            return _strict(content, encoding, name), encoding, []
    if b"\x00" in content[:1000]:
        zeros = [content[:1000][i::2].count(0) for i in (0, 1)]
        if (max(zeros) > 100 and min(zeros) == 0) or (len(content) < 1000 and max(zeros) > len(content) // 3):
            encoding = "utf-16-be" if zeros[0] > zeros[1] else "utf-16-le"
            return _strict(content, encoding, name), encoding, []
    if b"\x00" in content:
        line = content[: content.index(b"\x00")].count(b"\n") + 1
        raise DataError(
            Problem("holds a NUL byte, so it is not a text table.", row=line, fix="Export it as CSV again.")
        )
    head = content[:SNIFFED_CHARS]
    if len(head) - len(head.translate(None, _CONTROLS)) > MOST_CONTROLS * len(head):
        raise DataError(f"{name} is not a text file, nor of another format that is read. Save it as CSV or Parquet.")
    try:
        return content.decode("utf-8"), "utf-8", []
    except UnicodeDecodeError as error:
        return _legacy(content, error.start, name)


def _strict(content: bytes, encoding: str, name: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        where = f"at byte {error.start:,}"
        raise DataError(f"{name} says it is {encoding} but cannot be decoded {where}. Save it as UTF-8.") from None


def _legacy(content: bytes, at: int, name: str) -> tuple[str, str, list[str]]:
    """Text in an encoding of the time before UTF-8."""
    import charset_normalizer

    sequences = re.findall(rb"[\x80-\xff]+", content[: 10**6])
    good = sum(_is_utf8(sequence) for sequence in sequences)
    if good > len(sequences) / 2:
        line = content[:at].count(b"\n") + 1
        what = f"is UTF-8 but for bytes like the one at byte {at:,}."
        raise DataError(Problem(f"{name} {what}", row=line, fix="Save it in one encoding, best UTF-8."))
    best = charset_normalizer.from_bytes(
        content[: 10**6], cp_isolation=["cp1252", "latin_1", "cp1250", "cp1251"]
    ).best()
    encoding = "cp1252" if best is None or best.encoding == "latin_1" else best.encoding
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        text, encoding = content.decode("latin-1"), "latin-1"
    return text, encoding, [f"Read as {encoding}, because it is not UTF-8."]


def _is_utf8(sequence: bytes) -> bool:
    try:
        sequence.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def sniffed(text: str, delimiter: str | None = None) -> Dialect:
    """The dialect of the text: its delimiter splits most lines into the same number of cells, more than one."""
    head = text[:SNIFFED_CHARS]
    if len(text) > SNIFFED_CHARS:
        head = head[: head.rfind("\n") + 1] or head
    scores = {}
    for candidate in (delimiter,) if delimiter else DELIMITERS:
        rows = _rows(head, candidate)
        widths = Counter(len(row) for row in rows if row)
        width, count = widths.most_common(1)[0] if widths else (1, 0)
        scores[candidate] = (width > 1, count / max(len(rows), 1), width)
    best = max(scores, key=lambda candidate: scores[candidate])
    after = re.findall(re.escape(best) + r"( ?)[^\s" + re.escape(best) + "]", head[:20_000])
    space_after = best != "\t" and len(after) > 0 and sum(map(bool, after)) > 0.9 * len(after)
    commas = re.findall(r"(?:^|[;\t|])\s*-?\d+,\d+\s*(?=$|[;\t|])", head, flags=re.M) if best != "," else []
    points = re.findall(r"(?:^|[;\t|])\s*-?\d+\.\d+\s*(?=$|[;\t|])", head, flags=re.M)
    return Dialect(best, space_after, "," if len(commas) > len(points) else ".")


def _rows(text: str, delimiter: str) -> list[list[str]]:
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True))[:500]
    except csv.Error:
        return []


def _header(text: str, dialect: Dialect, limits: Limits, name: str) -> tuple[list[str], list[str]]:
    first = text.lstrip("\r\n")[: 50 * limits.max_columns + 100_000]
    if not first.strip():
        raise DataError(f"{name} is empty.")
    reader = csv.reader(io.StringIO(first, newline=""), delimiter=dialect.delimiter, skipinitialspace=True)
    try:
        raw = [cell.strip() for cell in next(reader)]
    except csv.Error as error:
        raise DataError(f"{name} has no readable header: {error}.") from None
    if len(raw) > limits.max_columns:
        check_shape(0, max(len(raw), text.lstrip("\r\n").split("\n", 1)[0].count(dialect.delimiter) + 1), limits, name)
    notes = [f"Column {i + 1} had no name and is called column_{i + 1}." for i, cell in enumerate(raw) if not cell]
    names = [cell or f"column_{i + 1}" for i, cell in enumerate(raw)]
    problems = [
        Problem("this name is used more than once.", row=1, column=cell, fix="Rename one.")
        for cell, count in Counter(names).items()
        if count > 1
    ]
    problems += [Problem("a name is longer than 1,000 characters.", row=1) for cell in names if len(cell) > 1000]
    if problems:
        raise DataError(problems)
    if all(re.fullmatch(r"-?\d+(\.\d+)?", cell) for cell in names):
        notes.append("The first line holds only numbers and was taken as the header. Add a header if it is data.")
    return names, notes


def _columns(
    text: str, names: list[str], dialect: Dialect, limits: Limits, name: str
) -> dict[str, tuple[np.ndarray[Any, Any], list[str]]]:
    """Codes and distinct words of each column, parsed by pyarrow."""
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import csv as arrow_csv

    bad: list[Any] = []

    def note_bad(row: Any) -> str:
        bad.append(row)
        return "skip"

    body = text.lstrip("\r\n").encode()
    quoted_after_space = dialect.space_after and f'{dialect.delimiter} "' in text
    if quoted_after_space:
        body = text.lstrip("\r\n").replace(f'{dialect.delimiter} "', f'{dialect.delimiter}"').encode()
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(body),
            read_options=arrow_csv.ReadOptions(
                column_names=[str(i) for i in range(len(names))], skip_rows=0, block_size=max(1 << 24, 1)
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=dialect.delimiter,
                newlines_in_values=True,
                ignore_empty_lines=len(names) > 1,
                invalid_row_handler=note_bad,
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types={str(i): pa.string() for i in range(len(names))},
                strings_can_be_null=False,
                quoted_strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid as error:
        row = re.search(r"Row #(\d+)", str(error))  # the rest of its message quotes the row
        what = Problem(f"{name} cannot be parsed.", row=int(row[1]) if row else None, fix="Save it as CSV again.")
        raise DataError(_problems(text, names, dialect, limits) or what) from None
    if bad:
        raise DataError(_problems(text, names, dialect, limits))
    table = table.slice(1)
    check_shape(table.num_rows, len(names), limits, name)
    if text.count('"') % 2 and (problems := _problems(text, names, dialect, limits)):
        raise DataError(problems)
    out = {}
    for i, column in enumerate(names):
        cells = table.column(i)
        if dialect.space_after:
            cells = pc.utf8_ltrim_whitespace(cells)
        if len(cells) and (pc.max(pc.utf8_length(cells)).as_py() or 0) > limits.max_cell_chars:
            raise DataError(Problem(f"a cell has more than {limits.max_cell_chars:,} characters.", column=column))
        encoded = cells.combine_chunks().dictionary_encode()
        out[column] = np.asarray(encoded.indices, dtype=np.int64), encoded.dictionary.to_pylist()
    return out


def _problems(text: str, names: list[str], dialect: Dialect, limits: Limits) -> list[Problem]:
    """Every row of the wrong length, every cell that is too long and an open quote, by line number."""
    problems: list[Problem] = []
    more = 0
    widths: Counter[int] = Counter()
    lines = io.StringIO(text, newline="")
    reader = csv.reader(lines, delimiter=dialect.delimiter, skipinitialspace=dialect.space_after, strict=True)
    start = 1
    try:
        for row in reader:
            if row:
                widths[len(row)] += 1
                found = list(_wrong(row, start, names, limits))
                if len(problems) < MOST_PROBLEMS:
                    problems += found
                else:
                    more += len(found)
            start = reader.line_num + 1
    except csv.Error as error:
        what = "a quote is opened here and never closed" if "end of data" in str(error) else str(error)
        problems.append(Problem(f"{what}.", row=start, fix="Close or double the quote."))
    if more:
        problems.append(Problem(f"{more} more rows have such problems."))
    usual, times = widths.most_common(1)[0] if widths else (len(names), 0)
    if usual != len(names) and times > widths.total() / 2:
        what = f"the header has {len(names)} cells and most rows have {usual}."
        problems.insert(
            0, Problem(what, fix="If lines stand above the header, such as a title or comments, delete them.")
        )
    return problems


def _wrong(row: list[str], start: int, names: list[str], limits: Limits) -> Iterator[Problem]:
    """What is wrong with a row that begins at a line."""
    if len(row) != len(names):
        what = f"has {len(row)} cells where the header has {len(names)}."
        yield Problem(what, row=start, fix="Quote cells that hold the delimiter, or fill the row.")
        return
    for name, cell in zip(names, row, strict=True):
        if len(cell) > limits.max_cell_chars:
            what = f"a cell has more than {limits.max_cell_chars:,} characters."
            yield Problem(what, row=start, column=name, fix="Shorten it, or raise limits.max_cell_chars.")
