"""`smartsynth generators`, `budget`, `audit` and `compliance`: what there is, what was spent, what was done."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from smartsynth import atomic
from smartsynth.commands.options import Json
from smartsynth.commands.overwriting import check_apart
from smartsynth.errors import ConfigError
from smartsynth.shell import NOT_GOOD_ENOUGH, audit_table, budget_table, command, generator_table, screen_of


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
