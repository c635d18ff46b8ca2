"""`smartsynth app` and `serve`: the web app and the REST API on this machine."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from smartsynth.errors import ConfigError, MissingExtraError, did_you_mean
from smartsynth.shell import command, screen_of

Port = Annotated[int, typer.Option("--port", min=1, max=65535, help="Port to listen on.")]


@command
def web_app(
    context: typer.Context,
    port: Port = 8501,
    host: Annotated[
        str,
        typer.Option("--host", help="Address to listen on. There is no login: any other lets in whoever can reach it."),
    ] = "127.0.0.1",
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Only print the address.")] = False,
) -> None:
    """Start the web app on this machine; Ctrl-C stops it."""
    import os
    import socket
    from importlib.util import find_spec

    if find_spec("streamlit") is None:
        raise MissingExtraError("The web app", "ui")
    _check_free(host, port)
    settings = {
        "server.port": port, "server.address": host, "server.headless": no_browser or not _has_screen(),
        "server.showEmailPrompt": False,
    }  # fmt: skip
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not chosen
        # Without a name to show, Streamlit asks a server on the internet for this machine's address.
        settings["browser.serverAddress"] = socket.gethostname()
    flags = [part for name, value in settings.items() for part in (f"--{name}", str(value).lower())]
    # In place of this process, so that Ctrl-C and the end of a service reach the server itself.
    os.execv(sys.executable, [sys.executable, "-m", "smartsynth.ui.served", *flags])  # noqa: S606 - no shell is meant


@command
def serve(
    context: typer.Context,
    port: Port = 8501,
    host: Annotated[
        str,
        typer.Option(
            "--host",
            help="Address to listen on. On any but this machine's own, the API asks for a key; the web app asks nobody.",
        ),
    ] = "127.0.0.1",
    only: Annotated[str, typer.Option("--only", help="api, ui or worker alone; all of them if not given.")] = "all",
    log_level: Annotated[str, typer.Option("--log-level", help="debug, info, warning or error.")] = "info",
) -> None:
    """Serve the web app and the REST API, with workers of their own; Ctrl-C stops them."""
    from smartsynth import server

    if only not in server.PARTS:
        raise ConfigError(
            f"only={only!r} is not known.{did_you_mean(only, server.PARTS)} Parts: {', '.join(server.PARTS)}."
        )
    if only != "worker":
        _check_free(host, port)
        screen_of(context).note(*_addresses(host, port, only))
    server.serve(host, port, only=only, log_level=log_level.upper())


def _addresses(host: str, port: int, only: str) -> list[str]:
    at = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    said = [] if only == "api" else [f"Web app: {at}"]
    return said if only == "ui" else [*said, f"API: {at}/api/v1 (description: {at}/api/v1/openapi.json)"]


def _check_free(host: str, port: int) -> None:
    """Refuses an address on which nothing can listen, before the server is started."""
    import socket

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        raise ConfigError(
            f"The web app cannot listen on host={host!r}, port={port}: {error.strerror}. Give another --port or --host."
        ) from None


def _has_screen() -> bool:
    """Whether a browser could be seen: on Linux there must be a display."""
    import os

    return sys.platform != "linux" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
