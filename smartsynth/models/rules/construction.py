"""All rules of a table together: what is learnt instead of it, how rows are made of that, and which of them are left to be rejected.

    real rows ── formulas out ── groups to categories ── order to gaps ──▶ what a generator learns
    made rows ◀── formulas ◀── consequences ◀── order ◀── groups ◀─────── what it makes

Formulas are computed last, each after those it reads; what a consequence writes is written before them. A rule that is not among these
steps, and one that a later step has broken again, is looked for in the rows that are made: those that break one are rejected.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from smartsynth.constraints import Chain, Combinations, Consequence, Flags, Formula, OneHot, Rule, Unique
from smartsynth.errors import ConfigError
from smartsynth.expressions import Expression
from smartsynth.models.rules.consequence import ConsequenceStep
from smartsynth.models.rules.formula import FormulaStep
from smartsynth.models.rules.groups import GroupStep
from smartsynth.models.rules.order import Edge, OrderStep
from smartsynth.models.storage import natural_unit, to_float
from smartsynth.schema import Column, Kind, Schema

Step = FormulaStep | GroupStep | OrderStep | ConsequenceStep
KINDS: Mapping[str, type[Any]] = {
    "formula": FormulaStep, "group": GroupStep, "order": OrderStep, "consequence": ConsequenceStep,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Construction:
    """The steps of some rules.

    Args:
        rules: All of them; combinations with those that were seen.
        steps: In the order in which a table is brought to what is learnt.
        schema: Of the rows that are made.
    """

    rules: tuple[Rule, ...]
    steps: tuple[Step, ...]
    schema: Schema

    @classmethod
    def fit(cls, rows: pd.DataFrame, schema: Schema, rules: Sequence[Rule], *, k: int = 5) -> Self:
        """The steps by which rules hold.

        Args:
            rows: Real ones. Without any, nothing is read off them, and what would have to be is refused.
            schema: Their columns.
            rules: Of `constraints.rules_of`.
            k: A combination of values that fewer rows share does not come back.

        Raises:
            ConfigError: Rules contradict each other, or two of them want to make the same column.
            DataError: Columns have no frequent combination.
        """
        formulas = _formulas(rules, schema)
        computed = {step.column.name for step in formulas}
        groups = _groups(rows, schema, rules, k)
        taken = {column.name for group in groups for column in group.columns}
        _check_apart(computed, taken, groups)
        edges = _edges(
            [rule for rule in rules if isinstance(rule, Chain) and not set(rule.columns) & (computed | taken)],
            schema,
            rows,
        )
        order = [OrderStep.fit(rows, schema, edges)] if edges else []
        follows = _consequences(rules, schema, computed)
        return cls(_settled(rules, groups), (*formulas, *follows, *groups, *order), schema)

    @classmethod
    def restore(cls, rules: Sequence[Rule], steps: Sequence[Mapping[str, Any]], schema: Schema) -> Self:
        """What `to_json` came from, with its rules and columns."""
        found = steps_of(steps)
        return cls(_settled(rules, [step for step in found if isinstance(step, GroupStep)]), found, schema)

    def is_made(self, rule: Rule) -> bool:
        """Whether a rule holds by the way in which rows are made, so that hardly any is rejected for it."""
        return any(step.makes(rule) for step in self.steps)

    def learnt(self, rows: pd.DataFrame) -> tuple[pd.DataFrame, Schema]:
        """What a generator learns instead of a table, and its columns; without rows that have no known combination."""
        rows, schema = self.known(rows)
        for step in self.steps:
            if isinstance(step, GroupStep):
                rows = rows[step.is_learnt(rows)].reset_index(drop=True)
        return rows, schema

    def known(self, rows: pd.DataFrame) -> tuple[pd.DataFrame, Schema]:
        """The same of each row, with missing cells where nothing is known of them."""
        schema = self.schema
        for step in self.steps:
            rows, schema = step.learnt(rows, schema)
        return rows, schema

    def made(self, rows: pd.DataFrame, *, rng: np.random.Generator, start: int = 0) -> pd.DataFrame:
        """Rows of the table, of rows that a generator made.

        Args:
            rows: Of the columns that are learnt.
            rng: All the chance that there is.
            start: Place of the first row in the endless table.
        """
        for step in reversed(self.steps):
            rows = step.made(rows, rng=rng, start=start)
        return rows[list(self.schema.names)]

    def holds(self, rows: pd.DataFrame) -> Flags:
        """Which rows break no rule that can be seen of a row alone."""
        found = np.ones(len(rows), bool)
        for rule in self.rules:
            if not isinstance(rule, Unique):
                found &= rule.holds(rows)
        return found

    def to_json(self) -> list[dict[str, Any]]:
        """The steps as plain JSON types."""
        names = {kind: name for name, kind in KINDS.items()}
        return [{"kind": names[type(step)], **step.to_json()} for step in self.steps]


def steps_of(values: Sequence[Mapping[str, Any]]) -> tuple[Step, ...]:
    """What `Construction.to_json` came from."""
    return tuple(KINDS[value["kind"]].restore({k: v for k, v in value.items() if k != "kind"}) for value in values)


def _formulas(rules: Sequence[Rule], schema: Schema) -> list[FormulaStep]:
    """Computed columns, each before those that it reads, as they are left out of a table.

    Raises:
        ConfigError: Two rules give the same column, or formulas run in a circle.
    """
    given: dict[str, FormulaStep] = {}
    for rule in rules:
        if isinstance(rule, Formula):
            if rule.column in given:
                raise ConfigError(
                    f"Two rules give the column {rule.column!r}: {given[rule.column].text!r} and {rule.expression.text!r}."
                )
            given[rule.column] = FormulaStep(schema[rule.column], rule.expression.text)
    order: list[FormulaStep] = []
    left = dict(given)
    while left:
        free = [name for name, step in left.items() if not set(step.reads) & set(left)]
        if not free:
            raise ConfigError(f"The formulas of {', '.join(map(repr, left))} run in a circle. Leave one of them out.")
        order += [left.pop(name) for name in free]
    return order[::-1]


def _groups(rows: pd.DataFrame, schema: Schema, rules: Sequence[Rule], k: int) -> list[GroupStep]:
    made = [GroupStep.one_hot(schema, rule.columns) for rule in rules if isinstance(rule, OneHot)]
    return made + [GroupStep.seen(rows, schema, rule.columns, k=k) for rule in rules if isinstance(rule, Combinations)]


def _check_apart(computed: set[str], taken: set[str], groups: Sequence[GroupStep]) -> None:
    """ConfigError if two rules want to make the same column."""
    names = [column.name for group in groups for column in group.columns]
    twice = sorted({name for name in names if names.count(name) > 1} | (computed & taken))
    if twice:
        raise ConfigError(
            f"The column {twice[0]!r} is in two groups, or in a group and given by a formula. Join the groups, or leave one of the rules out."
        )


def _edges(chains: Sequence[Chain], schema: Schema, rows: pd.DataFrame) -> list[Edge]:
    """What is below what, as chains say."""
    made = []
    for chain in chains:
        for low, high, strict in zip(chain.members, chain.members[1:], chain.strict, strict=False):
            if isinstance(low, str) or isinstance(high, str):
                made.append(Edge(_end(low, high, schema, rows), _end(high, low, schema, rows), strict))
    return made


def _end(end: str | Expression, other: str | Expression, schema: Schema, rows: pd.DataFrame) -> str | float:
    """A column, or the number of a value in the units of the column that it is compared with."""
    if isinstance(end, str):
        return end
    column = schema[str(other)]
    value = end(pd.DataFrame(index=[0])).iloc[0]
    if column.kind is Kind.NUMERIC:
        return float(value)
    cell = pd.Series([pd.Timedelta(value) if column.kind is Kind.DURATION else pd.Timestamp(value)])
    plain = Column(column.name, column.kind, str(cell.dtype))
    return float(to_float(plain, cell, natural_unit(column, rows[column.name]))[0])


def _consequences(rules: Sequence[Rule], schema: Schema, computed: set[str]) -> list[ConsequenceStep]:
    """What follows and can be written, and is not computed anyway."""
    made = [ConsequenceStep.of(rule.condition, rule.follows, schema) for rule in rules if isinstance(rule, Consequence)]
    return [step for step in made if step is not None and step.column.name not in computed]


def _settled(rules: Sequence[Rule], groups: Sequence[GroupStep]) -> tuple[Rule, ...]:
    """The rules, combinations with those that were seen."""
    seen = {tuple(c.name for c in group.columns): group.rows for group in groups}
    return tuple(
        Combinations(rule.columns, frozenset(tuple(map(str, one)) for one in seen[rule.columns] if None not in one))
        if isinstance(rule, Combinations) else rule
        for rule in rules
    )  # fmt: skip
