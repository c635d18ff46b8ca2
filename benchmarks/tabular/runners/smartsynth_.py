"""SmartSynth's own generators, with their defaults."""

from __future__ import annotations

import common
import pandas as pd

import smartsynth as ss


def fitted(name: str) -> common.Fit:
    def fit(rows: pd.DataFrame, seed: int):
        model = ss.create(name).fit(rows, seed=seed)
        return lambda n: model.sample(n, seed=seed)

    return fit


if __name__ == "__main__":
    common.main({"forest": fitted("forest"), "copula": fitted("copula")})
