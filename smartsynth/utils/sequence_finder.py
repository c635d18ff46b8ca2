"""Whether the rows of a table follow one another: whom they are about and when they happened, found without being told.

    entity and time    rows of one entity have times of their own: in order, or each moment once, or named so
    plain series       times that never repeat, in order, at regular steps or with consecutive rows alike
    order alone        no time at all, but consecutive rows are much more alike than shuffled ones

A date alone makes no series, nor does a repeated key: customers with a date each are a table. What is found is shown as a hint and
changes nothing, so doubt counts against it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.formats import count, number, percent
from smartsynth.schema import Kind, Schema
from smartsynth.utils.sequence_columns import SAMPLE_ROWS, WHO, Entity, Time, entities_of, numbers_of, times_of, words
from smartsynth.utils.serial import BLOCK, Bounds, local_likeness

Found = tuple[str | None, str | None, tuple[str, ...]]

MOST_CHANNELS = 30
_LEAST_ROWS, _LEAST_PAIRS, _LEAST_ORDER_ROWS = 8, 10, 100
_IN_ORDER, _ALIKE, _ALIKE_ALONE = 0.98, 0.4, 0.5

_PLACES = (
    {"latitude", "longitude"},
    {"lat", "lon"},
    {"lat", "long"},
    {"lat", "lng"},
    {"x", "y"},
    {"easting", "northing"},
)


def detected(frame: pd.DataFrame, schema: Schema) -> Found | None:
    """The columns that name entity and time, and why, in sentences; None if the rows seem to follow one another in no way.

    Either column may be None: a plain series has no entity, and the order of the rows may be all that says when.

    >>> from smartsynth.inference import infer_schema
    >>> frame = pd.DataFrame({"firm": list("abcdefgh") * 6, "year": np.repeat(range(1990, 1996), 8), "sales": range(48)})
    >>> detected(frame, infer_schema(frame))[:2]
    ('firm', 'year')
    """
    if len(frame) < _LEAST_ROWS:
        return None
    times = times_of(frame, schema)
    entities = entities_of(frame, schema, {time.name for time in times})
    found = _panel(frame, schema, entities, times) or _series(frame, schema, times)
    return found or _by_order(frame, schema, entities, times)


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What speaks for the rows of an entity following one another in time.

    Args:
        ordered: Share of steps within an entity that go on in time, of those that change it.
        repeated: Share of rows whose time the entity has had already.
        by_chance: The same with times dealt out at random.
        filled: Share of the moments of the table that an entity has.
        statics: Columns that keep their value within entities.
    """

    ordered: float
    repeated: float
    by_chance: float
    filled: float
    statics: tuple[str, ...] = ()

    @property
    def is_grid(self) -> bool:
        """Whether entities share moments, and have each of them once."""
        return self.by_chance >= 0.1 and self.repeated <= 0.02 * self.by_chance


def _panel(frame: pd.DataFrame, schema: Schema, entities: Sequence[Entity], times: Sequence[Time]) -> Found | None:
    """The entity and the time with the best evidence, if there is enough."""
    best: tuple[float, Found] | None = None
    rng = np.random.default_rng(0)
    people = _one_row_each(frame, schema)
    for entity in entities if times else ():
        rows = entity.sample(rng)
        statics: tuple[str, ...] | None = None
        for time in times:
            moments = frame[[column.name for column in time.columns]].iloc[rows]
            evidence = _evidence(moments, entity.codes[rows], time, rng)
            if evidence is None or not (evidence.ordered >= _IN_ORDER or evidence.is_grid or entity.who):
                continue
            if statics is None:
                statics = _statics(frame, schema, entity, rows, times)
            evidence = replace(evidence, statics=statics)
            if not _is_panel(entity, time, evidence, one_row_each=people):
                continue
            score = (
                3 * (evidence.ordered >= _IN_ORDER) + 2 * evidence.is_grid + 2 * entity.named + min(len(statics), 3)
                - 10 * evidence.repeated - 2 * time.counted - 3 * (time.given is None) + 0.1 * np.log(entity.entities)
            )  # fmt: skip
            if best is None or score > best[0]:
                best = float(score), (entity.name, time.given, _reasons(entity, time, evidence))
    return best[1] if best else None


def _one_row_each(frame: pd.DataFrame, schema: Schema) -> bool:
    """Whether a column names persons of whom each has one row."""
    return any(
        column.kind is Kind.IDENTIFIER and set(words(column.name)) & (WHO - {"id", "uuid", "key"})
        and not frame[column.name].duplicated().any()
        for column in schema
    )  # fmt: skip


