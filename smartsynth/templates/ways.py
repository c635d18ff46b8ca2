"""How a cell comes about: one function for each way that a template knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from smartsynth.errors import ConfigError
from smartsynth.templates import bounds, draws, relations, texts
from smartsynth.templates.cells import Cells, Coded, Floats, found, join, numbers, without
from smartsynth.templates.document import Remap
from smartsynth.templates.language import Column, Draw, Value
from smartsynth.templates.remapping import remapped
from smartsynth.templates.scope import Scope
from smartsynth.templates.task import Chance, Task

FIRST, LAST = np.datetime64("0001-01-01T00:00:00", "s"), np.datetime64("9999-12-31T23:59:59", "s")
"""What years of four digits reach."""
_LONGEST = 1e17
"""Seconds that a shift may be, so that 64 bits hold them. What leaves those years is allowed where the cell is missing in the end."""


def column(
    chance: Chance, scope: Scope, key: str, said: Column, made: Mapping[str, Scope], *, remap: Remap | None = None
) -> None:
    """Make a column of a table."""
    chance = chance.below(key)
    with naming(f"table {scope.table!r}, column {key!r}"):
        cells = _finished(chance, scope, drawn(chance, scope, said, made, key), said, key)
        if remap is not None:
            cells = _rounded(remapped(chance.below("calibrated").rng(), cells, remap), said.decimals)
        _check_cells(cells)
        scope.columns[key] = cells
    scope._seen.pop(key, None)


@contextmanager
def naming(place: str) -> Iterator[None]:
    """Whatever cannot be computed within is a ConfigError that begins with the place."""
    try:
        yield
    except ConfigError as error:
        raise error if str(error).startswith(place) else ConfigError(f"{place}: {error}") from None
    except (ArithmeticError, LookupError, TypeError, ValueError, pa.ArrowException) as error:
        raise ConfigError(f"{place}: it cannot be computed ({type(error).__name__}: {error}).") from error


def _check_cells(cells: Cells) -> None:
    """ConfigError if numbers are infinite, or moments outside the years that dates are written in."""
    if not isinstance(cells, np.ndarray):
        return
    if cells.dtype.kind == "f" and (infinite := int(np.isinf(cells).sum())):
        raise ConfigError(f"{infinite:,} of {len(cells):,} numbers are infinite.")
    if cells.dtype.kind == "M" and (strange := int(((cells < FIRST) | (cells > LAST)).sum())):
        raise ConfigError(f"{strange:,} of {len(cells):,} moments are not in the years 1 to 9999.")


def _finished(chance: Chance, scope: Scope, cells: Cells, said: Column, key: str) -> Cells:
    """The cells within their bounds, rounded, and missing where they are to be."""
    if said.low is not None or said.high is not None:
        low = -np.inf if said.low is None else scope.value(said.low)
        high = np.inf if said.high is None else scope.value(said.high)
        bounds.check_order("column", low, high)
        cells = np.clip(numbers(cells), low, high)
    cells = _rounded(cells, said.decimals)
    if said.date:
        if not (isinstance(cells, np.ndarray) and cells.dtype.kind == "M"):
            raise ConfigError("date: true needs a moment.")
        cells = cells.astype("datetime64[D]").astype("datetime64[s]")
    lost = np.zeros(scope.n, bool)
    if said.when is not None:
        lost |= ~scope.condition(said.when)
    if said.missing is not None:
        bounds.check("missing", share := scope.value(said.missing), bounds.SHARE)
        lost |= chance.below("missing").rng().random(scope.n) < share
    if lost.any() and key in scope.pointers:
        target, places = scope.pointers[key]
        scope.pointers[key] = target, np.where(lost, -1, places)
    return without(cells, lost)


def _rounded(cells: Cells, decimals: int | None) -> Cells:
    if decimals is None:
        return cells
    rounded = np.round(numbers(cells), decimals)
    if decimals == 0 and (large := np.abs(rounded) > bounds.LARGEST).any():
        raise ConfigError(
            f"decimals=0: {int(large.sum()):,} of {len(rounded):,} numbers are too large for whole numbers."
        )
    return rounded.astype(np.int64) if decimals == 0 and not np.isnan(rounded).any() else rounded


def drawn(chance: Chance, scope: Scope, said: Draw, made: Mapping[str, Scope] | None = None, key: str = "") -> Cells:
    """The cells of one way."""
    way = said.way
    if way in _SIMPLE:
        given = getattr(said, way)
        parameters = {name: scope.value(getattr(given, name)) for name in type(given).model_fields}
        return _simple(chance, scope.n, way, parameters)
    return _WAYS[way](Task(chance, scope, made or {}, key), getattr(said, way))


def _simple(chance: Chance, n: int, way: str, parameters: Mapping[str, float | Floats]) -> Cells:
    """Draws of a distribution whose parameters are what they can be; of whole numbers missing where a parameter is."""
    for name, values in parameters.items():
        bounds.check(f"{way}: {name}", values, bounds.OF[way][name])
    if way in ("uniform", "integers"):
        bounds.check_order(way, parameters["low"], parameters["high"])
    lost = np.zeros(n, bool)
    for values in parameters.values() if way in _WHOLE else ():
        lost = lost | np.isnan(values)
    if lost.any():
        parameters = {name: np.where(lost, 1.0, values) for name, values in parameters.items()}
    with np.errstate(over="ignore"):  # what is infinite then is refused with its column
        return without(_SIMPLE[way](chance.rng(), n, *parameters.values()), lost)


_WHOLE = ("poisson", "negative_binomial", "integers")
_SIMPLE: Mapping[str, Callable[..., Any]] = {
    "normal": draws.normal, "lognormal": draws.lognormal, "gamma": draws.gamma, "exponential": draws.exponential,
    "poisson": draws.poisson, "negative_binomial": draws.negative_binomial, "uniform": draws.uniform, "integers": draws.integers,
}  # fmt: skip


def _choose(task: Task, said: Mapping[str, Value]) -> Cells:
    weights = {level: task.scope.value(weight) for level, weight in said.items()}
    for level, weight in weights.items():
        bounds.check(f"choose: weight of {level!r}", weight, bounds.WEIGHT)
    total = np.broadcast_to(np.asarray(sum(weights.values()), float), task.n)
    if nothing := int((total == 0).sum()):
        raise ConfigError(f"choose: the weights of all categories are 0 in {nothing:,} of {task.n:,} rows.")
    codes = draws.chosen(task.rng(), task.n, [*weights.values()])
    return without(Coded(codes, tuple(said)), np.isnan(total))


def _chance(task: Task, said: Value) -> Cells:
    bounds.check("chance", share := task.scope.value(said), bounds.SHARE)
    return np.asarray(task.rng().random(task.n) < share)


def _histogram(task: Task, said: Any) -> Cells:
    return draws.histogram(task.rng(), task.n, said.edges, said.shares)


def _quantiles(task: Task, said: Any) -> Cells:
    return draws.quantiles(task.rng(), task.n, said.levels, said.values)


def _mixture(task: Task, said: Sequence[Any]) -> Cells:
    which = draws.chosen(task.rng(), task.n, [float(part.share) for part in said])
    return _parts(task, said, which)


def _cases(task: Task, said: Sequence[Any]) -> Cells:
    which = np.full(task.n, -1)
    for i, case in enumerate(said):
        true = np.ones(task.n, bool) if case.when is None else task.scope.condition(case.when)
        which[(which < 0) & true] = i
    return _parts(task, said, which)


def _parts(task: Task, said: Sequence[Draw], which: NDArray[np.signedinteger[Any]]) -> Cells:
    """Each row by its own way; rows of none are missing."""
    parts, places = [], []
    for i, way in enumerate(said):
        index = np.flatnonzero(which == i)
        sub = task.scope.only(index)
        parts.append(drawn(task.chance.below(str(i)), sub, way, task.made))
        places.append(index)
    nowhere = np.flatnonzero(which < 0)
    whole = join(parts)
    back = np.full(task.n, -1, np.int64)
    back[np.concatenate(places)] = np.arange(task.n - len(nowhere))
    return found(whole, back)


def _formula(task: Task, said: str) -> Cells:
    return task.scope.formula(said)


def _constant(task: Task, said: bool | float | str) -> Cells:
    return Coded(np.zeros(task.n, np.int32), (said,)) if isinstance(said, str) else np.full(task.n, said)


def _moment(task: Task, said: Any) -> Cells:
    scope = task.scope
    after, before = np.asarray(scope.moment(said.after)), np.asarray(scope.moment(said.before))
    made = draws.moments(task.rng(), after, before, said)
    if not said.ordered or scope.parent is None:
        return made
    return made[np.lexsort([made, scope.above])]  # the rows of one parent are alike until here


_UNITS = {"seconds": 1, "minutes": 60, "hours": 3_600, "days": 86_400}
_SECONDS = {**_UNITS, "months": 28 * 86_400, "years": 365 * 86_400}


def _shift(task: Task, said: Any) -> Cells:
    start = np.asarray(task.scope.moment(said.start))
    by = np.broadcast_to(task.scope.value(said.by), task.n)
    lost = np.isnat(start) | np.isnan(by)
    by = np.where(lost, 0, by)
    if (np.abs(by) > _LONGEST / _SECONDS[said.unit]).any():
        raise ConfigError(f"shift: by={by[np.abs(by).argmax()]:g} {said.unit} is too long.")
    if said.unit in _UNITS:
        moved = start + np.round(by * _UNITS[said.unit]).astype("timedelta64[s]")
    else:
        months = np.floor(by * (12 if said.unit == "years" else 1)).astype("timedelta64[M]")
        month = start.astype("datetime64[M]") + months
        day = start - start.astype("datetime64[M]")
        end = (month + np.timedelta64(1, "M")).astype("datetime64[s]") - np.timedelta64(1, "s")
        moved = np.minimum(month.astype("datetime64[s]") + day, end)  # 31 January and a month is the end of February
    return np.where(lost, np.datetime64("NaT", "s"), moved)


_WAYS: Mapping[str, Callable[[Task, Any], Cells]] = {
    "choose": _choose, "chance": _chance, "histogram": _histogram, "quantiles": _quantiles, "mixture": _mixture, "cases": _cases,
    "formula": _formula, "constant": _constant, "moment": _moment, "shift": _shift, "id": texts.id, "pattern": texts.pattern,
    "person": texts.person, "text": texts.text, "inherit": relations.inherit, "pick": relations.pick, "lookup": relations.lookup, "asof": relations.asof,
    "aggregate": relations.aggregate, "running": relations.running, "settle": relations.settle, "earlier": relations.earlier,
}  # fmt: skip
