"""SequenceView → charts of the section "sequence", the most telling first.

cloud        records on a plane
lengths      rows of an entity, time between rows (drawn as columns are: visualizer.py)
persistence  how often a category follows itself
fans         channels over the places of a record: bands of real records, quantiles and single records of synthetic ones
curves       autocorrelations and spectra, the worst channel first

Real records are never drawn singly.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import groupby

from smartsynth.facts import Chart, Cloud, Curve, Fan, SequenceView
from smartsynth.formats import count, number, percent, plain, points
from smartsynth.utils.plots import WIDTH, Line, Series, lines, paired_bars
from smartsynth.utils.svg import Axis, Canvas, linear_axis, polyline
from smartsynth.utils.svg import number as pixels

SECTION = "sequence"
_NAME = 60
_MOST_ROWS = 24
_SAMPLED = 12
_FIRST = 4
"""Channels whose pictures come before the others'."""
_CSS = {"real rows": "real", "synthetic rows": "synthetic", "unseen real rows": "holdout"}


def sequence_charts(view: SequenceView) -> tuple[Chart, ...]:
    """Every picture of a time series but its histograms."""
    found: list[Chart | None] = [
        None if view.cloud is None else cloud_chart(view.cloud, view.what, SECTION),
        _persistence(view),
    ]
    fans, curves = [_fan(fan, view.what) for fan in view.fans], [_curve(curve) for curve in view.curves]
    found += [*fans[:_FIRST], *curves[:_FIRST], *fans[_FIRST:], *curves[_FIRST:]]
    return tuple(chart for chart in found if chart is not None)


def _fan(fan: Fan, what: str) -> Chart | None:
    low, middle, high = 0, len(fan.levels) // 2, len(fan.levels) - 1
    if not any(map(math.isfinite, fan.train[middle])):
        return None
    name = plain(fan.channel, _NAME)
    title = f"{name}: {_fan_finding(fan)}"
    caption = (
        f"Over the rows of the {what}. Grey: the middle {percent(fan.levels[3] - fan.levels[1])} and "
        f"{percent(fan.levels[high] - fan.levels[low])} of the real records, and their median; dashed: the lowest, middle and highest of "
        f"these quantiles of synthetic records; thin: {count(len(fan.traces))} synthetic records. Real records are not shown singly."
    )
    header = ("Row", *(f"{side}, {percent(level)}" for side in ("Real", "Synthetic") for level in fan.levels))
    rows = tuple(
        (str(place), *(number(side[i][j], 4) for side in (fan.train, fan.synthetic) for i in range(len(fan.levels))))
        for j, place in enumerate(fan.places)
    )
    return Chart(f"fan:{fan.channel}", SECTION, title, caption, _fan_picture(fan, title), header, rows)


def _fan_finding(fan: Fan) -> str:
    """Where the medians are furthest apart, against how wide the real records spread; or how wide the synthetic ones do."""
    middle = len(fan.levels) // 2
    both = [
        (j, fan.synthetic[middle][j] - fan.train[middle][j], _width(fan.train, j))
        for j in range(len(fan.places))
        if math.isfinite(fan.synthetic[middle][j]) and math.isfinite(_width(fan.train, j)) and _width(fan.train, j) > 0
    ]
    if not both:
        return "the same in the middle"
    # The difference of two medians of n values has a standard error of about 1.3 times the width of their middle half over √n, and the
    # largest of many differences is looked at.
    j, gap, width = max(both, key=lambda one: abs(one[1]) / one[2] * math.sqrt(min(fan.counts[one[0]], 576)))
    if abs(gap) > 6 * width / math.sqrt(min(fan.counts[j], 576)):
        return f"the median is {'too high' if gap > 0 else 'too low'} by {number(abs(gap))} at row {fan.places[j]}"
    known = [(_width(fan.synthetic, j), width) for j, _, width in both if math.isfinite(_width(fan.synthetic, j))]
    ratio = sum(a for a, _ in known) / sum(b for _, b in known) if known else 1.0
    if not 0.8 < ratio < 1.25:
        return f"the middle half of synthetic records spreads {number(ratio)} times as wide as that of real ones"
    return "medians and spread follow the real ones at every row"


