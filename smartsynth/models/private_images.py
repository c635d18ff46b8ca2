"""What generators of images within a budget of differential privacy have in common: the rest of the rows, labels, the form, what is saved.

    table      all columns but the images: noisy counts (marginal_generator.py), with a share of the budget
    sample     rows of the table, and an image made for each, a block at a time; costs nothing

Nothing is read off the images that the budget does not pay for: their form is declared, or asked for.
"""

from __future__ import annotations

import secrets
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth import images
from smartsynth.columns import with_columns
from smartsynth.errors import ConfigError, DataError
from smartsynth.images import Form
from smartsynth.models.base import State
from smartsynth.models.coding import under
from smartsynth.models.conditions import Condition, Given
from smartsynth.models.marginal_generator import MarginalGenerator
from smartsynth.models.options import not_framed
from smartsynth.models.painting_generator import image_column, with_images
from smartsynth.models.private import PrivateGenerator
from smartsynth.privacy.ledger import Budget, Ledger
from smartsynth.progress import Progress, part, silent
from smartsynth.schema import Column, Kind, Modality, Schema

TABLE = 0.1
"""Share of the budget for everything but the images (shares are of μ²)."""
LOOKED_AT = 20_000
"""Rows of the private table that are looked at for its labels and how frequent they are."""
MOST_LABELS = 100
NOTHING = "\x00nothing"
"""The label of rows that have none; NumPy would take a zero at its end for none at all."""
THERE = "picture there"
COUNTED = Column("picture counted", Kind.BOOLEAN, "bool", categories=(False, True))
"""Stands for a table where there is none, so that the number of rows is known."""


