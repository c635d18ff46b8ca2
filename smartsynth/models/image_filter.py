"""The privacy filter for images: an image that is a real one, or nearer to one than real ones are to each other, is not released.

Images are compared by their outlines and coarse colours (metrics/image_features.py), so that a copy with noise, another brightness or
slight blur is near. Columns besides the image are judged as rows of a table, if there are several, and texts as texts (text_filter.py). Limits, decoys and why training
and holdout rows are treated alike are those of privacy_filter.py.
"""

from __future__ import annotations

import hashlib
from typing import Any, ClassVar, Self, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth import images
from smartsynth.metrics.image_features import Outlines
from smartsynth.models.diffusion_generator import PAINT_BLOCK
from smartsynth.models.privacy_filter import PrivacyFilter, Reason
from smartsynth.models.text_filter import TextFilter
from smartsynth.privacy.neighbours import MixedDistance
from smartsynth.progress import Progress
from smartsynth.schema import Kind, Schema

ROW_COLUMNS = 3
"""Modelled columns from which on the rest of a row is judged as a row of a table."""


class ImageDistance:
    """How far apart images are, in the form that most real ones have.

    Args:
        name: Of the column of images.
        form: That images are brought to.
        framing: How.
    """

    columns: ClassVar[bool] = True

    def __init__(self, name: str, form: images.Form, framing: str) -> None:
        self.name, self.form, self.framing = name, form, framing

    def keys(self, rows: pd.DataFrame) -> NDArray[np.uint64]:
        """A number for each image, the same for the same pixels; missing ones share one."""
        cells = [b"" if cell is None else cell for cell in self._cells(rows)]
        digests = [hashlib.blake2b(cell, digest_size=8).digest() for cell in cells]
        return np.frombuffer(b"".join(digests), np.uint64)

    def encode(self, rows: pd.DataFrame) -> NDArray[np.float32]:
        """A point for each image; missing ones share one."""
        cells = self._cells(rows)
        there = [i for i, cell in enumerate(cells) if cell is not None]
        embed = Outlines()
        blank = embed(np.zeros((1, self.form.height, self.form.width, self.form.channels), np.uint8))
        made = np.repeat(blank, len(cells), axis=0)
        if there:
            made[there] = embed(images.stacked([cast("bytes", cells[i]) for i in there]))
        return made

    def _cells(self, rows: pd.DataFrame) -> list[bytes | None]:
        cells = [None if pd.isna(cell) else cell for cell in rows[self.name]]
        there = [cell for cell in cells if cell is not None]
        brought = iter(images.brought(there, self.form, self.framing))
        return [None if cell is None else next(brought) for cell in cells]


class ImageFilter(PrivacyFilter):
    """Decides which images may be released. Holds real images in memory and is never saved."""

    block: ClassVar[int] = PAINT_BLOCK

    def __init__(self, config: Any = None, *, side: int | None = None, framing: str = images.CROP) -> None:
        super().__init__(config)
        self.side, self.framing = side, framing

    def fit(
        self,
        train: pd.DataFrame,
        holdout: pd.DataFrame | None,
        schema: Schema,
        *,
        seed: int = 0,
        progress: Progress | None = None,
    ) -> Self:
        """Learn where the real images are and how near they are to each other; see `PrivacyFilter.fit`."""
        rest = Schema(tuple(c for c in schema if c.is_modelled))
        self._others: list[PrivacyFilter] = []
        if len(rest) >= ROW_COLUMNS:
            self._others.append(PrivacyFilter(self.config).fit(train, holdout, rest, seed=seed))
        texts = Schema(tuple(c for c in schema if c.kind is Kind.TEXT))
        if len(texts):
            self._others.append(TextFilter(self.config).fit(train, holdout, texts, seed=seed))
        return super().fit(train, holdout, schema, seed=seed, progress=progress)

    def _distances(self, real: pd.DataFrame, schema: Schema) -> MixedDistance:
        name = next(c.name for c in schema if c.kind is Kind.IMAGE)
        form = images.common_form(real[name].dropna().tolist(), side=self.side, most=images.MOST_SIDE)
        return cast("MixedDistance", ImageDistance(name, form, self.framing))

    def _judge(self, rows: pd.DataFrame, start: int, progress: Progress | None) -> NDArray[np.int8]:
        reasons = super()._judge(rows, start, progress)
        for other in self._others:
            found = other._judge(rows, start, None)
            also = (reasons == Reason.KEPT) & (found != Reason.KEPT)
            reasons[also] = found[also]
        return reasons
