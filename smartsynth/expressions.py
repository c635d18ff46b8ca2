"""Expressions over the columns of a table, read and computed without ever running code.

    a < b <= c                       numbers, dates and texts compared; a comparison with a missing cell is neither true nor false, and
                                     numbers that differ only as computers round them are the same
    price * quantity                 + - * / // % of numbers; dates and durations added and subtracted
    sex == "F" or not pregnant       and, or, not; x in ("a", "b")
    `unit price` > 0                 names that are no words of Python stand in backticks
    total if paid else 0             one or the other
    round(x, 2), year(born), …       the functions below, and no others

The text is parsed as Python parses it, and only the nodes that are listed here are computed: no attribute, no call of anything else, no
power, no text that is multiplied. What is true of a row is decided as SQL's CHECK decides it: a rule whose truth is unknown, because a
cell is missing, is not broken.
"""

from __future__ import annotations

import ast
import copy
import keyword
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.errors import ConfigError, did_you_mean

MOST_CHARACTERS, MOST_DEPTH = 2_000, 40
"""Of an expression, and of its parts within parts."""
TEXT, NAME = r"""(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""", r"`(?:[^`]|``)+`"
"""Patterns of a text, in which backticks mean nothing, and of a name in backticks, in which one of its own is written twice."""
_QUOTED = re.compile(f"(?P<text>{TEXT})|(?P<name>{NAME})")

