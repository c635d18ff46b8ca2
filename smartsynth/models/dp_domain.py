"""The values that a column can have, learnt without giving anybody away.

What the user declared public (a range, a list of categories) is taken as it is. Everything else is measured with noise:

    numbers, dates   stretches that hold enough rows (dp_stretches.py)
    categories       the counts of all that occur, of which those above a threshold are released: a category that one
                     person alone has passes with probability δ at most
    missing cells    a stretch or a category of their own

Counts of one column are disjoint, so one row changes one of them by one. Afterwards no count is under zero and all
add up to the rows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.columns import with_columns
from smartsynth.errors import ConfigError, PrivacyError
from smartsynth.models.autoregression import CodeColumn
from smartsynth.models.coding import Coding, Inside
from smartsynth.models.dp_stretches import (
    SHARP,
    Stretches,
    declared_edges,
    joined,
    stretches,
    undeclared_edges,
)
from smartsynth.models.encoding import Codec, LevelCodec, NumberCodec, TableEncoder, plain_level, reader_of, tally
from smartsynth.models.grid import NumericGrid
from smartsynth.models.groups import Groups
from smartsynth.models.marginal_fit import Measured
from smartsynth.models.storage import to_float, told_unit
from smartsynth.models.surrogates import Constant, Surrogate, surrogate_of
from smartsynth.privacy.ledger import Budget, Entry, Touch
from smartsynth.privacy.noise import Noise
from smartsynth.schema import Column, Kind, Schema

OTHERS = 0.2
"""Share of a column's budget for counting all values together that were not released."""


@dataclass(frozen=True, slots=True)
class Margin:
    """One column on its own: noisy counts of its codes.

    Args:
        counts, sigma: Noisy rows of each code, and the noise in them.
        clean: The counts without those under zero.
    """

    counts: NDArray[np.float64]
    sigma: NDArray[np.float64]
    clean: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Domain:
    """What the values of a table can be: its coding, how often each code occurs, and how many rows there are."""

    coding: Coding
    margins: tuple[Margin, ...]
    rows: float

    @property
    def sizes(self) -> tuple[int, ...]:
        return tuple(len(margin.counts) for margin in self.margins)

    def measured(self) -> list[Measured]:
        """The columns' own counts as measured tables."""
        return [Measured((i,), margin.counts, margin.sigma) for i, margin in enumerate(self.margins)]


