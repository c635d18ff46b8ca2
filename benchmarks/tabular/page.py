"""Writes docs/benchmarks.md and its pictures from the results in docs/benchmarks/*.json.

python benchmarks/tabular/page.py
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

DOCS = Path(__file__).parents[2] / "docs"
RESULTS = DOCS / "benchmarks"
Record = dict[str, Any]
TITLES = {"adult": "Adult", "magic": "MAGIC", "credit": "German credit", "nmes": "NMES"}


def main() -> None:
    parts = [INTRO]
    for name, section in (
        ("halves", halves), ("published", published), ("peers", peers), ("speed", speed), ("ablation", ablation),
        ("dp", private), ("dpctgan", private_network), ("dp_peers", private_peers), ("rules", rules),
    ):  # fmt: skip
        path = RESULTS / f"{name}.json"
        if path.is_file():
            found = json.loads(path.read_text("utf-8"))
            parts.append(section(found["results"], f"```console\n{found['command']}\n```\n"))
    (DOCS / "benchmarks.md").write_text("\n".join(parts).rstrip() + "\n", "utf-8")


INTRO = """# Benchmarks

<!-- no block is run: benchmarks take hours and need data that are not part of the project -->

Tables: the flagship generator `forest` with its one default configuration, on two CPU cores without a GPU. Every number
here is in a JSON file of `docs/benchmarks/`, written by the command beside it; `make bench-tabular DATA=… SCORER=…` runs
all of them but the peers, differential privacy and the privacy rules. The data sets are public (UCI Adult, UCI MAGIC,
UCI German credit, NMES).

How to read the measures:

- *detection*: AUC of a LightGBM detective that tells synthetic rows from real rows that nobody learnt from. 0.5 is ideal.
- *closeness*: share of synthetic rows nearer to a row learnt from than to one of as many unseen rows. 0.5 is ideal, more is
  a leak. Independent real rows differ from 0.5 too, by chance of the split: on Adult they have 0.510.
- *shape*, *trend*: mean difference of column distributions, and of pairs of columns, to unseen rows, in percent.
- *utility*: what a model trained on synthetic rows reaches on unseen real ones (AUC, R² for NMES).

