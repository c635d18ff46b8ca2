"""One verdict on leakage from several exact tests, each calibrated on real rows that the generator never saw.

Averages over many rows cannot see a few leaked ones: of a table with 1 % verbatim rows the distance ratios, shares and
membership AUCs in common use call everything fine. So each test here asks a question whose answer for innocent rows is
known, and counts what is beyond it:

    replay        training rows that nobody else has come back, more often than such holdout rows do
    attachment    synthetic rows have training rows as their nearest real rows, more often than the shares of real rows
                  say: of all synthetic rows and of the closest 2 %, over all columns and over parts of them
    lone values   values that one or two training rows alone have come back, more often than such holdout values do
    membership    training rows lie closer to synthetic rows than holdout rows do: on average, at the closest 1 %, and
                  both again relative to how isolated a row is among real ones

The p-values are corrected together (Holm 1979). A verdict says what was found, or how small a leak would have been seen.

Threat model: whoever has the synthetic rows, and some real rows of which it is asked whether they were learnt from.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.formats import number, percent
from smartsynth.privacy import attacks
from smartsynth.privacy.attacks import Test
from smartsynth.privacy.neighbours import MixedDistance, nearest
from smartsynth.schema import Schema

FAIL, WARN = 0.01, 0.05
"""Corrected p-values under which a test fails or warns; all tests together raise a false alarm as rarely."""
MIN_TRAIN, MIN_HOLDOUT = 200, 100
TAIL = 0.02
CLOSEST = 0.01
PARTS = 3
"""Parts of the columns that attachment is looked for in as well, at random; each has half of them."""
MOST = 10_000
"""Most rows of each table that are compared with rows."""


class Outcome(StrEnum):
    """What came of the tests."""

    FAIL = "leakage found"
    WARN = "signs of leakage"
    PASS = "no leakage found"  # noqa: S105  (no password)
    UNKNOWN = "not assessable"


@dataclass(frozen=True, slots=True)
class Finding:
    """One test.

    Args:
        key: Its name, such as `replay`.
        sentence: What was found, in words, with what is expected without leakage.
        test: Value, expectation and p-value.
        corrected: The p-value corrected for all tests together.
    """

    key: str
    sentence: str
    test: Test
    corrected: float


@dataclass(frozen=True, slots=True)
class Battery:
    """All tests and the verdict.

    Args:
        outcome: The verdict.
        findings: The tests, the strongest sign first.
        smallest: Share of verbatim synthetic rows that would have been found; NaN if nothing can be said.
        reason: Why nothing can be said, if so.
    """

    outcome: Outcome
    findings: tuple[Finding, ...] = ()
    smallest: float = math.nan
    reason: str = ""

    def sentence(self) -> str:
        """The verdict in words."""
        if self.outcome is Outcome.UNKNOWN:
            return f"Not assessable: {self.reason}"
        seen = f"a leak of {percent(self.smallest)} of the rows, copied, would have been seen" if self.smallest <= 1 else "the tables are too alike to see copies"  # fmt: skip
        if self.outcome is Outcome.PASS:
            return f"No leakage found by these attacks at these settings; {seen}."
        worst = [f.sentence for f in self.findings if f.corrected < WARN][:3]
        head = "Leakage found" if self.outcome is Outcome.FAIL else "Signs of leakage"
        return f"{head}: {' '.join(worst)}"


def battery(
    train: pd.DataFrame, synthetic: pd.DataFrame, holdout: pd.DataFrame, schema: Schema, *, seed: int = 0
) -> Battery:
    """The verdict on synthetic rows.

    Args:
        train: Real rows that the generator learnt from.
        synthetic: Rows that it made.
        holdout: Real rows that it never saw, drawn as the training rows were.
        schema: The columns of all three.
        seed: Decides which rows and parts of the columns are looked at.
    """
    if len(train) < MIN_TRAIN or len(holdout) < MIN_HOLDOUT:
        return Battery(
            Outcome.UNKNOWN,
            reason=f"it needs {MIN_TRAIN} training and {MIN_HOLDOUT} holdout rows, and there are {len(train)} and {len(holdout)}.",
        )
    distance = MixedDistance.fit(train, schema)
    if not distance.columns:
        return Battery(Outcome.UNKNOWN, reason="no column is modelled.")
    rng = np.random.default_rng([seed, 0xBA77])
    t, s, h = (distance.encode(_some(frame, rng)) for frame in (train, synthetic, holdout))
    keys = tuple(distance.keys(frame) for frame in (train, synthetic, holdout))
    found = [("replay", *_replay(*keys))]
    found += [("attachment", *one) for one in _attachment(t, s, h, rng)]
    found += [("lone values", *_lone_values(t, s, h, distance.columns))]
    found += [("membership", *one) for one in _membership(t, s, h, rng)]
    corrected = holm([test.p for _, _, test in found])
    findings = [Finding(key, sentence, test, p) for (key, sentence, test), p in zip(found, corrected, strict=True)]
    findings.sort(key=lambda finding: (finding.corrected, finding.test.p))
    worst = findings[0].corrected
    outcome = Outcome.FAIL if worst < FAIL else Outcome.WARN if worst < WARN else Outcome.PASS
    return Battery(outcome, tuple(findings), _smallest(*keys, n_tests=len(found)))


def holm(p: list[float]) -> list[float]:
    """p-values corrected together (Holm 1979).

    >>> [round(x, 4) for x in holm([0.01, 0.04, 0.02])]
    [0.03, 0.04, 0.04]
    """
    order = np.argsort(p, kind="stable")
    raised = np.array(p, float)[order] * np.arange(len(p), 0, -1)
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(np.maximum.accumulate(raised), 1.0)
    return [float(x) for x in corrected]


def _some(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    return frame.iloc[rng.permutation(len(frame))[:MOST]]


def _lone_hits(
    train: NDArray[np.uint64], synthetic: NDArray[np.uint64], holdout: NDArray[np.uint64]
) -> tuple[int, int, int, int]:
    """Real rows that no other real row equals, in train and holdout: how many come back, of how many."""
    both = np.r_[train, holdout]
    _, place, counts = np.unique(both, return_inverse=True, return_counts=True)
    lone = counts[place] == 1
    back = lone & np.isin(both, synthetic)
    n = len(train)
    return int(back[:n].sum()), int(lone[:n].sum()), int(back[n:].sum()), int(lone[n:].sum())


def _replay(train: NDArray[np.uint64], synthetic: NDArray[np.uint64], holdout: NDArray[np.uint64]) -> tuple[str, Test]:
    hits, tries, others, controls = _lone_hits(train, synthetic, holdout)
    test = attacks.excess(hits, tries, others, controls)
    return (
        f"{hits} of {tries} training rows that nobody else has come back verbatim, and {others} of {controls} such "
        f"holdout rows (p = {number(test.p)})."
    ), test


def _smallest(
    train: NDArray[np.uint64], synthetic: NDArray[np.uint64], holdout: NDArray[np.uint64], *, n_tests: int
) -> float:
    """The smallest share of synthetic rows that, if they were copies of lone training rows, the replay test would find."""
    _, tries, others, controls = _lone_hits(train, synthetic, holdout)
    low, high = 0, tries + 1
    while high - low > 1:
        middle = (low + high) // 2
        if middle and attacks.excess(middle, tries, others, controls).p * n_tests < FAIL:
            high = middle
        else:
            low = middle
    return high / len(synthetic) if high <= tries else math.inf


def _attachment(
    t: NDArray[np.float32], s: NDArray[np.float32], h: NDArray[np.float32], rng: np.random.Generator
) -> Iterator[tuple[str, Test]]:
    """The label test over all columns, and over parts of them if there are enough."""
    n = t.shape[1]
    parts = [np.arange(n)]
    if n >= 4:
        parts += [np.sort(rng.permutation(n)[: (n + 1) // 2]) for _ in range(PARTS)]
    for columns in parts:
        sides = [np.ascontiguousarray(x[:, columns]) for x in (s, t, h)]
        where = "" if len(columns) == n else f" over {len(columns)} of {n} columns"
        for tail in (1.0, TAIL):
            test = attacks.pooled_labels(sides[0], sides[1], sides[2], tail)
            which = "of the synthetic rows" if tail == 1 else f"of the {percent(tail)} closest synthetic rows"
            yield (
                (
                    f"{percent(test.value)} {which} have a training row as their nearest real row{where}, and "
                    f"{percent(test.expected)} are expected (p = {number(test.p)})."
                ),
                test,
            )


def _lone_values(
    t: NDArray[np.float32], s: NDArray[np.float32], h: NDArray[np.float32], names: tuple[str, ...]
) -> tuple[str, Test]:
    """The column with the strongest sign, its p-value corrected for all columns."""
    tests = [attacks.unique_values(*(x[:, j].astype(float) for x in (s, t, h))) for j in range(t.shape[1])]
    j = min(range(len(tests)), key=lambda i: (tests[i].p, -tests[i].value))
    test = Test(tests[j].value, tests[j].expected, min(tests[j].p * len(tests), 1.0))
    return (
        f"{percent(test.value)} of the values of {names[j]} that one or two training rows alone have come back, and "
        f"{percent(test.expected)} of such holdout values (p = {number(test.p)})."
    ), test


def _membership(
    t: NDArray[np.float32], s: NDArray[np.float32], h: NDArray[np.float32], rng: np.random.Generator
) -> Iterator[tuple[str, Test]]:
    """Distance to the nearest synthetic row, as it is and over the distance to the nearest other real row."""
    n = min(len(t), len(h))
    members, others = t[:n], h[:n]
    near = [nearest(x, s)[0][:, 0].astype(float) for x in (members, others)]
    pool = np.concatenate([members, others])
    alone = nearest(pool, pool, k=2)[0][:, 1].astype(float)
    small = float(np.median(alone)) * 0.05 + 1e-9
    relative = [d / (a + small) for d, a in zip(near, np.split(alone, 2), strict=True)]
    for name, (ours, theirs) in {"": near, " relative to other real rows": relative}.items():
        yield _nearer(ours, theirs, name)
        yield _closest(ours, theirs, name, rng)


def _nearer(ours: NDArray[np.float64], theirs: NDArray[np.float64], name: str) -> tuple[str, Test]:
    """Mann and Whitney's (1947) test that members lie nearer."""
    from scipy.stats import mannwhitneyu

    found = mannwhitneyu(ours, theirs, alternative="less")
    auc = 1 - float(found.statistic) / (len(ours) * len(theirs))
    test = Test(auc, 0.5, float(found.pvalue))
    return f"Distance to the nearest synthetic row{name} tells training from holdout rows with AUC {number(auc)} (p = {number(test.p)}).", test  # fmt: skip


def _closest(
    ours: NDArray[np.float64], theirs: NDArray[np.float64], name: str, rng: np.random.Generator
) -> tuple[str, Test]:
    """Of the closest rows, how many are training rows; ties are broken by lot."""
    both = np.r_[ours, theirs]
    order = np.lexsort((rng.random(len(both)), both))
    k = max(round(CLOSEST * len(both)), 10)
    hits = int((order[:k] < len(ours)).sum())
    test = attacks.excess(hits, len(ours), k - hits, len(theirs))
    test = Test(hits / k, 0.5, test.p)
    return f"Of the {k} real rows closest to a synthetic one{name}, {hits} were learnt from, and {k / 2:g} are expected (p = {number(test.p)}).", test  # fmt: skip
