"""How good predictions are on real rows, higher being better unless said otherwise.

    threshold-free   average_precision, roc_auc, log_loss (lower), r2, mae (lower)
    of decisions     balanced_accuracy, f1, accuracy: the class with the highest probability is the answer

Of two classes the rarer one is the one to find: average_precision and f1 are about it. Of more classes, average_precision,
roc_auc and f1 are the plain mean over the classes, each against the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartsynth.errors import ConfigError, did_you_mean
from smartsynth.metrics.utility import r_squared

Chances = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure of predictions.

    Args:
        key: Its name in settings.
        title: Its name in sentences.
        of: Function of true codes (or numbers), predictions, and the code of the class to find.
        lower: Whether lower is better.
        decides: Whether only the class with the highest probability counts, so that moving the threshold moves it.
    """

    key: str
    title: str
    of: Callable[[NDArray[Any], Chances, int], float]
    lower: bool = False
    decides: bool = False

    def gain(self, value: NDArray[np.float64], base: NDArray[np.float64]) -> NDArray[np.float64]:
        """How much better than a base, fold by fold."""
        return base - value if self.lower else value - base


def _each(y: NDArray[Any], chances: Chances, measure: Callable[[Any, Any], float]) -> float:
    """The mean over the classes that occur, each against the rest."""
    present = [k for k in range(chances.shape[1]) if 0 < np.mean(y == k) < 1]
    return float(np.mean([measure(y == k, chances[:, k]) for k in present])) if present else float("nan")


def _average_precision(y: NDArray[Any], chances: Chances, rare: int) -> float:
    from sklearn.metrics import average_precision_score

    if chances.shape[1] > 2:
        return _each(y, chances, average_precision_score)
    return float(average_precision_score(y == rare, chances[:, rare]))


def _roc_auc(y: NDArray[Any], chances: Chances, rare: int) -> float:
    from smartsynth.metrics.detection import auc

    if chances.shape[1] > 2:
        return _each(y, chances, auc)
    return float(auc(y == rare, chances[:, rare]))


def _log_loss(y: NDArray[Any], chances: Chances, rare: int) -> float:
    kept = np.clip(chances / chances.sum(1, keepdims=True), 1e-15, 1.0)
    return float(-np.log(kept[np.arange(len(y)), y]).mean())


def _balanced_accuracy(y: NDArray[Any], chances: Chances, rare: int) -> float:
    guess = chances.argmax(1)
    return float(np.mean([(guess[y == k] == k).mean() for k in np.unique(y)]))


def _f1(y: NDArray[Any], chances: Chances, rare: int) -> float:
    from sklearn.metrics import f1_score

    guess = chances.argmax(1)
    if chances.shape[1] > 2:
        return float(f1_score(y, guess, average="macro", labels=np.unique(y), zero_division=0.0))
    return float(f1_score(y == rare, guess == rare, zero_division=0.0))


MEASURES = {
    measure.key: measure
    for measure in (
        Measure("average_precision", "average precision", _average_precision),
        Measure("roc_auc", "ROC AUC", _roc_auc),
        Measure("balanced_accuracy", "balanced accuracy", _balanced_accuracy, decides=True),
        Measure("f1", "F1", _f1, decides=True),
        Measure("accuracy", "accuracy", lambda y, p, rare: float((p.argmax(1) == y).mean()), decides=True),
        Measure("log_loss", "log loss", _log_loss, lower=True),
        Measure("r2", "R²", lambda y, p, rare: r_squared(y, p)),
        Measure("mae", "mean absolute error", lambda y, p, rare: float(np.abs(y - p).mean()), lower=True),
    )
}
OF_NUMBERS = ("r2", "mae")
DEFAULT = {"binary": "average_precision", "multiclass": "roc_auc", "regression": "r2"}


def measures_of(task: str) -> tuple[Measure, ...]:
    """All measures of a task."""
    return tuple(m for m in MEASURES.values() if (m.key in OF_NUMBERS) is (task == "regression"))


def measure_of(name: str, task: str) -> Measure:
    """The measure of a name; `auto` is average precision for two classes, the mean ROC AUC for more, R² for numbers.

    Raises:
        ConfigError: There is no such measure for the task.
    """
    known = [measure.key for measure in measures_of(task)]
    name = DEFAULT[task] if name == "auto" else name
    if name not in known:
        raise ConfigError(
            f"metric={name!r} is not a measure of a {task} target.{did_you_mean(name, known)} Use auto, {', '.join(known)}."
        )
    return MEASURES[name]
