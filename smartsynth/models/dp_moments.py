"""Means and covariances of vectors by group, within a budget of differential privacy.

    centre       the mean of all, each vector cut to the longest one that there can be
    lengths      noisy histogram of the distances from it; nineteen of twenty are not cut
    means        of each group, of vectors that are cut to that length
    distances    noisy histogram of the distances from the group's mean; the same of these
    products     of each group, of such differences

The rest reads no vector again: a group's covariance is drawn towards that of all as far as noise hides the difference, and directions whose
variance does not rise above what noise alone gives are left out, the others freed of what noise adds (Benaych-Georges & Nadakuditi 2011, for a
spiked matrix with Wigner noise).

Vectors are cut down to a lattice of 1 / STEPS before they are summed, so that the discrete Gaussian of noise.py applies; an off-diagonal
product counts √2 times, so that the Euclidean norm of what one vector adds is its own norm squared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smartsynth.privacy.ledger import Budget
from smartsynth.privacy.noise import STEPS, Noise
from smartsynth.progress import Progress

SHARES = {"centre": 0.02, "lengths": 0.02, "means": 0.46, "distances": 0.02, "products": 0.48}
"""Of the budget (shares are of μ²)."""
BINS, PER_DOUBLING = 32, 4
"""Bins of a histogram of lengths, each a quarter of a doubling wide; counts up to SURE standard deviations of the noise are taken for none."""
SURE = 2.0
UNCUT = 0.95
"""Share of the vectors that are not cut; of fewer, the images of a rare label that look unlike all others would be drawn to the rest."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Moments:
    """Means of groups, and factors of their covariances: mean + factor · normal numbers.

    Args:
        means: Groups × dimensions.
        factors: Groups × dimensions × dimensions.
    """

    means: Floats
    factors: Floats

    def draw(self, groups: NDArray[np.int64], normal: Floats) -> Floats:
        """Vectors of some groups, by as many normal numbers each."""
        made = self.means[groups]
        for group in np.unique(groups):
            mine = groups == group
            made[mine] += normal[mine] @ self.factors[group].T
        return np.asarray(made, np.float64)


def learn(
    vectors: Floats,
    groups: NDArray[np.int64],
    counts: Floats,
    *,
    longest: float,
    most_rows: int,
    budget: Budget,
    noise: Noise,
    progress: Progress,
) -> Moments:
    """The moments of vectors by group.

    Args:
        vectors: Rows × dimensions.
        groups: The group of each row, from 0; -1 counts for nothing.
        counts: About how many rows each group has, as noisy counts tell.
        longest: The longest a vector can be, which depends on no data.
        most_rows: Of one person.
        budget: What all of this may spend; spent whole.
        noise: Where noise comes from.
        progress: Called with the share done.
    """
    known = groups >= 0
    learner = _Learner(vectors[known], groups[known], np.maximum(counts, 1.0), most_rows, budget, noise)
    centre = learner.mean_of_all(longest)
    progress(0.1, "Learnt the mean image")
    length = learner.length("lengths", learner.vectors - centre, longest)
    means = centre + learner.means(learner.vectors - centre, length)
    progress(0.4, "Learnt mean images")
    apart = learner.vectors - means[learner.groups]
    reach = learner.length("distances", apart, 2 * longest)
    products, sigma = learner.products(apart, reach)
    progress(0.9, "Learnt how images vary")
    return Moments(means, _factors(products, learner.counts, sigma))


