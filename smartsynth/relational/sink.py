"""Several tables to where they shall lie: a folder of files, a workbook, or a database with its keys.

    FOLDER                        a file a table, in the format of the source unless another is asked for, and schema.yaml
    tables.xlsx                   a sheet a table
    postgresql://USER@HOST/DB     tables with primary and foreign keys, parents before children; #SCHEMA for one of its schemas

Everything appears or nothing: files are written beside their places first, tables in one transaction. A database that ends transactions
at every CREATE or DROP, as MySQL does, cannot take the latter back; PostgreSQL and SQLite can.
"""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from smartsynth import atomic, connectors, export, ingest
from smartsynth.config import ExportConfig
from smartsynth.connectors import Place
from smartsynth.dataset import Dataset
from smartsynth.errors import ConfigError
from smartsynth.relational.source import file_of, stem, suffix
from smartsynth.relational.structure import Link, Tables
from smartsynth.schema_document import SchemaDocument

if TYPE_CHECKING:
    import sqlalchemy as sa

FORMATS = ("csv", "tsv", "json", "jsonl", "parquet")
KEY_CHARACTERS = 255
BATCH = 5_000


def write(
    tables: Tables,
    target: str | Path,
    *,
    format: str | None = None,
    replace: bool = False,
    schema: SchemaDocument | None = None,
) -> list[str]:
    """Write all tables, and say what came of it, in words without secrets.

    Args:
        tables: The tables.
        target: As at the top of this module.
        format: Of the files of a folder: csv, tsv, json, jsonl or parquet.
        replace: Whether tables of a database that are there may be replaced. A folder's files of the same names are replaced.
        schema: Written beside files, so that they can be read with their keys.

    Raises:
        ConfigError: The target cannot be written, or the format is not known.
    """
    check(tables, target, format=format, replace=replace)
    text = str(target)
    if "://" in text:
        return _database(tables, text, replace=replace)
    path = Path(text)
    if path.suffix.lower() == ".xlsx":
        return [str(_workbook(tables, path))]
    return _folder(tables, path, format, schema)


def check(
    tables: Tables, target: str | Path, *, source: Any = None, format: str | None = None, replace: bool = False
) -> None:
    """That tables of these names can be written there; nothing is written.

    Args:
        tables: The real tables, or those to write.
        target: As for `write`.
        source: Where the real tables came from, which is not overwritten unless `replace` says so.
        format: As for `write`.
        replace: As for `write`.

    Raises:
        ConfigError: The target cannot be written, the format is not known, or something is there that would be lost.
    """
    text = str(target)
    if format is not None and format not in FORMATS:
        raise ConfigError(f"format={format!r} is not known. Formats of a folder of tables: {', '.join(FORMATS)}.")
    if isinstance(source, str | Path) and not replace and _is_same(str(source), text):
        raise ConfigError(
            f"target={text!r} is where the real tables are. Name another place, or allow them to be replaced."
        )
    if "://" in text:
        _check_database(tables, text, replace=replace)
        return
    path = Path(text)
    if path.suffix.lower() == ".xlsx":
        long = [name for name in tables if len(name) > 31 or any(c in name for c in "[]:*?/\\")]
        if long:
            raise ConfigError(
                f"{long[0]!r} cannot name a sheet (at most 31 characters, none of []:*?/\\). Write a folder."
            )
        return
    if path.suffix or (path.exists() and not path.is_dir()):
        raise ConfigError(f"target={text!r} must be a folder, a workbook (.xlsx), or the address of a database.")
    wrong = [name for name in tables if not re.fullmatch(r"\w[\w .-]*", name)]
    if wrong:
        raise ConfigError(f"{wrong[0]!r} cannot name a file. Rename the table, or write a workbook or a database.")
    files = {name: f"{name}.{_format(data, format)}" for name, data in tables.data.items()}
    there = [p for p in sorted(path.iterdir()) if p.is_file()] if path.is_dir() else []
    twice = [p.name for p in there if files.get(stem(p)) not in (None, p.name) and suffix(p) in ingest.SUFFIXES]
    if twice:
        raise ConfigError(
            f"target={text!r} holds {twice[0]!r}, which would be a second file of the same table. Move it, name another folder, or "
            "write the same format."
        )


