"""Who may do what, how often and how much.

Without a key nothing can be done, but on a server that listens on this machine alone: there, requests that come from it
directly have the account `local`. A page of another site in a browser of this machine is not such a request, and neither
is one that a proxy passed on.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.concurrency import run_in_threadpool

from smartsynth.api.keys import Key
from smartsynth.api.problems import Problem
from smartsynth.errors import ConfigError
from smartsynth.privacy.audit import ACTOR

LOCAL = Key("local", "local", "this machine", "admin", 0.0)
_BEARER = HTTPBearer(auto_error=False, description="An API key, as `smartsynth keys create` shows it.")
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one account may ask for.

    Args:
        rate: Requests, such as `100/second`; over it the answer is 429.
        unfinished: Jobs that wait or run at the same time.
        stored: Bytes of data sets.
        body: Bytes of one request.
        settings: Bytes of one request that holds settings alone.
    """

    rate: str = "200/second"
    unfinished: int = 20
    stored: int = 20 * 1024**3
    body: int = 2 * 1024**3
    settings: int = 1024**2

    @classmethod
    def from_environment(cls) -> Limits:
        """As docs/deploy.md lists the variables."""
        usual, gb = cls(), 1024**3
        return cls(
            rate=os.environ.get("SMARTSYNTH_API_RATE", usual.rate),
            unfinished=_whole("SMARTSYNTH_API_JOBS", usual.unfinished),
            stored=_whole("SMARTSYNTH_API_STORED_GB", usual.stored // gb) * gb,
            body=_whole("SMARTSYNTH_API_BODY_GB", usual.body // gb) * gb,
        )


class Gate:
    """Counts the requests of each account.

    Args:
        limits: What one account may ask for.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        try:
            self._rate: RateLimitItem = parse(limits.rate)
        except ValueError:
            raise ConfigError(f"SMARTSYNTH_API_RATE={limits.rate!r} must be like 100/second or 1000/minute.") from None
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def count(self, who: str) -> None:
        """Let a request pass, or tell its sender to wait."""
        if not self._limiter.hit(self._rate, who):
            raise Problem(
                429,
                "too-many",
                f"More than {self.limits.rate} requests of this key. Wait a second.",
                {"Retry-After": "1"},
            )


async def known(
    request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)] = None
) -> Key:
    """The key of a request.

    Raises:
        Problem: There is none, or it opens nothing, or too many requests came with it.
    """
    service = request.app.state.service
    if given is None:
        if not (service.open and _from_here(request)):
            raise Problem(
                401,
                "no-key",
                "An API key is needed: send it as `Authorization: Bearer KEY`.",
                {"WWW-Authenticate": "Bearer"},
            )
        key = LOCAL
    else:
        found = await run_in_threadpool(service.keys.find, given.credentials)
        if found is None:
            who = request.client.host if request.client else "?"
            service.gate.count(f"refused:{who}")
            raise Problem(
                401, "no-key", "This API key opens nothing: it is wrong, has expired or was revoked.",
                {"WWW-Authenticate": 'Bearer error="invalid_token"'},
            )  # fmt: skip
        key = found
    service.gate.count(key.account)
    request.state.key = key
    ACTOR.set(f"key {key.id}")
    return key


def allowed(scope: str) -> Callable[[Key], Key]:
    """A dependency: the key of the request, which must have this scope."""

    def check(key: Annotated[Key, Depends(known)]) -> Key:
        if not key.may(scope):
            raise Problem(403, "forbidden", f"This key has the scope {key.scope!r}, and {scope!r} is needed.")
        return key

    return check


Reader = Annotated[Key, Depends(allowed("read"))]
Writer = Annotated[Key, Depends(allowed("write"))]
Admin = Annotated[Key, Depends(allowed("admin"))]


def _from_here(request: Request) -> bool:
    """Whether a program on this machine sent the request itself."""
    if request.client is None or any(name in request.headers for name in _FORWARDED):
        return False
    if not _is_loopback(request.client.host) or not _is_loopback(request.url.hostname or ""):
        return False
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _whole(name: str, default: int) -> int:
    text = os.environ.get(name, str(default))
    if not text.isdigit() or int(text) < 1:
        raise ConfigError(f"{name}={text!r} must be a whole number of at least 1.")
    return int(text)
