"""`smartsynth schema`: find, check, describe and convert what is known about tables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from smartsynth import atomic
from smartsynth.commands.options import Json, Quiet
from smartsynth.commands.overwriting import check_apart
from smartsynth.errors import ConfigError, DataError, EmptyTableError
from smartsynth.shell import NOT_GOOD_ENOUGH, command, safe, screen_of

if TYPE_CHECKING:
    from smartsynth.dataset import Dataset
    from smartsynth.discovery.tables import Found

schema_app = typer.Typer(
    no_args_is_help=True, help="Find, check and convert what is known of tables: columns, keys, rules."
)


@schema_app.command()
@command
def discover(
    context: typer.Context,
    data: Annotated[
        Path, typer.Argument(help="A table, or a folder of CSV or Parquet files that are tables.", show_default=False)
    ],
    output: Annotated[str, typer.Option("--output", "-o", help="YAML file to write, or - for standard output.")] = "-",
    entity: Annotated[
        str | None,
        typer.Option(
            "--entity", help="Column that names whom a row is about; rules of its rows in time are looked for too."
        ),
    ] = None,
    time: Annotated[
        str | None, typer.Option("--time", help="Column that says when a row happened, with --entity.")
    ] = None,
    min_support: Annotated[
        int, typer.Option("--min-support", min=5, help="Fewest rows on which a rule could be checked.")
    ] = 20,
    min_confidence: Annotated[
        float,
        typer.Option(
            "--min-confidence", min=0.5, max=1.0, help="Least share of these that keep it; below 1 it is a comment."
        ),
    ] = 0.95,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Propose a schema file: keys, dependencies, formulas, orders, conditions and forms that the rows keep, with the evidence."""
    from smartsynth.discovery import Criterion, document, tables

    check_apart({"DATA": data}, {"--output": output})
    screen = screen_of(context, quiet=quiet)
    rows, empty = _tables(data)
    screen.note(*empty.values())
    read = {name: _marked(one, entity, time) for name, one in rows.items()}
    criterion = Criterion(min_support, min_confidence)
    with screen.progress() as progress:
        found = tables.discover_tables(read, criterion=criterion, progress=progress)
    text = document.as_yaml(found, criterion, as_tables=data.is_dir())
    if output != "-":
        atomic.write_file(Path(output), text)
        screen.note(*_summary(found), f"Wrote {output}.")
    if json:
        screen.answer({"tables": {name: _as_json(one) for name, one in found.items()}, "document": text})
    elif output == "-":
        screen.show([text.rstrip("\n")])


def _marked(data: Dataset, entity: str | None, time: str | None) -> Dataset:
    """The table with its entity and time, if it has columns of these names."""
    from dataclasses import replace

    from smartsynth.schema import Role

    schema = data.schema
    for name, role in ((entity, Role.ENTITY), (time, Role.TIME)):
        if name is not None:
            schema = schema.with_column(name, role=role)
    return replace(data, schema=schema)


def _tables(data: Path) -> tuple[dict[str, Dataset], dict[str, str]]:
    """One table of a file, or those of a folder, by name; and notes on those of a folder that are empty."""
    from smartsynth import ingest
    from smartsynth.relational.source import left_out

    if not data.is_dir():
        return {data.stem if str(data) != "-" else "stdin": ingest.read("-" if str(data) == "-" else data)}, {}
    files = sorted(path for path in data.iterdir() if path.suffix.lower() in (".csv", ".tsv", ".parquet", ".pq"))
    if not files:
        raise DataError(f"{data} holds no CSV or Parquet file. Give a file, or a folder of one file for each table.")
    names = [path.stem for path in files]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise DataError(f"{data} holds two files of the table {twice[0]!r}. Leave one for each table.")
    found, empty = {}, {}
    for path in files:
        try:
            found[path.stem] = ingest.read(path)
        except EmptyTableError:
            empty[path.stem] = left_out(path.stem)
    if not found:
        raise DataError(f"{data} holds no table with rows.")
    return found, empty


def _summary(found: dict[str, Found]) -> list[str]:
    said = []
    for name, one in found.items():
        written = sum(proposal.is_written for proposal in one.proposals)
        said.append(
            f"{name}: {len(one.data):,} rows, {written} proposal{'' if written == 1 else 's'} that all rows keep, {len(one.proposals) - written} more as comments."
        )
    return said


