"""What a template says, as data: a YAML file that people read, copy and change.

Template
├ constants, sources      numbers and days with a name; publications by a short key
├ tables                  in the order in which they are made
│   ├ rows | given        a table of fixed size, made once: a catalogue, places
│   ├ parent, count       rows that belong to a row of another table
│   ├ streams             several kinds of such rows in one table, such as purchases, salaries and frauds
│   ├ columns             how each cell comes about, from left to right: one way each, and the source of its figures
│   ├ summary             columns that are added up from the tables below
│   └ rules, checks       what holds for each row; checks may also name columns of the tables above
└ figures                 published numbers that made rows are compared with

A name in a formula means a column of the same table that stands before, else one of the table above it, else a constant;
`number` is the place of a row below its parent, from 1, `row` that of the row of the root table, from 0.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, JsonValue, ValidationError, field_validator, model_validator

from smartsynth.config import explain, read_yaml
from smartsynth.errors import ConfigError, did_you_mean
from smartsynth.templates.language import Column, Drawn, Said, listed
from smartsynth.yaml_text import dumped

FOLDER = Path(__file__).parent


def _days(value: Any) -> Any:
    """Days of a mapping as texts; YAML reads them as dates."""
    if isinstance(value, Mapping):
        return {key: one.isoformat() if isinstance(one, date) else one for key, one in value.items()}
    return value


def _plain(error: ValidationError) -> list[dict[str, Any]]:
    """What is wrong; of a number that is not finite that alone, and not that it is no formula either."""
    found: list[dict[str, Any]] = [{**one} for one in error.errors()]
    infinite = [one["loc"][:-1] for one in found if one["type"] == "finite_number" and one["loc"][-1] == "float"]
    others = [one for one in found if not any(one["loc"][: len(place)] == place for place in infinite)]
    whole = {one["loc"][:-1]: one for one in found if one["loc"][:-1] in infinite and one["type"] == "finite_number"}
    return [*({**one, "loc": place} for place, one in whole.items()), *others]


class Remap(Said):
    """How cells were moved to the distribution of real data: by their rank, or from category to category."""

    before: tuple[float, ...] = Field((), description="Quantiles of the template, evenly spaced.")
    after: tuple[float, ...] = Field((), description="Quantiles of real data, each a mean of several rows.")
    decimals: int | None = Field(None, ge=0, le=9, description="Places of the real data.")
    shares: dict[str, tuple[float, float]] = Field(
        default_factory=dict, description="Shares of categories, of the template and of real data."
    )


class Stream(Said):
    """Rows of one kind in a table of several kinds."""

    of: str | None = Field(None, description="The table whose rows they belong to: the parent, or one below it.")
    where: str | None = Field(None, description="Only for rows of that table for which this is true.")
    count: Drawn = Field(description="How many for each row of that table.")
    columns: dict[str, Column]
    only: str | None = Field(None, description="Condition of rows that stay.")
    calibrated: dict[str, Remap] = Field(default_factory=dict, description="As that of a table.")


class Given(Said):
    """Rows that the template holds itself."""

    columns: tuple[str, ...] = Field(min_length=1)
    rows: tuple[tuple[bool | int | float | str | None, ...], ...] = Field(min_length=1)
    source: tuple[str, ...] = Field(description="Keys of `sources`, or `assumption`.")

    _source = field_validator("source", mode="before")(listed)

    @model_validator(mode="after")
    def _even(self) -> Self:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"rows={list(row)!r} must have {len(self.columns)} cells, one for each of columns")
        return self


class Table(Said):
    """How the rows of a table come about."""

    about: str = Field(description="What a row is.")
    parent: str | None = Field(None, description="The table whose rows these belong to.")
    rows: int | None = Field(None, ge=1, description="Rows of a table of fixed size.")
    given: Given | None = Field(None, description="Rows that are written here.")
    count: Drawn | None = Field(None, description="How many rows there are for each of the parent.")
    streams: dict[str, Stream] = Field(default_factory=dict, description="Kinds of rows, by name.")
    order: str | None = Field(None, description="Column of streams by which the rows of one parent are sorted.")
    digits: int = Field(4, ge=1, le=9, description="Most digits of a row's place below its parent, for ids.")
    columns: dict[str, Column] = Field(default_factory=dict, description="From left to right.")
    only: str | None = Field(None, description="Condition of rows that stay.")
    summary: dict[str, Column] = Field(default_factory=dict, description="Columns made after the tables below.")
    primary_key: str | None = Field(None, description="Column that names a row.")
    rules: tuple[str | dict[str, JsonValue], ...] = Field((), description="What holds for each row (constraints.py).")
    checks: tuple[str, ...] = Field((), description="What holds together with columns of the tables above.")
    keep: bool = Field(True, description="Whether the table is written.")
    calibrated: dict[str, Remap] = Field(
        default_factory=dict, description="Columns moved to real data, by `--calibrate`."
    )


class Source(Said):
    """A publication."""

    title: str
    publisher: str
    year: int = Field(ge=1900, le=2100)
    url: str
    note: str | None = Field(None, description="What was read off it, or worked out from it.")


class Sum(Said):
    """A sum over rows of a table."""

    table: str
    sum: str = Field("1", description="What is added up; true counts as 1.")
    where: str | None = Field(None, description="Only rows for which this is true.")


class Figure(Said):
    """A published number beside the same of made rows: one sum divided by another."""

    what: str
    cited: float = Field(description="As published, in the unit of the ratio.")
    made: Sum
    per: Sum
    within: float = Field(0.0, ge=0, description="How far made rows may be off by design; chance comes on top.")
    source: str
    note: str | None = None


class Template(Said):
    """Tables that are made from public figures alone."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]*$", max_length=64)
    title: str
    about: str
    version: int = Field(1, ge=1)
    locale: str = Field("en", description="Language of names and addresses.")
    locales: tuple[str, ...] | None = Field(None, description="Those that it is for; all that there are if not given.")
    root: str = Field(description="The table whose rows are asked for.")
    block: int = Field(2_000, ge=1, le=100_000, description="Rows of the root table that are made at once.")
    constants: Annotated[dict[str, float | str], BeforeValidator(_days)] = Field(
        default_factory=dict, description="Numbers, or days as 2024-01-31."
    )
    sources: dict[str, Source] = Field(default_factory=dict)
    tables: dict[str, Table] = Field(min_length=1)
    figures: tuple[Figure, ...] = ()

    @classmethod
    def build(cls, values: Mapping[str, Any]) -> Self:
        """The template of plain values; every wrong one is named in one ConfigError."""
        from smartsynth.templates.checking import check

        try:
            made = cls.model_validate(dict(values))
        except ValidationError as error:
            raise ConfigError("\n".join(dict.fromkeys(explain(cls, one) for one in _plain(error)))) from None
        check(made)
        return made

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """The template of a YAML file.

        Raises:
            ConfigError: It cannot be read, or says what a template cannot say.
        """
        return cls.build(read_yaml(path, "template", "name, tables and sources"))

    def to_yaml(self) -> str:
        """The template as YAML that `read` takes back."""
        return dumped(self.model_dump(mode="json", exclude_defaults=True))

    @property
    def digest(self) -> str:
        """Tells templates apart."""
        return hashlib.sha256(json.dumps(self.model_dump(mode="json"), sort_keys=True).encode()).hexdigest()[:16]

    def ancestors(self, name: str) -> tuple[str, ...]:
        """A table and those above it, up to the one without a parent."""
        found = [name]
        while (parent := self.tables[found[-1]].parent) is not None:
            found.append(parent)
        return tuple(found)

    def is_fixed(self, name: str) -> bool:
        """Whether a table is made once, and not with each block."""
        return self.ancestors(name)[-1] != self.root


def names() -> tuple[str, ...]:
    """The templates that come with SmartSynth."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def path_of(name: str | Path) -> Path:
    """The file of a template: one that comes along, or one of the user's.

    Raises:
        ConfigError: There is none.
    """
    if str(name) in names():
        return FOLDER / f"{name}.yaml"
    if not Path(name).is_file():
        raise ConfigError(
            f"template={str(name)!r} is neither a file nor a template that comes along.{did_you_mean(str(name), names())} "
            f"Templates: {', '.join(names())}. `smartsynth template --copy my.yaml {names()[0]}` makes a file to change."
        )
    return Path(name)


def load(name: str | Path) -> Template:
    """The template of a name, or of a YAML file.

    >>> load("retail").root
    'customers'
    """
    path = path_of(name)
    return _shipped(path) if path.parent == FOLDER else Template.read(path)


@lru_cache(maxsize=16)
def _shipped(path: Path) -> Template:
    return Template.read(path)
