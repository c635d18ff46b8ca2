"""A network learns to paint images within a budget of differential privacy, step by step (training.py).

Each person's image is mixed with several noises at several times; its gradients are averaged, and count as one (noise multiplicity; Dockhorn
et al. 2023, "Differentially Private Diffusion Models"). An average of the weights over the steps is what paints.

Noises and times are drawn for each person and step apart, from a secret: if who else is in a step changed them, or a user knew them, a
person would change more than his own gradient.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartsynth.models.dp_sgd import Persons, PrivateParts
from smartsynth.models.image_network import Shape, build, with_weights
from smartsynth.models.image_training import chance, losses, take_average
from smartsynth.privacy.noise import FloatNoise

PART_IMAGES, PART_NUMBERS = {"cpu": 128, "cuda": 4_096}, {"cpu": 40_000_000, "cuda": 2_000_000_000}
"""Images that are looked at together, and numbers of their gradients."""


@dataclass(frozen=True, slots=True)
class PrivatePlan:
    """How a network learns within a budget.

    Args:
        steps: Number of steps.
        expected: Persons that a step is expected to have.
        copies: Noises that each image is mixed with.
        learning_rate: Of all steps.
        clip: Norm that one person's gradient has at most.
        sigma: Standard deviation of the noise over `clip`.
    """

    steps: int
    expected: float
    copies: int
    learning_rate: float
    clip: float
    sigma: float


class PrivateImageTraining:
    """A network in training on images of persons.

    Args:
        shape: Of the network.
        weights: That it starts from, which depend on nothing private but through a mechanism.
        pictures: Of `to_floats`.
        rows: What is told of each.
        persons: Who is in a step.
        plan: How.
        noise: Where the noise of gradients comes from.
    """

    def __init__(
        self, shape: Shape, weights: Mapping[str, NDArray[Any]], pictures: NDArray[np.float32], rows: NDArray[np.float32],
        persons: Persons, plan: PrivatePlan, noise: FloatNoise,
    ) -> None:  # fmt: skip
        import torch

        self.persons, self.plan, self._secret = persons, plan, secrets.token_bytes(32)
        self.network = with_weights(build(shape, 0), weights).train()
        self.device = next(self.network.parameters()).device
        self.pictures, self.rows = torch.from_numpy(pictures), torch.from_numpy(rows)
        self.average = {name: value.detach().clone() for name, value in self.network.state_dict().items()}
        self.gradient = PrivateParts(
            self.network, clip=plan.clip, sigma=plan.sigma, expected=plan.expected, noise=noise, copies=plan.copies
        )
        self.optimiser = torch.optim.Adam(self.gradient.parameters, lr=plan.learning_rate)
        self.epochs = plan.steps

    def epoch(self, number: int) -> Mapping[str, float]:
        """One step. What the loss is no account covers, so it is not told."""
        gradients = self.gradient(self._parts(self.persons.draw(), number))
        for parameter, gradient in zip(self.gradient.parameters, gradients, strict=True):
            parameter.grad = gradient.to(parameter)
        self.optimiser.step()
        take_average(self.average, self.network, number)
        if number + 1 == self.epochs:
            self.gradient.close()
        return {}

    def _parts(self, rows: NDArray[np.int64], number: int) -> Iterator[Callable[[], Any]]:
        """Losses of the images of some persons after others."""
        import torch

        kind, numbers = self.device.type, sum(p.numel() for p in self.gradient.parameters)
        most = max(min(PART_IMAGES[kind], PART_NUMBERS[kind] // numbers) // self.plan.copies, 1)
        for at in range(0, len(rows), most):
            mine = rows[at : at + most]
            some = torch.from_numpy(np.repeat(mine, self.plan.copies))
            drawn = [
                torch.cat(parts) for parts in zip(*(self._chance(row, number) for row in mine.tolist()), strict=True)
            ]
            yield lambda some=some, drawn=drawn: losses(  # type: ignore[misc]
                self.network, self.pictures[some].to(self.device), self.rows[some].to(self.device), *drawn
            )

    def _chance(self, row: int, number: int) -> tuple[Any, Any, Any]:
        """Noises, times, and whether it is told of its row, for one image in a step."""
        import torch

        found = hashlib.blake2b(f"{row} {number}".encode(), key=self._secret, digest_size=7).digest()
        draws = torch.Generator().manual_seed(int.from_bytes(found))
        return chance((self.plan.copies, *self.pictures.shape[1:]), draws)

    def state(self) -> dict[str, Any]:
        return {"network": self.network.state_dict(), "optimiser": self.optimiser.state_dict()}

    def restore(self, state: Mapping[str, Any]) -> None:
        raise NotImplementedError  # steps that were taken are spent; a fit that stopped is begun anew, and released nothing

    def weights(self) -> dict[str, NDArray[np.float32]]:
        """The average of the weights by name."""
        return {name: value.float().cpu().numpy() for name, value in self.average.items()}
