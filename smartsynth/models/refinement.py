"""Density-ratio refinement: makes the rows of any generator more like the real ones by choosing among them.

A classifier that tells real rows from generated ones knows their density ratio r(x) = p_real(x) / p_generated(x) =
exp(log-odds) (Sugiyama, Suzuki & Kanamori 2012). Drawing more rows than needed and keeping them with probability
proportional to r corrects the generator wherever the classifier can see it; a few rounds, each against the rows that
the rounds before would keep, correct what is left (cf. Azadi et al. 2019, discriminator rejection sampling).

A bounded pool cannot give every row all the weight that it ought to have, and what is cut off would bend the columns'
distributions. Raking (iterative proportional fitting, Deming & Stephan 1940) brings the weighted shares of each column's
codes back to those of the real rows; it costs no closeness, because it knows one column at a time.

The classifiers are learnt once, at fit time, each on freshly drawn rows, so that no generated row is judged by a
classifier that has seen it, and sampling needs no real row. Real and generated rows used are bounded in number, so time
and memory are too, however large the table. Where the table has more rows than that, some of the others judge each round:
one that does not help to tell them from generated rows is dropped, and is the last.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from smartsynth.models.autoregression import CodeColumn, Codes
from smartsynth.models.boosting import FlatTrees, Training, flatten, train
from smartsynth.models.scores import Scores
from smartsynth.models.soundness import check_codes
from smartsynth.progress import Note, Progress, part, silent

MAX_RATIO = 8.0
"""A row's weight is at most so many times the mean weight; a cap keeps single rows from deciding a region."""
MOST_REAL = 60_000
MOST_MADE = 200_000
MADE_PER_REAL = 12
REAL_PER_LEAF = 400
"""Classifiers of a small table have fewer leaves, so that they do not learn single rows."""
LEAST_POOL_IN_FIT = 2.0
JUDGES = 40_000
WORTHWHILE = 0.9985
"""A round must leave at most so many bits open; 0.9985 is about a detection AUC of 0.525."""
LEAST_POOL, MOST_POOL = 1.5, 4.0
RAKINGS = 3
MOST_STEP = 4.0
SPARE = 1.1
"""So many rows are chosen for each that is kept where rows are put in a balanced order."""


