"""Arguments and options that several commands have; each stands here once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[
    str, typer.Argument(help="Real data: a file, a folder, an address, or - for standard input.", show_default=False)
]
Output = Annotated[
    str, typer.Option("--output", "-o", help="File or folder to write, or - for standard output.", show_default=False)
]
Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        help="csv, tsv, txt, json, jsonl, parquet, excel or hf (Hugging Face data set); by default as OUTPUT is named.",
    ),
]
Generator = Annotated[
    str | None, typer.Option("--generator", "-g", help="auto, or a name that `smartsynth generators` lists.")
]
Options = Annotated[
    list[str] | None, typer.Option("--option", metavar="KEY=VALUE", help="Option of the generator; may be repeated.")
]
Target = Annotated[str | None, typer.Option("--target", help="Column that models predict; guessed if not given.")]
Entity = Annotated[
    str | None,
    typer.Option("--entity", help="Time series: column that names whom a row is about, such as a patient."),
]
Time = Annotated[
    str | None,
    typer.Option(
        "--time", help="Time series: column that says when a row happened; alone, the rows are one plain series."
    ),
]
Window = Annotated[
    int | None,
    typer.Option(
        "--window",
        min=2,
        help="Plain series: rows of the windows it is learnt and made in, 24 if not given; alone, rows are in their order.",
    ),
]
Text = Annotated[
    list[str] | None,
    typer.Option(
        "--text", help="Column of text that a language model learns and writes; may be repeated.", show_default=False
    ),
]
Holdout = Annotated[
    str | None, typer.Option("--holdout", help="Real rows that nothing is learnt from; without it, a fifth of DATA.")
]
Config = Annotated[
    Path | None, typer.Option("--config", help="YAML file of settings; options on the command line win.")
]
SchemaFile = Annotated[
    Path | None,
    typer.Option("--schema", help="YAML file of what is known of the columns, keys and rules, as schema.yaml."),
]
Rules = Annotated[
    list[str] | None,
    typer.Option(
        "--rule",
        metavar="RULE",
        help="What every row keeps, such as 'a <= b' or 'if sex == \"M\" then not pregnant'; may be repeated.",
        show_default=False,
    ),
]
Seed = Annotated[
    int | None, typer.Option("--seed", min=0, help="Same seed, same rows. Drawn and written down if not given.")
]
Report = Annotated[Path | None, typer.Option("--report", help="HTML report to write, with a JSON twin beside it.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
FailOnLeakage = Annotated[
    bool,
    typer.Option(
        "--fail-on-leakage", help="End with code 7, after all is written, unless the attacks found no leakage."
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no notes on standard error.")]
