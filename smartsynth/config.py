"""One tree of settings. CLI flags, YAML files, API bodies and UI forms all come from it.

RunConfig
├ generator   which generator, its own options
├ columns     corrections to what was detected, by column name
├ rules       what every synthetic row keeps
├ holdout     how real rows are kept aside for the evidence
├ privacy     distance filter, k-anonymity
├ evaluate    what is measured
├ limits      how large an input may be
└ export      how files are written
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, field_validator, model_validator

from smartsynth.errors import ConfigError, did_you_mean
from smartsynth.formats import seconds_of
from smartsynth.schema import Kind, Role, Schema

COLUMN: dict[str, JsonValue] = {"of": "columns"}
"""Marks a setting whose value is a column's name, so that forms offer the names."""


class Settings(BaseModel):
    """Base of all settings: unknown names are refused, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class GeneratorConfig(Settings):
    """Which generator makes the rows."""

    name: str = Field("auto", description="Name of a generator, or `auto` to have one chosen with reasons.")
    options: dict[str, Any] = Field(default_factory=dict, description="Options of that generator, by name.")
    budget: float | None = Field(
        None,
        ge=10,
        description="With `auto`: seconds (or `2min`) in which generators race on these data and the best one learns.",
    )
    refine: bool = Field(
        False,
        description="Learn what still tells the rows from real ones, and choose rows by it (`forest` always does).",
    )

    @field_validator("budget", mode="before")
    @classmethod
    def _time(cls, value: Any) -> Any:
        return seconds_of(value) if isinstance(value, str) else value


class Handling(StrEnum):
    """What is done about a column before anything is learnt."""

    DROP = "drop"
    REGENERATE = "regenerate"
    GENERALISE = "generalise"
    KEEP = "keep"


class ColumnConfig(Settings):
    """A correction to what was detected about one column."""

    kind: Kind | None = Field(None, description="How the column is modelled.")
    role: Role | None = Field(None, description="What the column means.")
    semantic: str | None = Field(None, description="Finer meaning, such as `email`.")
    treatment: Handling | None = Field(
        None,
        description="`drop`, `regenerate` (cells made up anew), `generalise` (ZIP codes, dates, ages) or `keep`; by default what is recognised decides.",
    )
    reason: str | None = Field(None, description="Why a column that names persons is kept.")
    low: float | str | None = Field(None, description="Lowest value, if that is public knowledge; dates as ISO text.")
    high: float | str | None = Field(None, description="Highest value, if that is public knowledge; dates as ISO text.")
    categories: tuple[str | int | float | bool, ...] | None = Field(
        None, description="The values that can occur, if that is public knowledge."
    )
    pattern: str | None = Field(None, description="Regular expression of every cell of a text, whole.")
    min_length: int | None = Field(None, ge=0, description="Fewest characters of a text.")
    max_length: int | None = Field(None, ge=1, description="Most characters of a text.")
    unique: bool | None = Field(None, description="Whether no two rows share a value.")
    required: bool | None = Field(None, description="Whether no cell may be missing.")

    @field_validator("low", "high", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        """Dates of Python as ISO writes them."""
        return value.isoformat() if isinstance(value, dt.date) else value

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        """Bounds that nothing lies between are a slip."""
        for low, high in (("low", "high"), ("min_length", "max_length")):
            one, other = getattr(self, low), getattr(self, high)
            if one is not None and type(one) is type(other) and one > other:
                raise ValueError(f"{low}={one!r} lies above {high}={other!r}. Swap them, or leave one out")
        return self


_OF_COLUMN = ("kind", "role", "semantic", "low", "high", "categories")
"""What a correction says of the column itself; the rest is done before it is learnt, or are rules."""


class HoldoutConfig(Settings):
    """How real rows are kept aside before anything is learnt."""

    fraction: float = Field(0.2, gt=0, lt=1, description="Share of the rows kept aside when no holdout is given.")


class PrivacyConfig(Settings):
    """What is done so that no real person shows through."""

    filter: bool = Field(True, description="Remove exact copies and rows too near to a real row.")
    decoys: int = Field(
        4, ge=0, le=100, description="Ordinary rows removed per rejected row, so that a removal tells nothing."
    )
    k: int = Field(5, ge=2, description="A value or combination held by fewer real rows than this counts as rare.")
    quasi_identifiers: tuple[str, ...] | None = Field(
        None, description="Columns for the k-anonymity check; detected if not given.", json_schema_extra=COLUMN
    )
    safe_harbor: bool = Field(
        False,
        description="Treat columns as the 18 classes of HIPAA's Safe Harbor ask: ZIP codes to three digits, dates to years, ages over 89 and births that tell of them to 90, others made anew or dropped.",
    )
    k_anonymity: int | None = Field(
        None,
        ge=2,
        description="Make the synthetic rows k-anonymous on the quasi-identifiers, by coarser values.",
    )
    l_diversity: int = Field(
        1, ge=1, description="With `k_anonymity`: fewest distinct values of each sensitive column in a class."
    )
    t_closeness: float = Field(
        1.0,
        gt=0,
        le=1,
        description="With `k_anonymity`: most that a sensitive column may differ in a class from the table.",
    )
    epsilon: float | None = Field(
        None, gt=0, le=100, description="Differential privacy: how much one row may change what comes out. 1 is strong."
    )
    delta: float = Field(
        1e-9, gt=0, le=1e-6, description="Differential privacy: chance that the promise fails for one person."
    )
    unit: str | None = Field(
        None,
        description="Differential privacy: column that names persons, if one has several rows; a person is protected then.",
        json_schema_extra=COLUMN,
    )
    max_rows_per_unit: int = Field(
        1, ge=1, description="Differential privacy: most rows of one person that are used; the noise grows with it."
    )
    total_epsilon: float | None = Field(
        None, gt=0, description="Differential privacy: most that all releases of the same data may spend together."
    )
    dataset: str | None = Field(
        None,
        description="Differential privacy: name of the data in the account of what was spent; else they are known by their rows.",
    )
    public_schema: bool = Field(
        False,
        description="Differential privacy: names, kinds and formats of the columns are public knowledge, though they were read off the data.",
    )

    @model_validator(mode="after")
    def _with_k(self) -> Self:
        """Diversity is a property of the classes that k-anonymity makes."""
        if self.k_anonymity is None and (self.l_diversity > 1 or self.t_closeness < 1):
            raise ValueError("l_diversity and t_closeness need k_anonymity, which makes the classes. Give it too")
        return self

    @model_validator(mode="before")
    @classmethod
    def _one_way(cls, values: Any) -> Any:
        """A filter looks at the real rows after the noise was added, which no budget covers: off with an ε."""
        if not isinstance(values, Mapping) or values.get("epsilon") is None:
            return values
        if values.get("filter"):
            raise ValueError(
                "filter=True looks at the real rows again, which breaks the differential privacy that epsilon asks for. "
                "Leave one of the two out"
            )
        return {**values, "filter": False}


class EvaluateConfig(Settings):
    """What is measured."""

    enabled: bool = Field(True, description="Whether the synthetic rows are scored against the holdout.")
    max_rows: int = Field(20_000, ge=100, description="Scores that compare rows with rows use at most so many of each.")
    thorough: bool = Field(
        False,
        description="Also attack with shadow models and planted canaries; learns the generator `shadow_models` times more.",
    )
    shadow_models: int = Field(16, ge=4, le=256, multiple_of=2, description="Shadow models of a thorough evaluation.")
    sdmetrics: bool = Field(False, description="Also compute SDMetrics' quality score (needs the extra `sdv`).")
    published: bool = Field(
        False,
        description="Time series: also the published discriminative, predictive and context-FID scores (needs torch; minutes).",
    )


class Limits(Settings):
    """How large an input may be; more is refused before it is decoded."""

    max_bytes: int = Field(2 * 1024**3, ge=1, description="Size of the input file in bytes, unpacked.")
    max_rows: int = Field(20_000_000, ge=1, description="Number of rows.")
    max_pixels: int = Field(4_000_000_000, ge=1, description="Pixels of all images together, before they are decoded.")
    max_columns: int = Field(5_000, ge=1, description="Number of columns.")
    max_cell_chars: int = Field(1_000_000, ge=1, description="Characters in one cell.")
    sample_rows: int = Field(
        1_000_000,
        ge=100,
        description="Rows that are drawn at random from a database, a lake or a bucket that has more.",
    )
    min_rows: int = Field(20, ge=2, description="Fewest rows that anything can be learnt from.")


class ExportConfig(Settings):
    """How files are written."""

    formula_guard: bool = Field(False, description="Put ' before text cells that a spreadsheet would run as a formula.")


MOST_ROWS = 1_000_000_000
"""That a run makes: all of them are held in memory. A saved model gives any number."""


class RunConfig(Settings):
    """Everything that decides a run besides the data themselves."""

    rows: int | None = Field(
        None,
        ge=1,
        le=MOST_ROWS,
        description="Rows to make, of time series entities or windows; as many as the real data if not given.",
    )
    seed: int | None = Field(
        None, ge=0, description="Same seed, same rows. Drawn at random and written down if not given."
    )
    target: str | None = Field(
        None, description="Column that models predict; guessed for the evidence if not given.", json_schema_extra=COLUMN
    )
    entity: str | None = Field(
        None,
        description="Time series: column that names whom a row is about, such as a patient. All rows of one are a record.",
        json_schema_extra=COLUMN,
    )
    time: str | None = Field(
        None,
        description="Time series: column that says when a row happened. Without `entity` the rows are one plain series.",
        json_schema_extra=COLUMN,
    )
    window: int | None = Field(
        None,
        ge=2,
        le=4096,
        description="Time series: rows of the windows that a plain series is learnt and made in; 24 if not given. Alone it says that the rows are a series in their order.",
    )
    text: tuple[str, ...] | None = Field(
        None,
        description="Columns of text that a language model learns and writes; found if the data are texts with hardly anything else.",
        json_schema_extra=COLUMN,
    )
    balance: str | None = Field(
        None,
        description="Column whose values are made equally often, such as a rare target; as often as in the real data if not given.",
        json_schema_extra=COLUMN,
    )
    generator: GeneratorConfig = Field(default_factory=GeneratorConfig)
    columns: dict[str, ColumnConfig] = Field(default_factory=dict, description="Corrections by column name.")
    rules: tuple[str | dict[str, JsonValue], ...] = Field(
        (),
        description='Rules that every synthetic row keeps: `a <= b`, `total == price * quantity`, `if sex == "M" then not pregnant`, `one_hot: [a, b]`, `combinations: [country, city]`, `unique: [order, line]`.',
    )
    primary_key: tuple[str, ...] = Field((), description="Columns that name a row together.", json_schema_extra=COLUMN)
    holdout: HoldoutConfig = Field(default_factory=HoldoutConfig)
    privacy: PrivacyConfig = Field(default_factory=PrivacyConfig)
    evaluate: EvaluateConfig = Field(default_factory=EvaluateConfig)
    limits: Limits = Field(default_factory=Limits)
    export: ExportConfig = Field(default_factory=ExportConfig)

    @field_validator("primary_key", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("generator", mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value

    @classmethod
    def build(cls, values: Mapping[str, Any]) -> Self:
        """The settings from plain values; every wrong one is named in one ConfigError."""
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            raise ConfigError("\n".join(explain(cls, dict(e)) for e in error.errors())) from None

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """The settings of a YAML (or JSON) file."""
        return cls.build(read_yaml(path, "config", "settings"))

    def to_yaml(self) -> str:
        """The settings as YAML that `read` takes back."""
        from smartsynth.yaml_text import dumped

        return dumped(self.model_dump(mode="json", exclude_defaults=True), width=80)

    @property
    def is_sequential(self) -> bool:
        """Whether the rows follow one another: an entity, a time or a window is named."""
        return self.entity is not None or self.time is not None or self.window is not None

    def _says(self, name: str) -> bool:
        """Whether the kind of a column is told."""
        return name in self.columns and self.columns[name].kind is not None

    def corrected(self, schema: Schema) -> Schema:
        """The schema with this run's corrections and target."""
        for name, column in self.columns.items():
            told = {k: v for k, v in column if v is not None and k in _OF_COLUMN}
            schema = schema.with_column(name, **told)
        if len(self.primary_key) == 1 and not self._says(self.primary_key[0]):
            schema = schema.with_column(self.primary_key[0], kind=Kind.IDENTIFIER, role=Role.KEY)
        for name in self.privacy.quasi_identifiers or ():
            schema = schema.with_column(name, role=Role.QUASI_IDENTIFIER)
        return schema.with_target(self.target) if self.target is not None else schema


