"""Proposals as a schema file: what all rows keep as settings, keys and rules; what some break as comments below them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from smartsynth.dataset import Dataset
from smartsynth.discovery.evidence import Criterion
from smartsynth.discovery.patterns import FORMATS
from smartsynth.discovery.proposal import Proposal, What, inline
from smartsynth.discovery.tables import Found
from smartsynth.expressions import quoted
from smartsynth.schema import Role

SURE_ROWS = 300
"""Rows without a missing cell from which on a column is said to have none: with 95 % chance, fewer than 1 % of its cells are."""
RULES = (
    What.FORMULA, What.ORDER, What.ONE_HOT, What.DEPENDENCY, What.COMBINATIONS, What.CONDITION, What.SERIES, What.UNIQUE, What.KEY,
    What.PATTERN, What.BOUND,
)  # fmt: skip


def as_yaml(found: Mapping[str, Found], criterion: Criterion, *, as_tables: bool) -> str:
    """A schema file that `SchemaDocument.read` takes back.

    Args:
        found: Tables by name.
        criterion: That the proposals met.
        as_tables: Whether the file is of several tables, also if there is but one.
    """
    lines = [*_head(found, criterion)]
    if not as_tables:
        ((_, one),) = found.items()
        return "\n".join([*lines, *_table(one)]) + "\n"
    lines.append("tables:")
    for name, one in found.items():
        body = list(_table(one)) or ["columns: {}"]
        lines += [f"  {inline(name)}:", *(f"    {line}" if line else "" for line in body)]
    return "\n".join(lines) + "\n"


def _head(found: Mapping[str, Found], criterion: Criterion) -> Iterator[str]:
    rows = ", ".join(f"{len(one.data):,} rows of {name}" for name, one in found.items())
    yield f"# Proposed from {rows}. Read it, change it, delete what is not meant."
    yield f"# Rules are checked on {criterion.min_support:,} rows or more. What some rows break, or what clashes with a rule above, is a comment."


def _table(found: Found) -> Iterator[str]:
    proposals = found.proposals
    yield "columns:"
    for column in found.data.schema:
        yield f"  {inline(column.name)}: {inline(_settings(column.name, found.data, proposals))}{_said(column.name, proposals)}"
    for one in proposals:
        if one.what is What.KEY and one.is_written:
            value = one.columns[0] if len(one.columns) == 1 else list(one.columns)
            yield f"primary_key: {inline(value)}  # {one.sentence()}"
    foreign = [one for one in proposals if one.what is What.FOREIGN_KEY]
    yield from _listed("foreign_keys", foreign)
    yield from _listed("rules", [one for what in RULES for one in proposals if one.what is what and _is_rule(one)])


def _settings(name: str, data: Dataset, proposals: Iterable[Proposal]) -> dict[str, Any]:
    """What is known of a column."""
    column = data.schema[name]
    settings: dict[str, Any] = {"kind": column.kind.value}
    if column.role in (Role.ENTITY, Role.TIME):
        settings["role"] = column.role.value
    for one in proposals:
        if (
            one.what in (What.BOUND, What.PATTERN)
            and one.is_written
            and one.columns == (name,)
            and isinstance(one.value, Mapping)
        ):
            settings |= one.value
    if len(data) >= SURE_ROWS and not data.frame[name].isna().any():
        settings["required"] = True
    return settings


def _said(name: str, proposals: Iterable[Proposal]) -> str:
    said = [
        f"{', '.join(one.value)}: {one.sentence()}" for one in proposals
        if one.what in (What.BOUND, What.PATTERN) and one.is_written and one.columns == (name,)
    ]  # fmt: skip
    return f"  # {' | '.join(said)}" if said else ""


def _is_rule(one: Proposal) -> bool:
    if one.what in (What.KEY, What.BOUND, What.PATTERN):
        return not one.is_written
    return True


def _listed(title: str, proposals: Sequence[Proposal]) -> Iterator[str]:
    """A list of which what is not written stands as comments."""
    if not proposals:
        return
    written = [one for one in proposals if one.is_written]
    yield f"{title}:" if written else f"# {title}:"
    for one in [*written, *(one for one in proposals if not one.is_written)]:
        yield f"  {'' if one.is_written else '# '}- {_as_rule(one)}  # {_line(one.sentence())}"


def _as_rule(one: Proposal) -> str:
    """A proposal as it stands in a list; a form or a bound that some rows break as a rule."""
    value = one.value
    if one.what is What.PATTERN and isinstance(value, Mapping):
        return inline({"matches": {one.columns[0]: value.get("pattern") or FORMATS[str(one.note)]}})
    if one.what is What.BOUND:
        return inline(f"{quoted(one.columns[0])} >= 0")
    return one.said


def _line(text: str) -> str:
    return " ".join(text.split())
