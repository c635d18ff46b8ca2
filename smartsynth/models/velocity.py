"""The velocity network of a rectified flow: a residual network that is told the time; trained by torch, run by NumPy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
FREQUENCIES = 32
STEPS_PER_EPOCH = 100
WARM_UP = 200
AVERAGE = 0.999
DECAY = 1e-4


def velocity(weights: Mapping[str, Floats], points: Floats, time: float) -> Floats:
    """The network's answer for points, (n, d), at one time from 0 to 1."""
    w = weights
    angles = np.float32(time) * w["frequencies"]
    told = np.concatenate([np.sin(angles), np.cos(angles)])
    told = _silu(told @ w["clock.0.weight"].T + w["clock.0.bias"]) @ w["clock.2.weight"].T + w["clock.2.bias"]
    x = points.astype(np.float32, copy=False) @ w["enter.weight"].T + w["enter.bias"]
    for i in range(sum(name.endswith(".0.weight") and name.startswith("blocks.") for name in w)):
        h = x + told
        h = (h - h.mean(axis=1, keepdims=True)) / np.sqrt(h.var(axis=1, keepdims=True) + np.float32(1e-5))
        h = h * w[f"blocks.{i}.0.weight"] + w[f"blocks.{i}.0.bias"]
        h = _silu(h @ w[f"blocks.{i}.1.weight"].T + w[f"blocks.{i}.1.bias"])
        x = x + h @ w[f"blocks.{i}.3.weight"].T + w[f"blocks.{i}.3.bias"]
    return np.asarray(x @ w["leave.weight"].T + w["leave.bias"], np.float32)


def _silu(x: Floats) -> Floats:
    return np.asarray(x / (1 + np.exp(-np.maximum(x, np.float32(-80)))), np.float32)


class VelocityTraining:
    """A velocity network in training on points, shape (n, d), of unit size; a hundred steps are an epoch.

    On a GPU the network computes in bfloat16 where that is faster; weights and moments stay in float32.
    """

    def __init__(
        self, points: Floats, steps: int, batch_size: int, width: int, layers: int, rate: float, seed: int
    ) -> None:
        import torch

        self.epochs = -(-steps // STEPS_PER_EPOCH)
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._points, self._batch, self._rate, self._done = (
            torch.from_numpy(points).to(self._device),
            batch_size,
            rate,
            0,
        )
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
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._device.type == "cuda"):
            answer = self.network((1 - time) * noise + time * real, time)
        loss = ((answer.float() - (real - noise)) ** 2).mean()
        self._optimizer.zero_grad()
        loss.backward()
        self._optimizer.step()
        self._done += 1
        keep = min(AVERAGE, (self._done + 1) / (self._done + 10))
        with torch.no_grad():
            now = self.network.state_dict()
            torch._foreach_lerp_(list(self._average.values()), [now[name] for name in self._average], 1 - keep)
        return float(loss.item())

    def averages(self) -> dict[str, Floats]:
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

    class Network(nn.Module):  # type: ignore[misc]
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
