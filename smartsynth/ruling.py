"""How a run keeps the rules of its settings: which there are, the generator that keeps them, and what that took.

wanted   the rules that are written, those that columns declare, keys, and functions
ruled    a generator that keeps them
facts    of each rule: how it is kept, and how many real and synthetic rows break it
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from smartsynth.clashes import clashes
from smartsynth.config import ColumnConfig, RunConfig
from smartsynth.constraints import Combinations, Condition, Consequence, Formula, Rule, rules_of
from smartsynth.errors import ConfigError, DataError, did_you_mean
from smartsynth.expressions import quoted
from smartsynth.facts import RuleFact
from smartsynth.models.base import Generator
from smartsynth.models.ruled_generator import RuledGenerator, keeping, parsed
from smartsynth.named_rules import Geographic
from smartsynth.schema import Kind, Schema

if TYPE_CHECKING:
    import pandas as pd

Check = Callable[..., Any]


def wanted(run: RunConfig, schema: Schema, checks: Sequence[Check] = ()) -> tuple[Any, ...]:
    """Every rule of a run, as `constraints.rules_of` reads them, and functions.

    Args:
        run: Its settings.
        schema: Columns as they are learnt.
        checks: Python functions that say of rows whether they are as they should be.

    Raises:
        ConfigError: A rule cannot be read, or something that the run asks for would break it.
    """
    rules = (*run.rules, *_of_columns(run, schema), *_of_key(run), *checks)
    if rules and run.privacy.k_anonymity is not None:
        raise ConfigError(
            f"privacy.k_anonymity={run.privacy.k_anonymity} makes values coarser after they are made, so that no rule can be promised. Leave one of "
            "the two out."
        )
    parsed(rules, schema)
    return rules


def check_names(run: RunConfig, schema: Schema) -> None:
    """ConfigError if settings name columns that are not there: all of these, and all rules that cannot be read, at once."""
    named = {f"columns.{name}": name for name in run.columns}
    named |= {f"primary_key={name}": name for name in run.primary_key}
    named |= {f"privacy.quasi_identifiers={name}": name for name in run.privacy.quasi_identifiers or ()}
    wrong = _absent(named, schema)
    if not wrong:
        return  # rules are read when their columns are known well
    raise ConfigError("\n".join([*wrong, *_unread(run.rules, schema)]))


def _absent(named: Mapping[str, str], schema: Schema) -> list[str]:
    """A sentence for each column that a setting names and that is not there.

    Args:
        named: Columns by the settings that name them.
        schema: What there is.
    """
    return [
        f"{place}: There is no column {name!r}.{did_you_mean(name, schema.names)} Columns: {', '.join(schema.names)}."
        for place, name in named.items()
        if name not in schema
    ]


def check_target(run: RunConfig, schema: Schema) -> None:
    """ConfigError if the target is a column that nothing is learnt of."""
    if run.target is None or schema[run.target].kind is not Kind.IDENTIFIER:
        return
    raise ConfigError(
        f"target={run.target!r} is an identifier: it is made anew, so nothing can predict it. Name another column, or leave the target out. If "
        f"it is none, say so: columns.{run.target}.kind=categorical or numeric."
    )


def check_columns(run: RunConfig, schema: Schema) -> None:
    """ConfigError if any setting or rule names a column that is not there; all of these at once."""
    named = {
        f"{name}={value}": value
        for name in ("target", "entity", "time", "balance")
        if (value := getattr(run, name)) is not None
    }
    named |= {f"text={name}": name for name in run.text or ()}
    wrong = _absent(named, schema)
    for rule in run.rules:
        wrong += [line for line in _unread([rule], schema) if "there is no such column" in line]
    try:
        check_names(run.model_copy(update={"rules": []}), schema)
    except ConfigError as error:
        wrong.append(str(error))
    if wrong:
        raise ConfigError("\n".join(wrong))


def try_out(rules: Sequence[Any], schema: Schema, some: pd.DataFrame) -> None:
    """ConfigError if rules clash, or if one that computes something cannot be computed with some rows, in the columns that these have."""
    read = parsed(rules, schema)
    wrong = list(clashes(read, schema))
    for rule in read:
        if isinstance(rule, Condition | Formula | Consequence) and set(rule.columns) <= set(some.columns):
            try:
                rule.holds(some)
            except ConfigError as error:
                wrong.append(str(error))
    if wrong:
        raise ConfigError("\n".join(wrong))


def _unread(rules: Sequence[Any], schema: Schema) -> Iterator[str]:
    try:
        rules_of(rules, schema)
    except ConfigError as error:
        yield str(error)


def check_key(run: RunConfig, real: pd.DataFrame) -> None:
    """DataError if real rows repeat what is said to be their primary key; within a budget nobody looks."""
    key = list(run.primary_key)
    if not key or run.privacy.epsilon is not None or not set(key) <= set(real.columns):
        return
    again = int(real.duplicated(key).sum())
    if again:
        raise DataError(
            f"primary_key={key}: {again:,} of {len(real):,} real rows repeat the key of another one. Name columns that no two rows share, or leave it out."
        )


def ruled(model: Generator, rules: Sequence[Any], run: RunConfig) -> Generator:
    """A generator that keeps rules, if there are any."""
    return keeping(model, rules, k=run.privacy.k)


def check(model: Generator, rows: pd.DataFrame) -> None:
    """ConfigError if rows that are about to be released break a rule that their model keeps."""
    if isinstance(model, RuledGenerator):
        model.check(rows)


def facts(
    model: Generator | None,
    rules: Sequence[Any],
    schema: Schema,
    real: pd.DataFrame,
    made: pd.DataFrame,
    *,
    k: int,
    private: bool = False,
) -> tuple[RuleFact, ...]:
    """What is known of each rule of a run, or of rows that came from elsewhere.

    Args:
        model: That made the rows; None if they came from elsewhere.
        rules: Of `wanted`.
        schema: Columns of the rows.
        real: Rows that were learnt from.
        made: Synthetic ones.
        k: Fewer real rows than these are not counted out.
        private: Whether the run has a budget of differential privacy, so that nothing is read off real rows.
    """
    kept = model.kept if isinstance(model, RuledGenerator) else _seen_in(real, parsed(rules, schema), k)
    found = []
    for place, rule in enumerate(kept):
        how = model.told(place) if isinstance(model, RuledGenerator) else (False, 0, 0)
        found.append(fact(rule, None if private else real, made, k=k, how=how))
    return tuple(found)


def fact(
    rule: Rule, real: pd.DataFrame | None, made: pd.DataFrame, *, k: int, how: tuple[bool, int, int] = (False, 0, 0)
) -> RuleFact:
    """What is known of one rule; `how` it was kept, as `RuledGenerator.told` says it. Without real rows nothing of these."""
    made_so, rejected, looked_at = how
    of_made = int((~rule.holds(made)).sum())
    if real is None:
        return RuleFact(rule.said, made_so, None, None, of_made, len(made), rejected, looked_at, None, None)
    of_real = int((~rule.holds(real)).sum())
    kept = len(real) - of_real
    is_against = kept < min(k, of_real)
    few = None if 0 < of_real < k or is_against else of_real
    is_idle = isinstance(rule, Consequence) and int(rule.condition(real).fillna(False).sum()) < k
    return RuleFact(rule.said, made_so, few, len(real), of_made, len(made), rejected, looked_at, is_idle, is_against)


def _seen_in(real: pd.DataFrame, rules: Sequence[Rule], k: int) -> tuple[Rule, ...]:
    """Rules with what they allow because real rows have it."""
    found: list[Rule] = []
    for rule in rules:
        if isinstance(rule, Combinations):
            found.append(rule.seen_in(real))
        else:
            found.append(rule.seen_in(real, k=k) if isinstance(rule, Geographic) else rule)
    return tuple(found)


def _of_columns(run: RunConfig, schema: Schema) -> Iterator[Any]:
    """The rules that corrections of columns declare; ranges and categories within a budget are kept by its generators."""
    private = run.privacy.epsilon is not None
    for name, column in run.columns.items():
        if name not in schema:
            continue  # it is dropped
        yield from _of_cells(quoted(name), column)
        if column.pattern is not None:
            yield {"matches": {name: column.pattern}}
        if column.unique:
            yield {"unique": [name]}
        if not (private and _is_kept(column, schema[name].kind)):
            yield from _of_values(name, column, schema[name].kind)


def _is_kept(column: ColumnConfig, kind: Kind) -> bool:
    """Whether generators with a budget keep what a column declares: a range of two ends, or categories of what has no order."""
    has_range = (column.low is None) == (column.high is None)
    return has_range and (column.categories is None or kind in (Kind.CATEGORICAL, Kind.BOOLEAN, Kind.CONSTANT))


def _of_cells(name: str, column: ColumnConfig) -> Iterator[str]:
    """Rules about the texts of a column, and whether they may be missing."""
    if column.min_length is not None:
        yield f"length({name}) >= {column.min_length}"
    if column.max_length is not None:
        yield f"length({name}) <= {column.max_length}"
    if column.required:
        yield f"not is_missing({name})"


def _of_values(name: str, column: ColumnConfig, kind: Kind) -> Iterator[Any]:
    """Rules about the values that a column can have."""
    if column.low is not None:
        yield f"{quoted(name)} >= {_written(column.low)}"
    if column.high is not None:
        yield f"{quoted(name)} <= {_written(column.high)}"
    if column.categories is not None and kind is not Kind.CONSTANT:
        yield {"among": {name: list(column.categories)}}


def _written(value: Any) -> str:
    """A value as an expression writes it."""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _of_key(run: RunConfig) -> Iterator[Any]:
    if run.primary_key:
        yield {"unique": list(run.primary_key)}
        yield from (f"not is_missing({quoted(name)})" for name in run.primary_key)