class _Learner:
    """The releases, one after the other."""

    def __init__(
        self, vectors: Floats, groups: NDArray[np.int64], counts: Floats, most_rows: int, budget: Budget, noise: Noise
    ) -> None:
        self.vectors, self.groups, self.counts = vectors, groups, counts
        self.most_rows, self.budget, self.noise = most_rows, budget, noise

    def mean_of_all(self, longest: float) -> Floats:
        summed, _ = self._summed("centre", _cut(self.vectors, longest), longest, "mean of all images")
        return np.asarray(summed / self.counts.sum(), np.float64)

    def length(self, name: str, vectors: Floats, longest: float) -> float:
        """A length that most of the vectors do not exceed."""
        ends = longest * 2.0 ** (np.arange(1 - BINS, 1) / PER_DOUBLING)
        place = np.minimum(np.searchsorted(ends, np.linalg.norm(vectors, axis=1)), BINS - 1)
        counted = np.bincount(place, minlength=BINS).astype(np.float64)
        mu = self.budget.share(SHARES[name])
        sigma = self.most_rows / mu
        self.budget.spend("images", f"histogram of the {name} of images", _mechanism(sigma), mu)
        noisy = self.noise.gaussian(counted, sigma=sigma, sensitivity=self.most_rows, what=name)
        held = np.where(noisy > SURE * sigma, noisy, 0.0).cumsum()
        if held[-1] <= 0:
            return longest
        return float(ends[int(np.searchsorted(held, UNCUT * held[-1]))])

    def means(self, vectors: Floats, length: float) -> Floats:
        summed = self._by_group(_cut(vectors, length))
        noisy, _ = self._released("means", summed, length, "sums of images by label")
        return np.asarray(noisy / self.counts[:, None], np.float64)

    def products(self, vectors: Floats, length: float) -> tuple[Floats, float]:
        """Sums of products of each group, symmetric, and the noise of an entry of the diagonal."""
        d = vectors.shape[1]
        upper = np.triu_indices(d)
        weight = np.where(upper[0] == upper[1], 1.0, np.sqrt(2.0))
        cut = _cut(vectors, length)
        summed = np.zeros((len(self.counts), len(weight)))
        for group in range(len(self.counts)):
            mine = cut[self.groups == group]
            summed[group] = _lattice_sum(mine, upper, weight)
        noisy, sigma = self._released("products", summed, length**2, "sums of products of images by label")
        made = np.zeros((len(self.counts), d, d))
        made[:, upper[0], upper[1]] = made[:, upper[1], upper[0]] = noisy / weight
        return made, sigma

    def _by_group(self, vectors: Floats) -> Floats:
        summed = np.zeros((len(self.counts), vectors.shape[1]))
        np.add.at(summed, self.groups, _on_lattice(vectors))
        return summed

    def _summed(self, name: str, vectors: Floats, length: float, what: str) -> tuple[Floats, float]:
        return self._released(name, _on_lattice(vectors).sum(axis=0), length, what)

    def _released(self, name: str, summed: Floats, sensitivity: float, what: str) -> tuple[Floats, float]:
        most = self.most_rows * sensitivity
        mu = self.budget.share(SHARES[name])
        sigma = most / mu
        self.budget.spend("images", what, _mechanism(sigma), mu)
        return self.noise.gaussian(summed, sigma=sigma, sensitivity=most, what=what), sigma


def _mechanism(sigma: float) -> str:
    return f"discrete Gaussian noise, standard deviation {sigma:.4g}"


def _cut(vectors: Floats, length: float) -> Floats:
    """Vectors that are no longer than this."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors * np.minimum(1.0, length / np.maximum(norms, 1e-12)), np.float64)


def _on_lattice(values: Floats) -> Floats:
    """Values on the lattice of 1 / STEPS, none farther from 0 than it was."""
    return np.asarray(np.trunc(values * STEPS) / STEPS, np.float64)


AT_ONCE = 20_000_000
"""Products that are held at once."""


def _lattice_sum(vectors: Floats, upper: tuple[NDArray[np.intp], ...], weight: Floats) -> Floats:
    """The sum over vectors of their products, each on the lattice."""
    total = np.zeros(len(weight))
    size = max(AT_ONCE // len(weight), 1)
    for at in range(0, len(vectors), size):
        some = vectors[at : at + size]
        total += _on_lattice(some[:, upper[0]] * some[:, upper[1]] * weight).sum(axis=0)
    return total


def _factors(products: Floats, counts: Floats, sigma: float) -> Floats:
    """A factor of each group's covariance, from noisy sums of products."""
    d = products.shape[1]
    apart = ~np.eye(d, dtype=bool)
    pooled = products.sum(axis=0) / counts.sum()
    made = []
    for group, n in zip(products, counts, strict=True):
        own = group / n
        noise = (sigma / n) ** 2 / 2
        total = float(((own - pooled)[apart] ** 2).mean()) if d > 1 else 0.0
        share = max(total - noise, 0.0) / total if total > 0 else 0.0
        spread = np.hypot(share * sigma / n, (1 - share) * sigma * np.sqrt(len(counts)) / counts.sum())
        made.append(_freed(share * own + (1 - share) * pooled, float(spread)))
    return np.stack(made)


def _freed(covariance: Floats, sigma: float) -> Floats:
    """The factor of a noisy covariance without what noise alone would give; `sigma` is that of an entry of the diagonal."""
    edge = 2 * np.sqrt(len(covariance) / 2) * sigma
    values, directions = np.linalg.eigh(covariance)
    above = values > edge
    kept = np.where(above, (values + np.sqrt(np.where(above, values**2 - edge**2, 0.0))) / 2, 0.0)
    return np.asarray(directions * np.sqrt(np.maximum(kept, 0.0)), np.float64)


def labels_of(names: Sequence[str], cells: Sequence[object]) -> NDArray[np.int64]:
    """The place of each cell among names; -1 for others."""
    place = {name: i for i, name in enumerate(names)}
    return np.array([place.get(str(cell), -1) for cell in cells], np.int64)
