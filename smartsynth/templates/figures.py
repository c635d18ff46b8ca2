"""Published figures beside the same of made rows, added up block by block."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from smartsynth.templates.cells import numbers
from smartsynth.templates.document import Figure, Sum
from smartsynth.templates.scope import Scope

STANDARD_ERRORS = 4.0
"""How many of them chance may make a figure differ by before it counts as off."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A figure as published and as made.

    Args:
        figure: Which.
        made: The same of made rows; NaN if no row is what it is about.
        error: Standard error of it, from how blocks differ; NaN if there are too few of them.
    """

    figure: Figure
    made: float
    error: float

    @property
    def is_near(self) -> bool:
        """Whether the two differ by no more than the template allows and chance explains."""
        room = self.figure.within + STANDARD_ERRORS * (0.0 if math.isnan(self.error) else self.error)
        return abs(self.made - self.figure.cited) <= room


@dataclass(slots=True)
class Tally:
    """The sums of figures over blocks."""

    figures: Sequence[Figure]
    sums: list[list[tuple[float, float]]] = field(default_factory=list)

    def add(self, block: Mapping[str, Scope]) -> None:
        """Count in a block."""
        self.sums.append([(_sum(block, one.made), _sum(block, one.per)) for one in self.figures])

    def compared(self) -> tuple[Compared, ...]:
        """The figures beside those of all blocks so far."""
        if not self.sums or not self.figures:
            return ()
        sums = np.array(self.sums, float)
        found = []
        for i, figure in enumerate(self.figures):
            above, below = sums[:, i, 0], sums[:, i, 1]
            total = below.sum()
            ratio = above.sum() / total if total else math.nan
            n = len(above)
            spread = ((above - ratio * below) ** 2).sum() * n / max(n - 1, 1)
            found.append(Compared(figure, float(ratio), float(np.sqrt(spread) / total) if n >= 5 and total else math.nan))
        return tuple(found)


def _sum(block: Mapping[str, Scope], said: Sum) -> float:
    scope = block[said.table]
    keep = np.ones(scope.n, bool) if said.where is None else scope.condition(said.where)
    if said.sum == "1":
        return float(keep.sum())
    return float(np.nansum(np.where(keep, scope.value(said.sum), 0.0)))
