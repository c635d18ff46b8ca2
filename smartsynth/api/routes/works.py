"""Profiles, models, generations and evaluations: asked for, looked at, taken away."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import FileResponse, StreamingResponse
from pydantic import BaseModel

from smartsynth.api import rows
from smartsynth.api.access import Reader, Writer
from smartsynth.api.app import Service
from smartsynth.api.keys import Key
from smartsynth.api.problems import Problem
from smartsynth.api.routes.common import (
    Cursor,
    Limit,
    Once,
    Serving,
    before,
    cursor_of,
    linked,
    owned,
    shown,
    started,
)  # fmt: skip
from smartsynth.api.shapes import (
    KINDS,
    ContinuationRequest,
    EvaluationRequest,
    GenerationRequest,
    JobShape,
    ModelRequest,
    Page,
    ProfileRequest,
)  # fmt: skip
from smartsynth.config import RunConfig
from smartsynth.jobs.facts import Job, State
from smartsynth.jobs.service import known_as
from smartsynth.privacy import audit

router = APIRouter()
_ACCEPTED: dict[int | str, dict[str, Any]] = {202: {"headers": {
    "Location": {"description": "Where to look.", "schema": {"type": "string"}},
    "Retry-After": {"description": "Seconds until it is worth looking again.", "schema": {"type": "integer"}},
}}}  # fmt: skip
_ROWS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The rows, as a stream.",
        "content": {
            kind.partition(";")[0]: {"schema": {"type": "string", "format": "binary"}}
            for kind in rows.MEDIA_TYPES.values()
        },
    }
}
_JSON: dict[int | str, dict[str, Any]] = {200: {"content": {"application/json": {"schema": {"type": "object"}}}}}
_HTML: dict[int | str, dict[str, Any]] = {200: {"content": {"text/html": {"schema": {"type": "string"}}}}}
_FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
}


@router.post("/profiles", status_code=202, tags=["profiles"], responses=_ACCEPTED)
def create_profile(
    body: ProfileRequest, response: Response, service: Serving, key: Writer, once: Once = None
) -> JobShape:
    """Look at a data set: kinds of columns, distributions, associations, and what to watch out for."""
    return started(service, key, "profile", _asked(body), once, response)


@router.post("/models", status_code=202, tags=["models"], responses=_ACCEPTED)
def create_model(body: ModelRequest, response: Response, service: Serving, key: Writer, once: Once = None) -> JobShape:
    """Learn a data set, make rows that pass the privacy filter, and score them."""
    return started(service, key, "synthesize", _asked(body), once, response)


@router.post("/generations", status_code=202, tags=["generations"], responses=_ACCEPTED)
def create_generation(
    body: GenerationRequest, response: Response, service: Serving, key: Writer, once: Once = None
) -> JobShape:
    """Make any number of rows of a model, under conditions if there are any. The real data are not needed."""
    return started(service, key, "generate", _asked(body), once, response)


@router.post("/continuations", status_code=202, tags=["continuations"], responses=_ACCEPTED)
def create_continuation(
    body: ContinuationRequest, response: Response, service: Serving, key: Writer, once: Once = None
) -> JobShape:
    """Draw rows that may follow known ones, of a model of a time series: scenarios, not one forecast."""
    return started(service, key, "continue", _asked(body), once, response)


@router.post("/evaluations", status_code=202, tags=["evaluations"], responses=_ACCEPTED)
def create_evaluation(
    body: EvaluationRequest, response: Response, service: Serving, key: Writer, once: Once = None
) -> JobShape:
    """Score synthetic rows against real ones, whoever made them."""
    if (body.synthetic is None) == (body.generation is None):
        raise Problem(422, "bad-request", "Give one of `synthetic` and `generation`.")
    return started(service, key, "evaluate", _asked(body), once, response)


def _asked(body: BaseModel) -> dict[str, Any]:
    """The settings of a job, with those of the run as far as they were given."""
    asked = body.model_dump(mode="json", exclude={"config"})
    if isinstance(config := getattr(body, "config", None), RunConfig):
        asked["config"] = config.model_dump(mode="json", exclude_unset=True)
    return asked


def _of(service: Service, key: Key, kind: str, id: str) -> Job:
    """A resource of this kind and account."""
    with owned(service, key, id):
        job = service.jobs.job(id, key.account)
        if job.task != KINDS[kind]:
            raise Problem(404, "not-found", f"There are no {kind} with this id.")
        return job


def _result(service: Service, key: Key, kind: str, id: str) -> Path:
    """The folder of what was made."""
    job = _of(service, key, kind, id)
    if job.state is not State.SUCCEEDED:
        raise Problem(
            409,
            "not-ready",
            f"The work is {job.state.value}, so it has no result{'' if job.state.is_final else ' yet'}.",
        )
    audit.note("download", job=known_as(id))
    with owned(service, key, id):
        return service.jobs.result(id)


def _file(folder: Path, name: str, media_type: str, *, attachment: str | None = None) -> FileResponse:
    path = folder / name
    if not path.is_file():
        raise Problem(404, "not-found", f"{path.name} was not made: the run did not ask for it.")
    return FileResponse(path, media_type=media_type, filename=attachment)


def _lists(kind: str) -> None:
    """The routes that all kinds have: the list, one of it, and its end."""

    def many(
        request: Request, response: Response, service: Serving, key: Reader, limit: Limit = 50, cursor: Cursor = None
    ) -> Page[JobShape]:
        found = service.jobs.store.jobs(key.account, [KINDS[kind]], before=before(cursor), limit=limit + 1)
        following = cursor_of(found[limit - 1].number) if len(found) > limit else None
        now = time.time()
        return Page(items=[JobShape.of(job, now) for job in found[:limit]], next=linked(response, request, following))

    def one(id: str, response: Response, service: Serving, key: Reader) -> JobShape:
        return shown(_of(service, key, kind, id), response)

    def remove(id: str, service: Serving, key: Writer) -> None:
        _of(service, key, kind, id)
        service.jobs.delete_job(id, key.account)

    singular = kind[:-1]
    add: Callable[..., None] = router.add_api_route
    add(f"/{kind}", many, methods=["GET"], name=f"list_{kind}", tags=[kind], summary=f"The {kind} of this account")
    add(
        f"/{kind}/{{id}}", one, methods=["GET"], name=f"get_{singular}", tags=[kind], summary=f"How a {singular} stands"
    )
    add(
        f"/{kind}/{{id}}", remove, methods=["DELETE"], status_code=204, name=f"delete_{singular}", tags=[kind],
        summary=f"Delete a {singular} and everything of it",
    )  # fmt: skip


for _kind in KINDS:
    _lists(_kind)


@router.get("/profiles/{id}/profile", tags=["profiles"], responses=_JSON, response_class=FileResponse)
def get_profile_content(id: str, service: Serving, key: Reader) -> FileResponse:
    """The profile itself."""
    return _file(_result(service, key, "profiles", id), "profile.json", "application/json")


@router.get("/profiles/{id}/schema", tags=["profiles"], responses=_JSON)
def get_profile_schema(id: str, service: Serving, key: Reader) -> dict[str, Any]:
    """Kinds, roles and formats of the columns, as they were detected. Corrections go to `config.columns` of a model."""
    record = json.loads((_result(service, key, "profiles", id) / "profile.json").read_text("utf-8"))
    return dict(record["schema"])


@router.get("/profiles/{id}/report", tags=["profiles"], responses=_HTML, response_class=FileResponse)
def get_profile_report(id: str, service: Serving, key: Reader) -> FileResponse:
    """The profile as one HTML page."""
    return _file(_result(service, key, "profiles", id), "profile.html", "text/html")


Accept = Annotated[str | None, Header(include_in_schema=False)]
Format = Annotated[
    Literal["csv", "jsonl", "json", "parquet", "zip"] | None,
    Query(description="Instead of `Accept`; zip is for images, and csv for all others."),
]
Rows = Annotated[int | None, Query(ge=1, description="The first rows only.")]


def _rows(folder: Path, id: str, accept: str | None, format: str | None, most: int | None) -> StreamingResponse:
    made = rows.Stored.of(folder)
    kind = rows.chosen(made, accept, format)
    name = f'attachment; filename="synthetic-{id}.{kind}"'
    content = rows.nonempty(rows.stream(made, kind, most))
    return StreamingResponse(
        content, media_type=rows.MEDIA_TYPES[kind], headers={"Content-Disposition": name, "Vary": "Accept"}
    )


@router.get("/models/{id}/data", tags=["models"], responses=_ROWS, response_class=StreamingResponse)
def get_model_data(
    id: str, service: Serving, key: Reader, accept: Accept = None, format: Format = None, rows: Rows = None
) -> StreamingResponse:
    """The rows that passed the privacy filter."""
    return _rows(_result(service, key, "models", id), id, accept, format, rows)


@router.get("/generations/{id}/data", tags=["generations"], responses=_ROWS, response_class=StreamingResponse)
def get_generation_data(
    id: str, service: Serving, key: Reader, accept: Accept = None, format: Format = None, rows: Rows = None
) -> StreamingResponse:
    """The rows of a generation."""
    return _rows(_result(service, key, "generations", id), id, accept, format, rows)


@router.get("/continuations/{id}/data", tags=["continuations"], responses=_ROWS, response_class=StreamingResponse)
def get_continuation_data(
    id: str, service: Serving, key: Reader, accept: Accept = None, format: Format = None, rows: Rows = None
) -> StreamingResponse:
    """The rows that follow, without the known ones. No privacy filter looked at them: they begin with rows that you gave."""
    return _rows(_result(service, key, "continuations", id), id, accept, format, rows)


@router.get("/models/{id}/manifest", tags=["models"], responses=_JSON)
def get_model_manifest(id: str, service: Serving, key: Reader) -> dict[str, Any]:
    """How the rows came about, and what was measured."""
    return dict(json.loads((_result(service, key, "models", id) / "rows.json").read_text("utf-8"))["manifest"])


@router.get("/generations/{id}/manifest", tags=["generations"], responses=_JSON)
def get_generation_manifest(id: str, service: Serving, key: Reader) -> dict[str, Any]:
    """How the rows came about, how many no privacy filter looked at, and the manifest of their model."""
    record = json.loads((_result(service, key, "generations", id) / "rows.json").read_text("utf-8"))
    return {name: record[name] for name in ("rows", "seed", "unchecked", "effective", "manifest")}


@router.get("/continuations/{id}/manifest", tags=["continuations"], responses=_JSON)
def get_continuation_manifest(id: str, service: Serving, key: Reader) -> dict[str, Any]:
    """How the rows came about, and the manifest of their model."""
    record = json.loads((_result(service, key, "continuations", id) / "rows.json").read_text("utf-8"))
    return {name: record[name] for name in ("rows", "seed", "unchecked", "horizon", "paths", "manifest")}


def _scores(folder: Path) -> dict[str, Any]:
    found = json.loads((folder / "outcome.json").read_text("utf-8"))["evaluation"]
    if found is None:
        raise Problem(404, "not-found", "The run was not evaluated: `config.evaluate.enabled` was off.")
    return dict(found)


@router.get("/models/{id}/scores", tags=["models"], responses=_JSON)
def get_model_scores(id: str, service: Serving, key: Reader) -> dict[str, Any]:
    """Every score beside its yardstick, and the attacks."""
    return _scores(_result(service, key, "models", id))


@router.get("/evaluations/{id}/scores", tags=["evaluations"], responses=_JSON)
def get_evaluation_scores(id: str, service: Serving, key: Reader) -> dict[str, Any]:
    """Every score beside its yardstick, and the attacks."""
    return _scores(_result(service, key, "evaluations", id))


@router.get("/models/{id}/report", tags=["models"], responses=_HTML, response_class=FileResponse)
def get_model_report(id: str, service: Serving, key: Reader) -> FileResponse:
    """The evidence as one HTML page that needs nothing else."""
    return _file(_result(service, key, "models", id), "files/report.html", "text/html")


@router.get("/evaluations/{id}/report", tags=["evaluations"], responses=_HTML, response_class=FileResponse)
def get_evaluation_report(id: str, service: Serving, key: Reader) -> FileResponse:
    """The evidence as one HTML page that needs nothing else."""
    return _file(_result(service, key, "evaluations", id), "files/report.html", "text/html")


@router.get("/models/{id}/archive", tags=["models"], responses=_FILE, response_class=FileResponse)
def get_model_archive(id: str, service: Serving, key: Reader) -> FileResponse:
    """The model as a zip file, for `smartsynth sample` and `smartsynth.resample`. It holds no real row."""
    return _file(
        _result(service, key, "models", id), "files/model.zip", "application/zip", attachment=f"model-{id}.zip"
    )


@router.get(
    "/models/{id}/run",
    tags=["models"],
    responses={200: {"content": {"application/yaml": {}}}},
    response_class=FileResponse,
)
def get_model_run(id: str, service: Serving, key: Reader) -> FileResponse:
    """The settings of the run, as a file for `smartsynth synthesize --config`."""
    return _file(_result(service, key, "models", id), "files/run.yaml", "application/yaml", attachment="run.yaml")
