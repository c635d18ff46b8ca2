"""What a text is about, by a classifier of real texts: whether a written text says what its control code asked for.

Features are words, pairs of words and groups of letters by the hash of their spelling, so that no word is kept; those that fewer
than `min_count` texts hold count for nothing. The classifier is a linear support vector machine of each label against the others.

How often it agrees with real texts that it has not seen, in a cross-validation, is how often it is asked to agree with written ones:
some texts are about several things.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartsynth.metrics.embedding import hashed

FEATURES = 2**16
FOLDS = 3
MOST_LABELS = 300
USEFUL = 0.15
"""How much more often than the most frequent label alone a classifier must be right to be asked."""


@dataclass(frozen=True, slots=True)
class TextChecker:
    """A classifier of texts.

    Args:
        labels: As they are told in control codes.
        kept: Places of the features that count.
        idf: Weight of each of them.
        weights: Features × labels.
        bias: Of each label.
        agreement: Share of unseen real texts whose label it finds.
    """

    labels: tuple[str, ...]
    kept: NDArray[np.int64]
    idf: NDArray[np.float32]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    agreement: float

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
        counts_of = _features([texts[int(i)] for i in rows])
        holders = np.asarray((counts_of > 0).sum(axis=0)).ravel()
        kept = np.flatnonzero(holders >= min_count)
        if not len(kept):
            return None
        idf = (np.log((1 + len(rows)) / (1 + holders[kept])) + 1).astype(np.float32)
        X = _weighted(counts_of, kept, idf)
        fold = np.random.default_rng([seed, 0xC4EC]).integers(FOLDS, size=len(y))
        right = np.zeros(len(y), bool)
        for k in range(FOLDS):
            if len(np.unique(y[fold != k])) < len(names):
                continue
            weights, bias = _learnt(X[fold != k], y[fold != k], seed)
            right[fold == k] = (X[fold == k] @ weights + bias).argmax(1) == y[fold == k]
        agreement = float(right.mean())
        if agreement < counts.max() / len(labels) + USEFUL:
            return None
        return cls(tuple(map(str, names)), kept, idf, *_learnt(X, y, seed), agreement)

    def label(self, texts: Sequence[str]) -> list[str]:
        """What each text is about."""
        scores = _weighted(_features(texts), self.kept, self.idf) @ self.weights + self.bias
        return [self.labels[i] for i in scores.argmax(1)]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The classifier as arrays by name."""
        return {"kept": self.kept, "idf": self.idf, "weights": self.weights, "bias": self.bias}

    def to_json(self) -> dict[str, Any]:
        return {"labels": list(self.labels), "agreement": self.agreement}

    @classmethod
    def restore(cls, values: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> TextChecker:
        """The classifier that `to_json` and `arrays` came from."""
        parts: dict[str, Any] = {name: arrays[name] for name in ("kept", "idf", "weights", "bias")}
        return cls(labels=tuple(values["labels"]), agreement=float(values["agreement"]), **parts)


def _features(texts: Sequence[str]) -> Any:
    """How often each feature occurs, texts × features."""
    return hashed(texts, FEATURES // 2, longest=5, dtype=np.float32)


def _weighted(counts: Any, kept: NDArray[np.int64], idf: NDArray[np.float32]) -> Any:
    from sklearn.preprocessing import normalize

    some = counts[:, kept]
    some.data = 1 + np.log(some.data)
    return normalize(some.multiply(idf).tocsr())


def _learnt(X: Any, y: NDArray[np.int64], seed: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Weights, features × labels, and biases."""
    from sklearn.svm import LinearSVC

    model = LinearSVC(C=0.5, random_state=seed).fit(X, y)
    weights, bias = model.coef_, model.intercept_
    if len(bias) == 1:  # two labels have one line between them
        weights, bias = np.concatenate([-weights, weights]), np.concatenate([-bias, bias])
    return weights.T.astype(np.float32), bias.astype(np.float32)
