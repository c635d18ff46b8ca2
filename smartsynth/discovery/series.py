"""Rows of entities in the order of time: columns that only rise or fall, and running sums.

The yardstick is the same rows in another order: each entity's values shuffled in time, the amounts of a sum shuffled over all rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.constraints import Rule, rules_of
from smartsynth.discovery.evidence import Criterion, Evidence, least_expected, shuffled
from smartsynth.discovery.proposal import Proposal, What
from smartsynth.discovery.view import Floats, View
from smartsynth.schema import Kind
from smartsynth.sequences import Panel

LOOSE = 0.8
"""Share of the steps of a sample that an amount must explain for a sum to be checked on all rows."""


@dataclass(frozen=True, slots=True)
class Steps:
    """Rows in order.

    Args:
        order: Places of the rows, entity after entity, each by time.
        goes_on: Which of them follow another one of their entity.
    """

    order: NDArray[np.int64]
    goes_on: NDArray[np.bool_]

    def of(self, cells: Floats) -> Floats:
        """How much a column changes with each row that goes on."""
        values = cells[self.order]
        return (values[1:] - values[:-1])[self.goes_on[1:]]


def find(view: View, criterion: Criterion) -> list[Proposal]:
    """Running sums, and columns that only rise or fall; nothing where the schema names no entity."""
    if view.schema.entity is None or not len(view):
        return []
    order, codes = Panel.order(view.rows, view.schema)
    codes = codes[order]
    steps = Steps(order, np.r_[False, codes[1:] == codes[:-1]])
    sums = list(_sums(view, steps, criterion))
    given = {one.columns[0] for one in sums if one.holds}
    return [*sums, *(one for one in _monotone(view, steps, codes, criterion) if one.columns[0] not in given)]


def _monotone(view: View, steps: Steps, codes: NDArray[np.int64], criterion: Criterion) -> Iterator[Proposal]:
    roles = {column.name for column in (view.schema.entity, view.schema.time) if column is not None}
    cells = {name: values for name, values in {**view.numbers, **view.moments}.items() if name not in roles}
    mixed = np.lexsort((np.random.default_rng(0).random(len(codes)), codes))
    for name, values in cells.items():
        if view.schema[name].kind not in (Kind.NUMERIC, Kind.DATETIME):
            continue
        here, apart = steps.of(values), Steps(steps.order[mixed], steps.goes_on).of(values)
        here, apart = here[~np.isnan(here)], apart[~np.isnan(apart)]
        for direction, sign in (("rising", 1), ("falling", -1)):
            evidence = Evidence(len(here), int((sign * here < 0).sum()), float((sign * apart < 0).sum()))
            if evidence.convinces(criterion, 2.0 * len(cells)):
                strict = not (here == 0).any() and (apart == 0).sum() >= least_expected(len(cells))
                said = {"column": name, "direction": direction, **({"strict": True} if strict else {})}
                yield Proposal(What.SERIES, {"monotone": said}, (name,), evidence)


def _sums(view: View, steps: Steps, criterion: Criterion) -> Iterator[Proposal]:
    names = [name for name in view.numbers if view.schema[name].kind is Kind.NUMERIC]
    amounts = {name: view.numbers[name][steps.order][1:][steps.goes_on[1:]] for name in names}
    for total in names:
        change, room = steps.of(view.numbers[total])[:2000], view.tolerance(total) + 1e-9
        for of, values in amounts.items():
            off = np.abs(change - values[:2000])
            known = ~np.isnan(off)
            if of == total or known.sum() < criterion.min_support or (off[known] <= room).mean() < LOOSE:
                continue
            one = _sum(view, steps, total, of, float(len(names)) ** 2, criterion)
            if one is not None:
                yield one


def _sum(view: View, steps: Steps, total: str, of: str, tried: float, criterion: Criterion) -> Proposal | None:
    """The running sum from 0, or from a column that an entity's first row has the opening in."""
    firsts = steps.order[~steps.goes_on]
    opening = view.numbers[total][firsts] - np.nan_to_num(view.numbers[of][firsts])
    starts: dict[str, Floats] = {"": np.zeros(len(firsts))}
    starts |= {name: cells[firsts] for name, cells in view.numbers.items() if name not in (total, of)}
    fits = {
        name: float((np.abs(opening - cells) <= view.tolerance(total) + 1e-9).mean()) for name, cells in starts.items()
    }
    start = max(fits, key=lambda name: (fits[name], name == ""))
    value = {"cumulative": {"column": total, "of": of, **({"start": start} if start else {})}}
    (rule,) = rules_of([value], view.schema)
    mixed = view.rows.copy()
    mixed[of] = mixed[of].to_numpy()[shuffled(len(mixed))]
    evidence = Evidence(len(view), _broken(rule, view.rows), float(_broken(rule, mixed)))
    return (
        Proposal(What.SERIES, value, (total, of, *([start] if start else [])), evidence)
        if evidence.convinces(criterion, tried)
        else None
    )


def _broken(rule: Rule, rows: pd.DataFrame) -> int:
    return int((~rule.holds(rows)).sum())
