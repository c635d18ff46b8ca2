"""How like real windows synthetic ones are, as the published protocol of time-series generators measures it.

    discriminative_score   can a small recurrent network tell them from real ones
    predictive_score       does one that learnt from them predict real ones
    correlational_score    do the channels hang together alike
    nearest                how many lie nearer to a training window than fresh real ones do

Windows have the shape (n, length, channels) and are scaled to [0, 1]. A copy of the training windows wins the first three, so they
stand beside the last one, and beside the same scores of real windows that nothing was learnt from. `context_fid.py` has the fourth
of the published scores; measures of records of any length are in `sequence_moments.py`.

Yoon, Jarrett & van der Schaar (2019), "Time-series Generative Adversarial Networks", and its reference code; the correlational score
as in Yuan & Qiao (2024), "Diffusion-TS".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartsynth.errors import DataError, MissingExtraError

Windows = NDArray[np.float32]
DISCRIMINATIVE_STEPS, PREDICTIVE_STEPS = 2_000, 5_000
BATCH = 128
LEARNT_SHARE = 0.8
CORRELATION_REPEATS = 5
CONSTANT = 1e-7
"""Standard deviation of a channel scaled to [0, 1] under which it is constant: no more than rounding."""
FEWEST = 10
"""Windows of each kind that the discriminative score needs."""


def windows_of(series: NDArray[np.floating[Any]], length: int = 24) -> Windows:
    """All overlapping windows of a series, each channel scaled to [0, 1] over the whole series.

    Args:
        series: Shape (time, channels).
        length: Moments of a window.

    Raises:
        DataError: The series is shorter than a window.

    >>> windows_of(np.arange(8.0).reshape(4, 2), 3).shape
    (2, 3, 2)
    """
    if len(series) < length:
        raise DataError(f"The series has {len(series)} moments, and a window {length}. Use shorter windows.")
    low, high = series.min(axis=0), series.max(axis=0)
    scaled = ((series - low) / (high - low + 1e-7)).astype(np.float32)
    view = np.lib.stride_tricks.sliding_window_view(scaled, length, axis=0)
    return np.ascontiguousarray(view.transpose(0, 2, 1))


def discriminative_score(
    real: Windows, synthetic: Windows, *, seed: int = 0, steps: int = DISCRIMINATIVE_STEPS
) -> float:
    """|accuracy - ½| of a GRU that tells real from synthetic windows which it has not seen; 0 is the best, ½ the worst.

    Raises:
        DataError: There are too few windows to learn from some and judge by others.
        MissingExtraError: torch is not installed.
    """
    if min(len(real), len(synthetic)) < FEWEST:
        raise DataError(f"The discriminative score needs {FEWEST} windows of each kind or more.")
    torch, network = _torch(), _recurrent(real.shape[2], real.shape[2], seed)
    rng = np.random.default_rng([seed, 0xD15C])
    (known, unseen), (made, other) = (_divided(windows, rng) for windows in (real, synthetic))
    optimizer = torch.optim.Adam(network.parameters())
    answers = torch.cat([torch.ones(BATCH, 1), torch.zeros(BATCH, 1)])
    for _ in range(steps):
        drawn = torch.cat([_drawn(known, rng), _drawn(made, rng)])
        loss = 2 * torch.nn.functional.binary_cross_entropy_with_logits(network(drawn)[:, -1], answers)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        right = (network(unseen)[:, -1] > 0).sum() + (network(other)[:, -1] <= 0).sum()
    return abs(float(right) / (len(unseen) + len(other)) - 0.5)


def predictive_score(real: Windows, synthetic: Windows, *, seed: int = 0, steps: int = PREDICTIVE_STEPS) -> float:
    """Mean absolute error, on real windows, of a GRU that learnt from synthetic ones to predict the next value of the last channel
    from the others.

    Raises:
        DataError: There is one channel alone.
        MissingExtraError: torch is not installed.
    """
    if real.shape[2] < 2:
        raise DataError("The predictive score needs two channels or more: the last one is predicted from the others.")
    torch, network = _torch(), _recurrent(real.shape[2] - 1, real.shape[2], seed)
    rng = np.random.default_rng([seed, 0x93ED])
    made, whole = (torch.from_numpy(np.ascontiguousarray(windows, np.float32)) for windows in (synthetic, real))
    optimizer = torch.optim.Adam(network.parameters())

    def error(windows: Any) -> Any:
        return (torch.sigmoid(network(windows[:, :-1, :-1])) - windows[:, 1:, -1:]).abs().mean()

    for _ in range(steps):
        loss = error(_drawn(made, rng))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        return float(error(whole))


def correlational_score(real: Windows, synthetic: Windows, *, seed: int = 0) -> float:
    """Sum of the differences between the correlations of all pairs of channels, over ten; the mean of five draws of a fifth.

    A channel that is constant in a draw has correlation 0 with every other there and 1 with itself, so that constants on both
    sides count as alike.
    """
    rng, n = np.random.default_rng([seed, 0xC022]), max(len(real) // 5, 2)
    found = []
    for _ in range(CORRELATION_REPEATS):
        one, two = (_correlations(windows[rng.integers(len(windows), size=n)]) for windows in (synthetic, real))
        found.append(float(np.abs(one - two).sum() / 10))
    return float(np.mean(found))


@dataclass(frozen=True, slots=True)
class Nearest:
    """Distances to the nearest training window.

    Args:
        near: Share of the synthetic windows that lie nearer than the holdout's 1 % quantile; a hundredth is expected of windows
            that are as independent as the holdout's.
        median, holdout: Median distance of synthetic windows and of the holdout's.
    """

    near: float
    median: float
    holdout: float


def nearest(train: Windows, synthetic: Windows, holdout: Windows) -> Nearest:
    """How near synthetic windows lie to training windows, beside fresh real ones (Euclidean distance of whole windows)."""
    from sklearn.neighbors import NearestNeighbors

    flat = [windows.reshape(len(windows), -1).astype(np.float64) for windows in (train, synthetic, holdout)]
    search = NearestNeighbors(n_neighbors=1, algorithm="brute").fit(flat[0])
    made, fresh = (search.kneighbors(windows)[0][:, 0] for windows in flat[1:])
    near = float(np.mean(made < np.quantile(fresh, 0.01)))
    return Nearest(near, float(np.median(made)), float(np.median(fresh)))


def _correlations(windows: Windows) -> NDArray[np.float64]:
    """Correlation of each pair of channels, and of each with itself, at the same moment."""
    flat = windows.reshape(-1, windows.shape[2]).astype(np.float64)
    varies = flat.std(axis=0) > CONSTANT
    scaled = np.where(varies, flat - flat.mean(axis=0), 0.0) / np.where(varies, flat.std(axis=0), 1.0)
    found = scaled.T @ scaled / len(flat)
    np.fill_diagonal(found, 1.0)
    return np.asarray(found[np.tril_indices(windows.shape[2])])


def _torch() -> Any:
    try:
        import torch
    except ImportError:
        raise MissingExtraError("The discriminative and the predictive score", "torch") from None
    return torch


def _recurrent(inputs: int, channels: int, seed: int) -> Any:
    """A GRU of half as many units as the data have channels, and one answer per moment."""
    torch = _torch()

    class Network(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            width = max(channels // 2, 1)
            self.memory, self.answer = torch.nn.GRU(inputs, width, batch_first=True), torch.nn.Linear(width, 1)

        def forward(self, windows: Any) -> Any:
            return self.answer(self.memory(windows)[0])

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return Network()


def _divided(windows: Windows, rng: np.random.Generator) -> tuple[Any, Any]:
    """Windows to learn from, and windows to judge by."""
    torch = _torch()
    order, n = rng.permutation(len(windows)), int(LEARNT_SHARE * len(windows))
    known = np.asarray(windows, np.float32)
    return torch.from_numpy(known[order[:n]]), torch.from_numpy(known[order[n:]])


def _drawn(windows: Any, rng: np.random.Generator) -> Any:
    return windows[_torch().from_numpy(rng.integers(len(windows), size=BATCH))]
