"""Published figures beside the same of made rows, added up block by block."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from smartsynth.templates.cells import Floats, Ints
from smartsynth.templates.document import Figure, Sum, Template
from smartsynth.templates.scope import Scope

GROUPS = 20
"""Of the rows of the root table, whose differences tell what chance does."""
STANDARD_ERRORS = 4.0
"""How many of them chance may make a figure differ by before it counts as off."""

_ROUNDING = 1e-12
"""What rounding leaves of differences, as a share of a figure."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A figure as published and as made.

    Args:
        figure: Which.
        made: The same of made rows; NaN if no row is what it is about.
        error: Standard error of it, from how groups of rows of the root table differ; NaN if there are not two of them.
    """

    figure: Figure
    made: float
    error: float

    @property
    def is_near(self) -> bool:
        """Whether the two differ by no more than the template allows and chance explains; of too few rows nobody can tell."""
        if math.isnan(self.error):
            return not math.isnan(self.made)
        room = self.figure.within + STANDARD_ERRORS * self.error
        return abs(self.made - self.figure.cited) <= room


@dataclass(slots=True)
class Tally:
    """The sums of figures over groups of rows of the root table."""

    template: Template
    sums: Floats = field(default_factory=lambda: np.zeros((0, 2, GROUPS)))

    def add(self, block: Mapping[str, Scope]) -> None:
        """Count in a block."""
        if not self.template.figures:
            return
        groups: dict[str, Ints] = {}
        made = np.zeros((len(self.template.figures), 2, GROUPS))
        for i, figure in enumerate(self.template.figures):
            for j, part in enumerate((figure.made, figure.per)):
                if part.table not in groups:
                    groups[part.table] = self._groups(block[part.table])
                made[i, j] = _sums(block[part.table], part, groups[part.table])
        self.sums = made if not len(self.sums) else self.sums + made

    def _groups(self, scope: Scope) -> Ints:
        root, places = scope.places_of(self.template.root)
        return places % GROUPS if root.n else places

    def compared(self) -> tuple[Compared, ...]:
        """The figures beside those of all blocks so far."""
        return tuple(_compared(figure, *sums) for figure, sums in zip(self.template.figures, self.sums, strict=False))


def _compared(figure: Figure, above: Floats, below: Floats) -> Compared:
    total = below.sum()
    if not total:
        return Compared(figure, math.nan, math.nan)
    ratio, n = above.sum() / total, len(above)
    spread = ((above - ratio * below) ** 2).sum() * n / (n - 1)
    error = float(np.sqrt(spread) / total)
    if np.count_nonzero(below) < 2:
        error = math.nan
    elif error < _ROUNDING * abs(ratio):
        error = 0.0
    return Compared(figure, float(ratio), error)


def _sums(scope: Scope, said: Sum, groups: Ints) -> Floats:
    keep = np.ones(scope.n, bool) if said.where is None else scope.condition(said.where)
    if said.sum == "1":
        return np.asarray(np.bincount(groups[keep], minlength=GROUPS), float)
    values = np.broadcast_to(np.nan_to_num(scope.value(said.sum)), scope.n)
    return np.asarray(np.bincount(groups[keep], values[keep], minlength=GROUPS), float)
