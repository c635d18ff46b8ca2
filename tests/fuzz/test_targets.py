"""Each target of the fuzzing reads or refuses its seeds, seeds with bytes changed, and whatever was found once."""

import numpy as np
import pytest
from fuzz.run import known
from fuzz.targets import TARGETS, archives, seeds


def changed(content: bytes, rng: np.random.Generator) -> bytes:
    """The bytes with some of them changed, left out or doubled."""
    some = bytearray(content or b"\0")
    for _ in range(int(rng.integers(1, 4))):
        at = int(rng.integers(len(some)))
        match int(rng.integers(3)):
            case 0:
                some[at] = int(rng.integers(256))
            case 1:
                del some[at : at + int(rng.integers(1, 9))]
            case _:
                some[at:at] = some[max(0, at - int(rng.integers(1, 9))) : at]
        some = some or bytearray(b"\0")
    return bytes(some)


def test_all_of_them_are_here():
    assert known() == list(TARGETS)


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_and_what_is_near_them_are_read_or_refused(name):
    rng = np.random.default_rng(0)
    whole = list(seeds(name))
    assert whole
    for content in whole:
        TARGETS[name](content)
    for _ in range(40):
        TARGETS[name](changed(whole[int(rng.integers(len(whole)))], rng))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("pattern", b"[[A-Z]{3}-\\d{4}"),
        ("any_table", b"PK\x03\x04" + next(archives())[7:]),
        ("excel", b"PK\x03\x04" + next(archives())[7:]),
        ("parquet", next(seeds("parquet")).replace(b"unit price", b"unit\x8eprice")),
        ("template", next(seeds("template")) + b"\nfrom: 2024-13-45\n"),
    ],
)
def test_what_was_found_once_is_read_or_refused(name, content):
    """A set within a set; an archive whose parts lie before its start; a name that is no UTF-8; a month that there is not."""
    TARGETS[name](content)
