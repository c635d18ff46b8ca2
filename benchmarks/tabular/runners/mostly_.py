"""MOSTLY AI's engine (TabularARGN) with its defaults."""

from __future__ import annotations

import tempfile

import common
import pandas as pd


def fit(rows: pd.DataFrame, seed: int):
    from mostlyai import engine

    common.torch_seed(seed)
    folder = tempfile.mkdtemp()
    engine.set_random_state(seed)
    engine.split(tgt_data=rows, workspace_dir=folder, model_type="TABULAR")
    engine.analyze(workspace_dir=folder)
    engine.encode(workspace_dir=folder)
    engine.train(workspace_dir=folder)

    def sample(n: int) -> pd.DataFrame:
        engine.generate(sample_size=n, workspace_dir=folder)
        return common.like(pd.read_parquet(f"{folder}/SyntheticData"), rows)

    return sample


if __name__ == "__main__":
    common.main({"mostlyai-engine": fit})
