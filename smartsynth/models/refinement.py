"""Density-ratio refinement: makes the rows of any generator more like the real ones by choosing among them.

A classifier that tells real rows from generated ones knows their density ratio r(x) = p_real(x) / p_generated(x) =
exp(log-odds) (Sugiyama, Suzuki & Kanamori 2012). Drawing more rows than needed and keeping them with probability
proportional to r corrects the generator wherever the classifier can see it; a few rounds, each against the rows that
the rounds before would keep, correct what is left (cf. Azadi et al. 2019, discriminator rejection sampling).

The classifiers are learnt once, at fit time, each on freshly drawn rows, so that no generated row is judged by a
classifier that has seen it, and sampling needs no real row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from smartsynth.models.autoregression import CodeColumn, Codes
from smartsynth.models.boosting import FlatTrees, Training, flatten, train
from smartsynth.progress import Note, Progress, part

MAX_RATIO = 4.0
"""A row's weight is at most so many times the mean weight; a cap keeps single rows from deciding a region."""


class Refinement:
    """Log density ratios as a sum of boosters, one booster per round."""

    def __init__(self, trees: FlatTrees) -> None:
        self.trees = trees

    @classmethod
    def fit(
        cls,
        real: Codes,
        draw: Callable[[int, np.random.Generator, Progress], Codes],
        columns: Sequence[CodeColumn],
        *,
        rounds: int,
        how: Training,
        rng: np.random.Generator,
        threads: int,
        progress: Progress,
    ) -> Self:
        """Learn what `draw(n, rng, progress)` still does wrong about the `real` rows.

        Reports after each tree the classifier's log loss on held-out rows: 1 bit if it cannot tell the two kinds apart.
        """
        categorical = [i for i, column in enumerate(columns) if not column.ordered and column.n_codes > 2]
        boosters: list[str] = []
        refinement = cls(flatten(boosters))
        for i in range(rounds):
            report = part(progress, i / rounds, (i + 1) / rounds)
            made = draw(3 * len(real) if i else len(real), rng, part(report, 0.0, 0.6))
            if i:
                made = refinement.choose(made, len(real), rng)
            X = np.concatenate([real, made]).astype(np.float32)
            y = np.r_[np.ones(len(real)), np.zeros(len(made))]
            watch = _watched(f"Refining, round {i + 1} of {rounds}", how.rounds, part(report, 0.6, 1.0))
            many = threads if X.size > 10**6 else 1
            boosters.append(train(X, y, categorical=categorical, how=how, rng=rng, threads=many, watch=watch))
            refinement = cls(flatten(boosters))
            report(1.0, f"Refining, round {i + 1} of {rounds}")
        return refinement

    @property
    def n_rounds(self) -> int:
        return len(self.trees.tree_of_booster) - 1

    def log_ratio(self, codes: Codes) -> NDArray[np.float64]:
        """Log density ratio of each row, up to a constant."""
        from smartsynth.models.kernels import score_rows

        out = np.zeros(len(codes))
        columns = np.arange(codes.shape[1], dtype=np.int32)
        for booster in range(self.n_rounds):
            score_rows(codes, columns, booster, out, *self.trees)
        return out

    def choose(self, codes: Codes, n: int, rng: np.random.Generator) -> Codes:
        """`n` of the rows, drawn without replacement with probabilities proportional to their density ratio."""
        log_ratio = self.log_ratio(codes)
        ratio = np.exp(log_ratio - np.median(log_ratio))
        ratio = np.minimum(ratio, MAX_RATIO * ratio.mean())
        # Efraimidis & Spirakis 2006: the n largest u^(1/w) are a weighted sample without replacement.
        key = np.log(rng.random(len(codes))) / np.maximum(ratio, 1e-12)
        chosen = np.argpartition(-key, n - 1)[:n]
        return codes[np.sort(chosen)]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The refinement as arrays by name."""
        return dict(self.trees._asdict())

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        return cls(FlatTrees.from_arrays(arrays))


def _watched(message: str, most_trees: int, progress: Progress) -> Callable[[float], None]:
    """Passes on the loss after each tree. Training mostly stops long before `most_trees`: the first ones count most."""
    trees = 0

    def watch(loss: float) -> None:
        nonlocal trees
        trees += 1
        progress(1.0 - (1.0 - trees / most_trees) ** 3, Note(message, {"bits to tell real from made": loss}))

    return watch
