"""Whether made rows keep the rules, keys and checks of their template."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd
import pyarrow as pa

from smartsynth.constraints import broken, rules_of
from smartsynth.errors import ConfigError
from smartsynth.schema import Column, Kind, Schema
from smartsynth.templates.document import Template
from smartsynth.templates.scope import Scope
from smartsynth.templates.tables import arrow, frame_of, written
from smartsynth.templates.ways import naming


def check_rules(template: Template, block: Mapping[str, Scope]) -> None:
    """ConfigError if the rows of a block break rules of the template, or share a primary key."""
    wrong: list[str] = []
    for name, scope in block.items():
        table = template.tables[name]
        with naming(f"table {name!r}"):
            frame = frame_of(template, name, scope)
        wrong += _of_key(name, table.primary_key, frame)
        if table.rules and len(frame):
            for one in broken(rules_of(table.rules, _schema(template, name, scope)), frame):
                wrong.append(f"table {name!r}: {one.rows:,} of {len(frame):,} rows break the rule {one.rule.said!r}.")
        for text in table.checks:
            if count := int((~scope.holds(text)).sum()):
                wrong.append(f"table {name!r}: {count:,} of {scope.n:,} rows break the check {text!r}.")
    if wrong:
        raise ConfigError(f"The template {template.name!r} does not do what it promises.\n" + "\n".join(wrong))


def _of_key(name: str, key: str | None, frame: pd.DataFrame) -> Iterator[str]:
    """Whether the primary key names each row; of a column that is not written nobody asks."""
    if key is None or key not in frame:
        return
    if lost := int(frame[key].isna().sum()):
        yield f"table {name!r}: primary_key={key!r} is missing in {lost:,} of {len(frame):,} rows."
    if again := int(frame[key].dropna().duplicated(keep=False).sum()):
        yield f"table {name!r}: primary_key={key!r} names no row alone: {again:,} of {len(frame):,} share theirs. Use `id: {{}}`."


def _schema(template: Template, name: str, scope: Scope) -> Schema:
    """The columns of a table as rules know them."""
    said = written(template, name)
    columns = []
    for one in arrow(template, name, scope).schema:
        column, kind = said[one.name], one.type
        whole = pa.types.is_integer(kind)
        if pa.types.is_boolean(kind):
            columns.append(Column(one.name, Kind.BOOLEAN, "boolean"))
        elif whole or pa.types.is_floating(kind):
            decimals = 0 if whole else None if column is None else column.decimals
            columns.append(Column(one.name, Kind.NUMERIC, "float64", decimals=decimals))
        else:
            dates = pa.types.is_temporal(kind)
            columns.append(Column(one.name, Kind.DATETIME if dates else Kind.CATEGORICAL, "object"))
    return Schema(tuple(columns))
