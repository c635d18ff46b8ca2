"""How long the server waits for who sends slowly: uvicorn's own protocol with an end to its patience.

    head   of a request    has come whole within `head_seconds` of its first byte, or of the connection
    body   of a request    brings at least `least_rate` bytes a second, looked at every `body_seconds`
    rest   of a body that has been answered already   is thrown away for `rest_seconds`

Without that a thousand connections that send a byte now and then hold a thousand connections for ever. While the server itself does not
read, because it writes down what came, no time is counted. Websockets are left alone.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from typing import Any, ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from smartsynth.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited for what.

    Args:
        head_seconds: For the head of a request.
        body_seconds: Over which the rate of a body is looked at.
        least_rate: Bytes a second that a body must bring.
        rest_seconds: For what is still sent after the answer.
    """

    head_seconds: float = 15.0
    body_seconds: float = 30.0
    least_rate: float = 1024.0
    rest_seconds: float = 5.0

    @classmethod
    def from_environment(cls) -> Patience:
        """As docs/deploy.md lists the variables."""
        usual = cls()
        return cls(
            _seconds("SMARTSYNTH_API_HEAD_SECONDS", usual.head_seconds),
            _seconds("SMARTSYNTH_API_BODY_SECONDS", usual.body_seconds),
        )


def protocol(patience: Patience) -> type[H11Protocol]:
    """The protocol for uvicorn's setting `http`."""
    return type("PatientProtocol", (PatientProtocol,), {"patience": patience})


class PatientProtocol(H11Protocol):
    """HTTP/1.1 that ends connections on which too little happens."""

    patience: ClassVar[Patience] = Patience()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._waits_for: tuple[str, int] = ("", 0)
        self._since, self._came = self.loop.time(), 0
        wanted = self.patience
        self._every = min(max(min(wanted.head_seconds, wanted.body_seconds, wanted.rest_seconds) / 4, 0.02), 1.0)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Count what came."""
        self._came += len(data)
        super().data_received(data)

    def _watch(self) -> None:
        """Look again and again, for as long as the connection speaks HTTP."""
        if self.transport.is_closing() or self.transport.get_protocol() is not self:
            return
        self._look()
        self.loop.call_later(self._every, self._watch)

    def _look(self) -> None:
        now, wanted = self.loop.time(), self.patience
        part = self._awaited()
        if (part, id(self.cycle)) != self._waits_for or (part == "body" and self.flow.read_paused):
            self._waits_for, self._since, self._came = (part, id(self.cycle)), now, 0
            return
        waited = now - self._since
        if part == "head" and waited > wanted.head_seconds:
            self._refuse()
        elif part == "rest" and waited > wanted.rest_seconds:
            self.transport.abort()
        elif part == "body" and waited > wanted.body_seconds:
            if self._came < wanted.least_rate * waited:
                self.transport.abort()
            self._since, self._came = now, 0

    def _awaited(self) -> str:
        """What the other side has yet to send."""
        if self.conn.their_state is h11.SEND_BODY:
            return "rest" if self.conn.our_state in (h11.DONE, h11.MUST_CLOSE, h11.CLOSED) else "body"
        if self.conn.their_state is h11.IDLE and self.timeout_keep_alive_task is None:
            return "head"
        return ""

    def _refuse(self) -> None:
        """Say that the request took too long, where it can be said."""
        if self.conn.our_state is h11.IDLE:
            head = h11.Response(status_code=408, headers=[(b"connection", b"close"), (b"content-length", b"0")])
            for event in (head, h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


def limits() -> dict[str, Any]:
    """Settings of uvicorn: the protocol, and how many connections one process holds."""
    return {
        "http": protocol(Patience.from_environment()),
        "limit_concurrency": round(_seconds("SMARTSYNTH_API_CONNECTIONS", 1000)),
    }


def _seconds(name: str, default: float) -> float:
    text = os.environ.get(name, str(default))
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e6:
        raise ConfigError(f"{name}={text!r} must be a number greater than 0.")
    return value
