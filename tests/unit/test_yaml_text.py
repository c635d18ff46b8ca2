"""YAML 1.2 and JSON are read as they are meant, and a key that stands twice is refused."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartsynth.config import RunConfig
from smartsynth.errors import ConfigError
from smartsynth.schema_document import SchemaDocument
from smartsynth.yaml_text import dumped, loaded

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(exclude_categories=["Cs", "Cc"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abcé 019.eE+-:_", max_size=6), inner, max_size=4), max_leaves=12,
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e6", 1e6), ("-1e-3", -1e-3), ("1e-07", 1e-7), (".5", 0.5), ("010", 10), ("0x1F", 31), ("0o17", 15), ("-5", -5), ("-.inf", -math.inf),
        ("2020-01-01", "2020-01-01"), ("12:30", "12:30"), ("no", "no"), ("1_000", "1_000"), ("true", True), ("~", None), ("", None),
        ('{"minimum": 1e-07}', {"minimum": 1e-7}), ("{a: b}", {"a": "b"}), ('\ufeff{"a": 1}', {"a": 1}),
        ("x: &x {a: 1}\ny: {<<: *x, b: 2}", {"x": {"a": 1}, "y": {"a": 1, "b": 2}}),
    ],
)  # fmt: skip
def test_values_are_what_they_look_like(text, value):
    assert loaded(text) == value
    assert math.isnan(loaded(".nan"))


@given(PLAIN)
def test_what_is_written_comes_back(value):
    assert loaded(dumped(value)) == value
    assert loaded(json.dumps([value])) == [value]


@pytest.mark.parametrize("text", ["a: 1\nb: 2\na: 3", '{"a": 1, "a": 2}', "x: {a: 1, a: 2}", "[{a: 1, a: 1}]"])
def test_a_key_stands_once(text):
    with pytest.raises(ValueError, match="the key 'a' stands twice"):
        loaded(text)


@pytest.mark.parametrize("text", ["[" * 50_000, "{a: b", "a: " + "[" * 5_000, "? [a]\n: 1"])
def test_what_is_no_yaml_is_said(text):
    with pytest.raises(ValueError, match=r"\w"):
        loaded(text)


def test_files_of_schemas_and_settings_hold_each_part_once(tmp_path):
    path = tmp_path / "schema.yaml"
    path.write_text("rules:\n  - a > 0\ncolumns:\n  a: {low: 2020-01-01, high: 1e6}\n", "utf-8")
    column = SchemaDocument.read(path).columns["a"]
    assert (column.low, column.high) == ("2020-01-01", 1e6)
    path.write_text("rules:\n  - a > 0\nrules:\n  - b > 0\n", "utf-8")
    for read in (SchemaDocument.read, RunConfig.read):
        with pytest.raises(ConfigError, match="the key 'rules' stands twice"):
            read(path)
