"""`smartsynth keys`: API keys of the service of this machine."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from smartsynth.commands.options import Json
from smartsynth.errors import ConfigError, MissingExtraError
from smartsynth.shell import command, key_table, screen_of

keys_app = typer.Typer(no_args_is_help=True, help="Make, list and revoke API keys of the service of this machine.")


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
