"""What is known of an entity before its next event, as small integer codes: what forests of events split on.

    history    static columns, number of events, time, time since the first, last gap; of each channel its last two codes, the
               mean so far of a number, for how many events a category has stayed
    event      stop or go on | the gap to the next event | each channel: whether it stays as it is, and what it becomes

A number that moves in small steps, or in one direction alone, is learnt as a step from the value before (`is_relative`); so it
keeps its order, and its steps their size. A cell that is often exactly what it was before has a code of its own for that
(`is_sticky`): trees then need not learn for each value that it stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.models.autoregression import CodeColumn, Codes
from smartsynth.models.clock import ENTITIES
from smartsynth.models.coding import Coding, grid_of, under
from smartsynth.models.encoding import NumberCodec, once
from smartsynth.models.grid import NumericGrid
from smartsynth.models.storage import to_float
from smartsynth.schema import Kind, Schema
from smartsynth.sequences import Panel

MOST_COUNTED = 63
LONGEST_STAY = 15
CLOCKS = ("gap", "time", "since", "age")
STICKY = 0.08
"""A cell stays exactly as it is in this share of the events more than chance alone would have it."""
NEAR, MOSTLY = 0.4, 0.8
"""Times are counted from a static column if that leaves less than so much of their spread, for so many entities."""
SMALL_STEP = 0.05
"""Steps whose spread is less than this share of the values' are learnt as steps."""


@dataclass(frozen=True, slots=True)
class Channels:
    """How the cells of an event are coded.

    Args:
        coding: Codes of the channels.
        grids: Of the steps of relative numbers; None for the other channels.
        sticky: Which channels have a code of their own for staying as they are.
        time: Codec of times; None if there are none.
        clocks: Grids of gaps, times, and times since the first event.
        longest: Events that no entity exceeds, softened.
        statics: Codes of the static columns; and their columns.
        anchor: Static column that times are counted from, such as a date of birth; None if there is none.
    """

    coding: Coding
    grids: tuple[NumericGrid | None, ...]
    sticky: tuple[bool, ...]
    time: NumberCodec | None
    clocks: Mapping[str, NumericGrid]
    longest: int
    statics: Coding
    anchor: str | None = None

    @classmethod
    def fit(cls, panel: Panel, *, n_bins: int, min_count: int, rng: np.random.Generator) -> Self:
        """The coding of a panel's events.

        Where there are enough entities, a value is rare if few of them have it, however often one repeats it.
        """
        schema, frame = panel.schema, panel.frame
        who = panel.entity_of_row if len(panel) >= ENTITIES * min_count else None
        coding, _ = Coding.fit(frame, event_schema(schema), n_bins=n_bins, min_count=min_count, rng=rng, holders=who)
        follows = np.setdiff1d(np.arange(len(frame)), panel.first, assume_unique=True)
        values = coding.encoder.encode(frame)
        grids, sticky = [], []
        for codec, own in zip(coding.codecs, values, strict=True):
            steps = own[follows] - own[follows - 1] if isinstance(codec, NumberCodec) and len(follows) else np.zeros(0)
            relative = is_relative(own, steps)
            whose = None if who is None else who[follows]
            grids.append(grid_of(steps, whose, n_bins=n_bins, min_count=min_count) if relative else None)
            sticky.append(not relative and is_sticky(own, follows))
        anchor = anchor_of(panel)
        time, clocks = _clocks(panel, follows, anchor, who, n_bins, min_count)
        lengths = np.sort(panel.lengths)[-min(min_count, len(panel)) :]
        firsts = frame.iloc[panel.first].reset_index(drop=True)
        statics, _ = Coding.fit(firsts, static_schema(schema), n_bins=n_bins, min_count=min_count, rng=rng)
        longest = int(np.ceil(lengths.mean()))
        return cls(coding, tuple(grids), tuple(sticky), time, clocks, longest, statics, anchor)

    def __len__(self) -> int:
        return len(self.coding.columns)

    def numbers(self) -> list[int]:
        """Places of the channels that are numbers."""
        return [i for i, codec in enumerate(self.coding.codecs) if isinstance(codec, NumberCodec)]

    def code(self, i: int, values: NDArray[Any]) -> NDArray[np.uint16]:
        """Codes of encoded values of channel i."""
        return np.asarray(self.coding.code(i, values), np.uint16)

    def value(self, i: int, codes: NDArray[Any], uniform: NDArray[np.float64]) -> NDArray[Any]:
        """Encoded values inside codes of channel i."""
        grid, groups = self.coding.inside.grids[i], self.coding.inside.groups[i]
        if grid is not None:
            return grid.decode(codes.astype(np.int64), uniform)
        return codes.astype(np.int32) if groups is None else groups.draw(codes, uniform)

    def to_json(self) -> dict[str, Any]:
        """What is not an array, as plain JSON types."""
        return {
            "coding": self.coding.to_json(), "statics": self.statics.to_json(), "sticky": list(self.sticky),
            "longest": self.longest, "anchor": self.anchor, "time": None if self.time is None else self.time.to_json(),
            "relative": [grid is not None for grid in self.grids],
        }  # fmt: skip

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What is an array, by name."""
        parts: dict[str, Mapping[str, NDArray[Any]]] = {
            "coding": self.coding.arrays(), "statics": self.statics.arrays(),
            **{f"step{i}": grid.arrays() for i, grid in enumerate(self.grids) if grid is not None},
            **{f"clock.{name}": grid.arrays() for name, grid in self.clocks.items()},
        }  # fmt: skip
        return {f"{part}.{name}": array for part, arrays in parts.items() for name, array in arrays.items()}

    @classmethod
    def restore(cls, schema: Schema, values: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The coding that `to_json` and `arrays` came from."""
        grids = tuple(
            NumericGrid.from_arrays(under(arrays, f"step{i}."), nullable=False) if relative else None
            for i, relative in enumerate(values["relative"])
        )
        time = None
        if values["time"] is not None and schema.time is not None:
            parts = values["time"]
            time = NumberCodec(schema.time, parts["unit"], parts["low"], parts["high"], parts["nullable"])
        found = {name.split(".")[1] for name in arrays if name.startswith("clock.")}
        names = [name for name in CLOCKS if name in found]
        clocks = {
            name: NumericGrid.from_arrays(under(arrays, f"clock.{name}."), nullable=name == "age") for name in names
        }
        return cls(
            Coding.restore(values["coding"], under(arrays, "coding.")), grids, tuple(map(bool, values["sticky"])), time,
            clocks, int(values["longest"]), Coding.restore(values["statics"], under(arrays, "statics.")), values["anchor"],
        )  # fmt: skip


