"""What the routes share: the service, pages of lists, and what a resource's owner may see."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any

from fastapi import Depends, Header, Query, Request, Response

from smartsynth.api.app import Service
from smartsynth.api.keys import Key
from smartsynth.api.problems import PREFIX, Problem
from smartsynth.api.shapes import RESOURCES, JobShape
from smartsynth.jobs import foresight
from smartsynth.jobs.facts import Job
from smartsynth.jobs.service import Gone

RETRY_SECONDS = 2


def _service(request: Request) -> Service:
    found: Service = request.app.state.service
    return found


Serving = Annotated[Service, Depends(_service)]
Limit = Annotated[int, Query(ge=1, le=200, description="Most items of a page.")]
Cursor = Annotated[str | None, Query(max_length=64, description="`next` of the page before.")]
Once = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key", min_length=1, max_length=128,
        description="A name of the request: sent again, it gives what was made the first time.",
    ),
]  # fmt: skip


def before(cursor: str | None) -> int | None:
    """Where a page goes on."""
    if cursor is None:
        return None
    try:
        return int(base64.urlsafe_b64decode(cursor.encode() + b"==").decode().removeprefix("n"))
    except ValueError:
        raise Problem(400, "bad-request", "This cursor is none of ours. Use `next` of a page as it is.") from None


def cursor_of(number: int) -> str:
    """An opaque name of a place in a list."""
    return base64.urlsafe_b64encode(f"n{number}".encode()).decode().rstrip("=")


def linked(response: Response, request: Request, following: str | None) -> str | None:
    """`following`, which also stands in the answer's `Link`."""
    if following is not None:
        response.headers["Link"] = f'<{request.url.include_query_params(cursor=following)}>; rel="next"'
    return following


@contextmanager
def owned(service: Service, key: Key, id: str) -> Iterator[None]:
    """What is not there is 410 if this account had it once, else 404."""
    try:
        yield
    except Gone:
        if service.jobs.store.was_there(id, key.account):
            raise Problem(410, "gone", "It was deleted, or has expired.") from None
        raise


def started(
    service: Service, key: Key, task: str, settings: Mapping[str, Any], once: str | None, response: Response
) -> JobShape:
    """Queue a job and say where to look."""
    jobs = service.jobs
    unfinished = jobs.unfinished(
        key.account
    )  # counted before the look at the request, which another try may be making now
    known = once is not None and jobs.store.by_request(key.account, once) is not None
    if unfinished >= service.limits.unfinished and not known:
        raise Problem(
            429, "too-many", f"{unfinished} jobs of this account wait or run, and {service.limits.unfinished} may.",
            {"Retry-After": "10"},
        )  # fmt: skip
    if not known:
        foresight.check(jobs, key.account, task, settings)
    job = jobs.submit(
        key.account, task, {name: value for name, value in settings.items() if value is not None}, request=once
    )
    response.headers["Location"] = f"{PREFIX}/{RESOURCES[task]}/{job.id}"
    if not job.state.is_final:
        response.headers["Retry-After"] = str(RETRY_SECONDS)
    return JobShape.of(job, time.time())


def shown(job: Job, response: Response) -> JobShape:
    """How a job stands; with a hint when to look again."""
    if not job.state.is_final:
        response.headers["Retry-After"] = str(RETRY_SECONDS)
    return JobShape.of(job, time.time())
