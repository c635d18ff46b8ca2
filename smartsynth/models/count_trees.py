"""Compiled loops of count trees: grown on counts, smoothed towards their ancestors, drawn from in one walk.

A count tree parts rows by codes of other columns and counts the target's codes in each leaf: one tree for all classes.
A cell costs one increment of a histogram, however many codes the target has.

    grow       splits by gain of log-likelihood (entropy) over up to 32 coarse classes of the target
    smooth     p(right | leaf) = (right + a · p(right | parent)) / (n + a) at each inner node of the target's own binary
               tree, from root to leaf (hierarchical shrinkage of Pólya trees; Lavine 1992, MacKay & Peto 1995): where a
               leaf has few rows its ancestors speak, first for the fine choices, last for the coarse ones. One strength a
               serves fine choices, which are mostly noise, and coarse ones, which are not: where rows contradict their
               ancestors beyond chance, they speak for themselves
    draw       a tree at random, down to its leaf, then a code from the leaf's cumulative table; rows of a leaf take
               their uniform numbers from one golden-ratio sequence, which spreads them evenly (quasi-Monte Carlo)

Importing this module imports numba; machine code is cached on disk.
"""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import math

import numba
import numpy as np

from smartsynth.threads import parallel

ONE = 65535
"""Cumulative probability 1 of a leaf's table."""
GOLDEN = 0.6180339887498949
LANES = 16
"""Rows that go down a tree side by side."""
ROWS_PER_STEP = 1024
CAUTION, OWN = 12.0, 2.0
"""Nats by which rows must contradict their ancestors' share to count for themselves, so high because splits are chosen among many;
and how much they then still lean on it."""
MOST_TABLED = 4096
"""n log n is looked up below this."""
FEATURE, THRESHOLD, BITS, LEFT, RIGHT, DEPTH, FIRST, END = range(8)
"""Columns of a grown tree's nodes: feature (-1 for a leaf), highest code that goes left or start of the bit set of the
codes that do (-1 if it is ordered), children, depth, and the rows it holds: rows[first:end]."""


@numba.njit(cache=True)
def _xlogx(n):
    return n * math.log(n) if n > 0 else 0.0


@numba.njit(cache=True)
def _goes_left(code, threshold, start, words):
    """Ordered features compare, categorical ones (start >= 0) look up a bit."""
    if start < 0:
        return code <= threshold
    return (words[start + (code >> 5)] >> np.uint32(code & 31)) & np.uint32(1) != 0


