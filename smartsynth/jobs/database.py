"""One database for the records of the service: SQLite in its folder, or PostgreSQL by a URL.

Every access is one short transaction, run by `write` or `read`, which try again where the database was away for a moment
(it restarts, another process holds the lock). So what runs in them must be safe to run twice: a commit whose answer got
lost may have happened.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from smartsynth.errors import ConfigError, MissingExtraError, SmartSynthError

T = TypeVar("T")
PATIENCE = 5.0
"""Seconds for which a transaction is tried again before `Unavailable` is raised."""
LOCK_SECONDS = 10.0
HEAD = "0002"
"""The newest migration."""


class Unavailable(SmartSynthError):  # noqa: N818 - a state of things rather than a mistake
    """The database does not answer; what was asked for has not happened, or it has and may be asked for again."""


class Database:
    """The records' database, migrated to the newest tables.

    Args:
        url: `sqlite:///PATH` or `postgresql://USER@HOST/NAME`.
        patience: Seconds for which a failed transaction is tried again.

    Raises:
        ConfigError: The URL is none, or names a database of another kind.
        MissingExtraError: The driver is not installed.
    """

    def __init__(self, url: str, *, patience: float = PATIENCE) -> None:
        self.url, self.patience = url, patience
        self.engine = _engine(url)
        self._writes = self.engine.execution_options(smartsynth_write=True)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self._migrate()

    def write(self, work: Callable[[Connection], T]) -> T:
        """What `work` gives, in a transaction that is committed as a whole or not at all."""
        return self._tried(self._writes, work)

    def read(self, work: Callable[[Connection], T]) -> T:
        """What `work` gives, from one state of the records."""
        return self._tried(self.engine, work)

    def now(self, db: Connection) -> float:
        """Seconds since 1970 by the database's clock, which all its users share."""
        if self.is_sqlite:
            return time.time()
        return float(db.execute(sa.text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one())

    def forget(self) -> None:
        """Let no byte of deleted records stay in SQLite's files. PostgreSQL frees them when it cleans up."""
        if self.is_sqlite:
            with self.engine.connect() as db:
                db.exec_driver_sql("ROLLBACK")
                db.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
                db.exec_driver_sql("BEGIN")

    def close(self) -> None:
        self.engine.dispose()

    def _tried(self, engine: Engine, work: Callable[[Connection], T]) -> T:
        until, pause = time.monotonic() + self.patience, 0.02
        while True:
            try:
                with engine.begin() as db:
                    return work(db)
            except DBAPIError as error:
                if not _passing(error):
                    raise
                if time.monotonic() + pause > until:
                    raise Unavailable(
                        "The database of the service does not answer. Try again in a minute; if it stays so, look at its log."
                    ) from None
                time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
                pause = min(2 * pause, 0.5)

    def _migrate(self) -> None:
        """Bring the tables to the newest version; several processes may try at once."""
        if self._version() == HEAD:
            return
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))

        def upgrade(db: Connection) -> None:
            if not self.is_sqlite:
                db.execute(sa.text("SELECT pg_advisory_xact_lock(7091532)"))
            config.attributes["connection"] = db
            command.upgrade(config, "head")

        self.write(upgrade)

    def _version(self) -> str | None:
        def find(db: Connection) -> str | None:
            if not sa.inspect(db).has_table("alembic_version"):
                return None
            return db.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()

        return self.read(find)


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "postgresql" and parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        if parsed.get_backend_name() == "sqlite":
            return _sqlite(parsed)
        if parsed.get_backend_name() == "postgresql":
            return sa.create_engine(
                parsed, pool_size=8, max_overflow=24, pool_pre_ping=True, connect_args={"connect_timeout": 5}
            )
    except (ArgumentError, NoSuchModuleError):
        raise _wrong(url) from None
    except ImportError:
        raise MissingExtraError("PostgreSQL", "postgres") from None
    raise _wrong(url)


def _wrong(url: str) -> ConfigError:
    kind = url.partition(":")[0][:40]
    return ConfigError(
        f"SMARTSYNTH_DATABASE begins with {kind!r}: it must be sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME."  # pragma: allowlist secret
    )


def _sqlite(url: sa.URL) -> Engine:
    path = Path(url.database or "")
    if not path.exists():
        path.touch(mode=0o600)
    engine = sa.create_engine(url, connect_args={"timeout": LOCK_SECONDS}, pool_size=8, max_overflow=56)

    @sa.event.listens_for(engine, "connect")
    def set_up(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # transactions begin where SQLAlchemy says, not where the driver guesses
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA secure_delete=ON")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def begin(db: Connection) -> None:
        write = db.get_execution_options().get("smartsynth_write")
        db.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


def _passing(error: DBAPIError) -> bool:
    """Whether the same transaction may succeed if it is tried again."""
    if error.connection_invalidated:
        return True
    text = str(error.orig).lower()
    if any(word in text for word in ("locked", "busy", "disk i/o", "unable to open", "disk is full")):
        return True
    return type(error.orig).__name__ in (
        "OperationalError", "AdminShutdown", "CannotConnectNow", "SerializationFailure", "DeadlockDetected", "CrashShutdown",
    ) and "no such" not in text  # fmt: skip
