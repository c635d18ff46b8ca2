"""Rows by their images: points of what is to be seen, coarse pixels, and canaries. Rows without an image are left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth import images
from smartsynth.columns import with_columns
from smartsynth.metrics.image_features import embedder
from smartsynth.privacy import canaries
from smartsynth.schema import Schema
from smartsynth.utils.image_sample import pictures_of

AT_ONCE = 256
COARSE = 32
"""Longest side of images that are compared by their pixels."""


class ImagePoints:
    """Points of rows by their images, all in the form that most synthetic ones have.

    Args:
        synthetic: Synthetic rows.
        schema: Their columns.
        framing: How images of another form are brought to it.
    """

    def __init__(self, synthetic: pd.DataFrame, schema: Schema, framing: str) -> None:
        self._name, self._framing, self._embed = pictures_of(schema).name, framing, embedder()
        forms = Counter(map(images.form_of, self.there(synthetic)[self._name]))
        self.form = forms.most_common(1)[0][0]
        self.how = self._embed.name

    def there(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The rows that have an image, as they are numbered."""
        return rows[rows[self._name].notna()]

    def cells(self, rows: pd.DataFrame) -> list[bytes]:
        """Their images as they are."""
        return list(rows[self._name].dropna())

    def __call__(self, rows: pd.DataFrame) -> NDArray[np.float32]:
        """A point of each row that has an image, by what is to be seen."""
        return self._made(rows, lambda cells: self._embed(images.stacked(cells)))

    def pixels(self, rows: pd.DataFrame) -> NDArray[np.float32]:
        """A point of each row that has an image, by its pixels; large images are made smaller."""
        share = min(1.0, COARSE / max(self.form.width, self.form.height))
        width, height = (max(round(side * share), 1) for side in (self.form.width, self.form.height))
        small = images.Form(width, height, self.form.grey)

        def points(cells: list[bytes]) -> NDArray[np.float32]:
            stacked = images.stacked(images.brought(cells, small, images.STRETCH))
            return np.asarray(stacked.reshape(len(cells), -1) / 255, np.float32)

        return self._made(rows, points)

    def _made(self, rows: pd.DataFrame, points: Callable[[list[bytes]], NDArray[np.float32]]) -> NDArray[np.float32]:
        cells = self.cells(rows)
        parts = [cells[at : at + AT_ONCE] for at in range(0, len(cells), AT_ONCE)]
        return np.concatenate([points(images.brought(some, self.form, self._framing)) for some in parts])

    def planted(self, train: pd.DataFrame, n: int, rng: np.random.Generator) -> pd.DataFrame:
        """Rows that nobody is: each quarter of an image comes from another real one, each other cell from another real row."""
        rows = canaries.planted(train, n, rng)
        cells = self.cells(train)
        made = [self._collage([cells[i] for i in rng.integers(len(cells), size=4)]) for _ in range(n)]
        return with_columns(rows, {self._name: pd.Series(made, rows.index, dtype=object)})

    def _collage(self, cells: list[bytes]) -> bytes:
        """A quarter of each of four images, in the form of the first."""
        form = images.form_of(cells[0])
        four = images.stacked(images.brought(cells, form, self._framing))
        down, across = form.height // 2, form.width // 2
        made = four[0].copy()
        made[:down, across:] = four[1][:down, across:]
        made[down:, :across] = four[2][down:, :across]
        made[down:, across:] = four[3][down:, across:]
        return images.unstacked(made[None])[0]