class Refinement:
    """Log density ratios as a sum of boosters, one booster per round.

    Args:
        trees: The boosters.
        shares: For each column the share of real rows that each code has; empty if rows are not raked.
        components: Principal components of the numeric columns, which boosters may split on after the columns.
        pool: Rows that are drawn for each row that is kept.
        losses: What the classifier of each round left open, in bits, on rows that it had not seen; 1 if it could not
            tell real from generated rows. The round of the last one was dropped if there are more than rounds. Empty if
            no rows were left to judge.
    """

    def __init__(
        self,
        trees: FlatTrees,
        shares: Sequence[NDArray[np.float64]] = (),
        components: Scores | None = None,
        pool: float = 1.0,
        losses: Sequence[float] = (),
    ) -> None:
        self.trees = trees
        self.shares = shares
        self.components = components
        self.pool = pool
        self.losses = tuple(losses)

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
        judged: bool = False,
        most_pool: float = MOST_POOL,
        made_per_real: int = MADE_PER_REAL,
    ) -> Self:
        """Learn what `draw(n, rng, progress)` still does wrong about the `real` rows (columns × rows of codes).

        Args:
            real: Columns × rows of codes.
            draw: Makes rows of codes.
            columns: What the codes are.
            rounds: Most rounds.
            how: How classifiers are trained.
            rng: Draws everything.
            threads: Threads to train with.
            progress: Called with the share done; may raise `Cancelled`.
            judged: Whether a part of the rows judges the rounds however few there are; only many rows do otherwise.
            most_pool: Most rows drawn for each row that is kept.
            made_per_real: Generated rows per real row that a classifier learns from, as long as they are not too many.

        Reports after each tree the classifier's log loss on the rows that it learns from: 1 bit if it cannot tell the two
        kinds apart.
        """
        categorical = [i for i, column in enumerate(columns) if column.is_categorical]
        shares = [np.bincount(row, minlength=c.n_codes) / len(row) for row, c in zip(real, columns, strict=True)]
        real, judges = _bounded(real, rng, judged) if rounds else (real, None)
        n_made = min(made_per_real * real.shape[1], max(MOST_MADE, 3 * real.shape[1]))
        leaves = int(np.clip(real.shape[1] // REAL_PER_LEAF, min(4, how.num_leaves), how.num_leaves))
        how = replace(how, num_leaves=leaves)
        boosters: list[str] = []
        losses: list[float] = []
        components = Scores.components(real, columns) if rounds else None
        refinement = cls(flatten(boosters), shares, components)
        plain = draw(min(n_made, MOST_REAL), rng, silent) if rounds else real
        for i in range(rounds):
            report = part(progress, i / rounds, (i + 1) / rounds)
            made = refinement.drawn(draw, n_made, rng, part(report, 0.0, 0.4))
            X = refinement.seen(np.concatenate([real, made], axis=1)).T.astype(np.float32, order="F")
            y = np.r_[np.ones(real.shape[1]), np.zeros(n_made)]
            weight = np.where(y == 1, n_made / real.shape[1], 1.0)
            watch = _watched(f"Refining, round {i + 1} of {rounds}", how.rounds, part(report, 0.4, 1.0))
            many = threads if X.size > 10**6 else 1
            booster = train(X, y, weight=weight, categorical=categorical, how=how, rng=rng, threads=many, watch=watch)
            if judges is not None:
                fresh = refinement.drawn(draw, judges.shape[1], rng, silent)
                losses.append(_loss(cls(flatten([booster]), (), components), judges, fresh))
                if losses[-1] >= WORTHWHILE:
                    break
                if len(losses) > 1 and losses[-1] < losses[-2]:
                    boosters.pop()  # the round before made the rows easier to tell
                    break
            boosters.append(booster)
            refinement = cls(flatten(boosters), shares, components)
            refinement.pool = _pool(refinement.ratio(plain), most_pool)
        if refinement.n_rounds > len(boosters):
            refinement = cls(flatten(boosters), shares, components)
            if boosters:
                refinement.pool = _pool(refinement.ratio(plain), most_pool)
        refinement.losses = tuple(losses)
        progress(1.0, "Refined")
        return refinement

    def drawn(
        self,
        draw: Callable[[int, np.random.Generator, Progress], Codes],
        n: int,
        rng: np.random.Generator,
        progress: Progress,
    ) -> Codes:
        """`n` rows that the rounds so far would keep."""
        if not self.n_rounds:
            return draw(n, rng, progress)
        pool = draw(math.ceil(max(self.pool, LEAST_POOL_IN_FIT) * n), rng, progress)
        return pool[:, self.choose(pool, n, rng)]

    @property
    def n_rounds(self) -> int:
        return len(self.trees.tree_of_booster) - 1

    def seen(self, codes: Codes) -> NDArray[np.uint16]:
        """What boosters see of rows: their codes, and the bins of their components below them."""
        return codes if self.components is None else np.concatenate([codes, self.components.bins(codes)])

    def log_ratio(self, codes: Codes) -> NDArray[np.float64]:
        """Log density ratio of each row of columns × rows, up to a constant."""
        from smartsynth.models.kernels import score_rows

        out = np.zeros(codes.shape[1])
        if self.n_rounds:
            seen = self.seen(codes)
            check_codes(self.trees, seen)
            score_rows(seen, out, *self.trees)
        return out

    def ratio(self, codes: Codes) -> NDArray[np.float64]:
        """Density ratio of each row, 1 on average over these rows, capped."""
        log_ratio = self.log_ratio(codes)
        ratio = np.exp(log_ratio - np.median(log_ratio))
        for _ in range(3):
            ratio = np.minimum(ratio / ratio.mean(), MAX_RATIO)
        return np.asarray(ratio / ratio.mean())

    def capped(self, codes: Codes) -> NDArray[np.float64]:
        """Log density ratio of each row, 0 for the median one, at most the log of MAX_RATIO."""
        log_ratio = self.log_ratio(codes)
        return np.minimum(log_ratio - np.median(log_ratio), np.log(MAX_RATIO))

    def choose(self, codes: Codes, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """Places of `n` different rows, ascending, drawn with probabilities proportional to their raked density ratio."""
        most = codes.shape[1] / n
        return systematic(self._raked(codes, np.minimum(self.ratio(codes), most), most), n, rng)

    def balanced(
        self, pools: Sequence[Codes], n: int, columns: Sequence[CodeColumn], rngs: Sequence[np.random.Generator]
    ) -> list[NDArray[np.int64]]:
        """Places of `n` rows of each pool as `choose` would draw them, in an order of which every beginning is balanced.

        Pools are of one size, some more than `n`; the more, the better the last rows can be balanced too.
        """
        from smartsynth.models.herding import Herd

        some = min(math.ceil(SPARE * n), pools[0].shape[1])
        chosen = [self.choose(pool, some, rng) for pool, rng in zip(pools, rngs, strict=True)]
        if not columns:
            return [places[:n] for places in chosen]
        seeds = np.array([rng.integers(2**63) for rng in rngs], dtype=np.uint64)
        blocks = [pool[:, places] for pool, places in zip(pools, chosen, strict=True)]
        orders = Herd(columns, self.shares).orders(blocks, n, seeds)
        return [places[order] for places, order in zip(chosen, orders, strict=True)]

    def _raked(self, codes: Codes, weight: NDArray[np.float64], most: float) -> NDArray[np.float64]:
        """Weights under which each column's codes have their shares, none above `most` times the mean."""
        for _ in range(RAKINGS):
            for row, share in zip(codes, self.shares, strict=True):
                now = np.bincount(row, weight, minlength=len(share)) / weight.sum()
                step = np.divide(share, now, out=np.ones(len(share)), where=now > 0)
                weight = weight * np.clip(step, 1 / MOST_STEP, MOST_STEP)[row]
            weight = np.minimum(weight, most * weight.mean())
        return weight

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The refinement as arrays by name."""
        shares = {f"share{i}": share for i, share in enumerate(self.shares)}
        parts = {} if self.components is None else self.components.arrays()
        components = {f"component.{name}": array for name, array in parts.items()}
        return dict(self.trees._asdict()) | shares | components | {"pool": np.array([self.pool])}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        shares = [arrays[f"share{i}"] for i in range(sum(name.startswith("share") for name in arrays))]
        parts = {name.removeprefix("component."): a for name, a in arrays.items() if name.startswith("component.")}
        components = Scores.from_arrays(parts) if parts else None
        return cls(FlatTrees.from_arrays(arrays), shares, components, float(arrays["pool"][0]))


def systematic(weight: NDArray[np.float64], n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Places of `n` different rows, ascending, with probabilities proportional to their weights where these allow it.

    Systematic sampling in random order (Madow 1949): a row's probability is exactly n · weight / sum, at most 1.
    """
    chance = weight * (n / weight.sum())
    for _ in range(20):
        full = chance >= 1.0
        if not full.any():
            break
        rest = chance[~full].sum()
        chance = np.where(full, 1.0, chance * ((n - full.sum()) / rest if rest > 0 else 1.0))
        if chance.max() <= 1.0 + 1e-9:
            break
    order = rng.permutation(len(chance))
    ends = np.cumsum(np.minimum(chance[order], 1.0))
    places = np.searchsorted(ends, (rng.random() + np.arange(n)) * (ends[-1] / n), side="right")
    return np.sort(order[np.minimum(places, len(order) - 1)])


def _bounded(real: Codes, rng: np.random.Generator, judged: bool) -> tuple[Codes, Codes | None]:
    """At most MOST_REAL of the rows to learn from, and rows to judge by if there are enough others or it must be."""
    n = real.shape[1]
    order = rng.permutation(n) if judged or n > MOST_REAL else np.arange(n)
    if judged and n < MOST_REAL + JUDGES:
        few = min(max(n // 5, 1), JUDGES)
        return real[:, np.sort(order[few : few + MOST_REAL])], real[:, np.sort(order[:few])]
    if n <= MOST_REAL:
        return real, None
    judges = order[MOST_REAL : MOST_REAL + JUDGES] if n >= MOST_REAL + JUDGES else None
    return real[:, np.sort(order[:MOST_REAL])], None if judges is None else real[:, np.sort(judges)]


def _loss(refinement: Refinement, real: Codes, made: Codes) -> float:
    """Log loss in bits of telling as many real from made rows; 1 if it is no better than a guess."""
    odds = refinement.log_ratio(real), refinement.log_ratio(made)
    return float((np.logaddexp(0, -odds[0]).mean() + np.logaddexp(0, odds[1]).mean()) / 2 / np.log(2))


def _pool(ratio: NDArray[np.float64], most: float) -> float:
    """Rows to draw per row to keep: as many as the highest ratios ask for, in steps of a quarter."""
    return float(np.clip(np.ceil(4 * np.quantile(ratio, 0.99)) / 4, LEAST_POOL, most))


def _watched(message: str, most_trees: int, progress: Progress) -> Callable[[float], None]:
    """Passes on the loss after each tree. Training mostly stops long before `most_trees`: the first ones count most."""
    trees = 0

    def watch(loss: float) -> None:
        nonlocal trees
        trees += 1
        progress(1.0 - (1.0 - trees / most_trees) ** 3, Note(message, {"bits to tell real from made": loss}))

    return watch
