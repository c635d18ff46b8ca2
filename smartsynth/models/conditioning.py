"""Rows of a chain of forests given some of their cells.

    limited      conditions ──▶ the share of each code that they allow
    draw_under   rows under conditions
    fill         rows with given cells

A number's bins are cut to the asked intervals and a group of categories to the asked ones, so that what is decoded from
an allowed code fulfils the condition. A column that is asked for is drawn from its allowed codes alone, and the row's
weight takes the probability that it would have had one of them (sequential importance sampling, Liu & Chen 1998); so
no row is drawn in vain, however rare what is asked for. Columns that come before an asked one in the chain do not
know of it: the weights make up for that, and the effective sample size says what is left (Kong, Liu & Wong 1994).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from smartsynth.errors import ConfigError, did_you_mean
from smartsynth.formats import number
from smartsynth.models.autoregression import Autoregression, CodeColumn, Codes, Given
from smartsynth.models.coding import Coding, Inside
from smartsynth.models.conditions import Condition, holds, intervals
from smartsynth.models.encoding import LevelCodec, NumberCodec
from smartsynth.models.grid import NumericGrid
from smartsynth.models.groups import Groups
from smartsynth.models.refinement import Refinement, systematic
from smartsynth.progress import Progress

MOST_NAMED = 20
STEP = 4
"""Particles come in blocks of as many as the rows asked for, so many blocks at a time."""
MOST_BLOCKS = 32
ENOUGH = 2.0
"""Independent rows that the particles must be worth, per row asked for, before no more are drawn."""
PARTICLES = 64
"""Particles for each row whose cells are filled."""
ROWS_PER_BLOCK = 64
BLOCKS_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Limited:
    """A model's codes under conditions.

    Args:
        weight: Columns × codes: the share of each code that is allowed; 1 where nothing is asked.
        is_limited: Which columns have conditions.
        inside: Bins and groups, cut to what is allowed.
    """

    weight: NDArray[np.float64]
    is_limited: NDArray[np.bool_]
    inside: Inside


def limited(conditions: Mapping[str, Condition], coding: Coding) -> Limited:
    """What conditions leave of the codes.

    Raises:
        ConfigError: A condition asks for a value that the model does not know.
    """
    weight = _ones(coding)
    is_limited = np.array([codec.name in conditions for codec in coding.codecs], bool)
    grids, groups = list(coding.inside.grids), list(coding.inside.groups)
    for i, (codec, grid) in enumerate(zip(coding.codecs, coding.inside.grids, strict=True)):
        if codec.name not in conditions:
            continue
        if isinstance(codec, NumberCodec) and grid is not None:
            grids[i], share = _of_number(conditions[codec.name], codec, coding.columns[i], grid)
        elif isinstance(codec, LevelCodec):
            groups[i], share = _of_levels(conditions[codec.name], codec, groups[i])
        weight[i] = 0.0
        weight[i, : len(share)] = share
    return Limited(weight, is_limited, Inside(grids, groups))


def _ones(coding: Coding) -> NDArray[np.float64]:
    return np.ones((len(coding.columns), max((c.n_codes for c in coding.columns), default=0)))


def _of_number(
    condition: Condition, codec: NumberCodec, column: CodeColumn, grid: NumericGrid
) -> tuple[NumericGrid, NDArray[np.float64]]:
    missing, asked = np.zeros(grid.n_bins), str(condition)
    if condition.values is not None and None in condition.values:
        if column.missing_code is None:
            raise ConfigError(f"where={str(condition)!r}: column {codec.name!r} has no missing cells in the real data.")
        missing[column.missing_code] = float(condition.allows_missing)
        condition = replace(condition, values=tuple(value for value in condition.values if value is not None))
    decimals = codec.decimals
    low, high = intervals(condition, codec.column, codec.unit, 0.0 if decimals is None else 10.0**-decimals)
    low, high = np.maximum(low, codec.low), np.minimum(high, codec.high)
    some = low <= high
    cut, share = grid.within(low[some], high[some]) if some.any() else (grid, np.zeros(grid.n_bins))
    share = np.maximum(share, missing)
    if not share.any():
        if codec.low > codec.high:
            raise ConfigError(f"where={asked!r}: too few cells of {codec.name!r} were known to learn any.")
        ends = "" if codec.column.kind.value != "numeric" else f" ({number(codec.low)} to {number(codec.high)})"
        raise ConfigError(
            f"where={asked!r}: no such value lies in the range that the model makes{ends}. Ask for others."
        )
    return cut, share


def _of_levels(
    condition: Condition, codec: LevelCodec, groups: Groups | None
) -> tuple[Groups | None, NDArray[np.float64]]:
    allowed = np.zeros(codec.n_levels, bool)
    fits = holds(condition, codec.column, codec.levels)
    allowed[: len(codec.levels)] = fits
    if condition.values is not None and None in condition.values:
        if not codec.nullable:
            raise ConfigError(f"where={str(condition)!r}: column {codec.name!r} has no missing cells in the real data.")
        allowed[-1] = condition.allows_missing
    # Rare values that are made anew are none of those that were named; others would be drawn from the kept levels.
    anew = codec.substitute is not None or not condition.excluded
    if condition.values is None and codec.rare and anew and condition.low is None and condition.high is None:
        allowed[len(codec.levels)] = True
    if not allowed.any():
        names = [str(level) for level in codec.levels]
        asked = str(condition.values[0]) if condition.values else ""
        more = f", and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        raise ConfigError(
            f"where={str(condition)!r}: the model knows no such value.{did_you_mean(asked, names)} It knows: "
            f"{', '.join(names[:MOST_NAMED])}{more}."
        )
    return (None, allowed.astype(float)) if groups is None else groups.within(allowed)


def draw_under(
    chain: Autoregression, refinement: Refinement, limits: Limited, n: int, rng: np.random.Generator
) -> tuple[Codes, float]:
    """`n` rows of codes, and how many independent rows each is worth (at most 1).

    Raises:
        ConfigError: No particle fulfils the conditions.
    """
    free = np.full((STEP, len(limits.weight), 1), -1, np.int32)
    given = Given(n, free, limits.weight, limits.is_limited)
    codes: list[Codes] = []
    logs: list[NDArray[np.float64]] = []
    left: list[NDArray[np.float64]] = []
    worth = 0.0
    while worth < ENOUGH * n and len(codes) < MOST_BLOCKS:
        made = chain.draw_given(rng.integers(2**63, size=STEP, dtype=np.uint64), given)
        codes += list(made.codes)
        logs.append(made.log_weight.ravel() + refinement.capped(np.concatenate(list(made.codes), axis=1)))
        left.append(made.effective)
        weight = _weights(np.concatenate(logs))
        if weight.any():
            worth = float(weight.sum() ** 2 / (weight**2).sum() * np.mean(left))
    if not weight.any():
        raise ConfigError(
            f"where: none of {len(weight):,} rows of the model fulfils all conditions at once. Leave one out, or make one "
            "wider."
        )
    return np.concatenate(codes, axis=1)[:, _chosen(weight, n, rng)], min(1.0, worth / n)


def _weights(logs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights, 1 for the heaviest."""
    highest = logs.max()
    return np.zeros(len(logs)) if highest == -np.inf else np.asarray(np.exp(logs - highest))


