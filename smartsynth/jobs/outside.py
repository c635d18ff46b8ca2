"""What a job of a server may reach outside it: nothing but what its operator named.

    endpoint         one of SMARTSYNTH_ENDPOINTS, a list of addresses of language models; without it none
    base, model      a model of the package or of the hub, never a folder of the server
    cache            never: a folder of the server

Whoever sends settings to a server is not who runs it, so that an address or a folder in them is refused, whatever it is.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from smartsynth.errors import ConfigError
from smartsynth.models.chat import ENDPOINTS


def check(options: Mapping[str, Any]) -> None:
    """Refuse options of a generator that reach outside.

    Raises:
        ConfigError: An option names an address that the operator did not, or a folder.
    """
    allowed = os.environ.get(ENDPOINTS, "").replace(",", " ").split()
    endpoint = options.get("endpoint")
    if endpoint is not None and endpoint not in allowed:
        which = f"Those that it may: {', '.join(allowed)}." if allowed else "It may ask none."
        raise ConfigError(
            f"endpoint={endpoint!r}: this server does not ask there. {which} Its operator names them in {ENDPOINTS}."
        )
    if options.get("cache") is not None:
        raise ConfigError("cache: a server keeps no answers in a folder that is named from outside. Leave it out.")
    names = ("base",) if endpoint is not None else ("base", "model")
    for name in names:
        value = options.get(name)
        if isinstance(value, str) and _is_folder(value):
            raise ConfigError(f"{name}={value!r} is a folder of the server. Name a model of the hub, or `auto`.")


def _is_folder(name: str) -> bool:
    """Whether a model's name would be looked for on the disk: only `name` and `owner/name` are names of the hub."""
    return name.startswith((".", "/", "~", "\\")) or ".." in name or name.count("/") > 1 or Path(name).exists()
