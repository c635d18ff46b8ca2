"""Whether a template can be made: every name in it means something, and stands in the right order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from smartsynth.config import Settings
from smartsynth.errors import ConfigError, did_you_mean
from smartsynth.expressions import Expression
from smartsynth.templates import bounds
from smartsynth.templates.document import Stream, Table, Template
from smartsynth.templates.language import ASSUMPTION, By, Column, Draw, Value
from smartsynth.templates.scope import NUMBER, ROW
from smartsynth.templates.texts import FIELD

MOST_DIGITS = 9
"""Of all places below parents together, so that numbers of rows fit 64 bits with a billion rows of the root table."""
_NAME = re.compile(r"[^\W\d][\w-]{0,63}")
"""Of a table, whose rows are in a file of that name."""
_FORMULAS = {
    "moment": ("after", "before"), "shift": ("start",), "running": ("start",), "settle": ("when",),
}  # fmt: skip
_NAMES = {
    "person": ("sex",), "running": ("of",), "settle": ("of",), "earlier": ("of",), "asof": ("at", "through"), "lookup": ("through",),
}  # fmt: skip


def check(template: Template) -> None:
    """Raises ConfigError with everything that is wrong, each with its place."""
    wrong = list(_problems(template))
    if wrong:
        raise ConfigError("\n".join(wrong))


def _problems(template: Template) -> Iterator[str]:
    if template.root not in template.tables:
        yield f"root={template.root!r} is no table.{did_you_mean(template.root, template.tables)} Tables: {', '.join(template.tables)}."
        return
    if template.tables[template.root].parent is not None:
        yield f"root={template.root!r} has a parent. The root is a table without one."
    if unfit := [*_unfit_names(template)]:
        yield from unfit
        return
    if orphans := [*_orphans(template)]:  # whoever went up from table to table might never come to an end
        yield from orphans
        return
    seen: list[str] = []
    for name, table in template.tables.items():
        yield from (f"tables.{name}{problem}" for problem in _shape(template, name, table, seen))
        seen.append(name)
    for name, table in template.tables.items():
        yield from (f"tables.{name}{problem}" for problem in _table(template, name, table))
    for i, figure in enumerate(template.figures):
        yield from (f"figures.{i}: {problem}" for problem in _source(template, (figure.source,)))
        for part in (figure.made, figure.per):
            if part.table not in template.tables:
                yield f"figures.{i}: table={part.table!r} is no table.{did_you_mean(part.table, template.tables)}"
                continue
            if template.is_fixed(part.table):
                yield f"figures.{i}: table={part.table!r} is of fixed size, and figures are of rows of the root table and below."
            names = [*_visible(template, part.table), *template.tables[part.table].summary, NUMBER, ROW]
            for text in (part.sum, *([] if part.where is None else [part.where])):
                yield from (f"figures.{i}: {problem}" for problem in _formula(text, names))


def _unfit_names(template: Template) -> Iterator[str]:
    """Names that could not be those of files beside one another."""
    known: dict[str, str] = {}
    for name in template.tables:
        if not _NAME.fullmatch(name):
            yield (
                f"tables: {name!r} is no name of a table. Use a letter, then letters, digits, _ and -, at most 64 in all: its rows go to a "
                "file of that name."
            )
        other = known.setdefault(name.casefold(), name)
        if other != name:
            yield f"tables: {other!r} and {name!r} differ in capitals alone, and so would their files. Rename one."


def _orphans(template: Template) -> Iterator[str]:
    """Tables whose parent does not stand before them."""
    seen: list[str] = []
    for name, table in template.tables.items():
        if table.parent is not None and table.parent not in seen:
            yield f"tables.{name}: parent={table.parent!r} must be a table that stands before it.{did_you_mean(table.parent, seen)}"
        seen.append(name)


def _shape(template: Template, name: str, table: Table, seen: list[str]) -> Iterator[str]:
    """What makes its rows: exactly one thing."""
    ways = {"rows": table.rows, "given": table.given, "count": table.count, "streams": table.streams or None}
    given = [way for way, value in ways.items() if value is not None]
    if name == template.root:
        if given:
            yield f": {given[0]} must not be given, because the rows of the root table are asked for with -n."
    elif len(given) != 1:
        yield f": needs exactly one of rows, given, count and streams, and has {', '.join(given) or 'none'}."
    elif (given[0] in ("count", "streams")) != (table.parent is not None):
        yield f": count and streams go with parent, rows and given without. It has {given[0]} and parent={table.parent!r}."
    if (digits := sum(template.tables[one].digits for one in template.ancestors(name)[:-1])) > MOST_DIGITS:
        yield f": digits={digits} with those of the tables above are more than {MOST_DIGITS}, and ids would not fit. Lower them."
    if not table.columns and table.given is None:
        yield ": has no columns."
    for key, stream in table.streams.items():
        of = stream.of or table.parent
        if of not in seen or table.parent not in template.ancestors(of):
            yield f".streams.{key}: of={of!r} must be {table.parent!r} or a table below it that stands before."


def _table(template: Template, name: str, table: Table) -> Iterator[str]:
    above = _visible(template, table.parent)
    known: list[str] = list(table.given.columns) if table.given is not None else []
    for key, stream in table.streams.items():
        yield from (f".streams.{key}{problem}" for problem in _stream(template, table, stream))
        known += [one for one in stream.columns if one not in known]
    if table.given is not None:
        yield from (f".given: {problem}" for problem in _source(template, table.given.source))
    if table.count is not None:
        yield from (f".count: {problem}" for problem in _draw(template, table.count, [*above, ROW]))
    if table.order is not None and table.order not in known:
        yield f".order={table.order!r} is no column of the streams.{did_you_mean(table.order, known)}"
    for key, column in (*table.columns.items(), *table.summary.items()):
        names = [*known, *above, NUMBER, ROW]
        yield from (f".columns.{key}: {problem}" for problem in _column(template, column, names))
        known.append(key)
    if table.only is not None:
        yield from (f".only: {problem}" for problem in _formula(table.only, [*known, *above, NUMBER, ROW]))
    for rule in table.checks:
        yield from (f".checks: {problem}" for problem in _formula(rule, [*known, *above, NUMBER, ROW]))
    kept = {**table.columns, **table.summary}
    if table.primary_key is not None and table.primary_key not in [
        *kept,
        *(table.given.columns if table.given else ()),
    ]:
        yield f".primary_key={table.primary_key!r} is no column.{did_you_mean(table.primary_key, kept)}"
    for key in table.calibrated:
        if key not in known:
            yield f".calibrated={key!r} is no column.{did_you_mean(key, known)}"


def _stream(template: Template, table: Table, stream: Stream) -> Iterator[str]:
    above = _visible(template, stream.of or table.parent)
    if stream.where is not None:
        yield from (f".where: {problem}" for problem in _formula(stream.where, [*above, ROW]))
    yield from (f".count: {problem}" for problem in _draw(template, stream.count, [*above, ROW]))
    known: list[str] = []
    for key, column in stream.columns.items():
        yield from (
            f".columns.{key}: {problem}" for problem in _column(template, column, [*known, *above, NUMBER, ROW])
        )
        known.append(key)
    for key in stream.calibrated:
        if key not in known:
            yield f".calibrated={key!r} is no column.{did_you_mean(key, known)}"
    if stream.only is not None:
        yield from (f".only: {problem}" for problem in _formula(stream.only, [*known, *above, NUMBER, ROW]))


def _visible(template: Template, table: str | None) -> list[str]:
    """The names that a row below a table knows: columns of the tables above, and constants."""
    names = list(template.constants)
    for above in template.ancestors(table) if table is not None else ():
        one = template.tables[above]
        names += [*one.columns, *(key for stream in one.streams.values() for key in stream.columns)]
        names += one.given.columns if one.given is not None else ()
    return names


def _column(template: Template, column: Column, known: list[str]) -> Iterator[str]:
    yield from _draw(template, column, known)
    if column.references is not None and column.references not in template.tables:
        yield f"references={column.references!r} is no table.{did_you_mean(column.references, template.tables)}"
    for name, value, bound in (
        ("low", column.low, bounds.ANY), ("high", column.high, bounds.ANY), ("missing", column.missing, bounds.SHARE),
    ):  # fmt: skip
        if value is not None:
            yield from _value(value, known)
            yield from bounds.problems(name, value, bound)
    yield from _order("column", column.low, column.high)
    if column.when is not None:
        yield from _formula(column.when, known)


def _draw(template: Template, way: Draw, known: list[str]) -> Iterator[str]:
    yield from _source(template, getattr(way, "source", ()))
    said: Any = getattr(way, way.way)
    match way.way:
        case "choose":
            yield from () if said else ["choose={} names no category."]
            for level, value in said.items():
                yield from _value(value, known)
                yield from bounds.problems(f"choose: weight of {level!r}", value, bounds.WEIGHT)
            if said and all(value == 0 for value in said.values()):
                yield "choose: the weights of all categories are 0."
        case "chance":
            yield from _value(said, known)
            yield from bounds.problems("chance", said, bounds.SHARE)
        case "formula":
            yield from _formula(said, known)
        case "mixture" | "cases":
            for inner in said:
                yield from _draw(template, inner, known)
                if getattr(inner, "when", None) is not None:
                    yield from _formula(inner.when, known)
        case "pick" | "asof" | "aggregate":
            if said.table not in template.tables:
                yield f"{way.way}: table={said.table!r} is no table.{did_you_mean(said.table, template.tables)}"
        case "text":
            yield from (problem for place in FIELD.finditer(said.form) for problem in _name(place[1], known))
    for name in _FORMULAS.get(way.way, ()):
        if (text := getattr(said, name)) is not None:
            yield from _formula(text, known)
    for name in _NAMES.get(way.way, ()):
        if (text := getattr(said, name)) is not None:
            yield from _name(text, known)
    if isinstance(said, Settings) and way.way not in ("moment", "histogram", "quantiles"):
        for name, field in type(said).model_fields.items():
            if field.annotation == Value:
                yield from _value(getattr(said, name), known)
                bound = bounds.OF.get(way.way, {}).get(name, bounds.ANY)
                yield from bounds.problems(f"{way.way}: {name}", getattr(said, name), bound)
    if way.way in ("uniform", "integers"):
        yield from _order(way.way, said.low, said.high)


def _order(what: str, low: Value | None, high: Value | None) -> Iterator[str]:
    if isinstance(low, float) and isinstance(high, float):
        try:
            bounds.check_order(what, low, high)
        except ConfigError as error:
            yield str(error)


def _value(value: Value, known: list[str]) -> Iterator[str]:
    if isinstance(value, str):
        yield from _formula(value, known)
    elif isinstance(value, By):
        yield from _formula(value.by, known)
        leaves: Iterable[Value] = (
            *value.values,
            *(value.map or {}).values(),
            *([] if value.otherwise is None else [value.otherwise]),
        )
        yield from (problem for leaf in leaves for problem in _value(leaf, known))


def _formula(text: str, known: list[str]) -> Iterator[str]:
    try:
        Expression.parse(text, list(dict.fromkeys(known)))
    except ConfigError as error:
        yield str(error)


def _name(name: str, known: list[str]) -> Iterator[str]:
    if name not in known:
        yield f"{name!r} is no column that stands before.{did_you_mean(name, known)}"


def _source(template: Template, keys: Iterable[str]) -> Iterator[str]:
    for key in keys:
        if key != ASSUMPTION and key not in template.sources:
            yield (
                f"source={key!r} is not among the sources.{did_you_mean(key, template.sources)} "
                f"Sources: {', '.join((*template.sources, ASSUMPTION))}."
            )
