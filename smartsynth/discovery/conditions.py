"""What follows from the value of another column: `if sex == "M" then not pregnant`, `if status == "open" then is_missing(closed)`.

Statements about single columns (atoms) are counted against each other all at once, as a product of matrices, on some rows; what no more
than a few rows break there is checked on all. Of a rule and its reverse (`if not b then not a`) the more telling one is kept.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartsynth.discovery.evidence import FEW, STRENGTH, TELLING, Criterion, Evidence, least_expected
from smartsynth.discovery.proposal import Proposal, What, literal
from smartsynth.discovery.view import Levels, View
from smartsynth.expressions import quoted
from smartsynth.schema import Kind

MOST_LEVELS, NAMED_NUMBERS = 20, 10
"""Values of a column that are named, the commonest first; of a column of numbers only if it has so few."""
MOST_CHARACTERS = 60
"""Of a text that is named."""
AGES = (16.0, 18.0, 21.0, 65.0)
MOST_CONDITIONS = 200
"""Of a table, the most telling first: more are read by nobody."""
STRIP, EDGE = 0.1, 0.5
"""Just beyond a bound: this share of the spread of the values; there at least half as many rows as elsewhere do not do what follows."""
EXCLUDED = 0.05
"""Share of the rows that must break a rule of values that do not occur, by chance."""
WHOLE = (What.FORMULA, What.DEPENDENCY, What.ONE_HOT)
EXACT = (What.COMBINATIONS,)
"""Of what is known, that leaves no room for conditions between the same columns; the latter, if some rows break it, only for exact ones."""
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Atom:
    """A statement about one column.

    Args:
        column: Which.
        text: The statement, and the opposite of it.
        true: The rows in which it is.
        known: The rows in which it is true or false, and not hidden by a missing cell.
        value: The one that the column has; None if the statement is another.
        beside: Of a bound, which is a condition and never a result: the rows just beyond it.
        is_sign: Whether it says more or less than 0, which does not follow from a bound: columns that rise together all do so.
    """

    column: str
    text: str
    opposite: str
    true: Flags
    known: Flags
    value: Any = None
    beside: Flags | None = None
    is_sign: bool = False

    @property
    def false(self) -> Flags:
        return self.known & ~self.true


@dataclass(frozen=True, slots=True)
class Found:
    """A condition and what follows.

    Args:
        condition: When.
        result: What follows, or does not if `denied`.
        evidence: What the rows say.
    """

    condition: Atom
    result: Atom
    denied: bool
    evidence: Evidence

    @property
    def said(self) -> str:
        """What follows, as text."""
        return self.result.opposite if self.denied else self.result.text

    @property
    def good(self) -> Flags:
        """The rows in which it follows."""
        return self.result.false if self.denied else self.result.true

    @property
    def bad(self) -> Flags:
        """The rows in which it does not."""
        return self.result.true if self.denied else self.result.false

    @property
    def has_edge(self) -> bool:
        """Whether many rows just beyond a bound do not do what follows from it, as at the bound of a law; true without a bound."""
        if self.condition.beside is None:
            return True
        beyond = int((self.condition.beside & self.bad).sum())
        known = int((self.condition.beside & (self.good | self.bad)).sum())
        return beyond >= FEW and beyond >= EDGE * self.evidence.telling * known


def find(view: View, criterion: Criterion, known: Sequence[Proposal] = ()) -> list[Proposal]:
    """Consequences that do not follow from rules that are known."""
    atoms = [atom for name in view.levels for atom in _atoms(view, name)]
    if len(atoms) < 2:
        return []
    said = [set(one.columns) for one in known if one.what in WHOLE or (one.holds and one.what in EXACT)]
    nearly = [set(one.columns) for one in known if one.what in EXACT]
    found = [
        one for one in _found(atoms, view, criterion, said)
        if not one.evidence.broken or not any({one.condition.column, one.result.column} <= columns for columns in nearly)
    ]  # fmt: skip
    ordered = {
        pair for one in known if one.what is What.ORDER and one.holds for pair in itertools.combinations(one.columns, 2)
    }
    found = _without_implied([one for one in found if not _is_of_order(one, ordered)])
    together, found = _zero_together(found, view)
    return sorted([*together, *_joined(found)], key=lambda one: (not one.is_written, -one.evidence.telling))[
        :MOST_CONDITIONS
    ]


def _atoms(view: View, name: str) -> Iterator[Atom]:
    """What may be said of a column."""
    column, levels, place = view.schema[name], view.levels[name], quoted(name)
    known = levels.codes >= 0
    lost, every = len(known) - int(known.sum()), np.ones(len(known), bool)
    if min(lost, len(known) - lost) >= FEW:
        yield Atom(name, f"is_missing({place})", f"not is_missing({place})", ~known, every)
        yield Atom(name, f"not is_missing({place})", f"is_missing({place})", known, every)
    if len(levels) < 2 or column.kind in (Kind.DATETIME, Kind.DURATION) or view.is_anew(name):
        return
    if _is_truth(levels):
        on = np.append(levels.values.astype(bool), False)[levels.codes] & known
        yield Atom(name, place, f"not {place}", on, known, value=True)
        yield Atom(name, f"not {place}", place, known & ~on, known, value=False)
    elif name in view.numbers:
        yield from _of_numbers(view, name, known)
    else:
        yield from _of_values(name, levels, known)


def _is_truth(levels: Levels) -> bool:
    return all(isinstance(value, bool | np.bool_) for value in levels.values)


def _of_values(name: str, levels: Levels, known: Flags) -> Iterator[Atom]:
    if len({isinstance(value, str) for value in levels.values}) > 1:
        return  # no expression compares texts with numbers
    common = [i for i in np.argsort(-levels.counts, kind="stable")[:MOST_LEVELS] if levels.holders[i] >= FEW]
    for i in common:
        here, value = levels.codes == i, _plain(levels.values[i])
        if _can_be_named(value):
            said = literal(value)
            yield Atom(name, f"{quoted(name)} == {said}", f"{quoted(name)} != {said}", here, known, value=said)


def _can_be_named(value: Any) -> bool:
    """Whether an expression can hold a value, and a person reads it."""
    if isinstance(value, str):
        return len(value) <= MOST_CHARACTERS and "`" not in value and " then " not in f" {value.lower()} "
    return isinstance(value, int | float)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _of_numbers(view: View, name: str, known: Flags) -> Iterator[Atom]:
    cells, levels, place = view.numbers[name], view.levels[name], quoted(name)
    if len(levels) <= NAMED_NUMBERS:
        yield from _of_values(name, levels, known)
        if len(levels) == 2:
            return
    with np.errstate(invalid="ignore"):
        negative = (cells < 0).any()
        signs = {"== 0": ("!= 0" if negative else "> 0", cells == 0)}
        if negative:
            signs |= {"> 0": ("<= 0", cells > 0), "< 0": (">= 0", cells < 0)}
        for text, (opposite, here) in signs.items():
            is_named = text == "== 0" and len(levels) <= NAMED_NUMBERS
            if not is_named and min(here.sum(), (known & ~here).sum()) >= FEW:
                value = "0" if text == "== 0" else None
                yield Atom(
                    name,
                    f"{place} {text}",
                    f"{place} {opposite}",
                    here,
                    known & ~here,
                    value=value,
                    is_sign=value is None,
                )
                yield Atom(name, f"{place} {opposite}", f"{place} {text}", known & ~here, known, is_sign=True)
        strip = STRIP * float(np.ptp(np.quantile(cells[known], [0.05, 0.95])))
        for bound in _bounds(cells[known]):
            here = cells < bound
            low, high = f"{place} < {literal(bound)}", f"{place} >= {literal(bound)}"
            yield Atom(name, low, high, here, known, beside=(cells >= bound) & (cells < bound + strip))
            yield Atom(name, high, low, known & ~here, known, beside=here & (cells >= bound - strip))


def _bounds(values: NDArray[np.float64]) -> list[float]:
    """Round numbers between the values, and ages that laws name; never a number for being in the data."""
    low, high = np.quantile(values, [0.01, 0.99])
    if not high > low or len(np.unique(values[:1000])) <= NAMED_NUMBERS:
        return []
    step = 10.0 ** math.floor(math.log10(high - low))
    step = step / 2 if (high - low) / step < 5 else step
    grid = np.arange(math.ceil(low / step), math.floor(high / step) + 1) * step
    found = {float(f"{value:.6g}") for value in grid if low < value < high}
    if low >= 0 and 30 < high <= 130:
        found |= {age for age in AGES if low < age < high}
    return sorted(found - {0.0})


def _found(atoms: list[Atom], view: View, criterion: Criterion, said: list[set[str]]) -> Iterator[Found]:
    """Pairs of statements that a sample does not rule out, with what all rows say of them."""
    part = view.large_sample
    true = np.stack([atom.true[part] for atom in atoms]).astype(np.float32)
    false = np.stack([atom.false[part] for atom in atoms]).astype(np.float32)
    share = false.sum(axis=1) / np.maximum((true + false).sum(axis=1), 1)
    tried = float(len(atoms)) ** 2
    broken, kept = true @ false.T, true @ true.T
    for denied, bad, by_chance in ((False, broken, share), (True, kept, 1 - share)):
        yield from _checked(atoms, bad, broken + kept, by_chance, denied, tried, len(part) / len(view), criterion, said)


def _checked(
    atoms: list[Atom], bad: NDArray[np.float32], support: NDArray[np.float32], by_chance: NDArray[np.float32], denied: bool,
    tried: float, drawn: float, criterion: Criterion, said: list[set[str]],
) -> Iterator[Found]:  # fmt: skip
    expected = support * by_chance[None, :]
    room = (1 - criterion.min_confidence) * support
    least = least_expected(tried) * drawn / 2
    telling = by_chance >= (EXCLUDED if denied else TELLING)
    with np.errstate(invalid="ignore"):
        likely = (
            (expected >= least)
            & (bad <= room + 3 * np.sqrt(room))
            & (bad <= 2 * (1 - STRENGTH) * expected + 3)
            & telling
        )
    for i, j in np.argwhere(likely):
        condition, result = atoms[i], atoms[j]
        if (
            condition.column == result.column
            or result.beside is not None
            or (condition.beside is not None and result.is_sign)
        ):
            continue
        if denied and not isinstance(result.value, str):
            continue  # the opposite is a statement of its own
        if any({condition.column, result.column} <= columns for columns in said):
            continue
        evidence = (
            Evidence(int(support[i, j]), int(bad[i, j]), float(expected[i, j])) if drawn == 1
            else _evidence(condition, result, denied)
        )  # fmt: skip
        if evidence.convinces(criterion, tried) and not (denied and evidence.broken):
            yield Found(condition, result, denied, evidence)


def _evidence(condition: Atom, result: Atom, denied: bool) -> Evidence:
    good, bad = (result.false, result.true) if denied else (result.true, result.false)
    broken = int((condition.true & bad).sum())
    support = broken + int((condition.true & good).sum())
    known = int(good.sum()) + int(bad.sum())
    return Evidence(support, broken, support * int(bad.sum()) / max(known, 1))


def _without_implied(found: list[Found]) -> list[Found]:
    """Those that do not follow from a more telling one, be it as its reverse."""
    ordered = sorted(
        found,
        key=lambda one: (one.evidence.broken > 0, one.denied, -round(one.evidence.telling, 3), -one.evidence.support),
    )
    kept: dict[frozenset[str], list[Found]] = {}
    for one in ordered:
        others = kept.setdefault(frozenset((one.condition.column, one.result.column)), [])
        if not any(_follows(one, other) for other in others):
            others.append(one)
    return [one for others in kept.values() for one in others]


def _zero_together(found: list[Found], view: View) -> tuple[list[Proposal], list[Found]]:
    """Pairs of numbers of which each is 0 where the other is, joined to groups, and what is left."""
    said: dict[tuple[str, str], Found] = {}
    for one in found:
        a, b = one.condition.column, one.result.column
        numeric = view.schema[a].kind is view.schema[b].kind is Kind.NUMERIC
        if not numeric or one.evidence.broken:
            continue
        zero, other = (
            {name: f"{quoted(name)} == 0" for name in (a, b)},
            {name: f"{quoted(name)} > 0" for name in (a, b)},
        )
        if (one.condition.text, one.said) == (zero[a], zero[b]):
            said[a, b] = one
        elif (one.condition.text, one.said) == (other[a], other[b]):
            said[b, a] = one
    pairs = [(a, b) for a, b in said if (b, a) in said and a < b]
    groups: list[list[str]] = []
    for pair in pairs:
        home = next((group for group in groups if set(group) & set(pair)), None)
        if home is None:
            groups.append(list(pair))
        else:
            home += [name for name in pair if name not in home]
    used = {id(said[pair]) for a, b in pairs for pair in ((a, b), (b, a))}
    made = []
    for group in groups:
        parts = [said[a, b].evidence for a, b in said if a in group and b in group]
        columns = tuple(name for name in view.schema.names if name in group)
        evidence = Evidence(len(view), 0, sum(part.expected for part in parts))
        made.append(Proposal(What.CONDITION, {"zero_together": list(columns)}, columns, evidence))
    return made, [one for one in found if id(one) not in used]


def _is_of_order(one: Found, ordered: set[tuple[str, str]]) -> bool:
    """Whether a rule of zeros follows from a column that is at least another, which is never negative."""
    low, high = one.result.column, one.condition.column
    if (low, high) in ordered:
        return (one.condition.text, one.said) == (f"{quoted(high)} == 0", f"{quoted(low)} == 0")
    return (high, low) in ordered and (one.condition.text, one.said) == (f"{quoted(high)} > 0", f"{quoted(low)} > 0")


def _follows(one: Found, other: Found) -> bool:
    """Whether a rule says nothing that another one of the same columns does not say, or the other's reverse."""
    if one.condition.column == other.condition.column:
        return _within(one.condition.true, other.condition.true) and _within(other.good, one.good)
    return _within(one.condition.true, other.bad) and _within(other.condition.false, one.good)


