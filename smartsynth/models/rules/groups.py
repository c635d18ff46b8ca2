"""Columns that are learnt as one category: one-hot columns by which of them is hot, fixed combinations by which of them it is.

Rows without a combination that at least `k` people share, and rows whose one-hot columns have none or several that are hot, are not learnt from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.alignment import as_column
from smartsynth.columns import with_columns
from smartsynth.constraints import Check, Combinations, Formula, OneHot, Rule, Unique, distinct, tuples
from smartsynth.errors import ConfigError, DataError
from smartsynth.models.rules.step import ColumnsStep, Holders, called, places_of
from smartsynth.models.storage import restore
from smartsynth.named_rules import Cumulative, Monotone
from smartsynth.schema import Column, Kind, Role, Schema


@dataclass(frozen=True, slots=True)
class GroupStep(ColumnsStep):
    """Columns that have only some combinations of values.

    Args:
        columns: As they are stored.
        rows: The combinations, a value a column; None is a missing cell.
    """

    rows: tuple[tuple[Any, ...], ...]

    @classmethod
    def one_hot(cls, schema: Schema, names: Sequence[str]) -> Self:
        """Columns of which one is hot: as many combinations as columns, and one of missing cells if all may be missing."""
        columns = tuple(schema[name] for name in names)
        hot = [tuple(_truth(column, column.name == name) for column in columns) for name in names]
        lost = [(None,) * len(columns)] if all(column.nullable for column in columns) else []
        return cls(columns, tuple(hot + lost))

    @classmethod
    def seen(
        cls, rows: pd.DataFrame, schema: Schema, names: Sequence[str], *, k: int, holders: Holders | None = None
    ) -> Self:
        """Columns whose combinations are those that at least `k` rows have, or holders of rows if these are given.

        Raises:
            ConfigError: There are no rows to see them in, or the cells of a column are made up anew.
            DataError: No combination is so frequent.
        """
        if not len(rows):
            raise ConfigError(
                f"combinations: {list(names)} are read off the real rows, which differential privacy does not account for. Declare them "
                "(`combinations: {columns: […], rows: […]}`), or leave the rule out."
            )
        _check_learnt(schema, names)
        some, which = distinct(rows, names)
        pairs = zip(tuples(some, names), _counted(which, holders), strict=True)
        frequent = sorted((one for one, count in pairs if count >= k), key=repr)
        if not frequent:
            raise DataError(
                f"No combination of {', '.join(map(repr, names))} is shared by {k} {called(schema, holders)}, so that none may come back. Take columns with "
                "fewer values, or leave the rule out."
            )
        return cls(tuple(schema[name] for name in names), tuple(frequent))

    @classmethod
    def declared(cls, schema: Schema, names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> Self:
        """Columns whose combinations a user listed: nothing is read off the data."""
        return cls(tuple(schema[name] for name in names), tuple(rows))

    def where(self, rules: Sequence[Rule]) -> Self:
        """The combinations that break none of some rules about their columns alone.

        Raises:
            ConfigError: All of them do.
        """
        table = self._table(range(len(self.rows)))
        kept = np.all([rule.holds(table) for rule in rules], axis=0) if rules else np.ones(len(self.rows), bool)
        if not kept.any():
            raise ConfigError(
                f"No combination of {', '.join(repr(column.name) for column in self.columns)} keeps the rules "
                f"{', '.join(repr(rule.said) for rule in rules)}. Leave one of them out."
            )
        return replace(self, rows=tuple(row for row, keeps in zip(self.rows, kept, strict=True) if keeps))

    @property
    def name(self) -> str:
        """Of the category that is learnt."""
        return " & ".join(column.name for column in self.columns)

    def makes(self, rule: Rule) -> bool:
        """Whether a rule holds because of this step."""
        return (isinstance(rule, OneHot | Combinations) and rule.columns == self.writes) or self.is_about(rule)

    def is_about(self, rule: Rule) -> bool:
        """Whether each combination by itself says if it keeps a rule."""
        alone = not isinstance(rule, Check | OneHot | Combinations | Unique | Formula | Cumulative | Monotone)
        return alone and set(rule.columns) <= set(self.writes)

    @staticmethod
    def code(place: int) -> str:
        """How a combination is called in what is learnt."""
        return f"combination {place}"

    def learnt(self, rows: pd.DataFrame, schema: Schema) -> tuple[pd.DataFrame, Schema]:
        """The table with one category instead of the columns, missing in rows that have no known combination."""
        place = {one: self.code(i) for i, one in enumerate(self.rows)}
        names = [column.name for column in self.columns]
        some, which = distinct(rows, names)
        known = np.array([place.get(one) for one in tuples(some, names)], object)
        codes = pd.Series(known[which], index=rows.index, dtype=object)
        role = next((c.role for c in self.columns if c.role is not Role.FEATURE), Role.FEATURE)
        category = Column(self.name, Kind.CATEGORICAL, "object", role=role, static=all(c.static for c in self.columns))
        left = schema.without(*names)
        return with_columns(rows.drop(columns=names), {self.name: codes}), Schema(
            (*left.columns, category), left.modality
        )

    def is_learnt(self, rows: pd.DataFrame) -> NDArray[np.bool_]:
        """Which rows of those that `learnt` gave have a known combination."""
        return np.asarray(rows[self.name].notna(), bool)

    def made(self, rows: pd.DataFrame, *, rng: np.random.Generator, start: int) -> pd.DataFrame:
        """The table with the columns as they were stored."""
        which, codes = pd.factorize(rows[self.name].astype(object))
        place = places_of(rows[self.name], [self.code(i) for i in range(len(self.rows))], rng)
        made = self._table([place[str(code)] for code in codes]).take(which)
        return with_columns(rows.drop(columns=self.name), {name: made[name].array for name in made.columns})

    def _table(self, places: Sequence[int]) -> pd.DataFrame:
        """The columns as they are stored, of the combinations at some places."""
        made = {}
        for i, column in enumerate(self.columns):
            values = np.empty(len(places), object)
            values[:] = [self.rows[place][i] for place in places]
            made[column.name] = restore(column, values)
        return pd.DataFrame(made)

    def to_json(self) -> dict[str, Any]:
        return {
            "columns": [asdict(column) for column in self.columns],
            "rows": [list(map(_plain, one)) for one in self.rows],
        }

    @classmethod
    def restore(cls, value: Mapping[str, Any]) -> Self:
        """What `to_json` came from."""
        columns = tuple(map(Column.from_json, value["columns"]))
        cells = pd.DataFrame(value["rows"], columns=[column.name for column in columns], dtype=object)
        read = {c.name: as_column(cells[c.name], c) if _is_written(c) else cells[c.name] for c in columns}
        return cls(columns, tuple(tuples(pd.DataFrame(read), list(read))))


def _counted(which: NDArray[np.int64], holders: Holders | None) -> NDArray[np.int64]:
    """How many rows have each combination, or how many holders where several rows are of one."""
    held = pd.DataFrame({"which": which})
    if holders is not None:
        held = held.assign(whose=holders).drop_duplicates()
    return np.bincount(held["which"].to_numpy(), minlength=int(which.max(initial=-1)) + 1)


def _check_learnt(schema: Schema, names: Sequence[str]) -> None:
    """ConfigError if cells of a column are made up anew, so that none that is real may come back."""
    for name in names:
        kind = schema[name].kind
        if kind in (Kind.IDENTIFIER, Kind.TEXT):
            raise ConfigError(
                f"combinations: {list(names)} would bring back real cells of {name!r}, which is of the kind {kind.value!r} and made up anew. "
                "List the combinations that may occur (`combinations: {columns: […], rows: […]}`), leave the column out of the rule, or, if "
                f"its cells are no secret, correct columns.{name}.kind to categorical."
            )


def _is_written(column: Column) -> bool:
    """Whether JSON holds the cells as texts."""
    return column.kind in (Kind.DATETIME, Kind.DURATION) or column.dtype == "decimal"


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def _truth(column: Column, is_hot: bool) -> Any:
    return is_hot if column.kind is Kind.BOOLEAN and column.dtype in ("bool", "boolean") else int(is_hot)
