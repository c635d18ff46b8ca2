"""What boosted trees expect of a column, as one more feature of its forest.

Trees that count (count_trees.py) give whole distributions, but split their rows too fast to add up many small influences.
Boosting adds them up, and gives one number: the log-odds of a truth value, or the mean of a number as normal scores. Cut into
bins, that number is offered to the count trees, which learn the distribution around it.

Each row's own score comes from boosters that have seen no row of its group (stacking; Wolpert 1992): else trees would take what
a booster remembers of a row for knowledge.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from smartsynth.models.autoregression import CodeColumn, Codes
from smartsynth.models.boosting import FlatTrees, Training, flatten, train
from smartsynth.models.soundness import check_codes

N_BINS = 64
N_FOLDS = 3
FEWEST_ROWS = 200
"""With fewer rows no booster is learnt."""
HOW = Training(
    rounds=120, learning_rate=0.07, num_leaves=15, min_data_in_leaf=60, lambda_l2=10.0,
    feature_fraction=0.5, bagging_fraction=0.7,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class BoostedScore:
    """A booster and the edges of the bins of its scores.

    Args:
        trees: The booster; features are numbered as the columns of the codes.
        edges: Ascending.
    """

    trees: FlatTrees
    edges: NDArray[np.float64]

    @classmethod
    def fit(
        cls,
        codes: Codes,
        columns: Sequence[CodeColumn],
        before: Sequence[int],
        target: int,
        groups: NDArray[np.int64],
        rng: np.random.Generator,
    ) -> tuple[Self, NDArray[np.uint16]] | None:
        """The score of a target column by the columns `before` it, and each row's bin by boosters that have not seen its group.

        None if there are too few rows, or the target is a category of several names.

        Args:
            codes: Columns × rows.
            columns: What the codes are.
            before: Columns to learn from.
            target: Column to learn.
            groups: Group of each row, such as its entity.
            rng: Draws the folds and the boosters' parts.
        """
        about, y = columns[target], codes[target]
        if about.is_categorical or len(y) < FEWEST_ROWS or len(np.unique(y)) < 2:
            return None
        X = codes[np.asarray(before)].T.astype(np.float32, order="F")
        named = [i for i, j in enumerate(before) if columns[j].is_categorical]
        wanted, weight = _wanted(y, about)
        objective = "binary" if about.n_codes == 2 else "regression"

        def learnt(rows: NDArray[np.bool_]) -> FlatTrees:
            text = train(
                X[rows], wanted[rows], weight=weight[rows], categorical=named, how=HOW, rng=rng, objective=objective
            )
            flat = flatten([text])
            return flat._replace(feature=np.asarray(before, np.int16)[flat.feature])

        fold = rng.integers(N_FOLDS, size=int(groups.max()) + 1)[groups]
        unseen = np.zeros(len(y))
        for k in range(N_FOLDS):
            mine = fold == k
            if mine.any() and not mine.all():
                unseen[mine] = scores(learnt(~mine), np.ascontiguousarray(codes[:, mine]))
        edges = np.unique(np.quantile(unseen, np.linspace(0, 1, N_BINS + 1)[1:-1]))
        made = cls(learnt(np.ones(len(y), bool)), edges)
        return made, np.searchsorted(edges, unseen, side="right").astype(np.uint16)

    def bins(self, codes: Codes) -> NDArray[np.int64]:
        """The bin of each of columns × rows."""
        return np.searchsorted(self.edges, scores(self.trees, codes), side="right")

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The score as arrays by name."""
        return {**self.trees._asdict(), "edges": self.edges}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        return cls(FlatTrees.from_arrays(arrays), arrays["edges"])


def scores(trees: FlatTrees, codes: Codes) -> NDArray[np.float64]:
    """Raw scores of a booster for columns × rows."""
    from smartsynth.models.kernels import score_serially

    check_codes(trees, codes)
    out = np.zeros(codes.shape[1])
    score_serially(codes, out, *trees)
    return out


def _wanted(y: NDArray[Any], column: CodeColumn) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What the booster learns of each row, and the row's weight: normal scores of a number, 0 weight where it is missing."""
    if column.n_codes == 2:
        return y.astype(np.float64), np.ones(len(y))
    known = y != column.missing_code if column.missing_code is not None else np.ones(len(y), bool)
    counts = np.bincount(y[known], minlength=column.n_codes).astype(np.float64)
    share = (np.cumsum(counts) - counts / 2) / max(counts.sum(), 1.0)
    return ndtri(np.clip(share, 1e-3, 1 - 1e-3))[y], known.astype(np.float64)


SCORE = CodeColumn(N_BINS, ordered=True)
"""What the bins of a score are."""
