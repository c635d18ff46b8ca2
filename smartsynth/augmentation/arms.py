"""Ways to train on the same real rows: with synthetic rows, and what else people do about a rare class.

    nothing        the real rows alone: the yardstick of all the others
    augmented      the real rows and synthetic rows learnt from them
    weights        each class weighs the same in the loss
    threshold      as `nothing`, but a class is chosen by the threshold that is best for the measure (threshold.py)
    random         real rows drawn again, as many of each class as synthetic ones are added
    smote          SMOTE (numbers only) or SMOTENC, of imbalanced-learn: points between neighbours of a class, whose numbers
                   are standardised by the real training rows for the distance and put back to their own scale

Source: Chawla et al. 2002, "SMOTE: synthetic minority over-sampling technique", JAIR 16.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from smartsynth.augmentation.learners import Table
from smartsynth.augmentation.measures import Measure
from smartsynth.augmentation.strategy import Strategy
from smartsynth.augmentation.threshold import can_move

NOTHING, AUGMENTED, WEIGHTS, THRESHOLD, RANDOM, SMOTE = (
    "nothing", "augmented", "weights", "threshold", "random", "smote",
)  # fmt: skip
TITLES = {
    NOTHING: "doing nothing",
    AUGMENTED: "synthetic rows",
    WEIGHTS: "class weights",
    THRESHOLD: "a moved threshold",
    RANDOM: "random oversampling",
    SMOTE: "SMOTE",
}
NEIGHBOURS = 5


@dataclass(frozen=True, slots=True)
class Arm:
    """A way to train.

    Args:
        key: Its name.
        rows: The rows to train on, of real rows, synthetic rows and random numbers.
        weighted: Whether each class weighs the same.
        moved: Whether a class is chosen by a moved threshold.
    """

    key: str
    rows: Callable[[Table, Table, np.random.Generator], Table]
    weighted: bool = False
    moved: bool = False

    @property
    def title(self) -> str:
        return TITLES[self.key]


def arms_of(task: str, measure: Measure, strategy: Strategy) -> tuple[tuple[Arm, ...], tuple[str, ...]]:
    """The ways to compare, doing nothing first and synthetic rows second, and why some are left out."""
    arms = [Arm(NOTHING, lambda real, made, rng: real), Arm(AUGMENTED, lambda real, made, rng: real.with_rows(made))]
    left: list[str] = []
    if task != "regression":
        arms.append(Arm(WEIGHTS, lambda real, made, rng: real, weighted=True))
        if can_move(task, measure):
            arms.append(Arm(THRESHOLD, lambda real, made, rng: real, moved=True))
        elif measure.decides:
            left.append(
                f"A moved threshold was left out: of more than two classes there is none that is best for {measure.title}."
            )
    arms.append(Arm(RANDOM, lambda real, made, rng: _again(real, _as_many(real, made, strategy), rng)))
    if task != "regression" and strategy.kind != "grow":
        if find_spec("imblearn") is None:
            left.append("SMOTE was left out: it needs an optional dependency: pip install 'smartsynth[imblearn]'")
        else:
            arms.append(Arm(SMOTE, lambda real, made, rng: _smote(real, _as_many(real, made, strategy), rng)))
    return tuple(arms), tuple(left)


def _as_many(real: Table, made: Table, strategy: Strategy) -> dict[int, int]:
    """Rows that others add of each class: as many as synthetic ones; where those are chosen, so many that classes are balanced.

    Of a number there is one class, 0.
    """
    if made.y.dtype.kind == "f":
        return {0: len(made)}
    if strategy.kind == "auto":
        counts = {str(k): int(n) for k, n in zip(*np.unique(real.y, return_counts=True), strict=True)}
        return {int(k): n for k, n in Strategy("balance").added(counts).items()}
    return {int(k): int(n) for k, n in zip(*np.unique(made.y, return_counts=True), strict=True) if (real.y == k).any()}


def _again(real: Table, wanted: Mapping[int, int], rng: np.random.Generator) -> Table:
    """Real rows, and some of them again."""
    numbers = real.y.dtype.kind == "f"
    picks = [rng.choice(np.arange(len(real)) if numbers else np.flatnonzero(real.y == k), n) for k, n in wanted.items()]
    return real.with_rows(real.take(np.concatenate(picks))) if picks else real


def _smote(real: Table, added: Mapping[int, int], rng: np.random.Generator) -> Table:
    """Real rows and points between them."""
    from imblearn import over_sampling

    wanted = {k: n + int((real.y == k).sum()) for k, n in added.items()}
    if not wanted:
        return real
    fewest = min(int((real.y == k).sum()) for k in wanted)
    usual = {
        "sampling_strategy": wanted, "random_state": int(rng.integers(2**31)), "k_neighbors": max(min(NEIGHBOURS, fewest - 1), 1),
    }  # fmt: skip
    X, names = _filled(real), real.categorical
    middle, spread = _scale(X, real.numeric)
    X = (X - middle) / spread
    if not names:
        sampler = over_sampling.SMOTE(**usual)
    elif len(names) == X.shape[1]:
        sampler = over_sampling.SMOTEN(**usual)
    else:
        sampler = over_sampling.SMOTENC(names, **usual)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        points, y = sampler.fit_resample(X, real.y)
    return Table(np.concatenate([real.X, points[len(real) :] * spread + middle]), np.asarray(y), real.numeric)


def _scale(X: NDArray[np.float64], numeric: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation of each number, so that all count alike in a distance; codes stay what they are."""
    middle, spread = np.zeros(X.shape[1]), np.ones(X.shape[1])
    middle[:numeric] = X[:, :numeric].mean(0)
    found = X[:, :numeric].std(0)
    spread[:numeric] = np.where(found > 0, found, 1.0)
    return middle, spread


def _filled(table: Table) -> NDArray[np.float64]:
    """The matrix with missing numbers as medians, since SMOTE measures distances."""
    X = table.X.copy()
    for j in range(table.numeric):
        lost = np.isnan(X[:, j])
        if lost.any():
            X[lost, j] = 0.0 if lost.all() else np.nanmedian(X[:, j])
    return X
