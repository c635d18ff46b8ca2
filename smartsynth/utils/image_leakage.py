"""Privacy of images: whether training images come back, and whether it can be told which were learnt from.

Beside every share stands that of unseen real images: some look alike.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.facts import Battery, Better, Curve, Family, Score
from smartsynth.formats import percent
from smartsynth.metrics.image import near_copies
from smartsynth.privacy import attacks
from smartsynth.privacy.battery import (
    Found,
    attachment,
    membership,
    replayed,
    replayed_texts,
)
from smartsynth.privacy.intervals import wilson
from smartsynth.privacy.neighbours import MixedDistance
from smartsynth.schema import Schema
from smartsynth.utils.image_sample import Side, pictures_of
from smartsynth.utils.leakage import distances
from smartsynth.utils.point_leakage import Frames, membership_score, verdict_of

Sides = tuple[Side, Side, Side]
ROW_COLUMNS = 3
"""Modelled columns from which on the rest of a row is judged as a row of a table."""
NEAR = 0.01
"""Share of unseen images that are nearly a training image, by definition."""


def assess(
    frames: Frames,
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
    member = membership_score(t.points, s.points, h.points, "image", how, rng)
    found: list[Found] = [
        replayed(*keys, what="images"),
        *replayed_texts(*frames, schema),
        *_of_the_rest(frames, schema, rng),
        *attachment(t.points, s.points, h.points, rng),
        *membership(t.points, s.points, h.points, rng),
    ]
    verdict = verdict_of(found, frames)
    tick("attacks")
    curve = distances(t.points, s.points[: attacks.MOST_QUERIES], h.points[: attacks.MOST_QUERIES])
    return [*scores, member], [curve], verdict


def _of_the_rest(frames: Frames, schema: Schema, rng: np.random.Generator) -> Iterator[Found]:
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
