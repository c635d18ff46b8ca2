"""What a job can do: each task makes a folder of files out of data sets and results of other jobs.

    profile      profile.json profile.html head.parquet source.json
    synthesize   outcome.json rows.json rows-*.parquet head.parquet files/…
    generate     rows.json part-*.parquet
    continue     rows.json part-*.parquet
    evaluate     outcome.json files/report.html files/report.json
    import       import.json, and a data set
    export       export.json, and rows elsewhere

A folder holds what the pages show and what the user may take away (`files/`). The samples of real rows in it are for
their owner's eyes and go when the workspace goes.
"""

from __future__ import annotations

import functools
import hashlib
import json
import shutil
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smartsynth.columns import with_columns
from smartsynth.config import RunConfig
from smartsynth.errors import ConfigError
from smartsynth.facts import to_json
from smartsynth.jobs import outside
from smartsynth.jobs.blobs import file_name
from smartsynth.jobs.budgets import WorkspaceBudget
from smartsynth.jobs.steps import Steps
from smartsynth.progress import Progress, part, under
from smartsynth.schema import Kind, Schema

if TYPE_CHECKING:
    import pandas as pd

    from smartsynth.dataset import Dataset
    from smartsynth.result import Result

HEAD_ROWS = 50
SAMPLE_ROWS = 5_000
INPUTS = {
    "dataset": "dataset", "holdout": "dataset", "synthetic": "dataset", "known": "dataset", "model": "job", "generation": "job",
}  # fmt: skip
"""Settings that name a data set or the result of another job of the same workspace."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a task is given.

    Args:
        inputs: The files and result folders that the settings name.
        folder: Empty folder for what it makes.
        settings: What it is asked to do.
        progress: Called with the share done; raises `Cancelled` when the job should stop.
        steps: What earlier attempts have finished.
    """

    inputs: Mapping[str, Path]
    folder: Path
    settings: Mapping[str, Any]
    progress: Progress
    steps: Steps


@dataclass(frozen=True, slots=True)
class Task:
    """Something a job can do.

    Args:
        do: The work.
        lane: Queue that it waits in; jobs of one lane wait for each other alone.
        needs: Settings of INPUTS that must be given.
        patience: By how much it stands back behind pages and quick jobs (see nice(2)).
    """

    do: Callable[[Work], None]
    lane: str
    needs: tuple[str, ...]
    patience: int = 0


def profile(work: Work) -> None:
    """Read the file and look at it."""
    from smartsynth import ingest, pipeline
    from smartsynth.result import write_profile

    config = RunConfig.build(work.settings.get("config", {}))
    work.progress(0.0, "Read")
    real = ingest.read(work.inputs["dataset"], limits=config.limits)
    found = pipeline.profile(real, config=config, progress=_prefixed("Profile", part(work.progress, 0.4, 0.95)))
    _write_json(work.folder / "profile.json", to_json(found))
    write_profile(work.folder / "profile.html", found)
    _write_json(work.folder / "source.json", {"format": real.source.format, "notes": list(real.source.notes)})
    _write_rows(work.folder / "head.parquet", *_previewed(real.frame.head(HEAD_ROWS), found.schema))


def synthesize(work: Work) -> None:
    """The whole path, and every file that can be taken away."""
    from smartsynth import ingest, pipeline

    config = RunConfig.build(work.settings.get("config", {}))
    outside.check(config.generator.options)
    if config.seed is None:
        config = config.model_copy(update={"seed": _seed(work)})
    real = ingest.read(work.inputs["dataset"], limits=config.limits)
    real = replace(real, source=replace(real.source, name=str(work.settings.get("name", real.source.name))))
    result = pipeline.synthesize(
        real,
        config=config,
        holdout=work.inputs.get("holdout"),
        spending=WorkspaceBudget(work.steps.store.database, work.steps.workspace),
        checkpoints=work.steps,
        release=work.steps.claim.job,
        progress=part(work.progress, 0.0, 0.95),
    )
    work.progress(0.95, "Write files")
    _write_outcome(work.folder, result)
    _write_samples(work.folder, real, result, work.inputs.get("holdout"))
    work.progress(0.97, "Write files")
    _write_files(work.folder / "files", result)


def generate(work: Work) -> None:
    """Rows of a model that another job learnt, as many as are asked for, under conditions if there are any."""
    from smartsynth import scale
    from smartsynth.models.base import read_head

    model = _unpacked(work)
    outside.check(read_head(model)["options"])
    plan = scale.plan(
        model, work.settings.get("rows"), where=work.settings.get("where"), seed=work.settings.get("seed")
    )
    for index in range(plan.parts):
        name = plan.name(index)
        known = work.steps.find(name)
        if known is None:
            work.steps.keep(name, functools.partial(scale.write_part, plan, index))
            known = work.steps.find(name)
        assert known is not None  # noqa: S101  (it was kept just now)
        shutil.copyfile(known / name, work.folder / name)
        work.progress((index + 1) / plan.parts, f"Sample: part {index + 1:,} of {plan.parts:,}")
    _write_json(work.folder / "rows.json", plan.to_json())
    shutil.rmtree(model)


