"""Drawing in SVG: a canvas that escapes every text, scales and their ticks, and the width of a text.

Nothing here has a colour. Marks carry class names and the page's style sheet (`report/charts.css`) colours them, so
that one picture works in light, dark, print and forced colours:

    real synthetic holdout other     whose data
    area line bar dot tick whisker   what kind of mark
    axis grid label value name note  the frame and its texts
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape

from smartsynth import formats

FONT = 12.0
# Advances in ems of DejaVu Sans, the widest of the usual interface fonts: better cut a little early than clipped.
_ADVANCES = {
    **dict.fromkeys("ijlI'|", 0.29),
    **dict.fromkeys("frtJ.,:;!()[]-/ ", 0.39),
    **dict.fromkeys("{}cksvxyzEFLT?*‘’", 0.6),
    **dict.fromkeys("ABCDGHKNOPQRSUVXYZ&", 0.74),
    **dict.fromkeys("mw<>=+~#%@MW−", 0.9),
}


def text_width(text: str, size: float = FONT) -> float:
    """Roughly how wide a text is in a sans-serif font, in pixels; never much too narrow.

    >>> text_width("age") < text_width("education") < text_width("教育教育教育")
    True
    """
    return size * sum(_advance(character) for character in text)


def _advance(character: str) -> float:
    if unicodedata.combining(character) or unicodedata.category(character) == "Cf":
        return 0.0
    if unicodedata.east_asian_width(character) in "WF" or ord(character) >= 0x1F000:
        return 1.15
    return _ADVANCES.get(character, 0.64)


def fitted(text: str, width: float, size: float = FONT) -> str:
    """The text, cut with an ellipsis where it would be wider than `width`.

    >>> fitted("education", 200), fitted("a very long column name", 70)
    ('education', 'a very lo…')
    """
    if text_width(text, size) <= width:
        return text
    isolated = text.startswith("\u2068")
    room, kept = width - text_width("…", size), ""
    for character in text.strip("\u2068\u2069"):
        if text_width(kept + character, size) > room:
            break
        kept += character
    kept = kept.rstrip() + "…"
    return f"\u2068{kept}\u2069" if isolated else kept


def number(value: float) -> str:
    """A coordinate with one decimal, as short as SVG allows.

    >>> number(12.0), number(0.26), number(-0.04)
    ('12', '.3', '0')
    """
    text = f"{value:.1f}".removesuffix(".0")
    if text in ("-0", "0"):
        return "0"
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def polyline(points: Iterable[tuple[float, float]]) -> str:
    """Path data through the points.

    >>> polyline([(0, 1), (2.5, 3)])
    'M0 1L2.5 3'
    """
    return "M" + "L".join(f"{number(x)} {number(y)}" for x, y in points)


class Canvas:
    """An SVG picture under construction; every text goes through `escape`."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self._parts: list[str] = []

    def path(self, data: str, css: str) -> None:
        self._parts.append(f'<path class="{css}" d="{data}"/>')

    def line(self, x1: float, y1: float, x2: float, y2: float, css: str) -> None:
        self.path(polyline([(x1, y1), (x2, y2)]), css)

    def rect(self, x: float, y: float, width: float, height: float, css: str, *, radius: float = 0) -> None:
        rounded = f' rx="{number(radius)}"' if radius else ""
        self._parts.append(
            f'<rect class="{css}" x="{number(x)}" y="{number(y)}" '
            f'width="{number(max(width, 0))}" height="{number(max(height, 0))}"{rounded}/>'
        )

    def circle(self, x: float, y: float, radius: float, css: str) -> None:
        self._parts.append(f'<circle class="{css}" cx="{number(x)}" cy="{number(y)}" r="{number(radius)}"/>')

    def diamond(self, x: float, y: float, radius: float, css: str) -> None:
        corners = polyline([(x, y - radius), (x + radius, y), (x, y + radius), (x - radius, y)])
        self.path(corners + "Z", css)

    def text(
        self, x: float, y: float, text: str, css: str = "label", *, anchor: str = "start", width: float | None = None
    ) -> None:
        """A line of text; where it does not fit into `width` it is cut and the whole text becomes its tooltip."""
        shown = text if width is None else fitted(text, width)
        title = f"<title>{escape(text)}</title>" if shown != text else ""
        at = f' text-anchor="{anchor}"' if anchor != "start" else ""
        self._parts.append(f'<text class="{css}" x="{number(x)}" y="{number(y)}"{at}>{escape(shown)}{title}</text>')

    def raw(self, markup: str) -> None:
        """Markup made by this package; never pass anything that holds a user's text."""
        self._parts.append(markup)

    def render(self, label: str, css: str = "") -> str:
        """The finished picture; `label` is what a screen reader says instead of it, `css` a class of its own."""
        return (
            f'<svg class="chart{" " + css if css else ""}" xmlns="http://www.w3.org/2000/svg" role="img" '
            f'viewBox="0 0 {number(self.width)} {number(self.height)}" preserveAspectRatio="xMinYMid" '
            f'aria-label="{escape(label)}">' + "".join(self._parts) + "</svg>"
        )


@dataclass(frozen=True, slots=True)
class Axis:
    """A map from data to pixels with the ticks worth labelling."""

    to_pixel: Callable[[float], float]
    ticks: tuple[tuple[float, str], ...]

    def __call__(self, value: float) -> float:
        return self.to_pixel(value)


