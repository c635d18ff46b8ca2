"""`smartsynth augment`: real rows with synthetic ones, and the proof of whether models gain from them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from smartsynth.commands.options import Generator, Json, Options, Quiet, Report, SchemaFile, Seed
from smartsynth.commands.overwriting import check_apart
from smartsynth.commands.reading import known_of, options_of, source_of
from smartsynth.shell import NOT_GOOD_ENOUGH, command, safe, screen_of

if TYPE_CHECKING:
    from smartsynth.augmentation import Augmented
    from smartsynth.shell import Screen


@command
def augment(
    context: typer.Context,
    data: Annotated[
        str, typer.Argument(help="Real data: a file, an address, or - for standard input.", show_default=False)
    ],
    target: Annotated[str, typer.Option("--target", help="Column that models predict.", show_default=False)],
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            help="File to write, or - for standard output; nothing is written if not given.",
            show_default=False,
        ),
    ] = None,
    strategy: Annotated[
        str,
        typer.Option(
            "--strategy",
            help="balance, ratio=0.5 (of the most frequent class), minority=20% (of all rows), grow=2, or auto for whichever helps most.",
        ),
    ] = "balance",
    ratio: Annotated[
        float | None, typer.Option("--ratio", help="The same as --strategy ratio=RATIO.", show_default=False)
    ] = None,
    report: Report = None,
    generator: Generator = None,
    option: Options = None,
    models: Annotated[
        str | None,
        typer.Option(
            "--models",
            help="Models of the proof, with commas between them: logistic, lightgbm, boosting, random_forest; of numbers ridge in place of logistic.",
        ),
    ] = None,
    metric: Annotated[
        str,
        typer.Option(
            "--metric",
            help="auto, average_precision, roc_auc, balanced_accuracy, f1, accuracy or log_loss; of numbers r2 or mae.",
        ),
    ] = "auto",
    folds: Annotated[int, typer.Option("--folds", min=2, help="Folds of the cross-validation.")] = 5,
    repeats: Annotated[int, typer.Option("--repeats", min=1, help="How often it is repeated.")] = 3,
    max_rows: Annotated[
        int,
        typer.Option(
            "--max-rows", min=100, help="Real rows that take part in the proof; a draw of them if there are more."
        ),
    ] = 10_000,
    proof: Annotated[bool, typer.Option("--proof/--no-proof", help="Whether to prove what the rows are worth.")] = True,
    only_synthetic: Annotated[
        bool, typer.Option("--only-synthetic", help="Write the synthetic rows alone, without the real ones.")
    ] = False,
    flag: Annotated[
        str, typer.Option("--flag", help="Name of the column that tells synthetic rows from real ones.")
    ] = "synthetic",
    no_flag: Annotated[bool, typer.Option("--no-flag", help="Write no such column.")] = False,
    fail_without_gain: Annotated[
        bool, typer.Option("--fail-without-gain", help="Exit with code 7 unless the verdict is a gain.")
    ] = False,
    seed: Seed = None,
    config: Annotated[
        Path | None, typer.Option("--config", help="YAML file of settings, such as kinds of columns and rules.")
    ] = None,
    schema: SchemaFile = None,
    rule: Annotated[
        list[str] | None,
        typer.Option(
            "--rule",
            metavar="RULE",
            help="What every synthetic row keeps, such as 'a <= b'; may be repeated.",
            show_default=False,
        ),
    ] = None,
    format: Annotated[
        str | None,
        typer.Option("--format", help="csv, tsv, json, jsonl, parquet or excel; by default as OUTPUT is named."),
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Add synthetic rows to real ones, and prove whether models gain from them: against doing nothing, class weights and SMOTE."""
    from smartsynth import pipeline
    from smartsynth.augmentation import augment as add

    _check(output, report, ratio, strategy, json=json, proof=proof, fail_without_gain=fail_without_gain)
    _check_format(output, format)
    check_apart({"DATA": data, "--config": config, "--schema": schema}, {"--output": output, "--report": report})
    screen = screen_of(context, quiet=quiet)
    with screen.progress() as progress:
        found = add(
            source_of(data, config), target=target, strategy=strategy if ratio is None else f"ratio={ratio:g}",
            generator=generator, options=options_of(option or []), models=_names(models), metric=metric, folds=folds,
            repeats=repeats, proof=proof, max_rows=max_rows, seed=seed, flag=None if no_flag else flag,
            only_synthetic=only_synthetic, config=pipeline.settled(config, known_of(schema, rule)), progress=progress,
        )  # fmt: skip
    written = [] if report is None else found.report(report)
    written += _write(found, output, format, config, screen)
    parts = [*_parts(found), *([f"Wrote {', '.join(map(str, written))}."] if written else [])]
    if json:
        screen.answer({**found.to_json(), "files": [str(path) for path in written]})
        screen.note(*parts[-1:])
    elif output == "-":
        screen.note(*parts)
    else:
        screen.show(parts)
    if fail_without_gain and (found.verdict is None or found.verdict.outcome != "gain"):
        raise typer.Exit(NOT_GOOD_ENOUGH)


def _parts(found: Augmented) -> Iterator[Table | str]:
    """The verdict, each model trained in each way, and what else to know."""
    from smartsynth.augmentation.page import lines
    from smartsynth.formats import count

    if found.proof is not None and found.verdict is not None:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for title in (
            "Model",
            "Trained with",
            found.proof.measure.title,
            "Gain over doing nothing",
            "Synthetic rows gain over it",
        ):
            table.add_column(title, justify="left" if title in ("Model", "Trained with") else "right")
        for row in lines(found):
            table.add_row(*map(safe, row))
        yield table
        yield (
            f"{found.proof.trial.repeats} × {found.proof.trial.folds} folds of {count(found.proof.n_rows)} real rows; the generator and the models "
            "saw the training rows alone. In brackets: 95% intervals."
        )
        yield f"\n{found.verdict.sentence}"
        yield found.verdict.best
    yield (
        f"{count(len(found.real))} real rows, {count(len(found.synthetic))} synthetic ones by {found.choice.generator}, "
        f"seed {found.seed}."
    )
    yield from found.notes


def _write(found: Augmented, output: str | None, format: str | None, config: Path | None, screen: Screen) -> list[Path]:
    from smartsynth import export, pipeline

    if output is None:
        return []
    how = pipeline.settled(config, {}).export
    if output != "-":
        return found.export(output, format=format, config=how)
    same = found.real.source.format if found.real.source.format in ("csv", "tsv", "json", "jsonl") else "csv"
    screen.data(export.to_bytes(found.rows, format=format or same, config=how))
    return []


def _check(
    output: str | None, report: Path | None, ratio: float | None, strategy: str, *,
    json: bool, proof: bool, fail_without_gain: bool,
) -> None:  # fmt: skip
    if output == "-" and json:
        raise typer.BadParameter("--json and --output - would both write to standard output.")
    if report is not None and output is not None and Path(output) in (report, report.with_suffix(".json")):
        raise typer.BadParameter(f"--report also writes {report.with_suffix('.json')}, which is the output.")
    if ratio is not None and strategy not in ("balance", "ratio"):
        raise typer.BadParameter(f"--ratio and --strategy {strategy} say different things. Leave one out.")
    if not proof and fail_without_gain:
        raise typer.BadParameter("--fail-without-gain needs the proof that --no-proof leaves out.")


def _check_format(output: str | None, format: str | None) -> None:
    from smartsynth import export

    if output is not None and output != "-":
        export.format_of(Path(output), format)


def _names(text: str | None) -> list[str] | None:
    return None if text is None else [name.strip() for name in text.split(",") if name.strip()]
