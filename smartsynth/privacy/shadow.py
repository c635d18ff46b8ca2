"""Membership by likelihood ratio: shadow models tell how near synthetic rows come to a row with and without it.

    targets   training rows and holdout rows, as many of each
    shadows   models of the same kind, each learnt from as many rows, among them half of the targets, drawn at random
    score     of a target and synthetic rows: minus the log of its distance to the nearest of them
    attack    is the score under the released rows more like that of shadows with the target, or of those without?

Carlini, Chien, Nasr, Song, Terzis & Tramèr (2022), "Membership inference attacks from first principles": both kinds of
scores are taken to be normal, here with one variance for all targets, because there are few shadows.

Threat model: an attacker who has the synthetic rows, knows the generator and its settings, and has all real rows, only
not which of them were learnt from. Nobody outside knows as much, so what this attack does not find others hardly will.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.privacy import attacks
from smartsynth.privacy.attacks import Test
from smartsynth.privacy.neighbours import nearest
from smartsynth.progress import Progress, part, silent

TARGETS = 1_000
MOST = 20_000
"""Synthetic rows of a model that a target's nearest is looked for among, at most, if nothing else is said."""

Make = Callable[[pd.DataFrame, int, Progress], pd.DataFrame]
"""Learns from rows and makes as many: rows, seed and progress to synthetic rows."""
Encode = Callable[[pd.DataFrame], "NDArray[np.float32]"]
"""Rows to points whose distances say how alike they are, a point a row."""


def likelihood_ratio(
    make: Make,
    train: pd.DataFrame,
    synthetic: pd.DataFrame,
    holdout: pd.DataFrame,
    encode: Encode,
    *,
    models: int,
    seed: int,
    most: int = MOST,
    progress: Progress = silent,
) -> tuple[Test, Test]:
    """How well the attack tells training from holdout rows: over all targets, and among those it is surest of.

    Args:
        make: The generator with the settings of the release.
        train: Real rows that the release was learnt from.
        synthetic: The release.
        holdout: Real rows that it never saw.
        encode: Makes points of rows.
        models: Number of shadow models, at least 4 and even.
        seed: Decides who is attacked, and the shadows.
        most: Most synthetic rows of a model that a target's nearest is looked for among.
        progress: Called with the share done; may raise `Cancelled`.
    """
    rng = np.random.default_rng([seed, 0x51A0])
    m = min(len(train) // 2, len(holdout) // 2, TARGETS)
    ours, theirs = rng.permutation(len(train)), rng.permutation(len(holdout))
    targets = pd.concat([train.iloc[ours[:m]], holdout.iloc[theirs[:m]]], ignore_index=True)
    others = pd.concat([train.iloc[ours[m:]], holdout.iloc[theirs[m:]]], ignore_index=True)
    with_target = _coins(2 * m, models, rng)
    people = encode(targets)

    def nearest_of(made: pd.DataFrame) -> NDArray[np.float64]:
        points = encode(made.iloc[rng.permutation(len(made))[:most]])
        return nearest(people, points)[0][:, 0].astype(float)

    near = np.empty((2 * m, models))
    for i in range(models):
        inside = targets[with_target[:, i]]
        rest = others.iloc[rng.permutation(len(others))[: max(len(train) - len(inside), 0)]]
        rows = pd.concat([inside, rest], ignore_index=True)
        rows = rows.iloc[rng.permutation(len(rows))].reset_index(drop=True)
        made = make(rows, int(rng.integers(2**31)), part(progress, i / models, (i + 1) / models))
        near[:, i] = nearest_of(made)
        progress((i + 1) / models, f"Shadow model {i + 1} of {models}")
    released = nearest_of(synthetic)
    ratio = _ratio(released, near, with_target)
    return attacks.nearer(-ratio[:m], -ratio[m:]), _surest(ratio, m, rng)


def _coins(targets: int, models: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Which target is in which shadow: each in half of them, at random."""
    return rng.random((targets, models)).argsort(axis=1) < models // 2


def _ratio(
    released: NDArray[np.float64], near: NDArray[np.float64], with_target: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Log likelihood ratio of each target's score: learnt from against not."""
    small = 0.05 * float(np.median(near)) + 1e-9  # a distance of nothing is near enough
    score, shadows = -np.log(released + small), -np.log(near + small)
    inside = np.where(with_target, shadows, np.nan)
    outside = np.where(with_target, np.nan, shadows)
    mean_in, mean_out = np.nanmean(inside, axis=1), np.nanmean(outside, axis=1)
    variance = [float(np.nanmean(np.nanvar(side, axis=1, ddof=1))) + 1e-9 for side in (inside, outside)]
    ratio = (score - mean_out) ** 2 / (2 * variance[1]) - (score - mean_in) ** 2 / (2 * variance[0])
    return np.asarray(ratio, dtype=np.float64)


def _surest(ratio: NDArray[np.float64], m: int, rng: np.random.Generator) -> Test:
    """Of the 2 % with the highest ratios, how many were learnt from; ties are broken by lot."""
    order = np.lexsort((rng.random(len(ratio)), -ratio))[: max(round(0.02 * len(ratio)), 10)]
    return attacks.half(int((order < m).sum()), len(order))
