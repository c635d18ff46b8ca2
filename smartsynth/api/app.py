"""The API as one ASGI application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from smartsynth._version import __version__
from smartsynth.api import problems
from smartsynth.api.access import Gate, Limits
from smartsynth.api.bounds import Bounded, Headers
from smartsynth.api.keys import Keys
from smartsynth.api.problems import PREFIX
from smartsynth.api.watching import Metrics, Watch
from smartsynth.jobs import Jobs

DESCRIPTION = """Real data in, safe synthetic data out, with the evidence beside it.

Send a data set, ask for a model of it, wait until the work has succeeded, and take the rows, the report and the model.
Work is answered with 202 and `Location`; look there again after `Retry-After` seconds, or follow its events.
Every error is a problem of RFC 9457."""


@dataclass(slots=True)
class Service:
    """What the routes work with.

    Args:
        jobs: The jobs, data sets and files.
        limits: What one account may ask for.
        open: Whether requests of this machine need no key; only for a server that listens on this machine alone.
    """

    jobs: Jobs
    limits: Limits = field(default_factory=Limits)
    open: bool = False
    keys: Keys = field(init=False)
    gate: Gate = field(init=False)
    metrics: Metrics = field(init=False)

    def __post_init__(self) -> None:
        self.keys, self.gate = Keys(self.jobs.store.database), Gate(self.limits)
        self.metrics = Metrics(self.jobs)
        if self.open:
            self.jobs.account("local", "this machine")


def create_app(service: Service, *, close: bool = False) -> FastAPI:
    """The API over a service.

    Args:
        service: What it works with.
        close: Stop the service's jobs when the server stops.
    """
    from smartsynth.api.routes import datasets, jobs, keys, places, system, templates, works

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        if close:
            service.jobs.close()

    app = FastAPI(
        title="SmartSynth", version=__version__, description=DESCRIPTION, lifespan=lifespan,
        openapi_url=f"{PREFIX}/openapi.json", docs_url=None, redoc_url=None, generate_unique_id_function=_operation,
        responses=dict.fromkeys(("4XX", "5XX"), _PROBLEM),
    )  # fmt: skip
    app.state.service = service
    problems.install(app)
    for part in (datasets, works, places, jobs, templates, keys, system):
        app.include_router(part.router, prefix=PREFIX)
    app.include_router(system.root)
    app.add_middleware(Bounded, limits=service.limits)
    app.add_middleware(Watch, metrics=service.metrics)
    app.add_middleware(Headers)
    return app


_PROBLEM: dict[str, Any] = {
    "description": "What went wrong (RFC 9457).",
    "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemShape"}}},
}


def _operation(route: APIRoute) -> str:
    return route.name
