"""Heat maps of a square matrix, small at fifteen columns and still readable at fifty.

One scale for all: -1 to 1 in steps of a twentieth. Cells of one step share one path and neighbours in a row share one
rectangle, so that 50 × 50 cells cost about 20 kB. Colour is opacity over the background of the page, which makes it
right in light and dark alike; what could not be computed is a small cross.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

from smartsynth.utils.svg import FONT, Canvas, number, text_width

Rows = Sequence[Sequence[float]]
_STEPS = 20


def heatmap(title: str, names: Sequence[str], cells: Rows, label: str, *, width: float, named: bool = True) -> str:
    """The matrix with numbered names down the side and the numbers along the bottom.

    Without names (`named=False`) only every fifth number is written, for a small picture beside a larger one.
    """
    n = len(names)
    digits = text_width(str(n)) + 10
    left = digits + (min(max(map(text_width, names)) + 8, max(0.25 * width, 100)) if named else 2)
    side = (width - left - 4) / n
    small = "label" if side >= 14 else "label small"
    every = 1 if side >= digits - 6 else 5
    top, size = 26.0, side * n
    canvas = Canvas(width, top + size + 22)
    canvas.text(left, 14, title, "name", width=width - left)
    canvas.rect(left, top, size, size, "frame")
    canvas.raw(
        f'<g transform="translate({number(left)} {number(top)}) scale({side:.4g})" shape-rendering="crispEdges">'
    )
    for css, opacity, data in _runs(cells):
        canvas.raw(f'<path class="{css}" fill-opacity="{opacity:g}" d="{data}"/>')
    canvas.raw("</g>")
    for i in range(n):
        middle = (i + 0.5) * side
        sparse = i % 5 == 4 or i == 0
        if named:
            canvas.text(left - digits, top + middle + 4, names[i], small, anchor="end", width=left - digits - 2)
        if named or sparse:
            canvas.text(left - 5, top + middle + 4, str(i + 1), small, anchor="end")
        if every == 1 or sparse:
            canvas.text(left + middle, top + size + 15, str(i + 1), "label", anchor="middle")
    if side >= 2.8 * FONT:
        _values(canvas, cells, left, top, side)
    _crosses(canvas, cells, left, top, side)
    return canvas.render(label, "large" if width > 500 else "")


def _runs(cells: Rows) -> list[tuple[str, float, str]]:
    """(sign class, opacity, path data in cell units) for each step of the scale."""
    paths: dict[int, list[str]] = defaultdict(list)
    for y, row in enumerate(cells):
        steps = [0 if not math.isfinite(v) else round(max(-1.0, min(1.0, v)) * _STEPS) for v in row]
        start = 0
        for x in range(1, len(steps) + 1):
            if x == len(steps) or steps[x] != steps[start]:
                if steps[start]:
                    paths[steps[start]].append(f"M{start} {y}h{x - start}v1h{start - x}")
                start = x
    return [("over" if s > 0 else "under", abs(s) / _STEPS, "".join(data)) for s, data in sorted(paths.items())]


def _values(canvas: Canvas, cells: Rows, left: float, top: float, side: float) -> None:
    for y, row in enumerate(cells):
        for x, value in enumerate(row):
            if math.isfinite(value):
                css = "cell strong" if abs(value) >= 0.6 else "cell"
                text = f"{value:.2f}".replace("-", "−").replace("−0.00", "0.00")
                canvas.text(left + (x + 0.5) * side, top + (y + 0.5) * side + 4, text, css, anchor="middle")


def _crosses(canvas: Canvas, cells: Rows, left: float, top: float, side: float) -> None:
    arm = number(0.3 * side)
    data = "".join(
        f"M{number(left + (x + 0.35) * side)} {number(top + (y + 0.35) * side)}l{arm} {arm}m0 -{arm}l-{arm} {arm}"
        for y, row in enumerate(cells)
        for x, value in enumerate(row)
        if not math.isfinite(value)
    )
    if data:
        canvas.path(data, "void")


def scale_bar(label: str) -> str:
    """The colour scale from -1 to 1 with its numbers."""
    canvas = Canvas(260, 34)
    for step in range(-_STEPS, _STEPS + 1):
        x = 20 + (step + _STEPS) * 220 / (2 * _STEPS + 1)
        css = "over" if step > 0 else "under"
        canvas.raw(
            f'<rect class="{css}" fill-opacity="{abs(step) / _STEPS:g}" x="{x:.1f}" y="4" width="5.4" height="9"/>'
        )
    canvas.rect(20, 4, 220, 9, "frame")
    for value, text in ((-1, "−1"), (-0.5, "−0.5"), (0, "0"), (0.5, "0.5"), (1, "1")):
        canvas.text(130 + value * 108, 28, text, "label", anchor="middle")
    return canvas.render(label, "scale")
