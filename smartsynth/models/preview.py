"""Pictures of what a model in training makes, now and then, for whoever looks at its progress.

A note of the progress offers a picture, and it is drawn when somebody asks the note for it (progress.py): where nobody does,
nothing is drawn. How long a picture took decides when the next one is offered.
"""

from __future__ import annotations

import time
from collections.abc import Callable

EVERY_SECONDS = 20.0
"""Between two pictures at least."""
SHARE = 0.03
"""Of the time that drawing takes at most, from the first picture on."""


class Preview:
    """Offers pictures of a model in training.

    Args:
        draw: Draws one as a PNG file, of the model as it is, and leaves the training as it was.
        every: Seconds between two pictures at least.
        share: Of the time that drawing may take.
        clock: Seconds.
    """

    def __init__(
        self,
        draw: Callable[[], bytes],
        *,
        every: float = EVERY_SECONDS,
        share: float = SHARE,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._draw, self._every, self._share, self._clock = draw, every, share, clock
        self._due = clock() + every
        self._turn = 0
        self._drawn: bytes | None = None

    def next(self) -> Callable[[], bytes | None] | None:
        """What draws a picture until this is called again, and nothing after that; None if it is too early for one."""
        self._turn += 1
        self._drawn = None
        turn = self._turn
        return None if self._clock() < self._due else lambda: self._picture(turn)

    def _picture(self, turn: int) -> bytes | None:
        """The picture of a turn, drawn once; None if the training has gone on."""
        if turn != self._turn:
            return None
        if self._drawn is None:
            began = self._clock()
            self._drawn = self._draw()
            ended = self._clock()
            self._due = ended + max(self._every, (ended - began) / self._share)
        return self._drawn
