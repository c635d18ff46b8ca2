"""Run what the pages show: Python blocks and commands, from top to bottom, in an empty folder.

    python docs/run_pages.py docs/tutorials/retail.md            runs a page and prints what it said
    python docs/run_pages.py docs/tutorials/retail.md --write    also writes it into output blocks that are empty
    python docs/run_pages.py docs/tutorials/retail.md --numbers  also brings the numbers of output blocks up to date

A fenced block `python` is executed, of a block `console` each command, a block `bash` as one script. A block `text` that follows one directly
is its output. Comments of HTML before a block say what is different:

    <!-- not run: reason -->            the block needs what is not here, such as a network
    <!-- exits with 7 -->               its last command ends with this code
    <!-- no block is run: reason -->    none of the blocks that follow
    <!-- to the digit -->               of its output numbers are held, too; elsewhere they may differ from machine to machine

What is not shown is not run, so whoever pastes a page's blocks from top to bottom gets what the tests get.

With `--keep FOLDER` the page runs in that new folder, which stays, to take pictures of what was made.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PROGRAMS = ("smartsynth", "python", "curl", "cat", "cmp", "head", "ls", "mkdir", "unzip")
NOT_OURS = ("pip", "make", "docker", "hf", "git", "export", "openssl")
COMMANDS = {
    "smartsynth": 'exec "{python}" -m smartsynth "$@"',
    "python": 'exec "{python}" "$@"',
    "python3": 'exec "{python}" "$@"',
    "pip": "exit 0",  # everything is installed, and nothing is while a page runs
}
SHELLS = ("console", "bash", "sh")
GENERATED = "<!-- Made by docs/generate.py."  # signatures and usage, whose examples are tested where they come from
PARTS = re.compile(
    r"^```(?P<language>[a-z]+)[^\n]*\n(?P<code>.*?)^```$|^<!--\s(?P<comment>.*?)-->$|^(?P<words>\S[^\n]*)$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(slots=True)
class Block:
    """A block of a page with what its comments say."""

    language: str
    code: str
    line: int
    excuse: str = ""
    exit_code: int = 0
    output: tuple[int, int] | None = None
    to_the_digit: bool = False

    @property
    def commands(self) -> list[str]:
        """The commands of a shell block: what follows a prompt, or every line where there is no prompt."""
        joined = re.sub(r"\\\n\s*", "", self.code)
        lines = [line for line in joined.splitlines() if line.strip() and not line.startswith("#")]
        asked = [line[2:] for line in lines if line.startswith("$ ")]
        return asked or lines

    @property
    def runs(self) -> bool:
        """Whether there is something to run."""
        if self.excuse:
            return False
        return self.language == "python" or (self.language in SHELLS and any(map(is_ours, self.commands)))


def is_ours(command: str) -> bool:
    """Whether a command is one to run: installing, containers and the like are not."""
    return not command.startswith(NOT_OURS)


def blocks(text: str) -> list[Block]:
    """All code blocks of a page in their order."""
    excuse = "signatures and usage, made by docs/generate.py" if text.startswith(GENERATED) else ""
    found: list[Block] = []
    told: dict[str, Any] = {"excuse": excuse}
    last: Block | None = None
    for part in PARTS.finditer(text):
        line = text.count("\n", 0, part.start()) + 1
        if part["words"]:
            last, told = None, {"excuse": excuse}
        elif (comment := part["comment"]) is not None:
            name, _, rest = comment.partition(":")
            if name == "not run":
                told["excuse"] = rest.strip()
            elif name == "no block is run":
                excuse = told["excuse"] = rest.strip()
            elif name.startswith("exits with"):
                told["exit_code"] = int(name.split()[-1])
            elif name.strip() == "to the digit":
                told["to_the_digit"] = True
        elif part["language"] == "text" and last is not None:
            last.output, last = part.span("code"), None
        else:
            last = Block(part["language"], part["code"], line, **told)
            told = {"excuse": excuse}
            found.append(last)
    return found


@dataclass(slots=True)
class Run:
    """Runs blocks of one page, in the folder at hand."""

    page: str
    names: dict[str, Any] = field(default_factory=lambda: {"__name__": "__page__"})

    def __call__(self, block: Block) -> str:
        """What the block says; an error tells the page, the line and the command."""
        if block.language == "python":
            return self._python(block)
        return "".join(self._shell(block))

    def _python(self, block: Block) -> str:
        said = io.StringIO()
        code = compile("\n" * block.line + block.code, self.page, "exec")
        with contextlib.redirect_stdout(said):
            exec(code, self.names)  # noqa: S102 - our own pages
        return said.getvalue()

    def _shell(self, block: Block) -> Iterator[str]:
        commands = [command for command in block.commands if is_ours(command)]
        if block.language != "console":
            commands = [block.code]
        for number, command in enumerate(commands, 1):
            wanted = block.exit_code if number == len(commands) else 0
            code, said = _command(command) if block.language == "console" else _script(command)
            if code != wanted:
                raise AssertionError(f"{self.page}:{block.line}: {command}\nends with {code}, not {wanted}:\n{said}")
            yield said


def _command(command: str) -> tuple[int, str]:
    """Exit code and output of a command: ours alone in this process, where it is quicker, others in a shell."""
    words = shlex.split(command, comments=True)
    if words[0] not in PROGRAMS:
        known = ", ".join((*PROGRAMS, *NOT_OURS))
        raise AssertionError(f"{command!r}: {words[0]} is none of {known}. Say why it is not run.")
    words, file = (words[:-2], Path(words[-1])) if words[-2:-1] == [">"] else (words, None)
    if words[0] != "smartsynth" or {"|", ">", "<", "&&"} & set(words):
        return _script(command)
    from typer.testing import CliRunner

    from smartsynth.cli import app

    answer = CliRunner().invoke(app, words[1:])
    if answer.exception and not isinstance(answer.exception, SystemExit):
        raise answer.exception
    if file is None:
        return answer.exit_code, answer.output
    file.write_text(answer.stdout, "utf-8")
    return answer.exit_code, answer.stderr


def _script(script: str) -> tuple[int, str]:
    """Exit code and output of a script."""
    done = subprocess.run(  # noqa: S603 - our own pages
        ["bash", "-eo", "pipefail", "-c", script],  # noqa: S607
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout


@contextlib.contextmanager
def folder(path: Path) -> Iterator[None]:
    """Work in an empty folder, and leave no trace elsewhere."""
    commands = path / ".commands"
    commands.mkdir()
    for name, started in COMMANDS.items():
        (commands / name).write_text(f"#!/bin/sh\n{started.format(python=sys.executable)}\n", "utf-8")
        (commands / name).chmod(0o755)
    told = {
        "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}",
        "NO_COLOR": "1",
        "COLUMNS": "120",
        "SMARTSYNTH_BUDGET": str(path / ".budget.sqlite"),
        "SMARTSYNTH_HOME": str(path / ".home"),
        "PYTHONPATH": str(ROOT),
        "MPLBACKEND": "agg",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    before = os.environ.copy()
    os.environ.update(told)
    try:
        with contextlib.chdir(path):
            yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def shape(text: str, *, to_the_digit: bool = False) -> list[str]:
    """Lines without the width of their gaps and, unless asked for, their numbers, which differ from machine to machine."""
    lines = text.strip().splitlines()
    if not to_the_digit:
        lines = [re.sub(r"[-−+]?\d[\d.,]*(?:e[-+]\d+|×10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?|\bnan\b", "#", line) for line in lines]
    return [re.sub(r"\s+|─+", " ", line).strip() for line in lines if line.strip()]


def differs(shown: str, said: str, *, to_the_digit: bool = False) -> str:
    """How a page's output differs from what was said, unless asked for in all but numbers; `…` stands for any lines."""
    rest = shape(said, to_the_digit=to_the_digit)
    skip = False
    for line in shape(shown, to_the_digit=to_the_digit):
        if line == "…":
            skip = True
            continue
        if line not in rest or (not skip and rest[0] != line):
            return f"the page shows {line!r}, where the run says {rest[:1]}"
        rest = rest[rest.index(line) + 1 :]
        skip = False
    return "" if skip or not rest else f"the page leaves out {rest[0]!r}"


