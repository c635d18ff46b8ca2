"""What a data set is made of, without its data: Modality, Kind, Role, Column, Schema. Frozen values, JSON both ways.

A Schema says how each column is stored (so that it comes back exactly), how it is modelled (its kind) and what it
means to a person (its role). It never holds a value of the data: bounds and categories are in it only where the user
declared them as public knowledge.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum
from typing import Any

from smartsynth.errors import ConfigError, DataError, Problem, did_you_mean

WINDOW = "window"
"""Name of the column that numbers the stretches of a plain series."""
MESSAGES, QAS, JSON_OBJECT = "messages", "qas", "json"
"""Meanings of text columns whose cells are JSON: the turns of a conversation, questions about a text, an object."""


class Modality(StrEnum):
    """What one record is."""

    TABLE = "table"
    TIMESERIES = "timeseries"
    TEXT = "text"
    IMAGE = "image"


class Kind(StrEnum):
    """How a column is modelled."""

    NUMERIC = "numeric"
    CATEGORICAL = "categorical"
    BOOLEAN = "boolean"
    DATETIME = "datetime"
    DURATION = "duration"
    IDENTIFIER = "identifier"
    """Names one row or one person: made anew in the same format, never learnt, never copied."""
    TEXT = "text"
    """Free text: replaced by plausible text of the same shape, never copied."""
    IMAGE = "image"
    """Images (images.py): made anew, never copied."""
    CONSTANT = "constant"
    """At most one distinct value (or nothing but missing cells)."""


class Role(StrEnum):
    """What a column means to a person."""

    FEATURE = "feature"
    TARGET = "target"
    KEY = "key"
    ENTITY = "entity"
    """Time series: names whom a row is about, such as a patient; the rows of one entity are one record."""
    TIME = "time"
    """Time series: when the row happened, as a date, a duration or a number."""
    QUASI_IDENTIFIER = "quasi-identifier"
    SENSITIVE = "sensitive"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: how it is stored, modelled and meant.

    Args:
        name: As the user wrote it; any text, unique in the schema.
        kind: How the column is modelled.
        dtype: pandas dtype to give back, in pandas' own spelling (`int64`, `Int64`, `float64`, `bool`, `boolean`,
            `object`, `str`, `category`, `datetime64[ns, Europe/Paris]`, `timedelta64[ns]`), or `date`, `time` or
            `decimal` for Python objects of these types.
        role: What the column means to a person.
        decimals: Numeric columns: decimal places of the data (0 for whole numbers); None when it is not bounded.
        format: Datetimes that were text: their `strftime` format. Booleans that were text: `"yes/no"` (true/false). Images
            that are all of one size: `"28x28 grey"`.
        semantic: A finer meaning when one was recognised, such as `email`, `phone`, `latitude`.
        nullable: Whether missing cells occur.
        missing: How a missing cell was written in a text file (empty text unless another token was seen).
        low, high: Declared by the user: the range that values can have, dates as ISO text; never read from the data.
        categories: Declared by the user: the values that can occur; never read from the data.
        static: Time series: whether all rows of an entity have the same value.
    """

    name: str
    kind: Kind
    dtype: str
    role: Role = Role.FEATURE
    decimals: int | None = None
    format: str | None = None
    semantic: str | None = None
    nullable: bool = False
    missing: str = ""
    low: float | str | None = None
    high: float | str | None = None
    categories: tuple[str | int | float | bool, ...] | None = None
    static: bool = False

    @property
    def is_modelled(self) -> bool:
        """Whether a generator learns this column (identifiers, texts, images and constants are made otherwise)."""
        return self.kind not in (Kind.IDENTIFIER, Kind.TEXT, Kind.IMAGE, Kind.CONSTANT)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Column:
        known = {f.name for f in fields(cls)}
        for key in value:
            if key not in known:
                raise ConfigError(
                    f"Column has no setting {key!r}.{did_you_mean(key, known)} Known: {', '.join(sorted(known))}."
                )
        if not isinstance(value["name"], str) or not _is_dtype(value["dtype"]):
            raise DataError(
                f"The column {value['name']!r:.100} has the dtype {value['dtype']!r:.100}, which pandas does not know."
            )
        named = value.get("categories")
        parsed = {"kind": Kind(value["kind"]), "role": Role(value.get("role", "feature"))}
        return cls(**{**value, **parsed, "categories": None if named is None else tuple(named)})


