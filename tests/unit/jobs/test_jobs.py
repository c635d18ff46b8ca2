"""Jobs: they run in child processes, can be stopped at once, fail in words, and leave nothing behind."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import zipfile

import numpy as np
import pandas as pd
import pytest

import smartsynth as ss
from smartsynth import export
from smartsynth.errors import Cancelled, ConfigError
from smartsynth.facts import Evaluation, Profile, from_json
from smartsynth.jobs import Jobs, State, from_environment, worker
from smartsynth.jobs.blobs import Blobs
from smartsynth.jobs.child import Reporter, _drop_older
from smartsynth.jobs.database import Database
from smartsynth.jobs.facts import Claim, Job
from smartsynth.jobs.service import MOST_WAITING, Gone, OtherRequest, TooMany
from smartsynth.jobs.store import Store
from smartsynth.jobs.worker import Bounds
from smartsynth.progress import Note

WAIT = 120


def table(n: int = 300, seed: int = 0) -> bytes:
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 80, n)
    frame = pd.DataFrame({
        "age": age, "group": rng.choice(["red", "green", "blue"], n), "income": (age * 100 + rng.normal(0, 500, n)).round(2),
        "label": rng.choice(["yes", "no"], n),
    })  # fmt: skip
    return frame.to_csv(index=False).encode()


@pytest.fixture
def jobs(tmp_path):
    made = Jobs(tmp_path / "home", keep_spare=False)
    yield made
    made.close()


def ended(jobs: Jobs, job: Job) -> Job:
    """The job after it has ended."""
    until = time.monotonic() + WAIT
    while time.monotonic() < until:
        now = jobs.watch(job.id)
        if now.state.is_final:
            return now
        time.sleep(0.05)
    raise AssertionError(f"job still {now.state} after {WAIT} s: {now.message}")


def running(jobs: Jobs, job: Job) -> Job:
    """The job once it learns."""
    until = time.monotonic() + WAIT
    while time.monotonic() < until:
        now = jobs.watch(job.id)
        if now.message.startswith("Fit") or now.state.is_final:
            return now
        time.sleep(0.02)
    raise AssertionError("job never began to learn")


def epoch(message: str) -> int | None:
    """The epoch that a message speaks of."""
    found = re.search(r"Epoch (\d+) of", message)
    return None if found is None else int(found[1])


FAST = {"config": {"generator": "copula", "seed": 1, "target": "label"}, "name": "data.csv"}
SLOW = {"config": {"generator": "forest", "seed": 1}, "name": "data.csv"}


def test_a_profile_is_what_the_library_finds(jobs):
    """The result can be read back as the library's own values."""
    space = jobs.open("my data.csv", table())
    done = ended(jobs, jobs.submit(space.id, "profile"))
    assert (done.state, done.fraction, done.problem) == (State.SUCCEEDED, 1.0, None)
    found = from_json(Profile, json.loads((jobs.result(done.id) / "profile.json").read_text("utf-8")))
    assert found.rows == 300
    assert found.schema.names == ("age", "group", "income", "label")


def test_a_run_leaves_every_file_that_can_be_taken_away(jobs):
    """Rows in each format, the evidence, the model and the settings; none of them holds the sample of real rows."""
    space = jobs.open("data.csv", table())
    done = ended(jobs, jobs.submit(space.id, "synthesize", FAST))
    assert done.problem is None
    folder = jobs.result(done.id)
    outcome = json.loads((folder / "outcome.json").read_text("utf-8"))
    assert from_json(Evaluation, outcome["evaluation"])["detection_auc"].available
    files = {path.name for path in (folder / "files").iterdir()}
    assert files == {
        "synthetic.csv", "synthetic.json", "synthetic.parquet", "synthetic-hf.zip", "report.html", "report.json",
        "model.zip", "run.yaml", "synthetic.manifest.json", "synthetic.card.md",
    }  # fmt: skip
    assert len(pd.read_csv(folder / "files" / "synthetic.csv")) == 300
    assert len(json.loads((folder / "files" / "synthetic.json").read_text())) == 300
    with zipfile.ZipFile(folder / "files" / "model.zip") as archive:
        assert {"model.json", "release.json"} <= set(archive.namelist())
        assert archive.testzip() is None


