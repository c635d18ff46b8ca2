"""Several tables from where they lie: a folder of files, a workbook, a database, or frames by name.

    FOLDER                          a table a file (CSV, TSV, JSON, JSONL, Parquet, Excel), named as the file; schema.yaml beside them is read
    tables.xlsx                     a table a sheet
    postgresql://USER@HOST/DB       all tables of a database that SQLAlchemy reaches, with its keys; #SCHEMA for one of its schemas
    {"customers": frame, …}         anything that `synthesize` takes

What a schema tells wins over what a database says; keys that neither tells are found (discovery.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from smartsynth import connectors, ingest
from smartsynth.config import Limits
from smartsynth.connectors import Place
from smartsynth.dataset import Dataset
from smartsynth.errors import ConfigError, DataError, EmptyTableError
from smartsynth.inference import refine_schema
from smartsynth.ingest.records import read_sheets
from smartsynth.relational.discovery import completed
from smartsynth.relational.structure import Structure, Tables
from smartsynth.schema import Schema
from smartsynth.schema_document import ForeignKey, SchemaDocument, TableDocument

SCHEMA_FILES = ("schema.yaml", "schema.yml")
RULES = ("pattern", "min_length", "max_length", "required")
OF_COLUMN = ("kind", "role", "semantic", "low", "high", "categories")


def read(
    source: Any,
    *,
    schema: SchemaDocument | Mapping[str, Any] | str | Path | None = None,
    limits: Limits | None = None,
) -> tuple[Tables, SchemaDocument]:
    """Tables with their keys, and all that is known of them as a schema.

    Args:
        source: As at the top of this module.
        schema: What is known, or the file that says it.
        limits: How large each table may be.

    Raises:
        ConfigError: The source or the schema names nothing that is there.
        DataError: A table cannot be read, or a key is broken.
    """
    limits = limits or Limits()
    data, reflected, notes = _data(source, limits)
    document = _document(schema, source)
    if document is None:
        document = SchemaDocument()
    document = _with(document, reflected)
    document = without(document, [name for name in notes if name not in data])
    data = {name: _described(one, document.tables.get(name)) for name, one in data.items()}
    structure = completed(data, Structure.of_document(document, data))
    said = (*notes.values(), *_unused(document, structure))
    return Tables.of(data, structure, said), structure.to_document(document)


def without(document: SchemaDocument, names: Sequence[str]) -> SchemaDocument:
    """The schema without some tables, and without the keys that name rows of them."""
    tables = {}
    for name, table in document.tables.items():
        if name not in names:
            keys = tuple(key for key in table.foreign_keys if key.table not in names)
            tables[name] = table.model_copy(update={"foreign_keys": keys})
    return document.model_copy(update={"tables": tables})


def _unused(document: SchemaDocument, structure: Structure) -> list[str]:
    """What a schema tells of columns that tables with keys do not keep yet, in sentences."""
    said = []
    for name, table in document.tables.items():
        for column, told in table.columns.items():
            of_keys = column in structure.key_columns(name)
            kept = (*OF_COLUMN, "unique", *(("required",) if of_keys else RULES), "reason")
            others = [key for key, value in told if value is not None and key not in kept]
            if others:
                said.append(f"{name}.{column}: {', '.join(others)} is not kept by tables that are made together.")
    return said


def tables_of(source: Any, limits: Limits) -> tuple[dict[str, Dataset], frozenset[str]]:
    """The tables of a source as they are, without what is known of them; and the names of those without rows."""
    data, _, notes = _data(source, limits)
    return data, frozenset(notes)


def _data(source: Any, limits: Limits) -> tuple[dict[str, Dataset], dict[str, TableDocument], dict[str, str]]:
    """Tables, keys that a database tells, and notes by the name of a table that was left out."""
    if isinstance(source, Mapping):
        return _with_rows({str(name): _table(one, limits, str(name)) for name, one in source.items()}, "source")
    text = str(source)
    if "://" in text:
        return _database(text, limits)
    path = Path(text)
    if path.is_dir():
        files = [
            p
            for p in sorted(path.iterdir())
            if p.is_file() and suffix(p) in ingest.SUFFIXES and not p.name.startswith(".")
        ]
        files = [p for p in files if not f".{p.name}".endswith(".manifest.json")]
        stems = [stem(p) for p in files]
        if twice := sorted({stem for stem in stems if stems.count(stem) > 1}):
            raise ConfigError(f"{path} has several files of the table {twice[0]!r}. Leave one.")
        return _with_rows({stem(p): _table(p, limits, None) for p in files}, text)
    if path.suffix.lower() == ".xlsx" and path.is_file():
        return _with_rows(read_sheets(path.read_bytes(), limits, name=path.name), text)
    raise ConfigError(
        f"source={text!r} is neither a folder of tables, a workbook (.xlsx), nor the address of a database "
        "(postgresql://USER@HOST/DB, sqlite:///FILE)."
    )


def _table(source: Any, limits: Limits, name: str | None) -> Dataset | None:
    """A table, None if it has no rows."""
    try:
        return ingest.read(source, limits=limits, **({} if name is None else {"name": name}))
    except EmptyTableError:
        return None


def _with_rows(
    data: Mapping[str, Dataset | None], what: str
) -> tuple[dict[str, Dataset], dict[str, TableDocument], dict[str, str]]:
    """The tables that have rows, no keys, and notes on the others."""
    notes = {name: left_out(name) for name, one in data.items() if one is None}
    return _some({name: one for name, one in data.items() if one is not None}, what), {}, notes


def left_out(name: str) -> str:
    """That a table has no rows."""
    return f"The table {name} is empty and was left out."


def _some(data: dict[str, Dataset], what: str) -> dict[str, Dataset]:
    if not data:
        raise DataError(f"{what} holds no table. Files end in {', '.join(ingest.SUFFIXES)}.")
    return data


def suffix(path: Path) -> str:
    """The ending of a file's name, without the dot."""
    return path.suffix.lower().lstrip(".")