A method that copies its training rows has perfect detection and trend. Read them beside closeness.
"""


def halves(results: list[Record], command: str) -> str:
    """One half trains, the other judges."""
    keys = ("c2st_ho", "dcr_share", "shape_ho", "trend_ho", "mle", "copies_tr", "lone_values", "fit", "sample")
    rows = []
    for name, title in TITLES.items():
        mine = [r for r in results if r["data"] == name]
        real = [r for r in mine if r["method"] != "forest"]
        made = [r for r in mine if r["method"] == "forest"]
        if not made:
            continue
        mean = {key: np.mean([r[key] for r in made]) for key in keys}
        spread = {key: np.std([r[key] for r in made]) for key in keys}
        rows.append([
            title, f"{mean['c2st_ho']:.3f} ± {spread['c2st_ho']:.3f}", f"{mean['dcr_share']:.3f} ± {spread['dcr_share']:.3f}",
            f"{mean['shape_ho']:.2f}", f"{mean['trend_ho']:.2f}", f"{mean['mle']:.3f}",
            f"{100 * mean['copies_tr']:.2f} %", f"{100 * mean['lone_values']:.2f} %", f"{mean['fit']:.1f} s", f"{mean['sample']:.1f} s",
        ])  # fmt: skip
        rows.append([
            "  real training rows", f"{real[0]['c2st_ho']:.3f}", "", f"{real[0]['shape_ho']:.2f}",
            f"{real[0]['trend_ho']:.2f}", f"{real[0]['mle']:.3f}", "", f"{100 * made[0]['lone_values_real']:.2f} % of unseen rows", "", "",
        ])  # fmt: skip
    header = ("", "detection", "closeness", "shape", "trend", "utility", "copies", "lone values", "fit", "sample")
    seeds = len({r["seed"] for r in results if r["seed"] is not None})
    return (
        f"## Halves\n\nOne half of the shuffled rows trains, the other judges; mean and standard deviation over {seeds} seeds. "
        "*Lone values*: share of numeric cells whose value one or two training rows alone have; below it the share of "
        "unseen real rows' cells, which have such values by chance.\n\n" + table(header, rows) + "\n" + command
    )


BEST = {
    # published by others on the same protocol: the best of TabSyn, TabDiff and TabPC, arXiv 2603.23016 (five seeds)
    "adult": {"shape": 0.58, "trend": 1.44, "c2st": 0.855, "mle": 0.916, "alpha": 0.996, "beta": 0.526, "dcr": 0.507},
    "magic": {"shape": 0.80, "trend": 0.82, "c2st": 0.860, "mle": 0.937, "alpha": 0.995, "beta": 0.505, "dcr": 0.501},
}


def published(results: list[Record], command: str) -> str:
    """The protocol of TabDiff, TabSyn and TabPC."""
    keys = ("c2st", "shape", "trend", "mle", "alpha", "beta", "dcr")
    rows = []
    for name in ("adult", "magic"):
        made = [r for r in results if r["data"] == name and r["method"] == "forest"]
        if not made:
            continue
        real = next(r for r in results if r["data"] == name and r["method"] != "forest")
        mean = {key: np.mean([r[key] for r in made]) for key in (*keys, "fit", "sample")}
        rows.append(
            [f"{TITLES[name]}, forest", *(f"{mean[key]:.3f}" for key in keys), f"{mean['fit'] + mean['sample']:.0f} s"]
        )
        rows.append(["  best published of three", *(f"{BEST[name][key]:.3f}" for key in keys), "39 s to 4 h, GPU"])
        rows.append(["  real training rows", "", "", "", f"{real['mle']:.3f}", "", "", "", ""])
    header = ("", "C2ST (XGBoost)", "shape %", "trend %", "MLE", "α-precision", "β-recall", "closeness", "time")
    seeds = len({r["seed"] for r in results if r["seed"] is not None})
    return (
        f"## Published protocol\n\nThe splits and measures of the TabDiff line of papers, mean of {seeds} seeds "
        "([metrics.py](https://github.com/smartsynth/smartsynth/blob/main/benchmarks/tabular/metrics.py) has the definitions). "
        "C2ST here is 1 when an XGBoost detective cannot tell synthetic from *training* rows. *Best published* takes the best "
        "of TabSyn, TabDiff and TabPC for each measure on its own (independent run of all three, arXiv 2603.23016); trend "
        "there has bins of its own for real and synthetic rows, which is not quite comparable.\n\n"
        + table(header, rows) + "\n" + command
    )  # fmt: skip


def peers(results: list[Record], command: str) -> str:
    """Side by side, and the frontier."""
    text = "## Peers\n\nSame half, same scorer, each method with its own defaults, on the same two cores.\n"
    for name in ("adult", "magic"):
        mine = [r for r in results if r["data"] == name]
        done = sorted((r for r in mine if "failed" not in r), key=lambda r: r["c2st_ho"])
        if not done:
            continue
        rows = [
            [
                r["method"], f"{r['c2st_ho']:.3f}", f"{r['dcr_share']:.3f}", f"{r['shape_ho']:.2f}", f"{r['trend_ho']:.2f}",
                f"{r['mle']:.3f}", f"{100 * r['copies_tr']:.1f} %", seconds(r["fit"]), seconds(r["sample"]), seconds(r["cpu"]),
                f"{r['gib_peak']:.1f} GiB",
            ]
            for r in done
        ]  # fmt: skip
        header = (
            "method",
            "detection",
            "closeness",
            "shape",
            "trend",
            "utility",
            "copies",
            "fit",
            "sample",
            "CPU",
            "memory",
        )
        picture = RESULTS / f"frontier-{name}.svg"
        picture.write_text(frontier(TITLES[name], done), "utf-8")
        text += f"\n### {TITLES[name]}\n\n![Detection against closeness]({RESULTS.name}/{picture.name})\n\n" + table(
            header, rows
        )
        failed = [r for r in mine if "failed" in r]
        text += "".join(f"\n- {r['method']}: {r['failed']}" for r in failed) + "\n"
    return text + "\n" + command


def speed(results: list[Record], command: str) -> str:
    """Time and memory."""
    rows = [
        [
            f"{r['rows']:,} × {r['columns']}", seconds(r["fit"]), f"{r['fit_cpu'] / r['fit']:.1f}", seconds(r["sample"]),
            f"{r['rows_per_second']:,.0f}", f"{r['gib_before']:.1f}", f"{r['gib_peak']:.1f}",
        ]
        for r in results
        if r["job"] != "given"
    ]  # fmt: skip
    header = ("table", "fit", "cores busy", "sample", "rows/s", "GiB before", "GiB at most")
    grown = [r for r in results if r["job"] == "rows"]
    (RESULTS / "growth.svg").write_text(growth(grown), "utf-8")
    text = (
        "## Speed and memory\n\nAdult resampled with noise to 15 columns, and 100 made-up columns; as many rows are made as "
        "were learnt.\n\n" + table(header, rows) + f"\n![Time to fit against rows]({RESULTS.name}/growth.svg)\n"
    )
    for given in (r for r in results if r["job"] == "given"):
        rows = [
            [", ".join(c["where"]), f"{c['seconds']:.1f} s", f"{c['effective_rows']:,.0f}"] for c in given["conditions"]
        ]
        text += "\n10,000 rows under conditions that about one real row in a hundred fulfils:\n\n"
        text += table(("condition", "time", "effective rows"), rows)
    return text + "\n" + command


def ablation(results: list[Record], command: str) -> str:
    """One part out at a time."""
    text = "## What each part brings\n\nHalves, mean of several seeds, one part taken out at a time.\n"
    header = ("", "detection", "closeness", "shape", "trend", "utility", "fit")
    for name in ("adult", "magic", "credit"):
        mine = [r for r in results if r["data"] == name]
        rows = [
            [
                r["part"], f"{r['c2st_ho']:.3f}", f"{r['dcr_share']:.3f}", f"{r['shape_ho']:.2f}", f"{r['trend_ho']:.2f}",
                f"{r['mle']:.3f}", seconds(r["fit"]),
            ]
            for r in mine
        ]  # fmt: skip
        if rows:
            text += f"\n### {TITLES[name]}, part by part, {mine[0]['seeds']} seeds\n\n" + table(header, rows)
    return text + "\n" + command


def private(results: list[Record], command: str) -> str:
    """Marginals and utility within budgets of differential privacy."""
    rows = []
    for r in results:
        if "what" in r:
            name, fit = r["what"], ""
        else:
            how = "declared" if r["declared"] else "paid for"
            tree = ", only a tree of pairs" if r["structure"] == "tree" else ""
            name, fit = f"ε = {r['epsilon']:g}, ranges and categories {how}{tree}", seconds(r["fit"])
        rows.append([name, *(f"{r[key]:.4f}" for key in ("one", "two", "three")), f"{r['utility']:.3f}", fit])
    header = ("", "1-way", "2-way", "3-way", "utility", "fit")
    return (
        "## Differential privacy\n\nThe generator `marginal` on Adult in 14 columns at δ = 1e-9: mean total variation distance of "
        "all marginals of one, two and three columns on all 48,842 rows, beside a bootstrap of the real rows; and what LightGBM "
        "reaches on the test rows (AUC) after learning from rows made of the training rows alone. Means of two runs; "
        "the noise has no seed.\n\n" + table(header, rows) + "\n" + command
    )


def private_network(results: list[Record], command: str) -> str:
    """The neural generator within budgets of differential privacy."""
    rows = [
        [
            f"ε = {r['epsilon']:g}",
            *(f"{r[key]:.4f}" for key in ("one", "two", "three")),
            f"{r['utility']:.3f}",
            seconds(r["fit"]),
        ]
        for r in results
        if "epsilon" in r
    ]
    return (
        "### A neural generator with DP-SGD\n\nThe same for `dpctgan`, ranges and categories declared. Its columns on their own are set to "
        "what was measured of them; how they hang together, a critic learns from noisy gradients.\n\n"
        + table(("", "1-way", "2-way", "3-way", "utility", "fit"), rows) + "\n" + command
    )  # fmt: skip


TOOLS = {"smartsynth": "SmartSynth `marginal`", "dpmm": "dpmm", "smartnoise": "SmartNoise", "opendp": "OpenDP"}
VARIANTS = {
    "raw": "parts of its own", "tree": "only a tree of pairs", "mst": "MST", "aim": "AIM", "privbayes": "PrivBayes",
    "fixed": "Fixed", "income": "every column with income", "1mb": "model held to 1 MB", "mended": "rows mended",
}  # fmt: skip


def private_peers(results: list[Record], command: str) -> str:
    """Other projects' private tables beside ours."""
    runs: dict[tuple[float, str], list[Record]] = {}
    for r in results:
        if "epsilon" in r:
            runs.setdefault((r["epsilon"], r["method"]), []).append(r)
    rows, failed = [], []
    for (epsilon, method), group in runs.items():
        done = [r for r in group if "one" in r]
        why = [r[key] for r in group for key in ("failed", "open") if key in r]
        failed += [f"- {private_name(method)} at ε = {epsilon:g}: {reason}." for reason in why]
        if done:
            rows.append([private_name(method), f"{epsilon:g}", *private_means(done), done[0]["version"]])
    rows.sort(key=lambda row: (float(row[1]), row[4]))
    real, drawing = (
        next(r for r in results if r["method"] == name) for name in ("real training rows in parts", "mbi drawing")
    )
    header = ("", "ε", "1-way", "2-way", "3-way", "utility", "CPU", "version")
    found = table(header, [[real["method"], "", "", "", "", f"{real['utility']:.3f}", "", ""], *rows])
    text = PRIVATE_PEERS.format(default=drawing["default"], mended=drawing["mended"])
    return text + found + "".join(f"\n{line}" for line in failed) + ("\n\n" if failed else "\n") + command


