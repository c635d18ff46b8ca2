"""Train on synthetic, test on real, for time series: models learn what comes next from records and are tested on unseen real ones.

    questions   rows as features (the values now and some rows before), and what the next row says
    numbers     LightGBM foretells the next value of each channel of numbers
    categories  LightGBM foretells the next category of each channel of categories

Esteban, Hyland & Rätsch (2017), "Real-valued (Medical) Time Series Generation", train on synthetic and test on real; here every
channel is foretold, from all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartsynth.metrics.rows import Rows
from smartsynth.metrics.sequence_moments import pairs_of_rows

HISTORY = 3
"""Rows that a model sees: the last one and those before it."""
TREES = 80
MOST_LEVELS = 20


@dataclass(frozen=True, slots=True)
class Questions:
    """Rows to foretell from, and what came next.

    Args:
        features: Values now, then those one row before, …; NaN before the record began. (questions, features)
        categorical: Places of the features that are categories.
        numbers, codes: Of the row after.
        now: Numbers of the row itself, the guess of one who says that nothing changes.
    """

    features: NDArray[np.float64]
    categorical: tuple[int, ...]
    numbers: NDArray[np.float64]
    codes: NDArray[np.int64]
    now: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.features)


def questions(rows: Rows, bounds: NDArray[np.int64], *, most: int, rng: np.random.Generator) -> Questions:
    """At most `most` of the rows that have a next one in their record, as features and answers."""
    first, later = pairs_of_rows(bounds, 1)
    chosen = np.sort(rng.permutation(len(first))[:most])
    first, later = first[chosen], later[chosen]
    begin = np.repeat(bounds[:-1], np.diff(bounds))[first]
    parts = [rows.codes[first].astype(np.float64)]
    for back in range(HISTORY):
        there = first - back >= begin
        parts.append(np.where(there[:, None], rows.numbers[np.maximum(first - back, 0)], np.nan))
    n = rows.codes.shape[1]
    return Questions(
        np.concatenate(parts, axis=1), tuple(range(n)), rows.numbers[later], rows.codes[later], rows.numbers[first]
    )


def numbers(learnt: Questions, asked: Questions, channel: int, *, seed: int) -> tuple[float, float]:
    """Mean absolute error of the next value of a channel, in standard deviations of the asked ones; and that of saying "as now".

    NaN if the channel does not vary among the questions asked, or too few answers are known.
    """
    answer, truth = learnt.numbers[:, channel], asked.numbers[:, channel]
    known, tested = ~np.isnan(answer), ~np.isnan(truth)
    spread = float(truth[tested].std()) if tested.any() else 0.0
    if known.sum() < 20 or spread <= 1e-12:
        return float("nan"), float("nan")
    # The change from the present value is learnt where that is known: a tree cannot go on where a trend leaves its values.
    start, asked_from = learnt.now[:, channel], asked.now[:, channel]
    base, asked_base = np.nan_to_num(start), np.nan_to_num(asked_from)
    guess = asked_base[tested] + _fitted(
        learnt, known, answer[known] - base[known], asked.features[tested], {"objective": "regression_l1"}, seed
    )
    both = tested & ~np.isnan(asked_from)
    lazy = float(np.abs(truth[both] - asked_from[both]).mean()) / spread if both.any() else float("nan")
    return float(np.abs(truth[tested] - guess).mean()) / spread, lazy


def categories(learnt: Questions, asked: Questions, channel: int, levels: int, *, seed: int) -> tuple[float, float]:
    """Share of the questions whose next category is foretold; and that of saying "as now"."""
    answer, truth = learnt.codes[:, channel], asked.codes[:, channel]
    lazy = float((asked.features[:, channel] == truth).mean())
    if len(np.unique(answer)) < 2:
        return float((truth == answer[0]).mean()), lazy
    params = {"objective": "multiclass", "num_class": levels}
    scores = _fitted(learnt, np.ones(len(learnt), bool), answer, asked.features, params, seed)
    return float((scores.argmax(axis=1) == truth).mean()), lazy


def _fitted(
    learnt: Questions,
    known: NDArray[np.bool_],
    answers: NDArray[Any],
    features: NDArray[np.float64],
    params: dict[str, Any],
    seed: int,
) -> NDArray[np.float64]:
    import lightgbm

    params |= {"learning_rate": 0.1, "num_leaves": 15, "verbosity": -1, "seed": seed}
    params |= {"num_threads": 1, "deterministic": True, "force_col_wise": True}
    data = lightgbm.Dataset(
        learnt.features[known], answers, categorical_feature=list(learnt.categorical), params=params
    )
    trees = TREES if "num_class" not in params else max(TREES // params["num_class"], 20)
    return np.asarray(lightgbm.train(params, data, trees).predict(features, num_threads=1), np.float64)
