"""What a process of its own does in the tests: learns, makes rows and says which."""

from __future__ import annotations

import hashlib
from typing import Any

import smartsynth as ss
from smartsynth import export


def made(data: Any, **settings: Any) -> str:
    """Hash of the synthetic rows of a run, as CSV and as Parquet."""
    result = ss.synthesize(data, **settings)
    parts = [export.to_bytes(result.synthetic, format=name) for name in ("csv", "parquet")]
    return hashlib.sha256(b"".join(parts)).hexdigest()


def put(queue: Any, data: Any, settings: dict[str, Any]) -> None:
    """The same from another process."""
    queue.put(made(data, **settings))
