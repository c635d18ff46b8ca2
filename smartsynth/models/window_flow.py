"""Windows of a series from a rectified flow between noise and half-whitened principal components.

    windows ──flatten──▶ principal components, each over the square root of its deviation ──flow──▶ a velocity network
    sample  noise ──Heun steps along the learnt velocity──▶ components ──▶ windows

Fully whitened, the last components, which are noise, count as much as the first, and the network spends itself on them; not
whitened at all, they are not learnt. In between lies the square root.

Liu, Gong & Liu (2023), "Flow Straight and Fast"; times are drawn logit-normally as in Esser et al. (2024).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartsynth.models.training import Checkpoints, train
from smartsynth.progress import Progress, silent

WHITENED = 0.5
"""Power of a component's deviation that it is divided by: 0 leaves components as they are, 1 whitens them."""
LEAST = 1e-4
"""Deviations below this share of the largest one count as so large."""
FREQUENCIES = 32
STEPS_PER_EPOCH = 100
WARM_UP = 200
AVERAGE = 0.999
DECAY = 1e-4


@dataclass(frozen=True, slots=True)
class WindowFlow:
    """A fitted flow.

    Args:
        shape: Length and channels of a window.
        mean: Of the flattened windows.
        components: Their principal components, one a row.
        scale: What each component is divided by.
        weights: Of the velocity network.
    """

    shape: tuple[int, int]
    mean: NDArray[np.float32]
    components: NDArray[np.float32]
    scale: NDArray[np.float32]
    weights: Mapping[str, NDArray[np.float32]]

    @classmethod
    def fit(
        cls,
        windows: NDArray[np.float32],
        *,
        steps: int = 12_000,
        batch_size: int = 256,
        width: int = 512,
        layers: int = 4,
        rate: float = 1e-3,
        seed: int = 0,
        progress: Progress = silent,
        checkpoints: Checkpoints | None = None,
    ) -> WindowFlow:
        """Learn windows, shape (n, length, channels), channels of like sizes."""
        import torch

        flat = windows.reshape(len(windows), -1).astype(np.float64)
        mean = flat.mean(axis=0)
        _, singular, components = np.linalg.svd(flat - mean, full_matrices=False)
        deviations = singular / np.sqrt(len(flat))
        kept = deviations > 1e-9 * max(deviations[0], 1e-30)
        components, deviations = components[kept], deviations[kept]
        scale = np.maximum(deviations, LEAST * deviations[0]) ** WHITENED
        points = (flat - mean) @ components.T / scale
        scale = scale * points.std()
        points = torch.from_numpy((points / points.std()).astype(np.float32))
        with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
            training = FlowTraining(points, steps, batch_size, width, layers, rate, seed)
            train(training, progress, checkpoints)
        return cls(
            (windows.shape[1], windows.shape[2]), mean.astype(np.float32), components.astype(np.float32),
            scale.astype(np.float32), training.averages(),
        )  # fmt: skip

    def sample(self, n: int, rng: np.random.Generator, *, steps: int = 40) -> NDArray[np.float32]:
        """`n` windows."""
        points = rng.standard_normal((n, len(self.scale)), dtype=np.float32)
        times = np.linspace(0.0, 1.0, steps + 1)
        for now, then in zip(times[:-1], times[1:], strict=True):
            here = self._velocity(points, now)
            ahead = points + np.float32(then - now) * here
            if then < 1:
                here = (here + self._velocity(ahead, then)) / 2
            points = points + np.float32(then - now) * here
        flat = (points * self.scale) @ self.components + self.mean
        return flat.reshape(n, *self.shape)

    def _velocity(self, points: NDArray[np.float32], time: float) -> NDArray[np.float32]:
        """The velocity network's answer, as `_network` computes it."""
        w = self.weights
        angles = np.float32(time) * w["frequencies"]
        told = np.concatenate([np.sin(angles), np.cos(angles)])
        told = _silu(told @ w["clock.0.weight"].T + w["clock.0.bias"]) @ w["clock.2.weight"].T + w["clock.2.bias"]
        x = points @ w["enter.weight"].T + w["enter.bias"]
        for i in range(sum(name.endswith(".0.weight") and name.startswith("blocks.") for name in w)):
            h = x + told
            h = (h - h.mean(axis=1, keepdims=True)) / np.sqrt(h.var(axis=1, keepdims=True) + np.float32(1e-5))
            h = h * w[f"blocks.{i}.0.weight"] + w[f"blocks.{i}.0.bias"]
            h = _silu(h @ w[f"blocks.{i}.1.weight"].T + w[f"blocks.{i}.1.bias"])
            x = x + h @ w[f"blocks.{i}.3.weight"].T + w[f"blocks.{i}.3.bias"]
        return x @ w["leave.weight"].T + w["leave.bias"]


