"""Whose schema file it is: ours, or that of another tool, by what it holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from smartsynth.errors import ConfigError

KINDS = ("smartsynth", "sdv", "frictionless", "csvw", "json-schema")
OURS = KINDS[0]


def kind_of(values: Any) -> str:
    """What the values of a schema file are.

    >>> kind_of({"fields": [{"name": "a"}]}), kind_of({"columns": {"a": {"sdtype": "id"}}}), kind_of({"columns": {"a": {}}})
    ('frictionless', 'sdv', 'smartsynth')

    Raises:
        ConfigError: They are no mapping.
    """
    if not isinstance(values, Mapping):
        raise ConfigError(
            "The file must hold a schema as `name: value`. A list of SDV's constraints belongs to a file of its metadata."
        )
    if _is_of_sdv(values):
        return "sdv"
    if "tableSchema" in values or "csvw" in str(values.get("@context", "")):
        return "csvw"
    if "resources" in values or "fields" in values:
        return "frictionless"
    if "properties" in values or "json-schema.org" in str(values.get("$schema", "")):
        return "json-schema"
    return OURS


def tables_in(values: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The tables of a file that names several."""
    tables = values.get("tables")
    if not isinstance(tables, Mapping):
        return {}
    return {name: table for name, table in tables.items() if isinstance(table, Mapping)}


def _is_of_sdv(values: Mapping[str, Any]) -> bool:
    columns = [values.get("columns"), *(table.get("columns") for table in tables_in(values).values())]
    return "METADATA_SPEC_VERSION" in values or any(
        isinstance(column, Mapping) and "sdtype" in column
        for group in columns if isinstance(group, Mapping) for column in group.values()
    )  # fmt: skip
