"""Which strategy helps most, found inside given rows by cross-validation of their own.

    for each inner fold     a generator learns its training rows; each candidate takes what it asks for of the same synthetic rows
    gain of a candidate     mean over inner folds and models, over doing nothing
    chosen                  the candidate of the highest gain; nothing if no gain is above 0

Used inside the training rows of a fold, it is a part of what is tested there: the proof pays for a wrong choice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from smartsynth.augmentation.learners import Table, tables
from smartsynth.augmentation.making import Maker
from smartsynth.augmentation.proof import Trial, least_rows
from smartsynth.augmentation.strategy import Strategy
from smartsynth.errors import DataError
from smartsynth.formats import count
from smartsynth.metrics.rows import as_text
from smartsynth.progress import Progress, part
from smartsynth.schema import Schema

OF_CLASSES = (Strategy("ratio", 0.5), Strategy("balance"), Strategy("ratio", 3.0))
OF_NUMBERS = (Strategy("grow", 2.0), Strategy("grow", 4.0))
INNER_FOLDS = 3


@dataclass(frozen=True, slots=True)
class Chooser:
    """Makes rows by the strategy that helps most inside the rows it is given.

    Args:
        maker: Of any strategy; its own is not looked at.
        trial: What is predicted, and the models that shall gain.
        rare: Code of the class to find.
        chosen: The strategies that were chosen, one for each call of `make`; `nothing` among them.
    """

    maker: Maker
    trial: Trial
    rare: int
    chosen: list[str] = field(default_factory=list)

    @property
    def schema(self) -> Schema:
        return self.maker.schema

    @property
    def target(self) -> str:
        return self.maker.target

    @property
    def strategy(self) -> Strategy:
        return Strategy("auto")

    def make(self, real: pd.DataFrame, *, seed: int, progress: Progress | None = None) -> pd.DataFrame:
        """The rows of the strategy that was chosen; none if doing nothing is as good."""
        known = real[real[self.target].notna()].reset_index(drop=True)
        self._check(known)
        best = self._best(known, seed, part(progress, 0.0, 0.7))
        self.chosen.append("nothing" if best is None else str(best))
        if best is None:
            return known.head(0)
        return replace(self.maker, strategy=best).make(known, seed=seed, progress=part(progress, 0.7, 1.0))

    def often(self) -> str:
        """How often each strategy was chosen, in a sentence."""
        counts = Counter(self.chosen).most_common()
        return f"Chosen inside the training rows: {', '.join(f'{name} {n} times' for name, n in counts)}."

    def _check(self, known: pd.DataFrame) -> None:
        """DataError if a class has too few rows to be learnt in the inner folds."""
        counts = as_text(known[self.target]).value_counts() if self.trial.classes else pd.Series(dtype=int)
        least = least_rows(self.maker.k, INNER_FOLDS)
        if few := int((counts < least).sum()):
            raise DataError(
                f"{count(few)} of {count(len(counts))} classes of the target have fewer than {least} rows, too few for the {INNER_FOLDS} folds by "
                "which auto chooses. Merge them with others, leave these rows out, or name a strategy, such as balance."
            )

    def _best(self, known: pd.DataFrame, seed: int, progress: Progress) -> Strategy | None:
        candidates = OF_CLASSES if self.trial.classes else OF_NUMBERS
        gains = np.zeros((INNER_FOLDS, len(candidates)))
        for i, (train, test) in enumerate(self._divisions(known, seed)):
            progress(i / INNER_FOLDS, "Choosing how many rows")
            gains[i] = self._gains(known.iloc[train].reset_index(drop=True), known.iloc[test], candidates, seed + i)
        means = gains.mean(0)
        return candidates[int(means.argmax())] if means.max() > 0 else None

    def _gains(self, train: pd.DataFrame, test: pd.DataFrame, candidates: Sequence[Strategy], seed: int) -> list[float]:
        """What each candidate gains over doing nothing on an inner fold, averaged over the models."""
        made = replace(self.maker, strategy=candidates[-1]).make(train, seed=seed)
        real, unseen, most = tables([train, test, made], self.schema, self.target, self.trial.classes)
        base = self._values(real, unseen, seed)
        found = []
        for candidate in candidates:
            rows = real.with_rows(most.take(self._places(candidate, real, most)))
            found.append(float(self.trial.measure.gain(self._values(rows, unseen, seed), base).mean()))
        return found

    def _values(self, rows: Table, unseen: Table, seed: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        values = [
            self.trial.measure.of(unseen.y, one.predict(rows, unseen.X, seed=seed % 2**31), self.rare)
            for one in self.trial.learners
        ]
        return np.array(values)

    def _places(self, candidate: Strategy, real: Table, most: Table) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """The first synthetic rows, of each class as many as a candidate asks for."""
        if not self.trial.classes:
            return np.arange(candidate.grown(len(real)))
        counts = {str(k): int(n) for k, n in zip(*np.unique(real.y, return_counts=True), strict=True)}
        places = [np.flatnonzero(most.y == int(k))[:n] for k, n in candidate.added(counts).items()]
        return np.concatenate(places) if places else np.zeros(0, np.int64)

    def _divisions(self, known: pd.DataFrame, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
        from sklearn.model_selection import KFold, StratifiedKFold

        kind = StratifiedKFold if self.trial.classes else KFold
        splitter = kind(n_splits=INNER_FOLDS, shuffle=True, random_state=seed % 2**32)
        return list(splitter.split(np.zeros(len(known)), as_text(known[self.target]) if self.trial.classes else None))
