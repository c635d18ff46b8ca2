"""A network learns to paint the images of a data set, step by step (training.py).

    time       of each image anew, more often in the middle (logistic normal; Esser et al. 2024)
    mixture    of the image and noise; the network says the way from the noise to the image (rectified flow, Liu et al. 2023)
    told       the row, but for a tenth of the images nothing, for guidance
    average    of the weights over the steps is what paints

Half precision where that is faster (half_precision.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartsynth.models.half_precision import halved
from smartsynth.models.image_network import Shape, build

UNTOLD = 0.1
AVERAGE = 0.999
WARM_UP = 100
STEPS_PER_UNIT = 20
"""Steps between two looks at whether to go on."""
GRADIENT_NORM = 1.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How a network learns.

    Args:
        steps: Number of steps.
        batch_size: Images of a step.
        learning_rate: Highest rate.
    """

    steps: int
    batch_size: int
    learning_rate: float


class ImageTraining:
    """A network in training on images.

    Args:
        shape: Of the network.
        images: Of `to_floats`.
        rows: What is told of each.
        plan: How.
        seed: Of weights, order, times and noise.
    """

    def __init__(
        self, shape: Shape, pictures: NDArray[np.float32], rows: NDArray[np.float32], plan: Plan, seed: int
    ) -> None:
        import torch

        self.plan, self.seed = plan, seed
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.pictures = torch.from_numpy(pictures).to(self.device)
        self.rows = torch.from_numpy(rows).to(self.device)
        self.network = build(shape, seed).to(self.device).train()
        self.average = {name: value.detach().clone() for name, value in self.network.state_dict().items()}
        self.optimiser = torch.optim.AdamW(self.network.parameters(), lr=plan.learning_rate, weight_decay=0.01)
        self.epochs = -(-plan.steps // STEPS_PER_UNIT)

    def epoch(self, number: int) -> Mapping[str, float]:
        """A few steps; their mean loss."""
        last = min((number + 1) * STEPS_PER_UNIT, self.plan.steps)
        return {"loss": float(np.mean([self._step(step) for step in range(number * STEPS_PER_UNIT, last)]))}

    def _step(self, step: int) -> float:
        import torch

        for group in self.optimiser.param_groups:
            group["lr"] = self.plan.learning_rate * _pace(step, self.plan.steps)
        draws = torch.Generator().manual_seed((self.seed << 24) + step)  # the same wherever training goes on from
        some = self._chosen(step)
        real = self.pictures[some]
        loss = losses(self.network, real, self.rows[some], *chance(tuple(real.shape), draws)).mean()
        self.optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), GRADIENT_NORM)
        self.optimiser.step()
        take_average(self.average, self.network, step)
        return float(loss.detach())

    def _chosen(self, step: int) -> Any:
        import torch

        places = dealt(len(self.pictures), self.plan.batch_size, step, seed=self.seed, salt=0x1A6E)
        return torch.from_numpy(places).to(self.device)

    def weights(self) -> dict[str, NDArray[np.float32]]:
        """The average of the weights by name."""
        return {name: value.float().cpu().numpy() for name, value in self.average.items()}

    def state(self) -> dict[str, Any]:
        return {"network": self.network.state_dict(), "average": self.average, "optimiser": self.optimiser.state_dict()}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.network.load_state_dict(state["network"])
        self.average = {name: value.to(self.device) for name, value in state["average"].items()}
        self.optimiser.load_state_dict(state["optimiser"])


def dealt(n: int, size: int, step: int, *, seed: int, salt: int) -> NDArray[np.int64]:
    """Places of the images of a step: pass after pass through all of them, each in an order of its own.

    Args:
        n: Images.
        size: Of a step.
        step: From 0.
        seed: Of the orders.
        salt: Of those of one kind of training.
    """
    places = np.arange(step * size, (step + 1) * size)
    orders = {turn: np.random.default_rng([seed, turn, salt]).permutation(n) for turn in set((places // n).tolist())}
    return np.array([orders[place // n][place % n] for place in places.tolist()], np.int64)


def chance(shape: Sequence[int], draws: Any) -> tuple[Any, Any, Any]:
    """Noise and times for images, and for which of them the row is told.

    Args:
        shape: Of the images.
        draws: A generator of torch.
    """
    import torch

    noise = torch.randn(shape, generator=draws)
    time = torch.sigmoid(torch.randn(shape[0], generator=draws))
    return noise, time, torch.rand(shape[0], generator=draws) >= UNTOLD


def losses(network: Any, real: Any, rows: Any, noise: Any, time: Any, known: Any) -> Any:
    """How far off the way from noise to each image the network is: mean squares, one number an image.

    Args:
        network: Of `build`.
        real: Images.
        rows: What is told of each.
        noise: As large as the images.
        time: Of each image, 0 to 1.
        known: Whether the row is told.
    """
    import torch

    noise, time, known = (drawn.to(real.device) for drawn in (noise, time, known))
    mixed = torch.lerp(noise, real, time[:, None, None, None])
    with halved(real.device.type):
        found = network(mixed, time, rows, known)
    return (found.float() - (real - noise)).square().flatten(1).mean(dim=1)


def take_average(average: Mapping[str, Any], network: Any, step: int) -> None:
    """Move a running average of weights, in place, towards what they are after a step."""
    import torch

    now = network.state_dict()
    keep = min(AVERAGE, (1 + step) / (10 + step))
    with torch.no_grad():
        torch._foreach_lerp_(list(average.values()), [now[name] for name in average], 1 - keep)


def _pace(step: int, steps: int) -> float:
    """Share of the highest rate: a short rise, then half a cosine down."""
    warm = min(WARM_UP, max(steps // 10, 1))
    if step < warm:
        return (step + 1) / warm
    return 0.5 + 0.5 * float(np.cos(np.pi * (step - warm) / max(steps - warm, 1)))
