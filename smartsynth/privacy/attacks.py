"""Attacks on a synthetic table, each calibrated on real rows that the generator never saw.

All distances are those of privacy/neighbours.py. Members are training rows, non-members holdout rows. What holds for
the holdout cannot be leakage; only what holds for members beyond it is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smartsynth.privacy.intervals import Z, auc_interval, difference, wilson
from smartsynth.privacy.neighbours import nearest

MOST_QUERIES = 5_000


@dataclass(frozen=True, slots=True)
class Test:
    """A count in the training rows against the count that the holdout leads one to expect.

    Args:
        value, expected: What was found and what rows that no generator saw would give.
        p: One-sided p-value of finding at least `value`.
        advantage: How much of what is left beyond a guess the attack gains: 0 nothing, 1 everything.
        interval: 95 % confidence interval of the advantage.
    """

    __test__ = False
    value: float
    expected: float
    p: float
    advantage: float
    interval: tuple[float, float]


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
    made: NDArray[np.float32], train: NDArray[np.float32], holdout: NDArray[np.float32], tails: Sequence[float]
) -> list[Test]:
    """Whether synthetic rows attach themselves to training rows more often than the shares of real rows say.

    Each synthetic row votes for its nearest real row. Without memorisation the labels train and holdout of the real rows
    are exchangeable, so T = Σ_train votes has mean Σw·n_t/N and variance n_t·n_h/(N(N-1))·(Σw² - (Σw)²/N).

    Args:
        made: Encoded synthetic rows.
        train: Encoded training rows.
        holdout: Encoded holdout rows.
        tails: For each test, the share of the synthetic rows that vote: those closest to a real row.
    """
    both = np.concatenate([train, holdout])
    order = np.random.default_rng(0).permutation(len(both))
    distance, place = closest(made, both[order])
    is_train, voted = order < len(train), place[:, 0]
    return [_votes(voted[distance[:, 0] <= np.quantile(distance[:, 0], tail)], is_train) for tail in tails]


def _votes(voted: NDArray[np.int64], is_train: NDArray[np.bool_]) -> Test:
    votes = np.bincount(voted, minlength=len(is_train)).astype(float)
    n, n_t = len(is_train), int(is_train.sum())
    total = votes.sum()
    variance = n_t * (n - n_t) / (n * (n - 1)) * ((votes**2).sum() - total**2 / n)
    spread = math.sqrt(max(variance, 0.0))
    more = float(votes[is_train].sum() - total * n_t / n)
    p = 0.5 * math.erfc(more / spread / math.sqrt(2)) if spread else 0.5
    share, error = float(votes[is_train].sum() / total), Z * spread / total
    gained = [_balanced(end, n_t / n) for end in (share, share - error, share + error)]
    return Test(share, n_t / n, p, gained[0], (gained[1], gained[2]))


def _balanced(share: float, expected: float) -> float:
    """The advantage that a share would show if as many training as holdout rows stood for election.

    >>> round(_balanced(0.6, 0.5), 3), round(_balanced(6 / 7, 0.8), 3)
    (0.2, 0.2)
    """
    share = min(max(share, 0.0), 1.0)
    ours, theirs = share / expected, (1 - share) / (1 - expected)
    return (ours - theirs) / (ours + theirs)


def excess(hits: int, tries: int, control_hits: int, control_tries: int) -> Test:
    """Whether members are hit more often than non-members: Fisher's exact test, one-sided."""
    from scipy.stats import fisher_exact

    table = [[hits, tries - hits], [control_hits, control_tries - control_hits]]
    p = float(fisher_exact(table, alternative="greater")[1])
    value, expected = hits / max(tries, 1), control_hits / max(control_tries, 1)
    low, high = difference(hits, tries, control_hits, control_tries)
    left = 1 - expected or 1.0
    return Test(value, expected, p, (value - expected) / left, (low / left, high / left))


def half(hits: int, tries: int) -> Test:
    """Whether more than half of the tries are hits: the exact sign test, one-sided."""
    from scipy.stats import binom

    low, high = wilson(hits, tries) if tries else (0.0, 1.0)
    value, p = hits / tries if tries else 0.5, float(binom.sf(hits - 1, tries, 0.5))
    return Test(value, 0.5, p, 2 * value - 1, (2 * low - 1, 2 * high - 1))


def nearer(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> Test:
    """Whether members' distances are smaller than those of non-members: Mann and Whitney's (1947) test; AUC as value."""
    from scipy.stats import mannwhitneyu

    found = mannwhitneyu(ours, theirs, alternative="less")
    auc = 1 - float(found.statistic) / (len(ours) * len(theirs))
    low, high = auc_interval(auc, len(ours), len(theirs))
    return Test(auc, 0.5, float(found.pvalue), 2 * auc - 1, (2 * low - 1, 2 * high - 1))


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


def lone_values(
    made: NDArray[np.generic], train: NDArray[np.generic], holdout: NDArray[np.generic], most: int = 2
) -> Test:
    """Whether values that only one or two real rows have come back more often from training than from holdout rows.

    A value counts if at most `most` rows of both tables together hold it, all of them in one table: without leakage it
    is chance in which.

    Args:
        made: The synthetic cells of one column, or one number for each; missing ones left out.
        train: Those of the training rows.
        holdout: Those of the holdout rows.
        most: Most rows that a lone value has.
    """
    both = np.concatenate([train, holdout])
    values, first, place, counts = np.unique(both, return_index=True, return_inverse=True, return_counts=True)
    in_train = np.bincount(place[: len(train)], minlength=len(values))
    lone = (counts <= most) & ((in_train == 0) | (in_train == counts))
    ours = first < len(train)
    back = lone & np.isin(values, made)
    return excess(
        int((back & ours).sum()), int((lone & ours).sum()), int((back & ~ours).sum()), int((lone & ~ours).sum())
    )
