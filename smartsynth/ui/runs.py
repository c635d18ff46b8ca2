"""The run of a workspace: start it, and what to say about how it goes."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from smartsynth.config import RunConfig
from smartsynth.formats import span
from smartsynth.jobs import Job, State, Workspace
from smartsynth.pipeline import WEIGHTS
from smartsynth.ui import session

STAGES = (*WEIGHTS, "Write files")


def current(workspace: Workspace) -> Job | None:
    """The newest run, however it stands."""
    return session.jobs().latest(workspace.id, "synthesize")


def busy(workspace: Workspace) -> bool:
    """Whether a run waits or runs."""
    job = current(workspace)
    return job is not None and not job.state.is_final


def start(workspace: Workspace, config: Mapping[str, Any]) -> Job:
    """Queue a run with these settings."""
    return session.jobs().submit(workspace.id, "synthesize", {"config": dict(config), "name": workspace.name})


def yaml(config: Mapping[str, Any]) -> str:
    """The settings of a run as a YAML file; ConfigError if one of them is wrong.

    >>> print(yaml({"seed": 1}), yaml({}), sep="")
    seed: 1
    # Every setting has its default.
    """
    run = RunConfig.build(config)
    return run.to_yaml() if run != RunConfig() else "# Every setting has its default.\n"


def progress_text(job: Job, now: float | None = None) -> str:
    """What a run is doing and how long it will still take.

    >>> job = Job("j", "w", "synthesize", {}, State.RUNNING, 0.25, "Fit: column 3 of 15", started=100.0)
    >>> progress_text(job, now=110.0)
    'Fit: column 3 of 15, about 30 s left'
    >>> progress_text(Job("j", "w", "synthesize", {}, State.QUEUED, ahead=2))
    'Waiting: 2 ahead of you'
    """
    if job.state is State.QUEUED:
        return f"Waiting: {job.ahead} ahead of you" if job.ahead else "Starting"
    left = job.seconds_left(time.time() if now is None else now)
    doing = job.message or "Starting"
    return doing if left is None else f"{doing}, about {span(rounded(left))} left"


def rounded(seconds: float) -> float:
    """A time that is not known better than this: to 5 s under a minute, to half a minute under ten, else to minutes.

    >>> rounded(3.2), rounded(28), rounded(100), rounded(1000)
    (5.0, 30.0, 90.0, 1020.0)
    """
    step = 5.0 if seconds < 60 else 30.0 if seconds < 600 else 60.0
    return max(round(seconds / step), 1) * step


def stage_marks(job: Job) -> list[tuple[str, str]]:
    """Each stage with `done`, `now` or `next`.

    >>> stage_marks(Job("j", "w", "synthesize", {}, State.RUNNING, 0.1, "Profile"))[:3]
    [('Read', 'done'), ('Profile', 'now'), ('Split', 'next')]
    """
    if job.state is State.SUCCEEDED:
        return [(stage, "done") for stage in STAGES]
    at = STAGES.index(job.stage) if job.stage in STAGES else -1
    return [(stage, "done" if i < at else "now" if i == at else "next") for i, stage in enumerate(STAGES)]
