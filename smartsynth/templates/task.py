"""What a way needs to know to make cells: its stream of chance, the rows so far, the tables so far."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from smartsynth.templates.scope import Scope


@dataclass(frozen=True, slots=True)
class Chance:
    """A stream of chance: of a seed, a block (None for tables of fixed size), and a path of names."""

    seed: int
    block: int | None
    locale: str
    path: str = ""

    def below(self, name: str) -> Chance:
        """The stream of a part."""
        return replace(self, path=f"{self.path}/{name}")

    def rng(self) -> np.random.Generator:
        """Draws from its beginning."""
        place = (0, 0) if self.block is None else (1, self.block)
        seeds = np.random.SeedSequence((self.seed, *place, zlib.crc32(self.path.encode())))
        return np.random.Generator(np.random.SFC64(seeds))


@dataclass(frozen=True, slots=True)
class Task:
    """What a way needs to know."""

    chance: Chance
    scope: Scope
    made: Mapping[str, Scope]
    key: str

    @property
    def n(self) -> int:
        return self.scope.n

    def rng(self) -> np.random.Generator:
        return self.chance.rng()
