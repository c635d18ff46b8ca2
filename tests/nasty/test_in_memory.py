"""Tables in memory with columns of every type that pandas, polars and Arrow have: read, or refused by name."""

from __future__ import annotations

import datetime
import uuid
from decimal import Decimal

import dateutil.tz
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from nasty.cases import assert_has, remade

import smartsynth as ss
from smartsynth import ingest
from smartsynth.errors import SmartSynthError

N = 40
DAYS = [datetime.date(2020, 1, 1 + i % 28) for i in range(N)]
EAST = dateutil.tz.tzoffset(None, 19_800)


def frame(cells, **how):
    return pd.DataFrame({"n": np.arange(N), "x": pd.Series(cells, **how)})


def arrow(cells, kind=None):
    return pa.table({"n": np.arange(N), "x": pa.array(cells, kind) if isinstance(cells, list) else cells})


def polars(cells, **how):
    return pl.DataFrame({"n": np.arange(N), "x": pl.Series(cells, **how)})


READ = {
    "category of numbers": (lambda: frame(pd.Categorical([1, 2, None, 3] * 10)), "category"),
    "category of dates": (lambda: frame(pd.Categorical(pd.to_datetime(["2020-01-01", "2021-01-01"] * 20))), "category"),
    "category of truth": (lambda: frame(pd.Categorical([True, False] * 20)), "category"),
    "category without cells": (lambda: frame(pd.Categorical([None] * N, categories=["a"])), "category"),
    "Arrow integers": (lambda: frame([1, 2, None, 3] * 10, dtype="int64[pyarrow]"), "Int64"),
    "Arrow truth": (lambda: frame([True, None] * 20, dtype=pd.ArrowDtype(pa.bool_())), "boolean"),
    "Arrow moments": (lambda: frame(pd.Series(pd.date_range("2020", periods=N)).astype(pd.ArrowDtype(pa.timestamp("us")))), "datetime64[us]"),
    "Arrow decimals": (lambda: frame([Decimal("1.5"), Decimal("2.5")] * 20, dtype=pd.ArrowDtype(pa.decimal128(10, 2))), "object"),
    "Arrow days": (lambda: frame(DAYS, dtype=pd.ArrowDtype(pa.date32())), "object"),
    "Arrow dictionary": (lambda: frame(["x", "y"] * 20, dtype=pd.ArrowDtype(pa.dictionary(pa.int8(), pa.string()))), "category"),
    "sparse": (lambda: frame(pd.arrays.SparseArray([0, 0, 1, 2] * 10)), None),
    "decimals without value": (lambda: frame([Decimal("1.5"), Decimal("NaN"), Decimal("2.25"), None] * 10), "object"),
    "infinite decimals": (lambda: frame([Decimal("1.5"), Decimal("Infinity"), Decimal("2.25"), None] * 10), "object"),
    "years 1 to 40": (lambda: frame([datetime.date(1 + i, 1, 1) for i in range(N)]), "object"),
    "year 9999": (lambda: frame([datetime.date(9999, 12, 31), datetime.date(2020, 1, 1)] * 20), "object"),
    "very long durations": (lambda: frame(pd.Series(np.arange(N) * 10**10).astype("timedelta64[s]")), "timedelta64[s]"),
    "nanoseconds": (lambda: frame([pd.Timestamp(2020, 1, 1) + pd.Timedelta(i, "ns") for i in range(N)]), "datetime64[ns]"),
    "zone without a name": (lambda: frame(pd.date_range("2020", periods=N, tz=EAST)), "datetime64[ns, UTC]"),
    "zone of several offsets": (lambda: frame([datetime.datetime(2020, 1, 1 + i % 28, tzinfo=datetime.timezone(datetime.timedelta(hours=i % 3))) for i in range(N)], dtype=object), "object"),
    "half floats": (lambda: frame(np.array([1.5, 2.5, np.inf, 0] * 10, dtype="float16")), "float16"),
    "largest floats": (lambda: frame([1.7e308, -1.7e308] * 20), "float64"),
    "very large floats": (lambda: frame(np.linspace(-1, 1, N) * 1e306), "float64"),
    "smallest floats": (lambda: frame([5e-324 * i for i in range(N)]), "float64"),
    "ends of whole numbers": (lambda: frame(np.array([2**63 - 1, -(2**63), 0, 5] * 10)), "int64"),
    "huge whole numbers": (lambda: frame([10**30 + i for i in range(N)], dtype=object), "object"),
    "names of persons' records": (lambda: frame([uuid.UUID(int=i * 7919) for i in range(N)]), "object"),
    "empty texts": (lambda: frame([""] * N, dtype=object), "object"),
    "long texts": (lambda: frame(["x" * 100_000, "y"] * 20, dtype=object), "object"),
    "truth among objects": (lambda: frame([True, False, None, True] * 10, dtype=object), "object"),
    "index that repeats": (lambda: frame(["x", "y"] * 20, dtype=object).set_axis([0] * N), "object"),
    "polars enumeration": (lambda: polars(["a", "b"] * 20, dtype=pl.Enum(["a", "b", "c"])), None),
    "polars durations": (lambda: polars([datetime.timedelta(i) for i in range(N)]), None),
    "polars nothing": (lambda: polars([None] * N), None),
    "Arrow views": (lambda: arrow(["a", "b"] * 20, pa.string_view()), None),
    "Arrow wide decimals": (lambda: arrow([Decimal("1.5"), Decimal("2.5")] * 20, pa.decimal256(60, 5)), "object"),
    "Arrow fixed offset": (lambda: arrow([datetime.datetime(2020, 1, 1 + i % 28) for i in range(N)], pa.timestamp("s", tz="+05:30")), "datetime64[s, UTC]"),
}  # fmt: skip
REFUSED = {
    "periods": (lambda: frame(pd.period_range("2020", periods=N, freq="M")), ("'x'", "period[M]", "convert")),
    "intervals": (lambda: frame(pd.interval_range(0, N)), ("'x'", "interval")),
    "complex": (lambda: frame(np.arange(N) * 1j), ("'x'", "complex128")),
    "lists": (lambda: frame([[1], [2]] * 20), ("'x'", "list")),
    "sets": (lambda: frame([{1}, {2}] * 20), ("'x'", "set")),
    "objects by name": (lambda: frame([{"a": 1}, {"a": 2}] * 20), ("'x'", "dict")),
    "arrays": (lambda: frame([np.zeros(2), np.ones(2)] * 20), ("'x'", "ndarray")),
    "bytes": (lambda: frame([b"a", b"b"] * 20), ("'x'", "bytes")),
    "Arrow lists in pandas": (lambda: frame([[1], [2]] * 20, dtype=pd.ArrowDtype(pa.list_(pa.int64()))), ("'x'", "nested")),
    "names in levels": (lambda: pd.DataFrame(np.zeros((N, 1)), columns=pd.MultiIndex.from_tuples([("a", 1)])), ("header rows",)),
    "names that are the same as text": (lambda: pd.DataFrame(np.zeros((N, 2)), columns=[1, "1"]), ("'1'", "more than once")),
    "no rows": (lambda: pd.DataFrame({"a": []}), ("no rows",)),
    "no columns": (lambda: pd.DataFrame(index=range(N)), ("no columns",)),
    "too many columns": (lambda: pd.DataFrame(np.zeros((2, 5001))), ("5,001 columns", "5,000")),
    "polars lists": (lambda: polars([[1]] * N), ("'x'", "nested")),
    "polars 128 bits": (lambda: polars([10**30 + i for i in range(N)], dtype=pl.Int128), ("memory", "Arrow")),
    "zone that is none": (lambda: arrow([datetime.datetime(2020, 1, 1)] * N, pa.timestamp("s", tz="Mars/Olympus")), ("'x'", "mars/olympus")),
    "Arrow map": (lambda: arrow([[("k", 1)]] * N, pa.map_(pa.string(), pa.int64())), ("'x'", "nested")),
}  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_a_column_of_a_rare_type_is_learnt(name):
    """With the dtype that it is given back with."""
    make, dtype = READ[name]
    data = ingest.read(make())
    assert dtype is None or str(data.frame["x"].dtype) == dtype
    assert len(remade(data)) == 20


@pytest.mark.parametrize("name", REFUSED)
def test_a_column_that_cannot_be_learnt_is_refused_by_name(name):
    """With what is wrong about it."""
    make, words = REFUSED[name]
    with pytest.raises(SmartSynthError) as caught:
        ss.profile(make())
    assert_has(str(caught.value), words)


def test_a_table_is_never_changed():
    """However much of it is read otherwise."""
    given = frame(["a\x00", "b"] * 20, dtype=object).assign(y=pd.Series([1, None] * 20, dtype="int64[pyarrow]"))
    before = given.copy(deep=True)
    ingest.read(given)
    pd.testing.assert_frame_equal(given, before)
