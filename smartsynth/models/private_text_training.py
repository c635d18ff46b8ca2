"""Adapters beside a language model learn texts by DP-SGD: no person's texts change a step by more than noise hides.

    draw     who is in a step, and with which row, by chance alone (dp_sgd.py)
    clip     the gradient of a row's mean loss, adapters only
    step     Adam on the noisy sum

Li et al. (2022), "Large Language Models Can Be Strong Differentially Private Learners"; Yu et al. (2022), "Differentially Private
Fine-tuning of Language Models": few weights, large batches and short norms lose least to the noise.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartsynth.models.adapters import adapt, learnt_weights
from smartsynth.models.dp_sgd import Persons, PrivateParts
from smartsynth.models.half_precision import halved
from smartsynth.models.language_model import LanguageModel
from smartsynth.models.text_layout import Example
from smartsynth.models.text_training import is_transposed, pace, summed_losses
from smartsynth.privacy.noise import FloatNoise

PART_TOKENS = {"cpu": 1_024, "cuda": 16_384}
PART_NUMBERS = {"cpu": 150_000_000, "cuda": 3_000_000_000}
"""Tokens, and numbers of the gradients, of rows that are looked at together."""


@dataclass(frozen=True, slots=True)
class PrivatePlan:
    """How a model learns within a budget.

    Args:
        rank: Of the adapters.
        steps: Number of steps.
        expected: Persons that a step is expected to have.
        learning_rate: Highest rate.
        clip: Norm that one person's gradient has at most.
        sigma: Standard deviation of the noise over `clip`.
    """

    rank: int
    steps: int
    expected: float
    learning_rate: float
    clip: float
    sigma: float


class PrivateTextTraining:
    """A model that learns examples within a budget, step by step (training.py).

    Args:
        model: Changed in place.
        examples: What it learns, one per row.
        persons: Who is in a step.
        plan: How.
        noise: Where noise comes from.
        seed: Of new weights, which depend on nothing else.
    """

    def __init__(
        self, model: LanguageModel, examples: Sequence[Example], persons: Persons, plan: PrivatePlan, noise: FloatNoise, seed: int
    ) -> None:  # fmt: skip
        import torch

        self.model, self.examples, self.persons, self.plan = model, examples, persons, plan
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
            torch.manual_seed(seed)
            adapt(model.network, plan.rank, transposed=is_transposed(model.network))
        model.network.to(self.device).train()
        self.gradient = PrivateParts(
            model.network, clip=plan.clip, sigma=plan.sigma, expected=plan.expected, noise=noise
        )
        self.parameters = self.gradient.parameters
        self.optimiser = torch.optim.Adam(self.parameters, lr=plan.learning_rate)
        self.epochs = plan.steps

    def epoch(self, number: int) -> Mapping[str, float]:
        """One step. What the loss is no account covers, so it is not told."""
        import torch

        for group in self.optimiser.param_groups:
            group["lr"] = self.plan.learning_rate * pace(number, self.plan.steps)
        with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
            torch.manual_seed(
                secrets.randbits(63)
            )  # of dropout: known to nobody, so that places in a step tell nothing
            gradients = self.gradient(self._parts(self.persons.draw()))
        for parameter, gradient in zip(self.parameters, gradients, strict=True):
            parameter.grad = gradient.to(parameter)
        self.optimiser.step()
        if number + 1 == self.epochs:
            self.gradient.close()
            self.model.network.eval()
        return {}

    def _parts(self, rows: NDArray[np.int64]) -> Iterator[Callable[[], Any]]:
        """Losses of some rows after some others, rows of like lengths together."""
        chosen = sorted((self.examples[i] for i in rows), key=lambda e: len(e.ids))
        chosen = [e for e in chosen if any(e.learnt[1:])]
        most = max(PART_NUMBERS[self.device] // sum(p.numel() for p in self.parameters), 1)
        while chosen:
            n = 1
            while n < min(len(chosen), most) and (n + 1) * len(chosen[n].ids) <= PART_TOKENS[self.device]:
                n += 1
            some, chosen = chosen[:n], chosen[n:]
            yield lambda some=some: self._losses(some)  # type: ignore[misc]

    def _losses(self, examples: Sequence[Example]) -> Any:
        """Mean negative log probability of the tokens to be written, of each example."""
        with halved(self.device):
            losses, n = summed_losses(self.model, examples, self.device)
        return losses / n

    def state(self) -> dict[str, Any]:
        return {"weights": [p.detach().cpu() for p in self.parameters], "optimiser": self.optimiser.state_dict()}

    def restore(self, state: Mapping[str, Any]) -> None:
        raise NotImplementedError  # steps that were taken are spent; a fit that stopped is begun anew, and released nothing

    def weights(self) -> dict[str, NDArray[np.float32]]:
        """The adapters by name."""
        return learnt_weights(self.model.network)
