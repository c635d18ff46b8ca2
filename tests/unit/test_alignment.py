"""Alignment: another file of the same table gets the real columns, order and dtypes, or all problems are told."""

import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from smartsynth.alignment import align
from smartsynth.errors import DataError
from smartsynth.schema import Column, Kind, Schema


def schema(**dtypes: str) -> Schema:
    return Schema(tuple(Column(name, Kind.CATEGORICAL, dtype) for name, dtype in dtypes.items()))


@pytest.mark.parametrize(
    ("cells", "dtype", "expected"),
    [
        (["3", "4"], "int64", [3, 4]),
        ([3.0, 4.0], "int8", [3, 4]),
        (["1.5", "2"], "float32", [1.5, 2.0]),
        ([1, 0], "bool", [True, False]),
        (["yes", "No"], "boolean", [True, False]),
        ([1, 2], "object", ["1", "2"]),
        ([1.0, 2.0], "string", ["1", "2"]),
        (["2024-02-01", "2024-02-02"], "datetime64[ns]", [pd.Timestamp("2024-02-01"), pd.Timestamp("2024-02-02")]),
        (["1 days", "2 days"], "timedelta64[ns]", [pd.Timedelta(1, "D"), pd.Timedelta(2, "D")]),
        (["2024-02-01"], "date", [datetime.date(2024, 2, 1)]),
        (["10:30:00"], "time", [datetime.time(10, 30)]),
        (["1.20"], "decimal", [Decimal("1.20")]),
    ],
)
def test_cells_that_can_be_read_as_the_real_dtype_are_converted(cells, dtype, expected):
    """A file read on its own ends up as if it had been read beside the real one."""
    aligned = align(pd.DataFrame({"x": cells}), schema(x=dtype), what="holdout")["x"]
    assert list(aligned) == expected
    assert str(aligned.dtype) == ("object" if dtype in ("date", "time", "decimal") else dtype)


def test_times_come_into_the_real_time_zone():
    """The moment stays, the zone is the real one."""
    cells = pd.DataFrame({"x": ["2024-06-01T10:00:00+00:00"]})
    aligned = align(cells, schema(x="datetime64[ns, Europe/Paris]"), what="holdout")["x"]
    assert aligned[0] == pd.Timestamp("2024-06-01T12:00:00", tz="Europe/Paris")


@pytest.mark.parametrize(("dtype", "wide"), [("int64", "Int64"), ("uint8", "UInt8"), ("bool", "boolean")])
def test_missing_cells_make_a_dtype_nullable(dtype, wide):
    """A missing cell stays missing instead of becoming a number."""
    aligned = align(pd.DataFrame({"x": [1, None]}), schema(x=dtype), what="synthetic")["x"]
    assert str(aligned.dtype) == wide
    assert aligned.isna().tolist() == [False, True]


def test_columns_come_in_the_real_order_and_the_input_stays_as_it_was():
    """Order does not matter to whoever wrote the file."""
    frame = pd.DataFrame({"b": ["x"], "a": [1.0]})
    before = frame.copy()
    assert list(align(frame, schema(a="int64", b="object"), what="holdout").columns) == ["a", "b"]
    pd.testing.assert_frame_equal(frame, before)


def test_all_problems_are_told_at_once_without_a_single_cell():
    """Missing, surplus and unreadable columns are in one message, which shows no value of the data."""
    frame = pd.DataFrame({"age": ["31", "secret", "hidden"], "incme": [1, 2, 3]})
    with pytest.raises(DataError) as caught:
        align(frame, schema(age="int64", income="int64"), what="holdout")
    message = str(caught.value)
    assert "column 'income': is missing from the holdout data. Did you mean 'incme'?" in message
    assert "column 'incme': is in the holdout data but not in the real data." in message
    assert "2 cells of the holdout data, the first in data row 2, cannot be read as int64" in message
    assert "secret" not in message


def test_a_number_with_a_fraction_is_not_a_whole_number():
    """Nothing is rounded in silence."""
    with pytest.raises(DataError, match="cannot be read as int64"):
        align(pd.DataFrame({"x": [1.5]}), schema(x="int64"), what="holdout")


def test_categories_keep_their_values():
    """Categories of numbers stay numbers."""
    aligned = align(pd.DataFrame({"x": [1, 2, 1]}), schema(x="category"), what="holdout")["x"]
    assert aligned.tolist() == [1, 2, 1]
    assert np.issubdtype(aligned.cat.categories.dtype, np.integer)
