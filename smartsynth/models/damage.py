"""What a damaged saved model shows only when rows are made of it, told in words.

What is read from a model's folder is checked when it is loaded (saved_files.py, soundness.py); that a number is not one that a model could have
is often seen by the code alone that uses it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Concatenate, ParamSpec, TypeVar

from smartsynth.errors import ModelFormatError, SmartSynthError

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


@contextmanager
def told() -> Iterator[None]:
    """Errors of a damaged model as ModelFormatError, with the one that it showed in as their cause."""
    try:
        yield
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
        if not self.is_loaded:
            return method(self, *args, **options)
        with told():
            return method(self, *args, **options)

    return guarded
