"""Progress and cancellation: one callback passed down the data path.

A long function calls `progress(fraction, message)` between its steps, with fractions that never fall and end at 1.0.
The callback may raise `errors.Cancelled`; the function then stops and leaves nothing half-made.
"""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called with the share of the work that is done, 0.0 to 1.0, and a short message."""

    def __call__(self, fraction: float, message: str = "", /) -> None: ...


def silent(fraction: float, message: str = "", /) -> None:
    """The progress callback that does nothing."""


def part(progress: Progress | None, start: float, end: float) -> Progress:
    """The callback for one part of a longer piece of work: its 0..1 becomes start..end of the whole.

    >>> part(lambda fraction, message="": print(fraction, message), 0.5, 1.0)(0.5, "halfway")
    0.75 halfway
    """
    if progress is None:
        return silent

    def inner(fraction: float, message: str = "", /) -> None:
        progress(start + (end - start) * min(max(fraction, 0.0), 1.0), message)

    return inner
