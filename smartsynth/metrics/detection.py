"""Whether a detective can tell two samples apart, and how they overlap in space."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from smartsynth.metrics.rows import Layout, Rows, filled

FOLDS = 5
ALPHAS = np.linspace(0.0, 1.0, 30)
MOST_LEVELS = 200


def auc(truth: NDArray[np.bool_], score: NDArray[np.float64]) -> float:
    """Area under the ROC curve: the chance that a true row scores higher than a false one, ties counting half.

    >>> auc(np.array([True, True, False]), np.array([3.0, 1.0, 2.0]))
    0.5
    """
    from scipy.stats import rankdata

    n, m = int(truth.sum()), int((~truth).sum())
    if n == 0 or m == 0:
        return float("nan")
    return float((rankdata(score)[truth].sum() - n * (n + 1) / 2) / (n * m))


Groups = NDArray[np.int64]


def detection_auc(a: Rows, b: Rows, layout: Layout, *, seed: int, groups: tuple[Groups, Groups] | None = None) -> float:
    """Cross-validated AUC of LightGBM telling rows of `a` from rows of `b`; 0.5 means it cannot.

    Classifier two-sample test (Lopez-Paz & Oquab 2017), 5 folds, 200 trees of 31 leaves.

    Args:
        a: The ones.
        b: The others; as many of each are used.
        layout: Their columns.
        seed: Of the folds and the trees.
        groups: For each row of `a` and of `b` a number; rows of one number are never learnt from and judged by at once, as is needed
            where they overlap. NaN if a side has a single group.
    """
    import lightgbm

    n = min(len(a), len(b))
    X = np.concatenate([np.c_[a.numbers[:n], a.codes[:n]], np.c_[b.numbers[:n], b.codes[:n]]]).astype(np.float64)
    truth = np.r_[np.ones(n, dtype=bool), np.zeros(n, dtype=bool)]
    p = len(layout.numeric)
    categorical = [p + j for j, levels in enumerate(layout.levels) if len(levels) < MOST_LEVELS]
    params = {"objective": "binary", "learning_rate": 0.05, "num_leaves": 31, "verbosity": -1, "seed": seed}
    params |= {"num_threads": 1, "deterministic": True, "force_col_wise": True}
    rng = np.random.default_rng([seed, 0xF01D])
    if groups is None:
        fold = rng.permutation(2 * n) % FOLDS
    else:
        folds = [_grouped(side[:n], rng) for side in groups]
        if any(len(np.unique(side)) < 2 for side in folds):
            return float("nan")
        fold = np.concatenate(folds)
    score = np.zeros(2 * n)
    for k in np.unique(fold):
        data = lightgbm.Dataset(X[fold != k], truth[fold != k], categorical_feature=categorical, params=params)
        score[fold == k] = lightgbm.train(params, data, 200).predict(X[fold == k], num_threads=1)
    return auc(truth, score)


def _grouped(groups: Groups, rng: np.random.Generator) -> NDArray[np.int64]:
    """The fold of each row, the same for a whole group; the largest groups are dealt out first, so that folds are of like size."""
    numbers, place, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    shuffled = rng.permutation(len(numbers))
    order = shuffled[np.argsort(-sizes[shuffled], kind="stable")]
    dealt = np.empty(len(numbers), np.int64)
    dealt[order] = np.arange(len(numbers)) % FOLDS
    return dealt[place]


def embedded(rows: Rows, by: Rows, layout: Layout) -> NDArray[np.float32]:
    """Rows as points: numbers scaled to `by`'s range, categories one-hot (levels beyond the 50 commonest together)."""
    numbers = filled(rows.numbers, by.numbers)
    low, high = filled(by.numbers, by.numbers).min(0), filled(by.numbers, by.numbers).max(0)
    parts = [(numbers - low) / np.where(high > low, high - low, 1.0)]
    for j, levels in enumerate(layout.levels):
        common = np.argsort(-np.bincount(by.codes[:, j], minlength=len(levels)), kind="stable")[:50]
        parts.append((rows.codes[:, [j]] == common).astype(float))
    return np.concatenate(parts, axis=1).astype(np.float32)


def precision_recall(real: NDArray[np.float32], made: NDArray[np.float32]) -> tuple[float, float]:
    """α-precision and β-recall of `made` points against `real` ones, both 1 at best.

    Alaa et al. 2022, integrated over α and β as 1 - 2·mean|P(α) - α|: precision asks whether the made points spread
    like the real ones, recall whether real points have a made neighbour nearer than their nearest real one.
    """
    from sklearn.neighbors import NearestNeighbors

    n = min(len(real), len(made))
    real, made = real[:n], made[:n]
    centre, made_centre = real.mean(0), made.mean(0)
    radius = np.quantile(np.linalg.norm(real - centre, axis=1), ALPHAS)
    inside = np.linalg.norm(made - centre, axis=1)
    precision = np.array([(inside <= r).mean() for r in radius])
    to_real = NearestNeighbors(n_neighbors=2).fit(real).kneighbors(real)[0][:, 1]
    distance, nearest = NearestNeighbors(n_neighbors=1).fit(made).kneighbors(real)
    made_radius = np.quantile(np.linalg.norm(made - made_centre, axis=1), ALPHAS)
    depth = np.linalg.norm(made[nearest[:, 0]] - made_centre, axis=1)
    covered = distance[:, 0] <= to_real
    recall = np.array([(covered & (depth <= r)).mean() for r in made_radius])
    return _integrated(precision), _integrated(recall)


def _integrated(curve: NDArray[np.float64]) -> float:
    return float(1 - 2 * np.abs(curve - ALPHAS).mean())