def _within(part: Flags, whole: Flags) -> bool:
    return not (part & ~whole).any()


def _joined(found: list[Found]) -> Iterator[Proposal]:
    """Rules; values that lead to the same are named together, and so are values that do not meet."""
    together: dict[tuple[str, str, bool], list[Found]] = {}
    apart: dict[tuple[str, str], list[Found]] = {}
    for one in found:
        if one.denied and isinstance(one.condition.value, str):
            apart.setdefault((one.condition.column, one.result.column), []).append(one)
        else:
            start = (
                one.condition.column if isinstance(one.condition.value, str) and not one.denied else one.condition.text
            )
            end = one.result.column if one.denied else one.said
            together.setdefault((start, end, one.evidence.broken == 0), []).append(one)
    yield from (_proposal(group) for group in together.values())
    for pairs in apart.values():
        yield from (_proposal(group) for group in _covered(pairs))


def _covered(pairs: list[Found]) -> Iterator[list[Found]]:
    """Pairs of values that do not meet, in few groups of one value each, the largest first."""
    left = list(pairs)
    while left:
        groups: dict[tuple[str, str], list[Found]] = {}
        for one in left:
            groups.setdefault(("condition", one.condition.text), []).append(one)
            groups.setdefault(("result", one.result.text), []).append(one)
        best = max(groups.values(), key=len)
        yield best
        left = [one for one in left if not any(one is other for other in best)]


def _proposal(group: list[Found]) -> Proposal:
    first = group[0]
    condition, result = first.condition.text, first.said
    if len({one.condition.text for one in group}) > 1:
        condition = f"{quoted(first.condition.column)} in ({', '.join(str(one.condition.value) for one in group)})"
        evidence = Evidence(
            sum(one.evidence.support for one in group),
            sum(one.evidence.broken for one in group),
            sum(one.evidence.expected for one in group),
        )
    else:
        evidence = Evidence(
            max(one.evidence.support for one in group),
            sum(one.evidence.broken for one in group),
            sum(one.evidence.expected for one in group),
        )
        if len(group) > 1:
            result = f"{quoted(first.result.column)} not in ({', '.join(str(one.result.value) for one in group)})"
    columns = (first.condition.column, first.result.column)
    soft = None if all(one.has_edge for one in group) else "rows just beyond the bound hardly break it either"
    return Proposal(What.CONDITION, f"if {condition} then {result}", columns, evidence, left_out=soft)
