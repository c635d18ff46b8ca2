"""What is wrong with a job's settings that can be said before it waits: generators, their options, and columns that are not there.

The columns of a data set are known from the head of its file if that is text with delimiters. Of other formats nothing is decoded
here; their jobs say it when they run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from smartsynth.config import RunConfig
from smartsynth.errors import SmartSynthError
from smartsynth.jobs import outside

if TYPE_CHECKING:
    from smartsynth.jobs.service import Jobs
    from smartsynth.schema import Schema

HEAD_BYTES = 256 * 1024
"""How much of a file is read for the names of its columns."""


def check(jobs: Jobs, workspace: str, task: str, settings: Mapping[str, Any]) -> None:
    """Refuse what a job would fail with later.

    Raises:
        ConfigError: A generator, an option or a column has a name that is not known.
        Gone: The data set has been deleted.
    """
    from smartsynth import pipeline, ruling

    if task not in ("synthesize", "profile", "evaluate"):
        return
    run = RunConfig.build(settings.get("config") or {})
    if task == "synthesize":
        outside.check(run.generator.options)
        pipeline.check_generator(run)
    schema = None if settings.get("dataset") is None else _head(jobs, workspace, str(settings["dataset"]))
    if schema is not None:
        ruling.check_columns(run, schema)


def _head(jobs: Jobs, workspace: str, dataset: str) -> Schema | None:
    """The columns that the head of a data set's file has; None if it is not text with delimiters."""
    from smartsynth import ingest

    data = jobs.dataset(dataset, workspace)
    if not data.ready:
        return None
    with jobs.opened(data) as file:
        head = file.read(HEAD_BYTES)
    if len(head) == HEAD_BYTES:
        head = head[: head.rfind(b"\n") + 1]
    if not data.name.lower().endswith((".csv", ".tsv")) or b"\0" in head:
        return None
    try:
        return ingest.read(head, name=data.name, format="tsv" if data.name.lower().endswith(".tsv") else "csv").schema
    except SmartSynthError:
        return None  # the job reads the whole file, and says what is wrong with it
