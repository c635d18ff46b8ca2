"""What a damaged saved model shows only when rows are made of it, told in words.

What is read from a model's folder is checked when it is loaded (saved_files.py, soundness.py); that a number is not one that a model could have
is often seen by the code alone that uses it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Concatenate, ParamSpec, TypeVar

import numpy as np

from smartsynth.errors import ModelFormatError, SmartSynthError
from smartsynth.progress import Progress

Model = TypeVar("Model", bound=Any)
Given = ParamSpec("Given")
Made = TypeVar("Made")
SHOWN = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NotImplementedError,
    RuntimeError,
    StopIteration,
    TypeError,
    ValueError,
)


class _OfCaller(Exception):  # noqa: N818 - it carries an error and is none
    """What the caller's own function raised."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error


def of_caller(progress: Progress | None) -> Progress | None:
    """The caller's function, whose errors `told` lets pass as they are."""
    if progress is None:
        return None

    def called(fraction: float, message: str = "", /) -> None:
        try:
            progress(fraction, message)
        except Exception as error:
            raise _OfCaller(error) from error

    return called


@contextmanager
def told() -> Iterator[None]:
    """Errors of a damaged model as ModelFormatError, with the one that it showed in as their cause."""
    try:
        yield
    except _OfCaller as passed:
        raise passed.error from None
    except SmartSynthError:
        raise
    except SHOWN as error:
        raise ModelFormatError(
            f"The saved model makes no rows ({type(error).__name__}): it is damaged, or of another version. Save it again."
        ) from error


def told_if_loaded(method: Callable[Concatenate[Model, Given], Made]) -> Callable[Concatenate[Model, Given], Made]:
    """A method of a generator that tells of damage where the generator was loaded."""

    @functools.wraps(method)
    def guarded(self: Model, /, *args: Given.args, **options: Given.kwargs) -> Made:
        if not self.is_loaded or not _are_plain(args, options):
            return method(self, *args, **options)
        if "progress" in options:
            options["progress"] = of_caller(options["progress"])  # type: ignore[arg-type]
        with told():
            return method(self, *args, **options)

    return guarded


def _are_plain(args: Sequence[Any], options: Mapping[str, Any]) -> bool:
    """Whether numbers that the caller gives are whole ones; an error about others is the caller's."""
    given = [one for one in args if not hasattr(one, "columns")]
    given += [options[name] for name in ("n", "seed", "start") if name in options]
    return all(one is None or isinstance(one, int | np.integer) for one in given)
