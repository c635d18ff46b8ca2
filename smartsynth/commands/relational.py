"""`smartsynth relational`: several tables with keys between them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from smartsynth.commands.options import Json, Quiet, Report
from smartsynth.errors import ConfigError
from smartsynth.shell import NOT_GOOD_ENOUGH, command, safe, screen_of

if TYPE_CHECKING:
    from smartsynth.relational import Made, RelationalEvaluation
    from smartsynth.relational.structure import Tables

relational_app = typer.Typer(no_args_is_help=True, help="Several tables with primary and foreign keys, made together.")

Source = Annotated[
    str,
    typer.Argument(
        help="A folder of files that are tables, an Excel workbook, or a database such as postgresql://USER@HOST/DB.",
        show_default=False,
    ),
]
Output = Annotated[
    str,
    typer.Option("--output", "-o", help="Folder, workbook (.xlsx) or database to write.", show_default=False),
]
SchemaFile = Annotated[
    Path | None,
    typer.Option(
        "--schema",
        help="YAML file of keys and columns; without it schema.yaml of the folder, the database's keys, or those found.",
    ),
]
Scale = Annotated[
    float, typer.Option("--scale", help="Rows of tables without a parent, as a multiple of the real ones.")
]
Seed = Annotated[
    int | None, typer.Option("--seed", min=0, help="Same seed, same tables. Drawn and written down if not given.")
]
Format = Annotated[
    str | None,
    typer.Option("--format", help="Files of a folder: csv, tsv, json, jsonl or parquet; by default as they came."),
]
Replace = Annotated[
    bool,
    typer.Option(
        "--replace",
        help="Replace tables of the database that are there already, and the source if that is where the output goes.",
    ),
]


@relational_app.command()
@command
def synthesize(
    context: typer.Context,
    source: Source,
    output: Output,
    schema: SchemaFile = None,
    scale: Scale = 1.0,
    seed: Seed = None,
    generator: Annotated[
        str,
        typer.Option("--generator", "-g", help="Makes the tables without a parent; the others are made by families."),
    ] = "forest",
    filter: Annotated[
        bool, typer.Option("--filter/--no-filter", help="Keep rows that are too near to real ones out.")
    ] = True,
    evaluate: Annotated[
        bool, typer.Option("--evaluate/--no-evaluate", help="Compare the tables with held-out families.")
    ] = True,
    report: Report = None,
    save: Annotated[Path | None, typer.Option("--save", help="Folder to save the model to.")] = None,
    format: Format = None,
    replace: Replace = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make tables like the real ones, in which every key holds."""
    from smartsynth import relational
    from smartsynth.relational import sink
    from smartsynth.relational.model import check_free

    if report is not None and not evaluate:
        raise typer.BadParameter("--report needs the scores that --no-evaluate leaves out.")

    def check(tables: Tables) -> None:
        sink.check(tables, output, source=source, format=format, replace=replace)
        if save is not None:
            if "://" not in output and save.resolve() == Path(output).resolve():
                raise ConfigError(f"--save={str(save)!r} is where the tables go. Name another folder.")
            check_free(save)
        if report is not None and report.is_dir():
            raise ConfigError(f"--report={str(report)!r} is a folder. Name a file.")

    screen = screen_of(context, quiet=quiet)
    with screen.progress() as progress:
        made = relational.synthesize(
            source,
            schema=schema,
            scale=scale,
            seed=seed,
            generator=generator,
            filter=filter,
            evaluate=evaluate,
            check=check,
            progress=progress,
        )
    written = made.write(output, format=format, replace=replace)
    if report is not None:
        written += map(str, made.report(report, name=Path(source).name if "://" not in source else ""))
    if save is not None:
        written.append(str(made.save(save)))
    screen.note(*made.notes)
    screen.note(*_left_out(made))
    if made.evaluation is not None and not json:
        screen.note(*_parts(made.evaluation))
    seconds = ", ".join(f"{name.lower()} {value:.1f} s" for name, value in made.timings.items())
    screen.note(f"Privacy: {made.privacy}")
    screen.note(f"Seed {made.seed}. Time: {seconds}.", f"Wrote {', '.join(written)}.")
    if json:
        from smartsynth.facts import to_json

        screen.answer({**made.manifest(), "evaluation": to_json(made.evaluation), "written": written})


