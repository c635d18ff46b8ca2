"""Numbers and names as text."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartsynth import formats


@given(st.floats())
def test_any_float_becomes_a_short_text(value):
    """Numbers, shares and durations have a text for every float, also for NaN and infinity."""
    for text in (formats.number(value), formats.percent(value), formats.span(value), formats.moment(value)):
        assert text
    assert len(formats.number(value)) <= 16


@given(st.floats(min_value=1e-4, max_value=1e8))
def test_three_digits_are_kept(value):
    """A number read back from its text is within half a unit of the third digit."""
    back = float(formats.number(value).replace(",", ""))
    assert math.isclose(back, value, rel_tol=0.0051)


@pytest.mark.parametrize(
    ("share", "expected"),
    [(0.9996, "99.96%"), (0.99, "99%"), (0.0999, "10%"), (-0.05, "−5%"), (0.00009, "<0.01%"), (math.nan, "–")],
)
def test_shares_never_round_to_nothing_or_everything(share, expected):
    """0% and 100% are written for exactly none and all."""
    assert formats.percent(share) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(59.96, "1 min"), (3599, "59 min 59 s"), (3600, "1 h"), (86_399, "1 d"), (0.002, "2 ms"), (-5, "−5 s")],
)
def test_spans_use_two_units(seconds, expected):
    """Durations carry over where rounding fills the larger unit."""
    assert formats.span(seconds) == expected


def test_moments_out_of_the_calendar():
    """A date that Python's calendar does not have is still a year."""
    assert formats.moment(1e15).startswith("year 31")
    assert formats.moment(-2e11) == "year -4368"


@given(st.text())
def test_names_become_one_harmless_line(name):
    """No name brings line breaks, control characters or unbalanced changes of direction along."""
    text = formats.plain(name)
    assert text.strip()
    assert "\n" not in text
    assert not set(text) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\x00\x1b\u200b\ufeff")
    assert text.count("\u2068") == text.count("\u2069") <= 1
    text.encode()


def test_names_from_right_to_left_are_isolated():
    """A Hebrew or Arabic name does not turn the sentence around it."""
    assert formats.plain("العمر") == "\u2068العمر\u2069"
