"""SDV 2: GaussianCopula, CTGAN and TVAE with their defaults (300 epochs)."""

from __future__ import annotations

import warnings

import common
import pandas as pd


def fitted(name: str) -> common.Fit:
    def fit(rows: pd.DataFrame, seed: int):
        from sdv import single_table
        from sdv.metadata import Metadata

        warnings.simplefilter("ignore")
        common.torch_seed(seed)
        kinds = {c: "numerical" if number else "categorical" for c, number in common.is_number(rows).items()}
        columns = {c: {"sdtype": kind} for c, kind in kinds.items()}
        metadata = Metadata.load_from_dict({"tables": {"table": {"columns": columns}}})
        model = getattr(single_table, name)(metadata)
        model.fit({"table": rows})
        return lambda n: model.sample(n)["table"]

    return fit


if __name__ == "__main__":
    common.main({
        "sdv-gaussian-copula": fitted("GaussianCopulaSynthesizer"),
        "sdv-ctgan": fitted("CTGANSynthesizer"),
        "sdv-tvae": fitted("TVAESynthesizer"),
    })  # fmt: skip
