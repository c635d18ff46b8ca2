"""Progress and cancellation: one callback passed down the data path.

A long function calls `progress(fraction, message)` between its steps, with fractions that never fall and end at 1.0.
The callback may raise `errors.Cancelled`; the function then stops and leaves nothing half-made.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
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


class Stages:
    """Gives each stage of a longer piece of work its share of the progress and measures its seconds.

    >>> stages = Stages(lambda fraction, message="": print(f"{fraction:.2f} {message}"), {"fit": 3, "sample": 1})
    >>> with stages("fit") as progress:
    ...     progress(0.5, "column 1 of 2")
    0.00 fit
    0.38 fit: column 1 of 2
    0.75 fit
    >>> list(stages.seconds)
    ['fit']
    """

    def __init__(self, progress: Progress | None, weights: Mapping[str, float]) -> None:
        self.seconds: dict[str, float] = {}
        self._progress = progress or silent
        self._shares = {name: weight / sum(weights.values()) for name, weight in weights.items()}
        self._done = 0.0

    @contextmanager
    def __call__(self, name: str) -> Iterator[Progress]:
        """Run one stage: report its start, hand out its part of the progress, report its end."""
        start, highest = self._done, self._done
        end = min(start + self._shares[name], 1.0)

        def inner(fraction: float, message: str = "", /) -> None:
            nonlocal highest
            highest = max(highest, start + (end - start) * min(max(fraction, 0.0), 1.0))
            self._progress(highest, f"{name}: {message}" if message else name)

        inner(0.0)
        began = time.perf_counter()
        yield inner
        self.seconds[name] = time.perf_counter() - began
        self._done = end
        inner(1.0)
