"""What is known about a workspace and a job at one moment: frozen values without behaviour of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """Where a job is on its way: queued → running → succeeded, failed or cancelled."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        return self not in (State.QUEUED, State.RUNNING)


Line = tuple[tuple[float, float], ...]
"""(share of the work done, value) in the order they were reported."""


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work.

    Args:
        id: Unguessable name.
        workspace: Whose it is.
        task: What it does, a name of `tasks.TASKS`.
        settings: What it was asked to do, as plain JSON types.
        state: Where it is on its way.
        fraction: Share of the work that is done, 0 to 1; never falls.
        message: What it is doing, such as `Fit: Learning column 3 of 15`.
        figures: Figures the work reported, such as a loss, as lines over the share done.
        ahead: Jobs that will start before this one, while it is queued.
        created, started, ended: Seconds since 1970.
        problem: Why it failed, in sentences for the user.
        problem_type: Stable name of the kind of failure, as in `errors.OUTCOMES`.
        attempts: How often servers took it since its last finished step and were gone before they had done it, with this one.
        deaths: How often its process died since its last finished step.
        number: Grows from job to job.
        request: The caller's own name of the request that made it, its `Idempotency-Key`.
    """

    id: str
    workspace: str
    task: str
    settings: Mapping[str, Any]
    state: State
    fraction: float = 0.0
    message: str = ""
    figures: Mapping[str, Line] = field(default_factory=dict)
    ahead: int = 0
    created: float = 0.0
    started: float | None = None
    ended: float | None = None
    problem: str | None = None
    problem_type: str | None = None
    attempts: int = 0
    deaths: int = 0
    number: int = 0
    request: str | None = None

    @property
    def stage(self) -> str:
        """The part of the message before the colon: the stage of the data path."""
        return self.message.partition(":")[0]

    def seconds(self, now: float) -> float:
        """How long it has run, or ran."""
        return 0.0 if self.started is None else max((self.ended or now) - self.started, 0.0)

    def seconds_left(self, now: float) -> float | None:
        """How long it will still take if it goes on as it went; None while too little is known to say."""
        spent = self.seconds(now)
        if self.state is not State.RUNNING or self.fraction < 0.03 or spent < 1.0:
            return None
        return spent * (1 - self.fraction) / self.fraction


@dataclass(frozen=True, slots=True)
class Workspace:
    """One user's place: whoever knows its id may read and delete what is in it.

    Args:
        id: Unguessable name.
        name: What the uploaded file was called.
        notes: What the pages keep there, as plain JSON types.
        expires: Seconds since 1970 after which it is deleted, unless it is looked at before.
    """

    id: str
    name: str
    notes: Mapping[str, Any]
    expires: float


@dataclass(frozen=True, slots=True)
class StoredData:
    """A data set that was uploaded or imported.

    Args:
        id: Unguessable name.
        workspace: Whose it is.
        name: What its file was called.
        ready: Whether all of it is there.
        bytes: Its size.
        created: Seconds since 1970.
        place: Name of its file in the storage.
        number: Grows from data set to data set.
    """

    id: str
    workspace: str
    name: str
    ready: bool
    bytes: int
    created: float
    place: str | None = None
    number: int = 0


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to work on a job: whoever holds an older one is no longer listened to.

    Args:
        job: Its id.
        fence: Grows each time that somebody takes the job.
    """

    job: str
    fence: int

    @property
    def name(self) -> str:
        """What this attempt's files are called.

        >>> Claim("j", 3).name
        'j.3'
        """
        return f"{self.job}.{self.fence}"
