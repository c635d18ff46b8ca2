"""The tables of a template as one zip file, for those who have no folder to write to."""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from smartsynth.errors import ConfigError
from smartsynth.templates.document import Template
from smartsynth.templates.writing import make, roots_for

MOST_PACKED, MOST_ROWS = 20_000, 1_000_000
"""Rows of the root table, and about of all tables together, that a zip file holds at most; a folder holds millions."""
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
        ConfigError: They would be too many, or see `make`.
    """
    most = min(MOST_PACKED, roots_for(template, MOST_ROWS, seed=seed, locale=locale))
    if n > most:
        raise ConfigError(
            f"n={n:,} rows of {template.root!r} are more than a zip file is made of: ask for {most:,} or fewer, or write a folder with "
            f"`smartsynth template {template.name} -n {n} -o FOLDER`."
        )
    with tempfile.TemporaryDirectory(prefix="smartsynth-template-") as home:
        made = make(template, Path(home) / template.name, n, seed=seed, locale=locale, format=format)
        whole = io.BytesIO()
        with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(made.folder.iterdir()):
                place = zipfile.ZipInfo(f"{template.name}/{path.name}", _DATED)
                place.external_attr = 0o644 << 16
                archive.writestr(place, path.read_bytes(), zipfile.ZIP_DEFLATED)
        return Packed(whole.getvalue(), made.rows)
