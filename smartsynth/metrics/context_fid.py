"""Context-FID: how far apart real and synthetic windows lie in the space of a network that has learnt the real ones.

    TS2Vec learns the real windows ──▶ 320 numbers per window ──▶ Fréchet distance of their means and covariances

The defaults are those of the published protocol (Jeha et al. 2022, "PSA-GAN"; computed as in Yuan & Qiao 2024, "Diffusion-TS"), so
figures can be set beside published ones. The network is that of Yue et al. (2022), "TS2Vec: Towards Universal Representation of
Time Series": dilated convolutions, trained so that two overlapping crops of a window agree and other windows differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartsynth.errors import MissingExtraError

HIDDEN, OUTPUT, DEPTH = 64, 320, 10
BATCH, RATE = 8, 1e-3
SMALL_CELLS, FEW_STEPS, MANY_STEPS = 100_000, 200, 600
ENCODED_AT_ONCE = 1024


def context_fid(
    real: NDArray[np.float32], synthetic: NDArray[np.float32], *, seed: int = 0, steps: int | None = None
) -> float:
    """Fréchet distance of the two sets of windows; 0 is the same distribution.

    Args:
        real: Windows, shape (n, length, channels), scaled to [0, 1].
        synthetic: As many, of the same shape.
        seed: Of the network.
        steps: Steps that the network learns; those of the published protocol if not given.

    Raises:
        MissingExtraError: torch is not installed.
    """
    first, second = encoded(real, [real, synthetic], seed=seed, steps=steps)
    return frechet(first, second)


def frechet(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Fréchet distance of two normal distributions with the means and covariances of two samples, (n, d) and (m, d).

    Heusel et al. (2017): |μ1 - μ2|² + tr(C1 + C2 - 2·(C1·C2)^½). The trace of the root is the sum of the roots of the eigenvalues
    of C1^½·C2·C1^½, which is symmetric, so that covariances of few windows do no harm.
    """
    shift = first.mean(axis=0) - second.mean(axis=0)
    one, two = (np.atleast_2d(np.cov(sample, rowvar=False)) for sample in (first, second))
    values, vectors = np.linalg.eigh(one)
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    shared = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ two @ root), 0.0)).sum()
    return max(float(shift @ shift + np.trace(one) + np.trace(two) - 2 * shared), 0.0)


def encoded(
    learnt: NDArray[np.float32],
    every: Sequence[NDArray[np.float32]],
    *,
    seed: int = 0,
    steps: int | None = None,
) -> list[NDArray[np.float64]]:
    """Each set of windows as 320 numbers per window, by a network that has learnt the windows `learnt`."""
    try:
        import torch
    except ImportError:
        raise MissingExtraError("Context-FID", "torch") from None
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        windows = torch.from_numpy(np.ascontiguousarray(learnt, np.float32))
        network = _trained(windows, np.random.default_rng([seed, 0xF1D]), steps)
        network.eval()
        with torch.no_grad():
            return [
                np.concatenate([
                    network(torch.from_numpy(np.ascontiguousarray(part[start : start + ENCODED_AT_ONCE], np.float32)))
                    .amax(dim=1).double().numpy()
                    for start in range(0, len(part), ENCODED_AT_ONCE)
                ])
                for part in every
            ]  # fmt: skip


def _trained(windows: Any, rng: np.random.Generator, steps: int | None) -> Any:
    """The average over all steps of a network in training."""
    import torch

    network = _network(windows.shape[2])
    averaged = torch.optim.swa_utils.AveragedModel(network)
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE)
    steps = steps or (FEW_STEPS if windows.numel() <= SMALL_CELLS else MANY_STEPS)
    size, done = min(BATCH, len(windows)), 0
    while done < steps:
        order = torch.randperm(len(windows))
        for start in range(0, len(order) - size + 1, size):
            first, second = _crops(network, windows[order[start : start + size]], rng)
            loss = _contrast(first, second)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            averaged.update_parameters(network)
            done += 1
            if done == steps:
                break
    return averaged


def _crops(network: Any, windows: Any, rng: np.random.Generator) -> tuple[Any, Any]:
    """What the network says of the part that two random crops of each window share."""
    import torch

    n, length = windows.shape[:2]
    shared = int(rng.integers(2, length + 1))
    left = int(rng.integers(length - shared + 1))
    right = left + shared
    before, after = int(rng.integers(left + 1)), int(rng.integers(right, length + 1))
    shift = torch.from_numpy(rng.integers(-before, length - after + 1, size=n))

    def cut(start: int, stop: int) -> Any:
        places = shift[:, None] + torch.arange(start, stop)[None, :]
        return windows[torch.arange(n)[:, None], places]

    return network(cut(before, right))[:, -shared:], network(cut(left, after))[:, :shared]


def _contrast(first: Any, second: Any) -> Any:
    """The hierarchical loss: windows of a batch, and moments of a window, at every scale of time."""
    import torch

    losses = []
    while first.shape[1] > 1:
        losses.append((_told_apart(first, second) + _told_apart(first.transpose(0, 1), second.transpose(0, 1))) / 2)
        first, second = (torch.max_pool1d(x.transpose(1, 2), 2).transpose(1, 2) for x in (first, second))
    losses.append(_told_apart(first, second) / 2)
    return torch.stack(losses).mean()


def _told_apart(first: Any, second: Any) -> Any:
    """Cross-entropy of finding each item's twin among all others, over the first axis."""
    import torch

    n = first.shape[0]
    if n == 1:
        return first.new_zeros(())
    both = torch.cat([first, second]).transpose(0, 1)
    likeness = both @ both.transpose(1, 2)
    likeness = likeness.masked_fill(torch.eye(2 * n, dtype=torch.bool), float("-inf"))
    chances = torch.log_softmax(likeness, dim=2)
    item = torch.arange(n)
    return -(chances[:, item, n + item].mean() + chances[:, n + item, item].mean()) / 2


def _network(channels: int) -> Any:
    """Dilated convolutions; while it learns, half of the moments are hidden from it."""
    import torch
    from torch import nn
    from torch.nn.functional import gelu

    class Block(nn.Module):  # type: ignore[misc]
        def __init__(self, inputs: int, outputs: int, dilation: int, *, last: bool) -> None:
            super().__init__()
            self.first = nn.Conv1d(inputs, outputs, 3, padding=dilation, dilation=dilation)
            self.second = nn.Conv1d(outputs, outputs, 3, padding=dilation, dilation=dilation)
            self.beside = nn.Conv1d(inputs, outputs, 1) if inputs != outputs or last else nn.Identity()

        def forward(self, x: Any) -> Any:
            return self.second(gelu(self.first(gelu(x)))) + self.beside(x)

    class Network(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.enter = nn.Linear(channels, HIDDEN)
            widths = [HIDDEN] * (DEPTH + 1) + [OUTPUT]
            self.blocks = nn.Sequential(
                *(Block(widths[i], widths[i + 1], 2**i, last=i == DEPTH) for i in range(DEPTH + 1))
            )
            self.drop = nn.Dropout(0.1)

        def forward(self, windows: Any) -> Any:
            x = self.enter(windows)
            if self.training:
                x = x * (torch.rand(x.shape[:2]) < 0.5)[:, :, None]
            return self.drop(self.blocks(x.transpose(1, 2))).transpose(1, 2)

    return Network()
