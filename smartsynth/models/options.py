"""Checks of options that generators have in common; each gives a sentence per wrong option."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def is_whole(value: Any) -> bool:
    """Whether it is a whole number of at least 1.

    >>> is_whole(3), is_whole(0), is_whole(True), is_whole(2.0)
    (True, False, False, False)
    """
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def not_whole(owner: Any, names: Sequence[str]) -> list[str]:
    """What is wrong with options that must be whole numbers of at least 1."""
    return [
        f"{name}={value!r} must be a whole number of at least 1."
        for name in names
        if not is_whole(value := getattr(owner, name))
    ]


def below(owner: Any, least: Mapping[str, int]) -> list[str]:
    """What is wrong with options that must be whole numbers of at least so much."""
    return [
        f"{name}={value!r} must be a whole number of at least {lowest}."
        for name, lowest in least.items()
        if not isinstance(value := getattr(owner, name), int) or isinstance(value, bool) or value < lowest
    ]


def not_widths(owner: Any, names: Sequence[str]) -> list[str]:
    """What is wrong with options that must be lists of whole numbers of at least 1."""
    return [
        f"{name}={value!r} must be a list of whole numbers of at least 1."
        for name in names
        if not (isinstance(value := getattr(owner, name), list | tuple) and value and all(map(is_whole, value)))
    ]


def not_between(owner: Any, most: Mapping[str, float]) -> list[str]:
    """What is wrong with options that must be numbers over 0 and at most so much."""
    return [
        f"{name}={value!r} must be a number over 0 and at most {limit:g}."
        for name, limit in most.items()
        if not (isinstance(value := getattr(owner, name), int | float) and 0 < value <= limit)
    ]