def event_schema(schema: Schema) -> Schema:
    """The columns that an event has of its own."""
    return Schema(tuple(c for c in schema if not c.static and c is not schema.time))


def static_schema(schema: Schema) -> Schema:
    """The modelled columns that an entity keeps."""
    return Schema(schema.statics)


def is_relative(values: NDArray[Any], steps: NDArray[np.float64]) -> bool:
    """Whether a number is learnt as a step from the value before.

    >>> walk = np.cumsum(np.ones(50))
    >>> is_relative(walk, np.diff(walk)), is_relative(np.tile([1.0, 5.0], 25), np.tile([4.0, -4.0], 25))
    (True, False)
    """
    if len(steps) == 0 or np.isnan(values).any() or not (steps != 0).any():
        return False
    one_way = (steps >= 0).all() or (steps <= 0).all()
    spread = np.subtract(*np.quantile(steps, [0.95, 0.05])), np.subtract(*np.quantile(values, [0.95, 0.05]))
    return bool(one_way or spread[0] < SMALL_STEP * spread[1])


def is_sticky(values: NDArray[Any], follows: NDArray[np.int64]) -> bool:
    """Whether a cell is what it was in the event before far more often than chance alone would have it."""
    codes = pd.factorize(values, use_na_sentinel=False)[0]
    if len(follows) == 0 or codes.max(initial=0) < 2:
        return False
    share = np.bincount(codes) / len(codes)
    return bool((codes[follows] == codes[follows - 1]).mean() > (share**2).sum() + STICKY)


def anchor_of(panel: Panel) -> str | None:
    """The static column from which first times are counted best: their distance varies far less than the times themselves."""
    time = panel.schema.time
    if time is None:
        return None
    firsts = panel.frame.iloc[panel.first]
    codec = NumberCodec.fit(time, panel.frame[time.name], 1)
    when = codec.encode(firsts[time.name])
    best, found = NEAR * _spread(when), None
    for column in panel.schema.statics:
        if column.kind is time.kind and (time.kind is not Kind.NUMERIC or not column.decimals):
            away = when - to_float(column, firsts[column.name], codec.unit)
            if np.isfinite(away).mean() > MOSTLY and _spread(away) < best:
                best, found = _spread(away), column.name
    return found