def private_name(method: str) -> str:
    tool, *rest = method.split("-")
    return ", ".join([TOOLS[tool], *(VARIANTS[part] for part in rest)])


def private_means(runs: list[Record]) -> list[str]:
    errors = [f"{np.mean([r[key] for r in runs]):.4f}" for key in ("one", "two", "three")]
    learnt = [r["utility"] for r in runs if "utility" in r]
    return [*errors, f"{np.mean(learnt):.3f}" if learnt else "", seconds(float(np.mean([r["cpu"] for r in runs])))]


PRIVATE_PEERS = """### Other projects' private tables

The same rows, scores and δ. Nobody spends anything on preparing the data: every column's codes are public, numbers come in
the equal parts (or single values) in which errors are counted, and are written as the middle of their part; only *parts of
its own* starts from declared ranges, as above. Each tool has its own defaults and 20 minutes for a table of all rows on a
machine of two cores that did other work too; CPU is its processor time to fit and sample. One run each; those that made no
table are below.

*Rows mended*: OpenDP and SmartNoise draw rows with mbi 1.1.0, which orders columns alike that hang on the same column. In a
[trial](https://github.com/smartsynth/smartsynth/blob/main/benchmarks/privacy/runners/mbi_drawing.py) columns that are
independent given another came out with a correlation of {default:.3f}; drawn from the same model without that fault,
{mended:.3f}. mbi has [mended it](https://github.com/ryan112358/mbi/pull/145) since, but both tools ask for the older
version. These lines draw from the same model without the fault.

*Model held to 1 MB*: AIM's own limit for the size of its model, which is 80 MB or none by default. It grows with the budget
spent, and where nothing fits yet OpenDP's AIM stops: here after the single columns, with half its budget left.

What ε covers, as read in each tool's source and not proven by us: SmartSynth, all of it. dpmm, the model; its separate
`proc_epsilon` would come on top and is switched off here, and PrivBayes chooses pairs by a normalised mutual information
with the sensitivity of the plain one. SmartNoise, the model; preprocessing took 0 by its own odometer, and MST takes the
number of rows as known. OpenDP, all of it, as the ρ of zero-concentrated privacy that it converts to ε at δ itself.

"""


