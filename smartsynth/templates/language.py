"""How a cell comes about, as a template says it: one way of many, with the source of its figures.

By               a number that depends on a column
Draw             exactly one way, such as `normal`, `choose`, `moment` or `pick`
├ Part, Case     one of a mixture, or of several cases
└ Drawn          with the source of its figures
  └ Column       and what is done to the cells
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, field_validator, model_validator

from smartsynth.config import Settings

ASSUMPTION = "assumption"
"""The source of a figure that nobody published."""


def _words(value: Any) -> Any:
    """Keys of a mapping as texts; YAML reads `true` and 5 as what they are in Python."""
    if isinstance(value, Mapping):
        return {str(key).lower() if isinstance(key, bool) else str(key): one for key, one in value.items()}
    return value


def listed(value: Any) -> Any:
    """One text as a list of one."""
    return (value,) if isinstance(value, str) else value


class Said(Settings):
    """A part of a template, whose numbers are finite."""

    model_config = ConfigDict(allow_inf_nan=False)


class By(Said):
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


class Normal(Said):
    """A normal distribution."""

    mean: Value
    sd: Value


class Lognormal(Said):
    """A distribution whose logarithm is normal."""

    median: Value
    sigma: Value = Field(description="Standard deviation of the logarithm.")


class Shaped(Said):
    """A gamma distribution, or a negative binomial one: a Poisson whose mean is gamma."""

    mean: Value
    shape: Value = Field(
        description="The lower, the more spread: the squared coefficient of variation of the mean is 1 / shape."
    )


class OfMean(Said):
    """A Poisson or an exponential distribution."""

    mean: Value


class Between(Said):
    """Anything from low to high alike."""

    low: Value
    high: Value


class Histogram(Said):
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


class Quantiles(Said):
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


class Moment(Said):
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


class Shift(Said):
    """A moment so long after another."""

    start: str = Field(description="Formula of the other.")
    by: Value = Field(description="How long; negative is before.")
    unit: Literal["seconds", "minutes", "hours", "days", "months", "years"] = "days"


class Id(Said):
    """A number that no other row has: the parent's, and the place below it."""

    prefix: str = Field("", description="Text before it; a plain number if not given.")
    digits: int = Field(1, ge=1, le=18, description="With `prefix`: at least so many digits.")


class Person(Said):
    """What belongs to a person, in the language of the locale."""

    part: Literal["first_name", "last_name", "phone", "street", "city", "postcode"]
    sex: str | None = Field(None, description="Column that holds F or M, for first and last names.")


class Text(Said):
    """A text that is put together of others: {first_name}, {row:06}."""

    form: str
    plain: bool = Field(False, description="Small letters and digits only, as in addresses of e-mail.")


class Pick(Said):
    """A row of a table of fixed size: the column holds its key."""

    table: str
    weight: str | None = Field(None, description="Column of that table: how often each row is picked.")
    where: dict[str, str] = Field(
        default_factory=dict, max_length=1, description="A column of that table, and the column here that it equals."
    )


class Lookup(Said):
    """A cell of the row that another column points to."""

    through: str = Field(description="Column that points to it.")
    column: str


class AsOf(Said):
    """The latest row at a moment: the column holds its key, and is missing if there is none yet."""

    table: str = Field(description="One with the same parent, or one below the table that `through` points to.")
    at: str = Field(description="Column of the moment.")
    since: str = Field(description="Column of that table: from when on a row holds.")
    through: str | None = Field(None, description="Column that points to the parent of that table.")


class Aggregate(Said):
    """What is added up from the rows of a table below."""

    table: str
    column: str | None = Field(None, description="What of them; not needed for their count.")
    how: Literal["sum", "count", "min", "max"] = "sum"
    where: str | None = Field(None, description="Only rows for which this is true.")


class Running(Said):
    """The sum of a column up to each row of the same parent, to the cent."""

    of: str
    start: str | None = Field(None, description="Formula of what there was before the first.")


class Settle(Said):
    """A column in which some rows undo what has been added up since the last of them: a bill that is paid."""

    of: str
    when: str = Field(description="Condition of such rows.")


class Earlier(Said):
    """What the rows before one, below the same parent, had; missing for the first of them."""

    of: str
    how: Literal["last", "max", "min"] = Field(
        "last", description="The one just before, or the highest or lowest of all."
    )


class Draw(Said):
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
    pattern: str | None = Field(None, min_length=1, description="A text in which each # is a digit.")
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


class Drawn(Draw):
    """A way with the source of its figures."""

    source: tuple[str, ...] = Field((), description="Keys of `sources`, or `assumption`.")
    note: str | None = Field(None, description="What else is to be known about it.")

    _source = field_validator("source", mode="before")(listed)

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

    _also = field_validator("also", mode="before")(listed)


for _model in (By, Draw, Part, Case, Drawn, Column):
    _model.model_rebuild()
