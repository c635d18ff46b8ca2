"""Bad inputs by number, and what must become of each: refused in words, read with a notice, or read without one."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from commands import invoke

import smartsynth as ss
from smartsynth import ingest
from smartsynth.config import Limits
from smartsynth.dataset import Dataset
from smartsynth.errors import SmartSynthError, outcome

SECONDS = 10.0
"""Of processor time until an input is judged."""
ROWS = 25
"""Of a table that something can be learnt from."""


@dataclass(frozen=True, slots=True)
class Case:
    """An input and what must become of it.

    Args:
        number: Of the list of bad inputs.
        name: Of this one.
        content: Of a file; or a function that gives it, or a table in memory, or, taking a folder, a path in it.
        refused: Words of the error; none if it is read.
        noticed: Words of the notes and alerts that say what was made of it.
        holds: What is true of the data that were read.
        learnt: Whether rows are made of it as well.
        file: Name of the file.
        limits: How large the input may be.
    """

    number: int
    name: str
    content: Any
    refused: tuple[str, ...] = ()
    noticed: tuple[str, ...] = ()
    holds: Callable[[Dataset], object] | None = None
    learnt: bool = True
    file: str = "table.csv"
    limits: Limits | None = None
    settings: tuple[tuple[str, Any], ...] = ()

    def __str__(self) -> str:
        return f"{self.number:03d} {self.name}"


def covers(*numbers: int) -> Callable[[Any], Any]:
    """Marks a test with the numbers of the list that it is about."""

    def marked(test: Any) -> Any:
        test.covers = numbers
        return test

    return marked


def table(*rows: str, header: str = "a,b") -> bytes:
    """A CSV file of these rows below ROWS ordinary ones."""
    width = header.count(",") + 1
    ordinary = [",".join(str((i * (k + 3)) % 17) for k in range(width)) for i in range(ROWS)]
    return "\n".join([header, *ordinary, *rows, ""]).encode()


def column(*cells: str, name: str = "b") -> bytes:
    """A CSV file with a column of these cells, over and over, beside one of numbers."""
    many = [cells[i % len(cells)] for i in range(max(ROWS, len(cells)))]
    return "\n".join([f"n,{name}", *(f"{i % 11},{cell}" for i, cell in enumerate(many)), ""]).encode()


def judge(case: Case, folder: Path) -> None:
    """Fail unless what must become of an input becomes of it, within SECONDS."""
    source = case.content
    if callable(source):
        source = source(folder) if source.__code__.co_argcount else source()
    if isinstance(source, bytes):
        path = folder / case.file
        path.write_bytes(source)
        source = path
    before = set(folder.rglob("*"))
    start = time.process_time()
    if case.refused:
        _refused(case, source)
    else:
        _read(case, source)
    assert time.process_time() - start < SECONDS
    assert set(folder.rglob("*")) == before, "something was left behind"


def _refused(case: Case, source: Any) -> None:
    with pytest.raises(SmartSynthError) as caught:
        ss.profile(source, **_settings(case))
    said = str(caught.value)
    assert_has(said, case.refused)
    assert len(said) < 12_000, "the message is not for people"
    if isinstance(source, Path) and case.limits is None and not case.settings:
        answer = invoke("profile", source)
        assert answer.exit_code == outcome(caught.value).exit_code, answer.stderr
        assert_has(" ".join(answer.stderr.split()), case.refused[:1])
        assert "Traceback" not in answer.stderr + answer.stdout


def _read(case: Case, source: Any) -> None:
    data = ingest.read(source, limits=case.limits)
    if case.holds is not None:
        assert case.holds(data), data.frame
    settings = _settings(case)
    found = ss.profile(data, **settings) if len(data) >= 20 else None
    told = [*data.source.notes, *(alert.message for alert in found.alerts if found is not None)] if found else []
    assert_has("\n".join(told or data.source.notes), case.noticed)
    if found is not None and case.learnt:
        remade(data, **settings)


def remade(data: Any, rows: int = 20, **settings: Any) -> Any:
    """Rows made of data by the quickest generator, with the columns and dtypes of the real ones."""
    given = {
        "generator": "copula",
        "seed": 1,
        "rows": rows,
        "evaluate": {"enabled": False},
        "privacy": {"filter": False},
    }
    result = ss.synthesize(data, **given | settings)
    made, real = result.synthetic.frame, ingest.read(data).frame
    assert list(made.columns) == list(real.columns)
    assert made.dtypes.astype(str).tolist() == real.dtypes.astype(str).tolist()
    return made


def _settings(case: Case) -> dict[str, Any]:
    limits = {} if case.limits is None else {"limits": case.limits.model_dump(exclude_unset=True)}
    return dict(case.settings) | limits


def assert_has(said: str, words: tuple[str, ...]) -> None:
    for word in words:
        assert word.lower() in said.lower(), f"{word!r} is not in: {said}"
