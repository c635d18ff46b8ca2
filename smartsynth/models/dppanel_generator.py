"""Event panels within a budget of differential privacy whose unit is an entity with all its events.

    entities   static columns, first time, number of events: a private table                     dppanel_domain.py
    events     values, shares and pairs of columns, of one event of each entity                  dppanel_domain.py
    network    the next event, given the entity and its events so far, by DP-SGD on entities     dppanel_network.py, _training.py
    settle     columns' shares are set to those that were measured: no real row is read          dppanel_sampling.py

An entity is in each of the three as one: it changes a count by one, and its gradient over all of its events is clipped as a
whole. What it costs does not depend on how many events it has; only the first `max_events` are used.

Time cannot go back, because what is drawn is the gap to the event before. A plain series has no unit to protect: it is all
about one thing, so that no ε can be claimed for it.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.errors import ConfigError, MissingExtraError
from smartsynth.models.base import State
from smartsynth.models.conditions import Condition
from smartsynth.models.dp_domain import is_open, within_declared
from smartsynth.models.dppanel_domain import PartTable, entity_rows, entity_schema, event_rows, event_schema, one_each
from smartsynth.models.dppanel_network import EventNetwork, Head, heads_of, told
from smartsynth.models.dppanel_sampling import Clock, Drawn, Sampler, settled
from smartsynth.models.dppanel_training import PLACES, Histories, PrivateTraining
from smartsynth.models.encoding import NumberCodec
from smartsynth.models.options import not_between, not_whole
from smartsynth.models.private import PrivateGenerator
from smartsynth.models.sequence_base import SequenceGenerator
from smartsynth.models.storage import to_float
from smartsynth.models.training import Checkpoints
from smartsynth.privacy.accountant import checked
from smartsynth.privacy.ledger import Budget, Ledger
from smartsynth.privacy.noise import FloatNoise
from smartsynth.progress import Progress, part
from smartsynth.schema import Schema
from smartsynth.sequences import Panel

ENTITIES, EVENTS = 0.2, 0.3
"""Shares of the budget for the entities as a table and for what values events have; the rest is for the network."""
NAMES = 3.0
"""How much more of the latter a column of categories gets than one of numbers: a category that is not found cannot be learnt."""
SETTLING = 4_096
"""Entities that are drawn to set the columns' shares."""


