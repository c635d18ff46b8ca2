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
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from smartsynth import atomic, export
from smartsynth.cluster import check_engine, cluster, packed, unpack
from smartsynth.errors import ConfigError, MissingExtraError
from smartsynth.facts import to_json
from smartsynth.models.base import BLOCK_ROWS
from smartsynth.models.conditions import Given
from smartsynth.progress import Progress, silent
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
            "effective": round(sum(self.effective.values()), 1) if self.opened.where and self.effective else None,
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
    if run.where and "effective_rows" in rows.attrs:  # entities do not say what their conditions cost
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


def write(plan: Plan, url: str | Path, *, engine: str = "local", progress: Progress | None = None) -> list[str]:
    """Write all parts that are missing, and the manifest last; the names of all files.

    Args:
        plan: The rows and their parts.
        url: Folder, or a URL that fsspec can reach, such as `s3://bucket/rows`. It may hold parts of the same plan: they
            stay as they are, so a run that was stopped goes on.
        engine: `local` for this process, or `ray` for the cluster that RAY_ADDRESS names (a new one on this machine, if none).
        progress: Called with the share of the parts that are there; may raise `Cancelled`, after which the parts stay.

    Raises:
        ConfigError: The folder holds rows of another plan, or something else, or the engine is not known.
        MissingExtraError: Ray, or the file system of the URL, is not installed.
    """
    check_engine(engine)
    target, report = Target.of(url), progress or silent
    missing = _begin(plan, target)
    report(1 - len(missing) / plan.parts, f"{plan.parts - len(missing):,} of {plan.parts:,} parts were there")
    made = _here(plan, missing, target) if engine == "local" else _on_ray(plan, missing, target)
    for number, effective in enumerate(made, plan.parts - len(missing) + 1):
        if effective is not None:
            plan.effective[number] = effective
        report(number / plan.parts, f"Sample: part {number:,} of {plan.parts:,}")
    manifest = {**plan.opened.manifest, "parts": plan.parts, "part_rows": plan.part_rows}
    target.put("manifest.json", as_json(manifest))
    return [*(plan.name(index) for index in range(plan.parts)), "manifest.json"]


PLAN_FILE = "_plan.json"


@dataclass(frozen=True, slots=True)
class Target:
    """A folder that parts are written to, here or elsewhere.

    Args:
        root: Its path in the file system.
        protocol: The file system, as fsspec names it; `file` is this machine's.
    """

    root: str
    protocol: str = "file"

    @classmethod
    def of(cls, url: str | Path) -> Target:
        """The folder of a path or URL."""
        text = str(url)
        if "://" not in text:
            return cls(str(Path(text).absolute()))
        return cls(text.rstrip("/"), text.partition("://")[0])

    def inside(self, name: str) -> Target:
        """A folder in it."""
        return Target(f"{self.root}/{name}", self.protocol)

    def names(self) -> set[str]:
        """What is in it."""
        if self.protocol == "file":
            folder = Path(self.root)
            names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
            return {name for name in names if not atomic.is_workshop(name)}
        fs, root = self._filesystem()
        fs.invalidate_cache()
        try:
            return {str(path).rstrip("/").rpartition("/")[2] for path in fs.ls(root, detail=False)}
        except FileNotFoundError:
            return set()

    def get(self, name: str) -> bytes:
        """The content of a file."""
        if self.protocol == "file":
            return (Path(self.root) / name).read_bytes()
        fs, root = self._filesystem()
        return bytes(fs.cat_file(f"{root}/{name}"))

    def put(self, name: str, content: bytes) -> None:
        """Write a file, whole or not at all."""
        if self.protocol != "file":
            fs, root = self._filesystem()
            fs.pipe_file(f"{root}/{name}", content)
            return
        atomic.write_file(Path(self.root) / name, content)

    def _filesystem(self) -> tuple[Any, str]:
        try:
            from fsspec.core import url_to_fs

            fs, root = url_to_fs(self.root)
        except ImportError:
            extra = {"s3": "s3", "gs": "gcs", "gcs": "gcs", "az": "azure", "abfs": "azure"}.get(self.protocol, "api")
            raise MissingExtraError(f"Writing to {self.protocol}://", extra) from None
        except ValueError:
            raise ConfigError(f"{self.protocol}:// is no file system that can be written to.") from None
        return fs, str(root).rstrip("/")


def as_json(value: Mapping[str, Any]) -> bytes:
    """A manifest as a file."""
    return (json.dumps(to_json(value), ensure_ascii=False, indent=2) + "\n").encode()


def _begin(plan: Plan, target: Target) -> list[int]:
    """The parts that are missing, in a folder that says whose parts it holds."""
    there, mine = target.names(), plan.fingerprint()
    if PLAN_FILE in there:
        known = json.loads(target.get(PLAN_FILE))["fingerprint"]
        if known != mine:
            raise ConfigError(
                f"{target.root} holds rows of another model, seed or number of rows. Name another folder, or delete it first."
            )
    elif there:
        raise ConfigError(f"{target.root} exists and holds other files. Name another folder.")
    else:
        target.put(PLAN_FILE, (json.dumps({"fingerprint": mine, "parts": plan.parts}) + "\n").encode())
    return [index for index in range(plan.parts) if plan.name(index) not in there]


def _here(plan: Plan, missing: Sequence[int], target: Target) -> Iterator[float | None]:
    """Make the parts one after the other; the effective rows of each, under conditions."""
    for index in missing:
        target.put(plan.name(index), part_bytes(plan, index))
        yield plan.effective.get(index)


def _on_ray(plan: Plan, missing: Sequence[int], target: Target) -> Iterator[float | None]:
    """Make the parts on a Ray cluster; a part whose worker was lost is made by another one."""
    ray, run = cluster(), plan.opened
    order = ray.put(
        (plan.fingerprint(), packed(plan.folder), run.n, run.where, run.release.seed, plan.part_rows, target)
    )
    task = ray.remote(num_cpus=1, max_retries=MOST_RETRIES)(_part_on_ray)
    waiting: list[Any] = []
    todo = list(reversed(missing))
    while todo or waiting:
        most = 2 * max(int(ray.cluster_resources().get("CPU", 1)), 1)
        while todo and len(waiting) < most:
            waiting.append(task.remote(order, todo.pop()))
        done, waiting = ray.wait(waiting, num_returns=1)
        yield from ray.get(done)


MOST_RETRIES = 20
_known: dict[str, tuple[tempfile.TemporaryDirectory[str], Plan]] = {}


def _part_on_ray(order: tuple[str, bytes, int, Given | None, int, int, Target], index: int) -> float | None:
    """Make and write one part, in a worker that keeps the model between its parts."""
    fingerprint, content, n, where, seed, part_rows, target = order
    if fingerprint not in _known:
        _known.clear()
        home = tempfile.TemporaryDirectory(prefix="smartsynth-")
        unpack(content, Path(home.name))
        _known[fingerprint] = home, plan(home.name, n, where=where, seed=seed, part_rows=part_rows)
    mine = _known[fingerprint][1]
    target.put(mine.name(index), part_bytes(mine, index))
    return mine.effective.pop(index, None)
