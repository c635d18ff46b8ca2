"""Real, synthetic and unseen rows → the synthetic images that are nearest to real ones, each beside it. For the owner's eyes alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth import images
from smartsynth.errors import DataError
from smartsynth.image_pairs import NearestImages, Pair, Pairs
from smartsynth.privacy.neighbours import nearest
from smartsynth.progress import Progress, silent
from smartsynth.schema import Schema
from smartsynth.utils.image_points import ImagePoints
from smartsynth.utils.image_sample import pictures_of
from smartsynth.utils.image_view import shown

Distances = NDArray[np.float32]
Places = NDArray[np.int64]
SHOWN = 20
MOST = 10_000
"""Images of each side that are looked at, drawn at random."""


def nearest_pairs(
    train: pd.DataFrame,
    synthetic: pd.DataFrame,
    unseen: pd.DataFrame,
    schema: Schema,
    *,
    has_holdout: bool,
    framing: str = images.CROP,
    seed: int = 0,
    progress: Progress = silent,
) -> NearestImages:
    """The synthetic images that are nearest to training images, and unseen real ones that are, by what is to be seen and by pixels.

    Args:
        train: Real rows that the generator learnt from.
        synthetic: Rows that it made.
        unseen: Real rows that it never saw; or, without a holdout, a part of the real rows, which synthetic ones are compared with too.
        schema: The columns of all three.
        has_holdout: Which of the two.
        framing: How real images of another form are brought to that of the synthetic ones.
        seed: Which are looked at, if there are very many.
        progress: Called with the share done; may raise `Cancelled`.

    Raises:
        DataError: One of the three holds no image.
    """
    name, rng = pictures_of(schema).name, np.random.default_rng([seed, 0x9EA2])
    for what, rows in (("training", train), ("synthetic", synthetic), ("unseen real", unseen)):
        if not rows[name].notna().any():
            raise DataError(f"The {what} data have no image, and each is compared with the nearest. Give some.")
    points = ImagePoints(synthetic, schema, framing)
    t, s, h = (_some(points.there(rows), rng) for rows in (train, synthetic, unseen))
    known = t if has_holdout else pd.concat([t, h])
    seen = _pairs(points.how, points, points, t, s, h, known)
    progress(0.5, f"Compared images by {points.how}")
    by_pixels = _pairs("their pixels", points.pixels, points, t, s, h, known)
    progress(1.0, "Compared images by their pixels")
    return NearestImages((seen, by_pixels), len(known), len(s), len(h), has_holdout)


def _some(rows: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    return rows.iloc[rng.permutation(len(rows))[:MOST]]


def _pairs(
    how: str,
    encode: Callable[[pd.DataFrame], NDArray[np.float32]],
    points: ImagePoints,
    t: pd.DataFrame,
    s: pd.DataFrame,
    h: pd.DataFrame,
    known: pd.DataFrame,
) -> Pairs:
    """The pairs by one way to compare: synthetic images with all known ones, unseen ones with training ones."""
    ours = encode(t)
    theirs = encode(h)
    apart, place = nearest(encode(s), ours if known is t else np.concatenate([ours, theirs]))
    real_apart, real_place = nearest(theirs, ours)

    def beside(rows: pd.DataFrame, real: pd.DataFrame, far: Distances, at: Places) -> tuple[Pair, ...]:
        cells, others = points.cells(rows), points.cells(real)
        chosen = np.argsort(far, kind="stable")[:SHOWN].tolist()
        return tuple(Pair(int(rows.index[i]) + 1, shown(cells[i]), shown(others[at[i]]), float(far[i])) for i in chosen)

    nearer = int((apart < real_apart.min()).sum())
    made, real = beside(s, known, apart[:, 0], place[:, 0]), beside(h, t, real_apart[:, 0], real_place[:, 0])
    return Pairs(how, made, real, nearer)
