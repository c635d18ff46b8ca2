"""Attacks that learn models of their own: shadow models and planted canaries, added to the verdict of an evaluation."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from smartsynth import images
from smartsynth.facts import Evaluation
from smartsynth.formats import number, percent
from smartsynth.privacy import canaries, shadow
from smartsynth.privacy.battery import Found, p_text, with_more
from smartsynth.privacy.neighbours import MixedDistance
from smartsynth.privacy.shadow import Encode, Make
from smartsynth.progress import Progress, part, silent
from smartsynth.schema import Modality, Schema
from smartsynth.utils.image_points import ImagePoints

MOST_IMAGES = 5_000
"""Synthetic images of a model that a target's nearest is looked for among."""


def with_shadows(
    evaluation: Evaluation,
    make: Make,
    train: pd.DataFrame,
    synthetic: pd.DataFrame,
    holdout: pd.DataFrame,
    schema: Schema,
    *,
    models: int,
    seed: int,
    framing: str = images.CROP,
    progress: Progress = silent,
) -> Evaluation:
    """The evaluation with attacks that need the generator: likelihood ratios over shadow models, and canaries.

    Rows of a table are compared as rows, rows with images by their images.

    Args:
        evaluation: What was measured without them.
        make: The generator with the settings of the release.
        train: Real rows that it learnt from.
        synthetic: Rows that it made.
        holdout: Real rows that it never saw.
        schema: The columns of all three.
        models: Number of shadow models.
        seed: Same seed, same attacks.
        framing: How real images of another form are brought to that of the synthetic ones.
        progress: Called with the share done; may raise `Cancelled`.
    """
    if evaluation.battery is None or not evaluation.battery.attacks:
        return evaluation
    encode: Encode
    if schema.modality is Modality.IMAGE:
        points = ImagePoints(synthetic, schema, framing)
        train, synthetic, holdout = (points.there(rows).reset_index(drop=True) for rows in (train, synthetic, holdout))
        encode, plant, most = points, points.planted, MOST_IMAGES
        what, how = "images", f" (by {points.how})"
    else:
        encode, plant, most = MixedDistance.fit(train, schema).encode, canaries.planted, shadow.MOST
        what, how = "rows", ""
    split = models / (models + 1)
    tests = shadow.likelihood_ratio(
        make,
        train,
        synthetic,
        holdout,
        encode,
        models=models,
        seed=seed,
        most=most,
        progress=part(progress, 0.0, split),
    )
    least = canaries.least_epsilon(make, train, encode, plant=plant, seed=seed, progress=part(progress, split, 1.0))
    found: list[Found] = [
        ("membership", "Membership by shadow models", (
            f"A likelihood ratio over {models} shadow models tells training from holdout {what}{how} with AUC "
            f"{number(tests[0].value)} ({p_text(tests[0])})."
        ), tests[0]),
        ("membership", f"Membership by shadow models, surest {what}", (
            f"Of the 2% of the {what} that it is surest of, {percent(tests[1].value)} were learnt from, and 50% are expected "
            f"({p_text(tests[1])})."
        ), tests[1]),
    ]  # fmt: skip
    battery = with_more(evaluation.battery, found, (_canaries(least),))
    return replace(
        evaluation,
        battery=battery,
        verdict={**evaluation.verdict, "privacy": battery.sentence()},
        limits=(*(limit for limit in evaluation.limits if limit not in evaluation.battery.notes), *battery.notes),
    )


def _canaries(least: float) -> str:
    if least == 0:
        return (
            "Canaries planted in a run of their own were not told from others: no lower bound of ε above 0 at 95% "
            "confidence, which proves no upper one."
        )
    return (
        f"Canaries planted in a run of their own were told from others: the generator with these settings has ε of at "
        f"least {number(least)} at 95% confidence."
    )
