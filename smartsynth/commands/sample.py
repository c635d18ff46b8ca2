"""`smartsynth sample`, `impute` and `continue`: what a saved model makes without the real data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smartsynth.commands.options import Format, Output, Quiet
from smartsynth.commands.overwriting import check_apart
from smartsynth.commands.reading import source_of
from smartsynth.commands.writing import bytes_of, format_of
from smartsynth.errors import ConfigError
from smartsynth.shell import command, screen_of

if TYPE_CHECKING:
    from smartsynth.shell import Screen

SavedRun = Annotated[Path, typer.Argument(help="Folder that `smartsynth synthesize --save` wrote.", show_default=False)]


@command
def sample(
    context: typer.Context,
    folder: SavedRun,
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
    format = format_of(output, format)
    check_apart({"FOLDER": folder}, {"--output": output})
    with screen.progress() as progress:
        made = resample(folder, rows, where=where, seed=seed, progress=progress)
    if made.effective is not None:
        screen.note(
            f"{made.records:,} {made.synthetic.schema.records} under conditions, worth about {made.effective:,.0f} independent ones. Where that "
            "is far fewer, the model found few different ways to what was asked for."
        )
    if made.unchecked:
        screen.note(
            f"{made.unchecked:,} of {made.records:,} {made.synthetic.schema.records} were not checked by the privacy filter: "
            "the real data are not here. `smartsynth synthesize` makes rows that are checked."
        )
    if output == "-":
        screen.data(bytes_of(made.synthetic, format, made.export))
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
            f"{run.unchecked:,} of {run.n:,} {run.model.schema_.records} were not checked by the privacy filter: the real "
            "data are not here."
        )
    screen.note(
        f"Wrote {run.n:,} {run.model.schema_.records} in {len(names) - 1:,} parts to {output} (seed {run.release.seed})."
    )


@command
def impute(
    context: typer.Context,
    folder: SavedRun,
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

    format = format_of(output, format)
    check_apart({"FOLDER": folder, "DATA": data}, {"--output": output})
    model = registry.load(folder)
    partly = ingest.beside(ingest.read(source_of(data)), model.schema_)
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
        screen.data(bytes_of(filled, format, ExportConfig()))
    else:
        written = export.write(filled, output, format=format, manifest=None, config=ExportConfig())
        screen.note(f"Wrote {', '.join(map(str, written))}.")


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

    format = format_of(output, format)
    check_apart({"FOLDER": folder, "DATA": data}, {"--output": output})
    model = registry.load(folder)
    if not isinstance(model, SequenceGenerator) and not (isinstance(model, RuledGenerator) and model.goes_on):
        raise ConfigError(
            f"{folder} holds a model of {model.modality.value} data, and only time series go on. Use `sample`."
        )
    known = ingest.beside(ingest.read(source_of(data)), model.schema_)
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
        screen.data(bytes_of(made, format, ExportConfig()))
    else:
        written = export.write(made, output, format=format, manifest=None, config=ExportConfig())
        screen.note(f"Wrote {', '.join(map(str, written))}.")
