"""What classifiers of a label learn from synthetic texts or images, tested on unseen real ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, Self, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.facts import Better, Family, Score, UtilityRow
from smartsynth.formats import number
from smartsynth.metrics.utility import bootstrap_interval, macro_f1
from smartsynth.schema import Column, Kind, Schema

MOST_LABELS = 300


class Sample(Protocol):
    """Rows with what a classifier sees of them."""

    @property
    def frame(self) -> pd.DataFrame: ...

    def __len__(self) -> int: ...

    def take(self, places: NDArray[np.int64]) -> Self: ...


S = TypeVar("S", bound=Sample)


@dataclass(frozen=True, slots=True)
class Judge(Generic[S]):
    """A kind of classifier.

    Args:
        name: For the table of what was learnt.
        how: What it goes by, as the subject of a sentence.
        what: What it learns from, in the plural.
        key: Before the keys of its scores.
        predict: Probabilities of so many labels for other rows, after learning some with their labels.
    """

    name: str
    how: str
    what: str
    key: str
    predict: Callable[[S, NDArray[np.int64], S, int], NDArray[np.float64]]


def label_of(schema: Schema, target: str | None, train: pd.DataFrame, holdout: pd.DataFrame) -> Column | None:
    """The column that classifiers learn: the one asked for, the schema's, or the one with the fewest categories."""
    wanted = schema[target] if target is not None else schema.target
    kinds = (Kind.CATEGORICAL, Kind.BOOLEAN)
    found = [wanted] if wanted is not None else [c for c in schema if c.kind in kinds]
    usable = [
        c
        for c in found
        if holdout[c.name].nunique() >= 2 and 2 <= train[c.name].nunique() <= MOST_LABELS and c.kind in kinds
    ]
    return min(usable, key=lambda c: int(train[c.name].nunique()), default=None)


def utility(
    t: S, s: S, h: S, label: Column | None, judge: Judge[S], *, seed: int
) -> tuple[list[Score], list[UtilityRow]]:
    """A classifier of the label that learnt from synthetic rows, and one that learnt from real ones, on unseen rows."""
    if label is None:
        return _nothing(judge, "no column is a label with at least two values."), []
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
        known = np.flatnonzero(codes >= 0)
        if len(np.unique(codes[known])) < 2:
            return _nothing(judge, f"the {judge.what} to learn from have a single value of {label.name!r}."), []
        predicted.append(judge.predict(some.take(known), codes[known], h, len(levels)))
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
            f"{judge.how} finds {label.name!r} of unseen {judge.what} with {name.lower()} {number(value)} after learning from synthetic "
            f"{judge.what}, {number(best)} from as many real ones; always guessing the commonest gets {number(least)}."
        )
        key = f"{judge.key}_{metric.lower()}"
        scores.append(Score(key, name, Family.UTILITY, value, Better.HIGHER, sentence, best, interval, headline=True))
        rows.append(UtilityRow(judge.name, metric, best, value, interval, least))
    return scores, rows


def _nothing(judge: Judge[Any], why: str) -> list[Score]:
    why = f"Not computed: {why}"
    return [Score(f"{judge.key}_f1", "Macro F1", Family.UTILITY, float("nan"), Better.HIGHER, why, headline=True)]


def _codes(side: Sample, label: Column, place: dict[str, int]) -> NDArray[np.int64]:
    return np.array([place.get(str(value), -1) for value in side.frame[label.name]], np.int64)
