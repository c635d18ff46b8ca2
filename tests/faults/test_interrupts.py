"""Ctrl-C, the end of a service and a kill, at every stage: nothing half-made, older files as they were, and the next run works."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest
from faults.conftest import QUICK, Child, hidden, run

import smartsynth as ss

STAGES = ("Read", "Profile", "Split", "Select", "Fit", "Sample and filter", "Evaluate")


def asked(csv, place, seed: int) -> tuple[object, ...]:
    return (
        "synthesize", csv, "-o", place / "rows.csv", "--save", place / "model", "--report", place / "report.html",
        "-g", "copula", "--seed", seed,
    )  # fmt: skip


def files(place) -> dict[str, bytes]:
    return {str(path.relative_to(place)): path.read_bytes() for path in place.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def older(csv, tmp_path_factory):
    """The files of an older run, and what is in them."""
    place = tmp_path_factory.mktemp("older")
    assert run(*asked(csv, place, 1)).code == 0
    return place, files(place)


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_nothing_changes_if_it_stops_in(stage, number, csv, older):
    """Whatever ends a run before it writes, the files of an older run stay byte for byte."""
    place, before = older
    child = Child(*asked(csv, place, 2), stops=stage)
    assert child.waits()
    child.kill(number)
    ended = child.end()
    if number is signal.SIGINT:
        assert (ended.code, ended.is_told()) == (130, True), ended
        assert "Stopping after this step" in ended.err and "Cancelled. Nothing was kept." in ended.err
    else:
        assert (ended.code, ended.err) == (-number, "")
    assert files(place) == before and not hidden(place)


def test_a_second_ctrl_c_stops_at_once(csv, tmp_path):
    child = Child(*asked(csv, tmp_path, 1), stops="Fit")
    assert child.waits()
    child.kill(signal.SIGINT)
    while child.said() == "":
        pass
    child.kill(signal.SIGINT)
    ended = child.end()
    assert (ended.code, ended.is_told()) == (130, True), ended
    assert not list(tmp_path.iterdir())


def test_ctrl_c_between_two_files_says_what_was_kept(csv, tmp_path):
    """The model is saved, then Ctrl-C: the report and the rows are not written any more."""
    child = Child("synthesize", csv, "-o", tmp_path / "rows.csv", "--save", tmp_path / "model", *QUICK, stops="write")
    assert child.waits()
    child.kill(signal.SIGINT)
    ended = child.end()
    assert (ended.code, ended.is_told()) == (130, True), ended
    assert f"Written before that: {tmp_path / 'model'}." in ended.err and ended.err.endswith("Cancelled.\n")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    assert len(ss.resample(tmp_path / "model").synthetic) == 300


def test_a_kill_in_any_moment_of_writing_leaves_whole_files(csv, tmp_path):
    """Killed at each step of writing, one after the other: what is there belongs together, and the next run clears up."""

    def wanted(seed: int) -> tuple[object, ...]:
        return ("synthesize", csv, "-o", tmp_path / "rows.csv", "--save", tmp_path / "model", *QUICK, "--seed", seed)

    made = {}
    for seed in (1, 2):
        assert run(*wanted(seed)).code == 0
        made[(tmp_path / "rows.csv").read_bytes()] = seed
    assert len(made) == 2
    moments, seed = 0, 2
    while True:
        child = Child(*wanted(3 - seed), stops="write")
        for _ in range(moments):
            assert child.waits()
            child.goes_on()
        if not child.waits():
            break
        child.kill(signal.SIGKILL)
        assert child.end().code == -signal.SIGKILL
        rows = (tmp_path / "rows.csv").read_bytes()
        record = tmp_path / "rows.manifest.json"
        assert not record.exists() or json.loads(record.read_text())["seed"] == made[rows]
        saved = ss.resample(tmp_path / "model")
        assert saved.manifest["seed"] == saved.seed and len(saved.synthetic) == 300
        moments += 1
    assert child.end().code == 0 and moments >= 10
    assert run(*wanted(1)).code == 0
    assert made[(tmp_path / "rows.csv").read_bytes()] == 1 and not hidden(tmp_path)


@pytest.mark.slow
def test_ctrl_c_while_the_command_is_being_loaded(csv, tmp_path):
    """Half a second after its start the command still imports; Ctrl-C is answered in words all the same."""
    command = [
        sys.executable,
        "-X",
        "importtime",
        "-m",
        "smartsynth",
        "synthesize",
        str(csv),
        "-o",
        str(tmp_path / "rows.csv"),
    ]
    for module in ("typer", "smartsynth.shell", "numpy", "pandas"):
        child = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        said = []
        for line in child.stderr:
            said.append(line)
            if line.rpartition("|")[2].strip() == module:
                child.send_signal(signal.SIGINT)
                break
        said += child.stderr.readlines()
        child.stderr.close()
        told = [line for line in said if not line.startswith("import time:")]
        assert (child.wait(), told[-1:]) == (130, ["Cancelled. Nothing was kept.\n"]), told
        assert not list(tmp_path.iterdir())
