"""Images by a diffusion model within a budget of differential privacy: first it learns coarse private images, then real ones by DP-SGD.

    prior      noisy moments of the images by label, and the rest of the table (dpmoments_generator.py), with a share of the budget
    begin      the network learns to paint what the prior draws, as long as it likes: nothing private is read
    steps      and then real images, by noisy gradients (private_image_training.py), with the rest of the budget
    sample     rows of the prior's table, an image painted for each; costs nothing

Li et al. (2025), "From Easy to Hard: Building a Shortcut for Differentially Private Image Synthesis" (DP-FETA), for beginning with coarse
images that the budget pays for; they take noisy means, here it is draws from noisy means and covariances.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth import images
from smartsynth.errors import ConfigError
from smartsynth.models.base import State
from smartsynth.models.coding import under
from smartsynth.models.conditions import Condition, Given
from smartsynth.models.dp_sgd import Persons
from smartsynth.models.dpmoments_generator import DPMomentsGenerator
from smartsynth.models.image_codes import RowCodes
from smartsynth.models.image_network import Shape, build, check_installed, paint, to_floats, with_weights
from smartsynth.models.image_training import ImageTraining, Plan
from smartsynth.models.options import not_between, not_whole
from smartsynth.models.private import PrivateGenerator
from smartsynth.models.private_image_training import PrivateImageTraining, PrivatePlan
from smartsynth.models.training import train
from smartsynth.privacy.ledger import Budget, Ledger
from smartsynth.privacy.noise import FloatNoise
from smartsynth.progress import Progress, part, silent
from smartsynth.schema import Kind, Modality, Schema

PRIOR = 0.5
"""Share of the budget for the prior (shares are of μ²)."""
DRAWN = 8_192
"""Rows that are drawn of the prior to begin with."""
BEGIN_BATCH, BEGIN_RATE = 128, 1e-3
PAINT_BLOCK = 128
"""Images that are painted together."""


class DPDiffusionGenerator(PrivateGenerator):
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
    modality: ClassVar[Modality] = Modality.IMAGE
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

    def threshold_share(self, schema: Schema) -> float:
        return self._empty_prior().threshold_share(schema)

    def sample(
        self,
        n: int,
        *,
        where: Given | None = None,
        seed: int | None = None,
        start: int = 0,
        progress: Progress | None = None,
    ) -> pd.DataFrame:
        """Rows `start` to `start + n` of the endless data set that (model, seed) stands for; see `Generator.sample`.

        The same machine paints the same images; another one may round differently.
        """
        self._asked(n, start, where)
        seed, report = secrets.randbits(63) if seed is None else seed, progress or silent
        first, last = start // PAINT_BLOCK, (start + n - 1) // PAINT_BLOCK + 1
        begin, size = first * PAINT_BLOCK, (last - first) * PAINT_BLOCK
        rows = self._prior.sample(size, seed=seed, start=begin)
        column = next(c.name for c in self.schema_ if c.kind is Kind.IMAGE)
        cells: list[bytes] = []
        for k in range(first, last):
            some = rows.iloc[(k - first) * PAINT_BLOCK : (k - first + 1) * PAINT_BLOCK]
            cells += self._painted(
                some, seed, k, part(report, (k - first) / (last - first), (k + 1 - first) / (last - first))
            )
        rows[column] = pd.Series(cells, dtype=object).where(rows[column].notna(), None)
        report(1.0, "Sampled")
        return rows.iloc[start - begin : start - begin + n].reset_index(drop=True)

    def _painted(self, rows: pd.DataFrame, seed: int, block: int, progress: Progress) -> list[bytes]:
        """The images of a block of rows."""
        rngs = [np.random.default_rng([seed, block, i, 0x1A6E]) for i in range(len(rows))]
        if self._network is None:
            self._network = with_weights(build(self._shape, 0), self._weights)
        pixels = paint(
            self._network, self._shape, self._codes(rows), rngs, steps=self.steps, guidance=float(self.guidance),
            report=lambda share: progress(share, "Painting images"),
        )  # fmt: skip
        return images.unstacked(pixels)

    def _fit(self, data: pd.DataFrame, schema: Schema, rng: np.random.Generator, progress: Progress) -> None:
        self._check_options(schema)
        rows, budget = self._within_budget(data, schema)
        prior = self._empty_prior()
        share = budget.part(PRIOR, failing=budget.delta_left)
        prior.learn_within(share, rows, schema, part(progress, 0.0, 0.02))
        budget.take(share, "prior")
        self._prior, self.rows_ = prior, prior.rows_
        seed = int(rng.integers(2**31))
        begun = self._begun(schema, seed, part(progress, 0.02, 0.3))
        self._weights = self._gone_on(rows, schema, begun, budget, seed, part(progress, 0.3, 1.0))
        self._network = None
        self.ledger_ = self._account(budget)
        prior.close(self.ledger_)

    def _begun(self, schema: Schema, seed: int, progress: Progress) -> Mapping[str, NDArray[np.float32]]:
        """The weights of a network that learnt what the prior draws."""
        drawn = self._prior.sample(DRAWN, seed=seed)
        column = next(c.name for c in schema if c.kind is Kind.IMAGE)
        drawn = drawn[drawn[column].notna()].reset_index(drop=True)
        self._codes = RowCodes.fit(drawn, schema, min_count=1)
        self._shape = Shape.of(self._prior.form, self._codes.size, width=self.width, layers=self.layers, patch=None)
        pictures = to_floats(images.stacked(drawn[column].tolist()), self._shape)
        steps = max(round(float(self.begin_epochs) * len(pictures) / BEGIN_BATCH), 1)
        training = ImageTraining(
            self._shape, pictures, self._codes(drawn), Plan(steps, min(BEGIN_BATCH, len(pictures)), BEGIN_RATE), seed
        )
        progress(0.0, "Learning coarse images")
        train(training, progress)
        return training.weights()

    def _gone_on(
        self, rows: pd.DataFrame, schema: Schema, begun: Mapping[str, NDArray[Any]], budget: Budget, seed: int,
        progress: Progress,
    ) -> Mapping[str, Any]:  # fmt: skip
        """The weights after steps on real images, which take all that is left of the budget."""
        column = next(c.name for c in schema if c.kind is Kind.IMAGE)
        known = rows[rows[column].notna()].reset_index(drop=True)
        pixels = images.stacked(images.brought(known[column].tolist(), self._prior.form, self.framing))
        rate = min(float(f"{self.batch_size * self.max_rows_per_unit / self.rows_:.2g}"), 1.0)
        sigma = budget.spend_steps("fit", "gradients of the network that paints", rate=rate, steps=self.private_steps)
        owner = None if self.unit is None else pd.factorize(known[self.unit])[0]
        persons = Persons(owner, len(known), rate=rate, noise=self.gradient_noise)
        plan = PrivatePlan(
            self.private_steps, self.batch_size, self.copies, float(self.learning_rate), float(self.clip), sigma
        )
        training = PrivateImageTraining(
            self._shape,
            begun,
            to_floats(pixels, self._shape),
            self._codes(known),
            persons,
            plan,
            self.gradient_noise,
            seed,
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

    def _check_options(self, schema: Schema) -> None:
        wrong = not_whole(self, ("private_steps", "batch_size", "copies", "width", "layers", "steps"))
        wrong += not_between(self, {"begin_epochs": 100_000, "learning_rate": 1, "clip": 1_000, "guidance": 100})
        if isinstance(self.width, int) and self.width % 16:
            wrong.append(f"width={self.width} must be a multiple of 16.")
        if wrong:
            raise ConfigError(" ".join(wrong))
        check_installed()
        self._empty_prior().check_options(schema)

    def _sample_block(
        self, n: int, start: int, rng: np.random.Generator, conditions: Mapping[str, Condition], progress: Progress
    ) -> pd.DataFrame:
        raise NotImplementedError  # sample does its work

    def _state(self) -> State:
        inner = self._prior._state()
        values = {
            "prior": inner.values, "columns": self.schema_.to_json(), "shape": self._shape.to_json(), "codes": self._codes.to_json(),
            "ledger": self.ledger_.to_json(), "noisy_rows": self.rows_,
        }  # fmt: skip
        return State(values, {f"prior.{name}": array for name, array in inner.arrays.items()}, self._weights)

    def _restore(self, state: State) -> None:
        values = state.values
        self._prior = self._empty_prior()
        self._prior._restore(State(values["prior"], under(state.arrays, "prior.")))
        self._prior.schema_ = Schema.from_json(values["columns"])
        self._shape, self._codes = Shape(**values["shape"]), RowCodes.restore(values["codes"])
        self.ledger_, self.rows_ = Ledger.from_json(values["ledger"]), float(values["noisy_rows"])
        self._weights, self._network = dict(state.weights), None
