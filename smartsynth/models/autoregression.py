"""A joint distribution over small integer codes, column after column, each column a forest of count trees.

    p(x) = Π_j p(x_j | x_1 … x_{j-1})         p(x_j | …) = mean over the column's trees of p(x_j | leaf)

Every tree of a column is grown on a random part of the rows (subagging, Bühlmann & Yu 2002). The rows that a tree has not
seen tell how strongly its leaves lean on their ancestors (count_trees.py), so nothing has to be set per table. Besides the
earlier columns, trees may split on two additive scores of them (scores.py). A cell is drawn from one tree picked at
random, which is a draw from their mean: more trees cost no time in sampling.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from smartsynth.errors import ModelFormatError
from smartsynth.models.scores import Basis, Scores
from smartsynth.models.soundness import check_chain, guarded
from smartsynth.progress import Note, Progress, silent

Codes = NDArray[np.uint16]
"""Columns × rows of codes: a column lies in one piece."""

MOST_CLASSES = 32
STRENGTHS = (7.0, 14.0, 28.0, 56.0, 112.0, 224.0, 500.0)
MOST_LEAN = 4.0
OF_WHAT_IS_OPEN, OF_WHAT_IS_EXPLAINED = 0.005, 0.05
"""Leaves of a column of names lean up to MOST_LEAN times more on their ancestors than likelihood asks for, as long as
that costs no more than these shares of the bits that the column leaves open and of those that are explained. Which names
go together in a few rows is what brings made rows near to those learnt from, and likelihood is flat there."""
MOST_FEATURES = 24
"""A column of a wide table is learnt from so many earlier columns: those that tell most about it."""
MOST_WORK = 500_000_000
"""Rows × features × trees of a whole chain; a large table gets fewer trees, of which it needs fewer."""
MOST_WORK_OF_ONE = 60_000_000
"""As MOST_WORK, of one column that is learnt alone."""
FEWEST_TREES = 4
ROWS_TO_JUDGE = 50_000
ROWS_TO_SCREEN = 20_000
MOST_SCORES = 8
ROWS_PER_BLOCK = 8192
BLOCKS_PER_CALL = 64


@dataclass(frozen=True, slots=True)
class CodeColumn:
    """What the model must know of a column besides its codes.

    Args:
        n_codes: Codes are 0 … n_codes - 1.
        ordered: Whether neighbouring codes are alike (numeric bins) or names (categories).
        missing_code: The code of a missing cell, split off first.
    """

    n_codes: int
    ordered: bool
    missing_code: int | None = None

    @property
    def is_categorical(self) -> bool:
        return not self.ordered and self.n_codes > 2


@dataclass(frozen=True, slots=True)
class Growth:
    """How forests are grown.

    Args:
        trees: Trees of a column; fewer if the table is large.
        share: Share of the rows that a tree is grown on.
        min_leaf: Fewest rows of a leaf.
        penalty: Gain of log-likelihood in nats that a split must exceed.
        max_depth: Most splits on a path.
        scores: Additive scores of the earlier columns that trees may split on.
    """

    trees: int = 32
    share: float = 0.6
    min_leaf: int = 20
    penalty: float = 8.0
    max_depth: int = 40
    scores: int = 2


@dataclass(frozen=True, slots=True)
class Forest:
    """The trees of one column, as flat arrays; see `Chain`."""

    member: NDArray[np.int32]
    root: NDArray[np.int32]
    node: NDArray[np.int32]
    words: NDArray[np.uint32]
    cumulative: NDArray[np.uint16]
    scores: Scores | None
    entropy: float
    left: float


class Chain(NamedTuple):
    """All forests as flat arrays.

    column c (place in `order`) owns trees first_tree[c] …, codes member[first_member[c]] … and, from
        cumulative[first_cell[c]] on, one table of n_places[c] cumulative probabilities per leaf
    tree t    starts at node root[t]
    node      feature: column ≥ 0, -1 for a leaf, -2 - s for score s; a leaf's threshold is its number;
        bits: start of a category set in `words`, or -1 (code ≤ threshold goes left)
    score s   of column c: sum of score_table cells of the columns score_columns[first_score[c]] …, cut at `edges`
    """

    order: NDArray[np.int32]
    first_tree: NDArray[np.int32]
    root: NDArray[np.int32]
    node: NDArray[np.int32]
    words: NDArray[np.uint32]
    first_cell: NDArray[np.int64]
    n_places: NDArray[np.int32]
    cumulative: NDArray[np.uint16]
    first_member: NDArray[np.int32]
    member: NDArray[np.int32]
    first_score: NDArray[np.int32]
    n_scores: NDArray[np.int32]
    score_columns: NDArray[np.int32]
    score_offsets: NDArray[np.int64]
    score_table: NDArray[np.float32]
    first_edge: NDArray[np.int32]
    edges: NDArray[np.float32]


class Given(NamedTuple):
    """What is known of rows that are looked for.

    group       particles per row that is looked for
    known       blocks × columns × rows of codes, -1 where a cell is free
    weight      columns × codes: the share of each code that a free cell may have, of columns that are limited
    is_limited  whether that holds for a column
    """

    group: int
    known: NDArray[np.int32]
    weight: NDArray[np.float64]
    is_limited: NDArray[np.bool_]


class Particles(NamedTuple):
    """Rows that agree with what is given, each standing for exp(log_weight) rows of the model.

    codes       blocks × columns × particles
    log_weight  blocks × particles
    effective   blocks × rows looked for: share of their particles that resampling has left
    """

    codes: NDArray[np.uint16]
    log_weight: NDArray[np.float64]
    effective: NDArray[np.float64]


class Autoregression:
    """p(codes) as a chain of conditional distributions; see the module's formula."""

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        self._guarded = guarded(chain)

    @classmethod
    def fit(
        cls,
        codes: Codes,
        columns: Sequence[CodeColumn],
        order: Sequence[int],
        *,
        growth: Growth,
        rng: np.random.Generator,
        threads: int,
        progress: Progress,
        given: int = 0,
    ) -> Self:
        """Learn the rows of `codes` (columns × rows), columns in `order`.

        The first `given` columns of the order are always known when rows are drawn: of them only frequencies are kept.

        Reports after each column, over the columns learnt so far, how many bits of a cell the earlier columns leave open
        and which share of its entropy they explain.
        """
        basis = Basis.fit(codes, columns, rng) if growth.scores and len(order) > 2 else None
        growth = replace(growth, trees=_affordable_trees(codes.shape[1], len(order), growth.trees))
        seeds = rng.spawn(len(order))
        work = [1.0 + min(place, MOST_FEATURES) for place in range(len(order))]
        with ThreadPoolExecutor(threads) as pool:
            # Late columns have the most features: start with them so that no thread ends alone with a long one.
            futures = {
                pool.submit(
                    _fit_column,
                    codes,
                    columns,
                    list(order[:place]) if place >= given else [],
                    order[place],
                    basis,
                    growth,
                    seeds[place],
                ): place
                for place in reversed(range(len(order)))
            }
            learnt: dict[int, Forest] = {}
            try:
                for future in as_completed(futures):
                    learnt[futures[future]] = future.result()
                    share = float(sum(work[place] for place in learnt) / sum(work))
                    message = f"Learning column {len(learnt)} of {len(order)}"
                    progress(share, Note(message, _figures(learnt.values())))
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        return cls(assembled(order, [learnt[place] for place in range(len(order))]))

    def draw(self, seeds: NDArray[np.uint64], n: int) -> NDArray[np.uint16]:
        """Blocks × columns × `n` rows of codes; each block depends on its seed alone."""
        from smartsynth.models.count_trees import draw_blocks

        codes = np.zeros((len(seeds), len(self.chain.order), n), np.uint16)
        draw_blocks(seeds, n, codes, *self._guarded)
        return codes

    def draw_given(self, seeds: NDArray[np.uint64], given: Given) -> Particles:
        """Blocks of particles that agree with what is given; each block depends on its seed and on `given` alone."""
        from smartsynth.models.count_trees import draw_given

        if len(self.chain.member) and int(self.chain.member.max()) >= given.weight.shape[1]:
            raise ModelFormatError("The model draws codes that its columns do not have. Save the model again.")
        n_columns, n_groups = len(self.chain.order), given.known.shape[2]
        n = n_groups * given.group
        made = Particles(
            np.zeros((len(seeds), n_columns, n), np.uint16), np.zeros((len(seeds), n)), np.ones((len(seeds), n_groups))
        )
        draw_given(
            seeds, given.group, made.codes, given.known, given.weight, given.is_limited,
            made.log_weight, made.effective, *self._guarded,
        )  # fmt: skip
        return made

    def sample(self, n: int, rng: np.random.Generator, progress: Progress = silent) -> Codes:
        """`n` rows of codes, columns × rows."""
        size = min(n, ROWS_PER_BLOCK)
        seeds = rng.integers(0, 2**63, -(-n // size), dtype=np.uint64)
        parts = []
        for at in range(0, len(seeds), BLOCKS_PER_CALL):
            parts += list(self.draw(seeds[at : at + BLOCKS_PER_CALL], size))
            progress(min(1.0, (at + BLOCKS_PER_CALL) / len(seeds)), "Drawing rows")
        return np.ascontiguousarray(np.concatenate(parts, axis=1)[:, :n])

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The model as arrays by name."""
        return dict(self.chain._asdict())

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        return cls(chain_from(arrays, len(arrays["order"])))


def chain_from(arrays: Mapping[str, NDArray[Any]], columns: int) -> Chain:
    """The chain of a saved model, for blocks of so many columns.

    Raises:
        ModelFormatError: It leads beyond its arrays.
    """
    chain = Chain(**{name: arrays[name] for name in Chain._fields})
    check_chain(chain, columns, _DTYPES)
    return chain


def learn_column(
    codes: Codes,
    columns: Sequence[CodeColumn],
    before: Sequence[int],
    column: int,
    growth: Growth,
    rng: np.random.Generator,
    *,
    always: Collection[int] = (),
    most: int = MOST_FEATURES,
) -> Forest:
    """The forest of one column alone, over those of `always` and the most telling others of the columns `before` it."""
    if len(before) > most:
        kept = [j for j in before if j in always]
        others = [j for j in before if j not in always]
        target = _target_of(codes, columns, before[:1], column, rng)
        telling = _most_telling(codes, columns, others, target, rng, max(most - len(kept), 1))
        before = sorted([*kept, *telling])
    some = [*before, column]
    part = np.ascontiguousarray(codes[some])
    about = [columns[j] for j in some]
    basis = Basis.fit(part, about, rng) if growth.scores and len(before) > 1 else None
    trees = int(np.clip(MOST_WORK_OF_ONE // max(codes.shape[1] * (len(before) + 2), 1), FEWEST_TREES, 2**15))
    growth = replace(growth, trees=min(trees, growth.trees))
    forest = _fit_column(part, about, range(len(before)), len(before), basis, growth, rng, most)
    return _renamed(forest, np.asarray(some))


def _renamed(forest: Forest, names: NDArray[np.int64]) -> Forest:
    """The forest with its features under other numbers."""
    node, feature = forest.node.copy(), forest.node[:, 0]
    node[:, 0] = np.where(feature >= 0, names[np.maximum(feature, 0)], feature)
    scores = forest.scores
    if scores is not None:
        scores = replace(scores, columns=names[scores.columns].astype(scores.columns.dtype))
    return replace(forest, node=node, scores=scores)


def _affordable_trees(n_rows: int, n_columns: int, most: int) -> int:
    features = sum(min(place, MOST_FEATURES) + 2 for place in range(n_columns))
    return int(np.clip(MOST_WORK // max(n_rows * features, 1), min(FEWEST_TREES, most), most))


def _fit_column(
    codes: Codes,
    columns: Sequence[CodeColumn],
    before: Sequence[int],
    column: int,
    basis: Basis | None,
    growth: Growth,
    rng: np.random.Generator,
    most: int = MOST_FEATURES,
) -> Forest:
    """The forest of one column over the columns `before` it."""
    target = _target_of(codes, columns, before, column, rng)
    if len(target.member) == 1 or not before:
        return _margin(target)
    if len(before) > most:
        before = _most_telling(codes, columns, before, target, rng, most)
    scores, features = None, codes[before]
    if basis is not None and len(before) > 1:
        scores, score_codes = Scores.fit(codes, columns, basis, before, column, growth.scores)
        features = np.concatenate([features, score_codes])
    n_codes = [columns[j].n_codes for j in before] + ([len(edges) + 1 for edges in scores.edges] if scores else [])
    names = [columns[j].is_categorical for j in before] + [False] * (len(features) - len(before))
    lean = 1.0 if columns[column].ordered else MOST_LEAN
    grown, strength, left = _grown(features, np.array(n_codes), np.array(names), target, growth, lean, rng)
    if left >= target.entropy:
        return _margin(target)
    slots = np.array([*before, *(-2 - s for s in range(len(features) - len(before)))], dtype=np.int16)
    return _flat(target, grown, strength, slots, scores, left)


@dataclass(frozen=True, slots=True)
class Target:
    """A column as trees see it that predict it.

    Args:
        member: The codes that occur, alike ones side by side, a code for missing cells last.
        place: Place in `member` of each row's code.
        counts: Rows of each member.
        n_classes, classes: Coarse classes of about equal mass, and that of each row.
        low, cut, high: Inner nodes of the balanced binary tree over the places.
    """

    member: NDArray[np.int64]
    place: NDArray[np.uint16]
    counts: NDArray[np.float64]
    n_classes: int
    classes: NDArray[np.uint8]
    low: NDArray[np.int64]
    cut: NDArray[np.int64]
    high: NDArray[np.int64]

    @property
    def entropy(self) -> float:
        """Bits of a cell if nothing else of its row is known."""
        p = self.counts / self.counts.sum()
        return float(-(p * np.log2(p)).sum())


def _target_of(
    codes: Codes, columns: Sequence[CodeColumn], before: Sequence[int], column: int, rng: np.random.Generator
) -> Target:
    y, about = codes[column], columns[column]
    all_counts = np.bincount(y, minlength=about.n_codes).astype(float)
    some = slice(None) if len(y) <= ROWS_TO_JUDGE else rng.permutation(len(y))[:ROWS_TO_JUDGE]
    member = _members(all_counts, codes[before][:, some], y[some], about)
    counts = all_counts[member]
    place = np.zeros(about.n_codes, np.uint16)
    place[member] = np.arange(len(member))
    class_of_place = _classes(counts, about.missing_code is not None and member[-1] == about.missing_code)
    low, cut, high = _binary_tree(member, counts, about.missing_code)
    return Target(
        member, place[y], counts, int(class_of_place[-1]) + 1, class_of_place[place[y]], low, cut, high
    )  # fmt: skip


def _grown(
    features: Codes,
    n_codes: NDArray[np.int64],
    names: NDArray[np.bool_],
    target: Target,
    growth: Growth,
    most_lean: float,
    rng: np.random.Generator,
) -> tuple[list[tuple[Any, ...]], float, float]:
    """Trees with their rows, the strength of shrinkage that rows which a tree has not seen speak for, and the bits of a
    cell that they then leave open.
    """
    from smartsynth.models.count_trees import add_likelihoods, grow, smooth

    n = features.shape[1]
    judges = rng.random(n) < ROWS_TO_JUDGE / n
    strengths = np.array(STRENGTHS)
    sums, trees = np.zeros((len(strengths), n), np.float32), np.zeros(n, np.int32)
    grown = []
    for _ in range(growth.trees):
        seen = rng.random(n) < growth.share
        rows = np.flatnonzero(seen).astype(np.int32)
        nodes, words = grow(
            features, n_codes, names, target.classes, target.n_classes, rows,
            growth.min_leaf, growth.penalty, growth.max_depth,
        )  # fmt: skip
        grown.append((nodes, words, rows))
        leaf, tables = smooth(
            nodes, rows, target.place, len(target.member), target.low, target.cut, target.high, strengths
        )
        unseen = np.flatnonzero(~seen & judges).astype(np.int32)
        add_likelihoods(nodes, words, leaf, tables, features, unseen, target.place, sums, trees)
    judged = trees > 0
    if not judged.any():
        return grown, float(strengths[-1]), target.entropy
    bits = -np.log2(np.maximum(sums[:, judged] / trees[judged], 1e-12)).mean(axis=1)
    best = int(np.argmin(bits))
    explained = max(target.entropy - bits[best], 0.0)
    worth = min(OF_WHAT_IS_OPEN * bits[best], OF_WHAT_IS_EXPLAINED * explained)
    fits = (strengths <= most_lean * strengths[best]) & (bits <= bits[best] + worth)
    most = int(np.flatnonzero(fits)[-1])
    return grown, float(strengths[most]), float(bits[most])


def _flat(
    target: Target,
    grown: Sequence[tuple[Any, ...]],
    strength: float,
    slots: NDArray[np.int16],
    scores: Scores | None,
    left: float,
) -> Forest:
    """The trees of a column in flat form, their leaves' tables smoothed and added up."""
    from smartsynth.models.count_trees import BITS, FEATURE, LEFT, ONE, THRESHOLD, smooth

    root, node, all_words, cumulative = [], [], [], []
    n_nodes = n_leaves = n_words = 0
    for nodes, words, rows in grown:
        leaf, tables = smooth(
            nodes, rows, target.place, len(target.member), target.low, target.cut, target.high, np.array([strength])
        )
        is_leaf = leaf >= 0
        root.append(n_nodes)
        feature = np.where(is_leaf, -1, slots[nodes[:, FEATURE]])
        threshold = np.where(is_leaf, n_leaves + leaf, nodes[:, THRESHOLD])
        bits = np.where(nodes[:, BITS] >= 0, nodes[:, BITS] + n_words, -1)
        node.append(np.stack([feature, threshold, bits, np.where(is_leaf, 0, nodes[:, LEFT] + n_nodes)], axis=1))
        all_words.append(words)
        sums = np.cumsum(tables[0], axis=1, dtype=np.float64)
        cumulative.append(np.round(sums / sums[:, -1:] * ONE).astype(np.uint16))
        n_nodes, n_leaves, n_words = n_nodes + len(nodes), n_leaves + tables.shape[1], n_words + len(words)
    return Forest(
        target.member.astype(np.int32), np.asarray(root, np.int32), np.concatenate(node).astype(np.int32),
        np.concatenate(all_words), np.concatenate(cumulative).ravel(), scores, target.entropy, left,
    )  # fmt: skip


def _margin(target: Target) -> Forest:
    """A forest of one leaf: the column's own frequencies."""
    sums = np.cumsum(target.counts)
    return Forest(
        target.member.astype(np.int32), np.zeros(1, np.int32), np.array([[-1, 0, -1, 0]], np.int32),
        np.zeros(0, np.uint32), np.round(sums / sums[-1] * 65535).astype(np.uint16), None, target.entropy, target.entropy,
    )  # fmt: skip


def assembled(order: Sequence[int], forests: Sequence[Forest]) -> Chain:
    """The forests one after the other, what points into them moved on."""
    out: dict[str, list[Any]] = {name: [] for name in Chain._fields}
    n_nodes = n_words = n_cells = n_members = n_trees = n_score_columns = n_score_cells = n_edges = 0
    for forest in forests:
        out["first_tree"].append(n_trees)
        out["first_cell"].append(n_cells)
        out["first_member"].append(n_members)
        out["n_places"].append(len(forest.member))
        out["root"].append(forest.root + n_nodes)
        is_set, is_leaf = forest.node[:, 2] >= 0, forest.node[:, 0] == -1
        bits = np.where(is_set, forest.node[:, 2] + n_words, -1)
        left = np.where(is_leaf, 0, forest.node[:, 3] + n_nodes)
        out["node"].append(np.c_[forest.node[:, :2], bits, left])
        out["words"].append(forest.words)
        out["cumulative"].append(forest.cumulative)
        out["member"].append(forest.member)
        scores = forest.scores
        n_scores = 0 if scores is None else len(scores.edges)
        out["first_score"].append(n_score_columns)
        out["n_scores"].append(n_scores)
        starts = np.full(MOST_SCORES, n_edges)
        if scores is not None:
            out["score_columns"].append(scores.columns)
            out["score_offsets"].append(n_score_cells + scores.offsets * n_scores)
            out["score_table"].append(np.concatenate(scores.tables).ravel())
            out["edges"].extend(scores.edges)
            lengths = np.cumsum([len(edges) for edges in scores.edges])
            starts[1 : n_scores + 1] += lengths[: MOST_SCORES - 1]
            starts[n_scores + 1 :] += lengths[-1]
            n_score_columns += len(scores.columns)
            n_score_cells += sum(table.size for table in scores.tables)
            n_edges += int(lengths[-1])
        out["first_edge"].append(starts)
        n_trees += len(forest.root)
        n_nodes += len(forest.node)
        n_words += len(forest.words)
        n_cells += len(forest.cumulative)
        n_members += len(forest.member)
    for name, end in (("first_tree", n_trees), ("first_score", n_score_columns), ("first_edge", n_edges)):
        out[name].append(np.array([end]))
    out["order"].append(np.asarray(order))
    none = {name: np.zeros((0, 4) if name == "node" else 0) for name in Chain._fields}
    return Chain(**{
        name: np.concatenate([np.atleast_1d(part) for part in parts] or [none[name]]).astype(_DTYPES.get(name, np.int32))
        for name, parts in out.items()
    })  # fmt: skip


_DTYPES: dict[str, Any] = {
    "words": np.uint32, "first_cell": np.int64, "cumulative": np.uint16,
    "score_offsets": np.int64, "score_table": np.float32, "edges": np.float32,
}  # fmt: skip


def _most_telling(
    codes: Codes,
    columns: Sequence[CodeColumn],
    before: Sequence[int],
    target: Target,
    rng: np.random.Generator,
    most: int,
) -> list[int]:
    """The `most` earlier columns with the most mutual information with the target's classes, in their order."""
    n = codes.shape[1]
    rows = np.sort(rng.permutation(n)[:ROWS_TO_SCREEN]) if n > ROWS_TO_SCREEN else np.arange(n)
    y = target.classes[rows].astype(np.int64)
    told = [
        _mutual_information(codes[j, rows].astype(np.int64), columns[j].n_codes, y, target.n_classes) for j in before
    ]
    return [before[i] for i in sorted(np.argsort(told)[-most:])]


def _mutual_information(x: NDArray[np.int64], n_x: int, y: NDArray[np.int64], n_y: int) -> float:
    """Nats, less what chance alone would show (Miller 1955)."""
    joint = np.bincount(x * n_y + y, minlength=n_x * n_y).reshape(n_x, n_y) / len(x)
    px, py = joint.sum(axis=1), joint.sum(axis=0)
    some = joint > 0
    value = (joint[some] * np.log(joint[some] / np.outer(px, py)[some])).sum()
    return float(value - ((px > 0).sum() - 1) * ((py > 0).sum() - 1) / (2 * len(x)))


def _figures(learnt: Collection[Forest]) -> dict[str, float]:
    entropy, left = (float(np.mean([getattr(one, name) for one in learnt])) for name in ("entropy", "left"))
    return {"bits per cell": left, "share explained": 1.0 - left / entropy if entropy else 0.0}


def _members(counts: NDArray[np.float64], before: Codes, y: NDArray[Any], column: CodeColumn) -> NDArray[np.int64]:
    """The codes that occur, alike ones side by side, a code for missing cells last."""
    members = np.flatnonzero(counts)
    if column.is_categorical:
        members = members[likeness(counts, before, y)[members].argsort(kind="stable")]
    if column.missing_code is not None and counts[column.missing_code] > 0:
        members = np.r_[members[members != column.missing_code], column.missing_code]
    return members


def likeness(counts: NDArray[np.float64], others: Codes, y: NDArray[Any]) -> NDArray[np.float64]:
    """One number per category: its place on the main axis along which the categories' other columns differ."""
    if len(others) == 0:
        return -counts
    sums = np.empty((len(counts), len(others)))
    for i, x in enumerate(others.astype(np.float64)):
        sums[:, i] = np.bincount(y, weights=(x - x.mean()) / (x.std() + 1e-9), minlength=len(counts))
    seen = np.bincount(y, minlength=len(counts))
    # Five pseudo-rows at the overall mean keep small categories from deciding the axis.
    means = sums / (seen + 5.0)[:, None]
    axis = np.linalg.svd(means * np.sqrt(seen)[:, None], full_matrices=False)[2][0]
    return np.asarray(means @ axis)


def _classes(counts: NDArray[np.float64], missing_last: bool) -> NDArray[np.uint8]:
    """Coarse class of each place: neighbours together, of about equal mass, the missing code alone.

    >>> _classes(np.array([1.0, 1.0, 8.0]), missing_last=False)
    array([0, 1, 2], dtype=uint8)
    """
    if len(counts) <= MOST_CLASSES:
        return np.arange(len(counts), dtype=np.uint8)
    known = counts[:-1] if missing_last else counts
    most = MOST_CLASSES - int(missing_last)
    classes = ((np.cumsum(known) - known / 2) / known.sum() * most).astype(int).clip(0, most - 1)
    classes = np.unique(classes, return_inverse=True)[1]
    return np.r_[classes, classes[-1] + 1].astype(np.uint8) if missing_last else classes.astype(np.uint8)


def _binary_tree(
    member: NDArray[np.int64], counts: NDArray[np.float64], missing_code: int | None
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Inner nodes of a balanced tree over places, parents first; the missing code is split off at the root."""
    nodes: list[tuple[int, int, int]] = []
    stack = [(0, len(member))]
    cumulative = np.r_[0.0, np.cumsum(counts)]
    while stack:
        low, high = stack.pop()
        if high - low < 2:
            continue
        if high == len(member) and member[-1] == missing_code:
            cut = high - 1
        else:
            half = (cumulative[low] + cumulative[high]) / 2
            cut = low + 1 + int(np.argmin(np.abs(cumulative[low + 1 : high] - half)))
        nodes.append((low, cut, high))
        stack += [(cut, high), (low, cut)]
    ends = np.ascontiguousarray(np.array(nodes, dtype=np.int64).reshape(-1, 3).T)
    return ends[0], ends[1], ends[2]
