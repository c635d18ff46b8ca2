"""Where on the globe pairs of latitude and longitude lie, as cells that are halves of halves of it and never cut to the data.

The globe is cut into four, each part into four again, to at most MOST_DEPTH times: a cell is the digits of the parts that it lies in, from
the whole globe on. Its borders are the same for all data, so that none of them tells where an outermost place is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Self

import numpy as np
from numpy.typing import NDArray

MOST_DEPTH = 16
"""A smallest cell is 0.0027 degrees (300 m) from south to north and 0.0055 (600 m at the equator) from west to east."""
LOST = 0.05
"""At most this share of the rows is left out so that cells can be smaller."""
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Cells:
    """Cells of the globe, none of which lies in another.

    Args:
        codes: Their digits, sorted.

    >>> cells = Cells.fit(np.array([41.9] * 9 + [48.8] * 9), np.array([12.5] * 9 + [2.3] * 9), k=5)
    >>> len(cells.codes), cells.holds(np.array([41.9, 45.0]), np.array([12.5, 7.0])).tolist()
    (2, [True, False])
    """

    codes: tuple[str, ...]

    @classmethod
    def fit(cls, latitude: Floats, longitude: Floats, *, k: int, owners: Ints | None = None) -> Self:
        """The smallest cells with pairs of at least `k` owners each, outside of which at most LOST of the pairs lie.

        A cell is cut in four if a part has `k` owners. Where that leaves pairs out, those cuts are made first that make places most certain
        for each pair left out. Without `k` owners on the globe there is no cell.

        Args:
            latitude: Of each pair.
            longitude: Of each pair.
            k: Fewest owners of a cell.
            owners: Whose each pair is; each its own if not given.
        """
        inside = on_globe(latitude, longitude)
        deepest = _deepest(latitude, longitude)[inside]
        order = np.argsort(deepest, kind="stable")
        pairs, whose = deepest[order], None if owners is None else owners[inside][order]
        room, found = LOST * len(pairs), list[str]()
        free = [("", 0, len(pairs))] if _owners(whose, 0, len(pairs)) >= k else []
        dear: list[tuple[float, str, int, int]] = []  # cells that are cut at the cost of pairs, what is won by it first
        while free or dear:
            new = bool(free)
            code, first, last = free.pop() if new else heappop(dear)[1:]
            parts, lost = _cut(pairs, whose, code, first, last, k)
            if parts and lost and new:
                heappush(dear, (-(last - first) * np.log(4 / len(parts)) / lost, code, first, last))
            elif parts and lost <= room:
                room -= lost
                free += parts
            else:
                found.append(code)
        return cls(tuple(sorted(found)))

    def locate(self, latitude: Floats, longitude: Floats) -> Ints:
        """The place among `codes` of the cell of each pair; -1 in none."""
        if not self.codes:
            return np.full(len(latitude), -1)
        deepest = _deepest(latitude, longitude)
        widths = np.array([_width(code) for code in self.codes])
        firsts = np.array([_number(code) for code in self.codes]) * widths
        cell = np.maximum(np.searchsorted(firsts, deepest, side="right") - 1, 0)
        inside = (firsts[cell] <= deepest) & (deepest < firsts[cell] + widths[cell]) & on_globe(latitude, longitude)
        return np.where(inside, cell, -1)

    def holds(self, latitude: Floats, longitude: Floats) -> NDArray[np.bool_]:
        """Which pairs lie in one of the cells."""
        return self.locate(latitude, longitude) >= 0

    def drawn(self, places: Ints, decimals: Sequence[int | None], rng: np.random.Generator) -> tuple[Floats, Floats]:
        """A pair in the cell at each place, every point of it as likely as any other.

        Args:
            places: Among `codes`.
            decimals: To which a latitude and a longitude are written; None leaves all.
            rng: All the chance there is.
        """
        borders = np.array([borders_of(code) for code in self.codes])[places]
        south, north, west, east = borders.reshape(-1, 4).T
        return _between(south, north, decimals[0], rng), _between(west, east, decimals[1], rng)


def _owners(whose: Ints | None, first: int, last: int) -> int:
    """How many owners some pairs have."""
    return last - first if whose is None else len(np.unique(whose[first:last]))


def _cut(
    pairs: Ints, whose: Ints | None, code: str, first: int, last: int, k: int
) -> tuple[list[tuple[str, int, int]], int]:
    """The parts of a cell that have `k` owners, and how many pairs lie in the others."""
    if len(code) == MOST_DEPTH:
        return [], 0
    numbers = (_number(code) * 4 + np.arange(5)) * _width(code + "0")
    cuts = first + np.searchsorted(pairs[first:last], numbers)
    ends = [(int(cuts[i]), int(cuts[i + 1])) for i in range(4)]
    has = [_owners(whose, *one) >= k for one in ends]
    parts = [(f"{code}{i}", *ends[i]) for i in range(4) if has[i]]
    return parts, sum(last - first for (first, last), fits in zip(ends, has, strict=True) if not fits)


def borders_of(code: str) -> tuple[float, float, float, float]:
    """South, north, west and east of a cell; its northern and eastern border is the next cell's, but on the rim of the globe.

    >>> borders_of("3")
    (0.0, 90.0, 0.0, 180.0)
    """
    down = sum(int(digit) // 2 << i for i, digit in enumerate(reversed(code)))
    along = sum(int(digit) % 2 << i for i, digit in enumerate(reversed(code)))
    height, width = 180.0 / 2 ** len(code), 360.0 / 2 ** len(code)
    return (down * height - 90, (down + 1) * height - 90, along * width - 180, (along + 1) * width - 180)


def on_globe(latitude: Floats, longitude: Floats) -> NDArray[np.bool_]:
    """Which pairs are a latitude of -90 to 90 and a longitude of -180 to 180."""
    with np.errstate(invalid="ignore"):
        return np.asarray((np.abs(latitude) <= 90) & (np.abs(longitude) <= 180), bool)


def _deepest(latitude: Floats, longitude: Floats) -> Ints:
    """The smallest cell that each pair lies in, as a number; 0 for what is not on the globe."""
    inside, n = on_globe(latitude, longitude), 2**MOST_DEPTH
    down = np.minimum(np.floor((np.where(inside, latitude, -90) + 90) / 180 * n), n - 1).astype(np.int64)
    along = np.minimum(np.floor((np.where(inside, longitude, -180) + 180) / 360 * n), n - 1).astype(np.int64)
    found = np.zeros(len(down), np.int64)
    for bit in range(MOST_DEPTH):
        found |= ((along >> bit & 1) | (down >> bit & 1) << 1) << (2 * bit)
    return found


def _number(code: str) -> int:
    return int(code, 4) if code else 0


def _width(code: str) -> int:
    return int(4 ** (MOST_DEPTH - len(code)))


def _between(low: Floats, high: Floats, decimals: int | None, rng: np.random.Generator) -> Floats:
    chances = rng.random(len(low))
    if decimals is None:
        return np.asarray(low + chances * (high - low), np.float64)
    scale = 10.0**decimals
    first, last = np.ceil(low * scale), np.ceil(high * scale)
    points = first + np.floor(chances * np.maximum(last - first, 1))
    return np.asarray(np.round(points / scale, decimals), np.float64)
