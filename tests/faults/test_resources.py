"""Memory, disks and rights that are not enough: one sentence that says what to do, and nothing half-made."""

from __future__ import annotations

import os
import resource
import shutil
import stat
import subprocess
import sys
import tempfile

import numpy as np
import pandas as pd
import pytest
from faults.conftest import QUICK, hidden, run

import smartsynth as ss


def limited(kind: int, most: int) -> None:
    resource.setrlimit(kind, (most, most))


def as_nobody() -> None:
    """Give up the rights of the administrator, whom no mode of a folder stops."""
    if os.getuid() == 0:
        os.setgid(65534)
        os.setuid(65534)


def test_too_little_memory(tmp_path):
    """A table that does not fit under the limit of the process ends in words, and writes nothing."""
    rng = np.random.default_rng(0)
    wide = tmp_path / "wide.parquet"
    pd.DataFrame(rng.normal(size=(200_000, 20)), columns=[f"c{i}" for i in range(20)]).to_parquet(wide)
    with open("/proc/self/statm") as file:
        now = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    ended = run(
        "synthesize", wide, "-o", tmp_path / "rows.csv", *QUICK,
        trouble=lambda: limited(resource.RLIMIT_AS, now + (48 << 20)),
    )  # fmt: skip
    assert (ended.code, ended.is_told()) == (1, True), ended
    assert "too little memory" in ended.err and "fewer rows" in ended.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["wide.parquet"]


def test_a_file_that_may_not_be_so_large(csv, tmp_path):
    """A limit on the size of files: the older output stays byte for byte, and the next run works."""
    out = tmp_path / "rows.csv"
    assert run("synthesize", csv, "-o", out, *QUICK, "--seed", 1).code == 0
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    ended = run("synthesize", csv, "-o", out, *QUICK, "--seed", 2, trouble=lambda: limited(resource.RLIMIT_FSIZE, 3000))
    assert (ended.code, ended.is_told()) == (4, True), ended
    assert f"{out} cannot be written: File too large." in ended.err and "ulimit -f" in ended.err
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert run("synthesize", csv, "-o", out, *QUICK, "--seed", 2).code == 0
    assert out.read_bytes() != before[out]


@pytest.mark.parametrize(
    ("option", "name"), [("-o", "rows.csv"), ("-o", "rows"), ("--save", "model"), ("--report", "report.html")]
)
def test_a_full_disk(option, name, csv, small_disk, tmp_path):
    """Whatever does not fit is told of by its name; nothing of it stays, and the run works once there is room."""
    size = 200 if option == "--report" else 255
    (small_disk / "filler").write_bytes(b"\0" * (size << 10))
    place = small_disk / name
    elsewhere = () if option == "-o" else ("-o", tmp_path / "rows.csv")
    how = ("-g", "copula", "--no-filter") if option == "--report" else QUICK
    asked = ("synthesize", csv, option, place, *elsewhere, *how, "--seed", 1)
    ended = run(*asked)
    assert (ended.code, ended.is_told()) == (4, True), ended
    assert f"{place} cannot be written: No space left on device. Free some space" in ended.err
    assert [path.name for path in small_disk.iterdir()] == ["filler"] and not (tmp_path / "rows.csv").exists()
    os.unlink(small_disk / "filler")
    subprocess.run(["mount", "-o", "remount,size=20m", str(small_disk)], check=True)
    assert run(*asked).code == 0
    assert place.exists() and not hidden(small_disk)


def test_what_was_written_before_is_said(csv, small_disk, tmp_path):
    """The model was saved, then the disk of the rows is full: the message says so."""
    (small_disk / "filler").write_bytes(b"\0" * (255 << 10))
    ended = run("synthesize", csv, "-o", small_disk / "rows.csv", "--save", tmp_path / "model", *QUICK)
    assert ended.code == 4 and f"Written before that: {tmp_path / 'model'}." in ended.err
    assert len(ss.resample(tmp_path / "model").synthetic) == 300


