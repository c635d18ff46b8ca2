"""Which tables of counts to measure: those where the model is most wrong, as far as noise and size allow.

For each candidate table the distance ‖real counts - model's counts‖₁ is released with noise. One person changes each
distance by at most 1, so m of them together have sensitivity √m: a few counts of noise tell all candidates apart at
once, where the exponential mechanism of MST and AIM (McKenna et al. 2021, 2022) pays for every choice. What is chosen
from the released distances costs nothing more:

    gain of a set of tables = Σ distance - Σ expected L1 error of the noise that a table will get
    budget of a table       ∝ cells^(2/3), which makes the sum of these errors least (Zhang et al. 2021, PrivSyn)

Tables are added greedily while the gain grows and the junction tree stays within its cells.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartsynth.models.junction_tree import Clique, cells
from smartsynth.models.marginal_fit import edges_of
from smartsynth.privacy.noise import STEPS


def counted(codes: NDArray[np.integer], columns: Sequence[int], sizes: Sequence[int]) -> NDArray[np.int64]:
    """Rows in each cell of a table over some columns; `codes` are columns × rows.

    >>> counted(np.array([[0, 1, 1], [0, 0, 1]]), (0, 1), (2, 2)).tolist()
    [[1, 0], [1, 1]]
    """
    shape = tuple(sizes[c] for c in columns)
    key = np.zeros(codes.shape[1], np.int64)
    for c, size in zip(columns, shape, strict=True):
        key *= size
        key += codes[c]
    return np.bincount(key, minlength=math.prod(shape)).reshape(shape)


def distance(real: NDArray[np.int64], model: NDArray[Any]) -> float:
    """‖real - model‖₁ in whole steps of 1 / STEPS, so that one person changes it by at most 1 exactly."""
    off = real * STEPS - np.rint(model * STEPS).astype(np.int64)
    return int(np.abs(off).sum()) / STEPS


def shares(tables: Sequence[Clique], sizes: Sequence[int]) -> NDArray[np.float64]:
    """Share of a budget of μ² for each table."""
    weight = np.array([math.prod(sizes[c] for c in columns) for columns in tables], float) ** (2 / 3)
    return np.asarray(weight / weight.sum())


def chosen(
    distances: Mapping[Clique, float],
    sizes: Sequence[int],
    *,
    known: Iterable[Clique],
    mu: float,
    sensitivity: float,
    most_cells: float,
    least: float,
    weight: Mapping[int, float],
) -> list[Clique]:
    """Tables to measure with a budget of μ².

    Args:
        distances: Noisy distance of the model for each candidate.
        sizes: Number of codes of each column.
        known: Tables that were measured before.
        mu: The budget: Σ (sensitivity / σ)² of the chosen tables is μ².
        sensitivity: Most rows of one person.
        most_cells: Most cells of the junction tree.
        least: A table must bring at least so much.
        weight: Columns whose tables count more, and by how much.
    """
    edges = edges_of(list(known))
    value = {t: d * max((weight.get(c, 1.0) for c in t), default=1.0) for t, d in distances.items()}
    size = {t: math.prod(sizes[c] for c in t) for t in value}
    taken: list[Clique] = []
    heft = 0.0
    for table in sorted(value, key=lambda t: (-value[t], t)):
        # Σ cells · σ · √(2/π), with σ = sensitivity / μ · √(Σw / w) and w = cells^(2/3).
        more = heft + size[table] ** (2 / 3)
        noise = [math.sqrt(2 / math.pi) * sensitivity / mu * w**1.5 for w in (heft, more)]
        benefit = value[table] - (noise[1] - noise[0])
        if benefit <= least:
            continue
        wider = edges | edges_of([table])
        if wider != edges and cells(wider, sizes) > most_cells:
            continue
        taken.append(table)
        edges, heft = wider, more
    return taken
