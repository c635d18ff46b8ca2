"""Checks of options that generators have in common; each gives a sentence per wrong option."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from smartsynth import images

MOST_SIDE = 2_048
"""Of images that are asked for, in pixels."""


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
        if isinstance(value := getattr(owner, name), bool)
        or not (isinstance(value, int | float) and 0 < value <= limit)
    ]


def not_framed(owner: Any, sides: Sequence[str] = ("side",)) -> list[str]:
    """What is wrong with options about the size of images, in pixels or None, and with `framing`."""
    wrong = [
        f"{name}={value!r} must be a whole number from {images.LEAST_SIDE} to {MOST_SIDE:,}, or None."
        for name in sides
        if (value := getattr(owner, name)) is not None
        and not (is_whole(value) and images.LEAST_SIDE <= value <= MOST_SIDE)
    ]
    if owner.framing not in images.FITS:
        wrong.append(f"framing={owner.framing!r} must be one of {', '.join(images.FITS)}.")
    return wrong