RULES = {
    # rule: its name, how its number is written, and what it is
    "smartsynth": (
        "SmartSynth",
        "p",
        "the attack battery. Number: corrected p-value of the strongest sign. Caught: the verdict is *leakage found*",
    ),
    "anonymeter any": (
        "Anonymeter, any of four",
        "risk",
        "Anonymeter 1.1.0, the next four with 500 attacks each. Number: risk beyond that of the holdout, here the highest. "
        "Caught: the 95 % interval of a risk lies above 0. The tool gives the interval and leaves the threshold to its user",
    ),
    "anonymeter univariate": (
        "Anonymeter, singling out by one column",
        "risk",
        "conditions on rare values of one column",
    ),
    "anonymeter multivariate": ("Anonymeter, singling out by three columns", "risk", "conditions on three columns"),
    "anonymeter linkability": ("Anonymeter, linkability", "risk", "two halves of the columns of a row"),
    "anonymeter inference": ("Anonymeter, inference", "risk", "income, class or visits from all other columns"),
    "nemo privacy": (
        "NeMo, not for the public",
        "grade",
        "the data privacy score of NeMo Safe Synthesizer 0.1.16, mean of membership and attribute inference protection, 0 to "
        "10. Caught: graded below *Excellent*, where its report advises against sharing with the public",
    ),
    "nemo partners": (
        "NeMo, not for partners",
        "grade",
        "the same score. Caught: graded below *Very Good*, where its report advises against sharing with trusted partners too",
    ),
    "nemo membership": (
        "NeMo, membership inference",
        "grade",
        "its part that looks for members, with the holdout that the tool keeps by itself (5 % of all rows, here 79 or 77). "
        "No threshold of its own",
    ),
    "nemo membership all": ("NeMo, the same with all holdout rows", "grade", "no threshold of its own"),
    "sdmetrics overfitting": (
        "SDMetrics, DCROverfittingProtection",
        "score",
        "SDMetrics 0.32.0, from 0 to 1, the best. No threshold. Categories were given as numbers, which its distances "
        "do not depend on",
    ),
    "sdmetrics baseline": (
        "SDMetrics, DCRBaselineProtection",
        "score",
        "the same, against random rows instead of a holdout. No threshold",
    ),
    "mostly share": (
        "mostlyai-qa, DCR share",
        "score",
        "mostlyai-qa 1.10.11, share of rows nearer to a training row than to a holdout row, the highest of several parts of "
        "the columns. No threshold; its report says that the share should not much exceed 50 %",
    ),
    "mostly same": (
        "mostlyai-qa, identical matches",
        "same",
        "share of rows identical to a training row / to a holdout row in that part of the columns. No threshold",
    ),
}
KINDS = {
    "leak 1 %": "1 % verbatim",
    "leak 5 %": "5 % verbatim",
    "jitter 1 %": "noise 1 %",
    "jitter 5 %": "noise 5 %",
    "jitter 20 %": "noise 20 %",
    "smote": "SMOTE",
    "cart leaf 1": "trees",
    "copy": "copy",
    "good": "good",
}


