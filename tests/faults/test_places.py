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
    with pytest.raises(ConfigError, match=r"rows\.manifest\.json cannot be written: Is a directory"):
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


@pytest.mark.parametrize("place", ["/dev/stdout", "/dev/fd/1", "link"])
def test_what_goes_to_a_file_that_is_open_comes_after_what_is_there(place, tmp_path):
    told = (
        "import sys; from pathlib import Path; from smartsynth import atomic; print('printed');"
        "atomic.write_file(Path(sys.argv[1]), 'rows\\n')"
    )
    (tmp_path / "link").symlink_to("/dev/stdout")
    command = [sys.executable, "-c", told, str(tmp_path / place)]
    (tmp_path / "out").write_bytes(b"precious\n")
    with (tmp_path / "out").open("ab") as out:
        subprocess.run(command, check=True, stdout=out)
        out.write(b"end\n")
    assert (tmp_path / "out").read_bytes() == b"precious\nprinted\nrows\nend\n"
    assert subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout == b"printed\nrows\n"


def test_one_folder_by_two_names_is_not_waited_for(tmp_path, monkeypatch):
    """A relative path beside a link, which is absolute; a folder beside a link to it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "other").symlink_to("folder")
    (tmp_path / "rows.csv").symlink_to("real.csv")
    writers = [
        threading.Thread(target=atomic.write_files, args=(parts,), daemon=True)
        for parts in ({Path("rows.csv"): "a", Path("rows.json"): "b"}, {Path("folder/a"): "a", Path("other/b"): "b"})
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(20)
        assert not writer.is_alive()
    assert [(tmp_path / name).read_text() for name in ("real.csv", "rows.json", "folder/a", "folder/b")] == list("abab")


def test_two_files_of_one_place_and_the_file_that_failed_are_named(tmp_path):
    for name in ("x", "y"):
        (tmp_path / name).symlink_to("real")
    with pytest.raises(ConfigError, match="y cannot be written: another file of the same run is written there"):
        atomic.write_files({tmp_path / "x": "1", tmp_path / "y": "2"})
    assert not (tmp_path / "real").exists()
    (tmp_path / "b.json").symlink_to(tmp_path / "b.json")
    with pytest.raises(ConfigError, match=r"b\.json cannot be written: Too many levels"):
        atomic.write_files({tmp_path / "a.csv": "1", tmp_path / "b.json": "2"})
    assert not (tmp_path / "a.csv").exists() and not hidden(tmp_path)


def test_workshops_of_long_names_are_told_apart(tmp_path):
    """What was left of one is neither cleared away nor taken for that of another whose name begins alike."""
    one, other = (tmp_path / ("a" * 50 + end) for end in ("-train", "-other"))
    with atomic.folder(one) as made:
        left = made.parent
        with atomic.folder(other):
            pass
        assert left.exists() and left.name.startswith("." + "a" * 50)
    assert one.is_dir() and other.is_dir() and not hidden(tmp_path)
    left.mkdir()
    (left / "old").mkdir()
    one.rmdir()
    other.rmdir()
    with pytest.raises(RuntimeError, match="changed its mind"), atomic.folder(other):
        raise RuntimeError("changed its mind")
    assert (left / "old").exists() and not other.exists()


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
