"""API keys: 32 random bytes, of which only a hash is kept.

A key belongs to an account, and an account's resources can be reached with its own keys alone. A key looks like
`sk_ID_SECRET`. The hash is SHA-256 without salt or stretching, because nobody can guess 256 random bits.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from dataclasses import dataclass

import sqlalchemy as sa

from smartsynth.errors import ConfigError
from smartsynth.jobs.database import Database
from smartsynth.jobs.service import Jobs
from smartsynth.jobs.tables import keys

SCOPES = ("read", "write", "admin")
"""What a key may do: look at its account; change it; make and revoke keys and see the metrics. Each includes the ones before."""
_FORM = re.compile(r"sk_([0-9a-f]{12})_([\w-]{20,64})")


@dataclass(frozen=True, slots=True)
class Key:
    """What is known about a key.

    Args:
        id: Its name in lists and logs.
        account: Workspace that it opens.
        name: What its owner calls it.
        scope: The widest of SCOPES that it has.
        created, expires, revoked: Seconds since 1970.
    """

    id: str
    account: str
    name: str
    scope: str
    created: float
    expires: float | None = None
    revoked: float | None = None

    def may(self, scope: str) -> bool:
        return SCOPES.index(self.scope) >= SCOPES.index(scope)

    @property
    def holds(self) -> bool:
        return self.revoked is None and (self.expires is None or time.time() < self.expires)


class Keys:
    """The keys in the records of a service."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self, jobs: Jobs, name: str, *, scope: str = "write", days: float | None = None, account: str | None = None
    ) -> tuple[str, Key]:
        """A new key: its text, which is shown once and cannot be found again, and what is known about it.

        Args:
            jobs: The service that it opens.
            name: What to call it.
            scope: The widest thing that it may do, of SCOPES.
            days: After so many days it no longer opens anything; never if not given.
            account: Account of another key that it shares, such as the key that it follows; a new one if not given.

        Raises:
            ConfigError: A value is not allowed.
        """
        if scope not in SCOPES:
            raise ConfigError(f"scope={scope!r} is not known. Scopes: {', '.join(SCOPES)}.")
        if days is not None and not 0 < days <= 3650:
            raise ConfigError(f"days={days:g} must be over 0 and at most 3650.")
        if not 1 <= len(name) <= 100:
            raise ConfigError(f"name={name[:20]!r} must have 1 to 100 characters.")
        if account is not None and not any(key.account == account for key in self.all()):
            raise ConfigError(f"account={account!r} is not known. `smartsynth keys list` shows the accounts.")
        secret, id = secrets.token_urlsafe(32), secrets.token_hex(6)
        now = time.time()
        made = Key(
            id,
            account or f"acc-{secrets.token_hex(12)}",
            name,
            scope,
            now,
            None if days is None else now + days * 86400,
        )
        jobs.account(made.account, name)
        row = {
            "id": id, "space": made.account, "name": name, "hash": _hash(secret), "scopes": scope, "created": now,
            "expires": made.expires,
        }  # fmt: skip
        self._database.write(lambda db: db.execute(keys.insert().values(row)))
        return f"sk_{id}_{secret}", made

    def find(self, text: str) -> Key | None:
        """The key of this text, if it opens anything now."""
        form = _FORM.fullmatch(text)
        if form is None:
            return None
        row = self._database.read(lambda db: db.execute(sa.select(keys).where(keys.c.id == form[1])).first())
        if row is None or not hmac.compare_digest(row.hash, _hash(form[2])):
            return None
        key = _key(row)
        return key if key.holds else None

    def all(self, account: str | None = None) -> list[Key]:
        """The keys of an account or of all, the oldest first."""
        asked = sa.select(keys).order_by(keys.c.created)
        if account is not None:
            asked = asked.where(keys.c.space == account)
        return self._database.read(lambda db: [_key(row) for row in db.execute(asked)])

    def revoke(self, id: str) -> bool:
        """From now on a key opens nothing; False if there is no such key."""
        change = sa.update(keys).where(keys.c.id == id).values(revoked=sa.func.coalesce(keys.c.revoked, time.time()))
        return self._database.write(lambda db: db.execute(change).rowcount) == 1


def _key(row: sa.Row[tuple[object, ...]]) -> Key:
    return Key(row.id, row.space, row.name, row.scopes, row.created, row.expires, row.revoked)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
