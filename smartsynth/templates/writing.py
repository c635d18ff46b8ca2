"""A template → a folder with a file for each table, schema.yaml and manifest.json, written block by block.

However many rows there are, one block is held in memory, and some more for Parquet, whose row groups are at least GROUP_ROWS rows.
The folder appears whole or not at all. Its bytes follow from template, n, seed, locale and format.
"""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import tempfile
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

from smartsynth._version import __version__
from smartsynth.constraints import broken, rules_of
from smartsynth.errors import ConfigError
from smartsynth.progress import Progress, silent
from smartsynth.schema import Column as RuledColumn
from smartsynth.schema import Kind, Schema
from smartsynth.schema_document import ForeignKey, SchemaDocument, TableDocument
from smartsynth.templates.cells import Cells, Coded
from smartsynth.templates.document import Column, Template
from smartsynth.templates.figures import Compared, Tally
from smartsynth.templates.making import MOST_ROOTS, Maker
from smartsynth.templates.scope import Scope

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
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        tally, rows = _write(maker, part, n, format, report)
        figures = tally.compared()
        manifest = _manifest(maker, n, format, rows, figures)
        (part / "schema.yaml").write_text(schema_of(template).to_yaml(), "utf-8")
        (part / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False, indent=2) + "\n", "utf-8")
        part.chmod(0o777 & ~_umask())
        if folder.exists():
            shutil.rmtree(folder)
        part.rename(folder)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    report(1.0, "Written")
    return Made(folder, rows, figures, manifest)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


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
    if folder.is_dir() and any(folder.iterdir()):
        try:
            ours = "template" in json.loads((folder / "manifest.json").read_text("utf-8"))
        except (OSError, ValueError):
            ours = False
        if not ours:
            raise ConfigError(f"output={str(folder)!r} holds files that no template made. Name a new or empty folder.")


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


def arrow(template: Template, name: str, scope: Scope, schema: pa.Schema | None = None) -> pa.Table:
    """The rows of a table as they are written: its key first, then what points to other tables, then the rest."""
    columns = written(template, name)
    order = [*_keys(template, name), *columns]
    names = [key for key in dict.fromkeys(order) if key in columns]
    cells = [_arrow(scope.columns[key], columns[key]) for key in names]
    made = pa.table(cells, names=names)
    return made if schema is None else made.cast(schema)


def written(template: Template, name: str) -> dict[str, Column | None]:
    """The columns of a table that are written; None for those of rows that the template holds."""
    table = template.tables[name]
    found: dict[str, Column | None] = dict.fromkeys(table.given.columns) if table.given is not None else {}
    for stream in table.streams.values():
        for key, column in stream.columns.items():
            other = found.get(key)
            finer = other is not None and other.decimals != column.decimals  # then they are no whole numbers
            found[key] = column.model_copy(update={"decimals": None}) if finer else column
    found.update(table.columns)
    found.update(table.summary)
    return {key: column for key, column in found.items() if column is None or column.keep}


def _keys(template: Template, name: str) -> list[str]:
    key = template.tables[name].primary_key
    return [*([key] if key else []), *(one.columns[0] for one in _foreign_keys(template, name))]


def _arrow(cells: Cells, column: Column | None) -> pa.Array:
    if isinstance(cells, Coded):
        if cells.levels == ("false", "true"):
            return pa.array(cells.codes == 1, pa.bool_(), mask=cells.codes < 0)
        return cells.texts()
    if isinstance(cells, pa.Array):
        return cells
    if cells.dtype.kind == "M":
        days = column is not None and column.date
        return pa.array(cells.astype("datetime64[D]")) if days else pa.array(cells, pa.timestamp("s"))
    if cells.dtype.kind == "f":
        made = pa.array(cells, from_pandas=True)
        return made.cast(pa.int64()) if column is not None and column.decimals == 0 else made
    return pa.array(cells)


def schema_of(template: Template) -> SchemaDocument:
    """What is known about the tables, as a file that other commands read."""
    tables = {}
    for name, table in template.tables.items():
        if not table.keep:
            continue
        keys = {"primary_key": (table.primary_key,)} if table.primary_key else {}
        tables[name] = TableDocument(foreign_keys=_foreign_keys(template, name), rules=table.rules, **keys)
    return SchemaDocument(tables=tables)


def _foreign_keys(template: Template, name: str) -> tuple[ForeignKey, ...]:
    """The columns of a table that hold keys of others."""
    found: dict[str, ForeignKey] = {}
    table = template.tables[name]
    places = [(table.parent, table.columns), *((one.of or table.parent, one.columns) for one in table.streams.values())]
    for above, columns in places:
        for key, column in columns.items():
            target = column.references
            if column.inherit is not None and above is not None:
                owners = (
                    one for one in template.ancestors(above) if template.tables[one].primary_key == column.inherit
                )
                target = next(owners, None)
            elif column.pick is not None or column.asof is not None:
                target = (column.pick or column.asof).table  # type: ignore[union-attr]
            if (
                target is not None
                and column.keep
                and template.tables[target].keep
                and template.tables[target].primary_key
            ):
                found[key] = ForeignKey(columns=(key,), table=target, references=(template.tables[target].primary_key,))
    return tuple(found.values())


def check_rules(template: Template, block: Mapping[str, Scope]) -> None:
    """ConfigError if the rows of a block break rules of the template."""
    wrong = []
    for name, scope in block.items():
        table = template.tables[name]
        frame = frame_of(template, name, scope)
        if table.rules and len(frame):
            for one in broken(rules_of(table.rules, _schema(template, name, scope)), frame):
                wrong.append(f"table {name!r}: {one.rows:,} of {len(frame):,} rows break the rule {one.rule.said!r}.")
        for text in table.checks:
            if count := int((~scope.holds(text)).sum()):
                wrong.append(f"table {name!r}: {count:,} of {scope.n:,} rows break the check {text!r}.")
    if wrong:
        raise ConfigError(f"The template {template.name!r} does not do what it promises.\n" + "\n".join(wrong))


def _schema(template: Template, name: str, scope: Scope) -> Schema:
    """The columns of a table as rules know them."""
    said = written(template, name)
    columns = []
    for one in arrow(template, name, scope).schema:
        column, kind = said[one.name], one.type
        whole = pa.types.is_integer(kind)
        if pa.types.is_boolean(kind):
            columns.append(RuledColumn(one.name, Kind.BOOLEAN, "boolean"))
        elif whole or pa.types.is_floating(kind):
            decimals = 0 if whole else None if column is None else column.decimals
            columns.append(RuledColumn(one.name, Kind.NUMERIC, "float64", decimals=decimals))
        else:
            dates = pa.types.is_temporal(kind)
            columns.append(RuledColumn(one.name, Kind.DATETIME if dates else Kind.CATEGORICAL, "object"))
    return Schema(tuple(columns))


def frame_of(template: Template, name: str, scope: Scope) -> pd.DataFrame:
    """The rows of a table as pandas has them."""
    frame: pd.DataFrame = arrow(template, name, scope).to_pandas(date_as_object=False)
    return frame


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
