"""A template → a folder with a file for each table, schema.yaml and manifest.json, written block by block.

However many rows there are, one block is held in memory, and some more for Parquet, whose row groups are at least GROUP_ROWS rows.
The folder appears whole or not at all. Its bytes follow from template, n, seed, locale and format.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

from smartsynth import atomic
from smartsynth._version import __version__
from smartsynth.errors import ConfigError
from smartsynth.progress import Progress, silent
from smartsynth.templates.document import Template
from smartsynth.templates.figures import Compared, Tally
from smartsynth.templates.making import MOST_ROOTS, Maker
from smartsynth.templates.promises import check_rules
from smartsynth.templates.scope import Scope
from smartsynth.templates.tables import arrow, frame_of, schema_of
from smartsynth.templates.ways import naming

FORMATS = ("csv", "parquet")
GROUP_ROWS = 131_072
BASIS = "Assumed from public figures, not learnt from data."
CALIBRATED = "Assumed from public figures; some columns follow quantiles and shares of real data (see calibrated)."


@dataclass(frozen=True, slots=True)
class Made:
    """What was written.

    Args:
        folder: Where.
        rows: Of each table.
        figures: Published figures beside the same of these rows.
        manifest: What stands in manifest.json.
    """

    folder: Path
    rows: Mapping[str, int]
    figures: tuple[Compared, ...]
    manifest: Mapping[str, Any]


def make(
    template: Template,
    folder: str | Path,
    n: int = 1000,
    *,
    seed: int = 0,
    locale: str | None = None,
    format: str = "csv",
    progress: Progress | None = None,
) -> Made:
    """Write the tables of n rows of the root table, such as patients.

    Raises:
        ConfigError: The folder holds something else, the locale or format is not known, or the template breaks its own rules.
    """
    check_format(format)
    if not 1 <= n <= MOST_ROOTS:
        raise ConfigError(f"n={n:,} must be 1 to {MOST_ROOTS:,} rows of {template.root!r}.")
    report = progress or silent
    folder = Path(folder)
    _check_free(folder)
    maker = Maker.of(template, seed=seed, locale=locale)
    check_rules(template, {**maker.fixed, **maker.block(0)})
    with atomic.folder(folder, mode=0o777) as part:
        tally, rows = _write(maker, part, n, format, report)
        figures = tally.compared()
        manifest = _manifest(maker, n, format, rows, figures)
        (part / "schema.yaml").write_text(schema_of(template).to_yaml(), "utf-8")
        (part / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False, indent=2) + "\n", "utf-8")
    report(1.0, "Written")
    return Made(folder, rows, figures, manifest)


def check_format(format: str) -> None:
    """ConfigError if tables cannot be written so."""
    if format not in FORMATS:
        raise ConfigError(f"format={format!r} is not known for templates. Formats: {', '.join(FORMATS)}.")


def _check_free(folder: Path) -> None:
    if re.match(r"[a-z0-9+]{2,}:/", str(folder)):
        raise ConfigError(
            f"output={str(folder)!r} is an address, and templates are written to a folder here. Copy it from there."
        )
    if folder.is_file():
        raise ConfigError(f"output={str(folder)!r} is a file. Name a folder.")
    if folder.is_dir() and (strange := _not_ours(folder)):
        raise ConfigError(
            f"output={str(folder)!r} holds files that no template made, such as {strange[0]!r}. Name a new or empty folder, or move them "
            "away."
        )


def _not_ours(folder: Path) -> list[str]:
    """What a folder holds besides the files that its manifest lists; everything if the manifest is none of a template."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
        if manifest["basis"] not in (BASIS, CALIBRATED):
            raise ValueError("another basis")
        ours = {f"{name}.{manifest['format']}" for name in manifest["rows"]} | {"schema.yaml", "manifest.json"}
    except (OSError, ValueError, KeyError, TypeError):
        ours = set()
    return sorted(path.name for path in folder.iterdir() if path.name not in ours or not path.is_file())


def roots_for(template: Template, rows: int, *, seed: int = 0, locale: str | None = None) -> int:
    """Rows of the root table that give about so many rows of all tables together."""
    maker = Maker.of(template, seed=seed, locale=locale)
    block = maker.block(0)
    kept = [name for name, table in template.tables.items() if table.keep]
    fixed = sum(maker.fixed[name].n for name in kept if name in maker.fixed)
    each = sum(block[name].n for name in kept if name in block) / template.block
    return max(1, round((rows - fixed) / each))