def _spread(values: NDArray[np.float64]) -> float:
    return float(np.subtract(*np.nanquantile(values, [0.9, 0.1]))) if np.isfinite(values).any() else np.inf


def since_anchor(frame: pd.DataFrame, schema: Schema, codec: NumberCodec, anchor: str) -> NDArray[np.float64]:
    """Time of each row since its anchor, in the codec's units."""
    return codec.encode(frame[codec.name]) - to_float(schema[anchor], frame[anchor], codec.unit)


def _clocks(
    panel: Panel,
    follows: NDArray[np.int64],
    anchor: str | None,
    who: NDArray[np.int64] | None,
    n_bins: int,
    min_count: int,
) -> tuple[NumberCodec | None, dict[str, NumericGrid]]:
    column = panel.schema.time
    if column is None:
        return None, {}
    cells = panel.frame[column.name]
    codec = NumberCodec.fit(column, cells if who is None else cells[once(cells, who)], min_count)
    when = codec.encode(cells)
    since = when - when[panel.first][panel.entity_of_row]
    kept = {"time": when, "since": since}
    if anchor is not None:
        # A last missing cell makes every such grid nullable.
        kept["age"] = since_anchor(panel.frame, panel.schema, codec, anchor)
    whose = None if who is None else who[follows]
    gaps = when[follows] - when[follows - 1] if len(follows) else np.zeros(1)
    clocks = {"gap": grid_of(gaps, whose if len(follows) else None, n_bins=n_bins, min_count=min_count)}
    for name, values in kept.items():
        lone = values if who is None else values[once(values, who)]
        lone = np.r_[lone, np.nan] if name == "age" else lone
        clocks[name] = NumericGrid.fit(lone, n_bins=n_bins, min_count=min_count)
    return codec, clocks


@dataclass(slots=True)
class History:
    """What is known of n entities up to their last event; `follow` moves all of them on by one event.

    Args:
        channels: How events are coded.
        statics: Codes of the static columns, columns × n.
        count: Events so far.
        when, began: Time of the last and of the first event, in the codec's units.
        birth: Time of the anchor; NaN if it is not known, or there is none.
        gap: Code of the last gap; one more than there are for none.
        values: Encoded cells of the last event, one array per channel.
        codes, before: Their codes, channels × n, and those of the event before; one more than there are for none.
        steps: Codes of the last steps of relative channels.
        stays: For how many events each channel has stayed as it is.
        totals, known: Sum and number of the known values of each number so far.
    """

    channels: Channels
    statics: Codes
    count: NDArray[np.int64]
    when: NDArray[np.float64]
    began: NDArray[np.float64]
    birth: NDArray[np.float64]
    gap: NDArray[np.uint16]
    values: list[NDArray[Any]]
    codes: NDArray[np.uint16]
    before: NDArray[np.uint16]
    steps: NDArray[np.uint16]
    stays: NDArray[np.uint16]
    totals: NDArray[np.float64]
    known: NDArray[np.float64]

    @classmethod
    def empty(cls, channels: Channels, firsts: pd.DataFrame, when: NDArray[np.float64]) -> Self:
        """The history before the first event, which happens at `when`; `firsts` has the static columns."""
        n, columns = len(when), channels.coding.columns
        birth = np.full(n, np.nan)
        if channels.anchor is not None and channels.time is not None:
            at = next(c.column for c in channels.statics.codecs if c.name == channels.anchor)
            birth = to_float(at, firsts[channels.anchor], channels.time.unit)
        nothing = np.repeat(np.array([[c.n_codes] for c in columns], np.uint16).reshape(-1, 1), n, axis=1)
        steps = np.array([[0 if grid is None else grid.n_bins] for grid in channels.grids], np.uint16).reshape(-1, 1)
        numbers = set(channels.numbers())
        values: list[NDArray[Any]] = [
            np.full(n, np.nan) if i in numbers else np.zeros(n, np.int32) for i in range(len(columns))
        ]
        gap = channels.clocks["gap"].n_bins if channels.clocks else 0
        return cls(
            channels, channels.statics.codes(firsts), np.zeros(n, np.int64), when.copy(), when.copy(), birth,
            np.full(n, gap, np.uint16), values, nothing, nothing, np.repeat(steps, n, axis=1),
            np.zeros((len(columns), n), np.uint16), np.zeros((len(numbers), n)), np.zeros((len(numbers), n)),
        )  # fmt: skip

    def take(self, places: NDArray[Any]) -> History:
        """Some of the entities."""
        return History(
            self.channels, self.statics[:, places], self.count[places], self.when[places], self.began[places], self.birth[places],
            self.gap[places], [v[places] for v in self.values], self.codes[:, places], self.before[:, places],
            self.steps[:, places], self.stays[:, places], self.totals[:, places], self.known[:, places],
        )  # fmt: skip

    def follow(self, when: NDArray[np.float64], values: Sequence[NDArray[Any]]) -> None:
        """Move on to an event at `when` with encoded cells `values`."""
        c, again = self.channels, self.count > 0
        if c.clocks:
            gap = c.clocks["gap"]
            self.gap = np.where(again, gap.encode(when - self.when), gap.n_bins).astype(np.uint16)
        stays, steps = np.empty_like(self.stays), self.steps.copy()
        for i, (old, new) in enumerate(zip(self.values, values, strict=True)):
            same = again & ((old == new) | (pd.isna(old) & pd.isna(new)))
            stays[i] = np.where(same, np.minimum(self.stays[i] + 1, LONGEST_STAY), 0)
            grid = c.grids[i]
            if grid is not None:
                steps[i] = np.where(again, grid.encode(np.nan_to_num(np.asarray(new - old, np.float64))), grid.n_bins)
        self.stays, self.steps, self.before = stays, steps, self.codes
        self.codes = np.array([c.code(i, v) for i, v in enumerate(values)], np.uint16).reshape(self.codes.shape)
        totals, known = self.totals.copy(), self.known.copy()
        for k, i in enumerate(c.numbers()):
            totals[k] += np.nan_to_num(values[i])
            known[k] += ~np.isnan(values[i])
        self.totals, self.known = totals, known
        self.count, self.when, self.values = self.count + 1, when, list(values)

    def features(self) -> Codes:
        """Columns × n of codes, in the order of `history_columns`."""
        c = self.channels
        rows = [*self.statics, np.minimum(self.count, MOST_COUNTED)]
        if c.clocks:
            rows += [c.clocks["time"].encode(self.when), c.clocks["since"].encode(self.when - self.began), self.gap]
            rows += [c.clocks["age"].encode(self.when - self.birth)] if "age" in c.clocks else []
        rows += [*self.codes, *self.before]
        for k, i in enumerate(c.numbers()):
            mean = np.divide(
                self.totals[k], self.known[k], out=np.full(len(self.when), np.nan), where=self.known[k] > 0
            )
            rows.append(_mean_code(c.coding.inside.grids[i], mean))
        rows += [self.steps[i] for i, grid in enumerate(c.grids) if grid is not None]
        rows += [self.stays[i] for i, sticky in enumerate(c.sticky) if sticky]
        return np.asarray(rows, np.uint16)


