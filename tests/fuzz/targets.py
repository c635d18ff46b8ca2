"""What is fuzzed: each parser of bytes from outside as a function of bytes, and the seeds that it begins with.

A target reads or refuses: whatever is not a SmartSynthError is a finding. `python tests/fuzz/run.py` lets atheris guide the bytes by what
they cover; test_targets.py tries the seeds, and seeds with a few bytes changed, without it.
"""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

import smartsynth as ss
from smartsynth import conversion, images, ingest, relational, replaying, ruling, templates
from smartsynth.augmentation.strategy import Strategy
from smartsynth.config import Limits, RunConfig
from smartsynth.constraints import rules_of
from smartsynth.errors import SmartSynthError
from smartsynth.expressions import Expression
from smartsynth.inference import infer_schema
from smartsynth.models.rules.construction import Construction
from smartsynth.patterns import Pattern
from smartsynth.schema_document import SchemaDocument
from smartsynth.templates.writing import schema_of

Target = Callable[[bytes], None]
TARGETS: dict[str, Target] = {}
LIMITS = Limits(max_bytes=1_000_000, max_pixels=1_000_000, max_rows=100_000)


def target(function: Target) -> Target:
    """A function that is fuzzed, by its name."""

    def guarded(content: bytes) -> None:
        try:
            function(content)
        except SmartSynthError as error:
            assert str(error)

    TARGETS[function.__name__] = guarded
    return guarded


@cache
def table() -> pd.DataFrame:
    """Rows with numbers, dates, texts and missing cells."""
    rng = np.random.default_rng(0)
    a = rng.integers(0, 30, 60)
    return pd.DataFrame({
        "a": a, "unit price": rng.normal(0, 1, 60).round(2), "when": pd.Timestamp("2024-01-01") + pd.to_timedelta(a, unit="D"),
        "t": rng.choice(["x", "y", None], 60), "flag": a > 15,
    })  # fmt: skip


@cache
def home() -> Path:
    """A folder for what has to be a file, as long as the process lives."""
    folder = tempfile.TemporaryDirectory(prefix="smartsynth-fuzz-")
    _KEPT.append(folder)
    return Path(folder.name)


_KEPT: list[tempfile.TemporaryDirectory[str]] = []


def written(name: str, content: bytes) -> Path:
    """A file with these bytes."""
    path = home() / name
    path.write_bytes(content)
    return path


def _read(content: bytes, format: str | None = None) -> None:
    data = ingest.read(content, limits=LIMITS, format=format)
    assert list(data.frame.columns) == list(data.schema.names)


@target
def any_table(content: bytes) -> None:
    """Bytes whose format is found out."""
    _read(content)


@target
def csv(content: bytes) -> None:
    _read(content, "csv")


@target
def json_rows(content: bytes) -> None:
    _read(content, "json")


@target
def jsonl(content: bytes) -> None:
    _read(content, "jsonl")


@target
def parquet(content: bytes) -> None:
    _read(content, "parquet")


@target
def excel(content: bytes) -> None:
    _read(content, "excel")


@target
def image(content: bytes) -> None:
    images.read(content, "image.png")


@target
def expression(content: bytes) -> None:
    """An expression over columns, and its value in each row."""
    Expression.parse(content.decode("utf-8", "replace"), list(table().columns))(table())


@target
def rule(content: bytes) -> None:
    """A rule, and which rows keep it."""
    for one in rules_of([content.decode("utf-8", "replace")], infer_schema(table())):
        one.holds(table())


@target
def pattern(content: bytes) -> None:
    """A form of texts; whatever is accepted can write a text that has it."""
    form = Pattern.parse(content.decode("utf-8", "replace"))
    assert form.text(0) is not None


def _applied(run: RunConfig) -> None:
    """Settings as a run takes them up: the schema, its rules, and the steps by which they hold."""
    schema = run.corrected(infer_schema(table()))
    Construction.fit(table(), schema, rules_of(ruling.wanted(run, schema), schema))


@target
def settings(content: bytes) -> None:
    """Settings, taken up for a table."""
    _applied(RunConfig.read(written("run.yaml", content)))


