"""Attacks that learn models of their own: shadow models and planted canaries, added to the verdict of an evaluation."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from smartsynth.facts import Evaluation
from smartsynth.formats import number, percent
from smartsynth.privacy import canaries, shadow
from smartsynth.privacy.battery import Found, p_text, with_more
from smartsynth.privacy.shadow import Make
from smartsynth.progress import Progress, part, silent
from smartsynth.schema import Schema


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
    progress: Progress = silent,
) -> Evaluation:
    """The evaluation with attacks that need the generator: likelihood ratios over shadow models, and canaries.

    Args:
        evaluation: What was measured without them.
        make: The generator with the settings of the release.
        train: Real rows that it learnt from.
        synthetic: Rows that it made.
        holdout: Real rows that it never saw.
        schema: The columns of all three.
        models: Number of shadow models.
        seed: Same seed, same attacks.
        progress: Called with the share done; may raise `Cancelled`.
    """
    if evaluation.battery is None or not evaluation.battery.attacks:
        return evaluation
    split = models / (models + 1)
    tests = shadow.likelihood_ratio(
        make, train, synthetic, holdout, schema, models=models, seed=seed, progress=part(progress, 0.0, split)
    )
    least = canaries.least_epsilon(make, train, schema, seed=seed, progress=part(progress, split, 1.0))
    found: list[Found] = [
        ("membership", "Membership by shadow models", (
            f"A likelihood ratio over {models} shadow models tells training from holdout rows with AUC "
            f"{number(tests[0].value)} ({p_text(tests[0])})."
        ), tests[0]),
        ("membership", "Membership by shadow models, surest rows", (
            f"Of the 2% of the rows that it is surest of, {percent(tests[1].value)} were learnt from, and 50% are expected "
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