class DomainLearner:
    """Learns a Domain within a share of a budget.

    Args:
        budget: What is spent from, and where it is written down.
        noise: The door to the data.
        mu: What the columns may spend together.
        most_rows: Most rows of one person.
    """

    def __init__(self, budget: Budget, noise: Noise, *, mu: float, most_rows: int) -> None:
        self.budget, self.noise, self.mu, self.most_rows = budget, noise, mu, most_rows

    def learn(self, data: pd.DataFrame, schema: Schema) -> Domain:
        """The domain of a table; `data` holds at most `most_rows` rows of each person."""
        columns = [column for column in schema if column.is_modelled or is_open(column)]
        weight = np.array([_effort(column) for column in columns]) ** (2 / 3)
        mus = self.mu * np.sqrt(weight / weight.sum()) if len(columns) else []
        opened = sum(is_open(column) for column in columns)
        delta = self.budget.delta_left / max(opened, 1)
        found: list[_Levels | _Numbers] = []
        constants: dict[str, Any] = {}
        for column, mu in zip(columns, mus, strict=True):
            cells = data[column.name]
            if column.kind is Kind.CONSTANT:
                constants[column.name] = next(iter(self._levels(column, cells, float(mu), delta).levels), None)
            elif column.kind in (Kind.CATEGORICAL, Kind.BOOLEAN):
                found.append(self._levels(column, cells, float(mu), delta))
            else:
                found.append(self._numbers(column, cells, float(mu)))
        rows = _rows(found)
        return _domain(schema, [part.settled(rows) for part in found], rows, self._surrogates(schema, constants))

    def _count(self, counts: NDArray[Any], mu: float, what: str) -> tuple[NDArray[np.float64], float]:
        """Noisy counts of disjoint cells, and the noise."""
        sigma = self.most_rows / mu
        return self.noise.gaussian(counts, sigma=sigma, sensitivity=self.most_rows, what=what), sigma

    def _levels(self, column: Column, cells: pd.Series[Any], mu: float, delta: float) -> _Levels:
        nullable = _can_be_missing(column)
        named = declared_levels(column)
        if named is not None:
            self._spend(column, "counts of declared categories", mu)
            codes = pd.Index(list(named), dtype=object).get_indexer(pd.Index(cells.astype(object)))
            held = np.bincount(np.where(codes < 0, len(named), codes), minlength=len(named) + 1)
            noisy, sigma = self._count(held[: len(named) + nullable], mu, f"categories of {column.name}")
            return _Levels(column, named, noisy, np.full(len(noisy), sigma), nullable, _ordered(cells), rare=False)
        self._spend(column, "counts of the categories that occur, released above a threshold", mu, delta)
        known = _tally(cells)
        counts = known.to_numpy(np.int64)
        noisy, sigma = self._count(counts, mu * math.sqrt(1 - OTHERS), f"categories of {column.name}")
        passed = noisy > threshold(sigma, delta, self.most_rows)
        released = list(known.index[passed])
        if not released and not nullable:
            raise PrivacyError(
                f"columns.{column.name}: no category is held by enough rows to be named within epsilon="
                f"{self.budget.epsilon:g}, and its type {column.dtype} has no room for missing cells. Declare the column's "
                "categories, drop it, or allow a larger epsilon."
            )
        levels, reader = tuple(plain_level(value) for value in released), reader_of(released)
        rest = np.array([int(known[~passed].sum()), int(cells.isna().sum())])[: 1 + nullable]
        others, wider = self._count(rest, mu * math.sqrt(OTHERS), f"other cells of {column.name}")
        return _Levels(
            column, levels, np.r_[noisy[passed], others], np.r_[np.full(len(levels), sigma), np.full(len(rest), wider)],
            nullable, _ordered(cells), rare=True, reader=reader,
        )  # fmt: skip

    def _numbers(self, column: Column, cells: pd.Series[Any], mu: float) -> _Numbers:
        unit = told_unit(column)
        scale = 10.0**column.decimals if column.kind is Kind.NUMERIC and column.decimals is not None else 1.0
        whole = column.kind is not Kind.NUMERIC or column.decimals is not None
        values = to_float(column, cells, unit) * scale
        edges, declared = _edges(column, unit, scale, whole)
        self._spend(column, "counts of stretches" if declared else "range and counts of stretches", mu)
        found = stretches(
            np.rint(values) if whole else values, edges, declared=declared, whole=whole,
            nullable=_can_be_missing(column),
            count=lambda counts, share: self._count(counts, mu * math.sqrt(share), f"stretches of {column.name}"),
        )  # fmt: skip
        return _Numbers(column, unit, scale, whole, found)

    def _spend(self, column: Column, what: str, mu: float, delta: float = 0.0) -> None:
        mechanism = f"discrete Gaussian noise, standard deviation {self.most_rows / mu:.4g} rows"
        self.budget.spend("domain", f"{column.name}: {what}", mechanism, mu, delta)

    def _surrogates(self, schema: Schema, constants: Mapping[str, Any]) -> dict[str, tuple[Surrogate, float]]:
        """Identifiers and free text, made without looking at them, and constants."""
        made: dict[str, tuple[Surrogate, float]] = {}
        for column in schema:
            if column.is_modelled:
                continue
            if column.kind is Kind.CONSTANT:
                value = column.categories[0] if column.categories else constants[column.name]
                made[column.name] = Constant(value), 0.0
                continue
            empty: Any = np.int64 if column.dtype.lower().startswith(("int", "uint")) else object
            nothing = pd.Series([], dtype=empty)
            made[column.name] = surrogate_of(column, nothing, min_count=1, rng=np.random.default_rng(0)), 0.0
            self.budget.entries.append(Entry("domain", f"{column.name}: made without looking at it", Touch.PUBLIC))
        return made


def _tally(cells: pd.Series[Any]) -> pd.Series[int]:
    """How often each category occurs, in the order of the dtype's categories or of the values."""
    known = tally(cells.dropna())
    if isinstance(cells.dtype, pd.CategoricalDtype):
        return known.iloc[np.argsort(cells.dtype.categories.get_indexer(known.index), kind="stable")]
    return known.loc[sorted(known.index, key=lambda value: (str(type(value)), value))]


def _ordered(cells: pd.Series[Any]) -> bool | None:
    """Whether the dtype orders its categories; None for a dtype without categories."""
    return bool(cells.dtype.ordered) if isinstance(cells.dtype, pd.CategoricalDtype) else None


