"""Records of workspaces, data sets and jobs, which the service's processes share.

A running job belongs to whoever holds its lease. A holder that is gone stops renewing it, and another one takes the job,
with a higher fence; what a holder with a lower fence writes is refused. So a job may be worked on twice, and still ends
once, with one result, and each of its steps counts once (the "fencing token" of Kleppmann 2016).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row
from sqlalchemy.exc import IntegrityError

from smartsynth.jobs.database import Database
from smartsynth.jobs.facts import Claim, Job, State, StoredData
from smartsynth.jobs.tables import datasets, gone, jobs, previews, secrets, spaces, spent, steps

LEASE_SECONDS = 5.0
"""How long a job waits for a holder that no longer answers."""
UNFINISHED = (State.QUEUED.value, State.RUNNING.value)


@dataclass(frozen=True, slots=True)
class Known:
    """A job that was made before by the same request, and what the request asked for."""

    job: Job
    fingerprint: str


class Store:
    """The records in one database."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._write, self._read = database.write, database.read

    # Workspaces

    def add_workspace(self, workspace: str, name: str, notes: Mapping[str, Any], *, kept: bool = False) -> None:
        def add(db: Connection) -> None:
            if db.execute(sa.select(spaces.c.id).where(spaces.c.id == workspace)).first() is None:
                row = {"id": workspace, "name": name, "notes": _json(notes), "touched": self._now(db), "kept": kept}
                db.execute(spaces.insert().values(row))

        self._write(add)

    def workspace(self, workspace: str) -> tuple[str, dict[str, Any], float, bool] | None:
        """Name, notes, the time it was last looked at, and whether it never expires."""
        row = self._read(lambda db: db.execute(sa.select(spaces).where(spaces.c.id == workspace)).first())
        return None if row is None else (row.name, json.loads(row.notes), row.touched, row.kept)

    def touch(self, workspace: str) -> None:
        self._write(
            lambda db: db.execute(sa.update(spaces).where(spaces.c.id == workspace).values(touched=self._now(db)))
        )

    def note(self, workspace: str, notes: Mapping[str, Any]) -> None:
        self._write(lambda db: db.execute(sa.update(spaces).where(spaces.c.id == workspace).values(notes=_json(notes))))

    def untouched(self, seconds: float) -> list[str]:
        """Workspaces that nobody looked at for so long and in which nothing is running or waiting."""

        def find(db: Connection) -> list[str]:
            busy = sa.select(jobs.c.space).where(jobs.c.state.in_(UNFINISHED))
            asked = sa.select(spaces.c.id).where(
                spaces.c.touched < self._now(db) - seconds, spaces.c.kept.is_(False), spaces.c.id.not_in(busy)
            )
            return list(db.execute(asked).scalars())

        return self._read(find)

    def remove_workspace(self, workspace: str) -> None:
        """Delete a workspace and all records of it; in SQLite their bytes are overwritten."""

        def remove(db: Connection) -> None:
            of_it = sa.select(jobs.c.id).where(jobs.c.space == workspace)
            for table in (steps, previews):
                db.execute(table.delete().where(table.c.job.in_(of_it)))
            for table in (jobs, datasets, gone, secrets, spent):
                db.execute(table.delete().where(table.c.space == workspace))
            db.execute(spaces.delete().where(spaces.c.id == workspace))

        self._write(remove)
        self.database.forget()

    def workspaces(self) -> list[str]:
        return self._read(lambda db: list(db.execute(sa.select(spaces.c.id)).scalars()))

    # Data sets

    def add_dataset(self, dataset: str, workspace: str, name: str) -> None:
        """A data set whose content is yet to come."""

        def add(db: Connection) -> None:
            if db.execute(sa.select(datasets.c.id).where(datasets.c.id == dataset)).first() is None:
                row = {"id": dataset, "space": workspace, "name": name, "state": "partial", "bytes": 0}
                db.execute(datasets.insert().values({**row, "created": self._now(db)}))

        self._write(add)

    def complete_dataset(self, dataset: str, place: str, size: int) -> bool:
        """The content is there; False if the data set is gone or was complete already."""
        change = (
            sa.update(datasets)
            .where(datasets.c.id == dataset, datasets.c.state == "partial")
            .values(state="ready", place=place, bytes=size)
        )
        return self._write(lambda db: db.execute(change).rowcount) == 1

    def dataset(self, dataset: str) -> StoredData | None:
        row = self._read(lambda db: db.execute(sa.select(datasets).where(datasets.c.id == dataset)).first())
        return None if row is None else _dataset(row)

    def datasets(self, workspace: str, *, before: int | None = None, limit: int = 1000) -> list[StoredData]:
        """The newest data sets of a workspace first, those with a lower number than `before`."""
        asked = sa.select(datasets).where(datasets.c.space == workspace)
        if before is not None:
            asked = asked.where(datasets.c.number < before)
        asked = asked.order_by(datasets.c.number.desc()).limit(limit)
        return self._read(lambda db: [_dataset(row) for row in db.execute(asked)])

    def stored_bytes(self, workspace: str) -> int:
        """Bytes of the data sets of a workspace."""
        asked = sa.select(sa.func.coalesce(sa.func.sum(datasets.c.bytes), 0)).where(datasets.c.space == workspace)
        return int(self._read(lambda db: db.execute(asked).scalar_one()))

    def remove_dataset(self, dataset: str) -> None:
        def remove(db: Connection) -> None:
            row = db.execute(sa.select(datasets.c.space).where(datasets.c.id == dataset)).first()
            if row is not None:
                db.execute(datasets.delete().where(datasets.c.id == dataset))
                self._remember(db, dataset, row.space)

        self._write(remove)
        self.database.forget()

    # Jobs

    def add_job(
        self,
        job: str,
        workspace: str,
        task: str,
        lane: str,
        settings: Mapping[str, Any],
        *,
        request: str | None = None,
        fingerprint: str = "",
    ) -> Known | None:
        """Queue a job; the one that the same request made before, if there is one, and then nothing is added."""

        def add(db: Connection) -> Known | None:
            found = self._known(db, workspace, job, request)
            if found is None:
                row = {
                    "id": job, "space": workspace, "task": task, "lane": lane, "settings": _json(settings),
                    "state": State.QUEUED.value, "created": self._now(db), "request": request, "fingerprint": fingerprint,
                    "fraction": 0.0, "message": "", "figures": "{}", "fence": 0, "attempts": 0,
                    "deaths": 0,
                }  # fmt: skip
                db.execute(jobs.insert().values(row))
            return found

        try:
            return self._write(add)
        except IntegrityError:  # at the same moment elsewhere
            return self._read(lambda db: self._known(db, workspace, job, request))

    def _known(self, db: Connection, workspace: str, job: str, request: str | None) -> Known | None:
        same = jobs.c.id == job
        if request is not None:
            same = sa.or_(same, sa.and_(jobs.c.space == workspace, jobs.c.request == request))
        row = db.execute(sa.select(jobs).where(same)).first()
        if row is None or row.id == job:
            return None
        return Known(_job(db, row), row.fingerprint or "")

    def by_request(self, workspace: str, request: str) -> Known | None:
        """The job that a request made."""
        return self._read(lambda db: self._known(db, workspace, "", request))

    def job(self, job: str) -> Job | None:
        def find(db: Connection) -> Job | None:
            row = db.execute(sa.select(jobs).where(jobs.c.id == job)).first()
            return None if row is None else _job(db, row)

        return self._read(find)

    def jobs(
        self, workspace: str, tasks: Iterable[str] | None = None, *, before: int | None = None, limit: int = 1000
    ) -> list[Job]:
        """The newest jobs of a workspace first, those with a lower number than `before`."""
        asked = sa.select(jobs).where(jobs.c.space == workspace)
        if tasks is not None:
            asked = asked.where(jobs.c.task.in_(list(tasks)))
        if before is not None:
            asked = asked.where(jobs.c.number < before)
        asked = asked.order_by(jobs.c.number.desc()).limit(limit)
        return self._read(lambda db: [_job(db, row) for row in db.execute(asked).all()])

    def latest(self, workspace: str, task: str, state: State | None = None) -> Job | None:
        """The newest job of this task in a workspace, of those in `state` if given."""
        asked = sa.select(jobs).where(jobs.c.space == workspace, jobs.c.task == task)
        if state is not None:
            asked = asked.where(jobs.c.state == state.value)

        def find(db: Connection) -> Job | None:
            row = db.execute(asked.order_by(jobs.c.number.desc()).limit(1)).first()
            return None if row is None else _job(db, row)

        return self._read(find)

    def count(self, *states: State, workspace: str | None = None) -> int:
        asked = sa.select(sa.func.count()).select_from(jobs).where(jobs.c.state.in_([state.value for state in states]))
        if workspace is not None:
            asked = asked.where(jobs.c.space == workspace)
        return int(self._read(lambda db: db.execute(asked).scalar_one()))

    def counts(self) -> dict[tuple[str, str], int]:
        """How many jobs there are, by task and state."""
        asked = sa.select(jobs.c.task, jobs.c.state, sa.func.count()).group_by(jobs.c.task, jobs.c.state)
        return self._read(lambda db: {(task, state): n for task, state, n in db.execute(asked)})

    def unfinished_from(self, dataset: str, workspace: str) -> list[str]:
        """Jobs that wait or run and name this data set or job in their settings."""
        asked = sa.select(jobs.c.id, jobs.c.settings).where(
            jobs.c.space == workspace, jobs.c.state.in_(UNFINISHED), jobs.c.settings.contains(dataset, autoescape=True)
        )
        return self._read(lambda db: [row.id for row in db.execute(asked)])

    def remove_job(self, job: str) -> None:
        def remove(db: Connection) -> None:
            row = db.execute(sa.select(jobs.c.space).where(jobs.c.id == job)).first()
            if row is not None:
                for table in (steps, previews):
                    db.execute(table.delete().where(table.c.job == job))
                db.execute(jobs.delete().where(jobs.c.id == job))
                self._remember(db, job, row.space)

        self._write(remove)
        self.database.forget()

    def result_place(self, job: str) -> str | None:
        """Name of the result in the storage."""
        return self._read(lambda db: db.execute(sa.select(jobs.c.result).where(jobs.c.id == job)).scalar())

    def was_there(self, id: str, workspace: str) -> bool:
        """Whether a workspace had something of this id that was deleted or has expired."""
        asked = sa.select(gone.c.id).where(gone.c.id == id, gone.c.space == workspace)
        return self._read(lambda db: db.execute(asked).first()) is not None

    def _remember(self, db: Connection, id: str, workspace: str) -> None:
        if db.execute(sa.select(gone.c.id).where(gone.c.id == id)).first() is None:
            db.execute(gone.insert().values(id=id, space=workspace, at=self._now(db)))

    def forget_gone(self, seconds: float) -> None:
        """What was deleted longer ago than this is not remembered."""
        self._write(lambda db: db.execute(gone.delete().where(gone.c.at < self._now(db) - seconds)))

    def ended_before(self, seconds: float) -> list[str]:
        """Jobs of workspaces that stay, which ended longer ago than this."""

        def find(db: Connection) -> list[str]:
            of_kept = sa.select(spaces.c.id).where(spaces.c.kept.is_(True))
            asked = sa.select(jobs.c.id).where(jobs.c.ended < self._now(db) - seconds, jobs.c.space.in_(of_kept))
            return list(db.execute(asked).scalars())

        return self._read(find)

    def datasets_before(self, seconds: float) -> list[str]:
        """Data sets of workspaces that stay, which came longer ago than this and nothing unfinished needs."""

        def find(db: Connection) -> list[str]:
            of_kept = sa.select(spaces.c.id).where(spaces.c.kept.is_(True))
            busy = sa.select(jobs.c.space).where(jobs.c.state.in_(UNFINISHED))
            asked = sa.select(datasets.c.id).where(
                datasets.c.created < self._now(db) - seconds,
                datasets.c.space.in_(of_kept),
                datasets.c.space.not_in(busy),
            )
            return list(db.execute(asked).scalars())

        return self._read(find)

    # Work on jobs

    def claim(self, lane: str, holder: str) -> Claim | None:
        """The oldest job of a lane that waits, or whose holder is gone, now running with this holder."""

        def take(db: Connection) -> Claim | None:
            now = self._now(db)
            free = sa.or_(
                jobs.c.state == State.QUEUED.value,
                sa.and_(jobs.c.state == State.RUNNING.value, jobs.c.lease < now),
            )
            asked = sa.select(jobs.c.number, jobs.c.id, jobs.c.fence, jobs.c.attempts).where(free, jobs.c.lane == lane)
            row = db.execute(asked.order_by(jobs.c.number).limit(1).with_for_update(skip_locked=True)).first()
            if row is None:
                return None
            change = {
                "state": State.RUNNING.value, "holder": holder, "lease": now + LEASE_SECONDS, "fence": row.fence + 1,
                "attempts": row.attempts + 1, "started": sa.func.coalesce(jobs.c.started, now),
            }  # fmt: skip
            db.execute(sa.update(jobs).where(jobs.c.number == row.number).values(change))
            return Claim(row.id, row.fence + 1)

        return self._write(take)

    def renew(self, claims: Iterable[Claim]) -> list[Claim]:
        """Keep the leases of these claims; those that no longer hold."""

        def keep(db: Connection) -> list[Claim]:
            until, lost = self._now(db) + LEASE_SECONDS, []
            for claim in claims:
                if db.execute(sa.update(jobs).where(*_held(claim)).values(lease=until)).rowcount == 0:
                    lost.append(claim)
            return lost

        return self._write(keep)

    def give_back(self, claim: Claim, *, counted: bool) -> None:
        """A job goes back to the queue; `counted` says whether its process died of itself."""
        change = {
            "state": State.QUEUED.value, "holder": None, "lease": None, "attempts": jobs.c.attempts - 1,
            "deaths": jobs.c.deaths + int(counted),
        }  # fmt: skip
        self._write(lambda db: db.execute(sa.update(jobs).where(*_held(claim)).values(change)))

    def holders(self) -> list[str]:
        """Who holds running jobs."""
        asked = sa.select(jobs.c.holder).where(jobs.c.state == State.RUNNING.value).distinct()
        return [holder for holder in self._read(lambda db: list(db.execute(asked).scalars())) if holder]

    def free(self, holder: str) -> None:
        """The leases of a holder that is known to be gone end now."""
        running = sa.update(jobs).where(jobs.c.holder == holder, jobs.c.state == State.RUNNING.value)
        self._write(lambda db: db.execute(running.values(lease=0.0)))

    def holds(self, claim: Claim) -> bool:
        return self._read(lambda db: db.execute(sa.select(jobs.c.id).where(*_held(claim))).first()) is not None

    def report(self, claim: Claim, fraction: float, message: str, figures: Mapping[str, Any]) -> bool:
        """Write down how far a running job is; False once it should stop."""

        def write(db: Connection) -> bool:
            higher = sa.case((jobs.c.fraction < fraction, fraction), else_=jobs.c.fraction)
            change = {"fraction": higher, "message": message, "figures": _json(figures)}
            db.execute(sa.update(jobs).where(*_held(claim)).values(change))
            row = db.execute(sa.select(jobs.c.cancel_asked).where(*_held(claim))).first()
            return row is not None and row.cancel_asked is None

        return self._write(write)

    def show(self, claim: Claim, picture: bytes) -> None:
        """Keep a picture of what a running job is learning, in place of the one before; it goes when the job ends."""

        def write(db: Connection) -> None:
            if db.execute(sa.select(jobs.c.id).where(*_held(claim)).with_for_update()).first() is not None:
                db.execute(previews.delete().where(previews.c.job == claim.job))
                db.execute(previews.insert().values(job=claim.job, picture=picture))

        self._write(write)

    def preview(self, job: str) -> bytes | None:
        """The newest picture of a running job; None if there is none."""
        asked = sa.select(previews.c.picture).join(jobs, jobs.c.id == previews.c.job)
        asked = asked.where(jobs.c.id == job, jobs.c.state.in_(UNFINISHED))
        found = self._read(lambda db: db.execute(asked).scalar())
        return None if found is None else bytes(found)

    def step(self, job: str, name: str) -> str | None:
        """Where the files of a finished step lie."""
        asked = sa.select(steps.c.place).where(steps.c.job == job, steps.c.name == name)
        return self._read(lambda db: db.execute(asked).scalar())

    def finish_step(self, claim: Claim, name: str, place: str) -> bool:
        """A step is done, and the job's attempts count anew; False if the claim no longer holds or somebody was quicker."""

        def write(db: Connection) -> bool:
            if db.execute(sa.update(jobs).where(*_held(claim)).values(attempts=1, deaths=0)).rowcount == 0:
                return False
            known = db.execute(sa.select(steps.c.place).where(steps.c.job == claim.job, steps.c.name == name)).scalar()
            if known is None:
                row = {"job": claim.job, "name": name, "place": place, "fence": claim.fence, "ended": self._now(db)}
                db.execute(steps.insert().values(row))
            return known in (None, place)

        return self._write(write)

    def replace_step(self, claim: Claim, name: str, place: str) -> bool:
        """As `finish_step`, for a checkpoint that takes the place of the one before."""

        def write(db: Connection) -> bool:
            if db.execute(sa.update(jobs).where(*_held(claim)).values(attempts=1, deaths=0)).rowcount == 0:
                return False
            db.execute(steps.delete().where(steps.c.job == claim.job, steps.c.name == name))
            row = {"job": claim.job, "name": name, "place": place, "fence": claim.fence, "ended": self._now(db)}
            db.execute(steps.insert().values(row))
            return True

        return self._write(write)

    def ask_to_cancel(self, job: str) -> None:
        """A waiting job is cancelled at once, a running one is asked to stop."""

        def ask(db: Connection) -> bool:
            now = self._now(db)
            ended = {
                "state": State.CANCELLED.value, "ended": now, "problem": "Cancelled before it started.",
                "problem_type": "cancelled",
            }  # fmt: skip
            nobody = sa.or_(
                jobs.c.state == State.QUEUED.value, sa.and_(jobs.c.state == State.RUNNING.value, jobs.c.lease < now)
            )
            if db.execute(sa.update(jobs).where(jobs.c.id == job, nobody).values(ended)).rowcount:
                return _drop_preview(db, job)
            running = (jobs.c.id == job, jobs.c.state == State.RUNNING.value, jobs.c.cancel_asked.is_(None))
            db.execute(sa.update(jobs).where(*running).values(cancel_asked=now))
            return False

        if self._write(ask):
            self.database.forget()

    def cancel_asked(self, ids: Iterable[str]) -> dict[str, float]:
        """Of these running jobs, those that were asked to stop, with the seconds since then."""

        def find(db: Connection) -> dict[str, float]:
            asked = sa.select(jobs.c.id, jobs.c.cancel_asked).where(
                jobs.c.id.in_(list(ids)), jobs.c.state == State.RUNNING.value, jobs.c.cancel_asked.is_not(None)
            )
            now = self._now(db)
            return {row.id: now - row.cancel_asked for row in db.execute(asked)}

        return self._read(find)

    def finish(
        self,
        job: str | Claim,
        state: State,
        problem: str | None = None,
        problem_type: str | None = None,
        *,
        result: str | None = None,
    ) -> bool:
        """Write down how a job ended; what was written first stays. False if the claim no longer holds."""
        which = _held(job) if isinstance(job, Claim) else (jobs.c.id == job, jobs.c.state.in_(UNFINISHED))

        def write(db: Connection) -> tuple[bool, bool]:
            change: dict[str, Any] = {
                "state": state.value, "ended": self._now(db), "problem": problem, "problem_type": problem_type,
                "result": result, "lease": None, "holder": None,
            }  # fmt: skip
            if state is State.SUCCEEDED:
                change["fraction"] = 1.0
            if db.execute(sa.update(jobs).where(*which).values(change)).rowcount:
                return True, _drop_preview(db, job.job if isinstance(job, Claim) else job)
            if result is None or not isinstance(job, Claim):
                return False, False
            done = sa.select(jobs.c.id).where(jobs.c.id == job.job, jobs.c.result == result)
            return db.execute(done).first() is not None, False  # the answer to the first try got lost

        written, dropped = self._write(write)
        if dropped:
            self.database.forget()
        return written

    def forget_result(self, job: str) -> None:
        """A job that succeeded has no result any more."""
        self._write(lambda db: db.execute(sa.update(jobs).where(jobs.c.id == job).values(result=None)))

    def places(self) -> set[str]:
        """Names in the storage that the records know: data sets, steps of unfinished jobs, results."""

        def find(db: Connection) -> set[str]:
            running = sa.select(jobs.c.id).where(jobs.c.state.in_(UNFINISHED))
            asked = sa.union_all(
                sa.select(datasets.c.place).where(datasets.c.place.is_not(None)),
                sa.select(jobs.c.result).where(jobs.c.result.is_not(None)),
                sa.select(steps.c.place).where(steps.c.job.in_(running)),
            )
            return set(db.execute(asked).scalars())

        return self._read(find)

    def _now(self, db: Connection) -> float:
        return self.database.now(db)