def test_the_model_that_is_taken_away_makes_the_same_rows(jobs, tmp_path):
    """The zip is a saved run."""
    space = jobs.open("data.csv", table())
    done = ended(jobs, jobs.submit(space.id, "synthesize", FAST))
    files = jobs.result(done.id) / "files"
    with zipfile.ZipFile(files / "model.zip") as archive:
        archive.extractall(tmp_path / "model")
    made = ss.resample(tmp_path / "model")
    assert export.to_bytes(made.synthetic, format="csv") == (files / "synthetic.csv").read_bytes()


def test_progress_never_falls_and_names_the_stages(jobs):
    """What a page shows."""
    space = jobs.open("data.csv", table(3000))
    job = jobs.submit(space.id, "synthesize", SLOW)
    seen = []
    while not (now := jobs.watch(job.id)).state.is_final:
        seen.append((now.fraction, now.stage))
        time.sleep(0.02)
    assert now.problem is None
    assert [fraction for fraction, _ in seen] == sorted(fraction for fraction, _ in seen)
    assert {"Fit", "Sample and filter", "Evaluate"} <= {stage for _, stage in seen}


def test_cancel_works_at_once_and_keeps_nothing(jobs):
    """Not even a half-made folder stays, and the process is gone."""
    space = jobs.open("data.csv", table(20_000))
    job = running(jobs, jobs.submit(space.id, "synthesize", SLOW))
    assert job.state is State.RUNNING
    start = time.monotonic()
    jobs.cancel(job.id)
    done = ended(jobs, job)
    assert time.monotonic() - start < 5  # a second on a quiet machine, see benchmarks/web_app.py
    assert done.state is State.CANCELLED
    assert done.problem.startswith("Cancelled at “Fit")
    assert "Nothing was kept" in done.problem
    assert [path.name for path in (jobs.root / "work" / space.id).iterdir()] == ["input"]
    with pytest.raises(ConfigError, match="cancelled"):
        jobs.result(job.id)


def test_a_killed_process_is_begun_again(jobs):
    """The job ends as if nothing had happened, and once."""
    space = jobs.open("data.csv", table(5_000))
    job = running(jobs, jobs.submit(space.id, "synthesize", SLOW))
    (child,) = jobs.worker.children.values()
    os.kill(child.process.pid, signal.SIGKILL)
    done = ended(jobs, job)
    assert (done.state, done.problem) == (State.SUCCEEDED, None)
    made = (jobs.result(job.id) / "files" / "synthetic.csv").read_bytes()
    until = time.monotonic() + 10
    while len(jobs.blobs.names(space.id)) > 2 and time.monotonic() < until:
        time.sleep(0.05)  # finished steps go after the result is there
    assert {name.partition(".")[0] for name in jobs.blobs.names(space.id)} == {job.id, "input"}
    assert len(jobs.blobs.names(space.id)) == 2
    again = jobs.submit(space.id, "synthesize", SLOW)
    assert ended(jobs, again).state is State.SUCCEEDED
    assert (jobs.result(again.id) / "files" / "synthetic.csv").read_bytes() == made


def test_a_process_that_dies_every_time_is_a_failed_job(jobs, monkeypatch):
    """As where the system runs out of memory at the same place."""
    monkeypatch.setattr(worker, "MOST_DEATHS", 3)
    space = jobs.open("data.csv", table(20_000))
    job = jobs.submit(space.id, "synthesize", SLOW)
    killed = set()
    until = time.monotonic() + WAIT
    while not (done := jobs.watch(job.id)).state.is_final and time.monotonic() < until:
        for child in list(jobs.worker.children.values()):
            if child.process.pid not in killed and done.message:
                killed.add(child.process.pid)
                os.kill(child.process.pid, signal.SIGKILL)
        time.sleep(0.02)
    assert (done.state, done.problem_type, len(killed)) == (State.FAILED, "stopped", 3)
    assert "memory" in done.problem
    assert [path.name for path in (jobs.root / "work" / space.id).iterdir()] == ["input"]


