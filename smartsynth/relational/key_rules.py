"""Rules of tables that are made together: what becomes of those that name keys.

unique: [...]          rows that share a key are kept apart as the table is made (making.py), whichever columns it has
is_missing(key)        whether a row has a parent is said by the row itself, so that the rule becomes one about that
                       about each of its parents but the main one, under which it is made: such a rule is set aside
anything else          is set aside, since keys are made anew; a note names it, and says how many synthetic rows break it
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from smartsynth.config import ColumnConfig, RunConfig
from smartsynth.constraints import Combinations, Condition, Consequence, Formula, Rule, Unique, rules_of
from smartsynth.errors import ConfigError
from smartsynth.expressions import Expression, quoted
from smartsynth.models.rules.construction import MOST_LOOKED_AT
from smartsynth.named_rules import Geographic
from smartsynth.relational import features
from smartsynth.relational.learning import NONE, said
from smartsynth.relational.plan import Part
from smartsynth.relational.structure import Link, Tables
from smartsynth.ruling import fact, wanted
from smartsynth.schema import Schema
from smartsynth.schema_document import SchemaDocument, TableDocument

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class TableRules:
    """What the rules of a table come to.

    Args:
        kept: Rules about columns that are made as rows, and about what rows say of their parents, as values.
        unique: Columns whose values together no two rows share, the primary key left out.
        told: All rules as they were told.
        aside: Those that are not kept as they are about what keys are, or about a parent that a row does not choose, as they were told;
            and the foreign key of that parent, None of the former.
    """

    kept: tuple[Any, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    told: tuple[Rule, ...] = ()
    aside: Mapping[str, Link | None] = field(default_factory=dict)


def all_rules(parts: Sequence[Part], tables: Tables, document: SchemaDocument) -> dict[str, TableRules]:
    """The rules of all tables.

    Raises:
        ConfigError: Some cannot be read; each is named with its table.
    """
    found: dict[str, TableRules] = {}
    wrong = []
    for part in parts:
        try:
            found[part.table] = rules_for(part, tables, document.tables.get(part.table))
        except ConfigError as error:
            wrong.append(str(error))
    if wrong:
        raise ConfigError("\n".join(wrong))
    return found


def rules_for(part: Part, tables: Tables, told: TableDocument | None) -> TableRules:
    """The rules of a table, those included that its columns declare.

    Raises:
        ConfigError: Some cannot be read; each is named.
    """
    if told is None:
        return TableRules()
    schema, keys = tables.data[part.table].schema, tables.structure
    of_keys = {name: ColumnConfig(unique=one.unique, required=one.required) for name, one in told.columns.items()}
    columns = {name: one if name in part.own else of_keys[name] for name, one in told.columns.items()}
    known, missing = _known(part, tables), _missing(part, tables)
    kept: list[Any] = []
    unique: list[tuple[str, ...]] = []
    aside: dict[str, Link | None] = {}
    try:
        values = wanted(RunConfig(columns=columns, rules=told.rules), schema)
        for value in values:
            rules = rules_of([value], schema)
            unique += [rule.columns for rule in rules if isinstance(rule, Unique)]
            rules = tuple(rule for rule in rules if not isinstance(rule, Unique))
            if all(set(rule.columns) <= set(part.own) for rule in rules):
                kept += [value] if rules else []
                continue
            for rule in rules:
                text = _translated(rule, missing, known)
                if text is None:
                    aside[rule.said] = _unsaid(rule, part, tables, missing, known)
                elif text:
                    kept.append(text)
        rules_of(kept, known)
        wrong = list(_not_computed(rules_of(values, schema), tables.frame(part.table).head(MOST_LOOKED_AT)))
        if wrong:
            raise ConfigError("\n".join(wrong))
    except ConfigError as error:
        said = as_written(str(error), tables).splitlines()
        raise ConfigError("\n".join(f"tables.{part.table}.rules: {line}" for line in said)) from None
    given = [keys.primary[part.table], *(link.references for link in keys.to(part.table))]
    more = (names for names in dict.fromkeys(unique) if not any(key and set(key) <= set(names) for key in given))
    return TableRules(tuple(kept), tuple(more), rules_of(values, schema), aside)


def _not_computed(rules: Sequence[Rule], rows: pd.DataFrame) -> Iterator[str]:
    """Of each rule that cannot be computed with real rows, as a number that is compared with a text, what is wrong."""
    for rule in rules:
        try:
            rule.holds(rows)
        except ConfigError as error:
            said = "" if repr(rule.said) in str(error) else f"The rule {rule.said!r} cannot be computed. "
            yield f"{said}{error}"


def notes(rules: Mapping[str, TableRules], real: Tables, made: Tables, *, k: int) -> Iterator[str]:
    """Of each rule that was set aside, that synthetic rows break all the same, or that real rows speak against, how many rows break it."""
    for table, some in rules.items():
        for rule in some.told:
            said = f"{table}: the rule {rule.said!r}"
            try:
                one = fact(rule, real.frame(table), made.frame(table), k=k)
            except (ConfigError, TypeError, ValueError):  # as of a number that came out as a text
                yield f"{said} cannot be computed with the keys that were made, so that nobody knows which rows break it."
                continue
            made_so = f"{one.made_broken:,} of {one.made:,} synthetic rows break it"
            if (link := some.aside.get(rule.said)) is not None:
                yield (
                    f"{said} is set aside, as it is about whether {link} names a row, which is settled before a row is made. "
                    f"{made_so}, {one.of_real} real ones do."
                )
            elif rule.said in some.aside:
                yield f"{said} is set aside, as it is about what keys are, and keys are made anew.{_of_keys(rule, made_so)}"
            elif one.made_broken:
                yield f"{said} could not be kept in all rows: {made_so}, {one.of_real} real ones do."
            elif one.warning:
                yield f"{table}: {one.warning}"


def _of_keys(rule: Rule, counted: str) -> str:
    """How many synthetic rows break a rule about what keys are, where that can be said: not of one that real rows would have to explain.

    Nothing is said of real rows: whether one of them breaks `id != 5003` tells whether there is such a key.
    """
    if isinstance(rule, Combinations | Geographic):
        return ""
    return f" {counted}; how many real ones do is not said, as it could tell what their keys are."


def _known(part: Part, tables: Tables) -> Schema:
    """The columns that are made as rows, and whether rows say that they have parents."""
    own = tuple(tables.data[part.table].schema[name] for name in part.own)
    states = [features.categories(said(link, "state"), [])[1] for link in part.others]
    rows = [features.categories(said(link, "row"), [])[1] for link in part.looked_up]
    return Schema((*own, *(column for schema in (*states, *rows) for column in schema)))


def _missing(part: Part, tables: Tables) -> dict[str, str]:
    """For key columns, how a row says that its cell is missing: as an expression of what it knows."""
    links = tables.structure.of(part.table)
    found = dict.fromkeys(tables.structure.primary[part.table], "False")
    for link in links:
        is_none = tables.named[link] < 0
        for name in link.columns:
            if name in part.own or sum(name in other.columns for other in links) > 1 or link in part.implied:
                continue
            if not is_none.any() or is_none.all():
                found[name] = str(bool(is_none.any()))
            elif link in part.others:
                found[name] = f"{quoted(said(link, 'state'))} == {NONE!r}"
            elif link in part.looked_up:
                found[name] = f"is_missing({quoted(said(link, 'row'))})"
    return found


def _translated(rule: Rule, missing: Mapping[str, str], known: Schema) -> str | None:
    """A rule without keys, nothing if it always holds; None if it is about what keys are.

    Raises:
        ConfigError: It never holds.
    """
    if not isinstance(rule, Consequence | Condition | Formula):
        return None
    condition, follows = (part.put("is_missing", missing) for part in _parts(rule))
    if any(name not in known for name in (*condition.names, *follows.names)):
        return None
    when, then = (None if part.names else _truth(part) for part in (condition, follows))
    if when is False or then is True:
        return ""
    if when and then is False:
        raise ConfigError(f"All real rows broke {rule.said!r}. Correct the rule, or leave it out.")
    if when:
        return follows.text
    return f"not ({condition.text})" if then is False else f"if {condition.text} then {follows.text}"


def _unsaid(rule: Rule, part: Part, tables: Tables, missing: Mapping[str, str], known: Schema) -> Link | None:
    """The link of which a rule that cannot be kept asks whether it names a row, if it asks no more of keys; None if it does.

    Whether a row has a main parent is settled before it is made; and where keys share a column, or follow from another, none of them
    says it alone.
    """
    links = {
        name: link
        for link in tables.structure.of(part.table)
        for name in link.columns
        if name not in missing and name not in part.own
    }
    given = {**missing, **dict.fromkeys(links, "False")}
    if not isinstance(rule, Consequence | Condition | Formula):
        return None
    if any(name not in known for one in _parts(rule) for name in one.put("is_missing", given).names):
        return None
    return next((links[name] for name in rule.columns if name in links), None)


def _parts(rule: Consequence | Condition | Formula) -> tuple[Expression, Expression]:
    """When a rule asks something of a row, and what it then asks."""
    if isinstance(rule, Consequence):
        return rule.condition, rule.follows
    return Expression.parse("True"), Expression.parse(rule.said)


def _truth(expression: Expression) -> bool:
    """Whether an expression of no column is true."""
    import pandas as pd

    return bool(expression.holds(pd.DataFrame(index=range(1)))[0])


def as_written(text: str, tables: Tables) -> str:
    """A message about rules, with keys in the place of what rows say of their parents."""
    for link in tables.structure.links:
        state, row = (re.escape(quoted(said(link, what))) for what in ("state", "row"))
        missing = f"is_missing({quoted(link.columns[0])})"
        text = re.sub(rf"\({state} == \\?'{NONE}\\?'\)|{state} == \\?'{NONE}\\?'", missing, text)
        text = re.sub(rf"\(is_missing\({row}\)\)|is_missing\({row}\)", missing, text)
    return text
