"""Privacy of texts: what of real ones comes back, and whether it can be told who was learnt from.

Beside every share stands that of unseen real texts: people say the same things.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from smartsynth.columns import with_columns
from smartsynth.facts import Battery, Better, Curve, Family, Score
from smartsynth.formats import percent
from smartsynth.metrics.minhash import NearTexts
from smartsynth.metrics.text import overlap, run_length
from smartsynth.privacy import attacks
from smartsynth.privacy.battery import (
    Found,
    attachment,
    membership,
    replayed_texts,
)
from smartsynth.privacy.intervals import wilson
from smartsynth.schema import Kind, Schema
from smartsynth.texts import flat
from smartsynth.utils.leakage import distances
from smartsynth.utils.point_leakage import Frames, membership_score, verdict_of
from smartsynth.utils.text_sample import Side

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
    member = membership_score(t.points, s.points, h.points, "text", how, rng)
    plain = tuple(_flattened(frame, schema) for frame in frames)
    found: list[Found] = [
        *replayed_texts(plain[0], plain[1], plain[2], schema),
        *attachment(t.points, s.points, h.points, rng),
        *membership(t.points, s.points, h.points, rng),
    ]
    verdict = verdict_of(found, frames)
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
    return with_columns(frame, cells)


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
