"""What a run gives back and what can be done with it: look at it, export it, save it, make its rows again.

saved run = saved model (models/base.py) + release.json: seed, rows that were released, file format, manifest
"""

from __future__ import annotations

import json
import os
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smartsynth import export, registry
from smartsynth.config import ExportConfig, PrivacyConfig, RunConfig
from smartsynth.dataset import Dataset, Source
from smartsynth.errors import ConfigError, ModelFormatError
from smartsynth.facts import Choice, Evaluation, FilterSummary, Identifier, Profile, Recoding, to_json
from smartsynth.models.balancing import Balance, balanced, taking_turns
from smartsynth.models.base import Generator
from smartsynth.models.conditions import Given, conditions_of
from smartsynth.models.privacy_filter import Release, Stream, replay
from smartsynth.privacy.anonymity import default_quasi_identifiers, sensitive_columns
from smartsynth.privacy.audit import note
from smartsynth.privacy.ledger import Ledger
from smartsynth.privacy.recoding import Wanted, recoded
from smartsynth.progress import Progress
from smartsynth.report import html
from smartsynth.schema import Schema
from smartsynth.utils import visualizer

if TYPE_CHECKING:
    import pandas as pd

RELEASE_FILE = "release.json"
RELEASE_FORMAT = 1


@dataclass(frozen=True, slots=True, repr=False)
class Result:
    """Synthetic rows, how they came about, and the evidence.

    Args:
        synthetic: The rows with their schema and the format of the real data.
        profile: What the real data look like.
        choice: The generator and why.
        model: The fitted generator.
        ledger: What looked at the real rows, and what that costs.
        filter: What the privacy filter did; None if it was off.
        recoding: What made the rows k-anonymous; None if `privacy.k_anonymity` is not set.
        identifiers: Columns that say who somebody is, and what was done about them.
        evaluation: Every score beside its yardstick; None if `evaluate.enabled` is off.
        manifest: What travels with every exported file.
        config: All settings of the run, with the seed that was used.
        release: Which rows of the model's stream were released.
        balance: Which values were made equally often; None if they are as frequent as in the real data.
        timings: Seconds by stage.
    """

    synthetic: Dataset
    profile: Profile
    choice: Choice
    model: Generator
    ledger: Ledger
    filter: FilterSummary | None
    recoding: Recoding | None
    identifiers: tuple[Identifier, ...]
    evaluation: Evaluation | None
    manifest: Mapping[str, Any]
    config: RunConfig
    release: Release
    balance: Balance | None
    timings: Mapping[str, float]

    @property
    def data(self) -> Any:
        """The synthetic rows as the kind of table that the real rows came in."""
        return export.to_native(self.synthetic)

    def export(self, path: str | Path, *, format: str | None = None) -> list[Path]:
        """Write the rows, with their manifest beside them; the format follows the file's name if not given."""
        note("export", generator=self.choice.generator, seed=self.config.seed, rows=len(self.synthetic))
        return export.write(self.synthetic, path, format=format, manifest=self.manifest, config=self.config.export)

    def report(self, path: str | Path) -> list[Path]:
        """Write the report: one HTML file that needs nothing else, and a JSON file with the same numbers beside it.

        Raises:
            ConfigError: The run was not evaluated.
        """
        if self.evaluation is None:
            raise ConfigError("evaluate.enabled=False: there are no scores to report. Switch the evaluation on.")
        context = {
            "name": self.synthetic.source.name,
            "manifest": self.manifest,
            "choice": self.choice,
            "filter": self.filter,
            "recoding": self.recoding,
            "identifiers": self.identifiers,
            "ledger": self.ledger,
            "timings": self.timings,
        }
        return write_report(path, self.evaluation, self.profile, context)

    def save(self, folder: str | Path) -> Path:
        """Save the model, and how to make exactly these rows again with `resample`. No real row is stored."""
        note("save model", generator=self.choice.generator, seed=self.config.seed)
        folder = self.model.save(folder)
        source = replace(self.synthetic.source, notes=(), name=folder.name, backend="pandas")
        record = {
            "format": RELEASE_FORMAT,
            "release": self.release.to_json(),
            "balance": None if self.balance is None else self.balance.to_json(),
            "source": asdict(source),
            "export": self.config.export.model_dump(mode="json"),
            "manifest": self.manifest,
        }
        _write(folder / RELEASE_FILE, json.dumps(record, ensure_ascii=False, allow_nan=False))
        return folder

    def __repr__(self) -> str:
        return f"<Result: {len(self.synthetic):,} rows made by {self.choice.generator!r} with seed {self.config.seed}>"