@target
def schema(content: bytes) -> None:
    """A schema of one table, taken up for it, or of several, whose keys are looked up."""
    document = SchemaDocument.read(written("schema.yaml", content))
    if document.tables:
        relational.read(
            {"t": table().assign(id=range(60)), "u": table().drop_duplicates("a")[["a", "flag"]]}, schema=document
        )
    else:
        _applied(RunConfig.build(document.settings()))


@target
def template(content: bytes) -> None:
    templates.Template.read(written("template.yaml", content))


@target
def foreign_schema(content: bytes) -> None:
    """Table schemas of other tools."""
    target = home() / "converted.yaml"
    target.unlink(missing_ok=True)
    conversion.convert(written("foreign.json", content), target)


@target
def strategy(content: bytes) -> None:
    Strategy.parse(content.decode("utf-8", "replace"))


@target
def recipe(content: bytes) -> None:
    """What a run is made again from."""
    replaying.recipe_of(written("run.json", content)).check(infer_schema(table()), len(table()))


@cache
def models() -> tuple[Path, ...]:
    """Folders of saved models: of tables, with rules, and of several tables."""
    folders = []
    for name in ("copula", "forest"):
        folders.append(home() / name)
        ss.create(name).fit(table(), seed=0).save(folders[-1])
    settings = {"generator": "copula", "seed": 0, "evaluate": {"enabled": False}, "privacy": {"filter": False}}
    folders.append(home() / "ruled")
    ss.synthesize(table(), rules=["a >= 0", "if flag then a > 15"], **settings).save(folders[-1])
    people = pd.DataFrame({"id": range(40), "age": np.arange(40) % 7})
    visits = pd.DataFrame({"id": range(80), "people_id": np.arange(80) % 40, "cost": np.arange(80) % 5})
    folders.append(home() / "several")
    relational.synthesize({"people": people, "visits": visits}, seed=0, evaluate=False).save(folders[-1])
    return tuple(folders)


@cache
def parts() -> tuple[tuple[Path, Path, bytes], ...]:
    """Every file of the saved models: the model's folder, the file, and what it holds."""
    return tuple(
        (folder, path, path.read_bytes())
        for folder in models()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix in (".json", ".npz", ".safetensors", ".yaml")
    )


@target
def model(content: bytes) -> None:
    """One file of a saved model, which the first byte names, holds the other bytes."""
    folder, path, kept = parts()[content[0] % len(parts())] if content else parts()[0]
    path.write_bytes(content[1:])
    try:
        if folder.name == "several":
            relational.sample(folder, seed=0)
        else:
            ss.load(folder).sample(5, seed=0)
    finally:
        path.write_bytes(kept)


def seeds(name: str) -> Iterator[bytes]:
    """What the fuzzing of a target begins with."""
    yield from _SEEDS[name]()


def _tables() -> Iterator[bytes]:
    frame = table()
    for how in ({}, {"sep": ";", "decimal": ","}, {"sep": "\t", "quoting": 1}):
        yield frame.head(5).to_csv(index=False, **how).encode()
    yield "\ufeffa,b\r\n1,é\r\n".encode("utf-16")
    yield b'a,b\n"x\n""y",2\n'


def _jsons() -> Iterator[bytes]:
    rows = json.loads(table().head(3).to_json(orient="records", date_format="iso"))
    yield json.dumps(rows).encode()
    yield json.dumps({"data": [{"a": {"b": [1, {"c": None}]}}, {"a": 3}]}).encode()
    yield b'[{"a": 1e400, "b": "\\ud83d"}]'


def _lines() -> Iterator[bytes]:
    yield table().head(3).to_json(orient="records", lines=True).encode()
    yield b'{"messages": [{"role": "user", "content": "hi"}]}\n'


def _parquets() -> Iterator[bytes]:
    for compression in ("snappy", None):
        sink = io.BytesIO()
        table().head(5).to_parquet(sink, compression=compression)
        yield sink.getvalue()


def _workbooks() -> Iterator[bytes]:
    sink = io.BytesIO()
    table().head(3).to_excel(sink, index=False)
    yield sink.getvalue()


