"""Five kinds of picture: outlines, paired bars, dots with whiskers, ranked dots, lines (heat maps: heatmaps.py).

Each takes numbers and texts, never a Profile or an Evaluation, and returns an SVG picture. `label` is always the
finding, as a screen reader should say it. Real data are solid and grey, synthetic data dashed or outlined and teal,
rows that no generator has seen thin.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from smartsynth import formats
from smartsynth.utils.svg import Axis, Canvas, linear_axis, number, polyline, symlog_axis, text_width

WIDTH = 360.0
_PLOT_HEIGHT = 132.0
_MARGIN = 12.0


@dataclass(frozen=True, slots=True)
class Series:
    """One set of shares and whose they are: `real`, `synthetic` or `holdout`."""

    css: str
    shares: Sequence[float]


def message(text: str) -> str:
    """A picture that says why there is none."""
    canvas = Canvas(WIDTH, 64)
    canvas.text(WIDTH / 2, 36, text, "note", anchor="middle", width=WIDTH - 2 * _MARGIN)
    return canvas.render(text)


def outlines(edges: Sequence[float], series: Sequence[Series], kind: str, label: str) -> str:
    """Histograms laid over one another; a bin's area is its share of the rows.

    Bins of very different widths (from quantiles) become readable because heights are shares per pixel, the axis turns
    logarithmic for long tails, and a peak that would flatten everything else is cut and labelled.
    """
    axis = _value_axis(edges, kind)
    groups = _drawable(edges, axis)
    pixels = [axis(edges[i]) for i in groups]
    heights = {
        s.css: [
            sum(s.shares[a:b]) / (right - left)
            for a, b, left, right in zip(groups, groups[1:], pixels, pixels[1:], strict=False)
        ]
        for s in series
    }
    top, cut = _ceiling(heights)
    canvas = Canvas(WIDTH, _PLOT_HEIGHT + 36)
    base, room = 12 + _PLOT_HEIGHT, _PLOT_HEIGHT - (10 if cut else 0)
    _ticks(canvas, axis, base)
    for s in series:
        steps = [min(h / top, 1.0) * room if top else 0.0 for h in heights[s.css]]
        corners = [(x, base - h) for h, a, b in zip(steps, pixels, pixels[1:], strict=False) for x in (a, b)]
        outline = polyline([(pixels[0], base), *corners, (pixels[-1], base)])
        if s.css == "real":
            canvas.path(outline + "Z", "area real")
        canvas.path(outline, f"line {s.css}")
    if cut:
        position = max(range(len(groups) - 1), key=lambda i: heights[series[0].css][i])
        _cut_label(canvas, pixels[position : position + 2], base - room, groups, position, series)
    canvas.line(_MARGIN, base, WIDTH - _MARGIN, base, "axis")
    return canvas.render(label)


def _value_axis(edges: Sequence[float], kind: str) -> Axis:
    """Even where the bins are, logarithmic where a long tail would squeeze them into a corner."""
    low, high = edges[0], edges[-1]
    widths = sorted(b - a for a, b in pairwise(edges))
    median = widths[len(widths) // 2]
    left, right = _MARGIN + 4, WIDTH - _MARGIN - 4
    largest = max(abs(low), abs(high))
    if kind != "datetime" and len(widths) >= 4 and high - low > 12 * len(widths) * median > 0:
        sizes = sorted(abs(e) for e in edges if e != 0)
        unit = 10.0 ** math.floor(math.log10(max(median, sizes[len(sizes) // 8])))
        if largest > 30 * unit:
            return symlog_axis(low, high, left, right, unit=unit, kind=kind)
    return linear_axis(low, high, left, right, kind=kind, most=4 if kind in ("datetime", "duration") else 6)


def _drawable(edges: Sequence[float], axis: Axis, least: float = 6) -> list[int]:
    """Positions of the edges to keep so that every bin is at least so many pixels wide."""
    kept = [0]
    for i in range(1, len(edges)):
        if axis(edges[i]) - axis(edges[kept[-1]]) >= least:
            kept.append(i)
    if kept[-1] != len(edges) - 1:
        kept[-1:] = [len(edges) - 1] if len(kept) > 1 else [0, len(edges) - 1]
    return kept


def _ceiling(heights: Mapping[str, Sequence[float]]) -> tuple[float, bool]:
    """The height of the picture, and whether one peak stands out so far that it has to be cut."""
    by_bin = sorted((max(values) for values in zip(*heights.values(), strict=True)), reverse=True)
    if len(by_bin) > 3 and by_bin[1] > 0 and by_bin[0] > 5 * by_bin[1]:
        return 1.6 * by_bin[1], True
    return by_bin[0], False


def _cut_label(
    canvas: Canvas, sides: Sequence[float], y: float, groups: Sequence[int], position: int, series: Sequence[Series]
) -> None:
    """Two strokes across a cut peak and beside it how high it is."""
    shares = {s.css: sum(s.shares[groups[position] : groups[position + 1]]) for s in series if s.css != "holdout"}
    words = [formats.percent(v) if len(shares) == 1 else f"{css} {formats.percent(v)}" for css, v in shares.items()]
    middle = sum(sides) / 2
    strokes = (f"M{number(middle - 6)} {number(y + drop)}l12 -5" for drop in (9, 13))
    canvas.path("".join(strokes), "break")
    left = middle < WIDTH / 2
    at = sides[1] + 6 if left else sides[0] - 6
    canvas.text(at, y + 9, ", ".join(words), "value", anchor="start" if left else "end")


def _ticks(canvas: Canvas, axis: Axis, base: float, *, top: float | None = None) -> None:
    last = -math.inf
    for value, text in axis.ticks:
        x, half = axis(value), text_width(text) / 2
        at = min(max(x, half + 2), canvas.width - half - 2)
        if at - half < last + 6:
            continue
        last = at + half
        canvas.line(x, base if top is None else top, x, base + 4, "tick" if top is None else "grid")
        canvas.text(at, base + 17, text, "label", anchor="middle")


def paired_bars(labels: Sequence[str], series: Sequence[Series], label: str) -> str:
    """A pair of bars for each label: real filled, synthetic outlined, unseen real rows as a mark across."""
    pitch, thick = (32, 10.5) if len(series) > 1 else (24, 14)
    canvas = Canvas(WIDTH, len(labels) * pitch + 8)
    names = min(max((text_width(text) for text in labels), default=0) + 6, 128)
    left, room = names + 6, 48
    most = max((value for s in series for value in s.shares), default=0) or 1
    scale = (WIDTH - left - room) / most
    for i, text in enumerate(labels):
        top = 4 + i * pitch
        canvas.text(names, top + thick + (2 if len(series) > 1 else -2), text, "label", anchor="end", width=names)
        marks = [s.shares[i] for s in series if s.css == "holdout"]
        for j, s in enumerate(s for s in series if s.css != "holdout"):
            y, value = top + j * (thick + 3), s.shares[i]
            canvas.rect(left, y, value * scale, thick, f"bar {s.css}", radius=1.5)
            end = max([value, *(mark for mark in marks if value < mark < value + 40 / scale)])
            canvas.text(left + end * scale + 6, y + thick - 1.5, formats.percent(value), "value")
        for s in series:
            if s.css == "holdout":
                x = left + s.shares[i] * scale
                canvas.line(x, top - 2, x, top + 2 * thick + 5, "line holdout")
    canvas.line(left, 0, left, len(labels) * pitch + 4, "axis")
    return canvas.render(label)


@dataclass(frozen=True, slots=True)
class DotRow:
    """One row of a dot plot: the synthetic value with its interval, and what it is compared with."""

    name: str
    synthetic: float
    real: float | None = None
    interval: tuple[float, float] | None = None
    baseline: float | None = None


def dots(rows: Sequence[DotRow], label: str, *, low: float | None = None, high: float | None = None) -> str:
    """A row for each name: a grey dot for real, a teal diamond with whiskers for synthetic, a baseline."""
    pitch, left = 40.0, _MARGIN
    canvas = Canvas(WIDTH, len(rows) * pitch + 34)
    values = [v for row in rows for v in (row.synthetic, row.real, row.baseline, *(row.interval or ())) if _finite(v)]
    start = min(values, default=0.0) if low is None else low
    end = max(values, default=1.0) if high is None else high
    margin = 0.06 * (end - start) or 0.05
    axis = linear_axis(
        start - (margin if low is None else 0), end + (margin if high is None else 0), left + 8, WIDTH - 16, most=5
    )
    base = len(rows) * pitch + 10
    _ticks(canvas, axis, base, top=6)
    for i, row in enumerate(rows):
        y = 6 + i * pitch
        reading = _reading(row)
        canvas.text(left, y + 13, row.name, "name", width=(WIDTH - 2 * left - text_width(reading) - 4) * 0.94)
        canvas.text(WIDTH - _MARGIN, y + 13, reading, "value", anchor="end")
        y += 26
        canvas.line(left + 8, y, WIDTH - 16, y, "rail")
        if row.baseline is not None and _finite(row.baseline):
            canvas.line(axis(row.baseline), y - 7, axis(row.baseline), y + 7, "line baseline")
        if row.interval is not None:
            a, b = (axis(v) for v in row.interval)
            ends = f"M{number(a)} {number(y - 4)}v8M{number(b)} {number(y - 4)}v8"
            canvas.path(f"M{number(a)} {number(y)}H{number(b)}{ends}", "whisker synthetic")
        if row.real is not None and _finite(row.real):
            canvas.circle(axis(row.real), y, 5, "dot real")
        if _finite(row.synthetic):
            canvas.diamond(axis(row.synthetic), y, 6, "dot synthetic")
    return canvas.render(label)


def _finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _reading(row: DotRow) -> str:
    own = formats.number(row.synthetic)
    return own if row.real is None else f"{own} (real {formats.number(row.real)})"


def ranked(names: Sequence[str], values: Sequence[float], references: Sequence[float], label: str) -> str:
    """One line for each name: how far the synthetic value is from zero, and a mark where real data would be."""
    pitch, room = 21.0, min(max((text_width(name) for name in names), default=0) + 8, 132)
    canvas = Canvas(WIDTH, len(names) * pitch + 34)
    axis = linear_axis(0, max([*values, *references, 0.05]), room + 10, WIDTH - 54, most=4)
    base = len(names) * pitch + 10
    _ticks(canvas, axis, base, top=4)
    for i, (name, value, reference) in enumerate(zip(names, values, references, strict=True)):
        y = 14 + i * pitch
        canvas.text(room, y + 4, name, "label", anchor="end", width=room)
        canvas.line(axis(0), y, axis(value), y, "stem synthetic")
        canvas.line(axis(reference), y - 7, axis(reference), y + 7, "mark real")
        canvas.diamond(axis(value), y, 5, "dot synthetic")
        canvas.text(max(axis(value), axis(reference)) + 10, y + 4, formats.number(value), "value")
    return canvas.render(label)


@dataclass(frozen=True, slots=True)
class Line:
    """A named line through points; `css` says whose it is."""

    name: str
    css: str
    points: Sequence[tuple[float, float]]


def lines(series: Sequence[Line], x_label: str, y_label: str, label: str, *, diagonal: bool = False) -> str:
    """Lines over shared axes with their names in a legend on top; `diagonal` draws what pure chance would give."""
    legend = 18.0 * len(series) + 10
    height = 216.0
    canvas = Canvas(WIDTH, legend + height + 40)
    points = [p for s in series for p in s.points]
    left, right, top, base = 46.0, WIDTH - 14, legend + 16, legend + height
    x_axis = linear_axis(min(x for x, _ in points), max(x for x, _ in points), left, right, most=5)
    highest = max(y for _, y in points)
    y_axis = linear_axis(min(0, *(y for _, y in points)), 1 if 0.8 < highest < 1 else highest, base, top, most=5)
    for value, text in y_axis.ticks:
        canvas.line(left, y_axis(value), right, y_axis(value), "grid")
        canvas.text(left - 7, y_axis(value) + 4, text, "label", anchor="end")
    _ticks(canvas, x_axis, base)
    canvas.line(left, base, right, base, "axis")
    if diagonal:
        canvas.line(x_axis(0), y_axis(0), x_axis(1), y_axis(1), "line baseline")
    for i, s in enumerate(series):
        canvas.path(polyline((x_axis(x), y_axis(y)) for x, y in _thinned(s.points)), f"line {s.css}")
        canvas.line(_MARGIN, 10 + 18 * i, _MARGIN + 28, 10 + 18 * i, f"line {s.css}")
        canvas.text(_MARGIN + 36, 14 + 18 * i, s.name, "label", width=WIDTH - 60)
    canvas.text(left, legend + 7, y_label, "note", width=right - left)
    canvas.text((left + right) / 2, base + 35, x_label, "note", anchor="middle", width=right - left)
    return canvas.render(label)


def _thinned(points: Sequence[tuple[float, float]], most: int = 240) -> list[tuple[float, float]]:
    if len(points) <= most:
        return list(points)
    return [points[round(i * (len(points) - 1) / (most - 1))] for i in range(most)]
