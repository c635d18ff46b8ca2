"""Write the reference pages from the code: the command line, the settings, the scores and the library.

    python docs/generate.py          writes docs/cli.md, settings.md, scores.md, library.md and schema.schema.json

A test fails while a page differs from what this script makes.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

import typer

import smartsynth as ss
from smartsynth.cli import app
from smartsynth.config import RunConfig, Settings
from smartsynth.report.glossary import GENERAL, MEASURES
from smartsynth.schema_document import SchemaDocument

HERE = Path(__file__).parent
NOTE = "<!-- Made by docs/generate.py. Change the code, then run `make reference`. -->\n"


def main() -> None:
    """Write the pages."""
    for name, page in pages().items():
        (HERE / name).write_text(page, "utf-8")


def pages() -> dict[str, str]:
    """The text of each page by file name."""
    return {
        "cli.md": cli_page(),
        "settings.md": settings_page(),
        "scores.md": scores_page(),
        "library.md": library_page(),
        "schema.schema.json": json.dumps(SchemaDocument.json_schema(), ensure_ascii=False, indent=2) + "\n",
    }


def cli_page() -> str:
    """Every command with its arguments and options."""
    group: Any = typer.main.get_command(app)
    lines = [
        NOTE,
        "# Command line",
        "",
        group.help,
        "",
        "Standard output carries the data or the answer and nothing else; progress, notes and errors go to standard "
        "error. `-` stands for standard input or output. The progress bar is drawn only on a terminal. Colours follow "
        "`NO_COLOR`. Ctrl-C stops after the step at hand and keeps nothing; a second Ctrl-C stops at once.",
        "",
        "| Exit code | Means |",
        "| --- | --- |",
        *(f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items()),
        "",
        "## smartsynth",
        "",
        *_options(group.params),
    ]
    for name, command in _commands(group):
        arguments = [p for p in command.params if p.param_type_name == "argument"]
        usage = " ".join(["smartsynth", name, *(p.name.upper() for p in arguments), "[OPTIONS]"])
        lines += ["", f"## smartsynth {name}", "", command.help, "", "```console", f"$ {usage}", "```", ""]
        lines += [f"- `{p.name.upper()}`: {p.help}" for p in arguments] + ([""] if arguments else [])
        lines += _options([p for p in command.params if p.param_type_name == "option"])
    return "\n".join(lines) + "\n"


def _commands(group: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    """Every command with its full name; those of a group follow one another."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, f"{before}{name} ")
        else:
            yield before + name, command


EXIT_CODES = {
    0: "Done.",
    1: "Something unforeseen. `smartsynth --debug …` shows where.",
    2: "Wrong usage: an option or argument that does not exist or does not fit.",
    3: "The data, or the saved model, cannot be used. The message lists every problem.",
    4: "A setting is wrong, or there is no generator of this name.",
    5: "An optional part is not installed. The message is the command that installs it.",
    6: "A privacy promise cannot be kept, so nothing was released.",
    7: "A score is worse than `--fail-under` allows, keys of several tables or rules are broken, there is no gain with `--fail-without-gain`, or a `replay` made other rows.",
    130: "Cancelled. Nothing was kept, or what was written before is named.",
}


def _options(params: list[Any]) -> Iterator[str]:
    yield "| Option | Means |"
    yield "| --- | --- |"
    for option in params:
        names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
        metavar = "" if option.is_flag else f" `{option.metavar or option.name.upper()}`"
        required = " Required." if option.required else ""
        yield f"| {names}{metavar} | {_cell(option.help or '')}{required} |"


def settings_page() -> str:
    """Every setting of a run."""
    lines = [
        NOTE,
        "# Settings",
        "",
        "One tree of settings serves the library, the command line and YAML files. A file for `--config` holds the "
        "settings that differ from the defaults:",
        "",
        "```yaml",
        "rows: 1000",
        "seed: 1",
        "target: income",
        "generator: forest",
        "columns:",
        "  zip: {kind: categorical, role: quasi-identifier}",
        "privacy:",
        "  decoys: 8",
        "```",
        "",
        "Settings of the command line and keyword arguments of the library win over the file.",
    ]
    for title, model in _groups("", RunConfig):
        lines += ["", f"## {title or 'The run'}", "", (inspect.getdoc(model) or "").splitlines()[0], ""]
        lines += ["| Setting | Default | Means |", "| --- | --- | --- |"]
        for name, field in model.model_fields.items():
            if not _is_group(field.annotation):
                default = field.get_default(call_default_factory=True)
                lines.append(f"| `{name}` | {_default(default)} | {_cell(field.description or '')} |")
    return "\n".join(lines) + "\n"


