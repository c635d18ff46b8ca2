"""Attacks on a synthetic table, each calibrated on real rows that the generator never saw.

All distances are those of privacy/neighbours.py. Members are training rows, non-members holdout rows. What holds for
the holdout cannot be leakage; only what holds for members beyond it is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smartsynth.privacy.neighbours import nearest

MOST_QUERIES = 5_000


@dataclass(frozen=True, slots=True)
class Test:
    """A count in the training rows against the count that the holdout leads one to expect.

    Args:
        value, expected: What was found and what rows that no generator saw would give.
        p: One-sided p-value of finding at least `value`.
    """

    __test__ = False
    value: float
    expected: float
    p: float


def closest(
    queries: NDArray[np.float32], reference: NDArray[np.float32], k: int = 1
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Distances and places of the k nearest reference rows."""
    distance, place = nearest(queries, reference, k=min(k, len(reference)))
    return distance.astype(float), place


def dcr_share(
    made: NDArray[np.float32], train: NDArray[np.float32], holdout: NDArray[np.float32]
) -> tuple[float, float]:
    """Share of synthetic rows nearer to a training row than to a holdout row, ties split; and its standard error.

    Both references must have the same size. 0.5: no nearer to the people it learnt from than to others.
    """
    to_train, to_holdout = closest(made, train)[0][:, 0], closest(made, holdout)[0][:, 0]
    nearer = (to_train < to_holdout) + 0.5 * (to_train == to_holdout)
    return float(nearer.mean()), float(nearer.std() / math.sqrt(len(nearer)))


def nndr(queries: NDArray[np.float32], reference: NDArray[np.float32]) -> float:
    """Fifth percentile of the nearest-neighbour distance ratio: nearest over second nearest reference row.

    Near 0: some rows single out one reference row. Near 1: every row lies among several.
    """
    distance = closest(queries, reference, 2)[0]
    ratio = np.where(distance[:, 1] > 0, distance[:, 0] / np.maximum(distance[:, 1], 1e-12), 1.0)
    return float(np.quantile(ratio, 0.05))


def pooled_labels(
    made: NDArray[np.float32], train: NDArray[np.float32], holdout: NDArray[np.float32], tail: float
) -> Test:
    """Whether synthetic rows attach themselves to training rows more often than the shares of real rows say.

    Each synthetic row votes for its nearest real row. Without memorisation the labels train and holdout of the real rows
    are exchangeable, so T = Σ_train votes has mean Σw·n_t/N and variance n_t·n_h/(N(N-1))·(Σw² - (Σw)²/N).
    Only the share `tail` of the synthetic rows votes, those closest to a real row.
    """
    both = np.concatenate([train, holdout])
    order = np.random.default_rng(0).permutation(len(both))
    distance, place = closest(made, both[order])
    near = distance[:, 0] <= np.quantile(distance[:, 0], tail)
    votes = np.bincount(order[place[near, 0]], minlength=len(both)).astype(float)
    n_t, n_h, n = len(train), len(holdout), len(both)
    total = votes.sum()
    mean = total * n_t / n
    variance = n_t * n_h / (n * (n - 1)) * ((votes**2).sum() - total**2 / n)
    z = (votes[:n_t].sum() - mean) / math.sqrt(variance) if variance > 0 else 0.0
    return Test(float(votes[:n_t].sum() / total), n_t / n, 0.5 * math.erfc(z / math.sqrt(2)))


def excess(hits: int, tries: int, control_hits: int, control_tries: int) -> Test:
    """Whether members are hit more often than non-members: Fisher's exact test, one-sided."""
    from scipy.stats import fisher_exact

    table = [[hits, tries - hits], [control_hits, control_tries - control_hits]]
    p = float(fisher_exact(table, alternative="greater")[1])
    return Test(hits / max(tries, 1), control_hits / max(control_tries, 1), p)


def membership_scores(
    members: NDArray[np.float32], others: NDArray[np.float32], made: NDArray[np.float32]
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Truth and score of the distance attack: a record is called a member if a synthetic row lies close to it."""
    score = -np.concatenate([closest(members, made)[0][:, 0], closest(others, made)[0][:, 0]])
    return np.r_[np.ones(len(members), dtype=bool), np.zeros(len(others), dtype=bool)], score


def roc(truth: NDArray[np.bool_], score: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """False and true positive rates from 0 to 1; tied scores are one straight step, as a randomised attacker gets."""
    order = np.argsort(-score, kind="stable")
    last_of_ties = np.r_[np.diff(score[order]) != 0, True]
    true = np.cumsum(truth[order])[last_of_ties] / max(truth.sum(), 1)
    false = np.cumsum(~truth[order])[last_of_ties] / max((~truth).sum(), 1)
    return np.r_[0.0, false], np.r_[0.0, true]


def tpr_at(truth: NDArray[np.bool_], score: NDArray[np.float64], fpr: float) -> float:
    """True positive rate at a false positive rate, ties interpolated."""
    false, true = roc(truth, score)
    return float(np.interp(fpr, false, true))


def lone_values(column: NDArray[np.float64] | NDArray[np.int64], most: int = 2) -> NDArray[np.float64]:
    """The values that at most `most` rows of a column hold."""
    known = column[~np.isnan(column)] if column.dtype.kind == "f" else column
    values, counts = np.unique(known, return_counts=True)
    return np.asarray(values[counts <= most], dtype=np.float64)


def unique_values(made: NDArray[np.float64], train: NDArray[np.float64], holdout: NDArray[np.float64]) -> Test:
    """Whether values that one or two training rows hold alone come back more often than such holdout values do.

    Values that occur on the other side as well are left out: they are not anybody's alone.
    """
    pool = np.unique(made[~np.isnan(made)])
    ours, theirs = lone_values(train), lone_values(holdout)
    ours, theirs = ours[~np.isin(ours, holdout)], theirs[~np.isin(theirs, train)]
    return excess(int(np.isin(ours, pool).sum()), len(ours), int(np.isin(theirs, pool).sum()), len(theirs))
