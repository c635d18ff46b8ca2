"""docs/benchmarks-image.md from the figures that the benchmarks of this folder left in docs/benchmarks.

python benchmarks/image/page.py
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[1]))
from page_text import DOCS, found, table

Line = dict[str, Any]
HEAD = """<!-- Made by benchmarks/image/page.py from the figures in docs/benchmarks. -->

# Benchmarks of images

Data are public: the 10,000 digits of MNIST's test set, of which 8,000 are learnt and 2,000 kept aside, and PneumoniaMNIST (MedMNIST, CC BY 4.0).
`make bench-image` measures everything again. Distances are by EfficientNet-Lite0, and not those of Inception's features."""


def main() -> None:
    parts = [
        HEAD,
        digits(found("mnist")),
        private(found("image_private")),
        chests(found("pneumonia")),
        faces(found("faces")),
    ]
    (DOCS / "benchmarks-image.md").write_text("\n\n".join(part for part in parts if part) + "\n", "utf-8")


def digits(found: list[Line]) -> str:
    if not found:
        return ""
    rows = [
        [f"{one['device']}, {one['threads']} threads", f"{one['epochs']:g}", f"{one['fit_seconds']:.0f} ({one['fit_cpu_seconds']:.0f})",
         f"{one['rows']:,}", f"**{one['tstr'][0]:.3f}**", f"{one['tstr'][2]:.3f}", f"{one['tstr'][1]:.3f}", pair(one, "frechet_image", 1),
         f"{one['images_per_second_learnt']:.0f}, {one['images_per_second_painted']:.0f}", f"{one['load']}"]
        for one in found
    ]  # fmt: skip
    head = [
        "Machine", "Epochs", "Learnt in seconds (of processor)", "Digits", "Accuracy", "as many real", "all real", "Fréchet distance (real)",
        "Images a second learnt, painted", "Load",
    ]  # fmt: skip
    names = {
        "image_detection_auc": "Detection AUC", "kernel_image": "Kernel distance", "image_precision": "Precision", "image_recall": "Recall",
        "image_density": "Density", "image_coverage": "Coverage", "near_images": "Near copies by features", "near_pixels": "Near copies by pixels",
        "membership_auc": "Membership AUC",
    }  # fmt: skip
    last = found[-1]
    longer = "".join(f", and `--epochs {one['epochs']:g}`" for one in found[1:])
    scores = [[name, f"{last[key][0]:.4g}", f"{last[key][1]:.4g}"] for key, name in names.items()]
    return f"""## MNIST: what a classifier learns from synthetic digits

`python benchmarks/image/mnist.py --data DATA`{longer}

`diffusion` learns 8,000 digits; a small network learns from synthetic ones that passed the privacy filter and is tested on the 2,000 kept aside.

{table(head, rows)}

The last line's other scores, beside those of real training digits (of attacks: what is expected of no leak):

{table(["Score", "Synthetic", "Yardstick"], scores)}"""


def pair(one: Line, key: str, places: int) -> str:
    return f"{one[key][0]:.{places}f} ({one[key][1]:.{places}f})"


def private(found: list[Line]) -> str:
    if not found:
        return ""
    rows = [
        [f"`{one['generator']}`", f"{one['epsilon']:g}", f"{one['spent']:.3f}", f"{one['rows']:,}", accuracies(one), f"{one['real']:.3f}",
         f"{one['frechet'][0]:.0f} ({one['frechet'][1]:.0f})", f"{one['near'][0]:.1%}", f"{one['near'][2]:.3f}", f"{one['fit_seconds']:.1f}"]
        for one in found
    ]  # fmt: skip
    head = [
        "Generator", "ε", "spent", "Digits", "Accuracy", "all real", "Fréchet distance (real)", "Near copies (1 % expected)", "Membership AUC",
        "Learnt in seconds",
    ]  # fmt: skip
    asked = ", and `--generator dpdiffusion --epsilon 10 --runs 1 --rows 3000`"
    also = asked if any(one["generator"] == "dpdiffusion" for one in found) else ""
    return f"""## MNIST: within budgets of differential privacy

`python benchmarks/image/private.py --data DATA`{also}

δ = {found[0]["delta"]:g}; of several runs the mean, with the lowest and the highest. How the budget is shared and how many frequencies are
learnt was chosen on these data.

{table(head, rows)}"""


def accuracies(one: Line) -> str:
    mean, low, high = (f"{value:.3f}" for value in one["tstr"])
    return f"**{mean}** ({low} to {high}; {one['runs']} runs)" if one["runs"] > 1 else f"**{mean}**"


def chests(found: list[Line]) -> str:
    if not found:
        return ""
    rows = [
        [one["seed"], f"{one['epochs']:g}", f"{one['made']:,}", f"{one['alone']:.3f}", f"{one['repeated']:.3f}", f"**{one['synthetic']:.3f}**",
         f"{one['full']:.3f}", f"{one['recovered'][0]:.0%} ({one['recovered'][1]:.0%} to {one['recovered'][2]:.0%})"]
        for one in found
    ]  # fmt: skip
    head = ["Seed", "Epochs", "Synthetic", "Imbalanced", "repeated", "with synthetic", "full set", "Gap closed"]
    return f"""## PneumoniaMNIST: synthetic healthy chests for those that are missing

`python benchmarks/image/pneumonia.py --data DATA`

388 healthy X-rays beside 3,494 with pneumonia, and synthetic healthy ones of a generator that learnt from these alone. Balanced accuracy on
624 test images, the mean of ten networks; the share of the gap to the full set that is closed, with its 95 % interval over the test images.
Over 100 % is better than the full set, which is imbalanced too. Repeating the healthy ones until both are as many does as much here: what
these networks lack is balance.

{table(head, rows)}"""


def faces(found: list[Line]) -> str:
    if not found:
        return ""
    rows = [[one["set"], f"{one['images']:,}", f"{one['found']:.1%}", f"{one['ms']:.1f}"] for one in found]
    return f"""## Faces: where the profile finds some

`python benchmarks/image/faces.py --data DATA`

{table(["Images", "Number", "Seem to show a face", "Milliseconds an image"], rows)}"""


if __name__ == "__main__":
    main()