def continue_(work: Work) -> None:
    """Rows that may follow known ones, of a model of a time series that another job learnt."""
    from smartsynth import ingest, registry
    from smartsynth.models.ruled_generator import RuledGenerator
    from smartsynth.models.sequence_base import SequenceGenerator

    asked, model = work.settings, registry.load(_unpacked(work))
    shutil.rmtree(work.folder / "model")
    if not isinstance(model, SequenceGenerator) and not (isinstance(model, RuledGenerator) and model.goes_on):
        raise ConfigError(
            f"The model is of {model.modality.value} data, and only time series go on. Make a generation of it."
        )
    work.progress(0.0, "Read")
    known = ingest.beside(ingest.read(work.inputs["known"]), model.schema_)
    horizon, paths, seed = int(asked["horizon"]), int(asked["paths"]), asked.get("seed")
    seed = _seed(work) if seed is None else int(seed)
    report = _prefixed("Continue", part(work.progress, 0.05, 0.95))
    rows = model.continued(known.frame, horizon, paths=paths, seed=seed, progress=report)
    schema = model.schema_of(rows)
    _write_rows(work.folder / "part-00000.parquet", rows, schema)
    head = json.loads((work.inputs["model"] / "rows.json").read_text("utf-8"))["manifest"]
    made = {
        "rows": len(rows), "seed": seed, "unchecked": len(rows), "horizon": horizon, "paths": paths,
        "schema": schema.to_json(), "source": asdict(replace(known.source, notes=())),
        "manifest": {**head, "scores": [], "filter": None},
    }  # fmt: skip
    _write_json(work.folder / "rows.json", made)


def evaluate(work: Work) -> None:
    """Score synthetic rows, whoever made them, against the real ones."""
    from smartsynth import pipeline
    from smartsynth.result import write_report

    config = RunConfig.build(work.settings.get("config", {}))
    synthetic = work.inputs.get("synthetic") or work.inputs["generation"]
    found = pipeline.examine(
        work.inputs["dataset"], _rows_of(synthetic), holdout=work.inputs.get("holdout"), config=config,
        progress=part(work.progress, 0.0, 0.95),
    )  # fmt: skip
    work.progress(0.95, "Write files")
    shown = {
        "evaluation": to_json(found.evaluation),
        "profile": to_json(found.profile),
        "manifest": to_json(found.manifest),
    }
    _write_json(work.folder / "outcome.json", shown)
    (work.folder / "files").mkdir()
    write_report(work.folder / "files" / "report.html", found.evaluation, found.profile, {"manifest": found.manifest})


def import_rows(work: Work) -> None:
    """Read a table of a named place; it is a data set of this workspace under the job's own id."""
    from smartsynth import connectors, export
    from smartsynth.connections import address_of

    asked, steps = work.settings, work.steps
    work.progress(0.0, "Read")
    real = connectors.read(address_of(asked["connection"], table=asked.get("table"), path=asked.get("path")))
    work.progress(0.7, "Write files")
    id = steps.claim.job
    name = f"{str(asked.get('name') or real.source.name).removesuffix('.parquet')}.parquet"
    steps.store.add_dataset(id, steps.workspace, name)
    place = f"{steps.workspace}/input/{id}.{file_name(name)}"
    size = steps.blobs.put(place, export.to_bytes(real, format="parquet"))
    steps.store.complete_dataset(id, place, size)
    _write_json(work.folder / "import.json", {"dataset": id, "rows": len(real), "notes": list(real.source.notes)})


def export_rows(work: Work) -> None:
    """Write the rows of a model or a generation to a named place."""
    from smartsynth import connectors, ingest
    from smartsynth.connections import address_of

    asked = work.settings
    table, path = asked.get("table"), asked.get("path")
    address = address_of(asked["connection"], table=table, path=path, writing=True)
    rows = ingest.read(_rows_of(work.inputs["model"] if "model" in work.inputs else work.inputs["generation"]))
    work.progress(0.3, "Write files")
    # An attempt that was stopped may have written: what it wrote may be replaced.
    again = work.steps.find("begun") is not None
    work.steps.keep("begun", lambda folder: folder.mkdir())
    written = connectors.write(rows, address, replace=bool(asked.get("replace")) or again)
    _write_json(work.folder / "export.json", {"rows": len(rows), "written": written})


TASKS = {
    "profile": Task(profile, "quick", ("dataset",)),
    "synthesize": Task(synthesize, "long", ("dataset",), patience=9),
    "generate": Task(generate, "long", ("model",), patience=9),
    "continue": Task(continue_, "long", ("model", "known"), patience=9),
    "evaluate": Task(evaluate, "long", ("dataset",), patience=9),
    "import": Task(import_rows, "long", (), patience=9),
    "export": Task(export_rows, "long", (), patience=9),
}