def linear_axis(low: float, high: float, left: float, right: float, *, kind: str = "numeric", most: int = 5) -> Axis:
    """An even axis from `low` to `high`; `kind` says how ticks read: numeric, year, datetime, duration or share."""
    if not high > low:
        low, high = low - (abs(low) or 1) / 2, high + (abs(high) or 1) / 2
    scale = (right - left) / (high - low)
    ticks = ticks_of(low, high, kind, most)
    return Axis(lambda value: left + (value - low) * scale, ticks)


def symlog_axis(low: float, high: float, left: float, right: float, *, unit: float, kind: str = "numeric") -> Axis:
    """An axis that is even up to about `unit` either side of zero and logarithmic beyond.

    Source: Webber 2013, "A bi-symmetric log transformation for wide-range data": sign(x) log10(1 + |x / unit|).
    """

    def squeeze(value: float) -> float:
        return math.copysign(math.log10(1 + abs(value) / unit), value)

    start, scale = squeeze(low), (right - left) / (squeeze(high) - squeeze(low))

    def to_pixel(value: float) -> float:
        return left + (squeeze(value) - start) * scale

    say = _durations if kind == "duration" else compact
    largest = max(abs(low), abs(high))
    powers = [10.0**p for p in range(math.floor(math.log10(unit)), math.floor(math.log10(largest)) + 1)]
    candidates = [0.0] + [sign * f * p for p in reversed(powers) for f in (1, 5, 2) for sign in (1, -1)]
    ticks: list[tuple[float, str]] = []
    for value in sorted(candidates, key=lambda v: (v != 0, f"{abs(v):e}"[0] != "1", -abs(v))):
        text = say(value)
        room = text_width(text) / 2 + 8
        far = all(abs(to_pixel(value) - to_pixel(v)) > room + text_width(t) / 2 for v, t in ticks)
        if low <= value <= high and far:
            ticks.append((value, text))
    return Axis(to_pixel, tuple(sorted(ticks)))


def compact(value: float) -> str:
    """A short number for an axis.

    >>> compact(1500), compact(2_000_000), compact(0.25), compact(-3)
    ('1.5k', '2M', '0.25', '−3')
    """
    size, suffix = abs(value), ""
    for limit, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if limit <= size < 1e15 and not (limit == 1e3 and size < 10_000 and size % 100):
            size, suffix = size / limit, letter
            break
    text = f"{size:.4g}" if 1e-4 <= size < 1e15 or size == 0 else formats.number(size, 2)
    return f"{'−' if value < 0 else ''}{text}{suffix}"


def ticks_of(low: float, high: float, kind: str, most: int) -> tuple[tuple[float, str], ...]:
    """Round values between `low` and `high`, at most about `most` of them, with their texts."""
    if kind == "datetime":
        return _moments(low, high, most)
    if kind == "duration":
        unit = next((u for u in (86_400.0, 3_600.0, 60.0, 1.0) if high - low >= 2 * u), 1.0)
        return tuple((t * unit, _durations(t * unit)) for t in _round_steps(low / unit, high / unit, most))
    says: dict[str, Callable[[float], str]] = {"share": formats.percent, "year": formats.year}
    say = says.get(kind, compact)
    return tuple((t, say(t)) for t in _round_steps(low, high, most))


def _round_steps(low: float, high: float, most: int) -> list[float]:
    rough = (high - low) / max(most, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = power * next(f for f in (1, 2, 2.5, 5, 10) if f * power >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [float(f"{i * step:.12g}") for i in range(first, last + 1)]


def _durations(seconds: float) -> str:
    return formats.span(seconds) if seconds else "0"


_DAY, _MONTH, _YEAR = 86_400.0, 30.44 * 86_400.0, 365.25 * 86_400.0
_CLOCK = tuple(s * u for u, f in ((1, (1, 5, 15, 30)), (60, (1, 5, 15, 30)), (3600, (1, 3, 6, 12))) for s in f)
_CALENDAR = (*_CLOCK, *(d * _DAY for d in (1, 2, 7, 14)), *(m * _MONTH for m in (1, 2, 3, 6)))
_YEARS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _moments(low: float, high: float, most: int) -> tuple[tuple[float, str], ...]:
    """Ticks at whole years, months, days or times of day."""
    step = next((s for s in _CALENDAR if (high - low) / s <= most), None)
    if step is not None and step < _MONTH:
        first, last = math.ceil(low / step), math.floor(high / step)
        return tuple((i * step, _clock(i * step, step)) for i in range(first, last + 1))
    months = round(step / _MONTH) if step else 12 * _year_step(high - low, most)
    ticks = []
    start = int(1970 * 12 + low / _MONTH) // months * months
    for month in range(start, start + (most + 3) * months, months):
        if 12 <= month < 9999 * 12:
            value = (datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC) - _EPOCH).total_seconds()
            if low <= value <= high:
                ticks.append((value, formats.moment(value, _YEAR if months >= 12 else _MONTH)))
    return tuple(ticks)


def _year_step(seconds: float, most: int) -> int:
    rough = seconds / _YEAR / most
    return next((step for step in _YEARS if step >= rough), _YEARS[-1])


def _clock(seconds: float, step: float) -> str:
    text = formats.moment(seconds, step)
    if step >= _DAY:
        return text
    day, time = text.split(" ")
    return day if set(time) <= set("0:") else time
