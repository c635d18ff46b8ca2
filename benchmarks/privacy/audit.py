"""Audit of the differentially private generator: how often true and halved noise are flagged, at several ε.

python benchmarks/privacy/audit.py [--runs 20]
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from smartsynth.models.dp_audit import audit
from smartsynth.privacy.noise import Noise


class Halved(Noise):
    def gaussian(self, counts: Any, *, sigma: float, sensitivity: float, what: str) -> Any:
        return super().gaussian(counts, sigma=sigma / 2, sensitivity=sensitivity, what=what)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20)
    runs = parser.parse_args().runs
    for epsilon in (1.0, 4.0):
        for name, noise in (("true noise", None), ("halved noise", Halved())):
            found = [audit(epsilon, noise=noise) for _ in range(runs)]
            flagged = sum(one.violated for one in found)
            bound, claimed = np.mean([one.bound for one in found]), found[0].claimed
            print(
                f"ε = {epsilon:g}, {name}: {flagged} of {runs} flagged, mean bound μ ≥ {bound:.3f} (claimed {claimed:.3f})",
                flush=True,
            )


if __name__ == "__main__":
    main()
