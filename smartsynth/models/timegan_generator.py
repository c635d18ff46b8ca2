"""TimeGAN: a generator of codes and a discriminator of codes, between an embedder and a recovery that learn what codes mean.

    panel ──sequence_matrix.py──▶ series of numbers, columns that an entity keeps repeated in every row
    noise ──generator, supervisor, recovery──▶ series ──sequence_matrix.py──▶ panel

A saved model holds the weights of these three networks, in safetensors, and makes series with NumPy alone. timegan_training.py says
how they are trained, and what differs from the published training.

Yoon, Jarrett & van der Schaar (2019), "Time-series Generative Adversarial Networks".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from smartsynth.errors import ConfigError, DataError
from smartsynth.models import recurrent
from smartsynth.models.base import State
from smartsynth.models.coding import under
from smartsynth.models.conditions import Condition
from smartsynth.models.grid import NumericGrid
from smartsynth.models.options import is_whole, not_between, not_whole
from smartsynth.models.sequence_base import SequenceGenerator
from smartsynth.models.sequence_matrix import SequenceMatrix, windows
from smartsynth.models.timegan_training import MAKERS, Plan, TimeGANTraining
from smartsynth.models.training import Checkpoints, train
from smartsynth.progress import Progress, part
from smartsynth.sequences import Panel

MOST_WINDOWS = 100_000
"""Of longer series every second, third … window is learnt from."""
MOST_ROWS = 512
"""Longest entities that are learnt as a whole; a gradient through more rows says nothing about the first ones."""
LENGTH_BINS = 64


class TimeGANGenerator(SequenceGenerator):
    """TimeGAN, for windows of a series or for short entities as a whole.

    Args:
        window: Rows of a window. Entities that all have at most so many rows are learnt as a whole, with lengths of their own; None
            learns any entities as a whole. Where some are longer, windows are cut out of them, and shorter ones are left out.
        hidden_dim: Width of the networks and of their codes.
        layers: Layers of each network; the supervisor has one less, at least one. The reference has three; one takes a third of the
            time.
        pretraining: Steps of the embedder's training and of the supervisor's, each.
        steps: Steps of the training of all networks together.
        batch_size: Series of one step.
        gamma: Weight of what the discriminator says of codes before the supervisor.
        learning_rate: Of Adam.
        min_count: A value held by fewer entities (of a plain series: rows) is never stored and never comes back on purpose.
        mixed_precision: Whether a GPU computes the recurrent layers in half precision; a processor never does.
    """

    name: ClassVar[str] = "timegan"
    summary: ClassVar[str] = "TimeGAN in PyTorch: windows of a series or short entities; wants minutes, better a GPU."
    windowed: ClassVar[bool] = True
    cost: ClassVar[float] = 600.0
    cost_per_sample: ClassVar[float] = 0.2
    effort: ClassVar[Mapping[str, int]] = {"steps": 12_000}
    quality: ClassVar[float] = 0.0
    extra: ClassVar[str | None] = "torch"
    resumes: ClassVar[bool] = True

    def __init__(
        self,
        *,
        window: int | None = 24,
        hidden_dim: int = 32,
        layers: int = 1,
        pretraining: int = 1_500,
        steps: int = 12_000,
        batch_size: int = 128,
        gamma: float = 1.0,
        learning_rate: float = 4e-3,
        min_count: int = 5,
        mixed_precision: bool = True,
    ) -> None:
        self.window = window
        self.hidden_dim = hidden_dim
        self.layers = layers
        self.pretraining = pretraining
        self.steps = steps
        self.batch_size = batch_size
        self.gamma = gamma
        self.learning_rate = learning_rate
        self.min_count = min_count
        self.mixed_precision = mixed_precision

    def _learn(
        self, panel: Panel, rng: np.random.Generator, progress: Progress, checkpoints: Checkpoints | None
    ) -> None:
        self._check_options()
        self._matrix = SequenceMatrix.fit(panel, min_count=self.min_count, rng=rng)
        series, lengths = self._series(panel)
        self._lengths = NumericGrid.fit(lengths.astype(np.float64), n_bins=LENGTH_BINS, min_count=self.min_count)
        # Of the grid, which does not tell the longest entity.
        self._length = min(max(round(float(self._lengths.high.max())), 1), self._matrix.stride)
        self._weights: dict[str, NDArray[np.float32]] = {}
        progress(0.05, "Encoded")
        if series.shape[2] == 0:
            return
        plan = Plan(
            self.hidden_dim, self.layers, (self.pretraining, self.pretraining, self.steps), self.batch_size,
            float(self.gamma), float(self.learning_rate), half=self.mixed_precision,
        )  # fmt: skip
        training = TimeGANTraining(series, lengths, plan, int(rng.integers(2**31)))
        train(training, part(progress, 0.05, 0.98), checkpoints)
        self._weights = training.weights()

    def _series(self, panel: Panel) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """What is learnt, (n, length, channels) in [0, 1] with zeros behind short ones, and the rows of each."""
        encoded, lengths = self._matrix.encode(panel), panel.lengths
        if self.window is not None and lengths.max() > self.window:
            n = int(np.maximum(lengths - self.window + 1, 0).sum())
            values, static = windows(encoded, self.window, stride=-(-n // MOST_WINDOWS))
            lengths, what = np.full(len(values), self.window), f"windows of {self.window} rows (window)"
        elif lengths.max() > MOST_ROWS:
            raise DataError(
                f"There are entities of more than {MOST_ROWS} rows, and window={self.window} asks {self.name!r} to learn them as a "
                f"whole. Give window={MOST_ROWS} or less."
            )
        else:
            values = np.zeros((len(panel), int(lengths.max()), encoded.values.shape[1]), np.float32)
            place = np.arange(len(encoded.values)) - np.repeat(panel.first, lengths)
            values[panel.entity_of_row, place] = encoded.values
            static, what = encoded.static, "entities"
        if len(values) < self.min_records:
            raise DataError(
                f"There are {len(values)} {what}; the generator {self.name!r} needs at least {self.min_records}. Give more rows, or "
                "a shorter window."
            )
        repeated = np.broadcast_to(static[:, None, :], (*values.shape[:2], static.shape[1]))
        return np.concatenate([values, repeated], axis=2).clip(0.0, 1.0), lengths

    def _records(
        self, n: int, start: int, rng: np.random.Generator, conditions: Mapping[str, Condition], progress: Progress
    ) -> Panel:
        lengths = self._drawn_lengths(n, rng)
        width, held = self._matrix.width, self._matrix.static_width
        series = np.zeros((n, self._length, width + held), np.float32)
        if self._weights:
            series = made(self._weights, rng.random(series.shape, dtype=np.float32))
        progress(0.6, "Drawn")
        present = np.arange(self._length) < lengths[:, None]
        static = (series[:, :, width:] * present[..., None]).sum(axis=1) / lengths[:, None]
        return self._matrix.decode(static, series[:, :, :width][present], lengths, rng, start=start)

    def _drawn_lengths(self, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """Lengths as entities have them; of the grid, which knows no length that fewer than `min_count` entities share."""
        mass = np.bincount(self._lengths.bin_of_atom, self._lengths.mass)
        codes = rng.choice(len(mass), n, p=mass / mass.sum())
        drawn = np.round(self._lengths.decode(codes, rng.random(n)))
        return np.clip(drawn, 1, self._length).astype(np.int64)

    def _state(self) -> State:
        arrays = {f"matrix.{name}": array for name, array in self._matrix.arrays().items()}
        arrays |= {f"lengths.{name}": array for name, array in self._lengths.arrays().items()}
        return State({"matrix": self._matrix.to_json(), "length": self._length}, arrays, self._weights)

    def _restore(self, state: State) -> None:
        self._matrix = SequenceMatrix.restore(state.values["matrix"], under(state.arrays, "matrix."))
        self._lengths = NumericGrid.from_arrays(under(state.arrays, "lengths."), nullable=False)
        self._length = int(state.values["length"])
        self._weights = {name: np.array(array) for name, array in state.weights.items()}
        width = self._matrix.width + self._matrix.static_width
        if width and len(self._weights["recovery.answer.weight"]) != width:
            raise ValueError("The networks' weights do not belong to these columns.")

    def _check_options(self) -> None:
        wrong = not_whole(self, ("hidden_dim", "layers", "pretraining", "steps", "batch_size", "min_count"))
        wrong += not_between(self, {"learning_rate": 1, "gamma": 100})
        if self.window is not None and not (is_whole(self.window) and 2 <= self.window <= MOST_ROWS):
            wrong.append(f"window={self.window!r} must be a whole number from 2 to {MOST_ROWS}, or None.")
        if not isinstance(self.mixed_precision, bool):
            wrong.append(f"mixed_precision={self.mixed_precision!r} must be true or false.")
        if wrong:
            raise ConfigError(" ".join(wrong))


def made(weights: Mapping[str, NDArray[np.float32]], noise: NDArray[np.float32]) -> NDArray[np.float32]:
    """Series out of noise, (n, length, channels) both, by the generator, the supervisor and the recovery, without torch."""
    series = np.ascontiguousarray(noise.transpose(1, 0, 2))
    for name in MAKERS:
        for i in range(sum(key.startswith(f"{name}.memory.weight_ih") for key in weights)):
            parts = (f"{name}.memory.{part}_l{i}" for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
            series = recurrent.layer(series, *(weights[part] for part in parts))
        series = _sigmoid(series @ weights[f"{name}.answer.weight"].T + weights[f"{name}.answer.bias"])
    return series.transpose(1, 0, 2)


def _sigmoid(x: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * x)), np.float32)
