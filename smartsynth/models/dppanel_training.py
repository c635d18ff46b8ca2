"""DP-SGD on whole entities: each is in a step by chance alone, its gradient over all of its events is clipped, noise is added.

    draw       each entity is in a step with the same small probability (Poisson sampling)
    clip       the gradient of all events of an entity together is shortened to a norm of at most `clip`
    add noise  Gaussian, as wide as the account says (privacy/accountant.py)

Abadi et al. (2016), "Deep Learning with Differential Privacy". The weights that are kept are averages over the steps.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartsynth.models.dp_sgd import Persons
from smartsynth.models.dppanel_network import Batch, EventNetwork, Tape
from smartsynth.privacy.noise import FloatNoise
from smartsynth.progress import Note, Progress

MOST_ROWS = 4_096
"""Events that are computed at once."""
PLACES = 6


@dataclass(frozen=True, slots=True)
class Histories:
    """Entities as numbers, their events one after the other.

    Args:
        bounds: First event of each entity, and the number of events.
        codes: Events × columns, in the order in which the network draws them.
        same: Whether a cell's value is that of the event before.
        counts: Whether a cell is drawn; the gap before an entity's first event is not.
        entity: Entities × numbers that are known before the first event.
    """

    bounds: NDArray[np.int64]
    codes: NDArray[np.int64]
    same: NDArray[np.bool_]
    counts: NDArray[np.bool_]
    entity: NDArray[np.float32]

    def batches(self, entities: NDArray[np.int64]) -> Iterator[Batch]:
        """The entities in parts of alike lengths."""
        import torch

        lengths = np.diff(self.bounds)[entities]
        entities = entities[np.argsort(lengths, kind="stable")]
        lengths = np.sort(lengths)
        begin = 0
        while begin < len(entities):
            end = begin + 1
            while (
                end < len(entities)
                and (end + 1 - begin) * lengths[end] <= MOST_ROWS
                and lengths[end] <= 1.5 * lengths[begin] + 1
            ):
                end += 1
            some, n = entities[begin:end], lengths[begin:end]
            at = np.arange(n[-1])
            rows = np.minimum(self.bounds[some][:, None] + at, len(self.codes) - 1)
            there = at < n[:, None]
            tensors = (
                self.codes[rows], self.same[rows], (self.counts[rows] & there[..., None]).astype(np.float32),
                self.entity[some], places(at[None], n[:, None]),
            )  # fmt: skip
            yield Batch(*(torch.from_numpy(array) for array in tensors))
            begin = end


def places(at: NDArray[np.int64], length: NDArray[np.int64]) -> NDArray[np.float32]:
    """What is known of an event by its place `at` among `length`, counted from 0."""
    at, length = np.broadcast_arrays(at, length)
    left = np.maximum(length - 1 - at, 0)
    parts = (
        at == 0,
        left == 0,
        at / np.maximum(length - 1, 1),
        np.log1p(at) / 2,
        np.log1p(left) / 2,
        np.log(length) / 2,
    )
    return np.stack(parts, -1).astype(np.float32)


class PrivateTraining:
    """The training of a network on entities.

    Args:
        network: Its layers.
        histories: The entities.
        rate: Probability with which an entity is in a step.
        sigma: Noise of a step's gradient over the clipping norm.
        expected: Entities that a step is expected to have.
        noise: Where noise comes from.
    """

    def __init__(
        self, network: EventNetwork, histories: Histories, *, rate: float, sigma: float, expected: float, noise: FloatNoise,
        clip: float, learning_rate: float, steps: int,
    ) -> None:  # fmt: skip
        self.network, self.histories = network, histories
        self.persons = Persons(None, len(histories.bounds) - 1, rate=rate, noise=noise)
        self.sigma, self.expected, self.noise, self.clip = sigma, expected, noise, clip
        self.learning_rate, self.steps = learning_rate, steps

    def run(self, progress: Progress) -> dict[str, NDArray[np.float32]]:
        """All steps; the weights by name."""
        import torch

        generator = torch.Generator().manual_seed(secrets.randbits(63))
        weights = self.network.weights(generator)
        adam = torch.optim.Adam(weights.values(), lr=self.learning_rate, betas=(0.9, 0.99))
        average = {name: w.clone() for name, w in weights.items()}
        for step in range(self.steps):
            for group in adam.param_groups:
                group["lr"] = self.learning_rate * min(1.0, 2 * (1 - step / self.steps))
            for name, gradient in self.gradient(weights).items():
                weights[name].grad = gradient
            adam.step()
            for name, kept in average.items():
                kept.lerp_(weights[name], max(1 / (step + 1), 0.02))
            if step % max(self.steps // 100, 1) == 0:
                progress((step + 1) / self.steps, Note(f"Step {step + 1} of {self.steps}", {}))
        return {name: w.numpy().copy() for name, w in average.items()}

    def gradient(self, weights: dict[str, Any]) -> dict[str, Any]:
        """One noisy gradient by name."""
        import torch

        summed = self.clipped(weights, self.persons.draw())
        return {
            name: (g + torch.from_numpy(self.noise.normal(g.numel(), self.sigma * self.clip)).to(g).reshape(g.shape))
            / self.expected
            for name, g in summed.items()
        }

    def clipped(self, weights: dict[str, Any], entities: NDArray[np.int64]) -> dict[str, Any]:
        """The sum over entities of their clipped gradients: what one entity changes by at most `clip`."""
        import torch

        summed = {name: torch.zeros_like(w) for name, w in weights.items()}
        for batch in self.histories.batches(entities):
            tape = Tape(weights, noting=True)
            found = tape.clipped(self.network.losses(tape, batch), self.clip)
            for name, g in found.items():
                summed[name] += g
        return summed
