"""The canvas, the axes and the plots on it."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report_examples import parsed

from smartsynth import formats
from smartsynth.utils import heatmaps, plots, svg

finite = st.floats(min_value=-1e12, max_value=1e12)


def texts(picture):
    root = parsed(picture)
    return ["".join(e.itertext()) for e in root.iter("{http://www.w3.org/2000/svg}text")]


def coordinates(picture):
    """Every number of every path, as a list of floats."""
    root = parsed(picture)
    paths = " ".join(e.get("d") for e in root.iter("{http://www.w3.org/2000/svg}path"))
    return [float(word) for word in "".join(c if c in "-.0123456789" else " " for c in paths).split()]


@given(st.text())
def test_every_text_is_escaped(name):
    """Whatever a name holds, the picture stays well-formed and shows the name as text."""
    canvas = svg.Canvas(100, 20)
    canvas.text(0, 10, formats.plain(name))
    assert texts(canvas.render(formats.plain(name))) == [formats.plain(name)]


@given(finite, finite, st.sampled_from(["numeric", "share", "duration", "datetime"]))
def test_ticks_lie_on_the_axis(a, b, kind):
    """Ticks are few, in order, distinct and between the ends."""
    low, high = min(a, b), max(a, b)
    if high - low < 1e-6 * max(1, abs(low), abs(high)):
        high = low + max(1, abs(low))
    ticks = svg.ticks_of(low, high, kind, 5)
    values = [value for value, _ in ticks]
    assert values == sorted(set(values))
    assert len(ticks) <= 12
    margin = 1e-6 * (high - low)
    assert all(low - margin <= v <= high + margin for v in values)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        ("2019-03-02", "2024-01-01", ["2020", "2021", "2022", "2023", "2024"]),
        ("2024-01-10", "2024-05-20", ["2024-02", "2024-03", "2024-04", "2024-05"]),
        ("2024-03-01", "2024-03-09", ["2024-03-02", "2024-03-04", "2024-03-06", "2024-03-08"]),
        ("2024-03-01", "2024-03-02", ["2024-03-01", "06:00", "12:00", "18:00", "2024-03-02"]),
    ],
)
def test_dates_are_shown_as_dates(low, high, expected):
    """Axes of dates break at whole years, months, days and times of day."""
    import pandas as pd

    start, end = (pd.Timestamp(t).timestamp() for t in (low, high))
    assert [text for _, text in svg.ticks_of(start, end, "datetime", 5)] == expected


@settings(deadline=None)
@given(
    st.lists(finite, min_size=2, max_size=60, unique=True).map(sorted).filter(lambda e: e[-1] - e[0] > 1e-9),
    st.sampled_from(["numeric", "datetime", "duration"]),
    st.integers(0, 2**32),
)
def test_histograms_of_any_bins_stay_in_the_picture(edges, kind, seed):
    """Bins of any width and any shares give finite coordinates inside the view box."""
    shares = [((seed >> (i % 32)) & 7) / (7 * len(edges)) for i in range(len(edges) - 1)]
    series = [plots.Series("real", shares), plots.Series("synthetic", shares[::-1])]
    picture = plots.outlines(edges, series, kind, "finding")
    assert all(-12.1 <= c <= 372 for c in coordinates(picture))


def test_histogram_keeps_the_mass():
    """Bins merged for drawing keep the share that they stood for: the drawn area is the sum of the shares."""
    edges = [0, 0.01, 0.02, 5, 10]
    axis = svg.linear_axis(0, 10, 0, 100)
    kept = plots._drawable(edges, axis)
    assert kept == [0, 3, 4]


def test_peak_is_cut_and_labelled():
    """A column of zeros with a few other values still shows those; the cut peak says how high it is."""
    edges = [0, 1, 2, 3, 4, 5, 6, 7]
    series = [plots.Series(css, [0.94, *[0.01] * 6]) for css in ("real", "synthetic")]
    assert "real 94%, synthetic 94%" in texts(plots.outlines(edges, series, "numeric", "finding"))


def test_long_tails_get_a_logarithmic_axis():
    """Quantile bins over five orders of magnitude are not squeezed into a corner."""
    edges = [10 ** (i / 4) for i in range(21)]
    shown = texts(plots.outlines(edges, [plots.Series("real", [0.05] * 20)], "numeric", "finding"))
    assert {"1k", "100k"} <= set(shown)


def test_heat_map_draws_only_what_differs_from_zero():
    """Runs of one step are one rectangle; zero is blank; what is not a number is a cross."""
    cells = [[1, 1, 0], [1, 1, -0.5], [0, -0.5, math.nan]]
    picture = heatmaps.heatmap("Real", ["a", "b", "c"], cells, "finding", width=100)
    root = parsed(picture)
    paths = {(e.get("class"), e.get("fill-opacity")): e.get("d") for e in root.iter("{http://www.w3.org/2000/svg}path")}
    assert paths["over", "1"] == "M0 0h2v1h-2M0 1h2v1h-2"
    assert paths["under", "0.5"] == "M2 1h1v1h-1M1 2h1v1h-1"
    assert ("void", None) in paths


def test_large_heat_map_is_small_in_bytes():
    """Fifty columns cost less than 60 kB even when all cells differ."""
    cells = [[math.sin(i * j) for j in range(50)] for i in range(50)]
    assert len(heatmaps.heatmap("Real", [f"column {i}" for i in range(50)], cells, "finding", width=780)) < 60_000


def test_dots_without_a_reference():
    """A value alone is drawn and read out alone."""
    assert "0.500" in texts(plots.dots([plots.DotRow("model", 0.5)], "finding"))


def test_lines_are_thinned():
    """A curve of ten thousand points costs no more than one of a few hundred."""
    line = plots.Line("synthetic", "synthetic", [(i / 1e4, i / 1e4) for i in range(10_001)])
    picture = plots.lines([line], "x", "y", "finding", diagonal=True)
    assert len(picture) < 8_000
