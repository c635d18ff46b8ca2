"""The flagship for event panels: what an entity keeps like a row of a table, then event after event, then refinement.

    opening      static columns and the first time: a chain of forests, as for a table (autoregression.py)
    events       go on or stop, gap, and each channel, given the history (event_chain.py)
    refinement   what a detective still sees in whole entities, as a density ratio of record tables (refinement.py)
    sample       entities are drawn, refinement chooses among them, codes become cells

Everything is learnt from codes: no value that fewer than `min_count` rows share, no exact extreme and no row is in the model.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.columns import with_columns
from smartsynth.errors import ConfigError
from smartsynth.models.autoregression import Autoregression, Codes, Growth
from smartsynth.models.base import State
from smartsynth.models.boosting import Training, flatten, threads
from smartsynth.models.coding import Coding, under
from smartsynth.models.conditioning import draw_under, limited
from smartsynth.models.conditions import Condition
from smartsynth.models.encoding import TableEncoder
from smartsynth.models.event_chain import EventChain, times_of
from smartsynth.models.event_features import Channels, History, since_anchor
from smartsynth.models.forest_generator import LEAST
from smartsynth.models.options import below
from smartsynth.models.refinement import SPARE, Refinement
from smartsynth.models.sequence_base import BLOCK_RECORDS, SequenceGenerator
from smartsynth.models.storage import to_float
from smartsynth.models.training import Checkpoints
from smartsynth.progress import Progress, part
from smartsynth.schema import Column, Kind, Role, Schema
from smartsynth.sequences import Panel, record_table

RATIO = Training(
    rounds=100, learning_rate=0.1, num_leaves=31, min_data_in_leaf=100, lambda_l2=10.0,
    feature_fraction=0.5, bagging_fraction=0.5,
)  # fmt: skip
MADE_PER_REAL = 5
MOST_MADE_ROWS = 600_000
"""Events that a round of refinement is learnt from at most."""
RECORD_BINS = 48
AGE = "time since the anchor"


class PanelGenerator(SequenceGenerator):
    """Event panels by forests of count trees, with density-ratio refinement of whole entities.

    Args:
        n_bins: Bins of a number, besides its heavy values.
        trees: Trees of a column; a large panel gets fewer.
        refinement_rounds: Rounds of density-ratio refinement; 0 leaves it out.
        min_count: A value held by fewer rows is never stored and never comes back on purpose.
    """

    name: ClassVar[str] = "panel"
    summary: ClassVar[str] = "Event after event by sequential forests, whole histories refined: the closest for panels."
    compiles: ClassVar[bool] = True
    cost: ClassVar[float] = 46.0
    cost_rows: ClassVar[int] = 60_000
    cost_columns: ClassVar[float] = 1.0
    cost_per_sample: ClassVar[float] = 1.0
    quality: ClassVar[float] = 0.8
    conditional: ClassVar[bool] = True
    refines: ClassVar[bool] = True
    continues: ClassVar[bool] = True

    def __init__(self, *, n_bins: int = 96, trees: int = 32, refinement_rounds: int = 3, min_count: int = 5) -> None:
        self.n_bins = n_bins
        self.trees = trees
        self.refinement_rounds = refinement_rounds
        self.min_count = min_count

    def _learn(
        self, panel: Panel, rng: np.random.Generator, progress: Progress, checkpoints: Checkpoints | None
    ) -> None:
        self._check_options()
        schema, growth = panel.schema, Growth(trees=self.trees)
        channels = Channels.fit(panel, n_bins=self.n_bins, min_count=self.min_count, rng=rng)
        firsts = panel.frame.iloc[panel.first].reset_index(drop=True)
        self._names = TableEncoder.fit(firsts, name_schema(schema), min_count=self.min_count, rng=rng)
        self._opening, codes = Coding.fit(
            _aged(firsts, schema, channels),
            opening_schema(schema, channels),
            n_bins=self.n_bins,
            min_count=self.min_count,
            rng=rng,
        )
        self._first = Autoregression.fit(
            codes, self._opening.columns, self._opening.order(codes), growth=growth, rng=rng, threads=threads(),
            progress=part(progress, 0.0, 0.1),
        )  # fmt: skip
        self._events = EventChain.fit(
            panel, channels, growth=growth, rng=rng, threads=threads(), progress=part(progress, 0.1, 0.5)
        )
        self._plain = schema
        self._refine(panel, rng, part(progress, 0.5, 1.0))

    def _refine(self, panel: Panel, rng: np.random.Generator, progress: Progress) -> None:
        """Learn the density ratio of whole entities."""
        table, columns = record_table(panel)
        self._records_coding, codes = Coding.fit(table, columns, n_bins=RECORD_BINS, min_count=self.min_count, rng=rng)
        per_real = min(MADE_PER_REAL, MOST_MADE_ROWS // max(len(panel.frame), 1))
        self._refinement = Refinement.fit(
            codes, self._draw_codes, self._records_coding.columns,
            rounds=self.refinement_rounds if len(codes) > 1 and per_real > 0 else 0, how=RATIO, rng=rng,
            threads=threads(), progress=progress, made_per_real=max(per_real, 1),
        )  # fmt: skip

    def _draw_codes(self, n: int, rng: np.random.Generator, progress: Progress) -> Codes:
        """Record codes of `n` entities that nothing was chosen from."""
        seeds = rng.spawn(-(-n // BLOCK_RECORDS))
        with ThreadPoolExecutor(threads()) as pool:
            tables = []
            for codes in pool.map(lambda rng: self._codes_of(self._entities(BLOCK_RECORDS, rng, {})), seeds):
                tables.append(codes)
                progress(len(tables) / len(seeds), "Drawing entities")
        return np.ascontiguousarray(np.concatenate(tables, axis=1)[:, :n])

    def _codes_of(self, panel: Panel) -> Codes:
        return self._records_coding.codes(record_table(panel, self._records_coding.encoder.schema)[0])

    def _records(
        self, n: int, start: int, rng: np.random.Generator, conditions: Mapping[str, Condition], progress: Progress
    ) -> Panel:
        size = math.ceil(n * self._refinement.pool * SPARE) if self._refinement.n_rounds else n
        pool = self._entities(size, rng, conditions)
        progress(0.7, "Drawing entities")
        if self._refinement.n_rounds:
            codes = self._codes_of(pool)
            if conditions:
                places = self._refinement.choose(codes, n, rng)
            else:
                (places,) = self._refinement.balanced([codes], n, self._records_coding.columns, [rng])
            pool = pool.take(places)
        return self._named(pool, start, rng)

    def _named(self, panel: Panel, start: int, rng: np.random.Generator) -> Panel:
        """The entities under new names, with what else is made anew once per entity or once per row."""
        made = self._names.decode([], rng, start=start, n=len(panel))
        who = panel.entity_of_row
        cells = {str(name): made[name].iloc[who].reset_index(drop=True) for name in made}
        rows = self._made_anew(len(panel.frame), rng, start=start * self._events.channels.longest)
        frame = with_columns(panel.frame, {**cells, **rows})[list(self._plain.names)]
        return Panel(frame, self._plain, panel.bounds)

    def _made_anew(self, n: int, rng: np.random.Generator, *, start: int) -> dict[str, pd.Series[Any]]:
        """Cells of rows that are not learnt, such as their keys; `start` is the first row's place in the sequence."""
        encoder = self._events.channels.coding.encoder
        schema = Schema(tuple(c for c in encoder.schema if not c.is_modelled))
        made = TableEncoder(schema, (), encoder.surrogates).decode([], rng, start=start, n=n)
        return {str(name): made[name] for name in made}

    def _entities(self, n: int, rng: np.random.Generator, conditions: Mapping[str, Condition]) -> Panel:
        """`n` entities numbered from 0, as the chains draw them."""
        codes, inside = self._opening_codes(n, rng, conditions)
        values = self._opening.values(codes, [rng], n, inside)
        firsts = self._opening.encoder.decode(values, rng, n=n).reindex(pd.RangeIndex(n))
        time = self._plain.time
        if time is None or time.name not in conditions:  # a first time that is asked for is drawn as it is
            firsts = _timed(firsts, self._plain, self._events.channels, rng)
        return self._followed(firsts, rng)

    def _opening_codes(
        self, n: int, rng: np.random.Generator, conditions: Mapping[str, Condition]
    ) -> tuple[Codes, Any]:
        if not conditions:
            return self._first.sample(n, rng), None
        kept = [codec.name for codec in self._opening.codecs if codec.name != AGE]
        if other := [name for name in conditions if name not in kept]:
            raise ConfigError(
                f"where={str(conditions[other[0]])!r}: entities can be asked for by what they keep and by their first time: "
                f"{', '.join(kept)}."
            )
        limits = limited(conditions, self._opening)
        codes, _ = draw_under(self._first, Refinement(flatten([])), limits, n, rng)
        return codes, limits.inside

    def _followed(self, firsts: pd.DataFrame, rng: np.random.Generator) -> Panel:
        """Entities with static columns and a first time, and all their events."""
        channels, n = self._events.channels, len(firsts)
        when = np.zeros(n) if channels.time is None else channels.time.encode(firsts[channels.time.name])
        history = History.empty(channels, firsts, when)
        until = np.inf if channels.time is None else max(channels.time.high, float(when.max(initial=-np.inf)))
        owners, whens, cells = self._events.run(history, rng, most=channels.longest, until=until)
        order = np.argsort(owners, kind="stable")
        frame = self._cells(firsts, owners[order], whens[order], [v[order] for v in cells], rng)
        bounds = np.r_[0, np.cumsum(np.bincount(owners, minlength=n))].astype(np.int64)
        return Panel(frame, self._plain, bounds)

    def _cells(
        self,
        firsts: pd.DataFrame,
        owner: NDArray[np.int64],
        when: NDArray[np.float64],
        values: list[NDArray[Any]],
        rng: np.random.Generator,
        *,
        beyond: bool = False,
    ) -> pd.DataFrame:
        """The rows of events: their learnt cells, and what each entity keeps. `beyond`: times may lie outside all learnt ones."""
        channels, schema = self._events.channels, self._plain
        learnt = Schema(tuple(c for c in channels.coding.encoder.schema if c.is_modelled))
        frame = TableEncoder(learnt, channels.coding.codecs, {}).decode(values, rng, n=len(owner))
        frame.index = pd.RangeIndex(len(owner))
        kept = {c.name: firsts[c.name].iloc[owner].reset_index(drop=True) for c in schema.statics}
        if channels.time is not None:
            codec = channels.time
            if beyond:
                ends = when.min(initial=codec.low), when.max(initial=codec.high)
                codec = replace(codec, low=float(ends[0]), high=float(ends[1]))
            kept[codec.name] = codec.decode(when, rng)
        assert schema.entity is not None  # noqa: S101  (a panel has one)
        kept[schema.entity.name] = pd.Series(owner)
        frame = with_columns(frame, kept)
        return frame[[name for name in schema.names if name in frame]]

    def _continue(self, known: Panel, horizon: int, rng: np.random.Generator, progress: Progress) -> pd.DataFrame:
        channels = self._events.channels
        history = _history(known, channels)
        owners, whens, cells = self._events.run(history, rng, most=horizon)
        progress(0.9, "Continued")
        order = np.argsort(owners, kind="stable")
        firsts = known.frame.iloc[known.first].reset_index(drop=True)
        frame = self._cells(firsts, owners[order], whens[order], [v[order] for v in cells], rng, beyond=True)
        names = [c.name for c in self._plain if c.static]
        kept = {name: firsts[name].iloc[owners[order]].reset_index(drop=True) for name in names}
        rows = self._made_anew(len(frame), rng, start=0)
        return with_columns(frame, {**kept, **rows})[list(self._plain.names)]

    def _check_options(self) -> None:
        if wrong := below(self, LEAST):
            raise ConfigError(" ".join(wrong))

    def _state(self) -> State:
        parts: dict[str, Mapping[str, NDArray[Any]]] = {
            "opening": self._opening.arrays(), "first": self._first.arrays(), "channels": self._events.channels.arrays(),
            "events": self._events.arrays(), "records": self._records_coding.arrays(), "ratio": self._refinement.arrays(),
        }  # fmt: skip
        values = {
            "names": self._names.to_json(), "opening": self._opening.to_json(), "records": self._records_coding.to_json(),
            "channels": self._events.channels.to_json(), "schema": self._plain.to_json(),
        }  # fmt: skip
        return State(
            values, {f"{part}.{name}": array for part, arrays in parts.items() for name, array in arrays.items()}
        )

    def _restore(self, state: State) -> None:
        values, arrays = state.values, state.arrays
        self._plain = Schema.from_json(values["schema"])
        self._names = TableEncoder.from_json(values["names"])
        self._opening = Coding.restore(values["opening"], under(arrays, "opening."))
        self._first = Autoregression.from_arrays(under(arrays, "first."))
        channels = Channels.restore(self._plain, values["channels"], under(arrays, "channels."))
        self._events = EventChain.restore(channels, under(arrays, "events."))
        self._records_coding = Coding.restore(values["records"], under(arrays, "records."))
        self._refinement = Refinement.from_arrays(under(arrays, "ratio."))


