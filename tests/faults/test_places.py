"""What is written to a link, a device, a pipe or a file that is open goes there, and leaves it what it is."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from faults.conftest import QUICK, hidden, run

from smartsynth import atomic
from smartsynth.errors import ConfigError


def by_file(path: Path, content: bytes) -> None:
    with atomic.file(path) as stream:
        stream.write(content)


WRITERS = pytest.mark.parametrize("write", [atomic.write_file, by_file])


@WRITERS
@pytest.mark.parametrize("is_there", [True, False])
def test_what_a_link_points_to_is_written(write, is_there, tmp_path):
    store, link = tmp_path / "store", tmp_path / "rows.csv"
    store.mkdir()
    if is_there:
        (store / "real.csv").write_bytes(b"old")
        (store / "real.csv").chmod(0o600)
    link.symlink_to("store/real.csv")
    write(link, b"new")
    assert link.is_symlink() and (store / "real.csv").read_bytes() == b"new"
    assert stat.S_IMODE((store / "real.csv").stat().st_mode) == (0o600 if is_there else 0o644)
    assert not hidden(tmp_path) and not hidden(store)


def test_files_that_belong_together_go_where_their_links_point(tmp_path):
    store, rows, about = tmp_path / "store", tmp_path / "rows.csv", tmp_path / "rows.manifest.json"
    rows.symlink_to(store / "rows.csv")
    about.write_bytes(b"old")
    atomic.write_files({rows: b"a", about: "b"})
    assert ((store / "rows.csv").read_bytes(), about.read_bytes(), rows.is_symlink()) == (b"a", b"b", True)
    assert not hidden(tmp_path) and not hidden(store)
    about.unlink()
    about.mkdir()
    with pytest.raises(ConfigError, match=r"rows\.csv cannot be written: Is a directory"):
        atomic.write_files({rows: b"c", about: "d"})
    assert (store / "rows.csv").read_bytes() == b"a" and not hidden(tmp_path) and not hidden(store)


@pytest.mark.parametrize("fill", [atomic.folder, atomic.files_of])
def test_a_folder_behind_a_link_is_filled(fill, tmp_path):
    real, link = tmp_path / "store" / "model", tmp_path / "model"
    link.symlink_to(real)
    for content in ("one", "two"):
        with fill(link) as made:
            (made / "part").write_text(content)
        assert link.is_symlink() and (real / "part").read_text() == content
    assert not hidden(tmp_path) and not hidden(tmp_path / "store")


@WRITERS
def test_a_link_to_itself_is_refused(write, tmp_path):
    link = tmp_path / "rows.csv"
    link.symlink_to(link)
    with pytest.raises(ConfigError, match=r"rows\.csv cannot be written: Too many levels of symbolic links"):
        write(link, b"new")
    assert os.readlink(link) == str(link)


@WRITERS
def test_a_pipe_is_written_to_and_stays_one(write, tmp_path):
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    atomic.check_writable(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    write(pipe, b"rows")
    reader.join(20)
    assert read == [b"rows"] and stat.S_ISFIFO(pipe.stat().st_mode) and not hidden(tmp_path)


@WRITERS
def test_a_device_is_written_to_and_stays_one(write):
    write(Path("/dev/null"), b"rows")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode) and not hidden(Path("/dev"))


def test_a_file_that_the_shell_has_open_is_written_to(tmp_path):
    told = (
        "import sys; from pathlib import Path; from smartsynth import atomic; atomic.write_file(Path(sys.argv[1]), 'x')"
    )
    for place in ("/dev/stdout", "/dev/fd/1"):
        with (tmp_path / "out").open("wb") as out:
            subprocess.run([sys.executable, "-c", told, place], check=True, stdout=out)
            assert os.path.samestat(os.fstat(out.fileno()), (tmp_path / "out").stat())
        assert (tmp_path / "out").read_bytes() == b"x"
        piped = subprocess.run([sys.executable, "-c", told, place], check=True, stdout=subprocess.PIPE)
        assert piped.stdout == b"x"


def test_a_run_writes_behind_links(csv, tmp_path):
    """The rows are where the link points to, what goes with them beside the name that was given."""
    (tmp_path / "store").mkdir()
    (tmp_path / "rows.csv").symlink_to("store/rows.csv")
    (tmp_path / "model").symlink_to("store/model")
    done = run("synthesize", csv, "-o", tmp_path / "rows.csv", "--save", tmp_path / "model", *QUICK)
    assert done.code == 0, done
    assert {path.name for path in (tmp_path / "store").iterdir()} == {"rows.csv", "model"}
    assert (tmp_path / "rows.csv").is_symlink() and (tmp_path / "model").is_symlink()
    assert (tmp_path / "rows.manifest.json").is_file() and not hidden(tmp_path)


def test_the_root_folder_is_no_file():
    atomic.check_writable(Path("/new-folder/of/root"))
    with pytest.raises(ConfigError, match=r"/ cannot be written"):
        atomic.write_file(Path("/"), "x")
    atomic.check_writable(Path("/"))
