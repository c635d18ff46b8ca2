"""The service as several machines run it: records in PostgreSQL, files in S3."""

import contextlib
import os
import signal
import threading
import time

import pytest
from api.conftest import COPULA, people

from smartsynth.errors import ConfigError, MissingExtraError
from smartsynth.jobs import Jobs, State
from smartsynth.jobs.blobs import Blobs
from smartsynth.jobs.budgets import WorkspaceBudget
from smartsynth.jobs.database import Database, Unavailable
from smartsynth.jobs.store import Store

WAIT = 120


def ended(jobs, job, wait=WAIT):
    until = time.monotonic() + wait
    while time.monotonic() < until:
        now = jobs.watch(job.id)
        if now.state.is_final:
            return now
        time.sleep(0.05)
    raise AssertionError(f"still {now.state}: {now.message}")


@pytest.fixture
def machines(tmp_path, postgres, bucket):
    """Two machines that share nothing but a database and a bucket: one asks, one works."""
    url = postgres.fresh()
    asks = Jobs(tmp_path / "asks", database=url, storage=bucket, workers=0)
    works = Jobs(tmp_path / "works", database=url, storage=bucket, keep_spare=False)
    yield asks, works
    asks.close()
    works.close()


def test_what_one_machine_asks_for_another_makes(machines):
    """Uploads, results and deletions reach both."""
    asks, works = machines
    asks.account("account", "somebody")
    data = asks.add_dataset("account", "people.csv", people())
    model = ended(asks, asks.submit("account", "synthesize", {"dataset": data.id, "config": COPULA}))
    assert (model.state, model.problem) == (State.SUCCEEDED, None)
    rows = (asks.result(model.id) / "files" / "synthetic.csv").read_bytes()
    assert rows.startswith(b"age,group,income,label\n")
    made = ended(asks, asks.submit("account", "generate", {"model": model.id, "rows": 400}))
    assert (asks.result(made.id) / "part-00000.parquet").is_file()
    parts = asks.begin_dataset("account", "more.csv")
    for number in (2, 1):
        asks.put_part(parts, number, people()[:1_000] if number == 1 else people()[1_000:])
    assert works.complete_dataset(asks.dataset(parts.id, "account")).bytes == len(people())
    for job in (model, made):
        asks.delete_job(job.id, "account")
    for dataset in (data, parts):
        asks.delete_dataset(dataset.id, "account")
    assert asks.blobs.sizes("account") == []


def test_a_killed_child_and_a_restarted_database_lose_nothing(machines, postgres):
    """The job ends as if nothing had happened."""
    asks, works = machines
    asks.account("account", "somebody")
    data = asks.add_dataset("account", "people.csv", people(2_000))
    settings = {"dataset": data.id, "config": {"generator": "forest", "seed": 1, "evaluate": {"enabled": False}}}
    plain = ended(asks, asks.submit("account", "synthesize", settings))
    expected = (asks.result(plain.id) / "files" / "synthetic.csv").read_bytes()
    job = asks.submit("account", "synthesize", settings)
    until = time.monotonic() + WAIT
    while not asks.watch(job.id).message.startswith("Fit") and time.monotonic() < until:
        time.sleep(0.02)
    (child,) = works.worker.children.values()
    os.kill(child.process.pid, signal.SIGKILL)
    postgres.stop("immediate")
    with pytest.raises(Unavailable):
        asks.store.database.patience = 0.3
        asks.watch(job.id)
    postgres.start()
    asks.store.database.patience = 10.0
    done = ended(asks, job)
    assert (done.state, done.problem) == (State.SUCCEEDED, None)
    assert (asks.result(job.id) / "files" / "synthetic.csv").read_bytes() == expected


def test_jobs_are_taken_once_whoever_takes_them(tmp_path, postgres, bucket):
    """Thirty workers at once; a hundred requests of one name."""
    url = postgres.fresh()
    jobs = Jobs(tmp_path / "home", database=url, storage=bucket, workers=0)
    try:
        jobs.account("account", "somebody")
        data = jobs.add_dataset("account", "people.csv", people())
        made = {jobs.submit("account", "profile", {"dataset": data.id, "i": i}).id for i in range(20)}
        taken, same = [], []

        def take() -> None:
            while (claim := jobs.store.claim("quick", "me")) is not None:
                taken.append(claim)

        def ask() -> None:
            same.append(jobs.submit("account", "synthesize", {"dataset": data.id}, request="once").id)

        threads = [threading.Thread(target=work) for work in [take] * 30 + [ask] * 100]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(claim.job for claim in taken) == sorted(made)
        assert {claim.fence for claim in taken} == {1}
        assert (len(same), len(set(same))) == (100, 1)
    finally:
        jobs.close()


def test_an_account_of_privacy_budgets_holds_on_postgres(postgres):
    """Twenty releases at once spend no more than one after the other would."""
    from smartsynth.errors import PrivacyError

    database = Database(postgres.fresh())
    budget = WorkspaceBudget(database, "account")
    granted = []

    def spend() -> None:
        with contextlib.suppress(PrivacyError):
            granted.append(budget.reserve("rows:x", epsilon=1.0, delta=1e-9, thresholds=0.0, most=2.0))

    threads = [threading.Thread(target=spend) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    alone = WorkspaceBudget(database, "another")
    one_by_one = 0
    for _ in range(20):
        try:
            alone.reserve("rows:x", epsilon=1.0, delta=1e-9, thresholds=0.0, most=2.0)
            one_by_one += 1
        except PrivacyError:
            break
    assert len(granted) == one_by_one > 1
    again = [
        alone.reserve("rows:y", epsilon=1.0, delta=1e-9, thresholds=0.0, most=1.0, release="job") for _ in range(3)
    ]
    assert {spent.releases for spent in again} == {1}
    database.close()


def test_a_picture_of_a_running_job_is_kept_on_postgres_until_it_ends(postgres):
    """What one machine is painting another one shows."""
    url = postgres.fresh()
    works, shows = Store(Database(url)), Store(Database(url))
    works.add_job("job", "space", "synthesize", "long", {})
    claim = works.claim("long", "me")
    for picture in (b"an older one", bytes(range(256))):
        works.show(claim, picture)
    assert shows.preview("job") == bytes(range(256))
    works.finish(claim, State.FAILED, "It did not succeed.")
    works.show(claim, b"too late")
    with shows.database.engine.connect() as db:
        assert db.exec_driver_sql("SELECT count(*) FROM previews").scalar() == 0
    for store in (works, shows):
        store.database.close()


def test_addresses_that_are_none_are_refused(tmp_path):
    """With what is allowed."""
    for url in ("mysql://x", "nonsense", "postgresql"):
        with pytest.raises((ConfigError, MissingExtraError), match=r"SMARTSYNTH_DATABASE|optional"):
            Database(url)
    with pytest.raises((ConfigError, MissingExtraError), match=r"SMARTSYNTH_BLOBS|optional"):
        Blobs("nonsense://bucket", tmp_path)
