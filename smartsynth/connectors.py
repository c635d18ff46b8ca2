"""Tables that lie elsewhere: in a database, a bucket, a folder of Parquet files, on the Hugging Face Hub.

    postgresql://USER@HOST/DATABASE#SCHEMA.TABLE    any database that SQLAlchemy reaches
    s3://BUCKET/PATH  gs://…  az://…                a file of any format that is read, or a folder of Parquet files
    hf://datasets/OWNER/NAME                        the Parquet files of a data set of the Hub
    FOLDER                                          Parquet files, also in partitions (`year=2024/…`); or images (ingest/pictures.py)

A secret never stands in an address: `?password=env:NAME` takes it from a variable, `?password=file:PATH` from a file, and
storage has the credentials of its own tools. Rows come in batches. Where there are more than `limits.sample_rows`, as many are
drawn at random, each with the same chance, in one pass and in bounded memory; the data set's notes say so.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np
import pandas as pd

from smartsynth import export, ingest
from smartsynth.config import ExportConfig, Limits
from smartsynth.dataset import Dataset, Source
from smartsynth.errors import ConfigError, DataError, EmptyTableError, MissingExtraError, did_you_mean
from smartsynth.ingest import pictures
from smartsynth.ingest.arrow import frame_of
from smartsynth.ingest.frames import dataset
from smartsynth.sketches import Sketcher

if TYPE_CHECKING:
    import sqlalchemy as sa

BATCH_ROWS = 50_000
STORAGE = {"s3": "s3", "gs": "gcs", "gcs": "gcs", "az": "azure", "abfs": "azure", "hf": "hf", "memory": "api"}
"""Storage that can be reached, with the extra that each needs."""


def is_elsewhere(text: str) -> bool:
    """Whether a text names a table that lies elsewhere, or a folder.

    >>> is_elsewhere("s3://bucket/rows"), is_elsewhere("rows.csv")
    (True, False)
    """
    return "://" in text or (text != "-" and Path(text).is_dir())


def read(address: str, *, limits: Limits | None = None, seed: int = 0) -> Dataset:
    """A table from where it lies.

    Args:
        address: As at the top of this module.
        limits: How large it may be, and how many rows are drawn where there are more.
        seed: Draws them; the same seed draws the same rows of the same table.

    Raises:
        ConfigError: The address is none, holds a secret, or names nothing that is there.
        DataError: The table cannot be read.
        MissingExtraError: What reaches it is not installed.
    """
    limits = limits or Limits()
    if "://" not in address and pictures.is_gallery(Path(address)):
        return pictures.read_folder(Path(address), limits)
    place = Place.of(address)
    if place.table is not None:
        return _drawn(_from_database(place), limits, seed, name=place.table, kind="database")
    files, filesystem = place.files()
    if len(files) == 1 and not files[0].endswith((".parquet", ".pq")):
        return _one_file(files[0], filesystem, limits)
    return _drawn(_from_parquet(files, filesystem, limits), limits, seed, name=place.name, kind="parquet")


def write(rows: Dataset, address: str, *, replace: bool = False, config: ExportConfig | None = None) -> str:
    """Write a table to where it shall lie, whole or not at all; what was written, in words without secrets.

    Args:
        rows: The table.
        address: A table of a database, or a file of storage, whose ending names the format.
        replace: Whether a table or file that is there may be replaced.
        config: How text cells are written.

    Raises:
        ConfigError: The address is none, holds a secret, or something is there already.
    """
    place = Place.of(address)
    if place.table is not None:
        _to_database(rows, place, replace=replace)
        return f"table {place.table}"
    format = export.format_of(Path(place.name), None)
    filesystem, root = place.filesystem()
    if not replace and filesystem.exists(root):
        raise ConfigError(f"{place.shown} is there already. Name another file, or allow it to be replaced.")
    filesystem.pipe_file(root, export.to_bytes(rows, format=format, config=config))
    return place.shown


@dataclass(frozen=True, slots=True)
class Place:
    """Where a table lies.

    Args:
        url: Its address without the table, with references instead of secrets.
        table: Table of a database, with its schema before a dot; None for files.
    """

    url: str
    table: str | None

    @classmethod
    def of(cls, address: str) -> Place:
        """The place that an address names."""
        if "://" not in address:
            return cls(address, None)
        parts = urlsplit(address)
        if parts.password is not None:
            raise ConfigError(
                f"{parts.scheme}://… holds a password, which ends up in histories and logs. Leave it out and add "
                "?password=env:NAME or ?password=file:PATH."
            )
        if parts.scheme in STORAGE or parts.scheme == "file":
            return cls(address, None)
        if not parts.fragment:
            raise ConfigError(f"{parts.scheme}://… names no table: add #TABLE or #SCHEMA.TABLE.")
        return cls(address.partition("#")[0], parts.fragment)

    @property
    def name(self) -> str:
        """The last part of the address."""
        return self.table or self.url.rstrip("/").rpartition("/")[2] or "table"

    @property
    def shown(self) -> str:
        """The address without anything that could be secret."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.hostname or ''}{parts.path}" if parts.scheme else self.url

    def filesystem(self) -> tuple[Any, str]:
        """The file system and the path in it."""
        scheme = self.url.partition("://")[0] if "://" in self.url else "file"
        try:
            from fsspec.core import url_to_fs

            fs, root = url_to_fs(self.url)
        except ImportError:
            raise MissingExtraError(f"Storage at {scheme}://", STORAGE.get(scheme, "api")) from None
        except ValueError:
            known = ", ".join(f"{name}://" for name in STORAGE)
            raise ConfigError(
                f"{scheme}:// cannot be reached. Use one of {known}, or an address of SQLAlchemy."
            ) from None
        return fs, str(root)

    def files(self) -> tuple[list[str], Any]:
        """The file, or the Parquet files below the folder, and their file system."""
        fs, root = self.filesystem()
        try:
            if fs.isfile(root):
                return [root], fs
            found = sorted(path for path in fs.find(root) if path.endswith((".parquet", ".pq")))
        except (OSError, PermissionError) as error:
            raise DataError(
                f"{self.shown} cannot be read ({type(error).__name__}). Check the address and the rights."
            ) from None
        if not found:
            raise DataError(f"{self.shown} holds no Parquet file and no image. Check the address.")
        return found, fs


