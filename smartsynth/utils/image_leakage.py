"""Privacy of images: whether training images come back, and whether it can be told which were learnt from.

Beside every share stands that of unseen real images: some look alike.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.facts import Battery, Better, Curve, Family, Outcome, Score
from smartsynth.formats import number, percent
from smartsynth.metrics.detection import auc
from smartsynth.metrics.image import near_copies
from smartsynth.privacy import attacks
from smartsynth.privacy.battery import (
    MIN_HOLDOUT,
    MIN_TRAIN,
    TOO_FEW,
    Found,
    attachment,
    judged,
    membership,
    replayed,
    replayed_texts,
)
from smartsynth.privacy.intervals import auc_interval, wilson
from smartsynth.privacy.neighbours import MixedDistance
from smartsynth.schema import Schema
from smartsynth.utils.image_sample import Side, pictures_of
from smartsynth.utils.leakage import distances

Sides = tuple[Side, Side, Side]
ROW_COLUMNS = 3
"""Modelled columns from which on the rest of a row is judged as a row of a table."""
NEAR = 0.01
"""Share of unseen images that are nearly a training image, by definition."""


def assess(
    frames: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame],
    sides: Sides,
    schema: Schema,
    how: str,
    *,
    rng: np.random.Generator,
    tick: Callable[[str], None],
) -> tuple[list[Score], list[Curve], Battery]:
    """Privacy scores, the curve behind them, and the verdict of the attacks.

    Args:
        frames: All training, synthetic and holdout rows.
        sides: Those of them whose images are points.
        schema: Their columns.
        how: How images became points.
        rng: Breaks ties.
        tick: Told when a step is done.
    """
    t, s, h = sides
    name = pictures_of(schema).name
    keys = tuple(_keys(frame[name].dropna()) for frame in frames)
    copies = float(np.isin(keys[1], keys[0]).mean())
    chance = float(np.isin(keys[2], keys[0]).mean())
    sentence = f"{percent(copies)} of the synthetic images are a training image, pixel by pixel; of unseen real images {percent(chance)}."
    interval = wilson(round(copies * len(keys[1])), len(keys[1]))
    scores = [
        Score("image_copies", "Images that come back", Family.PRIVACY, copies, Better.LOWER, sentence, chance, interval),
        _near(t.points, s.points, h.points, "near_images", how, headline=True),
        _near(t.plain, s.plain, h.plain, "near_pixels", "their pixels"),
    ]  # fmt: skip
    tick("copies")
    member = _membership_score(t, s, h, how, rng)
    found: list[Found] = [
        replayed(*keys, what="images"),
        *replayed_texts(*frames, schema),
        *_of_the_rest(frames, schema, rng),
        *attachment(t.points, s.points, h.points, rng),
        *membership(t.points, s.points, h.points, rng),
    ]
    verdict = judged(found, _smallest(frames, len(found)))
    if (len(frames[0]) < MIN_TRAIN or len(frames[2]) < MIN_HOLDOUT) and verdict.outcome is not Outcome.FAIL:
        verdict = replace(verdict, outcome=Outcome.UNKNOWN, reason=TOO_FEW)
    tick("attacks")
    curve = distances(t.points, s.points[: attacks.MOST_QUERIES], h.points[: attacks.MOST_QUERIES])
    return [*scores, member], [curve], verdict


def _of_the_rest(
    frames: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame], schema: Schema, rng: np.random.Generator
) -> Iterator[Found]:
    """Attacks on the other columns as rows of a table, if there are several."""
    rest = Schema(tuple(c for c in schema if c.is_modelled))
    if len(rest) < ROW_COLUMNS:
        return
    some = [frame.iloc[rng.permutation(len(frame))[: attacks.MOST_QUERIES]] for frame in frames]
    distance = MixedDistance.fit(frames[0], rest)
    t, s, h = (distance.encode(frame) for frame in some)
    for found in (*attachment(t, s, h, rng), *membership(t, s, h, rng)):
        yield (found[0], f"{found[1]}, by the other columns", *found[2:])


def _keys(cells: pd.Series) -> NDArray[np.uint64]:
    """A number for each image, the same for the same pixels."""
    digests = [hashlib.blake2b(cell, digest_size=8).digest() for cell in cells]
    return np.frombuffer(b"".join(digests), np.uint64)


def _near(
    t: NDArray[np.float32],
    s: NDArray[np.float32],
    h: NDArray[np.float32],
    key: str,
    how: str,
    *,
    headline: bool = False,
) -> Score:
    """Synthetic images nearer to a training image than nearly all unseen ones are."""
    near, best = near_copies(t, s, h, quantile=NEAR)
    value = float(near.mean())
    sentence = f"{percent(value)} of the synthetic images are nearer to a training image, by {how}, than all but {percent(NEAR)} of some unseen images are; of other unseen ones {percent(best)}."
    interval = wilson(int(near.sum()), len(near))
    name = "Near copies of images" if headline else "Near copies by pixels"
    return Score(key, name, Family.PRIVACY, value, Better.LOWER, sentence, best, interval, headline=headline)


def _membership_score(t: Side, s: Side, h: Side, how: str, rng: np.random.Generator) -> Score:
    n = min(len(t), len(h), attacks.MOST_QUERIES)
    members, others = (side.points[rng.permutation(len(side))[:n]] for side in (t, h))
    value = auc(*attacks.membership_scores(members, others, s.points))
    sentence = f"The nearest synthetic image, by {how}, tells training from unseen images with AUC {number(value)}; 0.5 is a guess."
    return Score(
        "membership_auc", "Membership AUC", Family.PRIVACY, value, Better.LOWER, sentence, 0.5, auc_interval(value, n, n), headline=True,
    )  # fmt: skip


def _smallest(frames: tuple[pd.DataFrame, ...], n_tests: int) -> float:
    """The smallest share of synthetic images that, if they were copies of training images, the replay test would find."""
    tries, controls = len(frames[0]), len(frames[2])
    for copies in range(1, min(tries, 1_000) + 1):
        if attacks.excess(copies, tries, 0, controls).p * n_tests < 0.01:
            return copies / len(frames[1])
    return math.inf