def name_schema(schema: Schema) -> Schema:
    """The columns that are made anew once per entity: its name, and other static ones that are not learnt."""
    return Schema(tuple(c for c in schema if c.static and not c.is_modelled))


def opening_schema(schema: Schema, channels: Channels) -> Schema:
    """What an entity keeps and its first time, also since the anchor if there is one."""
    columns = tuple(c for c in schema if c.is_modelled and (c.static or c.role is Role.TIME))
    if channels.anchor is None or channels.time is None:
        return Schema(columns)
    return Schema((*columns, Column(AGE, Kind.NUMERIC, "float64", decimals=channels.time.decimals, nullable=True)))


def _aged(firsts: pd.DataFrame, schema: Schema, channels: Channels) -> pd.DataFrame:
    """First events with their time since the anchor."""
    if channels.anchor is None or channels.time is None:
        return firsts
    return with_columns(firsts, {AGE: since_anchor(firsts, schema, channels.time, channels.anchor)})


def _timed(firsts: pd.DataFrame, schema: Schema, channels: Channels, rng: np.random.Generator) -> pd.DataFrame:
    """First events at the times that their time since the anchor says, where that is known."""
    if channels.anchor is None or channels.time is None:
        return firsts
    time = channels.time
    birth = to_float(schema[channels.anchor], firsts[channels.anchor], time.unit)
    when = birth + firsts[AGE].to_numpy(np.float64)
    when = np.where(np.isnan(when), time.encode(firsts[time.name]), when)
    return with_columns(firsts.drop(columns=AGE), {time.name: time.decode(when, rng)})


