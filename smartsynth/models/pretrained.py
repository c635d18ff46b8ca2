"""Pretrained networks: which one it was, and whether the Hugging Face hub can be asked for it."""

from __future__ import annotations

import hashlib
import json
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

HUB_SECONDS = 3.0
NUMBERS = 1_024
"""Of each weight that are in a digest, in half precision."""


@dataclass(frozen=True, slots=True)
class Base:
    """A network that others are made from.

    Args:
        name: As it was asked for, or what `auto` chose.
        digest: Of the weights, so that adapters are not put on another network.
    """

    name: str
    digest: str


def digest(*networks: Any, told: Mapping[str, Any] | None = None) -> str:
    """Of the names and shapes of the weights, of numbers from all over them, and of what else decides what a network says.

    Args:
        networks: Modules of torch.
        told: Settings, such as those of a schedule.
    """
    made = hashlib.sha256(json.dumps(told or {}, sort_keys=True, default=str).encode())
    for network in networks:
        for name, weight in network.named_parameters():
            flat = weight.detach().flatten()
            some = flat[:: max(len(flat) // NUMBERS, 1)].float().cpu().numpy()
            made.update(f"{name} {tuple(weight.shape)} ".encode() + some.astype(np.float16).tobytes())
    return made.hexdigest()[:32]


def hub_answers() -> bool:
    """Whether the hub can be reached; not even asked where the environment says that it is off."""
    if os.environ.get("HF_HUB_OFFLINE", "").lower() in ("1", "true", "yes", "on"):
        return False
    from urllib.parse import urlparse

    place = urlparse(os.environ.get("HF_ENDPOINT", "https://huggingface.co"))
    try:
        with socket.create_connection((place.hostname or "", place.port or 443), HUB_SECONDS):
            return True
    except OSError:
        return False


def is_copied(name: str, file: str) -> bool:
    """Whether this machine's copy of the hub holds a file of a repository."""
    from huggingface_hub import try_to_load_from_cache

    return isinstance(try_to_load_from_cache(name, file), str)


def safely(name: str) -> dict[str, Any]:
    """How to open a folder or a repository of the hub: no code of theirs, and no network where there is none."""
    return {"trust_remote_code": False, "local_files_only": not Path(name).is_dir() and not hub_answers()}
