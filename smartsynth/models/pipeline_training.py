"""Adapters beside the network of a pretrained pipeline learn the images of a data set, step by step (training.py).

    images     as latents, once; each step draws from how far they spread
    told       the prompt of the row, but for a tenth of the images an empty one, for guidance
    loss       what the pipeline itself learnt by: the noise or the velocity, at a time of its schedule
    steps      AdamW on the adapters, in half precision where that is faster (half_precision.py)

Hu et al. (2022), "LoRA: Low-Rank Adaptation of Large Language Models", beside the projections of attention.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartsynth.models.adapters import adapt, learnt_weights
from smartsynth.models.half_precision import halved
from smartsynth.models.image_pipeline import ImagePipeline
from smartsynth.models.image_training import dealt

LAYERS = ("to_q", "to_k", "to_v", "to_out.0")
UNTOLD = 0.1
GRADIENT_NORM = 1.0
STEPS_PER_UNIT = 5
"""Steps between two looks at whether to go on."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How adapters learn.

    Args:
        rank: Of the adapters.
        steps: Number of steps.
        batch_size: Images of a step.
        learning_rate: Highest rate.
    """

    rank: int
    steps: int
    batch_size: int
    learning_rate: float


class PipelineTraining:
    """A pipeline whose adapters are in training on images.

    Args:
        pipeline: Changed in place.
        pixels: RGB images.
        prompts: Of each image.
        plan: How.
        seed: Of new weights, order, times and noise.
    """

    def __init__(
        self, pipeline: ImagePipeline, pixels: NDArray[np.uint8], prompts: Sequence[str], plan: Plan, seed: int
    ) -> None:
        import torch

        self.network, self.plan, self.seed, self.device = pipeline.pipe.unet, plan, seed, pipeline.device
        self.pipeline, self.prompts = pipeline, prompts
        self.means, self.spreads = pipeline.latents(pixels)
        self.schedule = _schedule(pipeline)
        with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
            torch.manual_seed(seed)
            adapt(self.network, plan.rank, layers=LAYERS, extra="pipeline")
        self.network.train()
        self.parameters = [p for p in self.network.parameters() if p.requires_grad]
        self.optimiser = torch.optim.AdamW(self.parameters, lr=plan.learning_rate, weight_decay=0.01)
        self.epochs = -(-plan.steps // STEPS_PER_UNIT)

    def epoch(self, number: int) -> Mapping[str, float]:
        """A few steps; their mean loss."""
        last = min((number + 1) * STEPS_PER_UNIT, self.plan.steps)
        losses = [self._step(step) for step in range(number * STEPS_PER_UNIT, last)]
        return {"loss": float(np.mean(losses))}

    def _step(self, step: int) -> float:
        import torch

        for group in self.optimiser.param_groups:
            group["lr"] = self.plan.learning_rate * (0.5 + 0.5 * float(np.cos(np.pi * step / self.plan.steps)))
        draws = torch.Generator().manual_seed((self.seed << 24) + step)  # the same wherever training goes on from
        some = dealt(len(self.prompts), self.plan.batch_size, step, seed=self.seed, salt=0x10A4)
        shape = self.means[some].shape
        latents = self.means[some] + self.spreads[some] * torch.randn(shape, generator=draws).to(self.device)
        noise = torch.randn(shape, generator=draws).to(self.device)
        times = torch.randint(self.schedule.config.num_train_timesteps, (len(some),), generator=draws).to(self.device)
        known = (torch.rand(len(some), generator=draws) >= UNTOLD).tolist()
        told = self.pipeline.codes([self.prompts[i] if k else "" for i, k in zip(some.tolist(), known, strict=True)])
        mixed = self.schedule.add_noise(latents, noise, times)
        with halved(self.device.type):
            found = self.network(mixed, times, encoder_hidden_states=told).sample
        loss = (found.float() - self._wanted(latents, noise, times)).square().mean()
        self.optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, GRADIENT_NORM)
        self.optimiser.step()
        return float(loss.detach())

    def _wanted(self, latents: Any, noise: Any, times: Any) -> Any:
        """What the network is asked for, as the pipeline's schedule says."""
        is_velocity = self.schedule.config.prediction_type == "v_prediction"
        return self.schedule.get_velocity(latents, noise, times) if is_velocity else noise

    def state(self) -> dict[str, Any]:
        return {"weights": [p.detach().cpu() for p in self.parameters], "optimiser": self.optimiser.state_dict()}

    def restore(self, state: Mapping[str, Any]) -> None:
        import torch

        with torch.no_grad():
            for mine, kept in zip(self.parameters, state["weights"], strict=True):
                mine.copy_(kept)
        self.optimiser.load_state_dict(state["optimiser"])

    def weights(self) -> dict[str, NDArray[np.float32]]:
        """The adapters by name."""
        return learnt_weights(self.network)


def _schedule(pipeline: ImagePipeline) -> Any:
    """The pipeline's noise by time, as it is for training."""
    from diffusers import DDPMScheduler

    return DDPMScheduler.from_config(pipeline.pipe.scheduler.config)
