"""Points from a rectified flow between noise and half-whitened principal components.

    points ──▶ principal components, each over the square root of its deviation ──flow──▶ a velocity network
    sample  noise ──Heun steps along the learnt velocity──▶ components ──calibration──▶ points
    under   the same, pulled at each step towards what is known of some coordinates

Fully whitened, the last components, which are noise, count as much as the first, and the network spends itself on them; not
whitened at all, they are not learnt. In between lies the square root. Components beyond MOST_COMPONENTS are drawn as independent
normals. A calibration, the linear map of optimal transport between normals, gives what the flow draws the mean and the covariance
of the data, which a short training misses by a little.

What is known of a point is a linear function of its components. At each step the expected end of the path is corrected as the
Kalman filter does, with the covariance that the components would have if they were normal (Song et al. 2023, "Pseudoinverse-Guided
Diffusion Models"); for normal data that is the exact conditional distribution.

Liu, Gong & Liu (2023), "Flow Straight and Fast"; times are drawn logit-normally as in Esser et al. (2024).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartsynth.models.training import Checkpoints, train
from smartsynth.models.velocity import VelocityTraining, velocity
from smartsynth.progress import Progress, part, silent

Floats = NDArray[np.float32]
WHITENED = 0.5
"""Power of a component's deviation that it is divided by: 0 leaves components as they are, 1 whitens them."""
LEAST = 1e-4
"""Deviations below this share of the largest one count as so large."""
MOST_COMPONENTS = 768
MOST_ROWS = 200_000
CALIBRATION, PER_COMPONENT = 8_192, 12
"""Points that the calibration is measured on, at least so many, and so many per component."""
SAMPLING_STEPS = 24
CERTAIN = 1e-3
"""Deviation of what is known, as a share of a coordinate's own: keeps the corrections stable."""
SAMPLED_AT_ONCE = 4_096
NAMES = ("mean", "components", "deviations", "scale", "shift", "mix")


@dataclass(frozen=True, slots=True)
class WindowFlow:
    """A fitted flow.

    Args:
        mean: Of the points.
        components: Their principal components, one a row.
        deviations: Of the components.
        scale: What each component of the flow is divided by; the others, at the end, are drawn as normals.
        shift, mix: Calibration of the flow's components: `(x - shift) @ mix`.
        weights: Of the velocity network.
    """

    mean: Floats
    components: Floats
    deviations: Floats
    scale: Floats
    shift: Floats
    mix: Floats
    weights: Mapping[str, Floats]

    @classmethod
    def fit(
        cls,
        points: Floats,
        *,
        steps: int,
        batch_size: int,
        width: int,
        layers: int,
        rate: float = 1e-3,
        seed: int = 0,
        progress: Progress = silent,
        checkpoints: Checkpoints | None = None,
    ) -> WindowFlow:
        """Learn points, shape (n, d), coordinates of like sizes."""
        import torch

        flat = points.astype(np.float64)
        mean = flat.mean(axis=0)
        components, deviations = _principal(flat - mean, np.random.default_rng([seed, 0x9CA]))
        k = min(len(deviations), MOST_COMPONENTS)
        scale = np.maximum(deviations[:k], LEAST * max(deviations[0], 1e-30)) ** WHITENED
        drawn = (flat - mean) @ components[:k].T / scale
        size = max(float(drawn.std()), 1e-30)
        scale = scale * size
        with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
            training = VelocityTraining((drawn / size).astype(np.float32), steps, batch_size, width, layers, rate, seed)
            train(training, part(progress, 0.0, 0.9), checkpoints)
        plain = cls(
            mean.astype(np.float32), components.astype(np.float32), deviations.astype(np.float32), scale.astype(np.float32),
            np.zeros(k, np.float32), np.eye(k, dtype=np.float32), training.averages(),
        )  # fmt: skip
        progress(0.92, "Calibrating")
        return plain._calibrated(np.random.default_rng([seed, 0xCA1]))

    def sample(self, n: int, rng: np.random.Generator, *, steps: int = SAMPLING_STEPS) -> Floats:
        """`n` points, (n, d)."""
        return self._points(self._flowed(n, rng, steps, None), rng)

    def under(
        self, known: NDArray[np.floating[Any]], rng: np.random.Generator, *, steps: int = SAMPLING_STEPS
    ) -> Floats:
        """A point for each row of `known`, (n, d), whose coordinates that are NaN are free; the others come out as they are."""
        out = np.empty(known.shape, np.float32)
        free = np.isnan(known)
        patterns, which = np.unique(free, axis=0, return_inverse=True)
        for i, pattern in enumerate(patterns):
            rows = np.flatnonzero(which.ravel() == i)
            given = np.flatnonzero(~pattern)
            wanted = None if len(given) == 0 else _Known(self, given, known[np.ix_(rows, given)])
            made = self._points(self._flowed(len(rows), rng, steps, wanted), rng)
            made[:, given] = known[np.ix_(rows, given)]
            out[rows] = made
        return out

    def _points(self, flowed: Floats, rng: np.random.Generator) -> Floats:
        """Points of calibrated components of the flow, with the other components drawn."""
        k = len(self.scale)
        rest = rng.standard_normal((len(flowed), len(self.deviations) - k), dtype=np.float32) * self.deviations[k:]
        whole = np.concatenate([flowed * self.scale, rest], axis=1)
        return np.asarray(whole @ self.components + self.mean, np.float32)

    def _flowed(self, n: int, rng: np.random.Generator, steps: int, wanted: _Known | None) -> Floats:
        """Calibrated components of `n` points."""
        noise = rng.standard_normal((n, len(self.scale)), dtype=np.float32)
        if wanted is not None:
            return self._pulled(noise, steps, wanted)
        parts = [self._free(noise[at : at + SAMPLED_AT_ONCE], steps) for at in range(0, n, SAMPLED_AT_ONCE)]
        return np.asarray((np.concatenate(parts) - self.shift) @ self.mix, np.float32)

    def _free(self, x: Any, steps: int) -> Any:
        times = np.linspace(0.0, 1.0, steps + 1)
        for now, then in pairwise(times):
            here: Any = velocity(self.weights, x, now)
            if then < 1:
                here = (here + velocity(self.weights, x + np.float32(then - now) * here, then)) / np.float32(2)
            x = x + np.float32(then - now) * here
        return x

    def _pulled(self, x: Floats, steps: int, wanted: _Known) -> Floats:
        """Euler steps whose expected ends agree with what is known."""
        times = np.linspace(0.0, 1.0, 2 * steps + 1)
        for now, then in pairwise(times):
            end = x + np.float32(1 - now) * velocity(self.weights, x, now)
            end = wanted.corrected(((end - self.shift) @ self.mix), now)
            # Back into the flow's own coordinates for the next step; the end itself stays as it is.
            back = np.linalg.solve(self.mix.T.astype(np.float64), end.T.astype(np.float64)).T + self.shift
            x = (x + np.float32((then - now) / (1 - now)) * (back - x)).astype(np.float32)
        return np.asarray(end, np.float32)

    def _calibrated(self, rng: np.random.Generator) -> WindowFlow:
        """The same flow with the mean and the covariance of the data."""
        k = len(self.scale)
        drawn = self._flowed(max(CALIBRATION, PER_COMPONENT * k), rng, SAMPLING_STEPS, None).astype(np.float64)
        wanted = np.diag((self.deviations[:k].astype(np.float64) / self.scale) ** 2)
        root = np.sqrt(wanted)
        inner = root @ np.cov(drawn, rowvar=False).reshape(k, k) @ root
        values, vectors = np.linalg.eigh(inner)
        mix = root @ (vectors / np.sqrt(np.maximum(values, 1e-12 * max(values.max(), 1e-30)))) @ vectors.T @ root
        return replace(self, shift=drawn.mean(axis=0).astype(np.float32), mix=mix.astype(np.float32))

    def arrays(self) -> dict[str, Floats]:
        """What is no weight, by name."""
        return {name: getattr(self, name) for name in NAMES}

    @classmethod
    def restore(cls, arrays: Mapping[str, Floats], weights: Mapping[str, Floats]) -> WindowFlow:
        """The flow that `arrays` and `weights` came from."""
        parts: dict[str, Any] = {name: arrays[name] for name in NAMES}
        return cls(**parts, weights={name: np.array(value) for name, value in weights.items()})


