"""Rules that hold between and within columns: what they say, which columns they are about, and which rows break them.

    total == price * quantity           a formula: the column is what the others give, to its own decimal places
    a + b + c == 5000                   the same, solved for one of its columns (equations.py)
    admitted <= treated < discharged    a chain: each at least, or more than, the one before
    if sex == "M" then not pregnant     a condition and what follows from it
    length(code) == 5                   any other condition (expressions.py)
    one_hot: [red, green, blue]         exactly one of these is true, or 1
    combinations: [country, city]       only combinations that real rows have; or, with columns and rows, only those that are listed
    unique: [order, line]               no two rows have the same values in all of these
    matches: {code: "[A-Z]{2}[0-9]+"}   a text of a form
    among: {size: [S, M, L]}            one of some values
    geographic, zero_together, cumulative, monotone: named_rules.py

What a text joins by `and` is as many rules, and so is what follows from a condition. A rule is broken by a row if it is definitely false there; what a missing cell hides is not broken. Rows are looked at as they are stored.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.alignment import as_column
from smartsynth.equations import COUNTED, solutions
from smartsynth.errors import ConfigError
from smartsynth.expressions import NAME, TEXT, Expression
from smartsynth.named_rules import Cumulative, Geographic, Monotone, ZeroTogether
from smartsynth.schema import Column, Kind, Schema

NAMED = (
    "one_hot",
    "combinations",
    "unique",
    "matches",
    "among",
    "geographic",
    "zero_together",
    "cumulative",
    "monotone",
)
_IF = re.compile(rf"^\s*if\s+(?P<condition>(?:{TEXT}|{NAME}|[^\"'`])+?)\s+then\s+(?P<follows>.+)$", re.DOTALL)
_NAMED = re.compile(rf"\s*({'|'.join(NAMED)})\s*:")
Flags = NDArray[np.bool_]
MOST_SAID = 12
"""Values that a rule is called by."""


class Rule(Protocol):
    """A rule of a table."""

    @property
    def columns(self) -> tuple[str, ...]:
        """That it is about, each once."""

    @property
    def said(self) -> str:
        """The rule as a user would write it."""

    def holds(self, rows: pd.DataFrame) -> Flags:
        """Which rows do not break it."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that is to be true of each row.

    Args:
        expression: Of columns.
    """

    expression: Expression

    @property
    def columns(self) -> tuple[str, ...]:
        return self.expression.names

    @property
    def said(self) -> str:
        return self.expression.text

    def holds(self, rows: pd.DataFrame) -> Flags:
        return self.expression.holds(rows)


@dataclass(frozen=True, slots=True)
class Check:
    """What a Python function says of rows.

    Args:
        name: Of the function.
        function: Of a table; says of each row whether it is as it should be.
    """

    name: str
    function: Callable[[pd.DataFrame], Any]

    @property
    def columns(self) -> tuple[str, ...]:
        return ()

    @property
    def said(self) -> str:
        return f"{self.name}(rows)"

    def holds(self, rows: pd.DataFrame) -> Flags:
        found = np.asarray(self.function(rows.copy()))
        if found.shape != (len(rows),) or found.dtype != bool:
            raise ConfigError(
                f"The function {self.name!r} gave {found.dtype} of the shape {found.shape} for {len(rows):,} rows; it must say True or False of each."
            )
        return found


@dataclass(frozen=True, slots=True)
class Chain(Condition):
    """Columns, or values, of which each is at least, or more than, the one before.

    Args:
        members: Names of columns, or expressions of no column, from the least on.
        strict: Whether the second of each two is more than the first, and not only as much.
    """

    members: tuple[str | Expression, ...]
    strict: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Formula:
    """A column that other columns give.

    Args:
        column: Its name.
        expression: Of the others.
        decimals: Places of the column, to which the two are compared; None compares them as floats are compared.
        written: The rule as it was written.
    """

    column: str
    expression: Expression
    decimals: int | None
    written: Expression = field(compare=False)

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.column, *self.expression.names)

    @classmethod
    def all_of(cls, written: Expression, schema: Schema) -> Iterator[Self]:
        """The formulas that say what an equation says, each of another column; the most natural first."""
        for name, given in solutions(written, schema):
            column = schema[name]
            yield cls(name, given, column.decimals if column.kind is Kind.NUMERIC else None, written)

    @property
    def said(self) -> str:
        return self.written.text

    def holds(self, rows: pd.DataFrame) -> Flags:
        wanted, cells = self.expression(rows), rows[self.column].reset_index(drop=True)
        unknown = (wanted.isna() | cells.isna()).to_numpy()
        if not pd.api.types.is_numeric_dtype(wanted.dtype) or pd.api.types.is_bool_dtype(wanted.dtype):
            try:
                same = Expression.parse("a == b", ("a", "b")).holds(pd.DataFrame({"a": cells, "b": wanted}))
            except ConfigError:
                raise ConfigError(
                    f"The rule {self.said!r} gives {wanted.dtype}, and the column {self.column!r} is {cells.dtype}. Name another column, or "
                    "correct its dtype."
                ) from None
            return np.asarray(same | unknown, bool)
        try:
            known = cells.astype(float).to_numpy()
        except (TypeError, ValueError):
            raise ConfigError(
                f"The rule {self.said!r} gives numbers, and the column {self.column!r} is {cells.dtype}. Name another column, or correct its dtype."
            ) from None
        off = np.abs(known - wanted.to_numpy(float, na_value=np.nan))
        room = 0.5 * 10.0**-self.decimals if self.decimals is not None else 0.0
        near = off <= room + 1e-9 * np.maximum(np.abs(known), 1.0)
        return np.asarray(near | unknown, bool)


@dataclass(frozen=True, slots=True)
class Consequence:
    """What follows where a condition is true.

    Args:
        condition: When.
        follows: What then is true too.
    """

    condition: Expression
    follows: Expression

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.condition.names, *self.follows.names)))

    @property
    def said(self) -> str:
        return f"if {self.condition.text} then {self.follows.text}"

    def holds(self, rows: pd.DataFrame) -> Flags:
        applies = self.condition(rows)
        if applies.dtype != "boolean" and len(rows):
            self.condition.holds(rows)  # says that it is no condition
        return np.asarray(~applies.fillna(False).to_numpy(bool) | self.follows.holds(rows), bool)


@dataclass(frozen=True, slots=True)
class OneHot:
    """Columns of which exactly one is true, or 1, in each row.

    Args:
        columns: Of truths, or of numbers that are 0 or 1.
    """

    columns: tuple[str, ...]

    @property
    def said(self) -> str:
        return f"one_hot: [{', '.join(self.columns)}]"

    def holds(self, rows: pd.DataFrame) -> Flags:
        cells = rows[list(self.columns)]
        lost = cells.isna().any(axis=1).to_numpy()
        values = np.nan_to_num(cells.astype("Float64").to_numpy(float, na_value=np.nan))
        hot = (values == 1).sum(axis=1) == 1
        return np.asarray(lost | (hot & np.isin(values, (0, 1)).all(axis=1)), bool)


@dataclass(frozen=True, slots=True)
class Combinations:
    """Columns whose values occur together only as they do in real rows.

    Args:
        columns: Two or more.
        seen: The combinations that there are, as text; None while no real row was looked at, when all of them hold.
        declared: The combinations that the user listed, as cells; None if they are those of real rows.
    """

    columns: tuple[str, ...]
    seen: frozenset[tuple[str, ...]] | None = None
    declared: tuple[tuple[Any, ...], ...] | None = None

    @classmethod
    def listed(cls, said: Mapping[str, Any], schema: Schema) -> Self:
        """Only combinations that a user knows, so that none is read off the data."""
        if set(said) != {"columns", "rows"} or not said["rows"]:
            raise ConfigError(f"combinations: {said!r:.120} must be a list of columns, or hold columns and rows.")
        columns = _several("combinations", said["columns"], schema, least=2)
        rows = said["rows"] if isinstance(said["rows"], list | tuple) else [said["rows"]]
        for row in rows:
            if not isinstance(row, list | tuple) or len(row) != len(columns):
                raise ConfigError(
                    f"combinations: the row {row!r:.120} must have a value for each of {', '.join(columns)}."
                )
        table = pd.DataFrame(list(map(tuple, rows)), columns=list(columns), dtype=object)
        read = [_as_stored("combinations", list(table[name]), schema[name]) for name in columns]
        declared = list(zip(*read, strict=True))
        return cls(
            columns,
            frozenset(tuple(map(str, row)) for row in declared if None not in row),
            tuple(dict.fromkeys(declared)),
        )

    def seen_in(self, rows: pd.DataFrame) -> Self:
        """The rule with the combinations of real rows, if none were listed."""
        if self.declared is not None:
            return self
        some, _ = distinct(rows, self.columns)
        return replace(
            self, seen=frozenset(tuple(map(str, one)) for one in tuples(some, self.columns) if None not in one)
        )

    @property
    def said(self) -> str:
        names = f"[{', '.join(self.columns)}]"
        return (
            f"combinations: {names}"
            if self.declared is None
            else f"combinations: {{columns: {names}, rows: {len(self.declared)} listed}}"
        )

    def holds(self, rows: pd.DataFrame) -> Flags:
        if self.seen is None:
            return np.ones(len(rows), bool)
        some, codes = distinct(rows, self.columns)
        found = zip(*(some[name].astype(object) for name in self.columns), strict=True)
        return np.array([any(map(pd.isna, one)) or tuple(map(str, one)) in self.seen for one in found], bool)[codes]


@dataclass(frozen=True, slots=True)
class Unique:
    """Columns whose values together no two rows share; rows in which one of them is missing are left out.

    Args:
        columns: One, or more that are a key together.
    """

    columns: tuple[str, ...]

    @property
    def said(self) -> str:
        return f"unique: [{', '.join(self.columns)}]"

    def holds(self, rows: pd.DataFrame) -> Flags:
        """Which rows do not repeat an earlier one."""
        cells = rows[list(self.columns)]
        return np.asarray(~cells.duplicated().to_numpy() | cells.isna().any(axis=1).to_numpy(), bool)


@dataclass(frozen=True, slots=True)
class Matches:
    """A column of texts of one form.

    Args:
        column: Its name.
        pattern: Regular expression of the whole text.
    """

    column: str
    pattern: str

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.column,)

    @property
    def said(self) -> str:
        return f"matches: {{{self.column}: {self.pattern!r}}}"

    def holds(self, rows: pd.DataFrame) -> Flags:
        form = re.compile(self.pattern)
        return np.array([pd.isna(cell) or bool(form.fullmatch(str(cell))) for cell in rows[self.column]], bool)


@dataclass(frozen=True, slots=True)
class Among:
    """A column that has only some values.

    Args:
        column: Its name.
        values: As its cells are stored.
    """

    column: str
    values: tuple[Any, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.column,)

    @property
    def said(self) -> str:
        values = ", ".join(map(str, self.values[:MOST_SAID])) + ", …" * (len(self.values) > MOST_SAID)
        return f"among: {{{self.column}: [{values}]}}"

    def holds(self, rows: pd.DataFrame) -> Flags:
        cells = rows[self.column]
        return np.asarray(cells.isna() | cells.isin(self.values), bool)


def rules_of(values: Sequence[str | Mapping[str, Any]], schema: Schema) -> tuple[Rule, ...]:
    """The rules of a list, as YAML holds it.

    Args:
        values: Texts, or mappings with one name, as at the top of this module.
        schema: The columns that there are.

    Raises:
        ConfigError: Some cannot be read; each is named.
    """
    found: list[Rule] = []
    wrong: list[str] = []
    for value in values:
        try:
            value = _read(value)
            found += _of_text(value, schema) if isinstance(value, str) else _of_mapping(value, schema)
        except ConfigError as error:
            wrong.append(str(error))
    if wrong:
        raise ConfigError("\n".join(wrong))
    return _arranged(found, schema)


def _arranged(rules: Sequence[Rule], schema: Schema) -> tuple[Rule, ...]:
    """The rules, equations solved so that each gives a column that no other rule gives, and none runs in a circle, where that can be."""
    made = {name for rule in rules if isinstance(rule, OneHot | Combinations | Geographic) for name in rule.columns}
    given = {rule.column: set(rule.columns[1:]) for rule in rules if isinstance(rule, Cumulative)}
    ways = {i: list(Formula.all_of(rule.written, schema)) for i, rule in enumerate(rules) if isinstance(rule, Formula)}
    found = list(rules)
    for i, formulas in sorted(ways.items(), key=lambda item: len(item[1])):
        free = (one for one in formulas if one.column not in made | given.keys() and not _runs_in_circle(one, given))
        chosen = next(free, formulas[0])
        given[chosen.column] = set(chosen.expression.names)
        found[i] = chosen
    return tuple(found)


def _runs_in_circle(formula: Formula, given: Mapping[str, set[str]]) -> bool:
    """Whether a column is given by itself, through what others are given by."""
    seen, queue = set[str](), list(formula.expression.names)
    while queue:
        name = queue.pop()
        if name not in seen:
            seen.add(name)
            queue += given.get(name, ())
    return formula.column in seen


def _read(value: str | Mapping[str, Any]) -> str | Mapping[str, Any]:
    """A rule with a name that is written as one line, `one_hot: [a, b]`, as the mapping that it is."""
    if not isinstance(value, str) or not _NAMED.match(value):
        return value
    from smartsynth.yaml_text import loaded

    try:
        found = loaded(value)
    except ValueError:
        found = None
    if not isinstance(found, Mapping):
        raise ConfigError(f"The rule {value!r:.120} cannot be read. Write it as YAML does, such as `one_hot: [a, b]`.")
    return found


@dataclass(frozen=True, slots=True)
class Broken:
    """How a table breaks a rule.

    Args:
        rule: Which.
        rows: How many rows do.
    """

    rule: Rule
    rows: int


def broken(rules: Sequence[Rule], rows: pd.DataFrame) -> tuple[Broken, ...]:
    """The rules that some rows of a table break."""
    counts = [(rule, int((~rule.holds(rows)).sum())) for rule in rules]
    return tuple(Broken(rule, count) for rule, count in counts if count)


def _of_text(text: str, schema: Schema) -> list[Rule]:
    """The most telling kinds of rules that a text is."""
    if found := _IF.match(text):
        condition, follows = (Expression.parse(found[part], schema.names) for part in ("condition", "follows"))
        return [Consequence(condition, part) for part in follows.joined()]
    whole = Expression.parse(text, schema.names)
    if not whole.names:
        raise ConfigError(f"The rule {text!r} names no column. Columns: {', '.join(schema.names)}.")
    return [_of_expression(part, schema) for part in whole.joined()]


def _of_expression(whole: Expression, schema: Schema) -> Rule:
    """The rule of an expression that joins nothing."""
    if isinstance(whole.tree, ast.Compare):
        return next(Formula.all_of(whole, schema), None) or _chain(whole, whole.tree) or Condition(whole)
    return Condition(whole)


def _chain(whole: Expression, tree: ast.Compare) -> Chain | None:
    """`a < b <= c` or `c >= b > a` of columns and values, if it is one."""
    rising = all(isinstance(how, ast.Lt | ast.LtE) for how in tree.ops)
    if not (rising or all(isinstance(how, ast.Gt | ast.GtE) for how in tree.ops)):
        return None
    members: list[str | Expression] = []
    for part in (tree.left, *tree.comparators):
        if isinstance(part, ast.Name):
            members.append(whole.name(part))
        elif isinstance(part, ast.Constant) and part.value is None:
            raise ConfigError(
                f"The rule {whole.text!r} compares with None, which nothing is more or less than. Write `is_missing(column)`."
            )
        elif not whole.part(part).names:
            members.append(whole.part(part))
        else:
            return None
    strict = [isinstance(how, ast.Lt | ast.Gt) for how in tree.ops]
    named = [member for member in members if isinstance(member, str)]
    if len(set(named)) < len(named):
        raise ConfigError(f"The rule {whole.text!r} names a column twice. Name each once.")
    return Chain(whole, tuple(members if rising else members[::-1]), tuple(strict if rising else strict[::-1]))


def _of_mapping(value: Mapping[str, Any], schema: Schema) -> list[Rule]:
    """Rules that have a name."""
    if not isinstance(value, Mapping) or len(value) != 1 or next(iter(value)) not in NAMED:
        raise ConfigError(f"The rule {value!r:.120} must be an expression, or one of {', '.join(NAMED)} with columns.")
    ((name, said),) = value.items()
    if name == "combinations" and isinstance(said, Mapping):
        return [Combinations.listed(said, schema)]
    if name in _READ:
        return _READ[name](said, schema)
    columns = _several(name, said, schema, least=1 if name == "unique" else 2)
    if name == "one_hot":
        _check_hot(columns, schema)
    kinds: dict[str, type[Rule]] = {"one_hot": OneHot, "combinations": Combinations, "unique": Unique}
    return [kinds[name](columns)]  # type: ignore[call-arg]


def _several(name: str, said: Any, schema: Schema, *, least: int) -> tuple[str, ...]:
    """Different columns, one of which need not be in a list."""
    columns = tuple(said) if isinstance(said, list | tuple) else (said,)
    if not all(isinstance(column, str) for column in columns) or len(set(columns)) < len(columns):
        raise ConfigError(f"{name}: {said!r:.120} must be a list of different columns.")
    for column in columns:
        schema[column]  # says that there is no such column
    if len(columns) < least:
        raise ConfigError(f"{name}: {said!r} needs two columns or more.")
    return columns


def _check_hot(columns: Sequence[str], schema: Schema) -> None:
    """ConfigError if a column holds neither truths nor numbers."""
    for name in columns:
        if not schema[name].dtype.lower().startswith(("bool", *COUNTED)):
            raise ConfigError(
                f"one_hot: the column {name!r} is {schema[name].dtype}; it must hold true and false, or 1 and 0. Name another column, or give "
                "the texts as numbers."
            )


def _forms(said: Any, schema: Schema) -> list[Rule]:
    if not isinstance(said, Mapping) or not said:
        raise ConfigError(f"matches: {said!r:.120} must hold regular expressions by column.")
    found: list[Rule] = []
    for column, pattern in said.items():
        schema[column]
        try:
            re.compile(pattern)
        except (re.error, TypeError) as error:
            raise ConfigError(f"matches: {{{column}: {pattern!r}}} is no regular expression ({error}).") from error
        found.append(Matches(column, pattern))
    return found


def _among(said: Any, schema: Schema) -> list[Rule]:
    if not isinstance(said, Mapping) or not said or not all(isinstance(v, list | tuple) and v for v in said.values()):
        raise ConfigError(f"among: {said!r:.120} must hold lists of values by column.")
    return [Among(name, _as_stored("among", list(values), schema[name])) for name, values in said.items()]


def _as_stored(rule: str, values: list[Any], column: Column) -> tuple[Any, ...]:
    """Values as the cells of a column are stored; None for missing ones."""
    plain = pd.Series(values, dtype=object)
    read = as_column(plain, column)
    if (lost := (read.isna() & plain.notna()).to_numpy()).any():
        raise ConfigError(
            f"{rule}: {plain[lost].iloc[0]!r:.80} cannot be read as {column.name!r}, which is {column.dtype}."
        )
    return tuple(None if pd.isna(cell) else getattr(cell, "item", lambda cell=cell: cell)() for cell in read)


_READ: Mapping[str, Callable[[Any, Schema], list[Rule]]] = {
    "matches": _forms, "among": _among, "geographic": lambda said, schema: [Geographic.parsed(said, schema)],
    "zero_together": lambda said, schema: [ZeroTogether.parsed(said, schema)],
    "cumulative": lambda said, schema: [Cumulative.parsed(said, schema)], "monotone": lambda said, schema: [Monotone.parsed(said, schema)],
}  # fmt: skip


def tuples(rows: pd.DataFrame, names: Sequence[str]) -> list[tuple[Any, ...]]:
    """The values of each row as plain Python ones, None for missing cells."""
    cells = [
        [None if pd.isna(cell) else getattr(cell, "item", lambda cell=cell: cell)() for cell in rows[name]]
        for name in names
    ]
    return list(zip(*cells, strict=True))


def distinct(rows: pd.DataFrame, names: Sequence[str]) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """Each combination of values of some columns once, in the order of appearance, and which of them each row has.

    >>> some, codes = distinct(pd.DataFrame({"a": [1, 2, 1], "b": ["x", None, "x"]}), ["a", "b"])
    >>> len(some), codes.tolist()
    (2, [0, 1, 0])
    """
    cells = rows[list(names)]
    codes = cells.groupby(list(names), dropna=False, sort=False, observed=True).ngroup().to_numpy(np.int64)
    return cells[~pd.Series(codes).duplicated().to_numpy()], pd.factorize(codes)[0].astype(np.int64)