def _write(maker: Maker, folder: Path, n: int, format: str, report: Progress) -> tuple[Tally, dict[str, int]]:
    template = maker.template
    tally = Tally(template)
    with _Files(template, folder, format) as files:
        for name, scope in maker.fixed.items():
            files.add(name, scope)
        blocks = maker.blocks(n)
        for k in range(blocks):
            block = maker.block(k, n)
            tally.add(block)
            for name, scope in block.items():
                files.add(name, scope)
            report(0.99 * (k + 1) / blocks, f"Block {k + 1:,} of {blocks:,}")
        return tally, dict(files.rows)


@dataclass(slots=True)
class _Files:
    """One open file for each table."""

    template: Template
    folder: Path
    format: str
    rows: dict[str, int] = field(default_factory=dict)
    _open: dict[str, Any] = field(default_factory=dict)
    _schemas: dict[str, pa.Schema] = field(default_factory=dict)
    _held: dict[str, list[pa.Table]] = field(default_factory=dict)

    def __enter__(self) -> _Files:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        for name, file in self._open.items():
            if kind is None:
                self._flush(name)
            file.close()

    def add(self, name: str, scope: Scope) -> None:
        """Append the rows of a table, if it is written."""
        if not self.template.tables[name].keep:
            return
        with naming(f"table {name!r}"):
            rows = arrow(self.template, name, scope, self._schemas.get(name))
        if name not in self._open:
            self._schemas[name] = rows.schema
            self._open[name] = self._opened(name, rows.schema)
            self.rows[name] = 0
        self.rows[name] += len(rows)
        held = self._held.setdefault(name, [])
        held.append(rows)
        if self.format == "csv" or sum(map(len, held)) >= GROUP_ROWS:
            self._flush(name)

    def _opened(self, name: str, schema: pa.Schema) -> Any:
        path = self.folder / f"{name}.{self.format}"
        if self.format == "parquet":
            return pq.ParquetWriter(path, schema)
        return pcsv.CSVWriter(path, schema, write_options=pcsv.WriteOptions(quoting_style="needed"))

    def _flush(self, name: str) -> None:
        held, self._held[name] = self._held.get(name, []), []
        if held:
            self._open[name].write_table(pa.concat_tables(held))


def frames(template: Template, n: int, *, seed: int = 0, locale: str | None = None) -> dict[str, pd.DataFrame]:
    """The tables of n rows of the root table, in memory.

    >>> from smartsynth.templates import load
    >>> tables = frames(load("retail"), 20)
    >>> len(tables["customers"])
    20
    """
    maker = Maker.of(template, seed=seed, locale=locale)
    parts: dict[str, list[pd.DataFrame]] = {}
    for block in _blocks(maker, n):
        for name, scope in block.items():
            if template.tables[name].keep:
                parts.setdefault(name, []).append(frame_of(template, name, scope))
    return {name: pd.concat(parts[name], ignore_index=True) for name in template.tables if name in parts}


def _blocks(maker: Maker, n: int) -> Iterator[Mapping[str, Scope]]:
    yield maker.fixed
    for k in range(maker.blocks(n)):
        yield maker.block(k, n)


def _manifest(
    maker: Maker, n: int, format: str, rows: Mapping[str, int], figures: Sequence[Compared]
) -> dict[str, Any]:
    template = maker.template
    calibrated = {name: list(table.calibrated) for name, table in template.tables.items() if table.calibrated}
    return {
        "basis": CALIBRATED if calibrated else BASIS,
        "template": template.name, "title": template.title, "version": template.version, "digest": template.digest,
        "seed": maker.seed, "locale": maker.locale, "root": template.root, "n": n, "format": format, "rows": dict(rows),
        "calibrated": calibrated,
        "figures": [_figure(one) for one in figures],
        "sources": {key: source.model_dump(mode="json", exclude_none=True) for key, source in template.sources.items()},
        "versions": {"smartsynth": __version__, **_versions()},
    }  # fmt: skip


def _versions() -> dict[str, str]:
    """Of what the rows depend on besides the template."""
    return {name: version(name) for name in ("numpy", "pyarrow", "mimesis") if find_spec(name) is not None}


def _figure(one: Compared) -> dict[str, Any]:
    def plain(value: float) -> float | None:
        return None if math.isnan(value) else float(np.format_float_positional(value, 6, fractional=False))

    return {
        "what": one.figure.what, "cited": one.figure.cited, "made": plain(one.made), "standard_error": plain(one.error),
        "source": one.figure.source,
    }  # fmt: skip
