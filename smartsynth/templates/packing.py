"""The tables of a template as one zip file, for those who have no folder to write to."""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from smartsynth.templates.document import Template
from smartsynth.templates.writing import make

MOST_PACKED = 20_000
"""Rows of the root table that a zip file holds at most; a folder holds millions."""
_DATED = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Packed:
    """What was packed.

    Args:
        content: The zip file: a file for each table, schema.yaml and manifest.json.
        rows: Of each table.
    """

    content: bytes
    rows: Mapping[str, int]


def packed(template: Template, n: int, *, seed: int = 0, locale: str | None = None, format: str = "csv") -> Packed:
    """The tables of n rows of the root table in one file; the same bytes for the same arguments.

    Raises:
        ConfigError: See `make`.
    """
    with tempfile.TemporaryDirectory(prefix="smartsynth-template-") as home:
        made = make(template, Path(home) / template.name, n, seed=seed, locale=locale, format=format)
        whole = io.BytesIO()
        with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(made.folder.iterdir()):
                place = zipfile.ZipInfo(f"{template.name}/{path.name}", _DATED)
                place.external_attr = 0o644 << 16
                archive.writestr(place, path.read_bytes(), zipfile.ZIP_DEFLATED)
        return Packed(whole.getvalue(), made.rows)
