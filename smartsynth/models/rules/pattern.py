"""A column of texts of one form: left out of what is learnt, and written anew from the form alone.

A text that is made says nothing about real ones, but may be one of them by chance: the fewer texts a form has, the likelier. Texts that
must all differ are counted through the whole stream of rows, in an order that is the same for every seed, as far as they reach.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from smartsynth.columns import with_columns
from smartsynth.constraints import Matches, Rule, Unique
from smartsynth.errors import DataError
from smartsynth.models.rules.step import ColumnStep
from smartsynth.models.storage import restore
from smartsynth.patterns import Pattern
from smartsynth.schema import Column, Kind, Modality, Role, Schema

TEXTS = ("object", "str", "string", "category")
"""Columns of other dtypes, such as whole numbers with a form, are left to be rejected."""


@dataclass(frozen=True, slots=True)
class PatternStep(ColumnStep):
    """A column and the form of its texts.

    Args:
        column: As it is stored.
        pattern: Regular expression.
        distinct: Whether no two rows (of names of entities: no two entities) have the same.
        entity: The column whose rows share a text; None if each row has its own.
    """

    pattern: str
    distinct: bool
    entity: str | None = None

    @classmethod
    def of_rule(cls, rule: Matches, schema: Schema, *, distinct: bool) -> Self | None:
        """The step of a rule; None if the column is no text, or its values are learnt or written by a language model.

        Raises:
            ConfigError: No text can be made of the pattern.
        """
        column = schema[rule.column]
        made_anew = (Kind.IDENTIFIER,) if schema.modality is Modality.TEXT else (Kind.IDENTIFIER, Kind.TEXT)
        if column.kind not in made_anew or column.dtype.partition("[")[0] not in TEXTS:
            return None
        Pattern.parse(rule.pattern)  # says what cannot be made
        whose = schema.entity.name if schema.entity is not None and column.static else None
        counted = (
            distinct and schema.entity is None
        )  # rows of entities are not counted through the stream, entities are
        return cls(column, rule.pattern, counted or column.role is Role.ENTITY, whose)

    @property
    def reads(self) -> tuple[str, ...]:
        """Columns that say whose rows share a text."""
        return () if self.entity in (None, self.column.name) else (str(self.entity),)

    @property
    def known(self) -> str:
        """Of the truth that is learnt of a column with missing cells."""
        return f"{self.column.name} is known"

    @property
    def _names_entities(self) -> bool:
        return self.column.role is Role.ENTITY

    @property
    def changes(self) -> tuple[str, ...]:
        """Columns that are learnt as something else, or not at all."""
        return () if self._names_entities else (self.column.name,)

    @property
    def most(self) -> float:
        """Rows, or entities, that can have different texts; no end where texts need not differ."""
        return Pattern.parse(self.pattern).size if self.distinct else math.inf

    def check_reaches(self, n: int) -> None:
        """DataError if fewer than `n` rows (of names of entities: entities) can have different texts."""
        if n > self.most:
            raise DataError(
                f"The column {self.column.name!r} must have different texts of the pattern {self.pattern!r}, of which there are "
                f"{self.most:,}, and {n:,} are asked for. Make fewer rows, or widen the pattern."
            )

    def makes(self, rule: Rule) -> bool:
        """Whether a rule holds because of this step."""
        if isinstance(rule, Unique):
            return self.distinct and rule.columns == self.writes
        return isinstance(rule, Matches) and (rule.column, rule.pattern) == (self.column.name, self.pattern)

    def learnt(self, rows: pd.DataFrame, schema: Schema) -> tuple[pd.DataFrame, Schema]:
        """The table without the column, or with whether its cells are known; names of entities stay until they are replaced."""
        if self._names_entities:
            return rows, schema
        name, left = self.column.name, schema.without(self.column.name)
        if not self.column.nullable:
            return rows.drop(columns=name), left
        truth = Column(self.known, Kind.BOOLEAN, "bool", static=self.column.static)
        known = rows[name].notna().to_numpy()
        return with_columns(rows.drop(columns=name), {self.known: known}), Schema((*left.columns, truth), left.modality)

    def made(self, rows: pd.DataFrame, *, rng: np.random.Generator, start: int) -> pd.DataFrame:
        """The table with the column; where texts must differ, rows beyond `most` repeat one."""
        codes = np.arange(len(rows)) if self.entity is None else pd.factorize(rows[self.entity])[0]
        texts = self._texts(int(codes.max(initial=-1)) + 1, rng, start)
        cells = np.array(texts, object)[codes] if texts else np.empty(0, object)
        if self.known in rows.columns:
            cells[~rows[self.known].astype("boolean").fillna(False).to_numpy(bool)] = None
            rows = rows.drop(columns=self.known)
        return with_columns(rows, {self.column.name: restore(self.column, cells).array})

    def _texts(self, n: int, rng: np.random.Generator, start: int) -> list[str]:
        pattern = Pattern.parse(self.pattern)
        if not self.distinct:
            return pattern.drawn(n, rng)
        numbers = (number % pattern.size for number in range(start, start + n))
        return [pattern.text(place) for place in pattern.places(numbers, key=self.column.name)]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def restore(cls, value: Mapping[str, Any]) -> Self:
        """What `to_json` came from."""
        return cls(Column.from_json(value["column"]), value["pattern"], value["distinct"], value["entity"])
