"""What is learnt of several tables, and how it is saved: JSON and NumPy arrays in a folder, no code and no row of a table that is made anew.

relational.json   keys, order, columns, and what is not an array
arrays.npz        forests, grids and density ratios
rows/N            a saved generator (models/base.py) for each table without a main parent that has one
kept/N.parquet    rows of the tables that are declared public knowledge
"""

from __future__ import annotations

import io
import json
import re
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth import atomic, registry
from smartsynth.constraints import rules_of
from smartsynth.dataset import Dataset, Source
from smartsynth.errors import ConfigError, ModelFormatError
from smartsynth.models.base import Generator
from smartsynth.models.coding import under
from smartsynth.models.family_forest import FamilyForest
from smartsynth.models.ruled_generator import RuledGenerator
from smartsynth.models.rules.construction import Construction
from smartsynth.models.saved_files import checked_folder, read_arrays, read_json
from smartsynth.models.surrogates import Surrogate, surrogate_from_json, surrogate_to_json
from smartsynth.relational.clocks import Clock
from smartsynth.relational.plan import Part
from smartsynth.relational.structure import Structure
from smartsynth.schema import Schema

FORMAT = "smartsynth-relational/1"
FILE = "relational.json"
PARTS = re.compile(r"relational\.json|arrays\.npz|kept/\d+\.parquet|rows/\d+/[^.][^/]*\.(json|npz|safetensors|parquet)")
"""Files of a saved model."""

RowModel = FamilyForest | Generator
"""What makes a table's own columns: given the parents and siblings, or, without a main parent, any generator of tables."""


@dataclass(frozen=True, slots=True)
class Number:
    """How many children a parent has: always the same, or learnt given the parent."""

    always: int | None
    model: FamilyForest | None


@dataclass(frozen=True, slots=True)
class Wish:
    """How a further parent is found for each row.

    Args:
        columns: What rows say of it, the most telling first.
        again: Whether rows say that it is the same as that of the row before.
        unique: Whether a parent has at most one child.
        nullable: Whether some rows have none.
        state: What all rows are in: `row`, `none`, `itself` or `circle` (learning.py); `row` also where rows say it themselves.
        degree: Children (or runs of children) of a parent.
    """

    columns: tuple[str, ...]
    again: bool
    unique: bool
    nullable: bool
    state: str
    degree: Number


@dataclass(frozen=True, slots=True)
class TableModel:
    """What is learnt of one table.

    Args:
        part: Its links and columns.
        schema: All of its columns.
        rows: Makes its own columns, and what rows say of further parents.
        clocks: Columns that are learnt as steps.
        serial: What makes key columns.
        n_rows: Real rows.
        orphans: Real rows without a main parent, if the table has one.
        children: Of a main parent.
        wishes: One for each of `part.others`.
        built: How its rules hold, if it has rules and is not made by a generator that keeps them itself.
        rules: As they were told, of `built`.
        unique: Columns whose values together no two rows share, beside the primary key.
    """

    part: Part
    schema: Schema
    rows: RowModel
    clocks: tuple[Clock, ...]
    serial: Mapping[str, Surrogate]
    n_rows: int
    orphans: int
    children: Number | None
    wishes: tuple[Wish, ...]
    built: Construction | None = None
    rules: tuple[Any, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()

    def holds(self, rows: pd.DataFrame) -> NDArray[np.bool_]:
        """Which rows, with what they say of parents, break no rule that can be seen of a row alone."""
        built = self.rows.built if isinstance(self.rows, RuledGenerator) else self.built
        return np.ones(len(rows), bool) if built is None else built.holds(rows)


@dataclass(frozen=True, slots=True)
class Model:
    """What is learnt of several tables.

    Args:
        structure: Their keys.
        tables: In the order in which they are made.
        kept: Tables that stay as they are.
        sources: How each table was written.
    """

    structure: Structure
    tables: tuple[TableModel, ...]
    kept: Mapping[str, Dataset]
    sources: Mapping[str, Source]

    def save(self, folder: str | Path) -> Path:
        """Write the model to a folder. Replaces an older one there.

        Raises:
            ConfigError: The folder exists and holds something else.
        """
        folder = Path(folder)
        check_free(folder)
        with atomic.folder(folder) as work:
            self._write(work)
        return folder

    def _write(self, work: Path) -> None:
        arrays: dict[str, NDArray[Any]] = {}
        tables = []
        for i, one in enumerate(self.tables):
            if isinstance(one.rows, Generator):
                one.rows.save(work / "rows" / str(i))
            else:
                arrays |= {f"{i}.rows.{name}": array for name, array in one.rows.arrays().items()}
            numbers = {"children": one.children, **{f"wish{j}": wish.degree for j, wish in enumerate(one.wishes)}}
            for key, number in numbers.items():
                if number is not None and number.model is not None:
                    arrays |= {f"{i}.{key}.{name}": array for name, array in number.model.arrays().items()}
            tables.append(_table_json(one, self.structure))
        head = {
            "format": FORMAT, "structure": self.structure.to_json(), "tables": tables,
            "kept": {name: one.schema.to_json() for name, one in self.kept.items()},
            "sources": {name: _source_json(source) for name, source in self.sources.items()},
        }  # fmt: skip
        (work / FILE).write_text(json.dumps(head, ensure_ascii=False, allow_nan=False), "utf-8")
        np.savez_compressed(work / "arrays.npz", **arrays)  # type: ignore[arg-type]
        for i, name in enumerate(self.kept):
            from smartsynth import export

            (work / "kept").mkdir(exist_ok=True)
            (work / "kept" / f"{i}.parquet").write_bytes(export.to_bytes(self.kept[name], format="parquet"))

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """The model of a folder that `save` wrote. Never runs code from the folder.

        Raises:
            ModelFormatError: The folder is no such model, or a part of it is missing.
        """
        with atomic.reading(Path(folder)):
            return cls._read(checked_folder(folder))

    @classmethod
    def _read(cls, folder: Path) -> Self:
        if not (folder / FILE).is_file():
            raise ModelFormatError(f"{folder} is not a saved relational model: it has no {FILE}.")
        try:
            head = read_json(folder / FILE)
            if head["format"] != FORMAT:
                raise ModelFormatError(f"{folder} has format {head['format']!r}; this version reads {FORMAT!r}.")
            arrays = read_arrays(folder / "arrays.npz")
            structure = Structure.from_json(head["structure"])
            sources = {
                name: Source(**{**value, "notes": tuple(value["notes"])}) for name, value in head["sources"].items()
            }
            kept = {
                name: Dataset(_kept(folder, i), Schema.from_json(value), sources[name])
                for i, (name, value) in enumerate(head["kept"].items())
            }
            tables = tuple(
                _restored(value, i, structure, under(arrays, f"{i}."), folder) for i, value in enumerate(head["tables"])
            )
        except (KeyError, IndexError, TypeError, ValueError, OSError, zipfile.BadZipFile, zlib.error) as error:
            if isinstance(error, ModelFormatError):
                raise
            raise ModelFormatError(
                f"{folder} is damaged or incomplete ({type(error).__name__}). Save the model again."
            ) from error
        return cls(structure, tables, kept, sources)


def check_free(folder: Path) -> None:
    """That a model can be saved to this folder without a file of anybody else being lost.

    Raises:
        ConfigError: The folder exists, and is neither empty nor a saved relational model and nothing more.
    """
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    if not folder.is_dir() or not _is_model(folder):
        raise ConfigError(f"folder={str(folder)!r} exists and is not a saved relational model. Name another folder.")
    parts = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if not p.is_dir()}
    if others := sorted(name for name in parts if not PARTS.fullmatch(name)):
        raise ConfigError(
            f"folder={str(folder)!r} holds {others[0]!r} beside a saved relational model, which would be lost. "
            "Move it, or name another folder."
        )


