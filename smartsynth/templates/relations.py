"""Cells that come from other rows: of tables above, of catalogues, of earlier rows, of the rows below."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow.compute as pc

from smartsynth.errors import ConfigError
from smartsynth.templates.cells import Cells, Flags, Ints, found, join, numbers, take, texts
from smartsynth.templates.scope import Scope
from smartsynth.templates.task import Task


def inherit(task: Task, said: str) -> Cells:
    """A column of the row above."""
    if task.scope.parent is None:
        raise ConfigError(f"inherit={said!r}: this table has no parent.")
    return take(task.scope.parent[said], task.scope.above)


def pick(task: Task, said: Any) -> Cells:
    """Rows of a table of fixed size, by weight and by what they must equal."""
    target = _scope_of(task, said.table)
    weights = np.ones(target.n) if said.weight is None else numbers(target[said.weight])
    u = task.rng().random(task.n)
    if not said.where:
        sums = np.cumsum(weights)
        places = np.searchsorted(sums, u * sums[-1], side="right").clip(0, target.n - 1)
    else:
        ((theirs, ours),) = said.where.items()
        places = _matching(target[theirs], task.scope[ours], weights, u, said.where)
    return _pointing(task, said.table, target, places)


def _matching(theirs: Cells, ours: Cells, weights: Any, u: Any, where: Mapping[str, str]) -> Ints:
    """Of each row of ours, a row of theirs that is equal to it, by weight."""
    both = join([texts(theirs), texts(ours)])
    codes = pc.dictionary_encode(both).indices.fill_null(-1).to_numpy(zero_copy_only=False)
    theirs_code, ours_code = codes[: len(theirs)], codes[len(theirs) :]
    order = np.argsort(theirs_code, kind="stable")
    sums = np.concatenate([[0.0], np.cumsum(np.asarray(weights, float)[order])])
    sorted_codes = theirs_code[order]
    begin, end = np.searchsorted(sorted_codes, ours_code, "left"), np.searchsorted(sorted_codes, ours_code, "right")
    if ((begin == end) & (ours_code >= 0)).any():
        raise ConfigError(f"pick: where={dict(where)!r} finds no row for some of the cells.")
    place = np.searchsorted(sums, sums[begin] + u * (sums[end] - sums[begin]), side="right") - 1
    return np.where(ours_code < 0, -1, order[np.clip(place, begin, np.maximum(end - 1, begin)).clip(0, len(order) - 1)])


def _scope_of(task: Task, table: str) -> Scope:
    if table not in task.made:
        raise ConfigError(f"there is no table {table!r} that is made before. Tables so far: {', '.join(task.made)}.")
    return task.made[table]


def _pointing(task: Task, table: str, target: Scope, places: Ints) -> Cells:
    task.scope.pointers[task.key] = target, places
    key = target.key or next(iter(target.columns))
    return found(target[key], places)


def lookup(task: Task, said: Any) -> Cells:
    """A column of the rows that another column points to."""
    target, places = task.scope.pointer(said.through)
    return found(target[said.column], places)


def asof(task: Task, said: Any) -> Cells:
    """The last row of the group that has begun at the moment."""
    target = _scope_of(task, said.table)
    at = numbers(task.scope[said.at])
    if target.parent is None:
        raise ConfigError(f"asof: the table {said.table!r} has no parent.")
    if said.through is None:
        group = task.scope.places_of(target.parent.table)[1]
    else:
        scope, group = task.scope.pointer(said.through)
        if scope is not target.parent:
            raise ConfigError(f"asof: through={said.through!r} does not point to {target.parent.table!r}.")
    since = numbers(target[said.since])
    if not len(since):
        return _pointing(task, said.table, target, np.full(task.n, -1))
    low, span = float(np.nanmin(since)), float(np.nanmax(since) - np.nanmin(since)) + 2
    keys = target.above * span + (since - low) + 1
    if np.isnan(keys).any() or (np.diff(keys) < 0).any():
        raise ConfigError(
            f"asof: since={said.since!r} must rise from row to row below each parent, without missing cells."
        )
    wanted = group * span + np.clip(at - low + 1, 0, span - 1)
    places = np.searchsorted(keys, np.where(np.isnan(wanted), -1, wanted), side="right") - 1
    inside = (places >= 0) & ~np.isnan(at) & (group >= 0)
    places = np.where(inside & (target.above[np.maximum(places, 0)] == group), places, -1)
    return _pointing(task, said.table, target, places)


def aggregate(task: Task, said: Any) -> Cells:
    """What is added up from the rows of a table below."""
    rows = _scope_of(task, said.table)
    scope, above = rows.places_of(task.scope.table)
    if scope is not task.scope:
        raise ConfigError(f"aggregate: {said.table!r} is not below this table.")
    keep: Flags = np.ones(rows.n, bool) if said.where is None else rows.condition(said.where)
    if said.how == "count":
        return np.bincount(above[keep], minlength=task.n).astype(np.int64)
    if said.column is None:
        raise ConfigError(f"aggregate: how={said.how!r} needs a column.")
    cells = rows[said.column]
    values = numbers(cells)
    keep = keep & ~np.isnan(values)
    if said.how == "sum":
        return np.bincount(above[keep], values[keep], minlength=task.n)
    made = np.full(task.n, np.inf if said.how == "min" else -np.inf)
    (np.minimum if said.how == "min" else np.maximum).at(made, above[keep], values[keep])
    made = np.where(np.isinf(made), np.nan, made)
    if isinstance(cells, np.ndarray) and cells.dtype.kind == "M":
        return np.where(
            np.isnan(made), np.datetime64("NaT", "s"), np.nan_to_num(made).astype(np.int64).astype("datetime64[s]")
        )
    return made


def _cents(cells: Cells) -> Ints:
    return np.round(numbers(cells) * 100).astype(np.int64)


def running(task: Task, said: Any) -> Cells:
    """Sums up to each row of the same parent, to the cent."""
    scope = task.scope
    sums = np.cumsum(_cents(scope[said.of]))
    begin = np.searchsorted(scope.above, scope.above, side="left")
    before = np.where(begin > 0, sums[np.maximum(begin - 1, 0)], 0)
    start = 0 if said.start is None else _cents(np.asarray(np.broadcast_to(scope.value(said.start), scope.n)))
    return (sums - before + start) / 100


def settle(task: Task, said: Any) -> Cells:
    """The column, with rows that undo what came since the last of them; the first has what came since the beginning."""
    scope = task.scope
    cents = _cents(np.nan_to_num(numbers(scope[said.of])))
    settles = scope.condition(said.when)
    sums = np.cumsum(np.where(settles, 0, cents))
    begin = np.searchsorted(scope.above, scope.above, side="left")
    base = np.where(begin > 0, sums[np.maximum(begin - 1, 0)], 0)
    last = np.maximum.accumulate(np.where(settles, np.arange(scope.n), -1))
    last = np.concatenate([[-1], last[:-1]])  # the last before each row
    since = np.where(last >= begin, sums[np.maximum(last, 0)], base)
    return np.where(settles, since - sums, cents) / 100


def earlier(task: Task, said: Any) -> Cells:
    """What came before below the same parent: the row just before, or the extreme of all."""
    scope = task.scope
    cells = scope[said.of]
    begin = np.searchsorted(scope.above, scope.above, side="left")
    before = np.arange(scope.n) - 1
    before = np.where(before >= begin, before, -1)
    if said.how == "last":
        return found(cells, before)
    values = numbers(cells) * (1 if said.how == "max" else -1)
    known = ~np.isnan(values)
    low = np.min(values[known], initial=0.0)
    span = np.max(values[known], initial=0.0) - low + 1
    reached = np.maximum.accumulate(np.where(known, values - low + 1, 0.0) + scope.above * span) - scope.above * span
    made = np.where(reached >= 1, reached + low - 1, np.nan)[np.maximum(before, 0)] * (1 if said.how == "max" else -1)
    made = np.where(before < 0, np.nan, made)
    if isinstance(cells, np.ndarray) and cells.dtype.kind == "M":
        seconds = np.round(np.nan_to_num(made)).astype(np.int64).astype("datetime64[s]")
        return np.where(np.isnan(made), np.datetime64("NaT", "s"), seconds)
    return np.asarray(made)
