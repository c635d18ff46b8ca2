"""A joint distribution over small integer codes, column after column, each column a binary tree of boosted classifiers.

    p(x) = Π_j p(x_j | x_1 … x_{j-1})         p(x_j = code | …) = Π over the path to the code of sigmoid(booster)

The codes of a column hang on a balanced binary tree; each inner node is one boosted classifier "left or right" over the
columns before it. So a column with 64 bins or 10,000 categories costs a logarithm, not a class each, and neighbouring
bins share what they have in common. All columns are trained at once from the real earlier columns.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from smartsynth.models.boosting import FlatTrees, Training, flatten, train
from smartsynth.progress import Note, Progress, silent

MIN_ROWS_TO_SPLIT = 60
"""A node with fewer rows keeps their shrunken frequency instead of a classifier."""

Codes = NDArray[np.int32]


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


@dataclass(frozen=True, slots=True)
class Node:
    """One choice between two groups of codes; `booster` is model text or None, then `bias` is the log-odds of right."""

    booster: str | None
    bias: float
    left: int
    right: int


class Fitted(NamedTuple):
    """The binary tree of one column and what it learnt, both in bits per cell of the column.

    Args:
        root: The tree's first node, or ~code for a single code.
        nodes: Children after their parents.
        entropy: What a cell holds if nothing else of its row is known.
        left: What of it the earlier columns leave open: the classifiers' log loss on held-out rows. A node with too few
            rows to hold some out counts as if it had learnt nothing.
    """

    root: int
    nodes: list[Node]
    entropy: float
    left: float


class Autoregression:
    """p(codes) as a chain of conditional distributions; see the module's formula."""

    def __init__(
        self,
        order: NDArray[np.int32],
        root: NDArray[np.int32],
        booster: NDArray[np.int32],
        bias: NDArray[np.float64],
        left: NDArray[np.int32],
        right: NDArray[np.int32],
        trees: FlatTrees,
    ) -> None:
        self.order, self.root = order, root
        self.booster, self.bias, self.left, self.right = booster, bias, left, right
        self.trees = trees

    @classmethod
    def fit(
        cls,
        codes: Codes,
        columns: Sequence[CodeColumn],
        order: Sequence[int],
        *,
        how: Training,
        rng: np.random.Generator,
        threads: int,
        progress: Progress,
    ) -> Self:
        """Learn the rows of `codes` (rows × columns), columns in `order`.

        Reports after each column, over the columns learnt so far, how many bits of a cell the earlier columns leave open
        and which share of its entropy they explain.
        """
        seeds = rng.spawn(len(order))
        # A column takes time for each column before it and for each level of its tree.
        work = [(place + 1) * np.log2(columns[column].n_codes + 1) for place, column in enumerate(order)]
        with ThreadPoolExecutor(threads) as pool:
            # Late columns have the most features: start with them so that no thread ends alone with a long one.
            futures = {
                pool.submit(_fit_column, codes, columns, list(order[:place]), order[place], how, seeds[place]): place
                for place in reversed(range(len(order)))
            }
            learnt: dict[int, Fitted] = {}
            try:
                for future in as_completed(futures):
                    learnt[futures[future]] = future.result()
                    share = float(sum(work[place] for place in learnt) / sum(work))
                    message = f"Learning column {len(learnt)} of {len(order)}"
                    progress(share, Note(message, _figures(learnt.values())))
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        return cls._assemble(order, [learnt[place] for place in range(len(order))])

    @classmethod
    def _assemble(cls, order: Sequence[int], fitted: Sequence[Fitted]) -> Self:
        nodes: list[Node] = []
        root: list[int] = []
        where: list[int] = []
        boosters: list[str] = []
        for first, column, _, _ in fitted:
            base = len(nodes)
            root.append(first + base if first >= 0 else first)
            for node in column:
                where.append(len(boosters) if node.booster is not None else -1)
                if node.booster is not None:
                    boosters.append(node.booster)
                left = node.left + base if node.left >= 0 else node.left
                right = node.right + base if node.right >= 0 else node.right
                nodes.append(Node(None, node.bias, left, right))
        return cls(
            np.asarray(order, dtype=np.int32),
            np.asarray(root, dtype=np.int32),
            np.asarray(where, dtype=np.int32),
            np.asarray([node.bias for node in nodes], dtype=np.float64),
            np.asarray([node.left for node in nodes], dtype=np.int32),
            np.asarray([node.right for node in nodes], dtype=np.int32),
            flatten(boosters),
        )

    def sample(self, n: int, rng: np.random.Generator, progress: Progress = silent) -> Codes:
        """`n` rows of codes."""
        from smartsynth.models.kernels import draw_column

        codes = np.zeros((n, len(self.order)), dtype=np.int32)
        for place, column in enumerate(self.order):
            if self.root[place] >= 0:
                uniform = rng.random(n)
                draw_column(
                    codes, self.order[:place], column, uniform, self.root[place],
                    self.booster, self.bias, self.left, self.right, *self.trees,
                )  # fmt: skip
            else:
                codes[:, column] = ~self.root[place]
            progress((place + 1) / len(self.order), f"Drawing column {place + 1} of {len(self.order)}")
        return codes

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The model as arrays by name."""
        own = {name: getattr(self, name) for name in ("order", "root", "booster", "bias", "left", "right")}
        return own | {f"trees.{name}": array for name, array in self.trees._asdict().items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        trees = FlatTrees.from_arrays({name: arrays[f"trees.{name}"] for name in FlatTrees._fields})
        own = {name: arrays[name] for name in ("order", "root", "booster", "bias", "left", "right")}
        return cls(**own, trees=trees)


def _fit_column(
    codes: Codes,
    columns: Sequence[CodeColumn],
    before: Sequence[int],
    column: int,
    how: Training,
    rng: np.random.Generator,
) -> Fitted:
    """The binary tree of one column over the columns `before` it."""
    y = codes[:, column]
    X = codes[:, before].astype(np.float32, order="F")
    categorical = [i for i, j in enumerate(before) if not columns[j].ordered and columns[j].n_codes > 2]
    nodes: list[Node] = []
    entropies, losses = [0.0], [0.0]

    def grow(rows: NDArray[np.int64], members: NDArray[np.int64], weights: NDArray[np.float64]) -> int:
        """Add the subtree over `members` (codes in order); its node index, or ~code for a single code."""
        if len(members) == 1:
            return ~int(members[0])
        cut = _cut(members, weights, columns[column].missing_code)
        is_right = np.isin(y[rows], members[cut:])
        here = len(nodes)
        nodes.append(Node(None, 0.0, 0, 0))
        booster = None
        seen: list[float] = []
        if len(before) and len(rows) >= MIN_ROWS_TO_SPLIT and 0 < is_right.mean() < 1:
            booster = train(X[rows], is_right, categorical=categorical, how=how, rng=rng, watch=seen.append)
        entropy = _entropy(is_right.mean())
        entropies.append(len(rows) * entropy)
        losses.append(len(rows) * min(seen, default=entropy))
        ends = float(weights[:cut].sum()), float(weights[cut:].sum())
        left = grow(rows[~is_right], members[:cut], weights[:cut])
        right = grow(rows[is_right], members[cut:], weights[cut:])
        nodes[here] = Node(booster, float(np.log((ends[1] + 1e-9) / (ends[0] + 1e-9))), left, right)
        return here

    counts = np.bincount(y, minlength=columns[column].n_codes).astype(float)
    members = _members(counts, X, y, columns[column])
    root = grow(np.arange(len(y)), members, counts[members])
    # Entropy and log loss of a code are the sums of those of the choices on the path to it.
    return Fitted(root, nodes, sum(entropies) / len(y), sum(losses) / len(y))


def _figures(learnt: Collection[Fitted]) -> dict[str, float]:
    entropy, left = (float(np.mean([getattr(one, name) for one in learnt])) for name in ("entropy", "left"))
    return {"bits per cell": left, "share explained": 1.0 - left / entropy if entropy else 0.0}


def _entropy(p: float) -> float:
    """Bits of a choice with chances p and 1 - p.

    >>> _entropy(0.5), _entropy(1.0)
    (1.0, 0.0)
    """
    return float(sum(-q * np.log2(q) for q in (p, 1.0 - p) if q > 0))


def _members(counts: NDArray[np.float64], X: NDArray[Any], y: Codes, column: CodeColumn) -> NDArray[np.int64]:
    """The codes that occur, alike ones side by side, a code for missing cells last."""
    members = np.flatnonzero(counts)
    if not column.ordered and len(members) > 2:
        members = members[_likeness(counts, X, y)[members].argsort(kind="stable")]
    if column.missing_code is not None and counts[column.missing_code] > 0:
        members = np.r_[members[members != column.missing_code], column.missing_code]
    return members


def _likeness(counts: NDArray[np.float64], X: NDArray[Any], y: Codes) -> NDArray[np.float64]:
    """One number per category: its place on the main axis along which the categories' earlier columns differ."""
    if X.shape[1] == 0:
        return -counts
    scaled = (X - X.mean(0)) / (X.std(0) + 1e-9)
    sums = np.stack([np.bincount(y, weights=scaled[:, i], minlength=len(counts)) for i in range(X.shape[1])], axis=1)
    # Five pseudo-rows at the overall mean keep small categories from deciding the axis.
    means = sums / (counts + 5.0)[:, None]
    axis = np.linalg.svd(means * np.sqrt(counts)[:, None], full_matrices=False)[2][0]
    return np.asarray(means @ axis)


def _cut(members: NDArray[np.int64], weights: NDArray[np.float64], missing_code: int | None) -> int:
    """Where to part the members: the missing code first, else so that both halves weigh about the same."""
    if missing_code is not None and members[-1] == missing_code:
        return len(members) - 1
    cumulative = np.cumsum(weights)
    middle = int(np.argmin(np.abs(cumulative - cumulative[-1] / 2))) + 1
    return min(max(middle, 1), len(members) - 1)