Value = Any
"""A series as long as the table, or one value for all rows."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A formula or a condition over columns.

    Args:
        text: As it was written.
        names: Columns that it reads, each once.
        tree: As Python parses it; names in backticks have others there (`name`).

    >>> rows = pd.DataFrame({"a": [1, 2], "unit price": [3.0, None]})
    >>> Expression.parse("a + 2 * `unit price`", ["a", "unit price"])(rows).tolist()
    [7, <NA>]
    >>> Expression.parse("`unit price` < a", ["a", "unit price"]).holds(rows).tolist()
    [False, True]
    """

    text: str
    names: tuple[str, ...]
    tree: ast.expr = field(repr=False, compare=False)
    _places: Mapping[str, str] = field(repr=False, compare=False)

    @classmethod
    def parse(cls, text: str, known: Sequence[str] | None = None) -> Self:
        """The expression of a text over known columns, or over any if these are not given.

        Raises:
            ConfigError: It cannot be read, holds what is not allowed, or names a column that there is not.
        """
        if not isinstance(text, str) or not text.strip() or len(text) > MOST_CHARACTERS:
            raise ConfigError(f"The expression {text!r:.80} must be a text of 1 to {MOST_CHARACTERS:,} characters.")
        places: dict[str, str] = {}
        stem = "quoted_"
        while stem in text:
            stem += "_"

        def placed(found: re.Match[str]) -> str:
            if found["text"] is not None:
                return found["text"]
            place = f"{stem}{len(places)}_"
            places[place] = found["name"][1:-1].replace("``", "`")
            return place

        source = _QUOTED.sub(placed, text.strip())
        try:
            tree = ast.parse(source, mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise ConfigError(
                f"The expression {text!r} cannot be read ({getattr(error, 'msg', None) or type(error).__name__})."
                f"{_unquoted(text, known or ())} Write it as "
                'Python does, such as `total == price * quantity` or `sex == "F" or not pregnant`.'
            ) from error
        names = _checked(tree, text, places)
        if known is not None:
            _check_known(names, known, text)
        return cls(text, names, tree, places)

    def name(self, node: ast.Name) -> str:
        """The column that a name in the tree means."""
        return self._places.get(node.id, node.id)

    def part(self, node: ast.expr) -> Expression:
        """A part of the tree as an expression of its own."""
        text = ast.unparse(node)
        for place, name in self._places.items():
            text = text.replace(place, quoted(name))
        return Expression(text, _checked(node, text, self._places), node, self._places)

    def put(self, function: str, given: Mapping[str, str]) -> Expression:
        """The expression with other ones in place of a function of single columns.

        >>> Expression.parse("a > 1 and not is_missing(b)").put("is_missing", {"b": "c == 'none'"}).text
        "a > 1 and (not (c == 'none'))"
        """
        stem = "put_"
        while stem in self.text:
            stem += "_"
        texts: list[str] = []
        of, name = given, self.name

        class Put(ast.NodeTransformer):
            def visit_Call(self, node: ast.Call) -> ast.expr:
                self.generic_visit(node)
                match node:
                    case ast.Call(func=ast.Name(id=called), args=[ast.Name() as one]) if (
                        called == function and name(one) in of
                    ):
                        texts.append(of[name(one)])
                        return ast.Name(id=f"{stem}{len(texts) - 1}_", ctx=ast.Load())
                return node

        text = self.part(Put().visit(copy.deepcopy(self.tree))).text
        for i, one in enumerate(texts):
            text = text.replace(f"{stem}{i}_", f"({one})")
        return Expression.parse(text)

    def joined(self) -> tuple[Expression, ...]:
        """What it joins by `and`, and of `a == b == c` each two; itself alone if it joins nothing, or something that names no column.

        >>> [part.text for part in Expression.parse("a == b == c and a > 0").joined()]
        ['a == b', 'b == c', 'a > 0']
        """
        parts = [self.part(node) for node in _joined(self.tree)]
        return tuple(parts) if len(parts) > 1 and all(part.names for part in parts) else (self,)

    def __call__(self, rows: pd.DataFrame) -> pd.Series[Any]:
        """Its value in each row, missing where a cell that it needs is.

        Raises:
            ConfigError: It computes what cannot be computed with these columns, such as a text minus a number.
        """
        found = _Rows(self, rows).value(self.tree)
        if isinstance(found, pd.Series):
            return found.reset_index(drop=True)
        return pd.Series([found] * len(rows)).convert_dtypes()

    def holds(self, rows: pd.DataFrame) -> NDArray[np.bool_]:
        """Where it is true, or its truth is unknown.

        Raises:
            ConfigError: It is a number or a text, or cannot be computed.
        """
        found = self(rows)
        if found.dtype != "boolean" and len(found):
            raise ConfigError(f"The expression {self.text!r} is neither true nor false. Compare it with something.")
        return np.asarray(found.fillna(True), bool)


def _joined(node: ast.expr) -> Iterator[ast.expr]:
    match node:
        case ast.BoolOp(op=ast.And()):
            for value in node.values:
                yield from _joined(value)
        case ast.Compare() if len(node.ops) > 1 and any(isinstance(how, ast.Eq) for how in node.ops):
            sides = [node.left, *node.comparators]
            yield from (ast.Compare(a, [how], [b]) for a, how, b in zip(sides, node.ops, sides[1:], strict=False))
        case _:
            yield node


def _check_known(names: Sequence[str], known: Sequence[str], text: str) -> None:
    for name in names:
        if name not in known:
            hint = _unquoted(text, known) or _as_python_reads(name, known) or did_you_mean(name, known)
            raise ConfigError(
                f"The expression {text!r} names {name!r}, and there is no such column.{hint} "
                f"Columns: {', '.join(known)}."
            )


def _unquoted(text: str, known: Sequence[str]) -> str:
    """How to write a column whose name stands in a text as it is and needs backticks; nothing if there is none."""
    bare = _QUOTED.sub(" ", text)
    meant = [one for one in known if quoted(one) != one and one in bare]
    return f" Write {quoted(max(meant, key=len))} with backticks around the name." if meant else ""


def _as_python_reads(name: str, known: Sequence[str]) -> str:
    """How to write a column whose name Python reads as another one."""
    meant = next((quoted(one) for one in known if unicodedata.normalize("NFKC", one) == name), None)
    return "" if meant is None else f" Write {meant} with backticks around the name."


def _checked(tree: ast.expr, text: str, places: Mapping[str, str]) -> tuple[str, ...]:
    """The columns that an expression names; ConfigError if something in it is not allowed."""
    names: dict[str, None] = {}

    def visit(node: ast.AST, depth: int) -> None:
        if depth > MOST_DEPTH:
            raise ConfigError(f"The expression {text!r:.80} has more than {MOST_DEPTH} parts within parts. Split it.")
        if isinstance(node, ast.Call):
            _check_call(node, text)
            for argument in node.args:
                visit(argument, depth + 1)
            return
        if not isinstance(node, _ALLOWED) or (isinstance(node, ast.Constant) and not _is_plain(node.value)):
            said = _written(node)
            raise ConfigError(
                f"The expression {text!r} holds {said!r}, which is not allowed. Allowed are columns, numbers, texts, + - * / // %, "
                f"comparisons, and, or, not, in, `a if b else c`, and {', '.join(sorted(FUNCTIONS))}."
            )
        if isinstance(node, ast.Name):
            names[places.get(node.id, node.id)] = None
        for child in ast.iter_child_nodes(node):
            if not isinstance(child, ast.Load):
                visit(child, depth + 1)

    visit(tree, 0)
    return tuple(names)


def _written(node: ast.AST) -> str:
    """A part as text, or what it is called where it is no part by itself or goes too deep."""
    try:
        return f"{ast.unparse(node):.80}" if isinstance(node, ast.expr) else type(node).__name__
    except RecursionError:
        return type(node).__name__


def _check_call(node: ast.Call, text: str) -> None:
    name = node.func.id if isinstance(node.func, ast.Name) else _written(node.func)
    if name not in FUNCTIONS:
        raise ConfigError(
            f"The expression {text!r} calls {name!r}.{did_you_mean(name, FUNCTIONS)} Functions: {', '.join(sorted(FUNCTIONS))}."
        )
    least, most = FUNCTIONS[name].least, FUNCTIONS[name].most
    if node.keywords or any(isinstance(a, ast.Starred) for a in node.args) or not least <= len(node.args) <= most:
        wanted = f"{least}" if least == most else f"{least} to {most}"
        raise ConfigError(f"The expression {text!r}: {name} takes {wanted} values, one after the other.")


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, bool | int | float | str)


