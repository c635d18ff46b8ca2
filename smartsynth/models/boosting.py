"""Boosted binary classifiers over small integer codes: trained by LightGBM, kept as flat arrays, run by numba.

The flat form has no thresholds in the units of the data, is read with allow_pickle=False, and scores rows without
LightGBM.

    Booster i owns trees  tree_of_booster[i] … tree_of_booster[i + 1]
    tree t    owns nodes  node_of_tree[t] … and leaves leaf_of_tree[t] …
    node      feature, threshold (code <= threshold goes left) or a bit set of category codes, children
              (a child c < 0 is the leaf ~c of the tree)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from smartsynth.models.soundness import check_trees
from smartsynth.threads import cores


class FlatTrees(NamedTuple):
    """All boosters of a model as arrays; see the module's drawing."""

    tree_of_booster: NDArray[np.int32]
    node_of_tree: NDArray[np.int32]
    leaf_of_tree: NDArray[np.int32]
    feature: NDArray[np.int16]
    threshold: NDArray[np.int32]
    bits_start: NDArray[np.int32]
    bits_length: NDArray[np.int32]
    left: NDArray[np.int16]
    right: NDArray[np.int16]
    value: NDArray[np.float32]
    bits: NDArray[np.uint32]

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The trees of a saved model.

        Raises:
            ModelFormatError: They lead beyond their arrays.
        """
        trees = cls(**{name: arrays[name] for name in cls._fields})
        check_trees(trees, _DTYPES)
        return trees


_DTYPES = {"feature": np.int16, "left": np.int16, "right": np.int16, "value": np.float32, "bits": np.uint32}


def flatten(boosters: Sequence[str]) -> FlatTrees:
    """Boosters, each as LightGBM's model text, in flat form."""
    out: dict[str, list[Any]] = {name: [] for name in FlatTrees._fields}
    for text in boosters:
        out["tree_of_booster"].append(len(out["node_of_tree"]))
        for section in text.split("\nTree=")[1:]:
            _append_tree(out, _fields_of(section))
    out["tree_of_booster"].append(len(out["node_of_tree"]))
    return FlatTrees(**{name: np.asarray(values, dtype=_DTYPES.get(name, np.int32)) for name, values in out.items()})


def _fields_of(section: str) -> dict[str, list[str]]:
    pairs = (line.split("=", 1) for line in section.splitlines() if "=" in line)
    return {key: value.split() for key, value in pairs}


def _append_tree(out: dict[str, list[Any]], tree: Mapping[str, list[str]]) -> None:
    out["node_of_tree"].append(len(out["feature"]))
    out["leaf_of_tree"].append(len(out["value"]))
    out["value"].extend(float(v) for v in tree["leaf_value"])
    if int(tree["num_leaves"][0]) == 1:
        # A tree without a split still gets a node, so that every tree starts with one.
        for name, value in (("feature", 0), ("threshold", 2**30), ("bits_start", 0), ("bits_length", 0)):
            out[name].append(value)
        out["left"].append(-1)
        out["right"].append(-1)
        return
    bounds = [int(b) for b in tree.get("cat_boundaries", [])]
    first_bit = len(out["bits"])
    out["bits"].extend(int(w) for w in tree.get("cat_threshold", []))
    for feature, threshold, kind in zip(tree["split_feature"], tree["threshold"], tree["decision_type"], strict=True):
        is_category = int(kind) & 1
        where = int(float(threshold)) if is_category else 0
        out["feature"].append(int(feature))
        out["threshold"].append(0 if is_category else int(np.floor(float(threshold))))
        out["bits_start"].append(first_bit + bounds[where] if is_category else 0)
        out["bits_length"].append(bounds[where + 1] - bounds[where] if is_category else 0)
    out["left"].extend(int(c) for c in tree["left_child"])
    out["right"].extend(int(c) for c in tree["right_child"])


@dataclass(frozen=True, slots=True)
class Training:
    """How a booster is trained (LightGBM's names)."""

    rounds: int
    learning_rate: float
    num_leaves: int
    min_data_in_leaf: int
    lambda_l2: float
    feature_fraction: float = 1.0
    bagging_fraction: float = 1.0


def train(
    X: NDArray[Any],
    y: NDArray[Any],
    *,
    categorical: Sequence[int],
    how: Training,
    rng: np.random.Generator,
    weight: NDArray[np.float64] | None = None,
    threads: int = 1,
    watch: Callable[[float], None] | None = None,
    objective: str = "binary",
) -> str:
    """LightGBM's model text of a classifier of `y` (0 or 1) with `how.rounds` trees, or of a `regression` of any `y`.

    `watch`, if given, is called after each tree with the log loss of the training rows in bits.
    """
    import lightgbm

    params: dict[str, Any] = {f.name: getattr(how, f.name) for f in fields(how) if f.name != "rounds"}
    params |= {
        "objective": objective, "verbosity": -1, "num_threads": threads, "max_bin": 255, "bagging_freq": 1,
        "seed": int(rng.integers(2**31)), "deterministic": True, "force_col_wise": True, "boost_from_average": True,
        "min_data_per_group": 20, "cat_smooth": 10, "max_cat_threshold": 32, "feature_pre_filter": False,
        "metric": "binary_logloss" if objective == "binary" else "l2",
    }  # fmt: skip
    data = lightgbm.Dataset(X, y, weight=weight, categorical_feature=list(categorical), params=params)
    if watch is None:
        return str(lightgbm.train(params, data, how.rounds).model_to_string())

    def after_tree(env: Any) -> None:
        watch(float(env.evaluation_result_list[0][2] / np.log(2)))

    booster = lightgbm.train(params, data, how.rounds, valid_sets=[data], callbacks=[after_tree])
    return str(booster.model_to_string())


def threads() -> int:
    """Threads to train with: one for each core that this process may use."""
    return cores()
