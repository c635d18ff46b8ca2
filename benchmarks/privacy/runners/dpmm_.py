"""dpmm's pipelines with their defaults; processing is off, for the codes are its result already."""

from __future__ import annotations

import common
import pandas as pd


def fit(method: str, rows: pd.DataFrame, sizes: dict[str, int], epsilon: float, delta: float) -> common.Model:
    from dpmm.pipelines import PIPELINE_DICT

    names = {"dpmm-mst": "mst", "dpmm-aim": "aim", "dpmm-privbayes": "priv-bayes"}
    name = next(
        one for one in PIPELINE_DICT if one.replace("_", "-") in (names[method], names[method].replace("-", ""))
    )
    pipeline = PIPELINE_DICT[name](epsilon=epsilon, delta=delta, disable_processing=True)
    pipeline.fit(rows, domain=sizes)
    return common.Model(lambda n: pipeline.generate(n_records=n), {"rho": float(pipeline.gen.generator.rho)})


if __name__ == "__main__":
    common.main(fit, "dpmm")
