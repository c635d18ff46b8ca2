"""A sampler for imbalanced-learn that adds synthetic rows: in its pipelines it sees the training rows of a fold alone.

make_pipeline(SyntheticSampler(random_state=0), LogisticRegression())
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import validate_data

from smartsynth import registry
from smartsynth.augmentation.making import of_class
from smartsynth.errors import DataError, MissingExtraError
from smartsynth.integrations.frames import below, formed, framed, schema_of, with_target

try:
    from imblearn.over_sampling.base import BaseOverSampler
    from imblearn.utils import check_target_type
    from imblearn.utils._validation import _check_X
except ImportError:
    raise MissingExtraError("A sampler for imbalanced-learn", "imblearn") from None

LEAST = 5
"""Rows of a class below which nothing is learnt about it."""


class SyntheticSampler(BaseOverSampler):  # type: ignore[misc]
    """Oversampling with rows of a generator that has learnt the given rows with their classes.

    Args:
        sampling_strategy: As for every over-sampler of imbalanced-learn: `"auto"` (all classes as frequent as the most frequent
            one), a ratio, names of classes, or a number of rows for each class.
        generator: Name of a generator of tables, such as `"forest"` or `"copula"`.
        options: Its options.
        random_state: Seed, or what draws one.

    Attributes:
        generator_: The fitted generator; None if no rows were asked for.
        sampling_strategy_: Rows that were made of each class.
        n_features_in_, feature_names_in_: As scikit-learn has them.

    Numbers, texts, missing cells, frames, arrays and sparse matrices (made dense on the way) are taken as they are.
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseOverSampler._parameter_constraints,
        "generator": [str],
        "options": [dict, None],
    }

    def __init__(
        self,
        *,
        sampling_strategy: Any = "auto",
        generator: str = "forest",
        options: Mapping[str, Any] | None = None,
        random_state: Any = None,
    ) -> None:
        super().__init__(sampling_strategy=sampling_strategy)
        self.generator = generator
        self.options = options
        self.random_state = random_state

    def _check_X_y(self, X: Any, y: Any) -> tuple[Any, Any, bool]:  # noqa: N802 - as the base class names it
        y, binarize = check_target_type(y, indicate_one_vs_all=True)
        X = _check_X(X)
        validate_data(self, X=X, y=y, reset=True, skip_check_array=True)
        return X, y, binarize

    def _fit_resample(self, X: Any, y: Any) -> tuple[Any, Any]:
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        wanted = {label: int(n) for label, n in self.sampling_strategy_.items() if n > 0}
        self.generator_ = None
        if not wanted:
            return X, y
        y = np.asarray(y)
        rare = sum(np.count_nonzero(y == label) < LEAST for label in wanted)
        if rare:
            raise DataError(
                f"{rare} class(es) that shall get rows have fewer than {LEAST} to learn from. Leave them out of sampling_strategy."
            )
        rows, target = with_target(framed(X), y)
        self.generator_ = registry.create(self.generator, **dict(self.options or {}))
        self.generator_.fit(rows, schema=schema_of(rows, target), seed=seed)
        added_X, added_y = X, [y]
        start, block = 0, self.generator_.block
        for label, n in wanted.items():
            made = of_class(self.generator_, target, label, n, seed=seed, start=start)
            start += -(-n // block) * block  # keys count the rows of the stream: no two classes share one
            added_X = below(added_X, formed(made.drop(columns=target), X))
            added_y.append(np.full(n, label, dtype=y.dtype))
        return added_X, np.concatenate(added_y)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        return tags