def _pictures() -> Iterator[bytes]:
    from PIL import Image

    for format in ("PNG", "JPEG", "WEBP", "TIFF"):
        sink = io.BytesIO()
        Image.new("RGB", (9, 7), (200, 10, 30)).save(sink, format)
        yield sink.getvalue()


def archives() -> Iterator[bytes]:
    """A table in a zip, and an image in one."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("rows.csv", next(_tables()))
    yield sink.getvalue()
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("cat/1.png", next(_pictures()))
    yield sink.getvalue()


def _anything() -> Iterator[bytes]:
    for some in (_tables, _jsons, _lines, _parquets, _workbooks, archives, _pictures):
        yield from some()


def _texts(*texts: str) -> Callable[[], Iterator[bytes]]:
    return lambda: (text.encode() for text in texts)


_ONE_TABLE = b"""\
columns:
  a: {kind: numeric, low: 0, high: 40}
  t: {kind: categorical, categories: [x, y]}
  when: {kind: datetime, low: "2024-01-01"}
rules:
- if t == "x" then a > 0
- a >= `unit price`
- {combinations: [t, flag]}
"""


def _settings() -> Iterator[bytes]:
    yield b"rows: 10\ngenerator: {name: forest, options: {min_count: 5}}\n" + _ONE_TABLE
    whole = RunConfig().model_dump(mode="json")
    yield json.dumps({"privacy": whole["privacy"], "evaluate": whole["evaluate"]}).encode()


def _schemas() -> Iterator[bytes]:
    yield _ONE_TABLE
    yield b"tables:\n  t:\n    primary_key: [id, when]\n    foreign_keys: [{columns: a, table: u, references: a}]\n    rules: ['a <= 3']\n  u: {primary_key: a}\n"
    for name in templates.names():
        yield schema_of(templates.Template.read(templates.path_of(name))).to_yaml().encode()


def _foreign() -> Iterator[bytes]:
    document = written(
        "seed.yaml", b"tables:\n  t:\n    primary_key: a\n    columns:\n      a: {kind: numeric, low: 0}\n"
    )
    for kind in ("sdv", "frictionless", "csvw", "json-schema"):
        target = home() / f"seed-{kind}.json"
        target.unlink(missing_ok=True)
        conversion.convert(document, target, to=kind)
        yield target.read_bytes()


def _recipes() -> Iterator[bytes]:
    made = ss.synthesize(
        table(), generator="copula", seed=0, rules=["a >= 0"], evaluate={"enabled": False}, privacy={"filter": False}
    )
    yield json.dumps(made.manifest).encode()


def _model_files() -> Iterator[bytes]:
    for i, (_, _, content) in enumerate(parts()[:250]):
        yield bytes([i]) + content


_RULES = (
    "a + 2 * `unit price` >= 0", 'if t == "x" and not flag then a in (1, 2, 3)', "a <= a * 2 < 90", 'when > "2024-01-02"',
    "one_hot: [flag, a]", "unique: [a, t]", 'matches: {t: "[xy]"}', "length(t) <= 3", "is_missing(t) or round(a / 3, 1) % 2 == 0",
)  # fmt: skip
_SEEDS: dict[str, Callable[[], Iterator[bytes]]] = {
    "any_table": _anything, "csv": _tables, "json_rows": _jsons, "jsonl": _lines, "parquet": _parquets, "excel": _workbooks,
    "image": _pictures, "expression": _texts(*_RULES, "a if flag else -a ** 2", "year(when) // 4"), "rule": _texts(*_RULES),
    "pattern": _texts("[A-Z]{3}-\\d{4}", "(foo|bar)+x?", "email", "a{2,5}|.", "[^a-c]\\w"),
    "settings": _settings, "schema": _schemas,
    "template": _texts(*(templates.path_of(name).read_text("utf-8")[:20_000] for name in templates.names())),
    "foreign_schema": _foreign, "strategy": _texts("balance", "ratio=0.5", "minority=20%", "grow=2", "auto"), "recipe": _recipes, "model": _model_files,
}  # fmt: skip
