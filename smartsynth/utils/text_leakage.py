"""Privacy of texts: what of real ones comes back, and whether it can be told who was learnt from.

Beside every share stands that of unseen real texts: people say the same things.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd

from smartsynth.facts import Battery, Better, Curve, Family, Outcome, Score
from smartsynth.formats import number, percent
from smartsynth.metrics.detection import auc
from smartsynth.metrics.minhash import NearTexts
from smartsynth.metrics.text import overlap, run_length
from smartsynth.privacy import attacks
from smartsynth.privacy.battery import (
    MIN_HOLDOUT,
    MIN_TRAIN,
    TOO_FEW,
    Found,
    attachment,
    judged,
    membership,
    replayed_texts,
)
from smartsynth.privacy.intervals import auc_interval, wilson
from smartsynth.schema import Kind, Schema
from smartsynth.texts import flat
from smartsynth.utils.leakage import distances
from smartsynth.utils.text_sample import Side

Frames = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]
Sides = tuple[Side, Side, Side]


def assess(
    frames: Frames,
    sides: Sides,
    schema: Schema,
    how: str,
    *,
    rng: np.random.Generator,
    tick: Callable[[str], None],
) -> tuple[list[Score], list[Curve], Battery]:
    """Privacy scores, the curve behind them, and the verdict of the attacks.

    Args:
        frames: All training, synthetic and holdout rows.
        sides: Those of them whose texts are points.
        schema: Their columns.
        how: How texts became points.
        rng: Breaks ties.
        tick: Told when a step is done.
    """
    scores = _copies(frames, schema, rng)
    tick("copies")
    t, s, h = sides
    member = _membership_score(t, s, h, how, rng)
    plain = tuple(_flattened(frame, schema) for frame in frames)
    found: list[Found] = [
        *replayed_texts(plain[0], plain[1], plain[2], schema),
        *attachment(t.points, s.points, h.points, rng),
        *membership(t.points, s.points, h.points, rng),
    ]
    verdict = judged(found, _smallest(frames, len(found)))
    if (len(frames[0]) < MIN_TRAIN or len(frames[2]) < MIN_HOLDOUT) and verdict.outcome is not Outcome.FAIL:
        verdict = replace(verdict, outcome=Outcome.UNKNOWN, reason=TOO_FEW)
    tick("attacks")
    curve = distances(t.points, s.points[: attacks.MOST_QUERIES], h.points[: attacks.MOST_QUERIES])
    return [*scores, member], [curve], verdict


def _flattened(frame: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """Cells with parts as plain texts."""
    cells = {
        c.name: pd.Series(
            [None if pd.isna(cell) else flat(c, str(cell)) for cell in frame[c.name]], frame.index, dtype=object
        )
        for c in schema
        if c.kind is Kind.TEXT
    }
    return frame.assign(**cells)


def _copies(frames: Frames, schema: Schema, rng: np.random.Generator) -> list[Score]:
    """Runs of words and whole texts that come back, of the column where most do."""
    worst: list[Score] = []
    for column in (c for c in schema if c.kind is Kind.TEXT):
        t, s, h = ([flat(column, str(cell)) for cell in frame[column.name].dropna()] for frame in frames)
        if not t or not s or not h:
            continue
        s, h = (_some(texts, attacks.MOST_QUERIES, rng) for texts in (s, h))
        found = [_runs(t, s, h, column.name), *_near(t, s, h, column.name)]
        if not worst or found[0].value - (found[0].reference or 0) > worst[0].value - (worst[0].reference or 0):
            worst = found
    return worst


def _some(texts: list[str], most: int, rng: np.random.Generator) -> list[str]:
    return [texts[i] for i in rng.permutation(len(texts))[:most]]


def _runs(t: list[str], s: list[str], h: list[str], name: str) -> Score:
    n = run_length(t)
    made, unseen = overlap(s, t, n), overlap(h, t, n)
    sentence = (
        f"{percent(made.texts)} of the synthetic texts of {name} have a run of {n} words that a training text has, the longest of "
        f"{made.longest} words; of unseen real texts {percent(unseen.texts)}, the longest of {unseen.longest}."
    )
    interval = wilson(round(made.texts * len(s)), len(s))
    return Score(
        "copied_runs",
        "Runs of words that come back",
        Family.PRIVACY,
        made.texts,
        Better.LOWER,
        sentence,
        unseen.texts,
        interval,
        headline=True,
    )


def _near(t: list[str], s: list[str], h: list[str], name: str) -> list[Score]:
    known = NearTexts(list(dict.fromkeys(t)))
    made, unseen = (float((known.nearest(texts)[0] >= 0).mean()) for texts in (s, h))
    sentence = f"{percent(made)} of the synthetic texts of {name} are nearly the same as a training text; of unseen real texts {percent(unseen)}."
    return [
        Score(
            "near_copies",
            "Near copies",
            Family.PRIVACY,
            made,
            Better.LOWER,
            sentence,
            unseen,
            wilson(round(made * len(s)), len(s)),
        )
    ]


def _membership_score(t: Side, s: Side, h: Side, how: str, rng: np.random.Generator) -> Score:
    n = min(len(t), len(h), attacks.MOST_QUERIES)
    members, others = (side.points[rng.permutation(len(side))[:n]] for side in (t, h))
    value = auc(*attacks.membership_scores(members, others, s.points))
    sentence = f"The nearest synthetic text, by {how}, tells training from unseen texts with AUC {number(value)}; 0.5 is a guess."
    return Score(
        "membership_auc",
        "Membership AUC",
        Family.PRIVACY,
        value,
        Better.LOWER,
        sentence,
        0.5,
        auc_interval(value, n, n),
        headline=True,
    )


def _smallest(frames: Frames, n_tests: int) -> float:
    """The smallest share of synthetic texts that, if they were copies of training texts, the replay test would find."""
    tries, controls = len(frames[0]), len(frames[2])
    for copies in range(1, min(tries, 1_000) + 1):
        if attacks.excess(copies, tries, 0, controls).p * n_tests < 0.01:
            return copies / len(frames[1])
    return math.inf