@pytest.mark.parametrize(
    ("content", "config", "kind", "says"),
    [
        (b"", {}, "unusable-data", "empty"),
        (b"a,b\n1,2\n3,4\n", {}, "unusable-data", "2 rows; at least 20"),
        (b"a,b\n1,2\n3\n4,5,6\n", {}, "unusable-data", "row"),
        (table(), {"generator": "no-such"}, "bad-config", "no-such"),
        (table(), {"target": "lable"}, "bad-config", "label"),
        (table(), {"rows": 0}, "bad-config", "rows"),
    ],
)
def test_what_cannot_be_done_is_said_in_words(jobs, content, config, kind, says):
    """The library's own message reaches the page."""
    space = jobs.open("data.csv", content)
    done = ended(jobs, jobs.submit(space.id, "synthesize", {"config": config, "name": "data.csv"}))
    assert (done.state, done.problem_type) == (State.FAILED, kind)
    assert says in done.problem


def test_an_unforeseen_error_tells_no_value_of_the_data(tmp_path, monkeypatch, caplog):
    """Its message may hold cells, so only its type and place are told."""
    from smartsynth.jobs import child, tasks

    def fail(*_):
        raise RuntimeError("secret cell 4711")

    monkeypatch.setitem(tasks.TASKS, "profile", tasks.Task(fail, "quick", ("dataset",)))
    here = Jobs(tmp_path / "home", workers=0)
    space = here.open("data.csv", b"x")
    job = here.submit(space.id, "profile")
    claim = here.store.claim("quick", "me")
    assert claim.job == job.id
    child.run(here.store, here.blobs, claim)
    done = here.watch(job.id)
    here.close()
    assert (done.state, done.problem_type) == (State.FAILED, "internal")
    assert "RuntimeError" in done.problem
    assert "4711" not in done.problem + caplog.text
    assert "test_jobs.py" in caplog.text


def test_quick_jobs_do_not_wait_behind_long_ones(jobs):
    """A second user sees the profile while the first one's model trains; a second training waits its turn."""
    one, two = jobs.open("one.csv", table(20_000)), jobs.open("two.csv", table())
    long = running(jobs, jobs.submit(one.id, "synthesize", SLOW))
    waiting = jobs.submit(two.id, "synthesize", FAST)
    assert ended(jobs, jobs.submit(two.id, "profile")).state is State.SUCCEEDED
    assert jobs.watch(long.id).state is State.RUNNING
    now = jobs.watch(waiting.id)
    assert (now.state, now.ahead) == (State.QUEUED, 1)
    jobs.cancel(waiting.id)
    assert jobs.watch(waiting.id).state is State.CANCELLED
    jobs.cancel(long.id)
    ended(jobs, long)


def test_a_workspace_runs_one_job_of_a_kind_and_the_queue_has_an_end(jobs):
    """Nobody can fill the machine."""
    space = jobs.open("data.csv", table(20_000))
    jobs.submit(space.id, "synthesize", SLOW)
    with pytest.raises(ConfigError, match="already has such a job"):
        jobs.submit(space.id, "synthesize", SLOW)
    for i in range(MOST_WAITING + 2):
        jobs.store.add_job(f"waiting-{i}", "nobody", "synthesize", "none", {})
    with pytest.raises(TooMany, match="waiting already"):
        jobs.submit(jobs.open("data.csv", table()).id, "synthesize", FAST)
    with pytest.raises(ConfigError, match="no-such"):
        jobs.submit(space.id, "no-such")


def test_deleting_a_workspace_stops_its_job_and_removes_everything(jobs):
    """Nothing of it is left on the disk, nor in the records."""
    space = jobs.open("patients.csv", table(20_000))
    jobs.note(space.id, {"config": {"target": "planted-note"}})
    job = running(jobs, jobs.submit(space.id, "synthesize", SLOW))
    (child,) = jobs.worker.children.values()
    jobs.delete(space.id)
    assert child.process.poll() is not None
    assert list((jobs.root / "work").iterdir()) == []
    for ask in (lambda: jobs.watch(job.id), lambda: jobs.workspace(space.id), lambda: jobs.submit(space.id, "profile")):
        with pytest.raises(Gone):
            ask()
    time.sleep(0.3)
    assert list((jobs.root / "work").iterdir()) == []