def _is_same(one: str, other: str) -> bool:
    """Whether two sources or targets are one place."""
    if "://" in one or "://" in other:
        urls = [(text.partition("#")[0].partition("?")[0], text.partition("#")[2]) for text in (one, other)]
        files = [file_of(text) for text in (one, other)]
        return urls[0] == urls[1] or (None not in files and files[0] == files[1])
    return Path(one).resolve() == Path(other).resolve()


def _check_database(tables: Tables, address: str, *, replace: bool) -> None:
    import sqlalchemy as sa

    url, _, schema = address.partition("#")
    place = Place.of(f"{url}#-")
    engine = connectors.engine_of(place)
    file = file_of(address)
    if file is not None and not file.exists():
        return
    try:
        with engine.connect() as db:
            _refuse_known(tables, db, place, schema, replace=replace)
    except sa.exc.SQLAlchemyError as error:
        raise _unwritable(place, error) from None


def _refuse_known(tables: Tables, db: sa.Connection, place: Place, schema: str, *, replace: bool) -> list[str]:
    """The tables that are there already, if these may be replaced."""
    import sqlalchemy as sa

    there = [name for name in tables if sa.inspect(db).has_table(name, schema=schema or None)]
    if there and not replace:
        raise ConfigError(
            f"{place.shown} has the table {there[0]!r} already. Name another database or schema, or allow tables to be replaced."
        )
    return there


def _unwritable(place: Place, error: Exception) -> ConfigError:
    return ConfigError(f"{place.shown} cannot be written ({type(error).__name__}). Check the address and the rights.")


def _format(data: Dataset, asked: str | None) -> str:
    """The format of a table's file."""
    return asked or (data.source.format if data.source.format in FORMATS else "csv")


def _folder(tables: Tables, folder: Path, format: str | None, schema: SchemaDocument | None) -> list[str]:
    with atomic.files_of(folder) as work:
        for name, data in tables.data.items():
            form = _format(data, format)
            (work / f"{name}.{form}").write_bytes(export.to_bytes(data, format=form, config=ExportConfig()))
        if schema is not None:
            (work / "schema.yaml").write_text(schema.to_yaml(), "utf-8")
        return [str(folder / path.name) for path in sorted(work.iterdir())]


def _workbook(tables: Tables, path: Path) -> Path:
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    for name, data in tables.data.items():
        export.add_sheet(book, name, data)
    buffer = io.BytesIO()
    book.save(buffer)
    return atomic.write_file(path, buffer.getvalue())


def _database(tables: Tables, address: str, *, replace: bool) -> list[str]:
    """The tables of a database, with primary and foreign keys."""
    import sqlalchemy as sa

    url, _, schema = address.partition("#")
    place = Place.of(f"{url}#-")
    engine = connectors.engine_of(place)
    file = file_of(address)
    is_new = file is not None and not file.exists()
    if engine.dialect.name == "sqlite":
        _whole_transactions(engine)
    try:
        with engine.begin() as db:
            if there := _refuse_known(tables, db, place, schema, replace=replace):
                old = sa.MetaData()
                old.reflect(db, schema=schema or None, only=there)
                old.drop_all(db)
            known = _declared(tables, schema or None, db.dialect.name)
            known.create_all(db)
            for name in _in_order(tables):
                _insert(db, known.tables[f"{schema}.{name}" if schema else name], tables.frame(name))
    except sa.exc.SQLAlchemyError as error:
        raise _unwritable(place, error) from None
    finally:
        if file is not None and is_new and file.exists() and not file.stat().st_size:
            file.unlink()  # nothing was written
    return [f"table {name}" for name in tables]


def _whole_transactions(engine: sa.Engine) -> None:
    """CREATE and DROP belong to transactions of SQLite as well; its driver would end them there (SQLAlchemy, "Serializable isolation")."""
    import sqlalchemy as sa

    @sa.event.listens_for(engine, "connect")
    def connect(connection: Any, _: Any) -> None:
        connection.isolation_level = None

    @sa.event.listens_for(engine, "begin")
    def begin(db: sa.Connection) -> None:
        db.exec_driver_sql("BEGIN")


