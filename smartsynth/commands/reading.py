"""What commands read: their data, the settings that options say, and those of a schema file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer


def source_of(text: str, config: Path | None = None) -> Any:
    """What a command reads: standard input, a file, or a table that lies elsewhere."""
    from smartsynth import connectors, pipeline

    if not connectors.is_elsewhere(text):
        return "-" if text == "-" else Path(text)
    run = pipeline.settled(config, {})
    return connectors.read(text, limits=run.limits, seed=run.seed or 0)


def known_of(schema: Path | None, rules: list[str] | None) -> dict[str, Any]:
    """What a file of the schema says, and rules besides, as settings."""
    from smartsynth.schema_document import SchemaDocument

    told = {} if schema is None else SchemaDocument.read(schema).settings()
    return {**told, "rules": [*told.get("rules", ()), *rules]} if rules else told


def given(**settings: Any) -> dict[str, Any]:
    """The settings that were given; the others stay as the configuration has them."""
    return {name: value for name, value in settings.items() if value is not None}


def options_of(texts: list[str], prompt: str | None = None) -> dict[str, Any] | None:
    """`KEY=VALUE` options, each value read as YAML: numbers, true, false, lists."""
    from smartsynth.yaml_text import loaded

    options: dict[str, Any] = {} if prompt is None else {"prompt": prompt}
    for text in texts:
        key, equals, value = text.partition("=")
        if not (key and equals):
            raise typer.BadParameter(f"{text!r} is not KEY=VALUE.", param_hint="--option")
        try:
            options[key] = loaded(value)
        except ValueError as error:
            raise typer.BadParameter(f"{text!r} is no YAML: {error}", param_hint="--option") from None
    return options or None
