"""Images by a diffusion model that is told the rest of the row, from scratch.

    table      all columns but the images (painting_generator.py)
    network    learns to paint the image of a row (image_training.py), told what else the row says (image_codes.py)
    sample     rows of the table, and an image painted for each (image_network.py)

What an image may not share with real ones is looked at when images are released (image_filter.py), where the real ones are at hand;
a saved model holds none of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth import images
from smartsynth.errors import ConfigError
from smartsynth.images import Form
from smartsynth.models.base import State
from smartsynth.models.coding import under
from smartsynth.models.image_codes import RowCodes
from smartsynth.models.image_network import Shape, build, check_installed, paint, to_floats, with_weights
from smartsynth.models.image_preview import preview_of, spread
from smartsynth.models.image_training import ImageTraining, Plan
from smartsynth.models.options import is_whole, not_between, not_framed, not_whole
from smartsynth.models.painting_generator import PaintingGenerator, image_column
from smartsynth.models.training import Checkpoints, train
from smartsynth.progress import Progress, part
from smartsynth.schema import Column, Schema

EPOCHS, LEAST_STEPS = 20.0, 300
"""Passes over the images where none are asked for, and steps that there are at least: fewer leave noise."""
PAINT_BLOCK = 128
"""Images that are painted together."""


class DiffusionGenerator(PaintingGenerator):
    """A U-Net that learns which way noise has to go to become an image of a row.

    Args:
        epochs: Passes over the images; may be a fraction. None takes 20, and more of few images, so that there are 300 steps.
        batch_size: Images of a training step.
        learning_rate: Highest rate.
        width: Channels of the network at its finest level.
        layers: Blocks of each of its levels.
        patch: Side of the squares of pixels that become channels; 2 for sides of 16 and more if None.
        side: Of the images that are made, in pixels; None keeps that of the real ones, up to 64.
        framing: How images of another form are brought to it: `crop`, `pad` or `stretch`.
        steps: From noise to an image; more are slower, and a little better.
        guidance: How much more than in the data an image hangs on its row; 1 is as in the data.
        min_count: A value held by fewer rows is never stored and never comes back on purpose.
    """

    name: ClassVar[str] = "diffusion"
    summary: ClassVar[str] = "A diffusion model that paints the image of a row, from scratch; for images."
    cost: ClassVar[float] = 600.0
    cost_columns: ClassVar[float] = 0.0
    cost_per_sample: ClassVar[float] = 150.0
    effort: ClassVar[Mapping[str, int]] = {"epochs": 20}
    quality: ClassVar[float] = 0.8
    extra: ClassVar[str | None] = "image"
    resumes: ClassVar[bool] = True
    block: ClassVar[int] = PAINT_BLOCK

    _network: Any = None

    def __init__(
        self,
        *,
        epochs: float | None = None,
        batch_size: int = 128,
        learning_rate: float = 1e-3,
        width: int = 64,
        layers: int = 1,
        patch: int | None = None,
        side: int | None = None,
        framing: str = images.CROP,
        steps: int = 10,
        guidance: float = 1.0,
        min_count: int = 5,
    ) -> None:
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.width = width
        self.layers = layers
        self.patch = patch
        self.side = side
        self.framing = framing
        self.steps = steps
        self.guidance = guidance
        self.min_count = min_count

    def _paint(self, rows: pd.DataFrame, rngs: Sequence[np.random.Generator], progress: Progress) -> NDArray[np.uint8]:
        return paint(
            self._opened(), self._shape, self._codes(rows), rngs, steps=self.steps, guidance=float(self.guidance),
            report=lambda share: progress(share, "Painting images"),
        )  # fmt: skip

    def _fit(
        self,
        data: pd.DataFrame,
        schema: Schema,
        rng: np.random.Generator,
        progress: Progress,
        checkpoints: Checkpoints | None = None,
    ) -> None:
        column, seed = self._checked_options(schema), int(rng.integers(2**31))
        known = self._known(data, column)
        self._learn_table(data, schema, column, seed, part(progress, 0.0, 0.1))
        self._codes = RowCodes.fit(data, schema, min_count=self.min_count)
        cells = known[column.name].tolist()
        self._form = images.common_form(cells, side=self.side, most=images.MOST_SIDE)
        pixels = images.stacked(images.brought(cells, self._form, self.framing))
        self._shape = Shape.of(self._form, self._codes.size, width=self.width, layers=self.layers, patch=self.patch)
        plan = Plan(self._training_steps(len(pixels)), min(self.batch_size, len(pixels)), float(self.learning_rate))
        progress(0.1, "Learning the images")
        training = ImageTraining(self._shape, to_floats(pixels, self._shape), self._codes(known), plan, seed)
        preview = preview_of(
            training, self._shape, spread(known, self._codes.levels), steps=self.steps, guidance=float(self.guidance)
        )
        train(training, part(progress, 0.1, 0.99), checkpoints, preview=preview)
        self._weights: Mapping[str, Any] = training.weights()
        self._network = None

    def _training_steps(self, n: int) -> int:
        """Steps of training on so many images."""
        if self.epochs is None:
            return max(round(EPOCHS * n / self.batch_size), LEAST_STEPS)
        return max(round(float(self.epochs) * n / self.batch_size), 1)

    def _opened(self) -> Any:
        """The network, opened when it is first needed."""
        if self._network is None:
            self._network = with_weights(build(self._shape, 0), self._weights)
        return self._network

    def _checked_options(self, schema: Schema) -> Column:
        """The column of images.

        Raises:
            ConfigError: An option has a value that is not allowed.
            DataError: There is no column of images, or more than one.
        """
        wrong = not_whole(self, ("batch_size", "width", "layers", "steps", "min_count"))
        wrong += not_between(self, {"learning_rate": 1, "guidance": 100})
        wrong += [] if self.epochs is None else not_between(self, {"epochs": 100_000})
        if self.patch is not None and not is_whole(self.patch):
            wrong.append(f"patch={self.patch!r} must be a whole number of at least 1, or None.")
        if is_whole(self.width) and self.width % 16:
            wrong.append(f"width={self.width} must be a multiple of 16.")
        wrong += not_framed(self)
        if wrong:
            raise ConfigError(" ".join(wrong))
        check_installed()
        return image_column(schema, self.name)

    def _state(self) -> State:
        values = {"form": str(self._form), "shape": self._shape.to_json(), "codes": self._codes.to_json()}
        return self._with_table(values, {f"network.{name}": value for name, value in self._weights.items()})

    def _restore(self, state: State) -> None:
        values = state.values
        self._form, self._shape = Form.of(values["form"]), Shape(**values["shape"])
        self._codes, self._network = RowCodes.restore(values["codes"]), None
        self._weights = under(state.weights, "network.")
        self._restore_table(state)
