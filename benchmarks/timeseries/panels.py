"""Event panels: generators beside each other on one split by entity, scored against the entities that none of them saw.

    python benchmarks/timeseries/panels.py --data DATA [--sets baseball pbc2] [--seeds 1] [--peers out/peers/timeseries]

Half of the entities trains (data.py). What peers.py left in `--peers` is scored in the same way. Scores:

    detection    AUC of boosted trees that tell synthetic from unseen entities by one row per entity (sequences.record_table), mean
                 of five folds; 0.5 is ideal
    steps        Kolmogorov-Smirnov distance of the differences from row to row, mean and highest over the numbers
    lengths      the same of the rows per entity
    gaps         the same of the times between rows
    backwards    rows that lie before the row before them
    same         share of rows with the category of the row before, for each category
    utility      AUC of boosted trees trained on synthetic entities that predict the target of unseen ones (pbc2: status2), beside
                 that of the real ones; `utility_of_many` with five times as many synthetic entities as real ones

The line `real` scores the training entities themselves: the yardstick. Writes docs/benchmarks/panels.json.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from data import PANELS, ROLES, halves

from smartsynth.inference import infer_schema
from smartsynth.registry import create
from smartsynth.schema import Kind, Schema
from smartsynth.sequences import Panel, marked, record_table, times

TARGETS = {"pbc2": "status2"}
MANY = 5
OUT = Path(__file__).parents[2] / "docs" / "benchmarks" / "panels.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", choices=PANELS, default=list(PANELS))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--peers", type=Path, default=Path("out/peers/timeseries"))
    parser.add_argument("--only-peers", action="store_true", help="score what is in --peers and nothing else")
    options = parser.parse_args()
    found: list[dict[str, Any]] = json.loads(OUT.read_text("utf-8")) if OUT.is_file() else []
    for name in options.sets:
        roles = ROLES[name]
        train, holdout = halves(PANELS[name](options.data), roles.entity)
        schema = marked(train, infer_schema(train), entity=roles.entity, time=roles.time)
        lines = [] if options.only_peers else [scores(name, "real", train, holdout, schema, train)]
        lines += [
            peer(name, path, train, holdout, schema) for path in sorted(options.peers.glob(f"*/{name}/synthetic.csv"))
        ]
        for seed in range(0 if options.only_peers else options.seeds):
            lines.append(ours(name, train, holdout, schema, seed))
        for line in lines:
            print(json.dumps(line), flush=True)
            found = [
                one
                for one in found
                if (one["set"], one["method"], one.get("seed")) != (line["set"], line["method"], line.get("seed"))
            ]
            found.append(line)
        OUT.write_text(json.dumps(found, indent=1) + "\n", "utf-8")


def ours(name: str, train: pd.DataFrame, holdout: pd.DataFrame, schema: Schema, seed: int) -> dict[str, Any]:
    """Scores of `panel` with its default options."""
    began, cpu = time.perf_counter(), time.process_time()
    model = create("panel").fit(train, schema=schema, seed=seed)
    fitted, used = time.perf_counter(), time.process_time()
    n = train[schema.entity.name].nunique()  # type: ignore[union-attr]
    made = model.sample(n, seed=seed + 1)
    line = scores(name, "panel", made, holdout, schema, train)
    if name in TARGETS:
        many, unseen = (Panel.of(f, schema) for f in (model.sample(MANY * n, seed=seed + 1), holdout))
        line["utility_of_many"] = round(utility(many, unseen, TARGETS[name]), 4)
    return {
        **line, "seed": seed, "fit_seconds": round(fitted - began), "fit_cpu_seconds": round(used - cpu),
        "sample_seconds": round(time.perf_counter() - fitted), "cores": len(os.sched_getaffinity(0)),
        "load": round(os.getloadavg()[0], 1),
    }  # fmt: skip


def peer(name: str, path: Path, train: pd.DataFrame, holdout: pd.DataFrame, schema: Schema) -> dict[str, Any]:
    """Scores of another project's rows."""
    made = pd.read_csv(path)[list(train.columns)]
    return scores(name, path.parents[1].name, made, holdout, schema, train)