def read_yaml(path: str | Path, name: str, what: str) -> Mapping[str, Any]:
    """The mapping of a YAML (or JSON) file, in which no key stands twice.

    Args:
        path: Of the file.
        name: Of the parameter that it was given as.
        what: It must hold.

    Raises:
        ConfigError: There is no such file, or it holds something else.
    """
    from smartsynth.yaml_text import loaded

    path = Path(path)
    if not path.is_file():
        raise ConfigError(f"{name}={str(path)!r} is not a file.")
    try:
        values = loaded(path.read_text("utf-8"))
    except ValueError as error:
        hint = " Write a rule that begins with ` in quotes." if "character '`'" in str(error) else ""
        raise ConfigError(f"{name}={str(path)!r} is not valid YAML: {error}{hint}") from None
    if not isinstance(values, Mapping):
        raise ConfigError(f"{name}={str(path)!r} must hold {what} as `name: value`.")
    return values


def explain(model: type[BaseModel], error: Mapping[str, Any]) -> str:
    """One pydantic error as `name=value message. Did you mean …?`"""
    place = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        for part in error["loc"][:-1]:
            annotation = model.model_fields[part].annotation if part in model.model_fields else None
            annotation = next(iter(get_args(annotation)[1:]), annotation)  # the values of a mapping
            if isinstance(annotation, type) and issubclass(annotation, BaseModel):
                model = annotation
        return f"{place} is not a setting.{did_you_mean(str(error['loc'][-1]), model.model_fields)}"
    if error["type"] == "value_error":  # ours: it names the setting itself
        return f"{place}.{error['ctx']['error']}."
    return f"{place}={error['input']!r}: {error['msg']}."
