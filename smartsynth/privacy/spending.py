"""What has been spent on a data set over all its releases, kept on this machine, and a limit that holds.

Each release with differential privacy reserves its budget before a real row is read, and what was reserved is never given
back: a run that fails or is stopped has looked. Reserving is atomic, so that releases made at the same time cannot spend
the same budget twice.

A data set is known by the keyed hash of its rows, in any order, or by a name that its owner gives it. The key is drawn once on
this machine and stays in the file beside the account, so the hash cannot tell anybody elsewhere who is in the data. A
changed row makes another data set: give a name where the data grow.

    $SMARTSYNTH_BUDGET, or ~/.local/state/smartsynth/budget.sqlite
"""

from __future__ import annotations

import os
import secrets
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from smartsynth.errors import ConfigError, PrivacyError
from smartsynth.privacy.accountant import checked, largest_mu, spent_epsilon
from smartsynth.privacy.fingerprint import keyed

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")

_TABLES = """
CREATE TABLE IF NOT EXISTS secret (key BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS spent (
    dataset TEXT NOT NULL, name TEXT NOT NULL, at TEXT NOT NULL, epsilon REAL NOT NULL, delta REAL NOT NULL, mu REAL NOT NULL,
    threshold REAL NOT NULL, release TEXT
);
CREATE INDEX IF NOT EXISTS spent_dataset ON spent (dataset);
"""
PATIENCE = 120.0
"""Seconds to wait for another process that is reserving."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What a data set has spent.

    Args:
        dataset: Its name, or the beginning of its hash.
        releases: How many releases reserved a budget.
        epsilon, delta: What they cost together.
        last: When the last one did, in UTC.
    """

    dataset: str
    releases: int
    epsilon: float
    delta: float
    last: str


@dataclass(frozen=True, slots=True)
class Release:
    """One release in an account.

    Args:
        dataset: The data set, as the account knows it.
        at: When, in UTC.
        epsilon, delta: Its budget.
        mu: Its Gaussian differential privacy; 0 if not all of it is Gaussian noise.
        threshold: The part of δ that is not Gaussian noise.
        release: Name of the release, if it may be asked for again.
    """

    dataset: str
    at: str
    epsilon: float
    delta: float
    mu: float
    threshold: float
    release: str | None = None


class Book(Protocol):
    """The records of an account during one transaction, in which nobody else writes."""

    def secret(self) -> bytes: ...

    def releases(self, dataset: str | None = None) -> list[Release]:
        """Of one data set or of all, the oldest first."""

    def add(self, release: Release) -> None: ...


class Account(ABC):
    """The account of what the releases of data sets have spent."""

    @abstractmethod
    def transact(self, work: Callable[[Book], T]) -> T:
        """What `work` gives, in a transaction that is written or undone as a whole."""

    def dataset(self, rows: pd.DataFrame, name: str | None = None) -> str:
        """How the account knows a data set: by its name if it has one, else by the keyed hash of its rows."""
        if name is not None:
            return f"name:{name}"
        return "rows:" + keyed(rows, self.transact(lambda book: book.secret()))

    def reserve(
        self,
        dataset: str,
        *,
        epsilon: float,
        delta: float,
        thresholds: float,
        most: float | None,
        gaussian: bool = True,
        release: str | None = None,
    ) -> Spent:
        """Spend a budget on a data set before it is read; gives what all its releases cost together, this one included.

        Args:
            dataset: As `dataset` gives it.
            epsilon: The budget of this release.
            delta: Chance that its promise fails.
            thresholds: Share of δ that is not Gaussian noise.
            most: Refuse what would make the total ε larger than this.
            gaussian: Whether the release is made of Gaussian releases alone; the ε of others is added to the total as it is.
            release: Name of the release: asked for again under the same name, it is spent once. Only for work that goes on after
                a crash and gives one result.

        Raises:
            PrivacyError: The limit would be passed; nothing is spent.
            ConfigError: The budget is none, or the account cannot be written.
        """
        checked(epsilon, delta)
        mu = largest_mu(epsilon, delta * (1 - thresholds)) if gaussian else 0.0
        now = datetime.now(UTC).isoformat(timespec="seconds")
        asked = Release(dataset, now, epsilon, delta, mu, delta * thresholds, release)

        def spend(book: Book) -> Spent:
            before = book.releases(dataset)
            if release is not None and release in [one.release for one in before]:
                return _spent(before)
            total = _total([*before, asked])
            if most is not None and total > most * (1 + 1e-6):
                spent = f"ε = {_total(before):.4g} by {len(before)} earlier releases" if before else "nothing so far"
                raise PrivacyError(
                    f"privacy.epsilon={epsilon:g}: the total would be ε = {total:.4g}, over privacy.total_epsilon={most:g}. "
                    f"These data have spent {spent}. Ask for a smaller epsilon, release no more, or raise the total if you may."
                )
            book.add(asked)
            return _spent([*before, asked])

        return self.transact(spend)

    def all(self) -> list[Spent]:
        """What each data set has spent, the one of the last release first."""
        found: dict[str, list[Release]] = {}
        for one in self.transact(lambda book: book.releases()):
            found.setdefault(one.dataset, []).append(one)
        made = []
        for dataset, releases in found.items():
            name = dataset.partition(":")[2]
            made.append(replace(_spent(releases), dataset=name if dataset.startswith("name:") else name[:12]))
        return sorted(made, key=lambda spent: spent.last, reverse=True)


