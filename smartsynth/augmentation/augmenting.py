"""Synthetic rows added to real ones, with the proof of whether models gain from them.

ingest → profile → select → prove (cross-validation) → fit on all real rows → sample → real rows + synthetic rows
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from smartsynth import ingest, pipeline, registry, ruling, selector
from smartsynth.alignment import as_column
from smartsynth.augmentation.augmented import ANOTHER_LABEL, ONLY_SYNTHETIC, REAL_ROWS, Augmented, ClassCount
from smartsynth.augmentation.choosing import Chooser
from smartsynth.augmentation.learners import learners
from smartsynth.augmentation.making import Maker
from smartsynth.augmentation.measures import measure_of
from smartsynth.augmentation.proof import Proof, Trial, check_folds, prove, rarest
from smartsynth.augmentation.strategy import Strategy
from smartsynth.augmentation.verdict import verdict_of
from smartsynth.config import RunConfig
from smartsynth.dataset import Dataset
from smartsynth.errors import ConfigError, DataError
from smartsynth.facts import Choice, Profile
from smartsynth.formats import count
from smartsynth.metrics.rows import as_text
from smartsynth.metrics.utility import MOST_CLASSES
from smartsynth.privacy.audit import about, audited
from smartsynth.progress import Progress, Stages
from smartsynth.schema import Kind, Modality, Schema

FLAG = "synthetic"
MOST_ROWS = 10_000
"""Real rows that take part in the proof, unless told otherwise."""
WEIGHTS = {"Read": 0.5, "Profile": 2, "Prove": 80, "Make": 15}
_CLASSES = (Kind.CATEGORICAL, Kind.BOOLEAN)


@audited("augment")
def augment(
    data: Any,
    *,
    target: str,
    strategy: str | Strategy = "balance",
    generator: str | None = None,
    options: Mapping[str, Any] | None = None,
    models: Sequence[str] | None = None,
    metric: str = "auto",
    folds: int = 5,
    repeats: int = 3,
    proof: bool = True,
    max_rows: int = MOST_ROWS,
    seed: int | None = None,
    flag: str | None = FLAG,
    only_synthetic: bool = False,
    config: RunConfig | Mapping[str, Any] | str | Path | None = None,
    progress: Progress | None = None,
) -> Augmented:
    """Real rows with synthetic ones, and the proof of whether models gain from them.

    Args:
        data: As for `synthesize`: path, bytes, stream, or a pandas, polars or Arrow table.
        target: Column that models predict: a class, or a number (then `grow` alone makes sense).
        strategy: `balance`, `ratio=0.5`, `minority=20%`, `grow=2` or `auto` (augmentation/strategy.py).
        generator: Name of a generator of tables, or `auto`; that of `config` if not given.
        options: Its options.
        models: Models of the proof, such as `("logistic", "lightgbm", "boosting", "random_forest")`; a linear model and LightGBM if
            not given.
        metric: What gains are measured in: `average_precision`, `roc_auc`, `balanced_accuracy`, `f1`, `accuracy`, `log_loss`; of
            numbers `r2`, `mae`. `auto` is average precision of the rarer of two classes, the mean ROC AUC of more, R² of numbers.
        folds: Of the cross-validation.
        repeats: How often it is repeated.
        proof: Whether to prove anything; without it the rows come at once.
        max_rows: Real rows that take part in the proof; a draw of them if there are more.
        seed: Same data, settings and seed, same rows. Drawn at random if not given.
        flag: Name of the column that tells synthetic rows from real ones; None leaves it out.
        only_synthetic: Whether to give back the synthetic rows alone.
        config: Settings such as corrections of columns and rules, or a YAML file of them.
        progress: Called with the share done; may raise `Cancelled`.

    Raises:
        DataError: The data cannot be used, or a class has too few rows.
        ConfigError: A setting is wrong.
    """
    asked = strategy if isinstance(strategy, Strategy) else Strategy.parse(strategy)
    run, seed = pipeline.settled(config, {"target": target}), secrets.randbits(32) if seed is None else seed
    _check_numbers(folds=folds, repeats=repeats, max_rows=max_rows)
    if generator is None:
        generator, options = run.generator.name, options or run.generator.options
    if run.privacy.epsilon is not None:
        raise ConfigError(
            f"privacy.epsilon={run.privacy.epsilon:g}: the output holds the real rows, so no budget could be kept. Leave it out."
        )
    stages = Stages(progress, WEIGHTS)
    with stages("Read"):
        real = ingest.read(data, limits=run.limits)
        about(real.frame, generator=generator, seed=seed)
    with stages("Profile") as report:
        found = pipeline.profile(real, config=run, progress=report)
        schema = found.schema.with_target(target)
        known = real.frame[real.frame[target].notna()].reset_index(drop=True)
        _check_flag(flag, schema)
        task, classes = _task(known, schema, target, asked)
        trial = Trial(
            task, classes, measure_of(metric, task), learners(models, task, len(classes)), folds, repeats, seed
        )
        choice = _choose(generator, found, schema)
        maker = Maker(
            schema,
            target,
            asked,
            choice.generator,
            options or {},
            run.privacy.k,
            ruling.wanted(run, schema),
            real.frame,
        )
        source = Chooser(maker, trial, rarest(known, target, classes)) if asked.kind == "auto" else maker
    with stages("Prove") as report:
        shown = _proved(known, source, trial, max_rows, run.privacy.k, report) if proof else None
    with stages("Make") as report:
        made = _alike(source.make(known, seed=seed, progress=report), real.frame, schema)
    return Augmented(
        real=replace(real, schema=schema),
        synthetic=Dataset(made, schema, real.source),
        target=target,
        task=task,
        strategy=replace(asked, chosen=source.chosen[-1]) if isinstance(source, Chooser) else asked,
        choice=choice,
        seed=seed,
        flag=flag,
        only_synthetic=only_synthetic,
        classes=_class_counts(_counts(known[target]), _counts(made[target]), run.privacy.k) if classes else (),
        copies=_copies(real.frame, made, schema),
        proof=shown,
        verdict=None if shown is None else verdict_of(shown),
        notes=tuple(_notes(real, known, made, source, shown, only_synthetic)),
        config={
            "target": target, "strategy": str(asked), "generator": generator, "options": dict(options or {}),
            "models": [one.key for one in trial.learners], "metric": trial.measure.key, "folds": folds, "repeats": repeats,
            "proof": proof, "max_rows": max_rows, "seed": seed,
        },
        seconds=stages.seconds,
    )  # fmt: skip


def _proved(
    known: pd.DataFrame, maker: Maker | Chooser, trial: Trial, max_rows: int, k: int, progress: Progress
) -> Proof:
    """The proof on all rows whose target is known, or on a draw of them."""
    part = _drawn(known, maker.target, trial.classes, max_rows, trial.seed)
    check_folds(_counts(part[maker.target]) if trial.classes else {"": len(part)}, trial.folds, k)
    return prove(part, maker, trial, progress=progress)


def _check_numbers(*, folds: int, repeats: int, max_rows: int) -> None:
    for name, value, least in (("folds", folds, 2), ("repeats", repeats, 1), ("max_rows", max_rows, 100)):
        if value < least:
            raise ConfigError(f"{name}={value} must be at least {least}.")


def _check_flag(flag: str | None, schema: Schema) -> None:
    if flag is not None and (not flag or flag in schema):
        raise ConfigError(
            f"flag={flag!r} is to name the column that tells synthetic rows from real ones, and "
            f"{'the data have such a column' if flag else 'it is empty'}. Give another name (--flag), or none (--no-flag)."
        )


def _task(known: pd.DataFrame, schema: Schema, target: str, strategy: Strategy) -> tuple[str, tuple[str, ...]]:
    """The task of a target, and its classes as text."""
    column = schema[target]
    if schema.modality is not Modality.TABLE:
        raise DataError(
            f"These are {schema.modality.value} data, and augmentation is for tables. Use `smartsynth synthesize`."
        )
    if len([c for c in schema if c.is_modelled and c.name != target]) == 0:
        raise DataError(f"There is no column that the target {target!r} could be predicted from.")
    if column.kind is Kind.NUMERIC:
        if strategy.needs_classes:
            raise ConfigError(
                f"target={target!r} is a number, and strategy={strategy!s} is about classes. Use strategy=grow=2, or say that it is "
                "a class: columns: {NAME: {kind: categorical}} in a file for --config."
            )
        return "regression", ()
    if column.kind not in _CLASSES:
        raise ConfigError(
            f"target={target!r} is a column of the kind {column.kind.value!r}. Name a class, or a number with strategy=grow=2."
        )
    classes = tuple(sorted(_counts(known[target])))
    if not 2 <= len(classes) <= MOST_CLASSES:
        raise DataError(f"The target {target!r} has {len(classes)} classes; 2 to {MOST_CLASSES} can be told apart.")
    return ("binary" if len(classes) == 2 else "multiclass"), classes


def _choose(generator: str, found: Profile, schema: Schema) -> Choice:
    if generator != "auto":
        modality = registry.generator_class(generator).modality
        if modality is not Modality.TABLE:
            raise ConfigError(f"generator={generator!r} makes {modality.value} data, and these are a table. Use auto.")
        return Choice(generator, ("It was asked for by name.",))
    candidates = {name: registry.generator_class(name) for name in registry.generators()}
    return selector.choose(replace(found, schema=schema), selector.machine(), candidates=candidates)


def _counts(cells: pd.Series[Any]) -> dict[str, int]:
    return {str(name): int(n) for name, n in as_text(cells).value_counts().items()}


def _drawn(known: pd.DataFrame, target: str, classes: Sequence[str], most: int, seed: int) -> pd.DataFrame:
    """At most so many rows, in which classes are as frequent as in all."""
    if len(known) <= most:
        return known
    from sklearn.model_selection import train_test_split

    places, _ = train_test_split(
        np.arange(len(known)), train_size=most, random_state=seed % 2**32,
        stratify=as_text(known[target]) if classes and min(_counts(known[target]).values()) > 1 else None,
    )  # fmt: skip
    return known.iloc[np.sort(places)].reset_index(drop=True)


def _notes(
    real: Dataset,
    known: pd.DataFrame,
    made: pd.DataFrame,
    maker: Maker | Chooser,
    shown: Proof | None,
    only_synthetic: bool,
) -> Iterator[str]:
    """What else to know."""
    if lost := len(real) - len(known):
        yield f"{count(lost)} rows without a value of {maker.target!r} stay in the file; nothing is learnt from them."
    if made.empty:
        why = (
            "doing nothing was better" if isinstance(maker, Chooser) else "every class is as frequent as was asked for"
        )
        yield f"No rows were added: {why}."
    if shown is not None:
        if shown.n_rows < len(known):
            yield (
                f"The proof rests on a draw of {count(shown.n_rows)} of {count(len(known))} real rows; with more real rows there is "
                "less to gain. Use max_rows (--max-rows) for more."
            )
        if isinstance(maker, Chooser):
            yield maker.often()
        yield from shown.notes
    yield ONLY_SYNTHETIC if only_synthetic else REAL_ROWS


def _alike(made: pd.DataFrame, real: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """The synthetic rows with exactly the dtypes of the real ones."""
    columns = {}
    for column in schema:
        cells = made[column.name]
        dtype = real[column.name].dtype
        columns[column.name] = cells if cells.dtype == dtype else as_column(cells, column).astype(dtype)
    return pd.DataFrame(columns, columns=list(real.columns))


def _class_counts(before: Mapping[str, int], after: Mapping[str, int], k: int) -> tuple[ClassCount, ...]:
    """Rows of each class, the most frequent first; those that fewer than k rows have are taken together."""
    shown = [ClassCount(name, n, after.get(name, 0)) for name, n in before.items() if n >= k]
    rare = [ClassCount(name, n, after.get(name, 0)) for name, n in before.items() if n < k]
    shown.sort(key=lambda one: (-one.real, one.name))
    if rare:
        shown.append(ClassCount(ANOTHER_LABEL, sum(one.real for one in rare), sum(one.added for one in rare)))
    return tuple(shown)


def _copies(real: pd.DataFrame, made: pd.DataFrame, schema: Schema) -> tuple[float, float]:
    """Shares of synthetic rows that equal a real row, and of real rows that equal another one; identifiers apart."""
    names = [column.name for column in schema if column.is_modelled]
    ours = pd.util.hash_pandas_object(real[names].astype(str), index=False)
    theirs = pd.util.hash_pandas_object(made[names].astype(str), index=False)
    copied = float(theirs.isin(set(ours)).mean()) if len(theirs) else 0.0
    return copied, float(ours.duplicated(keep=False).mean())
