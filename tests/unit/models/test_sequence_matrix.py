"""A panel becomes numbers and comes back: dtypes, grid times, nothing rare."""

import json
import tracemalloc

import numpy as np
import pandas as pd
import pytest

from smartsynth.errors import DataError
from smartsynth.inference import infer_schema
from smartsynth.models.sequence_matrix import SequenceMatrix, windows
from smartsynth.schema import Kind
from smartsynth.sequences import Panel, marked, with_window


def panel_of(frame, *, entity="who", time=None):
    schema = marked(frame, infer_schema(frame), entity=entity, time=time)
    return Panel.of(frame, schema)


def visits(n=60, seed=0):
    """Patients with visits: all kinds of channels, few distinct values, so that nothing is rare."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(2, 9, n)
    rows, owner = int(lengths.sum()), np.repeat(np.arange(n), lengths)
    day = np.concatenate([np.cumsum(rng.integers(0, 9, k)) for k in lengths])
    return pd.DataFrame(
        {
            "who": np.array([f"P-{1000 + 7 * i}" for i in range(n)], object)[owner],
            "when": pd.Timestamp("2020-01-01") + pd.to_timedelta(day, unit="D"),
            "sex": np.array(["f", "m"], object)[rng.integers(0, 2, n)][owner],
            "born": rng.integers(1940, 1945, n)[owner],
            "pulse": rng.integers(60, 64, rows),
            "dose": np.where(rng.random(rows) < 0.3, np.nan, rng.integers(1, 5, rows) / 2),
            "ward": pd.Categorical(np.array(["a", "b", "c"], object)[rng.integers(0, 3, rows)]),
            "fever": rng.random(rows) < 0.4,
            "again": pd.Timestamp("2021-03-01") + pd.to_timedelta(rng.integers(0, 4, rows), unit="D"),
        }
    )


def back(matrix, panel, **given):
    encoded = matrix.encode(panel)
    rng = np.random.default_rng(1)
    return matrix.decode(encoded.static, encoded.values, encoded.lengths, rng, start=0, **given)


def fitted(panel, seed=0):
    return SequenceMatrix.fit(panel, min_count=5, rng=np.random.default_rng(seed))


def test_a_panel_comes_back_as_it_was():
    """All kinds of columns, missing cells, irregular visits; names are given."""
    panel = panel_of(visits(), time="when")
    names = panel.frame["who"].iloc[panel.first]
    made = back(fitted(panel), panel, names=names)
    pd.testing.assert_frame_equal(made.frame, panel.frame)
    assert made.bounds.tolist() == panel.bounds.tolist()


@pytest.mark.parametrize("sets", ["whole", "restored"])
def test_it_can_be_kept_as_json_and_arrays(sets):
    panel = panel_of(visits(), time="when")
    matrix = fitted(panel)
    if sets == "restored":
        matrix = SequenceMatrix.restore(json.loads(json.dumps(matrix.to_json())), matrix.arrays())
    one, other = back(matrix, panel), back(fitted(panel), panel)
    pd.testing.assert_frame_equal(one.frame, other.frame)


def test_spans_cover_both_matrices():
    panel = panel_of(visits(), time="when")
    matrix = fitted(panel)
    encoded = matrix.encode(panel)
    for spans, width, found in (
        (matrix.static_spans, matrix.static_width, encoded.static),
        (matrix.spans, matrix.width, encoded.values),
    ):
        assert sum(span.width for span in spans) == width == found.shape[1]
        assert found.dtype == np.float32
    assert {span.name for span in matrix.static_spans} == {"sex", "born", ""}
    assert {span.name for span in matrix.spans} == {"pulse", "dose", "ward", "fever", "again", ""}


def test_levels_are_one_hot_and_missing_numbers_have_a_mask_and_the_last_value():
    panel = panel_of(visits(), time="when")
    matrix = fitted(panel)
    values = matrix.encode(panel).values
    dose = next(span for span in matrix.spans if span.name == "dose")
    ward = next(span for span in matrix.spans if span.name == "ward")
    assert (values[:, ward.begin : ward.begin + ward.width].sum(axis=1) == 1).all()
    assert (values[:, dose.begin + 1] == panel.frame["dose"].isna()).all()
    inside = np.setdiff1d(np.flatnonzero(panel.frame["dose"].isna()), panel.first)
    assert (values[inside, dose.begin] == values[inside - 1, dose.begin]).all()


def test_new_entities_have_new_names_in_every_block():
    panel = panel_of(visits(), time="when")
    matrix = fitted(panel)
    encoded = matrix.encode(panel)
    made = [
        matrix.decode(encoded.static, encoded.values, encoded.lengths, np.random.default_rng(0), start=start).frame
        for start in (0, 60)
    ]
    names = [set(frame["who"]) for frame in made]
    assert len(names[0] | names[1]) == 120
    assert not (names[0] | names[1]) & set(panel.frame["who"])


def test_keys_of_rows_are_unique_in_all_blocks():
    """A column that names rows is made anew for each row, and no block repeats another's."""
    frame = visits().assign(visit=lambda f: [f"V{10_000 + 3 * i}" for i in range(len(f))])
    schema = marked(frame, infer_schema(frame), entity="who", time="when")
    panel = Panel.of(frame, schema.with_column("visit", kind=Kind.IDENTIFIER))
    matrix = fitted(panel)
    e = matrix.encode(panel)
    made = pd.concat(
        [matrix.decode(e.static, e.values, e.lengths, np.random.default_rng(0), start=s).frame for s in (0, 60)]
    )
    assert made["visit"].is_unique
    assert not set(made["visit"]) & set(frame["visit"])


