"""Two columns of three tables → PairComparison: how often each combination occurs in real, synthetic and unseen rows.

    cells ─ classes (at most ten a column) ─ joint table ─┬─ distance to unseen rows, beside that of real rows
                                                          └─ shares in steps of k rows, real cells under k hidden

No single person shows. A class names a value that at least k training rows hold, or a range between quantiles; a real
cell of fewer than k rows is NaN, whether nobody or somebody is in it; and all shares come in steps of k rows, so that
a hidden cell cannot be had by taking the others away from a total known from elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isqrt
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.errors import ConfigError, DataError
from smartsynth.facts import PairComparison
from smartsynth.formats import moment, number, span
from smartsynth.metrics.marginals import total_variation
from smartsynth.metrics.pairs import associations
from smartsynth.metrics.rows import Layout, Rows
from smartsynth.moments import read_moments
from smartsynth.privacy.neighbours import to_numbers
from smartsynth.schema import Column, Kind, Schema
from smartsynth.utils.svg import compact

MOST = 10
OTHER, MISSING = "other", "missing"
_NAMED = (Kind.CATEGORICAL, Kind.BOOLEAN)
_MEASURES = ("Cramér's V", "Correlation ratio", "Pearson correlation")
_FEW_VALUED = 0.98
"""Share of a number's cells that at most ten values must hold for it to be shown value by value."""
_LONG = 10_000
"""Whole numbers from here on are written as ranges of round numbers, `8k to 13k`, shorter ones as `616 to 782`."""
_MOMENTS = (("Y", 366 * 86_400.0), ("M", 28 * 86_400.0), ("D", 86_400.0), ("m", 60.0), ("s", 1.0))
_SPANS = (86_400.0, 21_600.0, 3_600.0, 900.0, 300.0, 60.0, 15.0, 5.0, 1.0)

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]