def _groups(path: str, model: type[Settings]) -> Iterator[tuple[str, type[Settings]]]:
    yield path, model
    for name, field in model.model_fields.items():
        kind = field.annotation
        if _is_group(kind):
            yield from _groups(f"{path}.{name}".lstrip("."), kind)
        elif name == "columns":
            yield from _groups("columns.NAME", kind.__args__[1])


def _is_group(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Settings)


def _default(value: Any) -> str:
    if value is None or value == {}:
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value:_}`" if isinstance(value, int) else f"`{value}`"


def scores_page() -> str:
    """Every measure by its key, from the glossary that the reports print."""
    lines = [
        NOTE,
        "# Scores",
        "",
        "Every measure by the key that `--json`, `--fail-under`, manifests and `evaluation[key]` use. How to read a score "
        "beside its yardstick is said under [Evaluation](evaluation.md).",
        "",
        "The keys of utility scores start with the model: `lightgbm_auc` is the AUC of a LightGBM model, `linear_r2` the R² of "
        "a linear one. Both models are trained on synthetic rows and tested on real rows kept aside; the yardstick is "
        "the same model trained on real rows.",
        "",
        "| Key | Measure | Meaning |",
        "| --- | --- | --- |",
        *(f"| `{key}` | {_cell(name)} | {_cell(text)} |" for key, (name, text) in MEASURES.items()),
        "",
        "## Terms",
        "",
    ]
    return "\n".join([*lines, *(f"- **{name}**: {text}" for name, text in GENERAL)]) + "\n"


def library_page() -> str:
    """Every public name with its signature and what it promises."""
    lines = [
        NOTE,
        "# Library",
        "",
        "```python",
        "import smartsynth as ss",
        "```",
        "",
        "The names below are all that is public, in the order of the data path.",
    ]
    for name in ss.__all__:
        value = getattr(ss, name)
        if callable(value):
            lines += ["", f"## ss.{name}", "", *_described(name, value)]
            for method in METHODS.get(name, ()):
                lines += ["", f"### {name}.{method}", "", *_described(method, getattr(value, method))]
    return "\n".join(lines) + "\n"


METHODS = {
    "Result": ("data", "export", "report", "save"),
    "Augmented": ("rows", "data", "table", "export", "report", "to_json"),
    "Generator": ("fit", "sample", "save", "load", "get_params", "set_params"),
    "RunConfig": ("build", "read", "to_yaml"),
    "Evaluation": ("__getitem__",),
}


def _described(name: str, value: Any) -> list[str]:
    """A signature where a call makes sense, then the docstring."""
    calls = callable(value) and not (isinstance(value, type) and issubclass(value, BaseException | Settings | StrEnum))
    code = ["```python", *_signature(name, value), "```", ""] if calls else []
    return code + _docstring(inspect.getdoc(value) or "")


def _signature(name: str, value: Any) -> list[str]:
    """The call without module names, one parameter a line where it is long."""
    signature = inspect.signature(value)
    shown = [p for p in signature.parameters.values() if p.name not in ("self", "cls")]
    parts = [_short(str(parameter)) for parameter in shown]
    first = next((i for i, p in enumerate(shown) if p.kind is p.KEYWORD_ONLY), None)
    if first is not None:
        parts.insert(first, "*")
    given = signature.return_annotation
    end = (
        ""
        if given in (signature.empty, None, "None")
        else f" -> {_short(given if isinstance(given, str) else given.__name__)}"
    )
    line = f"{name}({', '.join(parts)}){end}"
    return [line] if len(line) <= 100 else [f"{name}(", *(f"    {part}," for part in parts), f"){end}"]


def _short(annotation: str) -> str:
    return re.sub(r"\b[a-z_]+(?:\.[a-z_]+)*\.(?=[A-Z])", "", annotation).replace("'", "")


def _docstring(text: str) -> list[str]:
    """A Google-style docstring as Markdown: its sections become lists, its examples and drawings code."""
    lines: list[str] = []
    for block in re.split(r"\n\s*\n", text):
        head, _, rest = block.partition("\n")
        if head in ("Args:", "Raises:"):
            title = {"Args:": "Arguments", "Raises:": "Errors"}[head]
            items = re.sub(r"\n +", " ", inspect.cleandoc(rest)).splitlines()
            lines += [f"{title}:", "", *(_item(item) for item in items), ""]
        elif head.startswith(">>>"):
            lines += ["```pycon", *block.splitlines(), "```", ""]
        elif head.startswith("    "):
            lines += ["```text", *block.splitlines(), "```", ""]
        else:
            lines += [*block.splitlines(), ""]
    return lines[:-1]


def _item(text: str) -> str:
    names, _, meaning = text.partition(": ")
    return f"- {', '.join(f'`{name}`' for name in names.split(', '))}: {meaning}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    main()