def test_stretches_are_counted():
    frame = pd.DataFrame({"x": np.arange(40) % 7 / 8})
    schema = with_window(marked(frame, infer_schema(frame), entity=None, time=None))
    panel = Panel.of(frame.assign(window=0)[["window", "x"]], schema)
    matrix = fitted(panel)
    made = matrix.decode(np.zeros((3, 0)), np.full((6, 1), 0.5), np.array([2, 2, 2]), np.random.default_rng(0), start=7)
    assert made.frame["window"].tolist() == [7, 7, 8, 8, 9, 9]
    assert made.frame["window"].dtype == np.int64


def series(times, n=40):
    """Entities that share a list of moments, each beginning at another of the first ones."""
    parts = [pd.DataFrame({"who": f"K{i:03}", "t": times[i % 3 : i % 3 + 12]}) for i in range(n)]
    frame = pd.concat(parts, ignore_index=True)
    return frame.assign(x=np.arange(len(frame)) % 5)


@pytest.mark.parametrize(
    ("times", "kind"),
    [
        (pd.date_range("2020-01-01", periods=20, freq="D"), "steps"),
        (pd.date_range("2020-01-01 00:17", periods=20, freq="h"), "steps"),
        (pd.date_range("2020-01-01 00:17", periods=20, freq="250ms"), "steps"),
        (pd.date_range("2020-03-29", periods=20, freq="h", tz="Europe/Paris"), "steps"),
        (pd.date_range("2020-03-20", periods=20, freq="D", tz="Europe/Paris"), "steps"),
        (pd.date_range("2019-11-01", periods=20, freq="MS"), "months"),
        (pd.date_range("2019-11-01", periods=20, freq="ME"), "months"),
        (pd.date_range("2019-11-01", periods=20, freq="QE"), "months"),
        (pd.date_range("1999-11-01", periods=20, freq="YS"), "months"),
        (pd.date_range("2019-11-01", periods=20, freq="B"), "weekdays"),
        (pd.Index(range(100, 140, 2)), "steps"),
        (pd.Index(np.round(np.arange(20) * 0.1, 1)), "steps"),
        (pd.to_timedelta(np.arange(20) * 15, unit="min"), "steps"),
        (pd.Index([1, 2, 4, 7, 11, 13, 14, 20, 22, 23, 24, 31, 32, 35, 38, 40, 41, 45, 46, 50]), "gaps"),
    ],
    ids=str,
)
def test_moments_come_back_exactly(times, kind):
    panel = panel_of(series(times), time="t")
    matrix = fitted(panel)
    assert matrix.clock.kind == kind
    pd.testing.assert_series_equal(back(matrix, panel).frame["t"], panel.frame["t"])


@pytest.mark.parametrize("freq", ["D", "ME", "B", "37min"])
def test_any_first_moment_gives_moments_of_the_grid(freq):
    """Also where the static number is anything, even outside [0, 1]."""
    times = pd.date_range("2020-01-31", periods=20, freq=freq)
    matrix = fitted(panel_of(series(times), time="t"))
    rng = np.random.default_rng(0)
    static, values = rng.normal(0.5, 0.6, (50, matrix.static_width)), rng.random((600, matrix.width))
    made = matrix.decode(static, values, np.full(50, 12), rng, start=0).frame["t"]
    grid = pd.date_range(times[0] - 60 * times.freq, times[-1] + 60 * times.freq, freq=freq)
    assert made.isin(grid).all()
    assert made.dtype == times.dtype


def test_a_few_holidays_leave_a_calendar_of_weekdays():
    days = pd.date_range("2020-01-01", "2021-12-31", freq="B")
    days = days[~days.isin(pd.to_datetime(["2020-12-24", "2020-12-25", "2021-05-03"]))]
    frame = pd.DataFrame({"t": days, "x": np.arange(len(days)) % 9})
    panel = Panel.of(
        frame.assign(window=0)[["window", "t", "x"]],
        with_window(marked(frame, infer_schema(frame), entity=None, time="t")),
    )
    matrix = fitted(panel)
    made = matrix.decode(np.array([[0.5]]), np.zeros((200, 1)), np.array([200]), np.random.default_rng(0), start=0)
    assert matrix.clock.kind == "weekdays"
    assert made.frame["t"].dt.dayofweek.max() == 4


