"""Surrogates: new identifiers and texts that look like the real ones and are none of them."""

import json
import re
import uuid

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smartsynth.models.surrogates import formats_of, surrogate_from_json, surrogate_of, surrogate_to_json
from smartsynth.schema import Column, Kind

KEY = Column("key", Kind.IDENTIFIER, "object")
TEXT = Column("note", Kind.TEXT, "object")


def made_of(values, n=200, start=0, column=KEY):
    surrogate = surrogate_of(column, pd.Series(values), min_count=5, rng=np.random.default_rng(0))
    return surrogate.make(n, start, np.random.default_rng(1))


@pytest.mark.parametrize(
    "values, pattern",
    [
        ([f"AB-{1000 + 3 * i}" for i in range(300)], r"AB-\d{4,}"),
        ([f"{i:08d}" for i in range(300)], r"\d{8,}"),
        ([f"{i % 26 + 1:02d}/{chr(65 + i % 26)}{i:05d}" for i in range(300)], r"\d\d/[A-Z]\d{5,}"),
        ([f"+49 170 {5_000_000 + 31 * i}" for i in range(300)], r"\+49 170 \d{7,}"),
        ([f"x{i}y" for i in range(100, 999)], r"x\d{3,}y"),
    ],
)
def test_keys_keep_their_form_and_are_new(values, pattern):
    """Literal parts stay, classes stay, no real key comes back, none comes twice."""
    made = made_of(values, 2000)
    assert all(re.fullmatch(pattern, text) for text in made)
    assert len(set(made)) == 2000
    assert not set(made) & set(values)


def test_whole_number_keys_stay_numbers():
    made = made_of(list(range(1, 501)), 3000)
    assert {type(key) for key in made} == {int}
    assert len(set(made)) == 3000
    assert not set(made) & set(range(1, 501))


@given(st.lists(st.from_regex(r"[A-C]{1,2}-?[0-9]{1,3}", fullmatch=True), min_size=1, max_size=120))
@settings(max_examples=60, deadline=None)
def test_no_real_value_ever_comes_back(values):
    """Whatever the mix of formats and however crowded, made values are unique and none is real."""
    surrogate = formats_of(values, min_count=2, rng=np.random.default_rng(0))
    made = surrogate.make(400, 0, np.random.default_rng(0))
    assert not set(made) & set(values)
    assert len(set(made)) == 400


def test_a_full_format_goes_on_with_more_digits():
    """All four-digit keys are taken: new ones have more digits."""
    values = [f"{i:04d}" for i in range(10_000)]
    made = made_of(values, 500)
    assert len(set(made)) == 500
    assert all(len(text) > 4 for text in made)


def test_parts_of_a_stream_do_not_repeat_each_other():
    """Rows 0–99 and 100–199 made apart are the 200 made at once."""
    values = [f"A{i:03d}" for i in range(300)] + [f"BB-{i:03d}" for i in range(200)]
    assert made_of(values, 100) + made_of(values, 100, start=100) == made_of(values, 200)


def test_rare_formats_leave_no_trace():
    """A single key of another form is neither stored nor made."""
    values = [*(f"AB-{1000 + i}" for i in range(300)), "SECRET#77"]
    surrogate = surrogate_of(KEY, pd.Series(values), min_count=5, rng=np.random.default_rng(0))
    assert "SECRET" not in json.dumps(surrogate_to_json(surrogate))
    assert not [text for text in surrogate.make(500, 0, np.random.default_rng(0)) if "#" in text]


def test_windows_do_not_start_beside_a_real_key():
    """Where the free stretch starts is random, so that it does not tell the largest real key."""
    starts = {
        formats_of([f"{i:07d}" for i in range(500)], min_count=5, rng=np.random.default_rng(seed)).formats[0].first
        for seed in range(20)
    }
    assert len(starts) > 10  # two of twenty may well be the same
    assert 500 not in starts


def test_uuids_are_random_uuids():
    values = [str(uuid.UUID(int=i * 7919)) for i in range(100)]
    made = made_of(values)
    assert all(uuid.UUID(text).version == 4 for text in made)
    assert len(set(made)) == 200
    assert all(text.isupper() for text in made_of([v.upper().replace("0", "A", 1) for v in values], 20))


def test_addresses_belong_to_nobody():
    """example.org is reserved; no real local part or domain is used."""
    made = made_of([f"person{i}@corp{i % 3}.com" for i in range(100)])
    assert all(re.fullmatch(r"[^@\s]+@example\.org", text) for text in made)
    assert len(set(made)) == 200


NOTES = [f"The parcel number {i} arrived late and the box was damaged." for i in range(100)]


def test_texts_have_the_usual_shape_and_words():
    """Lengths, endings and words of many rows; no sentence of the data."""
    made = made_of(NOTES, column=TEXT)
    assert not set(made) & set(NOTES)
    assert all(text.endswith(".") for text in made)
    assert {"parcel", "damaged"} <= set(" ".join(made).lower().replace(".", "").split())
    assert 8 <= np.median([len(text.split()) for text in made]) <= 14


def test_words_of_few_rows_are_never_used():
    values = [*NOTES, *["Marzipan Zyzzyva 0151-2345678 called"] * 4]
    surrogate = surrogate_of(TEXT, pd.Series(values), min_count=5, rng=np.random.default_rng(0))
    stored = json.dumps(surrogate_to_json(surrogate)).lower()
    for word in ("marzipan", "zyzzyva", "0151", "2345678"):
        assert word not in stored


@pytest.mark.parametrize("n, expected", [(5, "same"), (4, None)])
def test_constants_need_enough_rows(n, expected):
    """A value that fewer rows hold is not told."""
    assert made_of(["same"] * n, 3, column=Column("c", Kind.CONSTANT, "object")) == [expected] * 3


@pytest.mark.parametrize(
    "column, values",
    [
        (KEY, [f"AB-{i:05d}" for i in range(50)]),
        (KEY, list(range(50))),
        (KEY, [str(uuid.UUID(int=i)) for i in range(50)]),
        (KEY, [f"a{i}@b.com" for i in range(50)]),
        (KEY, []),
        (TEXT, NOTES),
        (TEXT, []),
        (Column("c", Kind.CONSTANT, "object"), [True] * 9),
        (Column("c", Kind.CONSTANT, "int64"), [7] * 9),
    ],
    ids=lambda value: str(value)[:20],
)
def test_json_and_back_makes_the_same(column, values):
    surrogate = surrogate_of(column, pd.Series(values), min_count=5, rng=np.random.default_rng(0))
    again = surrogate_from_json(json.loads(json.dumps(surrogate_to_json(surrogate))))
    one, two = (s.make(30, 5, np.random.default_rng(0)) for s in (surrogate, again))
    assert one == two
    assert len(one) == 30


@pytest.mark.parametrize("seed", range(8))
def test_neither_end_of_the_window_tells_a_real_number(seed):
    """What is stored of the free stretch between two real numbers touches neither of them on purpose."""
    from smartsynth.models.surrogates import _number

    real = [f"{x:07d}" for x in np.random.default_rng(9).integers(1_000_000, 9_999_999, 50)]
    found = formats_of(real, min_count=1, rng=np.random.default_rng(seed)).formats[0]
    places = sorted(_number(found.mask, text) for text in real)
    ends = {found.first - 1, found.first, found.first + found.size - 1, found.first + found.size}
    assert found.size > 1_000
    assert not ends & set(places)
    assert not any(found.first <= place < found.first + found.size for place in places)
