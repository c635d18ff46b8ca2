"""Adversarial random forests (Watson et al. 2023), the package arfpy, with its defaults."""

from __future__ import annotations

import common
import pandas as pd


def fit(rows: pd.DataFrame, seed: int):
    from arfpy import arf

    kinds = common.is_number(rows)
    table = rows.assign(**{c: rows[c].astype("category") for c, number in kinds.items() if not number})
    model = arf.arf(x=table, random_state=seed, verbose=False)
    model.forde()
    return lambda n: common.like(model.forge(n=n), rows)


if __name__ == "__main__":
    common.main({"arf": fit})
