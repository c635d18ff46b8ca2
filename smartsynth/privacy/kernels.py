"""Compiled inner loop of the nearest-neighbour search. Importing this module imports numba; machine code is cached."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba
import numpy as np

from smartsynth.threads import parallel

if TYPE_CHECKING:
    from numpy.typing import NDArray

LANES = 32
"""Rows of one tile. They are compared side by side, so that the processor works on 8 or 16 numbers at once."""

_ONE = np.float32(1)


# Only "no NaN" and "no signed zero" are assumed: sums keep their order, so that results are the same on every machine.
@parallel(nogil=True, fastmath={"nnan", "nsz"})
def nearest_in_tiles(
    queries: NDArray[np.float32],
    tiles: NDArray[np.float32],
    row_of_slot: NDArray[np.int64],
    tiles_of_list: NDArray[np.int64],
    lists: NDArray[np.int64],
    step: int,
    distances: NDArray[np.float32],
    indices: NDArray[np.int64],
) -> None:
    """Fill in the nearest rows of each query: ascending by (distance, row), the sum of min(|a - b|, 1) over columns.

    tiles (t, columns, LANES) hold the reference; list l is made of the tiles `tiles_of_list[l]` to
    `tiles_of_list[l + 1]`; `lists[i]` names the lists that query i looks into. A tile is left as soon as its
    partial sums, looked at every `step` columns, show that no row of it can be among the nearest.
    """
    n_columns = queries.shape[1]
    k = distances.shape[1]
    for i in numba.prange(len(queries)):
        sums = np.empty(LANES, np.float32)
        best, rows = distances[i], indices[i]
        for which in lists[i]:
            for t in range(tiles_of_list[which], tiles_of_list[which + 1]):
                tile = tiles[t]
                sums[:] = 0
                lowest = np.float32(0)
                c = 0
                while c < n_columns and lowest <= best[k - 1]:
                    stop = min(c + step, n_columns)
                    for column in range(c, stop):
                        x = queries[i, column]
                        for lane in range(LANES):
                            sums[lane] += min(abs(tile[column, lane] - x), _ONE)
                    lowest = sums[0]
                    for lane in range(LANES):
                        lowest = min(lowest, sums[lane])
                    c = stop
                if lowest <= best[k - 1]:
                    for lane in range(LANES):
                        _insert(sums[lane], row_of_slot[t * LANES + lane], best, rows)


@numba.njit(cache=True, inline="always")  # type: ignore[untyped-decorator]
def _insert(distance: float, row: int, best: NDArray[np.float32], rows: NDArray[np.int64]) -> None:
    """Put a row at its place among the best, if it has one there; padding rows (-1) never have."""
    at = len(best)
    while at > 0 and (distance < best[at - 1] or (distance == best[at - 1] and row < rows[at - 1])):
        at -= 1
    if row < 0 or at == len(best):
        return
    for j in range(len(best) - 1, at, -1):
        best[j] = best[j - 1]
        rows[j] = rows[j - 1]
    best[at] = distance
    rows[at] = row
