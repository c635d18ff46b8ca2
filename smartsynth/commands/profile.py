"""`smartsynth profile`: what a data set looks like."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from smartsynth.commands.options import Config, Data, Entity, Json, Quiet, Target, Text, Time, Window
from smartsynth.commands.overwriting import check_apart
from smartsynth.commands.reading import given, source_of
from smartsynth.shell import command, profile_parts, screen_of


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