def _width(quantiles: Sequence[Sequence[float]], j: int) -> float:
    middle = len(quantiles) // 2
    return quantiles[middle + 1][j] - quantiles[middle - 1][j]


def _fan_picture(fan: Fan, label: str) -> str:
    every = [v for side in (fan.train, fan.synthetic, fan.traces) for line in side for v in line if math.isfinite(v)]
    canvas, x, y = _frame((fan.places[0], fan.places[-1]), (min(every), max(every)), "Row of a record")
    at = [x(place) for place in fan.places]
    last = len(fan.levels) - 1
    for i, css in ((0, "area real"), (1, "area inner")):
        for run in _known(at, fan.train[i], fan.train[last - i]):
            up = [(px, y(a)) for px, a, _ in run]
            down = [(px, y(b)) for px, _, b in reversed(run)]
            canvas.path(polyline([*up, *down]) + "Z", css)
    for trace in fan.traces:
        _line(canvas, at, trace, y, "trace")
    _line(canvas, at, fan.train[last // 2], y, "line real")
    for i in (0, last // 2, last):
        _line(canvas, at, fan.synthetic[i], y, "line synthetic")
    return canvas.render(label)


def _frame(across: tuple[float, float], up: tuple[float, float], x_label: str) -> tuple[Canvas, Axis, Axis]:
    """An empty picture and its axes, across and up."""
    height, top, left, right = 216.0, 10.0, 52.0, WIDTH - 12
    base = top + height
    canvas = Canvas(WIDTH, base + 40)
    margin = 0.03 * (up[1] - up[0])
    x = linear_axis(across[0], across[1], left, right, most=6)
    y = linear_axis(up[0] - margin, up[1] + margin, base, top, most=5)
    for value, text in y.ticks:
        canvas.line(left, y(value), right, y(value), "grid")
        canvas.text(left - 7, y(value) + 4, text, "label", anchor="end", width=left - 8)
    for value, text in x.ticks:
        if float(value).is_integer():
            canvas.line(x(value), base, x(value), base + 4, "tick")
            canvas.text(x(value), base + 17, text, "label", anchor="middle")
    canvas.line(left, base, right, base, "axis")
    canvas.text((left + right) / 2, base + 35, x_label, "note", anchor="middle", width=right - left)
    return canvas, x, y


def _known(
    at: Sequence[float], low: Sequence[float], high: Sequence[float]
) -> Iterator[list[tuple[float, float, float]]]:
    """Stretches in which both lines are known."""
    cells = list(zip(at, low, high, strict=True))
    for is_known, run in groupby(cells, key=lambda cell: math.isfinite(cell[1]) and math.isfinite(cell[2])):
        if is_known:
            yield list(run)


def _line(canvas: Canvas, at: Sequence[float], values: Sequence[float], y: Axis, css: str) -> None:
    for run in _known(at, values, values):
        canvas.path(polyline([(px, y(value)) for px, value, _ in run]), css)


def _curve(curve: Curve) -> Chart | None:
    drawn = {name: line for name, line in curve.lines.items() if line}
    if not drawn:
        return None
    svg = lines(
        [Line(name, _CSS.get(name, "other"), line) for name, line in drawn.items()],
        curve.x_label, curve.y_label, curve.sentence,
    )  # fmt: skip
    caption = f"{curve.name}. "
    if curve.key.startswith("autocorrelation"):
        caption += "How a value correlates with the one so many rows later in the same record."
    else:
        caption += "Left: slow movement over many rows; right: fast movement from row to row; the shares of each line add up to 1."
    at = sorted({x for line in drawn.values() for x, _ in line})
    at = (
        at
        if len(at) <= 2 * _SAMPLED
        else [at[round(i * (len(at) - 1) / (2 * _SAMPLED - 1))] for i in range(2 * _SAMPLED)]
    )
    by_name = {name: dict(line) for name, line in drawn.items()}
    rows = tuple((number(x), *(number(line.get(x)) for line in by_name.values())) for x in at)
    header = (curve.x_label, *(name.capitalize() for name in drawn))
    return Chart(curve.key, SECTION, curve.sentence, caption, svg, header, rows)


def _persistence(view: SequenceView) -> Chart | None:
    known = {name: shares for name, shares in view.persistence.items() if all(map(math.isfinite, shares))}
    if not known:
        return None
    order = sorted(known, key=lambda name: -abs(known[name][1] - known[name][2]))
    worst = order[0]
    gap, real = known[worst][1] - known[worst][2], abs(known[worst][0] - known[worst][2])
    title = "Categories stay the same from row to row as often as in real data"
    if abs(gap) > max(1.25 * real, real + 0.01):
        title = f"{plain(worst, _NAME)} stays the same from row to row too {'often' if gap > 0 else 'seldom'} ({points(gap)})"
    shown = order[:8]
    train, synthetic, holdout = (tuple(known[name][i] for name in shown) for i in range(3))
    series = (Series("real", train), Series("synthetic", synthetic), Series("holdout", holdout))
    svg = paired_bars([plain(name) for name in shown], series, title)
    caption = "Share of the rows with the category of the row before. Grey: real; outlined: synthetic; thin mark: unseen real rows."
    rows = tuple((plain(name), *map(percent, known[name])) for name in order)
    return Chart("persistence", SECTION, title, caption, svg, ("Column", "Real", "Synthetic", "Unseen real"), rows)


def cloud_chart(cloud: Cloud, what: str, section: str) -> Chart:
    """Records, or whatever else is a point, on the plane of their first two principal components."""
    title = (
        f"On a map of {what}, synthetic ones overlap with unseen real ones by {percent(cloud.overlap)}, real ones by "
        f"{percent(cloud.reference)}"
    )
    caption = (
        f"Each of the {what} is a point on the plane that shows most of the differences between real ones ({percent(cloud.explained)} "
        "of them; two principal components). Grey: the more real ones in a place, the darker; rings: the more synthetic ones, the "
        "larger. Places with very few real ones are left blank."
    )
    cells = sorted(
        (
            (-max(real, made), j, i, real, made)
            for j, (reals, mades) in enumerate(zip(cloud.train, cloud.synthetic, strict=True))
            for i, (real, made) in enumerate(zip(reals, mades, strict=True))
            if max(real, made) > 0
        )
    )
    rows = tuple(
        (_range(cloud.x_edges, i), _range(cloud.y_edges, j), percent(real), percent(made))
        for _, j, i, real, made in cells[:_MOST_ROWS]
    )
    header = ("First component", "Second component", "Real", "Synthetic")
    return Chart("cloud", section, title, caption, _cloud_picture(cloud, title), header, rows)


def _range(edges: Sequence[float], i: int) -> str:
    return f"{number(edges[i])} to {number(edges[i + 1])}"


def _cloud_picture(cloud: Cloud, label: str) -> str:
    left, top, size = 34.0, 8.0, WIDTH - 46
    nx, ny = len(cloud.x_edges) - 1, len(cloud.y_edges) - 1
    wide, high = size / nx, size / ny
    canvas = Canvas(WIDTH, top + size + 30)
    canvas.rect(left, top, size, size, "frame")
    darkest = max(max(row) for row in cloud.train) or 1.0
    largest = max([*(v for row in cloud.synthetic for v in row), darkest])
    for j in range(ny):
        y = top + size - (j + 1) * high
        for i in range(nx):
            x, real, made = left + i * wide, cloud.train[j][i], cloud.synthetic[j][i]
            if real > 0:
                strength = f"{0.08 + 0.72 * real / darkest:.2f}"
                canvas.raw(
                    f'<rect class="cloud" fill-opacity="{strength}" x="{pixels(x)}" y="{pixels(y)}" width="{pixels(wide)}" '
                    f'height="{pixels(high)}"/>'
                )
            if made > 0:
                canvas.circle(
                    x + wide / 2, y + high / 2, max(0.46 * min(wide, high) * math.sqrt(made / largest), 1.2), "ring"
                )
    canvas.text(left + size / 2, top + size + 20, "First component", "note", anchor="middle", width=size)
    canvas.raw(f'<g transform="translate({pixels(left - 12)} {pixels(top + size / 2)}) rotate(-90)">')
    canvas.text(0, 0, "Second component", "note", anchor="middle", width=size)
    canvas.raw("</g>")
    return canvas.render(label)