def _mean_code(grid: NumericGrid | None, mean: NDArray[np.float64]) -> NDArray[np.int64]:
    """The bin of a mean so far; one more than there are bins while nothing is known."""
    assert grid is not None  # noqa: S101  (numbers have one)
    code = np.full(len(mean), grid.n_bins, np.int64)
    known = ~np.isnan(mean)
    code[known] = grid.encode(mean[known])
    return code


def always(channels: Channels) -> range:
    """Places of the history's columns that are offered to every factor: static columns, counts and times."""
    return range(len(channels.statics.columns) + 1 + len(channels.clocks))


def history_columns(channels: Channels) -> list[CodeColumn]:
    """What the codes of `History.features` are."""
    columns = channels.coding.columns
    out = [*channels.statics.columns, CodeColumn(MOST_COUNTED + 1, ordered=True)]
    if channels.clocks:
        gap = channels.clocks["gap"].n_bins
        out += [CodeColumn(channels.clocks[name].n_bins, ordered=True) for name in ("time", "since")]
        out += [CodeColumn(gap + 1, ordered=True, missing_code=gap)]
        if (age := channels.clocks.get("age")) is not None:
            out += [CodeColumn(age.n_bins, ordered=True, missing_code=age.n_bins - 1)]
    # None before the first event is one more code, split off first where the codes are numbers.
    out += 2 * [CodeColumn(c.n_codes + 1, c.ordered, c.n_codes if c.ordered else None) for c in columns]
    for i in channels.numbers():
        n_codes = columns[i].n_codes
        out.append(CodeColumn(n_codes + 1, ordered=True, missing_code=n_codes))
    out += [CodeColumn(g.n_bins + 1, ordered=True, missing_code=g.n_bins) for g in channels.grids if g is not None]
    out += [CodeColumn(LONGEST_STAY + 1, ordered=True) for sticky in channels.sticky if sticky]
    return out
