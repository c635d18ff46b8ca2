"""Compiled inner loops of the tree models. Importing this module imports numba; machine code is cached on disk."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import math

import numba


@numba.njit(cache=True, inline="always")
def _score(
    codes, row, columns, b, tree_of_booster, node_of_tree, leaf_of_tree,
    feature, threshold, bits_start, bits_length, left, right, value, bits,
):  # fmt: skip
    """Sum of a booster's leaf values for one row; feature f is column columns[f] of the row."""
    total = 0.0
    for t in range(tree_of_booster[b], tree_of_booster[b + 1]):
        base = node_of_tree[t]
        at = 0
        while at >= 0:
            k = base + at
            code = codes[row, columns[feature[k]]]
            if bits_length[k] > 0:
                word = code >> 5
                go_left = word < bits_length[k] and (bits[bits_start[k] + word] >> (code & 31)) & 1
            else:
                go_left = code <= threshold[k]
            at = left[k] if go_left else right[k]
        total += value[leaf_of_tree[t] + ~at]
    return total


@numba.njit(cache=True, parallel=True)
def draw_column(
    codes, columns, column, uniform, root, booster, bias, node_left, node_right,
    tree_of_booster, node_of_tree, leaf_of_tree, feature, threshold, bits_start, bits_length, left, right, value, bits,
):  # fmt: skip
    """Write a code of `column` into every row, drawn given the row's codes of `columns`."""
    for row in numba.prange(len(uniform)):
        u = uniform[row]
        node = root
        while node >= 0:
            odds = bias[node]
            if booster[node] >= 0:
                odds = _score(
                    codes, row, columns, booster[node], tree_of_booster, node_of_tree, leaf_of_tree,
                    feature, threshold, bits_start, bits_length, left, right, value, bits,
                )  # fmt: skip
            p = 1.0 / (1.0 + math.exp(-odds))
            if u < p:
                u /= p
                node = node_right[node]
            else:
                u = (u - p) / (1.0 - p)
                node = node_left[node]
        codes[row, column] = ~node


@numba.njit(cache=True, parallel=True)
def score_rows(
    codes, columns, b, out,
    tree_of_booster, node_of_tree, leaf_of_tree, feature, threshold, bits_start, bits_length, left, right, value, bits,
):  # fmt: skip
    """Add a booster's score of every row to `out`."""
    for row in numba.prange(len(out)):
        out[row] += _score(
            codes, row, columns, b, tree_of_booster, node_of_tree, leaf_of_tree,
            feature, threshold, bits_start, bits_length, left, right, value, bits,
        )  # fmt: skip
