"""The command line: which commands there are.

Each command parses its options, calls one function of the library and shows what came back; it stands in a module of
smartsynth/commands. How it talks to the shell is in shell.py; what it computes is in pipeline.py.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from smartsynth._version import __version__
from smartsynth.commands.augment import augment
from smartsynth.commands.evaluate import evaluate
from smartsynth.commands.keys import keys_app
from smartsynth.commands.overviews import budget, compliance, generators, show_audit
from smartsynth.commands.profile import profile
from smartsynth.commands.relational import relational_app
from smartsynth.commands.replay import replay
from smartsynth.commands.sample import continue_, impute, sample
from smartsynth.commands.schema import schema_app
from smartsynth.commands.serving import serve, web_app
from smartsynth.commands.synthesize import synthesize
from smartsynth.commands.template import template

app = typer.Typer(
    name="smartsynth",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # a traceback with local variables would show real data
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Real data in, safe synthetic data out, with the evidence beside it.",
    epilog="DATA is a CSV, JSON, JSONL, Parquet or Excel file, a folder of Parquet files, an address such as "
    "postgresql://USER@HOST/DB#TABLE or s3://BUCKET/PATH, or - for standard input.",
)


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


app.command()(profile)
app.command()(synthesize)
app.command()(sample)
app.command()(impute)
app.command("continue")(continue_)
app.command()(evaluate)
app.command()(generators)
app.command()(budget)
app.command()(compliance)
app.command("audit")(show_audit)
app.command("app")(web_app)
app.command()(serve)
app.command()(template)
app.command()(augment)
app.command()(replay)
app.add_typer(keys_app, name="keys")
app.add_typer(schema_app, name="schema")
app.add_typer(relational_app, name="relational")


def main() -> None:
    """Entry point of the command `smartsynth`."""
    app()