def _as_json(one: Found) -> dict[str, Any]:
    return {"rows": len(one.data), "proposals": [proposal.to_json() for proposal in one.proposals]}


@schema_app.command()
@command
def check(
    context: typer.Context,
    schema: Annotated[Path, typer.Argument(help="Schema file, YAML or JSON.", show_default=False)],
    data: Annotated[
        Path | None,
        typer.Argument(
            help="Rows to hold against it: a table, or a folder with a file for each table.", show_default=False
        ),
    ] = None,
    min_confidence: Annotated[
        float | None,
        typer.Option(
            "--min-confidence", min=0.0, max=1.0, help="Exit with 7 if a smaller share of the rows keeps a rule."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Read a schema file, say what is wrong with it, and which of its rules the data break in how many rows."""
    from smartsynth.discovery import checking
    from smartsynth.relational.source import without
    from smartsynth.schema_document import SchemaDocument

    screen = screen_of(context)
    document = SchemaDocument.read(schema)
    if data is None:
        screen.note(f"{schema} can be read: {_counted(document)}. Give data to read its rules against their columns.")
        if json:
            screen.answer({"document": document.model_dump(mode="json", exclude_defaults=True), "checked": []})
        return
    if document.tables and not data.is_dir():
        raise ConfigError(
            f"{schema} is of several tables: {', '.join(document.tables)}. Give a folder with a file for each."
        )
    rows, empty = _tables(data)
    screen.note(*empty.values())
    checked = checking.check(without(document, list(empty)), rows)
    broken = sorted((one for one in checked if one.broken), key=lambda one: one.confidence)
    if json:
        screen.answer({"checked": [one.to_json() for one in checked], "broken": len(broken)})
    else:
        screen.show([_broken_table(broken)] if broken else [])
        for one in checked:
            if not one.rows:
                name = f"{one.table}: " if one.table else ""
                screen.note(
                    f"{name}{one.said}: no row could break it, as its condition is true in none, or cells are missing. Check its values."
                )
        screen.note(f"{len(checked) - len(broken)} of {len(checked)} statements are kept by all rows.")
    if min_confidence is not None and any(one.confidence < min_confidence for one in broken):
        raise typer.Exit(NOT_GOOD_ENOUGH)


def _counted(document: Any) -> str:
    tables = document.tables or {"": document}
    columns, rules = (sum(len(getattr(table, part)) for table in tables.values()) for part in ("columns", "rules"))
    return f"{len(tables)} table{'s' if len(tables) > 1 else ''}, {columns} column{'' if columns == 1 else 's'}, {rules} rule{'' if rules == 1 else 's'}"


def _broken_table(broken: Any) -> Any:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("Rule")
    for title in ("Rows that break it", "Of", "Kept by"):
        table.add_column(title, justify="right", no_wrap=True)
    for one in broken:
        said = f"{one.table}: {one.said}" if one.table else one.said
        table.add_row(safe(said), f"{one.broken:,}", f"{one.rows:,}", f"{one.confidence:.2%}")
    return table


@schema_app.command()
@command
def convert(
    context: typer.Context,
    source: Annotated[
        Path, typer.Argument(metavar="IN", help="Schema file of any kind, YAML or JSON.", show_default=False)
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write.", show_default=False)],
    kind: Annotated[
        str | None,
        typer.Option(
            "--from", help="smartsynth, sdv, frictionless, csvw or json-schema; found from the content if not given."
        ),
    ] = None,
    to: Annotated[str, typer.Option("--to", help="smartsynth, sdv, frictionless, csvw or json-schema.")] = "smartsynth",
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write a schema file as one of another tool, or the other way; what cannot be carried over is listed."""
    from smartsynth.conversion import convert as converted

    check_apart({"IN": source}, {"--output": output})
    done = converted(source, output, kind=kind, to=to)
    screen = screen_of(context, quiet=quiet)
    screen.note(*map(str, done.notes), f"Read {done.kind}, wrote {', '.join(map(str, done.files))}.")
    if json:
        notes = [{"where": note.where, "what": note.what} for note in done.notes]
        screen.answer({"from": done.kind, "to": to, "files": [str(path) for path in done.files], "notes": notes})


@schema_app.command("json-schema")
@command
def json_schema(context: typer.Context) -> None:
    """Print the JSON Schema that describes schema files, for editors and other tools."""
    from smartsynth.schema_document import SchemaDocument

    screen_of(context).answer(SchemaDocument.json_schema())
