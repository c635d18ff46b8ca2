"""Ends of columns of numbers at 0, 1 or 100, which are public; never the least or the greatest value of the data.

A column ends there if no value lies beyond, though many lie just inside, or would lie beyond if the column were mirrored about its median.
"""

from __future__ import annotations

import numpy as np

from smartsynth.discovery.evidence import Criterion, Evidence
from smartsynth.discovery.proposal import Proposal, What
from smartsynth.discovery.view import Floats, View
from smartsynth.schema import Kind

HIGHS = (1.0, 100.0)
STRIP = 0.1
"""Just inside: this share of the width of the middle nine tenths of the values."""


def find(view: View, criterion: Criterion) -> list[Proposal]:
    """Bounds of columns of numbers."""
    found: list[Proposal] = []
    for name, cells in view.numbers.items():
        if view.schema[name].kind is not Kind.NUMERIC:
            continue
        known = cells[~np.isnan(cells)]
        if not len(known):
            continue
        low = _evidence(known, 0.0, mirrored=True)
        if not low.convinces(criterion, 3.0 * len(view.numbers)):
            continue
        bounds: dict[str, float] = {"low": 0}
        for end in HIGHS if low.broken == 0 else ():
            high = _evidence(end - known, 0.0, mirrored=False)
            if high.broken == 0 and known.max() > end / 2 and high.convinces(criterion, 3.0 * len(view.numbers)):
                bounds["high"] = int(end)
                break
        found.append(Proposal(What.BOUND, bounds, (name,), low))
    return found


def _evidence(cells: Floats, end: float, *, mirrored: bool) -> Evidence:
    """How many values are below an end, and how many would be if the column went on as it does just above it."""
    low, middle, high = np.quantile(cells, [0.05, 0.5, 0.95])
    inside = ((cells >= end) & (cells < end + STRIP * (high - low))).sum()
    beyond = (cells > 2 * middle - end).sum() if mirrored else 0
    return Evidence(len(cells), int((cells < end).sum()), float(max(inside, beyond)))
