"""Very many categories as groups of alike ones, so that a forest predicts the group and not the category.

Categories are put in order of likeness (the main axis along which the rows that hold them differ in the other columns)
and cut into groups of about equal mass. Within its group a category is drawn by frequency.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

MOST_CODES = 256
"""A categorical column with more codes is modelled by groups."""


@dataclass(frozen=True, slots=True)
class Groups:
    """Groups of a column's codes.

    Args:
        member: The codes that occur, group after group.
        first: Place in `member` of each group's first code; one more at the end.
        cumulative: Sums of rows over `member`.
        of_code: Group of each code.
    """

    member: NDArray[np.int32]
    first: NDArray[np.int64]
    cumulative: NDArray[np.float64]
    of_code: NDArray[np.uint16]

    @classmethod
    def fit(cls, y: NDArray[Any], n_codes: int, axis: NDArray[np.float64], n_groups: int = MOST_CODES // 2) -> Self:
        """Groups of neighbours on `axis`, which has one number per code."""
        counts = np.bincount(y, minlength=n_codes).astype(float)
        member = np.flatnonzero(counts)
        member = member[axis[member].argsort(kind="stable")]
        sums = np.cumsum(counts[member])
        group = ((sums - counts[member] / 2) / sums[-1] * n_groups).astype(int).clip(0, n_groups - 1)
        group = np.unique(group, return_inverse=True)[1]
        of_code = np.zeros(n_codes, np.uint16)
        of_code[member] = group
        first = np.searchsorted(group, np.arange(group[-1] + 2))
        return cls(member.astype(np.int32), first, sums, of_code)

    @property
    def n_groups(self) -> int:
        return len(self.first) - 1

    def draw(self, group: NDArray[Any], uniform: NDArray[np.float64]) -> NDArray[np.int32]:
        """A code of each row's group."""
        start = np.r_[0.0, self.cumulative][self.first]
        at = start[group] + uniform * (start[group + 1] - start[group])
        place = np.searchsorted(self.cumulative, at, side="right")
        code: NDArray[np.int32] = self.member[np.clip(place, self.first[group], self.first[group + 1] - 1)]
        return code

    def within(self, allowed: NDArray[np.bool_]) -> tuple[Self, NDArray[np.float64]]:
        """The groups with the allowed codes alone, and the share of each group that they are."""
        counts = np.diff(np.r_[0.0, self.cumulative])
        group = np.repeat(np.arange(self.n_groups), np.diff(self.first))
        left = np.where(allowed[self.member], counts, 0.0)
        share = np.bincount(group, left, minlength=self.n_groups) / np.bincount(group, counts, minlength=self.n_groups)
        some = left > 0
        first = np.searchsorted(group[some], np.arange(self.n_groups + 1))
        return type(self)(self.member[some], first, np.cumsum(left[some]), self.of_code), share

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The groups as arrays by name."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        return cls(**{name: arrays[name] for name in cls.__slots__})
