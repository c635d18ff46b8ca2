"""Any number of rows of a saved run, in parts that anybody can make: one core, many, or a Ray cluster.

    plan(folder, n)               which rows, in which parts
    write_part(plan, index, to)   one part, the same bytes whoever makes it
    write(plan, url)              all parts that are missing, into a folder or a bucket

Each part is a Parquet file of PART_ROWS rows. It is written whole or not at all, so a run that was stopped goes on with
the parts that are missing. A worker holds the model and one part, however many rows there are.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from smartsynth import export
from smartsynth.errors import ConfigError
from smartsynth.facts import to_json
from smartsynth.models.base import BLOCK_ROWS
from smartsynth.models.conditions import Given
from smartsynth.resampling import Opened, anonymised, opened
from smartsynth.schema import Schema

PART_ROWS = 64 * BLOCK_ROWS
MOST_PARTS = 100_000


@dataclass(frozen=True, slots=True)
class Plan:
    """Which rows of a saved run are to be made, and in which parts.

    Args:
        folder: The saved run.
        opened: The run and its rows.
        part_rows: Rows of each part but the last.
    """

    folder: Path
    opened: Opened
    part_rows: int = PART_ROWS
    effective: dict[int, float] = field(default_factory=dict)

    @property
    def parts(self) -> int:
        return math.ceil(self.opened.n / self.part_rows)

    def name(self, index: int) -> str:
        """What the file of a part is called.

        The width never changes, so that parts sort in their order.
        """
        return f"part-{index:05d}.parquet"

    def bounds(self, index: int) -> tuple[int, int]:
        """The first row of a part, and the one after its last."""
        return index * self.part_rows, min((index + 1) * self.part_rows, self.opened.n)

    def fingerprint(self) -> str:
        """Tells plans apart whose parts differ."""
        asked = [self.opened.release.to_json(), self.opened.n, self.part_rows, repr(self.opened.where)]
        return hashlib.sha256(json.dumps(asked).encode() + _content(self.folder)).hexdigest()[:16]

    def to_json(self) -> dict[str, Any]:
        """What is known about the rows before they are made."""
        return {
            "rows": self.opened.n, "seed": self.opened.release.seed, "unchecked": self.opened.unchecked, "parts": self.parts,
            "part_rows": self.part_rows, "fingerprint": self.fingerprint(), "manifest": to_json(self.opened.manifest),
            "schema": self.opened.model.schema_.to_json(), "source": asdict(replace(self.opened.source, notes=())),
            "effective": round(sum(self.effective.values()), 1) if self.opened.where else None,
        }  # fmt: skip


def plan(
    folder: str | Path,
    n: int | None = None,
    *,
    where: Given | None = None,
    seed: int | None = None,
    part_rows: int = PART_ROWS,
) -> Plan:
    """The parts of the rows that `resample` makes of the same arguments.

    Raises:
        ModelFormatError: The folder is not a saved run, or is damaged.
        ConfigError: n is missing or too large, or the run is k-anonymous and its rows do not fit one part.
    """
    found = opened(folder, n, where=where, seed=seed)
    made = Plan(Path(folder), found, part_rows)
    if made.parts > MOST_PARTS:
        raise ConfigError(f"n={found.n:,} rows are more than {MOST_PARTS:,} parts of {part_rows:,}. Ask for fewer.")
    if found.privacy is not None and made.parts > 1:
        raise ConfigError(
            f"n={found.n:,}: this run is k-anonymous, which looks at all rows together, so they must fit one part of "
            f"{part_rows:,}. Ask for fewer."
        )
    return made


def write_part(plan: Plan, index: int, folder: Path) -> Path:
    """Make one part and write it into a folder, which is made if needed."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / plan.name(index)
    path.write_bytes(part_bytes(plan, index))
    return path


def part_bytes(plan: Plan, index: int) -> bytes:
    """The Parquet file of one part."""
    run = plan.opened
    rows = run.rows(*plan.bounds(index))
    if run.where:
        plan.effective[index] = float(rows.attrs["effective_rows"])
    if run.privacy is not None:
        rows, _ = anonymised(rows, run.model.schema_, run.privacy)
    table = export.to_arrow(rows.reset_index(drop=True))
    sink = io.BytesIO()
    pq.write_table(table.cast(_layout(table.schema, run.model.schema_)), sink)
    return sink.getvalue()


def _layout(found: pa.Schema, schema: Schema) -> pa.Schema:
    """The same types for every part, also where all cells of one part are missing."""
    fields = []
    for one, column in zip(found, schema, strict=True):
        kind = one.type.value_type if pa.types.is_dictionary(one.type) else one.type
        if column.dtype == "decimal":
            kind = pa.string() if column.decimals is None else pa.decimal128(38, column.decimals)
        elif pa.types.is_null(kind) or pa.types.is_large_string(kind):
            kind = {"date": pa.date32(), "time": pa.time64("us")}.get(column.dtype, pa.string())
        fields.append(pa.field(one.name, kind))
    return pa.schema(fields)


def _content(folder: Path) -> bytes:
    """A digest of the files of a saved run."""
    whole = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        whole.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return whole.digest()