def compare_pair(
    train: pd.DataFrame,
    synthetic: pd.DataFrame,
    holdout: pd.DataFrame,
    left: str,
    right: str,
    *,
    schema: Schema,
    k: int = 5,
) -> PairComparison:
    """How often each combination of two columns occurs in synthetic rows, beside real ones.

    Args:
        train: Real rows that the generator learnt from.
        synthetic: Rows that it made.
        holdout: Real rows that it never saw.
        left: Name of a column.
        right: Name of another; the three tables need no more than these two.
        schema: Says what the columns are.
        k: A value or a combination held by fewer real rows is not shown.

    Raises:
        ConfigError: A name is unknown, both are the same, or a column is of a kind that is made anew.
        DataError: A table is empty or lacks one of the columns.
    """
    columns = _columns(schema, left, right, k)
    tables = (train, synthetic, holdout)
    _check(columns, train=train, synthetic=synthetic, holdout=holdout)
    cuts = [_cut(column, [table[column.name] for table in tables], k) for column in columns]
    counts = [_joint(cuts, i) for i in range(3)]
    exact = [table / table.sum() for table in counts]
    hidden = counts[0] < k
    steps, few_steps = (max(len(rows) // k, 1) for rows in (train, holdout))
    return PairComparison(
        names=(left, right),
        kinds=(columns[0].kind.value, columns[1].kind.value),
        left=cuts[0].labels,
        right=cuts[1].labels,
        train=_frozen(_in_steps(exact[0], steps, hidden)),
        synthetic=_frozen(_in_steps(exact[1], steps, np.zeros_like(hidden))),
        holdout=_frozen(_in_steps(exact[2], few_steps, hidden | (counts[2] < k))),
        distance=total_variation(exact[1], exact[2]),
        reference=total_variation(exact[0], exact[2]),
        association=(_association(cuts, 0), _association(cuts, 1), _association(cuts, 2)),
        measure=_MEASURES[sum(cut.numbers is not None for cut in cuts)],
        k=k,
    )


def _columns(schema: Schema, left: str, right: str, k: int) -> tuple[Column, Column]:
    if k < 1:
        raise ConfigError(f"k={k} must be at least 1.")
    columns = (schema[left], schema[right])
    if left == right:
        raise ConfigError(f"A pair needs two columns; {left!r} was given twice.")
    refused = [f"Column {c.name!r} is of kind {c.kind.value}." for c in columns if not c.is_modelled]
    if refused:
        why = "Identifiers, free text and constants are made anew and have no relation to compare. Choose from"
        known = ", ".join(column.name for column in schema if column.is_modelled)
        raise ConfigError(f"{' '.join(refused)} {why}: {known or 'no column of this table'}.")
    return columns


def _check(columns: Sequence[Column], **tables: pd.DataFrame) -> None:
    for what, table in tables.items():
        lost = [column.name for column in columns if column.name not in table.columns]
        if lost:
            raise DataError(f"The {what} table lacks the columns {', '.join(lost)}.")
        if len(table) == 0:
            raise DataError(f"The {what} table has no rows, so nothing can be compared.")


@dataclass(frozen=True, slots=True)
class _Cut:
    """One column in classes: their names, the class of each row of the three tables, and its numbers if it has any."""

    labels: tuple[str, ...]
    codes: list[_Ints]
    numbers: list[_Floats] | None = None


def _cut(column: Column, cells: Sequence[pd.Series[Any]], k: int) -> _Cut:
    bounds = np.cumsum([len(part) for part in cells])[:-1]
    n_train = len(cells[0])
    if column.kind in _NAMED:
        codes, labels = _commonest(*_texts(cells), n_train, k)
        return _Cut(labels, np.split(codes, bounds))
    values = np.concatenate([to_numbers(_read(part, column), column) for part in cells])
    values = np.where(np.isfinite(values), values, np.nan)
    found = _by_value(values, column, n_train, k)
    codes, labels = _by_range(values, column, n_train, k) if found is None else found
    return _Cut(labels, np.split(codes, bounds), np.split(values, bounds))


def _read(cells: pd.Series[Any], column: Column) -> pd.Series[Any]:
    """Dates and durations that are texts, read all at once, which is many times faster than one by one."""
    if column.kind is Kind.NUMERIC or pd.api.types.infer_dtype(cells, skipna=True) != "string":
        return cells
    if column.kind is Kind.DURATION:
        return pd.to_timedelta(cells, errors="coerce")
    return read_moments(cells, column.format)


def _texts(cells: Sequence[pd.Series[Any]]) -> tuple[_Ints, list[str]]:
    """Each row's value as a number (-1 for missing), and the values as texts."""
    found, values = pd.factorize(np.concatenate([part.astype(object).to_numpy() for part in cells]))
    again, texts = pd.factorize(np.array([_text(value) for value in values], dtype=object), sort=True)
    return np.append(again, -1)[found].astype(np.int64), list(texts)


def _text(value: object) -> str:
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    return f"‘{text}’" if text in (OTHER, MISSING) else text


def _commonest(
    found: _Ints, texts: Sequence[str], n_train: int, k: int, *, in_order: bool = False
) -> tuple[_Ints, tuple[str, ...]]:
    """Classes of the values that most training rows hold, at least k each; what is left is pooled."""
    held = np.bincount(found[:n_train] + 1, minlength=len(texts) + 1)[1:]
    common = np.flatnonzero(held >= k)
    common = common[np.argsort(-held[common], kind="stable")]
    room = MOST - bool((found < 0).any())
    kept = common if len(common) == len(texts) <= room else common[: room - 1]
    kept = np.sort(kept) if in_order else kept
    classes = np.full(len(texts) + 1, len(kept), np.int64)
    classes[kept], classes[-1] = np.arange(len(kept)), len(kept) + 1
    return _occupied(classes[found], [*(texts[i] for i in kept), OTHER, MISSING])


def _occupied(codes: _Ints, labels: Sequence[str]) -> tuple[_Ints, tuple[str, ...]]:
    """Without the classes that no row of any table is in."""
    used = np.unique(codes)
    return np.searchsorted(used, codes).astype(np.int64), tuple(labels[i] for i in used)


def _by_value(values: _Floats, column: Column, n_train: int, k: int) -> tuple[_Ints, tuple[str, ...]] | None:
    """Classes of a number that takes few values, or None if it takes many."""
    found, distinct = pd.factorize(values, sort=True)
    held = np.bincount(found[:n_train] + 1, minlength=len(distinct) + 1)[1:]
    common = held >= k
    known = held.sum() if len(distinct) else 0
    if len(distinct) and (known == 0 or common.sum() > MOST - 2 or held[common].sum() < _FEW_VALUED * known):
        return None
    texts = [""] * len(distinct)
    for i, text in zip(np.flatnonzero(common), _exact(distinct[common], column), strict=True):
        texts[i] = text
    return _commonest(found.astype(np.int64), texts, n_train, k, in_order=True)


def _exact(values: _Floats, column: Column) -> list[str]:
    if column.kind is Kind.DATETIME:
        step = next((s for unit, s in _MOMENTS if np.array_equal(_begin(values, unit), values)), 1.0)
        return [moment(value, step) for value in values]
    texts = [span(value) for value in values] if column.kind is Kind.DURATION else []
    if len(set(texts)) == len(values):
        return texts
    return [f"{value:.15g}".replace("-", "−") for value in values]


def _by_range(values: _Floats, column: Column, n_train: int, k: int) -> tuple[_Ints, tuple[str, ...]]:
    """Classes between quantiles of all rows; a number that a whole class would hold is a class of its own."""
    known = values[~np.isnan(values)]
    most = int(np.clip(isqrt(n_train // (2 * k)), 3, MOST)) - bool(len(known) < len(values))
    spikes = _spikes(values[:n_train], known, most, k) if column.kind is Kind.NUMERIC else np.zeros(0)
    between = known[~np.isin(known, spikes)]
    whole = column.kind is Kind.NUMERIC and bool((known == np.round(known)).all() and (abs(known) < 1e15).all())
    quantiles = np.linspace(0, 1, max(most - 2 * len(spikes), 1) + 1)[1:-1]
    cuts = np.unique(np.quantile(between, quantiles)) if len(between) else np.zeros(0)
    cuts, say = _rounded(np.unique(np.ceil(cuts)) if whole else cuts, between, column)
    after = spikes + 1 if whole else np.nextafter(spikes, np.inf)
    edges = np.unique(np.concatenate([cuts, spikes, after]))
    if column.kind is Kind.DATETIME:
        labels = _periods([say(edge) for edge in edges])
    else:
        labels = _ranges(edges, dict(zip(after, spikes, strict=True)), say, whole=whole)
    codes = np.where(np.isnan(values), len(labels), np.searchsorted(edges, values, side="right"))
    return _occupied(codes.astype(np.int64), [*labels, MISSING])


def _spikes(train: _Floats, known: _Floats, most: int, k: int) -> _Floats:
    """Numbers that hold more rows than a class would, such as the zeros of an amount that is mostly zero."""
    distinct, held = np.unique(known, return_counts=True)
    found = distinct[held >= len(known) / most]
    found = found[np.argsort(-held[held >= len(known) / most], kind="stable")][: (most - 1) // 2]
    return np.array([value for value in np.sort(found) if (train == value).sum() >= k])


def _rounded(cuts: _Floats, values: _Floats, column: Column) -> tuple[_Floats, Callable[[float], str]]:
    """The cuts at round values, off by a quarter of the way to the next at most, and how to write them."""
    if len(cuts) == 0:
        return cuts, compact
    spread = float(np.quantile(values, 0.9) - np.quantile(values, 0.1))
    steps = np.concatenate([[spread], np.diff(cuts), [spread]])
    room = np.minimum(steps[:-1], steps[1:]) / 4
    if column.kind is Kind.DATETIME:
        unit, step = next((m for m in _MOMENTS if (np.abs(_begin(cuts, m[0]) - cuts) <= 2 * room).all()), _MOMENTS[-1])
        return np.unique(_begin(cuts, unit)), lambda value: moment(value, step)
    if column.kind is Kind.DURATION:
        for step in _SPANS:
            near = np.round(cuts / step) * step
            if (np.abs(near - cuts) <= room).all() and len(set(map(span, near))) == len(near):
                return near, span
    for digits in range(2, 17):
        near = np.array([float(f"{cut:.{digits - 1}e}") for cut in cuts])
        if (np.abs(near - cuts) <= room).all():
            break
    if len({compact(cut) for cut in near}) == len(near) and digits <= 4:
        return near, compact
    return np.unique(near), lambda value: number(value, digits)


def _begin(seconds: _Floats, unit: str) -> _Floats:
    """The year, month, day, minute or second that each moment is in, as seconds since 1970."""
    moments = np.floor(seconds).astype(np.int64).astype("datetime64[s]")
    return np.asarray(moments.astype(f"datetime64[{unit}]").astype("datetime64[s]").astype(np.int64), np.float64)


def _periods(edges: Sequence[str]) -> list[str]:
    """What each class between moments is called."""
    if not edges:
        return ["any"]
    between = [f"{low}–{high}" for low, high in pairwise(edges)]
    return [f"before {edges[0]}", *between, f"{edges[-1]} or later"]


def _ranges(edges: _Floats, after: dict[float, float], say: Callable[[float], str], *, whole: bool) -> list[str]:
    """What each class between edges is called; `after` are the edges just past a number that is a class of its own."""
    if len(edges) == 0:
        return ["any"]
    ends = whole and bool((abs(edges) < _LONG).all())
    say = _short if ends else say
    labels = [f"under {say(edges[0])}"]
    for low, high in pairwise(edges):
        if after.get(high) == low or (whole and high - low == 1):
            labels.append(say(low))
        elif ends:
            labels.append(f"{say(low)} to {say(high - 1)}")
        elif high in after:
            labels.append(f"{_start(low, after, say)} to {say(after[high])}")
        else:
            labels.append(f"{_start(low, after, say)} to {say(high)}")
    last = edges[-1]
    return [*labels, f"over {say(after[last])}" if last in after else f"{say(last)} or more"]


def _short(value: float) -> str:
    return f"{value:.0f}".replace("-", "−")


def _start(low: float, after: dict[float, float], say: Callable[[float], str]) -> str:
    return f"over {say(after[low])}" if low in after else say(low)


def _joint(cuts: Sequence[_Cut], i: int) -> _Floats:
    """How many rows of the i-th table hold each combination of classes."""
    one, two = cuts
    shape = (len(one.labels), len(two.labels))
    counts = np.bincount(one.codes[i] * shape[1] + two.codes[i], minlength=shape[0] * shape[1])
    return counts.reshape(shape).astype(np.float64)


def _in_steps(shares: _Floats, steps: int, hidden: NDArray[np.bool_]) -> _Floats:
    """The shares as multiples of 1 / steps that add up to one with what is hidden (method of largest remainders)."""
    pooled = np.append(np.where(hidden, 0.0, shares).ravel(), shares[hidden].sum()) * steps
    units = np.floor(pooled + 1e-9)
    lacking = steps - int(units.sum())
    units[np.argsort(units - pooled, kind="stable")[:lacking]] += 1
    return np.where(hidden, np.nan, units[:-1].reshape(shares.shape) / steps)


def _frozen(shares: _Floats) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(map(float, row)) for row in shares)


def _association(cuts: Sequence[_Cut], i: int) -> float:
    """How strongly the columns hang together in the i-th table; categories by their classes."""
    numbers = [cut.numbers[i] for cut in cuts if cut.numbers is not None]
    codes = [cut.codes[i] for cut in cuts if cut.numbers is None]
    n = len(cuts[0].codes[i])
    rows = Rows(
        np.stack(numbers, axis=1) if numbers else np.zeros((n, 0)),
        np.stack(codes, axis=1) if codes else np.zeros((n, 0), np.int64),
    )
    layout = Layout(("",) * len(numbers), ("",) * len(codes), ((),) * len(codes))
    with np.errstate(over="ignore", invalid="ignore"):
        return float(associations(rows, layout)[0, 1])
