"""Whether arrays of a saved model stay within their bounds, asked before compiled loops follow them.

Compiled loops look at no bounds: a place beyond an array's end, in a model from a stranger, would read or write memory that belongs to
something else. So where a place leads is checked once when a model is loaded, and what depends on the codes of rows when they are drawn.

    check_chain   forests of count trees (autoregression.Chain)
    check_trees   boosted trees (boosting.FlatTrees)
    guarded       a chain whose tables have an end that no code leads beyond
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from smartsynth.errors import ModelFormatError

if TYPE_CHECKING:
    from smartsynth.models.autoregression import Chain, Codes
    from smartsynth.models.boosting import FlatTrees

MOST_CODES = 1 << 16
MOST_SCORES = 8
LEAF = -1
FEATURE, THRESHOLD, BITS, LEFT = range(4)


def check_chain(chain: Chain, columns: int, dtypes: dict[str, Any]) -> None:
    """Whether every place in a chain leads to where something is.

    Args:
        chain: As it was read.
        columns: Columns of the blocks that it fills.
        dtypes: Of its arrays.

    Raises:
        ModelFormatError: One does not.
    """
    for name, array in chain._asdict().items():
        if array.dtype != dtypes.get(name, np.int32) or array.shape[1:] != ((4,) if name == "node" else ()):
            _wrong(name)
    n = len(chain.order)
    _within("order", chain.order, 0, columns)
    _within("score_columns", chain.score_columns, 0, columns)
    _within("member", chain.member, 0, MOST_CODES)
    _within("n_scores", chain.n_scores, 0, MOST_SCORES + 1)
    for name in ("first_cell", "n_places", "first_member", "n_scores"):
        if len(getattr(chain, name)) != n:
            _wrong(name)
    _starts("first_tree", chain.first_tree, n, len(chain.root), least=1)
    _starts("first_score", chain.first_score, n, len(chain.score_columns))
    _starts("first_edge", chain.first_edge, n * MOST_SCORES, len(chain.edges))
    _within("score_offsets", chain.score_offsets, 0, len(chain.score_table) + 1, n=len(chain.score_columns))
    _within("n_places", chain.n_places, 1, len(chain.cumulative) + 1)
    _within("first_member", chain.first_member, 0, len(chain.member) - chain.n_places.astype(np.int64) + 1)
    _check_nodes(chain, columns)


def _check_nodes(chain: Chain, columns: int) -> None:
    """Whether trees end, stay their own and have a table for every leaf."""
    feature, threshold, bits, left = chain.node.astype(np.int64).T
    root = chain.root.astype(np.int64)
    n_nodes = len(feature)
    _within("root", root, 0, n_nodes)
    if (np.diff(root) <= 0).any() or (len(root) and root[0] != 0):
        _wrong("root")
    tree = np.searchsorted(root, np.arange(n_nodes), side="right") - 1
    ends = np.append(root[1:], n_nodes)[tree] if n_nodes else root[:0]
    inner, leaf = feature != LEAF, feature == LEAF
    _within("node", feature, -1 - MOST_SCORES, columns)
    _within("node", bits[inner], -1, len(chain.words) + 1)
    _within("node", left[inner], np.flatnonzero(inner) + 1, ends[inner] - 1)  # a child comes later, so every walk ends
    column = np.searchsorted(chain.first_tree, tree[leaf], side="right") - 1
    places = chain.n_places.astype(np.int64)[column]
    _within("node", threshold[leaf], 0, MOST_CODES * MOST_CODES)
    first = chain.first_cell[column] + threshold[leaf] * places
    _within("first_cell", chain.first_cell, 0, len(chain.cumulative) + 1)
    _within("cumulative", first, 0, len(chain.cumulative) - places + 1)


def guarded(chain: Chain) -> Chain:
    """The chain with ends of its tables that no code, whichever it is, leads beyond."""
    words = np.concatenate([chain.words, np.zeros(MOST_CODES // 32, chain.words.dtype)])
    table = np.concatenate([chain.score_table, np.zeros(MOST_CODES * MOST_SCORES, chain.score_table.dtype)])
    return chain._replace(words=words, score_table=table)


def check_trees(trees: FlatTrees, dtypes: dict[str, Any]) -> None:
    """Whether every place in boosted trees leads to where something is; features are checked by `check_codes`.

    Raises:
        ModelFormatError: One does not.
    """
    for name, array in trees._asdict().items():
        if array.dtype != dtypes.get(name, np.int32) or array.ndim != 1:
            _wrong(name)
    n_nodes, n_trees = len(trees.feature), len(trees.node_of_tree)
    for name in ("threshold", "bits_start", "bits_length", "left", "right"):
        if len(getattr(trees, name)) != n_nodes:
            _wrong(name)
    _starts("tree_of_booster", trees.tree_of_booster, len(trees.tree_of_booster) - 1, n_trees)
    if len(trees.leaf_of_tree) != n_trees:
        _wrong("leaf_of_tree")
    first = trees.node_of_tree.astype(np.int64)
    _starts("node_of_tree", np.append(first, n_nodes), n_trees, n_nodes, least=1)
    _starts(
        "leaf_of_tree",
        np.append(trees.leaf_of_tree.astype(np.int64), len(trees.value)),
        n_trees,
        len(trees.value),
        least=1,
    )
    if n_trees == 0 and n_nodes:
        _wrong("node_of_tree")
    tree = np.searchsorted(first, np.arange(n_nodes), side="right") - 1
    here = np.arange(n_nodes) - first[tree]
    nodes = np.append(first[1:], n_nodes)[tree] - first[tree]
    leaves = (np.append(trees.leaf_of_tree[1:], len(trees.value)) - trees.leaf_of_tree)[tree]
    for name in ("left", "right"):
        child = getattr(trees, name).astype(np.int64)
        _within(name, child, -leaves, nodes)
        if ((child >= 0) & (child <= here)).any():
            _wrong(name)  # a child comes later, so every walk ends
    _within("feature", trees.feature, 0, MOST_CODES)
    _within("bits_length", trees.bits_length, 0, len(trees.bits) + 1)
    _within("bits_start", trees.bits_start, 0, len(trees.bits) - trees.bits_length.astype(np.int64) + 1)


def check_codes(trees: FlatTrees, codes: Codes) -> None:
    """Whether the codes have the columns that boosted trees look at.

    Raises:
        ModelFormatError: A tree looks at a column that there is not.
    """
    if len(trees.feature) and int(trees.feature.max()) >= len(codes):
        _wrong("feature")


def _starts(name: str, starts: NDArray[Any], n: int, end: int, least: int = 0) -> None:
    """Whether n pieces lie one after the other from 0 to the end, each of a length of at least `least`."""
    if len(starts) != n + 1 or starts[0] != 0 or starts[-1] != end or (np.diff(starts) < least).any():
        _wrong(name)


def _within(name: str, places: NDArray[Any], low: Any, high: Any, n: int | None = None) -> None:
    """Whether places lie from `low` to below `high`, and there are `n` of them."""
    if (n is not None and len(places) != n) or (places < low).any() or (places >= high).any():
        _wrong(name)


def _wrong(name: str) -> NoReturn:
    raise ModelFormatError(
        f"The model's array {name!r} leads to where nothing is: it was damaged or made to do harm. Do not use it."
    )