def _silu(x: NDArray[np.float32]) -> NDArray[np.float32]:
    return x / (1 + np.exp(-x))


class FlowTraining:
    """A velocity network in training on points, shape (n, d), of unit size; a hundred steps are an epoch."""

    def __init__(
        self, points: Any, steps: int, batch_size: int, width: int, layers: int, rate: float, seed: int
    ) -> None:
        import torch

        self.epochs = -(-steps // STEPS_PER_EPOCH)
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._points, self._batch, self._rate, self._done = points.to(self._device), batch_size, rate, 0
        torch.manual_seed(seed)
        self.network = _network(points.shape[1], width, layers).to(self._device)
        self._average = {name: value.clone() for name, value in self.network.state_dict().items()}
        self._optimizer = torch.optim.AdamW(self.network.parameters(), lr=rate, weight_decay=DECAY)

    def epoch(self, number: int) -> dict[str, float]:
        """The loss over the steps of this epoch."""
        return {"flow loss": float(np.mean([self._step() for _ in range(STEPS_PER_EPOCH)]))}

    def _step(self) -> float:
        import torch

        share = self._done / (self.epochs * STEPS_PER_EPOCH)
        rate = self._rate * min(1.0, (self._done + 1) / WARM_UP) * (0.5 + 0.5 * np.cos(np.pi * share) + 0.005)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        real = self._points[torch.randint(len(self._points), (self._batch,), device=self._device)]
        noise = torch.randn_like(real)
        time = torch.sigmoid(torch.randn(self._batch, 1, device=self._device))
        loss = ((self.network((1 - time) * noise + time * real, time) - (real - noise)) ** 2).mean()
        self._optimizer.zero_grad()
        loss.backward()
        self._optimizer.step()
        self._done += 1
        keep = min(AVERAGE, (self._done + 1) / (self._done + 10))
        with torch.no_grad():
            for name, value in self.network.state_dict().items():
                self._average[name].lerp_(value, 1 - keep)
        return float(loss.item())

    def averages(self) -> dict[str, NDArray[np.float32]]:
        """The moving average of the weights."""
        return {name: np.ascontiguousarray(value.cpu().numpy()) for name, value in self._average.items()}

    def state(self) -> dict[str, Any]:
        """Weights, their average, moments, and where the draws stand."""
        import torch

        return {
            "network": self.network.state_dict(), "average": self._average, "optimizer": self._optimizer.state_dict(),
            "done": self._done, "torch": torch.get_rng_state(),
            "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        }  # fmt: skip

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on where `state` was taken."""
        import torch

        self.network.load_state_dict(state["network"])
        self._average = {name: value.to(self._device) for name, value in state["average"].items()}
        self._optimizer.load_state_dict(state["optimizer"])
        self._done = int(state["done"])
        torch.set_rng_state(state["torch"])
        if state["cuda"] and len(state["cuda"]) == torch.cuda.device_count():
            torch.cuda.set_rng_state_all(state["cuda"])


def _network(dims: int, width: int, layers: int) -> Any:
    """A residual network that is told the time."""
    import torch
    from torch import nn

    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.enter, self.leave = nn.Linear(dims, width), nn.Linear(width, dims)
            self.clock = nn.Sequential(nn.Linear(2 * FREQUENCIES, width), nn.SiLU(), nn.Linear(width, width))
            self.blocks = nn.ModuleList(
                nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))
                for _ in range(layers)
            )
            self.register_buffer("frequencies", torch.exp(torch.linspace(0, 6, FREQUENCIES)))
            nn.init.zeros_(self.leave.weight)
            nn.init.zeros_(self.leave.bias)

        def forward(self, points: Any, time: Any) -> Any:
            angles = time * self.frequencies
            told = self.clock(torch.cat([torch.sin(angles), torch.cos(angles)], dim=1))
            x = self.enter(points)
            for block in self.blocks:
                x = x + block(x + told)
            return self.leave(x)

    return Network()