def _in_order(tables: Tables) -> list[str]:
    """Parents before children as far as circles allow."""
    todo, done = list(tables), []
    while todo:
        ready = [n for n in todo if all(k.parent in done or k.is_own for k in tables.structure.of(n))] or todo[:1]
        done += ready
        todo = [name for name in todo if name not in ready]
    return done


def _declared(tables: Tables, schema: str | None, dialect: str) -> sa.MetaData:
    import sqlalchemy as sa

    known, structure = sa.MetaData(schema=schema), tables.structure
    done: set[str] = set()
    for name in _in_order(tables):
        frame, key = tables.frame(name), structure.primary[name]
        keys = structure.key_columns(name)
        columns = [
            sa.Column(
                str(c),
                _type(frame[c], c in keys),
                primary_key=c in key,
                autoincrement=False,
                nullable=c not in key and (tables.data[name].schema[c].nullable or frame[c].hasnans),
            )
            for c in frame.columns
        ]
        unique = {link.references for link in structure.to(name) if link.references != key}
        constraints: list[Any] = [
            sa.UniqueConstraint(*columns_, name=_name("uq", name, columns_)) for columns_ in sorted(unique)
        ]
        done.add(name)
        constraints += [
            _foreign(link, schema, later=link.parent not in done and dialect != "sqlite") for link in structure.of(name)
        ]
        sa.Table(name, known, *columns, *constraints)
    return known


def _foreign(link: Link, schema: str | None, *, later: bool) -> Any:
    import sqlalchemy as sa

    parent = f"{schema}.{link.parent}" if schema else link.parent
    return sa.ForeignKeyConstraint(
        list(link.columns), [f"{parent}.{name}" for name in link.references], name=_name("fk", link.child, link.columns),
        deferrable=True, initially="DEFERRED", use_alter=later,
    )  # fmt: skip


def _name(kind: str, table: str, columns: tuple[str, ...]) -> str:
    return "_".join([kind, table, *columns])[:60]


def _type(cells: pd.Series[Any], is_key: bool) -> Any:
    import sqlalchemy as sa

    dtype = cells.dtype
    if pd.api.types.is_bool_dtype(dtype):
        return sa.Boolean()
    if pd.api.types.is_integer_dtype(dtype):
        return sa.BigInteger()
    if pd.api.types.is_float_dtype(dtype):
        known = cells.dropna()
        whole = is_key and len(known) > 0 and bool((known == known.round()).all())
        return sa.BigInteger() if whole else sa.Double()
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return sa.DateTime(timezone=getattr(dtype, "tz", None) is not None)
    if pd.api.types.is_timedelta64_dtype(dtype):
        return sa.Interval()
    inside = pd.api.types.infer_dtype(cells, skipna=True)
    plain = {
        "date": sa.Date,
        "datetime": sa.DateTime,
        "time": sa.Time,
        "decimal": sa.Numeric,
        "boolean": sa.Boolean,
        "integer": sa.BigInteger,
        "floating": sa.Double,
    }
    if inside in plain:
        return plain[inside]()
    return sa.String(KEY_CHARACTERS) if is_key else sa.Text()


def _insert(db: sa.Connection, table: sa.Table, frame: pd.DataFrame) -> None:
    import sqlalchemy as sa

    columns = {}
    for column in table.columns:
        cells = frame[column.name]
        values = cells.astype(object).where(cells.notna(), None)
        columns[column.name] = [_cell(cell, isinstance(column.type, sa.BigInteger)) for cell in values]
    for at in range(0, len(frame), BATCH):
        rows = zip(*(values[at : at + BATCH] for values in columns.values()), strict=True)
        db.execute(sa.insert(table), [dict(zip(columns, row, strict=True)) for row in rows])


def _cell(cell: Any, is_whole: bool) -> Any:
    """A cell as a driver takes it."""
    if cell is None:
        return None
    if isinstance(cell, pd.Timestamp):
        return cell.to_pydatetime()
    if isinstance(cell, pd.Timedelta):
        return cell.to_pytimedelta()
    cell = cell.item() if isinstance(cell, np.generic) else cell
    return int(cell) if is_whole else cell
