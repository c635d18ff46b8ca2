"""Many tables, each with a run of its own: one after the other, or side by side on a Ray cluster.

Each table becomes a folder: `rows.parquet`, `model.zip`, `report.html`, `report.json`, and `manifest.json` last, which says that
it is done. Run again, only what is missing is made.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smartsynth import export, ingest, pipeline
from smartsynth.cluster import check_engine, cluster, packed
from smartsynth.config import RunConfig
from smartsynth.dataset import Dataset
from smartsynth.errors import ConfigError, SmartSynthError
from smartsynth.progress import Progress, silent
from smartsynth.scale import Target, as_json

DONE = "manifest.json"


@dataclass(frozen=True, slots=True)
class Made:
    """How the run of one table ended.

    Args:
        name: The table.
        problem: Why there are no rows of it; None if there are.
        was_there: Whether an earlier run had made it.
    """

    name: str
    problem: str | None = None
    was_there: bool = False


def synthesize_many(
    tables: Mapping[str, Any],
    url: str | Path,
    *,
    config: RunConfig | Mapping[str, Any] | str | Path | None = None,
    engine: str = "local",
    progress: Progress | None = None,
    **settings: Any,
) -> list[Made]:
    """Synthetic rows, a model and a report of each table; one that fails leaves the others alone.

    Args:
        tables: What `synthesize` takes as `data`, by name. A name becomes a folder.
        url: Folder, or a URL that fsspec can reach.
        config: Settings of every run.
        engine: `local` or `ray`; see `scale.write`.
        progress: Called with the share of the tables that are done; may raise `Cancelled`, after which those stay.
        settings: Fields of RunConfig that win over `config`.

    Returns:
        How each ended, in the order of `tables`.

    Raises:
        ConfigError: A setting, a name or the engine is wrong.
        MissingExtraError: Ray, or the file system of the URL, is not installed.
    """
    check_engine(engine)
    for name in tables:
        if not re.fullmatch(r"[\w-][\w.-]{0,99}", name):
            raise ConfigError(f"tables: the name {name!r} cannot be a folder. Use letters, digits, _, - and dots.")
    run, target, report = pipeline.settled(config, settings), Target.of(url), progress or silent
    ended = {name: Made(name, was_there=True) for name in tables if DONE in target.inside(name).names()}
    missing = {name: data for name, data in tables.items() if name not in ended}
    made = _here(missing, run, target) if engine == "local" else _on_ray(missing, run, target)
    for one in made:
        ended[one.name] = one
        report(len(ended) / len(tables), f"{one.name}: {'done' if one.problem is None else 'failed'}")
    return [ended[name] for name in tables]


def _here(tables: Mapping[str, Any], run: RunConfig, target: Target) -> Iterator[Made]:
    for name, data in tables.items():
        yield _one(name, data, run, target)


def _on_ray(tables: Mapping[str, Any], run: RunConfig, target: Target) -> Iterator[Made]:
    """Side by side; a table whose worker was lost is begun again by another one."""
    ray = cluster()
    task = ray.remote(num_cpus=1, max_retries=20)(_one)
    todo = list(tables.items())
    waiting: list[Any] = []
    while todo or waiting:
        most = max(int(ray.cluster_resources().get("CPU", 1)), 1)
        while todo and len(waiting) < most:  # no more tables in the store than are worked on
            name, data = todo.pop(0)
            try:
                real = ingest.read(data, limits=run.limits, name=name)
            except SmartSynthError as error:
                yield Made(name, str(error))
                continue
            waiting.append(task.remote(name, real, run, target))
        if waiting:
            done, waiting = ray.wait(waiting, num_returns=1)
            yield from ray.get(done)


def _one(name: str, data: Any, run: RunConfig, target: Target) -> Made:
    """The run of one table, with its files."""
    place = target.inside(name)
    try:
        result = pipeline.synthesize(data, config=run)
        with tempfile.TemporaryDirectory(prefix="smartsynth-") as home:
            work = Path(home)
            if result.evaluation is not None:
                for path in result.report(work / "report.html"):
                    place.put(path.name, path.read_bytes())
            place.put("model.zip", packed(result.save(work / "model")))
        rows = Dataset(result.synthetic.frame, result.synthetic.schema, result.synthetic.source)
        place.put("rows.parquet", export.to_bytes(rows, format="parquet", manifest=result.manifest))
        place.put(DONE, as_json(result.manifest))
    except SmartSynthError as error:
        return Made(name, str(error))
    return Made(name)
