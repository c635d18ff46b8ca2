"""Which keys of a stream of rows came before."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]


class Seen:
    """Keys of rows as 64-bit hashes, a few sorted runs of them: eight bytes a row, however many there are.

    Two keys share a hash with a chance of n²/2⁶⁵; then a row that repeats nothing is left out, which no rule forbids.
    """

    def __init__(self) -> None:
        self._runs: list[Hashes] = []

    def repeats(self, rows: pd.DataFrame, columns: Sequence[str]) -> NDArray[np.bool_]:
        """Which rows have a key that an earlier row, or one that was added, has; keys with a missing cell repeat nothing.

        >>> seen, rows = Seen(), pd.DataFrame({"a": [1, 1, 2, None, None]})
        >>> seen.repeats(rows, ["a"]).tolist()
        [False, True, False, False, False]
        >>> seen.add(rows.head(1), ["a"])
        >>> seen.repeats(rows, ["a"]).tolist()
        [True, True, False, False, False]
        """
        known = rows[list(columns)].notna().all(axis=1).to_numpy()
        hashes = _hashes(rows, columns)
        again = pd.Series(hashes).duplicated().to_numpy()
        for run in self._runs:
            again |= run[np.minimum(np.searchsorted(run, hashes), len(run) - 1)] == hashes
        return np.asarray(again & known, bool)

    def add(self, rows: pd.DataFrame, columns: Sequence[str]) -> None:
        """Remember the keys of rows."""
        known = rows[list(columns)].notna().all(axis=1).to_numpy()
        run = np.sort(_hashes(rows, columns)[known])
        if not len(run):
            return
        while self._runs and len(self._runs[-1]) <= 2 * len(run):
            run = np.sort(np.concatenate([self._runs.pop(), run]))
        self._runs.append(run)


def _hashes(rows: pd.DataFrame, columns: Sequence[str]) -> Hashes:
    """Of the cells as text, so that they do not depend on how categories are numbered; 0.0 and -0.0 are one number."""
    some = rows[list(columns)]
    plain = {
        name: some[name] + 0.0 if pd.api.types.is_float_dtype(some[name].dtype) else some[name] for name in some.columns
    }
    cells = pd.DataFrame(plain).astype(object).map(str)
    return np.asarray(pd.util.hash_pandas_object(cells, index=False, categorize=False), np.uint64)
