"""Distances between mixed rows, nearest rows and equal rows."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smartsynth.errors import Cancelled, DataError
from smartsynth.privacy.neighbours import MixedDistance, Neighbours, matches, nearest, to_numbers
from smartsynth.schema import Column, Kind, Schema

SCHEMA = Schema(
    (
        Column("age", Kind.NUMERIC, "float64", decimals=0, nullable=True),
        Column("sex", Kind.CATEGORICAL, "object", nullable=True),
        Column("born", Kind.DATETIME, "datetime64[ns]", nullable=True),
        Column("id", Kind.IDENTIFIER, "int64"),
        Column("note", Kind.TEXT, "object"),
        Column("country", Kind.CONSTANT, "object"),
    )
)


def people(n: int, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "age": rng.integers(18, 90, n).astype(float),
            "sex": rng.choice(["f", "m", "x"], n),
            "born": pd.Timestamp("1980-01-01") + pd.to_timedelta(rng.integers(0, 9000, n), unit="D"),
            "id": np.arange(n) + seed * 1000,
            "note": [f"note {i} of {seed}" for i in range(n)],
            "country": "NL",
        }
    )
    frame.loc[rng.random(n) < 0.1, "age"] = np.nan
    frame.loc[rng.random(n) < 0.1, "sex"] = None
    frame.loc[rng.random(n) < 0.1, "born"] = pd.NaT
    return frame


def by_hand(a: pd.Series, b: pd.Series, train: pd.DataFrame) -> float:
    """Gower's distance of two rows, cell by cell."""
    total = 0.0
    for name in ("age", "sex", "born"):
        x, y = a[name], b[name]
        if pd.isna(x) or pd.isna(y):
            total += float(pd.isna(x) != pd.isna(y))
        elif name == "sex":
            total += float(x != y)
        else:
            low, high = train[name].quantile([0.01, 0.99])
            total += min(abs((x - y) / (high - low)), 1.0)
    return total / 3


def test_distance_is_gowers():
    """The encoded matrix gives the same distances as the definition, cell by cell, missing cells included."""
    train, other = people(60), people(20, seed=1)
    distance = MixedDistance.fit(train, SCHEMA)
    found, rows = nearest(distance.encode(other), distance.encode(train), k=60)
    for i in range(len(other)):
        for d, j in zip(found[i], rows[i], strict=True):
            assert d == pytest.approx(by_hand(other.iloc[i], train.iloc[j], train), abs=1e-5)


def test_only_what_can_be_learnt_counts():
    """Identifiers, free text and constants do not change a distance or a key."""
    train = people(30)
    distance = MixedDistance.fit(train, SCHEMA)
    other = train.assign(id=0, note="else", country="BE")
    assert distance.columns == ("age", "sex", "born")
    assert np.array_equal(distance.encode(train), distance.encode(other))
    assert np.array_equal(distance.keys(train), distance.keys(other))


@pytest.mark.parametrize("exhaustive", [True, False])
def test_neighbours_come_nearest_first_and_in_order_of_the_reference(exhaustive):
    """Of equally near rows the first of the reference comes first, however the reference is searched."""
    reference = np.repeat(np.arange(3, dtype=np.float32), 40)[:, None]
    distances, rows = Neighbours(reference, k=4, exhaustive=exhaustive).nearest(np.ones((1, 1), np.float32), 4)
    assert rows.tolist() == [[40, 41, 42, 43]]
    assert distances.tolist() == [[0.0] * 4]


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 70), st.integers(1, 7), st.integers(1, 12), st.integers(0, 10**6))
def test_exhaustive_search_is_exact(n, k, n_columns, seed):
    """Small references: the same neighbours as sorting all distances, for any number of rows and columns."""
    rng = np.random.default_rng(seed)
    reference = rng.integers(0, 4, (n, n_columns)).astype(np.float32)
    queries = rng.integers(0, 4, (5, n_columns)).astype(np.float32)
    everything = np.minimum(np.abs(queries[:, None] - reference[None]), 1).sum(axis=2)
    expected = np.argsort(everything, axis=1, kind="stable")[:, :k]
    distances, rows = nearest(queries, reference, k)
    known = min(n, k)
    assert np.array_equal(rows[:, :known], expected)
    assert (rows[:, known:] == -1).all() and np.isinf(distances[:, known:]).all()


