"""The whole path, and the only module that knows its order.

    ingest → profile → split → select → fit → sample → privacy filter → evaluate → export

`synthesize` runs it from end to end. `profile` and `evaluate` run one part of it, and `resample` makes the rows of a
saved run again.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smartsynth import export, guarantee, ingest, race, records, registry, ruling, selector
from smartsynth.alignment import align
from smartsynth.checkpoints import Learnt, keep_learnt, keep_released, recall_learnt, recall_released
from smartsynth.cluster import check_engine
from smartsynth.config import Handling, RunConfig
from smartsynth.dataset import Dataset
from smartsynth.errors import ConfigError, DataError
from smartsynth.facts import Choice, Evaluation, Outcome, Profile, RuleFact
from smartsynth.inference import refine_schema
from smartsynth.manifest import manifest
from smartsynth.models.balancing import balance_of
from smartsynth.models.privacy_filter import filtered, replay
from smartsynth.models.training import Checkpoints
from smartsynth.privacy import treatments
from smartsynth.privacy.audit import about, audited
from smartsynth.privacy.ledger import Ledger
from smartsynth.privacy.shadow import Make
from smartsynth.privacy.spending import Account, Spending
from smartsynth.progress import Progress, Stages, part
from smartsynth.recipe import Recipe
from smartsynth.resampling import anonymised, stream
from smartsynth.result import Result
from smartsynth.schema import WINDOW, Modality, Schema
from smartsynth.utils import profiler, thorough

if TYPE_CHECKING:
    import pandas as pd

# Rough shares of the time until the run is known well enough to expect its seconds.
WEIGHTS = {"Read": 0.5, "Profile": 1, "Split": 0.2, "Select": 0.3, "Fit": 40, "Sample and filter": 25, "Evaluate": 33}


@audited("synthesize")
def synthesize(
    data: Any,
    *,
    config: RunConfig | Mapping[str, Any] | str | Path | None = None,
    holdout: Any = None,
    progress: Progress | None = None,
    spending: Account | None = None,
    checkpoints: Checkpoints | None = None,
    release: str | None = None,
    engine: str = "local",
    checks: Sequence[ruling.Check] = (),
    recipe: Recipe | None = None,
    advise: Callable[[str], None] | None = None,
    **settings: Any,
) -> Result:
    """Rows like the real ones that are nobody's, with the evidence beside them.

    Args:
        data: Path, bytes, binary stream, `"-"` for standard input, a pandas, polars or Arrow table, or a `datasets.Dataset`.
        config: Settings, or a YAML file of them. With `entity`, `time` or `window` the rows are a time series (sequences.py).
        holdout: Real rows that nothing is learnt from; a part of `data` is kept aside if not given.
        progress: Called with the share done; may raise `Cancelled`, after which nothing is left behind.
        spending: With `privacy.epsilon`: the account of what releases of these data cost; this machine's if not given.
        checkpoints: Keeps what is learnt, so that a run that was stopped goes on from there: with the same data, settings and
            seed it ends with the same rows.
        release: Name of the run in that account: a run that goes on spends its budget once.
        engine: Where generators race, with `generator.budget`: `local`, or `ray` for the cluster that RAY_ADDRESS names.
        checks: Functions of a table that say True or False of each row, besides `rules`: only rows that are true in all come out.
        recipe: Of a run that is made again (see `replay`): its generator is taken, and other data than of then are refused.
        advise: Called with what the owner of the data should know before anything is learnt or spent; may raise `Cancelled`.
        settings: Fields of RunConfig that win over `config`: `rows=1000, seed=1, target="income", generator="forest"`.

    Raises:
        DataError: The data cannot be used; the message lists every problem found.
        ConfigError: A setting is wrong.
        PrivacyError: Too many rows lay too near to real ones to keep the promise, or no budget is left.
    """
    run = guarantee.with_budget(settled(config, settings))
    if run.seed is None:
        run = run.model_copy(update={"seed": secrets.randbits(32)})
    check_generator(run)  # a wrong name costs no waiting
    _check_race(run, engine)
    seed, private = run.seed or 0, run.privacy.epsilon is not None
    stages = Stages(progress, WEIGHTS)
    with stages("Read"):
        real = ingest.read(data, limits=run.limits)
        unseen = None if holdout is None else ingest.read(holdout, limits=run.limits)
        real = ingest.with_texts_of(real, unseen)
        unseen = None if unseen is None else ingest.beside(unseen, real.schema)
        about(real.frame, generator=run.generator.name, seed=run.seed, epsilon=run.privacy.epsilon)
    with stages("Profile") as report:
        found = _profile(real, run, report)
        if recipe is not None:
            recipe.check(found.schema, len(real))
        schema = guarantee.released_schema(run, found.schema)
    learnt = recall_learnt(checkpoints, checks)
    with stages("Split"):
        draw = learnt.draw if learnt is not None else secrets.randbits(128)
        named = treatments.plan(schema, run.columns, safe_harbor=run.privacy.safe_harbor)
        records.check_treated(named, run)
        treated = treatments.treated(records.ordered(real.frame, schema), schema, named)
        if unseen is not None:
            other = records.ordered(align(unseen.frame, schema, what="holdout"), schema)
        apart = None if unseen is None else treatments.treated(other, schema, named)
        schema = treatments.treated_schema(schema, named)
        train, held, schema = records.divided(treated, apart, schema, run, seed=seed, draw=draw if private else None)
        rules = ruling.wanted(run, schema, checks)
        ruling.check_key(run, real.frame)
        balance = None if run.balance is None else balance_of(train, schema, run.balance, k=run.privacy.k)
        if run.generator.budget is not None:
            stages.expect({"Select": run.generator.budget, "Fit": 0.1, "Sample and filter": 10.0, "Evaluate": 20.0})
    with stages("Select") as report:
        if learnt is not None:
            choice, model = learnt.choice, learnt.model
        elif run.generator.budget is None:
            choice = _choose(found, run) if recipe is None else recipe.choice
            model = ruling.ruled(
                registry.create(choice.generator, **guarantee.options(run, choice.generator)), rules, run
            )
        else:
            choice, model = race.run(
                train,
                schema,
                found,
                budget=run.generator.budget,
                seed=seed,
                refine=run.generator.refine,
                engine=engine,
                rules=rules,
                k=run.privacy.k,
                progress=report,
            )
        stages.expect(_expected(found, choice, run))
    told = guarantee.advice(run, schema, len(train))
    if told is not None and advise is not None:
        advise(told)
    with stages("Fit") as report:
        account = spending or Spending.of_this_machine()
        attempt = None if model.tells_while_fitting else release
        spent = guarantee.reserve(model, run, real.frame, schema, account, release=attempt)
        if not model.is_fitted:
            model.fit(
                train,
                schema=schema,
                seed=seed,
                refine=run.generator.refine,
                progress=report,
                checkpoints=checkpoints,
            )
        if learnt is None:
            if model.ratio_ is not None and recipe is None:
                choice = replace(choice, reasons=(*choice.reasons, model.ratio_.sentence()))
            if model.keeps_all:
                keep_learnt(checkpoints, Learnt(choice, model, draw))
    with stages("Sample and filter") as report:
        known = recall_released(checkpoints)
        if known is not None:
            released, summary = known
            rows = replay(stream(model, seed, balance), released, take=model.taken, block=model.block, progress=report)
        else:
            gate = records.gate(train, held, schema, run, part(report, 0.0, 0.3))
            real_records = records.as_many(real.frame, schema, run)
            n = run.rows or (guarantee.as_many(model, run, split=unseen is None) if private else real_records)
            rows, released = filtered(
                stream(model, seed, balance),
                n,
                gate,
                seed=seed,
                take=model.taken,
                block=model.block,
                progress=part(report, 0.3, 1.0),
            )
            summary = None if gate is None else gate.summary()
            if model.repeats:
                keep_released(checkpoints, released, summary)
        rows, recoding = anonymised(rows, schema, run.privacy)
        named = treatments.looked_for(named, train, rows.drop(columns=WINDOW, errors="ignore"), held)
        ruling.check(model, rows)
        kept = ruling.facts(model, rules, schema, train, rows, k=run.privacy.k, private=private)
    evaluation = None
    with stages("Evaluate") as report:
        if run.evaluate.enabled:
            evaluation = records.evaluated(
                train, rows, held, schema, run, target=found.target,
                mix=None if balance is None else (balance.column, balance.values),
                progress=part(report, 0.0, 0.1 if run.evaluate.thorough else 1.0),
            )  # fmt: skip
            evaluation = replace(
                evaluation, limits=(*evaluation.limits, *guarantee.shortcomings(run, schema, rows, told))
            )
            if run.evaluate.thorough:
                evaluation = thorough.with_shadows(
                    evaluation, _maker(choice, run, schema, rules), train, rows, held, schema, models=run.evaluate.shadow_models,
                    seed=seed, framing=records.framing_of(run), progress=part(report, 0.1, 1.0),
                )  # fmt: skip
    counts = {"real": len(real), "train": len(train), "holdout": len(held), "synthetic": len(rows)}
    ledger = guarantee.ledger(model, run, spent)
    synthetic = Dataset(rows, schema, real.source)
    return Result(
        synthetic=synthetic,
        profile=found,
        choice=choice,
        model=model,
        ledger=ledger,
        filter=summary,
        recoding=recoding,
        identifiers=named,
        rules=kept,
        evaluation=evaluation,
        manifest=manifest(
            config=run, schema=schema, choice=choice, rows=counts, held_out="split" if unseen is None else "given",
            filter_summary=summary, evaluation=evaluation, ledger=ledger, recoding=recoding, identifiers=named, rules=kept,
            real_schema=found.schema, sha256=export.digest(synthetic, run.export),
        ),
        config=run,
        release=released,
        balance=balance,
        timings=stages.seconds,
    )  # fmt: skip


@audited("profile")
def profile(
    data: Any,
    *,
    config: RunConfig | Mapping[str, Any] | str | Path | None = None,
    progress: Progress | None = None,
    **settings: Any,
) -> Profile:
    """What a data set looks like: kinds, distributions, associations, and what to watch out for.

    Args:
        data: As for `synthesize`.
        config: Settings, or a YAML file of them.
        progress: Called with the share done; may raise `Cancelled`.
        settings: Fields of RunConfig, such as `target="income"`.
    """
    run = settled(config, settings)
    real = ingest.read(data, limits=run.limits)
    about(real.frame)
    return _profile(real, run, progress)


def evaluate(
    real: Any,
    synthetic: Any,
    *,
    holdout: Any = None,
    config: RunConfig | Mapping[str, Any] | str | Path | None = None,
    progress: Progress | None = None,
    **settings: Any,
) -> Evaluation:
    """Every score of a synthetic data set beside its yardstick, whoever made it.

    Args:
        real: The real rows that the synthetic ones were made from, as for `synthesize`.
        synthetic: The synthetic rows; read with the real data's dtypes.
        holdout: Real rows that the generator never saw. Without them a part of `real` takes their place, and the
            evaluation says under `limits` what that hides.
        config: Settings, or a YAML file of them.
        progress: Called with the share done; may raise `Cancelled`.
        settings: Fields of RunConfig, such as `target="income"`.

    Raises:
        DataError: The tables do not have the same columns, or cells that cannot be read; all problems are listed.
    """
    return examine(real, synthetic, holdout=holdout, config=config, progress=progress, **settings).evaluation


@dataclass(frozen=True, slots=True)
class Examined:
    """An evaluation with what a report about it needs besides."""

    evaluation: Evaluation
    profile: Profile
    manifest: Mapping[str, Any]
    rules: tuple[RuleFact, ...]


@audited("evaluate")
def examine(
    real: Any,
    synthetic: Any,
    *,
    holdout: Any = None,
    config: RunConfig | Mapping[str, Any] | str | Path | None = None,
    progress: Progress | None = None,
    **settings: Any,
) -> Examined:
    """`evaluate`, with the profile of the real data and the manifest that a report shows."""
    run = settled(config, settings)
    if run.evaluate.thorough:
        raise ConfigError(
            "evaluate.thorough=True learns the generator again, and rows alone do not say which one made them. "
            "Use it with `synthesize`, or leave it out."
        )
    stages = Stages(progress, {"Read": 5, "Profile": 10, "Evaluate": 85})
    with stages("Read"):
        train = ingest.read(real, limits=run.limits)
        made = ingest.read(synthetic, limits=run.limits)
        unseen = None if holdout is None else ingest.read(holdout, limits=run.limits)
        train = ingest.with_texts_of(train, made, unseen)
        made = ingest.beside(made, train.schema)
        unseen = None if unseen is None else ingest.beside(unseen, train.schema)
        about(train.frame)
    with stages("Profile") as report:
        found = _profile(train, run, report)
        schema = found.schema
        kept, held, divided = records.divided(
            train.frame, None if unseen is None else unseen.frame, schema, run, seed=run.seed or 0
        )
        rows, schema = records.comparable(made.frame, schema, run)
    with stages("Evaluate") as report:
        evaluation = records.evaluated(kept, rows, held, divided, run, target=found.target, progress=report)
    if unseen is None:
        evaluation = _without_holdout(evaluation)
    asked = ruling.wanted(run, schema)
    told = ruling.facts(None, asked, schema, train.frame, rows, k=run.privacy.k)
    counts = {"real": len(train), "train": len(kept), "holdout": len(held), "synthetic": len(rows)}
    record = manifest(
        config=run, schema=schema, choice=None, rows=counts, held_out="split" if unseen is None else "given",
        filter_summary=None, evaluation=evaluation, ledger=Ledger(), rules=told,
    )  # fmt: skip
    return Examined(evaluation, found, record, told)


def _without_holdout(evaluation: Evaluation) -> Evaluation:
    """The evaluation with what is not known if the generator may have learnt from every real row."""
    battery = evaluation.battery
    if battery is not None and battery.outcome is not Outcome.FAIL:
        battery = replace(
            battery,
            outcome=Outcome.UNKNOWN,
            reason="no holdout was given that the generator never saw. Give real rows that nothing was learnt from (--holdout).",
        )
    verdict = dict(evaluation.verdict) if battery is None else {**evaluation.verdict, "privacy": battery.sentence()}
    return replace(evaluation, battery=battery, verdict=verdict, limits=(*evaluation.limits, NOT_UNSEEN))


NOT_UNSEEN = (
    "No holdout was given, so a part of the real data took its place. The generator may have learnt from those rows: "
    "the privacy scores cannot show memorisation of them, and utility may look better than it is."
)


def overview() -> list[dict[str, Any]]:
    """Each generator with what it is for and what it needs, as plain JSON types."""
    extras, rows = selector.machine().extras, []
    for name in registry.generators():
        cls = registry.generator_class(name)
        rows.append({
            "name": name, "summary": cls.summary, "modality": cls.modality.value, "windowed": cls.windowed, "conditional": cls.conditional,
            "dp": cls.dp, "min_rows": cls.min_rows, "extra": cls.extra,
            "installed": cls.extra is None or cls.extra in extras,
        })  # fmt: skip
    return rows


def settled(config: RunConfig | Mapping[str, Any] | str | Path | None, settings: Mapping[str, Any]) -> RunConfig:
    """One RunConfig from a configuration and the settings that win over it.

    >>> settled({"seed": 1, "generator": "copula"}, {"rows": 10, "generator": "forest"}).generator.name
    'forest'
    """
    if isinstance(config, str | Path):
        config = RunConfig.read(config)
    base = config.model_dump(exclude_unset=True) if isinstance(config, RunConfig) else dict(config or {})
    return RunConfig.build(_over(base, settings))


def check(run: RunConfig, schema: Schema, some: pd.DataFrame) -> None:
    """Refuse what can be told of settings before anything is learnt: rules among them, tried on some of the real rows.

    Raises:
        ConfigError: A setting does not go with the others or with the data, or a rule cannot be read or computed.
    """
    check_generator(run)
    _check_modality(run)
    ruling.check_names(run, schema)
    schema = guarantee.released_schema(run, schema)
    named = treatments.plan(schema, run.columns, safe_harbor=run.privacy.safe_harbor)
    records.check_treated(named, run)
    schema = treatments.treated_schema(schema, named)
    rules = ruling.wanted(run, schema)
    changed = {one.column for one in named if one.treatment != Handling.KEEP}
    ruling.try_out(rules, schema, some.drop(columns=[name for name in changed if name in some]))


def _over(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with the values of `over`, group by group."""
    merged = dict(base)
    for name, value in over.items():
        old, new = _group(name, merged.get(name)), _group(name, value)
        merged[name] = _over(old, new) if isinstance(old, Mapping) and isinstance(new, Mapping) else new
    return merged


