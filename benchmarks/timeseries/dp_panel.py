"""Private event panels: what the generator `dppanel` makes of baseball's players at several ε, an entity being what is protected.

    python benchmarks/timeseries/dp_panel.py --data FOLDER [--epsilon 1 4 10] [--seeds N]

One half of the players trains, the other half is the holdout. The detective is LightGBM on one row per player
(sequences.record_table), made ones against the holdout, 5 folds; `real` is the training half against the holdout. `same`
is how often a cell equals that of the player's row before, `names` the share of the holdout's rows whose team could be
named. The noise cannot be seeded, so
every figure is a mean over runs. The options are the defaults, which were chosen on these data.

    paid       ranges and categories are found within ε; nothing but the columns' kinds is public
    declared   the record books are public: ranges and categories are those of all rows
"""

from __future__ import annotations

import argparse
import itertools
import json
import platform
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from data import ROLES, baseball, halves

from smartsynth.inference import infer_schema
from smartsynth.metrics.detection import detection_auc
from smartsynth.metrics.rows import prepared
from smartsynth.models.dppanel_generator import DPPanelGenerator
from smartsynth.schema import Kind, Schema
from smartsynth.sequences import Panel, marked, record_table

DELTA = 1e-6
STICKY = ("team", "league")
OUT = Path(__file__).resolve().parents[2] / "docs" / "benchmarks" / "dp_panel.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets")
    parser.add_argument("--epsilon", type=float, nargs="+", default=[1.0, 4.0, 10.0])
    parser.add_argument("--seeds", type=int, default=1, help="runs at each ε")
    options = parser.parse_args()
    roles = ROLES["baseball"]
    train, holdout = halves(baseball(options.data), roles.entity)
    schema = marked(train, infer_schema(train), entity=roles.entity, time=roles.time)
    results = [{"what": "real", **figures(train, holdout, schema)}]
    print(json.dumps(results[0]), flush=True)
    both = declared(schema, pd.concat([train, holdout], ignore_index=True))
    for epsilon, public in itertools.product(options.epsilon, (False, True)):
        known = both if public else schema
        runs = [measured(train, holdout, known, epsilon, seed) for seed in range(options.seeds)]
        means = {key: float(np.mean([run[key] for run in runs])) for key in runs[0]}
        results.append({"what": "dppanel", "epsilon": epsilon, "declared": public, "runs": len(runs), **means})
        print(json.dumps(results[-1]), flush=True)
    command = "python benchmarks/timeseries/dp_panel.py --data DATA"
    machine = f"{platform.machine()}, one thread"
    OUT.write_text(
        json.dumps({"command": command, "delta": DELTA, "machine": machine, "results": results}, indent=1) + "\n"
    )


def declared(schema: Schema, rows: pd.DataFrame) -> Schema:
    """The schema with ranges and categories of the rows as public knowledge."""
    for column in schema:
        cells = rows[column.name].dropna()
        if column.kind in (Kind.CATEGORICAL, Kind.BOOLEAN):
            schema = schema.with_column(column.name, categories=tuple(sorted(cells.unique().tolist())))
        elif column.is_modelled:
            schema = schema.with_column(column.name, low=float(cells.min()), high=float(cells.max()))
    return schema


def measured(train: pd.DataFrame, holdout: pd.DataFrame, schema: Schema, epsilon: float, seed: int) -> dict[str, float]:
    """The figures of one run, with what it spent and how long it took."""
    model = DPPanelGenerator(epsilon=epsilon, delta=DELTA)
    begin, cpu = time.perf_counter(), time.process_time()
    model.fit(train, schema=schema)
    fit, fit_cpu = time.perf_counter() - begin, time.process_time() - cpu
    begin = time.perf_counter()
    made = model.sample(holdout[schema.entity.name].nunique(), seed=seed)
    sample = time.perf_counter() - begin
    found = figures(made, holdout, schema)
    return {
        **found,
        "entities": model.rows_,
        "spent": model.ledger_.spent(),
        "fit": fit,
        "fit_cpu": fit_cpu,
        "sample": sample,
    }


def figures(made: pd.DataFrame, holdout: pd.DataFrame, schema: Schema) -> dict[str, Any]:
    """How the rows differ from those of the holdout."""
    panels = [Panel.of(rows, schema) for rows in (made, holdout)]
    tables = [record_table(panel) for panel in panels]
    of_records = tables[1][1]
    both = Schema(tuple(column for column in of_records if column.name in tables[0][0]))
    layout, (ours, theirs) = prepared([table[list(both.names)] for table, _ in tables], both)
    entity, when = schema.entity.name, schema.time.name
    back = made.groupby(entity, sort=False)[when].diff() < 0
    return {
        "auc": detection_auc(ours, theirs, layout, seed=0),
        **{f"same_{name}": same(panels[0], name) for name in STICKY},
        **{f"same_{name}_holdout": same(panels[1], name) for name in STICKY},
        "names": float(holdout["team"].isin(made["team"]).mean()),
        "ks": float(np.mean([ks(made[c.name], holdout[c.name]) for c in schema.channels if c.name not in STICKY])),
        "length_ks": ks(pd.Series(panels[0].lengths), pd.Series(panels[1].lengths)),
        "time_goes_back": float(back.mean()),
    }


def same(panel: Panel, name: str) -> float:
    """How often a cell equals that of the entity's row before."""
    codes = pd.factorize(panel.frame[name], use_na_sentinel=False)[0]
    follows = np.ones(len(codes), bool)
    follows[panel.first] = False
    return float((codes[1:] == codes[:-1])[follows[1:]].mean())


def ks(a: pd.Series, b: pd.Series) -> float:
    """The largest difference between two distribution functions (Kolmogorov-Smirnov)."""
    from scipy.stats import ks_2samp

    return float(ks_2samp(a.dropna(), b.dropna()).statistic)


if __name__ == "__main__":
    main()
