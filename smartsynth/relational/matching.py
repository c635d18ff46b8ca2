"""Finding a parent for each row that says what its parent is like.

Every parent has as many free places as it is to have children. Rows and places are brought together by all that rows ask for,
then the rest by less and less of it, the least telling first: so the number of children of each parent is kept, and most rows
get a parent like the one they ask for.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
ROUNDS = 40
FEWEST = 5


def places(wish: NDArray[np.float64], n: int, rng: np.random.Generator, *, most: int | None = None) -> Ints:
    """How many children each parent gets, `n` together, as near to the wished numbers as whole numbers can be.

    >>> places(np.array([1.0, 0.0, 3.0]), 8, np.random.default_rng(0)).tolist()
    [2, 0, 6]
    """
    wish = np.maximum(np.nan_to_num(np.asarray(wish, float)), 0.0)
    m = len(wish)
    if m == 0 or n == 0:
        return np.zeros(m, np.int64)
    if most is not None:
        n = min(n, most * m)
    if wish.sum() <= 0:
        wish = np.ones(m)
    share = wish * (n / wish.sum())
    if most is not None:
        for _ in range(50):
            share = np.minimum(share, most)
            lack = n - share.sum()
            room = share < most
            if lack < 1e-9 or not room.any():
                break
            weight = np.where(room, np.maximum(wish, 1e-9 + (wish[room].max() <= 0)), 0.0)
            share = share + weight * (lack / weight.sum())
        share = np.minimum(share, most)
    order = rng.permutation(m)
    ends = np.cumsum(share[order])
    ends *= n / ends[-1]
    counts = np.diff(np.floor(np.r_[0.0, ends] + rng.random()).astype(np.int64))
    out = np.zeros(m, np.int64)
    out[order] = counts
    out[order[-1]] += n - out.sum()  # rounding of the last sum
    return out


def allocated(
    degree: NDArray[np.float64] | Ints,
    wanted: Sequence[Ints],
    offered: Sequence[Ints],
    n: int,
    rng: np.random.Generator,
    *,
    must: int,
    most: int | None,
) -> Ints:
    """Places of each parent, `n` together, in proportion to their degrees among the parents that rows ask for.

    Rows ask for as much as at least FEWEST parents with children offer; the first `must` are never given up.
    """
    free, left = np.zeros(len(degree), np.int64), np.ones(n, bool)
    for level in range(len(wanted) if most is None else must, must - 1, -1):
        rows = np.flatnonzero(left)
        if not len(rows):
            break
        if level == 0:
            free += places(np.asarray(degree, float), len(rows), rng, most=most)
            break
        ask, offer = _joint([w[rows] for w in wanted[:level]], offered[:level])
        order = np.argsort(offer, kind="stable")
        count = np.bincount(ask, minlength=int(max(ask.max(), offer.max(initial=0))) + 1)
        ends = np.searchsorted(offer[order], np.arange(len(count) + 1))
        served = np.zeros(len(count), bool)
        for group in np.flatnonzero(count):
            some = order[ends[group] : ends[group + 1]]
            if len(some) and (level == must or (degree[some] > 0).sum() >= FEWEST):
                free[some] += places(np.asarray(degree[some], float), int(count[group]), rng, most=most)
                served[group] = True
        left[rows[served[ask]]] = False
    return free


def matched(
    n: int,
    wanted: Sequence[Ints],
    offered: Sequence[Ints],
    free: Ints,
    rng: np.random.Generator,
    *,
    must: int = 0,
    near: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None,
) -> Ints:
    """A parent for each row, -1 where there are no places left.

    Args:
        n: Rows.
        wanted: What rows ask for, the most telling first: levels of it from coarse to fine count as several. -1 asks for nothing.
        offered: The same of the parents.
        free: Places of each parent.
        rng: Breaks ties.
        must: So many of what rows ask for are not given up.
        near: A number that rows ask for and the parents' ones: those who do not get what they ask for get the next one in order.
    """
    slots = rng.permutation(np.repeat(np.arange(len(free)), free))
    rows = rng.permutation(n)
    parent = np.full(n, -1, np.int64)
    for level in range(len(wanted), must - 1, -1):
        if not len(rows) or not len(slots):
            break
        if level == must and near is not None:
            rows, slots = (
                rows[np.argsort(near[0][rows], kind="stable")],
                slots[np.argsort(near[1][slots], kind="stable")],
            )
        if level:
            asking, offering = _paired(*_joint([w[rows] for w in wanted[:level]], [o[slots] for o in offered[:level]]))
        else:
            asking = offering = np.arange(min(len(rows), len(slots)))
        parent[rows[asking]] = slots[offering]
        rows, slots = np.delete(rows, asking), np.delete(slots, offering)
    return parent


def _joint(ask: Sequence[Ints], offer: Sequence[Ints]) -> tuple[Ints, Ints]:
    """One number for each combination, the same on both sides."""
    n = len(ask[0])
    code = np.zeros(n + len(offer[0]), np.int64)
    for a, b in zip(ask, offer, strict=True):
        both = np.r_[a, b]
        code = np.unique(code * (int(both.max()) + 4) + both + 3, return_inverse=True)[1]
    return code[:n], code[n:]


def _paired(ask: Ints, offer: Ints) -> tuple[Ints, Ints]:
    """Places of asking and offering ones that have the same number, each at most once."""
    first, second = np.argsort(ask, kind="stable"), np.argsort(offer, kind="stable")
    key_a, key_b = _ranked(ask[first]), _ranked(offer[second])
    size = int(max(key_a.max(), key_b.max())) + 1
    a, b = ask[first] * size + key_a, offer[second] * size + key_b
    found = np.minimum(np.searchsorted(b, a), len(b) - 1)
    hit = b[found] == a
    return first[hit], second[found[hit]]


def _ranked(ascending: Ints) -> Ints:
    """Place of each number among its equals."""
    start = np.r_[True, ascending[1:] != ascending[:-1]]
    at = np.arange(len(ascending))
    return at - np.maximum.accumulate(np.where(start, at, 0))


def repeats(one: Ints, other: Ints) -> NDArray[np.bool_]:
    """Which rows repeat the pair of an earlier row."""
    code = one * (int(other.max(initial=0)) + 1) + other
    order = np.argsort(code, kind="stable")
    out = np.zeros(len(code), bool)
    out[order[1:]] = code[order[1:]] == code[order[:-1]]
    return out


def without_repeats(
    one: Ints, other: Ints, group: Ints, within: Ints, rng: np.random.Generator
) -> tuple[Ints, NDArray[np.bool_]]:
    """`other` put in another order, so that no pair of both repeats; and the rows of which one still does.

    Args:
        one: What stays.
        other: What is exchanged, among rows of the same `group` at first.
        group: Rows that ask for the same.
        within: Rows that may exchange at all.
        rng: Proposes exchanges.
    """
    group = np.unique(np.stack([within, group]), axis=1, return_inverse=True)[1].ravel() if len(one) else group
    other = other.copy()
    for round_ in range(ROUNDS):
        bad = np.flatnonzero(repeats(one, other))
        if not len(bad):
            break
        partner = _partners(bad, group if round_ < ROUNDS // 2 else within, rng)
        keep = np.unique(np.r_[bad, partner], return_counts=True)
        twice = set(keep[0][keep[1] > 1].tolist())
        fine = np.array(
            [b not in twice and p not in twice for b, p in zip(bad.tolist(), partner.tolist(), strict=True)], bool
        )
        bad, partner = bad[fine], partner[fine]
        other[bad], other[partner] = other[partner], other[bad]
        worse = repeats(one, other)
        back = worse[bad] | worse[partner]
        other[bad[back]], other[partner[back]] = other[partner[back]], other[bad[back]]
    return other, repeats(one, other)


def _partners(rows: Ints, group: Ints, rng: np.random.Generator) -> Ints:
    """For each row another one of its group."""
    order = np.lexsort((rng.random(len(group)), group))
    at = np.empty(len(group), np.int64)
    at[order] = np.arange(len(group))
    first = np.searchsorted(group[order], group[rows], side="left")
    end = np.searchsorted(group[order], group[rows], side="right")
    chosen = first + (rng.random(len(rows)) * (end - first)).astype(np.int64)
    return order[np.minimum(chosen, end - 1)]
