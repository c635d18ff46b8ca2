"""What an augmentation gives back: real rows with synthetic ones, and the proof of what they are worth."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from smartsynth import atomic, export
from smartsynth._version import __version__
from smartsynth.augmentation.proof import Proof, Row
from smartsynth.augmentation.strategy import Strategy
from smartsynth.augmentation.verdict import Verdict
from smartsynth.columns import with_columns
from smartsynth.config import ExportConfig
from smartsynth.dataset import Dataset
from smartsynth.facts import Choice, to_json
from smartsynth.privacy.audit import note
from smartsynth.schema import Column, Kind

FORMAT = "smartsynth-augmentation/1"
REAL_ROWS = (
    "The file holds the real rows as they are, so it is as secret as they are. The synthetic rows are for training beside them: no "
    "privacy filter looked at them. To share rows in place of the real ones, use `smartsynth synthesize`."
)
ONLY_SYNTHETIC = (
    "No privacy filter looked at these synthetic rows: they are for training beside the real ones. To share rows in place of the real "
    "ones, use `smartsynth synthesize`."
)
ANOTHER_LABEL = "other"


@dataclass(frozen=True, slots=True)
class ClassCount:
    """Rows of one class of the target before and after.

    Args:
        name: The class; `other` stands for classes that few rows have.
        real, added: Real rows, synthetic rows.
    """

    name: str
    real: int
    added: int


@dataclass(frozen=True, slots=True, repr=False)
class Augmented:
    """Real rows with synthetic ones, and what the latter are worth.

    Args:
        real: The real rows, as they were read.
        synthetic: The synthetic rows, with the same columns and dtypes.
        target: Column that models predict.
        task: `binary`, `multiclass` or `regression`.
        strategy: How many rows of which class were added.
        choice: The generator and why.
        seed: Same data, settings and seed, same rows.
        flag: Name of the column that tells synthetic rows from real ones; None leaves it out.
        only_synthetic: Whether the real rows stay out of `rows` and of files.
        classes: Rows of each class; none of a number.
        copies: Shares of synthetic rows that equal a real row in every column but identifiers, and of real rows that equal another.
        proof, verdict: What cross-validation found; None if there was none.
        notes: What else to know.
        config: The arguments, in plain JSON types.
        seconds: Time by stage.
    """

    real: Dataset
    synthetic: Dataset
    target: str
    task: str
    strategy: Strategy
    choice: Choice
    seed: int
    flag: str | None
    only_synthetic: bool
    classes: tuple[ClassCount, ...]
    copies: tuple[float, float]
    proof: Proof | None
    verdict: Verdict | None
    notes: tuple[str, ...]
    config: Mapping[str, Any]
    seconds: Mapping[str, float]

    @property
    def rows(self) -> Dataset:
        """The real rows in their order, then the synthetic ones; with the flag if there is one."""
        parts = [self.synthetic.frame] if self.only_synthetic else [self.real.frame, self.synthetic.frame]
        frame = pd.concat(parts, ignore_index=True) if len(parts[-1]) and len(parts) > 1 else parts[0]
        schema = self.real.schema
        if self.flag is not None:
            made = np.ones(len(frame), dtype=bool)
            if not self.only_synthetic:
                made[: len(self.real)] = False
            frame = with_columns(frame, {self.flag: made})
            schema = replace(schema, columns=(*schema.columns, Column(self.flag, Kind.BOOLEAN, "bool")))
        return Dataset(frame, schema, self.real.source)

    @property
    def data(self) -> Any:
        """The rows as the kind of table that the real rows came in."""
        return export.to_native(self.rows)

    @property
    def table(self) -> pd.DataFrame:
        """Each model trained in each way: the measure, its gain over doing nothing and what synthetic rows gain over it."""
        return pd.DataFrame([_cells(row) for row in (self.proof.rows if self.proof else ())])

    def export(self, path: str | Path, *, format: str | None = None, config: ExportConfig | None = None) -> list[Path]:
        """Write the rows; the format follows the file's name if not given."""
        note("export", generator=self.choice.generator, seed=self.seed, rows=len(self.rows))
        return export.write(self.rows, path, format=format, config=config)

    def to_json(self) -> dict[str, Any]:
        """Everything but the rows, in plain JSON types."""
        return {
            "format": FORMAT,
            "smartsynth": __version__,
            "target": self.target,
            "task": self.task,
            "strategy": str(self.strategy),
            "generator": self.choice.generator,
            "seed": self.seed,
            "rows": {"real": len(self.real), "synthetic": len(self.synthetic)},
            "classes": [{"class": one.name, "real": one.real, "synthetic": one.added} for one in self.classes],
            "copies": {"synthetic": self.copies[0], "real": self.copies[1]},
            "verdict": None if self.verdict is None else self.verdict.to_json(),
            "proof": None if self.proof is None else proof_json(self.proof),
            "notes": list(self.notes),
            "config": dict(self.config),
            "seconds": {name: round(value, 3) for name, value in self.seconds.items()},
        }

    def report(self, path: str | Path) -> list[Path]:
        """Write the report: one HTML file that needs nothing else, and a JSON file with the same numbers beside it."""
        from smartsynth.augmentation.page import render

        path = Path(path)
        twin = json.dumps(self.to_json(), ensure_ascii=False, allow_nan=False, indent=1)
        parts = {path: render(self), path.with_suffix(".json"): f"{twin}\n"}
        atomic.write_files(parts)
        return list(parts)

    def __repr__(self) -> str:
        said = "not proved" if self.verdict is None else self.verdict.outcome
        return f"<Augmented: {len(self.real):,} real rows and {len(self.synthetic):,} synthetic ones; {said}>"


def proof_json(proof: Proof) -> dict[str, Any]:
    """A proof in plain JSON types."""
    return {
        "metric": proof.measure.key,
        "better": "lower" if proof.measure.lower else "higher",
        "folds": proof.trial.folds,
        "repeats": proof.trial.repeats,
        "rows": proof.n_rows,
        "synthetic_per_fold": round(proof.n_added, 1),
        "level": proof.level,
        "interval": "corrected resampled t (Nadeau & Bengio 2003)",
        "results": [
            {
                "model": row.model,
                "trained": row.arm.key,
                "value": to_json(row.value),
                "gain_over_nothing": None if row.over_nothing is None else row.over_nothing.to_json(),
                "gain_of_synthetic": None if row.of_synthetic is None else row.of_synthetic.to_json(),
                "others": to_json(dict(row.others)),
            }
            for row in proof.rows
        ],
    }


def _cells(row: Row) -> dict[str, Any]:
    found: dict[str, Any] = {"model": row.model, "trained": row.arm.key, "value": row.value}
    for name, gain in (("gain", row.over_nothing), ("synthetic_gains", row.of_synthetic)):
        found |= {
            name: np.nan if gain is None else gain.value,
            f"{name}_low": np.nan if gain is None else gain.low,
            f"{name}_high": np.nan if gain is None else gain.high,
        }
    return {**found, **row.others}
