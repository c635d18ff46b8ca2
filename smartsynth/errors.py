"""Every error SmartSynth raises, and what each means to a shell and to a web client.

SmartSynthError
├ DataError (ValueError)            the data cannot be used; `problems` lists everything wrong with it at once
│ └ EmptyTableError                 … namely a table without rows
├ ConfigError (ValueError)          a setting is wrong
│ └ UnknownGeneratorError           … namely the generator's name
├ ModelFormatError (ValueError)     a saved model cannot be read
├ MissingExtraError (ImportError)   an optional dependency is not installed
├ PrivacyError (RuntimeError)       a privacy promise cannot be kept
├ BrokenKeysError (RuntimeError)    keys of tables that were made together do not hold
├ NotFittedError (RuntimeError)     sample or save before fit
└ Cancelled                         the caller asked to stop; nothing was kept
"""

from __future__ import annotations

import difflib
import errno
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any


class SmartSynthError(Exception):
    """Base of all errors that SmartSynth raises on purpose."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (type(self), self.args, self.__dict__)


def _restored(kind: type[SmartSynthError], args: tuple[Any, ...], state: dict[str, Any]) -> SmartSynthError:
    """An error as it came from another process: message and attributes as they were."""
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with an input: where it is, what it is, and what to do about it."""

    message: str
    row: int | None = None
    column: str | None = None
    fix: str | None = None

    def __str__(self) -> str:
        where = [f"row {self.row}" if self.row is not None else "", f"column {self.column!r}" if self.column else ""]
        place = ", ".join(part for part in where if part)
        text = f"{place}: {self.message}" if place else self.message
        return f"{text} {self.fix}" if self.fix else text


class DataError(SmartSynthError, ValueError):
    """The data cannot be used as it is; the message lists every problem found, not only the first."""

    def __init__(self, problems: str | Problem | Iterable[Problem]) -> None:
        if isinstance(problems, str):
            problems = Problem(problems)
        self.problems: tuple[Problem, ...] = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class EmptyTableError(DataError):
    """A table has no rows."""


class ConfigError(SmartSynthError, ValueError):
    """A setting has a value that is not allowed."""


class UnknownGeneratorError(ConfigError):
    """No generator of this name is registered."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        self.name, self.known = name, tuple(known)
        super().__init__(
            f"generator={name!r} is not known. Known generators: {', '.join(known)}.{did_you_mean(name, known)}"
        )


class ModelFormatError(SmartSynthError, ValueError):
    """A saved model is missing a part, was changed, or comes from an incompatible version."""


class MissingExtraError(SmartSynthError, ImportError):
    """An optional dependency is not installed; the message is the command that installs it."""

    def __init__(self, what: str, extra: str) -> None:
        self.extra = extra
        super().__init__(f"{what} needs an optional dependency: pip install 'smartsynth[{extra}]'")


class PrivacyError(SmartSynthError, RuntimeError):
    """A privacy promise cannot be kept, so nothing is released."""


class BrokenKeysError(SmartSynthError, RuntimeError):
    """Keys of tables that were made together do not hold, so nothing is written."""


class NotFittedError(SmartSynthError, RuntimeError):
    """The generator has not learnt anything yet."""

    def __init__(self, what: str = "This generator") -> None:
        super().__init__(f"{what} is not fitted. Call fit(data) first.")


class Cancelled(SmartSynthError):  # noqa: N818 - it is an outcome, not a mistake
    """The caller asked to stop; nothing half-made was kept."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an error means outside Python: a process exit code, an HTTP status and a problem type (RFC 9457)."""

    exit_code: int
    http_status: int
    problem_type: str


# From the most special to the most general: the first class that matches wins.
OUTCOMES: tuple[tuple[type[BaseException], Outcome], ...] = (
    (DataError, Outcome(3, 422, "unusable-data")),
    (ModelFormatError, Outcome(3, 422, "unusable-model")),
    (ConfigError, Outcome(4, 422, "bad-config")),
    (MissingExtraError, Outcome(5, 501, "not-installed")),
    (PrivacyError, Outcome(6, 422, "privacy")),
    (BrokenKeysError, Outcome(7, 500, "broken-keys")),
    (NotFittedError, Outcome(1, 409, "not-fitted")),
    (MemoryError, Outcome(1, 413, "too-large")),
    (Cancelled, Outcome(130, 409, "cancelled")),
    (KeyboardInterrupt, Outcome(130, 409, "cancelled")),
    (BaseException, Outcome(1, 500, "internal")),
)


def outcome(error: BaseException) -> Outcome:
    """The exit code, HTTP status and problem type of an error.

    >>> outcome(DataError("empty file")).exit_code
    3
    """
    return next(result for kind, result in OUTCOMES if isinstance(error, kind))


TOO_LITTLE_MEMORY = (
    "There is too little memory for these data, on this machine or under the limit of this process. Nothing was kept. Use fewer "
    "rows or columns, or give more memory."
)
_MEMORY_WORDS = (
    "failed to map segment",
    "can't allocate memory",
    "bad allocation",
    "bad_alloc",
    "out of memory",
    "cannot allocate memory",
    "can't start new thread",
)


def lacks_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out, whichever library says it.

    >>> lacks_memory(MemoryError()), lacks_memory(RuntimeError("can't start new thread")), lacks_memory(ValueError())
    (True, True, False)
    """
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return True
    # LightGBM, PyTorch and the loader of libraries raise what they raise for anything; only the words tell.
    return not isinstance(error, SmartSynthError) and any(word in str(error).lower() for word in _MEMORY_WORDS)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A sentence that names the closest known word, or nothing.

    >>> did_you_mean("forrest", ["forest", "copula"])
    " Did you mean 'forest'?"
    """
    close = difflib.get_close_matches(word, list(known), n=1)
    return f" Did you mean {close[0]!r}?" if close else ""
