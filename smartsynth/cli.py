"""The command line: profile, synthesize, sample, impute, continue, evaluate, generators, app, serve, keys.

Each command parses its options, calls one function of the library and shows what came back. How it talks to the shell
is in shell.py; what it computes is in pipeline.py.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from smartsynth import atomic
from smartsynth._version import __version__
from smartsynth.commands.augment import augment
from smartsynth.commands.overwriting import check_apart
from smartsynth.commands.reading import given, known_of, options_of, source_of
from smartsynth.commands.relational import relational_app
from smartsynth.commands.replay import replay
from smartsynth.commands.schema import schema_app
from smartsynth.commands.template import template
from smartsynth.errors import Cancelled, ConfigError, MissingExtraError, did_you_mean
from smartsynth.shell import (
    NOT_GOOD_ENOUGH,
    audit_table,
    budget_table,
    command,
    evaluation_parts,
    generator_table,
    key_table,
    profile_parts,
    result_parts,
    rule_parts,
    screen_of,
)

if TYPE_CHECKING:
    from smartsynth.config import ExportConfig
    from smartsynth.dataset import Dataset
    from smartsynth.facts import Evaluation
    from smartsynth.progress import Progress
    from smartsynth.result import Result
    from smartsynth.shell import Screen

app = typer.Typer(
    name="smartsynth",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # a traceback with local variables would show real data
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Real data in, safe synthetic data out, with the evidence beside it.",
    epilog="DATA is a CSV, JSON, JSONL, Parquet or Excel file, a folder of Parquet files, an address such as "
    "postgresql://USER@HOST/DB#TABLE or s3://BUCKET/PATH, or - for standard input.",
)

Data = Annotated[
    str, typer.Argument(help="Real data: a file, a folder, an address, or - for standard input.", show_default=False)
]
Output = Annotated[
    str, typer.Option("--output", "-o", help="File or folder to write, or - for standard output.", show_default=False)
]
Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        help="csv, tsv, txt, json, jsonl, parquet, excel or hf (Hugging Face data set); by default as OUTPUT is named.",
    ),
]
Target = Annotated[str | None, typer.Option("--target", help="Column that models predict; guessed if not given.")]
Entity = Annotated[
    str | None,
    typer.Option("--entity", help="Time series: column that names whom a row is about, such as a patient."),
]
Time = Annotated[
    str | None,
    typer.Option(
        "--time", help="Time series: column that says when a row happened; alone, the rows are one plain series."
    ),
]
Window = Annotated[
    int | None,
    typer.Option(
        "--window",
        min=2,
        help="Plain series: rows of the windows it is learnt and made in, 24 if not given; alone, rows are in their order.",
    ),
]
Text = Annotated[
    list[str] | None,
    typer.Option(
        "--text", help="Column of text that a language model learns and writes; may be repeated.", show_default=False
    ),
]
Prompt = Annotated[
    str | None,
    typer.Option(
        "--prompt",
        help="Texts: say in your words what to write, and have a model asked for it; `--option endpoint=URL --option model=NAME` names one elsewhere. Images: what a pretrained pipeline is told, with columns in braces.",
    ),
]
Holdout = Annotated[
    str | None, typer.Option("--holdout", help="Real rows that nothing is learnt from; without it, a fifth of DATA.")
]
Config = Annotated[
    Path | None, typer.Option("--config", help="YAML file of settings; options on the command line win.")
]
SchemaFile = Annotated[
    Path | None,
    typer.Option("--schema", help="YAML file of what is known of the columns, keys and rules, as schema.yaml."),
]
Rules = Annotated[
    list[str] | None,
    typer.Option(
        "--rule",
        metavar="RULE",
        help="What every row keeps, such as 'a <= b' or 'if sex == \"M\" then not pregnant'; may be repeated.",
        show_default=False,
    ),
]
Seed = Annotated[
    int | None, typer.Option("--seed", min=0, help="Same seed, same rows. Drawn and written down if not given.")
]
Report = Annotated[Path | None, typer.Option("--report", help="HTML report to write, with a JSON twin beside it.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no notes on standard error.")]


@app.callback()
def shared(
    context: typer.Context,
    no_color: Annotated[
        bool, typer.Option("--no-color", help="No colours; the variable NO_COLOR does the same.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show where an unforeseen error came from.")] = False,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=lambda on: _version(on), help="Show the version.")
    ] = False,
) -> None:
    """Real data in, safe synthetic data out, with the evidence beside it."""
    context.obj = {"color": not no_color, "debug": debug}


def _version(asked: bool) -> None:
    if asked:
        sys.stdout.write(f"smartsynth {__version__}\n")
        raise typer.Exit


@app.command()
@command
def profile(
    context: typer.Context,
    data: Data,
    target: Target = None,
    entity: Entity = None,
    time: Time = None,
    window: Window = None,
    text: Text = None,
    html: Annotated[Path | None, typer.Option("--html", help="HTML page to write.")] = None,
    explore: Annotated[
        Path | None,
        typer.Option("--explore", help="Exhaustive HTML page for the owner of the data, by fg-data-profiling."),
    ] = None,
    json: Json = False,
    config: Config = None,
    quiet: Quiet = False,
) -> None:
    """Show what a data set looks like: kinds of columns, distributions, associations, and what to watch out for."""
    from smartsynth import ingest, pipeline
    from smartsynth.facts import to_json
    from smartsynth.result import write_profile
    from smartsynth.utils.exploration import write_exploration

    check_apart({"DATA": data, "--config": config}, {"--html": html, "--explore": explore})
    screen = screen_of(context, quiet=quiet)
    real = ingest.read(source_of(data, config), limits=pipeline.settled(config, {}).limits)
    with screen.progress() as progress:
        asked = given(target=target, entity=entity, time=time, window=window, text=text)
        found = pipeline.profile(real, config=config, progress=progress, **asked)
    if html is not None:
        screen.note(f"Wrote {write_profile(html, found)}.")
    if explore is not None:
        screen.note(f"Wrote {write_exploration(real, explore)}. It shows single real values: do not share it.")
    if json:
        screen.answer(to_json(found))
        return
    screen.show(profile_parts(found))


@app.command()
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
    generator: Annotated[
        str | None, typer.Option("--generator", "-g", help="auto, or a name that `smartsynth generators` lists.")
    ] = None,
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
    thorough: Annotated[
        bool | None,
        typer.Option(
            "--thorough", help="Also attack with shadow models and canaries: learns the generator 17 times more."
        ),
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option("--option", metavar="KEY=VALUE", help="Option of the generator; may be repeated."),
    ] = None,
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
    format = _format(output, format)
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
            **settings,
        )
        steps = [] if save is None else [lambda: [result.save(save)]]
        steps += [] if report is None else [lambda: result.report(report)]
        steps += [] if recipe is None else [lambda: [result.recipe(recipe)]]
        written = _written([*steps, lambda: _output(result, output, format, screen)], progress, screen)
    screen.note(*result_parts(result, written))
    if json:
        screen.answer({**result.manifest, "timings": dict(result.timings), "files": [str(path) for path in written]})


@app.command()
@command
def sample(
    context: typer.Context,
    folder: Annotated[
        Path, typer.Argument(help="Folder that `smartsynth synthesize --save` wrote.", show_default=False)
    ],
    output: Output,
    rows: Annotated[
        int | None, typer.Option("--rows", "-n", min=1, help="Rows to make; as many as were released if not given.")
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            "--where",
            metavar="CONDITION",
            help="Only such rows: 'income=>50K', 'age>=60', 'age<70', 'job!=Sales', 'job=[\"Sales\", \"Tech\"]'. May be repeated.",
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, help="Another seed makes other rows; by default that of the run.")
    ] = None,
    format: Format = None,
    engine: Annotated[
        str | None,
        typer.Option(
            "--engine",
            help="local or ray: write a folder of Parquet parts, any number of rows, here or at an address such as "
            "s3://bucket/rows. Run again, it makes what is missing.",
        ),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Make the rows of a saved run again, or more of them. The real data are not needed."""
    from smartsynth import export
    from smartsynth.report.cards import data_card, is_of_a_run
    from smartsynth.resampling import resample

    screen = screen_of(context, quiet=quiet)
    if engine is not None or "://" in output:
        if format not in (None, "parquet") or output == "-":
            raise typer.BadParameter("--engine and addresses write a folder of Parquet parts: no --format, and no -.")
        _sample_parts(screen, folder, output, rows, where, seed, engine or "local")
        return
    format = _format(output, format)
    check_apart({"FOLDER": folder}, {"--output": output})
    with screen.progress() as progress:
        made = resample(folder, rows, where=where, seed=seed, progress=progress)
    if made.effective is not None:
        screen.note(
            f"{len(made.synthetic):,} rows under conditions, worth about {made.effective:,.0f} independent ones. Where that "
            "is far fewer, the model found few different ways to what was asked for."
        )
    if made.unchecked:
        screen.note(
            f"{made.unchecked:,} of {len(made.synthetic):,} rows were not checked by the privacy filter: the real data "
            "are not here. `smartsynth synthesize` makes rows that are checked."
        )
    if output == "-":
        screen.data(_bytes(made.synthetic, format, made.export))
    else:
        card = data_card(made.manifest, made.synthetic.schema) if is_of_a_run(made.manifest) else None
        written = export.write(
            made.synthetic, output, format=format, manifest=made.manifest, config=made.export, card=card
        )
        screen.note(f"Wrote {', '.join(map(str, written))} (seed {made.seed}).")


