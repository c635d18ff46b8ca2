"""What a schema file says of a table, statement by statement, and how many rows break each.

The settings of columns are statements as well: `low: 0` is `age >= 0`, `required` is `not is_missing(age)`, `pattern` is a form of texts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from smartsynth import ruling
from smartsynth.config import RunConfig
from smartsynth.constraints import Consequence, Rule, rules_of
from smartsynth.dataset import Dataset
from smartsynth.errors import ConfigError, did_you_mean
from smartsynth.schema import Schema
from smartsynth.schema_document import ForeignKey, SchemaDocument, TableDocument


@dataclass(frozen=True, slots=True)
class Checked:
    """How a table keeps one statement of a schema file.

    Args:
        table: Name of the table; empty if there is but one.
        said: The statement.
        rows: On which it could be checked.
        broken: Rows that break it.
    """

    table: str
    said: str
    rows: int
    broken: int

    @property
    def confidence(self) -> float:
        """Share of the rows that keep it."""
        return 1 - self.broken / self.rows if self.rows else 1.0

    def to_json(self) -> dict[str, Any]:
        return {
            "table": self.table or None,
            "rule": self.said,
            "rows": self.rows,
            "broken": self.broken,
            "confidence": self.confidence,
        }


def check(document: SchemaDocument, tables: Mapping[str, Dataset]) -> tuple[Checked, ...]:
    """Every statement of a schema file with the rows that break it.

    Args:
        document: Of one table, or of several.
        tables: Their rows by name; one table under any name if the file is of one.

    Raises:
        ConfigError: A table or a column that the file names is not there, or a rule cannot be read.
    """
    _check_read(document, tables)
    if not document.tables:
        ((_, data),) = tables.items()
        return tuple(_of_table("", document, data, {"": data}, document.primary_key))
    return tuple(
        one
        for name, table in document.tables.items()
        for one in _of_table(name, table, tables[name], tables, table.primary_key, document)
    )


def _check_read(document: SchemaDocument, tables: Mapping[str, Dataset]) -> None:
    """ConfigError that names every table and column that is not there, and every rule that cannot be read."""
    if not document.tables and len(tables) > 1:
        raise ConfigError(
            f"The schema is of one table, and the data are {len(tables)}: {', '.join(tables)}. Give one of them."
        )
    wrong = []
    for name, table in document.tables.items() or [("", document)]:
        if name and name not in tables:
            wrong.append(f"There is no table {name!r}.{did_you_mean(name, tables)} Tables: {', '.join(tables)}.")
            continue
        data = tables[name] if name else next(iter(tables.values()))
        try:
            statements(table, data.schema)
        except ConfigError as error:
            wrong += [f"tables.{name}: {line}" if name else line for line in str(error).splitlines()]
    if wrong:
        raise ConfigError("\n".join(wrong))


def _of_table(
    name: str,
    table: TableDocument,
    data: Dataset,
    tables: Mapping[str, Dataset],
    key: tuple[str, ...],
    document: SchemaDocument | None = None,
) -> Iterator[Checked]:
    for rule in statements(table, data.schema):
        broken = int((~rule.holds(data.frame)).sum())  # says what cannot be computed
        yield Checked(name, rule.said, _support(rule, data.frame), broken)
    for foreign in table.foreign_keys:
        references = foreign.references or (
            document.tables[foreign.table].primary_key if document and foreign.table in document.tables else key
        )
        if foreign.table in tables or (document is None and len(tables) == 1):
            other = tables.get(foreign.table, data)
            said = f"foreign key {', '.join(foreign.columns)} → {foreign.table}.{', '.join(references)}"
            yield Checked(name, said, len(data), _dangling(foreign, references, data, other))
        else:
            raise ConfigError(
                f"foreign_keys: there is no table {foreign.table!r}.{did_you_mean(foreign.table, tables)} Tables: {', '.join(tables)}."
            )


def _support(rule: Rule, rows: pd.DataFrame) -> int:
    """Rows that could break a rule: those in which a condition is true, or in which all of its columns are known."""
    if isinstance(rule, Consequence):
        return int(rule.condition(rows).fillna(False).sum())
    if "is_missing" in rule.said or not rule.columns:
        return len(rows)
    return int(rows[list(rule.columns)].notna().all(axis=1).sum())


def statements(table: TableDocument, schema: Schema) -> tuple[Rule, ...]:
    """All that a table's part of a schema file says of single rows, as rules.

    Raises:
        ConfigError: It names a column that is not there, or a rule cannot be read.
    """
    named = [*table.columns, *table.primary_key, *(name for key in table.foreign_keys for name in key.columns)]
    wrong = [_no_column(name, schema) for name in dict.fromkeys(named) if name not in schema]
    if wrong:
        try:
            rules_of(table.rules, schema)
        except ConfigError as error:
            wrong.append(str(error))
        raise ConfigError("\n".join(wrong))
    run = RunConfig.build(table.model_dump(exclude_unset=True, include={"columns", "rules", "primary_key"}))
    corrected = run.corrected(schema)
    found = rules_of([one for one in ruling.wanted(run, corrected) if not callable(one)], corrected)
    return tuple({rule.said: rule for rule in found}.values())


def _no_column(name: str, schema: Schema) -> str:
    return f"There is no column {name!r}.{did_you_mean(name, schema.names)} Columns: {', '.join(schema.names)}."


def _dangling(key: ForeignKey, references: tuple[str, ...], data: Dataset, other: Dataset) -> int:
    """Rows that point to a row that is not there."""
    if not references:
        raise ConfigError(f"foreign_keys: table {key.table!r} has no primary_key. Give references.")
    missing = [name for name in references if name not in other.schema]
    if missing:
        raise ConfigError(f"foreign_keys: {_no_column(missing[0], other.schema)}")
    mine = data.frame[list(key.columns)].dropna()
    theirs = other.frame[list(references)].dropna().drop_duplicates()
    theirs.columns = mine.columns
    try:
        met = mine.merge(theirs, how="left", indicator=True)
    except ValueError:  # a number never is a text
        return len(mine)
    return int(np.asarray(met["_merge"] == "left_only").sum())