@dataclass(frozen=True, slots=True)
class Resampled:
    """Rows made from a saved run.

    Args:
        synthetic: The rows, in the format of the run's real data.
        seed: Seed they were made with.
        unchecked: How many of them no privacy filter ever looked at; none of a run with a budget of differential privacy.
        manifest: The run's manifest; without its scores if the rows are not exactly those of the run.
        export: How files are written.
        effective: How many independent rows they are worth, if they were made under conditions.
    """

    synthetic: Dataset
    seed: int
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
        progress: Called with the share done; may raise `Cancelled`.

    Raises:
        ModelFormatError: The folder is not a saved model, or is damaged.
        ConfigError: n is not given and the folder is a model alone.
    """
    model = registry.load(folder)
    note("sample from a saved model", generator=model.name, seed=seed, rows=n)
    run = _saved_run(Path(folder))
    if n is None:
        if run is None:
            raise ConfigError(f"n is not given, and {str(folder)!r} does not say how many rows were made. Give n.")
        n = run.release.rows
    if where:
        seed = run.release.seed if run is not None and seed is None else seed
        release, known = Release(secrets.randbits(32) if seed is None else seed, n), 0
        rows = model.sample(n, where=where, seed=release.seed, progress=progress)
    else:
        if run is not None and seed in (None, run.release.seed):
            release, known = run.release, run.release.rows
        else:
            release, known = Release(secrets.randbits(32) if seed is None else seed, n), 0
        balance = None if run is None else run.balance
        rows = replay(stream(model, release.seed, balance), release, n, progress=progress)
    head = {} if run is None else dict(run.manifest)
    if (asked := head.get("config", {}).get("privacy", {})).get("k_anonymity") is not None:
        rows, recoding = anonymised(rows, model.schema_, PrivacyConfig.model_validate(asked))
        head |= {"recoding": to_json(recoding)}
    checked = known if head.get("filter") else 0
    if head.get("privacy", {}).get("epsilon") is not None:  # the model is private: no row needs a filter
        checked = n
    if n != known:  # what was measured on the rows of the run does not hold for others
        head |= {"seed": release.seed, "rows": n, "scores": [], "filter": None}
    if where:
        asked = [str(condition) for condition in conditions_of(where, model.schema_).values()]
        head |= {"where": asked, "effective_rows": rows.attrs["effective_rows"]}
    source = Source() if run is None else run.source
    settings = ExportConfig() if run is None else run.export
    return Resampled(
        Dataset(rows, model.schema_, source),
        release.seed,
        max(n - checked, 0),
        head,
        settings,
        rows.attrs.get("effective_rows"),
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


def stream(model: Generator, seed: int, balance: Balance | None = None) -> Stream:
    """The endless rows of a fitted generator and a seed, as the privacy filter takes them."""

    def under(where: Given | None) -> Stream:
        return lambda start, n: model.sample(n, where=where, seed=seed, start=start)

    if balance is None:
        return under(None)
    if not model.conditional:
        return balanced(under(None), balance)
    name = balance.column
    return taking_turns(lambda value: under({name: value}), balance)


@dataclass(frozen=True, slots=True)
class _SavedRun:
    release: Release
    balance: Balance | None
    source: Source
    export: ExportConfig
    manifest: Mapping[str, Any]


def _saved_run(folder: Path) -> _SavedRun | None:
    """What release.json of a saved run says; None for a model saved alone."""
    path = folder / RELEASE_FILE
    if not path.is_file():
        return None
    try:
        record = json.loads(path.read_text("utf-8"))
        if record["format"] != RELEASE_FORMAT:
            raise ModelFormatError(f"{path} has format {record['format']!r}; this version reads {RELEASE_FORMAT}.")
        return _SavedRun(
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


def write_report(path: str | Path, evaluation: Evaluation, profile: Profile, context: Mapping[str, Any]) -> list[Path]:
    """Write an evaluation as one HTML file that needs nothing else, and its numbers as JSON beside it."""
    path = Path(path)
    pictures = visualizer.charts(evaluation)
    page = html.render(evaluation, pictures, profile=profile, context=context)
    twin = json.dumps(
        html.to_dict(evaluation, profile=profile, context=context), ensure_ascii=False, allow_nan=False, indent=1
    )
    return [_write(path, page), _write(path.with_suffix(".json"), twin + "\n")]


def write_profile(path: str | Path, profile: Profile) -> Path:
    """Write a profile as one HTML file that needs nothing else."""
    return _write(Path(path), html.render_profile(profile, visualizer.profile_charts(profile)))


def _write(path: Path, text: str) -> Path:
    """Write a whole file or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, work = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(work).chmod(0o644)
        Path(work).replace(path)
    finally:
        Path(work).unlink(missing_ok=True)
    return path
