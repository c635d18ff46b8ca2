"""Schema files of other tools, read and written: SDV's metadata, Frictionless, CSVW, JSON Schema.

values of a file ──kind_of──▶ its kind (schema_kinds.py) ──read──▶ SchemaDocument ──write──▶ values of another kind
sdv.py, frictionless.py, csvw.py, json_schema.py   each with `read` and `write`
notes.py                                           what could not be carried over
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smartsynth import atomic
from smartsynth.conversion import csvw, frictionless, json_schema, sdv
from smartsynth.conversion.notes import Note, Notes
from smartsynth.errors import ConfigError, did_you_mean
from smartsynth.schema_document import SchemaDocument
from smartsynth.schema_kinds import KINDS, kind_of

__all__ = ["KINDS", "Converted", "convert", "kind_of"]
CONSTRAINTS = ".constraints.json"
"""Ending of the file beside SDV's metadata that holds its constraints, as `sdv.utils.load_constraints` reads them."""


@dataclass(frozen=True, slots=True)
class Converted:
    """What a conversion gave.

    Args:
        kind: What was read.
        files: The files that were written.
        notes: What could not be carried over.
    """

    kind: str
    files: tuple[Path, ...]
    notes: tuple[Note, ...]


def convert(source: str | Path, target: str | Path, *, kind: str | None = None, to: str = "smartsynth") -> Converted:
    """Read a schema file of one kind and write it as another.

    Args:
        source: YAML or JSON file.
        target: File to write; YAML for our own kind if its name does not end in `.json`.
        kind: What the source is; found from its content if not given.
        to: What to write.

    Raises:
        ConfigError: A kind is not known, or the file is not what it is said to be.
    """
    for name, value in (("from", kind), ("to", to)):
        if value is not None and value not in KINDS:
            raise ConfigError(f"{name}={value!r} is not known.{did_you_mean(value, KINDS)} Kinds: {', '.join(KINDS)}.")
    source, target = Path(source), Path(target)
    values = _load(source)
    kind = kind or kind_of(values)
    notes = Notes()
    document = _read(values, kind, source, notes)
    files = _write(document, to, target, notes)
    return Converted(kind, files, tuple(notes.found))


def _load(path: Path) -> Any:
    from smartsynth.yaml_text import loaded

    if not path.is_file():
        raise ConfigError(f"{str(path)!r} is not a file.")
    try:
        return loaded(path.read_text("utf-8"))
    except ValueError as error:
        raise ConfigError(f"{str(path)!r} is neither YAML nor JSON: {error}") from None


def _read(values: Any, kind: str, source: Path, notes: Notes) -> SchemaDocument:
    readers = {"frictionless": frictionless.read, "csvw": csvw.read, "json-schema": json_schema.read}
    try:
        if kind == "smartsynth":
            return SchemaDocument.build(values)
        return sdv.read(values, _constraints(source), notes) if kind == "sdv" else readers[kind](values, notes)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        if isinstance(error, ConfigError):
            raise
        lacks = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        raise ConfigError(f"{str(source)!r} is no {kind} file: {lacks}. Name another kind with --from.") from error


def _constraints(source: Path) -> Sequence[Any]:
    """SDV's constraints that stand beside its metadata."""
    beside = source.with_name(source.name.removesuffix(".json") + CONSTRAINTS)
    return _load(beside) if beside.is_file() else ()


def _write(document: SchemaDocument, to: str, target: Path, notes: Notes) -> tuple[Path, ...]:
    if to == "smartsynth":
        values = document.model_dump(mode="json", exclude_defaults=True)
        atomic.write_file(target, _as_json(values) if target.suffix == ".json" else document.to_yaml())
        return (target,)
    if to == "sdv":
        metadata, constraints = sdv.write(document, notes)
        parts = {target: _as_json(metadata)}
        if constraints:
            parts[target.with_name(target.name.removesuffix(".json") + CONSTRAINTS)] = _as_json(constraints)
        atomic.write_files(parts)
        return tuple(parts)
    writers = {"frictionless": frictionless.write, "csvw": csvw.write, "json-schema": json_schema.write}
    atomic.write_file(target, _as_json(writers[to](document, notes)))
    return (target,)


def _as_json(values: Any) -> str:
    return json.dumps(values, ensure_ascii=False, indent=2) + "\n"