def warm_up() -> None:
    """Import what every task needs, before there is one."""
    from smartsynth import pipeline, registry

    for name in registry.generators():
        registry.generator_class(name)
    pipeline.settled(None, {})


def _seed(work: Work) -> int:
    """A seed where none was given, the same for every attempt."""
    return int(hashlib.sha256(work.steps.claim.job.encode()).hexdigest()[:8], 16)


def _unpacked(work: Work) -> Path:
    """The folder of the model that is asked for; ours: a job of this service wrote the archive."""
    folder = work.folder / "model"
    with zipfile.ZipFile(work.inputs["model"] / "files" / "model.zip") as archive:
        archive.extractall(folder)
    return folder


def _rows_of(place: Path) -> Any:
    """Synthetic rows that were uploaded, or that another job made."""
    if place.is_file():
        return place
    import pyarrow.parquet

    if (made := place / "files" / "synthetic.parquet").is_file():
        return pyarrow.parquet.read_table(made)
    return pyarrow.parquet.read_table(sorted(place.glob("part-*.parquet")))


def _write_outcome(folder: Path, result: Result) -> None:
    made = result.synthetic
    rows = {
        "rows": len(made),
        "seed": result.config.seed,
        "schema": made.schema.to_json(),
        "manifest": to_json(result.manifest),
    }
    _write_json(folder / "rows.json", {**rows, "source": asdict(replace(made.source, notes=()))})
    _write_json(
        folder / "outcome.json",
        {
            "choice": to_json(result.choice),
            "filter": to_json(result.filter),
            "rules": to_json(result.rules),
            "ledger": result.ledger.to_json(),
            "evaluation": to_json(result.evaluation),
            "profile": to_json(result.profile),
            "config": result.config.model_dump(mode="json"),
            "manifest": to_json(result.manifest),
            "timings": to_json(result.timings),
            "rows": len(result.synthetic),
            "records": len(made) if made.schema.entity is None else int(made.frame[made.schema.entity.name].nunique()),
        },
    )


def _write_samples(folder: Path, real: Dataset, result: Result, holdout: Path | None) -> None:
    """Some rows of each table, for the preview and for looking at pairs of columns."""
    from smartsynth import ingest, records

    config, schema = result.config, result.synthetic.schema
    unseen = None if holdout is None else ingest.read(holdout, limits=config.limits)
    real = ingest.with_texts_of(real, unseen)
    unseen = None if unseen is None else ingest.beside(unseen, real.schema)
    train, held, _ = records.divided(
        real.frame, None if unseen is None else unseen.frame, result.profile.schema, config, seed=config.seed or 0
    )
    for name, frame in {"train": train, "holdout": held, "synthetic": result.synthetic.frame}.items():
        rows = frame if len(frame) <= SAMPLE_ROWS else frame.sample(SAMPLE_ROWS, random_state=0)
        _write_rows(folder / f"rows-{name}.parquet", *_without_images(rows, schema))
    _write_rows(folder / "head.parquet", *_previewed(result.synthetic.frame.head(HEAD_ROWS), schema))


def _write_files(folder: Path, result: Result) -> None:
    """What the user may take away: rows in every format, the evidence, the model, the settings."""
    folder.mkdir()
    has_images = any(column.kind is Kind.IMAGE for column in result.synthetic.schema)
    for ending in ("zip", "parquet") if has_images else ("csv", "json", "parquet"):
        result.export(folder / f"synthetic.{ending}")
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


def _without_images(frame: pd.DataFrame, schema: Schema) -> tuple[pd.DataFrame, Schema]:
    """The rows without their images, which nothing on the pages needs."""
    kept = Schema(tuple(column for column in schema if column.kind is not Kind.IMAGE), schema.modality)
    return frame[list(kept.names)], kept


def _previewed(frame: pd.DataFrame, schema: Schema) -> tuple[pd.DataFrame, Schema]:
    """The rows with their images as small pictures in data URLs, as pages show them."""
    import pandas as pd

    from smartsynth.utils.image_view import shown

    for column in schema:
        if column.kind is Kind.IMAGE:
            urls = [None if cell is None or pd.isna(cell) else shown(cell) for cell in frame[column.name]]
            frame = with_columns(frame, {column.name: pd.Series(urls, frame.index, dtype=object)})
            schema = schema.with_column(column.name, kind=Kind.TEXT)
    return frame, schema


def _write_rows(path: Path, frame: pd.DataFrame, schema: Schema) -> None:
    from smartsynth import export
    from smartsynth.dataset import Dataset

    path.write_bytes(export.to_bytes(Dataset(frame.reset_index(drop=True), schema), format="parquet"))


def _prefixed(stage: str, progress: Progress) -> Progress:
    def inner(fraction: float, message: str = "", /) -> None:
        progress(fraction, under(stage, message))

    return inner
