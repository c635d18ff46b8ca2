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
import os
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.errors import ConfigError
from smartsynth.models.autoregression import Autoregression, CodeColumn, Codes, Growth, likeness
from smartsynth.models.base import BLOCK_ROWS, Generator, State
from smartsynth.models.boosting import Training
from smartsynth.models.conditioning import Limited, draw_under, fill, limited, present
from smartsynth.models.conditions import Condition
from smartsynth.models.encoding import TableEncoder
from smartsynth.models.grid import NumericGrid
from smartsynth.models.groups import MOST_CODES, Groups
from smartsynth.models.refinement import Refinement
from smartsynth.progress import Progress, part
from smartsynth.schema import Schema

RATIO = Training(
    rounds=100, learning_rate=0.1, num_leaves=31, min_data_in_leaf=150, lambda_l2=20.0,
    feature_fraction=0.6, bagging_fraction=0.5,
)  # fmt: skip
"""One setting for all tables, chosen on detection AUC and closeness on Adult, Magic, German credit and NMES."""
BLOCKS_AT_ONCE = 32


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
    cost: ClassVar[float] = 4.2
    cost_per_sample: ClassVar[float] = 1.4
    quality: ClassVar[float] = 0.93
    min_rows: ClassVar[int] = 20
    conditional: ClassVar[bool] = True

    def __init__(self, *, n_bins: int = 96, trees: int = 32, refinement_rounds: int = 3, min_count: int = 5) -> None:
        self.n_bins = n_bins
        self.trees = trees
        self.refinement_rounds = refinement_rounds
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
        codes, self._groups = _codes(values, self._grids, [codec.n_levels for codec in self._encoder.codecs])
        self._columns = [
            _column(codec.n_levels, grid, groups)
            for codec, grid, groups in zip(self._encoder.codecs, self._grids, self._groups, strict=True)
        ]
        self._chain = Autoregression.fit(
            codes,
            self._columns,
            self._order(codes),
            growth=Growth(trees=self.trees),
            rng=rng,
            threads=_threads(),
            progress=part(progress, 0.02, 0.4),
        )
        self._refinement = Refinement.fit(
            codes,
            self._chain.sample,
            self._columns,
            rounds=self.refinement_rounds if len(codes) > 1 else 0,
            how=RATIO,
            rng=rng,
            threads=_threads(),
            progress=part(progress, 0.4, 1.0),
        )

    def _sample_blocks(
        self, blocks: range, seed: int, conditions: Mapping[str, Condition], progress: Progress
    ) -> pd.DataFrame:
        limits = self._limits(conditions)
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
                codes = self._codes_of_blocks(rngs, report)
            values = self._values(codes, rngs, limits)
            starts = [k * BLOCK_ROWS for k in some]
            frames.append(self._encoder.decode_blocks(values, rngs, starts=starts, n=BLOCK_ROWS))
            report(1.0, "Making rows")
        rows = pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]
        if conditions:
            rows.attrs["effective_share"] = float(np.mean(shares))
        return rows

    def _limits(self, conditions: Mapping[str, Condition]) -> Limited:
        return limited(conditions, self._encoder.codecs, self._columns, self._grids, self._groups)

    def _impute(self, known: pd.DataFrame, seed: int, progress: Progress) -> tuple[pd.DataFrame, float]:
        codes = self._known_codes(known)
        rng = np.random.default_rng([seed, 0x1F11])
        drawn, worth = fill(
            self._chain, self._refinement, codes, present(self._columns, self._encoder.codecs), rng, progress
        )
        values = self._values(drawn, [rng], self._limits({}), n=len(known))
        made = self._encoder.decode(values, rng, n=len(known))
        return self._encoder.fill(known, made), worth

    def _known_codes(self, known: pd.DataFrame) -> NDArray[np.int32]:
        """Columns × rows of codes, -1 for cells that are missing or hold a value that the model does not know."""
        rows = []
        for codec, grid, groups in zip(self._encoder.codecs, self._grids, self._groups, strict=True):
            series = known[codec.name]
            codes: NDArray[Any] = codec.encode(series)
            if grid is not None:
                codes = grid.encode(codes)
            elif groups is not None:
                codes = groups.of_code[codes]
            rows.append(np.where(codec.knows(series), codes.astype(np.int32), -1))
        return np.array(rows, np.int32).reshape(len(rows), len(known))

    def _codes_of_blocks(self, rngs: Sequence[np.random.Generator], progress: Progress) -> Codes:
        """BLOCK_ROWS columns of codes per generator of random numbers, one block after the other."""
        seeds = np.array([rng.integers(2**63) for rng in rngs], dtype=np.uint64)
        pools = self._chain.draw(seeds, math.ceil(self._refinement.pool * BLOCK_ROWS))
        progress(0.4, "Drawing rows")
        if not self._refinement.n_rounds:
            return np.ascontiguousarray(np.concatenate(list(pools), axis=1))
        chosen = [
            pool[:, self._refinement.choose(pool, BLOCK_ROWS, rng)] for pool, rng in zip(pools, rngs, strict=True)
        ]
        progress(0.8, "Choosing among them")
        return np.concatenate(chosen, axis=1)

    def _values(
        self, codes: Codes, rngs: Sequence[np.random.Generator], limits: Limited, n: int = BLOCK_ROWS
    ) -> list[NDArray[Any]]:
        """Values inside the codes' bins and groups, column by column; `n` rows for each generator of random numbers."""
        values: list[NDArray[Any]] = []
        for code, grid, groups in zip(codes, limits.grids, limits.groups, strict=True):
            if grid is None and groups is None:
                values.append(code)
                continue
            uniform = np.concatenate([rng.random(n) for rng in rngs])
            values.append(grid.decode(code.astype(np.int64), uniform) if grid else groups.draw(code, uniform))  # type: ignore[union-attr]
        return values

    def _sample_block(
        self, n: int, start: int, rng: np.random.Generator, conditions: Mapping[str, Condition], progress: Progress
    ) -> pd.DataFrame:
        raise NotImplementedError  # _sample_blocks does its work

    def _order(self, codes: Codes) -> list[int]:
        """Categories before numbers, few codes before many: later columns then have sharp features to hold on to."""
        distinct = [len(np.unique(column)) for column in codes]
        return sorted(range(len(codes)), key=lambda i: (self._columns[i].ordered, distinct[i]))

    def _check_options(self) -> None:
        lowest = {"n_bins": 2, "trees": 1, "refinement_rounds": 0, "min_count": 1}
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
        for name, parts in (("grid", self._grids), ("groups", self._groups)):
            for i, one in enumerate(parts):
                if one is not None:
                    arrays |= {f"{name}{i}.{key}": array for key, array in one.arrays().items()}
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
        self._groups = [
            Groups.from_arrays(found) if (found := _under(state.arrays, f"groups{i}.")) else None
            for i in range(len(self._columns))
        ]
        self._chain = Autoregression.from_arrays(_under(state.arrays, "chain."))
        self._refinement = Refinement.from_arrays(_under(state.arrays, "ratio."))