def _sample_parts(
    screen: Screen, folder: Path, output: str, rows: int | None, where: list[str] | None, seed: int | None, engine: str
) -> None:
    """Write the rows of a saved run in parts."""
    from smartsynth import scale

    wanted = scale.plan(folder, rows, where=where, seed=seed)
    with screen.progress() as progress:
        names = scale.write(wanted, output, engine=engine, progress=progress)
    run = wanted.opened
    if run.unchecked:
        screen.note(
            f"{run.unchecked:,} of {run.n:,} rows were not checked by the privacy filter: the real data are not here."
        )
    screen.note(f"Wrote {run.n:,} rows in {len(names) - 1:,} parts to {output} (seed {run.release.seed}).")


@app.command()
@command
def impute(
    context: typer.Context,
    folder: Annotated[
        Path, typer.Argument(help="Folder that `smartsynth synthesize --save` wrote.", show_default=False)
    ],
    data: Annotated[str, typer.Argument(help="Rows with missing cells or columns: a file, or -.", show_default=False)],
    output: Output,
    seed: Annotated[int | None, typer.Option("--seed", min=0, help="Same seed, same cells.")] = None,
    format: Format = None,
    quiet: Quiet = False,
) -> None:
    """Fill the missing cells of a table with draws from a saved model, given the known cells of each row."""
    from smartsynth import export, formats, ingest, registry
    from smartsynth.config import ExportConfig
    from smartsynth.dataset import Dataset
    from smartsynth.models.sequence_base import SequenceGenerator

    format = _format(output, format)
    check_apart({"FOLDER": folder, "DATA": data}, {"--output": output})
    model = registry.load(folder)
    partly = ingest.read(source_of(data))
    screen = screen_of(context, quiet=quiet)
    with screen.progress() as progress:
        rows = model.impute(partly.frame, seed=seed, progress=progress)
    schema = model.schema_of(rows) if isinstance(model, SequenceGenerator) else model.schema_
    filled = Dataset(rows, schema, partly.source)
    lost = len(rows.columns) - len(partly.frame.columns)
    gaps, left = int(partly.frame.isna().sum().sum()) + lost * len(rows), int(rows.isna().sum().sum())
    among = rows.attrs.get("effective_draws")
    chosen = "" if among is None else f", each row's chosen among {among:.0f} independent draws"
    screen.note(f"Filled {gaps - left:,} cells{chosen}.")
    if left:
        names = ", ".join(formats.plain(name, 40) for name in rows.columns if rows[name].isna().any())
        screen.note(f"{left:,} cells are missing still: the model knows no value for {names}.")
    if broken := rows.attrs.get("broken_rules"):
        screen.note(f"{broken:,} rows break a rule still: their known cells contradict it.")
    if output == "-":
        screen.data(_bytes(filled, format, ExportConfig()))
    else:
        written = export.write(filled, output, format=format, manifest=None, config=ExportConfig())
        screen.note(f"Wrote {', '.join(map(str, written))}.")


