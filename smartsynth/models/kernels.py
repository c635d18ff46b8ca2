"""Compiled inner loop of boosted trees. Importing this module imports numba; machine code is cached on disk."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import numba
import numpy as np

from smartsynth.threads import parallel, serial

STEP = 1024


@parallel()
def score_rows(
    codes, out,
    tree_of_booster, node_of_tree, leaf_of_tree, feature, threshold, bits_start, bits_length, left, right, value, bits,
):  # fmt: skip
    """Add the scores of all boosters to `out`, for columns × rows of codes; feature f is column f."""
    n = len(out)
    for step in numba.prange((n + STEP - 1) // STEP):
        first, end = step * STEP, min((step + 1) * STEP, n)
        for t in range(tree_of_booster[-1]):
            base = node_of_tree[t]
            leaves = leaf_of_tree[t]
            for row in range(first, end):
                at = 0
                while at >= 0:
                    k = base + at
                    code = np.int64(codes[feature[k], row])
                    if bits_length[k] > 0:
                        word = code >> 5
                        go_left = word < bits_length[k] and (bits[bits_start[k] + word] >> (code & 31)) & 1
                    else:
                        go_left = code <= threshold[k]
                    at = left[k] if go_left else right[k]
                out[row] += value[leaves + ~at]


score_serially = serial(nogil=True)(score_rows)
"""As `score_rows`, on one core, for callers that use several threads themselves."""
