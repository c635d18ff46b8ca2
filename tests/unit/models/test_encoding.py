"""Encoding: what goes in comes back, and what may not be kept is not kept."""

import datetime as dt
import json
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smartsynth.errors import DataError
from smartsynth.inference import infer_schema
from smartsynth.models.encoding import TableEncoder
from smartsynth.schema import Column, Kind, Schema

RNG = np.random.default_rng


def fit(frame, schema=None, min_count=5):
    return TableEncoder.fit(frame, schema or infer_schema(frame), min_count=min_count, rng=RNG(0))


def round_trip(frame, schema=None):
    encoder = fit(frame, schema)
    return encoder.decode(encoder.encode(frame), RNG(1), n=len(frame))


def days(n):
    return [dt.date(2020, 1, 1) + dt.timedelta(days=i % 40) for i in range(n)]


STAMPS = pd.Series(pd.date_range("2023-03-01", periods=20, freq="h").repeat(10))
COLUMNS = {
    "int": pd.Series(np.arange(200) % 20),
    "int8": pd.Series(np.arange(200) % 20, dtype="int8"),
    "uint16": pd.Series(np.arange(200) % 20, dtype="uint16"),
    "nullable int": pd.Series([*([None, 1, 2, 3] * 50)], dtype="Int64"),
    "float": pd.Series([0.25, 1.5, np.nan, 7.75] * 50),
    "float32": pd.Series([0.25, 1.5, np.nan, 7.75] * 50, dtype="float32"),
    "nullable float": pd.Series([0.25, 1.5, None, 7.75] * 50, dtype="Float64"),
    "decimal": pd.Series([Decimal("1.10"), Decimal("2.25"), None, Decimal("7.00")] * 50, dtype=object),
    "bool": pd.Series([True, False] * 100),
    "nullable bool": pd.Series([True, None, False, True] * 50, dtype="boolean"),
    "object bool": pd.Series([True, None, False, True] * 50, dtype=object),
    "text": pd.Series(["b", "a", None, "ü"] * 50, dtype=object),
    "string": pd.Series(["b", "a", None, "ü"] * 50, dtype="string"),
    "leading zeros": pd.Series(["007", "010", "099", "100"] * 50),
    "category": pd.Series(pd.Categorical(["lo", "hi", None, "mid"] * 50, ["lo", "mid", "hi"], ordered=True)),
    "number category": pd.Series(pd.Categorical([3, 1, 2, 3] * 50)),
    "stamps": STAMPS,
    "seconds": STAMPS.astype("datetime64[s]"),
    "zone": STAMPS.dt.tz_localize("Asia/Tokyo"),
    "some stamps": STAMPS.where(np.arange(200) % 3 > 0),
    "dates": pd.Series(days(200), dtype=object),
    "date text": pd.Series([day.strftime("%d/%m/%Y") for day in days(200)]),
    "times": pd.Series([dt.time(8, 15), dt.time(23, 59, 59), None, dt.time(0)] * 50, dtype=object),
    "durations": pd.Series(pd.to_timedelta([90, 3600, None, 5] * 50, unit="s")),
    "constant": pd.Series(["same"] * 200),
    "empty": pd.Series([np.nan] * 200),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_frequent_values_come_back_exactly(name):
    """Each kind of column, with its dtype and its missing cells."""
    frame = pd.DataFrame({name: COLUMNS[name]})
    expected = frame
    if name in ("stamps", "zone", "some stamps", "dates", "seconds", "date text"):
        assert str(round_trip(frame)[name].dtype) == str(frame[name].dtype)
    pd.testing.assert_frame_equal(round_trip(frame), expected)


@given(st.data())
@settings(max_examples=30, deadline=None)
def test_any_numbers_decode_between_the_softened_bounds(data):
    """Whatever the values, decoded ones are whole in their last place and inside the real range."""
    places = data.draw(st.integers(0, 4))
    whole = data.draw(st.lists(st.integers(-(10**6), 10**6), min_size=20, max_size=60, unique=True))
    values = np.round(np.array(whole) / 10**places, places)
    schema = Schema((Column("x", Kind.NUMERIC, "float64", decimals=places),))
    encoder = fit(pd.DataFrame({"x": values}), schema)
    made = encoder.decode([RNG(0).normal(0, 1e6, 200)], RNG(0))["x"]
    assert np.allclose(made, np.round(made, places))
    assert values.min() <= made.min()
    assert made.max() <= values.max()


def test_bounds_are_means_of_the_outermost_values():
    """The exact extremes are never kept."""
    values = np.r_[np.linspace(0, 1, 100), 1000.123, -2000.456]
    encoder = fit(pd.DataFrame({"x": values}))
    kept = json.dumps(encoder.to_json())
    assert "1000.123" not in kept
    assert "2000.456" not in kept
    assert encoder.codecs[0].high < 300
    made = encoder.decode([np.array([1e9, -1e9])], RNG(0))["x"]
    assert made.max() < 300
    assert made.min() > -500


@pytest.mark.parametrize("kind", ["object", "category"])
def test_rare_levels_share_a_code_and_are_not_kept(kind):
    """Levels of fewer than min_count rows come back as kept ones, by frequency."""
    frame = pd.DataFrame({"town": ["Ulm"] * 60 + ["Bonn"] * 36 + ["Zyzzyva"] * 4}).astype(kind)
    encoder = fit(frame)
    assert encoder.codecs[0].n_levels == 3
    assert "Zyzzyva" not in json.dumps(encoder.to_json())
    made = encoder.decode([np.full(1000, 2)], RNG(0))["town"]
    assert set(made) == {"Ulm", "Bonn"}
    assert (made == "Ulm").mean() == pytest.approx(0.625, abs=0.06)


@pytest.mark.parametrize("kind", ["object", "category"])
def test_code_like_columns_get_new_codes_of_the_same_form(kind):
    """When most cells are rare, made ones look alike, repeat like them, and are none of them."""
    codes = [f"AB-{1000 + 7 * i}" for i in range(300)]
    frame = pd.DataFrame({"code": codes * 2}).astype(kind)
    schema = Schema((Column("code", Kind.CATEGORICAL, kind),))
    encoder = fit(frame, schema)
    parts = [encoder.decode([np.zeros(300, dtype=int)], RNG(i))["code"] for i in range(2)]
    made = pd.concat(parts)
    assert str(made.dtype) == kind
    assert made.astype(str).str.fullmatch(r"AB-\d{4,}").all()
    assert not set(made) & set(codes)
    assert made.nunique() < len(made)


def test_categories_are_the_same_in_every_part():
    """Parts of a stream join without losing the category dtype."""
    frame = pd.DataFrame({"size": pd.Categorical(["S", "M", "L"] * 20, ["S", "M", "L", "XL"], ordered=True)})
    encoder = fit(frame)
    one, two = (encoder.decode([np.full(3, code)], RNG(0))["size"] for code in (0, 2))
    joined = pd.concat([one, two])
    assert list(joined.cat.categories) == ["S", "M", "L"]
    assert joined.cat.ordered


def test_missing_cells_have_a_code_of_their_own():
    frame = pd.DataFrame({"c": ["a", "b", None, "a"] * 10})
    encoder = fit(frame)
    codes = encoder.encode(frame)[0]
    assert codes.dtype == np.int32
    assert set(codes) == {0, 1, 2}
    assert (codes[frame["c"].isna()] == 2).all()


def test_infinite_cells_are_taken_as_missing():
    """A column of floats may hold infinities; bounds stay finite."""
    frame = pd.DataFrame({"x": [1.0, 2.5, np.inf, -np.inf, 3.5] * 20})
    encoder = fit(frame)
    assert np.isnan(encoder.encode(frame)[0]).mean() == pytest.approx(0.4)
    assert np.isfinite([encoder.codecs[0].low, encoder.codecs[0].high]).all()


def test_dates_are_counted_in_days_and_stamps_in_their_largest_unit():
    """So that grids of dates are whole numbers without gaps."""
    frame = pd.DataFrame({"day": days(200), "hour": STAMPS, "took": COLUMNS["durations"]})
    spread = [np.unique(values[~np.isnan(values)]) for values in fit(frame).encode(frame)]
    assert set(np.diff(spread[0])) == {1.0}
    assert set(np.diff(spread[1])) == {1.0}
    assert list(spread[2]) == [5.0, 90.0, 3600.0]


def test_clock_changes_do_no_harm():
    """Wall times that a zone skips or repeats decode to real moments."""
    nights = pd.date_range("2024-03-30 20:00", "2024-10-28", freq="h", tz="Europe/Paris")
    frame = pd.DataFrame({"t": nights})
    encoder = fit(frame)
    low, high = encoder.codecs[0].low, encoder.codecs[0].high
    made = encoder.decode([np.arange(low, high + 1)], RNG(0))["t"]
    assert str(made.dtype) == str(frame["t"].dtype)
    assert made.notna().all()


@pytest.mark.parametrize("name", COLUMNS)
def test_json_and_back_decodes_the_same(name):
    """The encoder is plain JSON."""
    frame = pd.DataFrame({name: COLUMNS[name], "key": [f"K-{i:04d}" for i in range(200)]})
    encoder = fit(frame)
    again = TableEncoder.from_json(json.loads(json.dumps(encoder.to_json(), allow_nan=False)))
    values = encoder.encode(frame)
    pd.testing.assert_frame_equal(encoder.decode(values, RNG(2), n=200), again.decode(values, RNG(2), n=200))
    assert again.to_json() == encoder.to_json()


def test_cells_of_another_kind_are_all_named():
    """Every column that is not what the schema says, without a cell's value in the message."""
    frame = pd.DataFrame({"x": ["1", "secret"] * 20, "d": ["2020-01-01", "oops"] * 20, "ok": range(40)})
    schema = Schema(
        (
            Column("x", Kind.NUMERIC, "float64"),
            Column("d", Kind.DATETIME, "object", format="%Y-%m-%d"),
            Column("ok", Kind.NUMERIC, "int64", decimals=0),
        )
    )
    with pytest.raises(DataError) as error:
        fit(frame, schema)
    assert {problem.column for problem in error.value.problems} == {"x", "d"}
    assert "secret" not in str(error.value)
    assert "oops" not in str(error.value)


def test_ten_thousand_levels_are_encoded_in_a_moment():
    """Codes, not one-hot columns."""
    frame = pd.DataFrame({"sku": [f"S{i % 10_000}" for i in range(60_000)]})
    encoder = fit(frame, Schema((Column("sku", Kind.CATEGORICAL, "object"),)))
    assert encoder.codecs[0].n_levels == 10_000
    pd.testing.assert_frame_equal(encoder.decode(encoder.encode(frame), RNG(0)), frame)


def test_whole_numbers_stay_in_their_dtype():
    """Wild model output never overflows a small integer."""
    frame = pd.DataFrame({"x": np.array([-128, 127, 3, 5] * 50, dtype="int8")})
    made = fit(frame).decode([np.array([1e30, -1e30, 4.4])], RNG(0))["x"]
    assert made.dtype == np.int8
    assert list(made) == [127, -128, 4]


def test_so_few_known_cells_teach_nothing():
    """The one income of a column must not come back as its mean."""
    frame = pd.DataFrame({"income": [np.nan] * 196 + [123.45, 987.65, 55.5, 77.25], "x": np.arange(200) % 7})
    schema = Schema((Column("income", Kind.NUMERIC, "float64", nullable=True), Column("x", Kind.NUMERIC, "int64")))
    encoder = TableEncoder.fit(frame, schema, rng=np.random.default_rng(0))
    assert np.isnan(encoder.encode(frame)[0]).all()
    text = json.dumps(encoder.to_json())
    assert not any(known in text for known in ("123.45", "987.65", "310.9"))
    made = encoder.decode([np.array([1.0, np.nan]), np.array([1.0, 2.0])], np.random.default_rng(0))
    assert made["income"].isna().all()
    again = TableEncoder.from_json(json.loads(text))
    assert np.isnan(again.encode(frame)[0]).all()


@pytest.mark.parametrize(
    "cells",
    [
        pd.Series(pd.cut(pd.Series(np.linspace(0, 10, 200)), 4)),
        pd.Series(pd.Categorical(pd.to_datetime(["2024-01-01", "2024-02-01"] * 100))),
        pd.Series([dt.date(2024, 1, 1), dt.date(2024, 2, 1)] * 100, dtype=object),
        pd.Series([Decimal("1.50"), Decimal("2.00")] * 100, dtype=object),
    ],
    ids=["intervals", "timestamps", "dates", "decimals"],
)
def test_levels_that_are_no_json_values_keep_their_shares_and_types(cells):
    frame = pd.DataFrame({"c": cells})
    schema = Schema((Column("c", Kind.CATEGORICAL, str(cells.dtype)),))
    encoder = TableEncoder.fit(frame, schema, rng=np.random.default_rng(0))
    encoder = TableEncoder.from_json(json.loads(json.dumps(encoder.to_json())))
    (codes,) = encoder.encode(frame)
    assert len(np.unique(codes)) == cells.nunique()
    back = encoder.decode([codes], np.random.default_rng(0))["c"]
    assert list(back) == list(cells)
    assert str(back.dtype) == str(cells.dtype)


def test_levels_that_nobody_could_read_back_are_refused():
    frame = pd.DataFrame({"c": [(1, 2), (3, 4)] * 50})
    with pytest.raises(DataError, match="cannot be read as categorical"):
        TableEncoder.fit(frame, Schema((Column("c", Kind.CATEGORICAL, "object"),)), rng=np.random.default_rng(0))
