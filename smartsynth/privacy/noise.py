"""Noise for differential privacy: sampled exactly, from the operating system's randomness, never from a user's seed.

A count is private only if the noise is what the proof says it is. Floating-point Gaussians are not (Mironov 2012), so
everything is in whole steps of 1 / STEPS: exact integers go in, noise of the discrete Gaussian (Canonne, Kamath &
Steinke 2020) from OpenDP's sampler is added, exact integers come out.

    table of counts ──steps──▶ integers ──+ discrete Gaussian──▶ integers ──/ STEPS──▶ noisy counts

Every release says what it is and how much one person can change it. A test puts a recorder in the place of `Noise` and
replays it on a neighbouring table: the same releases must be asked for in the same order, and no two inputs may differ
by more than was said.
"""

from __future__ import annotations

import functools
import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartsynth.errors import MissingExtraError

STEPS = 1 << 20
"""Steps of one count. The lattice is so fine that a discrete Gaussian and a continuous one of the same width differ in
privacy by less than a billionth of ε (tests/unit/privacy/test_accountant.py compares them)."""


class Noise:
    """The only door through which private tables leave.

    >>> Noise().gaussian(np.array([3, 5]), sigma=0.0, sensitivity=1.0, what="counts")
    Traceback (most recent call last):
    ...
    ValueError: sigma=0.0 must be positive.
    """

    def gaussian(self, counts: NDArray[Any], *, sigma: float, sensitivity: float, what: str) -> NDArray[np.float64]:
        """Counts with Gaussian noise of standard deviation `sigma`.

        Args:
            counts: Whole numbers, or multiples of 1 / STEPS; any shape.
            sigma: Standard deviation of the noise, in counts.
            sensitivity: The most that one person changes `counts` in Euclidean norm. Not used here: the caller's `sigma`
                already answers to it, and tests hold it against what really changes.
            what: What is released, for the record.
        """
        if not sigma > 0:
            raise ValueError(f"sigma={sigma!r} must be positive.")
        steps = np.rint(np.asarray(counts, dtype=np.float64) * STEPS).astype(np.int64)
        return self._noisy(steps, sigma) / STEPS

    def _noisy(self, steps: NDArray[np.int64], sigma: float) -> NDArray[np.float64]:
        made = _mechanism(float(sigma) * STEPS)(steps.ravel().tolist())
        return np.array(made, dtype=np.float64).reshape(steps.shape)


class FloatNoise:
    """Gaussian numbers and uniform ones from the operating system's randomness, for gradients.

    Gradients are real numbers, for which there is no exact sampler as there is for counts. Each number is half the sum of
    four, so that the gaps between floating-point numbers do not tell which came in (Holohan & Braghin 2021); what is left
    of that weakness no account covers.
    """

    DRAWS = 4

    def normal(self, n: int, sigma: float) -> NDArray[np.float64]:
        """`n` Gaussian numbers of standard deviation `sigma` (Box & Muller 1958)."""
        half = -(-n * self.DRAWS // 2)
        radius = np.sqrt(-2 * np.log(1 - self.uniform(half)))
        angle = 2 * np.pi * self.uniform(half)
        both = np.r_[radius * np.cos(angle), radius * np.sin(angle)]
        return np.asarray(sigma * both[: n * self.DRAWS].reshape(self.DRAWS, n).sum(axis=0) / self.DRAWS**0.5)

    def uniform(self, n: int) -> NDArray[np.float64]:
        """`n` numbers from 0 to under 1, of 53 bits each."""
        bits = np.frombuffer(os.urandom(8 * n), np.uint64) >> np.uint64(11)
        return bits.astype(np.float64) * 2.0**-53


@functools.lru_cache(maxsize=64)
def _mechanism(scale: float) -> Any:
    """OpenDP's discrete Gaussian over vectors of whole numbers."""
    try:
        import opendp.prelude as dp
    except ImportError:
        raise MissingExtraError("Noise for differential privacy", "dp") from None
    dp.enable_features("contrib")
    domain = dp.vector_domain(dp.atom_domain(T="i64"))
    return dp.m.make_gaussian(domain, dp.l2_distance(T="f64"), scale)
