"""What generators of texts within a budget of differential privacy have in common: everything but the texts, from noisy counts.

Nothing is read off the texts that the budget does not pay for: how many words they have is a column of the private table; how many
tokens a word has, who speaks after whom and what stands in JSON objects is not looked at. Whether a written text is about its label is
judged by the names of the labels, which are those of the private table.
"""

from __future__ import annotations

from typing import ClassVar

import pandas as pd

from smartsynth.models.base import State
from smartsynth.models.label_names import LabelNames
from smartsynth.models.marginal_generator import MarginalGenerator
from smartsynth.models.private import PrivateGenerator
from smartsynth.models.text_generator import TextGenerator, unread
from smartsynth.models.text_rows import TextRows
from smartsynth.privacy.ledger import THRESHOLDS, Budget, Ledger
from smartsynth.progress import Progress
from smartsynth.schema import JSON_OBJECT, MESSAGES, Kind, Schema

TABLE = 0.2
"""Share of the budget for everything but the texts."""
LOOKED_AT = 5_000
"""Rows of the private table that are looked at for its labels."""


class PrivateTextGenerator(TextGenerator, PrivateGenerator):
    """Rows from noisy counts, with texts that somebody writes for them within the same budget.

    Subclasses call `_learn_table` first in `_fit`, spend what is left, and call `_close` last.
    """

    gaussian: ClassVar[bool] = False
    check_labels: bool
    extra: ClassVar[str | None] = "dptext"

    def threshold_share(self, schema: Schema) -> float:
        return THRESHOLDS if any(c.semantic == MESSAGES for c in schema) else super().threshold_share(schema)

    def _learn_table(
        self, data: pd.DataFrame, schema: Schema, *, longest: int, progress: Progress
    ) -> tuple[pd.DataFrame, Budget]:
        """Learn everything but the texts; the rows that are used, and the budget of which a share is spent.

        Args:
            data: Real rows.
            schema: Their columns.
            longest: Tokens of a part of a text at most.
            progress: Called with the share done.
        """
        rows, budget = self._within_budget(data, schema)
        self._rows = TextRows.unread(schema, longest=longest)
        table, columns = self._rows.table(rows, schema)
        inner, share = self._empty_table(), budget.part(TABLE, failing=budget.delta_left)
        inner.learn_within(share, table, unread(columns, schema), progress)
        budget.take(share, "table")
        self._table, self.rows_ = inner, inner.rows_
        self._checker = self._names() if self.check_labels else None
        return rows, budget

    def _names(self) -> LabelNames | None:
        """Judges texts by the names of the labels that the private table knows, if the first control code is a category."""
        codes = self._rows.layout.codes
        if not codes or codes[0].kind is not Kind.CATEGORICAL:
            return None
        made = self._table.sample(LOOKED_AT, seed=0)[codes[0].name]
        return LabelNames.of([str(label) for label in made.dropna().unique()])

    def _close(self, budget: Budget) -> None:
        """Write down what the budget was spent on."""
        self.ledger_ = self._table.ledger_ = self._account(budget)

    def _empty_table(self) -> MarginalGenerator:
        table = MarginalGenerator(
            epsilon=self.epsilon, delta=self.delta, unit=self.unit, max_rows_per_unit=self.max_rows_per_unit
        )
        table.noise = self.noise
        return table

    def _unaccounted(self, schema: Schema) -> list[str]:
        """What would have to be read off the texts beyond the budget."""
        return [
            f"columns.{column.name}: the names in its JSON objects would be read off the data, which epsilon={self.epsilon:g} "
            "does not account for. Make columns of the objects."
            for column in schema if column.semantic == JSON_OBJECT
        ]  # fmt: skip

    def _state(self) -> State:
        state = super()._state()
        values = {**state.values, "ledger": self.ledger_.to_json(), "noisy_rows": self.rows_}
        return State(values, state.arrays)

    def _restore(self, state: State) -> None:
        super()._restore(state)
        self.ledger_ = Ledger.from_json(state.values["ledger"])
        self.rows_ = float(state.values["noisy_rows"])
