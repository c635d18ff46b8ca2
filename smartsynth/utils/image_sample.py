"""Training, synthetic and unseen images as they are compared: rows, pixels of one form, and points."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth import images
from smartsynth.columns import with_columns
from smartsynth.errors import DataError
from smartsynth.metrics.image_features import Points, embedder
from smartsynth.schema import Column, Kind, Schema


@dataclass(frozen=True, slots=True)
class Side:
    """One of the three samples.

    Args:
        frame: Its rows that have an image, as many as are looked at.
        pixels: Of each row's image, images × height × width × channels.
        points: One for each row.
    """

    frame: pd.DataFrame
    pixels: NDArray[np.uint8]
    points: Points

    def __len__(self) -> int:
        return len(self.points)

    def take(self, places: NDArray[np.int64]) -> Side:
        """Some of the rows."""
        return Side(self.frame.iloc[places], self.pixels[places], self.points[places])

    @property
    def plain(self) -> Points:
        """The pixels themselves as points."""
        return np.asarray(self.pixels.reshape(len(self), -1) / 255, np.float32)


def pictures_of(schema: Schema) -> Column:
    """The column of images."""
    return next(column for column in schema if column.kind is Kind.IMAGE)


Frames = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]


def in_one_form(frames: Frames, schema: Schema, framing: str) -> Frames:
    """Training, synthetic and unseen rows with their images in the form that most synthetic ones have.

    Raises:
        DataError: One of the three holds less than two images.
    """
    name = pictures_of(schema).name
    for what, frame in zip(("training", "synthetic", "holdout"), frames, strict=True):
        if (found := int(frame[name].notna().sum())) < 2:
            raise DataError(f"The {what} data have {found} images; at least 2 are needed to compare.")
    form = Counter(map(images.form_of, frames[1][name].dropna())).most_common(1)[0][0]

    def brought(frame: pd.DataFrame) -> pd.DataFrame:
        there = frame[name].notna().to_numpy()
        cells = frame[name].astype(object).to_numpy(copy=True)
        cells[there] = pd.Series(images.brought(cells[there].tolist(), form, framing), dtype=object)
        return with_columns(frame, {name: pd.Series(cells, frame.index, dtype=object)})

    return brought(frames[0]), brought(frames[1]), brought(frames[2])


def sides_of(
    frames: Frames, schema: Schema, *, most: int, rng: np.random.Generator
) -> tuple[tuple[Side, Side, Side], str]:
    """Training, synthetic and unseen rows of one form as sides, and how their images were made points."""
    name, embed = pictures_of(schema).name, embedder()
    made = []
    for frame in frames:
        some = _some(frame[frame[name].notna()], most, rng)
        pixels = images.stacked(some[name].tolist())
        made.append(Side(some, pixels, embed(pixels)))
    return (made[0], made[1], made[2]), embed.name


def _some(frame: pd.DataFrame, most: int, rng: np.random.Generator) -> pd.DataFrame:
    return frame.iloc[rng.permutation(len(frame))[:most]].reset_index(drop=True)


def equal_sizes(sides: Sequence[Side], rng: np.random.Generator) -> list[Side]:
    """As many rows of each, drawn at random."""
    n = min(map(len, sides))
    return [side.take(rng.permutation(len(side))[:n]) for side in sides]
