"""Training, synthetic and unseen texts as they are compared: rows, all text of each, and points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.metrics.embedding import Points, embedder
from smartsynth.schema import Schema
from smartsynth.texts import whole_texts


@dataclass(frozen=True, slots=True)
class Side:
    """One of the three samples.

    Args:
        frame: Its rows, as many as are looked at.
        texts: All text of each row.
        points: One for each row.
    """

    frame: pd.DataFrame
    texts: list[str]
    points: Points

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, places: NDArray[np.int64]) -> Side:
        """Some of the rows."""
        return Side(self.frame.iloc[places], [self.texts[i] for i in places], self.points[places])


def sides_of(frames: Sequence[pd.DataFrame], schema: Schema) -> tuple[tuple[Side, Side, Side], str]:
    """Training, synthetic and unseen rows as sides, and how their texts were made points."""
    texts = [whole_texts(frame, schema) for frame in frames]
    embed = embedder(texts[0])
    one, two, three = (Side(frame, some, embed(some)) for frame, some in zip(frames, texts, strict=True))
    return (one, two, three), embed.name


def equal_sizes(sides: Sequence[Side], rng: np.random.Generator) -> list[Side]:
    """As many rows of each, drawn at random."""
    n = min(map(len, sides))
    return [side.take(rng.permutation(len(side))[:n]) for side in sides]
