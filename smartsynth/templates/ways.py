"""How a cell comes about: one function for each way that a template knows."""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from smartsynth.errors import ConfigError
from smartsynth.templates import draws
from smartsynth.templates.cells import Cells, Coded, Flags, Ints, found, join, numbers, take, texts, without
from smartsynth.templates.document import Column, Draw, Remap, Value
from smartsynth.templates.people import pool
from smartsynth.templates.scope import Scope

_FIELD = re.compile(r"\{([^{}:]+)(?::0(\d+))?\}")


@dataclass(frozen=True, slots=True)
class Chance:
    """A stream of chance: of a seed, a block (None for tables of fixed size), and a path of names."""

    seed: int
    block: int | None
    locale: str
    path: str = ""

    def below(self, name: str) -> Chance:
        """The stream of a part."""
        return replace(self, path=f"{self.path}/{name}")

    def rng(self) -> np.random.Generator:
        """Draws from its beginning."""
        place = (0, 0) if self.block is None else (1, self.block)
        seeds = np.random.SeedSequence((self.seed, *place, zlib.crc32(self.path.encode())))
        return np.random.Generator(np.random.SFC64(seeds))


def column(
    chance: Chance, scope: Scope, key: str, said: Column, made: Mapping[str, Scope], *, remap: Remap | None = None
) -> None:
    """Make a column of a table."""
    chance = chance.below(key)
    try:
        cells = _finished(chance, scope, drawn(chance, scope, said, made, key), said, key)
        if remap is not None:
            cells = _rounded(remapped(chance.below("calibrated").rng(), cells, remap), said.decimals)
        scope.columns[key] = cells
    except ConfigError as error:
        raise ConfigError(f"table {scope.table!r}, column {key!r}: {error}") from None
    scope._seen.pop(key, None)


def _finished(chance: Chance, scope: Scope, cells: Cells, said: Column, key: str) -> Cells:
    """The cells within their bounds, rounded, and missing where they are to be."""
    if said.low is not None or said.high is not None:
        low = -np.inf if said.low is None else scope.value(said.low)
        high = np.inf if said.high is None else scope.value(said.high)
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
        lost |= chance.below("missing").rng().random(scope.n) < scope.value(said.missing)
    if lost.any() and key in scope.pointers:
        target, places = scope.pointers[key]
        scope.pointers[key] = target, np.where(lost, -1, places)
    return without(cells, lost)


def _rounded(cells: Cells, decimals: int | None) -> Cells:
    if decimals is None:
        return cells
    rounded = np.round(numbers(cells), decimals)
    return rounded.astype(np.int64) if decimals == 0 and not np.isnan(rounded).any() else rounded


def drawn(chance: Chance, scope: Scope, said: Draw, made: Mapping[str, Scope] | None = None, key: str = "") -> Cells:
    """The cells of one way."""
    way = said.way
    if way in _SIMPLE:
        given = getattr(said, way)
        parameters = [scope.value(getattr(given, name)) for name in type(given).model_fields]
        return _SIMPLE[way](chance.rng(), scope.n, *parameters)
    return _WAYS[way](_Task(chance, scope, made or {}, key), getattr(said, way))


