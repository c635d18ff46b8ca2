"""Two columns of three tables as shares of their combinations."""

import math

import numpy as np
import pandas as pd
import pytest
import report_examples as examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smartsynth.errors import ConfigError, DataError
from smartsynth.facts import PairComparison, from_json, to_json
from smartsynth.inference import infer_schema
from smartsynth.schema import Column, Kind, Schema
from smartsynth.utils.pair_view import MOST, compare_pair

DTYPES = {"numeric": "float64", "datetime": "datetime64[ns]", "duration": "timedelta64[ns]", "boolean": "boolean"}


def schema(**kinds):
    return Schema(tuple(Column(name, Kind(kind), DTYPES.get(kind, "object")) for name, kind in kinds.items()))


def table(n=1000, seed=0, *, dependent=True):
    """A category and a number that hang together unless told otherwise."""
    rng = np.random.default_rng(seed)
    group = rng.integers(0, 4, n)
    return pd.DataFrame(
        {"group": np.array(list("abcd"))[group], "x": rng.normal(2.0 * group * dependent, 1.0), "y": rng.normal(size=n)}
    )


KINDS = schema(group="categorical", x="numeric", y="numeric")


def total(shares):
    return math.fsum(share for row in shares for share in row if not math.isnan(share))


def check(pair, n_train, k=5):
    """What holds for any pair."""
    assert 1 <= len(pair.left) <= MOST and len(set(pair.left)) == len(pair.left)
    assert 1 <= len(pair.right) <= MOST and len(set(pair.right)) == len(pair.right)
    for shares in (pair.train, pair.synthetic, pair.holdout):
        assert len(shares) == len(pair.left)
        assert {len(row) for row in shares} == {len(pair.right)}
        assert all(math.isnan(share) or 0 <= share <= 1 for row in shares for share in row)
    assert total(pair.synthetic) == pytest.approx(1)
    for real in (pair.train, pair.holdout):
        hidden = any(math.isnan(share) for row in real for share in row)
        assert total(real) == pytest.approx(1) or (hidden and total(real) < 1)
    assert 0 <= pair.distance <= 1 and 0 <= pair.reference <= 1
    steps = np.array([s for row in pair.train for s in row if not math.isnan(s)]) * max(n_train // k, 1)
    assert steps == pytest.approx(np.round(steps))


def test_rows_with_the_same_relation_are_as_near_as_real_rows():
    """Rows drawn anew from one law are no further from unseen rows than training rows are."""
    pair = compare_pair(table(seed=1), table(seed=2), table(seed=3), "group", "x", schema=KINDS)
    check(pair, 1000)
    assert pair.distance < 1.3 * pair.reference
    assert pair.measure == "Correlation ratio"
    assert pair.association == pytest.approx((0.91, 0.91, 0.91), abs=0.02)


def test_a_lost_relation_is_far_beyond_the_yardstick():
    """Synthetic rows whose columns are independent where the real ones are not are found out."""
    made = table(seed=2, dependent=False)
    pair = compare_pair(table(seed=1), made, table(seed=3), "group", "x", schema=KINDS)
    assert pair.distance > 3 * pair.reference
    assert pair.association[1] < 0.1 < 0.9 < pair.association[0]


def test_equal_rows_have_distance_zero():
    """Synthetic rows equal to the others differ in nothing."""
    real = table()
    pair = compare_pair(real, real, real, "x", "y", schema=KINDS)
    assert pair.distance == pair.reference == 0
    assert pair.association[0] == pair.association[1] == pair.association[2]
    seen = [
        (r, s) for a, b in zip(pair.train, pair.synthetic, strict=True) for r, s in zip(a, b, strict=True) if r == r
    ]
    assert [s for _, s in seen] == pytest.approx([r for r, _ in seen], abs=5 / 1000 + 1e-9)


def test_sides_can_be_swapped():
    """The other way round the same numbers stand in columns instead of rows."""
    frames = (table(seed=1), table(seed=2), table(seed=3))
    one = compare_pair(*frames, "group", "x", schema=KINDS)
    two = compare_pair(*frames, "x", "group", schema=KINDS)
    assert (one.left, one.right) == (two.right, two.left)
    assert (one.distance, one.reference) == pytest.approx((two.distance, two.reference))
    assert np.isnan(one.train).tolist() == np.isnan(two.train).T.tolist()


@pytest.mark.parametrize("name", ["group", "code"])
def test_a_value_of_a_few_rows_has_no_name(name):
    """A value that four training rows hold is pooled, whether it is text or one of few numbers."""
    frames = [table(seed=i).assign(code=lambda f: (f["x"] > 1) * 3.0) for i in range(3)]
    rare = "Rumpelstiltskin" if name == "group" else 987654.0
    for frame in frames:
        frame.loc[:3, name] = rare
    frames[1].loc[:300, name] = rare
    kinds = schema(group="categorical", x="numeric", code="numeric")
    pair = compare_pair(*frames, name, "x", schema=kinds)
    check(pair, 1000)
    assert "other" in pair.left
    assert not any("Rumpel" in label or "9876" in label for label in pair.left)
    frames[0].loc[4, name] = rare
    assert any("Rumpel" in label or "9876" in label for label in compare_pair(*frames, name, "x", schema=kinds).left)


def test_extremes_are_not_named():
    """The smallest and the largest number are in no label."""
    frames = [table(seed=i) for i in range(3)]
    for frame in frames:
        frame.loc[0, "x"], frame.loc[1, "x"] = 123456.7, -123456.7
    text = str(to_json(compare_pair(*frames, "x", "y", schema=KINDS)))
    assert "1234" not in text


@pytest.mark.parametrize("rows", [0, 1, 4])
def test_a_rare_combination_looks_like_an_empty_one(rows):
    """From the outside nobody can tell a combination of no real row from one of four."""

    def made(n):
        return pd.DataFrame({"a": ["p"] * 600 + ["q"] * 400, "b": ["u"] * 600 + ["v"] * (400 - n) + ["u"] * n})

    kinds = schema(a="categorical", b="categorical")
    pair = compare_pair(made(rows), made(200), made(0), "a", "b", schema=kinds)
    empty = compare_pair(made(0), made(200), made(0), "a", "b", schema=kinds)
    assert [math.isnan(share) for row in pair.train for share in row] == [False, True, True, False]
    assert pair.synthetic == empty.synthetic
    # A step is five rows, so that nothing but "about as many" follows from what is shown.
    assert abs(total(pair.train) - total(empty.train)) in (0, pytest.approx(5 / 1000))


def test_dates_are_cut_where_a_calendar_is():
    """Classes of dates start with a year, month or day and are named so."""
    days = pd.Timestamp("2015-01-01") + pd.to_timedelta(np.random.default_rng(0).integers(0, 3650, 3000), unit="D")
    frames = [
        pd.DataFrame({"day": part, "late": part > "2020"}) for part in (days[:1000], days[1000:2000], days[2000:])
    ]
    pair = compare_pair(*frames, "day", "late", schema=schema(day="datetime", late="boolean"))
    check(pair, 1000)
    assert pair.left[0].startswith("before 20") and pair.left[-1].endswith(" or later")
    assert sorted(pair.right) == ["False", "True"]


def test_dates_as_text_are_read_as_dates(monkeypatch):
    """Thousands of different dates written as text are the same as dates, and are read column by column."""
    day = Column("day", Kind.DATETIME, "object", format="%d.%m.%Y %H:%M")
    kinds = Schema((day, Column("x", Kind.NUMERIC, "float64")))
    frames = [table(5000, i).assign(day=pd.date_range("2019-01-01", periods=5000, freq="7h")) for i in range(3)]
    texts = [frame.assign(day=frame["day"].dt.strftime("%d.%m.%Y %H:%M")) for frame in frames]
    calls = []
    read = pd.to_datetime
    monkeypatch.setattr(pd, "to_datetime", lambda *args, **named: calls.append(1) or read(*args, **named))
    pair = compare_pair(*texts, "day", "x", schema=kinds)
    assert 1 <= len(calls) <= 10
    assert pair == compare_pair(*frames, "day", "x", schema=schema(day="datetime", x="numeric"))


def test_durations_read_as_durations():
    """Classes of durations end at round lengths of time."""
    frames = [
        pd.DataFrame(
            {"wait": pd.to_timedelta(np.random.default_rng(i).gamma(2, 4000, 1000), unit="s"), "x": range(1000)}
        )
        for i in range(3)
    ]
    pair = compare_pair(*frames, "wait", "x", schema=schema(wait="duration", x="numeric"))
    check(pair, 1000)
    assert all(" min" in label or " h" in label for label in pair.left)


def test_many_zeros_are_a_class_of_their_own():
    """An amount that is mostly zero shows its zeros, and what is not zero in several classes."""
    frames = []
    for i in range(3):
        rng = np.random.default_rng(i)
        frames.append(table(seed=i).assign(x=np.where(rng.random(1000) < 0.7, 0.0, rng.gamma(2, 300.5, 1000))))
    pair = compare_pair(*frames, "x", "group", schema=KINDS)
    assert pair.left[:1] == ("0",) and len(pair.left) > 3
    assert sum(pair.train[0]) == pytest.approx(0.7, abs=0.05)


def test_missing_cells_are_a_class():
    """Missing cells stand beside the others, and a column of nothing else is one class."""
    frames = [table(seed=i) for i in range(3)]
    for frame in frames:
        frame.loc[:99, "group"], frame.loc[200:499, "x"] = None, np.nan
    pair = compare_pair(*frames, "group", "x", schema=KINDS)
    check(pair, 1000)
    assert pair.left[-1] == pair.right[-1] == "missing"
    assert sum(row[-1] for row in pair.synthetic) == pytest.approx(0.3, abs=0.02)
    empty = [frame.assign(x=np.nan) for frame in frames]
    for left, right in (("group", "x"), ("x", "y")):
        pair = compare_pair(*empty, left, right, schema=KINDS)
        check(pair, 1000)
        assert ("missing",) in (pair.left, pair.right)
        assert pair.association == (0, 0, 0)


def test_a_value_called_missing_is_not_a_missing_cell():
    """A category of the name of a pool is quoted."""
    frames = [table(seed=i).replace({"a": "missing", "b": "other"}) for i in range(3)]
    assert {"‘missing’", "‘other’"} <= set(compare_pair(*frames, "group", "x", schema=KINDS).left)


def test_thousands_of_categories_stay_few():
    """Of two columns of thousands of values each the most common ones are shown."""
    frames = []
    for i in range(3):
        rng = np.random.default_rng(i)
        frames.append(pd.DataFrame({"a": rng.zipf(1.3, 5000).astype(str), "b": rng.zipf(1.3, 5000).astype(str)}))
    kinds = schema(a="categorical", b="categorical")
    pair = compare_pair(*frames, "a", "b", schema=kinds)
    check(pair, 5000)
    assert len(pair.left) == MOST and pair.left[-1] == "other"


def test_few_rows_make_few_classes():
    """A handful of rows is compared without naming anything that is too rare."""
    pair = compare_pair(table(3), table(2), table(1), "group", "x", schema=KINDS)
    check(pair, 3)
    assert all(math.isnan(share) for row in pair.train for share in row)
    assert pair.left == ("other",)


def test_it_survives_json():
    """A comparison that went through a file is the same, hidden combinations included."""
    train, made, holdout = examples.parts()
    pair = compare_pair(train, made, holdout, "Marital", "Job", schema=infer_schema(train))
    again = from_json(PairComparison, to_json(pair))
    assert np.array_equal(again.train, pair.train, equal_nan=True)
    assert (again.left, again.names, again.distance) == (pair.left, pair.names, pair.distance)


REFUSED = schema(id="identifier", note="text", one="constant", x="numeric", y="numeric")


@pytest.mark.parametrize(
    ("left", "right", "words"),
    [
        ("id", "x", ["'id'", "identifier", "x, y"]),
        ("x", "note", ["'note'", "text"]),
        ("one", "id", ["'one'", "constant", "'id'", "identifier"]),
        ("x", "x", ["'x'", "twice"]),
        ("xx", "y", ["'xx'", "Did you mean 'x'?"]),
    ],
)
def test_pairs_that_say_nothing_are_refused(left, right, words):
    """The message names the column, its kind and the columns there are."""
    frame = pd.DataFrame({name: ["1", "2"] for name in REFUSED.names})
    with pytest.raises(ConfigError) as error:
        compare_pair(frame, frame, frame, left, right, schema=REFUSED)
    assert all(word in str(error.value) for word in words)


def test_k_is_at_least_one():
    """A threshold of nobody is a mistake."""
    with pytest.raises(ConfigError, match="k=0 must be at least 1"):
        compare_pair(table(), table(), table(), "x", "y", schema=KINDS, k=0)


def test_tables_without_the_columns_or_rows():
    """The message names the table."""
    with pytest.raises(DataError, match="synthetic table lacks the columns y"):
        compare_pair(table(), table().drop(columns="y"), table(), "x", "y", schema=KINDS)
    with pytest.raises(DataError, match="holdout table has no rows"):
        compare_pair(table(), table(), table().head(0), "x", "y", schema=KINDS)


CELLS = {
    "numeric": st.one_of(
        st.floats(allow_nan=True, allow_infinity=True),
        st.integers(-3, 3).map(float),
        st.integers(-(10**6), 10**6).map(float),
    ),
    "categorical": st.one_of(st.none(), st.text(max_size=4), st.sampled_from(["a", "b", "other", "missing"])),
    "boolean": st.sampled_from([True, False, None]),
    "datetime": st.one_of(st.none(), st.datetimes(pd.Timestamp("1700-01-01"), pd.Timestamp("2250-01-01"))),
    "duration": st.one_of(st.none(), st.timedeltas(pd.Timedelta(-(10**4), "D"), pd.Timedelta(10**4, "D"))),
}


@st.composite
def columns(draw):
    """(kind, cells of three tables) with some values many times over."""
    kind = draw(st.sampled_from(sorted(CELLS)))
    some = draw(st.lists(CELLS[kind], min_size=1, max_size=12))
    return kind, draw(st.lists(st.sampled_from(some), min_size=90, max_size=90))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(columns(), columns(), st.integers(1, 8))
def test_any_two_columns(one, two, k):
    """Whatever the cells are, shares add up, labels differ and nothing rare is shown."""
    kinds = schema(a=one[0], b=two[0])
    frame = pd.DataFrame(
        {name: pd.Series(cells, dtype=kinds[name].dtype) for name, (_, cells) in zip("ab", (one, two), strict=True)}
    )
    frames = frame[:40], frame[40:70], frame[70:]
    pair = compare_pair(*frames, "a", "b", schema=kinds, k=k)
    check(pair, 40, k)
    for kind, labels, (_, cells) in ((one[0], pair.left, one), (two[0], pair.right, two)):
        if kind == "categorical":
            rare = {c for c in cells if c is not None and cells[:40].count(c) < k}
            assert not rare & set(labels) - {"other", "missing"}