def test_lists_find_near_rows():
    """A large reference is searched through lists; rows near a reference row find it, and distances are exact."""
    rng = np.random.default_rng(0)
    centre = rng.normal(size=(30, 6))
    reference = (centre[rng.integers(30, size=6000)] + rng.normal(size=(6000, 6)) * 0.2).astype(np.float32)
    source = rng.integers(6000, size=500)
    near = reference[source] + rng.normal(size=(500, 6)).astype(np.float32) * 1e-3
    exact = Neighbours(reference, exhaustive=True).nearest(near)
    fast = Neighbours(reference, exhaustive=False).nearest(near)
    assert np.mean(fast[1] == exact[1]) > 0.995
    same = fast[1] == exact[1]
    assert np.array_equal(fast[0][same], exact[0][same])


def test_many_equal_rows_do_not_hide_others():
    """A reference in which nearly all rows are equal still gives k neighbours and keeps the lists short."""
    reference = np.zeros((5000, 3), np.float32)
    reference[:50] = np.random.default_rng(0).random((50, 3)) * 3
    index = Neighbours(reference, k=3, exhaustive=False)
    distances, rows = index.nearest(reference[:60], 3)
    assert (distances[:, 0] == 0).all()
    assert np.array_equal(rows[:50, 0], np.arange(50))
    assert rows[50].tolist() == [50, 51, 52]


def test_equal_rows_have_equal_keys():
    """A copy is found whatever the spelling: case, spaces, minus zero, rounding noise."""
    x = Column("x", Kind.NUMERIC, "float64", decimals=2)
    schema = Schema((x, Column("y", Kind.NUMERIC, "float64"), Column("s", Kind.CATEGORICAL, "object")))
    real = pd.DataFrame({"x": [1.25, 0.0, np.nan, 3.0], "y": [0.1, 0.7, 5.5, np.nan], "s": ["Ab", "c", None, "d"]})
    copy = real.assign(x=[1.2500001, -0.0, np.nan, 3.0], y=[0.3 - 0.2, 0.7, 5.5, np.nan], s=[" ab", "C ", None, "d"])
    distance = MixedDistance.fit(real, schema)
    assert np.array_equal(distance.keys(real), distance.keys(copy))
    assert len(set(distance.keys(real))) == 4
    assert not set(distance.keys(real.assign(y=real["y"] + 0.01))) & set(distance.keys(real)[:3])


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_keys_are_equal_exactly_when_rows_are(seed):
    """Keys group rows as pandas groups them, missing cells as a value of their own."""
    frame = people(200, seed).assign(born=pd.NaT)[["age", "sex", "born"]]
    frame["age"] = frame["age"] // 20
    keys = MixedDistance.fit(frame, Schema(SCHEMA.columns[:3])).keys(frame)
    groups = frame.groupby(["age", "sex", "born"], dropna=False, sort=False).ngroup()
    assert len(set(keys)) == groups.nunique()
    assert pd.Series(keys).groupby(groups).nunique().eq(1).all()


def test_unseen_levels_differ_from_all_others():
    """A level that training never saw is a different level, and the same one in every frame."""
    train = people(30)
    distance = MixedDistance.fit(train, SCHEMA)
    new = train.assign(sex=["new"] * 15 + ["newer"] * 15)
    old, one, two = distance.encode(train)[:, 1], distance.encode(new)[:, 1], distance.encode(new[10:20])[:, 1]
    assert not set(one) & set(old)
    assert len(set(one)) == 2
    assert np.array_equal(one[10:20], two)