def scores(
    name: str, method: str, made: pd.DataFrame, holdout: pd.DataFrame, schema: Schema, train: pd.DataFrame
) -> dict[str, Any]:
    """All scores of one set of synthetic rows, as they come in the file: nobody puts them in order."""
    raw, s, h = made, Panel.of(made, schema), Panel.of(holdout, schema)
    numbers = [c.name for c in schema.channels if c.kind is Kind.NUMERIC]
    names = [c.name for c in schema.channels if c.kind is not Kind.NUMERIC]
    steps = {c: ks(steps_of(s, c), steps_of(h, c)) for c in numbers}
    line: dict[str, Any] = {
        "set": name, "method": method, "entities": len(s), "rows": len(made), "detection": round(detection(s, h), 4),
        "steps": round(float(np.mean(list(steps.values()))), 4), "steps_worst": round(max(steps.values()), 4),
        "lengths": round(ks(s.lengths, h.lengths), 4), "gaps": round(ks(gaps_of(s), gaps_of(h)), 4),
        "backwards": backwards(raw, schema),
        "same": {c: [round(same(p, c), 3) for p in (s, h)] for c in names},
    }  # fmt: skip
    if name in TARGETS:
        line["utility"] = [round(utility(p, h, TARGETS[name]), 4) for p in (s, Panel.of(train, schema))]
    return line


def detection(s: Panel, h: Panel) -> float:
    """Mean AUC over five folds of telling two panels' entities apart."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.model_selection import StratifiedKFold, cross_val_score

    tables = [record_table(p)[0] for p in (s, h)]
    n = min(map(len, tables))
    both = coded(pd.concat([t.sample(n, random_state=0) for t in tables], ignore_index=True))
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    judge = HistGradientBoostingClassifier(random_state=0)
    return float(cross_val_score(judge, both, np.repeat([1, 0], n), cv=folds, scoring="roc_auc").mean())


def utility(learnt: Panel, tested: Panel, target: str) -> float:
    """AUC on unseen entities of boosted trees that learnt a static target from one row per entity."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score

    tables = [record_table(p)[0].drop(columns=["status", "years"], errors="ignore") for p in (learnt, tested)]
    both = coded(pd.concat([t.drop(columns=target) for t in tables], ignore_index=True))
    labels = [t[target].astype(int).to_numpy() for t in tables]
    n = len(labels[0])
    model = HistGradientBoostingClassifier(max_iter=60, learning_rate=0.05, max_leaf_nodes=8, random_state=0)
    return float(roc_auc_score(labels[1], model.fit(both.iloc[:n], labels[0]).predict_proba(both.iloc[n:])[:, 1]))


def coded(table: pd.DataFrame) -> pd.DataFrame:
    """Categories as numbers."""
    return table.apply(
        lambda c: c if pd.api.types.is_numeric_dtype(c.dtype) else pd.Series(pd.factorize(c)[0], c.index)
    )


def ks(one: Any, two: Any) -> float:
    """Kolmogorov-Smirnov distance of the known values."""
    from scipy.stats import ks_2samp

    known = [np.asarray(x, np.float64)[~np.isnan(np.asarray(x, np.float64))] for x in (one, two)]
    return float(ks_2samp(*known).statistic)


def steps_of(panel: Panel, name: str) -> np.ndarray:
    """Difference of each row to the row before of the same entity."""
    steps = np.diff(panel.frame[name].to_numpy(np.float64), prepend=np.nan)
    steps[panel.first] = np.nan
    return steps


def gaps_of(panel: Panel) -> np.ndarray:
    """Time of each row since the row before of the same entity."""
    gaps = np.diff(times(panel.frame, panel.schema), prepend=np.nan)
    gaps[panel.first] = np.nan
    return gaps


def backwards(frame: pd.DataFrame, schema: Schema) -> int:
    """Rows that lie before the row before them, as the rows come."""
    assert schema.entity is not None and schema.time is not None
    when = pd.Series(times(frame, schema)).groupby(frame[schema.entity.name].to_numpy()).diff()
    return int((when < 0).sum())


def same(panel: Panel, name: str) -> float:
    """Share of rows with the category of the row before."""
    codes = pd.factorize(panel.frame[name], use_na_sentinel=False)[0]
    follows = np.setdiff1d(np.arange(len(codes)), panel.first)
    return float((codes[follows] == codes[follows - 1]).mean())


if __name__ == "__main__":
    main()
