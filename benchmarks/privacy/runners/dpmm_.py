"""dpmm's pipelines with their defaults; processing is off, for the codes are its result already.

`1mb` holds the model to one megabyte; by default a pipeline sets no limit.
"""

from __future__ import annotations

import common
import pandas as pd


def fit(method: str, rows: pd.DataFrame, sizes: dict[str, int], epsilon: float, delta: float) -> common.Model:
    from dpmm.pipelines import PIPELINE_DICT

    mechanism = method.split("-")[1].replace("privbayes", "priv-bayes")
    limit = 1 if method.endswith("-1mb") else None
    pipeline = PIPELINE_DICT[mechanism](epsilon=epsilon, delta=delta, max_model_size=limit, disable_processing=True)
    pipeline.fit(rows, domain=sizes)
    return common.Model(lambda n: pipeline.generate(n_records=n), {"rho": float(pipeline.gen.generator.rho)})


if __name__ == "__main__":
    common.main(fit, "dpmm")
