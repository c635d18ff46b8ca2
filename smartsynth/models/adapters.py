"""Adapters of low rank beside the layers of a network whose own weights stay as they are.

Hu et al. (2022), "LoRA: Low-Rank Adaptation of Large Language Models"; the layers are those of `peft`.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartsynth.errors import MissingExtraError

ALL = "all-linear"


def adapt(
    network: Any, rank: int, *, layers: str | Sequence[str] = ALL, transposed: bool = False, extra: str = "text"
) -> None:
    """Put adapters of low rank beside layers of a network; only they learn from now on.

    Args:
        network: Changed in place.
        rank: Of the adapters.
        layers: How the names of the layers end; all linear ones but the last if not given.
        transposed: Whether the layers hold their matrices the other way round.
        extra: What brings `peft`.

    Raises:
        MissingExtraError: `peft` is not installed.
    """
    if importlib.util.find_spec("peft") is None:
        raise MissingExtraError("Fine-tuning with adapters", extra)
    from peft import LoraConfig, inject_adapter_in_model

    wanted = layers if isinstance(layers, str) else list(layers)
    inject_adapter_in_model(
        LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=wanted, fan_in_fan_out=transposed), network
    )


def learnt_weights(network: Any) -> dict[str, NDArray[np.float32]]:
    """The weights that learn, by name."""
    return {name: p.detach().float().cpu().numpy() for name, p in network.named_parameters() if p.requires_grad}


def merge(network: Any, weights: Mapping[str, NDArray[Any]]) -> None:
    """Take learnt adapters, put beside the layers by `adapt`, into the weights themselves."""
    import torch
    from peft.tuners.tuners_utils import BaseTunerLayer

    named = dict(network.named_parameters())
    with torch.no_grad():
        for name, weight in weights.items():
            named[name].copy_(torch.from_numpy(np.asarray(weight)))
    for module in network.modules():
        if isinstance(module, BaseTunerLayer):
            module.merge()