def _group(name: str, value: Any) -> Any:
    """A generator's name alone stands for its group of settings."""
    return {"name": value} if name == "generator" and isinstance(value, str) else value


def _profile(real: Dataset, run: RunConfig, progress: Progress | None) -> Profile:
    if len(real) < run.limits.min_rows:
        raise DataError(f"The data have {len(real)} rows; at least {run.limits.min_rows} are needed to learn anything.")
    ruling.check_names(run, real.schema)
    schema = records.arranged(real.frame, run.corrected(refine_schema(real.frame, real.schema)), run)
    ruling.check_target(run, schema)
    return profiler.profile(replace(real, schema=schema), target=run.target, progress=progress)


def _maker(choice: Choice, run: RunConfig, schema: Schema, rules: Sequence[Any]) -> Make:
    """Learns from rows as this run does, and makes as many; without the privacy filter."""

    def make(rows: pd.DataFrame, seed: int, progress: Progress) -> pd.DataFrame:
        model = ruling.ruled(registry.create(choice.generator, **guarantee.options(run, choice.generator)), rules, run)
        model.fit(rows, schema=schema, seed=seed, refine=run.generator.refine, progress=part(progress, 0.0, 0.8))
        return model.sample(len(rows), seed=seed, progress=part(progress, 0.8, 1.0))

    return make


