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
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from smartsynth.errors import ConfigError, PrivacyError
from smartsynth.privacy.accountant import checked, largest_mu, spent_epsilon
from smartsynth.privacy.fingerprint import keyed

if TYPE_CHECKING:
    import pandas as pd

_TABLES = """
CREATE TABLE IF NOT EXISTS secret (key BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS spent (
    dataset TEXT NOT NULL, name TEXT NOT NULL, at TEXT NOT NULL, epsilon REAL NOT NULL, delta REAL NOT NULL, mu REAL NOT NULL,
    threshold REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS spent_dataset ON spent (dataset);
"""
PATIENCE = 30.0
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


class Spending:
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

    def dataset(self, rows: pd.DataFrame, name: str | None = None) -> str:
        """How the account knows a data set: by its name if it has one, else by the keyed hash of its rows."""
        if name is not None:
            return f"name:{name}"
        with self._open() as base:
            key = base.execute("SELECT key FROM secret").fetchone()[0]
        return "rows:" + keyed(rows, key)

    def reserve(
        self,
        dataset: str,
        *,
        epsilon: float,
        delta: float,
        thresholds: float,
        most: float | None,
        gaussian: bool = True,
    ) -> Spent:
        """Spend a budget on a data set before it is read; gives what all its releases cost together, this one included.

        Args:
            dataset: As `dataset` gives it.
            epsilon: The budget of this release.
            delta: Chance that its promise fails.
            thresholds: Share of δ that is not Gaussian noise.
            most: Refuse what would make the total ε larger than this.
            gaussian: Whether the release is made of Gaussian releases alone; the ε of others is added to the total as it is.

        Raises:
            PrivacyError: The limit would be passed; nothing is spent.
            ConfigError: The budget is none, or the account cannot be written.
        """
        checked(epsilon, delta)
        mu = largest_mu(epsilon, delta * (1 - thresholds)) if gaussian else 0.0
        with self._open() as base:
            before = base.execute(
                "SELECT mu, epsilon, delta, threshold FROM spent WHERE dataset = ?", (dataset,)
            ).fetchall()
            entries = [*before, (mu, epsilon, delta, delta * thresholds)]
            total = _total(entries)
            if most is not None and total > most * (1 + 1e-6):
                spent = f"ε = {_total(before):.4g} by {len(before)} earlier releases" if before else "nothing so far"
                raise PrivacyError(
                    f"privacy.epsilon={epsilon:g}: the total would be ε = {total:.4g}, over privacy.total_epsilon={most:g}. "
                    f"These data have spent {spent}. Ask for a smaller epsilon, release no more, or raise the total if you may."
                )
            now = datetime.now(UTC).isoformat(timespec="seconds")
            row = (dataset, dataset.partition(":")[2], now, epsilon, delta, mu, delta * thresholds)
            base.execute("INSERT INTO spent VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        return Spent(dataset, len(entries), total, sum(d for _, _, d, _ in entries), now)

    def all(self) -> list[Spent]:
        """What each data set has spent, the one of the last release first."""
        with self._open() as base:
            rows = base.execute(
                "SELECT dataset, name, at, mu, epsilon, delta, threshold FROM spent ORDER BY at"
            ).fetchall()
        found: dict[str, list[tuple[str, str, float, float, float, float]]] = {}
        for dataset, *rest in rows:
            found.setdefault(dataset, []).append(tuple(rest))
        made = [
            Spent(
                entries[0][0] if dataset.startswith("name:") else entries[0][0][:12], len(entries),
                _total([entry[2:] for entry in entries]), sum(e[4] for e in entries), entries[-1][1],
            )
            for dataset, entries in found.items()
        ]  # fmt: skip
        return sorted(made, key=lambda spent: spent.last, reverse=True)

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
            if base.execute("SELECT count(*) FROM secret").fetchone()[0] == 0:
                base.execute("INSERT INTO secret VALUES (?)", (secrets.token_bytes(32),))
            yield base
            base.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._unusable(error) from None
        finally:
            base.close()

    def _unusable(self, error: Exception) -> ConfigError:
        return ConfigError(
            f"The account of what was spent, {str(self.path)!r}, cannot be used ({type(error).__name__}). Without it nothing is "
            "released with differential privacy. Set SMARTSYNTH_BUDGET to a file that can be written."
        )


def _total(entries: list[tuple[float, float, float, float]]) -> float:
    """ε of releases together, at the sum of their δ; each is μ, ε, δ and its thresholds' part of δ.

    Gaussian releases compose exactly. To their ε that of every other release is added, which holds for any mechanism
    (Dwork et al. 2006).
    """
    gaussian = [entry for entry in entries if entry[0] > 0]
    left = sum(delta - threshold for _, _, delta, threshold in gaussian)
    return spent_epsilon([mu for mu, *_ in gaussian], left) + sum(epsilon for mu, epsilon, *_ in entries if mu == 0)
