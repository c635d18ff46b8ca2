"""Scores of images beside the same measure of real ones: where they lie, how they look, and what can be learnt from them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from smartsynth.facts import Better, Family, Score, UtilityRow
from smartsynth.formats import number
from smartsynth.metrics import image as measures
from smartsynth.metrics.detection import auc
from smartsynth.metrics.image_classifier import predictions
from smartsynth.metrics.text import frechet
from smartsynth.privacy.intervals import auc_interval
from smartsynth.schema import Column
from smartsynth.utils import label_scores
from smartsynth.utils.image_sample import Side, equal_sizes
from smartsynth.utils.label_scores import Judge

FOLDS = 5


def crowd(t: Side, s: Side, h: Side, how: str, *, seed: int) -> list[Score]:
    """Whether images, as points, lie where unseen real ones do."""
    t, s, h = equal_sizes((t, s, h), np.random.default_rng([seed, 0xC40D]))
    n = len(h)
    value, best = (detection(one, h, seed=seed) for one in (s, t))
    sentence = f"A classifier of {how} tells synthetic from unseen images with AUC {number(value)}; training from unseen ones with {number(best)}."
    found = [
        Score("image_detection_auc", "Detection AUC of images", Family.FIDELITY, value, Better.LOWER, sentence, best,
              auc_interval(value, n, n), headline=True)
    ]  # fmt: skip
    value, best = (frechet(h.points, one.points) for one in (s, t))
    sentence = f"Means and spreads of synthetic and unseen images lie {number(value)} apart by {how}, those of training and unseen ones {number(best)}."
    found.append(
        Score("frechet_image", "Fréchet distance of images", Family.FIDELITY, value, Better.LOWER, sentence, best, headline=True)
    )  # fmt: skip
    value, best = (measures.kernel_distance(h.points, one.points, seed=seed) for one in (s, t))
    sentence = f"By a kernel the crowds of synthetic and unseen images lie {number(value)} apart, those of training and unseen ones {number(best)}."
    found.append(
        Score("kernel_image", "Kernel distance of images", Family.FIDELITY, value, Better.LOWER, sentence, best)
    )
    made, real = (measures.crowd(h.points, one.points) for one in (s, t))
    for key, name, told in (
        ("precision", "Precision", "{0} of the synthetic images look like unseen ones; of training images {1}."),
        ("recall", "Recall", "{0} of the unseen images look like synthetic ones; like training images {1}."),
        ("density", "Density", "Synthetic images lie in {0} times as many neighbourhoods of unseen ones as expected; training images in {1}."),
        ("coverage", "Coverage", "{0} of the unseen images have a synthetic one in their neighbourhood; a training image {1}."),
    ):  # fmt: skip
        value, best = (float(getattr(one, key)) for one in (made, real))
        better = Better.NEARER if key == "density" else Better.HIGHER
        found.append(
            Score(f"image_{key}", f"{name} of images", Family.FIDELITY, value, better, told.format(number(value), number(best)), best)
        )  # fmt: skip
    return found


def detection(one: Side, two: Side, *, seed: int) -> float:
    """Cross-validated AUC of telling images apart by their points (logistic regression)."""
    from sklearn.decomposition import PCA
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    X = np.concatenate([one.points, two.points])
    y = np.repeat([1, 0], [len(one), len(two)])
    folds = StratifiedKFold(min(FOLDS, len(two)), shuffle=True, random_state=seed)
    size = min(200, X.shape[1], len(X) // 2)
    judge = make_pipeline(StandardScaler(), PCA(size, random_state=seed), LogisticRegression(C=0.01, max_iter=300))
    score = cross_val_predict(judge, X, y, cv=folds, method="decision_function")
    return auc(y == 1, score)


def look(t: Side, s: Side, h: Side) -> list[Score]:
    """How fine structures are, and which colours there are."""
    value, best = (measures.spectrum_distance(h.pixels, one.pixels) for one in (s, t))
    sentence = f"Powers of coarse to fine structures differ by {number(value)} decades from those of unseen images; in training images by {number(best)}."
    found = [Score("spectrum", "Spectrum of images", Family.FIDELITY, value, Better.LOWER, sentence, best)]
    value, best = (measures.colour_divergence(h.pixels, one.pixels) for one in (s, t))
    sentence = f"Colours are as frequent as in unseen images up to {number(value)} bits; in training images up to {number(best)}."
    return [
        *found,
        Score("colours", "Colours of images", Family.FIDELITY, value, Better.LOWER, sentence, best),
    ]


def utility(t: Side, s: Side, h: Side, label: Column | None, *, seed: int) -> tuple[list[Score], list[UtilityRow]]:
    """A classifier of the label that learnt from synthetic images, and one that learnt from real ones, on unseen images."""

    def predict(learnt: Side, codes: NDArray[np.int64], others: Side, n: int) -> NDArray[np.float64]:
        return predictions(learnt.pixels, codes, others.pixels, n, seed=seed)

    judge = Judge("Classifier of images", "A small network", "images", "image", predict)
    return label_scores.utility(t, s, h, label, judge, seed=seed)
