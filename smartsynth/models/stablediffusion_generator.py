"""Images by a pretrained pipeline that is fine-tuned with adapters, under prompts that are made of the rows.

    table       all columns but the images (painting_generator.py)
    prompts     a row in words, by a template of yours (image_prompts.py)
    adapters    beside the pipeline's network learn to paint the real images for their prompts (pipeline_training.py)
    sample      rows of the table, and an image painted for the prompt of each (image_pipeline.py)

A saved model holds the adapters and no image; the pipeline's own weights are opened anew, and must be the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth import images
from smartsynth.errors import ConfigError
from smartsynth.images import Form
from smartsynth.models.adapters import adapt, merge
from smartsynth.models.base import State
from smartsynth.models.coding import under
from smartsynth.models.image_pipeline import ImagePipeline, check_name, lacking, not_too_many
from smartsynth.models.image_prompts import RowWords, check_template
from smartsynth.models.options import not_between, not_framed, not_whole
from smartsynth.models.painting_generator import PaintingGenerator, image_column
from smartsynth.models.pipeline_training import LAYERS, PipelineTraining, Plan
from smartsynth.models.pretrained import Base
from smartsynth.models.training import Checkpoints, train
from smartsynth.progress import Progress, part
from smartsynth.schema import Column, Schema

PAINT_BLOCK = 16
"""Images that are painted together."""
BASE = "stable-diffusion-v1-5/stable-diffusion-v1-5"


class StableDiffusionGenerator(PaintingGenerator):
    """A Stable Diffusion pipeline whose adapters learnt the images.

    Args:
        base: Pipeline that learning starts from: a folder, or one of the hub.
        prompt: What an image is called, with names of columns in braces, such as `a chest x-ray, {label}`; empty tells all columns.
        avoid: What is not to be seen.
        epochs: Passes over the images; may be a fraction.
        batch_size: Images of a training step.
        learning_rate: Highest rate.
        rank: Of the adapters.
        resolution: Longer side in pixels at which images are learnt and painted; None takes that of the pipeline.
        side: Of the images that are made, in pixels; None keeps that of the real ones, up to the resolution.
        framing: How images of another form are brought to it: `crop`, `pad` or `stretch`.
        steps: From noise to an image; more are slower, and a little better.
        guidance: How much more than learnt an image hangs on its prompt; 1 is as learnt.
        min_count: A value held by fewer rows is never told, never stored and never comes back on purpose.
    """

    name: ClassVar[str] = "stablediffusion"
    summary: ClassVar[str] = (
        "A pretrained Stable Diffusion pipeline, fine-tuned with adapters; for images under prompts."
    )
    cost: ClassVar[float] = 100_000.0
    cost_columns: ClassVar[float] = 0.0
    cost_per_sample: ClassVar[float] = 100_000.0
    effort: ClassVar[Mapping[str, int]] = {"epochs": 5}
    quality: ClassVar[float] = 0.0
    extra: ClassVar[str | None] = "pipeline"
    resumes: ClassVar[bool] = True
    block: ClassVar[int] = PAINT_BLOCK

    _pipeline: ImagePipeline | None = None

    def __init__(
        self,
        *,
        base: str = BASE,
        prompt: str = "",
        avoid: str = "",
        epochs: float = 5.0,
        batch_size: int = 4,
        learning_rate: float = 1e-4,
        rank: int = 8,
        resolution: int | None = None,
        side: int | None = None,
        framing: str = images.CROP,
        steps: int = 20,
        guidance: float = 3.0,
        min_count: int = 5,
    ) -> None:
        self.base = base
        self.prompt = prompt
        self.avoid = avoid
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.rank = rank
        self.resolution = resolution
        self.side = side
        self.framing = framing
        self.steps = steps
        self.guidance = guidance
        self.min_count = min_count

    @classmethod
    def lacks(cls) -> str | None:
        return lacking(BASE)

    def _paint(self, rows: pd.DataFrame, rngs: Sequence[np.random.Generator], progress: Progress) -> NDArray[np.uint8]:
        pipeline = self._opened()
        pixels = pipeline.paint(
            pipeline.codes(self._prompts(rows)), pipeline.codes([self.avoid]), rngs, size=pipeline.size(self._form, self.resolution),
            steps=self.steps, guidance=float(self.guidance), report=lambda share: progress(share, "Painting images"),
        )  # fmt: skip
        return images.stacked(images.brought(images.unstacked(pixels), self._form, images.STRETCH))

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
        self._prompts = RowWords.fit(data, schema, self.prompt, min_count=self.min_count)
        progress(0.0, f"Opening the pipeline {self.base}")
        pipeline = ImagePipeline.open(self.base)
        self._learn_table(data, schema, column, seed, part(progress, 0.02, 0.1))
        cells = known[column.name].tolist()
        self._form = images.common_form(cells, side=self.side, most=self.resolution or pipeline.side)
        progress(0.1, "Bringing images to the pipeline's size")
        framed, size_of = images.brought(cells, self._form, self.framing), pipeline.size(self._form, self.resolution)
        pixels = images.stacked(images.brought(framed, size_of, images.STRETCH))
        size = min(self.batch_size, len(pixels))
        steps = max(round(float(self.epochs) * len(pixels) / size), 1)
        plan = Plan(self.rank, steps, size, float(self.learning_rate))
        training = PipelineTraining(pipeline, pixels, self._prompts(known), plan, seed)
        train(training, part(progress, 0.15, 0.99), checkpoints)
        pipeline.pipe.unet.eval()
        self._weights: Mapping[str, Any] = training.weights()
        merge(pipeline.pipe.unet, self._weights)
        self._pipeline, self._origin = pipeline, pipeline.base

    def _opened(self) -> ImagePipeline:
        """The pipeline with its adapters, opened when it is first needed."""
        if self._pipeline is None:
            pipeline = ImagePipeline.again(self._origin)
            adapt(pipeline.pipe.unet, self.rank, layers=LAYERS, extra="pipeline")
            merge(pipeline.pipe.unet, self._weights)
            pipeline.pipe.unet.eval()
            self._pipeline = pipeline
        return self._pipeline

    def _checked_options(self, schema: Schema) -> Column:
        """The column of images.

        Raises:
            ConfigError: An option has a value that is not allowed.
            DataError: There is no column of images, or more than one.
        """
        wrong = check_name(self.base) + not_whole(self, ("batch_size", "rank", "steps", "min_count"))
        wrong += not_between(self, {"epochs": 100_000, "learning_rate": 1, "guidance": 100})
        wrong += not_framed(self, ("resolution", "side")) + not_too_many(self.steps)
        if not isinstance(self.avoid, str):
            wrong.append(f"avoid={self.avoid!r} must be a text.")
        if wrong:
            raise ConfigError(" ".join(wrong))
        check_template(self.prompt, schema)
        return image_column(schema, self.name)

    def _state(self) -> State:
        values = {"form": str(self._form), "prompts": self._prompts.to_json(), "base": asdict(self._origin)}
        return self._with_table(values, {f"network.{name}": value for name, value in self._weights.items()})

    def _restore(self, state: State) -> None:
        values = state.values
        self._form, self._prompts = Form.of(values["form"]), RowWords.restore(values["prompts"])
        self._origin, self._pipeline = Base(**values["base"]), None
        self._weights = under(state.weights, "network.")
        self._restore_table(state)
