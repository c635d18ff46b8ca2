"""`smartsynth evaluate`: scores of synthetic data beside what real data reach."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from smartsynth.commands.options import (
    Config,
    Entity,
    FailOnLeakage,
    Json,
    Quiet,
    Report,
    Rules,
    SchemaFile,
    Seed,
    Target,
    Text,
    Time,
    Window,
)
from smartsynth.commands.overwriting import check_apart
from smartsynth.commands.reading import given, known_of, source_of
from smartsynth.errors import ConfigError, did_you_mean
from smartsynth.shell import NOT_GOOD_ENOUGH, command, evaluation_parts, leaks, rule_parts, screen_of

if TYPE_CHECKING:
    from smartsynth.facts import Evaluation
    from smartsynth.shell import Screen


@command
def evaluate(
    context: typer.Context,
    real: Annotated[
        str, typer.Argument(help="The real data that the synthetic data were made from.", show_default=False)
    ],
    synthetic: Annotated[str, typer.Argument(help="The synthetic data.", show_default=False)],
    holdout: Annotated[str | None, typer.Option("--holdout", help="Real rows that the generator never saw.")] = None,
    target: Target = None,
    entity: Entity = None,
    time: Time = None,
    window: Window = None,
    text: Text = None,
    report: Report = None,
    nearest: Annotated[
        Path | None,
        typer.Option(
            "--nearest",
            help="Images: HTML page of the synthetic ones nearest to training images, beside these. It holds real images: do not share it.",
        ),
    ] = None,
    fail_under: Annotated[
        list[str] | None,
        typer.Option(
            "--fail-under",
            metavar="KEY=VALUE",
            help="End with code 7 if this score is worse than VALUE; may be repeated.",
        ),
    ] = None,
    fail_on_leakage: FailOnLeakage = False,
    fail_on_broken_rule: Annotated[
        bool, typer.Option("--fail-on-broken-rule", help="End with code 7 if a synthetic row breaks a rule.")
    ] = False,
    by_part: Annotated[
        bool, typer.Option("--by-part", help="SYNTHETIC is a folder of Parquet parts: score each of them.")
    ] = False,
    engine: Annotated[
        str | None,
        typer.Option(
            "--engine",
            metavar="local|ray",
            help="With --by-part: ray uses the cluster of RAY_ADDRESS.",
            show_default=False,
        ),
    ] = None,
    seed: Seed = None,
    config: Config = None,
    schema: SchemaFile = None,
    rule: Rules = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Score synthetic data against real data, each score beside what real data reach."""
    from smartsynth import image_export, ingest, pipeline
    from smartsynth.facts import to_json
    from smartsynth.nearest import nearest_images
    from smartsynth.result import write_report

    if [real, synthetic, holdout].count("-") > 1:
        raise typer.BadParameter("Only one of REAL, SYNTHETIC and --holdout can be standard input.")
    read = {"REAL": real, "SYNTHETIC": synthetic, "--holdout": holdout, "--config": config, "--schema": schema}
    check_apart(read, {"--report": report, "--nearest": nearest})
    bounds = [_bound(text) for text in fail_under or []]
    screen = screen_of(context, quiet=quiet)
    if engine is not None and not by_part:
        raise typer.BadParameter("--engine goes with --by-part.")
    if by_part:
        if report is not None or nearest is not None or bounds:
            raise typer.BadParameter(
                "--by-part writes no report, no --nearest, and knows no --fail-under. Leave them out."
            )
        ignored = given(entity=entity, time=time, window=window, text=text, schema=schema, rule=rule)
        if ignored or fail_on_broken_rule:
            names = [f"--{name}" for name in ignored] + ["--fail-on-broken-rule"] * fail_on_broken_rule
            raise typer.BadParameter(
                f"--by-part checks no rules and knows no {', '.join(names)}. Leave them out, or evaluate without --by-part."
            )
        asked = given(target=target, seed=seed)
        _evaluate_parts(screen, real, synthetic, holdout, config, engine or "local", asked, json, fail_on_leakage)
        return
    tables: list[Any] = [None if place is None else source_of(place, config) for place in (real, synthetic, holdout)]
    asked = known_of(schema, rule) | given(target=target, entity=entity, time=time, window=window, text=text, seed=seed)
    if nearest is not None:
        _check_nearest(nearest, report)
        limits = pipeline.settled(config, {}).limits
        tables = [None if table is None else ingest.read(table, limits=limits) for table in tables]
        image_export.check_some(tables[0].schema, "--nearest")
    with screen.progress() as progress:
        checked = pipeline.examine(tables[0], tables[1], holdout=tables[2], config=config, progress=progress, **asked)
    evaluation = checked.evaluation
    if nearest is not None:
        with screen.progress() as progress:
            nearest_images(tables[0], tables[1], nearest, holdout=tables[2], config=config, progress=progress, **asked)
        screen.note(f"Wrote {nearest}. It holds real images: do not share it.")
    if report is not None:
        for path in write_report(
            report, evaluation, checked.profile, {"manifest": checked.manifest, "rules": checked.rules}
        ):
            screen.note(f"Wrote {path}.")
    if json:
        screen.answer({**to_json(evaluation), "rules": to_json(checked.rules)})
    else:
        screen.show([*evaluation_parts(evaluation), *rule_parts(checked.rules)])
    worse = [line for key, bound in bounds if (line := _worse(evaluation, key, bound))]
    if fail_on_leakage and (leak := leaks(evaluation)):
        worse.append(leak)
    if fail_on_broken_rule and not checked.rules:
        raise ConfigError(
            "--fail-on-broken-rule: there is no rule that could be broken. Give --rule, --schema, or rules in --config; or leave it out."
        )
    if fail_on_broken_rule:
        worse += [
            f"--fail-on-broken-rule: {one.rule}: {one.made_broken:,} of {one.made:,} rows."
            for one in checked.rules
            if one.made_broken
        ]
    if worse:
        screen.fail(*worse)
        raise typer.Exit(NOT_GOOD_ENOUGH)


