"""Images within a budget of differential privacy, from noisy means and covariances of their coarse structures, one for each label.

    table      all columns but the images: noisy counts (marginal_generator.py), with a share of the budget
    waves      an image as its lowest frequencies (discrete cosines, which depend on no data); finer ones are left out
    moments    of these by label, with the rest of the budget (dp_moments.py)
    sample     rows of the table, and for each a draw of its label's images; costs nothing

Images are smooth: what is finer than `frequencies` waves is never read. What a classifier needs of small images is there, and learning takes
seconds and few images, where DP-SGD on a diffusion model takes hours and many.

Harder, Adamczewski & Park (2021), "DP-MERF", for learning moments once instead of gradients many times; the moments here are of the images.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth import images
from smartsynth.errors import ConfigError
from smartsynth.images import Form
from smartsynth.models.base import State
from smartsynth.models.dp_moments import Moments, labels_of, learn
from smartsynth.models.options import not_whole
from smartsynth.models.private_images import PrivateImageGenerator
from smartsynth.privacy.ledger import Budget
from smartsynth.progress import Progress, part
from smartsynth.schema import Column, Schema

MOST_NUMBERS = 800
"""Of an image, whose products are as many squared."""
DRAW_BLOCK = 1_024


class DPMomentsGenerator(PrivateImageGenerator):
    """Noisy means and covariances of images by label.

    Args:
        epsilon: Privacy budget ε: how much one person can change what comes out. 1 is strong, over 10 is weak.
        delta: Chance that the promise fails for one person.
        unit: Column that names persons, if one person has several rows; what is protected is a person, not a row.
        max_rows_per_unit: Most rows of one person that are used, drawn at random; the noise grows with it.
        frequencies: Waves, across and down together, that an image is learnt in; more show more, and need more noise.
        side: Of the images that are made, in pixels; None takes the size that all images have.
        grey: With `side`: whether images are learnt in grey, which needs a third of the numbers.
        framing: How images of another form are brought to it: `crop`, `pad` or `stretch`.
    """

    name: ClassVar[str] = "dpmoments"
    summary: ClassVar[str] = (
        "Noisy means and covariances of images by label, within a budget of differential privacy; for small images."
    )
    cost: ClassVar[float] = 20.0
    cost_columns: ClassVar[float] = 0.0
    cost_per_sample: ClassVar[float] = 5.0
    quality: ClassVar[float] = 0.2
    conditional: ClassVar[bool] = False
    extra: ClassVar[str | None] = "dp"
    block: ClassVar[int] = DRAW_BLOCK

    def __init__(
        self,
        *,
        epsilon: float = 1.0,
        delta: float = 1e-9,
        unit: str | None = None,
        max_rows_per_unit: int = 1,
        frequencies: int = 12,
        side: int | None = None,
        grey: bool = False,
        framing: str = images.CROP,
    ) -> None:
        self.epsilon = epsilon
        self.delta = delta
        self.unit = unit
        self.max_rows_per_unit = max_rows_per_unit
        self.frequencies = frequencies
        self.side = side
        self.grey = grey
        self.framing = framing

    def _fit(self, data: pd.DataFrame, schema: Schema, rng: np.random.Generator, progress: Progress) -> None:
        self.check_options(schema)
        rows, budget = self._within_budget(data, schema)
        self.learn_within(budget, rows, schema, progress)
        self.close(self._account(budget))

    def learn_within(self, budget: Budget, rows: pd.DataFrame, schema: Schema, progress: Progress) -> None:
        """Learn rows, of which no person has more than allowed, with all of a budget that another mechanism has a part of."""
        column = self.check_options(schema)
        self._form = self._declared_form(column)
        numbers = int(self._waves().mask.sum()) * self._form.channels
        if numbers > MOST_NUMBERS:
            raise ConfigError(
                f"frequencies={self.frequencies} are {numbers:,} numbers an image; at most {MOST_NUMBERS:,} can be learnt. Take fewer."
            )
        share = self._learn_table(rows, schema, column, budget, part(progress, 0.0, 0.3))
        known, pixels = self._known(rows, column)
        waves = self._waves()
        inner = budget.part(1 - share)
        self._moments = learn(
            waves.vectors(pixels), labels_of(self._names, self._names_in(known)), self._counts, longest=waves.longest,
            most_rows=self.max_rows_per_unit, budget=inner, noise=self.noise, progress=part(progress, 0.3, 1.0),
        )  # fmt: skip
        budget.take(inner, "images")
        self.schema_ = schema

    def _made(self, rows: pd.DataFrame, rng: np.random.Generator, progress: Progress) -> NDArray[np.uint8]:
        groups = labels_of(self._names, self._names_in(rows))
        normal = rng.standard_normal((len(rows), self._moments.means.shape[1]))
        other = rng.integers(len(self._names), size=len(rows))
        vectors = self._moments.draw(np.where(groups < 0, other, groups), normal)
        progress(1.0, "Drawing images")
        return self._waves().pixels(vectors)

    def check_options(self, schema: Schema) -> Column:
        """The column of images of a schema that can be learnt.

        Raises:
            ConfigError: An option has a value that is not allowed.
            DataError: There is no column of images, or more than one.
        """
        return self._check_images(schema, not_whole(self, ("frequencies",)))

    def _waves(self) -> Waves:
        return Waves(self._form, self.frequencies)

    def _state(self) -> State:
        return self._with_table({}, {"means": self._moments.means, "factors": self._moments.factors})

    def _restore(self, state: State) -> None:
        self._moments = Moments(state.arrays["means"], state.arrays["factors"])
        self._restore_table(state)


class Waves:
    """Images as their lowest frequencies, by discrete cosines of unit length.

    Args:
        form: Of the images.
        most: Waves across and down together.
    """

    def __init__(self, form: Form, most: int) -> None:
        self.form = form
        self.mask = np.add.outer(np.arange(form.height), np.arange(form.width)) < most

    @property
    def longest(self) -> float:
        """The length that no vector exceeds: that of a white image."""
        return float(np.sqrt(self.form.height * self.form.width * self.form.channels))

    def vectors(self, pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Images × numbers, colour after colour."""
        from scipy.fft import dctn

        found = dctn(pixels.astype(np.float64) / 255, axes=(1, 2), norm="ortho")[:, self.mask]
        return np.ascontiguousarray(
            found.transpose(0, 2, 1).reshape(len(pixels), int(self.mask.sum()) * self.form.channels)
        )

    def pixels(self, vectors: NDArray[np.float64]) -> NDArray[np.uint8]:
        """What `vectors` came from, without the finer waves."""
        from scipy.fft import idctn

        n, shape = len(vectors), (self.form.height, self.form.width, self.form.channels)
        waves = np.zeros((n, *shape))
        waves[:, self.mask] = vectors.reshape(n, shape[2], -1).transpose(0, 2, 1)
        pixels = np.rint(idctn(waves, axes=(1, 2), norm="ortho") * 255)
        return np.asarray(np.clip(pixels, 0, 255), np.uint8)
