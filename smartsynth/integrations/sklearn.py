"""Generators as estimators of scikit-learn.

SyntheticGenerator    fit, sample: as KernelDensity and GaussianMixture have them
AugmentedClassifier   a classifier that is trained on the given rows and on synthetic ones learnt from them
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone, is_classifier
from sklearn.linear_model import LogisticRegression
from sklearn.utils import check_random_state, get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_array, check_consistent_length, check_is_fitted, column_or_1d, validate_data

from smartsynth import registry
from smartsynth.augmentation.making import Maker
from smartsynth.augmentation.strategy import Strategy
from smartsynth.errors import ConfigError, DataError
from smartsynth.integrations.frames import below, empty_like, formed, framed, schema_of, with_target
from smartsynth.models.conditions import Given

LEAST = 5
"""Rows that hold a level at least, so that it is kept."""


class SyntheticGenerator(BaseEstimator):  # type: ignore[misc]
    """A generator of tables that learns rows and makes others like them.

    Args:
        generator: Name of a generator of tables, such as `"forest"` or `"copula"`.
        options: Its options.
        refine: Whether rows are chosen by what still tells them from real ones.
        random_state: Seed of what is learnt, or what draws one.

    Attributes:
        generator_: The fitted generator.
        schema_: Kinds of the columns, as they were found.
        n_features_in_, feature_names_in_: As scikit-learn has them.
    """

    def __init__(
        self,
        generator: str = "forest",
        *,
        options: Mapping[str, Any] | None = None,
        refine: bool = False,
        random_state: Any = None,
    ) -> None:
        self.generator = generator
        self.options = options
        self.refine = refine
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn the rows of a frame or an array, the target among them if it is to be made; `y` is not looked at."""
        X = _checked(self, X)
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        rows = framed(X)
        self.schema_ = schema_of(rows)
        self.generator_ = registry.create(self.generator, **dict(self.options or {}))
        with _sized(X):
            self.generator_.fit(rows, schema=self.schema_, seed=seed, refine=self.refine)
        self._like = empty_like(X, k=LEAST)
        return self

    def sample(self, n_samples: int = 1, *, where: Given | None = None, random_state: Any = None) -> Any:
        """So many rows, in the form of those that were learnt.

        Args:
            n_samples: Number of rows.
            where: What every row must be like, such as `{"age": (60, None)}`; columns of an array are `"0"`, `"1"`, …
            random_state: Seed of the rows; the same seed gives the same rows.
        """
        check_is_fitted(self)
        seed = int(check_random_state(random_state).randint(2**31 - 1))
        return formed(self.generator_.sample(n_samples, where=where, seed=seed), self._like)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.input_tags.sparse = True
        return tags