def test_a_workspace_that_nobody_looks_at_expires(tmp_path):
    """One that is looked at stays."""
    jobs = Jobs(tmp_path / "home", ttl_seconds=1.2, keep_spare=False)
    try:
        kept, left = jobs.open("kept.csv", table()), jobs.open("left.csv", table())
        until = time.monotonic() + 20
        while (jobs.root / "work" / left.id).exists() and time.monotonic() < until:
            jobs.workspace(kept.id)
            time.sleep(0.1)
        assert not (jobs.root / "work" / left.id).exists()
        assert (jobs.root / "work" / kept.id).exists()
        with pytest.raises(Gone):
            jobs.workspace(left.id)
    finally:
        jobs.close()


def test_only_the_newest_result_of_a_task_is_kept(jobs):
    """A second run replaces the first; a failed one does not."""
    space = jobs.open("data.csv", table())
    first = ended(jobs, jobs.submit(space.id, "profile"))
    second = ended(jobs, jobs.submit(space.id, "profile"))
    failed = ended(jobs, jobs.submit(space.id, "profile", {"config": {"target": "nothing"}}))
    assert failed.state is State.FAILED
    with pytest.raises(Gone):
        jobs.result(first.id)
    assert jobs.latest(space.id, "profile").id == failed.id
    assert jobs.latest(space.id, "profile", State.SUCCEEDED).id == second.id
    assert jobs.result(second.id).is_dir()


def test_ids_cannot_be_guessed_and_lead_nowhere_else(jobs):
    """A made-up id is simply not there, and none leaves the folder."""
    spaces = {jobs.open("data.csv", b"x").id for _ in range(20)}
    assert len(spaces) == 20
    assert all(len(space) >= 24 for space in spaces)
    for wrong in ("", "..", "../../etc", "a" * 24, "/etc/passwd", "x\x00y"):
        for ask in (jobs.workspace, jobs.input, jobs.watch):
            with pytest.raises(Gone):
                ask(wrong)
    for wrong in ("", "..", "../../etc", "/etc/passwd"):
        with pytest.raises(Gone):
            jobs.delete(wrong)
    assert len(list((jobs.root / "work").iterdir())) == 20


@pytest.mark.parametrize(
    "name", ["../../evil.csv", "..", ".hidden", "C:\\x\\y.csv", "a/b/c.json", "ünï cödé?.csv", "x" * 300]
)
def test_a_file_is_stored_inside_its_workspace_whatever_it_is_called(jobs, name):
    """Its name leads nowhere."""
    space = jobs.open(name, b"a,b\n1,2\n")
    path = jobs.input(space.id)
    assert path.parent == jobs.root / "work" / space.id / "input"
    assert path.read_bytes() == b"a,b\n1,2\n"
    assert jobs.workspace(space.id).name == name


def test_the_folder_is_for_this_user_alone(jobs):
    """Neither the files nor the records can be read by others."""
    space = jobs.open("data.csv", b"a\n1\n")
    assert jobs.root.stat().st_mode & 0o077 == 0
    assert (jobs.root / "records.sqlite").stat().st_mode & 0o077 == 0
    assert (jobs.root / "work" / space.id / "input").stat().st_mode & 0o077 == 0


def test_two_servers_share_a_folder(jobs):
    """What one was asked, the other may do; each job is done once."""
    other = Jobs(jobs.root, keep_spare=False)
    try:
        spaces = [jobs.open("data.csv", table(60, seed=i)) for i in range(4)]
        asked = [(jobs, other)[i % 2].submit(space.id, "profile") for i, space in enumerate(spaces)]
        assert [ended(jobs, job).state for job in asked] == [State.SUCCEEDED] * 4
        assert all(other.result(job.id).is_dir() for job in asked)
    finally:
        other.close()


def test_the_job_of_a_server_that_died_goes_on_elsewhere(tmp_path):
    """Its lease runs out, or its machine says that it is gone; what belongs to nobody is removed."""
    root = tmp_path / "home"
    code = (
        "import sys, time; from pathlib import Path; from smartsynth.jobs import Jobs\n"
        "jobs = Jobs(Path(sys.argv[1]), keep_spare=False)\n"
        "space = jobs.open('data.csv', open(sys.argv[2], 'rb').read())\n"
        "print(jobs.submit(space.id, 'synthesize', {'config': {'generator': 'forest', 'seed': 1}}).id, flush=True)\n"
        "time.sleep(600)"
    )
    (tmp_path / "data.csv").write_bytes(table(5_000))
    command = [sys.executable, "-c", code, str(root), str(tmp_path / "data.csv")]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    watcher = None
    with server:
        job = server.stdout.readline().strip()
        watcher = Jobs(root, workers=0)
        while not watcher.watch(job).message.startswith("Fit"):
            time.sleep(0.05)
        server.kill()
    (root / "work" / "orphan-of-a-crash").mkdir()
    second = Jobs(root, keep_spare=False)
    try:
        assert ended(second, second.watch(job)).state is State.SUCCEEDED
        assert not (root / "work" / "orphan-of-a-crash").exists()
        assert list((root / "scratch").iterdir()) == []
    finally:
        watcher.close()
        second.close()


