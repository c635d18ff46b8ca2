"""What every request and answer of the API is held to: how large a body may be, and what a browser may do with an answer."""

from __future__ import annotations

import re

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from smartsynth.api import problems
from smartsynth.api.access import Limits
from smartsynth.api.problems import PREFIX

_DATA = re.compile(rf"{PREFIX}/(datasets|jobs|datasets/[^/]+/parts/[^/]+)/?")
"""Where data may be sent; anything else takes settings alone."""


class Headers:
    """Middleware that tells browsers to trust nothing in an answer."""

    HEADERS = (
        (b"x-content-type-options", b"nosniff"),
        (b"x-frame-options", b"DENY"),
        (b"referrer-policy", b"no-referrer"),
        (b"cache-control", b"no-store"),
        (b"cross-origin-resource-policy", b"same-origin"),
        (
            b"content-security-policy",
            b"default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
            b"frame-ancestors 'none'",
        ),
    )

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                known = {name.lower() for name, _ in message["headers"]}
                more = [(name, value) for name, value in self.HEADERS if name not in known]
                message = {**message, "headers": [*message["headers"], *more]}
            await send(message)

        await self._app(scope, receive, told)


class TooLarge(Exception):  # noqa: N818 - it never leaves this module
    """A body has become larger than it may be."""


class Bounded:
    """Middleware that ends a request whose body is larger than it may be: before it is read, or as soon as it is.

    Whatever a route makes of the end, the answer is 413.
    """

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app, self._limits = app, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = self._limits.body if _DATA.fullmatch(scope["path"]) else self._limits.settings
        told = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        seen, begun, over = 0, False, told.isdigit() and int(told) > most

        async def counted() -> Message:
            nonlocal seen, over
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > most:
                over = True
                raise TooLarge
            return message

        async def answered(message: Message) -> None:
            nonlocal begun
            if not over or begun:
                begun = True
                await send(message)

        if not over:
            try:
                await self._app(scope, counted, answered)
            except TooLarge:
                if begun:
                    raise
        if over and not begun:
            scope.setdefault("state", {})
            text = f"The request is larger than {most:,} bytes. Send the data set in parts, or a smaller one."
            await problems.answer(Request(scope), 413, "too-large", text)(scope, receive, send)
