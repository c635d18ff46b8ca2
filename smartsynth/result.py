"""What a run gives back and what can be done with it: look at it, export it, save it.

saved run = saved model (models/base.py)
    + release.json: seed, rows that were released, file format, manifest
    + README.md: the model card
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from smartsynth import atomic, export
from smartsynth.config import RunConfig
from smartsynth.dataset import Dataset
from smartsynth.errors import ConfigError
from smartsynth.facts import Choice, Evaluation, FilterSummary, Identifier, Profile, Recoding, RuleFact
from smartsynth.image_pairs import NearestImages
from smartsynth.models.balancing import Balance
from smartsynth.models.base import Generator, check_free
from smartsynth.models.privacy_filter import Release
from smartsynth.privacy.audit import note
from smartsynth.privacy.ledger import Ledger
from smartsynth.report import cards, html
from smartsynth.resampling import RELEASE_FILE, RELEASE_FORMAT
from smartsynth.utils import visualizer

CARD_FILE = "README.md"


@dataclass(frozen=True, slots=True, repr=False)
class Result:
    """Synthetic rows, how they came about, and the evidence.

    Args:
        synthetic: The rows with their schema and the format of the real data.
        profile: What the real data look like.
        choice: The generator and why.
        model: The fitted generator.
        ledger: What looked at the real rows, and what that costs.
        filter: What the privacy filter did; None if it was off.
        recoding: What made the rows k-anonymous; None if `privacy.k_anonymity` is not set.
        identifiers: Columns that say who somebody is, and what was done about them.
        rules: What every row keeps, and what that took.
        evaluation: Every score beside its yardstick; None if `evaluate.enabled` is off.
        manifest: What travels with every exported file.
        config: All settings of the run, with the seed that was used.
        release: Which rows of the model's stream were released.
        balance: Which values were made equally often; None if they are as frequent as in the real data.
        timings: Seconds by stage.
    """

    synthetic: Dataset
    profile: Profile
    choice: Choice
    model: Generator
    ledger: Ledger
    filter: FilterSummary | None
    recoding: Recoding | None
    identifiers: tuple[Identifier, ...]
    rules: tuple[RuleFact, ...]
    evaluation: Evaluation | None
    manifest: Mapping[str, Any]
    config: RunConfig
    release: Release
    balance: Balance | None
    timings: Mapping[str, float]

    @property
    def data(self) -> Any:
        """The synthetic rows as the kind of table that the real rows came in."""
        return export.to_native(self.synthetic)

    def export(self, path: str | Path, *, format: str | None = None) -> list[Path]:
        """Write the rows, with their manifest and their data card beside them; the format follows the file's name if not given."""
        note("export", generator=self.choice.generator, seed=self.config.seed, rows=len(self.synthetic))
        card = cards.data_card(self.manifest, self.synthetic.schema)
        return export.write(
            self.synthetic, path, format=format, manifest=self.manifest, config=self.config.export, card=card
        )

    def report(self, path: str | Path) -> list[Path]:
        """Write the report: one HTML file that needs nothing else, and a JSON file with the same numbers beside it.

        Raises:
            ConfigError: The run was not evaluated.
        """
        if self.evaluation is None:
            raise ConfigError("evaluate.enabled=False: there are no scores to report. Switch the evaluation on.")
        context = {
            "name": self.synthetic.source.name,
            "manifest": self.manifest,
            "choice": self.choice,
            "filter": self.filter,
            "recoding": self.recoding,
            "identifiers": self.identifiers,
            "rules": self.rules,
            "ledger": self.ledger,
            "timings": self.timings,
        }
        return write_report(path, self.evaluation, self.profile, context)

    def recipe(self, path: str | Path) -> Path:
        """Write the manifest alone, from which `replay` makes the run again; it travels with every exported file, too."""
        return atomic.write_file(Path(path), export.as_json(self.manifest))

    def save(self, folder: str | Path) -> Path:
        """Save the model, and how to make exactly these rows again with `resample`. No real row is stored."""
        note("save model", generator=self.choice.generator, seed=self.config.seed)
        folder = Path(folder)
        check_free(folder)
        source = replace(self.synthetic.source, notes=(), name=folder.name, backend="pandas")
        record = {
            "format": RELEASE_FORMAT,
            "release": self.release.to_json(),
            "balance": None if self.balance is None else self.balance.to_json(),
            "source": asdict(source),
            "export": self.config.export.model_dump(mode="json"),
            "manifest": self.manifest,
        }
        with atomic.folder(folder) as work:
            self.model.save(work)
            (work / CARD_FILE).write_text(cards.model_card(self.manifest, self.synthetic.schema), "utf-8")
            (work / RELEASE_FILE).write_text(json.dumps(record, ensure_ascii=False, allow_nan=False), "utf-8")
        return folder

    def __repr__(self) -> str:
        return f"<Result: {len(self.synthetic):,} rows made by {self.choice.generator!r} with seed {self.config.seed}>"


def write_report(path: str | Path, evaluation: Evaluation, profile: Profile, context: Mapping[str, Any]) -> list[Path]:
    """Write an evaluation as one HTML file that needs nothing else, and its numbers as JSON beside it."""
    path = Path(path)
    pictures = visualizer.charts(evaluation)
    page = html.render(evaluation, pictures, profile=profile, context=context)
    twin = json.dumps(
        html.to_dict(evaluation, profile=profile, context=context), ensure_ascii=False, allow_nan=False, indent=1
    )
    parts = {path: page, path.with_suffix(".json"): f"{twin}\n"}
    atomic.write_files(parts)
    return list(parts)


def write_profile(path: str | Path, profile: Profile) -> Path:
    """Write a profile as one HTML file that needs nothing else."""
    return atomic.write_file(Path(path), html.render_profile(profile, visualizer.profile_charts(profile)))


def write_nearest(path: str | Path, found: NearestImages, *, name: str) -> Path:
    """Write synthetic images beside the training images nearest to them as one HTML file that its owner alone can read."""
    return atomic.write_file(Path(path), html.render_nearest(found, name=name), mode=0o600)
