"""SmartNoise's synthesizers with their defaults; the transformer is fitted on the public domain, not on the rows.

`1mb` holds AIM's model to one megabyte.
"""

from __future__ import annotations

import contextlib
import sys

import common
import pandas as pd


def fit(method: str, rows: pd.DataFrame, sizes: dict[str, int], epsilon: float, delta: float) -> common.Model:
    from snsynth import Synthesizer, TableTransformer
    from snsynth.transform import LabelTransformer

    every = max(sizes.values())
    domain = pd.DataFrame({name: [i % size for i in range(every)] for name, size in sizes.items()})
    transformer = TableTransformer([LabelTransformer(nullable=False) for _ in sizes])
    transformer.fit(domain)
    limit = {"max_model_size": 1} if method.endswith("-1mb") else {}
    model = Synthesizer.create(method.split("-")[1], epsilon=epsilon, delta=delta, **limit)
    with contextlib.redirect_stdout(sys.stderr):
        model.fit(rows, transformer=transformer)
    spent = float(transformer.odometer.spent[0])
    return common.Model(model.sample, {"epsilon_preprocessing": spent, "epsilon_model": float(model.epsilon)})


if __name__ == "__main__":
    common.main(fit, "smartnoise-synth")
