"""All rules of a table together: what is learnt instead of it, how rows are made of that, and which of them are left to be rejected.

    real rows ── each step takes something out ──▶ what a generator learns
    made rows ◀── the steps the other way round ── what it makes

Steps are in order by what they read and make (sequence.py): a formula is computed after the columns that it reads, a column is put below a
total after the total is. A rule that is not among these steps, one whose columns another step makes, and one that a later step has broken
again, is looked for in the rows that are made: those that break one are rejected.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pandas as pd

from smartsynth.clashes import clashes, unsatisfied
from smartsynth.constraints import (
    Chain,
    Combinations,
    Condition,
    Consequence,
    Flags,
    Formula,
    Matches,
    OneHot,
    Rule,
    Unique,
)
from smartsynth.errors import ConfigError, DataError
from smartsynth.models.rules.chains import bounds_of, edges_of, order_steps
from smartsynth.models.rules.checked import CheckedStep
from smartsynth.models.rules.consequence import ConsequenceStep
from smartsynth.models.rules.cumulative import CumulativeStep
from smartsynth.models.rules.formula import FormulaStep
from smartsynth.models.rules.groups import GroupStep
from smartsynth.models.rules.monotone import MonotoneStep
from smartsynth.models.rules.order import TIED, Edge, OrderStep
from smartsynth.models.rules.parts import PartsStep, parts_of
from smartsynth.models.rules.pattern import PatternStep
from smartsynth.models.rules.places import PlaceStep
from smartsynth.models.rules.rehearsal import rehearse
from smartsynth.models.rules.sequence import needed_for, sequence
from smartsynth.models.rules.step import Holders, Step, holders_of
from smartsynth.models.rules.zeros import ZeroStep
from smartsynth.named_rules import Cumulative, Geographic, Monotone, ZeroTogether
from smartsynth.schema import Kind, Schema

KINDS: Mapping[str, type[Any]] = {
    "formula": FormulaStep, "group": GroupStep, "order": OrderStep, "consequence": ConsequenceStep, "cumulative": CumulativeStep,
    "monotone": MonotoneStep, "pattern": PatternStep, "places": PlaceStep, "zeros": ZeroStep,
    "parts": PartsStep, "checked": CheckedStep,
}  # fmt: skip

FEW, MOST_LOOKED_AT = 1_000, 100_000
"""Real rows that are looked at first, and at most, to see whether some keep all rules."""


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
    def fit(
        cls, rows: pd.DataFrame, schema: Schema, rules: Sequence[Rule], *, k: int = 5, holders: Holders | None = None
    ) -> Self:
        """The steps by which rules hold.

        Args:
            rows: Real ones. Without any, nothing is read off them, and what would have to be is refused.
            schema: Their columns.
            rules: Of `constraints.rules_of`.
            k: A combination of values that fewer rows share does not come back. Rules that fewer keep together are refused as if none did.
            holders: Whose each row is, where several rows of one count once; the entities of the schema if not given, or else each row
                is its own.

        Raises:
            ConfigError: Rules contradict each other, or two of them want to make the same column.
            DataError: Columns have no frequent combination, or pairs no frequent place.
        """
        seen = _computable(rows.head(FEW), rules)
        if said := clashes(rules, schema):
            raise ConfigError("\n".join(said))
        holders = holders_of(rows, schema) if holders is None else holders
        groups = _groups(rows, schema, rules, k, holders)
        places = [
            PlaceStep.fit(rows, schema, rule.columns, k=k, holders=holders)
            for rule in rules
            if isinstance(rule, Geographic)
        ]
        edges = edges_of([rule for rule in rules if isinstance(rule, Chain)], schema, rows)
        rising = _rising(rules, rows, schema, bounds_of(edges))
        computed = _computed(rules, schema)
        made, left = _apart([*computed, *groups, *places, *rising])
        fixed = {name for step in made for name in step.writes}
        patterns = _patterns(rules, schema, fixed)
        zeros = _zeros(rules, schema, fixed)
        order, parts = _order(rules, rows, schema, edges, zeros, fixed, computed, k, holders)
        kept = fixed | {step.column.name for step in patterns if not step.column.nullable}
        values = [
            FormulaStep(column, text) for part in parts for column, text in zip(part.columns, part.texts, strict=True)
        ]
        steps = [
            *order, *(step for step in (*rising, *groups, *places) if step in made), *patterns, *computed, *values, *zeros,
            *_consequences(rules, schema, kept),
        ]  # fmt: skip
        checked = [CheckedStep(step) for step in left if isinstance(step, GroupStep | PlaceStep)]
        built = cls(_settled(rules, [*groups, *places]), (*parts, *checked, *sequence(steps[::-1])[::-1]), schema)
        some, whose = rows.head(MOST_LOOKED_AT), np.arange(len(rows)) if holders is None else holders
        _check_kept(some, built, seen, whose, k)
        _check_made(some, built, whose, k)
        return built

    @classmethod
    def restore(cls, rules: Sequence[Rule], steps: Sequence[Mapping[str, Any]], schema: Schema) -> Self:
        """What `to_json` came from, with its rules and columns."""
        found = steps_of(steps)
        allowed = [step.allowed if isinstance(step, CheckedStep) else step for step in found]
        return cls(
            _settled(rules, [step for step in allowed if isinstance(step, GroupStep | PlaceStep)]), found, schema
        )

    def is_made(self, rule: Rule) -> bool:
        """Whether a rule holds by the way in which rows are made, so that hardly any is rejected for it."""
        over = {step.column.name for step in self.steps if isinstance(step, ConsequenceStep) and step.writes_over(rule)}
        return not over & set(rule.columns) and any(step.makes(rule) for step in self.steps)

    @property
    def most(self) -> float:
        """Records that can be made, as many as a column of different texts, or a key of declared values, has."""
        texts = (step.most for step in self.steps if isinstance(step, PatternStep))
        return min(*texts, *(self._keys(rule) for rule in self.rules if isinstance(rule, Unique)), math.inf, math.inf)

    def check_reaches(self, n: int) -> None:
        """DataError if fewer than `n` records can be made, naming the column whose different texts are used up, or the key."""
        for step in self.steps:
            if isinstance(step, PatternStep):
                step.check_reaches(n)
        for rule in self.rules:
            if isinstance(rule, Unique) and n > self._keys(rule):
                raise DataError(
                    f"{rule.said!r}: the declared values of these columns make {self._keys(rule):,} different keys, and {n:,} rows are asked "
                    "for. Make fewer rows, declare more values, or add a column to the key."
                )

    def _keys(self, rule: Unique) -> float:
        """Different keys that there are; no end where one of their columns has no declared values, or may be missing."""
        columns = [self.schema[name] for name in rule.columns]
        values = [2 if column.kind is Kind.BOOLEAN else len(column.categories or ()) for column in columns]
        is_open = self.schema.entity is not None or any(column.nullable for column in columns) or not all(values)
        return math.inf if is_open else math.prod(values)

    def learnt(self, rows: pd.DataFrame) -> tuple[pd.DataFrame, Schema]:
        """What a generator learns instead of a table, and its columns; without rows that have no known combination or place."""
        rows, schema = self.known(rows)
        kept = self.is_learnt(rows)
        return (rows if kept.all() else rows[kept].reset_index(drop=True)), schema

    def is_learnt(self, rows: pd.DataFrame) -> Flags:
        """Which of the rows that `known` gave have known combinations and places."""
        fits = [step.is_learnt(rows) for step in self.steps if isinstance(step, GroupStep | PlaceStep)]
        return np.asarray(np.all([np.ones(len(rows), bool), *fits], axis=0))

    def known(self, rows: pd.DataFrame) -> tuple[pd.DataFrame, Schema]:
        """The same of each row, with missing cells where nothing is known of them."""
        schema = self.schema
        for step in self.steps:
            rows, schema = step.learnt(rows, schema)
        return rows, schema

    def made(self, rows: pd.DataFrame, *, rng: np.random.Generator, start: int = 0) -> pd.DataFrame:
        """Rows of the table, of rows that a generator made.

        Args:
            rows: As columns of `learnt`.
            rng: All the chance there is.
            start: Place of the first of them in the endless stream of rows, so that what is counted never comes twice.
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