def _check_race(run: RunConfig, engine: str) -> None:
    check_engine(engine)
    if engine != "local" and run.generator.budget is None:
        raise ConfigError(f"engine={engine!r} is where generators race. Set generator.budget, or leave the engine out.")


def check_generator(run: RunConfig) -> None:
    """ConfigError if the generator is not known, or what is asked of it does not go together."""
    name, wanted = run.generator.name, run.generator
    guarantee.check(run)
    records.check(run)
    if name != "auto":
        registry.generator_class(name)
        if wanted.budget is not None:
            raise ConfigError(
                f"generator.budget={wanted.budget:g} is the time of a race, and generator={name!r} leaves nothing to race. "
                "Use generator=auto, or leave the budget out."
            )
    elif wanted.budget is not None and wanted.options:
        raise ConfigError(
            f"generator.options={sorted(wanted.options)} belong to one generator, and in a race there are many. Leave them out."
        )


def _check_modality(run: RunConfig) -> None:
    """ConfigError if the generator asked for by name makes other data than these."""
    name = run.generator.name
    if name == "auto":
        return
    cls = registry.generator_class(name)
    if run.text is not None and cls.modality is not Modality.TEXT:
        raise ConfigError(
            f"text={list(run.text)} is for generators that write texts, and {name!r} makes {cls.modality.value} data. Use auto, gpt2 or dpgpt2."
        )
    if (cls.modality is Modality.TIMESERIES) is run.is_sequential:
        if run.is_sequential and run.entity is None and not cls.windowed:
            raise ConfigError(
                f"generator={name!r} makes histories of entities, and a plain series names none. Name the column of the entity "
                "(--entity), or use `flow`."
            )
        whole = "window" in run.generator.options and run.generator.options["window"] is None
        if run.entity is not None and cls.windowed and not whole and run.privacy.filter:
            raise ConfigError(
                f"generator={name!r} makes windows, and privacy.filter=True compares whole entities, so that a window copied out of "
                "a longer history would pass it. Use `panel`, or set privacy.filter=false if the histories are no secret."
            )
        return
    if run.is_sequential:
        raise ConfigError(
            f"generator={name!r} makes {cls.modality.value} data, and rows here follow one another. Use auto."
        )
    raise ConfigError(
        f"generator={name!r} makes time series, and nothing says whose the rows are or when they happened. Name the columns "
        "(entity, time), or a window for rows in their order."
    )


def _choose(found: Profile, run: RunConfig) -> Choice:
    _check_modality(run)
    if run.generator.name != "auto":
        return Choice(run.generator.name, ("It was asked for by name.",))
    candidates = {name: registry.generator_class(name) for name in registry.generators()}
    return selector.choose(found, selector.machine(), candidates=candidates, dp=run.privacy.epsilon is not None)


def _expected(found: Profile, choice: Choice, run: RunConfig) -> Mapping[str, float]:
    """Rough seconds of the stages after Select."""
    return selector.run_seconds(
        registry.generator_class(choice.generator), found, selector.machine(), run.rows or found.rows,
        filtered=run.privacy.filter, evaluated=run.evaluate.enabled, options=run.generator.options,
        max_rows=run.evaluate.max_rows,
    )  # fmt: skip
