"""Writes docs/benchmarks-timeseries.md from the figures in docs/benchmarks.

python benchmarks/timeseries/page.py
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

DOCS = Path(__file__).parents[2] / "docs"
SCORES = ("discriminative", "context_fid", "correlational", "predictive")
PUBLISHED = {
    "stocks": {
        "Diffusion-TS": (0.067, 0.147, 0.004, 0.036), "TimeGAN": (0.102, 0.103, 0.063, 0.038), "TimeVAE": (0.145, 0.215, 0.095, 0.039),
    },
    "energy": {
        "Diffusion-TS": (0.122, 0.089, 0.856, 0.250), "TimeGAN": (0.236, 0.767, 4.010, 0.273), "TimeVAE": (0.499, 1.631, 1.688, 0.292),
    },
}  # fmt: skip
"""Yuan & Qiao (2024), "Diffusion-TS", tables of windows of 24."""


def main() -> None:
    parts = [
        HEAD,
        windows(read("windows.json")),
        panels(read("panels.json")),
        timegan(read("timegan.json")),
        private(read("dp_panel.json")),
    ]
    (DOCS / "benchmarks-timeseries.md").write_text("\n".join(part for part in parts if part), "utf-8")


HEAD = """<!-- Made by benchmarks/timeseries/page.py from the figures in docs/benchmarks. -->

# Benchmarks of time series