def _drop_preview(db: Connection, job: str) -> bool:
    """No picture of a job that has ended stays; whether there was one."""
    return bool(db.execute(previews.delete().where(previews.c.job == job)).rowcount)


def _held(claim: Claim) -> tuple[sa.ColumnElement[bool], ...]:
    return jobs.c.id == claim.job, jobs.c.state == State.RUNNING.value, jobs.c.fence == claim.fence


def _dataset(row: Row[Any]) -> StoredData:
    return StoredData(row.id, row.space, row.name, row.state == "ready", row.bytes, row.created, row.place, row.number)


def _job(db: Connection, row: Row[Any]) -> Job:
    ahead = 0
    if row.state == State.QUEUED:
        before = (jobs.c.lane == row.lane, jobs.c.state.in_(UNFINISHED), jobs.c.number < row.number)
        ahead = db.execute(sa.select(sa.func.count()).select_from(jobs).where(*before)).scalar_one()
    figures = {name: tuple((x, y) for x, y in line) for name, line in json.loads(row.figures).items()}
    return Job(
        id=row.id, workspace=row.space, task=row.task, settings=json.loads(row.settings), state=State(row.state),
        fraction=row.fraction, message=row.message, figures=figures, ahead=ahead, created=row.created,
        started=row.started, ended=row.ended, problem=row.problem, problem_type=row.problem_type,
        attempts=row.attempts, deaths=row.deaths, number=row.number, request=row.request,
    )  # fmt: skip


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