_OPERATORS: Mapping[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: lambda a, b: a + b, ast.Sub: lambda a, b: a - b, ast.Mult: lambda a, b: a * b, ast.Div: lambda a, b: a / b,
    ast.FloorDiv: lambda a, b: a // b, ast.Mod: lambda a, b: a % b,
}  # fmt: skip
_GROWING = (ast.Add, ast.Sub, ast.Mult)
_MOST = 2**63 - 1024
"""Whole numbers up to this one, the last that is a float too, are held in 64 bits."""
_COMPARISONS: Mapping[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Lt: lambda a, b: a < b, ast.LtE: lambda a, b: a <= b, ast.Gt: lambda a, b: a > b, ast.GtE: lambda a, b: a >= b,
    ast.Eq: lambda a, b: a == b, ast.NotEq: lambda a, b: a != b,
}  # fmt: skip
_WITH_EQUALS = [_COMPARISONS[kind] for kind in (ast.LtE, ast.GtE, ast.Eq)]
ALIKE = 1e-12
"""Two numbers of which one is a float are the same if they differ by less than this share: 0.1 * 3 is 0.3."""
_ALLOWED = (
    ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.USub, ast.UAdd, ast.BinOp, *_OPERATORS, ast.Compare, *_COMPARISONS,
    ast.In, ast.NotIn, ast.IfExp, ast.Constant, ast.Name, ast.Tuple, ast.List,
)  # fmt: skip


