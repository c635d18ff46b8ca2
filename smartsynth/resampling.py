"""The rows of a saved run again, or more of them, without the real data.

opened(folder)          which rows of the model's endless stream are meant
  .rows(start, stop)    any stretch of them, made by itself: whoever makes it, it is the same
  .blocks(start, stop)  the same, block by block, shared out among readers
resample(folder)        all of them at once
"""

from __future__ import annotations

import bisect
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from smartsynth import atomic, registry
from smartsynth.config import ExportConfig, PrivacyConfig
from smartsynth.dataset import Dataset, Source
from smartsynth.errors import ConfigError, ModelFormatError
from smartsynth.facts import Recoding, to_json
from smartsynth.models.balancing import Balance, balanced, taking_turns
from smartsynth.models.base import Generator
from smartsynth.models.conditions import Given, conditions_of
from smartsynth.models.privacy_filter import Release, Stream, replay
from smartsynth.models.ruled_generator import RuledGenerator
from smartsynth.models.saved_files import read_json
from smartsynth.privacy.anonymity import default_quasi_identifiers, sensitive_columns
from smartsynth.privacy.audit import note
from smartsynth.privacy.recoding import Wanted, recoded
from smartsynth.progress import Progress
from smartsynth.schema import Schema

if TYPE_CHECKING:
    import pandas as pd

RELEASE_FILE = "release.json"
RELEASE_FORMAT = 1
ENDLESS = 2**62
"""Rows of a stream that has no end."""


@dataclass(frozen=True, slots=True)
class Resampled:
    """Rows made from a saved run.

    Args:
        synthetic: The rows, in the format of the run's real data.
        seed: Seed they were made with.
        records: How many rows were made, or of a time series entities or windows (`synthetic.schema.records` says which).
        unchecked: How many of these no privacy filter ever looked at; none of a run with a budget of differential privacy.
        manifest: The run's manifest; without its scores if the rows are not exactly those of the run.
        export: How files are written.
        effective: How many independent records they are worth, if they were made under conditions.
    """

    synthetic: Dataset
    seed: int
    records: int
    unchecked: int
    manifest: Mapping[str, Any]
    export: ExportConfig
    effective: float | None = None


def resample(
    folder: str | Path,
    n: int | None = None,
    *,
    where: Given | None = None,
    seed: int | None = None,
    checks: Sequence[Callable[..., Any]] = (),
    progress: Progress | None = None,
) -> Resampled:
    """Rows from a folder that `Result.save` or `Generator.save` wrote.

    With the seed of the run (the default) the first rows are exactly those that the run released. Rows beyond them,
    and all rows of another seed, were never checked by the privacy filter, because the real data are not here.

    Args:
        folder: A saved run, or a saved model alone; that needs `n`, and no row of it was ever checked.
        n: Number of rows; those of the run if not given.
        where: What every row must be like, such as `{"age": (60, None)}` or `["age>=60"]`; see `Generator.sample`. Such
            rows were never checked, and they are not balanced.
        seed: Another seed makes other rows.
        checks: The functions that decided about rules of the run, if it had such: they are not saved.
        progress: Called with the share done; may raise `Cancelled`.

    Raises:
        ModelFormatError: The folder is not a saved model, or is damaged.
        ConfigError: n is not given and the folder is a model alone.
    """
    return opened(folder, n, where=where, seed=seed, checks=checks).resampled(progress)


