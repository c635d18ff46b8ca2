"""The contract of generators of time series: as every generator's (base.py), with entities instead of rows.

`fit` takes rows with an entity and maybe a time (sequences.py). `sample(n)` makes n entities with all their rows, put in order.
Entities come in blocks of BLOCK_RECORDS, and block k depends on (model, seed, k) alone.

    continued(prefix, horizon)   rows that follow what is known of each entity, for generators with `continues = True`
    impute(rows)                 cells that are missing inside known rows, for generators with `fills = True`
"""

from __future__ import annotations

import secrets
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from smartsynth.alignment import align
from smartsynth.columns import with_columns
from smartsynth.errors import ConfigError, DataError
from smartsynth.models.base import Generator
from smartsynth.models.conditions import Condition, Given
from smartsynth.models.training import Checkpoints
from smartsynth.progress import Progress, part, silent
from smartsynth.schema import WINDOW, Column, Kind, Modality, Schema
from smartsynth.sequences import Panel

if TYPE_CHECKING:
    from numpy.typing import NDArray

BLOCK_RECORDS = 1024
PATH = "path"
"""Name of the column that counts continuations, where there are several."""


class SequenceGenerator(Generator):
    """Learns entities with their rows and makes entities like them.

    A subclass writes `_learn`, `_records`, `_state` and `_restore`.
    """

    modality: ClassVar[Modality] = Modality.TIMESERIES
    block: ClassVar[int] = BLOCK_RECORDS
    continues: ClassVar[bool] = False
    """Whether `continued` is honoured."""
    fills: ClassVar[bool] = False
    """Whether `impute` is honoured."""
    min_records: ClassVar[int] = 20
    """Fewest entities to learn from; of a windowed generator, fewest windows."""

    def _checked(self, data: pd.DataFrame, schema: Schema | None) -> Schema:
        if schema is None or schema.entity is None:
            raise ConfigError(
                f"The generator {self.name!r} learns time series, and the schema names no entity. Give schema=marked(frame, "
                "infer_schema(frame), entity=…, time=…), or use `synthesize`."
            )
        return super()._checked(data, schema)

    def _fit(
        self,
        data: pd.DataFrame,
        schema: Schema,
        rng: np.random.Generator,
        progress: Progress,
        checkpoints: Checkpoints | None = None,
    ) -> None:
        panel = Panel.of(data, schema)
        if not self.windowed and len(panel) < self.min_records:
            raise DataError(
                f"There are {len(panel)} entities; the generator {self.name!r} needs at least {self.min_records}."
            )
        self._learn(panel, rng, progress, checkpoints)

    def sample(
        self,
        n: int,
        *,
        where: Given | None = None,
        seed: int | None = None,
        start: int = 0,
        progress: Progress | None = None,
    ) -> pd.DataFrame:
        """All rows of entities `start` to `start + n` of the endless sequence that (model, seed, where) stands for.

        Args:
            n: Number of entities, at least 1.
            where: What every entity must be like in its static columns; only for generators with `conditional = True`.
            seed: Same seed, same rows. Drawn at random if not given.
            start: First entity.
            progress: Called with the share done; may raise `Cancelled`.

        Raises:
            NotFittedError: Before `fit`.
            ConfigError: n or start is out of range, or conditions are not supported.
        """
        conditions = self._asked(n, start, where)
        seed, report = secrets.randbits(63) if seed is None else seed, progress or silent
        blocks = range(start // BLOCK_RECORDS, (start + n - 1) // BLOCK_RECORDS + 1)
        frames: list[pd.DataFrame] = []
        for i, k in enumerate(blocks):
            some = part(report, i / len(blocks), (i + 1) / len(blocks))
            made = self._records(BLOCK_RECORDS, k * BLOCK_RECORDS, np.random.default_rng([seed, k]), conditions, some)
            begin, end = max(start - k * BLOCK_RECORDS, 0), min(start + n - k * BLOCK_RECORDS, BLOCK_RECORDS)
            frames.append(made.frame.iloc[made.bounds[begin] : made.bounds[end]])
        report(1.0, "Sampled")
        return pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0].reset_index(drop=True)

    def taken(self, rows: pd.DataFrame, places: NDArray[np.int64]) -> pd.DataFrame:
        """Some of the entities of sampled rows, by their places."""
        return Panel.of(rows, self.schema_).take(places).frame

    def continued(
        self,
        prefix: pd.DataFrame,
        horizon: int,
        *,
        paths: int = 1,
        seed: int | None = None,
        progress: Progress | None = None,
    ) -> pd.DataFrame:
        """Rows that may follow the known rows of each entity: draws from the model, not one forecast.

        Args:
            prefix: Known rows, with the columns of the data. Never changed.
            horizon: Rows to add to each entity, at most so many: a history may end before.
            paths: Continuations of each entity. With more than 1 the column `path` counts them.
            seed: Same seed, same rows.
            progress: Called with the share done; may raise `Cancelled`.

        Returns:
            The new rows alone, with the entities' own names.

        Raises:
            ConfigError: The generator cannot continue, or a number is out of range.
            DataError: The rows do not fit the model.
        """
        self._check_fitted()
        if not self.continues:
            raise ConfigError(f"The generator {self.name!r} cannot continue what is known. `flow` and `panel` can.")
        if horizon < 1 or paths < 1:
            raise ConfigError(f"horizon={horizon}, paths={paths}: both must be at least 1.")
        known = Panel.of(self._known(prefix, "prefix"), self.schema_)
        rng = np.random.default_rng([secrets.randbits(63) if seed is None else seed, 0xC047])
        made = []
        for path in range(paths):
            rows = self._continue(known, horizon, rng, part(progress, path / paths, (path + 1) / paths))
            made.append(rows if paths == 1 else with_columns(rows, {PATH: path}))
        (progress or silent)(1.0, "Continued")
        rows = pd.concat(made, ignore_index=True)
        return rows if WINDOW in prefix.columns or not self.schema_.is_series else rows.drop(columns=WINDOW)

    def impute(self, data: pd.DataFrame, *, seed: int | None = None, progress: Progress | None = None) -> pd.DataFrame:
        """The rows with every missing cell of a channel filled by a draw from the model given the known cells of the same entity.

        Args:
            data: Rows in any order, with the columns of the data. Never changed.
            seed: Same seed, same cells. Drawn at random if not given.
            progress: Called with the share done; may raise `Cancelled`.

        Returns:
            The rows in their order, known cells as they were.

        Raises:
            ConfigError: The generator cannot fill.
            DataError: The rows do not fit the model, or lack an entity or a time.
        """
        self._check_fitted()
        if not self.fills:
            raise ConfigError(f"The generator {self.name!r} cannot fill missing cells. `flow` can.")
        known = self._known(data, "partly known")
        rng = np.random.default_rng([secrets.randbits(63) if seed is None else seed, 0x1F11])
        filled = self._fill(Panel.of(known, self.schema_), rng, progress or silent)
        places, _ = Panel.order(known, self.schema_)
        filled = filled.iloc[np.argsort(places)].set_axis(data.index)
        (progress or silent)(1.0, "Filled")
        return filled if WINDOW in data.columns or not self.schema_.is_series else filled.drop(columns=WINDOW)

    def schema_of(self, rows: pd.DataFrame) -> Schema:
        """The columns of rows that `continued` and `impute` made: those of a plain series are numbered if the given ones were."""
        return columns_of(rows, self.schema_)

    def _known(self, rows: pd.DataFrame, what: str) -> pd.DataFrame:
        return known(rows, self.schema_, what)

    @abstractmethod
    def _learn(
        self, panel: Panel, rng: np.random.Generator, progress: Progress, checkpoints: Checkpoints | None
    ) -> None:
        """Learn the entities of a panel."""

    @abstractmethod
    def _records(
        self, n: int, start: int, rng: np.random.Generator, conditions: Mapping[str, Condition], progress: Progress
    ) -> Panel:
        """`n` entities, named so that no other of the sequence has their name; all randomness comes from `rng`.

        `start` is the first one's place in the sequence.
        """

    def _continue(self, known: Panel, horizon: int, rng: np.random.Generator, progress: Progress) -> pd.DataFrame:
        """Up to `horizon` rows after the known ones of each entity; if `continues = True`."""
        raise NotImplementedError

    def _fill(self, known: Panel, rng: np.random.Generator, progress: Progress) -> pd.DataFrame:
        """The rows with their missing cells filled; if `fills = True`."""
        raise NotImplementedError

    def _sample_block(
        self, n: int, start: int, rng: np.random.Generator, conditions: Mapping[str, Any], progress: Progress
    ) -> pd.DataFrame:
        return self._records(n, start, rng, conditions, progress).frame


def columns_of(rows: pd.DataFrame, schema: Schema) -> Schema:
    """The columns of rows that follow known ones: those of a plain series are numbered if the given ones were."""
    columns = tuple(c for c in schema if c.name in rows.columns or c.name != WINDOW)
    if PATH in rows.columns and PATH not in schema:
        columns = (*columns, Column(PATH, Kind.NUMERIC, "int64", decimals=0))
    return replace(schema, columns=columns)


def known(rows: pd.DataFrame, schema: Schema, what: str) -> pd.DataFrame:
    """Given rows as a model stores them; those of a plain series are one stretch unless they are numbered."""
    if not len(rows):
        raise DataError(f"The {what} data have no rows. Give at least one row of each entity.")
    if schema.is_series and WINDOW not in rows.columns:
        rows = with_columns(rows, {WINDOW: 0})
    return align(rows, schema, what=what)