def test_time_never_goes_back():
    """Whatever the numbers are, and gaps stay what all gaps are multiples of."""
    frame = series(pd.Index(np.cumsum([6, 9, 3, 3, 12, 30, 9] * 3)))
    matrix = fitted(panel_of(frame, time="t"))
    rng = np.random.default_rng(0)
    made = matrix.decode(
        rng.normal(0, 2, (30, 1)), rng.normal(0, 2, (300, matrix.width)), np.full(30, 10), rng, start=0
    )
    gaps = np.diff(made.frame["t"].to_numpy().reshape(30, 10), axis=1)
    assert gaps.min() >= 3
    assert gaps.max() <= 30
    assert (gaps % 3 == 0).all()


def test_a_moment_is_told_for_every_window():
    times = pd.date_range("2020-01-01", periods=20, freq="D")
    panel = panel_of(series(times, 4), time="t")
    matrix = fitted(panel)
    encoded = matrix.encode(panel)
    found, static = windows(encoded, 10)
    assert found.shape == (4 * 3, 10, matrix.width)
    assert (found[5] == encoded.values[12 + 2 : 12 + 12]).all()
    lengths = np.full(len(found), 10)
    made = matrix.decode(static, found.reshape(-1, matrix.width), lengths, np.random.default_rng(0), start=0).frame["t"]
    assert made.iloc[50] == panel.frame["t"].iloc[14]


def test_windows_never_leave_an_entity():
    frame = pd.DataFrame({"who": list("aaabbbbc"), "x": [0, 1, 2, 10, 11, 12, 13, 20]})
    panel = panel_of(frame)
    e = SequenceMatrix.fit(panel, min_count=1, rng=np.random.default_rng(0)).encode(panel)
    found, static = windows(e, 3)
    assert (found[:, :, 0] * 20).round().tolist() == [[0, 1, 2], [10, 11, 12], [11, 12, 13]]
    assert static.shape == (3, 0)
    assert windows(e, 9)[0].shape == (0, 9, 1)
    assert len(windows(e, 2, stride=2)[0]) == 1 + 2


def test_nothing_of_one_entity_is_kept():
    """A level that one patient repeats in twenty rows is rare, and the ends are means over patients."""
    frame = visits()
    whose = frame["who"] == frame["who"].iloc[0]
    frame = pd.concat([frame, *[frame[whose]] * 10], ignore_index=True)
    whose = frame["who"] == frame["who"].iloc[0]
    frame["ward"] = frame["ward"].astype(object).where(~whose, "Zyzzyva")
    frame["pulse"] = frame["pulse"].where(~whose, 199)
    panel = panel_of(frame, time="when")
    matrix = fitted(panel)
    assert "Zyzzyva" not in json.dumps(matrix.to_json())
    made = back(matrix, panel).frame
    assert set(made["ward"]) == {"a", "b", "c"}
    assert made["pulse"].max() < 100


def test_rare_levels_of_very_many_are_joined():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"who": np.repeat(np.arange(40), 500), "shop": rng.zipf(1.3, 20_000).clip(max=2_000)})
    frame["shop"] = "s" + frame["shop"].astype(str)
    schema = marked(frame, infer_schema(frame), entity="who", time=None).with_column("shop", kind=Kind.CATEGORICAL)
    matrix = fitted(Panel.of(frame, schema))
    assert 50 < matrix.width <= 257


def test_a_draw_follows_the_shares():
    panel = panel_of(visits(), time="when")
    matrix = fitted(panel)
    ward = next(span for span in matrix.spans if span.name == "ward")
    values = np.zeros((4000, matrix.width))
    values[:, ward.begin : ward.begin + 3] = [0.1, 0.6, 0.3]
    static, lengths = np.zeros((500, matrix.static_width)), np.full(500, 8)
    drawn = matrix.decode(static, values, lengths, np.random.default_rng(0), start=0, draw=True).frame["ward"]
    assert np.allclose(drawn.value_counts(normalize=True)[["a", "b", "c"]], [0.1, 0.6, 0.3], atol=0.03)
    meant = matrix.decode(static, values, lengths, np.random.default_rng(0), start=0).frame["ward"]
    assert set(meant) == {"b"}


def test_entities_that_are_too_long_are_refused():
    panel = panel_of(visits())
    matrix = fitted(panel)
    with pytest.raises(ValueError, match="An entity has 9 rows; at most 8"):
        matrix.decode(
            np.zeros((1, matrix.static_width)), np.zeros((9, matrix.width)), np.array([9]), np.random.default_rng(0),
            start=0,
        )  # fmt: skip


def test_cells_of_another_kind_are_named():
    frame = visits()
    schema = marked(frame, infer_schema(frame), entity="who", time="when").with_column("ward", kind=Kind.NUMERIC)
    schema = schema.with_column("fever", kind=Kind.DATETIME, format="%Y")
    with pytest.raises(DataError, match=r"(?s)ward.*numeric.*fever.*datetime"):
        fitted(Panel.of(frame, schema))


def test_a_hundred_thousand_rows_take_no_detour():
    """Encoding and cutting windows out of a long series is done on whole arrays."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"who": 0, "x": rng.random(100_000), "y": rng.random(100_000)})
    panel = panel_of(frame)
    tracemalloc.start()
    found, _ = windows(fitted(panel).encode(panel), 24, stride=24)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.shape == (100_000 // 24, 24, 2)
    assert peak < 100e6