@app.command("continue")
@command
def continue_(
    context: typer.Context,
    folder: Annotated[
        Path,
        typer.Argument(help="Folder that `smartsynth synthesize --save` wrote of a time series.", show_default=False),
    ],
    data: Annotated[
        str, typer.Argument(help="Known rows of each entity, or of the series: a file, or -.", show_default=False)
    ],
    output: Output,
    horizon: Annotated[int, typer.Option("--horizon", min=1, help="Rows to add to each entity, at most.")] = 24,
    paths: Annotated[
        int,
        typer.Option("--paths", min=1, help="Continuations of each; more than 1 are told apart by a column `path`."),
    ] = 1,
    seed: Annotated[int | None, typer.Option("--seed", min=0, help="Same seed, same rows.")] = None,
    format: Format = None,
    quiet: Quiet = False,
) -> None:
    """Draw rows that may follow known ones from a saved model of a time series: scenarios, not one forecast."""
    from smartsynth import export, ingest, registry
    from smartsynth.config import ExportConfig
    from smartsynth.dataset import Dataset
    from smartsynth.models.ruled_generator import RuledGenerator
    from smartsynth.models.sequence_base import SequenceGenerator

    format = _format(output, format)
    check_apart({"FOLDER": folder, "DATA": data}, {"--output": output})
    model = registry.load(folder)
    if not isinstance(model, SequenceGenerator) and not (isinstance(model, RuledGenerator) and model.goes_on):
        raise ConfigError(
            f"{folder} holds a model of {model.modality.value} data, and only time series go on. Use `sample`."
        )
    known = ingest.read(source_of(data))
    screen = screen_of(context, quiet=quiet)
    with screen.progress() as progress:
        rows = model.continued(known.frame, horizon, paths=paths, seed=seed, progress=progress)
    made = Dataset(rows, model.schema_of(rows), known.source)
    screen.note(
        f"{len(rows):,} rows follow. They were not checked by the privacy filter: they begin with rows that you gave."
    )
    if broken := rows.attrs.get("broken_rules"):
        screen.note(f"{broken:,} of them break a rule: no row is replaced where it follows known ones.")
    if output == "-":
        screen.data(_bytes(made, format, ExportConfig()))
    else:
        written = export.write(made, output, format=format, manifest=None, config=ExportConfig())
        screen.note(f"Wrote {', '.join(map(str, written))}.")