def _computable(rows: pd.DataFrame, rules: Sequence[Rule]) -> dict[Rule, Flags]:
    """Which rows keep each rule that is an expression.

    Raises:
        ConfigError: One cannot be computed with the columns that there are, such as a number that is compared with a text.
    """
    if not len(rows):
        return {}
    return {rule: rule.holds(rows) for rule in rules if isinstance(rule, Condition | Consequence | Formula)}


def _enough(whose: Holders, k: int, every: int) -> Callable[[Flags], bool]:
    """Whether some rows are of so many that they can be told apart from none: `k`, or half of `every` one where these are fewer than twice `k`."""
    least = min(k, (every + 1) // 2)
    return lambda kept: len(np.unique(whose[: len(kept)][kept])) >= least


def _check_kept(rows: pd.DataFrame, built: Construction, seen: Mapping[Rule, Flags], whose: Holders, k: int) -> None:
    """ConfigError if no real row keeps all rules together, or so few do that nobody may know, but for those that are made whatever real
    rows are; without any, made-up ones.

    Args:
        rows: Real ones.
        built: The rules, and how they are made to hold.
        seen: Which of the first rows keep a rule, where that was looked at.
        whose: Whose each row is.
        k: Rows of fewer are as good as none.
    """
    if not len(rows):
        rehearse(built.rules, built.schema)
        return
    anew = (Formula, Cumulative, Matches)
    alone = [
        rule for rule in built.rules if not isinstance(rule, Unique)
    ]  # of a key that comes twice the first row keeps it
    rules = [rule for rule in alone if not (isinstance(rule, anew) and built.is_made(rule))]
    few, enough = rows.head(FEW), _enough(whose, k, len(np.unique(whose)))
    if enough(np.all([np.ones(len(few), bool), *(seen[r] if r in seen else r.holds(few) for r in rules)], axis=0)):
        return
    apart = [repr(rule.said) for rule in unsatisfied(rules, rows, enough)]
    broke = f"All or almost all of {len(rows):,} real rows broke"
    if len(apart) == 1:
        raise ConfigError(f"{broke} {apart[0]}. Correct the rule, or leave it out.")
    if apart:
        raise ConfigError(f"{broke} one of {' and '.join(apart)}. Correct one of them, or leave it out.")


def _check_made(rows: pd.DataFrame, built: Construction, whose: Holders, k: int) -> None:
    """ConfigError if no row, or too few, keep all rules that are made of what would be learnt of real ones, such as too short texts of a pattern."""
    rules = [rule for rule in built.rules if not isinstance(rule, Unique)]
    apart: tuple[Rule, ...] = ()
    for some in (rows.head(FEW), rows) if len(rows) else ():
        known, _ = built.known(some)
        kept = built.is_learnt(known)
        enough = _enough(whose[: len(some)][kept], k, len(np.unique(whose)))
        made = built.made(known[kept].reset_index(drop=True), rng=np.random.default_rng(0))
        apart = unsatisfied(rules, made, enough)
        if not apart:
            return
    if apart:
        raise ConfigError(
            f"All or almost all of {len(rows):,} rows that were made of real ones by the rules broke "
            f"{' or '.join(repr(rule.said) for rule in apart)}. "
            "Correct the rule, or leave it out."
        )


def steps_of(values: Sequence[Mapping[str, Any]]) -> tuple[Step, ...]:
    """What `Construction.to_json` came from."""
    return tuple(KINDS[value["kind"]].restore({k: v for k, v in value.items() if k != "kind"}) for value in values)


def _computed(rules: Sequence[Rule], schema: Schema) -> list[FormulaStep | CumulativeStep]:
    """Columns that others give.

    Raises:
        ConfigError: Two rules give the same column.
    """
    given: dict[str, Rule] = {}
    found: list[FormulaStep | CumulativeStep] = []
    for rule in rules:
        if isinstance(rule, Formula | Cumulative):
            if rule.column in given:
                raise ConfigError(
                    f"Two rules give the column {rule.column!r}: {given[rule.column].said!r} and {rule.said!r}."
                )
            given[rule.column] = rule
            if isinstance(rule, Formula):
                found.append(FormulaStep.of_rule(rule, schema))
            else:
                found.append(CumulativeStep.of_rule(rule, schema))
    return found


def _groups(
    rows: pd.DataFrame, schema: Schema, rules: Sequence[Rule], k: int, holders: Holders | None
) -> list[GroupStep]:
    """One-hot columns and combinations, without those that break a rule about their columns alone."""
    found = []
    for rule in rules:
        if isinstance(rule, OneHot):
            group = GroupStep.one_hot(schema, rule.columns)
        elif isinstance(rule, Combinations) and rule.declared is not None:
            group = GroupStep.declared(schema, rule.columns, rule.declared)
        elif isinstance(rule, Combinations):
            group = GroupStep.seen(rows, schema, rule.columns, k=k, holders=holders)
        else:
            continue
        plain = [
            other
            for other in rules
            if not isinstance(other, OneHot | Combinations | Unique | Formula | Cumulative | Monotone)
        ]
        found.append(group.where([other for other in plain if set(other.columns) <= set(rule.columns)]))
    return found


def _rising(
    rules: Sequence[Rule], rows: pd.DataFrame, schema: Schema, bounds: Mapping[str, tuple[float, float]]
) -> list[MonotoneStep]:
    """Columns that rise or fall in an entity's time, within the values that they are said to be between."""
    found = []
    for rule in rules:
        if isinstance(rule, Monotone) and rule.column not in rule.order:
            low, high = bounds.get(rule.column, (-np.inf, np.inf))
            found.append(MonotoneStep.of_rule(rule, rows, schema, low=low, high=high))
    return found


def _zeros(rules: Sequence[Rule], schema: Schema, fixed: set[str]) -> list[ZeroStep]:
    """Columns that are 0 together, none of which another step makes; those of rules that share one are all 0 together."""
    groups: list[dict[str, None]] = []
    for rule in rules:
        if isinstance(rule, ZeroTogether) and not fixed & set(rule.columns):
            near = [group for group in groups if group.keys() & set(rule.columns)]
            groups = [group for group in groups if group not in near]
            groups.append(dict.fromkeys((*(name for group in near for name in group), *rule.columns)))
    return [ZeroStep.of(schema, tuple(group)) for group in groups]


def _order(
    rules: Sequence[Rule], rows: pd.DataFrame, schema: Schema, edges: Sequence[Edge], zeros: Sequence[ZeroStep], fixed: set[str],
    computed: Sequence[Step], k: int, holders: Holders | None,
) -> tuple[list[OrderStep], list[PartsStep]]:  # fmt: skip
    """Columns that are compared with columns, values and what is computed, and what is computed for that."""
    parts, more = parts_of(rules, rows)
    tied = {column.name for column in (*schema, *parts.columns) if column.kind in TIED}
    more = [edge for edge in more if {edge.low, edge.high} <= tied]
    rows, schema = parts.learnt(rows, schema)
    for step in zeros:
        rows, schema = step.learnt(rows, schema)
    values = [FormulaStep(column, text) for column, text in zip(parts.columns, parts.texts, strict=True)]
    names = fixed | {column.name for column in parts.columns}
    order = order_steps(
        [*edges, *more], rows, schema, names, lambda some: needed_for(some, [*computed, *values]), k, holders
    )
    used = parts.only({name for step in order for name in step.fixed})
    return order, [used] if used.columns else []


def _apart(steps: Sequence[Step]) -> tuple[list[Step], list[Step]]:
    """The steps that make columns of their own, of two for one column the first, and those that are left to be checked."""
    made: list[Step] = []
    left: list[Step] = []
    for step in steps:
        taken = {name for one in made for name in one.writes}
        (left if taken & set(step.writes) else made).append(step)
    return made, left


def _patterns(rules: Sequence[Rule], schema: Schema, fixed: set[str]) -> list[PatternStep]:
    """Columns that are written anew and that no other step makes.

    Of two forms of a column it is the first; rows in which a column has not the other, or not the form that it is to have where another
    step makes it, are rejected.
    """
    alone = {rule.columns[0] for rule in rules if isinstance(rule, Unique) and len(rule.columns) == 1}
    found: dict[str, PatternStep] = {}
    for rule in rules:
        if isinstance(rule, Matches) and rule.column not in found and rule.column not in fixed:
            step = PatternStep.of_rule(rule, schema, distinct=rule.column in alone)
            if step is not None:
                found[rule.column] = step
    return list(found.values())


def _consequences(rules: Sequence[Rule], schema: Schema, kept: set[str]) -> list[ConsequenceStep]:
    """What follows and can be written into a column that no other step keeps as it is."""
    made = [ConsequenceStep.of(rule.condition, rule.follows, schema) for rule in rules if isinstance(rule, Consequence)]
    return [step for step in made if step is not None and step.column.name not in kept]


def _settled(rules: Sequence[Rule], allowed: Sequence[GroupStep | PlaceStep]) -> tuple[Rule, ...]:
    """The rules, combinations and places with those that there are."""
    seen = {step.writes: step.rows for step in allowed if isinstance(step, GroupStep)}
    cells = {step.writes: step.cells for step in allowed if isinstance(step, PlaceStep)}
    found: list[Rule] = []
    for rule in rules:
        if isinstance(rule, Combinations):
            known = frozenset(tuple(map(str, one)) for one in seen[rule.columns] if None not in one)
            found.append(replace(rule, seen=known))
        else:
            found.append(replace(rule, cells=cells[rule.columns]) if isinstance(rule, Geographic) else rule)
    return tuple(found)