Data are public: Stocks (3,685 days of Google's share, six channels), Energy (19,735 readings of 28 sensors), Lahman's baseball database
(107,429 seasons of 19,689 players) and the Mayo Clinic's PBC trial (1,945 visits of 312 patients). `make bench-timeseries` measures
everything again, `make bench-timeseries-peers` the other projects.
"""


def read(name: str) -> Any:
    """The figures of a benchmark; None if it was never run."""
    path = DOCS / "benchmarks" / name
    return json.loads(path.read_text("utf-8")) if path.is_file() else None


def windows(lines: list[dict[str, Any]] | None) -> str:
    """Published scores beside published figures, and the split by time."""
    if not lines:
        return ""
    out = ["## Windows of 24 rows", "", "`python benchmarks/timeseries/windows.py --data DATA`", ""]
    out += ["All scores are better when lower. Predictive is the error on real windows. `flow` is the mean over generators of seeds of",
            "their own, with their standard deviation; the real windows against themselves are the least that a score can show.", ""]  # fmt: skip
    for name in PUBLISHED:
        mine = [line for line in lines if line["set"] == name and line["protocol"] == "published"]
        if not mine:
            continue
        out += [
            f"### {name.capitalize()}",
            "",
            "| | Discriminative | Context-FID | Correlational | Predictive |",
            "| --- | --- | --- | --- | --- |",
        ]
        values = {score: [line[score] for line in mine] for score in SCORES}
        cells = [
            f"**{np.mean(v):.3g}**" + (f" ± {np.std(v, ddof=1):.2g}" if len(v) > 1 else "") for v in values.values()
        ]
        out.append(f"| `flow`, {counted(len(mine), 'seed')} | {' | '.join(cells)} |")
        if real := next((line["real"] for line in mine if "real" in line), None):
            out.append(f"| real windows | {' | '.join(f'{real[score]:.3g}' for score in SCORES)} |")
        for method, figures in PUBLISHED[name].items():
            out.append(f"| {method}, published | {' | '.join(f'{x:.3g}' for x in figures)} |")
        fits, devices = [line["fit_cpu_seconds"] for line in mine], {line["device"] for line in mine}
        out += ["", f"Training took {np.mean(fits):.0f} s of processor time ({', '.join(sorted(devices))}).", ""]
    apart = [line for line in lines if line["protocol"] in ("split", "blocks")]
    if apart:
        out += ["### What lies near to what was learnt from", "",
                "`Near` is the share of synthetic windows nearer to a training window than the 1 % quantile of the windows kept aside; beside it",
                "the same share of training windows, each against those that share no row with it: what another draw from the same process",
                "would have. Medians are distances to the nearest training window. Kept aside: the last fifth of the series, or every fifth",
                "stretch of 240 rows. A series that drifts, as the price of a share does, has later windows far from all earlier ones, so that",
                "`near` is large for the real windows too.", "",
                "| Set | Kept aside | Near, synthetic | Near, real | Median, synthetic | Median, real | Median, kept aside |",
                "| --- | --- | --- | --- | --- | --- | --- |"]  # fmt: skip
        out += [
            f"| {line['set']} | {'the last fifth' if line['protocol'] == 'split' else 'stretches'} | {line['near']:.1%} | {line['near_real']:.1%} | "
            f"{line['median']:.3g} | {line['real_median']:.3g} | {line['holdout_median']:.3g} |"
            for line in apart
        ]
        out.append("")
    return "\n".join(out)


def panels(lines: list[dict[str, Any]] | None) -> str:
    """Our panels beside other projects'."""
    if not lines:
        return ""
    out = ["## Event panels", "", "`python benchmarks/timeseries/panels.py --data DATA`", "",
           "Half of the entities trains; scores are against the other half. `real` is the training half itself.", ""]  # fmt: skip
    for name in ("baseball", "pbc2"):
        mine = [line for line in lines if line["set"] == name]
        if not mine:
            continue
        has = "utility" in mine[0]
        out += [f"### {name}", "", "| | Detection AUC | Steps, KS | Lengths, KS | Gaps, KS | Backwards |" + (" Utility AUC (real) |" if has else " Same team (unseen) |"),
                "| --- | --- | --- | --- | --- | --- | --- |"]  # fmt: skip
        for line in sorted(mine, key=lambda one: one["detection"]):
            many = f", {line['utility_of_many']:.3f} of five times as many" if "utility_of_many" in line else ""
            last = (
                f"{line['utility'][0]:.3f}{many} ({line['utility'][1]:.3f})"
                if has
                else "{:.3f} ({:.3f})".format(*line["same"]["team"])
            )
            out.append(
                f"| `{line['method']}`{seeded(line)} | {line['detection']:.3f} | {line['steps']:.4f} | {line['lengths']:.4f} | {line['gaps']:.4f} | "
                f"{line['backwards']} | {last} |"
            )
        ours = [line for line in mine if line["method"] == "panel"]
        if len(ours) > 1:
            out.append(mean_row(ours, has))
        out += ["", *(f"`panel`{seeded(line)}: {line['fit_cpu_seconds']} s of processor time to learn, {line['fit_seconds']} s on {line['cores']} cores at a "
                      f"load of {line['load']}, {line['sample_seconds']} s to draw {line['entities']:,} entities." for line in ours), ""]  # fmt: skip
    runs = read("timeseries_peers_runs.json")
    if runs:
        out += ["Read before you compare:", ""]
        out += [f"- {line['method']}: {line['remark']}" for line in runs["results"] if "remark" in line]
        out += [
            "",
            "Settings, versions and times: [timeseries_peers_runs.json](benchmarks/timeseries_peers_runs.json).",
            "",
        ]
    return "\n".join(out)


def seeded(line: dict[str, Any]) -> str:
    """`, seed 3`, of a generator that was run with several."""
    return f", seed {line['seed']}" if "seed" in line else ""


def mean_row(lines: list[dict[str, Any]], has_utility: bool) -> str:
    """The means over seeds as a row."""

    def mean(key: str, digits: int) -> str:
        return f"**{np.mean([line[key] for line in lines]):.{digits}f}**"

    last = f"**{np.mean([line['same']['team'][0] for line in lines]):.3f}**" if not has_utility else (
        f"**{np.mean([line['utility'][0] for line in lines]):.3f}**, **{np.mean([line['utility_of_many'] for line in lines]):.3f}** of five "
        f"times as many ({lines[0]['utility'][1]:.3f})"
    )  # fmt: skip
    return (
        f"| `panel`, mean | {mean('detection', 3)} | {mean('steps', 4)} | {mean('lengths', 4)} | {mean('gaps', 4)} | "
        f"{sum(line['backwards'] for line in lines)} | {last} |"
    )


def timegan(found: dict[str, Any] | None) -> str:
    """TimeGAN against its published scores."""
    if not found:
        return ""
    out = ["## TimeGAN", "", "`python benchmarks/timeseries/timegan.py --data DATA --device cpu --out docs/benchmarks/timegan.json`", "",
           f"Stocks, {found['minutes']} minutes of training on {found['device']} ({found['cpu_minutes']} minutes of processor time).", "",
           "| Score | Ours | Published |", "| --- | --- | --- |"]  # fmt: skip
    out += [f"| {key} | {found[key]['mean']:.3g} | {found[key]['published']:.3g} |" for key in SCORES if key in found]
    return "\n".join([*out, ""])


def private(found: dict[str, Any] | None) -> str:
    """Entity-level differential privacy."""
    if not found:
        return ""
    out = ["## Entity-level differential privacy", "", f"`{found['command']}`", "",
           f"Baseball, `dppanel`, δ = {found['delta']:g}, the entity protected with all its rows; {found['machine']}.", "",
           "| | Detection AUC | Same team (unseen) | Columns, KS | Lengths, KS | Fit, s of processor time |", "| --- | --- | --- | --- | --- | --- |"]  # fmt: skip
    for line in found["results"]:
        what = (
            "real"
            if line["what"] == "real"
            else f"ε = {line['epsilon']:g}" + (", ranges and categories declared" if line.get("declared") else "")
        )
        fit = f"{line['fit_cpu']:.0f}" if "fit_cpu" in line else ""
        out.append(
            f"| {what} | {line['auc']:.3f} | {line['same_team']:.3f} ({line['same_team_holdout']:.3f}) | {line['ks']:.3f} | "
            f"{line['length_ks']:.3f} | {fit} |"
        )
    return "\n".join([*out, ""])


def counted(n: int, what: str) -> str:
    """`1 seed`, `5 seeds`."""
    return f"{n} {what}{'' if n == 1 else 's'}"


if __name__ == "__main__":
    main()
