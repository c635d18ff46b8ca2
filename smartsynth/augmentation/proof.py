"""Whether synthetic rows help: repeated stratified cross-validation in which only training rows are learnt from and added to.

    for each repeat and fold
        real training rows ──generator──▶ synthetic rows      it sees no test row
        for each model, each way to train (arms.py)           the test rows are real, untouched and the same for all
    gains = paired differences of a measure, fold by fold

The folds of J = folds × repeats share training rows, so the plain t-interval is too narrow. Corrected resampled t-interval
(Nadeau & Bengio 2003, "Inference for the generalization error", Machine Learning 52; for repeated cross-validation Bouckaert &
Frank 2004): mean ± t_{J-1} · s · √(1/J + n_test / n_train), s² being the variance of the differences.

With m models, each has an interval of level 1 - 0.05/m (Bonferroni), so that all of them together hold in 95 of 100 cases.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.augmentation.arms import AUGMENTED, NOTHING, Arm, arms_of
from smartsynth.augmentation.learners import Learner, Table, tables
from smartsynth.augmentation.making import Makes
from smartsynth.augmentation.measures import Measure, measures_of
from smartsynth.augmentation.threshold import moved
from smartsynth.errors import DataError
from smartsynth.facts import to_json
from smartsynth.formats import count
from smartsynth.metrics.rows import as_text
from smartsynth.progress import Progress, silent

LEVEL = 0.95
Scores = dict[tuple[str, str, str], list[float]]
"""Values of the folds by arm, learner and measure."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What is predicted, by which models, and how often it is tried.

    Args:
        task: `binary`, `multiclass` or `regression`.
        classes: Classes as text; none of a number.
        measure: What gains are measured in.
        learners: The models.
        folds: Of the cross-validation.
        repeats: How often it is repeated.
        seed: Of folds, generator and models.
    """

    task: str
    classes: tuple[str, ...]
    measure: Measure
    learners: tuple[Learner, ...]
    folds: int = 5
    repeats: int = 3
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Gain:
    """A paired difference of a measure with its interval; above 0 is better.

    Args:
        value: Mean over the folds.
        low, high: Ends of the interval.
    """

    value: float
    low: float
    high: float

    @property
    def outcome(self) -> str:
        """`better`, `worse`, or `no different` if the interval holds 0."""
        return "better" if self.low > 0 else "worse" if self.high < 0 else "no different"

    def to_json(self) -> dict[str, Any]:
        """The figures and the outcome; what is not finite is null."""
        found: dict[str, Any] = to_json({"value": self.value, "low": self.low, "high": self.high})
        return {**found, "outcome": self.outcome}


def interval(differences: NDArray[np.float64], *, test_share: float, level: float = LEVEL) -> Gain:
    """The corrected resampled t-interval of paired differences.

    Args:
        differences: One for each fold of each repeat.
        test_share: Test rows per training row, 1 / (folds - 1).
        level: How often such intervals hold the true mean.

    >>> one = interval(np.array([0.02, 0.04, 0.03, 0.03]), test_share=1 / 3)
    >>> round(one.value, 3), one.low < 0.03 < one.high
    (0.03, True)
    """
    from scipy import stats

    J, mean = len(differences), float(np.mean(differences))
    if J < 2 or not np.isfinite(differences).all():
        return Gain(mean, float("-inf"), float("inf"))
    error = float(np.std(differences, ddof=1)) * np.sqrt(1 / J + test_share)
    reach = float(stats.t.ppf((1 + level) / 2, J - 1)) * float(error)
    return Gain(mean, mean - reach, mean + reach)


@dataclass(frozen=True, slots=True)
class Row:
    """How one model did when trained in one way.

    Args:
        model, arm: Their names.
        value: Mean of the measure over the folds.
        over_nothing: Gain over doing nothing; None of doing nothing itself.
        of_synthetic: Gain of synthetic rows over this way; None of synthetic rows themselves.
        others: Means of the other measures.
    """

    model: str
    arm: Arm
    value: float
    over_nothing: Gain | None
    of_synthetic: Gain | None
    others: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Proof:
    """What cross-validation found.

    Args:
        trial: What was compared, and how.
        rows: Each model trained in each way.
        n_rows: Real rows that took part.
        n_added: Synthetic rows that were added to the training rows of a fold, on average.
        notes: What was left out.
    """

    trial: Trial
    rows: tuple[Row, ...]
    n_rows: int
    n_added: float
    notes: tuple[str, ...] = ()

    @property
    def measure(self) -> Measure:
        return self.trial.measure

    @property
    def learners(self) -> tuple[Learner, ...]:
        return self.trial.learners

    @property
    def level(self) -> float:
        """Level of the interval of each model, so that all of them together hold in 95 of 100 cases."""
        return level_of(self.trial)

    def row(self, model: str, arm: str) -> Row:
        """A model trained in a way."""
        return next(row for row in self.rows if row.model == model and row.arm.key == arm)

    def of(self, model: str) -> list[Row]:
        """All ways to train a model, doing nothing first."""
        return [row for row in self.rows if row.model == model]


def prove(real: pd.DataFrame, maker: Makes, trial: Trial, *, progress: Progress | None = None) -> Proof:
    """Compare ways to train on the same folds of real rows.

    Args:
        real: Rows whose target is known.
        maker: Learns the training rows of a fold and makes rows.
        trial: What is compared, and how.
        progress: Called with the share done; may raise `Cancelled`.
    """
    arms, notes = arms_of(trial.task, trial.measure, maker.strategy)
    rare = rarest(real, maker.target, trial.classes)
    report, scores, added = progress or silent, Scores(), []
    divisions = list(_divisions(real, maker.target, trial))
    for i, (train, test) in enumerate(divisions):
        report(i / len(divisions), f"Fold {i + 1} of {len(divisions)}")
        made = maker.make(real.iloc[train].reset_index(drop=True), seed=trial.seed + i)
        added.append(len(made))
        fold = tables([real.iloc[train], real.iloc[test], made], maker.schema, maker.target, trial.classes)
        _score(scores, fold, arms, trial, rare, seed=trial.seed + i)
    return Proof(trial, tuple(_rows(scores, arms, trial)), len(real), float(np.mean(added)), notes)


def level_of(trial: Trial) -> float:
    """Level of the interval of one of several models (Bonferroni)."""
    return 1 - (1 - LEVEL) / len(trial.learners)


def least_rows(k: int, *folds: int) -> int:
    """Fewest rows of a class that leave k to learn from in the training rows of folds, and of further folds inside these.

    >>> least_rows(5, 5), least_rows(5, 5, 3)
    (7, 10)
    """
    least = k
    for n in reversed(folds):
        least = max(n, -(-least * n // (n - 1)))
    return least


def check_folds(counts: Mapping[str, int], folds: int, k: int, inner: int | None = None) -> None:
    """DataError if a class has too few rows to be in each fold, or to be learnt from the others.

    Args:
        counts: Rows of each class.
        folds: Of the cross-validation.
        k: Rows of a class that are needed to learn it.
        inner: Folds inside the training rows, by which `auto` chooses how many rows are added.
    """
    within = () if inner is None else (inner,)
    least = least_rows(k, folds, *within)
    few = sum(n < least for n in counts.values())
    if few:
        fewest = min(counts.values())
        ways = ["Merge them with others", "leave these rows out"]
        ways += ["use fewer folds"] if any(fewest >= least_rows(k, n, *within) for n in range(2, folds)) else []
        ways += [] if inner is None else ["name a strategy, such as balance"]
        ways += ["leave the proof out (--no-proof)"] if fewest >= least_rows(k, *within) else []
        what = "" if inner is None else f", inside whose training rows auto needs {inner} more"
        raise DataError(
            f"{count(few)} of {count(len(counts))} classes of the target have fewer than {least} rows, too few for {folds} folds{what}. "
            f"{', '.join(ways[:-1])}, or {ways[-1]}."
        )


def rarest(real: pd.DataFrame, target: str, classes: Sequence[str]) -> int:
    """Code of the rarest class."""
    if not classes:
        return 0
    counts = as_text(real[target]).value_counts()
    return min(range(len(classes)), key=lambda code: (counts[classes[code]], -code))


def _divisions(real: pd.DataFrame, target: str, trial: Trial) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Training and test rows of each fold of each repeat; classes as frequent in each as in all rows."""
    from sklearn.model_selection import RepeatedKFold, RepeatedStratifiedKFold

    kind = RepeatedStratifiedKFold if trial.classes else RepeatedKFold
    splitter = kind(n_splits=trial.folds, n_repeats=trial.repeats, random_state=trial.seed % 2**32)
    yield from splitter.split(np.zeros(len(real)), as_text(real[target]) if trial.classes else None)


