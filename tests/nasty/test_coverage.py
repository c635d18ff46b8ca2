"""Each number of the list of bad inputs has a test."""

from __future__ import annotations

import importlib

import pytest
from nasty.page import PAGE, page

MODULES = (
    "test_tables",
    "test_dates_and_formats",
    "test_archives_and_pictures",
    "test_texts_and_series",
    "test_settings_and_service",
    "test_outputs",
)
NUMBERS = range(1, 141)


def covered() -> dict[int, list[str]]:
    """The tests of each number."""
    found: dict[int, list[str]] = {}
    for name in MODULES:
        module = importlib.import_module(f"nasty.{name}")
        for case in getattr(module, "CASES", ()):
            found.setdefault(case.number, []).append(str(case))
        for test in vars(module).values():
            for number in getattr(test, "covers", ()):
                found.setdefault(number, []).append(test.__name__)
    return found


def test_every_number_has_a_test():
    """And no test has a number that is not in the list, or the name of another."""
    tests = covered()
    assert sorted(tests) == list(NUMBERS)
    names = [name for found in tests.values() for name in found if name[0].isdigit()]
    assert len(names) == len(set(names)) > len(NUMBERS)


@pytest.mark.parametrize("number", [0, 141])
def test_the_list_has_an_end(number):
    """Numbers beyond it are none."""
    assert number not in covered()


def test_the_page_of_bad_inputs_is_current():
    """docs/bad-inputs.md says what these tests say."""
    assert PAGE.read_text("utf-8") == page()