def _statics(
    frame: pd.DataFrame, schema: Schema, entity: Entity, rows: NDArray[np.int64], times: Sequence[Time]
) -> tuple[str, ...]:
    """Columns that keep their value within each entity, which they would not if rows were dealt out at random."""
    codes = pd.factorize(entity.codes[rows])[0]
    first = np.zeros(codes.max() + 1, np.int64)
    first[codes[::-1]] = np.arange(len(codes))[::-1]
    other = {column.name for time in times for column in time.columns} | {entity.name}
    found = []
    for column in schema.columns[:100]:
        if column.name in other or column.kind is Kind.CONSTANT:
            continue
        values = pd.factorize(frame[column.name].iloc[rows], use_na_sentinel=False)[0]
        common = np.bincount(values).max() / len(values) if len(values) else 1.0
        if common < 0.95 and np.array_equal(values[first[codes]], values) and values.max() > 0:
            found.append(column.name)
    return tuple(found)


def _evidence(
    moments: pd.DataFrame, codes: NDArray[np.int64], time: Time, rng: np.random.Generator
) -> _Evidence | None:
    when = time.numbers(moments)
    if np.isnan(when).any():
        return None
    order = np.argsort(codes, kind="stable")
    steps = np.diff(when[order])[np.diff(codes[order]) == 0]
    moves = steps[steps != 0]
    if len(steps) < _LEAST_PAIRS or len(moves) < _LEAST_PAIRS:
        return None
    up = float((moves > 0).mean())
    distinct, owners = len(np.unique(when)), len(np.unique(codes))
    repeated = _repeated(codes, when)
    filled = (1 - repeated) * len(when) / (distinct * owners)
    return _Evidence(max(up, 1 - up), repeated, _repeated(codes, rng.permutation(when)), filled)


def _repeated(codes: NDArray[np.int64], when: NDArray[np.float64]) -> float:
    order = np.lexsort((when, codes))
    same = (np.diff(codes[order]) == 0) & (np.diff(when[order]) == 0)
    return float(same.sum() / len(when))


def _is_panel(entity: Entity, time: Time, evidence: _Evidence, *, one_row_each: bool) -> bool:
    in_order = evidence.ordered >= _IN_ORDER
    own = evidence.repeated <= 0.02 or evidence.is_grid
    told = entity.named or bool(evidence.statics)
    if time.given is None and not in_order:
        return False
    if in_order and entity.together and own:
        return entity.named or evidence.is_grid or (bool(evidence.statics) and not time.counted)
    if evidence.is_grid and evidence.filled >= 0.5:
        return told or evidence.filled >= 0.9
    # Visits, purchases, readings: nothing but the name says whose they are.
    events = entity.who and not time.counted and entity.entities >= 5 and not one_row_each
    return events and evidence.repeated <= 0.3 and (in_order or time.columns[0].kind is Kind.DATETIME)


def _reasons(entity: Entity, time: Time, evidence: _Evidence) -> tuple[str, ...]:
    when = " and ".join(repr(column.name) for column in time.columns)
    reasons = [f"{count(len(entity.codes))} rows are about {count(entity.entities)} different {entity.name!r}."]
    if evidence.ordered >= _IN_ORDER:
        reasons.append(f"The rows of one are in the order of {when}.")
    if evidence.is_grid:
        reasons.append(f"Each has a moment of {when} once, where chance would repeat {percent(evidence.by_chance)}.")
    if evidence.statics:
        reasons.append(f"They keep {count(len(evidence.statics))} columns the same, such as {evidence.statics[0]!r}.")
    if entity.named:
        reasons.append(f"{entity.name!r} is a name for those whom rows are about.")
    return tuple(reasons)


