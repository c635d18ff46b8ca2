"""One tool on the tables of a folder: FOLDER/train/*.parquet and schema.json in, FOLDER/made/*.parquet and times.json out."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pandas as pd

SEED = 1
Frames = dict[str, pd.DataFrame]


def smartsynth(train: Frames, schema: dict[str, Any]) -> tuple[Frames, dict[str, Any]]:
    from smartsynth import relational

    made = relational.synthesize(train, schema=schema, seed=SEED, evaluate=False)
    return made.tables, {"seconds": dict(made.timings), "left_out": {t: dict(r) for t, r in made.left_out.items()}}


def hma(train: Frames, schema: dict[str, Any]) -> tuple[Frames, dict[str, Any]]:
    import sdv
    from sdv.metadata import Metadata
    from sdv.multi_table import HMASynthesizer

    metadata = (
        Metadata.detect_from_dataframes(train, infer_keys=None)
        if "infer_keys" in Metadata.detect_from_dataframes.__code__.co_varnames
        else Metadata.detect_from_dataframes(train)
    )
    keys: dict[str, set[str]] = {}
    for table, one in schema["tables"].items():
        key = one.get("primary_key")
        if key is not None:
            keys.setdefault(table, set()).update([key] if isinstance(key, str) else key)
        for foreign in one.get("foreign_keys", ()):
            keys.setdefault(table, set()).add(foreign["columns"])
    for table, columns in keys.items():
        for column in columns:
            metadata.update_column(table_name=table, column_name=column, sdtype="id")
    for table, one in schema["tables"].items():
        if "primary_key" in one:
            metadata.set_primary_key(table_name=table, column_name=one["primary_key"])
    for table, one in schema["tables"].items():
        for foreign in one.get("foreign_keys", ()):
            metadata.add_relationship(
                parent_table_name=foreign["table"], child_table_name=table, child_foreign_key=foreign["columns"],
                parent_primary_key=schema["tables"][foreign["table"]]["primary_key"],
            )  # fmt: skip
    began = time.perf_counter()
    model = HMASynthesizer(metadata, verbose=False)
    model.fit(train)
    middle = time.perf_counter()
    made = model.sample_scale(1.0)
    return made, {"version": sdv.__version__, "fit": middle - began, "sample": time.perf_counter() - middle}


def mostly(train: Frames, schema: dict[str, Any]) -> tuple[Frames, dict[str, Any]]:
    from mostlyai import engine

    if len(train) != 2:
        raise SystemExit(
            "Error: the engine knows one context table; several tables are for the platform, which was not set up."
        )
    parent, child = train
    link = schema["tables"][child]["foreign_keys"][0]
    key = schema["tables"][parent]["primary_key"]
    engine.set_random_state(SEED)
    flat, sequential = tempfile.mkdtemp(), tempfile.mkdtemp()
    began = time.perf_counter()
    engine.split(tgt_data=train[parent].drop(columns=key), workspace_dir=flat, model_type="TABULAR")
    _learned(engine, flat)
    engine.split(
        tgt_data=train[child], ctx_data=train[parent], tgt_context_key=link["columns"], ctx_primary_key=key,
        workspace_dir=sequential, model_type="TABULAR",
    )  # fmt: skip
    _learned(engine, sequential)
    middle = time.perf_counter()
    engine.generate(sample_size=len(train[parent]), workspace_dir=flat)
    parents = pd.read_parquet(f"{flat}/SyntheticData").reset_index(drop=True)
    parents.insert(0, key, [f"made{i:06d}" for i in range(len(parents))])
    engine.generate(ctx_data=parents, workspace_dir=sequential)
    rows = pd.read_parquet(f"{sequential}/SyntheticData")
    return {parent: parents, child: rows}, {"fit": middle - began, "sample": time.perf_counter() - middle}


def _learned(engine: Any, folder: str) -> None:
    engine.analyze(workspace_dir=folder)
    engine.encode(workspace_dir=folder)
    engine.train(workspace_dir=folder, device="cpu", max_training_time=10.0)  # minutes


RUNNERS = {"smartsynth": smartsynth, "sdv-hma": hma, "mostlyai-engine": mostly}

if __name__ == "__main__":
    method, folder = sys.argv[1], Path(sys.argv[2])
    schema = json.loads((folder / "schema.json").read_text("utf-8"))
    train = {name: pd.read_parquet(folder / "train" / f"{name}.parquet") for name in schema["tables"]}
    made, said = RUNNERS[method](train, schema)
    (folder / "made").mkdir(exist_ok=True)
    for name, frame in made.items():
        frame[list(train[name].columns)].to_parquet(folder / "made" / f"{name}.parquet")
    (folder / "times.json").write_text(json.dumps(said), "utf-8")
