"""What generators that paint the image of a row have in common: the rest of the row, blocks of rows, missing images, what is saved.

table      all columns but the images, by forests (forest_generator.py), with texts by a language model (gpt2_generator.py)
sample     rows of the table, and an image painted for each, a block at a time
"""

from __future__ import annotations

import secrets
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth import images
from smartsynth.columns import with_columns
from smartsynth.errors import DataError
from smartsynth.models.base import Generator, State
from smartsynth.models.coding import under
from smartsynth.models.conditions import Condition, Given
from smartsynth.models.forest_generator import ForestGenerator
from smartsynth.models.gpt2_generator import GPT2Generator
from smartsynth.progress import Progress, part, silent
from smartsynth.schema import Column, Kind, Modality, Schema

THERE = "image there"


class PaintingGenerator(Generator):
    """Rows of a table, and an image painted for each.

    Subclasses call `_learn_table` in `_fit` and implement `_paint`; `block` says how many images are painted together.
    """

    modality: ClassVar[Modality] = Modality.IMAGE
    conditional: ClassVar[bool] = True
    min_count: int

    _table: Generator | None

    def sample(
        self,
        n: int,
        *,
        where: Given | None = None,
        seed: int | None = None,
        start: int = 0,
        progress: Progress | None = None,
    ) -> pd.DataFrame:
        """Rows `start` to `start + n` of the endless data set that (model, seed, where) stands for; see `Generator.sample`.

        The same machine paints the same images; another one may round differently.
        """
        conditions, block = self._asked(n, start, where), self.block
        seed, report = secrets.randbits(63) if seed is None else seed, progress or silent
        first, last = start // block, (start + n - 1) // block + 1
        begin, size = first * block, (last - first) * block
        if self._table is None:
            table = pd.DataFrame(index=range(size))
        else:
            table = self._table.sample(size, where=where, seed=seed, start=begin)
        made = []
        for k in range(first, last):
            rows = table.iloc[(k - first) * block : (k - first + 1) * block]
            share = part(report, (k - first) / (last - first), (k - first + 1) / (last - first))
            made.append(self._painted(rows, seed, k, share))
        whole = pd.concat(made, ignore_index=True).iloc[start - begin : start - begin + n].reset_index(drop=True)
        if conditions:
            whole.attrs["effective_rows"] = min(round(table.attrs["effective_rows"] * n / size, 1), float(n))
        report(1.0, "Sampled")
        return whole

    def _painted(self, rows: pd.DataFrame, seed: int, block: int, progress: Progress) -> pd.DataFrame:
        """Rows of the table with their images."""
        rngs = [np.random.default_rng([seed, block, i, 0x1A6E]) for i in range(len(rows))]
        return with_images(rows, self._paint(rows, rngs, progress), self.schema_, there=THERE)

    @abstractmethod
    def _paint(self, rows: pd.DataFrame, rngs: Sequence[np.random.Generator], progress: Progress) -> NDArray[np.uint8]:
        """Images × height × width × channels for rows, each of the chance of its own generator alone."""

    def _known(self, data: pd.DataFrame, column: Column) -> pd.DataFrame:
        """The rows that have an image; DataError if these are too few to learn anything."""
        there = data[column.name].notna().to_numpy()
        if there.sum() < self.min_rows:
            raise DataError(
                f"The column {column.name!r} holds {there.sum()} images; at least {self.min_rows} are needed to learn anything."
            )
        return data[there].reset_index(drop=True)

    def _learn_table(self, data: pd.DataFrame, schema: Schema, column: Column, seed: int, progress: Progress) -> None:
        """Learn what makes the other columns, and says which rows have an image; nothing if there is nothing else."""
        rest = [c for c in schema if c is not column]
        table, there = data.drop(columns=column.name), data[column.name].notna().to_numpy()
        if not there.all():
            table, rest = with_columns(table, {THERE: there}), [*rest, Column(THERE, Kind.BOOLEAN, "bool")]
        self._table = None
        if rest:
            made = self._empty_table(Schema(tuple(rest)))
            self._table = made.fit(table, schema=Schema(tuple(rest)), seed=seed, progress=progress)

    def _empty_table(self, rest: Schema) -> Generator:
        if any(c.kind is Kind.TEXT for c in rest):
            return GPT2Generator(min_count=self.min_count)
        return ForestGenerator(min_count=self.min_count)

    def _sample_block(
        self, n: int, start: int, rng: np.random.Generator, conditions: Mapping[str, Condition], progress: Progress
    ) -> pd.DataFrame:
        raise NotImplementedError  # sample does its work

    def _with_table(self, values: Mapping[str, Any], weights: Mapping[str, NDArray[Any]]) -> State:
        """What is saved: of the subclass, and of the table."""
        if self._table is None:
            return State({**values, "table": None}, {}, weights)
        inner = self._table._state()
        told = {"state": inner.values, "columns": self._table.schema_.to_json()}
        arrays = {f"table.{name}": array for name, array in inner.arrays.items()}
        return State(
            {**values, "table": told}, arrays, {**weights, **{f"table.{name}": w for name, w in inner.weights.items()}}
        )

    def _restore_table(self, state: State) -> None:
        self._table, told = None, state.values["table"]
        if told is not None:
            columns = Schema.from_json(told["columns"])
            self._table = self._empty_table(columns)
            self._table._restore(State(told["state"], under(state.arrays, "table."), under(state.weights, "table.")))
            self._table.schema_ = columns


def image_column(schema: Schema, generator: str) -> Column:
    """The column of images that a generator learns; DataError if there is none, or more than one."""
    found = [c for c in schema if c.kind is Kind.IMAGE]
    if len(found) != 1:
        names = ", ".join(c.name for c in found) or "none"
        raise DataError(
            f"The generator {generator!r} paints one column of images, and there are {len(found)} ({names}). "
            + ("Drop all but one." if found else "Use a generator of tables.")
        )
    return found[0]


def with_images(rows: pd.DataFrame, pixels: NDArray[np.uint8], schema: Schema, *, there: str) -> pd.DataFrame:
    """Rows of a table with an image each, the columns in the order of a schema.

    Args:
        rows: All columns but the images.
        pixels: Images × height × width × channels.
        schema: Of the rows that come out.
        there: Name of the column, if there is one, that says which rows have an image.
    """
    cells: list[bytes | None] = list(images.unstacked(pixels))
    if there in rows.columns:
        cells = [cell if has_one else None for cell, has_one in zip(cells, rows[there], strict=True)]
    made: dict[str, Any] = {}
    for column in schema:
        is_image = column.kind is Kind.IMAGE
        made[column.name] = pd.Series(cells, dtype=object) if is_image else rows[column.name].reset_index(drop=True)
    return pd.DataFrame(made)