def renumbered(shown: str, said: str) -> str:
    """A page's output with the numbers of what was said, in lines that differ in nothing else; other lines stay."""
    rest = [line.rstrip() for line in said.splitlines() if line.strip()]
    lines = []
    for line in shown.splitlines():
        match = next((number for number, other in enumerate(rest) if shape(line) and shape(other) == shape(line)), None)
        lines.append(line if match is None else rest[match])
        rest = rest if match is None else rest[match + 1 :]
    return "\n".join(lines) + "\n"


def main(page: Path, *, write: bool, numbers: bool, keep: Path | None) -> None:
    """Run the page, and write what it said where that is missing. What is long is shortened by hand, with a line `…`."""
    text = page.read_text("utf-8")
    run, said = Run(page.name), []
    with contextlib.ExitStack() as stack:
        if keep is not None:
            keep.mkdir(parents=True)
        path = Path(keep.resolve() if keep else stack.enter_context(tempfile.TemporaryDirectory()))
        stack.enter_context(folder(path))
        for block in filter(lambda one: one.runs, blocks(text)):
            said.append((block, run(block)))
            print(f"--- line {block.line}\n{said[-1][1]}")
    for block, output in reversed(said):
        if block.output:
            start, end = block.output
            shown = text[start:end]
            if write and not shown.strip():
                shown = output.strip("\n") + "\n"
            if numbers:
                shown = renumbered(shown, output)
            if wrong := differs(shown, output):
                print(f"line {block.line}: {wrong}")
            text = text[:start] + shown + text[end:]
    if write or numbers:
        page.write_text(text, "utf-8")


if __name__ == "__main__":
    ours = argparse.ArgumentParser(description="Run what a page shows.")
    ours.add_argument("page", type=Path)
    ours.add_argument("--write", action="store_true", help="write output into output blocks that are empty")
    ours.add_argument("--numbers", action="store_true", help="bring the numbers of output blocks up to date")
    ours.add_argument("--keep", type=Path, help="folder to run in, which stays")
    told = ours.parse_args()
    main(told.page, write=told.write, numbers=told.numbers, keep=told.keep)
