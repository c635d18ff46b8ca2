"""Logs and metrics of the service. Neither holds a value of the data, a name of a column or a key.

A log line is one JSON object with the fields of FIELDS alone. The path that it names is the route's pattern, not the
address that was asked for.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import sys
import time
from contextvars import ContextVar
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from smartsynth.errors import MissingExtraError
from smartsynth.jobs.facts import State
from smartsynth.jobs.service import Jobs

FIELDS = ("request", "method", "route", "status", "seconds", "key", "bytes")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
REQUEST: ContextVar[str] = ContextVar("request", default="-")
_log = logging.getLogger("smartsynth.requests")


class JsonLines(logging.Formatter):
    """A log record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "request": REQUEST.get(),
        }
        line |= {name: getattr(record, name) for name in FIELDS if hasattr(record, name)}
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__  # its message may hold cells
        return json.dumps(line, ensure_ascii=False)


def log_to_stderr(level: str = "INFO") -> None:
    """Let the service's loggers, and the server's, write JSON lines on standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    for name in ("smartsynth", "uvicorn"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(level)
    logging.getLogger("uvicorn.error").handlers, logging.getLogger("uvicorn.error").propagate = [], True
    logging.getLogger("uvicorn.access").disabled = True  # it writes down addresses, and a page's address is a secret


class Metrics:
    """Figures of one server for Prometheus."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "smartsynth_requests",
            "Requests by route and status.",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self.seconds = Histogram(
            "smartsynth_request_seconds", "Seconds until the first byte of an answer.", ("route",), registry=self._registry,
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 10),
        )  # fmt: skip
        self.bytes = Counter("smartsynth_answered_bytes", "Bytes of answers.", registry=self._registry)
        self._jobs_by = Gauge("smartsynth_jobs", "Jobs by task and state.", ("task", "state"), registry=self._registry)
        self._working = Gauge("smartsynth_working", "Jobs that this server works on.", registry=self._registry)

    def text(self) -> bytes:
        """All figures, in Prometheus' format."""
        counts = self._jobs.store.counts()
        for task in sorted({task for task, _ in counts}):
            for state in State:
                self._jobs_by.labels(task, state.value).set(counts.get((task, state.value), 0))
        self._working.set(0 if self._jobs.worker is None else len(self._jobs.worker.children))
        return generate_latest(self._registry)


class Watch:
    """Middleware that counts and logs each request, and gives it a name that its answer and its log lines carry."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        name = secrets.token_hex(8)
        token = REQUEST.set(name)
        began, sent = time.perf_counter(), {"status": 500, "bytes": 0, "first": 0.0}

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                sent["status"], sent["first"] = message["status"], time.perf_counter() - began
                message = {**message, "headers": [*message["headers"], (b"x-request-id", name.encode())]}
            elif message["type"] == "http.response.body":
                sent["bytes"] += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, told)
        finally:
            self._note(scope, sent, time.perf_counter() - began)
            REQUEST.reset(token)

    def _note(self, scope: Scope, sent: dict[str, float], seconds: float) -> None:
        route, status = _pattern(scope), int(sent["status"])
        method = scope["method"] if scope["method"] in METHODS else "OTHER"
        self._metrics.requests.labels(method, route, status).inc()
        self._metrics.seconds.labels(route).observe(sent["first"] or seconds)
        self._metrics.bytes.inc(sent["bytes"])
        key = scope.get("state", {}).get("key")
        _log.info(
            "answered",
            extra={
                "method": method, "route": route, "status": status, "seconds": round(seconds, 4),
                "key": getattr(key, "id", "-"), "bytes": int(sent["bytes"]),
            },
        )  # fmt: skip


def _pattern(scope: Scope) -> str:
    """The pattern of the route; requests that no route matches count together."""
    path = getattr(scope.get("route"), "path", None)
    return path if isinstance(path, str) else "unknown"


def traced(app: ASGIApp) -> ASGIApp:
    """The app with a span for each request, sent to where OpenTelemetry's own variables say; as it is, if they say nothing.

    Spans have the route's pattern, the method and the status, and no address.

    Raises:
        MissingExtraError: A place is named and OpenTelemetry is not installed.
    """
    if not any(os.environ.get(name) for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")):
        return app
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise MissingExtraError("Tracing", "otel") from None
    provider = TracerProvider(
        resource=Resource.create({"service.name": os.environ.get("OTEL_SERVICE_NAME", "smartsynth")})
    )
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return _Traced(app, provider)


class _Traced:
    """An app with a span for each request."""

    def __init__(self, app: ASGIApp, provider: Any) -> None:
        self._app, self._provider, self._tracer = app, provider, provider.get_tracer("smartsynth.api")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            self._provider.shutdown()
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        from opentelemetry.propagate import extract
        from opentelemetry.trace import SpanKind

        status = 500

        async def told(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        came = extract({name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]})
        with self._tracer.start_as_current_span("request", context=came, kind=SpanKind.SERVER) as span:
            try:
                await self._app(scope, receive, told)
            finally:
                route = _pattern(scope)
                span.update_name(f"{scope['method']} {route}")
                span.set_attributes({
                    "http.request.method": scope["method"], "http.route": route, "http.response.status_code": status,
                })  # fmt: skip