def rules(results: list[Record], command: str) -> str:
    """What the rules of several tools say about the same generators."""
    cells = {(r["data"], r["kind"], r["rule"]): r for r in results}
    known = [rule for rule in RULES if any(r["rule"] == rule for r in results)]
    runs = max(r["runs"] for r in results)
    text = (
        "## Privacy rules of other tools\n\nThe generators that the attack battery is tested with, each asked about "
        "by the privacy rules of several tools: 1,500 training, holdout and synthetic rows (NMES 1,468) of Adult with and without "
        f"its nearly unique column fnlwgt, MAGIC and NMES, {runs} runs each. *1 % verbatim*: training "
        "rows in an otherwise independent sample; *noise*: training rows with noise of that share of the standard deviation and as "
        "many categories changed; *SMOTE*: rows between neighbours; *trees*: one after the other, as deep as they go; *good*: "
        "independent real rows, of which every one caught is a false alarm.\n\nRuns caught by each rule that has a threshold, "
        "all data sets together:\n\n"
    )
    judged = [rule for rule in known if any("caught" in r for r in results if r["rule"] == rule)]
    rows = []
    for kind, title in KINDS.items():
        found = {rule: [r for r in results if (r["kind"], r["rule"]) == (kind, rule)] for rule in judged}
        rows.append([title, *(f"{sum(r['caught'] for r in f)} of {sum(r['runs'] for r in f)}" for f in found.values())])
    text += table(("", *(RULES[rule][0] for rule in judged)), rows)
    text += "\nThe rules, and the median of their seconds per run, on one core of a machine with other work:\n\n"
    for rule in known:
        title, _, what = RULES[rule]
        took = np.median([r["seconds"] for r in results if r["rule"] == rule])
        fewer = max(r["runs"] for r in results if r["rule"] == rule)
        few = f", {fewer} runs" if fewer < runs else ""
        text += f"- *{title}*, {took:.1f} s{few}: {what}.\n"
    for name, title in {"adult": "Adult", "adult without fnlwgt": "Adult without fnlwgt", **TITLES}.items():
        rows = [
            [RULES[rule][0], *(said(cells.get((name, kind, rule)), RULES[rule][1]) for kind in KINDS)] for rule in known
        ]
        if any(data == name for data, _, _ in cells):
            text += f"\n### {title}, privacy rules\n\n"
            text += "Median number, its word where the tool has one, and runs caught where there is a threshold.\n\n"
            text += table(("", *KINDS.values()), rows)
    return text + "\n" + command


