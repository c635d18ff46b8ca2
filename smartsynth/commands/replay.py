"""`smartsynth replay`: a run made again from its manifest, and whether the same rows came out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from smartsynth import atomic
from smartsynth.commands.options import Json, Quiet
from smartsynth.commands.overwriting import check_apart
from smartsynth.commands.reading import source_of
from smartsynth.shell import NOT_GOOD_ENOUGH, command, screen_of


@command
def replay(
    context: typer.Context,
    run: Annotated[
        Path,
        typer.Argument(
            help="Manifest of the run, a file that it wrote with the manifest beside it, or the folder of its saved model.",
            show_default=False,
        ),
    ],
    data: Annotated[
        str, typer.Argument(help="The real data of that run: a file, a folder, an address, or -.", show_default=False)
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="File or folder to write.", show_default=False)],
    holdout: Annotated[
        str | None, typer.Option("--holdout", help="The rows that the run was given to keep aside, if it was.")
    ] = None,
    format: Annotated[
        str | None, typer.Option("--format", help="As of `smartsynth synthesize`; by default as OUTPUT is named.")
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make a run again from its manifest and the same real data, and say whether the rows are identical; code 7 if not."""
    from smartsynth import export, replaying
    from smartsynth.manifest import here
    from smartsynth.report.compliance import manifest_and_place

    export.format_of(output, format)
    beside = output.with_name(f"{output.stem}.manifest.json")
    read: dict[str, str | Path | None] = {
        "RUN": run,
        "RUN's manifest": manifest_and_place(run)[1],
        "DATA": data,
        "--holdout": holdout,
    }
    check_apart(read, {"--output": output, "the manifest of --output": beside})
    atomic.check_writable(output)
    recipe = replaying.recipe_of(run)
    screen = screen_of(context, quiet=quiet)
    if others := recipe.other_versions(here()):
        screen.note(f"Other versions than then, which may make other rows: {'; '.join(others)}.")
    with screen.progress() as progress:
        made = replaying.replay(
            recipe.manifest, source_of(data), holdout=None if holdout is None else source_of(holdout), progress=progress
        )
        written = made.result.export(output, format=format)
    screen.note(f"Wrote {', '.join(map(str, written))}.")
    if json:
        screen.answer({
            "identical": made.identical, "differences": list(made.differences), "rows_sha256": made.result.manifest["rows_sha256"],
            "rows": len(made.result.synthetic), "files": [str(path) for path in written],
        })  # fmt: skip
    if not made.identical:
        screen.fail(made.sentence)
        raise typer.Exit(NOT_GOOD_ENOUGH)
    screen.note(made.sentence)