class _Rows:
    """The parts of an expression, computed for a table."""

    def __init__(self, expression: Expression, rows: pd.DataFrame) -> None:
        self.expression, self.rows = expression, rows
        self.columns = {name: _plain(rows[name]) for name in expression.names}

    def value(self, node: ast.expr) -> Value:
        """The value of a part; ConfigError if it cannot be computed."""
        try:
            return self._value(node)
        except (TypeError, ValueError, AttributeError, ArithmeticError, re.error) as error:
            raise ConfigError(
                f"The expression {self.expression.text!r}: {ast.unparse(node)!r} cannot be computed with these columns ("
                + ", ".join(f"{name}: {cells.dtype}" for name, cells in self.columns.items())
                + ")."
            ) from error

    def _value(self, node: ast.expr) -> Value:
        match node:
            case ast.Constant():
                return pd.NA if node.value is None else node.value
            case ast.Name():
                return self.columns[self.expression.name(node)]
            case ast.UnaryOp(op=ast.Not()):
                return ~self._truth(node.operand)
            case ast.UnaryOp():
                inner = self.value(node.operand)
                return -inner if isinstance(node.op, ast.USub) else inner
            case ast.BoolOp():
                truths = [self._truth(part) for part in node.values]
                found = truths[0]
                for other in truths[1:]:
                    found = found & other if isinstance(node.op, ast.And) else found | other
                return found
            case ast.BinOp():
                return self._computed(node)
            case ast.Compare():
                return self._compared(node)
            case ast.IfExp():
                return self._either(node)
            case ast.Call():
                assert isinstance(node.func, ast.Name)  # noqa: S101  (_check_call has looked)
                return FUNCTIONS[node.func.id].compute(*(self.value(argument) for argument in node.args))
        raise TypeError(type(node).__name__)

    def _truth(self, node: ast.expr) -> pd.Series[Any]:
        """A part that is true, false or unknown in each row."""
        found = self.value(node)
        if isinstance(found, pd.Series) and found.dtype == "boolean":
            return found
        if isinstance(found, bool) or found is pd.NA:
            return pd.Series([found] * len(self.rows), dtype="boolean")
        raise TypeError("neither true nor false")

    def _computed(self, node: ast.BinOp) -> Value:
        a, b = self.value(node.left), self.value(node.right)
        if (_is_text(a) or _is_text(b)) and not (isinstance(node.op, ast.Add) and _is_text(a) and _is_text(b)):
            raise TypeError("text in a computation")
        found = _operated(type(node.op), _counted(a), _counted(b))
        if isinstance(found, pd.Series) and found.dtype == "Float64":
            return found.mask(~np.isfinite(found.to_numpy(float, na_value=np.nan)))
        return found

    def _compared(self, node: ast.Compare) -> pd.Series[Any]:
        left, truths = self.value(node.left), []
        for how, part in zip(node.ops, node.comparators, strict=True):
            if isinstance(how, ast.In | ast.NotIn):
                found = self._among(left, part)
                truths.append(~found if isinstance(how, ast.NotIn) else found)
            else:
                right = self.value(part)
                truths.append(self._pair(left, right, _COMPARISONS[type(how)]))
                left = right
        found = truths[0]
        for other in truths[1:]:
            found = found & other
        return found

    def _among(self, left: Value, part: ast.expr) -> pd.Series[Any]:
        if not isinstance(part, ast.Tuple | ast.List):
            raise TypeError("`in` needs values in brackets")
        found = pd.Series([False] * len(self.rows), dtype="boolean")
        for one in part.elts:
            found = found | self._pair(left, self.value(one), _COMPARISONS[ast.Eq])
        return found

    def _pair(self, a: Value, b: Value, how: Callable[[Any, Any], Any]) -> pd.Series[Any]:
        """The truth of a comparison, unknown where one of the two is missing."""
        a, b = _matched(a, b), _matched(b, a)
        if _is_text(a) != _is_text(b) and not (a is pd.NA or b is pd.NA):
            raise TypeError("text compared with something else")
        found = how(a, b)
        if isinstance(found, pd.Series) and (_is_float(a) or _is_float(b)):
            found = found.mask(_alike(a, b), how in _WITH_EQUALS)
        if not isinstance(found, pd.Series):
            return pd.Series([found] * len(self.rows), dtype="boolean")
        lost = np.zeros(len(self.rows), bool)
        for side in (a, b):
            lost |= side.isna().to_numpy() if isinstance(side, pd.Series) else side is pd.NA
        return found.astype("boolean").mask(lost) if lost.any() else found.astype("boolean")

    def _either(self, node: ast.IfExp) -> Value:
        test, yes, no = self._truth(node.test), self.value(node.body), self.value(node.orelse)
        if _is_text(yes) != _is_text(no):
            raise TypeError("text or something else")
        first, second = _long(yes, len(self.rows)), _long(no, len(self.rows))
        if {first.dtype.name, second.dtype.name} == {"Int64", "Float64"}:
            first, second = first.astype("Float64"), second.astype("Float64")
        chosen = first.where(test.fillna(False), second)
        return chosen.mask(test.isna())


