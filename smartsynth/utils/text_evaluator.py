"""Train, synthetic, holdout → Evaluation of a data set with texts, every score beside the same measure of real texts.

columns   all columns but the texts, and the words of each text       fidelity.py
crowd     texts as points: do they lie where real ones do             text_scores.py
wording   how varied they are, and what words they use                text_scores.py
useful    classifiers that learn a label from them                    text_scores.py
private   what of real texts comes back, and attacks on membership    text_leakage.py
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from smartsynth.columns import with_columns
from smartsynth.config import EvaluateConfig
from smartsynth.facts import Evaluation, Score
from smartsynth.metrics.rows import prepared, sampled
from smartsynth.progress import Progress, silent
from smartsynth.schema import Column, Kind, Schema
from smartsynth.texts import flat, words_in
from smartsynth.utils import fidelity, text_leakage, text_scores
from smartsynth.utils.evaluator import check, ticker, verdict_of
from smartsynth.utils.label_scores import label_of
from smartsynth.utils.text_sample import sides_of
from smartsynth.utils.text_view import view

STEPS = ("embeddings", "columns", "pairs", "crowd", "wording", "utility", "copies", "attacks", "view")
MOST_TEXTS = 5_000
"""Texts of each side that are made points."""


def evaluate_texts(
    train: pd.DataFrame,
    synthetic: pd.DataFrame,
    holdout: pd.DataFrame,
    *,
    schema: Schema,
    target: str | None = None,
    config: EvaluateConfig | None = None,
    seed: int = 0,
    k: int = 5,
    progress: Progress | None = None,
) -> Evaluation:
    """Every score of synthetic texts.

    Args:
        train: Real rows that the generator learnt from.
        synthetic: Rows that it made.
        holdout: Real rows that it never saw.
        schema: The columns of all three.
        target: Label that classifiers learn from the texts; the schema's, or the column with the fewest categories, if not given.
        config: What is measured, and on how many rows.
        seed: Same seed, same scores.
        k: What fewer real rows hold is not shown.
        progress: Called with the share done; may raise `Cancelled`.

    Raises:
        DataError: A table is empty or lacks a column.
    """
    start = time.perf_counter()
    config = config or EvaluateConfig()
    check(schema, train=train, synthetic=synthetic, holdout=holdout)
    tick = ticker(progress or silent, STEPS)
    rng = np.random.default_rng([seed, 0x7EE7])
    frames = [_some(frame, min(config.max_rows, MOST_TEXTS), rng) for frame in (train, synthetic, holdout)]
    (t, s, h), how = sides_of(frames, schema)
    tick("embeddings")
    tables, columns = _tables((train, synthetic, holdout), schema)
    layout, every = prepared(tables, columns)
    real, made, unseen = (sampled(rows, 4 * config.max_rows, rng) for rows in every)
    compared = fidelity.columns(layout, real, made, unseen, {c.name: c.kind.value for c in columns})
    found = fidelity.matrices(layout, real, made, unseen)
    scores, _ = fidelity.margins(
        layout, real, made, unseen, compared, found, max_rows=config.max_rows, seed=seed, rng=rng, tick=tick
    )
    scores = [replace(score, headline=False) for score in scores]
    tick("pairs")
    scores += text_scores.crowd(t, s, h, how, seed=seed)
    tick("crowd")
    scores += text_scores.wording(t, s, h, seed=seed)
    tick("wording")
    label = label_of(schema, target, train, holdout)
    useful, rows = text_scores.utility(t, s, h, label, how, seed=seed)
    tick("utility")
    private, curves, battery = text_leakage.assess(
        (train, synthetic, holdout), (t, s, h), schema, how, rng=rng, tick=tick
    )
    scores += [*useful, *private]
    shown = view(t, s, h, schema, k=k, seed=seed)
    tick("view")
    return Evaluation(
        scores=tuple(scores), columns=compared, matrices=found, utility=tuple(rows), curves=tuple(curves),
        verdict={**verdict_of(scores, "text_detection_auc", "texts"), "privacy": battery.sentence()}, limits=_limits(scores, battery.notes, how),
        rows={"train": len(train), "synthetic": len(synthetic), "holdout": len(holdout)}, target=None if label is None else label.name,
        task=None if label is None else "multiclass", seconds=time.perf_counter() - start, battery=battery, texts=shown,
    )  # fmt: skip


def _some(frame: pd.DataFrame, most: int, rng: np.random.Generator) -> pd.DataFrame:
    return frame.iloc[rng.permutation(len(frame))[:most]].reset_index(drop=True)


def _tables(frames: Sequence[pd.DataFrame], schema: Schema) -> tuple[list[pd.DataFrame], Schema]:
    """The columns that are no texts, and the words of each text."""
    columns, texts = [c for c in schema if c.kind is not Kind.TEXT], [c for c in schema if c.kind is Kind.TEXT]
    made = []
    for frame in frames:
        words = {
            f"words of {c.name}": [np.nan if pd.isna(cell) else words_in(flat(c, str(cell))) for cell in frame[c.name]]
            for c in texts
        }
        made.append(with_columns(frame[[c.name for c in columns]].reset_index(drop=True), words))
    extra = (Column(f"words of {c.name}", Kind.NUMERIC, "float64", decimals=0, nullable=True) for c in texts)
    return made, Schema((*columns, *extra))


def _limits(scores: Sequence[Score], notes: Sequence[str], how: str) -> tuple[str, ...]:
    limits = [
        "The scores are measurements, not proofs, and were made of the real rows without noise.",
        f"Texts were compared by {how}.",
        *notes,
    ]
    return (*limits, *(f"{score.name}: {score.sentence}" for score in scores if not score.available))