def _series(frame: pd.DataFrame, schema: Schema, times: Sequence[Time]) -> Found | None:
    """A plain series by a time that never repeats and is in order."""
    n = len(frame)
    some = np.unique(np.linspace(0, n - 1, min(n, SAMPLE_ROWS)).astype(np.int64))
    begin = max((n - SAMPLE_ROWS) // 2, 0)
    near = frame.iloc[begin : begin + SAMPLE_ROWS]
    for time in times:
        when = " and ".join(repr(column.name) for column in time.columns)
        steps = np.diff(time.numbers(near))
        if not (_one_way(steps) and _one_way(np.diff(time.numbers(frame.iloc[some])))):
            continue
        reasons = [f"{when} never repeats, and the rows are in its order."]
        if time.given is not None and not time.counted and _is_regular(steps):
            reasons.append("Its steps are regular.")
        elif (found := _likeness(near, schema, np.array([0, len(near)]), times)) is not None:
            reasons.append(found)
        elif time.given is not None or not _is_regular(np.diff(time.numbers(near))):
            continue
        return None, time.given, tuple(reasons)
    return None


def _one_way(steps: NDArray[np.float64]) -> bool:
    return bool((steps > 0).all() or (steps < 0).all())


def _is_regular(steps: NDArray[np.float64]) -> bool:
    """Whether most steps are as long as the middle one, give or take what months differ by."""
    sizes = np.abs(steps)
    return bool((np.abs(sizes / np.median(sizes) - 1) < 0.12).mean() >= 0.7)


def _by_order(frame: pd.DataFrame, schema: Schema, entities: Sequence[Entity], times: Sequence[Time]) -> Found | None:
    """A series, or one for each entity, that only the order of the rows tells."""
    varied = [column for column in schema if column.kind is not Kind.CONSTANT]
    numeric = sum(column.kind is Kind.NUMERIC for column in varied)
    names = {column.semantic or column.name.lower() for column in schema}
    if 2 * numeric < len(varied) or any(names >= pair for pair in _PLACES) or any(not time.counted for time in times):
        return None
    begin = max((len(frame) - SAMPLE_ROWS) // 2, 0)
    near = frame.iloc[begin : begin + SAMPLE_ROWS]
    for entity in [one for one in entities if one.named and one.together and len(frame) / one.entities >= 2 * BLOCK]:
        codes = entity.codes[begin : begin + SAMPLE_ROWS]
        bounds = np.r_[0, np.flatnonzero(codes[1:] != codes[:-1]) + 1, len(codes)]
        if (found := _likeness(near, schema, bounds, times, least=_ALIKE_ALONE)) is not None:
            about = f"The rows of each of {count(entity.entities)} different {entity.name!r} stand together."
            return entity.name, None, (about, found)
    found = _likeness(near, schema, np.array([0, len(near)]), times, least=_ALIKE_ALONE)
    return None if found is None else (None, None, (found,))


def _likeness(
    frame: pd.DataFrame, schema: Schema, bounds: Bounds, times: Sequence[Time], *, least: float = _ALIKE
) -> str | None:
    """How much more alike consecutive rows are than shuffled ones, in a sentence; None if they are not."""
    if len(frame) < _LEAST_ORDER_ROWS:
        return None
    other = {column.name for time in times for column in time.columns}
    rng, alike, shuffled = np.random.default_rng(0), [], []
    for column in [c for c in schema if c.kind is Kind.NUMERIC and c.name not in other][:MOST_CHANNELS]:
        values = numbers_of(frame[column.name], column)
        steps = np.diff(values)
        steps[bounds[1:-1] - 1] = np.nan
        steps = steps[np.isfinite(steps)]
        if len(steps) and np.ptp(steps) == 0:
            continue  # a counter of the rows
        if _is_sorted(steps):
            return None  # rows that were sorted by a column are alike because of that
        values, runs = _without_repeats(values, bounds)
        few = len(np.unique(values)) <= 5
        alike.append(0.0 if few else local_likeness(values, runs))
        shuffled.append(0.0 if few else local_likeness(rng.permutation(values), np.array([0, len(values)])))
    now, then = (np.nan_to_num(one) for one in (alike, shuffled))
    if not alike or np.median(now) < max(least, float(np.max(then)) + 0.2):
        return None
    return (
        f"Consecutive rows are alike: their autocorrelation is {number(float(np.median(now)), 2)}, and "
        f"{number(float(np.median(then)), 2)} when shuffled."
    )


def _without_repeats(values: NDArray[np.float64], bounds: Bounds) -> tuple[NDArray[np.float64], Bounds]:
    """Values without those equal to the one before: what a family or a place has in common repeats from row to row."""
    keep = np.r_[True, values[1:] != values[:-1]]
    keep[bounds[:-1]] = True
    return values[keep], np.r_[0, np.cumsum(keep)][bounds]


def _is_sorted(steps: NDArray[np.float64]) -> bool:
    """Whether rows were sorted by a column, all of them or in pieces; a trend goes one way as well, but comes far."""
    moves = steps[steps != 0]
    up = float((moves > 0).mean()) if len(moves) else 0.5
    one_way = max(up, 1 - up)
    return one_way >= _IN_ORDER or (one_way >= 0.85 and abs(moves.sum()) < 0.5 * np.abs(moves).sum())