@relational_app.command()
@command
def sample(
    context: typer.Context,
    folder: Annotated[
        Path, typer.Argument(help="Folder that `smartsynth relational synthesize --save` wrote.", show_default=False)
    ],
    output: Output,
    scale: Scale = 1.0,
    seed: Seed = None,
    format: Format = None,
    replace: Replace = False,
    quiet: Quiet = False,
) -> None:
    """Make more tables of a saved model. The real data are not needed."""
    from smartsynth import relational

    screen = screen_of(context, quiet=quiet)
    with screen.progress() as progress:
        made = relational.sample(folder, scale=scale, seed=seed, progress=progress)
    written = made.write(output, format=format, replace=replace)
    screen.note(*made.synthetic.notes, *_left_out(made))
    screen.note(
        "No privacy filter looked at these rows: the real data are not here. `smartsynth relational synthesize` makes rows that are checked.",
        f"Wrote {', '.join(written)} (seed {made.seed}).",
    )


@relational_app.command()
@command
def evaluate(
    context: typer.Context,
    real: Source,
    synthetic: Annotated[
        str, typer.Argument(help="The synthetic tables, of the same names and columns.", show_default=False)
    ],
    schema: SchemaFile = None,
    holdout: Annotated[
        str | None,
        typer.Option("--holdout", help="Real tables that nothing was learnt from; without them, a fifth of REAL."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Same seed, same scores.")] = 0,
    report: Report = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Score synthetic tables, whoever made them, beside the same scores of real ones. Broken keys end with exit code 7."""
    from smartsynth import relational
    from smartsynth.relational.report import write_report

    screen = screen_of(context, quiet=quiet)
    with screen.progress() as progress:
        found = relational.evaluate(real, synthetic, schema=schema, holdout=holdout, seed=seed, progress=progress)
    if report is not None:
        written = write_report(found, report)
        screen.note(f"Wrote {', '.join(map(str, written))}.")
    if json:
        from smartsynth.facts import to_json

        screen.answer(to_json(found))
    else:
        screen.show(_parts(found))
    if found.integrity < 1.0:
        raise typer.Exit(NOT_GOOD_ENOUGH)


def _left_out(made: Made) -> Iterator[str]:
    for table, reasons in made.left_out.items():
        for reason, n in reasons.items():
            yield f"{table}: {n:,} rows were made and left out: {reason}."


def _parts(found: RelationalEvaluation) -> Iterator[Any]:
    """The scores for a person."""
    from smartsynth.formats import number

    yield from found.verdict
    overall = _columns("Score", "Synthetic", "Real", "What it says")
    for score in found.scores:
        overall.add_row(score.name, number(score.value), number(score.reference), safe(score.sentence))
    yield overall
    tables = _columns("Table", "Real rows", "Synthetic", "Columns", "Pairs", "Detection")
    for one in found.tables:
        tables.add_row(
            safe(one.table),
            f"{one.real:,}",
            f"{one.synthetic:,}",
            *(_pair(one.scores, k) for k in ("columns", "pairs", "detection")),
        )
    yield tables
    keys = _columns("Key", "Whole", "Children", "With parent", "Siblings")
    for link in found.links:
        keys.add_row(
            safe(link.link),
            f"{link.integrity:.0%}",
            *(_pair(link.scores, k) for k in ("cardinality", "parents", "siblings")),
        )
    yield keys
    yield from found.limits


def _columns(*names: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in names:
        table.add_column(name, overflow="fold")
    return table


def _pair(scores: tuple[Any, ...], key: str) -> str:
    from smartsynth.formats import number

    return next((f"{number(s.value)} ({number(s.reference)})" for s in scores if s.key == key and s.available), "–")
