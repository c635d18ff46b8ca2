"""Private evolution: what is made is voted for by real rows, with noise, and what has votes is varied and voted for again.

One person changes a round's counts by at most as many votes as he has rows, so that all rounds are a Gaussian release each, and the
account is exact.

Lin et al. (2024), "Differentially Private Synthetic Data via Foundation Model APIs 1: Images".
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartsynth.privacy.ledger import Budget
from smartsynth.privacy.noise import Noise

STAY = 0.5
"""Share of a population that stays; the rest is made anew after it."""


def votes(
    real: NDArray[np.float32], kinds: NDArray[Any], made: NDArray[np.float32], theirs: NDArray[Any]
) -> NDArray[np.int64]:
    """For each made one how many real ones find it the nearest of their kind; of all, where none is of their kind.

    Points have length 1, so that the nearest has the largest product. Each real one is looked at alone, so that no other one changes
    its vote, not even by how numbers are rounded.
    """
    counted = np.zeros(len(made), np.int64)
    for point, kind in zip(real, kinds, strict=True):
        same = theirs == kind
        counted[int(np.where(same | ~same.any(), made @ point, -np.inf).argmax())] += 1
    return counted


def noisy(
    counted: NDArray[np.int64], turn: int, *, mu: float, most: int, what: str, budget: Budget, noise: Noise
) -> NDArray[np.float64]:
    """Votes with noise; what may be noise alone counts for nothing.

    Args:
        counted: Of `votes`.
        turn: Round, from 0.
        mu: Gaussian differential privacy that the round spends.
        most: Votes of one person.
        what: What was voted for, in words.
        budget: Where it is written down.
        noise: Where noise comes from.
    """
    sigma = most / mu
    budget.spend(
        "votes", f"nearest of {len(counted)} {what} to each real one, round {turn + 1}",
        f"discrete Gaussian noise, standard deviation {sigma:.4g} votes", mu,
    )  # fmt: skip
    found = noise.gaussian(counted, sigma=sigma, sensitivity=most, what=f"votes of round {turn + 1}")
    return np.maximum(found - sigma, 0.0)


def chosen(weights: NDArray[np.float64], kinds: NDArray[Any], share: float, rng: np.random.Generator) -> list[int]:
    """Places of those that stay: of each kind a share, those with the most votes; equals by chance."""
    places: list[int] = []
    for kind in dict.fromkeys(kinds.tolist()):
        mine = np.flatnonzero(kinds == kind)
        order = mine[np.lexsort((rng.random(len(mine)), -weights[mine]))]
        places += order[: max(round(share * len(mine)), 1)].tolist()
    return places
