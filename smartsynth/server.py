"""The web app and the API in one process, with workers, records and files in one folder: `smartsynth serve`.

    uvicorn --factory smartsynth.server:application   another ASGI server; the environment sets everything (docs/deploy.md)

Parts of it alone, for machines that share a database and a storage: `serve --only api`, `serve --only worker`.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from smartsynth.errors import ConfigError, MissingExtraError
from smartsynth.jobs import Jobs, from_environment

PARTS = ("all", "api", "ui", "worker")


def application(
    *, jobs: Jobs | None = None, only: str = "all", open_here: bool = False, log_level: str | None = None
) -> Any:
    """The ASGI application.

    Args:
        jobs: What it works with; as the environment says, if not given.
        only: `all`, or `api` or `ui` alone.
        open_here: Whether requests of this machine need no API key.
        log_level: Log lines are JSON from this level on; as the caller has set up logging, if not given.

    Raises:
        ConfigError: `only` is none of these.
        MissingExtraError: A part needs an optional dependency.
    """
    if only not in PARTS or only == "worker":
        raise ConfigError(f"only={only!r} is not known. Parts: all, api, ui.")
    jobs = jobs or from_environment()
    api = None if only == "ui" else _api(jobs, open_here)
    if only == "api":
        return api
    return _web_app(jobs, api, log_level)


def work(jobs: Jobs) -> None:
    """Work on jobs until the process is told to end."""
    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    done.wait()
    jobs.close()


def serve(host: str, port: int, *, only: str = "all", log_level: str = "INFO") -> None:
    """Serve until the process is told to end.

    Args:
        host: Address to listen on. Only on this machine's own (127.0.0.1, ::1) does the API answer without a key.
        port: Port to listen on.
        only: `all`, or a part alone.
        log_level: As `logging` names it.
    """
    import uvicorn

    from smartsynth.api.watching import log_to_stderr
    from smartsynth.patience import limits

    log_to_stderr(log_level)
    if only == "worker":
        work(from_environment())
        return
    jobs = from_environment(workers=None if only in ("all", "ui") else int(os.environ.get("SMARTSYNTH_WORKERS", "0")))
    app = application(jobs=jobs, only=only, open_here=host in ("127.0.0.1", "::1", "localhost"), log_level=log_level)
    try:
        uvicorn.run(
            app,
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=5,
            server_header=False,
            **limits(),
        )
    finally:
        jobs.close()


def _api(jobs: Jobs, open_here: bool) -> Any:
    try:
        from smartsynth.api.app import Service, create_app
        from smartsynth.api.watching import traced
    except ImportError:
        raise MissingExtraError("The API", "api") from None
    return traced(create_app(Service(jobs, open=open_here)))


def _web_app(jobs: Jobs, api: Any, log_level: str | None) -> Any:
    try:
        from starlette.middleware import Middleware
        from starlette.routing import Mount, Route
        from streamlit.starlette import App
    except ImportError:
        raise MissingExtraError("The web app", "ui") from None
    from smartsynth.ui import protection, session

    session.use(jobs)
    routes: list[Any] = []
    if api is not None:
        routes = [Mount("/api", app=_Whole(api, "/api"))]
        routes += [Route(path, endpoint=_Whole(api, "")) for path in ("/healthz", "/readyz", "/metrics")]

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:
        if log_level is not None:
            from smartsynth.api.watching import log_to_stderr

            log_to_stderr(log_level)  # Streamlit has set up the server's loggers its own way by now
        yield

    return App(
        Path(__file__).parent / "ui" / "entry.py",
        routes=routes,
        lifespan=lifespan,
        middleware=[Middleware(protection.Headers)],
    )


class _Whole:
    """Hands a request to an application under its whole path."""

    def __init__(self, app: Any, path: str) -> None:
        self._app, self._path = app, path

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        root = scope.get("root_path", "")
        if root.endswith(self._path):
            scope = {**scope, "root_path": root.removesuffix(self._path)}
        await self._app(scope, receive, send)
