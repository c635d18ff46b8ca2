"""What goes in and out of the API."""

from __future__ import annotations

from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from smartsynth.api.keys import Key
from smartsynth.api.problems import PREFIX
from smartsynth.config import RunConfig
from smartsynth.jobs.facts import Job, StoredData

T = TypeVar("T")
Id = Annotated[str, Field(pattern=r"^[\w-]{4,64}$", examples=["q1Zk7Yw0pX3vNn2B"])]

KINDS = {
    "profiles": "profile", "models": "synthesize", "generations": "generate", "evaluations": "evaluate",
    "imports": "import", "exports": "export", "continuations": "continue",
}  # fmt: skip
"""Resources that are made by jobs, with the task that makes each."""
RESOURCES = {task: name for name, task in KINDS.items()}


class Shape(BaseModel):
    """Base of what comes in: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class ProblemShape(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str = Field(examples=["/api/v1/problems/not-found"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["There is no such data set."])
    instance: str = Field(examples=["/api/v1/datasets/q1Zk7Yw0pX3vNn2B"])
    errors: list[dict[str, str]] | None = None


class DatasetShape(BaseModel):
    """A data set."""

    id: str
    name: str = Field(examples=["patients.csv"])
    state: Literal["partial", "ready"] = Field(description="`partial` until all parts have come and it was completed.")
    bytes: int
    created: float = Field(description="Seconds since 1970.")
    parts: list[int] | None = Field(None, description="Parts that have come, while it is partial.")
    links: dict[str, str]

    @classmethod
    def of(cls, data: StoredData, parts: list[int] | None = None) -> DatasetShape:
        here = f"{PREFIX}/datasets/{data.id}"
        state: Literal["partial", "ready"] = "ready" if data.ready else "partial"
        return cls(
            id=data.id,
            name=data.name,
            state=state,
            bytes=data.bytes,
            created=data.created,
            parts=parts,
            links={"self": here},
        )


class JobShape(BaseModel):
    """A piece of work, and what it makes."""

    id: str
    kind: Literal["profiles", "models", "generations", "evaluations", "imports", "exports", "continuations"]
    state: Literal["queued", "running", "succeeded", "failed", "cancelled"]
    progress: float = Field(ge=0, le=1, description="Share of the work that is done.")
    stage: str = Field(examples=["Fit"])
    message: str = Field(examples=["Fit: Learning column 3 of 15"])
    seconds_left: float | None = Field(None, description="If it goes on as it went.")
    ahead: int = Field(0, description="Jobs that begin before this one.")
    attempts: int = Field(0, description="How often it was begun since its last finished step.")
    created: float = Field(description="Seconds since 1970.")
    started: float | None = None
    ended: float | None = None
    settings: dict[str, JsonValue]
    problem: dict[str, str] | None = Field(None, description="Why it failed: `type` and `detail`.")
    figures: dict[str, list[tuple[float, float]]] = Field(
        default_factory=dict, description="Figures such as a loss: (share done, value)."
    )
    links: dict[str, str]

    @classmethod
    def of(cls, job: Job, now: float) -> JobShape:
        kind = RESOURCES[job.task]
        problem = None
        if job.problem is not None:
            problem = {"type": f"{PREFIX}/problems/{job.problem_type or 'internal'}", "detail": job.problem}
        return cls.model_validate({
            "id": job.id, "kind": kind, "state": job.state.value, "progress": min(max(job.fraction, 0.0), 1.0),
            "stage": job.stage, "message": job.message, "seconds_left": job.seconds_left(now), "ahead": job.ahead,
            "attempts": job.attempts + job.deaths, "created": job.created, "started": job.started, "ended": job.ended,
            "settings": dict(job.settings), "problem": problem,
            "figures": {name: list(line) for name, line in job.figures.items()}, "links": links_of(job),
        })  # fmt: skip


def links_of(job: Job) -> dict[str, str]:
    """Where to look, and what there is once the job has succeeded."""
    kind = RESOURCES[job.task]
    here = f"{PREFIX}/{kind}/{job.id}"
    links = {"self": here, "job": f"{PREFIX}/jobs/{job.id}", "events": f"{PREFIX}/jobs/{job.id}/events"}
    if not job.state.is_final:
        links["cancel"] = f"{PREFIX}/jobs/{job.id}/cancel"
        if kind == "models":
            links["preview"] = f"{PREFIX}/jobs/{job.id}/preview"
    if job.state.value == "succeeded":
        links |= {name: f"{here}/{name}" for name in PARTS.get(kind, ())}
        if kind == "imports":
            links["dataset"] = f"{PREFIX}/datasets/{job.id}"
    return links


PARTS = {
    "profiles": ("profile", "schema", "report"),
    "models": ("data", "scores", "report", "manifest", "archive", "run"),
    "generations": ("data", "manifest"),
    "continuations": ("data", "manifest"),
    "evaluations": ("scores", "report"),
}


class Page(BaseModel, Generic[T]):
    """A page of a list, the newest first."""

    items: list[T]
    next: str | None = Field(None, description="Give it as `cursor` for the next page; null on the last.")


_CONFIG = {"generator": {"name": "forest"}, "rows": 1000, "seed": 1, "target": "income"}


class DatasetRequest(Shape):
    """A data set whose content comes in parts."""

    name: str = Field(
        min_length=1, max_length=255, examples=["patients.csv"], description="Its ending tells its format."
    )


class ProfileRequest(Shape):
    """A look at a data set."""

    dataset: Id
    config: RunConfig = Field(default_factory=RunConfig, examples=[{"target": "income"}])


class ModelRequest(Shape):
    """A model of a data set, with rows that passed the privacy filter and the evidence about them."""

    dataset: Id
    holdout: Id | None = Field(None, description="A data set that nothing is learnt from; else a part of `dataset`.")
    config: RunConfig = Field(default_factory=RunConfig, examples=[_CONFIG])


class GenerationRequest(Shape):
    """Rows of a model."""

    model: Id
    rows: int | None = Field(
        None,
        ge=1,
        le=10_000_000_000,
        description="Rows, of a time series entities or windows; as many as the model released, if not given.",
    )
    where: list[str] | dict[str, JsonValue] | None = Field(
        None, description="What every row is like.", examples=[["age>=60", "income=>50K"]]
    )
    seed: int | None = Field(
        None, ge=0, lt=2**63, description="Another seed makes other rows; the model's if not given."
    )


class ContinuationRequest(Shape):
    """Rows that may follow known ones, of a model of a time series."""

    model: Id
    known: Id = Field(description="A data set with known rows of each entity, or of the series.")
    horizon: int = Field(24, ge=1, le=100_000, description="Rows to add to each entity, at most.")
    paths: int = Field(1, ge=1, le=10_000, description="Continuations of each; more than 1 are told apart by `path`.")
    seed: int | None = Field(None, ge=0, lt=2**63, description="Same seed, same rows; drawn if not given.")


class EvaluationRequest(Shape):
    """Scores of synthetic rows against real ones."""

    dataset: Id = Field(description="The real rows that the synthetic ones were made from.")
    synthetic: Id | None = Field(None, description="The synthetic rows, as a data set …")
    generation: Id | None = Field(None, description="… or as a generation or a model.")
    holdout: Id | None = Field(None, description="Real rows that the generator never saw.")
    config: RunConfig = Field(default_factory=RunConfig, examples=[{"target": "income"}])


class ConnectionShape(BaseModel):
    """A place that the operator has named."""

    name: str
    kind: Literal["database", "storage"]
    tables: list[str] = Field(description="Tables that are allowed, with `*` for any letters.")
    write: bool


class ImportRequest(Shape):
    """A table or file of a named place."""

    connection: str = Field(max_length=100, examples=["warehouse"])
    table: str | None = Field(None, max_length=200, examples=["public.orders"], description="Of a database.")
    path: str | None = Field(None, max_length=1000, examples=["2024/orders.parquet"], description="Of storage.")
    name: str | None = Field(None, min_length=1, max_length=255, description="What to call the data set.")


class ExportRequest(Shape):
    """Rows for a named place."""

    model: Id | None = Field(None, description="The rows of a model that passed the privacy filter …")
    generation: Id | None = Field(None, description="… or those of a generation.")
    connection: str = Field(max_length=100, examples=["lake"])
    table: str | None = Field(None, max_length=200, description="Of a database.")
    path: str | None = Field(None, max_length=1000, examples=["2024/synthetic.parquet"], description="Of storage.")
    replace: bool = Field(False, description="Whether what is there may be replaced.")


class TemplateShape(BaseModel):
    """Tables that can be made without real data."""

    name: str
    title: str
    about: str
    root: str = Field(description="The table whose rows are asked for.")
    tables: list[str]
    locale: str = Field(description="Language of names and addresses, unless another is asked for.")
    links: dict[str, str]


class GeneratorShape(BaseModel):
    """A generator that can be asked for."""

    name: str
    summary: str
    modality: str
    windowed: bool = Field(
        description="Whether it makes windows of one length of a plain series, not whole histories of entities."
    )
    conditional: bool
    dp: bool
    min_rows: int
    extra: str | None
    installed: bool


class KeyRequest(Shape):
    """A new API key of the same account."""

    name: str = Field(min_length=1, max_length=100)
    scope: Literal["read", "write", "admin"] = "write"
    days: float | None = Field(None, gt=0, le=3650)


class KeyShape(BaseModel):
    """An API key; its text is shown once, when it is made."""

    id: str
    name: str
    scope: str
    created: float
    expires: float | None
    revoked: float | None
    key: str | None = None

    @classmethod
    def of(cls, key: Key, text: str | None = None) -> KeyShape:
        return cls(
            id=key.id,
            name=key.name,
            scope=key.scope,
            created=key.created,
            expires=key.expires,
            revoked=key.revoked,
            key=text,
        )


class Health(BaseModel):
    """Whether the service is well."""

    status: Literal["ok", "unavailable"]
    checks: dict[str, Any] | None = None
