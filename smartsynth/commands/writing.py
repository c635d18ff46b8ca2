"""The formats that commands write rows in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from smartsynth.config import ExportConfig
    from smartsynth.dataset import Dataset


def format_of(output: str, format: str | None) -> str | None:
    """The format that was asked for, refused before any work if there is none of this name; None leaves it to the output's name."""
    from smartsynth import export
    from smartsynth.connectors import Place

    if "://" in output:
        if Place.of(output).table is None:
            export.format_of(Path(output), format)
        return format
    if output != "-" or format is not None:
        export.format_of(Path(output), format)
    return format


def bytes_of(rows: Dataset, format: str | None, config: ExportConfig) -> bytes:
    """The rows for standard output: in the format of the input if that is text, else CSV."""
    from smartsynth import export

    same = rows.source.format if rows.source.format in ("csv", "tsv", "txt", "json", "jsonl") else "csv"
    return export.to_bytes(rows, format=format or same, config=config)
