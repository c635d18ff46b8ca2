"""What the web app's answers tell a browser that it may do: run the app's own scripts, talk to the app's own server, and nothing else.

`smartsynth serve`, `smartsynth app` and `streamlit run app.py` add it.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import os
import re
from pathlib import Path
from typing import Any

from smartsynth.errors import ConfigError

FRAMES = "SMARTSYNTH_FRAME_ANCESTORS"
_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)


class Headers:
    """ASGI middleware that adds these headers to answers that have none of their name.

    Args:
        app: Whose answers they are.
    """

    def __init__(self, app: Any) -> None:
        self._app, self._headers = app, headers()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def told(message: Any) -> None:
            if message["type"] == "http.response.start":
                known = {name.lower() for name, _ in message["headers"]}
                more = [(name, value) for name, value in self._headers if name not in known]
                message = {**message, "headers": [*message["headers"], *more]}
            await send(message)

        await self._app(scope, receive, told if scope["type"] == "http" else send)


@functools.cache
def headers() -> tuple[tuple[bytes, bytes], ...]:
    """The headers, as ASGI has them.

    The address of a page is the key to its data, so it goes to no other place.
    """
    frames = os.environ.get(FRAMES, "'none'")
    if not re.fullmatch(r"'none'|'self'|https?://[\w.*:-]+( https?://[\w.*:-]+)*", frames):
        raise ConfigError(
            f"{FRAMES}={frames!r} must be 'none', 'self' or addresses such as https://example.org, parted by spaces."
        )
    policy = {
        "default-src": "'self'",
        "script-src": f"'self' blob: 'wasm-unsafe-eval' {_hashes()}".strip(),  # blob: is how Streamlit loads the scripts of its components
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "connect-src": "'self'",
        "worker-src": "'self' blob:",
        "frame-src": "'self' blob:",
        "object-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": frames,
    }
    return (
        (b"content-security-policy", "; ".join(f"{name} {value}" for name, value in policy.items()).encode("ascii")),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
        (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
        (b"cross-origin-resource-policy", b"same-origin"),
    )


def _hashes() -> str:
    """Streamlit's page has a script inside; it is named by its hash, so that no other one runs."""
    import streamlit

    page = (Path(streamlit.__file__).parent / "static" / "index.html").read_text("utf-8")
    found = (hashlib.sha256(script.encode()).digest() for script in _INLINE.findall(page))
    return " ".join(f"'sha256-{base64.b64encode(digest).decode('ascii')}'" for digest in found)
