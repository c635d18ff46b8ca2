"""How private a generator is at most: canaries are planted, and the synthetic rows are asked which of them were there.

A canary is a row that nobody is: each cell comes from another real row, or, of an image, each quarter. A coin decides whether it is learnt from. Then
whoever sees the synthetic rows guesses the coins: those canaries that lie nearest to a synthetic row were there, those
that lie farthest were not. A generator with ε-differential privacy lets each guess be right with probability at most
e^ε / (1 + e^ε) given the others (Steinke, Nasr & Jagielski 2023, theorem 5.2 with δ = 0), so that many right guesses prove
that ε is at least something. It proves nothing from above: a bound of 0 means that this attack found nothing.

It measures the generator and its settings on these data, in a run of its own whose rows are thrown away.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.privacy.neighbours import nearest
from smartsynth.privacy.shadow import Encode, Make
from smartsynth.progress import Progress, silent

CANARIES = 400
MOST_SHARE = 0.2
"""Canaries are at most so many of the rows that are learnt from."""
GUESSES = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Shares of the canaries that are guessed; the best counts, and the confidence allows for having tried all."""
CONFIDENCE = 0.95
Plant = Callable[[pd.DataFrame, int, np.random.Generator], pd.DataFrame]
"""Real rows, a number and chance to so many rows that nobody is."""


def least_epsilon(
    make: Make,
    train: pd.DataFrame,
    encode: Encode,
    *,
    plant: Plant | None = None,
    seed: int,
    n: int = CANARIES,
    progress: Progress = silent,
) -> float:
    """A lower bound of ε at 95 % confidence, from one run with canaries; 0 if nothing was found.

    Args:
        make: The generator with its settings.
        train: Real rows.
        encode: Makes points of rows.
        plant: Makes the canaries; `planted` if not given.
        seed: Decides the canaries and the coins.
        n: Number of canaries, half of which are expected to be learnt from.
        progress: Called with the share done; may raise `Cancelled`.
    """
    rng = np.random.default_rng([seed, 0xCA0A])
    n = min(n, round(MOST_SHARE * len(train)))
    canaries = (plant or planted)(train, n, rng)
    inside = rng.random(n) < 0.5
    rows = pd.concat([train, canaries[inside]], ignore_index=True)
    rows = rows.iloc[rng.permutation(len(rows))].reset_index(drop=True)
    made = make(rows, int(rng.integers(2**31)), progress)
    near = nearest(encode(canaries), encode(made))[0][:, 0].astype(float)
    return bound(near, inside)


def planted(train: pd.DataFrame, n: int, rng: np.random.Generator) -> pd.DataFrame:
    """Rows that nobody is: each cell is that of another real row."""
    return pd.DataFrame(
        {name: train[name].iloc[rng.integers(len(train), size=n)].reset_index(drop=True) for name in train}
    )


def bound(near: NDArray[np.float64], inside: NDArray[np.bool_]) -> float:
    """The largest ε that the guesses rule out, over all numbers of guesses.

    Args:
        near: Distance of each canary to the nearest synthetic row.
        inside: Whether it was learnt from.
    """
    order = np.argsort(near, kind="stable")
    best = 0.0
    for share in GUESSES:
        each = max(round(share * len(near) / 2), 1)
        right = int(inside[order[:each]].sum() + (~inside[order[-each:]]).sum())
        best = max(best, ruled_out(right, 2 * each, (1 - CONFIDENCE) / len(GUESSES)))
    return best


def ruled_out(right: int, guesses: int, chance: float) -> float:
    """The ε at which so many right guesses are as improbable as `chance`; 0 if they are not improbable at any ε.

    >>> round(ruled_out(90, 100, 0.05), 2), ruled_out(50, 100, 0.05)
    (1.63, 0.0)
    """
    from scipy.stats import beta

    if right == 0:
        return 0.0
    share = float(beta.ppf(chance, right, guesses - right + 1))  # Clopper & Pearson's lower end
    return max(math.log(share / (1 - share)), 0.0) if share < 1 else math.inf
