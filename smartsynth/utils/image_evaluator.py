"""Train, synthetic, holdout → Evaluation of a data set with images, every score beside the same measure of real images.

columns   all columns but the images and texts                     fidelity.py
crowd     images as points: do they lie where real ones do         image_scores.py
look      structures from coarse to fine, and colours                image_scores.py
useful    classifiers that learn a label from them                   image_scores.py
private   which come back, and attacks on membership                 image_leakage.py
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from smartsynth import images
from smartsynth.config import EvaluateConfig
from smartsynth.facts import ColumnComparison, Evaluation, Matrix, Score
from smartsynth.metrics.image_features import Inception
from smartsynth.metrics.rows import prepared, sampled
from smartsynth.progress import Progress, silent
from smartsynth.schema import Kind, Schema
from smartsynth.utils import fidelity, image_leakage, image_scores
from smartsynth.utils.evaluator import check, ticker, verdict_of
from smartsynth.utils.image_sample import in_one_form, sides_of
from smartsynth.utils.image_view import view
from smartsynth.utils.label_scores import label_of

STEPS = ("points", "columns", "pairs", "crowd", "look", "utility", "copies", "attacks", "view")
MOST_PICTURES = 3_000
"""Images of each side that are looked at."""
ASK = (
    "Training images that synthetic ones are nearest to are not shown here, because they are real: `smartsynth evaluate REAL SYNTHETIC "
    "--nearest FILE.html` writes them, beside the synthetic ones, to a page for their owner alone."
)


def evaluate_images(
    train: pd.DataFrame,
    synthetic: pd.DataFrame,
    holdout: pd.DataFrame,
    *,
    schema: Schema,
    target: str | None = None,
    config: EvaluateConfig | None = None,
    framing: str = images.CROP,
    seed: int = 0,
    k: int = 5,
    progress: Progress | None = None,
) -> Evaluation:
    """Every score of synthetic images.

    Args:
        train: Real rows that the generator learnt from.
        synthetic: Rows that it made.
        holdout: Real rows that it never saw.
        schema: The columns of all three.
        target: Label that classifiers learn from the images; the schema's, or the column with the fewest categories, if not given.
        config: What is measured, and on how many rows.
        framing: How real images of another form are brought to that of the synthetic ones.
        seed: Same seed, same scores.
        k: What fewer real rows hold is not shown.
        progress: Called with the share done; may raise `Cancelled`.

    Raises:
        DataError: A table is empty or lacks a column, or holds less than two images.
    """
    start = time.perf_counter()
    config = config or EvaluateConfig()
    check(schema, train=train, synthetic=synthetic, holdout=holdout)
    tick = ticker(progress or silent, STEPS)
    rng = np.random.default_rng([seed, 0x1A6E])
    frames = in_one_form((train, synthetic, holdout), schema, framing)
    sides, how = sides_of(frames, schema, most=min(config.max_rows, MOST_PICTURES), rng=rng)
    t, s, h = sides
    tick("points")
    columns, matrices, scores = _rest(frames, schema, config, seed, rng, tick)
    scores += image_scores.crowd(t, s, h, how, seed=seed)
    tick("crowd")
    scores += image_scores.look(t, s, h)
    tick("look")
    label = label_of(schema, target, t.frame, h.frame)
    useful, rows = image_scores.utility(t, s, h, label, seed=seed)
    tick("utility")
    private, curves, battery = image_leakage.assess(frames, sides, schema, how, rng=rng, tick=tick)
    scores += [*useful, *private]
    shown = view(t, s, h, schema, label, k=k, seed=seed)
    tick("view")
    return Evaluation(
        scores=tuple(scores), columns=columns, matrices=matrices, utility=tuple(rows), curves=tuple(curves),
        verdict={**verdict_of(scores, "image_detection_auc", "images"), "privacy": battery.sentence()}, limits=_limits(scores, battery.notes, how),
        rows={"train": len(train), "synthetic": len(synthetic), "holdout": len(holdout)}, target=None if label is None else label.name,
        task=None if label is None else "multiclass", seconds=time.perf_counter() - start, battery=battery, images=shown,
    )  # fmt: skip


def _rest(
    frames: Sequence[pd.DataFrame],
    schema: Schema,
    config: EvaluateConfig,
    seed: int,
    rng: np.random.Generator,
    tick: Callable[[str], None],
) -> tuple[tuple[ColumnComparison, ...], tuple[Matrix, ...], list[Score]]:
    """The columns that are no images and no texts; nothing if there are none."""
    columns = Schema(tuple(c for c in schema if c.kind not in (Kind.IMAGE, Kind.TEXT)))
    if not any(c.is_modelled for c in columns):
        tick("columns")
        tick("pairs")
        return (), (), []
    layout, every = prepared([frame[list(columns.names)].reset_index(drop=True) for frame in frames], columns)
    real, made, unseen = (sampled(rows, 4 * config.max_rows, rng) for rows in every)
    compared = fidelity.columns(layout, real, made, unseen, {c.name: c.kind.value for c in columns})
    found = fidelity.matrices(layout, real, made, unseen)
    scores, _ = fidelity.margins(
        layout, real, made, unseen, compared, found, max_rows=config.max_rows, seed=seed, rng=rng, tick=tick
    )
    return compared, found, [replace(score, headline=False) for score in scores]


def _limits(scores: Sequence[Score], notes: Sequence[str], how: str) -> tuple[str, ...]:
    limits = [
        "The scores are measurements, not proofs, and were made of the real rows without noise.",
        f"Images were compared by {how}"
        + ("." if how == Inception.name else ", so that distances are not those of Inception's features."),
        ASK,
        *notes,
    ]
    return (*limits, *(f"{score.name}: {score.sentence}" for score in scores if not score.available))