class AugmentedClassifier(MetaEstimatorMixin, ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier that is trained on the given rows and on synthetic ones learnt from them.

    In cross-validation the generator sees the training rows of a fold alone, so scores are of untouched real rows.

    Args:
        estimator: The classifier; logistic regression if not given.
        strategy: How many rows of which class are added: `balance`, `ratio=0.5`, `minority=20%` or `grow=2`.
        generator: Name of a generator of tables, such as `"forest"` or `"copula"`.
        options: Its options.
        random_state: Seed of the generator, or what draws one. The classifier has its own.

    Attributes:
        estimator_: The fitted classifier.
        n_synthetic_: Synthetic rows that it was trained on beside the given ones.
        classes_, n_features_in_, feature_names_in_: As scikit-learn has them.
    """

    def __init__(
        self,
        estimator: Any = None,
        *,
        strategy: str = "balance",
        generator: str = "forest",
        options: Mapping[str, Any] | None = None,
        random_state: Any = None,
    ) -> None:
        self.estimator = estimator
        self.strategy = strategy
        self.generator = generator
        self.options = options
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> Self:
        """Learn the rows, make synthetic ones, and train the classifier on both."""
        model = self._model()
        if not is_classifier(model):
            raise ConfigError(
                f"estimator={type(model).__name__} is not a classifier, and classes are what is predicted."
            )
        strategy = Strategy.parse(self.strategy)
        if strategy.kind == "auto":
            raise ConfigError("strategy='auto' is for `augment`. Search for the best with GridSearchCV, or name one.")
        X, y = _checked(self, X, y)
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        self.classes_, codes = np.unique(y, return_inverse=True)
        rows, target = with_target(framed(X), codes)
        maker = Maker(schema_of(rows, target), target, strategy, self.generator, dict(self.options or {}))
        with _sized(X):
            made = maker.make(rows, seed=seed)
        self.n_synthetic_ = len(made)
        if len(made):
            X = below(X, formed(made.drop(columns=target), X))
            y = np.concatenate([y, self.classes_[made[target].to_numpy(dtype=np.int64)]])
        self.estimator_ = clone(model).fit(X, y)
        return self

    def predict(self, X: Any) -> Any:
        """The likeliest class of each row."""
        return self._fitted(X).predict(X)

    @available_if(lambda self: self._offers("predict_proba"))  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any) -> Any:
        """Probabilities of the classes."""
        return self._fitted(X).predict_proba(X)

    @available_if(lambda self: self._offers("predict_log_proba"))  # type: ignore[untyped-decorator]
    def predict_log_proba(self, X: Any) -> Any:
        """Logarithms of the probabilities of the classes."""
        return self._fitted(X).predict_log_proba(X)

    @available_if(lambda self: self._offers("decision_function"))  # type: ignore[untyped-decorator]
    def decision_function(self, X: Any) -> Any:
        """How sure the classifier is, on its own scale."""
        return self._fitted(X).decision_function(X)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        inner = get_tags(self._model())
        tags.input_tags.allow_nan = inner.input_tags.allow_nan
        tags.input_tags.sparse = inner.input_tags.sparse
        tags.input_tags.string = inner.input_tags.string
        tags.input_tags.categorical = inner.input_tags.categorical
        tags.classifier_tags = inner.classifier_tags
        return tags

    def _model(self) -> Any:
        return LogisticRegression() if self.estimator is None else self.estimator

    def _offers(self, method: str) -> bool:
        return hasattr(getattr(self, "estimator_", self._model()), method)

    def _fitted(self, X: Any) -> Any:
        check_is_fitted(self)
        validate_data(self, _array(self, X), reset=False, skip_check_array=True)
        return self.estimator_


def _checked(estimator: BaseEstimator, X: Any, y: Any = None) -> Any:
    """The rows (and classes) after scikit-learn's own checks; frames stay as they are."""
    X = _array(estimator, X)
    if y is None and not isinstance(estimator, ClassifierMixin):
        validate_data(estimator, X, skip_check_array=True)
        return X
    validate_data(estimator, X, y, skip_check_array=True)
    y = column_or_1d(y, warn=True)
    check_consistent_length(X, y)
    check_classification_targets(y)
    return X, y


def _array(estimator: BaseEstimator, X: Any) -> Any:
    """An array or sparse matrix of the kind that the estimator takes; a frame as it is."""
    if hasattr(X, "iloc"):
        return X
    takes = get_tags(estimator).input_tags
    finite: Any = "allow-nan" if takes.allow_nan else True
    if takes.string and getattr(X, "dtype", np.dtype(float)).kind == "O":
        finite = False  # cells of an array of objects are looked at one by one
    return check_array(
        X, dtype=None if takes.string else "numeric", accept_sparse=["csr", "csc"] if takes.sparse else False,
        ensure_all_finite=finite, estimator=estimator, input_name="X",
    )  # fmt: skip


@contextmanager
def _sized(X: Any) -> Iterator[None]:
    """Adds to a complaint about the data how large they are."""
    try:
        yield
    except DataError as error:
        raise DataError(f"{error} (n_samples = {X.shape[0]}, n_features = {X.shape[1]})") from None
