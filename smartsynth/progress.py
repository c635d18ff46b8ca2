"""Progress and cancellation: one callback passed down the data path.

A long function calls `progress(fraction, message)` between its steps, with fractions that never fall and end at 1.0.
The callback may raise `errors.Cancelled`; the function then stops and leaves nothing half-made. A message may be a
`Note`, which also carries figures such as a loss, and sometimes a picture.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Protocol, Self


class Progress(Protocol):
    """Called with the share of the work that is done, 0.0 to 1.0, and a short message."""

    def __call__(self, fraction: float, message: str = "", /) -> None: ...


Picture = bytes | Callable[[], bytes | None] | None
"""A PNG file, or what draws one."""


class Note(str):
    """A progress message that also carries figures and a picture; a plain string to whoever does not ask for them.

    Args:
        text: The message.
        figures: Figures by name.
        picture: A PNG file, or what draws one once somebody asks for it.
        named: Further figures, by keyword.

    >>> note = Note("Epoch 3 of 300", {"score of 1": 0.5}, generator_loss=1.2)
    >>> note, dict(note.figures), note.picture
    ('Epoch 3 of 300', {'score of 1': 0.5, 'generator_loss': 1.2}, None)
    """

    __slots__ = ("_picture", "figures")
    figures: Mapping[str, float]
    _picture: Picture

    def __new__(
        cls, text: str = "", figures: Mapping[str, float] | None = None, picture: Picture = None, /, **named: float
    ) -> Self:
        note = super().__new__(cls, text)
        note.figures = MappingProxyType({**(figures or {}), **named})
        note._picture = picture
        return note

    @property
    def picture(self) -> bytes | None:
        """A PNG file of what is being learnt; drawn when it is first asked for, which must be before the callback ends."""
        if callable(self._picture):
            self._picture = self._picture()
        return self._picture

    def reworded(self, text: str) -> Self:
        """Another message with the same figures and picture."""
        return type(self)(text, self.figures, self._picture)

    def __reduce__(self) -> tuple[type[Self], tuple[str, dict[str, float], bytes | None]]:
        return type(self), (str(self), dict(self.figures), self.picture)


def under(stage: str, message: str) -> str:
    """`stage: message`, or the stage alone if there is no message; figures and picture stay with it.

    >>> under("Fit", Note("Epoch 3 of 300", loss=1.2)).figures["loss"]
    1.2
    """
    text = f"{stage}: {message}" if message else stage
    return message.reworded(text) if isinstance(message, Note) else text


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
        self._begun: set[str] = set()
        self._end = 0.0

    def expect(self, weights: Mapping[str, float]) -> None:
        """Share out anew what is left of the progress, among the stages to come.

        Args:
            weights: A weight, such as expected seconds, for each stage that has not run; not all of them 0.

        >>> stages = Stages(lambda fraction, message="": print(f"{fraction:.2f} {message}"), {"read": 1, "fit": 1, "test": 2})
        >>> with stages("read"):
        ...     stages.expect({"fit": 80, "test": 20})
        0.00 read
        0.25 read
        >>> with stages("fit"):
        ...     pass
        0.25 fit
        0.85 fit
        """
        ahead = set(self._shares) - self._begun
        if set(weights) != ahead:
            raise ValueError(f"expect() got weights of {sorted(weights)}; the stages to come are {sorted(ahead)}.")
        total = sum(weights.values())
        if not 0 < total < float("inf") or min(weights.values()) < 0:
            raise ValueError(f"The weights {dict(weights)} must be finite, at least 0, and not all 0.")
        left = 1.0 - self._end
        self._shares |= {name: left * weight / total for name, weight in weights.items()}

    @contextmanager
    def __call__(self, name: str) -> Iterator[Progress]:
        """Run one stage: report its start, hand out its part of the progress, report its end."""
        start = highest = self._end
        end = self._end = min(start + self._shares[name], 1.0)
        self._begun.add(name)

        def inner(fraction: float, message: str = "", /) -> None:
            nonlocal highest
            highest = max(highest, start + (end - start) * min(max(fraction, 0.0), 1.0))
            self._progress(highest, under(name, message))

        inner(0.0)
        began = time.perf_counter()
        yield inner
        self.seconds[name] = time.perf_counter() - began
        inner(1.0)
