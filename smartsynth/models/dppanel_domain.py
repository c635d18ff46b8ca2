"""What a private event panel measures by noisy counts, before any network.

    entities   one row each: the columns that they keep, the first time, the number of events
    events     one event of each entity, drawn by chance, with the gap before another one: what values there are, how often,
               and which columns go together, as a tree of pairs

One entity is one row of either table and changes each count by one, however many events it has. The shares of values are
therefore those of a random event of a random entity. Both tables are learnt as any private table is
(marginal_generator.py), within a part of the panel's budget each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.columns import with_columns
from smartsynth.models.base import State
from smartsynth.models.coding import Coding, Inside, under
from smartsynth.models.dp_domain import Domain, DomainLearner, is_open
from smartsynth.models.encoding import TableEncoder
from smartsynth.models.junction_tree import sample_codes
from smartsynth.models.marginal_generator import MarginalGenerator
from smartsynth.models.storage import to_float
from smartsynth.privacy.ledger import Budget
from smartsynth.privacy.noise import Noise
from smartsynth.progress import Progress
from smartsynth.schema import Column, Kind, Role, Schema
from smartsynth.sequences import Panel

EVENTS, GAP = "number of events", "time since the event before"
"""Names of the columns that are made; longer if the panel has such a column."""


def entity_schema(schema: Schema, most: int) -> Schema:
    """The columns of one row per entity; the number of its events, at most `most`, comes last."""
    kept = tuple(_plain(c) for c in schema if c.static or c.role in (Role.ENTITY, Role.TIME))
    return Schema((*kept, Column(_free(EVENTS, schema), Kind.NUMERIC, "int64", decimals=0, low=0, high=most)))


def event_schema(schema: Schema) -> Schema:
    """The columns of one event; with a time, the gap to the event before comes first and the time second."""
    changing = tuple(_plain(c) for c in schema if not c.static and c.role not in (Role.ENTITY, Role.TIME))
    if (time := schema.time) is None:
        return Schema(changing)
    decimals = time.decimals if time.kind is Kind.NUMERIC else 0
    gap = Column(_free(GAP, schema), Kind.NUMERIC, "float64", decimals=decimals, nullable=True)
    return Schema((gap, _plain(time), *changing))


def _plain(column: Column) -> Column:
    """The column as one of a table."""
    return replace(column, static=False, role=Role.FEATURE if column.role is Role.TIME else column.role)


def _free(name: str, schema: Schema) -> str:
    while name in schema:
        name += "_"
    return name


def entity_rows(panel: Panel, schema: Schema) -> pd.DataFrame:
    """One row per entity, of an entity schema."""
    rows = panel.frame.iloc[panel.first].reset_index(drop=True)
    return with_columns(rows, {schema.names[-1]: panel.lengths})[list(schema.names)]


def event_rows(panel: Panel, schema: Schema, unit: int) -> pd.DataFrame:
    """One row per event, of an event schema; `unit` is that of the times."""
    if panel.schema.time is None:
        return panel.frame[list(schema.names)]
    when = to_float(panel.schema.time, panel.frame[panel.schema.time.name], unit)
    gap = np.diff(when, prepend=np.nan)
    gap[panel.first] = np.nan
    return with_columns(panel.frame, {schema.names[0]: gap})[list(schema.names)]


def one_each(panel: Panel, rows: pd.DataFrame, uniform: NDArray[np.float64]) -> pd.DataFrame:
    """One event of each entity, with the gap before one that is not its first.

    Args:
        panel: The entities.
        rows: Their events, of an event schema.
        uniform: Two numbers from 0 to under 1 for each entity.
    """
    some: pd.DataFrame = rows.iloc[panel.first + (uniform[0] * panel.lengths).astype(np.int64)].reset_index(drop=True)
    if panel.schema.time is None:
        return some
    later = panel.first + np.minimum(1 + (uniform[1] * (panel.lengths - 1)).astype(np.int64), panel.lengths - 1)
    return with_columns(some, {rows.columns[0]: rows[rows.columns[0]].to_numpy()[later]})


class PartTable(MarginalGenerator):
    """A private table that is learnt within a part of another generator's budget."""

    _names: float

    @classmethod
    def learn(
        cls, rows: pd.DataFrame, schema: Schema, budget: Budget, noise: Noise, *, stage: str, share: float, failing: float,
        names: float, structure: str, progress: Progress,
    ) -> Self:  # fmt: skip
        """The model of a table.

        Args:
            rows: One row per entity.
            schema: Its columns.
            budget: What is spent from, and where it is written down.
            noise: The door to the data.
            stage: Name of this part in the account.
            share: Of the budget.
            failing: Chance of failure that thresholds may take; 0 if no category must be found.
            names: How much more a column of categories gets than a column of numbers.
            structure: As of `MarginalGenerator`.
            progress: Called with the share done.
        """
        model = cls(epsilon=budget.epsilon, delta=budget.delta, structure=structure)
        model.noise, model._names = noise, names
        part = budget.part(share, failing=failing)
        model.learn_within(part, rows.reset_index(drop=True), schema, progress)
        model.ledger_ = model._account(part)
        budget.take(part, stage)
        del model._names
        return model

    def _domain(self, rows: pd.DataFrame, schema: Schema, budget: Budget, share: float, progress: Progress) -> Domain:
        """Categories have a part of their own: those that are not found, or not told apart, cannot be learnt later."""
        named = Schema(tuple(c for c in schema if c.kind in (Kind.CATEGORICAL, Kind.BOOLEAN) or is_open(c)))
        other = Schema(tuple(c for c in schema if c not in named.columns))
        weights = self._names * len(named), float(sum(c.is_modelled for c in other))
        learnt = []
        for columns, weight in zip((named, other), weights, strict=True):
            mu = budget.share(share * weight / sum(weights)) if weight else 0.0
            learner = DomainLearner(budget, self.noise, mu=mu, most_rows=1)
            learnt.append(learner.learn(rows[list(columns.names)], columns))
        return _together(schema, learnt)

    @property
    def coding(self) -> Coding:
        return self._coding

    @property
    def sizes(self) -> list[int]:
        """Number of codes of each column."""
        return [column.n_codes for column in self._coding.columns]

    def shares(self) -> list[NDArray[np.float64]]:
        """Share of each code of each column."""
        return [self._table((i,)) for i in range(len(self.sizes))]

    def pairs(self) -> dict[tuple[int, int], NDArray[np.float64]]:
        """Probabilities of the pairs of columns that the model holds together, the first column of the schema first."""
        cliques = [] if self._model is None else self._model.tree.cliques
        found = {tuple(sorted((a, b))) for clique in cliques for a in clique for b in clique if a != b}
        return {(a, b): self._table((a, b)) for a, b in sorted(found)}

    def _table(self, columns: tuple[int, ...]) -> NDArray[np.float64]:
        """Probabilities of columns that a clique holds together."""
        assert self._model is not None  # noqa: S101  (asked for only if there are columns)
        for clique, table in zip(self._model.tree.cliques, self._model.probabilities, strict=True):
            if set(columns) <= set(clique):
                summed = table.sum(tuple(i for i, c in enumerate(clique) if c not in columns))
                return np.asarray(
                    summed if tuple(sorted(columns)) == tuple(c for c in clique if c in columns) else summed.T
                )
        raise KeyError(columns)

    def drawn(self, n: int, start: int, rng: np.random.Generator) -> tuple[NDArray[Any], pd.DataFrame]:
        """Codes, columns × rows, and the table of `n` rows."""
        assert self._model is not None  # noqa: S101  (asked for only if there are columns)
        codes = sample_codes(self._model.tree, self._model.probabilities, n, rng).astype(np.uint16)
        return codes, self._coding.encoder.decode(self._coding.values(codes, [rng], n), rng, start=start, n=n)

    def state(self, name: str) -> State:
        """The model as a part of another one's state; its arrays begin with `name`."""
        state = self._state()
        return State(
            {**state.values, "schema": self.schema_.to_json()}, {f"{name}.{k}": v for k, v in state.arrays.items()}
        )

    @classmethod
    def restored(cls, values: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], name: str) -> Self:
        """The model that `state` came from."""
        model = cls()
        model._restore(State(values, under(arrays, f"{name}.")))
        model.schema_ = Schema.from_json(values["schema"])
        return model


def _together(schema: Schema, parts: list[Domain]) -> Domain:
    """One domain of the columns of several, in the order of the schema."""
    found = {
        codec.name: (codec, grid, groups, column, margin)
        for part in parts
        for codec, grid, groups, column, margin in zip(
            part.coding.codecs, *part.coding.inside, part.coding.columns, part.margins, strict=True
        )
    }
    codecs, grids, groups, columns, margins = (
        zip(*(found[n] for n in schema.names if n in found), strict=True) if found else ((),) * 5
    )
    surrogates = {name: made for part in parts for name, made in part.coding.encoder.surrogates.items()}
    coding = Coding(TableEncoder(schema, codecs, surrogates), Inside(grids, groups), columns)
    rows = [part.rows for part in parts if part.margins]
    noise = [
        sum(float((margin.sigma**2).sum()) for margin in part.margins) / len(part.margins) ** 2
        for part in parts
        if part.margins
    ]
    return Domain(coding, tuple(margins), float(np.average(rows, weights=1 / np.array(noise))) if rows else 1.0)
