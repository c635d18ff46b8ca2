"""The service itself: generators, settings, problems, health and metrics."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse

from smartsynth import pipeline
from smartsynth.api.access import Admin, Reader
from smartsynth.api.problems import MEANINGS, Problem
from smartsynth.api.routes.common import Serving
from smartsynth.api.shapes import GeneratorShape, Health, ProblemShape
from smartsynth.config import RunConfig

router = APIRouter(tags=["service"])
root = APIRouter(tags=["service"])


@router.get("/generators")
def list_generators(key: Reader) -> list[GeneratorShape]:
    """The generators that can be asked for, and what each is for."""
    return [GeneratorShape(**row) for row in pipeline.overview()]


@router.get("/schemas/run", responses={200: {"content": {"application/json": {"schema": {"type": "object"}}}}})
def get_run_schema(key: Reader) -> dict[str, Any]:
    """The JSON Schema of `config`: every setting of a run with its default."""
    return RunConfig.model_json_schema()


@router.get("/problems/{kind}", response_class=PlainTextResponse)
def explain_problem(kind: str) -> str:
    """What a problem's type means."""
    if kind not in MEANINGS:
        raise Problem(404, "not-found", f"There is no problem of this type. Types: {', '.join(MEANINGS)}.")
    return MEANINGS[kind]


@root.get("/healthz", responses={503: {"model": ProblemShape}})
def health() -> Health:
    """Whether the server answers at all."""
    return Health(status="ok")


@root.get("/readyz", responses={503: {"model": Health}})
def ready(response: Response, service: Serving) -> Health:
    """Whether the server can do work: its database and its storage answer, and its worker lives."""
    checks = {
        "database": _works(lambda: service.jobs.store.workspaces()),
        "storage": _works(lambda: service.jobs.blobs.names()),
    }
    if service.jobs.worker is not None:
        checks["worker"] = service.jobs.worker.alive
    well = all(checks.values())
    response.status_code = 200 if well else 503
    return Health(status="ok" if well else "unavailable", checks=checks)


@root.get("/metrics", response_class=PlainTextResponse)
def metrics(service: Serving, key: Admin) -> Response:
    """Figures of this server for Prometheus; an admin's key opens them."""
    return Response(service.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


def _works(ask: Any) -> bool:
    try:
        ask()
    except Exception:  # whatever the reason, it cannot be used now
        return False
    return True
