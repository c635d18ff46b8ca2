"""What a run keeps while it works, so that one that was stopped goes on from there.

    training   how far a neural training is (models/training.py)
    learnt     the fitted model, why it was chosen, and the draw that rows were kept aside by
    released   which rows of the model's stream passed the privacy filter

With the same data, settings and seed, a run that goes on ends with the same rows as one that was never stopped. No real
row is kept.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smartsynth import registry
from smartsynth.facts import Choice, FilterSummary, from_json, to_json
from smartsynth.models.base import Generator
from smartsynth.models.privacy_filter import Release
from smartsynth.models.training import Checkpoints

LEARNT, RELEASED = "learnt", "released"


@dataclass(frozen=True, slots=True)
class Learnt:
    """What was learnt before a run was stopped.

    Args:
        choice: The generator and why.
        model: The fitted generator.
        draw: Seed of the draw by which rows were kept aside.
    """

    choice: Choice
    model: Generator
    draw: int


def keep_learnt(checkpoints: Checkpoints | None, learnt: Learnt) -> None:
    """Keep what was learnt; nothing happens without checkpoints."""

    def write(folder: Path) -> None:
        learnt.model.save(folder)
        _write(folder / "learnt.json", {"choice": to_json(learnt.choice), "draw": str(learnt.draw)})

    if checkpoints is not None:
        checkpoints.keep(LEARNT, write)


def recall_learnt(checkpoints: Checkpoints | None, checks: Sequence[Callable[..., Any]] = ()) -> Learnt | None:
    """What was learnt before the run was stopped, if it came so far; `checks` decide about its rules."""
    folder = None if checkpoints is None else checkpoints.find(LEARNT)
    if folder is None:
        return None
    record = json.loads((folder / "learnt.json").read_text("utf-8"))
    return Learnt(from_json(Choice, record["choice"]), registry.load(folder, checks=checks), int(record["draw"]))


def keep_released(checkpoints: Checkpoints | None, release: Release, summary: FilterSummary | None) -> None:
    """Keep which rows were released; nothing happens without checkpoints."""

    def write(folder: Path) -> None:
        folder.mkdir()
        _write(folder / "released.json", {"release": release.to_json(), "filter": to_json(summary)})

    if checkpoints is not None:
        checkpoints.keep(RELEASED, write)


def recall_released(checkpoints: Checkpoints | None) -> tuple[Release, FilterSummary | None] | None:
    """Which rows were released before the run was stopped, if it came so far."""
    folder = None if checkpoints is None else checkpoints.find(RELEASED)
    if folder is None:
        return None
    record = json.loads((folder / "released.json").read_text("utf-8"))
    summary = None if record["filter"] is None else from_json(FilterSummary, record["filter"])
    return Release.from_json(record["release"]), summary


def _write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, allow_nan=False), "utf-8")
