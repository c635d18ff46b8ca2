"""SmartNoise's synthesizers with their defaults; the transformer is fitted on the public domain, not on the rows.

`1mb` holds AIM's model to one megabyte; `mended` draws rows without the faults of mbi that mbi_drawing.py shows.
"""

from __future__ import annotations

import contextlib
import sys
from typing import Any

import common
import pandas as pd
from mbi_drawing import mended


class Rows:
    """What SmartNoise draws from: a model of mbi whose rows follow it."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def synthetic_data(self, rows: int) -> Any:
        return mended(self.model).synthetic_data(rows=rows, method="sample")


def fit(method: str, rows: pd.DataFrame, sizes: dict[str, int], epsilon: float, delta: float) -> common.Model:
    from snsynth import Synthesizer, TableTransformer
    from snsynth.transform import LabelTransformer

    every = max(sizes.values())
    domain = pd.DataFrame({name: [i % size for i in range(every)] for name, size in sizes.items()})
    transformer = TableTransformer([LabelTransformer(nullable=False) for _ in sizes])
    transformer.fit(domain)
    limit = {"max_model_size": 1} if "-1mb" in method else {}
    model = Synthesizer.create(method.split("-")[1], epsilon=epsilon, delta=delta, **limit)
    with contextlib.redirect_stdout(sys.stderr):
        model.fit(rows, transformer=transformer)
    if method.endswith("-mended"):
        model.synthesizer = Rows(model.synthesizer)
    spent = float(transformer.odometer.spent[0])
    return common.Model(model.sample, {"epsilon_preprocessing": spent, "epsilon_model": float(model.epsilon)})


if __name__ == "__main__":
    common.main(fit, "smartnoise-synth")
