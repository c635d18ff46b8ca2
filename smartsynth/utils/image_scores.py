"""Scores of images beside the same measure of real ones: where they lie, how they look, and what can be learnt from them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartsynth.facts import Better, Family, Score, UtilityRow
from smartsynth.formats import number
from smartsynth.metrics import image as measures
from smartsynth.metrics.detection import auc
from smartsynth.metrics.image_classifier import predictions
from smartsynth.metrics.text import frechet
from smartsynth.metrics.utility import bootstrap_interval, macro_f1
from smartsynth.privacy.intervals import auc_interval
from smartsynth.schema import Column, Kind, Schema
from smartsynth.utils.image_sample import Side, equal_sizes

FOLDS = 5
MOST_LABELS = 300


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


def label_of(schema: Schema, target: str | None, sides: tuple[Side, Side, Side]) -> Column | None:
    """The column that classifiers learn from images: the one asked for, the schema's, or the one with the fewest categories."""
    wanted = schema[target] if target is not None else schema.target
    kinds = (Kind.CATEGORICAL, Kind.BOOLEAN)
    found = [wanted] if wanted is not None else [c for c in schema if c.kind in kinds]
    t, _, h = (side.frame for side in sides)
    usable = [
        c for c in found if c.kind in kinds and h[c.name].nunique() >= 2 and 2 <= t[c.name].nunique() <= MOST_LABELS
    ]
    return min(usable, key=lambda c: int(t[c.name].nunique()), default=None)


def utility(t: Side, s: Side, h: Side, label: Column | None, *, seed: int) -> tuple[list[Score], list[UtilityRow]]:
    """A classifier of the label that learnt from synthetic images, and one that learnt from real ones, on unseen images."""
    if label is None:
        why = "Not computed: no column is a label with at least two values."
        return [Score("image_f1", "Macro F1", Family.UTILITY, float("nan"), Better.HIGHER, why, headline=True)], []
    rng = np.random.default_rng([seed, 0x0717])
    t, s, h = (side.take(np.flatnonzero(side.frame[label.name].notna().to_numpy())) for side in (t, s, h))
    levels = sorted({str(value) for side in (t, h) for value in side.frame[label.name]})
    place = {level: i for i, level in enumerate(levels)}
    n = min(len(t), len(s))
    truth = _codes(h, label, place)
    predicted = []
    for side in (s, t):
        some = side.take(rng.permutation(len(side))[:n])
        codes = _codes(some, label, place)
        if len(np.unique(codes[codes >= 0])) < 2:
            why = f"Not computed: the images to learn from have a single value of {label.name!r}."
            return [Score("image_f1", "Macro F1", Family.UTILITY, float("nan"), Better.HIGHER, why, headline=True)], []
        predicted.append(predictions(some.pixels[codes >= 0], codes[codes >= 0], h.pixels, len(levels), seed=seed))
    floor = np.zeros((len(truth), len(levels)))
    floor[:, np.bincount(_codes(t, label, place)).argmax()] = 1
    scores, rows = [], []
    metrics: dict[str, Callable[[NDArray[Any], NDArray[Any]], float]] = {
        "F1": macro_f1, "accuracy": lambda y, p: float((p.argmax(1) == y).mean()),
    }  # fmt: skip
    for metric, measure in metrics.items():
        value, best, least = measure(truth, predicted[0]), measure(truth, predicted[1]), measure(truth, floor)
        interval = bootstrap_interval(measure, truth, predicted[0], rng)
        name = "Macro F1" if metric == "F1" else "Accuracy"
        sentence = (
            f"A small network finds {label.name!r} of unseen images with {name.lower()} {number(value)} after learning from synthetic "
            f"images, {number(best)} from as many real ones; always guessing the commonest gets {number(least)}."
        )
        key = f"image_{metric.lower()}"
        scores.append(Score(key, name, Family.UTILITY, value, Better.HIGHER, sentence, best, interval, headline=True))
        rows.append(UtilityRow("Classifier of images", metric, best, value, interval, least))
    return scores, rows


def _codes(side: Side, label: Column, place: dict[str, int]) -> NDArray[np.int64]:
    return np.array([place.get(str(value), -1) for value in side.frame[label.name]], np.int64)
