"""The flagship for tables: forests of count trees column after column, then density-ratio refinement.

    table ──encoding──▶ numbers and category codes ──grid, groups──▶ small integer codes
    fit     autoregression   p(x) = Π p(x_j | x_1 … x_{j-1}), each factor a forest
            refinement       what a detective still sees, as a density ratio
    sample  autoregression draws a pool, refinement chooses from it, groups, grid and encoding turn codes into a table

Everything that is learnt is learnt from codes: no value that fewer than `min_count` rows share, no exact extreme and no
row is in the model.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
import pandas as pd

from smartsynth.errors import ConfigError
from smartsynth.models.autoregression import Autoregression, Codes, Growth
from smartsynth.models.base import BLOCK_ROWS, Generator, State
from smartsynth.models.boosting import Training, threads
from smartsynth.models.coding import Coding, under
from smartsynth.models.conditioning import draw_under, fill, limited, present
from smartsynth.models.conditions import Condition
from smartsynth.models.options import below
from smartsynth.models.refinement import SPARE, Refinement
from smartsynth.progress import Progress, part
from smartsynth.schema import Schema

RATIO = Training(
    rounds=100, learning_rate=0.1, num_leaves=31, min_data_in_leaf=150, lambda_l2=20.0,
    feature_fraction=0.6, bagging_fraction=0.5,
)  # fmt: skip
"""One setting for all tables, chosen on detection AUC and closeness on Adult, Magic, German credit and NMES."""
LEAST = {"n_bins": 2, "trees": 1, "refinement_rounds": 0, "min_count": 1}
"""Lowest value of each option of the forests."""
BLOCKS_AT_ONCE = 32
BALANCED_BLOCKS = 16
"""Blocks whose rows are put in a balanced order. Among more rows than these have, chance moves no share by much."""


class ForestGenerator(Generator):
    """Sequential forests of count trees with density-ratio refinement.

    Args:
        n_bins: Bins of a numeric column, besides its heavy values.
        trees: Trees of a column; a large table gets fewer.
        refinement_rounds: Rounds of density-ratio refinement; 0 leaves it out.
        min_count: A value held by fewer rows is never stored and never comes back on purpose.
    """

    name: ClassVar[str] = "forest"
    summary: ClassVar[str] = "Sequential forests with density-ratio refinement: the closest to real data."
    compiles: ClassVar[bool] = True
    cost: ClassVar[float] = 6.2
    cost_rows: ClassVar[int] = 60_000
    cost_columns: ClassVar[float] = 0.7
    cost_per_sample: ClassVar[float] = 0.13
    quality: ClassVar[float] = 0.92
    min_rows: ClassVar[int] = 20
    conditional: ClassVar[bool] = True
    refines: ClassVar[bool] = True

    def __init__(self, *, n_bins: int = 96, trees: int = 32, refinement_rounds: int = 3, min_count: int = 5) -> None:
        self.n_bins = n_bins
        self.trees = trees
        self.refinement_rounds = refinement_rounds
        self.min_count = min_count

    def _fit(self, data: pd.DataFrame, schema: Schema, rng: np.random.Generator, progress: Progress) -> None:
        self._check_options()
        self._coding, codes = Coding.fit(data, schema, n_bins=self.n_bins, min_count=self.min_count, rng=rng)
        progress(0.02, "Encoded")
        self._chain = Autoregression.fit(
            codes,
            self._coding.columns,
            self._coding.order(codes),
            growth=Growth(trees=self.trees),
            rng=rng,
            threads=threads(),
            progress=part(progress, 0.02, 0.4),
        )
        self._refinement = Refinement.fit(
            codes,
            self._chain.sample,
            self._coding.columns,
            rounds=self.refinement_rounds if len(codes) > 1 else 0,
            how=RATIO,
            rng=rng,
            threads=threads(),
            progress=part(progress, 0.4, 1.0),
        )

    def _sample_blocks(
        self, blocks: range, seed: int, conditions: Mapping[str, Condition], progress: Progress
    ) -> pd.DataFrame:
        limits = limited(conditions, self._coding)
        frames, shares = [], []
        for at in range(0, len(blocks), BLOCKS_AT_ONCE):
            some = blocks[at : at + BLOCKS_AT_ONCE]
            rngs = [np.random.default_rng([seed, k]) for k in some]
            report = part(progress, at / len(blocks), (at + len(some)) / len(blocks))
            if conditions:
                made = [draw_under(self._chain, self._refinement, limits, BLOCK_ROWS, rng) for rng in rngs]
                codes = np.concatenate([codes for codes, _ in made], axis=1)
                shares += [worth for _, worth in made]
            else:
                codes = self._codes_of_blocks(some, rngs, report)
            values = self._coding.values(codes, rngs, BLOCK_ROWS, limits.inside)
            starts = [k * BLOCK_ROWS for k in some]
            frames.append(self._coding.encoder.decode_blocks(values, rngs, starts=starts, n=BLOCK_ROWS))
            report(1.0, "Making rows")
        rows = pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]
        if conditions:
            rows.attrs["effective_share"] = float(np.mean(shares))
        return rows

    def _impute(self, known: pd.DataFrame, seed: int, progress: Progress) -> tuple[pd.DataFrame, float]:
        rng = np.random.default_rng([seed, 0x1F11])
        codes = self._coding.known_codes(known)
        limits = present(self._coding)
        drawn, worth = fill(self._chain, self._refinement, codes, limits, rng, progress)
        values = self._coding.values(drawn, [rng], len(known), limits.inside)
        made = self._coding.encoder.decode(values, rng, n=len(known), complete=True)
        return self._coding.encoder.fill(known, made), worth

    def _codes_of_blocks(self, blocks: range, rngs: Sequence[np.random.Generator], progress: Progress) -> Codes:
        """BLOCK_ROWS columns of codes per block, which has its own generator of random numbers, one after the other."""
        n_balanced = sum(k < BALANCED_BLOCKS for k in blocks)
        made: list[Codes] = []
        for some, is_balanced in ((rngs[:n_balanced], True), (rngs[n_balanced:], False)):
            if not some:
                continue
            pools = self._pools(some, SPARE if is_balanced else 1.0)
            progress((len(made) + len(some) / 2) / len(blocks), "Drawing rows")
            if is_balanced:
                places = self._refinement.balanced(pools, BLOCK_ROWS, self._coding.columns, some)
            elif not self._refinement.n_rounds:
                places = [np.arange(BLOCK_ROWS)] * len(pools)
            else:
                places = [self._refinement.choose(pool, BLOCK_ROWS, rng) for pool, rng in zip(pools, some, strict=True)]
            made += [pool[:, place] for pool, place in zip(pools, places, strict=True)]
            progress(len(made) / len(blocks), "Choosing among them")
        return np.concatenate(made, axis=1)

    def _pools(self, rngs: Sequence[np.random.Generator], spare: float) -> list[Codes]:
        """Rows to choose a block from, for each generator of random numbers."""
        seeds = np.array([rng.integers(2**63) for rng in rngs], dtype=np.uint64)
        return list(self._chain.draw(seeds, math.ceil(self._refinement.pool * spare * BLOCK_ROWS)))

    def _sample_block(
        self, n: int, start: int, rng: np.random.Generator, conditions: Mapping[str, Condition], progress: Progress
    ) -> pd.DataFrame:
        raise NotImplementedError  # _sample_blocks does its work

    def _check_options(self) -> None:
        if wrong := below(self, LEAST):
            raise ConfigError(" ".join(wrong))

    def _state(self) -> State:
        arrays = {f"chain.{name}": array for name, array in self._chain.arrays().items()}
        arrays |= {f"ratio.{name}": array for name, array in self._refinement.arrays().items()}
        return State(self._coding.to_json(), arrays | self._coding.arrays())

    def _restore(self, state: State) -> None:
        self._coding = Coding.restore(state.values, state.arrays)
        self._chain = Autoregression.from_arrays(under(state.arrays, "chain."))
        self._refinement = Refinement.from_arrays(under(state.arrays, "ratio."))
