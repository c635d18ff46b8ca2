"""Numbers, shares, dates, durations and names as text for people: the same in reports, charts and the shell.

number    0.0123, 48.8, 1,230      three significant digits
percent   12.3%                    of a share
count     48,842                   whole numbers in full
moment    2021-03-04               seconds since 1970
span      1 min 12 s               seconds
plain     a column name without invisible or direction-changing characters
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

MISSING = "–"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS = (("d", 86_400.0), ("h", 3_600.0), ("min", 60.0), ("s", 1.0), ("ms", 1e-3), ("µs", 1e-6))
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float | None, digits: int = 3) -> str:
    """A number with so many significant digits; whole numbers under a thousand and small round ones stay short.

    >>> [number(v) for v in (0.012345, 0.95, 0.0004, 5, -48.84, 1234.5, 0.99999, 2.5e-6, float("nan"))]
    ['0.0123', '0.950', '0.0004', '5', '−48.8', '1,230', '1.00', '2.50×10⁻⁶', '–']
    """
    if value is None or not math.isfinite(value):
        return MISSING
    if value == 0:
        return "0"
    rounded = f"{abs(value):.{digits - 1}e}"
    mantissa, _, power = rounded.partition("e")
    size, exponent = float(rounded), int(power)
    if exponent < -4 or exponent >= 9:
        text = f"{mantissa}×10{str(exponent).translate(_SUPERSCRIPTS)}"
    elif abs(value) == int(abs(value)) and size < 1000:
        text = str(int(size))
    else:
        text = f"{size:,.{max(digits - 1 - exponent, 0)}f}"
        text = text.rstrip("0") if size < 0.1 else text
    return f"−{text}" if value < 0 else text


def are_years(name: str, low: float, high: float) -> bool:
    """Whether the numbers of a column are years: by its name and what it holds, or by whole numbers of our time alone.

    >>> are_years("year of birth", 1931, 2004), are_years("built", 1987, 2011), are_years("yearly_income", 18_000, 90_000)
    (True, True, False)
    """
    if not low <= high:
        return False
    named = bool({"year", "yr", "jahr"} & set(re.split(r"[^a-z]+", name.lower())))
    whole = float(low).is_integer() and float(high).is_integer()
    return (named and low >= 1000 and high < 3000) or (whole and low >= 1900 and high <= 2100)


def year(value: float) -> str:
    """A year, without a comma.

    >>> year(1987.0), year(1987.7)
    ('1987', '1988')
    """
    return f"{value:.0f}"


def seconds_of(text: str) -> float:
    """A time as a person writes it, in seconds; ValueError if it is none.

    >>> [seconds_of(text) for text in ("120", "120s", "2 min", "1.5h")]
    [120.0, 120.0, 120.0, 5400.0]
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(s|sec|m|min|h|)\s*", text.lower())
    if found is None:
        raise ValueError(f"{text!r} is no time such as 120s, 2min or 1h.")
    return float(found[1]) * {"m": 60, "min": 60, "h": 3600}.get(found[2], 1)


def percent(share: float | None, *, rounded: Callable[[float], int] | None = None) -> str:
    """A share as a percentage with at most one decimal place where that says enough.

    `rounded=math.ceil` never says less than the share is, and `math.floor` never more.

    >>> [percent(v) for v in (0.1234, 0.5, 1, 0, 0.0004, 0.000001, 0.9999)]
    ['12.3%', '50%', '100%', '0%', '0.04%', '<0.01%', '99.99%']
    >>> percent(1 / 6), percent(1 / 6, rounded=math.floor), percent(0.0312, rounded=math.ceil)
    ('16.7%', '16.6%', '3.2%')
    """
    if share is None or not math.isfinite(share):
        return MISSING
    points = 100 * share
    if 0 < points < 0.01:
        return "<0.01%"
    if 99.99 < points < 100:
        return ">99.99%"
    near_the_end = 0 < points < 0.1 or 99.9 < points < 100
    if rounded is not None:
        step = 100 if near_the_end else 10
        points = rounded(round(points * step, 9)) / step
    text = f"{points:.{2 if near_the_end else 1}f}".rstrip("0").rstrip(".")
    return f"{text}%".replace("-", "−")