@pytest.mark.parametrize(
    ("cells", "column", "expected"),
    [
        (pd.Series([1, None], dtype="Int64"), Column("x", Kind.NUMERIC, "Int64"), [1, np.nan]),
        (pd.Series([Decimal("1.50"), None]), Column("x", Kind.NUMERIC, "decimal"), [1.5, np.nan]),
        (pd.Series(["2.5", "what", None]), Column("x", Kind.NUMERIC, "object"), [2.5, np.nan, np.nan]),
        (pd.Series([True, False]), Column("x", Kind.NUMERIC, "bool"), [1, 0]),
        (pd.Series([dt.date(1970, 1, 3), None]), Column("x", Kind.DATETIME, "date"), [172800, np.nan]),
        (pd.Series([dt.date(9999, 12, 31)]), Column("x", Kind.DATETIME, "date"), [253402214400]),
        (pd.Series(["03/01/1970"]), Column("x", Kind.DATETIME, "object", format="%d/%m/%Y"), [172800]),
        (pd.Series(["1970-01-03"]), Column("x", Kind.DATETIME, "object"), [172800]),
        (pd.Series([dt.time(1, 0, 2)]), Column("x", Kind.DURATION, "time"), [3602]),
        (pd.Series(["0 days 00:01:00"]), Column("x", Kind.DURATION, "object"), [60]),
        (pd.Series([dt.timedelta(hours=1)], dtype=object), Column("x", Kind.DURATION, "object"), [3600]),
        (pd.Series([pd.Timedelta("1min"), pd.NaT]), Column("x", Kind.DURATION, "timedelta64[ns]"), [60, np.nan]),
        (pd.to_datetime(pd.Series(["1970-01-01T02:00+02:00"])), Column("x", Kind.DATETIME, "x"), [0]),
        (
            pd.to_datetime(pd.Series(["1970-01-01 01:00"])).dt.tz_localize("Europe/Paris"),
            Column("x", Kind.DATETIME, "datetime64[ns, Europe/Paris]"),
            [0],
        ),
        (pd.Series(["1600-01-01"], dtype="datetime64[s]"), Column("x", Kind.DATETIME, "datetime64[s]"), [-11676096000]),
        (pd.Series([None, None], dtype=object), Column("x", Kind.NUMERIC, "object"), [np.nan, np.nan]),
        (pd.Series([np.inf, 1.0]), Column("x", Kind.NUMERIC, "float64"), [np.inf, 1]),
    ],
)
def test_everything_with_an_order_becomes_a_number(cells, column, expected):
    """Numbers, dates and durations in any storage are read as numbers; what cannot be read is missing."""
    assert np.array_equal(to_numbers(cells, column), np.asarray(expected, float), equal_nan=True)


def test_zero_inflated_infinite_and_empty_columns_have_a_scale():
    """A column of zeros with a few amounts, one with infinities and one of nothing but missing cells are all usable."""
    schema = Schema(tuple(Column(name, Kind.NUMERIC, "float64") for name in ("zeros", "infinite", "empty")))
    frame = pd.DataFrame(
        {"zeros": [0.0] * 999 + [5000.0], "infinite": [1.0, 2, 3, np.inf, -np.inf] * 200, "empty": np.nan}
    )
    matrix = MixedDistance.fit(frame, schema).encode(frame)
    assert np.isfinite(matrix).all()
    assert abs(matrix[0, 0] - matrix[-1, 0]) == 1
    assert nearest(matrix[-1:], matrix[:4], 4)[0][0, -1] <= 1


def test_extreme_values_are_compared_by_their_ratio():
    """Far outside the usual range, 2 % more is near and twice as much is far; the order of values stays."""
    schema = Schema((Column("income", Kind.NUMERIC, "float64"),))
    distance = MixedDistance.fit(pd.DataFrame({"income": np.linspace(0, 1000, 500)}), schema)
    values = distance.encode(pd.DataFrame({"income": [500.0, 1400.0, 1600.0, 1e6, 1.02e6, 2e6, -1e6]}))[:, 0]
    assert (np.diff(values[:6]) > 0).all() and values[6] < values[0]
    assert values[4] - values[3] == pytest.approx(0.02, abs=1e-3)
    assert values[5] - values[3] == pytest.approx(np.log(2), abs=1e-3)


def test_matches_counts_equal_rows():
    """The number of equal rows in the reference, 0 where there are none."""
    assert matches(np.array([5, 7], np.uint64), np.array([7, 7, 1], np.uint64)).tolist() == [0, 2]
    assert matches(np.array([5], np.uint64), np.zeros(0, np.uint64)).tolist() == [0]


def test_empty_reference_has_no_neighbours():
    """No row, no neighbour: infinitely far."""
    distances, rows = nearest(np.ones((2, 3), np.float32), np.ones((0, 3), np.float32))
    assert np.isinf(distances).all() and (rows == -1).all()


def test_more_neighbours_than_prepared_for_are_refused():
    """Asking for more than k neighbours is an error, not a shorter answer."""
    with pytest.raises(ValueError, match="k=3 is more than the k=2"):
        Neighbours(np.ones((4, 1), np.float32), k=2).nearest(np.ones((1, 1), np.float32), 3)


def test_a_lost_column_is_named():
    """A frame without a column of the schema is refused by name."""
    distance = MixedDistance.fit(people(20), SCHEMA)
    with pytest.raises(DataError, match="'sex'"):
        distance.encode(people(5).drop(columns="sex"))


def test_search_reports_and_can_be_stopped():
    """Progress ends at 1; an exception of the callback stops the search."""
    rows = np.random.default_rng(0).random((100, 2)).astype(np.float32)
    seen = []
    nearest(rows, rows, progress=lambda fraction, message="": seen.append(fraction))
    assert seen[-1] == 1.0

    def stop(fraction, message=""):
        raise Cancelled

    with pytest.raises(Cancelled):
        nearest(rows, rows, progress=stop)
