"""What every step is: what it reads and writes, how a table is learnt because of it, and how rows are made of what was learnt."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.constraints import Rule
from smartsynth.models.storage import to_float
from smartsynth.schema import Column, Schema

Holders = NDArray[np.int64]
"""Whose each row is: rows of one holder count once where something has to be held by many."""


class Step(ABC):
    """Something that makes rules hold in whatever is made of what was learnt."""

    __slots__ = ()

    @property
    def reads(self) -> tuple[str, ...]:
        """Columns of others that have to be there before; none unless it says so."""
        return ()

    @property
    @abstractmethod
    def writes(self) -> tuple[str, ...]:
        """Columns that it writes."""

    @property
    def changes(self) -> tuple[str, ...]:
        """Columns that are learnt as something else, or not at all; those that it writes unless it says so."""
        return self.writes

    @abstractmethod
    def makes(self, rule: Rule) -> bool:
        """Whether a rule holds because of this step."""

    @abstractmethod
    def learnt(self, rows: pd.DataFrame, schema: Schema) -> tuple[pd.DataFrame, Schema]:
        """The table as it is learnt."""

    @abstractmethod
    def made(self, rows: pd.DataFrame, *, rng: np.random.Generator, start: int) -> pd.DataFrame:
        """The table with its columns as they were stored, of rows as they were learnt.

        Args:
            rows: Made of what was learnt.
            rng: For what is drawn.
            start: Place of the first of them in the endless table.
        """

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """The step as a JSON value."""

    @classmethod
    @abstractmethod
    def restore(cls, value: Mapping[str, Any]) -> Self:
        """What `to_json` came from."""


@dataclass(frozen=True, slots=True)
class ColumnStep(Step):
    """A step that writes one column.

    Args:
        column: As it is stored.
    """

    column: Column

    @property
    def writes(self) -> tuple[str, ...]:
        """The column."""
        return (self.column.name,)


@dataclass(frozen=True, slots=True)
class ComputedStep(ColumnStep):
    """A step whose column others give.

    Args:
        stays: Whether it is learnt too, because others do not give it in every row and it is never missing.
    """

    stays: bool = field(default=False, kw_only=True)

    def learnt(self, rows: pd.DataFrame, schema: Schema) -> tuple[pd.DataFrame, Schema]:
        """The table without the column, or as it is."""
        return (rows, schema) if self.stays else (rows.drop(columns=self.column.name), schema.without(self.column.name))

    def _whole(self, values: NDArray[np.float64], rows: pd.DataFrame) -> NDArray[np.float64]:
        """Computed numbers, and where there are none those that were made, if the column stays."""
        return (
            np.where(np.isnan(values), to_float(self.column, rows[self.column.name], 1), values)
            if self.stays
            else values
        )


@dataclass(frozen=True, slots=True)
class ColumnsStep(Step):
    """A step that writes several columns.

    Args:
        columns: As they are stored.
    """

    columns: tuple[Column, ...]

    @property
    def writes(self) -> tuple[str, ...]:
        """The columns."""
        return tuple(column.name for column in self.columns)


def places_of(codes: pd.Series[Any], known: Sequence[str], rng: np.random.Generator) -> dict[str, int]:
    """The place of each code among the known ones; a code that a generator made up, as those do that hide rare ones, is any of them."""
    place = {code: i for i, code in enumerate(known)}
    made_up = sorted({str(code) for code in codes.dropna().unique()} - set(place))
    return place | {code: int(rng.integers(len(known))) for code in made_up}


def holders_of(rows: pd.DataFrame, schema: Schema) -> Holders | None:
    """Whose each row is by the entity of a schema; None if there is none, so that each row is its own."""
    return None if schema.entity is None else pd.factorize(rows[schema.entity.name])[0].astype(np.int64)


def called(schema: Schema, holders: Holders | None) -> str:
    """What is counted against the least number that share something."""
    if holders is None:
        return "rows"
    return "families" if schema.entity is None else "entities"
