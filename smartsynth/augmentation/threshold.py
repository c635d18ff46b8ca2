"""Probabilities with a moved threshold: what anybody can do about decisions, without a row more.

    two classes     the cut-off that is best for the measure, found on predictions of training rows by models that have not seen
                    them (cross-validation inside the training rows); the usual one of two that are equally good
    more classes    for balanced accuracy probabilities are divided by the shares of the classes, which is best for it if they are
                    right; for other measures there is no such rule

Sources: Elkan 2001, "The foundations of cost-sensitive learning", IJCAI, for the shares; Lipton, Elkan & Naryanaswamy 2014,
"Optimal thresholding of classifiers to maximize F1 measure", ECML, for cut-offs that depend on the measure.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from smartsynth.augmentation.learners import Learner, Table
from smartsynth.augmentation.measures import Chances, Measure

FOLDS = 5
MOST_CUTS = 200
USUAL = 0.5
_EDGE = 1e-9


def can_move(task: str, measure: Measure) -> bool:
    """Whether there is a threshold to move for a measure."""
    return measure.decides and (task == "binary" or measure.key == "balanced_accuracy")


def moved(
    chances: Chances, train: Table, learner: Learner, measure: Measure, rare: int, *, seed: int
) -> NDArray[np.float64]:
    """Probabilities whose likeliest class is the decision with the threshold moved.

    Args:
        chances: Of test rows, by the model trained on `train`.
        train: The real training rows.
        learner: The kind of model.
        measure: What the threshold shall be good for.
        rare: Code of the class to find.
        seed: Of the division of the training rows and of models.
    """
    if learner.classes > 2:
        return by_shares(chances, train.y)
    return at_cut(chances, best_cut(train, learner, measure, rare, seed=seed), rare)


def by_shares(chances: Chances, y: NDArray[np.int64]) -> NDArray[np.float64]:
    """Probabilities as if all classes were equally frequent."""
    shares = np.bincount(y, minlength=chances.shape[1]) / len(y)
    odds = chances / np.where(shares > 0, shares, 1.0)
    return np.asarray(odds / odds.sum(1, keepdims=True), dtype=np.float64)


def at_cut(chances: Chances, cut: float, rare: int) -> NDArray[np.float64]:
    """Probabilities in the same order in which the class to find is the likeliest above a cut-off."""
    hit = chances[:, rare]
    up, down = hit * (1 - cut), (1 - hit) * cut
    found = np.empty_like(chances)
    found[:, rare] = up / (up + down)
    found[:, 1 - rare] = 1 - found[:, rare]
    return found


def best_cut(train: Table, learner: Learner, measure: Measure, rare: int, *, seed: int) -> float:
    """The cut-off of two classes that is best for a measure inside the training rows; the usual one if a class is too rare to look."""
    folds = min(FOLDS, int(np.bincount(train.y, minlength=2).min()))
    if folds < 2:
        return USUAL
    seen = _unseen_chances(train, learner, folds, seed)
    cuts = _cuts(seen[:, rare])
    values = np.array([measure.of(train.y, at_cut(seen, cut, rare), rare) for cut in cuts])
    best = cuts[values >= values.max() - 1e-12]
    return float(best[np.abs(best - USUAL).argmin()])


def _unseen_chances(train: Table, learner: Learner, folds: int, seed: int) -> NDArray[np.float64]:
    """Probabilities of each training row by a model that was trained on others."""
    from sklearn.model_selection import StratifiedKFold

    found = np.zeros((len(train), learner.classes))
    splitter = StratifiedKFold(folds, shuffle=True, random_state=seed % 2**32)
    for i, (known, unknown) in enumerate(splitter.split(train.X, train.y)):
        found[unknown] = learner.predict(train.take(known), train.X[unknown], seed=(seed + i) % 2**31)
    return found


def _cuts(hit: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cut-offs to try: the usual one, and those between probabilities that occur, at most so many."""
    held = np.unique(np.clip(hit, _EDGE, 1 - _EDGE))
    between = (held[1:] + held[:-1]) / 2
    if len(between) > MOST_CUTS:
        between = np.unique(np.quantile(between, np.linspace(0, 1, MOST_CUTS)))
    return np.append(between, USUAL)
