"""`smartsynth synthesize`: synthetic rows from real ones, with the evidence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from smartsynth import atomic
from smartsynth.commands.options import (
    Config,
    Data,
    Entity,
    FailOnLeakage,
    Format,
    Generator,
    Holdout,
    Json,
    Options,
    Output,
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
from smartsynth.commands.reading import given, known_of, options_of, source_of
from smartsynth.commands.writing import bytes_of, format_of
from smartsynth.errors import Cancelled
from smartsynth.shell import NOT_GOOD_ENOUGH, command, leaks, result_parts, screen_of

if TYPE_CHECKING:
    from smartsynth.progress import Progress
    from smartsynth.result import Result
    from smartsynth.shell import Screen

Prompt = Annotated[
    str | None,
    typer.Option(
        "--prompt",
        help="Texts: say in your words what to write, and have a model asked for it; `--option endpoint=URL --option model=NAME` names one elsewhere. Images: what a pretrained pipeline is told, with columns in braces.",
    ),
]


PROMPTED = ("prompt", "evolve", "stablediffusion", "evolveimages")


@command
def synthesize(
    context: typer.Context,
    data: Data,
    output: Output,
    rows: Annotated[
        int | None,
        typer.Option(
            "--rows",
            "-n",
            min=1,
            help="Rows to make, of time series entities or windows; as many as DATA has if not given.",
        ),
    ] = None,
    generator: Generator = None,
    target: Target = None,
    entity: Entity = None,
    time: Time = None,
    window: Window = None,
    text: Text = None,
    prompt: Prompt = None,
    balance: Annotated[
        str | None, typer.Option("--balance", help="Column whose values are made equally often, such as a rare target.")
    ] = None,
    holdout: Holdout = None,
    report: Report = None,
    save: Annotated[
        Path | None, typer.Option("--save", help="Folder for the fitted model, for `smartsynth sample`.")
    ] = None,
    recipe: Annotated[
        Path | None,
        typer.Option(
            "--recipe",
            help="File for the manifest alone, for `smartsynth replay`; files that are written have it beside them.",
        ),
    ] = None,
    seed: Seed = None,
    config: Config = None,
    schema: SchemaFile = None,
    rule: Rules = None,
    format: Format = None,
    filter: Annotated[
        bool | None, typer.Option("--filter/--no-filter", help="Remove rows that lie too near to a real one.")
    ] = None,
    epsilon: Annotated[
        float | None,
        typer.Option("--epsilon", help="Differential privacy with this budget: 1 is strong, over 10 is weak."),
    ] = None,
    public_schema: Annotated[
        bool | None,
        typer.Option(
            "--public-schema",
            help="With --epsilon: names, kinds and formats of the columns are public knowledge, though read off DATA.",
        ),
    ] = None,
    safe_harbor: Annotated[
        bool | None,
        typer.Option("--safe-harbor", help="Treat columns that say who somebody is as HIPAA's Safe Harbor rule asks."),
    ] = None,
    k_anonymity: Annotated[
        int | None,
        typer.Option(
            "--k-anonymity",
            metavar="K",
            help="Coarser values, so that K rows share their quasi-identifiers.",
        ),
    ] = None,
    evaluate: Annotated[
        bool | None, typer.Option("--evaluate/--no-evaluate", help="Score the rows against the holdout.")
    ] = None,
    fail_on_leakage: FailOnLeakage = False,
    thorough: Annotated[
        bool | None,
        typer.Option(
            "--thorough", help="Also attack with shadow models and canaries: learns the generator 17 times more."
        ),
    ] = None,
    option: Options = None,
    budget: Annotated[
        str | None,
        typer.Option(
            "--budget", metavar="TIME", help="With -g auto: let generators race on DATA for 120s, 2min or 1h."
        ),
    ] = None,
    engine: Annotated[
        str | None,
        typer.Option(
            "--engine",
            metavar="local|ray",
            help="With --budget: ray races on the cluster of RAY_ADDRESS.",
            show_default=False,
        ),
    ] = None,
    refine: Annotated[
        bool | None,
        typer.Option(
            "--refine/--no-refine", help="Choose rows by what still tells them from real ones; any generator."
        ),
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make synthetic rows from real ones, with the evidence of how good and how safe they are."""
    from smartsynth import pipeline

    _check_outputs(output, report, save, recipe, json=json, evaluated=evaluate is not False)
    if fail_on_leakage and evaluate is False:
        raise typer.BadParameter("--fail-on-leakage needs the scores that --no-evaluate leaves out.")
    format = format_of(output, format)
    if data == holdout == "-":
        raise typer.BadParameter("DATA and --holdout cannot both be standard input.")
    read = {"DATA": data, "--holdout": holdout, "--config": config, "--schema": schema}
    check_apart(read, {"--output": output, "--report": report, "--save": save, "--recipe": recipe})
    settings = known_of(schema, rule) | given(
        rows=rows, target=target, entity=entity, time=time, window=window, text=text, balance=balance, seed=seed,
        generator=given(**_asked_by_prompt(generator, prompt), options=options_of(option or [], prompt), budget=budget, refine=refine) or None,
        privacy=given(filter=filter, epsilon=epsilon, public_schema=public_schema, k_anonymity=k_anonymity, safe_harbor=safe_harbor) or None,
        evaluate=given(enabled=evaluate, thorough=thorough) or None,
    )  # fmt: skip
    screen = screen_of(context, quiet=quiet)
    source = source_of(data, config)
    _check_holds(source, output, format, config)
    with screen.progress() as progress:
        result = pipeline.synthesize(
            source,
            config=config,
            holdout=None if holdout is None else source_of(holdout, config),
            progress=progress,
            engine=engine or "local",
            advise=screen.note,
            **settings,
        )
        steps = [] if save is None else [lambda: [result.save(save)]]
        steps += [] if report is None else [lambda: result.report(report)]
        steps += [] if recipe is None else [lambda: [result.recipe(recipe)]]
        written = _written([*steps, lambda: _output(result, output, format, screen)], progress, screen)
    screen.note(*result_parts(result, written))
    if json:
        screen.answer({**result.manifest, "timings": dict(result.timings), "files": [str(path) for path in written]})
    if fail_on_leakage and (leak := leaks(result.evaluation)):
        screen.fail(leak)
        raise typer.Exit(NOT_GOOD_ENOUGH)


