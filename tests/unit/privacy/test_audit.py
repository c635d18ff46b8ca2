"""The audit log: every entry follows the one before, whatever is changed is found, and no data enter."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import smartsynth as ss
from smartsynth.cli import app
from smartsynth.errors import ConfigError
from smartsynth.privacy.audit import Log

ROWS = pd.DataFrame(
    {"city": ["Zyzzyva", "Ulm"] * 60, "x": np.random.default_rng(0).normal(size=120), "y": np.arange(120.0) ** 1.5}
)


@pytest.fixture
def log(tmp_path, monkeypatch):
    monkeypatch.setenv("SMARTSYNTH_AUDIT", str(tmp_path / "audit.jsonl"))
    monkeypatch.setenv("SMARTSYNTH_ACTOR", "ann")
    return Log.of_this_machine()


def lines(log):
    return log.path.read_text().splitlines()


def rewrite(log, made):
    log.path.write_text("".join(line + "\n" for line in made))


def test_entries_follow_each_other(log):
    for i in range(5):
        log.write("look", rows=i)
    assert log.verify() is None
    assert [entry.seq for entry in log.entries()] == [1, 2, 3, 4, 5]
    assert {entry.actor for entry in log.entries()} == {"ann"}
    assert oct(log.path.stat().st_mode & 0o777) == "0o600"


def changed(made):
    made[2] = made[2].replace('"rows": 2', '"rows": 9')


def one_byte(made):
    made[1] = made[1][:30] + ("0" if made[1][30] != "0" else "1") + made[1][31:]


@pytest.mark.parametrize(
    "damage, told",
    [
        (changed, "Line 3, entry 3, was changed"),
        (lambda made: made.pop(2), "Line 3, entry 4, does not follow"),
        (lambda made: made.insert(2, made[1]), "Line 3, entry 2, does not follow"),
        (lambda made: made.append(made.pop(1)), "does not follow"),
        (lambda made: made.pop(), "entry 5 was the last that was written"),
        (lambda made: made.clear(), "entry 5 was the last that was written"),
        (one_byte, "2"),
    ],
)
def test_whatever_is_changed_is_found(log, damage, told):
    for i in range(5):
        log.write("look", rows=i)
    made = lines(log)
    damage(made)
    rewrite(log, made)
    assert told in log.verify()


@pytest.mark.parametrize("kept", [3, 0])
def test_a_lost_end_is_not_covered_up_by_the_next_entry(log, kept):
    for i in range(5):
        log.write("look", rows=i)
    rewrite(log, lines(log)[:kept])
    log.write("look", rows=9)
    assert "entries up to 5 were gone" in log.verify()
    assert [entry.action for entry in log.entries()][kept:] == ["entries missing", "look"]
    log.write("look", rows=10)
    assert "entries up to 5 were gone" in log.verify()
    assert len(log.entries()) == kept + 3


def test_a_line_that_a_crash_cut_off_does_not_stop_the_log(log):
    log.write("look")
    with log.path.open("a") as file:
        file.write('{"seq": 2, "time": "2026-')
    assert "a write was cut off" in log.verify()
    log.write("look")
    assert [entry.action for entry in log.entries()] == ["look", "recovered", "look"]
    assert log.verify() is None
    made = lines(log)
    made.insert(1, "no entry")
    del made[2]
    rewrite(log, [made[0], "no entry", *[line for line in made[2:] if '"recovered"' not in line]])
    assert log.verify() is not None


def test_many_processes_keep_one_chain(log):
    script = (
        f"from smartsynth.privacy.audit import Log\nfor i in range(20): Log({str(log.path)!r}).write('look', rows=i)"
    )
    workers = [subprocess.Popen([sys.executable, "-c", script]) for _ in range(4)]
    assert [worker.wait() for worker in workers] == [0] * 4
    assert len(log.entries()) == 80
    assert log.verify() is None


def test_fields_that_could_hold_data_are_refused(log):
    with pytest.raises(ValueError, match="may not enter"):
        log.write("look", column="city")


def test_a_run_is_logged_from_start_to_end(log, tmp_path):
    result = ss.synthesize(ROWS, generator="copula", seed=3, evaluate={"enabled": False})
    result.export(tmp_path / "out.csv")
    ss.resample(result.save(tmp_path / "model"))
    with pytest.raises(ss.DataError):
        ss.evaluate(ROWS, ROWS.rename(columns={"x": "z"}))
    told = [(entry.action, entry.what.get("outcome")) for entry in log.entries()]
    assert told == [
        ("synthesize started", None), ("synthesize ended", "succeeded"), ("export", None), ("save model", None),
        ("sample from a saved model", None), ("evaluate started", None), ("evaluate ended", "failed"),
    ]  # fmt: skip
    first, second = log.entries()[:2]
    assert first.what["run"] == second.what["run"]
    assert first.what["dataset"] == log.dataset(ROWS.sample(frac=1, random_state=0))
    assert first.what["dataset"] != log.dataset(ROWS.iloc[1:])
    text = log.path.read_text()
    assert "Zyzzyva" not in text
    assert "city" not in text
    assert str(tmp_path) not in text


def test_nothing_runs_that_cannot_be_logged(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SMARTSYNTH_AUDIT", str(tmp_path / "file" / "audit.jsonl"))
    with pytest.raises(ConfigError, match="nothing runs that is not logged"):
        ss.synthesize(ROWS, generator="copula", evaluate={"enabled": False})


def test_the_command_shows_and_checks(log):
    log.write("look", rows=1)
    runner = CliRunner()
    shown = runner.invoke(app, ["audit"])
    assert shown.exit_code == 0
    assert "look" in shown.output
    head = runner.invoke(app, ["audit", "--head"])
    assert head.stdout.strip() == f"1 {log.entries()[0].hash}"
    assert json.loads(runner.invoke(app, ["audit", "--json"]).stdout)["problem"] is None
    rewrite(log, [lines(log)[0].replace("look", "cook")])
    broken = runner.invoke(app, ["audit"])
    assert broken.exit_code != 0
    assert "was changed" in broken.output


def test_without_a_log_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.delenv("SMARTSYNTH_AUDIT", raising=False)
    assert Log.of_this_machine() is None
    assert CliRunner().invoke(app, ["audit"]).exit_code != 0
