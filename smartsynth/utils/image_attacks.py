"""Images for attacks that learn models of their own (privacy/shadow.py, privacy/canaries.py): points of rows, and canaries.

A row is attacked by its image alone, as a point of what is to be seen; rows without an image are left out.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth import images
from smartsynth.metrics.image_features import embedder
from smartsynth.privacy import canaries
from smartsynth.schema import Schema
from smartsynth.utils.image_sample import pictures_of

MOST = 5_000
"""Synthetic images of a model that a target's nearest is looked for among."""
AT_ONCE = 256


class ImagePoints:
    """Points of rows by their images, all in the form that most synthetic ones have.

    Args:
        synthetic: Synthetic rows of the release.
        schema: Their columns.
        framing: How images of another form are brought to it.
    """

    def __init__(self, synthetic: pd.DataFrame, schema: Schema, framing: str) -> None:
        self._name, self._framing, self._embed = pictures_of(schema).name, framing, embedder()
        forms = Counter(map(images.form_of, self.there(synthetic)[self._name]))
        self._form = forms.most_common(1)[0][0]
        self.how = self._embed.name

    def there(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The rows that have an image."""
        return rows[rows[self._name].notna()].reset_index(drop=True)

    def __call__(self, rows: pd.DataFrame) -> NDArray[np.float32]:
        """A point of each row that has an image."""
        cells = rows[self._name].dropna().tolist()
        parts = [cells[at : at + AT_ONCE] for at in range(0, len(cells), AT_ONCE)]
        made = [self._embed(images.stacked(images.brought(some, self._form, self._framing))) for some in parts]
        return np.concatenate(made)

    def planted(self, train: pd.DataFrame, n: int, rng: np.random.Generator) -> pd.DataFrame:
        """Rows that nobody is: each quarter of an image comes from another real one, each other cell from another real row."""
        rows = canaries.planted(train, n, rng)
        cells = train[self._name].tolist()
        made = [self._collage([cells[i] for i in rng.integers(len(cells), size=4)]) for _ in range(n)]
        return rows.assign(**{self._name: pd.Series(made, rows.index, dtype=object)})

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