def test_a_server_that_stops_gives_its_jobs_back(tmp_path):
    """The next one does them; the stop does not count against them."""
    first = Jobs(tmp_path / "home", keep_spare=False)
    job = running(first, first.submit(first.open("data.csv", table(5_000)).id, "synthesize", SLOW))
    first.close()
    second = Jobs(tmp_path / "home", keep_spare=False)
    try:
        done = ended(second, job)
        assert (done.state, done.attempts) == (State.SUCCEEDED, 1)
    finally:
        second.close()


@pytest.mark.parametrize("succeeded", [True, False])
def test_a_child_that_tidies_up_is_left_alone(jobs, monkeypatch, succeeded):
    """Its lease is over once the result is there; one whose job was taken by somebody else is ended."""
    monkeypatch.setattr(worker, "RENEW_SECONDS", 0.0)
    space = jobs.open("data.csv", table())
    jobs.store.add_job("job", space.id, "profile", "nobody's", {})
    claim = jobs.store.claim("nobody's", jobs.worker.holder)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    process = subprocess.Popen(["sleep", "60"], start_new_session=True, **pipes)
    with jobs.worker._guard:
        jobs.worker.children["job"] = worker._Child(process, claim, "nobody's", space.id, time.monotonic(), 0)
        if succeeded:
            assert jobs.store.finish(claim, State.SUCCEEDED, result="somewhere")
        else:
            jobs.store.free(jobs.worker.holder)
            jobs.store.claim("nobody's", "another server")
        jobs.worker._next.clear()
        jobs.worker._look_after()
        assert (process.poll() is None) is succeeded
        assert ("job" in jobs.worker.children) is succeeded


def test_what_a_killed_child_left_of_an_older_result_is_swept_away(jobs, monkeypatch):
    """The records no longer know it before the first of its files is deleted."""
    space = jobs.open("data.csv", table())
    older = ended(jobs, jobs.submit(space.id, "profile"))
    place = jobs.store.result_place(older.id)

    def killed(name):
        assert name == place
        (jobs.root / "work" / place / "profile.html").unlink()
        raise KeyboardInterrupt

    broken = Blobs(str(jobs.root / "work"), jobs.root / "scratch")
    monkeypatch.setattr(broken, "delete", killed)
    with pytest.raises(KeyboardInterrupt):
        _drop_older(jobs.store, broken, older, keep="another")
    jobs.sweep()
    assert jobs.blobs.names(space.id) == ["input"]
    with pytest.raises(Gone):
        jobs.result(older.id)


@pytest.mark.slow
def test_a_killed_training_goes_on_after_its_checkpoint(jobs):
    """No epoch before the checkpoint is done again, and the rows are those of a run that nobody killed."""
    pytest.importorskip("ctgan")
    config = {"generator": {"name": "ctgan", "options": {"epochs": 240, "batch_size": 100}}, "seed": 1}
    space = jobs.open("data.csv", table(3_000))
    job = jobs.submit(space.id, "synthesize", {"config": config, "name": "data.csv"})
    until = time.monotonic() + 10 * WAIT
    while jobs.store.step(job.id, "training") is None:
        assert time.monotonic() < until
        assert not jobs.watch(job.id).state.is_final
        time.sleep(0.1)
    before = epoch(jobs.watch(job.id).message)
    (child,) = jobs.worker.children.values()
    os.kill(child.process.pid, signal.SIGKILL)
    seen = set()
    while not (now := jobs.watch(job.id)).state.is_final:
        seen.add(epoch(now.message))
        time.sleep(0.01)
    assert now.state is State.SUCCEEDED, now.problem
    assert before - 5 <= min(seen - {None})
    whole = ended(
        jobs, jobs.submit(jobs.open("data.csv", table(3_000)).id, "synthesize", {"config": config, "name": "data.csv"})
    )
    rows = [(jobs.result(one.id) / "files" / "synthetic.csv").read_bytes() for one in (now, whole)]
    assert rows[0] == rows[1]


