"""Heat maps: `heatmap` of a square matrix of columns, `table_map` of two lists of classes.

heatmap    the same names down the side and, as numbers, along the bottom; small at fifteen columns, readable at fifty
table_map  one list of labels down the side and another along the bottom, with the number of each cell

One scale for all: -limit to limit in steps of a twentieth. Cells of one step share one path and neighbours in a row
share one rectangle, so that 50 × 50 cells cost about 20 kB. Colour is opacity over the background of the page, which
makes it right in light and dark alike; what could not be computed is a small cross.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence

from smartsynth.utils.svg import FONT, Canvas, compact, number, text_width

Rows = Sequence[Sequence[float]]
_STEPS = 20
_START = 12
_TALLEST = 34.0
_DEEPEST = 116.0
_STRONG = 0.7
"""Share of the full colour from which the page's background is easier to read on it than the page's ink."""
_SLOPE = math.sqrt(0.5)


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
    _colours(canvas, cells, left, top, (side, side), 1.0)
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
        _values(canvas, cells, left, top, (side, side), 1.0, _hundredths, "cell")
    _crosses(canvas, cells, left, top, (side, side))
    return canvas.render(label, "large" if width > 500 else "")


def table_map(
    title: str,
    names: tuple[str, str],
    rows: Sequence[str],
    columns: Sequence[str],
    cells: Rows,
    label: str,
    *,
    width: float,
    limit: float,
    say: Callable[[float], str],
) -> str:
    """Two lists of classes against each other, with the number of each cell and what the lists are.

    `names` say what the rows and the columns are; `limit` is the number that has the full colour; `say` writes a number
    into its cell, or an empty text.
    """
    rows, columns = _told_apart(rows), _told_apart(columns)
    left = min(max(map(text_width, [*rows, names[0]])) + 8, 0.34 * width)
    wide = (width - left - 4) / len(columns)
    high = min(wide, _TALLEST)
    turned = max(map(text_width, columns)) + 6 > wide
    deep = min(max(map(text_width, columns)), _DEEPEST) * _SLOPE + 12 if turned else 16.0
    top, base = 40.0, 40.0 + high * len(rows)
    canvas = Canvas(width, base + deep + 22)
    canvas.text(left, 14, title, "name", width=width - left)
    canvas.text(left - 6, top - 7, names[0], "note", anchor="end", width=left - 8)
    canvas.rect(left, top, wide * len(columns), high * len(rows), "frame")
    _colours(canvas, cells, left, top, (wide, high), limit)
    for i, row in enumerate(rows):
        canvas.text(left - 6, top + (i + 0.5) * high + 4, row, "label", anchor="end", width=left - 8)
    for i, column in enumerate(columns):
        middle = left + (i + 0.5) * wide
        if turned:
            canvas.raw(f'<g transform="translate({number(middle + 4)} {number(base + 11)}) rotate(-45)">')
            room = min(_DEEPEST, (middle - 2) / _SLOPE)
            canvas.text(0, 0, column, "label", anchor="end", width=room)
            canvas.raw("</g>")
        else:
            canvas.text(middle, base + 15, column, "label", anchor="middle")
    canvas.text(left + (width - left) / 2, base + deep + 16, names[1], "note", anchor="middle", width=width - left)
    texts = [say(value) for row in cells for value in row if math.isfinite(value)]
    widest = max(map(text_width, texts), default=0) / FONT
    size = next((css for css, size in (("cell", 11.0), ("cell tiny", 9.0)) if widest * size <= wide), None)
    if size:
        _values(canvas, cells, left, top, (wide, high), limit, say, size)
    _crosses(canvas, cells, left, top, (wide, high))
    return canvas.render(label)


def _told_apart(labels: Sequence[str]) -> list[str]:
    """The labels without a long start that some of them share, which would be all that is left once they are cut.

    >>> _told_apart(["The first of two long names", "The first of two long words", "other"])
    ['…names', '…words', 'other']
    """
    groups: dict[str, list[str]] = defaultdict(list)
    for label in labels:
        groups[label[:_START]].append(label)
    shared = {start: _common_start(group) for start, group in groups.items() if len(set(group)) > 1}
    return [f"…{label.removeprefix(shared[label[:_START]])}" if label[:_START] in shared else label for label in labels]


def _common_start(texts: Sequence[str]) -> str:
    first, last = min(texts), max(texts)
    return first[: next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))]


def _colours(canvas: Canvas, cells: Rows, left: float, top: float, size: tuple[float, float], limit: float) -> None:
    width, height = size
    scale = f"{width:.4g}" if width == height else f"{width:.4g} {height:.4g}"
    canvas.raw(f'<g transform="translate({number(left)} {number(top)}) scale({scale})" shape-rendering="crispEdges">')
    for css, opacity, data in _runs(cells, limit):
        canvas.raw(f'<path class="{css}" fill-opacity="{opacity:g}" d="{data}"/>')
    canvas.raw("</g>")


def _runs(cells: Rows, limit: float) -> list[tuple[str, float, str]]:
    """(sign class, opacity, path data in cell units) for each step of the scale."""
    paths: dict[int, list[str]] = defaultdict(list)
    for y, row in enumerate(cells):
        steps = [0 if not math.isfinite(v) else round(max(-1.0, min(1.0, v / limit)) * _STEPS) for v in row]
        start = 0
        for x in range(1, len(steps) + 1):
            if x == len(steps) or steps[x] != steps[start]:
                if steps[start]:
                    paths[steps[start]].append(f"M{start} {y}h{x - start}v1h{start - x}")
                start = x
    return [("over" if s > 0 else "under", abs(s) / _STEPS, "".join(data)) for s, data in sorted(paths.items())]


def _values(
    canvas: Canvas,
    cells: Rows,
    left: float,
    top: float,
    size: tuple[float, float],
    limit: float,
    say: Callable[[float], str],
    css: str,
) -> None:
    width, height = size
    for y, row in enumerate(cells):
        for x, value in enumerate(row):
            if math.isfinite(value) and (text := say(value)):
                strong = f"{css} strong" if abs(value) >= _STRONG * limit else css
                canvas.text(left + (x + 0.5) * width, top + (y + 0.5) * height + 4, text, strong, anchor="middle")


def _hundredths(value: float) -> str:
    return f"{value:.2f}".replace("-", "−").replace("−0.00", "0.00")


def _crosses(canvas: Canvas, cells: Rows, left: float, top: float, size: tuple[float, float]) -> None:
    width, height = size
    arm = 0.3 * min(width, height)
    side = number(arm)
    data = "".join(
        f"M{number(left + (x + 0.5) * width - arm / 2)} {number(top + (y + 0.5) * height - arm / 2)}"
        f"l{side} {side}m0 -{side}l-{side} {side}"
        for y, row in enumerate(cells)
        for x, value in enumerate(row)
        if not math.isfinite(value)
    )
    if data:
        canvas.path(data, "void")


def scale_bar(label: str, *, limit: float = 1.0, say: Callable[[float], str] = compact) -> str:
    """The colour scale from -limit to limit with its numbers."""
    canvas = Canvas(260, 34)
    for step in range(-_STEPS, _STEPS + 1):
        x = 20 + (step + _STEPS) * 220 / (2 * _STEPS + 1)
        css = "over" if step > 0 else "under"
        canvas.raw(
            f'<rect class="{css}" fill-opacity="{abs(step) / _STEPS:g}" x="{x:.1f}" y="4" width="5.4" height="9"/>'
        )
    canvas.rect(20, 4, 220, 9, "frame")
    for value in (-1, -0.5, 0, 0.5, 1):
        canvas.text(130 + value * 108, 28, say(value * limit), "label", anchor="middle")
    return canvas.render(label, "scale")
