"""Images by private evolution: a pretrained pipeline paints, and real images only vote, with noise, for what it painted.

    table       all columns but the images: noisy counts (marginal_generator.py), with a share of the budget
    begin       the pipeline, which has seen no real image, paints a population for rows of the table
    vote        each real image votes for the painted one of its label that looks most alike; the counts get Gaussian noise (evolution.py)
    vary        painted images with votes stay, and the pipeline paints others like them; then real images vote again
    sample      for each row of the table an image like one that was voted for

Nothing that is painted, kept or asked for depends on a real image but through these counts and the table.

Lin et al. (2024), "Differentially Private Synthetic Data via Foundation Model APIs 1: Images".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth import images
from smartsynth.metrics.image_features import Embedder, embedder
from smartsynth.models.base import State
from smartsynth.models.evolution import STAY, chosen, noisy, votes
from smartsynth.models.image_pipeline import ImagePipeline, check_name, lacking, not_too_many
from smartsynth.models.image_prompts import RowWords, check_template
from smartsynth.models.options import not_between, not_framed, not_whole
from smartsynth.models.pretrained import Base
from smartsynth.models.private_images import LOOKED_AT, THERE, PrivateImageGenerator
from smartsynth.models.stablediffusion_generator import BASE
from smartsynth.privacy.ledger import Budget
from smartsynth.progress import Progress, part
from smartsynth.schema import Column, Schema

PAINT_BLOCK = 16
"""Images that are painted together."""
REPORTED = 100
"""Real images that are looked at between two reports."""
LEAST_STRENGTH = 0.5
"""Of the last round's variations, as a share of the first one's."""

Pixels = NDArray[np.uint8]


class EvolveImagesGenerator(PrivateImageGenerator):
    """Images within a budget of differential privacy by a pretrained pipeline that sees none of them.

    Args:
        epsilon: Privacy budget ε: how much one person can change what comes out. 1 is strong, over 10 is weak.
        delta: Chance that the promise fails for one person.
        unit: Column that names persons, if one person has several rows; what is protected is a person, not a row.
        max_rows_per_unit: Most rows of one person that are used, drawn at random.
        base: Stable Diffusion pipeline that paints: a folder, or one of the hub.
        prompt: What an image is called, without anything that is secret, with names of columns in braces; empty tells all columns.
        avoid: What is not to be seen.
        population: Images that are voted for; fewer of them can be told from the noise better.
        rounds: Of votes; more need more noise each.
        strength: How far the first variations are from what was voted for, up to 1; the last ones are half as far.
        variation: How far the images that come out are from those that were voted for last, up to 1.
        resolution: Longer side in pixels at which images are painted; None takes that of the pipeline.
        side: Of the images that are made, in pixels; None takes the size that all images have.
        grey: With `side`: whether images are grey.
        framing: How images of another form are brought to it: `crop`, `pad` or `stretch`.
        steps: From noise to an image; more are slower, and a little better.
        guidance: How much more than learnt an image hangs on its prompt; 1 is as learnt.
    """

    name: ClassVar[str] = "evolveimages"
    summary: ClassVar[str] = (
        "Private evolution: a pretrained pipeline paints, and real images only vote, with noise; for images."
    )
    cost: ClassVar[float] = 100_000.0
    cost_rows: ClassVar[int] = 5_000
    cost_columns: ClassVar[float] = 0.0
    cost_per_sample: ClassVar[float] = 100_000.0
    effort: ClassVar[Mapping[str, int]] = {"population": 200, "rounds": 5}
    quality: ClassVar[float] = 0.0
    extra: ClassVar[str | None] = "dppipeline"
    block: ClassVar[int] = PAINT_BLOCK

    _pipeline: ImagePipeline | None = None

    def __init__(
        self,
        *,
        epsilon: float = 1.0,
        delta: float = 1e-9,
        unit: str | None = None,
        max_rows_per_unit: int = 1,
        base: str = BASE,
        prompt: str = "",
        avoid: str = "",
        population: int = 200,
        rounds: int = 5,
        strength: float = 0.8,
        variation: float = 0.3,
        resolution: int | None = None,
        side: int | None = None,
        grey: bool = False,
        framing: str = images.CROP,
        steps: int = 20,
        guidance: float = 3.0,
    ) -> None:
        self.epsilon = epsilon
        self.delta = delta
        self.unit = unit
        self.max_rows_per_unit = max_rows_per_unit
        self.base = base
        self.prompt = prompt
        self.avoid = avoid
        self.population = population
        self.rounds = rounds
        self.strength = strength
        self.variation = variation
        self.resolution = resolution
        self.side = side
        self.grey = grey
        self.framing = framing
        self.steps = steps
        self.guidance = guidance

    @classmethod
    def lacks(cls) -> str | None:
        return lacking(BASE)

    def _fit(self, data: pd.DataFrame, schema: Schema, rng: np.random.Generator, progress: Progress) -> None:
        column = self._check_options(schema)
        self._form = self._declared_form(column)
        progress(0.0, f"Opening the pipeline {self.base}")
        self._pipeline = ImagePipeline.open(self.base)
        self._origin = self._pipeline.base
        rows, budget = self._within_budget(data, schema)
        share = self._learn_table(rows, schema, column, budget, part(progress, 0.02, 0.05))
        people = self._rows_with_images(int(rng.integers(2**31)))
        self._prompts = RowWords.fit(people, schema, self.prompt, min_count=1)
        self._evolve(
            rows, column, people.iloc[: self.population], budget.part(1 - share), budget, rng, part(progress, 0.05, 1.0)
        )
        self.close(self._account(budget))

    def _rows_with_images(self, seed: int) -> pd.DataFrame:
        """Rows of the private table that have an image."""
        if self._table is None:
            return pd.DataFrame(index=range(self.population))
        rows = self._table.sample(LOOKED_AT, seed=seed)
        rows = rows[rows[THERE].astype(bool)] if THERE in rows.columns else rows
        if rows.empty:
            raise self._too_few_images()
        return rows.reset_index(drop=True)

    def _evolve(
        self, rows: pd.DataFrame, column: Column, people: pd.DataFrame, inner: Budget, budget: Budget, rng: np.random.Generator,
        progress: Progress,
    ) -> None:  # fmt: skip
        """Keep painted images that were voted for, each with its label and its share of the votes of that label."""
        known, pixels = self._known(rows, column)
        embed, kinds = embedder(), np.array(self._names_in(known), object)
        real = _alone(embed, pixels, part(progress, 0.0, 0.05))
        progress = part(progress, 0.05, 1.0)
        mu, step = inner.share(1 / self.rounds), 1 / (self.rounds + 1)
        theirs = np.array(self._names_in(people), object)
        painted = self._painted(people, rng, part(progress, 0.0, step))
        weights = np.ones(len(people))
        for turn in range(self.rounds):
            counted = votes(real, kinds, _points(embed, self._formed(painted)), theirs)
            weights = noisy(
                counted, turn, mu=mu, most=self.max_rows_per_unit, what="painted images", budget=inner, noise=self.noise
            )
            if turn + 1 < self.rounds:
                stay = chosen(weights, theirs, STAY, rng)
                report = part(progress, (turn + 1) * step, (turn + 2) * step)
                like = self._varied(painted[stay], people.iloc[stay], self._strength(turn), rng, report)
                painted, theirs = np.concatenate([painted[stay], like]), np.concatenate([theirs[stay]] * 2)
                people = pd.concat([people.iloc[stay]] * 2, ignore_index=True)
        budget.take(inner, "votes")
        progress(1.0, "Voted")
        kept = np.flatnonzero(weights) if weights.any() else np.arange(len(painted))
        self._parents, self._kinds = painted[kept], [str(kind) for kind in theirs[kept]]
        self._votes = weights[kept] if weights.any() else np.ones(len(kept))

    def _strength(self, turn: int) -> float:
        """Of the variations after a round."""
        share = turn / max(self.rounds - 2, 1)
        return float(self.strength) * (1 - (1 - LEAST_STRENGTH) * share)

    def _painted(self, rows: pd.DataFrame, rng: np.random.Generator, progress: Progress) -> Pixels:
        """Images for rows, as large as the pipeline paints them."""
        size = self._opened().size(self._form, self.resolution)

        def paint(at: slice, codes: Any, **how: Any) -> Pixels:
            return self._opened().paint(codes, size=size, **how)

        return self._in_parts(rows, rng, progress, "Painting images", paint)

    def _varied(
        self, pixels: Pixels, rows: pd.DataFrame, strength: float, rng: np.random.Generator, progress: Progress
    ) -> Pixels:
        """Images like others, for rows."""

        def vary(at: slice, codes: Any, **how: Any) -> Pixels:
            return self._opened().vary(pixels[at], codes, strength=strength, **how)

        return self._in_parts(rows, rng, progress, "Painting variations", vary)

    def _in_parts(
        self,
        rows: pd.DataFrame,
        rng: np.random.Generator,
        progress: Progress,
        message: str,
        paint: Callable[..., Pixels],
    ) -> Pixels:
        """Images for rows, a few at a time; `paint` is told which, their prompts and how."""
        pipeline, made = self._opened(), []
        for first in range(0, len(rows), PAINT_BLOCK):
            at = slice(first, first + PAINT_BLOCK)
            some = rows.iloc[at]
            share = part(progress, first / len(rows), (first + len(some)) / len(rows))
            made.append(
                paint(
                    at, pipeline.codes(self._prompts(some)), without=pipeline.codes([self.avoid]), rngs=_rngs(rng, len(some)),
                    steps=self.steps, guidance=float(self.guidance), report=_told_to(share, message),
                )
            )  # fmt: skip
        return np.concatenate(made)

    def _made(self, rows: pd.DataFrame, rng: np.random.Generator, progress: Progress) -> Pixels:
        kinds = np.array(self._kinds, object)
        chosen_parents = []
        for kind in self._names_in(rows):
            mine = np.flatnonzero(kinds == kind) if (kinds == kind).any() else np.arange(len(kinds))
            chosen_parents.append(int(rng.choice(mine, p=self._votes[mine] / self._votes[mine].sum())))
        return self._formed(self._varied(self._parents[chosen_parents], rows, float(self.variation), rng, progress))

    def _formed(self, painted: Pixels) -> Pixels:
        """Painted images in the declared form."""
        return images.stacked(images.brought(images.unstacked(painted), self._form, images.STRETCH))

    def _opened(self) -> ImagePipeline:
        """The pipeline, opened when it is first needed."""
        if self._pipeline is None:
            self._pipeline = ImagePipeline.again(self._origin)
        return self._pipeline

    def _check_options(self, schema: Schema) -> Column:
        wrong = check_name(self.base) + not_whole(self, ("population", "rounds", "steps"))
        wrong += not_between(self, {"guidance": 100, "strength": 1, "variation": 1})
        wrong += not_framed(self, ("resolution",)) + not_too_many(self.steps)
        if not isinstance(self.avoid, str):
            wrong.append(f"avoid={self.avoid!r} must be a text.")
        column = self._check_images(schema, wrong)
        check_template(self.prompt, schema)
        return column

    def _state(self) -> State:
        values: dict[str, Any] = {
            "prompts": self._prompts.to_json(), "base": asdict(self._origin), "kinds": self._kinds,
        }  # fmt: skip
        return self._with_table(values, {"parents": self._parents, "votes": self._votes})

    def _restore(self, state: State) -> None:
        values = state.values
        self._prompts, self._origin = RowWords.restore(values["prompts"]), Base(**values["base"])
        self._parents, self._votes = state.arrays["parents"], state.arrays["votes"]
        self._kinds, self._pipeline = list(values["kinds"]), None
        self._restore_table(state)


def _points(embed: Embedder, pixels: Pixels) -> NDArray[np.float32]:
    """Points of images, of length 1."""
    found = embed(pixels)
    return np.asarray(found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12), np.float32)


def _alone(embed: Embedder, pixels: Pixels, progress: Progress) -> NDArray[np.float32]:
    """Points of real images, each looked at as if it were alone, so that no other one changes its vote."""
    made = [_points(embed, pixels[:0])]
    for i in range(len(pixels)):
        made.append(_points(embed, pixels[i : i + 1]))
        if i % REPORTED == 0:
            progress(i / len(pixels), "Looking at images")
    return np.concatenate(made)


def _rngs(rng: np.random.Generator, n: int) -> list[np.random.Generator]:
    return [np.random.default_rng(int(rng.integers(2**63))) for _ in range(n)]


def _told_to(progress: Progress, message: str) -> Any:
    return lambda share: progress(share, message)