def _evaluate_parts(
    screen: Screen,
    real: str,
    folder: str,
    holdout: str | None,
    config: Path | None,
    engine: str,
    asked: dict[str, Any],
    json: bool,
    fail_on_leakage: bool,
) -> None:
    """`smartsynth evaluate --by-part`."""
    from smartsynth.facts import Outcome, to_json
    from smartsynth.parts import evaluate_parts
    from smartsynth.shell import parts_of_output

    with screen.progress() as progress:
        found = evaluate_parts(
            source_of(real, config), folder, holdout=None if holdout is None else source_of(holdout, config), config=config,
            engine=engine, progress=progress, **asked,
        )  # fmt: skip
    if json:
        screen.answer(to_json(found))
    else:
        screen.show(parts_of_output(found))
    if fail_on_leakage and found.outcome is not Outcome.PASS:
        screen.fail(f"--fail-on-leakage: {found.outcome.value}.")
        raise typer.Exit(NOT_GOOD_ENOUGH)


def _check_nearest(nearest: Path, report: Path | None) -> None:
    if report is not None and nearest in (report, report.with_suffix(".json")):
        raise typer.BadParameter(f"--nearest and --report would both write {nearest}.")


def _bound(text: str) -> tuple[str, float]:
    """The key and the bound of a score; a key that no score has is refused before anything is computed."""
    from smartsynth.report.glossary import MEASURES, explanation

    key, _, value = text.partition("=")
    try:
        bound = float(value)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not KEY=NUMBER.", param_hint="--fail-under") from None
    if explanation(key) is None:
        raise ConfigError(
            f"fail_under={key!r} is not a score.{did_you_mean(key, MEASURES)} `smartsynth evaluate REAL SYNTHETIC` shows the key of "
            "each score; docs/scores.md lists all."
        )
    return key, bound


def _worse(evaluation: Evaluation, key: str, bound: float) -> str | None:
    """A sentence if the score is worse than the bound; how far from its reference counts where nearer is better."""
    from smartsynth.facts import Better

    known = {score.key: score for score in evaluation.scores}
    if key not in known:
        raise ConfigError(f"fail_under={key!r} is not a score.{did_you_mean(key, known)} Scores: {', '.join(known)}.")
    score = known[key]
    if not score.available:
        return f"{key} could not be computed: {score.sentence}"
    if score.better is Better.NEARER:
        gap = abs(score.value - (score.reference or 0.0))
        return f"{key} is {gap:.4g} away from its reference, more than {bound:g}." if gap > bound else None
    worse = score.value < bound if score.better is Better.HIGHER else score.value > bound
    return f"{key} is {score.value:.4g}, worse than {bound:g} ({score.better.value} is better)." if worse else None
