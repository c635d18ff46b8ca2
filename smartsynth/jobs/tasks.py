"""What a job can do: each task turns the workspace's file into a folder of files.

    profile      profile.json head.parquet source.json
    synthesize   outcome.json rows-*.parquet files/…

A folder holds what the pages show and what the user may take away (`files/`). The samples of real rows in it are for
their owner's eyes and go when the workspace goes.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smartsynth.config import RunConfig
from smartsynth.facts import to_json
from smartsynth.progress import Progress, part, under

if TYPE_CHECKING:
    import pandas as pd

    from smartsynth.dataset import Dataset
    from smartsynth.result import Result
    from smartsynth.schema import Schema

HEAD_ROWS = 50
SAMPLE_ROWS = 5_000


@dataclass(frozen=True, slots=True)
class Task:
    """Something a job can do: `do(source, folder, settings, progress)`.

    Args:
        do: The work.
        lane: Queue that it waits in; jobs of one lane wait for each other alone.
        patience: By how much it stands back behind pages and quick jobs (see nice(2)).
    """

    do: Callable[[Path, Path, Mapping[str, Any], Progress], None]
    lane: str
    patience: int = 0


def profile(source: Path, folder: Path, settings: Mapping[str, Any], progress: Progress) -> None:
    """Read the file and look at it."""
    from smartsynth import ingest, pipeline

    config = RunConfig.build(settings.get("config", {}))
    progress(0.0, "Read")
    real = ingest.read(source, limits=config.limits)
    found = pipeline.profile(real, config=config, progress=_prefixed("Profile", part(progress, 0.4, 0.95)))
    _write_json(folder / "profile.json", to_json(found))
    _write_json(folder / "source.json", {"format": real.source.format, "notes": list(real.source.notes)})
    _write_rows(folder / "head.parquet", real.frame.head(HEAD_ROWS), found.schema)


def synthesize(source: Path, folder: Path, settings: Mapping[str, Any], progress: Progress) -> None:
    """The whole path, and every file that can be taken away."""
    from smartsynth import ingest, pipeline
    from smartsynth.privacy.spending import Spending

    config = RunConfig.build(settings["config"])
    real = ingest.read(source, limits=config.limits)
    real = replace(real, source=replace(real.source, name=str(settings.get("name", real.source.name))))
    spending = Spending(source.parent.parent / "budget.sqlite")  # a session of its own: nobody learns what others spent
    result = pipeline.synthesize(real, config=config, spending=spending, progress=part(progress, 0.0, 0.95))
    progress(0.95, "Write files")
    _write_outcome(folder, result)
    _write_samples(folder, real, result)
    progress(0.97, "Write files")
    _write_files(folder / "files", result)


TASKS = {"profile": Task(profile, "quick"), "synthesize": Task(synthesize, "long", patience=9)}


def warm_up() -> None:
    """Import what every task needs, before there is one."""
    from smartsynth import pipeline, registry

    for name in registry.generators():
        registry.generator_class(name)
    pipeline.settled(None, {})


def _write_outcome(folder: Path, result: Result) -> None:
    _write_json(
        folder / "outcome.json",
        {
            "choice": to_json(result.choice),
            "filter": to_json(result.filter),
            "ledger": result.ledger.to_json(),
            "evaluation": to_json(result.evaluation),
            "profile": to_json(result.profile),
            "config": result.config.model_dump(mode="json"),
            "manifest": to_json(result.manifest),
            "timings": to_json(result.timings),
            "rows": len(result.synthetic),
        },
    )


def _write_samples(folder: Path, real: Dataset, result: Result) -> None:
    """Some rows of each table, for the preview and for looking at pairs of columns."""
    from smartsynth import pipeline

    config, schema = result.config, result.synthetic.schema
    train, held = pipeline.split(real.frame, None, schema, fraction=config.holdout.fraction, seed=config.seed or 0)
    for name, frame in {"train": train, "holdout": held, "synthetic": result.synthetic.frame}.items():
        rows = frame if len(frame) <= SAMPLE_ROWS else frame.sample(SAMPLE_ROWS, random_state=0)
        _write_rows(folder / f"rows-{name}.parquet", rows, schema)
    _write_rows(folder / "head.parquet", result.synthetic.frame.head(HEAD_ROWS), schema)


def _write_files(folder: Path, result: Result) -> None:
    """What the user may take away: rows in every format, the evidence, the model, the settings."""
    folder.mkdir()
    for name in ("synthetic.csv", "synthetic.json", "synthetic.parquet"):
        result.export(folder / name)
    _zipped(folder / "synthetic-hf", lambda at: result.export(at, format="hf"))
    if result.evaluation is not None:
        result.report(folder / "report.html")
    _zipped(folder / "model", result.save)
    (folder / "run.yaml").write_text(result.config.to_yaml(), "utf-8")


def _zipped(folder: Path, write: Callable[[Path], object]) -> None:
    """The folder that `write` makes, as a zip file beside it."""
    write(folder)
    shutil.make_archive(str(folder), "zip", folder)
    shutil.rmtree(folder)


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, allow_nan=False), "utf-8")


def _write_rows(path: Path, frame: pd.DataFrame, schema: Schema) -> None:
    from smartsynth import export
    from smartsynth.dataset import Dataset

    path.write_bytes(export.to_bytes(Dataset(frame.reset_index(drop=True), schema), format="parquet"))


def _prefixed(stage: str, progress: Progress) -> Progress:
    def inner(fraction: float, message: str = "", /) -> None:
        progress(fraction, under(stage, message))

    return inner