@numba.njit(cache=True, nogil=True)
def grow(features, n_codes, categorical, target, n_classes, rows, min_leaf, penalty, max_depth):
    """A tree over `rows`, which end up in the order of its leaves.

    Args:
        features: Codes, features × rows of the table.
        n_codes: Number of codes of each feature.
        categorical: Whether codes of each feature are names; they are put in order of their mean class at each node.
        target: Class of each row of the table, ordered so that neighbours are alike.
        n_classes: Number of classes.
        rows: Rows to learn from; permuted in place.
        min_leaf: Fewest rows of a leaf.
        penalty: Gain in nats that a split must exceed.
        max_depth: Most splits on a path.

    Returns:
        Nodes (a row each, columns as above) and words of bit sets.
    """
    most = 2 * (len(rows) // min_leaf) + 3
    nodes = np.full((most, 8), -1, np.int32)
    nodes[0, DEPTH], nodes[0, FIRST], nodes[0, END] = 0, 0, len(rows)
    n_nodes, n_words = 1, 0
    words = np.zeros(64, np.uint32)
    widest = np.max(n_codes)
    counts = np.zeros(widest * n_classes, np.int32)
    weight, sums, starts = np.zeros(widest, np.int32), np.zeros(widest, np.int64), np.zeros(widest, np.int32)
    codes = np.zeros(widest, np.int64)
    best_codes = np.zeros(widest, np.int64)
    total = np.zeros(n_classes, np.int64)
    data, classes = _gathered(features, target, rows)
    spare = np.empty(len(rows), rows.dtype), np.empty_like(data), np.empty_like(classes)
    log_table = np.zeros(MOST_TABLED)
    for n in range(1, MOST_TABLED):
        log_table[n] = n * math.log(n)
    node = 0
    while node < n_nodes:
        first, end = nodes[node, FIRST], nodes[node, END]
        if end - first >= 2 * min_leaf and nodes[node, DEPTH] < max_depth and n_nodes + 2 <= most:
            total[:] = 0
            for i in range(first, end):
                total[classes[i]] += 1
            best, best_feature, best_at = penalty, -1, 0
            if np.max(total) < end - first:
                for j in range(len(n_codes)):
                    few = end - first < n_codes[j] * n_classes // 4
                    if few:
                        n_present = _weigh(data, j, classes, first, end, n_codes[j], weight, sums, codes)
                    else:
                        n_present = _count(
                            data, j, classes, first, end, n_codes[j], n_classes, counts, weight, sums, codes
                        )
                    if n_present < 2:
                        continue
                    if categorical[j]:
                        _by_mean_class(codes, n_present, sums, weight)
                    if few:
                        _sort(data, j, classes, first, end, codes, n_present, weight, starts, spare[2])
                        gain, at = _best_cut_of_rows(codes, n_present, spare[2], weight, total, min_leaf, log_table)
                    else:
                        gain, at = _best_cut(codes, n_present, counts, weight, total, min_leaf, log_table)
                    if gain > best:
                        best, best_feature, best_at = gain, j, at
                        best_codes[: at + 2] = codes[: at + 2]
            if best_feature >= 0:
                start, threshold = -1, (best_codes[best_at] + best_codes[best_at + 1]) // 2
                if categorical[best_feature]:
                    start = n_words
                    n_words += (n_codes[best_feature] + 31) // 32
                    while len(words) < n_words:
                        longer = np.zeros(2 * len(words), np.uint32)
                        longer[: len(words)] = words
                        words = longer
                    for code in best_codes[: best_at + 1]:
                        words[start + (code >> 5)] |= np.uint32(1) << np.uint32(code & 31)
                middle = _part(data, best_feature, classes, rows, first, end, threshold, start, words, spare)
                nodes[node, FEATURE], nodes[node, THRESHOLD], nodes[node, BITS] = best_feature, threshold, start
                nodes[node, LEFT], nodes[node, RIGHT] = n_nodes, n_nodes + 1
                nodes[n_nodes : n_nodes + 2, DEPTH] = nodes[node, DEPTH] + 1
                nodes[n_nodes, FIRST], nodes[n_nodes, END] = first, middle
                nodes[n_nodes + 1, FIRST], nodes[n_nodes + 1, END] = middle, end
                n_nodes += 2
        node += 1
    return nodes[:n_nodes].copy(), words[:n_words].copy()


@numba.njit(cache=True, nogil=True)
def _gathered(features, target, rows):
    """The rows' codes, row after row, and classes. They are parted with the rows: a node then is one piece of memory."""
    data = np.empty((len(rows), len(features)), features.dtype)
    classes = np.empty(len(rows), target.dtype)
    for i in range(len(rows)):
        classes[i] = target[rows[i]]
    for j in range(len(features)):
        for i in range(len(rows)):
            data[i, j] = features[j, rows[i]]
    return data, classes


@numba.njit(cache=True, nogil=True)
def _best_cut(codes, n_present, counts, weight, total, min_leaf, log_table):
    """The largest gain of log-likelihood from parting the codes, in their order, and the place of the last left one."""
    n_classes, n_rows = len(total), np.sum(total)
    inside = np.zeros(n_classes, np.int64)
    best, best_at = -1.0, 0
    gain, n_left = 0.0, 0
    for at in range(n_present - 1):
        code = codes[at]
        n_left += weight[code]
        for k in range(n_classes):
            moved = counts[code * n_classes + k]
            if moved > 0:
                before, after = inside[k], total[k] - inside[k]
                if max(before + moved, after) < MOST_TABLED:
                    gain += log_table[before + moved] - log_table[before]
                    gain += log_table[after - moved] - log_table[after]
                else:
                    gain += _xlogx(before + moved) - _xlogx(before) + _xlogx(after - moved) - _xlogx(after)
                inside[k] += moved
        if n_left < min_leaf:
            continue
        if n_rows - n_left < min_leaf:
            break
        here = gain + _xlogx(n_rows) - _xlogx(n_left) - _xlogx(n_rows - n_left)
        if here > best:
            best, best_at = here, at
    return best, best_at


@numba.njit(cache=True, nogil=True)
def _best_cut_of_rows(codes, n_present, classes, weight, total, min_leaf, log_table):
    """As `_best_cut`, row by row from classes sorted by code: quicker where rows are fewer than codes times classes."""
    n_rows = np.sum(total)
    left = np.zeros(len(total), np.int64)
    best, best_at = -1.0, 0
    gain, n_left = 0.0, 0
    for at in range(n_present - 1):
        for i in range(n_left, n_left + weight[codes[at]]):
            k = classes[i]
            before, after = left[k], total[k] - left[k]
            if max(before + 1, after) < MOST_TABLED:
                gain += log_table[before + 1] - log_table[before] + log_table[after - 1] - log_table[after]
            else:
                gain += _xlogx(before + 1) - _xlogx(before) + _xlogx(after - 1) - _xlogx(after)
            left[k] += 1
        n_left += weight[codes[at]]
        if n_left < min_leaf:
            continue
        if n_rows - n_left < min_leaf:
            break
        here = gain + _xlogx(n_rows) - _xlogx(n_left) - _xlogx(n_rows - n_left)
        if here > best:
            best, best_at = here, at
    return best, best_at


@numba.njit(cache=True, nogil=True)
def _weigh(data, j, classes, first, end, n_codes, weight, sums, codes):
    """Rows and sum of classes of each code, in `weight` and `sums`; the codes that occur, in `codes`. Their number."""
    weight[:n_codes] = 0
    sums[:n_codes] = 0
    for i in range(first, end):
        code = np.int64(data[i, j])
        weight[code] += 1
        sums[code] += classes[i]
    n_present = 0
    for known in range(n_codes):
        if weight[known] > 0:
            codes[n_present] = known
            n_present += 1
    return n_present


@numba.njit(cache=True, nogil=True)
def _count(data, j, classes, first, end, n_codes, n_classes, counts, weight, sums, codes):
    """As `_weigh`, and the rows of each code and class in `counts`."""
    counts[: n_codes * n_classes] = 0
    for i in range(first, end):
        counts[np.int64(data[i, j]) * n_classes + classes[i]] += 1
    n_present = 0
    for code in range(n_codes):
        weight[code] = 0
        sums[code] = 0
        for k in range(n_classes):
            weight[code] += counts[code * n_classes + k]
            sums[code] += k * counts[code * n_classes + k]
        if weight[code] > 0:
            codes[n_present] = code
            n_present += 1
    return n_present


@numba.njit(cache=True, nogil=True)
def _by_mean_class(codes, n_present, sums, weight):
    """Put the codes that occur in the order of their mean class."""
    means = np.zeros(n_present)
    for i in range(n_present):
        means[i] = sums[codes[i]] / weight[codes[i]]
    order, before = np.argsort(means, kind="mergesort"), codes.copy()
    for i in range(n_present):
        codes[i] = before[order[i]]


@numba.njit(cache=True, nogil=True)
def _sort(data, j, classes, first, end, codes, n_present, weight, starts, out):
    """Classes of the rows, those of the first of `codes` first."""
    at = 0
    for i in range(n_present):
        starts[codes[i]] = at
        at += weight[codes[i]]
    for i in range(first, end):
        code = np.int64(data[i, j])
        out[starts[code]] = classes[i]
        starts[code] += 1


@numba.njit(cache=True, nogil=True)
def _part(data, j, classes, rows, first, end, threshold, start, words, spare):
    """Rows that go left first, the others after them, each in the order they had. Returns where the others begin."""
    other_rows, other_data, other_classes = spare
    left, right = first, 0
    for i in range(first, end):
        if _goes_left(np.int64(data[i, j]), threshold, start, words):
            rows[left], classes[left] = rows[i], classes[i]
            for column in range(data.shape[1]):
                data[left, column] = data[i, column]
            left += 1
        else:
            other_rows[right], other_classes[right] = rows[i], classes[i]
            for column in range(data.shape[1]):
                other_data[right, column] = data[i, column]
            right += 1
    for i in range(right):
        rows[left + i], classes[left + i] = other_rows[i], other_classes[i]
        for column in range(data.shape[1]):
            data[left + i, column] = other_data[i, column]
    return left


@numba.njit(cache=True, nogil=True)
def _surprise(r, n, q):
    """Log likelihood ratio of a share of its own, r of n, against the share q: n times their Kullback-Leibler divergence."""
    found = 0.0
    if r > 0:
        found += r * math.log(r / (n * q))
    if r < n:
        found += (n - r) * math.log((n - r) / (n * (1.0 - q)))
    return found


@numba.njit(cache=True, nogil=True)
def smooth(nodes, rows, place, n_places, low, cut, high, strengths):
    """Smoothed distributions of a tree's leaves, for each shrinkage strength; see the module's formula.

    Args:
        nodes: What `grow` made.
        rows: The rows in the order of its leaves.
        place: Place of each table row's code in the order of the target's own binary tree.
        n_places: Number of places.
        low: First places of the target's inner nodes, parents before children.
        cut: First places of their right sides.
        high: Ends of their right sides.
        strengths: Values of a.

    Returns:
        Leaf number of each node (-1 for inner nodes) and strengths × leaves × places.
    """
    n_nodes, n_inner, n_strengths = len(nodes), len(low), len(strengths)
    leaf = np.full(n_nodes, -1, np.int32)
    n_leaves = 0
    deepest = 0
    for v in range(n_nodes):
        deepest = max(deepest, nodes[v, DEPTH])
        if nodes[v, FEATURE] < 0:
            leaf[v] = n_leaves
            n_leaves += 1
    out = np.ones((n_strengths, n_leaves, n_places), np.float32)
    right = np.zeros((n_strengths, deepest + 2, n_inner))
    right[:, 0, :] = 0.5
    cumulative = np.zeros(n_places + 1, np.int64)
    stack = np.zeros(deepest + 2, np.int64)
    n_stack = 1
    while n_stack > 0:
        n_stack -= 1
        v = stack[n_stack]
        depth = nodes[v, DEPTH]
        cumulative[:] = 0
        for i in range(nodes[v, FIRST], nodes[v, END]):
            cumulative[place[rows[i]] + 1] += 1
        for k in range(n_places):
            cumulative[k + 1] += cumulative[k]
        for s in range(n_strengths):
            # The root of all hangs on a weak even prior.
            a = strengths[s] if depth > 0 else 1.0
            for i in range(n_inner):
                n = cumulative[high[i]] - cumulative[low[i]]
                r = cumulative[high[i]] - cumulative[cut[i]]
                share = right[s, depth, i]
                right[s, depth + 1, i] = (r + a * share) / (n + a)
                if depth > 0 and n > 0:
                    # The chance that the rows have a share of their own, with the penalty of Schwarz (1978) for it.
                    odds = _surprise(r, n, share) - 0.5 * math.log(n + 1.0) - CAUTION
                    own = 1.0 / (1.0 + math.exp(-min(max(odds, -50.0), 50.0)))
                    right[s, depth + 1, i] += own * ((r + OWN * share) / (n + OWN) - right[s, depth + 1, i])
        if leaf[v] >= 0:
            for s in range(n_strengths):
                for i in range(n_inner):
                    p = right[s, depth + 1, i]
                    for k in range(low[i], cut[i]):
                        out[s, leaf[v], k] *= 1.0 - p
                    for k in range(cut[i], high[i]):
                        out[s, leaf[v], k] *= p
        else:
            stack[n_stack] = nodes[v, RIGHT]
            stack[n_stack + 1] = nodes[v, LEFT]
            n_stack += 2
    return leaf, out


@numba.njit(cache=True, nogil=True)
def add_likelihoods(nodes, words, leaf, tables, features, rows, place, sums, trees):
    """Add what a tree gives the codes of rows that it has not seen: `sums` strengths × rows, `trees` counts them."""
    for i in range(len(rows)):
        row = rows[i]
        v = 0
        while nodes[v, FEATURE] >= 0:
            code = np.int64(features[nodes[v, FEATURE], row])
            v = nodes[v, LEFT] if _goes_left(code, nodes[v, THRESHOLD], nodes[v, BITS], words) else nodes[v, RIGHT]
        trees[row] += 1
        for s in range(len(tables)):
            sums[s, row] += tables[s, leaf[v], place[row]]


@numba.njit(cache=True, nogil=True)
def add_scores(codes, columns, offsets, table, out):
    """Sums of table rows: out[r] = Σ_j table[offsets[j] + codes[columns[j], r]], for scores × rows of `out`."""
    for j in range(len(columns)):
        for r in range(out.shape[1]):
            at = offsets[j] + np.int64(codes[columns[j], r])
            for s in range(out.shape[0]):
                out[s, r] += table[at, s]


@numba.njit(cache=True)
def uniform(state):
    """SplitMix64 (Steele, Lea & Flood 2014): the next state and a uniform number in [0, 1)."""
    state += np.uint64(0x9E3779B97F4A7C15)
    z = state
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return state, np.float64(z >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@numba.njit(cache=True)
def _find(table, first, n, u):
    """The first place whose cumulative probability exceeds u."""
    low, high = 0, n - 1
    while low < high:
        middle = (low + high) >> 1
        if table[first + middle] > u:
            high = middle
        else:
            low = middle + 1
    return low


@numba.njit(cache=True)
def _bin(edges, begin, end, value):
    """How many of the sorted edges are at most `value`."""
    low, high = begin, end
    while low < high:
        middle = (low + high) >> 1
        if edges[middle] > value:
            high = middle
        else:
            low = middle + 1
    return low - begin


@parallel()
def score_bins(codes, columns, offsets, table, first_edge, edges, out):
    """Bins of the sums of `add_scores`, into scores × rows of `out`; those of score s are cut at
    edges[first_edge[s] : first_edge[s + 1]].
    """
    n_rows, n_scores = out.shape[1], out.shape[0]
    for step in numba.prange((n_rows + ROWS_PER_STEP - 1) // ROWS_PER_STEP):
        first, end = step * ROWS_PER_STEP, min((step + 1) * ROWS_PER_STEP, n_rows)
        sums = np.zeros((end - first, n_scores), np.float32)
        for j in range(len(columns)):
            for r in range(first, end):
                at = offsets[j] + np.int64(codes[columns[j], r])
                for s in range(n_scores):
                    sums[r - first, s] += table[at, s]
        for s in range(n_scores):
            for r in range(first, end):
                out[s, r] = _bin(edges, first_edge[s], first_edge[s + 1], sums[r - first, s])


@numba.njit(cache=True)
def _by_leaf(leaf, rows):
    """Rows in the order of their leaves, rows of a leaf in the order they have in `rows`."""
    starts = np.zeros(np.max(leaf) + 2, np.int32)
    for number in leaf:
        starts[number + 1] += 1
    for i in range(len(starts) - 1):
        starts[i + 1] += starts[i]
    out = np.empty_like(rows)
    for row in rows:
        out[starts[leaf[row]]] = row
        starts[leaf[row]] += 1
    return out


@numba.njit(cache=True)
def _shuffle(state, out):
    """A random order of 0 … len(out) - 1, in `out`."""
    for r in range(len(out)):
        state, u = uniform(state)
        other = int(u * (r + 1))
        out[r] = out[other]
        out[other] = r
    return state


@numba.njit(cache=True)
def _find_leaves(
    block, c, shuffled, scores, score_codes, at, leaf, root, node, words, first_tree,
    first_score, n_scores, score_columns, score_offsets, score_table, first_edge, edges,
):  # fmt: skip
    """The leaf of each row in one of the trees of the chain's column c; trees take turns with the `shuffled` rows."""
    n = len(shuffled)
    n_trees = first_tree[c + 1] - first_tree[c]
    for s in range(n_scores[c]):
        scores[s, :] = 0.0
    for j in range(first_score[c], first_score[c + 1]):
        source = block[score_columns[j]]
        for r in range(n):
            cell = score_offsets[j] + np.int64(source[r]) * n_scores[c]
            for s in range(n_scores[c]):
                scores[s, r] += score_table[cell + s]
    for s in range(n_scores[c]):
        begin, end = first_edge[c * 8 + s], first_edge[c * 8 + s + 1]
        for r in range(n):
            score_codes[s, r] = _bin(edges, begin, end, scores[s, r])
    for first in range(0, n, LANES):
        # Rows go down side by side: while one waits for memory, the others go on.
        lanes = min(LANES, n - first)
        for i in range(lanes):
            at[i] = root[first_tree[c] + (first + i) * n_trees // n]
        busy = True
        while busy:
            busy = False
            for i in range(lanes):
                v = at[i]
                f = node[v, FEATURE]
                if f != -1:
                    r = shuffled[first + i]
                    code = np.int64(block[f, r]) if f >= 0 else np.int64(score_codes[-2 - f, r])
                    goes_left = _goes_left(code, node[v, THRESHOLD], node[v, BITS], words)
                    at[i] = node[v, LEFT] + (0 if goes_left else 1)
                    busy = True
        for i in range(lanes):
            leaf[shuffled[first + i]] = node[at[i], THRESHOLD]


@numba.njit(cache=True)
def _draw_column(
    block, c, state, scores, score_codes, leaf, shuffled, at,
    order, first_tree, root, node, words,
    first_cell, n_places, cumulative, first_member, member,
    first_score, n_scores, score_columns, score_offsets, score_table, first_edge, edges,
):  # fmt: skip
    """Draw the chain's column c of a block, columns × rows, from the columns that its trees look at. Returns the new state.

    Rows are shuffled anew for each column, so that no two columns share their numbers. Arguments from `scores` to `at` are room to
    work in.
    """
    state = _shuffle(state, shuffled)
    _find_leaves(
        block, c, shuffled, scores, score_codes, at, leaf, root, node, words, first_tree,
        first_score, n_scores, score_columns, score_offsets, score_table, first_edge, edges,
    )  # fmt: skip
    by_leaf = _by_leaf(leaf, shuffled)
    state, u = uniform(state)
    for i in range(block.shape[1]):
        r = by_leaf[i]
        u = (u + GOLDEN) % 1.0
        cell = first_cell[c] + np.int64(leaf[r]) * n_places[c]
        place = _find(cumulative, cell, n_places[c], np.float32(u * ONE))
        block[order[c], r] = member[first_member[c] + place]
    return state


@numba.njit(cache=True, nogil=True)
def draw_column(
    block, c, state,
    order, first_tree, root, node, words,
    first_cell, n_places, cumulative, first_member, member,
    first_score, n_scores, score_columns, score_offsets, score_table, first_edge, edges,
):  # fmt: skip
    """Draw the chain's column c of a block, columns × rows, whose other columns are given. Returns the new state.

    Arguments from `order` on are those of `Chain` (autoregression.py).
    """
    n = block.shape[1]
    return _draw_column(
        block, c, state, np.zeros((8, n), np.float32), np.zeros((8, n), np.uint16), np.zeros(n, np.int32),
        np.zeros(n, np.int32), np.zeros(LANES, np.int64), order, first_tree, root, node, words,
        first_cell, n_places, cumulative, first_member, member,
        first_score, n_scores, score_columns, score_offsets, score_table, first_edge, edges,
    )  # fmt: skip


@parallel()
def draw_blocks(
    seeds, n, codes,
    order, first_tree, root, node, words,
    first_cell, n_places, cumulative, first_member, member,
    first_score, n_scores, score_columns, score_offsets, score_table, first_edge, edges,
):  # fmt: skip
    """Fill blocks × columns × rows of codes, block b from `seeds[b]` alone.

    A chain's columns in `order`; arguments from `first_tree` on are those of `Chain` (autoregression.py).
    """
    for b in numba.prange(len(seeds)):
        state = seeds[b]
        scores, score_codes = np.zeros((8, n), np.float32), np.zeros((8, n), np.uint16)
        leaf, shuffled, at = np.zeros(n, np.int32), np.zeros(n, np.int32), np.zeros(LANES, np.int64)
        for c in range(len(order)):
            state = _draw_column(
                codes[b], c, state, scores, score_codes, leaf, shuffled, at, order, first_tree, root, node, words,
                first_cell, n_places, cumulative, first_member, member,
                first_score, n_scores, score_columns, score_offsets, score_table, first_edge, edges,
            )  # fmt: skip


@numba.njit(cache=True)
def _even_out(block, log_weight, first, end, state, effective, chosen, spare):
    """Resample the particles first … end if their weights have become too uneven (systematic resampling).

    Returns the state of the random numbers and the effective share of the particles so far (Kong, Liu & Wong 1994),
    as a product over all resamplings: each loses what it doubles.
    """
    n = end - first
    highest = np.max(log_weight[first:end])
    if highest == -np.inf:
        return state, 0.0
    total = squares = 0.0
    for r in range(first, end):
        w = math.exp(log_weight[r] - highest)
        total += w
        squares += w * w
    share = total * total / squares / n
    if share >= 0.5:
        return state, effective
    state, u = uniform(state)
    sum_so_far, r = 0.0, first - 1
    for i in range(n):
        while r < end - 1 and sum_so_far <= (i + u) / n * total:
            r += 1
            sum_so_far += math.exp(log_weight[r] - highest)
        chosen[i] = r
    for column in range(len(block)):
        for i in range(n):
            spare[i] = block[column, chosen[i]]
        for i in range(n):
            block[column, first + i] = spare[i]
    log_weight[first:end] = highest + math.log(total / n)
    return state, effective * share


@parallel()
def draw_given(
    seeds, group, codes, known, weight, is_limited, log_weight, effective,
    order, first_tree, root, node, words,
    first_cell, n_places, cumulative, first_member, member,
    first_score, n_scores, score_columns, score_offsets, score_table, first_edge, edges,
):  # fmt: skip
    """As `draw_blocks`, given some cells: sequential importance sampling with resampling (Liu & Chen 1998).

    Every `group` neighbouring rows are the particles of one row that is looked for.

    Arguments from `group` to `is_limited` are those of `Given`, `codes`, `log_weight` and `effective` those of
    `Particles` (autoregression.py), to be filled.
    """
    for b in numba.prange(len(seeds)):
        state = seeds[b]
        block, logs = codes[b], log_weight[b]
        n = block.shape[1]
        scores, score_codes = np.zeros((8, n), np.float32), np.zeros((8, n), np.uint16)
        leaf, shuffled, at = np.zeros(n, np.int32), np.zeros(n, np.int32), np.zeros(LANES, np.int64)
        chosen, spare = np.zeros(group, np.int64), np.zeros(group, np.uint16)
        cut = np.zeros(np.max(n_places), np.float64)
        logs[:] = 0.0
        effective[b, :] = 1.0
        for c in range(len(order)):
            column = order[c]
            state = _shuffle(state, shuffled)
            _find_leaves(
                block, c, shuffled, scores, score_codes, at, leaf, root, node, words, first_tree,
                first_score, n_scores, score_columns, score_offsets, score_table, first_edge, edges,
            )  # fmt: skip
            for r in range(n):
                state, u = uniform(state)
                cell = first_cell[c] + np.int64(leaf[r]) * n_places[c]
                asked = known[b, column, r // group]
                if asked < 0 and not is_limited[column]:
                    place = _find(cumulative, cell, n_places[c], np.float32(u * ONE))
                    block[column, r] = member[first_member[c] + place]
                    continue
                total = before = 0.0
                for k in range(n_places[c]):
                    code = member[first_member[c] + k]
                    here = np.float64(cumulative[cell + k])
                    if asked >= 0:
                        total += here - before if code == asked else 0.0
                    else:
                        total += (here - before) * weight[column, code]
                    cut[k] = total
                    before = here
                if asked >= 0:
                    total = max(total, 0.5)  # a table has no smaller probabilities than that, rounded
                    block[column, r] = asked
                else:
                    k = 0
                    while k < n_places[c] - 1 and cut[k] <= u * total:
                        k += 1
                    block[column, r] = member[first_member[c] + k]
                logs[r] += math.log(total / ONE) if total > 0 else -np.inf
            for g in range(n // group):
                if is_limited[column] or known[b, column, g] >= 0:
                    state, effective[b, g] = _even_out(
                        block, logs, g * group, (g + 1) * group, state, effective[b, g], chosen, spare
                    )