def test_who_holds_an_older_claim_is_not_listened_to(tmp_path):
    """A server that was frozen wakes up after another one has taken its job."""
    store = Store(Database(f"sqlite:///{tmp_path}/records.sqlite"))
    store.add_job("job", "space", "synthesize", "long", {})
    old = store.claim("long", "frozen")
    store.free("frozen")
    new = store.claim("long", "awake")
    assert (old.fence, new.fence) == (1, 2)
    assert store.renew([old, new]) == [old]
    assert not store.report(old, 0.5, "Fit", {})
    assert not store.finish_step(old, "learnt", "somewhere/old")
    assert not store.finish(old, State.SUCCEEDED, result="somewhere/old")
    assert store.finish_step(new, "learnt", "somewhere/new")
    assert store.finish(new, State.SUCCEEDED, result="somewhere/new")
    assert store.finish(new, State.SUCCEEDED, result="somewhere/new")  # the answer got lost, so it is said again
    assert (store.result_place("job"), store.step("job", "learnt")) == ("somewhere/new", "somewhere/new")


def test_the_same_request_makes_one_job(jobs):
    """A hundred times at once, too; asked for something else under the same name, it is refused."""
    space = jobs.open("data.csv", table(60))
    made, problems = set(), []

    def ask() -> None:
        try:
            made.add(jobs.submit(space.id, "profile", request="once").id)
        except Exception as error:
            problems.append(error)

    threads = [threading.Thread(target=ask) for _ in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(made), problems) == (1, [])
    with pytest.raises(OtherRequest):
        jobs.submit(space.id, "profile", {"config": {"target": "label"}}, request="once")


def test_a_job_that_uses_too_much_is_stopped_and_says_so(tmp_path):
    """Memory and time have bounds."""
    for bounds, says in ((Bounds(memory=400 * 1024**2), "memory"), (Bounds(seconds=0.5), "longer than one job")):
        jobs = Jobs(tmp_path / says[:4], keep_spare=False, bounds=bounds)
        try:
            done = ended(jobs, jobs.submit(jobs.open("data.csv", table(150_000)).id, "synthesize", SLOW))
            assert (done.state, done.problem_type) == (State.FAILED, "too-large")
            assert says in done.problem
        finally:
            jobs.close()


def test_a_data_set_that_comes_in_parts_is_whole_in_the_end(jobs):
    """Whatever the order, and if one comes twice."""
    jobs.account("account", "somebody")
    content = table(500)
    made = jobs.begin_dataset("account", "data.csv")
    jobs.put_part(made, 3, content[2_000:])
    jobs.put_part(made, 1, content[:1_000])
    with pytest.raises(ConfigError, match="lacks part 2"):
        jobs.complete_dataset(made)
    jobs.put_part(made, 2, b"wrong")
    jobs.put_part(made, 2, content[1_000:2_000])
    whole = jobs.complete_dataset(made)
    assert (whole.ready, whole.bytes, jobs.blobs.local(whole.place).read_bytes()) == (True, len(content), content)
    assert jobs.complete_dataset(jobs.dataset(made.id, "account")) == whole
    with pytest.raises(ConfigError, match="complete"):
        jobs.put_part(whole, 4, b"more")


def test_rows_of_a_model_are_made_in_parts_and_scored(jobs, monkeypatch):
    """A generation is what the model's own stream has; an evaluation of it reads like one of a file."""
    jobs.account("account", "somebody")
    data = jobs.add_dataset("account", "data.csv", table(300))
    model = ended(jobs, jobs.submit("account", "synthesize", {**FAST, "dataset": data.id}))
    made = ended(jobs, jobs.submit("account", "generate", {"model": model.id, "rows": 500}))
    assert made.problem is None
    folder = jobs.result(made.id)
    assert sorted(path.name for path in folder.iterdir()) == ["part-00000.parquet", "rows.json"]
    rows = pd.read_parquet(folder / "part-00000.parquet")
    first = pd.read_parquet(jobs.result(model.id) / "files" / "synthetic.parquet")
    pd.testing.assert_frame_equal(rows.head(300), first)
    scored = ended(jobs, jobs.submit("account", "evaluate", {"dataset": data.id, "generation": made.id}))
    assert scored.problem is None
    assert json.loads((jobs.result(scored.id) / "outcome.json").read_text())["evaluation"]["scores"]
    jobs.delete_dataset(data.id, "account")
    assert ended(jobs, jobs.submit("account", "generate", {"model": model.id, "rows": 10})).state is State.SUCCEEDED
    for wrong in ({"model": data.id}, {"model": "nothing"}, {}):
        with pytest.raises((Gone, ConfigError)):
            jobs.submit("account", "generate", wrong)


