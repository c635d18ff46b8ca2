"""Sequential CART as synthpop does it (Nowok, Raab & Dibben 2016): minimal leaf 5, a cell is drawn from its leaf's rows.

Columns in the order of the table; trees by scikit-learn; categories one-hot as features.
"""

from __future__ import annotations

import common
import numpy as np
import pandas as pd


def fit(rows: pd.DataFrame, seed: int):
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    kinds = common.is_number(rows)
    levels = {c: sorted(rows[c].astype(str).unique()) for c, number in kinds.items() if not number}

    def features(table: pd.DataFrame, names: list[str]) -> np.ndarray:
        parts = [
            table[[c]].to_numpy(float) if kinds[c] else table[c].astype(str).to_numpy()[:, None] == np.array(levels[c])
            for c in names
        ]
        return np.concatenate(parts, axis=1).astype(np.float32)

    names, trees = list(rows.columns), []
    for i, name in enumerate(names[1:], 1):
        kind = DecisionTreeRegressor if kinds[name] else DecisionTreeClassifier
        y = rows[name] if kinds[name] else rows[name].astype(str)
        tree = kind(min_samples_leaf=5, random_state=seed).fit(features(rows, names[:i]), y)
        leaves = tree.apply(features(rows, names[:i]))
        members = {leaf: np.flatnonzero(leaves == leaf) for leaf in np.unique(leaves)}
        trees.append((tree, members))

    def sample(n: int) -> pd.DataFrame:
        rng = np.random.default_rng(seed)
        made = pd.DataFrame({names[0]: rng.choice(rows[names[0]], n)})
        for i, (tree, members) in enumerate(trees, 1):
            leaves = tree.apply(features(made, names[:i]))
            donors = np.array([rng.choice(members[leaf]) for leaf in leaves])
            made[names[i]] = rows[names[i]].to_numpy()[donors]
        return made

    return sample


if __name__ == "__main__":
    common.main({"synthpop-cart": fit})
