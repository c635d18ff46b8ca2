"""Train on synthetic, test on real: how useful rows are for the models that people build from them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.metrics.detection import MOST_LEVELS, auc
from smartsynth.metrics.rows import Layout, Rows, filled

BOOTSTRAPS = 200
MOST_CLASSES = 50
Metric = Callable[[NDArray[Any], NDArray[Any]], float]


@dataclass(frozen=True, slots=True)
class Task:
    """What is predicted from what.

    Args:
        target: Name of the target column.
        kind: `binary`, `multiclass` or `regression`.
        column: Its place among the numeric or categorical columns.
        classes: Number of classes; 0 for a regression.
    """

    target: str
    kind: str
    column: int
    classes: int


def task_of(layout: Layout, target: str, train: Rows, holdout: Rows) -> Task | str:
    """The task of a target column, or why there is none."""
    if len(layout.numeric) + len(layout.categorical) < 2:
        return f"the target {target!r} is the only modelled column."
    if target in layout.categorical:
        j = layout.categorical.index(target)
        classes = np.unique(train.codes[:, j])
        if len(classes) < 2 or len(np.unique(holdout.codes[:, j])) < 2:
            return f"the target {target!r} has a single class in the training or the holdout rows."
        if len(classes) > MOST_CLASSES:
            return f"the target {target!r} has {len(classes)} classes; at most {MOST_CLASSES} are scored."
        return Task(target, "binary" if len(layout.levels[j]) == 2 else "multiclass", j, len(layout.levels[j]))
    if target in layout.numeric:
        j = layout.numeric.index(target)
        if np.nanstd(train.numbers[:, j]) == 0 or np.nanstd(holdout.numbers[:, j]) == 0:
            return f"the target {target!r} does not vary."
        return Task(target, "regression", j, 0)
    return f"the target {target!r} is not a modelled column."


def metrics_of(task: Task) -> dict[str, Metric]:
    """The measures of a task by name: functions of true values and predictions (scores per class, or numbers)."""
    if task.kind == "regression":
        return {"R2": r_squared, "MAE": lambda y, p: float(np.abs(y - p).mean())}
    return {"AUC": _auc, "accuracy": lambda y, p: float((p.argmax(1) == y).mean()), "F1": macro_f1}


def r_squared(y: NDArray[Any], predicted: NDArray[Any]) -> float:
    """Coefficient of determination: 1 is perfect, 0 no better than the mean."""
    spread = ((y - y.mean()) ** 2).sum()
    return float(1 - ((y - predicted) ** 2).sum() / spread) if spread > 0 else float("nan")


def macro_f1(y: NDArray[Any], scores: NDArray[Any]) -> float:
    """F1 averaged over the classes that occur: harmonic mean of precision and recall."""
    guess = scores.argmax(1)
    found = []
    for k in np.unique(y):
        hits = float(((guess == k) & (y == k)).sum())
        found.append(2 * hits / max(float((guess == k).sum() + (y == k).sum()), 1.0))
    return float(np.mean(found))


def _auc(y: NDArray[Any], scores: NDArray[Any]) -> float:
    """AUC of the second class, or the mean of one class against the rest."""
    classes = np.unique(y)
    if scores.shape[1] == 2:
        return auc(y == 1, scores[:, 1])
    return float(np.mean([auc(y == k, scores[:, k]) for k in classes if 0 < (y == k).mean() < 1]))


def features(rows: Rows, layout: Layout, task: Task) -> tuple[NDArray[np.float64], NDArray[Any], list[int]]:
    """Features, target values and the places of categorical features; rows without a target are left out."""
    numbers, codes = rows.numbers, rows.codes
    if task.kind == "regression":
        y: NDArray[Any] = numbers[:, task.column]
        numbers = np.delete(numbers, task.column, axis=1)
        levels = [len(names) for names in layout.levels]
    else:
        y = codes[:, task.column]
        codes = np.delete(codes, task.column, axis=1)
        levels = [len(names) for j, names in enumerate(layout.levels) if j != task.column]
    known = ~np.isnan(y.astype(float))
    categorical = [numbers.shape[1] + j for j, n in enumerate(levels) if n < MOST_LEVELS]
    return np.c_[numbers, codes][known].astype(float), y[known], categorical


def boosted(task: Task, categorical: list[int], seed: int) -> Callable[..., NDArray[Any]]:
    """LightGBM: a function of training features, target and test features."""
    params: dict[str, Any] = {"learning_rate": 0.05, "num_leaves": 31, "verbosity": -1, "seed": seed}
    params |= {"num_threads": 1, "deterministic": True, "force_col_wise": True}
    params["objective"] = {"binary": "binary", "multiclass": "multiclass", "regression": "regression"}[task.kind]
    if task.kind == "multiclass":
        params["num_class"] = task.classes

    def run(X: NDArray[Any], y: NDArray[Any], test: NDArray[Any]) -> NDArray[Any]:
        import lightgbm

        data = lightgbm.Dataset(X, y, categorical_feature=categorical, params=params)
        guess = np.asarray(lightgbm.train(params, data, 200).predict(test, num_threads=1))
        return np.c_[1 - guess, guess] if task.kind == "binary" else guess

    return run


def linear(task: Task, layout: Layout, by: NDArray[Any], n_numeric: int) -> Callable[..., NDArray[Any]]:
    """Logistic or ridge regression on standardised numbers and one-hot categories (scales from `by`)."""

    def wide(X: NDArray[Any]) -> NDArray[Any]:
        numbers = filled(X[:, :n_numeric], by[:, :n_numeric])
        base = filled(by[:, :n_numeric], by[:, :n_numeric])
        spread = base.std(0)
        parts = [(numbers - base.mean(0)) / np.where(spread > 0, spread, 1.0)]
        for j in range(n_numeric, X.shape[1]):
            values, counts = np.unique(by[:, j], return_counts=True)
            parts.append((X[:, [j]] == values[np.argsort(-counts)[:50]]).astype(float))
        return np.asarray(np.clip(np.concatenate(parts, axis=1), -10, 10))

    def run(X: NDArray[Any], y: NDArray[Any], test: NDArray[Any]) -> NDArray[Any]:
        from sklearn.linear_model import LogisticRegression, Ridge

        if task.kind == "regression":
            return np.asarray(Ridge(alpha=1.0).fit(wide(X), y).predict(wide(test)))
        model = LogisticRegression(max_iter=2000, tol=1e-3).fit(wide(X), y)
        out = np.zeros((len(test), task.classes))
        out[:, model.classes_] = model.predict_proba(wide(test))
        return out

    return run


def guess(task: Task, y: NDArray[Any], n: int) -> NDArray[Any]:
    """The prediction that ignores every column: the mean, or the frequency of each class."""
    if task.kind == "regression":
        return np.full(n, float(np.mean(y)))
    return np.tile(np.bincount(y.astype(int), minlength=task.classes) / len(y), (n, 1))


def bootstrap_interval(
    metric: Metric, y: NDArray[Any], scores: NDArray[Any], rng: np.random.Generator
) -> tuple[float, float]:
    """95 % interval of a metric over resampled test rows (percentile bootstrap)."""
    draws = [metric(y[i], scores[i]) for i in (rng.integers(0, len(y), len(y)) for _ in range(BOOTSTRAPS))]
    low, high = np.nanquantile(draws, [0.025, 0.975])
    return float(low), float(high)


HINTS = ("target", "label", "class", "outcome", "income", "churn", "default", "fraud", "y")
ASIDE = frozenset(
    ["id", "no", "nr", "number", "code", "key", "ref", "uuid", "note", "notes", "comment", "comments", "remark", "remarks", "text", "description"]
)  # fmt: skip
"""Words in the names of columns that say whose a row is, or what somebody wrote about it."""
MOST_MISSING = 0.2
MOST_WORDS = 3


def guessed_target(frame: pd.DataFrame, layout: Layout) -> str | None:
    """A column that looks like a target: by its name, else the last category of at most 20 levels.

    Columns with many missing cells, sentences, or the name of a number or a note come only after those without.

    Args:
        frame: Real rows, the modelled columns alone.
        layout: Their categories.
    """
    names = {str(name).lower(): str(name) for name in reversed(frame.columns)}
    hinted = [names[hint] for hint in HINTS if hint in names]
    small = {
        name: levels for name, levels in zip(layout.categorical, layout.levels, strict=True) if 2 <= len(levels) <= 20
    }
    found = [*hinted, *(name for name in reversed(small) if name not in hinted)]
    return min(found, key=lambda name: _doubts(frame, name, small.get(name, ())), default=None)


def _doubts(frame: pd.DataFrame, name: str, levels: Sequence[str]) -> int:
    """How much speaks against a column being what people want to predict."""
    column = name if name in frame else name.removesuffix(": last")
    gaps = column in frame and float(frame[column].isna().mean()) > MOST_MISSING
    written = bool(levels) and float(np.median([len(level.split()) for level in levels])) > MOST_WORDS
    return gaps + written + bool(ASIDE & set(re.split(r"[^a-z]+", column.lower())))
