"""What patterns promise: every text of an expression has one place, and no other text has any."""

import re
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smartsynth.errors import ConfigError
from smartsynth.patterns import MOST_MORE, Pattern


@pytest.mark.parametrize(
    ("said", "texts"),
    [
        ("[ab]|a", ["a", "b"]), ("a?a?b", ["b", "ab", "aab"]), ("(x|y){2}", ["xx", "xy", "yx", "yy"]), ("", [""]), ("^ab$", ["ab"]),
        ("(?:a|b|)c", ["c", "ac", "bc"]), ("a{1,3}", ["a", "aa", "aaa"]), ("(ab)?[^\x20-z|~]", ["{", "}", "ab{", "ab}"]),
        ("é+?", ["é" * (i + 1) for i in range(MOST_MORE + 1)]), (r"\.\d", [f".{i}" for i in range(10)]),
    ],
)  # fmt: skip
def test_every_text_has_one_place(said, texts):
    pattern = Pattern.parse(said)
    assert [pattern.text(i) for i in range(pattern.size)] == texts
    with pytest.raises(IndexError):
        pattern.text(pattern.size)


@pytest.mark.parametrize(
    ("said", "size"),
    [
        ("[A-Z]{2}[0-9]{4}", 26**2 * 10**4), (r"\w{3}", 63**3), (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", 16**32),
        ("(a|b)*", 2 ** (MOST_MORE + 1) - 1), (r"\d{3,}", sum(10**i for i in range(3, 3 + MOST_MORE + 1))), (".", 95),
    ],
)  # fmt: skip
def test_sizes(said, size):
    pattern = Pattern.parse(said)
    assert pattern.size == size == sum(pattern.lengths.values())
    rng = np.random.default_rng(0)
    for place in (0, size - 1, *(int(x * (size - 1)) for x in rng.random(20))):
        assert re.fullmatch(said, pattern.text(place))


BITS = st.recursive(
    st.sampled_from(["a", "b", "[ab]", "[^a]{1,2}", "c", r"\d", "."]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join), st.tuples(inner, inner).map(lambda p: f"(?:{p[0]}|{p[1]})"),
        inner.map(lambda p: f"(?:{p})?"), inner.map(lambda p: f"(?:{p}){{1,2}}"),
    ),
    max_leaves=5,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(BITS, st.integers(0, 10**9))
def test_texts_of_any_expression_match_it_and_differ(said, seed):
    pattern = Pattern.parse(said)
    rng = np.random.default_rng(seed)
    places = sorted({int(x * pattern.size) for x in rng.random(30)})
    texts = [pattern.text(place) for place in places]
    assert len(set(texts)) == len(texts)
    assert all(re.fullmatch(said, text) for text in texts)
    assert [len(text) for text in texts] == sorted(map(len, texts))


@pytest.mark.parametrize("said", ["[ab]{3}", "[0-9]{3}", "x|y", "q"])
def test_places_are_all_different(said):
    pattern = Pattern.parse(said)
    places = pattern.places(range(pattern.size), key="column")
    assert sorted(places) == list(range(pattern.size))
    assert places == pattern.places(range(pattern.size), key="column")
    assert pattern.size < 10 or places != pattern.places(range(pattern.size), key="another")


def test_texts_by_chance_have_every_length():
    texts = Pattern.parse("[a-z]{1,4}").drawn(400, np.random.default_rng(1))
    assert np.bincount([len(text) for text in texts])[1:].min() > 60
    assert texts == Pattern.parse("[a-z]{1,4}").drawn(400, np.random.default_rng(1))


def test_codes_are_made_quickly():
    pattern = Pattern.parse("[A-Z]{2}-[0-9]{6}-[a-z]{3}")
    began = time.perf_counter()
    assert len({pattern.text(i) for i in pattern.places(range(5_000), key="x")}) == 5_000
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("(a)\\1", "a back-reference"), ("a(?=b)", "a look-ahead"), ("(?<!a)b", "a look-ahead or look-behind"), (r"a\bc", "an anchor within"),
        ("a$b", "an anchor within"), ("(?i)a", "a flag"), ("(?i:a)", "a flag"), ("(", "is no regular expression"), ("a++", "a possessive"),
        (".{5000}", "more than 2,000 places"), (".{300}", "more than 256 characters"), ("(a|b){0,40}a(a|b){13}", "more than 5,000 states"),
        ("(a)?(?(1)b|c)", "a condition on a group"), ("[^\x00-\xff]", "matches no text"), ("[\u0400-\u4fff]", "a class of more than"),
        (3, "is no regular expression"),
    ],
)  # fmt: skip
def test_what_no_text_can_be_made_of_is_refused(said, why):
    with pytest.raises(ConfigError, match=re.escape(why)):
        Pattern.parse(said)


@pytest.mark.parametrize("said", ["(){2000000000}", "(?:){4294967294}", "((?:){100000}){100000}", "(a{0}){1000000}"])
def test_nothing_is_nothing_however_often(said):
    assert Pattern.parse(f"x{said}y").text(0) == "xy"


@pytest.mark.parametrize(
    "said", ["(a?){1900}", "([ab]?[cd]?){900}", "(a|b?|c?){600}", "(a{0,20}){90}", "((a?){40}b?){40}"]
)
def test_too_many_parts_that_can_be_left_out_are_refused_at_once(said):
    start = time.process_time()
    with pytest.raises(ConfigError, match=r"Make it simpler|Bound it"):
        Pattern.parse(said)
    assert time.process_time() - start < 5
