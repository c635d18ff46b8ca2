"""Columns that are a line of one source: equal, a factor of it (units), a step from it, or both."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from smartsynth.discovery.evidence import Criterion
from smartsynth.discovery.formulas.sources import Sources, proposal, shortest
from smartsynth.discovery.proposal import Proposal
from smartsynth.discovery.view import Floats
from smartsynth.equations import plain
from smartsynth.expressions import quoted

ROWS, LEAST_RANK_CORRELATION = 1_000, 0.6
"""Of a sample, so that a line is fitted."""


def find(sources: Sources, criterion: Criterion) -> list[Proposal]:
    """Lines; of two columns that give each other, the line that fits better."""
    singles = {quoted(name): (values, (name,)) for name, values in sources.numbers.items()} | sources.dates
    tried = 100.0 * len(singles) * max(len(sources.targets), 1)  # factors and steps are fitted
    found: dict[frozenset[str], Proposal] = {}
    for target, text in _candidates(sources, {text: values for text, (values, _) in singles.items()}):
        values, reads = singles[text]
        given = _line(sources, target, text, values)
        if given is None:
            continue
        evidence = sources.check(target, given[1], tried=tried, criterion=criterion)
        if evidence is None:
            continue
        one = proposal(target, given[0], reads, evidence)
        pair = frozenset((target, *reads)) if reads[0] in sources.numbers else frozenset((target, text))
        if pair not in found or _rank(one, sources) > _rank(found[pair], sources):
            found[pair] = one
    return list(found.values())


def _rank(one: Proposal, sources: Sources) -> tuple[int, int]:
    """Few broken rows, then a column that stands behind its source."""
    return -one.evidence.broken, sources.targets.index(one.columns[0])


def _candidates(sources: Sources, singles: dict[str, Floats]) -> Iterator[tuple[str, str]]:
    """Targets and sources that rise or fall together in a sample."""
    if not sources.targets or not singles:
        return
    part = sources.view.sample[:ROWS]
    left = np.column_stack([_ranks(sources.numbers[name][part]) for name in sources.targets])
    right = np.column_stack([_ranks(values[part]) for values in singles.values()])
    texts = list(singles)
    for i, j in np.argwhere(np.abs(left.T @ right) >= LEAST_RANK_CORRELATION):
        if texts[j] != quoted(sources.targets[i]):
            yield sources.targets[i], texts[j]


def _ranks(values: Floats) -> Floats:
    """Ranks of length 1 about their mean, missing ones in the middle."""
    from scipy.stats import rankdata

    ranks = rankdata(values, nan_policy="omit")
    ranks = np.nan_to_num(ranks - np.nanmean(ranks)) if not np.isnan(values).all() else np.zeros(len(values))
    length = float(np.linalg.norm(ranks))
    return ranks / length if length else ranks


def _line(sources: Sources, target: str, text: str, values: Floats) -> tuple[str, Floats] | None:
    """The line through most rows, with numbers of few digits, and what it gives."""
    part = sources.view.sample
    y, x = sources.numbers[target][part], values[part]
    known = ~np.isnan(y) & ~np.isnan(x)
    y, x = y[known], x[known]
    order = np.argsort(x, kind="stable")
    y, x, half = y[order], x[order], len(x) // 2
    run = x[half:] - x[: len(x) - half]
    slopes = (y[half:] - y[: len(y) - half])[run > 0] / run[run > 0]
    if not len(slopes):
        return None
    room = max(sources.view.tolerance(target), 1e-9 * float(np.abs(y).max()))
    factor = shortest(float(np.median(slopes)), 2 * room / float(np.abs(x).max() or 1))
    step = shortest(float(np.median(y - factor * x)), room)
    if abs(step) <= room:
        refined = float(np.median((y / np.where(x == 0, np.nan, x))[x != 0]))
        factor, step = shortest(refined, room / float(np.abs(x).max() or 1)), 0.0
    if factor == 0 or not np.isfinite(factor):
        return None
    return _said(factor, step, text), factor * values + step


def _said(factor: float, step: float, text: str) -> str:
    inner = f"({text})" if " - " in text and not text.startswith("days") else text
    back = shortest(1 / factor, abs(1e-9 / factor))
    if factor == 1:
        line = text
    elif len(plain(back)) < len(plain(factor)) and abs(1 / back - factor) < 1e-12 * abs(factor) * 1e3:
        line = f"{inner} / {plain(back)}"
    else:
        line = f"{plain(factor)} * {inner}"
    return line if step == 0 else f"{line} {'-' if step < 0 else '+'} {plain(abs(step))}"
