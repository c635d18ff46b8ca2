"""Records of workspaces and jobs in one SQLite file that the server and its child processes share.

Every method is one short transaction on a connection of its own, so any thread and any process may call it.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from smartsynth.jobs.facts import Job, State

_TABLES = """
CREATE TABLE IF NOT EXISTS workspaces (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, notes TEXT NOT NULL, touched REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, workspace TEXT NOT NULL, task TEXT NOT NULL,
    lane TEXT NOT NULL, settings TEXT NOT NULL, state TEXT NOT NULL, fraction REAL NOT NULL DEFAULT 0,
    message TEXT NOT NULL DEFAULT '', figures TEXT NOT NULL DEFAULT '{}', created REAL NOT NULL, started REAL,
    ended REAL, cancel_asked REAL, problem TEXT, problem_type TEXT
);
CREATE INDEX IF NOT EXISTS jobs_by_workspace ON jobs (workspace, task);
CREATE INDEX IF NOT EXISTS jobs_by_state ON jobs (state);
"""


class Store:
    """The records of one server."""

    def __init__(self, path: Path) -> None:
        self.path = path
        db = sqlite3.connect(path, timeout=10)
        try:
            db.execute("PRAGMA journal_mode=WAL")
            db.executescript(_TABLES)
        finally:
            db.close()
        path.chmod(0o600)

    def add_workspace(self, workspace: str, name: str, notes: Mapping[str, Any]) -> None:
        with self._transaction() as db:
            row = (workspace, name, _json(notes), time.time())
            db.execute("INSERT INTO workspaces (id, name, notes, touched) VALUES (?, ?, ?, ?)", row)

    def workspace(self, workspace: str) -> tuple[str, dict[str, Any], float] | None:
        """Name, notes and the time it was last looked at."""
        with self._transaction(write=False) as db:
            row = db.execute("SELECT name, notes, touched FROM workspaces WHERE id = ?", (workspace,)).fetchone()
        return None if row is None else (row["name"], json.loads(row["notes"]), row["touched"])

    def touch(self, workspace: str) -> None:
        with self._transaction() as db:
            db.execute("UPDATE workspaces SET touched = ? WHERE id = ?", (time.time(), workspace))

    def note(self, workspace: str, notes: Mapping[str, Any]) -> None:
        with self._transaction() as db:
            db.execute("UPDATE workspaces SET notes = ? WHERE id = ?", (_json(notes), workspace))

    def untouched(self, since: float) -> list[str]:
        """Workspaces that nobody looked at since then and in which nothing is running or waiting."""
        with self._transaction(write=False) as db:
            rows = db.execute(
                "SELECT id FROM workspaces WHERE touched < ? AND id NOT IN "
                "(SELECT workspace FROM jobs WHERE state IN ('queued', 'running'))",
                (since,),
            ).fetchall()
        return [row["id"] for row in rows]

    def remove_workspace(self, workspace: str) -> None:
        """Delete a workspace and its jobs: their bytes are overwritten, in the log of transactions as well."""
        with self._transaction() as db:
            db.execute("DELETE FROM jobs WHERE workspace = ?", (workspace,))
            db.execute("DELETE FROM workspaces WHERE id = ?", (workspace,))
        db = sqlite3.connect(self.path, timeout=10)
        try:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            db.close()

    def workspaces(self) -> list[str]:
        with self._transaction(write=False) as db:
            return [row["id"] for row in db.execute("SELECT id FROM workspaces").fetchall()]

    def add_job(self, job: str, workspace: str, task: str, lane: str, settings: Mapping[str, Any]) -> None:
        with self._transaction() as db:
            row = (job, workspace, task, lane, _json(settings), State.QUEUED.value, time.time())
            db.execute(
                "INSERT INTO jobs (id, workspace, task, lane, settings, state, created) VALUES (?, ?, ?, ?, ?, ?, ?)",
                row,
            )

    def job(self, job: str) -> Job | None:
        with self._transaction(write=False) as db:
            row = db.execute("SELECT * FROM jobs WHERE id = ?", (job,)).fetchone()
            return None if row is None else _job(db, row)

    def latest(self, workspace: str, task: str, state: State | None = None) -> Job | None:
        """The newest job of this task in a workspace, of those in `state` if given."""
        with self._transaction(write=False) as db:
            row = db.execute(
                "SELECT * FROM jobs WHERE workspace = ? AND task = ? AND state = COALESCE(?, state) "
                "ORDER BY number DESC LIMIT 1",
                (workspace, task, state),
            ).fetchone()
            return None if row is None else _job(db, row)

    def count(self, *states: State) -> int:
        with self._transaction(write=False) as db:
            marks = ", ".join("?" * len(states))
            row = db.execute(f"SELECT COUNT(*) FROM jobs WHERE state IN ({marks})", states).fetchone()  # noqa: S608
            return int(row[0])

    def claim(self, lane: str) -> str | None:
        """The oldest waiting job of a lane, now running."""
        with self._transaction() as db:
            row = db.execute(
                "SELECT id FROM jobs WHERE state = 'queued' AND lane = ? ORDER BY number LIMIT 1", (lane,)
            ).fetchone()
            if row is None:
                return None
            db.execute("UPDATE jobs SET state = 'running', started = ? WHERE id = ?", (time.time(), row["id"]))
            return str(row["id"])

    def report(self, job: str, fraction: float, message: str, figures: Mapping[str, Any]) -> bool:
        """Write down how far a running job is; False once it should stop."""
        with self._transaction() as db:
            db.execute(
                "UPDATE jobs SET fraction = MAX(fraction, ?), message = ?, figures = ? WHERE id = ? AND state = 'running'",
                (fraction, message, _json(figures), job),
            )
            row = db.execute("SELECT state, cancel_asked FROM jobs WHERE id = ?", (job,)).fetchone()
            return row is not None and row["state"] == State.RUNNING and row["cancel_asked"] is None

    def ask_to_cancel(self, job: str) -> None:
        """A waiting job is cancelled at once, a running one is asked to stop."""
        now = time.time()
        with self._transaction() as db:
            db.execute(
                "UPDATE jobs SET state = 'cancelled', ended = ?, problem = 'Cancelled before it started.', "
                "problem_type = 'cancelled' WHERE id = ? AND state = 'queued'",
                (now, job),
            )
            db.execute(
                "UPDATE jobs SET cancel_asked = ? WHERE id = ? AND state = 'running' AND cancel_asked IS NULL",
                (now, job),
            )

    def cancel_asked(self, job: str) -> float | None:
        """When a running job was asked to stop."""
        with self._transaction(write=False) as db:
            row = db.execute("SELECT cancel_asked FROM jobs WHERE id = ? AND state = 'running'", (job,)).fetchone()
        return None if row is None else row["cancel_asked"]

    def finish(self, job: str, state: State, problem: str | None = None, problem_type: str | None = None) -> None:
        """Write down how a job ended; what was written first stays."""
        with self._transaction() as db:
            db.execute(
                "UPDATE jobs SET state = ?, ended = ?, problem = ?, problem_type = ?, "
                "fraction = CASE WHEN ? = 'succeeded' THEN 1.0 ELSE fraction END "
                "WHERE id = ? AND state IN ('queued', 'running')",
                (state.value, time.time(), problem, problem_type, state.value, job),
            )

    def running(self) -> list[str]:
        with self._transaction(write=False) as db:
            return [row["id"] for row in db.execute("SELECT id FROM jobs WHERE state = 'running'").fetchall()]

    @contextmanager
    def _transaction(self, *, write: bool = True) -> Iterator[sqlite3.Connection]:
        db = sqlite3.connect(self.path, timeout=10, isolation_level=None)
        db.row_factory = sqlite3.Row
        try:
            db.execute("PRAGMA synchronous=NORMAL")
            db.execute("PRAGMA secure_delete=ON")
            db.execute("BEGIN IMMEDIATE" if write else "BEGIN")
            yield db
            db.execute("COMMIT")
        finally:
            db.close()  # an open transaction is rolled back


def _job(db: sqlite3.Connection, row: sqlite3.Row) -> Job:
    ahead = 0
    if row["state"] == State.QUEUED:
        ahead = db.execute(
            "SELECT COUNT(*) FROM jobs WHERE lane = ? AND state IN ('queued', 'running') AND number < ?",
            (row["lane"], row["number"]),
        ).fetchone()[0]
    figures = {name: tuple((x, y) for x, y in line) for name, line in json.loads(row["figures"]).items()}
    return Job(
        id=row["id"], workspace=row["workspace"], task=row["task"], settings=json.loads(row["settings"]),
        state=State(row["state"]), fraction=row["fraction"], message=row["message"], figures=figures, ahead=ahead,
        created=row["created"], started=row["started"], ended=row["ended"], problem=row["problem"],
        problem_type=row["problem_type"],
    )  # fmt: skip


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
