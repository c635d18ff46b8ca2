"""What a run is made again from: the manifest that travels with every file that it wrote.

settings, seed, generator   what is done
schema, number of rows      whether the data can be those of then; of the rows themselves nothing is known, not even a hash
versions                    what may make a difference all the same
rows_sha256                 whether the synthetic rows came out as then
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from smartsynth.config import RunConfig
from smartsynth.errors import ConfigError, DataError, ModelFormatError
from smartsynth.facts import Choice
from smartsynth.formats import count, plain
from smartsynth.manifest import columns_of, environment
from smartsynth.schema import Schema

NO_SEED_HELPS = (
    "`smartsynth synthesize --save` keeps a model, and `smartsynth sample` makes exactly the rows of that run again."
)


class _Column(BaseModel):
    name: str
    kind: str
    dtype: str


class _Data(BaseModel):
    columns: list[_Column] = Field(alias="schema")
    real: int
    held_out: str


class _Privacy(BaseModel):
    epsilon: float | None = None


class _Manifest(BaseModel):
    """What is read of a manifest, and of which kind it has to be."""

    config: dict[str, Any]
    data: _Data
    generator: str
    reasons: list[str]
    privacy: _Privacy
    rows_sha256: str
    rules: list[Any]
    packages: dict[str, str] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a run was made.

    Args:
        config: All settings, with the seed.
        choice: The generator and why.
        columns: Name, kind and dtype of each column of the real data.
        rows: How many real rows there were.
        holdout: Whether rows to keep aside were given.
        versions: What it was made with.
        sha256: Of the synthetic rows as a CSV file.
        manifest: Everything that is known of it.
    """

    config: RunConfig
    choice: Choice
    columns: tuple[Mapping[str, str], ...]
    rows: int
    holdout: bool
    versions: Mapping[str, str]
    sha256: str
    manifest: Mapping[str, Any]

    @classmethod
    def of(cls, manifest: Mapping[str, Any]) -> Recipe:
        """The recipe in a manifest.

        Raises:
            ConfigError: No seed makes such a run again.
            ModelFormatError: The manifest lacks something, or its settings are those of another version.
        """
        try:
            said = _Manifest.model_validate(manifest)
        except ValidationError as error:
            wrong = ", ".join(dict.fromkeys(".".join(map(str, one["loc"])) for one in error.errors()))
            raise ModelFormatError(
                f"The manifest lacks {wrong}, or holds something else there: it is not one of `synthesize`, or of a version that knew no replay. "
                "Run `synthesize` again."
            ) from None
        if said.privacy.epsilon is not None:
            raise ConfigError(
                f"The run had a budget of differential privacy, whose noise no seed makes again. {NO_SEED_HELPS}"
            )
        try:
            config = RunConfig.build(said.config)
            made = cls(
                config, Choice(said.generator, tuple(said.reasons)), tuple(manifest["data"]["schema"]), said.data.real,
                said.data.held_out == "given", environment(manifest), said.rows_sha256, manifest,
            )  # fmt: skip
        except ConfigError as error:
            raise ModelFormatError(f"The settings of the run cannot be read by this version: {error}") from error
        if config.generator.budget is not None:
            raise ConfigError(
                f"The run was a race (generator.budget={config.generator.budget:g}), and which generator wins in time is up to the machine. "
                f"{NO_SEED_HELPS}"
            )
        return made

    def check(self, schema: Schema, rows: int) -> None:
        """DataError if these cannot be the data of then; every difference is said."""
        then, now = ({one["name"]: one for one in columns} for columns in (self.columns, columns_of(schema)))
        said = [f"the column {plain(name)!r} is missing." for name in then if name not in now]
        said += [f"the column {plain(name)!r} is new." for name in now if name not in then]
        for name in then.keys() & now.keys():
            said += [
                f"the column {plain(name)!r} was {then[name][what]} and is {now[name][what]}."
                for what in ("kind", "dtype")
                if then[name][what] != now[name][what]
            ]
        if not said and list(then) != list(now):
            said.append("the columns stand in another order.")
        if rows != self.rows:
            said.append(f"there were {count(self.rows)} rows, and there are {count(rows)}.")
        if said:
            raise DataError(
                f"These are not the data of that run: {' '.join(said)} Give the same data, or learn these with `smartsynth synthesize`."
            )

    def check_holdout(self, given: bool) -> None:
        """ConfigError unless rows to keep aside are given if they were then."""
        if self.holdout and not given:
            raise ConfigError("The run kept rows aside that were given to it. Give them again (--holdout).")
        if given and not self.holdout:
            raise ConfigError("The run kept a part of its own data aside. Leave the holdout out.")

    def other_versions(self, manifest: Mapping[str, Any]) -> tuple[str, ...]:
        """What another manifest was made with that this one was not, in words."""
        now = environment(manifest)
        return tuple(
            f"{name} {self.versions.get(name, 'was not installed')} then, {now.get(name, 'not installed')} now"
            for name in dict.fromkeys((*self.versions, *now))
            if self.versions.get(name) != now.get(name)
        )

    def differences(self, manifest: Mapping[str, Any]) -> tuple[str, ...]:
        """Everything that may be why the rows of another run differ, in words."""
        found = [*self.other_versions(manifest)]
        for what in ("train", "holdout", "synthetic"):
            if self.manifest["data"][what] != manifest["data"][what]:
                found.append(
                    f"{count(self.manifest['data'][what])} {what} rows then, {count(manifest['data'][what])} now"
                )
        if self.manifest["rules"] != manifest["rules"]:
            found.append("other rules were kept, or by another number of rows")
        return tuple(found)
