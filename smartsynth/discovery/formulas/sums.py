"""Columns that are the sum of three others or more, or of some with factors of few digits: least squares, then whole numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from smartsynth.discovery.evidence import Criterion
from smartsynth.discovery.formulas.sources import Sources, complete, proposal, shortest
from smartsynth.discovery.proposal import Proposal
from smartsynth.discovery.view import Floats
from smartsynth.equations import relation
from smartsynth.expressions import quoted

ROWS, MOST_TERMS, TRIMS = 2_000, 12, 4
MOST_UNEXPLAINED = 0.6
"""Share of the variance that a few rows that break a rule may make up."""
WHOLE = 0.02
"""How near a factor must be to a whole number to be one."""


def find(sources: Sources, criterion: Criterion, known: Sequence[Proposal]) -> list[Proposal]:
    """Sums of columns of which none is given by the others already, as far as lines and sums of two are known."""
    return list(_found(sources, criterion, known))


def _found(sources: Sources, criterion: Criterion, known: Sequence[Proposal]) -> Iterator[Proposal]:
    given = {one.columns[0] for one in known if one.holds}
    for target in sources.targets:
        names = [
            name for name in sources.numbers if name != target and name not in given and not _gives(known, target, name)
        ]
        fitted = _fit(sources, target, names)
        if fitted is None:
            continue
        coefficients, values = fitted
        evidence = sources.check(target, values, tried=3.0 ** min(len(names), 60), criterion=criterion)
        if evidence is not None:
            text = relation({quoted(name) if name else "": value for name, value in coefficients.items()})
            yield proposal(target, text, tuple(filter(None, coefficients)), evidence)


def _gives(known: Sequence[Proposal], target: str, name: str) -> bool:
    """Whether a column is in a relation with the target that is known, and would explain it alone."""
    return any({target, name} <= set(one.columns) for one in known if one.holds)


def _fit(sources: Sources, target: str, names: list[str]) -> tuple[dict[str, float], Floats] | None:
    """Factors of the columns that give the target exactly, and what they give; None if none do."""
    part = (
        sources.view.sample[:ROWS]
        if len(sources.view) <= ROWS
        else sources.view.sample[:: max(len(sources.view.sample) // ROWS, 1)]
    )
    y = sources.numbers[target][part]
    names = [name for name in names if np.isnan(sources.numbers[name][part]).mean() < 0.5]
    if len(names) < 2:
        return None
    table = np.column_stack([*(sources.numbers[name][part] for name in names), np.ones(len(part))])
    whole = complete(np.column_stack([table, y]))
    table, y = table[whole], y[whole]
    if len(y) < 3 * len(names) + 20:
        return None
    scale = np.maximum(np.abs(table).max(axis=0), 1e-300)
    if unexplained(table / scale, y) > MOST_UNEXPLAINED:
        return None
    factors = trimmed(table / scale, y) / scale
    room = max(sources.view.tolerance(target), 1e-7 * float(np.abs(y).max()))
    spread = np.append(table[:, :-1].std(axis=0), 1.0)
    used = np.flatnonzero(
        np.abs(factors) * spread > np.append(np.full(len(names), max(0.02 * room, 1e-3 * y.std())), room)
    )
    if not 2 <= (used < len(names)).sum() <= MOST_TERMS:
        return None
    if np.linalg.matrix_rank(table[:, used] / scale[used]) < len(used):
        return None  # other factors would give the same
    factors = trimmed(table[:, used] / scale[used], y) / scale[used]
    nice = [
        _nice(f, room / max(float(s), 1e-300), i == len(names))
        for f, s, i in zip(factors, scale[used], used, strict=True)
    ]
    if not all(value for value, i in zip(nice, used, strict=True) if i < len(names)):
        return None
    found = {(*names, "")[i]: value for i, value in zip(used, nice, strict=True) if value}
    given = sum(
        (value * (sources.numbers[name] if name else 1.0) for name, value in found.items()), np.zeros(len(sources.view))
    )
    return found, np.asarray(given, float)


def unexplained(table: Floats, y: Floats) -> float:
    """Share of the variance that least squares leave."""
    off = y - table @ np.linalg.lstsq(table, y, rcond=None)[0]
    return float(off.var() / y.var()) if y.var() else 1.0


def trimmed(table: Floats, y: Floats) -> Floats:
    """Least squares of the rows that fit best, so that a few that break the rule do not bend it."""
    kept = np.ones(len(y), bool)
    factors: Floats = np.zeros(table.shape[1])
    for _ in range(TRIMS):
        factors = np.asarray(np.linalg.lstsq(table[kept], y[kept], rcond=None)[0])
        off = np.abs(y - table @ factors)
        kept = off <= np.quantile(off, 0.9)
    return np.asarray(factors)


def _nice(factor: float, room: float, is_step: bool) -> float:
    """The factor that is meant: whole if it is near to that, else of two decimal places; 0 if it is neither."""
    if is_step:
        return float(round(factor)) if abs(factor - round(factor)) <= room else shortest(factor, room)
    if abs(factor - round(factor)) <= WHOLE and round(factor) != 0:
        return float(round(factor))
    factor = float(factor)
    return round(factor, 2) if abs(factor - round(factor, 2)) <= max(room, 1e-3 * abs(factor)) else 0.0
