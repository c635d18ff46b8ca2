"""Jobs: the work behind profiles, models, generations and evaluations, whatever they are."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from smartsynth.api.access import Reader, Writer
from smartsynth.api.app import Service
from smartsynth.api.keys import Key
from smartsynth.api.problems import Problem
from smartsynth.api.routes.common import Cursor, Limit, Once, Serving, before, cursor_of, linked, owned, shown, started
from smartsynth.api.routes.datasets import check_quota
from smartsynth.api.shapes import KINDS, JobShape, Page
from smartsynth.config import RunConfig
from smartsynth.errors import ConfigError
from smartsynth.jobs.facts import Job
from smartsynth.jobs.service import Gone, known_as
from smartsynth.privacy import audit

router = APIRouter(prefix="/jobs", tags=["jobs"])
EVENT_SECONDS = 0.5
_PREVIEW: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}},
    204: {"description": "There is none: none was painted yet, the job paints none, or it has ended."},
}


_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object", "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary", "description": "The real data."},
                        "config": {"type": "string", "default": "{}", "description": "Settings of the run, as JSON."},
                    },
                }
            }
        },
    }
}  # fmt: skip


@router.post("", status_code=202, openapi_extra=_FORM)
async def create_job(
    request: Request, response: Response, service: Serving, key: Writer, once: Once = None
) -> JobShape:
    """Send a data set and learn it, in one request."""
    # The form is read here, after the key was looked at: nobody without one fills a disk.
    async with request.form(max_files=1, max_fields=10) as form:
        file, config = form.get("file"), form.get("config", "{}")
        if not isinstance(file, UploadFile) or not isinstance(config, str):
            raise Problem(
                422, "bad-request", "The form needs a file in its field `file`, and settings in `config` are text."
            )
        return await run_in_threadpool(_begun, service, key, file, config, once, response)


def _begun(service: Service, key: Key, file: UploadFile, config: str, once: str | None, response: Response) -> JobShape:
    """The job of a data set and its settings."""
    try:
        values = json.loads(config)
    except ValueError:
        raise Problem(422, "bad-request", "config is not JSON.") from None
    if not isinstance(values, dict):
        raise Problem(422, "bad-request", "config must be a JSON object of settings.")
    asked: dict[str, Any] = {"config": RunConfig.build(values).model_dump(mode="json", exclude_unset=True)}
    name = file.filename or "data"
    known = None if once is None else service.jobs.store.by_request(key.account, once)
    if known is not None:
        asked["dataset"] = known.job.settings.get("dataset")  # the file came with the first request
    else:
        check_quota(service, key.account, file.size or 0)
        asked["dataset"] = service.jobs.add_dataset(key.account, name, file.file).id
    try:
        return started(service, key, "synthesize", {**asked, "name": name}, once, response)
    except ConfigError:
        if known is None:  # nobody was told of this data set
            service.jobs.delete_dataset(asked["dataset"], key.account)
        raise


@router.get("")
def list_jobs(
    request: Request, response: Response, service: Serving, key: Reader, limit: Limit = 50, cursor: Cursor = None
) -> Page[JobShape]:
    """The jobs of this account, the newest first."""
    found = service.jobs.store.jobs(key.account, KINDS.values(), before=before(cursor), limit=limit + 1)
    following = cursor_of(found[limit - 1].number) if len(found) > limit else None
    now = time.time()
    return Page(items=[JobShape.of(job, now) for job in found[:limit]], next=linked(response, request, following))


@router.get("/{id}")
def get_job(id: str, response: Response, service: Serving, key: Reader) -> JobShape:
    """How a job stands."""
    with owned(service, key, id):
        return shown(service.jobs.job(id, key.account), response)


@router.get("/{id}/preview", responses=_PREVIEW, response_class=Response)
def get_job_preview(id: str, service: Serving, key: Reader) -> Response:
    """A picture of what a running job is learning: images that its model paints by now, which no privacy filter looked at."""
    with owned(service, key, id):
        service.jobs.job(id, key.account)
    picture = service.jobs.preview(id)
    if picture is None:
        return Response(status_code=204)
    audit.note("preview", job=known_as(id))
    return Response(picture, media_type="image/png")


@router.post("/{id}/cancel", status_code=202)
def cancel_job(id: str, response: Response, service: Serving, key: Writer) -> JobShape:
    """Ask a job to stop; nothing of it is kept."""
    with owned(service, key, id):
        job = service.jobs.job(id, key.account)
        if job.state.is_final:
            raise Problem(409, "busy", f"The job has ended: it is {job.state.value}.")
        service.jobs.cancel(id, wait=False)
        return shown(service.jobs.job(id, key.account), response)


@router.delete("/{id}", status_code=204)
def delete_job(id: str, service: Serving, key: Writer) -> None:
    """Delete a job that has ended, with everything that it made."""
    with owned(service, key, id):
        service.jobs.delete_job(id, key.account)


def _followed(id: str, service: Serving, key: Reader) -> Job:
    """The job, found before the stream begins, so that a wrong id is a problem and not an empty stream."""
    with owned(service, key, id):
        return service.jobs.job(id, key.account)


@router.get("/{id}/events", response_class=EventSourceResponse)
async def follow_job(
    job: Annotated[Job, Depends(_followed)], service: Serving, request: Request
) -> AsyncIterator[ServerSentEvent]:
    """The job as it goes on, as server-sent events: `progress` whenever something changed, `end` once."""
    number, last = 0, ""
    while True:
        shape = JobShape.of(job, time.time())
        text = shape.model_dump_json(exclude={"seconds_left"})
        if text != last or job.state.is_final:
            number, last = number + 1, text
            yield ServerSentEvent(data=shape, event="end" if job.state.is_final else "progress", id=str(number))
        if job.state.is_final or await request.is_disconnected():
            return
        await asyncio.sleep(EVENT_SECONDS)
        try:
            job = await run_in_threadpool(service.jobs.watch, job.id)
        except Gone:
            return