def test_what_is_old_goes_from_an_account(tmp_path):
    """Data sets and results; the account stays, and knows that they were there."""
    jobs = Jobs(tmp_path / "home", keep_seconds=1.0, ttl_seconds=2.0, keep_spare=False)
    try:
        jobs.account("account", "somebody")
        data = jobs.add_dataset("account", "data.csv", table(60))
        job = ended(jobs, jobs.submit("account", "profile", {"dataset": data.id}))
        until = time.monotonic() + 30
        while jobs.blobs.sizes("account") and time.monotonic() < until:
            time.sleep(0.1)
        assert jobs.blobs.sizes("account") == []
        assert jobs.store.was_there(job.id, "account")
        assert jobs.store.was_there(data.id, "account")
        assert jobs.workspace("account").name == "somebody"
    finally:
        jobs.close()


def test_children_end_with_their_server(tmp_path):
    """A server that is killed leaves no process behind."""
    code = (
        "import sys, time; from pathlib import Path; from smartsynth.jobs import Jobs\n"
        "jobs = Jobs(Path(sys.argv[1])); time.sleep(1); print(jobs.worker.spare.pid, flush=True); time.sleep(60)"
    )
    server = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "home")], stdout=subprocess.PIPE, text=True)
    with server:
        child = int(server.stdout.readline())
        server.kill()
    until = time.monotonic() + 30
    while alive(child) and time.monotonic() < until:
        time.sleep(0.1)
    assert not alive(child)


def alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().split()[2] != "Z"
    except FileNotFoundError:
        return False


def test_a_spare_child_is_ready_before_it_is_needed(tmp_path):
    """The job goes to the process that was waiting, and another one takes its place."""
    jobs = Jobs(tmp_path / "home")
    try:
        until = time.monotonic() + 20
        while jobs.worker.spare is None and time.monotonic() < until:
            time.sleep(0.05)
        spare = jobs.worker.spare.pid
        job = jobs.submit(jobs.open("data.csv", table()).id, "profile")
        assert ended(jobs, job).state is State.SUCCEEDED
        assert jobs.worker.spare.pid != spare
    finally:
        jobs.close()
    assert jobs.worker.spare.poll() is not None


def test_figures_become_lines_and_stay_few(tmp_path):
    """Thousands of epochs give a line that can still be drawn."""
    store = Store(Database(f"sqlite:///{tmp_path}/records.sqlite"))
    store.add_job("job", "space", "synthesize", "long", {})
    reporter = Reporter(store, store.claim("long", "me"))
    for step in range(5000):
        reporter(step / 5000, Note(f"Fit: Epoch {step}", loss=1 / (step + 1), broken=float("nan")))
    reporter(1.0, "Evaluate")
    lines = store.job("job").figures
    assert set(lines) == {"loss"}
    assert 100 < len(lines["loss"]) <= 300
    assert lines["loss"][0][1] == 1.0
    assert [x for x, _ in lines["loss"]] == sorted(x for x, _ in lines["loss"])


def test_a_reporter_stops_the_work_once_it_is_asked_to(tmp_path):
    """And once its job is gone."""
    store = Store(Database(f"sqlite:///{tmp_path}/records.sqlite"))
    store.add_job("job", "space", "synthesize", "long", {})
    reporter = Reporter(store, store.claim("long", "me"))
    reporter(0.1, "Fit: one")
    store.ask_to_cancel("job")
    with pytest.raises(Cancelled, match="Fit: two"):
        time.sleep(0.25)
        reporter(0.2, "Fit: two")
    with pytest.raises(Cancelled):
        Reporter(store, Claim("no such job", 1))(0.5, "Fit")


