"""Images by a diffusion model within a budget of differential privacy: first it learns coarse private images, then real ones by DP-SGD.

    prior      noisy moments of the images by label, and the rest of the table (dpmoments_generator.py), with a share of the budget
    begin      the network learns to paint what the prior draws, as long as it likes: nothing private is read
    steps      and then real images, by noisy gradients (private_image_training.py), with the rest of the budget
    sample     rows of the prior's table, an image painted for each; costs nothing

Li et al. (2025), "From Easy to Hard: Building a Shortcut for Differentially Private Image Synthesis" (DP-FETA), for beginning with coarse
images that the budget pays for; they take noisy means, here it is draws from noisy means and covariances.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth import images
from smartsynth.models.base import State
from smartsynth.models.dp_sgd import Persons
from smartsynth.models.dpmoments_generator import DPMomentsGenerator
from smartsynth.models.image_codes import RowCodes
from smartsynth.models.image_network import Shape, build, check_installed, paint, to_floats, with_weights
from smartsynth.models.image_training import ImageTraining, Plan
from smartsynth.models.options import is_whole, not_between, not_whole
from smartsynth.models.private_image_training import PrivateImageTraining, PrivatePlan
from smartsynth.models.private_images import PrivateImageGenerator
from smartsynth.models.training import train
from smartsynth.privacy.ledger import Budget
from smartsynth.privacy.noise import FloatNoise
from smartsynth.progress import Progress, part
from smartsynth.schema import Column, Schema

PRIOR = 0.5
"""Share of the budget for the prior (shares are of μ²)."""
DRAWN = 8_192
"""Rows that are drawn of the prior to begin with."""
BEGIN_BATCH, BEGIN_RATE = 128, 1e-3
PAINT_BLOCK = 128
"""Images that are painted together."""


class DPDiffusionGenerator(PrivateImageGenerator):
    """A diffusion model that goes on from coarse private images by DP-SGD.

    Args:
        epsilon: Privacy budget ε: how much one person can change what comes out. 1 is strong, over 10 is weak.
        delta: Chance that the promise fails for one person.
        unit: Column that names persons, if one person has several rows; what is protected is a person, not a row.
        max_rows_per_unit: Most rows of one person that are used, drawn at random.
        frequencies: Waves, across and down together, that the coarse images are learnt in.
        begin_epochs: Passes over coarse images before the real ones; cost nothing of the budget.
        private_steps: Steps on real images; more need more noise each.
        batch_size: Persons that such a step is expected to have, if each has `max_rows_per_unit` rows.
        copies: Noises that each real image is mixed with in a step.
        learning_rate: Of the steps on real images.
        clip: Norm that one person's gradient has at most.
        width: Channels of the network at its finest level.
        layers: Blocks of each of its levels.
        side: Of the images that are made, in pixels; None takes the size that all images have.
        grey: With `side`: whether images are learnt in grey.
        framing: How images of another form are brought to it: `crop`, `pad` or `stretch`.
        steps: From noise to an image; more are slower, and a little better.
        guidance: How much more than in the data an image hangs on its row; 1 is as in the data.
    """

    name: ClassVar[str] = "dpdiffusion"
    summary: ClassVar[str] = (
        "A diffusion model that learns by DP-SGD, within a budget of differential privacy; for small images."
    )
    cost: ClassVar[float] = 1_500.0
    cost_rows: ClassVar[int] = 10_000
    cost_columns: ClassVar[float] = 0.0
    cost_per_sample: ClassVar[float] = 100.0
    effort: ClassVar[Mapping[str, int]] = {"private_steps": 200, "batch_size": 512, "copies": 4}
    quality: ClassVar[float] = 0.15
    extra: ClassVar[str | None] = "dpimage"
    block: ClassVar[int] = PAINT_BLOCK

    gradient_noise: FloatNoise = FloatNoise()
    """Where the randomness of gradients comes from; a test puts a recorder in its place."""

    _network: Any = None

    def __init__(
        self,
        *,
        epsilon: float = 1.0,
        delta: float = 1e-9,
        unit: str | None = None,
        max_rows_per_unit: int = 1,
        frequencies: int = 12,
        begin_epochs: float = 10.0,
        private_steps: int = 200,
        batch_size: int = 512,
        copies: int = 4,
        learning_rate: float = 1e-4,
        clip: float = 0.1,
        width: int = 32,
        layers: int = 1,
        side: int | None = None,
        grey: bool = False,
        framing: str = images.CROP,
        steps: int = 10,
        guidance: float = 1.0,
    ) -> None:
        self.epsilon = epsilon
        self.delta = delta
        self.unit = unit
        self.max_rows_per_unit = max_rows_per_unit
        self.frequencies = frequencies
        self.begin_epochs = begin_epochs
        self.private_steps = private_steps
        self.batch_size = batch_size
        self.copies = copies
        self.learning_rate = learning_rate
        self.clip = clip
        self.width = width
        self.layers = layers
        self.side = side
        self.grey = grey
        self.framing = framing
        self.steps = steps
        self.guidance = guidance

    def _made(self, rows: pd.DataFrame, rng: np.random.Generator, progress: Progress) -> NDArray[np.uint8]:
        rngs = [np.random.default_rng(int(rng.integers(2**63))) for _ in range(len(rows))]
        if self._network is None:
            self._network = with_weights(build(self._shape, 0), self._weights)
        return paint(
            self._network, self._shape, self._codes(rows), rngs, steps=self.steps, guidance=float(self.guidance),
            report=lambda share: progress(share, "Painting images"),
        )  # fmt: skip

    def _fit(self, data: pd.DataFrame, schema: Schema, rng: np.random.Generator, progress: Progress) -> None:
        column = self._check_options(schema)
        rows, budget = self._within_budget(data, schema)
        prior = self._empty_prior()
        share = budget.part(PRIOR, failing=budget.delta_left)
        prior.learn_within(share, rows, schema, part(progress, 0.0, 0.02))
        budget.take(share, "prior")
        self._take_table(prior)
        seed = int(rng.integers(2**31))
        begun = self._begun(prior, schema, column, seed, part(progress, 0.02, 0.3))
        self._weights = self._gone_on(rows, column, begun, budget, part(progress, 0.3, 1.0))
        self._network = None
        self.close(self._account(budget))

    def _begun(
        self, prior: DPMomentsGenerator, schema: Schema, column: Column, seed: int, progress: Progress
    ) -> Mapping[str, NDArray[np.float32]]:
        """The weights of a network that learnt what the prior draws."""
        drawn = prior.sample(DRAWN, seed=seed)
        drawn = drawn[drawn[column.name].notna()].reset_index(drop=True)
        if drawn.empty:
            raise self._too_few_images()
        self._codes = RowCodes.fit(drawn, schema, min_count=1)
        self._shape = Shape.of(self._form, self._codes.size, width=self.width, layers=self.layers, patch=None)
        pictures = to_floats(images.stacked(drawn[column.name].tolist()), self._shape)
        steps = max(round(float(self.begin_epochs) * len(pictures) / BEGIN_BATCH), 1)
        training = ImageTraining(
            self._shape, pictures, self._codes(drawn), Plan(steps, min(BEGIN_BATCH, len(pictures)), BEGIN_RATE), seed
        )
        progress(0.0, "Learning coarse images")
        train(training, progress)
        return training.weights()

    def _gone_on(
        self, rows: pd.DataFrame, column: Column, begun: Mapping[str, NDArray[Any]], budget: Budget, progress: Progress
    ) -> Mapping[str, Any]:
        """The weights after steps on real images, which take all that is left of the budget."""
        known, pixels = self._known(rows, column)
        rate = min(float(f"{self.batch_size * self.max_rows_per_unit / self.rows_:.2g}"), 1.0)
        sigma = budget.spend_steps("fit", "gradients of the network that paints", rate=rate, steps=self.private_steps)
        owner = None if self.unit is None else pd.factorize(known[self.unit])[0]
        persons = Persons(owner, len(known), rate=rate, noise=self.gradient_noise)
        plan = PrivatePlan(
            self.private_steps, self.batch_size, self.copies, float(self.learning_rate), float(self.clip), sigma
        )
        training = PrivateImageTraining(
            self._shape, begun, to_floats(pixels, self._shape), self._codes(known), persons, plan, self.gradient_noise
        )
        progress(0.0, "Learning the images")
        train(training, progress)
        return training.weights()

    def _empty_prior(self) -> DPMomentsGenerator:
        prior = DPMomentsGenerator(
            epsilon=self.epsilon, delta=self.delta, unit=self.unit, max_rows_per_unit=self.max_rows_per_unit,
            frequencies=self.frequencies, side=self.side, grey=self.grey, framing=self.framing,
        )  # fmt: skip
        prior.noise = self.noise
        return prior

    def _check_options(self, schema: Schema) -> Column:
        wrong = not_whole(self, ("frequencies", "private_steps", "batch_size", "copies", "width", "layers", "steps"))
        wrong += not_between(self, {"begin_epochs": 100_000, "learning_rate": 1, "clip": 1_000, "guidance": 100})
        if is_whole(self.width) and self.width % 16:
            wrong.append(f"width={self.width} must be a multiple of 16.")
        column = self._check_images(schema, wrong)
        check_installed()
        return column

    def _state(self) -> State:
        return self._with_table({"shape": self._shape.to_json(), "codes": self._codes.to_json()}, {}, self._weights)

    def _restore(self, state: State) -> None:
        self._shape, self._codes = Shape(**state.values["shape"]), RowCodes.restore(state.values["codes"])
        self._weights, self._network = dict(state.weights), None
        self._restore_table(state)
