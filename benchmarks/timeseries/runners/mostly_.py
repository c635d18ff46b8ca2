"""MOSTLY AI's engine: TabularARGN for the players, and sequential TabularARGN for their rows, given the players.

Both models learn in the fit; when sampling, the flat one makes players with new ids, and the sequential one makes rows
for those. No real player goes in.
"""

from __future__ import annotations

import tempfile
from typing import Any

import common
import pandas as pd


def fit(panel: pd.DataFrame, task: common.Task) -> tuple[common.Made, dict[str, Any]]:
    from mostlyai import engine

    players = panel.groupby(task.entity, sort=True)[task.static].first().reset_index()
    seasons = panel.drop(columns=task.static)
    flat, sequential = tempfile.mkdtemp(), tempfile.mkdtemp()
    engine.set_random_state(task.seed)
    engine.split(tgt_data=players.drop(columns=task.entity), workspace_dir=flat, model_type="TABULAR")
    learned(flat, task.settings)
    engine.split(
        tgt_data=seasons, ctx_data=players, tgt_context_key=task.entity, ctx_primary_key=task.entity,
        workspace_dir=sequential, model_type="TABULAR",
    )  # fmt: skip
    learned(sequential, task.settings)
    said: dict[str, Any] = {"flat": progress(flat), "sequential": progress(sequential)}

    def sample(n: int) -> pd.DataFrame:
        engine.generate(sample_size=n, workspace_dir=flat)
        made = pd.read_parquet(f"{flat}/SyntheticData")[task.static].reset_index(drop=True)
        made.insert(0, task.entity, [f"made{i:06d}" for i in range(len(made))])
        engine.generate(ctx_data=made, workspace_dir=sequential)
        rows = pd.read_parquet(f"{sequential}/SyntheticData")
        said["players_without_rows"] = len(made) - rows[task.entity].nunique()
        return rows.merge(made, on=task.entity, how="inner", validate="many_to_one")

    return sample, said


def learned(folder: str, settings: dict[str, Any]) -> None:
    from mostlyai import engine

    engine.analyze(workspace_dir=folder)
    engine.encode(workspace_dir=folder)
    engine.train(workspace_dir=folder, device="cpu", **settings)


def progress(folder: str) -> dict[str, Any]:
    """The last line of the training's own log."""
    lines = pd.read_csv(f"{folder}/ModelStore/model-data/progress-messages.csv")
    return {"epochs": float(lines["epoch"].max()), "val_loss": float(lines["val_loss"].min())}


if __name__ == "__main__":
    common.main({"mostlyai-engine": fit}, ("mostlyai-engine", "torch", "pandas", "numpy"))
