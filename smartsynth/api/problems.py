"""Errors as RFC 9457 problems: one shape, whatever went wrong.

The type of a problem is the address of a page of this API that explains it.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from smartsynth.config import RunConfig, explain
from smartsynth.errors import DataError, SmartSynthError, outcome
from smartsynth.jobs.database import Unavailable
from smartsynth.jobs.service import Busy, Full, Gone, OtherRequest, TooMany

MEDIA_TYPE = "application/problem+json"
PREFIX = "/api/v1"

MEANINGS = {
    "bad-request": "The request is not as the API's description says; `errors` names each place.",
    "bad-config": "A setting has a value that is not allowed. The detail names the setting, its value and what is allowed.",
    "unusable-data": "The data cannot be used as they are. The detail lists every problem found.",
    "unusable-model": "A saved model is missing a part or was changed.",
    "privacy": "A privacy promise cannot be kept, so nothing is released.",
    "not-installed": "The server lacks an optional dependency.",
    "not-fitted": "The model has not learnt anything yet.",
    "not-ready": "The work has not succeeded, so it has no result (yet).",
    "cancelled": "The work was cancelled.",
    "stopped": "The process that did the work was stopped again and again.",
    "too-large": "More memory, time or room was asked for than one job or one account may have.",
    "no-key": "An API key is needed: send it as `Authorization: Bearer KEY`.",
    "forbidden": "The key may not do this.",
    "not-found": "There is no such thing, or it belongs to another key.",
    "gone": "It was deleted, or has expired.",
    "busy": "Something else needs it right now.",
    "too-many": "Too much was asked for in a short time. `Retry-After` says when to try again.",
    "other-request": "The Idempotency-Key was used for another request before.",
    "full": "The server's disk is nearly full.",
    "unavailable": "A part of the service does not answer at the moment.",
    "not-acceptable": "None of the asked-for formats can be given.",
    "internal": "Something unforeseen happened. The server's log says where; it holds no value of the data.",
}
_BY_STATUS = {
    400: "bad-request", 401: "no-key", 403: "forbidden", 404: "not-found", 405: "bad-request", 406: "not-acceptable",
    409: "busy", 410: "gone", 413: "too-large", 415: "bad-request", 422: "bad-request", 429: "too-many", 503: "unavailable",
}  # fmt: skip
_OURS: tuple[tuple[type[SmartSynthError], int, str], ...] = (
    (Gone, 404, "not-found"),
    (TooMany, 429, "too-many"),
    (Busy, 409, "busy"),
    (OtherRequest, 422, "other-request"),
    (Full, 507, "full"),
    (Unavailable, 503, "unavailable"),
)
_log = logging.getLogger("smartsynth.api")


class Problem(Exception):  # noqa: N818 - the term of RFC 9457
    """A problem that a route tells about.

    Args:
        status: HTTP status.
        kind: A name of MEANINGS.
        detail: What happened, and what to do.
        headers: Further headers of the answer.
    """

    def __init__(self, status: int, kind: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.kind, self.detail, self.headers = status, kind, detail, dict(headers or {})


def answer(
    request: Request,
    status: int,
    kind: str,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    errors: Sequence[Mapping[str, str]] = (),
) -> JSONResponse:
    """A problem as an answer."""
    body: dict[str, Any] = {
        "type": f"{PREFIX}/problems/{kind}", "title": HTTPStatus(status).phrase, "status": status, "detail": detail,
        "instance": request.url.path,
    }  # fmt: skip
    if errors:
        body["errors"] = list(errors)
    more = dict(headers or {})
    if status in (429, 503):
        more.setdefault("Retry-After", "2")
    return JSONResponse(body, status, more, MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Let every error of an app become a problem."""
    app.add_exception_handler(Problem, _told)
    app.add_exception_handler(SmartSynthError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(ClientDisconnect, _left)
    app.add_exception_handler(Exception, _unforeseen)


async def _told(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Problem)  # noqa: S101  (what it was registered for)
    return answer(request, error.status, error.kind, error.detail, headers=error.headers)


async def _ours(request: Request, error: Exception) -> JSONResponse:
    for kind, status, name in _OURS:
        if isinstance(error, kind):
            return answer(request, status, name, str(error))
    found = outcome(error)
    errors = []
    if isinstance(error, DataError):
        errors = [
            {"pointer": f"/{problem.column}" if problem.column else "", "detail": str(problem)}
            for problem in error.problems
        ]
    return answer(request, found.http_status, found.problem_type, str(error), errors=errors)


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101  (what it was registered for)
    errors = [
        {"pointer": "/" + "/".join(str(part) for part in one["loc"]), "detail": _unread(request, one) or _worded(one)}
        for one in error.errors()
    ]
    detail = "; ".join(f"{one['pointer']}: {one['detail']}" for one in errors[:10])
    return answer(request, 422, "bad-request", detail or "The request is not valid.", errors=errors)


def _unread(request: Request, one: Mapping[str, Any]) -> str:
    """Why the body as a whole was not read as JSON, if that is so."""
    kind = request.headers.get("content-type", "")
    if one["loc"] != ("body",) or one["type"] == "missing" or "json" in kind.lower():
        return ""
    told = f"is {kind[:80]!r}" if kind else "is missing"
    return f"The body was not read as JSON, because the header Content-Type {told}. Send it as `Content-Type: application/json`."


def _worded(one: Mapping[str, Any]) -> str:
    """What is wrong in one place; about a setting of a run, as the library says it."""
    if one["loc"][:2] == ("body", "config") and len(one["loc"]) > 2:
        return explain(RunConfig, {**one, "loc": one["loc"][2:]})
    return str(one["msg"])


async def _of_http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101  (what it was registered for)
    kind = _BY_STATUS.get(error.status_code, "internal" if error.status_code >= 500 else "bad-request")
    return answer(request, error.status_code, kind, str(error.detail), headers=error.headers)


async def _left(request: Request, _: Exception) -> JSONResponse:
    return answer(request, 400, "bad-request", "The request ended before all of it had come.")


async def _unforeseen(request: Request, error: Exception) -> JSONResponse:
    place = traceback.extract_tb(error.__traceback__)[-1]
    _log.error("unforeseen %s in %s, line %s", type(error).__name__, place.filename, place.lineno)
    return answer(request, 500, "internal", f"Something unforeseen happened ({type(error).__name__}).")