@dataclass(frozen=True, slots=True)
class Opened:
    """A saved run and which rows of it are meant.

    Args:
        model: The fitted generator.
        n: Number of rows; of a time series entities or windows.
        release: Which rows of the stream are left out.
        balance: Which values are made equally often.
        where: What every row is like.
        unchecked: How many of the rows no privacy filter ever looked at.
        privacy: What asks for k-anonymity, which looks at all rows together; None if nothing does.
        manifest: The run's manifest; without its scores if the rows are not exactly those of the run.
        source: The format of the run's real data.
        export: How files are written.
    """

    model: Generator
    n: int
    release: Release
    balance: Balance | None
    where: Given | None
    unchecked: int
    privacy: PrivacyConfig | None
    manifest: Mapping[str, Any]
    source: Source
    export: ExportConfig

    def rows(self, start: int = 0, stop: int | None = None, *, progress: Progress | None = None) -> pd.DataFrame:
        """Rows `start` to `stop` of all, the same whether they are made alone or with the others; not yet k-anonymous."""
        stop = self.n if stop is None else stop
        if not 0 <= start < stop <= self.n:
            raise ConfigError(f"start={start}, stop={stop}: rows go from 0 to {self.n}.")
        seed = self.release.seed
        if self.where:
            return self.model.sample(stop - start, where=self.where, seed=seed, start=start, progress=progress)
        first = self._place(start)
        begin = first - first % self.model.block  # whole blocks cost no more than parts of them
        skipped = self.release.skipped
        rest = (at - begin for at in skipped[bisect.bisect_left(skipped, first) :])
        left = Release(seed, stop - start, (*range(first - begin), *rest))
        endless = stream(self.model, seed, self.balance)
        return replay(
            lambda at, n: endless(begin + at, n), left, take=self.model.taken, block=self.model.block, progress=progress
        )

    def blocks(self, start: int = 0, stop: int | None = None, *, turn: int = 0, of: int = 1) -> Iterator[pd.DataFrame]:
        """Rows `start` to `stop` block by block; of several readers each makes every `of`th block, and together they read each row once.

        Args:
            start: First row.
            stop: The row after the last; all that are meant if not given.
            turn: Which reader this is, from 0.
            of: How many there are.
        """
        stop = self.n if stop is None else stop
        size, skipped = self.model.block, np.asarray(self.release.skipped, np.int64)
        endless = stream(
            self.model, self.release.seed, self.balance, self.where
        )  # one for all blocks: it may keep rows
        for k in range(self._place(start) // size, self._place(stop - 1) // size + 1):
            if k % of != turn:
                continue
            at = k * size
            places = np.flatnonzero(~np.isin(np.arange(at, at + size), skipped))
            first = at - int(np.searchsorted(skipped, at))
            wanted = places[max(start - first, 0) : stop - first]
            if len(wanted):
                yield self.model.taken(endless(at, size), wanted).reset_index(drop=True)

    def resampled(self, progress: Progress | None = None) -> Resampled:
        """All rows together, as k-anonymous as was asked for."""
        rows = self.rows(progress=progress)
        if isinstance(self.model, RuledGenerator):
            self.model.check(rows)
        head, effective = dict(self.manifest), rows.attrs.get("effective_rows")
        if self.privacy is not None:
            rows, recoding = anonymised(rows, self.model.schema_, self.privacy)
            head |= {"recoding": to_json(recoding)}
        if self.where:
            head |= {"effective_rows": effective}
        made = Dataset(rows, self.model.schema_, self.source)
        return Resampled(made, self.release.seed, self.n, self.unchecked, head, self.export, effective)

    def _place(self, row: int) -> int:
        """Where a row stands in the stream: as many places on as there are skipped ones before it."""
        place = row
        while (skipped := bisect.bisect_right(self.release.skipped, place)) != place - row:
            place = row + skipped
        return place


def opened(
    folder: str | Path,
    n: int | None = None,
    *,
    where: Given | None = None,
    seed: int | None = None,
    checks: Sequence[Callable[..., Any]] = (),
) -> Opened:
    """The rows that `resample` makes of these arguments, not made yet."""
    with atomic.reading(Path(folder)):  # the model and what is known of its run belong together
        model, run = registry.load(folder, checks=checks), saved_run(folder)
    return opened_of(model, run, n, where=where, seed=seed)


def opened_of(
    model: Generator,
    run: SavedRun | None,
    n: int | None = None,
    *,
    where: Given | None = None,
    seed: int | None = None,
) -> Opened:
    """The same of a generator in memory, and of its run if it was of one."""
    note("sample from a saved model", generator=model.name, seed=seed, rows=None if n == ENDLESS else n)
    if n is None:
        if run is None:
            raise ConfigError("n is not given, and a model alone does not say how many rows were made. Give n.")
        n = run.release.rows
    if n < 1:
        raise ConfigError(f"n={n} must be at least 1.")
    known, release = 0, Release(secrets.randbits(32) if seed is None else seed, n)
    if run is not None and seed in (None, run.release.seed) and model.repeats:
        release = Release(run.release.seed, n) if where else run.release
        known = 0 if where else run.release.rows
    head = {} if run is None else dict(run.manifest)
    asked = head.get("config", {}).get("privacy", {})
    checked = known if head.get("filter") else 0
    if head.get("privacy", {}).get("epsilon") is not None:  # the model is private: no row needs a filter
        checked = n
    if n != known:  # what was measured on the rows of the run does not hold for others
        head |= {"seed": release.seed, "rows": n, "scores": [], "filter": None, "rows_sha256": None}
    if where:
        conditions = [str(condition) for condition in conditions_of(where, model.schema_).values()]
        head |= {"where": conditions}
    return Opened(
        model=model,
        n=n,
        release=release,
        balance=None if run is None or where else run.balance,
        where=where,
        unchecked=max(n - checked, 0),
        privacy=PrivacyConfig.model_validate(asked) if asked.get("k_anonymity") is not None else None,
        manifest=head,
        source=Source() if run is None else run.source,
        export=ExportConfig() if run is None else run.export,
    )


def anonymised(rows: pd.DataFrame, schema: Schema, asked: PrivacyConfig) -> tuple[pd.DataFrame, Recoding | None]:
    """The rows as k-anonymous as was asked for; they alone decide how."""
    if asked.k_anonymity is None:
        return rows, None
    wanted = Wanted(
        asked.k_anonymity,
        default_quasi_identifiers(schema) if asked.quasi_identifiers is None else asked.quasi_identifiers,
        sensitive_columns(schema),
        asked.l_diversity,
        asked.t_closeness,
    )
    return recoded(rows, schema, wanted)


def stream(model: Generator, seed: int, balance: Balance | None = None, where: Given | None = None) -> Stream:
    """The endless rows of a fitted generator and a seed, as the privacy filter takes them; under conditions they are not balanced."""

    def under(where: Given | None) -> Stream:
        return lambda start, n: model.sample(n, where=where, seed=seed, start=start)

    if balance is None or where:
        return under(where)
    if (
        isinstance(model, RuledGenerator) and model.has_keys
    ):  # one stream for all values, or two of them would share a key
        return balanced(lambda start, n: model.available(n, seed=seed, start=start), balance)
    if not model.conditional:
        return balanced(under(None), balance)
    name = balance.column
    return taking_turns(lambda value: under({name: value}), balance, model.block)


@dataclass(frozen=True, slots=True)
class SavedRun:
    """What is known of a run besides its model."""

    release: Release
    balance: Balance | None
    source: Source
    export: ExportConfig
    manifest: Mapping[str, Any]


def saved_run(folder: str | Path) -> SavedRun | None:
    """What release.json of a saved run says; None for a model saved alone."""
    path = Path(folder) / RELEASE_FILE
    if not path.is_file():
        return None
    try:
        record = read_json(path)
        if record["format"] != RELEASE_FORMAT:
            raise ModelFormatError(f"{path} has format {record['format']!r}; this version reads {RELEASE_FORMAT}.")
        return SavedRun(
            Release.from_json(record["release"]),
            Balance.from_json(record["balance"]) if record.get("balance") else None,
            Source(**{**record["source"], "notes": ()}),
            ExportConfig.model_validate(record["export"]),
            dict(record["manifest"]),
        )
    except ModelFormatError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelFormatError(f"{path} is damaged ({type(error).__name__}). Save the run again.") from error
