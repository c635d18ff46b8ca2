"""The Ray cluster that work is spread over, and folders on their way to and from it."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path
from typing import Any

from smartsynth.errors import ConfigError, MissingExtraError, did_you_mean

ENGINES = ("local", "ray")


def check_engine(engine: str) -> None:
    """Raises ConfigError unless it is one of ENGINES."""
    if engine not in ENGINES:
        raise ConfigError(
            f"engine={engine!r} is not known.{did_you_mean(engine, ENGINES)} Engines: {', '.join(ENGINES)}."
        )


def cluster() -> Any:
    """Ray, connected to the cluster that RAY_ADDRESS names, or to a new one on this machine.

    Raises:
        MissingExtraError: Ray is not installed.
    """
    try:
        import ray
    except ImportError:
        raise MissingExtraError("The engine `ray`", "ray") from None
    if not ray.is_initialized():
        address = os.environ.get("RAY_ADDRESS")
        ray.init(address=address, log_to_driver=False, configure_logging=False, include_dashboard=False)
    return ray


def packed(folder: Path) -> bytes:
    """The files of a folder as one zip."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            archive.write(path, path.relative_to(folder).as_posix())
    return whole.getvalue()


def unpack(content: bytes, folder: Path) -> Path:
    """The folder that `packed` was given."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(folder)
    return folder
