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
from collections.abc import Iterator, Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, JsonValue, ValidationError, field_validator, model_validator

from smartsynth.config import Settings, explain
from smartsynth.errors import ConfigError, did_you_mean

ASSUMPTION = "assumption"
"""The source of a figure that nobody published."""
FOLDER = Path(__file__).parent


def _words(value: Any) -> Any:
    """Keys of a mapping as texts; YAML reads `true` and 5 as what they are in Python."""
    if isinstance(value, Mapping):
        return {str(key).lower() if isinstance(key, bool) else str(key): one for key, one in value.items()}
    return value


def _days(value: Any) -> Any:
    """Days of a mapping as texts; YAML reads them as dates."""
    if isinstance(value, Mapping):
        return {key: one.isoformat() if isinstance(one, date) else one for key, one in value.items()}
    return value


class By(Settings):
    """A value that depends on a column: on what it is, or on the band that it lies in."""

    by: str = Field(description="The column.")
    map: Annotated[dict[str, Value] | None, BeforeValidator(_words)] = Field(
        None, description="Values by what the column is."
    )
    bands: tuple[float, ...] = Field((), description="Where bands begin, from the second on.")
    values: tuple[Value, ...] = Field((), description="Values by band, one more than `bands` has.")
    otherwise: Value | None = Field(None, description="With `map`: the value for anything else.")

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.map is None) == (not self.bands):
            raise ValueError(f"by={self.by!r} needs either map, or bands with values")
        if self.bands and (len(self.values) != len(self.bands) + 1 or list(self.bands) != sorted(set(self.bands))):
            raise ValueError(
                f"by={self.by!r}: bands must rise, and values be {len(self.bands) + 1}, one more than bands"
            )
        return self


Value = float | str | By
"""A number, a formula, or values by a column."""


class Normal(Settings):
    """A normal distribution."""

    mean: Value
    sd: Value


class Lognormal(Settings):
    """A distribution whose logarithm is normal."""

    median: Value
    sigma: Value = Field(description="Standard deviation of the logarithm.")


class Shaped(Settings):
    """A gamma distribution, or a negative binomial one: a Poisson whose mean is gamma."""

    mean: Value
    shape: Value = Field(
        description="The lower, the more spread: the squared coefficient of variation of the mean is 1 / shape."
    )


class OfMean(Settings):
    """A Poisson or an exponential distribution."""

    mean: Value


class Between(Settings):
    """Anything from low to high alike."""

    low: Value
    high: Value