_KNOWN: dict[str, Literal["Int64", "boolean"]] = {"int64": "Int64", "bool": "boolean"}
"""What `convert_dtypes` makes of dtypes that need no look at the cells, which takes longer."""


def _plain(cells: pd.Series[Any]) -> pd.Series[Any]:
    """A column with a dtype that knows missing cells."""
    cells = cells.reset_index(drop=True)
    if isinstance(cells.dtype, pd.CategoricalDtype):
        cells = cells.astype(cells.cat.categories.dtype)
    if cells.dtype == object:
        cells = cells.infer_objects()
        kind = pd.api.types.infer_dtype(cells, skipna=True)
        if kind == "date":
            return pd.to_datetime(cells)
        if kind == "decimal":
            return cells.astype("Float64")
    known = _KNOWN.get(cells.dtype.name)
    return cells.astype(known) if known else _wide(cells.convert_dtypes())


def _wide(cells: pd.Series[Any]) -> pd.Series[Any]:
    """Whole numbers in 64 bits, so that what is computed of small ones does not wrap around; as floats if they are more than these hold."""
    if not pd.api.types.is_integer_dtype(cells.dtype):
        return cells
    if pd.api.types.is_unsigned_integer_dtype(cells.dtype) and (cells > _MOST).any():
        return cells.astype("Float64")
    return cells.astype("Int64")


def _counted(value: Value) -> Value:
    """Truths as 1 and 0."""
    return value.astype("Int64") if isinstance(value, pd.Series) and value.dtype == "boolean" else value


def _operated(how: type[ast.operator], a: Value, b: Value) -> Value:
    """What an operator gives, in floats where whole numbers would be more than 64 bits hold."""
    if how in _GROWING and all(_is_whole(one) for one in (a, b)):
        size = np.abs(_OPERATORS[how](_numbers(a), _numbers(b)))
        if np.any(size >= _MOST):  # False where a cell is missing
            a, b = (one.astype("Float64") if isinstance(one, pd.Series) else float(one) for one in (a, b))
    return _OPERATORS[how](a, b)


def _is_whole(value: Value) -> bool:
    if isinstance(value, pd.Series):
        return value.dtype == "Int64"
    return isinstance(value, int) and not isinstance(value, bool)


def _is_text(value: Value) -> bool:
    return isinstance(value, str) or (isinstance(value, pd.Series) and isinstance(value.dtype, pd.StringDtype))


def _is_float(value: Value) -> bool:
    return isinstance(value, float) or (isinstance(value, pd.Series) and pd.api.types.is_float_dtype(value.dtype))


def _alike(a: Value, b: Value) -> Any:
    """Where two numbers differ only as computers round them; False where one is unknown."""
    size = np.maximum(*(_numbers(abs(one)) for one in (a, b)))
    with np.errstate(invalid="ignore"):
        return (np.abs(_numbers(a) - _numbers(b)) <= ALIKE * size) & np.isfinite(size)


def _numbers(value: Value) -> Any:
    if isinstance(value, pd.Series):
        return value.to_numpy(float, na_value=np.nan)
    return np.nan if value is pd.NA else float(value)