_SIMPLE: Mapping[str, Callable[..., Any]] = {
    "normal": draws.normal, "lognormal": draws.lognormal, "gamma": draws.gamma, "exponential": draws.exponential,
    "poisson": draws.poisson, "negative_binomial": draws.negative_binomial, "uniform": draws.uniform, "integers": draws.integers,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Task:
    """What a way needs to know."""

    chance: Chance
    scope: Scope
    made: Mapping[str, Scope]
    key: str

    @property
    def n(self) -> int:
        return self.scope.n

    def rng(self) -> np.random.Generator:
        return self.chance.rng()


def _choose(task: _Task, said: Mapping[str, Value]) -> Cells:
    weights = [task.scope.value(weight) for weight in said.values()]
    return Coded(draws.chosen(task.rng(), task.n, weights), tuple(said))


def _chance(task: _Task, said: Value) -> Cells:
    return np.asarray(task.rng().random(task.n) < task.scope.value(said))


def _histogram(task: _Task, said: Any) -> Cells:
    return draws.histogram(task.rng(), task.n, said.edges, said.shares)


def _quantiles(task: _Task, said: Any) -> Cells:
    return draws.quantiles(task.rng(), task.n, said.levels, said.values)


def _mixture(task: _Task, said: Sequence[Any]) -> Cells:
    which = draws.chosen(task.rng(), task.n, [float(part.share) for part in said])
    return _parts(task, said, which)


def _cases(task: _Task, said: Sequence[Any]) -> Cells:
    which = np.full(task.n, -1)
    for i, case in enumerate(said):
        true = np.ones(task.n, bool) if case.when is None else task.scope.condition(case.when)
        which[(which < 0) & true] = i
    return _parts(task, said, which)


def _parts(task: _Task, said: Sequence[Draw], which: NDArray[np.signedinteger[Any]]) -> Cells:
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


def _formula(task: _Task, said: str) -> Cells:
    return task.scope.formula(said)


def _constant(task: _Task, said: bool | float | str) -> Cells:
    return Coded(np.zeros(task.n, np.int32), (said,)) if isinstance(said, str) else np.full(task.n, said)


def _moment(task: _Task, said: Any) -> Cells:
    scope = task.scope
    after, before = np.asarray(scope.moment(said.after)), np.asarray(scope.moment(said.before))
    made = draws.moments(task.rng(), after, before, said)
    if not said.ordered or scope.parent is None:
        return made
    return made[np.lexsort([made, scope.above])]  # the rows of one parent are alike until here


_UNITS = {"seconds": 1, "minutes": 60, "hours": 3_600, "days": 86_400}


def _shift(task: _Task, said: Any) -> Cells:
    start = np.asarray(task.scope.moment(said.start))
    by = np.broadcast_to(task.scope.value(said.by), task.n)
    lost = np.isnat(start) | np.isnan(by)
    by = np.where(lost, 0, by)
    if said.unit in _UNITS:
        moved = start + np.round(by * _UNITS[said.unit]).astype("timedelta64[s]")
    else:
        months = np.floor(by * (12 if said.unit == "years" else 1)).astype("timedelta64[M]")
        month = start.astype("datetime64[M]") + months
        day = start - start.astype("datetime64[M]")
        end = (month + np.timedelta64(1, "M")).astype("datetime64[s]") - np.timedelta64(1, "s")
        moved = np.minimum(month.astype("datetime64[s]") + day, end)  # 31 January and a month is the end of February
    return np.where(lost, np.datetime64("NaT", "s"), moved)


def _id(task: _Task, said: Any) -> Cells:
    if not said.prefix:
        return task.scope.serial
    plain = pa.array(task.scope.serial).cast(pa.string())
    return pc.binary_join_element_wise(said.prefix, pc.utf8_lpad(plain, said.digits, "0"), "")


def _pattern(task: _Task, said: str) -> Cells:
    return _as_texts(draws.digits(task.rng(), [said], np.zeros(task.n, np.int64)))


def _as_texts(cells: Any) -> pa.Array:
    return pa.array(cells, pa.binary()).cast(pa.string())


def _person(task: _Task, said: Any) -> Cells:
    rng, locale = task.rng(), task.chance.locale
    if said.sex is None:
        return _pooled(rng, task.n, pool(locale, said.part))
    sex = task.scope[said.sex]
    if not isinstance(sex, Coded) or not set(sex.levels) <= {"F", "M"}:
        raise ConfigError(f"person: sex={said.sex!r} must be a column of F and M.")
    women, men = pool(locale, said.part, "F"), pool(locale, said.part, "M")
    names = tuple(dict.fromkeys((*women, *men)))
    place = {name: i for i, name in enumerate(names)}
    of = np.array([[place[name] for name in women], [place[name] for name in men]], np.int32)
    is_man = np.array([level == "M" for level in sex.levels], np.int64)[sex.codes]
    return Coded(of[is_man, rng.integers(0, len(women), task.n)], names)


def _pooled(rng: np.random.Generator, n: int, drawn_from: tuple[str, ...]) -> Cells:
    which = rng.integers(0, len(drawn_from), n)
    if any("#" in text for text in drawn_from):
        return _as_texts(draws.digits(rng, drawn_from, which))
    levels = tuple(dict.fromkeys(drawn_from))
    place = {level: i for i, level in enumerate(levels)}
    return Coded(np.array([place[text] for text in drawn_from], np.int32)[which], levels)


def _text(task: _Task, said: Any) -> Cells:
    """Texts that are put together, in Arrow."""
    pieces: list[Any] = []
    at = 0
    for place in _FIELD.finditer(said.form):
        pieces += [said.form[at : place.start()]]
        cells = task.scope[place[1]]
        piece = _plain(cells) if said.plain else texts(cells)
        pieces += [pc.utf8_lpad(piece, int(place[2]), "0") if place[2] else piece]
        at = place.end()
    pieces += [said.form[at:]]
    if all(isinstance(piece, str) for piece in pieces):
        return _constant(task, "".join(pieces))
    return pc.binary_join_element_wise(*pieces, "")


def _plain(cells: Cells) -> pa.Array:
    """Texts in small letters of a to z and digits."""
    if not isinstance(cells, Coded):
        return pc.replace_substring_regex(pc.utf8_lower(texts(cells)), r"[^a-z0-9]", "")

    def of(level: str) -> str:
        bare = unicodedata.normalize("NFKD", level).encode("ascii", "ignore").decode().lower()
        return re.sub(r"[^a-z0-9]", "", bare) or f"u{zlib.crc32(level.encode()) % 100_000}"

    return Coded(cells.codes, tuple(of(level) for level in cells.levels)).texts()


def _inherit(task: _Task, said: str) -> Cells:
    if task.scope.parent is None:
        raise ConfigError(f"inherit={said!r}: this table has no parent.")
    return take(task.scope.parent[said], task.scope.above)


def _pick(task: _Task, said: Any) -> Cells:
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


def _scope_of(task: _Task, table: str) -> Scope:
    if table not in task.made:
        raise ConfigError(f"there is no table {table!r} that is made before. Tables so far: {', '.join(task.made)}.")
    return task.made[table]


def _pointing(task: _Task, table: str, target: Scope, places: Ints) -> Cells:
    task.scope.pointers[task.key] = target, places
    key = target.key or next(iter(target.columns))
    return found(target[key], places)


def _lookup(task: _Task, said: Any) -> Cells:
    target, places = task.scope.pointer(said.through)
    return found(target[said.column], places)


def _asof(task: _Task, said: Any) -> Cells:
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


def _aggregate(task: _Task, said: Any) -> Cells:
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


def _running(task: _Task, said: Any) -> Cells:
    scope = task.scope
    sums = np.cumsum(_cents(scope[said.of]))
    begin = np.searchsorted(scope.above, scope.above, side="left")
    before = np.where(begin > 0, sums[np.maximum(begin - 1, 0)], 0)
    start = 0 if said.start is None else _cents(np.asarray(np.broadcast_to(scope.value(said.start), scope.n)))
    return (sums - before + start) / 100


def _settle(task: _Task, said: Any) -> Cells:
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


def _earlier(task: _Task, said: Any) -> Cells:
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


_WAYS: Mapping[str, Callable[[_Task, Any], Cells]] = {
    "choose": _choose, "chance": _chance, "histogram": _histogram, "quantiles": _quantiles, "mixture": _mixture, "cases": _cases,
    "formula": _formula, "constant": _constant, "moment": _moment, "shift": _shift, "id": _id, "pattern": _pattern,
    "person": _person, "text": _text, "inherit": _inherit, "pick": _pick, "lookup": _lookup, "asof": _asof,
    "aggregate": _aggregate, "running": _running, "settle": _settle, "earlier": _earlier,
}  # fmt: skip


def remapped(rng: np.random.Generator, cells: Cells, remap: Remap) -> Cells:
    """The cells moved to the distribution of real data, and as little as that needs."""
    if remap.shares:
        return _reshared(rng, cells, remap.shares)
    values = numbers(cells)
    before, after = np.asarray(remap.before), np.asarray(remap.after)
    low, high = np.searchsorted(before, values, "left"), np.searchsorted(before, values, "right")
    last = len(before) - 1
    levels = np.linspace(0, 1, len(before))
    ties = high > low  # a value that several rows share is spread over the ranks that they hold
    bottom, top = levels[np.minimum(low, last)], levels[np.clip(high - 1, 0, last)]
    at = np.where(ties, bottom + rng.random(len(values)) * (top - bottom), np.interp(values, before, levels))
    made = np.where(np.isnan(values), np.nan, np.interp(at, np.linspace(0, 1, len(after)), after))
    return made if remap.decimals is None else np.round(made, remap.decimals)


def _reshared(rng: np.random.Generator, cells: Cells, shares: Mapping[str, tuple[float, float]]) -> Cells:
    truths = isinstance(cells, np.ndarray) and cells.dtype.kind == "b"
    held = Coded(cells.astype(np.int32), ("false", "true")) if truths else cells  # type: ignore[union-attr]
    if not isinstance(held, Coded):
        raise ConfigError("calibrated: shares are for columns of categories.")
    levels = tuple(dict.fromkeys((*held.levels, *shares)))
    before = np.array([shares.get(level, (0.0, 0.0))[0] for level in levels])
    after = np.array([shares.get(level, (0.0, 0.0))[1] for level in levels])
    stays = np.minimum(1.0, np.divide(after, before, out=np.zeros(len(levels)), where=before > 0))
    gains = np.maximum(after - before, 0.0)
    moves = (held.codes >= 0) & (rng.random(len(held)) >= stays[held.codes])
    fresh = draws.chosen(rng, len(held), [float(gain) for gain in gains]) if gains.sum() > 0 else held.codes
    codes = np.where(moves, fresh, held.codes).astype(np.int32)
    return codes == 1 if truths else Coded(codes, levels)
