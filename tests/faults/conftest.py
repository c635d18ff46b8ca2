"""A small table, and the command `smartsynth` in processes that meet with real trouble."""

from __future__ import annotations

import os
import signal
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import disks
import numpy as np
import pandas as pd
import pytest

QUICK = ("-g", "copula", "--no-evaluate", "--no-filter")


@pytest.fixture(scope="session")
def table() -> pd.DataFrame:
    """300 made-up customers."""
    rng = np.random.default_rng(0)
    age = rng.integers(18, 90, 300)
    city = rng.choice(["Berlin", "Łódź", "São Paulo"], 300)
    return pd.DataFrame({"age": age, "city": city, "spent": np.round(rng.gamma(2, 50, 300) + age, 2)})


@pytest.fixture(scope="session")
def csv(table, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("data") / "customers.csv"
    table.to_csv(path, index=False)
    return path


@dataclass(frozen=True)
class Ended:
    """How a process ended: its exit code (minus the signal that killed it), and what it said."""

    code: int
    out: str
    err: str

    def is_told(self) -> bool:
        """Whether it ended in words: one sentence or few, and no traceback."""
        return bool(self.err.strip()) and "Traceback" not in self.err and "Internal error" not in self.err


class Child:
    """`smartsynth ARGS` in a forked process, which has everything loaded already.

    Args:
        args: Of the command.
        trouble: Called in the child before the command, such as a limit of the system.
        stops: What makes the child wait: the name of a stage, or `write` for each step of writing.
    """

    def __init__(self, *args: object, trouble: Callable[[], object] = lambda: None, stops: str | None = None) -> None:
        self._files = [os.memfd_create("out"), os.memfd_create("err")]
        self._told, child_tells = os.pipe()
        child_waits, self._go = os.pipe()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a process with threads forks
            self.pid = os.fork()
        if self.pid == 0:
            os.close(self._told)
            os.close(self._go)
            _become([str(arg) for arg in args], trouble, self._files, stops, child_tells, child_waits)
        os.close(child_tells)
        os.close(child_waits)

    def waits(self) -> bool:
        """Whether the child came to its next stop, and waits there; else it has ended."""
        return os.read(self._told, 1) != b""

    def goes_on(self) -> None:
        os.write(self._go, b".")

    def kill(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def said(self) -> str:
        """What it has said on standard error so far."""
        return os.pread(self._files[1], 1 << 20, 0).decode()

    def end(self) -> Ended:
        """Let it run, and see how it ends."""
        os.close(self._go)
        _, status = os.waitpid(self.pid, 0)
        os.close(self._told)
        said = []
        for file in self._files:
            with os.fdopen(file, "rb") as stream:
                stream.seek(0)
                said.append(stream.read().decode())
        return Ended(os.waitstatus_to_exitcode(status), *said)


def _become(
    args: list[str], trouble: Callable[[], object], files: list[int], stops: str | None, tell: int, wait: int
) -> None:
    """In the child: run the command, and never come back."""
    code = 99
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for place, file in enumerate(files, 1):
            os.dup2(file, place)
        sys.stdout, sys.stderr = (os.fdopen(place, "w", encoding="utf-8", closefd=False) for place in (1, 2))
        if stops is not None:
            _stop_at(stops, lambda: (os.write(tell, b"."), os.read(wait, 1)))
        trouble()
        from smartsynth.cli import app

        app(args, prog_name="smartsynth")
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _stop_at(stop: str, halt: Callable[[], object]) -> None:
    """Have this process halt when it comes to a stage, or to each step of writing."""
    from smartsynth import progress

    if stop == "write":
        sync, replace, rename = os.fsync, os.replace, os.rename
        os.fsync = lambda file: (sync(file), halt())[0]
        os.replace = lambda one, other: (halt(), replace(one, other))[1]
        os.rename = lambda one, other: (halt(), rename(one, other))[1]
        return
    under = progress.under

    def told(stage: str, message: str) -> str:
        if stage == stop:
            halt()
        return under(stage, message)

    progress.under = told


def run(*args: object, trouble: Callable[[], object] = lambda: None) -> Ended:
    """`smartsynth ARGS` in a forked process."""
    return Child(*args, trouble=trouble).end()


def hidden(folder: Path) -> list[str]:
    """Names of what is not whole in a folder, and below it."""
    return [path.name for path in folder.rglob(".*")]


@pytest.fixture(scope="session", autouse=True)
def loaded(csv, tmp_path_factory) -> None:
    """Everything is imported once, so that forked processes start at once."""
    from commands import invoke

    place = tmp_path_factory.mktemp("loaded")
    done = invoke(
        "synthesize", csv, "-o", place / "rows.csv", "-g", "copula", "--seed", 1, "--report", place / "r.html"
    )
    assert done.exit_code == 0, done.stderr


@pytest.fixture
def small_disk(tmp_path) -> Path:
    """A disk of its own with room for 256 KiB."""
    with disks.small_disk(tmp_path / "disk", "256k") as place:
        yield place