class DPPanelGenerator(PrivateGenerator, SequenceGenerator):
    """A recurrent network of event panels with differential privacy for entities, by DP-SGD.

    Args:
        epsilon: Privacy budget ε: how much one entity with all its rows can change what comes out. 1 is strong, over 10 is weak.
        delta: Chance that the promise fails for one entity.
        unit: The entity's column, or None: what is protected is always an entity.
        max_events: Most events of one entity that are used, its first ones.
        steps: Steps of the network; more need more noise each.
        batch_size: Entities that a step is expected to have.
        clip: Norm that one entity's gradient has at most.
        memory_dim: Width of the network's memory.
        hidden_dim: Width of each column's layer.
        learning_rate: Of the network.
    """

    name: ClassVar[str] = "dppanel"
    summary: ClassVar[str] = (
        "Event panels within a budget of differential privacy for whole entities: noisy counts, and a recurrent network by DP-SGD."
    )
    gaussian: ClassVar[bool] = False
    cost: ClassVar[float] = 60.0
    cost_rows: ClassVar[int] = 10_000
    cost_columns: ClassVar[float] = 1.0
    cost_per_sample: ClassVar[float] = 0.5
    effort: ClassVar[Mapping[str, int]] = {"steps": 300}
    quality: ClassVar[float] = 0.0
    min_rows: ClassVar[int] = 20
    extra: ClassVar[str | None] = "dpsgd"

    gradient_noise: FloatNoise = FloatNoise()
    """Where the randomness of gradients comes from; a test puts a recorder in its place."""

    def __init__(
        self,
        *,
        epsilon: float = 1.0,
        delta: float = 1e-9,
        unit: str | None = None,
        max_events: int = 50,
        steps: int = 300,
        batch_size: int = 1_000,
        clip: float = 1.0,
        memory_dim: int = 24,
        hidden_dim: int = 16,
        learning_rate: float = 0.015,
    ) -> None:
        self.epsilon = epsilon
        self.delta = delta
        self.unit = unit
        self.max_events = max_events
        self.steps = steps
        self.batch_size = batch_size
        self.clip = clip
        self.memory_dim = memory_dim
        self.hidden_dim = hidden_dim
        self.learning_rate = learning_rate

    def _fit(
        self,
        data: pd.DataFrame,
        schema: Schema,
        rng: np.random.Generator,
        progress: Progress,
        checkpoints: Checkpoints | None = None,
    ) -> None:
        self._check_options(schema)
        if importlib.util.find_spec("torch") is None:  # before anything is spent
            raise MissingExtraError(f"The generator {self.name!r}", "dpsgd")
        super()._fit(data, schema, rng, progress, checkpoints)

    def _learn(
        self, panel: Panel, rng: np.random.Generator, progress: Progress, checkpoints: Checkpoints | None
    ) -> None:
        schema = panel.schema
        self._panel_schema = schema
        self._time = None if schema.time is None else schema.time.name
        panel = self._bounded_panel(Panel.of(within_declared(panel.frame, schema), schema))
        budget = Budget(self.epsilon, self.delta, thresholds=self.threshold_share(schema))
        rows = self._learn_tables(panel, budget, progress)
        columns = self._events.coding.columns
        self._order, self._heads = heads_of(
            columns, self._events.shares(), self._events.pairs(), timed=self._time is not None
        )
        histories = self._histories(panel, rows)
        rate = min(float(f"{self.batch_size / self.rows_:.2g}"), 1.0)
        sigma = budget.spend_steps("fit", "gradients of the network", rate=rate, steps=self.steps)
        self._weights = self._train(histories, rate, sigma, part(progress, 0.15, 0.95))
        self._settle()
        self.ledger_ = self._account(budget)

    def _check_options(self, schema: Schema) -> None:
        checked(self.epsilon, self.delta)
        entity = schema.entity
        assert entity is not None  # noqa: S101  (SequenceGenerator refuses a schema without one)
        if schema.is_series:
            raise ConfigError(
                f"epsilon={self.epsilon:g}: a single series has no unit to protect, because its stretches are parts of one thing "
                "and not persons, so ε cannot be claimed. Name the entity whose rows these are, or use a generator without ε."
            )
        if self.unit not in (None, entity.name):
            raise ConfigError(
                f"unit={self.unit!r}: what is protected is the entity {entity.name!r} with all its rows. Leave unit out."
            )
        wrong = not_whole(self, ("max_events", "steps", "batch_size", "memory_dim", "hidden_dim"))
        wrong += not_between(self, {"learning_rate": 1, "clip": 1_000})
        if wrong:
            raise ConfigError(" ".join(wrong))
        if not any(column.is_modelled for column in event_schema(schema)):
            raise ConfigError(
                "No column changes from row to row of an entity, and there is no time. Name the time, or use `marginal` with one "
                "row per entity."
            )

    def _bounded_panel(self, panel: Panel) -> Panel:
        """The first `max_events` events of each entity."""
        place = np.arange(len(panel.frame)) - panel.first[panel.entity_of_row]
        return Panel.of(panel.frame[place < self.max_events], panel.schema)

    def _learn_tables(self, panel: Panel, budget: Budget, progress: Progress) -> pd.DataFrame:
        """Learn what noisy counts tell; the events as rows."""
        of_entity, of_event = entity_schema(panel.schema, self.max_events), event_schema(panel.schema)
        opened = [sum(map(is_open, schema)) for schema in (of_entity, of_event)]
        failing = [budget.delta_left * n / max(sum(opened), 1) for n in opened]
        self._entities = PartTable.learn(
            entity_rows(panel, of_entity), of_entity, budget, self.noise, stage="entities", share=ENTITIES, failing=failing[0],
            names=1.0, structure="cliques", progress=part(progress, 0.0, 0.1),
        )  # fmt: skip
        self.rows_ = self._entities.rows_
        units = [c.unit for c in self._entities.coding.codecs if isinstance(c, NumberCodec) and c.name == self._time]
        rows = event_rows(panel, of_event, units[0] if units else 1)
        self._events = PartTable.learn(
            one_each(panel, rows, self._picks(panel)), of_event, budget, self.noise, stage="events", share=EVENTS,
            failing=failing[1], names=NAMES, structure="tree", progress=part(progress, 0.1, 0.15),
        )  # fmt: skip
        return rows

    def _picks(self, panel: Panel) -> NDArray[np.float64]:
        """Two uniform numbers for each entity."""
        return FloatNoise().uniform(2 * len(panel)).reshape(2, -1)

    def _network(self, heads: Sequence[Head]) -> EventNetwork:
        width = sum(table.shape[1] for table in self._facts())
        return EventNetwork(heads, entity=width, place=PLACES, memory=self.memory_dim, hidden=self.hidden_dim)

    def _facts(self) -> list[NDArray[np.float32]]:
        """What the network is told of the codes of an entity's columns."""
        columns, shares = self._entities.coding.columns, self._entities.shares()
        found = (
            told(p, ordered=c.ordered, missing=c.missing_code, names=False)
            for c, p in zip(columns, shares, strict=True)
        )
        return [table for table in found if table is not None]

    def _told_of(self, codes: NDArray[Any]) -> NDArray[np.float32]:
        """Entities × numbers of the codes of their columns."""
        return np.concatenate([table[code] for table, code in zip(self._facts(), codes, strict=True)], 1)

    def _histories(self, panel: Panel, rows: pd.DataFrame) -> Histories:
        """The entities as the network learns them."""
        coding = self._events.coding
        codes = coding.codes(rows)[self._order].T.astype(np.int64)
        same = np.zeros(codes.shape, bool)
        for place, j in enumerate(self._order):
            name = coding.codecs[j].name
            values = (
                codes[:, place] if coding.columns[j].ordered else pd.factorize(rows[name], use_na_sentinel=False)[0]
            )
            same[1:, place] = (values[1:] == values[:-1]) & (codes[1:, place] == codes[:-1, place])
        same[panel.first] = False
        counts = np.ones(codes.shape, bool)
        counts[panel.first, 0] = self._time is None
        of_entity = self._entities.coding.codes(entity_rows(panel, self._entities.schema_))
        return Histories(panel.bounds, codes, same, counts, self._told_of(of_entity))

    def _train(
        self, histories: Histories, rate: float, sigma: float, progress: Progress
    ) -> dict[str, NDArray[np.float32]]:
        training = PrivateTraining(
            self._network(self._heads), histories, rate=rate, sigma=sigma, expected=rate * self.rows_,
            noise=self.gradient_noise, clip=self.clip, learning_rate=self.learning_rate, steps=self.steps,
        )  # fmt: skip
        weights: dict[str, NDArray[np.float32]] = training.run(progress)
        return weights

    def _settle(self) -> None:
        """Set the shares of columns to those that were measured: no more real rows are read."""
        shares = self._events.shares()
        _, known, lengths, first = self._drawn_entities(SETTLING, 0, np.random.default_rng(0))

        def draw(heads: Sequence[Head]) -> Drawn:
            return self._sampler(heads).draw(known, lengths, first, np.random.default_rng(1))

        self._heads = settled(self._heads, [shares[j] for j in self._order], draw, has_gap=self._time is not None)

    def _sampler(self, heads: Sequence[Head]) -> Sampler:
        return Sampler(self._network(heads), self._weights, self._clock())

    def _clock(self) -> Clock | None:
        """What the time needs; None if there is none."""
        if self._time is None:
            return None
        coding = self._events.coding
        (gap, time), (gaps, grid) = coding.codecs[:2], coding.inside.grids[:2]
        assert isinstance(gap, NumberCodec) and isinstance(time, NumberCodec)  # noqa: S101  (times are numbers)
        assert gaps is not None and grid is not None  # noqa: S101  (and have grids)
        return Clock(time, grid, gap, gaps)

    def _drawn_entities(
        self, n: int, start: int, rng: np.random.Generator
    ) -> tuple[pd.DataFrame, NDArray[np.float32], NDArray[np.int64], NDArray[np.float64]]:
        """Entities as a table, as what the network knows of them, their numbers of events, and their first times."""
        codes, table = self._entities.drawn(n, start, rng)
        lengths = np.clip(table.iloc[:, -1].to_numpy(np.int64), 1, self.max_events)
        clock = self._clock()
        if clock is None:
            return table, self._told_of(codes), lengths, np.zeros(n)
        first = to_float(clock.codec.column, table[clock.codec.name], clock.codec.unit)
        return table, self._told_of(codes), lengths, np.where(np.isnan(first), clock.codec.low, first)

    def _records(
        self, n: int, start: int, rng: np.random.Generator, conditions: Mapping[str, Condition], progress: Progress
    ) -> Panel:
        table, known, lengths, first = self._drawn_entities(n, start, rng)
        drawn = self._sampler(self._heads).draw(known, lengths, first, rng)
        progress(0.7, "Drawn")
        coding, rows = self._events.coding, len(drawn.codes)
        codes = np.empty((len(self._order), rows), np.uint16)
        codes[self._order] = drawn.codes.T
        frame = coding.encoder.decode(coding.values(codes, [rng], rows), rng, start=start * self.max_events, n=rows)
        for place, j in enumerate(self._order):
            if not coding.columns[j].ordered:
                source = np.maximum.accumulate(np.where(drawn.copied[:, place], 0, np.arange(rows)))
                name = coding.codecs[j].name
                frame[name] = frame[name].iloc[source].reset_index(drop=True)
        if (clock := self._clock()) is not None:
            widened = replace(clock.codec, low=-np.inf, high=np.inf)
            frame[clock.codec.name] = widened.decode(drawn.times, rng)
        owner = np.repeat(np.arange(n), np.diff(drawn.bounds))
        for name in table.columns[:-1]:
            if name != self._time:
                frame[name] = table[name].iloc[owner].reset_index(drop=True)
        schema = self._panel_schema
        return Panel(frame[list(schema.names)], schema, drawn.bounds)

    def _account(self, budget: Budget) -> Ledger:
        """What the budget was spent on."""
        entity = self._panel_schema.entity
        unit = "one entity" if entity is None else f"one {entity.name} with all its rows"
        return Ledger(tuple(budget.entries), self.epsilon, self.delta, unit)

    def _state(self) -> State:
        parts = {name: table.state(name) for name, table in (("entities", self._entities), ("events", self._events))}
        values = {
            "tables": {name: part.values for name, part in parts.items()}, "rows": self.rows_, "order": self._order,
            "ledger": self.ledger_.to_json(), "panel": self._panel_schema.to_json(),
            "heads": [[head.parent, head.drawn] for head in self._heads],
        }  # fmt: skip
        arrays = {name: array for part in parts.values() for name, array in part.arrays.items()}
        arrays |= {f"base{j}": head.base for j, head in enumerate(self._heads)}
        arrays |= {f"told{j}": head.told for j, head in enumerate(self._heads) if head.told is not None}
        return State(values, arrays, self._weights)

    def _restore(self, state: State) -> None:
        values, arrays = state.values, state.arrays
        self._entities, self._events = (
            PartTable.restored(values["tables"][name], arrays, name) for name in ("entities", "events")
        )
        self._panel_schema = Schema.from_json(values["panel"])
        self._time = None if self._panel_schema.time is None else self._panel_schema.time.name
        self.rows_, self._order = float(values["rows"]), [int(j) for j in values["order"]]
        self.ledger_ = Ledger.from_json(values["ledger"])
        self._heads = tuple(
            Head(arrays[f"base{j}"], arrays.get(f"told{j}"), parent, drawn)
            for j, (parent, drawn) in enumerate(values["heads"])
        )
        self._weights = {name: np.array(array) for name, array in state.weights.items()}
        lost = [name for name, (width, out) in self._network(self._heads).layers.items()
                if self._weights[f"{name}.weight"].shape != (out, width)]  # fmt: skip
        if lost:
            raise ValueError("The network's weights do not belong to these columns.")