def threshold(sigma: float, delta: float, most_rows: int) -> float:
    """The noisy count above which a category may be named.

    A category that one person alone has, with at most `most_rows` rows, passes with probability δ / most_rows, and one
    person has at most `most_rows` of them.
    """
    from scipy.special import ndtri

    return most_rows - sigma * float(ndtri(delta / most_rows)) if delta > 0 else math.inf


def declared_levels(column: Column) -> tuple[Any, ...] | None:
    """The categories that are public: declared, or those of a truth value."""
    if column.categories is not None:
        return column.categories
    if column.kind is Kind.BOOLEAN:
        if column.dtype in ("bool", "boolean"):
            return (False, True)
        if column.format is not None:
            return tuple(sorted(column.format.split("/")))
    return None


def within_declared(data: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """The rows with a missing cell for each value that is none of the declared categories.

    Rows with such a value in a column that has no room for missing cells are left out.
    """
    changed, kept = {}, np.ones(len(data), bool)
    for column in schema:
        named = declared_levels(column)
        if named is None or not column.is_modelled:
            continue
        cells = data[column.name]
        known = cells.astype(object).isin(list(named))
        if _can_be_missing(column):
            changed[column.name] = cells.where(known)
        else:
            kept &= known.to_numpy()
    return with_columns(data, changed)[kept]


def is_open(column: Column) -> bool:
    """Whether a column's categories must be found in the data."""
    return column.kind in (Kind.CATEGORICAL, Kind.BOOLEAN, Kind.CONSTANT) and declared_levels(column) is None


def _effort(column: Column) -> float:
    """Roughly how many counts a column needs."""
    if column.kind is Kind.CONSTANT:
        return 2.0
    if column.kind in (Kind.CATEGORICAL, Kind.BOOLEAN):
        levels = declared_levels(column)
        return 30.0 if levels is None else len(levels) + 1.0
    return 100.0


def _can_be_missing(column: Column) -> bool:
    """Whether the column's dtype has room for missing cells."""
    return column.dtype != "bool" and not column.dtype.startswith(("int", "uint"))


def _edges(column: Column, unit: int, scale: float, whole: bool) -> tuple[NDArray[np.float64], bool]:
    """Edges of the first stretches, in steps of the grid, and whether the range was declared."""
    if (column.low is None) != (column.high is None):
        raise ConfigError(f"columns.{column.name}: low and high must be declared together.")
    if column.low is None:
        return undeclared_edges(whole), False
    low, high = (_bound(column, bound, unit) * scale for bound in (column.low, column.high))
    if not low < high:
        raise ConfigError(f"columns.{column.name}: low={column.low!r} must be under high={column.high!r}.")
    return declared_edges(low, high, whole), True


def _bound(column: Column, bound: Any, unit: int) -> float:
    if column.kind is Kind.NUMERIC:
        return float(bound)
    try:
        value = to_float(column, pd.Series([bound], dtype=object), unit)[0]
    except (TypeError, ValueError):
        raise ConfigError(f"columns.{column.name}: {bound!r} is not a {column.kind.value}.") from None
    return float(value)


@dataclass(slots=True)
class _Settled:
    """A column whose codes are known."""

    codec: Codec
    grid: NumericGrid | None
    groups: Groups | None
    margin: Margin


@dataclass(slots=True)
class _Levels:
    """Noisy counts of a column's categories; after them the one of all others (if `rare`) and of missing cells."""

    column: Column
    levels: tuple[Any, ...]
    noisy: NDArray[np.float64]
    sigma: NDArray[np.float64]
    nullable: bool
    ordered: bool | None
    rare: bool
    reader: str | None = None

    @property
    def total(self) -> tuple[float, float]:
        return float(self.noisy.sum()), float((self.sigma**2).sum())

    def settled(self, rows: float) -> _Settled:
        ends = len(self.levels)
        kept = np.ones(len(self.noisy), bool)
        kept[ends:] = self.noisy[ends:] > SHARP * self.sigma[ends:]  # as good as none of them otherwise
        if not kept.any():
            kept[ends] = True
        rare, nullable = self.rare and bool(kept[ends]), self.nullable and bool(kept[-1])
        noisy, sigma = self.noisy[kept], self.sigma[kept]
        clean = projected(noisy, rows)
        counts = tuple(round(float(x)) for x in clean[:ends])
        others = max(round(float(clean[ends])), 1) if rare else 0
        codec = LevelCodec(self.column, self.levels, counts, others, nullable, None, self.ordered, self.reader)
        groups, margin = _grouped(noisy, sigma, clean)
        return _Settled(codec, None, groups, margin)


def _grouped(
    noisy: NDArray[np.float64], sigma: NDArray[np.float64], clean: NDArray[np.float64]
) -> tuple[Groups | None, Margin]:
    """Categories with hardly more rows than noise as one code, if there is more than one of them."""
    small = clean < SHARP * sigma
    if small.sum() < 2:
        return None, Margin(noisy, sigma, clean)
    of_code = np.zeros(len(clean), np.uint16)
    of_code[~small] = np.arange((~small).sum())
    of_code[small] = (~small).sum()
    member = np.argsort(of_code, kind="stable").astype(np.int32)
    first = np.searchsorted(of_code[member], np.arange(int(of_code.max()) + 2))
    groups = Groups(member, first, np.cumsum(np.maximum(clean[member], 1e-6)), of_code)
    return groups, _pooled(of_code, noisy, sigma, clean)


def _pooled(
    of: NDArray[Any], noisy: NDArray[np.float64], sigma: NDArray[np.float64], clean: NDArray[np.float64]
) -> Margin:
    n = int(of.max()) + 1
    return Margin(
        np.bincount(of, noisy, minlength=n).astype(float),
        np.sqrt(np.bincount(of, np.broadcast_to(sigma, noisy.shape) ** 2, minlength=n)),
        np.bincount(of, clean, minlength=n).astype(float),
    )


@dataclass(slots=True)
class _Numbers:
    """Noisy counts of a column's stretches."""

    column: Column
    unit: int
    scale: float
    whole: bool
    found: Stretches

    @property
    def total(self) -> tuple[float, float]:
        return float(self.found.counts.sum()), len(self.found.counts) * self.found.sigma**2

    def settled(self, rows: float) -> _Settled:
        low, high, sigma, n = self.found.low, self.found.high, self.found.sigma, len(self.found.low)
        nullable = len(self.found.counts) > n and bool(self.found.counts[-1] > SHARP * sigma)
        noisy = self.found.counts[: n + nullable]
        clean = projected(noisy, rows)
        place = joined(clean[:n], sigma)
        last = high - 1 if self.whole else high
        half = 0.5 * (last > low) * self.whole
        mass = np.maximum(clean[:n], 1e-6)
        grid = NumericGrid((low - half) / self.scale, (last + half) / self.scale, mass, place, nullable)
        of = np.r_[place, [place[-1] + 1] * nullable].astype(np.int64)
        codec = NumberCodec(self.column, self.unit, float(low[0] / self.scale), float(last[-1] / self.scale), nullable)
        return _Settled(codec, grid, None, _pooled(of, noisy, np.full(len(noisy), sigma), clean))


def projected(counts: NDArray[np.float64], total: float) -> NDArray[np.float64]:
    """The nearest counts that are not under zero and add up to `total` (Duchi et al. 2008).

    >>> projected(np.array([3.0, -1.0, 2.0]), 4.0).tolist()
    [2.5, 0.0, 1.5]
    """
    total = max(total, 1.0)
    falling = np.sort(counts)[::-1]
    over = (np.cumsum(falling) - total) / np.arange(1, len(counts) + 1)
    return np.asarray(np.maximum(counts - over[np.flatnonzero(falling > over)[-1]], 0.0))


def _rows(found: Sequence[_Levels | _Numbers]) -> float:
    """The number of rows, from all columns' sums, the less noisy ones counting more."""
    sums, variances = np.array([part.total for part in found]).T if found else (np.zeros(1), np.ones(1))
    return max(float(np.average(sums, weights=1 / variances)), 1.0)


def _domain(
    schema: Schema, settled: Sequence[_Settled], rows: float, surrogates: dict[str, tuple[Surrogate, float]]
) -> Domain:
    encoder = TableEncoder(schema, [part.codec for part in settled], surrogates)
    columns = [
        CodeColumn(len(part.margin.counts), ordered=part.grid is not None,
                   missing_code=part.grid.n_bins - 1 if part.grid is not None and part.grid.nullable else None)
        for part in settled
    ]  # fmt: skip
    inside = Inside([part.grid for part in settled], [part.groups for part in settled])
    return Domain(Coding(encoder, inside, columns), tuple(part.margin for part in settled), rows)