def _history(known: Panel, channels: Channels) -> History:
    """Where the entities of a panel stand after their last rows."""
    values, when = channels.coding.encoder.encode(known.frame), times_of(known, channels)
    rows, last, who = known.first.copy(), known.bounds[1:] - 1, np.arange(len(known))
    history = History.empty(channels, known.frame.iloc[rows].reset_index(drop=True), when[rows])
    done = []
    while len(who):
        history.follow(when[rows], [v[rows] for v in values])
        ended, on = np.flatnonzero(rows == last[who]), np.flatnonzero(rows < last[who])
        done.append((who[ended], history.take(ended)))
        who, rows, history = who[on], rows[on] + 1, history.take(on)
    return _joined(done, len(known))


def _joined(parts: list[tuple[NDArray[np.int64], History]], n: int) -> History:
    """Histories of entities that were told apart by their lengths, in the order of the entities."""
    order = np.argsort(np.concatenate([places for places, _ in parts]), kind="stable")
    every = [history for _, history in parts]

    def rows(name: str) -> NDArray[Any]:
        return np.concatenate([getattr(h, name) for h in every])[order]

    def columns(name: str) -> NDArray[Any]:
        return np.concatenate([getattr(h, name) for h in every], axis=1)[:, order]

    values = [np.concatenate([h.values[i] for h in every])[order] for i in range(len(every[0].values))]
    return History(
        every[0].channels, columns("statics"), rows("count"), rows("when"), rows("began"), rows("birth"), rows("gap"), values,
        columns("codes"), columns("before"), columns("steps"), columns("stays"), columns("totals"), columns("known"),
    )  # fmt: skip
