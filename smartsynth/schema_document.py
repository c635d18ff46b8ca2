"""What is known about tables, as a file that people write and change: schema.yaml.

    columns:                           corrections and bounds, as in the settings of a run
      age: {low: 0, high: 120}
      code: {pattern: "[A-Z]{2}[0-9]+"}
    primary_key: order_id              one column, or a list that is a key together
    foreign_keys:
      - {columns: customer_id, table: customers, references: id}
    rules:                             as constraints.py reads them
      - total == price * quantity

A file of several tables holds the same for each of them under `tables`, by name. `SchemaDocument.json_schema` describes all of it.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import Field, JsonValue, ValidationError, field_validator, model_validator

from smartsynth.config import ColumnConfig, Settings, explain, read_yaml
from smartsynth.errors import ConfigError
from smartsynth.schema_kinds import OURS, kind_of


def _listed(value: Any) -> Any:
    """One name as a list of one."""
    return (value,) if isinstance(value, str) else value


def _of_another_tool(kind: str, path: str) -> str:
    """What a schema file is, and how it becomes ours."""
    return (
        f"This is a schema of the kind {kind}, and one of ours is needed. Convert it: `smartsynth schema convert {shlex.quote(path)} "
        "-o schema.yaml`, and give schema.yaml."
    )


class ForeignKey(Settings):
    """Columns whose values are those of a key of another table, or of the same one."""

    columns: tuple[str, ...] = Field(min_length=1, description="Columns of this table.")
    table: str = Field(description="The table that they point to.")
    references: tuple[str, ...] = Field(
        (), description="Columns of that table, one for each; its primary key if not given."
    )

    _lists = field_validator("columns", "references", mode="before")(_listed)

    @model_validator(mode="after")
    def _paired(self) -> Self:
        if self.references and len(self.references) != len(self.columns):
            raise ValueError(
                f"columns={list(self.columns)} and references={list(self.references)} must be equally many"
            )
        return self


class TableDocument(Settings):
    """What is known about one table."""

    columns: dict[str, ColumnConfig] = Field(default_factory=dict, description="What is known about columns, by name.")
    primary_key: tuple[str, ...] = Field((), description="Columns that name a row together.")
    foreign_keys: tuple[ForeignKey, ...] = Field((), description="Columns that point to rows of tables.")
    rules: tuple[str | dict[str, JsonValue], ...] = Field(
        (), description='Rules that hold for each row, such as "a <= b", or {"one_hot": ["a", "b"]}.'
    )
    reference: bool = Field(
        False,
        description="Of several tables: whether the rows of this one are public knowledge, such as a list of countries, and stay as they are.",
    )

    _lists = field_validator("primary_key", mode="before")(_listed)


class SchemaDocument(TableDocument):
    """What is known about one table, or about several."""

    tables: dict[str, TableDocument] = Field(default_factory=dict, description="Several tables, by name.")

    @model_validator(mode="after")
    def _one_or_many(self) -> Self:
        if self.tables and (self.columns or self.primary_key or self.foreign_keys or self.rules or self.reference):
            raise ValueError(
                "tables stand beside columns, keys or rules. Move these into the table that they are about"
            )
        return self

    @classmethod
    def build(cls, values: Mapping[str, Any]) -> Self:
        """The document of plain values; every wrong one is named in one ConfigError."""
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            if (kind := kind_of(values)) != OURS:
                raise ConfigError(_of_another_tool(kind, "FILE")) from None
            raise ConfigError("\n".join(explain(cls, dict(e)) for e in error.errors())) from None

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """The document of a YAML (or JSON) file.

        Raises:
            ConfigError: It cannot be read, or says what a schema cannot say, as that of another tool does.
        """
        values = read_yaml(path, "schema", "columns, keys and rules")
        if (kind := kind_of(values)) != OURS:
            raise ConfigError(f"schema={str(path)!r}: {_of_another_tool(kind, str(path))}")
        return cls.build(values)

    def settings(self) -> dict[str, Any]:
        """What it says of one table, as settings of a run.

        Raises:
            ConfigError: It is about several tables.
        """
        if self.tables:
            raise ConfigError(
                f"The schema is about {len(self.tables)} tables ({', '.join(self.tables)}), and a run is about one. Take the part of that table."
            )
        return self.model_dump(exclude_unset=True, exclude={"tables", "foreign_keys"})

    def to_yaml(self) -> str:
        """The document as YAML that `read` takes back."""
        from smartsynth.yaml_text import dumped

        return dumped(self.model_dump(mode="json", exclude_defaults=True))

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """The JSON Schema that describes such documents."""
        return {"$schema": "https://json-schema.org/draft/2020-12/schema", **cls.model_json_schema()}
