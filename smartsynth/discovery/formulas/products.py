"""Columns that are the product of three factors or more, of powers, and of what is left of shares: `price * quantity * (1 - discount)`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from smartsynth.discovery.evidence import Criterion
from smartsynth.discovery.formulas.sources import Sources, complete, proposal, shortest
from smartsynth.discovery.formulas.sums import MOST_UNEXPLAINED, trimmed, unexplained
from smartsynth.discovery.proposal import Proposal
from smartsynth.discovery.view import Floats
from smartsynth.equations import plain
from smartsynth.expressions import quoted

ROWS, MOST_FACTORS, MOST_POWER = 2_000, 6, 3
NEAR = 0.1
"""How near a power must be to a whole number."""


@dataclass(frozen=True, slots=True)
class Factor:
    """A positive factor: a column, or 1 - it, or 1 + it."""

    text: str
    column: str
    values: Floats


def find(sources: Sources, criterion: Criterion, known: Sequence[Proposal]) -> list[Proposal]:
    """Products that are no product of two columns."""
    given = {one.columns[0] for one in known if one.holds}
    factors = [factor for name in sources.numbers for factor in _factors(sources, name)]
    return [
        one
        for target in sources.targets
        if target not in given
        for one in _found(
            sources, criterion, target, [f for f in factors if f.column != target and f.column not in given]
        )
    ]


def _factors(sources: Sources, name: str) -> Iterator[Factor]:
    values = sources.numbers[name]
    low, high = np.nanmin(values, initial=np.inf), np.nanmax(values, initial=-np.inf)
    if low > 0:
        yield Factor(quoted(name), name, values)
    if low >= 0 and high < 1:
        yield Factor(f"(1 - {quoted(name)})", name, 1 - values)
        yield Factor(f"(1 + {quoted(name)})", name, 1 + values)


def _found(sources: Sources, criterion: Criterion, target: str, factors: list[Factor]) -> Iterator[Proposal]:
    powers = _powers(sources, target, factors)
    if powers is None:
        return
    given = np.ones(len(sources.view))
    for factor, power in powers:
        given = given * factor.values ** float(power)
    ratio = (sources.numbers[target] / given)[sources.view.sample]
    ratio = ratio[np.isfinite(ratio)]
    if not len(ratio):
        return
    constant = shortest(float(np.median(ratio)), 1e-3 * abs(float(np.median(ratio))), most=4)
    tried = 100.0 * (2.0 * MOST_POWER + 1) ** min(len(factors), 40)
    evidence = sources.check(target, constant * given, tried=tried, criterion=criterion)
    if evidence is not None:
        yield proposal(target, _said(constant, powers), tuple(factor.column for factor, _ in powers), evidence)


def _powers(sources: Sources, target: str, factors: list[Factor]) -> list[tuple[Factor, int]] | None:
    """Whole powers of the factors whose product the target is, but for a constant; None if there are none."""
    view = sources.view
    part = view.sample[:: max(len(view.sample) // ROWS, 1)]
    y = sources.numbers[target][part]
    if len(factors) < 2 or not (y > 0).mean() > 0.9:
        return None
    with np.errstate(invalid="ignore", divide="ignore"):
        table = np.column_stack([*(np.log(factor.values[part]) for factor in factors), np.ones(len(part))])
        y = np.log(np.where(y > 20 * view.tolerance(target), y, np.nan))
    whole = complete(np.column_stack([table, y]))
    table, y = table[whole], y[whole]
    if len(y) < 3 * len(factors) + 20:
        return None
    if unexplained(table, y) > MOST_UNEXPLAINED:
        return None
    found = trimmed(table, y)[:-1]
    used = np.flatnonzero(np.abs(found) > NEAR)
    if not 1 <= len(used) <= MOST_FACTORS:
        return None
    found = trimmed(table[:, [*used, -1]], y)[:-1]
    whole_powers = np.round(found).astype(int)
    if (
        (np.abs(found - whole_powers) > NEAR).any()
        or (np.abs(whole_powers) > MOST_POWER).any()
        or (whole_powers == 0).any()
    ):
        return None
    return [(factors[i], int(power)) for i, power in zip(used, whole_powers, strict=True)]


def _said(constant: float, powers: list[tuple[Factor, int]]) -> str:
    over = [factor.text for factor, power in powers for _ in range(max(power, 0))]
    under = [factor.text for factor, power in powers for _ in range(max(-power, 0))]
    top = " * ".join(([plain(constant)] if constant != 1 or not over else []) + over)
    below = " * ".join(under)
    return top if not under else f"{top} / {below}" if len(under) == 1 else f"{top} / ({below})"
