"""Measures of images: how like real ones they are as a crowd, what classifiers learn from them, and which are nearly real ones.

Pure functions of points that stand for images (image_features.py), or of pixels: images × height × width × channels, 0 to 255.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from smartsynth.metrics.text import jensen_shannon_bits
from smartsynth.privacy.neighbours import nearest

Points = NDArray[np.float32]
Pixels = NDArray[np.uint8]
NEIGHBOURS = 5
SUBSETS, SUBSET = 50, 1_000
LEVELS = 32
"""Bins of a colour's brightness."""
FLOOR = 1e-6


class Crowd(NamedTuple):
    """How two crowds lie in each other.

    Args:
        precision: Share of the made points within reach of a real one.
        recall: Share of the real points within reach of a made one.
        density: How many real neighbourhoods a made point lies in, over as many as expected.
        coverage: Share of the real neighbourhoods with a made point in them.
    """

    precision: float
    recall: float
    density: float
    coverage: float


def crowd(real: Points, made: Points, *, k: int = NEIGHBOURS) -> Crowd:
    """Precision, recall, density and coverage: a point's reach is the distance to its k-th neighbour of its own crowd.

    Kynkäänniemi et al. (2019), "Improved Precision and Recall Metric for Assessing Generative Models"; Naeem et al. (2020),
    "Reliable Fidelity and Diversity Metrics for Generative Models".
    """
    a, b = real.astype(np.float64), made.astype(np.float64)
    reach, own = _reach(a, k), _reach(b, k)
    apart = _distances(b, a)
    inside = apart <= reach[None, :]
    return Crowd(
        precision=float(inside.any(1).mean()),
        recall=float((apart <= own[:, None]).any(0).mean()),
        density=float(inside.sum(1).mean() / k),
        coverage=float(inside.any(0).mean()),
    )


def _reach(points: NDArray[np.float64], k: int) -> NDArray[np.float64]:
    k = min(k, len(points) - 1)
    return np.asarray(np.partition(_distances(points, points), k, axis=1)[:, k], np.float64)


def _distances(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    squares = (a**2).sum(1)[:, None] + (b**2).sum(1)[None, :] - 2 * a @ b.T
    return np.asarray(np.sqrt(np.maximum(squares, 0)), np.float64)


def kernel_distance(real: Points, made: Points, *, seed: int) -> float:
    """Squared maximum mean discrepancy of two crowds by the kernel (x·y/d + 1)³, unbiased, over subsets; about 0 is best.

    Bińkowski et al. (2018), "Demystifying MMD GANs" (KID), with other features.
    """
    rng = np.random.default_rng([seed, 0x4D1D])
    size = min(SUBSET, len(real), len(made))
    found = []
    for _ in range(SUBSETS if size == SUBSET else 1):
        x, y = (points[rng.permutation(len(points))[:size]].astype(np.float64) for points in (real, made))
        xx, yy, xy = (((a @ b.T) / a.shape[1] + 1) ** 3 for a, b in ((x, x), (y, y), (x, y)))
        same = ((xx.sum() - np.trace(xx)) + (yy.sum() - np.trace(yy))) / (size * (size - 1))
        found.append(same - 2 * xy.mean())
    return float(np.mean(found))


def spectrum(pixels: Pixels) -> NDArray[np.float64]:
    """Mean power of each frequency, from coarse to fine, as logarithms to the base 10."""
    grey = pixels.astype(np.float64).mean(-1) / 255
    power = np.abs(np.fft.fft2(grey - grey.mean((1, 2), keepdims=True))) ** 2
    down, across = (np.fft.fftfreq(size) for size in grey.shape[1:])
    ring = np.rint(np.hypot(down[:, None], across[None, :]) * max(grey.shape[1:])).astype(int)
    mean = power.mean(0)
    rings = [ring == k for k in range(1, max(grey.shape[1:]) // 2 + 1)]
    return np.log10(np.array([mean[one].mean() for one in rings if one.any()]) + FLOOR)


def spectrum_distance(real: Pixels, made: Pixels) -> float:
    """Root mean square difference of the powers of all frequencies, in decades; 0 is best.

    Durall, Keuper & Keuper (2020), "Watch your Up-Convolution", for why it gives images away.
    """
    return float(np.sqrt(np.mean((spectrum(real) - spectrum(made)) ** 2)))


def colour_divergence(real: Pixels, made: Pixels) -> float:
    """Jensen-Shannon divergence of how often each brightness of each colour occurs, in bits, the mean of the colours: 0 to 1."""
    found = []
    for channel in range(real.shape[-1]):
        p, q = (
            np.bincount((pixels[..., channel] // (256 // LEVELS)).ravel(), minlength=LEVELS) / pixels[..., channel].size
            for pixels in (real, made)
        )
        found.append(jensen_shannon_bits(p, q))
    return float(np.mean(found))


def near_copies(
    train: Points, made: Points, unseen: Points, *, quantile: float = 0.01
) -> tuple[NDArray[np.bool_], float]:
    """Which made images lie as near to a training image as so small a share of unseen ones does; and that share of other unseen ones.

    The limit is taken from one half of the unseen images, and held against the other half.
    """
    apart = nearest(unseen, train)[0][:, 0]
    limit = float(np.quantile(apart[::2], quantile))
    return nearest(made, train)[0][:, 0] <= limit, float((apart[1::2] <= limit).mean())