def _chosen(weight: NDArray[np.float64], n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Places of `n` rows by weight in random order, different ones as long as there are enough."""
    if np.count_nonzero(weight) < n:
        return np.asarray(rng.choice(len(weight), n, p=weight / weight.sum()))
    return np.asarray(rng.permutation(systematic(weight, n, rng)))


def present(coding: Coding) -> Limited:
    """Limits under which no cell is missing, of the columns that have anything else to offer."""
    weight, nullable = _ones(coding), np.zeros(len(coding.columns), bool)
    groups = list(coding.inside.groups)
    for i, (column, codec) in enumerate(zip(coding.columns, coding.codecs, strict=True)):
        known = groups[i]
        if isinstance(codec, LevelCodec) and known is not None:
            if codec.nullable and codec.n_levels > 1:
                groups[i], share = known.within(np.arange(codec.n_levels) < codec.n_levels - 1)
                nullable[i], weight[i, : len(share)] = True, share
            continue
        nullable[i] = codec.nullable and column.n_codes > 1
        if nullable[i]:
            weight[i, column.missing_code if isinstance(codec, NumberCodec) else column.n_codes - 1] = 0.0
    return Limited(weight, nullable, Inside(coding.inside.grids, groups))


def fill(
    chain: Autoregression,
    refinement: Refinement,
    known: NDArray[np.int32],
    limits: Limited,
    rng: np.random.Generator,
    progress: Progress,
) -> tuple[Codes, float]:
    """Columns × rows of codes: those that are known, and for each -1 a draw given the row's known ones.

    Returns the codes and among how many independent candidates each row was chosen, on average.
    """
    out = known.astype(np.uint16)
    wanted = np.flatnonzero((known < 0).any(axis=0))
    worth = []
    step = ROWS_PER_BLOCK * BLOCKS_AT_ONCE
    for at in range(0, len(wanted), step):
        rows = wanted[at : at + step]
        n_blocks = -(-len(rows) // ROWS_PER_BLOCK)
        padded = np.resize(rows, n_blocks * ROWS_PER_BLOCK)
        asked = np.ascontiguousarray(known[:, padded].reshape(len(known), n_blocks, ROWS_PER_BLOCK).transpose(1, 0, 2))
        seeds = rng.integers(2**63, size=n_blocks, dtype=np.uint64)
        made = chain.draw_given(seeds, Given(PARTICLES, asked, limits.weight, limits.is_limited))
        codes = np.concatenate(list(made.codes), axis=1)
        logs = (made.log_weight.ravel() + refinement.capped(codes)).reshape(-1, PARTICLES)
        weight = np.exp(logs - logs.max(axis=1, keepdims=True))
        sums = np.cumsum(weight, axis=1)
        place = (sums < rng.random((len(sums), 1)) * sums[:, -1:]).sum(axis=1).clip(0, PARTICLES - 1)
        out[:, rows] = codes[:, np.arange(len(sums)) * PARTICLES + place][:, : len(rows)]
        worth.append((sums[:, -1] ** 2 / (weight**2).sum(axis=1) * made.effective.ravel())[: len(rows)])
        progress((at + len(rows)) / len(wanted), "Filling cells")
    return out, float(np.concatenate(worth).mean()) if worth else float(PARTICLES)
