"""Cells of a template moved to the distribution of real data."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from smartsynth.errors import ConfigError
from smartsynth.templates import draws
from smartsynth.templates.cells import TRUTHS, Cells, Coded, numbers
from smartsynth.templates.document import Remap


def remapped(rng: np.random.Generator, cells: Cells, remap: Remap) -> Cells:
    """The cells moved to the distribution of real data, and as little as that needs."""
    if remap.shares:
        return _reshared(rng, cells, remap.shares)
    values = numbers(cells)
    before, after = np.asarray(remap.before), np.asarray(remap.after)
    low, high = np.searchsorted(before, values, "left"), np.searchsorted(before, values, "right")
    last = len(before) - 1
    levels = np.linspace(0, 1, len(before))
    ties = high > low  # a value that several rows share is spread over the ranks that they hold
    bottom, top = levels[np.minimum(low, last)], levels[np.clip(high - 1, 0, last)]
    at = np.where(ties, bottom + rng.random(len(values)) * (top - bottom), np.interp(values, before, levels))
    made = np.where(np.isnan(values), np.nan, np.interp(at, np.linspace(0, 1, len(after)), after))
    return made if remap.decimals is None else np.round(made, remap.decimals)


def _reshared(rng: np.random.Generator, cells: Cells, shares: Mapping[str, tuple[float, float]]) -> Cells:
    truths = isinstance(cells, np.ndarray) and cells.dtype.kind == "b"
    held = Coded(cells.astype(np.int32), TRUTHS) if truths else cells  # type: ignore[union-attr]
    if not isinstance(held, Coded):
        raise ConfigError("calibrated: shares are for columns of categories.")
    levels = tuple(dict.fromkeys((*held.levels, *shares)))
    before = np.array([shares.get(level, (0.0, 0.0))[0] for level in levels])
    after = np.array([shares.get(level, (0.0, 0.0))[1] for level in levels])
    stays = np.minimum(1.0, np.divide(after, before, out=np.zeros(len(levels)), where=before > 0))
    gains = np.maximum(after - before, 0.0)
    moves = (held.codes >= 0) & (rng.random(len(held)) >= stays[held.codes])
    fresh = draws.chosen(rng, len(held), [float(gain) for gain in gains]) if gains.sum() > 0 else held.codes
    codes = np.where(moves, fresh, held.codes).astype(np.int32)
    return codes == 1 if truths else Coded(codes, levels)
