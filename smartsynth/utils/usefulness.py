"""Utility: models trained on synthetic rows against models trained on real rows, both tested on the real holdout."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from smartsynth.facts import Better, Family, Score, UtilityRow
from smartsynth.formats import number
from smartsynth.metrics import utility
from smartsynth.metrics.rows import Layout, Rows, sampled

HEADLINES = {"binary": ("AUC", "F1"), "multiclass": ("accuracy", "F1"), "regression": ("R2", "MAE")}
MODELS = (("lightgbm", "LightGBM"), ("linear", "Linear model"))


def compare(
    layout: Layout,
    train: Rows,
    synthetic: Rows,
    holdout: Rows,
    target: str | None,
    *,
    max_rows: int,
    seed: int,
    threads: int,
) -> tuple[list[Score], list[UtilityRow], str | None]:
    """Utility scores, the rows behind them, and the kind of the task (None if there is none)."""
    task = utility.task_of(layout, target, train, holdout) if target else "there is no target column; name one."
    if isinstance(task, str):
        why = f"Not computed: {task}"
        return [Score("utility", "Utility", Family.UTILITY, float("nan"), Better.HIGHER, why, headline=True)], [], None
    rng = np.random.default_rng([seed, 0x7A5C])
    n = min(len(train), len(synthetic), max_rows)
    X, y, categorical = utility.features(sampled(train, n, rng), layout, task)
    S, z, _ = utility.features(sampled(synthetic, n, rng), layout, task)
    H, truth, _ = utility.features(sampled(holdout, max_rows, rng), layout, task)
    if task.kind != "regression" and len(np.unique(z)) < 2:
        why = f"Not computed: the synthetic rows have a single class of {task.target!r}."
        return (
            [Score("utility", "Utility", Family.UTILITY, float("nan"), Better.HIGHER, why, headline=True)],
            [],
            task.kind,
        )
    n_numeric = len(layout.numeric) - (task.kind == "regression")
    models = {
        "lightgbm": utility.boosted(task, categorical, seed),
        "linear": utility.linear(task, layout, X, n_numeric),
    }
    scores: list[Score] = []
    rows: list[UtilityRow] = []
    for key, name in MODELS:
        with ThreadPoolExecutor(min(threads, 2)) as pool:
            both = [pool.submit(models[key], *learnt, H) for learnt in ((X, y), (S, z))]
        real, made = (future.result() for future in both)
        base = utility.guess(task, y, len(H))
        for metric, measure in utility.metrics_of(task).items():
            value, best, floor = measure(truth, made), measure(truth, real), measure(truth, base)
            interval = utility.bootstrap_interval(measure, truth, made, rng)
            rows.append(UtilityRow(name, metric, best, value, interval, floor))
            scores.append(_score(key, name, metric, value, best, floor, interval, task))
    return _headlined(scores, task.kind), rows, task.kind


def _score(
    key: str,
    name: str,
    metric: str,
    value: float,
    best: float,
    floor: float,
    interval: tuple[float, float],
    task: utility.Task,
) -> Score:
    text = (
        f"{name} predicts {task.target!r} of unseen real rows with {metric} {number(value)} after training on synthetic "
        f"rows, {number(best)} on real rows; a guess that ignores every column gets {number(floor)}."
    )
    better = Better.LOWER if metric == "MAE" else Better.HIGHER
    return Score(f"{key}_{metric.lower()}", f"{name} {metric}", Family.UTILITY, value, better, text, best, interval)


def _headlined(scores: list[Score], kind: str) -> list[Score]:
    """The boosted model's main measures are shown first."""
    first = {f"lightgbm_{metric.lower()}" for metric in HEADLINES[kind]}
    return [replace(score, headline=score.key in first) for score in scores]