class _Known:
    """What is known of some coordinates, as linear functions of the flow's components."""

    def __init__(self, flow: WindowFlow, given: NDArray[np.int64], values: NDArray[Any]) -> None:
        k = len(flow.scale)
        self._map = (flow.components[:k, given] * flow.scale[:, None]).astype(np.float64)
        self._values = values - flow.mean[given]
        own = (flow.deviations[:k] / flow.scale).astype(np.float64)
        self._variance = own**2
        unseen = (flow.components[k:, given] * flow.deviations[k:, None]).astype(np.float64)
        whole = self._map.T @ (self._variance[:, None] * self._map) + unseen.T @ unseen
        self._noise = unseen.T @ unseen + np.diag(CERTAIN**2 * np.maximum(np.diag(whole), 1e-12))

    def corrected(self, end: NDArray[Any], now: float) -> NDArray[np.float64]:
        """Expected ends of paths, agreeing with what is known, at this time of the paths."""
        # What is left open of normal components at time t: 1 / (1/variance + t²/(1-t)²).
        left = 1.0 / (1.0 / np.maximum(self._variance, 1e-12) + (now / (1 - now)) ** 2)
        spread = left[:, None] * self._map
        gain = np.linalg.solve(self._map.T @ spread + self._noise, spread.T)
        return np.asarray(end + (self._values - end @ self._map) @ gain, np.float64)


def _principal(
    centred: NDArray[np.float64], rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Principal components and their deviations, the largest first."""
    if len(centred) > MOST_ROWS:
        centred = centred[rng.permutation(len(centred))[:MOST_ROWS]]
    values, vectors = np.linalg.eigh(centred.T @ centred / max(len(centred), 1))
    deviations = np.sqrt(np.maximum(values[::-1], 0.0))
    kept = deviations > 1e-7 * max(float(deviations[0]), 1e-30)
    kept[0] = True
    return np.ascontiguousarray(vectors.T[::-1][kept]), deviations[kept]