def test_a_read_only_disk_is_seen_before_any_work(csv, small_disk, tmp_path):
    """A place that cannot be written to is refused at once, also for the administrator."""
    (small_disk / "old").mkdir()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    for option in ("-o", "--save", "--report"):
        place = small_disk / "new" / "rows.csv"
        elsewhere = () if option == "-o" else ("-o", tmp_path / "rows.csv")
        ended = run("synthesize", csv, option, place, *elsewhere)
        assert (ended.code, ended.is_told()) == (4, True), ended
        assert f"{place} cannot be written: Read-only file system. Name a place that can be written to." in ended.err
        assert "Generator:" not in ended.err and not (tmp_path / "rows.csv").exists()


@pytest.mark.skipif(os.getuid() != 0, reason="only the administrator can become somebody else")
def test_a_folder_of_somebody_else(csv):
    """Somebody without rights is told so."""
    with tempfile.TemporaryDirectory() as theirs:  # not below pytest's own folder, which nobody else may enter
        os.chmod(theirs, 0o755)  # noqa: S103
        shutil.copy(csv, theirs)
        ended = run("synthesize", f"{theirs}/customers.csv", "-o", f"{theirs}/rows.csv", trouble=as_nobody)
        assert (ended.code, ended.is_told()) == (4, True), ended
        assert "Permission denied. Name a place that you may write to." in ended.err
        assert os.listdir(theirs) == ["customers.csv"]


def test_a_file_in_the_place_of_a_folder(csv, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    ended = run("synthesize", csv, "-o", tmp_path / "file" / "rows.csv")
    assert (ended.code, ended.is_told()) == (4, True), ended
    assert "Not a directory. A part of that path is a file." in ended.err


def test_a_full_standard_output(csv):
    """/dev/full takes nothing."""
    ended = run("synthesize", csv, "-o", "-", *QUICK, trouble=lambda: os.dup2(os.open("/dev/full", os.O_WRONLY), 1))
    assert (ended.code, ended.is_told()) == (1, True), ended
    assert "No space left on device" in ended.err


def test_the_library_says_the_same(table, small_disk):
    """`Result.export`, `save` and `report` raise ConfigError, and leave what was there."""
    result = ss.synthesize(table, generator="copula", seed=1, privacy={"filter": False})
    subprocess.run(["mount", "-o", "remount,size=2m", str(small_disk)], check=True)
    for write, name in ((result.export, "rows.parquet"), (result.save, "model"), (result.report, "report.html")):
        write(small_disk / name)
    before = {path: path.read_bytes() for path in small_disk.rglob("*") if path.is_file()}
    with (small_disk / "filler").open("wb", buffering=0) as file:
        while True:
            try:
                if file.write(b"\0" * 4096) < 4096:
                    break
            except OSError:
                break
    for write, name in ((result.export, "rows.parquet"), (result.save, "model"), (result.report, "report.html")):
        with pytest.raises(ss.ConfigError, match=f"{name} cannot be written: No space left on device"):
            write(small_disk / name)
    os.unlink(small_disk / "filler")
    assert {path: path.read_bytes() for path in small_disk.rglob("*") if path.is_file()} == before


def test_who_may_read_what_is_written_is_up_to_the_user(tmp_path):
    """The umask decides; what takes the place of a file that few may read is read by as few."""
    told = (
        "import sys; from pathlib import Path; from smartsynth import atomic; atomic.write_file(Path(sys.argv[1]), 'x')"
    )
    secret = tmp_path / "secret"
    secret.write_text("old", "utf-8")
    secret.chmod(0o600)
    for path, mask, mode in (
        (tmp_path / "plain", 0o022, 0o644),
        (tmp_path / "own", 0o077, 0o600),
        (secret, 0o022, 0o600),
    ):
        subprocess.run([sys.executable, "-c", told, str(path)], check=True, umask=mask)
        assert stat.S_IMODE(path.stat().st_mode) == mode