def _long(value: Value, n: int) -> pd.Series[Any]:
    return value if isinstance(value, pd.Series) else pd.Series([value] * n).convert_dtypes()


def _matched(value: Value, other: Value) -> Value:
    """A text that is compared with dates or durations, as one of these."""
    if not (isinstance(value, str) and isinstance(other, pd.Series)):
        return value
    if isinstance(other.dtype, pd.DatetimeTZDtype):
        found = pd.Timestamp(value)
        return found.tz_localize(other.dtype.tz) if found.tzinfo is None else found
    if pd.api.types.is_datetime64_dtype(other.dtype):
        return pd.Timestamp(value)
    return pd.Timedelta(value) if pd.api.types.is_timedelta64_dtype(other.dtype) else value


@dataclass(frozen=True, slots=True)
class Function:
    """A function of expressions.

    Args:
        compute: Of its values.
        least, most: How many it takes.
    """

    compute: Callable[..., Any]
    least: int = 1
    most: int = 1


def _row_wise(choose: Callable[[pd.DataFrame], pd.Series[Any]]) -> Callable[..., Any]:
    def compute(*values: Value) -> Value:
        n = next((len(value) for value in values if isinstance(value, pd.Series)), 1)
        table = pd.DataFrame({i: _long(value, n) for i, value in enumerate(values)})
        return choose(table)

    return compute


def _of_dates(name: str) -> Callable[[Value], Any]:
    return lambda cells: getattr(cells.dt, name).astype("Int64")


def _of_texts(name: str) -> Callable[..., Any]:
    def compute(cells: Value, *others: str) -> Any:
        if not _is_text(cells) or not all(isinstance(other, str) for other in others):
            raise TypeError("no text")
        found = getattr(_long(cells, 1).str, name)(*others)
        return found.astype("boolean") if name in ("startswith", "endswith", "fullmatch") else found

    return compute


def _rounded(how: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> Callable[[Value], Any]:
    def compute(cells: Value) -> Any:
        series = _long(cells, 1)
        return pd.Series(how(series.to_numpy(float, na_value=np.nan))).convert_dtypes().astype("Float64")

    return compute


FUNCTIONS: Mapping[str, Function] = {
    "abs": Function(abs),
    "round": Function(lambda cells, places=0: round(cells, int(places)), 1, 2),
    "floor": Function(_rounded(np.floor)),
    "ceil": Function(_rounded(np.ceil)),
    "min": Function(_row_wise(lambda table: table.min(axis=1, skipna=False)), 2, 20),
    "max": Function(_row_wise(lambda table: table.max(axis=1, skipna=False)), 2, 20),
    "is_missing": Function(lambda cells: _long(cells, 1).isna().astype("boolean")),
    "date": Function(pd.Timestamp),
    "year": Function(_of_dates("year")),
    "month": Function(_of_dates("month")),
    "day": Function(_of_dates("day")),
    "weekday": Function(_of_dates("weekday")),
    "days": Function(lambda cells: (_long(cells, 1).dt.total_seconds() / 86_400).astype("Float64")),
    "lower": Function(_of_texts("lower")),
    "upper": Function(_of_texts("upper")),
    "length": Function(lambda cells: _of_texts("len")(cells).astype("Int64")),
    "startswith": Function(_of_texts("startswith"), 2, 2),
    "endswith": Function(_of_texts("endswith"), 2, 2),
    "matches": Function(_of_texts("fullmatch"), 2, 2),
}
"""By name; `days` of a duration, `matches` a whole text by a regular expression."""


def quoted(name: str) -> str:
    """A column's name as an expression writes it.

    >>> quoted("price"), quoted("unit price"), quoted("class"), quoted("a`b")
    ('price', '`unit price`', '`class`', '`a``b`')

    Names that Python reads as others stand in backticks too: it takes `nº` for `no`.
    """
    if name.isidentifier() and not keyword.iskeyword(name) and unicodedata.normalize("NFKC", name) == name:
        return name
    return "`" + name.replace("`", "``") + "`"
