"""Whether windows of one plain series give away what they were learnt from.

There are no persons to find here, and windows of neighbouring times are alike, so attacks that ask whether somebody was learnt from
cannot be calibrated. Two questions remain, each beside the same of times that were kept aside:

    replay      do runs of rows come back verbatim
    nearness    do windows lie nearer to the series than all but the nearest of the windows kept aside
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from smartsynth.facts import Battery, Better, Curve, Family, Outcome, Score
from smartsynth.formats import count, percent
from smartsynth.metrics.timeseries import Nearest
from smartsynth.privacy import attacks, replay
from smartsynth.privacy.attacks import Test
from smartsynth.privacy.battery import NOTHING, Found, judged, p_text
from smartsynth.privacy.intervals import clopper_pearson
from smartsynth.privacy.neighbours import MixedDistance
from smartsynth.schema import Schema
from smartsynth.sequences import Panel, windows_of
from smartsynth.utils.leakage import distances
from smartsynth.utils.sequence_sample import Samples

FEWEST_WINDOWS = 10
EXPECTED = 0.01
RUNS_PER_WINDOW = 4


def assess_series(
    samples: Samples, near: Nearest | None, rng: np.random.Generator
) -> tuple[list[Score], list[Curve], Battery]:
    """Privacy scores, the curve behind them, and the verdict.

    Args:
        samples: Windows of a plain series.
        near: Of the windows as arrays; None if there are no channels for it.
        rng: Decides which windows are compared.
    """
    scores, found = verbatim_runs(samples)
    if not found:
        return [], [], Battery(Outcome.UNKNOWN, reason=NOTHING)
    if near is not None:
        found.append(_nearness(near, len(samples.synthetic.records)))
    verdict = judged(found, _smallest(samples, len(found)))
    few = len(samples.holdout.apart) < FEWEST_WINDOWS
    if few and verdict.outcome is not Outcome.FAIL:
        why = f"a verdict needs {FEWEST_WINDOWS} windows kept aside that share no row, and there are {len(samples.holdout.apart)}. Give more rows, or shorter windows (--window)."
        verdict = Battery(Outcome.UNKNOWN, verdict.attacks, verdict.smallest, why, verdict.notes)
    by_table = MixedDistance.fit(samples.train.table, samples.table_schema)
    t, s, h = (by_table.encode(sample.table) for sample in samples.every)
    queries, outsiders = (part[rng.permutation(len(part))[: attacks.MOST_QUERIES]] for part in (s, h))
    return scores, [distances(t, queries, outsiders)], verdict


def _channels(samples: Samples) -> Schema:
    return replace(samples.schema, columns=samples.schema.channels)


def _run(samples: Samples) -> int:
    """Rows of a run that is looked for verbatim."""
    return max((samples.length or 2) // RUNS_PER_WINDOW, 2)


def _runs(panel: Panel, distance: MixedDistance, length: int, *, stride: int) -> NDArray[np.uint64]:
    """A number for each run of rows inside records, equal for equal runs."""
    keys = distance.keys(panel.frame)
    starts = windows_of(panel, length, stride=stride)
    found = np.zeros(len(starts), np.uint64)
    for place in range(length):
        found = (found ^ (found >> np.uint64(29))) * np.uint64(0x9E3779B97F4A7C15) + keys[starts + place]
    return found


def _lone_runs(samples: Samples) -> tuple[int, int, int, int]:
    """Runs that occur once and come back: of training rows, of how many; and the same of the holdout."""
    distance, length = MixedDistance.fit(samples.train.panel.frame, _channels(samples)), _run(samples)
    train, holdout = (_runs(s.panel, distance, length, stride=length) for s in (samples.train, samples.holdout))
    return replay.rows(train, _runs(samples.synthetic.panel, distance, length, stride=1), holdout)


def verbatim_runs(samples: Samples) -> tuple[list[Score], list[Found]]:
    """Whether runs of rows come back verbatim, in whatever record; nothing without a channel."""
    if not len(_channels(samples)):
        return [], []
    hits, tries, others, controls = _lone_runs(samples)
    test, length = attacks.excess(hits, tries, others, controls), _run(samples)
    what = "events" if not samples.plain else "rows"
    sentence = (
        f"{count(hits)} of {count(tries)} runs of {length} {what} that occur once in what was learnt from come back verbatim, and "
        f"{count(others)} of {count(controls)} such runs kept aside ({p_text(test)})."
    )
    score = Score(
        "verbatim_runs", "Runs that come back", Family.PRIVACY, test.value, Better.LOWER, sentence, test.expected,
        headline=samples.plain,
    )  # fmt: skip
    return [score], [("replay", f"Runs of {what} that come back", sentence, test)]


def _nearness(near: Nearest, n: int) -> Found:
    hits = round(near.near * n)
    low, high = clopper_pearson(hits, n)
    left = 1 - EXPECTED
    test = Test(
        near.near, EXPECTED, float(binom.sf(hits - 1, n, EXPECTED)), (near.near - EXPECTED) / left,
        ((low - EXPECTED) / left, (high - EXPECTED) / left),
    )  # fmt: skip
    sentence = (
        f"{percent(near.near)} of the synthetic windows lie nearer to what was learnt from than all but the nearest 1 % of the windows "
        f"kept aside ({p_text(test)})."
    )
    return "nearness", "Windows too near", sentence, test


def _smallest(samples: Samples, n_tests: int) -> float:
    """The smallest share of synthetic windows that, if they were copies of training windows, would have been found."""
    _, tries, others, controls = _lone_runs(samples)
    per_window = RUNS_PER_WINDOW - 1
    for copies in range(1, tries // per_window + 1):
        if attacks.excess(min(copies * per_window, tries), tries, others, controls).p * n_tests < EXPECTED:
            return copies / len(samples.synthetic.records)
    return math.inf
