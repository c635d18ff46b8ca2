"""Claimed against measured privacy: what canaries in one run of the `marginal` generator say about its noise.

Canaries are rows that nobody else is like: each has a category of its own in a declared column, and a coin decides whether
it is in the table (one run with many coins, Steinke, Nasr & Jagielski 2023). The auditor sees every release of the run, as
the proof allows (Nasr et al. 2023), and asks how far the noisy counts of canaries that are in lie above those of canaries
that are not:

    μ ≥ (mean in - mean out) / deviation, less its error at the stated confidence

The canaries' cells get noise of their own each, so the m coins are m independent tests of one claim. A lower bound above
the claim proves that the noise is too small, or the sensitivity larger than was said; one below it proves nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.models.marginal_generator import MarginalGenerator
from smartsynth.privacy.accountant import epsilon_of
from smartsynth.privacy.noise import Noise
from smartsynth.schema import Column, Kind, Schema

CANARIES = 20_000
CONFIDENCE = 0.9999
CROWD = 200
"""Rows of the one ordinary category."""


@dataclass(frozen=True, slots=True)
class Audit:
    """What the canaries say.

    Args:
        claimed: Gaussian differential privacy μ that the ledger gives the audited release.
        bound: μ is at least this, at the stated confidence; 0 if nothing can be said.
        epsilon: ε of the whole run as claimed.
        epsilon_bound: The smallest ε, at the run's δ, that the bound allows the release to have.
        delta, confidence, canaries: As asked for.
    """

    claimed: float
    bound: float
    epsilon: float
    epsilon_bound: float
    delta: float
    confidence: float
    canaries: int

    @property
    def violated(self) -> bool:
        """Whether the claim is wrong, at the stated confidence."""
        return self.bound > self.claimed

    def sentence(self) -> str:
        """The finding in words."""
        size = f"{self.canaries:,} canaries, confidence {self.confidence:g}"
        if self.violated:
            return f"The claim is wrong: the noise allows μ ≥ {self.bound:.3g}, but the ledger says {self.claimed:.3g} ({size})."
        return f"No violation found: μ ≥ {self.bound:.3g} where the ledger says {self.claimed:.3g} ({size})."


def audit(
    epsilon: float, *, delta: float = 1e-9, noise: Noise | None = None, canaries: int = CANARIES,
    confidence: float = CONFIDENCE, seed: int | None = None,
) -> Audit:  # fmt: skip
    """Fit once to a table with canaries and compare what was released with the ledger.

    Args:
        epsilon: The budget that the generator claims to keep.
        delta: Chance that the claim fails.
        noise: The noise that is audited; the generator's own if not given.
        canaries: Rows with a coin each.
        confidence: Chance that the bound holds.
        seed: Decides the coins, never the noise.
    """
    coins = np.random.default_rng(seed).random(canaries) < 0.5
    names = [f"canary {i}" for i in range(canaries)]
    present = [name for name, is_in in zip(names, coins, strict=True) if is_in]
    table = pd.DataFrame({"who": [*present, *["crowd"] * CROWD]})
    column = Column("who", Kind.CATEGORICAL, "object", categories=(*names, "crowd"))
    seen = _Seen(noise or Noise())
    model = MarginalGenerator(epsilon=epsilon, delta=delta)
    model.noise = seen
    model.fit(table, schema=Schema((column,)))
    released = seen.released[0][:canaries]
    claimed = next(entry.mu for entry in model.ledger_.measured if entry.stage == "domain")
    bound = lower_bound(released[coins], released[~coins], confidence)
    return Audit(claimed, bound, epsilon, epsilon_of(bound, delta), delta, confidence, canaries)


def lower_bound(inside: NDArray[np.float64], outside: NDArray[np.float64], confidence: float) -> float:
    """The least μ that two Gaussian samples of scores allow, at a confidence; at least 0.

    The estimate is the difference of means in deviations, d; its variance 1/n + 1/m + d² / (2 (n + m)) (Hedges & Olkin
    1985).

    >>> lower_bound(np.array([0.0, 1.0]), np.array([0.0, 1.0]), 0.95)
    0.0
    """
    from scipy.special import ndtri

    n, m = len(inside), len(outside)
    if min(n, m) < 2:
        return 0.0
    spread = math.sqrt(((n - 1) * inside.var(ddof=1) + (m - 1) * outside.var(ddof=1)) / (n + m - 2))
    d = float(inside.mean() - outside.mean()) / spread
    return max(d - float(ndtri(confidence)) * math.sqrt(1 / n + 1 / m + d**2 / (2 * (n + m))), 0.0)


class _Seen(Noise):
    """Another noise, with a copy of all that it released."""

    def __init__(self, inner: Noise) -> None:
        self.inner = inner
        self.released: list[NDArray[np.float64]] = []

    def gaussian(self, counts: NDArray[Any], *, sigma: float, sensitivity: float, what: str) -> NDArray[np.float64]:
        made = self.inner.gaussian(counts, sigma=sigma, sensitivity=sensitivity, what=what)
        self.released.append(made)
        return made
