"""One-hot groups: columns of 0 and 1, or of truths, of which exactly one is on in each row."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from smartsynth.discovery.evidence import Criterion, Evidence, shuffled
from smartsynth.discovery.proposal import Proposal, What
from smartsynth.discovery.view import Floats, View

LEAST_COLUMNS = 3
"""Two columns that are each other's opposite are a matter of conditions."""


def find(view: View, criterion: Criterion) -> list[Proposal]:
    """Groups, each column in one at most."""
    names = [name for name, levels in view.levels.items() if _is_switch(levels.values)]
    if len(names) < LEAST_COLUMNS:
        return []
    table: Floats = np.column_stack(
        [view.rows[name].astype("Float64").to_numpy(float, na_value=np.nan) for name in names]
    )
    whole = table[~np.isnan(table).any(axis=1)].astype(np.float32)
    found: list[Proposal] = []
    free = list(range(len(names)))
    while len(group := _group(whole, free, 1 - criterion.min_confidence)) >= LEAST_COLUMNS:
        free = [i for i in free if i not in group]
        evidence = _evidence(table[:, group])
        if evidence.convinces(criterion, len(names) ** 2):
            columns = tuple(names[i] for i in sorted(group))
            found.append(Proposal(What.ONE_HOT, {"one_hot": list(columns)}, columns, evidence))
    return found


def _is_switch(values: NDArray[np.object_]) -> bool:
    return len(values) == 2 and all(isinstance(v, bool | np.bool_ | int | float) and v in (0, 1) for v in values)


def _group(table: NDArray[np.float32], free: list[int], room: float) -> list[int]:
    """The first set of columns that fills the rows without meeting in any, but for a share of them; empty if there is none."""
    n = len(table)
    together = (table.T @ table) / max(n, 1)
    for start in free:
        group, full = [start], float(together[start, start])
        while full < 1 - room:
            apart = [i for i in free if i not in group and together[i, group].sum() <= room]
            fitting = [i for i in apart if full + together[i, i] <= 1 + room]
            if not fitting:
                break
            best = min(fitting, key=lambda i: (together[i, group].sum() > 0, abs(i - group[-1])))
            group.append(best)
            full += float(together[best, best])
        if full >= 1 - room and len(group) >= LEAST_COLUMNS:
            return group
    return []


def _evidence(table: Floats) -> Evidence:
    table = table[~np.isnan(table).any(axis=1)]
    by_chance = np.column_stack([table[shuffled(len(table), i), i] for i in range(table.shape[1])])
    return Evidence(len(table), int((table.sum(axis=1) != 1).sum()), float((by_chance.sum(axis=1) != 1).sum()))