class Histogram(Settings):
    """Shares of bins; alike within each."""

    edges: tuple[float, ...] = Field(min_length=2)
    shares: tuple[float, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _paired(self) -> Self:
        if len(self.edges) != len(self.shares) + 1 or list(self.edges) != sorted(set(self.edges)):
            raise ValueError("histogram: edges must rise, and be one more than shares")
        if min(self.shares) < 0 or sum(self.shares) <= 0:
            raise ValueError("histogram: shares must not be negative, nor all 0")
        return self


class Quantiles(Settings):
    """Values below which a share of the cells lies; straight lines between them."""

    levels: tuple[float, ...] = Field(min_length=2)
    values: tuple[float, ...] = Field(min_length=2)

    @model_validator(mode="after")
    def _paired(self) -> Self:
        levels, values = list(self.levels), list(self.values)
        if len(levels) != len(values) or levels != sorted(levels) or values != sorted(values):
            raise ValueError("quantiles: levels and values must be equally many, and rise")
        if levels[0] != 0 or levels[-1] != 1:
            raise ValueError("quantiles: levels must begin at 0 and end at 1")
        return self


class Moment(Settings):
    """A moment between two others, by the seasons, the days of the week and the hours of the day."""

    after: str = Field(description="Formula of the earliest moment.")
    before: str = Field(description="Formula of the moment after the latest.")
    months: tuple[float, ...] = Field((), description="Twelve weights, from January on.")
    weekdays: tuple[float, ...] = Field((), description="Seven weights, from Monday on.")
    hours: tuple[float, ...] = Field((), description="Twenty-four weights; days without a time if not given.")
    growth: float = Field(0.0, gt=-1, description="How much more there is each year: 0.08 is 8 percent.")
    ordered: bool = Field(False, description="Whether the rows of one parent follow one another in time.")

    @model_validator(mode="after")
    def _lengths(self) -> Self:
        for name, wanted in (("months", 12), ("weekdays", 7), ("hours", 24)):
            weights = getattr(self, name)
            if weights and (len(weights) != wanted or min(weights) < 0 or sum(weights) <= 0):
                raise ValueError(f"{name} must be {wanted} weights that are not negative, nor all 0")
        return self


class Shift(Settings):
    """A moment so long after another."""

    start: str = Field(description="Formula of the other.")
    by: Value = Field(description="How long; negative is before.")
    unit: Literal["seconds", "minutes", "hours", "days", "months", "years"] = "days"


class Id(Settings):
    """A number that no other row has: the parent's, and the place below it."""

    prefix: str = Field("", description="Text before it; a plain number if not given.")
    digits: int = Field(1, ge=1, le=18, description="With `prefix`: at least so many digits.")


class Person(Settings):
    """What belongs to a person, in the language of the locale."""

    part: Literal["first_name", "last_name", "phone", "street", "city", "postcode"]
    sex: str | None = Field(None, description="Column that holds F or M, for first and last names.")


class Text(Settings):
    """A text that is put together of others: {first_name}, {row:06}."""

    form: str
    plain: bool = Field(False, description="Small letters and digits only, as in addresses of e-mail.")


class Pick(Settings):
    """A row of a table of fixed size: the column holds its key."""

    table: str
    weight: str | None = Field(None, description="Column of that table: how often each row is picked.")
    where: dict[str, str] = Field(
        default_factory=dict, max_length=1, description="A column of that table, and the column here that it equals."
    )


class Lookup(Settings):
    """A cell of the row that another column points to."""

    through: str = Field(description="Column that points to it.")
    column: str


class AsOf(Settings):
    """The latest row at a moment: the column holds its key, and is missing if there is none yet."""

    table: str = Field(description="One with the same parent, or one below the table that `through` points to.")
    at: str = Field(description="Column of the moment.")
    since: str = Field(description="Column of that table: from when on a row holds.")
    through: str | None = Field(None, description="Column that points to the parent of that table.")


class Aggregate(Settings):
    """What is added up from the rows of a table below."""

    table: str
    column: str | None = Field(None, description="What of them; not needed for their count.")
    how: Literal["sum", "count", "min", "max"] = "sum"
    where: str | None = Field(None, description="Only rows for which this is true.")


class Running(Settings):
    """The sum of a column up to each row of the same parent, to the cent."""

    of: str
    start: str | None = Field(None, description="Formula of what there was before the first.")


class Settle(Settings):
    """A column in which some rows undo what has been added up since the last of them: a bill that is paid."""

    of: str
    when: str = Field(description="Condition of such rows.")


class Earlier(Settings):
    """What the rows before one, below the same parent, had; missing for the first of them."""

    of: str
    how: Literal["last", "max", "min"] = Field(
        "last", description="The one just before, or the highest or lowest of all."
    )


class Draw(Settings):
    """How a cell comes about: exactly one way."""

    choose: Annotated[dict[str, Value] | None, BeforeValidator(_words)] = Field(
        None, description="Categories with their weights."
    )
    chance: Value | None = Field(None, description="True with this probability.")
    normal: Normal | None = None
    lognormal: Lognormal | None = None
    gamma: Shaped | None = None
    exponential: OfMean | None = None
    poisson: OfMean | None = None
    negative_binomial: Shaped | None = None
    uniform: Between | None = None
    integers: Between | None = Field(None, description="Whole numbers from low to high, both included.")
    histogram: Histogram | None = None
    quantiles: Quantiles | None = None
    mixture: tuple[Part, ...] | None = Field(None, description="One of several ways, by shares.")
    cases: tuple[Case, ...] | None = Field(None, description="The first way whose condition is true.")
    formula: str | None = Field(None, description="Computed from other columns (expressions.py).")
    constant: bool | int | float | str | None = None
    moment: Moment | None = None
    shift: Shift | None = None
    id: Id | None = None
    pattern: str | None = Field(None, description="A text in which each # is a digit.")
    person: Person | None = None
    text: Text | None = None
    inherit: str | None = Field(None, description="A column of a table above.")
    pick: Pick | None = None
    lookup: Lookup | None = None
    asof: AsOf | None = None
    aggregate: Aggregate | None = None
    running: Running | None = None
    settle: Settle | None = None
    earlier: Earlier | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        given = [name for name in WAYS if getattr(self, name) is not None]
        if len(given) != 1:
            said = f"both {' and '.join(given)}" if given else "no way"
            raise ValueError(f"way={said}: a cell needs exactly one of {', '.join(WAYS)}")
        return self

    @property
    def way(self) -> str:
        """Which way it is."""
        return next(name for name in WAYS if getattr(self, name) is not None)


WAYS = tuple(Draw.model_fields)
DRAWN = (
    "choose", "chance", "normal", "lognormal", "gamma", "exponential", "poisson", "negative_binomial", "uniform", "integers",
    "histogram", "quantiles", "mixture", "moment",
)  # fmt: skip
"""Ways that hold figures, for which a source must be named."""


class Part(Draw):
    """One way of a mixture."""

    share: float = Field(gt=0)


class Case(Draw):
    """One way of several, and when it is taken."""

    when: str | None = Field(None, description="Condition; the last case may have none.")


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


class Drawn(Draw):
    """A way with the source of its figures."""

    source: tuple[str, ...] = Field((), description="Keys of `sources`, or `assumption`.")
    note: str | None = Field(None, description="What else is to be known about it.")

    _source = field_validator("source", mode="before")(_listed)

    @model_validator(mode="after")
    def _sourced(self) -> Self:
        if not self.source and any(one.way in DRAWN for one in _ways(self)):
            raise ValueError(
                f"source=None: {self.way} holds figures, so name their source, or write `source: {ASSUMPTION}`"
            )
        return self


def _ways(way: Draw) -> Iterator[Draw]:
    """A way, and those within it."""
    yield way
    for inner in (*(way.mixture or ()), *(way.cases or ())):
        yield from _ways(inner)


class Column(Drawn):
    """A column: a way, and what is done to its cells."""

    when: str | None = Field(None, description="Condition without which the cell is missing.")
    missing: Value | None = Field(None, description="Probability that the cell is missing.")
    low: Value | None = Field(None, description="Lower values become this.")
    high: Value | None = Field(None, description="Higher values become this.")
    decimals: int | None = Field(None, ge=0, le=9, description="Places that numbers are rounded to.")
    date: bool = Field(False, description="Whether a moment is written as a day.")
    keep: bool = Field(True, description="Whether the column is written.")
    references: str | None = Field(
        None, description="The table whose key a formula gives; picks and inherited keys say so themselves."
    )
    also: tuple[str, ...] = Field((), description="Other names of it in real data, for calibration.")

    _also = field_validator("also", mode="before")(_listed)


class Remap(Settings):
    """How cells were moved to the distribution of real data: by their rank, or from category to category."""

    before: tuple[float, ...] = Field((), description="Quantiles of the template, evenly spaced.")
    after: tuple[float, ...] = Field((), description="Quantiles of real data, each a mean of several rows.")
    decimals: int | None = Field(None, ge=0, le=9, description="Places of the real data.")
    shares: dict[str, tuple[float, float]] = Field(
        default_factory=dict, description="Shares of categories, of the template and of real data."
    )


class Stream(Settings):
    """Rows of one kind in a table of several kinds."""

    of: str | None = Field(None, description="The table whose rows they belong to: the parent, or one below it.")
    where: str | None = Field(None, description="Only for rows of that table for which this is true.")
    count: Drawn = Field(description="How many for each row of that table.")
    columns: dict[str, Column]
    only: str | None = Field(None, description="Condition of rows that stay.")
    calibrated: dict[str, Remap] = Field(default_factory=dict, description="As that of a table.")


class Given(Settings):
    """Rows that the template holds itself."""

    columns: tuple[str, ...] = Field(min_length=1)
    rows: tuple[tuple[bool | int | float | str | None, ...], ...] = Field(min_length=1)
    source: tuple[str, ...] = Field(description="Keys of `sources`, or `assumption`.")

    _source = field_validator("source", mode="before")(_listed)

    @model_validator(mode="after")
    def _even(self) -> Self:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"rows={list(row)!r} must have {len(self.columns)} cells, one for each of columns")
        return self


