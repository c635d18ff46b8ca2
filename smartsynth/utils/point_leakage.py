"""What is asked of the privacy of texts and of images alike, once they are points: membership, and the verdict of the attacks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.facts import Battery, Better, Family, Outcome, Score
from smartsynth.formats import number
from smartsynth.metrics.detection import auc
from smartsynth.privacy import attacks
from smartsynth.privacy.battery import MIN_HOLDOUT, MIN_TRAIN, TOO_FEW, Found, judged
from smartsynth.privacy.intervals import auc_interval

Points = NDArray[np.float32]
Frames = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]


def membership_score(t: Points, s: Points, h: Points, what: str, how: str, rng: np.random.Generator) -> Score:
    """Whether the nearest synthetic point tells training from unseen ones.

    Args:
        t: Training points.
        s: Synthetic points.
        h: Unseen points.
        what: What a point stands for, in the singular.
        how: How they became points.
        rng: Breaks ties.
    """
    n = min(len(t), len(h), attacks.MOST_QUERIES)
    members, others = (points[rng.permutation(len(points))[:n]] for points in (t, h))
    value = auc(*attacks.membership_scores(members, others, s))
    sentence = f"The nearest synthetic {what}, by {how}, tells training from unseen {what}s with AUC {number(value)}; 0.5 is a guess."
    interval = auc_interval(value, n, n)
    return Score(
        "membership_auc", "Membership AUC", Family.PRIVACY, value, Better.LOWER, sentence, 0.5, interval, headline=True
    )


def verdict_of(found: Sequence[Found], frames: Frames) -> Battery:
    """The verdict of attacks on training, synthetic and holdout rows; unknown if these are too few to see anything."""
    verdict = judged(found, _smallest(frames, len(found)))
    if (len(frames[0]) < MIN_TRAIN or len(frames[2]) < MIN_HOLDOUT) and verdict.outcome is not Outcome.FAIL:
        return replace(verdict, outcome=Outcome.UNKNOWN, reason=TOO_FEW)
    return verdict


def _smallest(frames: Frames, n_tests: int) -> float:
    """The smallest share of synthetic rows that, if they were copies of training rows, the replay test would find."""
    tries, controls = len(frames[0]), len(frames[2])
    for copies in range(1, min(tries, 1_000) + 1):
        if attacks.excess(copies, tries, 0, controls).p * n_tests < 0.01:
            return copies / len(frames[1])
    return math.inf
