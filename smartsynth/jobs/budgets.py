"""The account of privacy budgets of each workspace, kept with the records of the service.

Every workspace has an account and a secret of its own, so nobody learns what others spent on the same data.
"""

from __future__ import annotations

import secrets as chance
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from smartsynth.jobs.database import Database
from smartsynth.jobs.tables import secrets, spent
from smartsynth.privacy.spending import Account, Book, Release

T = TypeVar("T")


class WorkspaceBudget(Account):
    """What the releases of a workspace's data have spent.

    Args:
        database: The records.
        workspace: Whose account it is.
    """

    def __init__(self, database: Database, workspace: str) -> None:
        self._database, self._workspace = database, workspace

    def transact(self, work: Callable[[Book], T]) -> T:
        def locked(db: Connection) -> T:
            if not self._database.is_sqlite:
                db.execute(sa.text("LOCK TABLE spent IN EXCLUSIVE MODE"))
            return work(_Records(db, self._workspace))

        return self._database.write(locked)


@dataclass(frozen=True, slots=True)
class _Records:
    db: Connection
    workspace: str

    def secret(self) -> bytes:
        known = self.db.execute(sa.select(secrets.c.key).where(secrets.c.space == self.workspace)).scalar()
        if known is None:
            known = chance.token_hex(32)
            self.db.execute(secrets.insert().values(space=self.workspace, key=known))
        return bytes.fromhex(known)

    def releases(self, dataset: str | None = None) -> list[Release]:
        asked = sa.select(spent).where(spent.c.space == self.workspace).order_by(spent.c.number)
        if dataset is not None:
            asked = asked.where(spent.c.dataset == dataset)
        return [
            Release(row.dataset, row.at, row.epsilon, row.delta, row.mu, row.threshold, row.release)
            for row in self.db.execute(asked)
        ]

    def add(self, release: Release) -> None:
        row = {name: getattr(release, name) for name in Release.__slots__}
        self.db.execute(spent.insert().values(space=self.workspace, **row))