def _score(scores: Scores, fold: Sequence[Table], arms: Sequence[Arm], trial: Trial, rare: int, *, seed: int) -> None:
    """Add what each model trained in each way gets on the test rows of a fold."""
    train, test, made = fold
    plain: dict[str, NDArray[np.float64]] = {}
    for arm in arms:
        rows = arm.rows(train, made, np.random.default_rng([seed, 0xA06]))
        for learner in trial.learners:
            if arm.moved:
                found = moved(plain[learner.key], train, learner, trial.measure, rare, seed=seed)
            else:
                found = learner.predict(rows, test.X, seed=seed % 2**31, weighted=arm.weighted)
            if arm.key == NOTHING:
                plain[learner.key] = found
            for measure in measures_of(trial.task):
                scores.setdefault((arm.key, learner.key, measure.key), []).append(measure.of(test.y, found, rare))


def _rows(scores: Scores, arms: Sequence[Arm], trial: Trial) -> Iterator[Row]:
    """Means and gains of each model trained in each way."""
    measure, level, share = trial.measure, level_of(trial), 1 / (trial.folds - 1)
    for learner in trial.learners:
        values = {arm.key: np.array(scores[arm.key, learner.key, measure.key]) for arm in arms}
        for arm in arms:
            own = values[arm.key]
            gain = interval(measure.gain(own, values[NOTHING]), test_share=share, level=level)
            lead = interval(measure.gain(values[AUGMENTED], own), test_share=share, level=level)
            yield Row(
                model=learner.key,
                arm=arm,
                value=float(own.mean()),
                over_nothing=None if arm.key == NOTHING else gain,
                of_synthetic=None if arm.key == AUGMENTED else lead,
                others={
                    one.key: float(np.mean(scores[arm.key, learner.key, one.key]))
                    for one in measures_of(trial.task)
                    if one is not measure
                },
            )
