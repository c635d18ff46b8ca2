"""The three questions of the Article 29 Working Party (Opinion 05/2014) put to a synthetic table.

    singling out   does a description that fits one synthetic row alone fit exactly one real person?
    linkability    do two halves of what is known about a person lead to the same synthetic rows?
    inference      does the most similar synthetic row tell what is not known about a person?

Each is answered for rows that were learnt from and for rows that were not: what can be done to both is knowledge about
people in general, and only what can be done to the former more often is leakage. Rows are those of
`MixedDistance.encode`; two cells agree if they differ by at most 2 % of the column's range.

Descriptions that fit one person alone are the predicates of Cohen & Nissim (2020), "Towards formalizing the GDPR's
notion of singling out".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from smartsynth.privacy import attacks
from smartsynth.privacy.attacks import Test
from smartsynth.privacy.neighbours import Neighbours

Encoded = NDArray[np.float32]

AGREES = 0.02
PREDICATES = 1_000
TARGETS = 2_000
LINKS = 5
SECRETS = 12
"""Most columns that are guessed."""
GUESSED = 1_000


def singling_out(t: Encoded, s: Encoded, h: Encoded, rng: np.random.Generator) -> Test:
    """How many training rows, and how many holdout rows, a description of one synthetic row fits alone.

    A description takes columns in random order until it fits no other synthetic row. `value` is the share of training
    rows among all real rows singled out; each is counted once.
    """
    n = min(len(t), len(s), len(h))
    t, s, h = (x[rng.permutation(len(x))[:n]] for x in (t, s, h))
    ours, theirs = set[int](), set[int]()
    for row in s[: min(PREDICATES, n)]:
        columns = _description(row, s, rng)
        for real, found in ((t, ours), (h, theirs)):
            fits = _fitting(real, row, columns)
            if len(fits) == 1:
                found.add(int(fits[0]))
    return attacks.half(len(ours), len(ours) + len(theirs))


def _description(row: Encoded, s: Encoded, rng: np.random.Generator) -> NDArray[np.int64]:
    """Columns in random order, so many that only this synthetic row agrees in all of them; all if none suffice."""
    order = rng.permutation(s.shape[1])
    left = s
    for i, column in enumerate(order):
        left = left[np.abs(left[:, column] - row[column]) <= AGREES]
        if len(left) <= 1:
            return order[: i + 1]
    return order


def _fitting(rows: Encoded, row: Encoded, columns: NDArray[np.int64]) -> NDArray[np.int64]:
    left = np.arange(len(rows))
    for column in columns:
        left = left[np.abs(rows[left, column] - row[column]) <= AGREES]
    return left


def linkability(t: Encoded, s: Encoded, h: Encoded, rng: np.random.Generator) -> Test | None:
    """How often two halves of a person's columns have a nearest synthetic row in common; None under four columns."""
    if s.shape[1] < 4:
        return None
    order = rng.permutation(s.shape[1])
    n = min(len(t), len(h), TARGETS)
    people = np.concatenate([t[rng.permutation(len(t))[:n]], h[rng.permutation(len(h))[:n]]])
    s = s[rng.permutation(len(s))]
    k = min(LINKS, len(s))
    halves = [np.sort(order[i::2]) for i in range(2)]
    one, two = (
        Neighbours(np.ascontiguousarray(s[:, half]), k=k).nearest(np.ascontiguousarray(people[:, half]), k)[1]
        for half in halves
    )
    linked = ((one[:, :, None] == two[:, None, :]) & (one >= 0)[:, :, None]).any(axis=(1, 2))
    return attacks.excess(int(linked[:n].sum()), n, int(linked[n:].sum()), n)


def inference(
    t: Encoded, s: Encoded, h: Encoded, secrets: Sequence[int], rng: np.random.Generator
) -> tuple[int, Test] | None:
    """The column whose cells are guessed best for training rows beyond holdout rows, p corrected for all columns.

    The guess is the cell of the synthetic row that is most similar in all other columns. None under two columns.

    Args:
        t: Training rows.
        s: Synthetic rows.
        h: Holdout rows.
        secrets: Places of the columns that are guessed.
        rng: Decides who is attacked.
    """
    if s.shape[1] < 2:
        return None
    n = min(len(t), len(h), GUESSED)
    people = np.concatenate([t[rng.permutation(len(t))[:n]], h[rng.permutation(len(h))[:n]]])
    s = s[rng.permutation(len(s))]
    found = []
    for secret in secrets:
        known = np.delete(np.arange(s.shape[1]), secret)
        similar = Neighbours(np.ascontiguousarray(s[:, known])).nearest(np.ascontiguousarray(people[:, known]))[1][:, 0]
        right = np.abs(s[similar, secret] - people[:, secret]) <= AGREES
        found.append((secret, attacks.excess(int(right[:n].sum()), n, int(right[n:].sum()), n)))
    secret, best = min(found, key=lambda one: (one[1].p, -one[1].advantage))
    return secret, replace(best, p=min(best.p * len(found), 1.0))
