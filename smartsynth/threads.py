"""How many cores this process may use, and compiled loops that use them.

GNU OpenMP, by which numba and LightGBM share their work, does not survive a fork: in a child that was forked from a process
which had used it, a loop on several cores ends the child or hangs for ever. A forked process therefore works on one core.
The results are the same: what a loop makes does not depend on who makes it.

Threads of OpenMP that wait for each other keep their cores busy unless told otherwise, and beside other work each of them waits for one
that has no core. So the package sets OMP_WAIT_POLICY=PASSIVE when it is imported, if the user has not set it.
"""

from __future__ import annotations

import functools
import os
import types
from collections.abc import Callable
from typing import Any

Compiles = Callable[[Callable[..., Any]], Any]
_forked = False


def cores() -> int:
    """Cores that this process may use."""
    if _forked:
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def parallel(**options: Any) -> Compiles:
    """Compiles a loop over `numba.prange` with `numba.njit`, for all cores, and for one core in a forked process."""
    import numba

    def compiled(function: Callable[..., Any]) -> Any:
        wide = numba.njit(cache=True, parallel=True, **options)(function)
        narrow = serial(**options)(function)

        @functools.wraps(function)
        def run(*args: Any) -> Any:
            return (narrow if _forked else wide)(*args)

        return run

    return compiled


def serial(**options: Any) -> Compiles:
    """The same loop on one core."""
    import numba

    def compiled(function: Callable[..., Any]) -> Any:
        own = function.__wrapped__ if hasattr(function, "__wrapped__") else function
        copy = types.FunctionType(
            own.__code__, own.__globals__, f"{own.__name__}_serially", own.__defaults__, own.__closure__
        )
        copy.__qualname__ = copy.__name__  # numba's cache on disk knows a function by this name and its line
        copy.__module__ = own.__module__
        return numba.njit(cache=True, **options)(copy)

    return compiled


def _in_child() -> None:
    global _forked
    _forked = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
