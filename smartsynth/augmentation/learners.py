"""Models that are trained on rows to predict a target, as people train them: preparation is learnt from the training rows alone.

logistic / ridge    missing numbers are the median, numbers standardised, categories one column per level
lightgbm            LightGBM with its own defaults; categories and missing cells as it takes them
boosting            scikit-learn's histogram gradient boosting
random_forest       300 trees on medians and one column per level

All see the same matrix: numbers (dates as seconds) first, then codes of categories, in which a missing cell is a level of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.errors import ConfigError, did_you_mean
from smartsynth.metrics.rows import as_text, prepared
from smartsynth.privacy.neighbours import to_numbers
from smartsynth.schema import Schema

Matrix = NDArray[np.float64]
MOST_LEVELS_OF_A_TREE = 255
"""Histogram gradient boosting takes no category of more levels."""
TITLES = {
    "logistic": "Logistic regression",
    "ridge": "Ridge regression",
    "lightgbm": "LightGBM",
    "boosting": "Histogram gradient boosting",
    "random_forest": "Random forest",
}
CLASSIFIERS = ("logistic", "lightgbm", "boosting", "random_forest")
REGRESSORS = ("ridge", "lightgbm", "boosting", "random_forest")


@dataclass(frozen=True, slots=True)
class Table:
    """Rows as a matrix that models learn from.

    Args:
        X: Numbers first, then codes of categories.
        y: Codes of classes, or the numbers of the target.
        numeric: How many of the columns are numbers.
    """

    X: Matrix
    y: NDArray[Any]
    numeric: int

    def __len__(self) -> int:
        return len(self.y)

    @property
    def categorical(self) -> list[int]:
        """Places of the columns that are codes."""
        return list(range(self.numeric, self.X.shape[1]))

    def take(self, rows: NDArray[np.int64]) -> Table:
        """Some of the rows; one may be taken more than once."""
        return Table(self.X[rows], self.y[rows], self.numeric)

    def with_rows(self, other: Table) -> Table:
        """These rows, then others."""
        return Table(np.concatenate([self.X, other.X]), np.concatenate([self.y, other.y]), self.numeric)


def tables(frames: Sequence[pd.DataFrame], schema: Schema, target: str, classes: Sequence[str]) -> list[Table]:
    """The frames as matrices with one coding of categories for all of them; only names of levels are shared, nothing is scaled.

    Args:
        frames: Rows whose target is known.
        schema: Of the rows.
        target: Column to predict.
        classes: Its classes as text, in the order of their codes; none for a number.
    """
    _, rows = prepared(frames, schema.without(target))
    place = {name: code for code, name in enumerate(classes)}
    found = []
    for frame, one in zip(frames, rows, strict=True):
        cells = frame[target]
        y: NDArray[Any] = as_text(cells).map(place).to_numpy(np.int64) if classes else to_numbers(cells, schema[target])
        found.append(Table(np.c_[one.numbers, one.codes].astype(np.float64), y, one.numbers.shape[1]))
    return found


@dataclass(frozen=True, slots=True)
class Learner:
    """A kind of model.

    Args:
        key: Its name in settings.
        task: `binary`, `multiclass` or `regression`.
        classes: Number of classes; 0 for a number.
    """

    key: str
    task: str
    classes: int

    @property
    def title(self) -> str:
        return TITLES[self.key]

    def predict(self, train: Table, test: Matrix, *, seed: int, weighted: bool = False) -> NDArray[np.float64]:
        """Probabilities of the classes (or numbers) for test rows, after training.

        Args:
            train: Rows to learn from.
            test: Rows to predict.
            seed: Of whatever is random about the model.
            weighted: Whether each class weighs the same in all, however many rows it has.
        """
        model = _BUILDERS[self.key](self, train, seed, "balanced" if weighted else None)
        model.fit(train.X, train.y)
        if self.task == "regression":
            return np.asarray(model.predict(test), dtype=np.float64)
        chances = np.zeros((len(test), self.classes))
        chances[:, np.asarray(model.classes_, dtype=np.int64)] = model.predict_proba(test)
        return chances


def learners(names: Sequence[str] | None, task: str, classes: int) -> tuple[Learner, ...]:
    """The models of these names; a linear one and LightGBM if none are named.

    Raises:
        ConfigError: There is no such model for the task.
    """
    known = REGRESSORS if task == "regression" else CLASSIFIERS
    for name in names or ():
        if name not in known:
            raise ConfigError(f"models={name!r} is not known.{did_you_mean(name, known)} Models: {', '.join(known)}.")
    return tuple(Learner(name, task, classes) for name in dict.fromkeys(names or known[:2]))


def _wide(table: Table, *, scaled: bool) -> Any:
    """Medians for missing numbers, perhaps standardised, and a column per level of each category."""
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    filled = SimpleImputer(strategy="median", keep_empty_features=True)
    numbers = make_pipeline(filled, StandardScaler()) if scaled else filled
    return ColumnTransformer([
        ("numbers", numbers, list(range(table.numeric))),
        ("levels", OneHotEncoder(handle_unknown="ignore", sparse_output=False), table.categorical),
    ])  # fmt: skip


def _linear(learner: Learner, table: Table, seed: int, weights: str | None) -> Any:
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline

    wide = _wide(table, scaled=True)
    if learner.task == "regression":
        return make_pipeline(wide, Ridge())
    return make_pipeline(wide, LogisticRegression(max_iter=1_000, tol=1e-3, class_weight=weights))


def _lightgbm(learner: Learner, table: Table, seed: int, weights: str | None) -> Any:
    import lightgbm

    usual: dict[str, Any] = {"verbosity": -1, "n_jobs": 1, "random_state": seed}
    if learner.task == "regression":
        return _WithCategories(lightgbm.LGBMRegressor(**usual), table.categorical)
    return _WithCategories(lightgbm.LGBMClassifier(class_weight=weights, **usual), table.categorical)


class _WithCategories:
    """A model of LightGBM that is told which columns are categories."""

    def __init__(self, model: Any, categorical: list[int]) -> None:
        self._model, self._categorical = model, categorical

    def fit(self, X: Matrix, y: NDArray[Any]) -> None:
        self._model.fit(X, y, categorical_feature=self._categorical or "auto")
        self.classes_ = getattr(self._model, "classes_", None)

    def predict(self, X: Matrix) -> Any:
        return self._model.booster_.predict(X, num_threads=1)

    def predict_proba(self, X: Matrix) -> Any:
        chances = np.asarray(self._model.booster_.predict(X, num_threads=1))
        return np.c_[1 - chances, chances] if chances.ndim == 1 else chances


def _boosting(learner: Learner, table: Table, seed: int, weights: str | None) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    named = [j for j in table.categorical if 1 < table.X[:, j].max() + 1 <= MOST_LEVELS_OF_A_TREE]
    if learner.task == "regression":
        return HistGradientBoostingRegressor(categorical_features=named, random_state=seed)
    return HistGradientBoostingClassifier(categorical_features=named, class_weight=weights, random_state=seed)


def _random_forest(learner: Learner, table: Table, seed: int, weights: str | None) -> Any:
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
    from sklearn.pipeline import make_pipeline

    wide = _wide(table, scaled=False)
    if learner.task == "regression":
        return make_pipeline(wide, RandomForestRegressor(300, random_state=seed, n_jobs=1))
    return make_pipeline(wide, RandomForestClassifier(300, class_weight=weights, random_state=seed, n_jobs=1))


_BUILDERS: dict[str, Callable[[Learner, Table, int, str | None], Any]] = {
    "logistic": _linear,
    "ridge": _linear,
    "lightgbm": _lightgbm,
    "boosting": _boosting,
    "random_forest": _random_forest,
}
