"""A template → the same with columns moved to the distributions of real data, and how far each is from them before and after.

Real data give quantiles, each a mean of MIN_ROWS rows or more, and shares of values that at least MIN_ROWS rows hold; no exact extreme
and no rare value gets into a template. A number is moved by its rank, and a category only as often as its share asks for: so what a
column depends on stays as the template has it. Times, texts, keys and what a rule fixes are left as they are.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from smartsynth.errors import ConfigError, did_you_mean
from smartsynth.templates.cells import Cells, Coded, Floats, join, numbers
from smartsynth.templates.document import Remap, Table, Template
from smartsynth.templates.language import Column
from smartsynth.templates.making import Maker
from smartsynth.templates.promises import check_rules
from smartsynth.templates.real import FEWEST, LEVELS, MIN_ROWS, Real
from smartsynth.templates.scope import Scope

_ENOUGH_ROWS, _MOST_BLOCKS = 20_000, 20
_LEFT = {
    "id": "it is a key", "inherit": "it is a key, or a column of the table above", "pick": "it points to a row", "asof": "it points to a row",
    "person": "names are not learnt", "text": "texts are not learnt", "pattern": "texts are not learnt",
    "moment": "times are not calibrated", "shift": "times are not calibrated", "constant": "it is constant in the template",
    "aggregate": "it is added up from other rows", "running": "it is added up from other rows", "settle": "it is added up from other rows",
    "earlier": "it is taken from other rows",
}  # fmt: skip
"""Why columns of some ways are left as they are."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a column.

    Args:
        table, column: Of the template; the column is empty if there is none.
        real: Its name in the data.
        reason: Why it was left as it is; empty if it was calibrated.
        measure: `KS` or `TV`: largest difference of the distribution functions, or half the sum of differences of shares.
        before, after: Distance to the real data, of the template as it was and as it is now.
    """

    table: str
    column: str
    real: str
    reason: str = ""
    measure: str = ""
    before: float = math.nan
    after: float = math.nan


def calibrate(template: Template, real: Mapping[str, Sequence[Real]]) -> tuple[Template, tuple[Outcome, ...]]:
    """The template with columns of tables moved to real ones, and what became of each.

    Args:
        template: Which.
        real: What is known of real columns, by table (`columns_of`, `columns_of_profile`).

    Raises:
        ConfigError: There is no such table, or none of the columns is in it.
    """
    outcomes: list[Outcome] = []
    for table, columns in real.items():
        if table not in template.tables:
            raise ConfigError(
                f"calibrate={table!r} is no table of {template.name!r}.{did_you_mean(table, template.tables)} "
                f"Tables: {', '.join(template.tables)}."
            )
        found = 0
        for column in columns:
            for key in _matching(template.tables[table], column.name):
                template, outcome = _one(template, table, key, column)
                outcomes.append(outcome)
                found += 1
            if not _matching(template.tables[table], column.name):
                outcomes.append(Outcome(table, "", column.name, "the template has no such column there"))
        if not found:
            known = [*_columns(template.tables[table])]
            raise ConfigError(
                f"calibrate: none of the columns {', '.join(one.name for one in columns)} is in the table {table!r}. It has "
                f"{', '.join(known)}. Give a column of a copied template other names with `also: [NAME]`."
            )
    return template, tuple(outcomes)


def _columns(table: Table) -> dict[str, Column]:
    """All columns, of streams too, by name; the first of each."""
    found: dict[str, Column] = {}
    for columns in (table.columns, *(stream.columns for stream in table.streams.values()), table.summary):
        for key, column in columns.items():
            found.setdefault(key, column)
    return found


def _bare(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _matching(table: Table, name: str) -> list[str]:
    """The column that a real one is: by another name that the template gives it, if that can be calibrated, else by its own."""
    wanted = _bare(name)
    named = [key for key in _columns(table) if _bare(key) == wanted]
    others = [key for key, column in _all(table) if wanted in map(_bare, column.also)]
    others = [
        key
        for key in dict.fromkeys(others)
        if any(column.way not in _LEFT for one, column in _all(table) if one == key)
    ]
    return others[:1] or named[:1] or [key for key, column in _all(table) if wanted in map(_bare, column.also)][:1]


def _all(table: Table) -> list[tuple[str, Column]]:
    return [
        (key, column)
        for columns in (table.columns, *(stream.columns for stream in table.streams.values()), table.summary)
        for key, column in columns.items()
    ]


def _one(template: Template, table: str, key: str, real: Real) -> tuple[Template, Outcome]:
    """Calibrate one column, if that can be."""
    places = _places(template, table, key, real.name)
    ways = {_column(template, *place).way for place in places}
    if reasons := [_LEFT[way] for way in ways if way in _LEFT]:
        return template, Outcome(table, key, real.name, reasons[0])
    if rule := _fixed_by(template.tables[table], key):
        return template, Outcome(table, key, real.name, f"the rule {rule!r} gives it")
    watched = (table, key) if any(_column(template, *place).lookup for place in places) else None
    before = _made(template, places, watched)
    remap, reason = _remap(before, real)
    if remap is None:
        return template, Outcome(table, key, real.name, reason)
    try:
        moved = _with(template, _targets(template, places), remap)
        maker = Maker.of(moved, seed=0)
        check_rules(moved, {**maker.fixed, **maker.block(0)})
    except ConfigError as error:
        return template, Outcome(table, key, real.name, str(error).splitlines()[-1])
    measure = "KS" if real.numeric else "TV"
    after = _made(moved, places, watched)
    return moved, Outcome(table, key, real.name, "", measure, _distance(before, real), _distance(after, real))


Place = tuple[str, str | None, str]
"""Table, stream or None, column."""


def _places(template: Template, table: str, key: str, name: str) -> list[Place]:
    """Where a column is made: in the table, or in those of its streams that it is called so in."""
    said = template.tables[table]
    if key in said.columns or key in said.summary:
        return [(table, None, key)]
    streams = [one for one, stream in said.streams.items() if key in stream.columns]
    called = [one for one in streams if _bare(name) in map(_bare, (key, *said.streams[one].columns[key].also))]
    return [(table, one, key) for one in called or streams]


def _column(template: Template, table: str, stream: str | None, key: str) -> Column:
    said = template.tables[table]
    if stream is not None:
        return said.streams[stream].columns[key]
    return said.columns[key] if key in said.columns else said.summary[key]


def _targets(template: Template, places: Sequence[Place]) -> list[Place]:
    """Where to move: a column that is looked up in another table is moved there."""
    found = []
    for table, stream, key in places:
        column = _column(template, table, stream, key)
        while column.lookup is not None:
            through = column.lookup.through
            pointing = _columns(template.tables[table]).get(through)
            points = None if pointing is None else pointing.pick or pointing.asof
            if points is None:
                raise ConfigError(f"it is looked up through {through!r}, which is no column of {table!r}")
            table, stream, key = points.table, None, column.lookup.column
            column = template.tables[table].columns[key]
        found.append((table, stream, key))
    return found


def _fixed_by(table: Table, key: str) -> str | None:
    """The rule that says what a column is, if there is one."""
    start = re.compile(rf"^\s*`?{re.escape(key)}`?\s*==")
    return next((rule for rule in table.rules if isinstance(rule, str) and start.match(rule)), None)


def _made(template: Template, places: Sequence[Place], watched: tuple[str, str] | None) -> Cells:
    """Enough cells of a column as a template makes it."""
    wanted: dict[tuple[str, str | None], str] = (
        {(table, stream): key for table, stream, key in places} if watched is None else {(watched[0], None): watched[1]}
    )
    parts: list[Cells] = []

    def look(table: str, stream: str | None, rows: Scope) -> None:
        if (table, stream) in wanted:
            parts.append(rows.columns[wanted[table, stream]])

    maker = Maker.of(template, seed=0, watch=look)
    for k in range(_MOST_BLOCKS):
        if sum(map(len, parts)) >= _ENOUGH_ROWS or (parts and all(template.is_fixed(table) for table, _ in wanted)):
            break
        maker.block(k, upto={table for table, _ in wanted})
    return join(parts)


def _remap(before: Cells, real: Real) -> tuple[Remap | None, str]:
    """How to move cells, or why not."""
    if real.numeric:
        if isinstance(before, Coded) or not isinstance(before, np.ndarray) or before.dtype.kind not in "if":
            return None, "the data hold numbers and the template does not"
        if not real.quantiles:
            return None, f"fewer than {FEWEST} rows of the data have it"
        values = numbers(before)
        levels = np.quantile(values[~np.isnan(values)], np.linspace(0, 1, LEVELS))
        return Remap(before=_round(levels), after=_round(real.quantiles), decimals=real.decimals), ""
    shares = _shares(before)
    if shares is None:
        return None, "the data hold categories and the template does not"
    if not real.shares:
        return None, f"no value of the data is held by {MIN_ROWS} rows"
    total = sum(real.shares.values())
    known = {level: share / total for level, share in real.shares.items()}
    if not set(known) & set(shares):
        return None, f"the data have other values than the template: {', '.join(list(shares)[:6])}"
    both = dict.fromkeys((*shares, *known))
    return Remap(
        shares={level: (round(shares.get(level, 0.0), 6), round(known.get(level, 0.0), 6)) for level in both}
    ), ""


def _round(values: Sequence[float] | Floats) -> tuple[float, ...]:
    """Numbers to six digits, still in order."""
    return tuple(np.maximum.accumulate([float(f"{value:.6g}") for value in values]).tolist())


def _shares(cells: Cells) -> dict[str, float] | None:
    """Shares of categories, or None if the cells are none."""
    if isinstance(cells, np.ndarray) and cells.dtype.kind == "b":
        return {"false": float((~cells).mean()), "true": float(cells.mean())}
    if not isinstance(cells, Coded):
        return None
    counts = np.bincount(cells.codes[cells.codes >= 0], minlength=len(cells.levels))
    return {level: float(count / max(counts.sum(), 1)) for level, count in zip(cells.levels, counts, strict=True)}


def _with(template: Template, places: Sequence[Place], remap: Remap) -> Template:
    """The template with a column moved at some places."""
    tables = dict(template.tables)
    for table, stream, key in places:
        said = tables[table]
        if stream is None:
            tables[table] = said.model_copy(update={"calibrated": {**said.calibrated, key: remap}})
        else:
            one = said.streams[stream]
            moved = one.model_copy(update={"calibrated": {**one.calibrated, key: remap}})
            tables[table] = said.model_copy(update={"streams": {**said.streams, stream: moved}})
    return template.model_copy(update={"tables": tables})


def _distance(made: Cells, real: Real) -> float:
    """How far made cells are from real ones: KS of numbers, TV of categories."""
    if not real.numeric:
        shares = _shares(made) or {}
        known = real.shares or {}
        if real.cells is not None:
            counts = pd.Series(real.cells).value_counts(normalize=True)
            known = {str(level): float(share) for level, share in counts.items()}
        return 0.5 * sum(abs(shares.get(level, 0.0) - known.get(level, 0.0)) for level in {*shares, *known})
    values = np.sort(numbers(made))
    values = values[~np.isnan(values)]
    if real.cells is None:
        points = np.asarray(real.quantiles)
        share = np.linspace(0, 1, len(points))[1:-1]
        low, high = (np.searchsorted(values, points[1:-1], side) / len(values) for side in ("left", "right"))
        return float(np.maximum(np.maximum(low - share, share - high), 0).max())
    other = np.sort(real.cells)
    points = np.concatenate([values, other])
    parts = [np.searchsorted(one, points, "right") / len(one) for one in (values, other)]
    return float(np.abs(parts[0] - parts[1]).max())


def best_table(template: Template, columns: Sequence[Real]) -> str:
    """The table of a template that most real columns are in.

    Raises:
        ConfigError: None of them is in any table.
    """
    fits = {name: sum(bool(_matching(table, one.name)) for one in columns) for name, table in template.tables.items()}
    best = max(fits, key=lambda name: fits[name])
    if not fits[best]:
        raise ConfigError(
            f"calibrate: none of the columns {', '.join(one.name for one in columns)} is in a table of {template.name!r}. "
            "Give columns of a copied template other names with `also: [NAME]`."
        )
    return best