PNG = b"\x89PNG of " + b"a picture" * 20


@pytest.mark.parametrize("end", [State.SUCCEEDED, State.FAILED, State.CANCELLED])
def test_the_newest_picture_of_a_job_is_kept_until_it_ends(tmp_path, end):
    """Whichever way it ends; not a byte of it stays in the records."""
    store = Store(Database(f"sqlite:///{tmp_path}/records.sqlite"))
    store.add_job("job", "space", "synthesize", "long", {})
    claim = store.claim("long", "me")
    Reporter(store, claim)(0.1, Note("Fit: Epoch 1", {}, b"an older picture"))
    Reporter(store, claim)(0.2, Note("Fit: Epoch 2", {}, lambda: PNG))
    Reporter(store, claim)(0.3, Note("Fit: Epoch 3", loss=1.0))
    assert store.preview("job") == PNG
    store.show(Claim("job", claim.fence - 1), b"of an attempt that holds no longer")
    assert store.preview("job") == PNG
    store.finish(claim, end)
    store.show(claim, PNG)
    assert store.preview("job") is None
    left = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert PNG not in left
    assert b"an older picture" not in left


def test_a_job_without_a_holder_leaves_no_picture_when_it_is_cancelled(tmp_path):
    """Nor one that is deleted with its workspace."""
    store = Store(Database(f"sqlite:///{tmp_path}/records.sqlite"))
    store.add_workspace("space", "data.csv", {})
    for job in ("job", "other"):
        store.add_job(job, "space", "synthesize", "long", {})
        store.show(store.claim("long", "me"), PNG)
    store.free("me")
    store.ask_to_cancel("job")
    assert [store.preview("job"), store.preview("other")] == [None, PNG]
    store.remove_workspace("space")
    assert store.preview("other") is None
    assert PNG not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


def test_records_of_an_older_version_are_brought_up(tmp_path):
    """The tables of pictures come to a database that has none, and its jobs stay."""
    before = Store(Database(f"sqlite:///{tmp_path}/records.sqlite"))
    before.add_job("job", "space", "synthesize", "long", {})
    with before.database.engine.begin() as db:
        db.exec_driver_sql("DROP TABLE previews")
        db.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    before.database.close()
    store = Store(Database(f"sqlite:///{tmp_path}/records.sqlite"))
    store.show(store.claim("long", "me"), PNG)
    assert store.preview("job") == PNG


def test_time_left_is_told_once_something_is_known():
    """And grows out of what has passed."""
    job = Job("j", "w", "synthesize", {}, State.RUNNING, fraction=0.25, started=100.0)
    assert job.seconds_left(now=110.0) == pytest.approx(30.0)
    assert Job("j", "w", "synthesize", {}, State.RUNNING, fraction=0.01, started=100.0).seconds_left(110.0) is None
    assert Job("j", "w", "synthesize", {}, State.QUEUED).seconds_left(110.0) is None


def test_many_threads_may_watch_and_submit(jobs):
    """As the sessions of a server do."""
    problems = []

    def visit(i: int) -> None:
        try:
            space = jobs.open(f"{i}.csv", table(50, seed=i))
            done = ended(jobs, jobs.submit(space.id, "profile"))
            assert done.state is State.SUCCEEDED, done.problem
            found = json.loads((jobs.result(done.id) / "profile.json").read_text("utf-8"))
            assert found["rows"] == 50
        except BaseException as error:
            problems.append(error)

    threads = [threading.Thread(target=visit, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []


def test_the_environment_sets_folder_life_time_and_workers(tmp_path, monkeypatch):
    """A wrong value is named."""
    monkeypatch.setenv("SMARTSYNTH_HOME", str(tmp_path / "here"))
    monkeypatch.setenv("SMARTSYNTH_TTL_MINUTES", "30")
    made = from_environment()
    try:
        assert (made.root, made.ttl_seconds) == (tmp_path / "here", 1800.0)
    finally:
        made.close()
    for wrong in ("soon", "0", "-1", "nan"):
        monkeypatch.setenv("SMARTSYNTH_TTL_MINUTES", wrong)
        with pytest.raises(ConfigError, match=re.escape(f"SMARTSYNTH_TTL_MINUTES='{wrong}'")):
            from_environment()