@app.command()
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
    fail_on_leakage: Annotated[
        bool, typer.Option("--fail-on-leakage", help="End with code 7 unless the attacks found no leakage.")
    ] = False,
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
    from smartsynth.facts import Outcome, to_json
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
    if fail_on_leakage and (evaluation.battery is None or evaluation.battery.outcome is not Outcome.PASS):
        worse.append(f"--fail-on-leakage: {evaluation.verdict['privacy']}")
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


@app.command()
@command
def generators(context: typer.Context, json: Json = False) -> None:
    """List the generators that can be used, and what each is for."""
    from smartsynth.pipeline import overview

    rows = overview()
    screen = screen_of(context)
    if json:
        screen.answer(rows)
    else:
        screen.out.print(generator_table(rows))


@app.command()
@command
def budget(context: typer.Context, json: Json = False) -> None:
    """Show what releases with differential privacy have spent on each data set, on this machine."""
    from dataclasses import asdict

    from smartsynth.privacy.spending import Spending

    spending = Spending.of_this_machine()
    found = spending.all() if spending.path.exists() else []
    screen = screen_of(context)
    if json:
        screen.answer([asdict(spent) for spent in found])
    elif found:
        screen.out.print(budget_table(found))
    else:
        screen.note("Nothing was spent on this machine yet.")


@app.command()
@command
def compliance(
    context: typer.Context,
    run: Annotated[
        Path, typer.Argument(help="Folder of a saved run, an exported file, or a manifest.", show_default=False)
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Markdown file to write; else it is shown.")
    ] = None,
) -> None:
    """Put what was measured in a run beside what HIPAA, GDPR, ISO/IEC 27001 and NIST SP 800-226 ask."""
    from smartsynth.report.compliance import document, manifest_of

    check_apart({"RUN": run}, {"--output": output})
    text = document(manifest_of(run))
    if output is None:
        sys.stdout.write(text)
        return
    atomic.write_file(output, text)
    screen_of(context).note(f"Wrote {output}.")


