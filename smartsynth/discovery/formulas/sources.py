"""What formulas are made of, how a candidate is checked, and how numbers in it are written."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from smartsynth.discovery.evidence import Criterion, Evidence, shuffled
from smartsynth.discovery.proposal import Proposal, What
from smartsynth.discovery.view import Floats, View
from smartsynth.expressions import quoted

MOST_MOMENTS = 12
"""Columns of dates whose differences are looked at."""
LOOSE = 0.8
"""Share of the rows of a sample that a candidate must fit to be checked on all."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Columns of numbers, and what dates give.

    Args:
        view: The table.
        numbers: Columns that may be given or read.
        targets: Of these, the ones with three values or more.
        dates: Expressions of dates by their text, with the columns that they read.
    """

    view: View
    numbers: dict[str, Floats]
    targets: tuple[str, ...]
    dates: dict[str, tuple[Floats, tuple[str, ...]]]

    @classmethod
    def of(cls, view: View) -> Sources:
        numbers = {name: cells for name, cells in view.numbers.items() if len(view.levels.get(name, ())) >= 2}
        targets = tuple(name for name in numbers if len(view.levels[name]) >= 3)
        return cls(view, numbers, targets, dict(_of_dates(view)))

    def check(self, target: str, given: Floats, *, tried: float, criterion: Criterion) -> Evidence | None:
        """What all rows say of a column that is to be given so; None if they do not speak for it."""
        cells = self.numbers[target]
        part = self.view.sample
        fits = self._fits(target, cells[part], given[part])
        if not len(fits) or fits.mean() < LOOSE:
            return None
        known = ~np.isnan(cells) & ~np.isnan(given)
        a, b = cells[known], given[known]
        fits, by_chance = self._fits(target, a, b), self._fits(target, a[shuffled(len(a))], b)
        evidence = Evidence(len(a), int((~fits).sum()), float((~by_chance).sum()))
        return evidence if evidence.convinces(criterion, tried) else None

    def _fits(self, target: str, cells: Floats, given: Floats) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Where two are equal, as a rule compares them, of the rows where both are known."""
        known = ~np.isnan(cells) & ~np.isnan(given)
        off = np.abs(cells[known] - given[known])
        return off <= self.view.tolerance(target) + 1e-9 * np.maximum(np.abs(cells[known]), 1.0)


def _of_dates(view: View) -> Iterator[tuple[str, tuple[Floats, tuple[str, ...]]]]:
    names = list(view.moments)[:MOST_MOMENTS]
    for name in names:
        cells = view.rows[name]
        for part in ("year", "month", "day", "weekday"):
            values = getattr(cells.dt, part).to_numpy(float, na_value=np.nan)
            yield f"{part}({quoted(name)})", (values, (name,))
    for low, high in itertools.permutations(names, 2):
        gap = view.moments[high] - view.moments[low]
        known = gap[view.sample][~np.isnan(gap[view.sample])]
        if len(known) and np.median(known) >= 0 and view.has_zone(low) == view.has_zone(high):
            yield f"days({quoted(high)} - {quoted(low)})", (gap, (high, low))
            years = view.rows[high].dt.year - view.rows[low].dt.year
            yield f"year({quoted(high)}) - year({quoted(low)})", (years.to_numpy(float, na_value=np.nan), (high, low))


def proposal(target: str, text: str, reads: tuple[str, ...], evidence: Evidence) -> Proposal:
    """A formula as it is proposed."""
    return Proposal(What.FORMULA, f"{quoted(target)} == {text}", (target, *dict.fromkeys(reads)), evidence)


def shortest(value: float, room: float, most: int = 7) -> float:
    """The number with fewest digits that is as near as this, and not nearer than seven digits.

    >>> shortest(2.5400003, 1e-5), shortest(0.33333333, 1e-6), shortest(32.0000001, 1e-3)
    (2.54, 0.333333, 32.0)
    """
    for digits in range(1, most + 1):
        found = float(f"{value:.{digits - 1}e}")
        if abs(found - value) <= room:
            return found
    return float(f"{value:.{most - 1}e}")


def complete(table: pd.DataFrame | Floats) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which rows have no missing number."""
    return np.asarray(~np.isnan(np.asarray(table)).any(axis=1))
