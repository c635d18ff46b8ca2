"""Rows given a context, and brothers and sisters given each other: forests of count trees over what is known beforehand.

    p(rows of a family | context) = Π_k Π_j p(x_kj | context, place k, what the rows before are like, x_k1 … x_k(j-1))

A context is one row of known columns (of a parent, of its parents, the number of its children). What the rows before are like is
told by the codes of the last one and, over all of them, the mean of numbers and the commonest of categories. Long families
are made in strides: rows of one stride know the rows before it, not each other, so that the steps grow with the logarithm of the longest
family. Each row is then chosen among a few that were drawn for the same context: by a density ratio (refinement.py), and so that the
rows of one place have the shares of codes that they had in the real families (raking, Deming & Stephan 1940). Without that, small errors of one
row would grow from sibling to sibling.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.models.autoregression import Autoregression, CodeColumn, Codes, Given, Growth
from smartsynth.models.boosting import Training, flatten, threads
from smartsynth.models.coding import Coding, under
from smartsynth.models.refinement import Refinement
from smartsynth.progress import Progress, part, silent
from smartsynth.schema import Schema

Places = NDArray[np.int64]

SINGLE_STEPS = 24
"""So many rows of a family are made one by one, those after them in strides that are longer by a third each time."""
MOST_TALLIED = 64
"""Categories with more codes have no commonest one among the rows before."""
CANDIDATES = 8
RAKED_ROWS = 200
"""Fewest rows whose shares are kept, and that are brought to them."""
RAKED_AT_ONCE = 30
STAYS, FEWEST_PAIRS = 0.1, 50
UNWANTED = 1e-4
"""Weight of a candidate with the name of the row before, where the name is to change."""
RAKINGS, MOST_STEP = 5, 4.0
ROWS_PER_BLOCK, BLOCKS_AT_ONCE = 64, 64
MADE_PER_REAL = 4
MIN_ROWS_TO_REFINE = 400
RATIO = Training(
    rounds=100, learning_rate=0.1, num_leaves=31, min_data_in_leaf=150, lambda_l2=20.0,
    feature_fraction=0.6, bagging_fraction=0.5,
)  # fmt: skip


def strides(longest: int) -> list[tuple[int, int]]:
    """Places of a family that are made at once: first and one after the last.

    >>> strides(3), strides(40)[-3:]
    ([(0, 1), (1, 2), (2, 3)], [(23, 24), (24, 32), (32, 40)])
    """
    made = [(k, k + 1) for k in range(min(longest, SINGLE_STEPS))]
    while made and made[-1][1] < longest:
        first = made[-1][1]
        made.append((first, min(first + max(first // 3, 1), longest)))
    return made


@dataclass(frozen=True, slots=True)
class Families:
    """Which family each row belongs to, and its place there.

    Args:
        family: Number of each row's family, ascending from 0 without gaps.
        place: Place of each row in its family.
    """

    family: Places
    place: Places

    @classmethod
    def of_sizes(cls, sizes: Places) -> Self:
        """Families of so many rows, one after the other; those of none are left out of the numbering."""
        some = sizes[sizes > 0]
        family = np.repeat(np.arange(len(some)), some)
        return cls(family, np.arange(len(family)) - np.repeat(np.cumsum(some) - some, some))


class Siblings:
    """What the rows of each family up to now are like, as codes."""

    def __init__(self, columns: list[CodeColumn], n_families: int) -> None:
        self._columns = columns
        self._seen = np.zeros(n_families, np.int64)
        self._last = np.zeros((len(columns), n_families), np.int64)
        self._sums = np.zeros((len(columns), n_families))
        self._known = np.zeros((len(columns), n_families), np.int64)
        self._tally = {
            j: np.zeros((n_families, column.n_codes), np.uint16)
            for j, column in enumerate(columns)
            if not column.ordered and column.n_codes <= MOST_TALLIED
        }

    @staticmethod
    def about(columns: list[CodeColumn]) -> list[CodeColumn]:
        """The columns of `codes`."""
        made = [CodeColumn(SINGLE_STEPS + 24, ordered=True)]
        for column in columns:
            made.append(CodeColumn(column.n_codes + 1, column.ordered, column.n_codes))
            if column.ordered or column.n_codes <= MOST_TALLIED:
                made.append(CodeColumn(column.n_codes + 1, column.ordered, column.n_codes))
        return made

    @staticmethod
    def last(columns: list[CodeColumn]) -> list[int]:
        """Where the last code of each column stands among `codes`."""
        width = [2 if column.ordered or column.n_codes <= MOST_TALLIED else 1 for column in columns]
        return [1 + sum(width[:j]) for j in range(len(columns))]

    def codes(self, family: Places, place: Places) -> Codes:
        """Columns × rows: the place, and of each column the last code and the mean or the commonest one."""
        first = self._seen[family] == 0
        steps = SINGLE_STEPS + np.floor(np.log2(np.maximum(place, SINGLE_STEPS) / SINGLE_STEPS) * 2)
        rows = [np.where(place < SINGLE_STEPS, place, np.minimum(steps, SINGLE_STEPS + 23))]
        for j, column in enumerate(self._columns):
            rows.append(np.where(first, column.n_codes, self._last[j, family]))
            if column.ordered:
                known = self._known[j, family]
                mean = np.rint(self._sums[j, family] / np.maximum(known, 1))
                rows.append(np.where(known == 0, column.n_codes, mean))
            elif j in self._tally:
                rows.append(np.where(first, column.n_codes, self._tally[j][family].argmax(axis=1)))
        return np.array(rows, np.uint16)

    def add(self, codes: Codes, family: Places) -> None:
        """Rows that now belong to what is known; those of a family in their order."""
        for j, column in enumerate(self._columns):
            code = codes[j].astype(np.int64)
            self._last[j, family] = code  # of several rows of a family the last one stays
            if column.ordered:
                known = code != (-1 if column.missing_code is None else column.missing_code)
                np.add.at(self._sums[j], family[known], code[known])
                np.add.at(self._known[j], family[known], 1)
            elif j in self._tally:
                np.add.at(self._tally[j], (family, code), 1)
        np.add.at(self._seen, family, 1)


@dataclass(frozen=True, slots=True)
class Margins:
    """Shares of the codes of real rows, by their place in a family.

    Args:
        starts: First place of each stretch.
        shares: For each stretch and column the share of each code.
    """

    starts: Places
    shares: list[list[NDArray[np.float64]]]

    @classmethod
    def of(cls, own: Codes, columns: list[CodeColumn], place: Places) -> Self:
        """The shares of rows, by stretches of places that hold enough of them."""
        counts = np.bincount(place)
        starts, seen = [0], 0
        for k, count in enumerate(counts):
            if seen >= RAKED_ROWS and counts[k:].sum() >= RAKED_ROWS:
                starts.append(k)
                seen = 0
            seen += int(count)
        stretch = np.searchsorted(starts, place, side="right") - 1
        shares = [
            [
                np.bincount(row[stretch == i], minlength=c.n_codes) / max((stretch == i).sum(), 1)
                for row, c in zip(own, columns, strict=True)
            ]
            for i in range(len(starts))
        ]
        return cls(np.array(starts, np.int64), shares)

    def raked(self, drawn: Codes, weight: NDArray[np.float64], place: int) -> NDArray[np.float64]:
        """Weights of candidates under which rows have the shares of their place, as far as candidates allow it."""
        shares = self.shares[int(np.searchsorted(self.starts, place, side="right")) - 1]
        for _ in range(RAKINGS):
            for row, share in zip(drawn, shares, strict=True):
                now = np.bincount(row.ravel(), weight.ravel(), minlength=len(share)) / len(weight)
                step = np.divide(share, now, out=np.ones(len(share)), where=now > 0)
                weight = weight * np.clip(step, 1 / MOST_STEP, MOST_STEP)[row]
                weight = weight / np.maximum(weight.sum(axis=1, keepdims=True), 1e-300)
        return weight

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The shares as arrays by name."""
        named = {f"{i}.{j}": share for i, shares in enumerate(self.shares) for j, share in enumerate(shares)}
        return {"starts": self.starts, **named}

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        n = sum(name.startswith("0.") for name in arrays)
        starts = arrays["starts"]
        return cls(starts, [[arrays[f"{i}.{j}"] for j in range(n)] for i in range(len(starts))])


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns that a chain is over: the context's, what is known of siblings, whether names stay as they were, the rows' own ones.

    Args:
        columns: All of them.
        known: How many are known beforehand.
        sticky: Own columns of names that often stay from row to row: whether they do is drawn first, and the name only if not.
        last: Where the last code of each own column stands; empty without families.
    """

    columns: list[CodeColumn]
    known: int
    sticky: tuple[int, ...]
    last: tuple[int, ...]

    @classmethod
    def of(cls, context: list[CodeColumn], own: list[CodeColumn], sticky: tuple[int, ...], in_families: bool) -> Self:
        siblings = Siblings.about(own) if in_families else []
        last = tuple(len(context) + at for at in Siblings.last(own)) if in_families else ()
        stays = [CodeColumn(2, ordered=True)] * len(sticky)
        return cls([*context, *siblings, *stays, *own], len(context) + len(siblings), sticky, last)

    @property
    def own(self) -> int:
        """Where the own columns begin."""
        return self.known + len(self.sticky)

    def whole(self, known: Codes, own: Codes) -> Codes:
        """Rows of all columns, of what is known and the rows themselves."""
        stays = [own[j] == known[self.last[j]] for j in self.sticky]  # a code that says "none before" is no own one
        return np.ascontiguousarray(
            np.concatenate([known, np.array(stays, np.uint16).reshape(len(stays), known.shape[1]), own])
        )

    def order(self, own: list[int]) -> list[int]:
        """The columns in the order in which they are drawn."""
        first = [j for j in own if j in self.sticky]
        return [*range(self.own), *(self.own + j for j in (*first, *(j for j in own if j not in self.sticky)))]

    def drawn(
        self, chain: Autoregression, refinement: Refinement, known: Codes, rng: np.random.Generator, candidates: int
    ) -> tuple[Codes, NDArray[np.float64]]:
        """Columns × rows × candidates of codes after those that are known, and the weight of each candidate among those of its row."""
        asked = np.full((len(self.columns), known.shape[1]), -1, np.int32)
        asked[: self.known] = known
        stays = np.zeros((0, known.shape[1]), np.uint16)
        if self.sticky:
            stays = _candidates(chain, Refinement(flatten([])), asked, self, rng, 1)[0][: len(self.sticky), :, 0]
            asked[self.known : self.own] = stays
            for j, stay in zip(self.sticky, stays, strict=True):
                before = known[self.last[j]].astype(np.int32)
                there = (stay == 1) & (before < self.columns[self.own + j].n_codes)
                asked[self.own + j] = np.where(there, before, -1)
        drawn, weight = _candidates(chain, refinement, asked, self, rng, candidates)
        for j, stay in zip(self.sticky, stays, strict=True):
            same = drawn[len(self.sticky) + j] == known[self.last[j]][:, None]
            weight = np.where(same & (stay == 0)[:, None], weight * UNWANTED, weight)
        return drawn, weight / weight.sum(axis=1, keepdims=True)


class FamilyForest:
    """p(rows | context), learnt; see the module's formula.

    Args:
        coding: Of the rows' own columns.
        context: Of the columns that are known beforehand.
        chain: Over the context's columns, those of siblings, and the rows' own ones.
        refinement: What a detective still sees.
        in_families: Whether rows know the rows before them.
        margins: Shares of codes that rows have.
        sticky: Own columns of names that often stay from row to row.
    """

    def __init__(
        self,
        coding: Coding,
        context: Coding,
        chain: Autoregression,
        refinement: Refinement,
        in_families: bool,
        margins: Margins,
        sticky: tuple[int, ...] = (),
    ) -> None:
        self.coding, self.context = coding, context
        self.chain, self.refinement, self.in_families, self.margins = chain, refinement, in_families, margins
        self.layout = Layout.of(context.columns, coding.columns, sticky, in_families)

    @classmethod
    def fit(
        cls,
        rows: pd.DataFrame,
        schema: Schema,
        context: pd.DataFrame,
        context_schema: Schema,
        *,
        families: Families | None = None,
        holders: NDArray[np.int64] | None = None,
        rng: np.random.Generator,
        min_count: int = 5,
        n_bins: int = 96,
        trees: int = 32,
        rounds: int = 1,
        progress: Progress = silent,
    ) -> Self:
        """Learn rows given their contexts.

        Args:
            rows: Real ones, one family after the other.
            schema: Their columns.
            context: What is known of each row beforehand.
            context_schema: The columns of that.
            families: Whose each row is; None if rows know nothing of each other.
            holders: Of each row, whom it is about: a value that fewer of them have than `min_count` is not kept.
            rng: Draws everything.
            min_count: See `holders`.
            n_bins: Bins of a numeric column.
            trees: Trees of a column.
            rounds: Rounds of refinement.
            progress: Called with the share done; may raise `Cancelled`.
        """
        size = {"n_bins": n_bins, "min_count": min_count, "rng": rng, "holders": holders}
        coding, own = Coding.fit(rows, schema, **size)  # type: ignore[arg-type]
        own = own.reshape(len(coding.columns), len(rows))
        outer, known = Coding.fit(context, context_schema, **size)  # type: ignore[arg-type]
        known = known.reshape(len(outer.columns), len(rows))
        sticky: tuple[int, ...] = ()
        if families is not None:
            known = np.concatenate([known, _taught(own, coding.columns, families)])
            sticky = _sticky(own, coding.columns, families)
        layout = Layout.of(outer.columns, coding.columns, sticky, families is not None)
        codes, columns = layout.whole(known, own), layout.columns
        chain = Autoregression.fit(
            codes, columns, layout.order(coding.order(own)), growth=Growth(trees=trees), rng=rng, threads=threads(),
            progress=part(progress, 0.0, 0.5), given=layout.known,
        )  # fmt: skip

        def draw(n: int, rng: np.random.Generator, _: Progress) -> Codes:
            some = rng.permutation(len(rows)) if n >= len(rows) else rng.choice(len(rows), n, replace=False)
            given = known[:, np.resize(some, n)]
            return np.concatenate([given, layout.drawn(chain, Refinement(flatten([])), given, rng, 1)[0][:, :, 0]])

        refinement = Refinement.fit(
            codes, draw, columns, rounds=rounds if len(rows) >= MIN_ROWS_TO_REFINE and len(own) else 0, how=RATIO, rng=rng,
            threads=threads(), progress=part(progress, 0.5, 1.0), made_per_real=MADE_PER_REAL,
        )  # fmt: skip
        place = np.zeros(len(rows), np.int64) if families is None else families.place
        margins = Margins.of(own, coding.columns, place)
        return cls(coding, outer, chain, refinement, families is not None, margins, sticky)

    def sample(
        self,
        context: pd.DataFrame,
        rng: np.random.Generator,
        *,
        families: Families | None = None,
        raked: bool = True,
        start: int = 0,
        progress: Progress = silent,
    ) -> pd.DataFrame:
        """A row for each context.

        Args:
            context: A row for each that is wanted, one family after the other.
            rng: Draws everything.
            families: Whose each row will be, if the model is of families.
            raked: Whether contexts are like the real ones, so that rows have the shares of codes that real rows have.
            start: Place of the first row in the whole stream; identifiers count it.
            progress: Called with the share done; may raise `Cancelled`.
        """
        n = len(context)
        known = self.context.codes(context)
        if families is None or not self.in_families:
            own = self._own(known, rng, 0 if raked else -1)
        else:
            own = np.zeros((len(self.coding.columns), n), np.uint16)
            siblings = Siblings(self.coding.columns, int(families.family[-1]) + 1 if n else 0)
            steps = strides(int(families.place.max()) + 1 if n else 0)
            for i, (first, end) in enumerate(steps):
                now = np.flatnonzero((families.place >= first) & (families.place < end))
                family = families.family[now]
                own[:, now] = self._own(
                    np.concatenate([known[:, now], siblings.codes(family, families.place[now])]), rng,
                    first if raked else -1,
                )  # fmt: skip
                siblings.add(own[:, now], family)
                progress((i + 1) / len(steps), "Drawing rows")
        if not len(self.coding.encoder.schema):
            return pd.DataFrame(index=pd.RangeIndex(n))
        values = self.coding.values(own, [rng], n)
        return self.coding.encoder.decode(values, rng, n=n, start=start)

    def _own(self, known: Codes, rng: np.random.Generator, place: int) -> Codes:
        """Own codes given what is known, brought to the shares of rows at this place; -1 leaves them as they come."""
        if not self.coding.columns:
            return np.zeros((0, known.shape[1]), np.uint16)
        drawn, weight = self.layout.drawn(self.chain, self.refinement, known, rng, CANDIDATES)
        drawn = drawn[len(self.layout.sticky) :]
        if place >= 0 and known.shape[1] >= RAKED_AT_ONCE:
            weight = self.margins.raked(drawn, weight, place)
        sums = np.cumsum(weight, axis=1)
        chosen = (sums < rng.random((len(sums), 1)) * sums[:, -1:]).sum(axis=1).clip(0, CANDIDATES - 1)
        return np.ascontiguousarray(drawn[:, np.arange(len(sums)), chosen])

    def to_json(self) -> dict[str, Any]:
        """What is not an array, as plain JSON types."""
        head = {"in_families": self.in_families, "sticky": list(self.layout.sticky)}
        return {"rows": self.coding.to_json(), "context": self.context.to_json(), **head}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What is an array, by name."""
        parts = {
            "rows": self.coding.arrays(), "context": self.context.arrays(),
            "chain": self.chain.arrays(), "ratio": self.refinement.arrays(), "margins": self.margins.arrays(),
        }  # fmt: skip
        return {f"{part}.{name}": array for part, arrays in parts.items() for name, array in arrays.items()}

    @classmethod
    def restore(cls, values: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The model that `to_json` and `arrays` came from."""
        return cls(
            Coding.restore(values["rows"], under(arrays, "rows.")),
            Coding.restore(values["context"], under(arrays, "context.")),
            Autoregression.from_arrays(under(arrays, "chain.")),
            Refinement.from_arrays(under(arrays, "ratio.")),
            bool(values["in_families"]),
            Margins.restore(under(arrays, "margins.")),
            tuple(values["sticky"]),
        )


def _taught(own: Codes, columns: list[CodeColumn], families: Families) -> Codes:
    """What each real row would have known of the rows before it."""
    siblings = Siblings(columns, int(families.family[-1]) + 1)
    out = np.zeros((len(Siblings.about(columns)), own.shape[1]), np.uint16)
    for first, end in strides(int(families.place.max()) + 1):
        now = np.flatnonzero((families.place >= first) & (families.place < end))
        out[:, now] = siblings.codes(families.family[now], families.place[now])
        siblings.add(own[:, now], families.family[now])
    return out


def _sticky(own: Codes, columns: list[CodeColumn], families: Families) -> tuple[int, ...]:
    """Columns of names that are the same as in the row before much more often than by chance."""
    after = np.flatnonzero(families.place > 0)
    if len(after) < FEWEST_PAIRS:
        return ()
    found = []
    for j, column in enumerate(columns):
        share = np.bincount(own[j]) / own.shape[1]
        same = float((own[j, after] == own[j, after - 1]).mean())
        if column.is_categorical and same > float((share**2).sum()) + STAYS:
            found.append(j)
    return tuple(found)


def _candidates(
    chain: Autoregression,
    refinement: Refinement,
    asked: NDArray[np.int32],
    layout: Layout,
    rng: np.random.Generator,
    particles: int,
) -> tuple[Codes, NDArray[np.float64]]:
    """What `Layout.drawn` says of rows of which some cells are known, -1 for the others."""
    n, columns = asked.shape[1], layout.columns
    made_ones = np.zeros((len(columns) - layout.known, n, particles), np.uint16)
    weight = np.ones((n, particles))
    free = np.ones((len(columns), max(column.n_codes for column in columns)))
    is_limited = np.zeros(len(columns), bool)
    step = ROWS_PER_BLOCK * BLOCKS_AT_ONCE
    for at in range(0, n, step):
        some = asked[:, at : at + step]
        size = some.shape[1]
        n_blocks = -(-size // ROWS_PER_BLOCK)
        padded = some[:, np.resize(np.arange(size), n_blocks * ROWS_PER_BLOCK)]
        blocks = np.ascontiguousarray(padded.reshape(len(columns), n_blocks, ROWS_PER_BLOCK).transpose(1, 0, 2))
        seeds = rng.integers(2**63, size=n_blocks, dtype=np.uint64)
        made = chain.draw_given(seeds, Given(particles, blocks, free, is_limited))
        codes = np.concatenate(list(made.codes), axis=1)[:, : size * particles]
        made_ones[:, at : at + size] = codes[layout.known :].reshape(-1, size, particles)
        logs = made.log_weight.ravel()[: size * particles]
        if refinement.n_rounds:
            logs = logs + refinement.capped(codes)
        logs = logs.reshape(size, particles)
        weight[at : at + size] = np.exp(logs - logs.max(axis=1, keepdims=True))
    return made_ones, weight / weight.sum(axis=1, keepdims=True)