def said(found: Record | None, form: str) -> str:
    """A number as its rule is read, and how many runs were caught."""
    if found is None:
        return ""
    value = found["value"]
    text = {
        "p": "p < 0.0001" if value < 1e-4 else f"p = {value:.2g}",
        "risk": f"{value:.3f}",
        "grade": f"{value:.1f} {found.get('words', '')}",
        "score": f"{value:.3f}",
        "same": f"{100 * value:.1f} % / {100 * found.get('holdout', 0):.1f} %",
    }[form]
    return text + (f", {found['caught']} of {found['runs']}" if "caught" in found else "")


def seconds(value: float) -> str:
    return f"{value:.1f} s" if value < 99.5 else f"{value / 60:.0f} min"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def frontier(title: str, results: list[Record]) -> str:
    """Detection against closeness: the nearer to the lower left corner, the better."""
    points = [(r["dcr_share"], r["c2st_ho"], r["method"]) for r in results]
    x0, x1 = min(0.49, *(p[0] for p in points)) - 0.005, max(p[0] for p in points) + 0.03
    return plot(
        f"{title}: detection AUC (lower is better) against closeness (0.5 is ideal)", points, (x0, x1), (0.5, 1.0),
        "closeness: share nearer to a training row", "detection AUC", lambda v: f"{v:.2f}",
    )  # fmt: skip


def growth(results: list[Record]) -> str:
    """Time to fit over n log n, relative to the smallest table."""
    first = results[0]
    base = first["fit"] / (first["rows"] * math.log(first["rows"]))
    points = [
        (math.log10(r["rows"]), r["fit"] / (r["rows"] * math.log(r["rows"])) / base, f"{r['fit']:.1f} s")
        for r in results
    ]
    return plot(
        "Time to fit per n log n, relative to the smallest table", points, (3.9, 6.3), (0.0, 1.2),
        "rows", "relative", lambda v: f"{v:.1f}", lambda v: f"10^{v:.1f}",
    )  # fmt: skip


def plot(
    title: str,
    points: Sequence[tuple[float, float, str]],
    xs: tuple[float, float],
    ys: tuple[float, float],
    x_name: str,
    y_name: str,
    y_text: Callable[[float], str],
    x_text: Callable[[float], str] | None = None,
) -> str:
    """Labelled points as SVG."""
    width, height, left, bottom, top = 760, 430, 60, 50, 40
    ys = (ys[0], max(ys[1], *(y for _, y, _ in points)))

    def at(x: float, y: float) -> tuple[float, float]:
        return (
            left + (x - xs[0]) / (xs[1] - xs[0]) * (width - left - 20),
            height - bottom - (y - ys[0]) / (ys[1] - ys[0]) * (height - bottom - top),
        )

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="#fff"/><text x="{left}" y="22" font-size="14">{title}</text>',
    ]
    for i in range(6):
        x, y = xs[0] + i / 5 * (xs[1] - xs[0]), ys[0] + i / 5 * (ys[1] - ys[0])
        px, py = at(x, ys[0])[0], at(xs[0], y)[1]
        parts.append(f'<line x1="{left}" x2="{width - 20}" y1="{py:.1f}" y2="{py:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{left - 6}" y="{py + 4:.1f}" text-anchor="end" fill="#444">{y_text(y)}</text>')
        parts.append(
            f'<text x="{px:.1f}" y="{height - bottom + 18}" text-anchor="middle" fill="#444">{(x_text or (lambda v: f"{v:.3f}"))(x)}</text>'
        )
    parts.append(f'<text x="{width / 2}" y="{height - 12}" text-anchor="middle">{x_name}</text>')
    parts.append(
        f'<text x="16" y="{height / 2}" text-anchor="middle" transform="rotate(-90 16 {height / 2})">{y_name}</text>'
    )
    taken: list[tuple[float, float]] = []
    for x, y, label in sorted(points):
        px, py = at(x, y)
        color = "#0f766e" if label == "forest" else "#b45309"
        ly = py + 4
        while any(abs(ly - other) < 13 and abs(px - place) < 110 for place, other in taken):
            ly -= 13
        taken.append((px, ly))
        parts.append(f'<circle cx="{px:.1f}" cy="{py:.1f}" r="5" fill="{color}"/>')
        parts.append(f'<text x="{px + 9:.1f}" y="{ly:.1f}" fill="{color}">{label}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


if __name__ == "__main__":
    main()
