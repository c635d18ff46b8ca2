"""What generators within a budget of differential privacy have in common: the budget, the protected unit, the account."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import ClassVar, Self

import numpy as np
import pandas as pd

from smartsynth.errors import ConfigError
from smartsynth.models.base import Generator
from smartsynth.models.dp_domain import Domain, DomainLearner, is_open, within_declared
from smartsynth.models.training import Checkpoints
from smartsynth.privacy.accountant import checked
from smartsynth.privacy.ledger import THRESHOLDS, Budget, Entry, Ledger, Touch
from smartsynth.privacy.noise import Noise
from smartsynth.progress import Progress
from smartsynth.schema import Schema


class PrivateGenerator(Generator):
    """A generator whose fit spends a budget of differential privacy and writes down on what.

    Subclasses take `epsilon`, `delta`, `unit` and `max_rows_per_unit`, and set `ledger_` and `rows_` in `_fit`.
    """

    dp: ClassVar[bool] = True
    epsilon: float
    delta: float
    unit: str | None
    max_rows_per_unit: int
    ledger_: Ledger
    rows_: float
    noise: Noise = Noise()
    """The door through which counts leave; a test puts a recorder in its place."""

    @property
    def is_private(self) -> bool:
        return True

    def threshold_share(self, schema: Schema) -> float:
        return THRESHOLDS if any(map(is_open, schema)) else 0.0

    def fit(
        self,
        data: pd.DataFrame,
        *,
        schema: Schema | None = None,
        seed: int = 0,
        refine: bool = False,
        progress: Progress | None = None,
        checkpoints: Checkpoints | None = None,
    ) -> Self:
        """Learn the table within the budget; `seed` has no part in the noise, so two fits differ.

        Without a schema the kinds of the columns are read off the data, which no guarantee covers: `ledger_` says so.
        """
        super().fit(data, schema=schema, seed=seed, refine=refine, progress=progress, checkpoints=checkpoints)
        what = "names, kinds and formats of the columns"
        known = Entry("schema", what, Touch.PUBLIC, "given as a schema")
        read = Entry("schema", what, Touch.OPEN, "read off the data")
        self.ledger_ = replace(self.ledger_, entries=(read if schema is None else known, *self.ledger_.entries))
        return self

    def _check_budget(self, schema: Schema) -> None:
        checked(self.epsilon, self.delta)
        most = self.max_rows_per_unit
        if not isinstance(most, int) or isinstance(most, bool) or most < 1:
            raise ConfigError(f"max_rows_per_unit={most!r} must be a whole number of at least 1.")
        if self.unit is not None:
            if schema[self.unit].is_modelled:
                raise ConfigError(
                    f"unit={self.unit!r} is modelled as {schema[self.unit].kind.value}; the column that names persons "
                    "must be of kind identifier."
                )
        elif most > 1:
            raise ConfigError("max_rows_per_unit needs unit, the column that names persons.")

    def _bounded(self, data: pd.DataFrame) -> pd.DataFrame:
        """At most so many rows of each person, drawn by the system's randomness; rows of nobody are left out."""
        if self.unit is None:
            return data
        draw = np.random.default_rng(secrets.randbits(128))
        shuffled = data.iloc[draw.permutation(len(data))]
        shuffled = shuffled[shuffled[self.unit].notna()]
        return shuffled[shuffled.groupby(self.unit).cumcount() < self.max_rows_per_unit].reset_index(drop=True)

    def _within_budget(self, data: pd.DataFrame, schema: Schema) -> tuple[pd.DataFrame, Budget]:
        """The rows that are used, and the budget."""
        rows = within_declared(self._bounded(data), schema)
        return rows, Budget(self.epsilon, self.delta, thresholds=self.threshold_share(schema))

    def _domain(self, rows: pd.DataFrame, schema: Schema, budget: Budget, share: float, progress: Progress) -> Domain:
        """The columns on their own, which take a share of the budget."""
        learner = DomainLearner(budget, self.noise, mu=budget.share(share), most_rows=self.max_rows_per_unit)
        domain = learner.learn(rows, schema)
        progress(0.1, "Learnt the columns on their own")
        return domain

    def _account(self, budget: Budget) -> Ledger:
        """What the budget was spent on."""
        unit = "one row" if self.unit is None else f"one {self.unit} with at most {self.max_rows_per_unit} rows"
        return Ledger(tuple(budget.entries), self.epsilon, self.delta, unit)