def _is_model(folder: Path) -> bool:
    try:
        head = json.loads((folder / FILE).read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(head, dict) and str(head.get("format", "")).startswith(FORMAT.partition("/")[0] + "/")


def _kept(folder: Path, i: int) -> pd.DataFrame:
    from smartsynth import ingest

    return ingest.read(io.BytesIO((folder / "kept" / f"{i}.parquet").read_bytes())).frame


def _source_json(source: Source) -> dict[str, Any]:
    from dataclasses import asdict

    return {**asdict(source), "notes": []}


def _table_json(one: TableModel, structure: Structure) -> dict[str, Any]:
    return {
        "part": one.part.to_json(structure.links),
        "schema": one.schema.to_json(),
        "rows": None if isinstance(one.rows, Generator) else one.rows.to_json(),
        "clocks": [clock.to_json() for clock in one.clocks],
        "serial": {name: surrogate_to_json(made) for name, made in one.serial.items()},
        "n_rows": one.n_rows,
        "orphans": one.orphans,
        "built": None
        if one.built is None
        else {"rules": list(one.rules), "steps": one.built.to_json(), "schema": one.built.schema.to_json()},
        "unique": [list(names) for names in one.unique],
        "children": _number_json(one.children),
        "wishes": [
            {"columns": list(wish.columns), "again": wish.again, "unique": wish.unique, "nullable": wish.nullable, "state": wish.state, "degree": _number_json(wish.degree)}
            for wish in one.wishes
        ],
    }  # fmt: skip


def _number_json(number: Number | None) -> dict[str, Any] | None:
    if number is None:
        return None
    return {"always": number.always, "model": None if number.model is None else number.model.to_json()}


def _number(value: Mapping[str, Any] | None, arrays: Mapping[str, NDArray[Any]]) -> Number | None:
    if value is None:
        return None
    return Number(value["always"], None if value["model"] is None else FamilyForest.restore(value["model"], arrays))


def _restored(
    value: Mapping[str, Any], i: int, structure: Structure, arrays: Mapping[str, NDArray[Any]], folder: Path
) -> TableModel:
    rows: RowModel
    if value["rows"] is None:
        place = folder / "rows" / str(i)
        rows = registry.load(place)
    else:
        rows = FamilyForest.restore(value["rows"], under(arrays, "rows."))
    wishes = []
    for j, wish in enumerate(value["wishes"]):
        degree = _number(wish["degree"], under(arrays, f"wish{j}."))
        assert degree is not None  # noqa: S101  (a wish always has one)
        wishes.append(
            Wish(
                tuple(wish["columns"]),
                wish["again"],
                wish["unique"],
                wish["nullable"],
                wish.get("state", "row"),
                degree,
            )
        )
    built = None
    if value["built"] is not None:
        own = Schema.from_json(value["built"]["schema"])
        built = Construction.restore(rules_of(value["built"]["rules"], own), value["built"]["steps"], own)
    return TableModel(
        part=Part.from_json(value["part"], structure.links),
        schema=Schema.from_json(value["schema"]),
        rows=rows,
        clocks=tuple(Clock.from_json(clock) for clock in value["clocks"]),
        serial={name: surrogate_from_json(made) for name, made in value["serial"].items()},
        n_rows=value["n_rows"],
        orphans=value["orphans"],
        children=_number(value["children"], under(arrays, "children.")),
        wishes=tuple(wishes),
        built=built,
        rules=() if built is None else tuple(value["built"]["rules"]),
        unique=tuple(map(tuple, value.get("unique", ()))),
    )