def _asked_by_prompt(generator: str | None, prompt: str | None) -> dict[str, Any]:
    """The generator's name: one that takes prompts, if there is one."""
    if prompt is not None and generator not in (None, *PROMPTED):
        raise typer.BadParameter(
            f"--prompt is for the generators {', '.join(map(repr, PROMPTED))}, and {generator!r} was asked for. Leave one out."
        )
    return {"name": "prompt" if prompt is not None and generator is None else generator}


def _check_outputs(
    output: str, report: Path | None, save: Path | None, recipe: Path | None, *, json: bool, evaluated: bool
) -> None:
    if output == "-" and json:
        raise typer.BadParameter("--json and --output - would both write to standard output.")
    if report is not None and not evaluated:
        raise typer.BadParameter("--report needs the scores that --no-evaluate leaves out.")
    if report is not None and Path(output) in (report, report.with_suffix(".json")):
        raise typer.BadParameter(f"--report also writes {report.with_suffix('.json')}, which is the output.")
    here = [] if output == "-" or "://" in output else [Path(output)]
    for path in (*here, *(path for path in (report, save, recipe) if path is not None)):
        atomic.check_writable(path)  # work of hours is not begun for nothing


def _check_holds(source: Any, output: str, format: str | None, config: Path | None) -> None:
    """ConfigError before any work if there are images in the data, and the output cannot hold them."""
    from smartsynth import export, image_export, ingest, pipeline
    from smartsynth.connectors import Place

    place = Place.of(output) if "://" in output else None
    if place is not None and place.table is not None:
        name = "table"
    else:
        path = Path(output if place is None else place.name)
        name = format or ("csv" if output == "-" else export.format_of(path, None))
    if name in ("folder", "zip", "parquet", "hf"):
        return
    if isinstance(source, Path) and ingest.may_hold_images(source):
        source = ingest.read(source, limits=pipeline.settled(config, {}).limits)
    if hasattr(source, "schema"):
        image_export.check_none(source.schema, name)


def _output(result: Result, output: str, format: str | None, screen: Screen) -> list[Path]:
    """Write the synthetic rows to where they were asked for; the files here."""
    from smartsynth import connectors

    if output == "-":
        screen.data(bytes_of(result.synthetic, format, result.config.export))
        return []
    if "://" in output:
        elsewhere = connectors.write(result.synthetic, output, config=result.config.export)
        screen.note(f"Wrote {len(result.synthetic):,} rows to {elsewhere}.")
        return []
    return result.export(output, format=format)


def _written(steps: Sequence[Callable[[], list[Path]]], progress: Progress, screen: Screen) -> list[Path]:
    """The files that all steps write; if one of them fails, or is not wanted any more, what was written before it is said."""
    written: list[Path] = []
    for step in steps:
        try:
            progress(1.0, "Write")
            written += step()
        except BaseException as error:
            if not written:
                raise
            screen.fail(f"Written before that: {', '.join(map(str, written))}.")
            if isinstance(error, Cancelled):
                raise Cancelled("Cancelled.") from None
            raise
    return written
