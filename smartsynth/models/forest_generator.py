"""The flagship for tables: boosted trees column after column, then density-ratio refinement.

    table ──encoding──▶ numbers and category codes ──grid──▶ small integer codes
    fit     autoregression   p(x) = Π p(x_j | x_1 … x_{j-1}), each factor a tree of boosted classifiers
            refinement       what a detective still sees, as a density ratio
    sample  autoregression draws a pool, refinement chooses from it, grid and encoding turn codes back into a table

Everything that is learnt is learnt from codes: no value that fewer than `min_count` rows share, no exact extreme and no
row is in the model.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.errors import ConfigError
from smartsynth.models.autoregression import Autoregression, CodeColumn, Codes
from smartsynth.models.base import Generator, State
from smartsynth.models.boosting import Training
from smartsynth.models.encoding import TableEncoder
from smartsynth.models.grid import NumericGrid
from smartsynth.models.refinement import Refinement
from smartsynth.progress import Progress, part
from smartsynth.schema import Schema

# One setting for all tables, chosen on holdout log-likelihood, detection AUC, utility and closeness on Adult, Magic,
# German credit and NMES: fewer leaves or more shrinkage cost utility, more leaves move rows nearer to training rows.
CHAIN: Mapping[str, Any] = {"learning_rate": 0.05, "num_leaves": 15, "min_data_in_leaf": 20, "lambda_l2": 1.0}
RATIO: Mapping[str, Any] = {"learning_rate": 0.05, "num_leaves": 15, "min_data_in_leaf": 50, "lambda_l2": 5.0}


class ForestGenerator(Generator):
    """Sequential boosted trees with density-ratio refinement.

    Args:
        n_bins: Bins of a numeric column, besides its heavy values.
        rounds: Most boosting rounds of one classifier; held-out rows stop it earlier.
        refinement_rounds: Rounds of density-ratio refinement; 0 leaves it out and samples `pool` times faster.
        pool: Rows drawn for each row that refinement keeps.
        min_count: A value held by fewer rows is never stored and never comes back on purpose.
    """

    name: ClassVar[str] = "forest"
    summary: ClassVar[str] = "Sequential boosted trees with density-ratio refinement: the closest to real data."
    cost: ClassVar[float] = 4.2
    cost_per_sample: ClassVar[float] = 1.4
    quality: ClassVar[float] = 0.93
    min_rows: ClassVar[int] = 20

    def __init__(
        self, *, n_bins: int = 96, rounds: int = 300, refinement_rounds: int = 1, pool: int = 3, min_count: int = 5
    ) -> None:
        self.n_bins = n_bins
        self.rounds = rounds
        self.refinement_rounds = refinement_rounds
        self.pool = pool
        self.min_count = min_count

    def _fit(self, data: pd.DataFrame, schema: Schema, rng: np.random.Generator, progress: Progress) -> None:
        self._check_options()
        self._encoder = TableEncoder.fit(data, schema, min_count=self.min_count, rng=rng)
        values = self._encoder.encode(data)
        progress(0.02, "Encoded")
        self._grids = [
            None if codec.is_categorical else NumericGrid.fit(v, n_bins=self.n_bins, min_count=self.min_count)
            for codec, v in zip(self._encoder.codecs, values, strict=True)
        ]
        self._columns = [
            CodeColumn(codec.n_levels, ordered=False) if grid is None else _ordered(grid)
            for codec, grid in zip(self._encoder.codecs, self._grids, strict=True)
        ]
        codes = _codes(values, self._grids)
        self._chain = Autoregression.fit(
            codes,
            self._columns,
            self._order(codes),
            how=Training(self.rounds, feature_fraction=0.8, patience=15, **CHAIN),
            rng=rng,
            threads=_threads(),
            progress=part(progress, 0.02, 0.7),
        )
        self._refinement = Refinement.fit(
            codes,
            self._chain.sample,
            self._columns,
            rounds=self.refinement_rounds if codes.shape[1] > 1 else 0,
            how=Training(200, feature_fraction=0.8, bagging_fraction=0.8, patience=20, held_out=0.2, **RATIO),
            rng=rng,
            threads=_threads(),
            progress=part(progress, 0.7, 1.0),
        )

    def _sample_block(
        self, n: int, start: int, rng: np.random.Generator, conditions: Mapping[str, Any], progress: Progress
    ) -> pd.DataFrame:
        if self._refinement.n_rounds:
            codes = self._chain.sample(self.pool * n, rng, progress=part(progress, 0.0, 0.8))
            codes = self._refinement.choose(codes, n, rng)
        else:
            codes = self._chain.sample(n, rng, progress=part(progress, 0.0, 0.8))
        values: list[NDArray[Any]] = [
            codes[:, i] if grid is None else grid.decode(codes[:, i].astype(np.int64), rng.random(n))
            for i, grid in enumerate(self._grids)
        ]
        return self._encoder.decode(values, rng, start=start, n=n)

    def _order(self, codes: Codes) -> list[int]:
        """Categories before numbers, few codes before many: later columns then have sharp features to hold on to."""
        distinct = [len(np.unique(codes[:, i])) for i in range(codes.shape[1])]
        return sorted(range(codes.shape[1]), key=lambda i: (self._columns[i].ordered, distinct[i]))

    def _check_options(self) -> None:
        lowest = {"n_bins": 2, "rounds": 1, "refinement_rounds": 0, "pool": 1, "min_count": 1}
        wrong = [
            f"{name}={value!r} must be a whole number of at least {least}."
            for name, least in lowest.items()
            if not isinstance(value := getattr(self, name), int) or isinstance(value, bool) or value < least
        ]
        if wrong:
            raise ConfigError(" ".join(wrong))

    def _state(self) -> State:
        columns = [[c.n_codes, c.ordered, c.missing_code] for c in self._columns]
        arrays = {f"chain.{name}": array for name, array in self._chain.arrays().items()}
        arrays |= {f"ratio.{name}": array for name, array in self._refinement.arrays().items()}
        for i, grid in enumerate(self._grids):
            if grid is not None:
                arrays |= {f"grid{i}.{name}": array for name, array in grid.arrays().items()}
        return State({"encoder": self._encoder.to_json(), "columns": columns}, arrays)

    def _restore(self, state: State) -> None:
        self._encoder = TableEncoder.from_json(state.values["encoder"])
        self._columns = [CodeColumn(*column) for column in state.values["columns"]]
        self._grids = [
            NumericGrid.from_arrays(_under(state.arrays, f"grid{i}."), nullable=column.missing_code is not None)
            if column.ordered
            else None
            for i, column in enumerate(self._columns)
        ]
        self._chain = Autoregression.from_arrays(_under(state.arrays, "chain."))
        self._refinement = Refinement.from_arrays(_under(state.arrays, "ratio."))


def _ordered(grid: NumericGrid) -> CodeColumn:
    return CodeColumn(grid.n_bins, ordered=True, missing_code=grid.n_bins - 1 if grid.nullable else None)


def _codes(values: list[NDArray[Any]], grids: list[NumericGrid | None]) -> Codes:
    """Rows × columns of codes."""
    columns = [v if grid is None else grid.encode(v) for v, grid in zip(values, grids, strict=True)]
    return np.stack(columns, axis=1).astype(np.int32) if columns else np.zeros((0, 0), dtype=np.int32)


def _under(arrays: Mapping[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def _threads() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