def _column(n_levels: int, grid: NumericGrid | None, groups: Groups | None) -> CodeColumn:
    if grid is not None:
        return CodeColumn(grid.n_bins, ordered=True, missing_code=grid.n_bins - 1 if grid.nullable else None)
    return CodeColumn(n_levels if groups is None else groups.n_groups, ordered=False)


def _codes(
    values: list[NDArray[Any]], grids: list[NumericGrid | None], n_levels: list[int]
) -> tuple[Codes, list[Groups | None]]:
    """Columns × rows of codes, and the groups of columns with very many categories."""
    columns = [v if grid is None else grid.encode(v) for v, grid in zip(values, grids, strict=True)]
    groups: list[Groups | None] = [None] * len(columns)
    few = np.array(
        [c for c, grid, n in zip(columns, grids, n_levels, strict=True) if grid is not None or n <= MOST_CODES]
    )
    for i, (grid, n) in enumerate(zip(grids, n_levels, strict=True)):
        if grid is None and n > MOST_CODES:
            counts = np.bincount(columns[i], minlength=n).astype(float)
            groups[i] = Groups.fit(columns[i], n, likeness(counts, few, columns[i]))
            columns[i] = groups[i].of_code[columns[i]]  # type: ignore[union-attr]
    return np.array(columns, dtype=np.uint16) if columns else np.zeros((0, 0), np.uint16), groups


def _under(arrays: Mapping[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def _threads() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