class PrivateImageGenerator(PrivateGenerator):
    """Rows from noisy counts, with images that somebody makes for them within the same budget.

    Subclasses call `_learn_table` first in their fit, spend what is left, call `close` last, and implement `_made`; `block` says how many
    images are made together.
    """

    modality: ClassVar[Modality] = Modality.IMAGE
    side: int | None
    grey: bool
    framing: str

    _form: Form
    _names: list[str]
    _label: str | None
    _counts: NDArray[np.float64]
    _table: MarginalGenerator | None

    def sample(
        self,
        n: int,
        *,
        where: Given | None = None,
        seed: int | None = None,
        start: int = 0,
        progress: Progress | None = None,
    ) -> pd.DataFrame:
        """Rows `start` to `start + n` of the endless data set that (model, seed) stands for; see `Generator.sample`."""
        self._asked(n, start, where)
        seed, report = secrets.randbits(63) if seed is None else seed, progress or silent
        first, last = start // self.block, (start + n - 1) // self.block + 1
        begin, size = first * self.block, (last - first) * self.block
        table = pd.DataFrame(index=range(size))
        if self._table is not None:
            table = self._table.sample(size, seed=seed, start=begin)
        made = []
        for k in range(first, last):
            rows = table.iloc[(k - first) * self.block : (k - first + 1) * self.block].reset_index(drop=True)
            share = part(report, (k - first) / (last - first), (k + 1 - first) / (last - first))
            pixels = self._made(rows, np.random.default_rng([seed, k, 0xD4A3]), share)
            made.append(with_images(rows, pixels, self.schema_, there=THERE))
        return pd.concat(made, ignore_index=True).iloc[start - begin : start - begin + n].reset_index(drop=True)

    @abstractmethod
    def _made(self, rows: pd.DataFrame, rng: np.random.Generator, progress: Progress) -> NDArray[np.uint8]:
        """Images × height × width × channels for a block of rows of the table."""

    def close(self, ledger: Ledger) -> None:
        """Keep the account of a release, with all that was looked at for it."""
        self.ledger_ = ledger
        if self._table is not None:
            self._table.ledger_ = ledger

    def _learn_table(
        self, rows: pd.DataFrame, schema: Schema, column: Column, budget: Budget, progress: Progress
    ) -> float:
        """Learn the other columns, the labels among them and how frequent they are; the share of the budget that it took."""
        rest = [c for c in schema if c is not column]
        table = rows.drop(columns=column.name)
        if column.nullable:
            table = with_columns(table, {THERE: rows[column.name].notna()})
            rest = [*rest, Column(THERE, Kind.BOOLEAN, "bool", categories=(False, True))]
        inner = MarginalGenerator(
            epsilon=self.epsilon, delta=self.delta, unit=self.unit, max_rows_per_unit=self.max_rows_per_unit
        )
        inner.noise = self.noise
        is_alone = not rest
        if not any(c.is_modelled for c in rest):
            rest, table = [*rest, COUNTED], with_columns(table, {COUNTED.name: np.zeros(len(rows), bool)})
        share = budget.part(TABLE, failing=budget.delta_left)
        inner.learn_within(share, table, Schema(tuple(rest)), progress)
        budget.take(share, "table")
        self.rows_ = inner.rows_
        self._table: MarginalGenerator | None = None if is_alone else inner
        self._label = self._labelled(schema)
        named: Any = [NOTHING] * LOOKED_AT
        if self._table is not None:
            made = self._table.sample(LOOKED_AT, seed=0)
            named = self._names_in(made[made[THERE].astype(bool)] if THERE in made.columns else made)
        found = pd.Series(named, dtype=object).value_counts().head(MOST_LABELS)
        self._names = [str(name) for name in sorted(found.index)] or [NOTHING]
        self._counts = np.array([found.get(name, 0) for name in self._names], np.float64) / LOOKED_AT * self.rows_
        return TABLE

    @staticmethod
    def _labelled(schema: Schema) -> str | None:
        """The column that images hang on: the target, or the first category."""
        kinds = (Kind.CATEGORICAL, Kind.BOOLEAN)
        if schema.target is not None:
            if schema.target.kind not in kinds:
                raise ConfigError(
                    f"target={schema.target.name!r} is of kind {schema.target.kind.value}, and images are learnt by categories. Say that "
                    "it is one (columns.<name>.kind=categorical), or leave the target out."
                )
            return schema.target.name
        return next((c.name for c in schema if c.kind in kinds), None)

    def _names_in(self, rows: pd.DataFrame) -> list[str]:
        """The label of each row."""
        if self._label is None:
            return [NOTHING] * len(rows)
        return [NOTHING if pd.isna(cell) else str(cell) for cell in rows[self._label]]

    @property
    def form(self) -> Form:
        """Of the images that it makes."""
        return self._form

    def _declared_form(self, column: Column) -> Form:
        """The form that images are learnt in, which is read off no image."""
        declared = None if column.format is None else Form.of(column.format)
        if self.side is not None:
            return Form(self.side, self.side, grey=self.grey or (declared is not None and declared.grey))
        if declared is None:
            raise ConfigError(
                f"The images of {column.name!r} have several sizes, and epsilon={self.epsilon:g} does not account for looking at them. "
                "Set side, and grey=true if they are grey."
            )
        return declared

    def _known(self, rows: pd.DataFrame, column: Column) -> tuple[pd.DataFrame, NDArray[np.uint8]]:
        """The rows that have an image, and these in the declared form."""
        known = rows[rows[column.name].notna()].reset_index(drop=True)
        if known.empty:
            return known, np.zeros((0, self._form.height, self._form.width, self._form.channels), np.uint8)
        return known, images.stacked(images.brought(known[column.name].tolist(), self._form, self.framing))

    def _check_images(self, schema: Schema, wrong: list[str]) -> Column:
        """The column of images of a schema that can be learnt.

        Args:
            schema: Of the rows.
            wrong: What a subclass found wrong with its options.

        Raises:
            ConfigError: An option has a value that is not allowed.
            DataError: There is no column of images, or more than one.
        """
        self._check_budget(schema)
        wrong = [*wrong, *not_framed(self)]
        if not isinstance(self.grey, bool):
            wrong.append(f"grey={self.grey!r} must be true or false.")
        texts = [c.name for c in schema if c.kind is Kind.TEXT]
        if texts:
            wrong.append(f"columns.{texts[0]}: texts would have to be written within the budget too. Drop the column.")
        if wrong:
            raise ConfigError(" ".join(wrong))
        return image_column(schema, self.name)

    def _sample_block(
        self, n: int, start: int, rng: np.random.Generator, conditions: Mapping[str, Condition], progress: Progress
    ) -> pd.DataFrame:
        raise NotImplementedError  # sample does its work

    def _take_table(self, other: PrivateImageGenerator) -> None:
        """Take over what another one learnt within the same budget of everything but the images."""
        self._form, self._names, self._label, self._counts = other._form, other._names, other._label, other._counts
        self._table, self.rows_ = other._table, other.rows_

    def _too_few_images(self) -> DataError:
        """Of the private table, so that it tells nothing more of the data."""
        return DataError(
            f"The generator {self.name!r}: hardly any row has an image, as far as noisy counts tell. Give rows with images, or raise epsilon."
        )

    def _with_table(
        self, values: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], weights: Mapping[str, NDArray[Any]] | None = None
    ) -> State:  # fmt: skip
        """What is saved: of the subclass, of the table, and the account."""
        told = {
            **values, "form": str(self._form), "names": self._names, "label": self._label, "ledger": self.ledger_.to_json(),
            "noisy_rows": self.rows_, "table": None,
        }  # fmt: skip
        if self._table is None:
            return State(told, arrays, weights or {})
        inner = self._table._state()
        told["table"] = {"state": inner.values, "columns": self._table.schema_.to_json()}
        return State(
            told, {**arrays, **{f"table.{name}": array for name, array in inner.arrays.items()}}, weights or {}
        )

    def _restore_table(self, state: State) -> None:
        values = state.values
        self._form, self._names, self._label = Form.of(values["form"]), list(values["names"]), values["label"]
        self.ledger_, self.rows_ = Ledger.from_json(values["ledger"]), float(values["noisy_rows"])
        self._table = None
        if values["table"] is not None:
            inner = MarginalGenerator(epsilon=self.epsilon, delta=self.delta)
            inner._restore(State(values["table"]["state"], under(state.arrays, "table.")))
            inner.schema_ = Schema.from_json(values["table"]["columns"])
            self._table = inner
