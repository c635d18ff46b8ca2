"""Bytes of any kind are read or refused, and nothing else happens."""

from __future__ import annotations

import csv
import io
import json
import os

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import smartsynth as ss
from smartsynth import ingest
from smartsynth.errors import SmartSynthError

EXAMPLES = int(os.environ.get("EXAMPLES", "150"))
QUICK = settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
TABULAR = st.text("ab1290.,;|\t\n\r\" '-+eE:/TZ?é\ufeff\u2028\x00\x85", max_size=200)
MAGIC = (
    b"",
    b"PK\x03\x04",
    b"PAR1",
    b"\x1f\x8b",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"{",
    b"[",
    b"\x89PNG\r\n\x1a\n",
    b"ARROW1\0\0",
    b"BZh9",
)
CELLS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
CELL = st.text("abé1.-,;\t|\n\"' ", max_size=6) | st.sampled_from(
    ["NA", "1", "2.5", "=1", "2020-01-01", "yes", "\u2028", "😀"]
)
VALUES = st.recursive(
    CELLS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=12,
)


def read(content, **how):
    """The table of the bytes, profiled if it has rows enough; or nothing if they are refused."""
    try:
        data = ingest.read(content, **how)
        assert len(data) > 0
        assert list(data.frame.columns) == list(data.schema.names)
        if len(data) >= 20:
            ss.profile(data)
    except SmartSynthError as error:
        assert str(error)


@QUICK
@given(st.sampled_from(MAGIC), st.binary(max_size=300))
def test_any_bytes(magic, content):
    """Behind every sign that a format begins with."""
    read(magic + content)


@pytest.mark.parametrize("format", ingest.FORMATS)
@QUICK
@given(st.binary(max_size=200))
def test_any_bytes_said_to_be_of_a_format(format, content):
    """Which is believed."""
    read(content, format=format)


@QUICK
@given(TABULAR, st.sampled_from(["utf-8", "utf-16", "utf-16-le", "utf-8-sig"]), st.sampled_from([1, 25]))
@example('a,b\n"x', "utf-8", 1)
@example("a\u2028b\n1\n", "utf-8", 1)
def test_any_text_that_is_nearly_a_table(text, encoding, times):
    """Once, and often enough to be learnt from."""
    read((text * times).encode(encoding))


@QUICK
@given(st.lists(VALUES, max_size=4), st.sampled_from([1, 10]), st.booleans())
def test_any_json(values, times, lines):
    """As an array and line by line."""
    values = values * times
    read(
        ("\n".join(map(json.dumps, values)) if lines else json.dumps(values)).encode(),
        format="jsonl" if lines else "json",
    )


@QUICK
@given(
    st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=30), st.sampled_from(",;\t|"), st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)  # fmt: skip
def test_no_row_of_a_table_is_shifted_dropped_or_cut(rows, delimiter, end, encoding):
    """Whatever stands in its cells."""
    sink = io.StringIO()
    writer = csv.writer(sink, delimiter=delimiter, lineterminator=end)
    writer.writerows([("n", "a", "b", "c"), *((i, *row) for i, row in enumerate(rows))])
    frame = ingest.read(sink.getvalue().encode(encoding)).frame
    assert frame["n"].tolist() == list(range(len(rows)))
    for k, name in enumerate("abc"):
        if frame[name].dtype == object:
            known = [None if cell is None or cell != cell else cell for cell in frame[name]]
            assert known == [row[k] or None for row in rows]
