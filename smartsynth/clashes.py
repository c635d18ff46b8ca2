"""Rules that cannot hold together, found before anything is learnt.

    clashes(rules, schema)       of what the rules say, and of what is declared about columns
    unsatisfied(rules, rows)     of rules that no real row, or hardly any, keeps together: as few of them as a greedy search finds

The first looks at values that columns must have, at ends that chains pass on from column to column (`a >= 10`, `b >= a`, `b <= 5`), and at
groups of which two members are fixed. It names clashes that it can prove; that it names none does not prove that rows can be made.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from smartsynth.constraints import Among, Chain, Combinations, Condition, Flags, Formula, Matches, OneHot, Rule
from smartsynth.expressions import ALIKE, Expression
from smartsynth.named_rules import ZeroTogether
from smartsynth.schema import Column, Kind, Schema
from smartsynth.sequences import TIMES


@dataclass(frozen=True, slots=True)
class Clash:
    """Rules that cannot hold together.

    Args:
        said: The rules, and what is declared.
        why: What they would ask for.
    """

    said: tuple[str, ...]
    why: str

    def __str__(self) -> str:
        names = [repr(one) for one in dict.fromkeys(self.said)]
        if len(names) == 1:
            return f"The rule {names[0]} cannot hold: {self.why}. Change it."
        return f"The rules {', '.join(names[:-1])} and {names[-1]} clash: {self.why}. Change one of them."


@dataclass(frozen=True, slots=True)
class End:
    """The least or the most that a column can be.

    Args:
        value: In numbers; seconds of dates and durations.
        open: Whether the value itself is left out.
        said: Rules that it follows from.
    """

    value: float
    open: bool
    said: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """The values that a column can have by one rule.

    Args:
        values: Some of them.
        said: The rule.
    """

    values: tuple[Any, ...]
    said: str


@dataclass(frozen=True, slots=True)
class Pair:
    """A column that is at most, or less than, another.

    Args:
        low, high: Names.
        strict: Whether it is less.
        said: The rule.
    """

    low: str
    high: str
    strict: bool
    said: str


def clashes(rules: Sequence[Rule], schema: Schema) -> tuple[str, ...]:
    """Sentences about rules that cannot hold together in any row; none if no clash is found.

    >>> from smartsynth.constraints import rules_of
    >>> from smartsynth.schema import Column
    >>> schema = Schema(tuple(Column(name, Kind.NUMERIC, "int64", decimals=0) for name in "ab"))
    >>> clashes(rules_of(["a >= 10", "b >= a", "b <= 5"], schema), schema)
    ("The rules 'a >= 10', 'b >= a' and 'b <= 5' clash: 'a' would have to be at least 10 and at most 5. Change one of them.",)
    """
    choices = _choices(rules, schema)
    found = [*_of_choices(choices), *_of_forms(rules, choices), *_of_groups(rules, choices), *_of_spans(rules, schema)]
    pairs = _pairs(rules, schema)
    lows, highs = _ends(rules, schema, choices, pairs)
    for name in dict.fromkeys((*lows, *highs)):
        low, high = lows.get(name), highs.get(name)
        if low and high and (low.value > high.value or (low.value == high.value and (low.open or high.open))):
            least = f"{'more than' if low.open else 'at least'} {_written(schema[name], low)}"
            most = f"{'less than' if high.open else 'at most'} {_written(schema[name], high)}"
            found.append(Clash((*low.said, *high.said), f"{name!r} would have to be {least} and {most}"))
    found += [*_of_circles(pairs), *_of_zeros(rules, lows, highs)]
    order = {rule.said: i for i, rule in enumerate(rules)}
    return tuple(
        str(replace(clash, said=tuple(sorted(clash.said, key=lambda said: order.get(said, len(order))))))
        for clash in _smallest(found)
    )


def unsatisfied(
    rules: Sequence[Rule], rows: pd.DataFrame, enough: Callable[[Flags], bool] = lambda kept: bool(kept.any())
) -> tuple[Rule, ...]:
    """Rules that no row keeps together, as few as a greedy search finds; none if some row keeps all, or there is no row.

    Args:
        rules: All of them.
        rows: Of a table.
        enough: Whether the rows that keep some rules count as some.
    """
    if not len(rows) or not rules:
        return ()
    keeps = {i: rule.holds(rows) for i, rule in enumerate(rules)}
    if enough(np.all(list(keeps.values()), axis=0)):
        return ()
    for few in (1, 2):
        for some in combinations(keeps, few):
            if not enough(np.all([keeps[i] for i in some], axis=0)):
                return tuple(rules[i] for i in some)
    left = sorted(keeps, key=lambda i: int(keeps[i].sum()))  # what most rows break is kept longest
    for i in reversed(tuple(left)):
        others = [j for j in left if j != i]
        if not enough(np.all([keeps[j] for j in others], axis=0)):
            left = others
    return tuple(rules[i] for i in sorted(left))


def _choices(rules: Sequence[Rule], schema: Schema) -> dict[str, list[Choice]]:
    """The values that columns can have, where rules or declared categories say so."""
    found: dict[str, list[Choice]] = {}
    for column in schema:
        if column.categories is not None:
            found[column.name] = [Choice(tuple(column.categories), f"categories of {column.name}")]
    for rule in rules:
        if isinstance(rule, Among):
            found.setdefault(rule.column, []).append(Choice(rule.values, rule.said))
        if isinstance(rule, Condition) and not isinstance(rule, Chain):
            chosen = _chosen(rule.expression)
            if chosen is not None:
                found.setdefault(chosen[0], []).append(Choice(chosen[1], rule.said))
    return found


def _chosen(whole: Expression) -> tuple[str, tuple[Any, ...]] | None:
    """A column and its values, of `a == 1`, `a in (1, 2)`, `a` and `not a`."""
    match whole.tree:
        case ast.Name() as name:
            return whole.name(name), (True,)
        case ast.UnaryOp(op=ast.Not(), operand=ast.Name() as name):
            return whole.name(name), (False,)
        case ast.Compare(left=ast.Name() as name, ops=[ast.Eq()], comparators=[one]) if (
            value := _constant(one)
        ) is not None:
            return whole.name(name), (value,)
        case ast.Compare(left=one, ops=[ast.Eq()], comparators=[ast.Name() as name]) if (
            value := _constant(one)
        ) is not None:
            return whole.name(name), (value,)
        case ast.Compare(left=ast.Name() as name, ops=[ast.In()], comparators=[ast.Tuple() | ast.List() as some]):
            values = tuple(_constant(one) for one in some.elts)
            return None if None in values else (whole.name(name), values)
    return None


def _constant(node: ast.expr) -> Any:
    """The value of a part without columns, such as 3, -3 or "a"; None if it is another."""
    try:
        return ast.literal_eval(node)
    except ValueError:
        return None


def _of_choices(choices: Mapping[str, Sequence[Choice]]) -> list[Clash]:
    found = []
    for name, some in choices.items():
        for one, other in combinations(some, 2):
            if not set(one.values) & set(other.values):
                found.append(Clash((one.said, other.said), f"{name!r} cannot have a value that both allow"))
    return found


def _of_forms(rules: Sequence[Rule], choices: Mapping[str, Sequence[Choice]]) -> list[Clash]:
    """Texts that have not the form that they must have."""
    return [
        Clash((rule.said, choice.said), f"no value of {rule.column!r} that one allows has the form")
        for rule in rules if isinstance(rule, Matches)
        for choice in choices.get(rule.column, ()) if not any(re.fullmatch(rule.pattern, str(value)) for value in choice.values)
    ]  # fmt: skip


def _of_groups(rules: Sequence[Rule], choices: Mapping[str, Sequence[Choice]]) -> list[Clash]:
    """One-hot columns and declared combinations of which no row is left."""
    found = []
    for rule in rules:
        rows: Sequence[tuple[Any, ...]] = ()
        if isinstance(rule, OneHot):
            rows = [tuple(name == hot for name in rule.columns) for hot in rule.columns]
        elif isinstance(rule, Combinations):
            rows = rule.declared or ()
        own = [(i, choice) for i, name in enumerate(rule.columns) for choice in choices.get(name, ())]
        least = next(
            (
                some for few in (1, 2, 3) for some in combinations(own, few)
                if rows and not any(all(row[i] is None or row[i] in choice.values for i, choice in some) for row in rows)
            ), None,
        )  # fmt: skip
        if least is not None:
            said = [choice.said for _, choice in least]
            found.append(Clash((rule.said, *said), "no row of the group has these values"))
    return found


def _of_spans(rules: Sequence[Rule], schema: Schema) -> list[Clash]:
    """Comparisons that no values between the declared ends of columns fulfil."""
    found = []
    for rule in rules:
        tree = rule.expression.tree if isinstance(rule, Condition) and not isinstance(rule, Chain) else None
        if not (isinstance(rule, Condition) and isinstance(tree, ast.Compare)):
            continue
        spans = [_span(part, rule.expression, schema) for part in (tree.left, *tree.comparators)]
        if any(_is_apart(one, how, other) for one, how, other in zip(spans, tree.ops, spans[1:], strict=False)):
            ends = [
                f"{what} of {column.name}: {value}"
                for column in map(schema.__getitem__, rule.columns)
                for what, value in (("low", column.low), ("high", column.high)) if value is not None
            ]  # fmt: skip
            found.append(Clash((rule.said, *ends), "no values between these ends keep it"))
    return found


def _span(node: ast.expr, whole: Expression, schema: Schema) -> tuple[float, float]:
    """Between what values a part lies, by the declared ends of its columns."""
    everything = (-math.inf, math.inf)
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return float(value), float(value)
        case ast.Name() if schema[whole.name(node)].kind is Kind.NUMERIC:
            column = schema[whole.name(node)]
            low, high = (None if end is None else _number(column, end) for end in (column.low, column.high))
            return -math.inf if low is None else low, math.inf if high is None else high
        case ast.UnaryOp(op=ast.USub()):
            low, high = _span(node.operand, whole, schema)
            return -high, -low
        case ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mult()):
            one, other = _span(node.left, whole, schema), _span(node.right, whole, schema)
            if not all(map(math.isfinite, (*one, *other))) and isinstance(node.op, ast.Mult):
                return everything
            if isinstance(node.op, ast.Add):
                return one[0] + other[0], one[1] + other[1]
            if isinstance(node.op, ast.Sub):
                return one[0] - other[1], one[1] - other[0]
            ends = [a * b for a in one for b in other]
            return min(ends), max(ends)
    return everything


def _is_apart(one: tuple[float, float], how: ast.cmpop, other: tuple[float, float]) -> bool:
    """Whether no value of one compares so with any of another; what is nearly so is let pass."""
    room = ALIKE * max((abs(end) for end in (*one, *other) if math.isfinite(end)), default=0.0)
    match how:
        case ast.Lt():
            return one[0] >= other[1]
        case ast.LtE():
            return one[0] > other[1] + room
        case ast.Gt():
            return one[1] <= other[0]
        case ast.GtE():
            return one[1] < other[0] - room
        case ast.Eq():
            return one[0] > other[1] + room or one[1] < other[0] - room
    return False


def _pairs(rules: Sequence[Rule], schema: Schema) -> list[Pair]:
    """Columns below others, by chains and by formulas that only name another column."""
    found = []
    for rule in rules:
        if isinstance(rule, Chain):
            for low, high, strict in zip(rule.members, rule.members[1:], rule.strict, strict=False):
                if isinstance(low, str) and isinstance(high, str):
                    found.append(Pair(low, high, strict, rule.said))
        elif isinstance(rule, Formula) and isinstance(rule.expression.tree, ast.Name):
            other = rule.expression.names[0]
            found += [Pair(rule.column, other, False, rule.said), Pair(other, rule.column, False, rule.said)]
    return [pair for pair in found if schema[pair.low].kind in TIMES and schema[pair.high].kind in TIMES]


def _ends(
    rules: Sequence[Rule], schema: Schema, choices: Mapping[str, Sequence[Choice]], pairs: Sequence[Pair]
) -> tuple[dict[str, End], dict[str, End]]:
    """The least and the most of columns, passed on along pairs."""
    lows: dict[str, End] = {}
    highs: dict[str, End] = {}

    def put(name: str, end: End, *, is_low: bool) -> bool:
        """Whether an end is nearer than what was known."""
        ends, sign = (lows, 1) if is_low else (highs, -1)
        end, known = _on_grid(schema[name], end, sign), ends.get(name)
        if known is None or (sign * end.value, end.open) > (sign * known.value, known.open):
            ends[name] = end
            return True
        return False

    for name, end, is_low in _said(rules, schema, choices):
        put(name, end, is_low=is_low)
    for _ in range(len(schema) + 1):
        moved = False
        for pair in pairs:
            if (low := lows.get(pair.low)) is not None:
                moved |= put(pair.high, End(low.value, low.open or pair.strict, _joined(low, pair)), is_low=True)
            if (high := highs.get(pair.high)) is not None:
                moved |= put(pair.low, End(high.value, high.open or pair.strict, _joined(high, pair)), is_low=False)
        if not moved:
            break
    return lows, highs


def _joined(end: End, pair: Pair) -> tuple[str, ...]:
    return end.said if pair.said in end.said else (*end.said, pair.said)


def _said(
    rules: Sequence[Rule], schema: Schema, choices: Mapping[str, Sequence[Choice]]
) -> Iterator[tuple[str, End, bool]]:
    """The ends that rules and declarations name: of which column, and whether it is the least."""
    for column in schema:
        for value, is_low, what in ((column.low, True, "low"), (column.high, False, "high")):
            if value is not None and (number := _number(column, value)) is not None:
                yield column.name, End(number, False, (f"{what} of {column.name}: {value}",)), is_low
        for choice in choices.get(column.name, ()):
            numbers = [_number(column, value) for value in choice.values]
            known = [number for number in numbers if number is not None]
            if known and len(known) == len(numbers):
                yield column.name, End(min(known), False, (choice.said,)), True
                yield column.name, End(max(known), False, (choice.said,)), False
    for rule in rules:
        if isinstance(rule, Chain):
            for low, high, strict in zip(rule.members, rule.members[1:], rule.strict, strict=False):
                name, fixed, is_low = (high, low, True) if isinstance(high, str) else (low, high, False)
                if isinstance(name, str) and isinstance(fixed, Expression):
                    number = _number(schema[name], _value(fixed))
                    if number is not None:
                        yield name, End(number, strict, (rule.said,)), is_low


def _value(expression: Expression) -> Any:
    return expression(pd.DataFrame(index=[0])).iloc[0]


def _number(column: Column, value: Any) -> float | None:
    """A value in the numbers of a column; None if it is none."""
    if column.kind not in TIMES or isinstance(value, bool):
        return None
    try:
        if column.kind is Kind.NUMERIC:
            found = float(value)
        elif column.kind is Kind.DATETIME:
            moment = pd.Timestamp(value)
            found = moment.tz_localize(None).timestamp() if moment.tzinfo is not None else moment.timestamp()
        else:
            found = pd.Timedelta(value).total_seconds()
    except (TypeError, ValueError):
        return None
    return found if math.isfinite(found) else None


def _on_grid(column: Column, end: End, sign: int) -> End:
    """The end at the next value that the column can have, by its decimal places."""
    if column.kind is not Kind.NUMERIC or column.decimals is None:
        return end
    scale = 10.0**column.decimals
    place = end.value * scale
    near = math.ceil(sign * place - 1e-9)
    if end.open and abs(near - sign * place) < 1e-9:
        near += 1
    return End(sign * near / scale, False, end.said)


def _written(column: Column, end: End) -> str:
    """An end in words, without which of the two it is."""
    if column.kind is Kind.DATETIME:
        return str(pd.Timestamp(end.value, unit="s"))
    return str(pd.Timedelta(end.value, unit="s")) if column.kind is Kind.DURATION else f"{end.value:g}"


def _of_circles(pairs: Sequence[Pair]) -> list[Clash]:
    """Columns that would have to be less than themselves."""
    found = []
    for pair in pairs:
        if pair.strict and (way := _way(pair.high, pair.low, pairs)) is not None:
            said = dict.fromkeys((pair.said, *(one.said for one in way)))
            found.append(Clash(tuple(said), f"they run in a circle, in which {pair.low!r} would be less than itself"))
    return found


def _way(start: str, goal: str, pairs: Sequence[Pair]) -> tuple[Pair, ...] | None:
    """Pairs that lead up from a column to another, as few as there are."""
    ways: dict[str, tuple[Pair, ...]] = {start: ()}
    queue = [start]
    for name in queue:
        if name == goal:
            return ways[name]
        for pair in pairs:
            if pair.low == name and pair.high not in ways:
                ways[pair.high] = (*ways[name], pair)
                queue.append(pair.high)
    return None


def _of_zeros(rules: Sequence[Rule], lows: Mapping[str, End], highs: Mapping[str, End]) -> list[Clash]:
    """Columns of which one must be 0 and another must not."""
    found = []
    for rule in rules:
        if not isinstance(rule, ZeroTogether):
            continue
        zero = [n for n in rule.columns if n in lows and n in highs and lows[n].value == highs[n].value == 0]
        for name in rule.columns:
            low, high = lows.get(name), highs.get(name)
            never = next(
                (
                    end
                    for end, off in ((low, 1), (high, -1))
                    if end and (off * end.value > 0 or (end.value == 0 and end.open))
                ),
                None,
            )
            if never and zero and name not in zero:
                said = (rule.said, *lows[zero[0]].said, *highs[zero[0]].said, *never.said)
                found.append(Clash(said, f"{zero[0]!r} is 0 and {name!r} cannot be"))
    return found


def _smallest(found: Sequence[Clash]) -> list[Clash]:
    """Clashes of which no other is a part, each once."""
    sets = [frozenset(clash.said) for clash in found]
    return [
        clash for i, clash in enumerate(found) if not any(other < sets[i] for other in sets) and sets[i] not in sets[:i]
    ]  # fmt: skip