def stem(path: Path) -> str:
    """The name of the table that a file holds."""
    return Path(path.stem).stem if suffix(path) in ("gz", "zip") else path.stem


def file_of(address: str) -> Path | None:
    """The file of a SQLite database, None of others."""
    url = address.partition("#")[0].partition("?")[0]
    return Path(url.removeprefix("sqlite:///")).resolve() if url.startswith("sqlite:///") else None


def _database(address: str, limits: Limits) -> tuple[dict[str, Dataset], dict[str, TableDocument], dict[str, str]]:
    """All tables of a database, or of one of its schemas."""
    import sqlalchemy as sa

    url, _, schema = address.partition("#")
    place = Place.of(f"{url}#-")
    file = file_of(address)
    if file is not None and not file.is_file():  # to connect would make it
        raise ConfigError(
            f"source={place.shown!r}: there is no file {str(file)!r}. Check the address: sqlite:///FILE, sqlite:////FOLDER/FILE."
        )
    whole = limits.model_copy(update={"sample_rows": limits.max_rows})  # a part of a table would cut keys off
    data, told, notes = {}, {}, {}
    try:
        with connectors.engine_of(place).connect() as db:
            inspector = sa.inspect(db)
            names = inspector.get_table_names(schema or None)
            for name in names:
                key = inspector.get_pk_constraint(name, schema or None)
                links = inspector.get_foreign_keys(name, schema or None)
                told[name] = TableDocument(
                    primary_key=tuple(key.get("constrained_columns") or ()),
                    foreign_keys=tuple(
                        ForeignKey(
                            columns=tuple(one["constrained_columns"]), table=one["referred_table"],
                            references=tuple(one["referred_columns"]),
                        )
                        for one in links
                        if one["referred_table"] in names
                    ),
                )  # fmt: skip
    except sa.exc.SQLAlchemyError as error:
        raise DataError(
            f"{place.shown} cannot be read ({type(error).__name__}). Check the address and the rights."
        ) from None
    for name in told:
        try:
            data[name] = connectors.read(f"{url}#{schema + '.' if schema else ''}{name}", limits=whole)
        except EmptyTableError:
            notes[name] = left_out(name)
    for table, one in told.items():
        keys = tuple(key for key in one.foreign_keys if key.table not in notes)
        told[table] = one.model_copy(update={"foreign_keys": keys})
    return _some(data, place.shown), {name: one for name, one in told.items() if name not in notes}, notes


def _document(schema: SchemaDocument | Mapping[str, Any] | str | Path | None, source: Any) -> SchemaDocument | None:
    if schema is None and isinstance(source, str | Path) and Path(str(source)).is_dir():
        schema = next((p for name in SCHEMA_FILES if (p := Path(str(source)) / name).is_file()), None)
    if schema is None or isinstance(schema, SchemaDocument):
        found = schema
    else:
        found = SchemaDocument.read(schema) if isinstance(schema, str | Path) else SchemaDocument.build(schema)
    if found is not None and not found.tables and found != SchemaDocument():
        raise ConfigError("schema tells about one table. Put what it says under `tables`, by the name of each table.")
    return found


def _with(document: SchemaDocument, reflected: Mapping[str, TableDocument]) -> SchemaDocument:
    """The schema with the keys of a database where it tells none."""
    tables = dict(document.tables)
    for name, one in reflected.items():
        known = tables.get(name, TableDocument())
        changes: dict[str, Any] = {}
        if not known.primary_key:
            changes["primary_key"] = one.primary_key
        if not known.foreign_keys:
            changes["foreign_keys"] = one.foreign_keys
        tables[name] = known.model_copy(update=changes)
    return SchemaDocument(tables=tables)


def _described(one: Dataset, told: TableDocument | None) -> Dataset:
    """The table with kinds and meanings of its columns, corrected by what is told."""
    schema: Schema = refine_schema(one.frame, one.schema)
    for name, column in (told.columns if told is not None else {}).items():
        if name in schema:
            changes = {key: value for key, value in column if value is not None and key in OF_COLUMN}
            schema = schema.with_column(name, **changes)
    return replace(one, schema=schema)