@app.command("audit")
@command
def show_audit(
    context: typer.Context,
    head: Annotated[
        bool, typer.Option("--head", help="Only the number and hash of the newest entry, to be kept elsewhere.")
    ] = False,
    json: Json = False,
) -> None:
    """Check and show the audit log that SMARTSYNTH_AUDIT names: who did what to which data set."""
    from dataclasses import asdict

    from smartsynth.privacy.audit import Log

    log = Log.of_this_machine()
    if log is None:
        raise ConfigError(
            "No audit log is kept: SMARTSYNTH_AUDIT names no file. Set it to one, such as /var/log/smartsynth/audit.jsonl."
        )
    problem, entries, screen = log.verify(), log.entries(), screen_of(context)
    if json:
        screen.answer({"problem": problem, "entries": [asdict(entry) for entry in entries]})
    elif head:
        screen.out.print(f"{entries[-1].seq} {entries[-1].hash}" if entries else "0", highlight=False)
    elif entries:
        screen.out.print(audit_table(entries))
    if problem is not None:
        screen.fail(f"The audit log is not whole. {problem}")
        raise typer.Exit(NOT_GOOD_ENOUGH)
    if not json:
        screen.note(f"{len(entries)} entries, an unbroken chain.")


@app.command("app")
@command
def web_app(
    context: typer.Context,
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port to listen on.")] = 8501,
    host: Annotated[
        str,
        typer.Option("--host", help="Address to listen on. There is no login: any other lets in whoever can reach it."),
    ] = "127.0.0.1",
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Only print the address.")] = False,
) -> None:
    """Start the web app on this machine; Ctrl-C stops it."""
    import os
    import socket
    from importlib.util import find_spec

    if find_spec("streamlit") is None:
        raise MissingExtraError("The web app", "ui")
    _check_free(host, port)
    settings = {
        "server.port": port, "server.address": host, "server.headless": no_browser or not _has_screen(),
        "server.showEmailPrompt": False,
    }  # fmt: skip
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not chosen
        # Without a name to show, Streamlit asks a server on the internet for this machine's address.
        settings["browser.serverAddress"] = socket.gethostname()
    flags = [part for name, value in settings.items() for part in (f"--{name}", str(value).lower())]
    # In place of this process, so that Ctrl-C and the end of a service reach the server itself.
    os.execv(sys.executable, [sys.executable, "-m", "smartsynth.ui.served", *flags])  # noqa: S606 - no shell is meant


@app.command()
@command
def serve(
    context: typer.Context,
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port to listen on.")] = 8501,
    host: Annotated[
        str,
        typer.Option(
            "--host",
            help="Address to listen on. On any but this machine's own, the API asks for a key; the web app asks nobody.",
        ),
    ] = "127.0.0.1",
    only: Annotated[str, typer.Option("--only", help="api, ui or worker alone; all of them if not given.")] = "all",
    log_level: Annotated[str, typer.Option("--log-level", help="debug, info, warning or error.")] = "info",
) -> None:
    """Serve the web app and the REST API, with workers of their own; Ctrl-C stops them."""
    from smartsynth import server

    if only not in server.PARTS:
        raise ConfigError(
            f"only={only!r} is not known.{did_you_mean(only, server.PARTS)} Parts: {', '.join(server.PARTS)}."
        )
    if only != "worker":
        _check_free(host, port)
        screen_of(context).note(*_addresses(host, port, only))
    server.serve(host, port, only=only, log_level=log_level.upper())


keys_app = typer.Typer(no_args_is_help=True, help="Make, list and revoke API keys of the service of this machine.")
app.add_typer(keys_app, name="keys")
app.command()(template)
app.add_typer(schema_app, name="schema")


@keys_app.command("create")
@command
def create_key(
    context: typer.Context,
    name: Annotated[str, typer.Option("--name", help="What to call the key.")] = "key",
    scope: Annotated[str, typer.Option("--scope", help="read, write or admin.")] = "write",
    days: Annotated[float | None, typer.Option("--days", help="Days until it expires; never if not given.")] = None,
    account: Annotated[
        str | None, typer.Option("--account", help="Account of another key to share; a new one if not given.")
    ] = None,
) -> None:
    """Make an API key. Its text is shown once, on standard output, and cannot be found again."""
    with _service_keys() as (jobs, keys):
        text, made = keys.create(jobs, name, scope=scope, days=days, account=account)
    sys.stdout.write(text + "\n")
    screen_of(context).note(f"Key {made.id} of {made.account} may {made.scope}. Keep it: only a hash of it is stored.")


