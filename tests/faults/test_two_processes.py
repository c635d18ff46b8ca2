"""Two processes that write or read the same files at once: what is there in the end, and at any moment, is whole and of one of them."""

from __future__ import annotations

import json
import multiprocessing
import os
import threading
import time
from pathlib import Path

import pytest
from faults.conftest import QUICK, Child, hidden

import smartsynth as ss
from smartsynth import atomic

FORK = multiprocessing.get_context("fork")


@pytest.fixture(scope="module")
def results(table) -> list[ss.Result]:
    """Two runs that differ in generator, rows and seed."""
    plain = {"privacy": {"filter": False}, "evaluate": {"enabled": False}}
    return [
        ss.synthesize(table, generator="copula", seed=1, rows=10, **plain),
        ss.synthesize(table, generator="forest", seed=2, rows=20, rules=["age >= 0"], **plain),
    ]


def _in_child(work, *args) -> None:
    """End the child with its outcome, past everything that the tests' own process would clear up."""
    try:
        work(*args)
    except BaseException:
        import traceback

        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def started(work, *args):
    child = FORK.Process(target=_in_child, args=(work, *args))
    child.start()
    return child


def saves(result: ss.Result, folder: Path, times: int) -> None:
    for _ in range(times):
        result.save(folder)


def test_two_saves_and_a_load_on_one_folder(results, tmp_path):
    """A model that is read while two processes replace it is one of theirs, with its own rows, seed and manifest."""
    folder = tmp_path / "model"
    results[0].save(folder)
    known = {len(result.synthetic): result for result in results}
    writers = [started(saves, result, folder, 25) for result in results]
    seen = set()
    while any(writer.is_alive() for writer in writers):
        made = ss.resample(folder)
        result = known[len(made.synthetic)]
        assert (made.seed, made.manifest["generator"]) == (result.config.seed, result.choice.generator)
        assert made.synthetic.frame.equals(result.synthetic.frame)
        seen.add(made.seed)
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0] and seen == {1, 2}
    assert len(ss.resample(folder).synthetic) in known and not hidden(tmp_path)


def test_two_saves_where_nothing_was(results, tmp_path):
    """Both want to be first; one is, and is replaced."""
    for number in range(10):
        folder = tmp_path / str(number)
        writers = [started(saves, result, folder, 1) for result in results]
        for writer in writers:
            writer.join()
        assert [writer.exitcode for writer in writers] == [0, 0]
        made = ss.resample(folder)
        assert made.manifest["seed"] == made.seed and len(made.synthetic) in (10, 20)
    assert not hidden(tmp_path)


def exports(result: ss.Result, path: Path, times: int) -> None:
    for _ in range(times):
        result.export(path)


@pytest.mark.parametrize("name", ["rows.csv", "rows"])
def test_two_exports_to_one_place(name, results, tmp_path):
    """Rows and manifest in the end are those of one run."""
    place = tmp_path / name
    writers = [started(exports, result, place, 30) for result in results]
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0]
    beside = place / "manifest.json" if name == "rows" else tmp_path / "rows.manifest.json"
    rows = place / "data" / "train-00000-of-00001.parquet" if name == "rows" else place
    assert len(ss.read(rows)) == {1: 10, 2: 20}[json.loads(beside.read_text())["seed"]]
    assert not hidden(tmp_path)


def test_two_commands_with_one_output(csv, tmp_path):
    """Two runs of the command at once: files, model and report are each of one of them."""
    children = [
        Child(
            "synthesize", csv, "-o", tmp_path / "rows.csv", "--save", tmp_path / "model", *QUICK, "--seed", seed, "-n", 10 * seed
        )
        for seed in (1, 2)
    ]  # fmt: skip
    assert [child.end().code for child in children] == [0, 0]
    seed = json.loads((tmp_path / "rows.manifest.json").read_text())["seed"]
    assert len(ss.read(tmp_path / "rows.csv")) == 10 * seed
    made = ss.resample(tmp_path / "model")
    assert len(made.synthetic) == 10 * made.seed and not hidden(tmp_path)


def test_a_save_waits_for_who_reads(results, tmp_path):
    """Nobody takes the folder away from a reader, and the writer goes on once the reader is done."""
    folder = tmp_path / "model"
    results[0].save(folder)
    before = (folder / "release.json").read_bytes()
    with atomic.reading(folder):
        writer = threading.Thread(target=saves, args=(results[1], folder, 1))
        writer.start()
        time.sleep(0.3)
        assert writer.is_alive() and (folder / "release.json").read_bytes() == before
    writer.join(10)
    assert not writer.is_alive() and ss.resample(folder).seed == 2


def test_a_workshop_that_is_in_use_is_left_alone(tmp_path):
    """Only what a dead process left is cleared away."""
    with atomic.folder(tmp_path / "model") as mine:
        (mine / "one").write_text("1")
        with atomic.folder(tmp_path / "model") as other:
            (other / "two").write_text("2")
        assert (mine / "one").read_text() == "1"
    assert [path.name for path in (tmp_path / "model").iterdir()] == ["one"] and not hidden(tmp_path)
    left = tmp_path / ".model-abcdefgh.part"
    left.mkdir()
    stranger = tmp_path / ".model-notes.part"
    stranger.write_text("not ours")
    with atomic.folder(tmp_path / "model"):
        pass
    assert not left.exists() and stranger.exists()


def test_folders_change_places_in_two_steps_where_one_is_not_known(results, tmp_path, monkeypatch):
    """Systems without an exchange of folders get the same in the end."""
    monkeypatch.setattr(atomic.ctypes, "CDLL", lambda name: object())
    for result in results:
        result.save(tmp_path / "model")
        assert ss.resample(tmp_path / "model").seed == result.config.seed
    assert not hidden(tmp_path)


def test_a_folder_whose_exchange_was_cut_short_comes_back(tmp_path, monkeypatch):
    """Killed between the two steps: the next one that writes the name finds the older folder, and loses it only to a whole one."""
    monkeypatch.setattr(atomic.ctypes, "CDLL", lambda name: object())
    place = tmp_path / "model"
    with atomic.folder(place) as made:
        (made / "old").write_text("old")

    def killed(made, place):
        place.rename(made.with_name("old"))
        os._exit(9)

    def replace():
        atomic._exchange = killed
        with atomic.folder(place) as made:
            (made / "new").write_text("new")

    child = started(replace)
    child.join(20)
    assert child.exitcode == 9 and not place.exists()
    with pytest.raises(RuntimeError, match="changed its mind"), atomic.folder(place):
        raise RuntimeError("changed its mind")
    assert [path.name for path in place.iterdir()] == ["old"] and not hidden(tmp_path)
