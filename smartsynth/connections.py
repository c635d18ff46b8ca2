"""Places that a service may read from and write to, named by its operator: nobody who calls it gives an address.

SMARTSYNTH_CONNECTIONS names a YAML file:

    warehouse:
      url: postgresql://reader@db/sales?password=env:WAREHOUSE_PASSWORD
      tables: [public.orders, "public.sales_*"]
    lake:
      url: s3://bucket/exports
      write: true
"""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import Field, ValidationError

from smartsynth.config import Settings
from smartsynth.connectors import STORAGE, Place
from smartsynth.errors import ConfigError, did_you_mean


class Connection(Settings):
    """One place.

    Args:
        url: A database of SQLAlchemy, without a table; or a folder of storage.
        tables: Tables of the database that may be read (and written), with `*` for any letters.
        write: Whether rows may be written there.
    """

    url: str
    tables: tuple[str, ...] = Field(())
    write: bool = False

    @property
    def is_database(self) -> bool:
        return self.url.partition("://")[0] not in (*STORAGE, "file") and "://" in self.url

    def address(self, name: str, *, table: str | None, path: str | None, writing: bool = False) -> str:
        """The address of a table or file that this place allows.

        Raises:
            ConfigError: It does not.
        """
        if writing and not self.write:
            raise ConfigError(f"connection={name!r} may be read from, and not written to.")
        if self.is_database:
            if table is None or path is not None:
                raise ConfigError(f"connection={name!r} is a database: give `table`, and no `path`.")
            if not any(fnmatch.fnmatchcase(table, pattern) for pattern in self.tables):
                raise ConfigError(
                    f"table={table!r} of connection={name!r} is not allowed. Allowed: {', '.join(self.tables) or 'none'}."
                )
            return f"{self.url}#{table}"
        if path is None or table is not None:
            raise ConfigError(f"connection={name!r} is storage: give `path`, and no `table`.")
        parts = path.split("/")
        if path.startswith("/") or ".." in parts or "" in parts or any(letter in path for letter in "*?[]\\:#\0"):
            raise ConfigError(f"path={path!r} must lead to a file or folder below the connection, by plain names.")
        return f"{self.url.rstrip('/')}/{path}"


def connections() -> Mapping[str, Connection]:
    """The places of this service; none if SMARTSYNTH_CONNECTIONS is not set.

    Raises:
        ConfigError: The file is not there, or says something that is not known.
    """
    import yaml

    file = os.environ.get("SMARTSYNTH_CONNECTIONS")
    if not file:
        return {}
    try:
        values = yaml.safe_load(Path(file).read_text("utf-8")) or {}
        found = {str(name): Connection.model_validate(value) for name, value in dict(values).items()}
    except OSError as error:
        raise ConfigError(f"SMARTSYNTH_CONNECTIONS={file!r} cannot be read ({error.strerror}).") from None
    except ValidationError as error:  # its own text holds the values, which may be secret
        wrong = ", ".join(".".join(map(str, one["loc"])) for one in error.errors())
        raise ConfigError(
            f"SMARTSYNTH_CONNECTIONS={file!r}: a connection has url, tables and write. Wrong: {wrong}."
        ) from None
    except (yaml.YAMLError, TypeError, ValueError) as error:
        raise ConfigError(
            f"SMARTSYNTH_CONNECTIONS={file!r} must hold `name: {{url: …}}` ({type(error).__name__})."
        ) from None
    for one in found.values():
        if not one.is_database:
            Place.of(one.url)
        else:
            Place.of(f"{one.url}#any")  # refuses a password that stands in it
    return found


def address_of(name: str, *, table: str | None = None, path: str | None = None, writing: bool = False) -> str:
    """The address of a table or file of a named place.

    Raises:
        ConfigError: There is no such place, or it does not allow this.
    """
    known = connections()
    if name not in known:
        raise ConfigError(
            f"connection={name!r} is not known.{did_you_mean(name, known)} Connections: {', '.join(known) or 'none'}."
        )
    return known[name].address(name, table=table, path=path, writing=writing)
