"""synthcity's TabDDPM, with its defaults."""

from __future__ import annotations

import common
import pandas as pd


def fit(rows: pd.DataFrame, seed: int):
    from synthcity.plugins import Plugins
    from synthcity.plugins.core.dataloader import GenericDataLoader

    model = Plugins().get("ddpm", random_state=seed)
    model.fit(GenericDataLoader(rows))
    return lambda n: model.generate(count=n).dataframe()


if __name__ == "__main__":
    common.main({"tabddpm-synthcity": fit})