def engine_of(place: Place) -> sa.Engine:
    """A way to the database of a place, with its secret filled in."""
    try:
        import sqlalchemy as sa
        from sqlalchemy.engine import make_url
        from sqlalchemy.exc import ArgumentError, NoSuchModuleError
    except ImportError:
        raise MissingExtraError("Reading from a database", "api") from None
    try:
        url = make_url(place.url)
        reference = url.query.get("password")
        if isinstance(reference, str):
            url = url.difference_update_query(["password"]).set(password=secret_of(reference))
        if url.drivername in ("postgresql", "postgres"):
            url = url.set(drivername="postgresql+psycopg")
        return sa.create_engine(url, poolclass=sa.NullPool)
    except (ArgumentError, NoSuchModuleError):
        raise ConfigError(
            f"{place.shown}: SQLAlchemy knows no such address. Is the scheme right, and its driver installed?"
        ) from None
    except ImportError as error:
        raise ConfigError(f"{place.shown} needs the driver {error.name!r}: pip install it first.") from None


def secret_of(reference: str) -> str:
    """The secret that a reference names.

    Raises:
        ConfigError: It is no reference, or names nothing.
    """
    kind, _, name = reference.partition(":")
    if kind == "env" and name:
        if name not in os.environ:
            raise ConfigError(f"password=env:{name}: there is no variable of this name.")
        return os.environ[name]
    if kind == "file" and name:
        try:
            return Path(name).read_text("utf-8").strip()
        except OSError as error:
            raise ConfigError(f"password=file:{name}: the file cannot be read ({error.strerror}).") from None
    raise ConfigError("password= must be env:NAME or file:PATH: an address holds no secret itself.")


def _table(place: Place, db: sa.Connection) -> sa.Table:
    """The table that a place names, if the database lists it."""
    import sqlalchemy as sa

    whole = place.table or ""
    found = sa.inspect(db)
    # A name may hold dots itself: the whole of it first, then what follows a schema.
    known: list[str] = []
    for schema, name in dict.fromkeys([("", whole), whole.rpartition(".")[::2], whole.partition(".")[::2]]):
        try:
            there = [*found.get_table_names(schema or None), *found.get_view_names(schema or None)]
        except sa.exc.SQLAlchemyError:  # there is no such schema
            continue
        known += there
        if name in there:
            return sa.Table(name, sa.MetaData(), schema=schema or None, autoload_with=db)
    raise ConfigError(f"{place.shown} has no table {place.table!r}.{did_you_mean(whole.rpartition('.')[2], known)}")


def _from_database(place: Place) -> Iterator[pd.DataFrame]:
    """The rows of a table, a batch at a time."""
    import sqlalchemy as sa

    try:
        with engine_of(place).connect().execution_options(stream_results=True, yield_per=BATCH_ROWS) as db:
            table = _table(place, db)
            names = [column.name for column in table.columns]
            empty = True
            for batch in db.execute(sa.select(table)).partitions(BATCH_ROWS):
                empty = False
                yield _typed(pd.DataFrame([tuple(row) for row in batch], columns=names), table)
            if empty:
                raise EmptyTableError(f"The table {place.table!r} is empty.")
    except sa.exc.SQLAlchemyError as error:
        raise DataError(
            f"{place.shown} cannot be read ({type(error).__name__}). Check the address and the rights."
        ) from None


