"""Equations of columns as sums, and solved for one of their columns.

    a + b + c == 5000            c == 5000 - a - b, or the same for a or b
    total - price * q == 0       total == price * q
    2 * price == p2 + p3         p3 == 2 * price - p2

A column is solved for where the others give it to its own decimal places: its factor is 1 or -1, or it has no decimal places, and no other
number of the sum has more of them. Dates are added and subtracted only where durations come of it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from smartsynth.expressions import Expression, quoted
from smartsynth.schema import Column, Kind, Schema

COUNTED = ("int", "uint", "float")
"""Beginnings of the dtypes of columns that are added up, whatever their kind."""


@dataclass(frozen=True, slots=True)
class Sum:
    """A sum of columns, of other parts, and of a number.

    Args:
        columns: The factor of each column.
        others: The factor of each part that is no column, as text.
        number: What is added.
    """

    columns: Mapping[str, float]
    others: Mapping[str, float]
    number: float

    @classmethod
    def of(cls, node: ast.expr, whole: Expression) -> Sum:
        """A part of an expression as a sum.

        >>> whole = Expression.parse("a - 2 * (b + a * c) + 3", ["a", "b", "c"])
        >>> Sum.of(whole.tree, whole)
        Sum(columns={'a': 1.0, 'b': -2.0}, others={'a * c': -2.0}, number=3.0)
        """
        match node:
            case ast.Name():
                return cls({whole.name(node): 1.0}, {}, 0.0)
            case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
                return cls({}, {}, float(value))
            case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=inner):
                return cls.of(inner, whole).times(-1.0 if isinstance(sign, ast.USub) else 1.0)
            case ast.BinOp(op=ast.Add(), left=left, right=right):
                return cls.of(left, whole).plus(cls.of(right, whole))
            case ast.BinOp(op=ast.Sub(), left=left, right=right):
                return cls.of(left, whole).plus(cls.of(right, whole).times(-1.0))
            case ast.BinOp(op=ast.Mult(), left=left, right=right):
                a, b = cls.of(left, whole), cls.of(right, whole)
                if a.is_number or b.is_number:
                    return b.times(a.number) if a.is_number else a.times(b.number)
            case ast.BinOp(op=ast.Div(), left=left, right=right):
                divisor = cls.of(right, whole)
                if divisor.is_number and divisor.number:
                    return cls.of(left, whole).times(1 / divisor.number)
        return cls({}, {whole.part(node).text: 1.0}, 0.0)

    @property
    def is_number(self) -> bool:
        """Whether there is nothing else in it."""
        return not (self.columns or self.others)

    def plus(self, other: Sum) -> Sum:
        """The sum of both."""
        return Sum(_added(self.columns, other.columns), _added(self.others, other.others), self.number + other.number)

    def times(self, factor: float) -> Sum:
        """Each part as often as a number says."""
        scaled = [{name: factor * value for name, value in part.items()} for part in (self.columns, self.others)]
        return Sum(scaled[0], scaled[1], factor * self.number)


def solutions(whole: Expression, schema: Schema) -> Iterator[tuple[str, Expression]]:
    """The columns that an equation gives, each with what gives it: those that stand alone on a side first, then the last that it names."""
    tree = whole.tree
    if not (isinstance(tree, ast.Compare) and len(tree.ops) == 1 and isinstance(tree.ops[0], ast.Eq)):
        return
    alone: list[str] = []
    for one, other in ((tree.left, tree.comparators[0]), (tree.comparators[0], tree.left)):
        given = whole.part(other)
        if isinstance(one, ast.Name) and given.names and whole.name(one) not in given.names:
            alone.append(whole.name(one))
            yield alone[-1], given
    left, right = (Sum.of(side, whole) for side in (tree.left, tree.comparators[0]))
    sum_ = left.plus(right.times(-1.0))
    if _can_be_added(sum_, schema):
        for name in reversed([name for name, factor in sum_.columns.items() if factor and name not in alone]):
            if (given_by := _given_by(name, sum_, schema)) is not None:
                yield name, given_by


def relation(factors: Mapping[str, float]) -> str:
    """A sum of parts and a number as text; the name of the number is empty.

    >>> relation({"a": 1.0, "b": -1.0, "c": 0.5, "": 3.0})
    'a + 0.5 * c - b + 3'
    """
    text = ""
    for name, value in sorted(factors.items(), key=lambda item: (item[0] == "", item[1] < 0)):
        size = abs(value)
        term = plain(size) if name == "" else name if size == 1 else f"{plain(size)} * {name}"
        sign = " - " if value < 0 else " + "
        text += (sign if text else "-" if value < 0 else "") + term
    return text


def plain(value: float) -> str:
    """A number as expressions write it, without exponents where it can be."""
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _given_by(name: str, sum_: Sum, schema: Schema) -> Expression | None:
    """What gives a column of a sum that is 0; None if it is given only nearly, or reads itself."""
    column, factor = schema[name], sum_.columns[name]
    others = {other: value for other, value in sum_.columns.items() if other != name and value}
    own = _places(column)
    if own is not None:
        places = [_places(schema[other]) if value.is_integer() else None for other, value in others.items()]
        if abs(factor) != 1 or any(one is None or one > own for one in places):
            return None
    parts = {quoted(other): value for other, value in others.items()}
    parts |= {f"({text})": value for text, value in sum_.others.items() if value}
    parts |= {"": sum_.number} if sum_.number else {}
    given = Expression.parse(relation({text: -value / factor for text, value in parts.items()})) if parts else None
    return given if given is not None and given.names and name not in given.names else None


def _can_be_added(sum_: Sum, schema: Schema) -> bool:
    """Whether a sum adds numbers alone, or dates and durations so that a duration comes of it."""
    columns = [schema[name] for name in sum_.columns]
    if all(_is_counted(column) and column.kind not in (Kind.DATETIME, Kind.DURATION) for column in columns):
        return True
    if sum_.others or sum_.number or any(column.kind not in (Kind.DATETIME, Kind.DURATION) for column in columns):
        return False
    return sum(sum_.columns[column.name] for column in columns if column.kind is Kind.DATETIME) == 0


def _places(column: Column) -> int | None:
    """Decimal places of a column; None if it has no end of them, or is no number."""
    return 0 if column.dtype.lower().startswith(("int", "uint")) else column.decimals


def _is_counted(column: Column) -> bool:
    """Whether a column can be added up."""
    counted = (Kind.NUMERIC, Kind.DATETIME, Kind.DURATION)
    return column.kind in counted or column.dtype.lower().startswith(COUNTED)


def _added(a: Mapping[str, float], b: Mapping[str, float]) -> dict[str, float]:
    return {name: a.get(name, 0.0) + b.get(name, 0.0) for name in {**a, **b}}
