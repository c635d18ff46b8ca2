"""Privacy: what attacks find in the synthetic rows, beside what they find in rows that no generator has seen."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from smartsynth.facts import Battery, Better, Curve, Family, Outcome, Score
from smartsynth.formats import count, number, percent
from smartsynth.metrics.detection import auc
from smartsynth.metrics.rows import Layout
from smartsynth.privacy import attacks
from smartsynth.privacy.anonymity import (
    default_quasi_identifiers,
    k_anonymity,
    reidentification,
    sensitive_columns,
    telling_columns,
)
from smartsynth.privacy.battery import MIN_HOLDOUT, MIN_TRAIN, NOTHING, battery
from smartsynth.privacy.intervals import auc_interval, clopper_pearson
from smartsynth.privacy.neighbours import MixedDistance, matches
from smartsynth.schema import Schema

FPR = 0.01
K = 5
"""Rows of a class under which it counts as small."""
MOST_TELLING = 10_000


def assess(
    train: pd.DataFrame,
    synthetic: pd.DataFrame,
    holdout: pd.DataFrame,
    schema: Schema,
    layout: Layout,
    *,
    seed: int,
    tick: Callable[[str], None],
) -> tuple[list[Score], list[Curve], Battery]:
    """Privacy scores, the curves behind them, and the verdict of the attacks."""
    if not layout.numeric and not layout.categorical:
        why = "Not computed: no column is modelled."
        return [Score("dcr_share", "DCR share", Family.PRIVACY, float("nan"), Better.NEARER, why, headline=True)], [], Battery(
            Outcome.UNKNOWN, reason=NOTHING
        )  # fmt: skip
    distance = MixedDistance.fit(train, schema)
    encoded = [distance.encode(frame) for frame in (train, synthetic, holdout)]
    keys = [distance.keys(frame) for frame in (train, synthetic, holdout)]
    rng = np.random.default_rng([seed, 0xA77A])
    t, s, h = encoded
    queries = s[rng.permutation(len(s))[: attacks.MOST_QUERIES]]
    outsiders = h[rng.permutation(len(h))[: attacks.MOST_QUERIES]]
    scores = [_copies(keys), *_closeness(t, h, queries, outsiders, rng)]
    tick("distances")
    found = battery(train, synthetic, holdout, schema, seed=seed)
    scores += [_lone_values(found)]
    tick("attacks")
    member_scores, curve = _membership(t, s, h, rng)
    scores += member_scores
    tick("membership")
    scores += _anonymity(train, synthetic, holdout, schema)
    return scores, [distances(t, queries, outsiders), curve], found


def _copies(keys: list[np.ndarray]) -> Score:
    train, synthetic, holdout = keys
    value, reference = (float((matches(k, train) > 0).mean()) for k in (synthetic, holdout))
    text = (
        f"{percent(value)} of the synthetic rows equal a training row in every modelled column; of unseen real rows "
        f"{percent(reference)} do."
    )
    return Score("exact_copies", "Exact copies", Family.PRIVACY, value, Better.LOWER, text, reference, headline=True)


def _closeness(
    t: np.ndarray, h: np.ndarray, queries: np.ndarray, outsiders: np.ndarray, rng: np.random.Generator
) -> list[Score]:
    n = min(len(t), len(h))
    train, holdout = t[rng.permutation(len(t))[:n]], h[rng.permutation(len(h))[:n]]
    share, error = attacks.dcr_share(queries, train, holdout)
    text = (
        f"{percent(share)} of the synthetic rows lie nearer to a training row than to an unseen real row; 50 % means no "
        "nearer to the people they were learnt from than to others."
    )
    interval = (max(share - 1.96 * error, 0.0), min(share + 1.96 * error, 1.0))
    found = [Score("dcr_share", "DCR share", Family.PRIVACY, share, Better.LOWER, text, 0.5, interval, headline=True)]
    value, reference = (float(np.quantile(attacks.closest(q, t)[0][:, 0], 0.05)) for q in (queries, outsiders))
    text = (
        f"The nearest 5 % of the synthetic rows lie within {number(value)} of a training row; of unseen real rows within "
        f"{number(reference)} (columns that differ)."
    )
    found.append(
        Score("nearest_distance", "Nearest distance, 5 %", Family.PRIVACY, value, Better.HIGHER, text, reference)
    )
    value, reference = attacks.nndr(queries, t), attacks.nndr(outsiders, t)
    text = f"Nearest over second nearest training row, 5th percentile: {number(value)}; unseen real rows {number(reference)}."
    found.append(Score("nndr", "NNDR, 5 %", Family.PRIVACY, value, Better.HIGHER, text, reference))
    found += _labels(queries, t, h)
    return found


def _labels(queries: np.ndarray, t: np.ndarray, h: np.ndarray) -> list[Score]:
    names = {"neighbour_labels": "Neighbour labels", "closest_labels": "Closest neighbour labels"}
    if len(t) < MIN_TRAIN or len(h) < MIN_HOLDOUT:
        why = f"Not assessable: it needs {MIN_TRAIN} training and {MIN_HOLDOUT} holdout rows."
        return [Score(key, name, Family.PRIVACY, float("nan"), Better.LOWER, why) for key, name in names.items()]
    tests = attacks.pooled_labels(queries, t, h, (1.0, 0.02))
    found = []
    for (key, name), which, test in zip(
        names.items(), ("synthetic rows", "the 2 % closest synthetic rows"), tests, strict=True
    ):
        text = (
            f"{percent(test.value)} of {which} have a training row as their nearest real row; {percent(test.expected)} is "
            f"expected without memorisation (p = {number(test.p)})."
        )
        found.append(Score(key, name, Family.PRIVACY, test.value, Better.LOWER, text, test.expected))
    return found


def _lone_values(found: Battery) -> Score:
    """The column with the most evidence of values coming back that one or two people have alone."""
    key, name = "unique_values", "Lone values that come back"
    attack = next((attack for attack in found.attacks if attack.key == "lone values"), None)
    if attack is None:
        return Score(key, name, Family.PRIVACY, float("nan"), Better.LOWER, f"Not computed: {found.reason}")
    text = f"In the column with the strongest sign: {attack.sentence}"
    return Score(key, name, Family.PRIVACY, attack.value, Better.LOWER, text, attack.expected)


def _membership(t: np.ndarray, s: np.ndarray, h: np.ndarray, rng: np.random.Generator) -> tuple[list[Score], Curve]:
    n = min(len(t), len(h), attacks.MOST_QUERIES)
    truth, score = attacks.membership_scores(t[rng.permutation(len(t))[:n]], h[rng.permutation(len(h))[:n]], s)
    value = auc(truth, score)
    text = f"Distance to the nearest synthetic row tells training from unseen rows with AUC {number(value)}; 0.5 is a guess."
    interval = auc_interval(value, n, n)
    first = Score(
        "membership_auc", "Membership AUC", Family.PRIVACY, value, Better.LOWER, text, 0.5, interval, headline=True
    )
    hit = attacks.tpr_at(truth, score, FPR)
    text = f"At a false alarm rate of 1 % the attack finds {percent(hit)} of the training rows; a guess finds 1 %."
    bounds = clopper_pearson(round(hit * n), n)
    second = Score(
        "membership_tpr", "Members found at 1 % false alarms", Family.PRIVACY, hit, Better.LOWER, text, FPR, bounds
    )
    false, true = attacks.roc(truth, score)
    at = np.linspace(0, 1, 101)
    line = tuple(zip(map(float, at), map(float, np.interp(at, false, true)), strict=True))
    sentence = f"A membership attack by distance has AUC {number(value)}"
    labels = ("False alarm rate", "Members found")
    curve = Curve("membership_roc", "Membership attack", *labels, {"synthetic": line}, sentence)
    return [first, second], curve


def distances(t: np.ndarray, queries: np.ndarray, outsiders: np.ndarray) -> Curve:
    """How far encoded synthetic rows, and unseen real ones, are from the nearest training row."""
    grid = np.linspace(0, 1, 51)[1:-1]
    near = {
        "synthetic rows": attacks.closest(queries, t)[0][:, 0],
        "unseen real rows": attacks.closest(outsiders, t)[0][:, 0],
    }
    lines = {name: tuple((float(np.quantile(found, g)), float(g)) for g in grid) for name, found in near.items()}
    half = {name: line[len(line) // 2][0] for name, line in lines.items()}
    sentence = (
        f"Half of the synthetic rows lie within {number(half['synthetic rows'])} of a training row, half of the unseen "
        f"real rows within {number(half['unseen real rows'])}"
    )
    label = "Distance to the nearest training row"
    return Curve("nearest_distance", label, label, "Share of rows", lines, sentence)


def _anonymity(train: pd.DataFrame, synthetic: pd.DataFrame, holdout: pd.DataFrame, schema: Schema) -> list[Score]:
    keys = {"reidentification": "Matches with lone combinations", "small_classes": "Rows in small classes"}
    names, sensitive = default_quasi_identifiers(schema), sensitive_columns(schema)
    if not names:
        telling = ", ".join(telling_columns(train.head(MOST_TELLING), schema))
        why = (
            "Not computed: no column has the role quasi-identifier. Those that single out most rows together: "
            f"{telling or 'none'}; name some in privacy.quasi_identifiers."
        )
        return [Score(key, name, Family.PRIVACY, float("nan"), Better.LOWER, why) for key, name in keys.items()]
    found = reidentification(train, synthetic, holdout, names)
    text = (
        f"{percent(found.share)} of the synthetic rows have the {', '.join(names)} of exactly one training row; of unseen "
        f"real rows {percent(found.reference)} do."
    )
    ours, real = (
        k_anonymity(frame, names, wanted=K, sensitive=sensitive) for frame in (synthetic, train.head(len(synthetic)))
    )
    diverse = "".join(f" {sentence}" for sentence in ours.diversity_sentences)
    small = (
        f"{percent(ours.below)} of the synthetic rows share their {', '.join(names)} with fewer than {K - 1} others, of "
        f"{count(real.rows)} real rows {percent(real.below)}; k = {ours.k}.{diverse}"
    )
    return [
        Score("reidentification", keys["reidentification"], Family.PRIVACY, found.share, Better.LOWER, text, found.reference, found.interval),
        Score("small_classes", keys["small_classes"], Family.PRIVACY, ours.below, Better.LOWER, small, real.below),
    ]  # fmt: skip
