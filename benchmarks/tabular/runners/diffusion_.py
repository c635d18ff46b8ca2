"""Forest-Diffusion (Jolicoeur-Martineau et al. 2024): a diffusion model whose score functions are XGBoost trees."""

from __future__ import annotations

import common
import numpy as np
import pandas as pd


def fit(rows: pd.DataFrame, seed: int):
    from ForestDiffusion import ForestDiffusionModel

    kinds = common.is_number(rows)
    levels = {c: sorted(rows[c].astype(str).unique()) for c, number in kinds.items() if not number}
    table = np.column_stack([
        rows[c].to_numpy(float) if number else rows[c].astype(str).map(levels[c].index).to_numpy(float)
        for c, number in kinds.items()
    ])  # fmt: skip
    places = [i for i, number in enumerate(kinds.values()) if not number]
    binary = [i for i in places if len(levels[rows.columns[i]]) == 2]
    model = ForestDiffusionModel(
        table, label_y=None, n_t=50, duplicate_K=10, bin_indexes=binary,
        cat_indexes=[i for i in places if i not in binary], int_indexes=[], diffusion_type="flow", n_jobs=2, seed=seed,
    )  # fmt: skip

    def sample(n: int) -> pd.DataFrame:
        made = pd.DataFrame(model.generate(batch_size=n), columns=rows.columns)
        for c, known in levels.items():
            made[c] = [known[int(i)] for i in made[c].round().clip(0, len(known) - 1)]
        return common.like(made, rows)

    return sample


if __name__ == "__main__":
    common.main({"forest-diffusion": fit})
