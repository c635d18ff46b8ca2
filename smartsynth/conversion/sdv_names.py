"""The names that SDV's metadata have, so that one that is mistyped is not passed over."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from smartsynth.errors import ConfigError, did_you_mean
from smartsynth.schema_kinds import tables_in

PLAIN = ("numerical", "datetime", "categorical", "boolean", "id", "unknown", "ordinal")
"""Sdtypes that are no function of Faker."""
LIKE_PLAIN = ("date_time", "date", "enum")
"""Functions of Faker whose names are near to these."""
NEAR = 0.75
OF_FILE = ("METADATA_SPEC_VERSION", "tables", "relationships")
OF_TABLE = (
    "METADATA_SPEC_VERSION", "columns", "primary_key", "alternate_keys", "sequence_key", "sequence_index", "column_relationships",
    "synthesizer_info", "relationships",
)  # fmt: skip
OF_COLUMN = (
    "sdtype", "range_min", "range_max", "range_values", "range_is_nullable", "regex_format", "datetime_format", "pii", "decimal_places",
    "computer_representation", "order", "order_by", "high_cardinality",
)  # fmt: skip
OF_RELATION = ("parent_table_name", "parent_primary_key", "child_table_name", "child_foreign_key")


def check_names(values: Mapping[str, Any]) -> None:
    """That metadata say nothing that SDV does not know.

    Raises:
        ConfigError: They do; each place is named, with what stands there and what may.
    """
    tables = tables_in(values)
    wrong = list(_unknown("", values, OF_FILE if tables else OF_TABLE))
    for name, table in (tables or {"": values}).items():
        place = f"tables.{name}." if name else ""
        if name:
            wrong += _unknown(place, table, OF_TABLE)
        wrong += _of_table(place, table)
    for i, relation in enumerate(values.get("relationships") or ()):
        wrong += _of_relation(f"relationships[{i}].", relation, tables)
    if wrong:
        raise ConfigError("\n".join(wrong))


def _unknown(place: str, values: Mapping[str, Any], known: Collection[str]) -> Iterator[str]:
    for name, value in values.items():
        if name not in known:
            yield f"{place}{name}={value!r:.60} is no property of SDV's metadata.{did_you_mean(str(name), known)} Known here: {', '.join(known)}."


def _of_table(place: str, table: Mapping[str, Any]) -> Iterator[str]:
    columns = table.get("columns")
    if not isinstance(columns, Mapping):
        return  # the reader says that it is no such file
    for name, column in columns.items():
        if isinstance(column, Mapping):
            yield from _unknown(f"{place}columns.{name}.", column, OF_COLUMN)
            yield from _of_sdtype(f"{place}columns.{name}.sdtype", column.get("sdtype"))
    for part in ("primary_key", "alternate_keys", "sequence_key", "sequence_index"):
        yield from _absent(place + part, table.get(part), columns)


def _of_sdtype(place: str, sdtype: Any) -> Iterator[str]:
    if sdtype is None or sdtype in (*PLAIN, *LIKE_PLAIN):
        return
    if not isinstance(sdtype, str) or difflib.get_close_matches(sdtype.lower(), PLAIN, n=1, cutoff=NEAR):
        yield (
            f"{place}={sdtype!r:.60} is not known.{did_you_mean(str(sdtype).lower(), PLAIN)} Known are {', '.join(PLAIN)}, and functions of Faker, such as email."
        )


def _absent(place: str, said: Any, columns: Mapping[str, Any]) -> Iterator[str]:
    """Columns that are named and not there."""
    names = [said] if isinstance(said, str) else list(said or ())
    for name in (one for some in names for one in ([some] if isinstance(some, str) else some)):
        if name not in columns:
            yield f"{place}={name!r} is no column.{did_you_mean(str(name), columns)} Columns: {', '.join(map(str, columns))}."


def _of_relation(place: str, relation: Mapping[str, Any], tables: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    yield from _unknown(place, relation, OF_RELATION)
    for side, key in (("parent", "parent_primary_key"), ("child", "child_foreign_key")):
        name = relation.get(f"{side}_table_name")
        if name is None or key not in relation:
            yield f"{place}{f'{side}_table_name' if name is None else key} is missing. A relationship has {', '.join(OF_RELATION)}."
        elif name not in tables:
            yield f"{place}{side}_table_name={name!r} is no table.{did_you_mean(str(name), tables)} Tables: {', '.join(tables)}."
        elif isinstance(columns := tables[name].get("columns"), Mapping):
            yield from _absent(place + key, relation[key], columns)
