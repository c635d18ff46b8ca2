"""How mbi draws rows, and how to do without its fault: correlation of columns that are independent given another.

FOLDER/opendp_/bin/python benchmarks/privacy/runners/mbi_drawing.py

Columns 1 to 3 are independent of each other and of column 0 too; the model knows each of them beside column 0 only. mbi
1.1.0, which OpenDP 0.16.0 and SmartNoise 1.0.8 ask for, gives rows their values in the order of the rows for every
column that hangs on the same one, so that such columns come out nearly sorted together; and it draws a column given
those that it was measured with, not given all of its clique in the junction tree. mbi has mended both since
(github.com/ryan112358/mbi, pull request 145).
"""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import Any

import numpy as np

ROWS, SIZES = 20_000, (2, 10, 10, 10)


def mended(model: Any) -> Any:
    """The same model on the cliques of its junction tree; with `method="sample"` its rows follow it."""
    from mbi import junction_tree

    tree, _ = junction_tree.make_junction_tree(model.domain, [set(clique) for clique in model.cliques])
    return model.replace(potentials=model.potentials.expand(list(tree.nodes)))


def main() -> None:
    from mbi import Domain, LinearMeasurement, estimation

    rng = np.random.default_rng(0)
    columns = [rng.integers(0, size, ROWS) for size in SIZES]
    names = [str(i) for i in range(len(SIZES))]
    known = [
        LinearMeasurement(np.histogram2d(columns[i], columns[0], bins=[SIZES[i], 2])[0].ravel(), (names[i], "0"), 1.0)
        for i in (1, 2, 3)
    ]
    model = estimation.mirror_descent(Domain(names, SIZES), known)
    found = {}
    for name, made in (
        ("default", model.synthetic_data(ROWS)),
        ("mended", mended(model).synthetic_data(ROWS, "sample")),
    ):
        rows = made.df
        found[name] = max(abs(float(np.corrcoef(rows[a], rows[b])[0, 1])) for a, b in ("12", "13", "23"))
    print(json.dumps({**found, "version": version("mbi")}))


if __name__ == "__main__":
    main()
