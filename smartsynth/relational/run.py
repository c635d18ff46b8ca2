"""Several tables from end to end, and the only module that knows the order.

read → keep families aside → learn → make, without what is too near to real rows → evaluate
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from smartsynth import registry
from smartsynth._version import __version__
from smartsynth.alignment import align, as_column
from smartsynth.config import HoldoutConfig, Limits, PrivacyConfig
from smartsynth.errors import ConfigError, DataError
from smartsynth.export import to_native
from smartsynth.ingest import beside
from smartsynth.models.damage import of_caller, told
from smartsynth.privacy.audit import about, audited
from smartsynth.progress import Progress, Stages, silent
from smartsynth.relational import evaluation, key_rules, sink
from smartsynth.relational.gates import gates, making_seed
from smartsynth.relational.key_rules import all_rules
from smartsynth.relational.learning import learn
from smartsynth.relational.making import make
from smartsynth.relational.model import Model
from smartsynth.relational.plan import held_out, plan_of
from smartsynth.relational.report import write_report
from smartsynth.relational.scores import RelationalEvaluation
from smartsynth.relational.source import read, tables_of
from smartsynth.relational.structure import Tables, same_keys
from smartsynth.schema import Modality, Schema
from smartsynth.schema_document import SchemaDocument

# Rough shares of the time.
WEIGHTS = {"Read": 2, "Learn": 60, "Make": 20, "Evaluate": 18}
LARGEST_SCALE = 1_000_000
Schemas = SchemaDocument | Mapping[str, Any] | str | Path | None


@dataclass(frozen=True, slots=True, repr=False)
class Made:
    """Synthetic tables, and how they came about.

    Args:
        synthetic: The tables with their keys.
        schema: What is known of them, keys that were found included.
        seed: That was told or drawn; with the same real tables, or the same saved model, it gives the same tables again.
        left_out: Rows that were made and left out, by table and reason.
        unchecked: Whether no filter has looked at the rows, as the real ones are not here.
    """

    synthetic: Tables
    schema: SchemaDocument
    seed: int
    left_out: Mapping[str, Mapping[str, int]]
    unchecked: bool

    @property
    def tables(self) -> dict[str, Any]:
        """The tables by name, each of the kind that the real one came in."""
        return {name: to_native(data) for name, data in self.synthetic.data.items()}

    def write(self, target: str | Path, *, format: str | None = None, replace: bool = False) -> list[str]:
        """Write them to a folder, a workbook or a database (sink.py)."""
        return sink.write(self.synthetic, target, format=format, replace=replace, schema=self.schema)

    def __repr__(self) -> str:
        rows = ", ".join(f"{name} {len(data):,}" for name, data in self.synthetic.data.items())
        return f"{type(self).__name__}({rows})"


@dataclass(frozen=True, slots=True, repr=False)
class RelationalResult(Made):
    """What a run gives back.

    Args:
        model: What was learnt.
        evaluation: Every score beside its yardstick; None if it was switched off.
        notes: What was noticed while reading, and the keys that were found, in sentences.
        generator: That made the rows of tables without a main parent.
        timings: Seconds by stage.
        filtered: Tables whose rows the privacy filter looked at.
    """

    model: Model
    evaluation: RelationalEvaluation | None
    notes: tuple[str, ...]
    generator: str
    timings: Mapping[str, float]
    filtered: tuple[str, ...] = ()

    @property
    def privacy(self) -> str:
        """What keeps real people out of the tables, and what was measured of it, in a few sentences."""
        said = ["Not differentially private: real rows were read without noise."]
        if self.filtered:
            near = sum(
                n
                for reasons in self.left_out.values()
                for reason, n in reasons.items()
                if reason.startswith("too near")
            )
            said.append(
                f"The privacy filter looked at the rows of {', '.join(self.filtered)}: those that lay too near to a real one were made again, and "
                f"{near:,} of them left out."
            )
        kept = [name for name, table in self.schema.tables.items() if table.reference]
        if kept:
            said.append(f"As they are, for they are declared public: {', '.join(kept)}.")
        others = [name for name in self.synthetic.data if name not in (*self.filtered, *kept)]
        if others:
            said.append(f"{'Not filtered' if self.filtered else 'No filter looked at the rows'}: {', '.join(others)}.")
        measured = "Keys of real rows were looked for" if self.evaluation is not None else "Nothing was measured"
        said.append(
            f"{measured}; no attack was made, so there is no verdict on leakage: give each table with its real rows to `smartsynth evaluate REAL "
            "SYNTHETIC --holdout UNSEEN`."
        )
        return " ".join(said)

    def save(self, folder: str | Path) -> Path:
        """Write the model, so that `sample` makes more tables without the real ones. It holds no row of a table that was made anew."""
        return self.model.save(folder)

    def report(self, path: str | Path, *, name: str = "") -> list[Path]:
        """Write the report: one HTML file that needs nothing else, and a JSON file with the same numbers beside it.

        Raises:
            ConfigError: Nothing was measured.
        """
        if self.evaluation is None:
            raise ConfigError("evaluate=False: nothing was measured, so there is no report. Leave it out.")
        return write_report(self.evaluation, path, name=name, facts=self.manifest())

    def manifest(self) -> dict[str, Any]:
        """How the tables were made, as plain JSON types."""
        return {
            "smartsynth": __version__,
            "generator": self.generator,
            "seed": self.seed,
            "schema": self.schema.model_dump(mode="json", exclude_defaults=True),
            "rows": {name: len(data) for name, data in self.synthetic.data.items()},
            "filtered": list(self.filtered),
            "left_out": {name: dict(reasons) for name, reasons in self.left_out.items()},
            "notes": list(self.notes),
            "seconds": {name: round(value, 1) for name, value in self.timings.items()},
        }


@audited("synthesize")
def synthesize(
    source: Any,
    *,
    schema: Schemas = None,
    scale: float = 1.0,
    seed: int | None = None,
    generator: str = "forest",
    filter: bool = True,
    evaluate: bool = True,
    limits: Limits | None = None,
    check: Callable[[Tables], object] | None = None,
    progress: Progress | None = None,
) -> RelationalResult:
    """Tables like the real ones, with keys that hold, and the evidence beside them.

    Args:
        source: A folder, a workbook, the address of a database, or tables by name (source.py).
        schema: Keys and columns, or a file that tells them; what it leaves out is found.
        scale: Rows of tables without a main parent, as a multiple of the real ones; those of the others follow.
        seed: Same seed and real tables, same tables. Drawn and written down if not given.
        generator: Makes the rows of tables without a main parent; the others are made by families.
        filter: Whether rows that are too near to real ones are kept out.
        evaluate: Whether the tables are compared with held-out families.
        limits: How large each table may be.
        check: Called with the real tables before anything is learnt; may raise, as where the tables cannot be written.
        progress: Called with the share done; may raise `Cancelled`, after which nothing is left behind.

    Raises:
        DataError: A table or a key cannot be used; every problem found is listed.
        ConfigError: The source, the schema or a setting is wrong.
        PrivacyError: Too many rows lay too near to real ones.
    """
    _check(scale, generator)
    seed = secrets.randbits(32) if seed is None else seed
    stages = Stages(progress, WEIGHTS)
    with stages("Read"):
        real, document = read(source, schema=schema, limits=limits)
        if check is not None:
            check(real)
        parts = plan_of(real)
        if not parts:
            raise ConfigError("All tables are declared as reference: there is nothing to make.")
        rules = all_rules(parts, real, document)
        held, shared = held_out(real, parts, fraction=HoldoutConfig().fraction, seed=seed)
        for data in real.data.values():
            about(data.frame, generator=generator, seed=seed)
    privacy = PrivacyConfig(filter=filter)
    with stages("Learn") as report:
        try:
            model = learn(
                real, parts, held, generator=generator, rules={name: some.kept for name, some in rules.items()},
                unique={name: some.unique for name, some in rules.items()}, seed=seed, k=privacy.k, progress=report,
            )  # fmt: skip
        except ConfigError as error:
            raise ConfigError(key_rules.as_written(str(error), real)) from None
    with stages("Make") as report:
        kept_out, unfiltered = gates(real, model, held, privacy, seed=seed, progress=silent) if filter else (None, [])
        making = making_seed(real, seed) if filter else seed
        made, left_out = make(model, scale=scale, seed=making, gates=kept_out, progress=report)
    found = None
    with stages("Evaluate") as report:
        if evaluate:
            found = evaluation.evaluate(real, made, parts, held, shared, seed=seed, progress=report)
    return RelationalResult(
        synthetic=made, schema=document, seed=seed, left_out=left_out, unchecked=not filter, model=model, evaluation=found,
        notes=(*real.notes, *real.structure.found, *unfiltered, *made.notes, *key_rules.notes(rules, real, made, k=privacy.k)), generator=generator, timings=stages.seconds,
        filtered=tuple(kept_out or ()),
    )  # fmt: skip


def sample(
    folder: str | Path, *, scale: float = 1.0, seed: int | None = None, progress: Progress | None = None
) -> Made:
    """Tables of a saved model, without the real ones. No filter has looked at their rows.

    Args:
        folder: That `RelationalResult.save` wrote.
        scale: As for `synthesize`.
        seed: Same seed, same tables, but never those of a filtered run. Drawn if not given.
        progress: Called with the share done; may raise `Cancelled`.

    Raises:
        ModelFormatError: The folder is no saved relational model.
        ConfigError: The scale is not above 0.
    """
    _check(scale, "forest")
    model = Model.load(folder)
    seed = secrets.randbits(32) if seed is None else seed
    with told():
        made, left_out = make(model, scale=scale, seed=seed, progress=of_caller(progress) or silent)
    return Made(made, model.structure.to_document(), seed, left_out, unchecked=True)


@audited("evaluate")
def evaluate(
    real: Any,
    synthetic: Any,
    *,
    schema: Schemas = None,
    holdout: Any = None,
    seed: int = 0,
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> RelationalEvaluation:
    """Every score of synthetic tables beside its yardstick, whoever made them.

    Args:
        real: The real tables that they were made from, as for `synthesize`.
        synthetic: The synthetic ones, of the same names and columns.
        schema: As for `synthesize`.
        holdout: Real tables that the generator never saw; without them a fifth of the families of `real` takes their place, and the
            evaluation says so.
        seed: Same seed, same scores.
        limits: How large each table may be.
        progress: Called with the share done; may raise `Cancelled`.

    Raises:
        DataError: A table is missing, or has other columns.
    """
    known, _ = read(real, schema=schema, limits=limits)
    for data in known.data.values():
        about(data.frame)
    made = _aligned(synthetic, known, limits, "synthetic")
    if holdout is not None:
        known, held, shared, parts = _joined(known, _aligned(holdout, known, limits, "holdout"))
    else:
        parts = plan_of(known)
        held, shared = held_out(known, parts, fraction=HoldoutConfig().fraction, seed=seed)
    found = evaluation.evaluate(known, made, parts, held, shared, seed=seed, progress=progress or silent)
    return found if holdout is not None else replace(found, limits=(*found.limits, NOT_UNSEEN))


NOT_UNSEEN = "No holdout was given, so a fifth of the families took its place. The generator may have learnt from them, and look better than it is."


def _aligned(source: Any, known: Tables, limits: Limits | None, what: str) -> Tables:
    """Tables of the same names with the columns and dtypes of the known ones; broken keys are no error, they are measured."""
    data, empty = tables_of(source, limits or Limits())
    lost = [name for name in known if name not in data and name not in empty]
    if lost:
        raise DataError(f"The {what} tables lack {', '.join(map(repr, lost))}. They have: {', '.join(data)}.")
    frames = {}
    for name in known:
        one = known.data[name]
        if name in empty:
            frames[name] = one.with_frame(one.frame.iloc[:0])
            continue
        rows = beside(data[name], one.schema).frame
        schema = _with_keys_as_they_came(one.schema, rows, known.structure.key_columns(name))
        frames[name] = replace(one, schema=schema, frame=align(rows, schema, what=f"{what} {name}"))
    return Tables.of(frames, known.structure, checked=False)


def _with_keys_as_they_came(schema: Schema, frame: pd.DataFrame, keys: Iterable[str]) -> Schema:
    """The schema with the dtypes of keys that would not be the same keys in the real dtype, as numbers beyond it."""
    for name in keys:
        if name in frame and not same_keys(as_column(frame[name], schema[name]), frame[name]).all():
            schema = schema.with_column(name, dtype=str(frame[name].dtype))
    return schema


def _joined(train: Tables, other: Tables) -> tuple[Tables, Any, frozenset[str], Any]:
    """Training and held-out tables as one, and which rows are held out. Keys of each name rows of its own side alone."""
    data, held = {}, {}
    for name in train:
        a, b = train.data[name], other.data[name]
        data[name] = a.with_frame(pd.concat([a.frame, b.frame], ignore_index=True))
        held[name] = np.arange(len(data[name])) >= len(a)
        if name in train.structure.kept:
            data[name], held[name] = a, np.zeros(len(a), bool)
    named = {}
    for link in train.structure.links:
        shift = 0 if link.parent in train.structure.kept else len(train.data[link.parent])
        there = np.where(other.named[link] >= 0, other.named[link] + shift, -1)
        named[link] = train.named[link] if link.child in train.structure.kept else np.r_[train.named[link], there]
    both = Tables(data, train.structure, named)
    return both, held, frozenset(), plan_of(both)


def _check(scale: float, generator: str) -> None:
    if not 0 < scale <= LARGEST_SCALE:
        raise ConfigError(f"scale={scale:g} must be above 0, and at most {LARGEST_SCALE:,}.")
    cls = registry.generator_class(generator)
    if cls.modality is not Modality.TABLE:
        raise ConfigError(
            f"generator={generator!r} makes {cls.modality.value} data. Use one for tables, such as forest or copula."
        )