class Spending(Account):
    """The account of all data sets of this machine.

    Args:
        path: SQLite file; made if needed, readable by this user alone.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    @classmethod
    def of_this_machine(cls) -> Spending:
        """The account that the command line and the library use."""
        given = os.environ.get("SMARTSYNTH_BUDGET")
        state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
        return cls(Path(given) if given else state / "smartsynth" / "budget.sqlite")

    def transact(self, work: Callable[[Book], T]) -> T:
        with self._open() as base:
            return work(_File(base))

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """The file, locked against all other writers until the end, which is written or undone as a whole."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if not self.path.exists():
                self.path.touch(mode=0o600)
            base = sqlite3.connect(self.path, timeout=PATIENCE, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise self._unusable(error) from None
        try:
            base.execute("BEGIN IMMEDIATE")
            for statement in _TABLES.split(";"):
                base.execute(statement)
            if "release" not in [row[1] for row in base.execute("PRAGMA table_info(spent)")]:
                base.execute("ALTER TABLE spent ADD COLUMN release TEXT")
            if base.execute("SELECT count(*) FROM secret").fetchone()[0] == 0:
                base.execute("INSERT INTO secret VALUES (?)", (secrets.token_bytes(32),))
            yield base
            base.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._unusable(error) from None
        finally:
            base.close()

    def _unusable(self, error: Exception) -> ConfigError:
        if getattr(error, "sqlite_errorname", "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return ConfigError(
                f"The account of what was spent, {str(self.path)!r}, was in use by other processes for {PATIENCE:.0f} seconds. Nothing was "
                "released; run it again."
            )
        return ConfigError(
            f"The account of what was spent, {str(self.path)!r}, cannot be used ({type(error).__name__}). Without it nothing is "
            "released with differential privacy. Set SMARTSYNTH_BUDGET to a file that can be written."
        )


class _File:
    """The records in an open SQLite file."""

    def __init__(self, base: sqlite3.Connection) -> None:
        self._base = base

    def secret(self) -> bytes:
        return bytes(self._base.execute("SELECT key FROM secret").fetchone()[0])

    def releases(self, dataset: str | None = None) -> list[Release]:
        asked = (
            "SELECT dataset, at, epsilon, delta, mu, threshold, release FROM spent WHERE dataset = COALESCE(?, dataset)"
        )
        return [Release(*row) for row in self._base.execute(f"{asked} ORDER BY at, rowid", (dataset,))]

    def add(self, release: Release) -> None:
        one = release
        row = (
            one.dataset,
            one.dataset.partition(":")[2],
            one.at,
            one.epsilon,
            one.delta,
            one.mu,
            one.threshold,
            one.release,
        )
        self._base.execute(
            "INSERT INTO spent (dataset, name, at, epsilon, delta, mu, threshold, release) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            row,
        )


def _spent(releases: list[Release]) -> Spent:
    last = releases[-1]
    return Spent(last.dataset, len(releases), _total(releases), sum(one.delta for one in releases), last.at)


def _total(releases: list[Release]) -> float:
    """ε of releases together, at the sum of their δ.

    Gaussian releases compose exactly. To their ε that of every other release is added, which holds for any mechanism
    (Dwork et al. 2006).
    """
    gaussian = [one for one in releases if one.mu > 0]
    left = sum(one.delta - one.threshold for one in gaussian)
    return spent_epsilon([one.mu for one in gaussian], left) + sum(one.epsilon for one in releases if one.mu == 0)
