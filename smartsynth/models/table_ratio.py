"""Density-ratio refinement on top of any table generator: `Generator.fit(…, refine=True)`.

    fit      real rows and rows of the fitted generator, both as codes ──▶ density ratio (refinement.py)
    sample   a pool of the generator's blocks ──▶ the rows that look most like real ones

A fifth of the real rows teaches no ratio and judges each round. Where real rows can hardly be told from generated ones,
or a round makes it easier, it is dropped: refinement that cannot help leaves the generator as it was and says so.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.models.autoregression import Codes
from smartsynth.models.boosting import Training, threads
from smartsynth.models.coding import Coding, under
from smartsynth.models.refinement import Refinement
from smartsynth.progress import Progress
from smartsynth.schema import Schema

HOW = Training(
    rounds=100, learning_rate=0.1, num_leaves=31, min_data_in_leaf=100, lambda_l2=5.0,
    feature_fraction=0.8, bagging_fraction=0.5,
)  # fmt: skip
ROUNDS = 3
N_BINS = 64
MIN_COUNT = 5
MOST_POOL = 8
"""Blocks that are drawn for each block that is kept."""
MADE_PER_REAL = 4

Rows = Callable[[int, int], pd.DataFrame]
"""`n` rows for a seed: `rows(n, seed)`."""


class TableRatio:
    """The density ratio of real rows to a generator's, and the choice by it.

    Args:
        coding: Codes of the table.
        refinement: The ratio of codes.
        losses: Bits that a detective leaves open, before each round; see `Refinement`.
    """

    def __init__(self, coding: Coding, refinement: Refinement, losses: tuple[float, ...]) -> None:
        self.coding = coding
        self.refinement = refinement
        self.losses = losses

    @classmethod
    def fit(
        cls, real: pd.DataFrame, schema: Schema, rows: Rows, *, rng: np.random.Generator, progress: Progress
    ) -> Self:
        """Learn what a generator does wrong about the `real` rows."""
        coding, codes = Coding.fit(real, schema, n_bins=N_BINS, min_count=MIN_COUNT, rng=rng)

        def draw(n: int, rng: np.random.Generator, progress: Progress) -> Codes:
            made = coding.codes(rows(n, int(rng.integers(2**63))))
            progress(1.0, "Drawing rows")
            return made

        refinement = Refinement.fit(
            codes, draw, coding.columns, rounds=ROUNDS if len(codes) > 1 else 0, how=HOW, rng=rng, threads=threads(),
            progress=progress, judged=True, most_pool=MOST_POOL, made_per_real=MADE_PER_REAL,
        )  # fmt: skip
        return cls(coding, refinement, refinement.losses)

    @property
    def blocks(self) -> int:
        """Blocks of the generator that are drawn for each block that is kept; 1 if nothing is chosen."""
        return math.ceil(self.refinement.pool)

    def chosen(self, pool: pd.DataFrame, n: int, rng: np.random.Generator) -> pd.DataFrame:
        """`n` rows of the pool, by their density ratio, in a balanced order."""
        (places,) = self.refinement.balanced([self.coding.codes(pool)], n, self.coding.columns, [rng])
        return pool.iloc[places].reset_index(drop=True)

    def sentence(self) -> str:
        """What refinement brought, for people."""
        rounds, losses = self.refinement.n_rounds, self.losses
        if not losses:
            return "Refinement was left out: there is only one column to look at."
        if not rounds and len(losses) > 1:
            return (
                "Refinement could not help: choosing rows made them easier to tell from real ones, so none are chosen."
            )
        if not rounds:
            return (
                f"Refinement could not help: a detective leaves {losses[0]:.3f} of 1 bit open, so it can hardly tell the "
                "rows from real ones, and choosing among them would not bring them nearer."
            )
        after = f", after it {losses[rounds]:.3f}" if len(losses) > rounds else ""
        return (
            f"Refined in {rounds} round{'s' if rounds > 1 else ''}: before, a detective that tells the rows from real "
            f"ones left {losses[0]:.3f} of 1 bit open{after}. {self.blocks} rows are drawn for each that is kept."
        )

    def to_json(self) -> dict[str, Any]:
        """What is not an array, as plain JSON types."""
        return {"coding": self.coding.to_json(), "losses": list(self.losses)}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What is an array, by name."""
        parts = {"coding": self.coding.arrays(), "ratio": self.refinement.arrays()}
        return {f"{part}.{name}": array for part, arrays in parts.items() for name, array in arrays.items()}

    @classmethod
    def restore(cls, values: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The ratio that `to_json` and `arrays` came from."""
        coding = Coding.restore(values["coding"], under(arrays, "coding."))
        losses = tuple(map(float, values["losses"]))
        return cls(coding, Refinement.from_arrays(under(arrays, "ratio.")), losses)