def _typed(frame: pd.DataFrame, table: sa.Table) -> pd.DataFrame:
    """Whole numbers and truth values as such, also where cells are missing."""
    import sqlalchemy as sa

    for column in table.columns:
        if isinstance(column.type, sa.Integer):
            frame[column.name] = frame[column.name].astype("Int64")
        elif isinstance(column.type, sa.Boolean):
            frame[column.name] = frame[column.name].astype("boolean")
    return frame


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Plain dtypes where no cell is missing."""
    plain = {"Int64": "int64", "boolean": "bool"}
    whole = {c: plain[str(frame[c].dtype)] for c in frame if str(frame[c].dtype) in plain and not frame[c].hasnans}
    return frame.astype(whole)


def _to_database(rows: Dataset, place: Place, *, replace: bool) -> None:
    import sqlalchemy as sa

    schema, _, name = (place.table or "").rpartition(".")
    try:
        with engine_of(place).begin() as db:
            if not replace and sa.inspect(db).has_table(name, schema=schema or None):
                raise ConfigError(
                    f"The table {place.table!r} is there already. Name another one, or allow it to be replaced."
                )
            frame = rows.frame.astype(
                {c: object for c in rows.frame if isinstance(rows.frame[c].dtype, pd.CategoricalDtype)}
            )
            how = "replace" if replace else "fail"
            frame.to_sql(name, db, schema=schema or None, index=False, if_exists=how, chunksize=10_000)  # type: ignore[arg-type]
    except sa.exc.SQLAlchemyError as error:
        raise ConfigError(
            f"{place.shown} cannot be written ({type(error).__name__}). Check the address and the rights."
        ) from None


def _from_parquet(files: list[str], filesystem: Any, limits: Limits) -> Iterator[pd.DataFrame]:
    """The rows of Parquet files, a batch at a time; parts of their paths such as `year=2024` are columns."""
    import pyarrow as pa
    import pyarrow.dataset

    try:
        whole = pyarrow.dataset.dataset(files, filesystem=filesystem, format="parquet", partitioning="hive")
        for batch in whole.to_batches(batch_size=BATCH_ROWS):
            if batch.num_rows:
                yield frame_of(pa.Table.from_batches([batch]), limits, "the lake")
    except (pa.ArrowException, UnicodeDecodeError, OSError) as error:
        raise DataError(f"The Parquet files cannot be read together: {str(error).splitlines()[0]}") from None


def _one_file(path: str, filesystem: Any, limits: Limits) -> Dataset:
    size = filesystem.size(path)
    if size is not None and size > limits.max_bytes:
        raise DataError(
            f"{Path(path).name} has more than {limits.max_bytes:,} bytes. Raise limits.max_bytes or take fewer rows."
        )
    with filesystem.open(path, "rb") as file:
        return ingest.read(file.read(limits.max_bytes + 1), limits=limits, name=Path(path).name)


def _drawn(batches: Iterator[pd.DataFrame], limits: Limits, seed: int, *, name: str, kind: str) -> Dataset:
    """All rows, or as many as may be, each drawn with the same chance: those with the smallest of random numbers, one a row."""
    rng, most = np.random.default_rng([seed, 0xD2A3]), limits.sample_rows
    pool: list[pd.DataFrame] = []
    lots: list[np.ndarray[Any, np.dtype[np.float64]]] = []
    seen, sketcher = 0, Sketcher()
    for batch in batches:
        sketcher.add(batch)
        lots.append(rng.random(len(batch)))
        pool.append(batch)
        seen += len(batch)
        if sum(map(len, lots)) > 2 * most:
            pool, lots = _smallest(pool, lots, most)
    if seen > most:
        pool, lots = _smallest(pool, lots, most)
    frame = pd.concat(pool, ignore_index=True) if len(pool) > 1 else pool[0].reset_index(drop=True)
    note = f"{len(frame):,} of {seen:,} rows were drawn at random, each with the same chance (limits.sample_rows)."
    source = Source(name=name, format=kind, notes=(note,) if seen > most else ())
    made = dataset(_plain(frame), source, limits)
    return replace(made, whole=sketcher.whole()) if seen > most else made


def _smallest(
    pool: list[pd.DataFrame], lots: list[np.ndarray[Any, np.dtype[np.float64]]], most: int
) -> tuple[list[pd.DataFrame], list[np.ndarray[Any, np.dtype[np.float64]]]]:
    """The rows with the smallest lots, in the order in which they came."""
    drawn = np.concatenate(lots)
    kept = np.sort(np.argpartition(drawn, most - 1)[:most])
    return [pd.concat(pool, ignore_index=True).iloc[kept].reset_index(drop=True)], [drawn[kept]]
