"""Columns that say who somebody is are recognised by name, by cells, and inside longer texts."""

import numpy as np
import pandas as pd
import pytest

from smartsynth.privacy.identifiers import IN_TEXT, READ_CHARACTERS, scan
from smartsynth.schema import Role

PADDING = "the patient was seen today and feels much better "


def texts(held, share=1.0, n=200):
    rng = np.random.default_rng(0)
    return pd.Series([f"{PADDING}{i} {held(i) if rng.random() < share else 'as before'} and goes on" for i in range(n)])


@pytest.mark.parametrize(
    ("letter", "held"),
    [
        ("D", lambda i: f"call 212-555-{1000 + i}"),
        ("F", lambda i: f"write to ann.{i}@example.org"),
        ("G", lambda i: f"SSN 219-09-{1000 + i}"),
        ("N", lambda i: f"see https://example.org/{i}"),
        ("O", lambda i: f"from 192.0.2.{i}"),
    ],
)
def test_identifiers_inside_some_texts_are_named_by_class(letter, held):
    found = scan(texts(held, 0.3), "notes")
    assert found is not None
    assert found.semantic == IN_TEXT
    assert found.role is Role.KEY
    assert letter in found.inside


def test_texts_without_identifiers_are_left_alone():
    assert scan(texts(lambda i: f"room {i}"), "notes") is None


def test_only_the_beginning_of_a_very_long_text_is_read():
    long = PADDING * (READ_CHARACTERS // len(PADDING) + 1)
    mail = [f"ann.{i}@example.org" for i in range(100)]
    before, after = (
        scan(pd.Series(cells), "notes") for cells in ([m + " " + long for m in mail], [long + m for m in mail])
    )
    assert before is not None
    assert before.inside == ("F",)
    assert after is None


def test_a_code_that_numbers_the_rows_is_an_identifier_and_a_repeated_one_is_not():
    unique = scan(pd.Series([f"A{i:04d}" for i in range(200)]), "lot_number")
    repeated = scan(pd.Series([f"A{i % 20:04d}" for i in range(200)]), "lot_number")
    assert unique is not None
    assert unique.direct
    assert repeated is None


@pytest.mark.parametrize(
    "cells",
    [[None] * 5, [""] * 5, [2**70, 2**71], [1, "a", 2.5, True, None], [(1, 2), (3, 4)], [b"ab", b"cd"], [np.inf, -np.inf], ["9" * 5_000] * 3],
    ids=lambda cells: repr(cells)[:20],
)  # fmt: skip
def test_odd_cells_are_no_identifiers(cells):
    assert scan(pd.Series(cells, dtype=object), "value") is None