def points(difference: float) -> str:
    """A difference of two shares in percentage points, with its sign.

    >>> points(0.0123), points(-0.2), points(0.00001)
    ('+1.2 points', '−20 points', '±0 points')
    """
    text = f"{abs(100 * difference):.1f}".rstrip("0").rstrip(".")
    sign = "±" if text == "0" else "+" if difference > 0 else "−"
    return f"{sign}{text} points"


def count(value: float) -> str:
    """A whole number in full.

    >>> count(48842)
    '48,842'
    """
    return f"{value:,.0f}".replace("-", "−")


def moment(seconds: float, step: float = 86_400) -> str:
    """A point in time no finer than `step` seconds asks for.

    >>> moment(1614816000), moment(1614816000, 31e6), moment(1614866400, 60)
    ('2021-03-04', '2021', '2021-03-04 14:00')
    """
    if not math.isfinite(seconds):
        return MISSING
    try:
        when = _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        return f"year {1970 + seconds / 31_556_952:.0f}"
    if step >= 300 * 86_400:
        return f"{when.year:04d}"
    if step >= 27 * 86_400:
        return f"{when.year:04d}-{when.month:02d}"
    day = f"{when.year:04d}-{when.month:02d}-{when.day:02d}"
    return day if step >= 86_400 else f"{day} {when:%H:%M}" if step >= 60 else f"{day} {when:%H:%M:%S}"


def span(seconds: float | None) -> str:
    """A length of time in its two largest units.

    >>> [span(v) for v in (72, 0.25, 3, 90_000, 0, 59.96)]
    ['1 min 12 s', '250 ms', '3 s', '1 d 1 h', '0 s', '1 min']
    """
    if seconds is None or not math.isfinite(seconds):
        return MISSING
    if seconds == 0:
        return "0 s"
    sign, rest = ("−" if seconds < 0 else ""), abs(seconds)
    if rest < 59.95:
        unit, size = next(((u, s) for u, s in _UNITS[3:] if rest >= s), _UNITS[-1])
        return f"{sign}{float(f'{rest / size:.3g}'):g} {unit}"
    minor_size = next(minor for (_, size), (_, minor) in pairwise(_UNITS) if round(rest) >= size)
    rest = round(rest / minor_size) * minor_size
    (unit, size), (minor, minor_size) = next(p for p in pairwise(_UNITS) if rest >= p[0][1])
    large, small = divmod(rest, size)
    tail = round(small / minor_size)
    return f"{sign}{large:,.0f} {unit}" + (f" {tail} {minor}" if tail else "")


def plain(name: str, limit: int | None = None) -> str:
    r"""A name as one line that cannot disturb the text around it.

    Control characters and those that change the direction of writing are taken out; a name written from right to left
    is isolated (Unicode FSI … PDI), so that it does not turn the sentence around it.

    >>> plain("age\u202e\n(years)"), plain("x" * 50, 10), plain(" ")
    ('age (years)', 'xxxxxxxxx…', '(blank)')
    """
    visible = "".join(_shown(c) for c in name)
    kept = (c for c in visible if unicodedata.category(c) != "Cf" or c == "\u200d")
    text = " ".join("".join(kept).split()) or "(blank)"
    if limit is not None and len(text) > limit:
        text = text[: limit - 1].rstrip() + "…"
    turned = any(unicodedata.bidirectional(c) in ("R", "AL", "AN") for c in text)
    return f"\u2068{text}\u2069" if turned else text


def _shown(character: str) -> str:
    """What stands for a character in one line of text that must survive UTF-8 and XML."""
    category = unicodedata.category(character)
    if category == "Cs" or character in "\ufffe\uffff":
        return "\ufffd"
    return " " if character.isspace() or category == "Cc" else character