def _is_dtype(value: Any) -> bool:
    """Whether a dtype is one of pandas, or of the Python objects that `Column` names."""
    import pandas as pd

    if value in ("date", "time", "decimal"):
        return True
    try:
        return isinstance(value, str) and pd.api.types.pandas_dtype(value) is not None
    except (TypeError, ValueError):
        return False


@dataclass(frozen=True, slots=True)
class Schema:
    """The columns of a data set in their order.

    >>> schema = Schema((Column("age", Kind.NUMERIC, "int64", decimals=0),))
    >>> Schema.from_json(schema.to_json()) == schema
    True
    """

    columns: tuple[Column, ...]
    modality: Modality = Modality.TABLE
    _index: Mapping[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        index = {column.name: i for i, column in enumerate(self.columns)}
        if len(index) != len(self.columns):
            names = [column.name for column in self.columns]
            twice = sorted({name for name in names if names.count(name) > 1})
            raise DataError(
                [Problem("this name is used more than once.", column=name, fix="Rename one.") for name in twice]
            )
        object.__setattr__(self, "_index", index)

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)

    def __contains__(self, name: object) -> bool:
        return name in self._index

    def __getitem__(self, name: str) -> Column:
        if name not in self._index:
            raise ConfigError(
                f"There is no column {name!r}.{did_you_mean(name, self.names)} Columns: {', '.join(self.names)}."
            )
        return self.columns[self._index[name]]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def target(self) -> Column | None:
        return next((column for column in self.columns if column.role is Role.TARGET), None)

    @property
    def entity(self) -> Column | None:
        """The column that names whom a row is about, of a time series."""
        return next((column for column in self.columns if column.role is Role.ENTITY), None)

    @property
    def is_series(self) -> bool:
        """Whether all rows are of one plain series: it names no entity, or only numbers its stretches."""
        return self.modality is Modality.TIMESERIES and (self.entity is None or self.entity.name == WINDOW)

    @property
    def records(self) -> str:
        """What is learnt and made as a whole: `rows`, `entities` with all their rows, or `windows` of a plain series."""
        if self.modality is not Modality.TIMESERIES:
            return "rows"
        return "windows" if self.is_series else "entities"

    @property
    def time(self) -> Column | None:
        """The column that says when a row happened, of a time series; None if the order of the rows does."""
        return next((column for column in self.columns if column.role is Role.TIME), None)

    @property
    def statics(self) -> tuple[Column, ...]:
        """Modelled columns whose value an entity keeps."""
        return tuple(c for c in self.columns if c.is_modelled and c.static)

    @property
    def channels(self) -> tuple[Column, ...]:
        """Modelled columns that change from row to row of an entity, without the time."""
        return tuple(c for c in self.columns if c.is_modelled and not c.static and c.role is not Role.TIME)

    def with_column(self, name: str, **changes: Any) -> Schema:
        """The same schema with some settings of one column changed."""
        changed = replace(self[name], **changes)
        return replace(self, columns=tuple(changed if column.name == name else column for column in self.columns))

    def without(self, *names: str) -> Schema:
        """The same schema without some of its columns."""
        return replace(self, columns=tuple(column for column in self.columns if column.name not in names))

    def with_target(self, name: str | None) -> Schema:
        """The same schema with `name` as its only target; None leaves it without a target."""
        columns = tuple(replace(c, role=Role.FEATURE) if c.role is Role.TARGET else c for c in self.columns)
        schema = replace(self, columns=columns)
        return schema if name is None else schema.with_column(name, role=Role.TARGET)

    def to_json(self) -> dict[str, Any]:
        columns = [asdict(column) for column in self.columns]
        return {"modality": self.modality.value, "columns": json.loads(json.dumps(columns))}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Schema:
        return cls(tuple(Column.from_json(c) for c in value["columns"]), Modality(value.get("modality", "table")))