class Table(Settings):
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


class Source(Settings):
    """A publication."""

    title: str
    publisher: str
    year: int = Field(ge=1900, le=2100)
    url: str
    note: str | None = Field(None, description="What was read off it, or worked out from it.")


class Sum(Settings):
    """A sum over rows of a table."""

    table: str
    sum: str = Field("1", description="What is added up; true counts as 1.")
    where: str | None = Field(None, description="Only rows for which this is true.")


class Figure(Settings):
    """A published number beside the same of made rows: one sum divided by another."""

    what: str
    cited: float = Field(description="As published, in the unit of the ratio.")
    made: Sum
    per: Sum
    within: float = Field(0.0, ge=0, description="How far made rows may be off by design; chance comes on top.")
    source: str
    note: str | None = None


class Template(Settings):
    """Tables that are made from public figures alone."""

    name: str = Field(pattern=r"[a-z][a-z0-9_-]*")
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
            raise ConfigError("\n".join(dict.fromkeys(explain(cls, dict(e)) for e in error.errors()))) from None
        check(made)
        return made

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """The template of a YAML file.

        Raises:
            ConfigError: It cannot be read, or says what a template cannot say.
        """
        import yaml

        path = Path(path)
        try:
            values = yaml.load(path.read_text("utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise ConfigError(f"template={str(path)!r} is not valid YAML: {error}") from None
        if not isinstance(values, Mapping):
            raise ConfigError(f"template={str(path)!r} must hold name, tables and sources as `name: value`.")
        return cls.build(values)

    def to_yaml(self) -> str:
        """The template as YAML that `read` takes back."""
        import yaml

        values = self.model_dump(mode="json", exclude_defaults=True)
        return yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=120)

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


for _model in (By, Draw, Part, Case, Drawn, Column, Stream, Table, Template):
    _model.model_rebuild()
