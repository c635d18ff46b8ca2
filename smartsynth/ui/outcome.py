"""What a job left in its folder, read back for the pages."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smartsynth.facts import Chart, Choice, Evaluation, FilterSummary, Profile, RuleFact, from_json
from smartsynth.jobs import Job, Workspace
from smartsynth.jobs.service import Gone
from smartsynth.privacy.ledger import Ledger
from smartsynth.ui import session
from smartsynth.utils import visualizer

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Outcome:
    """A finished run: what was made, how, and the evidence."""

    job: Job
    folder: Path
    choice: Choice
    filter: FilterSummary | None
    rules: tuple[RuleFact, ...]
    ledger: Ledger
    evaluation: Evaluation | None
    profile: Profile
    config: Mapping[str, Any]
    timings: Mapping[str, float]
    rows: int
    records: int


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at the file found."""

    job: Job
    folder: Path
    profile: Profile
    format: str
    notes: tuple[str, ...]


def look(workspace: Workspace) -> Look | None:
    """The newest profile of the file; None before there is one."""
    job = session.succeeded(workspace, "profile")
    return None if job is None else session.remembered("look", job, lambda: _look(job))


def _look(job: Job) -> Look:
    folder = session.jobs().result(job.id)
    with replaced():
        source = json.loads((folder / "source.json").read_text("utf-8"))
        found = from_json(Profile, json.loads((folder / "profile.json").read_text("utf-8")))
    return Look(job, folder, found, source["format"], tuple(source["notes"]))


def outcome(workspace: Workspace) -> Outcome | None:
    """The newest finished run; None before there is one."""
    job = session.succeeded(workspace, "synthesize")
    return None if job is None else session.remembered("outcome", job, lambda: _outcome(job))


def _outcome(job: Job) -> Outcome:
    folder = session.jobs().result(job.id)
    with replaced():
        record = json.loads((folder / "outcome.json").read_text("utf-8"))
    return Outcome(
        job=job,
        folder=folder,
        choice=from_json(Choice, record["choice"]),
        filter=None if record["filter"] is None else from_json(FilterSummary, record["filter"]),
        rules=tuple(from_json(RuleFact, rule) for rule in record.get("rules", ())),
        ledger=Ledger.from_json(record["ledger"]),
        evaluation=None if record["evaluation"] is None else from_json(Evaluation, record["evaluation"]),
        profile=from_json(Profile, record["profile"]),
        config=record["config"],
        timings=record["timings"],
        rows=record["rows"],
        records=record.get("records", record["rows"]),
    )


def charts(found: Outcome) -> tuple[Chart, ...]:
    """Every picture of the evidence."""
    evaluation = found.evaluation
    return () if evaluation is None else session.remembered("charts", found.job, lambda: visualizer.charts(evaluation))


def profile_charts(found: Look) -> tuple[Chart, ...]:
    """Every picture of the profile."""
    return session.remembered("profile charts", found.job, lambda: visualizer.profile_charts(found.profile))


def rows(folder: Path, name: str, columns: list[str] | None = None) -> pd.DataFrame:
    """Rows that a job left: `head`, or a sample of `rows-train`, `rows-holdout` or `rows-synthetic`.

    Raises:
        Gone: A newer result has replaced them since the page looked for the newest one.
    """
    import pandas as pd

    with replaced():
        return pd.read_parquet(folder / f"{name}.parquet", columns=columns)


@contextmanager
def replaced() -> Iterator[None]:
    """A missing file means that a newer result has replaced this one."""
    try:
        yield
    except FileNotFoundError:
        raise Gone("The result of this job was replaced by a newer one.") from None