@keys_app.command("list")
@command
def list_keys(context: typer.Context, json: Json = False) -> None:
    """List the keys; their texts are not known."""
    from dataclasses import asdict

    with _service_keys() as (_, keys):
        found = keys.all()
    screen = screen_of(context)
    if json:
        screen.answer([asdict(key) for key in found])
    else:
        screen.out.print(key_table(found))


@keys_app.command("revoke")
@command
def revoke_key(
    context: typer.Context, key: Annotated[str, typer.Argument(help="Id of the key.", show_default=False)]
) -> None:
    """Let a key open nothing from now on."""
    with _service_keys() as (_, keys):
        if not keys.revoke(key):
            raise ConfigError(f"key={key!r} is not known. `smartsynth keys list` shows the keys.")
    screen_of(context).note(f"Key {key} opens nothing any more.")


@contextmanager
def _service_keys() -> Iterator[tuple[Any, Any]]:
    """The service of this machine and its keys."""
    try:
        from smartsynth.api.keys import Keys
        from smartsynth.jobs import from_environment
    except ImportError:
        raise MissingExtraError("The API", "api") from None
    jobs = from_environment(workers=0)
    try:
        yield jobs, Keys(jobs.store.database)
    finally:
        jobs.close()


def _addresses(host: str, port: int, only: str) -> list[str]:
    at = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    said = [] if only == "api" else [f"Web app: {at}"]
    return said if only == "ui" else [*said, f"API: {at}/api/v1 (description: {at}/api/v1/openapi.json)"]


app.add_typer(relational_app, name="relational")
app.command()(augment)
app.command()(replay)


def main() -> None:
    """Entry point of the command `smartsynth`."""
    app()


def _check_free(host: str, port: int) -> None:
    """Refuses an address on which nothing can listen, before the server is started."""
    import socket

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        raise ConfigError(
            f"The web app cannot listen on host={host!r}, port={port}: {error.strerror}. Give another --port or --host."
        ) from None


def _has_screen() -> bool:
    """Whether a browser could be seen: on Linux there must be a display."""
    import os

    return sys.platform != "linux" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


PROMPTED = ("prompt", "evolve", "stablediffusion", "evolveimages")


def _asked_by_prompt(generator: str | None, prompt: str | None) -> dict[str, Any]:
    """The generator's name: one that takes prompts, if there is one."""
    if prompt is not None and generator not in (None, *PROMPTED):
        raise typer.BadParameter(
            f"--prompt is for the generators {', '.join(map(repr, PROMPTED))}, and {generator!r} was asked for. Leave one out."
        )
    return {"name": "prompt" if prompt is not None and generator is None else generator}


def _bound(text: str) -> tuple[str, float]:
    key, _, value = text.partition("=")
    try:
        return key, float(value)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not KEY=NUMBER.", param_hint="--fail-under") from None


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


def _output(result: Result, output: str, format: str | None, screen: Screen) -> list[Path]:
    """Write the synthetic rows to where they were asked for; the files here."""
    from smartsynth import connectors

    if output == "-":
        screen.data(_bytes(result.synthetic, format, result.config.export))
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


def _check_nearest(nearest: Path, report: Path | None) -> None:
    if report is not None and nearest in (report, report.with_suffix(".json")):
        raise typer.BadParameter(f"--nearest and --report would both write {nearest}.")


def _format(output: str, format: str | None) -> str | None:
    """The format that was asked for, refused before any work if there is none of this name; None leaves it to the output's name."""
    from smartsynth import export
    from smartsynth.connectors import Place

    if "://" in output:
        if Place.of(output).table is None:
            export.format_of(Path(output), format)
        return format
    if output != "-" or format is not None:
        export.format_of(Path(output), format)
    return format


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


def _bytes(rows: Dataset, format: str | None, config: ExportConfig) -> bytes:
    """The rows for standard output: in the format of the input if that is text, else CSV."""
    from smartsynth import export

    same = rows.source.format if rows.source.format in ("csv", "tsv", "txt", "json", "jsonl") else "csv"
    return export.to_bytes(rows, format=format or same, config=config)
